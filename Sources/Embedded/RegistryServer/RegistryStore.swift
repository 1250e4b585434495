import Foundation
import SQLite
import Synchronization

/// One version of one subject, with its schema.
struct StoredVersion: Sendable, Equatable {
  let subject: String
  let version: Int
  let id: Int
  let content: SchemaContent
}

/// The registry's state: one SQLite file, durable against loss of power.
///
/// A schema's id is its place in one counter that only grows, and which is kept apart from the
/// schemas, so that no id is ever given out twice: clients remember id → schema for ever.
/// Two connections: reads never wait for the disk of a write. Any thread may call.
final class RegistryStore: Sendable {
  private static let layout = [
    """
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO counters VALUES ('schema_id', 0);
    CREATE TABLE schemas (
      id INTEGER PRIMARY KEY,
      guid TEXT NOT NULL UNIQUE,
      text TEXT NOT NULL
    );
    CREATE TABLE versions (
      subject TEXT NOT NULL,
      version INTEGER NOT NULL,
      schema_id INTEGER NOT NULL REFERENCES schemas (id),
      PRIMARY KEY (subject, version)
    ) WITHOUT ROWID;
    CREATE INDEX versions_by_schema ON versions (schema_id, subject, version);
    """
  ]

  private static let versionColumns = "v.subject, v.version, v.schema_id, s.text"
  private static let versionTables = "versions v JOIN schemas s ON s.id = v.schema_id"

  private let writer: Mutex<SQLiteConnection>
  private let reader: Mutex<SQLiteConnection>

  /// Opens or makes `registry.db` in a directory that exists.
  init(directory: String) throws(SQLiteError) {
    let path = directory + "/registry.db"
    let connection = try SQLiteConnection(path: path, options: .init(synchronous: .full))
    try connection.migrate(Self.layout)
    writer = Mutex(connection)
    reader = Mutex(try SQLiteConnection(path: path, options: .init(readOnly: true)))
  }

  // MARK: Writing

  /// Gives a schema a version under a subject, or finds the one it has there already.
  func register(
    subject: String, _ request: SchemaRequest
  ) throws(RegistryProblem) -> StoredVersion {
    try writing { (db) throws(SQLiteError) in
      let content = request.content
      if let found = try Self.find(db, subject: subject, content) { return .success(found) }
      if request.id != nil {
        return .failure(.notPermitted("Subject \(subject) in context  is not in import mode"))
      }
      let next = try Self.nextVersion(db, subject: subject)
      guard request.version == nil || request.version == next else {
        return .failure(.invalidSchema("Version is not one more than previous version"))
      }
      let id = try Self.id(db, of: content)
      try db.run(
        "INSERT INTO versions (subject, version, schema_id) VALUES (?, ?, ?)",
        [.text(subject), .integer(Int64(next)), .integer(Int64(id))])
      return .success(
        StoredVersion(subject: subject, version: next, id: id, content: content))
    }
  }

  /// The id of a content that has one, else the next.
  private static func id(
    _ db: SQLiteConnection, of content: SchemaContent
  ) throws(SQLiteError) -> Int {
    let known = try db.first("SELECT id FROM schemas WHERE guid = ?", [.text(content.guid)]) {
      row in row.int64(0)
    }
    if let known { return Int(known) }
    try db.run("UPDATE counters SET value = value + 1 WHERE name = 'schema_id'")
    let id = try lastID(db)
    try db.run(
      "INSERT INTO schemas (id, guid, text) VALUES (?, ?, ?)",
      [.integer(Int64(id)), .text(content.guid), .text(content.text)])
    return id
  }

  private static func nextVersion(
    _ db: SQLiteConnection, subject: String
  ) throws(SQLiteError) -> Int {
    let newest = try db.first(
      "SELECT max(version) FROM versions WHERE subject = ?", [.text(subject)]
    ) { row in row.int64(0) }
    return Int(newest ?? 0) + 1
  }

  // MARK: Reading

  func subjects(prefix: String) throws(RegistryProblem) -> [String] {
    try reading { (db) throws(SQLiteError) in
      try db.query(
        "SELECT DISTINCT subject FROM versions WHERE substr(subject, 1, length(?1)) = ?1"
          + " ORDER BY subject", [.text(prefix)]
      ) { row in row.text(0) }
    }
  }

  /// The versions of a subject, ascending; none where there is no such subject.
  func versions(subject: String) throws(RegistryProblem) -> [Int] {
    try reading { (db) throws(SQLiteError) in
      try db.query(
        "SELECT version FROM versions WHERE subject = ? ORDER BY version", [.text(subject)]
      ) { row in Int(row.int64(0)) }
    }
  }

  /// One version of a subject, or its newest where `version` is nil.
  func version(_ version: Int?, subject: String) throws(RegistryProblem) -> StoredVersion? {
    try reading { (db) throws(SQLiteError) in
      try db.first(
        "SELECT \(Self.versionColumns) FROM \(Self.versionTables) WHERE v.subject = ?1"
          + " AND (?2 IS NULL OR v.version = ?2) ORDER BY v.version DESC LIMIT 1",
        [.text(subject), version.map { .integer(Int64($0)) } ?? .null], Self.storedVersion)
    }
  }

  func find(
    subject: String, _ content: SchemaContent
  ) throws(RegistryProblem) -> StoredVersion? {
    try reading { (db) throws(SQLiteError) in try Self.find(db, subject: subject, content) }
  }

  /// The versions that have a schema, by subject and version.
  func versions(id: Int) throws(RegistryProblem) -> [(subject: String, version: Int)] {
    try reading { (db) throws(SQLiteError) in
      try db.query(
        "SELECT subject, version FROM versions WHERE schema_id = ? ORDER BY subject, version",
        [.integer(Int64(id))]
      ) { row in (row.text(0), Int(row.int64(1))) }
    }
  }

  func schema(id: Int) throws(RegistryProblem) -> SchemaContent? {
    try reading { (db) throws(SQLiteError) in
      try db.first("SELECT text FROM schemas WHERE id = ?", [.integer(Int64(id))]) { row in
        SchemaContent(text: row.text(0))
      }
    }
  }

  /// - Parameter guid: in lower case.
  func schema(guid: String) throws(RegistryProblem) -> (id: Int, content: SchemaContent)? {
    try reading { (db) throws(SQLiteError) in
      try db.first("SELECT id, text FROM schemas WHERE guid = ?", [.text(guid)]) { row in
        (Int(row.int64(0)), SchemaContent(text: row.text(1)))
      }
    }
  }

  /// The highest id ever given out.
  func lastID() throws(RegistryProblem) -> Int {
    try reading { (db) throws(SQLiteError) in try Self.lastID(db) }
  }

  private static func lastID(_ db: SQLiteConnection) throws(SQLiteError) -> Int {
    let value = try db.first("SELECT value FROM counters WHERE name = 'schema_id'") { row in
      row.int64(0)
    }
    return Int(value ?? 0)
  }

  private static func find(
    _ db: SQLiteConnection, subject: String, _ content: SchemaContent
  ) throws(SQLiteError) -> StoredVersion? {
    try db.first(
      "SELECT \(versionColumns) FROM \(versionTables) WHERE v.subject = ? AND s.guid = ?"
        + " ORDER BY v.version DESC LIMIT 1",
      [.text(subject), .text(content.guid)], storedVersion)
  }

  private static func storedVersion(_ row: SQLiteStatement) -> StoredVersion {
    StoredVersion(
      subject: row.text(0), version: Int(row.int64(1)), id: Int(row.int64(2)),
      content: SchemaContent(text: row.text(3)))
  }

  // MARK: Connections

  private func writing<Answer: Sendable>(
    _ body: @Sendable (SQLiteConnection) throws(SQLiteError) -> Result<Answer, RegistryProblem>
  ) throws(RegistryProblem) -> Answer {
    let result = writer.withLock { db in
      do throws(SQLiteError) {
        return try db.transaction { () throws(SQLiteError) in try body(db) }
      } catch {
        return Result<Answer, RegistryProblem>.failure(RegistryProblem(error))
      }
    }
    return try result.get()
  }

  private func reading<Answer: Sendable>(
    _ body: @Sendable (SQLiteConnection) throws(SQLiteError) -> Answer
  ) throws(RegistryProblem) -> Answer {
    let result = reader.withLock { db in
      do throws(SQLiteError) {
        return Result<Answer, RegistryProblem>.success(try body(db))
      } catch {
        return .failure(RegistryProblem(error))
      }
    }
    return try result.get()
  }
}
