/// How near to 0 a logit is called neutral.
enum NeutralBand {
  /// The half-width with the best mean of accuracy and macro-F1 over rows of three labels: the one
  /// alone would call nearly nothing neutral, the other half of all short texts.
  ///
  /// A tenth of the decided rows is here, but all neutral ones: the former count tenfold. Without
  /// neutral rows there is nothing to learn from, and the band is empty.
  static func width(logits: [Double], labels: [Int]) -> Double {
    guard labels.contains(0) else { return 0 }
    var best = (width: 0.0, quality: 0.0)
    for step in 0...60 {
      let width = Double(step) * 0.05
      let quality = quality(logits, labels, width: width)
      if quality > best.quality { best = (width, quality) }
    }
    return best.width
  }

  private static func quality(_ logits: [Double], _ labels: [Int], width: Double) -> Double {
    var confusion = Confusion()
    for (logit, label) in zip(logits, labels) {
      let predicted = abs(logit) < width ? 0 : logit > 0 ? 1 : -1
      confusion.count(label: label, predicted: predicted, weight: label == 0 ? 1 : 10)
    }
    return (confusion.macroF1 + confusion.accuracy) / 2
  }
}
