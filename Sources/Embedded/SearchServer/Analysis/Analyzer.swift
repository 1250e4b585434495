/// Turns text into the terms that are indexed and searched for.
///
/// The same analyzer runs for documents, queries, highlighting and `_analyze`; its terms are those
/// of Lucene's analyzer of the same name. Built in: `standard`, `simple`, `whitespace`, `keyword`,
/// `stop` and `english`.
struct Analyzer: Sendable, Equatable {
  enum Name: String, Sendable, CaseIterable {
    case standard, simple, whitespace, keyword, stop, english
  }

  let name: Name

  init(_ name: Name) { self.name = name }

  /// nil where there is no analyzer of that name.
  init?(named name: String) {
    guard let name = Name(rawValue: name) else { return nil }
    self.init(name)
  }

  /// Hands over each term of a text in order.
  ///
  /// - Parameter body: gets the term's UTF-8 (only valid for the call), its position, counted from
  ///   0 with gaps where stop words were removed, and its place in `text` in bytes.
  func forEachTerm(
    in text: UnsafeRawBufferPointer,
    _ body: (_ term: inout [UInt8], _ position: Int, _ range: Range<Int>) -> Void
  ) {
    var term: [UInt8] = []
    term.reserveCapacity(32)
    var position = -1
    forEachWord(in: text) { range in
      position += 1
      term.removeAll(keepingCapacity: true)
      term.append(contentsOf: text[range])
      if filter(&term) { body(&term, position, range) }
    }
  }

  /// The terms of a text.
  func terms(of text: String) -> [AnalyzedTerm] {
    var terms: [AnalyzedTerm] = []
    var text = text
    text.withUTF8 { utf8 in
      forEachTerm(in: UnsafeRawBufferPointer(utf8)) { term, position, range in
        terms.append(
          AnalyzedTerm(
            text: String(decoding: term, as: UTF8.self), position: position, range: range))
      }
    }
    return terms
  }

  private func forEachWord(in text: UnsafeRawBufferPointer, _ body: (Range<Int>) -> Void) {
    switch name {
    case .standard, .english: StandardTokenizer.forEachWord(in: text, body)
    case .simple, .stop: RunTokenizer.forEachRun(in: text, RunTokenizer.isLetter, body)
    case .whitespace: RunTokenizer.forEachRun(in: text, RunTokenizer.isNoSpace, body)
    case .keyword: if !text.isEmpty { body(0..<text.count) }
    }
  }

  /// Changes a word into its term; false where it is dropped.
  private func filter(_ term: inout [UInt8]) -> Bool {
    switch name {
    case .whitespace, .keyword: return true
    case .standard, .simple:
      LowerCase.apply(&term)
      return true
    case .stop:
      LowerCase.apply(&term)
      return !StopWords.english.contains(term)
    case .english:
      Possessive.strip(&term)
      LowerCase.apply(&term)
      if StopWords.english.contains(term) { return false }
      PorterStemmer.stem(&term)
      return true
    }
  }
}

/// A term and where it stands.
struct AnalyzedTerm: Sendable, Equatable {
  let text: String
  /// Counted from 0; removed words leave gaps.
  let position: Int
  /// In bytes of the text's UTF-8.
  let range: Range<Int>
}

/// Words of up to seven letters, looked up without hashing strings.
struct StopWords: Sendable {
  private let words: Set<UInt64>

  init(_ text: String) {
    words = Set(text.split(separator: " ").compactMap { Self.packed(Array($0.utf8)) })
  }

  /// The 33 words of Lucene's English list.
  static let english = StopWords(
    "a an and are as at be but by for if in into is it no not of on or such that the their then "
      + "there these they this to was will with")

  func contains(_ term: [UInt8]) -> Bool {
    guard let word = Self.packed(term) else { return false }
    return words.contains(word)
  }

  private static func packed(_ bytes: [UInt8]) -> UInt64? {
    guard bytes.count <= 5 else { return nil }
    return bytes.reduce(1) { $0 << 8 | UInt64($1) }
  }
}

enum LowerCase {
  /// Each character by its own simple mapping, as Lucene does, whatever the language.
  static func apply(_ term: inout [UInt8]) {
    var isASCII = true
    for index in term.indices {
      let byte = term[index]
      if byte >= 0x80 {
        isASCII = false
      } else if byte &- UInt8(ascii: "A") < 26 {
        term[index] = byte | 0x20
      }
    }
    if isASCII { return }
    var lower = String.UnicodeScalarView()
    for scalar in String(decoding: term, as: UTF8.self).unicodeScalars {
      let mapped = scalar.properties.lowercaseMapping.unicodeScalars
      lower.append(mapped.first ?? scalar)
    }
    term = Array(String(lower).utf8)
  }
}

enum Possessive {
  /// Removes `'s` from the end, with any of the three apostrophes in use.
  static func strip(_ term: inout [UInt8]) {
    guard let last = term.last, last | 0x20 == UInt8(ascii: "s") else { return }
    if term.count >= 2, term[term.count - 2] == UInt8(ascii: "'") {
      term.removeLast(2)
    } else if term.count >= 4 {
      let mark = Array(term[(term.count - 4)..<(term.count - 1)])
      // U+2019 and U+FF07.
      if mark == [0xe2, 0x80, 0x99] || mark == [0xef, 0xbc, 0x87] { term.removeLast(4) }
    }
  }
}
