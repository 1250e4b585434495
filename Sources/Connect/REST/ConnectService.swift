import Foundation
import HTTPServer
import JSON
import Kafka
import Telemetry

/// What the worker answers, call by call, as Kafka Connect 4 does: knows the herder, not the routes.
public final class ConnectService: Sendable {
  /// What `GET /` says. Clients choose their calls by it, so it is the version of Kafka Connect that the
  /// answers were compared with; `commit` says who really answers.
  static let version = "4.3.1"

  let herder: Herder
  /// Whether new configurations are tried on the network before they are taken.
  let asksNetwork: Bool
  let loggers = Loggers()
  /// Calls that look before they write: one at a time.
  private let writing = NSLock()

  public init(_ herder: Herder, asksNetwork: Bool = true) {
    self.herder = herder
    self.asksNetwork = asksNetwork
  }

  // MARK: - The worker

  func root(_: HTTPServerRequest) -> ConnectAnswer {
    let cluster = (try? Admin(herder.settings.kafka))?.clusterID(timeoutMilliseconds: 1000)
    return ConnectAnswer([
      "version": .string(Self.version), "commit": "opine",
      "kafka_cluster_id": cluster.map { .string($0) } ?? .null,
    ])
  }

  // MARK: - Connectors

  func connectors(_ request: HTTPServerRequest) -> ConnectAnswer {
    let names = herder.names
    let expansions = request.query.items.filter { $0.name == "expand" }.map { $0.value ?? "" }
    if expansions.isEmpty { return ConnectAnswer(.array(names.map { .string($0) })) }
    let all = names.compactMap { name -> JSONMember? in
      var members: [JSONMember] = []
      for expansion in expansions where !members.contains(where: { $0.name == expansion }) {
        switch expansion {
        case "info":
          guard let info = try? info(name) else { return nil }
          members.append(JSONMember("info", info))
        case "status":
          guard let status = herder.status(of: name) else { return nil }
          members.append(JSONMember("status", json(status)))
        default: break
        }
      }
      return JSONMember(name, .object(members))
    }
    return ConnectAnswer(.object(all))
  }

  func create(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let create = try CreateRequest(request.body)
    let name = create.name
    let config = try named(create.config, name, isNew: true)
    return try exclusively { () throws(ConnectProblem) in
      if herder.config(of: name) != nil {
        throw ConnectProblem(409, "Connector \(name) already exists")
      }
      try check(config, name)
      try write(.target(name, create.initialState ?? .running))
      try write(.connector(name, config.given))
      return try created(name, request)
    }
  }

  func connector(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    ConnectAnswer(try info(request["name"]))
  }

  func config(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    ConnectAnswer(ConnectJSON.config(try config(of: request["name"])))
  }

  func setConfig(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let name = request["name"]
    let config = try named(ConfigBody(try ConfigBody.parse(request.body)), name, isNew: false)
    return try exclusively { () throws(ConnectProblem) in
      let isNew = herder.config(of: name) == nil
      try check(config, name)
      try write(.connector(name, config.given))
      return isNew ? try created(name, request) : ConnectAnswer(try info(name))
    }
  }

  /// A null takes a property away, everything else sets it (RFC 7396).
  func patchConfig(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let name = request["name"]
    let patch = try ConfigBody(
      request.body.isEmpty ? .object([]) : try ConfigBody.parse(request.body))
    return try exclusively { () throws(ConnectProblem) in
      var values: [String: String?] = try config(of: name).mapValues { $0 }
      for (key, value) in patch.values { values[key] = value == nil ? nil : .some(value) }
      // Another name in the configuration does not rename: it is ignored.
      values["name"] = name
      let members = values.map { JSONMember($0.key, $0.value.map { .string($0) } ?? .null) }
      let config = try ConfigBody(.object(members))
      try check(config, name)
      try write(.connector(name, config.given))
      return ConnectAnswer(try info(name))
    }
  }

  func delete(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let name = request["name"]
    return try exclusively { () throws(ConnectProblem) in
      _ = try config(of: name)
      try write(.connector(name, nil))
      return ConnectAnswer(status: 204)
    }
  }

  // MARK: - States

  func status(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let name = request["name"]
    guard let status = herder.status(of: name) else {
      throw ConnectProblem(404, "No status found for connector \(name)")
    }
    return ConnectAnswer(json(status))
  }

  func target(
    _ state: TargetState, status: Int
  ) -> @Sendable (HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    { request throws(ConnectProblem) in
      let name = request["name"]
      return try self.exclusively { () throws(ConnectProblem) in
        guard let current = self.herder.target(of: name) else { throw .unknownConnector(name) }
        if current != state { try self.write(.target(name, state)) }
        return ConnectAnswer(status: status)
      }
    }
  }

  func restart(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    func isSet(_ flag: String) -> Bool { request.query[flag]?.lowercased() == "true" }
    let (name, wanted) = (
      request["name"],
      RestartRequest(includeTasks: isSet("includeTasks"), onlyFailed: isSet("onlyFailed"))
    )
    guard let before = herder.status(of: name) else {
      throw ConnectProblem(404, "Unknown connector: \(name)")
    }
    try write(.restart(name, wanted))
    guard wanted.includeTasks || wanted.onlyFailed else { return ConnectAnswer(status: 204) }
    // What the restart does, as it is asked for: by now some may run again.
    let tasks = before.tasks.map { task in
      wanted.includeTasks && (!wanted.onlyFailed || task.state == .failed)
        ? TaskStatus(task.number, .restarting) : task
    }
    let isRestarted = !wanted.onlyFailed || before.state == .failed
    return ConnectAnswer(
      status: 202,
      json(
        ConnectorStatus(
          name, isRestarted ? .restarting : before.state,
          trace: isRestarted ? nil : before.trace, tasks: tasks)))
  }

  // MARK: - Tasks and topics

  func tasks(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let name = request["name"]
    let config = ConnectJSON.config(try config(of: name))
    return ConnectAnswer(
      .array(
        herder.tasks(of: name).map { ["id": ConnectJSON.taskID(name, $0), "config": config] }))
  }

  func taskStatus(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let (name, number) = (request["name"], try taskNumber(request))
    guard let task = herder.status(of: name)?.tasks.first(where: { $0.number == number }) else {
      throw .noTask(name, number)
    }
    return ConnectAnswer(
      ConnectJSON.task(task, worker: herder.workerID, version: version(of: name)))
  }

  func restartTask(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let (name, number) = (request["name"], try taskNumber(request))
    switch herder.restartable(name, number) {
    case .unknownConnector: throw ConnectProblem(404, "Unknown connector: \(name)")
    case .unknownTask: throw .unknownTask(name, number)
    case .stopped:
      throw ConnectProblem(
        409, "Connector \(name) is stopped: PUT /connectors/\(name)/resume first")
    case .restarted: try write(.restartTask(name, number))
    }
    return ConnectAnswer(status: 204)
  }

  private func taskNumber(_ request: HTTPServerRequest) throws(ConnectProblem) -> Int {
    guard let number = Int32(request["task"]) else { throw .notFound }
    return Int(number)
  }

  /// Also of connectors that nobody knows: none.
  func topics(_ request: HTTPServerRequest) -> ConnectAnswer {
    let name = request["name"]
    let topics = herder.config(of: name) == nil ? [] : herder.activeTopics(of: name).all
    let list: JSONValue = ["topics": .array(topics.map { .string($0) })]
    return ConnectAnswer(.object([JSONMember(name, list)]))
  }

  func resetTopics(_ request: HTTPServerRequest) -> ConnectAnswer {
    let name = request["name"]
    if herder.config(of: name) != nil { herder.activeTopics(of: name).reset() }
    return ConnectAnswer(status: 202)
  }

  // MARK: - Plugins

  func pluginList(_: HTTPServerRequest) -> ConnectAnswer {
    ConnectAnswer(
      .array(
        herder.plugins.map {
          ["class": .string($0.className), "type": "sink", "version": .string($0.version)]
        }))
  }

  func pluginConfig(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    guard let plugin = herder.plugin(request["plugin"]) else {
      throw ConnectProblem(404, "Unknown plugin \(request["plugin"]).")
    }
    return ConnectAnswer(.array(ConnectJSON.definitions(plugin.keys)))
  }

  /// 200 with the errors inside, in milliseconds: the network is asked only where all else is well.
  func validate(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let asked = request["plugin"]
    let body = try ConfigBody(try ConfigBody.parse(request.body))
    guard let className = body.given["connector.class"] else {
      throw ConnectProblem(500, ConnectProblem.noClass.message)
    }
    func short(_ name: String) -> String {
      name.hasSuffix("Connector") ? String(name.dropLast("Connector".count)) : name
    }
    guard short(className).hasSuffix(short(asked)) else {
      throw ConnectProblem(
        400, "Included connector type \(className) does not match request type \(asked)")
    }
    guard let plugin = herder.plugin(className) else {
      throw ConnectProblem(500, ConnectProblem.unknownClass(className, herder.plugins).message)
    }
    return ConnectAnswer(
      ConfigValidation(body, plugin: plugin, name: nil, herder: herder, asks: asksNetwork).json)
  }

  // MARK: -

  func exclusively<Answer>(
    _ body: () throws(ConnectProblem) -> Answer
  ) throws(ConnectProblem) -> Answer {
    writing.lock()
    defer { writing.unlock() }
    return try body()
  }

  func write(_ change: ConfigChange) throws(ConnectProblem) {
    do throws(ConfigStoreError) { try herder.write(change) } catch { throw ConnectProblem(error) }
  }

  func config(of name: String) throws(ConnectProblem) -> [String: String] {
    guard let config = herder.config(of: name) else { throw .noConnector(name) }
    return config
  }

  func version(of name: String) -> String? {
    herder.config(of: name)?["connector.class"].flatMap { herder.plugin($0)?.version }
  }

  private func json(_ status: ConnectorStatus) -> JSONValue {
    ConnectJSON.status(
      status, worker: herder.workerID, version: version(of: status.name))
  }

  private func info(_ name: String) throws(ConnectProblem) -> JSONValue {
    ConnectJSON.info(name, try config(of: name), tasks: herder.tasks(of: name))
  }

  private func created(
    _ name: String, _ request: HTTPServerRequest
  ) throws(ConnectProblem) -> ConnectAnswer {
    var answer = ConnectAnswer(status: 201, try info(name))
    let host = request.first(named: "host") ?? herder.workerID
    let path = name.addingPercentEncoding(withAllowedCharacters: .urlPathSegment) ?? name
    answer.headers = [("Location", "http://\(host)/connectors/\(path)")]
    return answer
  }

  /// The configuration with the connector's name in it; another one in it is refused.
  private func named(
    _ body: ConfigBody, _ name: String, isNew: Bool
  ) throws(ConnectProblem) -> ConfigBody {
    if !name.isEmpty, let other = body.given["name"], ConfigText.trimmed(other) != name {
      throw ConnectProblem(
        400,
        "Connector name configuration (\(other)) doesn't match connector name in the URL (\(name))")
    }
    var members = body.values.map { JSONMember($0.key, $0.value.map { .string($0) } ?? .null) }
    members.removeAll { $0.name == "name" }
    members.append(JSONMember("name", .string(name)))
    return try ConfigBody(.object(members))
  }

  /// 400 with everything that is wrong.
  private func check(_ config: ConfigBody, _ name: String) throws(ConnectProblem) {
    guard let className = config.given["connector.class"] else { throw .noClass }
    guard let plugin = herder.plugin(className) else {
      throw .unknownClass(className, herder.plugins)
    }
    let validation = ConfigValidation(
      config, plugin: plugin, name: name, herder: herder, asks: asksNetwork)
    if !validation.isValid { throw .invalid(validation.problems) }
  }
}

extension CharacterSet {
  /// RFC 3986's unreserved characters: what stands for itself in any part of a path.
  fileprivate static let urlPathSegment = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
