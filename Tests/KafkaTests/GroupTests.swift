import CRdKafka
import Foundation
import TestKafka
import Testing

@testable import Kafka

private let place = TopicPartition("t", 0)

/// A group's members as they come and go, and its commits as an operator changes them.
@BlockingTests @Suite(.timeLimit(.minutes(3))) struct GroupTests {
  let kafka: MockKafka

  init() throws { kafka = try #require(MockKafka(topics: ["t": 2])) }

  private func eventually(_ comment: Comment, _ condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try !condition() { try #require(ContinuousClock.now < deadline, comment) }
  }

  @Test func aMemberThatNeverGotPartitionsCanGo() throws {
    kafka.refuseAssignments()
    let consumer = try Consumer(kafka.properties.merging(["group.id": "g"]) { $1 })
    try consumer.subscribe(["t"])
    try eventually("the consumer has joined the group") {
      consumer.poll(maximumRecords: 1, milliseconds: 50) { _ in }
      guard let id = rd_kafka_memberid(consumer.client.raw) else { return false }
      defer { rd_kafka_mem_free(consumer.client.raw, id) }
      return id.pointee != 0
    }
    // It has been told its id; the refused assignment comes some round trips later.
    for _ in 0..<80 { consumer.poll(maximumRecords: 1, milliseconds: 50) { _ in } }
    consumer.close(milliseconds: 1000)
  }

  /// However far it got with its group: before it was told its id, while the others are waited for, with
  /// partitions, after a rebalance that another member's coming and going made.
  @Test(arguments: [0, 20, 61, 63, 66, 80])
  func aMemberCanLeaveAtAnyMoment(rounds: Int) throws {
    let properties = kafka.properties.merging(["group.id": "g"]) { $1 }
    let other = try Consumer(properties.merging(["group.instance.id": "a"]) { $1 })
    try other.subscribe(["t"])
    let consumer = try Consumer(properties.merging(["group.instance.id": "b"]) { $1 })
    try consumer.subscribe(["t"])
    for _ in 0..<rounds {
      other.poll(maximumRecords: 1, milliseconds: 25) { Self.obey($0, other) }
      consumer.poll(maximumRecords: 1, milliseconds: 25) { Self.obey($0, consumer) }
    }
    consumer.leave(milliseconds: 3000)
    consumer.close(milliseconds: 3000)
    #expect(rd_kafka_consumer_closed(consumer.client.raw) == 1)
    other.close(milliseconds: 3000)
  }

  private static func obey(_ event: ConsumerEvent, _ consumer: borrowing Consumer) {
    switch event {
    case .assigned(let places):
      try? consumer.assign(Dictionary(uniqueKeysWithValues: places.map { ($0, 0) }))
    case .revoked(let places, _): try? consumer.unassign(places)
    default: break
    }
  }

  @Test func aGroupsCommitsAreReadSetAndReadAgain() async throws {
    try await kafka.commit([place: 3], group: "g")
    let admin = try Admin(kafka.properties)
    expect(try admin.groupOffsets("g"), is: [place: 3])
    try admin.setGroupOffsets("g", [place: 1, TopicPartition("t", 1): 7])
    expect(try admin.groupOffsets("g"), is: [place: 1, TopicPartition("t", 1): 7])
    expect(try admin.groupOffsets("nobody"), is: [:])
  }

  @Test func aClusterWithoutTheCallSaysSo() throws {
    let admin = try Admin(kafka.properties)
    let error = #expect(throws: KafkaError.self) {
      try admin.deleteGroupOffsets("g", [place])
    }
    #expect(error?.code == "_UNSUPPORTED_FEATURE")
  }
}

@Suite struct PropertyCheckTests {
  @Test func librdkafkaIsAskedAboutNamesAndValues() {
    #expect(PropertyCheck("session.timeout.ms", "6000") == .accepted)
    #expect(PropertyCheck("max.poll.records", "5") == .unknown)
    guard case .refused = PropertyCheck("session.timeout.ms", "soon") else {
      Issue.record("soon is no number of milliseconds")
      return
    }
  }
}
