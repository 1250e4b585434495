import Kafka
import Telemetry

/// Where a task stopped taking records, and when it is worth asking it again.
public struct PutStop {
  /// Index in the batch of the first record not taken.
  public let index: Int
  /// The slice of the records not taken, cut off from those taken.
  public let slice: SliceKey
  /// The worker asks again then, or as soon as the task says `WorkerContext.mayProceed`.
  public let retryAt: Duration

  public init(index: Int, slice: SliceKey, retryAt: Duration) {
    self.index = index
    self.slice = slice
    self.retryAt = retryAt
  }
}

/// A unit of work with some partitions: takes records, and tells each one's outcome later.
///
/// All calls come on the worker's thread. What a task must keep: every record it takes gets exactly one
/// outcome through the context, or stays unsettled; it never blocks in `put`.
public protocol RecordTask: AnyObject {
  /// Takes the batch's records from `index` on, which are the slice's, in order. Nil: all were taken.
  func put(_ batch: RecordBatch, from index: Int, slice: SliceKey) -> PutStop?

  /// Called in every round of the loop: reads answers, sends what is due.
  func advance(now: Duration)

  /// Sends what is open without waiting for more.
  func flush()

  /// Forgets what it holds of these partitions and has not sent; what was sent may still be answered.
  func forget(_ sources: Set<TopicPartition>)

  /// Whether something of these partitions is sent, or being sent, and not answered.
  func isBusy(_ sources: Set<TopicPartition>) -> Bool

  /// Whether waiting for answers makes sense now; false while the destination is held.
  var canDrain: Bool { get }

  /// When `advance` wants to be called even if nothing happens.
  var deadline: Duration? { get }

  /// What holds the task up, for status and health.
  var holds: [Hold] { get }

  /// Waits a little for an answer, without reading records.
  func waitForProgress(milliseconds: Int)

  /// The worker has ended; let go of threads and connections.
  func close()
}

/// Why a task stopped for good, until a person acts.
public struct TaskFailure: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: String, Sendable {
    /// A record can never succeed and there is no dead letter queue.
    case record
    /// Offsets are gone that were never read.
    case gap
    /// Another process took this one's place in the group.
    case fenced
    /// Something needed is not there, as a topic.
    case missing
    /// The destination was in trouble for longer than the configuration allows.
    case destination
    /// The data folder can't be read.
    case storage
    /// Our own fault.
    case defect
    case kafka
  }
  public let kind: Kind
  /// What and where, and what to do next.
  public let reason: String

  public init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  public var description: String { reason }
}

/// What the worker offers its task; belongs to the worker's thread.
public final class WorkerContext {
  enum Note {
    case settled(SliceKey, Int)
    case cut(SliceKey, at: Int64, before: Int)
    case failed(TaskFailure)
  }

  public let connector: String
  public let taskNumber: Int
  public let metrics: Metrics
  public let budget: Budget
  /// What leaves the task goes through here.
  public let effects: EffectGate
  /// Ends the worker's waiting; from any thread.
  public let waker: Waker
  /// Time since the worker's start, as of this round of the loop.
  public internal(set) var now: Duration = .zero
  /// Set by the task when what made it stop may be over.
  public var mayProceed = false

  private var admin: AdminOwner?
  private let properties: KafkaProperties
  var notes: [Note] = []
  let deadLetters: DeadLetterQueue?
  private let outcomes: [RecordOutcome: Counter]

  init(
    connector: String, taskNumber: Int, metrics: Metrics, budget: Budget, waker: Waker,
    deadLetters: DeadLetterQueue?, properties: KafkaProperties, effects: EffectGate
  ) {
    self.properties = properties
    self.effects = effects
    self.connector = connector
    self.taskNumber = taskNumber
    self.metrics = metrics
    self.budget = budget
    self.waker = waker
    self.deadLetters = deadLetters
    var outcomes: [RecordOutcome: Counter] = [:]
    for outcome in RecordOutcome.allCases {
      outcomes[outcome] = metrics.counter(
        .recordsSettled, ["connector": connector, "outcome": outcome.rawValue])
    }
    self.outcomes = outcomes
  }

  /// `count` records of the slice reached their end.
  public func settle(_ slice: SliceKey, count: Int, _ outcome: RecordOutcome) {
    notes.append(.settled(slice, count))
    outcomes[outcome]?.add(count)
  }

  /// Cuts a slice before the record at `offset`, which is its record number `before`, counted from 0.
  /// The answer is the key of the second part. Only for slices of which nothing is settled.
  public func cut(_ slice: SliceKey, at offset: Int64, before: Int) -> SliceKey {
    notes.append(.cut(slice, at: offset, before: before))
    return SliceKey(source: slice.source, epoch: slice.epoch, first: offset)
  }

  /// One record, a slice of its own, is left out by a rule of the configuration. `reason` counts it: a
  /// short word, one of few.
  public func skip(_ slice: SliceKey, reason: String) {
    settle(slice, count: 1, .skipped)
    metrics.counter(.recordsSkipped, ["connector": connector, "reason": reason]).add()
  }

  public var hasDeadLetters: Bool { deadLetters != nil }

  /// The task stops at this record, and nothing past it is committed.
  /// `wayOut`: what a person can do beside mending the source.
  public func fail(
    at batch: RecordBatch, _ index: Int, _ fault: RecordFault, wayOut: String
  ) {
    let place = "\(batch.source) offset \(batch[index].offset)"
    fail(TaskFailure(.record, "\(place): \(fault.reason). Mend the source, or \(wayOut)"))
  }

  /// Sends one record of the slice to the dead letter queue; it is settled when the broker has it.
  /// Without a queue the task fails at this offset.
  public func deadLetter(
    _ batch: RecordBatch, _ index: Int, slice: SliceKey, _ fault: RecordFault
  ) {
    guard let deadLetters else {
      fail(at: batch, index, fault, wayOut: "name errors.deadletterqueue.topic.name")
      return
    }
    deadLetters.add(batch, index, slice: slice, fault)
  }

  /// The end of the partition's log, asked of the broker anew; blocks for a second at most. Nil: no answer.
  public func partitionEnd(_ source: TopicPartition) -> Int64? {
    do throws(KafkaError) {
      if admin == nil { admin = AdminOwner(try Admin(properties)) }
      return try effects.broker(.positions) { () throws(KafkaError) in
        try admin?.client.watermarks(source, timeoutMilliseconds: 1000).high
      }
    } catch {
      return nil
    }
  }

  public func fail(_ failure: TaskFailure) { notes.append(.failed(failure)) }
}

/// Keeps the client that is not copyable where it can be made late.
private final class AdminOwner {
  let client: Admin
  init(_ client: consuming Admin) { self.client = client }
}

/// Bytes of records that are read and not settled, with the bodies made of them.
///
/// Counted by those who hold the memory; belongs to the worker's thread.
public final class Budget {
  public let limit: Int
  public private(set) var used = 0

  public init(limit: Int) { self.limit = limit }

  public func take(_ bytes: Int) { used += bytes }
  public func give(_ bytes: Int) { used -= bytes }
  public var isFull: Bool { used >= limit }
}
