import Bytes
import JSON
import SQLite

/// Single documents and bulks.
enum DocumentAPI {
  static func bulk(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    if request.query["pipeline"].map({ $0 != "_none" }) == true {
      throw .unsupported("bulk.pipeline")
    }
    let index = request["index"]
    let reader = BulkRequest(
      defaultIndex: index.isEmpty ? nil : index, requireAlias: try request.flag("require_alias"))
    return try request.body.withUnsafeBufferPointer { buffer throws(SearchProblem) in
      let body = UnsafeRawBufferPointer(buffer)
      let actions = try reader.actions(body)
      var execution = BulkExecution(node: node, forcedRefresh: request.forcesRefresh)
      return APIAnswer(bytes: try execution.run(actions, body))
    }
  }

  // MARK: Writing

  static func put(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    try write(node, request, mustCreate: request.query["op_type"] == "create")
  }

  static func create(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    try write(node, request, mustCreate: true)
  }

  private static func write(
    _ node: SearchNode, _ request: APIRequest, mustCreate: Bool
  ) throws(SearchProblem) -> APIAnswer {
    guard !request.body.isEmpty else { throw .bodyRequired }
    let id = request["id"].isEmpty ? BulkExecution.makeID() : request["id"]
    try check(id)
    let versioning = try versioning(request, mustCreate: mustCreate)
    let index = try node.index(
      writing: request["index"], requireAlias: try request.flag("require_alias"))
    let result = try index.transaction { () throws(SearchProblem) in
      try request.body.withUnsafeBufferPointer { buffer throws(SearchProblem) in
        let source = UnsafeRawBufferPointer(buffer)
        return try JSONParserBox().withParsed(source) { json throws(SearchProblem) in
          try index.index(
            id: id, json, source: source, routing: request.query["routing"], versioning)
        }
      }
    }
    return answer(result, index, id, request)
  }

  static func delete(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let versioning = try versioning(request, mustCreate: false)
    let index = try node.index(writing: request["index"])
    let result = try index.transaction { () throws(SearchProblem) in
      try index.delete(id: request["id"], versioning)
    }
    return answer(result, index, request["id"], request)
  }

  static func update(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let update = try DocumentUpdate(try request.requiredJSON())
    let versioning = try versioning(request, mustCreate: false)
    guard versioning.version == nil else {
      throw .validation("Update requests do not support versioning")
    }
    try check(request["id"])
    let index = try node.index(writing: request["index"])
    let (result, source) = try index.transaction { () throws(SearchProblem) in
      try update.apply(
        to: index, id: request["id"], routing: request.query["routing"], versioning)
    }
    return answer(
      result, index, request["id"], request,
      get: update.wantsSource ? ["found": true, "_source": source] : nil)
  }

  private static func check(_ id: String) throws(SearchProblem) {
    guard id.utf8.count <= SearchIndex.maximumID else {
      throw .validation(
        "id is too long, must be no longer than 512 bytes but was: \(id.utf8.count)")
    }
  }

  private static func versioning(
    _ request: APIRequest, mustCreate: Bool
  ) throws(SearchProblem) -> Versioning {
    var versioning = Versioning()
    versioning.mustCreate = mustCreate
    let name = request.query["version_type"] ?? "internal"
    guard let kind = Versioning.Kind(rawValue: name == "external_gt" ? "external" : name) else {
      throw .illegal("No version type match [\(name)]")
    }
    versioning.kind = kind
    versioning.version = try request.int("version").map { Int64($0) }
    versioning.ifSequence = try request.int("if_seq_no").map { Int64($0) }
    versioning.ifTerm = try request.int("if_primary_term").map { Int64($0) }
    if kind == .internal, versioning.version != nil {
      throw .validation(
        "internal versioning can not be used for optimistic concurrency control. Please use "
          + "`if_seq_no` and `if_primary_term` instead")
    }
    if kind != .internal {
      guard !mustCreate else {
        throw .validation("create operations only support internal versioning. use index instead")
      }
      guard let version = versioning.version, version >= 0 else {
        throw .validation(
          "illegal version value [\(versioning.version ?? -3)] for version type "
            + "[\(kind.rawValue.uppercased())]")
      }
    }
    return versioning
  }

  private static func answer(
    _ result: WriteResult, _ index: SearchIndex, _ id: String, _ request: APIRequest,
    get: JSONValue? = nil
  ) -> APIAnswer {
    var body = ByteBuffer()
    BulkExecution.append(
      result, index, id, get: get, forced: request.forcesRefresh, withStatus: false, to: &body)
    return APIAnswer(bytes: body.toArray(), status: result.status)
  }

  // MARK: Reading

  static func get(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let index = try node.index(reading: request["index"])
    let filter = try SourceFilter(parameters: request.query)
    let found = try document(index, request["id"], filter)
    return APIAnswer(found ?? missing(index, request["id"]), status: found == nil ? 404 : 200)
  }

  static func source(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let index = try node.index(reading: request["index"])
    let filter = try SourceFilter(parameters: request.query)
    guard let found = try document(index, request["id"], filter) else {
      throw SearchProblem(
        404, "resource_not_found_exception",
        "Document not found [\(index.name)]/[\(request["id"])]")
    }
    return APIAnswer(found["_source"] ?? .object([]))
  }

  static func multiGet(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    let body = try request.requiredJSON()
    let filter = try SourceFilter(parameters: request.query)
    var wanted: [JSONValue] = []
    for member in body.object ?? [] {
      switch member.name {
      case "docs": wanted += member.value.array ?? []
      case "ids":
        wanted += (member.value.array ?? []).map { id in
          ["_id": .string(id.string ?? id.number ?? "")]
        }
      default: throw .parsing("unknown key [\(member.name)] in a multi get")
      }
    }
    guard !wanted.isEmpty else { throw .validation("no documents to get") }
    var docs: [JSONValue] = []
    for doc in wanted { docs.append(try one(node, doc, request["index"], filter)) }
    return APIAnswer(["docs": .array(docs)])
  }

  private static func one(
    _ node: SearchNode, _ doc: JSONValue, _ defaultIndex: String, _ filter: SourceFilter
  ) throws(SearchProblem) -> JSONValue {
    for member in doc.object ?? []
    where !["_id", "_index", "_source", "routing", "_routing"].contains(member.name) {
      throw .unsupported("mget.docs.\(member.name)")
    }
    let id = doc["_id"]?.string ?? doc["_id"]?.number ?? ""
    let name = doc["_index"]?.string ?? defaultIndex
    guard !name.isEmpty else { throw .validation("index is missing for doc 0") }
    do throws(SearchProblem) {
      let index = try node.index(reading: name)
      let own = try doc["_source"].map { json throws(SearchProblem) in try SourceFilter(json) }
      return try document(index, id, own ?? filter) ?? missing(index, id)
    } catch {
      if error.status >= 500 || error.unsupportedFeature != nil { throw error }
      return ["_index": .string(name), "_id": .string(id), "error": error.json["error"] ?? .null]
    }
  }

  private static func missing(_ index: SearchIndex, _ id: String) -> JSONValue {
    ["_index": .string(index.name), "_id": .string(id), "found": false]
  }

  private static func document(
    _ index: SearchIndex, _ id: String, _ filter: SourceFilter
  ) throws(SearchProblem) -> JSONValue? {
    let row = try storing { () throws(SQLiteError) in try index.version(of: id) }
    guard let row, let number = row.number,
      let stored = try storing({ () throws(SQLiteError) in try index.document(number: number) })
    else { return nil }
    var members = [
      JSONMember("_index", .string(index.name)), JSONMember("_id", .string(id)),
      JSONMember("_version", .int(Int(row.version))),
      JSONMember("_seq_no", .int(Int(row.sequence))), JSONMember("_primary_term", 1),
    ]
    if let routing = stored.routing { members.append(JSONMember("_routing", .string(routing))) }
    members.append(JSONMember("found", true))
    if let source = filter.apply(try BulkExecution.parse(stored.source)) {
      members.append(JSONMember("_source", source))
    }
    return .object(members)
  }
}
