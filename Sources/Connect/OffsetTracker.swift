/// What of one partition is settled, and so how far its offsets may be committed.
///
/// Records arrive in slices (consecutive records that share their fate so far) and are settled by slice;
/// a record with another fate is split off. Tracking costs per slice, never per record. The commit
/// position moves by arrival order only: offsets may have holes (compaction, transactions), so nothing is
/// ever concluded from two offsets being neighbours.
public struct OffsetTracker: Sendable, Equatable {
  struct Slice: Sendable, Equatable {
    let first: Int64
    /// Where the next slice begins; everything below it that exists belongs here or before.
    var next: Int64
    /// Records not settled yet.
    var open: Int
  }

  private var slices: [Slice] = []
  /// Next offset to read after a restart: the end of the longest settled prefix of what arrived.
  public private(set) var position: Int64
  /// Where reading has come to.
  public private(set) var arrived: Int64

  /// Reading starts at `position`.
  public init(position: Int64) {
    self.position = position
    arrived = position
  }

  /// Records read and not settled.
  public var unsettled: Int { slices.reduce(0) { $0 + $1.open } }

  /// Consecutive records came; `first` is not below what arrived before, else nothing is taken and
  /// the answer is false (a record that came twice must not get two outcomes).
  public mutating func arrive(first: Int64, last: Int64, count: Int) -> Bool {
    guard first >= arrived, last >= first, count > 0 else { return false }
    slices.append(Slice(first: first, next: last + 1, open: count))
    arrived = last + 1
    return true
  }

  /// Reading came to `next` without a record there (control records, a skipped end).
  public mutating func reach(_ next: Int64) {
    guard next > arrived else { return }
    arrived = next
    if slices.isEmpty { position = next } else { slices[slices.count - 1].next = next }
  }

  /// Cuts the slice that begins at `first` before the record at `offset`, with `before` of its records in
  /// front. The new slice begins at `offset`. Nothing of the slice may be settled yet.
  ///
  /// False, and nothing done, where there is no such slice or the cut would leave an empty part.
  public mutating func split(first: Int64, at offset: Int64, before: Int) -> Bool {
    guard let index = index(of: first) else { return false }
    let slice = slices[index]
    guard offset > first, offset < slice.next, before > 0, before < slice.open else { return false }
    slices[index] = Slice(first: first, next: offset, open: before)
    slices.insert(Slice(first: offset, next: slice.next, open: slice.open - before), at: index + 1)
    return true
  }

  /// `count` more records of the slice that begins at `first` have their outcome.
  ///
  /// False, and nothing done, where the slice is not there any more or has fewer open records: the
  /// caller settled a record twice.
  public mutating func settle(first: Int64, count: Int) -> Bool {
    guard count > 0, let index = index(of: first), slices[index].open >= count else { return false }
    slices[index].open -= count
    if index == 0 { advance() }
    return true
  }

  private mutating func advance() {
    let done = slices.prefix { $0.open == 0 }
    guard let last = done.last else { return }
    position = last.next
    slices.removeFirst(done.count)
  }

  private func index(of first: Int64) -> Int? {
    var low = 0
    var high = slices.count
    while low < high {
      let middle = (low + high) / 2
      if slices[middle].first < first { low = middle + 1 } else { high = middle }
    }
    return low < slices.count && slices[low].first == first ? low : nil
  }
}
