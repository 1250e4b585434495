import Foundation
import JSON

/// The one node of the server: its catalog, open scrolls and counters, behind the server's lock.
final class SearchNode {
  let catalog: Catalog
  var scrolls = Scrolls()
  let now: () -> Int64

  /// - Parameter now: milliseconds since 1970, what `now` means in queries.
  init(folder: String, now: @escaping () -> Int64) throws(SearchProblem) {
    catalog = try Catalog(folder: folder)
    self.now = now
  }

  // MARK: Names

  /// The indices that an expression stands for: names, aliases, `*`, `_all`, `-without`.
  func indices(
    _ expression: String?, ignoreUnavailable: Bool = false, allowNone: Bool = true
  ) throws(SearchProblem) -> [SearchIndex] {
    let parts = (expression ?? "_all").split(separator: ",").map(String.init)
    var found: [String] = []
    for (place, part) in parts.enumerated() {
      let part = Self.withoutDateMath(part)
      if part == "_all" || part == "*" {
        found += catalog.indices.keys
      } else if part.hasPrefix("-"), place > 0 {
        let names = Set(names(matching: String(part.dropFirst())))
        found.removeAll { names.contains($0) }
      } else if part.contains("*") {
        found += names(matching: part)
      } else if let index = catalog.indices[part] {
        found.append(index.name)
      } else if let alias = catalog.aliases[part] {
        found += alias.keys
      } else if !ignoreUnavailable {
        try Self.check(name: part, canBeExpression: true)
        throw .noIndex(part)
      }
    }
    if found.isEmpty, !allowNone { throw .noIndex(expression ?? "_all") }
    return Set(found).sorted().compactMap { catalog.indices[$0] }
  }

  private static func withoutDateMath(_ part: String) -> String { part }

  private func names(matching pattern: String) -> [String] {
    catalog.indices.keys.filter { Wildcard.matches($0, pattern) }
      + catalog.aliases.filter { Wildcard.matches($0.key, pattern) }.flatMap { $0.value.keys }
  }

  /// The index that a single document is read from.
  func index(reading name: String) throws(SearchProblem) -> SearchIndex {
    let found = try indices(name, allowNone: false)
    guard found.count == 1 else {
      throw .illegal(
        "alias [\(name)] has more than one index associated with it "
          + "[\(found.map(\.name).joined(separator: ", "))], can't execute a single index op")
    }
    return found[0]
  }

  /// The index that a document is written to; made where there is none.
  func index(writing name: String, requireAlias: Bool = false) throws(SearchProblem) -> SearchIndex
  {
    if let alias = catalog.aliases[name] {
      if let writing = alias.first(where: { $0.value.isWriteIndex == true }),
        let index = catalog.indices[writing.key]
      {
        return index
      }
      if alias.count == 1, let only = alias.first, only.value.isWriteIndex != false,
        let index = catalog.indices[only.key]
      {
        return index
      }
      throw .illegal(
        "no write index is defined for alias [\(name)]. The write index may be explicitly disabled "
          + "using is_write_index=false or the alias points to multiple indices without one being "
          + "designated as a write index")
    }
    if requireAlias {
      var problem = SearchProblem.noIndex(name)
      problem.reason =
        "no such index [\(name)] and [require_alias] request flag is [true] and [\(name)] is not "
        + "an alias"
      throw problem
    }
    if let index = catalog.indices[name] { return index }
    return try create(name, .object([]))
  }

  static func check(name: String, canBeExpression: Bool = false) throws(SearchProblem) {
    func invalid(_ reason: String) -> SearchProblem {
      SearchProblem(
        400, "invalid_index_name_exception", "Invalid index name [\(name)], \(reason)",
        [JSONMember("index_uuid", "_na_"), JSONMember("index", .string(name))])
    }
    if name.isEmpty { throw invalid("must not be empty") }
    if let first = name.first, "_-+".contains(first) {
      throw invalid("must not start with '_', '-', or '+'")
    }
    if canBeExpression { return }
    if name != name.lowercased() { throw invalid("must be lowercase") }
    if name.contains(where: { " ,\"*\\<>|?/".contains($0) }) {
      throw invalid(
        "must not contain the following characters ['\\','/','*','?','\"','<','>','|',' ',',']")
    }
    if name.contains("#") { throw invalid("must not contain '#'") }
    if name.contains(":") { throw invalid("must not contain ':'") }
    if name == "." || name == ".." { throw invalid("must not be '.' or '..'") }
    if name.utf8.count > 255 { throw invalid("index name is too long, (\(name.utf8.count) > 255)") }
  }

  // MARK: Making indices

  /// Makes an index from a request's body and the template that fits its name.
  func create(_ name: String, _ body: JSONValue) throws(SearchProblem) -> SearchIndex {
    try Self.check(name: name)
    if let index = catalog.indices[name] {
      throw SearchProblem(
        400, "resource_already_exists_exception",
        "index [\(name)/\(index.uuid)] already exists",
        [
          JSONMember("index_uuid", .string(index.uuid)), JSONMember("index", .string(name)),
        ])
    }
    if catalog.aliases[name] != nil {
      throw SearchProblem(
        400, "invalid_index_name_exception",
        "Invalid index name [\(name)], already exists as alias",
        [JSONMember("index_uuid", "_na_"), JSONMember("index", .string(name))])
    }
    for member in body.object ?? []
    where !["settings", "mappings", "aliases"].contains(member.name) {
      throw SearchProblem(
        400, "parse_exception", "unknown key [\(member.name)] for create index")
    }
    let template = try templateParts(for: name)
    var settings = IndexSettings.flat(template.settings)
    for member in try IndexSettings.checked(body["settings"]) {
      settings[member.key] = member.value
    }
    let mappings = JSONMerge.merged(template.mappings, body["mappings"] ?? .object([]))
    let aliases = JSONMerge.merged(template.aliases, body["aliases"] ?? .object([]))
    return try catalog.create(
      name, settings: IndexSettings.json(settings), mappings: mappings,
      aliases: try Self.aliasEntries(aliases))
  }

  static func aliasEntries(_ json: JSONValue) throws(SearchProblem) -> [String: AliasEntry] {
    var entries: [String: AliasEntry] = [:]
    for member in json.object ?? [] { entries[member.name] = try aliasEntry(member.value) }
    return entries
  }

  static func aliasEntry(_ json: JSONValue) throws(SearchProblem) -> AliasEntry {
    for member in json.object ?? [] {
      switch member.name {
      case "is_write_index", "index", "indices", "alias", "aliases", "must_exist": break
      case "is_hidden" where member.value.bool == false: break
      default: throw .unsupported("alias.\(member.name)")
      }
    }
    return AliasEntry(isWriteIndex: json["is_write_index"]?.bool)
  }
}
