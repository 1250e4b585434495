import Bytes
import Foundation

/// How a model is trained. The defaults are those of the model in the program.
public struct TrainingSettings: Sendable {
  /// Features are below 2 to this: 20 is 1 MiB of weights.
  public var bits = 20
  /// What an error costs; the inverse of the regularisation.
  public var cost = 10.0
  public var seed: UInt64 = 1
  /// How much the rows of a domain count; 1 where it is not named.
  public var domainWeights: [String: Double] = [
    "amazon": 2, "yelp": 2, "yelp_pfc": 2, "yelp_sentences_train": 0.3,
  ]
  /// Names the training; ASCII, at most 16 characters.
  public var version = "1"

  public init() {}
}

/// Trains a linear model from labelled rows: the same rows, order and settings give the same file.
///
/// Positive and negative rows give the weights. The neutral ones, with a tenth of the others of
/// their domains that is kept apart, give the width of the neutral band.
public struct LinearTrainer {
  /// What a training did.
  public struct Report: Sendable {
    public let rows: Int
    public let neutralRows: Int
    public let calibrationRows: Int
    public let rounds: Int
  }

  private let settings: TrainingSettings
  private let extractor: TextFeatures
  private var data = TrainingRows()

  public init(_ settings: TrainingSettings = TrainingSettings()) {
    self.settings = settings
    extractor = TextFeatures(bits: settings.bits)
  }

  /// Takes a file's rows.
  public mutating func add(_ file: LabelledFile) throws(LabelledFileError) {
    try file.forEachRow { row in add(row.text, label: row.label, domain: row.domain) }
  }

  /// Takes one text with a label of -1, 0 or 1.
  public mutating func add(_ text: UnsafeRawBufferPointer, label: Int, domain: String) {
    let found = extractor.find(in: text)
    guard !found.features.isEmpty else { return }
    data.append(
      found, label: label, weight: settings.domainWeights[domain] ?? 1, domain: domain,
      hash: Hash64.mixed(Hash64.fnv1a(text)))
  }

  /// Trains with the rows taken so far.
  public func train() -> (weights: LinearWeights, report: Report) {
    let graded = Set(data.rows.lazy.filter { $0.label == 0 }.map(\.domain))
    let isCalibration = data.rows.map { row in
      row.label == 0 || graded.contains(row.domain) && row.hash % 10 == 0
    }
    let learning = zip(data.rows, isCalibration).filter { !$1 }.map(\.0)
    let calibration = zip(data.rows, isCalibration).filter { $1 }.map(\.0)

    var regression = LogisticRegression()
    regression.cost = settings.cost
    regression.seed = settings.seed
    let (exact, rounds) = regression.weights(
      of: learning, features: data.features, scales: columnScales(learning))
    let largest = exact.reduce(0) { max($0, abs($1)) }
    let scale = Float(largest > 0 ? largest / 127 : 1)
    let weights = exact.map { Int8(($0 / Double(scale)).rounded()) }

    let logits = calibration.map { row in
      let own = data.features[row.start..<(row.start + row.count)]
      let sum = own.reduce(0) { $0 + Int(weights[Int($1)]) }
      return Double(scale) * Double(sum) / Double(row.count).squareRoot()
    }
    let band = NeutralBand.width(logits: logits, labels: calibration.map(\.label))
    let report = Report(
      rows: learning.count, neutralRows: data.rows.filter { $0.label == 0 }.count,
      calibrationRows: calibration.count, rounds: rounds)
    return (
      LinearWeights(
        bits: settings.bits, scale: scale, band: Float(band), version: settings.version,
        weights: weights), report
    )
  }

  /// √|log-count ratio| of each feature: what tells the classes apart may weigh more (NB-SVM).
  private func columnScales(_ rows: [TrainingRows.Row]) -> [Float] {
    var positive = [Double](repeating: 1, count: 1 << settings.bits)
    var negative = positive
    for row in rows {
      for feature in data.features[row.start..<(row.start + row.count)] {
        if row.label > 0 {
          positive[Int(feature)] += row.weight
        } else {
          negative[Int(feature)] += row.weight
        }
      }
    }
    let shift = log(positive.reduce(0, +)) - log(negative.reduce(0, +))
    return zip(positive, negative).map { Float(abs(log($0 / $1) - shift).squareRoot()) }
  }
}
