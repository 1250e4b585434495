import HTTPServer
import JSON

/// A search as it was asked: body and parameters together.
struct SearchRequest {
  static let maximumWindow = 10_000

  /// How exactly hits are counted.
  enum Total: Equatable {
    case exact
    case upTo(Int)
    case none
  }

  var query = Query.all(boost: 1)
  var postFilter: Query?
  var from = 0
  var size = 10
  var sort: [SortKey] = []
  var searchAfter: [JSONValue]?
  var total = Total.upTo(10_000)
  var source = SourceFilter.all
  var highlight: HighlightRequest?
  var aggregations: [Aggregation] = []
  var minimumScore: Float?
  var showsVersion = false
  var showsSequence = false
  var tracksScores = false
  /// Milliseconds; nil where no scroll was asked for.
  var scroll: Int64?

  /// Body keys that have no effect on any answer here.
  private static let ignored: Set = ["timeout", "preference", "stats", "batched_reduce_size"]

  static let bodyKeys = [
    "query", "post_filter", "from", "size", "sort", "search_after", "track_total_hits",
    "_source", "highlight", "aggs", "aggregations", "min_score", "version",
    "seq_no_primary_term", "track_scores", "timeout",
  ]

  /// Refused by name; anything else is an unknown key.
  static let refused: Set = [
    "suggest", "rescore", "knn", "script_fields", "runtime_mappings", "collapse", "slice",
    "docvalue_fields", "fields", "stored_fields", "explain", "profile", "pit", "indices_boost",
    "terminate_after", "rank", "retriever", "ext", "sub_searches",
  ]

  init(_ body: JSONValue, _ parameters: HTTPQuery) throws(SearchProblem) {
    try read(body)
    try read(parameters)
    try check()
  }

  private mutating func read(_ body: JSONValue) throws(SearchProblem) {
    for member in body.object ?? [] {
      let value = member.value
      switch member.name {
      case "query": if !value.isNull { query = try QueryParser.parse(value) }
      case "post_filter": postFilter = try QueryParser.parse(value)
      case "from": from = try Self.int(member)
      case "size": size = try Self.int(member)
      case "sort": sort = Self.withoutDefault(try SortKey.parse(value))
      case "search_after":
        guard let values = value.array else {
          throw .parsing("Expected [START_ARRAY] for [search_after]")
        }
        searchAfter = values
      case "track_total_hits": total = try Self.total(value.bool, value.int64)
      case "_source": source = try SourceFilter(value)
      case "highlight": highlight = try HighlightRequest(value)
      case "aggs", "aggregations": aggregations = try Aggregation.parse(value)
      case "min_score": minimumScore = value.double.map { Float($0) }
      case "version": showsVersion = value.bool ?? false
      case "seq_no_primary_term": showsSequence = value.bool ?? false
      case "track_scores": tracksScores = value.bool ?? false
      case _ where Self.ignored.contains(member.name): break
      case _ where Self.refused.contains(member.name):
        if value == false || value == 0 && member.name == "terminate_after" { break }
        throw .unsupported("search.\(member.name)")
      default:
        throw .parsing(
          "Unknown key for a \(Self.token(value)) in [\(member.name)].")
      }
    }
  }

  /// By the score alone is the order that there is without a sort.
  private static func withoutDefault(_ keys: [SortKey]) -> [SortKey] {
    keys == [SortKey(field: "_score", isDescending: true)] ? [] : keys
  }

  private static func token(_ json: JSONValue) -> String {
    switch json {
    case .object: "START_OBJECT"
    case .array: "START_ARRAY"
    case .string: "VALUE_STRING"
    case .number: "VALUE_NUMBER"
    case .bool: "VALUE_BOOLEAN"
    case .null: "VALUE_NULL"
    }
  }

  private static func int(_ member: JSONMember) throws(SearchProblem) -> Int {
    guard let number = member.value.int64 ?? member.value.string.flatMap({ Int64($0) }) else {
      throw .parsing("Failed to parse [\(member.name)]: not a whole number")
    }
    guard number >= 0 else {
      throw .illegal("[\(member.name)] parameter cannot be negative, found [\(number)]")
    }
    guard number <= Int32.max else {
      throw .illegal("Failed to parse int parameter [\(member.name)] with value [\(number)]")
    }
    return Int(number)
  }

  private static func total(_ flag: Bool?, _ limit: Int64?) throws(SearchProblem) -> Total {
    if let flag { return flag ? .exact : .none }
    guard let limit, limit >= -1 else {
      throw .illegal("[track_total_hits] parameter must be positive or equals to -1")
    }
    return limit == -1 ? .exact : .upTo(Int(limit))
  }

  private mutating func read(_ parameters: HTTPQuery) throws(SearchProblem) {
    if let text = parameters["q"] {
      var options = QueryString.Options()
      if let field = parameters["df"] { options.fields = [(field, 1)] }
      if let name = parameters["default_operator"] {
        options.needsAll = try QueryParser.isAnd(JSONMember("default_operator", .string(name)))
      }
      options.isLenient = parameters.bool("lenient") ?? false
      query = try QueryString.parse(text, options)
    }
    for name in ["from", "size"] where parameters.contains(name) {
      let number = try Self.int(JSONMember(name, .string(parameters[name] ?? "")))
      if name == "from" { from = number } else { size = number }
    }
    if let text = parameters["sort"] {
      sort = []
      defer { sort = Self.withoutDefault(sort) }
      for part in text.split(separator: ",") {
        let words = part.split(separator: ":").map(String.init)
        guard !words.isEmpty else { throw .illegal("field name is null or empty") }
        sort += try SortKey.parse(
          words.count == 2
            ? .object([JSONMember(words[0], .string(words[1]))]) : .string(words[0]))
      }
    }
    if let text = parameters["track_total_hits"] {
      total = try Self.total(Bool(text), Int64(text))
    }
    if parameters.contains("_source") || parameters.contains("_source_includes")
      || parameters.contains("_source_excludes")
    {
      source = try SourceFilter(parameters: parameters)
    }
    if parameters.bool("version") == true { showsVersion = true }
    if parameters.bool("seq_no_primary_term") == true { showsSequence = true }
    if parameters.bool("track_scores") == true { tracksScores = true }
    if let text = parameters["scroll"] { scroll = try Self.milliseconds(text) }
    for name in ["search_type", "ccs_minimize_roundtrips"] {
      if let value = parameters[name], value == "dfs_query_then_fetch" {
        throw .unsupported("search.search_type.\(value)")
      }
    }
  }

  /// `5m`, `30s`, `500ms`.
  static func milliseconds(_ text: String) throws(SearchProblem) -> Int64 {
    let units: [(String, Int64)] = [
      ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    for (unit, factor) in units where text.hasSuffix(unit) {
      if let number = Int64(text.dropLast(unit.count)), number >= 0, number < 1 << 32 {
        return number * factor
      }
    }
    throw .illegal(
      "failed to parse setting [scroll] with value [\(text)] as a time value: unit is missing or "
        + "unrecognized")
  }

  private func check() throws(SearchProblem) {
    let limit = Self.maximumWindow
    if scroll != nil {
      if size == 0 { throw .validation("[size] cannot be [0] in a scroll context") }
      if from > 0 { throw .validation("using [from] is not allowed in a scroll context") }
      if size > limit {
        throw .illegal(
          "Batch size is too large, size must be less than or equal to: [\(limit)] but was "
            + "[\(size)]. Scroll batch sizes cost as much memory as result windows so they are "
            + "controlled by the [index.max_result_window] index level setting.")
      }
    }
    if searchAfter != nil {
      if from > 0 {
        throw .illegal("`from` parameter must be set to 0 when `search_after` is used")
      }
      if scroll != nil { throw .validation("`search_after` cannot be used in a scroll context") }
    }
  }

  /// Whether the hits must be scored.
  var needsScores: Bool {
    sort.isEmpty || tracksScores || minimumScore != nil || sort.contains { $0.field == "_score" }
  }
}
