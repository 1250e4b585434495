import Connect
import Kafka
import Testing

@testable import ESSink

/// The record's own fault: the dead letter comes before the offset, or the task fails at it.
@Suite(.timeLimit(.minutes(2))) struct SinkFaultTests {
  static let reporting = [
    "behavior.on.malformed.documents": "warn", "drop.invalid.message": "true",
  ]
  static let noLetters = ["errors.deadletterqueue.topic.name": ""]

  @Test(arguments: ["mapper_parsing_exception", "document_parsing_exception"])
  func aRefusedDocumentIsADeadLetterWithItsPlace(type: String) async throws {
    let bench = try SinkBench([.refuse(1, 400, type)])
    defer { bench.elasticsearch.stop() }
    try bench.kafka.fill("in", SinkBench.records("a", "b", "c"))
    let run = try bench.start(Self.reporting)
    #expect(await run.failure() == nil)
    let letters = try bench.kafka.read("dlq")
    #expect(letters.map(\.key) == ["b"])
    #expect(letters.first?.value == SinkBench.value(1))
    #expect(letters.first?.headers[DeadLetterHeaders.topic] == "in")
    #expect(letters.first?.headers[DeadLetterHeaders.offset] == "1")
    #expect(letters.first?.headers[DeadLetterHeaders.reason]?.hasPrefix(type) == true)
    #expect(bench.elasticsearch.documents.keys.sorted() == ["a", "c"])
    #expect(try bench.committed() == 3)
  }

  @Test func theOffsetWaitsForTheDeadLettersAcknowledgement() async throws {
    let bench = try SinkBench([.refuse(1, 400, "mapper_parsing_exception")])
    defer { bench.elasticsearch.stop() }
    try bench.kafka.fill("in", SinkBench.records("a", "b", "c"))
    bench.kafka.refuseProduce()
    let run = try bench.start(Self.reporting)
    try await eventually("the hold is told") { run.reason(of: "dead letter queue") != nil }
    try await eventually("what is before the letter is committed") { try bench.committed() == 1 }
    bench.kafka.acceptProduce()
    #expect(await run.failure() == nil)
    #expect(try bench.committed() == 3)
    #expect(try bench.kafka.read("dlq").map(\.key) == ["b"])
  }

  @Test func withoutADeadLetterTopicTheTaskFailsAtTheOffset() async throws {
    let bench = try SinkBench([.refuse(1, 400, "mapper_parsing_exception")])
    defer { bench.elasticsearch.stop() }
    try bench.kafka.fill("in", SinkBench.records("a", "b", "c"))
    let run = try bench.start(Self.noLetters)
    let failure = try #require(await run.failure())
    #expect(failure.kind == .record)
    #expect(failure.reason.hasPrefix("in-0 offset 1: mapper_parsing_exception"))
    #expect(try bench.committed() ?? 0 <= 1)
    #expect(run.health.status == .failed)
  }

  @Test func aRequestThatIsTooLargeIsHalvedDownToTheGuiltyDocument() async throws {
    // Two actions of 100 bytes or so pass; the one with the long id does not, even alone.
    let bench = try SinkBench(maximumBodyBytes: 400)
    defer { bench.elasticsearch.stop() }
    let long = String(repeating: "x", count: 400)
    try bench.kafka.fill("in", SinkBench.records("a", "b", long, "d", "e", "f", "g"))
    let run = try bench.start(Self.reporting)
    #expect(await run.failure() == nil)
    #expect(bench.elasticsearch.documents.keys.sorted() == ["a", "b", "d", "e", "f", "g"])
    #expect(try bench.kafka.read("dlq").map(\.key) == [long])
    #expect(try bench.committed() == 7)
  }

  @Test func aRequestThatIsRefusedWholeIsHalvedDownToTheGuiltyDocument() async throws {
    let refused = BulkReply.status(400, "parse_exception")
    // All four, then the first two, then the first alone; the other two pass.
    let bench = try SinkBench([refused, refused, refused])
    defer { bench.elasticsearch.stop() }
    try bench.kafka.fill("in", SinkBench.records("a", "b", "c", "d"))
    let run = try bench.start(Self.reporting.merging(["max.in.flight.requests": "1"]) { $1 })
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a", "b", "c", "d"], ["a", "b"], ["a"], ["b"], ["c", "d"]])
    #expect(try bench.kafka.read("dlq").map(\.key) == ["a"])
    #expect(try bench.committed() == 4)
  }
}
