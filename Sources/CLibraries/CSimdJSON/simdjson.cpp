// Parsing in two stages: simdjson finds where the tokens start and checks UTF-8 (its stage 1);
// the walk below checks the grammar and writes a tape that keeps number text and duplicate keys,
// which simdjson's own tape does not.
#include "CSimdJSON.h"
#include <charconv>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>

namespace {

constexpr uint32_t maximum_depth = 1024;

bool is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

/// Whether [at, end) is a number by RFC 8259.
bool is_number(const uint8_t *at, const uint8_t *end) {
  if (at < end && *at == '-') at++;
  if (at == end || !is_digit(*at)) return false;
  if (*at == '0') at++;
  else while (at < end && is_digit(*at)) at++;
  if (at < end && *at == '.') {
    const uint8_t *first = ++at;
    while (at < end && is_digit(*at)) at++;
    if (at == first) return false;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    const uint8_t *first = at;
    while (at < end && is_digit(*at)) at++;
    if (at == first) return false;
  }
  return at == end;
}

/// The value of four hexadecimal digits, or -1.
int32_t hex4(const uint8_t *at) {
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    uint8_t c = at[i], lower = c | 0x20;
    if (is_digit(c)) value = value << 4 | (c - '0');
    else if (lower >= 'a' && lower <= 'f') value = value << 4 | (lower - 'a' + 10);
    else return -1;
  }
  return value;
}

uint8_t *put_utf8(uint32_t point, uint8_t *out) {
  if (point < 0x80) {
    *out++ = uint8_t(point);
  } else if (point < 0x800) {
    *out++ = uint8_t(0xc0 | point >> 6);
    *out++ = uint8_t(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    *out++ = uint8_t(0xe0 | point >> 12);
    *out++ = uint8_t(0x80 | (point >> 6 & 0x3f));
    *out++ = uint8_t(0x80 | (point & 0x3f));
  } else {
    *out++ = uint8_t(0xf0 | point >> 18);
    *out++ = uint8_t(0x80 | (point >> 12 & 0x3f));
    *out++ = uint8_t(0x80 | (point >> 6 & 0x3f));
    *out++ = uint8_t(0x80 | (point & 0x3f));
  }
  return out;
}

uint8_t simple_escape(uint8_t c) {
  switch (c) {
    case '"': case '\\': case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
  }
}

/// Writes a string's bytes without escapes; null where an escape is wrong or a surrogate alone.
/// The result is never longer than the source.
uint8_t *unescape(const uint8_t *at, const uint8_t *end, uint8_t *out) {
  while (at < end) {
    auto slash = static_cast<const uint8_t *>(memchr(at, '\\', size_t(end - at)));
    const uint8_t *run = slash ? slash : end;
    memcpy(out, at, size_t(run - at));
    out += run - at;
    at = run;
    if (at == end) break;
    if (end - at < 2) return nullptr;
    if (at[1] != 'u') {
      uint8_t c = simple_escape(at[1]);
      if (!c) return nullptr;
      *out++ = c;
      at += 2;
      continue;
    }
    if (end - at < 6) return nullptr;
    int32_t unit = hex4(at + 2);
    at += 6;
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return nullptr;
    uint32_t point = uint32_t(unit);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return nullptr;
      int32_t low = hex4(at + 2);
      if (low < 0xdc00 || low > 0xdfff) return nullptr;
      point = 0x10000 + (uint32_t(unit - 0xd800) << 10) + uint32_t(low - 0xdc00);
      at += 6;
    }
    out = put_utf8(point, out);
  }
  return out;
}

/// Memory that only grows.
template <typename Element> struct Room {
  std::unique_ptr<Element[]> elements;
  size_t capacity = 0;

  bool make(size_t count) {
    if (count <= capacity) return true;
    size_t wanted = count < 256 ? 256 : count + count / 2;
    elements.reset(new (std::nothrow) Element[wanted]);
    capacity = elements ? wanted : 0;
    return capacity != 0;
  }
};

}  // namespace

struct opine_json_parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> tokens;
  Room<opine_json_entry> entries;
  Room<uint8_t> strings;
  size_t strings_used = 0;
  uint32_t open[maximum_depth];

  const uint8_t *text = nullptr;
  uint32_t length = 0;

  int32_t find_tokens(size_t count);
  int32_t walk(uint32_t &offset);
  int32_t scalar(uint32_t start, uint32_t end, opine_json_entry &entry);
  int32_t string(uint32_t start, uint32_t end, opine_json_entry &entry);
};

int32_t opine_json_parser::find_tokens(size_t count) {
  if (!tokens || tokens->capacity() < count) {
    size_t capacity = count < 65536 ? 65536 : count + count / 4;
    if (capacity > UINT32_MAX - 64) capacity = UINT32_MAX - 64;
    tokens.reset();
    auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
      capacity, 1, tokens);
    if (error) return OPINE_JSON_NO_MEMORY;
  }
  switch (tokens->stage1(text, count, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS: return OPINE_JSON_OK;
    case simdjson::EMPTY: return OPINE_JSON_EMPTY;
    case simdjson::UTF8_ERROR: return OPINE_JSON_BAD_UTF8;
    case simdjson::UNCLOSED_STRING: return OPINE_JSON_TRUNCATED;
    case simdjson::UNESCAPED_CHARS: return OPINE_JSON_BAD_STRING;
    case simdjson::CAPACITY: return OPINE_JSON_TOO_LARGE;
    case simdjson::MEMALLOC: return OPINE_JSON_NO_MEMORY;
    default: return OPINE_JSON_UNEXPECTED;
  }
}

int32_t opine_json_parser::string(uint32_t start, uint32_t end, opine_json_entry &entry) {
  if (end - start < 2 || text[end - 1] != '"') return OPINE_JSON_BAD_STRING;
  const uint8_t *first = text + start + 1, *last = text + end - 1;
  if (!memchr(first, '\\', size_t(last - first))) {
    entry.kind = OPINE_JSON_STRING;
    entry.start = start + 1;
    entry.count = uint32_t(last - first);
    return OPINE_JSON_OK;
  }
  if (!strings.make(length)) return OPINE_JSON_NO_MEMORY;
  uint8_t *out = strings.elements.get() + strings_used;
  uint8_t *written = unescape(first, last, out);
  if (!written) return OPINE_JSON_BAD_STRING;
  entry.kind = OPINE_JSON_UNESCAPED_STRING;
  entry.start = uint32_t(strings_used);
  entry.count = uint32_t(written - out);
  strings_used += entry.count;
  return OPINE_JSON_OK;
}

int32_t opine_json_parser::scalar(uint32_t start, uint32_t end, opine_json_entry &entry) {
  const uint8_t *first = text + start;
  uint32_t count = end - start;
  entry.start = start;
  entry.count = count;
  auto literal = [&](const char *word, size_t size, uint32_t kind) {
    entry.kind = kind;
    return count == size && !memcmp(first, word, size) ? OPINE_JSON_OK : OPINE_JSON_UNEXPECTED;
  };
  switch (*first) {
    case '"': return string(start, end, entry);
    case 't': return literal("true", 4, OPINE_JSON_TRUE);
    case 'f': return literal("false", 5, OPINE_JSON_FALSE);
    case 'n': return literal("null", 4, OPINE_JSON_NULL);
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
      entry.kind = OPINE_JSON_NUMBER;
      return is_number(first, text + end) ? OPINE_JSON_OK : OPINE_JSON_BAD_NUMBER;
    default: return OPINE_JSON_UNEXPECTED;
  }
}

int32_t opine_json_parser::walk(uint32_t &offset) {
  const uint32_t *starts = tokens->structural_indexes.get();
  const uint32_t n = tokens->n_structural_indexes;
  opine_json_entry *tape = entries.elements.get();
  uint32_t at = 0, used = 0, depth = 0;

  // One scalar; its end is where the next token starts, less white space.
  auto put_scalar = [&]() -> int32_t {
    uint32_t start = starts[at++], end = at < n ? starts[at] : length;
    while (end > start + 1 && is_space(text[end - 1])) end--;
    opine_json_entry &entry = tape[used++];
    entry.next = used;
    return scalar(start, end, entry);
  };
  for (;;) {
    // A value is expected here.
    if (at >= n) return OPINE_JSON_TRUNCATED;
    offset = starts[at];
    uint8_t c = text[offset];
    if (c == '{' || c == '[') {
      if (depth == maximum_depth) return OPINE_JSON_TOO_DEEP;
      open[depth++] = used;
      tape[used++] = {
        c == '{' ? uint32_t(OPINE_JSON_OBJECT) : uint32_t(OPINE_JSON_ARRAY), offset, 0, 0};
      at++;
      if (at >= n) return OPINE_JSON_TRUNCATED;
      bool closes = text[starts[at]] == (c == '{' ? '}' : ']');
      if (!closes) tape[open[depth - 1]].count = 1;
      if (!closes && c == '[') continue;
    } else if (int32_t error = put_scalar()) {
      return error;
    }
    // A value has ended, or an object has just been opened.
    for (;;) {
      opine_json_entry *container = depth ? &tape[open[depth - 1]] : nullptr;
      bool is_key = container && container->kind == OPINE_JSON_OBJECT && container->count == 1
        && used == open[depth - 1] + 1;
      if (!container) {
        if (at == n) return OPINE_JSON_OK;
        offset = starts[at];
        return OPINE_JSON_TRAILING;
      }
      if (at >= n) return OPINE_JSON_TRUNCATED;
      offset = starts[at];
      if (!is_key) {
        uint8_t mark = text[offset];
        at++;
        if (mark == (container->kind == OPINE_JSON_OBJECT ? '}' : ']')) {
          container->next = used;
          depth--;
          continue;
        }
        if (mark != ',') return OPINE_JSON_UNEXPECTED;
        container->count++;
        if (container->kind == OPINE_JSON_ARRAY) break;
        if (at >= n) return OPINE_JSON_TRUNCATED;
        offset = starts[at];
      }
      if (text[offset] != '"') return OPINE_JSON_UNEXPECTED;
      if (int32_t error = put_scalar()) return error;
      if (at >= n) return OPINE_JSON_TRUNCATED;
      offset = starts[at];
      if (text[offset] != ':') return OPINE_JSON_UNEXPECTED;
      at++;
      break;
    }
  }
}

opine_json_parser *opine_json_parser_new(void) { return new (std::nothrow) opine_json_parser; }
void opine_json_parser_free(opine_json_parser *parser) { delete parser; }

opine_json_result opine_json_parse(
  opine_json_parser *parser, const uint8_t *text, size_t count) {
  opine_json_result result = {OPINE_JSON_EMPTY, 0, nullptr, nullptr};
  if (count == 0) return result;
  if (count > UINT32_MAX - 128) {
    result.status = OPINE_JSON_TOO_LARGE;
    return result;
  }
  parser->text = text;
  parser->length = uint32_t(count);
  parser->strings_used = 0;
  result.status = parser->find_tokens(count);
  if (result.status) return result;
  if (!parser->entries.make(parser->tokens->n_structural_indexes)) {
    result.status = OPINE_JSON_NO_MEMORY;
    return result;
  }
  result.status = parser->walk(result.offset);
  result.entries = parser->entries.elements.get();
  result.strings = parser->strings.elements.get();
  return result;
}

bool opine_json_double(const uint8_t *text, size_t count, double *result) {
  auto first = reinterpret_cast<const char *>(text);
  auto answer = std::from_chars(first, first + count, *result);
  return answer.ec == std::errc() && answer.ptr == first + count;
}

bool opine_utf8_is_valid(const char *bytes, size_t count) {
  return simdjson::validate_utf8(bytes, count);
}
