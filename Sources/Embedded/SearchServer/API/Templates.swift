import JSON

/// Index templates made of component templates.
extension SearchNode {
  struct TemplateParts {
    var settings: JSONValue = .object([])
    var mappings: JSONValue = .object([])
    var aliases: JSONValue = .object([])
  }

  /// What the template of the highest priority gives to a new index.
  func templateParts(for name: String) throws(SearchProblem) -> TemplateParts {
    let fitting = catalog.templates(.index).filter { _, json in
      Self.patterns(json).contains { Wildcard.matches(name, $0) }
    }
    let best = fitting.max { Self.priority($0.value) < Self.priority($1.value) }
    return best.map { parts(of: $0.value) } ?? TemplateParts()
  }

  private func parts(of template: JSONValue) -> TemplateParts {
    var parts = TemplateParts()
    func add(_ json: JSONValue?) {
      if let settings = json?["settings"] {
        let flat = IndexSettings.flat(parts.settings).merging(IndexSettings.flat(settings)) { $1 }
        parts.settings = IndexSettings.json(flat)
      }
      if let mappings = json?["mappings"] {
        parts.mappings = JSONMerge.merged(parts.mappings, mappings)
      }
      if let aliases = json?["aliases"] {
        parts.aliases = JSONMerge.merged(parts.aliases, aliases)
      }
    }
    for name in template["composed_of"]?.array ?? [] {
      add(catalog.templates(.component)[name.string ?? ""]?["template"])
    }
    add(template["template"])
    return parts
  }

  private static func priority(_ json: JSONValue) -> Int64 { json["priority"]?.int64 ?? 0 }

  private static func patterns(_ json: JSONValue) -> [String] {
    if let one = json["index_patterns"]?.string { return [one] }
    return (json["index_patterns"]?.array ?? []).compactMap(\.string)
  }

  func putIndexTemplate(_ name: String, _ body: JSONValue) throws(SearchProblem) {
    for member in body.object ?? [] {
      switch member.name {
      case "index_patterns", "template", "composed_of", "priority", "version", "_meta",
        "ignore_missing_component_templates", "deprecated":
        break
      case "data_stream", "allow_auto_create": throw .unsupported("index_template.\(member.name)")
      default:
        throw .contentParse("[index_template] unknown field [\(member.name)]")
      }
    }
    let patterns = Self.patterns(body)
    guard !patterns.isEmpty else {
      throw .validation("index patterns are missing")
    }
    for component in body["composed_of"]?.array ?? []
    where catalog.templates(.component)[component.string ?? ""] == nil {
      throw SearchProblem(
        400, "invalid_index_template_exception",
        "index_template [\(name)] invalid, cause [index template [\(name)] specifies component "
          + "templates [\(component.string ?? "")] that do not exist]")
    }
    for (other, json) in catalog.templates(.index)
    where other != name && Self.priority(json) == Self.priority(body) {
      guard
        Self.patterns(json).allSatisfy({ left in !patterns.contains { Self.overlap(left, $0) } })
      else {
        throw .illegal(
          "index template [\(name)] has index patterns \(patterns) matching patterns from existing "
            + "templates [\(other)] with patterns (\(other) => \(Self.patterns(json))) that have "
            + "the same priority [\(Self.priority(body))], multiple index templates may not match "
            + "during index creation, please use a different priority")
      }
    }
    let parts = parts(of: body)
    _ = try IndexSettings.checked(parts.settings)
    _ = try IndexMapping(parts.mappings)
    _ = try Self.aliasEntries(parts.aliases)
    try catalog.set(.index, name, body)
  }

  /// Whether some name fits both patterns.
  private static func overlap(_ left: String, _ right: String) -> Bool {
    var steps = 0
    func overlap(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
      let star = UInt8(ascii: "*")
      steps += 1
      // Patterns of so many stars are taken to overlap.
      if steps > 100_000 { return true }
      guard let a = left.first else { return right.allSatisfy { $0 == star } }
      guard let b = right.first else { return left.allSatisfy { $0 == star } }
      if a == star || b == star {
        return overlap(left.dropFirst(), right) || overlap(left, right.dropFirst())
      }
      return a == b && overlap(left.dropFirst(), right.dropFirst())
    }
    return overlap(Array(left.utf8)[...], Array(right.utf8)[...])
  }

  func putComponentTemplate(_ name: String, _ body: JSONValue) throws(SearchProblem) {
    for member in body.object ?? []
    where !["template", "version", "_meta", "deprecated"].contains(member.name) {
      throw .contentParse("[component_template] unknown field [\(member.name)]")
    }
    guard let template = body["template"] else {
      throw .contentParse("Required [template]")
    }
    _ = try IndexSettings.checked(template["settings"])
    _ = try IndexMapping(template["mappings"] ?? .object([]))
    try catalog.set(.component, name, body)
  }

  func deleteTemplate(_ kind: Catalog.TemplateKind, _ name: String) throws(SearchProblem) {
    let names = catalog.templates(kind).keys.filter { Wildcard.matches($0, name) }
    guard !names.isEmpty else { throw Self.absent(kind, name) }
    for name in names { try catalog.set(kind, name, nil) }
  }

  /// What `GET _index_template` and `GET _component_template` show.
  func shownTemplates(
    _ kind: Catalog.TemplateKind, _ pattern: String?
  ) throws(SearchProblem) -> JSONValue {
    let found = catalog.templates(kind).filter { Wildcard.matches($0.key, pattern ?? "*") }
    if let pattern, !pattern.contains("*"), found.isEmpty { throw Self.missing(kind, pattern) }
    let key = "\(kind.rawValue)_template"
    return .object([
      JSONMember(
        "\(key)s",
        .array(
          found.sorted { $0.key < $1.key }.map { name, json in
            .object([JSONMember("name", .string(name)), JSONMember(key, Self.shown(kind, json))])
          }))
    ])
  }

  private static func shown(_ kind: Catalog.TemplateKind, _ json: JSONValue) -> JSONValue {
    var members = (json.object ?? []).map { member -> JSONMember in
      switch member.name {
      case "index_patterns":
        return JSONMember("index_patterns", .array(patterns(json).map { .string($0) }))
      case "template":
        let flat = IndexSettings.flat(member.value["settings"])
        guard !flat.isEmpty else { return member }
        var nested = JSONValue.object([])
        for (name, value) in flat.sorted(by: { $0.key < $1.key }) {
          var one = JSONValue.string(value)
          for part in name.split(separator: ".").reversed() {
            one = .object([JSONMember(String(part), one)])
          }
          nested = JSONMerge.deepMerged(nested, one)
        }
        return JSONMember(
          "template",
          JSONMerge.deepMerged(
            .object((member.value.object ?? []).filter { $0.name != "settings" }),
            ["settings": ["index": nested]]))
      default: return member
      }
    }
    if kind == .index, json["composed_of"] == nil {
      members.append(JSONMember("composed_of", []))
    }
    return .object(members)
  }

  private static func missing(_ kind: Catalog.TemplateKind, _ name: String) -> SearchProblem {
    SearchProblem(
      404, "resource_not_found_exception",
      "\(kind.rawValue) template matching [\(name)] not found")
  }

  private static func absent(_ kind: Catalog.TemplateKind, _ name: String) -> SearchProblem {
    SearchProblem(
      404, "index_template_missing_exception", "\(kind.rawValue)_template [\(name)] missing")
  }
}
