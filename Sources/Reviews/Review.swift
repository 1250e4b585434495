import Avro
import Bytes

/// A review as its source has it, with strings of its own.
///
/// Where the strings already lie as UTF-8 somewhere, `ReviewView` encodes them without a copy.
public struct Review: Sendable, Equatable {
  /// The record's key; never empty.
  public var reviewID: String
  /// Where it came from.
  public var source: String
  public var userID: String?
  public var businessID: String?
  public var title: String?
  public var text: String
  /// BCP 47.
  public var language: String?
  /// 1 to 5.
  public var stars: Double?
  public var useful: Int32
  public var funny: Int32
  public var cool: Int32
  public var times: ReviewTimes

  public init(
    reviewID: String, source: String = "", userID: String? = nil, businessID: String? = nil,
    title: String? = nil, text: String, language: String? = nil, stars: Double? = nil,
    useful: Int32 = 0, funny: Int32 = 0, cool: Int32 = 0, times: ReviewTimes
  ) {
    self.reviewID = reviewID
    self.source = source
    self.userID = userID
    self.businessID = businessID
    self.title = title
    self.text = text
    self.language = language
    self.stars = stars
    self.useful = useful
    self.funny = funny
    self.cool = cool
    self.times = times
  }

  public var docVersion: Int64 { times.docVersion }

  /// Appends the review in Avro, as `ReviewSchemas.review` has it; without the wire header.
  public func encode(into buffer: inout ByteBuffer) {
    buffer.appendAvro(utf8: reviewID)
    buffer.appendAvro(utf8: source)
    buffer.appendAvro(optional: userID)
    buffer.appendAvro(optional: businessID)
    buffer.appendAvro(optional: title)
    buffer.appendAvro(utf8: text)
    buffer.appendAvro(optional: language)
    buffer.appendAvro(optional: stars)
    buffer.appendAvro(int: useful)
    buffer.appendAvro(int: funny)
    buffer.appendAvro(int: cool)
    buffer.appendAvro(times: times)
  }
}

/// Branches of `["null", T]`, and the fields that reviews share.
extension ByteBuffer {
  @inlinable mutating func appendAvro(optional text: String?) {
    guard let text else { return append(0) }
    append(2)
    appendAvro(utf8: text)
  }

  @inlinable mutating func appendAvro(optional bytes: UnsafeRawBufferPointer?) {
    guard let bytes else { return append(0) }
    append(2)
    appendAvro(bytes: bytes)
  }

  @inlinable mutating func appendAvro(optional number: Double?) {
    guard let number else { return append(0) }
    append(2)
    appendAvro(double: number)
  }

  @inlinable mutating func appendAvro(times: ReviewTimes) {
    appendAvro(long: times.createdAt)
    if let updatedAt = times.updatedAt {
      append(2)
      appendAvro(long: updatedAt)
    } else {
      append(0)
    }
    appendAvro(long: times.ingestedAt)
  }
}
