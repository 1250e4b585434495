import Kafka

/// One single message transform, Kafka Connect's.
protocol Transform: Sendable {
  /// The record that it makes; nil leaves the record out. What it throws is the record's fault.
  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord?
}

/// A connector's transforms in their order, each where its predicate holds.
public struct TransformChain: Sendable {
  private struct Link: Sendable {
    let transform: any Transform
    let predicate: Predicate?
    /// Applies it where the predicate does not hold.
    let negate: Bool
  }

  private let links: [Link]

  /// The chain that a connector's properties ask for: `transforms=a,b`, `transforms.a.type=…`.
  public init(_ properties: [String: String]) throws(ConfigError) {
    let (links, problems) = Self.read(properties)
    if !problems.isEmpty { throw ConfigError(problems) }
    self.links = links
  }

  /// What is wrong with the transforms and predicates, by property.
  public static func validate(_ properties: [String: String]) -> [ConfigProblem] {
    read(properties).problems
  }

  public var isEmpty: Bool { links.isEmpty }

  /// What the transforms make of a record; nil: left out.
  public func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    var record = record
    for link in links {
      if let predicate = link.predicate, predicate.holds(record) == link.negate { continue }
      guard let made = try link.transform.apply(record) else { return nil }
      record = made
    }
    return record
  }

  private static func read(
    _ properties: [String: String]
  ) -> (links: [Link], problems: [ConfigProblem]) {
    var problems: [ConfigProblem] = []
    var predicates: [String: Predicate] = [:]
    for alias in ConfigText.list(properties["predicates"] ?? "") {
      var read = TransformProperties("predicates.\(alias).", properties)
      predicates[alias] = Predicate(&read)
      problems += read.end()
    }
    var links: [Link] = []
    for alias in ConfigText.list(properties["transforms"] ?? "") {
      var read = TransformProperties("transforms.\(alias).", properties)
      let transform = TransformCatalog.make(&read)
      let name = read.optional("predicate")
      let negate = read.flag("negate", false)
      let predicate = name.flatMap { predicates[$0] }
      if name != nil && predicate == nil { read.fail("predicate", "is none of the predicates") }
      problems += read.end()
      if let transform {
        links.append(Link(transform: transform, predicate: predicate, negate: negate))
      }
    }
    return (links, problems)
  }
}

/// The properties of one transform or predicate; whatever is not read is a problem by name.
struct TransformProperties {
  let prefix: String
  private let properties: [String: String]
  private var seen: Set<String> = []
  private(set) var problems: [ConfigProblem] = []

  init(_ prefix: String, _ all: [String: String]) {
    self.prefix = prefix
    var own: [String: String] = [:]
    for (name, value) in all where name.hasPrefix(prefix) {
      own[String(name.dropFirst(prefix.count))] = value
    }
    properties = own
  }

  /// `…RegexRouter` or `…InsertField$Value`: the simple name, and which side it works on.
  mutating func type() -> (name: String, isKey: Bool?) {
    let text = text("type")
    let simple = text.split(separator: ".").last.map(String.init) ?? text
    let parts = simple.split(separator: "$", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return (parts.first ?? "", nil) }
    return (parts[0], parts[1] == "Key" ? true : parts[1] == "Value" ? false : nil)
  }

  mutating func optional(_ name: String) -> String? {
    seen.insert(name)
    return properties[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  mutating func text(_ name: String) -> String {
    let value = optional(name)
    if value == nil {
      fail(name, "Missing required configuration \"\(name)\" which has no default value.")
    }
    return value ?? ""
  }

  mutating func list(_ name: String) -> [String] { ConfigText.list(optional(name) ?? "") }

  mutating func flag(_ name: String, _ standard: Bool) -> Bool {
    guard let text = optional(name)?.lowercased() else { return standard }
    if text != "true" && text != "false" { fail(name, "must be true or false") }
    return text == "true"
  }

  mutating func fail(_ name: String, _ problem: String) {
    problems.append(ConfigProblem(prefix + name, problem))
  }

  /// All problems, those of names that nobody read among them.
  mutating func end() -> [ConfigProblem] {
    for name in properties.keys.sorted() where !seen.contains(name) {
      fail(name, "is not known to this transform")
    }
    return problems
  }
}
