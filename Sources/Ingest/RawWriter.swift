import Bytes
import Kafka
import Reviews
import SchemaRegistry
import Telemetry

/// Names and numbers that a run of ingest needs.
public struct IngestTarget: Sendable {
  public static let topic = "reviews.raw"
  public static let deadLetterTopic = "reviews.dlq"
  public static let subject = SubjectName.topicName(topic, .value)

  public let kafka: KafkaProperties
  public let schema: IngestSchema

  public init(kafka: KafkaProperties, schema: IngestSchema) {
    self.kafka = kafka
    self.schema = schema
  }

  /// Waits until the cluster answers (`waiting` is called once if it does not at first), and sees
  /// that the topics are there. Answers with the cluster's id; nil when stopped.
  public func awaitCluster(
    stop: StopRequest, waiting: () -> Void
  ) throws(IngestError) -> String? {
    var said = false
    let admin: Admin
    do throws(KafkaError) { admin = try Admin(kafka) } catch { throw .kafka(error) }
    while !stop.isStopped {
      let topics: [String: Int32]
      do throws(KafkaError) {
        topics = try admin.partitionCounts(timeoutMilliseconds: 2000)
      } catch {
        guard error.isRetriable else { throw .kafka(error) }
        if !said { waiting() }
        said = true
        continue
      }
      for name in [Self.topic, Self.deadLetterTopic] where topics[name] == nil {
        throw .noTopic(name)
      }
      if let id = admin.clusterID() { return id }
    }
    return nil
  }
}

/// What became of a run's lines or records.
public struct IngestCounts: Sendable, Equatable {
  /// Reviews produced to the raw topic.
  public var ingested = 0
  /// Lines sent to the dead letter topic.
  public var rejected = 0
  /// Lines that an earlier run had delivered.
  public var skipped = 0
  /// Records that the broker has acknowledged.
  public var delivered = 0
  /// Ended by request before the source's end.
  public var isStopped = false

  public init() {}
}

/// Produces reviews and dead letters, one token each; tells up to which token the broker has all.
final class RawWriter {
  private var producer: Producer
  private let schema: IngestSchema
  private let stop: StopRequest
  private var buffer = ByteBuffer(capacity: 8192)
  private var acknowledged = Acknowledged(prefix: 0)
  private var failure: KafkaError?
  private var hasSaidWhy = false
  private let log = Log("ingest")
  var counts = IngestCounts()

  init(_ target: IngestTarget, stop: StopRequest) throws(IngestError) {
    do throws(KafkaError) { producer = try Producer(target.kafka) } catch { throw .kafka(error) }
    schema = target.schema
    self.stop = stop
  }

  /// All tokens below it are on the broker.
  var prefix: Int { acknowledged.prefix }

  /// Starts counting at that token; nothing may be in flight.
  func begin(at token: Int) { acknowledged = Acknowledged(prefix: token) }

  /// A token that needs no record.
  func pass(_ token: Int) { acknowledged.note(token) }

  /// Encodes and produces; answers false where the client finds it too large, which is a reject.
  func write(_ review: ReviewView, token: Int) throws(IngestError) -> Bool {
    try encode { review.encode(into: &$0) }
    return try send(key: review.reviewID, token: token)
  }

  func write(_ review: Review, token: Int) throws(IngestError) -> Bool {
    try encode { review.encode(into: &$0) }
    return try send(key: review.reviewID, token: token)
  }

  /// The header and the first half of the payload, which no reader can decode.
  func writeBroken(_ review: Review, token: Int) throws(IngestError) {
    try encode { review.encode(into: &$0) }
    let payload = buffer.count - WireFormat.headerLength
    buffer.truncate(to: WireFormat.headerLength + payload / 2)
    _ = try send(key: review.reviewID, token: token)
  }

  func writeTombstone(_ id: String, token: Int) throws(IngestError) {
    _ = try withBytes(Array(id.utf8)) { (key) throws(IngestError) in
      try produce(IngestTarget.topic, key, nil, [], token)
    }
  }

  /// Sends a line to the dead letter topic; of one that is too large for Kafka its beginning.
  func reject(
    _ line: UnsafeRawBufferPointer, key: [UInt8]?, reason: String, source: String, number: Int,
    token: Int
  ) throws(IngestError) {
    let headers = [
      RecordHeader(DeadLetterHeaders.stage, text: DeadLetterStage.ingest.rawValue),
      RecordHeader(DeadLetterHeaders.reason, text: reason),
      RecordHeader("opine.source", text: source),
      RecordHeader("opine.line", text: String(number)),
    ]
    let sent = try withKey(key) { (key) throws(IngestError) in
      try produce(IngestTarget.deadLetterTopic, key, line, headers, token)
    }
    if !sent {
      let cut = UnsafeRawBufferPointer(rebasing: line.prefix(64 << 10))
      _ = try withKey(key.map { Array($0.prefix(4096)) }) { (key) throws(IngestError) in
        try produce(IngestTarget.deadLetterTopic, key, cut, headers, token)
      }
    }
    counts.rejected += 1
  }

  private func withKey<Result>(
    _ key: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws(IngestError) -> Result
  ) throws(IngestError) -> Result {
    guard let key else { return try body(nil) }
    return try withBytes(key) { (bytes) throws(IngestError) in try body(bytes) }
  }

  private func encode(_ body: (inout ByteBuffer) -> Void) throws(IngestError) {
    buffer.removeAll()
    WireFormat.appendHeader(id: schema.id, to: &buffer)
    body(&buffer)
    try schema.convert(&buffer, from: WireFormat.headerLength)
  }

  private func send(key: String, token: Int) throws(IngestError) -> Bool {
    try withBytes(Array(key.utf8)) { (bytes) throws(IngestError) in
      try send(key: bytes, token: token)
    }
  }

  private func send(key: UnsafeRawBufferPointer, token: Int) throws(IngestError) -> Bool {
    try buffer.withUnsafeBytes { (bytes) throws(IngestError) in
      try produce(IngestTarget.topic, key, bytes, [], token)
    }
  }

  /// Waits for room where the queue is full; a stopped run gives up, the token unacknowledged.
  private func produce(
    _ topic: String, _ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?,
    _ headers: [RecordHeader], _ token: Int
  ) throws(IngestError) -> Bool {
    let began = ContinuousClock.now
    while true {
      do throws(KafkaError) {
        try producer.produce(topic: topic, key: key, value: value, headers: headers, token: token)
        return true
      } catch {
        if error.isMessageTooLarge { return false }
        guard error.code == "_QUEUE_FULL" else { throw .kafka(error) }
        if !hasSaidWhy, .now - began > .seconds(3) {
          hasSaidWhy = true
          log.warning("Held back.", [.topic: topic, .reason: error.reason])
        }
      }
      try poll(milliseconds: 100)
      if stop.isStopped { return true }
    }
  }

  /// Takes delivery reports; throws what ended the client, or a record that the broker refused.
  func poll(milliseconds: Int32 = 0) throws(IngestError) {
    let fatal = producer.poll(milliseconds: milliseconds) { delivery in
      if let error = delivery.error {
        failure = failure ?? error
      } else {
        acknowledged.note(delivery.token)
        counts.delivered += 1
      }
    }
    if let error = failure ?? fatal { throw .kafka(error) }
  }

  /// Waits until the broker has all; once stopped for no more than 10 seconds.
  ///
  /// - Parameter tick: called between reports.
  func flush(_ tick: () throws(IngestError) -> Void) throws(IngestError) {
    var limit: ContinuousClock.Instant?
    while producer.outstanding > 0 {
      try poll(milliseconds: 100)
      try tick()
      if stop.isStopped {
        let end = limit ?? .now + .seconds(10)
        limit = end
        if .now > end { return }
      }
    }
  }
}

/// `withUnsafeBytes` that keeps the error's type.
func withBytes<Result>(
  _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(IngestError) -> Result
) throws(IngestError) -> Result {
  let result = bytes.withUnsafeBytes { bytes in
    Swift.Result { () throws(IngestError) in try body(bytes) }
  }
  return try result.get()
}
