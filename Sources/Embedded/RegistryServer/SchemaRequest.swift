import Avro
import Bytes
import JSON

/// A schema as its identity sees it: the canonical text, and the hash that stands for it.
struct SchemaContent: Sendable, Equatable {
  let text: String
  /// MD5 of the text as a UUID; Confluent's GUID.
  let guid: String

  init(text: String) {
    self.text = text
    var guid = Hex.encode(Digest.md5(Array(text.utf8)))
    for place in [20, 16, 12, 8] {
      guid.insert("-", at: guid.index(guid.startIndex, offsetBy: place))
    }
    self.guid = guid
  }
}

/// The body of a registration or a lookup.
struct SchemaRequest: Sendable {
  let content: SchemaContent
  /// The version that the new one must get; nil for the next.
  let version: Int?
  /// An id that the client wants; allowed in IMPORT mode only, which this registry has not.
  let id: Int?

  /// - Parameter emptyIsMissing: an empty schema is "not found" in lookups, invalid elsewhere.
  init(_ body: [UInt8], emptyIsMissing: Bool) throws(RegistryProblem) {
    guard let json = try? JSONValue.parse(body) else {
      if body.isEmpty { throw RegistryProblem(422, "The request has no body") }
      throw RegistryProblem(400, "The request body is no JSON")
    }
    guard json.object != nil else { throw RegistryProblem(422, "The request body is no object") }
    let type = json["schemaType"]?.string ?? "AVRO"
    guard type == "AVRO" else { throw .invalidSchema("Invalid schema type \(type)") }
    // They are part of a schema's identity, so ignoring them would give out wrong ids.
    guard json["references"]?.array?.isEmpty ?? true else {
      throw .invalidSchema("Schema references are not implemented by this registry")
    }
    for name in ["metadata", "ruleSet"] where json[name].map({ !$0.isNull }) ?? false {
      throw .invalidSchema("The member \(name) is not implemented by this registry")
    }
    let text = json["schema"]?.string ?? ""
    guard !text.isEmpty else { throw emptyIsMissing ? .noSchema : .invalidSchema("Empty schema") }
    do {
      content = SchemaContent(text: try AvroSchema.parse(text).canonicalText)
    } catch {
      throw .invalidSchema("Invalid schema of type AVRO, details: \(error)")
    }
    let version = json["version"]?.int64 ?? 0
    self.version = version == 0 || version == -1 ? nil : Int(version)
    let id = json["id"]?.int64 ?? 0
    self.id = id == 0 || id == -1 ? nil : Int(id)
  }
}
