import Connect
import ESSink
import Kafka
import SchemaRegistry

/// Makes the workers of one sink connector.
struct SinkConnector {
  let settings: SinkSettings
  private let consumer: ClientOverrides
  private let producer: ClientOverrides

  /// `properties` with secrets in their places.
  init(_ properties: [String: String]) throws(ConfigError) {
    settings = try SinkSettings(properties)
    consumer = ClientOverrides(.consumer, of: properties)
    producer = ClientOverrides(.producer, of: properties)
    let problems = consumer.problems + producer.problems
    if !problems.isEmpty { throw ConfigError(problems) }
  }

  /// What nothing obeys, by property; worth a line each.
  var warnings: [ConfigProblem] { settings.warnings + consumer.warnings + producer.warnings }

  func workers(
    kafka: KafkaProperties, dataDirectory: String, once: Bool, stage: Stage
  ) throws -> [Worker] {
    try (0..<settings.tasksMax).map { number in
      var settings = self.settings(kafka, dataDirectory, task: number)
      settings.once = once
      return try worker(settings, stage)
    }
  }

  /// What the worker of a task needs to know.
  func settings(
    _ kafka: KafkaProperties, _ dataDirectory: String, task: Int
  ) -> WorkerSettings {
    var worker = WorkerSettings(
      connector: settings.name, group: consumer.group ?? "connect-\(settings.name)",
      topics: subscription, consumer: kafka.merging(consumer.properties) { $1 },
      producer: kafka.merging(producer.properties) { $1 }, dataDirectory: dataDirectory)
    worker.taskNumber = task
    worker.startsAtEnd = consumer.startsAtEnd
    worker.deadLetters = settings.deadLetters
    worker.onGap = settings.onGap
    worker.bufferBytes = settings.bufferBytes
    return worker
  }

  func worker(_ worker: WorkerSettings, _ stage: Stage) throws -> Worker {
    let schemas = schemaSource(try ConverterSettings(settings.properties).registry.client())
    return Worker(settings: worker, health: stage.health, metrics: stage.metrics) {
      [settings] context in
      try ESSinkTask(
        settings: settings, context: context, client: settings.client(), schemaSource: schemas)
    }
  }

  /// Names, or one expression for librdkafka, which takes a beginning `^` for one (POSIX extended: `\d` is
  /// none of its own).
  private var subscription: [String] {
    guard let expression = settings.topicsRegex else { return settings.topics }
    return ["^(\(expression.replacing("\\d", with: "[0-9]").replacing("(?:", with: "(")))$"]
  }
}
