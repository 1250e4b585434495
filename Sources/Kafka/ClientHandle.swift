import CRdKafka
import Telemetry

/// Properties of a librdkafka client, by librdkafka's names.
public typealias KafkaProperties = [String: String]

/// How far a consumer got with its group.
final class Membership {
  var hasSubscribed = false
  var wasAssigned = false

  /// librdkafka 2.0.2 ends the process (`rd_kafka_sticky_assignor_state_destroy`) when a consumer goes that
  /// has joined a group and never got an assignment, not even an empty one.
  var mayBeDestroyed: Bool { wasAssigned || !hasSubscribed }
}

/// Owner of an `rd_kafka_t`: one `deinit`, so that none leaks but what can't be destroyed.
struct ClientHandle: ~Copyable {
  let raw: OpaquePointer
  let membership = Membership()

  /// Makes a client; on failure the configuration is freed too.
  init(
    _ kind: rd_kafka_type_t, _ properties: KafkaProperties, events: Int32
  ) throws(KafkaError) {
    guard let configuration = rd_kafka_conf_new() else {
      throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, "make a configuration")
    }
    do throws(KafkaError) {
      for (name, value) in properties { try Self.set(configuration, name, value) }
    } catch {
      rd_kafka_conf_destroy(configuration)
      throw error
    }
    rd_kafka_conf_set_events(configuration, events)
    rd_kafka_conf_set_log_cb(configuration, logLine)
    var reason = [CChar](repeating: 0, count: 512)
    guard let client = rd_kafka_new(kind, configuration, &reason, reason.count) else {
      let code = rd_kafka_last_error()
      rd_kafka_conf_destroy(configuration)
      throw KafkaError(code, "start a Kafka client", reason: text(reason))
    }
    raw = client
  }

  deinit {
    guard membership.mayBeDestroyed else { return }
    rd_kafka_destroy_flags(raw, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
  }

  private static func set(
    _ configuration: OpaquePointer, _ name: String, _ value: String
  ) throws(KafkaError) {
    var reason = [CChar](repeating: 0, count: 512)
    guard
      rd_kafka_conf_set(configuration, name, value, &reason, reason.count) == RD_KAFKA_CONF_OK
    else { throw KafkaError(configuration: name, reason: text(reason)) }
  }
}

/// A client that its consumer and the records it read own together: `rd_kafka_destroy` waits, for ever if
/// need be, until every event is given back, so the last of them destroys it, on its own thread.
final class SharedClient {
  private let handle: ClientHandle

  init(_ handle: consuming ClientHandle) { self.handle = handle }

  var raw: OpaquePointer { handle.raw }
  var membership: Membership { handle.membership }
}

private func text(_ characters: [CChar]) -> String {
  String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private let log = Log("kafka")

/// Time does not heal these, and only librdkafka's log tells them apart from a broker that is away.
private let refusals = ["SASL authentication error", "SSL handshake failed"]

/// Called on librdkafka's threads. Its warnings about connections repeat while a broker is away:
/// they are `info` here, since the hold that they cause is reported by name.
private func logLine(
  _: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?,
  _ message: UnsafePointer<CChar>?
) {
  guard let facility, let message else { return }
  let reason = String(cString: message)
  if level <= 2 {
    log.error("librdkafka reports.", [.reason: reason, .code: String(cString: facility)])
  } else if refusals.contains(where: reason.contains) {
    log.warning("A broker refuses us.", [.reason: reason, .code: String(cString: facility)])
  } else {
    log.info("librdkafka reports.", [.reason: reason, .code: String(cString: facility)])
  }
}

/// Owner of one reference to an `rd_kafka_queue_t`.
struct EventQueue: ~Copyable {
  let raw: OpaquePointer

  init(consuming raw: OpaquePointer) { self.raw = raw }

  deinit { rd_kafka_queue_destroy(raw) }
}

/// Wakes a thread that polls a queue; from any thread, also after the queue's client is gone.
///
/// `@unchecked Sendable` because `rd_kafka_queue_yield` may be called from any thread (rdkafka.h) and the
/// reference is counted by librdkafka.
public final class Waker: @unchecked Sendable {
  private let raw: OpaquePointer

  /// Takes over one reference.
  init(consuming raw: OpaquePointer) { self.raw = raw }

  deinit { rd_kafka_queue_destroy(raw) }

  public func wake() { rd_kafka_queue_yield(raw) }
}
