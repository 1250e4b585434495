import Kafka
import Telemetry

/// The worker's place in its group: partitions come and go, offsets are committed and vanish.
extension WorkerLoop {
  /// Every word to the broker about the group goes through here.
  func ask<Result>(
    _ effect: Effect, _ body: (borrowing Consumer) throws(KafkaError) -> Result
  ) throws(KafkaError) -> Result {
    try settings.effects.broker(effect) { () throws(KafkaError) in try body(consumer) }
  }

  mutating func subscribe() throws(TaskFailure) {
    do throws(KafkaError) {
      try ask(.group) { [settings] group throws(KafkaError) in
        try group.subscribe(settings.topics)
      }
    } catch {
      throw TaskFailure(.kafka, error.description)
    }
  }

  mutating func assignPending(_ now: Duration) throws(TaskFailure) {
    guard assigner.isAsked else { return }
    switch try assigner.positions(consumer, now: now) {
    case .none: return
    case .failed(let error): status.kafkaFailed(error)
    case .ready(let positions, let ends):
      do throws(KafkaError) {
        try ask(.group) { group throws(KafkaError) in try group.assign(positions) }
      } catch {
        throw TaskFailure(.kafka, error.description)
      }
      machine.assigned(positions)
      if settings.once { machine.setEnds(ends) }
      updatePauses()
      status.assigned(positions)
    }
  }

  mutating func revoke(
    _ sources: [TopicPartition], lost: Bool
  ) throws(TaskFailure) {
    let unanswered = assigner.forget(sources)
    if unanswered { try answer { consumer throws(KafkaError) in try consumer.unassign(sources) } }
    let owned = sources.filter { machine.epoch(of: $0) != nil }
    if !owned.isEmpty { _ = try perform(machine.revoked(owned, lost: lost, now: context.now)) }
    if owned.isEmpty && !unanswered {
      try answer { consumer throws(KafkaError) in try consumer.unassign(sources) }
    }
  }

  @discardableResult
  func answer(
    _ body: (borrowing Consumer) throws(KafkaError) -> Void
  ) throws(TaskFailure) -> Bool {
    do throws(KafkaError) {
      try ask(.group, body)
      return true
    } catch {
      if error.isFatal { throw TaskFailure(.fenced, error.description) }
      status.log.warning("The group did not take an answer.", [.reason: error.description])
      return false
    }
  }

  mutating func committed(_ offsets: [TopicPartition: Int64], _ error: KafkaError?) {
    machine.committed(offsets, succeeded: error == nil)
    status.committed(error, context.now)
    if error == nil {
      status.kafkaAnswered(context.now)
      assigner.remember(offsets)
    }
  }

  mutating func outOfRange(
    _ source: TopicPartition, _ offset: Int64
  ) throws(TaskFailure) {
    guard machine.epoch(of: source) != nil else { return }
    guard let low = try assigner.gapWhileReading(consumer, source, at: offset) else {
      lostPlaces[source] = offset
      return
    }
    let isThere = try answer { consumer throws(KafkaError) in try consumer.seek(source, to: low) }
    // Tried again from the place itself: the gap before it is told and counted.
    lostPlaces[source] = isThere ? nil : low
  }

  mutating func failed(_ error: KafkaError) throws(TaskFailure) {
    if error.isFenced {
      throw TaskFailure(
        .fenced, "another process took this one's place in group \(settings.group): \(error.reason)"
      )
    }
    if error.isFatal { throw TaskFailure(.kafka, error.description) }
    if error.isUnknownTopic, !settings.waitsForTopics {
      throw TaskFailure(
        .missing, "\(error.operation): \(error.reason). Run: opine apply")
    }
    status.kafkaFailed(error)
  }

  /// Looks now and then whether the commits are still there, also while nothing is read: a new topic may
  /// have just as many records as the old one.
  mutating func watchCommits(_ now: Duration) throws(TaskFailure) {
    guard now >= nextLook, machine.isRunning else { return }
    nextLook = now + .seconds(10)
    let vanished: [TopicPartition]
    do throws(KafkaError) { vanished = try self.vanished(of: machine.assigned) } catch { return }
    try beginAnew(vanished)
  }

  mutating func commit(_ offsets: [TopicPartition: Int64]) throws(TaskFailure) {
    var vanished: [TopicPartition] = []
    do throws(KafkaError) {
      vanished = try self.vanished(of: offsets.keys)
      let kept = offsets.filter { !vanished.contains($0.key) }
      if kept.isEmpty {
        machine.committed([:], succeeded: true)
      } else {
        status.commits(context.now)
        try ask(.commit) { group throws(KafkaError) in try group.commit(kept) }
      }
    } catch {
      committed([:], error)
    }
    try beginAnew(vanished)
  }

  /// A broker that does not answer is told before the error is thrown.
  private mutating func vanished(
    of sources: some Sequence<TopicPartition>
  ) throws(KafkaError) -> [TopicPartition] {
    do throws(KafkaError) { return try assigner.vanished(consumer, of: sources) } catch {
      status.kafkaFailed(error)
      throw error
    }
  }

  /// The partitions are taken as new ones are, which tells of the gap.
  private mutating func beginAnew(_ vanished: [TopicPartition]) throws(TaskFailure) {
    if vanished.isEmpty { return }
    _ = try perform(machine.revoked(vanished, lost: true, now: context.now))
    assigner.ask(for: vanished)
  }

  /// A commit that vanished is left to the next start to be told of.
  mutating func commitAndWait(_ offsets: [TopicPartition: Int64]) {
    guard !offsets.isEmpty else { return }
    do throws(KafkaError) {
      let vanished = try vanished(of: offsets.keys)
      let kept = offsets.filter { !vanished.contains($0.key) }
      if kept.isEmpty { return }
      try ask(.commit) { group throws(KafkaError) in try group.commitAndWait(kept) }
      committed(kept, nil)
    } catch {
      committed([:], error)
      status.log.warning(
        "The last commit failed; records will be read again.",
        [
          .group: settings.group, .reason: error.description,
        ])
    }
  }
}
