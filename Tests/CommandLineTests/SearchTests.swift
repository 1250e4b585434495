import Elasticsearch
import Enrich
import JSON
import Testing

@testable import opine

/// `opine search --disagree` and `--explain`.
struct SearchTests {
  private static func document(_ text: String, version: String) -> JSONValue {
    [
      "review_id": "r1", "text": .string(text), "sentiment_label": "NEGATIVE",
      "sentiment_score": .number("-0.81"), "stars": 5, "created_at": 1_709_337_600_000,
      "model_id": "linear", "model_version": .string(version), "explanation": [],
      "source_topic": "reviews.raw", "source_partition": 2, "source_offset": 13,
    ]
  }

  private static func server(_ text: String, version: String) throws -> Answers {
    let hit: JSONValue = ["_source": document(text, version: version)]
    return try Answers([
      (
        "POST", "/reviews/_search", 200,
        ["hits": ["total": ["value": 1], "hits": [hit]]]
      )
    ])
  }

  @Test("--disagree asks for both kinds of disagreement, the surest label first")
  func disagree() async throws {
    let ended = try await Program.run(["search", "--disagree", "--curl"])
    #expect(ended.code == 0)
    let body = try #require(ended.output.split(separator: " -d '").last?.dropLast(2))
    let request = try JSONValue.parse(String(body))
    let either = request["query"]?["bool"]?["filter"]?[0]?["bool"]
    #expect(either?["minimum_should_match"]?.int64 == 1)
    let kinds = (either?["should"]?.array ?? []).map { kind in
      let both = kind["bool"]?["filter"]
      let stars = both?[0]?["range"]?["stars"]
      return [
        stars?["gte"]?.number ?? "", stars?["lte"]?.number ?? "",
        both?[1]?["term"]?["sentiment_label"]?.string ?? "",
      ]
    }
    #expect(kinds == [["4.0", "5.0", "NEGATIVE"], ["1.0", "2.0", "POSITIVE"]])
    #expect(request["sort"]?[0]?["sentiment_confidence"] == "desc")
    let sorted = try await Program.run(["search", "--disagree", "--sort", "newest", "--curl"])
    #expect(sorted.output.contains(#""sort":[{"created_at":"desc"}"#))
  }

  @Test("--explain marks the words that made the score, and names model and place")
  func explain() async throws {
    let version = try LinearModel.builtIn().name.version
    let found = try Self.server("We waited an hour.\nThe food was terrible.", version: version)
    let ended = try await Program.run(["search", "--explain", "--elasticsearch", found.url])
    #expect(ended.code == 0)
    #expect(ended.output.contains("NEGATIVE -0.81  5★   2024-03-02"))
    #expect(ended.output.contains(#/\[terrible -\d\.\d\d\]/#))
    #expect(ended.output.contains("linear/\(version) · reviews.raw/2@13"))
    #expect(!ended.output.contains("another model"))
  }

  @Test("--explain says so where another model scored the review")
  func explainedByAnother() async throws {
    let found = try Self.server("Wonderful, we loved it!", version: "0-older")
    let ended = try await Program.run(["search", "--explain", "--elasticsearch", found.url])
    #expect(ended.output.contains("linear/0-older · reviews.raw/2@13 · scored by another model"))
    #expect(ended.output.contains(#/which says \+\d\.\d\d/#))
    let lines = try await Program.run([
      "search", "--explain", "--json", "--elasticsearch", found.url,
    ])
    let terms = lines.json.first?["explanation"]?.array ?? []
    #expect(terms.contains { $0["term"] == "Wonderful" && ($0["weight"]?.double ?? 0) > 0 })
    #expect(lines.json.first?["explained_by"]?.string?.hasPrefix("linear/") == true)
  }

  @Test("score --explain gives each word's share and its place in the text")
  func score() async throws {
    let text = "Käse was awful"
    let ended = try await Program.run(["score", "--explain"], input: text + "\n")
    let terms = ended.json.first?["explanation"]?.array ?? []
    #expect(!terms.isEmpty && terms.count <= 3)
    for term in terms {
      let range = Int(term["start"]?.int64 ?? 0)..<Int(term["end"]?.int64 ?? 0)
      #expect(String(decoding: Array(text.utf8)[range], as: UTF8.self) == term["term"]?.string)
    }
    #expect(terms.contains { $0["term"] == "awful" && ($0["weight"]?.double ?? 0) < 0 })
    let plain = try await Program.run(["score"], input: text + "\n")
    #expect(plain.json.first?["explanation"] == nil)
  }

  @Test("a long text is cut, and strong words further on are named")
  func long() throws {
    let model = try LinearModel.builtIn()
    let text = String(repeating: "It was there ü. ", count: 80) + "Terrible."
    let marked = ExplainedText(text, model).marked
    #expect(marked.count < 1000)
    #expect(marked.contains("further on: ") && marked.contains("[Terrible -"))
    #expect(!marked.contains("\u{fffd}"))
  }
}
