import Bytes

extension ByteBuffer {
  /// Base64 (RFC 4648, padded) in quotes.
  mutating func appendJSONBase64(_ bytes: UnsafeRawBufferPointer) {
    append(UInt8(ascii: "\""))
    append(base64: bytes)
    append(UInt8(ascii: "\""))
  }

  /// `"YYYY-MM-DD"` of a day counted from 1970-01-01; false, with nothing written, outside the
  /// years 0 to 9999.
  public mutating func appendJSONDate(days: Int32) -> Bool {
    // Days of 400-year cycles that begin on 1 March, so that the leap day is the last.
    let shifted = Int(days) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let day = shifted - era * 146_097
    let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    guard (0...9999).contains(year) else { return false }
    append(UInt8(ascii: "\""))
    append(digits: year / 100)
    append(digits: year % 100)
    append(UInt8(ascii: "-"))
    append(digits: month)
    append(UInt8(ascii: "-"))
    append(digits: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    append(UInt8(ascii: "\""))
    return true
  }

  private mutating func append(digits number: Int) {
    append(UInt8(ascii: "0") + UInt8(number / 10))
    append(UInt8(ascii: "0") + UInt8(number % 10))
  }

  /// A big-endian two's complement number, times ten to the minus `scale`; false,
  /// with nothing written, where it has more than 128 significant bytes or 1,000 decimals.
  public mutating func appendJSONDecimal(
    _ bytes: UnsafeRawBufferPointer, scale: Int, quoted: Bool = true
  ) -> Bool {
    guard (0...1000).contains(scale) else { return false }
    let negative = (bytes.first ?? 0) >= 0x80
    let padding: UInt8 = negative ? 0xff : 0
    guard let first = bytes.firstIndex(where: { $0 != padding }) else {
      return appendDecimal(
        digits: negative ? [1] : [0], negative: negative, scale: scale, quoted: quoted)
    }
    guard bytes.count - first <= 128 else { return false }
    var magnitude = bytes[first...].map { $0 ^ padding }
    if negative { increment(&magnitude) }
    return appendDecimal(
      digits: decimalDigits(magnitude), negative: negative, scale: scale, quoted: quoted)
  }

  /// Adds one; a carry out of the first byte makes the number longer.
  private func increment(_ magnitude: inout [UInt8]) {
    for index in magnitude.indices.reversed() {
      magnitude[index] &+= 1
      if magnitude[index] != 0 { return }
    }
    magnitude.insert(1, at: 0)
  }

  /// The digits of a big-endian number, the lowest first.
  private func decimalDigits(_ magnitude: [UInt8]) -> [UInt8] {
    var digits: [UInt8] = [0]
    for byte in magnitude {
      var carry = Int(byte)
      for index in digits.indices {
        carry += Int(digits[index]) * 256
        digits[index] = UInt8(carry % 10)
        carry /= 10
      }
      while carry > 0 {
        digits.append(UInt8(carry % 10))
        carry /= 10
      }
    }
    return digits
  }

  private mutating func appendDecimal(
    digits: [UInt8], negative: Bool, scale: Int, quoted: Bool
  ) -> Bool {
    if quoted { append(UInt8(ascii: "\"")) }
    if negative { append(UInt8(ascii: "-")) }
    for place in (0..<max(digits.count, scale + 1)).reversed() {
      append(UInt8(ascii: "0") + (place < digits.count ? digits[place] : 0))
      if place == scale && scale > 0 { append(UInt8(ascii: ".")) }
    }
    if quoted { append(UInt8(ascii: "\"")) }
    return true
  }
}
