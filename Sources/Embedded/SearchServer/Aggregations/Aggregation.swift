import JSON

/// An aggregation as it was asked.
struct Aggregation {
  indirect enum Kind {
    case terms(TermsOptions)
    case dateHistogram(DateHistogramOptions)
    case histogram(HistogramOptions)
    case range(field: String, ranges: [RangeOptions], isKeyed: Bool)
    case filter(Query)
    case filters([(name: String?, query: Query)])
    case missing(field: String)
    case metric(Metric, field: String, missing: JSONValue?, format: String?)
    case percentiles(field: String, percents: [Double], isKeyed: Bool)
  }

  enum Metric: String, CaseIterable {
    case avg, min, max, sum, stats, cardinality
    case valueCount = "value_count"
    case extendedStats = "extended_stats"
  }

  struct RangeOptions {
    var key: String?
    var from: Double?
    var to: Double?
  }

  let name: String
  let kind: Kind
  let children: [Aggregation]
  let meta: JSONValue?

  /// Aggregations that are known, by name.
  static let names =
    ["terms", "date_histogram", "histogram", "range", "filter", "filters", "missing"]
    + Metric.allCases.map(\.rawValue) + ["percentiles"]

  /// Aggregations of Elasticsearch that are refused by name.
  static let refused: Set = [
    "composite", "top_hits", "significant_terms", "significant_text", "percentile_ranks", "global",
    "auto_date_histogram", "bucket_sort", "bucket_script", "bucket_selector", "derivative",
    "cumulative_sum", "moving_fn", "moving_avg", "serial_diff", "avg_bucket", "max_bucket",
    "min_bucket", "sum_bucket", "stats_bucket", "extended_stats_bucket", "percentiles_bucket",
    "nested", "reverse_nested", "children", "parent", "sampler", "diversified_sampler",
    "random_sampler", "rare_terms", "multi_terms", "adjacency_matrix", "geo_bounds",
    "geo_centroid", "geo_distance", "geohash_grid", "geotile_grid", "ip_range", "date_range",
    "weighted_avg", "median_absolute_deviation", "scripted_metric", "string_stats", "boxplot",
    "rate", "t_test", "top_metrics", "matrix_stats", "variable_width_histogram",
    "categorize_text", "time_series", "ip_prefix", "frequent_item_sets", "bucket_correlation",
    "cumulative_cardinality", "normalize", "change_point", "inference",
  ]

  static func parse(_ json: JSONValue) throws(SearchProblem) -> [Aggregation] {
    var aggregations: [Aggregation] = []
    for member in json.object ?? [] {
      guard !member.name.contains(where: { "[]>".contains($0) }) else {
        throw .parsing(
          "Invalid aggregation name [\(member.name)]. Aggregation names can contain any character "
            + "except '[', ']', and '>'")
      }
      aggregations.append(try parse(member))
    }
    return aggregations
  }

  private static func parse(_ member: JSONMember) throws(SearchProblem) -> Aggregation {
    var kind: Kind?
    var children: [Aggregation] = []
    var meta: JSONValue?
    var kindName = ""
    for part in member.value.object ?? [] {
      switch part.name {
      case "aggs", "aggregations": children = try parse(part.value)
      case "meta": meta = part.value
      default:
        guard kind == nil else {
          throw .parsing(
            "Found two aggregation type definitions in [\(member.name)]: [\(kindName)] and "
              + "[\(part.name)]")
        }
        kindName = part.name
        kind = try AggregationParser.kind(part)
      }
    }
    guard let kind else {
      throw .parsing("Missing definition for aggregation [\(member.name)]")
    }
    switch kind {
    case .metric, .percentiles:
      guard children.isEmpty else {
        throw SearchProblem(
          400, "aggregation_initialization_exception",
          "Aggregator [\(member.name)] of type [\(kindName)] cannot accept sub-aggregations")
      }
    default: break
    }
    return Aggregation(name: member.name, kind: kind, children: children, meta: meta)
  }
}

struct TermsOptions {
  enum Order: Equatable {
    case count
    case key
    /// A child, or a value of one that has several: `stats.avg`.
    case child(String)
  }

  var field = ""
  var size = 10
  var minimumCount = 1
  var order: [(by: Order, isAscending: Bool)] = [(.count, false)]
  var missing: JSONValue?
  var includes: [String]?
  var excludes: [String] = []
  var format: String?
}

struct HistogramOptions {
  var field = ""
  var interval = 0.0
  var offset = 0.0
  var minimumCount = 0
  var isKeyed = false
  var bounds: (min: Double, max: Double)?
  var missing: JSONValue?
  var order: (by: TermsOptions.Order, isAscending: Bool) = (.key, true)
}

struct DateHistogramOptions {
  enum Interval {
    case calendar(CalendarUnit)
    /// Milliseconds.
    case fixed(Int64)
  }

  var field = ""
  var interval = Interval.fixed(0)
  var zone = Zone.utc
  var offset: Int64 = 0
  var format: String?
  var minimumCount = 0
  var isKeyed = false
  var bounds: (min: JSONValue, max: JSONValue)?
  var missing: JSONValue?
  var order: (by: TermsOptions.Order, isAscending: Bool) = (.key, true)
}
