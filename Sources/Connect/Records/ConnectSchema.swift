import Avro
import JSON

/// What a record's writer says of its value, as far as a destination can use it: Kafka Connect's types, with
/// its logical ones as kinds of their own.
public struct ConnectSchema: Sendable, Equatable {
  public struct Field: Sendable, Equatable {
    public let name: String
    public let schema: ConnectSchema

    public init(_ name: String, _ schema: ConnectSchema) {
      self.name = name
      self.schema = schema
    }
  }

  public indirect enum Kind: Sendable, Equatable {
    case int8, int16, int32, int64, float32, float64, boolean, string, bytes
    case decimal(scale: Int)
    /// Days, milliseconds of the day, milliseconds since 1970.
    case date, time, timestamp
    case array(ConnectSchema)
    case map(key: ConnectSchema, value: ConnectSchema)
    case record([Field])
    /// Nothing that is the same for every value: a union of several types, a type inside itself.
    case any
  }

  public let kind: Kind
  /// The default, as a document has it; nil where there is none.
  public let standard: JSONValue?

  public init(_ kind: Kind, standard: JSONValue? = nil) {
    self.kind = kind
    self.standard = standard
  }

  public var fields: [Field] {
    if case .record(let fields) = kind { fields } else { [] }
  }

  /// Only the fields that the names allow.
  public func keeping(_ isKept: (String) -> Bool) -> ConnectSchema {
    guard case .record(let fields) = kind else { return self }
    return ConnectSchema(.record(fields.filter { isKept($0.name) }), standard: standard)
  }
}

extension ConnectSchema {
  /// As Confluent's converter sees an Avro schema: a union of null and one type is that type.
  public init(_ schema: AvroSchema) {
    self.init(schema, standard: nil, definitions: schema.definitions, open: [])
  }

  private init(
    _ schema: AvroSchema, standard: JSONValue?, definitions: [AvroName: AvroSchema],
    open: Set<AvroName>
  ) {
    func inner(_ schema: AvroSchema, _ open: Set<AvroName>) -> ConnectSchema {
      ConnectSchema(schema, standard: nil, definitions: definitions, open: open)
    }
    var kind = Kind.any
    switch (schema.shape, schema.logicalType) {
    case (_, .decimal(_, let scale)): kind = .decimal(scale: scale)
    case (_, .date): kind = .date
    case (_, .timeMillis), (_, .timeMicros): kind = .time
    case (_, .timestampMillis), (_, .timestampMicros), (_, .localTimestampMillis),
      (_, .localTimestampMicros):
      kind = .timestamp
    case (.boolean, _): kind = .boolean
    case (.int, _): kind = .int32
    case (.long, _): kind = .int64
    case (.float, _): kind = .float32
    case (.double, _): kind = .float64
    case (.bytes, _), (.fixed, _): kind = .bytes
    case (.string, _), (.enumeration, _): kind = .string
    case (.array(let items), _): kind = .array(inner(items, open))
    case (.map(let values), _):
      kind = .map(key: ConnectSchema(.string), value: inner(values, open))
    case (.record(let record), _):
      let fields = record.fields.map { field in
        let standard = field.defaultValue.flatMap { $0.isNull ? nil : $0 }
        return Field(
          field.name,
          ConnectSchema(
            field.schema, standard: standard, definitions: definitions,
            open: open.union([record.name])))
      }
      kind = .record(fields)
    case (.union(let branches), _):
      let others = branches.filter { $0.shape != .null }
      if others.count == 1 {
        kind =
          ConnectSchema(others[0], standard: nil, definitions: definitions, open: open).kind
      }
    case (.reference(let name), _):
      if !open.contains(name), let definition = definitions[name] {
        kind = inner(definition, open).kind
      }
    case (.null, _): break
    }
    self.init(kind, standard: standard)
  }
}

extension ConnectSchema {
  /// The schema of a JsonConverter's envelope (`{"type": "struct", "fields": […]}`); nil where it is none.
  public init?(envelope: JSONValue, depth: Int = 0) {
    guard let type = envelope["type"]?.string, depth < 64 else { return nil }
    let kind: Kind
    switch (type, envelope["name"]?.string) {
    case ("bytes", "org.apache.kafka.connect.data.Decimal"):
      let scale = envelope["parameters"]?["scale"]
      kind = .decimal(scale: scale?.string.flatMap { Int($0) } ?? 0)
    case ("int32", "org.apache.kafka.connect.data.Date"): kind = .date
    case ("int32", "org.apache.kafka.connect.data.Time"): kind = .time
    case ("int64", "org.apache.kafka.connect.data.Timestamp"): kind = .timestamp
    case ("int8", _): kind = .int8
    case ("int16", _): kind = .int16
    case ("int32", _): kind = .int32
    case ("int64", _): kind = .int64
    case ("float", _), ("float32", _): kind = .float32
    case ("double", _), ("float64", _): kind = .float64
    case ("boolean", _): kind = .boolean
    case ("string", _): kind = .string
    case ("bytes", _): kind = .bytes
    case ("array", _):
      guard let items = envelope["items"].flatMap({ ConnectSchema(envelope: $0, depth: depth + 1) })
      else { return nil }
      kind = .array(items)
    case ("map", _):
      guard let keys = envelope["keys"].flatMap({ ConnectSchema(envelope: $0, depth: depth + 1) }),
        let values = envelope["values"].flatMap({ ConnectSchema(envelope: $0, depth: depth + 1) })
      else { return nil }
      kind = .map(key: keys, value: values)
    case ("struct", _):
      var fields: [Field] = []
      for field in envelope["fields"]?.array ?? [] {
        guard let name = field["field"]?.string,
          let schema = ConnectSchema(envelope: field, depth: depth + 1)
        else { return nil }
        fields.append(Field(name, schema))
      }
      kind = .record(fields)
    default: return nil
    }
    self.init(kind, standard: envelope["default"].flatMap { $0.isNull ? nil : $0 })
  }
}
