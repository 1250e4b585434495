import SQLite

/// What the registry asks of its tables, inside a read or a transaction of `RegistryStore`.
struct RegistryDatabase {
  let connection: SQLiteConnection

  func execute(_ sql: String) throws(RegistryProblem) {
    do { try connection.execute(sql) } catch { throw RegistryProblem(error) }
  }

  @discardableResult
  func run(_ sql: String, _ values: SQLiteValue...) throws(RegistryProblem) -> Int {
    do { return try connection.run(sql, values) } catch { throw RegistryProblem(error) }
  }

  func first<Row>(
    _ sql: String, _ values: SQLiteValue..., row: (SQLiteStatement) throws(SQLiteError) -> Row
  ) throws(RegistryProblem) -> Row? {
    do { return try connection.first(sql, values, row) } catch { throw RegistryProblem(error) }
  }

  func query<Row>(
    _ sql: String, _ values: SQLiteValue..., row: (SQLiteStatement) throws(SQLiteError) -> Row
  ) throws(RegistryProblem) -> [Row] {
    do { return try connection.query(sql, values, row) } catch { throw RegistryProblem(error) }
  }
}

/// Which versions are meant: soft-deleted ones are hidden from most questions.
enum Deletion: Sendable {
  case live, deletedToo, deletedOnly

  /// A condition on `v.deleted`.
  var sql: String {
    switch self {
    case .live: "v.deleted = 0"
    case .deletedToo: "1"
    case .deletedOnly: "v.deleted = 1"
    }
  }
}

// MARK: Versions

extension RegistryDatabase {
  private static let columns = "v.subject, v.version, v.schema_id, v.deleted, s.text, s.extras"
  private static let tables = "versions v JOIN schemas s ON s.id = v.schema_id"

  /// Subjects by the beginning of their names, sorted; `deletedOnly` are those without a live one.
  func subjects(prefix: String, _ deletion: Deletion) throws(RegistryProblem) -> [String] {
    let having =
      switch deletion {
      case .live: "HAVING min(deleted) = 0"
      case .deletedToo: ""
      case .deletedOnly: "HAVING min(deleted) = 1"
      }
    return try query(
      "SELECT subject FROM versions WHERE substr(subject, 1, length(?1)) = ?1"
        + " GROUP BY subject \(having) ORDER BY subject", .text(prefix)
    ) { row in row.text(0) }
  }

  /// The versions of a subject, ascending; none where there is no such subject.
  func versions(of subject: String, _ deletion: Deletion) throws(RegistryProblem) -> [StoredVersion]
  {
    try query(
      "SELECT \(Self.columns) FROM \(Self.tables) WHERE v.subject = ? AND \(deletion.sql)"
        + " ORDER BY v.version", .text(subject), row: Self.version)
  }

  /// Whether a subject has any such version.
  func hasVersions(_ subject: String, _ deletion: Deletion) throws(RegistryProblem) -> Bool {
    try first(
      "SELECT 1 FROM versions v WHERE v.subject = ? AND \(deletion.sql) LIMIT 1", .text(subject)
    ) { _ in true } ?? false
  }

  /// One version of a subject, or its newest where `version` is nil.
  func version(
    _ version: Int?, of subject: String, _ deletion: Deletion
  ) throws(RegistryProblem) -> StoredVersion? {
    try first(
      "SELECT \(Self.columns) FROM \(Self.tables) WHERE v.subject = ?1 AND \(deletion.sql)"
        + " AND (?2 IS NULL OR v.version = ?2) ORDER BY v.version DESC LIMIT 1",
      .text(subject), version.map { .integer(Int64($0)) } ?? .null, row: Self.version)
  }

  /// The newest version of a subject that has this content.
  func find(
    _ content: SchemaContent, in subject: String, _ deletion: Deletion
  ) throws(RegistryProblem) -> StoredVersion? {
    try first(
      "SELECT \(Self.columns) FROM \(Self.tables) WHERE v.subject = ? AND s.guid = ?"
        + " AND \(deletion.sql) ORDER BY v.version DESC LIMIT 1",
      .text(subject), .text(content.guid), row: Self.version)
  }

  /// All versions of all subjects, by subject and version.
  func allVersions(
    prefix: String, _ deletion: Deletion
  ) throws(RegistryProblem) -> [StoredVersion] {
    try query(
      "SELECT \(Self.columns) FROM \(Self.tables) WHERE substr(v.subject, 1, length(?1)) = ?1"
        + " AND \(deletion.sql) ORDER BY v.subject, v.version", .text(prefix), row: Self.version)
  }

  /// The versions that have a schema, by subject and version.
  func holders(
    of id: Int, _ deletion: Deletion
  ) throws(RegistryProblem) -> [(subject: String, version: Int)] {
    try query(
      "SELECT v.subject, v.version FROM versions v WHERE v.schema_id = ? AND \(deletion.sql)"
        + " ORDER BY v.subject, v.version", .integer(Int64(id))
    ) { row in (row.text(0), Int(row.int64(1))) }
  }

  private static func version(_ row: SQLiteStatement) -> StoredVersion {
    StoredVersion(
      subject: row.text(0), version: Int(row.int64(1)), id: Int(row.int64(2)),
      isDeleted: row.int64(3) != 0, content: SchemaContent(text: row.text(4), extras: row.text(5)))
  }
}

// MARK: Schemas

extension RegistryDatabase {
  private static let isHeld = "EXISTS (SELECT 1 FROM versions v WHERE v.schema_id = s.id)"

  /// A schema that some version has, be it soft-deleted.
  func schema(id: Int) throws(RegistryProblem) -> SchemaContent? {
    try first(
      "SELECT s.text, s.extras FROM schemas s WHERE s.id = ? AND \(Self.isHeld)",
      .integer(Int64(id))
    ) { row in SchemaContent(text: row.text(0), extras: row.text(1)) }
  }

  /// - Parameter guid: in lower case.
  func schema(guid: String) throws(RegistryProblem) -> (id: Int, content: SchemaContent)? {
    try first(
      "SELECT s.id, s.text, s.extras FROM schemas s WHERE s.guid = ? AND \(Self.isHeld)",
      .text(guid)
    ) { row in
      (Int(row.int64(0)), SchemaContent(text: row.text(1), extras: row.text(2)))
    }
  }

  /// The highest id ever given out.
  func lastID() throws(RegistryProblem) -> Int {
    let value = try first("SELECT value FROM counters WHERE name = 'schema_id'") { row in
      Int(row.int64(0))
    }
    return value ?? 0
  }

  /// Schemas that refer to a version and are held by a version themselves, by id.
  func referrers(
    to subject: String, version: Int, _ deletion: Deletion
  ) throws(RegistryProblem) -> [Int] {
    try query(
      "SELECT r.schema_id FROM refs r WHERE r.subject = ? AND r.version = ? AND EXISTS"
        + " (SELECT 1 FROM versions v WHERE v.schema_id = r.schema_id AND \(deletion.sql))"
        + " ORDER BY r.schema_id", .text(subject), .integer(Int64(version))
    ) { row in Int(row.int64(0)) }
  }
}
