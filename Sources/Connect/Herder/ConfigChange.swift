import JSON
import Kafka

/// One fact about a connector that outlives the process, as the herder takes it in and a store keeps it.
public enum ConfigChange: Sendable, Equatable {
  /// The configuration as it was sent, placeholders unresolved; nil: deleted, with all that was known of it.
  case connector(String, [String: String]?)
  case target(String, TargetState)
  /// Somebody changed the offsets of the connector's group on purpose.
  case offsetsChanged(String, OffsetChange)
  /// Not kept: who is not there when it is asked has nothing to restart.
  case restart(String, RestartRequest)
  case restartTask(String, Int)

  public var connector: String {
    switch self {
    case .connector(let name, _), .target(let name, _), .offsetsChanged(let name, _),
      .restart(let name, _), .restartTask(let name, _):
      name
    }
  }
}

/// A change as a key and a JSON value: one row of a database, one record of a compacted topic.
///
/// Keys are `connector-NAME`, `target-state-NAME`, `offsets-NAME`, `restart-NAME`; a nil value deletes.
public struct ConfigRecord: Sendable, Equatable {
  public let key: String
  public let value: String?

  public init(key: String, value: String?) {
    self.key = key
    self.value = value
  }

  static let connectorPrefix = "connector-"
  static let targetPrefix = "target-state-"
  static let offsetsPrefix = "offsets-"
  static let restartPrefix = "restart-"

  /// What a store writes for a change, in order. Deleting forgets everything of that name.
  public static func records(of change: ConfigChange) -> [ConfigRecord] {
    switch change {
    case .connector(let name, .some(let config)):
      let members = config.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) }
      return [record(connectorPrefix + name, ["properties": .object(members)])]
    case .connector(let name, nil):
      // The connector last: who reads half of it still has a whole connector.
      return [targetPrefix, offsetsPrefix, connectorPrefix].map {
        ConfigRecord(key: $0 + name, value: nil)
      }
    case .target(let name, let state):
      return [record(targetPrefix + name, ["state": .string(state.rawValue)])]
    case .offsetsChanged(let name, let change):
      return [record(offsetsPrefix + name, json(change))]
    case .restart(let name, let request):
      let json: JSONValue = [
        "include-tasks": .bool(request.includeTasks), "only-failed": .bool(request.onlyFailed),
      ]
      return [record(restartPrefix + name, json)]
    case .restartTask(let name, let task):
      return [record(restartPrefix + name, ["task": .int(task)])]
    }
  }

  private static func record(_ key: String, _ json: JSONValue) -> ConfigRecord {
    ConfigRecord(key: key, value: json.serialized())
  }

  private static func json(_ change: OffsetChange) -> JSONValue {
    let offsets = change.offsets.sorted { $0.key < $1.key }.map { source, offset -> JSONValue in
      [
        "topic": .string(source.topic), "partition": .int(Int(source.partition)),
        "offset": offset.map { .number(String($0)) } ?? .null,
      ]
    }
    return ["id": .string(change.id), "offsets": .array(offsets)]
  }

  private func offsets(_ json: JSONValue) -> OffsetChange? {
    guard let id = json["id"]?.string, let all = json["offsets"]?.array else { return nil }
    var offsets: [TopicPartition: Int64?] = [:]
    for each in all {
      guard let topic = each["topic"]?.string, let number = each["partition"]?.int64,
        let partition = Int32(exactly: number)
      else { continue }
      offsets[TopicPartition(topic, partition)] = .some(each["offset"]?.int64)
    }
    return OffsetChange(id: id, offsets: offsets)
  }

  /// What the record says; nil for one that says nothing to this program.
  public var change: ConfigChange? {
    guard let value else {
      return name(Self.connectorPrefix).map { .connector($0, nil) }
    }
    guard let json = try? JSONValue.parse(value) else { return nil }
    if let name = name(Self.targetPrefix) {
      return json["state"]?.string.flatMap(TargetState.init).map { .target(name, $0) }
    }
    if let name = name(Self.offsetsPrefix) {
      return offsets(json).map { .offsetsChanged(name, $0) }
    }
    if let name = name(Self.restartPrefix) {
      if let task = json["task"]?.int64 { return .restartTask(name, Int(task)) }
      let request = RestartRequest(
        includeTasks: json["include-tasks"]?.bool == true,
        onlyFailed: json["only-failed"]?.bool == true)
      return .restart(name, request)
    }
    guard let name = name(Self.connectorPrefix), let members = json["properties"]?.object else {
      return nil
    }
    var config: [String: String] = [:]
    for member in members { config[member.name] = member.value.string }
    return .connector(name, config)
  }

  /// Whether it is kept for those who come later.
  var isLasting: Bool { !key.hasPrefix(Self.restartPrefix) }

  private func name(_ prefix: String) -> String? {
    key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
  }

  /// The changes that lead from nothing to what these records say, each key's last one: what is wanted of
  /// a connector comes before the connector, so that a stopped one never starts.
  static func start(_ kept: [String: ConfigRecord]) -> [ConfigChange] {
    let changes = kept.values.sorted { $0.key < $1.key }.filter(\.isLasting).compactMap(\.change)
    var (first, last): ([ConfigChange], [ConfigChange]) = ([], [])
    for change in changes {
      switch change {
      case .connector(_, .some): last.append(change)
      case .connector(_, nil), .restart, .restartTask: break
      case .target, .offsetsChanged: first.append(change)
      }
    }
    return first + last
  }
}
