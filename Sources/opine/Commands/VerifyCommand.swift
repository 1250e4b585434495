import Elasticsearch
import Foundation
import JSON
import Kafka
import Reviews

/// `opine verify`: the audit of what `reviews.raw` asks for against what the index has.
enum VerifyCommand {
  static let wait = Option(
    "wait", .duration, "TIME", standard: "60s", "how long enrich and the sink may take to catch up")
  static let connector = Option(
    "connector", .text, "NAME", standard: "reviews-elasticsearch", "the sink's name")
  private static let shownSuspects = 20

  static let command = Command(
    "verify", "prove that no review was lost",
    options: [.kafka, .registry, .elasticsearch, wait, connector, .json],
    example: "opine verify --wait 2m"
  ) { invocation in
    let client = elasticsearch(invocation)
    defer { client.http.shutdown() }
    let registry = registryClient(invocation)
    let found: (result: AuditResult, names: [AuditPlace: String])
    do {
      found = try await audit(
        invocation, client, SchemaReading(registry, for: "the audit could not be made"))
    } catch let error as KafkaError {
      throw unreachable(error, "the audit could not be made")
    } catch let error as ElasticsearchError {
      throw unreachable(error, "the audit could not be made")
    }
    if invocation.flag(.json) {
      Terminal.print(json(found.result, found.names).serialized())
    } else {
      show(found.result, found.names)
    }
    return found.result.isBalanced ? .done : .notFoundOrUnbalanced
  }

  private static func audit(
    _ invocation: Invocation, _ client: ElasticsearchClient, _ schemas: SchemaReading
  ) async throws -> (AuditResult, [AuditPlace: String]) {
    let kafka = invocation.kafkaProperties
    let deadline = ContinuousClock.now + (try invocation.duration(wait))
    let raw = try TopicBounds("reviews.raw", kafka)
    var pending = try await raw.settle(group: "opine-enrich", until: deadline, kafka)
    let scored = try TopicBounds("reviews.scored", kafka)
    pending += try await scored.settle(
      group: "connect-\(invocation.text(connector))", until: deadline, kafka)
    let index = IndexReading(client, index: "reviews", logBegan: invocation.dev?.startedAt)
    try index.refresh()

    var audit = Audit(ranges: raw.ranges)
    try LetterReading(schemas).read(into: &audit, kafka)
    try RawReading(raw, kafka, schemas).read(into: &audit)
    try index.documents { id, document in add(document, id, &audit) }

    if audit.result.missing > 0 {
      try RawReading(raw, kafka, schemas).readLaterDeletions(into: &audit)
    }
    if audit.asksForReplays { try LetterReading(schemas).readReplays(into: &audit, kafka) }
    let suspects = audit.result.suspects
    let places = suspects.filter { $0.id == nil }.compactMap(\.place)
    let names = try RawReading(raw, kafka, schemas).keys(at: Set(places))
    let ids = suspects.compactMap { $0.id ?? $0.place.flatMap { names[$0] } }
    try index.reread(ids) { id, document in add(document, id, &audit) }
    var result = audit.result
    result.pending = pending
    return (result, names)
  }

  private static func add(_ document: AuditDocument?, _ id: String, _ audit: inout Audit) {
    var id = id
    id.withUTF8 { audit.add(document: document, id: UnsafeRawBufferPointer($0)) }
  }

  // MARK: - Output

  private static func json(
    _ result: AuditResult, _ names: [AuditPlace: String]
  ) -> JSONValue {
    let suspects = result.suspects.map { suspect in
      let id = suspect.id ?? suspect.place.flatMap { names[$0] }
      return JSONValue.object([
        JSONMember("reason", .string(suspect.reason.rawValue)),
        JSONMember("id", id.map { .string($0) } ?? .null),
        JSONMember("partition", suspect.place.map { .int(Int($0.partition)) } ?? .null),
        JSONMember("offset", suspect.place.map { .int(Int($0.offset)) } ?? .null),
      ])
    }
    let counts = counts(result).map { JSONMember($0.name, .int($0.count)) }
    return .object(
      [JSONMember("balanced", .bool(result.isBalanced))] + counts
        + [JSONMember("suspects", .array(suspects))])
  }

  private static func counts(
    _ result: AuditResult
  ) -> [(name: String, count: Int, meaning: String)] {
    [
      ("input", result.input, "reviews in reviews.raw, by key"),
      ("indexed", result.indexed, "documents in the index"),
      ("dead_letters", result.deadLetters, "records set aside; opine dlq list"),
      ("missing", result.missing, "reviews without document or dead letter"),
      ("extra", result.extra, "documents that nothing in reviews.raw asks for"),
      ("stale", result.stale, "documents older than their review"),
      ("pending", result.pending, "records not yet committed; wait longer, or look at status"),
      ("outside", result.outside, "documents of records that reviews.raw no longer has"),
      ("revived", result.revived, "documents older than a deletion that came before them"),
      ("replayed", result.replayed, "documents of dead letters that were sent again"),
    ]
  }

  private static func show(_ result: AuditResult, _ names: [AuditPlace: String]) {
    let rows = counts(result).map { [$0.name, Terminal.grouped($0.count), $0.meaning] }
    Terminal.print(Terminal.table(["WHAT", "COUNT", "MEANING"], rows))
    if !result.suspects.isEmpty {
      let rows = result.suspects.prefix(shownSuspects).map { suspect in
        [
          suspect.reason.rawValue, suspect.place.map { "\($0.partition):\($0.offset)" } ?? "-",
          suspect.id ?? suspect.place.flatMap { names[$0] } ?? "-",
        ]
      }
      Terminal.print("\n" + Terminal.table(["SUSPECT", "RAW", "REVIEW"], Array(rows)))
      if result.suspects.count > shownSuspects { Terminal.print("and more; see --json") }
    }
    let verdict = result.isBalanced ? "balanced" : "not balanced"
    Terminal.print("\n" + Terminal.styled(verdict, result.isBalanced ? .green : .red))
  }
}
