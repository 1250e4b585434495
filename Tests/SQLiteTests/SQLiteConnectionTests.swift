import Foundation
import Testing

@testable import SQLite

/// A database file in a directory of its own, removed at the end.
private func withFile(_ body: (String) throws -> Void) throws {
  let directory = FileManager.default.temporaryDirectory
    .appendingPathComponent("opine-sqlite-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  try body(directory.appendingPathComponent("test.db").path)
}

@Suite struct SQLiteConnectionTests {
  @Test func everyStorageClassComesBackAsItWasBound() throws {
    let db = try SQLiteConnection(path: ":memory:")
    try db.execute("CREATE TABLE t (a, b, c, d, e, f)")
    let values: [SQLiteValue] = [
      .integer(.min), .real(1.5), .text("naïve \0 '; DROP TABLE t"), .blob([0, 255]), .blob([]),
      nil,
    ]
    try db.run("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", values)
    let rows = try db.query("SELECT * FROM t") { row in
      (0..<row.columnCount).map { row.value($0) }
    }
    #expect(rows == [values])
  }

  @Test func emptyTextIsNotNull() throws {
    let db = try SQLiteConnection(path: ":memory:")
    #expect(try db.first("SELECT ?", [""]) { row in row.value(0) } == .text(""))
  }

  @Test func aStatementIsReusedWithFreshBindings() throws {
    let db = try SQLiteConnection(path: ":memory:")
    let one = try db.statement("SELECT ?")
    try one.bind(Int64(7), at: 1)
    #expect(try one.step())
    let again = try db.statement("SELECT ?")
    #expect(one === again)
    #expect(try again.step() && again.isNull(0))
  }

  @Test func aTransactionThatThrowsLeavesNothing() throws {
    let db = try SQLiteConnection(path: ":memory:")
    try db.execute("CREATE TABLE t (a UNIQUE)")
    let error = #expect(throws: SQLiteError.self) {
      try db.transaction { () throws(SQLiteError) in
        try db.run("INSERT INTO t VALUES (?)", [1])
        try db.run("INSERT INTO t VALUES (?)", [1])
      }
    }
    #expect(error?.isConstraint == true)
    #expect(try db.first("SELECT count(*) FROM t") { row in row.int64(0) } == 0)
  }

  @Test func whatWasCommittedIsThereAfterReopening() throws {
    try withFile { path in
      do {
        let db = try SQLiteConnection(path: path)
        try db.execute("CREATE TABLE t (a)")
        try db.transaction { () throws(SQLiteError) in try db.run("INSERT INTO t VALUES (?)", ["x"])
        }
      }
      let db = try SQLiteConnection(path: path, options: .init(readOnly: true))
      #expect(try db.query("SELECT a FROM t") { row in row.text(0) } == ["x"])
      #expect(throws: SQLiteError.self) { try db.execute("DELETE FROM t") }
    }
  }

  @Test func theFileIsInWALModeWithTheSynchronousLevelAskedFor() throws {
    try withFile { path in
      let full = try SQLiteConnection(path: path)
      #expect(try full.first("PRAGMA journal_mode") { row in row.text(0) } == "wal")
      #expect(try full.first("PRAGMA synchronous") { row in row.int64(0) } == 2)
      let normal = try SQLiteConnection(path: path, options: .init(synchronous: .normal))
      #expect(try normal.first("PRAGMA synchronous") { row in row.int64(0) } == 1)
    }
  }

  @Test func aLockHeldByAnotherConnectionIsRetriable() throws {
    try withFile { path in
      let first = try SQLiteConnection(path: path)
      try first.execute("CREATE TABLE t (a); BEGIN IMMEDIATE")
      let second = try SQLiteConnection(path: path, options: .init(busyTimeout: .milliseconds(10)))
      let error = #expect(throws: SQLiteError.self) {
        try second.transaction { () throws(SQLiteError) in }
      }
      #expect(error?.isRetriable == true)
      try first.execute("COMMIT")
      try second.transaction { () throws(SQLiteError) in try second.run("INSERT INTO t VALUES (1)")
      }
    }
  }

  @Test func migrationsRunOnceAndAllOrNothing() throws {
    try withFile { path in
      let db = try SQLiteConnection(path: path)
      try db.migrate(["CREATE TABLE a (x)"])
      #expect(throws: SQLiteError.self) {
        try db.migrate(["CREATE TABLE a (x)", "CREATE TABLE b (x)", "nonsense"])
      }
      #expect(try db.userVersion() == 1)
      try db.migrate(["CREATE TABLE a (x)", "CREATE TABLE b (x)"])
      #expect(try db.userVersion() == 2)
      #expect(throws: SQLiteError.self) { try db.migrate(["CREATE TABLE a (x)"]) }
      try db.run("INSERT INTO b VALUES (1)")
    }
  }

  @Test func errorsSayWhatWasDoneAndNeverShowBoundValues() throws {
    let error = #expect(throws: SQLiteError.self) { try SQLiteConnection(path: "/nowhere/x.db") }
    #expect(error?.operation == "open")
    let db = try SQLiteConnection(path: ":memory:")
    try db.execute("CREATE TABLE t (a CHECK (a = 1))")
    let refused = #expect(throws: SQLiteError.self) {
      try db.run("INSERT INTO t VALUES (?)", ["secret"])
    }
    #expect(refused?.description.contains("secret") == false)
    #expect(throws: SQLiteError.self) { try db.run("SELECT ?", [1, 2]) }
    #expect(throws: SQLiteError.self) { try db.statement("  ") }
  }
}
