import Avro
import Bytes

/// Where a raw record stood: its coordinates and the schema that it was written with.
public struct RawCoordinates: Sendable, Equatable {
  public var topic: String
  public var partition: Int32
  public var offset: Int64
  public var schemaID: Int32

  public init(topic: String, partition: Int32, offset: Int64, schemaID: Int32) {
    self.topic = topic
    self.partition = partition
    self.offset = offset
    self.schemaID = schemaID
  }
}

/// Who scored a review: a model by id and version.
public struct ModelName: Sendable, Equatable {
  public var id: String
  public var version: String
  /// Whether it stood in for a better one.
  public var degraded: Bool

  public init(id: String, version: String, degraded: Bool = false) {
    self.id = id
    self.version = version
    self.degraded = degraded
  }
}

/// A review with its sentiment, as `reviews.scored` has it; everything of the review is borrowed.
public struct ScoredReview {
  public var review: ReviewView
  public var sentiment: Sentiment
  public var model: ModelName
  /// Milliseconds since 1970.
  public var scoredAt: Int64
  public var source: RawCoordinates

  public init(
    review: ReviewView, sentiment: Sentiment, model: ModelName, scoredAt: Int64,
    source: RawCoordinates
  ) {
    self.review = review
    self.sentiment = sentiment
    self.model = model
    self.scoredAt = scoredAt
    self.source = source
  }

  /// Appends it in Avro, as `ReviewSchemas.scoredReview` has it; without the wire header.
  public func encode(into buffer: inout ByteBuffer) {
    review.encode(into: &buffer)
    buffer.appendAvro(int: Int32(sentiment.label.rawValue))
    buffer.appendAvro(double: sentiment.score)
    buffer.appendAvro(double: sentiment.confidence)
    buffer.appendAvro(double: sentiment.pNegative)
    buffer.appendAvro(double: sentiment.pNeutral)
    buffer.appendAvro(double: sentiment.pPositive)
    // topics, topic and explanation: no model gives any yet.
    buffer.append(0)
    buffer.append(0)
    buffer.append(0)
    buffer.appendAvro(int: Int32(clamping: Self.length(of: review.text)))
    buffer.appendAvro(int: sentiment.wordCount)
    buffer.appendAvro(utf8: model.id)
    buffer.appendAvro(utf8: model.version)
    buffer.appendAvro(boolean: model.degraded)
    buffer.appendAvro(long: scoredAt)
    buffer.appendAvro(utf8: source.topic)
    buffer.appendAvro(int: source.partition)
    buffer.appendAvro(long: source.offset)
    buffer.appendAvro(int: source.schemaID)
    buffer.appendAvro(long: review.docVersion)
  }

  /// Unicode code points: the bytes that do not continue one.
  static func length(of text: UnsafeRawBufferPointer) -> Int {
    var count = 0
    for byte in text { count &+= byte & 0xc0 == 0x80 ? 0 : 1 }
    return count
  }
}
