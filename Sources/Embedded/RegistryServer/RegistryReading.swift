import Avro
import HTTPServer
import JSON
import Synchronization

/// Answers of `/schemas/ids/{id}` that are kept ready, as readers ask for nothing else.
final class ReadyAnswers: Sendable {
  /// Beyond it the memory starts afresh.
  private static let maximumCount = 10_000

  private struct State {
    var bodies: [Int: [UInt8]] = [:]
    var generation = 0
  }

  private let state = Mutex(State())

  /// The body where it is ready; the generation is what `keep` wants to hear.
  func find(_ id: Int) -> (body: [UInt8]?, generation: Int) {
    state.withLock { ($0.bodies[id], $0.generation) }
  }

  /// Keeps a body, unless something has been deleted since `find`.
  func keep(_ body: [UInt8], _ id: Int, generation: Int) {
    state.withLock { state in
      guard state.generation == generation else { return }
      if state.bodies.count >= Self.maximumCount { state.bodies = [:] }
      state.bodies[id] = body
    }
  }

  /// After a deletion, which may have taken a schema's last version.
  func forget() {
    state.withLock { state in
      state.bodies = [:]
      state.generation += 1
    }
  }
}

/// Questions about schemas by id and GUID, and how answers are written.
extension RegistryService {
  func schema(_ request: HTTPServerRequest) throws(RegistryProblem) -> [UInt8] {
    let id = try Self.id(request)
    let isPlain = request.query.items.isEmpty
    let (body, generation) = ready.find(id)
    if isPlain, let body { return body }
    let isResolved = Self.isResolved(request)
    let subject = request.query["subject"]
    let wantsMaximum = request.query.bool("fetchMaxId") == true
    let members = try store.reading { db throws(RegistryProblem) in
      guard let content = try db.schema(id: id) else { throw .noSchema(String(id)) }
      var members = try Self.members(content, db, isResolved)
      if wantsMaximum { members.append(JSONMember("maxId", .int(try db.lastID()))) }
      if let subject,
        let found = try db.holders(of: id, .deletedToo).last(where: { $0.subject == subject })
      {
        members.append(JSONMember("subject", .string(subject)))
        members.append(JSONMember("version", .int(found.version)))
      }
      return members
    }
    let bytes = Array(JSONValue.object(members).serialized().utf8)
    if isPlain { ready.keep(bytes, id, generation: generation) }
    return bytes
  }

  func schemaText(_ request: HTTPServerRequest) throws(RegistryProblem) -> String {
    let id = try Self.id(request)
    return try store.reading { db throws(RegistryProblem) in
      guard let content = try db.schema(id: id) else { throw .noSchema(String(id)) }
      return content.text
    }
  }

  func schemaVersions(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let versions = try holders(request).map { holder -> JSONValue in
      ["subject": .string(holder.subject), "version": .int(holder.version)]
    }
    return .array(Self.page(versions, request))
  }

  func schemaSubjects(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subjects = Set(try holders(request).map(\.subject)).sorted().map { JSONValue.string($0) }
    return .array(Self.page(subjects, request))
  }

  func schemaByGUID(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let (guid, isResolved) = (request["guid"], Self.isResolved(request))
    return try store.reading { db throws(RegistryProblem) in
      guard let found = try db.schema(guid: guid.lowercased()) else { throw .noSchema(guid) }
      return .object(try Self.members(found.content, db, isResolved))
    }
  }

  func idsByGUID(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let guid = request["guid"]
    return try store.reading { db throws(RegistryProblem) in
      guard let found = try db.schema(guid: guid.lowercased()) else { throw .noSchema(guid) }
      return [["context": ".", "id": .int(found.id)]]
    }
  }

  /// Every version of every subject, or the newest of each.
  func allSchemas(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let (prefix, isResolved) = (Self.prefix(request), Self.isResolved(request))
    let deletion: Deletion = request.query.bool("deleted") == true ? .deletedToo : .live
    let latestOnly = request.query.bool("latestOnly") == true
    let offset = max(request.query.int("offset") ?? 0, 0)
    let limit = request.query.int("limit") ?? 0
    let count = limit > 0 ? min(limit, 1000) : 1000
    return try store.reading { db throws(RegistryProblem) in
      var all = try db.allVersions(prefix: prefix, deletion)
      if latestOnly {
        all = Dictionary(grouping: all, by: \.subject).values.compactMap(\.last)
          .sorted { $0.subject < $1.subject }
      }
      var list: [JSONValue] = []
      for version in all.dropFirst(offset).prefix(count) {
        list.append(try Self.json(version, db, isResolved))
      }
      return .array(list)
    }
  }

  private func holders(
    _ request: HTTPServerRequest
  ) throws(RegistryProblem) -> [(subject: String, version: Int)] {
    let (id, deletion) = (try Self.id(request), Self.deletion(request))
    let subject = request.query["subject"]
    return try store.reading { db throws(RegistryProblem) in
      guard try db.schema(id: id) != nil else { throw .noSchema(String(id)) }
      return try db.holders(of: id, deletion)
        .filter { subject == nil || $0.subject == subject }
    }
  }

  // MARK: Reading requests

  private static func id(_ request: HTTPServerRequest) throws(RegistryProblem) -> Int {
    guard let id = Int(request["id"]) else { throw RegistryProblem(404, "HTTP 404 Not Found") }
    return id
  }

  /// nil for the newest.
  static func versionNumber(_ request: HTTPServerRequest) throws(RegistryProblem) -> Int? {
    let text = request["version"]
    if text.lowercased() == "latest" || text == "-1" { return nil }
    guard let value = Int(text), (1...Int(Int32.max)).contains(value) else {
      throw .invalidVersion(text)
    }
    return value
  }

  static func deletion(_ request: HTTPServerRequest) -> Deletion {
    if request.query.bool("deletedOnly") == true { return .deletedOnly }
    return request.query.bool("deleted") == true ? .deletedToo : .live
  }

  /// `format=resolved`: with the types of references in the text.
  static func isResolved(_ request: HTTPServerRequest) -> Bool {
    request.query["format"] == "resolved"
  }

  /// Of subjects, without the names of contexts, of which there is one.
  static func prefix(_ request: HTTPServerRequest) -> String {
    var prefix = request.query["subjectPrefix"] ?? ""
    for context in [":*:", ":.:"] where prefix.hasPrefix(context) {
      prefix.removeFirst(context.count)
    }
    return prefix
  }

  /// `offset` and `limit` of a list; a limit of 0 or less is none, as clients send -1.
  static func page(_ items: [JSONValue], _ request: HTTPServerRequest) -> [JSONValue] {
    let rest = items.dropFirst(max(request.query.int("offset") ?? 0, 0))
    let limit = request.query.int("limit") ?? -1
    return Array(limit > 0 ? rest.prefix(limit) : rest)
  }

  // MARK: Writing answers

  static func members(
    _ content: SchemaContent, _ db: RegistryDatabase, _ isResolved: Bool
  ) throws(RegistryProblem) -> [JSONMember] {
    let text = isResolved ? try db.resolved(content).canonicalText : content.text
    return [
      JSONMember("guid", .string(content.guid)), JSONMember("schemaType", "AVRO"),
      JSONMember("schema", .string(text)),
    ] + content.extraMembers
  }

  static func json(
    _ stored: StoredVersion, _ db: RegistryDatabase, _ isResolved: Bool
  ) throws(RegistryProblem) -> JSONValue {
    var members = [
      JSONMember("subject", .string(stored.subject)),
      JSONMember("version", .int(stored.version)), JSONMember("id", .int(stored.id)),
    ]
    members += try Self.members(stored.content, db, isResolved)
    if stored.isDeleted { members.append(JSONMember("deleted", true)) }
    return .object(members)
  }
}
