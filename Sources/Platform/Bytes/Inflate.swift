import CZlib

/// Unpacks whole runs of bare deflate data (RFC 1951), as Avro's container files have them.
public enum Inflate {
  public enum Failure: Error, Sendable {
    /// Not deflate data, or cut off.
    case corrupt
    /// It unpacks to more than the limit.
    case tooLarge
    case outOfMemory
  }

  /// Appends what the bytes unpack to; what is behind the data's end is passed over (fastavro leaves three bytes
  /// of zlib's checksum there).
  ///
  /// Never holds more than twice the limit, whatever the input claims; where it throws, part may have been
  /// appended.
  public static func append(
    _ bytes: UnsafeRawBufferPointer, to buffer: inout ByteBuffer, limit: Int
  ) throws(Failure) {
    guard bytes.count <= Int(Int32.max) else { throw .tooLarge }
    var stream = z_stream()
    guard opine_inflate_init_raw(&stream) == Z_OK else { throw .outOfMemory }
    defer { inflateEnd(&stream) }
    stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(bytes.count)
    let start = buffer.count
    var status = Z_OK
    while status == Z_OK {
      guard buffer.count - start <= limit else { throw .tooLarge }
      let room = max(4096, min(bytes.count * 2, 1 << 20))
      buffer.appendUnchecked(room: room) { target in
        stream.next_out = target
        stream.avail_out = UInt32(room)
        status = inflate(&stream, Z_NO_FLUSH)
        return room - Int(stream.avail_out)
      }
    }
    guard buffer.count - start <= limit else { throw .tooLarge }
    if status == Z_MEM_ERROR { throw .outOfMemory }
    guard status == Z_STREAM_END else { throw .corrupt }
  }
}
