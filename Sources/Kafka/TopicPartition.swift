import CRdKafka

/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let topic: String
  public let partition: Int32

  public init(_ topic: String, _ partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  public var description: String { "\(topic)-\(partition)" }

  public static func < (left: Self, right: Self) -> Bool {
    (left.topic, left.partition) < (right.topic, right.partition)
  }
}

/// The offsets that a broker still has: `low` is the first, `high` the one that comes next.
public struct Watermarks: Sendable, Equatable {
  public let low: Int64
  public let high: Int64

  public init(low: Int64, high: Int64) {
    self.low = low
    self.high = high
  }
}

/// Owner of an `rd_kafka_topic_partition_list_t`.
struct PartitionList: ~Copyable {
  let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(_ partitions: some Collection<TopicPartition>) {
    raw = rd_kafka_topic_partition_list_new(Int32(partitions.count))
    for each in partitions { add(each) }
  }

  init(_ offsets: [TopicPartition: Int64]) {
    raw = rd_kafka_topic_partition_list_new(Int32(offsets.count))
    for (each, offset) in offsets { add(each).pointee.offset = offset }
  }

  init(topics: [String]) {
    raw = rd_kafka_topic_partition_list_new(Int32(topics.count))
    for topic in topics { rd_kafka_topic_partition_list_add(raw, topic, -1) }
  }

  deinit { rd_kafka_topic_partition_list_destroy(raw) }

  @discardableResult
  private func add(_ each: TopicPartition) -> UnsafeMutablePointer<rd_kafka_topic_partition_t> {
    rd_kafka_topic_partition_list_add(raw, each.topic, each.partition)
  }

  static func read(_ raw: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [PartitionOffset] {
    guard let raw else { return [] }
    return (0..<Int(raw.pointee.cnt)).map { PartitionOffset(raw.pointee.elems[$0]) }
  }
}

/// A partition with an offset or an error, as librdkafka lists them.
struct PartitionOffset {
  let partition: TopicPartition
  let offset: Int64
  let error: rd_kafka_resp_err_t

  init(_ raw: rd_kafka_topic_partition_t) {
    partition = TopicPartition(String(cString: raw.topic), raw.partition)
    offset = raw.offset
    error = raw.err
  }
}
