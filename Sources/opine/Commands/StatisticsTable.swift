import Elasticsearch
import Foundation
import JSON

/// Statistics as a table of at most 100 columns: a matrix where it fits, else a row for each group.
struct StatisticsTable {
  private typealias Group = ReviewStatistics.Group
  private static let width = 100
  private static let keyWidth = 30

  private let result: ReviewStatistics.Result
  private let dimensions: [ReviewStatistics.Dimension]

  init(_ result: ReviewStatistics.Result, _ dimensions: [ReviewStatistics.Dimension]) {
    self.result = result
    self.dimensions = dimensions
  }

  /// One object for each group.
  var json: [JSONValue] {
    result.groups.map { group in
      let keys = zip(dimensions, group.keys).map { dimension, key in
        let value: JSONValue =
          if case .number(let number) = key {
            .number(String(format: "%g", number))
          } else {
            .string(name(of: key, dimension))
          }
        return JSONMember(dimension.rawValue, value)
      }
      func number(_ value: Double?) -> JSONValue { value.map { .number($0.description) } ?? .null }
      return .object(
        keys + [
          JSONMember("count", .int(group.count)),
          JSONMember("share", number(share(group.count))),
          JSONMember("negative", .int(group.negative)),
          JSONMember("neutral", .int(group.neutral)),
          JSONMember("positive", .int(group.positive)),
          JSONMember("mean_score", number(group.meanScore)),
          JSONMember("mean_stars", number(group.meanStars)),
        ])
    }
  }

  /// What all of it comes to, and what the table leaves out.
  var summary: String {
    let total = result.total
    var parts = ["\(Terminal.grouped(total.count)) reviews"]
    if let score = total.meanScore { parts.append("mean score \(ReviewLine.signed(score))") }
    if let stars = total.meanStars { parts.append(String(format: "mean stars %.1f", stars)) }
    if result.beyondLimit > 0 {
      parts.append("\(Terminal.grouped(result.beyondLimit)) of further businesses (-n shows more)")
    }
    if result.withoutValue > 0 {
      let names = dimensions.map(\.rawValue).joined(separator: " or ")
      parts.append("\(Terminal.grouped(result.withoutValue)) without \(names)")
    }
    return parts.joined(separator: ", ")
  }

  /// `bars`: a bar behind each row, as long as its count, coloured by label.
  func text(bars: Bool) -> String {
    if dimensions.count > 1, let matrix { return matrix }
    var lines = rows.components(separatedBy: "\n")
    let room = min(40, Self.width - (lines.last?.count ?? Self.width))
    guard bars, room >= 8 else {
      return lines.map { $0.trimmingSuffix(while: { $0 == " " }) }.joined(separator: "\n")
    }
    let most = result.groups.map(\.count).max() ?? 1
    for (index, group) in result.groups.enumerated() {
      lines[index + 1] += Self.bar(group, of: most, width: room)
    }
    return lines.joined(separator: "\n")
  }

  private var rows: String {
    let header =
      dimensions.map { $0.rawValue.uppercased() }
      + ["REVIEWS", "SHARE", "NEGATIVE", "SCORE", "STARS", ""]
    let rows = result.groups.map { group in
      zip(dimensions, group.keys).map { cut(name(of: $1, $0)) } + [
        Terminal.grouped(group.count), Self.percent(share(group.count)),
        Self.percent(group.count == 0 ? 0 : Double(group.negative) / Double(group.count)),
        group.meanScore.map(ReviewLine.signed) ?? "-",
        group.meanStars.map { String(format: "%.1f", $0) } ?? "-", "",
      ]
    }
    return Terminal.table(header, rows)
  }

  // MARK: - Matrix

  /// The last dimension as columns, count and share of the row in each; nil where it is too wide.
  private var matrix: String? {
    let first = dimensions.dropLast()
    var columns: [ReviewStatistics.Key] = []
    var order: [[ReviewStatistics.Key]] = []
    var cells: [[ReviewStatistics.Key]: [Group]] = [:]
    for group in result.groups {
      let row = Array(group.keys.dropLast())
      if cells[row] == nil { order.append(row) }
      cells[row, default: []].append(group)
      if let key = group.keys.last, !columns.contains(key) { columns.append(key) }
    }
    guard let last = dimensions.last else { return nil }
    columns.sort { Self.comes($0, before: $1) }
    let header =
      first.map { $0.rawValue.uppercased() } + ["REVIEWS", "SCORE"]
      + columns.map { cut(name(of: $0, last)) }
    let rows = order.map { keys in
      let groups = cells[keys] ?? []
      let count = groups.reduce(0) { $0 + $1.count }
      let sum = groups.reduce(0) { $0 + Double($1.count) * ($1.meanScore ?? 0) }
      let score = count == 0 ? "-" : ReviewLine.signed(sum / Double(count))
      let counts = columns.map { column in
        guard let group = groups.first(where: { $0.keys.last == column }) else { return "-" }
        let part = Double(group.count) / Double(max(1, count))
        return "\(Terminal.grouped(group.count)) \(String(format: "%.0f %%", part * 100))"
      }
      return zip(first, keys).map { cut(name(of: $1, $0)) } + [Terminal.grouped(count), score]
        + counts
    }
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count + 2 }.max() ?? 0
    }
    guard widths.reduce(-2, +) <= Self.width else { return nil }
    return Terminal.table(header, rows)
  }

  /// Labels by their names, which happen to go from negative to positive; many stars first.
  private static func comes(
    _ left: ReviewStatistics.Key, before right: ReviewStatistics.Key
  ) -> Bool {
    switch (left, right) {
    case (.text(let left), .text(let right)): left < right
    case (.number(let left), .number(let right)): left > right
    case (.time(let left), .time(let right)): left < right
    default: false
    }
  }

  // MARK: - Cells

  private func share(_ count: Int) -> Double {
    result.total.count == 0 ? 0 : Double(count) / Double(result.total.count)
  }

  private static func percent(_ part: Double) -> String { String(format: "%.1f %%", part * 100) }

  private func cut(_ text: String) -> String {
    Terminal.cut(Terminal.plain(text), to: Self.keyWidth)
  }

  private func name(
    of key: ReviewStatistics.Key, _ dimension: ReviewStatistics.Dimension
  ) -> String {
    switch key {
    case .text(let text): return text
    case .number(let stars): return ReviewLine.stars(stars)
    case .time(let begin):
      let day = ReviewLine.day(begin)
      return dimension == .month ? String(day.prefix(7)) : day
    }
  }

  /// At least one character for a group that has reviews; the labels differ also without colour.
  private static func bar(_ group: Group, of most: Int, width: Int) -> String {
    let length = max(1, group.count * width / max(most, 1))
    let parts = [
      ("NEGATIVE", "▓", group.negative), ("NEUTRAL", "░", group.neutral),
      ("POSITIVE", "█", group.positive),
    ]
    var text = ""
    var (told, drawn) = (0, 0)
    for (label, mark, count) in parts {
      told += count
      let end = told * length / max(group.count, 1)
      text += Terminal.styled(
        String(repeating: mark, count: max(0, end - drawn)), ReviewLine.style(of: label))
      drawn = max(drawn, end)
    }
    return text
  }
}

extension String {
  fileprivate func trimmingSuffix(while isCut: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, isCut(last) { rest.removeLast() }
    return rest
  }
}
