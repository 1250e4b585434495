import CSimdJSON

extension Unicode.UTF8 {
  /// Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no over-long forms).
  @inlinable public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    // Short texts are mostly ASCII, and a call costs more than looking.
    if bytes.count <= 64 && isASCII(base, bytes.count) { return true }
    return opine_utf8_is_valid(base.assumingMemoryBound(to: CChar.self), bytes.count)
  }

  @inlinable static func isASCII(_ base: UnsafeRawPointer, _ count: Int) -> Bool {
    var seen: UInt64 = 0
    var at = 0
    while at &+ 8 <= count {
      seen |= base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      at &+= 8
    }
    if count >= 8 {
      seen |= base.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    } else {
      while at < count {
        seen |= UInt64(base.load(fromByteOffset: at, as: UInt8.self))
        at &+= 1
      }
    }
    return seen & 0x8080_8080_8080_8080 == 0
  }
}
