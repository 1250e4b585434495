import Connect
import Foundation
import HTTPServer

/// `opine connect`: a worker for connectors, managed by Kafka Connect's REST API.
enum ConnectStage {
  static let configTopic = Option(
    "config-topic", .text, "TOPIC",
    "keep connectors in this compacted topic, shared by all workers that name it")
  static let clusterID = Option(
    "cluster-id", .text, "NAME", standard: "opine-connect",
    "name of the workers that share --config-topic")
  static let preflight = Option(
    "preflight", .flag, "", standard: "true",
    "ask Elasticsearch before a configuration sent by REST is taken; --no-preflight: do not")

  /// Connectors of the command line beside those that the store knows; until the task is cancelled.
  static func run(_ invocation: Invocation, _ stage: Stage) async throws -> ExitCode {
    let files = try invocation.arguments.map { try ConnectorFile.raw($0) }
    let herder = try herder(invocation, stage)
    for file in files { try check(file, herder) }
    let service = ConnectService(herder, asksNetwork: invocation.flag(preflight))
    let admin = try AdminServer.start(
      listen: invocation.text(StageCommands.listen("")), stage: stage,
      options: try Serving.options(invocation), routes: service.routes(),
      isReady: { herder.isReady })
    defer { admin.stop() }
    herder.workerID = workerID(admin)
    return try await withTaskCancellationHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        defer { herder.stop() }
        group.addTask { await herder.run() }
        try await onThread { try start(files, herder) }
        StageCommands.announce("connect", admin)
        try await group.waitForAll()
        return .done
      }
    } onCancel: {
      herder.stop()
    }
  }

  private static func start(_ files: [[String: String]], _ herder: Herder) throws {
    do throws(ConfigStoreError) {
      try herder.load()
      for file in files {
        let name = file["name"] ?? ""
        if herder.config(of: name) != file { try herder.write(.connector(name, file)) }
      }
    } catch {
      if herder.isStopped { throw CancellationError() }
      throw CommandError(
        .failed, "the connectors can't be read", why: error.reason,
        next: "another --data DIR or --config-topic TOPIC")
    }
  }

  private static func herder(_ invocation: Invocation, _ stage: Stage) throws -> Herder {
    let (kafka, data) = (invocation.kafkaProperties, invocation.text(.data))
    let topics = TopicsByConnector()
    var settings = HerderSettings(
      kafka: kafka, dataDirectory: data, environment: invocation.resolvedEnvironment)
    settings.defaults = ["on.gap": invocation.text(.onGap)]
    let plugin = SinkPlugin.make(
      kafka: kafka, dataDirectory: data, stage: stage, topics: topics)
    return Herder(
      plugins: [plugin], settings: settings, store: try store(invocation), topics: topics,
      metrics: stage.metrics)
  }

  private static func store(_ invocation: Invocation) throws -> any ConfigStore {
    if let topic = invocation.optional(configTopic), !topic.isEmpty {
      return TopicConfigStore(
        topic: topic, group: invocation.text(clusterID), properties: invocation.kafkaProperties)
    }
    do throws(ConfigStoreError) {
      return try FileConfigStore(directory: invocation.text(.data))
    } catch {
      throw CommandError(
        .failed, "the data folder can't be used", why: error.reason, next: "another --data DIR")
    }
  }

  /// A file that can't be used ends the command: the person who gave it is there to mend it.
  private static func check(_ config: [String: String], _ herder: Herder) throws {
    func refuse(_ why: String) -> CommandError {
      CommandError(
        .failed, "the connector can't be started", why: why, next: "mend these properties")
    }
    guard let plugin = herder.plugin(config["connector.class"] ?? SinkPlugin.className) else {
      throw refuse("connector.class: there is only \(SinkPlugin.className)")
    }
    do throws(ConfigError) {
      let properties = try herder.resolved(config, name: config["name"]).get()
      let problems = plugin.validate(properties)
      if !problems.isEmpty { throw ConfigError(problems) }
      _ = try SinkConnector(properties)
    } catch {
      throw refuse(error.description)
    }
  }

  /// What others can reach it by, as far as it knows.
  private static func workerID(_ server: HTTPServer) -> String {
    let host = server.address.host
    let isAny = ["0.0.0.0", "::", "*"].contains(host)
    return "\(isAny ? ProcessInfo.processInfo.hostName : host):\(server.port)"
  }
}
