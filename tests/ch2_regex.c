// ch2_regex.c - regular expressions: the pattern language against a table, its errors with
// their place, the limits, linear time, and random patterns against a matcher that goes back.

// A pattern, a text, and "begin-end" of the leftmost match in bytes, of group 0, 1, ...; "" for
// none, "!" and a piece of the message for a pattern that is wrong.
typedef struct re_case { const char *pattern, *text, *want; } re_case;

static dfq__arena re_arena_of(dfq *db) {
  dfq__arena a = { db->heap, NULL, NULL };
  return a;
}

// The positions of all groups, as re_case has them.
static void re_show(dfq__arena *arena, const char *pattern, const char *text, char *to) {
  static dfq__re_run r;
  const char *why = NULL;
  size_t at = 0;
  *to = 0;
  r.re = dfq__regex_new(arena, pattern, strlen(pattern), &why, &at);
  if (!r.re) { sprintf(to, "! %s at %d", why, (int)at); return; }
  dfq_value s = ch2_string(text);
  dfq__scalar_args in = { &s, 1, arena, DFQ_STR, r.re };
  r.slots = 2 * r.re->groups;
  if (dfq__re_open(&in, &r) || !dfq__re_search(&r, 0)) return;
  for (int g = 0; g < r.re->groups; g++) {
    uint32_t b = r.best[2 * g], e = r.best[2 * g + 1];
    if (b == dfq__re_none || e == dfq__re_none) to += sprintf(to, "%s-", g ? " " : "");
    else to += sprintf(to, "%s%u-%u", g ? " " : "", (unsigned)b, (unsigned)e);
  }
}

static void re_table(const re_case *cases, int count) {
  dfq *db = dfq_open(NULL);
  dfq__arena arena = re_arena_of(db);
  for (int i = 0; i < count; i++) {
    char got[600];
    re_show(&arena, cases[i].pattern, cases[i].text, got);
    const char *want = cases[i].want;
    bool ok = *want == '!' ? CHECK(*got == '!') && CHECK_HAS(got, want + 1)
                           : CHECK_STR(got, want);
    if (!ok) printf("    %s on %s\n", cases[i].pattern, cases[i].text);
    dfq__arena_release(&arena, 0);
  }
  dfq_close(db);
}

#define RE_TABLE(name, ...)                                                                    \
  TEST(name) {                                                                                 \
    static const re_case cases[] = { __VA_ARGS__ };                                            \
    re_table(cases, (int)(sizeof cases / sizeof *cases));                                      \
  }

RE_TABLE(re_basics,
  { "", "", "0-0" },            { "", "abc", "0-0" },          { "b", "abc", "1-2" },
  { "x", "abc", "" },           { "bc", "abcbc", "1-3" },      { "a.c", "a\nc abc", "4-7" },
  { "(?s)a.c", "a\nc", "0-3" }, { "a|b", "xb", "1-2" },        { "ab|a", "ab", "0-2" },
  { "a|ab", "ab", "0-1" },      { "|a", "a", "0-0" },          { "a|", "a", "0-1" },
  { "(a|ab)(c|bcd)(d*)", "abcd", "0-4 0-1 1-4 4-4" },          { "()", "x", "0-0 0-0" },
  { "(?:a|b)c", "bc", "0-2" },  { "((a)(b))", "ab", "0-2 0-2 0-1 1-2" },
  { "(a)|(b)", "b", "0-1 - 0-1" }, { "a\\.b", "axb a.b", "4-7" }, { "\\x41", "A", "0-1" },
  { "\\n\\t", "\n\t", "0-2" },  { "a{2", "a{2", "0-3" },       { "{", "{", "0-1" },
  { "a{,2}", "a{,2}", "0-5" },  { "]", "]", "0-1" },           { "}", "}", "0-1" })

RE_TABLE(re_repeats,
  { "a*", "aaa", "0-3" },       { "a*", "b", "0-0" },          { "a+", "baa", "1-3" },
  { "a+?", "aaa", "0-1" },      { "a*?", "aaa", "0-0" },       { "a*?b", "aab", "0-3" },
  { "a??b", "ab", "0-2" },      { "a??", "a", "0-0" },         { "ab?c", "ac", "0-2" },
  { "a{3}", "aaaa", "0-3" },    { "a{2,3}", "aaaa", "0-3" },   { "a{2,3}?", "aaaa", "0-2" },
  { "a{2,}", "aaaa", "0-4" },   { "a{2,}?", "aaaa", "0-2" },   { "a{0}", "a", "0-0" },
  { "a{0,0}b", "ab", "1-2" },   { "a{0,2}", "aaa", "0-2" },    { "a{0,}", "aaa", "0-3" },
  { "a{0,2}?b", "aab", "0-3" }, { "(a{2}){2}", "aaaaa", "0-4 2-4" }, { "a{1}", "a", "0-1" },
  { "(a|b)*", "abab", "0-4 3-4" }, { "(a*)*", "aa", "0-2 0-2" }, { "(a*)+", "b", "0-0 0-0" },
  { "(|a)+", "aaa", "0-0 0-0" }, { "(|a)*", "aaa", "0-0 0-0" },
  { "(a|b)+?c", "abc", "0-3 1-2" },
  { "(?:a{2,3}){2}", "aaaaaaa", "0-6" }, { "(ab){1,2}", "ababab", "0-4 2-4" },
  { "x{2,5}y", "xxxxxxy", "1-7" }, { "(a?){3}", "aa", "0-2 2-2" })

RE_TABLE(re_places,
  { "^a", "ba", "" },           { "^b", "ba", "0-1" },         { "a$", "ab", "" },
  { "b$", "ab", "1-2" },        { "^$", "", "0-0" },           { "$", "ab", "2-2" },
  { "a$", "a\n", "" },          { "^b", "a\nb", "" },          { "(?m)^b", "a\nb", "2-3" },
  { "(?m)a$", "a\nb", "0-1" },  { "(?m)\\Ab", "a\nb", "" },    { "(?m)a\\z", "a\nb", "" },
  { "\\bfoo\\b", "a foo b", "2-5" },                           { "\\bfoo\\b", "food", "" },
  { "\\Boo", "foo", "1-3" },    { "\\b", "", "" },             { "\\B", "", "0-0" },
  { "\\b", " a", "1-1" },       { "a|^b", "cb", "" },          { "(^|,)b", "a,b", "1-3 1-2" },
  { "^*a", "ba", "1-2" },       { "(^a|b)c", "abc", "1-3 1-2" })

RE_TABLE(re_classes,
  { "[abc]", "xb", "1-2" },     { "[a-c]+", "xabcd", "1-4" },  { "[^a]", "ab", "1-2" },
  { "[]a]", "]", "0-1" },       { "[^]a]", "]b", "1-2" },      { "[a-]+", "-a", "0-2" },
  { "[-a]+", "-a", "0-2" },     { "[\\d_]+", "x1_2", "1-4" },  { "[^\\d]+", "12ab", "2-4" },
  { "\\d+", "a12", "1-3" },     { "\\D+", "12ab1", "2-4" },    { "\\w+", "-a_1-", "1-4" },
  { "\\W", "a b", "1-2" },      { "\\s+", "a \t\nb", "1-4" },  { "\\S+", " ab ", "1-3" },
  { "[\\W]", "a\xc3\xa9", "1-3" }, { "[^\\W]", "\xc3\xa9" "a", "2-3" },
  { "[\\]]", "]", "0-1" },      { "[a\\-z]", "-", "0-1" },     { "[\\n]", "\n", "0-1" },
  { "[^a]", "\n", "0-1" },      { "[a-a]", "a", "0-1" },       { "[.]", "a.", "1-2" },
  { "[$^]", "^", "0-1" },       { "[\\x30-\\x39]+", "a12", "1-3" }, { "[a^]", "^", "0-1" })

RE_TABLE(re_any_case,
  { "(?i)abc", "xABc", "1-4" }, { "(?i)[a-c]+", "xABC", "1-4" }, { "(?i)[^a]", "Ab", "1-2" },
  { "a(?i)b", "AB", "" },       { "a(?i)b", "aB", "0-2" },     { "(?:(?i)a)b", "AB", "" },
  { "(?i:a)b", "Ab", "0-2" },   { "(?i:a)b", "AB", "" },       { "(?i)a(?-i)b", "Ab", "0-2" },
  { "(?i)a(?-i)b", "AB", "" },  { "(?i)\xc3\xa9", "\xc3\x89", "" }, { "(?is)A.", "a\n", "0-2" },
  { "(?i)[W-z]", "y", "0-1" },  { "(?i)1", "1", "0-1" },       { "(?i)a|b", "B", "0-1" })

// A character is a code point; a byte that belongs to none is a character of its own.
RE_TABLE(re_utf8,
  { ".", "\xc3\xa9", "0-2" }, { "^.$", "\xf0\x9f\x99\x82", "0-4" },
  { "..", "\xe2\x82\xac" "a", "0-4" },
  { "\xc3\xa9+", "\xc3\xa9\xc3\xa9", "0-4" }, { "[\xc3\xa9\xc3\xa8]", "\xc3\xa8", "0-2" },
  { "[\xc3\xa0-\xc3\xbf]+", "a\xc3\xa9\xc3\xbf", "1-5" },
  { "[^\xc3\xa9]", "\xc3\xa9" "a", "2-3" },
  { "[^a]", "\xe2\x82\xac", "0-3" }, { "[a-\xc3\xa9]+", "z\xc3\xa9\xc3\xaa", "0-3" },
  { ".", "\xa9", "0-1" },       { "..", "\xc3\xc3", "0-2" },   { "\xc3", "\xc3\xa9", "" },
  { "\xa9", "\xc3\xa9", "" },   { "\xff", "\xff", "0-1" },     { "[\xff]", "\xff", "0-1" },
  { "[^\xff]", "\xff", "" },    { "\\W", "\xff", "0-1" },      { "a?", "\xc3\xa9", "0-0" })

RE_TABLE(re_errors,
  { "(", "", "! has a pattern with a ( that nothing closes at 0" },
  { "a(b", "", "!at 1" },       { "a)", "", "!a ) that nothing opens at 1" },
  { "[a", "", "!a [ that nothing closes at 0" }, { "[]", "", "!a [ that nothing" },
  { "[b-a]", "", "!a range that goes backwards at 1" },
  { "*a", "", "!nothing to repeat at 0" },
  { "a|*", "", "!nothing to repeat at 2" }, { "(+)", "", "!nothing to repeat at 1" },
  { "a**", "", "!repeats a repeat" }, { "a+{2}", "", "!repeats a repeat" },
  { "a\\", "", "!ends in a backslash at 1" }, { "\\y", "", "!an unknown escape at 0" },
  { "(a)\\1", "", "!a backreference at 3" }, { "\\x4", "", "!\\x and not two digits" },
  { "(?=a)", "", "!a group that is none of (...) (?:...) (?i) at 0" },
  { "(?<n>a)", "", "!a group that is none of" }, { "(?", "", "!a group that is none of" },
  { "a{2,1}", "", "!ends before it begins" }, { "a{1001}", "", "!more than 1,000 times" },
  { "a{99999999999999999999}", "", "!more than 1,000 times" },
  { "(?:a{1000}){1000}", "", "!more than 5,000 steps" },       { "[\\", "", "!backslash" },
  { "((((a{9}){9}){9}){9}){9}", "", "!more than 5,000 steps" })

TEST(re_limits_of_nesting_and_length) {
  char pattern[20000], got[100];
  dfq *db = dfq_open(NULL);
  dfq__arena arena = re_arena_of(db);
  memset(pattern, '(', 201);
  memset(pattern + 201, ')', 201);
  pattern[402] = 0;
  re_show(&arena, pattern, "", got);
  CHECK_HAS(got, "more than 200 groups inside each other");
  memset(pattern, 'a', 19999);
  pattern[19999] = 0;
  re_show(&arena, pattern, "", got);
  CHECK_HAS(got, "more than 5,000 steps");
  pattern[4000] = 0;
  re_show(&arena, pattern, "aaa", got);
  CHECK_STR(got, "");
  for (int i = 0; i < 1000; i++) memcpy(pattern + 2 * i, "a|", 3);
  re_show(&arena, pattern, "a", got);
  CHECK_STR(got, "0-1");
  dfq__arena_release(&arena, 0);
  dfq_close(db);
}

// The patterns on which a matcher that goes back never ends.
TEST(re_takes_linear_time) {
  static const char *const patterns[] = { "(a*)*b", "(a|aa)+$b", "(a?){30}a{30}b",
                                          "(x+x+)+y|a+$c" };
  char text[20001], got[100];
  dfq *db = dfq_open(NULL);
  dfq__arena arena = re_arena_of(db);
  memset(text, 'a', 20000);
  text[20000] = 0;
  for (int i = 0; i < 4; i++) {
    re_show(&arena, patterns[i], text + (i == 2 ? 19000 : 0), got);
    CHECK_STR(got, "");
  }
  dfq__arena_release(&arena, 0);
  dfq_close(db);
}

// ---- against a matcher that goes back -------------------------------------------------------
// Random trees, printed as a pattern, and matched by trying everything in the order of
// preference. Repeats of what may be empty are left out: there the two disagree on purpose.

typedef struct re_tree {
  int kind;                  // 0 character, 1 any, 2 sequence, 3 choice, 4 repeat, 5 group
  int least, most, lazy, c;
  struct re_tree *a, *b;
} re_tree;

typedef struct re_next { const re_tree *tree; int times; const struct re_next *next; } re_next;

static bool re_may_be_empty(const re_tree *t) {
  switch (t->kind) {
    case 2: return re_may_be_empty(t->a) && re_may_be_empty(t->b);
    case 3: return re_may_be_empty(t->a) || re_may_be_empty(t->b);
    case 4: return t->least == 0 || re_may_be_empty(t->a);
    case 5: return re_may_be_empty(t->a);
    default: return false;
  }
}

static re_tree *re_random(dfq__arena *arena, uint64_t *seed, int depth) {
  re_tree *t = (re_tree *)dfq__arena_alloc(arena, sizeof *t);
  t->kind = depth ? ch0_below(seed, 6) : ch0_below(seed, 2);
  t->c = 'a' + ch0_below(seed, 2);
  if (t->kind >= 2) t->a = re_random(arena, seed, depth - 1);
  if (t->kind == 2 || t->kind == 3) t->b = re_random(arena, seed, depth - 1);
  if (t->kind == 4 && re_may_be_empty(t->a)) t->kind = 5;
  t->least = ch0_below(seed, 3);
  t->most = ch0_below(seed, 3) ? t->least + ch0_below(seed, 3) : -1;
  t->lazy = ch0_below(seed, 2);
  return t;
}

static void re_print(dfq__text *to, const re_tree *t) {
  switch (t->kind) {
    case 0: dfq__put_char(to, (char)t->c); return;
    case 1: dfq__put(to, "."); return;
    case 2: re_print(to, t->a); re_print(to, t->b); return;
    case 3:
      dfq__put(to, "(?:");
      re_print(to, t->a);
      dfq__put(to, "|");
      re_print(to, t->b);
      dfq__put(to, ")");
      return;
    default:
      dfq__put(to, "(?:");
      re_print(to, t->a);
      dfq__put(to, ")");
      if (t->kind == 4 && t->most < 0) dfq__putf(to, "{%d,}", t->least);
      else if (t->kind == 4) dfq__putf(to, "{%d,%d}", t->least, t->most);
      if (t->kind == 4 && t->lazy) dfq__put(to, "?");
  }
}

static int re_back(const re_next *k, const char *s, int at);

// One more round of a repeat that had so many, or what comes behind it.
static int re_back_repeat(const re_next *k, const char *s, int at) {
  const re_tree *t = k->tree;
  re_next again = { t, k->times + 1, k->next }, part = { t->a, 0, &again };
  bool may = t->most < 0 || k->times < t->most;
  if (k->times < t->least) return re_back(&part, s, at);
  int end = t->lazy ? re_back(k->next, s, at) : may ? re_back(&part, s, at) : -1;
  if (end >= 0) return end;
  return !t->lazy ? re_back(k->next, s, at) : may ? re_back(&part, s, at) : -1;
}

static int re_back(const re_next *k, const char *s, int at) {
  if (!k) return at;
  const re_tree *t = k->tree;
  re_next b = { t->b, 0, k->next }, a = { t->a, 0, t->kind == 2 ? &b : k->next };
  switch (t->kind) {
    case 0: return s[at] == t->c ? re_back(k->next, s, at + 1) : -1;
    case 1: return s[at] && s[at] != '\n' ? re_back(k->next, s, at + 1) : -1;
    case 4: return re_back_repeat(k, s, at);
    case 3: {
      int end = re_back(&a, s, at);
      return end >= 0 ? end : re_back(&b, s, at);
    }
    default: return re_back(&a, s, at);
  }
}

TEST(re_agrees_with_going_back) {
  dfq *db = dfq_open(NULL);
  dfq__arena arena = re_arena_of(db);
  uint64_t seed = 7;
  for (int i = 0; i < 4000; i++) {
    char text[12], got[100], want[100] = "";
    dfq__text pattern = dfq__text_in(db->heap);
    re_tree *t = re_random(&arena, &seed, ch0_below(&seed, 5));
    re_next all = { t, 0, NULL };
    int n = ch0_below(&seed, 11);
    for (int k = 0; k < n; k++) text[k] = "abc\n"[ch0_below(&seed, 4)];
    text[n] = 0;
    dfq__put(&pattern, "");
    re_print(&pattern, t);
    for (int at = 0; at <= n && !*want; at++) {
      int end = re_back(&all, text, at);
      if (end >= 0) sprintf(want, "%d-%d", at, end);
    }
    re_show(&arena, pattern.data, text, got);
    if (!CHECK_STR(got, want)) printf("    %s on '%s'\n", pattern.data, text);
    dfq__text_free(&pattern);
    dfq__arena_release(&arena, 0);
  }
  dfq_close(db);
}

// Any bytes as a pattern: an error or a program, never worse.
TEST(re_takes_any_bytes) {
  static const char pieces[] = "ab()[]{}|*+?.^$\\-,0123dwsWbxi:<=!\xc3\xa9\xff ";
  dfq *db = dfq_open(NULL);
  dfq__arena arena = re_arena_of(db);
  uint64_t seed = 3;
  int fine = 0;
  for (int i = 0; i < 20000; i++) {
    char pattern[20], got[600];
    int n = 1 + ch0_below(&seed, 12);
    for (int k = 0; k < n; k++) pattern[k] = pieces[ch0_below(&seed, (int)sizeof pieces - 1)];
    pattern[n] = 0;
    re_show(&arena, pattern, "ab1 \xc3\xa9-0a\xff" "aa(b)", got);
    fine += *got != '!';
    dfq__arena_release(&arena, 0);
  }
  CHECK(fine > 2000);
  dfq_close(db);
}

// ---- the functions --------------------------------------------------------------------------

FN_TABLE(re_functions,
  { "regex_match(s, 'l+')", "bool true" },  { "regex_match(s, '^l')", "bool false" },
  { "regex_match(sn, 'l')", "bool null" },  { "regex_match(s, sn)", "bool null" },
  { "regex_match(empty, '')", "bool true" }, { "regex_match(empty, '.')", "bool false" },
  { "regex_match(s, empty)", "bool true" }, { "regex_match('a.c', s)", "bool false" },
  { "regex_count(s, 'l')", "i64 2" },       { "regex_count('aaaa', 'aa')", "i64 2" },
  { "regex_count('abc', '')", "i64 4" },    { "regex_count(empty, '')", "i64 1" },
  { "regex_count('aab', 'a*')", "i64 2" },  { "regex_count(s, '')", "i64 6" },
  { "regex_extract('k=v; l=w', '(\\w)=(\\w)')", "str k=v" },
  { "regex_extract('k=v; l=w', '(\\w)=(\\w)', 2)", "str v" },
  { "regex_extract(s, 'x')", "str null" },  { "regex_extract('b', '(a)|b', 1)", "str null" },
  { "regex_extract('ab', 'a(x*)', 1)", "str " }, { "regex_extract(s, '.$')", "str o" },
  { "regex_extract(s, '(.)', n)", "str null" },
  { "regex_replace(s, 'l', 'L')", "str h" FN_E "LLo" },
  { "regex_replace(s, 'x', 'L')", "str h" FN_E "llo" },
  { "regex_replace('abxd', 'x*', '-')", "str -a-b-d-" },
  { "regex_replace('john smith', '(\\w+) (\\w+)', '$2, $1')", "str smith, john" },
  { "regex_replace('ab', '(a)', '\\1\\1$0$$\\\\$')", "str aaa$\\$b" },
  { "regex_replace('ab', '(x)|a', '[$1]')", "str []b" },
  { "regex_replace(empty, '^', 'x')", "str x" },
  { "regex_replace(s, '', '.')", "str .h." FN_E ".l.l.o." },
  { "regex_replace(s, 'l', sn)", "str null" }, { "regex_replace('aaa', 'a', '')", "str " },
  { "regex_replace(s, '" FN_E "', 'e')", "str hello" },
  { "regex_match(i, 'a')", "!regex_match takes (str, str), not (i64, str)" },
  { "regex_extract(s, 'a', 'b')", "!regex_extract takes (str, str) or (str, str, i64)" },
  { "regex_match(s, '(')", "!regex_match has a pattern with a ( that nothing closes" },
  { "regex_match('a5', '^[[:alpha:]][[:digit:]]$')", "bool true" },
  { "regex_match(']', '[[:alpha:]]')", "bool false" },
  { "regex_match('; ', '^[[:punct:]][[:space:]]$')", "bool true" },
  { "regex_match('" FN_E "', '^[[:^ascii:]]$')", "bool true" },
  { "regex_match('aF_', '^(?i)[[:lower:]x]+[^[:alnum:]]$')", "bool true" },
  { "regex_match(':a[', '^[[:]a[:[]$')", "bool true" },
  { "regex_match('a', '(?i)[[:^lower:]]')", "bool false" },
  { "regex_match('1', '(?i)[[:^lower:]]')", "bool true" },
  { "regex_match(s, '[[:foo:]]')", "!regex_match has a pattern with an unknown class" },
  { "regex_extract(s, 'a', 1)",
    "!asks for a group that the pattern has not: 0 in parentheses" },
  { "regex_extract(s, '(a)', -1)",
    "!asks for a group that the pattern has not: 1 in parentheses" },
  { "regex_replace(s, '(a)', '$2')", "!asks for a group that the pattern has not" },
  { "regex_match(s, concat('(', s))",
    "!regex_match(s, concat('(', s)) has a pattern with a (" },
  { "regex_extract(s, concat('(', s, ')'), i)", "!asks for a group that the pattern has not" },
  { "regex_extract(s, concat('(.)', ''), 1)", "str h" },
  { "case when false then regex_match(s, concat('(', s)) else true end", "bool true" })

// The caret stands below the character of the pattern that is wrong.
TEST(re_error_shows_the_place) {
  dfq *db = dfq_open(NULL);
  dfq_type type;
  CHECK(!dfq_expr_type(dfq_parse(db, "regex_count(s, 'a[b-a]')"), &ch2_schema, &type));
  CHECK_STR(dfq_error(db),
            "dfq: syntax error: regex_count has a pattern with a range that goes backwards\n"
            "  regex_count(s, 'a[b-a]')\n"
            "                 ^^^^^^^^\n"
            "  a[b-a]\n"
            "    ^");
  CHECK_INT(dfq_error_status(db), DFQ_SYNTAX);
  dfq_close(db);
}

// A constant pattern cannot fail any more; one of each row can.
TEST(re_constant_patterns_cannot_fail) {
  static const struct { const char *text; bool fails; } cases[] = {
    { "regex_match(s, 'a+')", false },        { "regex_match(s, s)", true },
    { "regex_extract(s, '(a)', 1)", false },  { "regex_extract(s, '(a)', i)", true },
    { "regex_replace(s, 'a', '$0')", false }, { "regex_replace(s, 'a', s)", true },
    { "regex_count(left(s, 2), 'a')", false }, { "regex_count(repeat(s, 2), 'a')", true },
  };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq__binder b;
    dfq__bound *n = dfq__bind_for_user(dfq_parse(db, cases[i].text), &ch2_schema, &b);
    if (!CHECK(n && n->fails == cases[i].fails)) printf("    %s\n", cases[i].text);
  }
  dfq_close(db);
}

#if DFQ_CHAPTER >= 5
// Both engines, every rule: constant patterns, patterns of each row, and patterns that a rule
// makes constant, of which a wrong one fails only on the rows that meet it.
TEST(re_engines_agree) {
  static const char *const columns[] = {
    "regex_match(s, '[aeiou]')", "regex_count(s, 'l|o')", "regex_extract(s, '(.)(.)', 2)",
    "regex_replace(s, '(l+)', '<$1>')", "regex_match(s, p)", "regex_extract(s, p)",
    "regex_replace(s, p, '$0$0')", "regex_count(s, concat('[', 'lo', ']'))"
  };
  static const char *const texts[] = { "h" FN_E "llo", "", "two words", "l" FN_EURO "o",
                                       "a text that is too long for a view", "o" };
  enum { ROWS = 120 };
  static dfq_value cell[ROWS * 2];
  dfq_field field[] = { { "s", DFQ_STR, NULL }, { "p", DFQ_STR, NULL } };
  uint64_t seed = 5;
  for (int r = 0; r < ROWS; r++) {
    cell[2 * r] = ch2_string(texts[ch0_below(&seed, 6)]);
    cell[2 * r + 1] = ch2_string(texts[ch0_below(&seed, 6)]);
    if (r % 7 == 3) cell[2 * r + ch0_below(&seed, 2)] = ch2_int(DFQ_NULL, 0);
  }
  dfq *db = dfq_open(NULL);
  dfq_table *t = dfq_table_from_rows(db, field, 2, cell, ROWS);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    char text[200];
    snprintf(text, sizeof text, "*, %s as r", columns[i]);
    dfq_frame *f = dfq_select(dfq_scan_table(db, t), text);
    if (!CHECK(dfq_check_equivalent(f, NULL))) printf("  %s: %s\n", text, dfq_error(db));
    snprintf(text, sizeof text, "r is not null and r = %s", columns[i]);
    f = dfq_filter(f, text);
    if (!CHECK(dfq_check_equivalent(f, NULL))) printf("  %s: %s\n", text, dfq_error(db));
  }
  dfq_frame *f = dfq_with_columns(dfq_scan_table(db, t), "'(' as q");
  f = dfq_filter(dfq_filter(f, "s = 'not there'"), "regex_match(s, q)");
  CHECK_INT(dfq_count(f), 0);
  f = dfq_filter(dfq_with_columns(dfq_scan_table(db, t), "'(' as q"), "regex_match(s, q)");
  CHECK(!dfq_frame_error(f));
  CHECK_INT(dfq_count(f), -1);
  CHECK_HAS(dfq_error(db), "a ( that nothing closes");
  dfq_table_free(t);
  dfq_close(db);
}
#endif

static void run_ch2_regex(void) {
  RUN(re_basics);
  RUN(re_repeats);
  RUN(re_places);
  RUN(re_classes);
  RUN(re_any_case);
  RUN(re_utf8);
  RUN(re_errors);
  RUN(re_limits_of_nesting_and_length);
  RUN(re_takes_linear_time);
  RUN(re_agrees_with_going_back);
  RUN(re_takes_any_bytes);
  RUN(re_functions);
  RUN(re_error_shows_the_place);
  RUN(re_constant_patterns_cannot_fail);
#if DFQ_CHAPTER >= 5
  RUN(re_engines_agree);
#endif
}
