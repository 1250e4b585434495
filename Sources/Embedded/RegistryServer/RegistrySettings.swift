import HTTPServer
import JSON

/// The compatibility level and the mode. Neither can be changed yet, so what is answered is what is
/// done: no check of compatibility (`NONE`), and `READWRITE`.
enum RegistrySettings {
  private static let levels: Set = [
    "NONE", "BACKWARD", "FORWARD", "FULL", "BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE",
    "FULL_TRANSITIVE",
  ]
  private static let modes: Set = [
    "READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD",
  ]

  static func level(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    if let subject = request.parameters["subject"], request.query.bool("defaultToGlobal") != true {
      throw .noLevel(subject)
    }
    return ["compatibilityLevel": "NONE"]
  }

  /// An empty body is a read, as Confluent answers what is in force afterwards.
  static func setLevel(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let wanted = try member("compatibility", request)
    if let wanted {
      guard levels.contains(wanted) else { throw .invalidLevel }
      guard wanted == "NONE" else { throw .notImplemented("compatibility level \(wanted)") }
    }
    return ["compatibility": "NONE"]
  }

  static func deleteLevel(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    if let subject = request.parameters["subject"] { throw .noSubject(subject) }
    return ["compatibilityLevel": "NONE"]
  }

  static func mode(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    if let subject = request.parameters["subject"], request.query.bool("defaultToGlobal") != true {
      throw .noMode(subject)
    }
    return ["mode": "READWRITE"]
  }

  static func setMode(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    guard let wanted = try member("mode", request), modes.contains(wanted) else {
      throw .invalidMode
    }
    guard wanted == "READWRITE" else { throw .notImplemented("mode \(wanted)") }
    return ["mode": "READWRITE"]
  }

  private static func member(
    _ name: String, _ request: HTTPServerRequest
  ) throws(RegistryProblem) -> String? {
    if request.body.isEmpty { return nil }
    guard let json = try? JSONValue.parse(request.body) else {
      throw RegistryProblem(400, "The request body is no JSON")
    }
    return json[name]?.string?.uppercased()
  }
}
