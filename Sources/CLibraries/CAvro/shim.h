#pragma once
#include <avro.h>

/// Decodes a payload by a schema's text and encodes it again: the number of bytes written to
/// `out`, or -1 where libavro refuses either. For differential tests; the calls are macros.
static inline int64_t opine_avro_reencode(
  const char *schema_text, size_t schema_size, const char *payload, size_t size, char *out,
  size_t capacity) {
  avro_schema_t schema = NULL;
  if (avro_schema_from_json_length(schema_text, schema_size, &schema)) return -1;
  avro_value_iface_t *interface = avro_generic_class_from_schema(schema);
  avro_value_t value;
  int64_t written = -1;
  if (interface && !avro_generic_value_new(interface, &value)) {
    avro_reader_t reader = avro_reader_memory(payload, (int64_t)size);
    avro_writer_t writer = avro_writer_memory(out, (int64_t)capacity);
    if (!avro_value_read(reader, &value) && !avro_value_write(writer, &value)) {
      written = avro_writer_tell(writer);
    }
    avro_reader_free(reader);
    avro_writer_free(writer);
    avro_value_decref(&value);
  }
  if (interface) avro_value_iface_decref(interface);
  avro_schema_decref(schema);
  return written;
}
