import Connect
import Kafka

/// Everything that is wrong with a connector's configuration, by property.
public struct SinkSettingsError: Error, Sendable, CustomStringConvertible {
  public let problems: [(property: String, problem: String)]

  public var description: String {
    problems.map { "\($0.property): \($0.problem)" }.joined(separator: "\n")
  }
}

/// Where a write's version comes from.
public enum VersionSource: String, Sendable, CaseIterable {
  /// The Kafka offset, strictly greater wins.
  case offset
  /// A number in the record's value (`version.field`), greater or equal wins.
  case field
  /// A number in a header (`external.version.header`), greater or equal wins.
  case header
  /// The record's Kafka timestamp, greater or equal wins.
  case timestamp
  /// No version is sent.
  case none
}

/// What happens to a record with a null value.
public enum NullValues: String, Sendable, CaseIterable {
  case ignore, delete, fail
}

/// What happens on a version conflict that the history of the topic cannot explain.
public enum UnexplainedConflict: String, Sendable, CaseIterable {
  case hold, report, ignore
}

/// The sink's configuration: Confluent's names, types and defaults, and a few of ours.
public struct SinkSettings: Sendable {
  public let name: String
  public let topics: [String]
  public let urls: [String]
  public let username: String?
  public let password: String?
  public let apiKey: String?
  public let batchSize: Int
  public let bulkBytes: Int
  public let linger: Duration
  public let inFlight: Int
  public let readTimeout: Duration
  public let connectTimeout: Duration
  public let retryBackoff: Duration
  public let bufferBytes: Int
  public let nullValues: NullValues
  public let versionSource: VersionSource
  public let versionField: String
  public let versionHeader: String
  public let unexplained: UnexplainedConflict
  /// Index, alias or data stream by topic; a topic that is not here writes to an index of its own name.
  public let resources: [String: String]
  public let requireAlias: Bool
  public let registryURLs: [String]
  public let unknownSchemaGrace: Duration
  public let faults: FaultPolicy
  public let deadLetters: DeadLetterSettings?
  public let onGap: GapPolicy
  public let consumer: KafkaProperties
  public let producer: KafkaProperties
  /// Properties that nothing here obeys; worth a warning each.
  public let unknown: [String]

  /// Two writes of one id must not be in flight together: see heart's sixth invariant.
  public var guardsIDs: Bool {
    (versionSource != .offset) || nullValues == .delete
  }

  public init(_ properties: [String: String]) throws(SinkSettingsError) {
    var read = PropertyReader(properties)
    name = read.text("name", required: true)
    topics = read.list("topics", required: true)
    urls = read.list("connection.url", required: true)
    username = read.optional("connection.username")
    password = read.optional("connection.password")
    apiKey = read.optional("connection.api.key")
    batchSize = read.int("batch.size", 2000, 1...1_000_000)
    bulkBytes = read.int("bulk.size.bytes", 5 << 20, 1024...Int(Int32.max))
    linger = .milliseconds(read.int("linger.ms", 50, 0...604_800_000))
    inFlight = read.int("max.in.flight.requests", 5, 1...1000)
    readTimeout = .milliseconds(read.int("read.timeout.ms", 30_000, 1...604_800_000))
    connectTimeout = .milliseconds(read.int("connection.timeout.ms", 1000, 1...43_200_000))
    retryBackoff = .milliseconds(read.int("retry.backoff.ms", 100, 1...86_400_000))
    bufferBytes = read.int("buffer.bytes", 20 << 20, (1 << 20)...(1 << 40))
    nullValues = read.choice("behavior.on.null.values", .fail)
    versionSource = read.choice("version.source", .offset)
    versionField = read.text("version.field")
    versionHeader = read.text("external.version.header")
    unexplained = read.choice("version.conflict.unexplained", .hold)
    resources = read.pairs("topic.to.external.resource.mapping")
    requireAlias = read.optional("external.resource.usage")?.uppercased() == "ALIAS_INDEX"
    registryURLs = read.list("value.converter.schema.registry.url", required: true)
    unknownSchemaGrace = .milliseconds(read.int("unknown.schema.grace.ms", 10_000, 0...86_400_000))
    onGap = read.choice("on.gap", .halt)
    var faults = FaultPolicy()
    faults.tolerance = read.choice("errors.tolerance", .none)
    faults.malformed = read.choice("behavior.on.malformed.documents", .fail)
    faults.dropsInvalid = read.bool("drop.invalid.message", false)
    faults.logsErrors = read.bool("errors.log.enable", false)
    self.faults = faults
    let letters = read.text("errors.deadletterqueue.topic.name")
    let context = read.bool("errors.deadletterqueue.context.headers.enable", true)
    deadLetters =
      letters.isEmpty ? nil : DeadLetterSettings(topic: letters, contextHeaders: context)
    consumer = read.prefixed("consumer.override.")
    producer = read.prefixed("producer.override.")
    if versionSource == .field && versionField.isEmpty {
      read.fail("version.field", "is needed with version.source=field")
    }
    if versionSource == .header && versionHeader.isEmpty {
      read.fail("external.version.header", "is needed with version.source=header")
    }
    if topics.contains(letters) {
      read.fail("errors.deadletterqueue.topic.name", "must not be one of the topics")
    }
    if let converter = read.optional("value.converter"), !converter.hasSuffix("AvroConverter") {
      read.fail("value.converter", "only AvroConverter is there yet, not \(converter)")
    }
    if let converter = read.optional("key.converter"), !converter.hasSuffix("StringConverter") {
      read.fail("key.converter", "only StringConverter is there yet, not \(converter)")
    }
    if read.optional("key.ignore") == "true" {
      read.fail("key.ignore", "true is not there yet: documents get their record's key as id")
    }
    if let method = read.optional("write.method"), method.lowercased() != "insert" {
      read.fail("write.method", "only insert is there yet")
    }
    read.accept([
      "connector.class", "tasks.max", "schema.ignore", "errors.log.include.messages",
      "errors.deadletterqueue.topic.replication.factor",
      "max.retries", "max.buffered.records", "flush.timeout.ms", "flush.synchronously",
      "connection.compression", "compact.map.entries", "max.connection.idle.time.ms",
    ])
    unknown = read.unread
    if !read.problems.isEmpty { throw SinkSettingsError(problems: read.problems) }
  }

  /// The index, alias or data stream that the topic's documents go to.
  public func resource(of topic: String) -> String { resources[topic] ?? topic.lowercased() }
}

/// Reads properties with checks, and remembers which were read.
struct PropertyReader {
  private let properties: [String: String]
  private var seen: Set<String> = []
  private(set) var problems: [(property: String, problem: String)] = []

  init(_ properties: [String: String]) { self.properties = properties }

  var unread: [String] { properties.keys.filter { !seen.contains($0) }.sorted() }

  mutating func accept(_ names: [String]) { seen.formUnion(names) }

  mutating func fail(_ name: String, _ problem: String) { problems.append((name, problem)) }

  mutating func optional(_ name: String) -> String? {
    seen.insert(name)
    return properties[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  mutating func text(_ name: String, required: Bool = false) -> String {
    let value = optional(name)
    if required && value == nil { fail(name, "is missing") }
    return value ?? ""
  }

  mutating func list(_ name: String, required: Bool = false) -> [String] {
    text(name, required: required).split(separator: ",").map { trimmed($0) }
      .filter { !$0.isEmpty }
  }

  mutating func int(_ name: String, _ standard: Int, _ range: ClosedRange<Int>) -> Int {
    guard let text = optional(name) else { return standard }
    guard let value = Int(text), range.contains(value) else {
      fail(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      return standard
    }
    return value
  }

  mutating func bool(_ name: String, _ standard: Bool) -> Bool {
    switch optional(name)?.lowercased() {
    case nil: return standard
    case "true": return true
    case "false": return false
    default:
      fail(name, "must be true or false")
      return standard
    }
  }

  mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ standard: Choice
  ) -> Choice {
    guard let text = optional(name) else { return standard }
    guard let value = Choice(rawValue: text.lowercased()) else {
      let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      fail(name, "must be one of \(all)")
      return standard
    }
    return value
  }

  mutating func pairs(_ name: String) -> [String: String] {
    var pairs: [String: String] = [:]
    for entry in list(name) {
      let parts = entry.split(separator: ":", maxSplits: 1).map { trimmed($0) }
      if parts.count == 2 { pairs[parts[0]] = parts[1] } else { fail(name, "needs topic:resource") }
    }
    return pairs
  }

  mutating func prefixed(_ prefix: String) -> [String: String] {
    var found: [String: String] = [:]
    for (name, value) in properties where name.hasPrefix(prefix) {
      seen.insert(name)
      found[String(name.dropFirst(prefix.count))] = value
    }
    return found
  }

  private func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
