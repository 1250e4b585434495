#pragma once
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift cannot import: SQLite copies the bytes before it returns.
static inline int opine_sqlite_bind_text(
    sqlite3_stmt *s, int at, const char *text, sqlite3_uint64 n) {
  if (!text) text = "";  // an empty Swift string may have no address; NULL is another value
  return sqlite3_bind_text64(s, at, text, n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int opine_sqlite_bind_blob(
    sqlite3_stmt *s, int at, const void *bytes, sqlite3_uint64 n) {
  if (n == 0) return sqlite3_bind_zeroblob(s, at, 0);  // a null pointer would bind NULL
  return sqlite3_bind_blob64(s, at, bytes, n, SQLITE_TRANSIENT);
}
