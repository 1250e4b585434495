import JSON

/// Searches, counts and scrolls.
enum SearchAPI {
  static func search(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let indices = try indices(node, request)
    let search: SearchRequest
    do throws(SearchProblem) {
      search = try SearchRequest(try request.json() ?? .object([]), request.query)
    } catch {
      // A query string is read by the shards.
      guard error.type == "query_shard_exception", let index = indices.first else { throw error }
      throw error.onShard(of: index.name)
    }
    return APIAnswer(
      bytes: try SearchRunner(node: node, indices: indices, request: search).answer())
  }

  private static func indices(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> [SearchIndex] {
    try node.indices(
      request["index"].isEmpty ? nil : request["index"],
      ignoreUnavailable: try request.flag("ignore_unavailable"),
      allowNone: try request.flag("allow_no_indices", default: true))
  }

  static func count(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let body = try request.json() ?? .object([])
    for member in body.object ?? [] where member.name != "query" {
      throw .parsing("request does not support [\(member.name)]")
    }
    let search = try SearchRequest(body, request.query)
    let indices = try indices(node, request)
    var count = 0
    for index in indices {
      var runner = QueryRunner(index: index, now: node.now())
      runner.scores = false
      do throws(SearchProblem) {
        count += try runner.run(search.query).documents.count
      } catch {
        throw error.onShard(of: index.name)
      }
    }
    return APIAnswer([
      "count": .int(count),
      "_shards": [
        "total": .int(indices.count), "successful": .int(indices.count), "skipped": 0,
        "failed": 0,
      ],
    ])
  }

  /// Several searches; one that fails does not touch the others.
  static func multiSearch(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    let lines = request.body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.count > 1 else { throw .validation("no requests added") }
    var responses: [JSONValue] = []
    var place = 0
    while place + 1 < lines.count {
      responses.append(
        try one(node, request, header: Array(lines[place]), body: Array(lines[place + 1])))
      place += 2
    }
    return APIAnswer(["took": 0, "responses": .array(responses)])
  }

  private static func one(
    _ node: SearchNode, _ request: APIRequest, header: [UInt8], body: [UInt8]
  ) throws(SearchProblem) -> JSONValue {
    do throws(SearchProblem) {
      let header = header.isEmpty ? .object([]) : try parse(header)
      let names =
        header["index"]?.string
        ?? header["index"]?.array?.compactMap(\.string).joined(separator: ",")
        ?? (request["index"].isEmpty ? nil : request["index"])
      let indices = try node.indices(
        names, ignoreUnavailable: header["ignore_unavailable"]?.bool ?? false)
      let search = try SearchRequest(try parse(body), .init(""))
      let answer = try parse(
        try SearchRunner(node: node, indices: indices, request: search).answer())
      return .object((answer.object ?? []) + [JSONMember("status", 200)])
    } catch {
      if error.status >= 500 { throw error }
      return error.json
    }
  }

  private static func parse(_ bytes: [UInt8]) throws(SearchProblem) -> JSONValue {
    do throws(JSONError) { return try JSONValue.parse(bytes) } catch {
      throw .contentParse(error.description)
    }
  }

  // MARK: Scrolls

  static func scroll(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let body = try request.json() ?? .object([])
    guard let id = body["scroll_id"]?.string ?? request.query["scroll_id"] else {
      throw .validation("scrollId is missing")
    }
    let keep = try (body["scroll"]?.string ?? request.query["scroll"]).map {
      text throws(SearchProblem) in try SearchRequest.milliseconds(text)
    }
    let (scroll, hits) = try node.scrolls.page(id, now: node.now(), keepFor: keep)
    return APIAnswer(bytes: try SearchRunner.page(id, scroll, hits, node))
  }

  static func clearScroll(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    let body = try request.json() ?? .object([])
    let ids =
      body["scroll_id"]?.array?.compactMap(\.string) ?? body["scroll_id"]?.string.map { [$0] }
      ?? (request["id"].isEmpty ? [] : request["id"].split(separator: ",").map(String.init))
    let closed =
      ids == ["_all"] ? node.scrolls.closeAll() : ids.filter { node.scrolls.close($0) }.count
    let isFound = closed > 0 || ids == ["_all"]
    return APIAnswer(
      ["succeeded": true, "num_freed": .int(closed)], status: isFound ? 200 : 404)
  }
}
