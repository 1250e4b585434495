import JSON

/// Counts and mean scores of scored reviews by one to three dimensions: one request, aggregations only.
public struct ReviewStatistics: Sendable, Equatable {
  /// What reviews are grouped by.
  public enum Dimension: String, Sendable, CaseIterable {
    case label, day, week, month, business, stars

    var field: String {
      switch self {
      case .label: "sentiment_label"
      case .day, .week, .month: "created_at"
      case .business: "business_id"
      case .stars: "stars"
      }
    }

    public var isTime: Bool { [.day, .week, .month].contains(self) }
  }

  /// Which businesses come first.
  public enum BusinessOrder: String, Sendable, CaseIterable {
    /// The most reviewed.
    case reviews
    /// The lowest mean score.
    case negative
    /// The highest mean score.
    case positive
  }

  /// The value of a group in one dimension.
  public enum Key: Sendable, Hashable {
    case text(String)
    case number(Double)
    /// The begin of a day, week (Monday) or month, in milliseconds since 1970, UTC.
    case time(Int64)
  }

  /// The reviews of one group, or of all.
  public struct Group: Sendable, Equatable {
    /// One key for each dimension, in their order; none for all reviews.
    public var keys: [Key] = []
    public var count = 0
    public var negative = 0
    public var neutral = 0
    public var positive = 0
    /// Mean sentiment score; nil for no reviews.
    public var meanScore: Double?
    /// Mean stars; nil where no review has any.
    public var meanStars: Double?
  }

  /// What the answer says.
  public struct Result: Sendable, Equatable {
    public var total = Group()
    /// Groups with reviews, in the order of the dimensions.
    public var groups: [Group] = []
    /// Reviews of businesses beyond the `limit` first ones of a group.
    public var beyondLimit = 0
    /// Reviews without a value in one of the dimensions.
    public var withoutValue: Int {
      max(0, total.count - beyondLimit - groups.reduce(0) { $0 + $1.count })
    }
  }

  /// Which reviews are counted; its order and number do not matter.
  public let selection: ReviewSearch
  /// One to three.
  public let dimensions: [Dimension]
  /// Businesses told at most, in each group.
  public let limit: Int
  public let order: BusinessOrder

  public init(
    of selection: ReviewSearch, by dimensions: [Dimension], limit: Int,
    order: BusinessOrder = .reviews
  ) {
    self.order = order
    self.selection = selection
    self.dimensions = dimensions
    self.limit = limit
  }

  // MARK: - The request

  /// The body of the `_search` request.
  public var body: JSONValue {
    [
      "size": 0, "track_total_hits": true, "query": selection.query,
      "aggs": aggregations(dimensions[...]),
    ]
  }

  private func aggregations(_ rest: ArraySlice<Dimension>) -> JSONValue {
    var all = [
      JSONMember("score", ["avg": ["field": "sentiment_score"]]),
      JSONMember("rating", ["avg": ["field": "stars"]]),
      JSONMember("labels", ["terms": ["field": "sentiment_label", "size": 3]]),
    ]
    if let first = rest.first {
      var members = grouping(first).object ?? []
      members.append(JSONMember("aggs", aggregations(rest.dropFirst())))
      all.append(JSONMember("groups", .object(members)))
    }
    return .object(all)
  }

  private func grouping(_ dimension: Dimension) -> JSONValue {
    let field = JSONValue.string(dimension.field)
    switch dimension {
    case .label: return ["terms": ["field": field, "size": 3, "order": ["_key": "asc"]]]
    case .stars: return ["terms": ["field": field, "size": 50, "order": ["_key": "desc"]]]
    case .business:
      var terms: [JSONMember] = [JSONMember("field", field), JSONMember("size", .int(limit))]
      if order != .reviews {
        terms.append(JSONMember("order", ["score": order == .negative ? "asc" : "desc"]))
      }
      return ["terms": .object(terms)]
    case .day, .week, .month:
      return [
        "date_histogram": [
          "field": field, "calendar_interval": .string(dimension.rawValue), "min_doc_count": 1,
        ]
      ]
    }
  }

  // MARK: - The answer

  /// Reads the answer; what it lacks counts as none.
  public func read(_ answer: JSONValue) -> Result {
    var result = Result()
    let aggregations = answer["aggregations"] ?? .null
    let hits = answer["hits"]?["total"]?["value"]?.int64 ?? 0
    result.total = Self.group([], count: Int(hits), aggregations)
    collect(aggregations, [], dimensions[...], into: &result)
    return result
  }

  private func collect(
    _ aggregations: JSONValue, _ keys: [Key], _ rest: ArraySlice<Dimension>,
    into result: inout Result
  ) {
    guard let dimension = rest.first else { return }
    result.beyondLimit += Int(aggregations["groups"]?["sum_other_doc_count"]?.int64 ?? 0)
    for bucket in aggregations["groups"]?["buckets"]?.array ?? [] {
      guard let key = Self.key(bucket["key"], dimension) else { continue }
      if rest.count == 1 {
        let count = Int(bucket["doc_count"]?.int64 ?? 0)
        result.groups.append(Self.group(keys + [key], count: count, bucket))
      } else {
        collect(bucket, keys + [key], rest.dropFirst(), into: &result)
      }
    }
  }

  private static func key(_ value: JSONValue?, _ dimension: Dimension) -> Key? {
    if dimension.isTime { return value?.double.map { .time(Int64($0)) } }
    if dimension == .stars { return value?.double.map { .number($0) } }
    return value?.string.map { .text($0) }
  }

  private static func group(_ keys: [Key], count: Int, _ aggregations: JSONValue) -> Group {
    var group = Group(keys: keys, count: count)
    for bucket in aggregations["labels"]?["buckets"]?.array ?? [] {
      let count = Int(bucket["doc_count"]?.int64 ?? 0)
      switch bucket["key"]?.string {
      case "NEGATIVE": group.negative = count
      case "NEUTRAL": group.neutral = count
      case "POSITIVE": group.positive = count
      default: break
      }
    }
    group.meanScore = aggregations["score"]?["value"]?.double
    group.meanStars = aggregations["rating"]?["value"]?.double
    return group
  }
}
