import Elasticsearch
import JSON
import Reviews

/// Reads the index's documents as far as the audit asks.
struct IndexReading {
  private static let fields: JSONValue = [
    "doc_version", "source_partition", "source_offset", "scored_at",
  ]
  private static let page: JSONValue = [
    "size": 5000, "sort": ["_doc"], "_source": fields, "query": ["match_all": [:]],
  ]
  private let client: ElasticsearchClient
  private let index: String
  /// When the topics began, milliseconds since 1970; nil where they are the only ones there ever were.
  private let logBegan: Int64?

  init(_ client: ElasticsearchClient, index: String, logBegan: Int64?) {
    self.client = client
    self.index = index
    self.logBegan = logBegan
  }

  /// Makes everything written so far visible to a search.
  func refresh() throws(ElasticsearchError) {
    try client.call(.post, "/\(index)/_refresh", operation: "refresh \(index)")
  }

  /// Hands over every document, in no order.
  func documents(_ handle: (String, AuditDocument) -> Void) throws(ElasticsearchError) {
    var progress = Progress("reading \(index)")
    defer { progress.end() }
    var count = 0
    do throws(ScrollError<Never>) {
      try client.scroll(index, Self.page, operation: "read all of \(index)") { hits in
        for hit in hits {
          if let id = hit["_id"]?.string { handle(id, document(hit["_source"])) }
        }
        count += hits.count
        progress.show(count)
      }
    } catch {
      throw error.error
    }
  }

  /// Reads documents by their ids as they are now, refreshed or not; nil of one that is not there.
  ///
  /// Behind an alias of several indices no document can be got by its id alone: there a refresh and
  /// a search do the same.
  func reread(
    _ ids: [String], _ handle: (String, AuditDocument?) -> Void
  ) throws(ElasticsearchError) {
    if ids.isEmpty { return }
    if try indexCount() > 1 { return try research(ids, handle) }
    let wanted = ids.map { id -> JSONValue in ["_id": .string(id), "_source": Self.fields] }
    let answer = try client.call(
      .post, "/\(index)/_mget?realtime=true", ["docs": .array(wanted)],
      operation: "read suspects of \(index)")
    for found in answer["docs"]?.array ?? [] {
      guard let id = found["_id"]?.string, found["error"] == nil else { continue }
      handle(id, found["found"]?.bool == true ? document(found["_source"]) : nil)
    }
  }

  /// The indices behind the alias; an index of that name, without alias, is one.
  private func indexCount() throws(ElasticsearchError) -> Int {
    let operation = "look for alias \(index)"
    do throws(ElasticsearchError) {
      return try client.call(.get, "/_alias/\(index)", operation: operation).object?.count ?? 1
    } catch {
      if error.isUnreachable { throw error }
      return 1
    }
  }

  private func research(
    _ ids: [String], _ handle: (String, AuditDocument?) -> Void
  ) throws(ElasticsearchError) {
    try refresh()
    let body: JSONValue = [
      "size": .int(ids.count), "_source": Self.fields,
      "query": ["ids": ["values": .array(ids.map { .string($0) })]],
    ]
    let answer = try client.call(
      .post, "/\(index)/_search", body, operation: "read suspects of \(index)")
    var found: [String: JSONValue] = [:]
    for hit in answer["hits"]?["hits"]?.array ?? [] {
      if let id = hit["_id"]?.string { found[id] = hit }
    }
    for id in ids { handle(id, found[id].map { document($0["_source"]) }) }
  }

  /// No partition of these topics: the document's record was in topics that are gone.
  private static let nowhere = AuditPlace(partition: -1, offset: 0)

  private func document(_ source: JSONValue?) -> AuditDocument {
    if let logBegan, let scored = source?["scored_at"]?.int64, scored < logBegan {
      return AuditDocument(docVersion: source?["doc_version"]?.int64, place: Self.nowhere)
    }
    var place: AuditPlace?
    if let partition = source?["source_partition"]?.int64,
      let offset = source?["source_offset"]?.int64
    {
      place = AuditPlace(partition: Int32(clamping: partition), offset: offset)
    }
    return AuditDocument(docVersion: source?["doc_version"]?.int64, place: place)
  }
}
