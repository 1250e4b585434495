import Bytes
import Reviews

/// A value of `reviews.scored`, framed with schema id 8.
func scoredRecord(
  _ id: String, _ label: SentimentLabel, score: Double, text: String, stars: Double? = nil
) -> (key: String?, value: [UInt8]?) {
  var buffer = ByteBuffer()
  for byte: UInt8 in [0, 0, 0, 0, 8] { buffer.append(byte) }
  let strings = [id, "cafe", text].map { Array($0.utf8) }
  strings[0].withUnsafeBytes { id in
    strings[1].withUnsafeBytes { business in
      strings[2].withUnsafeBytes { text in
        let times = ReviewTimes(createdAt: 1_709_337_600_000, ingestedAt: 1_709_337_600_001)
        var review = ReviewView(reviewID: id, text: text, times: times)
        review.businessID = business
        review.stars = stars
        let sentiment = Sentiment(
          label: label, score: score, pNegative: 0.2, pNeutral: 0.2, pPositive: 0.6, wordCount: 3)
        ScoredReview(
          review: review, sentiment: sentiment, model: ModelName(id: "linear", version: "1"),
          scoredAt: 1,
          source: RawCoordinates(topic: "reviews.raw", partition: 0, offset: 0, schemaID: 7)
        ).encode(into: &buffer)
      }
    }
  }
  return (id, buffer.toArray())
}
