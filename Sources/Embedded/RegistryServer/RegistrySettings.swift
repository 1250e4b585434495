import Avro
import JSON
import SQLite

/// What may be done with a subject.
enum RegistryMode: String, Sendable {
  case readWrite = "READWRITE"
  case readOnly = "READONLY"
  /// Global only: read-only whatever the subject says.
  case readOnlyOverride = "READONLY_OVERRIDE"
  /// Registrations bring their id and version, and are not checked.
  case importing = "IMPORT"
  /// As READWRITE, without checks.
  case forward = "FORWARD"

  var isReadOnly: Bool { self == .readOnly || self == .readOnlyOverride }
}

/// The settings of a subject, or the global ones where the subject is nil.
extension RegistryDatabase {
  private enum Kind: String { case config, mode }

  private func setting(_ kind: Kind, _ subject: String?) throws(RegistryProblem) -> String? {
    try first(
      "SELECT value FROM settings WHERE subject = ? AND kind = ?", .text(subject ?? ""),
      .text(kind.rawValue)
    ) { row in row.text(0) }
  }

  private func set(
    _ kind: Kind, _ subject: String?, _ value: String?
  ) throws(RegistryProblem) {
    if let value {
      try run(
        "INSERT OR REPLACE INTO settings (subject, kind, value) VALUES (?, ?, ?)",
        .text(subject ?? ""), .text(kind.rawValue), .text(value))
    } else {
      try run(
        "DELETE FROM settings WHERE subject = ? AND kind = ?", .text(subject ?? ""),
        .text(kind.rawValue))
    }
  }

  // MARK: Config

  /// Members of a configuration as they were set, `compatibilityLevel` among them; nil where the
  /// subject has none of its own.
  func config(_ subject: String?) throws(RegistryProblem) -> [JSONMember]? {
    try setting(.config, subject).flatMap { try? JSONValue.parse($0).object }
  }

  /// The level in force: the subject's, else the global one, else BACKWARD.
  func level(of subject: String?) throws(RegistryProblem) -> CompatibilityLevel {
    let name = try member("compatibilityLevel", subject)?.string ?? ""
    return CompatibilityLevel(name: name) ?? .backward
  }

  /// Whether schemas of the subject are normalized: as asked, else as configured.
  func normalizes(_ subject: String, _ asked: Bool?) throws(RegistryProblem) -> Bool {
    if let asked { return asked }
    return try member("normalize", subject)?.bool ?? false
  }

  private func member(_ name: String, _ subject: String?) throws(RegistryProblem) -> JSONValue? {
    if let subject, let members = try config(subject),
      let value = JSONValue.object(members)[name]
    {
      return value
    }
    return try config(nil).flatMap { JSONValue.object($0)[name] }
  }

  /// Lays members over what is set; null takes one away. Returns what is set then.
  func setConfig(
    _ changes: [JSONMember], _ subject: String?
  ) throws(RegistryProblem) -> [JSONMember] {
    try requireConfigurable(subject)
    var members = try config(subject) ?? []
    for change in changes {
      let name = change.name == "compatibility" ? "compatibilityLevel" : change.name
      members.removeAll { $0.name == name }
      if change.value.isNull { continue }
      var value = change.value
      if name == "compatibilityLevel" {
        guard let level = value.string.flatMap({ CompatibilityLevel(name: $0) }) else {
          throw .invalidLevel
        }
        value = .string(level.rawValue)
      }
      members.append(JSONMember(name, value))
    }
    if !changes.isEmpty {
      try set(.config, subject, members.isEmpty ? nil : JSONValue.object(members).serialized())
    }
    return members
  }

  /// Returns what was set.
  func deleteConfig(_ subject: String?) throws(RegistryProblem) -> [JSONMember] {
    try requireConfigurable(subject)
    let old = try config(subject)
    if old == nil, let subject { throw .noSubject(subject) }
    try set(.config, subject, nil)
    return old ?? []
  }

  private func requireConfigurable(_ subject: String?) throws(RegistryProblem) {
    if try mode(of: subject).isReadOnly { throw .readOnly(subject ?? "") }
  }

  // MARK: Mode

  /// The mode that is set for exactly this subject.
  func ownMode(_ subject: String?) throws(RegistryProblem) -> RegistryMode? {
    try setting(.mode, subject).flatMap { RegistryMode(rawValue: $0) }
  }

  /// The mode in force.
  func mode(of subject: String?) throws(RegistryProblem) -> RegistryMode {
    let global = try ownMode(nil) ?? .readWrite
    guard let subject, global != .readOnlyOverride else { return global }
    return try ownMode(subject) ?? global
  }

  /// IMPORT needs an empty place: soft-deleted versions there go for good.
  func setMode(
    _ mode: RegistryMode, _ subject: String?, force: Bool
  ) throws(RegistryProblem) {
    let current = try self.mode(of: subject)
    if mode == .importing && current != .importing && !force {
      let live: [String] =
        if let subject {
          try hasVersions(subject, .live) ? [subject] : []
        } else {
          try subjects(prefix: "", .live)
        }
      guard live.isEmpty else {
        throw .notPermitted("Cannot import since found existing subjects")
      }
      if let subject {
        try run("DELETE FROM versions WHERE subject = ?", .text(subject))
      } else {
        try run("DELETE FROM versions")
      }
    }
    try set(.mode, subject, mode.rawValue)
  }

  /// Returns the mode that was set.
  func deleteMode(_ subject: String?) throws(RegistryProblem) -> RegistryMode {
    let old = try ownMode(subject)
    if old == nil, let subject { throw .noSubject(subject) }
    try set(.mode, subject, nil)
    return old ?? .readWrite
  }
}
