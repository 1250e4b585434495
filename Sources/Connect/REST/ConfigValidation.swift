import JSON

/// A configuration judged by its plugin.
struct ConfigValidation: Sendable {
  let plugin: ConnectorPlugin
  let body: ConfigBody
  /// In the order of properties; several may be of one.
  let problems: [ConfigProblem]

  /// `name`: the connector's, where it stands elsewhere. `asks`: the network too, where all else is well.
  init(
    _ body: ConfigBody, plugin: ConnectorPlugin, name: String?, herder: Herder, asks: Bool
  ) {
    self.plugin = plugin
    self.body = body
    let given = body.given
    var found = body.nullProblems
    if let name = name ?? given["name"] {
      found += Self.nameProblems(name)
    }
    let resolved: [String: String]
    switch herder.resolved(given, name: name) {
    case .failure(let error):
      problems = found + error.problems
      return
    case .success(let properties): resolved = properties
    }
    found += plugin.validate(resolved)
    found += Self.missingNumbers(plugin, resolved)
    for client in [ClientOverrides.Client.consumer, .producer] {
      found += ClientOverrides(client, of: resolved).problems
    }
    if found.isEmpty, asks { found += plugin.preflight(resolved) }
    // An answer repeats what was sent, never what a placeholder stands for.
    problems = found.map { problem in
      guard let sent = given[problem.property], let used = resolved[problem.property],
        sent != used, !used.isEmpty
      else { return problem }
      return ConfigProblem(problem.property, problem.problem.replacing(used, with: sent))
    }
  }

  private static func nameProblems(_ name: String) -> [ConfigProblem] {
    name.unicodeScalars.contains { $0.properties.generalCategory == .control }
      ? [ConfigProblem("name", "String may not contain control sequences")] : []
  }

  /// Connect says of a number that can't be read both that, and that its range then lacks a value.
  private static func missingNumbers(
    _ plugin: ConnectorPlugin, _ properties: [String: String]
  ) -> [ConfigProblem] {
    plugin.keys.compactMap { key in
      guard key.range != nil, let text = properties[key.name],
        Int(ConfigText.trimmed(text)) == nil
      else { return nil }
      return ConfigProblem(
        key.name, "Invalid value null for configuration \(key.name): Value must be non-null")
    }
  }

  var isValid: Bool { problems.isEmpty }

  /// The answer to `validate`.
  var json: JSONValue {
    var groups: [String] = []
    for key in plugin.keys where !groups.contains(key.group) { groups.append(key.group) }
    let definitions = ConnectJSON.definitions(plugin.keys)
    var configs = zip(plugin.keys, definitions).map { key, definition -> JSONValue in
      ["definition": definition, "value": value(key.name, text(of: key), key.choices)]
    }
    let known = Set(plugin.keys.map(\.name))
    let others = Set(problems.map(\.property)).union(body.values.filter { $0.value == nil }.keys)
    for name in others.subtracting(known).sorted() {
      configs.append(["definition": .null, "value": value(name, body.given[name], [])])
    }
    return [
      "name": .string(body.given["connector.class"] ?? plugin.className),
      "error_count": .int(problems.count), "groups": .array(groups.map { .string($0) }),
      "configs": .array(configs),
    ]
  }

  private func value(_ name: String, _ text: String?, _ choices: [String]) -> JSONValue {
    let errors = problems.filter { $0.property == name }
    return [
      "name": .string(name), "value": text.map { .string($0) } ?? .null,
      "recommended_values": .array(choices.map { .string($0) }),
      "errors": .array(errors.map { .string($0.problem) }), "visible": true,
    ]
  }

  /// What was sent, or the default; nothing where it is not of the property's type.
  private func text(of key: ConfigKey) -> String? {
    guard let given = body.given[key.name] else { return key.defaultText }
    if key.kind == .password { return "[hidden]" }
    let isNumber = key.kind == .int || key.kind == .long
    if isNumber, !given.contains("${"), Int(ConfigText.trimmed(given)) == nil { return nil }
    return ConfigText.trimmed(given)
  }
}
