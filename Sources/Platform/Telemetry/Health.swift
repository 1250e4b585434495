import Synchronization

/// What holds a part of the process up, by name; empty means healthy.
public struct Hold: Sendable, Equatable {
  /// What is held: `elasticsearch`, `registry`, `index reviews`, `dead letter queue`, …
  public let name: String
  /// One sentence for the person on call; no record content.
  public var reason: String
  /// Seconds since 1970.
  public let since: Double
  /// Seconds since 1970 of the next try; nil where a person must act.
  public var nextTry: Double?

  public init(name: String, reason: String, since: Double, nextTry: Double?) {
    self.name = name
    self.reason = reason
    self.since = since
    self.nextTry = nextTry
  }
}

/// What the process answers when asked how it is.
public enum HealthStatus: String, Sendable {
  case healthy, starting, degraded, failed
}

/// The state of one task as others may read it, from any thread.
public struct TaskHealth: Sendable, Equatable {
  public var status: HealthStatus
  public var holds: [Hold]
  /// Why the task stopped, with coordinates; nil unless `failed`.
  public var failure: String?

  public init(status: HealthStatus, holds: [Hold] = [], failure: String? = nil) {
    self.status = status
    self.holds = holds
    self.failure = failure
  }
}

/// The health of all tasks of a process, by task name.
public final class Health: Sendable {
  private let tasks = Mutex<[String: TaskHealth]>([:])

  public init() {}

  public func set(_ task: String, _ health: TaskHealth) { tasks.withLock { $0[task] = health } }

  public func remove(_ task: String) { _ = tasks.withLock { $0.removeValue(forKey: task) } }

  public var all: [(name: String, health: TaskHealth)] {
    tasks.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
  }

  /// The worst of all tasks; `healthy` with none.
  public var status: HealthStatus {
    let all = tasks.withLock { Array($0.values.map(\.status)) }
    for status in [HealthStatus.failed, .degraded, .starting] where all.contains(status) {
      return status
    }
    return .healthy
  }
}
