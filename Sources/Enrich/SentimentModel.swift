import Reviews

/// Something that says how a text feels. An instance belongs to one thread at a time.
public protocol SentimentModel: AnyObject {
  /// Who scores: goes into every scored review.
  var name: ModelName { get }

  /// Scores a text of well-formed UTF-8; never blocks. The same text always gets the same answer.
  func score(_ text: UnsafeRawBufferPointer) -> Sentiment
}

extension SentimentModel {
  /// Scores a string.
  public func score(_ text: String) -> Sentiment {
    var text = text
    return text.withUTF8 { score(UnsafeRawBufferPointer($0)) }
  }
}
