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
}
