import CZlib

/// Compresses whole bodies, RFC 1952.
public enum Gzip {
  /// The bytes as one gzip member, at zlib's fastest level; nil where zlib has no memory or they are over
  /// 4 GiB.
  public static func compress(_ bytes: UnsafeRawBufferPointer) -> SharedBytes? {
    guard bytes.count <= UInt32.max else { return nil }
    var stream = z_stream()
    guard opine_deflate_init_gzip(&stream, Z_BEST_SPEED) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    let room = Int(deflateBound(&stream, UInt(bytes.count)))
    var output = ByteBuffer(capacity: room)
    var code = Z_STREAM_ERROR
    output.appendUnchecked(room: room) { target in
      stream.next_in = UnsafeMutablePointer(
        mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(bytes.count)
      stream.next_out = target
      stream.avail_out = UInt32(clamping: room)
      code = deflate(&stream, Z_FINISH)
      return Int(stream.total_out)
    }
    return code == Z_STREAM_END ? SharedBytes(output) : nil
  }
}
