import Foundation
import JSON
import Kafka

/// `opine dlq replay`: what was set aside goes back to where it came from.
///
/// Each letter goes to its own topic and partition with its own key, value and headers, and with the offset
/// that it had there as its version: it never beats a newer record of its key. Letters stay where they are.
enum DeadLetterReplay {
  static let stage = Option(
    "stage", .text, "STAGE", "only letters of this stage, as VALUE_CONVERTER")
  static let from = Option("from-topic", .text, "TOPIC", "only letters of this topic's records")

  static let command = Command(
    "dlq replay", "send dead letters back to the topic and partition they came from",
    arguments: "[PARTITION:OFFSET …]", argumentCount: 0...10_000,
    options: [
      .kafka, DeadLetterCommands.topic, stage, from, .dryRun, .yes, .json,
    ],
    example: "opine dlq replay --stage TASK_PUT --dry-run"
  ) { invocation in
    try await onThread { try replay(invocation) }
  }

  /// What is done with the letters, by count.
  struct Counts: Equatable {
    var replayed = 0
    /// Letters without coordinates: lines that never became a record.
    var lines = 0
    var missing = 0
  }

  private static func replay(_ invocation: Invocation) throws -> ExitCode {
    var wanted = Set<String>()
    for argument in invocation.arguments {
      let parts = argument.split(separator: ":").map { Int64($0) }
      guard parts.count == 2, !parts.contains(nil) else {
        throw CommandError.usage("say which as PARTITION:OFFSET", invocation.command)
      }
      wanted.insert(argument)
    }
    var letters: [Replay] = []
    var counts = Counts()
    try DeadLetterCommands.each(invocation) { place, record in
      let name = "\(place.partition):\(record.offset)"
      guard wanted.isEmpty || wanted.remove(name) != nil, matches(record, invocation) else {
        return
      }
      if let letter = Replay(record) { letters.append(letter) } else { counts.lines += 1 }
    }
    counts.missing = wanted.count
    if !letters.isEmpty, !invocation.flag(.dryRun) {
      let topics = Set(letters.map(\.target.topic)).sorted().joined(separator: ", ")
      guard try invocation.confirms("send \(letters.count) letters back to \(topics)?") else {
        Terminal.say("nothing was sent")
        return .failed
      }
      try send(letters, invocation)
    }
    counts.replayed = letters.count
    tell(counts, letters, invocation)
    return counts.missing > 0 || letters.isEmpty ? .notFoundOrUnbalanced : .done
  }

  private static func matches(_ record: Record, _ invocation: Invocation) -> Bool {
    for (option, header) in [(stage, DeadLetterHeaders.stage), (from, DeadLetterHeaders.topic)] {
      let text = invocation.text(option)
      if !text.isEmpty, record.header(header)?.lowercased() != text.lowercased() { return false }
    }
    return true
  }

  /// All are on the broker when this returns.
  private static func send(_ letters: [Replay], _ invocation: Invocation) throws {
    var progress = Progress("letters", total: letters.count)
    defer { progress.end() }
    do throws(KafkaError) {
      var producer = try Producer(invocation.kafkaProperties)
      var failure: KafkaError?
      func wait(_ milliseconds: Int32) throws(KafkaError) {
        let fatal = producer.poll(milliseconds: milliseconds) { failure = failure ?? $0.error }
        if let error = fatal ?? failure { throw error }
      }
      for (number, letter) in letters.enumerated() {
        while true {
          do throws(KafkaError) {
            try letter.produce(to: &producer, token: number + 1)
            break
          } catch {
            guard error.code == "_QUEUE_FULL" else { throw error }
          }
          try wait(100)
        }
        if number % 100 == 0 { progress.show(number) }
      }
      while producer.outstanding > 0 { try wait(100) }
    } catch {
      throw unreachable(error, "not all letters were sent; sending some twice does no harm")
    }
  }

  private static func tell(_ counts: Counts, _ letters: [Replay], _ invocation: Invocation) {
    if invocation.flag(.json) {
      let line: JSONValue = [
        "replayed": .int(counts.replayed), "lines": .int(counts.lines),
        "missing": .int(counts.missing), "dry_run": .bool(invocation.flag(.dryRun)),
      ]
      return Terminal.print(line.serialized())
    }
    let rows = Dictionary(grouping: letters) { "\($0.target.topic) \($0.stage)" }.values
      .map { [Terminal.grouped($0.count), $0[0].target.topic, $0[0].stage] }
      .sorted { ($0[1], $0[2]) < ($1[1], $1[2]) }
    if !rows.isEmpty { Terminal.print(Terminal.table(["LETTERS", "TO", "STAGE"], rows)) }
    if invocation.flag(.dryRun) { Terminal.print("nothing was sent") }
    if counts.lines > 0 {
      Terminal.say(
        "\(Terminal.grouped(counts.lines)) lines never became a record: mend them and ingest them again"
      )
    }
    if counts.missing > 0 { Terminal.say("\(counts.missing) of these letters are not there") }
    if letters.isEmpty { Terminal.say("no such letters; opine dlq list shows what there is") }
  }
}

/// A letter on its way back: a copy of its record.
private struct Replay {
  let target: TopicPartition
  let stage: String
  private let key: [UInt8]?
  private let value: [UInt8]?
  private let headers: [RecordHeader]

  /// Nil where the letter does not say where its record was.
  init?(_ record: Record) {
    guard let topic = record.header(DeadLetterHeaders.topic),
      let partition = record.header(DeadLetterHeaders.partition).flatMap({ Int32($0) }),
      let offset = record.header(DeadLetterHeaders.offset).flatMap({ Int64($0) })
    else { return nil }
    target = TopicPartition(topic, partition)
    stage = record.header(DeadLetterHeaders.stage) ?? "?"
    key = record.key.map { Array($0) }
    value = record.value.map { Array($0) }
    var kept = record.headers.filter { !$0.name.hasPrefix(DeadLetterHeaders.prefix) }
    // A letter of a replay has it already, from its first life.
    if !kept.contains(where: { $0.name == DeadLetterHeaders.replayedVersion }) {
      kept.append(RecordHeader(DeadLetterHeaders.replayedVersion, text: String(offset)))
    }
    headers = kept
  }

  func produce(to producer: inout Producer, token: Int) throws(KafkaError) {
    let result = Self.withBytes(key) { key in
      Self.withBytes(value) { value in
        Result { () throws(KafkaError) in
          try producer.produce(
            topic: target.topic, partition: target.partition, key: key, value: value,
            headers: headers, token: token)
        }
      }
    }
    try result.get()
  }

  private static func withBytes<Answer>(
    _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Answer
  ) -> Answer {
    guard let bytes else { return body(nil) }
    return bytes.withUnsafeBytes { body($0) }
  }
}
