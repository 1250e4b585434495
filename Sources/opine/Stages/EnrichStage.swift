import Connect
import Enrich
import SchemaRegistry

/// Makes the worker of the enrich stage.
enum EnrichStage {
  /// The scored schema must be registered (`opine apply`); a registry that is away is waited for.
  static func worker(_ invocation: Invocation, stage: Stage) throws -> Worker {
    let registry = invocation.registry.client()
    var settings = WorkerSettings(
      connector: "enrich", group: "opine-enrich", topics: ["reviews.raw"],
      consumer: invocation.kafkaProperties, producer: invocation.kafkaProperties,
      dataDirectory: invocation.text(.data))
    settings.deadLetters = DeadLetterSettings(topic: "reviews.dlq")
    settings.once = invocation.flag(.once)
    settings.onGap = invocation.text(.onGap) == "continue" ? .pass : .halt
    let enrich = EnrichSettings(
      scoredSchema: scoredSchemaSource(registry), producer: invocation.kafkaProperties)
    let source = schemaSource(registry)
    return Worker(settings: settings, health: stage.health, metrics: stage.metrics) { context in
      EnrichTask(
        settings: enrich, context: context, model: try LinearModel.builtIn(), schemaSource: source)
    }
  }
}
