import JSON
import SQLite

/// One text searched for in several fields.
extension QueryRunner {
  func multiMatch(_ query: MultiMatchQuery) throws(SearchProblem) -> Matches {
    let fields = try expanded(query)
    if query.kind == .crossFields { return try crossFields(fields, query) }
    var parts: [Matches] = []
    for (leaf, boost) in fields {
      var match = query.match
      match.field = leaf.path
      match.boost *= boost
      parts.append(try self.match(match))
    }
    if parts.isEmpty { return nothing }
    if parts.count == 1 { return parts[0] }
    let tieBreaker = query.tieBreaker ?? (query.kind == .mostFields ? 1 : 0)
    return disMax(parts, tieBreaker: tieBreaker, boost: 1)
  }

  private func expanded(
    _ query: MultiMatchQuery
  ) throws(SearchProblem) -> [(leaf: FieldMapping, boost: Float)] {
    if query.fields.isEmpty {
      return index.mapping.leaves.values.filter { $0.type == .text || $0.type == .keyword }
        .sorted { $0.path < $1.path }.map { ($0, 1) }
    }
    var found: [(leaf: FieldMapping, boost: Float)] = []
    for (name, boost) in query.fields {
      for leaf in index.mapping.leaves(matching: name)
      where !name.contains("*") || leaf.type == .text || leaf.type == .keyword {
        if let place = found.firstIndex(where: { $0.leaf.path == leaf.path }) {
          found[place].boost *= boost
        } else {
          found.append((leaf, boost))
        }
      }
    }
    return found
  }

  // MARK: cross_fields

  /// Fields with the same analyzer are searched as if they were one: each word may be in any.
  private func crossFields(
    _ fields: [(leaf: FieldMapping, boost: Float)], _ query: MultiMatchQuery
  ) throws(SearchProblem) -> Matches {
    var groups: [(key: String, fields: [(leaf: FieldMapping, boost: Float)])] = []
    for field in fields {
      let key = field.leaf.type == .text ? field.leaf.searchAnalyzer.name.rawValue : "(keyword)"
      if let place = groups.firstIndex(where: { $0.key == key }) {
        groups[place].fields.append(field)
      } else {
        groups.append((key, [field]))
      }
    }
    var parts: [Matches] = []
    for group in groups { parts.append(try blended(group.fields, query)) }
    if parts.isEmpty { return nothing }
    if parts.count == 1 { return parts[0] }
    return disMax(parts, tieBreaker: query.tieBreaker ?? 0, boost: query.match.boost)
  }

  private func blended(
    _ fields: [(leaf: FieldMapping, boost: Float)], _ query: MultiMatchQuery
  ) throws(SearchProblem) -> Matches {
    guard let first = fields.first?.leaf else { return nothing }
    guard first.type == .text else {
      var parts: [Matches] = []
      for (leaf, boost) in fields {
        parts.append(try term(leaf.path, .string(query.match.text), ignoresCase: false, boost))
      }
      return disMax(parts, tieBreaker: query.tieBreaker ?? 0, boost: query.match.boost)
    }
    let analyzer = query.match.analyzer ?? first.searchAnalyzer
    let terms = analyzer.terms(of: query.match.text).map(\.text)
    guard !terms.isEmpty else {
      return query.match.zeroTermsMatchAll ? constant(index.live, query.match.boost) : nothing
    }
    var statistics: [FieldStatistics] = []
    for (leaf, _) in fields { statistics.append(try fieldStatistics(leaf)) }
    var parts: [Matches] = []
    for term in terms {
      parts.append(try blendedTerm(term, fields, statistics, query))
    }
    let minimum =
      query.match.needsAll
      ? parts.count
      : try MinimumShouldMatch.count(
        query.match.minimumShouldMatch, clauses: parts.count, standard: 1)
    return combine(parts, minimum: max(1, minimum))
  }

  /// One word in all fields, with frequencies as Lucene's `BlendedTermQuery` evens them out: the
  /// field where the word is commonest sets the frequency for all.
  private func blendedTerm(
    _ term: String, _ fields: [(leaf: FieldMapping, boost: Float)],
    _ statistics: [FieldStatistics], _ query: MultiMatchQuery
  ) throws(SearchProblem) -> Matches {
    var lists: [Postings] = []
    for (leaf, _) in fields { lists.append(try postings(leaf, term)) }
    let counts = lists.map(\.numbers.count)
    var blended = counts
    var frequency = counts.max() ?? 0
    var previous = frequency
    for place in counts.indices.sorted(by: { counts[$0] > counts[$1] }) where counts[place] > 0 {
      if previous > counts[place] { frequency += 1 }
      blended[place] = min(frequency, index.count)
      previous = counts[place]
    }
    var parts: [Matches] = []
    for place in fields.indices where counts[place] > 0 {
      parts.append(
        scored(
          fields[place].leaf, lists[place], [blended[place]],
          fields[place].boost * query.match.boost, statistics[place]))
    }
    if parts.isEmpty { return nothing }
    if parts.count == 1 { return parts[0] }
    return disMax(parts, tieBreaker: query.tieBreaker ?? 0, boost: 1)
  }
}
