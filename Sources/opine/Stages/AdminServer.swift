import HTTPServer
import JSON
import Telemetry

/// `/health` and `/metrics` of a stage.
///
/// Degraded is still 200: the stage is alive and recovers by itself, so nobody should restart it. A worker
/// of connectors answers 200 from its start on whatever its tasks do: another process would not mend them.
enum AdminServer {
  /// - Parameters:
  ///   - routes: what else is answered there.
  ///   - isReady: of a worker of connectors; nil: the stage is its tasks.
  static func start(
    listen: String, stage: Stage, options: HTTPServerOptions = HTTPServerOptions(),
    routes: HTTPRouter = HTTPRouter(),
    isReady: (@Sendable () -> Bool)? = nil
  ) throws -> HTTPServer {
    let (health, metrics) = (stage.health, stage.metrics)
    var routes = routes
    routes.on("GET", "/health") { _ in
      let status: Int
      if let isReady {
        status = isReady() ? 200 : 503
      } else {
        switch health.status {
        case .healthy, .degraded: status = 200
        case .starting: status = 503
        case .failed: status = 500
        }
      }
      return HTTPServerResponse(
        status: status, contentType: "application/json", text: describe(health).serialized())
    }
    routes.on("GET", "/metrics") { _ in
      HTTPServerResponse(
        contentType: "text/plain; version=0.0.4; charset=utf-8", text: metrics.exposition())
    }
    do {
      var options = options
      // A change of offsets may wait for its group, and nobody else should wait for it.
      options.slowThreads = 4
      return try HTTPServer(listen: listen, options: options, routes: routes)
    } catch {
      throw Serving.refused(error, "the admin port can't be opened")
    }
  }

  private static func describe(_ health: Health) -> JSONValue {
    let tasks = health.all.map { name, task -> JSONValue in
      let holds = task.holds.map { hold -> JSONValue in
        [
          "name": .string(hold.name), "reason": .string(hold.reason),
          "since": .int(Int(hold.since)),
        ]
      }
      return [
        "name": .string(name), "status": .string(task.status.rawValue), "holds": .array(holds),
        "failure": task.failure.map { .string($0) } ?? .null,
      ]
    }
    return [
      "status": .string(health.status.rawValue), "message": .string(message(health.status)),
      "tasks": .array(tasks),
    ]
  }

  private static func message(_ status: HealthStatus) -> String {
    switch status {
    case .healthy: "All tasks work."
    case .starting: "Tasks are starting."
    case .degraded: "A task waits for something, and goes on by itself; its holds say for what."
    case .failed: "A task has failed and needs a person; its failure says why."
    }
  }
}
