import Bytes
import Foundation
import JSON
import SQLite

/// What an alias is for one index.
struct AliasEntry: Sendable, Equatable {
  var isWriteIndex: Bool?

  var json: JSONValue {
    isWriteIndex.map { ["is_write_index": .bool($0)] } ?? .object([])
  }
}

/// The one file that says which indices, aliases and templates there are; and all of it in memory.
final class Catalog {
  enum TemplateKind: String { case index, component }

  private static let layout = [
    """
    CREATE TABLE idx (name TEXT PRIMARY KEY, uuid TEXT NOT NULL, settings TEXT NOT NULL,
      created INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE alias (alias TEXT, idx TEXT, json TEXT NOT NULL, PRIMARY KEY (alias, idx))
      WITHOUT ROWID;
    CREATE TABLE template (kind TEXT, name TEXT, json TEXT NOT NULL, PRIMARY KEY (kind, name))
      WITHOUT ROWID;
    CREATE TABLE cluster (uuid TEXT PRIMARY KEY) WITHOUT ROWID;
    """
  ]

  private let folder: String
  private let connection: SQLiteConnection
  let clusterUUID: String
  private(set) var indices: [String: SearchIndex] = [:]
  /// Alias → index → entry.
  private(set) var aliases: [String: [String: AliasEntry]] = [:]
  private var templates: [TemplateKind: [String: JSONValue]] = [:]

  init(folder: String) throws(SearchProblem) {
    self.folder = folder
    (connection, clusterUUID) = try storing { () throws(SQLiteError) in
      let connection = try SQLiteConnection(path: folder + "/catalog.db")
      try connection.migrate(Self.layout)
      try connection.run(
        "INSERT INTO cluster SELECT ? WHERE NOT EXISTS (SELECT 1 FROM cluster)",
        [.text(Self.makeUUID())])
      return (connection, try connection.first("SELECT uuid FROM cluster") { $0.text(0) } ?? "")
    }
    try load()
  }

  static func makeUUID() -> String {
    Base64.encode(RandomBytes.generate(16)).replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }

  private func load() throws(SearchProblem) {
    let rows = try storing { () throws(SQLiteError) in
      try connection.query("SELECT name, uuid, settings, created FROM idx") {
        ($0.text(0), $0.text(1), $0.text(2), $0.int64(3))
      }
    }
    for (name, uuid, settings, created) in rows {
      indices[name] = try SearchIndex(
        name: name, uuid: uuid, path: path(uuid),
        settings: (try? JSONValue.parse(settings)) ?? .object([]), createdAt: created)
    }
    try storing { () throws(SQLiteError) in
      for (alias, index, json) in try connection.query(
        "SELECT alias, idx, json FROM alias", [], { ($0.text(0), $0.text(1), $0.text(2)) })
      {
        let entry = (try? JSONValue.parse(json))?["is_write_index"]?.bool
        aliases[alias, default: [:]][index] = AliasEntry(isWriteIndex: entry)
      }
      for (kind, name, json) in try connection.query(
        "SELECT kind, name, json FROM template", [], { ($0.text(0), $0.text(1), $0.text(2)) })
      {
        guard let kind = TemplateKind(rawValue: kind) else { continue }
        templates[kind, default: [:]][name] = try? JSONValue.parse(json)
      }
    }
  }

  private func path(_ uuid: String) -> String { "\(folder)/\(uuid).db" }

  // MARK: Indices

  func create(
    _ name: String, settings: JSONValue, mappings: JSONValue, aliases: [String: AliasEntry]
  ) throws(SearchProblem) -> SearchIndex {
    // Checked before there is a file.
    _ = try IndexMapping(mappings)
    let uuid = Self.makeUUID()
    let created = Int64(Date().timeIntervalSince1970 * 1000)
    let index = try SearchIndex(
      name: name, uuid: uuid, path: path(uuid), settings: settings, createdAt: created)
    do throws(SearchProblem) {
      try index.transaction { () throws(SearchProblem) in try index.merge(mapping: mappings) }
      try storing { () throws(SQLiteError) in
        try connection.transaction { () throws(SQLiteError) in
          try connection.run(
            "INSERT INTO idx VALUES (?, ?, ?, ?)",
            [.text(name), .text(uuid), .text(settings.serialized()), .integer(created)])
          for (alias, entry) in aliases { try store(alias, name, entry) }
        }
      }
    } catch {
      removeFiles(uuid)
      throw error
    }
    indices[name] = index
    for (alias, entry) in aliases { self.aliases[alias, default: [:]][name] = entry }
    return index
  }

  func delete(_ index: SearchIndex) throws(SearchProblem) {
    try storing { () throws(SQLiteError) in
      try connection.transaction { () throws(SQLiteError) in
        try connection.run("DELETE FROM idx WHERE name = ?", [.text(index.name)])
        try connection.run("DELETE FROM alias WHERE idx = ?", [.text(index.name)])
      }
    }
    indices[index.name] = nil
    for alias in aliases.keys {
      aliases[alias]?[index.name] = nil
      if aliases[alias]?.isEmpty == true { aliases[alias] = nil }
    }
    removeFiles(index.uuid)
  }

  private func removeFiles(_ uuid: String) {
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: path(uuid) + suffix)
    }
  }

  func set(settings: JSONValue, of index: SearchIndex) throws(SearchProblem) {
    try storing { () throws(SQLiteError) in
      try connection.run(
        "UPDATE idx SET settings = ? WHERE name = ?",
        [.text(settings.serialized()), .text(index.name)])
    }
    index.settings = settings
  }

  // MARK: Aliases

  /// Replaces all aliases at once.
  func set(aliases wanted: [String: [String: AliasEntry]]) throws(SearchProblem) {
    try storing { () throws(SQLiteError) in
      try connection.transaction { () throws(SQLiteError) in
        try connection.run("DELETE FROM alias")
        for (alias, entries) in wanted {
          for (index, entry) in entries { try store(alias, index, entry) }
        }
      }
    }
    aliases = wanted.filter { !$0.value.isEmpty }
  }

  private func store(_ alias: String, _ index: String, _ entry: AliasEntry) throws(SQLiteError) {
    try connection.run(
      "INSERT INTO alias VALUES (?, ?, ?)",
      [.text(alias), .text(index), .text(entry.json.serialized())])
  }

  func aliases(of index: String) -> [String: AliasEntry] {
    aliases.compactMapValues { $0[index] }
  }

  // MARK: Templates

  func templates(_ kind: TemplateKind) -> [String: JSONValue] { templates[kind] ?? [:] }

  func set(_ kind: TemplateKind, _ name: String, _ json: JSONValue?) throws(SearchProblem) {
    try storing { () throws(SQLiteError) in
      try connection.transaction { () throws(SQLiteError) in
        try connection.run(
          "DELETE FROM template WHERE kind = ? AND name = ?", [.text(kind.rawValue), .text(name)])
        if let json {
          try connection.run(
            "INSERT INTO template VALUES (?, ?, ?)",
            [.text(kind.rawValue), .text(name), .text(json.serialized())])
        }
      }
    }
    templates[kind, default: [:]][name] = json
  }
}
