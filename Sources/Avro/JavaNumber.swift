/// Numbers as Java's JSON library writes them: integers exactly, all else as `Double.toString`.
enum JavaNumber {
  static func text(of number: String) -> String {
    if !number.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }) {
      return number == "-0" ? "0" : number
    }
    guard let value = Double(number) else { return number }
    if value.isInfinite { return value < 0 ? "\"-Infinity\"" : "\"Infinity\"" }
    return text(of: value)
  }

  /// Plain from 10^-3 to 10^7, otherwise with one digit before the point and an exponent.
  static func text(of value: Double) -> String {
    if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }
    var (digits, exponent) = decimal(of: value.magnitude)
    let sign = value < 0 ? "-" : ""
    if exponent < -3 || exponent >= 7 {
      let fraction = digits.dropFirst()
      return "\(sign)\(digits.prefix(1)).\(fraction.isEmpty ? "0" : fraction)E\(exponent)"
    }
    if exponent < 0 {
      return "\(sign)0.\(String(repeating: "0", count: -exponent - 1))\(digits)"
    }
    while digits.count < exponent + 2 { digits += "0" }
    return "\(sign)\(digits.prefix(exponent + 1)).\(digits.dropFirst(exponent + 1))"
  }

  /// The shortest digits, and the power of ten of the first.
  private static func decimal(of magnitude: Double) -> (digits: String, exponent: Int) {
    let parts = magnitude.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = String(mantissa[0])
    let fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
    var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.count - 1
    var digits = whole + fraction
    while digits.count > 1 && digits.hasPrefix("0") {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1 && digits.hasSuffix("0") { digits.removeLast() }
    return (digits, exponent)
  }
}
