import JSON
import SQLite

/// The body of an `_update`, and of an update in a bulk.
struct DocumentUpdate {
  private let doc: JSONValue?
  private let upsert: JSONValue?
  private let detectsNoop: Bool
  /// Whether the document is wanted back.
  let wantsSource: Bool

  init(_ body: JSONValue) throws(SearchProblem) {
    for member in body.object ?? [] {
      switch member.name {
      case "doc", "doc_as_upsert", "upsert", "detect_noop", "_source", "if_seq_no",
        "if_primary_term":
        break
      case "script", "scripted_upsert": throw .unsupported("update.\(member.name)", "use [doc]")
      default: throw .contentParse("[UpdateRequest] unknown field [\(member.name)]")
      }
    }
    doc = body["doc"]
    upsert = body["doc_as_upsert"]?.bool == true ? body["doc"] : body["upsert"]
    detectsNoop = body["detect_noop"]?.bool ?? true
    wantsSource = body["_source"].map { $0.bool ?? true } ?? false
    guard doc != nil || upsert != nil else { throw .validation("script or doc is missing") }
  }

  func apply(
    to index: SearchIndex, id: String, routing: String?, _ versioning: Versioning
  ) throws(SearchProblem) -> (result: WriteResult, source: JSONValue) {
    let current = try storing { () throws(SQLiteError) in try index.version(of: id) }
    guard let current, let number = current.number,
      let stored = try storing({ () throws(SQLiteError) in try index.document(number: number) })
    else {
      guard let upsert else {
        throw SearchProblem(
          404, "document_missing_exception", "[\(id)]: document missing",
          [
            JSONMember("index_uuid", .string(index.uuid)), JSONMember("shard", "0"),
            JSONMember("index", .string(index.name)),
          ])
      }
      return (try store(upsert, index, id, routing, versioning), upsert)
    }
    let old = try BulkExecution.parse(stored.source)
    let new = JSONMerge.deepMerged(old, doc ?? .object([]))
    if detectsNoop, new == old,
      versioning.ifSequence == nil || versioning.ifSequence == current.sequence
    {
      let result = WriteResult(
        outcome: .noop, version: current.version, sequence: current.sequence)
      return (result, old)
    }
    return (try store(new, index, id, routing ?? stored.routing, versioning), new)
  }

  private func store(
    _ json: JSONValue, _ index: SearchIndex, _ id: String, _ routing: String?,
    _ versioning: Versioning
  ) throws(SearchProblem) -> WriteResult {
    let text = Array(json.serialized().utf8)
    return try text.withUnsafeBufferPointer { buffer throws(SearchProblem) in
      let source = UnsafeRawBufferPointer(buffer)
      var parser = JSONParser()
      let view: JSONView
      do throws(JSONError) { view = try parser.parse(source) } catch {
        throw BulkExecution.notJSON(error)
      }
      return try index.index(id: id, view, source: source, routing: routing, versioning)
    }
  }
}

extension BulkExecution {
  static func parse(_ text: String) throws(SearchProblem) -> JSONValue {
    do throws(JSONError) { return try JSONValue.parse(text) } catch { throw notJSON(error) }
  }
}
