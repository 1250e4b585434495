import CSimdJSON

/// Reading the text of JSON numbers.
public enum JSONNumber {
  /// The value of a number without fraction or exponent; nil where it is none or does not fit.
  @inlinable public static func int64(_ text: UnsafeRawBufferPointer) -> Int64? {
    let negative = text.first == UInt8(ascii: "-")
    var magnitude: UInt64 = 0
    let first = negative ? 1 : 0
    guard text.count > first, text.count <= first &+ 19 else { return nil }
    for index in first..<text.count {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      magnitude = magnitude &* 10 &+ UInt64(digit)
    }
    if negative {
      guard magnitude <= Int64.min.magnitude else { return nil }
      return Int64(truncatingIfNeeded: 0 &- magnitude)
    }
    return Int64(exactly: magnitude)
  }

  /// The nearest double; nil beyond a double's range.
  public static func double(_ text: UnsafeRawBufferPointer) -> Double? {
    if text.count <= 15, let integer = int64(text), integer != 0 { return Double(integer) }
    var result = 0.0
    let bytes = text.bindMemory(to: UInt8.self)
    guard let base = bytes.baseAddress, opine_json_double(base, bytes.count, &result) else {
      return nil
    }
    return result
  }
}
