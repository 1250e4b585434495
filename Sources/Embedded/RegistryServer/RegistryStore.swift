import SQLite
import Synchronization

/// The registry's state: one SQLite file, durable against loss of power.
///
/// A schema's id is its place in one counter that only grows, and which is kept apart from the
/// schemas, so that no id is ever given out twice: clients remember id → schema for ever. For the
/// same reason a schema's row stays when its last version is deleted for good.
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
    """,
    // Settings of a subject; the global ones have the subject ''.
    """
    ALTER TABLE schemas ADD COLUMN extras TEXT NOT NULL DEFAULT '';
    ALTER TABLE versions ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE refs (
      schema_id INTEGER NOT NULL REFERENCES schemas (id),
      subject TEXT NOT NULL,
      version INTEGER NOT NULL,
      PRIMARY KEY (subject, version, schema_id)
    ) WITHOUT ROWID;
    CREATE TABLE settings (
      subject TEXT NOT NULL,
      kind TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (subject, kind)
    ) WITHOUT ROWID;
    """,
  ]

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

  /// Runs `body` in one transaction, on the disk when this returns; undone where `body` throws.
  func writing<Answer: Sendable>(
    _ body: @Sendable (RegistryDatabase) throws(RegistryProblem) -> Answer
  ) throws(RegistryProblem) -> Answer {
    let result = writer.withLock { connection in
      Result { () throws(RegistryProblem) in
        let database = RegistryDatabase(connection: connection)
        try database.execute("BEGIN IMMEDIATE")
        do throws(RegistryProblem) {
          let answer = try body(database)
          try database.execute("COMMIT")
          return answer
        } catch {
          // Some errors (disk full) have rolled back already.
          try? database.execute("ROLLBACK")
          throw error
        }
      }
    }
    return try result.get()
  }

  func reading<Answer: Sendable>(
    _ body: @Sendable (RegistryDatabase) throws(RegistryProblem) -> Answer
  ) throws(RegistryProblem) -> Answer {
    let result = reader.withLock { connection in
      Result { () throws(RegistryProblem) in
        try body(RegistryDatabase(connection: connection))
      }
    }
    return try result.get()
  }
}
