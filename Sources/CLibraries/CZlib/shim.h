#pragma once
#include <zlib.h>

/// Prepares a zeroed stream for gzip members; `inflateInit2` is a macro.
static inline int opine_inflate_init_gzip(z_stream *stream) {
  return inflateInit2(stream, 15 + 16);
}

/// Prepares a zeroed stream that writes a gzip member; `deflateInit2` is a macro.
static inline int opine_deflate_init_gzip(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

/// Prepares a zeroed stream for bare deflate data, without header and checksum.
static inline int opine_inflate_init_raw(z_stream *stream) { return inflateInit2(stream, -15); }
