import Configuration
import Foundation
import Kafka
import Telemetry

/// Where a herder gets from what it does not make itself.
public struct HerderSettings: Sendable {
  /// The brokers and what the operator set for every client.
  public var kafka: KafkaProperties
  /// Where tasks remember commits; see `StateStore`.
  public var dataDirectory: String
  /// Where `${env:NAME}` looks.
  public var environment: [String: String]
  /// Added where a connector says nothing of its own.
  public var defaults: [String: String] = [:]

  public init(
    kafka: KafkaProperties, dataDirectory: String, environment: [String: String]
  ) {
    self.kafka = kafka
    self.dataDirectory = dataDirectory
    self.environment = environment
  }
}

/// Runs connectors: takes changes out of a store, asks `HerderMachine` what to do, and does it.
///
/// All calls may come from any thread. Those that write wait for the store.
public final class Herder: @unchecked Sendable {
  // because everything that changes is only touched under `condition`
  public let plugins: [ConnectorPlugin]
  public let settings: HerderSettings
  private let store: any ConfigStore
  private let metrics: Metrics
  private let log = Log("herder")
  private let condition = NSCondition()
  private var machine = HerderMachine()
  private var workers: [HerderMachine.Run: Worker] = [:]
  private let topics: TopicsByConnector
  private var ownName = ""
  private var isLoaded = false
  private let starts: AsyncStream<HerderMachine.Run>
  private let starter: AsyncStream<HerderMachine.Run>.Continuation

  public init(
    plugins: [ConnectorPlugin], settings: HerderSettings, store: any ConfigStore,
    topics: TopicsByConnector, metrics: Metrics
  ) {
    self.plugins = plugins
    self.settings = settings
    self.store = store
    self.topics = topics
    self.metrics = metrics
    (starts, starter) = AsyncStream.makeStream()
  }

  // MARK: - Its own life

  /// Reads the store, blocking until that is done or `stop`; then connectors run as far as `run` runs.
  public func load() throws(ConfigStoreError) {
    try store.start { [weak self] in self?.apply($0) }
    condition.withLock { isLoaded = true }
  }

  /// How others call this worker, as HOST:PORT: the `worker_id` of every status.
  public var workerID: String {
    get { condition.withLock { ownName } }
    set { condition.withLock { ownName = newValue } }
  }

  /// Whether `stop` was called.
  public var isStopped: Bool { condition.withLock { machine.isShutDown } }

  /// Whether what is kept was read: before, nothing can be said of connectors.
  public var isReady: Bool { condition.withLock { isLoaded } }

  /// Runs tasks until `stop`; returns when all have drained, committed and ended.
  public func run() async {
    await withDiscardingTaskGroup { group in
      for await run in starts { group.addTask { await self.work(run) } }
    }
  }

  /// Ends everything: tasks drain and commit, nothing starts any more. What is wanted stays in the store.
  public func stop() {
    store.stop()
    condition.withLock {
      perform(machine.shutDown())
      starter.finish()
    }
  }

  private func work(_ run: HerderMachine.Run) async {
    let found = condition.withLock {
      machine.isAlive(run) ? machine.config(of: run.connector) : nil
    }
    var failure: String?
    do {
      if let found {
        let worker = try makeWorker(run, found)
        enlist(worker, run)
        failure = await worker.run()?.description
      }
    } catch {
      failure = "\(error)"
    }
    ended(run, failure)
  }

  private func enlist(_ worker: Worker, _ run: HerderMachine.Run) {
    condition.withLock {
      workers[run] = worker
      // It may have been told to stop before it was there.
      if let leaving = stops.removeValue(forKey: run) { worker.stop(leaving: leaving) }
    }
  }

  /// Runs that were told to stop before their worker was made.
  private var stops: [HerderMachine.Run: Bool] = [:]

  private func ended(_ run: HerderMachine.Run, _ failure: String?) {
    if let failure {
      log.error(
        "A task failed.",
        [.connector: run.connector, .task: String(run.task), .reason: failure])
    }
    condition.withLock {
      workers[run] = nil
      stops[run] = nil
      perform(machine.ended(run, failure))
    }
  }

  private func makeWorker(
    _ run: HerderMachine.Run, _ config: [String: String]
  ) throws -> Worker {
    let properties = try resolved(config, name: run.connector).get()
    guard let plugin = plugin(config["connector.class"] ?? "") else {
      throw ConfigError([ConfigProblem("connector.class", "no such connector")])
    }
    return try plugin.makeWorker(properties, run.task)
  }

  // MARK: - Changes

  /// Called by the store, one change at a time.
  private func apply(_ change: ConfigChange) {
    if case .offsetsChanged(let name, let change) = change { return remember(name, change) }
    condition.withLock {
      switch change {
      case .connector(let name, .some(let config)):
        perform(machine.configured(name, config, setup(name, config)))
      case .connector(let name, nil):
        topics.remove(name)
        perform(machine.removed(name))
      case .target(let name, let target): perform(machine.targeted(name, target))
      case .restart(let name, let request):
        // A configuration that was broken for want of a secret may be whole by now.
        if let config = machine.config(of: name), machine.tasks(of: name).isEmpty {
          perform(machine.configured(name, config, setup(name, config)))
        }
        perform(machine.restart(name, request))
      case .restartTask(let name, let task):
        if case .restarted(let actions) = machine.restartTask(name, task) { perform(actions) }
      case .offsetsChanged: break
      }
    }
  }

  /// Under `condition`; none of the actions waits.
  private func perform(_ actions: [HerderMachine.Action]) {
    for action in actions {
      switch action {
      case .start(let run): starter.yield(run)
      case .stop(let run, let leaving):
        if let worker = workers[run] {
          worker.stop(leaving: leaving)
        } else {
          stops[run] = leaving
        }
      }
    }
    for name in machine.names {
      let failed = machine.status(of: name)?.tasks.filter { $0.state == .failed }.count ?? 0
      metrics.gauge(.tasksFailed, ["connector": name]).set(Int64(failed))
    }
    condition.broadcast()
  }

  private func setup(_ name: String, _ config: [String: String]) -> HerderMachine.Setup {
    guard let plugin = plugin(config["connector.class"] ?? "") else {
      return .broken("connector.class: no such connector. Mend the configuration")
    }
    switch resolved(config, name: name) {
    case .failure(let error): return .broken(error.description)
    case .success(let properties):
      let problems = plugin.validate(properties)
      guard problems.isEmpty else { return .broken(ConfigError(problems).description) }
      return .tasks(ConfigReading([ConnectorKey.tasksMax], properties).int(ConnectorKey.tasksMax))
    }
  }

  /// The plugin of that class, in full, simple or short.
  public func plugin(_ className: String) -> ConnectorPlugin? {
    plugins.first { $0.isCalled(className) }
  }

  /// The properties as a task gets them: with its name, the worker's defaults, and secrets in their places.
  public func resolved(
    _ config: [String: String], name: String?
  ) -> Result<[String: String], ConfigError> {
    var properties = config.merging(settings.defaults) { own, _ in own }
    var problems: [ConfigProblem] = []
    if let name { properties["name"] = name }
    for (key, value) in properties.sorted(by: { $0.key < $1.key }) {
      do throws(ConfigurationError) {
        properties[key] = try Placeholders.secrets(in: value, environment: settings.environment)
      } catch {
        problems.append(ConfigProblem(key, error.reason))
      }
    }
    return problems.isEmpty ? .success(properties) : .failure(ConfigError(problems))
  }

  // MARK: - Questions

  public var names: [String] { condition.withLock { machine.names } }

  public func config(of name: String) -> [String: String]? {
    condition.withLock { machine.config(of: name) }
  }

  public func target(of name: String) -> TargetState? {
    condition.withLock { machine.target(of: name) }
  }

  public func tasks(of name: String) -> Range<Int> {
    condition.withLock { machine.tasks(of: name) }
  }

  public func status(of name: String) -> ConnectorStatus? {
    condition.withLock { machine.status(of: name) }
  }

  /// What would become of a restart of the task.
  public func restartable(_ name: String, _ task: Int) -> HerderMachine.TaskRestart {
    condition.withLock {
      var trial = machine
      return trial.restartTask(name, task)
    }
  }

  /// The topics that the connector's tasks were given partitions of since this worker's start or the reset.
  public func activeTopics(of name: String) -> ActiveTopics {
    topics[name]
  }

  /// Waits until no task of the connector is alive here; false where that took too long.
  public func waitUntilIdle(_ name: String, seconds: Double) -> Bool {
    let deadline = Date.now + seconds
    condition.lock()
    defer { condition.unlock() }
    while !machine.isIdle(name) {
      guard condition.wait(until: deadline) else { return machine.isIdle(name) }
    }
    return true
  }

  // MARK: - Wishes

  /// Returns when the change is durable and in force here.
  public func write(_ change: ConfigChange) throws(ConfigStoreError) { try store.write(change) }

  /// This folder must not take what a person did for a loss.
  private func remember(_ name: String, _ change: OffsetChange) {
    let group = consumerGroup(name, config(of: name) ?? [:])
    do {
      try StateStore(directory: settings.dataDirectory).apply(change, group: group)
    } catch {
      log.warning("The data folder did not take a change.", [.reason: "\(error)"])
    }
  }
}
