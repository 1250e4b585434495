import CRdKafka
import Connect
import Foundation
import Kafka
import Reviews
import Telemetry
import Synchronization
import TestKafka
import Testing

@testable import Enrich

/// The task in a real worker, against librdkafka's mock broker.
@Suite(.serialized) struct EnrichTaskTests {
  let kafka: MockKafka

  init() throws {
    kafka = try #require(
      MockKafka(topics: ["reviews.raw": 1, "reviews.scored": 1, "reviews.dlq": 1]))
  }

  static func raw(_ id: String, version: Int64 = 5) -> (key: String?, value: [UInt8]?) {
    let review = Review(
      reviewID: id, text: "Great food, we loved it!",
      times: ReviewTimes(createdAt: version, ingestedAt: version))
    return (id, RecordScorerTests.raw(review))
  }

  func enrich(
    producer: KafkaProperties = [:],
    scoredSchema: @escaping ScoredSchemaSource = { $0(.success(8)) }
  ) async -> TaskFailure? {
    await Self.enrich(kafka, producer: producer, scoredSchema: scoredSchema)
  }

  /// Enriches all that is in raw now; answers with why it failed, if it did.
  static func enrich(
    _ kafka: MockKafka, producer: KafkaProperties = [:], effects: EffectGate = .open,
    model: @escaping @Sendable () throws -> any SentimentModel = { try LinearModel.builtIn() },
    scoredSchema: @escaping ScoredSchemaSource = { $0(.success(8)) }
  ) async -> TaskFailure? {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "opine-enrich-\(UInt64.random(in: 0 ... .max))")
    defer { try? FileManager.default.removeItem(at: folder) }
    // A worker that failed is not waited for long by the next one's group.
    let consumer = kafka.properties.merging([
      "session.timeout.ms": "3000", "heartbeat.interval.ms": "500",
    ]) { $1 }
    var settings = WorkerSettings(
      connector: "enrich", group: "opine-enrich", topics: ["reviews.raw"],
      consumer: consumer, producer: kafka.properties, dataDirectory: folder.path)
    settings.once = true
    settings.deadLetters = DeadLetterSettings(topic: "reviews.dlq")
    settings.effects = effects
    settings.machine.commitInterval = .milliseconds(50)
    let mine = EnrichSettings(
      scoredSchema: scoredSchema, producer: kafka.properties.merging(producer) { $1 })
    let worker = Worker(settings: settings, health: Health(), metrics: Metrics()) { context in
      EnrichTask(settings: mine, context: context, model: try model()) {
        id, answer in
        answer(id == .id(7) ? .success(ReviewSchemas.review) : .failure(.unavailable("down")))
      }
    }
    return await worker.run()
  }

  @Test(.timeLimit(.minutes(3))) func aRegistryThatIsAwayAtTheStartIsWaitedFor() async throws {
    try await kafka.fill("reviews.raw", [Self.raw("r1"), (key: "r2", value: nil)])
    let answers = Mutex<[Result<Int32, SchemaLookupError>]>([
      .failure(.unavailable("down")), .failure(.unavailable("down")), .success(8),
    ])
    let failure = await enrich { done in done(answers.withLock { $0.removeFirst() }) }
    #expect(failure == nil)
    #expect(try await kafka.read("reviews.scored").map(\.key) == ["r1", "r2"])
    #expect(answers.withLock { $0.isEmpty })
  }

  @Test(.timeLimit(.minutes(3))) func aRegistryWithoutTheScoredSchemaNamesApply() async throws {
    try await kafka.fill("reviews.raw", [Self.raw("r1")])
    let failure = await enrich { done in done(.failure(.unknown)) }
    #expect(failure?.kind == .missing)
    #expect(failure?.reason.contains("opine apply") == true)
    #expect(try await kafka.read("reviews.scored").isEmpty)
  }

  @Test(.timeLimit(.minutes(3))) func scoresWhatItCanAndBuriesTheRest() async throws {
    var records = (0..<500).map { Self.raw("r\($0)") }
    records.append((nil, records[0].value))
    records.append(("", records[0].value))
    records.append(("short", [0, 0]))
    records.append(("broken", [0, 0, 0, 0, 7, 99]))
    records.append(Self.raw("old", version: -1))
    records.append(("r3", nil))
    try await kafka.fill("reviews.raw", records)
    #expect(await enrich() == nil)

    let scored = try await kafka.read("reviews.scored")
    #expect(scored.map(\.key) == (0..<500).map { "r\($0)" } + ["r3"])
    #expect(scored.dropLast().allSatisfy { $0.value?.prefix(5) == [0, 0, 0, 0, 8] })
    let tombstone = try #require(scored.last)
    #expect(tombstone.value == nil)
    #expect(tombstone.headers["opine.source.partition"] == "0")
    #expect(tombstone.headers["opine.source.offset"] == "505")
    #expect(Int64(tombstone.headers["opine.doc_version"] ?? "") ?? 0 > 1_500_000_000_000)

    let buried = try await kafka.read("reviews.dlq")
    #expect(buried.map(\.key) == [nil, "", "short", "broken", "old"])
    #expect(buried.map { $0.headers[DeadLetterHeaders.offset] } == (500..<505).map { "\($0)" })
  }

  /// The second of the errors ends an idempotent producer's life.
  @Test(
    .timeLimit(.minutes(3)),
    arguments: [
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
    ])
  func producesAgainInOrderWhatWasRefused(error: rd_kafka_resp_err_t) async throws {
    try await kafka.fill(
      "reviews.raw", (0..<300).map { Self.raw("r\($0 % 7)", version: Int64($0)) })
    kafka.refuseProduce([error, error, error])
    #expect(await enrich(producer: ["batch.num.messages": "20"]) == nil)
    let scored = try await kafka.read("reviews.scored")
    #expect(scored.count >= 300)
    // The last copy of each key is that of its last record.
    for key in 0..<7 {
      let last = try #require(scored.last { $0.key == "r\(key)" }?.value)
      let newest = (0..<300).last { $0 % 7 == key }!
      #expect(RecordScorerTests.version(of: last) == Int64(newest))
    }
    #expect(Set(scored.compactMap { $0.value.map(RecordScorerTests.version) }).count == 300)
  }

  @Test(.timeLimit(.minutes(3))) func whatIsTooLargeIsADeadLetter() async throws {
    let review = Review(
      reviewID: "big", text: String(repeating: "long ", count: 1000),
      times: ReviewTimes(createdAt: 1, ingestedAt: 1))
    try await kafka.fill(
      "reviews.raw", [Self.raw("a"), ("big", RecordScorerTests.raw(review)), Self.raw("b")])
    #expect(await enrich(producer: ["message.max.bytes": "3000"]) == nil)
    #expect(try await kafka.read("reviews.scored").map(\.key) == ["a", "b"])
    #expect(try await kafka.read("reviews.dlq").map(\.key) == ["big"])
  }

  @Test(.timeLimit(.minutes(3))) func aFullQueueOnlySlowsDown() async throws {
    try await kafka.fill("reviews.raw", (0..<2000).map { Self.raw("r\($0)") })
    #expect(await enrich(producer: ["queue.buffering.max.messages": "100"]) == nil)
    #expect(try await kafka.read("reviews.scored").map(\.key) == (0..<2000).map { "r\($0)" })
  }
}
