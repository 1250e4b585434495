import Bytes
import Kafka

/// Confluent's wire format: a zero byte, the schema id in four bytes (big-endian), then Avro.
enum WireHeader {
  static let count = 5

  static func schemaID(of value: UnsafeRawBufferPointer) throws(RecordFault) -> Int32 {
    guard value.count >= count else {
      throw fault("the value has \(value.count) bytes, the schema header alone has \(count)")
    }
    guard value[0] == 0 else { throw fault("the value begins with byte \(value[0]), not 0") }
    return Int32(
      bitPattern: UInt32(bigEndian: value.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
  }

  static func append(_ schemaID: Int32, to buffer: inout ByteBuffer) {
    buffer.append(0)
    withUnsafeBytes(of: schemaID.bigEndian) { buffer.append($0) }
  }

  private static func fault(_ reason: String) -> RecordFault {
    RecordFault(stage: .valueConverter, kind: "wire_format", reason: reason)
  }
}
