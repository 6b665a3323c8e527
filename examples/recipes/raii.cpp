// raii.cpp - from C++11: owners that free, errors that are exceptions, rows in a loop.
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "dfq.h"

// An owner for each thing that the caller must free. Frames need none: they are the context's.
struct closer {
  void operator()(dfq *db) const { dfq_close(db); }
  void operator()(dfq_table *t) const { dfq_table_free(t); }
  void operator()(dfq_rows *r) const { dfq_rows_close(r); }
};
using context = std::unique_ptr<dfq, closer>;
using table = std::unique_ptr<dfq_table, closer>;
using rows = std::unique_ptr<dfq_rows, closer>;

static context open() {
  context db(dfq_open(nullptr));
  if (!db) throw std::bad_alloc();
  return db;
}

static table collect(const context &db, dfq_frame *q) {
  table t(dfq_collect(q));
  if (!t) throw std::runtime_error(dfq_error(db.get()));
  return t;
}

// A text as long as it is: dfq's are not ended by a zero byte.
static std::string text(const dfq_value &v) {
  return v.type == DFQ_STR ? std::string(v.as.s, v.len) : std::string("(null)");
}

int main() {
  context db = open();
  dfq_frame *q = dfq_query(db.get(), "scan examples/data/penguins.csv"
                                     " | group island: count() as n, max(body_mass_g) as most");
  try {
    table t = collect(db, dfq_sort(q, "n desc"));
    for (std::size_t i = 0; i < dfq_table_rows(t.get()); i++) {
      std::size_t len = 0;
      const char *island = dfq_table_str(t.get(), i, 0, &len);
      std::cout << std::string(island, len) << ": " << dfq_table_i64(t.get(), i, 1) << '\n';
    }

    rows each(dfq_rows_open(dfq_filter(q, "n < 100")));
    const dfq_value *row = nullptr;
    while (dfq_rows_next(each.get(), &row)) std::cout << "few on " << text(row[0]) << '\n';
    if (dfq_rows_failed(each.get())) throw std::runtime_error(dfq_error(db.get()));

    collect(db, dfq_filter(q, "islnd = 'Biscoe'"));   // throws; the owners above free
  } catch (const std::exception &e) {
    std::cout << e.what() << '\n';
  }
  return 0;
}
