import Foundation
import Kafka
import Scheduling
import Telemetry

/// Settings of a dead letter queue.
public struct DeadLetterSettings: Sendable {
  public var topic: String
  /// Whether letters carry the `__connect.errors.*` headers.
  public var contextHeaders: Bool
  /// Of the topic, where it has to be created; -1: the broker's default.
  public var replication: Int32

  public init(topic: String, contextHeaders: Bool = true, replication: Int32 = -1) {
    self.topic = topic
    self.contextHeaders = contextHeaders
    self.replication = replication
  }
}

/// Puts records that can never succeed on the dead letter topic, byte for byte, and tells when the broker
/// has them. A letter that the broker refuses is sent again for ever: it is held by name, never dropped.
///
/// Belongs to the worker's thread.
final class DeadLetterQueue {
  private struct Letter {
    let batch: RecordBatch
    let index: Int
    let slice: SliceKey
    let fault: RecordFault
  }

  private let settings: DeadLetterSettings
  private let properties: KafkaProperties
  private let connector: String
  private let taskNumber: Int
  private let waker: Waker
  private let metrics: Metrics
  private let requests: Counter
  private let failures: Counter
  private let effects: EffectGate
  private var producer: Producer?
  /// Letters not acknowledged yet, by token.
  private var pending: [Int: Letter] = [:]
  /// Tokens not given to the producer yet.
  private var unsent: [Int] = []
  private var nextToken = 1
  private var backoff = Backoff(base: .milliseconds(200), cap: .seconds(10))
  private var random = SystemRandomNumberGenerator()
  private var retryAt: Duration?
  private(set) var hold: Hold?
  private var topicIsThere = false

  init(
    settings: DeadLetterSettings, properties: KafkaProperties, connector: String, taskNumber: Int,
    waker: Waker, metrics: Metrics, effects: EffectGate
  ) {
    self.settings = settings
    self.properties = properties
    self.connector = connector
    self.taskNumber = taskNumber
    self.waker = waker
    self.metrics = metrics
    requests = metrics.counter(.deadLetterRequests, ["connector": connector])
    failures = metrics.counter(.deadLetterFailures, ["connector": connector])
    self.effects = effects
  }

  func add(_ batch: RecordBatch, _ index: Int, slice: SliceKey, _ fault: RecordFault) {
    pending[nextToken] = Letter(batch: batch, index: index, slice: slice, fault: fault)
    unsent.append(nextToken)
    nextToken += 1
  }

  func isBusy(_ sources: Set<TopicPartition>) -> Bool {
    pending.values.contains { sources.contains($0.slice.source) }
  }

  /// Letters already on their way may still arrive, which is harmless: they were deserved.
  func forget(_ sources: Set<TopicPartition>) {
    pending = pending.filter { !sources.contains($0.value.slice.source) }
    unsent.removeAll { pending[$0] == nil }
  }

  var deadline: Duration? { unsent.isEmpty ? nil : retryAt }

  /// Sends what waits and answers with the slices of which one record each is dead-lettered for sure.
  func advance(now: Duration) -> [SliceKey] {
    var settled: [SliceKey] = []
    poll(now: now, &settled)
    if let retryAt, now < retryAt { return settled }
    while let token = unsent.first {
      guard let letter = pending[token] else {
        unsent.removeFirst()
        continue
      }
      do throws(KafkaError) {
        try send(letter, token)
        unsent.removeFirst()
      } catch {
        delay(error, now: now)
        break
      }
    }
    if unsent.isEmpty && pending.isEmpty { hold = nil }
    return settled
  }

  private func poll(now: Duration, _ settled: inout [SliceKey]) {
    guard producer != nil else { return }
    var refused: KafkaError?
    let fatal = producer?.poll(milliseconds: 0) { delivery in
      if let error = delivery.error {
        refused = error
        failures.add()
        if pending[delivery.token] != nil { unsent.append(delivery.token) }
        return
      }
      if let letter = pending.removeValue(forKey: delivery.token) {
        settled.append(letter.slice)
        metrics.counter(
          .deadLetters, ["connector": connector, "stage": letter.fault.stage.rawValue]
        ).add()
      }
    }
    if let refused { delay(refused, now: now) } else if !settled.isEmpty { relax() }
    if let fatal {
      // The client is dead; all that it had not acknowledged goes through a new one.
      producer = nil
      unsent = pending.keys.sorted()
      delay(fatal, now: now)
    }
  }

  private func send(_ letter: Letter, _ token: Int) throws(KafkaError) {
    if !topicIsThere { try makeTopic() }
    if producer == nil { producer = try Producer(properties, waking: waker) }
    let record = letter.batch[letter.index]
    var headers = record.headers
    if settings.contextHeaders {
      headers += DeadLetterHeaders.make(
        source: letter.batch.source, offset: record.offset, connector: connector, task: taskNumber,
        executingClass: "opine", fault: letter.fault)
    }
    try effects.broker(.deadLetter) { () throws(KafkaError) in
      try producer?.produce(
        topic: settings.topic, key: record.key, value: record.value, headers: headers, token: token)
    }
    requests.add()
  }

  /// Creates the topic with one partition, as Kafka Connect does, where nobody has. Once; a mock cluster
  /// makes topics by itself.
  private func makeTopic() throws(KafkaError) {
    let admin = try Admin(properties)
    let isMissing = try admin.partitionCounts(timeoutMilliseconds: 1000)[settings.topic] == nil
    if isMissing, let cluster = admin.clusterID(timeoutMilliseconds: 1000),
      !MockCluster.isMock(clusterID: cluster)
    {
      try admin.create(
        NewTopic(settings.topic, partitions: 1, replication: settings.replication),
        timeoutMilliseconds: 3000)
    }
    topicIsThere = true
  }

  private func delay(_ error: KafkaError, now: Duration) {
    let wait = backoff.next(using: &random)
    retryAt = now + wait
    let wall = Date.now.timeIntervalSince1970
    hold = Hold(
      name: "dead letter queue", reason: "\(settings.topic): \(error.reason) (\(error.code))",
      since: hold?.since ?? wall, nextTry: wall + wait.seconds)
  }

  private func relax() {
    backoff.reset()
    retryAt = nil
    hold = nil
  }
}

extension Duration {
  /// This length in seconds.
  public var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
