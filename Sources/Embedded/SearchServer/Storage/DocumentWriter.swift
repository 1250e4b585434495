import JSON
import SQLite

/// The statements that put a document into an index's tables, compiled for one mapping.
final class DocumentWriter {
  private let connection: SQLiteConnection
  private let insertDocument: SQLiteStatement
  private let insertColumns: SQLiteStatement
  private let slotCount: Int
  private let insertText: [Int: SQLiteStatement]

  init(_ connection: SQLiteConnection, _ mapping: IndexMapping) throws(SQLiteError) {
    self.connection = connection
    slotCount = mapping.slots.count
    insertDocument = try connection.statement("INSERT INTO doc VALUES (?, ?, ?, ?)")
    let names = (0..<slotCount).map { ", c\($0)" }.joined()
    let places = String(repeating: ", ?", count: slotCount)
    insertColumns = try connection.statement("INSERT INTO col (d\(names)) VALUES (?\(places))")
    var texts: [Int: SQLiteStatement] = [:]
    for leaf in mapping.leaves.values where leaf.type == .text {
      texts[leaf.slot] = try connection.statement(
        "INSERT INTO ft_\(leaf.slot) (rowid, t) VALUES (?, ?)")
    }
    insertText = texts
  }

  func insert(
    _ document: ParsedDocument, number: Int, id: String, routing: String?,
    source: UnsafeRawBufferPointer
  ) throws(SQLiteError) {
    let number = Int64(number)
    try insertDocument.bind(number, at: 1)
    try insertDocument.bind(id, at: 2)
    if let routing { try insertDocument.bind(routing, at: 3) }
    try insertDocument.bind(text: source, at: 4)
    try run(insertDocument)

    try insertColumns.bind(number, at: 1)
    for (slot, value) in document.columns.enumerated() where value != .none {
      try ColumnCoding.bind(value, to: insertColumns, at: slot + 2)
    }
    try run(insertColumns)

    for text in document.texts where !text.terms.bytes.isEmpty {
      guard let insert = insertText[text.slot] else { continue }
      try insert.bind(number, at: 1)
      try text.terms.bytes.withUnsafeBufferPointer { bytes throws(SQLiteError) in
        try insert.bind(text: UnsafeRawBufferPointer(bytes), at: 2)
      }
      try run(insert)
    }
  }

  private func run(_ statement: SQLiteStatement) throws(SQLiteError) {
    defer { statement.reset() }
    _ = try statement.step()
  }

  /// Takes a document out of the columns and the full-text tables, whose terms must be given again:
  /// only those fields that were indexed when it was written.
  func remove(number: Int, mapping: IndexMapping) throws(SQLiteError) {
    let texts = mapping.leaves.values.filter { $0.type == .text }
    if !texts.isEmpty {
      let names = texts.map { "c\($0.slot)" }.joined(separator: ", ")
      let indexed = try connection.first(
        "SELECT \(names) FROM col WHERE d = ?", [.integer(Int64(number))]
      ) { row in texts.indices.map { !row.isNull($0) } }
      let source = try connection.first(
        "SELECT source FROM doc WHERE d = ?", [.integer(Int64(number))]
      ) { $0.text(0) }
      if let source, let indexed {
        try removeTexts(number, source, mapping) { slot in
          texts.firstIndex { $0.slot == slot }.map { indexed[$0] } ?? false
        }
      }
    }
    try connection.run("DELETE FROM col WHERE d = ?", [.integer(Int64(number))])
  }

  private func removeTexts(
    _ number: Int, _ source: String, _ mapping: IndexMapping, _ wasIndexed: (Int) -> Bool
  ) throws(SQLiteError) {
    var parser = JSONParser()
    var documents = DocumentParser(mapping: mapping, id: "")
    var source = source
    source.withUTF8 { utf8 in
      // It was parsed by this mapping, or by one with fewer fields, when it was stored.
      if let json = try? parser.parse(UnsafeRawBufferPointer(utf8)) { try? documents.parse(json) }
    }
    for text in documents.document.texts where wasIndexed(text.slot) {
      guard !text.terms.bytes.isEmpty else { continue }
      try connection.run(
        "INSERT INTO ft_\(text.slot) (ft_\(text.slot), rowid, t) VALUES ('delete', ?, ?)",
        [
          .integer(Int64(number)),
          .text(String(decoding: text.terms.bytes, as: UTF8.self)),
        ])
    }
  }
}
