/// One property that a connector, converter or transform understands: what parses it, validates it, answers
/// the REST `validate` call and stands in docs/connectors.md.
///
/// Names, types and defaults are those of Kafka Connect's `ConfigDef` where Confluent's sink has the
/// property.
public struct ConfigKey: Sendable {
  public enum Kind: String, Sendable {
    case boolean = "BOOLEAN"
    case string = "STRING"
    case int = "INT"
    case long = "LONG"
    case list = "LIST"
    case `class` = "CLASS"
    case password = "PASSWORD"
  }

  public enum Importance: String, Sendable {
    case high = "HIGH"
    case medium = "MEDIUM"
    case low = "LOW"
  }

  /// What stands for a property that is not given.
  public enum Standard: Sendable, Equatable {
    /// Leaving it out is an error.
    case required
    /// Nothing: the property has no value then.
    case null
    case value(String)
  }

  public let name: String
  public let kind: Kind
  public let standard: Standard
  public let importance: Importance
  /// A heading that its keys share, as UIs show it.
  public let group: String
  /// One or two sentences: what it does, units included.
  public let explanation: String
  /// Allowed values, compared without case; empty: any.
  public let choices: [String]
  /// Allowed numbers; nil: any, or no number.
  public let range: ClosedRange<Int>?
  /// Says what is wrong with a value that has the right type; nil where nothing is.
  public let check: (@Sendable (String) -> String?)?

  public init(
    _ name: String, _ kind: Kind, _ standard: Standard, importance: Importance = .medium,
    group: String, _ explanation: String, choices: [String] = [], range: ClosedRange<Int>? = nil,
    check: (@Sendable (String) -> String?)? = nil
  ) {
    self.name = name
    self.kind = kind
    self.standard = standard
    self.importance = importance
    self.group = group
    self.explanation = explanation
    self.choices = choices
    self.range = range
    self.check = check
  }

  /// The default as REST shows it.
  public var defaultText: String? {
    if case .value(let text) = standard { text } else { nil }
  }

  /// Everything that is wrong with a value as it was given; nil is a property that was not.
  public func problems(of given: String?) -> [String] {
    guard let given else {
      return standard == .required
        ? ["Missing required configuration \"\(name)\" which has no default value."] : []
    }
    let text = kind == .password ? given : ConfigText.trimmed(given)
    if let problem = typeProblem(text) { return [problem] }
    if !choices.isEmpty, !choices.contains(where: { $0.lowercased() == text.lowercased() }) {
      let all = choices.joined(separator: ", ")
      return ["Invalid value \(shown(text)) for configuration \(name): must be one of \(all)"]
    }
    if let range, let number = Int(text), !range.contains(number) {
      let bound =
        number < range.lowerBound
        ? "at least \(range.lowerBound)" : "no more than \(range.upperBound)"
      return ["Invalid value \(text) for configuration \(name): Value must be \(bound)"]
    }
    if let problem = check?(text) {
      return ["Invalid value \(shown(text)) for configuration \(name): \(problem)"]
    }
    return []
  }

  private func typeProblem(_ text: String) -> String? {
    switch kind {
    case .boolean where !["true", "false"].contains(text.lowercased()):
      "Invalid value \(text) for configuration \(name): Expected value to be either true or false"
    case .int where Int32(text) == nil, .long where Int64(text) == nil:
      "Invalid value \(text) for configuration \(name): Not a number of type \(kind.rawValue)"
    default: nil
    }
  }

  /// Secrets are not repeated.
  private func shown(_ text: String) -> String { kind == .password ? "[hidden]" : text }
}

/// The text forms that configurations share.
public enum ConfigText {
  /// Without white space at both ends.
  public static func trimmed(_ text: some StringProtocol) -> String {
    var rest = Substring(text)
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }

  /// The entries of a comma-separated list, trimmed, empty ones left out.
  public static func list(_ text: String) -> [String] {
    text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
  }
}
