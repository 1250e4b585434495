import Testing

@testable import ESSink

/// Tombstones, and the order of writes of one id.
@Suite(.timeLimit(.minutes(3))) struct SinkOrderTests {
  static let byField = [
    "version.source": "field", "version.field": "n", "external.version.header": "v",
    "behavior.on.null.values": "delete", "drop.invalid.message": "true",
  ]

  @Test func aTombstoneDeletesWithItsVersion() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill(
      "in", [("a", SinkBench.value(0)), ("b", SinkBench.value(1)), ("a", nil)])
    let run = try bench.start(["behavior.on.null.values": "delete"])
    #expect(await run.failure() == nil)
    let delete = bench.elasticsearch.bulks.flatMap { $0 }.last
    #expect(
      delete
        == BulkAction(
          kind: "delete", index: "in", id: "a", version: 2, versionType: "external", document: nil))
    #expect(bench.elasticsearch.documents.keys.sorted() == ["b"])
    #expect(try await bench.committed() == 3)
  }

  @Test func aTombstoneAloneAtTheEndIsCommitted() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", [("a", SinkBench.value(0)), ("a", nil), (nil, nil)])
    let run = try bench.start(["behavior.on.null.values": "ignore"])
    #expect(await run.failure() == nil)
    #expect(bench.elasticsearch.documents.keys.sorted() == ["a"])
    #expect(try await bench.committed() == 3)
    #expect(run.metrics.exposition().contains(#"outcome="skipped"} 2"#))
  }

  @Test func aBulkCarriesAnIdOnceAndTheSecondWaitsForTheFirst() async throws {
    let gate = Gate()
    let bench = try SinkBench([BulkReply(gate: gate)])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b", "a", "c", "a"))
    let run = try bench.start(Self.byField, once: false)
    try await eventually("the first bulk is there") { bench.elasticsearch.bulks.count == 1 }
    try await bench.kafka.fill("in", SinkBench.records("d", "a"))
    try await eventually("others are not held up") {
      bench.elasticsearch.documents["d"] != nil
    }
    #expect(bench.sentIDs == [["a", "b", "c"], ["d"]])
    #expect(try await bench.committed() == nil)
    gate.open()
    try await eventually("all is committed") { try await bench.committed() == 7 }
    run.worker.stop()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs.dropFirst(2) == [["a"], ["a"], ["a"]])
    let versions = bench.elasticsearch.bulks.flatMap { $0 }.filter { $0.id == "a" }
    #expect(versions.map(\.version) == [0, 2, 4, 1])
    #expect(bench.elasticsearch.documents["a"]?.version == 4)
  }

  @Test func whatWaitedForItsIdGoesBeforeAllThatIsBuffered() async throws {
    let gate = Gate()
    let bench = try SinkBench([BulkReply(gate: gate)])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill(
      "in", SinkBench.records("a", "b", "a", "c", "d", "e", "f", "g", "h"))
    let small = ["batch.size": "2", "max.in.flight.requests": "1"]
    let run = try bench.start(Self.byField.merging(small) { $1 })
    try await eventually("the first bulk is there") { bench.elasticsearch.bulks.count == 1 }
    gate.open()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a", "b"], ["a"], ["c", "d"], ["e", "f"], ["g", "h"]])
    #expect(try await bench.committed() == 9)
  }

  @Test func aFullBulkOfWhatWaitedLeavesTheOpenBulkAlone() async throws {
    let gate = Gate()
    let bench = try SinkBench([BulkReply(gate: gate)])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b", "a", "b", "c"))
    let small = ["batch.size": "2", "linger.ms": "3000"]
    let run = try bench.start(Self.byField.merging(small) { $1 }, once: false)
    try await eventually("the first bulk is there") { bench.elasticsearch.bulks.count == 1 }
    gate.open()
    try await eventually("all is committed") { try await bench.committed() == 5 }
    run.worker.stop()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a", "b"], ["a", "b"], ["c"]])
  }

  @Test func aRetriedWriteStillComesBeforeTheNextOfItsId() async throws {
    let bench = try SinkBench([.refuse(0, 429, "es_rejected_execution_exception")])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "a"))
    let run = try bench.start(Self.byField)
    #expect(await run.failure() == nil)
    #expect(bench.elasticsearch.bulks.flatMap { $0 }.map(\.version) == [0, 0, 1])
    #expect(bench.elasticsearch.documents["a"]?.version == 1)
    #expect(try await bench.committed() == 2)
  }

  @Test func aBrokenRecordAmongWritesOfOneIdHoldsUpNobody() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    let broken: [UInt8] = [0, 0, 0, 0, 1]
    try await bench.kafka.fill(
      "in", [("a", SinkBench.value(0)), ("a", broken), ("a", broken), ("a", SinkBench.value(3))])
    let run = try bench.start(Self.byField)
    #expect(await run.failure() == nil)
    #expect(bench.elasticsearch.documents["a"]?.version == 3)
    #expect(try await bench.kafka.read("dlq").map(\.value) == [broken, broken])
    #expect(try await bench.committed() == 4)
  }
}
