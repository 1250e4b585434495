import Bytes
import JSON
import SQLite

/// Writes hits: the document as it was sent, or what the request wants of it.
struct HitWriter {
  private let indices: [SearchIndex]
  private let request: SearchRequest
  private let keys: [[BoundSortKey]]
  private let now: Int64
  private let showsScore: Bool

  init(indices: [SearchIndex], request: SearchRequest, keys: [[BoundSortKey]], now: Int64) {
    self.indices = indices
    self.request = request
    self.keys = keys
    self.now = now
    showsScore =
      request.sort.isEmpty || request.tracksScores
      || request.sort.contains { $0.field == "_score" }
  }

  func append(_ hit: RankedHit, to out: inout ByteBuffer) throws(SearchProblem) {
    let index = indices[hit.index]
    let stored = try storing { () throws(SQLiteError) in
      try index.document(number: hit.number)
    }
    guard let stored else { return }
    out.append("{\"_index\":")
    out.appendJSONString(index.name)
    out.append(",\"_id\":")
    out.appendJSONString(stored.id)
    if request.showsVersion || request.showsSequence {
      let row = try storing { () throws(SQLiteError) in try index.version(of: stored.id) }
      if let row, request.showsVersion {
        out.append(",\"_version\":")
        out.append(decimal: row.version)
      }
      if let row, request.showsSequence {
        out.append(",\"_seq_no\":")
        out.append(decimal: row.sequence)
        out.append(",\"_primary_term\":1")
      }
    }
    out.append(",\"_score\":")
    out.append(utf8: showsScore ? ScoreText.text(hit.score) : "null")
    if let routing = stored.routing {
      out.append(",\"_routing\":")
      out.appendJSONString(routing)
    }
    if request.source.isWhole {
      out.append(",\"_source\":")
      out.append(utf8: stored.source)
    } else if let source = request.source.isNone
      ? nil : request.source.apply(try BulkExecution.parse(stored.source))
    {
      out.append(",\"_source\":")
      out.appendJSON(source)
    }
    if let highlight = request.highlight {
      let found = try Highlighter(request: highlight, query: request.query, index: index)
        .fragments(try BulkExecution.parse(stored.source))
      if !found.isEmpty {
        out.append(",\"highlight\":")
        out.appendJSON(.object(found))
      }
    }
    if !request.sort.isEmpty {
      out.append(",\"sort\":")
      out.appendJSON(
        .array(zip(keys[hit.index], hit.sort).map { key, value in key.json(value) }))
    }
    out.append("}")
  }
}
