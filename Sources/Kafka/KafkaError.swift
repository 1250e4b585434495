import CRdKafka

/// What librdkafka or a broker refused, and what a caller may do about it.
public struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// librdkafka's name of the error, as `_TRANSPORT` or `UNKNOWN_TOPIC_OR_PART` (rdkafka.h).
  public let code: String
  /// What was tried, in words, with coordinates.
  public let operation: String
  /// librdkafka's own sentence.
  public let reason: String
  /// The client can't be used any more; make a new one.
  public let isFatal: Bool
  /// Trying again, later, may help.
  public let isRetriable: Bool

  init(_ raw: rd_kafka_resp_err_t, _ operation: String, reason: String? = nil) {
    code = String(cString: rd_kafka_err2name(raw))
    self.operation = operation
    self.reason = reason ?? String(cString: rd_kafka_err2str(raw))
    isFatal =
      raw == RD_KAFKA_RESP_ERR__FATAL || raw == RD_KAFKA_RESP_ERR__FENCED
      || raw == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
    isRetriable = Self.retriable.contains(code)
  }

  /// Takes over an `rd_kafka_error_t` and frees it.
  init(consuming raw: OpaquePointer, _ operation: String) {
    code = String(cString: rd_kafka_error_name(raw))
    self.operation = operation
    reason = String(cString: rd_kafka_error_string(raw))
    isFatal = rd_kafka_error_is_fatal(raw) != 0
    isRetriable = rd_kafka_error_is_retriable(raw) != 0 || Self.retriable.contains(code)
    rd_kafka_error_destroy(raw)
  }

  /// A setting that librdkafka does not take.
  init(configuration name: String, reason: String) {
    code = "_INVALID_ARG"
    operation = "set \(name)"
    self.reason = reason
    isFatal = true
    isRetriable = false
  }

  /// A broker that does not answer.
  public static func unreachable(_ operation: String) -> KafkaError {
    KafkaError(RD_KAFKA_RESP_ERR__TRANSPORT, operation)
  }

  public var description: String { "Kafka: \(operation): \(reason) (\(code))" }

  public var isMessageTooLarge: Bool { code == "MSG_SIZE_TOO_LARGE" }
  public var isFenced: Bool { code == "FENCED_INSTANCE_ID" || code == "_FENCED" }
  public var isUnknownTopic: Bool {
    code == "UNKNOWN_TOPIC_OR_PART" || code == "_UNKNOWN_TOPIC" || code == "_UNKNOWN_PARTITION"
  }

  private static let retriable: Set<String> = [
    "_TRANSPORT", "_ALL_BROKERS_DOWN", "_RESOLVE", "_TIMED_OUT", "_TIMED_OUT_QUEUE", "_WAIT_COORD",
    "_MSG_TIMED_OUT", "_QUEUE_FULL", "REQUEST_TIMED_OUT", "LEADER_NOT_AVAILABLE",
    "NETWORK_EXCEPTION",
    "NOT_LEADER_FOR_PARTITION", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE",
    "NOT_COORDINATOR", "REBALANCE_IN_PROGRESS", "NOT_ENOUGH_REPLICAS", "BROKER_NOT_AVAILABLE",
    "_IN_PROGRESS", "_STATE", "_NO_OFFSET", "_PARTIAL",
  ]
}
