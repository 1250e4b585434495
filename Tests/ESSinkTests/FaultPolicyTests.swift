import Connect
import Kafka
import Testing

@testable import ESSink

/// What each property of Confluent's says of which fault.
@Suite struct FaultPolicyTests {
  static let required = [
    "name": "s", "connector.class": "ElasticsearchSink", "topics": "t",
    "connection.url": "http://localhost:9200",
    "value.converter.schema.registry.url": "http://localhost:8081",
  ]
  static let conversion = RecordFault(stage: .valueConverter, kind: "avro", reason: "cut")
  static let key = RecordFault(stage: .task, kind: "key", reason: "null")
  static let document = RecordFault(stage: .task, kind: "document", reason: "mapper_parsing")

  private func policy(_ properties: [String: String]) throws -> FaultPolicy {
    try SinkSettings(Self.required.merging(properties) { $1 }).faults
  }

  @Test func byDefaultEveryFaultFailsTheTaskAndNamesTheWayOut() throws {
    let policy = try policy([:])
    #expect(policy.decide(Self.conversion) == .fail(wayOut: "errors.tolerance=all"))
    #expect(policy.decide(Self.key) == .fail(wayOut: "drop.invalid.message=true"))
    #expect(policy.decide(Self.document) == .fail(wayOut: "behavior.on.malformed.documents=warn"))
  }

  @Test func eachPropertyGovernsItsOwnFaultsAlone() throws {
    let tolerant = try policy(["errors.tolerance": "ALL"])
    #expect(tolerant.decide(Self.conversion) == .setAside(logged: false))
    #expect(tolerant.decide(Self.key) != .setAside(logged: false))
    #expect(tolerant.decide(Self.document) != .setAside(logged: false))
    let dropping = try policy(["drop.invalid.message": "true"])
    #expect(dropping.decide(Self.key) == .setAside(logged: false))
    #expect(dropping.decide(Self.conversion) == .fail(wayOut: "errors.tolerance=all"))
    let ignoring = try policy(["behavior.on.malformed.documents": "IGNORE"])
    #expect(ignoring.decide(Self.document) == .setAside(logged: false))
    let warning = try policy(["behavior.on.malformed.documents": "warn"])
    #expect(warning.decide(Self.document) == .setAside(logged: true))
    let logging = try policy(["errors.tolerance": "all", "errors.log.enable": "true"])
    #expect(logging.decide(Self.conversion) == .setAside(logged: true))
  }

  @Test func everyPropertyThatIsWrongIsNamedAtOnce() throws {
    let wrong = [
      "errors.tolerance": "some", "drop.invalid.message": "yes",
      "behavior.on.malformed.documents": "drop", "behavior.on.null.values": "skip",
      "batch.size": "many", "linger.ms": "-1", "errors.deadletterqueue.topic.name": "t",
    ]
    let error = try #require(throws: ConfigError.self) { try policy(wrong) }
    #expect(Set(error.problems.map(\.property)) == Set(wrong.keys))
    #expect(
      error.description.contains(
        "Invalid value some for configuration errors.tolerance: must be one of none, all"))
  }
}
