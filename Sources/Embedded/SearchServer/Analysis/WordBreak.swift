/// What the rules of word borders know of a character (Unicode UAX #29, table 3), with the kinds
/// that Lucene's `StandardTokenizer` adds.
enum WordBreak: UInt8, Sendable {
  case other, letter, numeric, extendNumLet, midLetter, midNum, midNumLet, extend
  case katakana, single, southEastAsian, emoji, regional

  private static let ascii: [WordBreak] = (0..<128).map { byte in
    switch UInt8(byte) {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): .letter
    case UInt8(ascii: "0")...UInt8(ascii: "9"): .numeric
    case UInt8(ascii: "_"): .extendNumLet
    case UInt8(ascii: ":"): .midLetter
    case UInt8(ascii: ","), UInt8(ascii: ";"): .midNum
    case UInt8(ascii: "."), UInt8(ascii: "'"): .midNumLet
    default: .other
    }
  }

  /// The kinds of ASCII, to be indexed by byte.
  static func withASCII<Result>(_ body: (UnsafeBufferPointer<WordBreak>) -> Result) -> Result {
    ascii.withUnsafeBufferPointer(body)
  }

  static func of(_ scalar: Unicode.Scalar) -> WordBreak {
    if scalar.isASCII { return ascii[Int(scalar.value)] }
    switch scalar.value {
    case 0x2018, 0x2019, 0x2024, 0xfe52, 0xff07, 0xff0e: return .midNumLet
    case 0xb7, 0x387, 0x55f, 0x5f4, 0x2027, 0xfe13, 0xfe55, 0xff1a: return .midLetter
    case 0x37e, 0x589, 0x60c, 0x60d, 0x66c, 0x7f8, 0x2044, 0xfe10, 0xfe14, 0xfe50, 0xfe54,
      0xff0c, 0xff1b:
      return .midNum
    case 0x3031...0x3035, 0x309b, 0x309c, 0x30a0...0x30fa, 0x30fc...0x30ff, 0x31f0...0x31ff,
      0x32d0...0x32fe, 0x3300...0x3357, 0xff66...0xff9d, 0x1b000:
      return .katakana
    case 0x3041...0x3096, 0x309d...0x309f, 0x1b001...0x1b11e, 0x1f200: return .single
    case 0xe00...0xeff, 0x1000...0x109f, 0x1780...0x17ff, 0x1950...0x19df, 0x1a20...0x1aaf,
      0xa9e0...0xa9ff, 0xaa60...0xaa7f, 0xaa80...0xaadf:
      return .southEastAsian
    case 0x1f1e6...0x1f1ff: return .regional
    case 0x1f3fb...0x1f3ff, 0x200c, 0x200d, 0xfe00...0xfe0f: return .extend
    default: return byProperties(scalar)
    }
  }

  private static func byProperties(_ scalar: Unicode.Scalar) -> WordBreak {
    let properties = scalar.properties
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .spacingMark: return .extend
    case .format: return .extend
    case .decimalNumber: return .numeric
    case .connectorPunctuation: return .extendNumLet
    default: break
    }
    if properties.isEmoji || isPictographic(scalar.value) { return .emoji }
    if properties.isIdeographic { return .single }
    return properties.isAlphabetic ? .letter : .other
  }

  /// Extended_Pictographic without being Emoji: stars, chess pieces, cards and the like.
  private static func isPictographic(_ value: UInt32) -> Bool {
    switch value {
    case 0x2388, 0x2600...0x2605, 0x2607...0x2612, 0x2614...0x2685, 0x2690...0x2705,
      0x2708...0x2712, 0x2763...0x2767, 0x1f000...0x1f0ff, 0x1f10d...0x1f10f, 0x1f12f,
      0x1f16c...0x1f171, 0x1f1ad, 0x1f260...0x1f265, 0x1f300...0x1f53d, 0x1f546...0x1f64f,
      0x1f680...0x1f6fc, 0x1f7d5...0x1f7d8, 0x1f8b0...0x1f8b1, 0x1f90c...0x1fa6d:
      true
    default: false
    }
  }
}
