import Foundation
import JSON

/// Aggregations that end in numbers.
extension AggregationRunner {
  func metric(
    _ metric: Aggregation.Metric, _ path: String, _ missing: JSONValue?, _ format: String?,
    _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    if metric == .cardinality {
      return ["value": .int(try cardinality(path, missing, slices))]
    }
    if metric == .valueCount {
      var count = 0
      for slice in slices {
        switch try field(path, slice) {
        case .keywords(let column):
          slice.documents.forEach { number in column.forEachValue(of: number) { _ in count += 1 } }
        default: try forEachNumber(path, missing, [slice], "value_count") { _ in count += 1 }
        }
      }
      return ["value": .int(count)]
    }
    var summary = Summary()
    try forEachNumber(path, missing, slices, metric.rawValue) { summary.add($0) }
    let dates = try dateFormat(path, format, slices)
    return summary.json(metric, dates)
  }

  /// How dates are shown beside their milliseconds; nil where the field is no date.
  func dateFormat(
    _ path: String, _ format: String?, _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> DateFormat? {
    for slice in slices {
      guard let leaf = slice.runner.index.mapping.leaves[path], leaf.type == .date else { continue }
      guard let format else { return leaf.format }
      guard let found = DateFormat(format) else { throw .unsupported("date format \(format)") }
      return found
    }
    if format != nil { throw .unsupported("aggs format of numbers") }
    return nil
  }

  func forEachNumber(
    _ path: String, _ missing: JSONValue?, _ slices: [AggregationSlice], _ name: String,
    _ body: (Double) -> Void
  ) throws(SearchProblem) {
    for slice in slices {
      switch try field(path, slice) {
      case .numbers(let column, let leaf):
        let substitute = try missing.flatMap { json throws(SearchProblem) in
          try Self.stored(json, leaf)
        }
        slice.documents.forEach { number in
          if let substitute, !column.has(number) { body(column.value(substitute)) }
          column.forEachValue(of: number) { body(column.value($0)) }
        }
      case .keywords: throw Self.wrongType(path, name)
      case .unmapped:
        if let double = missing?.double { slice.documents.forEach { _ in body(double) } }
      }
    }
  }

  static func stored(_ json: JSONValue, _ leaf: FieldMapping) throws(SearchProblem) -> Int64? {
    switch try FieldValues.value(of: json, leaf) {
    case .integer(let whole): whole
    case .real(let fraction): NumberColumn.stored(fraction)
    default: nil
    }
  }

  /// Exact, where Elasticsearch estimates beyond some thousands.
  private func cardinality(
    _ path: String, _ missing: JSONValue?, _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> Int {
    var numbers: Set<Int64> = []
    var texts: Set<String> = []
    for slice in slices {
      switch try field(path, slice) {
      case .numbers(let column, let leaf):
        if let missing, let value = try Self.stored(missing, leaf),
          slice.documents.count > 0
        {
          slice.documents.forEach { if !column.has($0) { numbers.insert(value) } }
        }
        slice.documents.forEach { number in
          column.forEachValue(of: number) { numbers.insert($0) }
        }
      case .keywords(let column):
        var seen = Bitmap(capacity: column.terms.count)
        slice.documents.forEach { number in
          if let text = missing?.string, !column.has(number) { texts.insert(text) }
          column.forEachValue(of: number) { seen.insert(Int($0)) }
        }
        seen.forEach { texts.insert(column.terms[$0]) }
      case .unmapped: break
      }
    }
    return numbers.count + texts.count
  }

  /// As Elasticsearch's digest gives them for few values: between neighbours in a straight line.
  func percentiles(
    _ path: String, _ percents: [Double], isKeyed: Bool, _ slices: [AggregationSlice]
  ) throws(SearchProblem) -> JSONValue {
    var values: [Double] = []
    try forEachNumber(path, nil, slices, "percentiles") { values.append($0) }
    values.sort()
    let found = percents.map { percent -> (String, JSONValue) in
      guard !values.isEmpty else { return (percent.description, .null) }
      let place = percent / 100 * Double(values.count - 1)
      let low = min(max(Int(place.rounded(.down)), 0), values.count - 1)
      let high = min(max(Int(place.rounded(.up)), 0), values.count - 1)
      let part = min(max(place - Double(low), 0), 1)
      return (
        percent.description, NumberText.json(values[low] + (values[high] - values[low]) * part)
      )
    }
    if isKeyed { return ["values": .object(found.map { JSONMember($0.0, $0.1) })] }
    return [
      "values": .array(
        zip(percents, found).map { ["key": NumberText.json($0), "value": $1.1] })
    ]
  }
}

/// Count, sum, extremes and squares of numbers, with sums that lose nothing to rounding.
struct Summary {
  private var count = 0
  private var minimum = Double.infinity
  private var maximum = -Double.infinity
  private var sum = CompensatedSum()
  private var squares = CompensatedSum()

  mutating func add(_ value: Double) {
    count += 1
    minimum = min(minimum, value)
    maximum = max(maximum, value)
    sum.add(value)
    squares.add(value * value)
  }

  private func number(_ value: Double) -> JSONValue {
    count == 0 ? .null : NumberText.json(value)
  }

  func json(_ metric: Aggregation.Metric, _ dates: DateFormat?) -> JSONValue {
    switch metric {
    case .avg: return single(sum.value / Double(count), dates)
    case .min: return single(minimum, dates)
    case .max: return single(maximum, dates)
    case .sum:
      var members = [JSONMember("value", NumberText.json(sum.value))]
      if let dates { members.append(text("value_as_string", sum.value, dates)) }
      return .object(members)
    default:
      var members = basic
      if let dates, count > 0 {
        members += [
          text("min_as_string", minimum, dates), text("max_as_string", maximum, dates),
          text("avg_as_string", sum.value / Double(count), dates),
          text("sum_as_string", sum.value, dates),
        ]
      }
      if metric == .extendedStats { members += extended }
      return .object(members)
    }
  }

  private func single(_ value: Double, _ dates: DateFormat?) -> JSONValue {
    var members = [JSONMember("value", number(value))]
    if let dates, count > 0 { members.append(text("value_as_string", value, dates)) }
    return .object(members)
  }

  private func text(_ name: String, _ value: Double, _ dates: DateFormat) -> JSONMember {
    JSONMember(name, .string(dates.string(Int64(min(max(value, -9e18), 9e18)))))
  }

  private var basic: [JSONMember] {
    [
      JSONMember("count", .int(count)), JSONMember("min", number(minimum)),
      JSONMember("max", number(maximum)), JSONMember("avg", number(sum.value / Double(count))),
      JSONMember("sum", NumberText.json(sum.value)),
    ]
  }

  private var extended: [JSONMember] {
    let n = Double(count)
    let mean = sum.value / n
    let spread = max(0, (squares.value - sum.value * sum.value / n) / n)
    let sampling = max(0, (squares.value - sum.value * sum.value / n) / (n - 1))
    let deviation = spread.squareRoot()
    let samplingDeviation = sampling.squareRoot()
    func bound(_ sign: Double, _ deviation: Double) -> JSONValue {
      count == 0 || !deviation.isFinite
        ? (count == 0 ? .null : .string("NaN")) : NumberText.json(mean + sign * 2 * deviation)
    }
    return [
      JSONMember("sum_of_squares", number(squares.value)),
      JSONMember("variance", number(spread)), JSONMember("variance_population", number(spread)),
      JSONMember(
        "variance_sampling", count < 2 ? (count == 0 ? .null : .string("NaN")) : number(sampling)),
      JSONMember("std_deviation", number(deviation)),
      JSONMember("std_deviation_population", number(deviation)),
      JSONMember(
        "std_deviation_sampling",
        count < 2 ? (count == 0 ? .null : .string("NaN")) : number(samplingDeviation)),
      JSONMember(
        "std_deviation_bounds",
        [
          "upper": bound(1, deviation), "lower": bound(-1, deviation),
          "upper_population": bound(1, deviation), "lower_population": bound(-1, deviation),
          "upper_sampling": bound(1, samplingDeviation),
          "lower_sampling": bound(-1, samplingDeviation),
        ]),
    ]
  }
}

/// Kahan's summation.
struct CompensatedSum {
  private(set) var value = 0.0
  private var lost = 0.0

  mutating func add(_ number: Double) {
    let corrected = number - lost
    let next = value + corrected
    lost = (next - value) - corrected
    value = next
  }
}
