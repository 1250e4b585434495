import Testing

@testable import ESSink

/// A partition is given back only after what can be settled is, and a stop is one for all.
@Suite(.timeLimit(.minutes(3))) struct SinkDrainTests {
  @Test func aStopWaitsForTheBulkInFlightAndCommitsIt() async throws {
    let gate = Gate()
    let bench = try SinkBench([BulkReply(gate: gate)])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start(once: false, drain: .seconds(20))
    try await eventually("the bulk is there") { bench.elasticsearch.bulks.count == 1 }
    run.worker.stop()
    #expect(try await bench.committed() == nil)
    gate.open()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a", "b"]])
    #expect(try await bench.committed() == 2)
  }

  @Test func aStopGivesUpAtItsDeadlineAndCommitsNothingUnsettled() async throws {
    let gate = Gate()
    let bench = try SinkBench([BulkReply(gate: gate)])
    try await bench.kafka.fill("in", SinkBench.records("a"))
    let run = try bench.start(once: false, drain: .milliseconds(200))
    try await eventually("the bulk is there") { bench.elasticsearch.bulks.count == 1 }
    run.worker.stop()
    #expect(await run.failure() == nil)
    #expect(try await bench.committed() == nil)
    gate.open()
    bench.elasticsearch.stop()
  }

  @Test func nothingInFlightIsCommittedOfAPartitionThatWasTakenAway() async throws {
    let gate = Gate()
    let bench = try SinkBench([BulkReply(gate: gate)], partitions: 2)
    try await bench.kafka.fill("in", partition: 0, SinkBench.records("a"))
    try await bench.kafka.fill("in", partition: 1, SinkBench.records("b"))
    let first = try bench.start(["linger.ms": "1000"], once: false, drain: .milliseconds(200))
    try await eventually("both are in flight") { bench.sentIDs.first?.sorted() == ["a", "b"] }
    let second = try bench.start(once: false)
    // The second reads from the beginning of what it is given: nothing of it was committed.
    try await eventually("one of them is sent by the other") {
      bench.sentIDs.dropFirst().contains(["a"]) || bench.sentIDs.dropFirst().contains(["b"])
    }
    let taken: Int32 = bench.sentIDs.dropFirst().contains(["a"]) ? 0 : 1
    try await eventually("its new owner commits it") { try await bench.committed(taken) == 1 }
    #expect(try await bench.committed(1 - taken) == nil)
    gate.open()
    try await eventually("the answer settles what was kept") {
      try await bench.committed(1 - taken) == 1
    }
    first.worker.stop()
    second.worker.stop()
    #expect(await first.failure() == nil)
    #expect(await second.failure() == nil)
    bench.elasticsearch.stop()
  }
}
