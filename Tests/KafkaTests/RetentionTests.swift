import Kafka
import TestKafka
import Testing

/// A mock cluster trims what it can't keep without a word: producers must not let it come to that.
@Suite(.timeLimit(.minutes(2))) struct RetentionTests {
  private static let value = [UInt8](repeating: 7, count: 2000)

  /// Produces until there is no room for half a second, or the count is reached; answers how many.
  private func produce(
    _ producer: inout Producer, _ count: Int, to topic: String
  ) throws(KafkaError) -> Int {
    var done = 0
    var full = 0
    while done < count, full < 50 {
      let refusal = Self.value.withUnsafeBytes { bytes -> KafkaError? in
        do throws(KafkaError) {
          try producer.produce(topic: topic, key: nil, value: bytes, token: done + 1)
          return nil
        } catch { return error }
      }
      guard let refusal else {
        (done, full) = (done + 1, 0)
        continue
      }
      guard refusal.code == "_QUEUE_FULL" else { throw refusal }
      full += 1
      producer.poll(milliseconds: 10) { _ in }
    }
    while producer.outstanding > 0 { producer.poll(milliseconds: 10) { _ in } }
    return done
  }

  @Test func whatNobodyReadsIsNotTrimmed() async throws {
    try await onThread { try checkThatNothingUnreadIsTrimmed() }
  }

  private func checkThatNothingUnreadIsTrimmed() throws {
    let cluster = try MockCluster()
    try cluster.create("reviews.raw", partitions: 1)
    let properties = ["bootstrap.servers": cluster.address, "compression.type": "none"]
    var producer = try Producer(properties)
    let first = try produce(&producer, 100_000, to: "reviews.raw")
    #expect(first > 500, "some megabytes fit")
    #expect(first < 100_000)
    let raw = TopicPartition("reviews.raw", 0)
    let admin = try Admin(properties)
    #expect(try admin.watermarks(raw) == Watermarks(low: 0, high: Int64(first)))

    // A reader that commits makes room.
    let reader = try Consumer(properties.merging(["group.id": "opine-enrich"]) { $1 })
    try reader.commitAndWait([raw: Int64(first)])
    let second = try produce(&producer, 100_000, to: "reviews.raw")
    #expect(second > 500)
    #expect(try admin.watermarks(raw).low <= Int64(first), "only what was read may be trimmed")
  }

  @Test func aClusterThatHasNeverAnsweredIsNotCalledAMock() throws {
    var producer = try Producer(["bootstrap.servers": "127.0.0.1:1"])
    var refusal: KafkaError?
    for number in 1...2000 where refusal == nil {
      Self.value.withUnsafeBytes { bytes in
        do throws(KafkaError) {
          try producer.produce(topic: "reviews.raw", key: nil, value: bytes, token: number)
        } catch { refusal = error }
      }
    }
    #expect(refusal?.code == "_QUEUE_FULL")
    #expect(refusal?.reason == "the cluster has not answered yet")
  }

  @Test func aTopicWithoutAReaderIsNotHeldBack() async throws {
    let count = try await onThread {
      let cluster = try MockCluster()
      try cluster.create("other", partitions: 1)
      var producer = try Producer(["bootstrap.servers": cluster.address])
      return try produce(&producer, 5000, to: "other")
    }
    #expect(count == 5000)
  }
}
