import Connect
import Foundation
import Kafka
import Scheduling
import Telemetry

/// Asks a registry for the id under which the scored schema is registered; may answer on any thread.
public typealias ScoredSchemaSource =
  @Sendable (@escaping @Sendable (Result<Int32, SchemaLookupError>) -> Void) -> Void

/// The id that every scored value begins with, asked for from the task's start until it is known.
///
/// A registry that does not answer holds the task, as in mid-stream; one that has no such schema fails it.
/// Belongs to the worker's thread.
final class ScoredSchema {
  static let subject = "reviews.scored-value"

  private(set) var id: Int32?
  private(set) var hold: Hold?
  /// When it asks again; nil while it waits for an answer, or knows.
  private(set) var deadline: Duration? = .zero

  private let source: ScoredSchemaSource
  private let answers: Mailbox<Result<Int32, SchemaLookupError>>
  private var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
  private var random = SystemRandomNumberGenerator()

  init(waker: Waker, source: @escaping ScoredSchemaSource) {
    self.source = source
    answers = Mailbox { waker.wake() }
  }

  /// Takes an answer, or asks when it is due; true at the moment when the id is there.
  func advance(now: Duration) throws(TaskFailure) -> Bool {
    if id != nil { return false }
    for answer in answers.drain() { try take(answer, now) }
    if let due = deadline, now >= due {
      deadline = nil
      source { [answers] in answers.post($0) }
    }
    return id != nil
  }

  private func take(
    _ answer: Result<Int32, SchemaLookupError>, _ now: Duration
  ) throws(TaskFailure) {
    switch answer {
    case .success(let found):
      id = found
      hold = nil
    case .failure(.unknown):
      throw TaskFailure(
        .missing, "\(Self.subject) has no version with the schema of this program: opine apply")
    case .failure(.unavailable(let reason)):
      let wait = backoff.next(using: &random)
      deadline = now + wait
      let wall = Date.now.timeIntervalSince1970
      hold = Hold(
        name: "schema registry", reason: reason, since: hold?.since ?? wall,
        nextTry: wall + wait.seconds)
    }
  }
}
