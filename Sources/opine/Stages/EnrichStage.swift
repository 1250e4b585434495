import Connect
import Enrich
import SchemaRegistry

/// Makes the worker of the enrich stage.
enum EnrichStage {
  /// Waits for the registry, for ever; the scored schema must be registered (`opine apply`).
  static func worker(_ invocation: Invocation, stage: Stage) throws -> Worker {
    let forever = RegistryClient.Retries(count: Int.max, base: .milliseconds(500), cap: .seconds(5))
    let registry = registryClient(invocation.text(.registry), retries: forever)
    let scored: SubjectVersion
    do throws(RegistryError) {
      scored = try registry.sendBlocking(.latest(subject: "reviews.scored-value"))
    } catch {
      throw CommandError(
        .failed, "enrich can't start", why: "reviews.scored-value: \(error)", next: "opine apply")
    }
    var settings = WorkerSettings(
      connector: "enrich", group: "opine-enrich", topics: ["reviews.raw"],
      consumer: invocation.kafkaProperties, producer: invocation.kafkaProperties,
      dataDirectory: invocation.text(.data))
    settings.deadLetters = DeadLetterSettings(topic: "reviews.dlq")
    settings.once = invocation.flag(.once)
    settings.onGap = invocation.text(.onGap) == "continue" ? .pass : .halt
    let enrich = EnrichSettings(
      scoredSchemaID: Int32(scored.id), producer: invocation.kafkaProperties)
    let source = schemaSource(registry)
    return Worker(settings: settings, health: stage.health, metrics: stage.metrics) { context in
      EnrichTask(
        settings: enrich, context: context, model: try LinearModel.builtIn(), schemaSource: source)
    }
  }
}
