import CRdKafka

/// One Kafka record as it lies in librdkafka's memory; valid while its batch lives.
public struct Record {
  let raw: UnsafePointer<rd_kafka_message_t>

  public var offset: Int64 { raw.pointee.offset }
  public var partition: Int32 { raw.pointee.partition }

  /// Nil where the record has no key; an empty key is not nil.
  public var key: UnsafeRawBufferPointer? {
    raw.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: raw.pointee.key_len) }
  }

  /// Nil for a tombstone; an empty value is not nil.
  public var value: UnsafeRawBufferPointer? {
    raw.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: raw.pointee.len) }
  }

  /// Milliseconds since 1970; nil where the broker keeps none.
  public var timestamp: Int64? {
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let time = rd_kafka_message_timestamp(raw, &kind)
    return kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : time
  }

  /// The headers in their order, copied.
  public var headers: [RecordHeader] {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
      return []
    }
    var found: [RecordHeader] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var count = 0
    while rd_kafka_header_get_all(list, found.count, &name, &value, &count)
      == RD_KAFKA_RESP_ERR_NO_ERROR, let text = name
    {
      let bytes = value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) }
      found.append(RecordHeader(String(cString: text), bytes))
    }
    return found
  }

  /// The last header of that name; nil where there is none or its value is null. Costs nothing for a
  /// record without headers.
  public func headerBytes(_ name: StaticString) -> UnsafeRawBufferPointer? {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
      return nil
    }
    return name.withUTF8Buffer { name in
      name.baseAddress.flatMap { Self.last($0, in: list) }
    }
  }

  /// The last header of that name as text; nil where there is none, its value is null or no UTF-8.
  public func header(_ name: String) -> String? {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
      return nil
    }
    return name.withCString { Self.last(UnsafeRawPointer($0), in: list) }
      .flatMap { String(validating: $0, as: UTF8.self) }
  }

  private static func last(
    _ name: UnsafeRawPointer, in list: OpaquePointer
  ) -> UnsafeRawBufferPointer? {
    var value: UnsafeRawPointer?
    var count = 0
    let code = rd_kafka_header_get_last(
      list, name.assumingMemoryBound(to: CChar.self), &value, &count)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let value else { return nil }
    return UnsafeRawBufferPointer(start: value, count: count)
  }

  /// Bytes that this record keeps in memory until its batch goes: key, value, librdkafka's own part.
  public var footprint: Int { raw.pointee.len + raw.pointee.key_len + 320 }
}

/// A header of a record; its value may be null.
public struct RecordHeader: Sendable, Equatable {
  public let name: String
  public let value: [UInt8]?

  public init(_ name: String, _ value: [UInt8]?) {
    self.name = name
    self.value = value
  }

  public init(_ name: String, text: String) { self.init(name, Array(text.utf8)) }

  public var text: String? { value.flatMap { String(validating: $0, as: UTF8.self) } }
}

/// Consecutive records of one partition, in offset order, never empty; owns their memory, also when the
/// consumer that read them is gone.
public final class RecordBatch {
  public let source: TopicPartition
  private let client: SharedClient
  private var events: [OpaquePointer] = []
  private var messages: [UnsafePointer<rd_kafka_message_t>] = []
  /// Sum of the records' footprints.
  public private(set) var bytes = 0

  init(source: TopicPartition, capacity: Int, of client: SharedClient) {
    self.source = source
    self.client = client
    events.reserveCapacity(capacity)
    messages.reserveCapacity(capacity)
  }

  /// Called when the batch's memory is given back.
  public var onRelease: (() -> Void)?

  deinit {
    for event in events { rd_kafka_event_destroy(event) }
    onRelease?()
  }

  /// Takes over the fetch event that owns the message.
  func append(event: OpaquePointer, _ message: UnsafePointer<rd_kafka_message_t>) {
    events.append(event)
    messages.append(message)
    bytes += message.pointee.len + message.pointee.key_len + 320
  }

  public var count: Int { messages.count }
  public subscript(index: Int) -> Record { Record(raw: messages[index]) }
  public var first: Int64 { messages[0].pointee.offset }
  public var last: Int64 { messages[messages.count - 1].pointee.offset }

  /// The topic handle of librdkafka, to see cheaply whether a message belongs here.
  var handle: OpaquePointer? { messages.first?.pointee.rkt }
}
