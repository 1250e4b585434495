import Foundation
import Kafka
import Scheduling
import Telemetry

/// The worker's loop: polls, hands records to the task, carries out the machine's actions.
///
/// Lives on the worker's thread. A partition whose records must wait is paused and its records are parked;
/// a full buffer first stops the reading, and pauses only when that lasts, because a pause throws
/// librdkafka's prefetched records away.
struct WorkerLoop: ~Copyable {
  private struct Parked {
    let batch: RecordBatch
    let index: Int
    let slice: SliceKey
  }

  let settings: WorkerSettings
  private let stop: StopRequest
  private let start = ContinuousClock.now
  let context: WorkerContext
  private let task: any RecordTask
  private let deadLetters: DeadLetterQueue?
  var assigner: Assigner
  var consumer: Consumer
  var machine: WorkerMachine
  var status: StatusBoard
  private var parked: [TopicPartition: [Parked]] = [:]
  private var parkedUntil: Duration = .zero
  var paused: Set<TopicPartition> = []
  private var stalledSince: Duration?
  private var pausedForBudget = false
  /// A pause or its end failed; it is tried again in every round.
  private var pausesAreDue = false
  private var stopping = false
  /// Where to read these partitions from, once the broker answers; first an offset that is gone.
  var lostPlaces: [TopicPartition: Int64] = [:]
  /// When the commits are looked at next.
  var nextLook: Duration = .zero
  private let member: MemberClaim?

  init(
    settings: WorkerSettings, health: Health, metrics: Metrics, stop: StopRequest,
    makeTask: (WorkerContext) throws -> any RecordTask
  ) throws {
    let store = try StateStore(directory: settings.dataDirectory)
    let name = "\(settings.connector)-\(settings.taskNumber)"
    let claim = MemberClaim(directory: settings.dataDirectory, name: name)
    var properties = settings.consumer
    properties["group.id"] = settings.group
    if let id = claim?.id, properties["group.instance.id"] == nil {
      properties["group.instance.id"] = "opine-\(name)-\(id)"
    }
    let consumer = try Consumer(properties)
    let waker = consumer.waker
    stop.attach(waker)
    let letters = settings.deadLetters.map {
      DeadLetterQueue(
        settings: $0, properties: settings.producer, connector: settings.connector,
        taskNumber: settings.taskNumber, waker: waker, metrics: metrics,
        effects: settings.effects)
    }
    let context = WorkerContext(
      connector: settings.connector, taskNumber: settings.taskNumber, metrics: metrics,
      budget: Budget(limit: settings.bufferBytes), waker: waker, deadLetters: letters,
      properties: settings.producer, effects: settings.effects)
    task = try makeTask(context)
    self.settings = settings
    self.stop = stop
    self.context = context
    deadLetters = letters
    member = claim
    machine = WorkerMachine(settings: settings.machine)
    assigner = Assigner(settings: settings, store: store, metrics: metrics)
    status = StatusBoard(settings, health: health, metrics: metrics)
    self.consumer = consumer
  }

  private var now: Duration { ContinuousClock.now - start }

  mutating func run() -> TaskFailure? {
    defer { task.close() }
    do throws(TaskFailure) {
      try subscribe()
      while true {
        if try round() { break }
      }
      if stop.isLeaving { consumer.leave(milliseconds: 3000) }
      consumer.close(milliseconds: 3000)
      status.remove()
      return nil
    } catch {
      consumer.close(milliseconds: 3000)
      return error
    }
  }

  /// One round; true when the work is over.
  private mutating func round() throws(TaskFailure) -> Bool {
    let now = now
    context.now = now
    if stop.isSet, !stopping {
      stopping = true
      if try perform(machine.stop(now: now)) { return true }
    }
    task.advance(now: now)
    if let deadLetters {
      for slice in deadLetters.advance(now: now) { context.settle(slice, count: 1, .deadLettered) }
    }
    try takeNotes()
    try unpark(now)
    try assignPending(now)
    for (source, offset) in lostPlaces { try outOfRange(source, offset) }
    try watchCommits(now)
    let actions = machine.advance(now: now) { [task, deadLetters] sources in
      let set = Set(sources)
      return (task.isBusy(set) && task.canDrain) || deadLetters?.isBusy(set) == true
    }
    if try perform(actions) { return true }
    balanceBuffer(now)
    if pausesAreDue { updatePauses() }
    status.update(
      now: now, task: task, deadLetters: deadLetters, machine: machine, context: context,
      consumer: consumer, isAssigned: assigner.hasAssignment)
    if stalledSince != nil && !pausedForBudget {
      task.waitForProgress(milliseconds: 20)
      return false
    }
    try poll(until: nextDeadline(now), now)
    return false
  }

  // MARK: - Reading

  private mutating func poll(until deadline: Duration, _ now: Duration) throws(TaskFailure) {
    let wait = max(.zero, min(deadline - now, .milliseconds(500)))
    let milliseconds = Int32((wait.seconds * 1000).rounded(.up))
    var events: [ConsumerEvent] = []
    let brief = min(milliseconds, 5)
    consumer.poll(maximumRecords: 1000, milliseconds: brief) { events.append($0) }
    if events.isEmpty, milliseconds > brief, self.now - context.now >= .milliseconds(5) {
      wakeFetcher()
      consumer.poll(maximumRecords: 1000, milliseconds: milliseconds - brief) { events.append($0) }
    }
    context.now = self.now
    for event in events {
      switch event {
      case .records(let batch): try take(batch)
      case .endOfPartition(let source, let next):
        status.kafkaAnswered(context.now)
        machine.reachedEnd(source, next: next)
      case .assigned(let sources):
        status.kafkaAnswered(context.now)
        assigner.ask(for: sources)
        try assignPending(context.now)
      case .revoked(let sources, let lost): try revoke(sources, lost: lost)
      case .committed(let offsets, let error): committed(offsets, error)
      case .offsetOutOfRange(let source, let offset): try outOfRange(source, offset)
      case .error(let error): try failed(error)
      }
    }
    try takeNotes()
  }

  /// librdkafka 2.0.2 stops fetching when its queue is full and looks again only when something else wakes its
  /// broker thread, up to a second later (2.2 has `fetch.queue.backoff.ms`). A small request does.
  private func wakeFetcher() {
    let isBehind = machine.isBehind(not: paused) { consumer.knownWatermarks($0)?.high }
    if isBehind { try? consumer.ping(timeoutMilliseconds: 50) }
  }

  private mutating func take(_ batch: RecordBatch) throws(TaskFailure) {
    status.kafkaAnswered(context.now)
    let source = batch.source
    guard
      let slice = machine.arrived(
        source, first: batch.first, last: batch.last, count: batch.count)
    else { return }
    status.read(batch)
    settings.activeTopics?.insert(source.topic)
    let bytes = batch.bytes
    context.budget.take(bytes)
    batch.onRelease = { [budget = context.budget] in budget.give(bytes) }
    if parked[source] != nil {
      parked[source]?.append(Parked(batch: batch, index: 0, slice: slice))
      return
    }
    offer(Parked(batch: batch, index: 0, slice: slice))
  }

  /// Gives records to the task; what it does not take waits, and its partition with it.
  private mutating func offer(_ offered: Parked) {
    let batch = offered.batch
    guard let stop = task.put(batch, from: offered.index, slice: offered.slice) else { return }
    let rest = Parked(batch: batch, index: stop.index, slice: stop.slice)
    parked[batch.source, default: []].insert(rest, at: 0)
    parkedUntil = min(stop.retryAt, parkedUntil > context.now ? parkedUntil : stop.retryAt)
    updatePauses()
  }

  private mutating func unpark(_ now: Duration) throws(TaskFailure) {
    let mayProceed = context.mayProceed
    context.mayProceed = false
    guard !parked.isEmpty, mayProceed || now >= parkedUntil else { return }
    parkedUntil = now + .seconds(1)
    for source in parked.keys.sorted() {
      let waiting = parked.removeValue(forKey: source) ?? []
      for (number, each) in waiting.enumerated() {
        offer(each)
        if parked[source] != nil {
          parked[source]?.append(contentsOf: waiting[(number + 1)...])
          break
        }
      }
    }
    try takeNotes()
    updatePauses()
  }

  private mutating func balanceBuffer(_ now: Duration) {
    let budget = context.budget
    if budget.isFull {
      let since = stalledSince ?? now
      stalledSince = since
      // The group must hear from us: after a second the partitions are paused and polling goes on.
      if now - since > .seconds(1), !pausedForBudget {
        pausedForBudget = true
        updatePauses()
      }
    } else if pausedForBudget ? budget.used < budget.limit / 2 : true {
      stalledSince = nil
      if pausedForBudget {
        pausedForBudget = false
        updatePauses()
      }
    }
  }

  mutating func updatePauses() {
    let assigned = Set(machine.assigned)
    let wanted = pausedForBudget ? assigned : assigned.intersection(parked.keys)
    let pause = wanted.subtracting(paused)
    let resume = paused.subtracting(wanted).intersection(assigned)
    do throws(KafkaError) {
      if !pause.isEmpty {
        try ask(.group) { group throws(KafkaError) in try group.pause(Array(pause)) }
      }
      if !resume.isEmpty {
        try ask(.group) { group throws(KafkaError) in try group.resume(Array(resume)) }
      }
      paused = wanted
      pausesAreDue = false
    } catch {
      pausesAreDue = true
      status.log.warning("Pausing failed.", [.reason: error.description])
    }
  }

  // MARK: - Actions

  private mutating func takeNotes() throws(TaskFailure) {
    guard !context.notes.isEmpty else { return }
    let notes = context.notes
    context.notes.removeAll(keepingCapacity: true)
    for note in notes {
      switch note {
      case .settled(let slice, let count): _ = try perform(machine.settled(slice, count: count))
      case .cut(let slice, let offset, let before):
        _ = try perform(machine.split(slice, at: offset, before: before))
      case .failed(let failure): throw failure
      }
    }
  }

  /// True when the work is over.
  mutating func perform(_ actions: [WorkerMachine.Action]) throws(TaskFailure) -> Bool {
    for action in actions {
      switch action {
      case .drain(let sources):
        for source in sources { parked[source] = nil }
        task.flush()
      case .forget(let sources):
        for source in sources {
          parked[source] = nil
          lostPlaces[source] = nil
        }
        task.forget(Set(sources))
        deadLetters?.forget(Set(sources))
      case .commit(let offsets): try commit(offsets)
      case .giveBack(let sources, let offsets):
        commitAndWait(offsets)
        try answer { consumer throws(KafkaError) in try consumer.unassign(sources) }
        paused.subtract(sources)
      case .unassign(let sources):
        try answer { consumer throws(KafkaError) in try consumer.unassign(sources) }
        paused.subtract(sources)
      case .finish(let offsets):
        commitAndWait(offsets)
        return true
      case .fail(let reason): throw TaskFailure(.defect, "defect in opine: \(reason)")
      }
    }
    return false
  }

  private func nextDeadline(_ now: Duration) -> Duration {
    var next = now + .milliseconds(500)
    if let due = machine.deadline { next = min(next, due) }
    if let due = task.deadline { next = min(next, due) }
    if let due = deadLetters?.deadline { next = min(next, due) }
    if !parked.isEmpty { next = min(next, parkedUntil) }
    if context.mayProceed { next = now }
    return next
  }
}
