import Avro

/// Incompatibilities in the words of Confluent's registry, which tools show as they are.
enum CompatibilityMessages {
  /// Of a long schema no more is repeated.
  private static let maximumSchemaBytes = 10 * 1024

  /// One line for each problem, then what was compared.
  static func lines(
    _ problems: [CompatibilityProblem], after old: StoredVersion, _ level: CompatibilityLevel
  ) -> [String] {
    let text = String(decoding: old.content.text.utf8.prefix(maximumSchemaBytes), as: UTF8.self)
    return problems.map(line) + [
      "{oldSchemaVersion: \(old.version)}", "{oldSchema: '\(text)'}",
      "{validateFields: 'false', compatibility: '\(level.rawValue)'}",
    ]
  }

  private static func line(_ problem: CompatibilityProblem) -> String {
    let cause = problem.cause
    return "{errorType:'\(cause.kind.rawValue)', description:'\(description(problem))', "
      + "additionalInfo:'\(cause.detail)'}"
  }

  private static func description(_ problem: CompatibilityProblem) -> String {
    let isBackward = problem.direction == .backward
    let (reader, writer) = isBackward ? ("new", "old") : ("old", "new")
    let place = problem.cause.location
    switch problem.cause.kind {
    case .typeMismatch:
      return "The type (path '\(place)') of a field in the \(reader) schema does not match with "
        + "the \(writer) schema"
    case .missingDefault:
      return "The field '\(problem.cause.detail)' at path '\(place)' in the \(reader) schema has "
        + "no default value and is missing in the \(writer) schema"
    case .nameMismatch: return "The name of the schema has changed (path '\(place)')"
    case .missingEnumSymbols:
      return "The \(reader) schema is missing enum symbols '\(problem.cause.detail)' at path "
        + "'\(place)' in the \(writer) schema"
    case .missingUnionBranch:
      return "The \(reader) schema is missing a type inside a union field at path '\(place)' in "
        + "the \(writer) schema"
    case .fixedSizeMismatch:
      return "The size of FIXED type field at path '\(place)' in the \(reader) schema does not "
        + "match with the \(writer) schema"
    }
  }
}
