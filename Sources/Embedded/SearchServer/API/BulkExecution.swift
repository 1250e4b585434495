import Bytes
import JSON

/// Carries a bulk out: one transaction for each index, committed before the answer.
struct BulkExecution {
  private let node: SearchNode
  private var resolved: [String: Result<SearchIndex, SearchProblem>] = [:]
  private var open: [String: SearchIndex] = [:]
  private var parser = JSONParserBox()
  private let forcedRefresh: Bool
  private(set) var hasErrors = false

  init(node: SearchNode, forcedRefresh: Bool) {
    self.node = node
    self.forcedRefresh = forcedRefresh
  }

  /// The answer's JSON without `took`.
  mutating func run(
    _ actions: [BulkAction], _ body: UnsafeRawBufferPointer
  ) throws(SearchProblem) -> [UInt8] {
    var items = ByteBuffer(capacity: actions.count * 200)
    do throws(SearchProblem) {
      for (place, action) in actions.enumerated() {
        if place > 0 { items.append(UInt8(ascii: ",")) }
        try append(action, UnsafeRawBufferPointer(rebasing: body[action.source]), to: &items)
      }
      for index in open.values { try index.commit() }
    } catch {
      for index in open.values { try index.rollback() }
      throw error
    }
    var answer = ByteBuffer(capacity: items.count + 64)
    answer.append(
      hasErrors
        ? "{\"errors\":true,\"took\":0,\"items\":[" : "{\"errors\":false,\"took\":0,\"items\":[")
    items.withUnsafeBytes { answer.append($0) }
    answer.append("]}")
    return answer.toArray()
  }

  private mutating func append(
    _ action: BulkAction, _ source: UnsafeRawBufferPointer, to items: inout ByteBuffer
  ) throws(SearchProblem) {
    var action = action
    if action.id == nil { action.id = Self.makeID() }
    let id = action.id ?? ""
    var indexName = action.index
    do throws(SearchProblem) {
      if id.isEmpty { throw SearchProblem.illegal("if _id is specified it must not be empty") }
      let index = try index(action)
      indexName = index.name
      let result = try apply(action, id, source, index)
      Self.append(
        result, action, index, id, get: nil, forced: forcedRefresh, to: &items)
      if result.status >= 400, action.kind != .delete { hasErrors = true }
    } catch {
      if error.status >= 500 || error.type == "cluster_block_exception" { throw error }
      hasErrors = true
      Self.append(error, action, indexName, to: &items)
    }
  }

  private mutating func index(_ action: BulkAction) throws(SearchProblem) -> SearchIndex {
    let key = action.requireAlias ? "\(action.index) " : action.index
    let found: Result<SearchIndex, SearchProblem>
    if let known = resolved[key] {
      found = known
    } else {
      do throws(SearchProblem) {
        found = .success(
          try node.index(writing: action.index, requireAlias: action.requireAlias))
      } catch {
        found = .failure(error)
      }
      resolved[key] = found
    }
    let index = try found.get()
    if open[index.name] == nil {
      try index.begin()
      open[index.name] = index
    }
    return index
  }

  private func apply(
    _ action: BulkAction, _ id: String, _ source: UnsafeRawBufferPointer, _ index: SearchIndex
  ) throws(SearchProblem) -> WriteResult {
    switch action.kind {
    case .delete: return try index.delete(id: id, action.versioning)
    case .update:
      return try DocumentUpdate(try Self.parse(source)).apply(
        to: index, id: id, routing: action.routing, action.versioning
      ).result
    case .index, .create:
      return try parser.withParsed(source) { json throws(SearchProblem) in
        try index.index(
          id: id, json, source: source, routing: action.routing, action.versioning)
      }
    }
  }

  static func parse(_ bytes: UnsafeRawBufferPointer) throws(SearchProblem) -> JSONValue {
    do throws(JSONError) { return try JSONValue.parse(bytes) } catch { throw notJSON(error) }
  }

  static func notJSON(_ error: JSONError) -> SearchProblem {
    SearchProblem(
      400, "document_parsing_exception", "failed to parse",
      cause: ["type": "x_content_parse_exception", "reason": .string(error.description)])
  }

  /// 20 characters that stand in a URL as they are.
  static func makeID() -> String {
    Base64.encode(RandomBytes.generate(15)).replacing("+", with: "-").replacing("/", with: "_")
  }

  // MARK: Items of the answer

  static func append(
    _ result: WriteResult, _ action: BulkAction, _ index: SearchIndex, _ id: String,
    get: JSONValue?, forced: Bool, to items: inout ByteBuffer
  ) {
    items.append("{\"")
    items.append(utf8: action.kind.rawValue)
    items.append("\":")
    append(result, index, id, get: get, forced: forced, withStatus: true, to: &items)
    items.append("}")
  }

  /// The answer to one write; `status` only inside a bulk.
  static func append(
    _ result: WriteResult, _ index: SearchIndex, _ id: String, get: JSONValue?, forced: Bool,
    withStatus: Bool, to items: inout ByteBuffer
  ) {
    items.append("{\"_index\":")
    items.appendJSONString(index.name)
    items.append(",\"_id\":")
    items.appendJSONString(id)
    items.append(",\"_version\":")
    items.append(decimal: result.version)
    items.append(",\"result\":\"")
    items.append(utf8: result.outcome.rawValue)
    items.append("\"")
    if forced { items.append(",\"forced_refresh\":true") }
    if result.outcome == .noop {
      items.append(",\"_shards\":{\"total\":0,\"successful\":0,\"failed\":0}")
    } else {
      items.append(",\"_shards\":{\"total\":")
      items.append(
        decimal: Int64(1 + IndexSettings.number("number_of_replicas", of: index, default: 1)))
      items.append(",\"successful\":1,\"failed\":0}")
    }
    items.append(",\"_seq_no\":")
    items.append(decimal: result.sequence)
    items.append(",\"_primary_term\":1")
    if withStatus {
      items.append(",\"status\":")
      items.append(decimal: Int64(result.status))
    }
    if let get {
      items.append(",\"get\":")
      items.appendJSON(get)
    }
    items.append("}")
  }

  private static func append(
    _ problem: SearchProblem, _ action: BulkAction, _ index: String, to items: inout ByteBuffer
  ) {
    items.append("{\"")
    items.append(utf8: action.kind.rawValue)
    items.append("\":{\"_index\":")
    items.appendJSONString(index)
    items.append(",\"_id\":")
    items.appendJSON(action.id.map { .string($0) } ?? .null)
    items.append(",\"status\":")
    items.append(decimal: Int64(problem.status))
    items.append(",\"error\":")
    items.appendJSON(problem.item)
    items.append("}}")
  }
}

/// A parser that several documents use in turn.
final class JSONParserBox {
  private var parser = JSONParser()

  func withParsed<Answer>(
    _ bytes: UnsafeRawBufferPointer, _ body: (JSONView) throws(SearchProblem) -> Answer
  ) throws(SearchProblem) -> Answer {
    let json: JSONView
    do throws(JSONError) { json = try parser.parse(bytes) } catch {
      throw BulkExecution.notJSON(error)
    }
    return try body(json)
  }
}
