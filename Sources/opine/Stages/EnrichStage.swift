import Connect
import Dispatch
import Enrich
import Foundation
import Scheduling
import SchemaRegistry
import Telemetry

/// Makes the worker of the enrich stage.
enum EnrichStage {
  /// Waits for the registry, for ever; the scored schema must be registered (`opine apply`).
  /// Throws `CancellationError` as soon as the task is cancelled.
  static func worker(_ invocation: Invocation, stage: Stage) async throws -> Worker {
    let http = registryHTTP()
    let registry = registryClient(invocation.text(.registry), http: http)
    let scored = try await withTaskCancellationHandler {
      try await scoredSchema(registry, invocation.text(.registry), stage)
    } onCancel: {
      // Not here: it waits for the request's end, which waits for this handler's.
      DispatchQueue.global().async { http.shutdown() }
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

  private static func scoredSchema(
    _ registry: RegistryClient, _ url: String, _ stage: Stage
  ) async throws -> SubjectVersion {
    var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
    var random = SystemRandomNumberGenerator()
    let since = Date.now.timeIntervalSince1970
    while true {
      do throws(RegistryError) {
        return try await registry.send(.latest(subject: "reviews.scored-value"))
      } catch {
        try Task.checkCancellation()
        guard error.isSystemFault else {
          throw CommandError(
            .failed, "enrich can't start", why: "reviews.scored-value: \(error)",
            next: "opine apply")
        }
        if backoff.failures == 0 {
          Terminal.say("waiting for the schema registry at \(url): \(error.message)")
        }
        let wait = backoff.next(using: &random)
        let hold = Hold(
          name: "schema registry", reason: error.description, since: since,
          nextTry: Date.now.timeIntervalSince1970 + wait.seconds)
        stage.health.set("enrich", TaskHealth(status: .starting, holds: [hold]))
        try await Task.sleep(for: wait)
      }
    }
  }
}
