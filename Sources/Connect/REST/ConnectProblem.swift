import HTTPServer
import JSON

/// An answer that says no: `{"error_code", "message"}`, with that HTTP status.
///
/// Statuses are those that a Kafka Connect worker answers with, also where another would be apter: 409 makes
/// clients try again, 404 after a delete tells them that it is done. Messages begin with its words where a
/// client reads them; they never repeat a property's value.
struct ConnectProblem: Error, Sendable, Equatable {
  let status: Int
  let message: String

  init(_ status: Int, _ message: String) {
    self.status = status
    self.message = message
  }

  init(_ error: ConfigStoreError) { self.init(500, error.reason) }

  var json: JSONValue { ["error_code": .int(status), "message": .string(message)] }

  static func noConnector(_ name: String) -> ConnectProblem {
    ConnectProblem(404, "Connector \(name) not found")
  }

  static func unknownConnector(_ name: String) -> ConnectProblem {
    ConnectProblem(404, "Unknown connector \(name)")
  }

  static func noTask(_ name: String, _ task: Int) -> ConnectProblem {
    ConnectProblem(404, "No status found for task \(name)-\(task)")
  }

  static func unknownTask(_ name: String, _ task: Int) -> ConnectProblem {
    ConnectProblem(404, "Unknown task: \(name)-\(task)")
  }

  /// The name of the class is not a secret; kcctl looks for these words.
  static func unknownClass(_ name: String, _ plugins: [ConnectorPlugin]) -> ConnectProblem {
    let known = plugins.map(\.className).joined(separator: ", ")
    return ConnectProblem(
      400,
      "Failed to find any class that implements Connector and which name matches \(name); there are: "
        + known)
  }

  static let noClass = ConnectProblem(
    400, "Connector config contains no connector type: give connector.class")

  static func invalid(_ problems: [ConfigProblem]) -> ConnectProblem {
    let lines = problems.map { each in
      each.problem.contains(each.property) ? each.problem : each.description
    }
    return ConnectProblem(
      400,
      "Connector configuration is invalid and contains the following \(problems.count) error(s):\n"
        + lines.joined(separator: "\n")
        + "\nPUT /connector-plugins/{class}/config/validate tells them by property")
  }

  /// A body that is no JSON or not of the right form: Kafka Connect answers 500.
  static func body(_ reason: String) -> ConnectProblem {
    ConnectProblem(500, "The body can't be used: \(reason)")
  }

  static let notFound = ConnectProblem(404, HTTPRefusal.notFound.message)
}
