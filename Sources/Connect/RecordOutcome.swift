/// The end of one record. There is no fifth: a record has one of these, or it is unsettled.
public enum RecordOutcome: String, Sendable, CaseIterable {
  /// The destination acknowledged it (2xx, or a broker's delivery report).
  case written
  /// The destination has it, or something newer of its key, and the stored version proves it.
  case alreadyWritten = "already_written"
  /// Left out by a rule that the configuration states.
  case skipped
  /// It can never succeed, and the dead letter queue acknowledged it.
  case deadLettered = "dead_lettered"
}
