import JSON

/// Lucene's everyday query language: words, "phrases", `field:`, AND OR NOT + - ( ), ranges,
/// prefixes, wildcards and boosts.
struct QueryString {
  struct Options {
    var fields: [(name: String, boost: Float)] = []
    var needsAll = false
    var isLenient = false
    var analyzer: Analyzer?
    var minimumShouldMatch: String?
  }

  static let read: QueryParser.Reader = { json throws(SearchProblem) in
    var options = Options()
    var text: String?
    var boost: Float = 1
    for member in json.object ?? [] {
      switch member.name {
      case "query": text = member.value.string
      case "default_field":
        options.fields = try fields([member.value.string ?? ""])
      case "fields":
        options.fields = try fields(member.value.array?.compactMap(\.string) ?? [])
      case "default_operator": options.needsAll = try QueryParser.isAnd(member)
      case "lenient": options.isLenient = member.value.bool ?? false
      case "analyzer": options.analyzer = Analyzer(named: member.value.string ?? "")
      case "boost": boost = try QueryParser.number(member, "query_string")
      case "minimum_should_match":
        options.minimumShouldMatch = member.value.string ?? member.value.number
      case "analyze_wildcard", "allow_leading_wildcard", "enable_position_increments",
        "auto_generate_synonyms_phrase_query", "max_determinized_states", "escape":
        break
      case "type" where member.value.string == "best_fields": break
      case "fuzziness", "phrase_slop", "quote_field_suffix", "time_zone", "rewrite", "tie_breaker",
        "fuzzy_prefix_length", "fuzzy_max_expansions", "fuzzy_transpositions", "type", "_name",
        "quote_analyzer":
        throw .unsupported("query.query_string.\(member.name)")
      default: throw QueryParser.unknown(member.name, "query_string")
      }
    }
    guard let text else { throw .parsing("[query_string] must be provided with a [query]") }
    let query = try parse(text, options)
    return boost == 1 ? query : .bool(BoolQuery(must: [query], boost: boost))
  }

  private static func fields(
    _ names: [String]
  ) throws(SearchProblem) -> [(name: String, boost: Float)] {
    var fields: [(name: String, boost: Float)] = []
    for name in names where name != "*" { fields.append(try QueryParser.boosted(name)) }
    return fields
  }

  static func parse(_ text: String, _ options: Options) throws(SearchProblem) -> Query {
    if text.trimmedIsEmpty { return .none }
    if text == "*" || text == "*:*" { return .all(boost: 1) }
    var parser = QueryString(tokens: try QueryStringToken.read(text), text: text, options: options)
    let query = try parser.clauses(field: nil)
    guard parser.at == parser.tokens.count else { throw parser.failed() }
    return query
  }

  private let tokens: [QueryStringToken]
  private let text: String
  private let options: Options
  private var at = 0
  private var depth = 0

  private init(tokens: [QueryStringToken], text: String, options: Options) {
    self.tokens = tokens
    self.text = text
    self.options = options
  }

  private func failed() -> SearchProblem {
    SearchProblem(
      400, "query_shard_exception", "Failed to parse query [\(text)]",
      cause: ["type": "parse_exception", "reason": .string("Cannot parse '\(text)'")])
  }

  private var token: QueryStringToken? { at < tokens.count ? tokens[at] : nil }

  private mutating func take(_ wanted: QueryStringToken) -> Bool {
    guard token == wanted else { return false }
    at += 1
    return true
  }

  /// Clauses up to a closing parenthesis, with the precedence of Lucene's classic parser: AND makes
  /// both of its sides required.
  private mutating func clauses(field: String?) throws(SearchProblem) -> Query {
    enum Occur { case must, should, mustNot }
    var clauses: [(occur: Occur, query: Query)] = []
    while let token, token != .close {
      var conjunction: QueryStringToken?
      if token == .and || token == .or {
        guard !clauses.isEmpty else { throw failed() }
        conjunction = token
        at += 1
      }
      var modifier: QueryStringToken?
      if let next = self.token, next == .plus || next == .minus || next == .not {
        modifier = next
        at += 1
      }
      if conjunction == .and, let last = clauses.indices.last, clauses[last].occur == .should {
        clauses[last].occur = .must
      }
      if conjunction == .or, options.needsAll, let last = clauses.indices.last,
        clauses[last].occur == .must
      {
        clauses[last].occur = .should
      }
      let query = try clause(field: field)
      var occur: Occur = options.needsAll && conjunction != .or ? .must : .should
      if conjunction == .and || modifier == .plus { occur = .must }
      if modifier == .minus || modifier == .not { occur = .mustNot }
      clauses.append((occur, query))
    }
    guard !clauses.isEmpty else { throw failed() }
    if clauses.count == 1, clauses[0].occur != .mustNot { return clauses[0].query }
    var bool = BoolQuery()
    bool.dropsEmptyTexts = true
    for clause in clauses {
      switch clause.occur {
      case .must: bool.must.append(clause.query)
      case .should: bool.should.append(clause.query)
      case .mustNot: bool.mustNot.append(clause.query)
      }
    }
    bool.minimumShouldMatch = bool.should.isEmpty ? nil : options.minimumShouldMatch
    return .bool(bool)
  }

  private mutating func clause(field: String?) throws(SearchProblem) -> Query {
    var field = field
    if case .field(let name) = token {
      at += 1
      field = name
    }
    guard let token else { throw failed() }
    at += 1
    let query: Query
    switch token {
    case .open:
      depth += 1
      guard depth < 100 else { throw failed() }
      query = try clauses(field: field)
      depth -= 1
      guard take(.close) else { throw failed() }
    case .word(let word): query = try self.word(word, field)
    case .phrase(let phrase): query = text(phrase, isPhrase: true, field)
    case .range(let range):
      guard let field else { throw .unsupported("query.query_string range without a field") }
      query = .range(range.query(field))
    case .pattern(let pattern): query = try self.pattern(pattern, field)
    default: throw failed()
    }
    if case .boost(let boost) = self.token {
      at += 1
      return .bool(BoolQuery(must: [query], boost: boost))
    }
    return query
  }

  private func word(_ word: String, _ field: String?) throws(SearchProblem) -> Query {
    text(word, isPhrase: false, field)
  }

  private func text(_ text: String, isPhrase: Bool, _ field: String?) -> Query {
    var match = MatchQuery(field: field ?? "", text: text)
    match.isPhrase = isPhrase
    match.analyzer = options.analyzer
    match.isLenient = options.isLenient || field == nil
    match.isOptionalText = true
    // A word that the analyzer splits must be there as a whole.
    match.needsAll = options.needsAll
    if let field, !field.contains("*") { return .match(match) }
    let fields = field.map { [($0, Float(1))] } ?? options.fields
    return .multiMatch(
      MultiMatchQuery(fields: fields, kind: isPhrase ? .phrase : .bestFields, match: match))
  }

  private func pattern(_ pattern: String, _ field: String?) throws(SearchProblem) -> Query {
    if field == "_exists_" { return .exists(field: pattern, boost: 1) }
    if pattern == "*" {
      return field.map { .exists(field: $0, boost: 1) } ?? .all(boost: 1)
    }
    let fields = field.map { [($0, Float(1))] } ?? options.fields
    guard !fields.isEmpty else {
      throw .unsupported("query.query_string wildcard without a field", "name a [default_field]")
    }
    // Patterns are compared with terms, which most analyzers give in lower case.
    let parts = fields.map { name, boost in
      Query.wildcard(field: name, pattern: TermPattern(wildcard: pattern), boost: boost)
    }
    return parts.count == 1 ? parts[0] : .disMax(parts, tieBreaker: 0, boost: 1)
  }
}

extension String {
  var trimmedIsEmpty: Bool { allSatisfy(\.isWhitespace) }
}
