import JSON

/// One thing that is not the same in two schemas.
public struct AvroDifference: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case added, removed, changed
    /// Symbols or fields in another order.
    case reordered
  }

  public let kind: Kind
  /// Dotted, from the name of the old schema: `Review.author?.zip`.
  public let path: String
  /// What differs: `field`, `type`, `default`, `doc`, `logical type`, `symbols`, …
  public let part: String
  /// As text; nil where it is not there.
  public let old: String?
  public let new: String?
  /// Readers that are compatible by all rules still take what they read for something else.
  public let changesMeaning: Bool
}

extension AvroSchema {
  /// What is different in `new`, in the order of this schema.
  public func differences(to new: AvroSchema) -> [AvroDifference] {
    var walk = AvroDifferences(oldTypes: definitions, newTypes: new.definitions)
    walk.compare(self, new, fullName.split(separator: ".").last.map(String.init) ?? "")
    return walk.found
  }
}

private struct AvroDifferences {
  let oldTypes: [AvroName: AvroSchema]
  let newTypes: [AvroName: AvroSchema]
  var found: [AvroDifference] = []
  private var seen: Set<AvroName> = []

  init(oldTypes: [AvroName: AvroSchema], newTypes: [AvroName: AvroSchema]) {
    self.oldTypes = oldTypes
    self.newTypes = newTypes
  }

  private mutating func note(
    _ kind: AvroDifference.Kind, _ path: String, _ part: String, _ old: String?, _ new: String?,
    changesMeaning: Bool = false
  ) {
    found.append(
      AvroDifference(
        kind: kind, path: path, part: part, old: old, new: new, changesMeaning: changesMeaning))
  }

  private mutating func text(_ part: String, _ path: String, _ old: String?, _ new: String?) {
    guard old != new else { return }
    note(old == nil ? .added : new == nil ? .removed : .changed, path, part, old, new)
  }

  mutating func compare(_ old: AvroSchema, _ new: AvroSchema, _ path: String) {
    let (mine, theirs) = (resolve(old, oldTypes), resolve(new, newTypes))
    if let name = mine.definedName, !seen.insert(name).inserted { return }
    switch (mine.shape, theirs.shape) {
    case (.record(let old), .record(let new)):
      text("name", path, old.name.fullName, new.name.fullName)
      text("doc", path, old.doc, new.doc)
      compare(old.fields, new.fields, path)
    case (.enumeration(let old), .enumeration(let new)):
      text("name", path, old.name.fullName, new.name.fullName)
      text("default symbol", path, old.defaultSymbol, new.defaultSymbol)
      symbols(old.symbols, new.symbols, path)
    case (.array(let old), .array(let new)): compare(old, new, path + "[]")
    case (.map(let old), .map(let new)): compare(old, new, path + "{}")
    case (.union(let old), .union(let new)): unions(old, new, path)
    default:
      if mine.shape != theirs.shape {
        note(.changed, path, "type", mine.typeText, theirs.typeText)
      } else if mine.logicalType != theirs.logicalType
        || mine.property("logicalType") != theirs.property("logicalType")
      {
        note(
          .changed, path, "logical type", mine.typeText, theirs.typeText, changesMeaning: true)
      }
    }
  }

  private func resolve(_ schema: AvroSchema, _ types: [AvroName: AvroSchema]) -> AvroSchema {
    if case .reference(let name) = schema.shape { types[name] ?? schema } else { schema }
  }

  private mutating func compare(_ old: [AvroField], _ new: [AvroField], _ path: String) {
    for field in old {
      let place = "\(path).\(field.name)"
      let other =
        new.first { $0.name == field.name } ?? new.first { $0.aliases.contains(field.name) }
      guard let other else {
        note(.removed, place, "field", field.schema.typeText, nil)
        continue
      }
      text("field name", place, field.name, other.name)
      text("doc", place, field.doc, other.doc)
      text(
        "default", place, field.defaultValue?.serialized(), other.defaultValue?.serialized())
      text("order", place, field.order.rawValue, other.order.rawValue)
      compare(field.schema, other.schema, place)
    }
    for field in new
    where !old.contains(where: { $0.name == field.name || field.aliases.contains($0.name) }) {
      note(.added, "\(path).\(field.name)", "field", nil, field.schema.typeText)
    }
    let (before, after) = (old.map(\.name), new.map(\.name))
    let common = Set(before).intersection(after)
    if before.filter(common.contains) != after.filter(common.contains) {
      note(
        .reordered, path, "fields", before.joined(separator: ", "), after.joined(separator: ", "))
    }
  }

  /// Enums are written by number: readers that do not resolve take one symbol for another.
  private mutating func symbols(_ old: [String], _ new: [String], _ path: String) {
    for symbol in old where !new.contains(symbol) { note(.removed, path, "symbol", symbol, nil) }
    for symbol in new where !old.contains(symbol) { note(.added, path, "symbol", nil, symbol) }
    let common = Set(old).intersection(new)
    if old.filter(common.contains) != new.filter(common.contains) {
      note(
        .reordered, path, "symbols", old.joined(separator: ", "), new.joined(separator: ", "),
        changesMeaning: true)
    }
  }

  private mutating func unions(_ old: [AvroSchema], _ new: [AvroSchema], _ path: String) {
    let isOptional = old.contains { $0.shape == .null }
    for branch in old {
      if let other = new.first(where: { $0.fullName == branch.fullName }) {
        compare(branch, other, branch.shape == .null ? path : path + (isOptional ? "?" : ""))
      } else {
        note(.removed, path, "branch", branch.typeText, nil)
      }
    }
    for branch in new where !old.contains(where: { $0.fullName == branch.fullName }) {
      note(.added, path, "branch", nil, branch.typeText)
    }
  }
}
