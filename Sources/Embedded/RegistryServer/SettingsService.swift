import Avro
import HTTPServer
import JSON

/// `/config` and `/mode`, global and of subjects.
extension RegistryService {
  func config(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request.parameters["subject"]
    let isGlobal = subject == nil || request.query.bool("defaultToGlobal") == true
    return try store.reading { db throws(RegistryProblem) in
      var members = try db.config(subject)
      if members == nil && isGlobal { members = try db.config(nil) ?? [] }
      guard var members else { throw .noLevel(subject ?? "") }
      if !members.contains(where: { $0.name == "compatibilityLevel" }) {
        let level = try db.level(of: subject).rawValue
        members.insert(JSONMember("compatibilityLevel", .string(level)), at: 0)
      }
      return .object(members)
    }
  }

  /// What is sent is laid over what is set; an empty body reads.
  func setConfig(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request.parameters["subject"]
    let changes =
      request.body.isEmpty ? [] : try SchemaRequest.object(request.body).object ?? []
    let members = try store.writing { db throws(RegistryProblem) in
      try db.setConfig(changes, subject)
    }
    return .object(
      members.map { member in
        member.name == "compatibilityLevel" ? JSONMember("compatibility", member.value) : member
      })
  }

  func deleteConfig(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request.parameters["subject"]
    return try store.writing { db throws(RegistryProblem) in
      let old = try db.deleteConfig(subject)
      return .object(
        old.isEmpty
          ? [JSONMember("compatibilityLevel", .string(try db.level(of: nil).rawValue))] : old)
    }
  }

  func mode(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request.parameters["subject"]
    let isGlobal = subject == nil || request.query.bool("defaultToGlobal") == true
    let mode = try store.reading { db throws(RegistryProblem) in
      if isGlobal { return try db.mode(of: subject) }
      guard let own = try db.ownMode(subject) else { throw .noMode(subject ?? "") }
      return own
    }
    return Self.json(mode)
  }

  func setMode(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request.parameters["subject"]
    let force = request.query.bool("force") ?? false
    let name = try SchemaRequest.object(request.body)["mode"]?.string?.uppercased() ?? ""
    guard let mode = RegistryMode(rawValue: name) else { throw .invalidMode }
    try store.writing { db throws(RegistryProblem) in
      try db.setMode(mode, subject, force: force)
    }
    ready.forget()
    return Self.json(mode)
  }

  func deleteMode(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request.parameters["subject"]
    return Self.json(
      try store.writing { db throws(RegistryProblem) in try db.deleteMode(subject) })
  }

  private static func json(_ mode: RegistryMode) -> JSONValue { ["mode": .string(mode.rawValue)] }
}
