import JSON
import SQLite

/// What the server says of itself, its indices and its analyzers.
enum ClusterAPI {
  /// The release whose API is spoken.
  static let version = "8.19.0"

  static func root(_ node: SearchNode, _ request: APIRequest) -> APIAnswer {
    APIAnswer([
      "name": "opine", "cluster_name": "opine",
      "cluster_uuid": .string(node.catalog.clusterUUID),
      "version": [
        "number": .string(version), "build_flavor": "default", "build_type": "embedded",
        "build_hash": "unknown", "build_date": "2025-01-01T00:00:00.000Z",
        "build_snapshot": false, "lucene_version": "9.12.2",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
      ],
      "tagline": "You Know, for Search",
    ])
  }

  /// Yellow where replicas are asked for, as on any cluster of one node.
  private static func color(_ index: SearchIndex) -> String {
    IndexSettings.number("number_of_replicas", of: index, default: 1) > 0 ? "yellow" : "green"
  }

  static func health(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let indices = try node.indices(request["index"].isEmpty ? nil : request["index"])
    let status = indices.contains { color($0) == "yellow" } ? "yellow" : "green"
    let missing = indices.reduce(0) {
      $0 + IndexSettings.number("number_of_replicas", of: $1, default: 1)
    }
    let isTimedOut = request.query["wait_for_status"] == "green" && status != "green"
    let all = indices.count + missing
    let share = all == 0 ? 100 : Double(indices.count) * 100 / Double(all)
    return APIAnswer(
      [
        "cluster_name": "opine", "status": .string(status), "timed_out": .bool(isTimedOut),
        "number_of_nodes": 1, "number_of_data_nodes": 1,
        "active_primary_shards": .int(indices.count), "active_shards": .int(indices.count),
        "relocating_shards": 0, "initializing_shards": 0, "unassigned_shards": .int(missing),
        "unassigned_primary_shards": 0, "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0, "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": .number("\(share)"),
      ], status: isTimedOut ? 408 : 200)
  }

  static func stats(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let indices = try node.indices(request["index"].isEmpty ? nil : request["index"])
    var members: [JSONMember] = []
    var totals = (documents: 0, indexed: 0, deleted: 0, bytes: 0)
    func json(_ documents: Int, _ indexed: Int, _ deleted: Int, _ bytes: Int) -> JSONValue {
      [
        "docs": ["count": .int(documents), "deleted": 0],
        "store": ["size_in_bytes": .int(bytes)],
        "indexing": ["index_total": .int(indexed), "delete_total": .int(deleted)],
      ]
    }
    for index in indices {
      let bytes = try storing { () throws(SQLiteError) in try index.sizeInBytes() }
      totals.documents += index.count
      totals.indexed += index.indexTotal
      totals.deleted += index.deleteTotal
      totals.bytes += bytes
      let one = json(index.count, index.indexTotal, index.deleteTotal, bytes)
      members.append(
        JSONMember(
          index.name, ["uuid": .string(index.uuid), "primaries": one, "total": one]))
    }
    let all = json(totals.documents, totals.indexed, totals.deleted, totals.bytes)
    return APIAnswer([
      "_shards": IndexAPI.shards(indices.count), "_all": ["primaries": all, "total": all],
      "indices": .object(members),
    ])
  }

  // MARK: Tables for people

  static func catIndices(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    let standard = [
      "health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted",
      "store.size", "pri.store.size", "dataset.size",
    ]
    var rows: [[String: String]] = []
    for index in try node.indices(request["index"].isEmpty ? nil : request["index"]) {
      let bytes = try storing { () throws(SQLiteError) in try index.sizeInBytes() }
      let size = request.query["bytes"] == nil ? shortSize(bytes) : "\(bytes)"
      rows.append([
        "health": color(index), "status": "open", "index": index.name, "uuid": index.uuid,
        "pri": "1",
        "rep": "\(IndexSettings.number("number_of_replicas", of: index, default: 1))",
        "docs.count": "\(index.count)", "docs.deleted": "0", "store.size": size,
        "pri.store.size": size, "dataset.size": size,
      ])
    }
    return try CatTable(standard, rows).answer(request)
  }

  private static func shortSize(_ bytes: Int) -> String {
    var size = Double(bytes)
    for unit in ["b", "kb", "mb"] {
      if size < 1024 { return unit == "b" ? "\(bytes)b" : "\((size * 10).rounded() / 10)\(unit)" }
      size /= 1024
    }
    return "\((size * 10).rounded() / 10)gb"
  }

  static func catHealth(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    let indices = try node.indices(nil)
    let seconds = node.now() / 1000
    let status = indices.contains { color($0) == "yellow" } ? "yellow" : "green"
    let row = [
      "epoch": "\(seconds)", "timestamp": clock(node.now()), "cluster": "opine",
      "status": status, "node.total": "1", "node.data": "1", "shards": "\(indices.count)",
      "pri": "\(indices.count)",
    ]
    return try CatTable(
      ["epoch", "timestamp", "cluster", "status", "node.total", "node.data", "shards", "pri"],
      [row]
    ).answer(request)
  }

  static func catCount(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    let indices = try node.indices(request["index"].isEmpty ? nil : request["index"])
    let row = [
      "epoch": "\(node.now() / 1000)", "timestamp": clock(node.now()),
      "count": "\(indices.reduce(0) { $0 + $1.count })",
    ]
    return try CatTable(["epoch", "timestamp", "count"], [row]).answer(request)
  }

  static func catAliases(
    _ node: SearchNode, _ request: APIRequest
  ) throws(SearchProblem) -> APIAnswer {
    var rows: [[String: String]] = []
    for (alias, entries) in node.catalog.aliases.sorted(by: { $0.key < $1.key }) {
      for (index, entry) in entries.sorted(by: { $0.key < $1.key }) {
        rows.append([
          "alias": alias, "index": index, "filter": "-", "routing.index": "-",
          "routing.search": "-",
          "is_write_index": entry.isWriteIndex.map { "\($0)" } ?? "-",
        ])
      }
    }
    return try CatTable(
      ["alias", "index", "filter", "routing.index", "routing.search", "is_write_index"], rows
    ).answer(request)
  }

  private static func clock(_ millis: Int64) -> String {
    DateFormat("HH:mm:ss")?.string(millis) ?? ""
  }

  // MARK: Analysis

  static func analyze(_ node: SearchNode, _ request: APIRequest) throws(SearchProblem) -> APIAnswer
  {
    let body = try request.requiredJSON()
    for member in body.object ?? [] where !["analyzer", "text", "field"].contains(member.name) {
      throw .unsupported("analyze.\(member.name)")
    }
    var analyzer = Analyzer(.standard)
    if let name = body["analyzer"]?.string {
      guard let found = Analyzer(named: name) else {
        throw .illegal("failed to find global analyzer [\(name)]")
      }
      analyzer = found
    } else if let path = body["field"]?.string, !request["index"].isEmpty {
      let index = try node.index(reading: request["index"])
      if let leaf = index.mapping.leaves[path] {
        analyzer = leaf.type == .text ? leaf.analyzer : Analyzer(.keyword)
      }
    }
    let texts = body["text"]?.array?.compactMap(\.string) ?? body["text"]?.string.map { [$0] } ?? []
    guard !texts.isEmpty else { throw .validation("text is missing") }
    var tokens: [JSONValue] = []
    var base = 0
    var characters = 0
    for text in texts {
      let utf8 = Array(text.utf8)
      var last = 0
      for term in analyzer.terms(of: text) {
        func offset(_ byte: Int) -> Int {
          characters + String(decoding: utf8[..<byte], as: UTF8.self).utf16.count
        }
        tokens.append([
          "token": .string(term.text), "start_offset": .int(offset(term.range.lowerBound)),
          "end_offset": .int(offset(term.range.upperBound)), "type": "<ALPHANUM>",
          "position": .int(base + term.position),
        ])
        last = term.position + 1
      }
      base += last + TermText.gapBetweenValues
      characters += text.utf16.count + 1
    }
    return APIAnswer(["tokens": .array(tokens)])
  }
}

/// A table of `_cat`: text in columns, or JSON.
struct CatTable {
  private let standard: [String]
  private let rows: [[String: String]]

  init(_ standard: [String], _ rows: [[String: String]]) {
    self.standard = standard
    self.rows = rows
  }

  func answer(_ request: APIRequest) throws(SearchProblem) -> APIAnswer {
    let wanted = request.query["h"].map { $0.split(separator: ",").map(String.init) } ?? standard
    let columns = wanted.flatMap { pattern in
      standard.contains(pattern) ? [pattern] : standard.filter { Wildcard.matches($0, pattern) }
    }
    var rows = rows
    if let sort = request.query["s"]?.split(separator: ",").first {
      let parts = sort.split(separator: ":", omittingEmptySubsequences: false)
      let name = String(parts[0])
      rows.sort { left, right in
        let (a, b) = (left[name] ?? "", right[name] ?? "")
        let ascends = Double(a).flatMap { x in Double(b).map { x < $0 } } ?? (a < b)
        return parts.last == "desc" ? !ascends && a != b : ascends
      }
    }
    let accept = request.http.first(named: "accept") ?? ""
    let isText = accept.isEmpty || accept.contains("text/") || accept.contains("*/*")
    let format = request.query["format"] ?? (isText ? "text" : "json")
    if format == "json" {
      return APIAnswer(
        .array(
          rows.map { row in
            .object(columns.map { JSONMember($0, .string(row[$0] ?? "")) })
          }))
    }
    guard format == "text" else { throw .unsupported("cat.format.\(format)") }
    var lines = rows.map { row in columns.map { row[$0] ?? "" } }
    if request.query.bool("v") == true { lines.insert(columns, at: 0) }
    let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    let text = lines.map { line in
      zip(line, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }.joined(separator: " ") + "\n"
    }.joined()
    return APIAnswer(text: text)
  }
}
