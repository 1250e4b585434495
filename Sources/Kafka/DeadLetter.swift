/// Where in a stage a record failed, as Kafka Connect names it.
public enum DeadLetterStage: String, Sendable {
  case ingest = "INGEST"
  case keyConverter = "KEY_CONVERTER"
  case valueConverter = "VALUE_CONVERTER"
  case transformation = "TRANSFORMATION"
  case task = "TASK_PUT"
}

/// Why a record can never succeed.
public struct RecordFault: Error, Sendable, Equatable {
  public let stage: DeadLetterStage
  /// A short class of the fault, for counting: `avro`, `key`, `mapping`, …
  public let kind: String
  /// One sentence with the cause; never the record's text.
  public let reason: String
  /// What else was said of the fault and may quote the record: for the dead letter alone, never for a log.
  public let detail: String?

  public init(stage: DeadLetterStage, kind: String, reason: String, detail: String? = nil) {
    self.detail = detail
    self.stage = stage
    self.kind = kind
    self.reason = reason
  }
}

/// The context headers of a dead letter, in Kafka Connect's names (KIP-298).
public enum DeadLetterHeaders {
  public static let prefix = "__connect.errors."
  public static let topic = prefix + "topic"
  public static let partition = prefix + "partition"
  public static let offset = prefix + "offset"
  public static let stage = prefix + "stage"
  public static let reason = prefix + "exception.message"
  public static let kind = prefix + "exception.class.name"
  /// Of a replayed letter: the offset that its record had at first, in decimal text. Where versions are
  /// offsets it is the record's version, so that a replay never beats what is newer.
  public static let replayedVersion = "opine.version"

  /// The headers that tell where the record was and why it came here.
  public static func make(
    source: TopicPartition, offset: Int64, connector: String, task: Int, executingClass: String,
    fault: RecordFault
  ) -> [RecordHeader] {
    [
      RecordHeader(topic, text: source.topic),
      RecordHeader(partition, text: String(source.partition)),
      RecordHeader(self.offset, text: String(offset)),
      RecordHeader(prefix + "connector.name", text: connector),
      RecordHeader(prefix + "task.id", text: String(task)),
      RecordHeader(stage, text: fault.stage.rawValue),
      RecordHeader(prefix + "class.name", text: executingClass),
      RecordHeader(kind, text: "opine.\(fault.kind)"),
      RecordHeader(reason, text: fault.reason + (fault.detail.map { ": \($0)" } ?? "")),
      RecordHeader(prefix + "exception.stacktrace", text: ""),
    ]
  }
}
