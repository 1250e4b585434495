/// A kind of connector that the worker can run: what it is called, what it understands, how its tasks are made.
public struct ConnectorPlugin: Sendable {
  /// Full name of its class, as configurations give it.
  public let className: String
  /// Its version as `connector-plugins` and statuses show it.
  public let version: String
  /// The table of its properties, Connect's own among them.
  public let keys: [ConfigKey]
  /// Everything that is wrong with the properties, as far as it can be told without a network.
  public let validate: @Sendable ([String: String]) -> [ConfigProblem]
  /// What only the network can tell; asked where `validate` finds nothing, and bound in time.
  public let preflight: @Sendable ([String: String]) -> [ConfigProblem]
  /// Makes one try of a task, from properties without problems. Throws what becomes the task's trace.
  public let makeWorker: @Sendable (_ properties: [String: String], _ task: Int) throws -> Worker

  public init(
    className: String, version: String, keys: [ConfigKey],
    validate: @escaping @Sendable ([String: String]) -> [ConfigProblem],
    preflight: @escaping @Sendable ([String: String]) -> [ConfigProblem],
    makeWorker: @escaping @Sendable (_ properties: [String: String], _ task: Int) throws -> Worker
  ) {
    self.className = className
    self.version = version
    self.keys = keys
    self.validate = validate
    self.preflight = preflight
    self.makeWorker = makeWorker
  }

  /// Without its package: `ElasticsearchSinkConnector`.
  public var simpleName: String {
    className.split(separator: ".").last.map(String.init) ?? className
  }

  /// Connect's rule: the full name, the simple one, or that without `Connector`.
  public func isCalled(_ name: String) -> Bool {
    let alias =
      simpleName.hasSuffix("Connector")
      ? String(simpleName.dropLast("Connector".count)) : simpleName
    return [className, simpleName, alias].contains(name)
  }
}

/// The consumer group of a connector: `connect-NAME`, unless the configuration names another.
public func consumerGroup(_ connector: String, _ config: [String: String]) -> String {
  config["consumer.override.group.id"] ?? "connect-\(connector)"
}
