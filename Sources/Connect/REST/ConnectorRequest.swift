import JSON

/// The configuration in a request's body: texts, with numbers and booleans as their text.
struct ConfigBody: Sendable, Equatable {
  /// Nil: null was sent.
  let values: [String: String?]

  /// A JSON object; every other form is 500, as in Kafka Connect.
  init(_ json: JSONValue?) throws(ConnectProblem) {
    guard let members = json?.object else { throw .body("a configuration must be an object") }
    var values: [String: String?] = [:]
    for member in members {
      switch member.value {
      case .null: values[member.name] = .some(nil)
      case .string(let text): values[member.name] = text
      case .number(let text): values[member.name] = text
      case .bool(let flag): values[member.name] = String(flag)
      case .array, .object:
        throw .body("\(member.name) must be a text, a number, true, false or null")
      }
    }
    self.values = values
  }

  /// What was given a value.
  var given: [String: String] { values.compactMapValues { $0 } }

  /// The properties that null stands for: none may.
  var nullProblems: [ConfigProblem] {
    values.filter { $0.value == nil }.keys.sorted().map {
      ConfigProblem($0, "Null value can not be supplied as the configuration value.")
    }
  }

  static func parse(_ bytes: [UInt8]) throws(ConnectProblem) -> JSONValue {
    do throws(JSONError) { return try JSONValue.parse(bytes) } catch {
      throw .body(bytes.isEmpty ? "it is empty" : "\(error.description)")
    }
  }
}

/// `POST /connectors`.
struct CreateRequest: Sendable {
  let name: String
  let config: ConfigBody
  let initialState: TargetState?

  init(_ bytes: [UInt8]) throws(ConnectProblem) {
    let root = try ConfigBody.parse(bytes)
    guard let members = root.object else { throw .body("it must be an object") }
    let known = ["name", "config", "initial_state"]
    if let other = members.first(where: { !known.contains($0.name) }) {
      throw .body("unknown field \(other.name)")
    }
    switch root["initial_state"] {
    case nil, .null: initialState = nil
    case .string(let text):
      guard let state = TargetState(rawValue: text.uppercased()) else {
        throw .body("initial_state is RUNNING, PAUSED or STOPPED")
      }
      initialState = state
    default: throw .body("initial_state must be a text")
    }
    config = try ConfigBody(root["config"])
    name = ConfigText.trimmed(root["name"]?.string ?? root["name"]?.number ?? "")
  }
}
