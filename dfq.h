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
//   DFQ_CHAPTER          0 .. 1: the implementation ends after this chapter (default: 1, all)
//   DFQ_NO_THREADS       no threads and no locks: nothing to link but -lm
//   DFQ_NO_HUGE_PAGES    large blocks come from malloc, not from 2 MiB-aligned huge pages
//   DFQ_NO_SIMD          the CSV index in portable C only
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
//   the API          >>api-types >>api-context >>api-rows >>api-expressions >>api-tables
//                    >>api-frames >>api-files >>api-actions >>api-explain >>api-at
//   0 foundations    >>platform >>memory >>buffers >>arena >>text >>hashing >>errors >>names
//                    >>threads >>files >>context
//   1 rows           >>rows >>row-sources >>row-operators
//   the end          >>classes >>verbs-plain

#ifndef DFQ_H
#define DFQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DFQ_VERSION "0.1.0"

#ifndef DFQ_CHAPTER
#define DFQ_CHAPTER 1
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
  int threads;          // 0: as many as the machine has, where the input is large enough
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
// Idea. The engine reads and writes through eight functions that a program may replace: to read
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

static bool dfq__io_rename(void *user, const char *from, const char *to) {
  (void)user;
  return rename(from, to) == 0;
}

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
                dfq__io_remove, dfq__io_size };
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
