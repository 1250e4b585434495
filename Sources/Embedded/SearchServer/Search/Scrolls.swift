import JSON

/// Searches that are read page by page.
///
/// The hits are found once; what a page shows is read when it is asked for, and is kept for it even
/// where a document has been deleted since.
struct Scrolls {
  static let maximumOpen = 500

  struct Scroll {
    let hits: [RankedHit]
    let request: SearchRequest
    let indices: [SearchIndex]
    var next: Int
    /// Milliseconds since 1970.
    var expiresAt: Int64
  }

  private var open: [String: Scroll] = [:]

  mutating func add(_ scroll: Scroll, now: Int64) throws(SearchProblem) -> String {
    expire(now)
    guard open.count < Self.maximumOpen else {
      throw SearchProblem(
        429, "rejected_execution_exception",
        "Trying to create too many scroll contexts. Must be less than or equal to: "
          + "[\(Self.maximumOpen)]")
    }
    let id = Catalog.makeUUID() + Catalog.makeUUID()
    for index in scroll.indices { index.openScrolls += 1 }
    open[id] = scroll
    return id
  }

  /// Takes the next page's hits, and keeps the scroll for longer.
  mutating func page(
    _ id: String, now: Int64, keepFor: Int64?
  ) throws(SearchProblem) -> (scroll: Scroll, hits: ArraySlice<RankedHit>) {
    expire(now)
    guard var scroll = open[id] else { throw Self.missing(id) }
    let end = min(scroll.hits.count, scroll.next + scroll.request.size)
    let hits = scroll.hits[scroll.next..<end]
    scroll.next = end
    if let keepFor { scroll.expiresAt = now + keepFor }
    open[id] = scroll
    return (scroll, hits)
  }

  /// Whether it was open.
  mutating func close(_ id: String) -> Bool {
    guard let scroll = open.removeValue(forKey: id) else { return false }
    for index in scroll.indices { index.openScrolls -= 1 }
    return true
  }

  mutating func closeAll() -> Int {
    let ids = Array(open.keys)
    return ids.filter { close($0) }.count
  }

  /// An index is going away.
  mutating func close(of index: SearchIndex) {
    for (id, scroll) in open where scroll.indices.contains(where: { $0 === index }) {
      _ = close(id)
    }
  }

  private mutating func expire(_ now: Int64) {
    for (id, scroll) in open where scroll.expiresAt < now { _ = close(id) }
  }

  static func missing(_ id: String) -> SearchProblem {
    var problem = SearchProblem(
      404, "search_context_missing_exception", "No search context found for id [\(id.prefix(40))]")
    problem.shardIndex = ""
    return problem
  }
}
