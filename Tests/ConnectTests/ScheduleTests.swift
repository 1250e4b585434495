import Kafka
import Scheduling
import Testing

@testable import Connect

/// Drives the worker's machine through random schedules of reads, cuts, outcomes, late acknowledgements,
/// rebalances and crashes, beside a model that knows every record's fate.
@Suite struct ScheduleTests {
  @Test func committedMeansSettledInTenThousandSchedules() {
    let base = UInt64.random(in: 0...UInt64.max)
    for number in 0..<10_000 {
      var run = Schedule(seed: base &+ UInt64(number))
      if let fault = run.play() {
        Issue.record("seed \(base &+ UInt64(number)): \(fault)")
        return
      }
    }
  }
}

/// One random schedule.
private struct Schedule {
  /// What the log holds: offsets with holes.
  private var logs: [TopicPartition: [Int64]] = [:]
  private var settled: [TopicPartition: Set<Int64>] = [:]
  private var commits: [TopicPartition: Int64] = [:]
  private var cursor: [TopicPartition: Int] = [:]
  /// Slices handed out and their records, also of older assignments.
  private var open: [(key: SliceKey, offsets: [Int64], stale: Bool)] = []
  private var machine = WorkerMachine()
  private var now = Duration.zero
  private var random: SeededGenerator
  private var owned: Set<TopicPartition> = []

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func play() -> String? {
    for number in 0..<Int32.random(in: 1...3, using: &random) {
      let source = TopicPartition("t", number)
      var offset: Int64 = 0
      logs[source] = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        offset += Int64.random(in: 1...3, using: &random)
        return offset
      }
      settled[source] = []
    }
    assign(Array(logs.keys))
    for _ in 0..<Int.random(in: 5...80, using: &random) {
      now += .milliseconds(Int.random(in: 0...1500, using: &random))
      if let fault = step() ?? perform(machine.advance(now: now, busy: busy)) { return fault }
    }
    return nil
  }

  private func busy(_ sources: [TopicPartition]) -> Bool {
    open.contains { !$0.stale && sources.contains($0.key.source) }
  }

  private mutating func step() -> String? {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<35: return read()
    case 35..<75: return finishOne()
    case 75..<82: return cut()
    case 82..<86: return rebalance(lost: false)
    case 86..<89: return rebalance(lost: true)
    case 89..<92: return crash()
    case 92..<96:
      assign(logs.keys.filter { !owned.contains($0) })
      return nil
    default:
      machine.committed(commits, succeeded: Bool.random(using: &random))
      return nil
    }
  }

  private mutating func assign(_ sources: [TopicPartition]) {
    var positions: [TopicPartition: Int64] = [:]
    for source in sources where !owned.contains(source) {
      positions[source] = commits[source] ?? 0
      cursor[source] =
        logs[source]?.firstIndex { $0 >= commits[source] ?? 0 } ?? logs[source]?.count
      owned.insert(source)
    }
    machine.assigned(positions)
  }

  private mutating func read() -> String? {
    guard let source = owned.sorted().randomElement(using: &random), let log = logs[source],
      let at = cursor[source]
    else { return nil }
    let offsets = Array(log[min(at, log.count)...].prefix(Int.random(in: 1...6, using: &random)))
    guard let first = offsets.first, let last = offsets.last else {
      machine.reachedEnd(source, next: (log.last ?? 0) + 2)
      return nil
    }
    if let key = machine.arrived(source, first: first, last: last, count: offsets.count) {
      open.append((key, offsets, false))
      cursor[source] = at + offsets.count
    }
    return nil
  }

  private mutating func finishOne() -> String? {
    guard let index = open.indices.randomElement(using: &random) else { return nil }
    let slice = open[index]
    let count = Int.random(in: 1...slice.offsets.count, using: &random)
    if !slice.stale { settled[slice.key.source]?.formUnion(slice.offsets.prefix(count)) }
    open[index].offsets.removeFirst(count)
    if open[index].offsets.isEmpty { open.remove(at: index) }
    return perform(machine.settled(slice.key, count: count))
  }

  private mutating func cut() -> String? {
    guard let index = open.indices.randomElement(using: &random) else { return nil }
    let slice = open[index]
    guard slice.offsets.count > 1, slice.offsets[0] == slice.key.first, !slice.stale else {
      return nil
    }
    let before = Int.random(in: 1..<slice.offsets.count, using: &random)
    let at = slice.offsets[before]
    open[index].offsets = Array(slice.offsets.prefix(before))
    let key = SliceKey(source: slice.key.source, epoch: slice.key.epoch, first: at)
    open.append((key, Array(slice.offsets.dropFirst(before)), false))
    return perform(machine.split(slice.key, at: at, before: before))
  }

  private mutating func rebalance(lost: Bool) -> String? {
    let some = owned.sorted().filter { _ in Bool.random(using: &random) }
    guard !some.isEmpty, machine.isRunning || lost else { return nil }
    return perform(machine.revoked(some, lost: lost, now: now))
  }

  /// kill -9: the machine and all acknowledgements are gone, the group's commits stay.
  private mutating func crash() -> String? {
    machine = WorkerMachine()
    open = []
    owned = []
    assign(Array(logs.keys))
    return nil
  }

  private mutating func perform(_ actions: [WorkerMachine.Action]) -> String? {
    for action in actions {
      switch action {
      case .commit(let offsets), .finish(let offsets):
        if let fault = commit(offsets) { return fault }
      case .giveBack(let sources, let offsets):
        if let fault = commit(offsets) { return fault }
        owned.subtract(sources)
      case .unassign(let sources): owned.subtract(sources)
      case .forget(let sources):
        for index in open.indices where sources.contains(open[index].key.source) {
          open[index].stale = true
        }
      case .drain: break
      case .fail(let reason): return reason
      }
    }
    return nil
  }

  private mutating func commit(_ offsets: [TopicPartition: Int64]) -> String? {
    for (source, offset) in offsets {
      let below = logs[source, default: []].filter { $0 < offset }
      let missing = below.filter { settled[source]?.contains($0) != true }
      if !missing.isEmpty { return "\(source) committed at \(offset) with \(missing) unsettled" }
      commits[source] = max(offset, commits[source] ?? 0)
    }
    return nil
  }
}
