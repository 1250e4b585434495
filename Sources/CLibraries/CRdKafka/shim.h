#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/// rd_kafka_producev without its variadic form: a copy of key and value is queued; headers, where there
/// are any, belong to librdkafka afterwards if and only if the call succeeds.
static inline rd_kafka_resp_err_t opine_produce(
    rd_kafka_t *client, rd_kafka_topic_t *topic, int32_t partition, const void *key, size_t key_count,
    const void *value, size_t value_count, rd_kafka_headers_t *headers, void *opaque) {
  if (headers)
    return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_KEY(key, key_count),
                             RD_KAFKA_V_VALUE((void *)value, value_count),
                             RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
  return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                           RD_KAFKA_V_KEY(key, key_count),
                           RD_KAFKA_V_VALUE((void *)value, value_count),
                           RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}
