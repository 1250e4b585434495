import JSON
import Kafka

/// A record as transforms see it: key and value as the JSON that a document would have.
///
/// A value is made by the same code as a document that no transform touches, so both ways write the same.
public struct ConnectRecord: Sendable {
  /// Where it goes; a transform may change it. What it was read from stays in `source`.
  public var topic: String
  public let source: TopicPartition
  public let offset: Int64
  /// Milliseconds since 1970; nil where the broker keeps none.
  public var timestamp: Int64?
  /// Nil: the record has none.
  public var key: JSONValue?
  /// Nil: a tombstone.
  public var value: JSONValue?
  public var headers: [RecordHeader]
  /// Of the value as it was read; nil where it has none.
  public var schema: ConnectSchema?

  public init(
    topic: String, source: TopicPartition, offset: Int64, timestamp: Int64?, key: JSONValue?,
    value: JSONValue?, headers: [RecordHeader] = [], schema: ConnectSchema? = nil
  ) {
    self.topic = topic
    self.source = source
    self.offset = offset
    self.timestamp = timestamp
    self.key = key
    self.value = value
    self.headers = headers
    self.schema = schema
  }

  /// The value at a path of members, `a.b.c`; nil where there is none.
  public func field(_ path: String) -> JSONValue? { value?.at(path) }

  /// The last header of that name as text.
  public func header(_ name: String) -> String? { headers.last { $0.name == name }?.text }
}

extension JSONValue {
  /// The value at a path of members; a member whose name has dots itself comes first.
  public func at(_ path: String) -> JSONValue? {
    if let whole = self[path] { return whole }
    guard let dot = path.firstIndex(of: ".") else { return nil }
    return self[String(path[..<dot])]?.at(String(path[path.index(after: dot)...]))
  }

  /// As text for names, ids and routing: a string's own, a number's or boolean's; nil for others.
  public var plainText: String? { string ?? number ?? bool.map { String($0) } }
}
