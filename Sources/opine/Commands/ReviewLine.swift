import Foundation
import JSON

/// A scored review's facts as `search` and `tail` show them, from its document or record as JSON.
struct ReviewLine {
  let label: String
  let score: Double
  let stars: Double?
  /// Milliseconds since 1970.
  let createdAt: Int64
  let business: String?
  let id: String
  let text: String

  init(_ review: JSONValue) {
    label = review["sentiment_label"]?.string ?? "?"
    score = review["sentiment_score"]?.double ?? 0
    stars = review["stars"]?.double
    createdAt = review["created_at"]?.int64 ?? 0
    business = review["business_id"]?.string
    id = review["review_id"]?.string ?? ""
    text = review["text"]?.string ?? ""
  }

  static func style(of label: String) -> Terminal.Style {
    switch label {
    case "NEGATIVE": .red
    case "POSITIVE": .green
    default: .yellow
    }
  }

  /// `NEGATIVE -0.81  1★   2024-03-02`
  private var facts: String {
    let verdict = "\(label.padding(to: 8)) \(Self.signed(score))"
    let stars = (stars.map { Self.stars($0) } ?? "").padding(to: 4)
    return Terminal.styled(verdict, Self.style(of: label)) + "  \(stars) \(Self.day(createdAt))"
  }
  private static let factsWidth = 32

  /// The facts and the review's id.
  var headline: String { "\(facts)  " + Terminal.styled(id, .dim) }

  /// The facts, the business and the beginning of the text, in one line of so many columns.
  func line(columns: Int) -> String {
    let business = Terminal.cut(Terminal.plain(business ?? ""), to: 20).padding(to: 20)
    let room = max(20, columns - Self.factsWidth - 24)
    return "\(facts)  \(business)  " + Terminal.cut(Terminal.plain(text), to: room)
  }

  /// `4★`, `3.5★`
  static func stars(_ number: Double) -> String { String(format: "%g★", number) }

  /// Two decimals with a sign; never -0.00.
  static func signed(_ score: Double) -> String {
    let text = String(format: "%+.2f", score)
    return text == "-0.00" ? "+0.00" : text
  }

  /// The day in UTC.
  static func day(_ milliseconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(
      .iso8601.year().month().day())
  }
}
