/// Fast hashes that are the same in every run; not for security.
public enum Hash64 {
  /// FNV-1a, 64 bits. Pass an earlier result as `from` to hash several runs as one.
  @inlinable public static func fnv1a(
    _ bytes: UnsafeRawBufferPointer, from: UInt64 = 0xcbf2_9ce4_8422_2325
  ) -> UInt64 {
    var hash = from
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }

  /// MurmurHash3's finaliser: every bit of the input changes about half of the output's.
  @inlinable public static func mixed(_ hash: UInt64) -> UInt64 {
    var hash = hash
    hash = (hash ^ hash &>> 33) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ hash &>> 33) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ hash &>> 33
  }
}
