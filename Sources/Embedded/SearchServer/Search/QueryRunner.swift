import JSON
import SQLite

/// Runs queries over one index.
struct QueryRunner {
  let index: SearchIndex
  /// Milliseconds since 1970.
  let now: Int64
  /// Scores are wanted; without them only sets are made.
  var scores = true

  var end: Int { index.nextNumber }

  func run(_ query: Query) throws(SearchProblem) -> Matches {
    switch query {
    case .all(let boost): return constant(index.live, boost)
    case .none: return nothing
    case .match(let match): return try self.match(match)
    case .multiMatch(let match): return try multiMatch(match)
    case .term(let field, let value, let ignoresCase, let boost):
      return try term(field, value, ignoresCase: ignoresCase, boost)
    case .terms(let field, let values, let boost):
      var found = Bitmap(capacity: end)
      for value in values where !value.isNull {
        found.formUnion(try withoutScores.term(field, value, ignoresCase: false, 1).documents)
      }
      return constant(found, boost)
    case .range(let range): return constant(try documents(in: range), range.boost)
    case .exists(let field, let boost): return constant(try documents(having: field), boost)
    case .ids(let ids, let boost):
      var found = Bitmap(capacity: end)
      for id in ids {
        let row = try storing { () throws(SQLiteError) in try index.version(of: id) }
        if let number = row?.number { found.insert(number) }
      }
      return constant(found, boost)
    case .wildcard(let field, let pattern, let boost):
      return constant(try documents(field, matching: pattern), boost)
    case .bool(let bool): return try self.bool(bool)
    case .constant(let query, let boost):
      return constant(try withoutScores.run(query).documents, boost)
    case .disMax(let queries, let tieBreaker, let boost):
      var matches: [Matches] = []
      for query in queries { matches.append(try run(query)) }
      return disMax(matches, tieBreaker: tieBreaker, boost: boost)
    }
  }

  var withoutScores: QueryRunner {
    var runner = self
    runner.scores = false
    return runner
  }

  var nothing: Matches { Matches(documents: Bitmap(), score: .constant(0)) }

  func constant(_ documents: Bitmap, _ score: Float) -> Matches {
    Matches(documents: documents, score: .constant(score))
  }

  // MARK: Compound queries

  private func bool(_ query: BoolQuery) throws(SearchProblem) -> Matches {
    if query.dropsEmptyTexts {
      guard let rest = withoutEmptyTexts(query) else { return nothing }
      return try bool(rest)
    }
    var excluded = Bitmap()
    for clause in query.mustNot { excluded.formUnion(try withoutScores.run(clause).documents) }
    var required: Bitmap?
    func narrow(_ documents: Bitmap) {
      if required == nil { required = documents } else { required?.formIntersection(documents) }
    }
    var scoring: [Matches] = []
    for clause in query.must {
      let matches = try run(clause)
      narrow(matches.documents)
      scoring.append(matches)
    }
    for clause in query.filter { narrow(try withoutScores.run(clause).documents) }
    let isOptional = !query.must.isEmpty || !query.filter.isEmpty
    let standard = query.should.isEmpty || isOptional ? 0 : 1
    let minimum = try MinimumShouldMatch.count(
      query.minimumShouldMatch, clauses: query.should.count, standard: standard)
    var optional: [Matches] = []
    for clause in query.should where scores || minimum > 0 { optional.append(try run(clause)) }
    if minimum > 0 {
      narrow(Self.atLeast(minimum, of: optional.map(\.documents), capacity: end))
    }
    var documents = required ?? index.live
    documents.subtract(excluded)
    guard scores else { return constant(documents, 0) }
    return sum(scoring + optional, over: documents, boost: query.boost)
  }

  /// The sum of the scores of those that found a document; 0 where none did.
  func sum(_ parts: [Matches], over documents: Bitmap, boost: Float = 1) -> Matches {
    if parts.isEmpty { return constant(documents, 0) }
    var totals = [Double](repeating: 0, count: end)
    for part in parts {
      var common = part.documents
      common.formIntersection(documents)
      switch part.score {
      case .constant(let score): common.forEach { totals[$0] += Double(score) }
      case .each(let scores): common.forEach { totals[$0] += Double(scores[$0]) }
      }
    }
    return Matches(documents: documents, score: .each(totals.map { Float($0) * boost }))
  }

  private static func atLeast(_ minimum: Int, of sets: [Bitmap], capacity: Int) -> Bitmap {
    var found = Bitmap(capacity: capacity)
    if minimum == 1 {
      for set in sets { found.formUnion(set) }
      return found
    }
    if minimum == sets.count, let first = sets.first {
      found = first
      for set in sets.dropFirst() { found.formIntersection(set) }
      return found
    }
    if minimum > sets.count { return found }
    var counts = [UInt16](repeating: 0, count: capacity)
    for set in sets {
      set.forEach { number in
        counts[number] += 1
        if counts[number] == minimum { found.insert(number) }
      }
    }
    return found
  }

  /// The best score, and a share of the others.
  func disMax(_ parts: [Matches], tieBreaker: Float, boost: Float) -> Matches {
    var documents = Bitmap(capacity: end)
    for part in parts { documents.formUnion(part.documents) }
    guard scores else { return constant(documents, 0) }
    var best = [Float](repeating: 0, count: end)
    var total = [Double](repeating: 0, count: end)
    for part in parts {
      part.documents.forEach { number in
        let score = part.score(of: number)
        best[number] = max(best[number], score)
        total[number] += Double(score)
      }
    }
    for number in best.indices where total[number] > 0 {
      let others = Float(total[number] - Double(best[number]))
      best[number] = (best[number] + tieBreaker * others) * boost
    }
    return Matches(documents: documents, score: .each(best))
  }

  // MARK: Sets by columns

  private func documents(having path: String) throws(SearchProblem) -> Bitmap {
    var found = Bitmap(capacity: end)
    if path == "_id" || path == "_index" { return index.live }
    var leaves = index.mapping.leaves(matching: path)
    if leaves.isEmpty {
      leaves = index.mapping.leaves.values.filter { $0.path.hasPrefix(path + ".") }
    }
    for leaf in leaves {
      switch leaf.type {
      case .text:
        // A text whose words were all stop words is there too.
        for (number, length) in try lengths(leaf).enumerated() where length >= 0 {
          found.insert(number)
        }
      case .keyword:
        for (number, place) in try keywords(leaf).first.enumerated() where place >= 0 {
          found.insert(number)
        }
      default:
        for (number, value) in try numbers(leaf).first.enumerated()
        where value != NumberColumn.missing { found.insert(number) }
      }
    }
    found.formIntersection(index.live)
    return found
  }

  private func documents(
    _ path: String, matching pattern: TermPattern
  ) throws(SearchProblem) -> Bitmap {
    var found = Bitmap(capacity: end)
    guard let leaf = index.mapping.leaves[path] else { return found }
    switch leaf.type {
    case .text:
      let terms = try storing { () throws(SQLiteError) in
        try Postings.terms(index.connection, slot: leaf.slot, matching: pattern)
      }
      for term in terms {
        for number in try postings(leaf, term).numbers { found.insert(Int(number)) }
      }
    case .keyword:
      let column = try keywords(leaf)
      let places = Set(
        column.terms.indices.filter { pattern.matches(column.terms[$0]) }.map { Int32($0) })
      if places.isEmpty { return found }
      index.live.forEach { number in
        column.forEachValue(of: number) { if places.contains($0) { found.insert(number) } }
      }
    default:
      throw shardProblem(
        "Can only use prefix or wildcard queries on keyword, text and wildcard fields - not on "
          + "[\(path)] which is of type [\(leaf.type.rawValue)]")
    }
    found.formIntersection(index.live)
    return found
  }

  func shardProblem(_ reason: String) -> SearchProblem {
    SearchProblem(400, "query_shard_exception", reason)
  }

  // MARK: Columns

  func numbers(_ leaf: FieldMapping) throws(SearchProblem) -> NumberColumn {
    try storing { () throws(SQLiteError) in try index.columns.numbers(leaf, end: end) }
  }

  func keywords(_ leaf: FieldMapping) throws(SearchProblem) -> KeywordColumn {
    try storing { () throws(SQLiteError) in try index.columns.keywords(leaf, end: end) }
  }

  func lengths(_ leaf: FieldMapping) throws(SearchProblem) -> [Int32] {
    try storing { () throws(SQLiteError) in try index.columns.lengths(leaf, end: end) }
  }

  func postings(_ leaf: FieldMapping, _ term: String) throws(SearchProblem) -> Postings {
    try storing { () throws(SQLiteError) in
      try Postings.read(index.connection, slot: leaf.slot, term: term)
    }
  }
}

/// `minimum_should_match`: `2`, `-1`, `75%`, `-25%`, `2<75%`.
enum MinimumShouldMatch {
  static func count(
    _ text: String?, clauses: Int, standard: Int
  ) throws(SearchProblem) -> Int {
    guard let text else { return standard }
    return max(0, try value(text.filter { $0 != " " }, clauses))
  }

  private static func value(_ text: String, _ clauses: Int) throws(SearchProblem) -> Int {
    if text.contains("<") {
      throw .unsupported("minimum_should_match.combination", "a number or a percentage")
    }
    let isShare = text.hasSuffix("%")
    guard let number = Int(isShare ? String(text.dropLast()) : text) else {
      throw SearchProblem(400, "number_format_exception", "For input string: \"\(text)\"")
    }
    guard abs(Double(number)) <= 1_000_000 else {
      throw .illegal("[minimum_should_match] is out of range: [\(text)]")
    }
    if isShare {
      let part = clauses * abs(number) / 100
      return number < 0 ? clauses - part : part
    }
    return number < 0 ? clauses + number : number
  }
}
