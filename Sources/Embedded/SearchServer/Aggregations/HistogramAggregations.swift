import JSON

/// Buckets of equal width, and of the calendar.
extension AggregationRunner {
  private typealias Groups = [Int64: [Int: [Int]]]

  // MARK: histogram

  func histogram(
    _ options: HistogramOptions, _ children: [Aggregation], _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    // Buckets by their number, counted from the offset.
    func place(_ value: Double) -> Int64 {
      let place = ((value - options.offset) / options.interval).rounded(.down)
      return place.isNaN ? 0 : Int64(min(max(place, -4e15), 4e15))
    }
    var groups: Groups = [:]
    for (number, slice) in slices.enumerated() {
      switch try field(options.field, slice) {
      case .numbers(let column, let leaf):
        let missing = try options.missing.flatMap { json throws(SearchProblem) in
          try Self.stored(json, leaf)
        }
        group(column, missing, slice, number, &groups) { place(column.value($0)) }
      case .keywords: throw Self.wrongType(options.field, "histogram")
      case .unmapped: break
      }
    }
    var low = groups.keys.min()
    var high = groups.keys.max()
    if let bounds = options.bounds {
      low = min(low ?? place(bounds.min), place(bounds.min))
      high = max(high ?? place(bounds.max), place(bounds.max))
    }
    var places = Array(groups.keys)
    if options.minimumCount == 0, let low, let high {
      guard high - low < Int64(Self.maximumBuckets) else { throw Self.tooMany }
      places = Array(low...high)
    }
    return try listed(
      places.sorted(), groups, slices, children, options.minimumCount, options.isKeyed,
      options.order
    ) { place in
      let key = Double(place) * options.interval + options.offset
      return ([JSONMember("key", NumberText.json(key))], key.description)
    }
  }

  // MARK: date_histogram

  func dateHistogram(
    _ options: DateHistogramOptions, _ children: [Aggregation], _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    func floor(_ moment: Int64) -> Int64 { Self.floor(moment, options) }
    var groups: Groups = [:]
    var format = DateFormat.standard
    for (number, slice) in slices.enumerated() {
      switch try field(options.field, slice) {
      case .numbers(let column, let leaf):
        if leaf.type == .date { format = leaf.format }
        let missing = try options.missing.flatMap { json throws(SearchProblem) in
          try Self.stored(json, leaf)
        }
        var memory = FloorMemory()
        group(column, missing, slice, number, &groups) { moment in
          memory.floor(moment, floor) { Self.next($0, options) }
        }
      case .keywords: throw Self.wrongType(options.field, "date_histogram")
      case .unmapped: break
      }
    }
    if let name = options.format {
      guard let found = DateFormat(name) else { throw .unsupported("date format \(name)") }
      format = found
    }
    let starts = try starts(groups, options, format, floor)
    return try listed(
      starts, groups, slices, children, options.minimumCount, options.isKeyed, options.order
    ) { start in
      let text = format.string(start, zone: options.zone)
      return (
        [JSONMember("key_as_string", .string(text)), JSONMember("key", .number("\(start)"))], text
      )
    }
  }

  /// The starts of all buckets: without holes where empty ones are shown.
  private func starts(
    _ groups: Groups, _ options: DateHistogramOptions, _ format: DateFormat,
    _ floor: (Int64) -> Int64
  ) throws(SearchProblem) -> [Int64] {
    var low = groups.keys.min()
    var high = groups.keys.max()
    if let bounds = options.bounds {
      func moment(_ json: JSONValue) throws(SearchProblem) -> Int64 {
        if let number = json.int64, abs(Double(number)) <= Double(DateMath.furthest) {
          return number
        }
        let text = json.string ?? ""
        guard
          let moment = DateMath.parse(
            text, format, now: now, roundUp: false, zone: options.zone)
        else { throw .illegal("failed to parse date field [\(text)] in [extended_bounds]") }
        return moment
      }
      let (first, last) = (floor(try moment(bounds.min)), floor(try moment(bounds.max)))
      low = min(low ?? first, first)
      high = max(high ?? last, last)
    }
    guard options.minimumCount == 0, let low, let high else { return groups.keys.sorted() }
    var starts: [Int64] = []
    var start = low
    while start <= high {
      starts.append(start)
      guard starts.count <= Self.maximumBuckets else { throw Self.tooMany }
      start = Self.next(start, options)
    }
    return starts
  }

  private static func floor(_ moment: Int64, _ options: DateHistogramOptions) -> Int64 {
    let shifted = moment - options.offset
    switch options.interval {
    case .calendar(let unit): return unit.floor(shifted, options.zone) + options.offset
    case .fixed(let size):
      let local = options.zone.local(shifted)
      return options.zone.utc(CivilTime.floor(local, by: size) * size) + options.offset
    }
  }

  private static func next(_ start: Int64, _ options: DateHistogramOptions) -> Int64 {
    switch options.interval {
    case .calendar(let unit):
      return unit.add(1, to: start - options.offset, options.zone) + options.offset
    case .fixed(let size):
      let next = floor(start + size, options)
      // A clock change may fall inside: go on until another bucket begins.
      return next > start ? next : floor(start + 2 * size, options)
    }
  }

  /// Remembers the bucket of the last moment, as neighbours are mostly in the same one.
  private struct FloorMemory {
    private var known: [(start: Int64, end: Int64)] = []

    mutating func floor(
      _ moment: Int64, _ floor: (Int64) -> Int64, _ next: (Int64) -> Int64
    ) -> Int64 {
      var low = 0
      var high = known.count
      while low < high {
        let middle = (low + high) / 2
        if known[middle].end <= moment { low = middle + 1 } else { high = middle }
      }
      if low < known.count, known[low].start <= moment { return known[low].start }
      let start = floor(moment)
      known.insert((start, max(next(start), moment + 1)), at: low)
      return start
    }
  }

  // MARK: What both share

  private func group(
    _ column: NumberColumn, _ missing: Int64?, _ slice: AggregationSlice, _ number: Int,
    _ groups: inout Groups, _ bucket: (Int64) -> Int64
  ) {
    var places: [Int64: Int] = [:]
    var lists: [[Int]] = []
    func add(_ document: Int, _ value: Int64) {
      let key = bucket(value)
      let place = places[key] ?? lists.count
      if place == lists.count {
        places[key] = place
        lists.append([])
      }
      // Several values of a document may fall into one bucket.
      if lists[place].last != document { lists[place].append(document) }
    }
    for document in slice.documents {
      if let missing, !column.has(document) { add(document, missing) }
      column.forEachValue(of: document) { add(document, $0) }
    }
    for (key, place) in places { groups[key, default: [:]][number] = lists[place] }
  }

  private func listed(
    _ places: [Int64], _ groups: Groups, _ slices: [AggregationSlice], _ children: [Aggregation],
    _ minimum: Int, _ isKeyed: Bool, _ order: (by: TermsOptions.Order, isAscending: Bool),
    _ key: (Int64) -> (members: [JSONMember], text: String)
  ) throws(SearchProblem) -> JSONValue {
    var buckets: [(name: String, count: Int, members: [JSONMember])] = []
    for place in places {
      let inside = slices.enumerated().map { number, slice in
        AggregationSlice(
          runner: slice.runner, documents: groups[place]?[number] ?? [])
      }
      let count = inside.reduce(0) { $0 + $1.count }
      if count < minimum { continue }
      let (members, text) = key(place)
      buckets.append((text, count, try bucket(members, inside, children)))
    }
    switch order.by {
    case .key: if !order.isAscending { buckets.reverse() }
    case .count:
      let sorted = buckets.enumerated().sorted { left, right in
        let difference = left.element.count - right.element.count
        if difference == 0 { return left.offset < right.offset }
        return order.isAscending ? difference < 0 : difference > 0
      }
      buckets = sorted.map(\.element)
    case .child(let path): throw .unsupported("aggs histogram order by [\(path)]", "_key or _count")
    }
    if isKeyed {
      return [
        "buckets": .object(buckets.map { JSONMember($0.name, .object($0.members)) })
      ]
    }
    return ["buckets": .array(buckets.map { .object($0.members) })]
  }
}
