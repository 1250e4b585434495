import Avro
import JSON

/// What a registry says of a schema that may follow those of a subject.
public struct CompatibilityVerdict: Sendable, Equatable {
  public let isCompatible: Bool
  /// In the registry's words, the things compared among them; empty where it is compatible.
  public let messages: [String]
}

extension RegistryCall where Answer == CompatibilityVerdict {
  /// Checks against the versions that the subject's level asks for; registers nothing.
  public static func compatibility(
    subject: String, schema: String, references: [SchemaReference] = [], normalize: Bool = false
  ) -> Self {
    Self(
      .post, ["compatibility", "subjects", subject, "versions"],
      query: "verbose=true&normalize=\(normalize)",
      body: [
        "schema": .string(schema), "references": .array(references.map(\.json)),
      ]
    ) { json throws(RegistryError) in
      guard let isCompatible = json["is_compatible"]?.bool else { throw .unreadable("no verdict") }
      return CompatibilityVerdict(
        isCompatible: isCompatible,
        messages: (json["messages"]?.array ?? []).compactMap(\.string))
    }
  }
}

extension RegistryCall where Answer == CompatibilityLevel {
  /// The level in force for a subject, or for all where it is nil.
  public static func level(subject: String?) -> Self {
    Self(
      .get, ["config"] + [subject].compactMap(\.self), query: "defaultToGlobal=true"
    ) { json throws(RegistryError) in try read(json["compatibilityLevel"]) }
  }

  public static func setLevel(_ level: CompatibilityLevel, subject: String?) -> Self {
    Self(
      .put, ["config"] + [subject].compactMap(\.self),
      body: ["compatibility": .string(level.rawValue)]
    ) { json throws(RegistryError) in try read(json["compatibility"]) }
  }

  /// Takes a subject's own level away; answers what it was.
  public static func unsetLevel(subject: String?) -> Self {
    Self(.delete, ["config"] + [subject].compactMap(\.self)) { json throws(RegistryError) in
      try read(json["compatibilityLevel"])
    }
  }

  private static func read(_ json: JSONValue?) throws(RegistryError) -> CompatibilityLevel {
    guard let level = json?.string.flatMap({ CompatibilityLevel(name: $0) }) else {
      throw .unreadable("no compatibility level")
    }
    return level
  }
}

extension RegistryCall where Answer == String {
  /// The mode in force for a subject, or for all where it is nil: `READWRITE`, `READONLY`, …
  ///
  /// - Parameter isOwn: only the subject's own; `notFound` where it has none.
  public static func mode(subject: String?, isOwn: Bool = false) -> Self {
    Self(
      .get, ["mode"] + [subject].compactMap(\.self), query: isOwn ? "" : "defaultToGlobal=true",
      read: readMode)
  }

  /// - Parameter force: `IMPORT` even where there are schemas.
  public static func setMode(_ mode: String, subject: String?, force: Bool = false) -> Self {
    Self(
      .put, ["mode"] + [subject].compactMap(\.self), query: force ? "force=true" : "",
      body: ["mode": .string(mode)], read: readMode)
  }

  /// Takes a subject's own mode away; answers what it was.
  public static func unsetMode(subject: String) -> Self {
    Self(.delete, ["mode", subject], read: readMode)
  }

  private static func readMode(_ json: JSONValue) throws(RegistryError) -> String {
    guard let mode = json["mode"]?.string else { throw .unreadable("no mode") }
    return mode
  }
}

extension RegistryCall where Answer == [Int] {
  /// Soft: the versions stay readable by id. Permanent, which must follow a soft one: they go.
  public static func delete(subject: String, permanently: Bool) -> Self {
    Self(
      .delete, ["subjects", subject], query: permanently ? "permanent=true" : "", read: readNumbers)
  }

  public static func delete(version: Int, of subject: String, permanently: Bool) -> Self {
    Self(
      .delete, ["subjects", subject, "versions", String(version)],
      query: permanently ? "permanent=true" : ""
    ) { json throws(RegistryError) in
      guard let number = json.int64 else { throw .unreadable("no version") }
      return [Int(number)]
    }
  }

  /// Versions of a subject, the soft-deleted ones as negative numbers.
  public static func versionsWithDeleted(subject: String) -> Self {
    Self(
      .get, ["subjects", subject, "versions"], query: "deletedAsNegative=true", read: readNumbers)
  }

  /// Ids of the schemas that use a version.
  public static func referencedBy(version: Int, of subject: String) -> Self {
    Self(
      .get, ["subjects", subject, "versions", String(version), "referencedby"], read: readNumbers)
  }

  private static func readNumbers(_ json: JSONValue) throws(RegistryError) -> [Int] {
    let numbers = (json.array ?? []).compactMap(\.int64)
    guard numbers.count == json.array?.count else { throw .unreadable("no list of numbers") }
    return numbers.map { Int($0) }
  }
}

extension RegistryCall where Answer == SubjectVersion {
  /// Registers with the id and version that the schema has elsewhere; the subject must be in mode
  /// `IMPORT`.
  public static func importing(
    subject: String, version: Int, id: Int, schema: String, references: [SchemaReference]
  ) -> Self {
    Self(
      .post, ["subjects", subject, "versions"],
      body: [
        "schema": .string(schema), "version": .int(version), "id": .int(id),
        "references": .array(references.map(\.json)),
      ]
    ) { json throws(RegistryError) in try SubjectVersion(json, subject: subject) }
  }
}
