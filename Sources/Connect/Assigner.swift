import Foundation
import Kafka
import SQLite
import Scheduling
import Telemetry

/// Finds where the reading of newly assigned partitions starts, and what is missing before it.
///
/// The group waits meanwhile; a broker that does not answer is asked again, every second.
struct Assigner {
  enum Answer {
    /// Not time to ask again.
    case none
    case failed(KafkaError)
    case ready([TopicPartition: Int64], ends: [TopicPartition: Int64])
  }

  private let settings: WorkerSettings
  private let store: StateStore
  private let metrics: Metrics
  private let log = Log("worker")
  private var asked: [TopicPartition]?
  private var retryAt: Duration = .zero
  private(set) var hasAssignment = false
  /// Partitions of which the broker had a commit when it last said so.
  private var onceCommitted: Set<TopicPartition> = []

  init(settings: WorkerSettings, store: StateStore, metrics: Metrics) {
    self.settings = settings
    self.store = store
    self.metrics = metrics
  }

  var isAsked: Bool { asked != nil }

  mutating func ask(for sources: [TopicPartition]) {
    asked = (asked ?? []) + sources
    retryAt = .zero
  }

  /// The partitions are gone before they were begun; true where the group still waits for an answer.
  mutating func forget(_ sources: [TopicPartition]) -> Bool {
    guard let waiting = asked else { return false }
    let left = waiting.filter { !sources.contains($0) }
    asked = left.isEmpty ? nil : left
    return left.count < waiting.count
  }

  mutating func positions(
    _ consumer: borrowing Consumer, now: Duration
  ) throws(TaskFailure) -> Answer {
    guard let sources = asked, now >= retryAt else { return .none }
    var bounds: [TopicPartition: Watermarks] = [:]
    var committed: [TopicPartition: Int64] = [:]
    var counts: [String: Int] = [:]
    do throws(KafkaError) {
      committed = try ask { () throws(KafkaError) in try consumer.committed(sources) }
      for source in sources {
        bounds[source] = try ask { () throws(KafkaError) in try consumer.watermarks(source) }
      }
      for topic in Set(sources.map(\.topic)) {
        counts[topic] = try ask { () throws(KafkaError) in try consumer.partitionCount(of: topic) }
      }
    } catch {
      retryAt = now + .seconds(1)
      return .failed(error)
    }
    try checkCluster(consumer)
    for (topic, count) in counts.sorted(by: { $0.key < $1.key }) {
      try checkPartitions(topic, count)
    }
    var positions: [TopicPartition: Int64] = [:]
    for source in sources {
      guard let log = bounds[source] else { continue }
      let (position, gap) = startPosition(
        of: source, committed: committed[source], remembered: try remembered(source), bounds: log,
        wanted: try recall { () throws(SQLiteError) in
          try store.wantedOffset(group: settings.group, source)
        }, atEnd: settings.startsAtEnd)
      if let gap { try report(gap) }
      positions[source] = position
    }
    asked = nil
    hasAssignment = true
    onceCommitted.subtract(sources)
    onceCommitted.formUnion(committed.keys)
    return .ready(positions, ends: bounds.mapValues(\.high))
  }

  /// The offset to read vanished while running. Answers with where to go on; nil: the broker does not
  /// answer, ask again later.
  func gapWhileReading(
    _ consumer: borrowing Consumer, _ source: TopicPartition, at offset: Int64
  ) throws(TaskFailure) -> Int64? {
    let bounds: Watermarks
    do throws(KafkaError) {
      bounds = try ask { () throws(KafkaError) in try consumer.watermarks(source) }
    } catch {
      return nil
    }
    let (position, gap) = startPosition(
      of: source, committed: offset, remembered: nil, bounds: bounds)
    if let gap { try report(gap) }
    return position
  }

  private static let advice =
    "Nothing was committed past it. Decide: on.gap=continue passes it and counts it"

  /// Documents of the topic's earlier life have its offsets as versions.
  private static let adviceAnew =
    advice
    + "; where offsets are versions, give the new topic an index without the old one's documents"

  private func report(_ gap: Gap) throws(TaskFailure) {
    metrics.counter(.recordsGap, ["connector": settings.connector]).add(Int(gap.count))
    guard settings.onGap == .halt else {
      log.error(
        "A gap was passed.",
        [
          .topic: gap.source.topic, .partition: String(gap.source.partition),
          .low: String(gap.from),
          .high: String(gap.to), .reason: gap.cause.rawValue,
        ])
      return
    }
    let advice = gap.cause == .belowLogStart ? Self.advice : Self.adviceAnew
    throw TaskFailure(.gap, "\(gap). \(advice)")
  }

  private func remembered(_ source: TopicPartition) throws(TaskFailure) -> Int64? {
    try recall { () throws(SQLiteError) in
      try store.committed(
        group: settings.group, topic: source.topic, partition: source.partition)
    }
  }

  /// Those of the partitions whose commit the broker had and has no more.
  ///
  /// A broker forgets a topic's commits when the topic is deleted, and librdkafka 2.0.2 reads on at the same
  /// offset when one of that name is made at once.
  func vanished(
    _ consumer: borrowing Consumer, of sources: some Sequence<TopicPartition>
  ) throws(KafkaError) -> [TopicPartition] {
    let known = sources.filter(onceCommitted.contains)
    if known.isEmpty { return [] }
    let found = try ask { () throws(KafkaError) in
      try consumer.committed(known, timeoutMilliseconds: 1000)
    }
    return known.filter { found[$0] == nil }
  }

  mutating func remember(_ offsets: [TopicPartition: Int64]) {
    onceCommitted.formUnion(offsets.keys)
    for (source, position) in offsets {
      note { () throws(SQLiteError) in
        try store.setCommitted(
          group: settings.group, topic: source.topic, partition: source.partition,
          position: position)
      }
    }
  }

  private func ask<Result>(
    _ body: () throws(KafkaError) -> Result
  ) throws(KafkaError) -> Result {
    try settings.effects.broker(.positions, body)
  }

  /// Reads from the data folder. Without its memory a gap would be passed in silence, so the task stops.
  private func recall<Result>(
    _ body: () throws(SQLiteError) -> Result
  ) throws(TaskFailure) -> Result {
    do throws(SQLiteError) {
      return try settings.effects.perform(.memory, failing: .injected, body)
    } catch {
      let folder = settings.dataDirectory
      throw TaskFailure(
        .storage, "\(folder) can't be read: \(error). Mend it, or use another --data")
    }
  }

  /// Writes to the data folder. What is not written only makes a later gap harder to see.
  private func note(_ body: () throws(SQLiteError) -> Void) {
    do throws(SQLiteError) {
      try settings.effects.perform(.memory, failing: .injected, body)
    } catch {
      log.warning(
        "The data folder did not take a note.",
        [.path: settings.dataDirectory, .reason: error.description])
    }
  }

  /// Offsets of another cluster are other numbers.
  private func checkCluster(_ consumer: borrowing Consumer) throws(TaskFailure) {
    guard let id = consumer.clusterID(timeoutMilliseconds: 2000) else { return }
    let fact = "cluster \(settings.group)"
    let known = try recall { () throws(SQLiteError) in try store.fact(fact) }
    if let known, known != id, settings.onGap == .halt {
      throw TaskFailure(
        .gap,
        "\(settings.dataDirectory) remembers cluster \(known), this is \(id). "
          + "Use another --data, or on.gap=continue")
    }
    if known != id { note { () throws(SQLiteError) in try store.setFact(fact, id) } }
  }

  /// A topic that grew is still itself; one that has fewer partitions was made anew, and what was
  /// committed and written of it belongs to another.
  private func checkPartitions(_ topic: String, _ count: Int) throws(TaskFailure) {
    let fact = "partitions \(settings.group) \(topic)"
    let known = try recall { () throws(SQLiteError) in try store.fact(fact) }.flatMap { Int($0) }
    if let known, count < known {
      guard settings.onGap == .pass else {
        throw TaskFailure(
          .gap,
          "topic \(topic) had \(known) partitions and has \(count): it was made anew. \(Self.adviceAnew)"
        )
      }
      log.error(
        "A gap was passed: the topic was made anew with fewer partitions.",
        [.topic: topic, .high: String(known), .low: String(count)])
    } else if let known, count > known {
      log.warning(
        "The topic has more partitions: writes of a key that moved have no order by offsets.",
        [.topic: topic, .low: String(known), .high: String(count)])
    }
    if known != count {
      note { () throws(SQLiteError) in try store.setFact(fact, String(count)) }
    }
  }
}
