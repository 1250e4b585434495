import Elasticsearch
import HTTPClient
import JSON

/// `opine search`: looks for scored reviews.
enum SearchCommand {
  static let label = Option("label", .text, "LABEL", "negative, neutral or positive")
  static let stars = Option("stars", .text, "RANGE", "as 4, 1-2, <=2 or >=4")
  static let business = Option("business", .text, "ID", "of this business only")
  static let since = Option("since", .text, "DATE", "written on or after, as 2015-01-31")
  static let until = Option("until", .text, "DATE", "written on or before")
  static let sort = Option(
    "sort", .text, "ORDER", standard: "relevance",
    "relevance, newest, oldest, negative, positive, stars or confidence")
  static let limit = Option(
    "limit", .number(0...10_000), "N", standard: "10", short: "n", "how many reviews to show")
  static let curl = Option(flag: "curl", "print the request as a curl command instead")

  static let command = Command(
    "search", "look for scored reviews", arguments: "[TEXT]", argumentCount: 0...16,
    options: [.elasticsearch, label, stars, business, since, until, sort, limit, .json, curl],
    example: "opine search \"cold food\" --label negative -n 5"
  ) { invocation in
    let search = try query(invocation)
    let client = elasticsearch(invocation)
    defer { client.http.shutdown() }
    if invocation.flag(curl) {
      let body = search.body.serialized().replacing("'", with: "'\\''")
        .replacing("\u{1}", with: "<em>").replacing("\u{2}", with: "</em>")
      Terminal.print(
        "curl -s '\(client.urls[0])/reviews/_search?pretty' "
          + "-H 'Content-Type: application/json' -d '\(body)'")
      return .done
    }
    let answer: JSONValue
    do throws(ElasticsearchError) {
      answer = try client.call(.post, "/reviews/_search", search.body, operation: "search reviews")
    } catch {
      throw unreachable(error, "the search failed")
    }
    let hits = answer["hits"]?["hits"]?.array ?? []
    if invocation.flag(.json) {
      for hit in hits { Terminal.print(json(hit).serialized()) }
    } else {
      for hit in hits { show(hit) }
      let total = answer["hits"]?["total"]?["value"]?.int64 ?? 0
      Terminal.print(
        Terminal.styled("\(hits.count) of \(Terminal.grouped(Int(total))) reviews", .dim))
    }
    return hits.isEmpty ? .notFoundOrUnbalanced : .done
  }

  private static func query(_ invocation: Invocation) throws -> ReviewSearch {
    var search = try selection(invocation)
    guard let order = ReviewSearch.Order(rawValue: invocation.text(sort)) else {
      throw CommandError.usage("--sort is \(sort.explanation)", invocation.command)
    }
    search.order = order
    search.count = try invocation.number(limit)
    return search
  }

  /// The reviews that the words and the options name, without order and number.
  static func selection(_ invocation: Invocation) throws -> ReviewSearch {
    var search = ReviewSearch(text: invocation.arguments.joined(separator: " "))
    search.label = try labelOption(invocation)
    if let text = invocation.optional(stars) {
      guard let range = ReviewSearch.starRange(text) else {
        throw CommandError.usage("--stars is as 4, 1-2, <=2 or >=4", invocation.command)
      }
      search.stars = range
    }
    search.business = invocation.optional(business)
    search.since = invocation.optional(since)
    search.until = invocation.optional(until)
    return search
  }

  /// The label's symbol, where one is asked for.
  static func labelOption(_ invocation: Invocation) throws -> String? {
    guard let text = invocation.optional(label)?.uppercased() else { return nil }
    guard ["NEGATIVE", "NEUTRAL", "POSITIVE"].contains(text) else {
      throw CommandError.usage("--label is negative, neutral or positive", invocation.command)
    }
    return text
  }

  private static func json(_ hit: JSONValue) -> JSONValue {
    .object(hit["_source"]?.object ?? [])
  }

  private static func show(_ hit: JSONValue) {
    guard let review = hit["_source"] else { return }
    Terminal.print(ReviewLine(review).headline)
    let parts = hit["highlight"]?["text"]?.array?.compactMap(\.string)
    let text = parts.map { $0.joined(separator: " … ") } ?? review["text"]?.string ?? ""
    Terminal.print("  " + marked(String(text.prefix(400))) + "\n")
  }

  private static func marked(_ text: String) -> String {
    var shown = ""
    for part in text.replacing("\n", with: " ").split(
      separator: "\u{1}", omittingEmptySubsequences: false)
    {
      let pieces = part.split(separator: "\u{2}", maxSplits: 1, omittingEmptySubsequences: false)
      if pieces.count == 2 {
        shown += Terminal.styled(String(pieces[0]), .bold) + pieces[1]
      } else {
        shown += part
      }
    }
    return shown
  }
}

/// A client for commands that end: short limits.
func elasticsearch(_ invocation: Invocation) -> ElasticsearchClient {
  let configuration = HTTPClientConfiguration(connectTimeout: .seconds(2), timeout: .seconds(30))
  return ElasticsearchClient(
    urls: invocation.text(.elasticsearch).split(separator: ",").map(String.init),
    http: HTTPClient(configuration: configuration))
}

func unreachable(_ error: ElasticsearchError, _ what: String) -> CommandError {
  CommandError(
    error.isUnreachable ? .unreachable : .failed, what, why: error.description,
    next: error.isUnreachable
      ? "start Elasticsearch, or say where it is: --elasticsearch URL" : "opine apply")
}
