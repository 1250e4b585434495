import Avro
import HTTPServer
import JSON
import Synchronization

/// What the registry answers, method by method; knows the store, not the routes.
///
/// Reads run on the server's thread, writes in its pool, as they wait for the disk.
final class RegistryService: Sendable {
  let store: RegistryStore
  let ready = ReadyAnswers()

  init(_ store: RegistryStore) { self.store = store }

  // MARK: Subjects

  func subjects(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let (prefix, deletion) = (Self.prefix(request), Self.deletion(request))
    let subjects = try store.reading { db throws(RegistryProblem) in
      try db.subjects(prefix: prefix, deletion)
    }
    return .array(Self.page(subjects.map { .string($0) }, request))
  }

  func register(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request["subject"]
    guard !subject.isEmpty,
      !subject.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { throw .invalidSubject(subject) }
    let schema = try SchemaRequest(request.body)
    let isResolved = Self.isResolved(request)
    let (given, force) = (
      request.query.bool("normalize"), request.query.bool("force") ?? false
    )
    return try store.writing { db throws(RegistryProblem) in
      let normalize = try db.normalizes(subject, given)
      let stored = try db.register(
        schema, under: subject, RegistrationOptions(normalize: normalize, force: force))
      let members = [
        JSONMember("id", .int(stored.id)), JSONMember("version", .int(stored.version)),
      ]
      return .object(members + (try Self.members(stored.content, db, isResolved)))
    }
  }

  func lookup(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request["subject"]
    let isResolved = Self.isResolved(request)
    let deletion: Deletion = request.query.bool("deleted") == true ? .deletedToo : .live
    let given = request.query.bool("normalize")
    let body = request.body
    return try store.reading { db throws(RegistryProblem) in
      let versions = try db.versions(of: subject, deletion)
      guard !versions.isEmpty else { throw .noSubject(subject) }
      let schema = try SchemaRequest(body, emptyIsMissing: true)
      let normalize = try db.normalizes(subject, given)
      let content = try db.resolve(schema, normalize: normalize, .deletedToo).content
      if let found = try db.find(content, in: subject, deletion) {
        return try Self.json(found, db, isResolved)
      }
      // A schema with everything in it finds the one that refers to the same.
      for version in versions.reversed() where !version.content.references.isEmpty {
        if try db.resolved(version.content).canonicalText == content.text {
          return try Self.json(version, db, isResolved)
        }
      }
      throw .noSchema
    }
  }

  func deleteSubject(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request["subject"]
    let permanently = request.query.bool("permanent") ?? false
    let deleted = try store.writing { db throws(RegistryProblem) in
      try db.delete(subject: subject, permanently: permanently)
    }
    ready.forget()
    return .array(deleted.map { .int($0) })
  }

  /// The newest version whose metadata has all the properties that are asked for.
  func metadata(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request["subject"]
    let values = { (name: String) in
      request.query.items.filter { $0.name == name }.map { $0.value ?? "" }
    }
    let wanted = zip(values("key"), values("value")).map { ($0, $1) }
    let deletion: Deletion = request.query.bool("deleted") == true ? .deletedToo : .live
    return try store.reading { db throws(RegistryProblem) in
      let versions = try db.versions(of: subject, deletion)
      guard !versions.isEmpty else { throw .noSubject(subject) }
      let found = versions.last { version in
        let properties = version.content.metadata?["properties"]
        return properties != nil && wanted.allSatisfy { properties?[$0.0]?.string == $0.1 }
      }
      guard let found else { throw .noSchema }
      return try Self.json(found, db, false)
    }
  }

  // MARK: Versions

  func versions(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request["subject"]
    let marksDeleted = request.query.bool("deletedAsNegative") == true
    let deletion = marksDeleted ? .deletedToo : Self.deletion(request)
    let versions = try store.reading { db throws(RegistryProblem) in
      try db.versions(of: subject, deletion)
    }
    guard !versions.isEmpty else { throw .noSubject(subject) }
    let numbers = versions.map { version -> JSONValue in
      .int(marksDeleted && version.isDeleted ? -version.version : version.version)
    }
    return .array(Self.page(numbers, request))
  }

  func version(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let isResolved = Self.isResolved(request)
    return try withVersion(request) { db, stored throws(RegistryProblem) in
      try Self.json(stored, db, isResolved)
    }
  }

  func versionText(_ request: HTTPServerRequest) throws(RegistryProblem) -> String {
    try withVersion(request) { _, stored throws(RegistryProblem) in stored.content.text }
  }

  func referencedBy(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let deletion = Self.deletion(request)
    let ids = try withVersion(request) { db, stored throws(RegistryProblem) in
      try db.referrers(to: stored.subject, version: stored.version, deletion)
    }
    return .array(Self.page(ids.map { .int($0) }, request))
  }

  func deleteVersion(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let (subject, number) = (request["subject"], try Self.versionNumber(request))
    let permanently = request.query.bool("permanent") ?? false
    let deleted = try store.writing { db throws(RegistryProblem) in
      try db.delete(version: number, of: subject, permanently: permanently)
    }
    ready.forget()
    return .int(deleted)
  }

  private func withVersion<Answer: Sendable>(
    _ request: HTTPServerRequest,
    _ body: @Sendable (RegistryDatabase, StoredVersion) throws(RegistryProblem) -> Answer
  ) throws(RegistryProblem) -> Answer {
    let (subject, number) = (request["subject"], try Self.versionNumber(request))
    let deletion: Deletion = request.query.bool("deleted") == true ? .deletedToo : .live
    return try store.reading { db throws(RegistryProblem) in
      guard try db.hasVersions(subject, deletion) else { throw .noSubject(subject) }
      guard let found = try db.version(number, of: subject, deletion) else {
        throw .noVersion(number ?? -1)
      }
      return try body(db, found)
    }
  }

  // MARK: Compatibility

  /// Against one version, or against those that the level asks for where the path names none.
  func compatibility(_ request: HTTPServerRequest) throws(RegistryProblem) -> JSONValue {
    let subject = request["subject"]
    let isVerbose = request.query.bool("verbose") ?? false
    let schema = try SchemaRequest(request.body)
    let isOne = request.parameters["version"] != nil
    let number = isOne ? try Self.versionNumber(request) : nil
    let messages = try store.reading { db throws(RegistryProblem) in
      let level = try db.level(of: subject)
      let resolved = try db.resolve(schema, normalize: false, .live).schema
      var versions = try db.versions(of: subject, .live)
      if isOne {
        let one = number.map { number in versions.filter { $0.version == number } }
        if let number, one?.isEmpty == true { throw RegistryProblem.noVersion(number) }
        versions = Array((one ?? versions).suffix(1))
      }
      return try db.incompatibilities(of: resolved, with: versions, level)
    }
    var members = [JSONMember("is_compatible", .bool(messages.isEmpty))]
    if isVerbose { members.append(JSONMember("messages", .array(messages.map { .string($0) }))) }
    return .object(members)
  }
}
