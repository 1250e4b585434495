import Foundation
import Kafka
import Scheduling
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
    Int32, @escaping @Sendable (Result<String, SchemaLookupError>) -> Void
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
  private let answers: Mailbox<(Int32, Result<String, SchemaLookupError>)>
  private let grace: Duration
  private var entries: [Int32: Entry] = [:]
  private var lastID: Int32 = -1
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
  @inline(__always) public func lookup(_ id: Int32, now: Duration) -> Lookup {
    if id == lastID, let lastPlan { return .ready(lastPlan) }
    return find(id, now)
  }

  private func find(_ id: Int32, _ now: Duration) -> Lookup {
    switch entries[id] {
    case .ready(let plan):
      lastID = id
      lastPlan = plan
      return .ready(plan)
    case .fault(let fault): return .fault(fault)
    case .asking: return .wait(until: now + .seconds(1))
    case .unknown(let firstSeen, let retryAt), .unavailable(let firstSeen, let retryAt):
      if now < retryAt { return .wait(until: retryAt) }
      ask(id, firstSeen: firstSeen)
      return .wait(until: now + .seconds(1))
    case nil:
      ask(id, firstSeen: now)
      return .wait(until: now + .seconds(1))
    }
  }

  private func ask(_ id: Int32, firstSeen: Duration) {
    entries[id] = .asking(firstSeen: firstSeen)
    source(id) { [answers] result in answers.post((id, result)) }
  }

  /// Takes the registry's answers; true where records that wait may go on.
  public func advance(now: Duration) -> Bool {
    let news = answers.drain()
    for (id, result) in news { take(id, result, now) }
    return !news.isEmpty
  }

  private func take(_ id: Int32, _ result: Result<String, SchemaLookupError>, _ now: Duration) {
    guard case .asking(let firstSeen) = entries[id] else { return }
    switch result {
    case .success(let text):
      release()
      do {
        entries[id] = .ready(try compile(text))
      } catch {
        entries[id] = .fault(fault("schema \(id) can't be used: \(error)"))
      }
    case .failure(.unknown):
      release()
      if now - firstSeen >= grace {
        entries[id] = .fault(fault("schema \(id) is not in the registry"))
      } else {
        entries[id] = .unknown(firstSeen: firstSeen, retryAt: now + min(.seconds(1), grace / 4))
      }
    case .failure(.unavailable(let reason)):
      let wait = backoff.next(using: &random)
      entries[id] = .unavailable(firstSeen: firstSeen, retryAt: now + wait)
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
