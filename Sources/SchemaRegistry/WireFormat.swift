import Bytes

/// How a registry names a schema: by the number it gave out, or by the hash of its content.
public enum SchemaKey: Hashable, Sendable, CustomStringConvertible {
  case id(Int)
  /// Lower case, with hyphens: `e81050cd-2e7a-8af1-34e5-6c83743fc98b`.
  case guid(String)

  public var description: String {
    switch self {
    case .id(let id): "id \(id)"
    case .guid(let guid): "GUID \(guid)"
    }
  }
}

/// Why bytes are no framed record. Always the record's fault.
public enum WireFormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No bytes at all; a tombstone is no value, which is another thing.
  case empty
  /// The first byte is neither 0 nor 1: not written by a registry's serializer.
  case wrongMagic(UInt8)
  /// It ends inside the header.
  case truncated(count: Int)

  public var description: String {
    switch self {
    case .empty: "empty value, no schema id"
    case .wrongMagic(let byte): "the first byte is \(byte), not 0: no schema id"
    case .truncated(let count): "\(count) bytes, too short for a schema id"
    }
  }
}

/// Confluent's framing of Avro in Kafka: byte 0, the schema id in 4 bytes big-endian, the payload.
///
/// In header mode the payload is bare and a record header holds byte 1 and the 16 bytes of the
/// schema's GUID. Look at the header first, then at the payload, as Confluent's readers do.
public enum WireFormat {
  public static let magic: UInt8 = 0
  public static let guidMagic: UInt8 = 1
  public static let headerLength = 5
  public static let guidHeaderLength = 17
  /// The record headers of header mode.
  public static let keySchemaHeader: StaticString = "__key_schema_id"
  public static let valueSchemaHeader: StaticString = "__value_schema_id"

  /// The schema of a framed payload and how many bytes come before the Avro data.
  public struct Frame: Sendable, Equatable {
    public let schema: SchemaKey
    public let payloadOffset: Int

    public init(schema: SchemaKey, payloadOffset: Int) {
      self.schema = schema
      self.payloadOffset = payloadOffset
    }
  }

  /// Reads the frame at the beginning of a key or value, or the value of a schema header, in which
  /// nothing follows it. Byte 1 and a GUID are understood in both places.
  @inlinable public static func parse(
    _ bytes: UnsafeRawBufferPointer
  ) throws(WireFormatError) -> Frame {
    guard let first = bytes.first else { throw .empty }
    if first == guidMagic { return try parseGUID(bytes) }
    guard first == magic else { throw .wrongMagic(first) }
    guard bytes.count >= headerLength else { throw .truncated(count: bytes.count) }
    let id = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
    return Frame(schema: .id(Int(id)), payloadOffset: headerLength)
  }

  @usableFromInline static func parseGUID(
    _ bytes: UnsafeRawBufferPointer
  ) throws(WireFormatError) -> Frame {
    guard bytes.count >= guidHeaderLength else { throw .truncated(count: bytes.count) }
    var text = Hex.encode(bytes[1..<guidHeaderLength])
    for place in [20, 16, 12, 8] {
      text.insert("-", at: text.index(text.startIndex, offsetBy: place))
    }
    return Frame(schema: .guid(text), payloadOffset: guidHeaderLength)
  }

  /// Appends byte 0 and the id.
  @inlinable public static func appendHeader(id: Int, to buffer: inout ByteBuffer) {
    buffer.append(magic)
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: id).bigEndian) { buffer.append($0) }
  }

  /// The value of a schema header for a GUID; nil where the text is no GUID.
  public static func headerValue(guid: String) -> [UInt8]? {
    guard let bytes = Hex.decode(guid.filter { $0 != "-" }), bytes.count == 16 else { return nil }
    return [guidMagic] + bytes
  }
}

/// Which subject a topic's schemas are kept under.
public enum SubjectName {
  public enum Side: String, Sendable { case key, value }

  /// Confluent's default, TopicNameStrategy: `reviews.raw-value`.
  public static func topicName(_ topic: String, _ side: Side) -> String {
    "\(topic)-\(side.rawValue)"
  }

  /// RecordNameStrategy: one history for a type, whatever topics carry it: `opine.Review`.
  public static func recordName(_ fullName: String) -> String { fullName }

  /// TopicRecordNameStrategy: one history for a type in each topic: `reviews.raw-opine.Review`.
  public static func topicRecordName(_ topic: String, _ fullName: String) -> String {
    "\(topic)-\(fullName)"
  }
}
