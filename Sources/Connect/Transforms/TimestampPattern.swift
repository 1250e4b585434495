/// Times in names, by Java's pattern letters `y M d H m s S` and quoted text, in UTC.
public struct TimestampPattern: Sendable {
  private enum Part: Sendable {
    case text(String)
    case number(Character, width: Int)
  }

  private let parts: [Part]

  /// Nil where a letter is none of those.
  public init?(_ pattern: String) {
    var parts: [Part] = []
    var rest = pattern[...]
    while let first = rest.first {
      let run = rest.prefix { $0 == first }
      if first == "'" {
        let quoted = rest.dropFirst().prefix { $0 != "'" }
        guard quoted.endIndex < rest.endIndex else { return nil }
        parts.append(.text(quoted.isEmpty ? "'" : String(quoted)))
        rest = rest[rest.index(after: quoted.endIndex)...]
      } else if first.isLetter {
        guard "yuMdHmsS".contains(first) else { return nil }
        parts.append(.number(first, width: run.count))
        rest = rest[run.endIndex...]
      } else {
        parts.append(.text(String(run)))
        rest = rest[run.endIndex...]
      }
    }
    self.parts = parts
  }

  /// The text for a time in milliseconds since 1970.
  public func text(_ milliseconds: Int64) -> String {
    let day = 86_400_000 as Int64
    let ofDay = ((milliseconds % day) + day) % day
    let (year, month, date) = Self.civil((milliseconds - ofDay) / day)
    return parts.map { part in
      switch part {
      case .text(let text): return text
      case .number(let letter, let width):
        let value: Int64 =
          switch letter {
          case "y", "u": width == 2 ? year % 100 : year
          case "M": month
          case "d": date
          case "H": ofDay / 3_600_000
          case "m": ofDay / 60_000 % 60
          case "s": ofDay / 1000 % 60
          default: ofDay % 1000
          }
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
      }
    }.joined()
  }

  /// Year, month and day of a day since 1970, by Hinnant's algorithm.
  private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let ofEra = shifted - era * 146_097
    let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * ofYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, ofYear - (153 * shiftedMonth + 2) / 5 + 1)
  }
}
