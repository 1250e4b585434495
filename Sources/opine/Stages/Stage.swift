import Connect
import ESSink
import Elasticsearch
import Foundation
import HTTPClient
import Kafka
import Telemetry

/// Runs workers side by side until all have ended or somebody stops them.
struct Stage: Sendable {
  let health: Health
  let metrics: Metrics

  /// The first failure decides the exit code; one worker's failure does not stop the others.
  func run(_ workers: [Worker]) async throws -> ExitCode {
    let signals = Signals { for worker in workers { worker.stop() } }
    defer { _ = signals }
    let failures = await withTaskGroup(of: TaskFailure?.self) { group in
      for worker in workers { group.addTask { await worker.run() } }
      return await group.reduce(into: [TaskFailure]()) { all, failure in
        if let failure { all.append(failure) }
      }
    }
    guard let failure = failures.first else { return .done }
    throw CommandError(
      failure.kind == .gap ? .gap : .failed, "a task stopped", why: failure.reason,
      next: failure.kind == .missing ? "opine apply" : "opine status shows the rest")
  }
}

/// Makes the workers of one sink connector.
struct SinkConnector {
  let settings: SinkSettings
  let taskCount: Int

  init(_ properties: [String: String]) throws {
    settings = try SinkSettings(properties)
    taskCount = max(1, Int(properties["tasks.max"] ?? "1") ?? 1)
  }

  func workers(
    kafka: KafkaProperties, dataDirectory: String, once: Bool, stage: Stage,
    schemas: @escaping SchemaSource
  ) -> [Worker] {
    (0..<taskCount).map { number in
      var worker = WorkerSettings(
        connector: settings.name, group: "connect-\(settings.name)", topics: settings.topics,
        consumer: kafka.merging(settings.consumer) { $1 },
        producer: kafka.merging(settings.producer) { $1 }, dataDirectory: dataDirectory)
      worker.taskNumber = number
      worker.deadLetters = settings.deadLetters
      worker.onGap = settings.onGap
      worker.bufferBytes = settings.bufferBytes
      worker.once = once
      let settings = settings
      return Worker(settings: worker, health: stage.health, metrics: stage.metrics) { context in
        ESSinkTask(
          settings: settings, context: context, client: Self.client(settings),
          schemaSource: schemas)
      }
    }
  }

  private static func client(_ settings: SinkSettings) -> ElasticsearchClient {
    var configuration = HTTPClientConfiguration()
    configuration.connectTimeout = settings.connectTimeout
    configuration.timeout = settings.readTimeout
    configuration.maximumConnectionsPerHost = settings.inFlight + 1
    var credentials: HTTPCredentials?
    if let user = settings.username {
      credentials = .basic(user: user, password: settings.password ?? "")
    } else if let key = settings.apiKey {
      credentials = .apiKey(key)
    }
    return ElasticsearchClient(
      urls: settings.urls, http: HTTPClient(configuration: configuration),
      credentials: credentials)
  }
}
