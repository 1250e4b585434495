import Bytes
import JSON

/// One action of a bulk.
struct BulkAction: Sendable {
  enum Kind: String, Sendable { case index, create, delete, update }

  let kind: Kind
  var index: String
  var id: String?
  var routing: String?
  var versioning = Versioning()
  var requireAlias: Bool
  /// The document's line; empty for a delete.
  var source = 0..<0
}

/// Reads a bulk's lines: all action lines first, as one malformed line refuses the whole request.
struct BulkRequest {
  let defaultIndex: String?
  let requireAlias: Bool

  func actions(_ body: UnsafeRawBufferPointer) throws(SearchProblem) -> [BulkAction] {
    guard !body.isEmpty else { throw .bodyRequired }
    guard body.last == UInt8(ascii: "\n") else {
      throw .illegal("The bulk request must be terminated by a newline [\\n]")
    }
    var actions: [BulkAction] = []
    var parser = JSONParser()
    var at = 0
    var line = 0
    while let range = nextLine(body, &at) {
      line += 1
      if range.isEmpty { continue }
      var action = try action(UnsafeRawBufferPointer(rebasing: body[range]), line, &parser)
      if action.kind != .delete {
        line += 1
        guard let source = nextLine(body, &at), !source.isEmpty else {
          throw .illegal(
            "Malformed action/metadata line [\(line)], expected a source line behind it")
        }
        action.source = source
      }
      actions.append(action)
    }
    guard !actions.isEmpty else { throw .validation("no requests added") }
    return actions
  }

  private func nextLine(_ body: UnsafeRawBufferPointer, _ at: inout Int) -> Range<Int>? {
    guard at < body.count else { return nil }
    let start = at
    while at < body.count, body[at] != UInt8(ascii: "\n") { at += 1 }
    var end = at
    at += 1
    if end > start, body[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return start..<end
  }

  private func action(
    _ text: UnsafeRawBufferPointer, _ line: Int, _ parser: inout JSONParser
  ) throws(SearchProblem) -> BulkAction {
    let json: JSONView
    do throws(JSONError) { json = try parser.parse(text) } catch {
      throw .contentParse("Malformed action/metadata line [\(line)]: \(error.description)")
    }
    guard json.kind == .object, json.count == 1 else {
      let found = json.kind == .object && json.count == 0 ? "END_OBJECT" : "something else"
      throw .illegal(
        "Malformed action/metadata line [\(line)], expected FIELD_NAME but found [\(found)]")
    }
    var kind: BulkAction.Kind?
    var name = ""
    var meta = json
    json.forEachMember { key, value in
      name = String(decoding: key, as: UTF8.self)
      kind = BulkAction.Kind(rawValue: name)
      meta = value
    }
    guard let kind else {
      throw .illegal(
        "Malformed action/metadata line [\(line)], expected field [create], [delete], [index] or "
          + "[update] but found [\(name)]")
    }
    guard meta.kind == .object else {
      throw .illegal(
        "Malformed action/metadata line [\(line)], expected START_OBJECT behind [\(name)]")
    }
    var action = BulkAction(
      kind: kind, index: defaultIndex ?? "", requireAlias: requireAlias)
    try meta.forEachMember { key, value throws(SearchProblem) in
      try read(key, value, line, into: &action)
    }
    return try validated(action, line)
  }

  private func read(
    _ key: UnsafeRawBufferPointer, _ value: JSONView, _ line: Int, into action: inout BulkAction
  ) throws(SearchProblem) {
    func text() -> String? {
      value.string ?? value.numberBytes.map { String(decoding: $0, as: UTF8.self) }
    }
    if key == "_index" {
      action.index = value.string ?? ""
    } else if key == "_id" {
      action.id = text()
    } else if key == "version" || key == "_version" {
      action.versioning.version = value.int64
    } else if key == "version_type" || key == "_version_type" {
      let name = value.string ?? ""
      guard let kind = Versioning.Kind(rawValue: name == "external_gt" ? "external" : name) else {
        throw .illegal("No version type match [\(name)]")
      }
      action.versioning.kind = kind
    } else if key == "routing" || key == "_routing" {
      action.routing = text()
    } else if key == "if_seq_no" {
      action.versioning.ifSequence = value.int64
    } else if key == "if_primary_term" {
      action.versioning.ifTerm = value.int64
    } else if key == "op_type" {
      if value.string == "create" { action.versioning.mustCreate = true }
    } else if key == "require_alias" {
      action.requireAlias = value.bool ?? false
    } else if key == "retry_on_conflict" {
      return
    } else if key == "pipeline" || key == "dynamic_templates" || key == "_source" {
      throw .unsupported("bulk.\(String(decoding: key, as: UTF8.self))")
    } else {
      throw .illegal(
        "Action/metadata line [\(line)] contains an unknown parameter "
          + "[\(String(decoding: key, as: UTF8.self))]")
    }
  }

  private func validated(_ action: BulkAction, _ line: Int) throws(SearchProblem) -> BulkAction {
    var action = action
    if action.kind == .create { action.versioning.mustCreate = true }
    if action.index.isEmpty { throw .validation("index is missing") }
    let versioning = action.versioning
    if action.kind == .update, versioning.version != nil || versioning.kind != .internal {
      throw .illegal(
        "Update requests do not support versioning. Please use `if_seq_no` and `if_primary_term` "
          + "instead")
    }
    if action.id == nil, action.kind == .update || action.kind == .delete {
      throw .validation("id is missing")
    }
    if action.kind == .create, versioning.kind != .internal {
      throw .validation(
        "create operations only support internal versioning. use index instead")
    }
    if versioning.kind == .internal, versioning.version != nil {
      throw .validation(
        "internal versioning can not be used for optimistic concurrency control. Please use "
          + "`if_seq_no` and `if_primary_term` instead")
    }
    if versioning.kind != .internal, (versioning.version ?? -1) < 0 {
      throw .validation(
        "illegal version value [\(versioning.version ?? -3)] for version type "
          + "[\(versioning.kind.rawValue.uppercased())]")
    }
    if let id = action.id, id.utf8.count > SearchIndex.maximumID {
      throw .validation(
        "id [\(id.prefix(80))...] is too long, must be no longer than 512 bytes but was: "
          + "\(id.utf8.count)")
    }
    return action
  }
}
