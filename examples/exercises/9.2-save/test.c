#include "dfq.h"
#include "test.h"
#include YOURS

// ---- a disk in memory, whose n-th call fails ------------------------------------------------

enum { FILES = 4 };

typedef struct a_file {
  char name[64], text[200];
  bool there, open;
} a_file;

static a_file disk[FILES];
static int calls, fail_at;
static bool torn;          // somebody could have read a part of the result

static a_file *file_of(const char *name) {
  for (int i = 0; i < FILES; i++)
    if (disk[i].there && strcmp(disk[i].name, name) == 0) return &disk[i];
  return NULL;
}

static const char *text_of(const char *name) {
  a_file *f = file_of(name);
  return f ? f->text : "(none)";
}

// Called by each of the functions: what would a reader see now, and does this call fail?
static bool works(void) {
  const char *now = text_of("report");
  torn |= strcmp(now, "(none)") != 0 && strcmp(now, "old") != 0 &&
          strcmp(now, "one two three") != 0;
  return ++calls != fail_at;
}

static void *disk_open(void *user, const char *name, bool write, const char **why) {
  a_file *f = file_of(name);
  (void)user;
  *why = "the disk says no";
  if (!works() || !write) return NULL;
  for (int i = 0; !f && i < FILES; i++)
    if (!disk[i].there) f = &disk[i];
  if (!f || f->open) return NULL;
  snprintf(f->name, sizeof f->name, "%s", name);
  f->text[0] = 0;
  f->there = f->open = true;
  return f;
}

static int64_t disk_write(void *user, void *file, const void *from, size_t bytes) {
  a_file *f = (a_file *)file;
  size_t n = strlen(f->text);
  (void)user;
  if (!f->open || n + bytes >= sizeof f->text || !works()) return -1;
  memcpy(f->text + n, from, bytes);
  f->text[n + bytes] = 0;
  return (int64_t)bytes;
}

static bool disk_close(void *user, void *file) {
  (void)user;
  ((a_file *)file)->open = false;
  return works();
}

static bool disk_rename(void *user, const char *from, const char *to) {
  a_file *f = file_of(from), *old = file_of(to);
  (void)user;
  if (!f || f->open || !works()) return false;
  if (old) old->there = false;
  snprintf(f->name, sizeof f->name, "%s", to);
  return true;
}

static void disk_remove(void *user, const char *name) {
  a_file *f = file_of(name);
  (void)user;
  if (f && !f->open) f->there = false;
}

// One save over what was there before ("" for nothing), whose n-th call fails.
static bool saved(const char *before, int n) {
  static const char *const text[] = { "one ", "two ", "three" };
  dfq_io io;
  memset(&io, 0, sizeof io);
  memset(disk, 0, sizeof disk);
  io.open = disk_open;
  io.write = disk_write;
  io.close = disk_close;
  io.rename = disk_rename;
  io.remove = disk_remove;
  if (*before) {
    strcpy(disk[0].name, "report");
    strcpy(disk[0].text, before);
    disk[0].there = true;
  }
  calls = 0;
  fail_at = n;
  torn = false;
  bool ok = save(&io, "report", text, 3);
  int there = 0, open = 0;
  for (int i = 0; i < FILES; i++) {
    there += disk[i].there;
    open += disk[i].open;
  }
  CHECK_INT(there, ok || *before);
  CHECK_INT(open, 0);
  CHECK(!torn);
  return ok;
}

TEST(save_writes) {
  CHECK(saved("", 0));
  CHECK_STR(text_of("report"), "one two three");
  CHECK(saved("old", 0));
  CHECK_STR(text_of("report"), "one two three");
}

TEST(save_fails_and_changes_nothing) {
  for (int over = 0; over < 2; over++)
    for (int n = 1; n < 100; n++) {
      bool ok = saved(over ? "old" : "", n);
      if (calls < n) {   // there is no n-th call: all have failed once
        CHECK(ok && n > 5);
        break;
      }
      CHECK(!ok);
      CHECK_STR(text_of("report"), over ? "old" : "(none)");
    }
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(save_writes);
  RUN(save_fails_and_changes_nothing);
  return test_summary();
}
