import Foundation
import Reviews

/// A linear model over hashed n-grams: fast, deterministic, without evidence neutral.
///
/// The logit is the mean weight of the text's features times the root of their number. There is no
/// bias, so that a text which says nothing scores near 0, whatever the classes' shares in training.
/// Its two classes are made three by an ordered logit, as the band's share goes to neutral: with
/// A = e^band and B = (A + √(A² + 8)) / 2,
///
///     p_positive = 1 / (1 + B e^-logit)    p_negative = 1 / (1 + B e^logit)
///
/// and p_neutral is the rest. B makes p_neutral the largest of the three exactly where
/// |logit| < band. The score is p_positive - p_negative. A text without features scores 0.
public final class LinearModel: SentimentModel {
  public let name: ModelName
  public let weights: LinearWeights
  private let features: TextFeatures
  private let spread: Double

  public init(_ weights: LinearWeights) {
    self.weights = weights
    name = ModelName(id: "linear", version: weights.version)
    features = TextFeatures(bits: weights.bits)
    let width = exp(Double(weights.band))
    spread = (width + (width * width + 8).squareRoot()) / 2
  }

  /// The model in the program.
  public static func builtIn() throws(ModelFileError) -> LinearModel {
    LinearModel(try .builtIn())
  }

  public func score(_ text: UnsafeRawBufferPointer) -> Sentiment {
    let found = features.find(in: text)
    let logit = logit(found)
    let odds = exp(logit)
    let pPositive = odds / (odds + spread)
    let pNegative = 1 / (1 + odds * spread)
    let label: SentimentLabel
    if abs(logit) < Double(weights.band) || found.features.isEmpty {
      label = .neutral
    } else {
      label = logit > 0 ? .positive : .negative
    }
    return Sentiment(
      label: label, score: pPositive - pNegative, pNegative: pNegative,
      pNeutral: max(0, 1 - pNegative - pPositive), pPositive: pPositive,
      wordCount: Int32(clamping: found.wordCount))
  }

  /// Says which words made the score; slower than `score`, for the few texts that a person looks at.
  public func explain(_ text: UnsafeRawBufferPointer) -> Explanation {
    var words: [Explanation.Word] = []
    let found = features.trace(in: text) { range, features in
      words.append(Explanation.Word(range: range, weight: 0))
      for (feature, count) in features {
        let part = Double(weights.weights[Int(feature)]) / Double(count)
        for place in words.indices.suffix(count) { words[place].weight += part }
      }
    }
    let scale = Double(weights.scale) / Double(max(1, found.features.count)).squareRoot()
    for place in words.indices { words[place].weight *= scale }
    return Explanation(words: words, logit: logit(found))
  }

  private func logit(_ found: TextFeatures.Found) -> Double {
    guard !found.features.isEmpty else { return 0 }
    var sum = 0
    weights.weights.withUnsafeBufferPointer { weights in
      for feature in found.features { sum &+= Int(weights[Int(feature)]) }
    }
    let count = Double(found.features.count)
    let logit = Double(weights.scale) * Double(sum) / count.squareRoot()
    // e^700 is the last power that a double holds.
    return min(max(logit, -700), 700)
  }
}
