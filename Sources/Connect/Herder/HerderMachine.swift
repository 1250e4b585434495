/// The life of connectors and tasks in one process, as a value: no I/O, no clock.
///
/// Every input answers with the actions to carry out, in order. What it keeps true, whatever comes in
/// which order: of one task at most one run is alive, so that a restarted task never meets its own static
/// member of the group; a run that is not wanted any more is stopped exactly once (twice where it then also
/// has to leave its group); a failed task stays failed, whatever the others do, until it is restarted,
/// configured anew or its connector stopped.
public struct HerderMachine: Sendable {
  /// One try of a task, from its start to its end.
  public struct Run: Hashable, Sendable {
    public let connector: String
    public let task: Int
    /// Unique in the process.
    public let number: Int
  }

  public enum Action: Sendable, Equatable {
    /// Start the run, with the connector's configuration of now; say `ended` when it is over.
    case start(Run)
    /// Let the run drain, commit and end; `leaving`: its group has it no more afterwards.
    case stop(Run, leaving: Bool)
  }

  /// What a configuration asks for.
  public enum Setup: Sendable, Equatable {
    case tasks(Int)
    /// It can't be used.
    case broken(String)
  }

  public enum TaskRestart: Sendable, Equatable {
    case restarted([Action])
    case unknownConnector
    case unknownTask
    /// The connector is stopped; it had tasks before.
    case stopped
  }

  private struct Slot: Sendable, Equatable {
    /// Which run is wanted: one that began with this number, or none yet.
    var generation: Int
    var failure: String?
    var isRestarting = false
  }

  private struct Connector: Sendable {
    var config: [String: String]
    var setup: Setup
    var target: TargetState
    var slots: [Slot] = []
    var hadTasks = false
  }

  private struct TaskKey: Hashable, Sendable {
    let connector: String
    let task: Int
  }

  private struct Live: Sendable {
    let run: Run
    let generation: Int
    var isStopping = false
    var isLeaving = false
  }

  private var connectors: [String: Connector] = [:]
  /// Also of connectors that are not there yet.
  private var targets: [String: TargetState] = [:]
  private var alive: [TaskKey: Live] = [:]
  private var lastNumber = 0
  public private(set) var isShutDown = false

  public init() {}

  // MARK: - What others may see

  public var names: [String] { connectors.keys.sorted() }
  public func config(of name: String) -> [String: String]? { connectors[name]?.config }
  public func target(of name: String) -> TargetState? { connectors[name]?.target }
  public func tasks(of name: String) -> Range<Int> { 0..<(connectors[name]?.slots.count ?? 0) }

  /// Whether no run of the connector is alive, also none that is on its way out.
  public func isIdle(_ name: String) -> Bool { !alive.keys.contains { $0.connector == name } }

  public func isAlive(_ run: Run) -> Bool { alive[key(run)]?.run == run }

  public func status(of name: String) -> ConnectorStatus? {
    guard let connector = connectors[name] else { return nil }
    let tasks = connector.slots.indices.map { task($0, of: connector, name) }
    switch (connector.target, connector.setup) {
    case (.stopped, _): return ConnectorStatus(name, .stopped, tasks: tasks)
    case (.paused, _): return ConnectorStatus(name, .paused, tasks: tasks)
    case (.running, .broken(let trace)):
      return ConnectorStatus(name, .failed, trace: trace, tasks: tasks)
    case (.running, .tasks): return ConnectorStatus(name, .running, tasks: tasks)
    }
  }

  private func task(_ number: Int, of connector: Connector, _ name: String) -> TaskStatus {
    let slot = connector.slots[number]
    if let failure = slot.failure { return TaskStatus(number, .failed, trace: failure) }
    if connector.target == .paused { return TaskStatus(number, .paused) }
    if slot.isRestarting { return TaskStatus(number, .restarting) }
    let live = alive[TaskKey(connector: name, task: number)]
    let isRunning = live.map { $0.generation == slot.generation && !$0.isStopping } ?? false
    return TaskStatus(number, isRunning ? .running : .unassigned)
  }

  // MARK: - Inputs

  /// The connector is there, or has another configuration. The same one as before leaves running tasks alone.
  public mutating func configured(
    _ name: String, _ config: [String: String], _ setup: Setup
  ) -> [Action] {
    let known = connectors[name]
    let target = known?.target ?? targets[name] ?? .running
    var connector = known ?? Connector(config: config, setup: setup, target: target)
    let isChanged = known?.config != config || known?.setup != setup
    connector.config = config
    connector.setup = setup
    if target == .running || !connector.slots.isEmpty { plan(&connector, anew: isChanged) }
    connectors[name] = connector
    return reconcile(name)
  }

  /// What is wanted of the connector, which may come before the connector does.
  public mutating func targeted(_ name: String, _ target: TargetState) -> [Action] {
    targets[name] = target
    guard var connector = connectors[name], connector.target != target else { return [] }
    connector.target = target
    switch target {
    case .running: if connector.slots.isEmpty { plan(&connector, anew: true) }
    case .paused: break
    case .stopped: connector.slots = []
    }
    connectors[name] = connector
    return reconcile(name)
  }

  public mutating func removed(_ name: String) -> [Action] {
    connectors[name] = nil
    targets[name] = nil
    return reconcile(name)
  }

  /// Without `includeTasks` nothing happens: a connector beside its tasks does no work.
  public mutating func restart(_ name: String, _ request: RestartRequest) -> [Action] {
    guard var connector = connectors[name], request.includeTasks else { return [] }
    for number in connector.slots.indices
    where !request.onlyFailed || connector.slots[number].failure != nil {
      connector.slots[number] = Slot(generation: next(), isRestarting: true)
    }
    connectors[name] = connector
    return reconcile(name)
  }

  public mutating func restartTask(_ name: String, _ number: Int) -> TaskRestart {
    guard var connector = connectors[name] else { return .unknownConnector }
    if connector.target == .stopped && connector.hadTasks { return .stopped }
    guard connector.slots.indices.contains(number) else { return .unknownTask }
    connector.slots[number] = Slot(generation: next(), isRestarting: true)
    connectors[name] = connector
    return .restarted(reconcile(name))
  }

  /// A run is over. `failure`: why, where it was not told to stop.
  public mutating func ended(_ run: Run, _ failure: String?) -> [Action] {
    guard let live = alive[key(run)], live.run == run else { return [] }
    alive[key(run)] = nil
    if !live.isStopping, var connector = connectors[run.connector],
      connector.slots.indices.contains(run.task),
      connector.slots[run.task].generation == live.generation
    {
      connector.slots[run.task].failure = failure ?? "The task ended by itself. Restart it"
      connectors[run.connector] = connector
    }
    return reconcile(run.connector)
  }

  /// Everything ends; nothing starts any more.
  public mutating func shutDown() -> [Action] {
    isShutDown = true
    return Set(alive.keys.map(\.connector)).sorted().flatMap { reconcile($0) }
  }

  // MARK: -

  private func key(_ run: Run) -> TaskKey { TaskKey(connector: run.connector, task: run.task) }

  private mutating func next() -> Int {
    lastNumber += 1
    return lastNumber
  }

  /// Gives the connector the tasks that its configuration asks for; `anew`: none of the old ones goes on.
  private mutating func plan(_ connector: inout Connector, anew: Bool) {
    var slots: [Slot] = []
    if case .tasks(let count) = connector.setup {
      for number in 0..<count {
        let old = connector.slots.indices.contains(number) ? connector.slots[number] : nil
        if let old, !anew, old.failure == nil {
          slots.append(old)
        } else {
          slots.append(Slot(generation: next()))
        }
      }
    }
    connector.slots = slots
    connector.hadTasks = connector.hadTasks || !slots.isEmpty
  }

  private func wanted(_ key: TaskKey) -> Int? {
    guard !isShutDown, let connector = connectors[key.connector], connector.target == .running,
      connector.slots.indices.contains(key.task), connector.slots[key.task].failure == nil
    else { return nil }
    return connector.slots[key.task].generation
  }

  private mutating func reconcile(_ name: String) -> [Action] {
    let numbers = Set(alive.keys.filter { $0.connector == name }.map(\.task)).union(tasks(of: name))
    var actions: [Action] = []
    for number in numbers.sorted() {
      let key = TaskKey(connector: name, task: number)
      let wanted = wanted(key)
      if var live = alive[key] {
        guard live.generation != wanted else { continue }
        let leaving = wanted == nil && !isShutDown
        guard !live.isStopping || (leaving && !live.isLeaving) else { continue }
        live.isStopping = true
        live.isLeaving = leaving
        alive[key] = live
        actions.append(.stop(live.run, leaving: leaving))
      } else if let wanted {
        let run = Run(connector: name, task: number, number: next())
        alive[key] = Live(run: run, generation: wanted)
        connectors[name]?.slots[number].isRestarting = false
        actions.append(.start(run))
      }
    }
    return actions
  }
}
