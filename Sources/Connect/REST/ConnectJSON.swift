import JSON

/// The shapes of answers.
enum ConnectJSON {
  static func config(_ config: [String: String]) -> JSONValue {
    .object(config.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) })
  }

  static func taskID(_ name: String, _ task: Int) -> JSONValue {
    ["connector": .string(name), "task": .int(task)]
  }

  static func info(_ name: String, _ config: [String: String], tasks: Range<Int>) -> JSONValue {
    [
      "name": .string(name), "config": Self.config(config),
      "tasks": .array(tasks.map { taskID(name, $0) }), "type": "sink",
    ]
  }

  /// One line of a trace is enough to act on; `version` is the plugin's.
  static func state(
    _ state: RunState, worker: String, version: String?, trace: String?
  ) -> [JSONMember] {
    let members = [
      JSONMember("state", .string(state.rawValue)), JSONMember("worker_id", .string(worker)),
      JSONMember("version", version.map { .string($0) } ?? .null),
    ]
    return members + (trace.map { [JSONMember("trace", .string($0))] } ?? [])
  }

  static func task(_ task: TaskStatus, worker: String, version: String?) -> JSONValue {
    .object(
      [JSONMember("id", .int(task.number))]
        + state(task.state, worker: worker, version: version, trace: task.trace))
  }

  static func status(_ status: ConnectorStatus, worker: String, version: String?) -> JSONValue {
    [
      "name": .string(status.name),
      "connector": .object(
        state(status.state, worker: worker, version: version, trace: status.trace)),
      "tasks": .array(status.tasks.map { task($0, worker: worker, version: version) }),
      "type": "sink",
    ]
  }

  /// What is known of a property, as `ConfigDef` tells it. `order`: its place in its group, from 1.
  static func definition(_ key: ConfigKey, order: Int) -> JSONValue {
    [
      "name": .string(key.name), "type": .string(key.kind.rawValue),
      "required": .bool(key.standard == .required),
      "default_value": key.defaultText.map { .string($0) } ?? .null,
      "importance": .string(key.importance.rawValue),
      "documentation": .string(key.explanation), "group": .string(key.group),
      "order_in_group": .int(order), "width": "MEDIUM", "display_name": .string(key.name),
      "dependents": [],
    ]
  }

  static func definitions(_ keys: [ConfigKey]) -> [JSONValue] {
    var counts: [String: Int] = [:]
    return keys.map { key in
      counts[key.group, default: 0] += 1
      return definition(key, order: counts[key.group] ?? 1)
    }
  }
}
