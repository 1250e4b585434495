import JSON

extension AvroSchema {
  /// The schema with everything in one order that has no meaning in its own: unknown members by
  /// name, recursively, and aliases by text; without `scale` 0 of decimals and empty docs of types.
  ///
  /// What registries keep where they are asked to `normalize`.
  public var normalized: AvroSchema {
    AvroSchema(normalizedShape, properties: Self.sorted(properties, isDecimal: isDecimal))
  }

  private var isDecimal: Bool { property("logicalType") == "decimal" }

  private var normalizedShape: Shape {
    func doc(_ doc: String?) -> String? { doc == "" ? nil : doc }
    func aliases(_ names: [AvroName]) -> [AvroName] { names.sorted { $0.fullName < $1.fullName } }
    switch shape {
    case .array(let items): return .array(items.normalized)
    case .map(let values): return .map(values.normalized)
    case .union(let branches): return .union(branches.map(\.normalized))
    case .record(let record):
      return .record(
        AvroRecord(
          name: record.name, isError: record.isError, doc: doc(record.doc),
          fields: record.fields.map(\.normalized), aliases: aliases(record.aliases)))
    case .enumeration(let symbols):
      return .enumeration(
        AvroEnum(
          name: symbols.name, doc: doc(symbols.doc), symbols: symbols.symbols,
          defaultSymbol: symbols.defaultSymbol, aliases: aliases(symbols.aliases)))
    case .fixed(let fixed):
      return .fixed(
        AvroFixed(
          name: fixed.name, doc: doc(fixed.doc), size: fixed.size, aliases: aliases(fixed.aliases)))
    default: return shape
    }
  }

  fileprivate static func sorted(
    _ members: [JSONMember], isDecimal: Bool = false
  ) -> [JSONMember] {
    members.filter { !(isDecimal && $0.name == "scale" && $0.value == 0) }
      .map { JSONMember($0.name, sorted($0.value)) }
      .sorted { $0.name < $1.name }
  }

  private static func sorted(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let members): .object(sorted(members))
    case .array(let elements): .array(elements.map { sorted($0) })
    default: value
    }
  }
}

extension AvroField {
  fileprivate var normalized: AvroField {
    AvroField(
      name: name, schema: schema.normalized, doc: doc, defaultValue: defaultValue, order: order,
      aliases: aliases.sorted(), properties: AvroSchema.sorted(properties))
  }
}
