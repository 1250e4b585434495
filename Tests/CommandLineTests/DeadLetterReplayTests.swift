import Foundation
import JSON
import Kafka
import TestKafka
import Testing

@testable import opine

/// `opine dlq replay` against librdkafka's mock broker.
@Suite(.serialized) struct DeadLetterReplayTests {
  private let kafka: MockKafka

  init() throws {
    kafka = try #require(MockKafka(topics: ["reviews.dlq": 1, "reviews.scored": 3, "other": 1]))
  }

  /// Puts a letter of a record on the dead letter topic.
  private func letter(
    _ key: String, of topic: String, partition: Int32 = 0, offset: Int64,
    stage: DeadLetterStage = .task, more: [RecordHeader] = []
  ) async throws {
    let fault = RecordFault(stage: stage, kind: "document", reason: "refused")
    let headers =
      more
      + DeadLetterHeaders.make(
        source: TopicPartition(topic, partition), offset: offset, connector: "c", task: 0,
        executingClass: "opine", fault: fault)
    try await send(key, headers)
  }

  private func send(_ key: String, _ headers: [RecordHeader]) async throws {
    let properties = kafka.properties
    try await opine.onThread {
      var producer = try Producer(properties)
      try Array(key.utf8).withUnsafeBytes { key in
        try Array("value".utf8).withUnsafeBytes { value in
          try producer.produce(
            topic: "reviews.dlq", key: key, value: value, headers: headers, token: 1)
        }
      }
      while producer.outstanding > 0 { producer.poll(milliseconds: 100) { _ in } }
    }
  }

  private struct Read: Equatable {
    let place: TopicPartition
    let key: String?
    let headers: [RecordHeader]
  }

  private func records(of topic: String) async throws -> [Read] {
    let properties = kafka.properties
    return try await opine.onThread {
      var found: [Read] = []
      try TopicReader(topics: [topic], kafka: properties).read { place, record in
        let key = record.key.map { String(decoding: $0, as: UTF8.self) }
        found.append(Read(place: place, key: key, headers: record.headers))
      }
      return found
    }
  }

  private func replay(_ words: [String]) async throws -> Program.Ended {
    try await Program(["dlq", "replay", "--kafka", kafka.address] + words).end()
  }

  @Test(.timeLimit(.minutes(1)))
  func aLetterGoesBackToItsPartitionWithItsOffsetAsVersion() async throws {
    let own = RecordHeader("own", text: "kept")
    try await letter("a", of: "reviews.scored", partition: 2, offset: 41, more: [own])
    let ended = try await replay(["--yes", "--json"])
    #expect(ended.code == 0)
    #expect(ended.json.first?["replayed"]?.int64 == 1)
    let version = RecordHeader("opine.version", text: "41")
    #expect(
      try await records(of: "reviews.scored") == [
        Read(place: TopicPartition("reviews.scored", 2), key: "a", headers: [own, version])
      ])
    #expect(try await records(of: "reviews.dlq").count == 1)
  }

  @Test(.timeLimit(.minutes(1)))
  func aLetterOfAReplayKeepsTheVersionOfItsFirstLife() async throws {
    let version = RecordHeader("opine.version", text: "7")
    try await letter("a", of: "other", offset: 99, more: [version])
    #expect(try await replay(["--yes"]).code == 0)
    #expect(try await records(of: "other").map(\.headers) == [[version]])
  }

  @Test(.timeLimit(.minutes(1)))
  func onlyTheLettersThatWereAskedForGoBack() async throws {
    try await letter("a", of: "reviews.scored", offset: 1)
    try await letter("b", of: "other", offset: 2)
    try await letter("c", of: "other", offset: 3, stage: .valueConverter)
    #expect(try await replay(["--yes", "--from-topic", "other", "--stage", "task_put"]).code == 0)
    #expect(try await records(of: "other").map(\.key) == ["b"])
    let some = try await replay(["--yes", "--json", "0:0", "0:77"])
    #expect(some.code == 3)
    #expect(some.json.first?["missing"]?.int64 == 1)
    #expect(try await records(of: "reviews.scored").map(\.key) == ["a"])
  }

  @Test(.timeLimit(.minutes(1)))
  func nothingIsSentInADryRunOrWithoutAnAnswer() async throws {
    try await letter("a", of: "other", offset: 1)
    let dry = try await replay(["--dry-run"])
    #expect(dry.code == 0)
    #expect(dry.output.contains("nothing was sent"))
    #expect(try await replay([]).code == 64)
    #expect(try await records(of: "other") == [])
  }

  @Test(.timeLimit(.minutes(1)))
  func aLineThatNeverWasARecordIsToldAndLeft() async throws {
    try await send("x", [RecordHeader(DeadLetterHeaders.stage, text: "INGEST")])
    let ended = try await replay(["--yes"])
    #expect(ended.code == 3)
    #expect(ended.errors.contains("1 lines never became a record"))
  }
}
