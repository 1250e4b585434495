import Bytes
import Connect
import JSON
import Kafka

/// What a write does to its document.
enum WriteKind: Sendable {
  /// Replaces it.
  case index
  /// Makes it, and refuses where it is there: all that a data stream takes.
  case create
  /// Merges into it, and makes it where it is not there.
  case update
}

/// What else stands in an action line, where the configuration asks for it.
struct ActionExtras {
  var routing: String?
  var pipeline: String?
}

/// Writes a record's two lines (or one, for a delete) into a bulk body: no tree, no String.
///
/// The version stands in front of the document, yet may only be known behind it: a place of fixed width is
/// kept and filled from the right; JSON allows the spaces before it.
struct ActionWriter {
  /// Longest id that Elasticsearch takes, in bytes of UTF-8.
  static let maximumID = 512
  private static let versionWidth = 19

  private let kind: WriteKind
  private let writeHead: [UInt8]
  private let deleteHead: [UInt8]
  private let versionTail: [UInt8]
  private let conflictRetries: Int

  /// `conflictRetries`: how often an update is tried again by the server, when somebody else writes.
  init(resource: String, kind: WriteKind, source: VersionSource, conflictRetries: Int = 3) {
    self.kind = kind
    var name = ByteBuffer()
    name.appendJSONString(resource)
    let quoted = String(decoding: name.toArray(), as: UTF8.self)
    let verb =
      switch kind {
      case .index: "index"
      case .create: "create"
      case .update: "update"
      }
    writeHead = Array(#"{"\#(verb)":{"_index":\#(quoted)"#.utf8)
    deleteHead = Array(#"{"delete":{"_index":\#(quoted)"#.utf8)
    let type = source == .offset ? "external" : "external_gte"
    versionTail = Array(#","version_type":"\#(type)"}}"#.utf8 + [UInt8(ascii: "\n")])
    self.conflictRetries = conflictRetries
  }

  /// The id as it may be sent, or why it may not.
  static func checked(_ id: UnsafeRawBufferPointer) throws(RecordFault) -> UnsafeRawBufferPointer {
    guard id.count <= maximumID else {
      throw RecordFault(
        stage: .task, kind: "key",
        reason: "the id has \(id.count) bytes, it may have \(maximumID)")
    }
    return id
  }

  /// Appends a write; `document` appends the document's JSON, on one line, and answers with its version.
  ///
  /// - Parameters:
  ///   - id: nil lets Elasticsearch make one.
  ///   - versioned: whether a version is sent; then there must be one.
  func appendWrite(
    id: UnsafeRawBufferPointer?, versioned: Bool, extras: ActionExtras?, to body: inout ByteBuffer,
    document: (inout ByteBuffer) throws(RecordFault) -> Int64?
  ) throws(RecordFault) {
    body.append(writeHead)
    appendMiddle(id, extras, &body)
    if kind == .update, conflictRetries > 0 {
      body.append(",\"retry_on_conflict\":")
      body.append(decimal: Int64(conflictRetries))
    }
    let place = reserveVersion(versioned, &body)
    if kind == .update { body.append("{\"doc\":") }
    let version = try document(&body)
    if versioned {
      guard let version else {
        throw RecordFault(stage: .task, kind: "version", reason: "the record has no version")
      }
      try fill(version, at: place, in: &body)
    }
    if kind == .update { body.append(",\"doc_as_upsert\":true}") }
    body.append(UInt8(ascii: "\n"))
  }

  /// Appends a delete; `version` nil sends none.
  func appendDelete(
    id: UnsafeRawBufferPointer, version: Int64?, extras: ActionExtras?, to body: inout ByteBuffer
  ) throws(RecordFault) {
    body.append(deleteHead)
    appendMiddle(id, extras.map { ActionExtras(routing: $0.routing) }, &body)
    let place = reserveVersion(version != nil, &body)
    if let version { try fill(version, at: place, in: &body) }
  }

  private func appendMiddle(
    _ id: UnsafeRawBufferPointer?, _ extras: ActionExtras?, _ body: inout ByteBuffer
  ) {
    if let id {
      body.append(",\"_id\":\"")
      body.appendJSONEscaped(id)
      body.append(UInt8(ascii: "\""))
    }
    guard let extras else { return }
    if let routing = extras.routing {
      body.append(",\"routing\":")
      body.appendJSONString(routing)
    }
    if let pipeline = extras.pipeline {
      body.append(",\"pipeline\":")
      body.appendJSONString(pipeline)
    }
  }

  private func reserveVersion(_ versioned: Bool, _ body: inout ByteBuffer) -> Int {
    guard versioned else {
      body.append("}}\n")
      return body.count
    }
    body.append(",\"version\":")
    let place = body.count
    body.append("                   ")
    body.append(versionTail)
    return place
  }

  private func fill(_ version: Int64, at place: Int, in body: inout ByteBuffer) throws(RecordFault)
  {
    guard version >= 0 else {
      throw RecordFault(stage: .task, kind: "version", reason: "the version \(version) is negative")
    }
    var at = place + Self.versionWidth
    var rest = version
    repeat {
      at -= 1
      body.overwrite(at: at, with: UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
  }
}
