import CMappings
import Foundation
import HTTPServer
import JSON
import Kafka
import Reviews
import TestKafka
import Testing

@testable import opine

/// `opine doctor` as a process, against a mock broker and servers that answer as a test says.
@Suite(.serialized) struct DoctorTests {
  private typealias Answer = (method: String, path: String, status: Int, body: JSONValue)

  private let kafka: MockKafka

  init() throws {
    kafka = try #require(
      MockKafka(topics: ["reviews.raw": 2, "reviews.scored": 2, "reviews.dlq": 1]))
  }

  private static var mappings: JSONValue {
    let template = try? JSONValue.parse(String(cString: opine_reviews_template()))
    return template?["template"]?["mappings"] ?? .null
  }

  /// A healthy Elasticsearch's answers; those of a test's own replace them.
  private static func elasticsearch(_ own: [Answer] = []) throws -> Answers {
    let healthy: [Answer] = [
      ("GET", "/", 200, ["version": ["number": "8.19.0"]]),
      (
        "GET", "/_index_template/reviews", 200,
        ["index_templates": [["index_template": ["template": ["mappings": mappings]]]]]
      ),
      (
        "GET", "/_alias/reviews", 200,
        ["reviews-000001": ["aliases": ["reviews": ["is_write_index": true]]]]
      ),
      ("GET", "/{index}/_mapping", 200, ["reviews-000001": ["mappings": mappings]]),
      ("GET", "/{index}/_settings", 200, ["reviews-000001": ["settings": ["index": [:]]]]),
      ("GET", "/_cluster/health/{index}", 200, ["status": "green"]),
    ]
    return try Answers(
      healthy.filter { answer in !own.contains { $0.path == answer.path } } + own)
  }

  private static func registry(lookup: Int64? = 5, latest: Int64 = 5) throws -> Answers {
    var answers: [Answer] = [
      ("GET", "/subjects", 200, ["reviews.raw-value"]),
      (
        "GET", "/subjects/{subject}/versions/latest", 200,
        ["id": .int(Int(latest)), "version": 2, "subject": "s", "schema": "{}"]
      ),
    ]
    if let lookup {
      answers.append(
        ("POST", "/subjects/{subject}", 200, ["id": .int(Int(lookup)), "version": 1]))
    } else {
      answers.append(
        ("POST", "/subjects/{subject}", 404, ["error_code": 40403, "message": "Schema not found"]))
    }
    return try Answers(answers)
  }

  private struct Diagnosis {
    let code: Int32
    let checks: [JSONValue]

    func state(_ part: String) -> String? { check(part)?["state"]?.string }
    func detail(_ part: String) -> String { check(part)?["detail"]?.string ?? "" }
    func next(_ part: String) -> String { check(part)?["next"]?.string ?? "" }
    private func check(_ part: String) -> JSONValue? { checks.first { $0["part"]?.string == part } }
    var unwell: [String] {
      checks.filter { !["ok", "unknown"].contains($0["state"]?.string) }.compactMap {
        $0["part"]?.string
      }
    }
  }

  private func diagnose(
    elasticsearch: String, registry: String, kafka: String? = nil, data: String? = nil
  ) async throws -> Diagnosis {
    let ended = try await Program.run([
      "doctor", "--json", "--kafka", kafka ?? self.kafka.address, "--registry", registry,
      "--elasticsearch", elasticsearch, "--data", data ?? NSTemporaryDirectory(),
    ])
    let answer = try #require(ended.json.first, "\(ended.errors)")
    #expect(answer["ok"]?.bool == (ended.code == 0))
    return Diagnosis(code: ended.code, checks: answer["checks"]?.array ?? [])
  }

  @Test("all well is 0; what a mock cluster does not tell can't be asked", .timeLimit(.minutes(1)))
  func well() async throws {
    let (elasticsearch, registry) = (try Self.elasticsearch(), try Self.registry())
    let found = try await diagnose(elasticsearch: elasticsearch.url, registry: registry.url)
    #expect(found.unwell == [])
    #expect(found.code == 0)
    #expect(found.checks.count == 18)
    #expect(found.detail("topic reviews.raw") == "2 partitions; settings can't be asked here")
    #expect(found.state("clock") == "ok")
    let plain = try await Program.run([
      "doctor", "--kafka", kafka.address, "--registry", registry.url, "--elasticsearch",
      elasticsearch.url, "--data", "/tmp",
    ])
    #expect(plain.lines.count == 19)
    #expect(plain.lines.last == "18 ok, 0 warnings, 0 failed")
    #expect(
      plain.lines.first == "ok    kafka                                answers at \(kafka.address)")
  }

  @Test("services that do not answer are 5, each with its own line", .timeLimit(.minutes(1)))
  func unreachable() async throws {
    let nobody = "http://127.0.0.1:1"
    let found = try await diagnose(elasticsearch: nobody, registry: nobody, kafka: "127.0.0.1:1")
    #expect(found.code == 5)
    #expect(found.unwell == ["kafka", "registry", "elasticsearch"])
    for part in found.unwell {
      #expect(found.state(part) == "unreachable")
      #expect(!found.next(part).isEmpty)
    }
    #expect(found.checks.count == 4)
  }

  @Test("what is missing is named, with opine apply as its mending", .timeLimit(.minutes(1)))
  func missing() async throws {
    let bare = try #require(MockKafka(topics: ["reviews.raw": 2]))
    let elasticsearch = try Self.elasticsearch([
      ("GET", "/_index_template/reviews", 404, [:]), ("GET", "/_alias/reviews", 404, [:]),
    ])
    let registry = try Self.registry(lookup: nil)
    let found = try await diagnose(
      elasticsearch: elasticsearch.url, registry: registry.url, kafka: bare.address)
    #expect(found.code == 1)
    #expect(
      found.unwell == [
        "topic reviews.scored", "topic reviews.dlq", "subject reviews.raw-value",
        "subject reviews.scored-value", "template reviews", "alias reviews",
      ])
    #expect(found.unwell.allSatisfy { found.state($0) == "fail" })
    #expect(found.unwell.allSatisfy { found.next($0) == "opine apply" })
  }

  @Test("a full disk, an old mapping and a lost write index fail with a curl that mends them")
  func index() async throws {
    let registry = try Self.registry(latest: 9)
    let fields = (Self.mappings["properties"]?.object ?? []).filter { $0.name != "topics" }
    let elasticsearch = try Self.elasticsearch([
      (
        "GET", "/{index}/_mapping", 200,
        ["reviews-000001": ["mappings": ["properties": .object(fields)]]]
      ),
      (
        "GET", "/{index}/_settings", 200,
        [
          "reviews-000001": [
            "settings": ["index": ["blocks": ["read_only_allow_delete": "true"]]]
          ]
        ]
      ),
      ("GET", "/_cluster/health/{index}", 200, ["status": "red"]),
    ])
    let found = try await diagnose(elasticsearch: elasticsearch.url, registry: registry.url)
    #expect(found.code == 1)
    #expect(found.state("mapping of reviews-000001") == "warn")
    #expect(found.next("mapping of reviews-000001").contains(#"{"topics":{"type":"keyword"}}"#))
    #expect(found.state("blocks of reviews-000001") == "fail")
    #expect(
      found.next("blocks of reviews-000001").contains(
        #""index.blocks.read_only_allow_delete":null"#))
    #expect(found.state("shards of reviews-000001") == "fail")
    #expect(found.state("subject reviews.raw-value") == "warn")
    let lost = try Self.elasticsearch([
      (
        "GET", "/_alias/reviews", 200,
        ["reviews-000001": ["aliases": ["reviews": ["is_write_index": false]]]]
      )
    ])
    let without = try await diagnose(elasticsearch: lost.url, registry: registry.url)
    #expect(without.state("alias reviews") == "fail")
    #expect(without.next("alias reviews").contains("is_write_index"))
  }

  @Test("groups: nothing committed warns, a commit beyond the log's end fails; letters warn")
  func groups() async throws {
    let (elasticsearch, registry) = (try Self.elasticsearch(), try Self.registry())
    try await kafka.fill("reviews.raw", [("a", [1]), ("b", [2])])
    try await kafka.fill("reviews.scored", [("a", [1])])
    try await kafka.fill("reviews.dlq", [("a", [1])])
    try await kafka.commit(
      [TopicPartition("reviews.scored", 0): 7], group: "connect-reviews-elasticsearch")
    let found = try await diagnose(elasticsearch: elasticsearch.url, registry: registry.url)
    #expect(found.code == 1)
    #expect(found.state("group opine-enrich") == "warn")
    #expect(found.detail("group opine-enrich") == "has committed nothing, 2 records behind")
    #expect(found.state("group connect-reviews-elasticsearch") == "fail")
    #expect(found.detail("group connect-reviews-elasticsearch").contains("committed 7"))
    #expect(found.state("dead letters") == "warn")
    #expect(found.next("dead letters") == "opine dlq list")
  }
}

/// The judgements of `opine doctor`, without servers.
struct FindingTests {
  private let place = TopicPartition("reviews.raw", 0)

  @Test("a gap is a failure, a large lag a warning, a small one is well")
  func groups() {
    let bounds = [place: Watermarks(low: 100, high: 50_000)]
    func judge(_ next: Int64?) -> Finding {
      KafkaChecks.judge(group: "g", of: "enrich", bounds, next.map { [place: $0] } ?? [:])
    }
    #expect(judge(60).state == .fail)
    #expect(judge(60).detail.contains("40 records were deleted"))
    #expect(judge(60).next.contains("opine enrich --on-gap continue"))
    #expect(judge(50_001).state == .fail)
    #expect(judge(50_000) == Finding("group g", .ok, "0 records behind"))
    #expect(judge(40_000).state == .ok)
    #expect(judge(39_999).state == .warn)
    #expect(judge(nil).state == .warn)
  }

  @Test("a compacted topic fails with the command that changes it; delete is well")
  func topics() {
    func judge(_ policy: String) -> Finding {
      KafkaChecks.judge(
        topic: "reviews.raw", partitions: 4, settings: ["cleanup.policy": policy], "k:9092")
    }
    #expect(judge("delete").state == .ok)
    for policy in ["compact", "compact,delete"] {
      #expect(judge(policy).state == .fail)
      #expect(
        judge(policy).next.contains("--entity-name reviews.raw --add-config cleanup.policy=delete"))
    }
  }

  @Test("clocks more than five seconds apart warn, and say which is ahead")
  func clocks() {
    #expect(ElasticsearchChecks.clock(-4.9).state == .ok)
    #expect(ElasticsearchChecks.clock(6).state == .warn)
    #expect(ElasticsearchChecks.clock(6).detail.contains("ahead of"))
    #expect(ElasticsearchChecks.clock(-3600).detail.contains("3600.0 s behind"))
    #expect(ElasticsearchChecks.seconds(httpDate: "Tue, 15 Nov 1994 08:12:31 GMT") == 784_887_151)
    #expect(ElasticsearchChecks.seconds(httpDate: "yesterday") == nil)
  }

  @Test("versions before those that are tested warn")
  func versions() {
    func state(_ number: JSONValue, _ distribution: JSONValue = .null) -> Finding.State {
      ElasticsearchChecks.version(
        ["version": ["number": number, "distribution": distribution]], "u"
      ).state
    }
    #expect(state("8.0.0") == .ok && state("9.5.3") == .ok && state("7.17.0") == .warn)
    #expect(state("2.19.6", "opensearch") == .ok && state("1.3.0", "opensearch") == .warn)
    #expect(state(.null) == .warn)
  }

  @Test("one write index: marked, or single without a mark; two or none fail")
  func aliases() {
    func index(_ marks: [JSONValue]) -> String? {
      let members = marks.enumerated().map { number, mark in
        JSONMember("reviews-00000\(number)", ["aliases": ["reviews": ["is_write_index": mark]]])
      }
      return ElasticsearchChecks.alias(.object(members), "u").index
    }
    #expect(index([.null]) == "reviews-000000")
    #expect(index([false, true]) == "reviews-000001")
    #expect(index([.null, .null]) == nil)
    #expect(index([true, true]) == nil)
    #expect(index([false]) == nil)
    #expect(index([]) == nil)
  }

  @Test("a field of another type fails: it takes a new index")
  func types() {
    let template = try? JSONValue.parse(String(cString: opine_reviews_template()))
    let wanted = template?["template"]?["mappings"]?["properties"]?.object ?? []
    let other = wanted.map { $0.name == "text" ? JSONMember("text", ["type": "keyword"]) : $0 }
    let finding = IndexChecks.mapping("m", "i", ["properties": .object(other)], "u")
    #expect(finding.state == .fail)
    #expect(finding.detail.hasPrefix("text of another type"))
  }

  @Test("the data folder may be there, or be made; a file, or a folder in one, may not")
  func folders() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "opine-doctor-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(DoctorCommand.dataFolder(folder.path).state == .ok)
    #expect(DoctorCommand.dataFolder(folder.path + "/a/b").detail.contains("will be made"))
    let file = folder.appending(path: "file")
    try Data().write(to: file)
    #expect(DoctorCommand.dataFolder(file.path).state == .fail)
    #expect(DoctorCommand.dataFolder(file.path + "/a").state == .fail)
  }
}
