import JSON

/// Values of numbers, booleans and dates, from documents and from queries.
enum FieldValues {
  /// The column's value; nil where an empty text means that there is none.
  static func value(
    of json: JSONValue, _ field: FieldMapping
  ) throws(SearchProblem) -> ColumnValue? {
    switch field.type {
    case .boolean: return try boolean(json)
    case .date: return .integer(try date(json, field.format))
    case .byte, .short, .integer, .long: return .integer(try whole(json, field))
    case .float, .double, .halfFloat: return .real(try fraction(json, field))
    case .keyword, .text: return .keyword(json.string ?? json.number ?? "")
    case .object: return nil
    }
  }

  private static func boolean(_ json: JSONValue) throws(SearchProblem) -> ColumnValue {
    if let flag = json.bool { return .integer(flag ? 1 : 0) }
    switch json.string {
    case "true": return .integer(1)
    case "false", "": return .integer(0)
    default:
      throw .illegal(
        "Failed to parse value [\(json.string ?? json.number ?? "")] as only [true] or [false] "
          + "are allowed.")
    }
  }

  private static func date(_ json: JSONValue, _ format: DateFormat) throws(SearchProblem) -> Int64 {
    let text = json.string ?? json.number ?? ""
    guard let millis = format.parse(text) else {
      throw .illegal("failed to parse date field [\(text)] with format [\(format.name)]")
    }
    return millis
  }

  private static func whole(_ json: JSONValue, _ field: FieldMapping) throws(SearchProblem) -> Int64
  {
    let text = try numberText(json, field)
    var number = JSONValue.number(text).int64
    if number == nil, let double = Double(text), double.isFinite {
      guard double == double.rounded(.towardZero) || field.coerces else {
        throw .illegal("\(text) cannot be converted to \(field.type.rawValue) without data loss")
      }
      guard let cut = Int64(exactly: double.rounded(.towardZero)) else {
        throw .illegal("Value [\(text)] is out of range for a \(field.type.rawValue)")
      }
      number = cut
    }
    guard let number else {
      throw SearchProblem(400, "number_format_exception", "For input string: \"\(text)\"")
    }
    guard let range = field.type.wholeRange, range.contains(number) else {
      throw .illegal("Value [\(text)] is out of range for a \(field.type.rawValue)")
    }
    return number
  }

  private static func fraction(
    _ json: JSONValue, _ field: FieldMapping
  ) throws(SearchProblem) -> Double {
    let text = try numberText(json, field)
    guard let double = Double(text) else {
      throw SearchProblem(400, "number_format_exception", "For input string: \"\(text)\"")
    }
    let value: Double
    switch field.type {
    case .float: value = Double(Float(double))
    case .halfFloat: value = halfPrecision(double)
    default: value = double
    }
    guard value.isFinite else {
      throw .illegal("[\(field.type.rawValue)] supports only finite values, but got [\(text)]")
    }
    return value
  }

  private static func numberText(
    _ json: JSONValue, _ field: FieldMapping
  ) throws(SearchProblem) -> String {
    if let number = json.number { return number }
    guard let text = json.string, field.coerces else {
      throw .illegal(
        "For input: not a number, and coercion is off for a \(field.type.rawValue)")
    }
    return text
  }

  /// The nearest number of 11 significant bits: IEEE 754's binary16.
  private static func halfPrecision(_ value: Double) -> Double {
    guard value.isFinite, value != 0 else { return value }
    let exponent = max(Int(value.exponent), -14)
    let unit = Double(sign: .plus, exponent: exponent - 10, significand: 1)
    let rounded = (value / unit).rounded(.toNearestOrEven) * unit
    return abs(rounded) > 65_504 ? .infinity : rounded
  }
}
