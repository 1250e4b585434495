import Connect
import ESSink
import Foundation
import HTTPServer
import Telemetry

/// `opine enrich`, `opine connect` and `opine run`: the stages that work until they are stopped.
enum StageCommands {
  static func listen(_ standard: String) -> Option {
    Option("listen", .text, "HOST:PORT", standard: standard, "address of /health and /metrics")
  }
  private static let restListen = Option(
    "listen", .text, "HOST:PORT", standard: "127.0.0.1:8083",
    "address of the REST API, /health and /metrics")

  static let enrich = Command(
    "enrich", "score reviews: reviews.raw to reviews.scored",
    options: [.kafka, .registry, .data, .once, .onGap, listen("127.0.0.1:8084")],
    example: "opine enrich --once"
  ) { invocation in try await Stage.run { try await runEnrich(invocation, $0) } }

  private static func runEnrich(_ invocation: Invocation, _ stage: Stage) async throws -> ExitCode {
    let admin = try AdminServer.start(listen: invocation.text(listen("")), stage: stage)
    defer { admin.stop() }
    let worker = try EnrichStage.worker(invocation, stage: stage)
    announce("enrich", admin)
    return try await stage.run([worker])
  }

  static let connect = Command(
    "connect", "the sink: topics to Elasticsearch, managed by Kafka Connect's REST API",
    arguments: "[FILE.json …]", argumentCount: 0...64,
    options: [
      .kafka, .registry, .elasticsearch, .data, .once, .onGap, restListen, Serving.token,
      Serving.certificate, Serving.key, ConnectStage.configTopic, ConnectStage.clusterID,
      ConnectStage.preflight,
    ],
    example: "opine connect mappings/connect/reviews-elasticsearch.json"
  ) { invocation in try await Stage.run { try await runConnect(invocation, $0) } }

  private static func runConnect(_ invocation: Invocation, _ stage: Stage) async throws -> ExitCode
  {
    guard invocation.flag(.once) else { return try await ConnectStage.run(invocation, stage) }
    let admin = try AdminServer.start(
      listen: invocation.text(restListen), stage: stage,
      options: try Serving.options(invocation))
    defer { admin.stop() }
    let files = try invocation.arguments.map { try ConnectorFile.read($0, invocation) }
    guard !files.isEmpty else {
      throw CommandError(
        .usage, "opine connect --once needs a connector's FILE.json",
        why: "there is nothing to do once",
        next: "opine connect --once mappings/connect/reviews-elasticsearch.json")
    }
    let workers = try files.flatMap { try sink($0, invocation, stage) }
    announce("connect", admin)
    return try await stage.run(workers)
  }

  static let run = Command(
    "run", "enrich and the reviews sink in one process",
    options: [.kafka, .registry, .elasticsearch, .data, .once, .onGap, listen("127.0.0.1:8083")],
    example: "opine run --once"
  ) { invocation in try await Stage.run { try await runBoth(invocation, $0) } }

  private static func runBoth(_ invocation: Invocation, _ stage: Stage) async throws -> ExitCode {
    let admin = try AdminServer.start(listen: invocation.text(listen("")), stage: stage)
    defer { admin.stop() }
    let enrich = try EnrichStage.worker(invocation, stage: stage)
    let connector = try ConnectorFile.builtIn(invocation)
    announce("run", admin)
    if invocation.flag(.once) {
      // What enrich writes now is what the sink must reach: one after the other.
      let code = try await stage.run([enrich])
      guard code == .done else { return code }
      return try await stage.run(try sink(connector, invocation, stage))
    }
    return try await stage.run([enrich] + (try sink(connector, invocation, stage)))
  }

  static func sink(
    _ properties: [String: String], _ invocation: Invocation, _ stage: Stage
  ) throws -> [Worker] {
    let connector = try connector(properties, invocation)
    for warning in connector.warnings {
      Terminal.say("opine: \(connector.settings.name): \(warning)")
    }
    return try connector.workers(
      kafka: invocation.kafkaProperties, dataDirectory: invocation.text(.data),
      once: invocation.flag(.once), stage: stage)
  }

  /// What the properties leave open about gaps is as the command line says.
  static func connector(
    _ properties: [String: String], _ invocation: Invocation
  ) throws -> SinkConnector {
    do throws(ConfigError) {
      return try SinkConnector(
        properties.merging(["on.gap": invocation.text(.onGap)]) { own, _ in own })
    } catch {
      throw CommandError(
        .failed, "the connector can't be started", why: error.description,
        next: "mend these properties")
    }
  }

  static func announce(_ name: String, _ server: HTTPServer) {
    Terminal.print("ready \(name) \(server.url)/health")
  }
}
