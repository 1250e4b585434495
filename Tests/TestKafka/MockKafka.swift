import CRdKafka
import Kafka

/// librdkafka's mock cluster of one broker in this process. It differs from Kafka: no persistence,
/// no transactions, the log in memory, and topics appear when they are first asked for.
///
/// `@unchecked Sendable` because its fields never change and the cluster's calls take its lock.
public final class MockKafka: @unchecked Sendable {
  private let client: OpaquePointer
  private let cluster: OpaquePointer
  public let properties: KafkaProperties

  public init?(topics: [String: Int32]) {
    var reason = [CChar](repeating: 0, count: 256)
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), &reason, reason.count),
      let cluster = rd_kafka_mock_cluster_new(client, 1),
      let servers = rd_kafka_mock_cluster_bootstraps(cluster)
    else { return nil }
    self.client = client
    self.cluster = cluster
    properties = ["bootstrap.servers": String(cString: servers)]
    for (topic, count) in topics { rd_kafka_mock_topic_create(cluster, topic, count, 1) }
  }

  deinit {
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(client)
  }

  /// `HOST:PORT`, for programs that connect to it.
  public var address: String { properties["bootstrap.servers"] ?? "" }

  /// The next produce requests are answered so.
  public func refuseProduce(_ errors: [rd_kafka_resp_err_t]) {
    rd_kafka_mock_push_request_errors_array(cluster, 0, errors.count, errors)
  }

  /// Every produce request is refused, until `acceptProduce`: nobody may write.
  public func refuseProduce() {
    refuseProduce(Array(repeating: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, count: 10_000))
  }

  /// Produce requests are answered as they should be again.
  public func acceptProduce() { rd_kafka_mock_clear_request_errors(cluster, 0) }

  /// Who joins a group never learns its partitions: every SyncGroup request is refused.
  public func refuseAssignments() {
    let errors = Array(repeating: RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, count: 10_000)
    rd_kafka_mock_push_request_errors_array(cluster, 14, errors.count, errors)
  }

  /// The one broker answers to nobody, or answers again.
  public func setDown(_ isDown: Bool) {
    if isDown {
      rd_kafka_mock_broker_set_down(cluster, 1)
    } else {
      rd_kafka_mock_broker_set_up(cluster, 1)
    }
  }

  public func create(_ topic: String, partitions: Int32) {
    rd_kafka_mock_topic_create(cluster, topic, partitions, 1)
  }

  /// Produces in one batch and waits for the reports.
  public func fill(
    _ topic: String, partition: Int32 = 0, _ records: [(key: String?, value: [UInt8]?)]
  ) async throws {
    try await onThread { try self.produce(topic, partition, records) }
  }

  private func produce(
    _ topic: String, _ partition: Int32, _ records: [(key: String?, value: [UInt8]?)]
  ) throws(KafkaError) {
    var producer = try Producer(properties.merging(["linger.ms": "50"]) { $1 })
    for (number, record) in records.enumerated() {
      let key = record.key.map { Array($0.utf8) }
      try Self.withBytes(key) { key throws(KafkaError) in
        try Self.withBytes(record.value) { value throws(KafkaError) in
          try Self.produce(&producer, topic, partition, key, value, number + 1)
        }
      }
    }
    while producer.outstanding > 0 { producer.poll(milliseconds: 100) { _ in } }
  }

  /// Waits for reports where there is no room.
  private static func produce(
    _ producer: inout Producer, _ topic: String, _ partition: Int32?,
    _ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?, _ token: Int
  ) throws(KafkaError) {
    while true {
      do throws(KafkaError) {
        return try producer.produce(
          topic: topic, partition: partition, key: key, value: value, token: token)
      } catch {
        guard error.code == "_QUEUE_FULL" else { throw error }
      }
      producer.poll(milliseconds: 10) { _ in }
    }
  }

  private static func withBytes(
    _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws(KafkaError) -> Void
  ) throws(KafkaError) {
    guard let bytes else { return try body(nil) }
    var failure: KafkaError?
    bytes.withUnsafeBytes { raw in
      do throws(KafkaError) { try body(raw) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  public struct Found: Equatable, Sendable {
    public let key: String?
    public let value: [UInt8]?
    public let headers: [String: String]
  }

  /// What the group has committed in the partition; nil where it has not.
  public func committed(
    _ group: String, _ topic: String, _ partition: Int32 = 0
  ) async throws -> Int64? {
    try await onThread { [properties] in
      let consumer = try Consumer(properties.merging(["group.id": group]) { $1 })
      let place = TopicPartition(topic, partition)
      return try consumer.committed([place])[place]
    }
  }

  /// Commits for the group, which need not be there.
  public func commit(_ offsets: [TopicPartition: Int64], group: String) async throws {
    try await onThread { [properties] in
      try Consumer(properties.merging(["group.id": group]) { $1 }).commitAndWait(offsets)
    }
  }

  /// Everything in partition 0 of the topic, in order.
  public func read(_ topic: String) async throws -> [Found] {
    try await onThread { try self.readAll(topic) }
  }

  private func readAll(_ topic: String) throws(KafkaError) -> [Found] {
    var all = properties
    all["group.id"] = "reader"
    let consumer = try Consumer(all)
    try consumer.assignAlone([TopicPartition(topic, 0): 0])
    var found: [Found] = []
    var ended = false
    for _ in 0..<100 where !ended {
      consumer.poll(maximumRecords: 1000, milliseconds: 100) { event in
        switch event {
        case .records(let batch):
          for index in 0..<batch.count { found.append(Self.found(batch[index])) }
        case .endOfPartition: ended = true
        default: break
        }
      }
    }
    consumer.close(milliseconds: 2000)
    return found
  }

  private static func found(_ record: Record) -> Found {
    var headers: [String: String] = [:]
    for header in record.headers { headers[header.name] = header.text }
    return Found(
      key: record.key.map { String(decoding: $0, as: UTF8.self) },
      value: record.value.map { [UInt8]($0) },
      headers: headers)
  }
}
