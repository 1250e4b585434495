import Bytes
import JSON
import Kafka

/// How a connector reads keys or values, by Kafka Connect's class names.
public enum Converter: Sendable, Equatable {
  case string
  case avro
  /// With an envelope `{"schema": …, "payload": …}`, or plain.
  case json(schemas: Bool)
  case bytes
  /// Big-endian, of 2, 4 or 8 bytes.
  case integer(bytes: Int)
  case float, double
  /// One byte, 0 or 1.
  case boolean

  static let names = [
    "StringConverter", "AvroConverter", "JsonConverter", "ByteArrayConverter", "LongConverter",
    "IntegerConverter", "ShortConverter", "FloatConverter", "DoubleConverter", "BooleanConverter",
  ]

  /// The converter of that class, in full or simple, with or without "Converter"; nil: unknown.
  public init?(class name: String, properties: [String: String] = [:]) {
    var simple = name.split(separator: ".").last.map(String.init) ?? ""
    if !simple.hasSuffix("Converter") { simple += "Converter" }
    switch simple {
    case "StringConverter": self = .string
    case "AvroConverter": self = .avro
    case "JsonConverter":
      self = .json(schemas: properties["schemas.enable"]?.lowercased() != "false")
    case "ByteArrayConverter": self = .bytes
    case "LongConverter": self = .integer(bytes: 8)
    case "IntegerConverter": self = .integer(bytes: 4)
    case "ShortConverter": self = .integer(bytes: 2)
    case "FloatConverter": self = .float
    case "DoubleConverter": self = .double
    case "BooleanConverter": self = .boolean
    default: return nil
    }
  }

  /// What bytes of a fixed form say. Not for Avro and JSON.
  func plainValue(
    _ bytes: UnsafeRawBufferPointer, _ stage: DeadLetterStage
  ) throws(RecordFault) -> JSONValue {
    func fault(_ reason: String) -> RecordFault {
      RecordFault(stage: stage, kind: "converter", reason: reason)
    }
    func need(_ count: Int) throws(RecordFault) {
      if bytes.count != count { throw fault("it has \(bytes.count) bytes, not \(count)") }
    }
    switch self {
    case .string:
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw fault("it is not UTF-8")
      }
      return .string(text)
    case .bytes: return .string(Base64.encode(Array(bytes)))
    case .integer(let count):
      try need(count)
      let value = bytes.reduce(Int64(Int8(bitPattern: bytes[0])) >> 7) { ($0 << 8) | Int64($1) }
      return .number(String(value))
    case .float:
      try need(4)
      let bits = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
      return try Self.number(Double(Float(bitPattern: bits)), fault)
    case .double:
      try need(8)
      let bits = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
      return try Self.number(Double(bitPattern: bits), fault)
    case .boolean:
      try need(1)
      guard bytes[0] < 2 else { throw fault("its byte is \(bytes[0]), not 0 or 1") }
      return .bool(bytes[0] == 1)
    case .avro, .json: throw fault("it has no plain form")
    }
  }

  private static func number(
    _ value: Double, _ fault: (String) -> RecordFault
  ) throws(RecordFault) -> JSONValue {
    guard value.isFinite else { throw fault("it is not a finite number") }
    return .number(String(value))
  }
}
