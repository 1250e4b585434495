import Connect
import Foundation
import Kafka
import Reviews
import Synchronization
import TestKafka
import Testing

@testable import Enrich

/// Made at once, where the real model takes longer than the rest of a run.
private final class Indifferent: SentimentModel {
  let name = ModelName(id: "indifferent", version: "1")

  func score(_ text: UnsafeRawBufferPointer) -> Sentiment {
    Sentiment(
      label: .neutral, score: 0, pNegative: 0, pNeutral: 1, pPositive: 0, wordCount: 1)
  }
}

/// Whatever single effect of enrich fails, whether it was carried out or not, the end is the same.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EnrichEffectTests {
  /// Of each fate at once: most of a run is waiting for a place in the group.
  private static let together = 6

  @Test(arguments: Effect.allCases)
  func anySingleEffectMayFailAndNothingIsLost(kind: Effect) async throws {
    var first = 1
    var isClean = false
    while !isClean {
      let runs = try await withThrowingTaskGroup(of: Outcome.self) { group in
        for fate in [EffectGate.Fate.refused, .lost] {
          for number in first..<first + Self.together {
            group.addTask { try await Self.run(failing: number, of: kind, fate) }
          }
        }
        return try await group.reduce(into: [Outcome]()) { $0.append($1) }
      }
      for run in runs { #expect(run.fault == nil, "number \(run.number)") }
      #expect(first > 1 || runs.contains(where: \.hasFailed), "it has failed once")
      isClean = runs.contains { !$0.hasFailed }
      first += Self.together
    }
  }

  private struct Outcome: Sendable {
    let number: Int
    /// False: the run had fewer effects of the kind.
    let hasFailed: Bool
    let fault: String?
  }

  /// Edits of one review, a deletion and what can't be read, of which one effect fails.
  private static func run(
    failing number: Int, of kind: Effect, _ fate: EffectGate.Fate
  ) async throws -> Outcome {
    let kafka = try #require(
      MockKafka(topics: ["reviews.raw": 1, "reviews.scored": 1, "reviews.dlq": 1]))
    try await kafka.fill(
      "reviews.raw",
      [
        EnrichTaskTests.raw("a", version: 1), EnrichTaskTests.raw("b", version: 2),
        ("broken", [0, 0, 0, 0, 7, 99]), EnrichTaskTests.raw("a", version: 4), ("b", nil),
      ])
    let met = Mutex(0)
    let gate = EffectGate { effect in
      guard effect == kind else { return .carriedOut }
      return met.withLock { met in
        met += 1
        return met == number ? fate : .carriedOut
      }
    }
    var failures: [TaskFailure] = []
    if let failure = await EnrichTaskTests.enrich(kafka, effects: gate, model: { Indifferent() }) {
      failures.append(failure)
      // As a supervisor would, once the cause is mended.
      if let again = await EnrichTaskTests.enrich(kafka, model: { Indifferent() }) {
        failures.append(again)
      }
    }
    return Outcome(
      number: number, hasFailed: met.withLock { $0 } >= number,
      fault: try await fault(kafka, failures))
  }

  /// What is wrong at the end; nil: nothing.
  private static func fault(_ kafka: MockKafka, _ failures: [TaskFailure]) async throws -> String? {
    let scored = try await kafka.read("reviews.scored")
    let newest = scored.last { $0.key == "a" }?.value.map(RecordScorerTests.version)
    let letters = Set(try await kafka.read("reviews.dlq").map(\.key))
    let committed = try await kafka.committed("opine-enrich", "reviews.raw")
    let versions = Set(scored.compactMap { $0.value.map(RecordScorerTests.version) })
    let isRight =
      failures.count < 2 && newest == 4 && scored.last { $0.key == "b" }?.value == nil
      && scored.contains { $0.key == "b" } && versions == [1, 2, 4] && letters == ["broken"]
      && committed == 5
    return isRight
      ? nil
      : "\(failures) newest \(newest ?? -1) versions \(versions) letters \(letters) \(committed ?? -1)"
  }
}
