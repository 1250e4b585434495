#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/// Whether the bytes are well-formed UTF-8.
bool opine_utf8_is_valid(const char *bytes, size_t count);

/// What a tape entry holds.
enum {
  OPINE_JSON_NULL = 0,
  OPINE_JSON_FALSE = 1,
  OPINE_JSON_TRUE = 2,
  OPINE_JSON_NUMBER = 3,
  OPINE_JSON_STRING = 4,
  /// A string that had escapes: its bytes are in `strings`, not in the text.
  OPINE_JSON_UNESCAPED_STRING = 5,
  OPINE_JSON_ARRAY = 6,
  OPINE_JSON_OBJECT = 7,
};

/// One value. A container is followed by its children (an object's: key, value, key, value).
typedef struct {
  uint32_t kind;
  /// Where the value's bytes start: in the text, or in `strings` for an unescaped string.
  uint32_t start;
  /// Bytes of a number or a string; elements of an array; members of an object.
  uint32_t count;
  /// Index of the entry behind this value and all that it contains.
  uint32_t next;
} opine_json_entry;

enum {
  OPINE_JSON_OK = 0,
  OPINE_JSON_EMPTY,
  OPINE_JSON_TRUNCATED,
  OPINE_JSON_UNEXPECTED,
  OPINE_JSON_BAD_STRING,
  OPINE_JSON_BAD_NUMBER,
  OPINE_JSON_BAD_UTF8,
  OPINE_JSON_TOO_DEEP,
  OPINE_JSON_TRAILING,
  OPINE_JSON_TOO_LARGE,
  OPINE_JSON_NO_MEMORY,
};

typedef struct {
  int32_t status;
  /// Where in the text parsing stopped; 0 where it is not known.
  uint32_t offset;
  const opine_json_entry *entries;
  const uint8_t *strings;
} opine_json_result;

typedef struct opine_json_parser opine_json_parser;

/// A parser whose memory is reused by each call; null where there is none left.
opine_json_parser *opine_json_parser_new(void);
void opine_json_parser_free(opine_json_parser *parser);

/// Parses one document. The entries live until the next call, and refer to `text`, which is not
/// copied and needs no padding.
opine_json_result opine_json_parse(opine_json_parser *parser, const uint8_t *text, size_t count);

/// The nearest double to a JSON number; false where it is beyond a double's range.
bool opine_json_double(const uint8_t *text, size_t count, double *result);

#ifdef __cplusplus
}
#endif
