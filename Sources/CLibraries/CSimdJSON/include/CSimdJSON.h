#pragma once
#include <stdbool.h>
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
/// Whether the bytes are well-formed UTF-8.
bool opine_utf8_is_valid(const char *bytes, size_t count);
#ifdef __cplusplus
}
#endif
