import Enrich
import Foundation
import JSON

/// A text with the words that made its score, as `search --explain` and `score --explain` show them.
struct ExplainedText {
  /// Words told of a text at most.
  private static let limit = 12
  /// Bytes of a text shown at most; words further on are named behind it.
  private static let shownBytes = 800

  let explanation: Explanation
  private let bytes: [UInt8]

  init(_ text: String, _ model: LinearModel) {
    bytes = Array(text.utf8)
    explanation = bytes.withUnsafeBytes { model.explain($0) }
  }

  private var words: [Explanation.Word] { explanation.strongest(Self.limit) }

  private func term(_ word: Explanation.Word) -> String {
    String(decoding: bytes[word.range], as: UTF8.self)
  }

  /// Strongest first: the word as it stands, its share of the logit, and where it stands in UTF-8 bytes.
  var json: JSONValue {
    .array(
      words.map { word in
        [
          "term": .string(term(word)), "weight": .number(word.weight.description),
          "start": .int(word.range.lowerBound), "end": .int(word.range.upperBound),
        ]
      })
  }

  /// `We [waited -0.6] an hour`: on one line, coloured on a terminal.
  var marked: String {
    var text = ""
    var at = 0
    let strongest = words
    for word in strongest.sorted(by: { $0.range.lowerBound < $1.range.lowerBound })
    where word.range.lowerBound < Self.shownBytes {
      text += plain(at..<word.range.lowerBound) + mark(word)
      at = word.range.upperBound
    }
    let end = max(at, min(bytes.count, Self.shownBytes))
    text += plain(at..<end)
    guard end < bytes.count else { return text }
    let further = strongest.filter { $0.range.lowerBound >= Self.shownBytes }.map(mark)
    return text + " …" + (further.isEmpty ? "" : " further on: " + further.joined(separator: " "))
  }

  private func mark(_ word: Explanation.Word) -> String {
    let weight = String(format: "%+.2f", word.weight)
    return Terminal.styled(
      "[\(Terminal.plain(term(word))) \(weight)]", word.weight < 0 ? .red : .green)
  }

  private func plain(_ range: Range<Int>) -> String {
    var end = range.upperBound
    while end > range.lowerBound, end < bytes.count, bytes[end] & 0xc0 == 0x80 { end -= 1 }
    return Terminal.plain(String(decoding: bytes[range.lowerBound..<end], as: UTF8.self))
  }
}
