import Foundation
import Kafka
import Telemetry

/// Keeps connectors in a compacted topic of one partition, which several workers read: all of them run all
/// connectors, and each connector's group shares the partitions out among them.
///
/// The order of the topic is the order of changes, so the last writer wins for all.
public final class TopicConfigStore: ConfigStore, @unchecked Sendable {
  // because the mutable fields are only touched under `condition`, and `position` by the reader's thread
  private let topic: String
  private let group: String
  private let properties: KafkaProperties
  private let log = Log("herder")
  private let condition = NSCondition()
  private var position: Int64?
  private var kept: [String: ConfigRecord] = [:]
  private var isCaughtUp = false
  private var isStopped = false
  private var seen: Set<String> = []
  private var awaited: Set<String> = []
  private var problem = "no answer yet"

  /// How long a write may take: then the client is told, and decides.
  private static let writeLimit: TimeInterval = 15
  /// By it the writer knows its own record when it comes back.
  private static let writeHeader = "opine.write"

  /// - Parameter group: the workers' cluster, which no consumer joins; names the reader.
  public init(topic: String, group: String, properties: KafkaProperties) {
    self.topic = topic
    self.group = group
    self.properties = properties
  }

  public func start(
    _ deliver: @escaping @Sendable (ConfigChange) -> Void
  ) throws(ConfigStoreError) {
    let thread = Thread { [self] in read(deliver) }
    thread.name = "config topic"
    thread.start()
    condition.lock()
    defer { condition.unlock() }
    while !isCaughtUp && !isStopped { condition.wait() }
    if !isCaughtUp { throw ConfigStoreError("topic \(topic) was not read to its end: \(problem)") }
  }

  public func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
  }

  // MARK: - Reading

  private var ends: Bool { condition.withLock { isStopped } }

  private func read(_ deliver: @Sendable (ConfigChange) -> Void) {
    while !ends {
      do throws(KafkaError) {
        try makeTopic()
        var all = properties
        all["group.id"] = group
        all["group.instance.id"] = nil
        try follow(try Consumer(all), deliver)
      } catch {
        let reason = error.description
        condition.withLock { problem = reason }
        log.warning("The config topic can't be read; trying again.", [.reason: reason])
        waitAMoment()
      }
    }
  }

  private func waitAMoment() {
    condition.withLock {
      let until = Date.now + 1
      while !isStopped, condition.wait(until: until) {}
    }
  }

  /// A mock cluster has no admin API and makes topics when it is asked about them.
  private func makeTopic() throws(KafkaError) {
    let admin = try Admin(properties)
    if try admin.partitionCounts()[topic] != nil { return }
    let brokers = try admin.brokerCount()
    let new = NewTopic(
      topic, partitions: 1, replication: Int32(min(3, max(1, brokers))),
      settings: ["cleanup.policy": "compact"])
    do throws(KafkaError) { try admin.create(new) } catch {
      guard error.code == "_UNSUPPORTED_FEATURE" else { throw error }
    }
  }

  private func follow(
    _ consumer: consuming Consumer, _ deliver: @Sendable (ConfigChange) -> Void
  ) throws(KafkaError) {
    let place = TopicPartition(topic, 0)
    let bounds = try consumer.watermarks(place)
    // After an outage goes on where it was, unless the topic was made anew.
    let known = position.flatMap { (bounds.low...bounds.high).contains($0) ? $0 : nil }
    try consumer.assignAlone([place: known ?? bounds.low])
    if bounds.low == bounds.high { caughtUp(deliver) }
    var isLost = false
    while !ends, !isLost {
      var failure: KafkaError?
      consumer.poll(maximumRecords: 500, milliseconds: 200) { event in
        switch event {
        case .records(let batch):
          for index in 0..<batch.count { take(batch[index], deliver) }
          position = batch.last + 1
        case .endOfPartition(_, let next): if next >= bounds.high { caughtUp(deliver) }
        case .offsetOutOfRange(_, let offset):
          log.warning("The config topic was made anew.", [.offset: String(offset)])
          (position, isLost) = (nil, true)
        case .error(let error) where error.isFatal: failure = error
        case .error(let error): log.info("The config topic.", [.reason: error.description])
        case .assigned, .revoked, .committed: break
        }
      }
      if let failure { throw failure }
    }
    consumer.close(milliseconds: 1000)
  }

  private func take(_ record: Record, _ deliver: @Sendable (ConfigChange) -> Void) {
    guard let key = record.key.map({ String(decoding: $0, as: UTF8.self) }) else { return }
    let value = record.value.map { String(decoding: $0, as: UTF8.self) }
    let found = ConfigRecord(key: key, value: value)
    let isLive = condition.withLock {
      if !isCaughtUp { kept[key] = value == nil ? nil : found }
      return isCaughtUp
    }
    if isLive, let change = found.change { deliver(change) }
    let id = record.header(Self.writeHeader)
    condition.withLock {
      if let id, awaited.contains(id) { seen.insert(id) }
      condition.broadcast()
    }
  }

  private func caughtUp(_ deliver: @Sendable (ConfigChange) -> Void) {
    let changes: [ConfigChange]? = condition.withLock {
      isCaughtUp ? nil : ConfigRecord.start(kept)
    }
    for change in changes ?? [] { deliver(change) }
    condition.withLock {
      isCaughtUp = true
      kept = [:]
      condition.broadcast()
    }
  }

  // MARK: - Writing

  public func write(_ change: ConfigChange) throws(ConfigStoreError) {
    let id = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    condition.withLock { _ = awaited.insert(id) }
    defer {
      condition.withLock {
        awaited.remove(id)
        seen.remove(id)
      }
    }
    do throws(KafkaError) { try produce(ConfigRecord.records(of: change), id) } catch {
      throw ConfigStoreError("topic \(topic) did not take the change: \(error)")
    }
    let deadline = Date.now + Self.writeLimit
    condition.lock()
    defer { condition.unlock() }
    while !seen.contains(id) {
      guard condition.wait(until: deadline), !isStopped else {
        throw ConfigStoreError("topic \(topic) has the change, but it was not read back in time")
      }
    }
  }

  /// The last record carries the id: when it comes back, all of them have.
  private func produce(_ records: [ConfigRecord], _ id: String) throws(KafkaError) {
    let limits = ["message.timeout.ms": "\(Int(Self.writeLimit * 1000))", "linger.ms": "0"]
    var producer = try Producer(properties.merging(limits) { $1 })
    for (number, record) in records.enumerated() {
      let isLast = number == records.count - 1
      let headers =
        isLast ? [RecordHeader(Self.writeHeader, text: id)] : []
      try producer.produce(
        topic: topic, partition: 0, key: Array(record.key.utf8),
        value: record.value.map { Array($0.utf8) }, headers: headers, token: number + 1)
    }
    var failure: KafkaError?
    while producer.outstanding > 0, failure == nil {
      failure = producer.poll(milliseconds: 100) { failure = failure ?? $0.error } ?? failure
    }
    if let failure { throw failure }
  }
}
