/// Which words of a text moved a linear model's verdict, and how far.
///
/// The weight of an n-gram is shared evenly by its words; one that the text has twice counts where it
/// stands first, as the model counts it. So the words' weights add up to the logit.
public struct Explanation: Sendable, Equatable {
  /// A word, or a run of `!` and `?`.
  public struct Word: Sendable, Equatable {
    /// Where it stands, in bytes of UTF-8.
    public let range: Range<Int>
    /// What it added to the logit: below 0 towards negative.
    public internal(set) var weight: Double
  }

  /// All words in their order.
  public internal(set) var words: [Word]
  /// The model's raw score: below minus its band it says NEGATIVE, above the band POSITIVE.
  public let logit: Double

  /// The words that moved it most, strongest first: at most `limit`, none below a fifth of the first.
  public func strongest(_ limit: Int) -> [Word] {
    let sorted = words.filter { $0.weight != 0 }.sorted {
      (-$0.weight.magnitude, $0.range.lowerBound) < (-$1.weight.magnitude, $1.range.lowerBound)
    }
    let least = (sorted.first?.weight.magnitude ?? 0) / 5
    return Array(sorted.prefix(limit).prefix { $0.weight.magnitude >= least })
  }
}
