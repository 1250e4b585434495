import SQLite

/// The values of one number, boolean or date field, by document number.
///
/// Fractions are kept as whole numbers of the same order, so that one code compares and sorts both.
struct NumberColumn {
  static let missing = Int64.min

  /// The lowest value of each document; `missing` where it has none.
  fileprivate(set) var first: [Int64] = []
  /// All values, ascending, of documents that have several.
  fileprivate(set) var many: [Int: [Int64]] = [:]
  let isFraction: Bool

  func value(_ stored: Int64) -> Double { isFraction ? Self.fraction(stored) : Double(stored) }

  @inline(__always)
  func forEachValue(of number: Int, _ body: (Int64) -> Void) {
    guard number < first.count, first[number] != Self.missing else { return }
    if !many.isEmpty, let values = many[number] {
      values.forEach(body)
    } else {
      body(first[number])
    }
  }

  func has(_ number: Int) -> Bool { number < first.count && first[number] != Self.missing }

  /// A fraction as a whole number of the same order.
  static func stored(_ value: Double) -> Int64 {
    let bits = Int64(bitPattern: (value == 0 ? 0 : value).bitPattern)
    return bits < 0 ? bits ^ Int64.max : bits
  }

  static func fraction(_ stored: Int64) -> Double {
    Double(bitPattern: UInt64(bitPattern: stored < 0 ? stored ^ Int64.max : stored))
  }
}

/// The values of one keyword field, by document number, as places in a list of the values.
struct KeywordColumn {
  /// The first value in order of the alphabet; -1 where there is none.
  fileprivate(set) var first: [Int32] = []
  /// All values in order of the alphabet, each once, of documents that have several.
  fileprivate(set) var many: [Int: [Int32]] = [:]
  fileprivate(set) var terms: [String] = []
  fileprivate var places: [String: Int32] = [:]

  func place(of term: String) -> Int32? { places[term] }

  @inline(__always)
  func forEachValue(of number: Int, _ body: (Int32) -> Void) {
    guard number < first.count, first[number] >= 0 else { return }
    if !many.isEmpty, let values = many[number] {
      values.forEach(body)
    } else {
      body(first[number])
    }
  }

  func has(_ number: Int) -> Bool { number < first.count && first[number] >= 0 }

  fileprivate mutating func place(adding term: String) -> Int32 {
    if let place = places[term] { return place }
    let place = Int32(terms.count)
    terms.append(term)
    places[term] = place
    return place
  }

  /// By the bytes of UTF-8, as Elasticsearch orders keywords.
  static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}

/// Columns as arrays in memory: read when first asked for, and then only what was added since.
///
/// Documents are only ever added at the end; those that were deleted stay until the next start.
final class ColumnStore {
  private let connection: SQLiteConnection
  private var numbers: [Int: NumberColumn] = [:]
  private var keywords: [Int: KeywordColumn] = [:]
  private var lengths: [Int: [Int32]] = [:]

  init(_ connection: SQLiteConnection) { self.connection = connection }

  func removeAll() {
    numbers = [:]
    keywords = [:]
    lengths = [:]
  }

  /// - Parameter end: the number after the last document.
  func numbers(_ field: FieldMapping, end: Int) throws(SQLiteError) -> NumberColumn {
    var column =
      numbers.removeValue(forKey: field.slot) ?? NumberColumn(isFraction: field.type.isFraction)
    let start = column.first.count
    if start < end {
      column.first.append(
        contentsOf: repeatElement(NumberColumn.missing, count: end - start))
      try read(field.slot, from: start) { number, value in
        let values = Self.list(value).map { one -> Int64 in
          switch one {
          case .integer(let whole):
            column.isFraction ? NumberColumn.stored(Double(whole)) : whole
          case .real(let fraction): NumberColumn.stored(fraction)
          default: NumberColumn.missing
          }
        }.sorted()
        column.first[number] = values.first ?? NumberColumn.missing
        if values.count > 1 { column.many[number] = values }
      }
    }
    numbers[field.slot] = column
    return column
  }

  func keywords(_ field: FieldMapping, end: Int) throws(SQLiteError) -> KeywordColumn {
    var column = keywords.removeValue(forKey: field.slot) ?? KeywordColumn()
    let start = column.first.count
    if start < end {
      column.first.append(contentsOf: repeatElement(-1, count: end - start))
      try read(field.slot, from: start) { number, value in
        if case .keyword(let text) = value {
          column.first[number] = column.place(adding: text)
          return
        }
        let texts = Self.list(value).compactMap { one -> String? in
          if case .keyword(let text) = one { text } else { nil }
        }
        let places = Set(texts).sorted(by: KeywordColumn.precedes).map { column.place(adding: $0) }
        column.first[number] = places.first ?? -1
        if places.count > 1 { column.many[number] = places }
      }
    }
    keywords[field.slot] = column
    return column
  }

  /// Numbers of terms of a text field; -1 where a document has none.
  func lengths(_ field: FieldMapping, end: Int) throws(SQLiteError) -> [Int32] {
    var column = lengths.removeValue(forKey: field.slot) ?? []
    let start = column.count
    if start < end {
      column.append(contentsOf: repeatElement(-1, count: end - start))
      try read(field.slot, from: start) { number, value in
        if case .integer(let length) = value { column[number] = Int32(clamping: length) }
      }
    }
    lengths[field.slot] = column
    return column
  }

  private static func list(_ value: ColumnValue) -> [ColumnValue] {
    if case .many(let values) = value { values } else { [value] }
  }

  private func read(
    _ slot: Int, from start: Int, _ body: (Int, ColumnValue) -> Void
  ) throws(SQLiteError) {
    let statement = try connection.statement(
      "SELECT d, c\(slot) FROM col WHERE d >= ? AND c\(slot) IS NOT NULL")
    defer { statement.reset() }
    try statement.bind(Int64(start), at: 1)
    while try statement.step() {
      let number = Int(statement.int64(0))
      switch statement.value(1) {
      case .integer(let whole): body(number, .integer(whole))
      case .real(let fraction): body(number, .real(fraction))
      case .text(let text): body(number, .keyword(text))
      case .blob(let bytes):
        var values: [ColumnValue] = []
        bytes.withUnsafeBytes { ColumnCoding.decode($0) { values.append($0) } }
        body(number, .many(values))
      case .null: break
      }
    }
  }
}
