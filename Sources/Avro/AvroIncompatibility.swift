/// One reason why a reader's schema cannot read what a writer's schema wrote.
public struct AvroIncompatibility: Sendable, Equatable {
  /// The six reasons, by the names that Avro for Java and registries give them.
  public enum Kind: String, Sendable, CaseIterable {
    case nameMismatch = "NAME_MISMATCH"
    case fixedSizeMismatch = "FIXED_SIZE_MISMATCH"
    case missingEnumSymbols = "MISSING_ENUM_SYMBOLS"
    case missingDefault = "READER_FIELD_MISSING_DEFAULT_VALUE"
    case typeMismatch = "TYPE_MISMATCH"
    case missingUnionBranch = "MISSING_UNION_BRANCH"
  }

  /// A step from a schema to a part of it.
  public enum Step: Sendable, Equatable {
    case field(Int, name: String)
    case type, items, values, name, size, symbols
    /// A branch of the writer's union, except inside `causes`, where it is the reader's.
    case branch(Int, ofOptional: Bool)
  }

  public let kind: Kind
  /// The way into the reader's schema.
  public internal(set) var steps: [Step]
  /// The facts in the words of Avro for Java: `reader type: INT not compatible with …`.
  public let detail: String
  /// The part of each schema that does not fit; of a missing default the field's type, and the
  /// writer's record.
  public let reader: AvroSchema
  public let writer: AvroSchema
  /// Where a union lacks a branch: what is wrong with the branch that comes nearest.
  public internal(set) var causes: [AvroIncompatibility] = []

  /// The place as a JSON pointer into the reader's schema; `/` for the whole.
  public var location: String {
    steps.isEmpty ? "/" : steps.map { "/" + $0.pointer }.joined()
  }

  /// The place for people, from `root`: `Review.author?.tags[]`.
  public func dottedPath(from root: String) -> String {
    steps.reduce(into: root) { path, step in path += step.dotted }
  }

  /// The name of the field that has no default; nil for other reasons.
  public var fieldName: String? {
    if kind == .missingDefault, case .field(_, let name)? = steps.last { name } else { nil }
  }
}

extension AvroIncompatibility.Step {
  var pointer: String {
    switch self {
    case .field(let index, _): "fields/\(index)"
    case .type: "type"
    case .items: "items"
    case .values: "values"
    case .name: "name"
    case .size: "size"
    case .symbols: "symbols"
    case .branch(let index, _): String(index)
    }
  }

  var dotted: String {
    switch self {
    case .field(_, let name): ".\(name)"
    case .items: "[]"
    case .values: "{}"
    case .branch(_, true): "?"
    case .branch(let index, false): "|\(index)"
    case .type, .name, .size, .symbols: ""
    }
  }
}
