import Elasticsearch
import Foundation
import JSON

/// `opine stats`: counts and mean scores of scored reviews, by what one chooses.
enum StatsCommand {
  static let by = Option(
    "by", .text, "WHAT,…", standard: "label",
    "label, day, week, month, business or stars; up to three, as stars,label")
  static let limit = Option(
    "limit", .number(0...10_000), "N", standard: "20", short: "n", "how many businesses to show")
  static let sort = Option(
    "sort", .text, "ORDER", standard: "reviews",
    "businesses by number of reviews, or the most negative or positive first")

  static let command = Command(
    "stats", "counts and mean scores of scored reviews", arguments: "[TEXT]",
    argumentCount: 0...16,
    options: [
      .elasticsearch, by, SearchCommand.label, SearchCommand.stars, SearchCommand.business,
      SearchCommand.since, SearchCommand.until, sort, limit, .json,
    ],
    example: "opine stats --by stars,label --since 2025-01-01"
  ) { invocation in
    let statistics = ReviewStatistics(
      of: try SearchCommand.selection(invocation), by: try dimensions(invocation),
      limit: max(1, try invocation.number(limit)), order: try order(invocation))
    let client = elasticsearch(invocation)
    defer { client.http.shutdown() }
    let result: ReviewStatistics.Result
    do throws(ElasticsearchError) {
      result = statistics.read(
        try client.call(
          .post, "/reviews/_search", statistics.body, operation: "count reviews"))
    } catch {
      throw unreachable(error, "the counts can't be had")
    }
    let table = StatisticsTable(result, statistics.dimensions)
    if invocation.flag(.json) {
      for group in table.json { Terminal.print(group.serialized()) }
    } else {
      Terminal.print(table.text(bars: Terminal.isInteractive))
      Terminal.print(Terminal.styled(table.summary, .dim))
    }
    return result.total.count == 0 ? .notFoundOrUnbalanced : .done
  }

  private static func order(_ invocation: Invocation) throws -> ReviewStatistics.BusinessOrder {
    guard let order = ReviewStatistics.BusinessOrder(rawValue: invocation.text(sort)) else {
      throw CommandError.usage("--sort is reviews, negative or positive", invocation.command)
    }
    return order
  }

  private static func dimensions(
    _ invocation: Invocation
  ) throws -> [ReviewStatistics.Dimension] {
    let names = invocation.text(by).split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
    let found = names.compactMap { ReviewStatistics.Dimension(rawValue: $0) }
    guard found.count == names.count, Set(found).count == found.count,
      (1...3).contains(found.count)
    else { throw CommandError.usage("--by is \(by.explanation)", invocation.command) }
    return found
  }
}
