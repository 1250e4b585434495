import Connect
import Avro
import Bytes
import Kafka
import Reviews
import Testing

@testable import Enrich

@Suite struct RecordScorerTests {
  static func raw(_ review: Review, schemaID: Int32 = 7) -> [UInt8] {
    var buffer = ByteBuffer()
    WireHeader.append(schemaID, to: &buffer)
    review.encode(into: &buffer)
    return buffer.toArray()
  }

  static func scored(_ value: [UInt8]) throws -> [UInt8] {
    let scorer = RecordScorer(model: try LinearModel.builtIn(), scoredSchemaID: 0x0102_0304)
    let decoder = try ReviewDecoder(writer: try AvroSchema.parse(ReviewSchemas.review))
    let source = RawCoordinates(topic: "reviews.raw", partition: 2, offset: 5, schemaID: 7)
    var result: [UInt8] = []
    try Array(value.dropFirst(WireHeader.count)).withUnsafeBytes { payload in
      try scorer.score(payload, decoder: decoder, source: source, scoredAt: 99) {
        result = Array($0)
      }
    }
    return result
  }

  /// The doc_version of a scored value, whose last field it is.
  static func version(of scored: [UInt8]) -> Int64 {
    let start = scored.dropLast().lastIndex { $0 & 0x80 == 0 }.map { $0 + 1 } ?? 0
    let bits = scored[start...].enumerated().reduce(UInt64(0)) { bits, next in
      bits | UInt64(next.element & 0x7f) << UInt64(7 * next.offset)
    }
    return Int64(bits >> 1)
  }

  static let review = Review(
    reviewID: "r", text: "Great food, we loved it!",
    times: ReviewTimes(createdAt: 1, ingestedAt: 2))

  @Test func aRawValueBecomesAScoredOne() throws {
    let bytes = try Self.scored(Self.raw(Self.review))
    #expect(bytes.prefix(5) == [0, 1, 2, 3, 4])
    let transcoder = try JSONTranscoder(writer: try AvroSchema.parse(ReviewSchemas.scoredReview))
    var json = ByteBuffer()
    var captured: Int64?
    try bytes.dropFirst(5).map { $0 }.withUnsafeBytes {
      try transcoder.append($0, to: &json, captured: &captured)
    }
    let text = String(decoding: json.toArray(), as: UTF8.self)
    #expect(text.contains(#""sentiment_label":"POSITIVE""#))
    #expect(text.contains(#""word_count":5,"model_id":"linear","model_version":"1""#))
    #expect(text.hasSuffix(#""source_offset":5,"source_schema_id":7,"doc_version":1}"#))
  }

  @Test func whatIsNoReviewIsTheRecordsFault() {
    var old = Self.review
    old.times.createdAt = -5
    for value in [Self.raw(old), Array(Self.raw(Self.review).dropLast()), [0, 0, 0, 0, 7]] {
      #expect(throws: RecordFault.self) { try Self.scored(value) }
    }
  }
}
