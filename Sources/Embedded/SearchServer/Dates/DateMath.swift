/// Elasticsearch's date expressions: `now-7d/d`, `2024-01-31||+1M`, or a plain date.
enum DateMath {
  /// Milliseconds since 1970; nil where the expression is none.
  ///
  /// - Parameters:
  ///   - now: what `now` stands for.
  ///   - roundUp: `/d` and missing parts go to the last millisecond of the unit.
  ///   - zone: where days begin, and for dates that name no zone.
  static func parse(
    _ text: String, _ format: DateFormat, now: Int64, roundUp: Bool, zone: Zone
  ) -> Int64? {
    if text.hasPrefix("now") {
      return apply(text.dropFirst(3), to: now, roundUp, zone)
    }
    if let bar = text.firstRange(of: "||") {
      guard let anchor = format.parse(String(text[..<bar.lowerBound]), zone: zone) else {
        return nil
      }
      return apply(text[bar.upperBound...], to: anchor, roundUp, zone)
    }
    return format.parse(text, roundUp: roundUp, zone: zone)
  }

  /// Milliseconds from 1970, some three million years, beyond which nothing is reckoned.
  static let furthest: Int64 = 100_000_000_000_000_000

  private static func apply(
    _ text: Substring, to start: Int64, _ roundUp: Bool, _ zone: Zone
  ) -> Int64? {
    var time = start
    var rest = text
    guard abs(start) <= furthest else { return nil }
    while let sign = rest.popFirst() {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      guard let unit = rest.popFirst().flatMap(CalendarUnit.init(symbol:)) else { return nil }
      switch sign {
      case "/":
        guard digits.isEmpty else { return nil }
        time = unit.floor(time, zone)
        if roundUp { time = unit.add(1, to: time, zone) - 1 }
      case "+", "-":
        guard let count = digits.isEmpty ? 1 : Int64(digits), count < 10_000_000 else { return nil }
        time = unit.add(sign == "-" ? -count : count, to: time, zone)
      default: return nil
      }
      guard abs(time) <= furthest else { return nil }
    }
    return time
  }
}

/// Units of the calendar, whose lengths differ.
enum CalendarUnit: Sendable {
  case second, minute, hour, day, week, month, quarter, year

  init?(symbol: Character) {
    switch symbol {
    case "y": self = .year
    case "M": self = .month
    case "w": self = .week
    case "d": self = .day
    case "h", "H": self = .hour
    case "m": self = .minute
    case "s": self = .second
    default: return nil
    }
  }

  /// As `calendar_interval` names them.
  init?(interval: String) {
    switch interval {
    case "second", "1s": self = .second
    case "minute", "1m": self = .minute
    case "hour", "1h": self = .hour
    case "day", "1d": self = .day
    case "week", "1w": self = .week
    case "month", "1M": self = .month
    case "quarter", "1q": self = .quarter
    case "year", "1y": self = .year
    default: return nil
    }
  }

  private var milliseconds: Int64? {
    switch self {
    case .second: 1000
    case .minute: 60_000
    case .hour: 3_600_000
    default: nil
    }
  }

  /// The start of the unit that holds a moment. Weeks start on Monday.
  func floor(_ utc: Int64, _ zone: Zone) -> Int64 {
    let local = zone.local(utc)
    if let unit = milliseconds {
      // Shorter than a day: the offset stays the moment's own.
      return CivilTime.floor(local, by: unit) * unit - (local - utc)
    }
    var time = CivilTime(local: local)
    (time.hour, time.minute, time.second, time.millisecond) = (0, 0, 0, 0)
    switch self {
    case .week:
      let days = CivilTime.floor(time.local, by: CivilTime.millisecondsPerDay)
      let sinceMonday = (days + 3) - CivilTime.floor(days + 3, by: 7) * 7
      return zone.utc((days - sinceMonday) * CivilTime.millisecondsPerDay)
    case .month: time.day = 1
    case .quarter:
      time.day = 1
      time.month = (time.month - 1) / 3 * 3 + 1
    case .year:
      time.day = 1
      time.month = 1
    default: break
    }
    return zone.utc(time.local)
  }

  /// Months and years keep the day, or take the month's last one.
  func add(_ count: Int64, to utc: Int64, _ zone: Zone) -> Int64 {
    if let unit = milliseconds { return utc + count * unit }
    let local = zone.local(utc)
    switch self {
    case .day: return zone.utc(local + count * CivilTime.millisecondsPerDay)
    case .week: return zone.utc(local + count * 7 * CivilTime.millisecondsPerDay)
    default:
      let months: Int64 = self == .year ? 12 : self == .quarter ? 3 : 1
      var time = CivilTime(local: local)
      let total = Int64(time.year) * 12 + Int64(time.month) - 1 + count * months
      time.year = Int(CivilTime.floor(total, by: 12))
      time.month = Int(total - Int64(time.year) * 12) + 1
      time.day = min(time.day, CivilTime.daysInMonth(time.year, time.month))
      return zone.utc(time.local)
    }
  }
}
