import Connect
import Avro
import Bytes
import Kafka
import Reviews

/// Turns the value of a raw record into that of a scored one: the whole of enriching but for Kafka.
///
/// Belongs to one thread; allocates nothing per record.
public final class RecordScorer {
  private let model: any SentimentModel
  /// The registry's id of `ReviewSchemas.scoredReview`.
  private let schemaID: Int32
  private var scratch = ReviewDecoder.Scratch()
  private var buffer = ByteBuffer(capacity: 16_384)

  public init(model: some SentimentModel, scoredSchemaID: Int32) {
    self.model = model
    schemaID = scoredSchemaID
  }

  /// Scores the review in `payload`, bare Avro of the schema that `decoder` was made of.
  ///
  /// `body` gets the scored record's value, valid for the call.
  /// What is thrown is the record's fault.
  public func score(
    _ payload: UnsafeRawBufferPointer, decoder: ReviewDecoder, source: RawCoordinates,
    scoredAt: Int64, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(RecordFault) {
    let review: ReviewView
    do throws(ReviewDecodingError) {
      review = try decoder.decode(payload, using: &scratch)
    } catch {
      throw RecordFault(stage: .valueConverter, kind: "avro", reason: error.description)
    }
    let scored = ScoredReview(
      review: review, sentiment: model.score(review.text), model: model.name,
      scoredAt: scoredAt, source: source)
    buffer.removeAll()
    WireHeader.append(schemaID, to: &buffer)
    scored.encode(into: &buffer)
    buffer.withUnsafeBytes(body)
  }
}
