import HTTPClient
import JSON

/// One request to a registry and how its answer is read; `RegistryClient.send` performs it.
///
///     let newest = try await registry.send(.latest(subject: "reviews.raw-value"))
///     let subjects = try registry.sendBlocking(.subjects)
public struct RegistryCall<Answer: Sendable>: Sendable {
  let method: HTTPMethod
  /// Path and query, percent-encoded, beginning with a slash.
  let target: String
  let body: JSONValue?
  let read: @Sendable (JSONValue) throws(RegistryError) -> Answer

  /// A call that this file does not know.
  ///
  /// - Parameter read: gets the answer's JSON; it throws where that is not what it should be.
  public init(
    _ method: HTTPMethod, _ segments: [String], query: String = "", body: JSONValue? = nil,
    read: @escaping @Sendable (JSONValue) throws(RegistryError) -> Answer
  ) {
    self.method = method
    let path = segments.map { "/" + Self.encoded($0) }.joined()
    target = query.isEmpty ? path : "\(path)?\(query)"
    self.body = body
    self.read = read
  }

  /// Everything but RFC 3986's unreserved characters is percent-encoded: a slash is no separator.
  private static func encoded(_ segment: String) -> String {
    let digits = Array("0123456789ABCDEF".unicodeScalars)
    var text = String.UnicodeScalarView()
    for byte in segment.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
        text.append(Unicode.Scalar(byte))
      default:
        text.append("%")
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
      }
    }
    return String(text)
  }
}

extension RegistryCall where Answer == SubjectVersion {
  /// Registers a schema under a subject, or finds it there; both answer id and version.
  public static func register(
    subject: String, schema: String, references: [SchemaReference] = [], normalize: Bool = false
  ) -> Self {
    Self(
      .post, ["subjects", subject, "versions"], query: normalize ? "normalize=true" : "",
      body: schemaBody(schema, references)
    ) { json throws(RegistryError) in try SubjectVersion(json, subject: subject) }
  }

  /// Looks a schema up under a subject without registering it; `notFound` where it is not there.
  public static func lookup(
    subject: String, schema: String, references: [SchemaReference] = [], normalize: Bool = false
  ) -> Self {
    Self(
      .post, ["subjects", subject], query: normalize ? "normalize=true" : "",
      body: schemaBody(schema, references)
    ) { json throws(RegistryError) in try SubjectVersion(json, subject: subject) }
  }

  public static func latest(subject: String) -> Self { version("latest", subject: subject) }

  public static func version(_ version: Int, subject: String) -> Self {
    self.version(String(version), subject: subject)
  }

  private static func version(_ version: String, subject: String) -> Self {
    Self(.get, ["subjects", subject, "versions", version]) { json throws(RegistryError) in
      try SubjectVersion(json, subject: subject)
    }
  }

  private static func schemaBody(
    _ schema: String, _ references: [SchemaReference]
  ) -> JSONValue {
    guard !references.isEmpty else { return ["schema": .string(schema)] }
    return ["schema": .string(schema), "references": .array(references.map(\.json))]
  }
}

extension RegistryCall where Answer == [String] {
  /// All subjects, sorted.
  public static var subjects: Self {
    Self(.get, ["subjects"]) { json throws(RegistryError) in
      let names = (json.array ?? []).compactMap(\.string)
      guard names.count == json.array?.count else { throw .unreadable("no list of subjects") }
      return names
    }
  }
}

extension RegistryCall where Answer == [Int] {
  /// The versions of a subject, ascending.
  public static func versions(subject: String) -> Self {
    Self(.get, ["subjects", subject, "versions"]) { json throws(RegistryError) in
      let numbers = (json.array ?? []).compactMap(\.int64)
      guard numbers.count == json.array?.count else { throw .unreadable("no list of versions") }
      return numbers.map { Int($0) }
    }
  }
}

extension RegistryCall where Answer == String {
  /// The global compatibility level: `BACKWARD`, `NONE`, …
  public static var compatibilityLevel: Self {
    Self(.get, ["config"]) { json throws(RegistryError) in
      guard let level = json["compatibilityLevel"]?.string else { throw .unreadable("no level") }
      return level
    }
  }
}

/// What a schema's address answers: the schema, not yet parsed.
struct SchemaAnswer: Sendable {
  let text: String
  let guid: String?
  let references: [SchemaReference]
}

extension RegistryCall where Answer == SchemaAnswer {
  static func schema(_ key: SchemaKey) -> Self {
    switch key {
    case .id(let id): Self(.get, ["schemas", "ids", String(id)], read: read)
    case .guid(let guid): Self(.get, ["schemas", "guids", guid], read: read)
    }
  }

  /// A reference's target may have been soft-deleted since; readers still need it.
  static func target(of reference: SchemaReference) -> Self {
    Self(
      .get, ["subjects", reference.subject, "versions", String(reference.version)],
      query: "deleted=true", read: read)
  }

  private static func read(_ json: JSONValue) throws(RegistryError) -> SchemaAnswer {
    guard let text = json["schema"]?.string else { throw .unreadable("no schema") }
    if let type = json["schemaType"]?.string, type != "AVRO" {
      throw RegistryError(.unusable, "a schema of type \(type), not AVRO")
    }
    return SchemaAnswer(
      text: text, guid: json["guid"]?.string,
      references: try SchemaReference.list(json["references"]))
  }
}
