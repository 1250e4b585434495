import Connect
import Testing

@testable import ESSink

/// An Elasticsearch that does not answer: how much is sent to it, how much is read meanwhile, and what the
/// group sees of it.
@Suite(.timeLimit(.minutes(3))) struct SinkPressureTests {
  /// One record at a time in flight, and ten at most in the sink.
  private static let narrow = [
    "batch.size": "1", "max.in.flight.requests": "1", "max.buffered.records": "10",
  ]

  private static func keys(_ numbers: Range<Int>) -> [(key: String?, value: [UInt8]?)] {
    numbers.map { ("k\($0)", SinkBench.value(UInt8($0 % 64))) }
  }

  /// The value of a gauge or counter by its name.
  private static func value(_ name: String, _ run: SinkBench.Run) -> Int? {
    let lines = run.metrics.exposition().split(separator: "\n").filter { $0.hasPrefix(name + "{") }
    return lines.first?.split(separator: " ").last.flatMap { Int($0) }
  }

  @Test func asManyBulksAreInFlightAsAllowedAndNoMore() async throws {
    let gate = Gate()
    // The first answers let the limit grow to its most.
    let bench = try SinkBench(
      Array(repeating: .apply, count: 20) + Array(repeating: BulkReply(gate: gate), count: 10))
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", Self.keys(0..<30))
    let run = try bench.start(["batch.size": "1", "max.in.flight.requests": "4"], once: false)
    try await eventually("four are blocked") { bench.elasticsearch.bulks.count == 24 }
    try await eventually("the others wait in the sink") {
      Self.value("opine_unsettled_records", run) == 10
    }
    #expect(bench.elasticsearch.bulks.count == 24)
    gate.open()
    try await eventually("all is committed") { try await bench.committed() == 30 }
    #expect(bench.elasticsearch.bulks.count == 30)
    run.worker.stop()
    #expect(await run.failure() == nil)
  }

  @Test func whileNothingIsAnsweredReadingPausesAndTheGroupIsKept() async throws {
    let gate = Gate()
    let bench = try SinkBench([BulkReply(gate: gate)])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", Self.keys(0..<1001))
    // Away for longer than the session and the poll interval allow.
    let run = try bench.start(
      Self.narrow, once: false,
      consumer: ["session.timeout.ms": "3000", "max.poll.interval.ms": "3000"])
    try await eventually("the stall is told") { run.reason(of: "elasticsearch") != nil }
    #expect(bench.elasticsearch.bulks.count == 1)
    #expect(Self.value("opine_assigned_partitions", run) == 1)
    #expect(try await bench.committed() == nil)
    gate.open()
    try await eventually("all is committed") { try await bench.committed() == 1001 }
    // Nobody took the partition meanwhile, so nothing was read twice.
    #expect(bench.elasticsearch.bulks.count == 1001)
    run.worker.stop()
    #expect(await run.failure() == nil)
  }

  @Test func withoutRetriesABlockedBulkThatFailsEndsTheTaskWithNothingCommitted() async throws {
    let gate = Gate()
    var blocked = BulkReply.status(500)
    blocked.gate = gate
    let bench = try SinkBench([blocked])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", Self.keys(0..<1001))
    let run = try bench.start(
      Self.narrow.merging(["max.retries": "0", "retry.unlimited": "false"]) { $1 }, once: false)
    try await eventually("the bulk is there") { bench.elasticsearch.bulks.count == 1 }
    gate.open()
    let failure = try #require(await run.failure())
    #expect(failure.kind == .destination)
    #expect(failure.reason.contains("500"))
    #expect(try await bench.committed() == nil)
  }
}
