import Kafka

/// Renames topics by a regular expression that matches the whole name.
struct RegexRouter: Transform {
  private let pattern: Pattern
  private let replacement: String

  init?(_ read: inout TransformProperties) {
    replacement = read.text("replacement")
    guard let pattern = Pattern(read.text("regex")) else {
      read.fail("regex", "is no regular expression")
      return nil
    }
    self.pattern = pattern
  }

  func apply(_ record: ConnectRecord) -> ConnectRecord? {
    guard let topic = pattern.replacingWhole(record.topic, with: replacement) else { return record }
    var record = record
    record.topic = topic
    return record
  }
}

/// Puts the record's time into its topic's name.
struct TimestampRouter: Transform {
  private let format: String
  private let pattern: TimestampPattern

  init?(_ read: inout TransformProperties) {
    format = read.optional("topic.format") ?? "${topic}-${timestamp}"
    guard let pattern = TimestampPattern(read.optional("timestamp.format") ?? "yyyyMMdd") else {
      read.fail("timestamp.format", "may have y M d H m s S, other letters in quotes")
      return nil
    }
    self.pattern = pattern
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard let time = record.timestamp else {
      throw RecordFault(
        stage: .transformation, kind: "TimestampRouter", reason: "the record has no timestamp")
    }
    var record = record
    record.topic = format.replacing("${topic}", with: record.topic)
      .replacing("${timestamp}", with: pattern.text(time))
    return record
  }
}

/// Leaves records out; which ones a predicate says.
struct Filter: Transform {
  func apply(_ record: ConnectRecord) -> ConnectRecord? { nil }
}

/// Adds a header of that text.
struct InsertHeader: Transform {
  private let header: RecordHeader

  init(_ read: inout TransformProperties) {
    header = RecordHeader(read.text("header"), text: read.text("value.literal"))
  }

  func apply(_ record: ConnectRecord) -> ConnectRecord? {
    var record = record
    record.headers.append(header)
    return record
  }
}

/// Takes headers away.
struct DropHeaders: Transform {
  private let names: Set<String>

  init(_ read: inout TransformProperties) { names = Set(read.list("headers")) }

  func apply(_ record: ConnectRecord) -> ConnectRecord? {
    var record = record
    record.headers.removeAll { names.contains($0.name) }
    return record
  }
}
