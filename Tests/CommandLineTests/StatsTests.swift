import Elasticsearch
import Foundation
import JSON
import Testing

@testable import opine

/// `opine stats`: its one request, and what it makes of the answer.
struct StatsTests {
  private static func bucket(
    _ key: JSONValue, _ counts: (negative: Int, neutral: Int, positive: Int), score: String,
    groups: JSONValue? = nil
  ) -> JSONValue {
    let labels = [
      ("NEGATIVE", counts.negative), ("NEUTRAL", counts.neutral), ("POSITIVE", counts.positive),
    ].map {
      JSONValue.object([JSONMember("key", .string($0.0)), JSONMember("doc_count", .int($0.1))])
    }
    var members = [
      JSONMember("key", key),
      JSONMember("doc_count", .int(counts.negative + counts.neutral + counts.positive)),
      JSONMember("score", ["value": .number(score)]),
      JSONMember("rating", ["value": "n/a"]),
      JSONMember("labels", ["buckets": .array(labels)]),
    ]
    if let groups { members.append(JSONMember("groups", groups)) }
    return .object(members)
  }

  private static func answer(_ total: Int, _ buckets: [JSONValue], others: Int = 0) -> JSONValue {
    [
      "hits": ["total": ["value": .int(total)]],
      "aggregations": [
        "score": ["value": .number("-0.25")], "rating": ["value": .number("3.5")],
        "groups": ["buckets": .array(buckets), "sum_other_doc_count": .int(others)],
      ],
    ]
  }

  @Test("asks for aggregations and no documents")
  func request() throws {
    let search = ReviewSearch(text: "soup", label: "NEGATIVE")
    let body = ReviewStatistics(of: search, by: [.stars, .month], limit: 7).body
    #expect(body["size"]?.int64 == 0)
    #expect(body["query"] == search.query)
    let groups = body["aggs"]?["groups"]
    #expect(groups?["terms"]?["field"] == "stars")
    let inner = groups?["aggs"]?["groups"]
    #expect(inner?["date_histogram"]?["calendar_interval"] == "month")
    #expect(inner?["aggs"]?["groups"] == nil)
    #expect(inner?["aggs"]?["score"]?["avg"]?["field"] == "sentiment_score")
  }

  @Test("businesses come by their reviews, or by their mean score")
  func businessOrder() {
    func terms(_ order: ReviewStatistics.BusinessOrder) -> JSONValue? {
      ReviewStatistics(of: ReviewSearch(text: ""), by: [.business], limit: 3, order: order)
        .body["aggs"]?["groups"]?["terms"]
    }
    #expect(terms(.reviews)?["order"] == nil)
    #expect(terms(.negative)?["order"] == ["score": "asc"])
    #expect(terms(.positive)?["order"] == ["score": "desc"])
  }

  @Test("what the groups leave out is told: businesses beyond the limit, reviews without a value")
  func leftOut() {
    let statistics = ReviewStatistics(of: ReviewSearch(text: ""), by: [.business], limit: 1)
    let result = statistics.read(
      Self.answer(20, [Self.bucket("cafe", (1, 2, 7), score: "0.5")], others: 6))
    #expect(result.groups.map(\.count) == [10])
    #expect(result.beyondLimit == 6)
    #expect(result.withoutValue == 4)
    let summary = StatisticsTable(result, [.business]).summary
    #expect(summary.contains("20 reviews, mean score -0.25, mean stars 3.5"))
    #expect(summary.contains("6 of further businesses"))
    #expect(summary.contains("4 without business"))
  }

  @Test("two dimensions are a matrix, with the share of each row")
  func matrix() {
    func stars(_ number: String, _ negative: Int, _ positive: Int) -> JSONValue {
      var buckets: [JSONValue] = []
      if negative > 0 { buckets.append(Self.bucket("NEGATIVE", (negative, 0, 0), score: "-0.5")) }
      buckets.append(Self.bucket("POSITIVE", (0, 0, positive), score: "0.5"))
      return Self.bucket(
        .number(number), (negative, 0, positive), score: "0", groups: ["buckets": .array(buckets)])
    }
    let statistics = ReviewStatistics(of: ReviewSearch(text: ""), by: [.stars, .label], limit: 20)
    let result = statistics.read(
      Self.answer(12, [stars("5.0", 0, 8), stars("1.0", 3, 1)]))
    let lines = StatisticsTable(result, [.stars, .label]).text(bars: false).split(separator: "\n")
    let words = lines.map { $0.split(separator: " ").map(String.init) }
    #expect(words.first == ["STARS", "REVIEWS", "SCORE", "NEGATIVE", "POSITIVE"])
    #expect(words.dropFirst().first == ["5★", "8", "+0.50", "-", "8", "100", "%"])
    #expect(words.last == ["1★", "4", "-0.25", "3", "75", "%", "1", "25", "%"])
  }

  @Test("no line is wider than 100 columns, whatever the names and the number of columns")
  func width() {
    let long = String(repeating: "name-", count: 40)
    let groups = (0..<12).map { row in
      let inner = (0..<9).map { Self.bucket(.string("\(long)\($0)"), (1, 1, 1), score: "0.1") }
      return Self.bucket(
        .int(row), (9, 9, 9), score: "0.1", groups: ["buckets": .array(inner)])
    }
    for dimensions: [ReviewStatistics.Dimension] in [[.day, .business], [.day]] {
      let statistics = ReviewStatistics(of: ReviewSearch(text: ""), by: dimensions, limit: 20)
      let table = StatisticsTable(statistics.read(Self.answer(324, groups)), dimensions)
      for bars in [false, true] {
        let lines = table.text(bars: bars).split(separator: "\n")
        #expect(lines.count > 12)
        #expect(lines.allSatisfy { $0.count <= 100 })
      }
    }
  }

  @Test("a bar is as long as its count and has its labels' parts")
  func bars() {
    let statistics = ReviewStatistics(of: ReviewSearch(text: ""), by: [.business], limit: 20)
    let result = statistics.read(
      Self.answer(
        60, [Self.bucket("a", (20, 10, 10), score: "0"), Self.bucket("b", (0, 0, 20), score: "1")]))
    let lines = StatisticsTable(result, [.business]).text(bars: true).split(separator: "\n")
    func marks(_ line: Substring, _ mark: Character) -> Int { line.count { $0 == mark } }
    #expect(marks(lines[1], "▓") == 20 && marks(lines[1], "░") == 10 && marks(lines[1], "█") == 10)
    #expect(marks(lines[2], "█") == 20 && marks(lines[2], "▓") == 0)
  }

  @Test("the command prints JSON lines, and says 3 where nothing matches")
  func command() async throws {
    let found = try Answers([
      (
        "POST", "/reviews/_search", 200,
        Self.answer(5, [Self.bucket("POSITIVE", (0, 0, 5), score: "0.8")])
      )
    ])
    let ended = try await Program.run(["stats", "--elasticsearch", found.url, "--json"])
    #expect(ended.code == 0)
    #expect(ended.json.count == 1)
    #expect(ended.json.first?["label"] == "POSITIVE")
    #expect(ended.json.first?["share"]?.double == 1)
    #expect(ended.json.first?["mean_score"]?.double == 0.8)
    let nothing = try Answers([("POST", "/reviews/_search", 200, Self.answer(0, []))])
    #expect(try await Program.run(["stats", "--elasticsearch", nothing.url]).code == 3)
    #expect(try await Program.run(["stats", "--by", "label,label"]).code == 64)
    let down = try await Program.run(["stats", "--elasticsearch", "http://127.0.0.1:1"])
    #expect(down.code == 5)
    #expect(down.errors.contains("next:"))
  }

  @Test("standard output that is read is written to its end")
  func wholeOutput() async throws {
    let lines = (0..<20_000).map { "line \($0)" }
    let ended = try await Program.run(["score"], input: lines.joined(separator: "\n") + "\n")
    #expect(ended.code == 0)
    #expect(ended.lines.count == lines.count)
  }

  @Test("a reader that has gone away ends no command by a crash")
  func brokenPipe() async throws {
    let many = (0..<3000).map { Self.bucket(.int($0), (1, 0, 0), score: "0") }
    let found = try Answers([("POST", "/reviews/_search", 200, Self.answer(3000, many))])
    let program = try Program(
      ["stats", "--by", "day", "--elasticsearch", found.url, "--json"])
    try program.stopReading()
    #expect(try await program.end().code == 0)
  }
}
