import Connect
import Kafka
import Telemetry

/// `errors.tolerance`: what happens to records that can't be converted.
public enum ErrorsTolerance: String, Sendable, CaseIterable {
  case none, all
}

/// `behavior.on.malformed.documents`: what happens to documents that Elasticsearch refuses.
public enum MalformedDocuments: String, Sendable, CaseIterable {
  case ignore, warn, fail
}

/// What the configuration says of records that can never succeed: Confluent's properties, by who found the
/// fault. A value; whatever is set aside goes to the dead letter topic, where one is named.
public struct FaultPolicy: Sendable, Equatable {
  /// Keys and values that can't be read.
  public var tolerance = ErrorsTolerance.none
  /// `drop.invalid.message`: records of which no action can be made (no key, no version, a null value
  /// with `behavior.on.null.values=fail`) are set aside.
  public var dropsInvalid = false
  public var malformed = MalformedDocuments.fail
  /// `errors.log.enable`: set-aside records are logged by their coordinates even if they become dead
  /// letters. What is in a record is never logged, whatever `errors.log.include.messages` says.
  public var logsErrors = false

  public enum Decision: Sendable, Equatable {
    /// The task stops at the record; the property that would set it aside instead.
    case fail(wayOut: String)
    case setAside(logged: Bool)
  }

  public init() {}

  public func decide(_ fault: RecordFault) -> Decision {
    switch (fault.stage, fault.kind) {
    case (.keyConverter, _), (.valueConverter, _):
      tolerance == .all ? .setAside(logged: logsErrors) : .fail(wayOut: "errors.tolerance=all")
    case (_, "document"):
      switch malformed {
      case .ignore: .setAside(logged: logsErrors)
      case .warn: .setAside(logged: true)
      case .fail: .fail(wayOut: "behavior.on.malformed.documents=warn")
      }
    // Asked for by version.conflict.unexplained=report.
    case (_, "conflict"): .setAside(logged: true)
    default:
      dropsInvalid ? .setAside(logged: logsErrors) : .fail(wayOut: "drop.invalid.message=true")
    }
  }
}

extension ESSinkTask {
  /// One record can never succeed: it becomes a dead letter, or is skipped where no topic for them is
  /// named, or the task fails at its offset.
  func setAside(_ batch: RecordBatch, _ index: Int, slice: SliceKey, _ fault: RecordFault) {
    switch settings.faults.decide(fault) {
    case .fail(let wayOut):
      context.fail(at: batch, index, fault, wayOut: "set \(wayOut)")
    case .setAside(let logged):
      if logged || !context.hasDeadLetters {
        log.warning(
          "Record set aside.",
          [
            .connector: settings.name, .topic: batch.source.topic,
            .partition: String(batch.source.partition), .offset: String(batch[index].offset),
            .errorType: fault.kind, .reason: fault.reason,
          ])
      }
      guard context.hasDeadLetters else { return context.skip(slice, reason: fault.kind) }
      context.deadLetter(batch, index, slice: slice, fault)
    }
  }
}
