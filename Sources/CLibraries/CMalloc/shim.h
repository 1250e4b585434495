#pragma once
#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

/// Few arenas: a process of eight mostly waiting threads keeps free memory in each of them otherwise.
/// Source: mallopt(3), M_ARENA_MAX.
static inline void opine_limit_malloc_arenas(int count) {
#if defined(M_ARENA_MAX)
  mallopt(M_ARENA_MAX, count);
#else
  (void)count;
#endif
}
