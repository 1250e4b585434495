import Connect
import Kafka
import Testing

@testable import ESSink

/// The record's own fault: the dead letter comes before the offset, or the task fails at it.
@Suite(.timeLimit(.minutes(3))) struct SinkFaultTests {
  static let reporting = [
    "behavior.on.malformed.documents": "warn", "drop.invalid.message": "true",
  ]
  static let noLetters = ["errors.deadletterqueue.topic.name": ""]

  @Test(arguments: ["mapper_parsing_exception", "document_parsing_exception"])
  func aRefusedDocumentIsADeadLetterWithItsPlace(type: String) async throws {
    let bench = try SinkBench([.refuse(1, 400, type)])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b", "c"))
    let run = try bench.start(Self.reporting)
    #expect(await run.failure() == nil)
    let letters = try await bench.kafka.read("dlq")
    #expect(letters.map(\.key) == ["b"])
    #expect(letters.first?.value == SinkBench.value(1))
    #expect(letters.first?.headers[DeadLetterHeaders.topic] == "in")
    #expect(letters.first?.headers[DeadLetterHeaders.offset] == "1")
    #expect(letters.first?.headers[DeadLetterHeaders.reason] == "\(type): scripted")
    #expect(bench.elasticsearch.documents.keys.sorted() == ["a", "c"])
    #expect(try await bench.committed() == 3)
  }

  @Test func theOffsetWaitsForTheDeadLettersAcknowledgement() async throws {
    let bench = try SinkBench([.refuse(1, 400, "mapper_parsing_exception")])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b", "c"))
    bench.kafka.refuseProduce()
    let run = try bench.start(Self.reporting)
    try await eventually("the hold is told") { run.reason(of: "dead letter queue") != nil }
    try await eventually("what is before the letter is committed") {
      try await bench.committed() == 1
    }
    bench.kafka.acceptProduce()
    #expect(await run.failure() == nil)
    #expect(try await bench.committed() == 3)
    #expect(try await bench.kafka.read("dlq").map(\.key) == ["b"])
    let counted = Figures(run.metrics)
    #expect(counted["sink_task_metrics_sink_record_send_total"] == 3)
    #expect(counted["task_error_metrics_deadletterqueue_produce_requests"] ?? 0 >= 2)
    #expect(counted["task_error_metrics_deadletterqueue_produce_failures"] ?? 0 >= 1)
    #expect(counted["sink_task_metrics_put_batch_max_time_ms"] ?? 0 > 0)
    #expect(counted["sink_task_metrics_sink_record_read_rate"] ?? 0 > 0)
    #expect(counted["connector_task_metrics_offset_commit_success_percentage"] == 1)
  }

  @Test func withoutADeadLetterTopicTheTaskFailsAtTheOffset() async throws {
    let bench = try SinkBench([.refuse(1, 400, "mapper_parsing_exception")])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b", "c"))
    let run = try bench.start(Self.noLetters)
    let failure = try #require(await run.failure())
    #expect(failure.kind == .record)
    // Elasticsearch's reason may quote the document: it is for the dead letter alone.
    #expect(
      failure.reason == "in-0 offset 1: mapper_parsing_exception. Mend the source, or set "
        + "behavior.on.malformed.documents=warn")
    #expect(try await bench.committed() ?? 0 <= 1)
    #expect(run.health.status == .failed)
  }

  @Test func aRequestThatIsTooLargeIsHalvedDownToTheGuiltyDocument() async throws {
    // Two actions of 100 bytes or so pass; the one with the long id does not, even alone.
    let bench = try SinkBench(maximumBodyBytes: 400)
    defer { bench.elasticsearch.stop() }
    let long = String(repeating: "x", count: 400)
    try await bench.kafka.fill("in", SinkBench.records("a", "b", long, "d", "e", "f", "g"))
    let run = try bench.start(Self.reporting)
    #expect(await run.failure() == nil)
    #expect(bench.elasticsearch.documents.keys.sorted() == ["a", "b", "d", "e", "f", "g"])
    #expect(try await bench.kafka.read("dlq").map(\.key) == [long])
    #expect(try await bench.committed() == 7)
  }

  @Test func aRequestThatIsRefusedWholeIsHalvedDownToTheGuiltyDocument() async throws {
    let refused = BulkReply.status(400, "parse_exception")
    // All four, then the first two, then the first alone; the other two pass.
    let bench = try SinkBench([refused, refused, refused])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b", "c", "d"))
    let run = try bench.start(Self.reporting.merging(["max.in.flight.requests": "1"]) { $1 })
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a", "b", "c", "d"], ["a", "b"], ["a"], ["b"], ["c", "d"]])
    #expect(try await bench.kafka.read("dlq").map(\.key) == ["a"])
    #expect(try await bench.committed() == 4)
  }

  static let broken: [UInt8] = [0, 0, 0, 0, 1]

  @Test func whatCantBeConvertedIsADeadLetterWhereErrorsAreTolerated() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill(
      "in",
      [
        ("a", SinkBench.value(0)), ("b", Self.broken), ("c", [0, 0, 0, 0, 9, 0]), ("d", [1, 2]),
        ("e", []), ("f", SinkBench.value(5)),
      ])
    let run = try bench.start(["unknown.schema.grace.ms": "0"])
    #expect(await run.failure() == nil)
    let letters = try await bench.kafka.read("dlq")
    #expect(letters.map(\.key) == ["b", "c", "d", "e"])
    #expect(letters.allSatisfy { $0.headers[DeadLetterHeaders.stage] == "VALUE_CONVERTER" })
    #expect(bench.elasticsearch.documents.keys.sorted() == ["a", "f"])
    #expect(try await bench.committed() == 6)
  }

  @Test func toleratedErrorsWithoutADeadLetterTopicAreSkippedAndCounted() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill(
      "in", [("a", SinkBench.value(0)), ("b", Self.broken), ("c", SinkBench.value(2))])
    let run = try bench.start(Self.noLetters)
    #expect(await run.failure() == nil)
    #expect(try await bench.committed() == 3)
    let text = run.metrics.exposition()
    #expect(text.contains(#"opine_records_skipped_total{connector="bench",reason="avro"} 1"#))
    #expect(text.contains(#"outcome="skipped"} 1"#))
    #expect(bench.elasticsearch.documents.keys.sorted() == ["a", "c"])
  }

  @Test(arguments: ["dlq", ""])
  func withoutToleranceTheTaskFailsAtTheRecordAndMakesNoLetter(topic: String) async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", [("a", SinkBench.value(0)), ("b", Self.broken)])
    let run = try bench.start([
      "errors.tolerance": "none", "errors.deadletterqueue.topic.name": topic,
    ])
    let failure = try #require(await run.failure())
    #expect(failure.kind == .record)
    #expect(failure.reason.hasPrefix("in-0 offset 1: "))
    #expect(failure.reason.hasSuffix("set errors.tolerance=all"))
    #expect(try await bench.committed() ?? 0 <= 1)
    #expect(try await bench.kafka.read("dlq") == [])
  }

  @Test func aRefusedDocumentIsSkippedAndCountedWhereItOnlyWarns() async throws {
    let bench = try SinkBench([.refuse(0, 400, "mapper_parsing_exception")])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start(Self.reporting.merging(Self.noLetters) { $1 })
    #expect(await run.failure() == nil)
    #expect(try await bench.committed() == 2)
    #expect(
      run.metrics.exposition().contains(
        #"opine_records_skipped_total{connector="bench",reason="document"} 1"#))
  }

  @Test(arguments: [true, false])
  func aRecordWithoutKeyIsSetAsideOnlyWhereInvalidOnesAreDropped(drops: Bool) async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", [("a", SinkBench.value(0)), (nil, SinkBench.value(1))])
    let run = try bench.start(["drop.invalid.message": "\(drops)"])
    let failure = await run.failure()
    #expect((failure == nil) == drops)
    #expect(failure?.reason.hasPrefix("in-0 offset 1: the key is null") ?? drops)
    #expect(try await bench.kafka.read("dlq").count == (drops ? 1 : 0))
    if drops { #expect(try await bench.committed() == 2) }
  }

  @Test func aTombstoneFailsTheTaskByDefault() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", [("a", nil)])
    let run = try bench.start()
    let failure = try #require(await run.failure())
    #expect(failure.reason.hasPrefix("in-0 offset 0: the value is null"))
    #expect(try await bench.committed() == nil)
  }
}
