import JSON

/// A meaning on top of a plain type. One that does not fit its type is ignored, as the format says.
public enum AvroLogicalType: Sendable, Equatable {
  /// Big-endian two's complement, times ten to the minus `scale`.
  case decimal(precision: Int, scale: Int)
  case uuid
  /// Days since 1970-01-01.
  case date
  /// Milliseconds or microseconds since midnight.
  case timeMillis, timeMicros
  /// Since 1970-01-01T00:00:00 UTC.
  case timestampMillis, timestampMicros
  /// Since 1970-01-01T00:00:00 in a time zone that is not said.
  case localTimestampMillis, localTimestampMicros
}

extension AvroSchema {
  /// The logical type, where there is a known one that fits.
  public var logicalType: AvroLogicalType? {
    guard let name = property("logicalType")?.string else { return nil }
    switch (name, shape) {
    case ("decimal", .bytes): return decimal(maximumPrecision: Int.max)
    case ("decimal", .fixed(let fixed)):
      // Digits that always fit: log10(2) times the bits without the sign.
      return decimal(maximumPrecision: fixed.size == 0 ? 0 : (fixed.size * 8 - 1) * 30103 / 100_000)
    case ("uuid", .string): return .uuid
    case ("date", .int): return .date
    case ("time-millis", .int): return .timeMillis
    case ("time-micros", .long): return .timeMicros
    case ("timestamp-millis", .long): return .timestampMillis
    case ("timestamp-micros", .long): return .timestampMicros
    case ("local-timestamp-millis", .long): return .localTimestampMillis
    case ("local-timestamp-micros", .long): return .localTimestampMicros
    default: return nil
    }
  }

  /// The unknown member of that name.
  public func property(_ name: String) -> JSONValue? {
    properties.first { $0.name == name }?.value
  }

  private func decimal(maximumPrecision: Int) -> AvroLogicalType? {
    guard let precision = property("precision")?.int64, precision > 0,
      precision <= maximumPrecision
    else { return nil }
    var scale: Int64 = 0
    if let given = property("scale") {
      guard let number = given.int64, number >= 0, number <= precision else { return nil }
      scale = number
    }
    return .decimal(precision: Int(precision), scale: Int(scale))
  }
}
