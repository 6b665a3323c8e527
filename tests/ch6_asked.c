// ch6_asked.c - every source, in both engines: what it reads is told, and while it reads, the
// run's cancel function is asked, also where a filter lets nothing through.

enum { ASKED_ROWS = 600, ASKED_BATCH = 10, ASKED_SOURCES = 11 };

typedef struct asked {
  int calls, most;           // of cancel; which of them says yes
  uint64_t rows, bytes;      // the last that progress has told
  double fraction;
} asked;

static bool asked_cancel(void *user) {
  asked *a = (asked *)user;
  return ++a->calls == a->most;
}

static void asked_progress(void *user, const dfq_progress *now) {
  asked *a = (asked *)user;
  a->rows = now->rows;
  a->bytes = now->bytes;
  a->fraction = now->fraction;
}

typedef struct asked_row { int64_t id; } asked_row;

typedef struct asked_world {
  dfq *db;
  engine_source rows;
  own_source pages;
  dfq_source vtable;
  struct ArrowArrayStream stream;
  asked_row structs[ASKED_ROWS];
} asked_world;

// A frame over the i-th source; *bytes: it is one of files.
static dfq_frame *asked_frame(asked_world *w, int i, bool *bytes) {
  static const char *const names[] = { "asked.csv", "asked.json", "asked.jsonl", "asked.dfq",
                                       "asked-2.csv" };
  static const dfq_member members[] = { DFQ_MEMBER(asked_row, id, DFQ_I64) };
  static const dfq_field numbers[] = { { "id", DFQ_I64, NULL } };
  dfq *db = w->db;
  dfq_value cell[ASKED_ROWS];
  const char *paths[2];
  dfq_frame *table;
  for (int r = 0; r < ASKED_ROWS; r++) {
    cell[r] = dfq__value_int(DFQ_I64, r);
    w->structs[r].id = r;
  }
  dfq_table *t = dfq_table_from_rows(db, numbers, 1, cell, ASKED_ROWS);
  table = dfq_scan_table(db, t);
  dfq_table_free(t);
  *bytes = i > 4;
  switch (i) {
    case 0: return table;
    case 1: return dfq_rename(engine_source_scan(db, &w->rows, false), "i as id");
    case 2: return dfq_scan_structs(db, "structs", w->structs, ASKED_ROWS,
                                    dfq_bind_struct(db, members, 1, sizeof(asked_row)));
    case 3: return dfq_scan_source(db, &w->vtable);
    case 4:
      CHECK(dfq_export_arrow(table, &w->stream));
      return dfq_scan_arrow_stream(db, &w->stream);
    case 9: {
      dfq_csv_options o = csv_options();
      o.widths = "1-9";
      paths[0] = test_path("asked.txt");
      dfq_write_options as = files_as("csv");
      CHECK(dfq_write(table, paths[0], &as));
      return dfq_scan_fixed(db, paths[0], &o);
    }
    case 10:
      CHECK(dfq_write(dfq_limit(table, 200), paths[0] = test_path(names[0]), NULL));
      CHECK(dfq_write(dfq_limit(table, 400), paths[1] = test_path(names[4]), NULL));
      return dfq_scan_csv_files(db, paths, 2, NULL);
    default:
      paths[0] = test_path(names[i - 5]);
      CHECK(dfq_write(table, paths[0], NULL));
      return dfq_scan(db, paths[0]);
  }
}

static void asked_source(int i, dfq_engine engine, int most) {
  asked_world w;
  asked a;
  dfq_run_options run;
  bool bytes;
  memset(&w, 0, sizeof w);
  memset(&a, 0, sizeof a);
  memset(&run, 0, sizeof run);
  w.db = dfq_open(NULL);
  w.rows = engine_counted(ASKED_ROWS);
  w.pages = own_make(ASKED_ROWS, 30, OWN_COLUMNS, OWN_FINE);
  w.vtable = own_vtable(&w.pages);
  dfq_frame *f = asked_frame(&w, i, &bytes);
  a.most = most;
  run.engine = engine;
  run.batch_rows = ASKED_BATCH;
  run.threads = 1;
  run.cancel = asked_cancel;
  run.progress = asked_progress;
  run.cancel_user = run.progress_user = &a;
  int64_t n = dfq_count(dfq_configure(dfq_filter(f, "id % 7 > 100"), &run));
  bool ok = CHECK_INT(n, most ? -1 : 0);
  if (most) ok = CHECK_INT(dfq_error_status(w.db), DFQ_CANCELLED) && CHECK_INT(a.calls, most);
  else ok = CHECK_INT(a.rows, ASKED_ROWS) && CHECK(a.calls >= ASKED_ROWS / ASKED_BATCH) &&
            CHECK((a.bytes > 0) == bytes) && CHECK_F64(a.fraction, 1);
  if (!ok) printf("    source %d, engine %d: %s\n", i, (int)engine, dfq_error(w.db));
  dfq_close(w.db);
}

TEST(asked_in_all_sources) {
  for (int i = 0; i < ASKED_SOURCES; i++)
    for (int engine = 0; engine < 2; engine++) {
      asked_source(i, engine ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE, 0);
      asked_source(i, engine ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE, ASKED_ROWS / ASKED_BATCH / 2);
    }
}

// Work that grows faster than what is read: pairs that a condition refuses, frames of windows.
TEST(asked_in_long_work) {
  for (int engine = 0; engine < 2; engine++)
    for (int what = 0; what < 2; what++) {
      asked a;
      dfq_run_options run;
      dfq *db = dfq_open(NULL);
      engine_source s = engine_counted(300), other = engine_counted(300);
      dfq_frame *f = engine_source_scan(db, &s, false);
      dfq_frame *g = dfq_rename(engine_source_scan(db, &other, false), "i as j");
      memset(&a, 0, sizeof a);
      memset(&run, 0, sizeof run);
      run.engine = engine ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
      run.batch_rows = 100;
      run.threads = 1;
      run.cancel = asked_cancel;
      run.cancel_user = &a;
      run.no_optimize = true;
      f = what ? dfq_with_columns(f, "max(i) over (order by i) as m")
               : dfq_filter(dfq_join(f, g, NULL, DFQ_CROSS), "i * 1000 + j < 0");
      CHECK_INT(dfq_count(dfq_configure(f, &run)), what ? 300 : 0);
      CHECK(a.calls >= (what ? 6 : engine ? 900 : 300));
      dfq_close(db);
    }
}

static void run_ch6_asked(void) {
  RUN(asked_in_all_sources);
  RUN(asked_in_long_work);
}
