/// The documents that a query found, and what each of them scored.
struct Matches {
  enum Score {
    case constant(Float)
    /// By document number.
    case each([Float])
  }

  var documents: Bitmap
  var score: Score

  func score(of number: Int) -> Float {
    switch score {
    case .constant(let score): score
    case .each(let scores): scores[number]
    }
  }

  /// All scores at once, to be changed.
  func scores(count: Int) -> [Float] {
    if case .each(let scores) = score { return scores }
    var scores = Array(repeating: Float(0), count: count)
    documents.forEach { scores[$0] = score(of: $0) }
    return scores
  }
}
