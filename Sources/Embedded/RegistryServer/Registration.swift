import Avro
import JSON
import SQLite

/// How a registration is done; the query's part of it.
struct RegistrationOptions: Sendable {
  var normalize = false
  /// Without the check of compatibility.
  var force = false
}

extension RegistryDatabase {
  /// Gives a schema a version under a subject, or finds the one it has there already, which is
  /// allowed in every mode and not checked.
  func register(
    _ request: SchemaRequest, under subject: String, _ options: RegistrationOptions
  ) throws(RegistryProblem) -> StoredVersion {
    let mode = try mode(of: subject)
    let normalize = mode != .importing && options.normalize
    let resolved = try resolve(request, normalize: normalize, .deletedToo)
    if let found = try find(resolved.content, in: subject, .live),
      mode != .importing || request.id == nil || request.id == found.id
    {
      return found
    }
    try requireWritable(mode, subject, importing: request.id != nil)
    if !request.references.isEmpty {
      _ = try resolve(request, normalize: normalize, .live)
    }
    if mode == .readWrite && !options.force {
      try requireCompatible(resolved.schema, under: subject)
    }
    let next = try nextVersion(of: subject)
    if mode != .importing, let wanted = request.version, wanted != next {
      throw .invalidSchema("Version is not one more than previous version")
    }
    let version = request.version ?? next
    if try self.version(version, of: subject, .live) != nil {
      throw .notPermitted(
        "Overwrite new schema with id \(request.id ?? 0) in context  is not permitted.")
    }
    let id = try id(of: resolved.content, wanted: request.id)
    try dropDeleted(id: id, subject)
    try run(
      "INSERT OR REPLACE INTO versions (subject, version, schema_id) VALUES (?, ?, ?)",
      .text(subject), .integer(Int64(version)), .integer(Int64(id)))
    return StoredVersion(
      subject: subject, version: version, id: id, isDeleted: false, content: resolved.content)
  }

  private func requireWritable(
    _ mode: RegistryMode, _ subject: String, importing: Bool
  ) throws(RegistryProblem) {
    switch mode {
    case .readOnly, .readOnlyOverride: throw .readOnly(subject)
    case .importing:
      if !importing {
        throw .notPermitted("Subject \(subject) in context  is not in read-write mode")
      }
    case .readWrite, .forward:
      if importing { throw .notPermitted("Subject \(subject) in context  is not in import mode") }
    }
  }

  private func requireCompatible(
    _ schema: AvroSchema, under subject: String
  ) throws(RegistryProblem) {
    let level = try level(of: subject)
    let messages = try incompatibilities(
      of: schema, with: try versions(of: subject, .live), level)
    if !messages.isEmpty {
      throw RegistryProblem(
        40901,
        "Schema being registered is incompatible with an earlier schema for subject "
          + "\"\(subject)\", details: [\(messages.joined(separator: ", "))]")
    }
  }

  /// What a level says against a schema after these versions; empty where nothing.
  func incompatibilities(
    of schema: AvroSchema, with versions: [StoredVersion], _ level: CompatibilityLevel
  ) throws(RegistryProblem) -> [String] {
    let compared = level == .none ? [] : level.isTransitive ? versions : versions.suffix(1)
    for old in compared.reversed() {
      let problems = level.problems(of: schema, after: try resolved(old.content))
      if !problems.isEmpty {
        return CompatibilityMessages.lines(problems, after: old, level)
      }
    }
    return []
  }

  /// The id of a content that has one, else the wanted one, else the next.
  private func id(
    of content: SchemaContent, wanted: Int?
  ) throws(RegistryProblem) -> Int {
    let known = try first("SELECT id FROM schemas WHERE guid = ?", .text(content.guid)) { row in
      Int(row.int64(0))
    }
    if let known {
      guard wanted == nil || wanted == known else {
        throw .notPermitted("The schema has id \(known) in this registry, not \(wanted ?? 0)")
      }
      return known
    }
    let id: Int
    if let wanted {
      let taken = try first("SELECT 1 FROM schemas WHERE id = ?", .integer(Int64(wanted))) { _ in
        true
      }
      guard taken == nil, wanted > 0 else {
        throw .notPermitted(
          "Overwrite new schema with id \(wanted) in context  is not permitted.")
      }
      id = wanted
      try run(
        "UPDATE counters SET value = max(value, ?) WHERE name = 'schema_id'",
        .integer(Int64(wanted)))
    } else {
      try run("UPDATE counters SET value = value + 1 WHERE name = 'schema_id'")
      id = try lastID()
    }
    try run(
      "INSERT INTO schemas (id, guid, text, extras) VALUES (?, ?, ?, ?)",
      .integer(Int64(id)), .text(content.guid), .text(content.text), .text(content.extras))
    for reference in content.references {
      try run(
        "INSERT OR IGNORE INTO refs (schema_id, subject, version) VALUES (?, ?, ?)",
        .integer(Int64(id)), .text(reference.subject), .integer(Int64(reference.version)))
    }
    return id
  }

  private func nextVersion(of subject: String) throws(RegistryProblem) -> Int {
    let newest = try first(
      "SELECT max(version) FROM versions WHERE subject = ?", .text(subject)
    ) { row in Int(row.int64(0)) }
    return (newest ?? 0) + 1
  }

  /// Soft-deleted versions of the same schema make room for the new one, unless they are used.
  private func dropDeleted(id: Int, _ subject: String) throws(RegistryProblem) {
    for old in try versions(of: subject, .deletedOnly) where old.id == id {
      let isUsed = try !referrers(to: subject, version: old.version, .deletedToo).isEmpty
      if !isUsed { try remove(old) }
    }
  }

  func remove(_ version: StoredVersion) throws(RegistryProblem) {
    try run(
      "DELETE FROM versions WHERE subject = ? AND version = ?", .text(version.subject),
      .integer(Int64(version.version)))
  }
}
