/// A problem of a configuration, by the property that has it.
public struct ConfigProblem: Sendable, Equatable, CustomStringConvertible {
  public let property: String
  public let problem: String

  public init(_ property: String, _ problem: String) {
    self.property = property
    self.problem = problem
  }

  public var description: String { "\(property): \(problem)" }
}

/// Everything that is wrong with a connector's configuration.
public struct ConfigError: Error, Sendable, CustomStringConvertible {
  public let problems: [ConfigProblem]

  public init(_ problems: [ConfigProblem]) { self.problems = problems }

  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Properties read by a table of keys: every key is checked at once, the values come typed.
///
/// A value that is wrong reads as its default, so that all problems are found in one go.
public struct ConfigReading: Sendable {
  public let keys: [ConfigKey]
  public let properties: [String: String]
  public private(set) var problems: [ConfigProblem] = []

  public init(_ keys: [ConfigKey], _ properties: [String: String]) {
    self.keys = keys
    self.properties = properties
    for key in keys {
      for problem in key.problems(of: properties[key.name]) { fail(key, problem) }
    }
  }

  /// Names that no key has and that begin with none of the prefixes, sorted.
  public func unknown(prefixes: [String]) -> [String] {
    let known = Set(keys.map(\.name))
    return properties.keys.filter { name in
      !known.contains(name) && !prefixes.contains { name.hasPrefix($0) }
    }.sorted()
  }

  public mutating func fail(_ key: ConfigKey, _ problem: String) { fail(key.name, problem) }

  public mutating func fail(_ name: String, _ problem: String) {
    problems.append(ConfigProblem(name, problem))
  }

  /// The same problem on every property that takes part in it.
  public mutating func fail(_ keys: [ConfigKey], _ problem: String) {
    for key in keys { fail(key, problem) }
  }

  /// Whether the property was given, even if empty.
  public func has(_ key: ConfigKey) -> Bool { properties[key.name] != nil }

  /// The value, or the default where none was given or the given one is wrong; "" where there is neither.
  public func text(_ key: ConfigKey) -> String {
    let standard = key.defaultText ?? ""
    guard let given = properties[key.name] else { return standard }
    let text = key.kind == .password ? given : ConfigText.trimmed(given)
    return key.problems(of: given).isEmpty ? text : standard
  }

  /// As `text`; nil for an empty one.
  public func optional(_ key: ConfigKey) -> String? {
    let text = text(key)
    return text.isEmpty ? nil : text
  }

  public func list(_ key: ConfigKey) -> [String] { ConfigText.list(text(key)) }

  public func int(_ key: ConfigKey) -> Int { Int(text(key)) ?? 0 }

  public func milliseconds(_ key: ConfigKey) -> Duration { .milliseconds(int(key)) }

  public func flag(_ key: ConfigKey) -> Bool { text(key).lowercased() == "true" }

  /// One of an enumeration's raw values, compared without case.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: ConfigKey, _ standard: Choice
  ) -> Choice {
    let text = text(key).lowercased()
    return Choice.allCases.first { $0.rawValue.lowercased() == text } ?? standard
  }

  /// The properties with the prefix, without it.
  public func prefixed(_ prefix: String) -> [String: String] {
    var found: [String: String] = [:]
    for (name, value) in properties where name.hasPrefix(prefix) {
      found[String(name.dropFirst(prefix.count))] = value
    }
    return found
  }
}
