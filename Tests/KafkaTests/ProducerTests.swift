import CRdKafka
import Kafka
import TestKafka
import Testing

/// What of a produced record arrives, and what the caller hears of its delivery.
@BlockingTests @Suite(.timeLimit(.minutes(3))) struct ProducerTests {
  let kafka: MockKafka

  init() throws { kafka = try #require(MockKafka(topics: ["t": 1])) }

  /// Takes reports until nothing is outstanding.
  private func reports(_ producer: borrowing Producer) -> [Int: String] {
    var reports: [Int: String] = [:]
    let deadline = ContinuousClock.now + .seconds(20)
    while producer.outstanding > 0, ContinuousClock.now < deadline {
      producer.poll(milliseconds: 100) { reports[$0.token] = $0.error?.code ?? "delivered" }
    }
    return reports
  }

  private func produce(
    _ producer: inout Producer, key: [UInt8]? = [1], value: [UInt8]? = [2],
    headers: [RecordHeader] = [], token: Int
  ) throws(KafkaError) {
    try withBytes(key) { key throws(KafkaError) in
      try withBytes(value) { value throws(KafkaError) in
        try producer.produce(
          topic: "t", partition: 0, key: key, value: value, headers: headers, token: token)
      }
    }
  }

  @Test func nullAndEmptyAreKeptApartInKeysValuesAndHeaders() throws {
    let headers = [
      RecordHeader("null", nil), RecordHeader("empty", []), RecordHeader("twice", text: "a"),
      RecordHeader("twice", [0xff, 0]),
    ]
    var producer = try Producer(kafka.properties)
    let parts: [[UInt8]?] = [nil, [], [7]]
    for (number, key) in parts.enumerated() {
      for (other, value) in parts.enumerated() {
        try produce(
          &producer, key: key, value: value, headers: other == 0 ? headers : [],
          token: number * 3 + other + 1)
      }
    }
    expect(reports(producer).count, is: 9)
    let found = try readAll(kafka, "t")
    #expect(found.map(\.key) == [nil, nil, nil, [], [], [], [7], [7], [7]])
    #expect(found.map(\.value) == [nil, [], [7], nil, [], [7], nil, [], [7]])
    #expect(found.map(\.headers) == (0..<9).map { $0 % 3 == 0 ? headers : [] })
    // 2020 or later: the producer's clock.
    #expect(found.allSatisfy { ($0.timestamp ?? 0) > 1_577_836_800_000 })
  }

  @Test func aRefusalByTheBrokerReachesTheCallerWithItsToken() throws {
    kafka.refuseProduce([RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED])
    var producer = try Producer(kafka.properties)
    try produce(&producer, token: 41)
    expect(reports(producer), is: [41: "TOPIC_AUTHORIZATION_FAILED"])
  }

  @Test func whatIsTooLargeIsRefusedAtOnce() throws {
    var producer = try Producer(kafka.properties.merging(["message.max.bytes": "1000"]) { $1 })
    let refused = refusal { () throws(KafkaError) in
      try produce(&producer, value: Array(repeating: 0, count: 2000), token: 1)
    }
    let error = try #require(refused)
    #expect(error.isMessageTooLarge)
    #expect(!error.isRetriable)
    expect(producer.outstanding, is: 0)
  }

  @Test func aFullQueueIsToldAndTakesMoreLater() throws {
    var producer = try Producer(
      kafka.properties.merging(["queue.buffering.max.messages": "2", "linger.ms": "0"]) { $1 })
    try produce(&producer, token: 1)
    try produce(&producer, token: 2)
    let refused = refusal { () throws(KafkaError) in try produce(&producer, token: 3) }
    let error = try #require(refused)
    #expect(error.code == "_QUEUE_FULL")
    #expect(error.isRetriable)
    expect(reports(producer), is: [1: "delivered", 2: "delivered"])
    try produce(&producer, token: 3)
    expect(reports(producer), is: [3: "delivered"])
  }

  @Test func aBrokerThatIsDownNeitherBlocksNorLosesARecord() throws {
    var producer = try Producer(kafka.properties)
    try produce(&producer, token: 1)
    expect(reports(producer), is: [1: "delivered"])
    kafka.setDown(true)
    let start = ContinuousClock.now
    try produce(&producer, token: 2)
    producer.poll(milliseconds: 0) { _ in Issue.record("the broker is down") }
    #expect(ContinuousClock.now - start < .seconds(1))
    expect(producer.outstanding > 0, is: true)
    kafka.setDown(false)
    expect(reports(producer), is: [2: "delivered"])
    #expect(try readAll(kafka, "t").count == 2)
  }

  @Test func aPropertyThatDoesNotExistIsNamed() throws {
    let refused = refusal { () throws(KafkaError) in _ = try Producer(["no.such": "1"]) }
    let error = try #require(refused)
    #expect(error.operation == "set no.such")
    #expect(error.isFatal)
  }
}
