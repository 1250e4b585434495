import CSQLite

/// What SQLite refused, in its own words. Carries no bound value and no row content.
public struct SQLiteError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The extended result code (<https://sqlite.org/rescode.html>).
  public let code: Int32
  /// What was being done: `open`, `prepare`, `step`, `migrate`, …
  public let operation: String
  /// SQLite's text, which names tables and constraints.
  public let message: String

  public init(code: Int32, operation: String, message: String) {
    self.code = code
    self.operation = operation
    self.message = message
  }

  init(_ handle: OpaquePointer?, operation: String) {
    code = handle.map(sqlite3_extended_errcode) ?? SQLITE_NOMEM
    self.operation = operation
    message = handle.flatMap(sqlite3_errmsg).map { String(cString: $0) } ?? "out of memory"
  }

  private var primaryCode: Int32 { code & 0xff }

  /// Another connection holds the lock beyond the busy timeout: the same call may succeed later.
  public var isRetriable: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }

  /// A UNIQUE, NOT NULL, CHECK or foreign key constraint said no; nothing was written.
  public var isConstraint: Bool { primaryCode == SQLITE_CONSTRAINT }

  /// The disk is full: nothing was written, and nothing is lost.
  public var isDiskFull: Bool { primaryCode == SQLITE_FULL }

  public var description: String { "SQLite \(operation): \(message) (code \(code))" }
}
