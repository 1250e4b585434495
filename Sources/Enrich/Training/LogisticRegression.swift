import Foundation
import Scheduling

/// L2-regularised logistic regression by dual coordinate descent (Yu, Huang and Lin 2011, as in
/// liblinear's solver 7), on rows whose entries are scale(feature) / √(features of the row).
///
/// The order of all sums is fixed by the seed: the same rows give the same weights to the last bit.
struct LogisticRegression {
  /// The price of an error, for a row of weight 1.
  var cost = 10.0
  /// Ends when no row's optimality condition is violated by more.
  var tolerance = 0.01
  var maximumRounds = 40
  var seed: UInt64 = 1

  /// A feature's weight with its column's scale folded in, and that scale's square.
  private struct Column {
    var weight: Double
    var squaredScale: Double
  }

  /// The weights to multiply 1 / √(features) with. `rows` are negative (-1) or positive (1).
  ///
  /// `scales` has one entry for each feature; the weights come back with them folded in.
  func weights(
    of rows: [TrainingRows.Row], features: [UInt32], scales: [Float]
  ) -> (weights: [Double], rounds: Int) {
    var columns = scales.map { Column(weight: 0, squaredScale: Double($0) * Double($0)) }
    var rounds = 0
    columns.withUnsafeMutableBufferPointer { columns in
      features.withUnsafeBufferPointer { features in
        rounds = descend(rows, features, columns)
      }
    }
    return (columns.map(\.weight), rounds)
  }

  private func descend(
    _ rows: [TrainingRows.Row], _ features: UnsafeBufferPointer<UInt32>,
    _ columns: UnsafeMutableBufferPointer<Column>
  ) -> Int {
    var duals: [Dual] = rows.map { row in
      let own = features[row.start..<(row.start + row.count)]
      let square = own.reduce(0) { $0 + columns[Int($1)].squaredScale }
      let dual = Dual(cost: cost * row.weight, square: square / Double(max(row.count, 1)))
      Self.add(dual.low * Double(row.label), row, features, columns)
      return dual
    }
    var order = Array(rows.indices)
    var random = SeededGenerator(seed: seed)
    var innerTolerance = 0.01
    for round in 1...maximumRounds {
      order.shuffle(using: &random)
      var worst = 0.0
      var steps = 0
      for index in order {
        let row = rows[index]
        let label = Double(row.label)
        let margin = label * Self.sum(row, features, columns)
        let change = duals[index].step(
          margin: margin, tolerance: innerTolerance, worst: &worst, steps: &steps)
        if change != 0 { Self.add(change * label, row, features, columns) }
      }
      if worst < tolerance { return round }
      if steps <= rows.count / 10 { innerTolerance = max(1e-8, innerTolerance / 10) }
    }
    return maximumRounds
  }

  @inline(__always)
  private static func sum(
    _ row: TrainingRows.Row, _ features: UnsafeBufferPointer<UInt32>,
    _ columns: UnsafeMutableBufferPointer<Column>
  ) -> Double {
    var sum = 0.0
    for index in row.start..<(row.start &+ row.count) {
      sum += columns[Int(features[index])].weight
    }
    return sum / Double(max(row.count, 1)).squareRoot()
  }

  @inline(__always)
  private static func add(
    _ amount: Double, _ row: TrainingRows.Row, _ features: UnsafeBufferPointer<UInt32>,
    _ columns: UnsafeMutableBufferPointer<Column>
  ) {
    let amount = amount / Double(max(row.count, 1)).squareRoot()
    for index in row.start..<(row.start &+ row.count) {
      let feature = Int(features[index])
      columns[feature].weight += amount * columns[feature].squaredScale
    }
  }
}

/// The pair of dual variables of one row, which add up to its cost.
private struct Dual {
  var low: Double
  var high: Double
  let cost: Double
  /// The row's squared length.
  let square: Double

  init(cost: Double, square: Double) {
    low = min(0.001 * cost, 1e-8)
    high = cost - low
    self.cost = cost
    self.square = square
  }

  /// Solves the row's one-variable problem by Newton's method; returns how far `low` moved.
  mutating func step(
    margin: Double, tolerance: Double, worst: inout Double, steps: inout Int
  ) -> Double {
    // Work on the smaller of the two, whose logarithm is the more exact.
    let swapped = 0.5 * square * (high - low) + margin < 0
    let sign = swapped ? -1.0 : 1.0
    let old = swapped ? high : low
    var value = old
    if cost - value < 0.5 * cost { value *= 0.1 }
    func gradient(_ value: Double) -> Double {
      square * (value - old) + sign * margin + log(value / (cost - value))
    }
    var slope = gradient(value)
    worst = max(worst, abs(slope))
    var inner = 0
    while inner < 100, abs(slope) >= tolerance {
      let curvature = square + cost / (cost - value) / value
      let next = value - slope / curvature
      value = next <= 0 ? value * 0.1 : next
      slope = gradient(value)
      inner += 1
    }
    guard inner > 0 else { return 0 }
    steps += inner
    if swapped { (low, high) = (cost - value, value) } else { (low, high) = (value, cost - value) }
    return sign * (value - old)
  }
}
