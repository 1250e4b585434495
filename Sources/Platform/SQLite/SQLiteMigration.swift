import CSQLite

extension SQLiteConnection {
  /// The number that the application keeps in the file's header; 0 in a new file.
  public func userVersion() throws(SQLiteError) -> Int {
    let version = try first("PRAGMA user_version") { row in row.int64(0) }
    return Int(version ?? 0)
  }

  /// Brings the file to the newest layout: `steps[n]` leads from user version n to n + 1.
  ///
  /// All that are missing run in one transaction, so a file is never between two versions. Append
  /// to the list, never change it. A file from a newer program is refused, and left as it is.
  public func migrate(_ steps: [String]) throws(SQLiteError) {
    try transaction { () throws(SQLiteError) in
      let current = try userVersion()
      guard current <= steps.count else {
        throw SQLiteError(
          code: SQLITE_MISMATCH, operation: "migrate",
          message: "the file has layout \(current), this program knows up to \(steps.count)")
      }
      guard current < steps.count else { return }
      for step in steps[max(current, 0)...] { try execute(step) }
      try execute("PRAGMA user_version=\(steps.count)")
    }
  }
}
