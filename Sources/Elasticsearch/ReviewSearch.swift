import Bytes
import JSON

/// What a person looks for among scored reviews, and the request that finds it.
public struct ReviewSearch: Sendable, Equatable {
  public enum Order: String, Sendable, CaseIterable {
    case relevance, newest, oldest, negative, positive, stars, confidence
  }

  /// All of its words must occur, in the text or the title; empty: everything.
  public var text: String
  public var label: String?
  /// `4`, `1-2`, `<3`, `>=4`.
  public var stars: ClosedRange<Double>?
  public var business: String?
  /// Dates as Elasticsearch reads them: `2015-01-31`, milliseconds, `now-7d`.
  public var since: String?
  public var until: String?
  /// Only reviews whose stars contradict the text: 4 or 5 over NEGATIVE, 1 or 2 over POSITIVE.
  public var disagree = false
  public var order: Order
  public var count: Int

  public init(
    text: String, label: String? = nil, stars: ClosedRange<Double>? = nil, business: String? = nil,
    since: String? = nil, until: String? = nil, order: Order = .relevance, count: Int = 10
  ) {
    self.text = text
    self.label = label
    self.stars = stars
    self.business = business
    self.since = since
    self.until = until
    self.order = order
    self.count = count
  }

  /// The body of the `_search` request.
  public var body: JSONValue {
    [
      "size": .int(count),
      "track_total_hits": true,
      "query": query,
      "sort": .array(sort),
      "highlight": [
        "pre_tags": ["\u{1}"], "post_tags": ["\u{2}"],
        "fields": ["text": ["number_of_fragments": 2, "fragment_size": 160]],
      ],
    ]
  }

  /// Which reviews are looked for, without their order and number.
  public var query: JSONValue {
    var must: [JSONValue] = []
    if !text.isEmpty {
      must.append([
        "multi_match": [
          "query": .string(text), "fields": ["text", "title"], "operator": "and",
          "type": "cross_fields",
        ]
      ])
    }
    let whole: JSONValue = must.isEmpty ? [["match_all": [:]]] : .array(must)
    return ["bool": ["must": whole, "filter": .array(filters)]]
  }

  private var filters: [JSONValue] {
    var filters: [JSONValue] = []
    if let label { filters.append(["term": ["sentiment_label": .string(label.uppercased())]]) }
    if let business { filters.append(["term": ["business_id": .string(business)]]) }
    if let stars { filters.append(Self.within(stars)) }
    if disagree { filters.append(Self.disagreement) }
    var dates: [JSONMember] = []
    if let since { dates.append(JSONMember("gte", .string(since))) }
    if let until { dates.append(JSONMember("lte", .string(until))) }
    if !dates.isEmpty {
      dates.append(JSONMember("format", "strict_date_optional_time||epoch_millis"))
      filters.append(["range": ["created_at": .object(dates)]])
    }
    return filters
  }

  private static func within(_ stars: ClosedRange<Double>) -> JSONValue {
    let bounds: JSONValue = [
      "gte": .number(String(stars.lowerBound)), "lte": .number(String(stars.upperBound)),
    ]
    return ["range": ["stars": bounds]]
  }

  /// Many stars over a negative text, or few over a positive one.
  private static var disagreement: JSONValue {
    func both(_ stars: ClosedRange<Double>, _ label: JSONValue) -> JSONValue {
      ["bool": ["filter": [within(stars), ["term": ["sentiment_label": label]]]]]
    }
    return [
      "bool": [
        "should": [both(4...5, "NEGATIVE"), both(1...2, "POSITIVE")], "minimum_should_match": 1,
      ]
    ]
  }

  private var sort: [JSONValue] {
    let id: JSONValue = ["review_id": "asc"]
    switch order {
    case .relevance: return ["_score", id]
    case .newest: return [["created_at": "desc"], id]
    case .oldest: return [["created_at": "asc"], id]
    case .negative: return [["sentiment_score": "asc"], id]
    case .positive: return [["sentiment_score": "desc"], id]
    case .stars: return [["stars": "desc"], id]
    // The surest label first: where stars disagree with it, the strongest disagreement.
    case .confidence: return [["sentiment_confidence": "desc"], id]
    }
  }

  /// Reads `4`, `1-2`, `<=2`, `>=4` into a range of stars; nil where it is none of these.
  public static func starRange(_ text: String) -> ClosedRange<Double>? {
    if text.hasPrefix("<="), let top = Double(text.dropFirst(2)) { return top >= 0 ? 0...top : nil }
    if text.hasPrefix(">="), let low = Double(text.dropFirst(2)) { return low <= 5 ? low...5 : nil }
    let ends = text.split(separator: "-").map { Double($0) }
    switch ends.count {
    case 1: return ends[0].map { $0...$0 }
    case 2:
      guard let low = ends[0], let high = ends[1], low <= high else { return nil }
      return low...high
    default: return nil
    }
  }
}
