#include "CSimdJSON.h"
#include <simdjson.h>

bool opine_utf8_is_valid(const char *bytes, size_t count) {
  return simdjson::validate_utf8(bytes, count);
}
