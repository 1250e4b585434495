import Foundation
import Kafka
import SQLite

/// What a worker remembers between runs in its data folder: the cluster, the topics' partition counts and
/// the last commits, so that a topic made anew or a commit that is gone is seen; and its own identity.
///
/// One SQLite file; every call is one small transaction. Not thread-safe: one for each worker.
public final class StateStore {
  private let database: SQLiteConnection

  /// Opens or makes `state.sqlite` in the folder.
  public init(directory: String) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    // Several stages may start on one folder at once, and making the file's tables is not for two:
    // SQLite answers "locked" there without waiting.
    let lock = open(directory + "/state.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { if lock >= 0 { Foundation.close(lock) } }
    if lock >= 0 { flock(lock, LOCK_EX) }
    database = try SQLiteConnection(path: directory + "/state.sqlite")
    try database.migrate([
      """
      CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE committed (
        consumer_group TEXT, topic TEXT, partition INTEGER, position INTEGER NOT NULL,
        PRIMARY KEY (consumer_group, topic, partition)) WITHOUT ROWID;
      """
    ])
  }

  public func fact(_ name: String) throws(SQLiteError) -> String? {
    try database.first("SELECT value FROM fact WHERE name = ?", [.text(name)]) { $0.text(0) }
  }

  public func setFact(_ name: String, _ value: String) throws(SQLiteError) {
    _ = try database.run(
      "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [.text(name), .text(value)])
  }

  public func committed(
    group: String, topic: String, partition: Int32
  ) throws(SQLiteError) -> Int64? {
    try database.first(
      "SELECT position FROM committed WHERE consumer_group = ? AND topic = ? AND partition = ?",
      [.text(group), .text(topic), .integer(Int64(partition))]
    ) { $0.int64(0) }
  }

  func forgetCommitted(group: String, _ source: TopicPartition) throws(SQLiteError) {
    _ = try database.run(
      "DELETE FROM committed WHERE consumer_group = ? AND topic = ? AND partition = ?",
      [.text(group), .text(source.topic), .integer(Int64(source.partition))])
  }

  public func setCommitted(
    group: String, topic: String, partition: Int32, position: Int64
  ) throws(SQLiteError) {
    _ = try database.run(
      """
      INSERT INTO committed VALUES (?, ?, ?, ?)
      ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET position = excluded.position
      """,
      [.text(group), .text(topic), .integer(Int64(partition)), .integer(position)])
  }
}

/// A person's change of a group's commits.
public struct OffsetChange: Sendable, Equatable {
  /// Tells one such act from another.
  public let id: String
  /// The new commits; nil: taken away.
  public let offsets: [TopicPartition: Int64?]

  public init(id: String, offsets: [TopicPartition: Int64?]) {
    self.id = id
    self.offsets = offsets
  }
}

extension StateStore {
  /// Remembers that commits were changed on purpose, so that they are not taken for a loss; once for each
  /// `id`, however often it is told.
  public func apply(_ change: OffsetChange, group: String) throws(SQLiteError) {
    let fact = "offsets changed \(group)"
    guard try self.fact(fact) != change.id else { return }
    for (source, offset) in change.offsets {
      if let offset {
        try setCommitted(
          group: group, topic: source.topic, partition: source.partition, position: offset)
        try setFact(Self.wanted(group, source), String(offset))
      } else {
        try forgetCommitted(group: group, source)
        try setFact(Self.wanted(group, source), "")
      }
    }
    try setFact(fact, change.id)
  }

  /// The commit that a person gave the partition last; nil: none.
  public func wantedOffset(group: String, _ source: TopicPartition) throws(SQLiteError) -> Int64? {
    try fact(Self.wanted(group, source)).flatMap { Int64($0) }
  }

  private static func wanted(_ group: String, _ source: TopicPartition) -> String {
    "offset wanted \(group) \(source.topic) \(source.partition)"
  }
}

/// This process's claim on a data folder's member id; given up when the process ends, however it ends.
public final class MemberClaim {
  /// Stable over restarts with the same folder.
  public let id: String
  private let descriptor: Int32

  /// Nil where another living process has the claim: that one is the static member.
  public init?(directory: String, name: String) {
    try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    let path = "\(directory)/member-\(name)"
    let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard opened >= 0 else { return nil }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      close(opened)
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(opened, &bytes, bytes.count, 0)
    if count == bytes.count, let known = String(validating: bytes, as: UTF8.self) {
      id = known
    } else {
      id = String(UInt64.random(in: (1 << 63)...UInt64.max), radix: 16)
      _ = pwrite(opened, Array(id.utf8), id.utf8.count, 0)
    }
    descriptor = opened
  }

  deinit { close(descriptor) }
}
