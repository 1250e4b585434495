import Bytes
import Foundation
import SQLite

/// What tells a file from another of the same name: its size and its first 64 KiB.
public struct FileIdentity: Sendable, Equatable {
  public let size: Int64
  public let head: String

  /// Nil where it can't be read or is no regular file.
  public init?(path: String) {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      attributes[.type] as? FileAttributeType == .typeRegular,
      let size = attributes[.size] as? NSNumber, let file = FileHandle(forReadingAtPath: path)
    else { return nil }
    defer { try? file.close() }
    let data = (try? file.read(upToCount: 64 << 10)) ?? Data()
    self.size = size.int64Value
    head = Hex.encode(Digest.sha256(Array(data)))
  }
}

/// How many lines of each file the broker has acknowledged, for each cluster and topic.
public final class Checkpoints {
  private let database: SQLiteConnection

  /// Opens or makes `ingest.sqlite` in the folder.
  public init(directory: String) throws(IngestError) {
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      database = try SQLiteConnection(path: directory + "/ingest.sqlite")
      try database.migrate([
        """
        CREATE TABLE checkpoint (
          cluster TEXT, topic TEXT, path TEXT, size INTEGER NOT NULL, head TEXT NOT NULL,
          lines INTEGER NOT NULL, PRIMARY KEY (cluster, topic, path)) WITHOUT ROWID;
        """
      ])
    } catch { throw .checkpoint("\(error)") }
  }

  /// 0 where nothing is known of this file.
  public func lines(
    cluster: String, topic: String, path: String, identity: FileIdentity
  ) throws(IngestError) -> Int {
    do throws(SQLiteError) {
      let found = try database.first(
        """
        SELECT lines FROM checkpoint
        WHERE cluster = ? AND topic = ? AND path = ? AND size = ? AND head = ?
        """,
        [
          .text(cluster), .text(topic), .text(path), .integer(identity.size),
          .text(identity.head),
        ]
      ) { $0.int64(0) }
      return Int(found ?? 0)
    } catch { throw .checkpoint("\(error)") }
  }

  /// Whether there is a checkpoint of a file of that name, for whichever cluster.
  public func knows(path: String) throws(IngestError) -> Bool {
    do throws(SQLiteError) {
      return try database.first(
        "SELECT 1 FROM checkpoint WHERE path = ? LIMIT 1", [.text(path)]
      ) { _ in true } ?? false
    } catch { throw .checkpoint("\(error)") }
  }

  public func store(
    cluster: String, topic: String, path: String, identity: FileIdentity, lines: Int
  ) throws(IngestError) {
    do throws(SQLiteError) {
      _ = try database.run(
        "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?, ?)",
        [
          .text(cluster), .text(topic), .text(path), .integer(identity.size),
          .text(identity.head), .integer(Int64(lines)),
        ])
    } catch { throw .checkpoint("\(error)") }
  }
}
