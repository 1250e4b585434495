import Bytes
import CAvro
import Foundation

/// Writes an object container file, deflated, by libavro.
///
/// The header is written here, because libavro's own would lack the schema's logical types, defaults and docs;
/// libavro then appends to the file. Only payloads that were encoded here and a schema of our own reach it: it
/// checks neither. (<https://avro.apache.org/docs/1.12.0/api/c/>, "Data files")
public struct AvroContainerWriter: ~Copyable {
  public struct Failure: Error, Sendable, CustomStringConvertible {
    /// libavro's or the system's words.
    public let description: String
  }

  /// Records gathered before they are written; none may be larger.
  public static let blockSize = 4 << 20

  private var writer: avro_file_writer_t?

  /// - Parameters:
  ///   - path: of the file; one that is there is replaced.
  ///   - schema: its JSON text, which every payload must have been encoded with.
  public init(path: String, schema: String) throws(Failure) {
    var header = ByteBuffer(capacity: schema.utf8.count + 128)
    header.append(AvroContainerReader.magic)
    header.appendAvro(long: 2)
    header.appendAvro(utf8: "avro.schema")
    header.appendAvro(utf8: schema)
    header.appendAvro(utf8: "avro.codec")
    header.appendAvro(utf8: "deflate")
    header.appendAvro(long: 0)
    for _ in 0..<AvroContainerReader.markerLength { header.append(UInt8.random(in: 0...255)) }
    do {
      try Data(header.toArray()).write(to: URL(fileURLWithPath: path))
    } catch {
      throw Failure(description: error.localizedDescription)
    }
    let code = avro_file_writer_open_bs(path, &writer, Self.blockSize)
    guard code == 0 else { throw Failure(description: Self.words(code)) }
  }

  deinit { if let writer { avro_file_writer_close(writer) } }

  /// Adds one record; false, with nothing written, where it is larger than a block.
  public mutating func append(_ payload: UnsafeRawBufferPointer) throws(Failure) -> Bool {
    guard payload.count < Self.blockSize else { return false }
    let code = avro_file_writer_append_encoded(writer, payload.baseAddress, Int64(payload.count))
    guard code == 0 else { throw Failure(description: Self.words(code)) }
    return true
  }

  /// Writes what is gathered and closes the file; nothing may be appended afterwards.
  public mutating func close() throws(Failure) {
    guard let open = writer.take() else { return }
    let code = avro_file_writer_close(open)
    guard code == 0 else { throw Failure(description: Self.words(code)) }
  }

  private static func words(_ code: Int32) -> String {
    let said = String(cString: avro_strerror())
    return said.isEmpty ? String(cString: strerror(code)) : said
  }
}
