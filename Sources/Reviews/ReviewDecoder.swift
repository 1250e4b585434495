import Avro
import Bytes
import JSON

/// Why bytes are not a review. The description names fields, never their content.
public enum ReviewDecodingError: Error, Sendable, Equatable, CustomStringConvertible {
  case avro(AvroDecodingError)
  /// A field without default is not in the writer's schema, or null.
  case missing(String)
  /// A field has another type than a review's.
  case wrongType(String)
  /// An empty `review_id`.
  case emptyID
  /// A time is before 1970.
  case beforeEpoch

  public var description: String {
    switch self {
    case .avro(let error): error.description
    case .missing(let field): "the review has no \(field)"
    case .wrongType(let field): "\(field) has another type than a review's"
    case .emptyID: "review_id is empty"
    case .beforeEpoch: "a time of the review is before 1970"
    }
  }
}

/// Reads reviews that were written with any schema that has a review's fields.
///
/// Fields it does not know are passed over; those that are missing have their defaults.
public struct ReviewDecoder: Sendable {
  /// What decoding needs between calls, so that no record allocates; one for each thread.
  public struct Scratch {
    var values: [AvroFieldValue] = []
    public init() {}
  }

  private enum Field: Int, CaseIterable {
    case review_id, source, user_id, business_id, title, text, language, stars, useful, funny, cool
    case created_at, updated_at, ingested_at
  }

  private let fields: FieldDecoder

  /// - Parameters:
  ///   - writer: the schema the payloads were written with, types all defined.
  ///   - reader: whose aliases count; that of reviews where nil.
  public init(writer: AvroSchema, reader: AvroSchema? = nil) throws(AvroSchemaError) {
    let reader = if let reader { reader } else { try AvroSchema.parse(ReviewSchemas.review) }
    fields = try FieldDecoder(
      writer: writer, reader: reader, fields: Field.allCases.map { "\($0)" })
  }

  /// Decodes one payload, without its wire header; the view borrows from it.
  public func decode(
    _ payload: UnsafeRawBufferPointer, using scratch: inout Scratch
  ) throws(ReviewDecodingError) -> ReviewView {
    do throws(AvroDecodingError) {
      try fields.decode(payload, into: &scratch.values)
    } catch {
      throw .avro(error)
    }
    let values = scratch.values
    let ingestedAt = try Self.required(Self.long(values, .ingested_at), .ingested_at)
    let createdAt = try Self.long(values, .created_at) ?? ingestedAt
    let times = ReviewTimes(
      createdAt: createdAt, updatedAt: try Self.long(values, .updated_at), ingestedAt: ingestedAt)
    if times.isBefore1970 { throw .beforeEpoch }
    var view = ReviewView(
      reviewID: try Self.required(Self.text(values, .review_id), .review_id),
      text: try Self.required(Self.text(values, .text), .text), times: times)
    if view.reviewID.isEmpty { throw .emptyID }
    if let source = try Self.text(values, .source) { view.source = source }
    view.userID = try Self.text(values, .user_id)
    view.businessID = try Self.text(values, .business_id)
    view.title = try Self.text(values, .title)
    view.language = try Self.text(values, .language)
    view.stars = try Self.double(values, .stars)
    view.useful = try Self.int(values, .useful)
    view.funny = try Self.int(values, .funny)
    view.cool = try Self.int(values, .cool)
    return view
  }

  private static func required<Value>(
    _ value: Value?, _ field: Field
  ) throws(ReviewDecodingError) -> Value {
    guard let value else { throw .missing("\(field)") }
    return value
  }

  private static func text(
    _ values: [AvroFieldValue], _ field: Field
  ) throws(ReviewDecodingError) -> UnsafeRawBufferPointer? {
    switch values[field.rawValue] {
    case .absent, .null: nil
    case .string(let bytes): bytes
    // Avro reads bytes as a string; what is no UTF-8 is none.
    case .bytes(let bytes) where UTF8.isValid(bytes): bytes
    default: throw .wrongType("\(field)")
    }
  }

  private static func long(
    _ values: [AvroFieldValue], _ field: Field
  ) throws(ReviewDecodingError) -> Int64? {
    switch values[field.rawValue] {
    case .absent, .null: nil
    case .long(let number): number
    default: throw .wrongType("\(field)")
    }
  }

  private static func int(
    _ values: [AvroFieldValue], _ field: Field
  ) throws(ReviewDecodingError) -> Int32 {
    Int32(clamping: try long(values, field) ?? 0)
  }

  private static func double(
    _ values: [AvroFieldValue], _ field: Field
  ) throws(ReviewDecodingError) -> Double? {
    switch values[field.rawValue] {
    case .absent, .null: nil
    case .double(let number): number
    case .long(let number): Double(number)
    default: throw .wrongType("\(field)")
    }
  }
}
