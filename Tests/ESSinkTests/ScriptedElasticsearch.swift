import Foundation
import HTTPServer
import JSON
import Synchronization

/// What the stand-in does with one `_bulk` request.
struct BulkReply: Sendable {
  enum Answer: Sendable {
    /// Status 200 and one result for each action.
    case items
    /// The whole request is refused.
    case status(Int, String)
    /// Status 200 with this body, whatever was applied.
    case body(String)
    /// The connection ends instead.
    case cut
  }

  /// Results of actions that are refused, by their place in the request.
  var refused: [Int: (status: Int, type: String)] = [:]
  /// Whether the actions that are not refused take effect.
  var applies = true
  var answer = Answer.items
  /// Waited for, after the actions took effect and before the answer.
  var gate: Gate?

  static let apply = BulkReply()

  static func refuse(_ index: Int, _ status: Int, _ type: String) -> BulkReply {
    BulkReply(refused: [index: (status, type)])
  }

  static func status(_ status: Int, _ type: String = "some_exception") -> BulkReply {
    BulkReply(applies: false, answer: .status(status, type))
  }
}

/// Holds answers back until a test opens it; after half a minute it opens by itself.
final class Gate: @unchecked Sendable {  // because `isOpen` is only touched under `condition`
  private let condition = NSCondition()
  private var isOpen = false

  func open() {
    condition.withLock {
      isOpen = true
      condition.broadcast()
    }
  }

  func wait() {
    let limit = Date(timeIntervalSinceNow: 30)
    condition.lock()
    while !isOpen, condition.wait(until: limit) {}
    condition.unlock()
  }
}

/// One action of a bulk as it was received.
struct BulkAction: Sendable, Equatable {
  let kind: String
  let index: String
  let id: String
  let version: Int64?
  let versionType: String?
  let document: String?
}

/// Elasticsearch as far as the sink uses it: `_bulk`, answered by a script, and `_mget`.
///
/// It differs from the real one: one index whatever the name, mappings are only kept, no refresh, a deletion's
/// version is forgotten at once. It compares versions as `external` and `external_gte` say.
final class ScriptedElasticsearch: Sendable {
  struct Stored: Sendable, Equatable {
    let version: Int64
    let document: String
  }

  private struct State {
    var script: [BulkReply]
    var bulks: [[BulkAction]] = []
    var queries: [String] = []
    var documents: [String: Stored] = [:]
    /// Mappings by index; an index that nobody made yet is there, without one.
    var mappings: [String: JSONValue] = [:]
    var missing: Set<String> = []
    var indexCalls: [String] = []
    var held: Set<String> = []
    var refused: [String: (status: Int, type: String)] = [:]
  }

  private let state: Mutex<State>
  private let server = Mutex<HTTPServer?>(nil)

  /// The n-th bulk gets the n-th reply; those behind the script's end are applied. Lives until `stop`.
  init(_ script: [BulkReply] = [], maximumBodyBytes: Int = 16 << 20) throws {
    state = Mutex(State(script: script))
    var options = HTTPServerOptions()
    options.maximumBodyBytes = maximumBodyBytes
    options.slowThreads = 8
    var routes = HTTPRouter()
    routes.on("POST", "/_bulk", slow: true) { [self] in bulk($0) }
    routes.on("POST", "/{index}/_mget", slow: true) { [self] in stored($0) }
    for (method, path) in [
      ("HEAD", "/{index}"), ("PUT", "/{index}"), ("GET", "/{index}/_mapping"),
      ("PUT", "/{index}/_mapping"),
    ] {
      routes.on(method, path, slow: true) { [self] in indexCall(method, $0) }
    }
    let made = try HTTPServer(listen: "127.0.0.1:0", options: options, routes: routes)
    server.withLock { $0 = made }
  }

  func stop() { server.withLock { $0.take() }?.stop() }

  var port: Int { server.withLock { $0?.port ?? 0 } }

  /// Every bulk received so far, answered or not.
  var bulks: [[BulkAction]] { state.withLock { $0.bulks } }
  /// The queries of their URLs.
  var queries: [String] { state.withLock { $0.queries } }
  var documents: [String: Stored] { state.withLock { $0.documents } }

  func store(_ id: String, version: Int64) {
    state.withLock { $0.documents[id] = Stored(version: version, document: "{}") }
  }

  /// Every request for an index or its mapping, as `PUT /name/_mapping {…}`.
  var indexCalls: [String] { state.withLock { $0.indexCalls } }
  func mapping(of index: String) -> JSONValue? { state.withLock { $0.mappings[index] } }

  /// The index is not there; the next documents for it are refused until somebody makes it.
  func remove(_ index: String) {
    state.withLock {
      $0.missing.insert(index)
      $0.mappings[index] = nil
    }
  }

  /// Every write of the id is refused.
  func refuse(_ id: String, _ status: Int, _ type: String) {
    state.withLock { $0.refused[id] = (status, type) }
  }

  /// Documents for the index are refused as those of a blocked one, until `release`.
  func hold(_ index: String) { state.withLock { _ = $0.held.insert(index) } }
  func release(_ index: String) { state.withLock { _ = $0.held.remove(index) } }

  // MARK: -

  private func indexCall(_ method: String, _ request: HTTPServerRequest) -> HTTPServerResponse {
    let index = request["index"]
    let isMapping = request.path.hasSuffix("/_mapping")
    let body = (try? JSONValue.parse(request.body)) ?? [:]
    return state.withLock { state in
      let text = request.body.isEmpty ? "" : " " + String(decoding: request.body, as: UTF8.self)
      state.indexCalls.append("\(method) \(request.path)\(text)")
      let isMissing = state.missing.contains(index)
      switch (method, isMapping) {
      case ("PUT", false):
        state.missing.remove(index)
        state.mappings[index] = body["mappings"]
      case (_, _) where isMissing:
        return Self.json(404, "{\"error\":{\"type\":\"index_not_found_exception\"},\"status\":404}")
      case ("PUT", true): state.mappings[index] = body
      case ("GET", true):
        let mapping = state.mappings[index] ?? [:]
        return Self.json(
          200, JSONValue.object([JSONMember(index, ["mappings": mapping])]).serialized())
      default: break
      }
      return Self.json(200, "{}")
    }
  }

  private func bulk(_ request: HTTPServerRequest) -> HTTPServerResponse {
    let actions = Self.actions(request.body)
    let (reply, rows) = state.withLock { state -> (BulkReply, [String]) in
      state.bulks.append(actions)
      state.queries.append(request.query.text)
      let reply = state.script.isEmpty ? .apply : state.script.removeFirst()
      let rows = actions.enumerated().map { index, action in
        if let refused = reply.refused[index] {
          return Self.row(action, refused.status, error: refused.type)
        }
        if let refused = state.refused[action.id] {
          return Self.row(action, refused.status, error: refused.type)
        }
        if state.held.contains(action.index) {
          return Self.row(action, 403, error: "cluster_block_exception")
        }
        if state.missing.contains(action.index) {
          return Self.row(action, 404, error: "index_not_found_exception")
        }
        return reply.applies ? Self.apply(action, &state.documents) : Self.row(action, 200)
      }
      return (reply, rows)
    }
    reply.gate?.wait()
    switch reply.answer {
    case .items:
      let errors = rows.contains { $0.contains("\"error\"") }
      return Self.json(200, "{\"errors\":\(errors),\"items\":[\(rows.joined(separator: ","))]}")
    case .status(let status, let type):
      return Self.json(status, "{\"error\":{\"type\":\"\(type)\"},\"status\":\(status)}")
    case .body(let text): return Self.json(200, text)
    case .cut:
      cutConnections()
      return Self.json(200, "")
    }
  }

  private static func apply(_ action: BulkAction, _ documents: inout [String: Stored]) -> String {
    if let version = action.version, let stored = documents[action.id] {
      let wins =
        action.versionType == "external_gte" ? version >= stored.version : version > stored.version
      guard wins else { return row(action, 409, error: "version_conflict_engine_exception") }
    }
    if action.kind == "delete" {
      return row(action, documents.removeValue(forKey: action.id) == nil ? 404 : 200)
    }
    let old = documents[action.id]
    if action.kind == "create", old != nil {
      return row(action, 409, error: "version_conflict_engine_exception")
    }
    var document = action.document ?? ""
    if action.kind == "update" { document = merged(old?.document ?? "{}", document) }
    documents[action.id] = Stored(
      version: action.version ?? (old?.version ?? 0) + 1, document: document)
    return row(action, old == nil ? 201 : 200)
  }

  /// The old document with the fields of an update's `doc`.
  private static func merged(_ old: String, _ update: String) -> String {
    let doc = (try? JSONValue.parse(update))?["doc"]?.object ?? []
    var members = (try? JSONValue.parse(old))?.object ?? []
    for member in doc {
      members.removeAll { $0.name == member.name }
      members.append(member)
    }
    return JSONValue.object(members.sorted { $0.name < $1.name }).serialized()
  }

  private static func row(_ action: BulkAction, _ status: Int, error: String? = nil) -> String {
    let error = error.map { ",\"error\":{\"type\":\"\($0)\",\"reason\":\"scripted\"}" } ?? ""
    return "{\"\(action.kind)\":{\"status\":\(status)\(error)}}"
  }

  private func stored(_ request: HTTPServerRequest) -> HTTPServerResponse {
    let docs = (try? JSONValue.parse(request.body))?["docs"]?.array ?? []
    let documents = documents
    let rows = docs.map { doc -> String in
      let name = doc["_id"]?.string ?? ""
      guard let found = documents[name] else { return "{\"_id\":\"\(name)\",\"found\":false}" }
      return "{\"_id\":\"\(name)\",\"found\":true,\"_version\":\(found.version)}"
    }
    return Self.json(200, "{\"docs\":[\(rows.joined(separator: ","))]}")
  }

  private static func json(_ status: Int, _ text: String) -> HTTPServerResponse {
    HTTPServerResponse(status: status, contentType: "application/json", text: text)
  }

  private static func actions(_ body: [UInt8]) -> [BulkAction] {
    var actions: [BulkAction] = []
    var lines = String(decoding: body, as: UTF8.self).split(separator: "\n")[...]
    while let line = lines.popFirst() {
      guard let member = (try? JSONValue.parse(String(line)))?.object?.first else { continue }
      let isDelete = member.name == "delete"
      actions.append(
        BulkAction(
          kind: member.name, index: member.value["_index"]?.string ?? "",
          id: member.value["_id"]?.string ?? "", version: member.value["version"]?.int64,
          versionType: member.value["version_type"]?.string,
          document: isDelete ? nil : lines.popFirst().map(String.init)))
    }
    return actions
  }

  /// The server itself never breaks off, so its accepted sockets are shut down under it.
  private func cutConnections() {
    // All of them before the first is shut down: the client comes back at once on a new one.
    let mine = (Int32(3)..<1024).filter { Self.localPort(of: $0) == port }
    for descriptor in mine { shutdown(descriptor, Int32(SHUT_RDWR)) }
  }

  /// The port of a connected socket's own end; nil for everything else.
  private static func localPort(of descriptor: Int32) -> Int? {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutableBytes(of: &address) { bytes -> Int? in
      guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        getpeername(descriptor, base, &length) == 0
      else { return nil }
      length = socklen_t(MemoryLayout<sockaddr_in>.size)
      guard getsockname(descriptor, base, &length) == 0 else { return nil }
      return Int(
        UInt16(
          bigEndian: base.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            $0.pointee.sin_port
          }))
    }
  }
}
