import Connect
import Foundation
import Kafka
import Telemetry

/// What the sink holds of which partitions, and what holds the sink: for revokes, stops and status.
extension ESSinkTask {
  public func forget(_ sources: Set<TopicPartition>) {
    for (id, queue) in waiting {
      let left = queue.filter { !sources.contains($0.slice.source) }
      waiting[id] = left.isEmpty ? nil : left
    }
    // What is not sent and concerns nobody else is dropped; the rest may be sent: versions make it harmless.
    for number in schedule.waiting {
      guard let bulk = bulks[number], bulk.belongsOnly(to: sources) else { continue }
      schedule.remove(number)
      drop(bulk)
    }
    for target in destinations {
      if let bulk = target.open, bulk.belongsOnly(to: sources) {
        target.open = nil
        release(bulk.guardedIDs)
      }
      if let bulk = target.released, bulk.belongsOnly(to: sources) {
        target.released = nil
        release(bulk.guardedIDs)
      }
    }
  }

  private func drop(_ bulk: Bulk) {
    retire(bulk)
    release(bulk.guardedIDs)
  }

  public func isBusy(_ sources: Set<TopicPartition>) -> Bool {
    bulks.values.contains { $0.touches(sources) }
      || destinations.contains { target in
        [target.open, target.released].contains { bulk in
          bulk.map { $0.count > 0 && $0.touches(sources) } ?? false
        }
      }
      || !waiting.isEmpty
  }

  public var canDrain: Bool {
    hold == nil && destinations.allSatisfy { $0.indexHold == nil && $0.conflictHold == nil }
  }

  public var deadline: Duration? {
    let linger = destinations.compactMap { target in
      target.open.flatMap { $0.count > 0 ? $0.openedAt + settings.linger : nil }
    }.min()
    let now = context.now
    let lifted = destinations.lazy.filter { $0.indexHold != nil && $0.indexRetryAt > now }
      .map(\.indexRetryAt).min()
    // What is due and was not sent waits for an answer about its index, which wakes by itself.
    let due = schedule.deadline.flatMap { $0 > now ? $0 : nil }
    return [linger, due, lifted].compactMap { $0 }.min()
  }

  public var holds: [Hold] {
    var all = destinations.compactMap(\.indexHold) + destinations.compactMap(\.conflictHold)
    if let hold { all.append(hold) } else if let slow = slowHold { all.append(slow) }
    if let hold = reader.hold { all.append(hold) }
    return all
  }

  /// A server that accepts and never answers holds us up before the time limit says so.
  private var slowHold: Hold? {
    let oldest = schedule.inFlight.compactMap { bulks[$0]?.sentAt }.min()
    guard let oldest, context.now - oldest > .seconds(5) else { return nil }
    let seconds = (context.now - oldest).seconds
    return Hold(
      name: "elasticsearch", reason: "a bulk has had no answer for \(Int(seconds)) s",
      since: Date.now.timeIntervalSince1970 - seconds, nextTry: nil)
  }
}
