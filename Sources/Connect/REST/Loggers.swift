import Foundation
import HTTPServer
import JSON
import Synchronization
import Telemetry

/// The one logger, `root`: the level of everything that the process logs.
///
/// Loggers named after Java's classes are taken and change nothing: there are none here.
final class Loggers: Sendable {
  private struct State: Sendable {
    var level = "INFO"
    /// Milliseconds since 1970; nil: as at the start.
    var modified: Int64?
  }

  private let state = Mutex(State())
  private static let levels: [String: LogLevel] = [
    "TRACE": .trace, "DEBUG": .debug, "INFO": .info, "WARN": .warning, "ERROR": .error,
    "FATAL": .error, "OFF": .error,
  ]

  private var root: JSONValue {
    state.withLock { state in
      [
        "level": .string(state.level),
        "last_modified": state.modified.map { .number(String($0)) } ?? .null,
      ]
    }
  }

  var all: ConnectAnswer { ConnectAnswer(["root": root]) }

  func level(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    guard request["logger"] == "root" else {
      throw ConnectProblem(404, "Logger \(request["logger"]) not found.")
    }
    return ConnectAnswer(root)
  }

  /// Answers with the loggers that changed; with `scope=cluster` with nothing.
  func setLevel(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let body = try ConfigBody(try ConfigBody.parse(request.body))
    guard let wanted = body.given["level"] else {
      throw ConnectProblem(400, "Desired 'level' parameter was not specified in request.")
    }
    guard let level = Self.levels[wanted.uppercased()] else {
      throw ConnectProblem(404, "invalid log level '\(wanted)'.")
    }
    var changed: [JSONValue] = []
    if request["logger"] == "root" {
      let isOther = state.withLock { state in
        guard state.level != wanted.uppercased() else { return false }
        state = State(
          level: wanted.uppercased(), modified: Int64(Date.now.timeIntervalSince1970 * 1000))
        return true
      }
      if isOther {
        Log.setLevel(level)
        changed = ["root"]
      }
    }
    let isCluster = request.query["scope"] == "cluster"
    return isCluster ? ConnectAnswer(status: 204) : ConnectAnswer(.array(changed))
  }
}
