import Elasticsearch
import Enrich
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
  static let disagree = Option(
    flag: "disagree", "stars against the text only; unless sorted, the surest label first")
  static let explain = Option(flag: "explain", "show which words made the score")
  static let curl = Option(flag: "curl", "print the request as a curl command instead")

  static let command = Command(
    "search", "look for scored reviews", arguments: "[TEXT]", argumentCount: 0...16,
    options: [
      .elasticsearch, label, stars, business, since, until, disagree, sort, limit, explain, .json,
      curl,
    ],
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
    let model = invocation.flag(explain) ? try ModelCommands.builtIn() : nil
    if invocation.flag(.json) {
      for hit in hits { Terminal.print(json(hit, explainedBy: model).serialized()) }
    } else {
      for hit in hits { show(hit, explainedBy: model) }
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
    search.disagree = invocation.flag(disagree)
    let isSorted = invocation.lookUp(sort)?.origin != .standard
    search.order = search.disagree && !isSorted ? .confidence : order
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

  private static func json(_ hit: JSONValue, explainedBy model: LinearModel?) -> JSONValue {
    var members = hit["_source"]?.object ?? []
    if let model, let text = hit["_source"]?["text"]?.string {
      members.removeAll { $0.name == "explanation" }
      members.append(JSONMember("explanation", ExplainedText(text, model).json))
      members.append(
        JSONMember("explained_by", .string("\(model.name.id)/\(model.name.version)")))
    }
    return .object(members)
  }

  private static func show(_ hit: JSONValue, explainedBy model: LinearModel?) {
    guard let review = hit["_source"] else { return }
    Terminal.print(ReviewLine(review).headline)
    if let model {
      let explained = ExplainedText(review["text"]?.string ?? "", model)
      Terminal.print("  " + explained.marked)
      Terminal.print(Terminal.styled("  " + origin(review, explainedBy: model), .dim) + "\n")
      return
    }
    let parts = hit["highlight"]?["text"]?.array?.compactMap(\.string)
    let text = parts.map { $0.joined(separator: " … ") } ?? review["text"]?.string ?? ""
    Terminal.print("  " + marked(String(text.prefix(400))) + "\n")
  }

  /// `linear/1 · reviews.raw/2@13`, and whether another model scored it than the one that explains.
  private static func origin(_ review: JSONValue, explainedBy model: LinearModel) -> String {
    func text(_ name: String) -> String {
      review[name].map { $0.string ?? $0.number ?? "?" } ?? "?"
    }
    let scorer = "\(text("model_id"))/\(text("model_version"))"
    let explainer = "\(model.name.id)/\(model.name.version)"
    let place = "\(text("source_topic"))/\(text("source_partition"))@\(text("source_offset"))"
    if scorer == explainer { return "\(scorer) · \(place)" }
    let own = ReviewLine.signed(model.score(text("text")).score)
    return "\(scorer) · \(place) · scored by another model: "
      + "the words are those of \(explainer), which says \(own)"
  }

  private static func marked(_ text: String) -> String {
    var shown = ""
    for part in text.split(separator: "\u{1}", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "\u{2}", maxSplits: 1, omittingEmptySubsequences: false)
        .map { Terminal.plain(String($0)) }
      if pieces.count == 2 {
        shown += Terminal.styled(pieces[0], .bold) + pieces[1]
      } else {
        shown += pieces.first ?? ""
      }
    }
    return shown
  }
}

func elasticsearch(_ invocation: Invocation) -> ElasticsearchClient {
  invocation.elasticsearch.client()
}

func unreachable(_ error: ElasticsearchError, _ what: String) -> CommandError {
  CommandError(
    error.isUnreachable ? .unreachable : .failed, what, why: error.description,
    next: error.isUnreachable
      ? "start Elasticsearch, or say where and how it is reached: --elasticsearch URL, "
        + "elasticsearch.* in opine.yaml" : "opine apply")
}
