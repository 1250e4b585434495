import JSON

/// Something that is allowed, and that people regret.
public struct AvroLintFinding: Sendable, Equatable {
  public enum Rule: String, Sendable, CaseIterable {
    case nullableWithoutDefault = "nullable-without-default"
    case defaultOfLaterBranch = "default-of-later-branch"
    case enumWithoutDefault = "enum-without-default"
    case logicalTypeIgnored = "logical-type-ignored"
    case timeWithoutLogicalType = "time-without-logical-type"
    case namespaceMissing = "namespace-missing"
    case namesDifferInCase = "names-differ-in-case"
    case floatForMoney = "float-for-money"
  }

  public let rule: Rule
  /// Dotted: `Review.author.zip`.
  public let path: String
  /// What comes of it and what to do, in one sentence.
  public let message: String
}

extension AvroSchema {
  /// What is worth a second look before the schema is registered.
  public func lint() -> [AvroLintFinding] {
    var lint = AvroLint()
    let root = definedName?.name ?? typeName
    if let name = definedName, name.namespace.isEmpty {
      lint.note(
        .namespaceMissing, root, "has no namespace: two teams' \(name.name) are the same name")
    }
    lint.visit(self, root)
    return lint.findings
  }
}

private struct AvroLint {
  var findings: [AvroLintFinding] = []

  mutating func note(_ rule: AvroLintFinding.Rule, _ path: String, _ message: String) {
    findings.append(AvroLintFinding(rule: rule, path: path, message: message))
  }

  mutating func visit(_ schema: AvroSchema, _ path: String) {
    if let name = schema.property("logicalType")?.string, schema.logicalType == nil {
      note(
        .logicalTypeIgnored, path,
        "logicalType \(name) is unknown or does not fit \(schema.typeName), so readers see a "
          + "plain \(schema.typeName)")
    }
    switch schema.shape {
    case .record(let record): visit(record.fields, path)
    case .array(let items): visit(items, path + "[]")
    case .map(let values): visit(values, path + "{}")
    case .union(let branches): for branch in branches { visit(branch, path) }
    case .enumeration(let symbols):
      if symbols.defaultSymbol == nil {
        note(
          .enumWithoutDefault, path,
          "has no default: no symbol can be added before every reader knows it")
      }
    default: break
    }
  }

  private mutating func visit(_ fields: [AvroField], _ path: String) {
    var names: [String: String] = [:]
    for field in fields {
      let place = "\(path).\(field.name)"
      if let other = names.updateValue(field.name, forKey: field.name.lowercased()) {
        note(.namesDifferInCase, place, "differs from \(other) only in capital letters")
      }
      check(field, place)
      visit(field.schema, place)
    }
  }

  private mutating func check(_ field: AvroField, _ place: String) {
    if case .union(let branches) = field.schema.shape, let first = branches.first {
      if field.defaultValue == nil, branches.contains(where: { $0.shape == .null }) {
        note(
          .nullableWithoutDefault, place,
          "may be null but has no default: put null first and say \"default\": null")
      }
      if let value = field.defaultValue, value.isNull != (first.shape == .null) {
        note(
          .defaultOfLaterBranch, place,
          "has a default of a later branch: libraries before Avro 1.12 refuse it")
      }
    }
    let name = field.name.lowercased()
    let plain = Self.plain(field.schema)
    if (plain.shape == .long || plain.shape == .int), plain.property("logicalType") == nil,
      ["_at", "_time", "timestamp", "_date"].contains(where: { name.hasSuffix($0) })
    {
      note(
        .timeWithoutLogicalType, place,
        "looks like a time: \"logicalType\": \"timestamp-millis\" says its unit")
    }
    if plain.shape == .float || plain.shape == .double,
      ["price", "amount", "cost", "total_due"].contains(where: { name.hasSuffix($0) })
    {
      note(
        .floatForMoney, place, "looks like money: a decimal keeps cents, \(plain.typeName) does not"
      )
    }
  }

  /// The one branch beside null, or the type itself.
  private static func plain(_ schema: AvroSchema) -> AvroSchema {
    guard case .union(let branches) = schema.shape else { return schema }
    let others = branches.filter { $0.shape != .null }
    return others.count == 1 ? others[0] : schema
  }
}
