import JSON

/// Why JSON is not a value of a schema in Avro's JSON encoding.
public struct AvroJSONError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The field inside the record, `explanation[3].term`; empty for the whole.
  public let path: String
  /// What should stand there.
  public let expected: String

  public var description: String { "\(path.isEmpty ? "the value" : path) must be \(expected)" }
}

/// Avro's JSON encoding of values: a union's value other than null stands in an object under its type's name,
/// bytes are a string of the characters up to U+00FF, logical types are what lies below them.
///
/// NaN and the infinities, which JSON has not, are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`, as Java
/// has them. (<https://avro.apache.org/docs/1.12.0/specification/#json-encoding>)
public struct AvroJSONCoder: Sendable {
  private let schema: AvroSchema
  private let types: [AvroName: AvroSchema]

  /// `schema` must define every type that it uses.
  public init(_ schema: AvroSchema) {
    self.schema = schema
    types = schema.definitions
  }

  /// The JSON of a value that fits the schema; what does not fit is null.
  public func json(of value: AvroValue) -> JSONValue { json(value, schema) }

  private func json(_ value: AvroValue, _ schema: AvroSchema) -> JSONValue {
    switch (value, schema.shape) {
    case (_, .reference(let name)): return types[name].map { json(value, $0) } ?? .null
    case (.boolean(let value), _): return .bool(value)
    case (.int(let value), _): return .int(Int(value))
    case (.long(let value), _): return .number(String(value))
    case (.float(let value), _): return Self.number(value)
    case (.double(let value), _): return Self.number(value)
    case (.string(let value), _): return .string(value)
    case (.bytes(let value), _), (.fixed(let value), _):
      return .string(String(String.UnicodeScalarView(value.map { Unicode.Scalar($0) })))
    case (.enumeration(let symbol), .enumeration(let symbols))
    where symbols.symbols.indices.contains(symbol):
      return .string(symbols.symbols[symbol])
    case (.array(let values), .array(let items)): return .array(values.map { json($0, items) })
    case (.map(let entries), .map(let inner)):
      return .object(entries.map { JSONMember($0.key, json($0.value, inner)) })
    case (.union(let branch, let inner), .union(let branches))
    where branches.indices.contains(branch):
      let type = branches[branch]
      if type.shape == .null { return .null }
      return .object([JSONMember(type.fullName, json(inner, type))])
    case (.record(let values), .record(let record)):
      return .object(
        zip(record.fields, values).map { JSONMember($0.name, json($1, $0.schema)) })
    default: return .null
    }
  }

  private static func number(_ number: some BinaryFloatingPoint & CustomStringConvertible)
    -> JSONValue
  {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    return .number(number.description)
  }

  /// The value of a JSON text; every field must be there, others than the schema's must not.
  public func value(of json: JSONValue) throws(AvroJSONError) -> AvroValue {
    try value(json, schema, "", depth: 0)
  }

  private func value(
    _ json: JSONValue, _ schema: AvroSchema, _ path: String, depth: Int
  ) throws(AvroJSONError) -> AvroValue {
    func fit<Value>(_ value: Value?, _ expected: String) throws(AvroJSONError) -> Value {
      guard let value else { throw AvroJSONError(path: path, expected: expected) }
      return value
    }
    guard depth < AvroReader.maximumDepth else {
      throw AvroJSONError(path: path, expected: "less deep")
    }
    switch schema.shape {
    case .null: return try fit(json.isNull ? .null : nil, "null")
    case .boolean: return .boolean(try fit(json.bool, "true or false"))
    case .int: return .int(try fit(json.int64.flatMap { Int32(exactly: $0) }, "an int"))
    case .long: return .long(try fit(json.int64, "a long"))
    case .float: return .float(Float(try fit(Self.double(json), "a number")))
    case .double: return .double(try fit(Self.double(json), "a number"))
    case .string: return .string(try fit(json.string, "a string"))
    case .bytes: return .bytes(try fit(Self.bytes(json), "a string of characters up to U+00FF"))
    case .fixed(let fixed):
      let bytes = Self.bytes(json).flatMap { $0.count == fixed.size ? $0 : nil }
      return .fixed(try fit(bytes, "a string of \(fixed.size) characters up to U+00FF"))
    case .enumeration(let symbols):
      let symbol = json.string.flatMap { symbols.symbols.firstIndex(of: $0) }
      return .enumeration(try fit(symbol, "one of \(symbols.symbols.joined(separator: ", "))"))
    case .reference(let name):
      return try value(json, try fit(types[name], "of a known type"), path, depth: depth)
    case .array, .map, .record: return try container(json, schema, path, depth: depth + 1)
    case .union(let branches): return try union(json, branches, path, depth: depth)
    }
  }

  private func union(
    _ json: JSONValue, _ branches: [AvroSchema], _ path: String, depth: Int
  ) throws(AvroJSONError) -> AvroValue {
    if json.isNull, let null = branches.firstIndex(where: { $0.shape == .null }) {
      return .union(null, .null)
    }
    let names = branches.map(\.fullName)
    guard let tag = json.object?.first, json.object?.count == 1,
      let branch = names.firstIndex(of: tag.name)
    else {
      let objects = names.map { $0 == "null" ? "null" : "{\"\($0)\": …}" }
      throw AvroJSONError(path: path, expected: objects.joined(separator: " or "))
    }
    return .union(branch, try value(tag.value, branches[branch], path, depth: depth))
  }

  private func container(
    _ json: JSONValue, _ schema: AvroSchema, _ path: String, depth: Int
  ) throws(AvroJSONError) -> AvroValue {
    switch schema.shape {
    case .array(let items):
      guard let elements = json.array else {
        throw AvroJSONError(path: path, expected: "an array")
      }
      var values: [AvroValue] = []
      for (index, element) in elements.enumerated() {
        values.append(try value(element, items, "\(path)[\(index)]", depth: depth))
      }
      return .array(values)
    case .map(let inner):
      guard let members = json.object else {
        throw AvroJSONError(path: path, expected: "an object")
      }
      var entries: [AvroEntry] = []
      for member in members {
        let place = "\(path)[\"\(member.name)\"]"
        entries.append(
          AvroEntry(member.name, try value(member.value, inner, place, depth: depth)))
      }
      return .map(entries)
    case .record(let record): return try self.record(json, record, path, depth: depth)
    default: throw AvroJSONError(path: path, expected: "a container")
    }
  }

  private func record(
    _ json: JSONValue, _ record: AvroRecord, _ path: String, depth: Int
  ) throws(AvroJSONError) -> AvroValue {
    guard let members = json.object else { throw AvroJSONError(path: path, expected: "an object") }
    func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
    if let other = members.first(where: { member in
      !record.fields.contains { $0.name == member.name }
    }) {
      throw AvroJSONError(
        path: place(other.name), expected: "left out: \(record.name.fullName) has no such field")
    }
    var values: [AvroValue] = []
    for field in record.fields {
      guard let given = json[field.name] else {
        throw AvroJSONError(path: place(field.name), expected: "there")
      }
      values.append(try value(given, field.schema, place(field.name), depth: depth))
    }
    return .record(values)
  }

  private static func double(_ json: JSONValue) -> Double? {
    switch json.string {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: json.double
    }
  }

  static func bytes(_ json: JSONValue) -> [UInt8]? {
    guard let scalars = json.string?.unicodeScalars else { return nil }
    var bytes: [UInt8] = []
    for scalar in scalars {
      guard let byte = UInt8(exactly: scalar.value) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
