import Bytes
import JSON
import SQLite

/// Runs a search over indices and writes its answer.
struct SearchRunner {
  let node: SearchNode
  let indices: [SearchIndex]
  let request: SearchRequest
  private let now: Int64

  init(node: SearchNode, indices: [SearchIndex], request: SearchRequest) {
    self.node = node
    self.indices = indices
    self.request = request
    now = node.now()
  }

  struct Found {
    var hits: [RankedHit] = []
    var total = 0
    var maximumScore: Float?
    var keys: [[BoundSortKey]] = []
    var aggregations: JSONValue?
  }

  private var sort: [SortKey] {
    request.sort.isEmpty ? [SortKey(field: "_score", isDescending: true)] : request.sort
  }

  func answer() throws(SearchProblem) -> [UInt8] {
    let limit = request.scroll == nil ? request.from + request.size : Int.max
    for index in indices where request.scroll == nil {
      let window = IndexSettings.number(
        "max_result_window", of: index, default: SearchRequest.maximumWindow)
      guard limit <= window else {
        throw SearchProblem.illegal(
          "Result window is too large, from + size must be less than or equal to: [\(window)] but "
            + "was [\(limit)]. See the scroll api for a more efficient way to request large data "
            + "sets. This limit can be set by changing the [index.max_result_window] index level "
            + "setting."
        ).onShard(of: index.name)
      }
    }
    let found = try find(limit: limit)
    let page = Array(found.hits.dropFirst(request.from).prefix(request.size))
    var scrollID: String?
    if let keep = request.scroll {
      scrollID = try node.scrolls.add(
        Scrolls.Scroll(
          hits: found.hits, request: request, indices: indices, next: page.count,
          expiresAt: now + keep), now: now)
    }
    return try write(found, page, scrollID: scrollID)
  }

  // MARK: Finding

  private func find(limit: Int) throws(SearchProblem) -> Found {
    var found = Found()
    var slices: [AggregationSlice] = []
    for (place, index) in indices.enumerated() {
      do throws(SearchProblem) {
        try search(index, place, limit, &found, &slices)
      } catch {
        throw error.onShard(of: index.name)
      }
    }
    if indices.count > 1 {
      let descends = sort.map(\.isDescending)
      found.hits.sort { HitCollector.precedes($0, $1, descends) }
    }
    if !request.aggregations.isEmpty {
      do throws(SearchProblem) {
        found.aggregations = try AggregationRunner(now: now).run(request.aggregations, slices)
      } catch {
        throw error.onShard(of: indices.first?.name ?? "")
      }
    }
    return found
  }

  private func search(
    _ index: SearchIndex, _ place: Int, _ limit: Int, _ found: inout Found,
    _ slices: inout [AggregationSlice]
  ) throws(SearchProblem) {
    var runner = QueryRunner(index: index, now: now)
    runner.scores = request.needsScores
    var matches = try runner.run(request.query)
    if let minimum = request.minimumScore {
      var documents = matches.documents
      matches.documents.forEach { number in
        if matches.score(of: number) < minimum { documents.remove(number) }
      }
      matches.documents = documents
    }
    if !request.aggregations.isEmpty {
      slices.append(
        AggregationSlice(runner: runner.withoutScores, documents: matches.documents.numbers))
    }
    if let filter = request.postFilter {
      matches.documents.formIntersection(try runner.withoutScores.run(filter).documents)
    }
    found.total += matches.documents.count
    var keys: [BoundSortKey] = []
    for key in sort { keys.append(try BoundSortKey(key, runner)) }
    found.keys.append(keys)
    var after: [SortValue]?
    if let values = request.searchAfter {
      guard !request.sort.isEmpty else { throw .illegal("Sort must contain at least one field.") }
      guard values.count == keys.count else {
        throw .illegal("search_after has \(values.count) value(s) but sort has \(keys.count).")
      }
      var bound: [SortValue] = []
      for (key, value) in zip(keys, values) { bound.append(try key.value(after: value)) }
      after = bound
    }
    if request.sort.isEmpty || request.tracksScores
      || sort.contains(where: { $0.field == "_score" })
    {
      matches.documents.forEach { number in
        let score = matches.score(of: number)
        if score > found.maximumScore ?? -.infinity { found.maximumScore = score }
      }
    }
    var collector = HitCollector(keys: keys, limit: limit, indexPlace: place, after: after)
    let needsScore = request.needsScores
    matches.documents.forEach { collector.add($0, matches, needsScore: needsScore) }
    found.hits += collector.sorted
  }

  // MARK: Writing

  private func write(
    _ found: Found, _ page: [RankedHit], scrollID: String?
  ) throws(SearchProblem) -> [UInt8] {
    var out = ByteBuffer(capacity: 1024 + page.count * 1024)
    out.append("{")
    if let scrollID {
      out.append("\"_scroll_id\":")
      out.appendJSONString(scrollID)
      out.append(",")
    }
    out.append("\"took\":0,\"timed_out\":false,\"_shards\":{\"total\":")
    out.append(decimal: Int64(indices.count))
    out.append(",\"successful\":")
    out.append(decimal: Int64(indices.count))
    out.append(",\"skipped\":0,\"failed\":0},\"hits\":{")
    appendTotal(found.total, to: &out)
    out.append("\"max_score\":")
    let shown = request.size > 0 && !page.isEmpty ? found.maximumScore : nil
    out.append(utf8: shown.map { ScoreText.text($0) } ?? "null")
    out.append(",\"hits\":[")
    let writer = HitWriter(indices: indices, request: request, keys: found.keys, now: now)
    for (place, hit) in page.enumerated() {
      if place > 0 { out.append(",") }
      try writer.append(hit, to: &out)
    }
    out.append("]}")
    if let aggregations = found.aggregations {
      out.append(",\"aggregations\":")
      out.appendJSON(aggregations)
    }
    out.append("}")
    return out.toArray()
  }

  private func appendTotal(_ total: Int, to out: inout ByteBuffer) {
    switch request.total {
    case .none: return
    case .upTo(let limit) where total > limit && request.scroll == nil:
      out.append("\"total\":{\"value\":")
      out.append(decimal: Int64(limit))
      out.append(",\"relation\":\"gte\"},")
    default:
      out.append("\"total\":{\"value\":")
      out.append(decimal: Int64(total))
      out.append(",\"relation\":\"eq\"},")
    }
  }

  /// The next page of a scroll.
  static func page(
    _ id: String, _ scroll: Scrolls.Scroll, _ hits: ArraySlice<RankedHit>, _ node: SearchNode
  ) throws(SearchProblem) -> [UInt8] {
    let runner = SearchRunner(node: node, indices: scroll.indices, request: scroll.request)
    var found = Found()
    found.total = scroll.hits.count
    if scroll.request.sort.isEmpty { found.maximumScore = scroll.hits.first?.score }
    for index in scroll.indices {
      var keys: [BoundSortKey] = []
      for key in runner.sort {
        keys.append(try BoundSortKey(key, QueryRunner(index: index, now: runner.now)))
      }
      found.keys.append(keys)
    }
    return try runner.write(found, Array(hits), scrollID: id)
  }
}
