import Testing

@testable import ESSink

/// The system's trouble is never the record's fault: what is sent again, what holds, what is not settled.
@Suite(.timeLimit(.minutes(3))) struct SinkRetryTests {
  @Test func onlyTheItemUnderPressureIsSentAgain() async throws {
    let bench = try SinkBench([.refuse(2, 429, "es_rejected_execution_exception")])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b", "c", "d", "e"))
    let run = try bench.start()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a", "b", "c", "d", "e"], ["c"]])
    #expect(bench.elasticsearch.documents.count == 5)
    #expect(try await bench.committed() == 5)
    #expect(try await bench.kafka.read("dlq") == [])
  }

  @Test(arguments: [429, 503])
  func aRefusedRequestHoldsWithBackoffAndSettlesNothing(status: Int) async throws {
    let gate = Gate()
    var last = BulkReply.status(status)
    last.gate = gate
    let bench = try SinkBench([.status(status), .status(status), last])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start()
    try await eventually("three tries") { bench.elasticsearch.bulks.count == 3 }
    try await eventually("the hold is told") {
      run.reason(of: "elasticsearch")?.contains("\(status)") == true
    }
    #expect(try await bench.committed() == nil)
    gate.open()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == Array(repeating: ["a", "b"], count: 4))
    #expect(try await bench.committed() == 2)
    #expect(try await bench.kafka.read("dlq") == [])
  }

  @Test(arguments: [401, 403])
  func refusedCredentialsHoldAndNeverMakeADeadLetter(status: Int) async throws {
    let bench = try SinkBench([.status(status, "security_exception"), .status(status)])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a"))
    let run = try bench.start()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a"], ["a"], ["a"]])
    #expect(try await bench.committed() == 1)
    #expect(try await bench.kafka.read("dlq") == [])
  }

  @Test(arguments: ["index_not_found_exception", "cluster_block_exception", "alias_required"])
  func anIndexThatTakesNothingIsHeldByNameWithTheReason(type: String) async throws {
    let status = type == "cluster_block_exception" ? 403 : 404
    let gate = Gate()
    var second = BulkReply.refuse(0, status, type)
    second.gate = gate
    let bench = try SinkBench([.refuse(0, status, type), second])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a"))
    let run = try bench.start([
      "external.resource.usage": "ALIAS_INDEX", "topic.to.external.resource.mapping": "in:docs",
    ])
    try await eventually("the hold is told") {
      run.reason(of: "index docs") == "\(type) (\(status))"
    }
    #expect(try await bench.committed() == nil)
    gate.open()
    #expect(await run.failure() == nil)
    #expect(bench.elasticsearch.queries.allSatisfy { $0.contains("require_alias=true") })
    #expect(bench.elasticsearch.bulks.allSatisfy { $0.map(\.index) == ["docs"] })
    #expect(bench.elasticsearch.bulks.count == 3)
    #expect(try await bench.committed() == 1)
    #expect(try await bench.kafka.read("dlq") == [])
  }

  @Test(
    arguments: [
      #"{"errors":false,"items":[{"index":{"status":201}}]}"#,
      #"{"errors":false,"items":[{"index":{"status":201}},{"index":{"stat"#,
      "<html>a proxy's page</html>",
    ])
  func anAnswerThatDoesNotMatchSettlesNothing(body: String) async throws {
    let gate = Gate()
    var second = BulkReply(applies: false, answer: .body(body))
    second.gate = gate
    let bench = try SinkBench([BulkReply(applies: false, answer: .body(body)), second])
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b"))
    let run = try bench.start()
    try await eventually("sent again") { bench.elasticsearch.bulks.count == 2 }
    #expect(try await bench.committed() == nil)
    gate.open()
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a", "b"], ["a", "b"], ["a", "b"]])
    #expect(bench.elasticsearch.documents.count == 2)
    #expect(try await bench.committed() == 2)
  }

  @Test func aServerThatNeverAnswersIsAskedAgainAfterTheTimeout() async throws {
    let gate = Gate()
    defer { gate.open() }
    let bench = try SinkBench([BulkReply(applies: false, gate: gate)])
    try await bench.kafka.fill("in", SinkBench.records("a"))
    let run = try bench.start(["read.timeout.ms": "300"])
    #expect(await run.failure() == nil)
    #expect(bench.sentIDs == [["a"], ["a"]])
    #expect(try await bench.committed() == 1)
    gate.open()
    bench.elasticsearch.stop()
  }
}
