import JSON

/// The body of a registration, a lookup or a check.
struct SchemaRequest: Sendable {
  /// As sent, not parsed yet: what it may refer to is in the database.
  let text: String
  /// With version -1 for the newest.
  let references: [StoredReference]
  let metadata: JSONValue?
  let ruleSet: JSONValue?
  /// The version that the new one must get; nil for the next.
  let version: Int?
  /// An id that the client wants; allowed in IMPORT mode only.
  let id: Int?

  /// - Parameter emptyIsMissing: an empty schema is "not found" in lookups, invalid elsewhere.
  init(_ body: [UInt8], emptyIsMissing: Bool = false) throws(RegistryProblem) {
    let json = try Self.object(body)
    let type = json["schemaType"]?.string ?? "AVRO"
    guard type == "AVRO" else { throw .invalidSchema("Invalid schema type \(type)") }
    var references: [StoredReference] = []
    for reference in json["references"]?.array ?? [] {
      guard let read = StoredReference(reference) else {
        throw .invalidSchema("A reference needs a name, a subject and a version")
      }
      references.append(read)
    }
    self.references = references
    metadata = json["metadata"].flatMap { $0.isNull ? nil : $0 }
    ruleSet = json["ruleSet"].flatMap { $0.isNull ? nil : $0 }
    text = json["schema"]?.string ?? ""
    guard !text.isEmpty else { throw emptyIsMissing ? .noSchema : .invalidSchema("Empty schema") }
    version = Self.given(json["version"])
    id = Self.given(json["id"])
  }

  /// A body that must be a JSON object.
  static func object(_ body: [UInt8]) throws(RegistryProblem) -> JSONValue {
    guard let json = try? JSONValue.parse(body) else {
      if body.isEmpty { throw RegistryProblem(422, "The request has no body") }
      throw RegistryProblem(400, "The request body is no JSON")
    }
    guard json.object != nil else { throw RegistryProblem(422, "The request body is no object") }
    return json
  }

  /// 0 and -1 mean that the registry chooses.
  private static func given(_ json: JSONValue?) -> Int? {
    let number = json?.int64 ?? 0
    return number == 0 || number == -1 ? nil : Int(clamping: number)
  }
}
