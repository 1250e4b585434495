import JSON

/// The documents of one index that an aggregation looks at.
struct AggregationSlice {
  let runner: QueryRunner
  /// Numbers, ascending.
  var documents: [Int]

  var count: Int { documents.count }
}

/// What a field is to an aggregation.
enum AggregationField {
  case numbers(NumberColumn, FieldMapping)
  case keywords(KeywordColumn)
  case unmapped
}

/// Runs aggregations over slices, exactly: everything is counted.
struct AggregationRunner {
  /// Buckets of one answer, at most.
  static let maximumBuckets = 65_536

  /// Milliseconds since 1970.
  let now: Int64

  func run(
    _ aggregations: [Aggregation], _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    var members: [JSONMember] = []
    for aggregation in aggregations {
      var json = try run(aggregation, slices)
      if let meta = aggregation.meta {
        json = .object([JSONMember("meta", meta)] + (json.object ?? []))
      }
      members.append(JSONMember(aggregation.name, json))
    }
    return .object(members)
  }

  private func run(
    _ aggregation: Aggregation, _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    switch aggregation.kind {
    case .terms(let options): return try terms(options, aggregation.children, slices)
    case .dateHistogram(let options):
      return try dateHistogram(options, aggregation.children, slices)
    case .histogram(let options): return try histogram(options, aggregation.children, slices)
    case .range(let field, let ranges, let isKeyed):
      return try range(field, ranges, isKeyed: isKeyed, aggregation.children, slices)
    case .filter(let query):
      return .object(try bucket([], filtered(slices, query), aggregation.children))
    case .filters(let filters): return try self.filters(filters, aggregation.children, slices)
    case .missing(let path):
      for slice in slices { _ = try field(path, slice) }
      return .object(
        try bucket(
          [],
          filtered(slices, .bool(BoolQuery(mustNot: [.exists(field: path, boost: 1)]))),
          aggregation.children))
    case .metric(let metric, let path, let missing, let format):
      return try self.metric(metric, path, missing, format, slices)
    case .percentiles(let path, let percents, let isKeyed):
      return try percentiles(path, percents, isKeyed: isKeyed, slices)
    }
  }

  /// A bucket's members: its key, its count, what its children found.
  func bucket(
    _ key: [JSONMember], _ slices: [AggregationSlice], _ children: [Aggregation]
  ) throws(SearchProblem) -> [JSONMember] {
    let count = slices.reduce(0) { $0 + $1.count }
    let found = children.isEmpty ? [] : try run(children, slices).object ?? []
    return key + [JSONMember("doc_count", .int(count))] + found
  }

  func filtered(
    _ slices: [AggregationSlice], _ query: Query
  ) throws(SearchProblem) -> [AggregationSlice] {
    var found: [AggregationSlice] = []
    for slice in slices {
      let matching = try slice.runner.run(query).documents
      found.append(
        AggregationSlice(
          runner: slice.runner, documents: slice.documents.filter { matching.contains($0) }))
    }
    return found
  }

  func field(
    _ path: String, _ slice: AggregationSlice
  ) throws(SearchProblem) -> AggregationField {
    guard let leaf = slice.runner.index.mapping.leaves[path] else { return .unmapped }
    switch leaf.type {
    case .text: throw .fielddata(path, slice.runner.index.name)
    case .keyword: return .keywords(try slice.runner.keywords(leaf))
    default: return .numbers(try slice.runner.numbers(leaf), leaf)
    }
  }

  // MARK: Filters and ranges

  private func filters(
    _ filters: [(name: String?, query: Query)], _ children: [Aggregation],
    _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    var named: [JSONMember] = []
    var listed: [JSONValue] = []
    for (name, query) in filters {
      let members = try bucket([], filtered(slices, query), children)
      if let name {
        named.append(JSONMember(name, .object(members)))
      } else {
        listed.append(.object(members))
      }
    }
    return ["buckets": listed.isEmpty ? .object(named) : .array(listed)]
  }

  private func range(
    _ path: String, _ ranges: [Aggregation.RangeOptions], isKeyed: Bool,
    _ children: [Aggregation], _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    let sorted = ranges.sorted {
      ($0.from ?? -.infinity, $0.to ?? .infinity) < ($1.from ?? -.infinity, $1.to ?? .infinity)
    }
    var named: [JSONMember] = []
    var listed: [JSONValue] = []
    for range in sorted {
      var inside: [AggregationSlice] = []
      for slice in slices {
        var documents: [Int] = []
        switch try field(path, slice) {
        case .numbers(let column, _):
          documents = slice.documents.filter { number in
            var isInside = false
            column.forEachValue(of: number) { stored in
              let value = column.value(stored)
              if value >= range.from ?? -.infinity, value < range.to ?? .infinity {
                isInside = true
              }
            }
            return isInside
          }
        case .keywords: throw Self.wrongType(path, "range")
        case .unmapped: break
        }
        inside.append(AggregationSlice(runner: slice.runner, documents: documents))
      }
      func text(_ bound: Double?) -> String { bound.map { $0.description } ?? "*" }
      let key = range.key ?? "\(text(range.from))-\(text(range.to))"
      var head: [JSONMember] = isKeyed ? [] : [JSONMember("key", .string(key))]
      if let from = range.from { head.append(JSONMember("from", NumberText.json(from))) }
      if let to = range.to { head.append(JSONMember("to", NumberText.json(to))) }
      let members = try bucket(head, inside, children)
      if isKeyed {
        named.append(JSONMember(key, .object(members)))
      } else {
        listed.append(.object(members))
      }
    }
    return ["buckets": isKeyed ? .object(named) : .array(listed)]
  }

  static func wrongType(_ path: String, _ name: String) -> SearchProblem {
    .illegal(
      "Field [\(path)] of type [keyword] is not supported for aggregation [\(name)]")
  }
}
