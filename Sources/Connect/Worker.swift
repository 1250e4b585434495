import Foundation
import Kafka
import Scheduling
import Telemetry

/// What a worker needs to know beside its task.
public struct WorkerSettings: Sendable {
  public var connector: String
  public var taskNumber = 0
  public var group: String
  public var topics: [String]
  /// For librdkafka, by its names: `bootstrap.servers` and what the user overrides.
  public var consumer: KafkaProperties
  public var producer: KafkaProperties
  public var deadLetters: DeadLetterSettings?
  public var onGap = GapPolicy.halt
  public var bufferBytes = 32 << 20
  /// End when all that was there at the start is settled and committed.
  public var once = false
  public var machine = WorkerMachine.Settings()
  /// Told of every topic that records came from.
  public var activeTopics: ActiveTopics?
  /// A group without commits starts at the end of the log, not at its beginning.
  public var startsAtEnd = false
  /// A topic that is not there yet is waited for, as Kafka Connect does; else the task stops by name.
  public var waitsForTopics = false
  /// Open but in tests.
  public var effects = EffectGate.open
  /// Where the worker remembers commits and who it is.
  public var dataDirectory: String

  public init(
    connector: String, group: String, topics: [String], consumer: KafkaProperties,
    producer: KafkaProperties, dataDirectory: String
  ) {
    self.connector = connector
    self.group = group
    self.topics = topics
    self.consumer = consumer
    self.producer = producer
    self.dataDirectory = dataDirectory
  }

  /// How health tells of this task: a connector's only one by the connector's name.
  var healthName: String { taskNumber == 0 ? connector : "\(connector)-\(taskNumber)" }
}

/// Runs one task on a thread of its own: carries out what `WorkerMachine` says, with a consumer, a dead
/// letter queue and the task.
///
/// `run` returns when the task is done, was stopped, or failed. It stays in its group through every outage.
public actor Worker {
  private nonisolated let executor: ThreadExecutor
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }
  private nonisolated let stopRequest = StopRequest()
  private let settings: WorkerSettings
  private let health: Health
  private let metrics: Metrics
  private let makeTask: @Sendable (WorkerContext) throws -> any RecordTask

  /// `makeTask` is called on the worker's thread.
  public init(
    settings: WorkerSettings, health: Health, metrics: Metrics,
    makeTask: @escaping @Sendable (WorkerContext) throws -> any RecordTask
  ) {
    self.settings = settings
    self.health = health
    self.metrics = metrics
    self.makeTask = makeTask
    executor = ThreadExecutor(name: "worker \(settings.connector)-\(settings.taskNumber)")
  }

  /// Asks for the end: drain, commit, end. From any thread, also before `run`, and more than once.
  ///
  /// `leaving`: the group is told, and gives the partitions to others at once. Else a static member keeps its
  /// place for as long as its session lasts, and finds its partitions again when it is back by then.
  public nonisolated func stop(leaving: Bool = false) { stopRequest.set(leaving: leaving) }

  /// Works until done, stopped or failed; nil: done or stopped, everything settled is committed
  /// as far as the broker answered within the drain time.
  public func run() -> TaskFailure? {
    defer { executor.stop() }
    do {
      var loop = try WorkerLoop(
        settings: settings, health: health, metrics: metrics, stop: stopRequest, makeTask: makeTask)
      let failure = loop.run()
      if let failure { tell(failure) }
      return failure
    } catch {
      let failure = error as? TaskFailure ?? TaskFailure(.kafka, "\(error)")
      tell(failure)
      return failure
    }
  }

  private func tell(_ failure: TaskFailure) {
    health.set(settings.healthName, TaskHealth(status: .failed, failure: failure.description))
    metrics.gauge(.tasksFailed, ["connector": settings.connector]).set(1)
  }
}

/// Somebody's wish that the worker ends; may come before the worker can be woken.
final class StopRequest: @unchecked Sendable {  // because the state is only touched under `lock`
  private let lock = NSLock()
  private var wanted = false
  private var leaves = false
  private var waker: Waker?

  func set(leaving: Bool) {
    lock.withLock {
      wanted = true
      leaves = leaves || leaving
      waker?.wake()
    }
  }

  func attach(_ waker: Waker) { lock.withLock { self.waker = waker } }

  var isSet: Bool { lock.withLock { wanted } }

  /// Whether the group is to be left for good.
  var isLeaving: Bool { lock.withLock { leaves } }
}
