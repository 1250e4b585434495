import Bytes
import CRdKafka
import Kafka
import Reviews

/// librdkafka's mock cluster of one broker in this process. It differs from Kafka: no admin requests (they
/// time out), nothing is kept, a topic appears when it is first asked for by name.
final class MockBroker {
  private let client: OpaquePointer
  private let cluster: OpaquePointer
  let address: String

  init?(topics: [String: Int32]) {
    var reason = [CChar](repeating: 0, count: 256)
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), &reason, reason.count),
      let cluster = rd_kafka_mock_cluster_new(client, 1),
      let servers = rd_kafka_mock_cluster_bootstraps(cluster)
    else { return nil }
    self.client = client
    self.cluster = cluster
    address = String(cString: servers)
    for (topic, count) in topics { rd_kafka_mock_topic_create(cluster, topic, count, 1) }
  }

  deinit {
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(client)
  }

  var properties: KafkaProperties { ["bootstrap.servers": address] }

  /// Produces to a partition and waits for the reports.
  func fill(
    _ topic: String, partition: Int32 = 0, _ records: [(key: String, value: [UInt8]?)]
  ) throws(KafkaError) {
    var producer = try Producer(properties)
    for (number, record) in records.enumerated() {
      let key = Array(record.key.utf8)
      var failure: KafkaError?
      repeat {
        // Where there is no room, reports make some.
        if failure != nil { producer.poll(milliseconds: 10) { _ in } }
        failure = nil
        key.withUnsafeBytes { key in
          (record.value ?? []).withUnsafeBytes { value in
            do throws(KafkaError) {
              try producer.produce(
                topic: topic, partition: partition, key: key,
                value: record.value == nil ? nil : value, token: number + 1)
            } catch { failure = error }
          }
        }
      } while failure?.code == "_QUEUE_FULL"
      if let failure { throw failure }
    }
    while producer.outstanding > 0 { producer.poll(milliseconds: 100) { _ in } }
  }

  func commit(_ offsets: [TopicPartition: Int64], group: String) throws(KafkaError) {
    try consumer(group).commitAndWait(offsets)
  }

  func committed(_ places: [TopicPartition], group: String) throws(KafkaError)
    -> [TopicPartition: Int64]
  {
    try consumer(group).committed(places)
  }

  private func consumer(_ group: String) throws(KafkaError) -> Consumer {
    try Consumer(properties.merging(["group.id": group]) { $1 })
  }
}

/// A value of `reviews.scored`, framed with schema id 8.
func scoredRecord(
  _ id: String, _ label: SentimentLabel, score: Double, text: String, stars: Double? = nil
) -> (key: String, value: [UInt8]?) {
  var buffer = ByteBuffer()
  for byte: UInt8 in [0, 0, 0, 0, 8] { buffer.append(byte) }
  let strings = [id, "cafe", text].map { Array($0.utf8) }
  strings[0].withUnsafeBytes { id in
    strings[1].withUnsafeBytes { business in
      strings[2].withUnsafeBytes { text in
        let times = ReviewTimes(createdAt: 1_709_337_600_000, ingestedAt: 1_709_337_600_001)
        var review = ReviewView(reviewID: id, text: text, times: times)
        review.businessID = business
        review.stars = stars
        let sentiment = Sentiment(
          label: label, score: score, pNegative: 0.2, pNeutral: 0.2, pPositive: 0.6, wordCount: 3)
        ScoredReview(
          review: review, sentiment: sentiment, model: ModelName(id: "linear", version: "1"),
          scoredAt: 1,
          source: RawCoordinates(topic: "reviews.raw", partition: 0, offset: 0, schemaID: 7)
        ).encode(into: &buffer)
      }
    }
  }
  return (id, buffer.toArray())
}
