import Avro
import Bytes
import Enrich
import Reviews

/// Prints how many reviews a second one core encodes, decodes, and takes from raw to scored value.
func benchmarkEnrich() {
  guard let model = try? LinearModel.builtIn(),
    let decoder = try? ReviewDecoder(writer: AvroSchema.parse(ReviewSchemas.review))
  else {
    print("the program has no model")
    exitWithFailure()
  }
  let reviews = (0..<6_000).map { number in
    Review(
      reviewID: "KU_O5udG6zpxOg-\(1_000_000 + number)", source: "yelp",
      userID: "mh_-eMZ6K5RLWhZyISBhwA", businessID: "XQfwVwDr-v0ZS3_CbbE5Xw",
      text: String(
        decoding: SyntheticText.review(number: number, length: 329 + number % 601), as: UTF8.self),
      stars: Double(number % 5 + 1), useful: 3,
      times: ReviewTimes(createdAt: 1_531_001_351_000, ingestedAt: 1_731_001_351_000))
  }
  let values = reviews.map { review in
    var buffer = ByteBuffer()
    buffer.append([0, 0, 0, 0, 7])
    review.encode(into: &buffer)
    return buffer.toArray()
  }
  let bytes = values.reduce(0) { $0 + $1.count } / values.count
  print("values of \(bytes) bytes on average; CPU time of one thread, median of 3")
  var sum = 0
  var buffer = ByteBuffer(capacity: 4096)
  measure("encode a review", count: values.count, bytes: bytes) {
    for review in reviews {
      buffer.removeAll()
      review.encode(into: &buffer)
      sum &+= buffer.count
    }
  }
  var scratch = ReviewDecoder.Scratch()
  measure("decode a review", count: values.count, bytes: bytes) {
    for value in values {
      value.withUnsafeBytes { bytes in
        let payload = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(5))
        sum &+= (try? decoder.decode(payload, using: &scratch))?.text.count ?? 0
      }
    }
  }
  let scorer = RecordScorer(model: model, scoredSchemaID: 8)
  let source = RawCoordinates(topic: "reviews.raw", partition: 1, offset: 1, schemaID: 7)
  measure("raw value to scored value", count: values.count, bytes: bytes) {
    for value in values {
      value.withUnsafeBytes { bytes in
        try? scorer.score(bytes, decoder: decoder, source: source, scoredAt: 1) {
          sum &+= $0.count
        }
      }
    }
  }
  let dates = ["2018-07-07 22:09:11", "7/7/2018", "2018-07-07T22:09:11.123Z", "2018-07-07"]
  let dateBytes = dates.map { Array($0.utf8) }
  measure("read a date", count: 400_000, bytes: 18) {
    for number in 0..<400_000 {
      dateBytes[number & 3].withUnsafeBytes { sum &+= Int(ReviewDate.parse($0) ?? 0) }
    }
  }
  print("checksum \(sum)")
}
