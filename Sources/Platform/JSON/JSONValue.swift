import Bytes

/// One member of an object.
public struct JSONMember: Sendable, Equatable {
  public let name: String
  public let value: JSONValue

  public init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}

/// A JSON value that owns its content: for configuration, schemas and answers, not per record.
///
/// Equality is that of the text: order of members and spelling of numbers count.
public indirect enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// The number's text, as written.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// Parses one document.
  public static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
    var parser = JSONParser()
    return try parser.parse(bytes).value
  }

  /// Parses one document.
  public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
      try parse(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Parses one document.
  public static func parse(_ text: String) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8))
  }

  public static func int(_ value: Int) -> JSONValue { .number(String(value)) }

  /// The last member of that name; nil where there is none, or this is no object.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name == name }?.value
  }

  /// The element at that place; nil where there is none, or this is no array.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  public var isNull: Bool { self == .null }

  public var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  public var array: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  public var object: [JSONMember]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// A number's text, as written.
  public var number: String? {
    if case .number(let text) = self { text } else { nil }
  }

  /// A number without fraction or exponent that fits.
  public var int64: Int64? {
    number.flatMap { text in Array(text.utf8).withUnsafeBytes { JSONNumber.int64($0) } }
  }

  /// The nearest double; nil for other kinds and beyond a double's range.
  public var double: Double? {
    number.flatMap { text in Array(text.utf8).withUnsafeBytes { JSONNumber.double($0) } }
  }

  /// The JSON text; indented by two spaces where `pretty`.
  public func serialized(pretty: Bool = false) -> String {
    var buffer = ByteBuffer()
    buffer.appendJSON(self, pretty: pretty)
    return buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .number(String(value)) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { JSONMember($0.0, $0.1) })
  }
}
