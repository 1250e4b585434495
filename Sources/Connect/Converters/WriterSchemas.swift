import Foundation
import Kafka
import Scheduling
import SchemaRegistry
import Telemetry

/// Why a registry did not give a schema.
public enum SchemaLookupError: Error, Sendable, Equatable {
  /// The registry answered that it has no such id.
  case unknown
  /// The registry could not answer; the record is not to blame. The reason is for the person on call.
  case unavailable(String)
}

/// Asks a registry for the text of a schema; the completion may come on any thread.
public typealias SchemaSource =
  @Sendable (
    SchemaKey, @escaping @Sendable (Result<String, SchemaLookupError>) -> Void
  ) -> Void

/// The plans compiled for the writers' schemas that a task meets, by schema id.
///
/// An id not seen yet is asked for once, while its records wait. A registry that does not answer holds for
/// ever, with backoff; an id that it does not know is asked for again during a grace period counted from
/// its first sight, then it is the record's fault, and remembered. Belongs to the worker's thread.
public final class WriterSchemas<Plan> {
  public enum Lookup {
    case ready(Plan)
    /// Not known yet; worth asking again then.
    case wait(until: Duration)
    case fault(RecordFault)
  }

  private enum Entry {
    case ready(Plan)
    case asking(firstSeen: Duration)
    case unknown(firstSeen: Duration, retryAt: Duration)
    case unavailable(firstSeen: Duration, retryAt: Duration)
    case fault(RecordFault)
  }

  private let source: SchemaSource
  private let compile: (String) throws -> Plan
  private let answers: Mailbox<(SchemaKey, Result<String, SchemaLookupError>)>
  private let grace: Duration
  private var entries: [SchemaKey: Entry] = [:]
  private var lastID = -1
  private var lastPlan: Plan?
  private var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
  private var random = SystemRandomNumberGenerator()
  public private(set) var hold: Hold?

  /// `compile` makes a plan of a schema's text; what it throws makes the id's records faulty.
  public init(
    grace: Duration, waker: Waker, source: @escaping SchemaSource,
    compile: @escaping (String) throws -> Plan
  ) {
    self.source = source
    self.compile = compile
    self.grace = grace
    answers = Mailbox { waker.wake() }
  }

  /// The plan of the id, from memory; asks for it if need be and never waits.
  @inline(__always) public func lookup(_ key: SchemaKey, now: Duration) -> Lookup {
    if case .id(let id) = key, id == lastID, let lastPlan { return .ready(lastPlan) }
    return find(key, now)
  }

  private func find(_ key: SchemaKey, _ now: Duration) -> Lookup {
    switch entries[key] {
    case .ready(let plan):
      if case .id(let id) = key {
        lastID = id
        lastPlan = plan
      }
      return .ready(plan)
    case .fault(let fault): return .fault(fault)
    case .asking: return .wait(until: now + .seconds(1))
    case .unknown(let firstSeen, let retryAt), .unavailable(let firstSeen, let retryAt):
      if now < retryAt { return .wait(until: retryAt) }
      ask(key, firstSeen: firstSeen)
      return .wait(until: now + .seconds(1))
    case nil:
      ask(key, firstSeen: now)
      return .wait(until: now + .seconds(1))
    }
  }

  private func ask(_ key: SchemaKey, firstSeen: Duration) {
    entries[key] = .asking(firstSeen: firstSeen)
    source(key) { [answers] result in answers.post((key, result)) }
  }

  /// Takes the registry's answers; true where records that wait may go on.
  public func advance(now: Duration) -> Bool {
    let news = answers.drain()
    for (key, result) in news { take(key, result, now) }
    return !news.isEmpty
  }

  private func take(_ key: SchemaKey, _ result: Result<String, SchemaLookupError>, _ now: Duration)
  {
    guard case .asking(let firstSeen) = entries[key] else { return }
    switch result {
    case .success(let text):
      release()
      do {
        entries[key] = .ready(try compile(text))
      } catch {
        entries[key] = .fault(fault("schema \(key) can't be used: \(error)"))
      }
    case .failure(.unknown):
      release()
      if now - firstSeen >= grace {
        entries[key] = .fault(fault("schema \(key) is not in the registry"))
      } else {
        entries[key] = .unknown(firstSeen: firstSeen, retryAt: now + min(.seconds(1), grace / 4))
      }
    case .failure(.unavailable(let reason)):
      let wait = backoff.next(using: &random)
      entries[key] = .unavailable(firstSeen: firstSeen, retryAt: now + wait)
      let wall = Date.now.timeIntervalSince1970
      hold = Hold(
        name: "schema registry", reason: reason, since: hold?.since ?? wall,
        nextTry: wall + wait.seconds)
    }
  }

  private func release() {
    backoff.reset()
    hold = nil
  }

  private func fault(_ reason: String) -> RecordFault {
    RecordFault(stage: .valueConverter, kind: "schema", reason: reason)
  }
}
