/// Reads the dates that sources write: ISO 8601, or US `M/D/YYYY`.
///
/// `2018-07-07`, `2018-07-07 22:09`, `2018-07-07T22:09:11.123Z`, `2018-07-07T22:09:11+02:00`,
/// `7/7/2018`, `7/7/2018 22:09`. Without an offset a time is UTC; without a time it is midnight.
public enum ReviewDate {
  /// Milliseconds since 1970, UTC, fractions beyond them cut off; negative before 1970.
  ///
  /// Nil where the text is no such date, or no day of the calendar (`2/30/2018`).
  public static func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    var reader = Reader(bytes)
    guard let date = reader.date() else { return nil }
    guard let time = reader.time() else { return nil }
    return reader.isAtEnd ? date * 86_400_000 + time : nil
  }

  /// The same of a string.
  public static func parse(_ text: String) -> Int64? {
    var text = text
    return text.withUTF8 { parse(UnsafeRawBufferPointer($0)) }
  }

  /// Days since 1970 in the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
  static func days(year: Int64, month: Int64, day: Int64) -> Int64? {
    guard (1...12).contains(month), day >= 1 else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let length: Int64
    switch month {
    case 2: length = isLeap ? 29 : 28
    case 4, 6, 9, 11: length = 30
    default: length = 31
    }
    guard day <= length else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

/// Reads left to right; a method that gives nil ends the reading.
private struct Reader {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0
  private var end: Int

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    end = bytes.count
    while end > 0, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
    while at < end, bytes[at] == UInt8(ascii: " ") { at += 1 }
  }

  var isAtEnd: Bool { at == end }

  private var next: UInt8? { at < end ? bytes[at] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  /// A number of so many digits, neither fewer nor more.
  private mutating func number(_ count: ClosedRange<Int>) -> Int64? {
    var value: Int64 = 0
    let start = at
    while let byte = next, byte &- UInt8(ascii: "0") < 10, at - start < count.upperBound {
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      at += 1
    }
    guard at - start >= count.lowerBound else { return nil }
    if let byte = next, byte &- UInt8(ascii: "0") < 10 { return nil }
    return value
  }

  mutating func date() -> Int64? {
    let start = at
    if let year = number(4...4) {
      guard take("-"), let month = number(2...2), take("-"), let day = number(2...2) else {
        return nil
      }
      return ReviewDate.days(year: year, month: month, day: day)
    }
    at = start
    guard let month = number(1...2), take("/"), let day = number(1...2), take("/"),
      let year = number(4...4)
    else { return nil }
    return ReviewDate.days(year: year, month: month, day: day)
  }

  /// Milliseconds since midnight UTC, which an offset may move to another day; 0 without a time.
  mutating func time() -> Int64? {
    if isAtEnd { return 0 }
    guard take("T") || take("t") || take(" ") else { return nil }
    guard let hour = number(1...2), hour < 24, take(":"), let minute = number(2...2), minute < 60
    else { return nil }
    var time = (hour * 60 + minute) * 60_000
    if take(":") {
      // 60 is a leap second, which becomes the next minute's first.
      guard let second = number(2...2), second <= 60 else { return nil }
      time += second * 1000
      if take(".") || take(",") {
        guard let fraction = milliseconds() else { return nil }
        time += fraction
      }
    }
    guard let offset = offset() else { return nil }
    return time - offset
  }

  /// The first three of the fraction's digits; the others must be digits too.
  private mutating func milliseconds() -> Int64? {
    var value: Int64 = 0
    var digits = 0
    while let byte = next, byte &- UInt8(ascii: "0") < 10 {
      if digits < 3 { value = value * 10 + Int64(byte - UInt8(ascii: "0")) }
      digits += 1
      at += 1
    }
    guard digits > 0 else { return nil }
    for _ in min(digits, 3)..<3 { value *= 10 }
    return value
  }

  /// Milliseconds east of UTC: `Z`, `+02:00`, `+0200`, `+02`, or nothing.
  private mutating func offset() -> Int64? {
    if isAtEnd || take("Z") || take("z") { return 0 }
    let sign: Int64
    if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
    guard at + 2 <= end, let hours = twoDigits(), hours <= 18 else { return nil }
    if isAtEnd { return sign * hours * 3_600_000 }
    _ = take(":")
    guard let minutes = twoDigits(), minutes < 60 else { return nil }
    return sign * (hours * 60 + minutes) * 60_000
  }

  private mutating func twoDigits() -> Int64? {
    guard at + 2 <= end else { return nil }
    let tens = bytes[at] &- UInt8(ascii: "0")
    let ones = bytes[at + 1] &- UInt8(ascii: "0")
    guard tens < 10, ones < 10 else { return nil }
    at += 2
    return Int64(tens) * 10 + Int64(ones)
  }
}
