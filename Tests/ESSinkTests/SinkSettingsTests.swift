import Connect
import Testing

@testable import ESSink

/// What the table of properties makes of a connector's configuration.
@Suite struct SinkSettingsTests {
  private func problems(_ changes: [String: String]) -> Set<String> {
    let all = FaultPolicyTests.required.merging(changes) { $1 }
    return Set(SinkSettings.validate(all).map(\.property))
  }

  @Test func dataStreamsAreNamedByTheirParts() {
    func name(_ namespace: String, _ topic: String) -> String {
      DataStreamSettings(type: "logs", dataset: "d", namespace: namespace).name(of: topic)
    }
    #expect(name("${topic}", "Orders") == "logs-d-orders")
    #expect(name("eu_${topic}", "a-b") == "logs-d-eu_a-b")
    #expect(name("${topic}", String(repeating: "x", count: 300)).count == "logs-d-".count + 100)
  }

  @Test func topicsBecomeIndexNamesThatElasticsearchTakes() {
    #expect(IndexName.of(topic: "__Orders") == "orders")
    #expect(IndexName.of(topic: ".") == "dot")
    #expect(IndexName.of(topic: "..") == "dotdot")
    #expect(IndexName.of(topic: String(repeating: "a", count: 300)).count == 255)
    #expect(IndexName.problem("logs-2024") == nil)
    for bad in ["", "Upper", "a b", "_x", "a/b", String(repeating: "a", count: 256)] {
      #expect(IndexName.problem(bad) != nil)
    }
  }

  @Test func everyRuleNamesThePropertiesThatBreakIt() {
    #expect(problems([:]) == [])
    #expect(problems(["topics.regex": "a.*"]) == ["topics", "topics.regex"])
    #expect(problems(["topics": ""]) == ["topics", "topics.regex"])
    #expect(problems(["topics": "a,a"]) == ["topics"])
    #expect(
      problems(["connection.username": "u"]) == ["connection.username", "connection.password"])
    #expect(
      problems(["connection.api.key": "k", "connection.bearer.token": "t"])
        == ["connection.api.key", "connection.bearer.token"])
    #expect(problems(["kerberos.keytab.path": "/k"]) == ["kerberos.keytab.path"])
    #expect(problems(["elastic.security.protocol": "SSL"]) == ["elastic.security.protocol"])
    #expect(
      problems([
        "elastic.security.protocol": "SSL", "elastic.https.ssl.keystore.location": "/k",
        "elastic.https.ssl.keystore.type": "JKS",
      ]) == ["elastic.https.ssl.keystore.type"])
    #expect(
      problems(["key.ignore": "true", "topic.key.ignore": "t"]) == [
        "key.ignore", "topic.key.ignore",
      ])
    #expect(problems(["version.source": "field"]) == ["version.field"])
    #expect(problems(["linger.ms": "200000"]) == ["linger.ms", "flush.timeout.ms"])
    #expect(problems(["index.name.format": "${colour}"]) == ["index.name.format"])
    #expect(problems(["connection.url": "http://"]) == ["connection.url"])
    #expect(
      problems(["topics": "", "topics.regex": "t|d", "errors.deadletterqueue.topic.name": "d"])
        == ["errors.deadletterqueue.topic.name"])
  }

  @Test func whatDoesNothingIsWarnedOfByName() throws {
    let settings = try SinkSettings(
      FaultPolicyTests.required.merging([
        "type.name": "_doc", "colour": "red", "elastic.https.ssl.provider": "SunJSSE",
        "topics": "a,b", "external.resource.usage": "INDEX",
        "topic.to.external.resource.mapping": "a:one,b:one", "elastic.security.protocol": "SSL",
      ]) { $1 })
    #expect(
      Set(settings.warnings.map(\.property)) == [
        "type.name", "colour", "elastic.https.ssl.provider", "topic.to.external.resource.mapping",
      ])
  }

  @Test func namingTheHeaderIsEnoughToTakeVersionsFromIt() throws {
    func source(_ changes: [String: String]) throws -> VersionSource {
      try SinkSettings(FaultPolicyTests.required.merging(changes) { $1 }).versionSource
    }
    #expect(try source([:]) == .offset)
    #expect(try source(["external.version.header": "v"]) == .header)
    #expect(try source(["external.version.header": "v", "version.source": "none"]) == .none)
  }

  @Test func credentialsInAnAddressAreNeverTold() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a"))
    let run = try bench.start(
      ["connection.url": "http://user:s3cret@127.0.0.1:1/prefix", "schema.ignore": "true"],
      once: false)
    try await eventually("it is held") { !(run.health.all.first?.health.holds ?? []).isEmpty }
    let told = run.health.all.flatMap(\.health.holds).map(\.reason).joined()
    #expect(!told.contains("s3cret"))
    run.worker.stop()
    #expect(await run.failure() == nil)
  }

  @Test func aBulkGoesWhenItIsFullAndNotBefore() async throws {
    let bench = try SinkBench()
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill("in", SinkBench.records("a", "b", "c"))
    let run = try bench.start(
      ["batch.size": "2", "linger.ms": "60000", "schema.ignore": "true"], once: false)
    try await eventually("the full one is there") { bench.elasticsearch.documents.count == 2 }
    try await bench.kafka.fill("in", SinkBench.records("d", "e"))
    try await eventually("the next full one too") { bench.elasticsearch.documents.count == 4 }
    #expect(bench.sentIDs == [["a", "b"], ["c", "d"]])
    run.worker.stop()
    #expect(await run.failure() == nil)
    #expect(bench.elasticsearch.documents.count == 5)
  }
}
