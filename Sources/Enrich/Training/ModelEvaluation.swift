import Reviews

/// How often labels and predictions meet.
struct Confusion {
  /// By label, then prediction, each -1, 0 or 1.
  private var counts = [[Int]](repeating: [0, 0, 0], count: 3)

  mutating func count(label: Int, predicted: Int, weight: Int = 1) {
    counts[label + 1][predicted + 1] += weight
  }

  var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The part on the diagonal; 0 of nothing.
  var accuracy: Double {
    let correct = (0..<3).reduce(0) { $0 + counts[$1][$1] }
    return total == 0 ? 0 : Double(correct) / Double(total)
  }

  /// The mean of the classes' F1, over those classes that labels have.
  var macroF1: Double {
    let scores: [Double] = (0..<3).compactMap { own in
      let labelled = counts[own].reduce(0, +)
      guard labelled > 0 else { return nil }
      let predicted = (0..<3).reduce(0) { $0 + counts[$1][own] }
      return 2 * Double(counts[own][own]) / Double(labelled + predicted)
    }
    return scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
  }
}

/// How well a model agrees with labelled rows.
public struct ModelEvaluation: Sendable, Equatable {
  public let rows: Int
  /// Of the three labels, the part that was met.
  public let accuracy: Double
  /// The part of the rows not neutral whose score has the label's sign; a score of 0 is wrong.
  public let binaryAccuracy: Double
  /// The mean F1 of the classes that occur among the labels.
  public let macroF1: Double
  /// The mean F1 of negative and positive by the score's sign, over the rows not neutral.
  public let binaryMacroF1: Double

  /// Scores all rows of the files.
  public static func run(
    _ model: some SentimentModel, on files: [LabelledFile]
  ) throws(LabelledFileError) -> ModelEvaluation {
    var labels = Confusion()
    var signs = Confusion()
    for file in files {
      try file.forEachRow { row in
        let sentiment = model.score(row.text)
        labels.count(label: row.label, predicted: Int(sentiment.label.rawValue) - 1)
        if row.label == 0 { return }
        let sign = sentiment.score > 0 ? 1 : sentiment.score < 0 ? -1 : 0
        signs.count(label: row.label, predicted: sign)
      }
    }
    return ModelEvaluation(
      rows: labels.total, accuracy: labels.accuracy, binaryAccuracy: signs.accuracy,
      macroF1: labels.macroF1, binaryMacroF1: signs.macroF1)
  }
}
