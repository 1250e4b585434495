/// What a person wants of a connector; kept over restarts.
public enum TargetState: String, Sendable, CaseIterable {
  case running = "RUNNING"
  /// Tasks are kept in mind and do not work.
  case paused = "PAUSED"
  /// There are no tasks; only so may offsets be changed.
  case stopped = "STOPPED"
}

/// What a connector or a task is doing, in Kafka Connect's words.
public enum RunState: String, Sendable {
  case unassigned = "UNASSIGNED"
  case running = "RUNNING"
  case paused = "PAUSED"
  case failed = "FAILED"
  case restarting = "RESTARTING"
  /// Of connectors only.
  case stopped = "STOPPED"
}

/// The state of one task.
public struct TaskStatus: Sendable, Equatable {
  public let number: Int
  public let state: RunState
  /// Why it failed, with coordinates and what to do; nil unless `failed`. Never what is in a record.
  public let trace: String?

  public init(_ number: Int, _ state: RunState, trace: String? = nil) {
    self.number = number
    self.state = state
    self.trace = trace
  }
}

/// The state of one connector and of its tasks in this process.
public struct ConnectorStatus: Sendable, Equatable {
  public let name: String
  public let state: RunState
  public let trace: String?
  /// By number.
  public let tasks: [TaskStatus]

  public init(_ name: String, _ state: RunState, trace: String? = nil, tasks: [TaskStatus] = []) {
    self.name = name
    self.state = state
    self.trace = trace
    self.tasks = tasks
  }
}

/// What of a connector a person wants restarted.
public struct RestartRequest: Sendable, Equatable {
  public let includeTasks: Bool
  public let onlyFailed: Bool

  public init(includeTasks: Bool, onlyFailed: Bool) {
    self.includeTasks = includeTasks
    self.onlyFailed = onlyFailed
  }
}
