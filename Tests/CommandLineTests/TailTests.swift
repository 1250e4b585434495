import Foundation
import JSON
import Reviews
import TestKafka
import Testing

@testable import opine

/// `opine tail` against librdkafka's mock broker.
@Suite(.serialized) struct TailTests {
  private let kafka: MockKafka
  private let registry: Answers

  init() throws {
    kafka = try #require(MockKafka(topics: ["reviews.scored": 2]))
    registry = try Answers([
      ("GET", "/schemas/ids/8", 200, ["schema": .string(ReviewSchemas.scoredReview)])
    ])
  }

  private func tail(_ options: [String]) throws -> Program {
    try Program(["tail", "--kafka", kafka.address, "--registry", registry.url] + options)
  }

  @Test("shows a line each from the beginning, and ends after so many", .timeLimit(.minutes(1)))
  func fromStart() async throws {
    let long = "Dreadful.\n" + String(repeating: "cold soup ", count: 40) + "\u{1b}[2J"
    try await kafka.fill(
      "reviews.scored",
      [
        scoredRecord("a", .negative, score: -0.8, text: long, stars: 1),
        scoredRecord("b", .neutral, score: 0.01, text: "Fine."),
        scoredRecord("c", .positive, score: 0.9, text: "熱いスープ🍜".padding(to: 9), stars: 4.5),
        scoredRecord("d", .positive, score: 0.9, text: "never shown"),
      ])
    let ended = try await tail(["--from-start", "-n", "3"]).end()
    #expect(ended.code == 0)
    #expect(ended.lines.count == 3)
    #expect(
      ended.lines.first?.hasPrefix("NEGATIVE -0.80  1★   2024-03-02  cafe ") == true)
    #expect(ended.lines.first?.hasSuffix("…") == true)
    #expect(ended.lines.allSatisfy { $0.count <= 100 && !$0.contains("\u{1b}") })
    #expect(ended.lines.last?.contains("POSITIVE +0.90  4.5★") == true)
  }

  @Test("from now on: only what comes later, of every partition", .timeLimit(.minutes(1)))
  func fromNow() async throws {
    try await kafka.fill(
      "reviews.scored", [scoredRecord("old", .negative, score: -1, text: "before")])
    let program = try tail(["--json", "-n", "2"])
    #expect(try await program.says("from now on"))
    try await kafka.fill("reviews.scored", [scoredRecord("n0", .positive, score: 1, text: "later")])
    try await kafka.fill("reviews.scored", partition: 1, [("n1", nil)])
    let ended = try await program.end()
    #expect(ended.code == 0)
    #expect(Set(ended.json.compactMap { $0["review_id"]?.string }) == ["n0", "n1"])
    #expect(ended.json.first { $0["review_id"] == "n1" }?["deleted"] == true)
  }

  @Test("--label passes the others over; what is no scored review is told, not fatal")
  func label() async throws {
    try await kafka.fill(
      "reviews.scored",
      [
        ("bad", [9, 9, 9]), ("short", [0, 0, 0, 0, 8, 1]),
        scoredRecord("a", .negative, score: -1, text: "x"),
        scoredRecord("b", .positive, score: 1, text: "y"),
      ])
    let ended = try await tail(["--from-start", "--label", "positive", "-n", "1", "--json"]).end()
    #expect(ended.json.map { $0["review_id"] } == ["b"])
    #expect(ended.errors.contains("reviews.scored-0@0: no scored review"))
    #expect(ended.errors.contains("reviews.scored-0@1: no scored review"))
  }

  @Test("a signal ends it with 0, and no offset was committed", arguments: [SIGINT, SIGTERM])
  func signal(number: Int32) async throws {
    try await kafka.fill("reviews.scored", [scoredRecord("a", .negative, score: -1, text: "x")])
    let program = try tail(["--from-start"])
    #expect(try await program.lines(1).count == 1)
    program.signal(number)
    #expect(try await program.end().code == 0)
    #expect(try await kafka.committed("opine-tail", "reviews.scored", 0) == nil)
    #expect(try await kafka.committed("opine-tail", "reviews.scored", 1) == nil)
  }

  @Test("a missing topic is told with the command that makes it")
  func noTopic() async throws {
    let empty = try #require(MockKafka(topics: ["other": 1]))
    let ended = try await Program.run([
      "tail", "--kafka", empty.address, "--registry", registry.url,
    ])
    #expect(ended.code == 1)
    #expect(ended.errors.contains("next: opine apply"))
  }
}
