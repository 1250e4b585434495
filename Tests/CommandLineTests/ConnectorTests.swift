import Connect
import ESSink
import Kafka
import Testing

@testable import opine

/// The product's own sink, as it is embedded.
@Suite struct ConnectorTests {
  @Test func theReviewsSinkSetsEveryFaultAsideAndObeysAllItsProperties() throws {
    let invocation = try Invocation(StageCommands.run, [], environment: [:])
    let settings = try SinkConnector(try ConnectorFile.builtIn(invocation)).settings
    #expect(settings.warnings == [])
    #expect(settings.deadLetters?.topic == "reviews.dlq")
    #expect(settings.connection.urls == ["http://127.0.0.1:9200"])
    for stage in [DeadLetterStage.keyConverter, .valueConverter, .task] {
      for kind in ["avro", "key", "version", "document"] {
        let fault = RecordFault(stage: stage, kind: kind, reason: "")
        if case .fail(let wayOut) = settings.faults.decide(fault) {
          Issue.record("\(kind) would stop the sink: \(wayOut)")
        }
      }
    }
  }

  @Test func whatToDoAboutGapsComesFromTheConnectorElseFromTheCommandLine() throws {
    func onGap(_ properties: [String: String], _ words: String...) throws -> GapPolicy {
      let invocation = try Invocation(StageCommands.run, words, environment: [:])
      let all = try ConnectorFile.builtIn(invocation).merging(properties) { $1 }
      return try StageCommands.connector(all, invocation).settings.onGap
    }
    #expect(try onGap([:]) == .halt)
    #expect(try onGap([:], "--on-gap", "continue") == .pass)
    #expect(try onGap(["on.gap": "halt"], "--on-gap", "continue") == .halt)
    let error = #expect(throws: CommandError.self) { try onGap(["on.gap": "jump"]) }
    #expect(
      error?.why
        == "on.gap: Invalid value jump for configuration on.gap: must be one of halt, continue")
  }
}
