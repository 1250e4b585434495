import CSQLite

/// One compiled statement: bind, step, read, reset.
///
/// Parameters count from 1, columns from 0, as in SQLite. A statement belongs to its connection and
/// to the connection's thread. It comes from the connection's cache, so two loops over the same SQL
/// at the same time would disturb each other: finish (or `reset`) one before starting the next.
public final class SQLiteStatement {
  private let handle: OpaquePointer

  init(connection: OpaquePointer, sql: String) throws(SQLiteError) {
    var prepared: OpaquePointer?
    let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
    guard sqlite3_prepare_v3(connection, sql, -1, flags, &prepared, nil) == SQLITE_OK else {
      throw SQLiteError(connection, operation: "prepare")
    }
    guard let prepared else {
      throw SQLiteError(code: SQLITE_MISUSE, operation: "prepare", message: "empty statement")
    }
    handle = prepared
  }

  deinit { sqlite3_finalize(handle) }

  // MARK: Binding

  public func bind(_ value: Int64, at index: Int) throws(SQLiteError) {
    try check(sqlite3_bind_int64(handle, Int32(clamping: index), value))
  }

  public func bind(_ value: Double, at index: Int) throws(SQLiteError) {
    try check(sqlite3_bind_double(handle, Int32(clamping: index), value))
  }

  /// Binds UTF-8 text; it is copied. Text with a NUL inside is stored whole.
  public func bind(_ value: String, at index: Int) throws(SQLiteError) {
    var value = value
    let code = value.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) {
        opine_sqlite_bind_text(handle, Int32(clamping: index), $0.baseAddress, UInt64($0.count))
      }
    }
    try check(code)
  }

  public func bind(_ value: [UInt8], at index: Int) throws(SQLiteError) {
    try check(
      value.withUnsafeBytes {
        opine_sqlite_bind_blob(handle, Int32(clamping: index), $0.baseAddress, UInt64($0.count))
      })
  }

  /// Binds a blob; it is copied.
  public func bind(_ value: UnsafeRawBufferPointer, at index: Int) throws(SQLiteError) {
    let count = UInt64(value.count)
    try check(opine_sqlite_bind_blob(handle, Int32(clamping: index), value.baseAddress, count))
  }

  /// Binds UTF-8 text; it is copied. Text with a NUL inside is stored whole.
  public func bind(text: UnsafeRawBufferPointer, at index: Int) throws(SQLiteError) {
    let start = text.bindMemory(to: CChar.self).baseAddress
    try check(opine_sqlite_bind_text(handle, Int32(clamping: index), start, UInt64(text.count)))
  }

  public func bindNull(at index: Int) throws(SQLiteError) {
    try check(sqlite3_bind_null(handle, Int32(clamping: index)))
  }

  public func bind(_ value: SQLiteValue, at index: Int) throws(SQLiteError) {
    switch value {
    case .null: try bindNull(at: index)
    case .integer(let value): try bind(value, at: index)
    case .real(let value): try bind(value, at: index)
    case .text(let value): try bind(value, at: index)
    case .blob(let value): try bind(value, at: index)
    }
  }

  /// Binds parameters 1, 2, …; those beyond the list keep what they had (NULL after `reset`).
  public func bind(_ values: [SQLiteValue]) throws(SQLiteError) {
    for (index, value) in values.enumerated() { try bind(value, at: index + 1) }
  }

  private func check(_ code: Int32) throws(SQLiteError) {
    if code != SQLITE_OK { throw SQLiteError(sqlite3_db_handle(handle), operation: "bind") }
  }

  // MARK: Running

  /// Runs to the next row; `false` when there is none left. After an error the statement is reset.
  public func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default:
      let error = SQLiteError(sqlite3_db_handle(handle), operation: "step")
      reset()
      throw error
    }
  }

  /// Makes it ready to run again and lets go of the bound values; ends its read transaction.
  public func reset() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
  }

  // MARK: Reading the current row

  public var columnCount: Int { Int(sqlite3_column_count(handle)) }

  public func columnName(_ column: Int) -> String {
    sqlite3_column_name(handle, Int32(clamping: column)).map { String(cString: $0) } ?? ""
  }

  public func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(handle, Int32(clamping: column)) == SQLITE_NULL
  }

  /// The column as an integer; 0 for NULL.
  public func int64(_ column: Int) -> Int64 {
    sqlite3_column_int64(handle, Int32(clamping: column))
  }

  public func double(_ column: Int) -> Double {
    sqlite3_column_double(handle, Int32(clamping: column))
  }

  /// The column as text; empty for NULL.
  public func text(_ column: Int) -> String {
    withText(column) { String(decoding: $0, as: UTF8.self) }
  }

  /// The column's UTF-8, valid for the call.
  public func withText<Result>(
    _ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let column = Int32(clamping: column)
    let start = sqlite3_column_text(handle, column)  // before column_bytes, which measures it
    let count = Int(sqlite3_column_bytes(handle, column))
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  public func bytes(_ column: Int) -> [UInt8] {
    withBytes(column) { Array($0) }
  }

  /// The column's bytes, valid for the call.
  public func withBytes<Result>(
    _ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let column = Int32(clamping: column)
    let start = sqlite3_column_blob(handle, column)
    let count = Int(sqlite3_column_bytes(handle, column))
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// The column in its own storage class.
  public func value(_ column: Int) -> SQLiteValue {
    switch sqlite3_column_type(handle, Int32(clamping: column)) {
    case SQLITE_INTEGER: .integer(int64(column))
    case SQLITE_FLOAT: .real(double(column))
    case SQLITE_TEXT: .text(text(column))
    case SQLITE_BLOB: .blob(bytes(column))
    default: .null
    }
  }
}
