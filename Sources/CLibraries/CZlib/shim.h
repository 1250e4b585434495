#pragma once
#include <zlib.h>

/// Prepares a zeroed stream for gzip members; `inflateInit2` is a macro.
static inline int opine_inflate_init_gzip(z_stream *stream) {
  return inflateInit2(stream, 15 + 16);
}
