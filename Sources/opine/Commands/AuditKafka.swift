import Avro
import Foundation
import Kafka
import Reviews
import SchemaRegistry

/// The bounds of a topic at one moment, and the wait until a group has committed past them.
struct TopicBounds: Sendable {
  let topic: String
  let bounds: [TopicPartition: Watermarks]

  init(_ topic: String, _ kafka: KafkaProperties) throws {
    self.topic = topic
    let admin = try Admin(kafka)
    guard let count = try admin.partitionCounts()[topic] else {
      throw CommandError(
        .failed, "there is no topic \(topic)", why: "the cluster does not list it",
        next: "opine apply")
    }
    var bounds: [TopicPartition: Watermarks] = [:]
    for number in 0..<count {
      let place = TopicPartition(topic, number)
      bounds[place] = try admin.watermarks(place)
    }
    self.bounds = bounds
  }

  var ranges: Audit.Ranges {
    bounds.reduce(into: [:]) { $0[$1.key.partition] = $1.value.low..<$1.value.high }
  }

  var count: Int { bounds.values.reduce(0) { $0 + Int($1.high - $1.low) } }

  /// The records here that the group has not committed; a partition without records has none.
  func pending(_ committed: [TopicPartition: Int64]) -> Int {
    bounds.reduce(0) { sum, each in
      let done = max(committed[each.key] ?? 0, each.value.low)
      return sum + Int(max(0, each.value.high - done))
    }
  }

  /// Waits until the group has committed all of it; answers with what is open at the deadline.
  func settle(
    group: String, until deadline: ContinuousClock.Instant, _ kafka: KafkaProperties
  ) async throws -> Int {
    if count == 0 { return 0 }
    let progress = Progress("waiting for \(group): records left")
    defer { progress.end() }
    var shown = progress
    let group = try GroupOffsets(group, kafka)
    while true {
      let isLate = ContinuousClock.now >= deadline
      do throws(KafkaError) {
        let left = pending(try group.committed(Array(bounds.keys)))
        if left == 0 || isLate { return left }
        shown.show(left)
      } catch {
        if !error.isRetriable || isLate { throw error }
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }
}

/// A group's committed offsets, asked again and again over one connection.
private struct GroupOffsets: ~Copyable {
  private let consumer: Consumer

  init(_ group: String, _ kafka: KafkaProperties) throws(KafkaError) {
    var properties = kafka
    properties["group.id"] = group
    consumer = try Consumer(properties)
  }

  func committed(
    _ partitions: [TopicPartition]
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    try consumer.committed(partitions)
  }
}

/// Reads the dead letters as places in raw.
struct LetterReading {
  private let schemas: SchemaReading

  init(_ schemas: SchemaReading) { self.schemas = schemas }

  func read(into audit: inout Audit, _ kafka: KafkaProperties) throws {
    var failure: (any Error)?
    var values: [AvroFieldValue] = []
    try TopicReader(topics: ["reviews.dlq"], kafka: kafka).read { _, record in
      guard failure == nil else { return }
      do { audit.add(letter: try place(record, &values)) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Tells of scored records that `opine dlq replay` sent again.
  func readReplays(into audit: inout Audit, _ kafka: KafkaProperties) throws {
    var failure: (any Error)?
    var values: [AvroFieldValue] = []
    try TopicReader(topics: ["reviews.scored"], kafka: kafka).read { _, record in
      guard failure == nil, record.header(DeadLetterHeaders.replayedVersion) != nil,
        let value = record.value
      else { return }
      do {
        if let place = try decoded(value, &values) { audit.add(replay: place) }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private func place(_ record: Record, _ values: inout [AvroFieldValue]) throws -> AuditPlace? {
    let headers = DeadLetterCommands.headers(record)
    func named(_ partition: String, _ offset: String) -> AuditPlace? {
      guard let partition = headers[partition].flatMap({ Int32($0) }),
        let offset = headers[offset].flatMap({ Int64($0) })
      else { return nil }
      return AuditPlace(partition: partition, offset: offset)
    }
    switch headers[DeadLetterHeaders.topic] {
    case "reviews.raw": return named(DeadLetterHeaders.partition, DeadLetterHeaders.offset)
    case "reviews.scored":
      if let place = named("opine.source.partition", "opine.source.offset") { return place }
      return try record.value.flatMap { try decoded($0, &values) }
    default: return nil
    }
  }

  private func decoded(
    _ value: UnsafeRawBufferPointer, _ values: inout [AvroFieldValue]
  ) throws -> AuditPlace? {
    guard let frame = try? WireFormat.parse(value),
      let decoder = try schemas.coordinates(frame.schema)
    else { return nil }
    let payload = UnsafeRawBufferPointer(rebasing: value[frame.payloadOffset...])
    // A fault further on does not matter where both fields were read.
    try? decoder.decode(payload, into: &values)
    guard values.count == 2, case .long(let partition) = values[0],
      case .long(let offset) = values[1]
    else { return nil }
    return AuditPlace(partition: Int32(clamping: partition), offset: offset)
  }
}

/// Reads raw up to the bounds that were noted.
struct RawReading {
  private let raw: TopicBounds
  private let kafka: KafkaProperties
  private let schemas: SchemaReading

  init(_ raw: TopicBounds, _ kafka: KafkaProperties, _ schemas: SchemaReading) {
    self.raw = raw
    self.kafka = kafka
    self.schemas = schemas
  }

  func read(into audit: inout Audit) throws {
    var progress = Progress("reading reviews.raw", total: raw.count)
    defer { progress.end() }
    var failure: (any Error)?
    var scratch = ReviewDecoder.Scratch()
    var count = 0
    try reader(raw.bounds).read { place, record in
      guard failure == nil else { return }
      count += 1
      if count % 10_000 == 0 { progress.show(count) }
      do {
        audit.add(
          raw: AuditRecord(
            key: record.key,
            place: AuditPlace(partition: place.partition, offset: record.offset),
            content: try content(record, &scratch)))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Tells of deletions that came since the bounds were noted: they take documents away meanwhile.
  func readLaterDeletions(into audit: inout Audit) throws {
    let ends = try TopicBounds(raw.topic, kafka).bounds
    var later: [TopicPartition: Watermarks] = [:]
    for (place, noted) in raw.bounds {
      guard let end = ends[place]?.high, end > noted.high else { continue }
      later[place] = Watermarks(low: noted.high, high: end)
    }
    if later.isEmpty { return }
    try reader(later).read { _, record in
      guard record.value == nil, let key = record.key else { return }
      audit.add(laterDeletion: key)
    }
  }

  private func content(
    _ record: Record, _ scratch: inout ReviewDecoder.Scratch
  ) throws -> AuditRecord.Content {
    guard let value = record.value else {
      return record.timestamp.map { .tombstone(docVersion: $0) } ?? .unreadable
    }
    guard let frame = try? WireFormat.parse(value),
      let decoder = try schemas.decoder(frame.schema)
    else { return .unreadable }
    let payload = UnsafeRawBufferPointer(rebasing: value[frame.payloadOffset...])
    do throws(ReviewDecodingError) {
      return .review(docVersion: try decoder.decode(payload, using: &scratch).docVersion)
    } catch {
      return .unreadable
    }
  }

  /// The keys of some records.
  func keys(at places: Set<AuditPlace>) throws -> [AuditPlace: String] {
    var bounds: [TopicPartition: Watermarks] = [:]
    for place in places {
      let source = TopicPartition(raw.topic, place.partition)
      let known = bounds[source] ?? Watermarks(low: place.offset, high: place.offset + 1)
      bounds[source] = Watermarks(
        low: min(known.low, place.offset), high: max(known.high, place.offset + 1))
    }
    if bounds.isEmpty { return [:] }
    var keys: [AuditPlace: String] = [:]
    try reader(bounds).read { source, record in
      let place = AuditPlace(partition: source.partition, offset: record.offset)
      guard places.contains(place), let key = record.key else { return }
      keys[place] = String(decoding: key, as: UTF8.self)
    }
    return keys
  }

  private func reader(_ bounds: [TopicPartition: Watermarks]) throws(KafkaError) -> TopicReader {
    try TopicReader(
      lows: bounds.mapValues(\.low), ends: bounds.mapValues(\.high), kafka: kafka)
  }
}
