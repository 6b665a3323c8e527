// tpch_data.h - a small data set with the tables and columns of TPC-H, made up from a seed.
//
//   tpch_write("build/tpch", 1);     eight .tbl files of 6,000 lines of orders, 0.7 MB
//
// It is not what the official generator makes: the rules that the queries live by hold (a line
// is shipped after its order and received after that, a third of the customers never order, a
// part has four suppliers), but the values are drawn from short lists, so that each of the 22
// queries finds rows although there are so few. The same bytes on every machine.
#ifndef TPCH_DATA_H
#define TPCH_DATA_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// A linear congruential generator (Knuth, MMIX) and its high bits. Draws stand in statements of
// their own: compilers differ in which argument of a call they compute first.
typedef struct tpch_random { uint64_t state; } tpch_random;

static inline int tpch_draw(tpch_random *r, int from, int to) {
  r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return from + (int)((r->state >> 32) * (uint64_t)(to - from + 1) >> 32);
}

// -- words

static const char *const tpch_nations[25] = {
  "ALGERIA", "ARGENTINA", "BRAZIL", "CANADA", "EGYPT", "ETHIOPIA", "FRANCE", "GERMANY", "INDIA",
  "INDONESIA", "IRAN", "IRAQ", "JAPAN", "JORDAN", "KENYA", "MOROCCO", "MOZAMBIQUE", "PERU",
  "CHINA", "ROMANIA", "SAUDI ARABIA", "VIETNAM", "RUSSIA", "UNITED KINGDOM", "UNITED STATES"
};
static const int tpch_region_of[25] = {
  0, 1, 1, 1, 4, 0, 3, 3, 2, 2, 4, 4, 2, 4, 0, 0, 0, 1, 2, 3, 4, 2, 3, 3, 1
};
static const char *const tpch_regions[5] = {
  "AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"
};
static const char *const tpch_segments[5] = {
  "AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"
};
static const char *const tpch_colours[10] = {
  "almond", "blue", "forest", "green", "ivory", "khaki", "plum", "rose", "snow", "tan"
};
static const char *const tpch_kinds[4] = { "ECONOMY", "MEDIUM", "PROMO", "STANDARD" };
static const char *const tpch_finishes[2] = { "ANODIZED", "POLISHED" };
static const char *const tpch_metals[3] = { "BRASS", "STEEL", "TIN" };
static const char *const tpch_brands[5] = {
  "Brand#12", "Brand#23", "Brand#34", "Brand#45", "Brand#51"
};
static const char *const tpch_containers[8] = {
  "SM CASE", "SM BOX", "MED BAG", "MED BOX", "LG CASE", "LG BOX", "JUMBO PKG", "WRAP JAR"
};
static const char *const tpch_priorities[5] = {
  "1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"
};
static const char *const tpch_modes[8] = {
  "AIR", "AIR REG", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"
};
static const char *const tpch_instructions[4] = {
  "COLLECT COD", "DELIVER IN PERSON", "NONE", "TAKE BACK RETURN"
};
static const char *const tpch_comments[12] = {
  "above", "after", "Customer", "Complaints", "deposits", "requests", "silent", "special",
  "packages", "theodolites", "until", "waters"
};
static const int tpch_sizes[8] = { 49, 14, 23, 45, 19, 3, 36, 9 };
static const int tpch_common[8] = { 2, 3, 6, 7, 8, 12, 18, 20 };

// -- fields

// Money in cents: exact, and always with two digits.
static inline void tpch_money(FILE *f, long cents) {
  fprintf(f, "%s%ld.%02ld|", cents < 0 ? "-" : "", (cents < 0 ? -cents : cents) / 100,
          (cents < 0 ? -cents : cents) % 100);
}

// Days since 1992-01-01, within what a query may ask for: 1992 and 1996 are leap years.
static inline void tpch_date(FILE *f, int day) {
  static const int length[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  int year = 1992, month = 0, days;
  while (day >= (days = year % 4 == 0 ? 366 : 365)) { day -= days; year++; }
  for (; day >= (days = length[month] + (month == 1 && year % 4 == 0)); month++) day -= days;
  fprintf(f, "%d-%02d-%02d|", year, month + 1, day + 1);
}

static inline void tpch_words(FILE *f, tpch_random *r, const char *const *words, int count,
                              int from, int to) {
  int n = tpch_draw(r, from, to);
  for (int i = 0; i < n; i++)
    fprintf(f, "%s%s", i ? " " : "", words[tpch_draw(r, 0, count - 1)]);
  fputc('|', f);
}

static inline void tpch_comment(FILE *f, tpch_random *r, int from, int to) {
  tpch_words(f, r, tpch_comments, 12, from, to);
  fputc('\n', f);
}

// Half of them in the countries that the queries ask for.
static inline int tpch_nation(tpch_random *r) {
  return tpch_draw(r, 0, 1) ? tpch_common[tpch_draw(r, 0, 7)] : tpch_draw(r, 0, 24);
}

static inline void tpch_phone(FILE *f, tpch_random *r, int nation) {
  int a = tpch_draw(r, 100, 999), b = tpch_draw(r, 100, 999), c = tpch_draw(r, 1000, 9999);
  fprintf(f, "%d-%d-%d-%d|", 10 + nation, a, b, c);
}

// -- tables

static inline void tpch_region_rows(FILE *f, tpch_random *r, int rows) {
  for (int i = 0; i < rows; i++) {
    fprintf(f, "%d|%s|", i, tpch_regions[i]);
    tpch_comment(f, r, 1, 6);
  }
}

static inline void tpch_nation_rows(FILE *f, tpch_random *r, int rows) {
  for (int i = 0; i < rows; i++) {
    fprintf(f, "%d|%s|%d|", i, tpch_nations[i], tpch_region_of[i]);
    tpch_comment(f, r, 1, 6);
  }
}

static inline void tpch_supplier_rows(FILE *f, tpch_random *r, int rows) {
  for (int i = 1; i <= rows; i++) {
    int nation = i <= 8 ? tpch_common[i - 1] : tpch_nation(r);
    fprintf(f, "%d|Supplier#%09d|%d Main St, No. %d|%d|", i, i, i % 17, i, nation);
    tpch_phone(f, r, nation);
    tpch_money(f, tpch_draw(r, -99999, 999999));
    tpch_comment(f, r, 3, 9);
  }
}

static inline void tpch_customer_rows(FILE *f, tpch_random *r, int rows) {
  for (int i = 1; i <= rows; i++) {
    int nation = tpch_nation(r);
    fprintf(f, "%d|Customer#%09d|%d Side St|%d|", i, i, i % 23, nation);
    tpch_phone(f, r, nation);
    tpch_money(f, tpch_draw(r, -99999, 999999));
    fprintf(f, "%s|", tpch_segments[tpch_draw(r, 0, 4)]);
    tpch_comment(f, r, 2, 9);
  }
}

static inline long tpch_price(int part) { return 90000 + part % 200 * 100 + part % 97; }

static inline void tpch_part_rows(FILE *f, tpch_random *r, int rows) {
  for (int i = 1; i <= rows; i++) {
    fprintf(f, "%d|", i);
    tpch_words(f, r, tpch_colours, 10, 3, 3);
    int brand = tpch_draw(r, 0, 4), kind = tpch_draw(r, 0, 3), size = tpch_draw(r, 1, 50);
    fprintf(f, "Manufacturer#%d|%s|%s ", brand % 3 + 1, tpch_brands[brand], tpch_kinds[kind]);
    int metal = tpch_draw(r, 0, 2), finish = tpch_draw(r, 0, 1);
    fprintf(f, "%s %s|", tpch_finishes[finish], tpch_metals[metal]);
    if (i % 4 == 0) size = 15;
    if (i % 4 == 1) size = size % 5 + 1;
    if (i % 4 == 2) size = tpch_sizes[size % 8];
    fprintf(f, "%d|%s|", size, tpch_containers[tpch_draw(r, 0, 7)]);
    tpch_money(f, tpch_price(i));
    tpch_comment(f, r, 1, 4);
  }
}

// The j-th of the four suppliers of a part: four different ones if there are so many.
static inline int tpch_supplier(int part, int j, int suppliers) {
  return (part + j * (suppliers / 4 + 1)) % suppliers + 1;
}

static inline void tpch_partsupp_rows(FILE *f, tpch_random *r, int parts, int suppliers) {
  for (int i = 1; i <= parts; i++) {
    for (int j = 0; j < 4; j++) {
      int some = tpch_draw(r, 0, 4) ? 9999 : 9;   // a fifth is nearly sold out
      fprintf(f, "%d|%d|%d|", i, tpch_supplier(i, j, suppliers), tpch_draw(r, 1, some));
      tpch_money(f, tpch_draw(r, 100, 100000));
      tpch_comment(f, r, 4, 14);
    }
  }
}

enum { TPCH_LAST_ORDER = 2405, TPCH_TODAY = 1263 };   // 1998-08-02 and 1995-06-17, in days

// One line of an order. Returns: its price with tax, in cents. *open: not shipped yet.
static inline long tpch_line(FILE *f, tpch_random *r, int order, int number, int day, bool big,
                             int scale, bool *open) {
  int part = tpch_draw(r, 1, 200 * scale), quantity = tpch_draw(r, big ? 44 : 1, 50);
  int supplier = tpch_supplier(part, tpch_draw(r, 0, 3), 40 * scale);
  int discount = tpch_draw(r, 0, 10), tax = tpch_draw(r, 0, 8);
  int ship = day + tpch_draw(r, 1, 121), commit = day + tpch_draw(r, 30, 90);
  int receipt = ship + tpch_draw(r, 1, 30);
  long price = quantity * tpch_price(part);
  fprintf(f, "%d|%d|%d|%d|%d|", order, part, supplier, number, quantity);
  tpch_money(f, price);
  fprintf(f, "0.%02d|0.%02d|", discount, tax);
  *open = ship > TPCH_TODAY;
  char flag = receipt > TPCH_TODAY ? 'N' : tpch_draw(r, 0, 1) ? 'R' : 'A';
  fprintf(f, "%c|%c|", flag, *open ? 'O' : 'F');
  tpch_date(f, ship);
  tpch_date(f, commit);
  tpch_date(f, receipt);
  fprintf(f, "%s|", tpch_instructions[tpch_draw(r, 0, 3)]);
  fprintf(f, "%s|", tpch_modes[tpch_draw(r, 0, 2) ? tpch_draw(r, 0, 7) : 0]);
  tpch_comment(f, r, 1, 4);
  return price * (100 - discount) / 100 * (100 + tax) / 100;
}

// Customers whose number is a multiple of 3 have no orders. Order numbers have gaps.
static inline void tpch_order_rows(FILE *f, FILE *lines, tpch_random *r, int rows, int scale) {
  for (int i = 0; i < rows; i++) {
    int order = i / 8 * 32 + i % 8 + 1, day = tpch_draw(r, 0, TPCH_LAST_ORDER), shipped = 0;
    int third = tpch_draw(r, 0, 100 * scale - 1), customer = third * 3 + tpch_draw(r, 1, 2);
    bool big = tpch_draw(r, 0, 49) == 0, open;
    int count = big ? 7 : tpch_draw(r, 1, 7);
    long total = 0;
    for (int n = 1; n <= count; n++) {
      total += tpch_line(lines, r, order, n, day, big, scale, &open);
      shipped += !open;
    }
    fprintf(f, "%d|%d|%c|", order, customer, shipped == count ? 'F' : shipped ? 'P' : 'O');
    tpch_money(f, total);
    tpch_date(f, day);
    int clerk = tpch_draw(r, 1, 9), priority = tpch_draw(r, 0, 4);
    fprintf(f, "%s|Clerk#%09d|0|", tpch_priorities[priority], clerk);
    tpch_comment(f, r, 2, 8);
  }
}

static inline FILE *tpch_file(const char *dir, const char *name) {
  char path[1024];
  int n = snprintf(path, sizeof path, "%s/%s.tbl", dir, name);
  return n > 0 && (size_t)n < sizeof path ? fopen(path, "wb") : NULL;
}

// Writes the eight files into a directory that exists, scale times 6,000 lines. False: it could
// not.
static inline bool tpch_write(const char *dir, int scale) {
  static const char *const names[8] = {
    "region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"
  };
  FILE *f[8];
  tpch_random r = { 1 };
  bool ok = true;
  for (int i = 0; i < 8; i++) {
    f[i] = tpch_file(dir, names[i]);
    ok = ok && f[i];
  }
  if (ok) {
    tpch_region_rows(f[0], &r, 5);
    tpch_nation_rows(f[1], &r, 25);
    tpch_supplier_rows(f[2], &r, 40 * scale);
    tpch_customer_rows(f[3], &r, 300 * scale);
    tpch_part_rows(f[4], &r, 200 * scale);
    tpch_partsupp_rows(f[5], &r, 200 * scale, 40 * scale);
    tpch_order_rows(f[6], f[7], &r, 1500 * scale, scale);
  }
  for (int i = 0; i < 8; i++)
    if (f[i] && (ferror(f[i]) | fclose(f[i]))) ok = false;
  return ok;
}

#endif // TPCH_DATA_H
