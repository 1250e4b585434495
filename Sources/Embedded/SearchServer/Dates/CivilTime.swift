import Foundation
import Synchronization

/// A moment's fields in the proleptic Gregorian calendar.
struct CivilTime: Equatable, Sendable {
  var year: Int
  var month = 1
  var day = 1
  var hour = 0
  var minute = 0
  var second = 0
  var millisecond = 0

  static let millisecondsPerDay: Int64 = 86_400_000

  init(
    year: Int, month: Int = 1, day: Int = 1, hour: Int = 0, minute: Int = 0, second: Int = 0,
    millisecond: Int = 0
  ) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
    self.millisecond = millisecond
  }

  /// - Parameter local: milliseconds since 1970 on the local clock.
  init(local: Int64) {
    let days = Self.floor(local, by: Self.millisecondsPerDay)
    let rest = local - days * Self.millisecondsPerDay
    // Howard Hinnant's civil_from_days, with years that begin in March.
    let shifted = days + 719_468
    let era = Self.floor(shifted, by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    self.init(
      year: Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0)), month: Int(month),
      day: Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1), hour: Int(rest / 3_600_000),
      minute: Int(rest / 60_000 % 60), second: Int(rest / 1000 % 60),
      millisecond: Int(rest % 1000))
  }

  /// Milliseconds since 1970 on the local clock. Months beyond 12 run into the next years.
  var local: Int64 {
    let months = Int64(year) * 12 + Int64(month) - 1
    let year = Self.floor(months, by: 12)
    let month = months - year * 12 + 1
    let shifted = month <= 2 ? year - 1 : year
    let era = Self.floor(shifted, by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return days * Self.millisecondsPerDay + Int64(hour) * 3_600_000 + Int64(minute) * 60_000
      + Int64(second) * 1000 + Int64(millisecond)
  }

  static func daysInMonth(_ year: Int, _ month: Int) -> Int {
    let first = CivilTime(year: year, month: month).local
    return Int((CivilTime(year: year, month: month + 1).local - first) / millisecondsPerDay)
  }

  static func floor(_ value: Int64, by unit: Int64) -> Int64 {
    value >= 0 ? value / unit : -((-value + unit - 1) / unit)
  }
}

/// A fixed offset from UTC, or a place with its clock changes.
enum Zone: Sendable, Equatable {
  case offset(Int64)
  case place(TimeZone)

  static let utc = Zone.offset(0)

  /// `Z`, `UTC`, `+02:00`, `+0200`, `Europe/Berlin`; nil for anything else.
  init?(_ text: String) {
    if ["Z", "UTC", "GMT", "z"].contains(text) {
      self = .utc
    } else if let sign = text.first, sign == "+" || sign == "-" {
      let digits = text.dropFirst().filter { $0 != ":" }
      guard digits.allSatisfy(\.isNumber), [1, 2, 4].contains(digits.count) else { return nil }
      let hours = Int64(digits.prefix(2)) ?? 0
      let minutes = digits.count == 4 ? Int64(digits.suffix(2)) ?? 0 : 0
      self = .offset((sign == "-" ? -1 : 1) * (hours * 60 + minutes) * 60_000)
    } else if let zone = TimeZone(identifier: text) {
      self = .place(zone)
    } else {
      return nil
    }
  }

  /// Milliseconds to add to UTC at a moment.
  func offset(at utc: Int64) -> Int64 {
    switch self {
    case .offset(let offset): return offset
    case .place(let zone):
      let date = Date(timeIntervalSince1970: Double(utc) / 1000)
      return Int64(zone.secondsFromGMT(for: date)) * 1000
    }
  }

  func local(_ utc: Int64) -> Int64 { utc + offset(at: utc) }

  /// The moment of a local time; where a clock change leaves it out, the moment of the change.
  func utc(_ local: Int64) -> Int64 {
    guard case .place = self else { return local - offset(at: 0) }
    let earlier = local - offset(at: local - CivilTime.millisecondsPerDay)
    if self.local(earlier) == local { return earlier }
    let later = local - offset(at: local + CivilTime.millisecondsPerDay)
    // Within a gap the old offset leads to the change, for times that start a day.
    return self.local(later) == local ? later : earlier
  }

  /// How Elasticsearch writes the offset: `Z` or `+02:00`.
  func suffix(at utc: Int64) -> String {
    let minutes = offset(at: utc) / 60_000
    if minutes == 0 { return "Z" }
    let (hour, minute) = abs(minutes).quotientAndRemainder(dividingBy: 60)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(minutes < 0 ? "-" : "+")\(two(hour)):\(two(minute))"
  }
}
