import Foundation
import Kafka
import TestKafka
import Testing

private let place = TopicPartition("t", 0)

/// Where reading starts, ends and fails, and what is remembered of it.
@BlockingTests @Suite(.timeLimit(.minutes(3))) struct ConsumerTests {
  let kafka: MockKafka

  init() throws { kafka = try #require(MockKafka(topics: ["t": 1])) }

  private func consumer() throws(KafkaError) -> Consumer {
    try Consumer(kafka.properties.merging(["group.id": "g"]) { $1 })
  }

  /// Polls until an event of interest; records count too.
  private func first(
    _ consumer: borrowing Consumer, _ wanted: (ConsumerEvent) -> String?
  ) -> String? {
    var found: String?
    let deadline = ContinuousClock.now + .seconds(20)
    while found == nil, ContinuousClock.now < deadline {
      consumer.poll(maximumRecords: 100, milliseconds: 100) { found = found ?? wanted($0) }
    }
    return found
  }

  @Test func recordsComeInOrderAndThenTheEnd() async throws {
    try await kafka.fill("t", (0..<5).map { ("k\($0)", [UInt8($0)]) })
    let consumer = try consumer()
    try consumer.assignAlone([place: 2])
    var offsets: [Int64] = []
    let end = first(consumer) { event in
      switch event {
      case .records(let batch):
        offsets += (0..<batch.count).map { batch[$0].offset }
        return nil
      case .endOfPartition(let source, let next): return "\(source) \(next)"
      default: return nil
      }
    }
    #expect(offsets == [2, 3, 4])
    #expect(end == "t-0 5")
    expect(try consumer.watermarks(place), is: Watermarks(low: 0, high: 5))
    expect(consumer.knownWatermarks(place)?.high, is: 5)
  }

  @Test func aConsumerMayGoBeforeTheRecordsItRead() async throws {
    try await kafka.fill("t", [("k", [7])])
    let batch = try #require(try readOne())
    #expect(batch[0].value.map { [UInt8]($0) } == [7])
  }

  /// The first batch; its consumer is gone.
  private func readOne() throws -> RecordBatch? {
    let consumer = try consumer()
    try consumer.assignAlone([place: 0])
    var batch: RecordBatch?
    _ = first(consumer) { event in
      if case .records(let records) = event { batch = records }
      return batch.map { _ in "read" }
    }
    return batch
  }

  @Test func anOffsetBeyondTheEndIsAnErrorAndNoSilentJump() async throws {
    try await kafka.fill("t", [("k", [1])])
    let consumer = try consumer()
    try consumer.assignAlone([place: 50])
    let told = first(consumer) { event in
      switch event {
      case .offsetOutOfRange(let source, _): return "out of range \(source)"
      case .records: return "records"
      default: return nil
      }
    }
    #expect(told == "out of range t-0")
  }

  /// The mock broker keeps 5 MiB of a partition.
  @Test func anOffsetBelowTheLogsBeginningIsAnErrorAndNoSilentJump() throws {
    let large = [UInt8](repeating: 1, count: 900_000)
    for _ in 0..<10 {
      var properties = kafka.properties
      properties["compression.type"] = "none"
      var producer = try Producer(properties)
      try withBytes(large) { bytes throws(KafkaError) in
        try producer.produce(topic: "t", partition: 0, key: nil, value: bytes, token: 1)
      }
      while producer.outstanding > 0 { producer.poll(milliseconds: 100) { _ in } }
    }
    let consumer = try consumer()
    let bounds = try consumer.watermarks(place)
    #expect(bounds.high == 10)
    #expect(bounds.low > 0)
    try consumer.assignAlone([place: 0])
    let told = first(consumer) { event in
      switch event {
      case .offsetOutOfRange(let source, _): return "out of range \(source)"
      case .records: return "records"
      default: return nil
      }
    }
    #expect(told == "out of range t-0")
    try consumer.seek(place, to: bounds.low)
    let read = first(consumer) { event in
      if case .records(let batch) = event { return "\(batch.first)" }
      return nil
    }
    #expect(read == "\(bounds.low)")
  }

  @Test func aCommitIsThereForTheNextConsumerAndMissingWithoutOne() async throws {
    try await kafka.fill("t", [("k", [1]), ("k", [2])])
    let one = try consumer()
    expect(try one.committed([place]), is: [:])
    try one.commit([place: 1])
    let answer = first(one) { event in
      if case .committed(let offsets, let error) = event {
        return "\(offsets[place] ?? -1) \(error?.code ?? "good")"
      }
      return nil
    }
    #expect(answer == "1 good")
    try one.commitAndWait([place: 2])
    expect(try consumer().committed([place]), is: [place: 2])
  }

  @Test func theWakerEndsALongPoll() throws {
    let consumer = try consumer()
    try consumer.assignAlone([:])
    let waker = consumer.waker
    Thread { waker.wake() }.start()
    let start = ContinuousClock.now
    consumer.poll(maximumRecords: 1, milliseconds: 30_000) { _ in }
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  @Test func aBrokerThatIsDownIsToldWithinTheTime() async throws {
    try await kafka.fill("t", [("k", [1])])
    let consumer = try consumer()
    expect(try consumer.watermarks(place).high, is: 1)
    kafka.setDown(true)
    let start = ContinuousClock.now
    let refused = refusal { () throws(KafkaError) in
      _ = try consumer.watermarks(place, timeoutMilliseconds: 500)
    }
    let error = try #require(refused)
    #expect(error.isRetriable)
    #expect(ContinuousClock.now - start < .seconds(5))
    kafka.setDown(false)
  }
}
