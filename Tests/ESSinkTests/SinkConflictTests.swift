import Connect
import Testing

@testable import ESSink

/// What a version conflict says, by version source and by what is stored.
@Suite(.timeLimit(.minutes(3))) struct SinkConflictTests {
  @Test func aBulkThatWasAppliedBeforeTheConnectionBrokeIsAlreadyWritten() async throws {
    let bench = try SinkBench([BulkReply(answer: .cut)])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a", "b"], ["a", "b"]])
    #expect(bench.elasticsearch.documents.mapValues(\.version) == ["a": 0, "b": 1])
    #expect(try await bench.committed() == 2)
    #expect(try await bench.kafka.read("dlq") == [])
    let text = run.metrics.exposition()
    #expect(text.contains(#"outcome="already_written"} 2"#))
    #expect(
      text.contains(#"opine_version_conflicts_total{connector="bench",explained="replay"} 2"#))
  }

  @Test func aNewerVersionOfTheFieldIsNeverOverwritten() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    bench.elasticsearch.store("b", version: 60)
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start(["version.source": "field", "version.field": "n"])
    #expect(await run.failure() == nil)
    #expect(bench.elasticsearch.documents.mapValues(\.version) == ["a": 0, "b": 60])
    #expect(
      bench.elasticsearch.bulks.flatMap { $0 }.allSatisfy { $0.versionType == "external_gte" })
    #expect(try await bench.committed() == 2)
    #expect(run.metrics.exposition().contains(#"explained="superseded"} 1"#))
  }

  @Test func aVersionBeyondThePartitionsEndHoldsByName() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    bench.elasticsearch.store("a", version: 1000)
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start()
    try await eventually("the hold is told") {
      guard let reason = run.reason(of: "version conflict in in") else { return false }
      return reason.contains("in-0 offset 0") && reason.contains("version 1000")
        && reason.contains("ends at 2") && reason.contains("version.conflict.unexplained")
    }
    try await eventually("the other document is written") {
      bench.elasticsearch.documents["b"] != nil
    }
    #expect(try await bench.committed() == nil)
    run.worker.stop()
    #expect(await run.failure() == nil)
    #expect(try await bench.committed() == nil)
    #expect(bench.elasticsearch.documents["a"]?.version == 1000)
    #expect(try await bench.kafka.read("dlq") == [])
  }

  @Test func anUnexplainedConflictIsReportedWhereSoConfigured() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    bench.elasticsearch.store("a", version: 1000)
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start(["version.conflict.unexplained": "report"])
    #expect(await run.failure() == nil)
    #expect(try await bench.kafka.read("dlq").map(\.key) == ["a"])
    #expect(try await bench.committed() == 2)
  }

  @Test func anUnexplainedConflictIsPassedAndCountedWhereSoConfigured() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    bench.elasticsearch.store("a", version: 1000)
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start(["version.conflict.unexplained": "ignore"])
    #expect(await run.failure() == nil)
    #expect(try await bench.kafka.read("dlq") == [])
    #expect(try await bench.committed() == 2)
    #expect(run.metrics.exposition().contains(#"explained="no"} 1"#))
  }
}
