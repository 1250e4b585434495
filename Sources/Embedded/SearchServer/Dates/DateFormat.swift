/// How dates are written: one or more of Elasticsearch's formats, tried in order; the first prints.
///
/// `strict_date_optional_time`, `epoch_millis`, `epoch_second`, their relatives, and Java patterns
/// made of `y u M d H m s S X` and literals.
struct DateFormat: Sendable, Equatable {
  private enum Alternative: Sendable, Equatable {
    case iso
    case epochMillis
    case epochSecond
    case pattern([Piece])
  }

  private enum Piece: Sendable, Equatable {
    case field(Character, width: Int)
    case zone
    case literal(UInt8)
  }

  let name: String
  private let alternatives: [Alternative]

  static let standard = DateFormat(iso: "strict_date_optional_time||epoch_millis", true)
  /// What dynamic mapping takes for a date.
  static let detected = DateFormat(iso: "strict_date_optional_time", false)

  private init(iso name: String, _ hasMillis: Bool) {
    self.name = name
    alternatives = hasMillis ? [.iso, .epochMillis] : [.iso]
  }

  /// nil where a format is not one of those known here.
  init?(_ name: String) {
    var alternatives: [Alternative] = []
    var rest = name[...]
    while true {
      let bar = rest.firstRange(of: "||")
      let one = String(bar.map { rest[..<$0.lowerBound] } ?? rest)
      guard let alternative = Self.alternative(one) else { return nil }
      alternatives.append(alternative)
      guard let bar else { break }
      rest = rest[bar.upperBound...]
    }
    self.name = name
    self.alternatives = alternatives
  }

  private static let named = [
    "date": "yyyy-MM-dd", "strict_date": "yyyy-MM-dd", "basic_date": "yyyyMMdd",
    "strict_date_hour_minute_second": "yyyy-MM-dd'T'HH:mm:ss",
    "date_hour_minute_second": "yyyy-MM-dd'T'HH:mm:ss", "year": "yyyy", "strict_year": "yyyy",
    "year_month": "yyyy-MM", "strict_year_month": "yyyy-MM",
    "date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSX", "strict_date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSX",
    "date_time_no_millis": "yyyy-MM-dd'T'HH:mm:ssX",
    "strict_date_time_no_millis": "yyyy-MM-dd'T'HH:mm:ssX", "hour": "HH",
  ]

  private static func alternative(_ name: String) -> Alternative? {
    switch name {
    case "strict_date_optional_time", "date_optional_time", "iso8601",
      "strict_date_optional_time_nanos":
      return .iso
    case "epoch_millis": return .epochMillis
    case "epoch_second": return .epochSecond
    default: return pieces(named[name] ?? name).map { .pattern($0) }
    }
  }

  private static func pieces(_ pattern: String) -> [Piece]? {
    var pieces: [Piece] = []
    var isQuoted = false
    var hasField = false
    for character in pattern {
      guard let byte = character.asciiValue else { return nil }
      if character == "'" {
        isQuoted.toggle()
      } else if isQuoted || !character.isLetter {
        pieces.append(.literal(byte))
      } else if "XZ".contains(character) {
        if pieces.last != .zone { pieces.append(.zone) }
      } else if "yuMdHmsS".contains(character) {
        hasField = true
        let field: Character = character == "u" ? "y" : character
        if case .field(field, let width) = pieces.last {
          pieces[pieces.count - 1] = .field(field, width: width + 1)
        } else {
          pieces.append(.field(field, width: 1))
        }
      } else {
        return nil
      }
    }
    let isReadable = pieces.allSatisfy { piece in
      if case .field(_, let width) = piece { width <= 9 } else { true }
    }
    return hasField && !isQuoted && isReadable ? pieces : nil
  }

  // MARK: Reading

  /// Milliseconds since 1970; nil where the text has none of the formats.
  ///
  /// - Parameters:
  ///   - roundUp: missing hours, minutes and seconds stand for their last moment instead of their
  ///     first; a missing month or day is the first one either way.
  ///   - zone: for texts that name none.
  func parse(_ text: String, roundUp: Bool = false, zone: Zone = .utc) -> Int64? {
    var text = text
    return text.withUTF8 { utf8 in
      for alternative in alternatives {
        var reader = DateReader(bytes: UnsafeRawBufferPointer(utf8))
        let found: Int64? =
          switch alternative {
          case .iso: reader.readISO() ? reader.millis(roundUp, zone) : nil
          case .epochMillis: reader.readNumber(scale: 1)
          case .epochSecond: reader.readNumber(scale: 1000)
          case .pattern(let pieces): read(pieces, &reader) ? reader.millis(roundUp, zone) : nil
          }
        if let found { return found }
      }
      return nil
    }
  }

  private func read(_ pieces: [Piece], _ reader: inout DateReader) -> Bool {
    for piece in pieces {
      switch piece {
      case .literal(let byte): if !reader.skip(byte) { return false }
      case .zone: if !reader.readZone() { return false }
      case .field(let field, let width): if !reader.read(field, width) { return false }
      }
    }
    return reader.isAtEnd
  }

  // MARK: Writing

  func string(_ millis: Int64, zone: Zone = .utc) -> String {
    let time = CivilTime(local: zone.local(millis))
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(abs(number))
      return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count))
        + digits
    }
    switch alternatives[0] {
    case .epochMillis: return String(millis)
    case .epochSecond: return String(CivilTime.floor(millis, by: 1000))
    case .iso:
      return "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))T"
        + "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))."
        + padded(time.millisecond, 3) + zone.suffix(at: millis)
    case .pattern(let pieces):
      return pieces.map { piece in
        switch piece {
        case .literal(let byte): String(UnicodeScalar(byte))
        case .zone: zone.suffix(at: millis)
        case .field("y", let width): padded(width == 2 ? time.year % 100 : time.year, width)
        case .field("M", let width): padded(time.month, width)
        case .field("d", let width): padded(time.day, width)
        case .field("H", let width): padded(time.hour, width)
        case .field("m", let width): padded(time.minute, width)
        case .field("s", let width): padded(time.second, width)
        case .field(_, let width): String(padded(time.millisecond, 3).prefix(width))
        }
      }.joined()
    }
  }
}
