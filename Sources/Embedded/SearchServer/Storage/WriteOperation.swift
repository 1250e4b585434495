import JSON
import SQLite

/// What a write asks of the version that is there.
struct Versioning: Sendable, Equatable {
  enum Kind: String, Sendable {
    case `internal`, external
    case externalOrEqual = "external_gte"
  }

  var kind = Kind.internal
  /// Given with external kinds only.
  var version: Int64?
  var ifSequence: Int64?
  var ifTerm: Int64?
  /// The document must not be there yet.
  var mustCreate = false

  /// The version to store; throws a conflict with what is there.
  func next(
    _ id: String, _ current: SearchIndex.VersionRow?, index: SearchIndex
  ) throws(SearchProblem) -> Int64 {
    let isThere = current?.number != nil
    if mustCreate, isThere, let current {
      throw Self.conflict(
        "[\(id)]: version conflict, document already exists (current version "
          + "[\(current.version)])", index)
    }
    if let ifSequence {
      let term = ifTerm ?? 1
      guard let current, isThere, current.sequence == ifSequence, term == 1 else {
        let found =
          isThere
          ? "current document has seqNo [\(current?.sequence ?? 0)] and primary term [1]"
          : "but no document was found"
        throw Self.conflict(
          "[\(id)]: version conflict, required seqNo [\(ifSequence)], primary term [\(term)]."
            + (isThere ? " " : " ") + found, index)
      }
    }
    guard kind != .internal, let version else {
      return isThere ? (current?.version ?? 0).successor : 1
    }
    guard let current else { return version }
    let isNewer =
      kind == .external ? version > current.version : version >= current.version
    guard isNewer else {
      throw Self.conflict(
        "[\(id)]: version conflict, current version [\(current.version)] is higher "
          + (kind == .external ? "or equal to" : "than") + " the one provided [\(version)]", index)
    }
    return version
  }

  static func conflict(_ reason: String, _ index: SearchIndex) -> SearchProblem {
    SearchProblem(
      409, "version_conflict_engine_exception", reason,
      [
        JSONMember("index_uuid", .string(index.uuid)), JSONMember("shard", "0"),
        JSONMember("index", .string(index.name)),
      ])
  }
}

extension Int64 {
  /// The next number; the highest stays, as an external version may be any.
  fileprivate var successor: Int64 { self == .max ? self : self + 1 }
}

/// What became of a write.
struct WriteResult: Sendable, Equatable {
  enum Outcome: String, Sendable {
    case created, updated, deleted, noop
    case notFound = "not_found"
  }

  let outcome: Outcome
  let version: Int64
  let sequence: Int64

  var status: Int {
    switch outcome {
    case .created: 201
    case .notFound: 404
    default: 200
    }
  }
}

/// Writes of single documents, inside a transaction.
extension SearchIndex {
  /// Longest id, in bytes of UTF-8.
  static let maximumID = 512

  /// Stores a document whose JSON is `json`, sent as `source`.
  func index(
    id: String, _ json: JSONView, source: UnsafeRawBufferPointer, routing: String?,
    _ versioning: Versioning
  ) throws(SearchProblem) -> WriteResult {
    let current = try storing { () throws(SQLiteError) in try version(of: id) }
    let next = try versioning.next(id, current, index: self)
    var parser = DocumentParser(mapping: mapping, id: id)
    try parser.parse(json)
    try adopt(parser.mapping)
    let sequence = takeSequence()
    try storing { () throws(SQLiteError) in
      if let number = current?.number { try remove(number: number) }
      let number = try insert(parser.document, id: id, routing: routing, source: source)
      try setVersion(of: id, number: number, version: next, sequence: sequence)
    }
    indexTotal += 1
    return WriteResult(
      outcome: current?.number == nil ? .created : .updated, version: next, sequence: sequence)
  }

  /// Deletes a document, or remembers the version of a deletion of what is not there.
  func delete(id: String, _ versioning: Versioning) throws(SearchProblem) -> WriteResult {
    let current = try storing { () throws(SQLiteError) in try version(of: id) }
    var next = try versioning.next(id, current, index: self)
    if versioning.kind == .internal, let current, current.number == nil {
      next = current.version.successor
    }
    let sequence = takeSequence()
    try storing { () throws(SQLiteError) in
      if let number = current?.number { try remove(number: number) }
      try setVersion(of: id, number: nil, version: next, sequence: sequence)
    }
    deleteTotal += 1
    return WriteResult(
      outcome: current?.number == nil ? .notFound : .deleted, version: next, sequence: sequence)
  }
}
