import Bytes
import Kafka

/// Confluent's framing on a task's hot path: a zero byte, the schema id in four bytes (big-endian), Avro.
public enum WireHeader {
  /// Bytes before the Avro data.
  public static let count = 5

  /// The writer's schema id; whatever is not framed so is the record's fault.
  public static func schemaID(of value: UnsafeRawBufferPointer) throws(RecordFault) -> Int32 {
    guard value.count >= count else {
      throw fault("the value has \(value.count) bytes, the schema header alone has \(count)")
    }
    guard value[0] == 0 else { throw fault("the value begins with byte \(value[0]), not 0") }
    return Int32(
      bitPattern: UInt32(bigEndian: value.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
  }

  public static func append(_ schemaID: Int32, to buffer: inout ByteBuffer) {
    buffer.append(0)
    withUnsafeBytes(of: schemaID.bigEndian) { buffer.append($0) }
  }

  private static func fault(_ reason: String) -> RecordFault {
    RecordFault(stage: .valueConverter, kind: "wire_format", reason: reason)
  }
}
