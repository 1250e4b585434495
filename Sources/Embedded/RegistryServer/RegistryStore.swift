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
  private let waiting = Mutex<[Write]>([])

  /// A change that waits for the connection.
  private struct Write: Sendable {
    /// Says whether the change is to be kept.
    let run: @Sendable (RegistryDatabase) -> Bool
    /// The whole group could not be written.
    let fail: @Sendable (RegistryProblem) -> Void
  }

  /// Opens or makes `registry.db` in a directory that exists.
  init(directory: String) throws(SQLiteError) {
    let path = directory + "/registry.db"
    let connection = try SQLiteConnection(path: path, options: .init(synchronous: .full))
    try connection.migrate(Self.layout)
    writer = Mutex(connection)
    reader = Mutex(try SQLiteConnection(path: path, options: .init(readOnly: true)))
  }

  /// Runs `body` as one change, on the disk when this returns; undone where `body` throws.
  ///
  /// Whoever comes to the connection writes for all that wait, in their order and with one wait for
  /// the disk; each sees what those before it changed, and only its own change is undone.
  func writing<Answer: Sendable>(
    _ body: @escaping @Sendable (RegistryDatabase) throws(RegistryProblem) -> Answer
  ) throws(RegistryProblem) -> Answer {
    let slot = AnswerSlot<Answer>()
    let write = Write(
      run: { database in
        slot.set(Result { () throws(RegistryProblem) in try body(database) })
      },
      fail: { problem in slot.set(.failure(problem)) })
    waiting.withLock { $0.append(write) }
    writer.withLock { connection in
      let group = waiting.withLock { waiting in
        defer { waiting = [] }
        return waiting
      }
      Self.commit(group, RegistryDatabase(connection: connection))
    }
    return try slot.get()
  }

  private static func commit(_ group: [Write], _ database: RegistryDatabase) {
    if group.isEmpty { return }
    do throws(RegistryProblem) {
      try database.execute("BEGIN IMMEDIATE")
      for write in group {
        try database.execute("SAVEPOINT change")
        if write.run(database) {
          try database.execute("RELEASE change")
        } else {
          try database.execute("ROLLBACK TO change; RELEASE change")
        }
      }
      try database.execute("COMMIT")
    } catch {
      // Some errors (disk full) have rolled back already.
      try? database.execute("ROLLBACK")
      for write in group { write.fail(error) }
    }
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

/// The outcome of a write, which another thread may have made.
private final class AnswerSlot<Answer: Sendable>: Sendable {
  private let result = Mutex<Result<Answer, RegistryProblem>>(
    .failure(RegistryProblem(50001, "The write was not made")))

  /// Says whether it is a success.
  @discardableResult func set(_ value: Result<Answer, RegistryProblem>) -> Bool {
    result.withLock { $0 = value }
    if case .success = value { return true }
    return false
  }

  func get() throws(RegistryProblem) -> Answer { try result.withLock { $0 }.get() }
}
