import Avro
import Bytes
import Connect
import JSON
import Kafka

/// Writes a record's two lines (or one, for a delete) into a bulk body: no tree, no String.
///
/// The version stands in front of the document, yet may only be known behind it: a place of fixed width is
/// kept and filled from the right; JSON allows the spaces before it.
struct ActionWriter {
  /// Longest id that Elasticsearch takes, in bytes of UTF-8.
  static let maximumID = 512
  private static let versionWidth = 19

  private let indexHead: [UInt8]
  private let deleteHead: [UInt8]
  private let versionHead: [UInt8]
  private let versionTail: [UInt8]
  private let versioned: Bool

  init(resource: String, source: VersionSource) {
    var name = ByteBuffer()
    name.appendJSONString(resource)
    let quoted = String(decoding: name.toArray(), as: UTF8.self)
    indexHead = Array(#"{"index":{"_index":\#(quoted),"_id":""#.utf8)
    deleteHead = Array(#"{"delete":{"_index":\#(quoted),"_id":""#.utf8)
    versionHead = Array(#"","version":"#.utf8)
    let type = source == .offset ? "external" : "external_gte"
    versionTail = Array(#","version_type":"\#(type)"}}"#.utf8 + [UInt8(ascii: "\n")])
    versioned = source != .none
  }

  /// The id that a key makes, or why it makes none.
  static func id(of key: UnsafeRawBufferPointer?) throws(RecordFault) -> UnsafeRawBufferPointer {
    guard let key, !key.isEmpty else {
      throw RecordFault(
        stage: .task, kind: "key", reason: "the key is null or empty, an id is needed")
    }
    guard key.count <= maximumID else {
      throw RecordFault(
        stage: .task, kind: "key",
        reason: "the key has \(key.count) bytes, an id may have \(maximumID)")
    }
    guard UTF8.isValid(key) else {
      throw RecordFault(stage: .keyConverter, kind: "key", reason: "the key is not UTF-8")
    }
    return key
  }

  /// Appends an index action; `document` appends the document's JSON and answers with its version.
  func appendIndex(
    id: UnsafeRawBufferPointer, to body: inout ByteBuffer,
    document: (inout ByteBuffer) throws(RecordFault) -> Int64?
  ) throws(RecordFault) {
    body.append(indexHead)
    body.appendJSONEscaped(id)
    let place = reserveVersion(&body)
    if let version = try document(&body) {
      try fill(version, at: place, in: &body)
    } else if versioned {
      throw RecordFault(stage: .task, kind: "version", reason: "the record has no version")
    }
    body.append(UInt8(ascii: "\n"))
  }

  func appendDelete(
    id: UnsafeRawBufferPointer, version: Int64?, to body: inout ByteBuffer
  ) throws(RecordFault) {
    body.append(deleteHead)
    body.appendJSONEscaped(id)
    let place = reserveVersion(&body)
    guard versioned else { return }
    guard let version else {
      throw RecordFault(stage: .task, kind: "version", reason: "the deletion has no version")
    }
    try fill(version, at: place, in: &body)
  }

  private func reserveVersion(_ body: inout ByteBuffer) -> Int {
    guard versioned else {
      body.append("\"}}\n")
      return body.count
    }
    body.append(versionHead)
    let place = body.count
    body.append("                   ")
    body.append(versionTail)
    return place
  }

  private func fill(_ version: Int64, at place: Int, in body: inout ByteBuffer) throws(RecordFault)
  {
    guard versioned else { return }
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
