/// The mapping types that are known here.
enum FieldType: String, Sendable, CaseIterable {
  case text, keyword, boolean, byte, short, integer, long, float, double, date, object
  case halfFloat = "half_float"

  var isWhole: Bool {
    switch self {
    case .byte, .short, .integer, .long: true
    default: false
    }
  }

  var isFraction: Bool { self == .float || self == .double || self == .halfFloat }
  var isNumber: Bool { isWhole || isFraction }

  /// The values of a whole type; nil for others.
  var wholeRange: ClosedRange<Int64>? {
    switch self {
    case .byte: -128...127
    case .short: -32_768...32_767
    case .integer: Int64(Int32.min)...Int64(Int32.max)
    // The lowest one marks a missing value in columns.
    case .long: Int64.min + 1...Int64.max
    default: nil
    }
  }
}

/// What happens to members of a document that no mapping names.
enum DynamicMapping: String, Sendable {
  case yes = "true"
  case no = "false"
  case strict
}
