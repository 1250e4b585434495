import HTTPServer
import JSON
import Synchronization

/// What the registry answers, method by method; knows the store, not the routes.
///
/// Reads run on the server's thread, registrations in its pool, as they wait for the disk.
final class RegistryService: Sendable {
  /// Answers of `/schemas/ids/{id}` kept ready; beyond it the memory starts afresh.
  private static let maximumReadyAnswers = 10_000

  private let store: RegistryStore
  private let readyBodies = Mutex<[Int: [UInt8]]>([:])

  init(_ store: RegistryStore) { self.store = store }

  // MARK: Subjects

  func register(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request["subject"]
    guard !subject.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { throw .invalidSubject(subject) }
    try refuseNormalizing(request)
    let schema = try SchemaRequest(request.body, emptyIsMissing: false)
    let stored = try store.register(subject: subject, schema)
    return .object(
      [
        JSONMember("id", .int(stored.id)), JSONMember("version", .int(stored.version)),
        JSONMember("guid", .string(stored.content.guid)), JSONMember("schemaType", "AVRO"),
        JSONMember("schema", .string(stored.content.text)),
      ])
  }

  func lookup(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request["subject"]
    try refuseNormalizing(request)
    _ = try versions(of: subject)
    let schema = try SchemaRequest(request.body, emptyIsMissing: true)
    guard let found = try store.find(subject: subject, schema.content) else { throw .noSchema }
    return Self.json(found)
  }

  func subjects(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    var prefix = request.query["subjectPrefix"] ?? ""
    for context in [":*:", ":.:"] where prefix.hasPrefix(context) {
      prefix.removeFirst(context.count)
    }
    let subjects = try store.subjects(prefix: prefix).map { JSONValue.string($0) }
    return .array(Self.page(subjects, request))
  }

  func versions(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let versions = try versions(of: request["subject"])
    return .array(Self.page(versions.map { .int($0) }, request))
  }

  func version(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    Self.json(try storedVersion(request))
  }

  func versionText(_ request: HTTPServerRequest) throws(RegistryProblem) -> String {
    try storedVersion(request).content.text
  }

  /// No schema refers to another here, so none refers to this one.
  func referencedBy(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    _ = try storedVersion(request)
    return []
  }

  private func versions(of subject: String) throws(RegistryProblem) -> [Int] {
    let versions = try store.versions(subject: subject)
    guard !versions.isEmpty else { throw .noSubject(subject) }
    return versions
  }

  private func storedVersion(
    _ request: HTTPServerRequest
  ) throws(RegistryProblem) -> StoredVersion {
    let (subject, text) = (request["subject"], request["version"])
    var number: Int?
    if text.lowercased() != "latest" && text != "-1" {
      guard let value = Int(text), (1...Int(Int32.max)).contains(value) else {
        throw .invalidVersion(text)
      }
      number = value
    }
    _ = try versions(of: subject)
    guard let found = try store.version(number, subject: subject) else {
      throw .noVersion(number ?? -1)
    }
    return found
  }

  /// Ignoring it would give another id than the client expects.
  private func refuseNormalizing(_ request: HTTPServerRequest) throws(RegistryProblem) {
    if request.query.bool("normalize") == true { throw .notImplemented("normalize=true") }
  }

  // MARK: Schemas

  func schema(_ request: HTTPServerRequest) throws(RegistryProblem) -> [UInt8] {
    let id = try id(request)
    let isPlain = request.query.items.isEmpty
    if isPlain, let body = readyBodies.withLock({ $0[id] }) { return body }
    guard let content = try store.schema(id: id) else { throw .noSchema(String(id)) }
    var members = Self.members(content)
    if request.query.bool("fetchMaxId") == true {
      members.append(JSONMember("maxId", .int(try store.lastID())))
    }
    if let subject = request.query["subject"],
      let found = try store.versions(id: id).last(where: { $0.subject == subject })
    {
      members.append(JSONMember("subject", .string(subject)))
      members.append(JSONMember("version", .int(found.version)))
    }
    let body = Array(JSONValue.object(members).serialized().utf8)
    if isPlain {
      readyBodies.withLock { ready in
        if ready.count >= Self.maximumReadyAnswers { ready = [:] }
        ready[id] = body
      }
    }
    return body
  }

  func schemaText(_ request: HTTPServerRequest) throws(RegistryProblem) -> String {
    let id = try id(request)
    guard let content = try store.schema(id: id) else { throw .noSchema(String(id)) }
    return content.text
  }

  func schemaVersions(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let versions = try holders(request).map { holder -> JSONValue in
      ["subject": .string(holder.subject), "version": .int(holder.version)]
    }
    return .array(Self.page(versions, request))
  }

  func schemaSubjects(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subjects = Set(try holders(request).map(\.subject)).sorted()
    return .array(Self.page(subjects.map { .string($0) }, request))
  }

  func schemaByGUID(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    .object(Self.members(try content(ofGUID: request["guid"]).content))
  }

  func idsByGUID(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    [["context": ".", "id": .int(try content(ofGUID: request["guid"]).id)]]
  }

  private func content(
    ofGUID guid: String
  ) throws(RegistryProblem) -> (id: Int, content: SchemaContent) {
    guard let found = try store.schema(guid: guid.lowercased()) else { throw .noSchema(guid) }
    return found
  }

  private func holders(
    _ request: HTTPServerRequest
  ) throws(RegistryProblem) -> [(subject: String, version: Int)] {
    let id = try id(request)
    guard try store.schema(id: id) != nil else { throw .noSchema(String(id)) }
    let subject = request.query["subject"]
    return try store.versions(id: id).filter { subject == nil || $0.subject == subject }
  }

  private func id(_ request: HTTPServerRequest) throws(RegistryProblem) -> Int {
    guard let id = Int(request["id"]) else { throw RegistryProblem(404, "HTTP 404 Not Found") }
    return id
  }

  // MARK: Rendering

  private static func members(_ content: SchemaContent) -> [JSONMember] {
    [
      JSONMember("schema", .string(content.text)), JSONMember("guid", .string(content.guid)),
      JSONMember("schemaType", "AVRO"),
    ]
  }

  private static func json(_ stored: StoredVersion) -> JSONValue {
    [
      "subject": .string(stored.subject), "version": .int(stored.version), "id": .int(stored.id),
      "guid": .string(stored.content.guid), "schemaType": "AVRO",
      "schema": .string(stored.content.text),
    ]
  }

  /// `offset` and `limit` of a list; a limit of 0 or less is none, as clients send -1.
  private static func page(_ items: [JSONValue], _ request: HTTPServerRequest) -> [JSONValue] {
    let rest = items.dropFirst(max(request.query.int("offset") ?? 0, 0))
    let limit = request.query.int("limit") ?? -1
    return Array(limit > 0 ? rest.prefix(limit) : rest)
  }
}
