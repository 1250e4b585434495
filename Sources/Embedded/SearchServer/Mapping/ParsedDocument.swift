/// A value of one column.
enum ColumnValue: Sendable, Equatable {
  case none
  /// Whole numbers, booleans (0 and 1) and dates (milliseconds since 1970).
  case integer(Int64)
  case real(Double)
  case keyword(String)
  /// The number of terms of a text field; its terms are in `ParsedDocument.texts`.
  case length(Int)
  /// An array's values.
  case many([ColumnValue])

  mutating func add(_ value: ColumnValue) {
    switch self {
    case .none: self = value
    case .many(var values):
      self = .none
      values.append(value)
      self = .many(values)
    default: self = .many([self, value])
    }
  }
}

/// What a document gives to the columns and to the full-text tables.
struct ParsedDocument: Sendable {
  /// By the slot of the leaf.
  var columns: [ColumnValue]
  var texts: [(slot: Int, terms: TermText)] = []

  init(slotCount: Int) { columns = Array(repeating: .none, count: slotCount) }

  mutating func add(_ value: ColumnValue, slot: Int) {
    while columns.count <= slot { columns.append(.none) }
    columns[slot].add(value)
  }

  /// Adds one text value; further ones of the same field stand 100 positions behind.
  mutating func addText(
    _ text: UnsafeRawBufferPointer, _ analyzer: Analyzer, slot: Int
  ) {
    while columns.count <= slot { columns.append(.none) }
    let place: Int
    if let found = texts.firstIndex(where: { $0.slot == slot }) {
      place = found
    } else {
      place = texts.count
      texts.append((slot, TermText()))
    }
    texts[place].terms.add(text, analyzer)
    columns[slot] = .length(texts[place].terms.length)
  }
}

/// A field's terms as the full-text table takes them: joined by spaces, one for each position.
///
/// Where a position holds no term (a removed stop word, the gap between two values) a filler
/// stands, so that a phrase never jumps over it.
struct TermText: Sendable, Equatable {
  static let gapBetweenValues = 100
  /// No analyzer gives this character.
  static let filler: [UInt8] = Array("\u{E001}".utf8)

  private(set) var bytes: [UInt8] = []
  /// Terms without the fillers: the field's length as it scores.
  private(set) var length = 0
  private var nextPosition = 0
  private var hasValue = false

  mutating func add(_ text: UnsafeRawBufferPointer, _ analyzer: Analyzer) {
    let base = hasValue ? nextPosition + Self.gapBetweenValues : 0
    hasValue = true
    bytes.reserveCapacity(bytes.count + text.count)
    analyzer.forEachTerm(in: text) { term, position, _ in
      while nextPosition < base + position {
        bytes.append(contentsOf: Self.filler)
        bytes.append(UInt8(ascii: " "))
        nextPosition += 1
      }
      TermEncoding.append(term, to: &bytes)
      bytes.append(UInt8(ascii: " "))
      nextPosition += 1
      length += 1
    }
  }
}

/// How a term is written for the full-text table, whose tokenizer splits at spaces and folds the
/// case of ASCII: what would be changed is escaped by U+E000 and two digits.
enum TermEncoding {
  static func append(_ term: [UInt8], to bytes: inout [UInt8]) {
    for byte in term {
      if byte <= 0x20 || byte &- UInt8(ascii: "A") < 26 || byte == 0x7f {
        bytes.append(contentsOf: [0xee, 0x80, 0x80, digit(byte >> 4), digit(byte & 15)])
      } else {
        bytes.append(byte)
      }
    }
  }

  static func encode(_ term: String) -> String {
    var bytes: [UInt8] = []
    append(Array(term.utf8), to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  static func decode(_ text: String) -> String {
    guard text.unicodeScalars.contains("\u{E000}") else { return text }
    var decoded: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == 0xee, rest.starts(with: [0x80, 0x80]), rest.count >= 4 {
        rest = rest.dropFirst(2)
        decoded.append((rest.removeFirst() &- 97) << 4 | (rest.removeFirst() &- 97))
      } else {
        decoded.append(byte)
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  /// a to p, so that no digit is changed by the tokenizer.
  private static func digit(_ value: UInt8) -> UInt8 { UInt8(ascii: "a") + value }
}
