import Reviews
import Scheduling
import Testing

@testable import Enrich

/// What each word added to a score.
struct ExplanationTests {
  private static func explain(_ text: String, _ model: LinearModel) -> Explanation {
    var text = text
    return text.withUTF8 { model.explain(UnsafeRawBufferPointer($0)) }
  }

  private static let words = [
    "good", "cold", "food", "not", "isn't", "waited", "é́tait", "スープ", "👩‍👩‍👧", "soooo", "it’s",
    "’quoted’", "–", "…", "!!", "?", ".", ",", "(", "\n", "1.5", "£17", "\u{0}", "e\u{301}",
    "“the”",
  ]

  @Test("the words' weights add up to the logit, and their ranges are words of the text")
  func addsUp() throws {
    let model = try LinearModel.builtIn()
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...60, using: &random)
      let text = (0..<count).map { _ in
        Self.words[Int.random(in: 0..<Self.words.count, using: &random)]
          + (Bool.random(using: &random) ? " " : "")
      }.joined()
      let explanation = Self.explain(text, model)
      let sum = explanation.words.reduce(0) { $0 + $1.weight }
      #expect(abs(sum - explanation.logit) < 1e-9, "seed \(seed)")
      let bytes = Array(text.utf8)
      var end = 0
      for word in explanation.words {
        #expect(word.range.lowerBound >= end && !word.range.isEmpty, "seed \(seed)")
        #expect(String(validating: bytes[word.range], as: UTF8.self) != nil, "seed \(seed)")
        end = word.range.upperBound
      }
    }
  }

  @Test("the logit of an explanation is that of the score")
  func agrees() throws {
    let model = try LinearModel.builtIn()
    for text in ["The soup was cold.", "Loved it!!", "", "Not good, not bad, not good."] {
      let logit = Self.explain(text, model).logit
      let score = model.score(text)
      #expect((logit > 0) == (score.score > 0))
      let isOutside = abs(logit) >= Double(model.weights.band)
      #expect((score.label != .neutral) == isOutside)
    }
  }

  @Test("a pair's weight is shared by its two words, and a word said twice counts once")
  func shares() {
    let bits = 12
    let features = TextFeatures(bits: bits)
    var weights = [Int8](repeating: 0, count: 1 << bits)
    var text = "cold soup"
    // In order of appearance: cold, soup, their pair.
    let found = text.withUTF8 { Array(features.find(in: UnsafeRawBufferPointer($0)).features) }
    for (feature, weight) in zip(found, [-10, 0, -20] as [Int8]) { weights[Int(feature)] = weight }
    let model = LinearModel(
      LinearWeights(bits: bits, scale: 1, band: 0.5, version: "t", weights: weights))
    let explanation = Self.explain("cold soup, cold", model)
    let root = 3.0.squareRoot()
    #expect(explanation.words.map(\.range) == [0..<4, 5..<9, 11..<15])
    #expect(explanation.words.map { ($0.weight * root).rounded() } == [-20, -10, 0])
    #expect(explanation.strongest(1).map(\.range) == [0..<4])
    #expect(explanation.strongest(9).count == 2)
  }
}
