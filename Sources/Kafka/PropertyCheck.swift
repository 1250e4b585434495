import CRdKafka

/// What librdkafka says of one property, without a client.
public enum PropertyCheck: Sendable, Equatable {
  case accepted
  case unknown
  /// Known, and not with this value; librdkafka's sentence, which may repeat the value.
  case refused(String)

  public init(_ name: String, _ value: String) {
    guard let configuration = rd_kafka_conf_new() else {
      self = .accepted
      return
    }
    defer { rd_kafka_conf_destroy(configuration) }
    var reason = [CChar](repeating: 0, count: 512)
    switch rd_kafka_conf_set(configuration, name, value, &reason, reason.count) {
    case RD_KAFKA_CONF_OK: self = .accepted
    case RD_KAFKA_CONF_UNKNOWN: self = .unknown
    default:
      let text = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      self = .refused(String(decoding: text, as: UTF8.self))
    }
  }
}
