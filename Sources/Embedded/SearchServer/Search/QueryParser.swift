import JSON

/// Reads the query DSL, strictly.
enum QueryParser {
  typealias Reader = @Sendable (JSONValue) throws(SearchProblem) -> Query

  /// Containers inside each other that are still read.
  private static let maximumDepth = 30

  /// The queries that are known, by name.
  static let queries: [(name: String, read: Reader)] = [
    ("match_all", { json throws(SearchProblem) in .all(boost: try boost(json, "match_all")) }),
    ("match_none", { json throws(SearchProblem) in .none }),
    ("match", { json throws(SearchProblem) in .match(try match(json, "match")) }),
    ("match_phrase", { json throws(SearchProblem) in .match(try match(json, "match_phrase")) }),
    (
      "match_phrase_prefix",
      { json throws(SearchProblem) in .match(try match(json, "match_phrase_prefix")) }
    ),
    ("multi_match", multiMatch), ("term", term), ("terms", terms), ("range", range),
    ("exists", exists), ("ids", ids), ("prefix", prefix), ("wildcard", wildcard), ("bool", bool),
    ("constant_score", constantScore), ("dis_max", disMax), ("query_string", QueryString.read),
  ]

  private static let byName = Dictionary(
    uniqueKeysWithValues: queries.map { ($0.name, $0.read) })

  /// Queries of Elasticsearch that are refused by name; any other name is no query at all.
  static let refused: Set = [
    "fuzzy", "regexp", "nested", "has_child", "has_parent", "parent_id", "script", "script_score",
    "function_score", "percolate", "knn", "geo_distance", "geo_bounding_box", "geo_shape",
    "geo_polygon", "geo_grid", "shape", "more_like_this", "boosting", "simple_query_string",
    "match_bool_prefix", "combined_fields", "intervals", "terms_set", "wrapper", "pinned",
    "rank_feature", "distance_feature", "span_term", "span_near", "span_or", "span_not",
    "span_first", "span_containing", "span_within", "span_multi", "span_field_masking",
    "sparse_vector", "text_expansion", "weighted_tokens", "semantic", "rule", "query_ruleset",
    "type", "common", "template",
  ]

  static func parse(_ json: JSONValue) throws(SearchProblem) -> Query {
    guard depth(of: json) <= maximumDepth * 3 else {
      throw .illegal("The query is nested deeper than \(maximumDepth) levels")
    }
    return try read(json)
  }

  private static func depth(of json: JSONValue) -> Int {
    switch json {
    case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
    case .object(let members): 1 + (members.map { depth(of: $0.value) }.max() ?? 0)
    default: 0
    }
  }

  private static func read(_ json: JSONValue) throws(SearchProblem) -> Query {
    guard let members = json.object else {
      throw .parsing("[_na] query malformed, must start with start_object")
    }
    guard let member = members.first else {
      throw .illegal("query malformed, empty clause found")
    }
    guard members.count == 1 else {
      throw .parsing(
        "[\(member.name)] malformed query, expected [END_OBJECT] but found [FIELD_NAME]")
    }
    guard let reader = byName[member.name] else {
      if refused.contains(member.name) {
        throw .unsupported(
          "query.\(member.name)", "queries here: \(queries.map(\.name).joined(separator: ", "))")
      }
      throw SearchProblem(
        400, "parsing_exception", "unknown query [\(member.name)]", [],
        cause: [
          "type": "named_object_not_found_exception",
          "reason": .string("unknown field [\(member.name)]"),
        ])
    }
    guard member.value.object != nil else {
      throw .parsing("[\(member.name)] query malformed, no start_object after query name")
    }
    return try reader(member.value)
  }

  // MARK: Compound queries

  private static func bool(_ json: JSONValue) throws(SearchProblem) -> Query {
    var query = BoolQuery()
    for member in json.object ?? [] {
      switch member.name {
      case "must": query.must += try list(member.value)
      case "should": query.should += try list(member.value)
      case "filter": query.filter += try list(member.value)
      case "must_not", "mustNot": query.mustNot += try list(member.value)
      case "minimum_should_match":
        query.minimumShouldMatch = member.value.string ?? member.value.number
      case "boost": query.boost = try number(member, "bool")
      case "adjust_pure_negative", "_name": try refuseName(member, "bool")
      default: throw .contentParse("[bool] unknown field [\(member.name)]")
      }
    }
    return .bool(query)
  }

  private static func list(_ json: JSONValue) throws(SearchProblem) -> [Query] {
    var queries: [Query] = []
    for element in json.array ?? [json] { queries.append(try read(element)) }
    return queries
  }

  private static func constantScore(_ json: JSONValue) throws(SearchProblem) -> Query {
    try check(json, ["filter", "boost", "_name"], "constant_score")
    guard let filter = json["filter"] else {
      throw .parsing("[constant_score] requires a 'filter' element")
    }
    return .constant(try read(filter), boost: try boost(json, "constant_score"))
  }

  private static func disMax(_ json: JSONValue) throws(SearchProblem) -> Query {
    try check(json, ["queries", "tie_breaker", "boost", "_name"], "dis_max")
    guard let queries = json["queries"] else {
      throw .parsing("[dis_max] requires 'queries' field with at least one clause")
    }
    return .disMax(
      try list(queries), tieBreaker: Float(json["tie_breaker"]?.double ?? 0),
      boost: try boost(json, "dis_max"))
  }

  // MARK: Full text

  private static func match(_ json: JSONValue, _ name: String) throws(SearchProblem) -> MatchQuery {
    let (field, options) = try fieldAndOptions(json, name, "query")
    var query = MatchQuery(field: field, text: "")
    query.isPhrase = name != "match"
    query.endsInPrefix = name == "match_phrase_prefix"
    try read(options, into: &query, name)
    return query
  }

  /// The options that the queries of this family share.
  private static func read(
    _ options: [JSONMember], into query: inout MatchQuery, _ name: String
  ) throws(SearchProblem) {
    guard let text = options.last(where: { $0.name == "query" })?.value else {
      throw .parsing("No text specified for text query")
    }
    query.text = text.string ?? text.number ?? text.bool.map { "\($0)" } ?? ""
    for member in options {
      switch member.name {
      case "query", "max_expansions", "auto_generate_synonyms_phrase_query", "prefix_length",
        "fuzzy_transpositions", "fuzzy_rewrite":
        break
      case "operator" where name == "match" || name == "multi_match":
        query.needsAll = try isAnd(member)
      case "minimum_should_match" where name == "match" || name == "multi_match":
        query.minimumShouldMatch = member.value.string ?? member.value.number
      case "slop" where name != "match":
        query.slop = Int(member.value.int64 ?? 0)
        if query.slop != 0 { throw .unsupported("query.\(name).slop", "only slop 0") }
      case "zero_terms_query": query.zeroTermsMatchAll = member.value.string?.lowercased() == "all"
      case "analyzer":
        let analyzer = member.value.string ?? ""
        guard let found = Analyzer(named: analyzer) else {
          throw SearchProblem(
            400, "query_shard_exception", "[\(name)] analyzer [\(analyzer)] not found")
        }
        query.analyzer = found
      case "lenient": query.isLenient = member.value.bool ?? (member.value.string == "true")
      case "boost": query.boost = try number(member, name)
      case "fuzziness", "cutoff_frequency": throw .unsupported("query.\(name).\(member.name)")
      case "_name": try refuseName(member, name)
      default: throw unknown(member.name, name)
      }
    }
  }

  static func isAnd(_ member: JSONMember) throws(SearchProblem) -> Bool {
    switch member.value.string?.lowercased() {
    case "and": return true
    case "or": return false
    default:
      throw .illegal(
        "operator needs to be either and or or, but not [\(member.value.string ?? "")]")
    }
  }

  private static func multiMatch(_ json: JSONValue) throws(SearchProblem) -> Query {
    let own = ["fields", "type", "tie_breaker"]
    var match = MatchQuery(field: "", text: "")
    let name = "multi_match"
    var kind = MultiMatchQuery.Kind.bestFields
    if let type = json["type"]?.string {
      guard let found = MultiMatchQuery.Kind(rawValue: type) else {
        if type == "bool_prefix" { throw .unsupported("query.multi_match.type.bool_prefix") }
        throw .parsing("failed to parse [multi_match] query type [\(type)]. unknown type.")
      }
      kind = found
    }
    match.isPhrase = kind == .phrase || kind == .phrasePrefix
    match.endsInPrefix = kind == .phrasePrefix
    try read((json.object ?? []).filter { !own.contains($0.name) }, into: &match, name)
    let names = json["fields"]?.array ?? json["fields"].map { [$0] } ?? []
    var fields: [(name: String, boost: Float)] = []
    for name in names { fields.append(try boosted(name.string ?? "")) }
    return .multiMatch(
      MultiMatchQuery(
        fields: fields, kind: kind, tieBreaker: json["tie_breaker"]?.double.map { Float($0) },
        match: match))
  }

  /// `title^2`.
  static func boosted(_ text: String) throws(SearchProblem) -> (name: String, boost: Float) {
    guard let hat = text.lastIndex(of: "^") else { return (text, 1) }
    guard let boost = Float(text[text.index(after: hat)...]) else {
      throw SearchProblem(400, "number_format_exception", "For input string: \"\(text)\"")
    }
    return (String(text[..<hat]), boost)
  }

  // MARK: Terms

  private static func term(_ json: JSONValue) throws(SearchProblem) -> Query {
    let (field, options) = try fieldAndOptions(json, "term", "value")
    var value: JSONValue?
    var boost: Float = 1
    var ignoresCase = false
    for member in options {
      switch member.name {
      case "value", "term": value = member.value
      case "boost": boost = try number(member, "term")
      case "case_insensitive": ignoresCase = member.value.bool ?? false
      case "_name": try refuseName(member, "term")
      default: throw .parsing("[term] query does not support [\(member.name)]")
      }
    }
    guard let value, !value.isNull else { throw .illegal("value cannot be null") }
    return .term(field: field, value: value, ignoresCase: ignoresCase, boost: boost)
  }

  private static func terms(_ json: JSONValue) throws(SearchProblem) -> Query {
    var found: (String, [JSONValue])?
    for member in json.object ?? [] where member.name != "boost" {
      if member.name == "_name" { try refuseName(member, "terms") }
      guard let values = member.value.array else {
        if member.value.object != nil { throw .unsupported("query.terms.lookup") }
        throw .parsing("[terms] query does not support [\(member.name)]")
      }
      guard found == nil else { throw .parsing("[terms] query does not support multiple fields") }
      guard values.count <= 65_536 else {
        throw .illegal(
          "The number of terms [\(values.count)] used in the Terms Query request has exceeded the "
            + "allowed maximum of [65536]. This maximum can be set by changing the "
            + "[index.max_terms_count] index level setting.")
      }
      found = (member.name, values)
    }
    guard let (field, values) = found else {
      throw .parsing("[terms] query requires a field name, followed by array of terms")
    }
    return .terms(field: field, values: values, boost: try boost(json, "terms"))
  }

  private static func range(_ json: JSONValue) throws(SearchProblem) -> Query {
    let (field, options) = try fieldAndOptions(json, "range", "")
    var query = RangeQuery(field: field)
    for member in options {
      let value: JSONValue? = member.value.isNull ? nil : member.value
      switch member.name {
      case "gte": query.lower = value.map { .init(value: $0, isInclusive: true) }
      case "gt": query.lower = value.map { .init(value: $0, isInclusive: false) }
      case "lte": query.upper = value.map { .init(value: $0, isInclusive: true) }
      case "lt": query.upper = value.map { .init(value: $0, isInclusive: false) }
      case "format": query.format = member.value.string
      case "time_zone": query.zone = member.value.string
      case "boost": query.boost = try number(member, "range")
      case "relation": break
      case "_name": try refuseName(member, "range")
      default: throw .parsing("[range] query does not support [\(member.name)]")
      }
    }
    return .range(query)
  }

  private static func exists(_ json: JSONValue) throws(SearchProblem) -> Query {
    try check(json, ["field", "boost", "_name"], "exists")
    guard let field = json["field"]?.string else {
      throw .parsing("[exists] must be provided with a [field]")
    }
    return .exists(field: field, boost: try boost(json, "exists"))
  }

  private static func ids(_ json: JSONValue) throws(SearchProblem) -> Query {
    try check(json, ["values", "boost", "_name"], "ids")
    let values = json["values"]?.array ?? json["values"].map { [$0] } ?? []
    return .ids(
      values.compactMap { $0.string ?? $0.number }, boost: try boost(json, "ids"))
  }

  private static func prefix(_ json: JSONValue) throws(SearchProblem) -> Query {
    try pattern(json, "prefix", "value") { TermPattern(prefix: $0, ignoresCase: $1) }
  }

  private static func wildcard(_ json: JSONValue) throws(SearchProblem) -> Query {
    try pattern(json, "wildcard", "value") { TermPattern(wildcard: $0, ignoresCase: $1) }
  }

  private static func pattern(
    _ json: JSONValue, _ name: String, _ key: String, _ make: (String, Bool) -> TermPattern
  ) throws(SearchProblem) -> Query {
    let (field, options) = try fieldAndOptions(json, name, key)
    var text: String?
    var boost: Float = 1
    var ignoresCase = false
    for member in options {
      switch member.name {
      case key, name: text = member.value.string ?? member.value.number
      case "boost": boost = try number(member, name)
      case "case_insensitive": ignoresCase = member.value.bool ?? false
      case "rewrite": throw .unsupported("query.\(name).rewrite")
      case "_name": try refuseName(member, name)
      default: throw .parsing("[\(name)] query does not support [\(member.name)]")
      }
    }
    guard let text else { throw .illegal("value cannot be null") }
    return .wildcard(field: field, pattern: make(text, ignoresCase), boost: boost)
  }

  // MARK: What they share

  /// `{"field": {options}}` or `{"field": value}`.
  private static func fieldAndOptions(
    _ json: JSONValue, _ name: String, _ short: String
  ) throws(SearchProblem) -> (field: String, options: [JSONMember]) {
    guard let members = json.object, let member = members.first else {
      throw .illegal("field name is null or empty")
    }
    guard members.count == 1 else {
      throw .parsing(
        "[\(name)] query doesn't support multiple fields, found [\(member.name)] and "
          + "[\(members[1].name)]")
    }
    if let options = member.value.object { return (member.name, options) }
    guard !short.isEmpty, member.value.array == nil else {
      throw .parsing("[\(name)] query does not support [\(member.name)]")
    }
    return (member.name, [JSONMember(short, member.value)])
  }

  static func boost(_ json: JSONValue, _ name: String) throws(SearchProblem) -> Float {
    guard let member = json.object?.last(where: { $0.name == "boost" }) else { return 1 }
    return try number(member, name)
  }

  static func number(_ member: JSONMember, _ name: String) throws(SearchProblem) -> Float {
    let text = member.value.number ?? member.value.string ?? ""
    guard let number = Float(text), number >= 0 else {
      throw .illegal("negative or malformed [\(member.name)] in [\(name)]: [\(text)]")
    }
    return number
  }

  static func check(
    _ json: JSONValue, _ known: Set<String>, _ name: String
  ) throws(SearchProblem) {
    for member in json.object ?? [] {
      guard known.contains(member.name) else { throw unknown(member.name, name) }
      if member.name == "_name" { try refuseName(member, name) }
    }
  }

  static func unknown(_ key: String, _ name: String) -> SearchProblem {
    .parsing("[\(name)] query does not support [\(key)]")
  }

  private static func refuseName(_ member: JSONMember, _ name: String) throws(SearchProblem) {
    if member.name == "_name" { throw .unsupported("query.\(name)._name") }
  }
}
