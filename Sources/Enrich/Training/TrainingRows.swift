/// Texts as features, with their labels and weights: all that training needs of them.
struct TrainingRows {
  struct Row {
    /// Where its features begin in `features`, and how many it has.
    let start: Int
    let count: Int
    /// -1, 0 or 1.
    let label: Int
    let weight: Double
    let domain: Int
    /// Of the text, so that a split does not depend on the order of rows.
    let hash: UInt64
  }

  private(set) var rows: [Row] = []
  private(set) var features: [UInt32] = []
  private(set) var domains: [String] = []
  private var domainNumbers: [String: Int] = [:]

  mutating func append(
    _ found: TextFeatures.Found, label: Int, weight: Double, domain: String, hash: UInt64
  ) {
    let number = domainNumbers[domain] ?? domains.count
    if number == domains.count {
      domains.append(domain)
      domainNumbers[domain] = number
    }
    rows.append(
      Row(
        start: features.count, count: found.features.count, label: label, weight: weight,
        domain: number, hash: hash))
    features.append(contentsOf: found.features)
  }
}
