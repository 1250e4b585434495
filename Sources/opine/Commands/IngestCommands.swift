import Avro
import Foundation
import Ingest
import JSON
import Reviews
import SchemaRegistry

/// `opine ingest …`: sources to `reviews.raw`.
enum IngestCommands {
  static let fromStart = Option(
    flag: "from-start", "send all lines, also those that an earlier run has delivered")
  static let register = Option(
    flag: "auto-register", "register the schema of reviews where the registry does not have it")
  static let latest = Option(
    flag: "use-latest-version",
    "write with the newest schema of reviews.raw-value, whoever registered it")
  static let rate = Option(
    "rate", .number(0...10_000_000), "N", standard: "10", "records a second; 0: as many as go")
  static let count = Option(
    "count", .number(0...Int.max), "N", standard: "0", short: "n",
    "how many; 0: until stopped")
  static let seed = Option(
    "seed", .number(0...Int.max), "N", standard: "1", "the same seed makes the same reviews")
  static let poison = percent("poison", "what can never be indexed")
  static let duplicate = percent("dup", "records that come again")
  static let update = percent("update", "new versions, a third of them out of order")
  static let delete = percent("delete", "deletions")

  private static func percent(_ name: String, _ explanation: String) -> Option {
    Option(name, .number(0...100), "PERCENT", standard: "0", explanation)
  }

  static let file = Command(
    "ingest file", "JSON lines (plain or gzip; - is stdin) or Avro files to reviews.raw",
    arguments: "FILE …", argumentCount: 1...10_000,
    options: [.kafka, .registry, .data, fromStart, register, latest, .json],
    example: "opine ingest file reviews.json.gz"
  ) { invocation in
    try await onThread { try readFiles(invocation) }
  }

  static let generate = Command(
    "ingest generate", "synthetic reviews to reviews.raw",
    options: [
      .kafka, .registry, rate, count, seed, poison, duplicate, update, delete, register, latest,
      .json,
    ],
    example: "opine ingest generate --rate 0 --count 1000 --poison 1 --dup 2 --update 5 --delete 1"
  ) { invocation in
    try await onThread { try generateReviews(invocation) }
  }

  private static func readFiles(_ invocation: Invocation) throws -> ExitCode {
    let stop = StopRequest()
    let signals = Signals { stop.stop() }
    defer { withExtendedLifetime(signals) {} }
    if let missing = invocation.arguments.first(where: { $0 != "-" && access($0, R_OK) != 0 }) {
      throw CommandError(
        .failed, "\(missing) can't be read", why: String(cString: strerror(errno)),
        next: "say which file to ingest; - is standard input")
    }
    guard let (target, cluster) = try connect(invocation, stop) else { return .failed }
    do throws(IngestError) {
      let checkpoints = try Checkpoints(directory: invocation.text(.data))
      let ingest = try FileIngest(
        target, cluster: cluster, checkpoints: checkpoints, stop: stop)
      var progress = Progress("lines")
      ingest.onProgress = { progress.show($0) }
      ingest.onSkip = { name, lines in
        Terminal.say(
          "\(name): \(Terminal.grouped(lines)) lines were delivered before and are skipped "
            + "(--from-start sends them again)")
      }
      if !invocation.flag(fromStart) {
        ingest.onAfresh = { name in
          Terminal.say("\(name): starts afresh: the file or the cluster is not that of before")
        }
      }
      for name in invocation.arguments where !stop.isStopped {
        do throws(IngestError) {
          try ingest.run(file: name, fromStart: invocation.flag(fromStart))
        } catch {
          progress.end()
          summary(ingest.counts, invocation)
          throw error
        }
      }
      progress.end()
      summary(ingest.counts, invocation)
      if ingest.counts.isStopped { return .failed }
      return ingest.counts.rejected > 0 ? .rejectedRecords : .done
    } catch { throw failure(error) }
  }

  private static func summary(_ counts: IngestCounts, _ invocation: Invocation) {
    let skipped = counts.skipped > 0 ? ", \(Terminal.grouped(counts.skipped)) skipped" : ""
    let stopped = counts.isStopped ? "; stopped before the end" : ""
    Terminal.say(
      "ingested \(Terminal.grouped(counts.ingested)) reviews, "
        + "\(Terminal.grouped(counts.rejected)) rejected\(skipped)\(stopped)")
    guard invocation.flag(.json) else { return }
    let line: JSONValue = [
      "ingested": .int(counts.ingested), "rejected": .int(counts.rejected),
      "skipped": .int(counts.skipped), "delivered": .int(counts.delivered),
      "stopped": .bool(counts.isStopped),
    ]
    Terminal.print(line.serialized())
  }

  private static func generateReviews(_ invocation: Invocation) throws -> ExitCode {
    let shares = GeneratorShares(
      poison: try invocation.number(poison), duplicate: try invocation.number(duplicate),
      update: try invocation.number(update), delete: try invocation.number(delete))
    guard shares.sum <= 100 else {
      throw CommandError.usage("the shares add up to more than 100 percent", invocation.command)
    }
    let wanted = try invocation.number(count)
    let seed = UInt64(try invocation.number(seed))
    let rate = try invocation.number(rate)
    let stop = StopRequest()
    let signals = Signals { stop.stop() }
    defer { withExtendedLifetime(signals) {} }
    guard let (target, _) = try connect(invocation, stop) else { return .failed }
    do throws(IngestError) {
      let ingest = try GenerateIngest(
        target, generator: ReviewGenerator(seed: seed, shares: shares), stop: stop)
      var progress = Progress("records", total: wanted > 0 ? wanted : nil)
      ingest.onProgress = { progress.show($0) }
      try ingest.run(rate: rate, count: wanted > 0 ? wanted : nil)
      progress.end()
      show(ingest.counts, delivered: ingest.delivered, invocation)
      return .done
    } catch { throw failure(error) }
  }

  private static func show(
    _ counts: GeneratedCounts, delivered: Int, _ invocation: Invocation
  ) {
    let rows: [(String, Int)] = [
      ("new", counts.new), ("updates", counts.updates), ("duplicates", counts.duplicates),
      ("deletes", counts.deletes), ("bad_lines", counts.badLines), ("broken", counts.broken),
      ("long_ids", counts.longIDs), ("total", counts.total), ("delivered", delivered),
    ]
    if invocation.flag(.json) {
      let members = rows.map { JSONMember($0.0, .int($0.1)) }
      return Terminal.print(JSONValue.object(members).serialized())
    }
    let parts = rows.filter { $0.1 > 0 && $0.0 != "total" }.map {
      "\(Terminal.grouped($0.1)) \($0.0.replacing("_", with: " "))"
    }
    Terminal.say(
      "generated \(Terminal.grouped(counts.total)) records: " + parts.joined(separator: ", "))
  }

  /// The schema's id and the cluster's; nil where the run was stopped while waiting for Kafka.
  private static func connect(
    _ invocation: Invocation, _ stop: StopRequest
  ) throws -> (IngestTarget, String)? {
    let kafka = invocation.text(.kafka)
    Terminal.say("writing to Kafka at \(kafka), registry \(invocation.text(.registry))")
    let target = IngestTarget(
      kafka: invocation.kafkaProperties, schema: try schema(invocation))
    do throws(IngestError) {
      let cluster = try target.awaitCluster(stop: stop) {
        Terminal.say("waiting for Kafka at \(kafka)")
      }
      return cluster.map { (target, $0) }
    } catch { throw failure(error) }
  }

  /// Who may register is the operator's choice: reading a file is no reason to change a registry.
  private static func schema(_ invocation: Invocation) throws -> IngestSchema {
    let (subject, text) = (IngestTarget.subject, ReviewSchemas.review)
    let registry = invocation.registry.client()
    do {
      if invocation.flag(latest) {
        let newest = try registry.sendBlocking(.latest(subject: subject))
        return try IngestSchema(id: newest.id, AvroSchema.parse(newest.text ?? ""))
      }
      let own = try registry.sendBlocking(
        invocation.flag(register)
          ? .register(subject: subject, schema: text) : .lookup(subject: subject, schema: text))
      return IngestSchema(id: own.id)
    } catch let error as AvroSchemaError {
      throw CommandError(
        .failed, "the newest schema of \(subject) can't be used", why: error.description,
        next: "opine schemas check, or leave out --use-latest-version")
    } catch let error as RegistryError {
      let what = "the schema of reviews can't be had from the registry"
      if error.isSystemFault { throw unreachable(error, what) }
      throw CommandError(
        .failed, what, why: "\(subject): \(error.description)",
        next: error.code == .notFound
          ? "opine apply, or --auto-register" : "opine schemas check, or mend the subject")
    }
  }

  private static func failure(_ error: IngestError) -> CommandError {
    let next =
      switch error {
      case .kafka: "opine status"
      case .noTopic: "opine apply"
      case .schema: "leave out --use-latest-version"
      case .checkpoint: "give a folder that can be written: --data DIR"
      case .file: "mend the file; a rerun goes on where this one ended"
      }
    return CommandError(
      .failed, "ingest ended early", why: error.description, next: next)
  }
}
