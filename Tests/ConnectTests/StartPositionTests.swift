import Foundation
import Kafka
import Telemetry
import TestKafka
import Testing

@testable import Connect

private let p0 = TopicPartition("t", 0)
private let p1 = TopicPartition("t", 1)

/// Where reading starts by the numbers alone.
@Suite struct StartPositionTests {
  private func start(_ committed: Int64?, _ remembered: Int64?) -> (position: Int64, gap: Gap?) {
    startPosition(
      of: p0, committed: committed, remembered: remembered, bounds: Watermarks(low: 10, high: 20))
  }

  @Test(arguments: [Int64(10), 15, 20])
  func aCommitWithinTheLogIsTheStart(committed: Int64) {
    let start = start(committed, nil)
    #expect(start.position == committed)
    #expect(start.gap == nil)
  }

  @Test func aFirstStartBeginsAtTheLogsBeginningAndIsNoGap() {
    let start = start(nil, nil)
    #expect(start.position == 10)
    #expect(start.gap == nil)
  }

  @Test func whatTheBrokerDeletedUnreadIsAGap() {
    let start = start(4, nil)
    #expect(start.position == 10)
    #expect(start.gap == Gap(source: p0, from: 4, to: 10, cause: .belowLogStart))
    #expect(start.gap?.count == 6)
  }

  @Test func aCommitBeyondTheEndIsAGap() {
    let start = start(25, nil)
    #expect(start.position == 10)
    #expect(start.gap?.cause == .beyondLogEnd)
  }

  @Test func aRememberedCommitThatTheBrokerHasNotIsAGap() {
    let start = start(nil, 15)
    #expect(start.position == 10)
    #expect(start.gap == Gap(source: p0, from: 10, to: 15, cause: .commitGone))
  }
}

/// What the data folder remembers, against a broker.
@BlockingTests @Suite(.timeLimit(.minutes(3))) final class AssignerTests {
  let kafka: MockKafka
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
  let store: StateStore
  let metrics = Metrics()

  init() throws {
    kafka = try #require(MockKafka(topics: ["t": 2]))
    store = try StateStore(directory: folder)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The positions of both partitions, asked for as a start does.
  private func positions(_ onGap: GapPolicy = .halt) throws -> [TopicPartition: Int64] {
    var settings = WorkerSettings(
      connector: "c", group: "g", topics: ["t"], consumer: kafka.properties,
      producer: kafka.properties, dataDirectory: folder)
    settings.onGap = onGap
    let consumer = try Consumer(kafka.properties.merging(["group.id": "g"]) { $1 })
    var assigner = Assigner(settings: settings, store: store, metrics: metrics)
    assigner.ask(for: [p0, p1])
    guard case .ready(let positions, _) = try assigner.positions(consumer, now: .zero) else {
      Issue.record("the broker does not answer")
      return [:]
    }
    return positions
  }

  private func failure() throws -> TaskFailure {
    try #require(throws: TaskFailure.self) { try positions() }
  }

  @Test func aFirstStartRemembersTheNumberOfPartitions() throws {
    #expect(try positions() == [p0: 0, p1: 0])
    #expect(try store.fact("partitions g t") == "2")
    #expect(try positions() == [p0: 0, p1: 0])
  }

  @Test func aTopicThatGrewIsReadFromTheBeginningOfItsNewPartitions() throws {
    try store.setFact("partitions g t", "1")
    #expect(try positions() == [p0: 0, p1: 0])
    #expect(try store.fact("partitions g t") == "2")
  }

  @Test func aTopicWithFewerPartitionsStopsByNameUntilAPersonDecides() throws {
    try store.setFact("partitions g t", "3")
    let failure = try failure()
    #expect(failure.kind == .gap)
    #expect(failure.reason.hasPrefix("topic t had 3 partitions and has 2"))
    #expect(failure.reason.contains("on.gap=continue"))
    #expect(try store.fact("partitions g t") == "3")
    #expect(try positions(.pass) == [p0: 0, p1: 0])
    #expect(try store.fact("partitions g t") == "2")
    #expect(try positions() == [p0: 0, p1: 0])
  }

  @Test func anotherClusterStopsByName() throws {
    try store.setFact("cluster g", "somewhere else")
    #expect(try failure().reason.contains("remembers cluster somewhere else"))
    #expect(try positions(.pass) == [p0: 0, p1: 0])
    #expect(try positions() == [p0: 0, p1: 0])
  }

  @Test func aRememberedCommitThatIsGoneStopsByNameAndIsCountedWhenPassed() throws {
    try store.setCommitted(group: "g", topic: "t", partition: 1, position: 7)
    #expect(try failure().reason.hasPrefix("t-1: offsets 0 to 6: the group's commit is gone"))
    let counted = metrics.counter(.recordsGap, ["connector": "c"]).current
    #expect(try positions(.pass) == [p0: 0, p1: 0])
    #expect(metrics.counter(.recordsGap, ["connector": "c"]).current == counted + 7)
  }
}
