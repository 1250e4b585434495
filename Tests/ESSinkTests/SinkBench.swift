import Connect
import Elasticsearch
import Foundation
import HTTPClient
import Kafka
import Telemetry
import TestKafka
import Testing

@testable import ESSink

/// The sink in a real worker, between librdkafka's mock broker and a scripted Elasticsearch.
///
/// Values are Avro of one field: `{"n": …}`, schema id 1.
final class SinkBench: Sendable {
  static let schema = #"{"type":"record","name":"D","fields":[{"name":"n","type":"long"}]}"#

  let kafka: MockKafka
  let elasticsearch: ScriptedElasticsearch

  init(
    _ script: [BulkReply] = [], partitions: Int32 = 1, maximumBodyBytes: Int = 16 << 20
  ) throws {
    kafka = try #require(MockKafka(topics: ["in": partitions, "dlq": 1]))
    elasticsearch = try ScriptedElasticsearch(script, maximumBodyBytes: maximumBodyBytes)
  }

  /// A framed value with `n` from 0 to 63.
  static func value(_ n: UInt8) -> [UInt8] { [0, 0, 0, 0, 1, n << 1] }

  /// Records with these keys; the n-th has n as its field.
  static func records(_ keys: String...) -> [(key: String?, value: [UInt8]?)] {
    keys.enumerated().map { ($1, value(UInt8($0))) }
  }

  /// The worker of a sink as it was started.
  struct Run: Sendable {
    let worker: Worker
    let health: Health
    let metrics: Metrics
    fileprivate let end: Task<TaskFailure?, Never>

    /// Why the worker failed; nil where it ended well. A test that runs out of time stops it.
    func failure() async -> TaskFailure? {
      await withTaskCancellationHandler {
        await end.value
      } onCancel: {
        worker.stop()
      }
    }

    /// What is held, by name.
    func reason(of hold: String) -> String? {
      health.all.first?.health.holds.first { $0.name == hold }?.reason
    }
  }

  /// Starts a sink that ends at the end of what is there, unless `once` is false.
  func start(
    _ changes: [String: String] = [:], once: Bool = true, drain: Duration = .seconds(4),
    effects: EffectGate = .open, consumer: KafkaProperties = [:]
  ) throws -> Run {
    var properties = [
      "name": "bench", "connector.class": "ElasticsearchSink", "topics": "in",
      "connection.url": "127.0.0.1:\(elasticsearch.port)",
      "value.converter.schema.registry.url": "http://unused", "linger.ms": "100",
      "retry.backoff.ms": "20", "errors.deadletterqueue.topic.name": "dlq",
      "errors.tolerance": "all", "errors.deadletterqueue.context.headers.enable": "true",
    ]
    properties.merge(changes) { $1 }
    let sink = try SinkSettings(properties.filter { !$0.value.isEmpty })
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    var settings = WorkerSettings(
      connector: sink.name, group: "connect-bench", topics: sink.topics,
      consumer: kafka.properties.merging(consumer) { $1 }, producer: kafka.properties,
      dataDirectory: folder)
    settings.once = once
    settings.effects = effects
    settings.deadLetters = sink.deadLetters
    settings.machine.drainTimeout = drain
    settings.machine.commitInterval = .milliseconds(50)
    let client = HTTPClientConfiguration(timeout: .seconds(20))
    let (health, metrics) = (Health(), Metrics())
    let worker = Worker(settings: settings, health: health, metrics: metrics) { context in
      try ESSinkTask(
        settings: sink, context: context,
        client: ElasticsearchClient(
          urls: sink.connection.urls, http: HTTPClient(configuration: client))
      ) { id, answer in
        answer(id == .id(1) ? .success(SinkBench.schema) : .failure(.unknown))
      }
    }
    let end = Task { () -> TaskFailure? in
      let failure = await worker.run()
      try? FileManager.default.removeItem(atPath: folder)
      return failure
    }
    return Run(worker: worker, health: health, metrics: metrics, end: end)
  }

  func committed(_ partition: Int32 = 0) async throws -> Int64? {
    try await kafka.committed("connect-bench", "in", partition)
  }

  /// The ids of each bulk, in order.
  var sentIDs: [[String]] { elasticsearch.bulks.map { $0.map(\.id) } }
}

/// Waits until the condition holds; after half a minute the test has failed.
func eventually(
  _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(30)
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record(comment, sourceLocation: sourceLocation)
      throw Late()
    }
    try await Task.sleep(for: .milliseconds(10))
  }
}

private struct Late: Error {}

/// What `/metrics` says under Kafka Connect's names, of the only connector.
struct Figures {
  private let rows: [String: Double]

  init(_ metrics: Metrics) {
    var rows: [String: Double] = [:]
    for line in metrics.exposition().split(separator: "\n") where !line.hasPrefix("#") {
      guard let labels = line.firstIndex(of: "{"), let value = line.split(separator: " ").last
      else { continue }
      rows[String(line[..<labels])] = Double(value)
    }
    self.rows = rows
  }

  subscript(_ name: String) -> Double? { rows["kafka_connect_\(name)"] }
}
