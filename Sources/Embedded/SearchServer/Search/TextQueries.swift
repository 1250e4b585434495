import JSON
import SQLite

/// Queries over text, and terms of keywords, which score.
extension QueryRunner {
  // MARK: match

  func match(_ query: MatchQuery) throws(SearchProblem) -> Matches {
    if query.field == "_id" { return try run(.ids([query.text], boost: query.boost)) }
    guard let leaf = index.mapping.leaves[query.field] else { return nothing }
    guard leaf.type == .text else {
      if query.isPhrase, query.endsInPrefix {
        return constant(
          try run(
            .wildcard(field: leaf.path, pattern: TermPattern(prefix: query.text), boost: 1)
          ).documents, query.boost)
      }
      do throws(SearchProblem) {
        return try term(leaf.path, .string(query.text), ignoresCase: false, query.boost)
      } catch {
        if query.isLenient { return nothing }
        throw error
      }
    }
    try checkSearchable(leaf)
    let terms = (query.analyzer ?? leaf.searchAnalyzer).terms(of: query.text)
    guard !terms.isEmpty else {
      return query.zeroTermsMatchAll ? constant(index.live, query.boost) : nothing
    }
    if query.isPhrase { return try phrase(leaf, terms, query) }
    return try words(leaf, terms.map(\.text), query)
  }

  /// A query string without its clauses that have no terms; nil where none is left.
  func withoutEmptyTexts(_ query: BoolQuery) -> BoolQuery? {
    var rest = query
    rest.dropsEmptyTexts = false
    rest.must = query.must.filter { !isEmptyText($0) }
    rest.should = query.should.filter { !isEmptyText($0) }
    rest.mustNot = query.mustNot.filter { !isEmptyText($0) }
    return rest.must.isEmpty && rest.should.isEmpty && rest.mustNot.isEmpty ? nil : rest
  }

  private func isEmptyText(_ query: Query) -> Bool {
    switch query {
    case .match(let match) where match.isOptionalText: return isEmptyText(match, match.field)
    case .multiMatch(let multi) where multi.match.isOptionalText:
      let names = multi.fields.map(\.name)
      return !names.isEmpty && names.allSatisfy { isEmptyText(multi.match, $0) }
    case .bool(let bool) where bool.dropsEmptyTexts: return withoutEmptyTexts(bool) == nil
    case .bool(let bool) where bool.must.count == 1 && bool.should.isEmpty && bool.filter.isEmpty:
      // A boost around one clause.
      return isEmptyText(bool.must[0])
    default: return false
    }
  }

  private func isEmptyText(_ match: MatchQuery, _ field: String) -> Bool {
    guard let leaf = index.mapping.leaves[field], leaf.type == .text else { return false }
    return (match.analyzer ?? leaf.searchAnalyzer).terms(of: match.text).isEmpty
  }

  private func checkSearchable(_ leaf: FieldMapping) throws(SearchProblem) {
    guard leaf.isIndexed else {
      throw shardProblem(
        "failed to create query: Cannot search on field [\(leaf.path)] since it is not indexed.")
    }
  }

  private func words(
    _ leaf: FieldMapping, _ terms: [String], _ query: MatchQuery
  ) throws(SearchProblem) -> Matches {
    let statistics = try fieldStatistics(leaf)
    var parts: [Matches] = []
    for term in terms {
      let postings = try postings(leaf, term)
      parts.append(scored(leaf, postings, [postings.numbers.count], query.boost, statistics))
    }
    if parts.count == 1 { return parts[0] }
    let minimum =
      query.needsAll
      ? parts.count
      : try MinimumShouldMatch.count(query.minimumShouldMatch, clauses: parts.count, standard: 1)
    return combine(parts, minimum: max(1, minimum))
  }

  /// The documents that at least `minimum` parts found, with the sum of their scores.
  func combine(_ parts: [Matches], minimum: Int) -> Matches {
    var documents = Bitmap(capacity: end)
    if minimum >= parts.count {
      documents = minimum > parts.count ? Bitmap() : parts[0].documents
      for part in parts.dropFirst() { documents.formIntersection(part.documents) }
    } else if minimum <= 1 {
      for part in parts { documents.formUnion(part.documents) }
    } else {
      var counts = [UInt16](repeating: 0, count: end)
      for part in parts {
        part.documents.forEach { number in
          counts[number] += 1
          if counts[number] == minimum { documents.insert(number) }
        }
      }
    }
    return scores ? sum(parts, over: documents) : constant(documents, 0)
  }

  private func phrase(
    _ leaf: FieldMapping, _ terms: [AnalyzedTerm], _ query: MatchQuery
  ) throws(SearchProblem) -> Matches {
    let statistics = try fieldStatistics(leaf)
    var lists: [Postings] = []
    for (place, term) in terms.enumerated() {
      if query.endsInPrefix, place == terms.count - 1 {
        lists.append(try prefixPostings(leaf, term.text))
      } else {
        lists.append(try postings(leaf, term.text))
      }
    }
    guard !lists.contains(where: { $0.numbers.isEmpty }) else { return nothing }
    let frequencies = lists.map { $0.numbers.count }
    if lists.count == 1 { return scored(leaf, lists[0], frequencies, query.boost, statistics) }
    let found = Postings.phrase(lists, offsets: terms.map { Int32($0.position) })
    return scored(leaf, found, frequencies, query.boost, statistics)
  }

  /// The postings of all terms with a prefix, as of one term.
  private func prefixPostings(
    _ leaf: FieldMapping, _ prefix: String
  ) throws(SearchProblem) -> Postings {
    let terms = try storing { () throws(SQLiteError) in
      try Postings.terms(index.connection, slot: leaf.slot, matching: TermPattern(prefix: prefix))
    }
    var positions: [Int32: [Int32]] = [:]
    // Elasticsearch expands to 50 terms at most, in order of the alphabet.
    for term in terms.prefix(50) {
      let postings = try postings(leaf, term)
      var at = 0
      for (number, count) in zip(postings.numbers, postings.counts) {
        positions[number, default: []] += postings.positions[at..<(at + Int(count))]
        at += Int(count)
      }
    }
    var merged = Postings()
    for number in positions.keys.sorted() {
      let sorted = (positions[number] ?? []).sorted()
      merged.numbers.append(number)
      merged.counts.append(Int32(sorted.count))
      merged.positions += sorted
    }
    return merged
  }

  // MARK: Scoring

  struct FieldStatistics {
    let model: BM25
    let lengths: [Int32]
  }

  func fieldStatistics(_ leaf: FieldMapping) throws(SearchProblem) -> FieldStatistics {
    guard scores else {
      return FieldStatistics(model: BM25(documentCount: 0, totalLength: 0), lengths: [])
    }
    let lengths = try lengths(leaf)
    var count = 0
    var total = 0
    index.live.forEach { number in
      if number < lengths.count, lengths[number] > 0 {
        count += 1
        total += Int(lengths[number])
      }
    }
    return FieldStatistics(
      model: BM25(documentCount: count, totalLength: total, hasNorms: leaf.hasNorms),
      lengths: lengths)
  }

  /// Scores a term's or a phrase's documents.
  ///
  /// - Parameter frequencies: how many documents have each of the terms.
  func scored(
    _ leaf: FieldMapping, _ postings: Postings, _ frequencies: [Int], _ boost: Float,
    _ statistics: FieldStatistics
  ) -> Matches {
    var documents = Bitmap(capacity: end)
    for number in postings.numbers { documents.insert(Int(number)) }
    guard scores, !postings.numbers.isEmpty else { return constant(documents, 0) }
    let model = statistics.model
    let idf = frequencies.reduce(0.0) { $0 + Double(model.idf($1)) }
    let weight = model.weight(idf: Float(idf), boost: boost)
    var values = [Float](repeating: 0, count: end)
    for (place, number) in postings.numbers.enumerated() {
      values[Int(number)] = model.score(
        weight: weight, count: leaf.hasFrequencies ? Float(postings.counts[place]) : 1,
        norm: leaf.hasNorms ? SmallFloat.norm(statistics.lengths[Int(number)]) : 1)
    }
    return Matches(documents: documents, score: .each(values))
  }

  // MARK: term

  func term(
    _ path: String, _ value: JSONValue, ignoresCase: Bool, _ boost: Float
  ) throws(SearchProblem) -> Matches {
    let text = value.string ?? value.number ?? value.bool.map { "\($0)" } ?? ""
    if path == "_id" { return try run(.ids([text], boost: boost)) }
    if path == "_index" {
      return constant(Wildcard.matches(index.name, text) ? index.live : Bitmap(), boost)
    }
    guard let leaf = index.mapping.leaves[path] else { return nothing }
    if ignoresCase, leaf.type == .text || leaf.type == .keyword {
      let escaped = text.map { "*?\\".contains($0) ? "\\\($0)" : String($0) }.joined()
      return try run(
        .wildcard(
          field: path, pattern: TermPattern(wildcard: escaped, ignoresCase: true), boost: boost))
    }
    switch leaf.type {
    case .text:
      try checkSearchable(leaf)
      let postings = try postings(leaf, text)
      return scored(
        leaf, postings, [postings.numbers.count], boost, try fieldStatistics(leaf))
    case .keyword: return try keyword(leaf, text, boost)
    case .date:
      let bound = RangeQuery.Bound(value: value, isInclusive: true)
      return constant(
        try documents(in: RangeQuery(field: path, lower: bound, upper: bound)), boost)
    default: return try number(leaf, value, text, boost)
    }
  }

  private func keyword(
    _ leaf: FieldMapping, _ text: String, _ boost: Float
  ) throws(SearchProblem) -> Matches {
    let column = try keywords(leaf)
    var documents = Bitmap(capacity: end)
    guard let place = column.place(of: text) else { return nothing }
    var (having, total, several) = (0, 0, false)
    index.live.forEach { number in
      guard column.has(number) else { return }
      having += 1
      if column.many.isEmpty {
        total += 1
        if column.first[number] == place { documents.insert(number) }
        return
      }
      several = true
      column.forEachValue(of: number) { value in
        total += 1
        if value == place { documents.insert(number) }
      }
    }
    _ = several
    guard scores else { return constant(documents, 0) }
    let model = BM25(documentCount: having, totalLength: total, hasNorms: false)
    let weight = model.weight(idf: model.idf(documents.count), boost: boost)
    return constant(documents, model.score(weight: weight, count: 1, norm: 1))
  }

  private func number(
    _ leaf: FieldMapping, _ value: JSONValue, _ text: String, _ boost: Float
  ) throws(SearchProblem) -> Matches {
    let wanted: Int64
    do throws(SearchProblem) {
      switch try FieldValues.value(of: value, leaf) {
      case .integer(let whole):
        // A fraction is no whole number, and is not cut to one here.
        if leaf.type.isWhole, let double = Double(text), double != double.rounded() {
          return nothing
        }
        wanted = whole
      case .real(let fraction): wanted = NumberColumn.stored(fraction)
      default: return nothing
      }
    } catch {
      if error.reason.contains("out of range") { return nothing }
      throw shardProblem("failed to create query: \(error.reason)")
    }
    let column = try numbers(leaf)
    var documents = Bitmap(capacity: end)
    var having = 0
    index.live.forEach { number in
      if column.has(number) { having += 1 }
      column.forEachValue(of: number) { if $0 == wanted { documents.insert(number) } }
    }
    guard leaf.type == .boolean, scores else { return constant(documents, boost) }
    // Booleans are terms, with an idf.
    let model = BM25(documentCount: having, totalLength: having, hasNorms: false)
    let weight = model.weight(idf: model.idf(documents.count), boost: boost)
    return constant(documents, model.score(weight: weight, count: 1, norm: 1))
  }
}
