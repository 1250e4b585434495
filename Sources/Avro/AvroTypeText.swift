extension AvroSchema {
  /// The type on one line, for people: `[null, string]`, `long (timestamp-millis)`,
  /// `enum Kind {A, B}`.
  public var typeText: String {
    switch shape {
    case .union(let branches): "[\(branches.map(\.typeText).joined(separator: ", "))]"
    case .array(let items): "array<\(items.typeText)>"
    case .map(let values): "map<\(values.typeText)>"
    case .record(let record): "record \(record.name)"
    case .enumeration(let symbols):
      "enum \(symbols.name) {\(symbols.symbols.joined(separator: ", "))}"
    case .fixed(let fixed): "fixed \(fixed.name) (\(fixed.size) bytes)" + logicalText
    case .reference(let name): name.fullName
    default: typeName + logicalText
    }
  }

  private var logicalText: String {
    guard let name = property("logicalType")?.string else { return "" }
    guard case .decimal(let precision, let scale)? = logicalType else { return " (\(name))" }
    return " (\(name) \(precision), \(scale))"
  }
}
