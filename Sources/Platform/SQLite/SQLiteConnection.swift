import CSQLite

/// One connection to one SQLite file, in WAL mode.
///
/// Not Sendable: one thread at a time may use it (SQLite's "multi-thread" mode); put it behind a
/// `Mutex` or into an actor to share it. The file is closed when the connection and its statements
/// are gone.
public final class SQLiteConnection {
  /// How hard a commit tries to be on the disk
  /// (<https://sqlite.org/pragma.html#pragma_synchronous>).
  public enum Synchronous: String, Sendable {
    /// A commit survives loss of power.
    case full = "FULL"
    /// A commit survives kill -9; loss of power may take the last ones, never corrupt the file.
    case normal = "NORMAL"
  }

  public struct Options: Sendable {
    public var synchronous: Synchronous
    /// How long to wait for another connection's lock before `isRetriable` is thrown.
    public var busyTimeout: Duration
    /// Reads only; the file must exist.
    public var readOnly: Bool

    public init(
      synchronous: Synchronous = .full, busyTimeout: Duration = .seconds(5), readOnly: Bool = false
    ) {
      self.synchronous = synchronous
      self.busyTimeout = busyTimeout
      self.readOnly = readOnly
    }
  }

  /// Compiled statements kept; beyond it the cache starts afresh.
  private static let maximumCachedStatements = 128

  private let handle: OpaquePointer
  private var statements: [String: SQLiteStatement] = [:]

  /// Opens or creates the file; its directory must exist. `:memory:` is a database of its own.
  public init(path: String, options: Options = Options()) throws(SQLiteError) {
    var opened: OpaquePointer?
    let access =
      options.readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let code = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let opened else {
      let error = SQLiteError(opened, operation: "open")
      sqlite3_close_v2(opened)
      throw error
    }
    handle = opened
    sqlite3_extended_result_codes(handle, 1)
    let (seconds, attoseconds) = options.busyTimeout.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    sqlite3_busy_timeout(handle, Int32(clamping: milliseconds))
    if !options.readOnly {
      try execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=\(options.synchronous.rawValue)")
    }
    try execute("PRAGMA foreign_keys=ON")
  }

  deinit {
    statements.removeAll()
    sqlite3_close_v2(handle)  // waits by itself for statements that someone still holds
  }

  /// Runs one or more statements without parameters. Never build `sql` from outside text: bind it.
  public func execute(_ sql: String) throws(SQLiteError) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
      throw SQLiteError(handle, operation: "execute")
    }
  }

  /// The compiled form of one statement, from the cache where it was used before, reset.
  public func statement(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
    if let cached = statements[sql] {
      cached.reset()
      return cached
    }
    if statements.count >= Self.maximumCachedStatements { statements.removeAll() }
    let statement = try SQLiteStatement(connection: handle, sql: sql)
    statements[sql] = statement
    return statement
  }

  /// Runs a statement that yields no rows; returns the number of rows changed by it.
  @discardableResult
  public func run(_ sql: String, _ values: [SQLiteValue] = []) throws(SQLiteError) -> Int {
    let statement = try statement(sql)
    defer { statement.reset() }
    try statement.bind(values)
    while try statement.step() {}
    return Int(sqlite3_changes64(handle))
  }

  /// All rows of a query, each made by `row` from the statement that stands on it.
  public func query<Row>(
    _ sql: String, _ values: [SQLiteValue] = [],
    _ row: (SQLiteStatement) throws(SQLiteError) -> Row
  ) throws(SQLiteError) -> [Row] {
    let statement = try statement(sql)
    defer { statement.reset() }
    try statement.bind(values)
    var rows: [Row] = []
    while try statement.step() { rows.append(try row(statement)) }
    return rows
  }

  /// The first row of a query, or nil where there is none.
  public func first<Row>(
    _ sql: String, _ values: [SQLiteValue] = [],
    _ row: (SQLiteStatement) throws(SQLiteError) -> Row
  ) throws(SQLiteError) -> Row? {
    let statement = try statement(sql)
    defer { statement.reset() }
    try statement.bind(values)
    return try statement.step() ? try row(statement) : nil
  }

  /// The row id of the last INSERT of this connection.
  public var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

  /// Runs `body` in one transaction: committed when it returns, rolled back when it throws.
  ///
  /// `immediate` takes the write lock at once, so that what was read cannot change before the write
  /// and no lock has to be upgraded half-way (<https://sqlite.org/lang_transaction.html>).
  /// Transactions do not nest.
  @discardableResult
  public func transaction<Result>(
    immediate: Bool = true, _ body: () throws(SQLiteError) -> Result
  ) throws(SQLiteError) -> Result {
    try execute(immediate ? "BEGIN IMMEDIATE" : "BEGIN")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // Some errors (disk full) have rolled back already.
      if sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
      throw error
    }
  }

  /// Copies the log into the file and empties it, so that the one file is the whole database.
  public func checkpoint() throws(SQLiteError) {
    try execute("PRAGMA wal_checkpoint(TRUNCATE)")
  }
}
