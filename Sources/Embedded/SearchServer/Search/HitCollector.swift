/// A hit before it is shown: where it is and what it is sorted by.
struct RankedHit {
  /// Place in the list of searched indices.
  let index: Int
  let number: Int
  let score: Float
  let sort: [SortValue]
}

/// Keeps the best hits of one index.
struct HitCollector {
  private let keys: [BoundSortKey]
  private let descends: [Bool]
  private let limit: Int
  private let indexPlace: Int
  private let after: [SortValue]?
  /// A heap whose first element is the worst hit kept.
  private var heap: [RankedHit] = []

  init(keys: [BoundSortKey], limit: Int, indexPlace: Int, after: [SortValue]?) {
    self.keys = keys
    descends = keys.map(\.key.isDescending)
    self.limit = limit
    self.indexPlace = indexPlace
    self.after = after
  }

  mutating func add(_ number: Int, _ matches: Matches, needsScore: Bool) {
    guard limit > 0 else { return }
    // Most hits lose by the first key alone.
    let first = keys[0].value(number, matches)
    if heap.count == limit,
      SortValue.order(first, heap[0].sort[0], descending: descends[0]) > 0
    {
      return
    }
    var values = [first]
    for place in keys.indices.dropFirst() { values.append(keys[place].value(number, matches)) }
    if let after, Self.order(values, after, descends) <= 0 { return }
    let hit = RankedHit(
      index: indexPlace, number: number, score: needsScore ? matches.score(of: number) : 0,
      sort: values)
    if heap.count < limit {
      heap.append(hit)
      siftUp()
    } else if precedes(hit, heap[0]) {
      heap[0] = hit
      siftDown()
    }
  }

  /// Best first.
  var sorted: [RankedHit] { heap.sorted { precedes($0, $1) } }

  private func precedes(_ left: RankedHit, _ right: RankedHit) -> Bool {
    Self.precedes(left, right, descends)
  }

  static func precedes(_ left: RankedHit, _ right: RankedHit, _ descends: [Bool]) -> Bool {
    let order = order(left.sort, right.sort, descends)
    if order != 0 { return order < 0 }
    return (left.index, left.number) < (right.index, right.number)
  }

  private static func order(
    _ left: [SortValue], _ right: [SortValue], _ descends: [Bool]
  ) -> Int {
    for place in left.indices {
      let order = SortValue.order(left[place], right[place], descending: descends[place])
      if order != 0 { return order }
    }
    return 0
  }

  private mutating func siftUp() {
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard precedes(heap[parent], heap[child]) else { return }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var worst = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && precedes(heap[worst], heap[child]) { worst = child }
      if worst == parent { return }
      heap.swapAt(parent, worst)
      parent = worst
    }
  }
}
