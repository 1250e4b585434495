import Bytes
import Connect
import Kafka

/// Writes of one id in their order: what waits for an earlier write, and what is let go by its answer.
extension ESSinkTask {
  /// The ids of an answered bulk may be written again; what waited for them comes next.
  func release(_ ids: some Sequence<UInt64>) {
    for id in ids where id != 0 && idsInFlight.remove(id) != nil { letGo(id) }
  }

  /// Puts what waits for the id, as far as order allows: all of it where a bulk may hold an id often.
  private func letGo(_ id: UInt64) {
    while let next = waiting[id]?.first {
      guard put(single: next) else { return }
      waiting[id]?.removeFirst()
      if waiting[id]?.isEmpty == true { waiting[id] = nil }
    }
  }

  /// Puts one record whose slice is its own; false where it must still wait.
  private func put(single next: Waiting) -> Bool {
    do throws(RecordFault) {
      switch try draft(next.batch, next.index) {
      case .ready(let draft):
        let target = destinations[draft.place]
        if let full = target.released, isFull(full) { closeReleased(target) }
        let bulk = openReleased(draft.place)
        if mustFollow(draft, in: bulk) { return false }
        try write(draft, next.batch, next.index, to: bulk)
        bulk.add(slice: next.slice, count: 1)
      case .skipped(let reason): context.skip(next.slice, reason: reason)
      case .wait:
        // It was known when the record came, and what is known stays.
        context.fail(
          TaskFailure(.defect, "defect in opine: \(next.slice.source): a schema is lost"))
      }
    } catch {
      setAside(next.batch, next.index, slice: next.slice, error)
    }
    return true
  }

  /// Items to be sent again in a bulk that may hold an id often: whatever came behind one of them for the
  /// same id is sent again too, in order, or the earlier would be the last to arrive.
  func keepOrder(_ bulk: Bulk, _ fates: inout [Fate]) {
    guard !bulk.ids.isEmpty else { return }
    var again: Set<UInt64> = []
    for index in fates.indices {
      let id = bulk.items[index].id
      switch fates[index] {
      case .again, .conflict: if id != 0 { again.insert(id) }
      case .settled: if again.contains(id) { fates[index] = .again }
      case .faulty: break
      }
    }
  }
}
