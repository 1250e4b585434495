import JSON

/// One key that hits are sorted by.
struct SortKey: Equatable {
  enum Missing: Equatable {
    case first, last
    case value(JSONValue)
  }

  var field: String
  var isDescending = false
  var missing = Missing.last
  var unmappedType: String?
  var usesHighest: Bool?
  var format: String?

  static func parse(_ json: JSONValue) throws(SearchProblem) -> [SortKey] {
    var keys: [SortKey] = []
    for element in json.array ?? [json] {
      if let name = element.string {
        keys.append(SortKey(field: name, isDescending: name == "_score"))
        continue
      }
      guard let members = element.object else {
        throw .illegal(
          "malformed sort format, within the sort array, an object, or an actual string are allowed"
        )
      }
      for member in members { keys.append(try key(member)) }
    }
    return keys
  }

  private static func key(_ member: JSONMember) throws(SearchProblem) -> SortKey {
    var key = SortKey(field: member.name, isDescending: member.name == "_score")
    if ["_script", "_geo_distance"].contains(member.name) {
      throw .unsupported("sort.\(member.name)")
    }
    func order(_ text: String?) throws(SearchProblem) {
      switch text?.lowercased() {
      case "asc": key.isDescending = false
      case "desc": key.isDescending = true
      default: throw .illegal("Unknown SortOrder [\(text ?? "")]")
      }
    }
    guard let options = member.value.object else {
      try order(member.value.string)
      return key
    }
    for option in options {
      switch option.name {
      case "order": try order(option.value.string)
      case "missing":
        key.missing =
          option.value == "_first" ? .first : option.value == "_last" ? .last : .value(option.value)
      case "unmapped_type": key.unmappedType = option.value.string
      case "mode":
        switch option.value.string {
        case "min": key.usesHighest = false
        case "max": key.usesHighest = true
        default: throw .unsupported("sort.mode.\(option.value.string ?? "")", "min or max")
        }
      case "format": key.format = option.value.string
      case "numeric_type", "nested":
        throw .unsupported("sort.\(option.name)")
      default: throw .parsing("[field_sort] unknown field [\(option.name)]")
      }
    }
    return key
  }
}

/// A hit's value of a sort key. Missing values are told apart, as they stand first or last whatever
/// the order.
enum SortValue: Equatable {
  case number(Int64)
  case score(Float)
  case text(String)
  case first
  case last

  /// Less than zero where `left` stands before `right`.
  @inline(__always)
  static func order(_ left: SortValue, _ right: SortValue, descending: Bool) -> Int {
    let order: Int
    switch (left, right) {
    case (.number(let a), .number(let b)): order = a < b ? -1 : a > b ? 1 : 0
    case (.score(let a), .score(let b)): order = a < b ? -1 : a > b ? 1 : 0
    case (.text(let a), .text(let b)):
      order = a == b ? 0 : KeywordColumn.precedes(a, b) ? -1 : 1
    case (.first, .first), (.last, .last): return 0
    case (.first, _), (_, .last): return -1
    case (.last, _), (_, .first): return 1
    default: return 0
    }
    return descending ? -order : order
  }
}

/// A sort key bound to one index: gives each document's value.
struct BoundSortKey {
  enum Source {
    case score
    case document
    case numbers(NumberColumn)
    case keywords(KeywordColumn)
    case unmapped
  }

  let key: SortKey
  let source: Source
  let type: FieldType?
  let format: DateFormat
  private let missing: SortValue

  init(_ key: SortKey, _ runner: QueryRunner) throws(SearchProblem) {
    self.key = key
    var standard: SortValue = key.missing == .first ? .first : .last
    switch key.field {
    case "_score": (source, type, format) = (.score, nil, .standard)
    case "_doc", "_shard_doc": (source, type, format) = (.document, nil, .standard)
    case "_id":
      throw .illegal(
        "Fielddata access on the _id field is disallowed, you can re-enable it by updating the "
          + "dynamic cluster setting: indices.id_field_data.enabled")
    default:
      guard let leaf = runner.index.mapping.leaves[key.field] else {
        guard key.unmappedType != nil else {
          throw runner.shardProblem("No mapping found for [\(key.field)] in order to sort on")
        }
        (source, type, format) = (.unmapped, nil, .standard)
        missing = standard
        return
      }
      type = leaf.type
      format =
        try key.format.map { name throws(SearchProblem) in
          guard let format = DateFormat(name) else { throw .unsupported("sort.format.\(name)") }
          return format
        } ?? leaf.format
      switch leaf.type {
      case .text: throw .fielddata(leaf.path, runner.index.name)
      case .keyword: source = .keywords(try runner.keywords(leaf))
      default: source = .numbers(try runner.numbers(leaf))
      }
      if case .value(let json) = key.missing { standard = try Self.value(json, leaf) }
    }
    missing = standard
  }

  private static func value(_ json: JSONValue, _ leaf: FieldMapping) throws(SearchProblem)
    -> SortValue
  {
    switch try FieldValues.value(of: json, leaf) {
    case .integer(let whole): .number(whole)
    case .real(let fraction): .number(NumberColumn.stored(fraction))
    case .keyword(let text): .text(text)
    default: .last
    }
  }

  func value(_ number: Int, _ matches: Matches) -> SortValue {
    switch source {
    case .score: return .score(matches.score(of: number))
    case .document: return .number(Int64(number))
    case .unmapped: return missing
    case .numbers(let column):
      guard column.has(number) else { return missing }
      if key.usesHighest ?? key.isDescending, let values = column.many[number] {
        return .number(values.last ?? column.first[number])
      }
      return .number(column.first[number])
    case .keywords(let column):
      guard column.has(number) else { return missing }
      if key.usesHighest ?? key.isDescending, let places = column.many[number] {
        return .text(column.terms[Int(places.last ?? column.first[number])])
      }
      return .text(column.terms[Int(column.first[number])])
    }
  }

  // MARK: As JSON

  /// As a hit's `sort` shows it.
  func json(_ value: SortValue) -> JSONValue {
    switch value {
    case .score(let score): return .number(ScoreText.text(score))
    case .text(let text): return .string(text)
    case .number(let number):
      switch source {
      case .numbers(let column) where column.isFraction:
        return NumberText.json(NumberColumn.fraction(number))
      case .numbers where type == .date && key.format != nil:
        return .string(format.string(number))
      default: return .number(String(number))
      }
    case .first, .last:
      let isHigh = (value == .last) != key.isDescending
      let limits = Self.limits(type ?? key.unmappedType.flatMap { FieldType(rawValue: $0) })
      guard case .numbers(let column) = source else {
        return limits.map { .number(String(isHigh ? $0.upperBound : $0.lowerBound)) } ?? .null
      }
      if key.format != nil { return .null }
      if column.isFraction { return .string(isHigh ? "Infinity" : "-Infinity") }
      return limits.map { .number(String(isHigh ? $0.upperBound : $0.lowerBound)) } ?? .null
    }
  }

  /// What stands for a missing value of a type without fractions, lowest and highest.
  private static func limits(_ type: FieldType?) -> ClosedRange<Int64>? {
    switch type {
    case .byte, .short, .integer: Int64(Int32.min)...Int64(Int32.max)
    case .long, .date, .boolean: Int64.min...Int64.max
    default: nil
    }
  }

  /// Reads a value of `search_after`.
  func value(after json: JSONValue) throws(SearchProblem) -> SortValue {
    func failed() -> SearchProblem {
      .illegal("Failed to parse search_after value for field [\(key.field)].")
    }
    switch source {
    case .score:
      guard let score = json.double ?? json.string.flatMap({ Double($0) }) else { throw failed() }
      return .score(Float(score))
    case .document:
      guard let number = json.int64 else { throw failed() }
      return .number(number)
    case .unmapped: return missing
    case .keywords:
      if json.isNull { return key.missing == .first ? .first : .last }
      guard let text = json.string ?? json.number else { throw failed() }
      return .text(text)
    case .numbers(let column):
      if json.isNull { return key.missing == .first ? .first : .last }
      if column.isFraction {
        guard let number = json.double ?? json.string.flatMap({ Double($0) }) else {
          throw failed()
        }
        return number.isFinite
          ? .number(NumberColumn.stored(number)) : key.missing == .first ? .first : .last
      }
      if let number = json.int64 {
        let isLimit = Self.limits(type).map { number == $0.lowerBound || number == $0.upperBound }
        return isLimit == true
          ? (key.missing == .first ? .first : .last) : .number(number)
      }
      if type == .date, let text = json.string, let moment = format.parse(text) {
        return .number(moment)
      }
      guard let double = json.double, let whole = Int64(exactly: double.rounded()) else {
        throw failed()
      }
      return .number(whole)
    }
  }
}

extension SearchProblem {
  static func fielddata(_ field: String, _ index: String) -> SearchProblem {
    .illegal(
      "Fielddata is disabled on [\(field)] in [\(index)]. Text fields are not optimised for "
        + "operations that require per-document field data like aggregations and sorting, so these "
        + "operations are disabled by default. Please use a keyword field instead. Alternatively, "
        + "set fielddata=true on [\(field)] in order to load field data by uninverting the inverted "
        + "index. Note that this can use significant memory.")
  }
}

/// Numbers as Elasticsearch writes them: with a fraction where the type has one.
enum NumberText {
  static func json(_ number: Double) -> JSONValue {
    guard number.isFinite else {
      return .string(number > 0 ? "Infinity" : number < 0 ? "-Infinity" : "NaN")
    }
    return .number(number.description)
  }
}

enum ScoreText {
  static func text(_ score: Float) -> String { score.isFinite ? score.description : "0.0" }
}
