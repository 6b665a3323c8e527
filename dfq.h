// dfq.h - a lazy dataframe engine in one C header. Public domain or MIT-0, see the end of the
// file.
//
// Scan, filter, project, join, group, sort and window over files, generators and memory; an
// optimizer that explains every decision; no dependency. It is also a course: the
// implementation stands in chapters, each builds only on those above it, and docs/chapters
// walks through them.
//
// In one .c file of your program, then call it from anywhere:
//
//   #define DFQ_IMPLEMENTATION
//   #include "dfq.h"
//
//   dfq *db = dfq_open(NULL);
//   dfq_frame *q = dfq_scan_csv(db, "orders.csv", NULL);
//   q = dfq_filter(q, "amount > 100 and region = 'EU'");
//   q = dfq_group_by(q, "year", "sum(amount) as total, count() as n");
//   q = dfq_sort(q, "total desc");
//   if (!dfq_show(q, stdout)) fprintf(stderr, "%s\n", dfq_error(db));
//   dfq_close(db);
//
// Link with -lm and -pthread (the latter not with DFQ_NO_THREADS). C11 or C++11; the
// declarations alone are C99.
//
// WHAT IT COMPUTES. dfq follows SQL three-valued logic; floats follow IEEE with NaN as the
// largest, equal-to-itself value; nulls sort last; integers never wrap silently; rows come out
// in input order, groups in first-seen order, and the thread count never changes a result.
//
// COMPILE-TIME OPTIONS (define before the include that has DFQ_IMPLEMENTATION)
//   DFQ_IMPLEMENTATION   this file's second half is compiled here; in one translation unit only
//   DFQ_STATIC           every function is static: a private copy of the engine
//   DFQ_API              what stands before each public function (default: extern, or static)
//   DFQ_CHAPTER          0 .. 6: the implementation ends after this chapter (default: 6, all)
//   DFQ_NO_THREADS       no threads and no locks: nothing to link but -lm
//   DFQ_NO_HUGE_PAGES    large blocks come from malloc, not from 2 MiB-aligned huge pages
//   DFQ_NO_SIMD          the CSV index in portable C only
//   DFQ_NO_DOCS          without the sentence and the example that each function has
//
// THREADS. A context (dfq *) is used by one thread at a time while frames are built on it. A
// finished frame is read-only: several threads may run it at once. Contexts are independent of
// each other; there is no global state. A table may be read by any number of threads.
//
// OWNERSHIP. Frames, expressions and the strings that the context hands out belong to the
// context: valid until dfq_close, or dfq_release back to a mark. Tables and row iterators
// belong to the caller: dfq_table_free, dfq_rows_close. Whatever goes in (text, values,
// options) is copied, except the functions and user pointers of sources.
//
// ERRORS. A builder never returns NULL and never needs a check: the first failure sticks to the
// frame, every frame made from it inherits it, and the action that would run it fails.
// dfq_error then has the whole message: what, where (file:line of the call, file:line:column of
// the data), why, and what to try. Out of memory is an error like any other. Nothing aborts or
// prints.
//
// CONTENTS (search for the tag)
//   the API          >>api-types >>api-context >>api-rows >>api-expressions >>api-functions
//                    >>api-tables >>api-frames >>api-files >>api-actions >>api-explain >>api-at
//   0 foundations    >>platform >>memory >>buffers >>arena >>text >>hashing >>errors >>names
//                    >>threads >>files >>context
//   1 rows           >>rows >>row-sources >>row-operators
//   2 expressions    >>types >>values >>scalars >>like >>strings-of >>dates-of >>numbers-of
//                    >>functions >>signatures >>names-of-calls >>ast >>walking >>printer
//                    >>lexer >>operands >>calls >>parser >>binder >>row-eval >>docs-of
//                    >>reference
//   3 engine room    >>columns >>gather >>kernels >>vector-eval >>lazy-eval >>store >>tables
//                    >>plan >>verbs >>run >>operators >>sources >>filter >>project >>limit
//                    >>row-engine >>actions >>show
//   4 hashing, order >>hash-table >>dictionary >>key-words >>exact-sum >>aggregates >>spread
//                    >>combine >>agg-sets >>group-plan >>group >>group-sorted >>group-verbs
//                    >>join >>join-left >>join-merge >>join-op >>join-verbs >>sort >>sort-op
//                    >>group-parallel >>distinct >>row-hashing >>row-join >>row-group
//                    >>window-plan >>window >>row-window
//   5 optimizer      >>stages >>journal >>facts >>rules >>split-and >>fold >>push-filter
//                    >>push-join >>outer-to-inner >>merge >>prune >>push-limit >>physical
//                    >>optimizer >>explain >>analyze >>explain-forms >>equivalence
//   6 streaming      >>csv-index >>csv-read >>csv-rows >>csv-source >>csv-types >>csv-infer
//                    >>csv-scan >>csv-frame >>csv-write >>json-write >>pipeline >>pipeline-scan
//                    >>pipeline-stages >>pipeline-text
//   the end          >>classes >>verbs-plain

#ifndef DFQ_H
#define DFQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DFQ_VERSION "0.1.0"

#ifndef DFQ_CHAPTER
#define DFQ_CHAPTER 6
#endif

#ifndef DFQ_API
#ifdef DFQ_STATIC
#if defined(__GNUC__) || defined(__clang__)
#define DFQ_API static __attribute__((unused))
#else
#define DFQ_API static
#endif
#else
#define DFQ_API extern
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

// ---- >>api-types: contexts, values, types, status codes -------------------------------------

typedef struct dfq dfq;              // a context: memory, settings, the latest error
typedef struct dfq_frame dfq_frame;  // a lazy table: a plan that nothing has run yet
typedef struct dfq_expr dfq_expr;    // an expression tree
typedef struct dfq_table dfq_table;  // a collected result, in memory
typedef struct dfq_rows dfq_rows;    // an iterator over rows
typedef struct dfq_batch dfq_batch;  // some rows by columns, on their way through the engine

// A status code: its name, its number and the words that open the message.
#define DFQ_STATUS_LIST(X)                                                                     \
  X(DFQ_OK, "ok")                                                                              \
  X(DFQ_NO_MEMORY, "out of memory")     /* the hook returned NULL, or the budget is reached */ \
  X(DFQ_SYNTAX, "syntax error")         /* expression or pipeline text */                      \
  X(DFQ_UNKNOWN_NAME, "unknown name")   /* column, function, parameter, rule */                \
  X(DFQ_TYPE_ERROR, "type error")       /* found when the frame is built */                    \
  X(DFQ_VALUE_ERROR, "value error")     /* overflow, a cast that fails: found while running */ \
  X(DFQ_IO_ERROR, "cannot read or write")                                                      \
  X(DFQ_FORMAT_ERROR, "malformed data") /* a file that is not what it should be */             \
  X(DFQ_USAGE, "wrong call")            /* arguments that make no sense */                     \
  X(DFQ_LIMIT, "limit reached")         /* a limit that the message names */                   \
  X(DFQ_CANCELLED, "cancelled")

#define DFQ__ENUM(name, text) name,
// The numbers are those of the list's order, from DFQ_OK = 0.
typedef enum dfq_status { DFQ_STATUS_LIST(DFQ__ENUM) DFQ_STATUS_COUNT } dfq_status;
#undef DFQ__ENUM

// A type is a kind, with room for a parameter above its low 8 bits.
typedef uint32_t dfq_type;
enum {
  DFQ_NULL,      // the type of the literal null; as a value's type: no value
  DFQ_BOOL,      // stored as one byte, 0 or 1
  DFQ_I32,       // storage only: every operation widens it to i64
  DFQ_I64,
  DFQ_F64,
  DFQ_STR,       // UTF-8 by convention, any bytes in fact; ordered by bytes
  DFQ_DATE,      // int32_t, days since 1970-01-01
  DFQ_DATETIME,  // int64_t, microseconds since 1970-01-01 00:00 UTC
  DFQ_DURATION,  // int64_t, microseconds
  DFQ_DAYS,      // interval '3' day: a literal only, to be added to a date or datetime
  DFQ_MONTHS,    // interval '3' month: likewise, by the calendar
  DFQ_KINDS
};

// One value of a row. Strings are borrowed: valid as long as the row that holds them.
typedef struct dfq_value {
  dfq_type type;   // DFQ_NULL when there is no value, whatever the column's type
  uint32_t len;    // of a string, in bytes
  union {
    int64_t i;     // bool, i32, i64, date, datetime, duration
    double f;      // f64
    const char *s; // str: not terminated by a zero byte
  } as;
} dfq_value;

// A string inside a column: 16 bytes. Up to 12 bytes of text stand in the view itself (in
// prefix and on); a longer text has its first 4 bytes there and the rest behind the pointer.
typedef struct dfq_view {
  uint32_t len;
  char prefix[4];
  union {
    char rest[8];
    uint64_t pointer;
  } tail;
} dfq_view;

// A column's name and type.
typedef struct dfq_field {
  const char *name;
  dfq_type type;
  const char *why; // for a type that was inferred: what decided it; else NULL
} dfq_field;

// The columns of a frame or table, in order. Borrows: valid as long as what it was asked of.
typedef struct dfq_schema {
  int count;
  const dfq_field *field;
} dfq_schema;

// Returns: the type's name as it is written in expressions ("i64"); "?" when there is no such
// type. Static text: valid for ever.
DFQ_API const char *dfq_type_name(dfq_type type);

// Returns: the words for a status code ("type error").
// Static text: valid for ever.
DFQ_API const char *dfq_status_text(dfq_status status);

// ---- >>api-context: open, close, options, errors --------------------------------------------

// The memory hook, in the manner of realloc: (NULL, 0, n) allocates, (p, n, 0) frees, else
// resizes. Returns: 16-byte aligned memory, or NULL when there is none. Called from several
// threads at once.
typedef void *(*dfq_realloc_fn)(void *user, void *ptr, size_t old_size, size_t new_size);

// The file hook. All members NULL: the C library's files.
// Everything the engine opens it closes, also after an error. file: what open returned.
typedef struct dfq_io {
  void *user;
  void *(*open)(void *user, const char *path, bool write, const char **why); // NULL: see *why
  int64_t (*read)(void *user, void *file, void *to, size_t bytes);  // 0: the end; -1: a failure
  int64_t (*write)(void *user, void *file, const void *from, size_t bytes); // -1: a failure
  bool (*close)(void *user, void *file);                            // false: data may be lost
  bool (*rename)(void *user, const char *from, const char *to);
  void (*remove)(void *user, const char *path);
  int64_t (*size)(void *user, void *file); // of a file just opened, in bytes; NULL: unknown
                                           // -1: it is a pipe, which can be read only once
  // Where output for path shall appear. 1: as a file, whole or not at all; its name, with
  // symbolic links followed, is put into to. 0: in a device or a pipe that is there already:
  // written straight into. NULL: path itself, as a file.
  int (*target)(void *user, const char *path, char *to, size_t size);
} dfq_io;

// The optimizer's passes, each with its switch. See >>rules for what each may do.
#define DFQ_RULE_LIST(X)                                                                       \
  X(DFQ_RULE_SPLIT, "split_and")            X(DFQ_RULE_FOLD, "fold")                           \
  X(DFQ_RULE_PUSH_FILTER, "push_filter")    X(DFQ_RULE_OUTER, "outer_to_inner")                \
  X(DFQ_RULE_MERGE, "merge")                X(DFQ_RULE_PRUNE, "prune")                         \
  X(DFQ_RULE_PUSH_LIMIT, "push_limit")      X(DFQ_RULE_TOPK, "top_k")                          \
  X(DFQ_RULE_BUILD_SIDE, "build_side")      X(DFQ_RULE_SORTED, "use_order")

#define DFQ__ENUM(name, text) name,
typedef enum dfq_rule { DFQ_RULE_LIST(DFQ__ENUM) DFQ_RULE_COUNT } dfq_rule;
#undef DFQ__ENUM

// Two engines for one plan: both give the same rows, in the same order, with the same errors.
typedef enum dfq_engine { DFQ_BATCH_ENGINE, DFQ_ROW_ENGINE } dfq_engine;

// How a frame is run. Zero-initialised is the default.
typedef struct dfq_run_options {
  dfq_engine engine;    // 0: batches; the row engine is the slow, plain twin
  int threads;          // that group rows of a table; 0: one per core, from 200,000 rows on.
                        // All else runs on the calling thread
  size_t batch_rows;    // 0: 2,048
  bool no_optimize;     // run the plan as it was written
  uint32_t rules_off;   // bit r set: the optimizer's rule r (dfq_rule) is off
  bool (*cancel)(void *user); // asked before every batch; true ends the run with DFQ_CANCELLED
  void *cancel_user;
} dfq_run_options;

// Zero-initialised is the default. Copied by dfq_open, with what io points to.
typedef struct dfq_options {
  dfq_realloc_fn realloc; // NULL: malloc, and huge pages for large blocks
  void *realloc_user;
  size_t budget;          // most bytes in use at a time; 0: no limit
  const dfq_io *io;       // NULL: the C library's files
  dfq_run_options run;    // the default for every run of this context's frames
} dfq_options;

// Opens a context. options: NULL for the defaults; copied.
// Owns: the caller, until dfq_close. Returns NULL only when there is no memory for the context.
DFQ_API dfq *dfq_open(const dfq_options *options);

// Frees the context with every frame and expression of it. NULL is fine. Tables live on.
DFQ_API void dfq_close(dfq *db);

// Returns: the latest error's message, "" when there was none. Valid until the next error.
DFQ_API const char *dfq_error(const dfq *db);

// Returns: the latest error's code, DFQ_OK when there was none.
DFQ_API dfq_status dfq_error_status(const dfq *db);

// Forgets the latest error and the warnings. Frames that failed stay failed.
DFQ_API void dfq_clear_error(dfq *db);

// Returns: what happened that was no error (a renamed header, bad values counted), a line each.
DFQ_API const char *dfq_warnings(const dfq *db);

// Everything built after a mark is freed by the release to it. Frames older than it stay.
// A release frees what is newer than the mark: frames, expressions, texts. Their results stay,
// but iterators over such frames must be closed before. The mark of an empty context is 0.
DFQ_API size_t dfq_mark(dfq *db);
DFQ_API void dfq_release(dfq *db, size_t mark);

// Returns: bytes in use now, and the most that ever were, through the context's memory hook.
// Tables made from the context count here as well, until they are freed.
DFQ_API size_t dfq_bytes_used(const dfq *db);
DFQ_API size_t dfq_bytes_peak(const dfq *db);

// Gives the parameter $name its value: what comes from outside never becomes part of the text.
// Used by every text parsed after it. name: without the $. value: copied.
// Returns: false when there is no memory.
DFQ_API bool dfq_set_param(dfq *db, const char *name, const dfq_value *value);
// The same for one type. value of set_str: ended by a zero byte, copied.
DFQ_API bool dfq_set_i64(dfq *db, const char *name, int64_t value);
DFQ_API bool dfq_set_f64(dfq *db, const char *name, double value);
DFQ_API bool dfq_set_str(dfq *db, const char *name, const char *value);

// ---- >>api-rows: chapter 1, rows one at a time ----------------------------------------------

// A source of rows: three functions and what they need. open makes a fresh cursor each time, so
// that the rows can be read more than once.
typedef struct dfq_row_source {
  const char *name;         // for explain and messages; NULL: "rows"
  const dfq_field *fields;  // the columns
  int count;                // how many
  void *user;               // given to open
  void *(*open)(void *user);                  // a cursor at the first row; NULL: failed
  int (*next)(void *cursor, dfq_value *row); // fills row[0 .. count): 1; the end: 0; failed: -1
  void (*close)(void *cursor);                // frees the cursor; NULL: nothing to free
  bool one_shot;            // open works once; a second run is an error that says so
} dfq_row_source;

// Rows of an array: cells[row * columns + column]. Borrows cells until the iterator is closed.
// Owns: the caller. Returns NULL when there is no memory.
DFQ_API dfq_rows *dfq_rows_array(dfq *db, const dfq_value *cells, size_t rows, int columns);

// Rows of a source. The source's struct is copied; its functions are first called by the first
// next. Owns: the caller. Borrows user until the iterator is closed. Returns NULL when there is
// no memory.
DFQ_API dfq_rows *dfq_rows_source(dfq *db, const dfq_row_source *source);

// Rows for which keep returns true. Owns: the new iterator closes the one below it.
// in: NULL gives NULL, here and below, so that a chain needs one check at its end.
DFQ_API dfq_rows *dfq_rows_filter(dfq_rows *in, bool (*keep)(void *user, const dfq_value *row),
                                  void *user);

// Rows made from rows: map fills to[0 .. columns); false ends the iteration with an error.
// row: borrowed, in's columns. Strings put into to must live until the next call of map.
// Owns: in, also when NULL is returned because there is no memory.
DFQ_API dfq_rows *dfq_rows_map(dfq_rows *in, int columns,
                               bool (*map)(void *user, const dfq_value *row, dfq_value *to),
                               void *user);

// The first n rows. No further row is read; at the end everything below is closed.
// Owns: in, also when NULL is returned because there is no memory.
DFQ_API dfq_rows *dfq_rows_take(dfq_rows *in, size_t n);

// Opens an iterator over a frame's result. Early dfq_rows_close is fine: it reads no more.
// Owns: the caller. Never NULL but when memory is out; errors come from the first next.
// Valid until dfq_rows_close; the frame must not be released before. Each call is a run of its
// own.
DFQ_API dfq_rows *dfq_rows_open(dfq_frame *frame);

// The next row. *row: dfq_rows_columns values, borrowed until the next call.
// Returns: false at the end and on an error (then dfq_rows_failed is true).
DFQ_API bool dfq_rows_next(dfq_rows *rows, const dfq_value **row);

// Returns: true when the iteration ended with an error; dfq_error has it.
DFQ_API bool dfq_rows_failed(const dfq_rows *rows);

// Returns: how many values a row has.
DFQ_API int dfq_rows_columns(const dfq_rows *rows);

// Returns: how many rows came out of this iterator so far.
DFQ_API size_t dfq_rows_pulled(const dfq_rows *rows);

// Closes the iterator and everything below it. NULL is fine.
DFQ_API void dfq_rows_close(dfq_rows *rows);

// ---- >>api-expressions: chapter 2, expressions as data --------------------------------------

// Two roads to one tree: text, or constructors. The grammar is in
// docs/chapters/02-expressions.md. Returns (all of them): never NULL; a failure sticks to the
// expression. Owns: the context. text: one expression, copied. A wrong one gives an expression
// that failed, with a caret under it.
DFQ_API dfq_expr *dfq_parse(dfq *db, const char *text);

// Leaves. Names, texts and values are copied. Whether a column exists is known only where the
// expression meets a frame. dfq_str ends at the zero byte, dfq_str_n after len bytes.
DFQ_API dfq_expr *dfq_col(dfq *db, const char *name);
DFQ_API dfq_expr *dfq_i64(dfq *db, int64_t value);
DFQ_API dfq_expr *dfq_f64(dfq *db, double value);
DFQ_API dfq_expr *dfq_bool(dfq *db, bool value);
DFQ_API dfq_expr *dfq_str(dfq *db, const char *value);
DFQ_API dfq_expr *dfq_str_n(dfq *db, const char *value, size_t len);
DFQ_API dfq_expr *dfq_null(dfq *db);
DFQ_API dfq_expr *dfq_literal(dfq *db, const dfq_value *value);

// Operators. a and b belong to one context and may stand in any number of trees; nothing is
// copied. Types are checked where the expression meets a frame. NULL in, NULL out. + - * and
// negation of integers give i64; an overflow is an error when the row is computed.
DFQ_API dfq_expr *dfq_add(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_sub(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_mul(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_div(dfq_expr *a, dfq_expr *b);   // "/": always f64
DFQ_API dfq_expr *dfq_idiv(dfq_expr *a, dfq_expr *b);  // "//": truncates; by zero: null
DFQ_API dfq_expr *dfq_mod(dfq_expr *a, dfq_expr *b);   // "%": has the sign of a; by zero: null
DFQ_API dfq_expr *dfq_neg(dfq_expr *a);
// Comparisons give bool, null when a side is null. NaN equals NaN and is the largest number.
DFQ_API dfq_expr *dfq_eq(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_ne(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_lt(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_le(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_gt(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_ge(dfq_expr *a, dfq_expr *b);
// Kleene's logic: false and null is false, true or null is true.
DFQ_API dfq_expr *dfq_and(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_or(dfq_expr *a, dfq_expr *b);
DFQ_API dfq_expr *dfq_not(dfq_expr *a);
// These two, and "is distinct from", never give null.
DFQ_API dfq_expr *dfq_is_null(dfq_expr *a);
DFQ_API dfq_expr *dfq_is_not_null(dfq_expr *a);
DFQ_API dfq_expr *dfq_is_distinct(dfq_expr *a, dfq_expr *b); // "is distinct from": null = null
// list: count expressions, copied as an array. Not found among a null: null.
DFQ_API dfq_expr *dfq_in(dfq_expr *a, dfq_expr *const *list, int count);
// low <= a and a <= high.
DFQ_API dfq_expr *dfq_between(dfq_expr *a, dfq_expr *low, dfq_expr *high);
DFQ_API dfq_expr *dfq_like(dfq_expr *a, dfq_expr *pattern);  // % any bytes, _ one character

// case when: pairs[0] is a condition, pairs[1] its value, and so on; otherwise may be NULL
// (null). pair_count counts pairs. Conditions are asked in order, and a value is computed only
// on the rows that it is for.
DFQ_API dfq_expr *dfq_case(dfq_expr *const *pairs, int pair_count, dfq_expr *otherwise);
DFQ_API dfq_expr *dfq_cast(dfq_expr *a, dfq_type type);      // what cannot be cast is an error
DFQ_API dfq_expr *dfq_try_cast(dfq_expr *a, dfq_type type);  // what cannot be cast is null
// A name for the column that the expression makes; below the top of a tree it means nothing.
DFQ_API dfq_expr *dfq_as(dfq_expr *a, const char *name);

// A function or aggregate by the name it has in text: dfq_call(db, "sum", &x, 1).
// A name that is none, or a wrong count, gives an expression that failed.
DFQ_API dfq_expr *dfq_call(dfq *db, const char *name, dfq_expr *const *args, int count);
// Aggregates: over the rows of a group, or of a window. Nulls are left out; of no value at
// all the result is null, and of counts 0. sum of integers is i64, mean is f64.
DFQ_API dfq_expr *dfq_sum(dfq_expr *a);
DFQ_API dfq_expr *dfq_mean(dfq_expr *a);
DFQ_API dfq_expr *dfq_min(dfq_expr *a);
DFQ_API dfq_expr *dfq_max(dfq_expr *a);
DFQ_API dfq_expr *dfq_count_of(dfq_expr *a);  // values that are not null
DFQ_API dfq_expr *dfq_count_rows(dfq *db);    // count()

// Which rows a window function looks at. Zero-initialised: the whole table.
typedef struct dfq_window {
  dfq_expr *const *partition_by; // rows with equal values of these belong together
  int partition_count;
  const struct dfq_key *order_by; // their order within the partition
  int order_count;
  bool rows;             // a frame: from the row first before or after this one to last;
  int64_t first, last;   // negative: before. INT64_MIN, INT64_MAX: to the partition's end
} dfq_window;
// call over (...): call is an aggregate, or row_number, rank, dense_rank, percent_rank, ntile,
// lag, lead, nth_value (dfq_call). Without rows: the partition, or with an order, its part up
// to the rows that are equal to this one. Stands in select and with. Copies what how points to.
DFQ_API dfq_expr *dfq_over(dfq_expr *call, const dfq_window *how);

// Walking a tree.
typedef enum dfq_expr_kind {
  DFQ_COLUMN, DFQ_LITERAL, DFQ_CALL, DFQ_CAST, DFQ_TRY_CAST, DFQ_CASE, DFQ_AGGREGATE, DFQ_OVER,
  DFQ_ALIAS, DFQ_STAR, DFQ_FAILED
} dfq_expr_kind;
// e: NULL counts as an expression that failed, in all of these.
DFQ_API dfq_expr_kind dfq_expr_kind_of(const dfq_expr *e);
// Returns: a column's, function's, aggregate's or alias's name; else NULL.
DFQ_API const char *dfq_expr_name(const dfq_expr *e);
// Returns: how many arguments; the i-th, NULL when there is none. Borrows: lives with the
// context.
DFQ_API int dfq_expr_args(const dfq_expr *e);
DFQ_API dfq_expr *dfq_expr_arg(const dfq_expr *e, int i);
// Returns: true and the value in *to for a literal, else false.
DFQ_API bool dfq_expr_literal(const dfq_expr *e, dfq_value *to);
// Calls visit for e and everything below it, parents first; false from visit skips what is
// below.
DFQ_API void dfq_visit(dfq_expr *e, bool (*visit)(void *user, dfq_expr *e), void *user);

// Returns: the expression as text that parses back to the same tree. Owns: the context.
DFQ_API const char *dfq_expr_text(dfq_expr *e);
// Returns: true when both are the same tree: kinds, names, literals of the same bits.
DFQ_API bool dfq_expr_equal(const dfq_expr *a, const dfq_expr *b);

// The names of the columns that e reads, each once, in the order of their first use.
// Returns: how many; *names: an array of the context's.
// Valid until the context is released. 0 also when memory is out (dfq_error).
DFQ_API int dfq_expr_columns(dfq_expr *e, const char *const **names);

// The type of e over columns of the given schema. Returns: false when e does not fit
// (dfq_error). schema: borrowed for the call. *type is set only when true is returned.
DFQ_API bool dfq_expr_type(dfq_expr *e, const dfq_schema *schema, dfq_type *type);

// The value of e for one row of that schema. Returns: false when e does not fit or fails.
// *to: strings are valid until the context is released.
// row: schema->count values, borrowed for the call.
DFQ_API bool dfq_expr_eval(dfq_expr *e, const dfq_schema *schema, const dfq_value *row,
                           dfq_value *to);

// Prints which types an operator takes and gives: the promotion table of +, a line per row.
// Returns: false when out did not take it (dfq_error).
DFQ_API bool dfq_print_promotions(dfq *db, FILE *out);

// ---- >>api-functions: what there is to call -------------------------------------------------

typedef enum dfq_function_kind {
  DFQ_FUNCTION,          // of values: also every operator
  DFQ_FORM,              // looks at an argument only if it needs it, as case does
  DFQ_FUNCTION_GROUP,    // an aggregate: in group, and over windows
  DFQ_FUNCTION_WINDOW    // over windows only
} dfq_function_kind;

// All that the engine's own tables say of one function. Texts that are made (signatures) belong
// to the context, the others are constants.
typedef struct dfq_function_info {
  const char *name;           // as in dfq_call
  const char *infix;          // how it is written between operands, as "+"; else NULL
  dfq_function_kind kind;
  const char *signatures;     // "upper(str) -> str", a line each
  bool may_fail;              // for some values: an error when the row is computed
  bool takes_null;            // else a null argument makes the result null
  bool makes_null;            // may be null although no argument is
  const char *group;          // "Texts"; NULL with DFQ_NO_DOCS, as the next two
  const char *doc;            // what it gives, in one line
  const char *example;        // an expression: of literals, or for the two last kinds over the
                              // columns order_id, customer_id, amount and year
} dfq_function_info;

// The i-th function, from 0, in an order that stays. Returns: false when there are not so many,
// or without memory (dfq_error). A reference of the language is this in a loop.
DFQ_API bool dfq_function_at(dfq *db, int i, dfq_function_info *to);

// ---- >>api-tables: tables in memory ---------------------------------------------------------

// A column to make a table of. data: an array of bool bytes, int32_t, int64_t, double, or for
// str of const char * (NULL: null). valid: NULL, or a byte per row, 0 = null.
typedef struct dfq_column {
  const char *name;
  dfq_type type;
  const void *data;
  const uint8_t *valid;
} dfq_column;

// Copies rows values of each column into a new table. Owns: the caller. NULL on error
// (dfq_error). Fails for a type that columns cannot have, or a name that stands twice. A bool
// or valid byte counts as 1 when it is not 0. rows: the same for all columns; 0 is fine.
DFQ_API dfq_table *dfq_table_new(dfq *db, const dfq_column *columns, int count, size_t rows);

// The same from rows: cells[row * count + column], types as in fields or null.
// A cell of another type, or an i32 or date beyond 32 bits, is an error (dfq_error).
DFQ_API dfq_table *dfq_table_from_rows(dfq *db, const dfq_field *fields, int count,
                                       const dfq_value *cells, size_t rows);

// table may be NULL in all of these: no rows, no columns. Frames that scan the table keep it
// alive.
DFQ_API void dfq_table_free(dfq_table *table); // NULL is fine
DFQ_API size_t dfq_table_rows(const dfq_table *table);
DFQ_API int dfq_table_columns(const dfq_table *table);
DFQ_API const dfq_schema *dfq_table_schema(const dfq_table *table);
DFQ_API int dfq_table_find(const dfq_table *table, const char *name); // its number, or -1

// One cell. Borrows: strings live as long as the table. Out of range: null, 0, NaN or "".
DFQ_API void dfq_table_get(const dfq_table *table, size_t row, int column, dfq_value *to);
// Out of range counts as null. i64 reads bool, i32, dates and times too, as their stored
// numbers.
DFQ_API bool dfq_table_is_null(const dfq_table *table, size_t row, int column);
DFQ_API int64_t dfq_table_i64(const dfq_table *table, size_t row, int column);
DFQ_API double dfq_table_f64(const dfq_table *table, size_t row, int column); // integers too
// len: NULL, or where the text's bytes are counted; it is not ended by a zero byte.
DFQ_API const char *dfq_table_str(const dfq_table *table, size_t row, int column, size_t *len);

// A whole column: rows values (bytes, int32_t, int64_t, double, dfq_view by type); *valid: a
// byte per row, or NULL when nothing is null. Borrows: lives as long as the table. NULL for a
// column that does not exist. What stands where valid is 0 means nothing.
DFQ_API const void *dfq_table_data(const dfq_table *table, int column, const uint8_t **valid);

// A view's text; *len bytes, not ended by a zero byte. Borrows: a short text lies in the view
// itself, so the view must stay where it is as long as the text is used.
DFQ_API const char *dfq_view_text(const dfq_view *view, size_t *len);

// ---- >>api-frames: sources and verbs --------------------------------------------------------

// Every verb makes one plan node and returns a new frame; nothing runs. Text is parsed and
// names and types are checked at once. Returns: never NULL; a failure sticks to the frame.
// Owns: the context. Each exists as a function, as a macro of the same name that passes the
// caller's file:line for messages, and as NAME_at with that text as its last argument.

// -- sources: what a plan begins with

// Rows of a table. Borrows nothing: the frame holds the table, which may be freed at once.
DFQ_API dfq_frame *dfq_scan_table(dfq *db, dfq_table *table);
// source: the struct and its fields are copied; its functions and user must live as long as the
// frame. Opened once for each run, from any thread that runs the frame.
DFQ_API dfq_frame *dfq_scan_rows(dfq *db, const dfq_row_source *source);

// -- verbs
// in: NULL gives NULL, a frame that failed is handed on. Types are those of dfq_schema_of. Text
// is read up to its zero byte and copied; $name in it is a parameter's value at the time of the
// call.

DFQ_API dfq_frame *dfq_filter(dfq_frame *in, const char *condition);      // where it is true
DFQ_API dfq_frame *dfq_select(dfq_frame *in, const char *items);          // "a, b * 2 as c, *"
DFQ_API dfq_frame *dfq_with_columns(dfq_frame *in, const char *items);    // adds or replaces
DFQ_API dfq_frame *dfq_drop(dfq_frame *in, const char *names);
DFQ_API dfq_frame *dfq_rename(dfq_frame *in, const char *pairs);          // "old as new, ..."
DFQ_API dfq_frame *dfq_limit(dfq_frame *in, int64_t count);
DFQ_API dfq_frame *dfq_slice(dfq_frame *in, int64_t offset, int64_t count); // count < 0: all
DFQ_API dfq_frame *dfq_row_index(dfq_frame *in, const char *name);        // 0, 1, ... in front
DFQ_API dfq_frame *dfq_union(dfq_frame *a, dfq_frame *b);                 // same names, types
DFQ_API dfq_frame *dfq_group_by(dfq_frame *in, const char *keys, const char *aggregates);
// keys: "a desc nulls first, b". Stable: equal rows keep their order.
DFQ_API dfq_frame *dfq_sort(dfq_frame *in, const char *keys);
// The first row of each combination of values. names: NULL or "" for all columns.
DFQ_API dfq_frame *dfq_distinct(dfq_frame *in, const char *names);

typedef enum dfq_join_type {
  DFQ_INNER, DFQ_LEFT, DFQ_RIGHT, DFQ_FULL, DFQ_SEMI, DFQ_ANTI, DFQ_CROSS
} dfq_join_type;

// Rows of the left side in their order, within a match those of the right in theirs; right rows
// without a match (right, full) come last. A key of one name on both sides is one column.
// keys: "id", "a = b" (left = right), several with commas; NULL or "" for DFQ_CROSS.
DFQ_API dfq_frame *dfq_join(dfq_frame *left, dfq_frame *right, const char *keys,
                            dfq_join_type type);

// How keys are found: AUTO lets the optimizer choose by what it knows about orders and sizes.
typedef enum dfq_strategy { DFQ_AUTO, DFQ_HASH, DFQ_SORTED } dfq_strategy;

typedef struct dfq_join_options {
  const char *keys;
  dfq_join_type type;
  const char *suffix;     // NULL: "_right", for a right column whose name the left has too
  bool nulls_equal;       // null keys match each other
  dfq_strategy strategy;  // DFQ_SORTED: merge join; both inputs ascend by the keys, or it fails
} dfq_join_options;
// how: copied. A key of null matches nothing unless nulls_equal is set.
DFQ_API dfq_frame *dfq_join_with(dfq_frame *left, dfq_frame *right,
                                 const dfq_join_options *how);

// Grouping where equal keys stand next to each other and ascend: one group in memory at a time.
// Keys out of order are an error of the run.
DFQ_API dfq_frame *dfq_group_by_sorted(dfq_frame *in, const char *keys, const char *aggregates);

// The same verbs over expression trees.
// Expressions must be of in's context. Arrays are copied; an expression that failed, or NULL,
// fails the frame.
DFQ_API dfq_frame *dfq_filter_expr(dfq_frame *in, dfq_expr *condition);
DFQ_API dfq_frame *dfq_select_exprs(dfq_frame *in, dfq_expr *const *items, int count);
DFQ_API dfq_frame *dfq_with_exprs(dfq_frame *in, dfq_expr *const *items, int count);
// Zero-initialised is the default. No key: one group of all rows, also of no rows.
typedef struct dfq_group_spec {
  dfq_expr *const *keys;
  int key_count;
  dfq_expr *const *aggregates;
  int aggregate_count;
  dfq_strategy strategy;
} dfq_group_spec;
DFQ_API dfq_frame *dfq_group_exprs(dfq_frame *in, const dfq_group_spec *spec);
// A key of a sort. By default ascending, nulls last in both directions.
typedef struct dfq_key {
  dfq_expr *expr;
  bool descending;
  bool nulls_first;
} dfq_key;
DFQ_API dfq_frame *dfq_sort_exprs(dfq_frame *in, const dfq_key *keys, int count);

// How this frame is to be run: replaces the context's default. Copied. NULL: the default again.
DFQ_API dfq_frame *dfq_configure(dfq_frame *in, const dfq_run_options *run);

// Returns: the frame's columns; count 0 when it failed. Reads no data.
// Borrows: valid until the frame is released. Never NULL.
DFQ_API const dfq_schema *dfq_schema_of(dfq_frame *frame);

// Returns: the frame's own error message, NULL when it has none.
// Borrows: valid until the frame is released.
DFQ_API const char *dfq_frame_error(const dfq_frame *frame);

// ---- >>api-files: chapter 6, CSV and pipelines as text --------------------------------------

// What to do with a value that is none of its column's type: end the run with an error that
// names file, line and column; take it as null; leave the row out. The last two are counted as
// warnings.
typedef enum dfq_bad_values { DFQ_BAD_ERROR, DFQ_BAD_NULL, DFQ_BAD_SKIP } dfq_bad_values;

// Zero-initialised is the default. Copied, with its texts.
typedef struct dfq_csv_options {
  char delimiter;         // 0: ','
  char quote;             // 0: '"'; '\n': no quoting
  char comment;           // lines that begin with it are skipped; 0: none
  bool no_header;         // the first line is data; columns are named column_1, column_2, ...
  size_t skip;            // lines to skip before the header
  const char *names;      // "a, b, c": the columns' names, instead of the header's
  const char *types;      // "zip: str, day: date": instead of what the sample says
  const char *nulls;      // "NA" or "NA, -": what is null beside an empty field
  size_t infer_rows;      // rows to sample for the types; 0: 1,000
  dfq_bad_values bad_values; // a value that does not fit its column's type, after the sample
} dfq_csv_options;

// A CSV file. Reads the sample only; the rest is streamed by each run. options: NULL for
// defaults. path: copied. Types are what the sample holds; rows after it that do not fit are
// bad_values. A file that cannot be read, or is none, fails the frame at once.
// An empty field is null; "" is the empty text, and null where the column is not str. Lines end
// with LF or CRLF. Blank lines are passed over, but where there is one column they are nulls.
// An empty field behind the last column of every row is no column. Text stays as its bytes are,
// UTF-8 or not.
DFQ_API dfq_frame *dfq_scan_csv(dfq *db, const char *path, const dfq_csv_options *options);

// A whole pipeline as text: "scan a.csv | filter x > 1 | limit 10". Its grammar: see
// >>pipeline. Messages point into the text, with its line where it has several. text: copied. A
// mistake in it fails the frame, with a caret under the place.
DFQ_API dfq_frame *dfq_query(dfq *db, const char *text);

// Returns: the frame's plan as pipeline text, which dfq_query reads back; but for what is in
// memory, tables and row sources, which has no name there. "" for a frame that failed. Owns:
// the context. NULL on error (dfq_error).
DFQ_API const char *dfq_pipeline_text(dfq_frame *frame);

// Zero-initialised is the default. Fields that need it are quoted; floats round-trip.
typedef struct dfq_csv_write_options {
  char delimiter;     // 0: ','
  bool no_header;
  const char *null;   // NULL: an empty field (an empty string is written "")
} dfq_csv_write_options;

// Runs the frame into a CSV file, which appears under its name only when it is complete.
// Returns: false on error; the file that was there before is untouched then.
// options: NULL for the defaults.
DFQ_API bool dfq_write_csv(dfq_frame *frame, const char *path,
                           const dfq_csv_write_options *options);

// The same to an open FILE, as it comes.
// Returns: false on error; what was printed by then stays. out is not closed.
DFQ_API bool dfq_print_csv(dfq_frame *frame, FILE *out, const dfq_csv_write_options *options);

// The result as a JSON array of objects. NaN and infinities are null, like nulls; dates and
// durations are strings; bytes that are not UTF-8 become U+FFFD.
// Returns: false on error; what was printed by then stays.
DFQ_API bool dfq_print_json(dfq_frame *frame, FILE *out);

// ---- >>api-actions: what runs a plan --------------------------------------------------------

// Runs the frame. Owns: the caller, until dfq_table_free. NULL on error (dfq_error).
// All actions: block until done, run in the calling thread and in options.threads - 1 others
// that end with the call, and leave the frame as it was, to be run again or at the same time
// elsewhere. A frame that is NULL or failed is an error like any other.
DFQ_API dfq_table *dfq_collect(dfq_frame *frame);

// Runs the frame for its first n rows only.
// Reads no more than it needs for them. Owns: the caller. NULL on error (dfq_error).
DFQ_API dfq_table *dfq_first(dfq_frame *frame, size_t n);

// Returns: the number of rows, or -1 on error.
// Computes no column that nothing depends on, and keeps no row.
DFQ_API int64_t dfq_count(dfq_frame *frame);

// Prints the result as a table, the middle elided when it is long. False on error.
// Keeps the rows that it prints, 40 at most, and writes when the run has ended well.
DFQ_API bool dfq_show(dfq_frame *frame, FILE *out);
DFQ_API bool dfq_show_table(dfq *db, const dfq_table *table, FILE *out);

// Calls each with every batch of the result until it returns false. False on error.
// batch: borrowed for the call. After each has returned false the run ends well, whatever error
// would have come. each is called in the calling thread only, in the order of rows.
DFQ_API bool dfq_each_batch(dfq_frame *frame, bool (*each)(void *user, const dfq_batch *batch),
                            void *user);
// At least 1 row. Out of range: null, or NULL. Borrows: strings and arrays are valid until each
// returns; arrays are not aligned, and are laid out like those of dfq_table_data.
DFQ_API size_t dfq_batch_rows(const dfq_batch *batch);
DFQ_API int dfq_batch_columns(const dfq_batch *batch);
DFQ_API void dfq_batch_get(const dfq_batch *batch, size_t row, int column, dfq_value *to);
DFQ_API const void *dfq_batch_data(const dfq_batch *batch, int column, const uint8_t **valid);

// ---- >>api-explain: what the engine will do, did, and refused to do -------------------------

typedef enum dfq_explain_form {
  DFQ_EXPLAIN_BOTH,       // before and after the optimizer, and its journal
  DFQ_EXPLAIN_PLAIN,      // as written
  DFQ_EXPLAIN_OPTIMIZED,
  DFQ_EXPLAIN_ANALYZE,    // runs it: rows in and out, batches, time and peak bytes of each node
  DFQ_EXPLAIN_JOURNAL,    // each rule that was applied or refused, and why
  DFQ_EXPLAIN_DOT,        // the optimized plan for graphviz
  DFQ_EXPLAIN_JSON
} dfq_explain_form;

// Prints DFQ_EXPLAIN_BOTH, or the form asked for. Only DFQ_EXPLAIN_ANALYZE runs the frame.
// Returns: false on error (dfq_error).
DFQ_API bool dfq_explain(dfq_frame *frame, FILE *out);
DFQ_API bool dfq_explain_as(dfq_frame *frame, dfq_explain_form form, FILE *out);
// Returns: the same as a string of the context's, NULL on error.
// Valid until the context is released.
DFQ_API const char *dfq_explain_text(dfq_frame *frame, dfq_explain_form form);

// One line of the optimizer's journal.
// Borrows: all texts live as long as the journal that the step is part of.
typedef struct dfq_step {
  const char *rule;    // "push_filter"
  const char *what;    // "b < 9"
  const char *where;   // "below join#3 (left)"
  bool applied;        // false: refused
  const char *why;     // "b is null-extended, unmatched rows would survive"
} dfq_step;
// Optimizes the frame's plan. Returns: its journal, *count lines. Owns: the context.
// Valid until the context is released, like the text above: both are kept in the context, so
// they are for one thread at a time, as building is. NULL and 0 on error (dfq_error).
DFQ_API const dfq_step *dfq_journal(dfq_frame *frame, int *count);

// Returns: a rule's name as --off and explain write it; the rule of a name, or -1.
// Static text.
DFQ_API const char *dfq_rule_name(dfq_rule rule);
DFQ_API int dfq_rule_find(const char *name);

// Runs the frame in many ways - both engines, the optimizer off, on, and without each of its
// rules, several batch sizes and thread counts - and compares the results bit by bit. For
// queries, sources and functions of your own. Returns: true when all are the same; what differs
// goes to report (NULL: nowhere), and into dfq_error. It runs the frame dozens of times: meant
// for tests, with data to match.
DFQ_API bool dfq_check_equivalent(dfq_frame *frame, FILE *report);

// Returns: true when both hold the same names, types and values (NaN equals NaN). difference:
// NULL, or where the first difference is described, at most size bytes.
// Rows and columns in order, floats by their bits. NULL equals no table.
DFQ_API bool dfq_table_equal(const dfq_table *a, const dfq_table *b, char *difference,
                             size_t size);

// ---- >>api-at: the verbs with the caller's file and line ------------------------------------

// What each does, returns and owns is said at the function without _at.
// at: "file:line", or whatever should stand in messages in its place; copied. NULL: nothing
// does. Bindings pass the place in their own language's source.

DFQ_API dfq_frame *dfq_scan_table_at(dfq *db, dfq_table *table, const char *at);
DFQ_API dfq_frame *dfq_scan_rows_at(dfq *db, const dfq_row_source *source, const char *at);
DFQ_API dfq_frame *dfq_scan_csv_at(dfq *db, const char *path, const dfq_csv_options *options,
                                   const char *at);
DFQ_API dfq_frame *dfq_query_at(dfq *db, const char *text, const char *at);
DFQ_API dfq_frame *dfq_filter_at(dfq_frame *in, const char *condition, const char *at);
DFQ_API dfq_frame *dfq_select_at(dfq_frame *in, const char *items, const char *at);
DFQ_API dfq_frame *dfq_with_columns_at(dfq_frame *in, const char *items, const char *at);
DFQ_API dfq_frame *dfq_drop_at(dfq_frame *in, const char *names, const char *at);
DFQ_API dfq_frame *dfq_rename_at(dfq_frame *in, const char *pairs, const char *at);
DFQ_API dfq_frame *dfq_limit_at(dfq_frame *in, int64_t count, const char *at);
DFQ_API dfq_frame *dfq_slice_at(dfq_frame *in, int64_t offset, int64_t count, const char *at);
DFQ_API dfq_frame *dfq_row_index_at(dfq_frame *in, const char *name, const char *at);
DFQ_API dfq_frame *dfq_union_at(dfq_frame *a, dfq_frame *b, const char *at);
DFQ_API dfq_frame *dfq_group_by_at(dfq_frame *in, const char *keys, const char *aggregates,
                                   const char *at);
DFQ_API dfq_frame *dfq_group_by_sorted_at(dfq_frame *in, const char *keys,
                                          const char *aggregates, const char *at);
DFQ_API dfq_frame *dfq_sort_at(dfq_frame *in, const char *keys, const char *at);
DFQ_API dfq_frame *dfq_distinct_at(dfq_frame *in, const char *names, const char *at);
DFQ_API dfq_frame *dfq_join_at(dfq_frame *left, dfq_frame *right, const char *keys,
                               dfq_join_type type, const char *at);
DFQ_API dfq_frame *dfq_join_with_at(dfq_frame *left, dfq_frame *right,
                                    const dfq_join_options *how, const char *at);
DFQ_API dfq_frame *dfq_filter_expr_at(dfq_frame *in, dfq_expr *condition, const char *at);
DFQ_API dfq_frame *dfq_select_exprs_at(dfq_frame *in, dfq_expr *const *items, int count,
                                       const char *at);
DFQ_API dfq_frame *dfq_with_exprs_at(dfq_frame *in, dfq_expr *const *items, int count,
                                     const char *at);
DFQ_API dfq_frame *dfq_group_exprs_at(dfq_frame *in, const dfq_group_spec *spec,
                                      const char *at);
DFQ_API dfq_frame *dfq_sort_exprs_at(dfq_frame *in, const dfq_key *keys, int count,
                                     const char *at);

// The place of the call as text. The macros below have the names of functions that exist too: a
// name without a parenthesis behind it, as for a pointer or in a binding, means the function.
#define DFQ__TEXT(line) #line
#define DFQ__LINE(line) DFQ__TEXT(line)
#define DFQ_HERE __FILE__ ":" DFQ__LINE(__LINE__)

// The verbs with DFQ_HERE. Arguments are evaluated once.
#define dfq_scan_table(db, table) dfq_scan_table_at(db, table, DFQ_HERE)
#define dfq_scan_rows(db, source) dfq_scan_rows_at(db, source, DFQ_HERE)
#define dfq_scan_csv(db, path, options) dfq_scan_csv_at(db, path, options, DFQ_HERE)
#define dfq_query(db, text) dfq_query_at(db, text, DFQ_HERE)
#define dfq_filter(in, condition) dfq_filter_at(in, condition, DFQ_HERE)
#define dfq_select(in, items) dfq_select_at(in, items, DFQ_HERE)
#define dfq_with_columns(in, items) dfq_with_columns_at(in, items, DFQ_HERE)
#define dfq_drop(in, names) dfq_drop_at(in, names, DFQ_HERE)
#define dfq_rename(in, pairs) dfq_rename_at(in, pairs, DFQ_HERE)
#define dfq_limit(in, count) dfq_limit_at(in, count, DFQ_HERE)
#define dfq_slice(in, offset, count) dfq_slice_at(in, offset, count, DFQ_HERE)
#define dfq_row_index(in, name) dfq_row_index_at(in, name, DFQ_HERE)
#define dfq_union(a, b) dfq_union_at(a, b, DFQ_HERE)
#define dfq_group_by(in, keys, aggregates) dfq_group_by_at(in, keys, aggregates, DFQ_HERE)
#define dfq_group_by_sorted(in, keys, aggs) dfq_group_by_sorted_at(in, keys, aggs, DFQ_HERE)
#define dfq_sort(in, keys) dfq_sort_at(in, keys, DFQ_HERE)
#define dfq_distinct(in, names) dfq_distinct_at(in, names, DFQ_HERE)
#define dfq_join(left, right, keys, type) dfq_join_at(left, right, keys, type, DFQ_HERE)
#define dfq_join_with(left, right, how) dfq_join_with_at(left, right, how, DFQ_HERE)
#define dfq_filter_expr(in, condition) dfq_filter_expr_at(in, condition, DFQ_HERE)
#define dfq_select_exprs(in, items, count) dfq_select_exprs_at(in, items, count, DFQ_HERE)
#define dfq_with_exprs(in, items, count) dfq_with_exprs_at(in, items, count, DFQ_HERE)
#define dfq_group_exprs(in, spec) dfq_group_exprs_at(in, spec, DFQ_HERE)
#define dfq_sort_exprs(in, keys, count) dfq_sort_exprs_at(in, keys, count, DFQ_HERE)

#ifdef __cplusplus
}
#endif

#endif // DFQ_H

#if defined(DFQ_IMPLEMENTATION) && !defined(DFQ__IMPLEMENTED)
#define DFQ__IMPLEMENTED

// =============================================================================================
// CHAPTER 0, FOUNDATIONS: platform, memory, arenas, text, errors, names, hashing, threads
// =============================================================================================
#if DFQ_CHAPTER >= 0

// ---- >>platform: what the engine needs from compiler and system -----------------------------
// Idea. Everything that differs between compilers and systems stands here, under one name each;
// the rest of the file is plain C11 that is also C++11. No feature macro is set, because a
// header comes after others that the program has included already.

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__FAST_MATH__)
#error "dfq: -ffast-math breaks NaN, infinities and exact sums; compile this file without it"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error "dfq: floats must not be kept in wider registers (on x86: -msse2 -mfpmath=sse)"
#endif
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-function"
#endif

#if defined(__cplusplus) || defined(__GNUC__) || defined(_MSC_VER)
#define DFQ__RESTRICT __restrict
#else
#define DFQ__RESTRICT restrict
#endif

// DFQ__FORMAT(n): argument n is a printf format, so that the compiler checks what follows it.
// DFQ__UNUSED marks what a later chapter is the first to call: the header cut before it must
// compile without a warning, too.
#if defined(__GNUC__) || defined(__clang__)
#define DFQ__LIKELY(x) __builtin_expect(!!(x), 1)
#define DFQ__PREFETCH(p) __builtin_prefetch(p)
#define DFQ__FORMAT(at) __attribute__((format(printf, at, at + 1)))
#define DFQ__UNUSED __attribute__((unused))
#else
#define DFQ__LIKELY(x) (x)
#define DFQ__PREFETCH(p) ((void)(p))
#define DFQ__FORMAT(at)
#define DFQ__UNUSED
#endif

// The position of the lowest set bit; x is not 0.
static inline int dfq__low_bit(uint64_t x) {
#if defined(__GNUC__) || defined(__clang__)
  return __builtin_ctzll(x);
#else
  int n = 0;
  for (; !(x & 1); x >>= 1) n++;
  return n;
#endif
}

// The position of the highest set bit; x is not 0.
static inline int dfq__high_bit(uint64_t x) {
#if defined(__GNUC__) || defined(__clang__)
  return 63 - __builtin_clzll(x);
#else
  int n = 0;
  while (x >>= 1) n++;
  return n;
#endif
}

// Seconds since some moment, for measuring.
// The calendar's clock: C11 has no other. A jump of it spoils a measurement, never a result.
static double dfq__now(void) {
  struct timespec t;
  if (timespec_get(&t, TIME_UTC) == 0) return 0;
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Three atomic operations are all that the engine needs: for counts, and for the cancel flag.
#if defined(DFQ_NO_THREADS)
// Acquire and release, where relaxed would do for counts: none of them stands in a loop over
// rows.
static size_t dfq__load(const size_t *p) { return *p; }
static size_t dfq__add_fetch(size_t *p, size_t n) { return *p += n; }
static void dfq__publish(size_t *p, size_t n) { *p = n; }
#elif defined(__GNUC__) || defined(__clang__)
static size_t dfq__load(const size_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static size_t dfq__add_fetch(size_t *p, size_t n) {
  return __atomic_add_fetch(p, n, __ATOMIC_ACQ_REL);
}
static void dfq__publish(size_t *p, size_t n) { __atomic_store_n(p, n, __ATOMIC_RELEASE); }
#else
#error "dfq: no atomic operations known for this compiler; define DFQ_NO_THREADS"
#endif

#if defined(DFQ_NO_THREADS)
typedef int dfq__lock;
// A mutex that cannot be made is not reported: the systems in use make it without memory.
static void dfq__lock_init(dfq__lock *l) { *l = 0; }
static void dfq__lock_free(dfq__lock *l) { *l = 0; }
static void dfq__lock_take(dfq__lock *l) { *l = 1; }
static void dfq__lock_give(dfq__lock *l) { *l = 0; }
#else
#include <pthread.h>
#include <unistd.h>
typedef pthread_mutex_t dfq__lock;
static void dfq__lock_init(dfq__lock *l) { pthread_mutex_init(l, NULL); }
static void dfq__lock_free(dfq__lock *l) { pthread_mutex_destroy(l); }
static void dfq__lock_take(dfq__lock *l) { pthread_mutex_lock(l); }
static void dfq__lock_give(dfq__lock *l) { pthread_mutex_unlock(l); }
#endif

static size_t dfq__min(size_t a, size_t b) { return a < b ? a : b; }
static size_t dfq__max(size_t a, size_t b) { return a > b ? a : b; }

// ---- >>memory: one hook, byte accounting, a budget, large blocks ----------------------------
// Idea. All memory comes through one function in the manner of realloc that is told the old
// size as well. So bytes are counted exactly, a budget can refuse, and a test can make the n-th
// call fail.
//
//   dfq__resize ──> budget? ──> hook (the user's, or dfq__default_realloc)
//                                      │ < 2 MiB: realloc
//                                      └ larger: whole huge pages, kept for the next query
//
// Why huge pages: a fresh block of 500 MB costs hundreds of milliseconds of page faults with 4
// KiB pages, and a tenth of that with 2 MiB pages; a block that is reused costs nothing. Larger
// engines bring a whole allocator (jemalloc, mimalloc) for the same reason.

enum { DFQ__HUGE = 2 << 20, DFQ__KEPT_BLOCKS = 16 };

// Only the default hook keeps blocks; a hook of the user's is told about every call.
typedef struct dfq__kept { void *ptr; size_t size; } dfq__kept;

// The heap of a context. Counted: the context and each of its tables hold it.
typedef struct dfq__heap {
  dfq_realloc_fn realloc;
  void *user;
  size_t budget, used, peak, refs;
  dfq__lock lock;                    // guards kept
  dfq__kept kept[DFQ__KEPT_BLOCKS];  // large blocks, free, for reuse
} dfq__heap;

#if defined(__linux__) && !defined(DFQ_NO_HUGE_PAGES)
#include <sys/mman.h>
#if !defined(__USE_MISC) && !defined(__cplusplus)
extern int madvise(void *start, size_t bytes, int advice); // hidden by strict -std=c11
#endif
// aligned_alloc wants a size that is a multiple of the alignment: dfq__huge_round made it one.
static void *dfq__huge_alloc(size_t bytes) {
  void *p = aligned_alloc(DFQ__HUGE, bytes);
  if (p) (void)madvise(p, bytes, 14 /* MADV_HUGEPAGE */);
  return p;
}
#else
static void *dfq__huge_alloc(size_t bytes) { return malloc(bytes); }
#endif

static size_t dfq__huge_round(size_t bytes) {
  return (bytes + DFQ__HUGE - 1) / DFQ__HUGE * DFQ__HUGE;
}

// Takes a kept block of exactly bytes: who frees it knows no other size. NULL: there is none.
static void *dfq__kept_take(dfq__heap *heap, size_t bytes) {
  void *found = NULL;
  dfq__lock_take(&heap->lock);
  for (int i = 0; i < DFQ__KEPT_BLOCKS && !found; i++) {
    dfq__kept *k = &heap->kept[i];
    if (!k->ptr || k->size != bytes) continue;
    found = k->ptr;
    k->ptr = NULL;
  }
  dfq__lock_give(&heap->lock);
  return found;
}

// Keeps a block for later; frees the smaller of it and the smallest kept one when all places
// are taken.
static void dfq__kept_give(dfq__heap *heap, void *ptr, size_t bytes) {
  dfq__kept *least = &heap->kept[0];
  dfq__lock_take(&heap->lock);
  for (int i = 0; i < DFQ__KEPT_BLOCKS && least->ptr; i++)
    if (!heap->kept[i].ptr || heap->kept[i].size < least->size) least = &heap->kept[i];
  void *out = ptr;
  if (!least->ptr || least->size < bytes) {
    out = least->ptr;
    least->ptr = ptr;
    least->size = bytes;
  }
  dfq__lock_give(&heap->lock);
  free(out);
}

// The default hook. user is the heap itself.
// Four cases, by which side of 2 MiB the old and the new size are on. Growth within the rounded
// size costs nothing; a block that crosses the line is copied, since no realloc spans both
// worlds.
static void *dfq__default_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  dfq__heap *heap = (dfq__heap *)user;
  if (old_size < DFQ__HUGE && new_size < DFQ__HUGE) {
    if (new_size) return realloc(ptr, new_size);
    free(ptr);
    return NULL;
  }
  size_t held = old_size < DFQ__HUGE ? 0 : dfq__huge_round(old_size);
  if (new_size >= DFQ__HUGE && held == dfq__huge_round(new_size)) return ptr;
  void *to = NULL;
  if (new_size >= DFQ__HUGE) {
    size_t size = dfq__huge_round(new_size);
    to = dfq__kept_take(heap, size);
    if (!to) to = dfq__huge_alloc(size);
  } else if (new_size) {
    to = malloc(new_size);
  }
  if (new_size && !to) return NULL;
  if (ptr && to) memcpy(to, ptr, dfq__min(old_size, new_size));
  if (held) dfq__kept_give(heap, ptr, held);
  else free(ptr);
  return to;
}

// The one funnel. A refused or failed growth leaves ptr as it was and returns NULL.
// The bytes are counted before the call and taken back when it fails, so that two threads
// cannot both squeeze into the last bytes of a budget. A refused shrink is no failure: the
// larger block stays, and is counted as the smaller one that its owner knows.
static void *dfq__resize(dfq__heap *heap, void *ptr, size_t old_size, size_t new_size) {
  if (new_size > old_size) {
    if (new_size > SIZE_MAX / 2) return NULL;
    size_t used = dfq__add_fetch(&heap->used, new_size - old_size);
    if (heap->budget && used > heap->budget) {
      dfq__add_fetch(&heap->used, old_size - new_size);
      return NULL;
    }
    if (used > dfq__load(&heap->peak)) dfq__publish(&heap->peak, used);
  }
  void *to = heap->realloc(heap->user, ptr, old_size, new_size);
  if (new_size > old_size && !to) dfq__add_fetch(&heap->used, old_size - new_size);
  if (new_size < old_size) dfq__add_fetch(&heap->used, new_size - old_size);
  return new_size && !to && new_size <= old_size ? ptr : to;
}

static void *dfq__alloc(dfq__heap *heap, size_t bytes) {
  return dfq__resize(heap, NULL, 0, bytes);
}

// bytes must be the size that was asked for: the accounting, and the user's hook, rely on it.
static void dfq__free(dfq__heap *heap, void *ptr, size_t bytes) {
  if (ptr) dfq__resize(heap, ptr, bytes, 0);
}

// Zeroed memory for count things of size bytes; NULL too when the product overflows. For
// nothing it takes one byte, so that NULL always means failure; callers avoid that case (count
// + 1), because dfq__free is then owed that one byte.
static void *dfq__alloc_zero(dfq__heap *heap, size_t count, size_t size) {
  if (size && count > SIZE_MAX / 2 / size) return NULL;
  size_t bytes = dfq__max(count * size, 1);
  void *p = dfq__alloc(heap, bytes);
  return p ? memset(p, 0, bytes) : NULL;
}

// The heap's own block comes from the hook as well, but is not in the counts.
static dfq__heap *dfq__heap_open(const dfq_options *o) {
  dfq_realloc_fn fn = o && o->realloc ? o->realloc : NULL;
  void *user = fn ? o->realloc_user : NULL;
  dfq__heap *heap = (dfq__heap *)(fn ? fn(user, NULL, 0, sizeof *heap) : malloc(sizeof *heap));
  if (!heap) return NULL;
  memset(heap, 0, sizeof *heap);
  heap->realloc = fn ? fn : dfq__default_realloc;
  heap->user = fn ? user : heap;
  heap->budget = o ? o->budget : 0;
  heap->refs = 1;
  dfq__lock_init(&heap->lock);
  return heap;
}

DFQ__UNUSED static void dfq__heap_hold(dfq__heap *heap) { dfq__add_fetch(&heap->refs, 1); }

// The last owner frees it: the context, or a table that outlived the context.
static void dfq__heap_drop(dfq__heap *heap) {
  if (dfq__add_fetch(&heap->refs, (size_t)-1) > 0) return;
  for (int i = 0; i < DFQ__KEPT_BLOCKS; i++) free(heap->kept[i].ptr);
  dfq__lock_free(&heap->lock);
  if (heap->realloc == dfq__default_realloc) free(heap);
  else heap->realloc(heap->user, heap, sizeof *heap, 0);
}

// ---- >>buffers: aligned, padded, growing arrays ---------------------------------------------
// A column's memory: 64-byte aligned, and padded so that a kernel may write whole blocks of 64
// rows. Growth is by half, so that appending n rows copies fewer than 3n.

enum { DFQ__ALIGN = 64, DFQ__BLOCK = 64 };

typedef struct dfq__buffer {
  char *data;    // aligned
  char *base;    // what the hook returned
  size_t bytes;  // usable from data on, without the padding
} dfq__buffer;

// What is really allocated: room to align the start, and a whole block of the widest element
// behind the end, so that kernels need no loop for the rest.
static size_t dfq__buffer_total(size_t bytes) {
  return bytes + DFQ__ALIGN + DFQ__BLOCK * sizeof(dfq_view);
}

static char *dfq__align_up(char *p) {
  size_t over = (size_t)((uintptr_t)p % DFQ__ALIGN);
  return over ? p + (DFQ__ALIGN - over) : p;
}

DFQ__UNUSED static void dfq__buffer_free(dfq__heap *heap, dfq__buffer *b) {
  if (b->base) dfq__free(heap, b->base, dfq__buffer_total(b->bytes));
  memset(b, 0, sizeof *b);
}

// Makes room for bytes, keeps what is there. Returns false, and the buffer as it was, without
// memory.
// Never shrinks, and never uses the hook's own resize: the alignment may differ in the new
// place.
DFQ__UNUSED static bool dfq__buffer_reserve(dfq__heap *heap, dfq__buffer *b, size_t bytes) {
  if (bytes <= b->bytes && b->base) return true;
  if (bytes > SIZE_MAX / 4) return false;
  size_t want = dfq__max(bytes, b->bytes + b->bytes / 2);
  want = (want + 63) & ~(size_t)63;
  char *base = (char *)dfq__alloc(heap, dfq__buffer_total(want));
  if (!base) return false;
  char *data = dfq__align_up(base);
  if (b->base) {
    memcpy(data, b->data, b->bytes);
    dfq__free(heap, b->base, dfq__buffer_total(b->bytes));
  }
  b->base = base;
  b->data = data;
  b->bytes = want;
  return true;
}

// ---- >>arena: memory that is freed together -------------------------------------------------
// Idea. Plans and expressions are many small things with one common end. An arena hands out
// pieces of large chunks and frees them all at once, or back to a mark.
//
//   chunk 3 ──> chunk 2 ──> chunk 1        a mark is the number of bytes handed out so far
//   [####...]   [#######]   [#######]
//
// Cost: an addition per allocation. Nothing in an arena has a destructor; what must be released
// with it (a table that a plan holds) is registered by dfq__arena_on_release.

// start makes a mark a plain number: a chunk belongs to what came after the mark if it starts
// there or later.
typedef struct dfq__chunk {
  struct dfq__chunk *below;
  size_t size, used, start;   // start: bytes handed out before this chunk
} dfq__chunk;

typedef struct dfq__cleanup {
  struct dfq__cleanup *below;
  void (*release)(void *what);
  void *what;
} dfq__cleanup;

typedef struct dfq__arena {
  dfq__heap *heap;
  dfq__chunk *top;
  dfq__cleanup *cleanups;
} dfq__arena;

enum { DFQ__CHUNK_HEAD = (sizeof(dfq__chunk) + 15) / 16 * 16 };

// Chunks double up to 256 KiB: few calls for a large plan, little waste for a small one. A
// piece that is larger gets a chunk of its own size.
static bool dfq__arena_grow(dfq__arena *a, size_t bytes) {
  size_t size = a->top ? dfq__min(a->top->size * 2, (size_t)1 << 18) : 4096 - DFQ__CHUNK_HEAD;
  size = dfq__max(size, bytes);
  dfq__chunk *c = (dfq__chunk *)dfq__alloc(a->heap, DFQ__CHUNK_HEAD + size);
  if (!c) return false;
  c->below = a->top;
  c->size = size;
  c->used = 0;
  c->start = a->top ? a->top->start + a->top->used : 0;
  a->top = c;
  return true;
}

// Returns: zeroed memory, 16-byte aligned, valid until the arena's release; NULL when there is
// none.
// Zeroed, because nearly every struct here starts out as zeros, and forgetting one field would
// otherwise be a bug that shows up on some days only.
static void *dfq__arena_alloc(dfq__arena *a, size_t bytes) {
  if (bytes > SIZE_MAX / 4) return NULL;
  bytes = (bytes + 15) & ~(size_t)15;
  bool full = !a->top || a->top->size - a->top->used < bytes;
  if (full && !dfq__arena_grow(a, bytes)) return NULL;
  char *p = (char *)(void *)a->top + DFQ__CHUNK_HEAD + a->top->used;
  a->top->used += bytes;
  return memset(p, 0, bytes);
}

DFQ__UNUSED static void *dfq__arena_array(dfq__arena *a, size_t count, size_t size) {
  if (size && count > SIZE_MAX / 4 / size) return NULL;
  return dfq__arena_alloc(a, count * size);
}

// s needs no zero byte; the copy has one.
static const char *dfq__arena_text(dfq__arena *a, const char *s, size_t n) {
  char *p = (char *)dfq__arena_alloc(a, n + 1);
  if (p && n) memcpy(p, s, n);
  return p;
}

// The newest cleanup is first in the list, so a release stops at the first that is older than
// its mark.
DFQ__UNUSED
static bool dfq__arena_on_release(dfq__arena *a, void (*release)(void *), void *what) {
  dfq__cleanup *c = (dfq__cleanup *)dfq__arena_alloc(a, sizeof *c);
  if (!c) return false;
  c->below = a->cleanups;
  c->release = release;
  c->what = what;
  a->cleanups = c;
  return true;
}

static size_t dfq__arena_mark(const dfq__arena *a) {
  return a->top ? a->top->start + a->top->used : 0;
}

// Walks down the chunks to the one that holds p; only those above the mark are looked at.
static bool dfq__arena_is_above(const dfq__arena *a, const void *p, size_t mark) {
  for (const dfq__chunk *c = a->top; c && c->start + c->used > mark; c = c->below) {
    const char *from = (const char *)(const void *)c + DFQ__CHUNK_HEAD;
    const char *at = (const char *)p;
    if (at >= from && at < from + c->used) return c->start + (size_t)(at - from) >= mark;
  }
  return false;
}

// Frees everything handed out since the mark; 0 frees all. Cleanups run first, newest first.
// Cleanups live in the arena themselves, so they are found and run before any chunk goes.
static void dfq__arena_release(dfq__arena *a, size_t mark) {
  while (a->cleanups && dfq__arena_is_above(a, a->cleanups, mark)) {
    dfq__cleanup *c = a->cleanups;
    a->cleanups = c->below;
    c->release(c->what);
  }
  while (a->top && (a->top->start >= mark)) {
    dfq__chunk *c = a->top;
    a->top = c->below;
    dfq__free(a->heap, c, DFQ__CHUNK_HEAD + c->size);
  }
  if (a->top && a->top->start + a->top->used > mark) a->top->used = mark - a->top->start;
}

// Empties the arena but keeps its newest chunk: for scratch that is filled again and again.
// Such an arena has no cleanups: they are not run here, and would be left pointing at freed
// memory.
DFQ__UNUSED static void dfq__arena_rewind(dfq__arena *a) {
  if (!a->top) return;
  while (a->top->below) {
    dfq__chunk *c = a->top->below;
    a->top->below = c->below;
    dfq__free(a->heap, c, DFQ__CHUNK_HEAD + c->size);
  }
  a->top->used = a->top->start = 0;
}

// ---- >>text: a growing string ---------------------------------------------------------------
// For messages, explain and printing. A failed growth is remembered in failed; every further
// put is then a no-op, so that only the end needs a check.

typedef struct dfq__text {
  dfq__heap *heap;
  char *data;       // terminated by a zero byte once something was put
  size_t len, size;
  bool failed;
} dfq__text;

static dfq__text dfq__text_in(dfq__heap *heap) {
  dfq__text t = { heap, NULL, 0, 0, false };
  return t;
}

static void dfq__text_free(dfq__text *t) {
  dfq__free(t->heap, t->data, t->size);
  t->data = NULL;
  t->len = t->size = 0;
}

// One byte more than asked for: the zero at the end always fits.
static bool dfq__text_reserve(dfq__text *t, size_t more) {
  if (t->failed) return false;
  if (t->len + more + 1 <= t->size) return true;
  size_t size = dfq__max(t->size * 2, t->len + more + 64);
  char *data = (char *)dfq__resize(t->heap, t->data, t->size, size);
  if (!data) { t->failed = true; return false; }
  t->data = data;
  t->size = size;
  return true;
}

static void dfq__put_n(dfq__text *t, const char *s, size_t n) {
  if (!dfq__text_reserve(t, n)) return;
  if (n) memcpy(t->data + t->len, s, n);
  t->len += n;
  t->data[t->len] = 0;
}

static void dfq__put(dfq__text *t, const char *s) { dfq__put_n(t, s, strlen(s)); }
static void dfq__put_char(dfq__text *t, char c) { dfq__put_n(t, &c, 1); }

DFQ__UNUSED static void dfq__put_repeat(dfq__text *t, char c, size_t n) {
  if (!dfq__text_reserve(t, n)) return;
  memset(t->data + t->len, c, n);
  t->len += n;
  t->data[t->len] = 0;
}

// Formats into a small array first: most pieces fit, and only the long ones are formatted
// twice.
static void dfq__put_list(dfq__text *t, const char *format, va_list args) {
  char small[256];
  va_list again;
  va_copy(again, args);
  int n = vsnprintf(small, sizeof small, format, args);
  if (n >= 0 && (size_t)n < sizeof small) {
    dfq__put_n(t, small, (size_t)n);
  } else if (n >= 0 && dfq__text_reserve(t, (size_t)n)) {
    (void)vsnprintf(t->data + t->len, (size_t)n + 1, format, again);
    t->len += (size_t)n;
  }
  va_end(again);
}

DFQ__FORMAT(2) static void dfq__putf(dfq__text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  dfq__put_list(t, format, args);
  va_end(args);
}

// 1234567 as 1,234,567: for people.
DFQ__UNUSED static void dfq__put_count(dfq__text *t, uint64_t n) {
  char digits[32];
  int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
  for (int i = 0; i < len; i++) {
    if (i && (len - i) % 3 == 0) dfq__put_char(t, ',');
    dfq__put_char(t, digits[i]);
  }
}

// ---- >>hashing: one multiply, folded --------------------------------------------------------
// The full product of two 64-bit words holds every input bit in its middle; the exclusive or of
// its halves (a fold) brings them to both ends. Indexes take the top bits, owners the low ones.
// A seed per context keeps anyone from preparing keys that collide. (wyhash, Wang Yi 2019, uses
// the same step.)

static const uint64_t DFQ__C1 = 0x9E3779B97F4A7C15u, DFQ__C2 = 0xD6E8FEB86659FD93u,
                      DFQ__C3 = 0xA0761D6478BD642Fu;

static inline uint64_t dfq__fold(uint64_t a, uint64_t b) {
#if defined(__SIZEOF_INT128__)
  __extension__ typedef unsigned __int128 dfq__u128;
  dfq__u128 p = (dfq__u128)a * b;
  return (uint64_t)p ^ (uint64_t)(p >> 64);
#else
  uint64_t x = a ^ (b << 32 | b >> 32);
  x = (x ^ x >> 33) * 0xFF51AFD7ED558CCDu;
  x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53u;
  return x ^ x >> 33;
#endif
}

static inline uint64_t dfq__hash_word(uint64_t word, uint64_t seed) {
  return dfq__fold(word ^ seed ^ DFQ__C1, DFQ__C2);
}

static inline uint64_t dfq__hash_more(uint64_t hash, uint64_t word) {
  return dfq__fold(hash ^ word, DFQ__C3);
}

// The length goes in first, so that "a" and "a" with zero bytes behind it differ.
static uint64_t dfq__hash_bytes(const char *s, size_t n, uint64_t seed) {
  uint64_t h = dfq__hash_word(n, seed), w = 0;
  for (; n >= 8; n -= 8, s += 8) {
    memcpy(&w, s, 8);
    h = dfq__hash_more(h, w);
  }
  w = 0;
  if (n) memcpy(&w, s, n);
  return n ? dfq__hash_more(h, w) : h;
}

// ---- >>errors: one error, with everything a reader needs ------------------------------------
// An error is made once, whole, where it happens; after that only its pointer travels. It
// sticks to what failed (an expression, a frame, a run); the context keeps a copy of the latest
// one.

typedef struct dfq__error {
  dfq_status status;
  const char *message;
} dfq__error;

static const dfq__error dfq__error_memory = {
  DFQ_NO_MEMORY,
  "dfq: out of memory: the memory hook returned NULL, or options.budget is reached"
};

// An interned name: same text, same pointer.
typedef struct dfq__name {
  struct dfq__name *next;
  uint64_t hash;
  const char *text;
} dfq__name;

typedef struct dfq__param {
  struct dfq__param *next;
  const char *name;
  dfq_value value;
} dfq__param;

enum { DFQ__SPARE = 1024 };

struct dfq {
  dfq__heap *heap;
  dfq__arena arena;        // frames, expressions and what they hold: released to marks
  dfq__arena names_arena;  // names and parameters: for as long as the context lives
  dfq__name **names;       // a hash table with chains
  size_t name_count, name_slots;
  dfq__param *params;
  uint64_t seed;           // of all hashes
  int next_id;             // for plan nodes
  dfq_options options;
  dfq_io io;
  dfq__lock lock;          // guards what follows: several threads may run frames at once
  dfq_status status;       // of the latest error
  dfq__text message;
  dfq__text warnings;
  void *spare;             // DFQ__SPARE bytes for what a builder returns when memory is out
};

static const char *const dfq__status_words[] = {
#define DFQ__TEXT_OF(name, text) text,
  DFQ_STATUS_LIST(DFQ__TEXT_OF)
#undef DFQ__TEXT_OF
};

DFQ_API const char *dfq_status_text(dfq_status status) {
  return (unsigned)status < DFQ_STATUS_COUNT ? dfq__status_words[status] : "?";
}

// Makes e the context's latest error.
// The message is copied: the context's latest error must outlive the arena that the error was
// in. Under the lock, since several runs may fail at the same time.
DFQ__UNUSED static void dfq__report(dfq *db, const dfq__error *e) {
  dfq__lock_take(&db->lock);
  db->status = e->status;
  db->message.len = 0;
  db->message.failed = false;
  dfq__put(&db->message, e->message);
  dfq__lock_give(&db->lock);
}

// When there was no memory even for the copy, it says just that.
DFQ_API const char *dfq_error(const dfq *db) {
  if (!db) return dfq__error_memory.message;
  if (db->status == DFQ_OK) return "";
  return db->message.failed ? dfq__error_memory.message : db->message.data;
}

DFQ_API dfq_status dfq_error_status(const dfq *db) {
  if (!db || (db->message.failed && db->status != DFQ_OK)) return DFQ_NO_MEMORY;
  return db->status;
}

DFQ_API void dfq_clear_error(dfq *db) {
  if (!db) return;
  db->status = DFQ_OK;
  db->message.len = db->warnings.len = 0;
  db->message.failed = db->warnings.failed = false;
}

DFQ__FORMAT(2) DFQ__UNUSED static void dfq__warn(dfq *db, const char *format, ...) {
  va_list args;
  va_start(args, format);
  dfq__lock_take(&db->lock);
  dfq__put_list(&db->warnings, format, args);
  dfq__put(&db->warnings, "\n");
  dfq__lock_give(&db->lock);
  va_end(args);
}

DFQ_API const char *dfq_warnings(const dfq *db) {
  return db && db->warnings.len ? db->warnings.data : "";
}

// Makes an error in an arena from finished text; the text is freed.
// Two allocations that may fail; then the error is the one that needs no memory.
static const dfq__error *dfq__error_from(dfq__arena *arena, dfq_status status,
                                         dfq__text *text) {
  dfq__error *e = (dfq__error *)dfq__arena_alloc(arena, sizeof *e);
  const char *message = text->failed ? NULL : dfq__arena_text(arena, text->data, text->len);
  dfq__text_free(text);
  if (!e || !message) return &dfq__error_memory;
  e->status = status;
  e->message = message;
  return e;
}

// "dfq: type error, query.c:42, filter: " - how each message begins. at, where: NULL to leave
// out.
static void dfq__put_head(dfq__text *t, dfq_status status, const char *at, const char *where) {
  dfq__putf(t, "dfq: %s", dfq_status_text(status));
  if (at) dfq__putf(t, ", %s", at);
  if (where) dfq__putf(t, ", %s", where);
  dfq__put(t, ": ");
}

DFQ__FORMAT(5)
DFQ__UNUSED
static const dfq__error *dfq__error_new(dfq__arena *arena, dfq_status status, const char *at,
                                        const char *where, const char *format, ...) {
  dfq__text t = dfq__text_in(arena->heap);
  dfq__put_head(&t, status, at, where);
  va_list args;
  va_start(args, format);
  dfq__put_list(&t, format, args);
  va_end(args);
  return dfq__error_from(arena, status, &t);
}

// ---- >>names: interning, and "did you mean" -------------------------------------------------
// Idea. Columns are compared by name all the time, and never sorted by it. So each name is
// stored once, and from then on a pointer is the name: one comparison, whatever its length.
//
// A name that does not exist is usually a misspelt one. Messages offer the nearest that does.

// As many slots as names: chains stay short. Only the table moves, never a name, so the
// pointers that were handed out stay good.
static bool dfq__names_grow(dfq *db) {
  size_t slots = db->name_slots ? db->name_slots * 2 : 64;
  dfq__name **to = (dfq__name **)dfq__alloc_zero(db->heap, slots, sizeof *to);
  if (!to) return false;
  for (size_t i = 0; i < db->name_slots; i++)
    for (dfq__name *n = db->names[i], *next; n; n = next) {
      next = n->next;
      n->next = to[n->hash & (slots - 1)];
      to[n->hash & (slots - 1)] = n;
    }
  dfq__free(db->heap, db->names, db->name_slots * sizeof *to);
  db->names = to;
  db->name_slots = slots;
  return true;
}

// Returns: the one copy of this text, so that names are compared as pointers; NULL without
// memory.
// Names live as long as the context, not as the arena of plans: a mark and a release must not
// take away what a table's schema points to.
static const char *dfq__intern_n(dfq *db, const char *s, size_t n) {
  uint64_t hash = dfq__hash_bytes(s, n, db->seed);
  if (db->name_count >= db->name_slots && !dfq__names_grow(db)) return NULL;
  dfq__name **slot = &db->names[hash & (db->name_slots - 1)];
  for (dfq__name *e = *slot; e; e = e->next)
    if (e->hash == hash && strncmp(e->text, s, n) == 0 && e->text[n] == 0) return e->text;
  dfq__name *e = (dfq__name *)dfq__arena_alloc(&db->names_arena, sizeof *e);
  const char *text = e ? dfq__arena_text(&db->names_arena, s, n) : NULL;
  if (!text) return NULL;
  e->text = text;
  e->hash = hash;
  e->next = *slot;
  *slot = e;
  db->name_count++;
  return text;
}

DFQ__UNUSED static const char *dfq__intern(dfq *db, const char *s) {
  return dfq__intern_n(db, s, strlen(s));
}

static int dfq__lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

// Levenshtein distance without regard to case; names longer than 63 bytes count as far apart.
// One row of the table at a time: row[j] is the distance of the letters so far to b's first j.
static int dfq__edit_distance(const char *a, const char *b) {
  int row[64];
  size_t n = strlen(b);
  if (n > 63 || strlen(a) > 63) return 99;
  for (size_t j = 0; j <= n; j++) row[j] = (int)j;
  for (size_t i = 1; a[i - 1]; i++) {
    int corner = row[0];
    row[0] = (int)i;
    for (size_t j = 1; j <= n; j++) {
      int same = dfq__lower(a[i - 1]) == dfq__lower(b[j - 1]) ? 0 : 1;
      int best = corner + same;
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      corner = row[j];
      row[j] = best;
    }
  }
  return row[n];
}

// Keeps the nearer of two candidates for a misspelt name. *distance starts at dfq__near_limit.
// Of equally near ones the first stays, so the order of columns decides, not chance.
DFQ__UNUSED
static void dfq__nearer(const char *wanted, const char *candidate, const char **best,
                        int *distance) {
  int d = dfq__edit_distance(wanted, candidate);
  if (d > *distance || (*best && d == *distance)) return;
  *best = candidate;
  *distance = d;
}

// How many letters may differ: a third of them. With more, `foo` would suggest `or`.
DFQ__UNUSED
static int dfq__near_limit(const char *wanted) { return (int)(strlen(wanted) + 1) / 3; }

// ---- >>threads: one primitive ---------------------------------------------------------------
// dfq__parallel runs work(arg, 0), ..., work(arg, threads - 1) and returns when all have
// returned. No thread outlives the call. Starting one costs about 60 microseconds, so there is
// no pool; a thread that cannot be started is no error, because workers take their share from a
// common cursor.

enum { DFQ__MAX_THREADS = 64 };

typedef struct dfq__job {
  void (*work)(void *arg, int worker);
  void *arg;
  int worker;
} dfq__job;

#if defined(DFQ_NO_THREADS)
DFQ__UNUSED
static void dfq__parallel(int threads, void (*work)(void *arg, int worker), void *arg) {
  for (int i = 0; i < threads; i++) work(arg, i);
}
DFQ__UNUSED static int dfq__cores(void) { return 1; }
#else
static void *dfq__job_main(void *p) {
  dfq__job *j = (dfq__job *)p;
  j->work(j->arg, j->worker);
  return NULL;
}

DFQ__UNUSED
static void dfq__parallel(int threads, void (*work)(void *arg, int worker), void *arg) {
  pthread_t id[DFQ__MAX_THREADS];
  dfq__job job[DFQ__MAX_THREADS];
  bool started[DFQ__MAX_THREADS];
  for (int i = 1; i < threads; i++) {
    dfq__job j = { work, arg, i };
    job[i] = j;
    started[i] = pthread_create(&id[i], NULL, dfq__job_main, &job[i]) == 0;
  }
  work(arg, 0);
  for (int i = 1; i < threads; i++)
    if (started[i]) pthread_join(id[i], NULL);
    else work(arg, i);
}

DFQ__UNUSED static int dfq__cores(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > DFQ__MAX_THREADS ? DFQ__MAX_THREADS : (int)n;
}
#endif

// ---- >>files: the file hook and its default -------------------------------------------------
// Idea. The engine reads and writes through nine functions that a program may replace: to read
// from its own archive, to run where there are no files, and to test what happens when a write
// fails. The defaults are the C library's. Paths are passed on as they are; nothing here knows
// their form.

// Unbuffered: the engine reads and writes in large blocks of its own.
static void *dfq__io_open(void *user, const char *path, bool write, const char **why) {
  (void)user;
  FILE *f = fopen(path, write ? "wb" : "rb");
  if (!f) *why = strerror(errno);
  else setvbuf(f, NULL, _IONBF, 0);
  return f;
}

static int64_t dfq__io_read(void *user, void *file, void *to, size_t bytes) {
  FILE *f = (FILE *)file;
  (void)user;
  size_t n = fread(to, 1, bytes, f);
  return n == 0 && ferror(f) ? -1 : (int64_t)n;
}

static int64_t dfq__io_write(void *user, void *file, const void *from, size_t bytes) {
  (void)user;
  return fwrite(from, 1, bytes, (FILE *)file) == bytes ? (int64_t)bytes : -1;
}

static bool dfq__io_close(void *user, void *file) {
  (void)user;
  return fclose((FILE *)file) == 0;
}

// A file that is replaced keeps its mode: what was private stays so. And a device, a pipe or a
// link is not to be replaced by a file of its name, see dfq__io_target.
#if defined(_WIN32)
static bool dfq__io_rename(void *user, const char *from, const char *to) {
  (void)user;
  return rename(from, to) == 0;
}

static int dfq__io_target(void *user, const char *path, char *to, size_t size) {
  (void)user;
  int n = snprintf(to, size, "%s", path);
  return n >= 0 && (size_t)n < size;
}
#else
#include <sys/stat.h>
#if !defined(__USE_MISC) && !defined(__cplusplus)
extern char *realpath(const char *path, char *resolved); // hidden by strict -std=c11
#endif

static bool dfq__io_rename(void *user, const char *from, const char *to) {
  struct stat old;
  (void)user;
  if (stat(to, &old) == 0 && S_ISREG(old.st_mode)) (void)chmod(from, old.st_mode & 07777);
  return rename(from, to) == 0;
}

// A path too long for the caller's room is left as it is: opening it will say what is wrong.
static int dfq__io_target(void *user, const char *path, char *to, size_t size) {
  struct stat there;
  (void)user;
  bool exists = stat(path, &there) == 0;
  if (exists && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)) return 0;
  if (strncmp(path, "/dev/", 5) == 0) return 0;   // /dev/stdout, whatever it leads to
  char *real = exists ? realpath(path, NULL) : NULL;
  int n = snprintf(to, size, "%s", real ? real : path);
  free(real);
  if (n < 0 || (size_t)n >= size) (void)snprintf(to, size, "%.*s", (int)size - 1, path);
  return 1;
}
#endif

static void dfq__io_remove(void *user, const char *path) {
  (void)user;
  (void)remove(path);
}

// In bytes, at the file's start; -1 for a pipe, which cannot be sought in.
// long has 32 bits on some systems: a file beyond 2 GiB then has no known size, and is
// streamed.
static int64_t dfq__io_size(void *user, void *file) {
  FILE *f = (FILE *)file;
  (void)user;
  if (fseek(f, 0, SEEK_END) != 0) return -1;
  long size = ftell(f);
  return fseek(f, 0, SEEK_SET) == 0 ? (int64_t)size : -1;
}

static dfq_io dfq__io_default(void) {
  dfq_io io = { NULL, dfq__io_open, dfq__io_read, dfq__io_write, dfq__io_close, dfq__io_rename,
                dfq__io_remove, dfq__io_size, dfq__io_target };
  return io;
}

// Why a call of the hook failed: cleared before the call, asked for after it.
DFQ__UNUSED static void dfq__io_clear(void) { errno = 0; }
DFQ__UNUSED static const char *dfq__io_reason(void) {
  return errno ? strerror(errno) : "no reason is known";
}

// ---- >>context: open and close --------------------------------------------------------------

DFQ_API dfq *dfq_open(const dfq_options *options) {
  dfq__heap *heap = dfq__heap_open(options);
  dfq *db = heap ? (dfq *)dfq__alloc_zero(heap, 1, sizeof *db) : NULL;
  if (!db) {
    if (heap) dfq__heap_drop(heap);
    return NULL;
  }
  db->heap = db->arena.heap = db->names_arena.heap = heap;
  if (options) db->options = *options;
  db->io = options && options->io ? *options->io : dfq__io_default();
  db->message = db->warnings = dfq__text_in(heap);
  db->seed = dfq__hash_word((uint64_t)(uintptr_t)db, (uint64_t)(dfq__now() * 1e6));
  dfq__lock_init(&db->lock);
  db->spare = dfq__arena_alloc(&db->names_arena, DFQ__SPARE);
  if (db->spare) return db;
  dfq_close(db);
  return NULL;
}

// The heap goes last, and only if no table still holds it.
DFQ_API void dfq_close(dfq *db) {
  if (!db) return;
  dfq__heap *heap = db->heap;
  dfq__arena_release(&db->arena, 0);
  dfq__arena_release(&db->names_arena, 0);
  dfq__free(heap, db->names, db->name_slots * sizeof *db->names);
  dfq__text_free(&db->message);
  dfq__text_free(&db->warnings);
  dfq__lock_free(&db->lock);
  dfq__free(heap, db, sizeof *db);
  dfq__heap_drop(heap);
}

DFQ_API size_t dfq_mark(dfq *db) { return db ? dfq__arena_mark(&db->arena) : 0; }

DFQ_API void dfq_release(dfq *db, size_t mark) {
  if (db) dfq__arena_release(&db->arena, mark);
}

DFQ_API size_t dfq_bytes_used(const dfq *db) { return db ? dfq__load(&db->heap->used) : 0; }
DFQ_API size_t dfq_bytes_peak(const dfq *db) { return db ? dfq__load(&db->heap->peak) : 0; }

#endif // DFQ_CHAPTER >= 0

// =============================================================================================
// CHAPTER 1, ROWS: one row at a time, on demand
// =============================================================================================
#if DFQ_CHAPTER >= 1

// ---- >>rows: open, next, close --------------------------------------------------------------
// Idea. A query is a chain of small machines. Each knows one verb: "give me your next row". It
// asks the one below it as often as it must, and nobody ever holds more than one row. This is
// the Volcano model (Graefe, "Volcano - An Extensible and Parallel Query Evaluation System",
// 1994, section 3):
//
//     take(2)   next ──>  filter   next ──>  source
//               <── row            <── row, row, row ...
//
// Whoever stops asking ends the work: after its second row, take closes everything below, and
// the source is never asked for a third. Cost: one call through a pointer per row and machine,
// which is what chapter 3's batches are there to share among thousands of rows.
//
// filter and map take a C function. That is as fast as C, and a dead end: nobody can look
// inside a function pointer, so nobody can ask which columns it reads, whether it may move
// below a join, or what it makes of null. Chapter 2 builds expressions as data to answer such
// questions.
//
// The state of an iterator: fresh ──first next──> open ──end, error or stop──> closed.

typedef struct dfq__rows_class {
  const char *name;
  bool (*open)(dfq_rows *r);                         // may be NULL; false: failed
  int (*next)(dfq_rows *r, const dfq_value **row);   // 1 a row, 0 the end, -1 an error
  void (*close)(dfq_rows *r);                        // may be NULL; called once after open
} dfq__rows_class;

typedef enum dfq__rows_state { DFQ__FRESH, DFQ__OPENED, DFQ__CLOSED } dfq__rows_state;

struct dfq_rows {
  const dfq__rows_class *is;
  dfq *db;
  dfq_rows *in;       // the iterator below, owned; NULL for a source
  dfq_rows *other;    // a second one; only chapter 3's union and join have it
  size_t size;        // of the whole struct that begins here
  int columns;
  dfq_value *row;     // room for one row
  size_t pulled;      // rows that came out
  dfq__rows_state state;
  bool failed;
};

// Makes an iterator of size bytes over in. Without memory: closes in, returns NULL.
// Two blocks, because the row's length is known here only. The struct's size is kept for the
// heap, which wants to be told it back.
static dfq_rows *dfq__rows_new(dfq *db, size_t size, const dfq__rows_class *is, dfq_rows *in,
                               int columns) {
  dfq_rows *r = (dfq_rows *)dfq__alloc_zero(db->heap, 1, size);
  dfq_value *row = (dfq_value *)dfq__alloc_zero(db->heap, (size_t)columns + 1, sizeof *row);
  if (!r || !row) {
    dfq__free(db->heap, r, size);
    dfq__free(db->heap, row, ((size_t)columns + 1) * sizeof *row);
    dfq_rows_close(in);
    dfq__report(db, &dfq__error_memory);
    return NULL;
  }
  r->is = is;
  r->db = db;
  r->in = in;
  r->size = size;
  r->columns = columns;
  r->row = row;
  return r;
}

// Ends the iteration here and below; what was acquired by open is given back now.
// Safe to call twice: an iterator is closed once, whoever asks first.
static void dfq__rows_stop(dfq_rows *r) {
  if (!r || r->state == DFQ__CLOSED) return;
  if (r->state == DFQ__OPENED && r->is->close) r->is->close(r);
  r->state = DFQ__CLOSED;
  dfq__rows_stop(r->in);
  dfq__rows_stop(r->other);
}

// The three states meet here, so that no operator has to know them: the first call opens, and
// the end or an error closes at once. A source's file is not kept open by an iterator that
// someone forgets to close after its last row.
DFQ_API bool dfq_rows_next(dfq_rows *r, const dfq_value **row) {
  int got = 1;
  if (!r || r->state == DFQ__CLOSED) return false;
  if (r->state == DFQ__FRESH) {
    r->state = DFQ__OPENED;
    if (r->is->open && !r->is->open(r)) got = -1;
  }
  if (got > 0) got = r->is->next(r, row);
  if (got > 0) { r->pulled++; return true; }
  r->failed = got < 0;
  dfq__rows_stop(r);
  return false;
}

// What an iterator's next returns when the one below has given its last row.
static int dfq__rows_end(const dfq_rows *in) { return in->failed ? -1 : 0; }

DFQ_API bool dfq_rows_failed(const dfq_rows *r) { return !r || r->failed; }
DFQ_API int dfq_rows_columns(const dfq_rows *r) { return r ? r->columns : 0; }
DFQ_API size_t dfq_rows_pulled(const dfq_rows *r) { return r ? r->pulled : 0; }

// Recursive over the chain, which is as long as the program's text made it.
DFQ_API void dfq_rows_close(dfq_rows *r) {
  if (!r) return;
  dfq__rows_stop(r);
  dfq_rows_close(r->in);
  dfq_rows_close(r->other);
  dfq__heap *heap = r->db->heap;
  dfq__free(heap, r->row, ((size_t)r->columns + 1) * sizeof *r->row);
  dfq__free(heap, r, r->size);
}

// ---- >>row-sources: an array, and a function behind a factory -------------------------------
// A source that is replayed needs a factory, not a cursor: open makes a fresh cursor each time.
// The same plan can then run twice, or be compared with its optimized twin.

typedef struct dfq__array_rows {
  dfq_rows head;
  const dfq_value *cells;
  size_t rows, at;
} dfq__array_rows;

// Borrows: the row is a pointer into the caller's cells, nothing is copied.
static int dfq__array_rows_next(dfq_rows *r, const dfq_value **row) {
  dfq__array_rows *a = (dfq__array_rows *)r;
  if (a->at == a->rows) return 0;
  *row = a->cells + a->at++ * (size_t)r->columns;
  return 1;
}

static const dfq__rows_class dfq__array_rows_class = {
  "array", NULL, dfq__array_rows_next, NULL
};

DFQ_API dfq_rows *dfq_rows_array(dfq *db, const dfq_value *cells, size_t rows, int columns) {
  dfq_rows *r = dfq__rows_new(db, sizeof(dfq__array_rows), &dfq__array_rows_class, NULL,
                              columns);
  dfq__array_rows *a = (dfq__array_rows *)r;
  if (!r) return NULL;
  a->cells = cells;
  a->rows = rows;
  return r;
}

typedef struct dfq__source_rows {
  dfq_rows head;
  dfq_row_source source;
  void *cursor;
} dfq__source_rows;

static const char *dfq__source_name(const dfq_row_source *s) {
  return s->name ? s->name : "rows";
}

// Errors made here live for one call: the context keeps its own copy of the text.
static bool dfq__source_rows_open(dfq_rows *r) {
  dfq__source_rows *s = (dfq__source_rows *)r;
  s->cursor = s->source.open ? s->source.open(s->source.user) : s->source.user;
  if (s->cursor || !s->source.open) return true;
  dfq__arena scratch = { r->db->heap, NULL, NULL };
  dfq__report(r->db, dfq__error_new(&scratch, DFQ_IO_ERROR, NULL, dfq__source_name(&s->source),
                                    "the source's open returned NULL"));
  dfq__arena_release(&scratch, 0);
  return false;
}

static int dfq__source_rows_next(dfq_rows *r, const dfq_value **row) {
  dfq__source_rows *s = (dfq__source_rows *)r;
  int got = s->source.next(s->cursor, r->row);
  *row = r->row;
  if (got >= 0) return got > 0;
  dfq__arena scratch = { r->db->heap, NULL, NULL };
  dfq__report(r->db, dfq__error_new(&scratch, DFQ_IO_ERROR, NULL, dfq__source_name(&s->source),
                                    "the source's next failed after row %zu", r->pulled));
  dfq__arena_release(&scratch, 0);
  return -1;
}

// Called after a failed open, too; there is no cursor to close then.
static void dfq__source_rows_close(dfq_rows *r) {
  dfq__source_rows *s = (dfq__source_rows *)r;
  if (s->cursor && s->source.close) s->source.close(s->cursor);
}

static const dfq__rows_class dfq__source_rows_class = {
  "source", dfq__source_rows_open, dfq__source_rows_next, dfq__source_rows_close
};

DFQ_API dfq_rows *dfq_rows_source(dfq *db, const dfq_row_source *source) {
  dfq_rows *r = dfq__rows_new(db, sizeof(dfq__source_rows), &dfq__source_rows_class, NULL,
                              source->count);
  if (r) ((dfq__source_rows *)r)->source = *source;
  return r;
}

// ---- >>row-operators: filter, map and take by function pointer ------------------------------
// Each is a struct that begins with a dfq_rows, a next, and a constructor. NULL below means
// that there was no memory; it is passed on, so that a chain is checked once, at its end.

typedef struct dfq__filter_rows {
  dfq_rows head;
  bool (*keep)(void *user, const dfq_value *row);
  void *user;
} dfq__filter_rows;

// The row passes through untouched, so the pointer of the iterator below is handed on.
static int dfq__filter_rows_next(dfq_rows *r, const dfq_value **row) {
  dfq__filter_rows *f = (dfq__filter_rows *)r;
  while (dfq_rows_next(r->in, row))
    if (f->keep(f->user, *row)) return 1;
  return dfq__rows_end(r->in);
}

static const dfq__rows_class dfq__filter_rows_class = {
  "filter", NULL, dfq__filter_rows_next, NULL
};

DFQ_API dfq_rows *dfq_rows_filter(dfq_rows *in, bool (*keep)(void *user, const dfq_value *row),
                                  void *user) {
  if (!in) return NULL;
  dfq_rows *r = dfq__rows_new(in->db, sizeof(dfq__filter_rows), &dfq__filter_rows_class, in,
                              in->columns);
  dfq__filter_rows *f = (dfq__filter_rows *)r;
  if (!r) return NULL;
  f->keep = keep;
  f->user = user;
  return r;
}

typedef struct dfq__map_rows {
  dfq_rows head;
  bool (*map)(void *user, const dfq_value *row, dfq_value *to);
  void *user;
} dfq__map_rows;

// Writes into its own row: the one below is only borrowed.
static int dfq__map_rows_next(dfq_rows *r, const dfq_value **row) {
  dfq__map_rows *m = (dfq__map_rows *)r;
  const dfq_value *from = NULL;
  if (!dfq_rows_next(r->in, &from)) return dfq__rows_end(r->in);
  *row = r->row;
  if (m->map(m->user, from, r->row)) return 1;
  dfq__arena scratch = { r->db->heap, NULL, NULL };
  dfq__report(r->db, dfq__error_new(&scratch, DFQ_VALUE_ERROR, NULL, "map",
                                    "the function returned false for row %zu", r->pulled));
  dfq__arena_release(&scratch, 0);
  return -1;
}

static const dfq__rows_class dfq__map_rows_class = { "map", NULL, dfq__map_rows_next, NULL };

DFQ_API dfq_rows *dfq_rows_map(dfq_rows *in, int columns,
                               bool (*map)(void *user, const dfq_value *row, dfq_value *to),
                               void *user) {
  if (!in) return NULL;
  dfq_rows *r = dfq__rows_new(in->db, sizeof(dfq__map_rows), &dfq__map_rows_class, in, columns);
  dfq__map_rows *m = (dfq__map_rows *)r;
  if (!r) return NULL;
  m->map = map;
  m->user = user;
  return r;
}

typedef struct dfq__take_rows {
  dfq_rows head;
  size_t left;
} dfq__take_rows;

static int dfq__take_rows_next(dfq_rows *r, const dfq_value **row) {
  dfq__take_rows *t = (dfq__take_rows *)r;
  if (t->left == 0) return 0;   // the caller of next closes everything below now
  if (!dfq_rows_next(r->in, row)) return dfq__rows_end(r->in);
  t->left--;
  return 1;
}

static const dfq__rows_class dfq__take_rows_class = { "take", NULL, dfq__take_rows_next, NULL };

DFQ_API dfq_rows *dfq_rows_take(dfq_rows *in, size_t n) {
  if (!in) return NULL;
  dfq_rows *r = dfq__rows_new(in->db, sizeof(dfq__take_rows), &dfq__take_rows_class, in,
                              in->columns);
  if (r) ((dfq__take_rows *)r)->left = n;
  return r;
}

#endif // DFQ_CHAPTER >= 1

// =============================================================================================
// CHAPTER 2, EXPRESSIONS: formulas as data
// =============================================================================================
#if DFQ_CHAPTER >= 2

// ---- >>types: names, widening, and what may be cast to what ---------------------------------
// Every expression has a type before any row is read. Two conversions happen by themselves,
// because they lose nothing that a reader would miss: i32 -> i64 -> f64 and date -> datetime.
// Between text and numbers, or bool and numbers, nothing happens by itself: that is an error
// when the plan is built, and cast says what is meant.
//
//   null ──> everything        i32 ──> i64 ──> f64        date ──> datetime
//
// That is the whole lattice. Other engines let text become a number when a number is needed:
// then '10' < '9' depends on what stands next to it, and a join on such keys loses rows in
// silence.

// Positional, in the order of the enum: C++ knows no designated elements.
static const char *const dfq__type_names[] = {
  "null", "bool", "i32", "i64", "f64", "str", "date", "datetime", "duration", "days", "months"
};

// Intervals of days and months have a size only to fill the row: no column holds them.
// Bytes of one value in a column.
static const uint8_t dfq__type_sizes[] = {
  1, 1, 4, 8, 8, sizeof(dfq_view), 4, 8, 8, 8, 8
};

// One letter a type, for the signatures of functions: n b 3 i f s d t u D M.
static const char dfq__type_letters[] = "nb3ifsdtuDM";

// A type's kind without its parameter. No type has a parameter yet; whoever switches over types
// asks through here all the same, so that a decimal's scale can come later without a search.
static dfq_type dfq__kind(dfq_type t) { return t & 0xff; }
DFQ__UNUSED static size_t dfq__size_of(dfq_type t) { return dfq__type_sizes[dfq__kind(t)]; }

DFQ_API const char *dfq_type_name(dfq_type type) {
  return dfq__kind(type) < DFQ_KINDS ? dfq__type_names[dfq__kind(type)] : "?";
}

// A type that columns may have; intervals of days and months exist as literals only.
DFQ__UNUSED static bool dfq__is_column_type(dfq_type t) { return t > DFQ_NULL && t < DFQ_DAYS; }

// Returns: the type of a name of n bytes, DFQ_KINDS when there is none.
// days and months have no name that can be written: a cast to them means nothing.
static dfq_type dfq__type_find(const char *name, size_t n) {
  for (dfq_type t = DFQ_BOOL; t < DFQ_DAYS; t++)
    if (strlen(dfq__type_names[t]) == n && memcmp(name, dfq__type_names[t], n) == 0) return t;
  return DFQ_KINDS;
}

// strchr finds the terminating zero as well, so the end of a signature has to be told apart.
static dfq_type dfq__letter_type(char letter) {
  const char *at = strchr(dfq__type_letters, letter);
  return at && *at ? (dfq_type)(at - dfq__type_letters) : (dfq_type)DFQ_KINDS;
}

// Above every sum of costs: dfq__overload_cost stops adding just below it, or a long list of
// integers after "x in" would be a type error where x is a float.
enum { DFQ__NO_WAY = 100 };

// What it costs to widen a value by itself; DFQ__NO_WAY when that must not happen.
// The numbers are an order, not a measure. i32 -> i64 must be nearer than i32 -> f64, so that
// integers stay integers where both would do; a null is equally near to everything, and the
// first signature in the table wins. i64 -> f64 may round above 2^53: SQL accepts that, and so
// does this.
static int dfq__widen_cost(dfq_type from, dfq_type to) {
  if (from == to) return 0;
  if (from == DFQ_NULL) return 1;
  if (from == DFQ_I32 && to == DFQ_I64) return 1;
  if (from == DFQ_I64 && to == DFQ_F64) return 2;
  if (from == DFQ_I32 && to == DFQ_F64) return 3;
  if (from == DFQ_DATE && to == DFQ_DATETIME) return 2;
  return DFQ__NO_WAY;
}

// The type that both widen to; DFQ_KINDS when there is none.
// Not symmetric in how it asks, but in what it answers: one of the two must be able to become
// the other. There is no third type to meet in, so that the type of a result always stands in
// the query.
static dfq_type dfq__common_type(dfq_type a, dfq_type b) {
  if (dfq__widen_cost(a, b) < DFQ__NO_WAY) return b;
  if (dfq__widen_cost(b, a) < DFQ__NO_WAY) return a;
  return DFQ_KINDS;
}

// Read from the left: a row is the type that is there, a column the type that is wanted. A
// number becomes a bool by "is it not zero"; a date and a number have nothing to do with each
// other, so there is no cast to count days with: subtract two dates. null casts to everything.
// What cast allows: . never, = the same, + always works, ! may fail for some values.
static const char *const dfq__cast_matrix[] = {
  // to:    null bool i32 i64 f64 str date datetime duration    from:
  /*             n    b    3    i    f    s    d    t    u */
  /* null     */ "=++++++++",
  /* bool     */ ".=++++...",
  /* i32      */ ".+=+++...",
  /* i64      */ ".+!=++...",
  /* f64      */ ".+!!=+...",
  /* str      */ ".!!!!=!!.",
  /* date     */ ".....+=+.",
  /* datetime */ ".....++=.",
  /* duration */ ".....+..=",
  /* days     */ ".........",
  /* months   */ ".........",
};

// '!' is what the optimizer asks about: such a cast must not run on rows that a filter below it
// would have dropped.
static char dfq__cast_kind(dfq_type from, dfq_type to) {
  return to < DFQ_DAYS ? dfq__cast_matrix[dfq__kind(from)][to] : '.';
}

// ---- >>values: single values, text to numbers and dates, and back ---------------------------
// Everything here is exact or refuses: a number is read back as it was written, or not at all.
//
// Why not the C library: strtod reads the locale's decimal point, hexadecimal floats and
// leading blanks, and wants a terminating zero, which a field in the middle of a CSV file has
// not. time_t and struct tm know zones, and years since 1900. So the common cases are a few
// lines here, and only the rare float of many digits goes to strtod, in a form that no locale
// can change.

// All of it is zeroed, the padding as well: values are copied and kept, and a memory checker
// should find nothing unset in them.
static dfq_value dfq__value_null(void) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  return v;
}

static dfq_value dfq__value_int(dfq_type type, int64_t i) {
  dfq_value v = dfq__value_null();
  v.type = type;
  v.as.i = i;
  return v;
}

static dfq_value dfq__value_f64(double f) {
  dfq_value v = dfq__value_null();
  v.type = DFQ_F64;
  v.as.f = f;
  return v;
}

static dfq_value dfq__value_str(const char *s, size_t n) {
  dfq_value v = dfq__value_null();
  v.type = DFQ_STR;
  v.as.s = s;
  v.len = (uint32_t)n;
  return v;
}

static bool dfq__is_digit(char c) { return c >= '0' && c <= '9'; }

// The whole of s[0 .. n) as an integer. Returns false when it is none or does not fit.
// No leading plus, no blanks, no separators: a column that is "nearly" integers stays text, and
// says so when its type is inferred. The limit is one larger for negatives, which is how
// INT64_MIN reads without a wider type.
static bool dfq__read_i64(const char *s, size_t n, int64_t *to) {
  bool negative = n && *s == '-';
  size_t i = negative ? 1 : 0;
  uint64_t v = 0, limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  if (i == n) return false;
  for (; i < n; i++) {
    if (!dfq__is_digit(s[i])) return false;
    uint64_t d = (uint64_t)(s[i] - '0');
    if (v > (limit - d) / 10) return false;
    v = v * 10 + d;
  }
  *to = negative ? (int64_t)(0 - v) : (int64_t)v;
  return true;
}

// The powers of ten that a double holds exactly: 10^22 = 2^22 * 5^22, and 5^22 < 2^53.
static const double dfq__powers[] = {
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
  1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

// nan, inf, infinity, in any case, with an optional sign.
// A NaN's sign and payload are dropped: there is one NaN as far as anyone can see. A word of
// more than eight letters is refused before it is copied.
static bool dfq__read_word_f64(const char *s, size_t n, double *to) {
  char word[10] = "";
  bool negative = n && *s == '-';
  if (n && (*s == '-' || *s == '+')) { s++; n--; }
  if (n < 3 || n > 8) return false;
  for (size_t i = 0; i < n; i++) word[i] = (char)dfq__lower(s[i]);
  if (strcmp(word, "nan") == 0) { *to = (double)NAN; return true; }
  if (strcmp(word, "inf") != 0 && strcmp(word, "infinity") != 0) return false;
  *to = negative ? -(double)INFINITY : (double)INFINITY;
  return true;
}

// The shape of a decimal number: sign, digits, point, exponent.
typedef struct dfq__decimal {
  uint64_t mantissa;   // its digits, when there are at most 19
  int exponent;        // value = mantissa * 10^exponent
  int digits;          // significant ones
  bool negative, integer;
} dfq__decimal;

// Accepts what strtod would, without hexadecimal and without a locale. The mantissa is right
// for up to 19 digits, which always fit in 64 bits; with more, only the shape counts, and the
// slow way reads the digits again. integer tells that there was neither point nor exponent.
// Exponents beyond nine digits are refused, not clamped: nobody writes one on purpose.
static bool dfq__scan_decimal(const char *s, size_t n, dfq__decimal *d) {
  size_t i = n && (*s == '-' || *s == '+') ? 1 : 0, seen = 0;
  memset(d, 0, sizeof *d);
  d->negative = n && *s == '-';
  d->integer = true;
  for (; i < n && (dfq__is_digit(s[i]) || (s[i] == '.' && d->integer)); i++) {
    if (s[i] == '.') { d->integer = false; continue; }
    seen++;
    if (!d->integer) d->exponent--;
    if (d->digits || s[i] != '0') d->digits++;
    if (d->digits <= 19) d->mantissa = d->mantissa * 10 + (uint64_t)(s[i] - '0');
  }
  if (!seen) return false;
  if (i == n) return true;
  if (s[i] != 'e' && s[i] != 'E') return false;
  int64_t e;
  size_t plus = i + 1 < n && s[i + 1] == '+' ? 1 : 0;
  if (plus && i + 2 < n && s[i + 2] == '-') return false;
  if (!dfq__read_i64(s + i + 1 + plus, n - i - 1 - plus, &e)) return false;
  if (e > 999999999 || e < -999999999) return false;
  d->exponent += (int)e;
  d->integer = false;
  return true;
}

// By the C library's strtod, given as digits and an exponent: no decimal point, because strtod
// knows only the locale's. 770 digits decide every rounding; of what follows it matters only
// whether it is zero.
// Why 770: the exact decimal expansion of the middle between two doubles never has more than
// 768 significant digits, so a nonzero rest behind them can only mean "a little above".
static double dfq__read_f64_slowly(const char *s, size_t n, const dfq__decimal *d) {
  char text[800];
  size_t len = 0, kept = 0, total = 0;
  bool rest = false;
  for (size_t i = 0; i < n && s[i] != 'e' && s[i] != 'E'; i++) {
    if (!dfq__is_digit(s[i]) || (s[i] == '0' && !total)) continue;
    total++;
    if (kept < 770) { text[len++] = s[i]; kept++; }
    else if (s[i] != '0') rest = true;
  }
  if (!total) text[len++] = '0';
  if (rest) { text[len++] = '1'; kept++; }
  (void)snprintf(text + len, sizeof text - len, "e%d", d->exponent + (int)(total - kept));
  double v = strtod(text, NULL);
  return d->negative ? -v : v;
}

// The whole of s[0 .. n) as a float, rounded once. Up to 15 digits and powers up to 22 are
// exact in doubles, so that one multiplication rounds right (Clinger, "How to Read Floating
// Point Numbers Accurately", 1990); the rest goes to the C library. Digits that round to
// infinity are refused: 1e400 is a number that does not fit, not inf.
static bool dfq__read_f64(const char *s, size_t n, double *to) {
  dfq__decimal d;
  if (!dfq__scan_decimal(s, n, &d)) return dfq__read_word_f64(s, n, to);
  if (d.digits > 15 || d.exponent < -22 || d.exponent > 22) {
    *to = dfq__read_f64_slowly(s, n, &d);
    return *to - *to == 0;
  }
  double v = (double)d.mantissa;
  v = d.exponent < 0 ? v / dfq__powers[-d.exponent] : v * dfq__powers[d.exponent];
  *to = d.negative ? -v : v;
  return true;
}

// Not 0 and 1, not yes and no: those are a column of integers, and a column of text.
static bool dfq__read_bool(const char *s, size_t n, int64_t *to) {
  static const char *const words[] = { "false", "true", "False", "True", "FALSE", "TRUE" };
  for (int i = 0; i < 6; i++)
    if (strlen(words[i]) == n && memcmp(s, words[i], n) == 0) { *to = i & 1; return true; }
  return false;
}

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back (Hinnant,
// "chrono-Compatible Low-Level Date Algorithms"): years begin in March, so that the leap day is
// last.
// y is widened first, so that years of any int work, negative ones as well: era is floored.
static int64_t dfq__days_from_civil(int64_t y, int m, int d) {
  y -= m <= 2;
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t yoe = y - era * 400;
  int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

// era is 400 years of 146,097 days; yoe and doe are the year and day of it, doy the day of a
// year that begins on 1 March. 153 days are five months there: 31, 30, 31, 30, 31.
static void dfq__civil_from_days(int64_t days, int64_t *y, int *m, int *d) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t doe = days - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  *d = (int)(doy - (153 * mp + 2) / 5 + 1);
  *m = (int)(mp < 10 ? mp + 3 : mp - 9);
  *y = yoe + era * 400 + (*m <= 2);
}

static bool dfq__is_leap(int64_t y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0); }

static int dfq__month_days(int64_t y, int m) {
  static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  return m == 2 && dfq__is_leap(y) ? 29 : days[m - 1];
}

// The whole range of four-digit years; dates beyond it cannot be written or read back.
// Year 0 exists, as in ISO 8601, and is a leap year; there is no year before it here.
static bool dfq__date_fits(int64_t days) { return days >= -719162 - 366 && days <= 2932896; }

// In microseconds. A day has 86,400 seconds: leap seconds do not exist, as in POSIX and Arrow.
static const int64_t DFQ__SECOND = 1000000, DFQ__DAY = 86400 * (int64_t)1000000;

// The day a datetime lies in. C's division truncates: before 1970 that would be the day after.
static int64_t dfq__day_of(int64_t micros) {
  return micros / DFQ__DAY - (micros % DFQ__DAY < 0);
}

// Exactly count digits at s as a number; -1 when they are not digits.
static int dfq__read_digits(const char *s, int count) {
  int v = 0;
  for (int i = 0; i < count; i++) {
    if (!dfq__is_digit(s[i])) return -1;
    v = v * 10 + (s[i] - '0');
  }
  return v;
}

// YYYY-MM-DD or YYYY/MM/DD.
static bool dfq__read_date(const char *s, size_t n, int64_t *days) {
  if (n != 10 || (s[4] != '-' && s[4] != '/') || s[7] != s[4]) return false;
  int y = dfq__read_digits(s, 4), m = dfq__read_digits(s + 5, 2);
  int d = dfq__read_digits(s + 8, 2);
  if (y < 0 || m < 1 || m > 12 || d < 1 || d > dfq__month_days(y, m)) return false;
  *days = dfq__days_from_civil(y, m, d);
  return true;
}

// ".123456": at most six digits. Returns how many bytes it took, 0 for none, -1 when it is no
// fraction.
// A seventh digit is refused, not cut off: text that is read must be able to come back as it
// was.
static int dfq__read_fraction(const char *s, size_t n, int64_t *micros) {
  int i = 1;
  *micros = 0;
  if (n == 0 || s[0] != '.') return 0;
  for (int64_t unit = 100000; (size_t)i < n && dfq__is_digit(s[i]); i++, unit /= 10) {
    if (unit == 0) return -1;
    *micros += unit * (s[i] - '0');
  }
  return i > 1 ? i : -1;
}

// "Z", "+02", "+0200", "+02:00" or nothing: seconds east of UTC.
// A zone is read and applied, not kept: what is stored is UTC.
static bool dfq__read_zone(const char *s, size_t n, int64_t *seconds) {
  *seconds = 0;
  if (n == 0 || (n == 1 && (*s == 'Z' || *s == 'z'))) return true;
  if ((*s != '+' && *s != '-') || (n != 3 && n != 5 && n != 6)) return false;
  if (n == 6 && s[3] != ':') return false;
  int h = dfq__read_digits(s + 1, 2), m = n == 3 ? 0 : dfq__read_digits(s + n - 2, 2);
  if (h < 0 || h > 23 || m < 0 || m > 59) return false;
  *seconds = (*s == '-' ? -1 : 1) * (int64_t)(h * 3600 + m * 60);
  return true;
}

// A date, then 'T' or a blank, HH:MM[:SS[.ffffff]] and an optional zone; a date alone is its
// midnight.
static bool dfq__read_datetime(const char *s, size_t n, int64_t *micros) {
  int64_t days, fraction = 0, zone;
  if (n < 10 || !dfq__read_date(s, 10, &days)) return false;
  *micros = days * DFQ__DAY;
  if (n == 10) return true;
  if (n < 16 || (s[10] != 'T' && s[10] != ' ') || s[13] != ':') return false;
  int h = dfq__read_digits(s + 11, 2), m = dfq__read_digits(s + 14, 2), sec = 0;
  size_t at = 16;
  if (n >= 19 && s[16] == ':') {
    sec = dfq__read_digits(s + 17, 2);
    int took = dfq__read_fraction(s + 19, n - 19, &fraction);
    if (took < 0) return false;
    at = 19 + (size_t)took;
  }
  if (h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 59) return false;
  if (!dfq__read_zone(s + at, n - at, &zone)) return false;
  *micros += ((int64_t)h * 3600 + m * 60 + sec - zone) * DFQ__SECOND + fraction;
  return dfq__date_fits(dfq__day_of(*micros));   // a zone may lead out of the range
}

enum { DFQ__NUMBER_TEXT = 48 };   // room for any number or date as text

// The shortest digits that read back as the same double; always with a point or an exponent.
// 15 digits are always enough for what was written with up to 15; 17 are enough for any double.
// So three attempts decide. A trailing ".0" keeps the number a float when its text is read
// again.
static size_t dfq__write_f64(char *to, double v) {
  if (v != v) return (size_t)snprintf(to, DFQ__NUMBER_TEXT, "nan");
  if (v - v != 0) return (size_t)snprintf(to, DFQ__NUMBER_TEXT, v < 0 ? "-inf" : "inf");
  int n = 0;
  for (int digits = 15; digits <= 17; digits++) {
    double back = 0;
    n = snprintf(to, DFQ__NUMBER_TEXT, "%.*g", digits, v);
    for (int i = 0; i < n; i++)   // some locales write a comma
      if (!dfq__is_digit(to[i]) && to[i] != '-' && to[i] != '+' && to[i] != 'e') to[i] = '.';
    if (dfq__read_f64(to, (size_t)n, &back) && memcmp(&back, &v, sizeof v) == 0) break;
  }
  if (!strpbrk(to, ".e")) n += snprintf(to + n, 3, ".0");
  return (size_t)n;
}

static size_t dfq__write_date(char *to, int64_t days) {
  int64_t y;
  int m, d;
  dfq__civil_from_days(days, &y, &m, &d);
  return (size_t)snprintf(to, DFQ__NUMBER_TEXT, "%04lld-%02d-%02d", (long long)y, m, d);
}

// Six digits or none: a column of times lines up better than with 1 to 6 of them.
static size_t dfq__write_clock(char *to, int64_t micros) {
  int64_t s = micros / DFQ__SECOND, f = micros % DFQ__SECOND;
  int n = snprintf(to, 24, "%02lld:%02d:%02d", (long long)(s / 3600), (int)(s / 60 % 60),
                   (int)(s % 60));
  if (f) n += snprintf(to + n, 8, ".%06d", (int)f);
  return (size_t)n;
}

static size_t dfq__write_datetime(char *to, int64_t micros) {
  int64_t days = dfq__day_of(micros);
  size_t n = dfq__write_date(to, days);
  to[n++] = ' ';
  return n + dfq__write_clock(to + n, micros - days * DFQ__DAY);
}

// Through unsigned arithmetic, because INT64_MIN has no positive twin.
static size_t dfq__write_duration(char *to, int64_t micros) {
  uint64_t u = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;
  uint64_t day = (uint64_t)DFQ__DAY;
  size_t n = 0;
  if (micros < 0) to[n++] = '-';
  if (u >= day) n += (size_t)snprintf(to + n, 24, "%llud ", (unsigned long long)(u / day));
  return n + dfq__write_clock(to + n, (int64_t)(u % day));
}

// The text of any value but a string: how tables, CSV files and casts show it. "" for null.
static size_t dfq__write_value(char *to, const dfq_value *v) {
  to[0] = 0;
  switch (dfq__kind(v->type)) {
    case DFQ_BOOL: return (size_t)snprintf(to, DFQ__NUMBER_TEXT, v->as.i ? "true" : "false");
    case DFQ_F64: return dfq__write_f64(to, v->as.f);
    case DFQ_DATE: return dfq__write_date(to, v->as.i);
    case DFQ_DATETIME: return dfq__write_datetime(to, v->as.i);
    case DFQ_DURATION: return dfq__write_duration(to, v->as.i);
    case DFQ_NULL: case DFQ_STR: return 0;
    default: return (size_t)snprintf(to, DFQ__NUMBER_TEXT, "%lld", (long long)v->as.i);
  }
}

static void dfq__put_value(dfq__text *t, const dfq_value *v) {
  char text[DFQ__NUMBER_TEXT];
  if (v->type == DFQ_NULL) dfq__put(t, "null");
  else if (v->type == DFQ_STR) dfq__put_n(t, v->as.s, v->len);
  else dfq__put_n(t, text, dfq__write_value(text, v));
}

// ---- >>scalars: the meaning of every function, for one row ----------------------------------
// Each function's meaning stands once, for single values. The row engine, the constant folder
// and the batch engine's error path call it here; chapter 3's kernels are the same formulas
// over 64 rows at a time. A scalar returns NULL, or why it failed. *to comes in as null, and an
// answer that is null needs no more than a return.
//
//   constants folded when a plan is bound ──┐
//   the row engine ─────────────────────────┼──> dfq__add_int: the meaning of + on integers
//   the row at which a batch failed ────────┘          ^
//   a batch without failures ──> a kernel, the same formula; tests compare it with the scalar
//
// So there is one place to read, and one to change, when the question is what -7 // 2 gives.

typedef struct dfq__scalar_args {
  const dfq_value *a;
  int count;
  dfq__arena *strings;   // for a string result
} dfq__scalar_args;

// The reason is a constant text that continues the expression's own: "a + 1" "overflows i64".
// Row and column values are added by whoever knows them, see dfq__eval_fail.
typedef const char *(*dfq__scalar)(const dfq__scalar_args *in, dfq_value *to);

// Checked integer arithmetic: what it would be with wrapping in *r, and whether that is wrong.
// Two's complement: a sum is wrong exactly when both operands have a sign that it has not.
static inline bool dfq__add_check(int64_t a, int64_t b, int64_t *r) {
  *r = (int64_t)((uint64_t)a + (uint64_t)b);
  return ((a ^ *r) & (b ^ *r)) < 0;
}
static inline bool dfq__sub_check(int64_t a, int64_t b, int64_t *r) {
  *r = (int64_t)((uint64_t)a - (uint64_t)b);
  return ((a ^ b) & (a ^ *r)) < 0;
}

// Without the builtin, dividing back finds the overflow; the two cases before it would trap
// there.
static inline bool dfq__mul_check(int64_t a, int64_t b, int64_t *r) {
#if defined(__GNUC__) || defined(__clang__)
  return __builtin_mul_overflow(a, b, r);
#else
  *r = (int64_t)((uint64_t)a * (uint64_t)b);
  if (a == 0 || b == 0) return false;
  if ((a == -1 && b == INT64_MIN) || (b == -1 && a == INT64_MIN)) return true;
  return *r / b != a;
#endif
}

// Floats are totally ordered: NaN equals itself and is greater than everything.
// x != x is the test for NaN that needs no library and no compiler flag, as long as -ffast-math
// is off; the top of the file sees to that. -0.0 == 0.0 holds by IEEE.
static inline bool dfq__eq_float(double a, double b) { return a == b || (a != a && b != b); }

// With NaN as the largest: it is less than nothing, and everything but itself is less than it.
static inline bool dfq__lt_float(double a, double b) { return a < b || (b != b && a == a); }
static inline bool dfq__le_float(double a, double b) { return a <= b || b != b; }

// C's fmod is exact and has the sign of a, as % on integers.
static inline double dfq__mod_float(double a, double b) { return fmod(a, b); }

// memcmp compares unsigned bytes, which for UTF-8 is the order of code points. A shorter text
// comes before a longer one that begins with it.
static int dfq__compare_bytes(const char *a, size_t n, const char *b, size_t m) {
  int c = n && m ? memcmp(a, b, n < m ? n : m) : 0;   // an empty text may have no address
  return c ? c : n < m ? -1 : n > m;
}

// Compares two values of one type, neither null: negative, 0 or positive.
static int dfq__compare_values(const dfq_value *a, const dfq_value *b) {
  if (a->type == DFQ_STR) return dfq__compare_bytes(a->as.s, a->len, b->as.s, b->len);
  if (a->type == DFQ_F64)
    return dfq__lt_float(a->as.f, b->as.f) ? -1 : dfq__lt_float(b->as.f, a->as.f);
  return a->as.i < b->as.i ? -1 : a->as.i > b->as.i;
}

// y is the last argument: the second of two, or the only one again. Each line below is then the
// whole meaning of a function, in the form that chapter 3 repeats for 64 rows.
#define DFQ__SCALAR(name, TYPE, FIELD, EXPR)                                                   \
  static const char *name(const dfq__scalar_args *in, dfq_value *to) {                         \
    dfq_value x = in->a[0], y = in->a[in->count - 1];                                          \
    (void)y;                                                                                   \
    to->type = TYPE;                                                                           \
    to->as.FIELD = EXPR;                                                                       \
    return NULL;                                                                               \
  }
#define DFQ__CHECKED(name, CHECK)                                                              \
  static const char *name(const dfq__scalar_args *in, dfq_value *to) {                         \
    to->type = DFQ_I64;                                                                        \
    return CHECK(in->a[0].as.i, in->a[1].as.i, &to->as.i) ? "overflows i64" : NULL;            \
  }

DFQ__CHECKED(dfq__add_int, dfq__add_check)
DFQ__CHECKED(dfq__sub_int, dfq__sub_check)
DFQ__CHECKED(dfq__mul_int, dfq__mul_check)
DFQ__SCALAR(dfq__add_f64, DFQ_F64, f, x.as.f + y.as.f)
DFQ__SCALAR(dfq__sub_f64, DFQ_F64, f, x.as.f - y.as.f)
DFQ__SCALAR(dfq__mul_f64, DFQ_F64, f, x.as.f * y.as.f)
DFQ__SCALAR(dfq__div_f64, DFQ_F64, f, x.as.f / y.as.f)
DFQ__SCALAR(dfq__neg_f64, DFQ_F64, f, -x.as.f)
DFQ__SCALAR(dfq__abs_f64, DFQ_F64, f, fabs(x.as.f))
DFQ__SCALAR(dfq__is_nan_f64, DFQ_BOOL, i, x.as.f != x.as.f)
DFQ__SCALAR(dfq__wrap_add, DFQ_I64, i, (int64_t)((uint64_t)x.as.i + (uint64_t)y.as.i))
DFQ__SCALAR(dfq__wrap_sub, DFQ_I64, i, (int64_t)((uint64_t)x.as.i - (uint64_t)y.as.i))
DFQ__SCALAR(dfq__wrap_mul, DFQ_I64, i, (int64_t)((uint64_t)x.as.i * (uint64_t)y.as.i))
DFQ__SCALAR(dfq__days_between, DFQ_I64, i, x.as.i - y.as.i)
DFQ__SCALAR(dfq__eq_int, DFQ_BOOL, i, x.as.i == y.as.i)
DFQ__SCALAR(dfq__ne_int, DFQ_BOOL, i, x.as.i != y.as.i)
DFQ__SCALAR(dfq__lt_int, DFQ_BOOL, i, x.as.i < y.as.i)
DFQ__SCALAR(dfq__le_int, DFQ_BOOL, i, x.as.i <= y.as.i)
DFQ__SCALAR(dfq__gt_int, DFQ_BOOL, i, x.as.i > y.as.i)
DFQ__SCALAR(dfq__ge_int, DFQ_BOOL, i, x.as.i >= y.as.i)
DFQ__SCALAR(dfq__eq_f64, DFQ_BOOL, i, dfq__eq_float(x.as.f, y.as.f))
DFQ__SCALAR(dfq__ne_f64, DFQ_BOOL, i, !dfq__eq_float(x.as.f, y.as.f))
DFQ__SCALAR(dfq__lt_f64, DFQ_BOOL, i, dfq__lt_float(x.as.f, y.as.f))
DFQ__SCALAR(dfq__le_f64, DFQ_BOOL, i, dfq__le_float(x.as.f, y.as.f))
DFQ__SCALAR(dfq__gt_f64, DFQ_BOOL, i, dfq__lt_float(y.as.f, x.as.f))
DFQ__SCALAR(dfq__ge_f64, DFQ_BOOL, i, dfq__le_float(y.as.f, x.as.f))
DFQ__SCALAR(dfq__eq_str, DFQ_BOOL, i, dfq__compare_values(&x, &y) == 0)
DFQ__SCALAR(dfq__ne_str, DFQ_BOOL, i, dfq__compare_values(&x, &y) != 0)
DFQ__SCALAR(dfq__lt_str, DFQ_BOOL, i, dfq__compare_values(&x, &y) < 0)
DFQ__SCALAR(dfq__le_str, DFQ_BOOL, i, dfq__compare_values(&x, &y) <= 0)
DFQ__SCALAR(dfq__gt_str, DFQ_BOOL, i, dfq__compare_values(&x, &y) > 0)
DFQ__SCALAR(dfq__ge_str, DFQ_BOOL, i, dfq__compare_values(&x, &y) >= 0)
DFQ__SCALAR(dfq__not_bool, DFQ_BOOL, i, !x.as.i)
DFQ__SCALAR(dfq__len_bytes, DFQ_I64, i, (int64_t)x.len)
#undef DFQ__CHECKED

// An operand may be null in these.
DFQ__SCALAR(dfq__is_null_any, DFQ_BOOL, i, x.type == DFQ_NULL)
DFQ__SCALAR(dfq__is_not_null_any, DFQ_BOOL, i, x.type != DFQ_NULL)
DFQ__SCALAR(dfq__is_distinct_any, DFQ_BOOL, i,
            (x.type == DFQ_NULL) != (y.type == DFQ_NULL) ||
            (x.type != DFQ_NULL && dfq__compare_values(&x, &y) != 0))
DFQ__SCALAR(dfq__is_not_distinct_any, DFQ_BOOL, i,
            (x.type == DFQ_NULL) == (y.type == DFQ_NULL) &&
            (x.type == DFQ_NULL || dfq__compare_values(&x, &y) == 0))
#undef DFQ__SCALAR

static const char *dfq__neg_int(const dfq__scalar_args *in, dfq_value *to) {
  to->type = DFQ_I64;
  return dfq__sub_check(0, in->a[0].as.i, &to->as.i) ? "overflows i64" : NULL;
}

static const char *dfq__abs_int(const dfq__scalar_args *in, dfq_value *to) {
  if (in->a[0].as.i < 0) return dfq__neg_int(in, to);
  *to = dfq__value_int(DFQ_I64, in->a[0].as.i);
  return NULL;
}

// Integer division and remainder. by zero: null. how: truncated like C, or floored.
// INT64_MIN / -1 and INT64_MIN % -1 are traps, in both senses: undefined in C, and a fault on
// x86. The remainder is 0 by mathematics, so only the quotient is an error. Flooring moves q
// down by one when the signs of remainder and divisor differ.
static const char *dfq__divide_int(const dfq__scalar_args *in, dfq_value *to, bool floored,
                                   bool remainder) {
  int64_t a = in->a[0].as.i, b = in->a[1].as.i;
  if (b == 0) return NULL;
  if (a == INT64_MIN && b == -1 && !remainder) return "overflows i64";
  int64_t q = b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b, r = b == -1 ? 0 : a % b;
  if (floored && r != 0 && (r < 0) != (b < 0)) { q--; r += b; }
  *to = dfq__value_int(DFQ_I64, remainder ? r : q);
  return NULL;
}
static const char *dfq__idiv_int(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__divide_int(in, to, false, false);
}
static const char *dfq__mod_int(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__divide_int(in, to, false, true);
}
static const char *dfq__floor_div_int(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__divide_int(in, to, true, false);
}
static const char *dfq__floor_mod_int(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__divide_int(in, to, true, true);
}

// On floats, too, a zero divisor gives null: // and % have one rule for it, whatever the type.
// Only / follows IEEE.
static const char *dfq__idiv_f64(const dfq__scalar_args *in, dfq_value *to) {
  if (in->a[1].as.f != 0) *to = dfq__value_f64(trunc(in->a[0].as.f / in->a[1].as.f));
  return NULL;
}
static const char *dfq__mod_f64(const dfq__scalar_args *in, dfq_value *to) {
  if (in->a[1].as.f != 0) *to = dfq__value_f64(dfq__mod_float(in->a[0].as.f, in->a[1].as.f));
  return NULL;
}
static const char *dfq__floor_div_f64(const dfq__scalar_args *in, dfq_value *to) {
  if (in->a[1].as.f != 0) *to = dfq__value_f64(floor(in->a[0].as.f / in->a[1].as.f));
  return NULL;
}

// The remainder with the divisor's sign. r + b cannot overflow, since their signs differ.
static const char *dfq__floor_mod_f64(const dfq__scalar_args *in, dfq_value *to) {
  double a = in->a[0].as.f, b = in->a[1].as.f;
  if (b == 0) return NULL;
  double r = dfq__mod_float(a, b);
  *to = dfq__value_f64(r != 0 && (r < 0) != (b < 0) ? r + b : r);
  return NULL;
}

// Dates outside four-digit years could be computed but not written or read, so they are an
// error at once rather than a surprise in a file.
static const char *const dfq__outside = "leaves the years 0 to 9999";

// One checked addition for dates (days), datetimes and durations (microseconds); only the range
// that is allowed differs.
static const char *dfq__shift(dfq_value *to, dfq_type type, int64_t from, int64_t by,
                              bool minus) {
  to->type = type;
  bool over = minus ? dfq__sub_check(from, by, &to->as.i) : dfq__add_check(from, by, &to->as.i);
  if (type == DFQ_DURATION) return over ? "overflows duration" : NULL;
  int64_t day = type == DFQ_DATETIME ? dfq__day_of(to->as.i) : to->as.i;
  return over || !dfq__date_fits(day) ? dfq__outside : NULL;
}

static const char *dfq__shift_days(dfq_value *to, int64_t from, int64_t days, bool minus) {
  int64_t by;
  if (dfq__mul_check(days, DFQ__DAY, &by)) return dfq__outside;
  return dfq__shift(to, DFQ_DATETIME, from, by, minus);
}

// Adds months by the calendar; the 31st becomes the last day of a shorter month.
// The count of months since year 0 makes addition plain: no carry to think of. The bound on
// months keeps that count far from overflow, and every shift within four-digit years below it.
// A datetime keeps its time of day.
static const char *dfq__shift_months(dfq_value *to, const dfq_value *a, int64_t months,
                                     bool minus) {
  int64_t day = a->as.i, within = 0, y;
  int m, d;
  if (a->type == DFQ_DATETIME) {
    day = dfq__day_of(a->as.i);
    within = a->as.i - day * DFQ__DAY;
  }
  if (months > 120000 || months < -120000) return dfq__outside;
  dfq__civil_from_days(day, &y, &m, &d);
  int64_t count = y * 12 + (m - 1) + (minus ? -months : months);
  y = count / 12 - (count % 12 < 0);
  m = (int)(count - y * 12) + 1;
  int last = dfq__month_days(y, m);
  day = dfq__days_from_civil(y, m, d > last ? last : d);
  *to = dfq__value_int(a->type, a->type == DFQ_DATETIME ? day * DFQ__DAY + within : day);
  return dfq__date_fits(day) ? NULL : dfq__outside;
}

#define DFQ__SHIFT(name, EXPR)                                                                 \
  static const char *name(const dfq__scalar_args *in, dfq_value *to) {                         \
    dfq_value a = in->a[0], b = in->a[1];                                                      \
    return EXPR;                                                                               \
  }
DFQ__SHIFT(dfq__date_add_days, dfq__shift(to, DFQ_DATE, a.as.i, b.as.i, false))
DFQ__SHIFT(dfq__date_sub_days, dfq__shift(to, DFQ_DATE, a.as.i, b.as.i, true))
DFQ__SHIFT(dfq__time_add_days, dfq__shift_days(to, a.as.i, b.as.i, false))
DFQ__SHIFT(dfq__time_sub_days, dfq__shift_days(to, a.as.i, b.as.i, true))
DFQ__SHIFT(dfq__time_add, dfq__shift(to, DFQ_DATETIME, a.as.i, b.as.i, false))
DFQ__SHIFT(dfq__time_sub, dfq__shift(to, DFQ_DATETIME, a.as.i, b.as.i, true))
DFQ__SHIFT(dfq__duration_add, dfq__shift(to, DFQ_DURATION, a.as.i, b.as.i, false))
DFQ__SHIFT(dfq__duration_sub, dfq__shift(to, DFQ_DURATION, a.as.i, b.as.i, true))
DFQ__SHIFT(dfq__month_add, dfq__shift_months(to, &a, b.as.i, false))
DFQ__SHIFT(dfq__month_sub, dfq__shift_months(to, &a, b.as.i, true))
#undef DFQ__SHIFT

// Code points, not what a reader sees as letters: every byte but the inner ones (10xxxxxx)
// begins one. Invalid bytes count one each.
static const char *dfq__len_chars(const dfq__scalar_args *in, dfq_value *to) {
  int64_t n = 0;
  for (uint32_t i = 0; i < in->a[0].len; i++) n += (in->a[0].as.s[i] & 0xC0) != 0x80;
  *to = dfq__value_int(DFQ_I64, n);
  return NULL;
}

// in: true when found; null when not found but something was null.
// The members are computed before the call, so a list is never lazy. Null in the list matters
// only when nothing else matches: x in (1, null) is x = 1 or x = null.
static const char *dfq__in_list(const dfq__scalar_args *in, dfq_value *to) {
  bool unknown = in->a[0].type == DFQ_NULL;
  for (int i = 1; i < in->count && in->a[0].type != DFQ_NULL; i++) {
    if (in->a[i].type == DFQ_NULL) unknown = true;
    else if (dfq__compare_values(&in->a[0], &in->a[i]) == 0) {
      *to = dfq__value_int(DFQ_BOOL, 1);
      return NULL;
    }
  }
  if (!unknown) *to = dfq__value_int(DFQ_BOOL, 0);
  return NULL;
}

// ---- >>like: matching % and _ ---------------------------------------------------------------
// % is any number of bytes, _ one UTF-8 character. When the rest fails, only the latest % is
// tried again, one byte further: what an earlier % could do differently, a later one can do as
// well. So the cost is at most text times pattern, without recursion.
//
//   mississippi  like  %iss%pi      the first % takes m, the second nothing at first: behind
//   .iss......pi                    "miss" stands no "pi", so it takes a byte more, and again,
//       ^^^^^^                      until "pi" fits and the text ends with it: six bytes
//
// Larger engines cut the pattern at its % once, and search for the pieces with memmem; a
// pattern without _ that begins or ends with its only % is a comparison of one end.

// In invalid UTF-8 a stray inner byte counts as a character of its own, as in len_chars.
static size_t dfq__char_bytes(const char *s, size_t n) {
  size_t i = 1;
  while (i < n && (s[i] & 0xC0) == 0x80) i++;
  return i;
}

typedef struct dfq__like_pattern {
  const char *p;
  size_t n;
  int escape;      // the character that makes the next one literal; -1: none
  bool any_case;   // ASCII letters only
} dfq__like_pattern;

// Does the text begin with the literal character at p[*at]? Then moves *at behind it.
// An escape at the pattern's very end has nothing to escape and stands for itself.
static bool dfq__like_literal(const dfq__like_pattern *l, size_t *at, char c) {
  size_t i = *at;
  if (l->escape >= 0 && (unsigned char)l->p[i] == l->escape && i + 1 < l->n) i++;
  bool same = l->any_case ? dfq__lower(l->p[i]) == dfq__lower(c) : l->p[i] == c;
  if (same) *at = i + 1;
  return same;
}

// i walks the text, j the pattern; star is where the pattern goes on behind the latest %, and
// from where in the text that part was last tried.
static bool dfq__like_match(const dfq__like_pattern *l, const char *s, size_t n) {
  size_t i = 0, j = 0, star = (size_t)-1, from = 0;
  while (i < n) {
    bool special = j < l->n && (unsigned char)l->p[j] != l->escape;
    if (special && l->p[j] == '%') { star = ++j; from = i; continue; }
    if (special && l->p[j] == '_') { i += dfq__char_bytes(s + i, n - i); j++; continue; }
    if (j < l->n && dfq__like_literal(l, &j, s[i])) { i++; continue; }
    if (star == (size_t)-1) return false;
    j = star;
    i = ++from;
  }
  while (j < l->n && l->p[j] == '%' && l->escape != '%') j++;
  return j == l->n;
}

// The escape may be any value at run time, so its length is checked here, for each row.
static const char *dfq__like_any(const dfq__scalar_args *in, dfq_value *to, bool any_case) {
  dfq__like_pattern l = { in->a[1].as.s, in->a[1].len, -1, any_case };
  if (in->count == 3) {
    if (in->a[2].len != 1) return "needs an escape of one byte";
    l.escape = (unsigned char)in->a[2].as.s[0];
  }
  *to = dfq__value_int(DFQ_BOOL, dfq__like_match(&l, in->a[0].as.s, in->a[0].len));
  return NULL;
}
static const char *dfq__like_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__like_any(in, to, false);
}
static const char *dfq__ilike_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__like_any(in, to, true);
}

// ---- >>strings-of: functions of texts -------------------------------------------------------
// A text is bytes that are meant to be UTF-8, and three kinds of functions work on it.
// Searching (contains, replace, strip_prefix) compares bytes: that is right for UTF-8, in which
// no character's bytes stand inside another's. Counting (slice, left, pad, find) walks
// characters, that is code points, from the front, since nobody can know where the hundredth
// begins:
//
//   h  é     l  l  o         find('héllo', 'l') = 2: two characters, but three bytes, before it
//   68 C3 A9 6C 6C 6F        slice('héllo', 1, 2) = 'él'
//
// Letters (upper, lower, title) are ASCII's only, and every other byte stays as it is. What
// 'ß' or the Turkish 'i' becomes needs tables of a megabyte and the reader's language; larger
// engines link ICU for that. Positions count from 0, negative ones from the end. Invalid UTF-8
// does no harm: an inner byte without a beginning counts as part of what stands before it.
//
// A part of a text points into it, without a copy: it lives as long as the column would. What
// is made anew stands in the arena of the batch, or of the row.

// How long a text may get by a number in the query. Longer sums of texts want memory, and ask
// for it.
enum { DFQ__TEXT_MOST = 1 << 24 };
static const char *const dfq__too_long = "makes a text of more than 16 MiB";

// The one reason that is no value's fault: whoever calls a scalar makes an error of status
// DFQ_NO_MEMORY of it.
static const char *const dfq__no_memory = "runs out of memory";

// Room for a text of n bytes, which becomes the answer; NULL without memory.
static char *dfq__text_room(const dfq__scalar_args *in, dfq_value *to, size_t n) {
  char *p = n > UINT32_MAX ? NULL : (char *)dfq__arena_alloc(in->strings, n + 1);
  if (p) *to = dfq__value_str(p, n);
  return p;
}

// Returns: the place behind what was put. An empty text may have no address.
static char *dfq__put_bytes(char *p, const char *s, size_t n) {
  if (n) memcpy(p, s, n);
  return p + n;
}

static const char *dfq__part(dfq_value *to, const dfq_value *s, size_t at, size_t n) {
  *to = dfq__value_str(n ? s->as.s + at : "", n);
  return NULL;
}

// The byte at which the character stands that is count further than the one at byte at.
static size_t dfq__skip_chars(const dfq_value *s, size_t at, int64_t count) {
  for (; count > 0 && at < s->len; count--) at += dfq__char_bytes(s->as.s + at, s->len - at);
  return at;
}

static int64_t dfq__chars_before(const dfq_value *s, size_t end) {
  int64_t n = 0;
  for (size_t at = 0; at < end; n++) at += dfq__char_bytes(s->as.s + at, s->len - at);
  return n;
}

static int dfq__upper(int c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }

static const char *dfq__map_bytes(const dfq__scalar_args *in, dfq_value *to, int (*map)(int)) {
  const dfq_value *s = &in->a[0];
  char *p = dfq__text_room(in, to, s->len);
  for (uint32_t i = 0; p && i < s->len; i++) p[i] = (char)map(s->as.s[i]);
  return p ? NULL : dfq__no_memory;
}
static const char *dfq__upper_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__map_bytes(in, to, dfq__upper);
}
static const char *dfq__lower_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__map_bytes(in, to, dfq__lower);
}

// Part of a word: letters, digits and everything beyond ASCII. So 'don''t' has two words, and
// '3rd' is one.
static bool dfq__in_word(char c) {
  return dfq__is_digit(c) || (dfq__lower(c) >= 'a' && dfq__lower(c) <= 'z') || (c & 0x80);
}

static const char *dfq__title_str(const dfq__scalar_args *in, dfq_value *to) {
  const dfq_value *s = &in->a[0];
  char *p = dfq__text_room(in, to, s->len);
  bool inside = false;
  for (uint32_t i = 0; p && i < s->len; i++) {
    char c = s->as.s[i];
    p[i] = (char)(inside ? dfq__lower(c) : dfq__upper(c));
    inside = dfq__in_word(c);
  }
  return p ? NULL : dfq__no_memory;
}

// Is this character one of those to strip? Without a second argument: a blank of ASCII.
static bool dfq__strips(const dfq__scalar_args *in, const char *c, size_t n) {
  if (in->count == 1) return n == 1 && (*c == ' ' || (*c >= '\t' && *c <= '\r'));
  const dfq_value *set = &in->a[1];
  for (size_t at = 0, m; at < set->len; at += m) {
    m = dfq__char_bytes(set->as.s + at, set->len - at);
    if (m == n && memcmp(set->as.s + at, c, n) == 0) return true;
  }
  return false;
}

// The second argument is a set of characters, not a text to take away: that is strip_prefix.
static const char *dfq__strip_ends(const dfq__scalar_args *in, dfq_value *to, bool left,
                                   bool right) {
  const dfq_value *s = &in->a[0];
  size_t from = 0, end = s->len;
  while (left && from < end) {
    size_t n = dfq__char_bytes(s->as.s + from, end - from);
    if (!dfq__strips(in, s->as.s + from, n)) break;
    from += n;
  }
  while (right && from < end) {
    size_t last = end - 1;
    while (last > from && (s->as.s[last] & 0xC0) == 0x80) last--;
    if (!dfq__strips(in, s->as.s + last, end - last)) break;
    end = last;
  }
  return dfq__part(to, s, from, end - from);
}
static const char *dfq__strip_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__strip_ends(in, to, true, true);
}
static const char *dfq__lstrip_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__strip_ends(in, to, true, false);
}
static const char *dfq__rstrip_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__strip_ends(in, to, false, true);
}

// -- searching: bytes

static bool dfq__begins(const dfq_value *s, const dfq_value *piece) {
  return s->len >= piece->len &&
         (!piece->len || memcmp(s->as.s, piece->as.s, piece->len) == 0);
}
static bool dfq__ends(const dfq_value *s, const dfq_value *piece) {
  return s->len >= piece->len &&
         (!piece->len ||
          memcmp(s->as.s + (s->len - piece->len), piece->as.s, piece->len) == 0);
}

// No byte has this number.
static const size_t DFQ__NOWHERE = (size_t)-1;

// The first place of a piece from byte from on. memchr runs to each byte that could begin it;
// at worst the cost is text times piece, which takes a text like aaaaaaaab. glibc's memmem and
// larger engines have the two-way search, linear at all times.
static size_t dfq__find_bytes(const dfq_value *s, const dfq_value *piece, size_t from) {
  size_t n = s->len, m = piece->len;
  if (m == 0) return from;
  while (n - from >= m) {
    const char *hit = (const char *)memchr(s->as.s + from, piece->as.s[0], n - m - from + 1);
    if (!hit) break;
    from = (size_t)(hit - s->as.s);
    if (memcmp(hit, piece->as.s, m) == 0) return from;
    from++;
  }
  return DFQ__NOWHERE;
}

static const char *dfq__contains_str(const dfq__scalar_args *in, dfq_value *to) {
  bool found = dfq__find_bytes(&in->a[0], &in->a[1], 0) != DFQ__NOWHERE;
  *to = dfq__value_int(DFQ_BOOL, found);
  return NULL;
}
static const char *dfq__starts_with_str(const dfq__scalar_args *in, dfq_value *to) {
  *to = dfq__value_int(DFQ_BOOL, dfq__begins(&in->a[0], &in->a[1]));
  return NULL;
}
static const char *dfq__ends_with_str(const dfq__scalar_args *in, dfq_value *to) {
  *to = dfq__value_int(DFQ_BOOL, dfq__ends(&in->a[0], &in->a[1]));
  return NULL;
}

// A position in characters, which slice takes; -1, as in most languages, for none.
static const char *dfq__find_str(const dfq__scalar_args *in, dfq_value *to) {
  size_t at = dfq__find_bytes(&in->a[0], &in->a[1], 0);
  *to = dfq__value_int(DFQ_I64, at == DFQ__NOWHERE ? -1 : dfq__chars_before(&in->a[0], at));
  return NULL;
}

static const char *dfq__strip_prefix_str(const dfq__scalar_args *in, dfq_value *to) {
  size_t n = dfq__begins(&in->a[0], &in->a[1]) ? in->a[1].len : 0;
  return dfq__part(to, &in->a[0], n, in->a[0].len - n);
}
static const char *dfq__strip_suffix_str(const dfq__scalar_args *in, dfq_value *to) {
  size_t n = dfq__ends(&in->a[0], &in->a[1]) ? in->a[1].len : 0;
  return dfq__part(to, &in->a[0], 0, in->a[0].len - n);
}

// All occurrences, from the left, none inside another or inside what was put in. An empty text
// to replace stands nowhere. Twice over the text: the first time to know the room.
static const char *dfq__replace_str(const dfq__scalar_args *in, dfq_value *to) {
  const dfq_value *s = &in->a[0], *from = &in->a[1], *by = &in->a[2];
  size_t hits = 0, done = 0, at = from->len ? dfq__find_bytes(s, from, 0) : DFQ__NOWHERE;
  size_t first = at;
  for (; at != DFQ__NOWHERE; at = dfq__find_bytes(s, from, at + from->len)) hits++;
  if (!hits) return dfq__part(to, s, 0, s->len);
  char *p = dfq__text_room(in, to, s->len - hits * from->len + hits * by->len);
  if (!p) return dfq__no_memory;
  for (at = first; at != DFQ__NOWHERE; at = dfq__find_bytes(s, from, done)) {
    p = dfq__put_bytes(p, s->as.s + done, at - done);
    p = dfq__put_bytes(p, by->as.s, by->len);
    done = at + from->len;
  }
  (void)dfq__put_bytes(p, s->as.s + done, s->len - done);
  return NULL;
}

// -- counting: characters

// slice(s, start) goes to the end. A start before the first character is the first; a length
// below zero is zero.
static const char *dfq__slice_str(const dfq__scalar_args *in, dfq_value *to) {
  const dfq_value *s = &in->a[0];
  int64_t start = in->a[1].as.i, count = in->count == 3 ? in->a[2].as.i : INT64_MAX;
  if (start < 0) {
    int64_t n = dfq__chars_before(s, s->len);
    start = start < -n ? 0 : start + n;
  }
  size_t at = dfq__skip_chars(s, 0, start);
  return dfq__part(to, s, at, dfq__skip_chars(s, at, count) - at);
}

// Of fewer than none, none; of more than there are, all.
static const char *dfq__left_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__part(to, &in->a[0], 0, dfq__skip_chars(&in->a[0], 0, in->a[1].as.i));
}
static const char *dfq__right_str(const dfq__scalar_args *in, dfq_value *to) {
  const dfq_value *s = &in->a[0];
  int64_t keep = in->a[1].as.i, n = dfq__chars_before(s, s->len);
  size_t at = dfq__skip_chars(s, 0, keep > 0 ? n - (keep < n ? keep : n) : n);
  return dfq__part(to, s, at, s->len - at);
}

// Characters in the opposite order, each one's bytes in their own.
static const char *dfq__reverse_str(const dfq__scalar_args *in, dfq_value *to) {
  const dfq_value *s = &in->a[0];
  char *p = dfq__text_room(in, to, s->len);
  for (size_t at = 0, n; p && at < s->len; at += n) {
    n = dfq__char_bytes(s->as.s + at, s->len - at);
    memcpy(p + (s->len - at - n), s->as.s + at, n);
  }
  return p ? NULL : dfq__no_memory;
}

static const char *dfq__repeat_str(const dfq__scalar_args *in, dfq_value *to) {
  const dfq_value *s = &in->a[0];
  int64_t times = in->a[1].as.i;
  if (times <= 0 || s->len == 0) return dfq__part(to, s, 0, 0);
  if (times > DFQ__TEXT_MOST / (int64_t)s->len) return dfq__too_long;
  char *p = dfq__text_room(in, to, s->len * (size_t)times);
  for (; p && times; times--) p = dfq__put_bytes(p, s->as.s, s->len);
  return p ? NULL : dfq__no_memory;
}

// Null in, null out, as + has it in other languages: coalesce says what else is meant.
static const char *dfq__concat_str(const dfq__scalar_args *in, dfq_value *to) {
  size_t n = 0;
  for (int i = 0; i < in->count; i++) n += in->a[i].len;
  char *p = dfq__text_room(in, to, n);
  for (int i = 0; p && i < in->count; i++) p = dfq__put_bytes(p, in->a[i].as.s, in->a[i].len);
  return p ? NULL : dfq__no_memory;
}

// A text of n characters or more stays whole: padding never cuts. The fill, blanks if it is not
// given, is repeated from its own beginning, and cut where the text is long enough.
static const char *dfq__pad(const dfq__scalar_args *in, dfq_value *to, bool before) {
  const dfq_value *s = &in->a[0];
  dfq_value fill = in->count == 3 ? in->a[2] : dfq__value_str(" ", 1);
  int64_t want = in->a[1].as.i, have = dfq__chars_before(s, s->len);
  if (want <= have || !fill.len) return dfq__part(to, s, 0, s->len);
  if (want > DFQ__TEXT_MOST) return dfq__too_long;
  int64_t each = dfq__chars_before(&fill, fill.len);
  size_t times = (size_t)((want - have) / each);
  size_t rest = dfq__skip_chars(&fill, 0, (want - have) % each);
  if (times > (size_t)DFQ__TEXT_MOST / fill.len) return dfq__too_long;
  char *p = dfq__text_room(in, to, s->len + times * fill.len + rest);
  if (!p) return dfq__no_memory;
  if (!before) p = dfq__put_bytes(p, s->as.s, s->len);
  for (; times; times--) p = dfq__put_bytes(p, fill.as.s, fill.len);
  p = dfq__put_bytes(p, fill.as.s, rest);
  if (before) (void)dfq__put_bytes(p, s->as.s, s->len);
  return NULL;
}
static const char *dfq__pad_left_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__pad(in, to, true);
}
static const char *dfq__pad_right_str(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__pad(in, to, false);
}

// ---- >>dates-of: parts of dates and times ---------------------------------------------------
// A date is a count of days, a datetime a count of microseconds, both since 1970-01-01 and both
// UTC. So a part of the clock is a division; a part of the calendar goes through
// dfq__civil_from_days, which is a few divisions more and no table:
//
//   datetime '2024-02-29 13:45:06.000007'  =  1709214306000007
//     / DFQ__DAY, rounded down  =  19782   -> year 2024, month 2, day 29
//     the rest  =  49506000007             -> hour 13, minute 45, second 6, microsecond 7
//
// Rounded down, because before 1970 the counts are negative and C's division rounds up there.
// Weeks are ISO 8601's: they begin on Monday, and belong to the year that has their Thursday;
// so 2021-01-01 lies in week 53. Where a function takes a datetime, a date is its midnight.
//
// Nothing here fails but from_epoch_seconds: a date that cannot be written, outside the years 0
// to 9999, can still stand in a caller's column; truncate and last_day give it back as it is.

// The day of a date or of a datetime, and the microseconds since its midnight.
static int64_t dfq__whole_day(const dfq_value *v) {
  return v->type == DFQ_DATETIME ? dfq__day_of(v->as.i) : v->as.i;
}
static int64_t dfq__clock_of(const dfq_value *v) {
  int64_t rest = v->as.i % DFQ__DAY;
  return rest < 0 ? rest + DFQ__DAY : rest;
}

// Monday is 1, Sunday 7. The first day of 1970 was a Thursday.
static int dfq__weekday_of(int64_t day) {
  int64_t since = (day + 3) % 7;
  return (int)(since < 0 ? since + 7 : since) + 1;
}

// Counted from the Thursday of the same week: its year is the week's, and every seventh day
// of that year one week more.
static int64_t dfq__iso_week(int64_t day) {
  int64_t thursday = day - dfq__weekday_of(day) + 4, y;
  int m, d;
  dfq__civil_from_days(thursday, &y, &m, &d);
  return (thursday - dfq__days_from_civil(y, 1, 1)) / 7 + 1;
}

// Each line is a part of the calendar, by the year y, the month m, the day d of it, and the day
// since 1970.
#define DFQ__DATE_PART(name, TYPE, EXPR)                                                       \
  static const char *name(const dfq__scalar_args *in, dfq_value *to) {                         \
    int64_t day = dfq__whole_day(&in->a[0]), y;                                                \
    int m, d;                                                                                  \
    dfq__civil_from_days(day, &y, &m, &d);                                                     \
    *to = dfq__value_int(TYPE, EXPR);                                                          \
    return NULL;                                                                               \
  }
DFQ__DATE_PART(dfq__year_of, DFQ_I64, y)
DFQ__DATE_PART(dfq__quarter_of, DFQ_I64, (m + 2) / 3)
DFQ__DATE_PART(dfq__month_of, DFQ_I64, m)
DFQ__DATE_PART(dfq__day_of_month, DFQ_I64, d)
DFQ__DATE_PART(dfq__day_of_year, DFQ_I64, day - dfq__days_from_civil(y, 1, 1) + 1)
DFQ__DATE_PART(dfq__week_of, DFQ_I64, dfq__iso_week(day))
DFQ__DATE_PART(dfq__weekday, DFQ_I64, dfq__weekday_of(day))
DFQ__DATE_PART(dfq__is_leap_year, DFQ_BOOL, dfq__is_leap(y))
DFQ__DATE_PART(dfq__last_day, DFQ_DATE,
               dfq__date_fits(day) ? day - d + dfq__month_days(y, m) : day)
DFQ__DATE_PART(dfq__date_of, DFQ_DATE, day)
#undef DFQ__DATE_PART

// A line is a part of the clock.
#define DFQ__TIME_PART(name, EXPR)                                                             \
  static const char *name(const dfq__scalar_args *in, dfq_value *to) {                         \
    int64_t clock = dfq__clock_of(&in->a[0]);                                                  \
    *to = dfq__value_int(DFQ_I64, EXPR);                                                       \
    return NULL;                                                                               \
  }
DFQ__TIME_PART(dfq__hour_of, clock / DFQ__SECOND / 3600)
DFQ__TIME_PART(dfq__minute_of, clock / DFQ__SECOND / 60 % 60)
DFQ__TIME_PART(dfq__second_of, clock / DFQ__SECOND % 60)
DFQ__TIME_PART(dfq__microsecond_of, clock % DFQ__SECOND)
#undef DFQ__TIME_PART

// English, as the names of months in C's own locale.
static const char *dfq__day_name(const dfq__scalar_args *in, dfq_value *to) {
  static const char *const names[] = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
  };
  const char *name = names[dfq__weekday_of(dfq__whole_day(&in->a[0])) - 1];
  *to = dfq__value_str(name, strlen(name));
  return NULL;
}

static const char *dfq__month_name(const dfq__scalar_args *in, dfq_value *to) {
  static const char *const names[] = {
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December"
  };
  int64_t y;
  int m, d;
  dfq__civil_from_days(dfq__whole_day(&in->a[0]), &y, &m, &d);
  *to = dfq__value_str(names[m - 1], strlen(names[m - 1]));
  return NULL;
}

// Seconds are whole: the one in which the moment lies, so that -1 comes before 1970.
static const char *dfq__epoch_seconds(const dfq__scalar_args *in, dfq_value *to) {
  int64_t micros = in->a[0].as.i;
  *to = dfq__value_int(DFQ_I64, micros / DFQ__SECOND - (micros % DFQ__SECOND < 0));
  return NULL;
}
static const char *dfq__from_epoch_seconds(const dfq__scalar_args *in, dfq_value *to) {
  to->type = DFQ_DATETIME;
  bool over = dfq__mul_check(in->a[0].as.i, DFQ__SECOND, &to->as.i);
  return over || !dfq__date_fits(dfq__day_of(to->as.i)) ? dfq__outside : NULL;
}

// -- truncate: the beginning of the year, ..., the minute in which a moment lies

enum { DFQ__U_YEAR, DFQ__U_QUARTER, DFQ__U_MONTH, DFQ__U_WEEK, DFQ__U_DAY, DFQ__U_HOUR,
       DFQ__U_MINUTE, DFQ__U_COUNT };
static const char *const dfq__unit_list =
    "the units: year, quarter, month, week, day, hour, minute";

// The binder asks this of the literal in the query, the scalar again for each row: a few
// comparisons, against the hundred instructions of a calendar.
static int dfq__truncate_unit(const dfq_value *v) {
  static const char *const names[] = {
    "year", "quarter", "month", "week", "day", "hour", "minute"
  };
  for (int i = 0; i < DFQ__U_COUNT; i++)
    if (strlen(names[i]) == v->len && memcmp(names[i], v->as.s, v->len) == 0) return i;
  return -1;
}

// The week that begins before year 0 is cut at its first day, so that every answer is a date.
static int64_t dfq__truncate_day(int64_t day, int unit) {
  int64_t y, monday = day - dfq__weekday_of(day) + 1;
  int m, d;
  if (unit >= DFQ__U_DAY) return day;
  if (unit == DFQ__U_WEEK) return dfq__date_fits(monday) ? monday : -719162 - 366;
  dfq__civil_from_days(day, &y, &m, &d);
  if (unit == DFQ__U_YEAR) m = 1;
  if (unit == DFQ__U_QUARTER) m = (m - 1) / 3 * 3 + 1;
  return dfq__days_from_civil(y, m, 1);
}

static const char *dfq__truncate_time(const dfq__scalar_args *in, dfq_value *to) {
  int unit = dfq__truncate_unit(&in->a[1]);
  int64_t day = dfq__whole_day(&in->a[0]), hour = 3600 * DFQ__SECOND;
  if (unit < 0) return "knows no such unit";
  *to = in->a[0];
  if (!dfq__date_fits(day)) return NULL;
  if (to->type == DFQ_DATE) to->as.i = dfq__truncate_day(day, unit);
  else if (unit == DFQ__U_HOUR) to->as.i -= dfq__clock_of(to) % hour;
  else if (unit == DFQ__U_MINUTE) to->as.i -= dfq__clock_of(to) % (60 * DFQ__SECOND);
  else to->as.i = dfq__truncate_day(day, unit) * DFQ__DAY;
  return NULL;
}

// ---- >>numbers-of: functions of numbers -----------------------------------------------------
// Integers stay integers wherever the answer is one: floor(x) of an i64 is that same i64.
// Through a double it would lose its last digits above 2^53, in silence:
//
//   floor(9007199254740993)    = 9007199254740993       the signature (i64)
//   floor(9007199254740993.0)  = 9007199254740992.0     the literal has no such double
//
// What has no answer among the integers is a float: sqrt, logarithms, pow, angles in radians.
// Those follow IEEE where mathematics has nothing to say: sqrt(-1) and ln(-1) are nan, ln(0) is
// -inf, pow(0, 0) is 1. Their last bit is the C library's, and may differ between systems.
//
// Rounding is half away from zero, as SQL and school have it: round(2.5) = 3, round(-2.5) = -3.
// It rounds the float that is there, not the text it was written as: 1.005 is a little less
// than that, and round(1.005, 2) = 1.0, as in Python.

// The C library may miss by a bit even where the root is an integer: there, the integer.
static double dfq__cube_root(double x) {
  double r = cbrt(x), whole = round(r);
  return whole * whole * whole == x ? whole : r;
}

// x is the first argument, y the last.
#define DFQ__NUMBER(name, TYPE, FIELD, EXPR)                                                   \
  static const char *name(const dfq__scalar_args *in, dfq_value *to) {                         \
    dfq_value x = in->a[0], y = in->a[in->count - 1];                                          \
    (void)y;                                                                                   \
    to->type = TYPE;                                                                           \
    to->as.FIELD = EXPR;                                                                       \
    return NULL;                                                                               \
  }
DFQ__NUMBER(dfq__same_int, DFQ_I64, i, x.as.i)
DFQ__NUMBER(dfq__sign_int, DFQ_I64, i, (x.as.i > 0) - (x.as.i < 0))
DFQ__NUMBER(dfq__sign_f64, DFQ_F64, f, x.as.f > 0 ? 1 : x.as.f < 0 ? -1 : x.as.f)
DFQ__NUMBER(dfq__round_f64, DFQ_F64, f, round(x.as.f))
DFQ__NUMBER(dfq__floor_f64, DFQ_F64, f, floor(x.as.f))
DFQ__NUMBER(dfq__ceil_f64, DFQ_F64, f, ceil(x.as.f))
DFQ__NUMBER(dfq__trunc_f64, DFQ_F64, f, trunc(x.as.f))
DFQ__NUMBER(dfq__sqrt_f64, DFQ_F64, f, sqrt(x.as.f))
DFQ__NUMBER(dfq__cbrt_f64, DFQ_F64, f, dfq__cube_root(x.as.f))
DFQ__NUMBER(dfq__exp_f64, DFQ_F64, f, exp(x.as.f))
DFQ__NUMBER(dfq__ln_f64, DFQ_F64, f, log(x.as.f))
DFQ__NUMBER(dfq__log10_f64, DFQ_F64, f, log10(x.as.f))
DFQ__NUMBER(dfq__log2_f64, DFQ_F64, f, log2(x.as.f))
DFQ__NUMBER(dfq__pow_f64, DFQ_F64, f, pow(x.as.f, y.as.f))
DFQ__NUMBER(dfq__sin_f64, DFQ_F64, f, sin(x.as.f))
DFQ__NUMBER(dfq__cos_f64, DFQ_F64, f, cos(x.as.f))
DFQ__NUMBER(dfq__tan_f64, DFQ_F64, f, tan(x.as.f))
DFQ__NUMBER(dfq__atan2_f64, DFQ_F64, f, atan2(x.as.f, y.as.f))
DFQ__NUMBER(dfq__bit_and_int, DFQ_I64, i, x.as.i & y.as.i)
DFQ__NUMBER(dfq__bit_or_int, DFQ_I64, i, x.as.i | y.as.i)
DFQ__NUMBER(dfq__bit_xor_int, DFQ_I64, i, x.as.i ^ y.as.i)
#undef DFQ__NUMBER

// q is x times or divided by the power p, rounded to the nearest double, and over the sign of
// what that left over. Only where q is exactly half way can it matter: if the true value is
// nearer to zero than q says, it is not half way at all.
static double dfq__round_half(double q, double over) {
  bool half = fabs(q - trunc(q)) == 0.5;
  bool nearer = q > 0 ? over < 0 : over > 0;
  return half && nearer ? trunc(q) : round(q);
}

// A power up to 10^22 is exact, so one multiplication and its error, which fma gives exactly,
// are all there is to know. More digits than 22 change nothing; fewer than -22 count as -22.
// From 2^52 on a float has no digits behind the point.
static const char *dfq__round_digits_f64(const dfq__scalar_args *in, dfq_value *to) {
  double x = in->a[0].as.f;
  int64_t digits = in->a[1].as.i < -22 ? -22 : in->a[1].as.i;
  *to = in->a[0];
  bool whole = digits >= 0 && fabs(x) >= 4503599627370496.0;
  if (digits > 22 || whole || x - x != 0) return NULL;
  double p = dfq__powers[digits < 0 ? -digits : digits];
  double q = digits < 0 ? x / p : x * p;
  if (fabs(q) >= 4503599627370496.0) return NULL;   // finer than the float itself
  double over = digits < 0 ? fma(-q, p, x) : fma(x, p, -q);
  double r = dfq__round_half(q, over);
  double v = digits < 0 ? r * p : r / p;
  if (v - v == 0) to->as.f = v;
  return NULL;
}

// In unsigned arithmetic: 10^19 has no i64, and INT64_MIN no positive twin. Digits behind the
// point leave an integer as it is.
static const char *dfq__round_digits_int(const dfq__scalar_args *in, dfq_value *to) {
  int64_t x = in->a[0].as.i, digits = in->a[1].as.i;
  uint64_t u = x < 0 ? 0 - (uint64_t)x : (uint64_t)x, p = 1;
  *to = dfq__value_int(DFQ_I64, digits < -19 ? 0 : x);
  if (digits >= 0 || digits < -19) return NULL;
  for (; digits < 0; digits++) p *= 10;
  uint64_t rest = u % p, up = rest >= p - rest;
  u = (u / p + up) * p;
  if (u > (uint64_t)INT64_MAX + (x < 0 ? 1 : 0)) return "overflows i64";
  to->as.i = x < 0 ? (int64_t)(0 - u) : (int64_t)u;
  return NULL;
}

// Shifts. A bit that matters is never lost on the left: there it is an overflow, as of the
// multiplication that it is. On the right it is floor_div by a power of two. C leaves both open
// for negative numbers, so they are written out.
static const char *const dfq__bad_shift = "needs a shift of 0 to 63";

static const char *dfq__shift_right_int(const dfq__scalar_args *in, dfq_value *to) {
  int64_t x = in->a[0].as.i, by = in->a[1].as.i;
  if (by < 0 || by > 63) return dfq__bad_shift;
  *to = dfq__value_int(DFQ_I64, x < 0 ? ~(~x >> by) : x >> by);
  return NULL;
}
static const char *dfq__shift_left_int(const dfq__scalar_args *in, dfq_value *to) {
  int64_t x = in->a[0].as.i, by = in->a[1].as.i;
  if (by < 0 || by > 63) return dfq__bad_shift;
  int64_t r = (int64_t)((uint64_t)x << by);
  *to = dfq__value_int(DFQ_I64, r);
  return (r < 0 ? ~(~r >> by) : r >> by) == x ? NULL : "overflows i64";
}

// The smallest or largest of several columns of a row, by the order that sort has: NaN is the
// largest. Nulls are skipped, as min and max skip them; of nothing but nulls it is null.
static const char *dfq__extreme(const dfq__scalar_args *in, dfq_value *to, int sign) {
  for (int i = 0; i < in->count; i++) {
    if (in->a[i].type == DFQ_NULL) continue;
    if (to->type == DFQ_NULL || sign * dfq__compare_values(&in->a[i], to) > 0) *to = in->a[i];
  }
  return NULL;
}
static const char *dfq__least_any(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__extreme(in, to, -1);
}
static const char *dfq__greatest_any(const dfq__scalar_args *in, dfq_value *to) {
  return dfq__extreme(in, to, 1);
}

// least(greatest(x, low), high), but that a NaN stays one: it is not known to be too large.
static const char *dfq__clip_any(const dfq__scalar_args *in, dfq_value *to) {
  *to = in->a[0];
  if (to->type == DFQ_F64 && to->as.f != to->as.f) return NULL;
  if (dfq__compare_values(to, &in->a[1]) < 0) *to = in->a[1];
  if (dfq__compare_values(to, &in->a[2]) > 0) *to = in->a[2];
  return NULL;
}

// ---- >>functions: one table of names, one of signatures -------------------------------------
// Idea. A language's operators as data: nothing in the parser, the printer or the binder knows
// what + is. To add a function is to add its name here, its signatures below, and one scalar
// formula above; text, constructors, types, messages and the row engine then have it.
//
// A function is a row here, and a row for each signature it has below. The binder takes the
// cheapest signature that the arguments widen to; where there is none, that is the type error.

// How tightly an operator binds, loosest first. The parser and the printer both live by this
// list: that is why they cannot disagree about a parenthesis.
enum { DFQ__L_OR = 1, DFQ__L_AND, DFQ__L_NOT, DFQ__L_CMP, DFQ__L_ADD, DFQ__L_MUL, DFQ__L_UNARY,
       DFQ__L_PRIM };

// id, name as a call, infix spelling (or NULL), its level
#define DFQ__FUNCTION_LIST(X)                                                                  \
  X(DFQ__OR, "or", "or", DFQ__L_OR)              X(DFQ__AND, "and", "and", DFQ__L_AND)         \
  X(DFQ__NOT, "not", NULL, DFQ__L_NOT)                                                         \
  X(DFQ__EQ, "eq", "=", DFQ__L_CMP)              X(DFQ__NE, "ne", "!=", DFQ__L_CMP)            \
  X(DFQ__LT, "lt", "<", DFQ__L_CMP)              X(DFQ__LE, "le", "<=", DFQ__L_CMP)            \
  X(DFQ__GT, "gt", ">", DFQ__L_CMP)              X(DFQ__GE, "ge", ">=", DFQ__L_CMP)            \
  X(DFQ__IS_NULL, "is_null", NULL, DFQ__L_CMP)                                                 \
  X(DFQ__IS_NOT_NULL, "is_not_null", NULL, DFQ__L_CMP)                                         \
  X(DFQ__DISTINCT, "is_distinct_from", "is distinct from", DFQ__L_CMP)                         \
  X(DFQ__NOT_DISTINCT, "is_not_distinct_from", "is not distinct from", DFQ__L_CMP)             \
  X(DFQ__IN, "in", NULL, DFQ__L_CMP)             X(DFQ__LIKE, "like", "like", DFQ__L_CMP)      \
  X(DFQ__ILIKE, "ilike", "ilike", DFQ__L_CMP)                                                  \
  X(DFQ__ADD, "add", "+", DFQ__L_ADD)            X(DFQ__SUB, "sub", "-", DFQ__L_ADD)           \
  X(DFQ__MUL, "mul", "*", DFQ__L_MUL)            X(DFQ__DIV, "div", "/", DFQ__L_MUL)           \
  X(DFQ__IDIV, "idiv", "//", DFQ__L_MUL)         X(DFQ__MOD, "mod", "%", DFQ__L_MUL)           \
  X(DFQ__NEG, "neg", NULL, DFQ__L_UNARY)                                                       \
  X(DFQ__ABS, "abs", NULL, DFQ__L_PRIM)                                                        \
  X(DFQ__FLOOR_DIV, "floor_div", NULL, DFQ__L_PRIM)                                            \
  X(DFQ__FLOOR_MOD, "floor_mod", NULL, DFQ__L_PRIM)                                            \
  X(DFQ__WRAP_ADD, "wrap_add", NULL, DFQ__L_PRIM)                                              \
  X(DFQ__WRAP_SUB, "wrap_sub", NULL, DFQ__L_PRIM)                                              \
  X(DFQ__WRAP_MUL, "wrap_mul", NULL, DFQ__L_PRIM) X(DFQ__IS_NAN, "is_nan", NULL, DFQ__L_PRIM)  \
  X(DFQ__LEN_BYTES, "len_bytes", NULL, DFQ__L_PRIM)                                            \
  X(DFQ__LEN_CHARS, "len_chars", NULL, DFQ__L_PRIM)                                            \
  X(DFQ__F_UPPER, "upper", NULL, DFQ__L_PRIM) X(DFQ__F_LOWER, "lower", NULL, DFQ__L_PRIM)      \
  X(DFQ__F_TITLE, "title", NULL, DFQ__L_PRIM) X(DFQ__F_STRIP, "strip", NULL, DFQ__L_PRIM)      \
  X(DFQ__F_LSTRIP, "lstrip", NULL, DFQ__L_PRIM) X(DFQ__F_RSTRIP, "rstrip", NULL, DFQ__L_PRIM)  \
  X(DFQ__F_CONTAINS, "contains", NULL, DFQ__L_PRIM)                                            \
  X(DFQ__F_STARTS_WITH, "starts_with", NULL, DFQ__L_PRIM)                                      \
  X(DFQ__F_ENDS_WITH, "ends_with", NULL, DFQ__L_PRIM)                                          \
  X(DFQ__F_REPLACE, "replace", NULL, DFQ__L_PRIM) X(DFQ__F_FIND, "find", NULL, DFQ__L_PRIM)    \
  X(DFQ__F_STRIP_PREFIX, "strip_prefix", NULL, DFQ__L_PRIM)                                    \
  X(DFQ__F_STRIP_SUFFIX, "strip_suffix", NULL, DFQ__L_PRIM)                                    \
  X(DFQ__F_SLICE, "slice", NULL, DFQ__L_PRIM) X(DFQ__F_LEFT, "left", NULL, DFQ__L_PRIM)        \
  X(DFQ__F_RIGHT, "right", NULL, DFQ__L_PRIM) X(DFQ__F_REVERSE, "reverse", NULL, DFQ__L_PRIM)  \
  X(DFQ__F_REPEAT, "repeat", NULL, DFQ__L_PRIM) X(DFQ__F_CONCAT, "concat", NULL, DFQ__L_PRIM)  \
  X(DFQ__F_PAD_LEFT, "pad_left", NULL, DFQ__L_PRIM)                                            \
  X(DFQ__F_PAD_RIGHT, "pad_right", NULL, DFQ__L_PRIM)                                          \
  X(DFQ__F_YEAR, "year", NULL, DFQ__L_PRIM) X(DFQ__F_QUARTER, "quarter", NULL, DFQ__L_PRIM)    \
  X(DFQ__F_MONTH, "month", NULL, DFQ__L_PRIM) X(DFQ__F_WEEK, "week", NULL, DFQ__L_PRIM)        \
  X(DFQ__F_DAY, "day", NULL, DFQ__L_PRIM) X(DFQ__F_WEEKDAY, "weekday", NULL, DFQ__L_PRIM)      \
  X(DFQ__F_DAY_OF_YEAR, "day_of_year", NULL, DFQ__L_PRIM)                                      \
  X(DFQ__F_HOUR, "hour", NULL, DFQ__L_PRIM) X(DFQ__F_MINUTE, "minute", NULL, DFQ__L_PRIM)      \
  X(DFQ__F_SECOND, "second", NULL, DFQ__L_PRIM)                                                \
  X(DFQ__F_MICROSECOND, "microsecond", NULL, DFQ__L_PRIM)                                      \
  X(DFQ__F_DAY_NAME, "day_name", NULL, DFQ__L_PRIM)                                            \
  X(DFQ__F_MONTH_NAME, "month_name", NULL, DFQ__L_PRIM)                                        \
  X(DFQ__F_IS_LEAP_YEAR, "is_leap_year", NULL, DFQ__L_PRIM)                                    \
  X(DFQ__F_LAST_DAY, "last_day", NULL, DFQ__L_PRIM) X(DFQ__F_DATE, "date", NULL, DFQ__L_PRIM)  \
  X(DFQ__F_TRUNCATE, "truncate", NULL, DFQ__L_PRIM)                                            \
  X(DFQ__F_EPOCH_SECONDS, "epoch_seconds", NULL, DFQ__L_PRIM)                                  \
  X(DFQ__F_FROM_EPOCH_SECONDS, "from_epoch_seconds", NULL, DFQ__L_PRIM)                        \
  X(DFQ__F_SIGN, "sign", NULL, DFQ__L_PRIM) X(DFQ__F_ROUND, "round", NULL, DFQ__L_PRIM)        \
  X(DFQ__F_FLOOR, "floor", NULL, DFQ__L_PRIM) X(DFQ__F_CEIL, "ceil", NULL, DFQ__L_PRIM)        \
  X(DFQ__F_TRUNC, "trunc", NULL, DFQ__L_PRIM) X(DFQ__F_SQRT, "sqrt", NULL, DFQ__L_PRIM)        \
  X(DFQ__F_CBRT, "cbrt", NULL, DFQ__L_PRIM) X(DFQ__F_EXP, "exp", NULL, DFQ__L_PRIM)            \
  X(DFQ__F_LN, "ln", NULL, DFQ__L_PRIM) X(DFQ__F_LOG10, "log10", NULL, DFQ__L_PRIM)            \
  X(DFQ__F_LOG2, "log2", NULL, DFQ__L_PRIM) X(DFQ__F_POW, "pow", NULL, DFQ__L_PRIM)            \
  X(DFQ__F_SIN, "sin", NULL, DFQ__L_PRIM) X(DFQ__F_COS, "cos", NULL, DFQ__L_PRIM)              \
  X(DFQ__F_TAN, "tan", NULL, DFQ__L_PRIM) X(DFQ__F_ATAN2, "atan2", NULL, DFQ__L_PRIM)          \
  X(DFQ__F_LEAST, "least", NULL, DFQ__L_PRIM)                                                  \
  X(DFQ__F_GREATEST, "greatest", NULL, DFQ__L_PRIM) X(DFQ__F_CLIP, "clip", NULL, DFQ__L_PRIM)  \
  X(DFQ__F_BIT_AND, "bit_and", NULL, DFQ__L_PRIM)                                              \
  X(DFQ__F_BIT_OR, "bit_or", NULL, DFQ__L_PRIM)                                                \
  X(DFQ__F_BIT_XOR, "bit_xor", NULL, DFQ__L_PRIM)                                              \
  X(DFQ__F_SHIFT_LEFT, "shift_left", NULL, DFQ__L_PRIM)                                        \
  X(DFQ__F_SHIFT_RIGHT, "shift_right", NULL, DFQ__L_PRIM)

// A list that is expanded twice, to an enum and to a table: the two cannot get out of step. is,
// in, not and between have no infix spelling here, because the grammar reads them by hand.
#define DFQ__ENUM(id, name, infix, level) id,
enum { DFQ__FUNCTION_LIST(DFQ__ENUM) DFQ__FUNCTION_COUNT };
#undef DFQ__ENUM

typedef struct dfq__function {
  const char *name, *infix;
  int level;
} dfq__function;

static const dfq__function dfq__functions[] = {
#define DFQ__ROW(id, name, infix, level) { name, infix, level },
  DFQ__FUNCTION_LIST(DFQ__ROW)
#undef DFQ__ROW
};

// ---- >>signatures: what functions take ------------------------------------------------------
// A function has a row for each list of types that it takes, and the row is its whole type
// rule, its null rule and its meaning. There is nothing else to look up:
//
//   { DFQ__ADD, "dD", 'd', DFQ__FAILS, dfq__date_add_days }
//         + of a date and days is a date, may fail (a null gives null), and is computed so
//
// dfq_function_at hands the same rows out, and the reference of the language is made of it.

// Flags of a signature.
enum {
  DFQ__FAILS = 1,        // for some values: the optimizer must not run it on more rows
  DFQ__SEES_NULL = 2,    // else a null argument makes the result null without a call
  DFQ__MAKES_NULL = 4    // may be null although no argument is
};

// A letter an argument: b bool, i i64, f f64, s str, d date, t datetime, u duration, D days,
// M months, * any type, the same for all; + at the end: the last one may come again.
// The table is searched from the top, and the cheapest row wins, the first of equals. So i64
// comes before f64, and the order of rows with dates decides what null + date is. What has no
// row is a type error: there is no other check of types in the binder.
typedef struct dfq__overload {
  int fn;
  const char *args;
  char result;
  int flags;
  dfq__scalar scalar;   // NULL: and, or - they must not evaluate all arguments
} dfq__overload;

static const dfq__overload dfq__overloads[] = {
  { DFQ__OR, "bb", 'b', DFQ__SEES_NULL, NULL },
  { DFQ__AND, "bb", 'b', DFQ__SEES_NULL, NULL },
  { DFQ__NOT, "b", 'b', 0, dfq__not_bool },
#define DFQ__COMPARISON(fn, op)                                                                \
  { fn, "ii", 'b', 0, dfq__##op##_int },  { fn, "ff", 'b', 0, dfq__##op##_f64 },               \
  { fn, "ss", 'b', 0, dfq__##op##_str },  { fn, "dd", 'b', 0, dfq__##op##_int },               \
  { fn, "tt", 'b', 0, dfq__##op##_int },  { fn, "bb", 'b', 0, dfq__##op##_int },               \
  { fn, "uu", 'b', 0, dfq__##op##_int },
  DFQ__COMPARISON(DFQ__EQ, eq)
  DFQ__COMPARISON(DFQ__NE, ne)
  DFQ__COMPARISON(DFQ__LT, lt)
  DFQ__COMPARISON(DFQ__LE, le)
  DFQ__COMPARISON(DFQ__GT, gt)
  DFQ__COMPARISON(DFQ__GE, ge)
#undef DFQ__COMPARISON
  { DFQ__IS_NULL, "*", 'b', DFQ__SEES_NULL, dfq__is_null_any },
  { DFQ__IS_NOT_NULL, "*", 'b', DFQ__SEES_NULL, dfq__is_not_null_any },
  { DFQ__DISTINCT, "**", 'b', DFQ__SEES_NULL, dfq__is_distinct_any },
  { DFQ__NOT_DISTINCT, "**", 'b', DFQ__SEES_NULL, dfq__is_not_distinct_any },
  { DFQ__IN, "**+", 'b', DFQ__SEES_NULL | DFQ__MAKES_NULL, dfq__in_list },
  { DFQ__LIKE, "ss", 'b', 0, dfq__like_str },
  { DFQ__LIKE, "sss", 'b', DFQ__FAILS, dfq__like_str },
  { DFQ__ILIKE, "ss", 'b', 0, dfq__ilike_str },
  { DFQ__ILIKE, "sss", 'b', DFQ__FAILS, dfq__ilike_str },
  { DFQ__ADD, "ii", 'i', DFQ__FAILS, dfq__add_int },
  { DFQ__ADD, "ff", 'f', 0, dfq__add_f64 },
  { DFQ__ADD, "dD", 'd', DFQ__FAILS, dfq__date_add_days },
  { DFQ__ADD, "dM", 'd', DFQ__FAILS, dfq__month_add },
  { DFQ__ADD, "tu", 't', DFQ__FAILS, dfq__time_add },
  { DFQ__ADD, "tD", 't', DFQ__FAILS, dfq__time_add_days },
  { DFQ__ADD, "tM", 't', DFQ__FAILS, dfq__month_add },
  { DFQ__ADD, "uu", 'u', DFQ__FAILS, dfq__duration_add },
  { DFQ__SUB, "ii", 'i', DFQ__FAILS, dfq__sub_int },
  { DFQ__SUB, "ff", 'f', 0, dfq__sub_f64 },
  { DFQ__SUB, "dd", 'i', 0, dfq__days_between },
  { DFQ__SUB, "tt", 'u', DFQ__FAILS, dfq__duration_sub },
  { DFQ__SUB, "dD", 'd', DFQ__FAILS, dfq__date_sub_days },
  { DFQ__SUB, "dM", 'd', DFQ__FAILS, dfq__month_sub },
  { DFQ__SUB, "tu", 't', DFQ__FAILS, dfq__time_sub },
  { DFQ__SUB, "tD", 't', DFQ__FAILS, dfq__time_sub_days },
  { DFQ__SUB, "tM", 't', DFQ__FAILS, dfq__month_sub },
  { DFQ__SUB, "uu", 'u', DFQ__FAILS, dfq__duration_sub },
  { DFQ__MUL, "ii", 'i', DFQ__FAILS, dfq__mul_int },
  { DFQ__MUL, "ff", 'f', 0, dfq__mul_f64 },
  { DFQ__DIV, "ff", 'f', 0, dfq__div_f64 },
  { DFQ__IDIV, "ii", 'i', DFQ__FAILS | DFQ__MAKES_NULL, dfq__idiv_int },
  { DFQ__IDIV, "ff", 'f', DFQ__MAKES_NULL, dfq__idiv_f64 },
  { DFQ__MOD, "ii", 'i', DFQ__MAKES_NULL, dfq__mod_int },
  { DFQ__MOD, "ff", 'f', DFQ__MAKES_NULL, dfq__mod_f64 },
  { DFQ__NEG, "i", 'i', DFQ__FAILS, dfq__neg_int },
  { DFQ__NEG, "f", 'f', 0, dfq__neg_f64 },
  { DFQ__ABS, "i", 'i', DFQ__FAILS, dfq__abs_int },
  { DFQ__ABS, "f", 'f', 0, dfq__abs_f64 },
  { DFQ__FLOOR_DIV, "ii", 'i', DFQ__FAILS | DFQ__MAKES_NULL, dfq__floor_div_int },
  { DFQ__FLOOR_DIV, "ff", 'f', DFQ__MAKES_NULL, dfq__floor_div_f64 },
  { DFQ__FLOOR_MOD, "ii", 'i', DFQ__MAKES_NULL, dfq__floor_mod_int },
  { DFQ__FLOOR_MOD, "ff", 'f', DFQ__MAKES_NULL, dfq__floor_mod_f64 },
  { DFQ__WRAP_ADD, "ii", 'i', 0, dfq__wrap_add },
  { DFQ__WRAP_SUB, "ii", 'i', 0, dfq__wrap_sub },
  { DFQ__WRAP_MUL, "ii", 'i', 0, dfq__wrap_mul },
  { DFQ__IS_NAN, "f", 'b', 0, dfq__is_nan_f64 },
  { DFQ__LEN_BYTES, "s", 'i', 0, dfq__len_bytes },
  { DFQ__LEN_CHARS, "s", 'i', 0, dfq__len_chars },
  { DFQ__F_UPPER, "s", 's', 0, dfq__upper_str },
  { DFQ__F_LOWER, "s", 's', 0, dfq__lower_str },
  { DFQ__F_TITLE, "s", 's', 0, dfq__title_str },
  { DFQ__F_STRIP, "s", 's', 0, dfq__strip_str },
  { DFQ__F_STRIP, "ss", 's', 0, dfq__strip_str },
  { DFQ__F_LSTRIP, "s", 's', 0, dfq__lstrip_str },
  { DFQ__F_LSTRIP, "ss", 's', 0, dfq__lstrip_str },
  { DFQ__F_RSTRIP, "s", 's', 0, dfq__rstrip_str },
  { DFQ__F_RSTRIP, "ss", 's', 0, dfq__rstrip_str },
  { DFQ__F_CONTAINS, "ss", 'b', 0, dfq__contains_str },
  { DFQ__F_STARTS_WITH, "ss", 'b', 0, dfq__starts_with_str },
  { DFQ__F_ENDS_WITH, "ss", 'b', 0, dfq__ends_with_str },
  { DFQ__F_REPLACE, "sss", 's', 0, dfq__replace_str },
  { DFQ__F_FIND, "ss", 'i', 0, dfq__find_str },
  { DFQ__F_STRIP_PREFIX, "ss", 's', 0, dfq__strip_prefix_str },
  { DFQ__F_STRIP_SUFFIX, "ss", 's', 0, dfq__strip_suffix_str },
  { DFQ__F_SLICE, "sii", 's', 0, dfq__slice_str },
  { DFQ__F_SLICE, "si", 's', 0, dfq__slice_str },
  { DFQ__F_LEFT, "si", 's', 0, dfq__left_str },
  { DFQ__F_RIGHT, "si", 's', 0, dfq__right_str },
  { DFQ__F_REVERSE, "s", 's', 0, dfq__reverse_str },
  { DFQ__F_REPEAT, "si", 's', DFQ__FAILS, dfq__repeat_str },
  { DFQ__F_CONCAT, "ss+", 's', 0, dfq__concat_str },
  { DFQ__F_PAD_LEFT, "si", 's', DFQ__FAILS, dfq__pad_left_str },
  { DFQ__F_PAD_LEFT, "sis", 's', DFQ__FAILS, dfq__pad_left_str },
  { DFQ__F_PAD_RIGHT, "si", 's', DFQ__FAILS, dfq__pad_right_str },
  { DFQ__F_PAD_RIGHT, "sis", 's', DFQ__FAILS, dfq__pad_right_str },
  { DFQ__F_YEAR, "d", 'i', 0, dfq__year_of },
  { DFQ__F_YEAR, "t", 'i', 0, dfq__year_of },
  { DFQ__F_QUARTER, "d", 'i', 0, dfq__quarter_of },
  { DFQ__F_QUARTER, "t", 'i', 0, dfq__quarter_of },
  { DFQ__F_MONTH, "d", 'i', 0, dfq__month_of },
  { DFQ__F_MONTH, "t", 'i', 0, dfq__month_of },
  { DFQ__F_WEEK, "d", 'i', 0, dfq__week_of },
  { DFQ__F_WEEK, "t", 'i', 0, dfq__week_of },
  { DFQ__F_DAY, "d", 'i', 0, dfq__day_of_month },
  { DFQ__F_DAY, "t", 'i', 0, dfq__day_of_month },
  { DFQ__F_WEEKDAY, "d", 'i', 0, dfq__weekday },
  { DFQ__F_WEEKDAY, "t", 'i', 0, dfq__weekday },
  { DFQ__F_DAY_OF_YEAR, "d", 'i', 0, dfq__day_of_year },
  { DFQ__F_DAY_OF_YEAR, "t", 'i', 0, dfq__day_of_year },
  { DFQ__F_HOUR, "t", 'i', 0, dfq__hour_of },
  { DFQ__F_MINUTE, "t", 'i', 0, dfq__minute_of },
  { DFQ__F_SECOND, "t", 'i', 0, dfq__second_of },
  { DFQ__F_MICROSECOND, "t", 'i', 0, dfq__microsecond_of },
  { DFQ__F_DAY_NAME, "d", 's', 0, dfq__day_name },
  { DFQ__F_DAY_NAME, "t", 's', 0, dfq__day_name },
  { DFQ__F_MONTH_NAME, "d", 's', 0, dfq__month_name },
  { DFQ__F_MONTH_NAME, "t", 's', 0, dfq__month_name },
  { DFQ__F_IS_LEAP_YEAR, "d", 'b', 0, dfq__is_leap_year },
  { DFQ__F_IS_LEAP_YEAR, "t", 'b', 0, dfq__is_leap_year },
  { DFQ__F_LAST_DAY, "d", 'd', 0, dfq__last_day },
  { DFQ__F_LAST_DAY, "t", 'd', 0, dfq__last_day },
  { DFQ__F_DATE, "d", 'd', 0, dfq__date_of },
  { DFQ__F_DATE, "t", 'd', 0, dfq__date_of },
  { DFQ__F_TRUNCATE, "ds", 'd', 0, dfq__truncate_time },
  { DFQ__F_TRUNCATE, "ts", 't', 0, dfq__truncate_time },
  { DFQ__F_EPOCH_SECONDS, "t", 'i', 0, dfq__epoch_seconds },
  { DFQ__F_FROM_EPOCH_SECONDS, "i", 't', DFQ__FAILS, dfq__from_epoch_seconds },
  { DFQ__F_SIGN, "i", 'i', 0, dfq__sign_int },
  { DFQ__F_SIGN, "f", 'f', 0, dfq__sign_f64 },
  { DFQ__F_ROUND, "i", 'i', 0, dfq__same_int },
  { DFQ__F_ROUND, "f", 'f', 0, dfq__round_f64 },
  { DFQ__F_ROUND, "ii", 'i', DFQ__FAILS, dfq__round_digits_int },
  { DFQ__F_ROUND, "fi", 'f', 0, dfq__round_digits_f64 },
  { DFQ__F_FLOOR, "i", 'i', 0, dfq__same_int },
  { DFQ__F_FLOOR, "f", 'f', 0, dfq__floor_f64 },
  { DFQ__F_CEIL, "i", 'i', 0, dfq__same_int },
  { DFQ__F_CEIL, "f", 'f', 0, dfq__ceil_f64 },
  { DFQ__F_TRUNC, "i", 'i', 0, dfq__same_int },
  { DFQ__F_TRUNC, "f", 'f', 0, dfq__trunc_f64 },
  { DFQ__F_SQRT, "f", 'f', 0, dfq__sqrt_f64 },
  { DFQ__F_CBRT, "f", 'f', 0, dfq__cbrt_f64 },
  { DFQ__F_EXP, "f", 'f', 0, dfq__exp_f64 },
  { DFQ__F_LN, "f", 'f', 0, dfq__ln_f64 },
  { DFQ__F_LOG10, "f", 'f', 0, dfq__log10_f64 },
  { DFQ__F_LOG2, "f", 'f', 0, dfq__log2_f64 },
  { DFQ__F_SIN, "f", 'f', 0, dfq__sin_f64 },
  { DFQ__F_COS, "f", 'f', 0, dfq__cos_f64 },
  { DFQ__F_TAN, "f", 'f', 0, dfq__tan_f64 },
  { DFQ__F_POW, "ff", 'f', 0, dfq__pow_f64 },
  { DFQ__F_ATAN2, "ff", 'f', 0, dfq__atan2_f64 },
  { DFQ__F_BIT_AND, "ii", 'i', 0, dfq__bit_and_int },
  { DFQ__F_BIT_OR, "ii", 'i', 0, dfq__bit_or_int },
  { DFQ__F_BIT_XOR, "ii", 'i', 0, dfq__bit_xor_int },
  { DFQ__F_SHIFT_LEFT, "ii", 'i', DFQ__FAILS, dfq__shift_left_int },
  { DFQ__F_SHIFT_RIGHT, "ii", 'i', DFQ__FAILS, dfq__shift_right_int },
  { DFQ__F_LEAST, "ii+", 'i', DFQ__SEES_NULL, dfq__least_any },
  { DFQ__F_LEAST, "ff+", 'f', DFQ__SEES_NULL, dfq__least_any },
  { DFQ__F_LEAST, "ss+", 's', DFQ__SEES_NULL, dfq__least_any },
  { DFQ__F_LEAST, "dd+", 'd', DFQ__SEES_NULL, dfq__least_any },
  { DFQ__F_LEAST, "tt+", 't', DFQ__SEES_NULL, dfq__least_any },
  { DFQ__F_LEAST, "uu+", 'u', DFQ__SEES_NULL, dfq__least_any },
  { DFQ__F_LEAST, "bb+", 'b', DFQ__SEES_NULL, dfq__least_any },
  { DFQ__F_GREATEST, "ii+", 'i', DFQ__SEES_NULL, dfq__greatest_any },
  { DFQ__F_GREATEST, "ff+", 'f', DFQ__SEES_NULL, dfq__greatest_any },
  { DFQ__F_GREATEST, "ss+", 's', DFQ__SEES_NULL, dfq__greatest_any },
  { DFQ__F_GREATEST, "dd+", 'd', DFQ__SEES_NULL, dfq__greatest_any },
  { DFQ__F_GREATEST, "tt+", 't', DFQ__SEES_NULL, dfq__greatest_any },
  { DFQ__F_GREATEST, "uu+", 'u', DFQ__SEES_NULL, dfq__greatest_any },
  { DFQ__F_GREATEST, "bb+", 'b', DFQ__SEES_NULL, dfq__greatest_any },
  { DFQ__F_CLIP, "iii", 'i', 0, dfq__clip_any },
  { DFQ__F_CLIP, "fff", 'f', 0, dfq__clip_any },
  { DFQ__F_CLIP, "sss", 's', 0, dfq__clip_any },
  { DFQ__F_CLIP, "ddd", 'd', 0, dfq__clip_any },
  { DFQ__F_CLIP, "ttt", 't', 0, dfq__clip_any },
  { DFQ__F_CLIP, "uuu", 'u', 0, dfq__clip_any },
};
enum { DFQ__OVERLOAD_COUNT = sizeof dfq__overloads / sizeof dfq__overloads[0] };

static const char *dfq__letter_name(char letter) {
  return letter == '*' ? "any" : dfq_type_name(dfq__letter_type(letter));
}

// "(str, i64, ...)": the arguments of a signature.
static void dfq__put_letters(dfq__text *t, const char *args) {
  const char *sep = "(";
  if (!*args) dfq__put(t, sep);
  for (; *args; args++, sep = ", ")
    dfq__putf(t, "%s%s", sep, *args == '+' ? "..." : dfq__letter_name(*args));
  dfq__put(t, ")");
}

// The + of a signature stands behind its last letter, so the letters before it are the least.
static bool dfq__fits_count(const dfq__overload *o, int argc) {
  int n = (int)strcspn(o->args, "+");
  return argc == n || (argc > n && o->args[n] == '+');
}

// ---- >>names-of-calls: forms and aggregates, and a name's way to them -----------------------
// Two kinds of calls are no functions of values. A form becomes a case when it is read, so that
// it is lazy without a line in any engine: if(c, a, b) is case when c then a else b end. An
// aggregate is a function of many rows; what it computes stands in chapter 4, and expressions
// only need to know that it is one, and its type.
//
//   name ──> dfq__functions? ──> dfq__aggregates? ──> dfq__forms? ──> "did you mean"
//
// A form whose least count is -1 has a grammar of its own, and stands here for the reference.

// id, name, least and most arguments, signature
#define DFQ__FORM_LIST(X)                                                                      \
  X(DFQ__COALESCE, "coalesce", 1, INT32_MAX, "coalesce(any, ...) -> any")                      \
  X(DFQ__IF, "if", 3, 3, "if(bool, any, any) -> any")                                          \
  X(DFQ__IF_NULL, "if_null", 2, 2, "if_null(any, any) -> any")                                 \
  X(DFQ__FILL_NULL, "fill_null", 2, 2, "fill_null(any, any) -> any")                           \
  X(DFQ__FILL, "fill", 2, 2, "fill(any, any) -> any")                                          \
  X(DFQ__NULL_IF, "null_if", 2, 2, "null_if(any, any) -> any")                                 \
  X(DFQ__WHEN, "case", -1, -1,                                                                 \
    "case when bool then any ... [else any] end -> any\n"                                      \
    "case any when any then any ... [else any] end -> any")                                    \
  X(DFQ__BETWEEN, "between", -1, -1, "any [not] between any and any -> bool")                  \
  X(DFQ__CAST_AS, "cast", -1, -1, "cast(any as TYPE) -> TYPE")                                 \
  X(DFQ__TRY_CAST_AS, "try_cast", -1, -1, "try_cast(any as TYPE) -> TYPE")

#define DFQ__ENUM(id, name, least, most, signature) id,
enum { DFQ__FORM_LIST(DFQ__ENUM) DFQ__FORM_COUNT };
#undef DFQ__ENUM

typedef struct dfq__form {
  const char *name;
  int least, most;
  const char *signature;
} dfq__form;

static const dfq__form dfq__forms[] = {
#define DFQ__ROW(id, name, least, most, signature) { name, least, most, signature },
  DFQ__FORM_LIST(DFQ__ROW)
#undef DFQ__ROW
};

// id, name, least and most arguments, what the first may be (letters, * any), the result (* the
// same)
#define DFQ__AGGREGATE_LIST(X)                                                                 \
  X(DFQ__COUNT, "count", 0, 1, "*", 'i')      X(DFQ__SUM, "sum", 1, 1, "ifu", '*')             \
  X(DFQ__MEAN, "mean", 1, 1, "if", 'f')       X(DFQ__MIN, "min", 1, 1, "*", '*')               \
  X(DFQ__MAX, "max", 1, 1, "*", '*')          X(DFQ__FIRST, "first", 1, 1, "*", '*')           \
  X(DFQ__LAST, "last", 1, 1, "*", '*')                                                         \
  X(DFQ__FIRST_NON_NULL, "first_non_null", 1, 1, "*", '*')                                     \
  X(DFQ__LAST_NON_NULL, "last_non_null", 1, 1, "*", '*')                                       \
  X(DFQ__N_UNIQUE, "n_unique", 1, 1, "*", 'i')                                                 \
  X(DFQ__VAR, "var", 1, 1, "if", 'f')         X(DFQ__STD, "std", 1, 1, "if", 'f')              \
  X(DFQ__MEDIAN, "median", 1, 1, "if", 'f')   X(DFQ__QUANTILE, "quantile", 2, 2, "if", 'f')    \
  X(DFQ__ANY, "any", 1, 1, "b", 'b')          X(DFQ__ALL, "all", 1, 1, "b", 'b')          \
  /* only over a window: */                                                                    \
  X(DFQ__ROW_NUMBER, "row_number", 0, 0, "*", 'i') X(DFQ__RANK, "rank", 0, 0, "*", 'i')        \
  X(DFQ__DENSE_RANK, "dense_rank", 0, 0, "*", 'i')                                             \
  X(DFQ__PERCENT_RANK, "percent_rank", 0, 0, "*", 'f') X(DFQ__NTILE, "ntile", 1, 1, "i", 'i')  \
  X(DFQ__LAG, "lag", 1, 3, "*", '*')          X(DFQ__LEAD, "lead", 1, 3, "*", '*')             \
  X(DFQ__NTH_VALUE, "nth_value", 2, 2, "*", '*')

#define DFQ__ENUM(id, name, least, most, takes, result) id,
enum { DFQ__AGGREGATE_LIST(DFQ__ENUM) DFQ__AGGREGATE_COUNT };
#undef DFQ__ENUM

typedef struct dfq__aggregate {
  const char *name;
  int least, most;
  const char *takes;
  char result;
} dfq__aggregate;

static const dfq__aggregate dfq__aggregates[] = {
#define DFQ__ROW(id, name, least, most, takes, result) { name, least, most, takes, result },
  DFQ__AGGREGATE_LIST(DFQ__ROW)
#undef DFQ__ROW
};

static bool dfq__same_text(const char *name, const char *s, size_t n) {
  return strlen(name) == n && memcmp(name, s, n) == 0;
}

// Linear, over a hundred names, once per call in a text: nothing to speed up.
static int dfq__function_find(const char *s, size_t n) {
  for (int i = 0; i < DFQ__FUNCTION_COUNT; i++)
    if (dfq__same_text(dfq__functions[i].name, s, n)) return i;
  return -1;
}

static int dfq__form_find(const char *s, size_t n) {
  for (int i = 0; i < DFQ__FORM_COUNT; i++)
    if (dfq__forms[i].least >= 0 && dfq__same_text(dfq__forms[i].name, s, n)) return i;
  return -1;
}

// avg is the one synonym, because everybody types it. It prints as mean.
static int dfq__aggregate_find(const char *s, size_t n) {
  if (dfq__same_text("avg", s, n)) return DFQ__MEAN;
  for (int i = 0; i < DFQ__AGGREGATE_COUNT; i++)
    if (dfq__same_text(dfq__aggregates[i].name, s, n)) return i;
  return -1;
}

// ---- >>ast: expression trees and their constructors -----------------------------------------
// Idea. C has no operators to overload, so there are two roads to one tree: text through the
// parser, and these constructors. A tree is data: it can be printed, compared, searched for the
// columns it reads, typed without a row, moved below a join. Nodes never change, so trees may
// share parts.
//
//   dfq_gt(dfq_col(db, "amount"), dfq_i64(db, 100))   and   dfq_parse(db, "amount > 100")
//
//            call >                  A failure (bad text, no memory) is a node of its own kind;
//           /      \                 every tree built over it is that same node, until a verb
//    column amount   literal 100     or an action reports it.

// What walks a tree may recurse, and visits a shared part each time: `x between a and b` holds
// x twice, and thirty of those nested hold it a thousand million times. One level of a tree is
// at most two of the parser, an operator's right side and a parenthesis around it: so whatever
// can be built can be printed and parsed back. At the limit the parser needs about 350 KB of
// stack.
enum { DFQ__MAX_DEPTH = 500, DFQ__MAX_NESTING = 2 * DFQ__MAX_DEPTH, DFQ__MAX_SIZE = 10000000 };

// The invariants of a tree: no argument is NULL, failed or an alias; depth and size are within
// the limits; names are interned, so that equal ones are the same pointer. Who makes nodes by
// hand (the parser, the substitution) goes through dfq__expr_set to keep them.
// The window of an over expression; its partition and order expressions are arguments of the
// node, behind the call. first and last: rows before (negative) or after this one.
typedef struct dfq__window {
  int partitions, orders;
  const dfq_key *order;   // directions only
  bool framed, rows;      // framed: first and last were given; rows: as rows, else as a range
  int64_t first, last;    // INT64_MIN, INT64_MAX: unbounded
} dfq__window;

struct dfq_expr {
  dfq *db;
  dfq_expr_kind kind;
  int fn;              // of a call: dfq__functions; of an aggregate: dfq__aggregates
  dfq_type type;       // of a cast: to what
  int argc, depth;
  int size;            // nodes, shared ones as often as they are met; at most DFQ__MAX_SIZE + 1
  dfq_expr **arg;      // case: condition, value, condition, value, ..., otherwise
  const char *name;    // of a column or alias, interned
  dfq_value value;     // of a literal
  const dfq__window *window; // of over: arg is the call, partitions, orders
  const char *source;  // the text that was parsed, NULL when constructors built it
  uint32_t at, len;    // where in that text
  const dfq__error *error;
};

// What builders return when there is no memory for an expression.
// The spare is shared: whatever is built while memory is out is this one node. It is written
// again each time, so that nobody can have changed it.
static dfq_expr *dfq__expr_broken(dfq *db) {
  dfq_expr *e = (dfq_expr *)db->spare;
  dfq__report(db, &dfq__error_memory);
  e->db = db;
  e->kind = DFQ_FAILED;
  e->error = &dfq__error_memory;
  return e;
}

// Reported at once, too, for a caller who only builds an expression and never runs it.
static dfq_expr *dfq__expr_failed(dfq *db, const dfq__error *error) {
  dfq_expr *e = (dfq_expr *)dfq__arena_alloc(&db->arena, sizeof *e);
  dfq__report(db, error);
  if (!e) return dfq__expr_broken(db);
  e->db = db;
  e->kind = DFQ_FAILED;
  e->error = error;
  return e;
}

// One extra place in arg: a node without arguments still gets an address that is not NULL.
static dfq_expr *dfq__expr_new(dfq *db, dfq_expr_kind kind, int argc) {
  dfq_expr *e = (dfq_expr *)dfq__arena_alloc(&db->arena, sizeof *e);
  dfq_expr **arg = (dfq_expr **)dfq__arena_array(&db->arena, (size_t)argc + 1, sizeof *arg);
  if (!e || !arg) return dfq__expr_broken(db);
  e->db = db;
  e->kind = kind;
  e->argc = argc;
  e->depth = e->size = 1;
  e->arg = arg;
  return e;
}

// Sets an argument; an alias below the top means nothing and is left out.
// size saturates one above its limit, so that sharing cannot overflow it.
static void dfq__expr_set(dfq_expr *e, int i, dfq_expr *arg) {
  while (arg->kind == DFQ_ALIAS) arg = arg->arg[0];
  e->arg[i] = arg;
  if (arg->depth >= e->depth) e->depth = arg->depth + 1;
  e->size = arg->size > DFQ__MAX_SIZE - e->size ? DFQ__MAX_SIZE + 1 : e->size + arg->size;
}

// A node over the given arguments, or the first of them that failed.
// The funnel of all constructors: NULL in gives NULL out, the first failure comes out as it is,
// and the limits are looked at before anyone can recurse into the new node.
static dfq_expr *dfq__expr_over(dfq_expr_kind kind, int fn, dfq_expr *const *args, int argc) {
  dfq *db = NULL;
  for (int i = 0; i < argc; i++) {
    if (!args[i]) return NULL;
    if (args[i]->kind == DFQ_FAILED) return args[i];
    db = args[i]->db;
  }
  dfq_expr *e = dfq__expr_new(db, kind, argc);
  if (e->kind == DFQ_FAILED) return e;
  e->fn = fn;
  for (int i = 0; i < argc; i++) dfq__expr_set(e, i, args[i]);
  if (e->depth <= DFQ__MAX_DEPTH && e->size <= DFQ__MAX_SIZE) return e;
  bool deep = e->depth > DFQ__MAX_DEPTH;
  return dfq__expr_failed(db, dfq__error_new(&db->arena, DFQ_LIMIT, NULL, "expression",
                                             deep ? "is nested more than %d deep"
                                                  : "has more than %d parts",
                                             deep ? DFQ__MAX_DEPTH : DFQ__MAX_SIZE));
}

static dfq_expr *dfq__expr_1(int fn, dfq_expr *a) {
  return dfq__expr_over(DFQ_CALL, fn, &a, 1);
}

static dfq_expr *dfq__expr_2(int fn, dfq_expr *a, dfq_expr *b) {
  dfq_expr *args[] = { a, b };
  return dfq__expr_over(DFQ_CALL, fn, args, 2);
}

// name is NULL when interning found no memory: that is the one way in which it fails.
static dfq_expr *dfq__named(dfq_expr *e, const char *name) {
  if (e->kind == DFQ_FAILED) return e;
  e->name = name;
  return name ? e : dfq__expr_broken(e->db);
}

static dfq_expr *dfq__col_interned(dfq *db, const char *name) {
  return dfq__named(dfq__expr_new(db, DFQ_COLUMN, 0), name);
}

DFQ_API dfq_expr *dfq_col(dfq *db, const char *name) {
  return dfq__col_interned(db, dfq__intern(db, name));
}

// A NaN is made the one quiet NaN, so that equal trees have equal bits. Text is copied; the
// caller's may go away.
DFQ_API dfq_expr *dfq_literal(dfq *db, const dfq_value *value) {
  dfq_expr *e = dfq__expr_new(db, DFQ_LITERAL, 0);
  if (e->kind == DFQ_FAILED) return e;
  e->value = *value;
  if (value->type == DFQ_F64 && value->as.f != value->as.f) e->value.as.f = (double)NAN;
  if (value->type != DFQ_STR) return e;
  e->value.as.s = dfq__arena_text(&db->arena, value->as.s, value->len);
  return e->value.as.s ? e : dfq__expr_broken(db);
}

DFQ_API dfq_expr *dfq_i64(dfq *db, int64_t value) {
  dfq_value v = dfq__value_int(DFQ_I64, value);
  return dfq_literal(db, &v);
}
DFQ_API dfq_expr *dfq_f64(dfq *db, double value) {
  dfq_value v = dfq__value_f64(value);
  return dfq_literal(db, &v);
}
DFQ_API dfq_expr *dfq_bool(dfq *db, bool value) {
  dfq_value v = dfq__value_int(DFQ_BOOL, value);
  return dfq_literal(db, &v);
}
DFQ_API dfq_expr *dfq_str_n(dfq *db, const char *value, size_t len) {
  dfq_value v = dfq__value_str(value, len);
  return dfq_literal(db, &v);
}
DFQ_API dfq_expr *dfq_str(dfq *db, const char *value) {
  return dfq_str_n(db, value, strlen(value));
}
DFQ_API dfq_expr *dfq_null(dfq *db) {
  dfq_value v = dfq__value_null();
  return dfq_literal(db, &v);
}

DFQ_API dfq_expr *dfq_add(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__ADD, a, b); }
DFQ_API dfq_expr *dfq_sub(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__SUB, a, b); }
DFQ_API dfq_expr *dfq_mul(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__MUL, a, b); }
DFQ_API dfq_expr *dfq_div(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__DIV, a, b); }
DFQ_API dfq_expr *dfq_idiv(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__IDIV, a, b); }
DFQ_API dfq_expr *dfq_mod(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__MOD, a, b); }
DFQ_API dfq_expr *dfq_neg(dfq_expr *a) { return dfq__expr_1(DFQ__NEG, a); }
DFQ_API dfq_expr *dfq_eq(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__EQ, a, b); }
DFQ_API dfq_expr *dfq_ne(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__NE, a, b); }
DFQ_API dfq_expr *dfq_lt(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__LT, a, b); }
DFQ_API dfq_expr *dfq_le(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__LE, a, b); }
DFQ_API dfq_expr *dfq_gt(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__GT, a, b); }
DFQ_API dfq_expr *dfq_ge(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__GE, a, b); }
DFQ_API dfq_expr *dfq_and(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__AND, a, b); }
DFQ_API dfq_expr *dfq_or(dfq_expr *a, dfq_expr *b) { return dfq__expr_2(DFQ__OR, a, b); }
DFQ_API dfq_expr *dfq_not(dfq_expr *a) { return dfq__expr_1(DFQ__NOT, a); }
DFQ_API dfq_expr *dfq_is_null(dfq_expr *a) { return dfq__expr_1(DFQ__IS_NULL, a); }
DFQ_API dfq_expr *dfq_is_not_null(dfq_expr *a) { return dfq__expr_1(DFQ__IS_NOT_NULL, a); }
DFQ_API dfq_expr *dfq_is_distinct(dfq_expr *a, dfq_expr *b) {
  return dfq__expr_2(DFQ__DISTINCT, a, b);
}
DFQ_API dfq_expr *dfq_like(dfq_expr *a, dfq_expr *pattern) {
  return dfq__expr_2(DFQ__LIKE, a, pattern);
}

// Copies first (if not NULL) and count more into a new array; NULL without memory.
static dfq_expr **dfq__expr_list(dfq *db, dfq_expr *first, dfq_expr *const *more, int count) {
  dfq_expr **list = (dfq_expr **)dfq__arena_array(&db->arena, (size_t)count + 1, sizeof *list);
  if (!list) return NULL;
  int n = 0;
  if (first) list[n++] = first;
  for (int i = 0; i < count && more; i++) list[n++] = more[i];   // NULL: the places only
  return list;
}

// The list is the tail of the arguments: x in (a, b) is one call over x, a and b.
DFQ_API dfq_expr *dfq_in(dfq_expr *a, dfq_expr *const *list, int count) {
  if (!a || a->kind == DFQ_FAILED) return a;
  dfq_expr **all = dfq__expr_list(a->db, a, list, count);
  if (!all) return dfq__expr_broken(a->db);
  return dfq__expr_over(DFQ_CALL, DFQ__IN, all, count + 1);
}

// x between low and high is x >= low and x <= high, from the start: no node of its own.
// That is SQL's definition, nulls included. x stands in the tree twice but exists once.
DFQ_API dfq_expr *dfq_between(dfq_expr *a, dfq_expr *low, dfq_expr *high) {
  return dfq_and(dfq_ge(a, low), dfq_le(a, high));
}

// A missing otherwise is stored as a null literal, so that whoever walks a case meets an odd
// number of arguments always.
DFQ_API dfq_expr *dfq_case(dfq_expr *const *pairs, int pair_count, dfq_expr *otherwise) {
  if (pair_count < 1 || !pairs[0]) return NULL;
  dfq *db = pairs[0]->db;
  dfq_expr **all = dfq__expr_list(db, NULL, pairs, 2 * pair_count);
  if (!all) return dfq__expr_broken(db);
  all[2 * pair_count] = otherwise ? otherwise : dfq_null(db);
  return dfq__expr_over(DFQ_CASE, 0, all, 2 * pair_count + 1);
}

static dfq_expr *dfq__cast_to(dfq_expr_kind kind, dfq_expr *a, dfq_type type) {
  dfq_expr *e = dfq__expr_over(kind, 0, &a, 1);
  if (e && e->kind == kind) e->type = type;
  return e;
}
DFQ_API dfq_expr *dfq_cast(dfq_expr *a, dfq_type type) {
  return dfq__cast_to(DFQ_CAST, a, type);
}
DFQ_API dfq_expr *dfq_try_cast(dfq_expr *a, dfq_type type) {
  return dfq__cast_to(DFQ_TRY_CAST, a, type);
}

// An alias means something at the top of an item only: the name of the new column.
DFQ_API dfq_expr *dfq_as(dfq_expr *a, const char *name) {
  if (!a || a->kind == DFQ_FAILED) return a;
  dfq_expr *e = dfq__expr_over(DFQ_ALIAS, 0, &a, 1);
  return dfq__named(e, dfq__intern(a->db, name));
}

// count() is the one call without arguments, and the reason for db as a parameter.
static dfq_expr *dfq__aggregate_over(dfq *db, int fn, dfq_expr *const *args, int count) {
  dfq_expr *e = count ? dfq__expr_over(DFQ_AGGREGATE, fn, args, count)
                      : dfq__expr_new(db, DFQ_AGGREGATE, 0);
  if (e && e->kind == DFQ_AGGREGATE) e->fn = fn;
  return e;
}

DFQ_API dfq_expr *dfq_sum(dfq_expr *a) {
  return a ? dfq__aggregate_over(a->db, DFQ__SUM, &a, 1) : a;
}
DFQ_API dfq_expr *dfq_mean(dfq_expr *a) {
  return a ? dfq__aggregate_over(a->db, DFQ__MEAN, &a, 1) : a;
}
DFQ_API dfq_expr *dfq_min(dfq_expr *a) {
  return a ? dfq__aggregate_over(a->db, DFQ__MIN, &a, 1) : a;
}
DFQ_API dfq_expr *dfq_max(dfq_expr *a) {
  return a ? dfq__aggregate_over(a->db, DFQ__MAX, &a, 1) : a;
}
DFQ_API dfq_expr *dfq_count_of(dfq_expr *a) {
  return a ? dfq__aggregate_over(a->db, DFQ__COUNT, &a, 1) : a;
}
DFQ_API dfq_expr *dfq_count_rows(dfq *db) {
  return dfq__aggregate_over(db, DFQ__COUNT, NULL, 0);
}

// The function or aggregate of this name that is spelt most like it.
static const char *dfq__nearest_function(const char *name) {
  const char *best = NULL;
  int distance = dfq__near_limit(name);
  for (int i = 0; i < DFQ__FUNCTION_COUNT; i++)
    dfq__nearer(name, dfq__functions[i].name, &best, &distance);
  for (int i = 0; i < DFQ__AGGREGATE_COUNT; i++)
    dfq__nearer(name, dfq__aggregates[i].name, &best, &distance);
  for (int i = 0; i < DFQ__FORM_COUNT; i++)
    dfq__nearer(name, dfq__forms[i].name, &best, &distance);
  return best;
}

// coalesce(a, b, c) is case when a is not null then a when b is not null then b else c end.
// So it is lazy without a line of code for it, and its types unify as those of a case do.
static dfq_expr *dfq__coalesce(dfq *db, dfq_expr *const *args, int count) {
  dfq_expr **all = (dfq_expr **)dfq__arena_array(&db->arena, 2 * (size_t)count, sizeof *all);
  if (!all) return dfq__expr_broken(db);
  for (int i = 0; i + 1 < count; i++) {
    all[2 * i] = dfq_is_not_null(args[i]);
    all[2 * i + 1] = args[i];
  }
  return count == 1 ? args[0] : dfq_case(all, count - 1, args[count - 1]);
}

// null_if(a, b) is case when a = b then null else a end, for values that stand for nothing.
static dfq_expr *dfq__null_if(dfq *db, dfq_expr *const *args) {
  dfq_expr *pair[] = { dfq_eq(args[0], args[1]), dfq_null(db) };
  return dfq_case(pair, 1, args[0]);
}

// A form as the case that it stands for.
static dfq_expr *dfq__form_over(dfq *db, int form, dfq_expr *const *args, int count) {
  if (form == DFQ__NULL_IF) return dfq__null_if(db, args);
  if (form == DFQ__IF) return dfq_case(args, 1, args[2]);
  return dfq__coalesce(db, args, count);
}

// Does a function of this name exist for so many arguments? Types are the binder's business.
static bool dfq__takes_count(const char *name, size_t n, int count) {
  int aggregate = dfq__aggregate_find(name, n), fn = dfq__function_find(name, n);
  int form = dfq__form_find(name, n);
  if (form >= 0) return count >= dfq__forms[form].least && count <= dfq__forms[form].most;
  if (aggregate >= 0) {
    const dfq__aggregate *a = &dfq__aggregates[aggregate];
    return count >= a->least && count <= a->most;
  }
  for (int i = 0; i < DFQ__OVERLOAD_COUNT; i++)
    if (dfq__overloads[i].fn == fn && dfq__fits_count(&dfq__overloads[i], count)) return true;
  return false;
}

// The call of a function, aggregate or coalesce that takes so many arguments.
// The caller has checked the name and the count with dfq__takes_count.
static dfq_expr *dfq__call_over(dfq *db, const char *name, size_t n, dfq_expr *const *args,
                                int count) {
  int aggregate = dfq__aggregate_find(name, n);
  if (aggregate >= 0) return dfq__aggregate_over(db, aggregate, args, count);
  int form = dfq__form_find(name, n);
  if (form >= 0) return dfq__form_over(db, form, args, count);
  return dfq__expr_over(DFQ_CALL, dfq__function_find(name, n), args, count);
}

// The suggestion is left out when the name was right and only the count of arguments was not.
DFQ_API dfq_expr *dfq_call(dfq *db, const char *name, dfq_expr *const *args, int count) {
  size_t n = strlen(name);
  if (dfq__takes_count(name, n, count)) return dfq__call_over(db, name, n, args, count);
  const char *near = dfq__nearest_function(name);
  if (near && strcmp(near, name) == 0) near = NULL;
  return dfq__expr_failed(db, dfq__error_new(&db->arena, DFQ_UNKNOWN_NAME, NULL, "call",
                                             "no function %s with %d arguments%s%s%s", name,
                                             count, near ? "; did you mean " : "",
                                             near ? near : "",
                                             near ? "?" : ""));
}

// The node over a call: args is the call, the partitions, the orders.
// The call comes first in args. Whether it is an aggregate is checked here, for text and
// constructors alike; the types are checked by the binder of the window node.
static dfq_expr *dfq__windowed(dfq_expr *const *args, int count, const dfq__window *w) {
  dfq *db = args[0] ? args[0]->db : NULL;
  if (args[0] && args[0]->kind != DFQ_AGGREGATE && args[0]->kind != DFQ_FAILED)
    return dfq__expr_failed(
        db, dfq__error_new(&db->arena, DFQ_TYPE_ERROR, NULL, "over",
                           "only aggregates and window functions have one"));
  dfq_expr *e = dfq__expr_over(DFQ_OVER, 0, args, count);
  if (!e || e->kind == DFQ_FAILED) return e;
  dfq__window *kept = (dfq__window *)dfq__arena_alloc(&db->arena, sizeof *kept);
  size_t room = (size_t)w->orders + 1;
  dfq_key *order = (dfq_key *)dfq__arena_array(&db->arena, room, sizeof *order);
  if (!kept || !order) return dfq__expr_broken(db);
  if (w->orders) memcpy(order, w->order, (size_t)w->orders * sizeof *order);
  *kept = *w;
  kept->order = order;
  e->window = kept;
  return e;
}

// The directions are copied with the struct that holds them, the expressions become arguments:
// so whatever walks a tree finds the columns of partition by and order by without knowing
// windows.
DFQ_API dfq_expr *dfq_over(dfq_expr *call, const dfq_window *how) {
  if (!call || call->kind == DFQ_FAILED) return call;
  int orders = how->order_count, n = 1 + how->partition_count + orders;
  dfq__window w = { how->partition_count, orders, how->order_by, how->rows, true, how->first,
                    how->last };
  dfq_expr **args = dfq__expr_list(call->db, call, NULL, n);
  if (!args) return dfq__expr_broken(call->db);
  for (int i = 0; i < how->partition_count; i++) args[1 + i] = how->partition_by[i];
  for (int i = 0; i < orders; i++) args[1 + how->partition_count + i] = how->order_by[i].expr;
  return dfq__windowed(args, n, &w);
}

// ---- >>walking: what a tree says about itself -----------------------------------------------
// Since trees are plain data, every question about them is a short recursion. It ends within
// DFQ__MAX_DEPTH calls and DFQ__MAX_SIZE visits, because no larger tree can be built.

DFQ_API dfq_expr_kind dfq_expr_kind_of(const dfq_expr *e) { return e ? e->kind : DFQ_FAILED; }
DFQ_API int dfq_expr_args(const dfq_expr *e) { return e ? e->argc : 0; }
DFQ_API dfq_expr *dfq_expr_arg(const dfq_expr *e, int i) {
  return e && i >= 0 && i < e->argc ? e->arg[i] : NULL;
}

DFQ_API const char *dfq_expr_name(const dfq_expr *e) {
  if (!e) return NULL;
  if (e->kind == DFQ_CALL) return dfq__functions[e->fn].name;
  if (e->kind == DFQ_AGGREGATE) return dfq__aggregates[e->fn].name;
  return e->name;
}

DFQ_API bool dfq_expr_literal(const dfq_expr *e, dfq_value *to) {
  if (!e || e->kind != DFQ_LITERAL) return false;
  *to = e->value;
  return true;
}

// A shared part is visited once for each place in which it stands.
// Frames, tools and tests use it; the engine's own walks are written out, since they return
// things.
DFQ_API void dfq_visit(dfq_expr *e, bool (*visit)(void *user, dfq_expr *e), void *user) {
  if (!e || !visit(user, e)) return;
  for (int i = 0; i < e->argc; i++) dfq_visit(e->arg[i], visit, user);
}

// Equality of literals, not of numbers: 1 and 1.0 are different trees, and so are 0.0 and -0.0.
static bool dfq__value_same(const dfq_value *a, const dfq_value *b) {
  if (a->type != b->type) return false;
  if (a->type == DFQ_NULL) return true;
  if (a->type == DFQ_STR) return dfq__compare_values(a, b) == 0;
  return a->as.i == b->as.i;   // floats: the same bits
}

// Structure only: a + b and b + a differ. Nothing here knows algebra; the optimizer compares
// what it has brought into one form.
// A frame that was not given differs from the same frame spelt out: both must print as they
// were.
static bool dfq__window_same(const dfq__window *a, const dfq__window *b) {
  if (!a || !b) return a == b;
  if (a->partitions != b->partitions || a->orders != b->orders || a->framed != b->framed)
    return false;
  bool ends = a->rows == b->rows && a->first == b->first && a->last == b->last;
  if (a->framed && !ends) return false;
  for (int i = 0; i < a->orders; i++)
    if (a->order[i].descending != b->order[i].descending ||
        a->order[i].nulls_first != b->order[i].nulls_first) return false;
  return true;
}

DFQ_API bool dfq_expr_equal(const dfq_expr *a, const dfq_expr *b) {
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind || a->argc != b->argc || a->fn != b->fn) return false;
  if (a->type != b->type || a->name != b->name) return false;
  if (!dfq__value_same(&a->value, &b->value)) return false;
  if (!dfq__window_same(a->window, b->window)) return false;
  for (int i = 0; i < a->argc; i++)
    if (!dfq_expr_equal(a->arg[i], b->arg[i])) return false;
  return true;
}

// A set of names in the order they came; for required columns.
typedef struct dfq__names {
  dfq__arena *arena;
  const char **name;
  int count, room;
  bool failed;
} dfq__names;

// Linear: a query names tens of columns, not thousands.
static bool dfq__names_has(const dfq__names *s, const char *name) {
  for (int i = 0; i < s->count; i++)
    if (s->name[i] == name) return true;
  return false;
}

// The old array stays in the arena until its release; doubling keeps that below twice the rest.
static void dfq__names_add(dfq__names *s, const char *name) {
  if (dfq__names_has(s, name)) return;
  if (s->count == s->room) {
    int room = s->room ? s->room * 2 : 8;
    const char **to = (const char **)dfq__arena_array(s->arena, (size_t)room, sizeof *to);
    if (!to) { s->failed = true; return; }
    for (int i = 0; i < s->count; i++) to[i] = s->name[i];
    s->name = to;
    s->room = room;
  }
  s->name[s->count++] = name;
}

static void dfq__names_of(dfq__names *s, const dfq_expr *e) {
  if (e->kind == DFQ_COLUMN) dfq__names_add(s, e->name);
  for (int i = 0; i < e->argc; i++) dfq__names_of(s, e->arg[i]);
}

// A column comes once however often it is read: the array is what a scan would have to produce.
DFQ_API int dfq_expr_columns(dfq_expr *e, const char *const **names) {
  dfq__names s = { e ? &e->db->arena : NULL, NULL, 0, 0, false };
  if (e) dfq__names_of(&s, e);
  *names = s.name;
  if (s.failed) dfq__report(e->db, &dfq__error_memory);
  return s.failed ? 0 : s.count;
}

DFQ__UNUSED static bool dfq__has_aggregate(const dfq_expr *e) {
  if (e->kind == DFQ_AGGREGATE) return true;
  for (int i = 0; i < e->argc; i++)
    if (dfq__has_aggregate(e->arg[i])) return true;
  return false;
}

// Is a window function anywhere in the tree?
// Such an expression needs rows around its own, so it may not move below what removes rows.
DFQ__UNUSED static bool dfq__has_window(const dfq_expr *e) {
  if (e->kind == DFQ_OVER) return true;
  for (int i = 0; i < e->argc; i++)
    if (dfq__has_window(e->arg[i])) return true;
  return false;
}

// The tree with each column replaced by what map gives for its name (NULL: left as it is). The
// result may be past the limits of depth and size: who makes it looks at them.
typedef dfq_expr *(*dfq__mapping)(void *user, const dfq_expr *column);

// Copies on the way to a change only: what is untouched stays shared, and a tree without a
// match comes back as the same pointer. The copy loses its source text, since a caret there
// would point at something else.
DFQ__UNUSED static dfq_expr *dfq__substitute(dfq_expr *e, dfq__mapping map, void *user) {
  if (e->kind == DFQ_COLUMN) {
    dfq_expr *to = map(user, e);
    return to ? to : e;
  }
  dfq_expr *copy = NULL;
  for (int i = 0; i < e->argc; i++) {
    dfq_expr *arg = dfq__substitute(e->arg[i], map, user);
    if (arg->kind == DFQ_FAILED) return arg;
    if (arg == e->arg[i] && !copy) continue;
    if (!copy) {
      copy = dfq__expr_new(e->db, e->kind, e->argc);
      if (copy->kind == DFQ_FAILED) return copy;
      dfq_expr **list = copy->arg;
      *copy = *e;
      copy->arg = list;
      copy->source = NULL;
      copy->depth = copy->size = 1;
      for (int j = 0; j < i; j++) dfq__expr_set(copy, j, e->arg[j]);
    }
    dfq__expr_set(copy, i, arg);
  }
  return copy ? copy : e;
}

// ---- >>printer: trees as text that parses back ----------------------------------------------
// Why text at all: names of columns that nobody named, explain, error messages, and pipelines
// that are written to a file and read again. All want the same property, parse(print(tree)) ==
// tree, and a test asks for it over thousands of random trees.
//
//   and                        a is asked for at the level of and, the or at one above it:
//    |-- a                     or binds less tightly than that, so it gets its parentheses
//    |-- or                    a and (b or c)
//         |-- b
//         |-- c
//
// Parentheses only where the grammar needs them: an operator is in them when its level is below
// what its place asks for. One node can be marked; the printer then notes where it came out,
// for a caret.

typedef struct dfq__printer {
  dfq__text text;
  const dfq_expr *mark;
  size_t mark_at, mark_len;
} dfq__printer;

static const char *const dfq__reserved[] = {
  "and", "or", "not", "is", "in", "like", "ilike", "between", "case", "when", "then", "else",
  "end", "as", "null", "true", "false", NULL
};

// SELECT shouts, and people paste it: reserved words may be in upper case, as a whole. Mixed
// case is a name: And is a column.
static int dfq__reserved_find(const char *s, size_t n) {
  for (int i = 0; dfq__reserved[i]; i++) {
    size_t j = 0;
    bool upper = n && s[0] >= 'A' && s[0] <= 'Z';
    if (strlen(dfq__reserved[i]) != n) continue;
    while (j < n && s[j] == (upper ? dfq__reserved[i][j] - 32 : dfq__reserved[i][j])) j++;
    if (j == n) return i;
  }
  return -1;
}

// Bytes of 0x80 and above are letters: names may be written in any language, and nobody here
// has to know Unicode's tables.
static bool dfq__is_name_start(char c) {
  int lower = dfq__lower(c);
  return (lower >= 'a' && lower <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool dfq__is_name_char(char c) { return dfq__is_name_start(c) || dfq__is_digit(c); }

// Text between quote characters, inner ones doubled.
static void dfq__put_quoted(dfq__text *t, const char *s, size_t n, char quote) {
  dfq__put_char(t, quote);
  for (size_t i = 0; i < n; i++) {
    if (s[i] == quote) dfq__put_char(t, quote);
    dfq__put_char(t, s[i]);
  }
  dfq__put_char(t, quote);
}

// A name is quoted when it would be read as anything else.
static void dfq__put_name(dfq__text *t, const char *name) {
  size_t n = strlen(name), i = 0;
  while (i < n && dfq__is_name_char(name[i])) i++;
  bool plain = n && i == n && dfq__is_name_start(name[0]) && dfq__reserved_find(name, n) < 0;
  if (plain) dfq__put(t, name);
  else dfq__put_quoted(t, name, n, '"');
}

// Only bool, i64 and finite f64 have a spelling of their own; all other types are named.
// Intervals print in their smallest unit: 2 weeks come out as 14 day.
static void dfq__put_literal(dfq__text *t, const dfq_value *v) {
  char text[DFQ__NUMBER_TEXT];
  size_t n = dfq__write_value(text, v);
  switch (dfq__kind(v->type)) {
    case DFQ_NULL: dfq__put(t, "null"); return;
    case DFQ_STR: dfq__put_quoted(t, v->as.s, v->len, '\''); return;
    case DFQ_DURATION: dfq__putf(t, "interval '%lld' microsecond", (long long)v->as.i); return;
    case DFQ_DAYS: dfq__putf(t, "interval '%lld' day", (long long)v->as.i); return;
    case DFQ_MONTHS: dfq__putf(t, "interval '%lld' month", (long long)v->as.i); return;
    default: break;
  }
  bool bare = v->type == DFQ_BOOL || v->type == DFQ_I64;
  if (v->type == DFQ_F64) bare = v->as.f - v->as.f == 0;   // inf and nan are words
  if (bare) dfq__put_n(t, text, n);
  else dfq__putf(t, "%s '%s'", dfq_type_name(v->type), text);
}

static void dfq__print(dfq__printer *p, const dfq_expr *e, int level);

static void dfq__print_list(dfq__printer *p, const dfq_expr *e, int from) {
  for (int i = from; i < e->argc; i++) {
    if (i > from) dfq__put(&p->text, ", ");
    dfq__print(p, e->arg[i], 0);
  }
}

// case x when 1 was taken apart by the parser, and prints as case when x = 1.
static void dfq__print_case(dfq__printer *p, const dfq_expr *e) {
  dfq__put(&p->text, "case");
  for (int i = 0; i + 1 < e->argc; i += 2) {
    dfq__put(&p->text, " when ");
    dfq__print(p, e->arg[i], 0);
    dfq__put(&p->text, " then ");
    dfq__print(p, e->arg[i + 1], 0);
  }
  const dfq_expr *otherwise = e->arg[e->argc - 1];
  if (otherwise->kind != DFQ_LITERAL || otherwise->value.type != DFQ_NULL) {
    dfq__put(&p->text, " else ");
    dfq__print(p, otherwise, 0);
  }
  dfq__put(&p->text, " end");
}

// All operators associate to the left: the left side may stand at the operator's own level, the
// right side must bind tighter. Comparisons do not chain at all, so theirs must on both sides.
static void dfq__print_infix(dfq__printer *p, const dfq_expr *e) {
  const dfq__function *f = &dfq__functions[e->fn];
  bool chains = f->level != DFQ__L_CMP;
  dfq__print(p, e->arg[0], chains ? f->level : f->level + 1);
  dfq__putf(&p->text, " %s ", f->infix);
  dfq__print(p, e->arg[1], f->level + 1);
  if (e->argc < 3) return;
  dfq__put(&p->text, " escape ");
  dfq__print(p, e->arg[2], DFQ__L_PRIM);
}

// neg of a literal needs the parentheses: -5 would be read as the literal -5.
static void dfq__print_call(dfq__printer *p, const dfq_expr *e) {
  const dfq__function *f = &dfq__functions[e->fn];
  bool number = e->argc && e->arg[0]->kind == DFQ_LITERAL;
  switch (e->fn) {
    case DFQ__NOT:
      dfq__put(&p->text, "not ");
      dfq__print(p, e->arg[0], DFQ__L_NOT);
      return;
    case DFQ__NEG:
      dfq__put(&p->text, number ? "-(" : "-");
      dfq__print(p, e->arg[0], number ? 0 : DFQ__L_UNARY);
      if (number) dfq__put(&p->text, ")");
      return;
    case DFQ__IS_NULL: case DFQ__IS_NOT_NULL:
      dfq__print(p, e->arg[0], DFQ__L_ADD);
      dfq__put(&p->text, e->fn == DFQ__IS_NULL ? " is null" : " is not null");
      return;
    case DFQ__IN:
      dfq__print(p, e->arg[0], DFQ__L_ADD);
      dfq__put(&p->text, " in (");
      dfq__print_list(p, e, 1);
      dfq__put(&p->text, ")");
      return;
    default: break;
  }
  if (f->infix) { dfq__print_infix(p, e); return; }
  dfq__putf(&p->text, "%s(", f->name);
  dfq__print_list(p, e, 0);
  dfq__put(&p->text, ")");
}

// Offsets count from the current row, negative ones precede it; the two extremes stand for
// unbounded.
static void dfq__put_bound(dfq__text *t, int64_t offset) {
  if (offset == INT64_MIN) dfq__put(t, "unbounded preceding");
  else if (offset == INT64_MAX) dfq__put(t, "unbounded following");
  else if (offset == 0) dfq__put(t, "current row");
  else if (offset < 0) dfq__putf(t, "%llu preceding", 0 - (unsigned long long)offset);
  else dfq__putf(t, "%lld following", (long long)offset);
}

// f(x) over (partition by a order by b desc rows between 2 preceding and current row)
// The arguments in their order: the call, the partitions, the orders; each group prints its own
// words before its first member.
static void dfq__print_over(dfq__printer *p, const dfq_expr *e) {
  const dfq__window *w = e->window;
  const char *space = "";
  dfq__print(p, e->arg[0], 0);
  dfq__put(&p->text, " over (");
  for (int i = 0; i < w->partitions; i++, space = " ") {
    dfq__put(&p->text, i ? ", " : "partition by ");
    dfq__print(p, e->arg[1 + i], 0);
  }
  for (int i = 0; i < w->orders; i++) {
    if (i == 0) dfq__putf(&p->text, "%sorder by ", space);
    else dfq__put(&p->text, ", ");
    dfq__print(p, e->arg[1 + w->partitions + i], 0);
    if (w->order[i].descending) dfq__put(&p->text, " desc");
    if (w->order[i].nulls_first) dfq__put(&p->text, " nulls first");
    space = " ";
  }
  if (w->framed) {
    dfq__putf(&p->text, "%s%s between ", space, w->rows ? "rows" : "range");
    dfq__put_bound(&p->text, w->first);
    dfq__put(&p->text, " and ");
    dfq__put_bound(&p->text, w->last);
  }
  dfq__put(&p->text, ")");
}

static void dfq__print_node(dfq__printer *p, const dfq_expr *e) {
  switch (e->kind) {
    case DFQ_COLUMN: dfq__put_name(&p->text, e->name); return;
    case DFQ_LITERAL: dfq__put_literal(&p->text, &e->value); return;
    case DFQ_CALL: dfq__print_call(p, e); return;
    case DFQ_CASE: dfq__print_case(p, e); return;
    case DFQ_OVER: dfq__print_over(p, e); return;
    case DFQ_STAR: dfq__put(&p->text, "*"); return;
    case DFQ_FAILED: dfq__put(&p->text, "(failed)"); return;
    case DFQ_CAST: case DFQ_TRY_CAST:
      dfq__put(&p->text, e->kind == DFQ_CAST ? "cast(" : "try_cast(");
      dfq__print(p, e->arg[0], 0);
      dfq__putf(&p->text, " as %s)", dfq_type_name(e->type));
      return;
    case DFQ_AGGREGATE:
      dfq__putf(&p->text, "%s(", dfq__aggregates[e->fn].name);
      dfq__print_list(p, e, 0);
      dfq__put(&p->text, ")");
      return;
    case DFQ_ALIAS:
      dfq__print(p, e->arg[0], 0);
      dfq__put(&p->text, " as ");
      dfq__put_name(&p->text, e->name);
      return;
  }
}

// level is what the place asks for; 0 takes anything. Literals, names and calls bind tightest.
static void dfq__print(dfq__printer *p, const dfq_expr *e, int level) {
  int own = e->kind == DFQ_CALL ? dfq__functions[e->fn].level : DFQ__L_PRIM;
  bool paren = own < level;
  if (paren) dfq__put(&p->text, "(");
  size_t at = p->text.len;
  dfq__print_node(p, e);
  if (e == p->mark) { p->mark_at = at; p->mark_len = p->text.len - at; }
  if (paren) dfq__put(&p->text, ")");
}

static void dfq__put_expr(dfq__text *t, const dfq_expr *e) {
  dfq__printer p = { *t, NULL, 0, 0 };
  dfq__print(&p, e, 0);
  *t = p.text;
}

DFQ_API const char *dfq_expr_text(dfq_expr *e) {
  if (!e) return "";
  dfq__text t = dfq__text_in(e->db->heap);
  dfq__put_expr(&t, e);
  const char *s = t.failed ? NULL : dfq__arena_text(&e->db->arena, t.data, t.len);
  dfq__text_free(&t);
  if (!s) dfq__report(e->db, &dfq__error_memory);
  return s ? s : "";
}

static bool dfq__is_inner_byte(char c) { return (c & 0xC0) == 0x80; }   // of a UTF-8 character

// The caret lines: the line of text that holds [at, at + len), and a caret below each
// character.
// Long lines are cut to a window of 160 bytes around the place, at whole characters. A tab is
// copied into the line of carets, so that both lines are indented alike.
static void dfq__put_caret(dfq__text *t, const char *text, size_t at, size_t len) {
  size_t from = at, to = at, carets = 0;
  while (from > 0 && text[from - 1] != '\n') from--;
  while (text[to] && text[to] != '\n') to++;
  while (to - from > 160 && at - from > 60) from++;   // a long line: the part around the place
  if (to - from > 160) to = from + 160;
  while (from < at && dfq__is_inner_byte(text[from])) from++;
  while (to > at && dfq__is_inner_byte(text[to])) to--;
  dfq__put(t, "\n  ");
  dfq__put_n(t, text + from, to - from);
  dfq__put(t, "\n  ");
  for (size_t i = from; i < at; i++)
    if (!dfq__is_inner_byte(text[i])) dfq__put_char(t, text[i] == '\t' ? '\t' : ' ');
  for (size_t i = at; i < to && i - at < len; i++) carets += !dfq__is_inner_byte(text[i]);
  dfq__put_repeat(t, '^', dfq__max(1, carets));
}

// ---- >>lexer: text into tokens --------------------------------------------------------------
// Idea. The lexer has no state but a position: a token is where it begins, how long it is, and
// its kind. So looking ahead is just calling it again, and a pipeline's stages, whose file
// names follow rules of their own, can take over in the middle of a text. A token that makes no
// sense is a token, too (DFQ__T_BAD): only the parser knows whether anyone will ask for it.
//
//   price >= 1.5 # net          [NAME price] [SYMBOL >=] [FLOAT 1.5] [END]
//
// One token at a time, on demand. Expressions and pipelines share it.

typedef enum dfq__token_kind {
  DFQ__T_END, DFQ__T_NAME, DFQ__T_QUOTED, DFQ__T_INT, DFQ__T_FLOAT, DFQ__T_STR, DFQ__T_PARAM,
  DFQ__T_SYMBOL, DFQ__T_BAD
} dfq__token_kind;

typedef struct dfq__token {
  dfq__token_kind kind;
  uint32_t at, len;      // of quoted tokens: with the quotes
  const char *problem;   // of a bad one
} dfq__token;

typedef struct dfq__parser {
  dfq *db;
  const char *text;      // in the context's arena: expressions point into it
  size_t size, last_end; // last_end: where the latest token that was taken ended
  dfq__token now;
  const char *call_at, *where;   // for messages
  bool lines;                    // a pipeline: messages name the line of the text
  int depth;
  const dfq__error *error;       // the first one
} dfq__parser;

// Skips blanks and # comments.
// A comment runs to the end of its line; inside quotes there is none, since the lexer of quotes
// has taken those bytes by then.
static size_t dfq__skip_blank(const dfq__parser *p, size_t i) {
  while (i < p->size) {
    char c = p->text[i];
    if (c == '#') while (i < p->size && p->text[i] != '\n') i++;
    else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') i++;
    else break;
  }
  return i;
}

static dfq__token dfq__token_make(dfq__token_kind kind, size_t at, size_t end) {
  dfq__token t = { kind, (uint32_t)at, (uint32_t)(end - at), NULL };
  return t;
}

// Quotes are escaped by doubling, as in SQL; a backslash is a backslash. A text may span lines.
// The bad token is the opening quote alone: that is where the caret should stand.
static dfq__token dfq__lex_quoted(const dfq__parser *p, size_t i) {
  char quote = p->text[i];
  for (size_t j = i + 1; j < p->size; j++) {
    if (p->text[j] != quote) continue;
    if (j + 1 < p->size && p->text[j + 1] == quote) { j++; continue; }
    return dfq__token_make(quote == '"' ? DFQ__T_QUOTED : DFQ__T_STR, i, j + 1);
  }
  dfq__token t = dfq__token_make(DFQ__T_BAD, i, i + 1);
  t.problem = "this quote is never closed";
  return t;
}

// A point counts only between digits, so 1..2 and 1.abs stay free for later. Digits that run
// into letters are an error here, not a number and a name: 12ab is a typing mistake.
static dfq__token dfq__lex_number(const dfq__parser *p, size_t i) {
  size_t j = i;
  dfq__token_kind kind = DFQ__T_INT;
  while (j < p->size && dfq__is_digit(p->text[j])) j++;
  if (j + 1 < p->size && p->text[j] == '.' && dfq__is_digit(p->text[j + 1])) {
    kind = DFQ__T_FLOAT;
    for (j++; j < p->size && dfq__is_digit(p->text[j]);) j++;
  }
  if (j < p->size && (p->text[j] == 'e' || p->text[j] == 'E')) {
    size_t k = j + 1;
    if (k < p->size && (p->text[k] == '+' || p->text[k] == '-')) k++;
    if (k < p->size && dfq__is_digit(p->text[k])) {
      kind = DFQ__T_FLOAT;
      for (j = k; j < p->size && dfq__is_digit(p->text[j]);) j++;
    }
  }
  dfq__token t = dfq__token_make(kind, i, j);
  if (j < p->size && dfq__is_name_char(p->text[j])) {
    while (j < p->size && dfq__is_name_char(p->text[j])) j++;
    t = dfq__token_make(DFQ__T_BAD, i, j);
    t.problem = "neither a number nor a name (a name with a digit in front goes into \"...\")";
  }
  return t;
}

// Two-byte signs first, or <= would be < and =. Some signs are tokens only to make a better
// message: || and && are in no rule of the grammar.
static dfq__token dfq__lex(const dfq__parser *p, size_t from) {
  static const char *const pairs[] = { "==", "!=", "<>", "<=", ">=", "//", "||", "&&" };
  size_t i = dfq__skip_blank(p, from), j = i + 1;
  if (i >= p->size) return dfq__token_make(DFQ__T_END, p->size, p->size);
  char c = p->text[i];
  if (c == '\'' || c == '"') return dfq__lex_quoted(p, i);
  if (dfq__is_digit(c)) return dfq__lex_number(p, i);
  if (dfq__is_name_start(c)) {
    while (j < p->size && dfq__is_name_char(p->text[j])) j++;
    return dfq__token_make(DFQ__T_NAME, i, j);
  }
  if (c == '$') {
    while (j < p->size && dfq__is_name_char(p->text[j])) j++;
    return dfq__token_make(DFQ__T_PARAM, i, j);
  }
  for (int k = 0; k < 8; k++)
    if (j < p->size && c == pairs[k][0] && p->text[j] == pairs[k][1])
      return dfq__token_make(DFQ__T_SYMBOL, i, i + 2);
  dfq__token t = dfq__token_make(DFQ__T_SYMBOL, i, j);
  if (c == 0 || !strchr("+-*/%=<>(),.;|:~&", c)) {
    t.kind = DFQ__T_BAD;
    t.problem = "no such sign in an expression";
  }
  return t;
}

// last_end is where the latest real token ended: "the text ends here" points there, and a minus
// is part of a number only if it ended right before it.
static void dfq__take(dfq__parser *p) {
  p->last_end = p->now.at + p->now.len;
  p->now = dfq__lex(p, p->last_end);
}

// Starts a parser over a copy of text. where: the verb, call_at: file:line of the call.
// The text is copied: expressions keep pointing into it for their carets. Offsets have 32 bits.
static dfq__parser dfq__parser_of(dfq *db, const char *text, size_t n, const char *where,
                                  const char *call_at) {
  dfq__parser p;
  memset(&p, 0, sizeof p);
  p.db = db;
  p.call_at = call_at;
  p.where = where;
  p.size = n;
  p.text = dfq__arena_text(&db->arena, text, n);
  if (!p.text || n > UINT32_MAX / 2) { p.error = &dfq__error_memory; p.text = ""; p.size = 0; }
  p.now = dfq__lex(&p, 0);
  return p;
}

// What messages say about a place in the text: the call's file:line, and for a pipeline of
// several lines which of them, "query.c:42, line 3". NULL: nothing.
static const char *dfq__place_of(const dfq__parser *p, size_t at) {
  int line = 1;
  if (!p->lines) return p->call_at;
  for (size_t i = 0; i < at && i < p->size; i++) line += p->text[i] == '\n';
  dfq__text t = dfq__text_in(p->db->heap);
  if (p->call_at) dfq__putf(&t, "%s, ", p->call_at);
  dfq__putf(&t, "line %d", line);
  const char *place = t.failed ? NULL : dfq__arena_text(&p->db->arena, t.data, t.len);
  dfq__text_free(&t);
  return place;
}

// Notes the first error, with a caret under len bytes at at; reading then stops.
// Only the first error counts, what follows from it is noise. After it the parser sees the end
// of the text: every loop ends by itself, and no rule needs to check for errors on its way out.
DFQ__FORMAT(5)
static void dfq__parse_fail(dfq__parser *p, dfq_status status, size_t at, size_t len,
                            const char *format, ...) {
  if (p->error) return;
  dfq__text t = dfq__text_in(p->db->heap);
  dfq__put_head(&t, status, dfq__place_of(p, at), p->where);
  va_list args;
  va_start(args, format);
  dfq__put_list(&t, format, args);
  va_end(args);
  dfq__put_caret(&t, p->text, at, len);
  p->error = dfq__error_from(&p->db->arena, status, &t);
  p->now = dfq__token_make(DFQ__T_END, p->size, p->size);
}

static bool dfq__is_symbol(const dfq__parser *p, const char *symbol) {
  return p->now.kind == DFQ__T_SYMBOL &&
         dfq__same_text(symbol, p->text + p->now.at, p->now.len);
}

// A word as it stands: for the contextual ones.
static bool dfq__is_word(const dfq__parser *p, const char *word) {
  return p->now.kind == DFQ__T_NAME && dfq__same_text(word, p->text + p->now.at, p->now.len);
}

// A reserved word, in lower or upper case.
static bool dfq__is_reserved(const dfq__parser *p, const char *word) {
  if (p->now.kind != DFQ__T_NAME) return false;
  int i = dfq__reserved_find(p->text + p->now.at, p->now.len);
  return i >= 0 && strcmp(dfq__reserved[i], word) == 0;
}

static bool dfq__accept_symbol(dfq__parser *p, const char *symbol) {
  bool yes = dfq__is_symbol(p, symbol);
  if (yes) dfq__take(p);
  return yes;
}
static bool dfq__accept_word(dfq__parser *p, const char *word) {
  bool yes = dfq__is_word(p, word);
  if (yes) dfq__take(p);
  return yes;
}
static bool dfq__accept_reserved(dfq__parser *p, const char *word) {
  bool yes = dfq__is_reserved(p, word);
  if (yes) dfq__take(p);
  return yes;
}

// The error for the token at hand, when something else had to come.
// A bad token explains itself; any other is named, up to 40 bytes of it.
static void dfq__expected(dfq__parser *p, const char *what) {
  dfq__token t = p->now;
  if (t.kind == DFQ__T_BAD && strchr("'\"", p->text[t.at]))
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "%s", t.problem);   // the caret says which
  else if (t.kind == DFQ__T_BAD)
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "%s: %.*s", t.problem, (int)dfq__min(t.len, 40),
                    p->text + t.at);
  else if (t.kind == DFQ__T_END)   // behind the last token, not behind blanks and comments
    dfq__parse_fail(p, DFQ_SYNTAX, p->last_end, 1, "expected %s, but the text ends here", what);
  else
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "expected %s, not %.*s", what,
                    (int)dfq__min(t.len, 40), p->text + t.at);
}

static void dfq__expect_symbol(dfq__parser *p, const char *symbol) {
  if (!dfq__accept_symbol(p, symbol)) dfq__expected(p, symbol);
}
static void dfq__expect_reserved(dfq__parser *p, const char *word) {
  if (!dfq__accept_reserved(p, word)) dfq__expected(p, word);
}

// The text of a quoted token without its quotes, doubled ones halved. In the arena; *n bytes.
// Room for the token with its quotes, which is always enough.
static const char *dfq__unquote(const dfq__parser *p, dfq__token t, size_t *n) {
  char *s = (char *)dfq__arena_alloc(&p->db->arena, t.len + 1u);
  char quote = p->text[t.at];
  *n = 0;
  if (!s) return NULL;
  for (size_t i = t.at + 1u; i + 1 < t.at + t.len; i++) {
    s[(*n)++] = p->text[i];
    if (p->text[i] == quote) i++;
  }
  return s;
}

// A quoted name is never a reserved word: that is what the quotes are for.
static bool dfq__at_name(const dfq__parser *p) {
  if (p->now.kind == DFQ__T_QUOTED) return true;
  return p->now.kind == DFQ__T_NAME && dfq__reserved_find(p->text + p->now.at, p->now.len) < 0;
}

// NAME, plain or quoted. Returns: interned; NULL after an error.
static const char *dfq__parse_name(dfq__parser *p, const char *what) {
  dfq__token t = p->now;
  size_t n = t.len;
  const char *s = p->text + t.at;
  if (!dfq__at_name(p)) { dfq__expected(p, what); return NULL; }
  if (t.kind == DFQ__T_QUOTED) s = dfq__unquote(p, t, &n);
  const char *name = s ? dfq__intern_n(p->db, s, n) : NULL;
  if (!name) p->error = &dfq__error_memory;
  if (name && strlen(name) != n)
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "a name cannot hold a zero byte");
  dfq__take(p);
  return name;
}

// ---- >>operands: literals, names, calls and case --------------------------------------------
// Idea. One function for each rule of the grammar, named after it, reads its rule and returns
// its tree. The first token alone tells which rule it is (LL(1)); the two exceptions look one
// token further: a name before a parenthesis is a call, and a type before a text is a literal.
//
//   prim = INT | FLOAT | STR | "null" | "true" | "false" | "$" NAME | "(" expr ")"
//        | TYPE STR | "interval" STR [unit] | NAME "(" [ "*" | args ] ")" | NAME
//        | "case" [expr] {"when" expr "then" expr}+ ["else" expr] "end"
//        | ("cast" | "try_cast") "(" expr "as" type ")"
//
// A rule that fails has called dfq__parse_fail and returns the failed node. Callers pass it on
// unlooked-at: any node built over it is it again.

static dfq_expr *dfq__parse_expr(dfq__parser *p, int level);

// Every rule that fails ends here, so that a parse never returns NULL.
static dfq_expr *dfq__parse_broken(dfq__parser *p) {
  return dfq__expr_failed(p->db, p->error ? p->error : &dfq__error_memory);
}

// Notes where in the text a new node came from; from an expression that failed, the error.
// A node that has its place already keeps it: parentheses add nothing to what they hold. A
// shared node (the x of between) belongs to where it was read.
static dfq_expr *dfq__placed(dfq__parser *p, dfq_expr *e, size_t at) {
  if (!e || e->kind == DFQ_FAILED) {
    if (!p->error) p->error = e ? e->error : &dfq__error_memory;
    return dfq__parse_broken(p);
  }
  if (e->source) return e;
  e->source = p->text;
  e->at = (uint32_t)at;
  e->len = (uint32_t)(p->last_end - at);
  return e;
}

// The type's name is an ordinary word, in lower case: columns may be called date or str as
// well.
static dfq_type dfq__parse_type(dfq__parser *p) {
  dfq__token t = p->now;
  dfq_type type = DFQ_KINDS;
  if (t.kind == DFQ__T_NAME) type = dfq__type_find(p->text + t.at, t.len);
  if (type == DFQ_KINDS)
    dfq__expected(p, "a type (bool, i32, i64, f64, str, date, datetime, duration)");
  else dfq__take(p);
  return type;
}

// Reads text as a value of a type. Returns false when it is none; type NULL is no type to read.
// The one place where text becomes a value: typed literals, casts and the CSV reader all call
// it, so they accept the same things. A duration's text is its microseconds.
static bool dfq__read_value(dfq_type type, const char *s, size_t n, dfq_value *to) {
  *to = dfq__value_int(type, 0);
  switch (dfq__kind(type)) {
    case DFQ_BOOL: return dfq__read_bool(s, n, &to->as.i);
    case DFQ_I32:
      return dfq__read_i64(s, n, &to->as.i) && to->as.i >= INT32_MIN && to->as.i <= INT32_MAX;
    case DFQ_I64: case DFQ_DURATION: return dfq__read_i64(s, n, &to->as.i);
    case DFQ_F64: return dfq__read_f64(s, n, &to->as.f);
    case DFQ_DATE: return dfq__read_date(s, n, &to->as.i);
    case DFQ_DATETIME: return dfq__read_datetime(s, n, &to->as.i);
    case DFQ_STR: *to = dfq__value_str(s, n); return true;
    default: return false;
  }
}

// INT or FLOAT, with the minus that stands next to it.
// The minus has to be part of the literal, because 9223372036854775808 alone does not fit. Only
// a minus directly in front counts: "- 5" is the negation of 5.
static dfq_expr *dfq__parse_number(dfq__parser *p, bool negative) {
  dfq__token t = p->now;
  const char *s = p->text + t.at - (negative ? 1 : 0);
  dfq_value v;
  bool whole = t.kind == DFQ__T_INT;
  if (!dfq__read_value(whole ? DFQ_I64 : DFQ_F64, s, t.len + (negative ? 1u : 0u), &v)) {
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "%.*s does not fit in %s",
                    (int)dfq__min(t.len, 40), p->text + t.at,
                    whole ? "i64 (write it with .0 for f64)" : "f64");
    return dfq__parse_broken(p);
  }
  dfq__take(p);
  return dfq_literal(p->db, &v);
}

static dfq_expr *dfq__parse_string(dfq__parser *p) {
  size_t n;
  const char *s = dfq__unquote(p, p->now, &n);
  dfq__take(p);
  return s ? dfq_str_n(p->db, s, n) : dfq__parse_broken(p);
}

// date '2020-01-01', f64 'nan', i32 '5'. The type's name was taken already.
// A number that is well formed but too large says so; everything else "is no" such type.
static dfq_expr *dfq__parse_typed(dfq__parser *p, dfq_type type) {
  dfq__token t = p->now;
  size_t n;
  const char *s = dfq__unquote(p, t, &n);
  dfq__decimal d;
  dfq_value v;
  if (!s) return dfq__parse_broken(p);
  if (!dfq__read_value(type, s, n, &v)) {
    bool number = type == DFQ_I32 || type == DFQ_I64 || type == DFQ_F64;
    bool large = number && dfq__scan_decimal(s, n, &d) && (type == DFQ_F64 || d.integer);
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "%.*s %s %s%s", (int)dfq__min(t.len, 40),
                    p->text + t.at, large ? "does not fit in" : "is no", dfq_type_name(type),
                    type == DFQ_DATE ? " (YYYY-MM-DD)"
                    : type == DFQ_DATETIME ? " (YYYY-MM-DD HH:MM:SS)" : "");
  }
  dfq__take(p);
  return p->error ? dfq__parse_broken(p) : dfq_literal(p->db, &v);
}

// Units come in three kinds that cannot be converted into each other: a month has no fixed
// number of days, and with time zones a day would have no fixed number of hours.
typedef struct dfq__unit {
  const char *name;
  dfq_type type;
  int64_t size;
} dfq__unit;

static const dfq__unit dfq__units[] = {
  { "microsecond", DFQ_DURATION, 1 },         { "millisecond", DFQ_DURATION, 1000 },
  { "second", DFQ_DURATION, 1000000 },        { "minute", DFQ_DURATION, 60000000 },
  { "hour", DFQ_DURATION, 3600000000 },       { "day", DFQ_DAYS, 1 },
  { "week", DFQ_DAYS, 7 },                    { "month", DFQ_MONTHS, 1 },
  { "quarter", DFQ_MONTHS, 3 },               { "year", DFQ_MONTHS, 12 },
};

static const dfq__unit *dfq__unit_find(const char *s, size_t n) {
  if (n && s[n - 1] == 's') n--;
  for (size_t i = 0; i < sizeof dfq__units / sizeof *dfq__units; i++)
    if (dfq__same_text(dfq__units[i].name, s, n)) return &dfq__units[i];
  return NULL;
}

// interval '90' day, interval '3 months'. The word interval was taken already.
// The unit stands inside the quotes or behind them. A sign inside is fine: interval '-3' day.
static dfq_expr *dfq__parse_interval(dfq__parser *p) {
  dfq__token t = p->now;
  size_t n, digits = 0;
  int64_t count = 0;
  const char *s = dfq__unquote(p, t, &n);
  if (!s) return dfq__parse_broken(p);
  dfq__take(p);
  while (digits < n && (dfq__is_digit(s[digits]) || s[digits] == '-')) digits++;
  size_t word = digits;
  while (word < n && s[word] == ' ') word++;
  const dfq__unit *unit = dfq__unit_find(s + word, n - word);
  if (word == n && p->now.kind == DFQ__T_NAME) {
    unit = dfq__unit_find(p->text + p->now.at, p->now.len);
    if (unit) dfq__take(p);
  }
  bool fits = unit && dfq__read_i64(s, digits, &count);
  fits = fits && !dfq__mul_check(count, unit->size, &count);
  if (!fits) {
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len,
                    "an interval is a number and one unit, as in interval '90' day "
                    "(microsecond ... week; month, quarter, year)");
    return dfq__parse_broken(p);
  }
  dfq_value v = dfq__value_int(unit->type, count);
  return dfq_literal(p->db, &v);
}

// A parameter becomes a literal at once: what comes from outside is never read as text of the
// language, so it cannot smuggle any in.
static dfq_expr *dfq__parse_param(dfq__parser *p) {
  dfq__token t = p->now;
  const char *name = dfq__intern_n(p->db, p->text + t.at + 1, t.len - 1);
  dfq__take(p);
  for (dfq__param *q = p->db->params; q && name; q = q->next)
    if (q->name == name) return dfq_literal(p->db, &q->value);
  if (!name && !p->error) p->error = &dfq__error_memory;
  dfq__parse_fail(p, DFQ_UNKNOWN_NAME, t.at, t.len,
                  "the parameter $%s has no value; dfq_set_i64, dfq_set_f64 or dfq_set_str "
                  "give it one",
                  name ? name : "");
  return dfq__parse_broken(p);
}

// ---- >>calls: what holds lists: case, functions, windows ------------------------------------
// A rule that reads a list does not know its length beforehand. The list grows in the arena by
// doubling, and the node takes a copy of the final length.

// A growing list of expressions while parsing.
typedef struct dfq__list {
  dfq_expr **item;
  int count, room;
} dfq__list;

// Returns false after any failure, with p->error set. Doubling, in the arena.
static bool dfq__list_add(dfq__parser *p, dfq__list *l, dfq_expr *e) {
  if (!e || e->kind == DFQ_FAILED) {
    if (!p->error) p->error = e ? e->error : &dfq__error_memory;
    return false;
  }
  if (l->count == l->room) {
    int room = l->room ? l->room * 2 : 8;
    dfq_expr **to = (dfq_expr **)dfq__arena_array(&p->db->arena, (size_t)room, sizeof *to);
    if (!to) { p->error = &dfq__error_memory; return false; }
    if (l->count) memcpy(to, l->item, (size_t)l->count * sizeof *to);
    l->item = to;
    l->room = room;
  }
  l->item[l->count++] = e;
  return true;
}

// args = [ expr {"," expr} [","] ] ")". The opening parenthesis was taken already.
static bool dfq__parse_args(dfq__parser *p, dfq__list *l) {
  while (!p->error && !dfq__is_symbol(p, ")")) {
    if (!dfq__list_add(p, l, dfq__parse_expr(p, DFQ__L_OR))) return false;
    if (!dfq__accept_symbol(p, ",")) break;
  }
  dfq__expect_symbol(p, ")");
  return !p->error;
}

// case [x] {when a then b}+ [else c] end. The word case was taken already.
// With a subject, each when becomes a comparison with it; the subject's node is shared by all.
static dfq_expr *dfq__parse_case(dfq__parser *p) {
  dfq__list l = { NULL, 0, 0 };
  dfq_expr *subject = NULL, *otherwise = NULL;
  if (!dfq__is_reserved(p, "when")) subject = dfq__parse_expr(p, DFQ__L_OR);
  while (!p->error && dfq__accept_reserved(p, "when")) {
    dfq_expr *when = dfq__parse_expr(p, DFQ__L_OR);
    if (subject) when = dfq_eq(subject, when);
    dfq__expect_reserved(p, "then");
    if (!dfq__list_add(p, &l, when)) break;
    dfq__list_add(p, &l, dfq__parse_expr(p, DFQ__L_OR));
  }
  if (l.count == 0) dfq__expected(p, "when");
  if (dfq__accept_reserved(p, "else")) otherwise = dfq__parse_expr(p, DFQ__L_OR);
  dfq__expect_reserved(p, "end");
  return p->error ? dfq__parse_broken(p) : dfq_case(l.item, l.count / 2, otherwise);
}

// cast(x as type). "cast(" was taken already.
static dfq_expr *dfq__parse_cast(dfq__parser *p, dfq_expr_kind kind) {
  dfq_expr *a = dfq__parse_expr(p, DFQ__L_OR);
  dfq__expect_reserved(p, "as");
  dfq_type type = dfq__parse_type(p);
  dfq__expect_symbol(p, ")");
  return p->error ? dfq__parse_broken(p) : dfq__cast_to(kind, a, type);
}

// The name is cut to 63 bytes: what is longer is no misspelt function.
static void dfq__unknown_function(dfq__parser *p, dfq__token t) {
  char name[64] = "";
  memcpy(name, p->text + t.at, dfq__min(t.len, sizeof name - 1));
  const char *near = dfq__nearest_function(name);
  dfq__parse_fail(p, DFQ_UNKNOWN_NAME, t.at, t.len, "no function %s%s%s%s", name,
                  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

typedef struct dfq__keys {
  dfq_key *key;
  int count, room;
} dfq__keys;

static bool dfq__parse_key(dfq__parser *p, dfq__keys *keys);

// bound = ("unbounded" | INT) ("preceding" | "following") | "current" "row"
// INT64_MIN and INT64_MAX mean unbounded, so a count is at most INT64_MAX - 1 in effect: no
// table has so many rows.
static int64_t dfq__parse_bound(dfq__parser *p, bool rows) {
  int64_t n = INT64_MAX;
  dfq__token t = p->now;
  if (dfq__accept_word(p, "current")) {
    if (!dfq__accept_word(p, "row")) dfq__expected(p, "row");
    return 0;
  }
  bool unbounded = dfq__accept_word(p, "unbounded");
  if (!unbounded && t.kind == DFQ__T_INT && dfq__read_i64(p->text + t.at, t.len, &n)) {
    if (!rows)
      dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len,
                      "a range reaches to unbounded or current row; counted frames are rows "
                      "between ...");
    dfq__take(p);
  } else if (!unbounded) {
    dfq__expected(p, "unbounded, current row or a number");
  }
  if (dfq__accept_word(p, "following")) return n;
  if (!dfq__accept_word(p, "preceding")) dfq__expected(p, "preceding or following");
  return unbounded ? INT64_MIN : -n;
}

// ["rows" | "range" "between" bound "and" bound]
// Both ends are needed: SQL's short forms say less than they seem to.
static void dfq__parse_frame(dfq__parser *p, dfq__window *w) {
  w->rows = dfq__is_word(p, "rows");
  w->framed = dfq__accept_word(p, "rows") || dfq__accept_word(p, "range");
  if (!w->framed) return;
  dfq__expect_reserved(p, "between");
  w->first = dfq__parse_bound(p, w->rows);
  dfq__expect_reserved(p, "and");
  dfq__token t = p->now;
  w->last = dfq__parse_bound(p, w->rows);
  if (w->last < w->first || w->last == INT64_MIN || w->first == INT64_MAX)
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "the frame ends before it begins");
}

static bool dfq__expect_by(dfq__parser *p) {
  if (!dfq__accept_word(p, "by")) dfq__expected(p, "by");
  return !p->error;
}

// call ["over" "(" ["partition" "by" args] ["order" "by" keys] [frame] ")"]
// partition, order, rows and range are words of this place only, so columns may have those
// names.
static dfq_expr *dfq__parse_over(dfq__parser *p, dfq_expr *call) {
  dfq__list l = { NULL, 0, 0 };
  dfq__keys keys = { NULL, 0, 0 };
  dfq__window w;
  memset(&w, 0, sizeof w);
  if (p->error || !dfq__is_word(p, "over")) return call;
  dfq__take(p);
  dfq__expect_symbol(p, "(");
  if (!dfq__list_add(p, &l, call)) return dfq__parse_broken(p);
  if (dfq__accept_word(p, "partition") && dfq__expect_by(p))
    do {
      dfq__list_add(p, &l, dfq__parse_expr(p, DFQ__L_OR));
    } while (dfq__accept_symbol(p, ","));
  w.partitions = l.count - 1;
  if (dfq__accept_word(p, "order") && dfq__expect_by(p))
    do { dfq__parse_key(p, &keys); } while (!p->error && dfq__accept_symbol(p, ","));
  for (int i = 0; i < keys.count; i++) dfq__list_add(p, &l, keys.key[i].expr);
  w.orders = keys.count;
  w.order = keys.key;
  dfq__parse_frame(p, &w);
  dfq__expect_symbol(p, ")");
  return p->error ? dfq__parse_broken(p) : dfq__windowed(l.item, l.count, &w);
}

// NAME "(" ... : cast, a function or an aggregate. Name and parenthesis were taken already.
// Functions are told from columns by the parenthesis alone, so a column may be called sum.
static dfq_expr *dfq__parse_call(dfq__parser *p, dfq__token name) {
  const char *s = p->text + name.at;
  dfq__list l = { NULL, 0, 0 };
  if (dfq__same_text("cast", s, name.len)) return dfq__parse_cast(p, DFQ_CAST);
  if (dfq__same_text("try_cast", s, name.len)) return dfq__parse_cast(p, DFQ_TRY_CAST);
  int aggregate = dfq__aggregate_find(s, name.len), fn = dfq__function_find(s, name.len);
  if (aggregate < 0 && fn < 0 && dfq__form_find(s, name.len) < 0) {
    dfq__unknown_function(p, name);
    return dfq__parse_broken(p);
  }
  bool star = aggregate == DFQ__COUNT && dfq__accept_symbol(p, "*");
  if (star) dfq__expect_symbol(p, ")");
  else dfq__parse_args(p, &l);
  if (!dfq__takes_count(s, name.len, l.count))
    dfq__parse_fail(p, DFQ_SYNTAX, name.at, name.len, "%.*s does not take %d argument%s",
                    (int)name.len, s, l.count, l.count == 1 ? "" : "s");
  if (p->error) return dfq__parse_broken(p);
  return dfq__parse_over(p, dfq__call_over(p->db, s, name.len, l.item, l.count));
}

// What begins with a name: a constant, a typed literal, a call, or a column.
// Reserved words come first: at_name refuses those that are left.
static dfq_expr *dfq__parse_word(dfq__parser *p) {
  dfq__token t = p->now;
  const char *s = p->text + t.at;
  if (dfq__accept_reserved(p, "null")) return dfq_null(p->db);
  if (dfq__accept_reserved(p, "true")) return dfq_bool(p->db, true);
  if (dfq__accept_reserved(p, "false")) return dfq_bool(p->db, false);
  if (dfq__accept_reserved(p, "case")) return dfq__parse_case(p);
  if (!dfq__at_name(p)) {
    dfq__expected(p, "an expression");
    return dfq__parse_broken(p);
  }
  dfq__token next = dfq__lex(p, t.at + t.len);
  if (next.kind == DFQ__T_STR) {
    dfq_type type = dfq__type_find(s, t.len);
    bool interval = dfq__same_text("interval", s, t.len);
    if (interval || type != DFQ_KINDS) {
      dfq__take(p);
      return interval ? dfq__parse_interval(p) : dfq__parse_typed(p, type);
    }
  }
  if (next.kind == DFQ__T_SYMBOL && next.len == 1 && p->text[next.at] == '(') {
    dfq__take(p);
    dfq__take(p);
    return dfq__parse_call(p, t);
  }
  const char *name = dfq__parse_name(p, "a column");
  return name ? dfq__col_interned(p->db, name) : dfq__parse_broken(p);
}

// What stands next to a minus without a blank is a number; every other minus is the operator.
static dfq_expr *dfq__parse_prim(dfq__parser *p) {
  if (dfq__accept_symbol(p, "(")) {
    dfq_expr *e = dfq__parse_expr(p, DFQ__L_OR);
    dfq__expect_symbol(p, ")");
    return e;
  }
  if (dfq__accept_symbol(p, "-")) {
    bool next_to = p->now.at == p->last_end;
    if (next_to && (p->now.kind == DFQ__T_INT || p->now.kind == DFQ__T_FLOAT))
      return dfq__parse_number(p, true);
    return dfq_neg(dfq__parse_expr(p, DFQ__L_UNARY));
  }
  switch (p->now.kind) {
    case DFQ__T_INT: case DFQ__T_FLOAT: return dfq__parse_number(p, false);
    case DFQ__T_STR: return dfq__parse_string(p);
    case DFQ__T_PARAM: return dfq__parse_param(p);
    case DFQ__T_QUOTED: {
      const char *name = dfq__parse_name(p, "a column");
      return name ? dfq__col_interned(p->db, name) : dfq__parse_broken(p);
    }
    case DFQ__T_NAME: return dfq__parse_word(p);
    default: dfq__expected(p, "an expression"); return dfq__parse_broken(p);
  }
}

// ---- >>parser: a Pratt parser ---------------------------------------------------------------
// Pratt ("Top Down Operator Precedence", 1973): parse one operand, then as long as the next
// operator binds at least as tightly as the place asks for, take it and parse its right side
// one level higher. The whole precedence of the language is the column of levels in
// dfq__functions.
//
//   parse(OR): 1 + 2 * 3 > x    operand 1; '+' is level ADD >= OR: right = parse(MUL) = 2 * 3
//                               then '>' is level CMP >= OR: right = parse(ADD) = x
//
// A grammar with a rule for each level does the same with one function per level, and calls
// through all of them for every operand. Larger engines generate the parser from the grammar.
//
// Comparisons are the exception: they do not chain (a < b < c is an error with a hint), and
// some of them have a grammar of their own behind the word (is, in, like, between).

// is [not] null, is [not] distinct from x. "is" was taken already.
// distinct and from are words of this place only, so they are no reserved words.
static dfq_expr *dfq__parse_is(dfq__parser *p, dfq_expr *left) {
  bool negated = dfq__accept_reserved(p, "not");
  if (dfq__accept_reserved(p, "null"))
    return negated ? dfq_is_not_null(left) : dfq_is_null(left);
  if (dfq__accept_word(p, "distinct") && dfq__accept_word(p, "from")) {
    dfq_expr *right = dfq__parse_expr(p, DFQ__L_ADD);
    return dfq__expr_2(negated ? DFQ__NOT_DISTINCT : DFQ__DISTINCT, left, right);
  }
  dfq__expected(p, "null or distinct from");
  return dfq__parse_broken(p);
}

// in (...), like x [escape e], between a and b: what may have "not" before it. NULL: none of
// them.
// between reads its "and" itself: its operands stop at the level of +, above any other "and".
static dfq_expr *dfq__parse_membership(dfq__parser *p, dfq_expr *left) {
  dfq__list l = { NULL, 0, 0 };
  if (dfq__accept_reserved(p, "in")) {
    dfq__expect_symbol(p, "(");
    if (!dfq__list_add(p, &l, left) || !dfq__parse_args(p, &l)) return dfq__parse_broken(p);
    return dfq__expr_over(DFQ_CALL, DFQ__IN, l.item, l.count);
  }
  bool like = dfq__accept_reserved(p, "like");
  if (like || dfq__accept_reserved(p, "ilike")) {
    dfq_expr *args[3] = { left, dfq__parse_expr(p, DFQ__L_ADD), NULL };
    bool escape = dfq__accept_word(p, "escape");
    if (escape) args[2] = dfq__parse_expr(p, DFQ__L_PRIM);
    return dfq__expr_over(DFQ_CALL, like ? DFQ__LIKE : DFQ__ILIKE, args, escape ? 3 : 2);
  }
  if (!dfq__accept_reserved(p, "between")) return NULL;
  dfq_expr *low = dfq__parse_expr(p, DFQ__L_ADD);
  dfq__expect_reserved(p, "and");
  return dfq_between(left, low, dfq__parse_expr(p, DFQ__L_ADD));
}

// The infix operator at hand, -1 when there is none.
// Tries every spelling in turn: twenty comparisons of a few bytes for each token.
static int dfq__infix_at(const dfq__parser *p) {
  if (dfq__is_symbol(p, "==")) return DFQ__EQ;
  if (dfq__is_symbol(p, "<>")) return DFQ__NE;
  for (int i = 0; i < DFQ__FUNCTION_COUNT; i++) {
    const char *s = dfq__functions[i].infix;
    if (s && dfq__is_symbol(p, s)) return i;
    if (s && dfq__is_name_start(*s) && dfq__is_reserved(p, s)) return i;
  }
  return -1;
}

// In C, a < b < c compares a truth value with c. It is never what was meant.
static void dfq__check_chain(dfq__parser *p) {
  int fn = dfq__infix_at(p);
  bool chains = fn >= 0 && dfq__functions[fn].level == DFQ__L_CMP;
  chains = chains || dfq__is_reserved(p, "is") || dfq__is_reserved(p, "in") ||
           dfq__is_reserved(p, "not") || dfq__is_reserved(p, "between");
  if (chains)
    dfq__parse_fail(p, DFQ_SYNTAX, p->now.at, p->now.len,
                    "comparisons do not chain: write a < b and b < c, or parentheses");
}

// One comparison behind left, or NULL when none stands here.
static dfq_expr *dfq__parse_comparison(dfq__parser *p, dfq_expr *left) {
  if (dfq__accept_reserved(p, "is")) return dfq__parse_is(p, left);
  if (dfq__is_reserved(p, "not")) {
    dfq__take(p);
    dfq_expr *e = dfq__parse_membership(p, left);
    if (!e) dfq__expected(p, "in, like, ilike or between");
    return e ? dfq_not(e) : dfq__parse_broken(p);
  }
  dfq_expr *e = dfq__parse_membership(p, left);
  if (e) return e;
  int fn = dfq__infix_at(p);
  if (fn < 0 || dfq__functions[fn].level != DFQ__L_CMP) return NULL;
  dfq__take(p);
  return dfq__expr_2(fn, left, dfq__parse_expr(p, DFQ__L_ADD));
}

// Left associativity is the own + 1 below: the right side may not take another operator of the
// same level, so the loop does, with what was read so far on its left.
static dfq_expr *dfq__parse_infix(dfq__parser *p, dfq_expr *left, int level, size_t at) {
  while (!p->error) {
    if (level <= DFQ__L_CMP) {
      dfq_expr *e = dfq__parse_comparison(p, left);
      if (e) {
        left = dfq__placed(p, e, at);
        dfq__check_chain(p);
        if (level == DFQ__L_CMP) return left;
        continue;
      }
    }
    int fn = dfq__infix_at(p), own = fn < 0 ? 0 : dfq__functions[fn].level;
    if (fn < 0 || own < level || own == DFQ__L_CMP) break;
    dfq__take(p);
    left = dfq__placed(p, dfq__expr_2(fn, left, dfq__parse_expr(p, own + 1)), at);
  }
  return p->error ? dfq__parse_broken(p) : left;
}

// The only rule that all nesting passes through, so the only one that counts depth.
static dfq_expr *dfq__parse_expr(dfq__parser *p, int level) {
  size_t at = p->now.at;
  dfq_expr *left;
  if (++p->depth > DFQ__MAX_NESTING)
    dfq__parse_fail(p, DFQ_LIMIT, at, 1, "nested more than %d deep", DFQ__MAX_NESTING);
  if (p->error) return dfq__parse_broken(p);
  if (level <= DFQ__L_NOT && dfq__accept_reserved(p, "not"))
    left = dfq__placed(p, dfq_not(dfq__parse_expr(p, DFQ__L_NOT)), at);
  else
    left = dfq__placed(p, dfq__parse_prim(p), at);
  left = dfq__parse_infix(p, left, level, at);
  p->depth--;
  return left;
}

// Hints for signs that other languages use.
// The hints are for hands that are used to C, SQL dialects or other dataframes.
static void dfq__expect_end(dfq__parser *p) {
  if (p->error || p->now.kind == DFQ__T_END) return;
  dfq__token t = p->now;
  if (dfq__is_symbol(p, "||") || dfq__is_symbol(p, "|"))
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len,
                    "write or for a choice; | separates the stages of a pipeline");
  else if (dfq__is_symbol(p, "&&") || dfq__is_symbol(p, "&"))
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "write and");
  else dfq__expected(p, "an operator or the end");
}

// item = "*" | expr ["as" NAME]
// "as" ends an item and is no operator, so that cast(x as type) stays free of it.
static dfq_expr *dfq__parse_item(dfq__parser *p) {
  size_t at = p->now.at;
  if (dfq__accept_symbol(p, "*")) return dfq__placed(p, dfq__expr_new(p->db, DFQ_STAR, 0), at);
  dfq_expr *e = dfq__parse_expr(p, DFQ__L_OR);
  if (!dfq__accept_reserved(p, "as")) return e;
  const char *name = dfq__parse_name(p, "a name");
  return name ? dfq__placed(p, dfq_as(e, name), at) : dfq__parse_broken(p);
}

// Whether another item follows a comma: lists may end with one.
static bool dfq__at_item(const dfq__parser *p) {
  if (p->now.kind == DFQ__T_END || p->error) return false;
  if (p->now.kind != DFQ__T_SYMBOL) return true;
  return dfq__is_symbol(p, "(") || dfq__is_symbol(p, "-") || dfq__is_symbol(p, "*");
}

// items = item {"," item} [","]
// Fills l; an error is in p->error, and the caller looks there.
DFQ__UNUSED static void dfq__parse_items(dfq__parser *p, dfq__list *l) {
  do {
    if (l->count && !dfq__at_item(p)) break;
    if (!dfq__list_add(p, l, dfq__parse_item(p))) break;
  } while (dfq__accept_symbol(p, ","));
}

// names = NAME {"," NAME} [","]
// A name that comes twice counts once.
// Stops at the first error; the names before it stay in the set.
DFQ__UNUSED static void dfq__parse_names(dfq__parser *p, dfq__names *names) {
  do {
    if (names->count && !dfq__at_name(p)) break;
    const char *name = dfq__parse_name(p, "a column");
    if (name) dfq__names_add(names, name);
  } while (!p->error && dfq__accept_symbol(p, ","));
}

// key = expr ["asc" | "desc"] ["nulls" ("first" | "last")]
// asc, desc and nulls are words of this place only: "sort desc desc" sorts by a column called
// desc.
static bool dfq__parse_key(dfq__parser *p, dfq__keys *keys) {
  dfq_key k;
  memset(&k, 0, sizeof k);
  k.expr = dfq__parse_expr(p, DFQ__L_OR);
  k.descending = dfq__accept_word(p, "desc");
  if (!k.descending) dfq__accept_word(p, "asc");
  if (dfq__accept_word(p, "nulls")) {
    k.nulls_first = dfq__accept_word(p, "first");
    if (!k.nulls_first && !dfq__accept_word(p, "last")) dfq__expected(p, "first or last");
  }
  if (keys->count == keys->room) {
    int room = keys->room ? keys->room * 2 : 4;
    dfq_key *to = (dfq_key *)dfq__arena_array(&p->db->arena, (size_t)room, sizeof *to);
    if (!to) { p->error = &dfq__error_memory; return false; }
    if (keys->count) memcpy(to, keys->key, (size_t)keys->count * sizeof *to);
    keys->key = to;
    keys->room = room;
  }
  keys->key[keys->count++] = k;
  return !p->error;
}

DFQ__UNUSED static void dfq__parse_keys(dfq__parser *p, dfq__keys *keys) {
  do {
    if (keys->count && !dfq__at_item(p)) break;
    if (!dfq__parse_key(p, keys)) break;
  } while (dfq__accept_symbol(p, ","));
}

DFQ_API dfq_expr *dfq_parse(dfq *db, const char *text) {
  dfq__parser p = dfq__parser_of(db, text, strlen(text), "expression", NULL);
  dfq_expr *e = dfq__parse_item(&p);
  dfq__expect_end(&p);
  return p.error ? dfq__parse_broken(&p) : e;
}

// Old values are never freed: expressions that were parsed with them hold copies, but a loop
// that sets one parameter a million times grows the context.
DFQ_API bool dfq_set_param(dfq *db, const char *name, const dfq_value *value) {
  dfq__param *p = (dfq__param *)dfq__arena_alloc(&db->names_arena, sizeof *p);
  const char *interned = dfq__intern(db, name);
  if (!p || !interned) { dfq__report(db, &dfq__error_memory); return false; }
  p->name = interned;
  p->value = *value;
  if (value->type == DFQ_STR) {
    p->value.as.s = dfq__arena_text(&db->names_arena, value->as.s, value->len);
    if (!p->value.as.s) { dfq__report(db, &dfq__error_memory); return false; }
  }
  p->next = db->params;   // a newer value hides the older
  db->params = p;
  return true;
}

DFQ_API bool dfq_set_i64(dfq *db, const char *name, int64_t value) {
  dfq_value v = dfq__value_int(DFQ_I64, value);
  return dfq_set_param(db, name, &v);
}
DFQ_API bool dfq_set_f64(dfq *db, const char *name, double value) {
  dfq_value v = dfq__value_f64(value);
  return dfq_set_param(db, name, &v);
}
DFQ_API bool dfq_set_str(dfq *db, const char *name, const char *value) {
  dfq_value v = dfq__value_str(value, strlen(value));
  return dfq_set_param(db, name, &v);
}

// ---- >>binder: names to columns, types, casts -----------------------------------------------
// Idea. Binding turns a tree over names into a tree over column numbers, in which every
// argument already has the type that its function takes: the casts are inserted here, so that
// whatever computes (the row evaluator below, chapter 3's kernels) meets equal types only. It
// is also the type checker: a plan is checked by binding its expressions to the schema below it
// and throwing the result away.
//
//   amount * 2   over  (amount f64)     ->     mul_f64(column 0, cast_f64(literal 2))
//
// Without it, every kernel would exist for each pair of types: seven types and a dozen
// operators make six hundred of them, against the two hundred rows of dfq__overloads. The price
// is a pass over a column for each cast, which chapter 3 pays 64 rows at a time. A bound tree
// belongs to one schema; the expression it came from belongs to none, and may be bound again
// below a join.

// The bound tree mirrors the tree it came from, node by node, with casts between them; from
// leads back to the part of the text for a message. The row evaluator only reads it. Chapter 3
// hangs its buffers on batch, so a tree that has them is used by one thread.
typedef struct dfq__bound dfq__bound;
struct dfq__bound {
  dfq_expr_kind kind;     // column, literal, call, cast, try_cast, case
  dfq_type type;
  int column;
  dfq_value value;        // of a literal
  const dfq__overload *call;
  int argc;
  dfq__bound **arg;
  bool fails;             // this node or one below it may fail
  const dfq_expr *from;   // for messages
  void *batch;            // chapter 3's part: kernel and buffers
};

typedef struct dfq__binder {
  dfq *db;
  dfq__arena *arena;         // of the bound tree and of errors
  const dfq_schema *schema;
  const char *at, *where;    // file:line of the call, and the verb
  const dfq_expr *root;      // for the caret, when there is no source text
  const dfq__error *error;
} dfq__binder;

// Makes the error for a part e of the expression: head, message, caret, and a note below it.
// The caret points into the text that was parsed; for a tree from constructors the whole
// expression is printed, and the part marked in it.
DFQ__FORMAT(5)
static void dfq__bind_fail(dfq__binder *b, dfq_status status, const dfq_expr *e,
                           const char *note, const char *format, ...) {
  if (b->error) return;
  dfq__text t = dfq__text_in(b->db->heap);
  dfq__put_head(&t, status, b->at, b->where);
  va_list args;
  va_start(args, format);
  dfq__put_list(&t, format, args);
  va_end(args);
  if (e->source) {
    dfq__put_caret(&t, e->source, e->at, e->len);
  } else {
    dfq__printer p = { dfq__text_in(b->db->heap), e, 0, 0 };
    dfq__print(&p, b->root ? b->root : e, 0);
    if (!p.text.failed) dfq__put_caret(&t, p.text.data, p.mark_at, p.mark_len);
    dfq__text_free(&p.text);
  }
  if (note) dfq__putf(&t, "\n  %s", note);
  b->error = dfq__error_from(b->arena, status, &t);
}

// Out of memory is the binder's error, not a message: there is no room to make one.
static dfq__bound *dfq__bound_new(dfq__binder *b, dfq_expr_kind kind, const dfq_expr *from,
                                  int argc) {
  dfq__bound *n = (dfq__bound *)dfq__arena_alloc(b->arena, sizeof *n);
  dfq__bound **arg = (dfq__bound **)dfq__arena_array(b->arena, (size_t)argc + 1, sizeof *arg);
  if (!n || !arg) { b->error = &dfq__error_memory; return NULL; }
  n->kind = kind;
  n->from = from;
  n->argc = argc;
  n->arg = arg;
  return n;
}

// Names are compared as pointers: both sides were interned by the same context.
static int dfq__schema_find(const dfq_schema *s, const char *name) {
  for (int i = 0; i < s->count; i++)
    if (s->field[i].name == name) return i;   // interned: the same pointer
  return -1;
}

// The nearest within a third of the letters, else none: a wild guess is worse than no hint.
static const char *dfq__nearest_column(const dfq_schema *s, const char *name) {
  const char *best = NULL;
  int distance = dfq__near_limit(name);
  for (int i = 0; i < s->count; i++) dfq__nearer(name, s->field[i].name, &best, &distance);
  return best;
}

// Twelve at most: a table of 500 columns must not drown its message.
static void dfq__put_field_names(dfq__text *t, const dfq_schema *s) {
  for (int i = 0; i < s->count && i < 12; i++)
    dfq__putf(t, "%s%.80s", i ? ", " : "", s->field[i].name);
  if (s->count > 12) dfq__putf(t, ", ... (%d columns)", s->count);
}

// The columns are listed in a note, since the nearest one may not be the one that was meant.
static dfq__bound *dfq__bind_column(dfq__binder *b, const dfq_expr *e) {
  int i = dfq__schema_find(b->schema, e->name);
  if (i < 0) {
    const char *near = dfq__nearest_column(b->schema, e->name);
    dfq__text note = dfq__text_in(b->db->heap);
    dfq__put(&note, "the columns here: ");
    dfq__put_field_names(&note, b->schema);
    if (e->source && e->source[e->at] == '"')
      dfq__putf(&note, "\n  try: '%s', if text is meant: double quotes are for names", e->name);
    dfq__bind_fail(b, DFQ_UNKNOWN_NAME, e, note.data, "no column %s%s%s%s", e->name,
                   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    dfq__text_free(&note);
    return NULL;
  }
  dfq__bound *n = dfq__bound_new(b, DFQ_COLUMN, e, 0);
  if (!n) return NULL;
  n->type = b->schema->field[i].type;
  n->column = i;
  return n;
}

static bool dfq__convert_value(const dfq_value *from, dfq_type type, dfq__arena *strings,
                               dfq_value *to);

// Wraps n in a cast, or converts a literal at once.
// A literal that can be converted is, here and now. One that cannot stays a cast, which fails
// only if a row gets to it: case when false then cast('x' as i64) end is a fine expression.
static dfq__bound *dfq__bind_cast(dfq__binder *b, dfq__bound *n, dfq_type type,
                                  dfq_expr_kind kind) {
  if (n->type == type) return n;
  dfq__bound *c = dfq__bound_new(b, kind, n->from, 1);
  if (!c) return NULL;
  c->type = type;
  c->arg[0] = n;
  c->fails = n->fails || (kind == DFQ_CAST && dfq__cast_kind(n->type, type) == '!');
  if (n->kind == DFQ_LITERAL && dfq__convert_value(&n->value, type, b->arena, &c->value)) {
    c->kind = DFQ_LITERAL;
    c->argc = 0;
    c->fails = false;
  }
  return c;
}

// What a signature costs for these arguments; DFQ__NO_WAY when it does not fit. *any: what *
// stands for.
// First what * stands for is found, over all arguments that have it; then each argument pays
// for its way to the type that its letter asks for.
static int dfq__overload_cost(const dfq__overload *o, dfq__bound *const *arg, int argc,
                              dfq_type *any) {
  int least = (int)strcspn(o->args, "+"), cost = 0;
  if (!dfq__fits_count(o, argc)) return DFQ__NO_WAY;
  *any = DFQ_NULL;
  for (int i = 0; i < argc; i++)
    if (o->args[i < least ? i : least - 1] == '*') *any = dfq__common_type(*any, arg[i]->type);
  if (*any == DFQ_KINDS) return DFQ__NO_WAY;
  for (int i = 0; i < argc; i++) {
    char letter = o->args[i < least ? i : least - 1];
    int one = dfq__widen_cost(arg[i]->type, letter == '*' ? *any : dfq__letter_type(letter));
    if (one >= DFQ__NO_WAY) return DFQ__NO_WAY;
    if (cost + one < DFQ__NO_WAY) cost += one;
  }
  return cost;
}

// "len_bytes takes (str)": the signatures of a function.
static void dfq__put_signatures(dfq__text *t, int fn) {
  const char *sep = " takes ";
  dfq__put(t, dfq__functions[fn].name);
  for (int i = 0; i < DFQ__OVERLOAD_COUNT; i++) {
    if (dfq__overloads[i].fn != fn) continue;
    dfq__put(t, sep);
    dfq__put_letters(t, dfq__overloads[i].args);
    sep = " or ";
  }
}

// What could have been meant when types do not fit. Returns NULL or a note in the arena.
// For a column of text, the way to convert it, and what made it text if the scan knows (the
// line of a file that held no number). For a text next to a date, the literal that was probably
// meant.
static const char *dfq__mismatch_note(dfq__binder *b, const dfq_expr *e,
                                      dfq__bound *const *arg) {
  dfq__text t = dfq__text_in(b->db->heap);
  for (int i = 0; i < e->argc && i < 2; i++) {
    const dfq_expr *a = e->arg[i];
    dfq_type other = arg[e->argc == 2 ? 1 - i : 0]->type;
    if (a->kind != DFQ_COLUMN || arg[i]->type != DFQ_STR || e->argc != 2) continue;
    const char *why = b->schema->field[arg[i]->column].why;
    if (why) dfq__putf(&t, "%s is str because %s\n  ", a->name, why);
    dfq__putf(&t, "try: try_cast(%s as %s)", a->name, dfq_type_name(other));
    if (why) dfq__putf(&t, ", or name that value in the scan's nulls option");
    break;
  }
  for (int i = 0; i < e->argc && !t.len && e->argc == 2; i++) {
    dfq_type other = arg[1 - i]->type;
    bool is_date = other == DFQ_DATE || other == DFQ_DATETIME;
    if (is_date && e->arg[i]->kind == DFQ_LITERAL && arg[i]->type == DFQ_STR)
      dfq__putf(&t, "try: %s '%.*s'", dfq_type_name(other), (int)e->arg[i]->value.len,
                e->arg[i]->value.as.s);
  }
  const char *note = t.len ? dfq__arena_text(b->arena, t.data, t.len) : NULL;
  dfq__text_free(&t);
  return note;
}

// null says its type already.
static void dfq__put_typed(dfq__text *t, const dfq_expr *e, dfq_type type) {
  dfq__put_expr(t, e);
  if (type != DFQ_NULL) dfq__putf(t, " (%s)", dfq_type_name(type));
}

// Three ways to say it: a comparison, an operator, a function. The caret goes to the side that
// is text where there is one, for that is nearly always the one to change.
static void dfq__bind_mismatch(dfq__binder *b, const dfq_expr *e, dfq__bound *const *arg) {
  dfq__text t = dfq__text_in(b->db->heap);
  const dfq__function *f = &dfq__functions[e->fn];
  const dfq_expr *mark = e;
  bool like = e->fn == DFQ__LIKE || e->fn == DFQ__ILIKE;
  bool compare = f->level == DFQ__L_CMP && f->infix && !like;
  if (compare) {
    dfq__put(&t, "cannot compare ");
    dfq__put_typed(&t, e->arg[0], arg[0]->type);
    dfq__put(&t, " with ");
    dfq__put_typed(&t, e->arg[1], arg[1]->type);
    if (arg[0]->type == DFQ_STR) mark = e->arg[0];
    else if (arg[1]->type == DFQ_STR) mark = e->arg[1];
  } else if (f->infix && e->argc == 2) {
    dfq__put(&t, "cannot compute ");
    dfq__put_typed(&t, e->arg[0], arg[0]->type);
    dfq__putf(&t, " %s ", f->infix);
    dfq__put_typed(&t, e->arg[1], arg[1]->type);
  } else {
    dfq__put_signatures(&t, e->fn);
    dfq__put(&t, ", not (");
    for (int i = 0; i < e->argc; i++)
      dfq__putf(&t, "%s%s", i ? ", " : "", dfq_type_name(arg[i]->type));
    dfq__put(&t, ")");
  }
  const char *note = dfq__mismatch_note(b, e, arg);
  if (t.failed) b->error = &dfq__error_memory;
  else dfq__bind_fail(b, DFQ_TYPE_ERROR, mark, note, "%s", t.data);
  dfq__text_free(&t);
}

static dfq__bound *dfq__bind(dfq__binder *b, const dfq_expr *e);

// A node may fail if any part of it may: the flag is what optimizer rules ask for.
static dfq__bound *dfq__bind_args(dfq__binder *b, const dfq_expr *e, dfq__bound *n) {
  for (int i = 0; i < e->argc; i++) {
    n->arg[i] = dfq__bind(b, e->arg[i]);
    if (!n->arg[i]) return NULL;
    n->fails = n->fails || n->arg[i]->fails;
  }
  return n;
}

// A unit that no row can change is checked once, here, where the caret can point at it.
static bool dfq__bind_unit(dfq__binder *b, const dfq_expr *e, const dfq__bound *unit) {
  bool literal = unit->kind == DFQ_LITERAL && unit->value.type == DFQ_STR;
  if (literal && dfq__truncate_unit(&unit->value) >= 0) return true;
  dfq__bind_fail(b, DFQ_TYPE_ERROR, e->arg[1], dfq__unit_list,
                 literal ? "%s knows no such unit" : "%s needs a unit written as a literal",
                 dfq__functions[e->fn].name);
  return false;
}

// Cheapest signature first, then a cast around each argument that is not of its type yet.
static dfq__bound *dfq__bind_call(dfq__binder *b, const dfq_expr *e) {
  dfq__bound *n = dfq__bound_new(b, DFQ_CALL, e, e->argc);
  if (!n || !dfq__bind_args(b, e, n)) return NULL;
  int best = DFQ__NO_WAY;
  dfq_type any = DFQ_NULL, best_any = DFQ_NULL;
  for (int i = 0; i < DFQ__OVERLOAD_COUNT; i++) {
    const dfq__overload *o = &dfq__overloads[i];
    int cost = o->fn == e->fn ? dfq__overload_cost(o, n->arg, n->argc, &any) : DFQ__NO_WAY;
    if (cost >= best) continue;
    best = cost;
    best_any = any;
    n->call = o;
  }
  if (!n->call) { dfq__bind_mismatch(b, e, n->arg); return NULL; }
  if (e->fn == DFQ__F_TRUNCATE && !dfq__bind_unit(b, e, n->arg[1])) return NULL;
  int least = (int)strcspn(n->call->args, "+");
  for (int i = 0; i < n->argc; i++) {
    char letter = n->call->args[i < least ? i : least - 1];
    dfq_type want = letter == '*' ? best_any : dfq__letter_type(letter);
    n->arg[i] = dfq__bind_cast(b, n->arg[i], want, DFQ_CAST);
    if (!n->arg[i]) return NULL;
  }
  n->type = n->call->result == '*' ? best_any : dfq__letter_type(n->call->result);
  n->fails = n->fails || (n->call->flags & DFQ__FAILS);
  return n;
}

// Two passes: the common type of the branches is known only when all have been bound. The last
// argument is the otherwise; conditions stand at even places before it.
static dfq__bound *dfq__bind_case(dfq__binder *b, const dfq_expr *e) {
  dfq__bound *n = dfq__bound_new(b, DFQ_CASE, e, e->argc);
  dfq_type type = DFQ_NULL;
  if (!n || !dfq__bind_args(b, e, n)) return NULL;
  for (int i = 0; i < n->argc; i++) {
    bool condition = i % 2 == 0 && i + 1 < n->argc;
    dfq_type was = type;
    if (condition && n->arg[i]->type != DFQ_BOOL && n->arg[i]->type != DFQ_NULL) {
      dfq__bind_fail(b, DFQ_TYPE_ERROR, e->arg[i], NULL, "when needs a bool, not %s",
                     dfq_type_name(n->arg[i]->type));
      return NULL;
    }
    if (!condition) type = dfq__common_type(type, n->arg[i]->type);
    if (type != DFQ_KINDS) continue;
    dfq__bind_fail(b, DFQ_TYPE_ERROR, e->arg[i], NULL, "one branch is %s, this one is %s",
                   dfq_type_name(was), dfq_type_name(n->arg[i]->type));
    return NULL;
  }
  for (int i = 0; i < n->argc; i++) {
    bool condition = i % 2 == 0 && i + 1 < n->argc;
    n->arg[i] = dfq__bind_cast(b, n->arg[i], condition ? (dfq_type)DFQ_BOOL : type, DFQ_CAST);
    if (!n->arg[i]) return NULL;
  }
  n->type = type;
  return n;
}

// A cast to the type that the argument has is left out; from is the argument then.
static dfq__bound *dfq__bind_cast_expr(dfq__binder *b, const dfq_expr *e) {
  dfq__bound *a = dfq__bind(b, e->arg[0]);
  if (!a) return NULL;
  if (dfq__cast_kind(a->type, e->type) == '.') {
    dfq__bind_fail(b, DFQ_TYPE_ERROR, e, NULL, "cannot cast %s to %s", dfq_type_name(a->type),
                   dfq_type_name(e->type));
    return NULL;
  }
  dfq__bound *n = dfq__bind_cast(b, a, e->type, e->kind);
  if (n && n != a) n->from = e;
  return n;
}

// Returns: the bound tree, in the binder's arena; NULL with b->error set.
static dfq__bound *dfq__bind(dfq__binder *b, const dfq_expr *e) {
  dfq__bound *n;
  if (b->error) return NULL;
  switch (e->kind) {
    case DFQ_COLUMN: return dfq__bind_column(b, e);
    case DFQ_CALL: return dfq__bind_call(b, e);
    case DFQ_CASE: return dfq__bind_case(b, e);
    case DFQ_CAST: case DFQ_TRY_CAST: return dfq__bind_cast_expr(b, e);
    case DFQ_ALIAS: return dfq__bind(b, e->arg[0]);
    case DFQ_LITERAL:
      n = dfq__bound_new(b, DFQ_LITERAL, e, 0);
      if (!n) return NULL;
      n->type = e->value.type;
      n->value = e->value;
      return n;
    case DFQ_AGGREGATE:
      dfq__bind_fail(b, DFQ_TYPE_ERROR, e, "try: group_by with no keys makes one row of all",
                     "%s is an aggregate: it belongs into group_by",
                     dfq__aggregates[e->fn].name);
      return NULL;
    case DFQ_OVER:
      dfq__bind_fail(b, DFQ_TYPE_ERROR, e, "try: with ... as name, then use the name",
                     "a window function stands in select and with only");
      return NULL;
    case DFQ_STAR:
      dfq__bind_fail(b, DFQ_TYPE_ERROR, e, NULL,
                     "* stands for all columns; here one value is needed");
      return NULL;
    case DFQ_FAILED: b->error = e->error; return NULL;
  }
  return NULL;
}

// ---- >>row-eval: a bound tree, one row at a time --------------------------------------------
// Idea. The plain way to compute: walk the tree for each row. It is the meaning of every
// expression; what is faster has to agree with it. and, or and case look at a later operand
// only when they need it, so that x != 0 and 10 // x = 2 is never asked about x = 0.
//
//   x != 0 and 10 // x = 2        x = 0:  != gives false: the answer; // is never called
//                                 x = 5:  != gives true, so = is asked: 2 = 2 is true
//                                 x null: != gives null, so = is asked, and gives null, too
//
// Cost: a call through a pointer for each node and row. Chapter 3 makes the same calls once for
// 64 rows; larger engines compile the tree to machine code, or do both.

typedef struct dfq__eval {
  dfq *db;
  dfq__arena *strings;         // for string results; the caller empties it
  dfq__arena *errors;
  const char *at, *where;
  const dfq_schema *schema;    // of the rows, for messages
  size_t row_number;           // of the row at hand, counted from 0, for messages
  const dfq__error *error;
} dfq__eval;

// Text as a value's text, in the arena.
// False means no memory, nothing else: every type has a text.
static bool dfq__value_to_str(const dfq_value *from, dfq__arena *strings, dfq_value *to) {
  char text[DFQ__NUMBER_TEXT];
  size_t n = dfq__write_value(text, from);
  const char *s = dfq__arena_text(strings, text, n);
  *to = dfq__value_str(s ? s : "", s ? n : 0);
  return s != NULL;
}

// Floats beyond the integers' range, and NaN, do not fit. 2^63 itself is the first that is too
// large.
// Truncates, as C does, but with the range checked first: C leaves the rest undefined. The
// comparison is written so that NaN fails it.
static bool dfq__f64_to_int(double v, dfq_type type, int64_t *to) {
  double limit = type == DFQ_I32 ? 2147483648.0 : 9223372036854775808.0;
  v = trunc(v);
  if (!(v >= -limit && v < limit)) return false;
  *to = (int64_t)v;
  return true;
}

// One cast. Returns false when the value has no counterpart in the other type.
// Which pairs come here is decided by the matrix of casts above; a pair that it forbids never
// does.
static bool dfq__convert_value(const dfq_value *from, dfq_type type, dfq__arena *strings,
                               dfq_value *to) {
  *to = *from;
  if (from->type == DFQ_NULL || from->type == type) return true;
  if (type == DFQ_STR) return dfq__value_to_str(from, strings, to);
  if (from->type == DFQ_STR) return dfq__read_value(type, from->as.s, from->len, to);
  *to = dfq__value_int(type, from->as.i);
  if (from->type == DFQ_F64) {
    if (type != DFQ_BOOL) return dfq__f64_to_int(from->as.f, type, &to->as.i);
    to->as.i = from->as.f != 0;
    return true;
  }
  switch (dfq__kind(type)) {
    case DFQ_F64: to->as.f = (double)from->as.i; return true;
    case DFQ_BOOL: to->as.i = from->as.i != 0; return true;
    case DFQ_I32: return from->as.i >= INT32_MIN && from->as.i <= INT32_MAX;
    case DFQ_DATETIME:   // wraps for a date that cannot be written, as the kernel does
      to->as.i = (int64_t)((uint64_t)from->as.i * (uint64_t)DFQ__DAY);
      return true;
    case DFQ_DATE: to->as.i = dfq__day_of(from->as.i); return true;
    default: return true;
  }
}

// "amount + 1 overflows i64, in row 17 (amount = 9223372036854775807)"
// The values of the columns that the failing part reads are what one wants to see first. Texts
// are cut to 80 bytes. The row is counted from 1, as people do.
static void dfq__eval_fail(dfq__eval *ctx, const dfq__bound *b, const dfq_value *row,
                           const char *why) {
  dfq__text t = dfq__text_in(ctx->errors->heap);
  dfq__names columns = { ctx->errors, NULL, 0, 0, false };
  dfq__put_head(&t, DFQ_VALUE_ERROR, ctx->at, ctx->where);
  dfq__put_expr(&t, b->from);
  dfq__putf(&t, " %s, in row ", why);
  dfq__put_count(&t, ctx->row_number + 1);
  dfq__names_of(&columns, b->from);
  for (int i = 0; i < columns.count; i++) {
    int c = dfq__schema_find(ctx->schema, columns.name[i]);
    dfq__putf(&t, "%s%s = ", i ? ", " : " (", columns.name[i]);
    bool text = c >= 0 && row[c].type == DFQ_STR;
    if (text) dfq__put_quoted(&t, row[c].as.s, dfq__min(row[c].len, 80), '\'');
    else if (c >= 0) dfq__put_value(&t, &row[c]);
  }
  if (columns.count) dfq__put(&t, ")");
  if (b->kind == DFQ_CAST)
    dfq__put(&t, "\n  try: try_cast, which makes null of what cannot be cast");
  else if (strstr(why, "overflows"))
    dfq__put(&t, "\n  try: cast an operand to f64, or wrap_add, wrap_sub, wrap_mul");
  ctx->error = dfq__error_from(ctx->errors, DFQ_VALUE_ERROR, &t);
}

static bool dfq__eval_row(dfq__eval *ctx, const dfq__bound *b, const dfq_value *row,
                          dfq_value *to);

// Kleene: the absorbing value decides, then null, then the other value.
// The first operand that absorbs decides without a look at the second, even if that would fail.
// The second is asked for when the first is null: it may still absorb.
static bool dfq__eval_logic(dfq__eval *ctx, const dfq__bound *b, const dfq_value *row,
                            dfq_value *to) {
  int64_t absorbing = b->call->fn == DFQ__OR;
  dfq_value x, y;
  if (!dfq__eval_row(ctx, b->arg[0], row, &x)) return false;
  *to = x;
  if (x.type != DFQ_NULL && x.as.i == absorbing) return true;
  if (!dfq__eval_row(ctx, b->arg[1], row, &y)) return false;
  if (y.type != DFQ_NULL && y.as.i == absorbing) *to = y;
  else *to = x.type == DFQ_NULL ? x : y;
  return true;
}

// A condition that is null counts as false, as in a filter.
static bool dfq__eval_case(dfq__eval *ctx, const dfq__bound *b, const dfq_value *row,
                           dfq_value *to) {
  dfq_value when;
  for (int i = 0; i + 1 < b->argc; i += 2) {
    if (!dfq__eval_row(ctx, b->arg[i], row, &when)) return false;
    if (when.type != DFQ_NULL && when.as.i) return dfq__eval_row(ctx, b->arg[i + 1], row, to);
  }
  return dfq__eval_row(ctx, b->arg[b->argc - 1], row, to);
}

// try_cast catches the failure of this one cast; what fails below it still fails.
static bool dfq__eval_cast(dfq__eval *ctx, const dfq__bound *b, const dfq_value *row,
                           dfq_value *to) {
  dfq_value v;
  char why[48];
  if (!dfq__eval_row(ctx, b->arg[0], row, &v)) return false;
  if (dfq__convert_value(&v, b->type, ctx->strings, to)) return true;
  *to = dfq__value_null();
  if (b->type == DFQ_STR) { ctx->error = &dfq__error_memory; return false; }
  if (b->kind == DFQ_TRY_CAST) return true;
  (void)snprintf(why, sizeof why, "has no value of type %s", dfq_type_name(b->type));
  dfq__eval_fail(ctx, b, row, why);
  return false;
}

// As many arguments as nearly every call has: they need no memory.
enum { DFQ__FEW_ARGS = 8 };

// Long lists take their room from the strings' arena, which the caller empties between rows.
// *to is the null of its type before the call, so that a scalar that has no answer just
// returns.
static bool dfq__eval_call(dfq__eval *ctx, const dfq__bound *b, const dfq_value *row,
                           dfq_value *to) {
  dfq_value few[DFQ__FEW_ARGS], *a = few;
  if (!b->call->scalar) return dfq__eval_logic(ctx, b, row, to);
  if (b->argc > DFQ__FEW_ARGS) {
    a = (dfq_value *)dfq__arena_array(ctx->strings, (size_t)b->argc, sizeof *a);
    if (!a) { ctx->error = &dfq__error_memory; return false; }
  }
  bool null = false;
  for (int i = 0; i < b->argc; i++) {
    if (!dfq__eval_row(ctx, b->arg[i], row, &a[i])) return false;
    null = null || a[i].type == DFQ_NULL;
  }
  *to = dfq__value_null();
  if (null && !(b->call->flags & DFQ__SEES_NULL)) return true;
  dfq__scalar_args in = { a, b->argc, ctx->strings };
  const char *why = b->call->scalar(&in, to);
  if (why == dfq__no_memory) ctx->error = &dfq__error_memory;
  else if (why) dfq__eval_fail(ctx, b, row, why);
  return !why;
}

// The value of b for one row. Returns false with ctx->error set.
static bool dfq__eval_row(dfq__eval *ctx, const dfq__bound *b, const dfq_value *row,
                          dfq_value *to) {
  switch (b->kind) {
    case DFQ_COLUMN: *to = row[b->column]; return true;
    case DFQ_LITERAL: *to = b->value; return true;
    case DFQ_CASE: return dfq__eval_case(ctx, b, row, to);
    case DFQ_CAST: case DFQ_TRY_CAST: return dfq__eval_cast(ctx, b, row, to);
    default: return dfq__eval_call(ctx, b, row, to);
  }
}

// A schema of the caller's with its names interned, in the context's arena.
// A caller's schema has names of its own; inside, names are pointers into the context.
static const dfq_schema *dfq__schema_intern(dfq *db, const dfq_schema *s) {
  dfq_schema *to = (dfq_schema *)dfq__arena_alloc(&db->arena, sizeof *to);
  size_t room = (size_t)s->count + 1;
  dfq_field *field = (dfq_field *)dfq__arena_array(&db->arena, room, sizeof *field);
  if (!to || !field) return NULL;
  for (int i = 0; i < s->count; i++) {
    field[i] = s->field[i];
    field[i].name = dfq__intern(db, s->field[i].name);
    if (!field[i].name) return NULL;
  }
  to->count = s->count;
  to->field = field;
  return to;
}

// For single questions from outside. A plan binds once for all of its rows.
static dfq__bound *dfq__bind_for_user(dfq_expr *e, const dfq_schema *schema, dfq__binder *b) {
  memset(b, 0, sizeof *b);
  b->db = e->db;
  b->arena = &e->db->arena;
  b->schema = dfq__schema_intern(e->db, schema);
  b->root = e;
  if (!b->schema) b->error = &dfq__error_memory;
  dfq__bound *n = b->error ? NULL : dfq__bind(b, e);
  if (!n) dfq__report(e->db, b->error ? b->error : &dfq__error_memory);
  return n;
}

DFQ_API bool dfq_expr_type(dfq_expr *e, const dfq_schema *schema, dfq_type *type) {
  dfq__binder b;
  dfq__bound *n = e ? dfq__bind_for_user(e, schema, &b) : NULL;
  if (n) *type = n->type;
  return n != NULL;
}

// Binds anew for each call: right for a test or a constant, not for a million rows.
DFQ_API bool dfq_expr_eval(dfq_expr *e, const dfq_schema *schema, const dfq_value *row,
                           dfq_value *to) {
  dfq__binder b;
  dfq__bound *n = e ? dfq__bind_for_user(e, schema, &b) : NULL;
  if (!n) return false;
  dfq__eval ctx = { e->db, &e->db->arena, &e->db->arena, NULL, NULL, b.schema, 0, NULL };
  if (dfq__eval_row(&ctx, n, row, to)) return true;
  dfq__report(e->db, ctx.error ? ctx.error : &dfq__error_memory);
  return false;
}

static const dfq__error dfq__error_output = {
  DFQ_IO_ERROR, "dfq: cannot read or write: the output did not take what was written to it"
};

// Writes text to the user's FILE. False after an error, which is reported.
static bool dfq__put_file(dfq *db, const dfq__text *t, FILE *out) {
  if (t->failed) { dfq__report(db, &dfq__error_memory); return false; }
  if (t->len == 0 || fwrite(t->data, 1, t->len, out) == t->len) return true;
  dfq__report(db, &dfq__error_output);
  return false;
}

// The result type of a function for two argument types, DFQ_KINDS when there is none.
// The same search as in dfq__bind_call, for types without a tree.
static dfq_type dfq__result_type(int fn, dfq_type a, dfq_type b) {
  dfq__bound x, y, *arg[2] = { &x, &y };
  dfq_type any, best_type = DFQ_KINDS;
  int best = DFQ__NO_WAY;
  memset(&x, 0, sizeof x);
  memset(&y, 0, sizeof y);
  x.type = a;
  y.type = b;
  for (int i = 0; i < DFQ__OVERLOAD_COUNT; i++) {
    const dfq__overload *o = &dfq__overloads[i];
    int cost = o->fn == fn ? dfq__overload_cost(o, arg, 2, &any) : DFQ__NO_WAY;
    if (cost >= best) continue;
    best = cost;
    best_type = dfq__letter_type(o->result);
  }
  return best_type;
}

// The table is asked of the binder itself, so it cannot be out of date.
// Rows are the left operand, columns the right; a point means that there is no such operation.
DFQ_API bool dfq_print_promotions(dfq *db, FILE *out) {
  static const int fns[] = { DFQ__ADD, DFQ__SUB, DFQ__DIV, DFQ__LT };
  dfq__text t = dfq__text_in(db->heap);
  for (int f = 0; f < 4; f++) {
    dfq__putf(&t, "%-9s", dfq__functions[fns[f]].infix);
    for (dfq_type b = DFQ_BOOL; b < DFQ_KINDS; b++) dfq__putf(&t, " %-9s", dfq_type_name(b));
    dfq__put(&t, "\n");
    for (dfq_type a = DFQ_BOOL; a < DFQ_KINDS; a++) {
      dfq__putf(&t, "%-9s", dfq_type_name(a));
      for (dfq_type b = DFQ_BOOL; b < DFQ_KINDS; b++) {
        dfq_type r = dfq__result_type(fns[f], a, b);
        dfq__putf(&t, " %-9s", r == DFQ_KINDS ? "." : dfq_type_name(r));
      }
      dfq__put(&t, "\n");
    }
    dfq__put(&t, "\n");
  }
  bool ok = dfq__put_file(db, &t, out);
  dfq__text_free(&t);
  return ok;
}

// ---- >>docs-of: a sentence and an example for each function ---------------------------------
// A row without a name begins a group. more: what stands behind an aggregate's first argument.
// The order is the reader's: dfq_function_at goes along it. A test runs every example, and
// looks for functions without a row and rows without a function.

typedef struct dfq__doc {
  const char *name, *doc, *example, *more;
} dfq__doc;

#ifndef DFQ_NO_DOCS
static const dfq__doc dfq__docs[] = {
  { NULL, "Logic and comparison", NULL, NULL },
  { "or", "true if either is; Kleene: true or null is true", "null or true", NULL },
  { "and", "true if both are; Kleene: false and null is false", "null and false", NULL },
  { "not", "the opposite; of null, null", "not true", NULL },
  { "eq", "equal; NaN equals NaN, and null compared is null", "1 = 1.0", NULL },
  { "ne", "not equal", "'a' != 'b'", NULL },
  { "lt", "less; NaN is the largest number, texts compare by bytes", "1 < f64 'nan'", NULL },
  { "le", "less or equal", "2 <= 2", NULL },
  { "gt", "greater", "date '2024-02-01' > date '2024-01-31'", NULL },
  { "ge", "greater or equal", "'b' >= 'abc'", NULL },
  { "is_null", "is there no value? Never null itself", "null is null", NULL },
  { "is_not_null", "is there a value?", "1 is not null", NULL },
  { "is_distinct_from", "not equal, with null as a value like any other",
    "null is distinct from 1", NULL },
  { "is_not_distinct_from", "equal, with null as a value like any other",
    "null is not distinct from null", NULL },
  { "in", "equal to one of the list; null if not, and something was null",
    "2 in (1, 2, 3)", NULL },
  { "between", "between two values, both included: low <= x and x <= high",
    "5 between 1 and 5", NULL },
  { NULL, "Choice and nulls", NULL, NULL },
  { "case", "the value behind the first condition that is true; others are not computed",
    "case when 1 > 2 then 'a' when 2 > 1 then 'b' else 'c' end", NULL },
  { "if", "the second if the first is true, else the third; only that one is computed",
    "if(1 > 2, 'a', 'b')", NULL },
  { "coalesce", "the first that is not null", "coalesce(null, 3, 4)", NULL },
  { "if_null", "the first, or the second where the first is null", "if_null(null, 0)", NULL },
  { "fill_null", "if_null by another name", "fill_null(null, 0)", NULL },
  { "fill", "if_null by another name", "fill(null, 0)", NULL },
  { "null_if", "null where both are equal, else the first", "null_if('-', '-')", NULL },
  { "cast", "as a value of another type; an error if it has none there",
    "cast('12' as i64)", NULL },
  { "try_cast", "as a value of another type; null if it has none there",
    "try_cast('x' as i64)", NULL },
  { "least", "the smallest of several, nulls left out", "least(3, 1, 2)", NULL },
  { "greatest", "the largest of several, nulls left out; NaN is the largest number",
    "greatest(3, null, 2)", NULL },
  { NULL, "Arithmetic", NULL, NULL },
  { "add", "the sum; an overflow is an error; a date and an interval give a date",
    "1 + 2", NULL },
  { "sub", "the difference; two dates give days, two datetimes a duration",
    "date '1998-12-01' - interval '90' day", NULL },
  { "mul", "the product; an overflow is an error", "6 * 7", NULL },
  { "div", "the quotient, always f64; by zero inf or nan", "7 / 2", NULL },
  { "idiv", "the quotient without its fraction, towards zero; by zero null", "-7 // 2", NULL },
  { "mod", "what // leaves over, with the sign of the first; by zero null", "-7 % 2", NULL },
  { "floor_div", "the quotient rounded down; by zero null", "floor_div(-7, 2)", NULL },
  { "floor_mod", "what floor_div leaves over, with the sign of the second; by zero null",
    "floor_mod(-7, 2)", NULL },
  { "neg", "the number with the other sign", "-(5)", NULL },
  { "abs", "the number without its sign", "abs(-5)", NULL },
  { "wrap_add", "the sum modulo 2^64, which never fails",
    "wrap_add(9223372036854775807, 1)", NULL },
  { "wrap_sub", "the difference modulo 2^64", "wrap_sub(1, 2)", NULL },
  { "wrap_mul", "the product modulo 2^64", "wrap_mul(4611686018427387904, 4)", NULL },
  { NULL, "Numbers", NULL, NULL },
  { "is_nan", "is it NaN?", "is_nan(0.0 / 0.0)", NULL },
  { "sign", "-1, 0 or 1; of NaN, NaN", "sign(-2.5)", NULL },
  { "round", "to whole numbers or to so many digits, half away from zero",
    "round(2.345, 2)", NULL },
  { "floor", "the next whole number below", "floor(-2.5)", NULL },
  { "ceil", "the next whole number above", "ceil(-2.5)", NULL },
  { "trunc", "without what stands behind the point", "trunc(-2.5)", NULL },
  { "sqrt", "the square root; of a negative number NaN", "sqrt(2)", NULL },
  { "cbrt", "the cube root", "cbrt(27)", NULL },
  { "exp", "e to the power of it", "exp(1)", NULL },
  { "ln", "the natural logarithm", "ln(10)", NULL },
  { "log10", "the logarithm to base 10", "log10(1000)", NULL },
  { "log2", "the logarithm to base 2", "log2(8)", NULL },
  { "pow", "the first to the power of the second", "pow(2, 10)", NULL },
  { "sin", "the sine of an angle in radians", "sin(1)", NULL },
  { "cos", "the cosine of an angle in radians", "cos(1)", NULL },
  { "tan", "the tangent of an angle in radians", "tan(1)", NULL },
  { "atan2", "the angle in radians of the point (x, y), from its y and its x",
    "atan2(1, 1)", NULL },
  { "clip", "the number, but not below the second and not above the third",
    "clip(17, 0, 10)", NULL },
  { "bit_and", "the bits that both have", "bit_and(12, 10)", NULL },
  { "bit_or", "the bits that either has", "bit_or(12, 10)", NULL },
  { "bit_xor", "the bits that only one has", "bit_xor(12, 10)", NULL },
  { "shift_left", "times two to the power of 0 to 63; an overflow is an error",
    "shift_left(1, 10)", NULL },
  { "shift_right", "divided by two to the power of 0 to 63, rounded down",
    "shift_right(-5, 1)", NULL },
  { NULL, "Texts", NULL, NULL },
  { "like", "matches a pattern: % is any text, _ one character", "'dfq.h' like '%.h'", NULL },
  { "ilike", "like, without regard to the case of ASCII letters", "'DFQ.H' ilike '%.h'", NULL },
  { "len_bytes", "its length in bytes", "len_bytes('h\xc3\xa9')", NULL },
  { "len_chars", "its length in code points", "len_chars('h\xc3\xa9')", NULL },
  { "upper", "with ASCII's letters as capitals; other bytes stay", "upper('dfq')", NULL },
  { "lower", "with ASCII's capitals as small letters; other bytes stay", "lower('DFQ')", NULL },
  { "title", "each word with a capital first, the rest small; ASCII's letters only",
    "title('two wORDS')", NULL },
  { "strip", "without blanks, or the given characters, at both ends",
    "strip('--a--', '-')", NULL },
  { "lstrip", "without blanks, or the given characters, at its beginning",
    "lstrip('--a--', '-')", NULL },
  { "rstrip", "without blanks, or the given characters, at its end",
    "rstrip('--a--', '-')", NULL },
  { "strip_prefix", "without this text at its beginning, if it is there",
    "strip_prefix('foobar', 'foo')", NULL },
  { "strip_suffix", "without this text at its end, if it is there",
    "strip_suffix('foobar', 'bar')", NULL },
  { "contains", "does this text stand in it?", "contains('foobar', 'oba')", NULL },
  { "starts_with", "does it begin with this text?", "starts_with('foobar', 'foo')", NULL },
  { "ends_with", "does it end with this text?", "ends_with('foobar', 'bar')", NULL },
  { "find", "where this text first stands, in characters from 0; -1 for nowhere",
    "find('foobar', 'bar')", NULL },
  { "replace", "with every occurrence of the second text replaced by the third",
    "replace('banana', 'an', 'o')", NULL },
  { "slice", "so many characters (or all) from a start on; negative counts from the end",
    "slice('foobar', -3, 2)", NULL },
  { "left", "its first characters", "left('foobar', 3)", NULL },
  { "right", "its last characters", "right('foobar', 3)", NULL },
  { "reverse", "its characters in the opposite order", "reverse('abc')", NULL },
  { "repeat", "so many times in a row, up to 16 MiB", "repeat('ab', 3)", NULL },
  { "concat", "the texts, one behind the other", "concat('a', 'b', 'c')", NULL },
  { "pad_left", "filled up at its beginning to so many characters",
    "pad_left('7', 3, '0')", NULL },
  { "pad_right", "filled up at its end to so many characters", "pad_right('7', 3, '.')", NULL },
  { NULL, "Dates and times", NULL, NULL },
  { "year", "the year", "year(date '2024-02-29')", NULL },
  { "quarter", "the quarter, 1 to 4", "quarter(date '2024-02-29')", NULL },
  { "month", "the month, 1 to 12", "month(date '2024-02-29')", NULL },
  { "week", "the ISO week, 1 to 53; weeks begin on Monday", "week(date '2021-01-01')", NULL },
  { "day", "the day of the month", "day(date '2024-02-29')", NULL },
  { "weekday", "the ISO weekday: Monday is 1, Sunday 7", "weekday(date '2024-02-29')", NULL },
  { "day_of_year", "the day of the year, 1 to 366", "day_of_year(date '2024-02-29')", NULL },
  { "hour", "the hour, 0 to 23", "hour(datetime '2024-02-29 13:45:06')", NULL },
  { "minute", "the minute, 0 to 59", "minute(datetime '2024-02-29 13:45:06')", NULL },
  { "second", "the second, 0 to 59", "second(datetime '2024-02-29 13:45:06')", NULL },
  { "microsecond", "the microseconds of the second",
    "microsecond(datetime '2024-02-29 13:45:06.5')", NULL },
  { "day_name", "the weekday in English", "day_name(date '2024-02-29')", NULL },
  { "month_name", "the month in English", "month_name(date '2024-02-29')", NULL },
  { "is_leap_year", "has its year a 29th of February?",
    "is_leap_year(date '2024-02-29')", NULL },
  { "last_day", "the last day of its month", "last_day(date '2024-02-01')", NULL },
  { "date", "the day of a moment", "date(datetime '2024-02-29 13:45:06')", NULL },
  { "truncate", "the beginning of its year, quarter, month, week, day, hour or minute",
    "truncate(date '2024-02-29', 'month')", NULL },
  { "epoch_seconds", "whole seconds since 1970", "epoch_seconds(date '1970-01-02')", NULL },
  { "from_epoch_seconds", "the moment so many seconds after 1970 began",
    "from_epoch_seconds(86400)", NULL },
  { NULL, "Aggregates", NULL, NULL },
  { "count", "how many rows, or how many values that are not null", "count(amount)", NULL },
  { "sum", "the sum; of integers i64, checked", "sum(amount)", NULL },
  { "mean", "the mean; avg is another name for it", "mean(amount)", NULL },
  { "min", "the smallest", "min(amount)", NULL },
  { "max", "the largest; NaN is the largest number", "max(amount)", NULL },
  { "first", "of the first row, even if it is null", "first(amount)", NULL },
  { "last", "of the last row, even if it is null", "last(amount)", NULL },
  { "first_non_null", "the first that is not null", "first_non_null(amount)", NULL },
  { "last_non_null", "the last that is not null", "last_non_null(amount)", NULL },
  { "n_unique", "how many different values, null left out", "n_unique(customer_id)", NULL },
  { "var", "the variance of a sample (n - 1)", "var(amount)", NULL },
  { "std", "the standard deviation of a sample (n - 1)", "std(amount)", NULL },
  { "median", "the value in the middle, or half way between the two there",
    "median(amount)", NULL },
  { "quantile", "the value that a share q of all lies below, interpolated",
    "quantile(amount, 0.9)", ", q f64" },
  { "any", "is one true?", "any(amount > 200)", NULL },
  { "all", "are all true?", "all(amount > 50)", NULL },
  { NULL, "Window functions", NULL, NULL },
  { "row_number", "the row's number in its partition, from 1",
    "row_number() over (order by amount)", NULL },
  { "rank", "one more than the rows before it; equal rows share one",
    "rank() over (order by year)", NULL },
  { "dense_rank", "rank without gaps", "dense_rank() over (order by year)", NULL },
  { "percent_rank", "(rank - 1) / (rows - 1)", "percent_rank() over (order by amount)", NULL },
  { "ntile", "which of n parts of nearly equal size, from 1",
    "ntile(2) over (order by amount)", NULL },
  { "lag", "of the row n (1) before; default (null) where there is none",
    "lag(amount) over (order by order_id)", ", n i64, default" },
  { "lead", "of the row n (1) behind; default (null) where there is none",
    "lead(amount, 1, 0) over (order by order_id)", ", n i64, default" },
  { "nth_value", "of the frame's n-th row, from 1",
    "nth_value(amount, 2) over (order by order_id rows between unbounded preceding "
    "and unbounded following)", ", n i64" },
};
enum { DFQ__DOC_COUNT = sizeof dfq__docs / sizeof *dfq__docs };
#endif

// ---- >>reference: what the tables say, for people -------------------------------------------
// What a reader asks of a function stands in four tables: its name, its signatures, its flags
// and its sentence. Here they are put together, so that the page of the language's functions,
// the command line's help and the tests' lists are all read off the tables that the engine
// itself works with, and cannot be out of date.
//
//   dfq__functions ─┐
//   dfq__overloads ─┼──> dfq_function_at(i) ──> a page, a help text, a completion
//   dfq__docs ──────┘

// The i-th name: in the order of the sentences, or of the tables where there are none.
static const char *dfq__name_at(int i, dfq_function_info *to, const char **more) {
#ifdef DFQ_NO_DOCS
  int form = i - DFQ__FUNCTION_COUNT, aggregate = form - DFQ__FORM_COUNT;
  (void)to;
  (void)more;
  if (i < 0 || aggregate >= DFQ__AGGREGATE_COUNT) return NULL;
  if (aggregate >= 0) return dfq__aggregates[aggregate].name;
  return form >= 0 ? dfq__forms[form].name : dfq__functions[i].name;
#else
  for (int row = 0; row < DFQ__DOC_COUNT && i >= 0; row++) {
    const dfq__doc *d = &dfq__docs[row];
    if (!d->name) { to->group = d->doc; continue; }
    if (i--) continue;
    to->doc = d->doc;
    to->example = d->example;
    *more = d->more;
    return d->name;
  }
  return NULL;
#endif
}

// The signatures of a function of values, a line each, and what its flags say: of several, what
// any of them does.
static void dfq__function_info(int fn, dfq_function_info *to, dfq__text *t) {
  to->infix = dfq__functions[fn].infix;
  for (int i = 0; i < DFQ__OVERLOAD_COUNT; i++) {
    const dfq__overload *o = &dfq__overloads[i];
    if (o->fn != fn) continue;
    dfq__putf(t, "%s%s", t->len ? "\n" : "", to->name);
    dfq__put_letters(t, o->args);
    dfq__putf(t, " -> %s", dfq__letter_name(o->result));
    to->may_fail = to->may_fail || (o->flags & DFQ__FAILS);
    to->takes_null = to->takes_null || (o->flags & DFQ__SEES_NULL);
    to->makes_null = to->makes_null || (o->flags & DFQ__MAKES_NULL);
  }
}

static void dfq__aggregate_info(int fn, dfq_function_info *to, dfq__text *t, const char *more) {
  const dfq__aggregate *a = &dfq__aggregates[fn];
  to->kind = fn >= DFQ__ROW_NUMBER ? DFQ_FUNCTION_WINDOW : DFQ_FUNCTION_GROUP;
  if (a->least == 0)
    dfq__putf(t, "%s() -> %s%s", a->name, dfq__letter_name(a->result), a->most ? "\n" : "");
  for (const char *c = a->takes; a->most && *c; c++)
    dfq__putf(t, "%s%s(%s%s) -> %s", c > a->takes ? "\n" : "", a->name, dfq__letter_name(*c),
              more ? more : "", dfq__letter_name(a->result == '*' ? *c : a->result));
}

static void dfq__form_info(const char *name, dfq_function_info *to, dfq__text *t) {
  to->kind = DFQ_FORM;
  to->takes_null = true;
  for (int i = 0; i < DFQ__FORM_COUNT; i++)
    if (strcmp(dfq__forms[i].name, name) == 0) dfq__put(t, dfq__forms[i].signature);
}

DFQ_API bool dfq_function_at(dfq *db, int i, dfq_function_info *to) {
  dfq__text t = dfq__text_in(db->heap);
  const char *more = NULL;
  memset(to, 0, sizeof *to);
  to->name = dfq__name_at(i, to, &more);
  if (!to->name) return false;
  int fn = dfq__function_find(to->name, strlen(to->name));
  int aggregate = dfq__aggregate_find(to->name, strlen(to->name));
  if (fn >= 0) dfq__function_info(fn, to, &t);
  else if (aggregate >= 0) dfq__aggregate_info(aggregate, to, &t, more);
  else dfq__form_info(to->name, to, &t);
  to->signatures = t.failed ? NULL : dfq__arena_text(&db->arena, t.data, t.len);
  dfq__text_free(&t);
  if (!to->signatures) dfq__report(db, &dfq__error_memory);
  return to->signatures != NULL;
}

#endif // DFQ_CHAPTER >= 2

// =============================================================================================
// CHAPTER 3, THE ENGINE ROOM: columns, batches, kernels, plans, and two engines behind one plan
// =============================================================================================
#if DFQ_CHAPTER >= 3

// ---- >>columns: vectors of values, string views, batches ------------------------------------
// Idea. A batch is some rows (2,048 unless told otherwise), stored by column. The cost of
// deciding what to do is paid once a batch; what remains per row is a tight loop over an array.
//
//   column amount (f64)      data  [ 12.5 | 100.0 |  ....  | 7.25 ]
//                            valid [  1   |   1   |   0    |  1   ]   or NULL: nothing is null
//
// Validity is a byte per row and not a bit: in every kernel measured, bytes were faster, and
// the code is simpler. What stands in data where valid is 0 is any value at all: kernels
// compute with it, and nobody may see what comes of that. Of a string it is any view that can
// be read, for a kernel compares what it points to.
//
// A string is a view of 16 bytes. Up to 12 bytes of text lie in the view, so most comparisons
// never follow a pointer; longer ones are told apart by length and 4 bytes of prefix first:
//
//   "Paris"                      len 5  | P a r i | s 0 0 0 0 0 0 0 |
//   "Llanfairpwllgwyngyll"       len 20 | L l a n | pointer ────> L l a n f a i r p w ...
//
// Cost: 8 bytes a number, 16 a short string, one byte a row of validity where nulls are. A scan
// of one column of a hundred touches a hundredth of the memory that rows would drag through the
// cache. The layout is the one of MonetDB/X100 (Boncz, Zukowski, Nes, "MonetDB/X100:
// Hyper-Pipelining Query Execution", 2005); the string view is the one of Umbra, which DuckDB,
// Velox, Polars and Arrow's StringView use in variants. Larger engines have more encodings of a
// vector: dictionary codes, run lengths, nested lists. Each of them is one more case in every
// operator.
//
// A constant is a vector too: 64 copies of its value, read again and again (stride 0).

// Borrowed values. Who made them (a store, an operator's buffers) says how long they stay; for
// what an operator hands up that is until its next pull.
typedef struct dfq__vec {
  dfq_type type;
  bool constant;
  const void *data;
  const uint8_t *valid;
} dfq__vec;

// At least one row: an operator that has none left after its work asks for more input, or ends.
struct dfq_batch {
  size_t rows;
  int columns;
  dfq__vec *column;
};
typedef struct dfq_batch dfq__batch;

// The longest text, in bytes, that stands in its view: what follows len, to the end.
enum { DFQ__INLINE = 12 };

// Borrows: a short text lies in the view itself, so the result dies with the view, not only
// with the text behind a pointer. Never take it of a view on the stack that ends before the
// text.
static inline const char *dfq__view_chars(const dfq_view *v) {
  return v->len <= DFQ__INLINE ? v->prefix : (const char *)(uintptr_t)v->tail.pointer;
}

// -- views of strings

// A view of s[0 .. n): copies a short text, points to a long one.
static inline dfq_view dfq__view_of(const char *s, size_t n) {
  dfq_view v;
  v.len = (uint32_t)n;
  v.tail.pointer = 0;
  memset(v.prefix, 0, 4);
  if (n <= DFQ__INLINE) {
    if (n) memcpy(v.prefix, s, dfq__min(n, 4));   // an empty text may come without a pointer
    if (n > 4) memcpy(v.tail.rest, s + 4, n - 4);
  } else {
    memcpy(v.prefix, s, 4);
    v.tail.pointer = (uint64_t)(uintptr_t)s;
  }
  return v;
}

// The view as two words: length and prefix in the first, the rest or the pointer in the second.
static inline void dfq__view_words(const dfq_view *v, uint64_t *first, uint64_t *second) {
  memcpy(first, v, 8);
  *second = v->tail.pointer;
}

// One comparison of words settles length and prefix, and most pairs that differ. The unused
// bytes of a short view are zero, so that two equal texts are equal words.
static inline bool dfq__view_equal(const dfq_view *a, const dfq_view *b) {
  uint64_t a1, a2, b1, b2;
  dfq__view_words(a, &a1, &a2);
  dfq__view_words(b, &b1, &b2);
  if (a1 != b1) return false;
  return a2 == b2 || (a->len > DFQ__INLINE &&
                      memcmp(dfq__view_chars(a), dfq__view_chars(b), a->len) == 0);
}

// Below 0, 0 or above 0, in the order of bytes; for UTF-8 that is the order of code points.
static inline int dfq__view_compare(const dfq_view *a, const dfq_view *b) {
  return dfq__compare_bytes(dfq__view_chars(a), a->len, dfq__view_chars(b), b->len);
}

DFQ_API const char *dfq_view_text(const dfq_view *view, size_t *len) {
  *len = view->len;
  return dfq__view_chars(view);
}

// -- cells, and batches from outside

// One cell of a vector as a value, and back.
static void dfq__vec_get(const dfq__vec *v, size_t row, dfq_value *to) {
  if (v->constant) row = 0;
  *to = dfq__value_int(v->type, 0);
  if (v->valid && !v->valid[row]) { to->type = DFQ_NULL; return; }
  switch (dfq__size_of(v->type)) {
    case 1: to->as.i = ((const uint8_t *)v->data)[row]; break;
    case 4: to->as.i = ((const int32_t *)v->data)[row]; break;
    case 8: to->as.i = ((const int64_t *)v->data)[row]; break;   // the bits of a double too
    default: {
      const dfq_view *view = (const dfq_view *)v->data + row;
      *to = dfq__value_str(dfq__view_chars(view), view->len);
    }
  }
  if (v->type == DFQ_NULL) to->type = DFQ_NULL;
}

// Under a null stands a zero or an empty text, so that data is never uninitialised. A bool is 0
// or 1 whatever the caller wrote, because row selection adds the bytes of a mask up.
static void dfq__cell_put(void *data, dfq_type type, size_t row, const dfq_value *v) {
  bool null = v->type == DFQ_NULL;
  switch (dfq__size_of(type)) {
    case 1: ((uint8_t *)data)[row] = !null && v->as.i != 0; break;
    case 4: ((int32_t *)data)[row] = (int32_t)(null ? 0 : v->as.i); break;
    case 8: ((int64_t *)data)[row] = null ? 0 : v->as.i; break;
    default:
      ((dfq_view *)data)[row] = null ? dfq__view_of("", 0) : dfq__view_of(v->as.s, v->len);
  }
}

// Whether a caller's value may stand in a column of that type: null may, other types may not,
// and of the types that are stored in 4 bytes not what needs more.
static bool dfq__value_fits(const dfq_value *v, dfq_type type) {
  if (v->type == DFQ_NULL) return true;
  if (v->type != type) return false;
  return dfq__size_of(type) != 4 || (v->as.i >= INT32_MIN && v->as.i <= INT32_MAX);
}

// The rows from a certain one on.
static dfq__vec dfq__vec_from(dfq__vec v, size_t row) {
  if (v.constant) return v;
  v.data = (const char *)v.data + row * dfq__size_of(v.type);
  if (v.valid) v.valid += row;
  return v;
}

DFQ_API size_t dfq_batch_rows(const dfq_batch *batch) { return batch->rows; }
DFQ_API int dfq_batch_columns(const dfq_batch *batch) { return batch->columns; }

DFQ_API void dfq_batch_get(const dfq_batch *batch, size_t row, int column, dfq_value *to) {
  *to = dfq__value_null();
  if (row < batch->rows && column >= 0 && column < batch->columns)
    dfq__vec_get(&batch->column[column], row, to);
}

DFQ_API const void *dfq_batch_data(const dfq_batch *batch, int column, const uint8_t **valid) {
  *valid = NULL;
  if (column < 0 || column >= batch->columns) return NULL;
  *valid = batch->column[column].valid;
  return batch->column[column].data;
}

// ---- >>gather: rows picked by number --------------------------------------------------------
// Idea. Filter, join and sort all end in the same step: take these rows of that column. It
// knows sizes, not types. Nothing here computes; it moves. An operator decides which rows come
// out and in which order, writes their numbers down, and every column is then copied by the
// same list:
//
//   row     2 0 2 5          from   a b c d e f           to   c a c f
//
// One list serves all columns, so the decision (a comparison, a hash lookup) is made once a row
// and not once a cell. Numbers are 32 bits, half the traffic of 64; a list cannot reach
// beyond row 2^32. Cost: for rows in order a copy at the speed of memory; in random order
// a cache miss each, which is why sorts and joins of wide rows spend their time here. Larger
// engines put it off (late materialisation: only the columns that somebody reads in the end are
// gathered) or sort and join by rows, to get a whole row for one miss.

// Four loads per turn: none waits for another, so the processor keeps several cache misses in
// flight at once, which is what a gather spends its time on.
#define DFQ__GATHER(name, TYPE)                                                                \
  static void name(void *DFQ__RESTRICT to, const void *DFQ__RESTRICT from,                     \
                   const uint32_t *DFQ__RESTRICT row, size_t n) {                              \
    TYPE *t = (TYPE *)to;                                                                      \
    const TYPE *f = (const TYPE *)from;                                                        \
    size_t i = 0;                                                                              \
    for (; i + 4 <= n; i += 4) {                                                               \
      t[i] = f[row[i]]; t[i + 1] = f[row[i + 1]];                                              \
      t[i + 2] = f[row[i + 2]]; t[i + 3] = f[row[i + 3]];                                      \
    }                                                                                          \
    for (; i < n; i++) t[i] = f[row[i]];                                                       \
  }
DFQ__GATHER(dfq__gather_1, uint8_t)
DFQ__GATHER(dfq__gather_4, uint32_t)
DFQ__GATHER(dfq__gather_8, uint64_t)
DFQ__GATHER(dfq__gather_16, dfq_view)
#undef DFQ__GATHER

// size is dfq__size_of a type: 1, 4, 8 or 16. to and from do not overlap.
static void dfq__gather(void *to, const void *from, const uint32_t *row, size_t n,
                        size_t size) {
  if (size == 8) dfq__gather_8(to, from, row, n);
  else if (size == 16) dfq__gather_16(to, from, row, n);
  else if (size == 4) dfq__gather_4(to, from, row, n);
  else dfq__gather_1(to, from, row, n);
}

// The numbers of the rows whose byte is 1; branch-free. Returns: how many. row has room for n +
// 1.
static size_t dfq__select_rows(uint32_t *DFQ__RESTRICT row, const uint8_t *DFQ__RESTRICT mask,
                               size_t n) {
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    row[k] = (uint32_t)i;
    k += mask[i];
  }
  return k;
}

// ---- >>kernels: one formula, one loop, 64 rows at a time ------------------------------------
// A kernel computes a whole batch of one operator for one type. gcc at -O2 turns a loop into
// vector instructions only when its trip count is a constant and the pointers are known not to
// overlap: hence the inner block of 64 rows, and the restrict. sa and sb are the strides of the
// operands from block to block: 64, or 0 for a constant.
//
// Nulls are not a kernel's business: validity is combined before. Only those that make new
// nulls (// and %) clear bytes in valid. A kernel for checked integers wraps and returns
// whether any row overflowed; garbage under a null may raise a false alarm, so the caller looks
// again.

// n may be 0. to has room for n results. Returns: not 0 when a row may have failed.
typedef uint64_t (*dfq__kernel)(void *DFQ__RESTRICT to, const void *DFQ__RESTRICT a, size_t sa,
                                const void *DFQ__RESTRICT b, size_t sb, size_t n,
                                uint8_t *valid);

// The second loop is for the last rows, fewer than a block; it is not vectorised, and need not
// be. A unary kernel gets its operand twice and ignores b.
#define DFQ__BINARY(name, TYPE, OUT, BODY)                                                     \
  static uint64_t name(void *DFQ__RESTRICT to, const void *DFQ__RESTRICT pa, size_t sa,        \
                       const void *DFQ__RESTRICT pb, size_t sb, size_t n, uint8_t *valid) {    \
    OUT *r = (OUT *)to;                                                                        \
    const TYPE *x = (const TYPE *)pa, *y = (const TYPE *)pb;                                   \
    uint64_t bad = 0;                                                                          \
    (void)valid;                                                                               \
    for (; n >= DFQ__BLOCK; n -= DFQ__BLOCK, x += sa, y += sb, r += DFQ__BLOCK)                \
      for (size_t i = 0; i < DFQ__BLOCK; i++) { TYPE a = x[i], b = y[i]; BODY; }               \
    for (size_t i = 0; i < n; i++) { TYPE a = x[i], b = y[i]; BODY; }                          \
    return bad;                                                                                \
  }
// The checks are ORed and looked at once, after the loop: a branch per row would cost more than
// the addition.
#define DFQ__CHECKED(CHECK)                                                                    \
  int64_t v;                                                                                   \
  bad |= CHECK(a, b, &v);                                                                      \
  r[i] = v

DFQ__BINARY(dfq__k_add_f64, double, double, r[i] = a + b)
DFQ__BINARY(dfq__k_sub_f64, double, double, r[i] = a - b)
DFQ__BINARY(dfq__k_mul_f64, double, double, r[i] = a * b)
DFQ__BINARY(dfq__k_div_f64, double, double, r[i] = a / b)
DFQ__BINARY(dfq__k_add_i64, int64_t, int64_t, DFQ__CHECKED(dfq__add_check))
DFQ__BINARY(dfq__k_sub_i64, int64_t, int64_t, DFQ__CHECKED(dfq__sub_check))
DFQ__BINARY(dfq__k_mul_i64, int64_t, int64_t, DFQ__CHECKED(dfq__mul_check))
DFQ__BINARY(dfq__k_eq_i32, int32_t, uint8_t, r[i] = a == b)
DFQ__BINARY(dfq__k_ne_i32, int32_t, uint8_t, r[i] = a != b)
DFQ__BINARY(dfq__k_lt_i32, int32_t, uint8_t, r[i] = a < b)
DFQ__BINARY(dfq__k_le_i32, int32_t, uint8_t, r[i] = a <= b)
DFQ__BINARY(dfq__k_gt_i32, int32_t, uint8_t, r[i] = a > b)
DFQ__BINARY(dfq__k_ge_i32, int32_t, uint8_t, r[i] = a >= b)
DFQ__BINARY(dfq__k_eq_i64, int64_t, uint8_t, r[i] = a == b)
DFQ__BINARY(dfq__k_ne_i64, int64_t, uint8_t, r[i] = a != b)
DFQ__BINARY(dfq__k_lt_i64, int64_t, uint8_t, r[i] = a < b)
DFQ__BINARY(dfq__k_le_i64, int64_t, uint8_t, r[i] = a <= b)
DFQ__BINARY(dfq__k_gt_i64, int64_t, uint8_t, r[i] = a > b)
DFQ__BINARY(dfq__k_ge_i64, int64_t, uint8_t, r[i] = a >= b)
DFQ__BINARY(dfq__k_eq_bool, uint8_t, uint8_t, r[i] = a == b)
DFQ__BINARY(dfq__k_ne_bool, uint8_t, uint8_t, r[i] = a != b)
// NaN is the largest value and equal to itself, here as in the scalars: x != x is NaN. Bit
// operators instead of && and ||, so that no branch stops the loop from being vectorised.
DFQ__BINARY(dfq__k_eq_f64, double, uint8_t, r[i] = (a == b) | ((a != a) & (b != b)))
DFQ__BINARY(dfq__k_ne_f64, double, uint8_t, r[i] = (a != b) & !((a != a) & (b != b)))
DFQ__BINARY(dfq__k_lt_f64, double, uint8_t, r[i] = (a == a) & !(b <= a))
DFQ__BINARY(dfq__k_le_f64, double, uint8_t, r[i] = (a <= b) | (b != b))
DFQ__BINARY(dfq__k_gt_f64, double, uint8_t, r[i] = (b == b) & !(a <= b))
DFQ__BINARY(dfq__k_ge_f64, double, uint8_t, r[i] = (b <= a) | (a != a))
// Over views. These follow pointers for long texts and are not vectorised; what makes them
// quick is that most pairs are told apart by their first word.
DFQ__BINARY(dfq__k_eq_str, dfq_view, uint8_t, r[i] = dfq__view_equal(&a, &b))
DFQ__BINARY(dfq__k_ne_str, dfq_view, uint8_t, r[i] = !dfq__view_equal(&a, &b))
DFQ__BINARY(dfq__k_lt_str, dfq_view, uint8_t, r[i] = dfq__view_compare(&a, &b) < 0)
DFQ__BINARY(dfq__k_le_str, dfq_view, uint8_t, r[i] = dfq__view_compare(&a, &b) <= 0)
DFQ__BINARY(dfq__k_gt_str, dfq_view, uint8_t, r[i] = dfq__view_compare(&a, &b) > 0)
DFQ__BINARY(dfq__k_ge_str, dfq_view, uint8_t, r[i] = dfq__view_compare(&a, &b) >= 0)
// One operand: functions, then the casts that the binder inserts to make types equal.
DFQ__BINARY(dfq__k_len_bytes, dfq_view, int64_t, r[i] = (int64_t)a.len; (void)b)
DFQ__BINARY(dfq__k_not, uint8_t, uint8_t, r[i] = !a; (void)b)
DFQ__BINARY(dfq__k_neg_f64, double, double, r[i] = -a; (void)b)
DFQ__BINARY(dfq__k_i32_to_i64, int32_t, int64_t, r[i] = a; (void)b)
DFQ__BINARY(dfq__k_i32_to_f64, int32_t, double, r[i] = (double)a; (void)b)
DFQ__BINARY(dfq__k_i64_to_f64, int64_t, double, r[i] = (double)a; (void)b)
DFQ__BINARY(dfq__k_bool_to_i64, uint8_t, int64_t, r[i] = a; (void)b)
// The product wraps: under a null may stand any date, and nobody looks at what comes of it.
DFQ__BINARY(dfq__k_date_to_time, int32_t, int64_t,
            r[i] = (int64_t)((uint64_t)a * (uint64_t)DFQ__DAY); (void)b)
DFQ__BINARY(dfq__k_both, uint8_t, uint8_t, r[i] = a & b)
#undef DFQ__CHECKED

// -- kernels that make nulls, and the table

// Division and remainder clear valid for a zero divisor; they run over whole columns only, so
// that i is the row. INT64_MIN // -1 is the one quotient that does not fit.
#define DFQ__DIVIDE(name, ON_MINUS_ONE, OP)                                                    \
  static uint64_t name(void *DFQ__RESTRICT to, const void *DFQ__RESTRICT pa, size_t sa,        \
                       const void *DFQ__RESTRICT pb, size_t sb, size_t n, uint8_t *valid) {    \
    int64_t *r = (int64_t *)to;                                                                \
    const int64_t *x = (const int64_t *)pa, *y = (const int64_t *)pb;                          \
    uint64_t bad = 0;                                                                          \
    for (size_t i = 0; i < n; i++) {                                                           \
      int64_t a = x[sa ? i : 0], b = y[sb ? i : 0];                                            \
      valid[i] &= b != 0;                                                                      \
      if (b == -1) { ON_MINUS_ONE; }                                                           \
      else r[i] = b ? a OP b : 0;                                                              \
    }                                                                                          \
    return bad;                                                                                \
  }
DFQ__DIVIDE(dfq__k_idiv_i64, bad |= a == INT64_MIN; r[i] = (int64_t)(0 - (uint64_t)a), /)
DFQ__DIVIDE(dfq__k_mod_i64, r[i] = 0, %)
#undef DFQ__DIVIDE

// What the binder stores for a function over operands of one type; a function without a row
// here is computed value by value through its scalar.
typedef struct dfq__kernel_row {
  int fn;
  dfq__kernel b8, i32, i64, f64, str;   // by how the operands are stored
} dfq__kernel_row;

static const dfq__kernel_row dfq__kernels[] = {
  // function     bool             i32, date        i64, datetime    f64              str
  { DFQ__ADD, NULL, NULL, dfq__k_add_i64, dfq__k_add_f64, NULL },
  { DFQ__SUB, NULL, NULL, dfq__k_sub_i64, dfq__k_sub_f64, NULL },
  { DFQ__MUL, NULL, NULL, dfq__k_mul_i64, dfq__k_mul_f64, NULL },
  { DFQ__DIV, NULL, NULL, NULL, dfq__k_div_f64, NULL },
  { DFQ__IDIV, NULL, NULL, dfq__k_idiv_i64, NULL, NULL },
  { DFQ__MOD, NULL, NULL, dfq__k_mod_i64, NULL, NULL },
  { DFQ__NEG, NULL, NULL, NULL, dfq__k_neg_f64, NULL },
  { DFQ__NOT, dfq__k_not, NULL, NULL, NULL, NULL },
  { DFQ__EQ, dfq__k_eq_bool, dfq__k_eq_i32, dfq__k_eq_i64, dfq__k_eq_f64, dfq__k_eq_str },
  { DFQ__NE, dfq__k_ne_bool, dfq__k_ne_i32, dfq__k_ne_i64, dfq__k_ne_f64, dfq__k_ne_str },
  { DFQ__LT, NULL, dfq__k_lt_i32, dfq__k_lt_i64, dfq__k_lt_f64, dfq__k_lt_str },
  { DFQ__LE, NULL, dfq__k_le_i32, dfq__k_le_i64, dfq__k_le_f64, dfq__k_le_str },
  { DFQ__GT, NULL, dfq__k_gt_i32, dfq__k_gt_i64, dfq__k_gt_f64, dfq__k_gt_str },
  { DFQ__GE, NULL, dfq__k_ge_i32, dfq__k_ge_i64, dfq__k_ge_f64, dfq__k_ge_str },
  { DFQ__LEN_BYTES, NULL, NULL, NULL, NULL, dfq__k_len_bytes },
};

// Returns: the kernel for a bound call, NULL when it goes value by value. Arithmetic on dates
// and durations checks more than a kernel does.
static dfq__kernel dfq__kernel_of_call(const dfq__bound *b) {
  dfq_type type = b->argc ? b->arg[0]->type : (dfq_type)DFQ_NULL;
  bool arithmetic = b->type != DFQ_BOOL && type >= DFQ_DATE;
  if (b->argc < 1 || b->argc > 2 || arithmetic) return NULL;
  for (size_t i = 0; i < sizeof dfq__kernels / sizeof *dfq__kernels; i++) {
    const dfq__kernel_row *k = &dfq__kernels[i];
    if (k->fn != b->call->fn) continue;
    switch (dfq__kind(type)) {
      case DFQ_BOOL: return k->b8;
      case DFQ_I32: case DFQ_DATE: return k->i32;
      case DFQ_F64: return k->f64;
      case DFQ_STR: return k->str;
      case DFQ_NULL: return NULL;
      default: return k->i64;
    }
  }
  return NULL;
}

// Returns: the kernel of a widening cast, which cannot fail; NULL for all others, which go
// value by value because each may fail by itself.
static dfq__kernel dfq__kernel_of_cast(dfq_type from, dfq_type to) {
  if (from == DFQ_I32 && to == DFQ_I64) return dfq__k_i32_to_i64;
  if (from == DFQ_I32 && to == DFQ_F64) return dfq__k_i32_to_f64;
  if (from == DFQ_I64 && to == DFQ_F64) return dfq__k_i64_to_f64;
  if (from == DFQ_BOOL && to == DFQ_I64) return dfq__k_bool_to_i64;
  if (from == DFQ_DATE && to == DFQ_DATETIME) return dfq__k_date_to_time;
  return NULL;
}

// ---- >>vector-eval: a bound tree over a batch -----------------------------------------------
// Idea. The same walk as >>row-eval, once per batch instead of once per row: each node has a
// buffer for its result and, mostly, a kernel.
//
//   price * (1 + tax)        mul ── buffer 3      1. load nothing: price, tax are the batch's
//                           /   \                 2. add: 64 copies of 1, tax    -> buffer 2
//                      price    add ── buffer 2   3. mul: price, buffer 2        -> buffer 3
//                              /   \              validity: of tax, then of price and tax
//                        1 (const)  tax
//
// Cost: a call per node and batch, then a loop per node; what a node makes is written to memory
// and read again by the one above, but a batch of 2,048 numbers is 16 KB and stays in the cache
// between the two. That is the reason for the size of a batch: larger and the buffers fall out
// of the cache, smaller and the calls begin to show. Engines that compile to machine code
// (HyPer, Umbra, Spark) keep what is between two nodes in registers, and pay for the compiler.
//
// Every function here returns how many rows of the batch came out well, counted from the first.
// Fewer than asked for means that the row after them fails; that row is then computed once more
// by the row evaluator, which makes the message. So both engines fail at the same row with the
// same words.

// What a node of a bound tree needs to compute batches: allocated once by open, reused for
// every batch, freed by close. After the first batches no expression allocates, but for
// strings.
typedef struct dfq__vector {
  dfq__kernel kernel;
  dfq__buffer data, valid;         // the result
  dfq__buffer mask, other,
      other_valid;                 // and, or, case: which rows need what, and a lazy operand
  dfq__buffer rows;                // of a lazy operand: the numbers of the rows that need it
  dfq__buffer *column;             // ... and the columns it reads, gathered
  int columns;
} dfq__vector;

// What all expressions of one operator share. no_memory sticks: after it every result is void,
// and the operator turns it into the run's error.
typedef struct dfq__veval {
  dfq *db;               // of the run: its arena holds nodes and errors
  dfq__heap *heap;
  dfq__arena strings;    // string results, until the next batch
  bool no_memory;
} dfq__veval;

// Room for bytes, one more than asked for, so that a pointer comes back even for no rows at
// all.
static void *dfq__veval_room(dfq__veval *ctx, dfq__buffer *b, size_t bytes) {
  if (dfq__buffer_reserve(ctx->heap, b, bytes + 1)) return b->data;
  ctx->no_memory = true;
  return NULL;
}

// A block of 64 copies: all that a kernel with stride 0 ever reads of a constant.
static bool dfq__constant_fill(dfq__veval *ctx, dfq__bound *b, dfq__vector *v) {
  size_t size = dfq__size_of(b->type);
  if (!dfq__veval_room(ctx, &v->data, DFQ__BLOCK * size)) return false;
  if (!dfq__veval_room(ctx, &v->valid, DFQ__BLOCK)) return false;
  for (size_t i = 0; i < DFQ__BLOCK; i++) dfq__cell_put(v->data.data, b->type, i, &b->value);
  memset(v->valid.data, b->value.type != DFQ_NULL, DFQ__BLOCK);
  return true;
}

// Gives each node of a bound tree its buffers and kernel. Returns false without memory.
static bool dfq__vector_prepare(dfq__veval *ctx, dfq__bound *b) {
  dfq__vector *v = (dfq__vector *)dfq__arena_alloc(&ctx->db->arena, sizeof *v);
  b->batch = v;
  if (!v) { ctx->no_memory = true; return false; }
  if (b->kind == DFQ_CALL) v->kernel = dfq__kernel_of_call(b);
  if (b->kind == DFQ_CAST || b->kind == DFQ_TRY_CAST)
    v->kernel = dfq__kernel_of_cast(b->arg[0]->type, b->type);
  if (b->kind == DFQ_LITERAL) return dfq__constant_fill(ctx, b, v);
  for (int i = 0; i < b->argc; i++)
    if (!dfq__vector_prepare(ctx, b->arg[i])) return false;
  return true;
}

// Fine for a tree that was prepared in part: below a node without a dfq__vector there is none.
static void dfq__vector_free(dfq__veval *ctx, dfq__bound *b) {
  dfq__vector *v = b ? (dfq__vector *)b->batch : NULL;
  if (!v) return;
  dfq__buffer_free(ctx->heap, &v->data);
  dfq__buffer_free(ctx->heap, &v->valid);
  dfq__buffer_free(ctx->heap, &v->mask);
  dfq__buffer_free(ctx->heap, &v->other);
  dfq__buffer_free(ctx->heap, &v->other_valid);
  dfq__buffer_free(ctx->heap, &v->rows);
  for (int i = 0; i < v->columns; i++) dfq__buffer_free(ctx->heap, &v->column[i]);
  for (int i = 0; i < b->argc; i++) dfq__vector_free(ctx, b->arg[i]);
}

static size_t dfq__eval_vec(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in, size_t n,
                            dfq__vec *to);

// -- evaluation: kernels where there are, value by value elsewhere

// The validity of a result over one or two operands: NULL when nothing is null.
// Where one side has no nulls and is no constant the other's bytes are passed on, not copied. A
// constant's validity has 64 bytes only and must become a column.
static const uint8_t *dfq__both_valid(dfq__veval *ctx, dfq__vector *v, const dfq__vec *a,
                                      const dfq__vec *b, size_t n) {
  if (!b->valid && !a->constant) return a->valid;
  if (!a->valid && !b->constant) return b->valid;
  static const uint8_t ones[DFQ__BLOCK] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
  if (!a->valid && !b->valid) return NULL;
  uint8_t *to = (uint8_t *)dfq__veval_room(ctx, &v->valid, n);
  if (!to) return NULL;
  size_t sa = a->constant || !a->valid ? 0 : DFQ__BLOCK,
         sb = b->constant || !b->valid ? 0 : DFQ__BLOCK;
  dfq__k_both(to, a->valid ? a->valid : ones, sa, b->valid ? b->valid : ones, sb, n, NULL);
  return to;
}

// A validity of its own that a kernel may clear bytes of.
static uint8_t *dfq__own_valid(dfq__veval *ctx, dfq__vector *v, const uint8_t *valid,
                               size_t n) {
  uint8_t *to = (uint8_t *)dfq__veval_room(ctx, &v->valid, n);
  if (!to || to == valid) return to;
  if (valid) memcpy(to, valid, n);
  else memset(to, 1, n);
  return to;
}

// After an alarm: the first valid row that really fails, n when there is none.
static size_t dfq__first_failure(const dfq__bound *b, const dfq__vec *a, size_t n,
                                 const uint8_t *valid) {
  dfq_value value[2], result;
  dfq__scalar_args in = { value, b->argc, NULL };
  for (size_t i = 0; i < n; i++) {
    if (valid && !valid[i]) continue;
    for (int k = 0; k < b->argc; k++) dfq__vec_get(&a[k], i, &value[k]);
    result = dfq__value_null();
    if (b->call->scalar(&in, &result)) return i;
  }
  return n;
}

// A node with a kernel: operands, validity, then the loop. An alarm is looked into row by row,
// with the scalar that the row engine uses, so that both call the same row the first bad one.
static size_t dfq__eval_kernel(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in, size_t n,
                               dfq__vec *to) {
  dfq__vector *v = (dfq__vector *)b->batch;
  dfq__vec a[2];
  for (int i = 0; i < b->argc; i++) n = dfq__eval_vec(ctx, b->arg[i], in, n, &a[i]);
  if (b->argc == 1) a[1] = a[0];
  to->data = dfq__veval_room(ctx, &v->data, n * dfq__size_of(b->type));
  to->valid = dfq__both_valid(ctx, v, &a[0], &a[1], n);
  bool makes_null = b->kind == DFQ_CALL && (b->call->flags & DFQ__MAKES_NULL);
  if (makes_null) to->valid = dfq__own_valid(ctx, v, to->valid, n);
  if (ctx->no_memory) return 0;
  size_t sa = a[0].constant ? 0 : DFQ__BLOCK, sb = a[1].constant ? 0 : DFQ__BLOCK;
  uint64_t bad = v->kernel(v->data.data, a[0].data, sa, a[1].data, sb, n,
                           makes_null ? (uint8_t *)v->valid.data : NULL);
  return bad ? dfq__first_failure(b, a, n, to->valid) : n;
}

// Value by value: for everything without a kernel. Far slower a row, and enough for like, casts
// of text and date arithmetic, whose own work is larger than the boxing. A conversion to text
// fails for want of memory alone: also in a try_cast that is an error and no null.
static size_t dfq__eval_boxed(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in, size_t n,
                              dfq__vec *to) {
  dfq__vector *v = (dfq__vector *)b->batch;
  dfq__vec *a = (dfq__vec *)dfq__arena_array(&ctx->strings, (size_t)b->argc, sizeof *a);
  dfq_value *value = (dfq_value *)dfq__arena_array(&ctx->strings, (size_t)b->argc,
                                                   sizeof *value);
  if (!a || !value) { ctx->no_memory = true; return 0; }
  for (int i = 0; i < b->argc; i++) n = dfq__eval_vec(ctx, b->arg[i], in, n, &a[i]);
  void *data = dfq__veval_room(ctx, &v->data, n * dfq__size_of(b->type));
  uint8_t *valid = (uint8_t *)dfq__veval_room(ctx, &v->valid, n);
  if (ctx->no_memory) return 0;
  dfq__scalar_args args = { value, b->argc, &ctx->strings };
  bool call = b->kind == DFQ_CALL, sees_null = call && (b->call->flags & DFQ__SEES_NULL);
  for (size_t i = 0; i < n; i++) {
    bool null = false;
    dfq_value result = dfq__value_null();
    for (int k = 0; k < b->argc; k++) {
      dfq__vec_get(&a[k], i, &value[k]);
      null = null || value[k].type == DFQ_NULL;
    }
    if (!null || sees_null) {
      const char *why = call ? b->call->scalar(&args, &result) : NULL;
      if (call ? why != NULL
               : !dfq__convert_value(&value[0], b->type, &ctx->strings, &result)) {
        bool room = call ? why != dfq__no_memory : b->type != DFQ_STR;
        if (!room) { ctx->no_memory = true; return 0; }
        if (b->kind != DFQ_TRY_CAST) { n = i; break; }
        result = dfq__value_null();
      }
    }
    valid[i] = result.type != DFQ_NULL;
    dfq__cell_put(data, b->type, i, &result);
  }
  to->data = data;
  to->valid = valid;
  return n;
}

// ---- >>lazy-eval: and, or and case look at an operand only where they need it ---------------
// Idea. `s != '' and cast(s as i64) > 5` must not fail for an empty text. A batch engine
// computes whole columns, so it would. The row engine shows what is meant: look at a later
// operand only when the earlier ones leave the row open.
//
//   s                '4'   ''   '7'  null
//   s != ''           1    0     1   null       0 decides an and; the rest is open
//   need              1    0     1    1
//   gathered s       '4'  '7'  null             cast(s as i64) > 5 on three rows only
//   scattered         0    *     1   null       *: a 0, which changes nothing
//
// An operand that cannot fail needs none of this: it is computed for all rows, and the answers
// of rows that were decided are thrown away. Cost: two copies of the columns that the operand
// reads. Larger engines do the same with selection vectors, and Velox also remembers which
// conjunct was the more selective, to begin with it next time.
//
// One primitive: gather the rows that need the operand, evaluate it on those, scatter the
// result back.

// Sets used[c] for each column c that b reads.
static void dfq__mark_columns(const dfq__bound *b, uint8_t *used) {
  if (b->kind == DFQ_COLUMN) used[b->column] = 1;
  for (int i = 0; i < b->argc; i++) dfq__mark_columns(b->arg[i], used);
}

// Evaluates b on rows row[0 .. m) of in. *to has m rows. Returns how many of them came out
// well. Only the columns that b reads are gathered; the others stay as they are in the part,
// longer than it, and nobody may look at them. The buffers stay with b for the next batch.
static size_t dfq__eval_on(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in,
                           const uint32_t *row, size_t m, dfq__vec *to) {
  dfq__vector *v = (dfq__vector *)b->batch;
  dfq__batch part = { m, in->columns, NULL };
  size_t columns = (size_t)in->columns;
  if (!v->column) {
    v->column = (dfq__buffer *)dfq__arena_array(&ctx->db->arena, 2 * columns + 1,
                                                sizeof *v->column);
    v->columns = v->column ? (int)(2 * columns) : 0;
  }
  part.column = (dfq__vec *)dfq__arena_array(&ctx->strings, columns + 1, sizeof(dfq__vec));
  uint8_t *used = (uint8_t *)dfq__arena_array(&ctx->strings, columns + 1, 1);
  if (!v->column || !part.column || !used) { ctx->no_memory = true; return 0; }
  dfq__mark_columns(b, used);
  for (size_t c = 0; c < columns; c++) {
    dfq__vec from = in->column[c];
    part.column[c] = from;
    if (!used[c] || from.constant) continue;
    size_t size = dfq__size_of(from.type);
    void *data = dfq__veval_room(ctx, &v->column[2 * c], m * size);
    void *valid = from.valid ? dfq__veval_room(ctx, &v->column[2 * c + 1], m) : NULL;
    if (ctx->no_memory) return 0;
    dfq__gather(data, from.data, row, m, size);
    if (valid) dfq__gather_1(valid, from.valid, row, m);
    part.column[c].data = data;
    part.column[c].valid = (const uint8_t *)valid;
  }
  return dfq__eval_vec(ctx, b, &part, m, to);
}

// Writes from[0 .. m) to rows row[0 .. m) of data and valid.
static void dfq__scatter(void *data, uint8_t *valid, dfq_type type, const dfq__vec *from,
                         const uint32_t *row, size_t m) {
  size_t size = dfq__size_of(type);
  for (size_t i = 0; i < m; i++) {
    size_t at = from->constant ? 0 : i;
    memcpy((char *)data + row[i] * size, (const char *)from->data + at * size, size);
    valid[row[i]] = from->valid ? from->valid[at] : 1;
  }
}

// Evaluates b where need is 1 and scatters into data and valid. Returns how many rows are well.
static size_t dfq__eval_where(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in,
                              const uint8_t *need, size_t n, void *data, uint8_t *valid) {
  dfq__vector *v = (dfq__vector *)b->batch;
  dfq__vec part;
  uint32_t *row = (uint32_t *)dfq__veval_room(ctx, &v->rows, (n + 1) * sizeof *row);
  if (!row) return 0;
  size_t m = dfq__select_rows(row, need, n);
  if (m == 0) return n;
  size_t ok = dfq__eval_on(ctx, b, in, row, m, &part);
  if (ctx->no_memory) return 0;
  dfq__scatter(data, valid, b->type, &part, row, ok);
  return ok < m ? row[ok] : n;
}

// -- and, or

// Kleene's and/or over bytes: known true and known false, then who absorbs whom.
static void dfq__kleene(bool is_or, uint8_t *to, uint8_t *valid, const dfq__vec *a,
                        const dfq__vec *b, size_t n) {
  const uint8_t *x = (const uint8_t *)a->data, *y = (const uint8_t *)b->data;
  for (size_t i = 0; i < n; i++) {
    size_t ia = a->constant ? 0 : i, ib = b->constant ? 0 : i;
    int va = a->valid ? a->valid[ia] : 1, vb = b->valid ? b->valid[ib] : 1;
    int ta = va & x[ia], tb = vb & y[ib], fa = va & (x[ia] ^ 1), fb = vb & (y[ib] ^ 1);
    int t = is_or ? ta | tb : ta & tb, f = is_or ? fa & fb : fa | fb;
    to[i] = (uint8_t)t;
    valid[i] = (uint8_t)(t | f);
  }
}

// Operands without nulls: plain bit operations, 64 rows at a time.
DFQ__BINARY(dfq__k_and, uint8_t, uint8_t, r[i] = a & b)
DFQ__BINARY(dfq__k_or, uint8_t, uint8_t, r[i] = a | b)
#undef DFQ__BINARY

// The second operand of and/or, only on the rows that the first leaves open.
static size_t dfq__eval_second(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in, size_t n,
                               const dfq__vec *a, dfq__vec *to) {
  dfq__vector *v = (dfq__vector *)b->batch;
  bool is_or = b->call->fn == DFQ__OR;
  uint8_t *data = (uint8_t *)dfq__veval_room(ctx, &v->other, n);
  uint8_t *valid = (uint8_t *)dfq__veval_room(ctx, &v->other_valid, n);
  uint8_t *need = (uint8_t *)dfq__veval_room(ctx, &v->mask, n);
  if (ctx->no_memory) return 0;
  const uint8_t *x = (const uint8_t *)a->data;
  for (size_t i = 0; i < n; i++) {
    size_t at = a->constant ? 0 : i;
    need[i] = (a->valid && !a->valid[at]) || x[at] != is_or;
  }
  memset(data, is_or, n);
  memset(valid, 1, n);
  n = dfq__eval_where(ctx, b->arg[1], in, need, n, data, valid);
  dfq__vec second = { DFQ_BOOL, false, data, valid };
  *to = second;
  return n;
}

// and, or. A second operand that cannot fail is computed for all rows: one kernel over a batch
// is cheaper than choosing rows. One that can fail must not see a row that the first has
// decided.
static size_t dfq__eval_vec_logic(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in,
                                  size_t n, dfq__vec *to) {
  dfq__vector *v = (dfq__vector *)b->batch;
  dfq__vec a, c;
  bool is_or = b->call->fn == DFQ__OR;
  n = dfq__eval_vec(ctx, b->arg[0], in, n, &a);
  if (ctx->no_memory) return 0;
  n = b->arg[1]->fails ? dfq__eval_second(ctx, b, in, n, &a, &c)
                       : dfq__eval_vec(ctx, b->arg[1], in, n, &c);
  uint8_t *data = (uint8_t *)dfq__veval_room(ctx, &v->data, n);
  bool nulls = a.valid || c.valid;
  uint8_t *valid = nulls ? (uint8_t *)dfq__veval_room(ctx, &v->valid, n) : NULL;
  if (ctx->no_memory) return 0;
  size_t sa = a.constant ? 0 : DFQ__BLOCK, sc = c.constant ? 0 : DFQ__BLOCK;
  if (nulls) dfq__kleene(is_or, data, valid, &a, &c, n);
  else (is_or ? dfq__k_or : dfq__k_and)(data, a.data, sa, c.data, sc, n, NULL);
  to->data = data;
  to->valid = valid;
  return n;
}

// -- case, is null, and the walk itself

// case: each condition on the rows that are still open, each value on the rows it is for.
static size_t dfq__eval_vec_case(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in, size_t n,
                                 dfq__vec *to) {
  dfq__vector *v = (dfq__vector *)b->batch;
  void *data = dfq__veval_room(ctx, &v->data, n * dfq__size_of(b->type));
  uint8_t *valid = (uint8_t *)dfq__veval_room(ctx, &v->valid, n);
  uint8_t *open = (uint8_t *)dfq__veval_room(ctx, &v->mask, 4 * n);
  if (ctx->no_memory) return 0;
  uint8_t *hit = open + n, *when = hit + n, *when_valid = when + n;
  memset(open, 1, n);
  for (int k = 0; k + 1 < b->argc; k += 2) {
    memset(when, 0, n);
    n = dfq__eval_where(ctx, b->arg[k], in, open, n, when, when_valid);
    for (size_t i = 0; i < n; i++) {
      hit[i] = open[i] & when[i] & when_valid[i];
      open[i] ^= hit[i];
    }
    n = dfq__eval_where(ctx, b->arg[k + 1], in, hit, n, data, valid);
    if (ctx->no_memory) return 0;
  }
  n = dfq__eval_where(ctx, b->arg[b->argc - 1], in, open, n, data, valid);
  to->data = data;
  to->valid = valid;
  return n;
}

// Reads validity only. The answer itself is never null.
static size_t dfq__eval_is_null(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in, size_t n,
                                dfq__vec *to) {
  dfq__vector *v = (dfq__vector *)b->batch;
  dfq__vec a;
  uint8_t yes = b->call->fn == DFQ__IS_NULL;
  n = dfq__eval_vec(ctx, b->arg[0], in, n, &a);
  uint8_t *data = (uint8_t *)dfq__veval_room(ctx, &v->data, n);
  if (ctx->no_memory) return 0;
  for (size_t i = 0; i < n; i++)
    data[i] = (a.valid ? a.valid[a.constant ? 0 : i] : (a.type != DFQ_NULL)) ^ yes;
  to->data = data;
  to->valid = NULL;
  return n;
}

// The values of b for the first n rows of in. Returns how many came out well.
static size_t dfq__eval_vec(dfq__veval *ctx, dfq__bound *b, const dfq__batch *in, size_t n,
                            dfq__vec *to) {
  dfq__vector *v = (dfq__vector *)b->batch;
  memset(to, 0, sizeof *to);
  to->type = b->type;
  if (ctx->no_memory) return 0;
  switch (b->kind) {
    case DFQ_COLUMN: *to = in->column[b->column]; return n;
    case DFQ_CASE: return dfq__eval_vec_case(ctx, b, in, n, to);
    case DFQ_LITERAL:
      to->constant = true;
      to->data = v->data.data;
      to->valid = b->value.type == DFQ_NULL ? (const uint8_t *)v->valid.data : NULL;
      return n;
    case DFQ_CALL:
      if (!b->call->scalar) return dfq__eval_vec_logic(ctx, b, in, n, to);
      if (b->call->fn == DFQ__IS_NULL || b->call->fn == DFQ__IS_NOT_NULL)
        return dfq__eval_is_null(ctx, b, in, n, to);
      break;
    default: break;
  }
  return v->kernel ? dfq__eval_kernel(ctx, b, in, n, to) : dfq__eval_boxed(ctx, b, in, n, to);
}

// Constants as full columns: for what leaves an operator.
static bool dfq__vec_flatten(dfq__veval *ctx, dfq__buffer *data, dfq__buffer *valid, size_t n,
                             dfq__vec *v) {
  if (!v->constant) return true;
  size_t size = dfq__size_of(v->type);
  char *to = (char *)dfq__veval_room(ctx, data, n * size);
  uint8_t *ok = v->valid ? (uint8_t *)dfq__veval_room(ctx, valid, n) : NULL;
  if (ctx->no_memory) return false;
  for (size_t i = 0; i < n; i++) memcpy(to + i * size, v->data, size);
  if (ok) memset(ok, v->valid[0], n);
  v->constant = false;
  v->data = to;
  v->valid = ok;
  return true;
}

// ---- >>store: columns that grow -------------------------------------------------------------
// Idea. A batch is borrowed and gone with the next pull, so a pipeline breaker needs somewhere
// to keep what it reads: columns that grow.
//
//   batch ──append──>  data[c]   [ v v v v v v v v | room ]     grows by half: n values cost
//                      valid[c]  NULL until the first null      fewer than 3n copies
//                      strings   arena of the long texts; views point into it
//
// One array a column, not a list of batches: whoever sorts, joins or prints wants to reach row
// i by adding i. The price is the copy when it grows, and that all of it is in memory at once.
// DuckDB and Velox keep such rows in blocks that can be written to disk under pressure; Polars
// keeps chunks and joins them when an operator asks for it.
//
// What outlives a batch is copied into a store: results, sorted input, the build side of a
// join. Values are contiguous; long strings are copied into the store's own arena, so that a
// store depends on nothing else. A validity array appears with the first null.

// Plain memory: copied by pointer, freed once. rows counts whole rows; a column may hold more
// while an append is under way, and after one that failed half way.
typedef struct dfq__store {
  dfq__heap *heap;
  int columns;
  dfq_type *type;
  dfq__buffer *data, *valid;   // valid[c].data NULL: column c has no nulls yet
  dfq__arena strings;
  size_t rows;
} dfq__store;

// False without memory; then, as after success, dfq__store_free gives back what there is.
static bool dfq__store_init(dfq__store *s, dfq__heap *heap, const dfq_type *type, int columns) {
  size_t n = (size_t)columns + 1;
  memset(s, 0, sizeof *s);
  s->heap = s->strings.heap = heap;
  s->columns = columns;
  s->type = (dfq_type *)dfq__alloc_zero(heap, n, sizeof *s->type);
  s->data = (dfq__buffer *)dfq__alloc_zero(heap, n, sizeof *s->data);
  s->valid = (dfq__buffer *)dfq__alloc_zero(heap, n, sizeof *s->valid);
  if (!s->type || !s->data || !s->valid) return false;
  for (int c = 0; c < columns; c++) s->type[c] = type[c];
  return true;
}

// Fine for a zeroed store and for one whose init failed. A second call does nothing.
static void dfq__store_free(dfq__store *s) {
  size_t n = (size_t)s->columns + 1;
  if (!s->heap) return;
  for (int c = 0; c < s->columns; c++) {
    if (s->data) dfq__buffer_free(s->heap, &s->data[c]);
    if (s->valid) dfq__buffer_free(s->heap, &s->valid[c]);
  }
  dfq__free(s->heap, s->type, n * sizeof *s->type);
  dfq__free(s->heap, s->data, n * sizeof *s->data);
  dfq__free(s->heap, s->valid, n * sizeof *s->valid);
  dfq__arena_release(&s->strings, 0);
  memset(s, 0, sizeof *s);
}

// Replaces views of long strings by views of copies. The invariant of everything that is kept:
// no view points to memory of somebody else.
static bool dfq__strings_keep(dfq__arena *arena, dfq_view *view, const uint8_t *valid,
                              size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (view[i].len <= DFQ__INLINE) continue;
    if (valid && !valid[i]) {
      view[i] = dfq__view_of("", 0);
      continue;
    } // it may dangle later
    const char *s = dfq__arena_text(arena, dfq__view_chars(&view[i]), view[i].len);
    if (!s) return false;
    view[i].tail.pointer = (uint64_t)(uintptr_t)s;
  }
  return true;
}

// Makes room for more bytes of validity; when they are the column's first, all rows so far get
// a 1. So a column without nulls never pays for validity.
static bool dfq__store_valid(dfq__store *s, int c, size_t more) {
  dfq__buffer *v = &s->valid[c];
  bool fresh = !v->data;
  if (!dfq__buffer_reserve(s->heap, v, s->rows + more + 1)) return false;
  if (fresh) memset(v->data, 1, s->rows);
  return true;
}

// Appends n values of a vector to one column; s->rows is raised by the caller, after all
// columns.
static bool dfq__store_column(dfq__store *s, int c, const dfq__vec *from, size_t n) {
  size_t size = dfq__size_of(s->type[c]);
  if (!dfq__buffer_reserve(s->heap, &s->data[c], (s->rows + n) * size + 1)) return false;
  bool nulls = from->valid != NULL;
  if ((nulls || s->valid[c].data) && !dfq__store_valid(s, c, n)) return false;
  char *to = s->data[c].data + s->rows * size;
  if (n) memcpy(to, from->data, n * size);
  if (s->valid[c].data) {
    char *valid = s->valid[c].data + s->rows;
    if (nulls) memcpy(valid, from->valid, n);
    else memset(valid, 1, n);
  }
  if (s->type[c] != DFQ_STR) return true;
  return dfq__strings_keep(&s->strings, (dfq_view *)(void *)to, from->valid, n);
}

// from's columns are in the store's order and of its types, and no constants.
static bool dfq__store_append(dfq__store *s, const dfq__batch *b) {
  for (int c = 0; c < s->columns; c++)
    if (!dfq__store_column(s, c, &b->column[c], b->rows)) return false;
  s->rows += b->rows;
  return true;
}

// One row of values.
static bool dfq__store_row(dfq__store *s, const dfq_value *row) {
  for (int c = 0; c < s->columns; c++) {
    size_t size = dfq__size_of(s->type[c]);
    if (!dfq__buffer_reserve(s->heap, &s->data[c], (s->rows + 1) * size)) return false;
    bool null = row[c].type == DFQ_NULL;
    if ((null || s->valid[c].data) && !dfq__store_valid(s, c, 1)) return false;
    dfq__cell_put(s->data[c].data, s->type[c], s->rows, &row[c]);
    if (s->valid[c].data) s->valid[c].data[s->rows] = !null;
    dfq_view *view = (dfq_view *)(void *)s->data[c].data + s->rows;
    if (s->type[c] == DFQ_STR && !dfq__strings_keep(&s->strings, view, NULL, 1)) return false;
  }
  s->rows++;
  return true;
}

// Borrows: valid until the store grows, which may move its columns, or is freed.
static dfq__vec dfq__store_vec(const dfq__store *s, int c) {
  dfq__vec v = { s->type[c], false, s->data[c].data, (const uint8_t *)s->valid[c].data };
  return v;
}

// ---- >>tables: results that outlive everything ----------------------------------------------
// Idea. A result has to outlive its run, its frame and even its context, and a scan has to keep
// it alive: so a table is counted, holds the heap (not the context), and copies its names.
//
//   dfq ────hold────> heap <────hold──── table ──> store (columns, long texts)
//    └─ arena: scan node ────────hold──────┘       names arena
//
// The count is atomic, because tables may be freed in any thread; what is inside never changes
// once the table has been handed out, so reading needs no lock. Cost: one copy of the result.
// Arrow avoids even that by making batches themselves counted; here a batch is a view of reused
// buffers, and copying it once is cheaper than giving up the reuse.

struct dfq_table {
  dfq__heap *heap;    // held
  size_t refs;
  dfq_schema schema;
  dfq_field *field;
  dfq__arena names;
  dfq__store store;
};

// The type of column c, where code is written for any schema.
static dfq_type dfq__types_of(const dfq_schema *s, int c) { return s->field[c].type; }

// An empty table of a schema; NULL without memory. Names are copied.
static dfq_table *dfq__table_make(dfq__heap *heap, const dfq_schema *schema) {
  dfq_table *t = (dfq_table *)dfq__alloc_zero(heap, 1, sizeof *t);
  if (!t) return NULL;
  dfq__heap_hold(heap);
  t->heap = t->names.heap = heap;
  t->refs = 1;
  size_t n = (size_t)schema->count + 1;
  t->field = (dfq_field *)dfq__arena_array(&t->names, n, sizeof *t->field);
  dfq_type *type = (dfq_type *)dfq__arena_array(&t->names, n, sizeof *type);
  bool ok = t->field && type;
  for (int c = 0; ok && c < schema->count; c++) {
    type[c] = dfq__types_of(schema, c);
    t->field[c] = schema->field[c];
    t->field[c].name = dfq__arena_text(&t->names, schema->field[c].name,
                                       strlen(schema->field[c].name));
    const char *why = schema->field[c].why;
    if (why) t->field[c].why = dfq__arena_text(&t->names, why, strlen(why));
    ok = t->field[c].name != NULL;
  }
  t->schema.count = schema->count;
  t->schema.field = t->field;
  if (ok && dfq__store_init(&t->store, heap, type, schema->count)) return t;
  dfq_table_free(t);
  return NULL;
}

// The heap goes last: the table's own memory is part of it.
DFQ_API void dfq_table_free(dfq_table *t) {
  if (!t || dfq__add_fetch(&t->refs, (size_t)-1) > 0) return;
  dfq__heap *heap = t->heap;
  dfq__store_free(&t->store);
  dfq__arena_release(&t->names, 0);
  dfq__free(heap, t, sizeof *t);
  dfq__heap_drop(heap);
}

static void dfq__table_drop(void *table) { dfq_table_free((dfq_table *)table); }

DFQ_API size_t dfq_table_rows(const dfq_table *t) { return t ? t->store.rows : 0; }
DFQ_API int dfq_table_columns(const dfq_table *t) { return t ? t->schema.count : 0; }
DFQ_API const dfq_schema *dfq_table_schema(const dfq_table *t) { return t ? &t->schema : NULL; }

// By text, not by pointer: a table knows no context and so no interned names.
DFQ_API int dfq_table_find(const dfq_table *t, const char *name) {
  for (int c = 0; t && c < t->schema.count; c++)
    if (strcmp(t->schema.field[c].name, name) == 0) return c;
  return -1;
}

// -- reading

// All other readers of cells go through here, and so does the check of row and column.
DFQ_API void dfq_table_get(const dfq_table *t, size_t row, int column, dfq_value *to) {
  *to = dfq__value_null();
  if (!t || row >= t->store.rows || column < 0 || column >= t->schema.count) return;
  dfq__vec v = dfq__store_vec(&t->store, column);
  dfq__vec_get(&v, row, to);
}

DFQ_API bool dfq_table_is_null(const dfq_table *t, size_t row, int column) {
  dfq_value v;
  dfq_table_get(t, row, column, &v);
  return v.type == DFQ_NULL;
}

DFQ_API int64_t dfq_table_i64(const dfq_table *t, size_t row, int column) {
  dfq_value v;
  dfq_table_get(t, row, column, &v);
  return v.type == DFQ_NULL || v.type == DFQ_STR || v.type == DFQ_F64 ? 0 : v.as.i;
}

DFQ_API double dfq_table_f64(const dfq_table *t, size_t row, int column) {
  dfq_value v;
  dfq_table_get(t, row, column, &v);
  if (v.type == DFQ_F64) return v.as.f;
  return v.type == DFQ_NULL || v.type == DFQ_STR ? (double)NAN : (double)v.as.i;
}

DFQ_API const char *dfq_table_str(const dfq_table *t, size_t row, int column, size_t *len) {
  dfq_value v;
  dfq_table_get(t, row, column, &v);
  if (len) *len = v.type == DFQ_STR ? v.len : 0;
  return v.type == DFQ_STR ? v.as.s : "";
}

DFQ_API const void *dfq_table_data(const dfq_table *t, int column, const uint8_t **valid) {
  *valid = NULL;
  if (!t || column < 0 || column >= t->schema.count) return NULL;
  *valid = (const uint8_t *)t->store.valid[column].data;
  return t->store.data[column].data;
}

// For the want of memory half way: frees what there is of the table, reports, returns NULL.
static dfq_table *dfq__table_failed(dfq *db, dfq_table *t) {
  dfq_table_free(t);
  dfq__report(db, &dfq__error_memory);
  return NULL;
}

// -- making

// Refuses types that columns cannot have, and names that stand twice.
static bool dfq__check_fields(dfq *db, const dfq_field *f, int count, const char *where) {
  for (int i = 0; i < count; i++) {
    const char *problem = dfq__is_column_type(f[i].type) ? NULL
                                                         : "is of no type that columns have";
    for (int j = 0; j < i; j++)
      if (strcmp(f[i].name, f[j].name) == 0) problem = "stands twice";
    if (!problem) continue;
    size_t mark = dfq__arena_mark(&db->arena);
    dfq__report(db, dfq__error_new(&db->arena, DFQ_USAGE, NULL, where, "column %s %s",
                                   f[i].name, problem));
    dfq__arena_release(&db->arena, mark);
    return false;
  }
  return true;
}

// Kernels compute with bools and validity as the numbers 0 and 1, and row selection adds them
// up. A caller's byte may be any, and 255 would send it past the end of its array.
static void dfq__bytes_to_bits(char *byte, size_t n) {
  for (size_t i = 0; i < n; i++) byte[i] = byte[i] != 0;
}

// Appends one of the caller's columns. Fixed-width values are copied whole.
static bool dfq__column_append(dfq__store *s, int c, const dfq_column *from, size_t rows) {
  dfq__vec v = { from->type, false, from->data, from->valid };
  const char *const *text = (const char *const *)from->data;
  if (from->type != DFQ_STR) {
    if (!dfq__store_column(s, c, &v, rows)) return false;
    if (from->type == DFQ_BOOL) dfq__bytes_to_bits(s->data[c].data, rows);
    if (from->valid) dfq__bytes_to_bits(s->valid[c].data, rows);
    return true;
  }
  if (!dfq__buffer_reserve(s->heap, &s->data[c], rows * sizeof(dfq_view) + 1)) return false;
  dfq_view *to = (dfq_view *)(void *)s->data[c].data;
  for (size_t r = 0; r < rows; r++) {
    bool null = (from->valid && !from->valid[r]) || !text[r];
    to[r] = dfq__view_of(null ? "" : text[r], null ? 0 : strlen(text[r]));
    if (!dfq__strings_keep(&s->strings, &to[r], NULL, 1)) return false;
    if (!null) continue;
    bool first = !s->valid[c].data;
    if (!dfq__buffer_reserve(s->heap, &s->valid[c], rows + 1)) return false;
    if (first) memset(s->valid[c].data, 1, rows);
    s->valid[c].data[r] = 0;
  }
  return true;
}

// Fields are checked before anything is made; t->store.rows is set last, so that a column that
// failed leaves no row behind. More rows than memory can address count as no memory.
DFQ_API dfq_table *dfq_table_new(dfq *db, const dfq_column *columns, int count, size_t rows) {
  dfq__arena scratch = { db->heap, NULL, NULL };
  dfq_field *field = (dfq_field *)dfq__arena_array(&scratch, (size_t)count + 1, sizeof *field);
  dfq_schema schema = { count, field };
  dfq_table *t = NULL;
  for (int c = 0; field && c < count; c++) {
    field[c].name = columns[c].name;
    field[c].type = columns[c].type;
  }
  bool good = field && dfq__check_fields(db, field, count, "table");
  if (good) t = dfq__table_make(db->heap, &schema);
  bool ok = t != NULL && rows <= SIZE_MAX / 64;
  for (int c = 0; ok && c < count; c++)
    ok = dfq__column_append(&t->store, c, &columns[c], rows);
  if (ok) t->store.rows = rows;
  dfq__arena_release(&scratch, 0);
  if (ok) return t;
  return good || !field ? dfq__table_failed(db, t) : NULL;
}

// Refuses values that are not of their column's type: read as a string, a number would be a
// pointer.
static bool dfq__check_cells(dfq *db, const dfq_field *f, int count, const dfq_value *cells,
                             size_t rows) {
  for (size_t r = 0; r < rows; r++)
    for (int c = 0; c < count; c++) {
      const dfq_value *v = &cells[r * (size_t)count + (size_t)c];
      if (dfq__value_fits(v, f[c].type)) continue;
      dfq__arena scratch = { db->heap, NULL, NULL };
      dfq__report(db, dfq__error_new(&scratch, DFQ_USAGE, NULL, "table",
                                     "row %zu, column %s: a value of type %s does not fit %s",
                                     r + 1, f[c].name, dfq_type_name(v->type),
                                     dfq_type_name(f[c].type)));
      dfq__arena_release(&scratch, 0);
      return false;
    }
  return true;
}

DFQ_API dfq_table *dfq_table_from_rows(dfq *db, const dfq_field *fields, int count,
                                       const dfq_value *cells, size_t rows) {
  dfq_schema schema = { count, fields };
  if (!dfq__check_fields(db, fields, count, "table")) return NULL;
  if (!dfq__check_cells(db, fields, count, cells, rows)) return NULL;
  dfq_table *t = dfq__table_make(db->heap, &schema);
  for (size_t r = 0; t && r < rows; r++)
    if (!dfq__store_row(&t->store, cells + r * (size_t)count)) return dfq__table_failed(db, t);
  return t ? t : dfq__table_failed(db, NULL);
}

// -- comparing

// Whether two cells are the same: both null, or the same bits (any NaN equals any other).
static bool dfq__same_cell(const dfq_value *a, const dfq_value *b) {
  if (a->type == DFQ_F64 && b->type == DFQ_F64 && a->as.f != a->as.f && b->as.f != b->as.f)
    return true;
  return dfq__value_same(a, b);
}

// Returns false always: `return dfq__differ(...)` is what a comparison says on the way out.
static bool dfq__differ(char *to, size_t size, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (to && size) (void)vsnprintf(to, size, format, args);
  va_end(args);
  return false;
}

// At most 40 bytes of a text, for a message.
static void dfq__cell_text(char *to, size_t size, const dfq_value *v) {
  char number[DFQ__NUMBER_TEXT];
  if (v->type == DFQ_STR)
    (void)snprintf(to, size, "'%.*s'", (int)dfq__min(v->len, 40), v->as.s);
  else if (v->type == DFQ_NULL) (void)snprintf(to, size, "null");
  else { dfq__write_value(number, v); (void)snprintf(to, size, "%s", number); }
}

// Row by row and value by value, because the first difference in reading order is the one that
// helps. It is for tests; speed does not matter.
DFQ_API bool dfq_table_equal(const dfq_table *a, const dfq_table *b, char *difference,
                             size_t size) {
  if (!a || !b) return dfq__differ(difference, size, "a table is NULL");
  if (a->schema.count != b->schema.count)
    return dfq__differ(difference, size, "%d columns and %d", a->schema.count, b->schema.count);
  for (int c = 0; c < a->schema.count; c++) {
    const dfq_field *f = &a->schema.field[c], *g = &b->schema.field[c];
    if (strcmp(f->name, g->name) != 0 || f->type != g->type)
      return dfq__differ(difference, size, "column %d: %s (%s) and %s (%s)", c, f->name,
                         dfq_type_name(f->type), g->name, dfq_type_name(g->type));
  }
  if (a->store.rows != b->store.rows)
    return dfq__differ(difference, size, "%zu rows and %zu", a->store.rows, b->store.rows);
  for (size_t r = 0; r < a->store.rows; r++)
    for (int c = 0; c < a->schema.count; c++) {
      dfq_value x, y;
      char s[64], t[64];
      dfq_table_get(a, r, c, &x);
      dfq_table_get(b, r, c, &y);
      if (dfq__same_cell(&x, &y)) continue;
      dfq__cell_text(s, sizeof s, &x);
      dfq__cell_text(t, sizeof t, &y);
      return dfq__differ(difference, size, "row %zu, %s: %s and %s", r, a->schema.field[c].name,
                         s, t);
    }
  return true;
}

// ---- >>plan: nodes, frames, schemas ---------------------------------------------------------
// Idea. A frame is a pointer to a plan node, and a node points to the nodes it reads from. A
// verb makes one node and computes its schema from the schemas below it: names and types of a
// whole pipeline are known, and checked, before anything is read. Nodes never change; frames
// share them.
//
//     group region: sum(tax)
//       with amount * 0.2 as tax
//         filter amount > 100            All nodes have one shape (kind, inputs, expressions,
//           join customer_id             keys, numbers), so that substitution, required columns
//           /             \              and printing are written once.
//     scan orders      scan customers
//
// select, with, drop and rename are all one kind, projection: a list of expressions, one for
// each column that comes out. verb remembers how it was written.
//
// Cost: one small piece of an arena per verb. A frame that is used twice is one node with two
// parents: a plan is a graph, but a run copies it as a tree and so computes the shared part
// twice. Polars and Spark look for equal parts of a plan and keep the result of one for the
// other; here dfq_collect and dfq_scan_table do it, by hand. Larger engines also have two kinds
// of plan, a logical one (what) and a physical one (how); here the how is a few fields of a
// node (sorted, build_left, count) that the optimizer fills in.

// The order is that of dfq__classes, at the end of the file.
typedef enum dfq__node_kind {
  DFQ__SCAN, DFQ__FILTER, DFQ__PROJECT, DFQ__LIMIT, DFQ__ROW_INDEX, DFQ__UNION, DFQ__JOIN,
  DFQ__GROUP, DFQ__SORT, DFQ__TOP_K, DFQ__DISTINCT_ROWS, DFQ__WINDOW,
  DFQ__NODE_KINDS
} dfq__node_kind;

typedef struct dfq__node dfq__node;
typedef struct dfq__source dfq__source;
typedef struct dfq__op dfq__op;
typedef struct dfq__run dfq__run;

// Where a scan's rows come from; what comes behind this head is the source's class's own.
struct dfq__source {
  const struct dfq__source_class *is;
  dfq_schema schema;        // all that it has; the node's schema may be fewer columns of it
};

// Where a column of a join comes from. Both sides: a key of the same name, coalesced.
typedef enum dfq__side { DFQ__LEFT_SIDE, DFQ__RIGHT_SIDE, DFQ__BOTH_SIDES } dfq__side;
typedef struct dfq__join_column {
  dfq__side side;
  const char *name;   // on that side
} dfq__join_column;

// Chapter 4's part of a node; it stands here because nodes are copied and printed here. Names
// are interned and of the side that they belong to: pruning and swapping sides renumber
// nothing.
typedef struct dfq__join_plan {
  dfq_join_type type;
  int key_count;
  const char **left_key, **right_key;
  dfq__join_column *column;   // one for each column of the node's schema
  bool nulls_equal, sorted, build_left;
  bool hashed;                // asked for: never merged, whatever order is known
  const char *suffix;
} dfq__join_plan;

// Names are interned in the context, so they are compared as pointers; that holds in a run too,
// whose copy of a plan keeps the pointers.
struct dfq__node {
  dfq__node_kind kind;
  const char *verb;         // "filter", "with": as written
  const char *at;           // file:line of the call; NULL when unknown
  int id;                   // numbered within a plan, for explain
  int depth, size;          // nodes on the longest way down, and in all, shared ones each time
  dfq__node *in[2];
  dfq_schema schema;        // what comes out
  dfq_expr **expr; // projection: one a column; filter and scan: conjuncts; group: aggregates
  int expr_count;
  dfq_key *key;             // sort, top-k, group
  int key_count;
  int64_t offset, count;    // limit; count < 0: all. top-k, scan: count, or -1
  bool sorted;              // group: over sorted runs
  bool hashed;              // group: asked for, whatever order is known
  dfq__source *source;      // scan
  dfq__join_plan *join;
};

// What walks a plan may recurse, and a run copies it as a tree: a frame that is joined with
// itself forty times over would be a million million nodes.
enum { DFQ__MAX_PLAN_DEPTH = 1000, DFQ__MAX_PLAN = 100000 };

// A frame is node and settings, or an error. It never changes once a verb has returned it.
struct dfq_frame {
  dfq *db;
  dfq__node *node;
  const dfq__error *error;   // then node is NULL
  dfq_run_options run;
};

static const dfq_schema dfq__no_schema = { 0, NULL };

// -- making frames and nodes

// error: NULL for lack of memory, so that callers may pass on what could not be made. Never
// NULL: without memory all failures share one frame that the context set aside when it was
// opened.
static dfq_frame *dfq__frame_failed(dfq *db, const dfq__error *error) {
  dfq_frame *f = (dfq_frame *)dfq__arena_alloc(&db->arena, sizeof *f);
  dfq__report(db, error ? error : &dfq__error_memory);
  if (!f) {   // the one that the context keeps for this
    f = (dfq_frame *)(void *)((char *)db->spare + DFQ__SPARE / 2);
    error = &dfq__error_memory;
  }
  f->db = db;
  f->node = NULL;
  f->error = error ? error : &dfq__error_memory;
  return f;
}

// node: NULL when memory ran out on the way, so that verbs need not check. Refuses plans that
// are too deep to walk or too large to copy.
static dfq_frame *dfq__frame_of(dfq *db, dfq__node *node, const dfq_run_options *run) {
  dfq_frame *f = node ? (dfq_frame *)dfq__arena_alloc(&db->arena, sizeof *f) : NULL;
  if (!f) return dfq__frame_failed(db, &dfq__error_memory);
  bool deep = node->depth > DFQ__MAX_PLAN_DEPTH;
  if (deep || node->size > DFQ__MAX_PLAN)
    return dfq__frame_failed(db, dfq__error_new(&db->arena, DFQ_LIMIT, node->at, node->verb,
                                                deep ? "the plan is more than %d steps long"
                                                     : "the plan has more than %d nodes",
                                                deep ? DFQ__MAX_PLAN_DEPTH : DFQ__MAX_PLAN));
  f->db = db;
  f->node = node;
  f->run = *run;
  return f;
}

// -- what verbs share

// Made by hand while a verb builds: the input, the name for messages, the caller's place.
typedef struct dfq__verb {
  dfq *db;
  dfq_frame *in;
  const char *name, *at;
  const dfq__error *error;
} dfq__verb;

// Copies at: file:line has to live as long as the plan, also when a binding built the string.
static dfq__verb dfq__verb_on(dfq_frame *in, const char *name, const char *at) {
  dfq__verb v = { in->db, in, name, NULL, NULL };
  v.at = at ? dfq__arena_text(&in->db->arena, at, strlen(at)) : NULL;
  return v;
}

// Notes the verb's first error.
DFQ__FORMAT(3)
static void dfq__verb_error(dfq__verb *v, dfq_status status, const char *format, ...) {
  if (v->error) return;
  dfq__text t = dfq__text_in(v->db->heap);
  dfq__put_head(&t, status, v->at, v->name);
  va_list args;
  va_start(args, format);
  dfq__put_list(&t, format, args);
  va_end(args);
  v->error = dfq__error_from(&v->db->arena, status, &t);
}

// For `return`: notes the error and gives the failed frame.
#define dfq__verb_fail(v, ...) (dfq__verb_error(v, __VA_ARGS__), dfq__verb_failed(v))

// The frame that a verb returns after an error; without a note of one, memory is out.
static dfq_frame *dfq__verb_failed(dfq__verb *v) { return dfq__frame_failed(v->db, v->error); }

// A node over a and b (NULL: none), whose columns are a's until the caller says otherwise.
// Returns NULL without memory. size stops growing at the limit: doubled forty times, an int
// would overflow.
static dfq__node *dfq__node_new(dfq__arena *arena, dfq__node_kind kind, const char *verb,
                                const char *at, dfq__node *a, dfq__node *b) {
  dfq__node *n = (dfq__node *)dfq__arena_alloc(arena, sizeof *n);
  if (!n) return NULL;
  n->kind = kind;
  n->verb = verb;
  n->at = at;
  n->in[0] = a;
  n->in[1] = b;
  n->count = -1;
  n->depth = n->size = 1;
  for (int i = 0; i < 2 && n->in[i]; i++) {
    n->depth = n->in[i]->depth >= n->depth ? n->in[i]->depth + 1 : n->depth;
    n->size = n->in[i]->size > DFQ__MAX_PLAN ? n->in[i]->size : n->size + n->in[i]->size;
  }
  if (a) n->schema = a->schema;
  return n;
}

// other: the second input, of union and join.
static dfq__node *dfq__verb_node(dfq__verb *v, dfq__node_kind kind, dfq__node *other) {
  return dfq__node_new(&v->db->arena, kind, v->name, v->at, v->in->node, other);
}

// How every verb ends. The frame inherits the settings of the (left) input.
static dfq_frame *dfq__verb_done(dfq__verb *v, dfq__node *n) {
  if (v->error) return dfq__frame_failed(v->db, v->error);
  return dfq__frame_of(v->db, n, &v->in->run);
}

// A binder over the input's columns that knows the verb and its place, for messages.
static dfq__binder dfq__verb_binder(dfq__verb *v, const dfq_expr *root) {
  dfq__binder b;
  memset(&b, 0, sizeof b);
  b.db = v->db;
  b.arena = &v->db->arena;
  b.schema = &v->in->node->schema;
  b.at = v->at;
  b.where = v->name;
  b.root = root;
  return b;
}

// The type of e over the verb's input; DFQ_KINDS after an error.
static dfq_type dfq__verb_type(dfq__verb *v, const dfq_expr *e) {
  dfq__binder b = dfq__verb_binder(v, e);
  dfq__bound *n = dfq__bind(&b, e);
  if (!n && !v->error) v->error = b.error ? b.error : &dfq__error_memory;
  return n ? n->type : (dfq_type)DFQ_KINDS;
}

// The name of the column that an item makes: its alias, the column's own name, or the text of
// e.
static const char *dfq__item_name(dfq *db, dfq_expr *e) {
  if (e->kind == DFQ_ALIAS || e->kind == DFQ_COLUMN) return e->name;
  return dfq__intern(db, dfq_expr_text(e));
}

// What an item computes, without its name.
static dfq_expr *dfq__item_expr(dfq_expr *e) { return e->kind == DFQ_ALIAS ? e->arg[0] : e; }

// text: NULL counts as empty, so that the parser says what it expected.
static dfq__parser dfq__verb_parser(dfq__verb *v, const char *text) {
  return dfq__parser_of(v->db, text ? text : "", text ? strlen(text) : 0, v->name, v->at);
}

// ---- >>verbs: filter, select, with, drop, rename, limit, row index, union -------------------

// Idea. A verb is a small compiler: it parses its text, checks names and types against the
// schema of its input, computes the schema of what comes out, and makes one node. Text and
// trees meet at the second step, so each verb that takes text parses it and calls its own form
// for trees.
//
//   dfq_filter_at      text ──parse──> tree ┐
//                                           ├─> bind (check) ──> node ──> frame
//   dfq_filter_expr_at                 tree ┘
//
// What the check binds is thrown away: a run binds again, to the schemas of the optimized plan.
// Cost: microseconds, nothing is read. All verbs begin alike: a failed input is returned as it
// is, so the first error of a chain is the one that the action reports. Larger engines separate
// these steps (Polars and Spark resolve names in a pass over the whole plan); here the caller
// learns of a misspelt name in the line that has it.

DFQ_API dfq_frame *dfq_filter_expr_at(dfq_frame *in, dfq_expr *condition, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "filter", at);
  if (!condition) return dfq__frame_failed(v.db, &dfq__error_memory);
  if (condition->kind == DFQ_FAILED) return dfq__frame_failed(v.db, condition->error);
  condition = dfq__item_expr(condition);
  dfq_type type = dfq__verb_type(&v, condition);
  if (v.error) return dfq__frame_failed(v.db, v.error);
  if (type != DFQ_BOOL && type != DFQ_NULL) {
    dfq__binder b = dfq__verb_binder(&v, condition);
    dfq__bind_fail(&b, DFQ_TYPE_ERROR, condition, NULL, "a condition is a bool, this is %s",
                   dfq_type_name(type));
    return dfq__frame_failed(v.db, b.error);
  }
  dfq__node *n = dfq__verb_node(&v, DFQ__FILTER, NULL);
  dfq_expr **list = dfq__expr_list(v.db, condition, NULL, 0);
  if (!n || !list) return dfq__frame_failed(v.db, &dfq__error_memory);
  n->expr = list;
  n->expr_count = 1;
  return dfq__verb_done(&v, n);
}

DFQ_API dfq_frame *dfq_filter_at(dfq_frame *in, const char *condition, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "filter", at);
  dfq__parser p = dfq__verb_parser(&v, condition);
  dfq_expr *e = dfq__parse_expr(&p, DFQ__L_OR);
  dfq__expect_end(&p);
  if (p.error) return dfq__frame_failed(v.db, p.error);
  return dfq_filter_expr_at(in, e, at);
}

// -- select, with, drop, rename: one list of expressions

// A projection under construction: expressions, names and types of what comes out.
typedef struct dfq__projection {
  dfq__verb *verb;
  dfq_expr **expr;
  dfq_field *field;
  int count, room;
  int all;            // the input's columns that * stands for; behind them there may be windows
  uint8_t *replaced;  // 1: an item of this verb took the column's place already
} dfq__projection;

// room: the most items that can come. False with the verb's error set.
static bool dfq__projection_init(dfq__projection *p, dfq__verb *v, int room) {
  size_t n = (size_t)room + 1;
  p->verb = v;
  p->count = 0;
  p->all = v->in->node->schema.count;
  p->room = room;
  p->expr = (dfq_expr **)dfq__arena_array(&v->db->arena, n, sizeof *p->expr);
  p->field = (dfq_field *)dfq__arena_array(&v->db->arena, n, sizeof *p->field);
  p->replaced = (uint8_t *)dfq__arena_array(&v->db->arena, n, 1);
  if (!p->expr || !p->field || !p->replaced) v->error = &dfq__error_memory;
  return v->error == NULL;
}

// Adds (or, with replace, puts in place of the column of that name) one item. False after an
// error.
static bool dfq__projection_add(dfq__projection *p, dfq_expr *item, bool replace) {
  dfq__verb *v = p->verb;
  if (item->kind == DFQ_FAILED) { v->error = item->error; return false; }
  dfq_expr *e = dfq__item_expr(item);
  const char *name = dfq__item_name(v->db, item);
  dfq_type type = dfq__verb_type(v, e);
  if (!name) v->error = &dfq__error_memory;
  if (v->error) return false;
  dfq_schema so_far = { p->count, p->field };
  int i = dfq__schema_find(&so_far, name);
  if (i >= 0 && (!replace || p->replaced[i])) {
    dfq__verb_error(v, DFQ_USAGE, "two columns are called %s; name one of them with as", name);
    return false;
  }
  if (!dfq__is_column_type(type) && type != DFQ_NULL) {
    dfq__verb_error(v, DFQ_TYPE_ERROR, "%s is %s, which no column can be", name,
                    dfq_type_name(type));
    return false;
  }
  if (type == DFQ_NULL) {   // all null: any type will do
    e = dfq_cast(e, DFQ_STR);
    type = DFQ_STR;
    if (e->kind == DFQ_FAILED) { v->error = e->error; return false; }
  }
  if (i < 0) i = p->count++;
  p->replaced[i] = replace;
  p->expr[i] = e;
  p->field[i].name = name;
  p->field[i].type = type;
  p->field[i].why = NULL;
  int from = e->kind == DFQ_COLUMN ? dfq__schema_find(&v->in->node->schema, e->name) : -1;
  if (from >= 0) p->field[i].why = v->in->node->schema.field[from].why;
  return true;
}

// Adds all columns of the input: what * stands for, and what with begins from.
static bool dfq__projection_all(dfq__projection *p) {
  const dfq_schema *s = &p->verb->in->node->schema;
  for (int c = 0; c < p->all; c++)
    if (!dfq__projection_add(p, dfq__col_interned(p->verb->db, s->field[c].name), false))
      return false;
  return true;
}

// Makes the node; the arrays become its own.
static dfq_frame *dfq__projection_done(dfq__projection *p) {
  dfq__verb *v = p->verb;
  if (v->error) return dfq__frame_failed(v->db, v->error);
  dfq__node *n = dfq__verb_node(v, DFQ__PROJECT, NULL);
  if (!n) return dfq__frame_failed(v->db, &dfq__error_memory);
  n->expr = p->expr;
  n->expr_count = p->count;
  n->schema.count = p->count;
  n->schema.field = p->field;
  return dfq__verb_done(v, n);
}

// Moves the window functions of a verb's items into a node below, which becomes v->in. The
// items come back with columns in their place; NULL with the verb's error set. Chapter 4's,
// defined there or, in a shorter file, at the end.
static dfq_expr **dfq__windows_below(dfq__verb *v, dfq_expr *const *items, int count);

static dfq_expr *const *dfq__without_windows(dfq__verb *v, dfq_expr *const *items, int count) {
  bool any = false;
  for (int i = 0; i < count; i++) {
    if (!items[i]) return items;
    any = any || dfq__has_window(items[i]);
  }
  return any ? dfq__windows_below(v, items, count) : items;
}

// The room is the most that can come: every item may be *, which is all columns.
DFQ_API dfq_frame *dfq_select_exprs_at(dfq_frame *in, dfq_expr *const *items, int count,
                                       const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "select", at);
  dfq__projection p;
  int columns = in->node->schema.count;
  if (!dfq__projection_init(&p, &v, count + columns * (count ? count : 1)))
    return dfq__verb_failed(p.verb);
  items = dfq__without_windows(&v, items, count);
  if (!items) return dfq__verb_failed(&v);
  for (int i = 0; i < count; i++) {
    if (!items[i]) return dfq__frame_failed(v.db, &dfq__error_memory);
    bool star = items[i]->kind == DFQ_STAR;
    if (!(star ? dfq__projection_all(&p) : dfq__projection_add(&p, items[i], false)))
      return dfq__verb_failed(p.verb);
  }
  return dfq__projection_done(&p);
}

// Every item sees the input's columns only, never one that an item before it made: so the items
// may be computed in any order, or at once, and an item may replace a column that others read.
DFQ_API dfq_frame *dfq_with_exprs_at(dfq_frame *in, dfq_expr *const *items, int count,
                                     const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "with", at);
  dfq__projection p;
  if (!dfq__projection_init(&p, &v, count + in->node->schema.count))
    return dfq__verb_failed(p.verb);
  if (!dfq__projection_all(&p)) return dfq__verb_failed(p.verb);
  items = dfq__without_windows(&v, items, count);
  if (!items) return dfq__verb_failed(&v);
  for (int i = 0; i < count; i++) {
    if (!items[i]) return dfq__frame_failed(v.db, &dfq__error_memory);
    if (items[i]->kind == DFQ_STAR)
      return dfq__verb_fail(&v, DFQ_USAGE, "* is all columns; they stay anyway");
    if (!dfq__projection_add(&p, items[i], true)) return dfq__verb_failed(p.verb);
  }
  return dfq__projection_done(&p);
}

DFQ_API dfq_frame *dfq_select_at(dfq_frame *in, const char *items, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "select", at);
  dfq__parser p = dfq__verb_parser(&v, items);
  dfq__list l = { NULL, 0, 0 };
  dfq__parse_items(&p, &l);
  dfq__expect_end(&p);
  if (p.error) return dfq__frame_failed(v.db, p.error);
  return dfq_select_exprs_at(in, l.item, l.count, at);
}

DFQ_API dfq_frame *dfq_with_columns_at(dfq_frame *in, const char *items, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "with", at);
  dfq__parser p = dfq__verb_parser(&v, items);
  dfq__list l = { NULL, 0, 0 };
  dfq__parse_items(&p, &l);
  dfq__expect_end(&p);
  if (p.error) return dfq__frame_failed(v.db, p.error);
  return dfq_with_exprs_at(in, l.item, l.count, at);
}

// The error for a name that is no column of the verb's input.
static dfq_frame *dfq__no_column(dfq__verb *v, const char *name) {
  dfq__binder b = dfq__verb_binder(v, NULL);
  dfq__bind(&b, dfq__col_interned(v->db, name));
  return dfq__frame_failed(v->db, b.error);
}

// A name that is no column is an error, not nothing to do: it is more likely a mistake.
DFQ_API dfq_frame *dfq_drop_at(dfq_frame *in, const char *names, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "drop", at);
  dfq__parser parser = dfq__verb_parser(&v, names);
  dfq__names list = { &v.db->arena, NULL, 0, 0, false };
  const dfq_schema *s = &in->node->schema;
  dfq__projection p;
  dfq__parse_names(&parser, &list);
  dfq__expect_end(&parser);
  if (parser.error || list.failed) return dfq__frame_failed(v.db, parser.error);
  for (int i = 0; i < list.count; i++)
    if (dfq__schema_find(s, list.name[i]) < 0) return dfq__no_column(&v, list.name[i]);
  if (!dfq__projection_init(&p, &v, s->count)) return dfq__verb_failed(p.verb);
  for (int c = 0; c < s->count; c++) {
    if (dfq__names_has(&list, s->field[c].name)) continue;
    if (!dfq__projection_add(&p, dfq__col_interned(v.db, s->field[c].name), false))
      return dfq__verb_failed(p.verb);
  }
  return dfq__projection_done(&p);
}

// pairs = NAME "as" NAME {"," ...}: fills old and new. Returns how many, -1 after an error.
static int dfq__parse_renames(dfq__parser *p, const char **from, const char **to, int room) {
  int n = 0;
  do {
    if (n && !dfq__at_name(p)) break;
    if (n == room) {
      dfq__parse_fail(p, DFQ_USAGE, p->now.at, p->now.len, "more names than columns");
      break;
    }
    from[n] = dfq__parse_name(p, "a column");
    dfq__expect_reserved(p, "as");
    to[n] = dfq__parse_name(p, "a new name");
    if (!p->error) n++;
  } while (!p->error && dfq__accept_symbol(p, ","));
  return p->error ? -1 : n;
}

// from and to: interned, n of each. All renames happen at once, so that two names can be
// swapped.
static dfq_frame *dfq__rename_columns(dfq__verb *v, const char **from, const char **to, int n) {
  const dfq_schema *s = &v->in->node->schema;
  dfq__projection p;
  for (int i = 0; i < n; i++) {
    if (dfq__schema_find(s, from[i]) < 0) return dfq__no_column(v, from[i]);
    for (int j = 0; j < i; j++)
      if (from[j] == from[i])
        return dfq__verb_fail(v, DFQ_USAGE, "%s is given two new names", from[i]);
  }
  if (!dfq__projection_init(&p, v, s->count)) return dfq__verb_failed(p.verb);
  for (int c = 0; c < s->count; c++) {
    dfq_expr *e = dfq__col_interned(v->db, s->field[c].name);
    for (int i = 0; i < n; i++)
      if (from[i] == s->field[c].name) e = dfq_as(dfq__col_interned(v->db, from[i]), to[i]);
    if (!dfq__projection_add(&p, e, false)) return dfq__verb_failed(p.verb);
  }
  return dfq__projection_done(&p);
}

DFQ_API dfq_frame *dfq_rename_at(dfq_frame *in, const char *pairs, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "rename", at);
  dfq__parser p = dfq__verb_parser(&v, pairs);
  size_t room = (size_t)in->node->schema.count;
  const char **from = (const char **)dfq__arena_array(&v.db->arena, room + 1, sizeof *from);
  const char **to = (const char **)dfq__arena_array(&v.db->arena, room + 1, sizeof *to);
  if (!from || !to) return dfq__frame_failed(v.db, &dfq__error_memory);
  int n = dfq__parse_renames(&p, from, to, (int)room);
  dfq__expect_end(&p);
  if (p.error) return dfq__frame_failed(v.db, p.error);
  return dfq__rename_columns(&v, from, to, n);
}

// -- limit, row index, union, and what asks a frame about itself

DFQ_API dfq_frame *dfq_slice_at(dfq_frame *in, int64_t offset, int64_t count, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "limit", at);
  if (offset < 0)
    return dfq__verb_fail(&v, DFQ_USAGE, "the offset is negative: %lld", (long long)offset);
  dfq__node *n = dfq__verb_node(&v, DFQ__LIMIT, NULL);
  if (!n) return dfq__frame_failed(v.db, &dfq__error_memory);
  n->offset = offset;
  n->count = count < 0 ? -1 : count;
  return dfq__verb_done(&v, n);
}

// Its own check, because to a slice a negative count means all.
DFQ_API dfq_frame *dfq_limit_at(dfq_frame *in, int64_t count, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "limit", at);
  if (count < 0)
    return dfq__verb_fail(&v, DFQ_USAGE, "the limit is negative: %lld", (long long)count);
  return dfq_slice_at(in, 0, count, at);
}

// The number comes first, so that the other columns are the input's from 1 on.
DFQ_API dfq_frame *dfq_row_index_at(dfq_frame *in, const char *name, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "row_index", at);
  const dfq_schema *s = &in->node->schema;
  const char *interned = dfq__intern(v.db, name);
  dfq_field *field = (dfq_field *)dfq__arena_array(&v.db->arena, (size_t)s->count + 1,
                                                   sizeof *field);
  dfq__node *n = dfq__verb_node(&v, DFQ__ROW_INDEX, NULL);
  if (!interned || !field || !n) return dfq__frame_failed(v.db, &dfq__error_memory);
  if (dfq__schema_find(s, interned) >= 0)
    return dfq__verb_fail(&v, DFQ_USAGE, "there is a column %s already", name);
  field[0].name = interned;
  field[0].type = DFQ_I64;
  for (int c = 0; c < s->count; c++) field[c + 1] = s->field[c];
  n->schema.count = s->count + 1;
  n->schema.field = field;
  return dfq__verb_done(&v, n);
}

// Columns are matched by position and must agree in name and type: what is silently reordered
// or widened is found out late. The two frames share a context, because names are compared as
// pointers.
DFQ_API dfq_frame *dfq_union_at(dfq_frame *a, dfq_frame *b, const char *at) {
  if (!a || a->error) return a;
  if (!b || b->error) return b;
  dfq__verb v = dfq__verb_on(a, "union", at);
  const dfq_schema *s = &a->node->schema, *t = &b->node->schema;
  if (a->db != b->db)
    return dfq__verb_fail(&v, DFQ_USAGE, "the two frames belong to different contexts");
  if (s->count != t->count)
    return dfq__verb_fail(&v, DFQ_TYPE_ERROR, "one side has %d columns, the other %d", s->count,
                          t->count);
  for (int c = 0; c < s->count; c++) {
    const dfq_field *f = &s->field[c], *g = &t->field[c];
    if (f->name != g->name || f->type != g->type)
      return dfq__verb_fail(&v, DFQ_TYPE_ERROR,
                            "column %d is %s (%s) on one side, %s (%s) on the other; "
                            "select puts names in order, cast changes types",
                            c + 1, f->name, dfq_type_name(f->type), g->name,
                            dfq_type_name(g->type));
  }
  return dfq__verb_done(&v, dfq__verb_node(&v, DFQ__UNION, b->node));
}

// No node: settings belong to the frame. NULL goes back to the context's.
DFQ_API dfq_frame *dfq_configure(dfq_frame *in, const dfq_run_options *run) {
  if (!in || in->error) return in;
  return dfq__frame_of(in->db, in->node, run ? run : &in->db->options.run);
}

DFQ_API const dfq_schema *dfq_schema_of(dfq_frame *f) {
  return f && f->node ? &f->node->schema : &dfq__no_schema;
}

DFQ_API const char *dfq_frame_error(const dfq_frame *f) {
  if (!f) return dfq__error_memory.message;
  return f->error ? f->error->message : NULL;
}

// ---- >>run: one execution of a plan ---------------------------------------------------------
// Idea. A plan is a description, so it can be run twice, or twice at a time; what is different
// each time must not be in it. All that changes while a plan runs lives in a run: its own arena
// and a copy of the plan, counters, the error. So a finished frame is read-only, and several
// threads may run it at once. The arena belongs to a small context of the run's own, so that
// the optimizer can build expressions there.
//
//   frame ──> node, node, ...     in the context's arena, read-only, shared
//     │ run
//     └──> copy of the nodes      in the run's arena: the optimizer rewrites these
//          operators, counters    one set for each engine and worker
//          error, warnings        handed to the context when the run ends
//
// Cost: a copy of the plan, microseconds for plans of any usual size; it buys that no verb, no
// action and no optimizer rule has to think about threads, and that all of a run is freed at
// one stroke, also after an error half way. Larger engines keep more in such an object: a
// memory pool with limits, spill files, progress, priorities among the queries of many users.

// One thread writes them: parallel workers have operators of their own, whose counters are
// added up when they have joined.
typedef struct dfq__counters {
  const dfq__node *node;
  uint64_t rows, batches;   // that came out
  double seconds;           // in this node and those below it
  size_t bytes, peak_bytes; // buffers held
  uint64_t fields;          // of a file, that were made values of their columns' types
} dfq__counters;

// Everything in it is the running thread's own, but db, of which it only reads what never
// changes (settings, names) or takes the lock (to report).
struct dfq__run {
  dfq *db;                  // the frame's context
  dfq *own;                 // this run's: same heap, an arena that ends with the run
  dfq_run_options options;
  size_t batch_rows;
  dfq__node *plan;
  int node_count;
  dfq__counters *count;     // by node id, from 1
  const dfq__error *error;  // the first in the order of rows
  bool whole;               // the result will be read to its end: nothing stops early
  void *journal;            // chapter 5
};

// A later call replaces an earlier one: a conjunct or an operator above may fail at an earlier
// row of the batch, and the earliest row is the one that counts.
static void dfq__run_error(dfq__run *run, const dfq__error *e) { run->error = e; }
static void dfq__run_no_memory(dfq__run *run) { run->error = &dfq__error_memory; }

// -- a context and a copy of the plan

// A context of a run's own: it shares the heap, and nothing else.
static dfq *dfq__own_context(dfq *db) {
  dfq *own = (dfq *)dfq__alloc_zero(db->heap, 1, sizeof *own);
  if (!own) return NULL;
  dfq__heap_hold(db->heap);
  own->heap = own->arena.heap = own->names_arena.heap = db->heap;
  own->options = db->options;
  own->io = db->io;
  own->seed = db->seed;
  own->message = own->warnings = dfq__text_in(db->heap);
  dfq__lock_init(&own->lock);
  own->spare = dfq__arena_alloc(&own->names_arena, DFQ__SPARE);
  if (own->spare) return own;
  dfq_close(own);
  return NULL;
}

// A node of its own with the same arguments, which the caller then replaces.
static dfq_expr *dfq__expr_copy_node(dfq *db, const dfq_expr *e) {
  dfq_expr *c = dfq__expr_new(db, e->kind, e->argc);
  if (c->kind == DFQ_FAILED) return c;
  dfq_expr **arg = c->arg;
  *c = *e;
  c->db = db;
  c->arg = arg;
  for (int i = 0; i < e->argc; i++) arg[i] = e->arg[i];
  return c;
}

// A deep copy in db, for the optimizer to share and change. Texts and names are not copied: the
// frame outlives the run. A failed expression means no memory.
static dfq_expr *dfq__expr_copy(dfq *db, const dfq_expr *e) {
  dfq_expr *c = dfq__expr_copy_node(db, e);
  if (c->kind == DFQ_FAILED) return c;
  dfq_expr **arg = c->arg;
  for (int i = 0; i < e->argc; i++) {
    arg[i] = dfq__expr_copy(db, e->arg[i]);
    if (arg[i]->kind == DFQ_FAILED) return arg[i];
  }
  return c;
}

// NULL without memory; for no expressions an array all the same.
static dfq_expr **dfq__exprs_copy(dfq *db, dfq_expr *const *list, int count) {
  dfq_expr **to = (dfq_expr **)dfq__arena_array(&db->arena, (size_t)count + 1, sizeof *to);
  for (int i = 0; to && i < count; i++) {
    to[i] = dfq__expr_copy(db, list[i]);
    if (to[i]->kind == DFQ_FAILED) return NULL;
  }
  return to;
}

// A copy of a plan in the run's arena, as a tree (a shared frame is copied for each use),
// numbered from the sources up. NULL without memory.
static dfq__node *dfq__plan_copy(dfq__run *run, const dfq__node *n) {
  dfq__arena *arena = &run->own->arena;
  dfq__node *c = (dfq__node *)dfq__arena_alloc(arena, sizeof *c);
  if (!c) return NULL;
  *c = *n;
  for (int i = 0; i < 2; i++) {
    if (n->in[i]) c->in[i] = dfq__plan_copy(run, n->in[i]);
    if (n->in[i] && !c->in[i]) return NULL;
  }
  c->expr = dfq__exprs_copy(run->own, n->expr, n->expr_count);
  c->key = (dfq_key *)dfq__arena_array(arena, (size_t)n->key_count + 1, sizeof *c->key);
  if (!c->expr || !c->key) return NULL;
  for (int i = 0; i < n->key_count; i++) {
    c->key[i] = n->key[i];
    c->key[i].expr = dfq__expr_copy(run->own, n->key[i].expr);
    if (c->key[i].expr->kind == DFQ_FAILED) return NULL;
  }
  c->id = ++run->node_count;
  return c;
}

// The plan to run: the optimizer's, where chapter 5 is there. Defined at the end of the file.
static dfq__node *dfq__plan_for_run(dfq__run *run, const dfq__node *n);

// What the run has to say goes to the frame's context before the run's own memory is freed: the
// error's text stands in it. Warnings come with an end of line of their own, hence the - 1.
static void dfq__run_close(dfq__run *run) {
  if (!run) return;
  dfq *db = run->db, *own = run->own;
  if (run->error) dfq__report(db, run->error);
  if (own && own->warnings.len)
    dfq__warn(db, "%.*s", (int)own->warnings.len - 1, own->warnings.data);
  dfq_close(own);
  dfq__free(db->heap, run, sizeof *run);
}

// Prepares to run a frame: copies and optimizes its plan. NULL on error (dfq_error).
static dfq__run *dfq__run_open(dfq_frame *f, bool whole) {
  if (!f) return NULL;
  if (f->error) { dfq__report(f->db, f->error); return NULL; }
  dfq__run *run = (dfq__run *)dfq__alloc_zero(f->db->heap, 1, sizeof *run);
  if (!run) { dfq__report(f->db, &dfq__error_memory); return NULL; }
  run->db = f->db;
  run->options = f->run;
  run->whole = whole;
  run->batch_rows = f->run.batch_rows ? dfq__min(f->run.batch_rows, (size_t)1 << 24) : 2048;
  run->own = dfq__own_context(f->db);
  if (run->own) run->plan = dfq__plan_for_run(run, f->node);
  if (run->plan)
    run->count = (dfq__counters *)dfq__arena_array(
        &run->own->arena, (size_t)run->node_count + 1, sizeof *run->count);
  if (run->count) return run;
  if (!run->error) dfq__run_no_memory(run);
  dfq__run_close(run);
  return NULL;
}

// ---- >>operators: the batch engine's interface ----------------------------------------------
// Idea. Each plan node becomes an operator, and operators are chapter 1 again: open, next,
// close - only that next brings a batch. A pointer call per row was the price of composing
// machines freely; divided by 2,048 it is nothing.
//
//   open      binds expressions, makes buffers; reads nothing
//   prepare   before the first next, where a pipeline breaker (join build, group, sort) reads
//             what it must have before it can answer
//   next      the next batch in op->out, borrowed until the next call
//   close     gives everything back; may come early
//
// An error is a position in the stream: when row 100 of a batch fails, the operator emits the
// 100 rows before it, and the error comes when somebody asks for more. So limit 50 above
// answers alike at any batch size, and in the row engine.
//
//   rows      0 ... 98 99 | 100 fails | 101 ...
//   1st pull  batch of 100 rows (failed is set, the error waits in the operator)
//   2nd pull  ERROR (only now is it the run's)
//
// Everything goes through one function, dfq__pull: what every operator must do (count, measure,
// ask for cancel, keep the order of events) stands there once. Cost: two readings of the clock
// and a few additions per operator and batch. Larger engines add scheduling here: an operator
// may answer "wait", so that its thread can do something else while a disk or a network
// answers.

// An operator that is asked again after END or ERROR gives the same answer; dfq__pull sees to
// it.
typedef enum dfq__event { DFQ__BATCH, DFQ__END, DFQ__ERROR } dfq__event;

// size: of the operator's struct, which begins with a dfq__op. open, prepare and morsel return
// false after an error; the run's error is then set, or else memory is out. close follows every
// open, also one that failed half way, so it takes what it finds: all memory starts as zero.
typedef struct dfq__op_class {
  size_t size;
  bool (*open)(dfq__op *op);
  bool (*prepare)(dfq__op *op);   // may be NULL
  dfq__event (*next)(dfq__op *op);
  void (*close)(dfq__op *op);
  bool (*morsel)(dfq__op *op,
                 size_t number); // of a scan that several threads may share, or NULL
} dfq__op_class;

// What all operators share. It lives in the run's arena; what grows (buffers, stores) is on the
// heap, and close frees it.
struct dfq__op {
  const dfq__op_class *is;
  dfq__run *run;
  const dfq__node *node;
  dfq__op *in[2];
  dfq__batch out;
  dfq__veval eval;
  size_t rows_in;          // rows of the first input before the batch at hand, for messages
  bool ready, closed;
  bool failed;             // after the rows in out, an error comes:
  const dfq__error *failure;
  dfq__event last;         // once it is not DFQ__BATCH, it stays
  dfq__counters *count;
};

// What runs a node, in each engine. Defined at the end of the file, where all chapters are
// known.
typedef struct dfq__class {
  const dfq__op_class *batch;
  const dfq__rows_class *rows;
  size_t rows_size;
} dfq__class;
static const dfq__class *dfq__class_of(const dfq__node *n);

// -- open, pull, close

// From the top down, once: limit closes its input early, and the end of the run comes by again.
static void dfq__op_close(dfq__op *op) {
  if (!op || op->closed) return;
  op->closed = true;
  op->is->close(op);
  dfq__arena_release(&op->eval.strings, 0);
  for (int i = 0; i < 2; i++) dfq__op_close(op->in[i]);
}

// Makes the operators of a plan, inputs first. NULL on error: what was opened is closed.
static dfq__op *dfq__op_open(dfq__run *run, const dfq__node *n) {
  const dfq__op_class *is = dfq__class_of(n)->batch;
  size_t columns = (size_t)n->schema.count + 1;
  dfq__op *op = (dfq__op *)dfq__arena_alloc(&run->own->arena, is->size);
  if (op)
    op->out.column = (dfq__vec *)dfq__arena_array(&run->own->arena, columns, sizeof(dfq__vec));
  if (!op || !op->out.column) { dfq__run_no_memory(run); return NULL; }
  op->is = is;
  op->run = run;
  op->node = n;
  op->out.columns = n->schema.count;
  op->eval.db = run->own;
  op->eval.heap = op->eval.strings.heap = run->own->heap;
  op->count = &run->count[n->id];
  op->count->node = n;
  for (int i = 0; i < 2; i++) {
    if (n->in[i]) op->in[i] = dfq__op_open(run, n->in[i]);
    if (n->in[i] && !op->in[i]) { dfq__op_close(op->in[0]); return NULL; }
  }
  if (is->open(op)) return op;
  if (!run->error) dfq__run_no_memory(run);
  dfq__op_close(op);
  return NULL;
}

// Asked by every operator before every batch, by workers in their own threads.
static bool dfq__cancelled(dfq__run *run) {
  if (!run->options.cancel || !run->options.cancel(run->options.cancel_user)) return false;
  dfq__run_error(run, dfq__error_new(&run->own->arena, DFQ_CANCELLED, NULL, NULL,
                                     "the run's cancel function returned true"));
  return true;
}

// The one way to ask an operator for a batch: keeps the counters, the order of events, and
// cancel.
static dfq__event dfq__pull(dfq__op *op) {
  double start = dfq__now();
  if (op->last != DFQ__BATCH) return op->last;
  if (op->failed) op->run->error = op->failure;
  dfq__event e = op->failed || dfq__cancelled(op->run) ? DFQ__ERROR : DFQ__BATCH;
  if (e == DFQ__BATCH && !op->ready && op->is->prepare && !op->is->prepare(op)) e = DFQ__ERROR;
  op->ready = true;
  if (e == DFQ__BATCH) e = op->is->next(op);
  op->last = e;
  op->count->seconds += dfq__now() - start;
  if (e == DFQ__BATCH) {
    if (op->failed) {              // not yet: whoever has enough rows never gets to see it
      op->failure = op->run->error;
      op->run->error = NULL;
    }
    op->count->rows += op->out.rows;
    op->count->batches++;
  } else if (e == DFQ__ERROR && !op->run->error) {
    dfq__run_no_memory(op->run);   // the only failure that is not noted where it happens
  }
  return e;
}

// -- expressions of an operator

// A binder for a node's expressions while it runs: bound trees and errors end with the run.
static dfq__binder dfq__run_binder(dfq__run *run, const dfq__node *n,
                                   const dfq_schema *schema) {
  dfq__binder b;
  memset(&b, 0, sizeof b);
  b.db = run->own;
  b.arena = &run->own->arena;
  b.schema = schema;
  b.at = n->at;
  b.where = n->verb;
  return b;
}

// Binds an expression to a schema and gives it buffers. NULL with the run's error set.
static dfq__bound *dfq__op_bind(dfq__op *op, const dfq_schema *schema, const dfq_expr *e) {
  dfq__binder b = dfq__run_binder(op->run, op->node, schema);
  dfq__bound *n = dfq__bind(&b, e);
  if (!n) dfq__run_error(op->run, b.error ? b.error : &dfq__error_memory);
  if (!n || dfq__vector_prepare(&op->eval, n)) return n;
  dfq__vector_free(&op->eval, n);   // what was prepared before memory ran out
  dfq__run_no_memory(op->run);
  return NULL;
}

// Makes the message for one row of a batch with that schema, by the row evaluator.
static void dfq__op_fail_row(dfq__op *op, const dfq_schema *schema, const dfq__bound *b,
                             const dfq__batch *in, size_t row, size_t number) {
  dfq__arena *arena = &op->run->own->arena;
  dfq__eval ctx = { op->run->own, &op->eval.strings, arena, op->node->at, op->node->verb,
                    schema, number, NULL };
  dfq_value *values = (dfq_value *)dfq__arena_array(arena, (size_t)in->columns + 1,
                                                    sizeof *values),
            v;
  for (int c = 0; values && c < in->columns; c++) dfq__vec_get(&in->column[c], row, &values[c]);
  if (values) (void)dfq__eval_row(&ctx, b, values, &v);
  dfq__run_error(op->run, ctx.error ? ctx.error : &dfq__error_memory);
  op->failed = true;
}

// Evaluates b on the first n rows of in. Returns how many are well; for the one after them the
// run's error is set. origin: the input's row numbers of in's rows, NULL when they are the
// same.
static size_t dfq__op_eval(dfq__op *op, dfq__bound *b, const dfq__batch *in, size_t n,
                           const uint32_t *origin, dfq__vec *to) {
  size_t ok = dfq__eval_vec(&op->eval, b, in, n, to);
  if (op->eval.no_memory) {
    dfq__run_no_memory(op->run);
    op->failed = true;
    return 0;
  }
  if (ok < n)
    dfq__op_fail_row(op, op->node->in[0] ? &op->node->in[0]->schema : &op->node->source->schema,
                     b, in, ok, op->rows_in + (origin ? origin[ok] : ok));
  return ok;
}

// Zeroed memory until the run ends. Never of no size, so that NULL means no memory.
static void *dfq__op_array(dfq__op *op, size_t count, size_t size) {
  return dfq__arena_array(&op->run->own->arena, count + 1, size);
}

// ---- >>sources: where rows come from --------------------------------------------------------
// Idea. A scan node holds a source; the source's class brings the operator that reads it. The
// plan tells the operator which columns it needs, and for sources that can use it, a condition
// and a row limit. So a source is two things: what the plan knows (names, types, perhaps how
// many rows), and an operator in each engine that brings the rows. The kinds of source are
// open, like the kinds of node: chapter 6 adds files with a class of its own, and nothing here
// knows of them.
//
//   node scan(orders)  ──> source ──> is ──> { name, classes of both engines, rows, print }
//     schema: 2 columns      schema: all 9 columns of it
//
// The node's schema is what pruning has left of the source's; the operator finds its columns by
// name, at open. State that many runs share (a table, how often a source was opened) stands in
// the source; a cursor stands in the operator, so two runs, or two scans of a self-join, never
// meet. Larger engines let a source take far more over: DuckDB and Polars hand filters, limits
// and column sets to Parquet and databases, which skip whole row groups by their minimum and
// maximum.

typedef struct dfq__source_class {
  const char *name;
  dfq__class runs;                                   // in each engine
  bool takes_filters;                                // conjuncts in the scan node are obeyed
  bool (*prunable)(const dfq__source *s); // NULL: columns and rows may always be left out
  double (*rows)(const dfq__source *s);              // about how many; < 0: unknown
  void (*print)(dfq__text *t, const dfq__source *s); // as in a pipeline, behind "scan "
} dfq__source_class;

// The frame of a new source, with the context's settings. at: copied.
static dfq_frame *dfq__scan_frame(dfq *db, dfq__source *s, const char *at) {
  const char *kept = at ? dfq__arena_text(&db->arena, at, strlen(at)) : NULL;
  dfq__node *n = dfq__node_new(&db->arena, DFQ__SCAN, "scan", kept, NULL, NULL);
  if (n) {
    n->source = s;
    n->schema = s->schema;
  }
  return dfq__frame_of(db, n, &db->options.run);
}

// The source's number of each column that the scan node brings.
// -1 never comes: pruning only takes columns away.
static int *dfq__scan_columns(dfq__op *op) {
  const dfq__node *n = op->node;
  int *column = (int *)dfq__op_array(op, (size_t)n->schema.count, sizeof *column);
  for (int c = 0; column && c < n->schema.count; c++)
    column[c] = dfq__schema_find(&n->source->schema, n->schema.field[c].name);
  return column;
}

// -- a table: slices of its columns, nothing copied

typedef struct dfq__table_source {
  dfq__source head;
  dfq_table *table;
} dfq__table_source;

typedef struct dfq__table_scan {
  dfq__op head;
  const dfq__store *store;
  int *column;
  size_t at, end;
} dfq__table_scan;

// Nothing but numbers: where to begin and to end, and which columns.
static bool dfq__table_scan_open(dfq__op *op) {
  dfq__table_scan *s = (dfq__table_scan *)op;
  s->store = &((dfq__table_source *)(void *)op->node->source)->table->store;
  s->end = s->store->rows;
  s->column = dfq__scan_columns(op);
  return s->column != NULL;
}

// Restricts the scan to one morsel: 32 batches. False when there is none of that number.
static bool dfq__table_scan_morsel(dfq__op *op, size_t number) {
  dfq__table_scan *s = (dfq__table_scan *)op;
  size_t size = 32 * op->run->batch_rows;
  if (number > s->store->rows / size || number * size == s->store->rows) return false;
  s->at = number * size;
  s->end = dfq__min(s->at + size, s->store->rows);
  return true;
}

// A slice of the table's own arrays. It stays valid longer than a batch must, and nobody counts
// on it.
static dfq__event dfq__table_scan_next(dfq__op *op) {
  dfq__table_scan *s = (dfq__table_scan *)op;
  size_t n = dfq__min(s->end - s->at, op->run->batch_rows);
  if (n == 0) return DFQ__END;
  for (int c = 0; c < op->out.columns; c++)
    op->out.column[c] = dfq__vec_from(dfq__store_vec(s->store, s->column[c]), s->at);
  op->out.rows = n;
  s->at += n;
  return DFQ__BATCH;
}

// For what an operator's class has no need of.
static void dfq__op_nothing(dfq__op *op) { (void)op; }

static const dfq__op_class dfq__table_scan_class = {
  sizeof(dfq__table_scan), dfq__table_scan_open, NULL,
  dfq__table_scan_next,    dfq__op_nothing,      dfq__table_scan_morsel
};

// Exact, as the optimizer likes it: it decides which side of a join is built.
static double dfq__table_source_rows(const dfq__source *s) {
  return (double)((const dfq__table_source *)(const void *)s)->table->store.rows;
}

// For people: a table in memory has no text that a pipeline could read back.
static void dfq__table_source_print(dfq__text *t, const dfq__source *s) {
  dfq__put(t, "table of ");
  dfq__put_count(t, ((const dfq__table_source *)(const void *)s)->table->store.rows);
  dfq__put(t, " rows");
}

// -- a function that yields rows: chapter 1's source, gathered into batches

typedef struct dfq__rows_source {
  dfq__source head;
  dfq_row_source user;
  size_t runs;          // how often it was opened: a one-shot source allows one
} dfq__rows_source;

typedef struct dfq__rows_scan {
  dfq__op head;
  int *column;
  dfq__rows_source *source;
  void *cursor;
  bool opened, ended;   // after its end, the user's next is not called again
  dfq_value *row;
  dfq__buffer *data, *valid;
  size_t rows;
} dfq__rows_scan;

// The user's functions are first called by next: a plan that is only explained opens nothing.
static bool dfq__rows_scan_open(dfq__op *op) {
  dfq__rows_scan *s = (dfq__rows_scan *)op;
  size_t columns = (size_t)op->out.columns;
  s->source = (dfq__rows_source *)(void *)op->node->source;
  s->column = dfq__scan_columns(op);
  s->row = (dfq_value *)dfq__op_array(op, (size_t)s->source->user.count, sizeof *s->row);
  s->data = (dfq__buffer *)dfq__op_array(op, columns, sizeof *s->data);
  s->valid = (dfq__buffer *)dfq__op_array(op, columns, sizeof *s->valid);
  return s->column && s->row && s->data && s->valid;
}

DFQ__FORMAT(3)
static void dfq__source_error(dfq__run *run, const dfq__node *n, const char *format, ...) {
  dfq__text t = dfq__text_in(run->own->heap);
  dfq__put_head(&t, DFQ_IO_ERROR, n->at, "scan");
  va_list args;
  va_start(args, format);
  dfq__put_list(&t, format, args);
  va_end(args);
  dfq__run_error(run, dfq__error_from(&run->own->arena, DFQ_IO_ERROR, &t));
}

// Opens the user's cursor. False with the run's error set.
static bool dfq__user_open(dfq__run *run, const dfq__node *n, void **cursor) {
  dfq__rows_source *s = (dfq__rows_source *)(void *)n->source;
  size_t runs = dfq__add_fetch(&s->runs, 1);
  if (s->user.one_shot && runs > 1) {
    dfq__source_error(run, n, "%s can be read once only (one_shot), and it was",
                      dfq__source_name(&s->user));
    return false;
  }
  *cursor = s->user.open ? s->user.open(s->user.user) : s->user.user;
  if (*cursor || !s->user.open) return true;
  dfq__source_error(run, n, "the open function of %s returned NULL",
                    dfq__source_name(&s->user));
  return false;
}

// One row of the user's, with its types checked: 1, 0 at the end, -1 with the run's error set.
static int dfq__user_next(dfq__run *run, const dfq__node *n, void *cursor, dfq_value *row,
                          size_t number) {
  dfq__rows_source *s = (dfq__rows_source *)(void *)n->source;
  int got = s->user.next(cursor, row);
  if (got < 0)
    dfq__source_error(run, n, "the next function of %s failed after row %zu",
                      dfq__source_name(&s->user), number);
  for (int c = 0; got > 0 && c < s->user.count; c++) {
    dfq_type want = s->head.schema.field[c].type;
    if (dfq__value_fits(&row[c], want)) continue;
    bool large = row[c].type == want;
    dfq__source_error(run, n, "row %zu of %s: column %s holds %s, it was declared %s",
                      number + 1, dfq__source_name(&s->user), s->head.schema.field[c].name,
                      large ? "a number beyond 32 bits" : dfq_type_name(row[c].type),
                      dfq_type_name(want));
    return -1;
  }
  return got;
}

// Appends the user's row to the batch as its row n. The user's strings end with the next call,
// so long ones are copied. False without memory.
static bool dfq__rows_scan_put(dfq__op *op, size_t n) {
  dfq__rows_scan *s = (dfq__rows_scan *)op;
  for (int c = 0; c < op->out.columns; c++) {
    const dfq_value *v = &s->row[s->column[c]];
    dfq_type type = op->node->schema.field[c].type;
    size_t size = dfq__size_of(type);
    if (!dfq__buffer_reserve(op->eval.heap, &s->data[c], (n + 1) * size)) return false;
    if (!dfq__buffer_reserve(op->eval.heap, &s->valid[c], n + 1)) return false;
    dfq__cell_put(s->data[c].data, type, n, v);
    s->valid[c].data[n] = v->type != DFQ_NULL;
    dfq_view *view = (dfq_view *)(void *)s->data[c].data + n;
    if (type == DFQ_STR && !dfq__strings_keep(&op->eval.strings, view, NULL, 1)) return false;
  }
  return true;
}

// Buffers of the batch before are filled again. Rows that came before a failure are handed up
// first. Cost: a call per row and a boxed value per cell; a table's slice costs nothing per
// row.
static dfq__event dfq__rows_scan_next(dfq__op *op) {
  dfq__rows_scan *s = (dfq__rows_scan *)op;
  size_t n = 0;
  int got = 1;
  dfq__arena_rewind(&op->eval.strings);
  if (!s->opened && !dfq__user_open(op->run, op->node, &s->cursor)) return DFQ__ERROR;
  s->opened = true;
  while (!s->ended && n < op->run->batch_rows) {
    got = dfq__user_next(op->run, op->node, s->cursor, s->row, s->rows);
    if (got <= 0) break;
    if (!dfq__rows_scan_put(op, n)) return DFQ__ERROR;
    n++;
    s->rows++;
  }
  s->ended = got <= 0;
  op->failed = got < 0;
  op->out.rows = n;
  for (int c = 0; c < op->out.columns; c++) {
    dfq__vec v = { op->node->schema.field[c].type, false, s->data[c].data,
                   (const uint8_t *)s->valid[c].data };
    op->out.column[c] = v;
  }
  return n ? DFQ__BATCH : got < 0 ? DFQ__ERROR : DFQ__END;
}

// b may be NULL: the array itself could not be made.
static void dfq__buffers_free(dfq__heap *heap, dfq__buffer *b, int count) {
  for (int i = 0; b && i < count; i++) dfq__buffer_free(heap, &b[i]);
}

// close of the user's is called exactly once for each open that succeeded, also after an early
// end.
static void dfq__rows_scan_close(dfq__op *op) {
  dfq__rows_scan *s = (dfq__rows_scan *)op;
  if (s->opened && s->cursor && s->source->user.close) s->source->user.close(s->cursor);
  dfq__buffers_free(op->eval.heap, s->data, op->out.columns);
  dfq__buffers_free(op->eval.heap, s->valid, op->out.columns);
}

static const dfq__op_class dfq__rows_scan_class = {
  sizeof(dfq__rows_scan), dfq__rows_scan_open,  NULL,
  dfq__rows_scan_next,    dfq__rows_scan_close, NULL
};

static double dfq__rows_source_rows(const dfq__source *s) { (void)s; return -1; }

static void dfq__rows_source_print(dfq__text *t, const dfq__source *s) {
  dfq__putf(t, "rows of %s",
            dfq__source_name(&((const dfq__rows_source *)(const void *)s)->user));
}

// ---- >>filter: rows where every conjunct is true --------------------------------------------
// Idea. The condition is a list of conjuncts, in order. Each is computed on the rows that the
// one before has let through, and the survivors are packed together at once, so that nobody
// above has to know about selections. When all rows pass, the columns are passed on untouched.
//
//   mask      0 1 1 0 1          Cost: the mask, then packing, a fraction of a ns per value.
//   rows      1 2 4
//   packed    b c e
//
// A condition is split at its ands when the plan is optimized; run as it was written, it is one
// conjunct. Packing costs copies and saves every operator above from asking which rows count;
// selective filters pay little, and those that let all rows pass nothing. DuckDB and Velox pass
// a selection vector along instead and pack late, which wins when wide rows meet a mild filter.
// Larger engines also reorder conjuncts by what they measure; here the order as written decides
// which rows a later, fallible conjunct gets to see.
//
// State: the bound conjuncts, a mask, the numbers of the rows that are left, and two sets of
// packed columns, because packing reads what the conjunct before has packed.

typedef struct dfq__filter {
  dfq__op head;
  dfq__bound **conjunct;
  dfq__buffer mask, rows, origin[2];
  dfq__buffer *packed[2];      // data and valid of each column, used in turns
} dfq__filter;

// Open: binds the conjuncts to the input's columns; buffers come with the first batch.
static bool dfq__filter_open(dfq__op *op) {
  dfq__filter *f = (dfq__filter *)op;
  size_t n = (size_t)op->node->expr_count, columns = (size_t)op->out.columns;
  f->conjunct = (dfq__bound **)dfq__op_array(op, n, sizeof *f->conjunct);
  for (int i = 0; i < 2; i++)
    f->packed[i] = (dfq__buffer *)dfq__op_array(op, 2 * columns, sizeof(dfq__buffer));
  if (!f->conjunct || !f->packed[0] || !f->packed[1]) return false;
  for (size_t i = 0; i < n; i++) {
    f->conjunct[i] = dfq__op_bind(op, &op->node->in[0]->schema, op->node->expr[i]);
    if (!f->conjunct[i]) return false;
  }
  return true;
}

// The numbers of the rows where mask is true. Returns how many; SIZE_MAX without memory.
static size_t dfq__rows_where(dfq__veval *eval, dfq__buffer *bytes, dfq__buffer *rows,
                              const dfq__vec *mask, size_t n) {
  const uint8_t *m = (const uint8_t *)mask->data;
  uint32_t *row = (uint32_t *)dfq__veval_room(eval, rows, (n + 1) * sizeof *row);
  if (!row) return SIZE_MAX;
  if (mask->constant) {
    bool yes = m[0] && (!mask->valid || mask->valid[0]);
    for (size_t i = 0; yes && i < n; i++) row[i] = (uint32_t)i;
    return yes ? n : 0;
  }
  if (mask->valid) {
    uint8_t *both = (uint8_t *)dfq__veval_room(eval, bytes, n);
    if (!both) return SIZE_MAX;
    dfq__k_both(both, m, DFQ__BLOCK, mask->valid, DFQ__BLOCK, n, NULL);
    m = both;
  }
  return dfq__select_rows(row, m, n);
}

// Packs the given rows of a batch into buffers (data and valid by turns). False without memory.
static bool dfq__pack(dfq__heap *heap, dfq__buffer *to, dfq__batch *b, const uint32_t *row,
                      size_t n) {
  for (int c = 0; c < b->columns; c++) {
    dfq__vec *v = &b->column[c];
    dfq__buffer *data = &to[2 * c], *valid = &to[2 * c + 1];
    size_t size = dfq__size_of(v->type);
    if (!dfq__buffer_reserve(heap, data, n * size + 1)) return false;
    dfq__gather(data->data, v->data, row, n, size);
    v->data = data->data;
    if (!v->valid) continue;
    if (!dfq__buffer_reserve(heap, valid, n + 1)) return false;
    dfq__gather_1(valid->data, v->valid, row, n);
    v->valid = (const uint8_t *)valid->data;
  }
  b->rows = n;
  return true;
}

// The input's numbers of the rows that are left: origin o row, or just row.
static const uint32_t *dfq__filter_origin(dfq__filter *f, int turn, const uint32_t *origin,
                                          const uint32_t *row, size_t n) {
  uint32_t *to = (uint32_t *)dfq__veval_room(&f->head.eval, &f->origin[turn],
                                             (n + 1) * sizeof *to);
  for (size_t i = 0; to && i < n; i++) to[i] = origin ? origin[row[i]] : row[i];
  return to;
}

// Puts a batch of the input through all conjuncts; the survivors are in op->out. False without
// memory.
static bool dfq__filter_batch(dfq__op *op, const dfq__batch *in) {
  dfq__filter *f = (dfq__filter *)op;
  const uint32_t *origin = NULL;   // the input's numbers of the rows in out; NULL: 0, 1, 2, ...
  int turn = 0;   // a pack reads what the one before has written: it needs the other buffers
  op->out.rows = in->rows;
  for (int c = 0; c < in->columns; c++) op->out.column[c] = in->column[c];
  for (int i = 0; i < op->node->expr_count && op->out.rows; i++) {
    dfq__vec mask;
    size_t before = op->out.rows;
    size_t n = dfq__op_eval(op, f->conjunct[i], &op->out, before, origin, &mask);
    size_t kept = dfq__rows_where(&op->eval, &f->mask, &f->rows, &mask, n);
    if (kept == SIZE_MAX) return false;
    if (kept == n) { op->out.rows = n; continue; }
    const uint32_t *row = (const uint32_t *)(void *)f->rows.data;
    if (i + 1 < op->node->expr_count) origin = dfq__filter_origin(f, turn, origin, row, kept);
    if (op->eval.no_memory || !dfq__pack(op->eval.heap, f->packed[turn], &op->out, row, kept))
      return false;
    turn = !turn;
  }
  return true;
}

// Next: pulls until rows survive. Strings of the batch before are dropped only now, when nobody
// can hold them any more.
static dfq__event dfq__filter_next(dfq__op *op) {
  for (;;) {
    dfq__event e = dfq__pull(op->in[0]);
    if (e != DFQ__BATCH) return e;
    dfq__arena_rewind(&op->eval.strings);
    if (!dfq__filter_batch(op, &op->in[0]->out)) return DFQ__ERROR;
    op->rows_in += op->in[0]->out.rows;
    if (op->out.rows) return DFQ__BATCH;
    if (op->failed) return DFQ__ERROR;
  }
}

// Entries may be NULL, after an open that failed.
static void dfq__bound_free(dfq__op *op, dfq__bound **list, int count) {
  for (int i = 0; list && i < count; i++) dfq__vector_free(&op->eval, list[i]);
}

// Close: everything of it may be missing.
static void dfq__filter_close(dfq__op *op) {
  dfq__filter *f = (dfq__filter *)op;
  dfq__bound_free(op, f->conjunct, op->node->expr_count);
  dfq__buffer_free(op->eval.heap, &f->mask);
  dfq__buffer_free(op->eval.heap, &f->rows);
  dfq__buffers_free(op->eval.heap, f->origin, 2);
  for (int i = 0; i < 2; i++)
    dfq__buffers_free(op->eval.heap, f->packed[i], 2 * op->out.columns);
}

static const dfq__op_class dfq__filter_class = {
  sizeof(dfq__filter), dfq__filter_open, NULL, dfq__filter_next, dfq__filter_close, NULL
};

// ---- >>project: computed columns ------------------------------------------------------------
// Idea. One expression for each column that comes out. A plain column costs nothing: its vector
// is passed on. select, with, drop and rename are all this operator.
//
//   select a, b * 2 as c, 7 as d       a   borrowed from the batch below, not copied
//                                      c   a buffer of the expression's root
//                                      d   a constant, filled up to a column of n rows
//
// A projection keeps the number of rows, so it is the one operator that never has to wait or to
// ask twice. Cost: one kernel for each operator of each expression and batch. Each expression
// is computed by itself: `a * b + 1` and `a * b + 2` multiply twice. Polars and Spark look for
// such common parts first; Spark (Tungsten) and HyPer compile a whole pipeline into one loop,
// so that what is between two operators never leaves the registers.
//
// State: the bound expressions, and buffers for columns that are constants.

typedef struct dfq__project {
  dfq__op head;
  dfq__bound **expr;
  dfq__buffer *flat;      // data and valid of columns that are constants
} dfq__project;

// Open: binds; what is bound was checked when the frame was built, so only memory can fail
// here.
static bool dfq__project_open(dfq__op *op) {
  dfq__project *p = (dfq__project *)op;
  size_t n = (size_t)op->node->expr_count;
  p->expr = (dfq__bound **)dfq__op_array(op, n, sizeof *p->expr);
  p->flat = (dfq__buffer *)dfq__op_array(op, 2 * n, sizeof *p->flat);
  if (!p->expr || !p->flat) return false;
  for (size_t i = 0; i < n; i++) {
    p->expr[i] = dfq__op_bind(op, &op->node->in[0]->schema, op->node->expr[i]);
    if (!p->expr[i]) return false;
  }
  return true;
}

// Next: an expression that fails at row k shortens the batch to k rows for all columns; those
// computed before it are simply longer than they need be.
static dfq__event dfq__project_next(dfq__op *op) {
  dfq__project *p = (dfq__project *)op;
  dfq__event e = dfq__pull(op->in[0]);
  if (e != DFQ__BATCH) return e;
  const dfq__batch *in = &op->in[0]->out;
  size_t n = in->rows;
  dfq__arena_rewind(&op->eval.strings);
  for (int i = 0; i < op->node->expr_count && n; i++)
    n = dfq__op_eval(op, p->expr[i], in, n, NULL, &op->out.column[i]);
  for (int i = 0; i < op->node->expr_count; i++)
    if (n && !dfq__vec_flatten(&op->eval, &p->flat[2 * i], &p->flat[2 * i + 1], n,
                               &op->out.column[i]))
      return DFQ__ERROR;
  op->out.rows = n;
  op->rows_in += in->rows;
  return n ? DFQ__BATCH : DFQ__ERROR;
}

// Close: the buffers of the expressions, then the flat ones.
static void dfq__project_close(dfq__op *op) {
  dfq__project *p = (dfq__project *)op;
  dfq__bound_free(op, p->expr, op->node->expr_count);
  dfq__buffers_free(op->eval.heap, p->flat, 2 * op->node->expr_count);
}

static const dfq__op_class dfq__project_class = {
  sizeof(dfq__project), dfq__project_open, NULL, dfq__project_next, dfq__project_close, NULL
};

// ---- >>limit: some rows from the front; also row index and union ----------------------------
// Idea. limit counts, and once it has enough it closes what is below: files are shut and
// nothing more is read. It asks for no batch whose rows it could not use.
//
//   offset 3, limit 4      batch 1 [0 1 2 3 4]   batch 2 [5 6 7 8 9]   batch 3: never asked for
//                                  skip  └─┘             └─┘
//
// Nothing is copied: a slice of a vector is a pointer further on. Under a limit, whatever can
// give rows early does: filters, projections, probes of a join. A sort or a group cannot, so
// the optimizer makes sort + limit one operator (top-k), and moves a limit below projections
// and into scans. Larger engines do the same; with threads they must also stop workers that run
// ahead.
//
// State: rows still to skip, and rows still to come (2^64 - 1 for all).

typedef struct dfq__limit {
  dfq__op head;
  uint64_t skip, left;
} dfq__limit;

// Open: negative numbers were refused by the verb; a count of -1 is all.
static bool dfq__limit_open(dfq__op *op) {
  dfq__limit *l = (dfq__limit *)op;
  l->skip = (uint64_t)op->node->offset;
  l->left = op->node->count < 0 ? UINT64_MAX : (uint64_t)op->node->count;
  return true;
}

// Next: the input is closed by the call after the last row; until then the last batch is still
// borrowed from below.
static dfq__event dfq__limit_next(dfq__op *op) {
  dfq__limit *l = (dfq__limit *)op;
  for (;;) {
    if (l->left == 0) {
      dfq__op_close(op->in[0]);
      return DFQ__END;
    }
    dfq__event e = dfq__pull(op->in[0]);
    if (e != DFQ__BATCH) return e;
    const dfq__batch *in = &op->in[0]->out;
    size_t skip = l->skip < in->rows ? (size_t)l->skip : in->rows;
    size_t n = in->rows - skip;
    if (n > l->left) n = (size_t)l->left;
    l->skip -= skip;
    l->left -= n;
    if (n == 0) continue;
    for (int c = 0; c < in->columns; c++)
      op->out.column[c] = dfq__vec_from(in->column[c], skip);
    op->out.rows = n;
    return DFQ__BATCH;
  }
}

// Close: nothing of its own.
static const dfq__op_class dfq__limit_class = {
  sizeof(dfq__limit), dfq__limit_open, NULL, dfq__limit_next, dfq__op_nothing, NULL
};

// -- row index: 0, 1, 2, ... as a column of its own
// The number is the row's place in the stream, so nothing that removes or reorders rows may
// move past it; it also keeps its input in one thread.

typedef struct dfq__row_index {
  dfq__op head;
  dfq__buffer number;
  int64_t rows;
} dfq__row_index;

// For operators whose state begins as zeros.
static bool dfq__op_open_nothing(dfq__op *op) { (void)op; return true; }

static dfq__event dfq__row_index_next(dfq__op *op) {
  dfq__row_index *r = (dfq__row_index *)op;
  dfq__event e = dfq__pull(op->in[0]);
  if (e != DFQ__BATCH) return e;
  const dfq__batch *in = &op->in[0]->out;
  int64_t *number = (int64_t *)dfq__veval_room(&op->eval, &r->number,
                                               in->rows * sizeof *number);
  if (!number) return DFQ__ERROR;
  for (size_t i = 0; i < in->rows; i++) number[i] = r->rows++;
  dfq__vec v = { DFQ_I64, false, number, NULL };
  op->out.column[0] = v;
  for (int c = 0; c < in->columns; c++) op->out.column[c + 1] = in->column[c];
  op->out.rows = in->rows;
  return DFQ__BATCH;
}

static void dfq__row_index_close(dfq__op *op) {
  dfq__buffer_free(op->eval.heap, &((dfq__row_index *)op)->number);
}

static const dfq__op_class dfq__row_index_class = {
  sizeof(dfq__row_index), dfq__op_open_nothing, NULL,
  dfq__row_index_next,    dfq__row_index_close, NULL
};

// -- union: one input after the other
// All rows of the left side, then all of the right: the order that the row engine gives. Names
// and types are equal, so batches pass as they are. Larger engines read the sides at once when
// nobody asks for an order.

typedef struct dfq__union_op {
  dfq__op head;
  int side;
} dfq__union_op;

static dfq__event dfq__union_next(dfq__op *op) {
  dfq__union_op *u = (dfq__union_op *)op;
  dfq__event e = dfq__pull(op->in[u->side]);
  if (e == DFQ__END && u->side == 0) {
    u->side = 1;
    e = dfq__pull(op->in[1]);
  }
  if (e != DFQ__BATCH) return e;
  const dfq__batch *in = &op->in[u->side]->out;
  for (int c = 0; c < in->columns; c++) op->out.column[c] = in->column[c];
  op->out.rows = in->rows;
  return DFQ__BATCH;
}

static const dfq__op_class dfq__union_class = {
  sizeof(dfq__union_op), dfq__op_open_nothing, NULL, dfq__union_next, dfq__op_nothing, NULL
};

// ---- >>row-engine: the same plan, one row at a time -----------------------------------------
// Idea. The operators once more, as chapter 1's iterators over chapter 2's row evaluator. They
// are the slow, plain form: what a node means. Tests run every plan through both engines and
// compare the results bit by bit. What has no row form of its own is bridged: rows are taken
// from batches.
//
//   node filter     ──> class { batch: filter_class, rows: row_filter_class }
//   node join       ──> class { batch: join_class,   rows: row_join_class }
//   a node that has no rows class ──> a bridge: its batches, row by row
//
// What the engines share is small on purpose: the binder, the scalar functions, the sources.
// All that is clever (kernels, packing, hashing, threads) exists once and has a plain twin here
// that can be read in a minute; a bug would have to be made in both, in the same way. Cost: a
// call and a tree walk per row and operator; the benchmarks show what batches win. PostgreSQL
// runs its plans like this (and can compile the expressions): short queries that find a few
// rows through an index have nothing to share a batch's cost among.
//
// State: an iterator of chapter 1, the bound expressions, and an arena for the strings of one
// row.

typedef struct dfq__row_op {
  dfq_rows head;
  dfq__run *run;
  const dfq__node *node;
  dfq__eval eval;
  dfq__arena strings;      // of the row at hand
  dfq__bound **bound;      // the node's expressions
} dfq__row_op;

static dfq_rows *dfq__row_op_open(dfq__run *run, const dfq__node *n);

// Binds the node's expressions to its input's schema. False with the run's error set.
static bool dfq__row_op_bind(dfq_rows *r) {
  dfq__row_op *op = (dfq__row_op *)r;
  dfq__arena *arena = &op->run->own->arena;
  const dfq__node *n = op->node;
  dfq__binder b = dfq__run_binder(op->run, n, &n->in[0]->schema);
  op->bound = (dfq__bound **)dfq__arena_array(arena, (size_t)n->expr_count + 1,
                                              sizeof *op->bound);
  if (!op->bound) { dfq__run_no_memory(op->run); return false; }
  for (int i = 0; i < n->expr_count; i++) {
    op->bound[i] = dfq__bind(&b, n->expr[i]);
    if (op->bound[i]) continue;
    dfq__run_error(op->run, b.error ? b.error : &dfq__error_memory);
    return false;
  }
  return true;
}

// One expression for one row, numbered for messages. False with the run's error set.
static bool dfq__row_op_eval(dfq__row_op *op, const dfq__bound *b, const dfq_value *row,
                             dfq_value *to) {
  dfq__eval *ctx = &op->eval;
  ctx->row_number = op->head.in->pulled - 1;
  if (dfq__eval_row(ctx, b, row, to)) return true;
  dfq__run_error(op->run, ctx->error ? ctx->error : &dfq__error_memory);
  return false;
}

// Every row operator's close: notes the count for explain analyze.
static void dfq__row_op_close(dfq_rows *r) {
  dfq__row_op *op = (dfq__row_op *)r;
  op->run->count[op->node->id].rows = r->pulled;
  dfq__arena_release(&op->strings, 0);
}

// -- filter, projection, limit, row index, union

// The conjuncts in order, and no further than the first that is not true.
static int dfq__row_filter_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_op *op = (dfq__row_op *)r;
  while (dfq_rows_next(r->in, row)) {
    bool keep = true;
    dfq__arena_rewind(&op->strings);
    for (int i = 0; keep && i < op->node->expr_count; i++) {
      dfq_value v;
      if (!dfq__row_op_eval(op, op->bound[i], *row, &v)) return -1;
      keep = v.type != DFQ_NULL && v.as.i;
    }
    if (keep) return 1;
  }
  return dfq__rows_end(r->in);
}

static const dfq__rows_class dfq__row_filter_class = {
  "filter", dfq__row_op_bind, dfq__row_filter_next, dfq__row_op_close
};

// The row that comes out is the operator's own; its strings may point into the row below, which
// lives until the next call as well.
static int dfq__row_project_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_op *op = (dfq__row_op *)r;
  const dfq_value *from = NULL;
  if (!dfq_rows_next(r->in, &from)) return dfq__rows_end(r->in);
  dfq__arena_rewind(&op->strings);
  for (int i = 0; i < op->node->expr_count; i++)
    if (!dfq__row_op_eval(op, op->bound[i], from, &r->row[i])) return -1;
  *row = r->row;
  return 1;
}

static const dfq__rows_class dfq__row_project_class = {
  "project", dfq__row_op_bind, dfq__row_project_next, dfq__row_op_close
};

typedef struct dfq__row_limit {
  dfq__row_op op;
  int64_t seen;
} dfq__row_limit;

// At the end it is chapter 1's rule that closes what is below: whoever returns 0 is stopped.
static int dfq__row_limit_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_limit *l = (dfq__row_limit *)r;
  const dfq__node *n = l->op.node;
  for (;;) {
    if (n->count == 0 || (n->count > 0 && l->seen - n->offset >= n->count)) return 0;
    if (!dfq_rows_next(r->in, row)) return dfq__rows_end(r->in);
    if (++l->seen > n->offset) return 1;
  }
}

static const dfq__rows_class dfq__row_limit_class = {
  "limit", NULL, dfq__row_limit_next, dfq__row_op_close
};

static int dfq__row_number_next(dfq_rows *r, const dfq_value **row) {
  const dfq_value *from = NULL;
  if (!dfq_rows_next(r->in, &from)) return dfq__rows_end(r->in);
  r->row[0] = dfq__value_int(DFQ_I64, (int64_t)r->in->pulled - 1);
  for (int c = 1; c < r->columns; c++) r->row[c] = from[c - 1];
  *row = r->row;
  return 1;
}

static const dfq__rows_class dfq__row_number_class = {
  "row_index", NULL, dfq__row_number_next, dfq__row_op_close
};

// An error on the left ends both: the right side's rows would come in the wrong place.
static int dfq__row_union_next(dfq_rows *r, const dfq_value **row) {
  if (dfq_rows_next(r->in, row)) return 1;
  if (r->in->failed) return -1;
  return dfq_rows_next(r->other, row) ? 1 : dfq__rows_end(r->other);
}

static const dfq__rows_class dfq__row_union_class = {
  "union", NULL, dfq__row_union_next, dfq__row_op_close
};

// -- sources

typedef struct dfq__row_scan {
  dfq__row_op op;
  int *column;
  size_t at;
  void *cursor;          // of a function that yields rows
  dfq_value *user_row;
} dfq__row_scan;

// False with the run's error set.
static bool dfq__row_scan_columns(dfq__row_scan *s) {
  const dfq__node *n = s->op.node;
  dfq__arena *arena = &s->op.run->own->arena;
  s->column = (int *)dfq__arena_array(arena, (size_t)n->schema.count + 1, sizeof *s->column);
  for (int c = 0; s->column && c < n->schema.count; c++)
    s->column[c] = dfq__schema_find(&n->source->schema, n->schema.field[c].name);
  if (!s->column) dfq__run_no_memory(s->op.run);
  return s->column != NULL;
}

static bool dfq__row_table_open(dfq_rows *r) {
  return dfq__row_scan_columns((dfq__row_scan *)r);
}

// Strings point into the table, so they outlive the row; nobody counts on it.
static int dfq__row_table_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_scan *s = (dfq__row_scan *)r;
  const dfq_table *t = ((dfq__table_source *)(void *)s->op.node->source)->table;
  if (s->at == t->store.rows) return 0;
  for (int c = 0; c < r->columns; c++) dfq_table_get(t, s->at, s->column[c], &r->row[c]);
  s->at++;
  *row = r->row;
  return 1;
}

static const dfq__rows_class dfq__row_table_class = {
  "scan", dfq__row_table_open, dfq__row_table_next, dfq__row_op_close
};

static bool dfq__row_user_open(dfq_rows *r) {
  dfq__row_scan *s = (dfq__row_scan *)r;
  dfq__run *run = s->op.run;
  if (!dfq__row_scan_columns(s)) return false;
  size_t n = (size_t)s->op.node->source->schema.count + 1;
  s->user_row = (dfq_value *)dfq__arena_array(&run->own->arena, n, sizeof *s->user_row);
  if (!s->user_row) { dfq__run_no_memory(run); return false; }
  return dfq__user_open(run, s->op.node, &s->cursor);
}

// The user fills a row of all columns; what pruning has left of it is handed up.
static int dfq__row_user_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_scan *s = (dfq__row_scan *)r;
  int got = dfq__user_next(s->op.run, s->op.node, s->cursor, s->user_row, r->pulled);
  for (int c = 0; got > 0 && c < r->columns; c++) r->row[c] = s->user_row[s->column[c]];
  *row = r->row;
  return got;
}

static void dfq__row_user_close(dfq_rows *r) {
  dfq__row_scan *s = (dfq__row_scan *)r;
  const dfq_row_source *user = &((dfq__rows_source *)(void *)s->op.node->source)->user;
  if (s->cursor && user->close) user->close(s->cursor);
  dfq__row_op_close(r);
}

static const dfq__rows_class dfq__row_user_class = {
  "scan", dfq__row_user_open, dfq__row_user_next, dfq__row_user_close
};

static const dfq__source_class dfq__table_source_class = {
  "table",
  { &dfq__table_scan_class, &dfq__row_table_class, sizeof(dfq__row_scan) },
  false,
  NULL,
  dfq__table_source_rows,
  dfq__table_source_print
};
static const dfq__source_class dfq__rows_source_class = {
  "rows", { &dfq__rows_scan_class, &dfq__row_user_class, sizeof(dfq__row_scan) }, false, NULL,
  dfq__rows_source_rows, dfq__rows_source_print
};

DFQ_API dfq_frame *dfq_scan_table_at(dfq *db, dfq_table *table, const char *at) {
  dfq__table_source *s = (dfq__table_source *)dfq__arena_alloc(&db->arena, sizeof *s);
  if (!table) {   // what made it failed, and said why
    dfq__error *e = (dfq__error *)dfq__arena_alloc(&db->arena, sizeof *e);
    const char *why = dfq__arena_text(&db->arena, dfq_error(db), strlen(dfq_error(db)));
    if (!e || !why) return dfq__frame_failed(db, &dfq__error_memory);
    e->status = db->status == DFQ_OK ? DFQ_USAGE : db->status;
    e->message = *why ? why : "dfq: wrong call, scan: the table is NULL";
    return dfq__frame_failed(db, e);
  }
  const dfq_schema *schema = s ? dfq__schema_intern(db, &table->schema) : NULL;
  if (!schema || !dfq__arena_on_release(&db->arena, dfq__table_drop, table))
    return dfq__frame_failed(db, &dfq__error_memory);
  dfq__add_fetch(&table->refs, 1);
  s->head.is = &dfq__table_source_class;
  s->head.schema = *schema;
  s->table = table;
  return dfq__scan_frame(db, &s->head, at);
}

DFQ_API dfq_frame *dfq_scan_rows_at(dfq *db, const dfq_row_source *source, const char *at) {
  dfq__rows_source *s = (dfq__rows_source *)dfq__arena_alloc(&db->arena, sizeof *s);
  dfq_schema fields = { source->count, source->fields };
  if (!dfq__check_fields(db, source->fields, source->count, "scan")) {
    const char *why = dfq__arena_text(&db->arena, dfq_error(db), strlen(dfq_error(db)));
    dfq__error *e = (dfq__error *)dfq__arena_alloc(&db->arena, sizeof *e);
    if (!e || !why) return dfq__frame_failed(db, &dfq__error_memory);
    e->status = DFQ_USAGE;
    e->message = why;
    return dfq__frame_failed(db, e);
  }
  const dfq_schema *schema = s ? dfq__schema_intern(db, &fields) : NULL;
  const char *name = schema ? dfq__intern(db, dfq__source_name(source)) : NULL;
  if (!name) return dfq__frame_failed(db, &dfq__error_memory);
  s->head.is = &dfq__rows_source_class;
  s->head.schema = *schema;
  s->user = *source;
  s->user.name = name;
  s->user.fields = schema->field;
  return dfq__scan_frame(db, &s->head, at);
}

// -- bridges: rows from batches, and batches from rows

// A bridge opens the whole plan below its node in the batch engine: engines are not mixed back
// and forth.
typedef struct dfq__bridge {
  dfq__row_op op;
  dfq__op *batches;
  size_t at;
} dfq__bridge;

static bool dfq__bridge_open(dfq_rows *r) {
  dfq__bridge *b = (dfq__bridge *)r;
  b->batches = dfq__op_open(b->op.run, b->op.node);
  return b->batches != NULL;
}

static int dfq__bridge_next(dfq_rows *r, const dfq_value **row) {
  dfq__bridge *b = (dfq__bridge *)r;
  const dfq__batch *batch = &b->batches->out;
  if (b->at == batch->rows) {
    b->at = 0;
    dfq__event e = dfq__pull(b->batches);
    if (e != DFQ__BATCH) return e == DFQ__END ? 0 : -1;
  }
  for (int c = 0; c < r->columns; c++) dfq__vec_get(&batch->column[c], b->at, &r->row[c]);
  b->at++;
  *row = r->row;
  return 1;
}

// The batch keeps short texts in its views; values point into them, and the batch lives until
// the next pull: so a row is valid as long as it must be.
static void dfq__bridge_close(dfq_rows *r) {
  dfq__op_close(((dfq__bridge *)r)->batches);
  dfq__row_op_close(r);
}

static const dfq__rows_class dfq__bridge_class = {
  "batches", dfq__bridge_open, dfq__bridge_next, dfq__bridge_close
};

// Makes the iterators of a plan, inputs first. NULL with the run's error set.
static dfq_rows *dfq__row_op_open(dfq__run *run, const dfq__node *n) {
  const dfq__class *is = dfq__class_of(n);
  const dfq__rows_class *rows = is->rows ? is->rows : &dfq__bridge_class;
  dfq_rows *in[2] = { NULL, NULL };
  for (int i = 0; i < 2 && is->rows; i++) {
    if (n->in[i]) in[i] = dfq__row_op_open(run, n->in[i]);
    if (n->in[i] && !in[i]) { dfq_rows_close(in[0]); return NULL; }
  }
  size_t size = is->rows ? is->rows_size : sizeof(dfq__bridge);
  dfq_rows *r = dfq__rows_new(run->own, size, rows, in[0], n->schema.count);
  dfq__row_op *op = (dfq__row_op *)r;
  if (!r) { dfq_rows_close(in[1]); dfq__run_no_memory(run); return NULL; }
  op->run = run;
  op->node = n;
  r->other = in[1];
  op->strings.heap = run->own->heap;
  run->count[n->id].node = n;
  dfq__eval eval = { run->own, &op->strings, &run->own->arena, n->at, n->verb,
                     n->in[0] ? &n->in[0]->schema : &n->schema, 0, NULL };
  op->eval = eval;
  return r;
}

// ---- >>actions: what makes a plan run -------------------------------------------------------
// A stream is a run and the engine's root, whichever engine it is. Everything that consumes a
// result (collect, count, show, writers) pulls batches from a stream.
//
//   dfq_collect ─┐                         ┌─ operators        (batch engine)
//   dfq_show  ───┼──> stream: next, next ──┤
//   dfq_count  ──┘                         └─ iterators, whose rows are gathered into batches
//
// An action is open, a loop over next, close; what it does with a batch is all that sets it
// apart. It runs in the calling thread and returns when nothing is left running. Two kinds of
// end count as well: a consumer that has seen enough stops the run without an error, even when
// the next row would have failed, and one that reads to the end gets the error of the first row
// that fails. Cost: nothing per row beyond what the consumer does. Larger engines push instead
// of pulling (HyPer, DuckDB since 2021): an operator calls the one above it with each batch,
// which makes it easier to hand a pipeline to many threads and to put it down while it waits
// for a disk.

typedef struct dfq__stream {
  dfq__run *run;
  dfq__op *root;         // the batch engine, or
  dfq_rows *rows;        // the row engine, whose rows are gathered in
  dfq__store gathered;
  dfq__batch batch;
} dfq__stream;

// Opens a frame's result. whole: it will be read to its end. False on error (dfq_error).
static bool dfq__stream_open(dfq__stream *s, dfq_frame *f, bool whole) {
  memset(s, 0, sizeof *s);
  s->run = dfq__run_open(f, whole);
  if (!s->run) return false;
  dfq__run *run = s->run;
  const dfq_schema *schema = &run->plan->schema;
  if (run->options.engine == DFQ_ROW_ENGINE) {
    size_t n = (size_t)schema->count + 1;
    dfq_type *type = (dfq_type *)dfq__arena_array(&run->own->arena, n, sizeof *type);
    s->batch.column = (dfq__vec *)dfq__arena_array(&run->own->arena, n, sizeof(dfq__vec));
    for (int c = 0; type && c < schema->count; c++) type[c] = dfq__types_of(schema, c);
    if (!type || !s->batch.column ||
        !dfq__store_init(&s->gathered, run->own->heap, type, schema->count))
      dfq__run_no_memory(run);
    else s->rows = dfq__row_op_open(run, run->plan);
    s->batch.columns = schema->count;
  } else {
    s->root = dfq__op_open(run, run->plan);
  }
  if (s->root || s->rows) return true;
  dfq__store_free(&s->gathered);
  dfq__run_close(run);
  return false;
}

// Gathers up to a batch of rows. The rows before an error come first; the call after says NULL.
static const dfq__batch *dfq__stream_rows(dfq__stream *s) {
  const dfq_value *row = NULL;
  s->gathered.rows = 0;
  dfq__arena_rewind(&s->gathered.strings);
  while (s->gathered.rows < s->run->batch_rows && dfq_rows_next(s->rows, &row))
    if (!dfq__store_row(&s->gathered, row)) { dfq__run_no_memory(s->run); return NULL; }
  for (int c = 0; c < s->batch.columns; c++)
    s->batch.column[c] = dfq__store_vec(&s->gathered, c);
  s->batch.rows = s->gathered.rows;
  return s->batch.rows ? &s->batch : NULL;
}

// The next batch, borrowed until the next call. NULL at the end or on error.
static const dfq__batch *dfq__stream_next(dfq__stream *s) {
  if (s->rows) return s->run->error ? NULL : dfq__stream_rows(s);
  return dfq__pull(s->root) == DFQ__BATCH ? &s->root->out : NULL;
}

// Ends the run, early or not. stopped: the consumer wanted no more, so an error still to come
// does not count. Returns false when the run failed.
static bool dfq__stream_close(dfq__stream *s, bool stopped) {
  if (s->rows && dfq_rows_failed(s->rows) && !s->run->error) dfq__run_no_memory(s->run);
  dfq_rows_close(s->rows);
  dfq__op_close(s->root);
  dfq__store_free(&s->gathered);
  if (stopped) s->run->error = NULL;
  bool ok = !s->run->error;
  dfq__run_close(s->run);
  return ok;
}

// -- collect, first, each batch, count

// The first copy is the last: batches go straight into the table's store.
DFQ_API dfq_table *dfq_collect(dfq_frame *frame) {
  dfq__stream s;
  if (!dfq__stream_open(&s, frame, true)) return NULL;
  dfq_table *t = dfq__table_make(frame->db->heap, &s.run->plan->schema);
  bool ok = t != NULL;
  for (const dfq__batch *b; ok && (b = dfq__stream_next(&s)) != NULL;)
    ok = dfq__store_append(&t->store, b);
  if (!ok) dfq__run_no_memory(s.run);
  if (dfq__stream_close(&s, false)) return t;
  dfq_table_free(t);
  return NULL;
}

// A step over a finished frame, in the caller's hands: an action may run in several threads at
// once, so it builds nothing in the context's arena. The run copies the plan, the node with it.
static dfq_frame dfq__frame_over(const dfq_frame *f, dfq__node *n, dfq__node_kind kind,
                                 const char *verb) {
  dfq_frame over = *f;
  memset(n, 0, sizeof *n);
  n->kind = kind;
  n->verb = verb;
  n->depth = f->node->depth + 1;
  n->size = f->node->size + 1;
  n->in[0] = f->node;
  n->schema = f->node->schema;
  over.node = n;
  return over;
}

DFQ_API dfq_table *dfq_first(dfq_frame *frame, size_t n) {
  if (!frame || frame->error) return dfq_collect(frame);
  dfq__node limit;
  dfq_frame over = dfq__frame_over(frame, &limit, DFQ__LIMIT, "limit");
  limit.count = n > INT64_MAX ? INT64_MAX : (int64_t)n;
  return dfq_collect(&over);
}

// Batches are the engine's own, uncopied: the cheapest way to read a result.
DFQ_API bool dfq_each_batch(dfq_frame *frame, bool (*each)(void *user, const dfq_batch *batch),
                            void *user) {
  dfq__stream s;
  bool more = true;
  if (!dfq__stream_open(&s, frame, false)) return false;
  for (const dfq__batch *b; more && (b = dfq__stream_next(&s)) != NULL;) more = each(user, b);
  return dfq__stream_close(&s, !more);
}

// No column is needed to count rows: a projection of none lets the optimizer drop them all.
DFQ_API int64_t dfq_count(dfq_frame *frame) {
  dfq__stream s;
  dfq_frame none;
  dfq__node project;
  int64_t n = 0;
  if (frame && !frame->error) {
    none = dfq__frame_over(frame, &project, DFQ__PROJECT, "count");
    project.schema = dfq__no_schema;
    frame = &none;
  }
  if (!dfq__stream_open(&s, frame, true)) return -1;
  for (const dfq__batch *b; (b = dfq__stream_next(&s)) != NULL;) n += (int64_t)b->rows;
  return dfq__stream_close(&s, false) ? n : -1;
}

// -- rows of a frame

// The frame's settings choose the engine; the batch engine is read through a bridge. Nothing is
// opened before the first next.

typedef struct dfq__frame_rows {
  dfq_rows head;
  dfq_frame *frame;
  dfq__run *run;
  dfq_rows *rows;      // the engine's
} dfq__frame_rows;

// The run is closed by close, which comes after every open.
static bool dfq__frame_rows_open(dfq_rows *r) {
  dfq__frame_rows *f = (dfq__frame_rows *)r;
  f->run = dfq__run_open(f->frame, false);
  if (!f->run) return false;
  if (f->run->options.engine == DFQ_ROW_ENGINE) {
    f->rows = dfq__row_op_open(f->run, f->run->plan);
    return f->rows != NULL;
  }
  f->rows = dfq__rows_new(f->run->own, sizeof(dfq__bridge), &dfq__bridge_class, NULL,
                          r->columns);
  dfq__bridge *b = (dfq__bridge *)f->rows;
  if (!b) { dfq__run_no_memory(f->run); return false; }
  b->op.run = f->run;
  b->op.node = f->run->plan;
  b->op.strings.heap = f->run->own->heap;
  return true;
}

static int dfq__frame_rows_next(dfq_rows *r, const dfq_value **row) {
  dfq__frame_rows *f = (dfq__frame_rows *)r;
  if (dfq_rows_next(f->rows, row)) return 1;
  if (f->rows->failed && !f->run->error) dfq__run_no_memory(f->run);
  return dfq__rows_end(f->rows);
}

// An iterator that is closed before its end has not failed, whatever would have come.
static void dfq__frame_rows_close(dfq_rows *r) {
  dfq__frame_rows *f = (dfq__frame_rows *)r;
  if (f->run && !r->failed) f->run->error = NULL;   // stopped before it was reached
  dfq_rows_close(f->rows);
  dfq__run_close(f->run);
}

static const dfq__rows_class dfq__frame_rows_class = {
  "frame", dfq__frame_rows_open, dfq__frame_rows_next, dfq__frame_rows_close
};

DFQ_API dfq_rows *dfq_rows_open(dfq_frame *frame) {
  if (!frame) return NULL;
  int columns = dfq_schema_of(frame)->count;
  dfq_rows *r = dfq__rows_new(frame->db, sizeof(dfq__frame_rows), &dfq__frame_rows_class, NULL,
                              columns);
  if (r) ((dfq__frame_rows *)r)->frame = frame;
  return r;
}

// ---- >>show: a table that people can read ---------------------------------------------------
// Idea. Names, types below them, numbers to the right. Of a long result the first and the last
// rows are kept while it streams by; of wide text, and of many columns, the middle is left out.
// A result of a million rows is printed as 20 from the front, "..." and 20 from the back, and
// may not need more memory than that.
//
//   rows:   [ head: the first 40 | tail[0] and tail[1] in turns, 20 rows or more each ]
//
// While one tail fills, the other still has the rows before it; when it has 20 the other is
// cleared and takes over. So the last 20 rows are always in the two of them, and nothing is
// copied twice. Cost: a copy of at most 40 rows of each batch. Widths are counted in
// characters, one column each; terminals give two to some East Asian ones, which larger tools
// look up in a table.

// Rows of a table, characters of a cell, and of a line.
enum { DFQ__SHOWN = 40, DFQ__WIDEST = 32, DFQ__LINE_WIDTH = 150 };

typedef struct dfq__shown {
  const dfq_schema *schema;
  dfq__store head, tail[2];   // the first rows; the last ones, in turns
  int turn;
  size_t rows;
} dfq__shown;

// False without memory; dfq__shown_free is due all the same.
static bool dfq__shown_init(dfq__shown *s, dfq *db, const dfq_schema *schema,
                            dfq__arena *arena) {
  memset(s, 0, sizeof *s);
  s->schema = schema;
  dfq_type *type = (dfq_type *)dfq__arena_array(arena, (size_t)schema->count + 1, sizeof *type);
  for (int c = 0; type && c < schema->count; c++) type[c] = dfq__types_of(schema, c);
  return type && dfq__store_init(&s->head, db->heap, type, schema->count) &&
         dfq__store_init(&s->tail[0], db->heap, type, schema->count) &&
         dfq__store_init(&s->tail[1], db->heap, type, schema->count);
}

static void dfq__shown_free(dfq__shown *s) {
  dfq__store_free(&s->head);
  dfq__store_free(&s->tail[0]);
  dfq__store_free(&s->tail[1]);
}

// n rows of b from a certain one on; room has a place for each column.
static dfq__batch dfq__batch_from(const dfq__batch *b, size_t from, size_t n, dfq__vec *room) {
  dfq__batch part = { n, b->columns, room };
  for (int c = 0; c < b->columns; c++) room[c] = dfq__vec_from(b->column[c], from);
  return part;
}

// Keeps the buffers for what comes next.
static void dfq__store_clear(dfq__store *s) {
  s->rows = 0;
  dfq__arena_rewind(&s->strings);
}

// Takes the rows of a batch that may be printed.
static bool dfq__shown_add(dfq__shown *s, const dfq__batch *b, dfq__vec *room) {
  size_t first = s->head.rows < DFQ__SHOWN ? dfq__min(DFQ__SHOWN - s->head.rows, b->rows) : 0;
  s->rows += b->rows;
  if (first) {
    dfq__batch part = dfq__batch_from(b, 0, first, room);
    if (!dfq__store_append(&s->head, &part)) return false;
  }
  size_t rest = b->rows - first, last = dfq__min(rest, DFQ__SHOWN);
  if (!rest) return true;
  if (s->tail[s->turn].rows >= DFQ__SHOWN / 2 || last == DFQ__SHOWN) {
    s->turn = !s->turn;
    dfq__store_clear(&s->tail[s->turn]);
  }
  dfq__batch part = dfq__batch_from(b, b->rows - last, last, room);
  return dfq__store_append(&s->tail[s->turn], &part);
}

// The value of the i-th printed row, counted over head and tail.
static void dfq__shown_get(const dfq__shown *s, size_t i, int column, dfq_value *to) {
  size_t half = DFQ__SHOWN / 2;
  const dfq__store *from = &s->head;
  if (s->rows > DFQ__SHOWN && i >= half) {
    size_t back = DFQ__SHOWN - i;            // from the end: 1 is the last row
    const dfq__store *now = &s->tail[s->turn], *before = &s->tail[!s->turn];
    if (back <= now->rows) { from = now; i = now->rows - back;
    } else if (back - now->rows <= before->rows) {
      from = before;
      i = before->rows - (back - now->rows);
    } else {
      i = s->head.rows - (back - now->rows - before->rows);
    }
  }
  dfq__vec v = dfq__store_vec(from, column);
  dfq__vec_get(&v, i, to);
}

// -- cells and lines as text

// A cell's text in at most DFQ__WIDEST characters; control characters as escapes. Returns its
// width.
static size_t dfq__put_cell(dfq__text *t, const dfq_value *v) {
  char number[DFQ__NUMBER_TEXT];
  const char *s = number;
  size_t n = v->type == DFQ_STR ? v->len : dfq__write_value(number, v), width = 0, i = 0;
  if (v->type == DFQ_STR) s = v->as.s;
  if (v->type == DFQ_NULL) { s = "null"; n = 4; }
  for (; i < n && width < DFQ__WIDEST; width++) {
    size_t bytes = dfq__char_bytes(s + i, n - i);
    unsigned char c = (unsigned char)s[i];
    if (c == '\n') { dfq__put(t, "\\n"); width++; }
    else if (c == '\t') { dfq__put(t, "\\t"); width++; }
    else if (c < 32 || c == 127) dfq__put(t, "?");
    else dfq__put_n(t, s + i, bytes);
    i += bytes;
  }
  if (i < n) { dfq__put(t, "..."); width += 3; }
  return width;
}

// A column's name is shown like a cell: whatever a file's header holds, the terminal is safe.
static size_t dfq__put_cell_text(dfq__text *t, const char *s) {
  dfq_value v = dfq__value_str(s, strlen(s));
  return dfq__put_cell(t, &v);
}

typedef struct dfq__layout {
  size_t *width;
  int left, right;    // columns left .. right - 1 are elided
} dfq__layout;

static bool dfq__is_number(dfq_type t) { return t == DFQ_I32 || t == DFQ_I64 || t == DFQ_F64; }

// width: characters that s takes on screen, of n bytes; pad: the column's width.
static void dfq__put_padded(dfq__text *t, const char *s, size_t n, size_t width, size_t pad,
                            bool right) {
  if (right && pad > width) dfq__put_repeat(t, ' ', pad - width);
  dfq__put_n(t, s, n);
  if (!right && pad > width) dfq__put_repeat(t, ' ', pad - width);
}

// Column widths, and which columns in the middle do not fit the line.
static void dfq__shown_layout(const dfq__shown *s, dfq__text *scratch, size_t printed,
                              dfq__layout *l) {
  size_t total = 0;
  int columns = s->schema->count;
  for (int c = 0; c < columns; c++) {
    const dfq_field *f = &s->schema->field[c];
    scratch->len = 0;
    l->width[c] = dfq__max(dfq__put_cell_text(scratch, f->name),
                           strlen(dfq_type_name(f->type)));
    for (size_t r = 0; r < printed; r++) {
      dfq_value v;
      scratch->len = 0;
      dfq__shown_get(s, r, c, &v);
      l->width[c] = dfq__max(l->width[c], dfq__put_cell(scratch, &v));
    }
    total += l->width[c] + 2;
  }
  l->left = l->right = columns;
  if (total <= DFQ__LINE_WIDTH) return;
  l->right = (columns + 1) / 2 + 1;
  l->left = l->right - 1;
  for (int c = l->left; c < l->right && c < columns; c++) total -= l->width[c] + 2;
  while (total > DFQ__LINE_WIDTH && l->right - l->left < columns - 2) {
    int c = l->left > columns - l->right ? --l->left : l->right++;
    total -= l->width[c] + 2;
  }
}

// One line: what is 0 for names, 1 for types, 2 for rules, 3 for the cells of a row.
static void dfq__put_line(dfq__text *t, dfq__text *cell, const dfq__shown *s,
                          const dfq__layout *l, int what, size_t row) {
  for (int c = 0; c < s->schema->count; c++) {
    const dfq_field *f = &s->schema->field[c];
    if (c == l->left) dfq__put(t, "...  ");
    if (c >= l->left && c < l->right) continue;
    size_t width = 0;
    dfq_value v;
    cell->len = 0;
    if (what == 0) width = dfq__put_cell_text(cell, f->name);
    if (what == 1) { dfq__put(cell, dfq_type_name(f->type)); width = cell->len; }
    if (what == 2) { dfq__put_repeat(cell, '-', l->width[c]); width = l->width[c]; }
    if (what == 3) { dfq__shown_get(s, row, c, &v); width = dfq__put_cell(cell, &v); }
    dfq__put_padded(t, cell->data ? cell->data : "", cell->len, width, l->width[c],
                    dfq__is_number(f->type));
    dfq__put(t, "  ");
  }
  while (t->len && t->data[t->len - 1] == ' ') t->len--;
  dfq__put(t, "\n");
}

// The whole table as text, for one write: what is printed is complete or not there. False
// without memory.
static bool dfq__put_shown(dfq__text *t, const dfq__shown *s, dfq__arena *arena) {
  size_t printed = dfq__min(s->rows, DFQ__SHOWN);
  dfq__text cell = dfq__text_in(t->heap);
  dfq__layout l = { NULL, 0, 0 };
  l.width = (size_t *)dfq__arena_array(arena, (size_t)s->schema->count + 1, sizeof *l.width);
  if (!l.width) return false;
  dfq__shown_layout(s, &cell, printed, &l);
  for (int what = 0; what < 3; what++) dfq__put_line(t, &cell, s, &l, what, 0);
  for (size_t r = 0; r < printed; r++) {
    if (s->rows > DFQ__SHOWN && r == DFQ__SHOWN / 2) dfq__put(t, "...\n");
    dfq__put_line(t, &cell, s, &l, 3, r);
  }
  dfq__put_count(t, s->rows);
  dfq__put(t, s->rows == 1 ? " row\n" : " rows\n");
  bool ok = !cell.failed && !t->failed;
  dfq__text_free(&cell);
  return ok;
}

// Prints what was kept, and frees it.
static bool dfq__shown_print(dfq__shown *s, dfq *db, dfq__arena *arena, FILE *out) {
  dfq__text t = dfq__text_in(db->heap);
  bool ok = dfq__put_shown(&t, s, arena);
  if (ok) ok = dfq__put_file(db, &t, out);
  else dfq__report(db, &dfq__error_memory);
  dfq__text_free(&t);
  return ok;
}

DFQ_API bool dfq_show_table(dfq *db, const dfq_table *table, FILE *out) {
  dfq__arena arena = { db->heap, NULL, NULL };
  dfq__shown shown;
  if (!table) return false;
  size_t columns = (size_t)table->schema.count;
  bool ok = dfq__shown_init(&shown, db, &table->schema, &arena);
  dfq__vec *all = (dfq__vec *)dfq__arena_array(&arena, 2 * columns + 2, sizeof *all);
  if (ok && all) {
    for (int c = 0; c < table->schema.count; c++) all[c] = dfq__store_vec(&table->store, c);
    dfq__batch batch = { table->store.rows, table->schema.count, all };
    ok = dfq__shown_add(&shown, &batch, all + columns);
  }
  if (ok && all) ok = dfq__shown_print(&shown, db, &arena, out);
  else dfq__report(db, &dfq__error_memory);
  dfq__shown_free(&shown);
  dfq__arena_release(&arena, 0);
  return ok && all;
}

// Printing waits for the end of the run: a result that fails prints nothing.
DFQ_API bool dfq_show(dfq_frame *frame, FILE *out) {
  dfq__stream s;
  dfq__shown shown;
  if (!dfq__stream_open(&s, frame, true)) return false;
  dfq__arena *arena = &s.run->own->arena;
  const dfq_schema *schema = &s.run->plan->schema;
  bool ok = dfq__shown_init(&shown, frame->db, schema, arena);
  dfq__vec *room = (dfq__vec *)dfq__arena_array(arena, (size_t)schema->count + 1, sizeof *room);
  ok = ok && room;
  for (const dfq__batch *b; ok && (b = dfq__stream_next(&s)) != NULL;)
    ok = dfq__shown_add(&shown, b, room);
  if (!ok) dfq__run_no_memory(s.run);
  if (ok && !s.run->error) ok = dfq__shown_print(&shown, frame->db, arena, out);
  dfq__shown_free(&shown);
  return dfq__stream_close(&s, false) && ok;
}

#endif // DFQ_CHAPTER >= 3

// =============================================================================================
// CHAPTER 4, HASHING AND ORDER: joins, grouping, sorting
// =============================================================================================
#if DFQ_CHAPTER >= 4

// ---- >>hash-table: rows of words to dense numbers -------------------------------------------
// Idea. Grouping, joining and distinct are one question asked of every row: "which number does
// this key have?". Keys become rows of 64-bit words; the table gives equal rows of words equal
// numbers, dense and in the order they came: 0, 1, 2, ...  Everything else (states, chains,
// output) is an array indexed by that number.
//
//   slots (u32)     [ . | 2 | . | 0 | 1 | . | . | . ]     open addressing, linear probing,
//                         │       │   │                   at most half full
//   keys            0: 17    1: 42    2: 5                rows of words, in the order they came
//
// Where the key is one word, and small, there is no need to look: the key itself is the place.
// An array of 2^bits numbers then takes the slots' place, without a hash or a comparison:
//
//   direct (u32)    [ . | . | . | . | . | 2 | . | . | ... ]      direct[5] = 2
//
// A slot is looked for at the top bits of the hash; after a match of nothing (empty) the row is
// new. Slots hold no part of the key: below the cache's size a compare costs less than a wider
// slot. Why open addressing and not chains: a chain is one more dependent cache miss. Why at
// most half full: the expected length of a probe, (1 + 1 / (1 - load)) / 2 for a key that is
// there, is then below 2. Nothing is ever removed, so no slot needs a tombstone.
//
// Cost: one or two cache misses a row. Larger engines put a tag of some hash bits beside the
// number (DuckDB 16 bits, Velox and Swiss tables a byte, compared 16 at a time), partition the
// rows until each table fits the cache, and spill partitions to disk.

enum { DFQ__NONE = -1 };
static const uint32_t DFQ__EMPTY = UINT32_MAX;

typedef struct dfq__hash_table {
  dfq__heap *heap;        // NULL: not initialised, nothing to free
  uint64_t seed;          // the context's: one process, one way to collide
  size_t words;           // of a key; 0: all rows are equal
  uint32_t *slot;         // the number of a key, or DFQ__EMPTY
  int lg;                 // 1 << lg slots
  size_t count;           // keys, and the next number
  dfq__buffer key;        // count * words
  bool direct;            // slot is an array by key, and every key is below 1 << lg
} dfq__hash_table;

// An array of 1 << lg times DFQ__EMPTY; NULL without memory.
static uint32_t *dfq__slots_make(dfq__heap *heap, int lg) {
  uint32_t *slot = (uint32_t *)dfq__alloc(heap, ((size_t)1 << lg) * sizeof *slot);
  if (slot) memset(slot, 0xff, ((size_t)1 << lg) * sizeof *slot);
  return slot;
}

// False without memory; what was taken is freed by dfq__table_close, as after success.
static bool dfq__table_init(dfq__hash_table *t, dfq__heap *heap, uint64_t seed, size_t words) {
  memset(t, 0, sizeof *t);
  t->heap = heap;
  t->seed = seed;
  t->words = words;
  t->lg = 10;
  t->slot = dfq__slots_make(heap, t->lg);
  return t->slot && dfq__buffer_reserve(heap, &t->key, 64 * (words + 1));
}

static void dfq__table_close(dfq__hash_table *t) {
  if (!t->heap) return;
  dfq__free(t->heap, t->slot, ((size_t)1 << t->lg) * sizeof *t->slot);
  dfq__buffer_free(t->heap, &t->key);
  memset(t, 0, sizeof *t);
}

// Notes what an operator holds, for explain analyze.
static void dfq__op_holds(dfq__op *op, size_t bytes) {
  op->count->bytes = bytes;
  if (bytes > op->count->peak_bytes) op->count->peak_bytes = bytes;
}

static size_t dfq__store_bytes(const dfq__store *s) {
  size_t bytes = dfq__arena_mark(&s->strings);
  for (int c = 0; c < s->columns; c++) bytes += s->data[c].bytes + s->valid[c].bytes;
  return bytes;
}

// For explain analyze, so a close figure is enough: the buffer's padding is left out.
static size_t dfq__table_bytes(const dfq__hash_table *t) {
  return t->heap ? t->key.bytes + ((size_t)4 << t->lg) : 0;
}

// Borrowed until the next key is added.
static const uint64_t *dfq__table_key(const dfq__hash_table *t, size_t number) {
  return (const uint64_t *)(const void *)t->key.data + number * t->words;
}

// -- looking up, growing, adding

// One multiplication a word. Rows of no words all hash alike, and are all equal: that is how a
// group_by without keys and a cross join need no code of their own.
static inline uint64_t dfq__hash_words(const uint64_t *key, size_t words, uint64_t seed) {
  uint64_t h = dfq__hash_word(words ? key[0] : 0, seed);
  for (size_t w = 1; w < words; w++) h = dfq__hash_more(h, key[w]);
  return h;
}

// A plain loop: most keys are one or two words, where memcmp costs a call.
static inline bool dfq__words_equal(const uint64_t *a, const uint64_t *b, size_t words) {
  for (size_t w = 0; w < words; w++)
    if (a[w] != b[w]) return false;
  return true;
}

// Makes the index anew, of 1 << lg slots: by hash, or by the key itself when direct. Every key
// is put in by its number. Hashes are not kept, they cost less to compute again than to load.
// False without memory, and the table is as it was.
static bool dfq__table_index(dfq__hash_table *t, int lg, bool direct) {
  uint32_t *slot = dfq__slots_make(t->heap, lg);
  size_t mask = ((size_t)1 << lg) - 1;
  if (!slot) return false;
  for (size_t i = 0; i < t->count; i++) {
    const uint64_t *key = dfq__table_key(t, i);
    size_t at = direct ? (size_t)*key
                       : (size_t)(dfq__hash_words(key, t->words, t->seed) >> (64 - lg));
    while (slot[at] != DFQ__EMPTY) at = (at + 1) & mask;
    slot[at] = (uint32_t)i;
  }
  dfq__free(t->heap, t->slot, ((size_t)1 << t->lg) * sizeof *slot);
  t->slot = slot;
  t->lg = lg;
  t->direct = direct;
  return true;
}

// Four times the slots. By four and not by two: a doubling pays for the re-hash twice as often,
// and slots are only 4 bytes.
static bool dfq__table_grow(dfq__hash_table *t) {
  return t->lg <= 31 && dfq__table_index(t, t->lg + 2, false);
}

// Where a key is, or the empty slot where it would go. Ends because at least half of the slots
// are empty.
static inline size_t dfq__table_probe(const dfq__hash_table *t, const uint64_t *key,
                                      uint64_t hash) {
  size_t mask = ((size_t)1 << t->lg) - 1, at = (size_t)(hash >> (64 - t->lg));
  while (t->slot[at] != DFQ__EMPTY &&
         !dfq__words_equal(dfq__table_key(t, t->slot[at]), key, t->words))
    at = (at + 1) & mask;
  return at;
}

enum { DFQ__HASHED = 256 };   // rows hashed and prefetched ahead of their probes

// The numbers of n keys; new keys get new numbers. False without memory.
//
// Room for all keys of a piece is made before the first is put in, so that nothing moves inside
// the loops. The hashes come first: by the time a slot is read, its prefetch is under way, and
// some eight misses overlap instead of following each other.
static bool dfq__find_or_add_hashed(dfq__hash_table *t, const uint64_t *key, size_t n,
                                    uint32_t *number) {
  uint64_t hash[DFQ__HASHED];
  for (size_t from = 0; from < n; from += DFQ__HASHED) {
    size_t m = dfq__min(n - from, DFQ__HASHED);
    const uint64_t *k = key + from * t->words;
    while (2 * (t->count + m) > (size_t)1 << t->lg)
      if (!dfq__table_grow(t)) return false;
    if (!dfq__buffer_reserve(t->heap, &t->key, (t->count + m) * t->words * 8 + 8)) return false;
    uint64_t *kept = (uint64_t *)(void *)t->key.data;
    for (size_t i = 0; i < m; i++) {
      hash[i] = dfq__hash_words(k + i * t->words, t->words, t->seed);
      DFQ__PREFETCH(&t->slot[hash[i] >> (64 - t->lg)]);
    }
    for (size_t i = 0; i < m; i++) {
      size_t at = dfq__table_probe(t, k + i * t->words, hash[i]);
      if (t->slot[at] == DFQ__EMPTY) {
        memcpy(kept + t->count * t->words, k + i * t->words, t->words * 8);
        t->slot[at] = (uint32_t)t->count++;
      }
      number[from + i] = t->slot[at];
    }
  }
  return true;
}

// The same where the key is the place. Most batches bring no new key: one pass over them, and
// only where it met an empty place a second one.
static bool dfq__find_or_add_direct(dfq__hash_table *t, const uint64_t *key, size_t n,
                                    uint32_t *number) {
  bool any_new = false;
  for (size_t i = 0; i < n; i++) {
    number[i] = t->slot[key[i]];
    any_new |= number[i] == DFQ__EMPTY;
  }
  if (!any_new) return true;
  if (!dfq__buffer_reserve(t->heap, &t->key, (t->count + n) * 8 + 8)) return false;
  uint64_t *kept = (uint64_t *)(void *)t->key.data;
  for (size_t i = 0; i < n; i++) {
    uint32_t *slot = &t->slot[key[i]];
    if (*slot == DFQ__EMPTY) {
      kept[t->count] = key[i];
      *slot = (uint32_t)t->count++;
    }
    number[i] = *slot;
  }
  return true;
}

static bool dfq__find_or_add(dfq__hash_table *t, const uint64_t *key, size_t n,
                             uint32_t *number) {
  return t->direct ? dfq__find_or_add_direct(t, key, n, number)
                   : dfq__find_or_add_hashed(t, key, n, number);
}

// Reads only, so that several threads may probe one finished table.
// The numbers of n keys, DFQ__EMPTY for those that are not there. As above, hashes come first:
// the misses of a piece overlap.
static void dfq__find(const dfq__hash_table *t, const uint64_t *key, size_t n,
                      uint32_t *number) {
  uint64_t hash[DFQ__HASHED];
  for (size_t i = 0; t->direct && i < n; i++)
    number[i] = key[i] >> t->lg ? DFQ__EMPTY : t->slot[key[i]];
  for (size_t from = 0; !t->direct && from < n; from += DFQ__HASHED) {
    size_t m = dfq__min(n - from, DFQ__HASHED);
    const uint64_t *k = key + from * t->words;
    for (size_t i = 0; i < m; i++) {
      hash[i] = dfq__hash_words(k + i * t->words, t->words, t->seed);
      DFQ__PREFETCH(&t->slot[hash[i] >> (64 - t->lg)]);
    }
    for (size_t i = 0; i < m; i++)
      number[from + i] = t->slot[dfq__table_probe(t, k + i * t->words, hash[i])];
  }
}

// ---- >>dictionary: strings to numbers -------------------------------------------------------
// Idea. The same table for strings: equal text, equal number. With it a string key is one word
// like any other, so that keys of several columns need no bytes compared.
//
//   text      "EU"  "US"  "EU"  "Asia"         Each number stands for the text seen first.
//   number      0     1     0     2            views: [ EU | US | Asia ], in order of numbers
//
// A view decides most comparisons by its length and first four bytes; texts of 12 bytes and
// fewer need nothing else, longer ones that agree so far are compared byte by byte. The
// dictionary owns copies of long texts, because the batch they came with is gone soon.
//
// Cost: a hash over the text and a look-up a row. Where the input is dictionary-encoded already
// (Parquet, Arrow), larger engines translate each distinct text once instead of once a row.

typedef struct dfq__dictionary {
  dfq__heap *heap;
  uint64_t seed;
  uint32_t *slot;
  int lg;
  size_t count;
  dfq__buffer view;      // dfq_view of each number
  dfq__arena strings;    // the long texts that views point to
} dfq__dictionary;

// Starts small, with 256 slots: a query with many string columns has many dictionaries, and
// most of them stay at a few dozen texts.
static bool dfq__dictionary_init(dfq__dictionary *d, dfq__heap *heap, uint64_t seed) {
  memset(d, 0, sizeof *d);
  d->heap = d->strings.heap = heap;
  d->seed = seed;
  d->lg = 8;
  d->slot = (uint32_t *)dfq__alloc(heap, ((size_t)1 << d->lg) * sizeof *d->slot);
  if (!d->slot) return false;
  memset(d->slot, 0xff, ((size_t)1 << d->lg) * sizeof *d->slot);
  return true;
}

// Harmless on a zeroed dictionary, and when called twice.
static void dfq__dictionary_free(dfq__dictionary *d) {
  if (!d->heap) return;
  dfq__free(d->heap, d->slot, ((size_t)1 << d->lg) * sizeof *d->slot);
  dfq__buffer_free(d->heap, &d->view);
  dfq__arena_release(&d->strings, 0);
  memset(d, 0, sizeof *d);
}

// Borrowed until the next text is added; the texts themselves stay.
static const dfq_view *dfq__dictionary_views(const dfq__dictionary *d) {
  return (const dfq_view *)(const void *)d->view.data;
}

// A short text is hashed as the view's two words, without a loop: its unused bytes are zero, so
// equal texts have equal words. A long one must be hashed by its bytes: its second word is a
// pointer.
static inline uint64_t dfq__hash_view(const dfq_view *v, uint64_t seed) {
  uint64_t a, b;
  if (v->len > DFQ__INLINE) return dfq__hash_bytes(dfq__view_chars(v), v->len, seed);
  dfq__view_words(v, &a, &b);
  return dfq__hash_more(dfq__hash_word(a, seed), b);
}

// The slot of this text, or the empty one where it would go. Writes nothing.
static size_t dfq__dictionary_probe(const dfq__dictionary *d, const dfq_view *v) {
  const dfq_view *views = dfq__dictionary_views(d);
  size_t mask = ((size_t)1 << d->lg) - 1;
  size_t at = (size_t)(dfq__hash_view(v, d->seed) >> (64 - d->lg));
  while (d->slot[at] != DFQ__EMPTY && !dfq__view_equal(&views[d->slot[at]], v))
    at = (at + 1) & mask;
  return at;
}

// As the hash table grows. The old slots may go first: the views know all that is needed.
static bool dfq__dictionary_grow(dfq__dictionary *d) {
  size_t old = (size_t)1 << d->lg, slots = old * 4;
  if (d->lg > 31) return false;            // numbers are 32 bits
  uint32_t *slot = (uint32_t *)dfq__alloc(d->heap, slots * sizeof *slot);
  if (!slot) return false;
  memset(slot, 0xff, slots * sizeof *slot);
  dfq__free(d->heap, d->slot, old * sizeof *slot);
  d->slot = slot;
  d->lg += 2;
  for (size_t i = 0; i < d->count; i++)
    d->slot[dfq__dictionary_probe(d, dfq__dictionary_views(d) + i)] = (uint32_t)i;
  return true;
}

// The number of a text, new ones added. DFQ__EMPTY without memory.
static uint32_t dfq__dictionary_add(dfq__dictionary *d, const dfq_view *v) {
  if (2 * (d->count + 1) > (size_t)1 << d->lg && !dfq__dictionary_grow(d)) return DFQ__EMPTY;
  size_t at = dfq__dictionary_probe(d, v);
  if (d->slot[at] != DFQ__EMPTY) return d->slot[at];
  if (!dfq__buffer_reserve(d->heap, &d->view, (d->count + 1) * sizeof *v)) return DFQ__EMPTY;
  dfq_view *to = (dfq_view *)(void *)d->view.data + d->count;
  *to = *v;
  if (!dfq__strings_keep(&d->strings, to, NULL, 1)) return DFQ__EMPTY;
  return d->slot[at] = (uint32_t)d->count++;
}

// ---- >>key-words: columns to words ----------------------------------------------------------
// Idea. Each key column becomes one word a row: integers and dates as they are, floats by their
// bits (after -0.0 became 0.0 and every NaN the same NaN), strings by their number in a
// dictionary. Words are equal exactly when the values are, so the table above never needs to
// know a type.
//
// Most words are small, or close to each other: years, codes, ids, numbers of texts. So as long
// as they fit, the words of all columns are packed into one, a field for each, just wide enough
// for what was seen so far; 0 in a field is null, and the least word seen is 1:
//
//   region 'EU' (0 of 0 .. 4), year 2023 (of 2020 .. 2026)   ->   | 001 | 0100 |   = 20
//
// A packed key is hashed and compared as one word, and when all fields together are a few bits,
// it is the place in an array, with no hash at all (data.table packs this way; DuckDB calls the
// array a perfect hash table). The fields are not known when the run begins: the first batch
// sets them, and a value that does not fit widens them. Keys known by then are packed anew, and
// keep their numbers. Every widening adds a bit at least, so there are few.
//
// Where 63 bits are not enough, or with floats, a key is a row of words, one for each column
// and one more with a bit for each that is null, whose word is 0:
//
//   price 9.99, year null    ->   [ 0x4023fae147ae147b | 0 | null bits 10 ]
//
// Whether nulls may match at all is not decided here: a group_by wants them to be one group, a
// join drops such rows before it looks.
//
// The way back is as simple: a group's key columns are read off the table's keys, without the
// input. Cost: half a nanosecond a row and column.

enum {
  DFQ__MAX_KEYS = 64,      // a bit for each in the word of null bits
  DFQ__PACKED_BITS = 63,   // the most: so that no key is UINT64_MAX, which stands for none
  DFQ__DIRECT_BITS = 22    // the most that are an array's place
};

// A column's field in packed keys.
typedef struct dfq__packing {
  uint64_t base;              // the word that is 1 in the field
  int shift, bits;            // bits 0: nothing but nulls so far
} dfq__packing;

typedef struct dfq__key_set {
  dfq__heap *heap;
  int columns;
  dfq_type *type;             // of each column
  dfq__dictionary *words;     // of string columns; the others' are not initialised
  dfq__packing *pack;         // of each column
  bool packed;                // keys are one word; else columns + 1
  int bits;                   // of all fields together
  size_t seen;                // rows: an array may be as large as they are worth
  dfq__hash_table table;      // the number of each combination
  dfq__buffer scratch;        // keys of a batch
  dfq__buffer column;         // words of one of its columns
} dfq__key_set;

// False without memory; dfq__keys_free is owed either way.
static bool dfq__keys_init(dfq__key_set *k, dfq *db, const dfq_type *type, int columns) {
  size_t n = (size_t)columns + 1;
  memset(k, 0, sizeof *k);
  k->heap = db->heap;
  k->columns = columns;
  k->packed = true;
  k->type = (dfq_type *)dfq__alloc_zero(db->heap, n, sizeof *k->type);
  k->words = (dfq__dictionary *)dfq__alloc_zero(db->heap, n, sizeof *k->words);
  k->pack = (dfq__packing *)dfq__alloc_zero(db->heap, n, sizeof *k->pack);
  if (!k->type || !k->words || !k->pack) return false;
  for (int c = 0; c < columns; c++) {
    k->type[c] = type[c];
    if (type[c] == DFQ_F64) k->packed = false;
    if (type[c] == DFQ_STR && !dfq__dictionary_init(&k->words[c], db->heap, db->seed))
      return false;
  }
  return dfq__table_init(&k->table, db->heap, db->seed, k->packed ? 1 : n);
}

// Also after a dfq__keys_init that failed half way: what is still zero is passed over.
static void dfq__keys_free(dfq__key_set *k) {
  size_t n = (size_t)k->columns + 1;
  if (!k->heap) return;
  for (int c = 0; k->words && c < k->columns; c++) dfq__dictionary_free(&k->words[c]);
  dfq__free(k->heap, k->type, n * sizeof *k->type);
  dfq__free(k->heap, k->words, n * sizeof *k->words);
  dfq__free(k->heap, k->pack, n * sizeof *k->pack);
  dfq__table_close(&k->table);
  dfq__buffer_free(k->heap, &k->scratch);
  dfq__buffer_free(k->heap, &k->column);
  memset(k, 0, sizeof *k);
}

// -- values to words

// Equal floats must be equal bits: -0.0 becomes 0.0 and every NaN the one quiet NaN.
static uint64_t dfq__f64_word(double v) {
  uint64_t w;
  if (v == 0) v = 0;
  if (v != v) return 0x7ff8000000000000u;
  memcpy(&w, &v, 8);
  return w;
}

// A float as a value that stands for all its equals: 0.0 for -0.0, the one NaN. Others stay.
static void dfq__make_canonical(dfq_value *v) {
  if (v->type != DFQ_F64) return;
  uint64_t word = dfq__f64_word(v->as.f);
  memcpy(&v->as.f, &word, sizeof word);
}

// The numbers of n texts. add: new ones get a number; else they are DFQ__EMPTY, which matches
// nothing, since no dictionary gets that far. Nulls are not looked at. False without memory.
static bool dfq__key_texts(dfq__dictionary *d, const dfq__vec *v, size_t n, uint64_t *word,
                           bool add) {
  const dfq_view *view = (const dfq_view *)v->data;
  for (size_t i = 0; i < n; i++) {
    if (v->valid && !v->valid[i]) continue;
    uint32_t number = add ? dfq__dictionary_add(d, &view[i])
                          : d->slot[dfq__dictionary_probe(d, &view[i])];
    if (add && number == DFQ__EMPTY) return false;
    word[i] = number;
  }
  return true;
}

// One column's n rows as words; what stands where a value is null means nothing. i32 is widened
// with its sign, so that the way back is a truncation. False without memory.
static bool dfq__key_column(dfq__key_set *k, int c, const dfq__vec *v, size_t n, uint64_t *word,
                            bool add) {
  memset(word, 0, v->valid ? n * sizeof *word : 0);
  switch (dfq__size_of(v->type)) {
    case 1: for (size_t i = 0; i < n; i++) word[i] = ((const uint8_t *)v->data)[i]; return true;
    case 4:
      for (size_t i = 0; i < n; i++)
        word[i] = (uint64_t)(int64_t)((const int32_t *)v->data)[i];
      return true;
    case 8:
      if (v->type != DFQ_F64) memcpy(word, v->data, n * sizeof *word);
      else for (size_t i = 0; i < n; i++) word[i] = dfq__f64_word(((const double *)v->data)[i]);
      return true;
    default: return dfq__key_texts(&k->words[c], v, n, word, add);
  }
}

// The inverse for one value.
static void dfq__word_put(const dfq__key_set *k, int c, uint64_t word, bool valid, void *data,
                          size_t i) {
  switch (dfq__size_of(k->type[c])) {
    case 1: ((uint8_t *)data)[i] = (uint8_t)word; break;
    case 4: ((int32_t *)data)[i] = (int32_t)(int64_t)word; break;
    case 8: ((uint64_t *)data)[i] = word; break;
    default:
      ((dfq_view *)data)[i] = valid ? dfq__dictionary_views(&k->words[c])[word]
                                    : dfq__view_of("", 0);
  }
}

// -- packing

// What stands in a column's field of a packed key: 0 for null.
static uint64_t dfq__field(const dfq__packing *p, uint64_t key) {
  return key >> p->shift & (((uint64_t)1 << p->bits) - 1);
}

// Widens a column's field by the words of a batch; nulls do not count. What the field can hold
// by now it may hold already, so its new range takes all of that in. A range that is close to 0
// begins at 0, another a little below its least word, so that what comes later often fits.
static void dfq__pack_widen(dfq__packing *p, const uint64_t *word, const uint8_t *valid,
                            size_t n) {
  int64_t low = INT64_MAX, high = INT64_MIN;
  if (p->bits) {
    low = (int64_t)p->base;
    high = (int64_t)(p->base + ((uint64_t)1 << p->bits) - 2);
    if (high < low) high = INT64_MAX;
  }
  for (size_t i = 0; i < n; i++) {
    int64_t v = (int64_t)word[i];
    if (valid && !valid[i]) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  uint64_t range = (uint64_t)high - (uint64_t)low;
  p->base = (uint64_t)low - dfq__min(range / 8, (uint64_t)low - (uint64_t)INT64_MIN);
  if (low >= 0 && (uint64_t)low <= range) p->base = 0;
  uint64_t most = (uint64_t)high - p->base + 1;
  for (p->bits = 1; p->bits <= DFQ__PACKED_BITS && (most == 0 || most >> p->bits);) p->bits++;
}

// Lays the fields out side by side; false when they need too many bits.
static bool dfq__pack_layout(dfq__key_set *k) {
  k->bits = 0;
  for (int c = 0; c < k->columns; c++) {
    k->pack[c].shift = k->pack[c].bits ? k->bits : 0;
    k->bits += k->pack[c].bits;
  }
  return k->bits <= DFQ__PACKED_BITS;
}

// May the keys be places in an array? Not in one that is larger than what it is worth: a small
// query should not clear megabytes.
static bool dfq__keys_small(const dfq__key_set *k) {
  return k->packed && k->bits <= DFQ__DIRECT_BITS &&
         (size_t)1 << k->bits <= dfq__max(4096, 2 * k->seen);
}

// The index for the keys there are.
static bool dfq__keys_index(dfq__key_set *k) {
  dfq__hash_table *t = &k->table;
  int lg = 10;
  if (dfq__keys_small(k)) return dfq__table_index(t, k->bits, true);
  while ((size_t)1 << lg < 2 * t->count + 2) lg++;
  return dfq__table_index(t, lg, false);
}

// A packed key under old fields as a row of words: its columns', then the null bits.
static void dfq__unpack(const dfq__packing *old, int columns, uint64_t key, uint64_t *row) {
  row[columns] = 0;
  for (int c = 0; c < columns; c++) {
    uint64_t field = dfq__field(&old[c], key);
    row[c] = field ? field - 1 + old[c].base : 0;
    row[columns] |= field ? 0 : (uint64_t)1 << c;
  }
}

// Packs all keys by the new fields, or makes them rows of words when they no longer fit in one.
// old: the fields they are packed by now. False without memory: the set is good for nothing.
static bool dfq__keys_repack(dfq__key_set *k, const dfq__packing *old, bool fits) {
  dfq__hash_table *t = &k->table;
  size_t words = (size_t)k->columns + 1;
  uint64_t row[DFQ__MAX_KEYS + 1];
  k->packed = fits;
  if (!fits && !dfq__buffer_reserve(k->heap, &t->key, t->count * words * 8 + 64)) return false;
  uint64_t *key = (uint64_t *)(void *)t->key.data;
  for (size_t i = t->count; i-- > 0;) {      // from the end, as rows are longer
    dfq__unpack(old, k->columns, key[i], row);
    if (!fits) { memcpy(key + i * words, row, words * 8); continue; }
    key[i] = 0;
    for (int c = 0; c < k->columns; c++)
      if (!(row[k->columns] >> c & 1))
        key[i] |= (row[c] - k->pack[c].base + 1) << k->pack[c].shift;
  }
  t->words = fits ? 1 : words;
  return dfq__keys_index(k);
}

// Widens the fields for the words of a batch's column that do not fit. *again: set, since what
// was packed of the batch so far is void.
static bool dfq__keys_widen(dfq__key_set *k, int c, const uint64_t *word, const uint8_t *valid,
                            size_t n, bool *again) {
  dfq__packing old[DFQ__MAX_KEYS];
  memcpy(old, k->pack, (size_t)k->columns * sizeof *old);
  dfq__pack_widen(&k->pack[c], word, valid, n);
  *again = true;
  return dfq__keys_repack(k, old, dfq__pack_layout(k));
}

// Puts a column's fields into the keys of a batch. Returns what they have set between them, by
// which the caller sees that one was too wide. A word below the base wraps to a large number;
// one just below, whose field would be the 0 of null, shows before the 1 is added.
static uint64_t dfq__pack_column(const dfq__packing *p, const uint64_t *word,
                                 const uint8_t *valid, size_t n, uint64_t *key) {
  uint64_t all = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t above = word[i] - p->base, there = valid ? 0 - (uint64_t)valid[i] : UINT64_MAX;
    all |= (above | (above + 1)) & there;
    key[i] |= ((above + 1) & there) << p->shift;
  }
  return all;
}

// Where a field was too wide, and no column is to be widened for it, the row is like no key.
static void dfq__pack_unknown(const dfq__packing *p, const uint64_t *word, const uint8_t *valid,
                              size_t n, uint64_t *key) {
  for (size_t i = 0; i < n; i++) {
    uint64_t above = word[i] - p->base;
    if ((!valid || valid[i]) && (above | (above + 1)) >> p->bits) key[i] = UINT64_MAX;
  }
}

// The packed keys of n rows. With add, may leave the set with wider fields, or unpacked:
// *again says that the caller should ask once more.
static bool dfq__keys_pack(dfq__key_set *k, const dfq__vec *column, size_t n, bool add,
                           uint64_t *key, bool *again) {
  uint64_t *word = (uint64_t *)(void *)k->column.data;
  memset(key, 0, n * sizeof *key);
  for (int c = 0; c < k->columns; c++) {
    const dfq__packing *p = &k->pack[c];
    const uint8_t *valid = column[c].valid;
    if (!dfq__key_column(k, c, &column[c], n, word, add)) return false;
    if (!(dfq__pack_column(p, word, valid, n, key) >> p->bits)) continue;
    if (add) return dfq__keys_widen(k, c, word, valid, n, again);
    dfq__pack_unknown(p, word, valid, n, key);
  }
  return true;
}

// The keys of n rows as rows of words.
static bool dfq__keys_rows(dfq__key_set *k, const dfq__vec *column, size_t n, bool add,
                           uint64_t *key) {
  size_t stride = k->table.words, nulls = stride - 1;
  uint64_t *word = (uint64_t *)(void *)k->column.data;
  for (size_t i = 0; i < n; i++) key[i * stride + nulls] = 0;
  for (int c = 0; c < k->columns; c++) {
    const uint8_t *valid = column[c].valid;
    if (!dfq__key_column(k, c, &column[c], n, word, add)) return false;
    for (size_t i = 0; i < n; i++) key[i * stride + (size_t)c] = word[i];
    for (size_t i = 0; valid && i < n; i++) {
      if (valid[i]) continue;
      key[i * stride + (size_t)c] = 0;
      key[i * stride + nulls] |= (uint64_t)1 << c;
    }
  }
  return true;
}

// -- a batch's keys, and keys' values

// The keys of n rows, in k->scratch: valid until the next call. NULL without memory. column: no
// constants. With add false nothing but k's buffers is written, so threads that have their own
// may share the rest.
static uint64_t *dfq__keys_words(dfq__key_set *k, const dfq__vec *column, size_t n, bool add) {
  bool again = true;
  if (!dfq__buffer_reserve(k->heap, &k->column, n * 8 + 8)) return NULL;
  while (again) {
    again = false;
    if (!dfq__buffer_reserve(k->heap, &k->scratch, n * k->table.words * 8 + 8)) return NULL;
    uint64_t *key = (uint64_t *)(void *)k->scratch.data;
    if (!(k->packed ? dfq__keys_pack(k, column, n, add, key, &again)
                    : dfq__keys_rows(k, column, n, add, key))) return NULL;
  }
  return (uint64_t *)(void *)k->scratch.data;
}

// The dense numbers of n rows' keys. False without memory.
static bool dfq__keys_add(dfq__key_set *k, const dfq__vec *column, size_t n, uint32_t *number) {
  k->seen += n;
  uint64_t *word = dfq__keys_words(k, column, n, true);
  if (!word) return false;
  if (!k->table.direct && dfq__keys_small(k) && !dfq__keys_index(k)) return false;
  return dfq__find_or_add(&k->table, word, n, number);
}

// The values of a key column for keys from .. from + n, back from words. Strings are views of
// the dictionary's copies: valid as long as the key set.
static void dfq__keys_get(const dfq__key_set *k, int c, size_t from, size_t n, void *data,
                          uint8_t *valid) {
  size_t stride = k->table.words;
  const uint64_t *key = dfq__table_key(&k->table, from);
  const dfq__packing *p = &k->pack[c];
  for (size_t i = 0; i < n; i++, key += stride) {
    uint64_t field = k->packed ? dfq__field(p, *key) : key[c];
    valid[i] = k->packed ? field != 0 : !(key[stride - 1] >> c & 1);
    dfq__word_put(k, c, k->packed ? field - 1 + p->base : field, valid[i], data, i);
  }
}

// For explain analyze.
static size_t dfq__keys_bytes(const dfq__key_set *k) {
  size_t bytes = dfq__table_bytes(&k->table) + k->scratch.bytes + k->column.bytes;
  for (int c = 0; k->words && c < k->columns; c++)
    bytes += k->words[c].view.bytes + dfq__arena_mark(&k->words[c].strings);
  return bytes;
}

// ---- >>exact-sum: float sums that no order can change ---------------------------------------
// Idea. Adding floats rounds, so the sum depends on the order, and the order on batches,
// threads and rules. dfq adds without rounding and rounds once, at the end: then every order
// gives the same bits.
//
// A double is an integer m (53 bits) times a power of two. The common case adds m, shifted, to
// a 128-bit integer that counts units of 2^-74:
//
//     value  ±m * 2^e        sum (128 bits)   ±sssssssss.....|.....sssss   units of 2^-74
//                            + m << (e + 74)
//
// It holds every value below 2^52 whose last bit is at least 2^-74, that is, all values from
// 2^-22 up and most smaller ones. What does not fit - tiny, huge, or an overflow of the 128
// bits - goes to a superaccumulator, a fixed-point number over the whole range of doubles in
// 32-bit digits (Neal, "Fast exact summation using small and large superaccumulators", 2015).
// inf and NaN are only noted.
//
//   0.1 + 0.2 + 0.3                   left to right 0.6000000000000001, right to left 0.6
//   1e16 + 1 - 1e16                   plain 0, or 1 when the big ones meet first; here always 1
//
// Cost: a shift, two additions and a test a value, where a plain sum has one addition. Other
// ways: Kahan or pairwise summation make the error small, but it still depends on the order;
// larger engines sum plainly, in the order in which threads happen to finish (DuckDB and
// ClickHouse offer a Kahan sum besides).

enum { DFQ__DIGITS = 70, DFQ__UNIT = -74, DFQ__LOWEST = -1088 };

typedef struct dfq__super {
  int64_t digit[DFQ__DIGITS];   // digit i counts 2^(DFQ__LOWEST + 32 i); any sign
  uint32_t adds;                // since carries were last taken; fewer than 2^29
  bool nan, plus_inf, minus_inf;
} dfq__super;

typedef struct dfq__sum {
  uint64_t low, high;           // a 128-bit two's complement integer
  dfq__super *super;            // NULL until needed; in the arena that is passed along
} dfq__sum;

// Brings every digit but the last to 0 .. 2^32 - 1; the last has the sign of the whole. Needs
// that >> of a negative number keeps the sign, as every compiler in use does.
static void dfq__super_carry(dfq__super *s) {
  for (int i = 0; i + 1 < DFQ__DIGITS; i++) {
    int64_t carry = s->digit[i] >> 32;
    s->digit[i] -= carry * ((int64_t)1 << 32);
    s->digit[i + 1] += carry;
  }
  s->adds = 0;
}

// Adds ±m * 2^e, for DFQ__LOWEST <= e <= 971 (the largest double's). m is cut at the borders of
// digits into three parts below 2^32, and a digit has 31 bits to spare: so carries are taken
// every 2^29 additions and not at each.
static void dfq__super_add(dfq__super *s, uint64_t m, int e, bool negative) {
  int at = (e - DFQ__LOWEST) / 32, shift = (e - DFQ__LOWEST) % 32;
  uint64_t low = m << shift, high = shift ? m >> (64 - shift) : 0;
  int64_t part[3] = { (int64_t)(low & 0xffffffffu), (int64_t)(low >> 32), (int64_t)high };
  // part[2] has at most 31 bits: shift is below 32, so at + 2 is the last digit that m reaches
  for (int i = 0; i < 3; i++) s->digit[at + i] += negative ? -part[i] : part[i];
  if (++s->adds >= 1u << 29) dfq__super_carry(s);
}

// The superaccumulator of a sum, made when it is first needed. NULL without memory.
static dfq__super *dfq__sum_super(dfq__sum *s, dfq__arena *arena) {
  if (!s->super) s->super = (dfq__super *)dfq__arena_alloc(arena, sizeof *s->super);
  return s->super;
}

// Moves the 128 bits to the superaccumulator.
static void dfq__sum_flush(dfq__super *to, dfq__sum *s) {
  bool negative = (int64_t)s->high < 0;
  uint64_t low = negative ? 0 - s->low : s->low;
  uint64_t high = negative ? ~s->high + (s->low == 0) : s->high;
  dfq__super_add(to, low, DFQ__UNIT, negative);
  dfq__super_add(to, high, DFQ__UNIT + 64, negative);
  s->low = s->high = 0;
}

// -- adding: 128 bits, and what they cannot take

// What the common case cannot take. False without memory.
static bool dfq__sum_slow(dfq__sum *s, double x, dfq__arena *arena) {
  uint64_t bits, m;
  memcpy(&bits, &x, 8);
  int e = (int)(bits >> 52 & 0x7ff);
  if ((bits << 1) == 0) return true;
  dfq__super *to = dfq__sum_super(s, arena);
  if (!to) return false;
  if (e == 0x7ff) {
    if (x != x) to->nan = true;
    else if (x > 0) to->plus_inf = true;
    else to->minus_inf = true;
    return true;
  }
  m = (bits & 0xfffffffffffffu) | (e ? (uint64_t)1 << 52 : 0);
  dfq__super_add(to, m, (e ? e : 1) - 1075, bits >> 63);
  return true;
}

// Adds one value. False without memory.
//
// shift = e + 74 places m in the 128 bits. Below 74 it leaves the sign and one bit free; as an
// unsigned number it is huge for exponents that are too small, so that one comparison finds
// what is tiny, huge, denormal, zero, inf or NaN. The sum overflows when both parts have a sign
// that it has not; then the full 128 bits go to the superaccumulator, and x begins them anew.
static inline bool dfq__sum_add(dfq__sum *s, double x, dfq__arena *arena) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  unsigned shift = (unsigned)(bits >> 52 & 0x7ff) - (1075 + DFQ__UNIT);
  if (!DFQ__LIKELY(shift < 74)) return dfq__sum_slow(s, x, arena);
  uint64_t m = (bits & 0xfffffffffffffu) | (uint64_t)1 << 52, sign = 0 - (bits >> 63);
  uint64_t low = shift < 64 ? m << shift : 0;
  uint64_t high = shift < 64 ? (shift ? m >> (64 - shift) : 0) : m << (shift - 64);
  low = (low ^ sign) - sign;                       // two's complement when negative
  high = (high ^ sign) + (sign & (low == 0));
  uint64_t sum_low = s->low + low, sum_high = s->high + high + (sum_low < low);
  if (!DFQ__LIKELY((int64_t)((s->high ^ sum_high) & (high ^ sum_high)) >= 0)) {
    dfq__super *to = dfq__sum_super(s, arena);
    if (!to) return false;
    dfq__sum_flush(to, s);
    s->low = low;
    s->high = high;
    return true;
  }
  s->low = sum_low;
  s->high = sum_high;
  return true;
}

// -- rounding, once, at the end

// m * 2^e, rounded to nearest even once; sticky: something below m was not 0. ldexp is given
// only what it need not round: the 53 bits (fewer for a denormal) that are kept here.
static double dfq__round_scaled(uint64_t m, int e, bool sticky, bool negative) {
  if (m == 0) return 0;
  int top = dfq__high_bit(m);
  int drop = top - 52;                              // bits beyond the 53 of a double
  if (e + top < -1022) drop = -1074 - e;            // denormal: fewer bits
  double v;
  if (drop <= 0) {
    v = ldexp((double)m, e);                        // exact; sticky cannot be: m is full then
  } else if (drop > 64) {
    v = 0;
  } else {
    uint64_t half = (uint64_t)1 << (drop - 1), kept = drop < 64 ? m >> drop : 0;
    uint64_t rest = drop < 64 ? m & (((uint64_t)1 << drop) - 1) : m;
    if (rest > half || (rest == half && (sticky || (kept & 1)))) kept++;
    v = ldexp((double)kept, e + drop);
  }
  return negative ? -v : v;
}

// After a carry the digits are a number as written on paper, and the first that is not 0 begins
// it; the next two fill its 64 bits, and of the rest it only matters whether there is any. s is
// used up: a negative number is turned over in place.
// The superaccumulator's value: its highest 64 bits, and whether anything is below them.
static double dfq__super_value(dfq__super *s) {
  if (s->nan || (s->plus_inf && s->minus_inf)) return (double)NAN;
  if (s->plus_inf || s->minus_inf) return s->plus_inf ? (double)INFINITY : -(double)INFINITY;
  dfq__super_carry(s);
  bool negative = s->digit[DFQ__DIGITS - 1] < 0;
  if (negative) {
    for (int i = 0; i < DFQ__DIGITS; i++) s->digit[i] = -s->digit[i];
    dfq__super_carry(s);
  }
  int top = DFQ__DIGITS - 1;
  while (top > 0 && s->digit[top] == 0) top--;
  uint64_t d[3] = { (uint64_t)s->digit[top], top > 0 ? (uint64_t)s->digit[top - 1] : 0,
                    top > 1 ? (uint64_t)s->digit[top - 2] : 0 };
  bool sticky = false;
  for (int i = 0; i + 2 < top; i++) sticky = sticky || s->digit[i] != 0;
  int free_bits = d[0] ? 31 - dfq__high_bit(d[0]) : 31;   // the top digit has at most 32 bits
  uint64_t m = (d[0] << 32 | d[1]) << free_bits;
  m |= free_bits ? d[2] >> (32 - free_bits) : 0;
  sticky = sticky || (free_bits < 32 && (d[2] << free_bits & 0xffffffffu) != 0);
  return dfq__round_scaled(m, DFQ__LOWEST + 32 * (top - 1) - free_bits, sticky, negative);
}

// The sum, rounded once. A sum without superaccumulator is 128 bits, which is short work. The
// state is not changed: values may still be added, and another aggregate may ask again.
static double dfq__sum_value(const dfq__sum *sum) {
  dfq__sum s = *sum;
  if (s.super) {
    dfq__super whole = *s.super;
    dfq__sum_flush(&whole, &s);
    return dfq__super_value(&whole);
  }
  bool negative = (int64_t)s.high < 0;
  uint64_t low = negative ? 0 - s.low : s.low;
  uint64_t high = negative ? ~s.high + (s.low == 0) : s.high;
  if (high == 0) return dfq__round_scaled(low, DFQ__UNIT, false, negative);
  int up = 63 - dfq__high_bit(high);
  uint64_t m = up ? high << up | low >> (64 - up) : high;
  return dfq__round_scaled(m, DFQ__UNIT + 64 - up, up ? (low << up) != 0 : low != 0, negative);
}

// from added to to, exactly. False without memory. to's superaccumulator is carried first, so
// that the other's digits fit on top, however near their limit they are. from stays as it was.
static bool dfq__sum_merge(dfq__sum *to, const dfq__sum *from, dfq__arena *arena) {
  dfq__sum part = *from;
  uint64_t low = to->low + part.low, high = to->high + part.high + (low < part.low);
  bool over = (int64_t)((to->high ^ high) & (part.high ^ high)) < 0;
  if (over || part.super) {
    dfq__super *s = dfq__sum_super(to, arena);
    if (!s) return false;
    dfq__sum_flush(s, &part);
    if (!from->super) return true;
    dfq__super_carry(s);
    for (int i = 0; i < DFQ__DIGITS; i++) s->digit[i] += from->super->digit[i];
    dfq__super_carry(s);
    s->nan = s->nan || from->super->nan;
    s->plus_inf = s->plus_inf || from->super->plus_inf;
    s->minus_inf = s->minus_inf || from->super->minus_inf;
    return true;
  }
  to->low = low;
  to->high = high;
  return true;
}

// ---- >>aggregates: running states -----------------------------------------------------------
// Idea. A group's state is a row of 64-bit words; the words of all groups stand side by side,
// so that the states of one group share a cache line:
//
//     group 0   [ sum low | sum high | super | count | min | seen ]
//     group 1   [ ...                                             ]
//               ^ aggregate 0: sum(x), mean(x)       ^ aggregate 1: min(y)
//
// Every aggregate is a class: its words, update (one batch, given the group's number of each
// row), and finish (a state to a value). States begin as zeros. Two need more than a state:
// median and quantile keep every value with its group's number, n_unique keeps a table of
// (group, value).
//
//   update   group [ 0 1 0 2 ]   x [ 5 7 1 null ]      state 0: 5 + 1   1: 7   2: nothing yet
//
// Why states by row and not a column for each aggregate: with a million groups each row meets
// one cache miss and not one per aggregate (measured: 12 against 33 ns a row for three). Nulls
// are passed over in update, so that "no value yet" is a count or a flag of 0 and needs no
// special start value. Larger engines add states for one group over many batches in registers
// (DuckDB's simple_update), and approximate aggregates: HyperLogLog, t-digest.

typedef struct dfq__aggs dfq__aggs;
typedef struct dfq__agg dfq__agg;

// Told apart by its address from the reasons that are the query's fault.
static const char dfq__agg_no_memory[] = "runs out of memory";

typedef struct dfq__agg_class {
  size_t words;   // of a state
  // Folds n values in, the i-th into the state of group[i]. x: no constant. False: no memory.
  bool (*update)(dfq__aggs *all, dfq__agg *a, const uint32_t *group, const dfq__vec *x,
                 size_t n);
  // *to comes in as null and stays so when there is no value. Texts are borrowed from the set.
  const char *(*finish)(dfq__aggs *all, dfq__agg *a, size_t group,
                        dfq_value *to); // why it failed
  // Folds a state of another set (same aggregate) into a group; from also keeps what is no
  // state.
  bool (*combine)(dfq__aggs *all, dfq__agg *a, size_t group, dfq__aggs *other, dfq__agg *from,
                  size_t from_group);
} dfq__agg_class;

struct dfq__agg {
  int fn;                      // DFQ__SUM, ...
  const dfq__agg_class *is;
  dfq_type in_type, type;      // of the argument (DFQ_NULL: none), of the result
  double q;                    // of quantile and median
  size_t offset;               // of its first word in a state
  dfq__buffer group, value;    // median, quantile: kept values (f64), and their groups (u32)
  size_t kept;                 // how many
  bool sorted_out;             // kept values stand by group, and group is no longer true
  dfq__buffer start;           // size_t: ... from where on
  dfq__key_set unique;         // n_unique: the (group, value) pairs met; begun when needed
};

struct dfq__aggs {
  dfq__heap *heap;
  dfq *db;
  dfq__arena arena;            // strings and superaccumulators
  dfq__agg *agg;
  int count;
  size_t stride;               // words of a state
  size_t groups;
  uint64_t row; // position of the batch's first row: morsel << 32, and rows within
  dfq__buffer state;
};

// -- counts and sums

// Borrowed until the set grows. With zero words it points at nothing that is the aggregate's.
static inline uint64_t *dfq__state(const dfq__aggs *all, const dfq__agg *a, size_t group) {
  return (uint64_t *)(void *)all->state.data + group * all->stride + a->offset;
}

// Only for vectors that are no constants: arguments are flattened before they come here.
static inline bool dfq__valid_at(const dfq__vec *x, size_t i) {
  return !x->valid || x->valid[i];
}

// count() counts rows; count(x) adds validity bytes, which are 0 or 1.
static bool dfq__count_update(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                              const dfq__vec *x, size_t n) {
  if (a->in_type == DFQ_NULL || !x->valid)
    for (size_t i = 0; i < n; i++) dfq__state(all, a, group[i])[0]++;
  else
    for (size_t i = 0; i < n; i++) dfq__state(all, a, group[i])[0] += x->valid[i];
  return true;
}

// Also n_unique's: both keep a count in word 0, and a count of nothing is 0, not null.
static const char *dfq__count_finish(dfq__aggs *all, dfq__agg *a, size_t group, dfq_value *to) {
  *to = dfq__value_int(DFQ_I64, (int64_t)dfq__state(all, a, group)[0]);
  return NULL;
}

// Integers: a 128-bit sum, so that only the total can overflow, whatever the order; and a
// count.
static bool dfq__sum_int_update(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                                const dfq__vec *x, size_t n) {
  const int64_t *v = (const int64_t *)x->data;
  for (size_t i = 0; i < n; i++) {
    if (!dfq__valid_at(x, i)) continue;
    uint64_t *s = dfq__state(all, a, group[i]), low = s[0] + (uint64_t)v[i];
    s[1] += (uint64_t)(v[i] >> 63) + (low < s[0]);
    s[0] = low;
    s[2]++;
  }
  return true;
}

// The 128 bits fit 64 when the upper word is nothing but the lower one's sign.
static const char *dfq__sum_int_result(const uint64_t *s, dfq_type type, dfq_value *to) {
  if (s[2] == 0) return NULL;
  *to = dfq__value_int(type, (int64_t)s[0]);
  return s[1] == (uint64_t)((int64_t)s[0] >> 63) ? NULL : "overflows i64";
}

static const char *dfq__sum_int_finish(dfq__aggs *all, dfq__agg *a, size_t group,
                                       dfq_value *to) {
  return dfq__sum_int_result(dfq__state(all, a, group), a->type, to);
}

// An exact sum counts units of 2^DFQ__UNIT; scaled back, the same 128 bits are an integer.
// 128 bits to the nearest double, then one division.
static double dfq__wide_to_f64(uint64_t low, uint64_t high) {
  dfq__sum s = { low, high, NULL };
  return ldexp(dfq__sum_value(&s), -DFQ__UNIT);
}

static const char *dfq__mean_int_finish(dfq__aggs *all, dfq__agg *a, size_t group,
                                        dfq_value *to) {
  const uint64_t *s = dfq__state(all, a, group);
  if (s[2]) *to = dfq__value_f64(dfq__wide_to_f64(s[0], s[1]) / (double)s[2]);
  return NULL;
}

// Floats: an exact sum (3 words), and a count.
static bool dfq__sum_f64_update(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                                const dfq__vec *x, size_t n) {
  const double *v = (const double *)x->data;
  for (size_t i = 0; i < n; i++) {
    if (!dfq__valid_at(x, i)) continue;
    uint64_t *s = dfq__state(all, a, group[i]);
    if (!dfq__sum_add((dfq__sum *)(void *)s, v[i], &all->arena)) return false;
    s[3]++;
  }
  return true;
}

static const char *dfq__sum_f64_finish(dfq__aggs *all, dfq__agg *a, size_t group,
                                       dfq_value *to) {
  uint64_t *s = dfq__state(all, a, group);
  if (s[3]) *to = dfq__value_f64(dfq__sum_value((const dfq__sum *)(void *)s));
  return NULL;
}

static const char *dfq__mean_f64_finish(dfq__aggs *all, dfq__agg *a, size_t group,
                                        dfq_value *to) {
  uint64_t *s = dfq__state(all, a, group);
  if (s[3]) *to = dfq__value_f64(dfq__sum_value((const dfq__sum *)(void *)s) / (double)s[3]);
  return NULL;
}

// -- extremes, and strings in states

// min and max: word 0 is whether there is a value, word 1 the value. BETTER: whether v replaces
// old. The value is copied as bytes, because a state is words and a value may be a float.
#define DFQ__EXTREME(name, TYPE, BETTER)                                                       \
  static bool name(dfq__aggs *all, dfq__agg *a, const uint32_t *group, const dfq__vec *x,      \
                   size_t n) {                                                                 \
    const TYPE *value = (const TYPE *)x->data;                                                 \
    for (size_t i = 0; i < n; i++) {                                                           \
      if (!dfq__valid_at(x, i)) continue;                                                      \
      uint64_t *s = dfq__state(all, a, group[i]);                                              \
      TYPE v = value[i], old;                                                                  \
      memcpy(&old, s + 1, sizeof old);                                                         \
      if (s[0] && !(BETTER)) continue;                                                         \
      memcpy(s + 1, &v, sizeof v);                                                             \
      s[0] = 1;                                                                                \
    }                                                                                          \
    return true;                                                                               \
  }
DFQ__EXTREME(dfq__min_bool, uint8_t, v < old)
DFQ__EXTREME(dfq__max_bool, uint8_t, v > old)
DFQ__EXTREME(dfq__min_i32, int32_t, v < old)
DFQ__EXTREME(dfq__max_i32, int32_t, v > old)
DFQ__EXTREME(dfq__min_i64, int64_t, v < old)
DFQ__EXTREME(dfq__max_i64, int64_t, v > old)
DFQ__EXTREME(dfq__min_f64, double, dfq__lt_float(v, old))
DFQ__EXTREME(dfq__max_f64, double, dfq__lt_float(old, v))
#undef DFQ__EXTREME

// Strings in a state: word 0 is 0 (none), 1 (kept in the arena) or 2 (still the batch's). The
// text that a group holds may change many times in a batch; only the one that holds at its end
// is copied. Copies that a later batch replaces stay in the arena until the end.
static bool dfq__strings_settle(dfq__aggs *all, dfq__agg *a, const uint32_t *group, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t *s = dfq__state(all, a, group[i]);
    if (s[0] != 2) continue;
    if (!dfq__strings_keep(&all->arena, (dfq_view *)(void *)(s + 1), NULL, 1)) return false;
    s[0] = 1;
  }
  return true;
}

// word 0 as for all strings, words 1 and 2 the view. Equal texts keep the one seen first.
static bool dfq__extreme_str(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                             const dfq__vec *x, size_t n) {
  const dfq_view *v = (const dfq_view *)x->data;
  for (size_t i = 0; i < n; i++) {
    if (!dfq__valid_at(x, i)) continue;
    uint64_t *s = dfq__state(all, a, group[i]);
    int order = s[0] ? dfq__view_compare(&v[i], (dfq_view *)(void *)(s + 1)) : 0;
    if (s[0] && (a->fn == DFQ__MIN ? order >= 0 : order <= 0)) continue;
    memcpy(s + 1, &v[i], sizeof *v);
    s[0] = 2;
  }
  return dfq__strings_settle(all, a, group, n);
}

// The value in words 1 and 2, as of the aggregate's type.
// For min, max and the edges. An extreme float is canonical (0.0 for -0.0, the one NaN),
// because which of two equal values came first depends on the threads.
static const char *dfq__kept_finish(dfq__aggs *all, dfq__agg *a, size_t group, dfq_value *to) {
  uint64_t *s = dfq__state(all, a, group);
  dfq__vec v = { a->type, false, s + 1, NULL };
  if (s[0] == 0 || s[0] == 3) return NULL;    // 3: a null was first or last
  dfq__vec_get(&v, 0, to);
  if (a->fn == DFQ__MIN || a->fn == DFQ__MAX) dfq__make_canonical(to);
  return NULL;
}

// -- first, last, any, all, n_unique

// first and last keep nulls; first_non_null and last_non_null pass them over. Word 0: 0 nothing
// yet, 3 a null, else a value in words 1 and 2. Word 3: the row's position, by which threads
// settle who was first.
static bool dfq__edge_update(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                             const dfq__vec *x, size_t n) {
  size_t size = dfq__size_of(x->type);
  bool first = a->fn == DFQ__FIRST || a->fn == DFQ__FIRST_NON_NULL;
  bool nulls = a->fn == DFQ__FIRST || a->fn == DFQ__LAST;
  for (size_t i = 0; i < n; i++) {
    uint64_t *s = dfq__state(all, a, group[i]);
    bool valid = dfq__valid_at(x, i);
    if ((first && s[0]) || (!valid && !nulls)) continue;
    s[0] = valid ? 2 : 3;
    s[3] = all->row + i;
    if (valid) memcpy(s + 1, (const char *)x->data + i * size, size);
  }
  if (x->type == DFQ_STR) return dfq__strings_settle(all, a, group, n);
  return true;
}

// any is decided by a true, all by a false; word 1 is whether that was met, word 0 whether
// there was a value.
static bool dfq__logic_update(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                              const dfq__vec *x, size_t n) {
  const uint8_t *v = (const uint8_t *)x->data;
  for (size_t i = 0; i < n; i++) {
    if (!dfq__valid_at(x, i)) continue;
    uint64_t *s = dfq__state(all, a, group[i]);
    s[1] |= (uint64_t)(v[i] == (a->fn == DFQ__ANY));   // met the value that decides
    s[0] = 1;
  }
  return true;
}

static const char *dfq__logic_finish(dfq__aggs *all, dfq__agg *a, size_t group, dfq_value *to) {
  const uint64_t *s = dfq__state(all, a, group);
  if (s[0]) *to = dfq__value_int(DFQ_BOOL, (s[1] != 0) == (a->fn == DFQ__ANY));
  return NULL;
}

// n_unique: a new (group, value) raises the group's count. Both are key columns of one table,
// so that all groups share it: a table per group would be mostly empty. Pairs with a null are
// kept too, but not counted.
static bool dfq__unique_update(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                               const dfq__vec *x, size_t n) {
  dfq_type type[2] = { DFQ_I64, a->in_type };
  dfq__arena scratch = { all->heap, NULL, NULL };
  if (!a->unique.heap && !dfq__keys_init(&a->unique, all->db, type, 2)) return false;
  int64_t *wide = (int64_t *)dfq__arena_array(&scratch, n + 1, sizeof *wide);
  uint32_t *number = (uint32_t *)dfq__arena_array(&scratch, n + 1, sizeof *number);
  bool ok = wide && number;
  for (size_t i = 0; ok && i < n; i++) wide[i] = group[i];
  dfq__vec column[2] = { { DFQ_I64, false, wide, NULL }, *x };
  size_t before = a->unique.table.count;
  ok = ok && dfq__keys_add(&a->unique, column, n, number);
  for (size_t i = 0; ok && i < n; i++) {
    if (number[i] < before) continue;
    before = (size_t)number[i] + 1;           // numbers are given in the order of rows
    if (dfq__valid_at(x, i)) dfq__state(all, a, group[i])[0]++;
  }
  dfq__arena_release(&scratch, 0);
  return ok;
}

// ---- >>spread: variance, median and quantile ------------------------------------------------
// Idea. variance = (sum(x^2) - sum(x)^2 / n) / (n - 1). The textbook's formula loses everything
// to cancellation when it is computed with doubles: for 1e9, 1e9 + 1, 1e9 + 2 both terms are
// 3e18, and doubles there are 512 apart. Here both sums are exact: x^2 is two doubles, p
// rounded and e its error (Dekker, "A floating-point technique for extending the available
// precision", 1971), and the three sums x, p, e are exact sums. The difference, times n, is
// then an exact sum of products and is rounded once: equal values have the variance 0, and no
// order matters.
//
//   x * x = p + e      [ 53 bits of p ][ 53 bits of e ]      e is at most half of p's last bit
//
// Larger engines update a running mean and a sum of squared distances (Welford, 1962) and merge
// those of threads by Chan's formula: stable, but the last bits depend on the order. The limit
// here: x^2 must fit a double, so values beyond 1e154 have no variance (it is NaN), and that of
// values below 1e-150 is less exact.
//
// Quantiles need all values. They are kept with their groups' numbers; in the end a counting
// sort puts each group's side by side, and quickselect finds the rank, O(n) on average. Larger
// engines do the same for exact quantiles, and offer a sketch of fixed size besides.

// -- arithmetic with pairs of doubles

typedef struct dfq__pair { double high, low; } dfq__pair;   // high + low, unevaluated

// The upper 26 bits of a float, rounded; what is left, a - that, has 26 bits and a sign. Dekker
// splits with a multiplication; bits are taken here because a compiler that fuses multiply and
// add (gcc does, where the machine can) would spoil his.
static double dfq__upper_half(double a) {
  const uint64_t low = ((uint64_t)1 << 27) - 1;
  uint64_t bits;
  memcpy(&bits, &a, 8);
  bits = (bits + (low + 1) / 2) & ~low;
  memcpy(&a, &bits, 8);
  return a;
}

// a * b exactly, as the rounded product and its error. Only products that under- or overflow
// lose the error.
static dfq__pair dfq__two_product(double a, double b) {
  double p = a * b, ah = dfq__upper_half(a), bh = dfq__upper_half(b), al = a - ah, bl = b - bh;
  double hh = ah * bh, hl = ah * bl, lh = al * bh, ll = al * bl;
  dfq__pair r = { p, ((hh - p) + hl + lh) + ll };
  if (p - p != 0 || r.low - r.low != 0) r.low = 0;
  return r;
}

// -- var and std

// One value into a state of ten words: sum x (3), sum p (3), sum e * 2^53 (3), count. The
// errors are scaled up to the size of the squares, so that they too fit the fast 128 bits.
static bool dfq__spread_add(uint64_t *s, double x, dfq__arena *arena) {
  dfq__pair square = dfq__two_product(x, x);
  s[9]++;
  return dfq__sum_add((dfq__sum *)(void *)s, x, arena) &&
         dfq__sum_add((dfq__sum *)(void *)(s + 3), square.high, arena) &&
         dfq__sum_add((dfq__sum *)(void *)(s + 6), ldexp(square.low, 53), arena);
}

// An exact sum as three doubles whose sum it is: 159 bits, which hold the 128 of every common
// sum.
static void dfq__sum_parts(const uint64_t *words, int scale, double part[3]) {
  dfq__super room;
  dfq__arena none = { NULL, NULL, NULL }; // the superaccumulator is here: nothing is allocated
  dfq__sum s = *(const dfq__sum *)(const void *)words;
  if (s.super) room = *s.super;
  else memset(&room, 0, sizeof room);
  s.super = &room;
  for (int i = 0; i < 3; i++) {
    double v = dfq__sum_value(&s);
    part[i] = ldexp(v, scale);
    if (v - v != 0) { part[1] = part[2] = 0; return; }
    (void)dfq__sum_slow(&s, -v, &none);
  }
}

// a * b added exactly. to has its superaccumulator already.
static void dfq__sum_product(dfq__sum *to, double a, double b) {
  dfq__arena none = { NULL, NULL, NULL };
  dfq__pair p = dfq__two_product(a, b);
  (void)dfq__sum_slow(to, p.high, &none);
  (void)dfq__sum_slow(to, p.low, &none);
}

// The sample variance of a spread's words; needs a count of two or more. n * sum x^2 - (sum
// x)^2 is itself an exact sum of products, rounded once, so that equal values have the variance
// 0, not a rounding error. Squares of squares must fit a double: very large and very small
// values are scaled by a power of two, which is exact.
static double dfq__spread_variance(const uint64_t *s) {
  double n = (double)s[9], x[3], p[3], e[3];
  double size = dfq__sum_value((const dfq__sum *)(const void *)(s + 3));
  int scale = size > 1e270 ? -256 : size < 1e-200 ? 256 : 0;
  dfq__super room;
  dfq__sum numerator = { 0, 0, &room };
  memset(&room, 0, sizeof room);
  dfq__sum_parts(s, scale, x);
  dfq__sum_parts(s + 3, 2 * scale, p);
  dfq__sum_parts(s + 6, 2 * scale - 53, e);
  if (x[0] - x[0] != 0 || p[0] - p[0] != 0) return (double)NAN;
  for (int i = 0; i < 3; i++) {
    dfq__sum_product(&numerator, n, p[i]);
    dfq__sum_product(&numerator, n, e[i]);
    for (int j = 0; j < 3; j++) dfq__sum_product(&numerator, -x[i], x[j]);
  }
  double v = dfq__sum_value(&numerator);
  if (v < 0) v = 0;   // only where bits beyond 159 were cut off
  v = v / n;
  return ldexp(v / (n - 1), -2 * scale);
}

static bool dfq__spread_update(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                               const dfq__vec *x, size_t n) {
  const double *v = (const double *)x->data;
  for (size_t i = 0; i < n; i++)
    if (dfq__valid_at(x, i) &&
        !dfq__spread_add(dfq__state(all, a, group[i]), v[i], &all->arena))
      return false;
  return true;
}

// Of fewer than two values there is no sample variance: null, as in SQL.
static const char *dfq__spread_finish(dfq__aggs *all, dfq__agg *a, size_t group,
                                      dfq_value *to) {
  const uint64_t *s = dfq__state(all, a, group);
  if (s[9] < 2) return NULL;
  double v = dfq__spread_variance(s);
  *to = dfq__value_f64(a->fn == DFQ__STD ? sqrt(v) : v);
  return NULL;
}

// -- median and quantile

// Puts the k-th smallest of v[0 .. n), k < n, at v[k], with none greater before it and none
// smaller after it (Hoare's quickselect, 1961).
//
//   after a pass   lo ... j | i ... hi     left <= pivot <= right; only k's part goes on
//
// Both scans stop at values equal to the pivot, which bounds them without a test of the index,
// and splits runs of equal values in the middle. The pivot is taken at random from a fixed
// seed: sorted input is no worst case, and the same values take the same steps every time.
static void dfq__select_nth(double *v, size_t n, size_t k) {
  size_t lo = 0, hi = n - 1;
  uint64_t random = n;
  while (lo < hi) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    double pivot = v[lo + (size_t)(random >> 33) % (hi - lo + 1)];
    size_t i = lo, j = hi;
    for (;;) {
      while (dfq__lt_float(v[i], pivot)) i++;
      while (dfq__lt_float(pivot, v[j])) j--;
      if (i >= j) break;
      double t = v[i];
      v[i++] = v[j];
      v[j--] = t;
    }
    if (i == j && k == i) return;      // both stopped at a value equal to the pivot
    if (k < i) hi = i - 1;
    else lo = i + (i == j);
  }
}

// A part (0 to 1) of the way from low to high, low <= high. -0.0 comes out as 0.0, so that it
// does not matter which of them was met first. When the distance overflows, the two ends are
// weighed instead.
static double dfq__between(double low, double high, double part) {
  if (low == high) return low + 0.0;
  double step = high - low;
  if (step - step != 0 && low - low == 0 && high - high == 0) {   // only the step is not finite
    step = high * part;
    low = low * (1 - part);
  } else {
    step = step * part;
  }
  return low + step + 0.0;
}

// The q-quantile by linear interpolation between the two nearest ranks. v is reordered.
static double dfq__quantile_of(double *v, size_t n, double q) {
  double at = q * (double)(n - 1);
  size_t k = (size_t)at;
  double part = at - (double)k;
  dfq__select_nth(v, n, k);
  double low = v[k], high = low;
  if (part == 0 || k + 1 >= n) return low + 0.0;
  for (size_t i = k + 1; i < n; i++)
    if (i == k + 1 || dfq__lt_float(v[i], high)) high = v[i];
  return dfq__between(low, high, part);
}

// Values of all groups go to one list as they come: an append is cheaper than a list per group,
// and the sort at the end runs once.
static bool dfq__keep_update(dfq__aggs *all, dfq__agg *a, const uint32_t *group,
                             const dfq__vec *x, size_t n) {
  if (!dfq__buffer_reserve(all->heap, &a->group, (a->kept + n) * 4)) return false;
  if (!dfq__buffer_reserve(all->heap, &a->value, (a->kept + n) * 8)) return false;
  uint32_t *g = (uint32_t *)(void *)a->group.data;
  double *v = (double *)(void *)a->value.data;
  for (size_t i = 0; i < n; i++) {
    if (!dfq__valid_at(x, i)) continue;
    g[a->kept] = group[i];
    v[a->kept++] = ((const double *)x->data)[i];
  }
  a->sorted_out = false;
  return true;
}

// Counting sort of the kept values by group: start[g] .. start[g + 1] are group g's. Counts
// are summed two places to the right; scattering then moves each start to its group's end, that
// is, one place to the left, and the array is right without another pass.
static bool dfq__keep_sort_out(dfq__aggs *all, dfq__agg *a) {
  dfq__buffer to = { NULL, NULL, 0 };
  if (!dfq__buffer_reserve(all->heap, &a->start, (all->groups + 2) * 8)) return false;
  if (!dfq__buffer_reserve(all->heap, &to, a->kept * 8 + 8)) return false;
  size_t *start = (size_t *)(void *)a->start.data;
  const uint32_t *g = (const uint32_t *)(const void *)a->group.data;
  const double *v = (const double *)(const void *)a->value.data;
  double *sorted = (double *)(void *)to.data;
  memset(start, 0, (all->groups + 2) * 8);
  for (size_t i = 0; i < a->kept; i++) start[g[i] + 2]++;
  for (size_t i = 2; i < all->groups + 2; i++) start[i] += start[i - 1];
  for (size_t i = 0; i < a->kept; i++) sorted[start[g[i] + 1]++] = v[i];
  dfq__buffer_free(all->heap, &a->value);
  a->value = to;
  a->sorted_out = true;
  return true;
}

// The first group that finishes pays for the sort. Values are reordered within their group,
// which a second call may find in any order.
static const char *dfq__keep_finish(dfq__aggs *all, dfq__agg *a, size_t group, dfq_value *to) {
  if (!a->sorted_out && !dfq__keep_sort_out(all, a)) return dfq__agg_no_memory;
  const size_t *start = (const size_t *)(const void *)a->start.data;
  size_t n = start[group + 1] - start[group];
  double *v = (double *)(void *)a->value.data + start[group];
  if (n) *to = dfq__value_f64(dfq__quantile_of(v, n, a->q));
  return NULL;
}

// ---- >>combine: states of several threads ---------------------------------------------------
// Idea. Each thread has groups of its own; in the end they are folded together:
//
//   state(a ++ b) = combine(state(a), state(b))
//
// An aggregate with this law can be computed in parts, and in no order of parts: counts add,
// extremes compare, exact sums add exactly, so not a bit depends on who was first. first and
// last are not free of order; they carry the position of their row, and the lower one wins.
// median, quantile and n_unique have nothing shorter than their values; those move over.
//
// Cost: one fold per group and thread, so it matters only with very many groups. There larger
// engines partition by the key's hash first, so that each partition's states are merged by one
// thread without waiting for others.
//
// Every function here folds group from_group of the set other into group of the set all, and
// leaves other as it is. False without memory.

// Of count.
static bool dfq__combine_add(dfq__aggs *all, dfq__agg *a, size_t group, dfq__aggs *other,
                             dfq__agg *from, size_t from_group) {
  dfq__state(all, a, group)[0] += dfq__state(other, from, from_group)[0];
  return true;
}

// Of integer sums and means: 128 bits with a carry, then the count.
static bool dfq__combine_int(dfq__aggs *all, dfq__agg *a, size_t group, dfq__aggs *other,
                             dfq__agg *from, size_t from_group) {
  uint64_t *s = dfq__state(all, a, group);
  const uint64_t *t = dfq__state(other, from, from_group);
  uint64_t low = s[0] + t[0];
  s[1] += t[1] + (low < s[0]);
  s[0] = low;
  s[2] += t[2];
  return true;
}

// Exact sums one behind the other, then a count.
static bool dfq__combine_sums(dfq__aggs *all, dfq__agg *a, size_t group, dfq__aggs *other,
                              dfq__agg *from, size_t from_group) {
  uint64_t *s = dfq__state(all, a, group), *t = dfq__state(other, from, from_group);
  size_t sums = a->is->words / 3;
  for (size_t i = 0; i < sums; i++)
    if (!dfq__sum_merge((dfq__sum *)(void *)(s + 3 * i), (dfq__sum *)(void *)(t + 3 * i),
                        &all->arena)) return false;
  s[3 * sums] += t[3 * sums];
  return true;
}

// Updates with the other state's value, as if it were one more row: min and max. A text is
// copied, because the other set's arena ends before this one.
static bool dfq__combine_value(dfq__aggs *all, dfq__agg *a, size_t group, dfq__aggs *other,
                               dfq__agg *from, size_t from_group) {
  const uint64_t *t = dfq__state(other, from, from_group);
  dfq__vec x = { a->in_type, false, t + 1, NULL };
  uint32_t number = (uint32_t)group;
  return t[0] == 0 || a->is->update(all, a, &number, &x, 1);
}

// Of first and last: the state whose row came earlier, or later, wins whole, null or not.
static bool dfq__combine_edge(dfq__aggs *all, dfq__agg *a, size_t group, dfq__aggs *other,
                              dfq__agg *from, size_t from_group) {
  uint64_t *s = dfq__state(all, a, group);
  const uint64_t *t = dfq__state(other, from, from_group);
  bool first = a->fn == DFQ__FIRST || a->fn == DFQ__FIRST_NON_NULL;
  uint32_t number = (uint32_t)group;
  if (t[0] == 0 || (s[0] && (t[3] < s[3]) != first)) return true;
  memcpy(s, t, 4 * sizeof *s);
  if (s[0] == 1) s[0] = 2;   // its text lies in the other set
  return a->in_type != DFQ_STR || dfq__strings_settle(all, a, &number, 1);
}

// Of any and all: either side may have met the value that decides.
static bool dfq__combine_logic(dfq__aggs *all, dfq__agg *a, size_t group, dfq__aggs *other,
                               dfq__agg *from, size_t from_group) {
  uint64_t *s = dfq__state(all, a, group);
  const uint64_t *t = dfq__state(other, from, from_group);
  s[0] |= t[0];
  s[1] |= t[1];
  return true;
}

// For aggregates whose values move when the whole set is folded in, see dfq__combine_kept.
static bool dfq__combine_nothing(dfq__aggs *all, dfq__agg *a, size_t group, dfq__aggs *other,
                                 dfq__agg *from, size_t from_group) {
  (void)all; (void)a; (void)group; (void)other; (void)from; (void)from_group;
  return true;
}

// The (group, value) pairs of another set: of median, quantile and n_unique, as if they were
// rows. to_group: the number here of each group there. False without memory.
static bool dfq__combine_kept(dfq__aggs *all, dfq__agg *a, dfq__agg *from,
                              const uint32_t *to_group) {
  const uint32_t *g = (const uint32_t *)(const void *)from->group.data;
  dfq__vec x = { a->in_type, false, from->value.data, NULL };
  uint8_t valid;
  for (size_t i = 0; i < from->kept; i++) {
    dfq__vec one = dfq__vec_from(x, i);
    if (!a->is->update(all, a, &to_group[g[i]], &one, 1)) return false;
  }
  for (size_t i = 0; from->unique.heap && i < from->unique.table.count; i++) {
    int64_t group;
    dfq_view value;   // room for a value of any type
    dfq__keys_get(&from->unique, 0, i, 1, &group, &valid);
    dfq__keys_get(&from->unique, 1, i, 1, &value, &valid);
    dfq__vec one = { a->in_type, false, &value, &valid };
    if (!a->is->update(all, a, &to_group[group], &one, 1)) return false;
  }
  return true;
}

// ---- >>agg-sets: the aggregates of one group_by ---------------------------------------------
// Idea. The table of aggregates by type, and the set of states that a group_by works on. A row
// here is all that a class needs: words of state, update, finish, combine. sum and mean share
// their states and differ in finish only; so do var and std, median and quantile, min and max
// of one type. Types that are stored alike share kernels: a date is an i32, a datetime an i64.
//
//             update                finish              combine
//   sum f64   exact sum, count      round once          add exactly, add counts
//   mean f64  same                  round, divide       same
//
// A type that an aggregate does not take never gets here: planning casts the argument, or
// reports it. Larger engines register such rows at run time, which is how users add aggregates
// of their own.

static const dfq__agg_class dfq__agg_count = { 1, dfq__count_update, dfq__count_finish,
                                                dfq__combine_add };
static const dfq__agg_class dfq__agg_sum_int = { 3, dfq__sum_int_update, dfq__sum_int_finish,
                                                  dfq__combine_int };
static const dfq__agg_class dfq__agg_sum_f64 = { 4, dfq__sum_f64_update, dfq__sum_f64_finish,
                                                  dfq__combine_sums };
static const dfq__agg_class dfq__agg_mean_int = { 3, dfq__sum_int_update,
                                                  dfq__mean_int_finish, dfq__combine_int };
static const dfq__agg_class dfq__agg_mean_f64 = { 4, dfq__sum_f64_update,
                                                  dfq__mean_f64_finish, dfq__combine_sums };
static const dfq__agg_class dfq__agg_edge = { 4, dfq__edge_update, dfq__kept_finish,
                                               dfq__combine_edge };
static const dfq__agg_class dfq__agg_logic = { 2, dfq__logic_update, dfq__logic_finish,
                                                dfq__combine_logic };
static const dfq__agg_class dfq__agg_unique = { 1, dfq__unique_update, dfq__count_finish,
                                                 dfq__combine_nothing };
static const dfq__agg_class dfq__agg_spread = { 10, dfq__spread_update, dfq__spread_finish,
                                                 dfq__combine_sums };
static const dfq__agg_class dfq__agg_keep = { 0, dfq__keep_update, dfq__keep_finish,
                                               dfq__combine_nothing };
static const dfq__agg_class dfq__agg_extremes[2][5] = {
  { { 2, dfq__min_bool, dfq__kept_finish, dfq__combine_value },
    { 2, dfq__min_i32, dfq__kept_finish, dfq__combine_value },
    { 2, dfq__min_i64, dfq__kept_finish, dfq__combine_value },
    { 2, dfq__min_f64, dfq__kept_finish, dfq__combine_value },
    { 3, dfq__extreme_str, dfq__kept_finish, dfq__combine_value } },
  { { 2, dfq__max_bool, dfq__kept_finish, dfq__combine_value },
    { 2, dfq__max_i32, dfq__kept_finish, dfq__combine_value },
    { 2, dfq__max_i64, dfq__kept_finish, dfq__combine_value },
    { 2, dfq__max_f64, dfq__kept_finish, dfq__combine_value },
    { 3, dfq__extreme_str, dfq__kept_finish, dfq__combine_value } },
};

// How values of a type are stored: 0 byte, 1 i32, 2 i64, 3 f64, 4 str. By dfq__kind: null,
// bool, i32, i64, f64, str, date, datetime, and spans of time, which are i64 as well.
static int dfq__storage_of(dfq_type t) {
  static const uint8_t storage[] = { 0, 0, 1, 2, 3, 4, 1, 2, 2, 2, 2 };
  return storage[dfq__kind(t)];
}

// type: of the argument after its cast. The rest are first, last and their non-null forms.
static const dfq__agg_class *dfq__agg_class_of(int fn, dfq_type type) {
  bool f64 = type == DFQ_F64;
  switch (fn) {
    case DFQ__COUNT: return &dfq__agg_count;
    case DFQ__SUM: return f64 ? &dfq__agg_sum_f64 : &dfq__agg_sum_int;
    case DFQ__MEAN: return f64 ? &dfq__agg_mean_f64 : &dfq__agg_mean_int;
    case DFQ__MIN: return &dfq__agg_extremes[0][dfq__storage_of(type)];
    case DFQ__MAX: return &dfq__agg_extremes[1][dfq__storage_of(type)];
    case DFQ__N_UNIQUE: return &dfq__agg_unique;
    case DFQ__VAR: case DFQ__STD: return &dfq__agg_spread;
    case DFQ__MEDIAN: case DFQ__QUANTILE: return &dfq__agg_keep;
    case DFQ__ANY: case DFQ__ALL: return &dfq__agg_logic;
    default: return &dfq__agg_edge;
  }
}

// Makes room for that many groups; new states are zeros. False without memory, and nothing
// lost.
static bool dfq__aggs_grow(dfq__aggs *all, size_t groups) {
  size_t size = all->stride * 8;
  if (groups <= all->groups) return true;
  if (!dfq__buffer_reserve(all->heap, &all->state, groups * size + 8)) return false;
  memset(all->state.data + all->groups * size, 0, (groups - all->groups) * size);
  all->groups = groups;
  return true;
}

// Classes need no destructor: all that a state points to lies in the arena.
static void dfq__aggs_free(dfq__aggs *all) {
  if (!all->heap) return;
  for (int i = 0; i < all->count; i++) {
    dfq__buffer_free(all->heap, &all->agg[i].group);
    dfq__buffer_free(all->heap, &all->agg[i].value);
    dfq__buffer_free(all->heap, &all->agg[i].start);
    dfq__keys_free(&all->agg[i].unique);
  }
  dfq__buffer_free(all->heap, &all->state);
  dfq__arena_release(&all->arena, 0);
}

// Forgets all groups but keeps their memory: for a sorted group_by, one group after the other.
static void dfq__aggs_clear(dfq__aggs *all) {
  for (int i = 0; i < all->count; i++) {
    all->agg[i].kept = 0;
    all->agg[i].sorted_out = false;
    dfq__keys_free(&all->agg[i].unique);
  }
  all->groups = 0;
  dfq__arena_rewind(&all->arena);
}

// For explain analyze.
static size_t dfq__aggs_bytes(const dfq__aggs *all) {
  size_t bytes = all->state.bytes + dfq__arena_mark(&all->arena);
  for (int i = 0; i < all->count; i++)
    bytes += all->agg[i].group.bytes + all->agg[i].value.bytes +
             dfq__keys_bytes(&all->agg[i].unique);
  return bytes;
}

// ---- >>group-plan: what a group_by computes -------------------------------------------------
// An item may be any expression over aggregates and keys: max(a) - min(b), sum(x) / count().
// Planning takes it apart: the aggregates inside, each once, get columns of their own behind
// the keys; the items become projections over those columns.
//
//   group k: max(a) - min(b) as spread        middle schema:  k | max(a) | min(b)
//                                             item:           "max(a)" - "min(b)"
//
// So the operator knows two steps only, states and a projection, and any expression works that
// a projection understands. Two items that use sum(x) share one state. What is left in an item
// besides aggregates must be a key, or a constant: any other column would have many values in a
// group, and taking one of them silently is the mistake that MySQL was long known for.
//
// The plan is made twice: when the node is built, to report errors where they were written, and
// again by each operator that runs it, over the columns that the optimizer has left. Larger
// engines do the same split (DuckDB and Spark call the second step a post-projection).

typedef struct dfq__agg_call {
  const dfq_expr *expr;     // the call as written
  dfq_expr *arg;            // NULL for count()
  dfq_type in_type, type;   // the argument is cast to in_type
  const char *name;         // of its column in the middle schema
  double q;
} dfq__agg_call;

typedef struct dfq__group_plan {
  dfq *db;
  dfq__binder *binder;      // over the input's schema
  const dfq_schema *in;     // the input's
  int keys, calls, room;    // room: most calls there can be
  dfq__agg_call *call;
  dfq_field *field;         // the middle schema: keys, then calls
  dfq_schema middle;
} dfq__group_plan;

// -- one aggregate

// The type that the argument is cast to: of those that the aggregate takes, the one that is
// nearest. DFQ_KINDS when there is none.
static dfq_type dfq__aggregate_takes(int fn, dfq_type arg) {
  const char *takes = dfq__aggregates[fn].takes;
  dfq_type best = DFQ_KINDS;
  int cost = DFQ__NO_WAY;
  if (*takes == '*') return arg == DFQ_NULL ? (dfq_type)DFQ_STR : arg;
  for (; *takes; takes++) {
    int c = dfq__widen_cost(arg, dfq__letter_type(*takes));
    if (c < cost) { cost = c; best = dfq__letter_type(*takes); }
  }
  if (fn == DFQ__VAR || fn == DFQ__STD || fn == DFQ__MEDIAN || fn == DFQ__QUANTILE)
    return best == DFQ_KINDS ? best : (dfq_type)DFQ_F64;   // computed in floats
  return best;
}

// The second argument of quantile: a literal from 0 to 1.
static bool dfq__quantile_share(dfq__group_plan *p, const dfq_expr *e, double *q) {
  dfq_value v = dfq__value_null(), f;
  if (e->kind == DFQ_LITERAL) v = e->value;
  bool number = v.type == DFQ_F64 || v.type == DFQ_I64;
  if (number) (void)dfq__convert_value(&v, DFQ_F64, p->binder->arena, &f);
  if (number && f.as.f >= 0 && f.as.f <= 1) { *q = f.as.f; return true; }
  dfq__bind_fail(p->binder, DFQ_USAGE, e, NULL,
                 "quantile's share is a literal from 0.0 to 1.0");
  return false;
}

// The call as it is written: what messages show. Not interned, so that it equals no name of the
// user's by pointer.
static const char *dfq__agg_column_name(dfq__group_plan *p, const dfq_expr *e) {
  dfq__text t = dfq__text_in(p->db->heap);
  dfq__put_expr(&t, e);
  const char *name = t.failed ? NULL : dfq__arena_text(p->binder->arena, t.data, t.len);
  dfq__text_free(&t);
  return name;
}

// Types one aggregate and gives it a column. False with the binder's error set.
static bool dfq__plan_call(dfq__group_plan *p, const dfq_expr *e) {
  const dfq__aggregate *a = &dfq__aggregates[e->fn];
  dfq__agg_call *c = &p->call[p->calls];
  memset(c, 0, sizeof *c);
  if (e->fn >= DFQ__ROW_NUMBER) {
    dfq__bind_fail(p->binder, DFQ_TYPE_ERROR, e, NULL, "%s needs over (...), in select or with",
                   a->name);
    return false;
  }
  if (e->argc < a->least || e->argc > a->most) {
    dfq__bind_fail(p->binder, DFQ_TYPE_ERROR, e, NULL, "%s takes %s, not %d", a->name,
                   a->most == 2 ? "two arguments"
                   : a->least   ? "one argument"
                                : "at most one argument",
                   e->argc);
    return false;
  }
  c->expr = e;
  c->q = 0.5;
  c->type = DFQ_I64;
  if (e->argc) {
    dfq__bound *b = dfq__bind(p->binder, e->arg[0]);
    if (!b) return false;
    c->arg = e->arg[0];
    c->in_type = dfq__aggregate_takes(e->fn, b->type);
    if (c->in_type == DFQ_KINDS || !dfq__is_column_type(c->in_type)) {
      dfq__bind_fail(p->binder, DFQ_TYPE_ERROR, e, NULL, "%s does not take %s", a->name,
                     dfq_type_name(b->type));
      return false;
    }
    c->type = a->result == '*' ? c->in_type : dfq__letter_type(a->result);
  }
  if (e->argc == 2 && !dfq__quantile_share(p, e->arg[1], &c->q)) return false;
  c->name = dfq__agg_column_name(p, e);
  if (!c->name) { p->binder->error = &dfq__error_memory; return false; }
  p->field[p->keys + p->calls].name = c->name;
  p->field[p->keys + p->calls].type = c->type;
  p->calls++;
  p->middle.count = p->keys + p->calls;
  return true;
}

// -- items over aggregates

// How many columns the middle schema may need, nested calls counted too: an upper bound.
static int dfq__count_aggregates(const dfq_expr *e) {
  int n = e->kind == DFQ_AGGREGATE;
  for (int i = 0; i < e->argc; i++) n += dfq__count_aggregates(e->arg[i]);
  return n;
}

// The item with each aggregate replaced by its column. NULL with the binder's error set. Names
// are compared as pointers, so a column of the input that happens to be called "sum(x)" is not
// taken for the aggregate. What holds no aggregate is copied as well: expressions are
// immutable.
static dfq_expr *dfq__plan_item(dfq__group_plan *p, dfq_expr *e) {
  if (e->kind == DFQ_AGGREGATE) {
    int i = 0;
    while (i < p->calls && !dfq_expr_equal(p->call[i].expr, e)) i++;
    if (i == p->calls && !dfq__plan_call(p, e)) return NULL;
    return dfq__col_interned(p->db, p->call[i].name);
  }
  if (e->kind == DFQ_COLUMN && dfq__schema_find(&p->middle, e->name) < 0 &&
      dfq__schema_find(p->in, e->name) >= 0) {
    dfq__bind_fail(p->binder, DFQ_TYPE_ERROR, e, NULL,
                   "%s is neither a key nor inside an aggregate; "
                   "try first(%s), or add it to the keys",
                   e->name, e->name);
    return NULL;
  }
  if (e->argc == 0) return e;
  dfq_expr *copy = dfq__expr_new(p->db, e->kind, e->argc);
  if (copy->kind == DFQ_FAILED) { p->binder->error = &dfq__error_memory; return NULL; }
  dfq_expr **arg = copy->arg;
  *copy = *e;
  copy->arg = arg;
  for (int i = 0; i < e->argc; i++) {
    arg[i] = dfq__plan_item(p, e->arg[i]);
    if (!arg[i]) return NULL;
  }
  return copy;
}

// Starts a plan: the keys' columns, named as in key_field; there are no calls yet, the items
// bring them (dfq__plan_item). False with the binder's error set.
static bool dfq__group_plan_init(dfq__group_plan *p, dfq__binder *b, const dfq_key *key,
                                 int keys, const dfq_field *key_field, dfq_expr *const *item,
                                 int items) {
  memset(p, 0, sizeof *p);
  for (int i = 0; i < items; i++) p->room += dfq__count_aggregates(item[i]);
  p->db = b->db;
  p->binder = b;
  p->in = b->schema;
  p->keys = keys;
  p->call = (dfq__agg_call *)dfq__arena_array(b->arena, (size_t)p->room + 1, sizeof *p->call);
  p->field = (dfq_field *)dfq__arena_array(b->arena, (size_t)(keys + p->room) + 1,
                                           sizeof *p->field);
  if (!p->call || !p->field) { b->error = &dfq__error_memory; return false; }
  for (int i = 0; i < keys; i++) {
    dfq__bound *n = dfq__bind(b, key[i].expr);
    if (!n) return false;
    p->field[i] = key_field[i];
    p->field[i].type = n->type;
  }
  p->middle.count = keys;
  p->middle.field = p->field;
  return true;
}

// ---- >>group: hash aggregation --------------------------------------------------------------
// Idea. Each row's keys become a group number (find or add), each aggregate folds the row into
// that group's state. Numbers are given in the order of first rows, and that is the order of
// the output. With no keys there is one group, even over no rows at all.
//
//   rows ──> keys ──> number 0 1 0 2 ──> state[number] op= value ──> (end) states ──> rows
//
// Why aggregates run column by column over a batch of numbers, and not row by row over all
// aggregates: the loop of each is a few instructions without a decision in it. Why first-seen
// order: it costs nothing with dense numbers, and a result that moves about between runs is no
// result to test against.
//
// Cost: one table look-up a row, and memory for the groups. Larger engines partition the rows
// first when there are very many groups, aggregate a little before that to shrink them (DuckDB,
// Spark), and spill partitions that do not fit.

typedef struct dfq__grouper {
  dfq__group_plan plan;
  dfq__bound **key;          // the keys, over the input
  dfq__bound **arg;          // of each call, NULL for count()
  dfq__bound **item;         // over the middle schema
  dfq__buffer *flat;         // constants among keys and arguments, made whole columns
  dfq__vec *column;          // keys, then arguments, of the batch at hand
  dfq__aggs aggs;
  dfq__batch middle;         // finished groups: keys, then aggregates
  dfq__buffer *out;          // of middle: data and valid by turns
} dfq__grouper;

// The operator has two forms, hash and sorted, and the hash form may be one thread's share of a
// larger one. What both forms need is the grouper; the rest says whose it is.

typedef struct dfq__group_op {
  dfq__op head;
  dfq__grouper g;
  dfq__key_set keys;
  dfq__buffer number;        // u32: the group of each row of a batch; sorted: zeros
  size_t emitted, groups;    // groups that went out, and all
  bool any_key;              // there are keys at all
  dfq__store last_key, done; // sorted: the key of the run at hand, and finished groups
  size_t input_rows, at;     // sorted: rows of the input's batch, and how many are done
  dfq_value *values;         // sorted: room for three rows
  bool open_run, input_done;
  const dfq__error *failure; // sorted: comes after the good rows of the input's batch
  bool parallel;             // this is one thread's share, see >>group-parallel
  dfq__buffer first;         // u64: where each group was first seen
} dfq__group_op;

// -- the grouper: binding, evaluating, folding

// Lays the states out: the words of each call behind those of the one before.
static bool dfq__grouper_aggs(dfq__op *op, dfq__grouper *g) {
  dfq__group_plan *p = &g->plan;
  g->aggs.heap = g->aggs.arena.heap = op->eval.heap;
  g->aggs.db = op->run->own;
  g->aggs.agg = (dfq__agg *)dfq__op_array(op, (size_t)p->calls, sizeof *g->aggs.agg);
  if (!g->aggs.agg) return false;
  g->aggs.count = p->calls;
  for (int i = 0; i < p->calls; i++) {
    dfq__agg *a = &g->aggs.agg[i];
    a->fn = p->call[i].expr->fn;
    a->in_type = p->call[i].in_type;
    a->type = p->call[i].type;
    a->q = p->call[i].q;
    a->is = dfq__agg_class_of(a->fn, a->in_type);
    a->offset = g->aggs.stride;
    g->aggs.stride += a->is->words;
  }
  return true;
}

// Binds keys and arguments to the input, items to the middle schema. Arguments are cast to what
// the aggregate takes, so that a kernel sees one type only.
static bool dfq__grouper_bind(dfq__op *op, dfq__grouper *g, const dfq_expr *const *item) {
  const dfq_schema *in = &op->node->in[0]->schema;
  dfq__group_plan *p = &g->plan;
  for (int i = 0; i < p->keys; i++) {
    g->key[i] = dfq__op_bind(op, in, op->node->key[i].expr);
    if (!g->key[i]) return false;
  }
  for (int i = 0; i < p->calls; i++) {
    if (!p->call[i].arg) continue;
    dfq_expr *cast = dfq_cast(p->call[i].arg, p->call[i].in_type);
    g->arg[i] = dfq__op_bind(op, in, cast);
    if (!g->arg[i]) return false;
  }
  for (int i = 0; i < op->node->expr_count; i++) {
    g->item[i] = dfq__op_bind(op, &p->middle, item[i]);
    if (!g->item[i]) return false;
  }
  return true;
}

// Plans and binds. False with the run's error set, or without memory; the operator's close
// frees what there is.
static bool dfq__grouper_open(dfq__op *op, dfq__grouper *g) {
  const dfq__node *n = op->node;
  dfq__binder b = dfq__run_binder(op->run, n, &n->in[0]->schema);
  dfq_expr **item = (dfq_expr **)dfq__op_array(op, (size_t)n->expr_count, sizeof *item);
  bool ok = item && dfq__group_plan_init(&g->plan, &b, n->key, n->key_count, n->schema.field,
                                         n->expr, n->expr_count);
  for (int i = 0; ok && i < n->expr_count; i++) {
    item[i] = dfq__plan_item(&g->plan, n->expr[i]);
    ok = item[i] != NULL;
  }
  if (!ok) { dfq__run_error(op->run, b.error ? b.error : &dfq__error_memory); return false; }
  size_t keys = (size_t)g->plan.keys, calls = (size_t)g->plan.calls, middle = keys + calls;
  g->key = (dfq__bound **)dfq__op_array(op, keys, sizeof *g->key);
  g->arg = (dfq__bound **)dfq__op_array(op, calls, sizeof *g->arg);
  g->item = (dfq__bound **)dfq__op_array(op, (size_t)n->expr_count, sizeof *g->item);
  g->flat = (dfq__buffer *)dfq__op_array(op, 2 * middle, sizeof *g->flat);
  g->column = (dfq__vec *)dfq__op_array(op, middle, sizeof *g->column);
  g->middle.column = (dfq__vec *)dfq__op_array(op, middle, sizeof *g->middle.column);
  g->out = (dfq__buffer *)dfq__op_array(op, 2 * middle, sizeof *g->out);
  g->middle.columns = (int)middle;
  if (!g->key || !g->arg || !g->item || !g->flat || !g->column || !g->middle.column || !g->out)
    return false;
  return dfq__grouper_aggs(op, g) && dfq__grouper_bind(op, g, (const dfq_expr *const *)item);
}

// Evaluates keys and arguments of a batch. Returns how many rows are well: each expression sees
// only the rows that those before it left, so the error that stays is the first row's.
// Constants become columns, for key words and kernels alike.
static size_t dfq__grouper_eval(dfq__op *op, dfq__grouper *g, const dfq__batch *in) {
  size_t n = in->rows;
  int keys = g->plan.keys;
  dfq__arena_rewind(&op->eval.strings);
  for (int i = 0; i < keys && n; i++)
    n = dfq__op_eval(op, g->key[i], in, n, NULL, &g->column[i]);
  for (int i = 0; i < g->plan.calls && n; i++)
    if (g->arg[i]) n = dfq__op_eval(op, g->arg[i], in, n, NULL, &g->column[keys + i]);
  for (int i = 0; i < keys + g->plan.calls && n; i++) {
    if (i >= keys && !g->arg[i - keys]) continue;
    if (!dfq__vec_flatten(&op->eval, &g->flat[2 * i], &g->flat[2 * i + 1], n, &g->column[i]))
      return 0;
  }
  return n;
}

// Folds rows from .. from + n of the batch into the groups of the given numbers, number[0]
// being that of row from. Without memory false, and the states are then good for nothing but
// freeing.
static bool dfq__grouper_update(dfq__grouper *g, const uint32_t *number, size_t from,
                                size_t n) {
  for (int i = 0; i < g->aggs.count; i++) {
    dfq__agg *a = &g->aggs.agg[i];
    dfq__vec x = g->column[g->plan.keys + i];
    if (g->arg[i]) x = dfq__vec_from(x, from);
    if (!a->is->update(&g->aggs, a, number, &x, n)) return false;
  }
  return true;
}

// -- the grouper: from states to rows

// The error for an aggregate that has no value: "sum(x) overflows i64".
static void dfq__agg_fail(dfq__run *run, const dfq__node *n, const dfq_expr *e,
                          const char *why) {
  if (why == dfq__agg_no_memory) { dfq__run_no_memory(run); return; }
  dfq__text t = dfq__text_in(run->own->heap);
  dfq__put_head(&t, DFQ_VALUE_ERROR, n->at, n->verb);
  dfq__put_expr(&t, e);
  dfq__putf(&t, " %s\n  try: cast its argument to f64", why);
  dfq__run_error(run, dfq__error_from(&run->own->arena, DFQ_VALUE_ERROR, &t));
}

// The finished aggregates of groups from .. from + n, as columns of the middle batch. Returns
// how many groups are well: a sum that overflows is an error of its group, and comes after
// those before it. Each aggregate looks only at the groups that the others left, so that the
// error that stays is the first group's.
static size_t dfq__grouper_finish(dfq__op *op, dfq__grouper *g, size_t from, size_t n) {
  for (int i = 0; i < g->aggs.count; i++) {
    int c = g->plan.keys + i;
    dfq__agg *a = &g->aggs.agg[i];
    void *data = dfq__veval_room(&op->eval, &g->out[2 * c], n * dfq__size_of(a->type));
    uint8_t *valid = (uint8_t *)dfq__veval_room(&op->eval, &g->out[2 * c + 1], n);
    if (op->eval.no_memory) return 0;
    for (size_t r = 0; r < n; r++) {
      dfq_value v = dfq__value_null();
      const char *why = a->is->finish(&g->aggs, a, from + r, &v);
      if (why) {
        dfq__agg_fail(op->run, op->node, g->plan.call[i].expr, why);
        op->failed = true;
        n = r;
        break;
      }
      valid[r] = v.type != DFQ_NULL;
      dfq__cell_put(data, a->type, r, &v);
    }
    dfq__vec out = { a->type, false, data, valid };
    g->middle.column[c] = out;
  }
  g->middle.rows = n;
  return n;
}

// The output of a middle batch: keys, then items. before: groups before it, for messages.
// Returns how many rows are well.
static size_t dfq__grouper_items(dfq__op *op, dfq__grouper *g, size_t before) {
  size_t n = g->middle.rows;
  for (int c = 0; c < g->plan.keys; c++) op->out.column[c] = g->middle.column[c];
  for (int i = 0; i < op->node->expr_count && n; i++) {
    dfq__vec *to = &op->out.column[g->plan.keys + i];
    size_t ok = dfq__eval_vec(&op->eval, g->item[i], &g->middle, n, to);
    if (op->eval.no_memory) return 0;
    if (ok < n) dfq__op_fail_row(op, &g->plan.middle, g->item[i], &g->middle, ok, before + ok);
    n = ok;
  }
  for (int i = 0; i < op->node->expr_count && n; i++) {
    int c = g->plan.keys + i;
    dfq__vec *v = &op->out.column[c];
    dfq__vector *own = (dfq__vector *)g->item[i]->batch;
    if (!dfq__vec_flatten(&op->eval, &own->mask, &own->other, n, v)) return 0;
  }
  op->out.rows = n;
  return n;
}

// The key columns of the middle batch, read back from the key set's words.
static bool dfq__group_keys(dfq__group_op *o, size_t from, size_t n) {
  dfq__op *op = &o->head;
  dfq__grouper *g = &o->g;
  for (int c = 0; c < g->plan.keys; c++) {
    dfq_type type = g->plan.field[c].type;
    void *data = dfq__veval_room(&op->eval, &g->out[2 * c], n * dfq__size_of(type));
    uint8_t *valid = (uint8_t *)dfq__veval_room(&op->eval, &g->out[2 * c + 1], n);
    if (op->eval.no_memory) return false;
    dfq__keys_get(&o->keys, c, from, n, data, valid);
    dfq__vec v = { type, false, data, valid };
    g->middle.column[c] = v;
  }
  return true;
}

// -- the operator

// Two parts: the grouper, which both forms have, and the key set of the hash form.
static bool dfq__group_open(dfq__op *op) {
  dfq__group_op *o = (dfq__group_op *)op;
  if (!dfq__grouper_open(op, &o->g)) return false;
  int keys = o->g.plan.keys;
  dfq_type *type = (dfq_type *)dfq__op_array(op, (size_t)keys, sizeof *type);
  o->values = (dfq_value *)dfq__op_array(op, 3 * (size_t)o->g.middle.columns,
                                         sizeof *o->values);
  if (!type || !o->values) return false;
  for (int i = 0; i < keys; i++) type[i] = o->g.plan.field[i].type;
  o->any_key = keys > 0;
  if (op->node->sorted && !dfq__store_init(&o->last_key, op->eval.heap, type, keys))
    return false;
  return dfq__keys_init(&o->keys, op->run->own, type, keys);
}

// Notes where each new group was first seen: its position, by which the groups of
// several threads are put in order.
static bool dfq__group_positions(dfq__group_op *o, const uint32_t *number, size_t n,
                                 size_t known) {
  size_t count = o->any_key ? o->keys.table.count : 1;
  if (!dfq__buffer_reserve(o->head.eval.heap, &o->first, count * 8 + 8)) return false;
  uint64_t *first = (uint64_t *)(void *)o->first.data;
  for (size_t i = 0; i < n && known < count; i++)
    if (number[i] == known) first[known++] = o->g.aggs.row + i;
  return true;
}

// Reads the input to its end into the groups: of one morsel in a thread's share, else of
// everything. False on error, with the groups as far as they got.
static bool dfq__group_read(dfq__op *op) {
  dfq__group_op *o = (dfq__group_op *)op;
  dfq__event e;
  while ((e = dfq__pull(op->in[0])) == DFQ__BATCH) {
    size_t n = dfq__grouper_eval(op, &o->g, &op->in[0]->out);
    size_t known = o->keys.table.count;
    op->rows_in += op->in[0]->out.rows;
    if (op->failed || op->eval.no_memory) return false;
    uint32_t *number = (uint32_t *)dfq__veval_room(&op->eval, &o->number, n * sizeof *number);
    if (!number) return false;
    if (!o->any_key) memset(number, 0, n * sizeof *number);
    else if (!dfq__keys_add(&o->keys, o->g.column, n, number)) return false;
    if (!dfq__aggs_grow(&o->g.aggs, o->any_key ? o->keys.table.count : 1)) return false;
    if (!dfq__grouper_update(&o->g, number, 0, n)) return false;
    if (o->parallel && !dfq__group_positions(o, number, n, known)) return false;
    o->g.aggs.row += n;
    dfq__op_holds(op, dfq__keys_bytes(&o->keys) + dfq__aggs_bytes(&o->g.aggs));
  }
  return e == DFQ__END;
}

static dfq__event dfq__group_sorted_next(dfq__op *op);

// A batch of finished groups, in the order of their numbers. What fails fails at its group: the
// groups before it come out first.
static dfq__event dfq__group_next(dfq__op *op) {
  dfq__group_op *o = (dfq__group_op *)op;
  if (op->node->sorted) return dfq__group_sorted_next(op);
  size_t n = dfq__min(o->groups - o->emitted, op->run->batch_rows);
  if (n == 0) return DFQ__END;
  dfq__arena_rewind(&op->eval.strings);
  if (!dfq__group_keys(o, o->emitted, n)) return DFQ__ERROR;
  n = dfq__grouper_finish(op, &o->g, o->emitted, n);
  if (n == 0) return DFQ__ERROR;
  o->emitted += n;
  return dfq__grouper_items(op, &o->g, o->emitted - n) ? DFQ__BATCH : DFQ__ERROR;
}

// After any state of open: what was not made is NULL or zero, and freeing that does nothing.
static void dfq__group_close(dfq__op *op) {
  dfq__group_op *o = (dfq__group_op *)op;
  dfq__grouper *g = &o->g;
  int middle = g->plan.keys + g->plan.calls;
  dfq__bound_free(op, g->key, g->key ? g->plan.keys : 0);
  dfq__bound_free(op, g->arg, g->arg ? g->plan.calls : 0);
  dfq__bound_free(op, g->item, g->item ? op->node->expr_count : 0);
  dfq__buffers_free(op->eval.heap, g->flat, 2 * middle);
  dfq__buffers_free(op->eval.heap, g->out, 2 * middle);
  dfq__aggs_free(&g->aggs);
  dfq__keys_free(&o->keys);
  dfq__buffer_free(op->eval.heap, &o->number);
  dfq__store_free(&o->last_key);
  dfq__store_free(&o->done);
  dfq__buffer_free(op->eval.heap, &o->first);
}


// ---- >>group-sorted: one group at a time ----------------------------------------------------
// Idea. When equal keys stand next to each other, a group is done as soon as the key changes.
// One state is enough, and results come out while the input still comes in:
//
//   k  a a a b b c c c c        Chosen when the plan knows the input to be sorted, or asked
//      └─1─┘ └2┘ └──3──┘        for. A key that goes back is an error, never a wrong sum.
//
// The run at hand has its key in last_key and its state as group 0 of the set; runs may go over
// the borders of batches. Rows of a run are found by comparing and folded in together, so that
// kernels still work on many rows at once. Finished groups wait in done until they are a batch.
//
// Cost: a comparison a row instead of a look-up, and memory for one group instead of all. It
// does not block, so limit above it stops the input early. Larger engines do this for clustered
// data (ClickHouse's aggregation in order, PostgreSQL's GroupAggregate).

// Compares rows of values, nulls last. For keys in ascending order; two nulls are equal here.
static int dfq__compare_keys(const dfq_value *a, const dfq_value *b, int count) {
  for (int i = 0; i < count; i++) {
    bool x = a[i].type == DFQ_NULL, y = b[i].type == DFQ_NULL;
    int c = x || y ? x - y : dfq__compare_values(&a[i], &b[i]);
    if (c) return c;
  }
  return 0;
}

// Texts are borrowed from the batch.
static void dfq__row_of(const dfq__vec *column, int count, size_t row, dfq_value *to) {
  for (int i = 0; i < count; i++) dfq__vec_get(&column[i], row, &to[i]);
}

// The error for a row that goes back; row counts from 0.
static void dfq__unsorted(dfq__run *run, const dfq__node *n, const char *what, size_t row) {
  dfq__run_error(run, dfq__error_new(&run->own->arena, DFQ_USAGE, n->at, n->verb,
                                     "%s is not in ascending order of the keys: row %zu goes "
                                     "back\n  try: sort before, or the hash form",
                                     what, row + 1));
}

// The key of the run at hand; texts are borrowed until the next run begins.
static void dfq__run_key(const dfq__group_op *o, dfq_value *to) {
  for (int c = 0; c < o->last_key.columns; c++) {
    dfq__vec v = dfq__store_vec(&o->last_key, c);
    dfq__vec_get(&v, 0, &to[c]);
  }
}

// -- runs

// Ends the run at hand: its key and aggregates become a row of done. Keys are made canonical as
// in the hash form, whose words are. row: room for a middle row.
static bool dfq__run_finish(dfq__group_op *o, dfq_value *row) {
  dfq__op *op = &o->head;
  dfq__grouper *g = &o->g;
  dfq__run_key(o, row);
  for (int c = 0; c < g->plan.keys; c++) dfq__make_canonical(&row[c]);
  for (int i = 0; i < g->aggs.count; i++) {
    dfq__agg *a = &g->aggs.agg[i];
    dfq_value *to = &row[g->plan.keys + i];
    *to = dfq__value_null();
    const char *why = a->is->finish(&g->aggs, a, 0, to);
    if (!why) continue;
    dfq__agg_fail(op->run, op->node, g->plan.call[i].expr, why);
    return false;
  }
  o->open_run = false;
  return dfq__store_row(&o->done, row);
}

// key is copied: its batch may be gone before the run ends.
static bool dfq__run_begin(dfq__group_op *o, const dfq_value *key) {
  dfq__store_clear(&o->last_key);
  dfq__aggs_clear(&o->g.aggs);
  o->open_run = true;
  return dfq__store_row(&o->last_key, key) && dfq__aggs_grow(&o->g.aggs, 1);
}

// Folds the rows from o->at on that belong to one run: the one at hand when its key goes on,
// else a new one. last, now, row: room for a middle row each. False on error.
static bool dfq__run_step(dfq__group_op *o, size_t n, dfq_value *last, dfq_value *now,
                          dfq_value *row) {
  dfq__op *op = &o->head;
  int keys = o->g.plan.keys;
  size_t end = o->at;
  dfq__row_of(o->g.column, keys, o->at, now);
  if (o->open_run) {
    dfq__run_key(o, last);
    int c = dfq__compare_keys(last, now, keys);
    if (c > 0) {
      dfq__unsorted(op->run, op->node, "the input", op->rows_in + o->at);
      return false;
    }
    if (c < 0 && !dfq__run_finish(o, row)) return false;
  }
  if (!o->open_run && !dfq__run_begin(o, now)) return false;
  dfq__run_key(o, last);
  for (; end < n; end++) {
    dfq__row_of(o->g.column, keys, end, now);
    if (dfq__compare_keys(last, now, keys) != 0) break;
  }
  const uint32_t *zeros = (const uint32_t *)(const void *)o->number.data;
  size_t from = o->at;
  o->at = end;
  return dfq__grouper_update(&o->g, zeros, from, end - from);
}

// Evaluates the next input batch; *n is how many rows of the old one were used, and then how
// many the new one has. False at the end of the input or on error.
static bool dfq__run_input(dfq__group_op *o, size_t *n) {
  dfq__op *op = &o->head;
  if (o->failure) { dfq__run_error(op->run, o->failure); return false; }
  op->rows_in += *n;
  dfq__event e = dfq__pull(op->in[0]);
  *n = 0;
  o->at = 0;
  o->input_done = e == DFQ__END;
  if (e != DFQ__BATCH) return false;
  *n = dfq__grouper_eval(op, &o->g, &op->in[0]->out);
  if (op->failed) {          // not yet: next comes back for the groups of the rows before
    o->failure = op->run->error;
    op->run->error = NULL;
    op->failed = false;
  }
  uint32_t *zeros = (uint32_t *)dfq__veval_room(&op->eval, &o->number,
                                                (*n + 1) * sizeof *zeros);
  if (zeros) memset(zeros, 0, (*n + 1) * sizeof *zeros);
  return !op->eval.no_memory;
}

// Fills done with finished groups, up to a batch. False on error, which comes after them.
static bool dfq__run_fill(dfq__group_op *o) {
  dfq__op *op = &o->head;
  int middle = o->g.middle.columns;
  dfq_value *last = o->values, *now = last + middle, *row = now + middle;
  while (o->done.rows < op->run->batch_rows && !o->input_done) {
    if (o->at < o->input_rows) {
      if (!dfq__run_step(o, o->input_rows, last, now, row)) return false;
    } else if (!dfq__run_input(o, &o->input_rows) && !o->input_done) {
      return false;
    }
  }
  return !o->input_done || !o->open_run || dfq__run_finish(o, row);
}

// The finished groups of one filling. done is emptied here and not after the last batch,
// because that batch was borrowed until now.
static dfq__event dfq__group_sorted_next(dfq__op *op) {
  dfq__group_op *o = (dfq__group_op *)op;
  dfq__grouper *g = &o->g;
  if (!o->done.heap) {
    dfq_type *type = (dfq_type *)dfq__op_array(op, (size_t)g->middle.columns, sizeof *type);
    for (int c = 0; type && c < g->middle.columns; c++) type[c] = g->plan.field[c].type;
    if (!type || !dfq__store_init(&o->done, op->eval.heap, type, g->middle.columns))
      return DFQ__ERROR;
  }
  o->emitted += o->done.rows;
  dfq__store_clear(&o->done);
  if (!dfq__run_fill(o)) op->failed = true;
  dfq__op_holds(op, dfq__store_bytes(&o->done) + dfq__aggs_bytes(&g->aggs));
  if (o->done.rows == 0) return op->failed ? DFQ__ERROR : DFQ__END;
  for (int c = 0; c < g->middle.columns; c++) g->middle.column[c] = dfq__store_vec(&o->done, c);
  g->middle.rows = o->done.rows;
  return dfq__grouper_items(op, g, o->emitted) ? DFQ__BATCH : DFQ__ERROR;
}

// ---- >>group-verbs: group_by as a plan node -------------------------------------------------
// Idea. Text, lists of expressions and options all end in one node: keys, items, a schema. What
// can be wrong is found here, while the caller's file and line are known, and not when it runs:
//
//   dfq_group_by(q, "region", "sum(x) as s")  ->  keys [region]  items [sum(x) as s]
//                                                 schema (region str, s f64)
//
// A null-typed key or item (the literal null) becomes a str column, because columns have a type
// that can be written to a file. Names must differ, keys and items together.

// Types and checks a group node's parts; fills the node's schema.
static dfq_frame *dfq__group_node(dfq__verb *v, dfq_key *key, dfq_field *key_field, int keys,
                                  dfq_expr *const *item, int items, dfq_strategy strategy) {
  dfq__group_plan p;
  dfq__binder b = dfq__verb_binder(v, NULL);
  dfq_field *field = (dfq_field *)dfq__arena_array(&v->db->arena, (size_t)(keys + items) + 1,
                                                   sizeof *field);
  dfq_expr **list = (dfq_expr **)dfq__arena_array(&v->db->arena, (size_t)items + 1,
                                                  sizeof *list);
  dfq__node *n = dfq__verb_node(v, DFQ__GROUP, NULL);
  if (!field || !list || !n) return dfq__frame_failed(v->db, &dfq__error_memory);
  if (!dfq__group_plan_init(&p, &b, key, keys, key_field, item, items))
    return dfq__frame_failed(v->db, b.error);
  for (int i = 0; i < keys; i++) field[i] = p.field[i];
  dfq_schema out = { keys, field };
  for (int i = 0; i < items; i++) {
    const char *name = dfq__item_name(v->db, item[i]);
    list[i] = dfq__item_expr(item[i]);
    b.root = list[i];
    b.schema = &v->in->node->schema;
    dfq_expr *over = dfq__plan_item(&p, list[i]);
    b.schema = &p.middle;
    dfq__bound *bound = over ? dfq__bind(&b, over) : NULL;
    if (!bound || !name) return dfq__frame_failed(v->db, b.error);
    if (dfq__schema_find(&out, name) >= 0)
      return dfq__verb_fail(v, DFQ_USAGE, "two columns are called %s; name one of them with as",
                            name);
    field[keys + i].name = name;
    field[keys + i].type = bound->type == DFQ_NULL ? (dfq_type)DFQ_STR : bound->type;
    if (bound->type == DFQ_NULL) list[i] = dfq_cast(list[i], DFQ_STR);
    out.count++;
  }
  n->key = key;
  n->key_count = keys;
  n->expr = list;
  n->expr_count = items;
  n->sorted = strategy == DFQ_SORTED && keys > 0;
  n->hashed = strategy == DFQ_HASH;
  n->schema.count = keys + items;
  n->schema.field = field;
  return dfq__verb_done(v, n);
}

// Types and names the keys. False with the verb's error set.
static bool dfq__group_key_fields(dfq__verb *v, dfq_expr *const *keys, int count, dfq_key *key,
                                  dfq_field *field) {
  for (int i = 0; i < count; i++) {
    if (!keys[i] || keys[i]->kind == DFQ_FAILED) {
      v->error = keys[i] ? keys[i]->error : &dfq__error_memory;
      return false;
    }
    key[i].expr = dfq__item_expr(keys[i]);
    field[i].name = dfq__item_name(v->db, keys[i]);
    dfq_type type = dfq__verb_type(v, key[i].expr);
    if (v->error) return false;
    if (type == DFQ_NULL) key[i].expr = dfq_cast(key[i].expr, DFQ_STR);
    dfq_schema before = { i, field };
    if (!field[i].name || (!dfq__is_column_type(type) && type != DFQ_NULL) ||
        dfq__schema_find(&before, field[i].name) >= 0) {
      dfq__verb_error(v, DFQ_USAGE,
                      "the key %s stands twice, or is of no type that columns have",
                      field[i].name ? field[i].name : "");
      return false;
    }
  }
  return true;
}

// The form that the others end in. One key fewer than there are null bits, so that n_unique and
// a mask never run out of words.
DFQ_API dfq_frame *dfq_group_exprs_at(dfq_frame *in, const dfq_group_spec *spec,
                                      const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "group", at);
  size_t n = (size_t)spec->key_count + 1;
  dfq_key *key = (dfq_key *)dfq__arena_array(&v.db->arena, n, sizeof *key);
  dfq_field *field = (dfq_field *)dfq__arena_array(&v.db->arena, n, sizeof *field);
  if (!key || !field) return dfq__frame_failed(v.db, &dfq__error_memory);
  if (spec->key_count > DFQ__MAX_KEYS - 1)
    return dfq__verb_fail(&v, DFQ_LIMIT, "more than %d keys", DFQ__MAX_KEYS - 1);
  if (!dfq__group_key_fields(&v, spec->keys, spec->key_count, key, field))
    return dfq__verb_failed(&v);
  for (int i = 0; i < spec->aggregate_count; i++) {
    dfq_expr *e = spec->aggregates[i];
    if (!e || e->kind == DFQ_FAILED) return dfq__frame_failed(v.db, e ? e->error : NULL);
    if (e->kind == DFQ_STAR)
      return dfq__verb_fail(&v, DFQ_TYPE_ERROR, "* cannot be aggregated; name the columns");
  }
  return dfq__group_node(&v, key, field, spec->key_count, spec->aggregates,
                         spec->aggregate_count, spec->strategy);
}

// Empty keys are one group of everything; empty aggregates are the distinct keys.
static dfq_frame *dfq__group_text(dfq_frame *in, const char *keys, const char *aggregates,
                                  dfq_strategy how, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "group", at);
  dfq__list k = { NULL, 0, 0 }, a = { NULL, 0, 0 };
  dfq__parser p = dfq__verb_parser(&v, keys);
  if (p.now.kind != DFQ__T_END) dfq__parse_items(&p, &k);
  dfq__expect_end(&p);
  if (p.error) return dfq__frame_failed(v.db, p.error);
  p = dfq__verb_parser(&v, aggregates);
  if (p.now.kind != DFQ__T_END) dfq__parse_items(&p, &a);
  dfq__expect_end(&p);
  if (p.error) return dfq__frame_failed(v.db, p.error);
  dfq_group_spec spec = { k.item, k.count, a.item, a.count, how };
  return dfq_group_exprs_at(in, &spec, at);
}

DFQ_API dfq_frame *dfq_group_by_at(dfq_frame *in, const char *keys, const char *aggregates,
                                   const char *at) {
  return dfq__group_text(in, keys, aggregates, DFQ_AUTO, at);
}

DFQ_API dfq_frame *dfq_group_by_sorted_at(dfq_frame *in, const char *keys,
                                          const char *aggregates, const char *at) {
  return dfq__group_text(in, keys, aggregates, DFQ_SORTED, at);
}

// ---- >>join: hash join ----------------------------------------------------------------------
// Idea. The right side is read first, and its rows are chained by key: first[number] is the
// first row with that key, next[row] the one after it, in row order. Then the left side streams
// by, and each row follows its key's chain:
//
//   right  0: EU  1: US  2: EU        first  EU -> 0   US -> 1        next  0 -> 2
//   left   US ──> 1        EU ──> 0 ──> 2        XX ──> none
//
// So the result stands in the left's order, matches in the right's. The join type decides only
// what a row without a match does: inner drops it, left keeps it with nulls, semi and anti emit
// the left row once or not at all. right and full remember which right rows were met, and emit
// the others at the end. Null keys have no number, and so match nothing, unless nulls_equal
// says otherwise. A cross join has no keys: every row has the number 0, and one chain is all.
//
// When the left side is much smaller, and the result will be read to its end, the sides change
// places (build_left): pairs are found in the right's order and put back into the left's by a
// counting sort.
//
// Why numbers between keys and rows: the table stays as large as the distinct keys are,
// whatever their repeats, and chains are two arrays of u32. Why only pairs of row numbers are
// collected, and columns gathered after: each column is then one tight loop, and what nobody
// needs is never touched.
//
// Cost: a look-up a row on both sides, a cache miss a pair and column for a large right side.
// Larger engines send a filter made of the built keys down into the other side's scan (a Bloom
// filter, or minimum and maximum), partition both sides by hash so that each table fits the
// cache, and spill partitions.

// A member's comment names the phase that writes it. Only a share (>>group-parallel) has its
// first group borrowed; the others are its own.
typedef struct dfq__join_op {
  dfq__op head;

  // The table: written by prepare, read only from then on.
  dfq__key_set keys;           // the number of each key
  dfq__store built;            // the columns of the built side that come out
  dfq__buffer first, next;     // u32: by number, by built row; DFQ__EMPTY ends a chain
  bool shared;                 // ... and belongs to the join that this is a copy of

  // Column numbers: set by open.
  int *left_key, *right_key;   // of the keys, in each side's schema
  int *built_from;             // of each column in built: its number in that side's schema
  int *side_column;            // of each output column: its number in built or streamed

  // While building.
  dfq__buffer row_number;      // u32: the key's number of each built row; then freed

  // The probe: where next stopped in the batch at hand.
  dfq__vec *key_column;        // room for the key columns of a batch
  dfq__buffer number;          // u32: of the probe batch's keys
  size_t at, probe_rows;       // the row at hand, of how many
  bool probing;                // its chain has begun
  uint32_t chain;              // and goes on at this built row
  dfq__buffer left_row, right_row;   // u32: the pairs of a batch
  dfq__buffer *out;            // the gathered columns: data and valid by turns

  // right and full: the built rows that nothing matched, after the last probe.
  uint8_t *met;                // of each built row: whether it matched; else NULL
  size_t met_size;
  bool tail;                   // the probe side is at its end
  size_t tail_at;

  // build_left: all pairs, found by prepare and emitted in the left's order.
  dfq__store streamed;         // the right rows of the pairs
  dfq__buffer pair_left;       // u32: the left row of each pair
  dfq__buffer order;           // u32: the pairs by left row
  size_t pairs, emitted;

  void *merge;                 // sorted: dfq__merge, see >>join-merge
} dfq__join_op;

// A buffer's memory as u32: row numbers, key numbers. NULL when nothing was reserved.
static uint32_t *dfq__u32(dfq__buffer *b) { return (uint32_t *)(void *)b->data; }

// The plan is read only; what changes while it runs lies in the operator.
static const dfq__join_plan *dfq__join_of(const dfq__op *op) { return op->node->join; }

// -- open

// Which columns the built side keeps, and where each output column will be found. Shared keys
// of right and full joins are kept as well, for rows without a left.
static bool dfq__join_columns(dfq__join_op *j) {
  dfq__op *op = &j->head;
  const dfq__join_plan *p = dfq__join_of(op);
  int n = op->node->schema.count, built = 0;
  const dfq_schema *left = &op->node->in[0]->schema, *right = &op->node->in[1]->schema;
  const dfq_schema *side = p->build_left ? left : right;
  dfq__side from = p->build_left ? DFQ__LEFT_SIDE : DFQ__RIGHT_SIDE;
  dfq_type *type = (dfq_type *)dfq__op_array(op, (size_t)n, sizeof *type);
  j->built_from = (int *)dfq__op_array(op, (size_t)n, sizeof(int));
  j->side_column = (int *)dfq__op_array(op, (size_t)n, sizeof(int));
  if (!type || !j->built_from || !j->side_column) return false;
  for (int c = 0; c < n; c++) {
    const dfq__join_column *jc = &p->column[c];
    bool here = jc->side == from || (jc->side == DFQ__BOTH_SIDES && !p->build_left);
    if (!here) continue;
    j->built_from[built] = dfq__schema_find(side, jc->name);
    j->side_column[c] = built;
    type[built] = dfq__types_of(side, j->built_from[built]);
    built++;
  }
  return dfq__store_init(&j->built, op->eval.heap, type, built);
}

// Both sides' keys have the same types, the verb saw to that; so one key set serves both.
static bool dfq__join_open(dfq__op *op) {
  dfq__join_op *j = (dfq__join_op *)op;
  const dfq__join_plan *p = dfq__join_of(op);
  size_t keys = (size_t)p->key_count, columns = (size_t)op->node->schema.count;
  dfq_type *type = (dfq_type *)dfq__op_array(op, keys, sizeof *type);
  j->left_key = (int *)dfq__op_array(op, keys, sizeof(int));
  j->right_key = (int *)dfq__op_array(op, keys, sizeof(int));
  j->key_column = (dfq__vec *)dfq__op_array(op, keys, sizeof(dfq__vec));
  j->out = (dfq__buffer *)dfq__op_array(op, 2 * columns, sizeof(dfq__buffer));
  if (!type || !j->left_key || !j->right_key || !j->key_column || !j->out) return false;
  for (size_t k = 0; k < keys; k++) {
    j->left_key[k] = dfq__schema_find(&op->node->in[0]->schema, p->left_key[k]);
    j->right_key[k] = dfq__schema_find(&op->node->in[1]->schema, p->right_key[k]);
    type[k] = dfq__types_of(&op->node->in[0]->schema, j->left_key[k]);
  }
  return dfq__join_columns(j) &&
         dfq__keys_init(&j->keys, op->run->own, type, (int)keys);
}

// The key's number of each row of a batch, in room from at on; DFQ__EMPTY for null keys, and
// when not adding, unknown ones. NULL without memory. A null key does get a number while
// building; taking it back here keeps the key set free of the join's rules.
static uint32_t *dfq__join_numbers(dfq__join_op *j, const dfq__batch *b, const int *key,
                                   dfq__buffer *room, size_t at, bool add) {
  const dfq__join_plan *p = dfq__join_of(&j->head);
  size_t n = b->rows;
  if (!dfq__buffer_reserve(j->head.eval.heap, room, (at + n + 1) * sizeof(uint32_t)))
    return NULL;
  uint32_t *number = dfq__u32(room) + at;
  if (p->key_count == 0) {
    memset(number, 0, n * sizeof *number);
    return number;
  }
  for (int k = 0; k < p->key_count; k++) j->key_column[k] = b->column[key[k]];
  if (add) {
    if (!dfq__keys_add(&j->keys, j->key_column, n, number)) return NULL;
  } else {
    const uint64_t *word = dfq__keys_words(&j->keys, j->key_column, n, false);
    if (!word) return NULL;
    dfq__find(&j->keys.table, word, n, number);
  }
  for (int k = 0; k < p->key_count && !p->nulls_equal; k++)   // null matches nothing
    for (size_t i = 0; j->key_column[k].valid && i < n; i++)
      if (!j->key_column[k].valid[i]) number[i] = DFQ__EMPTY;
  return number;
}

// Row numbers are u32, and DFQ__EMPTY is not one of them.
static bool dfq__join_too_large(dfq__join_op *j) {
  dfq__run_error(
      j->head.run,
      dfq__error_new(&j->head.run->own->arena, DFQ_LIMIT, j->head.node->at, "join",
                     "a side that is kept in memory has more than 4,294,967,294 rows"));
  return false;
}

// -- building: the table

// Reads the built side: its columns, and the key's number of each row. Only columns that come
// out are kept; keys are in the key set already.
static bool dfq__join_build(dfq__join_op *j, dfq__op *side, const int *key) {
  dfq__op *op = &j->head;
  dfq__batch part = { 0, j->built.columns, NULL };
  dfq__event e;
  part.column = (dfq__vec *)dfq__op_array(op, (size_t)part.columns, sizeof(dfq__vec));
  if (!part.column) return false;
  while ((e = dfq__pull(side)) == DFQ__BATCH) {
    if (j->built.rows + side->out.rows >= DFQ__EMPTY) return dfq__join_too_large(j);
    if (!dfq__join_numbers(j, &side->out, key, &j->row_number, j->built.rows, true))
      return false;
    for (int c = 0; c < part.columns; c++) part.column[c] = side->out.column[j->built_from[c]];
    part.rows = side->out.rows;
    if (!dfq__store_append(&j->built, &part)) return false;
    dfq__op_holds(
        op, dfq__store_bytes(&j->built) + dfq__keys_bytes(&j->keys) + j->row_number.bytes);
  }
  return e == DFQ__END;
}

// Chains the built rows by key. From the last row to the first, so that each chain is in row
// order.
static bool dfq__join_chain(dfq__join_op *j) {
  dfq__heap *heap = j->head.eval.heap;
  size_t rows = j->built.rows, numbers = dfq__max(j->keys.table.count, 1);
  if (!dfq__buffer_reserve(heap, &j->first, numbers * 4)) return false;
  if (!dfq__buffer_reserve(heap, &j->next, rows * 4 + 4)) return false;
  uint32_t *first = dfq__u32(&j->first), *next = dfq__u32(&j->next);
  const uint32_t *number = dfq__u32(&j->row_number);
  memset(first, 0xff, numbers * 4);
  for (size_t r = rows; r-- > 0;) {
    if (number[r] == DFQ__EMPTY) continue;
    next[r] = first[number[r]];
    first[number[r]] = (uint32_t)r;
  }
  dfq__buffer_free(heap, &j->row_number);
  return true;
}

// -- probing: pairs, and their columns

// Finds the pairs of the probe batch from where the last call stopped, at most room of them:
// left the probe row, right the built one, or DFQ__EMPTY where there is none. Returns how many;
// 0 when the batch is done. One probe row may have more pairs than there is room, so the chain
// is kept across calls. semi and anti write no right rows.
static size_t dfq__join_pairs(dfq__join_op *j, size_t room, uint32_t *left, uint32_t *right) {
  dfq_join_type type = dfq__join_of(&j->head)->type;
  const uint32_t *number = dfq__u32(&j->number), *first = dfq__u32(&j->first),
                 *next = dfq__u32(&j->next);
  bool keep = type == DFQ_LEFT || type == DFQ_FULL;
  size_t m = 0;
  while (j->at < j->probe_rows && m < room) {
    if (!j->probing) {
      j->chain = number[j->at] == DFQ__EMPTY ? DFQ__EMPTY : first[number[j->at]];
      if (type == DFQ_SEMI || type == DFQ_ANTI) {
        if ((j->chain != DFQ__EMPTY) == (type == DFQ_SEMI)) left[m++] = (uint32_t)j->at;
        j->at++;
        continue;
      }
      if (j->chain == DFQ__EMPTY && keep) {
        left[m] = (uint32_t)j->at;
        right[m++] = DFQ__EMPTY;
      }
      j->probing = true;
    }
    while (j->chain != DFQ__EMPTY && m < room) {
      left[m] = (uint32_t)j->at;
      right[m++] = j->chain;
      if (j->met) j->met[j->chain] = 1;
      j->chain = next[j->chain];
    }
    if (j->chain != DFQ__EMPTY) break;
    j->probing = false;
    j->at++;
  }
  return m;
}

// Gathers rows by number, where DFQ__EMPTY makes a null. from may have no data at all when
// every number is DFQ__EMPTY.
static bool dfq__gather_or_null(dfq__op *op, dfq__buffer *room, const dfq__vec *from,
                                const uint32_t *row, size_t n, dfq__vec *to) {
  size_t size = dfq__size_of(from->type);
  char *data = (char *)dfq__veval_room(&op->eval, &room[0], n * size);
  uint8_t *valid = (uint8_t *)dfq__veval_room(&op->eval, &room[1], n);
  if (op->eval.no_memory) return false;
  for (size_t i = 0; i < n; i++) {
    bool there = row[i] != DFQ__EMPTY;
    valid[i] = there && (!from->valid || from->valid[row[i]]);
    if (there) memcpy(data + i * size, (const char *)from->data + row[i] * size, size);
    else memset(data + i * size, 0, size);
  }
  dfq__vec v = { from->type, false, data, valid };
  *to = v;
  return true;
}

// Gathers rows that are all there. Validity only where from has one.
static bool dfq__gather_vec(dfq__op *op, dfq__buffer *room, const dfq__vec *from,
                            const uint32_t *row, size_t n, dfq__vec *to) {
  size_t size = dfq__size_of(from->type);
  void *data = dfq__veval_room(&op->eval, &room[0], n * size);
  void *valid = from->valid ? dfq__veval_room(&op->eval, &room[1], n) : NULL;
  if (op->eval.no_memory) return false;
  dfq__gather(data, from->data, row, n, size);
  if (valid) dfq__gather_1(valid, from->valid, row, n);
  dfq__vec v = { from->type, false, data, (const uint8_t *)valid };
  *to = v;
  return true;
}

// The output columns for m pairs of the probe batch. A shared key of a right or full join is
// the left's here: pairs have both. Only left and full joins have pairs without a built row.
static bool dfq__join_emit(dfq__join_op *j, const dfq__batch *probe, const uint32_t *left,
                           const uint32_t *right, size_t m) {
  dfq__op *op = &j->head;
  const dfq__join_plan *p = dfq__join_of(op);
  bool nulls = p->type == DFQ_LEFT || p->type == DFQ_FULL;
  for (int c = 0; c < op->out.columns; c++) {
    const dfq__join_column *jc = &p->column[c];
    dfq__buffer *room = &j->out[2 * c];
    dfq__vec *to = &op->out.column[c];
    if (jc->side == DFQ__RIGHT_SIDE) {
      dfq__vec from = dfq__store_vec(&j->built, j->side_column[c]);
      if (!(nulls ? dfq__gather_or_null(op, room, &from, right, m, to)
                  : dfq__gather_vec(op, room, &from, right, m, to)))
        return false;
    } else {
      int from = dfq__schema_find(&op->node->in[0]->schema, jc->name);
      if (!dfq__gather_vec(op, room, &probe->column[from], left, m, to)) return false;
    }
  }
  op->out.rows = m;
  return true;
}

// The right rows that nothing matched, in their order, up to a batch: the left's columns are
// null, but for shared keys, which are the right's now. Joins that do not want them have no
// met.
static dfq__event dfq__join_tail(dfq__join_op *j) {
  dfq__op *op = &j->head;
  const dfq__join_plan *p = dfq__join_of(op);
  size_t m = 0;
  if (!j->met) return DFQ__END;
  uint32_t *none = dfq__u32(&j->left_row), *right = dfq__u32(&j->right_row);
  for (; j->tail_at < j->built.rows && m < op->run->batch_rows; j->tail_at++) {
    if (j->met[j->tail_at]) continue;
    none[m] = DFQ__EMPTY;
    right[m++] = (uint32_t)j->tail_at;
  }
  for (int c = 0; c < op->out.columns && m; c++) {
    const dfq__join_column *jc = &p->column[c];
    dfq__vec from = { op->node->schema.field[c].type, false, NULL, NULL };
    bool left = jc->side == DFQ__LEFT_SIDE;
    if (!left) from = dfq__store_vec(&j->built, j->side_column[c]);
    if (!dfq__gather_or_null(op, &j->out[2 * c], &from, left ? none : right, m,
                             &op->out.column[c]))
      return DFQ__ERROR;
  }
  op->out.rows = m;
  return m ? DFQ__BATCH : DFQ__END;
}

// ---- >>join-left: building on the smaller, left side ----------------------------------------
// Idea. The left side is the table now, and the right side streams by. Its pairs come in the
// right's order; the answer wants the left's, and right's within a match. Pairs are kept as
// (left row, right row) and sorted by left row with a counting sort, which is stable: two
// passes, no comparison.
//
//   found     (1, a) (0, b) (1, c)        right rows a b c, as they streamed by
//   order     (0, b) (1, a) (1, c)        by left row, ties as found
//
// Worth it when the left is much smaller than the right: the table then fits the cache. It must
// know all pairs before the first goes out, so it is only for results that are read to their
// end; inner joins only, because no side has rows to keep. Cost: the pairs, and the right's
// columns of them, in memory. Larger engines do not promise an order, and just swap the sides.

// Appends the right rows of m pairs to the streamed store: one row for each pair, so that pair
// numbers are row numbers there. The operator's output columns serve as room meanwhile.
static bool dfq__join_stream(dfq__join_op *j, const dfq__batch *right, const uint32_t *row,
                             size_t m) {
  dfq__op *op = &j->head;
  const dfq__join_plan *p = dfq__join_of(op);
  dfq__batch part = { m, 0, op->out.column };
  for (int c = 0; c < op->out.columns; c++) {
    if (p->column[c].side != DFQ__RIGHT_SIDE) continue;
    int from = dfq__schema_find(&op->node->in[1]->schema, p->column[c].name);
    j->side_column[c] = part.columns;
    if (!dfq__gather_vec(op, &j->out[2 * c], &right->column[from], row, m,
                         &part.column[part.columns++]))
      return false;
  }
  return dfq__store_append(&j->streamed, &part);
}

// The streamed store: the right's output columns, in the order of the output.
static bool dfq__join_streamed_init(dfq__join_op *j) {
  dfq__op *op = &j->head;
  int n = 0;
  dfq_type *type = (dfq_type *)dfq__op_array(op, (size_t)op->out.columns, sizeof *type);
  if (!type) return false;
  for (int c = 0; c < op->out.columns; c++)
    if (dfq__join_of(op)->column[c].side == DFQ__RIGHT_SIDE)
      type[n++] = op->node->schema.field[c].type;
  return dfq__store_init(&j->streamed, op->eval.heap, type, n);
}

// order[i] is the number of the pair that goes out as the i-th. start needs one place more than
// there are rows, for the end of the last.
// The permutation that puts pairs into left order.
static bool dfq__join_order(dfq__join_op *j) {
  dfq__heap *heap = j->head.eval.heap;
  size_t rows = j->built.rows;
  size_t *start = (size_t *)dfq__alloc_zero(heap, rows + 2, sizeof *start);
  bool ok = start && dfq__buffer_reserve(heap, &j->order, j->pairs * 4 + 4);
  const uint32_t *left = dfq__u32(&j->pair_left);
  uint32_t *order = dfq__u32(&j->order);
  for (size_t i = 0; ok && i < j->pairs; i++) start[left[i] + 1]++;
  for (size_t r = 1; ok && r <= rows; r++) start[r] += start[r - 1];
  for (size_t i = 0; ok && i < j->pairs; i++) order[start[left[i]]++] = (uint32_t)i;
  dfq__free(heap, start, (rows + 2) * sizeof *start);
  return ok;
}

// Streams the right side against the built left, keeps all pairs, and orders them. False on
// error of either side, or without memory.
static bool dfq__join_find_pairs(dfq__join_op *j) {
  dfq__op *op = &j->head;
  size_t room = op->run->batch_rows;
  uint32_t *probe = (uint32_t *)dfq__veval_room(&op->eval, &j->right_row, room * 4);
  dfq__event e;
  if (!probe || !dfq__join_streamed_init(j)) return false;
  while ((e = dfq__pull(op->in[1])) == DFQ__BATCH) {
    const dfq__batch *right = &op->in[1]->out;
    if (!dfq__join_numbers(j, right, j->right_key, &j->number, 0, false)) return false;
    j->at = 0;
    j->probe_rows = right->rows;
    for (size_t m = 1; m;) {
      if (!dfq__buffer_reserve(op->eval.heap, &j->pair_left, (j->pairs + room) * 4))
        return false;
      m = dfq__join_pairs(j, room, probe, dfq__u32(&j->pair_left) + j->pairs);
      if (j->pairs + m >= DFQ__EMPTY) return dfq__join_too_large(j);
      if (m && !dfq__join_stream(j, right, probe, m)) return false;
      j->pairs += m;
    }
    dfq__op_holds(
        op, dfq__store_bytes(&j->built) + dfq__store_bytes(&j->streamed) + j->pair_left.bytes);
  }
  return e == DFQ__END && dfq__join_order(j);
}

// A batch of pairs in order: right columns by pair number, left columns by the pair's left row.
static dfq__event dfq__join_next_pairs(dfq__join_op *j) {
  dfq__op *op = &j->head;
  size_t m = dfq__min(j->pairs - j->emitted, op->run->batch_rows);
  if (m == 0) return DFQ__END;
  const uint32_t *order = dfq__u32(&j->order) + j->emitted;
  uint32_t *left = (uint32_t *)dfq__veval_room(&op->eval, &j->left_row, m * 4);
  if (!left) return DFQ__ERROR;
  for (size_t i = 0; i < m; i++) left[i] = dfq__u32(&j->pair_left)[order[i]];
  for (int c = 0; c < op->out.columns; c++) {
    bool right = dfq__join_of(op)->column[c].side == DFQ__RIGHT_SIDE;
    dfq__vec from = dfq__store_vec(right ? &j->streamed : &j->built, j->side_column[c]);
    if (!dfq__gather_vec(op, &j->out[2 * c], &from, right ? order : left, m,
                         &op->out.column[c]))
      return DFQ__ERROR;
  }
  op->out.rows = m;
  j->emitted += m;
  return DFQ__BATCH;
}

// ---- >>join-merge: both sides sorted by the key ---------------------------------------------
// Idea. Two sorted lists are joined by walking both at once. Only the right rows of one key are
// kept, for the left rows that share it:
//
//   left   1  3  3  5           right  2  3  3  6
//             ^  ^                        └──┘ kept while the left is at 3
//
// Why it is worth having beside the hash join: it needs no table, and it starts to answer at
// once. Null keys stand last on both sides, and match only with nulls_equal. Cost: one
// comparison a row, plus one for each pair of neighbours to check the order. Larger engines use
// it when both inputs come sorted (Spark's default for large tables sorts them itself first).
//
// Memory: the rows of the largest key on the right, and for right and full joins the right rows
// without a match, which come last. A side whose keys go back is an error. Rows are handled one
// at a time.

// Walks one side. key: of the row at hand, borrowed from its batch.
typedef struct dfq__cursor {
  dfq__op *in;
  const int *column;      // of the keys
  int keys;
  size_t at, seen;        // in the batch at hand, and rows before it
  bool started, end;      // a row is at hand, or has been; none is left
  dfq_value *key, *before;
  dfq__store last;        // one row: the key before
} dfq__cursor;

typedef struct dfq__merge {
  dfq__cursor side[2];         // left, right
  dfq_value *row;              // room for an output row, and a right row behind it
  dfq__store kept, kept_key;   // right rows of one key
  dfq__store out, rest;        // finished rows; right rows without a match
  bool left_done;
  size_t rest_at;
} dfq__merge;

// Only in the merge form, after prepare.
static dfq__merge *dfq__merge_of(dfq__op *op) {
  return (dfq__merge *)((dfq__join_op *)op)->merge;
}

// A store with a schema's columns. False without memory.
static bool dfq__store_like(dfq__op *op, dfq__store *s, const dfq_schema *schema) {
  dfq_type *type = (dfq_type *)dfq__op_array(op, (size_t)schema->count, sizeof *type);
  for (int c = 0; type && c < schema->count; c++) type[c] = dfq__types_of(schema, c);
  return type && dfq__store_init(s, op->eval.heap, type, schema->count);
}

// A store for the keys of one side, for comparing with a row that is gone.
static bool dfq__keys_store(dfq__op *op, dfq__store *s, int side, const int *column, int keys) {
  dfq_type *type = (dfq_type *)dfq__op_array(op, (size_t)keys, sizeof *type);
  for (int k = 0; type && k < keys; k++)
    type[k] = dfq__types_of(&op->node->in[side]->schema, column[k]);
  return type && dfq__store_init(s, op->eval.heap, type, keys);
}

// Makes the cursors and stores; reads nothing. False without memory, and close frees what there
// is.
static bool dfq__merge_prepare(dfq__op *op) {
  dfq__join_op *j = (dfq__join_op *)op;
  dfq__merge *m = (dfq__merge *)dfq__op_array(op, 1, sizeof *m);
  if (!m) return false;
  j->merge = m;
  int keys = dfq__join_of(op)->key_count;
  for (int i = 0; i < 2; i++) {
    dfq__cursor *c = &m->side[i];
    c->in = op->in[i];
    c->column = i ? j->right_key : j->left_key;
    c->keys = keys;
    c->key = (dfq_value *)dfq__op_array(op, 2 * (size_t)keys, sizeof *c->key);
    if (!c->key || !dfq__keys_store(op, &c->last, i, c->column, keys)) return false;
    c->before = c->key + keys;
  }
  m->row = (dfq_value *)dfq__op_array(
      op, (size_t)(op->out.columns + op->node->in[1]->schema.count), sizeof *m->row);
  return m->row && dfq__keys_store(op, &m->kept_key, 0, j->left_key, keys) &&
         dfq__store_like(op, &m->kept, &op->node->in[1]->schema) &&
         dfq__store_like(op, &m->out, &op->node->schema) &&
         dfq__store_like(op, &m->rest, &op->node->schema);
}

// The merge itself lies in the run's arena; only its stores are freed.
static void dfq__merge_close(dfq__op *op) {
  dfq__merge *m = dfq__merge_of(op);
  if (!m) return;
  dfq__store *all[] = { &m->side[0].last, &m->side[1].last, &m->kept,
                        &m->kept_key,     &m->out,          &m->rest };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) dfq__store_free(all[i]);
}

// One row of a store as values; texts are borrowed from it until it is cleared.
static void dfq__store_row_get(const dfq__store *s, size_t row, dfq_value *to) {
  for (int c = 0; c < s->columns; c++) {
    dfq__vec v = dfq__store_vec(s, c);
    dfq__vec_get(&v, row, &to[c]);
  }
}

// -- walking

// Moves to the next row and checks the order. False with the run's error set; the end is
// c->end, and no error. The key is copied before the pull, which takes its batch away.
static bool dfq__cursor_next(dfq__op *op, dfq__cursor *c) {
  bool first = !c->started;
  if (c->end) return true;
  if (!first) {
    dfq__store_clear(&c->last);
    if (!dfq__store_row(&c->last, c->key)) return false;
    c->at++;
  }
  if (first || c->at == c->in->out.rows) {
    c->seen += first ? 0 : c->in->out.rows;
    c->at = 0;
    dfq__event e = dfq__pull(c->in);
    c->end = e == DFQ__END;
    if (e != DFQ__BATCH) return c->end;
  }
  c->started = true;
  for (int k = 0; k < c->keys; k++)
    dfq__vec_get(&c->in->out.column[c->column[k]], c->at, &c->key[k]);
  if (first) return true;
  dfq__store_row_get(&c->last, 0, c->before);
  if (dfq__compare_keys(c->before, c->key, c->keys) <= 0) return true;
  dfq__unsorted(op->run, op->node, c->in == op->in[0] ? "the left side" : "the right side",
                c->seen + c->at);
  return false;
}

// One output row: from the left row at hand (or none), and the given values of a right row (or
// NULL).
static bool dfq__merge_put(dfq__op *op, dfq__store *to, bool left, const dfq_value *right) {
  dfq__merge *m = dfq__merge_of(op);
  for (int c = 0; c < op->out.columns; c++) {
    const dfq__join_column *jc = &dfq__join_of(op)->column[c];
    m->row[c] = dfq__value_null();
    if (jc->side != DFQ__RIGHT_SIDE && left) {
      int from = dfq__schema_find(&op->node->in[0]->schema, jc->name);
      dfq__vec_get(&op->in[0]->out.column[from], m->side[0].at, &m->row[c]);
    } else if (jc->side != DFQ__LEFT_SIDE && right) {
      m->row[c] = right[dfq__schema_find(&op->node->in[1]->schema, jc->name)];
    }
  }
  return dfq__store_row(to, m->row);
}

// The right row at hand matched nothing: right and full joins keep it for the end.
static bool dfq__merge_drop_right(dfq__op *op) {
  dfq__merge *m = dfq__merge_of(op);
  dfq_join_type type = dfq__join_of(op)->type;
  dfq_value *right = m->row + op->out.columns;
  if (type == DFQ_RIGHT || type == DFQ_FULL) {
    dfq__row_of(op->in[1]->out.column, op->in[1]->out.columns, m->side[1].at, right);
    if (!dfq__merge_put(op, &m->rest, false, right)) return false;
  }
  return dfq__cursor_next(op, &m->side[1]);
}

// Brings the right side up to the left's key and keeps its rows of that key. The key is noted
// even when no right row has it, so that the next left row with it knows without looking.
static bool dfq__merge_advance(dfq__op *op) {
  dfq__merge *m = dfq__merge_of(op);
  dfq__cursor *l = &m->side[0], *r = &m->side[1];
  dfq_value *right = m->row + op->out.columns;
  int c = 0;
  if (!r->started && !dfq__cursor_next(op, r)) return false;
  dfq__store_clear(&m->kept);
  dfq__store_clear(&m->kept_key);
  if (!dfq__store_row(&m->kept_key, l->key)) return false;
  while (!r->end && (c = dfq__compare_keys(r->key, l->key, l->keys)) <= 0) {
    if (c < 0) {
      if (!dfq__merge_drop_right(op)) return false;
      continue;
    }
    dfq__row_of(op->in[1]->out.column, op->in[1]->out.columns, r->at, right);
    if (!dfq__store_row(&m->kept, right) || !dfq__cursor_next(op, r)) return false;
  }
  return true;
}

// SQL's rule is about the whole key: one null in it, and it equals nothing.
static bool dfq__key_has_null(const dfq_value *key, int n) {
  for (int i = 0; i < n; i++)
    if (key[i].type == DFQ_NULL) return true;
  return false;
}

// All output rows of the left row at hand.
static bool dfq__merge_step(dfq__op *op) {
  dfq__merge *m = dfq__merge_of(op);
  const dfq__join_plan *p = dfq__join_of(op);
  dfq__cursor *l = &m->side[0];
  dfq_value *right = m->row + op->out.columns;
  size_t matches = 0;
  if (p->nulls_equal || !dfq__key_has_null(l->key, l->keys)) {
    bool same = false;
    if (m->kept_key.rows) {
      dfq__store_row_get(&m->kept_key, 0, l->before);
      same = dfq__compare_keys(l->before, l->key, l->keys) == 0;
    }
    if (!same && !dfq__merge_advance(op)) return false;
    matches = m->kept.rows;
  }
  if (p->type == DFQ_SEMI || p->type == DFQ_ANTI)
    return (matches > 0) != (p->type == DFQ_SEMI) || dfq__merge_put(op, &m->out, true, NULL);
  for (size_t i = 0; i < matches; i++) {
    dfq__store_row_get(&m->kept, i, right);
    if (!dfq__merge_put(op, &m->out, true, right)) return false;
  }
  bool keep = p->type == DFQ_LEFT || p->type == DFQ_FULL;
  return matches || !keep || dfq__merge_put(op, &m->out, true, NULL);
}

// Fills out with a batch of rows, or more when the last left row has many matches. False on
// error, which comes after them. After the left's end, what the right still has is unmatched.
static bool dfq__merge_fill(dfq__op *op) {
  dfq__merge *m = dfq__merge_of(op);
  dfq_join_type type = dfq__join_of(op)->type;
  while (!m->left_done && m->out.rows < op->run->batch_rows) {
    if (!dfq__cursor_next(op, &m->side[0])) return false;
    m->left_done = m->side[0].end;
    if (!m->left_done && !dfq__merge_step(op)) return false;
  }
  if (!m->left_done || (type != DFQ_RIGHT && type != DFQ_FULL)) return true;
  if (!m->side[1].started && !dfq__cursor_next(op, &m->side[1])) return false;
  while (!m->side[1].end)
    if (!dfq__merge_drop_right(op)) return false;
  return true;
}

// The rows of one filling; when there are none, the right rows without a match, a batch at a
// time.
static dfq__event dfq__merge_next(dfq__op *op) {
  dfq__merge *m = dfq__merge_of(op);
  dfq__store_clear(&m->out);
  if (!dfq__merge_fill(op)) op->failed = true;
  dfq__op_holds(
      op, dfq__store_bytes(&m->kept) + dfq__store_bytes(&m->out) + dfq__store_bytes(&m->rest));
  const dfq__store *from = &m->out;
  size_t at = 0, n = m->out.rows;
  if (n == 0 && !op->failed) {
    from = &m->rest;
    at = m->rest_at;
    n = dfq__min(m->rest.rows - at, op->run->batch_rows);
    m->rest_at += n;
  }
  if (n == 0) return op->failed ? DFQ__ERROR : DFQ__END;
  for (int c = 0; c < op->out.columns; c++)
    op->out.column[c] = dfq__vec_from(dfq__store_vec(from, c), at);
  op->out.rows = n;
  return DFQ__BATCH;
}

// ---- >>join-op: the operator ----------------------------------------------------------------
// One operator class for the three forms: the hash join, its left-built twin, and the merge
// join; the plan says which. They share open and close, prepare and next choose.
//
//                 prepare                          next
//   hash          read the right, chain it         pairs of the next left batch, then the tail
//   build left    read the left, find all pairs    the next pairs in order
//   merge         make the cursors                 walk both sides
//
// A hash join's table is read only once prepare is done, so that several threads may probe it,
// each with a copy of the operator (>>group-parallel). The other forms keep their place in
// state of their own and are never shared. Larger engines choose the form while running, when
// they know how large the sides really are (Spark's adaptive execution).

// False on error; also called ahead of the first pull, by who shares the table.
static bool dfq__join_prepare(dfq__op *op) {
  dfq__join_op *j = (dfq__join_op *)op;
  const dfq__join_plan *p = dfq__join_of(op);
  if (p->sorted) return dfq__merge_prepare(op);
  int side = p->build_left ? 0 : 1;
  if (!dfq__join_build(j, op->in[side], side ? j->right_key : j->left_key)) return false;
  if (!dfq__join_chain(j)) return false;
  if (p->type == DFQ_RIGHT || p->type == DFQ_FULL) {
    j->met_size = j->built.rows + 1;
    j->met = (uint8_t *)dfq__alloc_zero(op->eval.heap, j->met_size, 1);
    if (!j->met) return false;
  }
  return p->build_left ? dfq__join_find_pairs(j) : true;
}

// A batch of pairs of one probe batch at most: their columns are gathered from it, and it is
// gone with the next pull.
static dfq__event dfq__join_next(dfq__op *op) {
  dfq__join_op *j = (dfq__join_op *)op;
  const dfq__join_plan *p = dfq__join_of(op);
  if (p->sorted) return dfq__merge_next(op);
  if (p->build_left) return dfq__join_next_pairs(j);
  size_t room = op->run->batch_rows;
  uint32_t *left = (uint32_t *)dfq__veval_room(&op->eval, &j->left_row, room * 4);
  uint32_t *right = (uint32_t *)dfq__veval_room(&op->eval, &j->right_row, room * 4);
  if (op->eval.no_memory) return DFQ__ERROR;
  while (!j->tail) {
    if (j->at >= j->probe_rows) {
      dfq__event e = dfq__pull(op->in[0]);
      if (e == DFQ__ERROR) return e;
      if (e == DFQ__END) { j->tail = true; break; }
      j->at = 0;
      j->probe_rows = op->in[0]->out.rows;
      if (!dfq__join_numbers(j, &op->in[0]->out, j->left_key, &j->number, 0, false))
        return DFQ__ERROR;
    }
    size_t m = dfq__join_pairs(j, room, left, right);
    if (m) return dfq__join_emit(j, &op->in[0]->out, left, right, m) ? DFQ__BATCH : DFQ__ERROR;
  }
  return dfq__join_tail(j);
}

// For a copy of this join in another thread: the table is the original's, read only, and the
// original outlives the copy. The scratch for key words is the copy's own, as probing writes
// it.
static void dfq__join_share(dfq__op *copy, dfq__op *op) {
  dfq__join_op *j = (dfq__join_op *)copy, *from = (dfq__join_op *)op;
  dfq__keys_free(&j->keys);
  dfq__store_free(&j->built);
  j->keys = from->keys;
  memset(&j->keys.scratch, 0, sizeof j->keys.scratch);
  memset(&j->keys.column, 0, sizeof j->keys.column);
  j->built = from->built;
  j->first = from->first;
  j->next = from->next;
  j->shared = true;
  copy->ready = true;
}

// Before the next morsel: nothing of the last batch is left to do.
static void dfq__join_restart(dfq__op *op) {
  dfq__join_op *j = (dfq__join_op *)op;
  j->at = j->probe_rows = 0;
  j->probing = j->tail = false;
}

// A shared table is forgotten before freeing, so that only the original frees it.
static void dfq__join_close(dfq__op *op) {
  dfq__join_op *j = (dfq__join_op *)op;
  dfq__heap *heap = op->eval.heap;
  if (j->shared) {   // the original frees these
    dfq__buffer_free(heap, &j->keys.scratch);
    dfq__buffer_free(heap, &j->keys.column);
    memset(&j->keys, 0, sizeof j->keys);
    memset(&j->built, 0, sizeof j->built);
    memset(&j->first, 0, sizeof j->first);
    memset(&j->next, 0, sizeof j->next);
  }
  dfq__buffer *own[] = { &j->row_number, &j->first, &j->next, &j->number, &j->left_row,
                         &j->right_row, &j->pair_left, &j->order };
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) dfq__buffer_free(heap, own[i]);
  dfq__keys_free(&j->keys);
  dfq__store_free(&j->built);
  dfq__store_free(&j->streamed);
  dfq__buffers_free(heap, j->out, 2 * op->out.columns);
  dfq__free(heap, j->met, j->met_size);
  dfq__merge_close(op);
}

static const dfq__op_class dfq__join_class = {
  sizeof(dfq__join_op), dfq__join_open, dfq__join_prepare, dfq__join_next, dfq__join_close, NULL
};

// ---- >>join-verbs: join as a plan node ------------------------------------------------------
// Idea. Keys come as text, "a, b = c": columns of the same name, or pairs. A join node holds
// the pairs, and for each output column the side that it comes from:
//
//   orders (id, customer, total) join customers (customer, total) on customer
//     ->  id L | customer L | total L | total_right R            a shared key stands once
//
// In right and full joins a shared key is taken from whichever side has the row (SQL's USING);
// the two columns of a pair a = b both come out. Key types must be equal: a silent cast would
// make 1 = 1.0 match, or not, depending on who chose it.

// Interned names, pair by pair.
typedef struct dfq__join_keys {
  const char **left, **right;
  int count, room;
} dfq__join_keys;

// pairs = NAME ["=" NAME] {"," ...} [","]: after a pair without a comma, the next word is the
// type.
static bool dfq__parse_join_keys(dfq__parser *p, dfq__join_keys *k) {
  k->room = DFQ__MAX_KEYS - 1;
  k->left = (const char **)dfq__arena_array(&p->db->arena, (size_t)k->room, sizeof *k->left);
  k->right = (const char **)dfq__arena_array(&p->db->arena, (size_t)k->room, sizeof *k->right);
  if (!k->left || !k->right) { p->error = &dfq__error_memory; return false; }
  do {
    if (k->count && !dfq__at_name(p)) break;
    if (k->count == k->room) {
      dfq__parse_fail(p, DFQ_LIMIT, p->now.at, p->now.len, "more than %d keys", k->room);
      break;
    }
    const char *left = dfq__parse_name(p, "a column"), *right = left;
    if (dfq__accept_symbol(p, "=") || dfq__accept_symbol(p, "=="))
      right = dfq__parse_name(p, "a column of the right side");
    k->left[k->count] = left;
    k->right[k->count] = right;
    k->count += left && right;
  } while (!p->error && dfq__accept_symbol(p, ","));
  return !p->error;
}

// In the order of dfq_join_type; NULL ends the list.
static const char *const dfq__join_names[] = { "inner", "left", "right", "full",
                                               "semi",  "anti", "cross", NULL };

// -- what comes out

// Columns exist and types agree. False with the verb's error set.
static bool dfq__join_check_keys(dfq__verb *v, const dfq_schema *left, const dfq_schema *right,
                                 const dfq__join_keys *k) {
  for (int i = 0; i < k->count; i++) {
    int a = dfq__schema_find(left, k->left[i]), b = dfq__schema_find(right, k->right[i]);
    const char *missing = a < 0 ? k->left[i] : b < 0 ? k->right[i] : NULL;
    if (missing) {
      const dfq_schema *s = a < 0 ? left : right;
      const char *near = dfq__nearest_column(s, missing);
      dfq__text t = dfq__text_in(v->db->heap);
      dfq__put_field_names(&t, s);
      dfq__verb_error(v, DFQ_UNKNOWN_NAME,
                      "no column %s on the %s side%s%s%s\n  the columns there: %s", missing,
                      a < 0 ? "left" : "right", near ? "; did you mean " : "", near ? near : "",
                      near ? "?" : "", t.data ? t.data : "none");
      dfq__text_free(&t);
      return false;
    }
    dfq_type x = dfq__types_of(left, a), y = dfq__types_of(right, b);
    if (x == y) continue;
    dfq__verb_error(v, DFQ_TYPE_ERROR,
                    "cannot match %s (%s) with %s (%s)\n  try: cast one of them before the "
                    "join, as in with cast(%s as %s) as %s",
                    k->left[i], dfq_type_name(x), k->right[i], dfq_type_name(y), k->right[i],
                    dfq_type_name(x), k->right[i]);
    return false;
  }
  return true;
}

// Is this right column a key whose left twin has the same name, and so appears once?
static bool dfq__is_shared_key(const dfq__join_keys *k, const char *name) {
  for (int i = 0; i < k->count; i++)
    if (k->left[i] == name && k->right[i] == name) return true;
  return false;
}

// Interned; NULL without memory.
static const char *dfq__suffixed(dfq *db, const char *name, const char *suffix) {
  dfq__text t = dfq__text_in(db->heap);
  dfq__put(&t, name);
  dfq__put(&t, suffix);
  const char *interned = t.failed ? NULL : dfq__intern(db, t.data);
  dfq__text_free(&t);
  return interned;
}

// What comes out: the left's columns, then the right's but for shared keys; a name that both
// have gets the suffix on the right.
static bool dfq__join_schema(dfq__verb *v, dfq__node *n, const dfq__join_keys *k) {
  const dfq_schema *left = &n->in[0]->schema, *right = &n->in[1]->schema;
  dfq__join_plan *p = n->join;
  size_t room = (size_t)(left->count + right->count) + 1;
  bool one_side = p->type == DFQ_SEMI || p->type == DFQ_ANTI,
       coalesce = p->type == DFQ_RIGHT || p->type == DFQ_FULL;
  dfq_field *field = (dfq_field *)dfq__arena_array(&v->db->arena, room, sizeof *field);
  p->column = (dfq__join_column *)dfq__arena_array(&v->db->arena, room, sizeof *p->column);
  if (!field || !p->column) { v->error = &dfq__error_memory; return false; }
  dfq_schema out = { 0, field };
  for (int c = 0; c < left->count; c++, out.count++) {
    field[out.count] = left->field[c];
    p->column[out.count].name = left->field[c].name;
    p->column[out.count].side = DFQ__LEFT_SIDE;
    if (coalesce && dfq__is_shared_key(k, left->field[c].name))
      p->column[out.count].side = DFQ__BOTH_SIDES;
  }
  for (int c = 0; c < right->count && !one_side; c++) {
    const char *name = right->field[c].name;
    if (dfq__is_shared_key(k, name)) continue;
    field[out.count] = right->field[c];
    p->column[out.count].name = name;
    p->column[out.count].side = DFQ__RIGHT_SIDE;
    if (dfq__schema_find(left, name) >= 0) {
      field[out.count].name = dfq__suffixed(v->db, name, p->suffix);
      if (!field[out.count].name) { v->error = &dfq__error_memory; return false; }
    }
    if (dfq__schema_find(&out, field[out.count].name) >= 0) {
      dfq__verb_error(
          v, DFQ_USAGE,
          "two columns are called %s; rename one before the join, or choose another suffix",
          field[out.count].name);
      return false;
    }
    out.count++;
  }
  n->schema = out;
  return true;
}

// The form that the others end in. A failed input is passed on as it is: its own error says
// more than one made here.
static dfq_frame *dfq__join_frames(dfq_frame *left, dfq_frame *right,
                                   const dfq_join_options *how, const dfq__join_keys *keys,
                                   const char *at) {
  if (!left || left->error) return left;
  if (!right || right->error) return right;
  dfq__verb v = dfq__verb_on(left, "join", at);
  dfq__node *n = dfq__verb_node(&v, DFQ__JOIN, right->node);
  dfq__join_plan *p = (dfq__join_plan *)dfq__arena_alloc(&v.db->arena, sizeof *p);
  if (!n || !p) return dfq__frame_failed(v.db, &dfq__error_memory);
  if (left->db != right->db)
    return dfq__verb_fail(&v, DFQ_USAGE, "the two frames belong to different contexts");
  if ((unsigned)how->type > DFQ_CROSS)
    return dfq__verb_fail(&v, DFQ_USAGE, "no join type has the number %d", (int)how->type);
  if ((how->type == DFQ_CROSS) != (keys->count == 0))
    return dfq__verb_fail(&v, DFQ_USAGE, "%s", keys->count ? "a cross join takes no keys" :
                          "no keys; say on which columns, or ask for a cross join");
  if (!dfq__join_check_keys(&v, &left->node->schema, &right->node->schema, keys))
    return dfq__verb_failed(&v);
  p->type = how->type;
  p->key_count = keys->count;
  p->left_key = keys->left;
  p->right_key = keys->right;
  p->nulls_equal = how->nulls_equal;
  p->sorted = how->strategy == DFQ_SORTED && keys->count > 0;
  p->hashed = how->strategy == DFQ_HASH;
  p->suffix = dfq__intern(v.db, how->suffix ? how->suffix : "_right");
  n->join = p;
  if (!p->suffix || !dfq__join_schema(&v, n, keys)) return dfq__verb_failed(&v);
  return dfq__verb_done(&v, n);
}

// -- the verbs

DFQ_API dfq_frame *dfq_join_with_at(dfq_frame *left, dfq_frame *right,
                                    const dfq_join_options *how, const char *at) {
  if (!left || left->error) return left;
  dfq__verb v = dfq__verb_on(left, "join", at);
  if (!how) return dfq__verb_fail(&v, DFQ_USAGE, "the options are NULL");
  dfq__parser p = dfq__verb_parser(&v, how->keys);
  dfq__join_keys keys = { NULL, NULL, 0, 0 };
  if (p.now.kind != DFQ__T_END) dfq__parse_join_keys(&p, &keys);
  dfq__expect_end(&p);
  if (p.error) return dfq__frame_failed(v.db, p.error);
  return dfq__join_frames(left, right, how, &keys, at);
}

DFQ_API dfq_frame *dfq_join_at(dfq_frame *left, dfq_frame *right, const char *keys,
                               dfq_join_type type, const char *at) {
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = keys;
  how.type = type;
  return dfq_join_with_at(left, right, &how, at);
}

// ---- >>sort: stable, by normalised keys -----------------------------------------------------
// Idea. A sort needs to see all rows, so they go into a store; what is sorted are their
// numbers. Each key becomes an unsigned 64-bit word whose order is the key's order (Graefe
// calls them normalised keys): integers with the sign bit flipped, floats with all bits flipped
// when negative, strings by their first 8 bytes; all of it inverted for desc.
//
//   -2 -> 7ffffffffffffffe    0 -> 8000000000000000    3 -> 8000000000000003
//
// Nulls of the first key go to their end. A radix sort over the first key's words puts the
// other numbers in order, byte by byte from the lowest, each pass stable, and bytes that are
// the same everywhere cost nothing. Rows that are still equal are settled by the other keys
// (and the rest of long strings) with a merge sort of that run.
//
//   words ──> nulls aside ──> radix sort by key 1 ──> runs of equal words: merge sort by all
//
// Why numbers and not rows: a pass moves 16 bytes whatever a row weighs. Why radix: no
// comparison, so no branch that cannot be predicted.
//
// Cost: at most 8 passes over the row numbers, usually half of that, and n log n comparisons in
// runs of equal words only. Larger engines put several keys into one wide normalised key
// (DuckDB), move the payload along (a scatter by the top bits first keeps buckets in the
// cache), and sort parts in several threads.

typedef struct dfq__sort_key {
  int column;           // of the store
  bool descending, nulls_first;
  dfq__buffer word;     // u64 of each row, ascending in this key's order; of a null: any
} dfq__sort_key;

// Sorts the rows of a store; sort, top-k and windows are built on it.
typedef struct dfq__sorter {
  dfq__heap *heap;
  dfq__run *run;
  const dfq__node *node;    // for messages
  dfq__store store;
  dfq__sort_key *by;        // keys of them; room for one for each column
  int keys;
  dfq__buffer order, spare; // row numbers
} dfq__sorter;

// type: of the store's columns. False without memory.
static bool dfq__sorter_init(dfq__sorter *s, dfq__op *op, const dfq_type *type, int columns) {
  s->heap = op->eval.heap;
  s->run = op->run;
  s->node = op->node;
  s->by = (dfq__sort_key *)dfq__op_array(op, (size_t)columns, sizeof *s->by);
  return s->by && dfq__store_init(&s->store, s->heap, type, columns);
}

// Harmless when zeroed.
static void dfq__sorter_free(dfq__sorter *s) {
  if (!s->heap) return;
  for (int k = 0; s->by && k < s->store.columns; k++) dfq__buffer_free(s->heap, &s->by[k].word);
  dfq__buffer_free(s->heap, &s->order);
  dfq__buffer_free(s->heap, &s->spare);
  dfq__store_free(&s->store);
}

// -- words whose order is the keys'

// Positive floats are ordered as their bits are, negative ones the other way round, and below
// them; NaN, made positive, is the greatest.
static uint64_t dfq__order_word_f64(double v) {
  uint64_t w = dfq__f64_word(v);
  return w >> 63 ? ~w : w | (uint64_t)1 << 63;
}

// The first 8 bytes, the first of them highest. A text that ends earlier is filled with zeros,
// which a text may hold too: equal words say nothing yet about equal strings.
static uint64_t dfq__order_word_str(const dfq_view *v) {
  const unsigned char *s = (const unsigned char *)(const void *)dfq__view_chars(v);
  uint64_t w = 0;
  for (uint32_t i = 0; i < 8; i++) w = w << 8 | (i < v->len ? s[i] : 0);
  return w;
}

// Fills a key's words for all rows of the store.
// A null's word is whatever its memory holds, but of strings, whose bytes may not be there.
static bool dfq__sort_words(dfq__sorter *s, dfq__sort_key *k) {
  dfq__vec v = dfq__store_vec(&s->store, k->column);
  size_t n = s->store.rows;
  if (!dfq__buffer_reserve(s->heap, &k->word, n * 8 + 8)) return false;
  uint64_t *word = (uint64_t *)(void *)k->word.data;
  const uint64_t sign = (uint64_t)1 << 63;
  switch (dfq__storage_of(v.type)) {
    case 0: for (size_t i = 0; i < n; i++) word[i] = ((const uint8_t *)v.data)[i]; break;
    case 1:
      for (size_t i = 0; i < n; i++)
        word[i] = (uint64_t)(int64_t)((const int32_t *)v.data)[i] ^ sign;
      break;
    case 2:
      for (size_t i = 0; i < n; i++) word[i] = ((const uint64_t *)v.data)[i] ^ sign;
      break;
    case 3:
      for (size_t i = 0; i < n; i++) word[i] = dfq__order_word_f64(((const double *)v.data)[i]);
      break;
    default:
      for (size_t i = 0; i < n; i++)
        word[i] = v.valid && !v.valid[i] ? 0
                                         : dfq__order_word_str((const dfq_view *)v.data + i);
  }
  for (size_t i = 0; k->descending && i < n; i++) word[i] = ~word[i];
  return true;
}

// Byte by byte, from the store's own validity.
static bool dfq__sort_null(const dfq__sorter *s, const dfq__sort_key *k, uint32_t row) {
  const char *valid = s->store.valid[k->column].data;
  return valid && !valid[row];
}

// Compares two rows by keys from .. to: 0 when they are equal in all of them. A long string is
// looked at only when the words of its first bytes agree.
static int dfq__sort_compare(const dfq__sorter *s, int from, int to, uint32_t a, uint32_t b) {
  for (int i = from; i < to; i++) {
    const dfq__sort_key *k = &s->by[i];
    bool x = dfq__sort_null(s, k, a), y = dfq__sort_null(s, k, b);
    if (x != y) return x == k->nulls_first ? -1 : 1;
    if (x) continue;
    const uint64_t *word = (const uint64_t *)(const void *)k->word.data;
    if (word[a] != word[b]) return word[a] < word[b] ? -1 : 1;
    if (s->store.type[k->column] != DFQ_STR) continue;
    const dfq_view *v = (const dfq_view *)(const void *)s->store.data[k->column].data;
    int c = dfq__view_compare(&v[a], &v[b]);
    if (c) return k->descending ? -c : c;
  }
  return 0;
}

// -- the two sorts: by comparing, and by bytes

// A stable merge sort of row numbers; spare has room for n. Only the left half is copied out:
// merging writes at k <= j, so the right half is never overwritten before it is read. Short
// runs, which are most, go by insertion; two halves in order already are left alone.
static void dfq__merge_sort(const dfq__sorter *s, int from, uint32_t *row, uint32_t *spare,
                            size_t n) {
  if (n <= 12) {
    for (size_t i = 1; i < n; i++) {
      uint32_t r = row[i];
      size_t j = i;
      for (; j > 0 && dfq__sort_compare(s, from, s->keys, r, row[j - 1]) < 0; j--)
        row[j] = row[j - 1];
      row[j] = r;
    }
    return;
  }
  size_t half = n / 2, i = 0, j = half, k = 0;
  dfq__merge_sort(s, from, row, spare, half);
  dfq__merge_sort(s, from, row + half, spare, n - half);
  if (dfq__sort_compare(s, from, s->keys, row[half - 1], row[half]) <= 0) return;
  memcpy(spare, row, half * sizeof *row);
  while (i < half && j < n)
    row[k++] = dfq__sort_compare(s, from, s->keys, row[j], spare[i]) < 0 ? row[j++]
                                                                         : spare[i++];
  while (i < half) row[k++] = spare[i++];
}

// A row number with its word beside it, so that a pass reads memory in order.
typedef struct dfq__sort_pair {
  uint64_t word;
  uint64_t row;
} dfq__sort_pair;

// One stable pass by the byte at shift: count, sum up, scatter. 256 targets are as many as the
// first cache can write to at once.
static void dfq__radix_pass(const dfq__sort_pair *from, dfq__sort_pair *to, size_t n,
                            int shift) {
  size_t start[257] = { 0 };
  for (size_t i = 0; i < n; i++) start[(from[i].word >> shift & 0xff) + 1]++;
  for (int b = 0; b < 256; b++) start[b + 1] += start[b];
  for (size_t i = 0; i < n; i++) to[start[from[i].word >> shift & 0xff]++] = from[i];
}

// Sorts row numbers by one key's words, lowest byte first; a byte that never changes is passed
// over, and so is everything when the words ascend already. False without memory.
static bool dfq__radix_sort(dfq__heap *heap, const uint64_t *word, uint32_t *row, size_t n) {
  dfq__buffer room = { NULL, NULL, 0 };
  uint64_t all = ~(uint64_t)0, any = 0, before = 0;
  bool ascends = true;
  for (size_t i = 0; i < n; i++) {
    uint64_t w = word[row[i]];
    ascends = ascends && w >= before;
    all &= w;
    any |= w;
    before = w;
  }
  if (ascends) return true;
  if (!dfq__buffer_reserve(heap, &room, 2 * n * sizeof(dfq__sort_pair))) return false;
  dfq__sort_pair *from = (dfq__sort_pair *)(void *)room.data, *to = from + n;
  for (size_t i = 0; i < n; i++) {
    from[i].word = word[row[i]];
    from[i].row = row[i];
  }
  for (int shift = 0; shift < 64; shift += 8) {
    if (((all ^ any) >> shift & 0xff) == 0) continue;
    dfq__radix_pass(from, to, n, shift);
    dfq__sort_pair *swap = from;
    from = to;
    to = swap;
  }
  for (size_t i = 0; i < n; i++) row[i] = (uint32_t)from[i].row;
  dfq__buffer_free(heap, &room);
  return true;
}

// Stable: nulls of the first key to their end. Returns where the others begin; *count of them.
// They are taken out first, because a null's word is as good as random.
static size_t dfq__sort_nulls(const dfq__sorter *s, uint32_t *row, uint32_t *spare, size_t n,
                              size_t *count) {
  const dfq__sort_key *k = &s->by[0];
  size_t nulls = 0, values = 0;
  for (size_t i = 0; i < n; i++) {
    if (dfq__sort_null(s, k, row[i])) spare[nulls++] = row[i];
    else row[values++] = row[i];
  }
  *count = values;
  if (!k->nulls_first) { memcpy(row + values, spare, nulls * sizeof *row); return 0; }
  memmove(row + nulls, row, values * sizeof *row);
  memcpy(row, spare, nulls * sizeof *row);
  return nulls;
}

// -- both together

// Runs that the first key's words leave equal are settled by what is left to compare: the other
// keys, and first the strings themselves when the words were only their beginnings.
static void dfq__sort_ties(const dfq__sorter *s, uint32_t *row, uint32_t *spare, size_t n) {
  const uint64_t *word = (const uint64_t *)(const void *)s->by[0].word.data;
  int from = s->store.type[s->by[0].column] == DFQ_STR ? 0 : 1;
  if (from == s->keys) return;
  for (size_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && word[row[end]] == word[row[i]];) end++;
    if (end - i > 1) dfq__merge_sort(s, from, row + i, spare, end - i);
  }
}

// Puts the numbers of all rows of the store in order. May be called again after the store has
// changed; False without memory, or with the run's error set. All keys get their words, though
// the later ones are needed for ties only: a compare is then two loads and no type switch.
static bool dfq__sorter_sort(dfq__sorter *s) {
  dfq__heap *heap = s->heap;
  size_t n = s->store.rows, count;
  if (n >= DFQ__EMPTY) {
    dfq__run_error(s->run,
                   dfq__error_new(&s->run->own->arena, DFQ_LIMIT, s->node->at, "sort",
                                  "more than 4,294,967,294 rows"));
    return false;
  }
  if (!dfq__buffer_reserve(heap, &s->order, n * 4 + 4) ||
      !dfq__buffer_reserve(heap, &s->spare, n * 4 + 4))
    return false;
  uint32_t *row = dfq__u32(&s->order), *spare = dfq__u32(&s->spare);
  for (size_t i = 0; i < n; i++) row[i] = (uint32_t)i;
  for (int k = 0; k < s->keys; k++)
    if (!dfq__sort_words(s, &s->by[k])) return false;
  if (s->keys == 0) return true;
  size_t at = dfq__sort_nulls(s, row, spare, n, &count);
  const uint64_t *word = (const uint64_t *)(const void *)s->by[0].word.data;
  if (!dfq__radix_sort(heap, word, row + at, count)) return false;
  dfq__sort_ties(s, row + at, spare, count);
  if (n > count) dfq__merge_sort(s, 1, row + (at ? 0 : count), spare, n - count);
  return true;
}

// ---- >>sort-op: sort and top-k --------------------------------------------------------------
// Idea. A pipeline breaker in its purest form: prepare reads everything into the sorter's
// store, the keys' values behind the input's columns; next gathers rows in order, a batch at a
// time.
//
//   rows ──> store [ columns | keys ] ──> sorter: numbers in order ──> gather ──> rows
//
// Top-k is a sort that knows how many rows will be asked for. It lets the store grow to four
// times that (8,192 rows at least), sorts it, and keeps the best k: so each row is sorted a few
// times at most, while memory stays at a few k rows however long the input is. Ties are safe:
// rows that are kept stand before all later ones, and the sort is stable.
//
// Cost: a copy of the input, then as in >>sort. Larger engines keep a heap of k rows for top-k,
// and test whole batches against its worst row first; for sorts beyond memory they write sorted
// runs to disk and merge them.

typedef struct dfq__sort_op {
  dfq__op head;
  dfq__bound **key;
  dfq__buffer *flat;
  dfq__sorter sorter;       // its store: the input's columns, then the keys
  dfq__buffer *out;
  size_t emitted, limit;    // limit: SIZE_MAX without one
  dfq__batch part;
} dfq__sort_op;

// The store has the keys behind the columns: a key may be any expression, and is computed once.
static bool dfq__sort_open(dfq__op *op) {
  dfq__sort_op *s = (dfq__sort_op *)op;
  const dfq__node *n = op->node;
  size_t keys = (size_t)n->key_count, columns = (size_t)op->out.columns;
  s->limit = n->kind == DFQ__TOP_K ? (size_t)n->count : SIZE_MAX;
  s->key = (dfq__bound **)dfq__op_array(op, keys, sizeof *s->key);
  s->flat = (dfq__buffer *)dfq__op_array(op, 2 * keys, sizeof *s->flat);
  s->out = (dfq__buffer *)dfq__op_array(op, 2 * columns, sizeof *s->out);
  s->part.column = (dfq__vec *)dfq__op_array(op, columns + keys, sizeof(dfq__vec));
  s->part.columns = (int)(columns + keys);
  dfq_type *type = (dfq_type *)dfq__op_array(op, columns + keys, sizeof *type);
  if (!s->key || !s->flat || !s->out || !s->part.column || !type) return false;
  for (size_t c = 0; c < columns; c++) type[c] = dfq__types_of(&n->schema, (int)c);
  for (size_t k = 0; k < keys; k++) {
    s->key[k] = dfq__op_bind(op, &n->in[0]->schema, n->key[k].expr);
    if (!s->key[k]) return false;
    type[columns + k] = s->key[k]->type;
  }
  if (!dfq__sorter_init(&s->sorter, op, type, (int)(columns + keys))) return false;
  s->sorter.keys = n->key_count;
  for (size_t k = 0; k < keys; k++) {
    s->sorter.by[k].column = (int)(columns + k);
    s->sorter.by[k].descending = n->key[k].descending;
    s->sorter.by[k].nulls_first = n->key[k].nulls_first;
  }
  return true;
}

// Top-k: keeps the best rows, in order, and drops the others. A new store is filled, because
// the strings of dropped rows can only be freed all at once. On failure the old store stays.
static bool dfq__sort_cut(dfq__sort_op *s) {
  dfq__store best;
  dfq__op *op = &s->head;
  size_t n = dfq__min(s->sorter.store.rows, s->limit);
  if (!dfq__sorter_sort(&s->sorter)) return false;
  bool ok = dfq__store_init(&best, op->eval.heap, s->sorter.store.type,
                            s->sorter.store.columns);
  dfq__batch part = { n, s->sorter.store.columns, s->part.column };
  dfq__buffer room[2];
  memset(room, 0, sizeof room);
  for (int c = 0; ok && c < part.columns; c++) {
    dfq__vec from = dfq__store_vec(&s->sorter.store, c), v;
    ok = dfq__gather_vec(op, room, &from, dfq__u32(&s->sorter.order), n, &v) &&
         dfq__store_column(&best, c, &v, n);
  }
  dfq__buffers_free(op->eval.heap, room, 2);
  best.rows = n;
  if (!ok) { dfq__store_free(&best); return false; }
  dfq__store_free(&s->sorter.store);
  s->sorter.store = best;
  return true;
}

// Appends a batch's columns and keys to the store. An error in a key ends it all: a sort has no
// first rows to give before it has seen the last.
static bool dfq__sort_add(dfq__sort_op *s, const dfq__batch *in) {
  dfq__op *op = &s->head;
  size_t n = in->rows;
  dfq__arena_rewind(&op->eval.strings);
  for (int c = 0; c < in->columns; c++) s->part.column[c] = in->column[c];
  for (int k = 0; k < op->node->key_count; k++) {
    dfq__vec *v = &s->part.column[in->columns + k];
    n = dfq__op_eval(op, s->key[k], in, n, NULL, v);
    if (op->failed || !dfq__vec_flatten(&op->eval, &s->flat[2 * k], &s->flat[2 * k + 1], n, v))
      return false;
  }
  op->rows_in += n;
  s->part.rows = n;
  if (!dfq__store_append(&s->sorter.store, &s->part)) return false;
  dfq__op_holds(
      op, dfq__store_bytes(&s->sorter.store) + s->sorter.order.bytes + s->sorter.spare.bytes);
  if (s->limit > SIZE_MAX / 8 || s->sorter.store.rows < dfq__max(4 * s->limit, 8192))
    return true;
  return dfq__sort_cut(s);
}

// limit 0 reads nothing, as in the row engine: an error below is then never met.
static bool dfq__sort_prepare(dfq__op *op) {
  dfq__sort_op *s = (dfq__sort_op *)op;
  dfq__event e;
  if (s->limit == 0) return true;
  while ((e = dfq__pull(op->in[0])) == DFQ__BATCH)
    if (!dfq__sort_add(s, &op->in[0]->out)) return false;
  return e == DFQ__END && dfq__sorter_sort(&s->sorter);
}

// Gathers the next rows in order; the store itself is never moved.
static dfq__event dfq__sort_next(dfq__op *op) {
  dfq__sort_op *s = (dfq__sort_op *)op;
  size_t n = dfq__min(dfq__min(s->sorter.store.rows, s->limit) - s->emitted,
                      op->run->batch_rows);
  if (n == 0) return DFQ__END;
  const uint32_t *row = dfq__u32(&s->sorter.order) + s->emitted;
  for (int c = 0; c < op->out.columns; c++) {
    dfq__vec from = dfq__store_vec(&s->sorter.store, c);
    if (!dfq__gather_vec(op, &s->out[2 * c], &from, row, n, &op->out.column[c]))
      return DFQ__ERROR;
  }
  op->out.rows = n;
  s->emitted += n;
  return DFQ__BATCH;
}

static void dfq__sort_close(dfq__op *op) {
  dfq__sort_op *s = (dfq__sort_op *)op;
  dfq__bound_free(op, s->key, s->key ? op->node->key_count : 0);
  dfq__buffers_free(op->eval.heap, s->flat, 2 * op->node->key_count);
  dfq__buffers_free(op->eval.heap, s->out, 2 * op->out.columns);
  dfq__sorter_free(&s->sorter);
}

static const dfq__op_class dfq__sort_class = {
  sizeof(dfq__sort_op), dfq__sort_open, dfq__sort_prepare, dfq__sort_next, dfq__sort_close, NULL
};

// -- the verbs

DFQ_API dfq_frame *dfq_sort_exprs_at(dfq_frame *in, const dfq_key *keys, int count,
                                     const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "sort", at);
  dfq__node *n = dfq__verb_node(&v, DFQ__SORT, NULL);
  dfq_key *copy = (dfq_key *)dfq__arena_array(&v.db->arena, (size_t)count + 1, sizeof *copy);
  if (!n || !copy) return dfq__frame_failed(v.db, &dfq__error_memory);
  if (count < 1) return dfq__verb_fail(&v, DFQ_USAGE, "no keys to sort by");
  for (int i = 0; i < count; i++) {
    copy[i] = keys[i];
    if (!keys[i].expr || keys[i].expr->kind == DFQ_FAILED)
      return dfq__frame_failed(v.db, keys[i].expr ? keys[i].expr->error : NULL);
    copy[i].expr = dfq__item_expr(keys[i].expr);
    dfq_type type = dfq__verb_type(&v, copy[i].expr);
    if (v.error) return dfq__verb_failed(&v);
    if (type >= DFQ_DAYS)
      return dfq__verb_fail(&v, DFQ_TYPE_ERROR, "%s cannot be sorted by", dfq_type_name(type));
    if (type == DFQ_NULL) copy[i].expr = dfq_cast(copy[i].expr, DFQ_STR);
  }
  n->key = copy;
  n->key_count = count;
  return dfq__verb_done(&v, n);
}

DFQ_API dfq_frame *dfq_sort_at(dfq_frame *in, const char *keys, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "sort", at);
  dfq__parser p = dfq__verb_parser(&v, keys);
  dfq__keys k = { NULL, 0, 0 };
  dfq__parse_keys(&p, &k);
  dfq__expect_end(&p);
  if (p.error) return dfq__frame_failed(v.db, p.error);
  return dfq_sort_exprs_at(in, k.key, k.count, at);
}

// ---- >>group-parallel: the same groups from several threads ---------------------------------
// Idea. The input is cut into morsels (Leis et al., "Morsel-Driven Parallelism", 2014): 32
// batches of a table, numbered. Each thread has its own copy of the streaming operators and its
// own groups, and takes the next number from a common cursor until none is left. Then the
// groups are folded together in the order of their first rows:
//
//   cursor 0 1 2 3 ...  ──> thread A: scan, filter, probe, groups ─┐
//                       ──> thread B: scan, filter, probe, groups ─┴─> by first rows
//
// The result is the same bits at any number of threads: sums are exact, positions settle first,
// last and the order of groups. When a thread meets an error, its work is dropped and the
// plain, single loop runs instead: it finds the same first error, at the right row.
//
// What can be copied: a scan in morsels, filters, projections, and probes of hash joins whose
// table is built once, before, and shared.
//
// Who may write what, while threads run: the cursor and the stop flag are atomic; a worker has
// a run, an arena, operators, groups and counters of its own; the plan, the table and the
// joins' tables are only read. So there is not one lock, but for the heap's.
//
// Cost: a copy of the groups for each thread, and a serial fold at the end, which eats the gain
// when there are nearly as many groups as rows. Larger engines partition groups by hash there
// and fold partitions in parallel, and keep threads in a pool.

enum { DFQ__PARALLEL_ROWS = 200000 };   // fewer are done before threads have started

// One thread's share: a run of its own over the same plan.
typedef struct dfq__worker {
  dfq__run run;             // its own errors, arena and counters
  dfq__group_op *group;
  bool ok;
} dfq__worker;

// All of them, and what they share. cursor: morsels taken so far.
typedef struct dfq__crew {
  dfq__worker *worker;
  int count;
  size_t cursor;
  size_t stop;              // set when a worker failed
} dfq__crew;

// -- which plans, and how many threads

// Can this chain of operators be copied for several threads? *rows: of its scan, when known,
// below 0 when not. right and full joins note their matches in the table, so they stay single.
static bool dfq__chain_splits(const dfq__op *op, double *rows) {
  const dfq__join_plan *j = op->node->join;
  switch (op->node->kind) {
    case DFQ__SCAN:
      *rows = op->node->source->is->rows(op->node->source);
      return op->is->morsel != NULL;
    case DFQ__FILTER: case DFQ__PROJECT: return dfq__chain_splits(op->in[0], rows);
    case DFQ__JOIN:
      if (j->sorted || j->build_left || j->type == DFQ_RIGHT || j->type == DFQ_FULL)
        return false;
      return dfq__chain_splits(op->in[0], rows);
    default: return false;
  }
}

// How many threads: those asked for, else as many as there are cores when the input is large
// enough. A cancel function is the user's, and called from one thread only.
static int dfq__crew_size(const dfq__op *op) {
  double rows = 0;
  int asked = op->run->options.threads;
  if (asked == 1 || op->run->options.cancel || !dfq__chain_splits(op->in[0], &rows)) return 1;
  if (asked > 1) return asked < DFQ__MAX_THREADS ? asked : (int)DFQ__MAX_THREADS;
  return rows < (double)DFQ__PARALLEL_ROWS ? 1 : dfq__cores();
}

// Builds the tables of all joins of a chain, top down, as pulling would: so that the first of
// several errors is the same. False with the run's error set, or without memory.
static bool dfq__chain_prepare(dfq__op *op) {
  if (op->node->kind == DFQ__JOIN && !op->ready) {
    if (!op->is->prepare(op)) return false;
    op->ready = true;
  }
  return !op->in[0] || dfq__chain_prepare(op->in[0]);
}

// Lends a chain's join tables to its copy.
static void dfq__chain_share(dfq__op *copy, dfq__op *op) {
  if (op->node->kind == DFQ__JOIN) dfq__join_share(copy, op);
  if (op->in[0]) dfq__chain_share(copy->in[0], op->in[0]);
}

// Puts a chain at the start of a morsel. False when there is none of that number. An operator
// that has ended is made to go on by forgetting so; only a join has more to forget.
static bool dfq__chain_start(dfq__op *op, size_t number) {
  op->last = DFQ__BATCH;
  if (op->node->kind == DFQ__JOIN) dfq__join_restart(op);
  return op->node->kind == DFQ__SCAN ? op->is->morsel(op, number)
                                     : dfq__chain_start(op->in[0], number);
}

// -- a worker

// Opens a worker's copies, in the caller's thread: opening may still build expressions in the
// run's arena. False without memory; dfq__worker_close is owed either way.
static bool dfq__worker_open(dfq__worker *w, dfq__op *op) {
  w->run = *op->run;
  w->run.error = NULL;
  w->run.own = dfq__own_context(op->run->db);
  if (!w->run.own) return false;
  size_t nodes = (size_t)op->run->node_count + 1;
  w->run.count = (dfq__counters *)dfq__arena_array(&w->run.own->arena, nodes,
                                                   sizeof(dfq__counters));
  if (w->run.count) w->group = (dfq__group_op *)(void *)dfq__op_open(&w->run, op->node);
  if (!w->group) return false;
  w->group->parallel = true;
  dfq__chain_share(w->group->head.in[0], op->in[0]);
  return true;
}

// Adds the worker's counters to the run's, unless its work was dropped.
static void dfq__worker_close(dfq__worker *w, dfq__run *run) {
  if (w->group) dfq__op_close(&w->group->head);
  for (int i = 1; w->run.count && w->ok && i <= run->node_count; i++) {
    dfq__counters *to = &run->count[i], *from = &w->run.count[i];
    to->rows += from->rows;
    to->batches += from->batches;
    to->seconds += from->seconds;
    to->peak_bytes += from->peak_bytes;
    to->fields += from->fields;
  }
  dfq_close(w->run.own);
}

// One thread: groups morsel after morsel. Whoever fails stops the others at their next morsel.
// The upper 32 bits of a row's position are its morsel, the lower ones count the rows that come
// out of the chain in it.
static void dfq__worker_main(void *arg, int number) {
  dfq__crew *crew = (dfq__crew *)arg;
  dfq__worker *w = &crew->worker[number];
  w->ok = !w->group->any_key ? dfq__aggs_grow(&w->group->g.aggs, 1) : true;
  while (w->ok && !dfq__load(&crew->stop)) {
    size_t morsel = dfq__add_fetch(&crew->cursor, 1) - 1;
    if (!dfq__chain_start(w->group->head.in[0], morsel)) return;
    w->group->g.aggs.row = (uint64_t)morsel << 32;
    w->ok = dfq__group_read(&w->group->head);
  }
  if (!w->ok) dfq__publish(&crew->stop, 1);
}

// -- folding workers together

// All workers' groups, sorted by where they were first seen; *order numbers them through,
// worker after worker. A group that several workers have seen is there several times, and the
// first of them is where the single loop would have begun it.
static bool dfq__crew_order(dfq__crew *crew, dfq__heap *heap, dfq__buffer *words,
                            dfq__buffer *order, size_t *total) {
  *total = 0;
  for (int w = 0; w < crew->count; w++) *total += crew->worker[w].group->g.aggs.groups;
  if (!dfq__buffer_reserve(heap, words, *total * 8 + 8)) return false;
  if (!dfq__buffer_reserve(heap, order, *total * 4 + 4)) return false;
  uint64_t *word = (uint64_t *)(void *)words->data;
  size_t n = 0;
  for (int w = 0; w < crew->count; w++) {
    dfq__group_op *g = crew->worker[w].group;
    for (size_t i = 0; i < g->g.aggs.groups; i++, n++) {
      word[n] = g->first.data && g->any_key ? ((const uint64_t *)(const void *)g->first.data)[i]
                                            : n;
      dfq__u32(order)[n] = (uint32_t)n;
    }
  }
  return dfq__radix_sort(heap, word, dfq__u32(order), n);
}

// A group of a worker: which, and what it is called there.
typedef struct dfq__adopted {
  dfq__group_op *from;
  size_t group;
} dfq__adopted;

// The numbers here of n groups of workers: their keys are read back from there and put in here,
// as if they were rows. False without memory.
static bool dfq__keys_adopt(dfq__group_op *o, const dfq__adopted *at, size_t n,
                            uint32_t *number) {
  dfq__op *op = &o->head;
  if (!o->any_key) { memset(number, 0, n * sizeof *number); return true; }
  for (int c = 0; c < o->g.plan.keys; c++) {
    dfq_type type = o->g.plan.field[c].type;
    size_t size = dfq__size_of(type);
    char *data = (char *)dfq__veval_room(&op->eval, &o->g.out[2 * c], n * size);
    uint8_t *valid = (uint8_t *)dfq__veval_room(&op->eval, &o->g.out[2 * c + 1], n);
    if (op->eval.no_memory) return false;
    for (size_t i = 0; i < n; i++)
      dfq__keys_get(&at[i].from->keys, c, at[i].group, 1, data + i * size, valid + i);
    dfq__vec v = { type, false, data, valid };
    o->g.column[c] = v;
  }
  return dfq__keys_add(&o->keys, o->g.column, n, number);
}

// Folds n groups of workers in. number: what they are called here is written there.
static bool dfq__groups_adopt(dfq__group_op *o, const dfq__adopted *at, size_t n,
                              uint32_t *number) {
  dfq__aggs *aggs = &o->g.aggs;
  if (!dfq__keys_adopt(o, at, n, number)) return false;
  if (!dfq__aggs_grow(aggs, o->any_key ? o->keys.table.count : 1)) return false;
  for (int i = 0; i < aggs->count; i++)
    for (size_t r = 0; r < n; r++) {
      dfq__aggs *from = &at[r].from->g.aggs;
      if (!aggs->agg[i].is->combine(aggs, &aggs->agg[i], number[r], from, &from->agg[i],
                                    at[r].group))
        return false;
    }
  return true;
}

enum { DFQ__ADOPTED = 512 };   // groups folded in one go

// Folds the workers' groups in by the given order, and notes in number, worker after worker,
// what each is called here. start: where each worker's groups begin.
static bool dfq__crew_adopt(dfq__group_op *o, dfq__crew *crew, const size_t *start,
                            const uint32_t *order, size_t total, uint32_t *number) {
  dfq__adopted at[DFQ__ADOPTED];
  uint32_t here[DFQ__ADOPTED];
  for (size_t done = 0; done < total; done += DFQ__ADOPTED) {
    size_t n = dfq__min(total - done, DFQ__ADOPTED);
    for (size_t i = 0; i < n; i++) {
      int w = 0;
      while (order[done + i] >= start[w + 1]) w++;
      at[i].from = crew->worker[w].group;
      at[i].group = order[done + i] - start[w];
    }
    if (!dfq__groups_adopt(o, at, n, here)) return false;
    for (size_t i = 0; i < n; i++) number[order[done + i]] = here[i];
  }
  return true;
}

// Folds the workers' groups into this operator's, first seen first, so that numbers come out as
// the single loop gives them.
static bool dfq__crew_merge(dfq__group_op *o, dfq__crew *crew) {
  dfq__heap *heap = o->head.eval.heap;
  dfq__buffer words = { NULL, NULL, 0 }, order = { NULL, NULL, 0 }, number = { NULL, NULL, 0 };
  size_t total, start[DFQ__MAX_THREADS + 1] = { 0 };
  bool ok = dfq__crew_order(crew, heap, &words, &order, &total);
  ok = ok && dfq__buffer_reserve(heap, &number, total * 4 + 4);
  for (int w = 0; w < crew->count; w++)
    start[w + 1] = start[w] + crew->worker[w].group->g.aggs.groups;
  ok = ok && dfq__crew_adopt(o, crew, start, dfq__u32(&order), total, dfq__u32(&number));
  for (int w = 0; ok && w < crew->count; w++)
    for (int a = 0; ok && a < o->g.aggs.count; a++)
      ok = dfq__combine_kept(&o->g.aggs, &o->g.aggs.agg[a],
                             &crew->worker[w].group->g.aggs.agg[a],
                             dfq__u32(&number) + start[w]);
  dfq__buffer_free(heap, &words);
  dfq__buffer_free(heap, &order);
  dfq__buffer_free(heap, &number);
  return ok;
}

// Groups with several threads. 1: done; 0: not done, the plain loop must; -1: failed for good.
// The plain loop can still run after a failed attempt, because the operator's own chain has not
// been pulled: only copies were.
static int dfq__group_with_crew(dfq__group_op *o, int threads) {
  dfq__op *op = &o->head;
  dfq__crew crew = { NULL, threads, 0, 0 };
  if (!dfq__chain_prepare(op->in[0])) return -1;
  crew.worker = (dfq__worker *)dfq__op_array(op, (size_t)threads, sizeof *crew.worker);
  bool ok = crew.worker != NULL;
  for (int i = 0; ok && i < threads; i++) ok = dfq__worker_open(&crew.worker[i], op);
  if (ok) dfq__parallel(threads, dfq__worker_main, &crew);
  for (int i = 0; ok && i < threads; i++) ok = crew.worker[i].ok;
  bool done = ok && dfq__crew_merge(o, &crew);
  for (int i = 0; crew.worker && i < threads; i++) {
    crew.worker[i].ok = done;             // the counts of a dropped attempt are dropped too
    dfq__worker_close(&crew.worker[i], op->run);
  }
  return done ? 1 : ok ? -1 : 0;
}

// A worker's group never gets here: it is read morsel by morsel, not pulled.
static bool dfq__group_prepare(dfq__op *op) {
  dfq__group_op *o = (dfq__group_op *)op;
  if (op->node->sorted) return true;      // reads as it goes, see >>group-sorted
  if (!o->any_key && !dfq__aggs_grow(&o->g.aggs, 1)) return false;
  int threads = dfq__crew_size(op);
  int done = threads > 1 ? dfq__group_with_crew(o, threads) : 0;
  if (done < 0 || (done == 0 && !dfq__group_read(op))) return false;
  o->groups = o->any_key ? o->keys.table.count : 1;
  return true;
}

static const dfq__op_class dfq__group_class = { sizeof(dfq__group_op), dfq__group_open,
                                                dfq__group_prepare,    dfq__group_next,
                                                dfq__group_close,      NULL };

// ---- >>distinct: the first row of each key --------------------------------------------------
// Idea. A group_by without aggregates that need not wait: a row whose key is new is passed on
// at once.
//
//   key     a b a c b        number  0 1 0 2 1       known before: 0
//                                    ^ ^   ^         out: the rows that got 0, 1, 2 first
//
// New numbers are given in the order of rows, so the next new row is simply the one whose
// number is the next number; no row needs a flag. All columns of that row come out, also those
// that do not decide. Nulls are equal to each other here, as in group_by.
//
// Cost: a look-up a row, and the keys in memory; being a stream, it stops early below a limit.
// Larger engines run it as a group_by, in partitions and in several threads.

typedef struct dfq__distinct_op {
  dfq__op head;
  dfq__key_set keys;
  int *column;          // the keys' columns
  int count;            // of keys
  dfq__vec *key;        // of the batch at hand
  dfq__buffer number;   // u32: the key's number of each row
  dfq__buffer rows;     // u32: the rows that pass
  dfq__buffer *packed;  // their columns: data and valid by turns
} dfq__distinct_op;

// Without names every column decides.
static bool dfq__distinct_open(dfq__op *op) {
  dfq__distinct_op *d = (dfq__distinct_op *)op;
  const dfq__node *n = op->node;
  d->count = n->key_count ? n->key_count : n->schema.count;
  size_t count = (size_t)d->count;
  dfq_type *type = (dfq_type *)dfq__op_array(op, count, sizeof *type);
  d->column = (int *)dfq__op_array(op, count, sizeof *d->column);
  d->key = (dfq__vec *)dfq__op_array(op, count, sizeof *d->key);
  d->packed = (dfq__buffer *)dfq__op_array(op, 2 * (size_t)op->out.columns, sizeof *d->packed);
  if (!type || !d->column || !d->key || !d->packed) return false;
  for (int k = 0; k < d->count; k++) {
    d->column[k] = n->key_count ? dfq__schema_find(&n->in[0]->schema, n->key[k].expr->name) : k;
    type[k] = dfq__types_of(&n->in[0]->schema, d->column[k]);
  }
  return dfq__keys_init(&d->keys, op->run->own, type, d->count);
}

// Batches that bring nothing new are passed over. One that is all new goes out as it is, with
// nothing copied.
static dfq__event dfq__distinct_next(dfq__op *op) {
  dfq__distinct_op *d = (dfq__distinct_op *)op;
  for (;;) {
    dfq__event e = dfq__pull(op->in[0]);
    if (e != DFQ__BATCH) return e;
    const dfq__batch *in = &op->in[0]->out;
    uint32_t *number = (uint32_t *)dfq__veval_room(&op->eval, &d->number, in->rows * 4);
    uint32_t *row = (uint32_t *)dfq__veval_room(&op->eval, &d->rows, in->rows * 4 + 4);
    size_t known = d->keys.table.count, n = 0;
    for (int k = 0; k < d->count; k++) d->key[k] = in->column[d->column[k]];
    if (!number || !row || !dfq__keys_add(&d->keys, d->key, in->rows, number))
      return DFQ__ERROR;
    for (size_t i = 0; i < in->rows; i++)
      if (number[i] == known + n) row[n++] = (uint32_t)i;    // the first with that number
    dfq__op_holds(op, dfq__keys_bytes(&d->keys));
    if (n == 0) continue;
    op->out.rows = in->rows;
    for (int c = 0; c < in->columns; c++) op->out.column[c] = in->column[c];
    if (n < in->rows && !dfq__pack(op->eval.heap, d->packed, &op->out, row, n))
      return DFQ__ERROR;
    return DFQ__BATCH;
  }
}

static void dfq__distinct_close(dfq__op *op) {
  dfq__distinct_op *d = (dfq__distinct_op *)op;
  dfq__keys_free(&d->keys);
  dfq__buffer_free(op->eval.heap, &d->number);
  dfq__buffer_free(op->eval.heap, &d->rows);
  dfq__buffers_free(op->eval.heap, d->packed, 2 * op->out.columns);
}

static const dfq__op_class dfq__distinct_class = {
  sizeof(dfq__distinct_op), dfq__distinct_open,  NULL,
  dfq__distinct_next,       dfq__distinct_close, NULL
};

// -- the verb

// The schema is the input's; the node only names the columns that decide, none for all.
static dfq_frame *dfq__distinct_names(dfq_frame *in, const dfq__names *names, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "distinct", at);
  dfq__node *n = dfq__verb_node(&v, DFQ__DISTINCT_ROWS, NULL);
  dfq_key *key = (dfq_key *)dfq__arena_array(&v.db->arena, (size_t)names->count + 1,
                                             sizeof *key);
  if (!n || !key) return dfq__frame_failed(v.db, &dfq__error_memory);
  int keys = names->count ? names->count : n->schema.count;
  if (keys > DFQ__MAX_KEYS - 1)
    return dfq__verb_fail(&v, DFQ_LIMIT, "more than %d columns; name those that decide",
                          DFQ__MAX_KEYS - 1);
  for (int i = 0; i < names->count; i++) {
    if (dfq__schema_find(&n->schema, names->name[i]) < 0)
      return dfq__no_column(&v, names->name[i]);
    key[i].expr = dfq__col_interned(v.db, names->name[i]);
  }
  n->key = key;
  n->key_count = names->count;
  return dfq__verb_done(&v, n);
}

DFQ_API dfq_frame *dfq_distinct_at(dfq_frame *in, const char *names, const char *at) {
  if (!in || in->error) return in;
  dfq__verb v = dfq__verb_on(in, "distinct", at);
  dfq__names list = { &v.db->arena, NULL, 0, 0, false };
  dfq__parser p = dfq__verb_parser(&v, names);
  if (p.now.kind != DFQ__T_END) dfq__parse_names(&p, &list);
  dfq__expect_end(&p);
  if (p.error || list.failed) return dfq__frame_failed(v.db, p.error);
  return dfq__distinct_names(in, &list, at);
}

// ---- >>row-hashing: distinct and sort one row at a time -------------------------------------
// Idea. The plain twins of the operators above, for the row engine. Rows are kept in a store; a
// table with chains finds rows by their key's values; an aggregate is computed from the list of
// its group's values when all are there. Nothing is shared with the operators above but the
// meaning of single values, what they compare, hash and add up to: if both engines agree on a
// million random plans, it is not because they make the same mistake.
//
//   bucket  [ . | 2 | . | 3 ]       rows  0: EU  1: US  2: UK  3: FR       next  3 -> 1 -> 0
//                       └── low bits of the key's hash
//
// The textbook's hash table: buckets hold the newest row of a chain, next leads to older ones;
// nulls are equal to each other, as in all tables of keys. Plain on purpose: no key words, no
// dictionary, no radix sort, a value at a time through a comparison that knows all types.
//
// Cost: what every row engine pays, a call through a pointer and a decision by type for each
// value. Larger engines keep such a path too, as the fallback and reference of a faster one
// (Spark's interpreted expressions beside its generated code).

typedef struct dfq__row_table {
  dfq__heap *heap;
  dfq__store rows;        // key values; a key's number is its row
  dfq__buffer next;       // u32, of each row: the next in its chain, or DFQ__EMPTY
  uint32_t *bucket;       // the first row of each chain
  size_t buckets;         // a power of two, at least the rows
  uint64_t seed;
} dfq__row_table;

// -- the table of keys

// False without memory; dfq__row_table_free is owed either way.
static bool dfq__row_table_init(dfq__row_table *t, dfq *db, const dfq_type *type, int columns) {
  memset(t, 0, sizeof *t);
  t->heap = db->heap;
  t->seed = db->seed;
  t->buckets = 64;
  t->bucket = (uint32_t *)dfq__alloc(db->heap, t->buckets * sizeof *t->bucket);
  if (t->bucket) memset(t->bucket, 0xff, t->buckets * sizeof *t->bucket);
  return dfq__store_init(&t->rows, db->heap, type, columns) && t->bucket;
}

static void dfq__row_table_free(dfq__row_table *t) {
  if (!t->heap) return;
  dfq__free(t->heap, t->bucket, t->buckets * sizeof *t->bucket);
  dfq__buffer_free(t->heap, &t->next);
  dfq__store_free(&t->rows);
}

// Equal values hash alike: floats by their canonical bits, a null by some constant.
static uint64_t dfq__row_hash(const dfq__row_table *t, const dfq_value *key) {
  uint64_t h = t->seed;
  for (int c = 0; c < t->rows.columns; c++) {
    const dfq_value *v = &key[c];
    uint64_t w = 0x5bd1e995u;
    if (v->type == DFQ_STR) w = dfq__hash_bytes(v->as.s, v->len, t->seed);
    else if (v->type == DFQ_F64) w = dfq__f64_word(v->as.f);
    else if (v->type != DFQ_NULL) w = (uint64_t)v->as.i;
    h = dfq__hash_more(h, w);
  }
  return h;
}

// Four times the buckets; chains are made anew, from the oldest row to the newest. room: for
// one row.
static bool dfq__row_table_grow(dfq__row_table *t, dfq_value *room) {
  size_t buckets = t->buckets * 4;
  uint32_t *bucket = (uint32_t *)dfq__alloc(t->heap, buckets * sizeof *bucket);
  if (!bucket) return false;
  memset(bucket, 0xff, buckets * sizeof *bucket);
  dfq__free(t->heap, t->bucket, t->buckets * sizeof *bucket);
  t->bucket = bucket;
  t->buckets = buckets;
  for (size_t r = 0; r < t->rows.rows; r++) {
    dfq__store_row_get(&t->rows, r, room);
    uint32_t *at = &bucket[dfq__row_hash(t, room) & (buckets - 1)];
    dfq__u32(&t->next)[r] = *at;
    *at = (uint32_t)r;
  }
  return true;
}

// The number of an equal key (nulls are equal here), or DFQ__EMPTY. room: for one row. Every
// candidate is read out and compared whole; hashes are not kept.
static uint32_t dfq__row_table_find(const dfq__row_table *t, const dfq_value *key,
                                    dfq_value *room) {
  uint32_t r = t->bucket[dfq__row_hash(t, key) & (t->buckets - 1)];
  for (; r != DFQ__EMPTY; r = ((const uint32_t *)(const void *)t->next.data)[r]) {
    dfq__store_row_get(&t->rows, r, room);
    if (dfq__compare_keys(room, key, t->rows.columns) == 0) return r;
  }
  return r;
}

// The number of a key, a new one added. DFQ__EMPTY without memory. The row is stored before it
// is chained, so that a failure leaves no chain to a row that is not there.
static uint32_t dfq__row_table_add(dfq__row_table *t, const dfq_value *key, dfq_value *room) {
  uint32_t r = dfq__row_table_find(t, key, room);
  if (r != DFQ__EMPTY) return r;
  if (t->rows.rows >= t->buckets && !dfq__row_table_grow(t, room)) return r;
  r = (uint32_t)t->rows.rows;
  if (!dfq__buffer_reserve(t->heap, &t->next, ((size_t)r + 1) * 4) ||
      !dfq__store_row(&t->rows, key))
    return DFQ__EMPTY;
  uint32_t *at = &t->bucket[dfq__row_hash(t, key) & (t->buckets - 1)];
  dfq__u32(&t->next)[r] = *at;
  *at = r;
  return r;
}

// Room for n values, for as long as the run. NULL without memory.
static dfq_value *dfq__row_values(dfq__row_op *op, size_t n) {
  return (dfq_value *)dfq__arena_array(&op->run->own->arena, n + 1, sizeof(dfq_value));
}

// A store with a schema's columns. False without memory.
static bool dfq__row_store_like(dfq__row_op *op, dfq__store *s, const dfq_schema *schema) {
  dfq_type *type = (dfq_type *)dfq__arena_array(&op->run->own->arena, (size_t)schema->count + 1,
                                                sizeof *type);
  for (int c = 0; type && c < schema->count; c++) type[c] = dfq__types_of(schema, c);
  return type && dfq__store_init(s, op->run->own->heap, type, schema->count);
}

// Returns false, so that an open can end with it.
static bool dfq__row_fail_memory(dfq__row_op *op) {
  if (!op->run->error) dfq__run_no_memory(op->run);
  return false;
}

// -- distinct

typedef struct dfq__row_distinct {
  dfq__row_op op;
  dfq__row_table seen;
  dfq_value *key, *room;
  int *column;
} dfq__row_distinct;

static bool dfq__row_distinct_open(dfq_rows *r) {
  dfq__row_distinct *d = (dfq__row_distinct *)r;
  const dfq__node *n = d->op.node;
  int keys = n->key_count ? n->key_count : n->schema.count;
  dfq__arena *arena = &d->op.run->own->arena;
  dfq_type *type = (dfq_type *)dfq__arena_array(arena, (size_t)keys + 1, sizeof *type);
  d->column = (int *)dfq__arena_array(arena, (size_t)keys + 1, sizeof *d->column);
  d->key = dfq__row_values(&d->op, (size_t)keys);
  d->room = dfq__row_values(&d->op, (size_t)keys);
  if (!type || !d->column || !d->key || !d->room) return dfq__row_fail_memory(&d->op);
  for (int k = 0; k < keys; k++) {
    d->column[k] = n->key_count ? dfq__schema_find(&n->schema, n->key[k].expr->name) : k;
    type[k] = dfq__types_of(&n->schema, d->column[k]);
  }
  return dfq__row_table_init(&d->seen, d->op.run->own, type, keys) ||
         dfq__row_fail_memory(&d->op);
}

// The input's own row goes out: only the key was copied.
static int dfq__row_distinct_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_distinct *d = (dfq__row_distinct *)r;
  while (dfq_rows_next(r->in, row)) {
    for (int k = 0; k < d->seen.rows.columns; k++) d->key[k] = (*row)[d->column[k]];
    if (dfq__row_table_find(&d->seen, d->key, d->room) != DFQ__EMPTY) continue;
    if (dfq__row_table_add(&d->seen, d->key, d->room) != DFQ__EMPTY) return 1;
    dfq__row_fail_memory(&d->op);
    return -1;
  }
  return dfq__rows_end(r->in);
}

static void dfq__row_distinct_close(dfq_rows *r) {
  dfq__row_table_free(&((dfq__row_distinct *)r)->seen);
  dfq__row_op_close(r);
}

static const dfq__rows_class dfq__row_distinct_class = {
  "distinct", dfq__row_distinct_open, dfq__row_distinct_next, dfq__row_distinct_close
};

// -- sort: a merge sort that compares values

typedef struct dfq__row_sort {
  dfq__row_op op;
  dfq__store rows, keys;
  uint32_t *order, *spare;
  size_t at, end, room;
  dfq_value *a, *b;
} dfq__row_sort;

// Both keys are read out of the store, which is slow, and knows nothing of words.
static int dfq__row_sort_compare(dfq__row_sort *s, uint32_t x, uint32_t y) {
  const dfq__node *n = s->op.node;
  dfq__store_row_get(&s->keys, x, s->a);
  dfq__store_row_get(&s->keys, y, s->b);
  for (int k = 0; k < n->key_count; k++) {
    bool p = s->a[k].type == DFQ_NULL, q = s->b[k].type == DFQ_NULL;
    if (p != q) return p == n->key[k].nulls_first ? -1 : 1;
    int c = p ? 0 : dfq__compare_values(&s->a[k], &s->b[k]);
    if (c) return n->key[k].descending ? -c : c;
  }
  return 0;
}

// A stable merge sort, top down; spare has room for half of it.
static void dfq__row_sort_range(dfq__row_sort *s, uint32_t *row, uint32_t *spare, size_t n) {
  if (n < 2) return;
  size_t half = n / 2, i = 0, j = half, k = 0;
  dfq__row_sort_range(s, row, spare, half);
  dfq__row_sort_range(s, row + half, spare, n - half);
  memcpy(spare, row, half * sizeof *row);
  while (i < half && j < n)
    row[k++] = dfq__row_sort_compare(s, row[j], spare[i]) < 0 ? row[j++] : spare[i++];
  while (i < half) row[k++] = spare[i++];
}

// Reads the input to its end. False on error, with the run's error set.
static bool dfq__row_sort_read(dfq__row_sort *s) {
  dfq__row_op *op = &s->op;
  const dfq_value *row = NULL;
  while (dfq_rows_next(op->head.in, &row)) {
    dfq__arena_rewind(&op->strings);
    for (int k = 0; k < op->node->key_count; k++)
      if (!dfq__row_op_eval(op, op->bound[k], row, &s->a[k])) return false;
    if (!dfq__store_row(&s->rows, row) || !dfq__store_row(&s->keys, s->a))
      return dfq__row_fail_memory(op);
  }
  return !op->head.in->failed;
}

// Binds the keys, which stand in node->key, not in node->expr.
static bool dfq__row_bind_keys(dfq__row_op *op, dfq_type *type) {
  const dfq__node *n = op->node;
  dfq__arena *arena = &op->run->own->arena;
  dfq__binder b = dfq__run_binder(op->run, n, &n->in[0]->schema);
  op->bound = (dfq__bound **)dfq__arena_array(arena, (size_t)n->key_count + 1,
                                              sizeof *op->bound);
  for (int k = 0; op->bound && k < n->key_count; k++) {
    op->bound[k] = dfq__bind(&b, n->key[k].expr);
    if (!op->bound[k]) { dfq__run_error(op->run, b.error); return false; }
    type[k] = op->bound[k]->type;
  }
  return op->bound || dfq__row_fail_memory(op);
}

// Reads and sorts all of it: there is nothing to say before. top-k stops after k rows, which is
// what top-k means.
static bool dfq__row_sort_open(dfq_rows *r) {
  dfq__row_sort *s = (dfq__row_sort *)r;
  dfq__row_op *op = &s->op;
  const dfq__node *n = op->node;
  size_t keys = (size_t)n->key_count;
  dfq_type *type = (dfq_type *)dfq__arena_array(&op->run->own->arena, keys + 1, sizeof *type);
  s->a = dfq__row_values(op, keys);
  s->b = dfq__row_values(op, keys);
  if (!type || !s->a || !s->b) return dfq__row_fail_memory(op);
  if (n->kind == DFQ__TOP_K && n->count == 0) return true;
  if (!dfq__row_bind_keys(op, type)) return false;
  if (!dfq__store_init(&s->keys, op->run->own->heap, type, n->key_count))
    return dfq__row_fail_memory(op);
  if (!dfq__row_store_like(op, &s->rows, &n->schema)) return dfq__row_fail_memory(op);
  if (!dfq__row_sort_read(s)) return false;
  s->room = s->rows.rows + 1;
  s->order = (uint32_t *)dfq__alloc_zero(op->run->own->heap, s->room, sizeof *s->order);
  s->spare = (uint32_t *)dfq__alloc_zero(op->run->own->heap, s->room, sizeof *s->spare);
  if (!s->order || !s->spare) return dfq__row_fail_memory(op);
  for (size_t i = 0; i < s->rows.rows; i++) s->order[i] = (uint32_t)i;
  dfq__row_sort_range(s, s->order, s->spare, s->rows.rows);
  s->end = s->rows.rows;
  if (n->kind == DFQ__TOP_K && (uint64_t)n->count < s->end) s->end = (size_t)n->count;
  return true;
}

// A row's texts are borrowed from the store, which does not change any more.
static int dfq__row_sort_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_sort *s = (dfq__row_sort *)r;
  if (s->at == s->end) return 0;
  dfq__store_row_get(&s->rows, s->order[s->at++], r->row);
  *row = r->row;
  return 1;
}

static void dfq__row_sort_close(dfq_rows *r) {
  dfq__row_sort *s = (dfq__row_sort *)r;
  dfq__heap *heap = s->op.run->own->heap;
  dfq__free(heap, s->order, s->room * sizeof *s->order);
  dfq__free(heap, s->spare, s->room * sizeof *s->spare);
  dfq__store_free(&s->rows);
  dfq__store_free(&s->keys);
  dfq__row_op_close(r);
}

static const dfq__rows_class dfq__row_sort_class = {
  "sort", dfq__row_sort_open, dfq__row_sort_next, dfq__row_sort_close
};

// ---- >>row-join: join one row at a time -----------------------------------------------------
// Idea. The right rows go into a store and their keys into a table, each key with a chain of
// its rows in order; then left rows come and follow the chains. As >>join, one pair at a time:
//
//   first[key] ──> row ──> next[row] ──> ... ──> DFQ__EMPTY        last[key]: where to append
//
// All join types and the merge join are this one loop. A join asked for as sorted only checks
// that both sides ascend, so that both engines refuse the same inputs. Null keys are not put
// into the table, and not looked for, unless nulls_equal.
//
// State: the right side, the left row at hand and its chain, and for right and full joins which
// right rows were met. Cost: a copy of every right row, and a row assembled for each pair.

typedef struct dfq__row_join {
  dfq__row_op op;
  dfq__row_table keys;
  dfq__store right;            // all right rows
  dfq__buffer first, last;     // u32, by key: the ends of its chain
  dfq__buffer next;            // u32, by right row
  uint8_t *met;                // of each right row: whether it matched
  size_t met_size;
  dfq_value *key, *room, *before, *right_row;   // room for one key or row each
  int *left_key, *right_key;
  const dfq_value *left;       // the left row at hand; NULL: fetch one
  uint32_t chain;              // its next match
  bool tail;                   // left rows are at their end
  size_t tail_at;              // the right row to look at
  dfq__store last_left;        // sorted: the key before, of either side while it is read
} dfq__row_join;

// -- building and probing

// Texts stay borrowed from the row.
static void dfq__row_key(const dfq_value *row, const int *column, int keys, dfq_value *to) {
  for (int k = 0; k < keys; k++) to[k] = row[column[k]];
}

// Sorted joins and groups fail on keys that go back, in every engine: compares with the key
// before, and keeps this one for the next time. False with the run's error set.
static bool dfq__row_in_order(dfq__row_op *op, dfq__store *last, const dfq_value *key,
                              dfq_value *before, int keys, const char *what, size_t row) {
  if (last->rows) {
    dfq__store_row_get(last, 0, before);
    if (dfq__compare_keys(before, key, keys) > 0) {
      dfq__unsorted(op->run, op->node, what, row);
      return false;
    }
  }
  dfq__store_clear(last);
  return dfq__store_row(last, key) || dfq__row_fail_memory(op);
}

// Appends a right row to the chain of its key, which is in j->key. False without memory.
static bool dfq__row_join_add(dfq__row_join *j, const dfq_value *row) {
  const dfq__join_plan *p = j->op.node->join;
  size_t at = j->right.rows;
  if (!dfq__store_row(&j->right, row)) return false;
  if (!dfq__buffer_reserve(j->op.run->own->heap, &j->next, (at + 1) * 4)) return false;
  dfq__u32(&j->next)[at] = DFQ__EMPTY;
  if (!p->nulls_equal && dfq__key_has_null(j->key, p->key_count)) return true;
  size_t known = j->keys.rows.rows;
  uint32_t number = dfq__row_table_add(&j->keys, j->key, j->room);
  if (number == DFQ__EMPTY ||
      !dfq__buffer_reserve(j->op.run->own->heap, &j->first, (known + 2) * 4) ||
      !dfq__buffer_reserve(j->op.run->own->heap, &j->last, (known + 2) * 4))
    return false;
  if (number == known) dfq__u32(&j->first)[number] = (uint32_t)at;
  else dfq__u32(&j->next)[dfq__u32(&j->last)[number]] = (uint32_t)at;
  dfq__u32(&j->last)[number] = (uint32_t)at;
  return true;
}

// Reads the right side to its end, as the batch join does before its first row: so errors there
// come first in both.
static bool dfq__row_join_open(dfq_rows *r) {
  dfq__row_join *j = (dfq__row_join *)r;
  dfq__row_op *op = &j->op;
  const dfq__join_plan *p = op->node->join;
  const dfq_schema *left = &op->node->in[0]->schema, *right = &op->node->in[1]->schema;
  size_t keys = (size_t)p->key_count;
  dfq__arena *arena = &op->run->own->arena;
  dfq_type *type = (dfq_type *)dfq__arena_array(arena, keys + 1, sizeof *type);
  j->left_key = (int *)dfq__arena_array(arena, keys + 1, sizeof(int));
  j->right_key = (int *)dfq__arena_array(arena, keys + 1, sizeof(int));
  j->key = dfq__row_values(op, keys);
  j->room = dfq__row_values(op, keys);
  j->before = dfq__row_values(op, keys);
  j->right_row = dfq__row_values(op, (size_t)right->count);
  if (!type || !j->left_key || !j->right_key || !j->key || !j->room || !j->before ||
      !j->right_row)
    return dfq__row_fail_memory(op);
  for (size_t k = 0; k < keys; k++) {
    j->left_key[k] = dfq__schema_find(left, p->left_key[k]);
    j->right_key[k] = dfq__schema_find(right, p->right_key[k]);
    type[k] = dfq__types_of(left, j->left_key[k]);
  }
  if (!dfq__row_table_init(&j->keys, op->run->own, type, (int)keys) ||
      !dfq__row_store_like(op, &j->right, right) ||
      !dfq__store_init(&j->last_left, op->run->own->heap, type, (int)keys))
    return dfq__row_fail_memory(op);
  const dfq_value *row = NULL;
  while (dfq_rows_next(r->other, &row)) {
    dfq__row_key(row, j->right_key, (int)keys, j->key);
    if (p->sorted && !dfq__row_in_order(op, &j->last_left, j->key, j->before, (int)keys,
                                        "the right side", r->other->pulled - 1))
      return false;
    if (!dfq__row_join_add(j, row)) return dfq__row_fail_memory(op);
  }
  dfq__store_clear(&j->last_left);
  j->met_size = j->right.rows + 1;
  j->met = (uint8_t *)dfq__alloc_zero(op->run->own->heap, j->met_size, 1);
  return !r->other->failed && (j->met || dfq__row_fail_memory(op));
}

// The output row of a pair; left NULL or right DFQ__EMPTY where there is none.
static void dfq__row_join_put(dfq__row_join *j, const dfq_value *left, uint32_t right) {
  dfq_rows *r = &j->op.head;
  const dfq__node *n = j->op.node;
  if (right != DFQ__EMPTY) dfq__store_row_get(&j->right, right, j->right_row);
  for (int c = 0; c < r->columns; c++) {
    const dfq__join_column *jc = &n->join->column[c];
    r->row[c] = dfq__value_null();
    if (jc->side != DFQ__RIGHT_SIDE && left)
      r->row[c] = left[dfq__schema_find(&n->in[0]->schema, jc->name)];
    else if (jc->side != DFQ__LEFT_SIDE && right != DFQ__EMPTY)
      r->row[c] = j->right_row[dfq__schema_find(&n->in[1]->schema, jc->name)];
  }
}

// The first right row for the left row at hand.
static uint32_t dfq__row_join_probe(dfq__row_join *j) {
  const dfq__join_plan *p = j->op.node->join;
  if (!p->nulls_equal && dfq__key_has_null(j->key, p->key_count)) return DFQ__EMPTY;
  uint32_t number = dfq__row_table_find(&j->keys, j->key, j->room);
  return number == DFQ__EMPTY ? number : dfq__u32(&j->first)[number];
}

// The right rows that nothing matched, in their order; for right and full joins only.
static int dfq__row_join_tail(dfq__row_join *j) {
  dfq_join_type type = j->op.node->join->type;
  j->tail = true;
  for (; (type == DFQ_RIGHT || type == DFQ_FULL) && j->tail_at < j->right.rows; j->tail_at++) {
    if (j->met[j->tail_at]) continue;
    dfq__row_join_put(j, NULL, (uint32_t)j->tail_at++);
    return 1;
  }
  return 0;
}

// The left row at hand goes along its chain; when that is at its end, the next one is fetched.
// A row that comes out alone has an empty chain, so it is left behind by the next call.
static int dfq__row_join_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_join *j = (dfq__row_join *)r;
  const dfq__join_plan *p = j->op.node->join;
  *row = r->row;
  while (!j->tail) {
    if (j->left && j->chain != DFQ__EMPTY) {
      dfq__row_join_put(j, j->left, j->chain);
      j->met[j->chain] = 1;
      j->chain = dfq__u32(&j->next)[j->chain];
      return 1;
    }
    if (!dfq_rows_next(r->in, &j->left)) {
      if (r->in->failed) return -1;
      break;
    }
    dfq__row_key(j->left, j->left_key, p->key_count, j->key);
    if (p->sorted && !dfq__row_in_order(&j->op, &j->last_left, j->key, j->before, p->key_count,
                                        "the left side", r->in->pulled - 1))
      return -1;
    j->chain = dfq__row_join_probe(j);
    bool semi = p->type == DFQ_SEMI || p->type == DFQ_ANTI, found = j->chain != DFQ__EMPTY;
    if (semi) j->chain = DFQ__EMPTY;
    bool alone = semi ? found == (p->type == DFQ_SEMI)
                      : !found && (p->type == DFQ_LEFT || p->type == DFQ_FULL);
    if (alone) { dfq__row_join_put(j, j->left, DFQ__EMPTY); return 1; }
  }
  return dfq__row_join_tail(j);
}

static void dfq__row_join_close(dfq_rows *r) {
  dfq__row_join *j = (dfq__row_join *)r;
  dfq__heap *heap = j->op.run->own->heap;
  dfq__row_table_free(&j->keys);
  dfq__store_free(&j->right);
  dfq__store_free(&j->last_left);
  dfq__buffer_free(heap, &j->first);
  dfq__buffer_free(heap, &j->last);
  dfq__buffer_free(heap, &j->next);
  dfq__free(heap, j->met, j->met_size);
  dfq__row_op_close(r);
}

static const dfq__rows_class dfq__row_join_class = {
  "join", dfq__row_join_open, dfq__row_join_next, dfq__row_join_close
};

// ---- >>row-group: aggregation from lists of values ------------------------------------------
// Idea. Every argument of every row is kept, with its group's number; at the end each group's
// values are put in a list, and an aggregate is a plain function of that list:
//
//   rows  a:5 b:7 a:1          group  0 1 0         lists  a: 5 1    b: 7
//                              args   5 7 1         sum    a: 6      b: 7
//
// The definition of an aggregate, in other words, with no states, no updates and no merging to
// get wrong. Only sums share code with the states (>>exact-sum), because being exact is what
// they are defined by; quantiles sort here, and n_unique counts neighbours that differ.
//
// State: the keys' table, the arguments of all rows, and after the last row the row numbers by
// group. Cost: the memory of all arguments, and a list per group and aggregate. Larger engines
// have no such form; databases fall back to it for ordered aggregates such as string_agg.

typedef struct dfq__row_group {
  dfq__row_op op;
  dfq__group_plan plan;
  dfq__bound **key, **arg, **item;   // over the input, the input, the middle schema
  dfq__row_table keys;
  dfq__store args;            // of every row; of count() a 1
  dfq__buffer group, start; // u32: of every row; later the rows by group, and where each begins
  dfq_value *value, *room, *middle;   // room for a middle row each; middle: the group at hand
  dfq__eval item_eval;        // as the operator's, but over the middle schema
  size_t at, groups, rows;    // the next group, of how many; input rows so far
  dfq__store last;            // sorted: the key before
} dfq__row_group;

// -- open: all rows, then a list per group

// Plans and binds as the batch operator does. False with the binder's error set, or NULL when
// memory is out.
static bool dfq__row_group_bind(dfq__row_group *g, dfq__binder *b) {
  const dfq__node *n = g->op.node;
  dfq__arena *arena = b->arena;
  dfq__group_plan *p = &g->plan;
  dfq_expr **item = (dfq_expr **)dfq__arena_array(arena, (size_t)n->expr_count + 1,
                                                  sizeof *item);
  if (!item || !dfq__group_plan_init(p, b, n->key, n->key_count, n->schema.field, n->expr,
                                     n->expr_count))
    return false;
  for (int i = 0; i < n->expr_count; i++)
    if ((item[i] = dfq__plan_item(p, n->expr[i])) == NULL) return false;
  g->key = (dfq__bound **)dfq__arena_array(arena, (size_t)p->keys + 1, sizeof *g->key);
  g->arg = (dfq__bound **)dfq__arena_array(arena, (size_t)p->calls + 1, sizeof *g->arg);
  g->item = (dfq__bound **)dfq__arena_array(arena, (size_t)n->expr_count + 1, sizeof *g->item);
  if (!g->key || !g->arg || !g->item) return false;
  for (int i = 0; i < p->keys; i++)
    if ((g->key[i] = dfq__bind(b, n->key[i].expr)) == NULL) return false;
  for (int i = 0; i < p->calls; i++)
    if (p->call[i].arg &&
        (g->arg[i] = dfq__bind(b, dfq_cast(p->call[i].arg, p->call[i].in_type))) == NULL)
      return false;
  b->schema = &p->middle;
  for (int i = 0; i < n->expr_count; i++)
    if ((g->item[i] = dfq__bind(b, item[i])) == NULL) return false;
  return true;
}

// All stores are begun even when one fails, so that close frees the same things always.
static bool dfq__row_group_init(dfq__row_group *g) {
  dfq__row_op *op = &g->op;
  dfq__binder b = dfq__run_binder(op->run, op->node, &op->node->in[0]->schema);
  if (!dfq__row_group_bind(g, &b)) {
    dfq__run_error(op->run, b.error ? b.error : &dfq__error_memory);
    return false;
  }
  dfq__group_plan *p = &g->plan;
  size_t middle = (size_t)p->middle.count;
  dfq_type *type = (dfq_type *)dfq__arena_array(b.arena, middle + 1, sizeof *type);
  g->value = dfq__row_values(op, middle);
  g->room = dfq__row_values(op, middle);
  g->middle = dfq__row_values(op, middle);
  if (!type || !g->value || !g->room || !g->middle) return dfq__row_fail_memory(op);
  for (int i = 0; i < p->keys; i++) type[i] = p->field[i].type;
  bool ok = dfq__row_table_init(&g->keys, op->run->own, type, p->keys);
  ok = dfq__store_init(&g->last, op->run->own->heap, type, p->keys) && ok;
  for (int i = 0; i < p->calls; i++)
    type[i] = p->call[i].arg ? p->call[i].in_type : (dfq_type)DFQ_I64;
  ok = dfq__store_init(&g->args, op->run->own->heap, type, p->calls) && ok;
  dfq__eval eval = op->eval;
  eval.schema = &p->middle;
  g->item_eval = eval;
  return ok || dfq__row_fail_memory(op);
}

// One row: its group, and its arguments. Keys are evaluated first, then arguments, as in a
// batch: when both fail in one row, the error is the same. Float keys are made canonical before
// they become the group's key.
static bool dfq__row_group_add(dfq__row_group *g, const dfq_value *row) {
  dfq__row_op *op = &g->op;
  dfq__group_plan *p = &g->plan;
  uint32_t number = 0;
  dfq__arena_rewind(&op->strings);
  for (int i = 0; i < p->keys; i++) {
    if (!dfq__row_op_eval(op, g->key[i], row, &g->value[i])) return false;
    dfq__make_canonical(&g->value[i]);
  }
  if (op->node->sorted &&
      !dfq__row_in_order(op, &g->last, g->value, g->room, p->keys, "the input", g->rows))
    return false;
  if (p->keys) number = dfq__row_table_add(&g->keys, g->value, g->room);
  if (number == DFQ__EMPTY) return dfq__row_fail_memory(op);
  for (int i = 0; i < p->calls; i++) {
    g->value[i] = dfq__value_int(DFQ_I64, 1);
    if (g->arg[i] && !dfq__row_op_eval(op, g->arg[i], row, &g->value[i])) return false;
  }
  if (!dfq__buffer_reserve(op->run->own->heap, &g->group, (g->rows + 1) * 4))
    return dfq__row_fail_memory(op);
  dfq__u32(&g->group)[g->rows++] = number;
  return dfq__store_row(&g->args, g->value) || dfq__row_fail_memory(op);
}

// Puts the rows of each group behind each other: start[g] .. start[g + 1] of order.
static bool dfq__row_group_lists(dfq__row_group *g) {
  dfq__heap *heap = g->op.run->own->heap;
  size_t n = g->rows;
  dfq__buffer order = { NULL, NULL, 0 }, start = { NULL, NULL, 0 };
  bool ok = dfq__buffer_reserve(heap, &order, n * 4 + 4) &&
            dfq__buffer_reserve(heap, &start, (g->groups + 2) * 4);
  const uint32_t *group = dfq__u32(&g->group);
  if (ok) {
    uint32_t *s = dfq__u32(&start);
    memset(s, 0, (g->groups + 2) * 4);
    for (size_t i = 0; i < n; i++) s[group[i] + 2]++;
    for (size_t i = 2; i < g->groups + 2; i++) s[i] += s[i - 1];
    for (size_t i = 0; i < n; i++) dfq__u32(&order)[s[group[i] + 1]++] = (uint32_t)i;
  }
  dfq__buffer_free(heap, &g->group);
  g->group = order;
  g->start = start;
  return ok || dfq__row_fail_memory(&g->op);
}

// Reads the input to its end. No keys: one group, even of no rows.
static bool dfq__row_group_open(dfq_rows *r) {
  dfq__row_group *g = (dfq__row_group *)r;
  const dfq_value *row = NULL;
  if (!dfq__row_group_init(g)) return false;
  while (dfq_rows_next(r->in, &row))
    if (!dfq__row_group_add(g, row)) return false;
  g->groups = g->plan.keys ? g->keys.rows.rows : 1;
  return !r->in->failed && dfq__row_group_lists(g);
}

// -- aggregates of a list

// A merge sort of values, with room for n more behind them: for quantiles and n_unique.
static void dfq__values_sort(dfq_value *v, dfq_value *spare, size_t n) {
  if (n < 2) return;
  size_t half = n / 2, i = 0, j = half, k = 0;
  dfq__values_sort(v, spare, half);
  dfq__values_sort(v + half, spare, n - half);
  memcpy(spare, v, half * sizeof *v);
  while (i < half && j < n)
    v[k++] = dfq__compare_values(&v[j], &spare[i]) < 0 ? v[j++] : spare[i++];
  while (i < half) v[k++] = spare[i++];
}

// sum and mean. Integers in 128 bits, floats exactly; a sum of nothing is null.
static const char *dfq__list_sum(const dfq_value *v, size_t n, const dfq__agg_call *c,
                                 dfq__arena *arena, dfq_value *to) {
  dfq__sum sum = { 0, 0, NULL };
  uint64_t wide[3] = { 0, 0, n };
  for (size_t i = 0; i < n; i++) {
    if (v[i].type == DFQ_F64) {
      if (!dfq__sum_add(&sum, v[i].as.f, arena)) return dfq__agg_no_memory;
      continue;
    }
    uint64_t low = wide[0] + (uint64_t)v[i].as.i;
    wide[1] += (uint64_t)(v[i].as.i >> 63) + (low < wide[0]);
    wide[0] = low;
  }
  bool f64 = c->in_type == DFQ_F64, mean = c->expr->fn == DFQ__MEAN;
  if (n == 0) return NULL;
  if (!mean && !f64) return dfq__sum_int_result(wide, c->type, to);
  double total = f64 ? dfq__sum_value(&sum) : dfq__wide_to_f64(wide[0], wide[1]);
  *to = dfq__value_f64(mean ? total / (double)n : total);
  return NULL;
}

// var and std. Fewer than two values have no variance: null.
static const char *dfq__list_spread(const dfq_value *v, size_t n, const dfq__agg_call *c,
                                    dfq__arena *arena, dfq_value *to) {
  uint64_t words[10];
  memset(words, 0, sizeof words);
  for (size_t i = 0; i < n; i++)
    if (!dfq__spread_add(words, v[i].as.f, arena)) return dfq__agg_no_memory;
  if (n < 2) return NULL;
  double variance = dfq__spread_variance(words);
  *to = dfq__value_f64(c->expr->fn == DFQ__STD ? sqrt(variance) : variance);
  return NULL;
}

// Interpolates between the neighbours of rank q * (n - 1).
static void dfq__list_quantile(dfq_value *v, size_t n, double q, dfq_value *to) {
  dfq__values_sort(v, v + n, n);
  double at = q * (double)(n - 1), part = at - floor(at);
  double low = v[(size_t)at].as.f, high = part == 0 ? low : v[(size_t)at + 1].as.f;
  *to = dfq__value_f64(dfq__between(low, high, part));
}

// min, max, any, all, first_non_null, last_non_null, n_unique and count over the non-null
// values. A bool's any is its greatest value, its all the least.
static void dfq__list_pick(dfq_value *v, size_t n, int fn, dfq_value *to) {
  int64_t unique = 0;
  if (fn == DFQ__N_UNIQUE) {
    dfq__values_sort(v, v + n, n);
    for (size_t i = 0; i < n; i++)
      unique += i == 0 || dfq__compare_values(&v[i], &v[i - 1]) != 0;
    *to = dfq__value_int(DFQ_I64, unique);
  }
  if (fn == DFQ__COUNT) *to = dfq__value_int(DFQ_I64, (int64_t)n);
  if (n == 0 || fn == DFQ__N_UNIQUE || fn == DFQ__COUNT) return;
  *to = fn == DFQ__LAST_NON_NULL ? v[n - 1] : v[0];
  for (size_t i = 1; i < n; i++) {
    int c = dfq__compare_values(&v[i], to);
    if (((fn == DFQ__MIN || fn == DFQ__ALL) && c < 0) ||
        ((fn == DFQ__MAX || fn == DFQ__ANY) && c > 0))
      *to = v[i];
  }
  if (fn == DFQ__MIN || fn == DFQ__MAX) dfq__make_canonical(to);
}

// One aggregate of one group, from its rows' arguments. Returns why it failed, or NULL. first
// and last look at rows, nulls and all; the others at a list of what is not null, in row order.
static const char *dfq__row_group_call(dfq__row_group *g, int call, size_t group,
                                       dfq_value *to) {
  const dfq__agg_call *c = &g->plan.call[call];
  const uint32_t *start = dfq__u32(&g->start), *order = dfq__u32(&g->group);
  size_t n = 0, from = start[group], end = start[group + 1];
  dfq__vec v = dfq__store_vec(&g->args, call);
  int fn = c->expr->fn;
  *to = dfq__value_null();
  if (fn == DFQ__FIRST || fn == DFQ__LAST) {
    if (end > from) dfq__vec_get(&v, order[fn == DFQ__FIRST ? from : end - 1], to);
    return NULL;
  }
  dfq_value *list = (dfq_value *)dfq__arena_array(&g->op.strings, 2 * (end - from) + 1,
                                                  sizeof *list);
  if (!list) return dfq__agg_no_memory;
  for (size_t i = from; i < end; i++) {
    dfq__vec_get(&v, order[i], &list[n]);
    n += list[n].type != DFQ_NULL;
  }
  if (fn == DFQ__SUM || fn == DFQ__MEAN) return dfq__list_sum(list, n, c, &g->op.strings, to);
  if (fn == DFQ__VAR || fn == DFQ__STD) return dfq__list_spread(list, n, c, &g->op.strings, to);
  if (fn == DFQ__MEDIAN || fn == DFQ__QUANTILE) {
    if (n) dfq__list_quantile(list, n, c->q, to);
  } else dfq__list_pick(list, n, fn, to);
  return NULL;
}

// -- next and close

// One group: its aggregates, then the items over them. An aggregate that fails is an error of
// its group, after the groups before it.
static int dfq__row_group_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_group *g = (dfq__row_group *)r;
  dfq__row_op *op = &g->op;
  dfq__group_plan *p = &g->plan;
  if (g->at == g->groups) return 0;
  dfq__arena_rewind(&op->strings);
  if (p->keys) dfq__store_row_get(&g->keys.rows, g->at, g->middle);
  for (int i = 0; i < p->calls; i++) {
    const char *why = dfq__row_group_call(g, i, g->at, &g->middle[p->keys + i]);
    if (why) { dfq__agg_fail(op->run, op->node, p->call[i].expr, why); return -1; }
  }
  g->item_eval.row_number = g->at++;
  for (int i = 0; i < r->columns; i++) {
    if (i < p->keys) { r->row[i] = g->middle[i]; continue; }
    if (dfq__eval_row(&g->item_eval, g->item[i - p->keys], g->middle, &r->row[i])) continue;
    dfq__run_error(op->run, g->item_eval.error ? g->item_eval.error : &dfq__error_memory);
    return -1;
  }
  *row = r->row;
  return 1;
}

static void dfq__row_group_close(dfq_rows *r) {
  dfq__row_group *g = (dfq__row_group *)r;
  dfq__heap *heap = g->op.run->own->heap;
  dfq__row_table_free(&g->keys);
  dfq__store_free(&g->args);
  dfq__store_free(&g->last);
  dfq__buffer_free(heap, &g->group);
  dfq__buffer_free(heap, &g->start);
  dfq__row_op_close(r);
}

static const dfq__rows_class dfq__row_group_class = {
  "group", dfq__row_group_open, dfq__row_group_next, dfq__row_group_close
};

#endif // DFQ_CHAPTER >= 4

#if DFQ_CHAPTER >= 4

// ---- >>window-plan: functions over the rows around a row ------------------------------------
// Idea. A window function gives each row a value computed from rows related to it, and unlike
// group_by keeps every row:
//
//   sum(x) over (partition by k order by d rows between 1 preceding and current row)
//
//     k  d  x     partition: the rows with the same k          k a: 1 2 3 in order of d
//     a  1  5     order:     within it, by d                   sum: 5, 5+7, 7+1
//     b  1  2     frame:     of that order, which rows count
//     a  3  1
//     a  2  7     result, in input order:  5  2  8  12
//
// Without order the frame is the whole partition; with order it reaches from the partition's
// first row to the current row and those equal to it in the order (SQL's default). An
// expression may have several windows inside: each becomes a column of a window node below the
// projection that uses it, so that the rest of the engine sees plain columns. Larger engines
// evaluate long moving frames with segment trees (Leis et al., "Efficient Processing of Window
// Functions in Analytical SQL Queries", 2015); here a frame that only grows is folded row by
// row, any other is computed anew.

// One window of a node: what it computes and from what.
typedef struct dfq__window_call {
  const dfq__window *over;
  int fn;
  dfq_expr **part;          // partition expressions, then order expressions
  dfq__agg_call agg;        // argument, types
  int64_t n;                // ntile's count, lag's and lead's distance, nth_value's rank
  dfq_expr *otherwise;      // lag's and lead's third argument, of the result's type; or NULL
  bool ordered;             // there is an order by
} dfq__window_call;

// The list of aggregates ends with those that mean nothing without an order of rows.
static bool dfq__is_window_only(int fn) { return fn >= DFQ__ROW_NUMBER; }

// An argument that must be an integer literal of at least least.
static bool dfq__window_count(dfq__binder *b, const dfq_expr *e, int64_t least, int64_t *to) {
  bool good = e->kind == DFQ_LITERAL && e->value.type == DFQ_I64 && e->value.as.i >= least;
  if (good) *to = e->value.as.i;
  else dfq__bind_fail(b, DFQ_USAGE, e, NULL, "needs an integer literal of at least %lld here",
                      (long long)least);
  return good;
}

// Types a function that exists only over windows. False with the binder's error set.
static bool dfq__window_only_call(dfq__binder *b, const dfq_expr *f, dfq__window_call *w) {
  bool shifts = w->fn == DFQ__LAG || w->fn == DFQ__LEAD;
  w->n = 1;
  w->agg.type = w->fn == DFQ__PERCENT_RANK ? DFQ_F64 : DFQ_I64;
  if (w->fn == DFQ__NTILE) return dfq__window_count(b, f->arg[0], 1, &w->n);
  if (f->argc == 0) return true;
  dfq__bound *x = dfq__bind(b, f->arg[0]);
  if (!x) return false;
  w->agg.arg = f->arg[0];
  w->agg.type = x->type == DFQ_NULL ? (dfq_type)DFQ_STR : x->type;
  if (f->argc > 1 && !dfq__window_count(b, f->arg[1], shifts ? 0 : 1, &w->n)) return false;
  if (f->argc > 2) {
    dfq__bound *o = dfq__bind(b, f->arg[2]);
    if (!o) return false;
    dfq_type common = dfq__common_type(w->agg.type, o->type);
    if (common == DFQ_KINDS) {
      dfq__bind_fail(b, DFQ_TYPE_ERROR, f->arg[2], NULL, "the default is %s, the value %s",
                     dfq_type_name(o->type), dfq_type_name(w->agg.type));
      return false;
    }
    w->agg.type = common;
    w->otherwise = dfq_cast(f->arg[2], common);
  }
  w->agg.in_type = w->agg.type;
  return dfq__is_column_type(w->agg.type);
}

// Takes an over expression apart, typed over b's schema. False with the binder's error set.
static bool dfq__window_call_of(dfq__binder *b, const dfq_expr *e, dfq__window_call *w) {
  dfq_expr *f = e->arg[0];
  memset(w, 0, sizeof *w);
  w->over = e->window;
  w->fn = f->fn;
  w->part = e->arg + 1;
  w->ordered = e->window->orders > 0;
  const dfq__aggregate *a = &dfq__aggregates[f->fn];
  if (f->argc < a->least || f->argc > a->most) {
    dfq__bind_fail(b, DFQ_TYPE_ERROR, f, NULL, "%s takes %d to %d arguments, not %d", a->name,
                   a->least, a->most, f->argc);
    return false;
  }
  for (int i = 1; i < e->argc; i++) {
    dfq__bound *n = dfq__bind(b, e->arg[i]);
    if (!n) return false;
    if (n->type < DFQ_DAYS) continue;
    dfq__bind_fail(b, DFQ_TYPE_ERROR, e->arg[i], NULL, "%s is no type to order by",
                   dfq_type_name(n->type));
    return false;
  }
  if (dfq__is_window_only(f->fn)) return dfq__window_only_call(b, f, w);
  dfq__group_plan p;
  memset(&p, 0, sizeof p);
  dfq_field field;
  p.db = b->db;
  p.binder = b;
  p.call = &w->agg;
  p.field = &field;
  return dfq__plan_call(&p, f);
}

// -- extraction: over expressions become columns of a node below

typedef struct dfq__window_build {
  dfq__verb *verb;
  dfq_expr **over;      // the distinct over expressions
  dfq_field *field;     // the input's columns, then one for each of them
  int columns, count, room;
} dfq__window_build;

// Room is counted before: an over inside another's argument is refused later, so each counts
// once.
static int dfq__count_windows(const dfq_expr *e) {
  int n = e->kind == DFQ_OVER;
  for (int i = 0; i < e->argc; i++) n += dfq__count_windows(e->arg[i]);
  return n;
}

// The number of an over expression among the node's, a new one added; -1 with the verb's error
// set. Its column is called by the alias, where there is one and it is free, else by its text.
static int dfq__window_add(dfq__window_build *w, dfq_expr *e, const char *alias) {
  for (int i = 0; i < w->count; i++)
    if (dfq_expr_equal(w->over[i], e)) return i;
  dfq__window_call call;
  dfq__binder b = dfq__verb_binder(w->verb, e);
  if (!dfq__window_call_of(&b, e, &call)) {
    if (!w->verb->error) w->verb->error = b.error ? b.error : &dfq__error_memory;
    return -1;
  }
  dfq_field *f = &w->field[w->columns + w->count];
  dfq_schema so_far = { w->columns + w->count, w->field };
  bool free_alias = alias && dfq__schema_find(&so_far, alias) < 0;
  f->name = free_alias ? alias : dfq__intern(w->verb->db, dfq_expr_text(e));
  f->type = call.agg.type;
  if (!f->name) { w->verb->error = &dfq__error_memory; return -1; }
  w->over[w->count] = e;
  return w->count++;
}

// The expression with each over replaced by its column. NULL with the verb's error set.
static dfq_expr *dfq__window_replace(dfq__window_build *w, dfq_expr *e, const char *alias) {
  if (e->kind == DFQ_OVER) {
    int i = dfq__window_add(w, e, alias);
    return i < 0 ? NULL : dfq__col_interned(w->verb->db, w->field[w->columns + i].name);
  }
  if (!dfq__has_window(e)) return e;
  dfq_expr *copy = dfq__expr_copy_node(w->verb->db, e);
  if (copy->kind == DFQ_FAILED) { w->verb->error = copy->error; return NULL; }
  for (int i = 0; i < e->argc; i++) {
    copy->arg[i] = dfq__window_replace(w, e->arg[i], e->kind == DFQ_ALIAS ? e->name : NULL);
    if (!copy->arg[i]) return NULL;
  }
  return copy;
}

// The items with their windows moved into a node below v->in, which then becomes v->in. NULL
// with the verb's error set.
static dfq_expr **dfq__windows_below(dfq__verb *v, dfq_expr *const *items, int count) {
  const dfq_schema *s = &v->in->node->schema;
  dfq__window_build w = { v, NULL, NULL, s->count, 0, 0 };
  for (int i = 0; i < count; i++) w.room += dfq__count_windows(items[i]);
  dfq__arena *arena = &v->db->arena;
  dfq_expr **to = (dfq_expr **)dfq__arena_array(arena, (size_t)count + 1, sizeof *to);
  w.over = (dfq_expr **)dfq__arena_array(arena, (size_t)w.room + 1, sizeof *w.over);
  w.field = (dfq_field *)dfq__arena_array(arena, (size_t)(s->count + w.room) + 1,
                                          sizeof *w.field);
  dfq__node *n = dfq__verb_node(v, DFQ__WINDOW, NULL);
  if (!to || !w.over || !w.field || !n) { v->error = &dfq__error_memory; return NULL; }
  for (int c = 0; c < s->count; c++) w.field[c] = s->field[c];
  for (int i = 0; i < count; i++) {
    bool named = items[i]->kind == DFQ_ALIAS || !dfq__has_window(items[i]);
    to[i] = dfq__window_replace(&w, items[i], NULL);
    if (!to[i]) return NULL;
    if (!named) to[i] = dfq_as(to[i], dfq_expr_text(items[i]));
  }
  n->expr = w.over;
  n->expr_count = w.count;
  n->schema.count = s->count + w.count;
  n->schema.field = w.field;
  v->in = dfq__frame_of(v->db, n, &v->in->run);
  if (v->in->error) v->error = v->in->error;
  return v->error ? NULL : to;
}

// ---- >>window: the operator -----------------------------------------------------------------
// State: all input rows in a store; behind them, as further columns, what the windows read
// (partitions, orders, arguments). prepare reads everything; then for each window the row
// numbers are sorted by partition and order (windows of the same partition and order share one
// sort), the partitions are walked, and results are written at their rows' places. next hands
// out slices.
//
// Cost: a sort for each different partition and order, and memory for the rows. A frame that
// only grows costs one fold per row; one that moves at both ends is folded anew for each row,
// which is its length times the rows. Exact sums could also be taken back row by row; what
// larger engines keep for the general case is a tree of partial aggregates over the partition.

// One window while it is computed. Results are kept by row number of the input, not by position
// in the order, so that next can slice them like the input's own columns.
typedef struct dfq__window_part {
  dfq__window_call call;
  int first_key, arg, otherwise;   // columns of the store; -1: none
  dfq__agg agg;
  dfq__buffer data, valid;         // the results, by row
} dfq__window_part;

typedef struct dfq__window_op {
  dfq__op head;
  dfq__window_part *part;
  dfq__bound **bound;        // of the further columns
  int further;
  dfq__buffer *flat;
  dfq__sorter sorter;        // with the store
  dfq__batch batch;
  dfq__aggs aggs;            // of one frame at a time
  dfq__buffer gathered[2], zeros;
  dfq__arena strings;        // of results
  size_t emitted;
  // the frame that is folded into aggs: rows from .. to of the order
  size_t from, to;
} dfq__window_op;

// Binds one further column of the store. An expression that is always null becomes text.
static bool dfq__window_bind(dfq__window_op *o, dfq_expr *e, dfq_type *type) {
  dfq__op *op = &o->head;
  const dfq_schema *in = &op->node->in[0]->schema;
  dfq__bound *n = dfq__op_bind(op, in, e);
  if (n && n->type == DFQ_NULL) n = dfq__op_bind(op, in, dfq_cast(e, DFQ_STR));
  if (!n) return false;
  type[in->count + o->further] = n->type;
  o->bound[o->further++] = n;
  return true;
}

// Gives one window its columns of the store.
static bool dfq__window_part_open(dfq__window_op *o, dfq__window_part *p, const dfq_expr *e,
                                  dfq_type *type) {
  dfq__op *op = &o->head;
  int columns = op->node->in[0]->schema.count;
  dfq__binder b = dfq__run_binder(op->run, op->node, &op->node->in[0]->schema);
  if (!dfq__window_call_of(&b, e, &p->call)) {
    dfq__run_error(op->run, b.error ? b.error : &dfq__error_memory);
    return false;
  }
  p->arg = p->otherwise = -1;
  p->first_key = columns + o->further;
  for (int i = 1; i < e->argc; i++)
    if (!dfq__window_bind(o, e->arg[i], type)) return false;
  if (p->call.agg.arg) {
    p->arg = columns + o->further;
    if (!dfq__window_bind(o, dfq_cast(p->call.agg.arg, p->call.agg.in_type), type))
      return false;
  }
  if (p->call.otherwise) {
    p->otherwise = columns + o->further;
    if (!dfq__window_bind(o, p->call.otherwise, type)) return false;
  }
  if (dfq__is_window_only(p->call.fn)) return true;
  p->agg.fn = p->call.fn;
  p->agg.in_type = p->call.agg.in_type;
  p->agg.type = p->call.agg.type;
  p->agg.q = p->call.agg.q;
  p->agg.is = dfq__agg_class_of(p->agg.fn, p->agg.in_type);
  return true;
}

// Every window brings at most its keys, an argument and a default: so many further columns
// there can be.
static bool dfq__window_open(dfq__op *op) {
  dfq__window_op *o = (dfq__window_op *)op;
  const dfq__node *n = op->node;
  const dfq_schema *in = &n->in[0]->schema;
  size_t further = 0;
  for (int i = 0; i < n->expr_count; i++) further += (size_t)n->expr[i]->argc + 2;
  size_t columns = (size_t)in->count + further;
  dfq_type *type = (dfq_type *)dfq__op_array(op, columns, sizeof *type);
  o->part = (dfq__window_part *)dfq__op_array(op, (size_t)n->expr_count, sizeof *o->part);
  o->bound = (dfq__bound **)dfq__op_array(op, further, sizeof *o->bound);
  o->flat = (dfq__buffer *)dfq__op_array(op, 2 * further, sizeof *o->flat);
  o->batch.column = (dfq__vec *)dfq__op_array(op, columns, sizeof(dfq__vec));
  o->strings.heap = o->aggs.heap = o->aggs.arena.heap = op->eval.heap;
  if (!type || !o->part || !o->bound || !o->flat || !o->batch.column) return false;
  for (int c = 0; c < in->count; c++) type[c] = dfq__types_of(in, c);
  for (int i = 0; i < n->expr_count; i++)
    if (!dfq__window_part_open(o, &o->part[i], n->expr[i], type)) return false;
  o->batch.columns = in->count + o->further;
  o->aggs.db = op->run->own;
  return dfq__sorter_init(&o->sorter, op, type, o->batch.columns);
}

// Appends a batch with the further columns computed beside it. An error ends the operator, as
// it ends a sort: no result can be known before all rows are.
static bool dfq__window_add_batch(dfq__window_op *o, const dfq__batch *in) {
  dfq__op *op = &o->head;
  size_t n = in->rows;
  dfq__arena_rewind(&op->eval.strings);
  for (int c = 0; c < in->columns; c++) o->batch.column[c] = in->column[c];
  for (int i = 0; i < o->further; i++) {
    dfq__vec *v = &o->batch.column[in->columns + i];
    n = dfq__op_eval(op, o->bound[i], in, n, NULL, v);
    if (op->failed) return false;
    if (!dfq__vec_flatten(&op->eval, &o->flat[2 * i], &o->flat[2 * i + 1], n, v)) return false;
  }
  op->rows_in += n;
  o->batch.rows = n;
  if (!dfq__store_append(&o->sorter.store, &o->batch)) return false;
  dfq__op_holds(op, dfq__store_bytes(&o->sorter.store));
  return true;
}

// -- results

// Writes a result. Long strings are copied, because an aggregate's own copy is dropped when the
// frame moves on.
static bool dfq__window_put(dfq__window_op *o, dfq__window_part *p, size_t row,
                            const dfq_value *v) {
  dfq_type type = p->call.agg.type;
  dfq__cell_put(p->data.data, type, row, v);
  p->valid.data[row] = v->type != DFQ_NULL;
  if (type != DFQ_STR || v->type == DFQ_NULL) return true;
  return dfq__strings_keep(&o->strings, (dfq_view *)(void *)p->data.data + row, NULL, 1);
}

// A value of the store, borrowed: a short text lies in the store's view, which no longer moves.
static void dfq__window_get(const dfq__window_op *o, int column, size_t row, dfq_value *to) {
  dfq__vec v = dfq__store_vec(&o->sorter.store, column);
  dfq__vec_get(&v, row, to);
}

// Folds rows from .. to of the order into the aggregate's only group.
static bool dfq__window_fold(dfq__window_op *o, dfq__window_part *p, size_t from, size_t to) {
  dfq__op *op = &o->head;
  size_t n = to - from;
  dfq__vec x = { DFQ_NULL, false, NULL, NULL };
  uint32_t *zeros = (uint32_t *)dfq__veval_room(&op->eval, &o->zeros, n * 4);
  if (!zeros) return false;
  memset(zeros, 0, n * 4);
  if (p->arg >= 0) {
    dfq__vec all = dfq__store_vec(&o->sorter.store, p->arg);
    if (!dfq__gather_vec(op, o->gathered, &all, dfq__u32(&o->sorter.order) + from, n, &x))
      return false;
  }
  o->aggs.row += n;
  return p->agg.is->update(&o->aggs, &p->agg, zeros, &x, n);
}

// The aggregate over rows from .. to of the order: grown from the frame before, or folded anew.
static bool dfq__window_frame(dfq__window_op *o, dfq__window_part *p, size_t from, size_t to,
                              dfq_value *result) {
  *result = dfq__value_null();
  bool grows = o->aggs.groups && from == o->from && to >= o->to;
  size_t done = grows ? o->to : from;
  if (!grows) {
    dfq__aggs_clear(&o->aggs);
    if (!dfq__aggs_grow(&o->aggs, 1)) return false;
  }
  if (to > done && !dfq__window_fold(o, p, done, to)) return false;
  o->from = from;
  o->to = to;
  const char *why = p->agg.is->finish(&o->aggs, &p->agg, 0, result);
  if (why) dfq__agg_fail(o->head.run, o->head.node, p->call.agg.expr, why);
  return !why;
}

// a + b for a row number and a frame's offset, kept within 0 .. limit.
static size_t dfq__frame_edge(size_t at, int64_t offset, size_t low, size_t high) {
  if (offset < 0) {
    uint64_t back = 0 - (uint64_t)offset;
    return back > at - low ? low : at - (size_t)back;
  }
  return (uint64_t)offset > high - at ? high : at + (size_t)offset;
}

// The frame of row at in a partition begin .. end; peers: where its equals begin and end.
static void dfq__frame_of_row(const dfq__window_call *c, size_t at, size_t begin, size_t end,
                              const size_t *peers, size_t *from, size_t *to) {
  const dfq__window *w = c->over;
  *from = begin;
  *to = c->ordered ? peers[1] : end;
  if (!w->framed) return;
  if (w->rows) {
    *from = w->first == INT64_MIN ? begin : dfq__frame_edge(at, w->first, begin, end);
    *to = w->last == INT64_MAX ? end : dfq__frame_edge(at + 1, w->last, begin, end);
  } else {
    *from = w->first == INT64_MIN ? begin : peers[0];
    *to = w->last == INT64_MAX ? end : peers[1];
  }
  if (*to < *from) *to = *from;
}

// row_number, rank and their kin: from positions alone. dense: how many different rows before.
static dfq_value dfq__window_number(const dfq__window_call *c, size_t at, size_t begin,
                                    size_t end, const size_t *peers, size_t dense) {
  int64_t n = (int64_t)(end - begin), i = (int64_t)(at - begin),
          rank = (int64_t)(peers[0] - begin);
  int64_t size = n / c->n, longer = n % c->n;   // ntile: the first buckets have one row more
  switch (c->fn) {
    case DFQ__ROW_NUMBER: return dfq__value_int(DFQ_I64, i + 1);
    case DFQ__RANK: return dfq__value_int(DFQ_I64, rank + 1);
    case DFQ__DENSE_RANK: return dfq__value_int(DFQ_I64, (int64_t)dense + 1);
    case DFQ__PERCENT_RANK: return dfq__value_f64(n < 2 ? 0 : (double)rank / (double)(n - 1));
    default: break;
  }
  if (i < longer * (size + 1)) return dfq__value_int(DFQ_I64, i / (size + 1) + 1);
  return dfq__value_int(DFQ_I64, longer + (i - longer * (size + 1)) / size + 1);
}

// The row (of the order) that lag, lead or nth_value takes its value from; end when there is
// none.
static size_t dfq__window_source(const dfq__window_call *c, size_t at, size_t begin, size_t end,
                                 const size_t *peers) {
  uint64_t n = (uint64_t)c->n;
  size_t from, to;
  if (c->fn == DFQ__LAG) return n > at - begin ? end : at - (size_t)n;
  if (c->fn == DFQ__LEAD) return n >= end - at ? end : at + (size_t)n;
  dfq__frame_of_row(c, at, begin, end, peers, &from, &to);
  return n > to - from ? end : from + (size_t)n - 1;
}

// One row's result. False on error.
static bool dfq__window_row(dfq__window_op *o, dfq__window_part *p, size_t at, size_t begin,
                            size_t end, const size_t *peers, size_t dense) {
  const uint32_t *order = dfq__u32(&o->sorter.order);
  dfq_value v = dfq__value_null();
  size_t from, to;
  switch (p->call.fn) {
    case DFQ__LAG: case DFQ__LEAD: case DFQ__NTH_VALUE:
      from = dfq__window_source(&p->call, at, begin, end, peers);
      if (from < end) dfq__window_get(o, p->arg, order[from], &v);
      else if (p->otherwise >= 0) dfq__window_get(o, p->otherwise, order[at], &v);
      break;
    case DFQ__ROW_NUMBER: case DFQ__RANK: case DFQ__DENSE_RANK: case DFQ__PERCENT_RANK:
    case DFQ__NTILE:
      v = dfq__window_number(&p->call, at, begin, end, peers, dense);
      break;
    default:
      dfq__frame_of_row(&p->call, at, begin, end, peers, &from, &to);
      if (!dfq__window_frame(o, p, from, to, &v)) return false;
  }
  return dfq__window_put(o, p, order[at], &v);
}

// -- partitions and peers: in the order of rows, equal partitions stand together, and within
// them rows that are equal by the order:
//
//     k   a a a a a | b b          partition a is 0 .. 5
//     d   1 1 2 2 3 | 1 2          peers of its third row: 2 .. 4, so rank 3, dense_rank 2
//
// Walks one partition, peer group by peer group.
static bool dfq__window_partition(dfq__window_op *o, dfq__window_part *p, size_t begin,
                                  size_t end) {
  const dfq__sorter *s = &o->sorter;
  const uint32_t *order = dfq__u32(&o->sorter.order);
  int first = p->call.over->partitions, keys = s->keys;
  size_t peers[2] = { begin, begin };
  dfq__aggs_clear(&o->aggs);
  o->aggs.row = 0;
  for (size_t at = begin, dense = 0; at < end; at++) {
    if (at == peers[1]) {
      dense += at > begin;
      peers[0] = at;
      for (peers[1] = at + 1; peers[1] < end; peers[1]++)
        if (dfq__sort_compare(s, first, keys, order[at], order[peers[1]]) != 0) break;
    }
    if (!dfq__window_row(o, p, at, begin, end, peers, dense)) return false;
  }
  return true;
}

// Do two windows need the same order of rows?
static bool dfq__same_order(const dfq_expr *a, const dfq_expr *b) {
  const dfq__window *v = a->window, *w = b->window;
  if (v->partitions != w->partitions || v->orders != w->orders) return false;
  for (int i = 1; i < a->argc; i++)
    if (!dfq_expr_equal(a->arg[i], b->arg[i])) return false;
  for (int i = 0; i < v->orders; i++)
    if (v->order[i].descending != w->order[i].descending ||
        v->order[i].nulls_first != w->order[i].nulls_first) return false;
  return true;
}

// Computes one window for all rows.
static bool dfq__window_compute(dfq__window_op *o, int number) {
  dfq__op *op = &o->head;
  dfq__window_part *p = &o->part[number];
  dfq__sorter *s = &o->sorter;
  const dfq__window *w = p->call.over;
  size_t rows = s->store.rows, begin = 0, end;
  bool sorted = number > 0 &&
                dfq__same_order(op->node->expr[number - 1], op->node->expr[number]);
  if (!sorted) {
    s->keys = w->partitions + w->orders;
    for (int k = 0; k < s->keys; k++) {
      const dfq_key *key = k < w->partitions ? NULL : &w->order[k - w->partitions];
      s->by[k].column = p->first_key + k;
      s->by[k].descending = key && key->descending;
      s->by[k].nulls_first = key && key->nulls_first;
    }
    if (!dfq__sorter_sort(s)) return false;
  }
  if (!dfq__veval_room(&op->eval, &p->data, rows * dfq__size_of(p->call.agg.type)))
    return false;
  if (!dfq__veval_room(&op->eval, &p->valid, rows)) return false;
  o->aggs.agg = &p->agg;
  o->aggs.count = dfq__is_window_only(p->call.fn) ? 0 : 1;
  o->aggs.stride = o->aggs.count ? p->agg.is->words : 0;
  const uint32_t *order = dfq__u32(&s->order);
  for (; begin < rows; begin = end) {
    for (end = begin + 1; end < rows; end++)
      if (dfq__sort_compare(s, 0, w->partitions, order[begin], order[end]) != 0) break;
    if (!dfq__window_partition(o, p, begin, end)) return false;
  }
  dfq__aggs_clear(&o->aggs);
  return true;
}

// The pipeline breaker: all rows, then all windows.
static bool dfq__window_prepare(dfq__op *op) {
  dfq__window_op *o = (dfq__window_op *)op;
  dfq__event e;
  while ((e = dfq__pull(op->in[0])) == DFQ__BATCH)
    if (!dfq__window_add_batch(o, &op->in[0]->out)) return false;
  for (int i = 0; e == DFQ__END && i < op->node->expr_count; i++)
    if (!dfq__window_compute(o, i)) return false;
  return e == DFQ__END;
}

// Input order is kept for free: the store never moved, only row numbers were sorted.
static dfq__event dfq__window_next(dfq__op *op) {
  dfq__window_op *o = (dfq__window_op *)op;
  int columns = op->node->in[0]->schema.count;
  size_t n = dfq__min(o->sorter.store.rows - o->emitted, op->run->batch_rows);
  if (n == 0) return DFQ__END;
  for (int c = 0; c < columns; c++)
    op->out.column[c] = dfq__vec_from(dfq__store_vec(&o->sorter.store, c), o->emitted);
  for (int i = 0; i < op->node->expr_count; i++) {
    dfq__window_part *p = &o->part[i];
    dfq__vec v = { p->call.agg.type, false, p->data.data, (const uint8_t *)p->valid.data };
    op->out.column[columns + i] = dfq__vec_from(v, o->emitted);
  }
  op->out.rows = n;
  o->emitted += n;
  return DFQ__BATCH;
}

// The aggregate's states are freed by hand: o->aggs holds one window's at a time, the parts
// hold what a set keeps beside its states.
static void dfq__window_close(dfq__op *op) {
  dfq__window_op *o = (dfq__window_op *)op;
  dfq__heap *heap = op->eval.heap;
  dfq__bound_free(op, o->bound, o->further);
  dfq__buffers_free(heap, o->flat, 2 * o->further);
  for (int i = 0; o->part && i < op->node->expr_count; i++) {
    dfq__window_part *p = &o->part[i];
    dfq__buffer_free(heap, &p->data);
    dfq__buffer_free(heap, &p->valid);
    dfq__buffer_free(heap, &p->agg.group);
    dfq__buffer_free(heap, &p->agg.value);
    dfq__buffer_free(heap, &p->agg.start);
    dfq__keys_free(&p->agg.unique);
  }
  dfq__sorter_free(&o->sorter);
  dfq__buffer_free(heap, &o->aggs.state);
  dfq__arena_release(&o->aggs.arena, 0);
  dfq__buffers_free(heap, o->gathered, 2);
  dfq__buffer_free(heap, &o->zeros);
  dfq__arena_release(&o->strings, 0);
}

static const dfq__op_class dfq__window_class = {
  sizeof(dfq__window_op), dfq__window_open, dfq__window_prepare, dfq__window_next,
  dfq__window_close, NULL
};

// ---- >>row-window: windows by their definitions ---------------------------------------------
// The plain twin keeps all rows, and asks for each row of each partition which others are
// before it, equal to it, or in its frame: n * n questions for a partition of n rows.

typedef struct dfq__row_window_part {
  dfq__window_call call;
  int first_key, arg, otherwise;
  dfq_value *result;           // by row
} dfq__row_window_part;

typedef struct dfq__row_window {
  dfq__row_op op;
  dfq__row_window_part *part;  // one for each over expression of the node
  dfq__bound **bound;          // of the columns of more
  int further;
  dfq__store rows, more;       // the input's rows; what the windows read
  uint32_t *order, *spare;
  size_t room, at;
  dfq_value *a, *b, *list;
  dfq__arena kept;             // results
} dfq__row_window;

// An expression that is always null becomes text here as well, as in the batch engine.
static bool dfq__row_window_bind(dfq__row_window *w, dfq__binder *b, dfq_expr *e,
                                 dfq_type *type) {
  dfq__bound *n = dfq__bind(b, e);
  if (n && n->type == DFQ_NULL) n = dfq__bind(b, dfq_cast(e, DFQ_STR));
  if (!n) return false;
  type[w->further] = n->type;
  w->bound[w->further++] = n;
  return true;
}

// The same further columns as the batch operator's, in the same order: keys, argument, default.
static bool dfq__row_window_part_open(dfq__row_window *w, dfq__binder *b, const dfq_expr *e,
                                      dfq__row_window_part *p, dfq_type *type) {
  if (!dfq__window_call_of(b, e, &p->call)) return false;
  p->arg = p->otherwise = -1;
  p->first_key = w->further;
  for (int i = 1; i < e->argc; i++)
    if (!dfq__row_window_bind(w, b, e->arg[i], type)) return false;
  if (p->call.agg.arg) p->arg = w->further;
  if (p->call.agg.arg &&
      !dfq__row_window_bind(w, b, dfq_cast(p->call.agg.arg, p->call.agg.in_type), type))
    return false;
  if (p->call.otherwise) p->otherwise = w->further;
  return !p->call.otherwise || dfq__row_window_bind(w, b, p->call.otherwise, type);
}

// The keys' schema is known only after all windows have been bound, hence one store for all.
static bool dfq__row_window_init(dfq__row_window *w) {
  dfq__row_op *op = &w->op;
  const dfq__node *n = op->node;
  dfq__arena *arena = &op->run->own->arena;
  dfq__binder b = dfq__run_binder(op->run, n, &n->in[0]->schema);
  size_t further = 1;
  for (int i = 0; i < n->expr_count; i++) further += (size_t)n->expr[i]->argc + 2;
  dfq_type *type = (dfq_type *)dfq__arena_array(arena, further, sizeof *type);
  w->part = (dfq__row_window_part *)dfq__arena_array(arena, (size_t)n->expr_count + 1,
                                                     sizeof *w->part);
  w->bound = (dfq__bound **)dfq__arena_array(arena, further, sizeof *w->bound);
  w->a = dfq__row_values(op, further);
  w->b = dfq__row_values(op, further);
  w->kept.heap = op->run->own->heap;
  bool ok = type && w->part && w->bound && w->a && w->b;
  for (int i = 0; ok && i < n->expr_count; i++)
    ok = dfq__row_window_part_open(w, &b, n->expr[i], &w->part[i], type);
  if (!ok && b.error) dfq__run_error(op->run, b.error);
  ok = ok && dfq__store_init(&w->more, op->run->own->heap, type, w->further) &&
       dfq__row_store_like(op, &w->rows, &n->in[0]->schema);
  return ok || dfq__row_fail_memory(op);
}

// Reads the input to its end; an error in a row's keys or arguments is that row's.
static bool dfq__row_window_read(dfq__row_window *w) {
  dfq__row_op *op = &w->op;
  const dfq_value *row = NULL;
  while (dfq_rows_next(op->head.in, &row)) {
    dfq__arena_rewind(&op->strings);
    for (int i = 0; i < w->further; i++)
      if (!dfq__row_op_eval(op, w->bound[i], row, &w->a[i])) return false;
    if (!dfq__store_row(&w->rows, row) || !dfq__store_row(&w->more, w->a))
      return dfq__row_fail_memory(op);
  }
  return !op->head.in->failed;
}

// Compares two rows by some of a window's keys: partitions first, then orders.
static int dfq__row_window_compare(const dfq__row_window *w, const dfq__row_window_part *p,
                                   int from, int to, uint32_t x, uint32_t y) {
  const dfq__window *over = p->call.over;
  for (int k = from; k < to; k++) {
    const dfq_key *key = k < over->partitions ? NULL : &over->order[k - over->partitions];
    dfq__vec v = dfq__store_vec(&w->more, p->first_key + k);
    dfq_value a, b;
    dfq__vec_get(&v, x, &a);
    dfq__vec_get(&v, y, &b);
    bool i = a.type == DFQ_NULL, j = b.type == DFQ_NULL;
    if (i != j) return i == (key && key->nulls_first) ? -1 : 1;
    int c = i ? 0 : dfq__compare_values(&a, &b);
    if (c) return key && key->descending ? -c : c;
  }
  return 0;
}

// Merge sort, stable: rows that are equal by all keys keep the input's order, and so row_number
// is the same in both engines.
static void dfq__row_window_sort(const dfq__row_window *w, const dfq__row_window_part *p,
                                 uint32_t *row, uint32_t *spare, size_t n) {
  int keys = p->call.over->partitions + p->call.over->orders;
  if (n < 2) return;
  size_t half = n / 2, i = 0, j = half, k = 0;
  dfq__row_window_sort(w, p, row, spare, half);
  dfq__row_window_sort(w, p, row + half, spare, n - half);
  memcpy(spare, row, half * sizeof *row);
  while (i < half && j < n)
    row[k++] = dfq__row_window_compare(w, p, 0, keys, row[j], spare[i]) < 0 ? row[j++]
                                                                            : spare[i++];
  while (i < half) row[k++] = spare[i++];
}

// Is the j-th row of the order in the frame of the i-th?
static bool dfq__row_in_frame(const dfq__row_window *w, const dfq__row_window_part *p, size_t i,
                              size_t j) {
  const dfq__window *over = p->call.over;
  int keys = over->partitions + over->orders;
  int c = dfq__row_window_compare(w, p, over->partitions, keys, w->order[j], w->order[i]);
  int64_t apart = (int64_t)j - (int64_t)i;
  if (!over->framed) return c <= 0;
  if (over->rows)
    return (over->first == INT64_MIN || apart >= over->first) &&
           (over->last == INT64_MAX || apart <= over->last);
  return (over->first == INT64_MIN || c >= 0) && (over->last == INT64_MAX || c <= 0);
}

// The aggregate of n values, nulls among them.
static const char *dfq__list_aggregate(dfq_value *v, size_t n, const dfq__agg_call *c,
                                       dfq__arena *arena, dfq_value *to) {
  int fn = c->expr->fn;
  size_t kept = 0;
  *to = dfq__value_null();
  if (fn == DFQ__FIRST || fn == DFQ__LAST) {
    if (n) *to = v[fn == DFQ__FIRST ? 0 : n - 1];
    return NULL;
  }
  for (size_t i = 0; i < n; i++)
    if (v[i].type != DFQ_NULL) v[kept++] = v[i];
  if (fn == DFQ__SUM || fn == DFQ__MEAN) return dfq__list_sum(v, kept, c, arena, to);
  if (fn == DFQ__VAR || fn == DFQ__STD) return dfq__list_spread(v, kept, c, arena, to);
  if (fn != DFQ__MEDIAN && fn != DFQ__QUANTILE) dfq__list_pick(v, kept, fn, to);
  else if (kept) dfq__list_quantile(v, kept, c->q, to);
  return NULL;
}

// The values of the frame of the i-th row of a partition begin .. end.
static size_t dfq__row_frame_values(dfq__row_window *w, const dfq__row_window_part *p, size_t i,
                                    size_t begin, size_t end) {
  size_t n = 0;
  for (size_t j = begin; j < end; j++) {
    if (!dfq__row_in_frame(w, p, i, j)) continue;
    w->list[n] = dfq__value_int(DFQ_I64, 1);
    dfq__vec v = dfq__store_vec(&w->more, p->arg < 0 ? 0 : p->arg);
    if (p->arg >= 0) dfq__vec_get(&v, w->order[j], &w->list[n]);
    n++;
  }
  return n;
}

// Which of n buckets the i-th of count rows falls into: they are dealt out front to back.
static int64_t dfq__row_ntile(int64_t i, int64_t count, int64_t n) {
  int64_t bucket = 1, end = 0;
  for (;; bucket++) {
    end += count / n + (bucket <= count % n);
    if (i < end) return bucket;
  }
}

// Ranks by counting: how many rows come before, and how many different ones among them.
static dfq_value dfq__row_window_rank(const dfq__row_window *w, const dfq__row_window_part *p,
                                      size_t i, size_t begin, size_t end) {
  const dfq__window *over = p->call.over;
  int keys = over->partitions + over->orders;
  int64_t less = 0, different = 0, n = (int64_t)(end - begin);
  for (size_t j = begin; j < i; j++) {
    if (dfq__row_window_compare(w, p, over->partitions, keys, w->order[j], w->order[i]) == 0)
      continue;
    less++;
    different += j + 1 == i || dfq__row_window_compare(w, p, over->partitions, keys,
                                                       w->order[j], w->order[j + 1]) != 0;
  }
  if (p->call.fn == DFQ__NTILE)
    return dfq__value_int(DFQ_I64, dfq__row_ntile((int64_t)(i - begin), n, p->call.n));
  if (p->call.fn == DFQ__ROW_NUMBER) return dfq__value_int(DFQ_I64, (int64_t)(i - begin) + 1);
  if (p->call.fn == DFQ__RANK) return dfq__value_int(DFQ_I64, less + 1);
  if (p->call.fn == DFQ__DENSE_RANK) return dfq__value_int(DFQ_I64, different + 1);
  return dfq__value_f64(n < 2 ? 0 : (double)less / (double)(n - 1));
}

// The result of the i-th row of a partition. False with the run's error set.
static bool dfq__row_window_result(dfq__row_window *w, const dfq__row_window_part *p, size_t i,
                                   size_t begin, size_t end, dfq_value *to) {
  int64_t from = (int64_t)i + (p->call.fn == DFQ__LEAD ? p->call.n : -p->call.n);
  bool shift = p->call.fn == DFQ__LAG || p->call.fn == DFQ__LEAD;
  *to = dfq__value_null();
  if (shift) {
    bool there = from >= (int64_t)begin && from < (int64_t)end;
    int column = there ? p->arg : p->otherwise;
    dfq__vec v = dfq__store_vec(&w->more, column < 0 ? 0 : column);
    if (column >= 0) dfq__vec_get(&v, w->order[there ? (size_t)from : i], to);
    return true;
  }
  if (dfq__is_window_only(p->call.fn) && p->call.fn != DFQ__NTH_VALUE) {
    *to = dfq__row_window_rank(w, p, i, begin, end);
    return true;
  }
  size_t n = dfq__row_frame_values(w, p, i, begin, end);
  if (p->call.fn == DFQ__NTH_VALUE) {
    if ((uint64_t)p->call.n <= n) *to = w->list[p->call.n - 1];
    return true;
  }
  const char *why = dfq__list_aggregate(w->list, n, &p->call.agg, &w->op.strings, to);
  if (why) dfq__agg_fail(w->op.run, w->op.node, p->call.agg.expr, why);
  return !why;
}

// Sorts, cuts the order into partitions, and asks for each row's result.
static bool dfq__row_window_compute(dfq__row_window *w, dfq__row_window_part *p) {
  size_t rows = w->rows.rows, end;
  for (size_t i = 0; i < rows; i++) w->order[i] = (uint32_t)i;
  dfq__row_window_sort(w, p, w->order, w->spare, rows);
  p->result = (dfq_value *)dfq__arena_array(&w->kept, rows + 1, sizeof *p->result);
  if (!p->result) return dfq__row_fail_memory(&w->op);
  for (size_t begin = 0; begin < rows; begin = end) {
    for (end = begin + 1; end < rows; end++)
      if (dfq__row_window_compare(w, p, 0, p->call.over->partitions, w->order[begin],
                                  w->order[end]) != 0) break;
    for (size_t i = begin; i < end; i++) {
      dfq__arena_rewind(&w->op.strings);
      if (!dfq__row_window_result(w, p, i, begin, end, &p->result[w->order[i]])) return false;
    }
  }
  return true;
}

// Everything is done by the time the first row is asked for; next only hands out.
static bool dfq__row_window_open(dfq_rows *r) {
  dfq__row_window *w = (dfq__row_window *)r;
  dfq__heap *heap = w->op.run->own->heap;
  if (!dfq__row_window_init(w) || !dfq__row_window_read(w)) return false;
  w->room = w->rows.rows + 1;
  w->order = (uint32_t *)dfq__alloc_zero(heap, w->room, sizeof *w->order);
  w->spare = (uint32_t *)dfq__alloc_zero(heap, w->room, sizeof *w->spare);
  w->list = (dfq_value *)dfq__arena_array(&w->kept, 2 * w->room, sizeof *w->list);
  if (!w->order || !w->spare || !w->list) return dfq__row_fail_memory(&w->op);
  for (int i = 0; i < w->op.node->expr_count; i++)
    if (!dfq__row_window_compute(w, &w->part[i])) return false;
  return true;
}

// The input's row, then one value for each window.
static int dfq__row_window_next(dfq_rows *r, const dfq_value **row) {
  dfq__row_window *w = (dfq__row_window *)r;
  if (w->at == w->rows.rows) return 0;
  dfq__store_row_get(&w->rows, w->at, r->row);
  for (int i = 0; i < w->op.node->expr_count; i++)
    r->row[w->rows.columns + i] = w->part[i].result[w->at];
  w->at++;
  *row = r->row;
  return 1;
}

static void dfq__row_window_close(dfq_rows *r) {
  dfq__row_window *w = (dfq__row_window *)r;
  dfq__heap *heap = w->op.run->own->heap;
  dfq__free(heap, w->order, w->room * sizeof *w->order);
  dfq__free(heap, w->spare, w->room * sizeof *w->spare);
  dfq__store_free(&w->rows);
  dfq__store_free(&w->more);
  dfq__arena_release(&w->kept, 0);
  dfq__row_op_close(r);
}

static const dfq__rows_class dfq__row_window_class = {
  "window", dfq__row_window_open, dfq__row_window_next, dfq__row_window_close
};

#endif // DFQ_CHAPTER >= 4, windows

// =============================================================================================
// CHAPTER 5, THE OPTIMIZER: rules to a fixpoint, a journal of what they did, explain
// =============================================================================================
#if DFQ_CHAPTER >= 5

// ---- >>stages: a plan node as the text that would make it -----------------------------------
// Idea. Explain, the journal and whole pipelines print nodes in one way only: as the stage of
// the pipeline language that stands for the node, so that what is read here can be typed there.
//
//   node      word       what follows it
//   filter    filter     amount > 100 and region = 'EU'
//   project   with       amount * 0.2 as tax            also select, rename, drop
//   join      join       on customer_id = id left       behind the other input
//   top-k     top        10 by tax desc                 explain only: sort tax desc | limit 10
//
// A projection remembers the verb it was written with. After a rule has changed it, the verb
// may no longer say what it does; then it prints as select, which always does.

// Does column i come out as it came in, under its own name?
static bool dfq__passes(const dfq__node *n, int i) {
  return n->expr[i]->kind == DFQ_COLUMN && n->expr[i]->name == n->schema.field[i].name;
}

// with: all columns of the input in their places, or replaced there, then new ones. rename: the
// same columns in the same order. drop: fewer of them.
static const char *dfq__project_word(const dfq__node *n) {
  const dfq_schema *in = &n->in[0]->schema;
  int same = 0, in_place = 0, from_place = 0;
  for (int i = 0; i < n->expr_count; i++) {
    const char *old = i < in->count ? in->field[i].name : NULL;
    same += dfq__passes(n, i);
    in_place += old && n->schema.field[i].name == old;
    from_place += old && n->expr[i]->kind == DFQ_COLUMN && n->expr[i]->name == old;
  }
  bool all = same == n->expr_count, fewer = n->expr_count < in->count;
  if (strcmp(n->verb, "with") == 0 && !all && in_place == in->count) return "with";
  if (strcmp(n->verb, "drop") == 0 && all && fewer) return "drop";
  bool renames = !all && !fewer && from_place == n->expr_count;
  if (strcmp(n->verb, "rename") == 0 && renames) return "rename";
  return "select";
}

// The word that begins the stage.
static const char *dfq__word_of(const dfq__node *n) {
  switch (n->kind) {
    case DFQ__SCAN: return "scan";
    case DFQ__FILTER: return "filter";
    case DFQ__PROJECT: return dfq__project_word(n);
    case DFQ__LIMIT: return n->count < 0 ? "offset" : "limit";
    case DFQ__ROW_INDEX: return "row_index";
    case DFQ__UNION: return "union";
    case DFQ__JOIN: return "join";
    case DFQ__GROUP: return "group";
    case DFQ__SORT: return "sort";
    case DFQ__TOP_K: return "top";
    case DFQ__DISTINCT_ROWS: return "distinct";
    case DFQ__WINDOW: return "with";
    case DFQ__NODE_KINDS: break;
  }
  return "?";
}

// expr [as NAME]: the name is left out where it is what the expression is called anyway.
static void dfq__put_item(dfq__text *t, const dfq_expr *e, const char *name) {
  size_t at = t->len;
  dfq__put_expr(t, e);
  bool called_so = e->kind == DFQ_COLUMN ? e->name == name
                                         : !t->failed && strcmp(t->data + at, name) == 0;
  if (called_so) return;
  dfq__put(t, " as ");
  dfq__put_name(t, name);
}

// A blank before the first thing of a list, a comma before the others.
static void dfq__put_next(dfq__text *t, bool *any) {
  dfq__put(t, *any ? ", " : " ");
  *any = true;
}

// Only what the word does not say: the new columns of with, the renamed ones, the dropped ones.
static void dfq__put_projection(dfq__text *t, const dfq__node *n) {
  const dfq_schema *in = &n->in[0]->schema;
  const char *word = dfq__project_word(n);
  bool any = false, drop = strcmp(word, "drop") == 0, all = strcmp(word, "select") == 0;
  for (int c = 0; drop && c < in->count; c++) {
    if (dfq__schema_find(&n->schema, in->field[c].name) >= 0) continue;
    dfq__put_next(t, &any);
    dfq__put_name(t, in->field[c].name);
  }
  for (int i = 0; !drop && i < n->expr_count; i++) {
    if (!all && dfq__passes(n, i)) continue;
    dfq__put_next(t, &any);
    dfq__put_item(t, n->expr[i], n->schema.field[i].name);
  }
  if (!any) dfq__put(t, " (no columns)");
}

// Each window is a column behind the input's.
static void dfq__put_windows(dfq__text *t, const dfq__node *n) {
  bool any = false;
  for (int i = 0; i < n->expr_count; i++) {
    dfq__put_next(t, &any);
    dfq__put_item(t, n->expr[i], n->schema.field[n->in[0]->schema.count + i].name);
  }
}

// Conjuncts as one condition. The first needs no parentheses around an and of its own.
static void dfq__put_conjuncts(dfq__text *t, dfq_expr *const *list, int count) {
  for (int i = 0; i < count; i++) {
    if (i) dfq__put(t, " and ");
    dfq__printer p = { *t, NULL, 0, 0 };
    dfq__print(&p, list[i], count == 1 ? 0 : i ? DFQ__L_NOT : DFQ__L_AND);
    *t = p.text;
  }
}

// Of sort, top and distinct. asc and nulls last are what is meant anyway.
static void dfq__put_keys(dfq__text *t, const dfq_key *key, int count) {
  bool any = false;
  for (int i = 0; i < count; i++) {
    dfq__put_next(t, &any);
    dfq__put_expr(t, key[i].expr);
    if (key[i].descending) dfq__put(t, " desc");
    if (key[i].nulls_first) dfq__put(t, " nulls first");
  }
}

// region, year: sum(tax) as tax
static void dfq__put_group(dfq__text *t, const dfq__node *n) {
  bool any = false;
  for (int i = 0; i < n->key_count; i++) {
    dfq__put_next(t, &any);
    dfq__put_item(t, n->key[i].expr, n->schema.field[i].name);
  }
  if (n->expr_count) dfq__put(t, ":");
  any = false;
  for (int i = 0; i < n->expr_count; i++) {
    dfq__put_next(t, &any);
    dfq__put_item(t, n->expr[i], n->schema.field[n->key_count + i].name);
  }
  if (n->sorted) dfq__put(t, " sorted");
}

// on a = b, c left
static void dfq__put_join(dfq__text *t, const dfq__join_plan *j) {
  for (int i = 0; i < j->key_count; i++) {
    dfq__put(t, i ? ", " : " on ");
    dfq__put_name(t, j->left_key[i]);
    if (j->left_key[i] == j->right_key[i]) continue;
    dfq__put(t, " = ");
    dfq__put_name(t, j->right_key[i]);
  }
  dfq__putf(t, " %s", dfq__join_names[j->type]);
  if (j->suffix && strcmp(j->suffix, "_right") != 0) {
    dfq__put(t, " suffix ");
    dfq__put_quoted(t, j->suffix, strlen(j->suffix), '\'');
  }
  if (j->nulls_equal) dfq__put(t, " nulls_equal");
  if (j->sorted) dfq__put(t, " sorted");
}

// What follows the word, and the other input of a join or union, in a pipeline; with its blank.
static void dfq__put_rest(dfq__text *t, const dfq__node *n) {
  switch (n->kind) {
    case DFQ__SCAN:
      dfq__put(t, " ");
      n->source->is->print(t, n->source);
      return;
    case DFQ__FILTER:
      dfq__put(t, " ");
      dfq__put_conjuncts(t, n->expr, n->expr_count);
      return;
    case DFQ__LIMIT:
      if (n->count >= 0) dfq__putf(t, " %lld", (long long)n->count);
      if (n->count >= 0 && n->offset) dfq__put(t, " offset");
      if (n->count < 0 || n->offset) dfq__putf(t, " %lld", (long long)n->offset);
      return;
    case DFQ__ROW_INDEX:
      dfq__put(t, " ");
      dfq__put_name(t, n->schema.field[0].name);
      return;
    case DFQ__PROJECT: dfq__put_projection(t, n); return;
    case DFQ__JOIN: dfq__put_join(t, n->join); return;
    case DFQ__GROUP: dfq__put_group(t, n); return;
    case DFQ__WINDOW: dfq__put_windows(t, n); return;
    case DFQ__TOP_K: dfq__putf(t, " %lld by", (long long)n->count); break;
    case DFQ__UNION: case DFQ__SORT: case DFQ__DISTINCT_ROWS: case DFQ__NODE_KINDS: break;
  }
  dfq__put_keys(t, n->key, n->key_count);
}

// A whole stage: "filter amount > 100", "join ... on id left".
static void dfq__put_stage(dfq__text *t, const dfq__node *n) {
  dfq__put(t, dfq__word_of(n));
  if (n->in[1]) dfq__put(t, " ...");
  dfq__put_rest(t, n);
}

// "join#3": how nodes are called in explain and in the journal.
static void dfq__put_label(dfq__text *t, const dfq__node *n) {
  dfq__putf(t, "%s#%d", dfq__word_of(n), n->id);
}

// ---- >>journal: every rule's doings and refusals, with the reason ---------------------------
// Idea. An optimizer that cannot be asked why is one that cannot be trusted. Each rule notes
// each step: what it moved, where, and why that is right; or why it must not be done:
//
//   3 push_filter    b < 9  below join#3 (right)  REFUSED: b is null-extended, unmatched ...
//   4 outer_to_inner b < 9  join#3                ok: left -> inner, never true for a null b
//   5 push_filter    b < 9  below join#3 (right)  ok: its columns are on that side only
//
// Rules run again and again until nothing changes; a refusal is noted the first time only. A
// later rule may lift it, as here: then both stand in the journal, in the order they came.

typedef struct dfq__journal {
  dfq_step *step;
  int count, room;
} dfq__journal;

// What rules work with. What they build lives in the run's own context.
typedef struct dfq__opt {
  dfq__run *run;
  dfq *db;
  dfq__arena scratch;       // for questions: bound to be answered, then forgotten
  dfq__journal *journal;
  dfq_rule rule;            // the one at work
  dfq__node *settled;       // the latest filter that a conjunct was given below
  bool no_memory;
} dfq__opt;

// The rules' names, in the order of their numbers.
static const char *const dfq__rule_names[] = {
#define DFQ__TEXT_OF(name, text) text,
  DFQ_RULE_LIST(DFQ__TEXT_OF)
#undef DFQ__TEXT_OF
};

DFQ_API const char *dfq_rule_name(dfq_rule rule) {
  return (unsigned)rule < DFQ_RULE_COUNT ? dfq__rule_names[rule] : "?";
}

DFQ_API int dfq_rule_find(const char *name) {
  for (int i = 0; name && i < DFQ_RULE_COUNT; i++)
    if (strcmp(dfq__rule_names[i], name) == 0) return i;
  return -1;
}

// Finished text into the run's arena; "" without memory.
static const char *dfq__opt_text(dfq__opt *o, dfq__text *t) {
  const char *text = t->data ? t->data : "";
  const char *s = t->failed ? NULL : dfq__arena_text(&o->db->arena, text, t->len);
  dfq__text_free(t);
  if (!s) o->no_memory = true;
  return s ? s : "";
}

// Texts for the journal: anything, an expression, a node's label.
DFQ__FORMAT(2) static const char *dfq__say(dfq__opt *o, const char *format, ...) {
  dfq__text t = dfq__text_in(o->db->heap);
  va_list args;
  va_start(args, format);
  dfq__put_list(&t, format, args);
  va_end(args);
  return dfq__opt_text(o, &t);
}

static const char *dfq__say_expr(dfq__opt *o, const dfq_expr *e) {
  dfq__text t = dfq__text_in(o->db->heap);
  dfq__put_expr(&t, e);
  return dfq__opt_text(o, &t);
}

static const char *dfq__label(dfq__opt *o, const dfq__node *n) {
  return dfq__say(o, "%s#%d", dfq__word_of(n), n->id);
}

static bool dfq__same_step(const dfq_step *a, const dfq_step *b) {
  return a->applied == b->applied && strcmp(a->rule, b->rule) == 0 &&
         strcmp(a->what, b->what) == 0 && strcmp(a->where, b->where) == 0 &&
         strcmp(a->why, b->why) == 0;
}

// Adds a step, unless it is a refusal that stands there already.
static void dfq__journal_add(dfq__opt *o, const dfq_step *s) {
  dfq__journal *j = o->journal;
  for (int i = 0; !s->applied && i < j->count; i++)
    if (dfq__same_step(&j->step[i], s)) return;
  if (j->count == j->room) {
    int room = j->room ? j->room * 2 : 16;
    dfq_step *to = (dfq_step *)dfq__arena_array(&o->db->arena, (size_t)room, sizeof *to);
    if (!to) { o->no_memory = true; return; }
    if (j->count) memcpy(to, j->step, (size_t)j->count * sizeof *to);
    j->step = to;
    j->room = room;
  }
  j->step[j->count++] = *s;
}

// Notes a step of the rule at work. Returns applied, so that a rule can end with it.
DFQ__FORMAT(5) static bool dfq__note(dfq__opt *o, bool applied, const char *what,
                                     const char *where, const char *format, ...) {
  dfq__text t = dfq__text_in(o->db->heap);
  va_list args;
  va_start(args, format);
  dfq__put_list(&t, format, args);
  va_end(args);
  dfq_step s = { dfq_rule_name(o->rule), what, where, applied, dfq__opt_text(o, &t) };
  dfq__journal_add(o, &s);
  return applied;
}

// Characters, not bytes: what a text takes on the screen.
static size_t dfq__chars_of(const char *s) {
  size_t n = 0;
  for (; *s; s++) n += (*s & 0xC0) != 0x80;
  return n;
}

// Text in at least width characters.
static void dfq__put_column(dfq__text *t, const char *s, size_t width) {
  size_t n = dfq__chars_of(s);
  dfq__put(t, s);
  dfq__put_repeat(t, ' ', n < width ? width - n + 1 : 1);
}

enum { DFQ__RULE_WIDTH = 14, DFQ__STEP_WIDTH = 36 };

// A line a step, in columns as wide as they must be; what is wider than that breaks its line.
static void dfq__put_journal(dfq__text *t, const dfq__journal *j) {
  size_t what = 0, where = 0;
  for (int i = 0; i < j->count; i++) {
    size_t a = dfq__chars_of(j->step[i].what), b = dfq__chars_of(j->step[i].where);
    if (a <= DFQ__STEP_WIDTH) what = dfq__max(what, a);
    if (b <= DFQ__STEP_WIDTH) where = dfq__max(where, b);
  }
  for (int i = 0; i < j->count; i++) {
    const dfq_step *s = &j->step[i];
    dfq__putf(t, "  %3d ", i + 1);
    dfq__put_column(t, s->rule, DFQ__RULE_WIDTH);
    dfq__put_column(t, s->what, what);
    dfq__put_column(t, s->where, where);
    dfq__putf(t, "%s: %s\n", s->applied ? "ok" : "REFUSED", s->why);
  }
  if (j->count == 0) dfq__put(t, "  (nothing to do)\n");
}

// ---- >>facts: what a plan says about itself -------------------------------------------------
// Idea. Rules ask questions, and the plan answers them without reading data: about how many
// rows, in which order, whether the rows will be read to the end, and whether an expression may
// fail. An answer is either proven or, as with row counts, marked as a guess that no result
// depends on.
//
//   limit 5        read: yes, to its end: yes    the limit stops what is above the sort; the
//     filter             yes,             no     sort has to see all rows before its first,
//       sort by a        yes,             no     however few are wanted; and everything above
//         scan           yes,             yes    it ascends by a
//
// Guesses: a comparison keeps a third of the rows, an equality a tenth, grouping makes a tenth
// as many, a join has as many rows as its larger input (each row finds its partner: a foreign
// key). Larger engines keep histograms and sketches, and are still wrong after three joins.

typedef struct dfq__reading {
  bool touched;   // at least one row is asked for
  bool whole;     // all rows are asked for, unless an error comes first
} dfq__reading;

// How an input of n is read when n is read like r.
static dfq__reading dfq__reading_below(const dfq__node *n, dfq__reading r, int side) {
  switch (n->kind) {
    case DFQ__LIMIT:
      r.touched = r.touched && n->count != 0;
      r.whole = r.whole && n->count < 0;
      return r;
    case DFQ__SORT: case DFQ__TOP_K: case DFQ__WINDOW: r.whole = r.touched; return r;
    case DFQ__GROUP: r.whole = n->sorted ? r.whole : r.touched; return r;
    case DFQ__UNION:
      if (side) r.touched = r.whole;
      return r;
    case DFQ__JOIN:
      if (n->join->sorted) r.whole = false;      // a merge join stops with its shorter input
      else if (side) r.whole = r.touched;        // the build side
      return r;
    case DFQ__SCAN: case DFQ__FILTER: case DFQ__PROJECT: case DFQ__ROW_INDEX:
    case DFQ__DISTINCT_ROWS: case DFQ__NODE_KINDS: return r;
  }
  return r;
}

// The share of rows for which a condition is likely to be true.
static double dfq__share_kept(const dfq_expr *e) {
  bool call = e->kind == DFQ_CALL;
  if (call && e->fn == DFQ__AND) return dfq__share_kept(e->arg[0]) * dfq__share_kept(e->arg[1]);
  if (call && (e->fn == DFQ__EQ || e->fn == DFQ__IS_NULL || e->fn == DFQ__NOT_DISTINCT))
    return 0.1;
  return 1.0 / 3;
}

// At least one row: a guess of none would make everything above look free.
static double dfq__rows_kept(double rows, dfq_expr *const *list, int count) {
  double left = rows;
  for (int i = 0; i < count; i++) left *= dfq__share_kept(list[i]);
  return rows >= 1 && left < 1 ? 1 : left;
}

static double dfq__at_most(double rows, double most) { return rows < most ? rows : most; }

// A row of the larger side is taken to find one partner; half of the rows of a semi join, one.
static double dfq__joined_rows(dfq_join_type type, double left, double right) {
  switch (type) {
    case DFQ_CROSS: return left * right;
    case DFQ_SEMI: case DFQ_ANTI: return left / 2;
    case DFQ_INNER: case DFQ_LEFT: case DFQ_RIGHT: case DFQ_FULL: break;
  }
  return left > right ? left : right;
}

// About how many rows come out of n; below 0: no idea.
static double dfq__rows_of(const dfq__node *n) {
  double rows = n->in[0] ? dfq__rows_of(n->in[0]) : n->source->is->rows(n->source);
  double other = n->in[1] ? dfq__rows_of(n->in[1]) : 0;
  bool limited = n->kind == DFQ__LIMIT || n->kind == DFQ__TOP_K || n->kind == DFQ__SCAN;
  if (n->kind == DFQ__GROUP && n->key_count == 0) return 1;
  if (rows < 0 || other < 0) return limited && n->count >= 0 ? (double)n->count : -1;
  switch (n->kind) {
    case DFQ__UNION: return rows + other;
    case DFQ__JOIN: return dfq__joined_rows(n->join->type, rows, other);
    case DFQ__GROUP: case DFQ__DISTINCT_ROWS:
      return rows < 10 ? dfq__at_most(rows, 1) : rows / 10;
    case DFQ__LIMIT: rows = rows > (double)n->offset ? rows - (double)n->offset : 0; break;
    case DFQ__SCAN: case DFQ__FILTER:
      rows = dfq__rows_kept(rows, n->expr, n->expr_count);
      break;
    case DFQ__PROJECT: case DFQ__ROW_INDEX: case DFQ__SORT: case DFQ__TOP_K:
    case DFQ__WINDOW: case DFQ__NODE_KINDS: break;
  }
  return limited && n->count >= 0 ? dfq__at_most(rows, (double)n->count) : rows;
}

// The most rows that can come out of n, as the plan itself guarantees; < 0: no limit is known.
static int64_t dfq__most_rows(const dfq__node *n) {
  int64_t below = n->in[0] ? dfq__most_rows(n->in[0]) : -1;
  if (n->kind == DFQ__JOIN || n->kind == DFQ__UNION) return -1;
  if (n->kind != DFQ__LIMIT && n->kind != DFQ__TOP_K && n->kind != DFQ__SCAN) return below;
  return n->count < 0 || (below >= 0 && below < n->count) ? below : n->count;
}

enum { DFQ__ORDER_KEYS = 16 };

// Columns that the rows of a node ascend by, the first most of all, nulls last.
typedef struct dfq__order {
  const char *name[DFQ__ORDER_KEYS];
  int count;
} dfq__order;

// The leading keys that are plain columns, ascending, nulls last. What follows an expression or
// a descending key is in order only within equal values of it: nothing to rely on.
static dfq__order dfq__order_of_keys(const dfq_key *key, int count) {
  dfq__order o = { { NULL }, 0 };
  for (int i = 0; i < count && o.count < DFQ__ORDER_KEYS; i++) {
    if (key[i].expr->kind != DFQ_COLUMN || key[i].descending || key[i].nulls_first) break;
    o.name[o.count++] = key[i].expr->name;
  }
  return o;
}

// The name under which n passes on a column of its first input; NULL when it does not.
static const char *dfq__name_above(const dfq__node *n, const char *name) {
  for (int i = 0; i < n->schema.count; i++) {
    const dfq_expr *e = n->kind == DFQ__PROJECT ? n->expr[i] : NULL;
    if (n->kind == DFQ__GROUP && i < n->key_count) e = n->key[i].expr;
    bool from_left = n->kind == DFQ__JOIN && n->join->column[i].side != DFQ__RIGHT_SIDE &&
                     n->join->column[i].name == name;
    if (from_left || (e && e->kind == DFQ_COLUMN && e->name == name))
      return n->schema.field[i].name;
  }
  return NULL;
}

// The same order in the names that n gives its columns, up to the first that it drops.
static dfq__order dfq__order_above(const dfq__node *n, const dfq__order *below) {
  dfq__order o = { { NULL }, 0 };
  for (int i = 0; i < below->count; i++) {
    const char *name = dfq__name_above(n, below->name[i]);
    if (!name) break;
    o.name[o.count++] = name;
  }
  return o;
}

// What the rows of n are known to ascend by. Joins keep the left's order, but for right and
// full, which bring unmatched right rows last; groups come in the order of their first rows.
static dfq__order dfq__order_of(const dfq__node *n) {
  dfq__order o = { { NULL }, 0 };
  switch (n->kind) {
    case DFQ__SORT: case DFQ__TOP_K: return dfq__order_of_keys(n->key, n->key_count);
    case DFQ__FILTER: case DFQ__LIMIT: case DFQ__ROW_INDEX: case DFQ__DISTINCT_ROWS:
    case DFQ__WINDOW:
      return dfq__order_of(n->in[0]);
    case DFQ__JOIN:
      if (n->join->type == DFQ_RIGHT || n->join->type == DFQ_FULL) return o;
      break;
    case DFQ__PROJECT: case DFQ__GROUP: break;
    case DFQ__SCAN: case DFQ__UNION: case DFQ__NODE_KINDS: return o;
  }
  o = dfq__order_of(n->in[0]);
  return dfq__order_above(n, &o);
}

// e bound to a schema, for a question: in the scratch arena, without buffers.
static dfq__bound *dfq__opt_bind(dfq__opt *o, const dfq_schema *schema, const dfq_expr *e) {
  dfq__binder b;
  memset(&b, 0, sizeof b);
  b.db = o->db;
  b.arena = &o->scratch;
  b.schema = schema;
  return dfq__bind(&b, e);
}

// May e fail for some row of this schema? Yes too for what cannot be bound to it.
static bool dfq__may_fail(dfq__opt *o, const dfq_schema *schema, const dfq_expr *e) {
  dfq__arena_rewind(&o->scratch);
  dfq__bound *b = dfq__opt_bind(o, schema, e);
  return !b || b->fails;
}

// The type of e; DFQ_KINDS when it has none over this schema (an aggregate).
static dfq_type dfq__opt_type(dfq__opt *o, const dfq_schema *schema, const dfq_expr *e) {
  dfq__arena_rewind(&o->scratch);
  dfq__bound *b = dfq__opt_bind(o, schema, e);
  return b ? b->type : (dfq_type)DFQ_KINDS;
}

// Comparisons take -0.0 and 0.0 for equal; anything else may tell them apart, as 1 / x does.
// Equal keys may differ in that sign, so a condition moves from one to the other only when it
// looks at floats through comparisons.
static bool dfq__sees_zero_sign(const dfq_schema *schema, const dfq_expr *e) {
  bool compare = e->kind == DFQ_CALL && dfq__functions[e->fn].level == DFQ__L_CMP;
  if (e->kind == DFQ_COLUMN) {
    int c = dfq__schema_find(schema, e->name);
    return c < 0 || schema->field[c].type == DFQ_F64;
  }
  for (int i = 0; i < e->argc; i++)
    if (!(compare && e->arg[i]->kind == DFQ_COLUMN) && dfq__sees_zero_sign(schema, e->arg[i]))
      return true;
  return false;
}

// ---- >>rules: what all rules have in common -------------------------------------------------
// A rule is a function that looks at one node and the nodes below it, and changes them or not.
// It must keep every row, its place, and every bit of it; of errors, it may make some disappear
// (a column that nobody needs is not computed), but never one appear. So an expression that may
// fail - a cast, an integer sum - must not meet a row that it would not have met:
//
//   filter cast(s as i64) > 3      may not sink below the join: rows that find no partner
//     join ... on id               would be cast as well, and one of them may be 'n/a'
//
// The plan is the run's own copy: nodes and their lists may be changed in place; join plans,
// fields and expressions are shared with the frame, and are replaced instead.

// Looks at *at and what is below it. Returns whether something changed; *at may be another node
// then. r: how the rows of *at are read.
typedef bool (*dfq__rule_fn)(dfq__opt *o, dfq__node **at, dfq__reading r);

// Offers every node to a rule, from the top down, so that what sinks is met again on its way.
static bool dfq__walk(dfq__opt *o, dfq__node **at, dfq__reading r, dfq__rule_fn rule) {
  bool changed = !o->no_memory && rule(o, at, r);
  dfq__node *n = *at;
  for (int i = 0; i < 2; i++)
    if (n->in[i] && dfq__walk(o, &n->in[i], dfq__reading_below(n, r, i), rule)) changed = true;
  return changed;
}

// A new node over what *at points to, in its place, with the next free id. NULL without memory.
static dfq__node *dfq__put_above(dfq__opt *o, dfq__node **at, dfq__node_kind kind,
                                 const char *verb) {
  dfq__node *n = dfq__node_new(&o->db->arena, kind, verb, (*at)->at, *at, NULL);
  if (!n) { o->no_memory = true; return NULL; }
  n->id = ++o->run->node_count;
  *at = n;
  return n;
}

// A limit above *at that asks for so many rows.
static bool dfq__limit_above(dfq__opt *o, dfq__node **at, int64_t count) {
  dfq__node *n = dfq__put_above(o, at, DFQ__LIMIT, "limit");
  if (n) n->count = count;
  return n != NULL;
}

// Adds a conjunct at the end of a node's list.
static bool dfq__add_conjunct(dfq__opt *o, dfq__node *n, dfq_expr *e) {
  size_t room = (size_t)n->expr_count + 2;
  dfq_expr **list = (dfq_expr **)dfq__arena_array(&o->db->arena, room, sizeof *list);
  if (!list) { o->no_memory = true; return false; }
  for (int i = 0; i < n->expr_count; i++) list[i] = n->expr[i];
  list[n->expr_count++] = e;
  n->expr = list;
  return true;
}

// A join plan of the run's own, before it is changed. False without memory.
static bool dfq__own_join(dfq__opt *o, dfq__node *n, int more_keys) {
  const dfq__join_plan *old = n->join;
  dfq__arena *arena = &o->db->arena;
  size_t keys = (size_t)(old->key_count + more_keys) + 1;
  dfq__join_plan *j = (dfq__join_plan *)dfq__arena_alloc(arena, sizeof *j);
  const char **left = (const char **)dfq__arena_array(arena, keys, sizeof *left);
  const char **right = (const char **)dfq__arena_array(arena, keys, sizeof *right);
  size_t columns = (size_t)n->schema.count + 1;
  dfq__join_column *own = (dfq__join_column *)dfq__arena_array(arena, columns, sizeof *own);
  if (!j || !left || !right || !own) { o->no_memory = true; return false; }
  *j = *old;
  for (int c = 0; c < n->schema.count; c++) own[c] = old->column[c];
  j->column = own;
  for (int i = 0; i < old->key_count; i++) {
    left[i] = old->left_key[i];
    right[i] = old->right_key[i];
  }
  j->left_key = left;
  j->right_key = right;
  n->join = j;
  return true;
}

// An expression with each column replaced by what map gives; NULL when that grows past what an
// expression may be, or without memory.
static dfq_expr *dfq__opt_map(dfq__opt *o, dfq_expr *e, dfq__mapping map, void *user) {
  dfq_expr *to = dfq__substitute(e, map, user);
  if (to->kind == DFQ_FAILED) { o->no_memory = true; return NULL; }
  return to->depth <= DFQ__MAX_DEPTH && to->size <= DFQ__MAX_SIZE ? to : NULL;
}

// What a column of a node is, in terms of the nodes below it.
typedef struct dfq__below { dfq__opt *o; dfq__node *node; } dfq__below;

// The mapping for dfq__through: a projection's item, a group's key, a join side's own name.
static dfq_expr *dfq__column_below(void *user, const dfq_expr *column) {
  const dfq__below *b = (const dfq__below *)user;
  const dfq__node *n = b->node;
  int i = dfq__schema_find(&n->schema, column->name);
  if (i < 0) return NULL;
  if (n->kind == DFQ__PROJECT) return n->expr[i];
  if (n->kind == DFQ__GROUP) return i < n->key_count ? n->key[i].expr : NULL;
  if (n->kind == DFQ__JOIN) return dfq__col_interned(b->o->db, n->join->column[i].name);
  return NULL;
}

// e over the output of n, as e over the input that its columns come from.
static dfq_expr *dfq__through(dfq__opt *o, dfq__node *n, dfq_expr *e) {
  dfq__below b = { o, n };
  return dfq__opt_map(o, e, dfq__column_below, &b);
}

// ---- >>split-and: a conjunction is a list of conjuncts --------------------------------------
// filter(a and b) keeps the rows where both are true; so does filter(a), then filter(b). Apart,
// they can go different ways. The order stays: b is still asked only where a was true.
//
//   filter a > 1 and b < 9        ->        filter a > 1, b < 9

// Appends the conjuncts of e, left to right.
static void dfq__split_into(dfq__opt *o, dfq__node *to, dfq_expr *e) {
  if (e->kind == DFQ_CALL && e->fn == DFQ__AND) {
    dfq__split_into(o, to, e->arg[0]);
    dfq__split_into(o, to, e->arg[1]);
  } else {
    (void)dfq__add_conjunct(o, to, e);
  }
}

// Makes one list of all conjuncts of a filter, in order.
static bool dfq__rule_split(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__node *n = *at, list = *n;
  bool any = false;
  (void)r;
  for (int i = 0; n->kind == DFQ__FILTER && i < n->expr_count; i++)
    any = any || (n->expr[i]->kind == DFQ_CALL && n->expr[i]->fn == DFQ__AND);
  if (!any) return false;
  list.expr_count = 0;
  for (int i = 0; i < n->expr_count; i++) {
    int before = list.expr_count;
    dfq__split_into(o, &list, n->expr[i]);
    if (list.expr_count - before > 1)
      (void)dfq__note(o, true, dfq__say_expr(o, n->expr[i]), dfq__label(o, n), "%d conjuncts",
                      list.expr_count - before);
  }
  if (o->no_memory) return false;
  n->expr = list.expr;
  n->expr_count = list.expr_count;
  return true;
}

// ---- >>fold: constants are computed once, and what they decide is not computed at all -------
// Idea. From the leaves up: a call whose arguments are all constants becomes its value, by the
// row evaluator, so that it is the value that running it would give. A call that fails stays as
// it is: it fails when a row meets it, and if none does, it does not. Then algebra that is true
// of nulls and keeps the type:
//
//   true and x -> x        false and x -> false      not not x -> x         x = null -> null
//   false or x -> x        true or x -> true         cast(x as its type) -> x
//   case when true then a else b end -> a            x = x is NOT true: x may be null
//
// A null keeps the type it had: cast(null as bool), which the binder takes for a literal.

// null, or a cast of it.
static bool dfq__is_null_constant(const dfq_expr *e) {
  if (e->kind == DFQ_CAST) e = e->arg[0];
  return e->kind == DFQ_LITERAL && e->value.type == DFQ_NULL;
}

// What a fold leaves behind: a literal, or a null that has kept its type.
static bool dfq__is_constant(const dfq_expr *e) {
  return e->kind == DFQ_LITERAL || dfq__is_null_constant(e);
}

enum { DFQ__FALSE, DFQ__TRUE, DFQ__UNKNOWN, DFQ__NO_TRUTH };

// What a constant condition is; DFQ__NO_TRUTH when it is no constant.
static int dfq__truth(const dfq_expr *e) {
  if (dfq__is_null_constant(e)) return DFQ__UNKNOWN;
  if (e->kind != DFQ_LITERAL || e->value.type != DFQ_BOOL) return DFQ__NO_TRUTH;
  return e->value.as.i ? DFQ__TRUE : DFQ__FALSE;
}

// The value of an expression over constants, or the expression itself when computing it fails.
static dfq_expr *dfq__fold_constant(dfq__opt *o, dfq_expr *e) {
  dfq_value v;
  dfq__arena_rewind(&o->scratch);
  dfq__bound *b = dfq__opt_bind(o, &dfq__no_schema, e);
  dfq__eval ctx = { o->db, &o->scratch, &o->scratch, NULL, NULL, &dfq__no_schema, 0, NULL };
  if (!b || !dfq__eval_row(&ctx, b, NULL, &v)) return e;
  if (v.type == DFQ_NULL && b->type != DFQ_NULL) return dfq_cast(dfq_null(o->db), b->type);
  return dfq_literal(o->db, &v);
}

// to in the place of e: with a cast if it would be narrower, and not at all if no cast helps.
static dfq_expr *dfq__fold_to(dfq__opt *o, const dfq_schema *s, dfq_expr *e, dfq_expr *to) {
  dfq_type was = dfq__opt_type(o, s, e), is = dfq__opt_type(o, s, to);
  if (was == DFQ_KINDS || is == DFQ_KINDS) return e;
  if (was == is) return to;
  return dfq__widen_cost(is, was) < DFQ__NO_WAY ? dfq_cast(to, was) : e;
}

// and, or: one operand may decide alone, or leave the decision to the other.
static dfq_expr *dfq__fold_logic(dfq__opt *o, const dfq_schema *s, dfq_expr *e) {
  int decides = e->fn == DFQ__OR ? DFQ__TRUE : DFQ__FALSE;
  int leaves = e->fn == DFQ__OR ? DFQ__FALSE : DFQ__TRUE;
  for (int i = 0; i < 2; i++) {
    int truth = dfq__truth(e->arg[i]);
    if (truth == decides) return dfq__fold_to(o, s, e, e->arg[i]);
    if (truth == leaves) return dfq__fold_to(o, s, e, e->arg[1 - i]);
  }
  return e;
}

// case: branches that are never taken go; one that is always taken ends the list.
static dfq_expr *dfq__fold_case(dfq__opt *o, const dfq_schema *s, dfq_expr *e) {
  int pairs = 0;
  dfq_expr *otherwise = e->arg[e->argc - 1];
  dfq_expr **kept = (dfq_expr **)dfq__arena_array(&o->db->arena, (size_t)e->argc, sizeof *kept);
  if (!kept) { o->no_memory = true; return e; }
  for (int i = 0; i + 1 < e->argc; i += 2) {
    int truth = dfq__truth(e->arg[i]);
    if (truth == DFQ__TRUE) { otherwise = e->arg[i + 1]; break; }
    if (truth != DFQ__NO_TRUTH) continue;
    kept[2 * pairs] = e->arg[i];
    kept[2 * pairs++ + 1] = e->arg[i + 1];
  }
  if (2 * pairs + 1 == e->argc) return e;
  return dfq__fold_to(o, s, e, pairs ? dfq_case(kept, pairs, otherwise) : otherwise);
}

// A function that gives null for a null argument, given the literal null.
static dfq_expr *dfq__fold_strict(dfq__opt *o, const dfq_schema *s, dfq_expr *e) {
  bool null = false;
  for (int i = 0; i < e->argc; i++) null = null || dfq__is_null_constant(e->arg[i]);
  if (!null) return e;
  dfq__arena_rewind(&o->scratch);
  dfq__bound *b = dfq__opt_bind(o, s, e);
  if (!b || (b->call->flags & DFQ__SEES_NULL)) return e;
  return dfq_cast(dfq_null(o->db), b->type);
}

// Algebra over one node whose arguments are simple already. Expressions over aggregates cannot
// be typed here, and stay.
static dfq_expr *dfq__simplify(dfq__opt *o, const dfq_schema *s, dfq_expr *e) {
  if (dfq__has_aggregate(e)) return e;
  switch (e->kind) {
    case DFQ_CASE: return dfq__fold_case(o, s, e);
    case DFQ_CAST: case DFQ_TRY_CAST:
      return dfq__opt_type(o, s, e->arg[0]) == e->type ? e->arg[0] : e;
    case DFQ_CALL: break;
    default: return e;
  }
  if (e->fn == DFQ__AND || e->fn == DFQ__OR) return dfq__fold_logic(o, s, e);
  bool twice = e->fn == DFQ__NOT && e->arg[0]->kind == DFQ_CALL && e->arg[0]->fn == DFQ__NOT;
  return twice ? dfq__fold_to(o, s, e, e->arg[0]->arg[0]) : dfq__fold_strict(o, s, e);
}

// e with other arguments; e itself when they are the same.
static dfq_expr *dfq__with_args(dfq__opt *o, dfq_expr *e, dfq_expr *const *arg) {
  bool same = true;
  for (int i = 0; i < e->argc; i++) same = same && arg[i] == e->arg[i];
  if (same) return e;
  dfq_expr *c = dfq__expr_copy_node(o->db, e);
  if (c->kind == DFQ_FAILED) { o->no_memory = true; return e; }
  c->source = NULL;
  c->depth = c->size = 1;
  for (int i = 0; i < e->argc; i++) dfq__expr_set(c, i, arg[i]);
  return c;
}

// e over columns of s, folded.
static dfq_expr *dfq__fold_expr(dfq__opt *o, const dfq_schema *s, dfq_expr *e) {
  if (e->argc == 0 || dfq__is_constant(e) || o->no_memory) return e;
  dfq_expr **arg = (dfq_expr **)dfq__arena_array(&o->db->arena, (size_t)e->argc, sizeof *arg);
  bool constant = e->kind != DFQ_AGGREGATE;
  if (!arg) { o->no_memory = true; return e; }
  for (int i = 0; i < e->argc; i++) {
    arg[i] = dfq__fold_expr(o, s, e->arg[i]);
    constant = constant && dfq__is_constant(arg[i]);
  }
  dfq_expr *with = dfq__with_args(o, e, arg);
  dfq_expr *to = constant ? dfq__fold_constant(o, with) : dfq__simplify(o, s, with);
  if (to->kind != DFQ_FAILED) return to;
  o->no_memory = true;
  return e;
}

// Folds one expression of a node. Returns true when it changed.
static bool dfq__fold_at(dfq__opt *o, const dfq__node *n, const dfq_schema *s, dfq_expr **at) {
  dfq_expr *e = *at;
  *at = dfq__fold_expr(o, s, e);
  if (*at == e) return false;
  return dfq__note(o, true, dfq__say_expr(o, e), dfq__label(o, n), "is %s",
                   dfq__say_expr(o, *at));
}

// Conjuncts that are always true go; one that never is ends the matter.
static bool dfq__fold_filter(dfq__opt *o, dfq__node **at) {
  dfq__node *n = *at;
  int kept = 0;
  bool never = false;
  for (int i = 0; i < n->expr_count; i++) {
    int truth = dfq__truth(n->expr[i]);
    never = never || truth == DFQ__FALSE || truth == DFQ__UNKNOWN;
    if (truth != DFQ__TRUE) n->expr[kept++] = n->expr[i];
  }
  if (kept == n->expr_count && !never) return false;
  n->expr_count = kept;
  if (!never && kept) return dfq__note(o, true, "true", dfq__label(o, n), "needs no test");
  const char *label = dfq__label(o, n);
  *at = n->in[0];
  if (!never) return dfq__note(o, true, label, "", "its condition is always true");
  (void)dfq__limit_above(o, at, 0);
  return dfq__note(o, true, label, "", "its condition is never true: limit 0");
}

// Every expression of a node, over the columns below it; a scan's over those of its source.
static bool dfq__rule_fold(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__node *n = *at;
  const dfq_schema *s = n->in[0] ? &n->in[0]->schema : &n->source->schema;
  bool changed = false;
  (void)r;
  for (int i = 0; i < n->key_count; i++)
    if (dfq__fold_at(o, n, s, &n->key[i].expr)) changed = true;
  for (int i = 0; i < n->expr_count; i++)
    if (dfq__fold_at(o, n, s, &n->expr[i])) changed = true;
  if (n->kind == DFQ__FILTER && dfq__fold_filter(o, at)) changed = true;
  return changed;
}

// ---- >>push-filter: conditions sink towards the data ----------------------------------------
// Idea. A row that is dropped early costs nothing later. Each conjunct sinks on its own, as far
// as it may; what may is a table, and each refusal names the line of it that forbids:
//
//   below               when the conjunct
//   sort                always (sort is stable)
//   union               always: a copy into each branch
//   projection          after putting in for each column what computes it, if that is cheap and
//                       cannot fail
//   group               uses group keys only, and there is a key: without keys there is one
//                       row, whatever is filtered
//   distinct            uses its keys only
//   limit, top          never: they count the rows that the conjunct drops
//   row_index           never: it numbers them
//   join                see >>push-join
//   scan                when the source evaluates conditions itself
//
// Keys know one zero only, while a row may hold -0.0 and another 0.0: what can tell them apart,
// like 1 / x > 0, stays above a group, and is not copied from one key of a join to the other.
//
// A conjunct that may fail goes below nothing that drops rows or stops early, and never ahead
// of an earlier conjunct that stays: `b != 0` guards `10 // b = 2`.

// A conjunct on its way down.
typedef struct dfq__sink {
  dfq__opt *o;
  dfq__node *filter, *below;   // who has the conjunct, and what it wants to pass
  dfq_expr *e;
  const char *text;            // of e
  bool fails;                  // e may
  dfq__reading read;           // of the filter
} dfq__sink;

// "below join#3", "below join#3 (left)"; into is for scans.
static const char *dfq__sink_where(dfq__sink *s, const char *side) {
  const char *how = s->below->kind == DFQ__SCAN ? "into" : "below";
  const char *label = dfq__label(s->o, s->below);
  if (!side) return dfq__say(s->o, "%s %s", how, label);
  return dfq__say(s->o, "%s %s (%s)", how, label, side);
}

// Notes that the conjunct sank, and why that was right. Returns true.
static bool dfq__sunk(dfq__sink *s, const char *side, const char *why) {
  return dfq__note(s->o, true, s->text, dfq__sink_where(s, side), "%s", why);
}

// Notes that it stays, and why it must. Returns false.
DFQ__FORMAT(3)
static bool dfq__refuse(dfq__sink *s, const char *side, const char *format, ...) {
  dfq__text t = dfq__text_in(s->o->db->heap);
  va_list args;
  va_start(args, format);
  dfq__put_list(&t, format, args);
  va_end(args);
  const char *why = dfq__opt_text(s->o, &t);
  return dfq__note(s->o, false, s->text, dfq__sink_where(s, side), "%s", why);
}

// The three reasons that several nodes share.
static bool dfq__refuse_failing(dfq__sink *s, const char *side) {
  return dfq__refuse(s, side, "may fail, and %s#%d drops rows", dfq__word_of(s->below),
                     s->below->id);
}

static bool dfq__refuse_unread(dfq__sink *s, const char *side) {
  return dfq__refuse(s, side, "may fail, and not all rows may be asked for");
}

static bool dfq__refuse_zeros(dfq__sink *s, const char *side) {
  return dfq__refuse(s, side, "-0.0 and 0.0 are one key, and it may tell them apart");
}

// Puts e into a filter above *at. False without memory.
static bool dfq__settle(dfq__sink *s, dfq__node **at, dfq_expr *e) {
  dfq__opt *o = s->o;
  if ((*at)->kind == DFQ__FILTER) return dfq__add_conjunct(o, *at, e);
  dfq__node *n = dfq__put_above(o, at, DFQ__FILTER, "filter");
  if (!n) return false;
  n->at = s->filter->at;
  o->settled = n;
  return dfq__add_conjunct(o, n, e);
}

// The columns that the conjunct reads.
static dfq__names dfq__sink_names(dfq__sink *s) {
  dfq__names used = { &s->o->db->arena, NULL, 0, 0, false };
  dfq__names_of(&used, s->e);
  if (used.failed) s->o->no_memory = true;
  return used;
}

enum { DFQ__CHEAP = 8 };   // parts of an expression that may be computed once more

// Does every column of e come from items of below that are cheap to repeat and cannot fail?
static bool dfq__may_put_in(dfq__sink *s) {
  const dfq__node *n = s->below;
  dfq__names used = dfq__sink_names(s);
  for (int i = 0; i < used.count; i++) {
    int c = dfq__schema_find(&n->schema, used.name[i]);
    const dfq_expr *e = n->kind == DFQ__GROUP ? n->key[c].expr : n->expr[c];
    if (e->kind == DFQ_COLUMN) continue;
    if (e->size > DFQ__CHEAP)
      return dfq__refuse(s, NULL, "%s is computed in %d steps, too many to repeat",
                         used.name[i], e->size);
    if (dfq__may_fail(s->o, &n->in[0]->schema, e))
      return dfq__refuse(s, NULL, "%s is %s, which may fail", used.name[i],
                         dfq__say_expr(s->o, e));
  }
  return !used.failed;
}

// No row is added or dropped between the two places, so that even what may fail can move.
static bool dfq__sink_project(dfq__sink *s) {
  if (!dfq__may_put_in(s)) return false;
  dfq_expr *e = dfq__through(s->o, s->below, s->e);
  if (!e || !dfq__settle(s, &s->below->in[0], e)) return false;
  const char *now = dfq__say_expr(s->o, e);
  if (strcmp(now, s->text) == 0) return dfq__sunk(s, NULL, "its columns pass unchanged");
  return dfq__sunk(s, NULL, dfq__say(s->o, "there it is %s", now));
}

// All rows of a group have its keys: the group goes or stays as a whole.
static bool dfq__sink_group(dfq__sink *s) {
  dfq__node *n = s->below;
  dfq__names used = dfq__sink_names(s);
  if (n->key_count == 0)
    return dfq__refuse(s, NULL, "without keys there is one row, whatever is filtered before");
  for (int i = 0; i < used.count; i++)
    if (dfq__schema_find(&n->schema, used.name[i]) >= n->key_count)
      return dfq__refuse(s, NULL, "%s is known after grouping only", used.name[i]);
  if (s->fails) return dfq__refuse_failing(s, NULL);
  if (dfq__sees_zero_sign(&n->schema, s->e)) return dfq__refuse_zeros(s, NULL);
  if (!dfq__may_put_in(s)) return false;
  dfq_expr *e = dfq__through(s->o, n, s->e);
  if (!e || !dfq__settle(s, &n->in[0], e)) return false;
  return dfq__sunk(s, NULL, "it uses group keys only");
}

// The same of the rows that distinct takes for one.
static bool dfq__sink_distinct(dfq__sink *s) {
  dfq__node *n = s->below;
  dfq__names used = dfq__sink_names(s);
  for (int i = 0; i < used.count; i++) {
    bool key = n->key_count == 0;
    for (int k = 0; k < n->key_count; k++) key = key || n->key[k].expr->name == used.name[i];
    if (!key)
      return dfq__refuse(s, NULL, "%s is no key: the row that is kept may be another",
                         used.name[i]);
  }
  if (s->fails) return dfq__refuse_failing(s, NULL);
  if (dfq__sees_zero_sign(&n->schema, s->e)) return dfq__refuse_zeros(s, NULL);
  if (!dfq__settle(s, &n->in[0], s->e)) return false;
  return dfq__sunk(s, NULL, "it uses the distinct keys only");
}

// Is this column a partition expression of the window?
static bool dfq__partitions_by(const dfq_expr *over, const char *name) {
  for (int k = 1; k <= over->window->partitions; k++)
    if (over->arg[k]->kind == DFQ_COLUMN && over->arg[k]->name == name) return true;
  return false;
}

// Whole partitions may go, single rows may not: each window of the node must be partitioned by
// every column that the conjunct reads.
static bool dfq__sink_window(dfq__sink *s) {
  dfq__node *n = s->below;
  dfq__names used = dfq__sink_names(s);
  if (used.count == 0) return dfq__refuse(s, NULL, "it would take rows out of the windows");
  for (int i = 0; i < used.count; i++) {
    if (dfq__schema_find(&n->in[0]->schema, used.name[i]) < 0)
      return dfq__refuse(s, NULL, "%s is what the window computes", used.name[i]);
    for (int w = 0; w < n->expr_count; w++)
      if (!dfq__partitions_by(n->expr[w], used.name[i]))
        return dfq__refuse(s, NULL, "not every window is partitioned by %s", used.name[i]);
  }
  if (s->fails) return dfq__refuse_failing(s, NULL);
  if (dfq__sees_zero_sign(&n->schema, s->e)) return dfq__refuse_zeros(s, NULL);
  if (!dfq__settle(s, &n->in[0], s->e)) return false;
  return dfq__sunk(s, NULL, "it takes or leaves whole partitions");
}

// Below a sort, rows are tested that a limit above would never have asked for.
static bool dfq__sink_sort(dfq__sink *s) {
  if (s->fails && !s->read.whole) return dfq__refuse_unread(s, NULL);
  if (!dfq__settle(s, &s->below->in[0], s->e)) return false;
  return dfq__sunk(s, NULL, "sorting moves rows, and is stable");
}

// Both branches have the same names, so the conjunct fits both as it is.
static bool dfq__sink_union(dfq__sink *s) {
  for (int i = 0; i < 2; i++)
    if (!dfq__settle(s, &s->below->in[i], s->e)) return false;
  return dfq__sunk(s, NULL, "a copy into each branch");
}

// A source evaluates its conditions on the rows that a filter above would see, in the same
// order. One that does not promise to keeps the filter above it.
static bool dfq__sink_scan(dfq__sink *s) {
  dfq__node *n = s->below;
  const dfq__source_class *is = n->source->is;
  if (!is->takes_filters) return dfq__refuse(s, NULL, "this source takes no conditions");
  if (is->prunable && !is->prunable(n->source))
    return dfq__refuse(s, NULL, "every value is read, to know which rows are skipped");
  if (n->count >= 0)
    return dfq__refuse(s, NULL, "it stops after %lld rows", (long long)n->count);
  if (!dfq__add_conjunct(s->o, n, s->e)) return false;
  return dfq__sunk(s, NULL, "evaluated while reading");
}

static bool dfq__sink_join(dfq__sink *s);

// Moves the conjunct one node down, if that is right. Returns whether it left its filter.
static bool dfq__sink_one(dfq__sink *s) {
  switch (s->below->kind) {
    case DFQ__SCAN: return dfq__sink_scan(s);
    case DFQ__PROJECT: return dfq__sink_project(s);
    case DFQ__UNION: return dfq__sink_union(s);
    case DFQ__JOIN: return dfq__sink_join(s);
    case DFQ__GROUP: return dfq__sink_group(s);
    case DFQ__SORT: return dfq__sink_sort(s);
    case DFQ__DISTINCT_ROWS: return dfq__sink_distinct(s);
    case DFQ__WINDOW: return dfq__sink_window(s);
    case DFQ__LIMIT: case DFQ__TOP_K:
      return dfq__refuse(s, NULL, "it would count other rows");
    case DFQ__ROW_INDEX: return dfq__refuse(s, NULL, "it would number other rows");
    case DFQ__FILTER: case DFQ__NODE_KINDS: break;   // see >>merge
  }
  return false;
}

// A filter that is left without conjuncts goes; the last one that was made of it takes its id.
static void dfq__filter_gone(dfq__opt *o, dfq__node **at) {
  dfq__node *n = *at, *last = o->settled;
  *at = n->in[0];
  if (!last) return;
  if (last->id == o->run->node_count) o->run->node_count--;
  last->id = n->id;
}

// Offers each conjunct of a filter to the node below. What may fail waits for all before it.
static bool dfq__rule_push_filter(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__node *n = *at;
  if (n->kind != DFQ__FILTER || n->in[0]->kind == DFQ__FILTER) return false;
  int kept = 0, count = n->expr_count;
  o->settled = NULL;
  for (int i = 0; i < count && !o->no_memory; i++) {
    dfq_expr *e = n->expr[i];
    dfq__sink s = { o, n, n->in[0], e, dfq__say_expr(o, e), false, r };
    s.fails = dfq__may_fail(o, &n->in[0]->schema, e);
    bool guarded = s.fails && kept;
    if (guarded)
      (void)dfq__refuse(&s, NULL, "may fail, and %s has to come first",
                        dfq__say_expr(o, n->expr[0]));
    if (guarded || !dfq__sink_one(&s)) n->expr[kept++] = e;
  }
  n->expr_count = kept;
  if (kept == 0) dfq__filter_gone(o, at);
  return kept < count;
}

// ---- >>push-join: conditions and joins ------------------------------------------------------
// Where a conjunct over a join's output may go depends on which side its columns come from, and
// on whether the join makes up nulls for that side:
//
//   join          left columns            right columns           both sides
//   inner, cross  left input              right input             l = r becomes a key
//   left          left input              no: null-extended       no
//   right         no: null-extended       right input             no
//   full          no                      no                      a coalesced key: both inputs
//   semi, anti    left input              -                       -
//
// What is null-extended: `left join, filter b < 9` drops the rows without a partner, whose b is
// null. Filtered before, the partners with b >= 9 are gone, their left rows find none, and come
// out with a null b. Only >>outer-to-inner may make that legal.
//
// What holds for a key holds for its partner: with `on a = b`, a = 5 on the left keeps nothing
// but b = 5 on the right useful, so the condition is copied to that side too, where its rows do
// not come out anyway. Predicate transfer, as larger engines call it, with Bloom filters for
// the rest.

enum { DFQ__USES_LEFT = 1, DFQ__USES_RIGHT = 2, DFQ__USES_KEY = 4 };   // 1 << dfq__side

// Which sides the columns of e come from, a bit each; a coalesced key is a side of its own.
static int dfq__sides_of(const dfq__node *join, const dfq_expr *e) {
  int sides = 0;
  if (e->kind == DFQ_COLUMN) {
    int c = dfq__schema_find(&join->schema, e->name);
    return c < 0 ? 0 : 1 << join->join->column[c].side;
  }
  for (int i = 0; i < e->argc; i++) sides |= dfq__sides_of(join, e->arg[i]);
  return sides;
}

// A column of e that comes from that side.
static const char *dfq__column_from(const dfq__node *join, const dfq_expr *e, int side) {
  if (e->kind == DFQ_COLUMN) return dfq__sides_of(join, e) == side ? e->name : NULL;
  const char *name = NULL;
  for (int i = 0; i < e->argc && !name; i++) name = dfq__column_from(join, e->arg[i], side);
  return name;
}

static const char *dfq__side_word(int side) { return side ? "right" : "left"; }

// Do rows of the output always have real values from that input?
static bool dfq__keeps_side(dfq_join_type type, int side) {
  switch (type) {
    case DFQ_INNER: case DFQ_CROSS: return true;
    case DFQ_LEFT: case DFQ_SEMI: case DFQ_ANTI: return side == 0;
    case DFQ_RIGHT: return side == 1;
    case DFQ_FULL: return false;
  }
  return false;
}

// A key's name on the one side as its partner's on the other.
typedef struct dfq__partner {
  dfq__opt *o;
  const dfq__node *join;
  int from;        // the side that the expression is over
  bool missing;    // it uses a column that is no key
} dfq__partner;

// Types are compared because a cast on one side may make equal what the condition tells apart.
static dfq_expr *dfq__key_partner(void *user, const dfq_expr *column) {
  dfq__partner *p = (dfq__partner *)user;
  const dfq__join_plan *j = p->join->join;
  const dfq_schema *a = &p->join->in[p->from]->schema, *b = &p->join->in[1 - p->from]->schema;
  for (int i = 0; i < j->key_count; i++) {
    const char *here = p->from ? j->right_key[i] : j->left_key[i];
    const char *there = p->from ? j->left_key[i] : j->right_key[i];
    int c = dfq__schema_find(a, here), d = dfq__schema_find(b, there);
    if (here != column->name || c < 0 || d < 0 || a->field[c].type != b->field[d].type)
      continue;
    return dfq__col_interned(p->o->db, there);
  }
  p->missing = true;
  return NULL;
}

// Copies e, which was put above the input from, to the other one, if it is about keys and the
// rows it drops there would find no partner and not come out on their own.
static bool dfq__transfer(dfq__sink *s, dfq_expr *e, int from) {
  dfq__node *n = s->below;
  dfq__partner p = { s->o, n, from, false };
  dfq_join_type type = n->join->type;
  bool other_stays = type == DFQ_FULL || type == (from ? DFQ_LEFT : DFQ_RIGHT);
  if (other_stays || s->fails || e->size > DFQ__CHEAP || !dfq__sides_of(n, s->e)) return true;
  if (dfq__sees_zero_sign(&n->in[from]->schema, e)) return true;
  dfq_expr *to = dfq__opt_map(s->o, e, dfq__key_partner, &p);
  if (!to || p.missing) return true;
  if (!dfq__settle(s, &n->in[1 - from], to)) return false;
  return dfq__note(s->o, true, dfq__say_expr(s->o, to),
                   dfq__sink_where(s, dfq__side_word(1 - from)),
                   "what %s says of one key holds for its partner", dfq__say_expr(s->o, e));
}

// Is e an equality of two plain columns?
static bool dfq__equates_columns(const dfq_expr *e) {
  return e->kind == DFQ_CALL && e->fn == DFQ__EQ && e->arg[0]->kind == DFQ_COLUMN &&
         e->arg[1]->kind == DFQ_COLUMN;
}

// l = r over both sides of an inner or cross join: one more key. Keys are equal as = has it,
// but for nulls where the join says so.
static bool dfq__sink_equality(dfq__sink *s) {
  dfq__node *n = s->below;
  dfq_expr *e = s->e, *l = NULL, *r = NULL;
  dfq_join_type type = n->join->type;
  if (type != DFQ_INNER && type != DFQ_CROSS)
    return dfq__refuse(s, NULL, "it uses both sides of a join that is %s",
                       dfq__join_names[type]);
  if (!dfq__equates_columns(e)) return dfq__refuse(s, NULL, "it uses both sides");
  bool swapped = dfq__sides_of(n, e->arg[0]) == DFQ__USES_RIGHT;
  l = dfq__through(s->o, n, e->arg[swapped]);
  r = dfq__through(s->o, n, e->arg[!swapped]);
  if (!l || !r) return false;
  if (dfq__opt_type(s->o, &n->in[0]->schema, l) != dfq__opt_type(s->o, &n->in[1]->schema, r))
    return dfq__refuse(s, NULL, "no key: the types differ");
  if (n->join->nulls_equal) return dfq__refuse(s, NULL, "no key: in this join nulls are equal");
  if (n->join->sorted || n->join->key_count + 1 >= DFQ__MAX_KEYS)
    return dfq__refuse(s, NULL, "no key: the join is over sorted keys, or has too many");
  if (!dfq__own_join(s->o, n, 1)) return false;
  dfq__join_plan *j = n->join;
  j->left_key[j->key_count] = l->name;
  j->right_key[j->key_count++] = r->name;
  if (j->type == DFQ_CROSS) j->type = DFQ_INNER;
  return dfq__note(s->o, true, s->text, dfq__label(s->o, n), "becomes a key of the join");
}

// A coalesced key of a full join: whichever side a row comes from, the key is that side's.
static bool dfq__sink_full(dfq__sink *s) {
  dfq__node *n = s->below;
  if (s->fails) return dfq__refuse_failing(s, "both");
  if (dfq__sees_zero_sign(&n->schema, s->e)) return dfq__refuse_zeros(s, "both");
  dfq_expr *e = dfq__through(s->o, n, s->e);
  if (!e || !dfq__settle(s, &n->in[0], e) || !dfq__settle(s, &n->in[1], e)) return false;
  return dfq__sunk(s, "both", "it uses coalesced keys only");
}

// Columns of a side that no nulls are made up for: into that input. What may fail only where
// each of its rows comes out, and all are asked for.
static bool dfq__sink_side(dfq__sink *s, int side, int sides) {
  dfq__node *n = s->below;
  dfq_join_type type = n->join->type;
  const char *word = dfq__side_word(side);
  bool all_rows = type == (side ? DFQ_RIGHT : DFQ_LEFT);
  if (s->fails && !all_rows) return dfq__refuse_failing(s, word);
  if (s->fails && !s->read.whole) return dfq__refuse_unread(s, word);
  bool key = side && (sides & DFQ__USES_KEY);    // of matched rows, the key is the left's
  if (key && dfq__sees_zero_sign(&n->schema, s->e)) return dfq__refuse_zeros(s, word);
  dfq_expr *e = dfq__through(s->o, n, s->e);
  if (!e || !dfq__settle(s, &n->in[side], e)) return false;
  (void)dfq__sunk(s, word, all_rows ? "its columns are on the preserved side"
                                    : "its columns are on that side only");
  return dfq__transfer(s, e, side);
}

// Which way the columns point, then the line of the table above.
static bool dfq__sink_join(dfq__sink *s) {
  dfq__node *n = s->below;
  dfq_join_type type = n->join->type;
  int sides = dfq__sides_of(n, s->e), both = DFQ__USES_LEFT | DFQ__USES_RIGHT;
  if ((sides & both) == both) return dfq__sink_equality(s);
  if (type == DFQ_FULL && !(sides & both)) return dfq__sink_full(s);
  int side = sides & DFQ__USES_RIGHT || (type == DFQ_RIGHT && !(sides & DFQ__USES_LEFT));
  if (dfq__keeps_side(type, side)) return dfq__sink_side(s, side, sides);
  return dfq__refuse(s, dfq__side_word(side),
                     "%s is null-extended, unmatched rows would survive",
                     dfq__column_from(n, s->e, 1 << side));
}

// ---- >>outer-to-inner: what a condition does to made-up nulls -------------------------------
// Idea. An outer join keeps rows that find no partner and fills the other side with nulls. If a
// filter above can never be true for such a row, the join need not make it:
//
//   join    filter rejects null of    becomes
//   left    the right side            inner
//   right   the left side             inner
//   full    the left side             left        and then, if it rejects the right's as well,
//   full    the right side            right       inner
//
// When does a condition reject null? Ask for the set of what it may be - null, false, true - if
// all columns of that side are null and everything else is anything. Most functions give null
// for null; and, or, is null, in and case are Kleene's tables over sets. It rejects null if
// true is not in.
//
//   b < 9                  { null }                 rejects
//   b < 9 or a > 1         { null } or { all }      does not: a > 1 may be true
//   b is null or b < 9     { true }                 does not
//   coalesce(b, 0) < 9     { null, false, true }    does not
//
// (Galindo-Legaria and Rosenthal, "Outerjoin Simplification and Reordering", 1997.)

// What an expression may be, a bit each. Of what is no bool, VALUE stands for any value.
enum {
  DFQ__MAY_NULL = 1, DFQ__MAY_FALSE = 2, DFQ__MAY_TRUE = 4, DFQ__MAY_VALUE = 6, DFQ__MAY_ALL = 7
};

// The join, and which side of it (DFQ__USES_LEFT or _RIGHT) is taken to be null.
typedef struct dfq__extended {
  const dfq__node *join;
  int side;
} dfq__extended;

static int dfq__may_be(const dfq__extended *x, const dfq_expr *e);

// A function's signatures agree on what they do with null.
static int dfq__flags_of(int fn) {
  for (int i = 0; i < DFQ__OVERLOAD_COUNT; i++)
    if (dfq__overloads[i].fn == fn) return dfq__overloads[i].flags;
  return 0;
}

// Of a not: true and false change places.
static int dfq__may_not(int a) {
  return (a & DFQ__MAY_NULL) | (a & DFQ__MAY_FALSE ? DFQ__MAY_TRUE : 0) |
         (a & DFQ__MAY_TRUE ? DFQ__MAY_FALSE : 0);
}

// Of an and: true needs two, false needs one, null needs one and no false in the other.
static int dfq__may_and(int a, int b) {
  int r = a & b & DFQ__MAY_TRUE;
  r |= (a | b) & DFQ__MAY_FALSE;
  if ((a & DFQ__MAY_NULL && b & (DFQ__MAY_NULL | DFQ__MAY_TRUE)) ||
      (b & DFQ__MAY_NULL && a & (DFQ__MAY_NULL | DFQ__MAY_TRUE)))
    r |= DFQ__MAY_NULL;
  return r;
}

// Of is null (when is true) and is not null: never null themselves.
static int dfq__may_be_null(int a, bool when) {
  int yes = when ? DFQ__MAY_TRUE : DFQ__MAY_FALSE, no = DFQ__MAY_VALUE - yes;
  return (a & DFQ__MAY_NULL ? yes : 0) | (a & DFQ__MAY_VALUE ? no : 0);
}

// Of a case: the values of all branches that may be taken.
static int dfq__may_be_case(const dfq__extended *x, const dfq_expr *e) {
  int r = 0;
  for (int i = 0; i + 1 < e->argc; i += 2) {
    int when = dfq__may_be(x, e->arg[i]);
    if (when & DFQ__MAY_TRUE) r |= dfq__may_be(x, e->arg[i + 1]);
    if (when == DFQ__MAY_TRUE) return r;
  }
  return r | dfq__may_be(x, e->arg[e->argc - 1]);
}

// or is and by De Morgan; everything that does not see nulls is null for one null argument.
static int dfq__may_be_call(const dfq__extended *x, const dfq_expr *e) {
  int a = dfq__may_be(x, e->arg[0]), b = e->argc > 1 ? dfq__may_be(x, e->arg[1]) : a;
  int any = a | b;
  switch (e->fn) {
    case DFQ__AND: return dfq__may_and(a, b);
    case DFQ__OR: return dfq__may_not(dfq__may_and(dfq__may_not(a), dfq__may_not(b)));
    case DFQ__NOT: return dfq__may_not(a);
    case DFQ__IS_NULL: return dfq__may_be_null(a, true);
    case DFQ__IS_NOT_NULL: return dfq__may_be_null(a, false);
    case DFQ__IN: return a == DFQ__MAY_NULL ? DFQ__MAY_NULL : DFQ__MAY_ALL;
    default: break;
  }
  if (dfq__flags_of(e->fn) & DFQ__SEES_NULL) return DFQ__MAY_ALL;
  bool null = a == DFQ__MAY_NULL || b == DFQ__MAY_NULL;
  for (int i = 2; i < e->argc; i++) {
    int v = dfq__may_be(x, e->arg[i]);
    null = null || v == DFQ__MAY_NULL;
    any |= v;
  }
  if (null) return DFQ__MAY_NULL;
  if (dfq__flags_of(e->fn) & DFQ__MAKES_NULL) any |= DFQ__MAY_NULL;
  return (any & DFQ__MAY_NULL) | DFQ__MAY_VALUE;
}

// What e may be for a row whose columns from that side are all null.
static int dfq__may_be(const dfq__extended *x, const dfq_expr *e) {
  int a;
  switch (e->kind) {
    case DFQ_COLUMN: return dfq__sides_of(x->join, e) == x->side ? DFQ__MAY_NULL : DFQ__MAY_ALL;
    case DFQ_LITERAL:
      if (e->value.type == DFQ_NULL) return DFQ__MAY_NULL;
      if (e->value.type != DFQ_BOOL) return DFQ__MAY_VALUE;
      return e->value.as.i ? DFQ__MAY_TRUE : DFQ__MAY_FALSE;
    case DFQ_CALL: return dfq__may_be_call(x, e);
    case DFQ_CASE: return dfq__may_be_case(x, e);
    case DFQ_CAST: case DFQ_TRY_CAST:
      a = dfq__may_be(x, e->arg[0]);
      if (a == DFQ__MAY_NULL) return a;
      if (e->kind == DFQ_TRY_CAST) return DFQ__MAY_ALL;
      return (a & DFQ__MAY_NULL) | DFQ__MAY_VALUE;
    default: return DFQ__MAY_ALL;
  }
}

// The conjunct of a filter that is never true when that side is null; NULL when none is.
static const dfq_expr *dfq__rejects_null(const dfq__node *filter, int side) {
  dfq__extended x = { filter->in[0], side };
  for (int i = 0; i < filter->expr_count; i++)
    if (!(dfq__may_be(&x, filter->expr[i]) & DFQ__MAY_TRUE)) return filter->expr[i];
  return NULL;
}

// In a join that makes up no left rows, a coalesced key is the left's.
static void dfq__keys_from_left(dfq__node *n) {
  for (int c = 0; c < n->schema.count; c++)
    if (n->join->column[c].side == DFQ__BOTH_SIDES) n->join->column[c].side = DFQ__LEFT_SIDE;
}

// Changes the join's type, because of conjunct e.
static bool dfq__outer_becomes(dfq__opt *o, dfq__node *n, dfq_join_type type, const dfq_expr *e,
                               int side) {
  const char *was = dfq__join_names[n->join->type];
  const char *column = dfq__column_from(n, e, side);
  if (!dfq__own_join(o, n, 0)) return false;
  n->join->type = type;
  if (type != DFQ_RIGHT) dfq__keys_from_left(n);
  const char *is = dfq__join_names[type];
  if (!column)
    return dfq__note(o, true, dfq__say_expr(o, e), dfq__label(o, n), "%s -> %s", was, is);
  return dfq__note(o, true, dfq__say_expr(o, e), dfq__label(o, n),
                   "%s -> %s, never true for a null %s", was, is, column);
}

// Notes the conjuncts about a null-extended side that do not reject its nulls.
static void dfq__refuse_outer(dfq__opt *o, const dfq__node *filter, int side) {
  for (int i = 0; i < filter->expr_count; i++) {
    const char *column = dfq__column_from(filter->in[0], filter->expr[i], side);
    if (column)
      (void)dfq__note(o, false, dfq__say_expr(o, filter->expr[i]), dfq__label(o, filter->in[0]),
                      "it may be true for a null %s", column);
  }
}

// Both sides of a full join are looked at in turn, so that it may become inner in one go.
static bool dfq__rule_outer(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__node *n = (*at)->in[0];
  (void)r;
  if ((*at)->kind != DFQ__FILTER || n->kind != DFQ__JOIN) return false;
  dfq_join_type type = n->join->type;
  bool full = type == DFQ_FULL, changed = false;
  for (int side = DFQ__USES_LEFT; side <= DFQ__USES_RIGHT; side++) {
    bool extended = full || type == (side == DFQ__USES_LEFT ? DFQ_RIGHT : DFQ_LEFT);
    const dfq_expr *e = extended ? dfq__rejects_null(*at, side) : NULL;
    if (extended && !e) dfq__refuse_outer(o, *at, side);
    if (!e) continue;
    bool now_full = n->join->type == DFQ_FULL;
    dfq_join_type to = !now_full ? DFQ_INNER : side == DFQ__USES_LEFT ? DFQ_LEFT : DFQ_RIGHT;
    if (dfq__outer_becomes(o, n, to, e, side)) changed = true;
  }
  return changed;
}

// ---- >>merge: two nodes that are one --------------------------------------------------------
// Filters over filters, projections over projections, limits over limits: each pair is one node
// that does both, and makes its rows pass once instead of twice.
//
//   select c * 2 as d                                      limit 5 offset 2
//     with a + b as c                                        limit 10 offset 1
//       scan           ->  select (a + b) * 2 as d             scan        ->  limit 5 offset 3
//                            scan                                                scan
//
// What is computed below and used twice above stays where it is computed once. A projection
// that changes nothing goes, and so does a limit of all rows. The outer filter's conjuncts come
// behind the inner one's, as before.

// Behind the inner conjuncts come the outer ones, which were asked later before, too.
static bool dfq__merge_filters(dfq__opt *o, dfq__node *n) {
  dfq__node *in = n->in[0];
  const char *what = dfq__label(o, n), *where = dfq__say(o, "into %s", dfq__label(o, in));
  for (int i = 0; i < n->expr_count; i++)
    if (!dfq__add_conjunct(o, in, n->expr[i])) return false;
  return dfq__note(o, true, what, where, "one filter");
}

// How often the trees of a list read a column.
static int dfq__uses_of(const dfq_expr *e, const char *name) {
  int uses = e->kind == DFQ_COLUMN && e->name == name;
  for (int i = 0; i < e->argc; i++) uses += dfq__uses_of(e->arg[i], name);
  return uses;
}

// Does a scan need this column of its source?
static bool dfq__reads_column(const dfq__node *scan, const char *name) {
  bool reads = dfq__schema_find(&scan->schema, name) >= 0;
  for (int i = 0; i < scan->expr_count; i++)
    reads = reads || dfq__uses_of(scan->expr[i], name) > 0;
  return reads;
}

// Would the outer projection compute something of the inner one more than once?
static const char *dfq__computed_twice(const dfq__node *outer, const dfq__node *in) {
  for (int c = 0; c < in->schema.count; c++) {
    int uses = 0;
    if (in->expr[c]->kind == DFQ_COLUMN || in->expr[c]->kind == DFQ_LITERAL) continue;
    for (int i = 0; i < outer->expr_count; i++)
      uses += dfq__uses_of(outer->expr[i], in->schema.field[c].name);
    if (uses > 1) return in->schema.field[c].name;
  }
  return NULL;
}

// Puts the inner items in for the columns that the outer ones read.
static bool dfq__merge_projections(dfq__opt *o, dfq__node *n) {
  dfq__node *in = n->in[0];
  const char *twice = dfq__computed_twice(n, in);
  const char *what = dfq__label(o, n), *where = dfq__say(o, "into %s", dfq__label(o, in));
  if (twice) return dfq__note(o, false, what, where, "%s would be computed twice", twice);
  dfq_expr **list = dfq__expr_list(o->db, NULL, n->expr, n->expr_count);
  if (!list) { o->no_memory = true; return false; }
  for (int i = 0; i < n->expr_count; i++) {
    list[i] = dfq__through(o, in, n->expr[i]);
    if (!list[i]) return false;
  }
  n->expr = list;
  n->in[0] = in->in[0];
  return dfq__note(o, true, what, where, "one projection");
}

// The inner limit cuts the rows first; the outer one counts within what is left.
static bool dfq__merge_limits(dfq__opt *o, dfq__node *n) {
  dfq__node *in = n->in[0];
  int64_t offset, left = in->count;
  if (dfq__add_check(in->offset, n->offset, &offset)) return false;
  if (left >= 0) left = left > n->offset ? left - n->offset : 0;
  if (left < 0 || (n->count >= 0 && n->count < left)) left = n->count;
  const char *what = dfq__label(o, n), *where = dfq__say(o, "into %s", dfq__label(o, in));
  n->offset = left ? offset : 0;   // no row is skipped to find that none is wanted
  n->count = left;
  n->in[0] = in->in[0];
  return dfq__note(o, true, what, where, "one limit");
}

// Does a projection pass on every column as it came?
static bool dfq__changes_nothing(const dfq__node *n) {
  const dfq_schema *in = &n->in[0]->schema;
  if (n->expr_count != in->count) return false;
  for (int i = 0; i < n->expr_count; i++)
    if (!dfq__passes(n, i) || n->expr[i]->name != in->field[i].name) return false;
  return true;
}

// A node that does nothing is merged with whatever is below it; others need one of their kind.
static bool dfq__rule_merge(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__node *n = *at, *in = n->in[0];
  bool nothing = false;
  (void)r;
  if (n->kind == DFQ__PROJECT) nothing = dfq__changes_nothing(n);
  if (n->kind == DFQ__LIMIT) nothing = n->count < 0 && n->offset == 0;
  if (nothing) {
    *at = in;
    return dfq__note(o, true, dfq__label(o, n), "", "changes nothing");
  }
  if (!in || in->kind != n->kind) return false;
  if (n->kind == DFQ__PROJECT) return dfq__merge_projections(o, n);
  if (n->kind == DFQ__LIMIT) return dfq__merge_limits(o, n);
  if (n->kind != DFQ__FILTER || !dfq__merge_filters(o, n)) return false;
  *at = in;
  return true;
}

// ---- >>prune: columns that nobody needs -----------------------------------------------------
// Idea. From the root down, each node is told which of its columns are asked for, adds those
// that it reads itself, and tells its inputs. What is left over is not computed, not carried
// through sorts and joins, and in a file not even converted from text.
//
//   group region: sum(tax)          asked: all        needs region, tax
//     with amount * 0.2 as tax             region, tax          region, amount
//       scan orders                        region, amount       2 of 7 columns are read
//
// A node may give more than it was asked for: a filter passes on the column it tests. Those
// that pick their input by name do not mind; below a sort or a window, which would keep it with
// every row, a select is put in between. Counting rows needs no column at all: batches of none
// still have a length.

static void dfq__prune(dfq__opt *o, dfq__node **at, const dfq__names *need, bool *changed);

// An empty set.
static dfq__names dfq__no_names(dfq__opt *o) {
  dfq__names s = { &o->db->arena, NULL, 0, 0, false };
  return s;
}

// Adds all columns of a schema; the columns that a node's own expressions read.
static void dfq__need_all(dfq__names *s, const dfq_schema *from) {
  for (int c = 0; c < from->count; c++) dfq__names_add(s, from->field[c].name);
}

static void dfq__need_exprs(dfq__names *s, const dfq__node *n) {
  for (int i = 0; i < n->expr_count; i++) dfq__names_of(s, n->expr[i]);
  for (int i = 0; i < n->key_count; i++) dfq__names_of(s, n->key[i].expr);
}

enum { DFQ__NAMED = 6 };   // of the columns that go, in the journal

// Keeps of a node's columns those that are needed, from column fixed on; expr and the join's
// columns stand beside the fields. Returns: the names that went, NULL when all stay.
static const char *dfq__keep_columns(dfq__opt *o, dfq__node *n, const dfq__names *need,
                                     int fixed) {
  dfq__text gone = dfq__text_in(o->db->heap);
  size_t room = (size_t)n->schema.count + 1;
  dfq_field *field = (dfq_field *)dfq__arena_array(&o->db->arena, room, sizeof *field);
  dfq__join_column *from = n->kind == DFQ__JOIN ? n->join->column : NULL;
  bool exprs = n->kind == DFQ__PROJECT || n->kind == DFQ__GROUP || n->kind == DFQ__WINDOW;
  int kept = 0, went = 0;
  if (!field || need->failed) { o->no_memory = true; return NULL; }
  for (int c = 0; c < n->schema.count; c++) {
    const char *name = n->schema.field[c].name;
    if (c >= fixed && !dfq__names_has(need, name)) {
      if (went++ < DFQ__NAMED) dfq__putf(&gone, "%s%s", gone.len ? ", " : "", name);
      continue;
    }
    field[kept] = n->schema.field[c];
    if (from) from[kept] = from[c];
    if (exprs && c >= fixed) n->expr[kept - fixed] = n->expr[c - fixed];
    kept++;
  }
  if (went == 0) { dfq__text_free(&gone); return NULL; }
  if (went > DFQ__NAMED) dfq__putf(&gone, ", ... (%d columns)", went);
  n->schema.field = field;
  n->schema.count = kept;
  if (exprs) n->expr_count = kept - fixed;
  return dfq__opt_text(o, &gone);
}

// Notes the columns that went from a node, if any did.
static void dfq__pruned(dfq__opt *o, const dfq__node *n, const char *gone, bool *changed) {
  if (!gone) return;
  *changed = dfq__note(o, true, gone, dfq__label(o, n), "not needed above");
}

// Puts a select above *at that passes on needed columns only, if there are others.
static void dfq__narrow(dfq__opt *o, dfq__node **at, const dfq__names *need, bool *changed) {
  const dfq_schema *s = &(*at)->schema;
  int wanted = 0;
  for (int c = 0; c < s->count; c++) wanted += dfq__names_has(need, s->field[c].name);
  if (wanted == s->count) return;
  dfq__node *n = dfq__put_above(o, at, DFQ__PROJECT, "select");
  dfq_expr **list = (dfq_expr **)dfq__arena_array(&o->db->arena, (size_t)s->count + 1,
                                                  sizeof *list);
  if (!n || !list) { o->no_memory = true; return; }
  for (int c = 0; c < s->count; c++) {
    list[c] = dfq__col_interned(o->db, s->field[c].name);
    if (list[c]->kind == DFQ_FAILED) { o->no_memory = true; return; }
  }
  n->expr = list;
  n->expr_count = s->count;
  const char *gone = dfq__keep_columns(o, n, need, 0);
  dfq__pruned(o, n, gone, changed);
}

// How many columns of its source a scan reads: those that come out, and those that only its own
// conjuncts look at.
static int dfq__columns_read(const dfq__node *n) {
  const dfq_schema *all = &n->source->schema;
  int read = 0;
  for (int c = 0; c < all->count; c++) read += dfq__reads_column(n, all->field[c].name);
  return read;
}

// A scan reads no more columns than are needed, unless it has to look at all of them.
static void dfq__prune_scan(dfq__opt *o, dfq__node *n, const dfq__names *need, bool *changed) {
  const dfq__source *s = n->source;
  int wanted = 0, all = n->schema.count, before = dfq__columns_read(n);
  for (int c = 0; c < all; c++) wanted += dfq__names_has(need, n->schema.field[c].name);
  if (wanted == all) return;
  const char *where = dfq__label(o, n);
  if (s->is->prunable && !s->is->prunable(s)) {
    (void)dfq__note(o, false, dfq__say(o, "%d of %d columns", wanted, all), where,
                    "every value is read, to know which rows are skipped");
    return;
  }
  const char *gone = dfq__keep_columns(o, n, need, 0);
  int now = dfq__columns_read(n);
  if (!gone) return;
  *changed = true;
  if (now < before)
    (void)dfq__note(o, true, dfq__say(o, "%d of %d columns", now, s->schema.count), where,
                    "the others are not needed");
  else (void)dfq__note(o, true, gone, where, "needed by its own condition only");
}

// Adds the names of one set to another.
static void dfq__need_names(dfq__names *s, const dfq__names *more) {
  for (int i = 0; i < more->count; i++) dfq__names_add(s, more->name[i]);
}

// Items that nobody needs go first, and then only what the others read is asked for.
static void dfq__prune_project(dfq__opt *o, dfq__node *n, const dfq__names *need,
                               bool *changed) {
  dfq__names below = dfq__no_names(o);
  dfq__pruned(o, n, dfq__keep_columns(o, n, need, 0), changed);
  dfq__need_exprs(&below, n);
  dfq__prune(o, &n->in[0], &below, changed);
}

// Keys decide what the groups are, so they stay; so does one aggregate when there are no keys.
static void dfq__prune_group(dfq__opt *o, dfq__node *n, const dfq__names *need, bool *changed) {
  dfq__names below = dfq__no_names(o), own = dfq__no_names(o);
  bool any = n->key_count > 0 || n->expr_count == 0;
  for (int i = 0; i < n->expr_count; i++)
    any = any || dfq__names_has(need, n->schema.field[i].name);
  dfq__need_names(&own, need);
  if (!any) dfq__names_add(&own, n->schema.field[0].name);
  dfq__pruned(o, n, dfq__keep_columns(o, n, &own, n->key_count), changed);
  dfq__need_exprs(&below, n);
  dfq__prune(o, &n->in[0], &below, changed);
}

// Each side is asked for its columns of the output, and for its keys.
static void dfq__prune_join(dfq__opt *o, dfq__node *n, const dfq__names *need, bool *changed) {
  dfq__names below[2] = { dfq__no_names(o), dfq__no_names(o) };
  if (!dfq__own_join(o, n, 0)) return;
  const dfq__join_column *own = n->join->column;
  dfq__pruned(o, n, dfq__keep_columns(o, n, need, 0), changed);
  for (int c = 0; c < n->schema.count; c++) {
    if (own[c].side != DFQ__RIGHT_SIDE) dfq__names_add(&below[0], own[c].name);
    if (own[c].side != DFQ__LEFT_SIDE) dfq__names_add(&below[1], own[c].name);
  }
  for (int i = 0; i < n->join->key_count; i++) {
    dfq__names_add(&below[0], n->join->left_key[i]);
    dfq__names_add(&below[1], n->join->right_key[i]);
  }
  for (int i = 0; i < 2; i++) dfq__prune(o, &n->in[i], &below[i], changed);
}

// Both branches must bring the same columns, so what they bring beyond that goes.
static void dfq__prune_union(dfq__opt *o, dfq__node *n, const dfq__names *need, bool *changed) {
  for (int i = 0; i < 2; i++) {
    dfq__prune(o, &n->in[i], need, changed);
    dfq__narrow(o, &n->in[i], need, changed);
  }
  n->schema = n->in[0]->schema;
}

// A number that nobody asks for need not be counted.
static void dfq__prune_row_index(dfq__opt *o, dfq__node **at, const dfq__names *need,
                                 bool *changed) {
  dfq__node *n = *at;
  const char *index = n->schema.field[0].name;
  dfq__names below = dfq__no_names(o);
  for (int i = 0; i < need->count; i++)
    if (need->name[i] != index) dfq__names_add(&below, need->name[i]);
  dfq__prune(o, &n->in[0], &below, changed);
  const dfq_schema *in = &n->in[0]->schema;
  if (!dfq__names_has(need, index)) {
    dfq__pruned(o, n, index, changed);
    *at = n->in[0];
    return;
  }
  size_t room = (size_t)in->count + 1;
  dfq_field *field = (dfq_field *)dfq__arena_array(&o->db->arena, room, sizeof *field);
  if (!field) { o->no_memory = true; return; }
  field[0] = n->schema.field[0];
  for (int c = 0; c < in->count; c++) field[c + 1] = in->field[c];
  n->schema.count = in->count + 1;
  n->schema.field = field;
}

// Windows that nobody reads go, and with the last of them the node.
static void dfq__prune_window(dfq__opt *o, dfq__node **at, const dfq__names *need,
                              bool *changed) {
  dfq__node *n = *at;
  int columns = n->in[0]->schema.count;
  dfq__names below = dfq__no_names(o);
  dfq__pruned(o, n, dfq__keep_columns(o, n, need, columns), changed);
  for (int i = 0; i < need->count; i++)
    if (dfq__schema_find(&n->in[0]->schema, need->name[i]) >= 0)
      dfq__names_add(&below, need->name[i]);
  dfq__need_exprs(&below, n);
  dfq__prune(o, &n->in[0], &below, changed);
  if (n->expr_count == 0) { *at = n->in[0]; return; }
  dfq__narrow(o, &n->in[0], &below, changed);
  const dfq_schema *in = &n->in[0]->schema;
  size_t room = (size_t)(in->count + n->expr_count) + 1;
  dfq_field *field = (dfq_field *)dfq__arena_array(&o->db->arena, room, sizeof *field);
  if (!field) { o->no_memory = true; return; }
  for (int c = 0; c < in->count; c++) field[c] = in->field[c];
  for (int i = 0; i < n->expr_count; i++) field[in->count + i] = n->schema.field[columns + i];
  n->schema.count = in->count + n->expr_count;
  n->schema.field = field;
}

// A node whose output is its input's rows as they are: filter, limit, sort, top-k, distinct.
static void dfq__prune_through(dfq__opt *o, dfq__node *n, const dfq__names *need,
                               bool *changed) {
  dfq__names below = dfq__no_names(o);
  bool stores = n->kind == DFQ__SORT || n->kind == DFQ__TOP_K;
  dfq__need_names(&below, need);
  dfq__need_exprs(&below, n);
  if (n->kind == DFQ__DISTINCT_ROWS && n->key_count == 0) dfq__need_all(&below, &n->schema);
  dfq__prune(o, &n->in[0], &below, changed);
  if (stores) dfq__narrow(o, &n->in[0], &below, changed);
  n->schema = n->in[0]->schema;
}

// Tells *at which of its columns are needed.
static void dfq__prune(dfq__opt *o, dfq__node **at, const dfq__names *need, bool *changed) {
  dfq__node *n = *at;
  if (need->failed) o->no_memory = true;
  if (o->no_memory) return;
  switch (n->kind) {
    case DFQ__SCAN: dfq__prune_scan(o, n, need, changed); return;
    case DFQ__PROJECT: dfq__prune_project(o, n, need, changed); return;
    case DFQ__GROUP: dfq__prune_group(o, n, need, changed); return;
    case DFQ__JOIN: dfq__prune_join(o, n, need, changed); return;
    case DFQ__UNION: dfq__prune_union(o, n, need, changed); return;
    case DFQ__ROW_INDEX: dfq__prune_row_index(o, at, need, changed); return;
    case DFQ__WINDOW: dfq__prune_window(o, at, need, changed); return;
    case DFQ__FILTER: case DFQ__LIMIT: case DFQ__SORT: case DFQ__TOP_K:
    case DFQ__DISTINCT_ROWS: case DFQ__NODE_KINDS:
      dfq__prune_through(o, n, need, changed);
      return;
  }
}

// The root is asked for everything that it has.
static bool dfq__rule_prune(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__names all = dfq__no_names(o);
  bool changed = false;
  (void)r;
  dfq__need_all(&all, &(*at)->schema);
  dfq__prune(o, at, &all, &changed);
  return changed;
}

// ---- >>push-limit: stop early, and as low as possible; top-k --------------------------------
// Idea. A limit moves below what makes one row of each row, so that the rest is not even
// computed. Into both branches of a union, and into the left side of a left join, goes a copy:
// no more rows than that can be needed there, but the limit stays to count what comes out.
//
//   limit 10                   limit 10             limit 10
//     union            ->        union                sort a         ->      top 10 by a
//       scan a                     limit 10             scan a                 scan a
//       scan b                       scan a
//                                  limit 10        keeps the best 10 rows instead of all
//                                    scan b
//
// It never moves below what drops rows or needs all: a filter, most joins, a group, a sort.
// A scan is told how many rows are wanted, so that it need not fill a batch.

// Puts a limit of most rows above *at, unless no more than that can come out of it anyway.
static bool dfq__limit_copy(dfq__opt *o, const dfq__node *limit, dfq__node **at, int64_t most,
                            const char *where) {
  int64_t now = dfq__most_rows(*at);
  if (now >= 0 && now <= most) return false;
  if (!dfq__limit_above(o, at, most)) return false;
  return dfq__note(o, true, dfq__label(o, limit), where, "a copy: %lld rows are enough",
                   (long long)most);
}

// Exchanges a limit with the node below it, which makes one row of each.
static bool dfq__limit_below(dfq__opt *o, dfq__node **at) {
  dfq__node *n = *at, *in = n->in[0];
  *at = in;
  n->in[0] = in->in[0];
  n->schema = n->in[0]->schema;
  in->in[0] = n;
  return dfq__note(o, true, dfq__label(o, n), dfq__say(o, "below %s", dfq__label(o, in)),
                   "it makes one row of each");
}

// The limit stays: what a scan makes of the number is its own affair.
static bool dfq__limit_scan(dfq__opt *o, dfq__node *n, int64_t most) {
  dfq__node *in = n->in[0];
  if (in->count >= 0 && in->count <= most) return false;
  const char *what = dfq__label(o, n), *where = dfq__say(o, "into %s", dfq__label(o, in));
  if (in->expr_count) return dfq__note(o, false, what, where, "it drops rows while reading");
  in->count = most;
  return dfq__note(o, true, what, where, "no more than %lld rows are wanted", (long long)most);
}

// A copy for each branch of a union.
static bool dfq__limit_branches(dfq__opt *o, dfq__node *n, int64_t most) {
  dfq__node *in = n->in[0];
  const char *label = dfq__label(o, in);
  bool changed = false;
  for (int i = 0; i < 2; i++) {
    const char *where = dfq__say(o, "below %s (%s)", label, dfq__side_word(i));
    if (dfq__limit_copy(o, n, &in->in[i], most, where)) changed = true;
  }
  return changed;
}

// most: the rows that the limit looks at, with those that it skips.
static bool dfq__rule_push_limit(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__node *n = *at, *in = n->in[0];
  int64_t most;
  (void)r;
  if (n->kind != DFQ__LIMIT || n->count < 0) return false;
  if (dfq__add_check(n->offset, n->count, &most)) return false;
  const char *what = dfq__label(o, n), *where = dfq__say(o, "below %s", dfq__label(o, in));
  switch (in->kind) {
    case DFQ__SCAN: return dfq__limit_scan(o, n, most);
    case DFQ__PROJECT: return dfq__limit_below(o, at);
    case DFQ__ROW_INDEX:
      if (n->offset == 0) return dfq__limit_below(o, at);
      return dfq__limit_copy(o, n, &in->in[0], most, where);
    case DFQ__UNION: return dfq__limit_branches(o, n, most);
    case DFQ__JOIN:   // each left row of a left join comes out at least once
      if (in->join->type == DFQ_LEFT) return dfq__limit_copy(o, n, &in->in[0], most, where);
      return dfq__note(o, false, what, where, "it may drop rows, and more be needed");
    case DFQ__FILTER: case DFQ__DISTINCT_ROWS:
      return dfq__note(o, false, what, where, "it drops rows, and more may be needed");
    case DFQ__GROUP:
      return dfq__note(o, false, what, where, "all rows are needed to know one group");
    case DFQ__WINDOW:
      return dfq__note(o, false, what, where, "all rows are needed to know one partition");
    case DFQ__LIMIT: case DFQ__SORT: case DFQ__TOP_K: case DFQ__NODE_KINDS: break;
  }
  return false;
}

enum { DFQ__TOP_ROWS = 1 << 20 };   // beyond that, sorting everything costs no more

// A sort below a limit keeps as many rows as the limit looks at; what it skips, it skips then.
static bool dfq__rule_topk(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__node *n = *at, *in = n->in[0];
  int64_t most;
  (void)r;
  if (n->kind != DFQ__LIMIT || n->count <= 0 || in->kind != DFQ__SORT) return false;
  bool over = dfq__add_check(n->offset, n->count, &most);
  const char *what = dfq__label(o, in), *where = dfq__say(o, "under %s", dfq__label(o, n));
  if (over || most > DFQ__TOP_ROWS)
    return dfq__note(o, false, what, where, "too many rows to keep");
  in->kind = DFQ__TOP_K;
  in->count = most;
  if (n->offset == 0) *at = in;
  return dfq__note(o, true, what, where, "keeps the first %lld rows only", (long long)most);
}

// ---- >>physical: build side, and order that is there already --------------------------------
// Idea. These rules do not move nodes; they choose how a node works, when the plan's shape is
// final.
//
//   build side   A hash join stores one input and streams the other past it. Storing the
//                smaller one is cheaper. It is the right one unless told otherwise, and the
//                left one only for inner joins that are read to the end: the left rows' order
//                is put back afterwards, so the first row comes late.
//   use order    Inputs that ascend by the keys already can be merged, or grouped run by run:
//                no hash table, and memory for one key's rows only.
//
// Neither changes a result, so guesses may decide; a wrong guess costs time, not rows.

// left * 2 < right: below that, putting the order back costs what the smaller table saves.
static bool dfq__rule_build_side(dfq__opt *o, dfq__node **at, dfq__reading r) {
  dfq__node *n = *at;
  bool hash = n->kind == DFQ__JOIN && n->join->type == DFQ_INNER && !n->join->sorted;
  if (!hash || n->join->build_left) return false;
  double left = dfq__rows_of(n->in[0]), right = dfq__rows_of(n->in[1]);
  if (left < 0 || right < 0 || left * 2 >= right) return false;
  const char *where = dfq__label(o, n);
  if (!r.whole)
    return dfq__note(o, false, "build left", where,
                     "not all rows may be asked for; left rows stream");
  if (!dfq__own_join(o, n, 0)) return false;
  n->join->build_left = true;
  return dfq__note(o, true, "build left", where, "about %.0f rows against %.0f", left, right);
}

// How many of these names, from the first on, an order has.
static int dfq__order_covers(const dfq__order *order, const char *const *name, int count) {
  int i = 0;
  while (i < count && i < order->count && order->name[i] == name[i]) i++;
  return i;
}

// What may be null or unmatched on the right comes last in right and full joins: not in order.
static bool dfq__order_join(dfq__opt *o, dfq__node *n) {
  dfq__join_plan *j = n->join;
  bool fits = j->type == DFQ_INNER || j->type == DFQ_LEFT || j->type == DFQ_SEMI ||
              j->type == DFQ_ANTI;
  if (j->sorted || j->hashed || !fits || j->key_count == 0) return false;
  dfq__order left = dfq__order_of(n->in[0]), right = dfq__order_of(n->in[1]);
  int l = dfq__order_covers(&left, j->left_key, j->key_count);
  int r = dfq__order_covers(&right, j->right_key, j->key_count);
  if (l == 0 && r == 0) return false;
  const char *where = dfq__label(o, n);
  if (l < j->key_count || r < j->key_count)
    return dfq__note(o, false, "merge", where, "the %s side is not known to ascend by its keys",
                     l < j->key_count ? "left" : "right");
  if (!dfq__own_join(o, n, 0)) return false;
  n->join->sorted = true;
  return dfq__note(o, true, "merge", where, "both sides ascend by the keys");
}

// Keys that are expressions are never known to ascend: dfq__order_of_keys stops at them.
static bool dfq__order_group(dfq__opt *o, dfq__node *n) {
  int keys = n->key_count;
  if (n->sorted || n->hashed || keys == 0 || keys > DFQ__ORDER_KEYS) return false;
  dfq__order order = dfq__order_of(n->in[0]), wanted = dfq__order_of_keys(n->key, keys);
  int have = dfq__order_covers(&order, wanted.name, wanted.count);
  if (have == 0) return false;
  const char *where = dfq__label(o, n);
  if (have < keys)
    return dfq__note(o, false, "runs", where, "the input ascends by %d of %d keys", have, keys);
  n->sorted = true;
  return dfq__note(o, true, "runs", where, "the input ascends by the keys");
}

static bool dfq__rule_order(dfq__opt *o, dfq__node **at, dfq__reading r) {
  (void)r;
  if ((*at)->kind == DFQ__JOIN) return dfq__order_join(o, *at);
  return (*at)->kind == DFQ__GROUP && dfq__order_group(o, *at);
}

// ---- >>optimizer: the driver ----------------------------------------------------------------
// Idea. Every rule is offered every node, again and again, until none has anything left to do:
// a fixpoint. It exists because each rule only moves things down, merges nodes, or removes
// something; a bound on the rounds is there all the same, and a plan that is not finished is
// still right.
//
//   copy ──> [ split fold push outer merge prune limit top-k ] ──> [ order, build side ]
//            └─────────── until nothing changes ──────────────┘      once, at the end
//
// Larger engines also search: many plans, a cost for each, the cheapest wins. Rules come first
// there too, because what they do is right whatever the data is.

enum { DFQ__MAX_ROUNDS = 100 };

typedef struct dfq__rule_row {
  dfq_rule rule;
  dfq__rule_fn apply;
  bool at_root;      // it walks the plan itself
  bool at_end;       // when the plan's shape is final
} dfq__rule_row;

static const dfq__rule_row dfq__rule_rows[] = {
  { DFQ_RULE_SPLIT, dfq__rule_split, false, false },
  { DFQ_RULE_FOLD, dfq__rule_fold, false, false },
  { DFQ_RULE_PUSH_FILTER, dfq__rule_push_filter, false, false },
  { DFQ_RULE_OUTER, dfq__rule_outer, false, false },
  { DFQ_RULE_MERGE, dfq__rule_merge, false, false },
  { DFQ_RULE_PRUNE, dfq__rule_prune, true, false },
  { DFQ_RULE_PUSH_LIMIT, dfq__rule_push_limit, false, false },
  { DFQ_RULE_TOPK, dfq__rule_topk, false, false },
  { DFQ_RULE_SORTED, dfq__rule_order, false, true },
  { DFQ_RULE_BUILD_SIDE, dfq__rule_build_side, false, true },
};
enum { DFQ__RULE_ROWS = sizeof dfq__rule_rows / sizeof dfq__rule_rows[0] };

// One round: every rule that is on, on every node. Returns true when something changed.
static bool dfq__opt_round(dfq__opt *o, dfq__node **root, bool at_end) {
  dfq__reading all = { true, o->run->whole };
  bool changed = false;
  for (int i = 0; i < DFQ__RULE_ROWS && !o->no_memory; i++) {
    const dfq__rule_row *row = &dfq__rule_rows[i];
    if (row->at_end != at_end || (o->run->options.rules_off >> row->rule & 1)) continue;
    o->rule = row->rule;
    if (row->at_root ? row->apply(o, root, all) : dfq__walk(o, root, all, row->apply))
      changed = true;
  }
  return changed;
}

// The plan to run: a copy, optimized unless the options say no. NULL without memory.
static dfq__node *dfq__optimize(dfq__run *run, const dfq__node *plan) {
  dfq__opt o;
  dfq__node *root = dfq__plan_copy(run, plan);
  memset(&o, 0, sizeof o);
  o.run = run;
  o.db = run->own;
  o.scratch.heap = run->own->heap;
  o.journal = (dfq__journal *)dfq__arena_alloc(&run->own->arena, sizeof *o.journal);
  run->journal = o.journal;
  if (!root || !o.journal) return NULL;
  if (run->options.no_optimize) return root;
  for (int i = 0; i < DFQ__MAX_ROUNDS; i++)
    if (!dfq__opt_round(&o, &root, false)) break;
  (void)dfq__opt_round(&o, &root, true);
  dfq__arena_release(&o.scratch, 0);
  return o.no_memory ? NULL : root;
}

// The journal's lines in the context's own memory; NULL without it.
static dfq_step *dfq__journal_copy(dfq *db, const dfq__journal *j) {
  dfq_step *to = (dfq_step *)dfq__arena_array(&db->arena, (size_t)j->count + 1, sizeof *to);
  for (int i = 0; to && i < j->count; i++) {
    const dfq_step *s = &j->step[i];
    to[i] = *s;
    to[i].what = dfq__arena_text(&db->arena, s->what, strlen(s->what));
    to[i].where = dfq__arena_text(&db->arena, s->where, strlen(s->where));
    to[i].why = dfq__arena_text(&db->arena, s->why, strlen(s->why));
    if (!to[i].what || !to[i].where || !to[i].why) return NULL;
  }
  return to;
}

DFQ_API const dfq_step *dfq_journal(dfq_frame *frame, int *count) {
  dfq__run *run = dfq__run_open(frame, true);
  *count = 0;
  if (!run) return NULL;
  const dfq__journal *j = (const dfq__journal *)run->journal;
  const dfq_step *steps = dfq__journal_copy(frame->db, j);
  if (steps) *count = j->count;
  else dfq__run_no_memory(run);
  dfq__run_close(run);
  return steps;
}

// ---- >>explain: the plan for people ---------------------------------------------------------
// A node is one line, its inputs stand indented below it. In brackets: what the optimizer gave
// it (columns that are read, conditions and limits that went into a scan, the build side), and
// about how many rows come out. Ids are the same in every form, so that a line of the journal
// can be found in the plan before and after.
//
//   sort#5 tax desc  [~1 rows]
//     group#4 region: sum(tax) as tax  [~1 rows]
//       scan#1 orders.csv  [3 of 7 columns: id, region, amount; where amount > 100; ~2 rows]

// Begins one more note in the brackets behind a node.
static void dfq__put_bracket(dfq__text *t, bool *any) {
  dfq__put(t, *any ? "; " : "  [");
  *any = true;
}

enum { DFQ__MANY = 12 };   // columns named in one line

static void dfq__put_scan_notes(dfq__text *t, const dfq__node *n, bool *any) {
  dfq__put_bracket(t, any);
  const dfq_schema *all = &n->source->schema;
  int read = dfq__columns_read(n), named = 0;
  if (read < all->count) dfq__putf(t, "%d of ", read);
  dfq__putf(t, "%d column%s", all->count, all->count == 1 ? "" : "s");
  for (int c = 0; c < all->count && named < DFQ__MANY; c++)
    if (dfq__reads_column(n, all->field[c].name))
      dfq__putf(t, "%s%s", named++ ? ", " : ": ", all->field[c].name);
  if (read > named) dfq__put(t, ", ...");
  if (n->expr_count) {
    dfq__put_bracket(t, any);
    dfq__put(t, "where ");
    dfq__put_conjuncts(t, n->expr, n->expr_count);
  }
  if (n->count >= 0) {
    dfq__put_bracket(t, any);
    dfq__putf(t, "at most %lld rows wanted", (long long)n->count);
  }
}

// How a join or group works; NULL for what has one way only.
static const char *dfq__way_of(const dfq__node *n) {
  if (n->kind == DFQ__GROUP && n->key_count) return n->sorted ? "run by run" : "hash";
  if (n->kind != DFQ__JOIN) return NULL;
  return n->join->sorted ? "merge" : n->join->build_left ? "build left" : "build right";
}

// What the node's stage does not say.
static void dfq__put_notes(dfq__text *t, const dfq__node *n) {
  bool any = false;
  const char *way = dfq__way_of(n);
  double rows = dfq__rows_of(n);
  if (n->kind == DFQ__SCAN) dfq__put_scan_notes(t, n, &any);
  if (way) { dfq__put_bracket(t, &any); dfq__put(t, way); }
  if (rows >= 0) {
    dfq__put_bracket(t, &any);
    dfq__put(t, "~");
    dfq__put_count(t, rows < 1e18 ? (uint64_t)(rows + 0.5) : (uint64_t)1e18);
    dfq__put(t, " rows");
  }
  if (any) dfq__put(t, "]");
}

// "join#3 on customer_id left"
static void dfq__put_node(dfq__text *t, const dfq__node *n) {
  dfq__put_label(t, n);
  dfq__put_rest(t, n);
}

// The node at its depth, then its inputs.
static void dfq__put_tree(dfq__text *t, const dfq__node *n, int depth) {
  dfq__put_repeat(t, ' ', 2 * (size_t)depth);
  dfq__put_node(t, n);
  dfq__put_notes(t, n);
  dfq__put(t, "\n");
  for (int i = 0; i < 2; i++)
    if (n->in[i]) dfq__put_tree(t, n->in[i], depth + 1);
}

// The options that the run has, whether given or by default, in one line.
static void dfq__put_settings(dfq__text *t, const dfq__run *run) {
  const dfq_run_options *o = &run->options;
  dfq__putf(t, "%s engine, ", o->engine == DFQ_ROW_ENGINE ? "row" : "batch");
  dfq__put_count(t, run->batch_rows);
  dfq__put(t, " rows a batch, ");
  if (o->threads > 0) dfq__putf(t, "%d thread%s", o->threads, o->threads == 1 ? "" : "s");
  else dfq__putf(t, "up to %d threads", dfq__cores());
  dfq__putf(t, ", optimizer %s", o->no_optimize ? "off" : "on");
  bool any = false;
  for (int i = 0; i < DFQ_RULE_COUNT && !o->no_optimize; i++) {
    if (!(o->rules_off >> i & 1)) continue;
    dfq__putf(t, "%s%s", any ? ", " : " but for ", dfq__rule_names[i]);
    any = true;
  }
  dfq__put(t, "\n");
}

// A run of the frame, to be looked at. NULL on error (dfq_error).
static dfq__run *dfq__explain_open(dfq_frame *f, bool plain) {
  if (!f) return NULL;
  dfq_frame copy = *f;
  copy.run.no_optimize = plain || copy.run.no_optimize;
  return dfq__run_open(&copy, true);
}

// The plan as it is run, or as it was written, below a title.
static bool dfq__explain_plan(dfq__text *t, dfq_frame *f, bool plain, const char *title) {
  dfq__run *run = dfq__explain_open(f, plain);
  if (!run) return false;
  dfq__putf(t, "%s", title);
  dfq__put_tree(t, run->plan, 1);
  dfq__run_close(run);
  return true;
}

static bool dfq__explain_journal(dfq__text *t, dfq_frame *f, const char *title) {
  dfq__run *run = dfq__explain_open(f, false);
  if (!run) return false;
  dfq__putf(t, "%s", title);
  dfq__put_journal(t, (const dfq__journal *)run->journal);
  dfq__run_close(run);
  return true;
}

// Three runs are opened and none is run: opening one is what optimizes.
static bool dfq__explain_both(dfq__text *t, dfq_frame *f) {
  dfq__run *run = dfq__explain_open(f, false);
  if (!run) return false;
  dfq__put_settings(t, run);
  dfq__run_close(run);
  return dfq__explain_plan(t, f, true, "\nas written\n") &&
         dfq__explain_plan(t, f, false, "\noptimized\n") &&
         dfq__explain_journal(t, f, "\njournal\n");
}

// ---- >>analyze: what each node did ----------------------------------------------------------
// The plan is run, its rows are counted and dropped. Counters are kept by every run anyway,
// once a batch, so measuring does not change what is measured. A node's own time is its time
// without that of its inputs. Fields are those of a file that were made values: one that is
// skipped costs next to nothing. The row engine counts rows only: a clock around each row would
// be all it shows.

enum { DFQ__TREE_LEAST = 24, DFQ__TREE_MOST = 60 };   // characters for a node; numbers behind

// The widest node of the tree, in characters.
static size_t dfq__tree_width(const dfq__run *run, const dfq__node *n, int depth) {
  dfq__text t = dfq__text_in(run->own->heap);
  dfq__put_repeat(&t, ' ', 2 * (size_t)depth);
  dfq__put_node(&t, n);
  size_t width = t.failed ? 0 : dfq__chars_of(t.data);
  dfq__text_free(&t);
  for (int i = 0; i < 2; i++)
    if (n->in[i]) width = dfq__max(width, dfq__tree_width(run, n->in[i], depth + 1));
  return width;
}

// Cuts or pads what was put since from to a width, in characters.
static void dfq__put_fitted(dfq__text *t, size_t from, size_t width) {
  size_t chars = 0, end = from;
  if (t->failed || !t->data) return;
  for (size_t i = from; i < t->len; i++) {
    chars += !dfq__is_inner_byte(t->data[i]);
    if (chars <= width - 3) end = i + 1;
  }
  if (chars > width) {
    t->len = end;
    dfq__put(t, "...");
  } else {
    dfq__put_repeat(t, ' ', width - chars);
  }
}

// 1,234 to the right of a column; - for what is not known.
static void dfq__put_number(dfq__text *t, bool known, uint64_t n, int width) {
  dfq__text digits = dfq__text_in(t->heap);
  if (known) dfq__put_count(&digits, n);
  else dfq__put(&digits, "-");
  dfq__putf(t, " %*s", width, digits.failed ? "" : digits.data);
  dfq__text_free(&digits);
}

// A line of numbers for the node, then its inputs.
static void dfq__put_measures(dfq__text *t, const dfq__run *run, const dfq__node *n, int depth,
                              size_t width) {
  const dfq__counters *c = &run->count[n->id];
  bool batches = run->options.engine != DFQ_ROW_ENGINE;
  double own = c->seconds;
  uint64_t rows_in = 0;
  for (int i = 0; i < 2; i++) {
    if (!n->in[i]) continue;
    rows_in += run->count[n->in[i]->id].rows;
    own -= run->count[n->in[i]->id].seconds;
  }
  size_t from = t->len;
  dfq__put_repeat(t, ' ', 2 * (size_t)depth);
  dfq__put_node(t, n);
  dfq__put_fitted(t, from, width);
  dfq__put_number(t, n->in[0] != NULL, rows_in, 12);
  dfq__put_number(t, true, c->rows, 12);
  dfq__put_number(t, batches, c->batches, 8);
  if (batches) dfq__putf(t, " %10.3f", own > 0 ? own * 1e3 : 0);
  else dfq__putf(t, " %10s", "-");
  dfq__put_number(t, batches, c->peak_bytes, 14);
  dfq__put_number(t, c->fields != 0, c->fields, 12);
  dfq__put(t, "\n");
  for (int i = 0; i < 2; i++)
    if (n->in[i]) dfq__put_measures(t, run, n->in[i], depth + 1, width);
}

// Runs the frame in its own engine and shows the counters before the run is closed.
static bool dfq__explain_analyze(dfq__text *t, dfq_frame *f) {
  dfq__stream s;
  double start = dfq__now();
  if (!dfq__stream_open(&s, f, true)) return false;
  while (dfq__stream_next(&s)) {}
  double ms = (dfq__now() - start) * 1e3;
  if (s.rows) {   // a row iterator notes its count when it is closed
    if (dfq_rows_failed(s.rows) && !s.run->error) dfq__run_no_memory(s.run);
    dfq_rows_close(s.rows);
    s.rows = NULL;
  }
  size_t width = dfq__min(dfq__tree_width(s.run, s.run->plan, 1), DFQ__TREE_MOST);
  width = dfq__max(width, DFQ__TREE_LEAST);
  dfq__put_settings(t, s.run);
  dfq__putf(t, "\n%-*s %12s %12s %8s %10s %14s %12s\n", (int)width, "ran", "rows in",
            "rows out", "batches", "own ms", "peak bytes", "fields");
  dfq__put_measures(t, s.run, s.run->plan, 1, width);
  dfq__putf(t, "%.3f ms in all\n", ms);
  return dfq__stream_close(&s, false);
}

// ---- >>explain-forms: dot and JSON, and the functions that users call -----------------------
// For other programs: the same nodes, ids and texts as above.

// How many bytes at s make one character of UTF-8 (Unicode 15, table 3-7); 0: none do.
static size_t dfq__utf8_bytes(const char *s, size_t n) {
  unsigned char a = (unsigned char)s[0], b = n > 1 ? (unsigned char)s[1] : 0;
  size_t len = a < 0x80 ? 1 : a < 0xC2 ? 0 : a < 0xE0 ? 2 : a < 0xF0 ? 3 : a < 0xF5 ? 4 : 0;
  if (len > n) return 0;
  for (size_t i = 1; i < len; i++)
    if (!dfq__is_inner_byte(s[i])) return 0;
  // Some byte sequences have the right shape and are still no character.
  bool surrogate = a == 0xED && b >= 0xA0, beyond = a == 0xF4 && b >= 0x90;
  bool overlong = (a == 0xE0 && b < 0xA0) || (a == 0xF0 && b < 0x90);
  return surrogate || beyond || overlong ? 0 : len;
}

// A text in quotes: short escapes where JSON has them, \u00xx for other control bytes. What is
// not UTF-8 becomes U+FFFD, a byte each, because JSON is UTF-8 and nothing else.
static void dfq__put_json_utf8(dfq__text *t, const char *s, size_t n) {
  static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
  dfq__put_char(t, '"');
  for (size_t i = 0, bytes; i < n; i += bytes) {
    const char *escape = s[i] ? strchr(from, s[i]) : NULL;
    bytes = dfq__utf8_bytes(s + i, n - i);
    if (escape) {
      dfq__put_char(t, '\\');
      dfq__put_char(t, to[escape - from]);
    } else if ((unsigned char)s[i] < 32) {
      dfq__putf(t, "\\u%04x", (unsigned char)s[i]);
    } else if (bytes) {
      dfq__put_n(t, s + i, bytes);
    } else {
      dfq__put(t, "\xEF\xBF\xBD");
      bytes = 1;
    }
  }
  dfq__put_char(t, '"');
}

static void dfq__put_json_string(dfq__text *t, const char *s) {
  dfq__put_json_utf8(t, s, strlen(s));
}

// "key": "what put wrote into piece"; empties piece.
static void dfq__put_json_piece(dfq__text *t, const char *key, dfq__text *piece) {
  dfq__putf(t, ",\"%s\":", key);
  dfq__put_json_utf8(t, piece->data ? piece->data : "", piece->len);
  t->failed = t->failed || piece->failed;
  piece->len = 0;
}

// What a scan node has beside what all nodes have.
static void dfq__put_json_scan(dfq__text *t, const dfq__node *n, dfq__text *piece) {
  dfq__putf(t, ",\"columns_in_source\":%d", n->source->schema.count);
  dfq__put_conjuncts(piece, n->expr, n->expr_count);
  if (n->expr_count) dfq__put_json_piece(t, "where", piece);
  if (n->count >= 0) dfq__putf(t, ",\"rows_wanted\":%lld", (long long)n->count);
}

// {"id":3,"kind":"join","stage":"join ... on id left",...,"inputs":[...]}
static void dfq__put_json_node(dfq__text *t, const dfq__node *n) {
  dfq__text piece = dfq__text_in(t->heap);
  double rows = dfq__rows_of(n);
  dfq__putf(t, "{\"id\":%d,\"kind\":\"%s\"", n->id, dfq__word_of(n));
  dfq__put_stage(&piece, n);
  dfq__put_json_piece(t, "stage", &piece);
  if (n->kind == DFQ__SCAN) dfq__put_json_scan(t, n, &piece);
  if (dfq__way_of(n)) dfq__putf(t, ",\"way\":\"%s\"", dfq__way_of(n));
  if (rows >= 0) dfq__putf(t, ",\"rows\":%.0f", rows);
  dfq__put(t, ",\"columns\":[");
  for (int c = 0; c < n->schema.count; c++) {
    dfq__put(t, c ? ",{\"name\":" : "{\"name\":");
    dfq__put_json_string(t, n->schema.field[c].name);
    dfq__putf(t, ",\"type\":\"%s\"}", dfq_type_name(n->schema.field[c].type));
  }
  dfq__put(t, "],\"inputs\":[");
  for (int i = 0; i < 2 && n->in[i]; i++) {
    if (i) dfq__put(t, ",");
    dfq__put_json_node(t, n->in[i]);
  }
  dfq__put(t, "]}");
  dfq__text_free(&piece);
}

// {"rule":"fold","applied":true,"what":...,"where":...,"why":...}
static void dfq__put_json_step(dfq__text *t, const dfq_step *s) {
  const char *key[] = { "rule", "what", "where", "why" };
  const char *value[] = { s->rule, s->what, s->where, s->why };
  dfq__putf(t, "{\"applied\":%s", s->applied ? "true" : "false");
  for (int i = 0; i < 4; i++) {
    dfq__putf(t, ",\"%s\":", key[i]);
    dfq__put_json_string(t, value[i]);
  }
  dfq__put(t, "}");
}

static void dfq__put_json_settings(dfq__text *t, const dfq__run *run) {
  const dfq_run_options *o = &run->options;
  bool any = false;
  dfq__putf(t, "{\"engine\":\"%s\"", o->engine == DFQ_ROW_ENGINE ? "row" : "batch");
  dfq__putf(t, ",\"batch_rows\":%zu,\"threads\":%d", run->batch_rows,
            o->threads > 0 ? o->threads : dfq__cores());
  dfq__putf(t, ",\"optimizer\":%s,\"rules_off\":[", o->no_optimize ? "false" : "true");
  for (int i = 0; i < DFQ_RULE_COUNT; i++) {
    if (!(o->rules_off >> i & 1)) continue;
    dfq__putf(t, "%s\"%s\"", any ? "," : "", dfq__rule_names[i]);
    any = true;
  }
  dfq__put(t, "]}");
}

static bool dfq__explain_json(dfq__text *t, dfq_frame *f) {
  dfq__run *run = dfq__explain_open(f, false);
  if (!run) return false;
  const dfq__journal *j = (const dfq__journal *)run->journal;
  dfq__put(t, "{\"settings\":");
  dfq__put_json_settings(t, run);
  dfq__put(t, ",\n\"plan\":");
  dfq__put_json_node(t, run->plan);
  dfq__put(t, ",\n\"journal\":[");
  for (int i = 0; i < j->count; i++) {
    dfq__put(t, i ? ",\n  " : "\n  ");
    dfq__put_json_step(t, &j->step[i]);
  }
  dfq__put(t, "]}\n");
  dfq__run_close(run);
  return true;
}

// Rows flow along the arrows: from the scans up to the result.
static void dfq__put_dot_node(dfq__text *t, const dfq__node *n) {
  dfq__text piece = dfq__text_in(t->heap);
  dfq__put_node(&piece, n);
  dfq__put_notes(&piece, n);
  dfq__putf(t, "  n%d [label=", n->id);
  dfq__put_json_string(t, piece.failed ? "" : piece.data);
  dfq__put(t, "];\n");
  t->failed = t->failed || piece.failed;
  dfq__text_free(&piece);
  for (int i = 0; i < 2 && n->in[i]; i++) {
    dfq__put_dot_node(t, n->in[i]);
    dfq__putf(t, "  n%d -> n%d;\n", n->in[i]->id, n->id);
  }
}

static bool dfq__explain_dot(dfq__text *t, dfq_frame *f) {
  dfq__run *run = dfq__explain_open(f, false);
  if (!run) return false;
  dfq__put(t, "digraph plan {\n  rankdir=BT;\n  node [shape=box, fontname=monospace];\n");
  dfq__put_dot_node(t, run->plan);
  dfq__put(t, "}\n");
  dfq__run_close(run);
  return true;
}

// Puts one form into t. False on error (dfq_error).
static bool dfq__explain_into(dfq__text *t, dfq_frame *f, dfq_explain_form form) {
  bool ok = false;
  switch (form) {
    case DFQ_EXPLAIN_BOTH: ok = dfq__explain_both(t, f); break;
    case DFQ_EXPLAIN_PLAIN: ok = dfq__explain_plan(t, f, true, ""); break;
    case DFQ_EXPLAIN_OPTIMIZED: ok = dfq__explain_plan(t, f, false, ""); break;
    case DFQ_EXPLAIN_ANALYZE: ok = dfq__explain_analyze(t, f); break;
    case DFQ_EXPLAIN_JOURNAL: ok = dfq__explain_journal(t, f, ""); break;
    case DFQ_EXPLAIN_DOT: ok = dfq__explain_dot(t, f); break;
    case DFQ_EXPLAIN_JSON: ok = dfq__explain_json(t, f); break;
  }
  if (!ok || !t->failed) return ok;
  dfq__report(f->db, &dfq__error_memory);
  return false;
}

DFQ_API bool dfq_explain_as(dfq_frame *frame, dfq_explain_form form, FILE *out) {
  if (!frame) return false;
  dfq__text t = dfq__text_in(frame->db->heap);
  bool ok = dfq__explain_into(&t, frame, form) && dfq__put_file(frame->db, &t, out);
  dfq__text_free(&t);
  return ok;
}

DFQ_API bool dfq_explain(dfq_frame *frame, FILE *out) {
  return dfq_explain_as(frame, DFQ_EXPLAIN_BOTH, out);
}

DFQ_API const char *dfq_explain_text(dfq_frame *frame, dfq_explain_form form) {
  if (!frame) return NULL;
  dfq__text t = dfq__text_in(frame->db->heap);
  bool ok = dfq__explain_into(&t, frame, form);
  const char *text = ok ? dfq__arena_text(&frame->db->arena, t.data, t.len) : NULL;
  if (ok && !text) dfq__report(frame->db, &dfq__error_memory);
  dfq__text_free(&t);
  return text;
}

// ---- >>equivalence: one query, many ways to run it ------------------------------------------
// Idea. The row engine without the optimizer is what a query means. Every other way of running
// it must give the same table, bit for bit: the batch engine, each rule on or off, batches of 1
// row and of 2,048, one thread and two. Where the meaning is an error, anything may happen,
// because a rule may remove an error; where it is a table, no run may fail.
//
//   reference   row engine, optimizer off
//   variants    optimizer off, on    batches of 1, 3, 64, 2048 rows on 1 and 2 threads
//               each rule off        row engine, batches of 3, batches of 2048 on 2 threads
//               small plans          every subset of the rules that move things
//
// What this finds in queries of ones own is a source that does not bring the same rows twice.
// In this file it has found most of what the rules above now refuse.

enum { DFQ__SMALL_PLAN = 12 };   // nodes

typedef struct dfq__check {
  dfq_frame *frame;
  dfq_table *want;         // NULL: the reference fails
  dfq__text report;
  const dfq__error *error; // of the first difference
  int runs;
} dfq__check;

// "batch engine, 3 rows a batch, 1 thread, optimizer on but for fold"
static void dfq__put_variant(dfq__text *t, const dfq_run_options *o) {
  dfq__run run;
  memset(&run, 0, sizeof run);
  run.options = *o;
  run.batch_rows = o->batch_rows ? o->batch_rows : 2048;
  dfq__put_settings(t, &run);
}

// Notes a difference; text is what differs.
static void dfq__check_differs(dfq__check *c, const dfq_run_options *o, const char *text) {
  dfq__text t = dfq__text_in(c->frame->db->heap);
  dfq__put_variant(&t, o);
  dfq__putf(&t, "  this and the row engine without the optimizer: %s\n", text);
  const char *all = t.failed ? text : t.data;
  dfq__put(&c->report, all);
  if (!c->error)
    c->error = dfq__error_new(&c->frame->db->arena, DFQ_VALUE_ERROR, NULL, "check_equivalent",
                              "%s", all);
  dfq__text_free(&t);
}

// Runs the frame in one more way. rules_off: all bits set turn the optimizer off.
static void dfq__check_variant(dfq__check *c, dfq_engine engine, size_t batch_rows, int threads,
                               uint32_t rules_off) {
  dfq *db = c->frame->db;
  dfq_frame f = *c->frame;
  char text[256] = "";
  f.run.engine = engine;
  f.run.batch_rows = batch_rows;
  f.run.threads = threads;
  f.run.rules_off = rules_off;
  f.run.no_optimize = rules_off == UINT32_MAX;
  dfq_table *got = dfq_collect(&f);
  c->runs++;
  if (!got && c->want) (void)snprintf(text, sizeof text, "it fails: %.200s", dfq_error(db));
  bool same = !c->want || (got && dfq_table_equal(got, c->want, text, sizeof text));
  if (!same) dfq__check_differs(c, &f.run, text);
  dfq_table_free(got);
}

// The batch engine in all sizes and thread counts.
static void dfq__check_sizes(dfq__check *c, uint32_t rules_off) {
  static const size_t sizes[] = { 1, 3, 64, 2048 };
  for (int i = 0; i < 4; i++)
    for (int threads = 1; threads <= 2; threads++)
      dfq__check_variant(c, DFQ_BATCH_ENGINE, sizes[i], threads, rules_off);
}

// Each rule off on its own; of a small plan, every subset of those that move nodes about.
static void dfq__check_rules(dfq__check *c, bool small) {
  static const dfq_rule movers[] = { DFQ_RULE_PUSH_FILTER, DFQ_RULE_OUTER, DFQ_RULE_MERGE,
                                     DFQ_RULE_PRUNE, DFQ_RULE_PUSH_LIMIT };
  for (int i = 0; i < DFQ_RULE_COUNT; i++) {
    uint32_t off = (uint32_t)1 << i;
    dfq__check_variant(c, DFQ_ROW_ENGINE, 0, 1, off);
    dfq__check_variant(c, DFQ_BATCH_ENGINE, 3, 1, off);
    dfq__check_variant(c, DFQ_BATCH_ENGINE, 2048, 2, off);
  }
  for (uint32_t subset = 1; small && subset < 32; subset++) {
    uint32_t off = 0;
    for (int i = 0; i < 5; i++)
      if (subset >> i & 1) off |= (uint32_t)1 << movers[i];
    dfq__check_variant(c, DFQ_BATCH_ENGINE, 64, 1, off);
  }
}

static int dfq__count_nodes(const dfq__node *n) {
  return n ? 1 + dfq__count_nodes(n->in[0]) + dfq__count_nodes(n->in[1]) : 0;
}

// Ends the check: prints the report, sets the context's error. Returns whether all is the same.
static bool dfq__check_done(dfq__check *c, FILE *report) {
  dfq *db = c->frame->db;
  bool same = !c->error;
  if (same && c->want) dfq__putf(&c->report, "%d ways, one result\n", c->runs);
  else if (same) dfq__putf(&c->report, "%d ways; the plan as written fails\n", c->runs);
  if (report && !dfq__put_file(db, &c->report, report)) same = false;
  if (c->error) dfq__report(db, c->error);
  dfq__text_free(&c->report);
  dfq_table_free(c->want);
  return same;
}

DFQ_API bool dfq_check_equivalent(dfq_frame *frame, FILE *report) {
  dfq__check c;
  if (!frame) return false;
  if (frame->error) { dfq__report(frame->db, frame->error); return false; }
  memset(&c, 0, sizeof c);
  c.frame = frame;
  c.report = dfq__text_in(frame->db->heap);
  dfq_frame reference = *frame;
  reference.run.engine = DFQ_ROW_ENGINE;
  reference.run.no_optimize = true;
  size_t mark = dfq_mark(frame->db);
  c.want = dfq_collect(&reference);
  dfq__check_sizes(&c, UINT32_MAX);
  dfq__check_sizes(&c, 0);
  dfq__check_variant(&c, DFQ_ROW_ENGINE, 0, 1, 0);
  dfq__check_rules(&c, dfq__count_nodes(frame->node) <= DFQ__SMALL_PLAN);
  bool same = dfq__check_done(&c, report);
  dfq_release(frame->db, mark);
  return same;
}

#endif // DFQ_CHAPTER >= 5
// =============================================================================================
// CHAPTER 6, STREAMING: files in and out
// =============================================================================================
#if DFQ_CHAPTER >= 6

// ---- >>csv-index: from bytes to separators, 64 at a time ------------------------------------
// Idea. A CSV file is cut in two steps. The first looks at every byte, but only to find where
// fields end: it writes down the positions of the separators, which are the delimiters and line
// ends that stand outside quotes. The second step, >>csv-types, reads the fields that somebody
// needs, and no others: field c of a row lies between two neighbours in that list.
//
//   text   i d , d a y \n 7 , M o n \n 8 , T u e \n
//   seps  -1   2       6    8       12   14      18      -1: the line end before the text
//   rows   1         3            5            7         where in seps each row begins
//
// 64 bytes become three masks of 64 bits: separators, line ends, and odd bytes (quotes, and
// what may begin a comment). As long as no odd byte turns up, a mask's bits are the positions.
// Else the bytes that mean something go through an exact machine, one by one:
//
//   outside ──quote at the start of a field──> quoted ──quote──> closed ──separator──> outside
//                                                 ^──another quote──┘
//
// A quote anywhere else in an unquoted field is text. What follows a closing quote must be
// another quote or a separator: anything else is an error, because each guess about it loses
// something. Cost: about 0.25 ns a byte, and 3 ns for each special byte where quotes are.
// (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019.) Larger engines compute
// which bytes lie inside quotes from the mask of quotes too, by a prefix of exclusive ors; that
// is exact only where a quote within an unquoted field is an error.

// The bytes that mean something. The line end does too, but nobody chooses it.
typedef struct dfq__csv_dialect {
  char delimiter, quote, comment;   // quote, comment: 0 for none
} dfq__csv_dialect;

// What 64 bytes hold. A delimiter is in sep; a line end in sep and end; a quote, or what may
// begin a comment, in odd.
typedef struct dfq__csv_masks {
  uint64_t sep, end, odd;   // bit i for byte i
} dfq__csv_masks;

// 8 bytes as a number whose lowest byte comes first, on every machine.
static inline uint64_t dfq__load_8(const char *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  v = __builtin_bswap64(v);
#endif
  return v;
}

// The same five steps twice: with 16 bytes in a register of SSE2, which every x86-64 has, so
// that nothing is asked at run time; and with 8 bytes in an ordinary word. A comparison leaves
// a mark in each byte that is the same; bits gathers the marks, the first byte's in the lowest
// bit.
#if defined(__SSE2__) && !defined(DFQ_NO_SIMD)
#include <emmintrin.h>
enum { DFQ__CSV_STEP = 16 };
typedef __m128i dfq__csv_word;
static inline dfq__csv_word dfq__csv_splat(char c) { return _mm_set1_epi8(c); }

static inline uint64_t dfq__csv_bits(dfq__csv_word x) {
  return (uint64_t)(unsigned)_mm_movemask_epi8(x);
}
static inline dfq__csv_word dfq__csv_load(const char *p) {
  return _mm_loadu_si128((const __m128i *)(const void *)p);
}
static inline dfq__csv_word dfq__csv_same(dfq__csv_word a, dfq__csv_word b) {
  return _mm_cmpeq_epi8(a, b);
}
static inline dfq__csv_word dfq__csv_or(dfq__csv_word a, dfq__csv_word b) {
  return _mm_or_si128(a, b);
}
#else
enum { DFQ__CSV_STEP = 8 };
typedef uint64_t dfq__csv_word;
static inline dfq__csv_word dfq__csv_splat(char c) {
  return 0x0101010101010101u * (uint64_t)(unsigned char)c;
}
// The top bit of each byte, gathered: the multiplication moves bit 8k to bit 56 + k.
static inline uint64_t dfq__csv_bits(dfq__csv_word x) {
  return (x >> 7) * 0x0102040810204080u >> 56;
}
static inline dfq__csv_word dfq__csv_load(const char *p) { return dfq__load_8(p); }
// The top bit set in each byte that is the same; exact, nothing carries from byte to byte.
static inline dfq__csv_word dfq__csv_same(dfq__csv_word a, dfq__csv_word b) {
  uint64_t low = 0x7F7F7F7F7F7F7F7Fu, x = a ^ b;
  return ~(((x & low) + low) | x | low);
}
static inline dfq__csv_word dfq__csv_or(dfq__csv_word a, dfq__csv_word b) { return a | b; }
#endif

// What to look for, one in every byte.
typedef struct dfq__csv_needles {
  dfq__csv_word delimiter, newline, quote, comment;
  uint64_t has_odd;   // all ones; 0 when there are neither quotes nor comments
} dfq__csv_needles;

// A byte that is not wanted must match nothing: the other odd one is looked for twice then.
static dfq__csv_needles dfq__csv_needles_of(const dfq__csv_dialect *d) {
  dfq__csv_needles n;
  n.delimiter = dfq__csv_splat(d->delimiter);
  n.newline = dfq__csv_splat('\n');
  n.quote = dfq__csv_splat(d->quote ? d->quote : d->comment);
  n.comment = dfq__csv_splat(d->comment ? d->comment : d->quote);
  n.has_odd = d->quote || d->comment ? ~(uint64_t)0 : 0;
  return n;
}

// Four comparisons for each word: about 50 instructions for 64 bytes, and no branch.
static inline dfq__csv_masks dfq__csv_look(const char *p, const dfq__csv_needles *n) {
  dfq__csv_masks m = { 0, 0, 0 };
  for (int k = 0; k < 64; k += DFQ__CSV_STEP) {
    dfq__csv_word x = dfq__csv_load(p + k), end = dfq__csv_same(x, n->newline);
    dfq__csv_word sep = dfq__csv_or(end, dfq__csv_same(x, n->delimiter));
    dfq__csv_word odd = dfq__csv_or(dfq__csv_same(x, n->quote), dfq__csv_same(x, n->comment));
    m.end |= dfq__csv_bits(end) << k;
    m.sep |= dfq__csv_bits(sep) << k;
    m.odd |= dfq__csv_bits(odd) << k;
  }
  m.odd &= n->has_odd;
  return m;
}

// How many bits are set: in pairs, fours, bytes, and all bytes added by one multiplication. The
// instruction for it came after SSE2, and the compiler's own replacement is slower than this.
static inline size_t dfq__count_bits(uint64_t x) {
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
  return (size_t)(x * 0x0101010101010101u >> 56);
}

// ---- >>csv-read: a file as whole rows in a buffer -------------------------------------------
// The buffer holds some whole rows, which are given out, and the beginning of one more. When
// the whole rows are used up, that beginning moves to the front and the file fills the rest:
//
//   text   | 64 bytes | row row row row | begin of a row | free |
//                      ^begin            ^              ^end
//
// The 64 bytes in front let a number be read backwards by whole words, and as many lie behind
// the end. A row longer than the buffer makes it grow, up to DFQ__CSV_LONGEST.
//
// What counts as a row: lines end with LF or CRLF, the last one with or without. A byte order
// mark and the lines to skip are passed over, so are comment lines and blank lines; but where
// there is a single column, a blank line is a row whose value is null (as in DuckDB), for it
// could not be written otherwise. Bytes are taken as they are: text that is not UTF-8, and zero
// bytes too, stay what they were.
//
// Problems are positions too: text behind a closing quote, a quote that is never closed, a row
// without end, a failed read. Each ends the reading where it stands; the rows before it are
// given out first. Why no mapping of the file instead: whoever truncates a mapped file ends the
// process.

// In bytes. The buffer fits the second-level cache together with its index and a batch; 128 KB
// to 512 KB are equally fast. Places in it are 32 bits wide, which the longest row leaves room
// for.
enum {
  DFQ__CSV_HEAD = 64,
  DFQ__CSV_BUFFER = 256 << 10,
  DFQ__CSV_LONGEST = 64 << 20,
  DFQ__CSV_STRIPE = 4096
};

// The machine's state, between two bytes. Where a field or a row begins it need not know: that
// is behind the latest separator.
typedef enum dfq__csv_mode {
  DFQ__CSV_OUTSIDE, DFQ__CSV_QUOTED, DFQ__CSV_CLOSED, DFQ__CSV_COMMENT
} dfq__csv_mode;

// What ended the reading before the file did.
typedef enum dfq__csv_problem {
  DFQ__CSV_FINE, DFQ__CSV_NO_MEMORY, DFQ__CSV_NO_FILE, DFQ__CSV_TOO_LONG, DFQ__CSV_OPEN_QUOTE,
  DFQ__CSV_AFTER_QUOTE
} dfq__csv_problem;

// What was read of a pipe when its scan was built. A pipe cannot be opened twice: its one run
// gets these bytes first, and then the open file.
typedef struct dfq__csv_tape {
  dfq__heap *heap;
  const dfq_io *io;
  void *file;
  dfq__buffer bytes;
  size_t len, runs;
} dfq__csv_tape;

// A file being read. Before the first row's separators stands one more, the line end before it,
// so that every field has a separator on both sides: rows[0] is 1, and seps[0] is begin - 1.
typedef struct dfq__csv_reader {
  dfq__heap *heap;
  const dfq_io *io;
  dfq__csv_tape *record;       // where to keep what is read; NULL: nowhere
  const dfq__csv_tape *replay; // what to read first
  size_t replayed;
  const char *path;
  void *file;
  dfq__csv_dialect dialect;
  dfq__buffer text, seps, rows;
  size_t begin, end;         // of text: where the first row begins, where the bytes end
  size_t indexed;            // up to here the separators are known
  size_t sep_count, row_count, row;   // whole rows, and the next one of them to be given out
  dfq__csv_mode mode;
  size_t opened, closed;     // the latest quotes
  uint64_t line;             // the number of the line at begin
  bool lines_in_quotes;      // a row may have several lines
  bool ended, done;          // nothing more comes from the file; all of it is indexed
  dfq__csv_problem problem;
  size_t problem_at;
  const char *why;           // of DFQ__CSV_NO_FILE
  int64_t size;              // of the file; -1: unknown
} dfq__csv_reader;

// The two arrays of the index. They move when they grow, so nobody keeps these pointers.
static uint32_t *dfq__csv_seps(const dfq__csv_reader *r) {
  return (uint32_t *)(void *)r->seps.data;
}
static uint32_t *dfq__csv_rows(const dfq__csv_reader *r) {
  return (uint32_t *)(void *)r->rows.data;
}

// Where the row at hand begins; behind the whole rows: the one that is not whole yet.
static size_t dfq__csv_row_start(const dfq__csv_reader *r, size_t row) {
  return dfq__csv_seps(r)[dfq__csv_rows(r)[row] - 1] + (size_t)1;
}

// Ends the reading, for good. What was whole before it is still given out. Returns false.
static bool dfq__csv_stop(dfq__csv_reader *r, dfq__csv_problem problem, size_t at) {
  r->problem = problem;
  r->problem_at = at;
  return false;
}

// Notes the separators among 64 bytes, and which rows they end. The k-th row that ends here has
// as many separators before it as sep has bits up to the k-th bit of end.
static inline void dfq__csv_note(dfq__csv_reader *r, size_t base, uint64_t sep, uint64_t end) {
  uint32_t *to = dfq__csv_seps(r) + r->sep_count, *row = dfq__csv_rows(r);
  for (; end; end &= end - 1)
    row[++r->row_count] = (uint32_t)(r->sep_count + dfq__count_bits(sep & (end ^ (end - 1))));
  r->sep_count += dfq__count_bits(sep);
  for (; sep; sep &= sep - 1) *to++ = (uint32_t)(base + (size_t)dfq__low_bit(sep));
}

// What may follow the closing quote: a separator, or a CR before the line end.
static bool dfq__csv_closes(const dfq__csv_reader *r, size_t at, bool ends) {
  const char *text = r->text.data;
  return at == r->closed + 1 || (ends && at == r->closed + 2 && text[at - 1] == '\r');
}

// The machine: one byte that may mean something. False for text behind a closing quote.
static bool dfq__csv_step(dfq__csv_reader *r, size_t at) {
  char c = r->text.data[at];
  bool quote = c == r->dialect.quote && c, ends = c == '\n';
  bool sep = ends || c == r->dialect.delimiter;
  bool first = at == dfq__csv_seps(r)[r->sep_count - 1] + (size_t)1;
  switch (r->mode) {
    case DFQ__CSV_OUTSIDE:   // anywhere but at a field's start, odd bytes are text
      if (sep) break;
      if (first && quote) {
        r->mode = DFQ__CSV_QUOTED;
        r->opened = at;
      } else if (first && dfq__csv_rows(r)[r->row_count] == r->sep_count) {
        r->mode = DFQ__CSV_COMMENT;
      }
      return true;
    case DFQ__CSV_QUOTED:    // separators are text
      if (ends) r->lines_in_quotes = true;
      if (!quote) return true;
      r->mode = DFQ__CSV_CLOSED;
      r->closed = at;
      return true;
    case DFQ__CSV_CLOSED:    // what was passed over since then was nothing special
      if (quote && at == r->closed + 1) {
        r->mode = DFQ__CSV_QUOTED;
        return true;
      }
      if (sep && dfq__csv_closes(r, at, ends)) break;
      return dfq__csv_stop(r, DFQ__CSV_AFTER_QUOTE, r->closed + 1);
    case DFQ__CSV_COMMENT:
      if (ends) break;
      return true;
  }
  r->mode = DFQ__CSV_OUTSIDE;
  dfq__csv_note(r, at, 1, ends);
  return true;
}

// Puts 64 bytes into the index: at once, as nearly always, or through the machine. False at
// text behind a closing quote.
static bool dfq__csv_take_masks(dfq__csv_reader *r, const dfq__csv_masks *m) {
  if (DFQ__LIKELY(!m->odd && r->mode == DFQ__CSV_OUTSIDE)) {
    dfq__csv_note(r, r->indexed, m->sep, m->end);
    return true;
  }
  for (uint64_t todo = m->sep | m->odd; todo; todo &= todo - 1)
    if (!dfq__csv_step(r, r->indexed + (size_t)dfq__low_bit(todo))) return false;
  return true;
}

// Indexes the bytes up to a place, where room for that many separators is. The last ones are
// looked at in a copy, because 64 are always read.
static bool dfq__csv_index_to(dfq__csv_reader *r, size_t to, const dfq__csv_needles *n) {
  for (; r->indexed + 64 <= to; r->indexed += 64) {
    dfq__csv_masks m = dfq__csv_look(r->text.data + r->indexed, n);
    if (!dfq__csv_take_masks(r, &m)) return false;
  }
  char last[64] = "";
  size_t count = to - r->indexed;
  if (!count) return true;
  memcpy(last, r->text.data + r->indexed, count);
  dfq__csv_masks m = dfq__csv_look(last, n);   // zeros behind the end mean nothing
  bool ok = dfq__csv_take_masks(r, &m);
  r->indexed = to;
  return ok;
}

// The arrays grow with what is really there, a stripe ahead: a row of 64 MB has few separators.
static bool dfq__csv_index(dfq__csv_reader *r) {
  dfq__csv_needles needles = dfq__csv_needles_of(&r->dialect);
  while (r->indexed < r->end) {
    size_t stripe = dfq__min(r->end - r->indexed, DFQ__CSV_STRIPE);
    size_t seps = r->sep_count + stripe, rows = r->row_count + stripe + 1;
    if (!dfq__buffer_reserve(r->heap, &r->seps, seps * sizeof(uint32_t)) ||
        !dfq__buffer_reserve(r->heap, &r->rows, rows * sizeof(uint32_t)))
      return dfq__csv_stop(r, DFQ__CSV_NO_MEMORY, 0);
    if (!dfq__csv_index_to(r, r->indexed + stripe, &needles)) return false;
  }
  return true;
}

// The line ends between two places, quoted ones too. Only for messages, and for files whose
// fields hold line ends: otherwise each row is one line.
static uint64_t dfq__csv_lines(const dfq__csv_reader *r, size_t from, size_t to) {
  const char *text = r->text.data, *at = text + from, *end = text + to;
  uint64_t n = 0;
  while ((at = (const char *)memchr(at, '\n', (size_t)(end - at))) != NULL) {
    n++;
    at++;
  }
  return n;
}

// Moves what is left behind the rows given out to the front, with the separators known in it.
// It is less than a row, so little is ever copied; only the first call may find the rows begin
// elsewhere than at the head, behind a byte order mark and skipped lines.
static void dfq__csv_forget(dfq__csv_reader *r) {
  uint32_t *sep = dfq__csv_seps(r), *row = dfq__csv_rows(r);
  size_t start = dfq__csv_row_start(r, r->row_count), gone = start - DFQ__CSV_HEAD;
  size_t first = row[r->row_count];
  r->line += r->lines_in_quotes ? dfq__csv_lines(r, r->begin, start) : r->row_count;
  memmove(r->text.data + DFQ__CSV_HEAD, r->text.data + start, r->end - start);
  r->begin = DFQ__CSV_HEAD;
  r->end -= gone;
  r->indexed -= gone;
  r->opened -= gone;
  r->closed -= gone;
  sep[0] = DFQ__CSV_HEAD - 1;
  for (size_t i = first; i < r->sep_count; i++) sep[i - first + 1] = (uint32_t)(sep[i] - gone);
  r->sep_count = r->sep_count - first + 1;
  row[0] = 1;
  r->row_count = r->row = 0;
}

// Bytes from the tape, then from the file; as the hook's read.
static int64_t dfq__csv_get(dfq__csv_reader *r, char *to, size_t room) {
  size_t taped = r->replay ? dfq__min(r->replay->len - r->replayed, room) : 0;
  if (taped) {
    memcpy(to, r->replay->bytes.data + r->replayed, taped);
    r->replayed += taped;
    return (int64_t)taped;
  }
  int64_t got = r->io->read(r->io->user, r->file, to, room);
  dfq__csv_tape *tape = r->record;
  if (!tape || got <= 0 || (uint64_t)got > room) return got;
  if (!dfq__buffer_reserve(tape->heap, &tape->bytes, tape->len + (size_t)got)) {
    dfq__csv_stop(r, DFQ__CSV_NO_MEMORY, 0);
    return 0;
  }
  memcpy(tape->bytes.data + tape->len, to, (size_t)got);
  tape->len += (size_t)got;
  return got;
}

// Puts more of the file behind what is there. Returns how many bytes; 0: the end, or a problem.
static size_t dfq__csv_more(dfq__csv_reader *r) {
  if (r->end == r->text.bytes) {
    size_t more = dfq__min(2 * r->text.bytes, (size_t)DFQ__CSV_LONGEST + DFQ__CSV_HEAD);
    if (r->text.bytes >= DFQ__CSV_LONGEST) dfq__csv_stop(r, DFQ__CSV_TOO_LONG, r->begin);
    else if (!dfq__buffer_reserve(r->heap, &r->text, more))
      dfq__csv_stop(r, DFQ__CSV_NO_MEMORY, 0);
    if (r->problem != DFQ__CSV_FINE) return 0;
  }
  size_t room = r->text.bytes - r->end;
  dfq__io_clear();
  int64_t got = dfq__csv_get(r, r->text.data + r->end, room);
  if (got < 0 || (uint64_t)got > room) {
    r->why = dfq__io_reason();
    dfq__csv_stop(r, DFQ__CSV_NO_FILE, 0);
    return 0;
  }
  r->ended = got == 0;
  r->end += (size_t)got;
  return (size_t)got;
}

// The end of the file: a last line without a line end gets one.
static void dfq__csv_finish(dfq__csv_reader *r) {
  r->done = true;
  if (r->mode == DFQ__CSV_QUOTED) dfq__csv_stop(r, DFQ__CSV_OPEN_QUOTE, r->opened);
  else if (dfq__csv_row_start(r, r->row_count) < r->end) {
    r->text.data[r->end++] = '\n';   // there is room: buffers are padded
    dfq__csv_index(r);
  }
}

// Brings at least one more whole row, when all rows were given out. False at the end of the
// file, or at a problem.
static bool dfq__csv_fill(dfq__csv_reader *r) {
  if (r->problem != DFQ__CSV_FINE) return false;
  dfq__csv_forget(r);
  while (r->row_count == 0 && r->problem == DFQ__CSV_FINE && !r->done) {
    if (r->ended) dfq__csv_finish(r);
    else if (dfq__csv_more(r)) dfq__csv_index(r);
  }
  return r->row_count > 0;
}

// Gives everything back. May come early, twice, and after a failed open.
static void dfq__csv_close(dfq__csv_reader *r) {
  if (r->file) r->io->close(r->io->user, r->file);
  r->file = NULL;
  dfq__buffer_free(r->heap, &r->text);
  dfq__buffer_free(r->heap, &r->seps);
  dfq__buffer_free(r->heap, &r->rows);
}

// Passes over lines, whatever is in them.
static void dfq__csv_skip(dfq__csv_reader *r, size_t lines) {
  while (lines && (r->begin < r->end || dfq__csv_more(r))) {
    const char *from = r->text.data + r->begin;
    const char *at = (const char *)memchr(from, '\n', r->end - r->begin);
    if (at) {
      r->begin += (size_t)(at - from) + 1;
      r->line++;
      lines--;
    } else {
      r->begin = r->end = DFQ__CSV_HEAD;
    }
  }
}

// Opens the file, passes over the byte order mark and the lines to skip. False with a problem.
static bool dfq__csv_open(dfq__csv_reader *r, size_t skip) {
  static const char mark[] = "\xEF\xBB\xBF";
  r->line = 1;
  r->begin = r->end = DFQ__CSV_HEAD;
  bool room = dfq__buffer_reserve(r->heap, &r->text, DFQ__CSV_HEAD + DFQ__CSV_BUFFER) &&
              dfq__buffer_reserve(r->heap, &r->seps, DFQ__CSV_STRIPE) &&
              dfq__buffer_reserve(r->heap, &r->rows, DFQ__CSV_STRIPE);
  if (!room) return dfq__csv_stop(r, DFQ__CSV_NO_MEMORY, 0);
  memset(r->text.data, 0, DFQ__CSV_HEAD);
  r->why = "no reason is known";
  if (!r->file) r->file = r->io->open(r->io->user, r->path, false, &r->why);
  if (!r->file) return dfq__csv_stop(r, DFQ__CSV_NO_FILE, 0);
  r->size = r->io->size ? r->io->size(r->io->user, r->file) : -1;
  if (r->size >= 0 || !r->io->size) r->record = NULL;   // a file, or not known to be a pipe
  while (r->end - r->begin < 3 && dfq__csv_more(r)) continue;
  if (r->end - r->begin >= 3 && memcmp(r->text.data + r->begin, mark, 3) == 0) r->begin += 3;
  dfq__csv_skip(r, skip);
  r->indexed = r->begin;
  dfq__csv_seps(r)[0] = (uint32_t)r->begin - 1;
  dfq__csv_rows(r)[0] = 1;
  r->sep_count = 1;
  if (r->problem == DFQ__CSV_FINE) dfq__csv_index(r);
  return r->problem == DFQ__CSV_FINE || r->row_count > 0;
}

// ---- >>csv-rows: what a row is, and errors that say where -----------------------------------
// An error names a place as editors do, orders.csv:5001:14: the line, then the byte within it,
// both counted from 1. While all goes well nobody counts lines: the reader knows the number of
// the buffer's first line, and the rest is counted when a place is asked for.
//
//   dfq: malformed data, orders.csv:5001:14, scan: column amount holds "abc", which is no i64
//     amount was taken for i64 from the first 1,000 rows
//     try: types (amount: str), or bad_values null or skip
//
// A message has three parts: where and what; why it is wrong; what to try.

// Writes orders.csv:5001:14 for a place in the buffer. begin is always the start of a line.
static void dfq__csv_put_place(dfq__text *t, const dfq__csv_reader *r, size_t at) {
  size_t from = at;
  while (from > r->begin && r->text.data[from - 1] != '\n') from--;
  uint64_t line = r->line + dfq__csv_lines(r, r->begin, at);
  dfq__putf(t, "%s:%llu:%zu", r->path, (unsigned long long)line, at - from + 1);
}

// "dfq: malformed data, orders.csv:5001:14, scan: "
static dfq__text dfq__csv_message(const dfq__csv_reader *r, dfq_status status, size_t at) {
  dfq__text t = dfq__text_in(r->heap);
  dfq__putf(&t, "dfq: %s, ", dfq_status_text(status));
  dfq__csv_put_place(&t, r, at);
  dfq__put(&t, ", scan: ");
  return t;
}

// A value as messages show it: in quotes, cut to 80 bytes, what cannot be seen as escapes.
static void dfq__csv_put_value(dfq__text *t, const char *s, size_t n) {
  size_t shown = dfq__min(n, 80);
  while (shown < n && shown > 77 && dfq__is_inner_byte(s[shown])) shown--;
  dfq__put_char(t, '"');
  for (size_t i = 0; i < shown; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '\n') dfq__put(t, "\\n");
    else if (c == '\t') dfq__put(t, "\\t");
    else if (c < 32 || c == 127) dfq__putf(t, "\\x%02x", c);
    else dfq__put_char(t, s[i]);
  }
  dfq__put(t, shown < n ? "...\"" : "\"");
}

// What helps where a quote is not meant as one: inches, or apostrophes of names.
static const char dfq__csv_try_quotes[] =
    "\n  try: quote '' (in C: .quote = '\\n'), where quotes are ordinary text";

// The error for what ended the reading; NULL when the file just came to its end.
static const dfq__error *dfq__csv_reader_error(const dfq__csv_reader *r, dfq__arena *arena,
                                               const char *at) {
  if (r->problem == DFQ__CSV_FINE) return NULL;
  if (r->problem == DFQ__CSV_NO_MEMORY) return &dfq__error_memory;
  if (r->problem == DFQ__CSV_NO_FILE)
    return dfq__error_new(arena, DFQ_IO_ERROR, at, "scan", "%s: %s", r->path, r->why);
  bool too_long = r->problem == DFQ__CSV_TOO_LONG;
  dfq_status status = too_long ? DFQ_LIMIT : DFQ_FORMAT_ERROR;
  dfq__text t = dfq__csv_message(r, status, r->problem_at);
  if (too_long)
    dfq__putf(&t, "the row that begins here is longer than %d MB", DFQ__CSV_LONGEST >> 20);
  else if (r->problem == DFQ__CSV_OPEN_QUOTE)
    dfq__put(&t, "the quote that opens here is never closed");
  else
    dfq__put(&t, "text behind the closing quote; a quote within quotes is written twice");
  if (too_long && r->mode == DFQ__CSV_QUOTED) {
    dfq__put(&t, "\n  the quote that opens at ");
    dfq__csv_put_place(&t, r, r->opened);
    dfq__put(&t, " is not closed before that");
  }
  if (!too_long || r->mode == DFQ__CSV_QUOTED) dfq__put(&t, dfq__csv_try_quotes);
  return dfq__error_from(arena, status, &t);
}

// How many fields a row has; its last separator is the line end.
static size_t dfq__csv_fields(const dfq__csv_reader *r, size_t row) {
  const uint32_t *rows = dfq__csv_rows(r);
  return rows[row + 1] - rows[row];
}

// The bytes of a field, the CR of a CRLF left out.
static const char *dfq__csv_field(const dfq__csv_reader *r, size_t row, size_t field,
                                  size_t *n) {
  const uint32_t *sep = dfq__csv_seps(r) + dfq__csv_rows(r)[row] + field;
  const char *from = r->text.data + sep[-1] + 1, *to = r->text.data + *sep;
  if (to > from && *to == '\n' && to[-1] == '\r') to--;
  *n = (size_t)(to - from);
  return from;
}

typedef enum dfq__csv_shape { DFQ__CSV_ROW, DFQ__CSV_NO_ROW, DFQ__CSV_RAGGED } dfq__csv_shape;

// What a line is: a row, nothing (a blank line, a comment), or a row of the wrong length.
// columns: 0 when any length will do. trailing: an empty field may follow the last column.
static dfq__csv_shape dfq__csv_shape_of(const dfq__csv_reader *r, size_t row, size_t columns,
                                        bool trailing) {
  size_t fields = dfq__csv_fields(r, row), n;
  char comment = r->dialect.comment;
  (void)dfq__csv_field(r, row, fields - 1, &n);
  if (comment && r->text.data[dfq__csv_row_start(r, row)] == comment) return DFQ__CSV_NO_ROW;
  if (fields == 1 && n == 0 && columns != 1) return DFQ__CSV_NO_ROW;
  if (fields == columns || !columns) return DFQ__CSV_ROW;
  return trailing && fields == columns + 1 && n == 0 ? DFQ__CSV_ROW : DFQ__CSV_RAGGED;
}

// The next row, as its number in the buffer. False at the end or a problem. Lines that are no
// rows are passed over.
static bool dfq__csv_next_row(dfq__csv_reader *r, size_t columns, bool trailing, size_t *row) {
  for (;;) {
    if (r->row == r->row_count && !dfq__csv_fill(r)) return false;
    *row = r->row++;
    if (dfq__csv_shape_of(r, *row, columns, trailing) != DFQ__CSV_NO_ROW) return true;
  }
}

// The error for a row of the wrong length, at the first field too many or the line's end.
static const dfq__error *dfq__csv_ragged(const dfq__csv_reader *r, dfq__arena *arena,
                                         size_t row, size_t columns) {
  size_t fields = dfq__csv_fields(r, row), n;
  bool many = fields > columns;   // points at the first field too many, else at the line's end
  const char *s = dfq__csv_field(r, row, many ? columns : fields - 1, &n);
  size_t at = (size_t)(s - r->text.data) + (many ? 0 : n);
  dfq__text t = dfq__csv_message(r, DFQ_FORMAT_ERROR, at);
  dfq__putf(&t, "this row has %zu field%s, but there %s %zu column%s", fields,
            fields == 1 ? "" : "s", columns == 1 ? "is" : "are", columns,
            columns == 1 ? "" : "s");
  size_t start = dfq__csv_row_start(r, row);
  dfq__put(&t, "\n  ");
  dfq__csv_put_value(&t, r->text.data + start, (size_t)(s - r->text.data) + n - start);
  dfq__put(&t, "\n  try: another delimiter; or ");
  dfq__put(&t, many ? "quotes around fields that hold it"
                    : "skip N, where lines before the header are no rows");
  return dfq__error_from(arena, DFQ_FORMAT_ERROR, &t);
}

// ---- >>csv-source: a file's schema and its options, resolved once ---------------------------
// What a field means depends on its column's type and on four questions, answered here:
//
//   field        in a str column    in any other column
//   (nothing)    null               null
//   ""           the empty text     null
//   NA           null, if the option nulls lists it; else text, or a bad value
//   "NA"         the text NA        the same as NA without quotes
//
// So quotes turn text into text, and nothing else: "12" is an i64 like 12. A value that does
// not fit its column's type is bad; whether that is an error, a null or the end of its row is
// an option.

// All of this is fixed when the frame is built: several runs may read it at once.
typedef struct dfq__csv_source {
  dfq__source head;
  const char *path;
  dfq_csv_options options;   // as given, texts copied
  dfq__csv_dialect dialect;
  dfq__names names;          // those of options.names
  dfq_value *null;           // the texts that mean null
  int null_count;
  bool odd[256];             // bytes that begin a field which no fast path takes
  bool *given;               // by column: its type is the user's, not the sample's
  bool trailing;             // an empty field stands behind the last column
  const char *header;        // the header's line, to notice when it changes
  size_t header_bytes;
  size_t sampled;            // rows that the types were taken from
  double rows;               // about how many there are; < 0: unknown
  dfq__csv_tape *tape;       // of a pipe; else NULL
} dfq__csv_source;

// What cannot be right about the options; NULL when all is well.
static const char *dfq__csv_dialect_problem(const dfq__csv_dialect *d) {
  if (d->delimiter == '\n' || d->delimiter == '\r') return "the delimiter is a line end";
  if (d->quote == '\r' || d->comment == '\r' || d->comment == '\n')
    return "a line end is no quote, and begins no comment";
  if (d->delimiter == d->quote || d->delimiter == d->comment ||
      (d->quote && d->quote == d->comment))
    return "delimiter, quote and comment must be three different bytes";
  return NULL;
}

// "NA, -": the texts between the commas, without blanks around them.
static bool dfq__csv_split_nulls(dfq__csv_source *s, dfq__arena *arena) {
  const char *at = s->options.nulls;
  size_t room = 1;
  for (const char *p = at; *p; p++) room += *p == ',';
  s->null = (dfq_value *)dfq__arena_array(arena, room, sizeof *s->null);
  if (!s->null) return false;
  for (;;) {
    at += strspn(at, " ");
    size_t len = strcspn(at, ","), n = len;
    while (n && at[n - 1] == ' ') n--;
    if (n) s->null[s->null_count++] = dfq__value_str(at, n);
    if (n) s->odd[(unsigned char)*at] = true;
    if (!at[len]) return true;
    at += len + 1;
  }
}

// names = NAME {"," NAME}, each once.
static bool dfq__csv_parse_names(dfq__csv_source *s, dfq__verb *v) {
  dfq__parser p = dfq__parser_of(v->db, s->options.names, strlen(s->options.names), v->name,
                                 v->at);
  do {
    if (s->names.count && !dfq__at_name(&p)) break;
    dfq__token t = p.now;
    const char *name = dfq__parse_name(&p, "a column's name");
    if (name && dfq__names_has(&s->names, name))
      dfq__parse_fail(&p, DFQ_USAGE, t.at, t.len, "two columns are called %s", name);
    if (name) dfq__names_add(&s->names, name);
  } while (!p.error && dfq__accept_symbol(&p, ","));
  dfq__expect_end(&p);
  if (p.error) v->error = p.error;
  return !p.error && !s->names.failed;
}

// Options are the caller's, and may be gone when the plan runs. Clears ok without memory.
static const char *dfq__csv_copy(dfq__arena *arena, const char *text, bool *ok) {
  const char *copy = text ? dfq__arena_text(arena, text, strlen(text)) : NULL;
  if (text && !copy) *ok = false;
  return copy;
}

// Makes a source of the call's arguments; nothing is read yet. NULL after an error.
static dfq__csv_source *dfq__csv_source_new(dfq__verb *v, const char *path,
                                            const dfq_csv_options *o) {
  dfq__arena *arena = &v->db->arena;
  dfq__csv_source *s = (dfq__csv_source *)dfq__arena_alloc(arena, sizeof *s);
  bool ok = s != NULL;
  if (!ok) return NULL;
  if (o) s->options = *o;
  s->path = dfq__csv_copy(arena, path, &ok);
  s->options.names = dfq__csv_copy(arena, s->options.names, &ok);
  s->options.types = dfq__csv_copy(arena, s->options.types, &ok);
  s->options.nulls = dfq__csv_copy(arena, s->options.nulls, &ok);
  if (!ok) return NULL;
  char quote = s->options.quote ? s->options.quote : '"';
  s->dialect.delimiter = s->options.delimiter ? s->options.delimiter : ',';
  s->dialect.quote = quote == '\n' ? 0 : quote;
  s->dialect.comment = s->options.comment;
  const char *problem = path && *path ? dfq__csv_dialect_problem(&s->dialect)
                                      : "no path is given";
  if (problem) {
    dfq__verb_error(v, DFQ_USAGE, "%s", problem);
    return NULL;
  }
  s->names.arena = arena;
  const char odd[4] = { s->dialect.delimiter, '\n', '\r', s->dialect.quote };
  for (int i = 0; i < 4; i++) s->odd[(unsigned char)odd[i]] = true;
  if (s->options.nulls && !dfq__csv_split_nulls(s, arena)) return NULL;
  return s->options.names && !dfq__csv_parse_names(s, v) ? NULL : s;
}

// types = NAME ":" type {"," NAME ":" type}: overrides what the sample said.
static bool dfq__csv_parse_types(dfq__csv_source *s, dfq_field *field, dfq__verb *v) {
  const char *text = s->options.types;
  dfq__parser p = dfq__parser_of(v->db, text, strlen(text), v->name, v->at);
  do {
    if (p.now.at && !dfq__at_name(&p)) break;
    dfq__token t = p.now;
    const char *name = dfq__parse_name(&p, "a column");
    dfq__expect_symbol(&p, ":");
    dfq_type type = dfq__parse_type(&p);
    int c = p.error ? -1 : dfq__schema_find(&s->head.schema, name);
    const char *near = c < 0 && name ? dfq__nearest_column(&s->head.schema, name) : NULL;
    if (c < 0)
      dfq__parse_fail(&p, DFQ_UNKNOWN_NAME, t.at, t.len, "%s has no column %s%s%s%s", s->path,
                      name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    else if (s->given[c])
      dfq__parse_fail(&p, DFQ_USAGE, t.at, t.len, "two types for column %s", name);
    if (p.error) break;
    field[c].type = type;
    field[c].why = NULL;
    s->given[c] = true;
  } while (dfq__accept_symbol(&p, ","));
  dfq__expect_end(&p);
  if (p.error) v->error = p.error;
  return !p.error;
}

// The optimizer asks this to find the smaller side of a join.
static double dfq__csv_source_rows(const dfq__source *s) {
  return ((const dfq__csv_source *)(const void *)s)->rows;
}

// Rows with bad values are left out whole: then every column must be read, and no filter may
// look at rows before that is known.
static bool dfq__csv_source_prunable(const dfq__source *s) {
  return ((const dfq__csv_source *)(const void *)s)->options.bad_values != DFQ_BAD_SKIP;
}

// Each of these writes what the pipeline's parser reads back: a scan printed and parsed again
// has the same options.
static void dfq__csv_put_option(dfq__text *t, const char *word, const char *s, size_t n) {
  dfq__putf(t, " %s ", word);
  dfq__put_quoted(t, s, n, '\'');
}

static void dfq__csv_put_columns(dfq__text *t, const dfq__csv_source *s, bool types) {
  const dfq_schema *schema = &s->head.schema;
  bool more = false;
  dfq__put(t, types ? " types (" : " names (");
  for (int c = 0; c < schema->count; c++) {
    if (types && !s->given[c]) continue;
    if (more) dfq__put(t, ", ");
    dfq__put_name(t, schema->field[c].name);
    if (types) dfq__putf(t, ": %s", dfq_type_name(schema->field[c].type));
    more = true;
  }
  dfq__put(t, ")");
}

// The path and the options as a pipeline has them.
static void dfq__csv_source_print(dfq__text *t, const dfq__source *source) {
  const dfq__csv_source *s = (const dfq__csv_source *)(const void *)source;
  const dfq_csv_options *o = &s->options;
  bool bare = *s->path != '#' && !strpbrk(s->path, " \t\r\n|,;()'\"");
  if (bare) dfq__put(t, s->path);
  else dfq__put_quoted(t, s->path, strlen(s->path), '\'');
  if (o->delimiter) dfq__csv_put_option(t, "delimiter", &o->delimiter, 1);
  if (o->quote) dfq__csv_put_option(t, "quote", &s->dialect.quote, s->dialect.quote ? 1 : 0);
  if (o->comment) dfq__csv_put_option(t, "comment", &o->comment, 1);
  if (o->nulls) dfq__csv_put_option(t, "nulls", o->nulls, strlen(o->nulls));
  if (o->no_header) dfq__put(t, " header false");
  if (o->skip) dfq__putf(t, " skip %zu", o->skip);
  if (o->infer_rows) dfq__putf(t, " infer %zu", o->infer_rows);
  if (o->names) dfq__csv_put_columns(t, s, false);
  if (o->types) dfq__csv_put_columns(t, s, true);
  if (o->bad_values != DFQ_BAD_ERROR)
    dfq__put(t, o->bad_values == DFQ_BAD_NULL ? " bad_values null" : " bad_values skip");
}

// ---- >>csv-types: fields into values, a loop for each type ----------------------------------
// One function reads one column of a batch. Its loop knows the type, takes the bounds of each
// field from the index, and tries one fast path; whatever that does not take (empty, quoted, a
// null word, an exponent, a bad value) goes to dfq__csv_odd, which is exact and slow. A fast
// path may refuse, but never differ: what it accepts, the slow one reads to the same bits.
//
//   ns per field:   str 2     i64 3     f64 8     date 9     what nobody asked for 0
//
// Eight digits become a number in three multiplications: neighbours are joined to pairs, pairs
// to fours, fours to eight (Lemire, "Number Parsing at a Gigabyte per Second", 2021). A float
// is its digits as an integer m and a count k of decimals. m / 10^k rounds right in one
// division when both are exact as doubles (Clinger 1990); with more digits, a division of
// integers keeps 62 bits and whether anything is left over, which is enough to round once.
//
//   "20240131"    2 0 2 4 0 1 3 1 ──> 20 24 01 31 ──> 2024 0131 ──> 20240131
//
// Loading backwards from a field's end puts its last digit into the highest byte, whatever its
// length is; the bytes before the field are shifted to zeros, which are leading zeros then.

// The last n bytes before end, 1 to 8 digits, as a number. False when one is no digit.
static inline bool dfq__csv_digits(const char *end, size_t n, uint64_t *to) {
  uint64_t v = (dfq__load_8(end - 8) ^ 0x3030303030303030u) & (~(uint64_t)0 << (64 - 8 * n));
  if ((v | (v + 0x0606060606060606u)) & 0xF0F0F0F0F0F0F0F0u) return false;
  uint64_t mask = 0x000000FF000000FFu;
  v = v * 10 + (v >> 8);
  *to = ((v & mask) * 0x000F424000000064u + ((v >> 16) & mask) * 0x0000271000000001u) >> 32;
  return true;
}

// Up to 16 digits without a leading zero.
static inline bool dfq__csv_get_i64(const char *a, const char *b, int64_t *to) {
  bool minus = *a == '-';
  a += minus;
  size_t n = (size_t)(b - a);
  uint64_t low, high = 0;
  if (n - 1 > 15 || (*a == '0' && n > 1)) return false;
  if (!dfq__csv_digits(b, dfq__min(n, 8), &low)) return false;
  if (n > 8 && !dfq__csv_digits(b - 8, n - 8, &high)) return false;
  int64_t v = (int64_t)(high * 100000000 + low);
  *to = minus ? -v : v;
  return true;
}

// Narrow integers are a matter of storage: read as wide ones, then checked.
static inline bool dfq__csv_get_i32(const char *a, const char *b, int32_t *to) {
  int64_t v;
  if (!dfq__csv_get_i64(a, b, &v) || v < INT32_MIN || v > INT32_MAX) return false;
  *to = (int32_t)v;
  return true;
}

#if defined(__SIZEOF_INT128__)
// m / 10^k, m > 0 and k <= 19, rounded once. Both are shifted up, so that the quotient has 63
// or 64 bits; a remainder goes into the lowest of them, far below the bit that decides the
// rounding.
static double dfq__csv_quotient(uint64_t m, size_t k) {
  __extension__ typedef unsigned __int128 dfq__u128;
  uint64_t d = (uint64_t)dfq__powers[k];
  int up = 63 - dfq__high_bit(m), down = 63 - dfq__high_bit(d);
  dfq__u128 over = (dfq__u128)(m << up) << 63;
  uint64_t q = (uint64_t)(over / (d << down));
  bool rest = (dfq__u128)q * (d << down) != over;
  return ldexp((double)(q | rest), down - up - 63);
}
#endif

// Up to 16 digits before end, behind those that make *m already. False when one is no digit.
static inline bool dfq__csv_append(const char *end, size_t n, uint64_t *m) {
  uint64_t low = 0, high = 0;
  if (n > 8 && !dfq__csv_digits(end - 8, n - 8, &high)) return false;
  if (n > 0 && !dfq__csv_digits(end, dfq__min(n, 8), &low)) return false;
  *m = *m * (uint64_t)dfq__powers[n] + high * 100000000 + low;
  return true;
}

// Digits with at most one point among them: 19 at most, 16 behind the point. The byte behind a
// field is no digit, unless the delimiter is one: then p runs past b, and the field is refused.
static inline bool dfq__csv_get_f64(const char *a, const char *b, double *to) {
  bool minus = *a == '-';
  const char *p = a += minus;
  uint64_t m = 0;
  size_t decimals = 0, digits = (size_t)(b - a);
  for (; dfq__is_digit(*p); p++) m = m * 10 + (uint64_t)(*p - '0');
  if (p < b && *p == '.') {
    decimals = (size_t)(b - p) - 1;
    digits--;
    if (decimals > 16 || !dfq__csv_append(b, decimals, &m)) return false;
  } else if (p != b) return false;
  if (digits - 1 > 18 || (*a == '0' && dfq__is_digit(a[1]))) return false;
  double v;
  if (m <= (uint64_t)1 << 53) v = (double)(int64_t)m / dfq__powers[decimals];
#if defined(__SIZEOF_INT128__)
  else v = dfq__csv_quotient(m, decimals);
#else
  else return false;
#endif
  *to = minus ? -v : v;
  return true;
}

// Ten bytes with two fixed signs among them: the exact reader is fast enough.
static inline bool dfq__csv_get_date(const char *a, const char *b, int32_t *to) {
  int64_t days;
  if (!dfq__read_date(a, (size_t)(b - a), &days)) return false;
  *to = (int32_t)days;
  return true;
}

static inline bool dfq__csv_get_datetime(const char *a, const char *b, int64_t *to) {
  return dfq__read_datetime(a, (size_t)(b - a), to);
}

// True and TRUE are words too, but they take the slow path.
static inline bool dfq__csv_get_bool(const char *a, const char *b, uint8_t *to) {
  size_t n = (size_t)(b - a);
  *to = n == 4;
  return n == 4 ? memcmp(a, "true", 4) == 0 : n == 5 && memcmp(a, "false", 5) == 0;
}

// A view into the buffer. Always 12 bytes are loaded, and those behind a short text are masked
// off: no branch on the length, no call of memcpy.
static inline bool dfq__csv_get_str(const char *a, const char *b, dfq_view *to) {
  static const uint8_t keep[24] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                    0 };
  size_t n = (size_t)(b - a);
  uint32_t prefix, prefix_mask;
  uint64_t rest = (uint64_t)(uintptr_t)a, rest_mask;
  memcpy(&prefix, a, 4);
  if (n <= DFQ__INLINE) {
    const uint8_t *mask = keep + DFQ__INLINE - n;
    memcpy(&rest, a + 4, 8);
    memcpy(&prefix_mask, mask, 4);
    memcpy(&rest_mask, mask + 4, 8);
    prefix &= prefix_mask;
    rest &= rest_mask;
  }
  to->len = (uint32_t)n;
  memcpy(to->prefix, &prefix, 4);
  to->tail.pointer = rest;
  return true;
}

// A duration as it is written, [-][DAYSd ]HH:MM:SS[.ffffff], or its microseconds.
static bool dfq__read_duration(const char *s, size_t n, int64_t *to) {
  if (dfq__read_i64(s, n, to)) return true;
  bool minus = n && *s == '-';
  const char *end = s + n, *clock = s + minus;
  const char *d = (const char *)memchr(clock, 'd', (size_t)(end - clock));
  int64_t days = 0, fraction;
  if (d && (d + 1 == end || d[1] != ' ')) return false;
  if (d && !dfq__read_i64(clock, (size_t)(d - clock), &days)) return false;
  if (d) clock = d + 2;
  if (end - clock < 8 || clock[2] != ':' || clock[5] != ':') return false;
  int h = dfq__read_digits(clock, 2), m = dfq__read_digits(clock + 3, 2);
  int sec = dfq__read_digits(clock + 6, 2);
  int took = dfq__read_fraction(clock + 8, (size_t)(end - clock) - 8, &fraction);
  if (h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 59 || took < 0) return false;
  if (clock + 8 + took != end || days < 0 || days > INT64_MAX / DFQ__DAY) return false;
  uint64_t u = (uint64_t)days * (uint64_t)DFQ__DAY +
               (uint64_t)(((int64_t)h * 3600 + m * 60 + sec) * DFQ__SECOND + fraction);
  if (u > (uint64_t)INT64_MAX + minus) return false;
  *to = minus ? (int64_t)(0 - u) : (int64_t)u;
  return true;
}

static bool dfq__csv_get_duration(const char *a, const char *b, int64_t *to) {
  return dfq__csv_get_i64(a, b, to) || dfq__read_duration(a, (size_t)(b - a), to);
}

// What a field holds, without its quotes. Whether it had any decides what an empty one means.
typedef struct dfq__csv_text {
  const char *s;
  size_t n;
  bool quoted;
} dfq__csv_text;

// Takes off the quotes; where some inside are doubled, the text is copied. s is NULL without
// memory.
static dfq__csv_text dfq__csv_unquote(const char *s, size_t n, char quote,
                                      dfq__arena *strings) {
  dfq__csv_text t = { s, n, false };
  if (!quote || n < 2 || *s != quote) return t;
  t.quoted = true;
  t.s = ++s;
  t.n = n -= 2;
  if (!memchr(s, quote, n)) return t;
  char *to = (char *)dfq__arena_alloc(strings, n + DFQ__INLINE);   // a view loads that much
  t.s = to;
  t.n = 0;
  for (size_t i = 0; to && i < n; i++) {
    to[t.n++] = s[i];
    if (s[i] == quote) i++;
  }
  return t;
}

// By the table at >>csv-source, for whatever is not a str in quotes.
static bool dfq__csv_is_null(const dfq__csv_source *s, const dfq__csv_text *t) {
  if (t->n == 0) return true;
  for (int i = 0; i < s->null_count; i++)
    if (s->null[i].len == t->n && memcmp(s->null[i].as.s, t->s, t->n) == 0) return true;
  return false;
}

// A number that is written as numbers are: 007 and +7 may be numbers, but would not be read
// back.
static bool dfq__csv_is_plain(const char *s, size_t n) {
  if (n && *s == '-') { s++; n--; }
  return n && *s != '+' && !(n > 1 && *s == '0' && dfq__is_digit(s[1]));
}

// The exact reader of any type.
static bool dfq__csv_read_value(dfq_type type, const dfq__csv_text *t, dfq_value *to) {
  if (type != DFQ_DURATION) return dfq__read_value(type, t->s, t->n, to);
  *to = dfq__value_int(type, 0);
  return dfq__read_duration(t->s, t->n, &to->as.i);
}

// The reading of a run: what the loops leave behind for the operator. They know nothing of
// plans and stages, so that they can be read, and tested, alone.
typedef struct dfq__csv_state {
  const dfq__csv_source *source;
  dfq__csv_reader reader;
  dfq__arena *strings, *errors;
  uint8_t *keep;             // by row of the batch: 0 once a bad value has dropped it
  bool dropped;
  uint64_t bad;              // values made null, or rows dropped
  dfq__text bad_places;      // the first of them
  const dfq__error *error;   // comes after the rows before it
  bool no_memory;
} dfq__csv_state;

// One column of a batch to be read, and how many nulls it turned out to hold: without any, the
// vector gets no validity at all.
typedef struct dfq__csv_cells {
  int column;
  dfq_type type;
  const uint32_t *sep; // the reader's, from the column's number on: the field of row i lies
  const uint32_t *at;        // ... between sep[at[i] - 1] and sep[at[i]]
  size_t n, nulls;
  void *data;
  uint8_t *valid;
} dfq__csv_cells;

// Where the type came from that a value does not fit: whoever reads it wants to change that.
static void dfq__csv_put_origin(dfq__text *t, const dfq__csv_source *s, const dfq_field *f,
                                bool given) {
  dfq__putf(t, "\n  %s was ", f->name);
  if (given) dfq__putf(t, "given as %s in types", dfq_type_name(f->type));
  else {
    dfq__putf(t, "taken for %s from the first ", dfq_type_name(f->type));
    if (s->sampled > 1) dfq__put_count(t, s->sampled);
    dfq__put(t, s->sampled == 1 ? "row" : " rows");
  }
}

// The error for a bad value: where, which column, the value, the type, its origin, the
// remedies.
static const dfq__error *dfq__csv_value_error(const dfq__csv_state *st, int column, size_t at,
                                              const dfq__csv_text *text) {
  const dfq_field *f = &st->source->head.schema.field[column];
  dfq__text t = dfq__csv_message(&st->reader, DFQ_FORMAT_ERROR, at);
  dfq__decimal d;
  dfq_value v;
  bool integer = f->type == DFQ_I32 || f->type == DFQ_I64;
  bool large = integer && dfq__scan_decimal(text->s, text->n, &d) && d.integer &&
               *text->s != '+';
  dfq__putf(&t, "column %s holds ", f->name);
  dfq__csv_put_value(&t, text->s, text->n);
  if (dfq__csv_read_value(f->type, text, &v))
    dfq__putf(&t, ", which %s would not keep as it is written", dfq_type_name(f->type));
  else
    dfq__putf(&t, ", which %s %s", large ? "does not fit in" : "is no", dfq_type_name(f->type));
  dfq__csv_put_origin(&t, st->source, f, st->source->given[column]);
  dfq__put(&t, "\n  try: types (");
  dfq__put_name(&t, f->name);
  dfq__put(&t, ": str), or bad_values null or skip");
  return dfq__error_from(st->errors, DFQ_FORMAT_ERROR, &t);
}

// A bad value, by the option. False when the rows end before it.
static bool dfq__csv_bad(dfq__csv_state *st, const dfq__csv_cells *c, size_t i, const char *at,
                         const dfq__csv_text *text) {
  size_t place = (size_t)(at - st->reader.text.data);
  dfq_bad_values how = st->source->options.bad_values;
  if (how == DFQ_BAD_ERROR) {
    st->error = dfq__csv_value_error(st, c->column, place, text);
    return false;
  }
  if (how == DFQ_BAD_SKIP && !st->keep[i]) return true;   // its row was counted before
  if (how == DFQ_BAD_SKIP) {
    st->keep[i] = 0;
    st->dropped = true;
  }
  if (++st->bad > 3) return true;   // the first few are enough to find the cause
  dfq__put(&st->bad_places, st->bad > 1 ? ", " : "");
  dfq__csv_put_place(&st->bad_places, &st->reader, place);
  dfq__put_char(&st->bad_places, ' ');
  dfq__csv_put_value(&st->bad_places, text->s, text->n);
  return true;
}

// A field that the fast path did not take. False when the rows end before it.
static bool dfq__csv_odd(dfq__csv_state *st, dfq__csv_cells *c, size_t i, const char *a,
                         const char *b) {
  const dfq__csv_source *s = st->source;
  dfq__csv_text t = dfq__csv_unquote(a, (size_t)(b - a), s->dialect.quote, st->strings);
  dfq_value v = dfq__value_null();
  if (!t.s) {
    st->no_memory = true;
    return false;
  }
  if (t.quoted && c->type == DFQ_STR) {   // the usual case: text is never null then
    c->valid[i] = 1;
    return dfq__csv_get_str(t.s, t.s + t.n, (dfq_view *)c->data + i);
  }
  if (!dfq__csv_is_null(s, &t)) {
    // 007 is refused where the sample took the column for a number: nobody asked for that.
    bool number = c->type == DFQ_I64 || c->type == DFQ_F64;
    bool good = dfq__csv_read_value(c->type, &t, &v);
    if (number && !s->given[c->column] && !dfq__csv_is_plain(t.s, t.n)) good = false;
    if (!good && !dfq__csv_bad(st, c, i, a, &t)) return false;
    if (!good) v = dfq__value_null();
  }
  c->valid[i] = v.type != DFQ_NULL;
  c->nulls += v.type == DFQ_NULL;
  dfq__cell_put(c->data, c->type, i, &v);
  return true;
}

// Reads the column; returns how many rows came out well.
#define DFQ__CSV_LOOP(name, TYPE, GET)                                                         \
  static size_t name(dfq__csv_state *st, dfq__csv_cells *c) {                                  \
    const char *text = st->reader.text.data;                                                   \
    const uint32_t *sep = c->sep, *at = c->at;                                                 \
    const bool *odd = st->source->odd;                                                         \
    TYPE *to = (TYPE *)c->data;                                                                \
    uint8_t *valid = c->valid;                                                                 \
    for (size_t i = 0, n = c->n; i < n; i++) {                                                 \
      const char *a = text + sep[at[i] - 1] + 1, *b = text + sep[at[i]];                       \
      if (*b == '\n' && b[-1] == '\r') b--;                                                    \
      if (DFQ__LIKELY(!odd[(unsigned char)*a] && GET(a, b, &to[i]))) valid[i] = 1;             \
      else if (!dfq__csv_odd(st, c, i, a, b)) return i;                                        \
    }                                                                                          \
    return c->n;                                                                               \
  }
DFQ__CSV_LOOP(dfq__csv_loop_bool, uint8_t, dfq__csv_get_bool)
DFQ__CSV_LOOP(dfq__csv_loop_i32, int32_t, dfq__csv_get_i32)
DFQ__CSV_LOOP(dfq__csv_loop_i64, int64_t, dfq__csv_get_i64)
DFQ__CSV_LOOP(dfq__csv_loop_f64, double, dfq__csv_get_f64)
DFQ__CSV_LOOP(dfq__csv_loop_str, dfq_view, dfq__csv_get_str)
DFQ__CSV_LOOP(dfq__csv_loop_date, int32_t, dfq__csv_get_date)
DFQ__CSV_LOOP(dfq__csv_loop_datetime, int64_t, dfq__csv_get_datetime)
DFQ__CSV_LOOP(dfq__csv_loop_duration, int64_t, dfq__csv_get_duration)
#undef DFQ__CSV_LOOP

// The one place that tells the types apart.
typedef size_t (*dfq__csv_loop)(dfq__csv_state *st, dfq__csv_cells *c);
static const dfq__csv_loop dfq__csv_loops[] = {   // in the order of the types
  NULL, dfq__csv_loop_bool, dfq__csv_loop_i32, dfq__csv_loop_i64, dfq__csv_loop_f64,
  dfq__csv_loop_str, dfq__csv_loop_date, dfq__csv_loop_datetime, dfq__csv_loop_duration
};

// ---- >>csv-infer: the sample decides --------------------------------------------------------
// Types are guessed from the first rows, once, when the frame is built; after that they are
// fixed. The ladder has five rungs, and a column gets the first one on which all of its values
// fit:
//
//   bool -> i64 -> f64 -> date -> datetime      str, when none will do
//
// A guess must not lose anything: what would not be read back as it was written is text (007,
// +1, an integer beyond i64, a number of more than 17 digits). For each rung the first value
// that does not fit is kept, so that "why is this str?" has an answer: orders.csv:317 holds
// "N/A". Quotes do not matter here. nan and inf make a column f64 only where there is a number
// as well; a column without any value is str. A row that is no row (ragged, an open quote) ends
// the sample: it is an error when a run gets there, and not before.

// i32 and duration are not on the ladder: nothing in a file says that a number is narrow, or
// that 10:00 is no time of day.
enum { DFQ__CSV_RUNGS = 5 };
static const dfq_type dfq__csv_ladder[] = { DFQ_BOOL, DFQ_I64, DFQ_F64, DFQ_DATE,
                                            DFQ_DATETIME };

// What the sample says of one column.
typedef struct dfq__csv_guess {
  size_t values, words;                // that are not null; nan and inf among them
  size_t fits[DFQ__CSV_RUNGS];
  const char *misfit[DFQ__CSV_RUNGS];  // orders.csv:317 holds "N/A": the first
} dfq__csv_guess;

// What reading the head of a file brings. It lives as long as dfq_scan_csv runs; what the
// source needs of it goes into the context's arena, all else into scratch.
typedef struct dfq__csv_sample {
  dfq__verb *verb;
  dfq__csv_source *source;
  dfq__csv_reader reader;
  dfq__arena scratch;
  const char **header;         // interned, "" for an empty one
  size_t header_fields;
  size_t fields, rows, bytes;  // of each sampled row; how many rows; their bytes
  bool last_empty, whole;      // every row's last field is empty; the sample is the whole file
  dfq__csv_guess *guess;
} dfq__csv_sample;

// A float that would be written again with the same digits, more or less: 0.10 is 0.1 then, but
// no digit that counts is lost.
static bool dfq__csv_fits_f64(const char *s, size_t n) {
  dfq__decimal d;
  double v;
  size_t m = n;
  if (!dfq__csv_is_plain(s, n) || !dfq__read_f64(s, n, &v)) return false;
  if (v - v != 0) return true;   // a word
  if (memchr(s, '.', n) && !memchr(s, 'e', n) && !memchr(s, 'E', n))
    while (s[m - 1] == '0') m--;   // 0.5000 has one digit that counts
  return dfq__scan_decimal(s, m, &d) && d.digits <= 17;
}

// Is the value one of that type, and nothing lost when it is kept as such?
static bool dfq__csv_fits(dfq_type type, const dfq__csv_text *t) {
  dfq_value v;
  if (type == DFQ_F64) return dfq__csv_fits_f64(t->s, t->n);
  if (type == DFQ_I64 && t->n == 2 && memcmp(t->s, "-0", 2) == 0) return false; // f64 keeps it
  return (type != DFQ_I64 || dfq__csv_is_plain(t->s, t->n)) &&
         dfq__read_value(type, t->s, t->n, &v);
}

// orders.csv:317 holds "N/A"
static const char *dfq__csv_misfit(dfq__csv_sample *m, size_t at, const dfq__csv_text *v) {
  const dfq__csv_reader *r = &m->reader;
  dfq__text t = dfq__text_in(r->heap);
  dfq__putf(&t, "%s:%llu holds ", r->path,
            (unsigned long long)(r->line + dfq__csv_lines(r, r->begin, at)));
  dfq__csv_put_value(&t, v->s, v->n);
  const char *text = t.failed ? NULL : dfq__arena_text(&m->scratch, t.data, t.len);
  dfq__text_free(&t);
  return text;
}

// Counts one value. False without memory.
static bool dfq__csv_weigh(dfq__csv_sample *m, dfq__csv_guess *g, size_t row, size_t field) {
  const dfq__csv_source *s = m->source;
  size_t n;
  const char *from = dfq__csv_field(&m->reader, row, field, &n);
  dfq__csv_text t = dfq__csv_unquote(from, n, s->dialect.quote, &m->scratch);
  if (!t.s) return false;
  if (dfq__csv_is_null(s, &t)) return true;   // says nothing about the type
  g->values++;
  double word;
  g->words += dfq__read_word_f64(t.s, t.n, &word);
  for (int i = 0; i < DFQ__CSV_RUNGS; i++) {
    bool fits = dfq__csv_fits(dfq__csv_ladder[i], &t);
    g->fits[i] += fits;
    if (fits || g->misfit[i]) continue;
    g->misfit[i] = dfq__csv_misfit(m, (size_t)(from - m->reader.text.data), &t);
    if (!g->misfit[i]) return false;
  }
  return true;
}

// Takes one row into the sample: 1 taken, 0 the sample ends before it, -1 without memory.
static int dfq__csv_sample_row(dfq__csv_sample *m, size_t row) {
  const dfq__csv_reader *r = &m->reader;
  size_t fields = dfq__csv_fields(r, row), n;
  if (!m->rows) {   // the first row says how many fields there are
    m->fields = fields;
    m->last_empty = true;
    m->guess = (dfq__csv_guess *)dfq__arena_array(&m->scratch, fields, sizeof *m->guess);
    if (!m->guess) return -1;
  }
  if (fields != m->fields) return 0;
  for (size_t c = 0; c < fields; c++)
    if (!dfq__csv_weigh(m, &m->guess[c], row, c)) return -1;
  (void)dfq__csv_field(r, row, fields - 1, &n);
  m->last_empty = m->last_empty && n == 0;
  m->rows++;
  m->bytes += dfq__csv_row_start(r, row + 1) - dfq__csv_row_start(r, row);
  return 1;
}

// The names in the header's row. False after an error.
static bool dfq__csv_take_header(dfq__csv_sample *m, size_t row) {
  dfq__csv_reader *r = &m->reader;
  dfq *db = m->verb->db;
  size_t start = dfq__csv_row_start(r, row), fields = dfq__csv_fields(r, row);
  m->source->header_bytes = dfq__csv_row_start(r, row + 1) - 1 - start;
  m->source->header = dfq__arena_text(&db->arena, r->text.data + start,
                                      m->source->header_bytes);
  m->header = (const char **)dfq__arena_array(&m->scratch, fields, sizeof *m->header);
  if (!m->source->header || !m->header) return false;
  for (size_t c = 0; c < fields; c++) {
    size_t n;
    const char *from = dfq__csv_field(r, row, c, &n);
    dfq__csv_text t = dfq__csv_unquote(from, n, r->dialect.quote, &m->scratch);
    if (t.s && memchr(t.s, 0, t.n)) {
      dfq__text e = dfq__csv_message(r, DFQ_FORMAT_ERROR, (size_t)(from - r->text.data));
      dfq__putf(&e, "the name of column %zu holds a zero byte", c + 1);
      m->verb->error = dfq__error_from(&db->arena, DFQ_FORMAT_ERROR, &e);
      return false;
    }
    m->header[c] = t.s ? dfq__intern_n(db, t.s, t.n) : NULL;
    if (!m->header[c]) return false;
  }
  m->header_fields = fields;
  return true;
}

// After reading: what must be reported now. What is only wrong with a row is left to the run.
static bool dfq__csv_sample_failed(dfq__csv_sample *m, bool even_rows) {
  dfq__csv_problem p = m->reader.problem;
  bool now = even_rows || p == DFQ__CSV_NO_FILE || p == DFQ__CSV_NO_MEMORY;
  if (p == DFQ__CSV_FINE || !now) return false;
  m->verb->error = dfq__csv_reader_error(&m->reader, &m->verb->db->arena, m->verb->at);
  return true;
}

// Reads header and sample. False after an error.
static bool dfq__csv_read_sample(dfq__csv_sample *m) {
  const dfq__csv_source *s = m->source;
  dfq__csv_reader *r = &m->reader;
  size_t row, most = s->options.infer_rows ? s->options.infer_rows : 1000;
  if (!dfq__csv_open(r, s->options.skip)) return !dfq__csv_sample_failed(m, true);
  if (!s->options.no_header) {
    if (dfq__csv_next_row(r, 0, false, &row) ? !dfq__csv_take_header(m, row)
                                             : dfq__csv_sample_failed(m, true)) return false;
  }
  // Whether a blank line is a row depends on the number of columns, which is known from here
  // on.
  size_t single = s->names.count ? s->names.count == 1 : m->header_fields == 1;
  int taken = 1;
  while (taken && m->rows < most && dfq__csv_next_row(r, single, false, &row)) {
    taken = dfq__csv_sample_row(m, row);
    if (taken < 0) return false;
  }
  m->whole = r->done && r->row == r->row_count && taken && r->problem == DFQ__CSV_FINE;
  if (dfq__csv_sample_failed(m, false)) return false;
  if (m->header_fields || m->rows || (s->names.count && s->options.no_header)) return true;
  dfq__verb_error(m->verb, DFQ_FORMAT_ERROR,
                  "%s is empty, it has no header to take names from\n"
                  "  try: names (a, b) header false, if it may be empty",
                  s->path);
  return false;
}

// How many columns there are, and whether an empty field follows the last one in every row, as
// in the tables of TPC-H. False after an error.
static bool dfq__csv_count_columns(dfq__csv_sample *m, size_t *columns) {
  dfq__csv_source *s = m->source;
  size_t named = (size_t)s->names.count, head = m->header_fields;
  size_t fields = m->rows ? m->fields : head;
  // The header may end with a delimiter, the rows may, or both. An empty last name alone proves
  // nothing: it is a column without a name as soon as one row has a value there.
  bool head_trails = head > 1 && !*m->header[head - 1];
  bool trails = m->rows ? m->last_empty : head_trails;
  bool drops = head_trails && (fields == head ? trails : fields + 1 == head);
  *columns = named ? named : head ? head - drops : fields - trails;
  s->trailing = (trails && fields == *columns + 1) || (head_trails && head == *columns + 1);
  if (!named || !fields || s->trailing || fields == named) return true;
  dfq__verb_error(m->verb, DFQ_USAGE, "names has %zu name%s, but there %s %zu column%s in %s",
                  named, named == 1 ? "" : "s", fields == 1 ? "is" : "are", fields,
                  fields == 1 ? "" : "s", s->path);
  return false;
}

// Is a name free for column c: no earlier one has it, and nothing in the header asks for it?
static bool dfq__csv_name_is_free(const dfq__csv_sample *m, const dfq_field *f, size_t c,
                                  const char *name) {
  for (size_t i = 0; i < c; i++)
    if (f[i].name == name) return false;
  for (size_t i = 0; i < m->header_fields; i++)
    if (m->header[i] == name) return false;
  return true;
}

// A name for a column that has none, or whose name an earlier one has: a_2, a_3, ...; column_7.
static const char *dfq__csv_new_name(const dfq__csv_sample *m, const dfq_field *f, size_t c,
                                     const char *base) {
  dfq *db = m->verb->db;
  const char *name = NULL;
  int k = 1;   // the how-manieth of its name this is: so the first try is mostly free
  for (size_t i = 0; i < c && *base; i++) k += i < m->header_fields && m->header[i] == base;
  for (; !name; k++) {
    dfq__text t = dfq__text_in(db->heap);
    if (*base) dfq__putf(&t, "%s_%d", base, k);
    else if (k == 1) dfq__putf(&t, "column_%zu", c + 1);
    else dfq__putf(&t, "column_%zu_%d", c + 1, k);
    name = t.failed ? NULL : dfq__intern_n(db, t.data, t.len);
    dfq__text_free(&t);
    if (!name) return NULL;
    if (!dfq__csv_name_is_free(m, f, c, name)) name = NULL;
  }
  return name;
}

enum { DFQ__CSV_NAMED = 20 };   // of renamed columns, one note each

// The names of all columns: given, the header's made unique, or numbers. False without memory.
static bool dfq__csv_name_columns(dfq__csv_sample *m, dfq_field *f, size_t columns) {
  const dfq__csv_source *s = m->source;
  size_t renamed = 0;
  for (size_t c = 0; c < columns; c++) {
    const char *name = c < m->header_fields ? m->header[c] : "";
    bool taken = false;
    for (size_t i = 0; i < c; i++) taken = taken || f[i].name == name;
    if (s->names.count) f[c].name = s->names.name[c];
    else f[c].name = *name && !taken ? name : dfq__csv_new_name(m, f, c, name);
    if (!f[c].name) return false;
    if (s->names.count || f[c].name == name || s->options.no_header) continue;
    if (++renamed > DFQ__CSV_NAMED) continue;
    if (*name)
      dfq__warn(m->verb->db, "%s: column %zu is called %s, because %s was taken", s->path,
                c + 1, f[c].name, name);
    else
      dfq__warn(m->verb->db, "%s: column %zu has no name and is called %s", s->path, c + 1,
                f[c].name);
  }
  if (renamed > DFQ__CSV_NAMED)
    dfq__warn(m->verb->db, "%s: %zu more columns were given names of their own", s->path,
              renamed - DFQ__CSV_NAMED);
  return true;
}

// "999 of 1,000 sampled rows are i64"
static void dfq__csv_put_share(dfq__text *t, const dfq__csv_sample *m, size_t count,
                               dfq_type type) {
  dfq__put_count(t, count);
  dfq__put(t, " of ");
  dfq__put_count(t, m->rows);
  dfq__putf(t, " sampled row%s %s %s", m->rows == 1 ? "" : "s", count == 1 ? "is" : "are",
            dfq_type_name(type));
}

// What decided a type: the first value that kept the column off the rung that fits most others.
static void dfq__csv_put_why(dfq__text *t, const dfq__csv_sample *m, const dfq__csv_guess *g,
                             int rung) {
  int near = -1;
  for (int i = 0; i < rung; i++)
    if (g->fits[i] && (near < 0 || g->fits[i] > g->fits[near])) near = i;
  if (rung == DFQ__CSV_RUNGS && near >= 0 && g->fits[near] < g->values - g->values / 2)
    near = -1;
  if (near >= 0 && g->fits[near] < g->values) {
    dfq__putf(t, "%s (", g->misfit[near]);
    dfq__csv_put_share(t, m, g->fits[near], dfq__csv_ladder[near]);
    dfq__put(t, ")");
  } else if (near >= 0) {
    dfq__putf(t, "%s, and no sampled row holds a number", g->misfit[0]);
  } else if (rung < DFQ__CSV_RUNGS) {
    dfq__csv_put_share(t, m, g->values, dfq__csv_ladder[rung]);
    if (g->values < m->rows) dfq__put(t, ", the others have no value");
  } else {
    dfq__put(t, g->misfit[0]);
  }
}

// A column's type, and why. g: NULL when there are no rows. False without memory.
static bool dfq__csv_decide(const dfq__csv_sample *m, const dfq__csv_guess *g, dfq_field *f) {
  int rung = 0;
  dfq__text t = dfq__text_in(m->reader.heap);
  for (; rung < DFQ__CSV_RUNGS && g; rung++) {
    bool only_words = dfq__csv_ladder[rung] == DFQ_F64 && g->words == g->values;
    if (g->fits[rung] == g->values && !only_words) break;
  }
  bool values = g && g->values;
  f->type = values && rung < DFQ__CSV_RUNGS ? dfq__csv_ladder[rung] : (dfq_type)DFQ_STR;
  if (values) dfq__csv_put_why(&t, m, g, rung);
  else if (m->rows) dfq__put(&t, "none of the sampled rows has a value");
  else dfq__put(&t, "there are no rows to look at");
  f->why = t.failed ? NULL : dfq__arena_text(&m->verb->db->arena, t.data, t.len);
  dfq__text_free(&t);
  return f->why != NULL;
}

// About how many rows there are: counted when the sample was the whole file, else by its size.
static double dfq__csv_estimate(const dfq__csv_sample *m) {
  if (m->whole) return (double)m->rows;
  if (m->reader.size < 0 || !m->rows) return -1;
  return (double)m->reader.size / ((double)m->bytes / (double)m->rows);
}

// Everything that is known about the file before it is read. False after an error.
static bool dfq__csv_resolve(dfq__csv_sample *m) {
  dfq__csv_source *s = m->source;
  dfq__arena *arena = &m->verb->db->arena;
  size_t columns;
  if (!dfq__csv_read_sample(m) || !dfq__csv_count_columns(m, &columns)) return false;
  dfq_field *f = (dfq_field *)dfq__arena_array(arena, columns + 1, sizeof *f);
  s->given = (bool *)dfq__arena_array(arena, columns + 1, sizeof *s->given);
  if (!f || !s->given || !dfq__csv_name_columns(m, f, columns)) return false;
  for (size_t c = 0; c < columns; c++)
    if (!dfq__csv_decide(m, m->rows && c < m->fields ? &m->guess[c] : NULL, &f[c]))
      return false;
  s->head.schema.count = (int)columns;
  s->head.schema.field = f;
  s->sampled = m->rows;
  s->rows = dfq__csv_estimate(m);
  return !s->options.types || dfq__csv_parse_types(s, f, m->verb);
}

// ---- >>csv-scan: rows out of the buffer, column by column -----------------------------------
// Idea. A batch is some rows of the buffer: for each, the place in the index where its
// separators begin. Conjuncts that the optimizer has put into the scan node are obeyed here,
// one after the other, and a column is read when the first of them needs it, for the rows that
// are left by then:
//
//   filter qty > 10 and flag = 'A'; select price         rows left
//     stage 0   read qty                  (2,048 values)    2,048
//               qty > 10                                      500
//     stage 1   read flag                   (500 values)
//               flag = 'A'                                     80
//     stage 2   read price                   (80 values)       80 -> out
//
// State: the columns needed, in the order of the stages; what is read is packed when rows drop
// out. A field that breaks its type ends the batch before its row: later stages see the rows
// before it only, so the error that is kept is always the first in the order of rows. Text is
// not copied: views point into the buffer, which stays as it is until the next batch.
//
// Cost: the index for every byte, a load for each row and column needed, then what >>csv-types
// says for each field that is read. Columns that nobody needs cost the index only: two of nine
// columns come out more than twice as fast as all of them.

typedef struct dfq__csv_scan {
  dfq__op head;
  dfq__csv_state state;
  bool opened;
  int *need; // the source's numbers of the columns needed, in the order of stages
  int *upto;                 // by stage: so many of them are read by its end
  int *place;                // by column that comes out: where in need it stands
  dfq_schema schema;         // of need
  dfq__bound **conjunct;
  dfq__batch all;            // what is read so far, of the rows that are left
  dfq__buffer *data, *packed[2];   // data and valid of each; packed is used in turns
  int turn;
  dfq__buffer at, mask, rows, keep;
  size_t first, rows_before; // of this batch: its first line in the buffer; rows before it
  uint64_t left;             // rows that may still come out
} dfq__csv_scan;

// The node's source is of this class, because its class brought this operator.
static const dfq__csv_source *dfq__csv_source_of(const dfq__op *op) {
  return (const dfq__csv_source *)(const void *)op->node->source;
}

// Adds a column that is not needed yet. Names are interned: the same name is the same pointer.
static void dfq__csv_need(dfq__csv_scan *s, dfq_field *field, int *needed, const char *name) {
  const dfq_schema *all = &s->head.node->source->schema;
  int column = dfq__schema_find(all, name);
  for (int i = 0; i < *needed; i++)
    if (s->need[i] == column) return;
  field[*needed] = all->field[column];
  s->need[(*needed)++] = column;
}

// Finds out which columns are read at which stage. False without memory.
static bool dfq__csv_plan_stages(dfq__csv_scan *s) {
  dfq__op *op = &s->head;
  const dfq__node *n = op->node;
  int stages = n->expr_count + 1, needed = 0;
  size_t columns = (size_t)n->source->schema.count;
  dfq_field *field = (dfq_field *)dfq__op_array(op, columns, sizeof *field);
  dfq__names names = { &op->run->own->arena, NULL, 0, 0, false };
  s->need = (int *)dfq__op_array(op, columns, sizeof *s->need);
  s->upto = (int *)dfq__op_array(op, (size_t)stages, sizeof *s->upto);
  s->place = (int *)dfq__op_array(op, (size_t)n->schema.count, sizeof *s->place);
  if (!field || !s->need || !s->upto || !s->place) return false;
  for (int i = 0; i < n->expr_count; i++) {
    dfq__names_of(&names, n->expr[i]);
    for (int k = 0; k < names.count; k++) dfq__csv_need(s, field, &needed, names.name[k]);
    s->upto[i] = needed;
  }
  for (int c = 0; c < n->schema.count; c++)
    dfq__csv_need(s, field, &needed, n->schema.field[c].name);
  s->upto[n->expr_count] = needed;
  s->schema.count = needed;
  s->schema.field = field;
  for (int c = 0; c < n->schema.count; c++)
    s->place[c] = dfq__schema_find(&s->schema, n->schema.field[c].name);
  return !names.failed;
}

// Open: plans the stages, makes the arrays, binds the conjuncts. The file is not touched yet.
static bool dfq__csv_scan_open(dfq__op *op) {
  dfq__csv_scan *s = (dfq__csv_scan *)op;
  const dfq__csv_source *source = dfq__csv_source_of(op);
  s->state.source = source;
  s->state.strings = &op->eval.strings;
  s->state.errors = &op->run->own->arena;
  s->state.bad_places = dfq__text_in(op->eval.heap);
  s->state.reader.heap = op->eval.heap;
  s->state.reader.io = &op->run->own->io;
  s->state.reader.path = source->path;
  s->state.reader.dialect = source->dialect;
  s->left = op->node->count < 0 ? UINT64_MAX : (uint64_t)op->node->count;
  if (!dfq__csv_plan_stages(s)) return false;
  size_t needed = (size_t)s->schema.count, n = (size_t)op->node->expr_count;
  s->conjunct = (dfq__bound **)dfq__op_array(op, n, sizeof *s->conjunct);
  s->all.column = (dfq__vec *)dfq__op_array(op, needed, sizeof(dfq__vec));
  s->data = (dfq__buffer *)dfq__op_array(op, 2 * needed, sizeof *s->data);
  for (int i = 0; i < 2; i++)
    s->packed[i] = (dfq__buffer *)dfq__op_array(op, 2 * needed, sizeof(dfq__buffer));
  if (!s->conjunct || !s->all.column || !s->data || !s->packed[0] || !s->packed[1])
    return false;
  for (size_t i = 0; i < n; i++) {
    s->conjunct[i] = dfq__op_bind(op, &s->schema, op->node->expr[i]);
    if (!s->conjunct[i]) return false;
  }
  return true;
}

// A plan refers to columns by their number from here on, so another header means another file.
// The bytes are compared, not the names: a new order or delimiter shows as well.
static void dfq__csv_compare_header(dfq__csv_scan *s, size_t row) {
  const dfq__csv_source *source = s->state.source;
  const dfq__csv_reader *r = &s->state.reader;
  size_t start = dfq__csv_row_start(r, row), n = dfq__csv_row_start(r, row + 1) - 1 - start;
  const char *now = r->text.data + start;
  if (n == source->header_bytes && memcmp(now, source->header, n) == 0) return;
  dfq__text t = dfq__csv_message(r, DFQ_FORMAT_ERROR, start);
  dfq__put(&t, "the header is not the one it was when the scan was built\n  it was ");
  dfq__csv_put_value(&t, source->header, source->header_bytes);
  dfq__put(&t, "\n  it is  ");
  dfq__csv_put_value(&t, now, n);
  s->state.error = dfq__error_from(s->state.errors, DFQ_FORMAT_ERROR, &t);
}

// Takes over a pipe for the one run that it allows. False with an error.
static bool dfq__csv_rewind(dfq__csv_scan *s) {
  dfq__csv_tape *tape = s->state.source->tape;
  dfq__csv_reader *r = &s->state.reader;
  if (dfq__add_fetch(&tape->runs, 1) == 1) {
    r->file = tape->file;
    r->replay = tape;
    tape->file = NULL;
    return true;
  }
  s->state.error = dfq__error_new(s->state.errors, DFQ_USAGE, s->head.node->at, "scan",
                                  "%s is a pipe, it can be read only once, and it was\n"
                                  "  try: dfq_collect, and scan the table", r->path);
  return false;
}

// Opens the file and reads its header, which must be the one that the schema was made of.
static void dfq__csv_start(dfq__csv_scan *s) {
  const dfq__csv_source *source = s->state.source;
  dfq__csv_reader *r = &s->state.reader;
  const char *at = s->head.node->at;
  size_t row = 0;
  s->opened = true;
  if (source->tape && !dfq__csv_rewind(s)) return;
  bool open = dfq__csv_open(r, source->options.skip);
  if (open && !source->header) return;
  if (open && dfq__csv_next_row(r, 0, false, &row)) {
    dfq__csv_compare_header(s, row);
    return;
  }
  s->state.error = dfq__csv_reader_error(r, s->state.errors, at);
  if (s->state.error) return;
  s->state.error = dfq__error_new(s->state.errors, DFQ_FORMAT_ERROR, at, "scan",
                                  "%s had a header when the scan was built, and is empty now",
                                  source->path);
}

// Takes the next lines of the buffer, at most n rows of them. Returns how many rows.
static size_t dfq__csv_take_lines(dfq__csv_scan *s, uint32_t *at, size_t n) {
  const dfq__csv_source *source = s->state.source;
  dfq__csv_reader *r = &s->state.reader;
  const uint32_t *rows = dfq__csv_rows(r);
  size_t k = 0, columns = (size_t)source->head.schema.count;
  bool simple = !source->dialect.comment;
  s->first = r->row;
  for (; k < n && r->row < r->row_count; r->row++) {
    // Nearly every line: as many fields as there are columns, nothing else to ask.
    if (!DFQ__LIKELY(simple && rows[r->row + 1] - rows[r->row] == columns)) {
      dfq__csv_shape shape = dfq__csv_shape_of(r, r->row, columns, source->trailing);
      if (shape == DFQ__CSV_NO_ROW) continue;
      if (shape == DFQ__CSV_RAGGED) {
        s->state.error = dfq__csv_ragged(r, s->state.errors, r->row, columns);
        break;
      }
    }
    at[k++] = rows[r->row];
  }
  return k;
}

// The next batch of rows, at most n. Returns how many; 0 at the end, or with an error.
static size_t dfq__csv_take(dfq__csv_scan *s, size_t n) {
  dfq__csv_reader *r = &s->state.reader;
  size_t taken = 0;
  while (!taken && !s->state.error) {
    if (r->row == r->row_count && !dfq__csv_fill(r)) {
      s->state.error = dfq__csv_reader_error(r, s->state.errors, s->head.node->at);
      return 0;
    }
    size_t room = dfq__min(n, r->row_count - r->row) * sizeof(uint32_t);
    uint32_t *at = (uint32_t *)dfq__veval_room(&s->head.eval, &s->at, room);
    if (!at) return 0;
    taken = dfq__csv_take_lines(s, at, room / sizeof *at);
  }
  return taken;
}

// Reads the k-th column needed, for the rows that are left. Returns how many came out well.
static size_t dfq__csv_read_column(dfq__csv_scan *s, int k, size_t n) {
  dfq__csv_state *st = &s->state;
  dfq__csv_cells c;
  memset(&c, 0, sizeof c);
  c.column = s->need[k];
  c.type = s->schema.field[k].type;
  c.sep = dfq__csv_seps(&st->reader) + c.column;
  c.at = (const uint32_t *)(const void *)s->at.data;
  c.n = n;
  c.data = dfq__veval_room(&s->head.eval, &s->data[2 * k], n * dfq__size_of(c.type));
  c.valid = (uint8_t *)dfq__veval_room(&s->head.eval, &s->data[2 * k + 1], n);
  if (!c.data || !c.valid) return 0;
  s->head.count->fields += n;
  n = dfq__csv_loops[dfq__kind(c.type)](st, &c);
  if (st->no_memory) s->head.eval.no_memory = true;
  dfq__vec v = { c.type, false, c.data, c.nulls ? c.valid : NULL };
  s->all.column[k] = v;
  return n;
}

// Keeps the rows whose numbers stand in s->rows.
static size_t dfq__csv_pack(dfq__csv_scan *s, size_t n, size_t kept) {
  const uint32_t *row = (const uint32_t *)(const void *)s->rows.data;
  uint32_t *at = (uint32_t *)(void *)s->at.data;
  if (kept == n) return n;
  for (size_t i = 0; i < kept; i++) at[i] = at[row[i]];   // in place: row[i] >= i
  s->turn = !s->turn;
  if (dfq__pack(s->head.eval.heap, s->packed[s->turn], &s->all, row, kept)) return kept;
  s->head.eval.no_memory = true;
  return 0;
}

// The error for a conjunct that fails at one of the rows left, with its number in the file.
static void dfq__csv_fail(dfq__csv_scan *s, const dfq__bound *conjunct, size_t failed) {
  dfq__op *op = &s->head;
  const dfq__csv_source *source = s->state.source;
  dfq__csv_reader *r = &s->state.reader;
  uint32_t at = ((const uint32_t *)(const void *)s->at.data)[failed];
  size_t number = s->rows_before, columns = (size_t)source->head.schema.count;
  // Blank lines and comments are no rows; what the row's number is, is counted on errors only.
  for (size_t row = s->first; dfq__csv_rows(r)[row] != at; row++)
    number += dfq__csv_shape_of(r, row, columns, source->trailing) == DFQ__CSV_ROW;
  // The evaluator of chapter 2 computes the row once more and makes the message.
  dfq__op_fail_row(op, &s->schema, conjunct, &s->all, failed, number);
  s->state.error = op->run->error;   // only once the rows before it are out
  op->run->error = NULL;
  op->failed = false;
}

// One stage: reads its columns and asks its conjunct, if any. Returns how many rows are left.
static size_t dfq__csv_stage(dfq__csv_scan *s, int stage, size_t n) {
  dfq__op *op = &s->head;
  bool skips = s->state.source->options.bad_values == DFQ_BAD_SKIP;
  if (skips) {
    s->state.keep = (uint8_t *)dfq__veval_room(&op->eval, &s->keep, n);
    if (s->state.keep) memset(s->state.keep, 1, n);
    s->state.dropped = false;
  }
  // A column that fails at a row cuts the batch there: the next ones read fewer rows.
  for (int k = stage ? s->upto[stage - 1] : 0; k < s->upto[stage] && !op->eval.no_memory; k++)
    n = dfq__csv_read_column(s, k, n);
  s->all.columns = s->upto[stage];
  s->all.rows = n;
  dfq__vec mask = { DFQ_BOOL, false, s->state.keep, NULL };
  size_t ok = n;
  if (op->eval.no_memory) return 0;
  if (s->state.dropped) {
    size_t kept = dfq__rows_where(&op->eval, &s->mask, &s->rows, &mask, n);
    n = ok = op->eval.no_memory ? 0 : dfq__csv_pack(s, n, kept);
  }
  if (stage == op->node->expr_count || op->eval.no_memory) return n;
  ok = dfq__eval_vec(&op->eval, s->conjunct[stage], &s->all, n, &mask);
  if (op->eval.no_memory) return 0;
  if (ok < n) dfq__csv_fail(s, s->conjunct[stage], ok);
  size_t kept = dfq__rows_where(&op->eval, &s->mask, &s->rows, &mask, ok);
  return op->eval.no_memory ? 0 : dfq__csv_pack(s, n, kept);
}

// Notes what the scan holds, for explain analyze.
static void dfq__csv_holds(dfq__csv_scan *s) {
  const dfq__csv_reader *r = &s->state.reader;
  size_t bytes = r->text.bytes + r->seps.bytes + r->rows.bytes;
  for (int i = 0; i < 2 * s->schema.count; i++)
    bytes += s->data[i].bytes + s->packed[0][i].bytes + s->packed[1][i].bytes;
  dfq__op_holds(&s->head, bytes);
}

// Next: takes rows and puts them through the stages, until a batch has some left. An error
// waits in state until the rows before it are out, and does not come at all when nobody wants
// more.
static dfq__event dfq__csv_scan_next(dfq__op *op) {
  dfq__csv_scan *s = (dfq__csv_scan *)op;
  bool all_stay = op->node->expr_count == 0 && dfq__csv_source_prunable(op->node->source);
  if (!s->opened) dfq__csv_start(s);
  while (s->left && !s->state.error) {
    dfq__arena_rewind(&op->eval.strings);
    size_t most = op->run->batch_rows;
    if (all_stay && most > s->left) most = (size_t)s->left;
    size_t taken = dfq__csv_take(s, most), n = taken;
    for (int i = 0; i <= op->node->expr_count && n; i++) n = dfq__csv_stage(s, i, n);
    if (op->eval.no_memory) return DFQ__ERROR;
    if (!taken && !s->state.error) return DFQ__END;
    s->rows_before += taken;
    // A filter may let nothing through for gigabytes: who wants to cancel must not wait for it.
    if (!n && dfq__cancelled(op->run)) return DFQ__ERROR;
    if (!n) continue;
    if (n > s->left) n = (size_t)s->left;
    s->left -= n;
    for (int c = 0; c < op->out.columns; c++) op->out.column[c] = s->all.column[s->place[c]];
    op->out.rows = n;
    dfq__csv_holds(s);
    return DFQ__BATCH;
  }
  if (!s->left || !s->state.error) return DFQ__END;
  dfq__run_error(op->run, s->state.error);
  return DFQ__ERROR;
}

// Close: says how many values were bad, and gives everything back.
static void dfq__csv_scan_close(dfq__op *op) {
  dfq__csv_scan *s = (dfq__csv_scan *)op;
  dfq__csv_state *st = &s->state;
  bool skipped = st->source->options.bad_values == DFQ_BAD_SKIP;
  if (st->bad) {   // counted and reported even where there is no memory for the places
    const char *what = skipped ? "row" : "bad value", *plural = st->bad == 1 ? "" : "s";
    const char *did = skipped ? "skipped for bad values" : "made null";
    dfq__warn(op->run->own, "%s: %llu %s%s %s%s%s%s", st->source->path,
              (unsigned long long)st->bad, what, plural, did, st->bad_places.failed ? "" : ": ",
              st->bad_places.failed ? "" : st->bad_places.data, st->bad > 3 ? ", ..." : "");
  }
  dfq__text_free(&st->bad_places);
  dfq__csv_close(&st->reader);
  dfq__bound_free(op, s->conjunct, op->node->expr_count);
  dfq__buffers_free(op->eval.heap, s->data, 2 * s->schema.count);
  for (int i = 0; i < 2; i++)
    dfq__buffers_free(op->eval.heap, s->packed[i], 2 * s->schema.count);
  dfq__buffer_free(op->eval.heap, &s->at);
  dfq__buffer_free(op->eval.heap, &s->mask);
  dfq__buffer_free(op->eval.heap, &s->rows);
  dfq__buffer_free(op->eval.heap, &s->keep);
}

static const dfq__op_class dfq__csv_scan_class = {
  sizeof(dfq__csv_scan), dfq__csv_scan_open, NULL, dfq__csv_scan_next, dfq__csv_scan_close, NULL
};

// ---- >>csv-frame: a file as a frame ---------------------------------------------------------
// Building the frame reads the file's head, and a run reads the file: they never meet, so a
// frame may be run again, by several threads at once, and after the file has grown.
//
//   dfq_scan_csv      open, header + sample, close       names, types, why; the header's bytes
//   each run          open, header the same? rows ...    from the first byte on
//
// A pipe is the exception. It cannot be opened twice, so what the sample has read is kept on a
// tape, with the open file, and the only run that there can be gets both.

static const dfq__source_class dfq__csv_source_class = {
  "csv", { &dfq__csv_scan_class, NULL, 0 }, true,
  dfq__csv_source_prunable, dfq__csv_source_rows, dfq__csv_source_print
};

// A pipe that no run has taken over is closed with the context's frames.
static void dfq__csv_tape_drop(void *what) {
  dfq__csv_tape *tape = (dfq__csv_tape *)what;
  if (tape->file) tape->io->close(tape->io->user, tape->file);
  dfq__buffer_free(tape->heap, &tape->bytes);
  tape->file = NULL;
}

// A tape that lives as long as the context's frames. NULL without memory.
static dfq__csv_tape *dfq__csv_tape_new(dfq *db) {
  dfq__csv_tape *tape = (dfq__csv_tape *)dfq__arena_alloc(&db->arena, sizeof *tape);
  if (!tape || !dfq__arena_on_release(&db->arena, dfq__csv_tape_drop, tape)) return NULL;
  tape->heap = db->heap;
  tape->io = &db->io;
  return tape;
}

// Reads header and sample, and closes the file again: the frame holds what was learnt of it.
DFQ_API dfq_frame *dfq_scan_csv_at(dfq *db, const char *path, const dfq_csv_options *options,
                                   const char *at) {
  if (!db) return NULL;
  dfq__csv_sample m;
  dfq__verb v = { db, NULL, "scan", NULL, NULL };
  bool ok = true;
  v.at = dfq__csv_copy(&db->arena, at, &ok);
  dfq__csv_source *s = ok ? dfq__csv_source_new(&v, path, options) : NULL;
  if (!s) return dfq__verb_failed(&v);
  memset(&m, 0, sizeof m);
  m.verb = &v;
  m.source = s;
  m.scratch.heap = m.reader.heap = db->heap;
  m.reader.io = &db->io;
  m.reader.path = s->path;
  m.reader.dialect = s->dialect;
  m.reader.record = dfq__csv_tape_new(db);
  s->head.is = &dfq__csv_source_class;
  ok = m.reader.record && dfq__csv_resolve(&m);
  if (ok && m.reader.record) {
    s->tape = m.reader.record;
    s->tape->file = m.reader.file;
    m.reader.file = NULL;
  }
  dfq__csv_close(&m.reader);
  dfq__arena_release(&m.scratch, 0);
  return ok ? dfq__scan_frame(db, &s->head, v.at) : dfq__verb_failed(&v);
}

// ---- >>csv-write: results into files --------------------------------------------------------
// A writer takes batches as they come, so that any result is written in the memory of one
// batch. What it writes reads back equal: nulls are empty fields and empty texts are "", floats
// have the fewest digits that give the same bits, text is quoted where it must be and nowhere
// else.
//
//   batches ──> text, 64 KB ──> FILE
//                           └─> orders.csv.4f1c...tmp ──close, rename──> orders.csv
//
// A file appears under its name only when all of it is there. Until then it has a name of its
// own in the same directory, and whatever goes wrong, that one is removed and the old file
// stays. Writing stops at the first failure: nothing more is pulled from the plan.
//
// What is special, byte by byte: a text goes into quotes when it holds the delimiter, a quote
// or a line end, when it is empty or the same as the text for null, and when it begins with a
// byte order mark, which would vanish from the start of a file. Numbers, dates and durations
// hold none of it.

enum { DFQ__WRITE_BYTES = 64 << 10 };

// A result on its way out: where to, in which form, and what is not written yet. CSV and JSON
// differ in three functions: what comes before the rows, a row, and what comes behind them.
typedef struct dfq__writer dfq__writer;
struct dfq__writer {
  dfq *db;
  dfq_frame *frame;
  const char *what;          // the verb, for messages
  const char *path;          // of the file to be; NULL for a FILE
  FILE *out;
  void *file;
  dfq__text text;            // not written yet
  char delimiter;
  const char *null;
  bool no_header;
  void (*begin)(dfq__writer *w);
  void (*row)(dfq__writer *w, const dfq_batch *batch, size_t row);
  void (*end)(dfq__writer *w);
  uint64_t rows;
  bool began, failed;
};

// Reports why writing failed. Returns false.
static bool dfq__writer_fail(dfq__writer *w, const char *why) {
  dfq__arena scratch = { w->db->heap, NULL, NULL };
  w->failed = true;
  dfq__report(w->db, dfq__error_new(&scratch, DFQ_IO_ERROR, NULL, w->what, "%s%s%s",
                                    w->path ? w->path : "", w->path ? ": " : "", why));
  dfq__arena_release(&scratch, 0);
  return false;
}

// To the user's FILE; its buffer may hide a failure until it is flushed.
static bool dfq__put_stream(FILE *out, const char *s, size_t n) {
  return fwrite(s, 1, n, out) == n;
}

// Writes what has gathered. False after a failure, which is reported.
static bool dfq__writer_flush(dfq__writer *w) {
  const dfq_io *io = &w->db->io;
  size_t done = 0;
  if (w->failed) return false;
  if (w->text.failed) {
    w->failed = true;
    dfq__report(w->db, &dfq__error_memory);
    return false;
  }
  while (done < w->text.len) {
    size_t rest = w->text.len - done;
    dfq__io_clear();
    int64_t n = -1;
    if (w->file) n = io->write(io->user, w->file, w->text.data + done, rest);
    else if (dfq__put_stream(w->out, w->text.data, rest)) n = (int64_t)rest;
    // A hook may take a part of it; taking nothing would go on forever.
    if (n <= 0 || (uint64_t)n > rest) return dfq__writer_fail(w, dfq__io_reason());
    done += (size_t)n;
  }
  w->text.len = 0;
  return true;
}

// One batch of the result. False stops the run: then nothing more is read or computed.
static bool dfq__writer_batch(void *user, const dfq_batch *batch) {
  dfq__writer *w = (dfq__writer *)user;
  if (!w->began) w->begin(w);   // not earlier: a run that fails at once prints nothing
  w->began = true;
  for (size_t i = 0; i < batch->rows; i++) {
    w->row(w, batch, i);
    w->rows++;
    if (w->text.len >= DFQ__WRITE_BYTES && !dfq__writer_flush(w)) return false;
  }
  return !w->text.failed;
}

// Runs the frame through the writer, in whichever engine the frame asks for. What is written is
// handed on when 64 KB have gathered, and at the end. False after an error, which is reported.
static bool dfq__writer_run(dfq__writer *w) {
  w->text = dfq__text_in(w->db->heap);
  bool ok = dfq_each_batch(w->frame, dfq__writer_batch, w) && !w->failed;
  if (ok && !w->began) w->begin(w);
  if (ok) w->end(w);
  ok = ok && dfq__writer_flush(w);
  dfq__text_free(&w->text);
  return ok;
}

// The same into a FILE, which is flushed, because some failures show only then.
static bool dfq__writer_print(dfq__writer *w) {
  if (!dfq__writer_run(w)) return false;
  dfq__io_clear();
  return fflush(w->out) == 0 || dfq__writer_fail(w, dfq__io_reason());
}

// Into a device or a pipe: as it comes, there is nothing to replace.
static bool dfq__writer_straight(dfq__writer *w) {
  const dfq_io *io = &w->db->io;
  const char *why = "no reason is known";
  w->file = io->open(io->user, w->path, true, &why);
  bool ok = w->file ? dfq__writer_run(w) : dfq__writer_fail(w, why);
  dfq__io_clear();
  bool closed = !w->file || io->close(io->user, w->file);
  return ok && !closed ? dfq__writer_fail(w, dfq__io_reason()) : ok;
}

enum { DFQ__PATH_ROOM = 4096 };

// The same into a file that gets its name at the end. A symbolic link stays one: the file that
// it leads to is replaced.
static bool dfq__writer_save(dfq__writer *w) {
  const dfq_io *io = &w->db->io;
  char target[DFQ__PATH_ROOM];
  dfq__text name = dfq__text_in(w->db->heap);
  if (io->target && !io->target(io->user, w->path, target, sizeof target))
    return dfq__writer_straight(w);
  const char *path = io->target ? target : w->path;
  // Two writers of one path, in one process or two, must not meet in the same temporary file.
  uint64_t salt = dfq__hash_word((uint64_t)(dfq__now() * 1e9),
                                 w->db->seed ^ (uint64_t)(uintptr_t)w);
  const char *why = "no reason is known";
  dfq__putf(&name, "%s.%016llx.tmp", path, (unsigned long long)salt);
  if (name.failed) {
    dfq__report(w->db, &dfq__error_memory);
    return false;
  }
  // From here on one of two things happens to the file of that name: it is renamed or removed.
  w->file = io->open(io->user, name.data, true, &why);
  bool ok = w->file ? dfq__writer_run(w) : dfq__writer_fail(w, why);
  dfq__io_clear();
  bool closed = !w->file || io->close(io->user, w->file);
  if (ok && !closed) ok = dfq__writer_fail(w, dfq__io_reason());
  dfq__io_clear();
  if (ok && !io->rename(io->user, name.data, path))
    ok = dfq__writer_fail(w, dfq__io_reason());
  if (!ok && w->file) io->remove(io->user, name.data);
  dfq__text_free(&name);
  return ok;
}

// A text as a field. In quotes: when it holds what means something in CSV, when it is empty or
// reads like a null, and when it would begin the file like a byte order mark.
static void dfq__put_csv_text(dfq__writer *w, const char *s, size_t n) {
  bool quotes = (n == strlen(w->null) && memcmp(s, w->null, n) == 0) || n == 0 ||
                (n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0);
  for (size_t i = 0; i < n && !quotes; i++)
    quotes = s[i] == w->delimiter || s[i] == '"' || s[i] == '\n' || s[i] == '\r';
  if (quotes) dfq__put_quoted(&w->text, s, n, '"');
  else dfq__put_n(&w->text, s, n);
}

// The header; it is quoted like any text, so that names with commas read back.
static void dfq__csv_begin(dfq__writer *w) {
  const dfq_schema *schema = dfq_schema_of(w->frame);
  if (w->no_header) return;
  for (int c = 0; c < schema->count; c++) {
    if (c) dfq__put_char(&w->text, w->delimiter);
    dfq__put_csv_text(w, schema->field[c].name, strlen(schema->field[c].name));
  }
  dfq__put_char(&w->text, '\n');
}

// One row. What is no text never holds a byte that needs quotes.
static void dfq__csv_row(dfq__writer *w, const dfq_batch *batch, size_t row) {
  char text[DFQ__NUMBER_TEXT];
  for (int c = 0; c < batch->columns; c++) {
    dfq_value v;
    dfq_batch_get(batch, row, c, &v);
    if (c) dfq__put_char(&w->text, w->delimiter);
    if (v.type == DFQ_NULL) dfq__put(&w->text, w->null);
    else if (v.type == DFQ_STR) dfq__put_csv_text(w, v.as.s, v.len);
    else dfq__put_n(&w->text, text, dfq__write_value(text, &v));
  }
  dfq__put_char(&w->text, '\n');
}

static void dfq__csv_end(dfq__writer *w) { (void)w; }

// Resolves the options. False after an error, which is reported: a null text that holds a
// delimiter could not be told from two fields.
static bool dfq__csv_writer(dfq__writer *w, dfq_frame *f, const char *what,
                            const dfq_csv_write_options *o) {
  memset(w, 0, sizeof *w);
  if (!f) return false;
  w->db = f->db;
  w->frame = f;
  w->what = what;
  w->delimiter = o && o->delimiter ? o->delimiter : ',';
  w->null = o && o->null ? o->null : "";
  w->no_header = o && o->no_header;
  w->begin = dfq__csv_begin;
  w->row = dfq__csv_row;
  w->end = dfq__csv_end;
  char bad[5] = { '"', '\n', '\r', w->delimiter, 0 };
  if (!strchr("\"\n\r", w->delimiter) && !strpbrk(w->null, bad)) return true;
  dfq__arena scratch = { w->db->heap, NULL, NULL };
  dfq__report(w->db, dfq__error_new(&scratch, DFQ_USAGE, NULL, what,
                                    "the delimiter must not be a quote or a line end, and null "
                                    "must hold none of the three"));
  dfq__arena_release(&scratch, 0);
  return false;
}

DFQ_API bool dfq_write_csv(dfq_frame *frame, const char *path,
                           const dfq_csv_write_options *options) {
  dfq__writer w;
  if (!dfq__csv_writer(&w, frame, "write_csv", options)) return false;
  w.path = path;
  return path && *path ? dfq__writer_save(&w) : dfq__writer_fail(&w, "no path is given");
}

DFQ_API bool dfq_print_csv(dfq_frame *frame, FILE *out, const dfq_csv_write_options *options) {
  dfq__writer w;
  if (!dfq__csv_writer(&w, frame, "print_csv", options)) return false;
  w.out = out;
  return dfq__writer_print(&w);
}

// ---- >>json-write: a result as an array of objects ------------------------------------------
// One object a row, one row a line. JSON has no NaN and no infinities: they are null, like
// nulls, so that a number stays a number for whoever reads it. Integers are written with all
// their digits, whatever a reader may make of those beyond 2^53. Dates and durations are texts.
// Bytes that are not UTF-8 become U+FFFD, one each, because JSON is UTF-8 and nothing else.

// Bare are the types that JSON has: true and false, and numbers.
static void dfq__put_json_value(dfq__text *t, const dfq_value *v) {
  char text[DFQ__NUMBER_TEXT];
  size_t n = dfq__write_value(text, v);
  bool bare = v->type == DFQ_BOOL || v->type == DFQ_I32 || v->type == DFQ_I64 ||
              v->type == DFQ_F64;
  if (v->type == DFQ_NULL || (v->type == DFQ_F64 && v->as.f - v->as.f != 0))
    dfq__put(t, "null");
  else if (v->type == DFQ_STR) dfq__put_json_utf8(t, v->as.s, v->len);
  else if (bare) dfq__put_n(t, text, n);
  else dfq__put_json_utf8(t, text, n);
}

static void dfq__json_begin(dfq__writer *w) { dfq__put_char(&w->text, '['); }

// The comma stands before each object but the first, because which one is the last is not
// known.
static void dfq__json_row(dfq__writer *w, const dfq_batch *batch, size_t row) {
  const dfq_schema *schema = dfq_schema_of(w->frame);
  dfq__put(&w->text, w->rows ? ",\n  {" : "\n  {");
  for (int c = 0; c < batch->columns; c++) {
    dfq_value v;
    dfq_batch_get(batch, row, c, &v);
    if (c) dfq__put(&w->text, ", ");
    dfq__put_json_utf8(&w->text, schema->field[c].name, strlen(schema->field[c].name));
    dfq__put(&w->text, ": ");
    dfq__put_json_value(&w->text, &v);
  }
  dfq__put_char(&w->text, '}');
}

static void dfq__json_end(dfq__writer *w) { dfq__put(&w->text, w->rows ? "\n]\n" : "]\n"); }

DFQ_API bool dfq_print_json(dfq_frame *frame, FILE *out) {
  dfq__writer w;
  if (!dfq__csv_writer(&w, frame, "print_json", NULL)) return false;
  w.begin = dfq__json_begin;
  w.row = dfq__json_row;
  w.end = dfq__json_end;
  w.out = out;
  return dfq__writer_print(&w);
}

// ---- >>pipeline: whole plans as text --------------------------------------------------------
// Idea. A pipeline is a plan written down: a source, then a stage for each verb. Its parser is
// the expression parser's lexer, one function per rule of the grammar, and the verbs
// themselves: what dfq_filter checks is checked here too, because it is dfq_filter that builds
// the node.
//
//   script   = { "let" NAME "=" pipeline ";" } pipeline [";"]
//   pipeline = ( "scan" PATH options | NAME | "(" pipeline ")" ) { "|" stage }
//   source   = "(" pipeline ")" | PATH options       a bare PATH that a let binds is that one
//
//   let big = scan orders.csv | filter amount > 100;        sort name
//   scan customers.csv                                        join semi on customer_id
//     | join big on customer_id semi                            scan customers.csv
//     | sort name                                               filter amount > 100
//                                                                 scan orders.csv
//
// The grammar is LL(1): what comes next is decided by one token, so that an error is found
// where it stands. Words are contextual: only those that expressions reserve (and, or, case,
// ...) need quotes when they are names. A path is no token at all; it is read from the text as
// it stands.
//
// Every error points into the pipeline's text. Expressions know their place in it, so that a
// type error found by a verb has its caret already; what has none gets one under its stage.

typedef struct dfq__let {
  struct dfq__let *next;
  const char *name;        // interned
  dfq_frame *frame;
} dfq__let;

// The parser's state: the tokens, the names bound so far, and the stage at hand.
typedef struct dfq__script {
  dfq__parser p;
  dfq__let *lets;
  const char *at;          // of the stage at hand: file:line of the call, line of the text
  size_t mark, mark_len;   // where a caret goes when an error has none of its own
} dfq__script;

// The words of one place in the grammar, NULL at the end.
typedef const char *const *dfq__words;

// The one of the words that stands here as a bare name; -1 when none does.
static int dfq__word_at(const dfq__parser *p, dfq__words words) {
  for (int i = 0; words[i]; i++)
    if (dfq__is_word(p, words[i])) return i;
  return -1;
}

// The word that the bare name at hand is spelt most like, NULL when it is like none, or is one.
static const char *dfq__nearest_word(const dfq__parser *p, dfq__words words) {
  char name[64] = "";
  const char *best = NULL;
  memcpy(name, p->text + p->now.at, dfq__min(p->now.len, sizeof name - 1));
  int distance = dfq__near_limit(name);
  for (int i = 0; words[i]; i++) dfq__nearer(name, words[i], &best, &distance);
  return best && distance ? best : NULL;
}

// "filter, select, with": for messages.
static void dfq__put_words(dfq__text *t, dfq__words words) {
  for (int i = 0; words[i]; i++) dfq__putf(t, "%s%s", i ? ", " : "", words[i]);
}

// The error for a word that is none of those that may stand here.
static void dfq__unknown_word(dfq__parser *p, const char *what, dfq__words words,
                              const char *near) {
  dfq__token t = p->now;
  dfq__text list = dfq__text_in(p->db->heap);
  dfq__put_words(&list, words);
  int n = (int)dfq__min(t.len, 40);
  if (near)
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "no %s called %.*s; did you mean %s?", what, n,
                    p->text + t.at, near);
  else
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "no %s called %.*s; there are %s", what, n,
                    p->text + t.at, list.failed ? "others" : list.data);
  dfq__text_free(&list);
}

// -- errors: what a verb says, with its place in the pipeline
//
// Verbs make their messages without knowing of pipelines. A message has a caret when it is
// about an expression; else, as for a file that is not there, one is put below its first line:
//
//   dfq: cannot read or write, scan: nosuch.csv: No such file or directory
//     scan nosuch.csv                                <- added here
//          ^^^^^^^^^^                                <- added here
//
// The first error ends the reading: the token at hand becomes the end of the text, so that
// every loop below stops by itself, and what a rule returns then is never looked at.

// Is there a line of carets in the message?
static bool dfq__has_caret(const char *message) {
  for (const char *line = message; line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (line[strspn(line, " \t")] == '^') return true;
  }
  return false;
}

// The same error with a caret under the script's mark.
static const dfq__error *dfq__with_caret(dfq__script *s, const dfq__error *e) {
  if (e == &dfq__error_memory || dfq__has_caret(e->message)) return e;
  dfq__text t = dfq__text_in(s->p.db->heap);
  size_t first = strcspn(e->message, "\n");
  dfq__put_n(&t, e->message, first);
  dfq__put_caret(&t, s->p.text, s->mark, s->mark_len);
  dfq__put(&t, e->message + first);
  return dfq__error_from(&s->p.db->arena, e->status, &t);
}

// Takes what a verb returned: its error becomes the script's, and reading ends.
static dfq_frame *dfq__script_take(dfq__script *s, dfq_frame *f) {
  if (!f->error || s->p.error) return f;
  s->p.error = dfq__with_caret(s, f->error);
  s->p.now = dfq__token_make(DFQ__T_END, s->p.size, s->p.size);
  return f;
}

// What a rule returns after an error: nobody looks into it, because the script has failed.
static dfq_frame *dfq__script_failed(dfq__script *s) {
  return dfq__frame_failed(s->p.db, s->p.error);
}

// Refuses a name that is no column of the frame, with a caret under it.
static void dfq__check_column(dfq__script *s, dfq_frame *in, const char *name, dfq__token t) {
  if (s->p.error || dfq__schema_find(&in->node->schema, name) >= 0) return;
  dfq__verb v = dfq__verb_on(in, s->p.where, s->at);
  dfq_expr *e = dfq__col_interned(s->p.db, name);
  if (e->kind == DFQ_FAILED) { s->p.error = e->error; return; }
  e->source = s->p.text;
  e->at = t.at;
  e->len = t.len;
  (void)dfq__verb_type(&v, e);
  dfq__script_take(s, dfq__verb_failed(&v));
}

// Begins a stage, or a source, at the token at hand: what its messages say and where they
// point.
static void dfq__begin(dfq__script *s, const char *where) {
  s->p.where = where;
  s->at = dfq__place_of(&s->p, s->p.now.at);
  s->mark = s->p.now.at;
  s->mark_len = s->p.now.len;
}

// ---- >>pipeline-scan: paths and their options -----------------------------------------------
//   options = { ("delimiter" | "quote" | "comment" | "nulls") STR | "header" BOOL
//             | ("skip" | "infer") COUNT | "names" "(" NAME {"," NAME} ")"
//             | "types" "(" NAME ":" type {"," NAME ":" type} ")"
//             | "bad_values" ("error" | "null" | "skip") }
//   PATH    = 'quoted' or a run without space | , ; ( ) ' "
//
// Options are words that stand only here, each at most once and in any order; they fill in the
// same struct that dfq_scan_csv takes, and what it checks is not checked again. Lists of
// columns are the exception: they are read here, so that a caret can point into them, and
// handed on as text.
//
// Strings know no escapes, but a tab is hard to type: delimiter '\t' means it. An empty quote,
// as in quote '', says that the file has none.

static const char *const dfq__scan_words[] = {
  "delimiter", "quote", "comment", "nulls", "header", "skip", "infer", "names", "types",
  "bad_values", NULL
};
enum { DFQ__O_DELIMITER, DFQ__O_QUOTE, DFQ__O_COMMENT, DFQ__O_NULLS, DFQ__O_HEADER, DFQ__O_SKIP,
       DFQ__O_INFER, DFQ__O_NAMES, DFQ__O_TYPES, DFQ__O_BAD_VALUES };

// What cannot stand in a path without quotes.
static const char *const dfq__path_ends = " \t\r\n|,;()'\"";

static const char *const dfq__bad_words[] = { "error", "null", "skip", NULL };

// Reads PATH where the latest token ended; the token at hand, lexed as if it were one, is
// dropped. Returns: its text, NULL after an error. *bare: it had no quotes, so that it may be a
// let's name.
static const char *dfq__parse_path(dfq__parser *p, bool *bare) {
  size_t from = dfq__skip_blank(p, p->last_end), to = from, n;
  if (p->error) return NULL;
  *bare = p->now.kind != DFQ__T_STR;
  if (!*bare) {
    const char *s = dfq__unquote(p, p->now, &n);
    if (!s) p->error = &dfq__error_memory;
    else if (n == 0 || strlen(s) != n) dfq__expected(p, "a path");
    else dfq__take(p);
    return p->error ? NULL : s;
  }
  to += strcspn(p->text + from, dfq__path_ends);
  if (to == from && p->now.kind == DFQ__T_QUOTED)
    dfq__parse_fail(p, DFQ_SYNTAX, from, p->now.len,
                    "a path stands in 'single quotes', or in none");
  else if (to == from) dfq__expected(p, "a path");
  if (p->error) return NULL;
  p->now = dfq__token_make(DFQ__T_NAME, from, to);
  dfq__take(p);
  const char *path = dfq__arena_text(&p->db->arena, p->text + from, to - from);
  if (!path) p->error = &dfq__error_memory;
  return path;
}

// STR. Returns: its text; NULL after an error.
static const char *dfq__parse_text(dfq__parser *p, const char *what) {
  size_t n = 0;
  if (p->now.kind != DFQ__T_STR) { dfq__expected(p, what); return NULL; }
  const char *s = dfq__unquote(p, p->now, &n);
  if (!s) p->error = &dfq__error_memory;
  else if (strlen(s) != n) dfq__expected(p, "a text without zero bytes");
  else dfq__take(p);
  return p->error ? NULL : s;
}

// STR of one byte; none is what an empty one stands for, if that may be. 0 after an error.
static char dfq__parse_char(dfq__parser *p, char none) {
  dfq__token t = p->now;
  const char *s = dfq__parse_text(p, "a sign in single quotes, as in ';'");
  if (!s) return 0;
  if (!*s && none) return none;
  if (strcmp(s, "\\t") == 0) return '\t';
  if (s[0] && !s[1] && s[0] != '\n' && s[0] != '\r') return s[0];
  dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "expected one sign of one byte, not %.*s",
                  (int)dfq__min(t.len, 40), p->text + t.at);
  return 0;
}

// COUNT = INT or a parameter that is one. Returns: -1 after an error.
static int64_t dfq__parse_count(dfq__parser *p, const char *what) {
  dfq__token t = p->now;
  if (t.kind != DFQ__T_INT && t.kind != DFQ__T_PARAM) { dfq__expected(p, what); return -1; }
  dfq_expr *e = t.kind == DFQ__T_INT ? dfq__parse_number(p, false) : dfq__parse_param(p);
  if (e->kind != DFQ_LITERAL && !p->error) p->error = &dfq__error_memory;
  if (p->error) return -1;
  if (e->value.type == DFQ_I64 && e->value.as.i >= 0) return e->value.as.i;
  dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "expected %s, but %.*s is not that", what,
                  (int)dfq__min(t.len, 40), p->text + t.at);
  return -1;
}

// The text from a place on to the end of the latest token, for verbs that take names as text.
static const char *dfq__text_since(dfq__parser *p, size_t from) {
  if (p->error) return NULL;
  const char *text = dfq__arena_text(&p->db->arena, p->text + from, p->last_end - from);
  if (!text) p->error = &dfq__error_memory;
  return text;
}

// "(" NAME [":" type] {"," ...} ")": checked here, and handed on as the text between them.
static const char *dfq__parse_columns_text(dfq__parser *p, bool typed) {
  dfq__expect_symbol(p, "(");
  size_t from = p->now.at;
  do {
    if (p->now.at > from && !dfq__at_name(p)) break;
    dfq__parse_name(p, "a column's name");
    if (typed) {
      dfq__expect_symbol(p, ":");
      dfq__parse_type(p);
    }
  } while (!p->error && dfq__accept_symbol(p, ","));
  const char *text = dfq__text_since(p, from);
  dfq__expect_symbol(p, ")");
  return text;
}

// BOOL
static bool dfq__parse_header(dfq__parser *p) {
  bool yes = dfq__accept_reserved(p, "true");
  if (!yes && !dfq__accept_reserved(p, "false")) dfq__expected(p, "true or false");
  return yes;
}

// The value of one option, whose word was taken already.
static void dfq__parse_option(dfq__parser *p, int option, dfq_csv_options *o) {
  int bad;
  switch (option) {
    case DFQ__O_DELIMITER: o->delimiter = dfq__parse_char(p, 0); return;
    case DFQ__O_QUOTE: o->quote = dfq__parse_char(p, '\n'); return;
    case DFQ__O_COMMENT: o->comment = dfq__parse_char(p, 0); return;
    case DFQ__O_NULLS: o->nulls = dfq__parse_text(p, "a text in quotes, as in 'NA'"); return;
    case DFQ__O_HEADER: o->no_header = !dfq__parse_header(p); return;
    case DFQ__O_SKIP: o->skip = (size_t)dfq__parse_count(p, "a number of lines"); return;
    case DFQ__O_INFER: o->infer_rows = (size_t)dfq__parse_count(p, "a number of rows"); return;
    case DFQ__O_NAMES: o->names = dfq__parse_columns_text(p, false); return;
    case DFQ__O_TYPES: o->types = dfq__parse_columns_text(p, true); return;
    case DFQ__O_BAD_VALUES:
      bad = dfq__word_at(p, dfq__bad_words);
      if (bad < 0) dfq__expected(p, "error, null or skip");
      else dfq__take(p);
      o->bad_values = bad == 1 ? DFQ_BAD_NULL : bad == 2 ? DFQ_BAD_SKIP : DFQ_BAD_ERROR;
      return;
  }
}

// options, in any order; seen: bit i for those that were there.
static void dfq__parse_options(dfq__parser *p, dfq_csv_options *o) {
  unsigned seen = 0;
  for (int i; !p->error && (i = dfq__word_at(p, dfq__scan_words)) >= 0; seen |= 1u << i) {
    if (seen >> i & 1)
      dfq__parse_fail(p, DFQ_SYNTAX, p->now.at, p->now.len, "%s stands twice",
                      dfq__scan_words[i]);
    dfq__take(p);
    if (!p->error) dfq__parse_option(p, i, o);
  }
}

// Returns: the frame that a let binds to the name, NULL when none does.
static dfq_frame *dfq__let_find(const dfq__script *s, const char *name) {
  for (dfq__let *l = s->lets; l; l = l->next)
    if (l->name == name) return l->frame;
  return NULL;
}

// The let whose name is spelt most like a bare path that names no file.
static const char *dfq__nearest_let(const dfq__script *s, const char *name) {
  const char *best = NULL;
  int distance = dfq__near_limit(name);
  for (dfq__let *l = s->lets; l; l = l->next) dfq__nearer(name, l->name, &best, &distance);
  return best;
}

// The scan of a path that was taken already: reads its options and opens the file.
static dfq_frame *dfq__parse_scan(dfq__script *s, const char *path, dfq__token place,
                                  bool bare) {
  dfq__parser *p = &s->p;
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  dfq__parse_options(p, &o);
  bool memory = strcmp(path, "table") == 0 || strcmp(path, "rows") == 0;
  if (memory && dfq__is_word(p, "of"))   // as plans print them
    dfq__parse_fail(p, DFQ_UNKNOWN_NAME, place.at, place.len,
                    "what is in memory has no name: text cannot scan it");
  if (p->error) return dfq__script_failed(s);
  s->mark = place.at;
  s->mark_len = place.len;
  dfq_frame *f = dfq_scan_csv_at(p->db, path, &o, s->at);
  bool missing = bare && f->error && f->error->status == DFQ_IO_ERROR;
  const char *near = missing ? dfq__nearest_let(s, path) : NULL;
  if (missing && strcmp(path, "scan") == 0)
    dfq__parse_fail(p, DFQ_SYNTAX, place.at, place.len,
                    "a pipeline stands in parentheses here: (scan ...)");
  else if (near)
    dfq__parse_fail(p, DFQ_UNKNOWN_NAME, place.at, place.len,
                    "no file and no pipeline called %s; did you mean %s?", path, near);
  return dfq__script_take(s, f);
}

// ---- >>pipeline-stages: a function for each stage -------------------------------------------
//   stage = "filter" expr | "select" items | "with" items | "drop" names | "distinct" [names]
//         | "rename" NAME "as" NAME {"," ...} | "group" [items] [":" items] ["sorted"]
//         | "sort" keys | "limit" COUNT ["offset" COUNT] | "offset" COUNT | "row_index" NAME
//         | "union" source | "join" source ["on" pairs] [type] joinoptions
//
// A function for each: called behind its word, it reads the rest of the stage and returns the
// frame that the verb makes of in. Where the grammar of a stage is that of a verb's text, the
// expression parser's functions read it. Every list may end with a comma; nothing but a bar, a
// parenthesis, a semicolon or the end may follow a stage, and that is checked in one place,
// dfq__expect_bar.
//
// The verbs check names and types as they build, so an error in the second stage is found
// before the third is read. Larger engines parse a whole statement first and resolve its names
// after that, because in SQL a name may be used before the place that says what it is; here it
// cannot.

// A level of parentheses is a few functions deep here, and a join deep in the plan.
enum { DFQ__MAX_PIPELINES = 200 };

static dfq_frame *dfq__parse_pipeline(dfq__script *s);

// "filter" expr
static dfq_frame *dfq__stage_filter(dfq__script *s, dfq_frame *in) {
  dfq_expr *e = dfq__parse_expr(&s->p, DFQ__L_OR);
  return s->p.error ? in : dfq_filter_expr_at(in, e, s->at);
}

// "select" items
static dfq_frame *dfq__stage_select(dfq__script *s, dfq_frame *in) {
  dfq__list l = { NULL, 0, 0 };
  dfq__parse_items(&s->p, &l);
  return s->p.error ? in : dfq_select_exprs_at(in, l.item, l.count, s->at);
}

// "with" items
static dfq_frame *dfq__stage_with(dfq__script *s, dfq_frame *in) {
  dfq__list l = { NULL, 0, 0 };
  dfq__parse_items(&s->p, &l);
  return s->p.error ? in : dfq_with_exprs_at(in, l.item, l.count, s->at);
}

// names = NAME {"," NAME} [","], or with pairs: NAME "as" NAME. The first names are columns of
// in.
static const char *dfq__parse_columns(dfq__script *s, dfq_frame *in, bool pairs) {
  dfq__parser *p = &s->p;
  size_t from = p->now.at;
  do {
    dfq__token t = p->now;
    if (t.at > from && !dfq__at_name(p)) break;
    const char *name = dfq__parse_name(p, "a column");
    if (name) dfq__check_column(s, in, name, t);
    if (pairs) {
      dfq__expect_reserved(p, "as");
      dfq__parse_name(p, "a new name");
    }
  } while (!p->error && dfq__accept_symbol(p, ","));
  return dfq__text_since(p, from);
}

// "drop" names
static dfq_frame *dfq__stage_drop(dfq__script *s, dfq_frame *in) {
  const char *names = dfq__parse_columns(s, in, false);
  return names ? dfq_drop_at(in, names, s->at) : in;
}

// "rename" NAME "as" NAME {"," NAME "as" NAME}
static dfq_frame *dfq__stage_rename(dfq__script *s, dfq_frame *in) {
  const char *pairs = dfq__parse_columns(s, in, true);
  return pairs ? dfq_rename_at(in, pairs, s->at) : in;
}

// "distinct" [names]: none are all
static dfq_frame *dfq__stage_distinct(dfq__script *s, dfq_frame *in) {
  const char *names = dfq__at_name(&s->p) ? dfq__parse_columns(s, in, false) : NULL;
  return s->p.error ? in : dfq_distinct_at(in, names, s->at);
}

// "group" [items] [":" items] ["sorted"]
static dfq_frame *dfq__stage_group(dfq__script *s, dfq_frame *in) {
  dfq__parser *p = &s->p;
  dfq__list keys = { NULL, 0, 0 }, aggregates = { NULL, 0, 0 };
  if (!dfq__is_symbol(p, ":")) dfq__parse_items(p, &keys);
  if (dfq__accept_symbol(p, ":")) dfq__parse_items(p, &aggregates);
  bool sorted = dfq__accept_word(p, "sorted");
  if (p->error) return in;
  dfq_group_spec spec = { keys.item, keys.count, aggregates.item, aggregates.count,
                          sorted ? DFQ_SORTED : DFQ_AUTO };
  return dfq_group_exprs_at(in, &spec, s->at);
}

// "sort" keys
static dfq_frame *dfq__stage_sort(dfq__script *s, dfq_frame *in) {
  dfq__keys keys = { NULL, 0, 0 };
  dfq__parse_keys(&s->p, &keys);
  return s->p.error ? in : dfq_sort_exprs_at(in, keys.key, keys.count, s->at);
}

// "limit" COUNT ["offset" COUNT]
static dfq_frame *dfq__stage_limit(dfq__script *s, dfq_frame *in) {
  int64_t count = dfq__parse_count(&s->p, "a number of rows"), offset = 0;
  if (dfq__accept_word(&s->p, "offset")) offset = dfq__parse_count(&s->p, "a number of rows");
  return s->p.error ? in : dfq_slice_at(in, offset, count, s->at);
}

// "offset" COUNT: all rows but the first ones
static dfq_frame *dfq__stage_offset(dfq__script *s, dfq_frame *in) {
  int64_t offset = dfq__parse_count(&s->p, "a number of rows");
  return s->p.error ? in : dfq_slice_at(in, offset, -1, s->at);
}

// "row_index" NAME
static dfq_frame *dfq__stage_row_index(dfq__script *s, dfq_frame *in) {
  const char *name = dfq__parse_name(&s->p, "a name for the new column");
  return name ? dfq_row_index_at(in, name, s->at) : in;
}

// "(" pipeline ")". The opening parenthesis was taken already.
static dfq_frame *dfq__parse_inner(dfq__script *s) {
  dfq_frame *f = dfq__parse_pipeline(s);
  if (!s->p.error && !dfq__accept_symbol(&s->p, ")")) dfq__expected(&s->p, "| or )");
  return f;
}

// PATH options: a file, or what a let binds when the path is bare and may be that.
static dfq_frame *dfq__parse_file(dfq__script *s, bool may_be_let) {
  dfq__parser *p = &s->p;
  dfq__token place = p->now;
  bool bare = false;
  const char *path = dfq__parse_path(p, &bare);
  const char *name = path ? dfq__intern(p->db, path) : NULL;
  if (!name) return dfq__script_failed(s);
  place.len = (uint32_t)(p->last_end - place.at);
  dfq_frame *f = bare && may_be_let ? dfq__let_find(s, name) : NULL;
  return f ? f : dfq__parse_scan(s, path, place, bare && may_be_let);
}

// NAME in double quotes, or where no path may stand: a let's.
static dfq_frame *dfq__parse_let_name(dfq__script *s) {
  dfq__parser *p = &s->p;
  dfq__token t = p->now;
  const char *name = dfq__parse_name(p, "scan, a name that a let binds, or (");
  dfq_frame *f = name ? dfq__let_find(s, name) : NULL;
  const char *near = name && !f ? dfq__nearest_let(s, name) : NULL;
  if (near)
    dfq__parse_fail(p, DFQ_UNKNOWN_NAME, t.at, t.len, "no let binds %s; did you mean %s?", name,
                    near);
  else if (name && !f)
    dfq__parse_fail(p, DFQ_UNKNOWN_NAME, t.at, t.len,
                    "no let binds %s; a file is read by scan %.*s", name,
                    (int)strcspn(p->text + t.at, dfq__path_ends), p->text + t.at);
  return f ? f : dfq__script_failed(s);
}

// source = "(" pipeline ")" | PATH options
static dfq_frame *dfq__parse_source(dfq__script *s) {
  if (dfq__accept_symbol(&s->p, "(")) return dfq__parse_inner(s);
  dfq__begin(s, "scan");
  return s->p.now.kind == DFQ__T_QUOTED ? dfq__parse_let_name(s) : dfq__parse_file(s, true);
}

// A source inside a stage, whose own place comes back afterwards.
static dfq_frame *dfq__parse_other(dfq__script *s) {
  dfq__script stage = *s;
  dfq_frame *f = dfq__parse_source(s);
  s->p.where = stage.p.where;
  s->at = stage.at;
  s->mark = stage.mark;
  s->mark_len = stage.mark_len;
  return f;
}

// Words that could have stood where something else does, and what they are called.
typedef struct dfq__choice {
  const char *what;
  dfq__words words;
} dfq__choice;

static const dfq__choice dfq__join_choice = { "join type", dfq__join_names };
static const dfq__choice dfq__scan_choice = { "option", dfq__scan_words };

// The error for what cannot stand behind a stage or a source. first, second: what could, or
// NULL.
static void dfq__expect_bar(dfq__parser *p, const dfq__choice *first,
                            const dfq__choice *second) {
  bool end = p->now.kind == DFQ__T_END || dfq__is_symbol(p, "|") || dfq__is_symbol(p, ")") ||
             dfq__is_symbol(p, ";");
  dfq__token t = p->now;
  const dfq__choice *choice[] = { first, second };
  for (int i = 0; i < 2 && !p->error && t.kind == DFQ__T_NAME; i++) {
    const char *near = choice[i] ? dfq__nearest_word(p, choice[i]->words) : NULL;
    if (near) dfq__unknown_word(p, choice[i]->what, choice[i]->words, near);
  }
  if (p->error || end) return;
  if (dfq__is_symbol(p, "||"))
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len,
                    "write or for a choice; a single | separates the stages");
  else if (dfq__is_symbol(p, "&&") || dfq__is_symbol(p, "&"))
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "write and");
  else dfq__expected(p, "| and a stage, or the end");
}

// "union" source
static dfq_frame *dfq__stage_union(dfq__script *s, dfq_frame *in) {
  dfq_frame *other = dfq__parse_other(s);
  dfq__expect_bar(&s->p, &dfq__scan_choice, NULL);
  return s->p.error ? in : dfq_union_at(in, other, s->at);
}

// joinoptions = { "suffix" STR | "nulls_equal" | "sorted" }
static void dfq__parse_join_options(dfq__parser *p, dfq_join_options *how) {
  int type = dfq__word_at(p, dfq__join_names);
  how->type = type < 0 ? DFQ_INNER : (dfq_join_type)type;
  if (type >= 0) dfq__take(p);
  while (!p->error) {
    if (dfq__accept_word(p, "nulls_equal")) how->nulls_equal = true;
    else if (dfq__accept_word(p, "sorted")) how->strategy = DFQ_SORTED;
    else if (dfq__accept_word(p, "suffix"))
      how->suffix = dfq__parse_text(p, "a text in single quotes, as in '_right'");
    else break;
  }
  if (dfq__is_word(p, "on"))
    dfq__parse_fail(p, DFQ_SYNTAX, p->now.at, p->now.len,
                    "on stands before the join's type: join x on key left");
}

// Looks up the keys from a place on once more, each by its own place: before = in the left
// frame.
static void dfq__check_keys(dfq__script *s, size_t from, dfq_frame *left, dfq_frame *right) {
  dfq__parser q = s->p;
  q.now = dfq__lex(&q, from);
  while (!s->p.error && q.now.at < s->p.last_end) {
    dfq__token t = q.now;
    const char *name = dfq__parse_name(&q, "a key");
    if (name) dfq__check_column(s, left, name, t);
    if (name && (dfq__accept_symbol(&q, "=") || dfq__accept_symbol(&q, "=="))) {
      t = q.now;
      name = dfq__parse_name(&q, "a key");
    }
    if (name) dfq__check_column(s, right, name, t);
    if (!name || !dfq__accept_symbol(&q, ",")) return;
  }
}

// "join" source ["on" pairs] [type] joinoptions
static dfq_frame *dfq__stage_join(dfq__script *s, dfq_frame *in) {
  dfq__parser *p = &s->p;
  dfq_join_options how;
  dfq__join_keys keys;
  memset(&how, 0, sizeof how);
  memset(&keys, 0, sizeof keys);
  dfq_frame *right = dfq__parse_other(s);
  bool on = dfq__accept_word(p, "on");
  size_t from = p->now.at;
  if (on && dfq__parse_join_keys(p, &keys)) dfq__check_keys(s, from, in, right);
  dfq__parse_join_options(p, &how);
  dfq__expect_bar(p, &dfq__join_choice, &dfq__scan_choice);
  if (!on && how.type != DFQ_CROSS && !p->error)
    dfq__parse_fail(p, DFQ_SYNTAX, p->last_end, 1,
                    "a join that is not cross needs on and its keys: join x on key");
  return p->error ? in : dfq__join_frames(in, right, &how, &keys, s->at);
}

// -- from stages to scripts
//
// A stage is looked up in a table by its word. Who comes from SQL or from another library may
// write another word for it: a second table knows what they mean, and the message says so.

typedef struct dfq__stage {
  const char *name;
  dfq_frame *(*parse)(dfq__script *s, dfq_frame *in);
} dfq__stage;

static const dfq__stage dfq__stages[] = {
  { "filter", dfq__stage_filter },     { "select", dfq__stage_select },
  { "with", dfq__stage_with },         { "drop", dfq__stage_drop },
  { "rename", dfq__stage_rename },     { "group", dfq__stage_group },
  { "sort", dfq__stage_sort },         { "limit", dfq__stage_limit },
  { "offset", dfq__stage_offset },     { "distinct", dfq__stage_distinct },
  { "join", dfq__stage_join },         { "union", dfq__stage_union },
  { "row_index", dfq__stage_row_index },
};
enum { DFQ__STAGE_COUNT = sizeof dfq__stages / sizeof dfq__stages[0] };

// What others call it, and what it is called here.
static const char *const dfq__other_words[][2] = {
  { "where", "filter" },     { "project", "select" },   { "with_columns", "with" },
  { "mutate", "with" },      { "extend", "with" },      { "derive", "with" },
  { "group_by", "group" },   { "aggregate", "group" },  { "summarize", "group" },
  { "order", "sort" },       { "order_by", "sort" },    { "arrange", "sort" },
  { "head", "limit" },       { "take", "limit" },       { "slice", "limit" },
  { "unique", "distinct" },  { "append", "union" },     { "concat", "union" },
  { "skip", "offset" },      { "merge", "join" },       { "with_row_index", "row_index" },
};

// The error for a word that is no stage, with the one that was meant, or with all of them.
static void dfq__unknown_stage(dfq__parser *p) {
  const char *name[DFQ__STAGE_COUNT + 1], *near = NULL;
  for (int i = 0; i < DFQ__STAGE_COUNT; i++) name[i] = dfq__stages[i].name;
  name[DFQ__STAGE_COUNT] = NULL;
  for (size_t i = 0; i < sizeof dfq__other_words / sizeof *dfq__other_words; i++)
    if (dfq__is_word(p, dfq__other_words[i][0])) near = dfq__other_words[i][1];
  dfq__unknown_word(p, "stage", name, near ? near : dfq__nearest_word(p, name));
}

// One stage behind a |, and what may follow it.
static dfq_frame *dfq__parse_stage(dfq__script *s, dfq_frame *in) {
  dfq__parser *p = &s->p;
  const dfq__stage *stage = NULL;
  for (int i = 0; i < DFQ__STAGE_COUNT; i++)
    if (dfq__is_word(p, dfq__stages[i].name)) stage = &dfq__stages[i];
  if (!stage && p->now.kind == DFQ__T_NAME) dfq__unknown_stage(p);
  else if (!stage) dfq__expected(p, "a stage, as in | limit 10");
  if (p->error) return in;
  dfq__begin(s, stage->name);
  dfq__take(p);
  return dfq__script_take(s, stage->parse(s, in));
}

// Where a pipeline begins.
static dfq_frame *dfq__parse_start(dfq__script *s) {
  dfq__parser *p = &s->p;
  if (dfq__accept_symbol(p, "(")) return dfq__parse_inner(s);
  dfq__begin(s, NULL);
  if (!dfq__accept_word(p, "scan")) return dfq__parse_let_name(s);
  s->p.where = "scan";
  return dfq__parse_file(s, false);
}

// pipeline = ( "scan" PATH options | NAME | "(" pipeline ")" ) { "|" stage }
static dfq_frame *dfq__parse_pipeline(dfq__script *s) {
  dfq__parser *p = &s->p;
  if (++p->depth > DFQ__MAX_PIPELINES)
    dfq__parse_fail(p, DFQ_LIMIT, p->now.at, 1, "nested more than %d deep", DFQ__MAX_PIPELINES);
  const dfq__choice *options = dfq__is_word(p, "scan") ? &dfq__scan_choice : NULL;
  dfq_frame *f = p->error ? dfq__script_failed(s) : dfq__parse_start(s);
  p->where = NULL;
  dfq__expect_bar(p, options, NULL);
  while (!p->error && dfq__accept_symbol(p, "|")) {
    f = dfq__parse_stage(s, f);
    dfq__expect_bar(p, NULL, NULL);
    p->where = NULL;
  }
  p->depth--;
  return f;
}

// "let" NAME "=" pipeline ";". The word let was taken already.
static void dfq__parse_let(dfq__script *s) {
  dfq__parser *p = &s->p;
  dfq__token t = p->now;
  const char *name = dfq__parse_name(p, "a name for the pipeline");
  if (name && dfq__let_find(s, name))
    dfq__parse_fail(p, DFQ_SYNTAX, t.at, t.len, "%s is bound already", name);
  dfq__expect_symbol(p, "=");
  dfq_frame *f = p->error ? NULL : dfq__parse_pipeline(s);
  dfq__let *l = (dfq__let *)dfq__arena_alloc(&p->db->arena, sizeof *l);
  if (!p->error && !dfq__accept_symbol(p, ";")) dfq__expected(p, "; behind a let's pipeline");
  if (!l && !p->error) p->error = &dfq__error_memory;
  if (p->error) return;
  l->name = name;
  l->frame = f;
  l->next = s->lets;
  s->lets = l;
}

// script = { let } pipeline [";"]
static dfq_frame *dfq__parse_script(dfq__script *s) {
  dfq__parser *p = &s->p;
  while (!p->error && dfq__accept_word(p, "let")) dfq__parse_let(s);
  if (p->now.kind == DFQ__T_END && !p->error)
    dfq__expected(p, "a pipeline, as in scan orders.csv | limit 10");
  dfq_frame *f = p->error ? NULL : dfq__parse_pipeline(s);
  dfq__accept_symbol(p, ";");
  if (!p->error && p->now.kind != DFQ__T_END) dfq__expected(p, "the end");
  return p->error ? dfq__script_failed(s) : f;
}

// Messages name lines only where there are several: "line 1" would tell nobody anything.
DFQ_API dfq_frame *dfq_query_at(dfq *db, const char *text, const char *at) {
  dfq__script s;
  if (!db) return NULL;
  memset(&s, 0, sizeof s);
  s.p = dfq__parser_of(db, text ? text : "", text ? strlen(text) : 0, NULL, at);
  s.p.lines = strchr(s.p.text, '\n') != NULL;
  return s.p.error ? dfq__script_failed(&s) : dfq__parse_script(&s);
}

// ---- >>pipeline-text: plans as pipelines ----------------------------------------------------
// The way back: a plan is printed as the pipeline that makes it, by the stage printer of
// explain. What is printed parses to the same plan; lets are not brought back, a frame used
// twice is printed twice, and a window, which the plan computes in a node of its own, is back
// in the expression that it was written in. Two things have no text: what is in memory (scan
// table of 6 rows, scan rows of NAME), and a projection that was left without a column.
//
//   scan orders.csv
//   | join (scan customers.csv | filter region = 'EU') on customer_id inner
//   | select name, amount
//
// That a plan can be written down and read again is worth more than it looks: plans can be
// stored, compared with diff, sent elsewhere, and a random plan that went wrong can be put into
// a report.

static void dfq__put_pipeline(dfq__text *t, const dfq__node *n, const char *bar);

// The other input of a join or union: a path alone, or a pipeline in parentheses.
static void dfq__put_source(dfq__text *t, const dfq__node *n) {
  size_t from = t->len;
  dfq__put(t, " (");
  dfq__put_pipeline(t, n, " | ");
  dfq__put(t, ")");
  if (n->kind != DFQ__SCAN || t->failed) return;
  size_t word = from + strlen(" (scan "), end = t->len - 1;
  if (strcspn(t->data + word, dfq__path_ends) != end - word) return;
  memmove(t->data + from + 1, t->data + word, end - word);
  t->len = from + 1 + (end - word);
  t->data[t->len] = 0;
}

// The window that a window node computes as the column of this name; NULL when it is another's.
static dfq_expr *dfq__window_of(void *window_node, const dfq_expr *column) {
  const dfq__node *w = (const dfq__node *)window_node;
  const dfq_field *first = w->schema.field + (w->schema.count - w->expr_count);
  for (int i = 0; i < w->expr_count; i++)
    if (first[i].name == column->name) return w->expr[i];
  return NULL;
}

// A projection as it was written: the windows of the node below it are put back into its
// expressions. False without memory.
static bool dfq__with_windows(const dfq__node *n, dfq__arena *arena, dfq__node *to) {
  *to = *n;
  if (n->kind != DFQ__PROJECT || n->in[0]->kind != DFQ__WINDOW) return true;
  to->in[0] = n->in[0]->in[0];
  to->expr = (dfq_expr **)dfq__arena_array(arena, (size_t)n->expr_count + 1, sizeof *to->expr);
  for (int i = 0; to->expr && i < n->expr_count; i++) {
    to->expr[i] = dfq__substitute(n->expr[i], dfq__window_of, n->in[0]);
    if (to->expr[i]->kind == DFQ_FAILED) return false;
  }
  return to->expr != NULL;
}

// The stages from the scan on, with bar between them.
static void dfq__put_pipeline(dfq__text *t, const dfq__node *node, const char *bar) {
  dfq__arena scratch = { t->heap, NULL, NULL };
  dfq__node n;
  if (!dfq__with_windows(node, &scratch, &n)) t->failed = true;
  if (n.in[0]) {
    dfq__put_pipeline(t, n.in[0], bar);
    dfq__put(t, bar);
  }
  if (!t->failed) {
    dfq__put(t, dfq__word_of(&n));
    if (n.in[1]) dfq__put_source(t, n.in[1]);
    dfq__put_rest(t, &n);
  }
  dfq__arena_release(&scratch, 0);
}

DFQ_API const char *dfq_pipeline_text(dfq_frame *f) {
  if (!f) return "";
  if (f->error) { dfq__report(f->db, f->error); return ""; }
  dfq__text t = dfq__text_in(f->db->heap);
  dfq__put_pipeline(&t, f->node, "\n| ");
  const char *s = t.failed ? NULL : dfq__arena_text(&f->db->arena, t.data, t.len);
  dfq__text_free(&t);
  if (!s) dfq__report(f->db, &dfq__error_memory);
  return s ? s : "";
}

#endif // DFQ_CHAPTER >= 6
// =============================================================================================
// THE END: what ties the chapters together
// =============================================================================================
#if DFQ_CHAPTER >= 3

// ---- >>classes: what runs each kind of node -------------------------------------------------
// The one place where an early chapter reaches a later one: chapter 3 asks here, and what a
// later chapter brings is missing as long as the file is cut before it.

static const dfq__class dfq__classes[] = {
  { NULL, NULL, 0 }, // scan: the source's
  { &dfq__filter_class, &dfq__row_filter_class, sizeof(dfq__row_op) },
  { &dfq__project_class, &dfq__row_project_class, sizeof(dfq__row_op) },
  { &dfq__limit_class, &dfq__row_limit_class, sizeof(dfq__row_limit) },
  { &dfq__row_index_class, &dfq__row_number_class, sizeof(dfq__row_op) },
  { &dfq__union_class, &dfq__row_union_class, sizeof(dfq__row_op) },
#if DFQ_CHAPTER >= 4
  { &dfq__join_class, &dfq__row_join_class, sizeof(dfq__row_join) },
  { &dfq__group_class, &dfq__row_group_class, sizeof(dfq__row_group) },
  { &dfq__sort_class, &dfq__row_sort_class, sizeof(dfq__row_sort) },
  { &dfq__sort_class, &dfq__row_sort_class, sizeof(dfq__row_sort) }, // top-k
  { &dfq__distinct_class, &dfq__row_distinct_class, sizeof(dfq__row_distinct) },
  { &dfq__window_class, &dfq__row_window_class, sizeof(dfq__row_window) },
#endif
};

static const dfq__class *dfq__class_of(const dfq__node *n) {
  return n->kind == DFQ__SCAN ? &n->source->is->runs : &dfq__classes[n->kind];
}

#if DFQ_CHAPTER < 4
static dfq_expr **dfq__windows_below(dfq__verb *v, dfq_expr *const *items, int count) {
  (void)items;
  (void)count;
  dfq__verb_error(v, DFQ_USAGE, "window functions come with chapter 4, and DFQ_CHAPTER is %d",
                  DFQ_CHAPTER);
  return NULL;
}
#endif

static dfq__node *dfq__plan_for_run(dfq__run *run, const dfq__node *n) {
#if DFQ_CHAPTER >= 5
  return dfq__optimize(run, n);
#else
  return dfq__plan_copy(run, n);
#endif
}

// ---- >>verbs-plain: the verbs as functions --------------------------------------------------
// In C a verb's name is a macro that passes the caller's file and line. A binding from another
// language calls functions: here they are, without a place for the messages. The parentheses
// keep the macro away.

DFQ_API dfq_frame *(dfq_scan_table)(dfq *db, dfq_table *table) {
  return dfq_scan_table_at(db, table, NULL);
}
DFQ_API dfq_frame *(dfq_scan_rows)(dfq *db, const dfq_row_source *source) {
  return dfq_scan_rows_at(db, source, NULL);
}
DFQ_API dfq_frame *(dfq_filter)(dfq_frame *in, const char *condition) {
  return dfq_filter_at(in, condition, NULL);
}
DFQ_API dfq_frame *(dfq_select)(dfq_frame *in, const char *items) {
  return dfq_select_at(in, items, NULL);
}
DFQ_API dfq_frame *(dfq_with_columns)(dfq_frame *in, const char *items) {
  return dfq_with_columns_at(in, items, NULL);
}
DFQ_API dfq_frame *(dfq_drop)(dfq_frame *in, const char *names) {
  return dfq_drop_at(in, names, NULL);
}
DFQ_API dfq_frame *(dfq_rename)(dfq_frame *in, const char *pairs) {
  return dfq_rename_at(in, pairs, NULL);
}
DFQ_API dfq_frame *(dfq_limit)(dfq_frame *in, int64_t count) {
  return dfq_limit_at(in, count, NULL);
}
DFQ_API dfq_frame *(dfq_slice)(dfq_frame *in, int64_t offset, int64_t count) {
  return dfq_slice_at(in, offset, count, NULL);
}
DFQ_API dfq_frame *(dfq_row_index)(dfq_frame *in, const char *name) {
  return dfq_row_index_at(in, name, NULL);
}
DFQ_API dfq_frame *(dfq_union)(dfq_frame *a, dfq_frame *b) { return dfq_union_at(a, b, NULL); }
DFQ_API dfq_frame *(dfq_filter_expr)(dfq_frame *in, dfq_expr *condition) {
  return dfq_filter_expr_at(in, condition, NULL);
}
DFQ_API dfq_frame *(dfq_select_exprs)(dfq_frame *in, dfq_expr *const *items, int count) {
  return dfq_select_exprs_at(in, items, count, NULL);
}
DFQ_API dfq_frame *(dfq_with_exprs)(dfq_frame *in, dfq_expr *const *items, int count) {
  return dfq_with_exprs_at(in, items, count, NULL);
}

#if DFQ_CHAPTER >= 4
DFQ_API dfq_frame *(dfq_group_by)(dfq_frame *in, const char *keys, const char *aggregates) {
  return dfq_group_by_at(in, keys, aggregates, NULL);
}
DFQ_API dfq_frame *(dfq_group_by_sorted)(dfq_frame *in, const char *keys,
                                         const char *aggregates) {
  return dfq_group_by_sorted_at(in, keys, aggregates, NULL);
}
DFQ_API dfq_frame *(dfq_sort)(dfq_frame *in, const char *keys) {
  return dfq_sort_at(in, keys, NULL);
}
DFQ_API dfq_frame *(dfq_distinct)(dfq_frame *in, const char *names) {
  return dfq_distinct_at(in, names, NULL);
}
DFQ_API dfq_frame *(dfq_join)(dfq_frame *left, dfq_frame *right, const char *keys,
                              dfq_join_type type) {
  return dfq_join_at(left, right, keys, type, NULL);
}
DFQ_API dfq_frame *(dfq_join_with)(dfq_frame *left, dfq_frame *right,
                                   const dfq_join_options *how) {
  return dfq_join_with_at(left, right, how, NULL);
}
DFQ_API dfq_frame *(dfq_group_exprs)(dfq_frame *in, const dfq_group_spec *spec) {
  return dfq_group_exprs_at(in, spec, NULL);
}
DFQ_API dfq_frame *(dfq_sort_exprs)(dfq_frame *in, const dfq_key *keys, int count) {
  return dfq_sort_exprs_at(in, keys, count, NULL);
}
#endif

#if DFQ_CHAPTER >= 6
DFQ_API dfq_frame *(dfq_scan_csv)(dfq *db, const char *path, const dfq_csv_options *options) {
  return dfq_scan_csv_at(db, path, options, NULL);
}
DFQ_API dfq_frame *(dfq_query)(dfq *db, const char *text) {
  return dfq_query_at(db, text, NULL);
}
#endif

#endif // DFQ_CHAPTER >= 3

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

// A line for editors that grey out what is not compiled: define DFQ_IMPLEMENTATION to read it.
#endif // DFQ_IMPLEMENTATION
