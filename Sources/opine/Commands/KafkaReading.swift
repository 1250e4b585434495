import Kafka

/// Reads topics from their beginning to where they end now, for commands that end.
struct TopicReader: ~Copyable {
  private let consumer: Consumer
  private let ends: [TopicPartition: Int64]
  /// First offsets that the log still has.
  let lows: [TopicPartition: Int64]

  /// The bounds are those of this moment. A topic that does not exist has no partitions.
  init(topics: [String], kafka: KafkaProperties) throws(KafkaError) {
    let admin = try Admin(kafka)
    let counts = try admin.partitionCounts()
    var ends: [TopicPartition: Int64] = [:]
    var lows: [TopicPartition: Int64] = [:]
    for topic in topics {
      for number in 0..<(counts[topic] ?? 0) {
        let source = TopicPartition(topic, number)
        let bounds = try admin.watermarks(source)
        ends[source] = bounds.high
        lows[source] = bounds.low
      }
    }
    try self.init(lows: lows, ends: ends, kafka: kafka)
  }

  /// Reads these offsets of each partition.
  init(
    lows: [TopicPartition: Int64], ends: [TopicPartition: Int64], kafka: KafkaProperties
  ) throws(KafkaError) {
    var properties = kafka
    properties["group.id"] = "opine-reader"
    let made = try Consumer(properties)
    try made.assignAlone(lows)
    consumer = made
    self.ends = ends
    self.lows = lows
  }

  var bounds: [TopicPartition: Watermarks] {
    ends.reduce(into: [:]) { $0[$1.key] = Watermarks(low: lows[$1.key] ?? 0, high: $1.value) }
  }

  /// Hands over every record below the ends; records that came later are left out.
  func read(_ handle: (TopicPartition, Record) -> Void) throws(KafkaError) {
    var open = Set(ends.filter { $0.value > (lows[$0.key] ?? 0) }.keys)
    var failure: KafkaError?
    while !open.isEmpty, failure == nil {
      consumer.poll(maximumRecords: 10_000, milliseconds: 1000) { event in
        switch event {
        case .records(let batch):
          let end = ends[batch.source] ?? 0
          for index in 0..<batch.count where batch[index].offset < end {
            handle(batch.source, batch[index])
          }
          if batch.last + 1 >= end { open.remove(batch.source) }
        case .endOfPartition(let source, let next):
          if next >= ends[source] ?? 0 { open.remove(source) }
        case .offsetOutOfRange(let source, _): open.remove(source)
        case .error(let error): if !error.isRetriable { failure = error }
        case .assigned, .revoked, .committed: break
        }
      }
    }
    if let failure { throw failure }
  }
}

/// The offsets that a group has committed; asks the broker without joining the group.
func committedOffsets(
  group: String, _ partitions: [TopicPartition], _ kafka: KafkaProperties,
  timeoutMilliseconds: Int32 = 5000
) throws(KafkaError) -> [TopicPartition: Int64] {
  var properties = kafka
  properties["group.id"] = group
  let consumer = try Consumer(properties)
  return try consumer.committed(partitions, timeoutMilliseconds: timeoutMilliseconds)
}

func unreachable(_ error: KafkaError, _ what: String) -> CommandError {
  CommandError(
    error.isRetriable ? .unreachable : .failed, what, why: error.description,
    next: "start Kafka, or say where it is: --kafka HOST:PORT")
}
