/// Finds the words of a text by Unicode's word borders, as Lucene's `StandardTokenizer` does:
/// `can't` and `3.5` are one word, each ideograph and each emoji is one.
enum StandardTokenizer {
  /// Longer words are cut, in characters.
  static let maximumLength = 255

  /// Hands over each word's place in bytes. The text is well-formed UTF-8.
  static func forEachWord(in text: UnsafeRawBufferPointer, _ body: (Range<Int>) -> Void) {
    WordBreak.withASCII { kinds in
      var at = 0
      while at < text.count {
        let byte = text[at]
        if byte < 0x80, kinds[Int(byte)] == .other || kinds[Int(byte)].rawValue > 3 {
          at += 1
          continue
        }
        if byte < 0x80, let end = plainWord(text, at, kinds) {
          body(at..<end)
          at = end
          continue
        }
        var scanner = WordScanner(text: text, at: at)
        if scanner.readWord() { emit(at..<scanner.at, text, body) }
        at = scanner.at
      }
    }
  }

  /// The end of a word of ASCII letters and digits only; nil where the rules must be asked.
  @inline(__always)
  private static func plainWord(
    _ text: UnsafeRawBufferPointer, _ start: Int, _ kinds: UnsafeBufferPointer<WordBreak>
  ) -> Int? {
    var at = start
    let limit = min(text.count, start + maximumLength)
    while at < limit, text[at] < 0x80 {
      let kind = kinds[Int(text[at])]
      if kind == .letter || kind == .numeric {
        at += 1
        continue
      }
      if kind == .other { return at > start ? at : nil }
      // A mark that joins only stands before a letter or a digit.
      if kind == .extendNumLet || at + 1 >= text.count { break }
      let next = text[at + 1]
      if next >= 0x80 || kinds[Int(next)] != .other { return nil }
      return at > start ? at : nil
    }
    return at == text.count ? at : nil
  }

  /// Cuts what is longer than a word may be.
  private static func emit(
    _ range: Range<Int>, _ text: UnsafeRawBufferPointer, _ body: (Range<Int>) -> Void
  ) {
    guard range.count > maximumLength else { return body(range) }
    var start = range.lowerBound
    var at = start
    var characters = 0
    while at < range.upperBound {
      let (scalar, length) = UTF8Scalars.scalar(in: text, at: at)
      let units = scalar.value > 0xffff ? 2 : 1
      if characters + units > maximumLength {
        body(start..<at)
        start = at
        characters = 0
      }
      characters += units
      at += length
    }
    body(start..<at)
  }
}

/// Reads one word by the rules WB4 to WB16.
private struct WordScanner {
  let text: UnsafeRawBufferPointer
  var at: Int

  /// Moves behind the word, or behind one character where none starts here; says which.
  mutating func readWord() -> Bool {
    let (first, length) = UTF8Scalars.scalar(in: text, at: at)
    let kind = WordBreak.of(first)
    at += length
    switch kind {
    case .letter, .numeric, .katakana, .extendNumLet: return readRun(from: kind)
    case .single:
      skipExtends()
      return true
    case .southEastAsian:
      while let next = peek(), next.kind == .southEastAsian || next.kind == .extend {
        at += next.length
      }
      return true
    case .regional:
      guard let next = peek(), next.kind == .regional else { return false }
      at += next.length
      skipExtends()
      return true
    case .emoji: return readEmoji(first)
    default: return false
    }
  }

  private mutating func readRun(from first: WordBreak) -> Bool {
    var last = first
    var isWord = first != .extendNumLet
    skipExtends()
    while let next = peek() {
      if joins(last, next.kind) {
        at += next.length
        last = next.kind
        if last != .extendNumLet { isWord = true }
      } else if isMiddle(next.kind, of: last), kind(behind: at + next.length) == last {
        at += next.length
        skipExtends()
        if let same = peek() { at += same.length }
      } else {
        break
      }
      skipExtends()
    }
    return isWord
  }

  private func joins(_ last: WordBreak, _ next: WordBreak) -> Bool {
    switch (last, next) {
    case (.letter, .letter), (.letter, .numeric), (.numeric, .letter), (.numeric, .numeric),
      (.katakana, .katakana), (.letter, .extendNumLet), (.numeric, .extendNumLet),
      (.katakana, .extendNumLet), (.extendNumLet, .extendNumLet), (.extendNumLet, .letter),
      (.extendNumLet, .numeric), (.extendNumLet, .katakana):
      true
    default: false
    }
  }

  private func isMiddle(_ kind: WordBreak, of last: WordBreak) -> Bool {
    switch last {
    case .letter: kind == .midLetter || kind == .midNumLet
    case .numeric: kind == .midNum || kind == .midNumLet
    default: false
    }
  }

  /// An emoji with its modifiers, and those joined to it by U+200D.
  private mutating func readEmoji(_ first: Unicode.Scalar) -> Bool {
    // `#`, `*` and digits are emoji only with what follows.
    var shown = !first.isASCII
    while let next = peek() {
      if next.scalar.value == 0xfe0f { shown = true }
      if next.scalar.value == 0x200d {
        at += next.length
        guard let joined = peek(), joined.kind == .emoji else { break }
        at += joined.length
        shown = true
      } else if next.kind == .extend {
        at += next.length
      } else {
        break
      }
    }
    return shown
  }

  private func peek() -> (scalar: Unicode.Scalar, kind: WordBreak, length: Int)? {
    guard at < text.count else { return nil }
    let (scalar, length) = UTF8Scalars.scalar(in: text, at: at)
    return (scalar, WordBreak.of(scalar), length)
  }

  private mutating func skipExtends() {
    while let next = peek(), next.kind == .extend { at += next.length }
  }

  private func kind(behind offset: Int) -> WordBreak? {
    var ahead = WordScanner(text: text, at: offset)
    ahead.skipExtends()
    return ahead.peek()?.kind
  }
}
