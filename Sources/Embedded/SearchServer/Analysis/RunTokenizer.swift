/// Splits text into runs of characters of one kind.
enum RunTokenizer {
  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return (scalar.value | 0x20) &- 97 < 26 }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return true
    default: return false
    }
  }

  /// White space as Java's `Character.isWhitespace` has it: no-break spaces join.
  static func isNoSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0d, 0x1c...0x20: return false
    case 0xa0, 0x2007, 0x202f: return true
    case 0..<0x80: return true
    default:
      switch scalar.properties.generalCategory {
      case .spaceSeparator, .lineSeparator, .paragraphSeparator: return false
      default: return true
      }
    }
  }

  static func forEachRun(
    in text: UnsafeRawBufferPointer, _ belongs: (Unicode.Scalar) -> Bool,
    _ body: (Range<Int>) -> Void
  ) {
    var start: Int?
    var at = 0
    while at < text.count {
      let (scalar, length) = UTF8Scalars.scalar(in: text, at: at)
      if belongs(scalar) {
        if start == nil { start = at }
      } else if let from = start {
        body(from..<at)
        start = nil
      }
      at += length
    }
    if let start { body(start..<text.count) }
  }
}

/// Reading scalars out of UTF-8 that is known to be well-formed.
enum UTF8Scalars {
  /// The scalar that starts at an offset, and its length in bytes; U+FFFD where none starts.
  @inline(__always)
  static func scalar(
    in text: UnsafeRawBufferPointer, at offset: Int
  ) -> (scalar: Unicode.Scalar, length: Int) {
    let first = UInt32(text[offset])
    if first < 0x80 { return (Unicode.Scalar(UInt8(first)), 1) }
    let length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    guard first >= 0xc0, offset + length <= text.count else { return ("\u{fffd}", 1) }
    var value = first & (length == 2 ? 0x1f : length == 3 ? 0x0f : 0x07)
    for index in 1..<length { value = value << 6 | UInt32(text[offset + index] & 0x3f) }
    return (Unicode.Scalar(value) ?? "\u{fffd}", length)
  }
}
