import CRdKafka
import Kafka

/// librdkafka's mock cluster of one broker in this process. It differs from Kafka: no persistence,
/// no transactions, the log in memory, and topics appear when they are first asked for.
final class MockKafka {
  private let client: OpaquePointer
  private let cluster: OpaquePointer
  let properties: KafkaProperties

  init?(topics: [String: Int32]) {
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

  /// The next produce requests are answered so.
  func refuseProduce(_ errors: [rd_kafka_resp_err_t]) {
    rd_kafka_mock_push_request_errors_array(cluster, 0, errors.count, errors)
  }

  /// Produces to partition 0 and waits for the reports.
  func fill(_ topic: String, _ records: [(key: String?, value: [UInt8]?)]) throws(KafkaError) {
    var producer = try Producer(properties)
    for (number, record) in records.enumerated() {
      let key = record.key.map { Array($0.utf8) }
      try Self.withBytes(key) { key throws(KafkaError) in
        try Self.withBytes(record.value) { value throws(KafkaError) in
          try Self.produce(&producer, topic, key, value, number + 1)
        }
      }
    }
    while producer.outstanding > 0 { producer.poll(milliseconds: 100) { _ in } }
  }

  /// Waits for reports where there is no room.
  private static func produce(
    _ producer: inout Producer, _ topic: String, _ key: UnsafeRawBufferPointer?,
    _ value: UnsafeRawBufferPointer?, _ token: Int
  ) throws(KafkaError) {
    while true {
      do throws(KafkaError) {
        return try producer.produce(
          topic: topic, partition: 0, key: key, value: value, token: token)
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

  struct Found: Equatable {
    let key: String?
    let value: [UInt8]?
    let headers: [String: String]
  }

  /// Everything in partition 0 of the topic, in order.
  func read(_ topic: String) throws(KafkaError) -> [Found] {
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
