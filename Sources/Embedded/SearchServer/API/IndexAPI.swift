import JSON
import SQLite

/// Making, showing, changing and deleting indices, and their aliases and templates.
enum IndexAPI {
  // MARK: Indices

  static func create(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let name = request["index"]
    _ = try node.create(name, try request.json() ?? .object([]))
    return APIAnswer([
      "acknowledged": true, "shards_acknowledged": true, "index": .string(name),
    ])
  }

  static func delete(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let name = request["index"]
    if node.catalog.aliases[name] != nil {
      throw .illegal(
        "The provided expression [\(name)] matches an alias, specify the corresponding concrete "
          + "indices instead.")
    }
    if name.contains("*") || name == "_all" {
      throw .illegal("Wildcard expressions or all indices are not allowed")
    }
    let indices = try indices(node, request, allowNone: false)
    for index in indices {
      node.scrolls.close(of: index)
      try node.catalog.delete(index)
    }
    return .acknowledged
  }

  static func get(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    try each(node, request) { index in
      [
        "aliases": aliasesJSON(node, index), "mappings": index.mapping.json,
        "settings": IndexSettings.shown(index),
      ]
    }
  }

  static func mapping(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    try each(node, request) { ["mappings": $0.mapping.json] }
  }

  static func settings(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    try each(node, request) { ["settings": IndexSettings.shown($0)] }
  }

  static func putMapping(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    let body = try request.requiredJSON()
    for index in try indices(node, request, allowNone: false) {
      try index.transaction { () throws(SearchProblem) in try index.merge(mapping: body) }
    }
    return .acknowledged
  }

  static func putSettings(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    let body = try request.requiredJSON()
    let changes = try IndexSettings.checked(body)
    for name in ["number_of_shards", "uuid", "creation_date"] where changes[name] != nil {
      throw .illegal(
        "Can't update non dynamic settings [[index.\(name)]] for open indices")
    }
    for index in try indices(node, request, allowNone: false) {
      let settings = IndexSettings.flat(index.settings).merging(changes) { $1 }
      try node.catalog.set(settings: IndexSettings.json(settings), of: index)
    }
    return .acknowledged
  }

  /// Writes are visible as soon as they are answered: there is nothing to do.
  static func refresh(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    let count = try indices(node, request).count
    return APIAnswer(["_shards": shards(count)])
  }

  /// Merges the full-text tables into one run each.
  static func forceMerge(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    let indices = try indices(node, request)
    for index in indices {
      try storing { () throws(SQLiteError) in
        for leaf in index.mapping.leaves.values where leaf.type == .text {
          try index.connection.run(
            "INSERT INTO ft_\(leaf.slot) (ft_\(leaf.slot)) VALUES ('optimize')")
        }
      }
    }
    return APIAnswer(["_shards": shards(indices.count)])
  }

  static func shards(_ count: Int) -> JSONValue {
    ["total": .int(count), "successful": .int(count), "failed": 0]
  }

  private static func indices(
    _ node: SearchNode, _ request: APIRequest, allowNone: Bool = true
  ) throws(SearchProblem) -> [SearchIndex] {
    try node.indices(
      request["index"].isEmpty ? nil : request["index"],
      ignoreUnavailable: try request.flag("ignore_unavailable"),
      allowNone: try request.flag("allow_no_indices", default: allowNone))
  }

  private static func each(
    _ node: SearchNode, _ request: APIRequest, _ json: (SearchIndex) -> JSONValue
  ) throws(SearchProblem) -> APIAnswer {
    APIAnswer(
      .object(try indices(node, request).map { JSONMember($0.name, json($0)) }))
  }

  // MARK: Aliases

  private static func aliasesJSON(_ node: SearchNode, _ index: SearchIndex) -> JSONValue {
    .object(
      node.catalog.aliases(of: index.name).sorted { $0.key < $1.key }.map {
        JSONMember($0.key, $0.value.json)
      })
  }

  static func getAlias(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    let pattern = request["name"].isEmpty ? nil : request["name"]
    let wanted = (pattern ?? "*").split(separator: ",").map(String.init)
    var found: [JSONMember] = []
    for index in try indices(node, request) {
      let aliases = node.catalog.aliases(of: index.name).filter { alias, _ in
        wanted.contains { $0 == "_all" || Wildcard.matches(alias, $0) }
      }
      if pattern != nil, aliases.isEmpty { continue }
      let json = aliases.sorted { $0.key < $1.key }.map { JSONMember($0.key, $0.value.json) }
      found.append(JSONMember(index.name, ["aliases": .object(json)]))
    }
    let missing = wanted.filter { name in
      !name.contains("*") && name != "_all" && node.catalog.aliases[name] == nil
    }
    if pattern != nil, !missing.isEmpty {
      let names = missing.joined(separator: ",")
      let text = "\(missing.count == 1 ? "alias" : "aliases") [\(names)] missing"
      return APIAnswer(
        .object([JSONMember("error", .string(text)), JSONMember("status", 404)] + found),
        status: 404)
    }
    return APIAnswer(.object(found))
  }

  static func putAlias(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    let entry = try SearchNode.aliasEntry(try request.json() ?? .object([]))
    var aliases = node.catalog.aliases
    for index in try indices(node, request, allowNone: false) {
      try add(request["name"], index.name, entry, to: &aliases, node)
    }
    try store(aliases, node)
    return .acknowledged
  }

  static func deleteAlias(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    var aliases = node.catalog.aliases
    let indices = try indices(node, request, allowNone: false)
    try remove(request["name"], indices.map(\.name), from: &aliases)
    try store(aliases, node)
    return .acknowledged
  }

  /// All actions at once, or none.
  static func aliases(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    let body = try request.requiredJSON()
    var aliases = node.catalog.aliases
    var dropped: [SearchIndex] = []
    for action in body["actions"]?.array ?? [] {
      guard let member = action.object?.first, action.object?.count == 1 else {
        throw .contentParse("[aliases] an action has one key: [add], [remove] or [remove_index]")
      }
      let json = member.value
      let expressions = names(json, "index", "indices").joined(separator: ",")
      let found = try node.indices(expressions, allowNone: false)
      switch member.name {
      case "add":
        let entry = try SearchNode.aliasEntry(json)
        for name in names(json, "alias", "aliases") {
          for index in found { try add(name, index.name, entry, to: &aliases, node) }
        }
      case "remove":
        for name in names(json, "alias", "aliases") {
          try remove(name, found.map(\.name), from: &aliases)
        }
      case "remove_index": dropped += found
      default: throw .contentParse("[aliases] unknown field [\(member.name)]")
      }
    }
    for index in dropped {
      for alias in aliases.keys { aliases[alias]?[index.name] = nil }
    }
    try store(aliases, node)
    for index in dropped {
      node.scrolls.close(of: index)
      try node.catalog.delete(index)
    }
    return .acknowledged
  }

  private static func names(_ json: JSONValue, _ one: String, _ many: String) -> [String] {
    [json[one]?.string].compactMap { $0 } + (json[many]?.array?.compactMap(\.string) ?? [])
      + (json[many]?.string.map { [$0] } ?? [])
  }

  private static func add(
    _ alias: String, _ index: String, _ entry: AliasEntry,
    to aliases: inout [String: [String: AliasEntry]], _ node: SearchNode
  ) throws(SearchProblem) {
    if node.catalog.indices[alias] != nil {
      throw SearchProblem(
        400, "invalid_alias_name_exception",
        "Invalid alias name [\(alias)]: an index or data stream exists with the same name as the "
          + "alias")
    }
    try SearchNode.check(name: alias)
    aliases[alias, default: [:]][index] = entry
  }

  private static func remove(
    _ pattern: String, _ indices: [String], from aliases: inout [String: [String: AliasEntry]]
  ) throws(SearchProblem) {
    var isFound = false
    for alias in aliases.keys where Wildcard.matches(alias, pattern) {
      for index in indices where aliases[alias]?.removeValue(forKey: index) != nil {
        isFound = true
      }
    }
    guard isFound else {
      throw SearchProblem(
        404, "aliases_not_found_exception", "aliases [\(pattern)] missing",
        [
          JSONMember("resource.type", "aliases"), JSONMember("resource.id", .string(pattern)),
        ])
    }
  }

  private static func store(
    _ aliases: [String: [String: AliasEntry]], _ node: SearchNode
  ) throws(SearchProblem) {
    for (alias, entries) in aliases
    where entries.values.filter({ $0.isWriteIndex == true }).count > 1 {
      throw .illegal("alias [\(alias)] has more than one write index [\(entries.keys.sorted())]")
    }
    try node.catalog.set(aliases: aliases)
  }

  // MARK: Templates

  static func putTemplate(
    _ kind: Catalog.TemplateKind
  ) -> SearchService.Answerer {
    { node, request throws(SearchProblem) in
      let body = try request.requiredJSON()
      if try request.flag("create"), node.catalog.templates(kind)[request["name"]] != nil {
        throw .illegal("\(kind.rawValue) template [\(request["name"])] already exists")
      }
      switch kind {
      case .index: try node.putIndexTemplate(request["name"], body)
      case .component: try node.putComponentTemplate(request["name"], body)
      }
      return .acknowledged
    }
  }

  static func getTemplate(
    _ kind: Catalog.TemplateKind
  ) -> SearchService.Answerer {
    { node, request throws(SearchProblem) in
      APIAnswer(
        try node.shownTemplates(kind, request["name"].isEmpty ? nil : request["name"]))
    }
  }

  static func deleteTemplate(
    _ kind: Catalog.TemplateKind
  ) -> SearchService.Answerer {
    { node, request throws(SearchProblem) in
      try node.deleteTemplate(kind, request["name"])
      return .acknowledged
    }
  }
}
