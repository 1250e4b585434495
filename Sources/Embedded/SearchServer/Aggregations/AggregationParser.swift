import JSON

/// Reads the body of one aggregation.
enum AggregationParser {
  static func kind(_ part: JSONMember) throws(SearchProblem) -> Aggregation.Kind {
    let json = part.value
    switch part.name {
    case "terms": return .terms(try terms(json))
    case "date_histogram": return .dateHistogram(try dateHistogram(json))
    case "histogram": return .histogram(try histogram(json))
    case "range": return try range(json)
    case "filter": return .filter(try QueryParser.parse(json))
    case "filters": return .filters(try filters(json))
    case "missing":
      try check(json, ["field"], "missing")
      return .missing(field: try field(json, "missing"))
    case "percentiles":
      try check(json, ["field", "percents", "keyed"], "percentiles")
      for percent in json["percents"]?.array ?? [] {
        guard let number = percent.double, (0...100).contains(number) else {
          throw .illegal(
            "percent must be in [0,100], got [\(percent.serialized())]: [percentiles]")
        }
      }
      return .percentiles(
        field: try field(json, "percentiles"),
        percents: json["percents"]?.array?.compactMap(\.double) ?? [1, 5, 25, 50, 75, 95, 99],
        isKeyed: json["keyed"]?.bool ?? true)
    default:
      if let metric = Aggregation.Metric(rawValue: part.name) {
        try check(json, ["field", "missing", "format", "precision_threshold"], part.name)
        return .metric(
          metric, field: try field(json, part.name), missing: json["missing"],
          format: json["format"]?.string)
      }
      if Aggregation.refused.contains(part.name) {
        throw .unsupported(
          "aggs.\(part.name)", "aggregations here: \(Aggregation.names.joined(separator: ", "))")
      }
      throw SearchProblem(
        400, "parsing_exception", "Unknown aggregation type [\(part.name)]", [],
        cause: [
          "type": "named_object_not_found_exception",
          "reason": .string("unknown field [\(part.name)]"),
        ])
    }
  }

  private static func field(_ json: JSONValue, _ name: String) throws(SearchProblem) -> String {
    if json["script"] != nil { throw .unsupported("aggs.\(name).script") }
    guard let field = json["field"]?.string else {
      throw .illegal("Required one of fields [field, script], but none were specified. ")
    }
    return field
  }

  private static func check(
    _ json: JSONValue, _ known: Set<String>, _ name: String
  ) throws(SearchProblem) {
    for member in json.object ?? [] where !known.contains(member.name) {
      if refusedOptions.contains(member.name) {
        throw .unsupported("aggs.\(name).\(member.name)")
      }
      throw .contentParse("[\(name)] unknown field [\(member.name)]")
    }
  }

  private static let refusedOptions: Set = [
    "script", "value_type", "hard_bounds", "collect_mode", "execution_hint_ordinals", "tdigest",
    "hdr", "other_bucket", "other_bucket_key", "rate",
  ]

  // MARK: Buckets

  private static func terms(_ json: JSONValue) throws(SearchProblem) -> TermsOptions {
    try check(
      json,
      [
        "field", "size", "shard_size", "min_doc_count", "order", "missing", "include", "exclude",
        "format", "execution_hint", "show_term_doc_count_error", "shard_min_doc_count",
      ], "terms")
    var options = TermsOptions()
    options.field = try field(json, "terms")
    options.size = json["size"]?.int64.map { Int($0) } ?? 10
    guard options.size > 0 else {
      throw .illegal("[size] must be greater than 0. Found [\(options.size)] in [terms]")
    }
    options.minimumCount = json["min_doc_count"]?.int64.map { Int($0) } ?? 1
    if options.minimumCount == 0 { throw .unsupported("aggs.terms.min_doc_count.0", "1 or more") }
    if json["show_term_doc_count_error"]?.bool == true {
      throw .unsupported("aggs.terms.show_term_doc_count_error")
    }
    options.missing = json["missing"]
    options.format = json["format"]?.string
    options.includes = try list(json["include"], "include")
    options.excludes = try list(json["exclude"], "exclude") ?? []
    if let order = json["order"] { options.order = try orders(order) }
    return options
  }

  private static func list(
    _ json: JSONValue?, _ name: String
  ) throws(SearchProblem) -> [String]? {
    guard let json else { return nil }
    guard let elements = json.array else {
      throw .unsupported("aggs.terms.\(name) as an expression", "a list of values")
    }
    return elements.compactMap { $0.string ?? $0.number }
  }

  private static func orders(
    _ json: JSONValue
  ) throws(SearchProblem) -> [(by: TermsOptions.Order, isAscending: Bool)] {
    var orders: [(by: TermsOptions.Order, isAscending: Bool)] = []
    for element in json.array ?? [json] {
      for member in element.object ?? [] {
        guard let direction = member.value.string?.lowercased(),
          ["asc", "desc"].contains(direction)
        else { throw .parsing("Unknown order direction [\(member.value.string ?? "")]") }
        let by: TermsOptions.Order =
          switch member.name {
          case "_count": .count
          case "_key", "_term", "_time": .key
          default: .child(member.name)
          }
        orders.append((by, direction == "asc"))
      }
    }
    return orders
  }

  private static func one(
    _ json: JSONValue?, _ name: String
  ) throws(SearchProblem) -> (by: TermsOptions.Order, isAscending: Bool) {
    guard let json else { return (.key, true) }
    let found = try orders(json)
    guard found.count == 1 else { throw .unsupported("aggs.\(name).order of several") }
    return found[0]
  }

  private static func histogram(_ json: JSONValue) throws(SearchProblem) -> HistogramOptions {
    try check(
      json,
      [
        "field", "interval", "offset", "min_doc_count", "keyed", "extended_bounds", "missing",
        "order", "format",
      ], "histogram")
    if json["format"] != nil { throw .unsupported("aggs.histogram.format") }
    var options = HistogramOptions()
    options.field = try field(json, "histogram")
    options.interval = json["interval"]?.double ?? 0
    guard options.interval > 0 else {
      throw .illegal("[interval] must be >0 for histogram aggregation [histogram]")
    }
    options.offset = json["offset"]?.double ?? 0
    options.minimumCount = json["min_doc_count"]?.int64.map { Int($0) } ?? 0
    options.isKeyed = json["keyed"]?.bool ?? false
    options.missing = json["missing"]
    options.order = try one(json["order"], "histogram")
    if let bounds = json["extended_bounds"] {
      guard let low = bounds["min"]?.double, let high = bounds["max"]?.double else {
        throw .unsupported("aggs.histogram.extended_bounds with one bound")
      }
      options.bounds = (low, high)
    }
    return options
  }

  private static func dateHistogram(_ json: JSONValue) throws(SearchProblem) -> DateHistogramOptions
  {
    try check(
      json,
      [
        "field", "calendar_interval", "fixed_interval", "interval", "time_zone", "offset", "format",
        "min_doc_count", "keyed", "extended_bounds", "missing", "order",
      ], "date_histogram")
    var options = DateHistogramOptions()
    options.field = try field(json, "date_histogram")
    if let name = json["calendar_interval"]?.string {
      guard let unit = CalendarUnit(interval: name) else {
        throw .illegal(
          "The supplied interval [\(name)] could not be parsed as a calendar interval.")
      }
      options.interval = .calendar(unit)
    } else if let text = json["fixed_interval"]?.string {
      options.interval = .fixed(try fixed(text))
    } else {
      throw .illegal(
        "Invalid interval specified, must be non-null and non-empty: [calendar_interval] or "
          + "[fixed_interval]")
    }
    if let name = json["time_zone"]?.string {
      guard let zone = Zone(name) else { throw .illegal("Unknown time-zone ID: \(name)") }
      options.zone = zone
    }
    if let text = json["offset"]?.string {
      let isNegative = text.hasPrefix("-")
      let size = try fixed(text.filter { $0 != "+" && $0 != "-" })
      options.offset = isNegative ? -size : size
    }
    options.format = json["format"]?.string
    options.minimumCount = json["min_doc_count"]?.int64.map { Int($0) } ?? 0
    options.isKeyed = json["keyed"]?.bool ?? false
    options.missing = json["missing"]
    options.order = try one(json["order"], "date_histogram")
    if let bounds = json["extended_bounds"] {
      guard let low = bounds["min"], let high = bounds["max"] else {
        throw .unsupported("aggs.date_histogram.extended_bounds with one bound")
      }
      options.bounds = (low, high)
    }
    return options
  }

  private static func fixed(_ text: String) throws(SearchProblem) -> Int64 {
    do throws(SearchProblem) {
      let size = try SearchRequest.milliseconds(text)
      if size > 0 { return size }
    } catch {}
    throw .illegal("failed to parse interval [\(text)] as a time value")
  }

  private static func range(_ json: JSONValue) throws(SearchProblem) -> Aggregation.Kind {
    try check(json, ["field", "ranges", "keyed"], "range")
    var ranges: [Aggregation.RangeOptions] = []
    for element in json["ranges"]?.array ?? [] {
      try check(element, ["key", "from", "to"], "range")
      ranges.append(
        Aggregation.RangeOptions(
          key: element["key"]?.string,
          from: element["from"]?.double ?? element["from"]?.string.flatMap { Double($0) },
          to: element["to"]?.double ?? element["to"]?.string.flatMap { Double($0) }))
    }
    guard !ranges.isEmpty else {
      throw .illegal("No [ranges] specified for the [range] aggregation")
    }
    return .range(
      field: try field(json, "range"), ranges: ranges, isKeyed: json["keyed"]?.bool ?? false)
  }

  private static func filters(
    _ json: JSONValue
  ) throws(SearchProblem) -> [(name: String?, query: Query)] {
    try check(json, ["filters"], "filters")
    var filters: [(name: String?, query: Query)] = []
    if let elements = json["filters"]?.array {
      for element in elements { filters.append((nil, try QueryParser.parse(element))) }
    } else {
      let members = (json["filters"]?.object ?? []).sorted { $0.name < $1.name }
      for member in members {
        filters.append((member.name, try QueryParser.parse(member.value)))
      }
    }
    guard !filters.isEmpty else { throw .illegal("[filters] cannot be empty") }
    return filters
  }
}
