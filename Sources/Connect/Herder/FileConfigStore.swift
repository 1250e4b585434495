import Foundation
import SQLite

/// Keeps connectors in `connectors.sqlite` of the data folder: for one process.
public final class FileConfigStore: ConfigStore, @unchecked Sendable {
  // because the fields are only touched under `lock`, which also keeps deliveries in the order of writes
  private let lock = NSLock()
  private let database: SQLiteConnection
  private let path: String
  private var deliver: (@Sendable (ConfigChange) -> Void)?

  /// Opens or makes the file; the folder is made if need be.
  public init(directory: String) throws(ConfigStoreError) {
    path = directory + "/connectors.sqlite"
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      database = try SQLiteConnection(path: path)
      try database.migrate([
        "CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
      ])
    } catch {
      throw ConfigStoreError("\(path): \(error). Choose another --data DIR")
    }
  }

  public func start(
    _ deliver: @escaping @Sendable (ConfigChange) -> Void
  ) throws(ConfigStoreError) {
    lock.lock()
    defer { lock.unlock() }
    var kept: [String: ConfigRecord] = [:]
    do throws(SQLiteError) {
      let records = try database.query("SELECT key, value FROM config") { row in
        ConfigRecord(key: row.text(0), value: row.text(1))
      }
      for record in records { kept[record.key] = record }
    } catch {
      throw ConfigStoreError("\(path): \(error)")
    }
    for change in ConfigRecord.start(kept) { deliver(change) }
    self.deliver = deliver
  }

  public func write(_ change: ConfigChange) throws(ConfigStoreError) {
    lock.lock()
    defer { lock.unlock() }
    do throws(SQLiteError) {
      try database.transaction { () throws(SQLiteError) in
        for record in ConfigRecord.records(of: change) where record.isLasting { try keep(record) }
      }
    } catch {
      throw ConfigStoreError("\(path) did not take the change: \(error)")
    }
    deliver?(change)
  }

  private func keep(_ record: ConfigRecord) throws(SQLiteError) {
    guard let value = record.value else {
      _ = try database.run("DELETE FROM config WHERE key = ?", [.text(record.key)])
      return
    }
    _ = try database.run(
      "INSERT INTO config VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [.text(record.key), .text(value)])
  }

  public func stop() { lock.withLock { deliver = nil } }
}
