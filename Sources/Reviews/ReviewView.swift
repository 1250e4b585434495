import Avro
import Bytes

/// A review whose strings are borrowed: UTF-8 in a payload or a parsed line, valid while that is.
public struct ReviewView {
  /// The record's key; never empty.
  public var reviewID: UnsafeRawBufferPointer
  public var source = UnsafeRawBufferPointer(start: nil, count: 0)
  public var userID: UnsafeRawBufferPointer?
  public var businessID: UnsafeRawBufferPointer?
  public var title: UnsafeRawBufferPointer?
  public var text: UnsafeRawBufferPointer
  public var language: UnsafeRawBufferPointer?
  public var stars: Double?
  public var useful: Int32 = 0
  public var funny: Int32 = 0
  public var cool: Int32 = 0
  public var times: ReviewTimes

  public init(
    reviewID: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer, times: ReviewTimes
  ) {
    self.reviewID = reviewID
    self.text = text
    self.times = times
  }

  @inlinable public var docVersion: Int64 { times.docVersion }

  /// Appends the review in Avro, as `ReviewSchemas.review` has it; without the wire header.
  ///
  /// The strings must be well-formed UTF-8. The bytes are those of `Review.encode(into:)`.
  public func encode(into buffer: inout ByteBuffer) {
    buffer.appendAvro(bytes: reviewID)
    buffer.appendAvro(bytes: source)
    buffer.appendAvro(optional: userID)
    buffer.appendAvro(optional: businessID)
    buffer.appendAvro(optional: title)
    buffer.appendAvro(bytes: text)
    buffer.appendAvro(optional: language)
    buffer.appendAvro(optional: stars)
    buffer.appendAvro(int: useful)
    buffer.appendAvro(int: funny)
    buffer.appendAvro(int: cool)
    buffer.appendAvro(times: times)
  }

  /// The same review with strings of its own.
  public var owned: Review {
    func copy(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
    return Review(
      reviewID: copy(reviewID), source: copy(source), userID: userID.map(copy),
      businessID: businessID.map(copy), title: title.map(copy), text: copy(text),
      language: language.map(copy), stars: stars, useful: useful, funny: funny, cool: cool,
      times: times)
  }
}
