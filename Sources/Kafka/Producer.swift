import CRdKafka

/// The broker's word on one produced record.
public struct Delivery: Sendable {
  /// The number given to `produce`.
  public let token: Int
  /// Nil: durably written by all in-sync replicas.
  public let error: KafkaError?
}

/// An idempotent producer whose delivery reports come out of `poll`, on the caller's thread.
///
/// Defaults: acks=all, idempotence, lz4, no time limit on delivery (the system's trouble is waited out),
/// Java's partitioner. Not thread-safe: it belongs to one thread or actor.
public struct Producer: ~Copyable {
  private let client: ClientHandle
  private let queue: EventQueue
  private var topics: [String: OpaquePointer] = [:]
  private let wakeTarget: Waker?
  private var retention: RetentionGuard

  private static let defaults: KafkaProperties = [
    "enable.idempotence": "true", "acks": "all", "compression.type": "lz4", "linger.ms": "5",
    "message.timeout.ms": "0", "partitioner": "murmur2_random", "reconnect.backoff.max.ms": "1000",
    "queue.buffering.max.kbytes": "16384", "queue.buffering.max.messages": "100000",
    "batch.size": "262144", "allow.auto.create.topics": "false", "client.id": "opine",
    "retry.backoff.ms": "100",
  ]

  /// `waking`: the poll of that consumer ends as soon as a delivery report is there.
  public init(_ properties: KafkaProperties, waking: Waker? = nil) throws(KafkaError) {
    let all = Self.defaults.merging(properties) { $1 }
    let made = try ClientHandle(
      RD_KAFKA_PRODUCER, all, events: RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
    guard let main = rd_kafka_queue_get_main(made.raw) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__STATE, "get the producer's queue")
    }
    client = made
    retention = RetentionGuard(properties)
    queue = EventQueue(consuming: main)
    wakeTarget = waking
    if let waking {
      // The pointer stays valid: `wakeTarget` outlives the queue's callback, which deinit takes away.
      rd_kafka_queue_cb_event_enable(queue.raw, wakeUp, Unmanaged.passUnretained(waking).toOpaque())
    }
  }

  deinit {
    if wakeTarget != nil { rd_kafka_queue_cb_event_enable(queue.raw, nil, nil) }
    for topic in topics.values { rd_kafka_topic_destroy(topic) }
  }

  /// Queues a copy of the record. `token` comes back in the delivery report. `partition` nil: by the key's
  /// hash.
  ///
  /// Throws `_QUEUE_FULL` (retriable) while the queue has no room, a mock cluster would trim what its reader
  /// has not read, or a cluster that has never answered is owed a megabyte: poll, then try again.
  public mutating func produce(
    topic: String, partition: Int32? = nil, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, headers: [RecordHeader] = [], token: Int
  ) throws(KafkaError) {
    let size = (key?.count ?? 0) + (value?.count ?? 0)
    if let reason = retention.refusal(topic, size, client: client.raw) {
      throw KafkaError(RD_KAFKA_RESP_ERR__QUEUE_FULL, "produce to \(topic)", reason: reason)
    }
    let handle = try handle(of: topic)
    let list = headers.isEmpty ? nil : Self.list(headers)
    // An empty key or value is not null: librdkafka tells the two apart by the pointer.
    let code = opine_produce(
      client.raw, handle, partition ?? RD_KAFKA_PARTITION_UA, key.map(Self.start), key?.count ?? 0,
      value.map(Self.start), value?.count ?? 0, list, UnsafeMutableRawPointer(bitPattern: token))
    if code != RD_KAFKA_RESP_ERR_NO_ERROR {
      if let list { rd_kafka_headers_destroy(list) }
      throw KafkaError(code, "produce to \(topic)")
    }
  }

  /// As the other `produce`, of bytes that are at hand as arrays.
  public mutating func produce(
    topic: String, partition: Int32? = nil, key: [UInt8], value: [UInt8]?,
    headers: [RecordHeader] = [], token: Int
  ) throws(KafkaError) {
    var failure: KafkaError?
    key.withUnsafeBytes { key in
      (value ?? []).withUnsafeBytes { bytes in
        do throws(KafkaError) {
          try produce(
            topic: topic, partition: partition, key: key, value: value == nil ? nil : bytes,
            headers: headers, token: token)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
  }

  private static func start(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
    bytes.baseAddress ?? UnsafeRawPointer(emptyBytes.utf8Start)
  }

  private static func list(_ headers: [RecordHeader]) -> OpaquePointer? {
    let list = rd_kafka_headers_new(headers.count)
    for header in headers {
      if let value = header.value {
        rd_kafka_header_add(list, header.name, -1, value, value.count)
      } else {
        rd_kafka_header_add(list, header.name, -1, nil, 0)
      }
    }
    return list
  }

  private mutating func handle(of topic: String) throws(KafkaError) -> OpaquePointer {
    if let known = topics[topic] { return known }
    guard let made = rd_kafka_topic_new(client.raw, topic, nil) else {
      throw KafkaError(rd_kafka_last_error(), "use topic \(topic)")
    }
    topics[topic] = made
    return made
  }

  /// Waits up to `milliseconds` for a report, then hands over all that are there.
  ///
  /// Returns the error that ended the client's life, if one did.
  @discardableResult
  public func poll(milliseconds: Int32, _ handle: (Delivery) -> Void) -> KafkaError? {
    var fatal: KafkaError?
    var wait = milliseconds
    while let event = rd_kafka_queue_poll(queue.raw, wait) {
      wait = 0
      if rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR {
        while let message = rd_kafka_event_message_next(event) {
          let token = Int(bitPattern: message.pointee._private)
          let code = message.pointee.err
          let error =
            code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, "deliver a record")
          handle(Delivery(token: token, error: error))
        }
      } else if rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__FATAL {
        let reason = rd_kafka_event_error_string(event).map { String(cString: $0) }
        fatal = KafkaError(RD_KAFKA_RESP_ERR__FATAL, "produce", reason: reason)
      }
      rd_kafka_event_destroy(event)
    }
    return fatal
  }

  /// Records queued or in flight, and reports not yet taken.
  public var outstanding: Int { Int(rd_kafka_outq_len(client.raw)) }
}

/// Something to point at where a key or value is empty and not null.
private let emptyBytes: StaticString = " "

/// Called on librdkafka's threads when the queue becomes non-empty.
private func wakeUp(_: OpaquePointer?, _ opaque: UnsafeMutableRawPointer?) {
  guard let opaque else { return }
  Unmanaged<Waker>.fromOpaque(opaque).takeUnretainedValue().wake()
}
