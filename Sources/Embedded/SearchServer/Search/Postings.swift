import SQLite

/// The documents of one term, ascending, with the term's positions in each.
struct Postings {
  var numbers: [Int32] = []
  /// Occurrences in each document.
  var counts: [Int32] = []
  /// All positions, document after document, ascending in each.
  var positions: [Int32] = []

  /// Reads a term's postings from a text field's table.
  static func read(
    _ connection: SQLiteConnection, slot: Int, term: String
  ) throws(SQLiteError) -> Postings {
    var postings = Postings()
    let statement = try connection.statement(
      "SELECT doc, offset FROM terms_\(slot) WHERE term = ?")
    defer { statement.reset() }
    try statement.bind(TermEncoding.encode(term), at: 1)
    var last: Int32 = -1
    while try statement.step() {
      let number = Int32(truncatingIfNeeded: statement.int64(0))
      if number != last {
        postings.numbers.append(number)
        postings.counts.append(0)
        last = number
      }
      postings.counts[postings.counts.count - 1] += 1
      postings.positions.append(Int32(truncatingIfNeeded: statement.int64(1)))
    }
    return postings
  }

  /// The terms that a pattern fits.
  static func terms(
    _ connection: SQLiteConnection, slot: Int, matching pattern: TermPattern
  ) throws(SQLiteError) -> [String] {
    let prefix = TermEncoding.encode(pattern.prefix)
    let found = try connection.query(
      "SELECT DISTINCT term FROM terms_\(slot) WHERE term >= ? AND term <= ?",
      [.text(prefix), .text(prefix + "\u{10FFFF}")]
    ) { TermEncoding.decode($0.text(0)) }
    return found.filter { pattern.matches($0) && !$0.utf8.elementsEqual(TermText.filler) }
  }

  /// Documents in which the terms follow each other at the given distances, and how often.
  static func phrase(_ terms: [Postings], offsets: [Int32]) -> Postings {
    guard let first = terms.first else { return Postings() }
    var cursors = terms.map { _ in (document: 0, position: 0) }
    var found = Postings()
    var start = 0
    for (place, number) in first.numbers.enumerated() {
      let end = start + Int(first.counts[place])
      defer { start = end }
      var isThere = true
      for other in terms.indices.dropFirst() {
        while cursors[other].document < terms[other].numbers.count,
          terms[other].numbers[cursors[other].document] < number
        {
          cursors[other].position += Int(terms[other].counts[cursors[other].document])
          cursors[other].document += 1
        }
        guard cursors[other].document < terms[other].numbers.count,
          terms[other].numbers[cursors[other].document] == number
        else {
          isThere = false
          break
        }
      }
      guard isThere else { continue }
      let starts = first.positions[start..<end].filter { position in
        terms.indices.dropFirst().allSatisfy { other in
          let cursor = cursors[other]
          let range =
            cursor.position..<(cursor.position + Int(terms[other].counts[cursor.document]))
          return terms[other].positions[range].contains(position + offsets[other] - offsets[0])
        }
      }
      guard !starts.isEmpty else { continue }
      found.numbers.append(number)
      found.counts.append(Int32(starts.count))
      found.positions.append(contentsOf: starts)
    }
    return found
  }
}
