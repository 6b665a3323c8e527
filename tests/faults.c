// faults.c - whatever fails, fails cleanly: memory, files, budgets, cancellation.
//
// Each pipeline of the suite (the example of every stage and function, every reader and writer,
// and a few of its own) reads and writes files that live in memory, behind the two hooks:
//
//   fault   what breaks                                  what must be
//   memory  the n-th allocation, or all from the n-th on
//   files   the n-th call of the file hook: it fails,    the right answer, or an error with a
//           once or from then on, or is interrupted;     message and no file; nothing open,
//           or it reads or takes one byte only           nothing leaked, no temporary file; and
//   cancel  the n-th batch is asked for                the same context answers the next query
//   budget  at many sizes
//
// n runs over every call there is with DFQ_FAULTS=1 (`make faults`), else in strides, so that
// another part is looked at with each pipeline. Arenas ask for each block by itself here, so
// that what is parsed and planned fails at every place, too.

typedef enum fault_kind {
  FAULT_NONE, FAULT_MEMORY, FAULT_FILE, FAULT_SHORT, FAULT_CANCEL
} fault_kind;

enum { FAULT_FILES = 64 };

typedef struct fault_file {
  char name[96];
  char *bytes;
  size_t size;
  bool exists;
} fault_file;

typedef struct fault_handle {
  struct fault_state *state;
  fault_file *file;
  size_t at;
} fault_handle;

typedef struct fault_state {
  ch0_hook memory;
  fault_kind kind;
  size_t at, calls[FAULT_CANCEL + 1]; // the call that fails, and those so far, of each kind
  bool forever;                       // and so do all after it
  int reason;                         // errno of a failing call
  size_t hits;                        // how many calls failed
  int open;                           // handles
  fault_file files[FAULT_FILES];
  dfq__lock lock;                     // for runs of several threads
} fault_state;

typedef struct fault_tally {          // what was tried
  size_t pipelines, faults, answers, errors;
} fault_tally;

static fault_tally fault_total;

// ---- the hooks ------------------------------------------------------------------------------

// The lock is held.
static bool fault_counts(fault_state *s, fault_kind kind) {
  size_t n = ++s->calls[kind];
  bool hit = s->kind == kind && s->at && (n == s->at || (s->forever && n > s->at));
  s->hits += hit;
  if (hit && kind == FAULT_FILE) errno = s->reason;
  return hit;
}

static bool fault_strikes(fault_state *s, fault_kind kind) {
  dfq__lock_take(&s->lock);
  bool hit = fault_counts(s, kind);
  dfq__lock_give(&s->lock);
  return hit;
}

static void fault_opened(fault_state *s, int handles) {
  dfq__lock_take(&s->lock);
  s->open += handles;
  dfq__lock_give(&s->lock);
}

static void *fault_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  fault_state *s = (fault_state *)user;
  void *to = NULL;
  dfq__lock_take(&s->lock);
  if (new_size <= old_size || !fault_counts(s, FAULT_MEMORY))
    to = ch0_realloc(&s->memory, ptr, old_size, new_size);
  dfq__lock_give(&s->lock);
  return to;
}

static fault_file *fault_find(fault_state *s, const char *name, bool make) {
  fault_file *room = NULL;
  for (int i = 0; i < FAULT_FILES; i++) {
    fault_file *f = &s->files[i];
    if (f->exists && strcmp(f->name, name) == 0) return f;
    if (!f->exists && !room) room = f;
  }
  if (!make || !room || strlen(name) >= sizeof room->name) return NULL;
  memcpy(room->name, name, strlen(name) + 1);
  room->exists = true;
  room->size = 0;
  return room;
}

static void *fault_open(void *user, const char *path, bool write, const char **why) {
  fault_state *s = (fault_state *)user;
  fault_file *file = fault_strikes(s, FAULT_FILE) ? NULL : fault_find(s, path, write);
  *why = "no such file, or a fault";
  if (!file) return NULL;
  fault_handle *h = (fault_handle *)test_alloc(sizeof *h);
  h->state = s;
  h->file = file;
  h->at = 0;
  if (write) file->size = 0;
  fault_opened(s, 1);
  return h;
}

static int64_t fault_read(void *user, void *file, void *to, size_t bytes) {
  fault_state *s = (fault_state *)user;
  fault_handle *h = (fault_handle *)file;
  if (fault_strikes(s, FAULT_FILE)) return -1;
  size_t n = dfq__min(bytes, h->file->size - h->at);
  if (n > 1 && fault_strikes(s, FAULT_SHORT)) n = 1;
  if (n) memcpy(to, h->file->bytes + h->at, n);
  h->at += n;
  return (int64_t)n;
}

static int64_t fault_write(void *user, void *file, const void *from, size_t bytes) {
  fault_state *s = (fault_state *)user;
  fault_handle *h = (fault_handle *)file;
  if (fault_strikes(s, FAULT_FILE)) return -1;
  size_t n = bytes > 1 && fault_strikes(s, FAULT_SHORT) ? 1 : bytes, old = h->file->size;
  char *more = (char *)test_alloc(old + n + 1);
  if (old) memcpy(more, h->file->bytes, old);
  if (n) memcpy(more + old, from, n);
  more[old + n] = 0;
  free(h->file->bytes);
  h->file->bytes = more;
  h->file->size = old + n;
  return (int64_t)n;
}

static bool fault_close(void *user, void *file) {
  fault_state *s = (fault_state *)user;
  fault_opened(s, -1);
  free(file);
  return !fault_strikes(s, FAULT_FILE);
}

static void fault_remove(void *user, const char *path) {
  fault_file *f = fault_find((fault_state *)user, path, false);
  if (f) f->exists = false;
}

// What stands behind a folder's name in a path; NULL when it is not in that folder.
static const char *fault_below(const char *path, const char *folder) {
  size_t n = strlen(folder);
  if (n && folder[n - 1] == '/') n--;
  return strncmp(path, folder, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

// A file, or all that is in a folder.
static bool fault_rename(void *user, const char *from, const char *to) {
  fault_state *s = (fault_state *)user;
  char name[200];
  bool any = false;
  if (fault_strikes(s, FAULT_FILE)) return false;
  if (fault_find(s, from, false)) fault_remove(user, to);
  for (int i = 0; i < FAULT_FILES; i++) {
    fault_file *f = &s->files[i];
    const char *rest = f->exists ? fault_below(f->name, from) : NULL;
    if (!rest && !(f->exists && strcmp(f->name, from) == 0)) continue;
    (void)snprintf(name, sizeof name, "%s%s%s", to, rest ? "/" : "", rest ? rest : "");
    if (strlen(name) >= sizeof f->name) return false;
    memcpy(f->name, name, strlen(name) + 1);
    any = true;
  }
  return any;
}

// Files and folders, each once.
static bool fault_list(void *user, const char *folder,
                       bool (*entry)(void *to, const char *name, bool folder, int64_t bytes),
                       void *to, const char **why) {
  fault_state *s = (fault_state *)user;
  char name[96], before[96] = "";
  *why = "a fault";
  if (fault_strikes(s, FAULT_FILE)) return false;
  for (int i = 0; i < FAULT_FILES; i++) {
    const fault_file *f = &s->files[i];
    const char *rest = !f->exists ? NULL
                       : strcmp(folder, ".") == 0 ? f->name : fault_below(f->name, folder);
    if (!rest) continue;
    size_t n = strcspn(rest, "/");
    memcpy(name, rest, n);
    name[n] = 0;
    if (rest[n] && strcmp(name, before) == 0) continue;   // files of a folder stand together
    memcpy(before, name, n + 1);
    if (!entry(to, name, rest[n] != 0, rest[n] ? -1 : (int64_t)f->size)) break;
  }
  return true;
}

// Folders are where files are.
static bool fault_make_folder(void *user, const char *path) {
  (void)path;
  return !fault_strikes((fault_state *)user, FAULT_FILE);
}

static int64_t fault_size(void *user, void *file) {
  if (fault_strikes((fault_state *)user, FAULT_FILE)) return -1;   // as a pipe
  return (int64_t)((fault_handle *)file)->file->size;
}

static bool fault_seek(void *user, void *file, uint64_t offset) {
  fault_handle *h = (fault_handle *)file;
  if (fault_strikes((fault_state *)user, FAULT_FILE) || offset > h->file->size) return false;
  h->at = (size_t)offset;
  return true;
}

static bool fault_sync(void *user, void *file) {
  (void)file;
  return !fault_strikes((fault_state *)user, FAULT_FILE);
}

static bool fault_cancel(void *user) {
  return fault_strikes((fault_state *)user, FAULT_CANCEL);
}

// ---- the files ------------------------------------------------------------------------------

static void fault_put(fault_state *s, const char *name, const char *text, size_t n) {
  fault_file *f = fault_find(s, name, true);
  if (!f) return;
  free(f->bytes);
  f->bytes = (char *)test_alloc(n + 1);
  memcpy(f->bytes, text, n);
  f->bytes[n] = 0;
  f->size = n;
}

static void fault_begin(fault_state *s, const char *const *paths) {
  memset(s, 0, sizeof *s);
  s->memory = ch0_hook_new(0, false);
  dfq__lock_init(&s->lock);
  for (int i = 0; paths[i]; i += 2) {
    size_t n = 0;
    char *text = test_read_n(paths[i + 1], &n);
    if (CHECK(text != NULL)) fault_put(s, paths[i], text, n);
    free(text);
  }
}

static void fault_end(fault_state *s) {
  for (int i = 0; i < FAULT_FILES; i++) free(s->files[i].bytes);
  dfq__lock_free(&s->lock);
}

static int fault_count(const fault_state *s) {
  int n = 0;
  for (int i = 0; i < FAULT_FILES; i++) n += s->files[i].exists;
  return n;
}

static dfq *fault_db(fault_state *s, size_t budget, int threads) {
  dfq_io io;
  dfq_options o;
  memset(&io, 0, sizeof io);
  io.user = s;
  io.open = fault_open;
  io.read = fault_read;
  io.write = fault_write;
  io.close = fault_close;
  io.rename = fault_rename;
  io.remove = fault_remove;
  io.size = fault_size;
  io.seek = fault_seek;
  io.sync = fault_sync;
  io.list = fault_list;
  io.make_folder = fault_make_folder;
  memset(&o, 0, sizeof o);
  o.realloc = fault_realloc;
  o.realloc_user = s;
  o.budget = budget;
  o.io = &io;
  o.run.batch_rows = 2;
  o.run.threads = threads;
  if (s->kind == FAULT_CANCEL) {
    o.run.cancel = fault_cancel;
    o.run.cancel_user = s;
  }
  dfq *db = dfq_open(&o);
  if (db) db->heap->chunk = 16;
  return db;
}

// ---- one run --------------------------------------------------------------------------------

typedef struct fault_case {
  fault_state *s;
  const char *text, *out;    // the pipeline, and the file it is written to
  char *want;                // what the file holds when nothing fails
  size_t size;
  int threads;
} fault_case;

#define FAULT_TABLES "let orders = scan orders.csv; let customers = scan customers.csv; "

static bool fault_same(const fault_case *c, const fault_file *f) {
  return f && f->size == c->size && memcmp(f->bytes, c->want, c->size) == 0;
}

// The context still answers, once nothing fails any more. A file whose size failed was taken
// for a pipe, which is read once; so what was built over it goes.
static bool fault_usable(fault_state *s, dfq *db) {
  if (s->kind == FAULT_FILE) dfq_release(db, 0);
  s->kind = FAULT_NONE;
  s->forever = false;
  dfq_clear_error(db);
  return CHECK_INT(dfq_count(dfq_query(db, "scan customers.csv | sort name")), 4);
}

// Takes away the folder that the stage write makes: it is whole before the stage's row comes
// out, and what fails behind that leaves it.
static void fault_clear(fault_state *s) {
  for (int i = 0; i < FAULT_FILES; i++)
    if (fault_below(s->files[i].name, "parted")) s->files[i].exists = false;
}

// Runs the pipeline once. False: something that must not be was seen, and printed.
static bool fault_run(fault_case *c, size_t budget) {
  fault_state *s = c->s;
  int files = fault_count(s), open = s->open;
  bool ok = true;
  dfq *db = fault_db(s, budget, c->threads);
  bool done = db && dfq_write(dfq_query(db, c->text), c->out, NULL);
  fault_file *out = fault_find(s, c->out, false);
  fault_total.faults++;
  fault_total.answers += done;
  fault_total.errors += !done;
  if (done) ok = CHECK(fault_same(c, out));
  else if (db) {
    ok = CHECK(!out) & CHECK(*dfq_error(db)) & CHECK(dfq_error_status(db) != DFQ_OK);
    if (s->kind == FAULT_CANCEL) ok &= CHECK_INT(dfq_error_status(db), DFQ_CANCELLED);
    if (s->kind == FAULT_MEMORY || budget) ok &= CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    if (!ok) printf("    %s\n", dfq_error(db));
  }
  if (out) out->exists = false;
  fault_clear(s);
  ok &= CHECK_INT(fault_count(s), files);
  if (db && !budget) ok &= fault_usable(s, db);
  dfq_close(db);   // with the files of frames: a pipe stays open as long as its frame
  return ok & CHECK_INT(s->open, open) & CHECK(!s->memory.wrong) & CHECK_INT(s->memory.used, 0);
}

// Fails the n-th call of a kind, for every n or in strides. Ends when a run met no fault.
static bool fault_each(fault_case *c, fault_kind kind, bool forever, int reason,
                       size_t stride) {
  for (size_t n = 1 + fault_total.faults % stride;; n += stride) {
    fault_state *s = c->s;
    memset(s->calls, 0, sizeof s->calls);
    s->kind = kind;
    s->at = n;
    s->forever = forever;
    s->reason = reason;
    s->hits = 0;
    if (!fault_run(c, 0)) {
      printf("    %s %d of kind %d%s: %s\n", "call", (int)n, (int)kind, forever ? ", all" : "",
             c->text);
      return false;
    }
    if (!s->hits) return true;
  }
}

// What the file is when nothing fails. False when the pipeline does not run at all.
static bool fault_learn(fault_case *c) {
  fault_state *s = c->s;
  s->kind = FAULT_NONE;
  memset(s->calls, 0, sizeof s->calls);
  dfq *db = fault_db(s, 0, 1);
  bool ok = dfq_write(dfq_query(db, c->text), c->out, NULL);
  fault_file *out = fault_find(s, c->out, false);
  if (!CHECK(ok && out)) printf("    %s\n    %s\n", c->text, dfq_error(db));
  else {
    c->size = out->size;
    c->want = (char *)test_alloc(out->size + 1);
    memcpy(c->want, out->bytes, out->size);
    out->exists = false;
    fault_clear(s);
  }
  c->size = c->want ? c->size : 0;
  dfq_close(db);
  return c->want != NULL;
}

static bool fault_budgets(fault_case *c, size_t steps) {
  dfq *db = fault_db(c->s, 0, c->threads);
  c->s->kind = FAULT_NONE;
  bool ok = dfq_write(dfq_query(db, c->text), c->out, NULL);
  size_t peak = dfq_bytes_peak(db);
  fault_remove(c->s, c->out);
  fault_clear(c->s);
  dfq_close(db);
  for (size_t i = 1; i <= steps && ok; i++) {
    ok = fault_run(c, peak * i / steps);
    if (!ok) printf("    budget %d: %s\n", (int)(peak * i / steps), c->text);
  }
  return ok;
}

static bool fault_full(void) {
  const char *full = getenv("DFQ_FAULTS");
  return full && strcmp(full, "1") == 0;
}

// Instead of a run: what sees each plan of the suite, when the suite is only looked at.
static void (*fault_looks)(dfq_frame *f, const char *text);

static bool fault_look_at(fault_state *s, const char *text) {
  s->kind = FAULT_NONE;
  dfq *db = fault_db(s, 0, 1);
  fault_looks(dfq_query(db, text), text);
  dfq_close(db);
  return true;
}

// Everything about one pipeline. part: how much of it, when not all.
static bool fault_all(fault_state *s, const char *text, const char *out, size_t part) {
  fault_case c = { s, text, out, NULL, 0, 1 };
  if (fault_full()) part = 1;
  if (fault_looks) return fault_look_at(s, text);
  bool ok = fault_learn(&c);
  fault_total.pipelines++;
  ok = ok && fault_each(&c, FAULT_MEMORY, false, 0, part) &&
       fault_each(&c, FAULT_MEMORY, true, 0, part) &&
       fault_each(&c, FAULT_FILE, false, EIO, part / 7 + 1) &&
       fault_each(&c, FAULT_FILE, true, EIO, part / 5 + 1) &&
       fault_each(&c, FAULT_FILE, false, EINTR, part / 5 + 1) &&
       fault_each(&c, FAULT_SHORT, false, 0, part / 7 + 1) &&
       fault_each(&c, FAULT_SHORT, true, 0, part / 7 + 1) &&
       fault_each(&c, FAULT_CANCEL, false, 0, part / 7 + 1) &&
       fault_budgets(&c, part == 1 ? 200 : 5);
  c.threads = 3;
  ok = ok && fault_each(&c, FAULT_MEMORY, true, 0, part == 1 ? 7 : part * 3);
  free(c.want);
  return ok;
}

// ---- the suite ------------------------------------------------------------------------------

static const char *const fault_paths[] = {
  "orders.csv", "examples/data/orders.csv", "customers.csv", "examples/data/customers.csv", NULL
};

// What the stages' examples do not reach, one line each.
static const char *const fault_texts[] = {
  "orders | filter amount > 60 and year in (2023, 2024) | sort amount desc | limit 3",
  "orders | join customers on customer_id full | sort name, order_id desc",
  "orders | join customers on customer_id semi where amount > 100",
  "orders | join customers on customer_id anti",
  "orders | join customers cross | filter amount > 100 | group name: sum(amount) as s",
  "orders | join (orders | select order_id as o, amount as b) where amount < b and o != 103",
  "orders | sort customer_id | join (customers | sort customer_id) on customer_id sorted",
  "orders | group customer_id, year: median(amount), var(amount), n_unique(amount), "
    "implode(order_id) as l, mode(year), approx_n_unique(amount), top_k(amount, 2) as t"
    " | explode l | select customer_id, l",
  "orders | sort year | group year: first(amount), last(amount), std(amount) sorted",
  "orders | with sum(amount) over (partition by year order by order_id rows between 1 preceding"
    " and 1 following) as s, rank() over (order by amount desc) as r, lag(amount) over"
    " (partition by year order by order_id) as p, rolling_median(amount, 3) as m",
  "orders | with row_number() over (partition by customer_id order by amount desc) as p"
    " | filter p <= 1",
  "customers | with concat(name, '-----------------------------', region) as long"
    " | distinct long | group region: string_agg(long, ', ') as all | sort all",
  "customers | union (customers | filter region = 'EU') | distinct | row_index n",
  "customers | select split(name, 'a') as parts, regex_replace(name, '(.)$', '$1$1') as x,"
    " case when region = 'EU' then upper(name) else pad_left(name, 20, '*') end as y"
    " | explode parts",
  "orders | with cast(amount as decimal(2)) as d, date '2024-01-31' + interval '1' month as t,"
    " cast(order_id as str) as s | group s: sum(d) as d, max(t) as t | sort s desc",
};

TEST(faults_in_pipelines) {
  fault_state s;
  test_string text = { NULL, 0, 0 };
  fault_begin(&s, fault_paths);
  for (size_t i = 0; i < sizeof fault_texts / sizeof *fault_texts; i++) {
    text.len = 0;
    test_puts(&text, FAULT_TABLES);
    test_puts(&text, fault_texts[i]);
    if (!fault_all(&s, text.s, "out.csv", 7)) break;
  }
  free(text.s);
  fault_end(&s);
}

// The example of every stage there is, so that a new one is tried without being asked.
TEST(faults_in_every_stage) {
  fault_state s;
  dfq_stage_info info;
  test_string text = { NULL, 0, 0 };
  fault_begin(&s, fault_paths);
  for (int i = 0; dfq_stage_at(i, &info); i++) {
    if (strchr(info.example, '\'') && strstr(info.example, ".csv")) continue;
    text.len = 0;
    test_puts(&text, FAULT_TABLES);
    test_puts(&text, info.example);
    if (!fault_all(&s, text.s, "out.json", 13)) break;
  }
  free(text.s);
  fault_end(&s);
}

TEST(faults_in_every_function) {
  fault_state s;
  dfq_function_info info;
  test_string text = { NULL, 0, 0 };
  fault_begin(&s, fault_paths);
  dfq *db = dfq_open(NULL);
  for (int i = 0; dfq_function_at(db, i, &info); i++) {
    if (!info.example) continue;
    text.len = 0;
    test_puts(&text, FAULT_TABLES "orders | ");
    test_puts(&text, info.kind == DFQ_FUNCTION_GROUP ? "group : " : "select ");
    test_puts(&text, info.example);
    test_puts(&text, " as x");
    if (!fault_all(&s, text.s, "out.csv", 101)) break;
  }
  dfq_close(db);
  free(text.s);
  fault_end(&s);
}

// Every form that results are written in; those that can be read again are read with faults.
TEST(faults_in_every_format) {
  fault_state s;
  test_string text = { NULL, 0, 0 };
  char name[48];
  fault_begin(&s, fault_paths);
  for (int i = 0; dfq_format_at(i); i++) {
    const char *format = dfq_format_at(i);
    (void)snprintf(name, sizeof name, "all.%s", strcmp(format, "table") ? format : "txt");
    if (!dfq_format_of(name)) continue;
    if (!fault_all(&s, FAULT_TABLES "customers | join orders on customer_id left", name, 3))
      break;
    s.kind = FAULT_NONE;
    dfq *db = fault_db(&s, 0, 1);
    bool there = dfq_write(dfq_query(db, "scan orders.csv"), name, NULL);
    text.len = 0;
    test_puts(&text, "scan ");
    test_puts(&text, name);
    test_puts(&text, " | filter amount > 60 | sort order_id desc");
    bool read = there && !dfq_frame_error(dfq_query(db, text.s));
    dfq_close(db);
    if (read && !fault_all(&s, text.s, "out.csv", 3)) break;
    fault_remove(&s, name);
  }
  free(text.s);
  fault_end(&s);
}

// What a failing disk leaves: the old file, whatever fails, and no other.
TEST(faults_keep_the_old_file) {
  fault_state s;
  fault_begin(&s, fault_paths);
  for (size_t n = 1;; n++) {
    fault_put(&s, "old.csv", "old\n1\n", 6);
    memset(s.calls, 0, sizeof s.calls);
    s.kind = FAULT_FILE;
    s.at = n;
    s.hits = 0;
    s.reason = ENOSPC;
    dfq *db = fault_db(&s, 0, 1);
    bool done = dfq_write(dfq_query(db, "scan orders.csv | sort amount"), "old.csv", NULL);
    fault_file *f = fault_find(&s, "old.csv", false);
    if (CHECK(f != NULL)) CHECK(done || (f->size == 6 && memcmp(f->bytes, "old\n1\n", 6) == 0));
    CHECK_INT(fault_count(&s), 3);
    CHECK_INT(s.open, 0);
    dfq_close(db);
    if (!s.hits || test_now.broken) break;
  }
  fault_end(&s);
}

static void run_faults(void) {
  RUN(faults_in_pipelines);
  RUN(faults_in_every_stage);
  RUN(faults_in_every_function);
  RUN(faults_in_every_format);
  RUN(faults_keep_the_old_file);
  if (fault_total.faults)
    printf("faults: %d pipelines, %d runs with a fault: %d right answers, %d clean errors\n",
           (int)fault_total.pipelines, (int)fault_total.faults, (int)fault_total.answers,
           (int)fault_total.errors);
}
