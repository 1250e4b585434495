import JSON
import Reviews

/// Why a line is not a review.
public struct LineFault: Error, Sendable, Equatable {
  /// One sentence; never the review's text.
  public let reason: String
  /// The review's id, where that much could be read.
  public let key: [UInt8]?
}

/// Reads reviews in Yelp's format, one JSON object a line; and as documents and exported files have them, with
/// `created_at` for `date`, and times as milliseconds since 1970.
public struct LineParser: ~Copyable {
  private var parser = JSONParser()

  public init() {}

  /// `body` gets the review, whose strings are valid during the call.
  public mutating func parse<Failure: Error>(
    _ line: UnsafeRawBufferPointer, now: Int64, _ body: (ReviewView) throws(Failure) -> Void
  ) throws(Failure) -> LineFault? {
    let review: ReviewView
    do throws(LineFault) { review = try read(line, now: now) } catch { return error }
    try body(review)
    return nil
  }

  private mutating func read(
    _ line: UnsafeRawBufferPointer, now: Int64
  ) throws(LineFault) -> ReviewView {
    let document: JSONView
    do throws(JSONError) { document = try parser.parse(line) } catch {
      throw LineFault(reason: error.description, key: nil)
    }
    guard document.kind == .object else { throw LineFault(reason: "no JSON object", key: nil) }
    var fields = LineFields()
    document.forEachMember { name, value in fields.note(name, value) }
    return try fields.review(now: now)
  }
}

/// The members of a line that matter; of members of the same name the last counts.
private struct LineFields {
  private var reviewID, userID, businessID, text, title, language, source: JSONView?
  private var stars, useful, funny, cool, date, createdAt, updatedAt: JSONView?

  mutating func note(_ name: UnsafeRawBufferPointer, _ value: JSONView) {
    if name == "review_id" {
      reviewID = value
    } else if name == "user_id" {
      userID = value
    } else if name == "business_id" {
      businessID = value
    } else if name == "text" {
      text = value
    } else if name == "title" {
      title = value
    } else if name == "language" {
      language = value
    } else if name == "source" {
      source = value
    } else if name == "stars" {
      stars = value
    } else if name == "useful" {
      useful = value
    } else if name == "funny" {
      funny = value
    } else if name == "cool" {
      cool = value
    } else if name == "date" {
      date = value
    } else if name == "created_at" {
      createdAt = value
    } else if name == "updated_at" {
      updatedAt = value
    }
  }

  func review(now: Int64) throws(LineFault) -> ReviewView {
    guard let reviewID, !reviewID.isNull else { throw LineFault(reason: "no review_id", key: nil) }
    guard let id = reviewID.stringBytes, !id.isEmpty else {
      throw LineFault(reason: "review_id is no text or is empty", key: nil)
    }
    func fault(_ reason: String) -> LineFault { LineFault(reason: reason, key: Array(id)) }
    func string(
      _ value: JSONView?, _ name: String
    ) throws(LineFault) -> UnsafeRawBufferPointer? {
      guard let value, !value.isNull else { return nil }
      guard let bytes = value.stringBytes else { throw fault("\(name) is no text") }
      return bytes
    }
    func time(_ value: JSONView?, _ name: String) throws(LineFault) -> Int64? {
      guard let value, !value.isNull else { return nil }
      let time: Int64
      if value.kind == .number {
        guard let number = value.int64 else { throw fault("\(name) is no date") }
        time = number
      } else {
        guard let bytes = try string(value, name), !bytes.isEmpty else { return nil }
        guard let parsed = ReviewDate.parse(bytes) else { throw fault("\(name) is no date") }
        time = parsed
      }
      guard time >= 0 else { throw fault("\(name) is before 1970") }
      return time
    }
    func count(_ value: JSONView?, _ name: String) throws(LineFault) -> Int32 {
      guard let value, !value.isNull else { return 0 }
      guard let number = value.double, let whole = Int32(exactly: number) else {
        throw fault("\(name) is no whole number")
      }
      return whole
    }
    guard let words = try string(text, "text"), !words.isEmpty else { throw fault("no text") }
    var written = try time(date, "date")
    if written == nil { written = try time(createdAt, "created_at") }
    let times = ReviewTimes(
      createdAt: written ?? now, updatedAt: try time(updatedAt, "updated_at"), ingestedAt: now)
    var review = ReviewView(reviewID: id, text: words, times: times)
    if let stars, !stars.isNull {
      guard let number = stars.double else { throw fault("stars is no number") }
      guard (1...5).contains(number) else { throw fault("stars is not from 1 to 5") }
      review.stars = number
    }
    review.userID = try string(userID, "user_id")
    review.businessID = try string(businessID, "business_id")
    review.title = try string(title, "title")
    review.language = try string(language, "language")
    if let origin = try string(source, "source") { review.source = origin }
    review.useful = try count(useful, "useful")
    review.funny = try count(funny, "funny")
    review.cool = try count(cool, "cool")
    return review
  }
}
