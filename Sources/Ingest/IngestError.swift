import Kafka
import Synchronization

/// What ends a run of ingest; a bad line does not.
public enum IngestError: Error, Sendable, CustomStringConvertible {
  case kafka(KafkaError)
  /// A source can't be read: its name and why.
  case file(String, String)
  /// A review does not fit the schema that it should be written with, and why.
  case schema(String)
  /// The checkpoints can't be read or kept.
  case checkpoint(String)
  /// A topic that does not exist.
  case noTopic(String)

  public var description: String {
    switch self {
    case .kafka(let error): error.description
    case .file(let name, let reason): "\(name): \(reason)"
    case .schema(let reason): "the schema of reviews.raw-value: \(reason)"
    case .checkpoint(let reason): "checkpoints: \(reason)"
    case .noTopic(let name): "Kafka has no topic \(name)"
    }
  }
}

/// Asks a run to end early; safe to share.
public final class StopRequest: Sendable {
  private let flag = Atomic<Bool>(false)

  public init() {}

  public var isStopped: Bool { flag.load(ordering: .relaxed) }
  public func stop() { flag.store(true, ordering: .relaxed) }
}
