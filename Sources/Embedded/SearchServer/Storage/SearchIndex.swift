import JSON
import SQLite

/// One index: its file, its mapping, and what is kept in memory of it.
///
/// Not Sendable: the node's lock has it.
final class SearchIndex {
  let name: String
  let uuid: String
  /// Flat names without `index.`, as `PUT /index` gave them.
  var settings: JSONValue
  let createdAt: Int64
  private(set) var mapping = IndexMapping()
  /// Documents that are there, by number.
  private(set) var live = Bitmap()
  private(set) var count = 0
  /// Numbers given out so far.
  private(set) var nextNumber = 0
  private(set) var nextSequence: Int64 = 0
  /// Since the server started, as `_stats` has it.
  var indexTotal = 0
  var deleteTotal = 0
  /// While a scroll is open, what it may still show of deleted documents is kept.
  var openScrolls = 0 { didSet { if openScrolls == 0 { dropKept() } } }
  private var kept: [Int] = []

  let connection: SQLiteConnection
  let columns: ColumnStore
  private var writer: DocumentWriter?

  init(
    name: String, uuid: String, path: String, settings: JSONValue, createdAt: Int64
  ) throws(SearchProblem) {
    self.name = name
    self.uuid = uuid
    self.settings = settings
    self.createdAt = createdAt
    connection = try storing { () throws(SQLiteError) in
      // The file grows with the reviews: a larger cache than SQLite's own.
      let connection = try SQLiteConnection(path: path)
      try connection.execute("PRAGMA cache_size=-65536")
      try connection.migrate(IndexTables.layout)
      return connection
    }
    columns = ColumnStore(connection)
    try load()
  }

  /// Reads what memory holds from the file: at the start, and after a write that failed.
  private func load() throws(SearchProblem) {
    writer = nil
    columns.removeAll()
    live = Bitmap()
    kept = []
    let texts = try storing { () throws(SQLiteError) in
      try connection.query("SELECT key, value FROM meta") { ($0.text(0), $0.text(1)) }
    }
    let meta = Dictionary(texts) { _, last in last }
    var slots: [String: Int] = [:]
    for member in meta["slots"].flatMap({ try? JSONValue.parse($0) })?.object ?? [] {
      slots[member.name] = member.value.int64.map { Int($0) }
    }
    let json = meta["mapping"].flatMap { try? JSONValue.parse($0) }
    mapping = try IndexMapping(json ?? .object([]), slots: slots)
    try storing { () throws(SQLiteError) in
      try connection.execute(
        "DELETE FROM doc WHERE d NOT IN (SELECT d FROM version WHERE d IS NOT NULL)")
      let numbers = try connection.query("SELECT d FROM version WHERE d IS NOT NULL") {
        Int($0.int64(0))
      }
      for number in numbers { live.insert(number) }
      count = numbers.count
      nextNumber = (numbers.max() ?? -1) + 1
      nextSequence =
        try connection.first("SELECT max(seq) FROM version") {
          $0.isNull(0) ? 0 : $0.int64(0) + 1
        } ?? 0
    }
  }

  // MARK: Writing

  /// Runs writes in one transaction, which is on the disk when this returns. Where it throws,
  /// nothing of it happened.
  func transaction<Answer>(
    _ body: () throws(SearchProblem) -> Answer
  ) throws(SearchProblem) -> Answer {
    try begin()
    let (sequence, before) = (nextSequence, mapping)
    do throws(SearchProblem) {
      let answer = try body()
      try commit()
      return answer
    } catch {
      if nextSequence == sequence, mapping == before {
        // A conflict or a refused document: memory is as it was.
        try storing { () throws(SQLiteError) in try connection.execute("ROLLBACK") }
      } else {
        try rollback()
      }
      throw error
    }
  }

  func begin() throws(SearchProblem) {
    try storing { () throws(SQLiteError) in try connection.execute("BEGIN IMMEDIATE") }
  }

  func commit() throws(SearchProblem) {
    try storing { () throws(SQLiteError) in try connection.execute("COMMIT") }
  }

  func rollback() throws(SearchProblem) {
    // Some errors (disk full) have rolled back already.
    try? connection.execute("ROLLBACK")
    try load()
  }

  /// Adds fields; inside a transaction.
  func merge(mapping json: JSONValue) throws(SearchProblem) {
    var grown = mapping
    try grown.merge(json)
    try adopt(grown)
  }

  /// Makes the columns and tables that a mapping needs beyond the present one.
  func adopt(_ grown: IndexMapping) throws(SearchProblem) {
    guard grown != mapping else { return }
    let old = mapping
    try storing { () throws(SQLiteError) in
      for (path, slot) in grown.slots.sorted(by: { $0.value < $1.value })
      where old.slots[path] == nil {
        try connection.execute("ALTER TABLE col ADD COLUMN c\(slot)")
        if grown.leaves[path]?.type == .text { try connection.execute(IndexTables.fullText(slot)) }
      }
      for (key, value) in [("mapping", grown.json), ("slots", grown.slotsJSON)] {
        try connection.run(
          "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
          [.text(key), .text(value.serialized())])
      }
    }
    mapping = grown
    writer = nil
  }

  func takeSequence() -> Int64 {
    defer { nextSequence += 1 }
    return nextSequence
  }

  /// Stores a parsed document under a new number.
  func insert(
    _ document: ParsedDocument, id: String, routing: String?, source: UnsafeRawBufferPointer
  ) throws(SQLiteError) -> Int {
    let number = nextNumber
    let writer = try documentWriter()
    try writer.insert(document, number: number, id: id, routing: routing, source: source)
    nextNumber += 1
    live.insert(number)
    count += 1
    return number
  }

  /// Takes a document out of every table.
  func remove(number: Int) throws(SQLiteError) {
    try documentWriter().remove(number: number, mapping: mapping)
    if openScrolls > 0 {
      kept.append(number)
    } else {
      try connection.run("DELETE FROM doc WHERE d = ?", [.integer(Int64(number))])
    }
    live.remove(number)
    count -= 1
  }

  private func documentWriter() throws(SQLiteError) -> DocumentWriter {
    if let writer { return writer }
    let made = try DocumentWriter(connection, mapping)
    writer = made
    return made
  }

  private func dropKept() {
    for number in kept {
      // What stays is found again, and dropped, when the file is opened.
      _ = try? connection.run("DELETE FROM doc WHERE d = ?", [.integer(Int64(number))])
    }
    kept = []
  }

  // MARK: Reading

  struct VersionRow {
    /// nil where the document was deleted.
    let number: Int?
    let version: Int64
    let sequence: Int64
  }

  func version(of id: String) throws(SQLiteError) -> VersionRow? {
    try connection.first("SELECT d, version, seq FROM version WHERE id = ?", [.text(id)]) { row in
      VersionRow(
        number: row.isNull(0) ? nil : Int(row.int64(0)), version: row.int64(1),
        sequence: row.int64(2))
    }
  }

  func setVersion(
    of id: String, number: Int?, version: Int64, sequence: Int64
  ) throws(SQLiteError) {
    try connection.run(
      "INSERT INTO version VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET "
        + "d = ?2, version = ?3, seq = ?4",
      [
        .text(id), number.map { .integer(Int64($0)) } ?? .null, .integer(version),
        .integer(sequence),
      ])
  }

  struct StoredDocument {
    let id: String
    let routing: String?
    let source: String
  }

  func document(number: Int) throws(SQLiteError) -> StoredDocument? {
    try connection.first(
      "SELECT id, routing, source FROM doc WHERE d = ?", [.integer(Int64(number))]
    ) { row in
      StoredDocument(
        id: row.text(0), routing: row.isNull(1) ? nil : row.text(1), source: row.text(2))
    }
  }

  /// Bytes of the file and its log.
  func sizeInBytes() throws(SQLiteError) -> Int {
    let pages = try connection.first("PRAGMA page_count") { $0.int64(0) } ?? 0
    let size = try connection.first("PRAGMA page_size") { $0.int64(0) } ?? 0
    return Int(pages * size)
  }
}
