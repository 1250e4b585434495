/// Reads the fields of one date from its text.
struct DateReader {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0
  private var fields: [Character: Int] = [:]
  private var zone: Zone?

  init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }

  mutating func skip(_ byte: UInt8) -> Bool {
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func digits(_ minimum: Int, _ maximum: Int) -> Int? {
    var value = 0
    var count = 0
    while at < bytes.count, count < maximum, bytes[at] &- 48 < 10 {
      value = value * 10 + Int(bytes[at] &- 48)
      at += 1
      count += 1
    }
    return count >= minimum ? value : nil
  }

  /// A number of milliseconds or seconds, with a fraction that is cut.
  mutating func readNumber(scale: Int64) -> Int64? {
    let isNegative = skip(UInt8(ascii: "-"))
    guard let whole = digits(1, 18) else { return nil }
    var fraction: Int64 = 0
    if skip(UInt8(ascii: ".")) {
      let start = at
      guard var digits = digits(1, 9) else { return nil }
      for _ in (at - start)..<9 { digits *= 10 }
      fraction = Int64(digits) * scale / 1_000_000_000
    }
    guard isAtEnd else { return nil }
    let (value, overflow) = Int64(whole).multipliedReportingOverflow(by: scale)
    return overflow ? nil : (value + fraction) * (isNegative ? -1 : 1)
  }

  /// `2024[-05[-31]][T10[:30[:59[.123]]]][Z]`.
  mutating func readISO() -> Bool {
    guard let year = digits(4, 4) else { return false }
    fields["y"] = year
    if skip(UInt8(ascii: "-")) {
      guard let month = digits(2, 2) else { return false }
      fields["M"] = month
      if skip(UInt8(ascii: "-")) {
        guard let day = digits(2, 2) else { return false }
        fields["d"] = day
      }
    }
    if skip(UInt8(ascii: "T")), !isAtEnd {
      guard fields["d"] != nil, readTime() else { return false }
      if !isAtEnd, !readZone() { return false }
    }
    return isAtEnd
  }

  private mutating func readTime() -> Bool {
    guard let hour = digits(2, 2) else { return false }
    fields["H"] = hour
    for (field, mark) in [("m" as Character, UInt8(ascii: ":")), ("s", UInt8(ascii: ":"))] {
      guard skip(mark) else { return true }
      guard let value = digits(2, 2) else { return false }
      fields[field] = value
    }
    if skip(UInt8(ascii: ".")) || skip(UInt8(ascii: ",")) { return readFraction() }
    return true
  }

  private mutating func readFraction() -> Bool {
    let start = at
    guard var value = digits(1, 9) else { return false }
    for _ in (at - start)..<9 { value *= 10 }
    fields["S"] = value / 1_000_000
    return true
  }

  mutating func read(_ field: Character, _ width: Int) -> Bool {
    if field == "S" { return readFraction() }
    guard let value = digits(width, width == 1 ? 2 : width == 4 ? 4 : width) else { return false }
    fields[field] = field == "y" && width == 2 ? 2000 + value : value
    return true
  }

  mutating func readZone() -> Bool {
    let text = String(decoding: bytes[at...], as: UTF8.self)
    guard let zone = Zone(text) else { return false }
    self.zone = zone
    at = bytes.count
    return true
  }

  /// The moment; nil where a field is out of its range.
  func millis(_ roundUp: Bool, _ zone: Zone) -> Int64? {
    func field(_ name: Character, _ range: ClosedRange<Int>) -> Int? {
      // A missing month or day is the first one either way, as Elasticsearch has it.
      let isTime = name != "M" && name != "d"
      let value = fields[name] ?? (roundUp && isTime ? range.upperBound : range.lowerBound)
      return range.contains(value) ? value : nil
    }
    let year = fields["y"] ?? 1970
    guard let month = field("M", 1...12),
      let day = field("d", 1...CivilTime.daysInMonth(year, month)),
      let hour = field("H", 0...23), let minute = field("m", 0...59),
      let second = field("s", 0...59), let millisecond = field("S", 0...999)
    else { return nil }
    let time = CivilTime(
      year: year, month: month, day: day, hour: hour, minute: minute, second: second,
      millisecond: millisecond)
    return (self.zone ?? zone).utc(time.local)
  }
}
