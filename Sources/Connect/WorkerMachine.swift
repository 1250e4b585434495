import Kafka

/// Names a slice of a partition's records within one assignment of that partition.
public struct SliceKey: Hashable, Sendable {
  public let source: TopicPartition
  /// Which assignment of the partition; a later one ignores what belongs to an earlier.
  public let epoch: Int
  /// Offset of the slice's first record.
  public let first: Int64

  public init(source: TopicPartition, epoch: Int, first: Int64) {
    self.source = source
    self.epoch = epoch
    self.first = first
  }
}

/// The life of a task's partitions, offsets and commits, as a value: no I/O, no clock.
///
/// Time is passed in as a duration since any fixed start. Every input answers with the actions that the
/// worker must carry out, in order. What it keeps true, whatever comes in which order:
/// a committed offset is the end of the longest settled prefix of its partition; an acknowledgement of an
/// older assignment settles nothing; a partition is given back only after what can still be settled of it
/// is settled and committed, or a deadline passed; a lost partition commits nothing.
public struct WorkerMachine: Sendable {
  public struct Settings: Sendable {
    /// Least time between two commits while running.
    public var commitInterval: Duration = .seconds(1)
    /// How long a revoke or a stop waits for what is in flight.
    public var drainTimeout: Duration = .seconds(4)
    public init() {}
  }

  public enum Action: Sendable, Equatable {
    /// Forget what waits of these partitions and send what is open; then say `drained`.
    case drain([TopicPartition])
    /// Forget everything of these partitions, in flight or not.
    case forget([TopicPartition])
    case commit([TopicPartition: Int64])
    /// Commit, wait for the answer (a failure is only logged), then give the partitions back.
    case giveBack([TopicPartition], commit: [TopicPartition: Int64])
    case unassign([TopicPartition])
    /// Commit, wait for the answer, leave.
    case finish(commit: [TopicPartition: Int64])
    /// A record would have got two outcomes, or none: our own fault, stop before it is committed past.
    case fail(String)
  }

  private struct Partition: Sendable {
    let epoch: Int
    var tracker: OffsetTracker
    var committed: Int64
    var end: Int64?
  }

  private enum Phase: Sendable, Equatable {
    case running
    case givingBack([TopicPartition], deadline: Duration)
    case stopping(deadline: Duration)
    case done
  }

  private let settings: Settings
  private var partitions: [TopicPartition: Partition] = [:]
  private var phase = Phase.running
  private var nextEpoch = 1
  private var commitInFlight = false
  /// Nil before the first, which is due at once: a worker that is killed often still gets on.
  private var lastCommit: Duration?
  private var lastCommitFailed = false

  public init(settings: Settings = Settings()) { self.settings = settings }

  // MARK: - What others may see

  public var assigned: [TopicPartition] { partitions.keys.sorted() }
  public func epoch(of source: TopicPartition) -> Int? { partitions[source]?.epoch }
  public func position(of source: TopicPartition) -> Int64? { partitions[source]?.tracker.position }
  /// Whether the log of one of the others goes on behind what was read.
  public func isBehind(
    not left: Set<TopicPartition>, end: (TopicPartition) -> Int64?
  ) -> Bool {
    partitions.contains { source, part in
      !left.contains(source) && (end(source).map { $0 > part.tracker.arrived } ?? false)
    }
  }
  public func committed(of source: TopicPartition) -> Int64? { partitions[source]?.committed }
  public var unsettled: Int { partitions.values.reduce(0) { $0 + $1.tracker.unsettled } }
  public var isRunning: Bool { phase == .running }

  /// The commit of the end does not wait, unless the one before it failed.
  private var nextCommit: Duration {
    guard let lastCommit, lastCommitFailed || !reachedEnds else { return .zero }
    return lastCommit + settings.commitInterval
  }

  /// When something must happen even if nothing comes in; nil: nothing is due.
  public var deadline: Duration? {
    switch phase {
    case .running: isDirty && !commitInFlight ? nextCommit : nil
    case .givingBack(_, let deadline), .stopping(let deadline): deadline
    case .done: nil
    }
  }

  // MARK: - Inputs

  /// Partitions came, with the offset at which reading starts (the commit, where there is one).
  public mutating func assigned(_ positions: [TopicPartition: Int64]) {
    for (source, position) in positions {
      partitions[source] = Partition(
        epoch: nextEpoch, tracker: OffsetTracker(position: position), committed: position)
      nextEpoch += 1
    }
  }

  /// Finish once everything below these offsets is settled and committed.
  public mutating func setEnds(_ ends: [TopicPartition: Int64]) {
    for (source, end) in ends { partitions[source]?.end = end }
  }

  /// A batch was read. Nil where it is not ours to work on (not assigned, or on its way back, or read
  /// before): it must be dropped, and whoever owns the partition next reads it again.
  public mutating func arrived(
    _ source: TopicPartition, first: Int64, last: Int64, count: Int
  ) -> SliceKey? {
    switch phase {
    case .running: break
    case .givingBack(let sources, _): if sources.contains(source) { return nil }
    case .stopping, .done: return nil
    }
    guard let epoch = partitions[source]?.epoch,
      partitions[source]?.tracker.arrive(first: first, last: last, count: count) == true
    else { return nil }
    return SliceKey(source: source, epoch: epoch, first: first)
  }

  public mutating func reachedEnd(_ source: TopicPartition, next: Int64) {
    partitions[source]?.tracker.reach(next)
  }

  /// Cuts a slice; see `OffsetTracker.split`. The new slice's key has `offset` as its first.
  public mutating func split(_ slice: SliceKey, at offset: Int64, before: Int) -> [Action] {
    guard partitions[slice.source]?.epoch == slice.epoch else { return [] }
    let done = partitions[slice.source]?.tracker.split(
      first: slice.first, at: offset, before: before)
    return done == true ? [] : [.fail("cut \(slice.source) at \(offset): no such open slice")]
  }

  /// `count` records of the slice have their outcome.
  public mutating func settled(_ slice: SliceKey, count: Int) -> [Action] {
    guard partitions[slice.source]?.epoch == slice.epoch else { return [] }
    let done = partitions[slice.source]?.tracker.settle(first: slice.first, count: count)
    return done == true
      ? [] : [.fail("settle \(count) of \(slice.source) at \(slice.first): already settled")]
  }

  /// The group's answer to a commit.
  public mutating func committed(_ offsets: [TopicPartition: Int64], succeeded: Bool) {
    commitInFlight = false
    lastCommitFailed = !succeeded
    guard succeeded else { return }
    for (source, offset) in offsets {
      guard var part = partitions[source] else { continue }
      part.committed = max(offset, part.committed)
      partitions[source] = part
    }
  }

  /// The group wants partitions back, or took them already.
  public mutating func revoked(
    _ sources: [TopicPartition], lost: Bool, now: Duration
  ) -> [Action] {
    if lost {
      for source in sources { partitions[source] = nil }
      if case .givingBack(let asked, let deadline) = phase {
        let left = asked.filter { partitions[$0] != nil }
        phase = left.isEmpty ? .running : .givingBack(left, deadline: deadline)
      }
      return [.forget(sources), .unassign(sources)]
    }
    if phase == .running {
      phase = .givingBack(sources, deadline: now + settings.drainTimeout)
    }
    return [.drain(sources)]
  }

  /// A person or a supervisor wants the end.
  public mutating func stop(now: Duration) -> [Action] {
    switch phase {
    case .done, .stopping: return []
    case .running, .givingBack:
      phase = .stopping(deadline: now + settings.drainTimeout)
      return [.drain(assigned)]
    }
  }

  /// Called in every round of the worker's loop. `busy`: something of the partitions that are to be
  /// given back is still in flight.
  public mutating func advance(now: Duration, busy: ([TopicPartition]) -> Bool) -> [Action] {
    switch phase {
    case .done: return []
    case .givingBack(let sources, let deadline):
      guard now >= deadline || !busy(sources) else { return [] }
      let offsets = takeDirty(sources)
      for source in sources { partitions[source] = nil }
      phase = .running
      return [.forget(sources), .giveBack(sources, commit: offsets)]
    case .stopping(let deadline):
      guard now >= deadline || !busy(assigned) else { return [] }
      phase = .done
      return [.forget(assigned), .finish(commit: takeDirty(assigned))]
    case .running:
      if reachedEnds, !isDirty, !commitInFlight {
        phase = .done
        return [.finish(commit: [:])]
      }
      guard isDirty, !commitInFlight, now >= nextCommit else { return [] }
      commitInFlight = true
      lastCommit = now
      return [.commit(takeDirty(assigned))]
    }
  }

  // MARK: -

  private var isDirty: Bool { partitions.values.contains { $0.tracker.position > $0.committed } }

  private var reachedEnds: Bool {
    !partitions.isEmpty
      && partitions.values.allSatisfy { part in
        part.end.map { part.tracker.position >= $0 && part.tracker.unsettled == 0 } ?? false
      }
  }

  private func takeDirty(_ sources: [TopicPartition]) -> [TopicPartition: Int64] {
    var offsets: [TopicPartition: Int64] = [:]
    for source in sources {
      guard let part = partitions[source], part.tracker.position > part.committed else { continue }
      offsets[source] = part.tracker.position
    }
    return offsets
  }
}
