import Foundation
import Synchronization

/// How bad it is: swift-log's levels, of which the product uses these.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case trace, debug, info, notice, warning, error

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Keys of the facts beside a log line; the only ones, so that a search finds all lines.
public enum LogKey: String, Sendable {
  case topic, partition, offset, index, subject, status, reason, hold, count, group, connector
  case server, path, line, errorType = "error_type", schemaID = "schema_id", seconds, next
  case committed, low, high, bytes, code, task, property
}

/// Structured logging on standard error: a fixed sentence, the facts as `key=value` behind it.
///
/// Never give it record content or secrets.
public struct Log: Sendable {
  private static let minimum = Mutex(LogLevel.notice)

  public let label: String

  public init(_ label: String) { self.label = label }

  /// Lines below this level are dropped; `notice` unless told otherwise.
  public static func setLevel(_ level: LogLevel) { minimum.withLock { $0 = level } }

  public func info(_ message: StaticString, _ facts: KeyValuePairs<LogKey, String> = [:]) {
    write(.info, message, facts)
  }
  public func notice(_ message: StaticString, _ facts: KeyValuePairs<LogKey, String> = [:]) {
    write(.notice, message, facts)
  }
  public func warning(_ message: StaticString, _ facts: KeyValuePairs<LogKey, String> = [:]) {
    write(.warning, message, facts)
  }
  public func error(_ message: StaticString, _ facts: KeyValuePairs<LogKey, String> = [:]) {
    write(.error, message, facts)
  }

  public func write(
    _ level: LogLevel, _ message: StaticString, _ facts: KeyValuePairs<LogKey, String>
  ) {
    guard Self.minimum.withLock({ level >= $0 }) else { return }
    let stamp = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
    var line = "\(stamp) \(String(describing: level).uppercased()) \(label): \(message)"
    for (key, value) in facts { line += " \(key.rawValue)=\(Self.quoted(value))" }
    line += "\n"
    // Whoever read standard error may have gone; that must not end a stage.
    try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
  }

  private static func quoted(_ value: String) -> String {
    let plain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") }
    if plain { return value }
    let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }
}
