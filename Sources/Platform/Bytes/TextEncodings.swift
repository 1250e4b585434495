/// Bytes as text.
public enum Hex {
  /// Two lower-case digits a byte.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digit(byte >> 4))
      text.append(digit(byte & 15))
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads digits of either case; nil for an odd number of them or other characters.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

public enum Base64 {
  /// RFC 4648 section 4, padded, without line breaks.
  public static func encode(_ bytes: [UInt8]) -> String {
    var buffer = ByteBuffer(capacity: bytes.count / 3 * 4 + 4)
    bytes.withUnsafeBytes { buffer.append(base64: $0) }
    return buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

private let base64Alphabet: StaticString =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

extension ByteBuffer {
  /// Base64 (RFC 4648 section 4), padded, without line breaks.
  public mutating func append(base64 bytes: UnsafeRawBufferPointer) {
    let alphabet = base64Alphabet.utf8Start
    appendUnchecked(room: (bytes.count + 2) / 3 * 4) { out in
      var written = 0
      for start in stride(from: 0, to: bytes.count, by: 3) {
        let left = bytes.count - start
        var word = UInt32(bytes[start]) << 16
        if left > 1 { word |= UInt32(bytes[start + 1]) << 8 }
        if left > 2 { word |= UInt32(bytes[start + 2]) }
        for place in 0..<4 {
          let digit = Int(word >> UInt32(18 - 6 * place) & 63)
          out[written + place] = place <= left ? alphabet[digit] : UInt8(ascii: "=")
        }
        written += 4
      }
      return written
    }
  }
}
