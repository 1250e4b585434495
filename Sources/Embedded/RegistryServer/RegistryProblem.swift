import HTTPServer
import JSON
import SQLite

/// A refusal in the words and numbers of Confluent's registry, which clients match.
struct RegistryProblem: Error, Sendable, Equatable {
  /// Five digits, whose first three are the HTTP status; or the status itself.
  let code: Int
  let message: String

  var status: Int { code >= 1000 ? code / 100 : code }

  var json: JSONValue { ["error_code": .int(code), "message": .string(message)] }

  init(_ code: Int, _ message: String) {
    self.code = code
    self.message = message
  }

  init(_ error: SQLiteError) {
    self.init(50001, "Error in the backend data store: \(error.description)")
  }

  static func noSubject(_ subject: String) -> Self {
    Self(40401, "Subject '\(subject)' not found.")
  }
  static func noVersion(_ version: Int) -> Self { Self(40402, "Version \(version) not found.") }
  static let noSchema = Self(40403, "Schema not found")
  static func noSchema(_ key: String) -> Self { Self(40403, "Schema \(key) not found") }
  static func noLevel(_ subject: String) -> Self {
    Self(
      40408, "Subject '\(subject)' does not have subject-level compatibility configured")
  }
  static func noMode(_ subject: String) -> Self {
    Self(40409, "Subject '\(subject)' does not have subject-level mode configured")
  }
  static func invalidSchema(_ reason: String) -> Self { Self(42201, reason) }
  static func invalidVersion(_ text: String) -> Self {
    Self(
      42202,
      "The specified version '\(text)' is not a valid version id. "
        + "Allowed values are between [1, 2^31-1] and the string \"latest\"")
  }
  static let invalidLevel = Self(
    42203,
    "Invalid compatibility level. Valid values are none, backward, forward, full, "
      + "backward_transitive, forward_transitive, and full_transitive")
  static let invalidMode = Self(
    42204, "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")
  static func notPermitted(_ message: String) -> Self { Self(42205, message) }
  static func invalidSubject(_ subject: String) -> Self {
    Self(42208, "The specified subject '\(subject)' is not a valid.")
  }

  static func readOnly(_ subject: String) -> Self {
    .notPermitted("Subject \(subject) in context  is in read-only mode")
  }
}
