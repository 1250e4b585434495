import Connect
import ESSink
import Elasticsearch
import HTTPClient
import JSON
import Kafka
import Telemetry

/// The Elasticsearch sink as the worker knows it; takes configurations of Confluent's as they are.
enum SinkPlugin {
  static let className = "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector"

  static func make(
    kafka: KafkaProperties, dataDirectory: String, stage: Stage, topics: TopicsByConnector
  ) -> ConnectorPlugin {
    ConnectorPlugin(
      className: className, version: Opine.version, keys: SinkSettings.keys,
      validate: { SinkSettings.validate($0) },
      preflight: { properties in
        guard let settings = try? SinkSettings(properties) else { return [] }
        return ElasticsearchPreflight(settings).problems()
      },
      makeWorker: { properties, task in
        let connector = try SinkConnector(properties)
        if task == 0 { warn(connector) }
        var worker = connector.settings(kafka, dataDirectory, task: task)
        worker.waitsForTopics = true
        worker.activeTopics = topics[connector.settings.name]
        return try connector.worker(worker, stage)
      })
  }

  private static func warn(_ connector: SinkConnector) {
    let log = Log("connector")
    for warning in connector.warnings {
      log.warning(
        "A property does nothing.",
        [
          .connector: connector.settings.name, .property: warning.property,
          .reason: warning.problem,
        ])
    }
  }
}

/// Whether Elasticsearch can be used as configured; asks for two seconds at most.
struct ElasticsearchPreflight {
  private static let limit = Duration.seconds(2)

  private let settings: SinkSettings
  private let client: ElasticsearchClient

  init(_ settings: SinkSettings) {
    self.settings = settings
    client = settings.client()
  }

  /// By property: the address, and what else takes part in reaching it.
  func problems() -> [ConfigProblem] {
    defer { client.http.shutdown() }
    let deadline = ContinuousClock.now + Self.limit
    var last = "it did not answer in time"
    for node in client.urls.indices {
      switch ask("/", node, deadline) {
      case .failure(let error): last = error.description
      case .success(let answer):
        // A user without the privilege monitor is refused here and may write all the same.
        if answer.status == 403 { return missing(node, deadline) }
        if answer.status == 401 { return all("Elasticsearch refused the credentials (HTTP 401)") }
        guard answer.status < 400 else {
          return all("Elasticsearch answered with HTTP \(answer.status)")
        }
        return old(answer) ?? missing(node, deadline)
      }
    }
    return all("Elasticsearch can't be reached: \(last)")
  }

  private func ask(
    _ path: String, _ node: Int, _ deadline: ContinuousClock.Instant
  ) -> Result<HTTPResponse, HTTPError> {
    let left = max(.milliseconds(1), deadline - ContinuousClock.now)
    let request = client.request(path == "/" ? .get : .head, path, timeout: left, node: node)
    return Result { () throws(HTTPError) in try client.http.sendBlocking(request) }
  }

  private func all(_ problem: String) -> [ConfigProblem] {
    let taking = [
      "connection.username", "connection.password", "connection.api.key",
      "connection.bearer.token", "proxy.host", "elastic.security.protocol",
    ]
    let given = taking.filter { settings.properties[$0]?.isEmpty == false }
    return (["connection.url"] + given).map { ConfigProblem($0, problem) }
  }

  private func old(_ answer: HTTPResponse) -> [ConfigProblem]? {
    guard let version = (try? JSONValue.parse(answer.body))?["version"],
      version["distribution"]?.string == nil, let number = version["number"]?.string,
      let major = number.split(separator: ".").first.flatMap({ Int($0) }), major < 7
    else { return nil }
    return [ConfigProblem("connection.url", "Elasticsearch \(number) is too old: 7.0 at least")]
  }

  /// Indices, aliases and data streams that the configuration names must be there.
  private func missing(_ node: Int, _ deadline: ContinuousClock.Instant) -> [ConfigProblem] {
    settings.resources.values.sorted().compactMap { name in
      guard case .success(let answer) = ask("/\(name)", node, deadline), answer.status == 404
      else { return nil }
      return ConfigProblem(
        "topic.to.external.resource.mapping", "\(name) does not exist in Elasticsearch")
    }
  }
}
