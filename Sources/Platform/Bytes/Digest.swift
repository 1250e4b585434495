import CCrypto

/// Digests of bytes that are all there, by libcrypto.
public enum Digest {
  /// 16 bytes; for identities that others defined by MD5, never for security.
  public static func md5(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_md5(), size: 16) }

  /// 32 bytes.
  public static func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha256(), size: 32) }

  private static func digest(
    _ bytes: [UInt8], _ algorithm: OpaquePointer?, size: Int
  ) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { result, count in
      var written: UInt32 = 0
      let status = EVP_Digest(
        bytes, bytes.count, result.baseAddress, &written, algorithm, nil)
      precondition(status == 1 && Int(written) == size, "libcrypto lacks a digest")
      count = size
    }
  }
}

/// Bytes that nobody can guess.
public enum RandomBytes {
  /// From the operating system's generator.
  public static func generate(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  /// `2 × byteCount` lower-case hexadecimal digits.
  public static func hexToken(byteCount: Int = 16) -> String { Hex.encode(generate(byteCount)) }
}
