import JSON

/// Ranges of numbers, dates and keywords.
extension QueryRunner {
  func documents(in query: RangeQuery) throws(SearchProblem) -> Bitmap {
    guard let leaf = index.mapping.leaves[query.field] else { return Bitmap() }
    switch leaf.type {
    case .keyword: return try keywords(in: query, leaf)
    case .text: throw .unsupported("query.range on text", "use a keyword, number or date field")
    default: break
    }
    let bounds: ClosedRange<Int64>?
    switch leaf.type {
    case .date: bounds = try dates(query, leaf)
    case .boolean, .byte, .short, .integer, .long: bounds = try wholes(query, leaf)
    default: bounds = try fractions(query, leaf)
    }
    var found = Bitmap(capacity: end)
    guard let bounds else { return found }
    let column = try numbers(leaf)
    index.live.forEach { number in
      column.forEachValue(of: number) { if bounds.contains($0) { found.insert(number) } }
    }
    return found
  }

  private static let lowest = NumberColumn.missing + 1

  private static func closed(_ lower: Int64, _ upper: Int64) -> ClosedRange<Int64>? {
    lower <= upper ? lower...upper : nil
  }

  // MARK: Dates

  private func dates(
    _ query: RangeQuery, _ leaf: FieldMapping
  ) throws(SearchProblem) -> ClosedRange<Int64>? {
    var format = leaf.format
    if let name = query.format {
      guard let found = DateFormat(name) else { throw .unsupported("date format \(name)") }
      format = found
    }
    var zone = Zone.utc
    if let name = query.zone {
      guard let found = Zone(name) else { throw .illegal("Unknown time-zone ID: \(name)") }
      zone = found
    }
    func moment(_ bound: RangeQuery.Bound, roundUp: Bool) throws(SearchProblem) -> Int64 {
      let text = bound.value.string ?? bound.value.number ?? ""
      guard
        let moment = DateMath.parse(text, format, now: now, roundUp: roundUp, zone: zone)
      else {
        throw SearchProblem(
          400, "parse_exception",
          "failed to parse date field [\(text)] with format [\(format.name)]")
      }
      return moment
    }
    var lower = Self.lowest
    var upper = Int64.max
    // What is left out is left out as a whole: `gt` and `lte` mean the unit's end.
    if let bound = query.lower {
      lower = try moment(bound, roundUp: !bound.isInclusive)
      if !bound.isInclusive { lower += 1 }
    }
    if let bound = query.upper {
      upper = try moment(bound, roundUp: bound.isInclusive)
      if !bound.isInclusive { upper -= 1 }
    }
    return Self.closed(lower, upper)
  }

  // MARK: Numbers

  private func value(
    _ bound: RangeQuery.Bound, _ leaf: FieldMapping
  ) throws(SearchProblem) -> Double {
    if leaf.type == .boolean {
      let text = bound.value.string ?? bound.value.bool.map { "\($0)" } ?? ""
      return text == "true" ? 1 : 0
    }
    let text = bound.value.string ?? bound.value.number ?? ""
    guard let number = Double(text) else {
      throw shardProblem("failed to create query: For input string: \"\(text)\"")
    }
    return number
  }

  private func wholes(
    _ query: RangeQuery, _ leaf: FieldMapping
  ) throws(SearchProblem) -> ClosedRange<Int64>? {
    var lower = Self.lowest
    var upper = Int64.max
    if let bound = query.lower {
      let number = try value(bound, leaf)
      if let exact = JSONValue.number(bound.value.string ?? bound.value.number ?? "").int64 {
        guard bound.isInclusive || exact < Int64.max else { return nil }
        lower = max(lower, bound.isInclusive ? exact : exact + 1)
      } else {
        let edge = number.rounded(.up)
        let isSkipped = !bound.isInclusive && edge == number
        lower = max(lower, Self.clamped(edge)) + (isSkipped ? 1 : 0)
      }
    }
    if let bound = query.upper {
      let number = try value(bound, leaf)
      if let exact = JSONValue.number(bound.value.string ?? bound.value.number ?? "").int64 {
        guard bound.isInclusive || exact > Self.lowest else { return nil }
        upper = bound.isInclusive ? exact : exact - 1
      } else {
        let edge = number.rounded(.down)
        let isSkipped = !bound.isInclusive && edge == number
        upper = Self.clamped(edge) - (isSkipped ? 1 : 0)
      }
    }
    return Self.closed(lower, upper)
  }

  private static func clamped(_ number: Double) -> Int64 {
    number.isNaN || number >= 9.2e18
      ? Int64.max - 1 : number <= -9.2e18 ? lowest + 1 : Int64(number)
  }

  private func fractions(
    _ query: RangeQuery, _ leaf: FieldMapping
  ) throws(SearchProblem) -> ClosedRange<Int64>? {
    func stored(_ bound: RangeQuery.Bound) throws(SearchProblem) -> Int64 {
      let number = try value(bound, leaf)
      // Compared in the field's own precision.
      return NumberColumn.stored(leaf.type == .double ? number : Double(Float(number)))
    }
    var lower = Self.lowest
    var upper = Int64.max
    if let bound = query.lower { lower = try stored(bound) + (bound.isInclusive ? 0 : 1) }
    if let bound = query.upper { upper = try stored(bound) - (bound.isInclusive ? 0 : 1) }
    return Self.closed(lower, upper)
  }

  // MARK: Keywords

  private func keywords(
    in query: RangeQuery, _ leaf: FieldMapping
  ) throws(SearchProblem) -> Bitmap {
    func text(_ bound: RangeQuery.Bound) -> String {
      bound.value.string ?? bound.value.number ?? ""
    }
    let column = try keywords(leaf)
    let isInside = column.terms.map { term -> Bool in
      if let lower = query.lower {
        let bound = text(lower)
        if KeywordColumn.precedes(term, bound) || term == bound && !lower.isInclusive {
          return false
        }
      }
      if let upper = query.upper {
        let bound = text(upper)
        if KeywordColumn.precedes(bound, term) || term == bound && !upper.isInclusive {
          return false
        }
      }
      return true
    }
    var found = Bitmap(capacity: end)
    index.live.forEach { number in
      column.forEachValue(of: number) { if isInside[Int($0)] { found.insert(number) } }
    }
    return found
  }
}
