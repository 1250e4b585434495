import JSON

/// A parsed Avro schema, with everything the text said: docs, aliases, defaults, unknown members.
///
/// A type is defined where it is first used; later uses, recursive ones among them, are references
/// by name.
public struct AvroSchema: Sendable, Equatable {
  public indirect enum Shape: Sendable, Equatable {
    case null, boolean, int, long, float, double, bytes, string
    case record(AvroRecord)
    case enumeration(AvroEnum)
    case fixed(AvroFixed)
    case array(AvroSchema)
    case map(AvroSchema)
    case union([AvroSchema])
    /// A type that is defined earlier in the text, or in a schema this one refers to.
    case reference(AvroName)
  }

  public let shape: Shape

  /// Members without a meaning in the format itself, logical types among them, in their order.
  public let properties: [JSONMember]

  public init(_ shape: Shape, properties: [JSONMember] = []) {
    self.shape = shape
    self.properties = properties
  }

  /// Containers inside each other that a schema may have.
  public static let maximumDepth = 128

  /// The full name of a record, enum, fixed or reference; the type's name for others.
  public var fullName: String {
    switch shape {
    case .record(let record): record.name.fullName
    case .enumeration(let symbols): symbols.name.fullName
    case .fixed(let fixed): fixed.name.fullName
    case .reference(let name): name.fullName
    default: typeName
    }
  }

  /// `"int"`, `"record"`, …; of a reference its full name.
  public var typeName: String {
    switch shape {
    case .null: "null"
    case .boolean: "boolean"
    case .int: "int"
    case .long: "long"
    case .float: "float"
    case .double: "double"
    case .bytes: "bytes"
    case .string: "string"
    case .record(let record): record.isError ? "error" : "record"
    case .enumeration: "enum"
    case .fixed: "fixed"
    case .array: "array"
    case .map: "map"
    case .union: "union"
    case .reference(let name): name.fullName
    }
  }

  /// The name under which the type is defined here; nil for unnamed types and references.
  public var definedName: AvroName? {
    switch shape {
    case .record(let record): record.name
    case .enumeration(let symbols): symbols.name
    case .fixed(let fixed): fixed.name
    default: nil
    }
  }

  /// Every type that is defined in this schema, by name.
  public var definitions: [AvroName: AvroSchema] {
    var found: [AvroName: AvroSchema] = [:]
    collect(into: &found)
    return found
  }

  private func collect(into found: inout [AvroName: AvroSchema]) {
    if let name = definedName { found[name] = self }
    for child in children { child.collect(into: &found) }
  }

  private var children: [AvroSchema] {
    switch shape {
    case .record(let record): record.fields.map(\.schema)
    case .array(let inner), .map(let inner): [inner]
    case .union(let branches): branches
    default: []
    }
  }

  /// The fields of a record; none for other types.
  public var fields: [AvroField] {
    if case .record(let record) = shape { record.fields } else { [] }
  }
}

/// A record, or an `error`, which differs in name only.
public struct AvroRecord: Sendable, Equatable {
  public let name: AvroName
  public let isError: Bool
  public let doc: String?
  public let fields: [AvroField]
  public let aliases: [AvroName]
}

/// A field of a record.
public struct AvroField: Sendable, Equatable {
  public enum Order: String, Sendable { case ascending, descending, ignore }

  public let name: String
  public let schema: AvroSchema
  public let doc: String?
  /// Nil where there is none; `.null` where it is null.
  public let defaultValue: JSONValue?
  public let order: Order
  public let aliases: [String]
  public let properties: [JSONMember]
}

public struct AvroEnum: Sendable, Equatable {
  public let name: AvroName
  public let doc: String?
  public let symbols: [String]
  /// What a reader takes for symbols it does not know.
  public let defaultSymbol: String?
  public let aliases: [AvroName]
}

public struct AvroFixed: Sendable, Equatable {
  public let name: AvroName
  public let doc: String?
  /// In bytes, 0 or more.
  public let size: Int
  public let aliases: [AvroName]
}

/// Why a text is not a valid Avro schema.
public struct AvroSchemaError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A JSON pointer (RFC 6901) into the schema's text; empty for the whole.
  public let path: String

  /// A sentence for people.
  public let reason: String

  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  public var description: String { "invalid schema at \(path.isEmpty ? "/" : path): \(reason)" }
}
