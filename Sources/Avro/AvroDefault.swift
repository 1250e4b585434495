import JSON

/// The rules for defaults of fields, those of Avro for Java 1.12: a union's may fit any branch.
enum AvroDefault {
  /// Defaults inside defaults, by way of recursive records.
  private static let maximumDepth = 64

  /// A number that is given as text, as NaN has to be, becomes a number where it is one.
  static func normalized(_ value: JSONValue, for schema: AvroSchema) -> JSONValue {
    guard schema.shape == .double || schema.shape == .float, let text = value.string,
      let number = Double(text), number.isFinite
    else { return value }
    return .number(number.description)
  }

  static func isValid(
    _ value: JSONValue, for schema: AvroSchema, types: [AvroName: AvroSchema], depth: Int = 0
  ) -> Bool {
    guard depth < maximumDepth else { return false }
    func fits(_ value: JSONValue, _ schema: AvroSchema) -> Bool {
      isValid(value, for: schema, types: types, depth: depth + 1)
    }
    switch schema.shape {
    case .null: return value.isNull
    case .boolean: return value.bool != nil
    case .int: return value.int64.map { Int32(exactly: $0) != nil } ?? false
    case .long: return value.int64 != nil
    case .float, .double:
      return value.number != nil || value.string.map { Double($0) != nil } ?? false
    case .bytes, .string, .enumeration, .fixed: return value.string != nil
    case .array(let items): return value.array?.allSatisfy { fits($0, items) } ?? false
    case .map(let values): return value.object?.allSatisfy { fits($0.value, values) } ?? false
    case .union(let branches): return branches.contains { fits(value, $0) }
    case .record(let record):
      guard value.object != nil else { return false }
      return record.fields.allSatisfy { field in
        guard let given = value[field.name] ?? field.defaultValue else { return false }
        return fits(given, field.schema)
      }
    case .reference(let name):
      // A record's own definition is not complete inside itself; Java refuses there too.
      guard let definition = types[name] else { return false }
      return isValid(value, for: definition, types: types, depth: depth + 1)
    }
  }

  /// The value that a default stands for; nil where it does not fit, which parsing has refused.
  ///
  /// Of a union the first branch that fits; characters up to U+00FF are the bytes of bytes.
  static func value(
    _ json: JSONValue, for schema: AvroSchema, types: [AvroName: AvroSchema], depth: Int = 0
  ) -> AvroValue? {
    guard depth < maximumDepth else { return nil }
    func inner(_ json: JSONValue, _ schema: AvroSchema) -> AvroValue? {
      value(json, for: schema, types: types, depth: depth + 1)
    }
    switch schema.shape {
    case .null: return json.isNull ? .null : nil
    case .boolean: return json.bool.map { .boolean($0) }
    case .int: return json.int64.flatMap { Int32(exactly: $0) }.map { .int($0) }
    case .long: return json.int64.map { .long($0) }
    case .float: return number(json).map { .float(Float($0)) }
    case .double: return number(json).map { .double($0) }
    case .string: return json.string.map { .string($0) }
    case .bytes: return AvroJSONCoder.bytes(json).map { .bytes($0) }
    case .fixed(let fixed):
      return AvroJSONCoder.bytes(json).flatMap { $0.count == fixed.size ? .fixed($0) : nil }
    case .enumeration(let symbols):
      return json.string.flatMap { symbols.symbols.firstIndex(of: $0) }.map { .enumeration($0) }
    case .array(let items):
      let values = json.array?.map { inner($0, items) }
      guard let values, values.allSatisfy({ $0 != nil }) else { return nil }
      return .array(values.compactMap(\.self))
    case .map(let values):
      let entries = json.object?.map { member in
        inner(member.value, values).map { AvroEntry(member.name, $0) }
      }
      guard let entries, entries.allSatisfy({ $0 != nil }) else { return nil }
      return .map(entries.compactMap(\.self))
    case .union(let branches):
      for (index, branch) in branches.enumerated() {
        if let value = inner(json, branch) { return .union(index, value) }
      }
      return nil
    case .record(let record):
      guard json.object != nil else { return nil }
      var values: [AvroValue] = []
      for field in record.fields {
        guard let given = json[field.name] ?? field.defaultValue,
          let value = inner(given, field.schema)
        else { return nil }
        values.append(value)
      }
      return .record(values)
    case .reference(let name): return types[name].flatMap { inner(json, $0) }
    }
  }

  private static func number(_ json: JSONValue) -> Double? {
    json.double ?? json.string.flatMap { Double($0) }
  }
}

extension AvroValue {
  /// The value that a JSON text without branch names stands for, as a default or a document has it: of a union
  /// the first branch that fits, of a record's fields that are not there their defaults.
  ///
  /// Nil where it does not fit; `schema` must define every type that it uses.
  public init?(json: JSONValue, for schema: AvroSchema) {
    guard let value = AvroDefault.value(json, for: schema, types: schema.definitions) else {
      return nil
    }
    self = value
  }
}
