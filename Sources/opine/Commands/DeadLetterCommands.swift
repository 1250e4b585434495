import Foundation
import JSON
import Kafka

/// `opine dlq …`: what could never succeed, and why.
enum DeadLetterCommands {
  static let topic = Option("topic", .text, "TOPIC", standard: "reviews.dlq", "dead letter topic")

  static let list = Command(
    "dlq list", "dead letters by stage and reason", options: [.kafka, topic, .json],
    example: "opine dlq list"
  ) { invocation in
    var groups: [String: (stage: String, reason: String, count: Int, last: String)] = [:]
    var total = 0
    try each(invocation) { place, record in
      total += 1
      let headers = headers(record)
      let stage = headers[DeadLetterHeaders.stage] ?? "?"
      let reason = headers[DeadLetterHeaders.reason] ?? "?"
      let kind = stage + String(reason.prefix { !$0.isNumber && $0 != "\"" })
      let count = (groups[kind]?.count ?? 0) + 1
      groups[kind] = (stage, reason, count, "\(place.partition):\(record.offset)")
    }
    let rows = groups.values.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
    if invocation.flag(.json) {
      for row in rows {
        let line: JSONValue = [
          "stage": .string(row.stage), "reason": .string(row.reason), "count": .int(row.count),
          "last": .string(row.last),
        ]
        Terminal.print(line.serialized())
      }
    } else {
      Terminal.print(
        Terminal.table(
          ["LETTERS", "STAGE", "LAST", "REASON"],
          rows.map { [Terminal.grouped($0.count), $0.stage, $0.last, $0.reason] }))
      Terminal.print(
        Terminal.styled(
          "\(Terminal.grouped(total)) letters; opine dlq show PARTITION:OFFSET shows one", .dim))
    }
    return .done
  }

  static let show = Command(
    "dlq show", "one dead letter, headers and bytes", arguments: "PARTITION:OFFSET",
    argumentCount: 1...1, options: [.kafka, topic, .json], example: "opine dlq show 0:12"
  ) { invocation in
    let parts = invocation.arguments[0].split(separator: ":").map { Int64($0) }
    guard parts.count == 2, let partition = parts[0], let offset = parts[1] else {
      throw CommandError.usage("say which as PARTITION:OFFSET", invocation.command)
    }
    var found = false
    try each(invocation) { place, record in
      guard place.partition == partition, record.offset == offset else { return }
      found = true
      let key = record.key.map { String(decoding: $0, as: UTF8.self) }
      let value = record.value.map { String(decoding: $0, as: UTF8.self) }
      if invocation.flag(.json) {
        var members = record.headers.map { JSONMember($0.name, .string($0.text ?? "")) }
        members.append(JSONMember("key", key.map { .string($0) } ?? .null))
        members.append(JSONMember("value", value.map { .string($0) } ?? .null))
        Terminal.print(JSONValue.object(members).serialized())
        return
      }
      for header in record.headers where header.text?.isEmpty == false {
        Terminal.print(
          Terminal.styled(Terminal.plain(header.name), .dim) + "  "
            + Terminal.plain(header.text ?? ""))
      }
      let size = record.value?.count ?? 0
      Terminal.print("key    " + Terminal.plain(key ?? "null"))
      Terminal.print("value  " + (value.map { "\(size) bytes: \(Terminal.plain($0))" } ?? "null"))
    }
    guard found else {
      throw CommandError(
        .notFoundOrUnbalanced, "there is no such letter",
        why: "\(invocation.text(topic)) has no \(invocation.arguments[0])", next: "opine dlq list")
    }
    return .done
  }

  static func each(
    _ invocation: Invocation, _ body: (TopicPartition, Record) -> Void
  ) throws {
    do throws(KafkaError) {
      let reader = try TopicReader(
        topics: [invocation.text(topic)], kafka: invocation.kafkaProperties)
      try reader.read(body)
    } catch {
      throw unreachable(error, "the dead letters can't be read")
    }
  }

  static func headers(_ record: Record) -> [String: String] {
    record.headers.reduce(into: [:]) { $0[$1.name] = $1.text }
  }
}
