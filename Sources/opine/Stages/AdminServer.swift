import HTTPServer
import JSON
import Telemetry

/// `/health` and `/metrics` of a stage.
///
/// Degraded is still 200: the stage is alive and recovers by itself, so nobody should restart it.
enum AdminServer {
  static func start(listen: String, stage: Stage) throws -> HTTPServer {
    let (health, metrics) = (stage.health, stage.metrics)
    var routes = HTTPRouter()
    routes.on("GET", "/health") { _ in
      let status =
        switch health.status {
        case .healthy, .degraded: 200
        case .starting: 503
        case .failed: 500
        }
      return HTTPServerResponse(
        status: status, contentType: "application/json", text: describe(health).serialized())
    }
    routes.on("GET", "/metrics") { _ in
      HTTPServerResponse(
        contentType: "text/plain; version=0.0.4; charset=utf-8", text: metrics.exposition())
    }
    do {
      return try HTTPServer(listen: listen, options: HTTPServerOptions(), routes: routes)
    } catch {
      throw CommandError(
        .failed, "the admin port can't be opened", why: "\(listen): \(error)",
        next: "another --listen HOST:PORT")
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
    return ["status": .string(health.status.rawValue), "tasks": .array(tasks)]
  }
}
