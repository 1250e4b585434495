import Bytes
import JSON

/// What a person looks for among scored reviews, and the request that finds it.
public struct ReviewSearch: Sendable, Equatable {
  public enum Order: String, Sendable, CaseIterable {
    case relevance, newest, oldest, negative, positive, stars
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
    var must: [JSONValue] = []
    if !text.isEmpty {
      must.append([
        "multi_match": [
          "query": .string(text), "fields": ["text", "title"], "operator": "and",
          "type": "cross_fields",
        ]
      ])
    }
    var filter: [JSONValue] = []
    if let label { filter.append(["term": ["sentiment_label": .string(label.uppercased())]]) }
    if let business { filter.append(["term": ["business_id": .string(business)]]) }
    if let stars {
      filter.append([
        "range": [
          "stars": [
            "gte": .number(String(stars.lowerBound)), "lte": .number(String(stars.upperBound)),
          ]
        ]
      ])
    }
    var dates: [JSONMember] = []
    if let since { dates.append(JSONMember("gte", .string(since))) }
    if let until { dates.append(JSONMember("lte", .string(until))) }
    if !dates.isEmpty {
      dates.append(JSONMember("format", "strict_date_optional_time||epoch_millis"))
      filter.append(["range": ["created_at": .object(dates)]])
    }
    let whole: JSONValue = must.isEmpty ? [["match_all": [:]]] : .array(must)
    return [
      "size": .int(count),
      "track_total_hits": true,
      "query": ["bool": ["must": whole, "filter": .array(filter)]],
      "sort": .array(sort),
      "highlight": [
        "pre_tags": ["\u{1}"], "post_tags": ["\u{2}"],
        "fields": ["text": ["number_of_fragments": 2, "fragment_size": 160]],
      ],
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
