import Bytes

extension ByteBuffer {
  /// A quoted JSON string of well-formed UTF-8; only `"`, `\` and control characters are escaped.
  @inlinable public mutating func appendJSONString(_ utf8: UnsafeRawBufferPointer) {
    reserve(utf8.count &+ 2)
    append(UInt8(ascii: "\""))
    appendJSONEscaped(utf8)
    append(UInt8(ascii: "\""))
  }

  /// A quoted JSON string.
  public mutating func appendJSONString(_ text: String) {
    var text = text
    text.withUTF8 { appendJSONString(UnsafeRawBufferPointer($0)) }
  }

  /// The inside of a JSON string: runs between escapes are copied whole.
  public mutating func appendJSONEscaped(_ utf8: UnsafeRawBufferPointer) {
    guard let base = utf8.baseAddress else { return }
    var start = 0
    while true {
      let end = JSONEscape.next(base, from: start, count: utf8.count)
      append(UnsafeRawBufferPointer(start: base + start, count: end &- start))
      if end == utf8.count { return }
      appendEscape(of: utf8[end])
      start = end &+ 1
    }
  }

  private mutating func appendEscape(of byte: UInt8) {
    append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\n"): append(UInt8(ascii: "n"))
    case UInt8(ascii: "\r"): append(UInt8(ascii: "r"))
    case UInt8(ascii: "\t"): append(UInt8(ascii: "t"))
    case 0x08: append(UInt8(ascii: "b"))
    case 0x0c: append(UInt8(ascii: "f"))
    case 0x00..<0x20:
      append("u00")
      append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
      let low = byte & 15
      append(low < 10 ? UInt8(ascii: "0") &+ low : UInt8(ascii: "A") &+ low &- 10)
    default: append(byte)
    }
  }

  /// The shortest text that reads back as the same number; integral values end in `.0`.
  ///
  /// False, with nothing written, for infinities and NaN, which JSON does not have.
  @discardableResult
  public mutating func appendJSON(_ number: Double) -> Bool {
    guard number.isFinite else { return false }
    // A decimal of at most 15 digits that divides back to the number is its only short spelling.
    let scaled = number.magnitude * 1_000_000
    let millionths = scaled < 1e15 ? UInt64(scaled) : 0
    if Double(millionths) == scaled, scaled / 1_000_000 == number.magnitude {
      append(fixed: millionths, negative: number.sign == .minus)
    } else {
      append(utf8: number.description)
    }
    return true
  }

  /// The shortest text that reads back as the same float; false for infinities and NaN.
  @discardableResult
  public mutating func appendJSON(_ number: Float) -> Bool {
    guard number.isFinite else { return false }
    append(utf8: number.description)
    return true
  }

  /// Millionths as a decimal without needless zeros.
  private mutating func append(fixed millionths: UInt64, negative: Bool) {
    if negative { append(UInt8(ascii: "-")) }
    let (whole, part) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
    // The numbers are below 10^15: they fit.
    append(decimal: Int64(whole))
    append(UInt8(ascii: "."))
    var rest = part
    var unit: UInt64 = 100_000
    repeat {
      append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest / unit))
      rest %= unit
      unit /= 10
    } while rest > 0
  }

  /// The JSON text of a value; indented by two spaces where `pretty`.
  public mutating func appendJSON(_ value: JSONValue, pretty: Bool = false, indent: Int = 0) {
    switch value {
    case .null: append("null")
    case .bool(let bool): bool ? append("true") : append("false")
    case .number(let text): append(utf8: text)
    case .string(let text): appendJSONString(text)
    case .array(let elements):
      append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        startItem(first: index == 0, pretty: pretty, indent: indent + 1)
        appendJSON(element, pretty: pretty, indent: indent + 1)
      }
      if pretty && !elements.isEmpty { newLine(indent: indent) }
      append(UInt8(ascii: "]"))
    case .object(let members):
      append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        startItem(first: index == 0, pretty: pretty, indent: indent + 1)
        appendJSONString(member.name)
        append(UInt8(ascii: ":"))
        if pretty { append(UInt8(ascii: " ")) }
        appendJSON(member.value, pretty: pretty, indent: indent + 1)
      }
      if pretty && !members.isEmpty { newLine(indent: indent) }
      append(UInt8(ascii: "}"))
    }
  }

  private mutating func startItem(first: Bool, pretty: Bool, indent: Int) {
    if !first { append(UInt8(ascii: ",")) }
    if pretty { newLine(indent: indent) }
  }

  private mutating func newLine(indent: Int) {
    append(UInt8(ascii: "\n"))
    for _ in 0..<indent { append("  ") }
  }
}

/// Finding what must be escaped, eight bytes at a time.
@usableFromInline enum JSONEscape {
  /// The first byte from `start` on that needs an escape, or `count`.
  static func next(_ base: UnsafeRawPointer, from start: Int, count: Int) -> Int {
    var at = start
    while at &+ 8 <= count {
      let found = marks(base.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian)
      if found != 0 { return at &+ found.trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < count {
      let byte = base.load(fromByteOffset: at, as: UInt8.self)
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return at }
      at &+= 1
    }
    return count
  }

  /// The high bit of each byte that needs an escape; the lowest set one is exact.
  @inline(__always) private static func marks(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let slash = word ^ (ones &* 0x5c)
    let found =
      ((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote)
      | ((slash &- ones) & ~slash)
    return found & (ones &* 0x80)
  }
}
