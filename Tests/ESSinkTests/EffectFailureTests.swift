import Connect
import Foundation
import Synchronization
import TestKafka
import Testing

@testable import ESSink

/// Whatever single effect fails, whether it was carried out or not, the end is the same.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EffectFailureTests {
  /// Many at once: most of a run is waiting, for a new group's other members and for a place in it.
  private static let together = 40

  @Test(arguments: [EffectGate.Fate.refused, .lost])
  func anySingleEffectMayFailAndNothingIsLost(fate: EffectGate.Fate) async throws {
    var met: Set<Effect> = []
    var first = 1
    var isClean = false
    while !isClean {
      let wave = first..<first + Self.together
      let runs = try await withThrowingTaskGroup(of: Outcome.self) { group in
        for number in wave {
          group.addTask { try await Scenario(failing: number, fate: fate).run() }
        }
        return try await group.reduce(into: [Outcome]()) { $0.append($1) }
      }
      for run in runs { #expect(run.fault == nil, "effect \(run.number) of a run") }
      met.formUnion(runs.compactMap(\.failed))
      isClean = runs.contains { $0.failed == nil }
      first = wave.upperBound
    }
    #expect(met == Set(Effect.allCases), "every kind of effect has failed once")
  }
}

private struct Outcome: Sendable {
  let number: Int
  /// What failed; nil: the run had fewer effects.
  let failed: Effect?
  let fault: String?
}

/// Updates, a deletion, a record that cannot be read and one that Elasticsearch refuses, in two partitions,
/// for an index that is made first. Effect number `number` of the first worker fails.
private struct Scenario {
  private let number: Int
  private let bench: SinkBench
  private let failed = Failed()
  private let gate: EffectGate

  private final class Failed: Sendable {
    let state = Mutex<(count: Int, effect: Effect?)>((0, nil))
  }

  init(failing number: Int, fate: EffectGate.Fate) throws {
    self.number = number
    bench = try SinkBench(partitions: 2)
    bench.elasticsearch.remove("in")
    bench.elasticsearch.refuse("refused", 400, "document_parsing_exception")
    gate = EffectGate { [failed] effect in
      failed.state.withLock { state in
        state.count += 1
        guard state.count == number else { return .carriedOut }
        state.effect = effect
        return fate
      }
    }
  }

  func run() async throws -> Outcome {
    defer { bench.elasticsearch.stop() }
    try await bench.kafka.fill(
      "in", partition: 0,
      [
        ("a", SinkBench.value(1)), ("b", SinkBench.value(2)), ("broken", [0, 0, 0, 0, 1, 0xff]),
        ("a", SinkBench.value(3)), ("gone", SinkBench.value(4)), ("gone", nil),
      ])
    try await bench.kafka.fill(
      "in", partition: 1,
      [("c", SinkBench.value(5)), ("refused", SinkBench.value(6)), ("d", SinkBench.value(7))])
    let changes = [
      "batch.size": "2", "behavior.on.null.values": "DELETE", "schema.ignore": "false",
      "behavior.on.malformed.documents": "IGNORE", "linger.ms": "10",
    ]
    var failures: [String] = []
    if let failure = try await bench.start(changes, effects: gate).failure() {
      failures.append(failure.description)
      // As a supervisor would, once the cause is mended.
      if let again = try await bench.start(changes).failure() {
        failures.append(again.description)
      }
    }
    let effect = failed.state.withLock { $0.effect }
    return Outcome(number: number, failed: effect, fault: try await fault(failures))
  }

  /// What is wrong at the end; nil: nothing.
  private func fault(_ failures: [String]) async throws -> String? {
    let documents = bench.elasticsearch.documents.mapValues(\.document)
    let wanted = ["a": 3, "b": 2, "c": 5, "d": 7].mapValues { "{\"n\":\($0)}" }
    let letters = Set(try await bench.kafka.read("dlq").map(\.key))
    let commits = [try await bench.committed(0), try await bench.committed(1)]
    if failures.count > 1 || documents != wanted || letters != ["broken", "refused"]
      || commits != [6, 3]
    {
      return "\(failures) documents \(documents) letters \(letters) commits \(commits)"
    }
    return nil
  }
}
