import Kafka
import TestKafka
import Testing

/// A record, copied out of librdkafka's memory.
struct Copied {
  let key: [UInt8]?
  let value: [UInt8]?
  let headers: [RecordHeader]
  let timestamp: Int64?
}

/// Everything in partition 0 of the topic, in order.
func readAll(_ kafka: MockKafka, _ topic: String) throws(KafkaError) -> [Copied] {
  let consumer = try Consumer(kafka.properties.merging(["group.id": "reader"]) { $1 })
  try consumer.assignAlone([TopicPartition(topic, 0): 0])
  var found: [Copied] = []
  var ended = false
  let deadline = ContinuousClock.now + .seconds(20)
  while !ended, ContinuousClock.now < deadline {
    consumer.poll(maximumRecords: 1000, milliseconds: 100) { event in
      switch event {
      case .records(let batch):
        for index in 0..<batch.count {
          let record = batch[index]
          found.append(
            Copied(
              key: record.key.map { [UInt8]($0) }, value: record.value.map { [UInt8]($0) },
              headers: record.headers, timestamp: record.timestamp))
        }
      case .endOfPartition: ended = true
      default: break
      }
    }
  }
  return found
}

/// The bytes as the producer takes them, null where there are none.
func withBytes(
  _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws(KafkaError) -> Void
) throws(KafkaError) {
  guard let bytes else { return try body(nil) }
  let result = bytes.withUnsafeBytes { raw in
    Result { () throws(KafkaError) in try body(raw) }
  }
  try result.get()
}

/// What the body throws; for clients, which the macros can't take as they are not copyable.
func refusal(_ body: () throws(KafkaError) -> Void) -> KafkaError? {
  do throws(KafkaError) { try body() } catch { return error }
  return nil
}

/// `#expect` for values that come out of a client.
func expect<Value: Equatable>(
  _ actual: Value, is expected: Value, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual == expected, sourceLocation: sourceLocation)
}
