import JSON

/// An edit of a new schema that lets it follow an old one.
public struct AvroEdit: Sendable, Equatable {
  /// Dotted, as incompatibilities have it.
  public let path: String
  /// What is done, in words: `may be null, with default null`.
  public let change: String
}

/// The smallest edits that make a new schema compatible with an old one.
///
/// A new reader gets a default, an alias, a wider union, the old symbols. What old readers lack they only get by
/// leaving it as it was: a field that they need comes back, a type that they can't read becomes the old one again.
public struct AvroEvolution: Sendable {
  /// The edited schema's JSON.
  public private(set) var json: JSONValue
  public private(set) var edits: [AvroEdit] = []
  /// What no such edit mends.
  public private(set) var left: [CompatibilityProblem] = []

  /// Edits in one proposal; each mends one problem, and may show the next.
  private static let maximumEdits = 100

  /// - Parameter json: a new schema that stands alone.
  public init(
    _ json: JSONValue, after old: AvroSchema, level: CompatibilityLevel
  ) throws(AvroSchemaError) {
    self.json = json
    let former = try? JSONValue.parse(old.canonicalText)
    for _ in 0..<Self.maximumEdits {
      let new = try AvroSchema.parse(self.json)
      left = level.problems(of: new, after: old)
      let root = new.definedName?.name ?? new.typeName
      // What comes back mends both directions.
      let forward = left.first { $0.direction == .forward && restore($0.cause, former ?? .null) }
      guard
        let problem = forward ?? left.first(where: { $0.direction == .backward && mend($0.cause) })
      else { return }
      edits.append(
        AvroEdit(
          path: problem.cause.dottedPath(from: root),
          change: forward == nil ? Self.words(problem.cause) : Self.restored(problem.cause)))
    }
  }

  /// Puts the old field or the old type of a field, of items or of values back.
  private mutating func restore(_ cause: AvroIncompatibility, _ old: JSONValue) -> Bool {
    // Branches stand in another order perhaps: the type around them comes back whole.
    var steps = cause.steps.prefix {
      if case .branch = $0 { false } else { true }
    }
    if cause.kind != .missingDefault {
      guard let last = steps.lastIndex(where: { [.type, .items, .values].contains($0) }) else {
        return false
      }
      steps = steps[...last]
    }
    return take(json.restoring(steps, of: old))
  }

  private mutating func take(_ edited: JSONValue?) -> Bool {
    guard let edited, edited != json, (try? AvroSchema.parse(edited)) != nil else { return false }
    json = edited
    return true
  }

  private mutating func mend(_ cause: AvroIncompatibility) -> Bool {
    let keys = cause.location.split(separator: "/").map(String.init)
    let edited: JSONValue? =
      switch cause.kind {
      case .missingDefault: json.replacing(keys[...]) { Self.optional($0) }
      case .missingEnumSymbols:
        json.replacing(keys[...]) { symbols in
          let missing = Self.missing(cause).map { JSONValue.string($0) }
          return symbols.array.map { .array($0 + missing) }
        }
      case .nameMismatch:
        json.replacing(keys.dropLast()) { type in
          type.object.map { members in
            let old = type["aliases"]?.array ?? []
            let aliases = JSONMember("aliases", .array(old + [.string(cause.writer.fullName)]))
            return .object(members.filter { $0.name != "aliases" } + [aliases])
          }
        }
      case .typeMismatch, .missingUnionBranch, .fixedSizeMismatch: widened(cause, keys)
      }
    return take(edited)
  }

  /// A union with the old plain type in it.
  private func widened(_ cause: AvroIncompatibility, _ keys: [String]) -> JSONValue? {
    var keys = keys
    var wanted = cause.writer
    if case .branch(let index, _)? = cause.steps.last {
      // The last step is into the writer's union; the reader's type is above it.
      keys.removeLast()
      if case .union(let branches) = wanted.shape { wanted = branches[index] }
    }
    guard wanted.definedName == nil, wanted.properties.isEmpty,
      case .string(let name) = wanted.plain
    else { return nil }
    return json.replacing(keys[...]) { type in
      if let branches = type.array { return .array(branches + [.string(name)]) }
      return name == "null" ? ["null", type] : [type, .string(name)]
    }
  }

  private static func optional(_ field: JSONValue) -> JSONValue? {
    guard let members = field.object, let type = field["type"] else { return nil }
    let branches = type.array ?? [type]
    let kept = members.filter { $0.name != "type" && $0.name != "default" }
    return .object(
      kept + [
        JSONMember("type", .array(["null"] + branches.filter { $0 != "null" })),
        JSONMember("default", .null),
      ])
  }

  private static func missing(_ cause: AvroIncompatibility) -> [String] {
    guard case .enumeration(let old) = cause.writer.shape,
      case .enumeration(let new) = cause.reader.shape
    else { return [] }
    return old.symbols.filter { !new.symbols.contains($0) }
  }

  private static func restored(_ cause: AvroIncompatibility) -> String {
    cause.kind == .missingDefault
      ? "comes back: old readers need it" : "has the old type again: old readers need it"
  }

  private static func words(_ cause: AvroIncompatibility) -> String {
    switch cause.kind {
    case .missingDefault: "may be null, with default null"
    case .missingEnumSymbols: "has the symbols \(cause.detail) again"
    case .nameMismatch: "has the alias \(cause.writer.fullName)"
    case .typeMismatch, .missingUnionBranch, .fixedSizeMismatch: "may be the old type too"
    }
  }
}

extension AvroSchema {
  /// Of a type without name and parts its name.
  fileprivate var plain: JSONValue? {
    AvroSchemaParser.primitive(typeName) == nil ? nil : .string(typeName)
  }
}

extension JSONValue {
  /// This schema with one part of another one in the same place: fields are found by name, and come back where
  /// they are not there. Nil where the two differ on the way.
  fileprivate func restoring(
    _ steps: ArraySlice<AvroIncompatibility.Step>, of old: JSONValue
  ) -> JSONValue? {
    guard let step = steps.first else { return old }
    let rest = steps.dropFirst()
    switch step {
    case .field(let index, let name):
      guard let former = old["fields"]?[index], var fields = self["fields"]?.array else {
        return nil
      }
      if let place = fields.firstIndex(where: { $0["name"]?.string == name }) {
        guard let new = fields[place].restoring(rest, of: former) else { return nil }
        fields[place] = new
      } else {
        guard rest.isEmpty else { return nil }
        fields.insert(former, at: min(index, fields.count))
      }
      return replacing(["fields"]) { _ in .array(fields) }
    case .type, .items, .values:
      guard let former = old[step.pointer], let part = self[step.pointer],
        let new = part.restoring(rest, of: former)
      else { return nil }
      return replacing([step.pointer]) { _ in new }
    case .name, .size, .symbols, .branch: return nil
    }
  }

  /// The value with one part replaced, by the keys of a JSON pointer; nil where there is none.
  fileprivate func replacing(
    _ keys: ArraySlice<String>, _ edit: (JSONValue) -> JSONValue?
  ) -> JSONValue? {
    guard let key = keys.first else { return edit(self) }
    let rest = keys.dropFirst()
    switch self {
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index),
        let new = elements[index].replacing(rest, edit)
      else { return nil }
      elements[index] = new
      return .array(elements)
    case .object(let members):
      guard let place = members.lastIndex(where: { $0.name == key }),
        let new = members[place].value.replacing(rest, edit)
      else { return nil }
      var changed = members
      changed[place] = JSONMember(key, new)
      return .object(changed)
    default: return nil
    }
  }
}
