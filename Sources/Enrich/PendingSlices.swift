import Connect
import Kafka

/// Records that were produced, or are about to be, and have no delivery report yet; by the slices
/// that they came in.
///
/// A slice stays until those before it of its partition are done: where a record has to be produced
/// again, everything behind it is too, delivered or not, so that the last copies of each key lie in
/// the order of reading. Costs one bit a record.
struct PendingSlices<Batch> {
  /// The records of one slice.
  final class Slice {
    let number: Int
    let batch: Batch
    let key: SliceKey
    /// Index of the first record in the batch.
    let start: Int
    fileprivate(set) var end: Int
    /// Records without an outcome.
    fileprivate(set) var open = 0
    /// Records delivered and not yet told of.
    fileprivate var fresh = 0
    private var done: [UInt64]

    fileprivate init(number: Int, batch: Batch, key: SliceKey, start: Int, end: Int) {
      self.number = number
      self.batch = batch
      self.key = key
      self.start = start
      self.end = end
      done = Array(repeating: 0, count: (end - start) / 64 + 1)
    }

    /// What delivery reports bring back: the slice's number and the record's index, never 0.
    func token(_ index: Int) -> Int { number << 32 | index }

    /// Whether the record has its outcome, a delivery or a dead letter.
    func isDone(_ index: Int) -> Bool {
      done[(index - start) >> 6] >> UInt64((index - start) & 63) & 1 != 0
    }

    /// False where it was done before.
    fileprivate func finish(_ index: Int) -> Bool {
      if isDone(index) { return false }
      done[(index - start) >> 6] |= 1 << UInt64((index - start) & 63)
      return true
    }
  }

  /// A record of some slice.
  struct Place: Equatable {
    var slice: Int
    var index: Int

    static func < (left: Place, right: Place) -> Bool {
      (left.slice, left.index) < (right.slice, right.index)
    }
  }

  private var byNumber: [Int: Slice] = [:]
  private var bySource: [TopicPartition: [Slice]] = [:]
  private var nextNumber = 1
  private var touched: [Slice] = []
  private var last: Slice?
  /// Where producing has to begin again, by partition.
  private(set) var restarts: [TopicPartition: Place] = [:]

  var isEmpty: Bool { byNumber.isEmpty }

  func isBusy(_ sources: Set<TopicPartition>) -> Bool {
    sources.contains { !(bySource[$0] ?? []).isEmpty }
  }

  // MARK: - Beginning

  /// A slice of the batch's records from `start`, at most up to `end`; counts once it is `add`ed.
  mutating func make(_ batch: Batch, _ key: SliceKey, from start: Int, to end: Int) -> Slice {
    defer { nextNumber += 1 }
    return Slice(number: nextNumber, batch: batch, key: key, start: start, end: end)
  }

  /// Adds a slice whose records before `end` were produced, or finished by `finish`.
  mutating func add(_ slice: Slice, to end: Int) {
    slice.end = end
    slice.open = (slice.start..<end).reduce(0) { $0 + (slice.isDone($1) ? 0 : 1) }
    guard slice.open > 0 else { return }
    byNumber[slice.number] = slice
    bySource[slice.key.source, default: []].append(slice)
  }

  /// The record goes to the dead letter queue, which settles it. False where it was done before.
  mutating func finish(_ slice: Slice, _ index: Int) -> Bool {
    guard slice.finish(index) else { return false }
    // Of a slice that is not added yet nothing is counted.
    if byNumber[slice.number] != nil {
      slice.open -= 1
      dropDone(slice.key.source)
    }
    return true
  }

  // MARK: - Reports

  /// The slice and index that a report speaks of; nil where it is forgotten or long done.
  mutating func find(_ token: Int) -> (slice: Slice, index: Int)? {
    let number = token >> 32
    if last?.number != number { last = byNumber[number] }
    return last.map { ($0, token & 0xffff_ffff) }
  }

  /// The broker has the record; told of by the next `takeSettled`.
  mutating func delivered(_ slice: Slice, _ index: Int) {
    guard slice.finish(index) else { return }
    slice.open -= 1
    if slice.fresh == 0 { touched.append(slice) }
    slice.fresh += 1
    if slice.open == 0 { dropDone(slice.key.source) }
  }

  /// The record has to be produced again, with everything behind it of its partition.
  mutating func failed(_ slice: Slice, _ index: Int) {
    let place = Place(slice: slice.number, index: index)
    if let known = restarts[slice.key.source], known < place { return }
    restarts[slice.key.source] = place
  }

  /// The producer is gone, and with it everything that has no report.
  mutating func failedAll() {
    for slices in bySource.values {
      guard let slice = slices.first(where: { $0.open > 0 }) else { continue }
      for index in slice.start..<slice.end where !slice.isDone(index) {
        failed(slice, index)
        break
      }
    }
  }

  /// How many more records of which slices were delivered since the last call.
  mutating func takeSettled(_ body: (SliceKey, Int) -> Void) {
    for slice in touched {
      body(slice.key, slice.fresh)
      slice.fresh = 0
    }
    touched.removeAll(keepingCapacity: true)
  }

  private mutating func dropDone(_ source: TopicPartition) {
    let done = (bySource[source] ?? []).prefix { $0.open == 0 }
    for slice in done { byNumber[slice.number] = nil }
    if !done.isEmpty { last = nil }
    bySource[source]?.removeFirst(done.count)
    if bySource[source]?.isEmpty == true {
      bySource[source] = nil
      restarts[source] = nil
    }
  }

  // MARK: - Producing again

  /// The next record to be produced again, of any partition; nil where there is none.
  mutating func nextToResend() -> (slice: Slice, index: Int)? {
    while let (source, place) = restarts.first {
      guard let slice = bySource[source]?.first(where: { $0.number >= place.slice }) else {
        restarts[source] = nil
        continue
      }
      // A slice's records need not begin at 0 of their batch.
      let index = slice.number > place.slice ? slice.start : max(place.index, slice.start)
      if index < slice.end { return (slice, index) }
      restarts[source] = Place(slice: slice.number + 1, index: 0)
    }
    return nil
  }

  /// The record was produced again, or needs not be.
  mutating func resent(_ slice: Slice, _ index: Int) {
    restarts[slice.key.source] = Place(slice: slice.number, index: index + 1)
  }

  mutating func forget(_ sources: Set<TopicPartition>) {
    for source in sources {
      for slice in bySource.removeValue(forKey: source) ?? [] { byNumber[slice.number] = nil }
      restarts[source] = nil
    }
    touched.removeAll { sources.contains($0.key.source) }
    last = nil
  }
}
