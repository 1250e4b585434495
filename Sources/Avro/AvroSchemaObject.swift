import JSON

/// A JSON object of a schema, with its place for error messages.
struct AvroSchemaObject {
  /// Of members that are there twice, the last value in the first place, as Java's parser does.
  let members: [JSONMember]
  let path: String

  init(_ members: [JSONMember], _ path: String) {
    var places: [String: Int] = [:]
    var kept: [JSONMember] = []
    for member in members {
      if let place = places[member.name] {
        kept[place] = member
      } else {
        places[member.name] = kept.count
        kept.append(member)
      }
    }
    self.members = kept
    self.path = path
  }

  subscript(name: String) -> JSONValue? { members.first { $0.name == name }?.value }

  func error(_ reason: String, at key: String? = nil) -> AvroSchemaError {
    AvroSchemaError(path: key.map { "\(path)/\($0)" } ?? path, reason: reason)
  }

  /// The texts of `aliases`, each once.
  func aliases() throws(AvroSchemaError) -> [String] {
    guard let json = self["aliases"] else { return [] }
    guard let list = json.array else { throw error("\"aliases\" is not an array", at: "aliases") }
    var aliases: [String] = []
    for (index, alias) in list.enumerated() {
      guard let text = alias.string else {
        throw error("an alias is a string", at: "aliases/\(index)")
      }
      if !aliases.contains(text) { aliases.append(text) }
    }
    return aliases
  }

  /// The aliases of a named type, in its namespace where they have none.
  func typeAliases(of name: AvroName) throws(AvroSchemaError) -> [AvroName] {
    var names: [AvroName] = []
    for alias in try aliases() {
      let full = AvroName(alias, enclosing: name.namespace)
      guard full.isValid else { throw error("\"\(alias)\" is not a valid name", at: "aliases") }
      if !names.contains(full) { names.append(full) }
    }
    return names
  }

  static let reserved: Set<String> = [
    "type", "name", "namespace", "doc", "fields", "items", "values", "size", "symbols", "aliases",
  ]

  static let reservedInFields: Set<String> = [
    "name", "type", "doc", "default", "order", "aliases",
  ]
}
