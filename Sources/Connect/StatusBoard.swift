import Foundation
import Kafka
import Telemetry

/// Keeps health and gauges of one task true, a few times a second; also knows whether Kafka answers.
struct StatusBoard {
  let log = Log("worker")
  private let connector: String
  private let name: String
  private let health: Health
  private let readCounter: Counter
  private let commitsGood: Counter
  private let commitsBad: Counter
  private let readRate: Window
  private let commitShare: Window
  private let commitTimes: Window
  private let gauges: [Metric: Gauge]
  private let metrics: Metrics
  private var kafkaHold: Hold?
  private var commitBegan: Duration?
  private var probeAt: Duration = .zero
  private var heardAt: Duration = .zero
  private var nextUpdate: Duration = .zero
  private var known: [Hold] = []
  /// Kafka timestamps of the records read last, in milliseconds.
  private var lastTimes: [TopicPartition: Int64] = [:]

  init(_ settings: WorkerSettings, health: Health, metrics: Metrics) {
    connector = settings.connector
    name = settings.healthName
    self.health = health
    self.metrics = metrics
    readCounter = metrics.counter(.recordsRead, ["connector": connector])
    commitsGood = metrics.counter(.commits, ["connector": connector, "result": "success"])
    commitsBad = metrics.counter(.commits, ["connector": connector, "result": "failure"])
    let labels: KeyValuePairs = ["connector": connector, "task": String(settings.taskNumber)]
    readRate = metrics.window(.recordsRead, labels)
    commitShare = metrics.window(.commits, labels)
    commitTimes = metrics.window(.commitTime, labels)
    var gauges: [Metric: Gauge] = [:]
    for metric in [
      Metric.lag, .lagSeconds, .holds, .partitions, .bytesUnsettled, .recordsUnsettled,
    ] {
      gauges[metric] = metrics.gauge(metric, labels)
    }
    self.gauges = gauges
    health.set(name, TaskHealth(status: .starting))
  }

  mutating func read(_ batch: RecordBatch) {
    readCounter.add(batch.count)
    readRate.note(Double(batch.count))
    lastTimes[batch.source] = batch[batch.count - 1].timestamp
  }

  /// A commit goes to the broker; there is one at a time.
  mutating func commits(_ now: Duration) { commitBegan = now }

  mutating func committed(_ error: KafkaError?, _ now: Duration) {
    (error == nil ? commitsGood : commitsBad).add()
    commitShare.note(error == nil ? 1 : 0)
    if let began = commitBegan.take() { commitTimes.note((now - began).seconds) }
  }

  func assigned(_ positions: [TopicPartition: Int64]) {
    for (source, offset) in positions.sorted(by: { $0.key < $1.key }) {
      log.info(
        "Partition assigned.",
        [
          .topic: source.topic, .partition: String(source.partition), .offset: String(offset),
        ])
    }
  }

  mutating func kafkaAnswered(_ now: Duration) {
    kafkaHold = nil
    heardAt = now
  }

  mutating func kafkaFailed(_ error: KafkaError) {
    let since = kafkaHold?.since ?? Date.now.timeIntervalSince1970
    kafkaHold = Hold(
      name: "kafka", reason: "\(error.reason) (\(error.code))", since: since, nextTry: nil)
  }

  /// The task has ended well: nothing is said of it any more.
  func remove() {
    health.remove(name)
    for gauge in gauges.values { gauge.set(0) }
  }

  mutating func update(
    now: Duration, task: any RecordTask, deadLetters: DeadLetterQueue?, machine: WorkerMachine,
    context: WorkerContext, consumer: borrowing Consumer, isAssigned: Bool
  ) {
    // In every round: what is in flight for some milliseconds at a steady beat would else be told as 0 for
    // as long as the beat and the updates keep in step.
    gauges[.recordsUnsettled]?.set(Int64(machine.unsettled))
    guard now >= nextUpdate else { return }
    nextUpdate = now + .milliseconds(200)
    let assigned = machine.assigned
    probe(now, assigned, consumer)
    var holds = task.holds
    if let hold = deadLetters?.hold { holds.append(hold) }
    if let kafkaHold { holds.append(kafkaHold) }
    tell(holds)
    let status: HealthStatus =
      holds.isEmpty ? (isAssigned ? .healthy : .starting) : .degraded
    health.set(name, TaskHealth(status: status, holds: holds))
    gauges[.holds]?.set(Int64(holds.count))
    gauges[.partitions]?.set(Int64(assigned.count))
    gauges[.bytesUnsettled]?.set(Int64(context.budget.used))
    var lag: Int64 = 0
    var oldest = Int64.max
    for source in assigned {
      guard let high = consumer.knownWatermarks(source)?.high,
        let committed = machine.committed(of: source)
      else { continue }
      lag += max(0, high - committed)
      if high > committed { oldest = min(oldest, lastTimes[source] ?? .max) }
    }
    gauges[.lag]?.set(lag)
    let age = oldest == .max ? 0 : Int64(Date.now.timeIntervalSince1970) - oldest / 1000
    gauges[.lagSeconds]?.set(max(0, age))
  }

  /// A broker that went away or came back says nothing by itself while there is nothing to read: after
  /// three seconds of silence it is asked.
  private mutating func probe(
    _ now: Duration, _ assigned: [TopicPartition], _ consumer: borrowing Consumer
  ) {
    guard kafkaHold != nil || now - heardAt > .seconds(3), now >= probeAt,
      !assigned.isEmpty
    else { return }
    probeAt = now + .seconds(2)
    do throws(KafkaError) {
      try consumer.ping(timeoutMilliseconds: 300)
      kafkaAnswered(now)
    } catch {
      kafkaFailed(error)
    }
  }

  /// A hold is logged when it begins and when it ends, not while it lasts.
  private mutating func tell(_ holds: [Hold]) {
    for hold in holds where !known.contains(where: { $0.name == hold.name }) {
      log.warning("Held.", [.connector: connector, .hold: hold.name, .reason: hold.reason])
      metrics.counter(.holdsBegun, ["connector": connector, "hold": hold.name]).add()
    }
    for hold in known where !holds.contains(where: { $0.name == hold.name }) {
      let seconds = Int(Date.now.timeIntervalSince1970 - hold.since)
      log.notice("Goes on.", [.connector: connector, .hold: hold.name, .seconds: String(seconds)])
    }
    known = holds
  }
}
