import JSON

/// Buckets by value.
extension AggregationRunner {
  private enum Key: Hashable {
    case number(Int64)
    case text(String)
  }

  private struct Bucket {
    let key: Key
    var count = 0
    /// By slice; only where children need it.
    var documents: [Int: [Int]] = [:]
    /// What the children found, where the order depends on it.
    var children: [JSONMember]?
  }

  func terms(
    _ options: TermsOptions, _ children: [Aggregation], _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    var buckets: [Key: Bucket] = [:]
    var leaf: FieldMapping?
    for (place, slice) in slices.enumerated() {
      switch try field(options.field, slice) {
      case .numbers(let column, let mapping):
        leaf = mapping
        try count(column, mapping, options, slice, place, !children.isEmpty, &buckets)
      case .keywords(let column):
        count(column, options, slice, place, !children.isEmpty, &buckets)
      case .unmapped:
        if let text = options.missing?.string {
          slice.documents.forEach { add(.text(text), $0, place, !children.isEmpty, &buckets) }
        }
      }
    }
    var sorted = buckets.values.filter {
      $0.count >= options.minimumCount && isWanted($0, options, leaf)
    }
    let total = sorted.reduce(0) { $0 + $1.count }
    let needsChildren = options.order.contains {
      if case .child = $0.by { true } else { false }
    }
    if needsChildren {
      for place in sorted.indices {
        sorted[place].children = try run(children, self.slices(sorted[place], slices)).object
      }
      try checkOrder(options, children)
    }
    sorted.sort { precedes($0, $1, options, leaf) }
    var listed: [JSONValue] = []
    var shown = 0
    guard min(sorted.count, options.size) <= Self.maximumBuckets else { throw Self.tooMany }
    for bucket in sorted.prefix(options.size) {
      shown += bucket.count
      var found = bucket.children ?? []
      if bucket.children == nil, !children.isEmpty {
        found = try run(children, self.slices(bucket, slices)).object ?? []
      }
      listed.append(
        .object(
          try key(bucket.key, leaf, options) + [JSONMember("doc_count", .int(bucket.count))] + found
        ))
    }
    return [
      "doc_count_error_upper_bound": 0, "sum_other_doc_count": .int(total - shown),
      "buckets": .array(listed),
    ]
  }

  static var tooMany: SearchProblem {
    SearchProblem(
      400, "too_many_buckets_exception",
      "Trying to create too many buckets. Must be less than or equal to: [\(maximumBuckets)]. This "
        + "limit can be set by changing the [search.max_buckets] cluster level setting.",
      [JSONMember("max_buckets", .int(maximumBuckets))])
  }

  // MARK: Counting

  private func add(
    _ key: Key, _ number: Int, _ place: Int, _ keeps: Bool, _ buckets: inout [Key: Bucket]
  ) {
    buckets[key, default: Bucket(key: key)].count += 1
    if keeps { buckets[key]?.documents[place, default: []].append(number) }
  }

  private func count(
    _ column: NumberColumn, _ leaf: FieldMapping, _ options: TermsOptions,
    _ slice: AggregationSlice, _ place: Int, _ keeps: Bool, _ buckets: inout [Key: Bucket]
  ) throws(SearchProblem) {
    let missing = try options.missing.flatMap { json throws(SearchProblem) in
      try Self.stored(json, leaf)
    }
    slice.documents.forEach { number in
      if let missing, !column.has(number) { add(.number(missing), number, place, keeps, &buckets) }
      var last: Int64?
      column.forEachValue(of: number) { value in
        // A document counts once for each value, however often it has it.
        if value != last { add(.number(value), number, place, keeps, &buckets) }
        last = value
      }
    }
  }

  private func count(
    _ column: KeywordColumn, _ options: TermsOptions, _ slice: AggregationSlice, _ place: Int,
    _ keeps: Bool, _ buckets: inout [Key: Bucket]
  ) {
    var counts = [Int](repeating: 0, count: column.terms.count)
    var documents = keeps ? [[Int]](repeating: [], count: column.terms.count) : []
    slice.documents.forEach { number in
      if let text = options.missing?.string, !column.has(number) {
        add(.text(text), number, place, keeps, &buckets)
      }
      column.forEachValue(of: number) { value in
        counts[Int(value)] += 1
        if keeps { documents[Int(value)].append(number) }
      }
    }
    for (value, count) in counts.enumerated() where count > 0 {
      let key = Key.text(column.terms[value])
      var bucket = buckets[key] ?? Bucket(key: key)
      bucket.count += count
      if keeps {
        // With `missing` some may be there already.
        let all = (bucket.documents[place] ?? []) + documents[value]
        bucket.documents[place] = options.missing == nil ? all : all.sorted()
      }
      buckets[key] = bucket
    }
  }

  private func slices(_ bucket: Bucket, _ slices: [AggregationSlice]) -> [AggregationSlice] {
    slices.enumerated().map { place, slice in
      AggregationSlice(
        runner: slice.runner, documents: bucket.documents[place] ?? [])
    }
  }

  // MARK: Order

  private func isWanted(_ bucket: Bucket, _ options: TermsOptions, _ leaf: FieldMapping?) -> Bool {
    if options.includes == nil, options.excludes.isEmpty { return true }
    let text: String =
      switch bucket.key {
      case .text(let text): text
      case .number(let number): Self.text(number, leaf)
      }
    if options.excludes.contains(text) { return false }
    return options.includes?.contains(text) ?? true
  }

  private static func text(_ number: Int64, _ leaf: FieldMapping?) -> String {
    guard let leaf else { return "\(number)" }
    if leaf.type == .boolean { return number == 1 ? "true" : "false" }
    return leaf.type.isFraction ? NumberColumn.fraction(number).description : "\(number)"
  }

  private func precedes(
    _ left: Bucket, _ right: Bucket, _ options: TermsOptions, _ leaf: FieldMapping?
  ) -> Bool {
    for (by, isAscending) in options.order {
      var order: Int
      switch by {
      case .count: order = left.count - right.count
      case .key: order = Self.order(left.key, right.key)
      case .child(let path):
        let (a, b) = (Self.value(left, path), Self.value(right, path))
        // Buckets without a value stand last in either order.
        if a == nil || b == nil {
          if a == nil, b == nil { continue }
          return b == nil
        }
        order = (a ?? 0) < (b ?? 0) ? -1 : (a ?? 0) > (b ?? 0) ? 1 : 0
      }
      if order != 0 { return isAscending ? order < 0 : order > 0 }
    }
    return Self.order(left.key, right.key) < 0
  }

  private static func order(_ left: Key, _ right: Key) -> Int {
    switch (left, right) {
    case (.number(let a), .number(let b)): a < b ? -1 : a > b ? 1 : 0
    case (.text(let a), .text(let b)): a == b ? 0 : KeywordColumn.precedes(a, b) ? -1 : 1
    case (.number, .text): -1
    case (.text, .number): 1
    }
  }

  /// `average`, `figures.max`, `negatives>score`, `negatives._count`.
  private static func value(_ bucket: Bucket, _ path: String) -> Double? {
    var json = JSONValue.object(bucket.children ?? [])
    let names = path.split(whereSeparator: { ".>".contains($0) }).map(String.init)
    for (place, name) in names.enumerated() {
      let key = name == "_count" ? "doc_count" : name
      guard let next = json[key] else { return nil }
      json = next
      if place == names.count - 1, let object = json["value"] ?? json["doc_count"] { json = object }
    }
    return json.double
  }

  private func checkOrder(
    _ options: TermsOptions, _ children: [Aggregation]
  ) throws(SearchProblem) {
    for (by, _) in options.order {
      guard case .child(let path) = by else { continue }
      let head = String(path.prefix { !".>".contains($0) })
      guard children.contains(where: { $0.name == head }) else {
        throw SearchProblem(
          400, "aggregation_execution_exception",
          "Invalid aggregator order path [\(path)]. The provided aggregation [\(head)] either does "
            + "not exist, or is a pipeline aggregation and cannot be used to sort the buckets.")
      }
    }
  }

  private func key(
    _ key: Key, _ leaf: FieldMapping?, _ options: TermsOptions
  ) throws(SearchProblem) -> [JSONMember] {
    switch key {
    case .text(let text): return [JSONMember("key", .string(text))]
    case .number(let number):
      guard let leaf else { return [JSONMember("key", .number("\(number)"))] }
      switch leaf.type {
      case .boolean:
        return [
          JSONMember("key", .number("\(number)")),
          JSONMember("key_as_string", number == 1 ? "true" : "false"),
        ]
      case .date:
        let format = try options.format.map { name throws(SearchProblem) in
          guard let format = DateFormat(name) else { throw .unsupported("date format \(name)") }
          return format
        }
        return [
          JSONMember("key", .number("\(number)")),
          JSONMember("key_as_string", .string((format ?? leaf.format).string(number))),
        ]
      default:
        if options.format != nil { throw .unsupported("aggs.terms.format") }
        return [
          JSONMember(
            "key",
            leaf.type.isFraction
              ? NumberText.json(NumberColumn.fraction(number)) : .number("\(number)"))
        ]
      }
    }
  }
}
