import Connect
import JSON

/// The Elasticsearch mapping of a record's schema: Confluent's table, with dates as the documents have them.
enum SchemaMapping {
  /// The fields of several schemas together; of two that have the same name the later counts.
  static func properties(of schemas: [ConnectSchema]) -> JSONValue {
    var members: [JSONMember] = []
    for field in schemas.flatMap(\.fields) {
      guard let mapping = mapping(field.schema) else { continue }
      members.removeAll { $0.name == field.name }
      members.append(JSONMember(field.name, mapping))
    }
    return .object(members)
  }

  /// Nil where nothing is said: Elasticsearch finds out by itself.
  static func mapping(_ schema: ConnectSchema) -> JSONValue? {
    switch schema.kind {
    case .int8: number("byte", schema)
    case .int16: number("short", schema)
    case .int32: number("integer", schema)
    case .int64: number("long", schema)
    case .float32: number("float", schema)
    case .float64, .decimal: number("double", schema)
    case .boolean: withNullValue("boolean", schema.standard?.bool.map { .bool($0) })
    case .string:
      [
        "type": "text",
        "fields": ["keyword": ["type": "keyword", "ignore_above": 256]],
      ]
    case .bytes: ["type": "binary"]
    case .date: ["type": "date", "format": "strict_date||epoch_millis"]
    case .time, .timestamp:
      withNullValue("date", schema.standard.flatMap { $0.int64 == nil ? nil : $0 })
    case .array(let items): mapping(items)
    case .map(let key, let value): map(key, value)
    case .record: ["properties": properties(of: [schema])]
    case .any: nil
    }
  }

  private static func number(_ type: String, _ schema: ConnectSchema) -> JSONValue {
    withNullValue(type, schema.standard.flatMap { $0.number == nil ? nil : $0 })
  }

  private static func withNullValue(_ type: String, _ value: JSONValue?) -> JSONValue {
    var members = [JSONMember("type", .string(type))]
    if let value { members.append(JSONMember("null_value", value)) }
    return .object(members)
  }

  /// As an object its keys are fields that nobody knows beforehand.
  private static func map(_ key: ConnectSchema, _ value: ConnectSchema) -> JSONValue? {
    key.kind == .string
      ? nil : ["properties": .object(entry(("key", key), ("value", value)))]
  }

  private static func entry(_ fields: (String, ConnectSchema)...) -> [JSONMember] {
    fields.compactMap { name, schema in mapping(schema).map { JSONMember(name, $0) } }
  }
}
