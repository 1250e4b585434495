import Avro
import Bytes
import Foundation
import Reviews
import Testing

@Suite struct ReviewCodingTests {
  static let full = Review(
    reviewID: "r1", source: "yelp", userID: "u", businessID: "b", title: "Größe",
    text: "Gut 👍 it’s",
    language: "de", stars: 4.5, useful: 1, funny: 2, cool: -3,
    times: ReviewTimes(createdAt: 1_000, updatedAt: 2_000, ingestedAt: 3_000))
  static let bare = Review(
    reviewID: "r2", text: "", times: ReviewTimes(createdAt: 5, ingestedAt: 5))

  static func encoded(_ review: Review) -> [UInt8] {
    var buffer = ByteBuffer()
    review.encode(into: &buffer)
    return buffer.toArray()
  }

  static func decode(_ bytes: [UInt8], writer: String) throws -> Review {
    let decoder = try ReviewDecoder(writer: try AvroSchema.parse(writer))
    var scratch = ReviewDecoder.Scratch()
    return try bytes.withUnsafeBytes { try decoder.decode($0, using: &scratch).owned }
  }

  static func json(_ bytes: [UInt8], writer: String) throws -> String {
    let transcoder = try JSONTranscoder(writer: try AvroSchema.parse(writer))
    var buffer = ByteBuffer()
    var captured: Int64?
    try bytes.withUnsafeBytes { try transcoder.append($0, to: &buffer, captured: &captured) }
    return String(decoding: buffer.toArray(), as: UTF8.self)
  }

  @Test(arguments: ["review.avsc", "scored_review.avsc"])
  func schemasInTheProgramAreThoseOfTheFiles(name: String) throws {
    let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    let file = root.appending(path: "mappings/avro/\(name)")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text == (name == "review.avsc" ? ReviewSchemas.review : ReviewSchemas.scoredReview))
  }

  @Test(arguments: [full, bare])
  func aReviewComesBackAsItWas(review: Review) throws {
    let bytes = Self.encoded(review)
    #expect(try Self.decode(bytes, writer: ReviewSchemas.review) == review)
  }

  @Test func aFieldIsFoundByItsAliasAndBytesAreText() throws {
    let renamed = ReviewSchemas.review
      .replacing(#""name": "text", "type": "string""#, with: #""name": "body", "type": "bytes""#)
    let reader = ReviewSchemas.review.replacing(
      #""name": "text", "type": "string""#,
      with: #""name": "text", "aliases": ["body"], "type": "string""#)
    let decoder = try ReviewDecoder(
      writer: try AvroSchema.parse(renamed), reader: try AvroSchema.parse(reader))
    var scratch = ReviewDecoder.Scratch()
    let bytes = Self.encoded(Self.full)
    let review = try bytes.withUnsafeBytes { try decoder.decode($0, using: &scratch).owned }
    #expect(review == Self.full)
    #expect(throws: ReviewDecodingError.missing("text")) {
      try Self.decode(bytes, writer: renamed)
    }
  }

  @Test(arguments: [full, bare])
  func viewsEncodeTheSameBytes(review: Review) throws {
    let bytes = Self.encoded(review)
    let decoder = try ReviewDecoder(writer: try AvroSchema.parse(ReviewSchemas.review))
    var scratch = ReviewDecoder.Scratch()
    try bytes.withUnsafeBytes { payload in
      let view = try decoder.decode(payload, using: &scratch)
      var again = ByteBuffer()
      view.encode(into: &again)
      #expect(again.toArray() == bytes)
    }
  }

  @Test func theSchemaReadsWhatIsEncoded() throws {
    let text = try Self.json(Self.encoded(Self.full), writer: ReviewSchemas.review)
    #expect(
      text == """
        {"review_id":"r1","source":"yelp","user_id":"u","business_id":"b","title":"Größe",\
        "text":"Gut 👍 it’s","language":"de","stars":4.5,"useful":1,"funny":2,"cool":-3,\
        "created_at":1000,"updated_at":2000,"ingested_at":3000}
        """)
  }

  @Test func aScoredReviewHasTheReviewItsSentimentAndItsCoordinates() throws {
    let bytes = Self.encoded(Self.full)
    let decoder = try ReviewDecoder(writer: try AvroSchema.parse(ReviewSchemas.review))
    var scratch = ReviewDecoder.Scratch()
    var buffer = ByteBuffer()
    try bytes.withUnsafeBytes { payload in
      let scored = ScoredReview(
        review: try decoder.decode(payload, using: &scratch),
        sentiment: Sentiment(
          label: .positive, score: 0.5, pNegative: 0.25, pNeutral: 0, pPositive: 0.75,
          wordCount: 2),
        model: ModelName(id: "linear", version: "1"), scoredAt: 4000,
        source: RawCoordinates(topic: "reviews.raw", partition: 3, offset: 77, schemaID: 9))
      scored.encode(into: &buffer)
    }
    let text = try Self.json(buffer.toArray(), writer: ReviewSchemas.scoredReview)
    #expect(
      text.hasSuffix(
        """
        "ingested_at":3000,"sentiment_label":"POSITIVE","sentiment_score":0.5,\
        "sentiment_confidence":0.75,"p_negative":0.25,"p_neutral":0.0,"p_positive":0.75,\
        "topics":[],"topic":null,"explanation":[],"text_length":10,"word_count":2,\
        "model_id":"linear","model_version":"1","degraded":false,"scored_at":4000,\
        "source_topic":"reviews.raw","source_partition":3,"source_offset":77,\
        "source_schema_id":9,"doc_version":2000}
        """), "\(text)")
  }

  @Test func fieldsNotKnownArePassedOverAndMissingOnesHaveTheirDefaults() throws {
    let writer = """
      {"type": "record", "name": "Other", "fields": [
        {"name": "extra", "type": {"type": "map", "values": "int"}},
        {"name": "ingested_at", "type": "long"},
        {"name": "text", "type": "string"},
        {"name": "stars", "type": "int"},
        {"name": "review_id", "type": ["null", "string"]}]}
      """
    var buffer = ByteBuffer()
    buffer.append(0)
    buffer.appendAvro(long: 12)
    buffer.appendAvro(utf8: "fine")
    buffer.appendAvro(int: 3)
    buffer.append(2)
    buffer.appendAvro(utf8: "x")
    let review = try Self.decode(buffer.toArray(), writer: writer)
    let times = ReviewTimes(createdAt: 12, ingestedAt: 12)
    #expect(review == Review(reviewID: "x", text: "fine", stars: 3, times: times))
  }

  @Test func whatIsNoReviewIsRefusedWithItsReason() throws {
    var old = Self.bare
    old.times.createdAt = -1
    #expect(throws: ReviewDecodingError.beforeEpoch) {
      try Self.decode(Self.encoded(old), writer: ReviewSchemas.review)
    }
    var nameless = Self.bare
    nameless.reviewID = ""
    #expect(throws: ReviewDecodingError.emptyID) {
      try Self.decode(Self.encoded(nameless), writer: ReviewSchemas.review)
    }
    let other = #"{"type":"record","name":"R","fields":[{"name":"ingested_at","type":"long"}]}"#
    #expect(throws: ReviewDecodingError.missing("review_id")) {
      try Self.decode([2], writer: other)
    }
    let wrong = #"{"type":"record","name":"R","fields":[{"name":"ingested_at","type":"string"}]}"#
    #expect(throws: ReviewDecodingError.wrongType("ingested_at")) {
      try Self.decode([2, 65], writer: wrong)
    }
    #expect(throws: ReviewDecodingError.self) {
      try Self.decode(Self.encoded(Self.full).dropLast(1).map { $0 }, writer: ReviewSchemas.review)
    }
  }

  @Test func theVersionIsTheLastEditButNeverAfterTheIngest() {
    #expect(ReviewTimes(createdAt: 1, ingestedAt: 9).docVersion == 1)
    #expect(ReviewTimes(createdAt: 1, updatedAt: 5, ingestedAt: 9).docVersion == 5)
    #expect(ReviewTimes(createdAt: 1, updatedAt: 50, ingestedAt: 9).docVersion == 9)
    #expect(ReviewTimes(createdAt: 50, ingestedAt: 9).docVersion == 9)
  }
}
