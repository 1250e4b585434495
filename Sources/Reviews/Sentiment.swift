/// Negative, neutral or positive; the raw value is the symbol's place in the Avro enum.
public enum SentimentLabel: UInt8, Sendable, CaseIterable {
  case negative, neutral, positive

  /// `NEGATIVE`, `NEUTRAL` or `POSITIVE`.
  public var symbol: StaticString {
    switch self {
    case .negative: "NEGATIVE"
    case .neutral: "NEUTRAL"
    case .positive: "POSITIVE"
    }
  }
}

/// What a model says of one text.
public struct Sentiment: Sendable, Equatable {
  public var label: SentimentLabel
  /// -1 (negative) to 1 (positive).
  public var score: Double
  /// The three probabilities add to 1.
  public var pNegative: Double
  public var pNeutral: Double
  public var pPositive: Double
  /// Words of the text, as the model counts them.
  public var wordCount: Int32

  public init(
    label: SentimentLabel, score: Double, pNegative: Double, pNeutral: Double, pPositive: Double,
    wordCount: Int32
  ) {
    self.label = label
    self.score = score
    self.pNegative = pNegative
    self.pNeutral = pNeutral
    self.pPositive = pPositive
    self.wordCount = wordCount
  }

  /// The probability of the label.
  public var confidence: Double {
    switch label {
    case .negative: pNegative
    case .neutral: pNeutral
    case .positive: pPositive
    }
  }
}
