import Bytes
import Kafka
import SchemaRegistry

/// Confluent's framing on a task's hot path: a zero byte, the schema id in four bytes (big-endian), Avro; or
/// bare Avro and a record header with the schema's GUID, which counts before the payload's own.
public enum WireHeader {
  /// Bytes before the Avro data where the id stands in front of it.
  public static let count = WireFormat.headerLength

  /// The writer's schema and where the Avro data begins; whatever is not framed so is the record's fault.
  @inline(__always) public static func read(
    _ bytes: UnsafeRawBufferPointer, of record: Record, _ side: SubjectName.Side = .value
  ) throws(RecordFault) -> WireFormat.Frame {
    let name =
      side == .value ? WireFormat.valueSchemaHeader : WireFormat.keySchemaHeader
    if let header = record.headerBytes(name) {
      return WireFormat.Frame(
        schema: try frame(header, side).schema, payloadOffset: 0)
    }
    return try frame(bytes, side)
  }

  private static func frame(
    _ bytes: UnsafeRawBufferPointer, _ side: SubjectName.Side
  ) throws(RecordFault) -> WireFormat.Frame {
    do throws(WireFormatError) {
      return try WireFormat.parse(bytes)
    } catch {
      throw RecordFault(
        stage: side == .value ? .valueConverter : .keyConverter, kind: "wire_format",
        reason: error.description)
    }
  }

  public static func append(_ schemaID: Int32, to buffer: inout ByteBuffer) {
    WireFormat.appendHeader(id: Int(schemaID), to: &buffer)
  }
}
