import Avro
import JSON

/// A schema that a registry gave a number to; it never changes. One object per id and client, so
/// that callers may compare by identity and hang compiled plans on it.
public final class RegisteredSchema: Sendable {
  /// nil where it was asked for by GUID.
  public let id: Int?
  /// nil from registries older than GUIDs.
  public let guid: String?
  /// As registered; types of references are not in it.
  public let text: String
  /// Parsed, with the types of references in it.
  public let schema: AvroSchema

  public init(id: Int?, guid: String?, text: String, schema: AvroSchema) {
    self.id = id
    self.guid = guid
    self.text = text
    self.schema = schema
  }
}

/// A schema that another one uses by name.
public struct SchemaReference: Sendable, Equatable {
  /// The full name of the type that is used.
  public let name: String
  public let subject: String
  public let version: Int

  public init(name: String, subject: String, version: Int) {
    self.name = name
    self.subject = subject
    self.version = version
  }
}

/// One version of a subject, as registries answer.
public struct SubjectVersion: Sendable, Equatable {
  public let subject: String
  /// From 1. nil in the answer of old registries to a registration, which holds the id alone.
  public let version: Int?
  public let id: Int
  public let guid: String?
  /// nil in the answer of old registries to a registration.
  public let text: String?
  /// `AVRO`, `JSON` or `PROTOBUF`.
  public let schemaType: String
  public let references: [SchemaReference]
}

extension SubjectVersion {
  /// One line of an export: an object with at least subject, version, id and schema.
  public init(export json: JSONValue) throws(RegistryError) {
    guard let subject = json["subject"]?.string, json["version"]?.int64 != nil,
      json["schema"]?.string != nil
    else { throw .unreadable("no subject, version or schema") }
    try self.init(json, subject: subject)
  }

  init(_ json: JSONValue, subject: String) throws(RegistryError) {
    guard let id = json["id"]?.int64 else { throw .unreadable("no id") }
    self.subject = json["subject"]?.string ?? subject
    version = json["version"]?.int64.map { Int($0) }
    self.id = Int(id)
    guid = json["guid"]?.string
    text = json["schema"]?.string
    schemaType = json["schemaType"]?.string ?? "AVRO"
    references = try SchemaReference.list(json["references"])
  }
}

extension SchemaReference {
  static func list(_ json: JSONValue?) throws(RegistryError) -> [SchemaReference] {
    var references: [SchemaReference] = []
    for item in json?.array ?? [] {
      guard let name = item["name"]?.string, let subject = item["subject"]?.string,
        let version = item["version"]?.int64
      else { throw .unreadable("a reference without name, subject or version") }
      references.append(SchemaReference(name: name, subject: subject, version: Int(version)))
    }
    return references
  }

  /// As registries and exports write it.
  public var json: JSONValue {
    ["name": .string(name), "subject": .string(subject), "version": .int(version)]
  }
}
