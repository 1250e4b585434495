/// Cuts passages out of a text at the ends of sentences, or of words where a sentence is too long,
/// and puts tags into them.
struct PassageWriter {
  private let bytes: [UInt8]
  private let options: HighlightRequest.Options
  /// Where sentences begin, ascending, the text's end last.
  private let borders: [Int]

  var count: Int { bytes.count }

  init(text: String, options: HighlightRequest.Options) {
    bytes = Array(text.utf8)
    self.options = options
    borders = Self.sentences(bytes)
  }

  /// A sentence ends behind `.`, `!` or `?` and white space.
  private static func sentences(_ bytes: [UInt8]) -> [Int] {
    var borders = [0]
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      guard byte == UInt8(ascii: ".") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?")
      else { continue }
      while at < bytes.count, "\"')]".utf8.contains(bytes[at]) { at += 1 }
      guard at < bytes.count, bytes[at] <= 0x20 else { continue }
      while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
      let isLower = at < bytes.count && bytes[at] &- 97 < 26
      if !isLower || byte != UInt8(ascii: ".") { borders.append(at) }
    }
    if borders.last != bytes.count { borders.append(bytes.count) }
    return borders
  }

  /// The passage that shows a match, from where the last one ended at the earliest.
  func passage(around match: Range<Int>, after lastEnd: Int) -> Range<Int> {
    let size = max(options.fragmentSize, 1)
    var start = max(borders.last { $0 <= match.lowerBound } ?? 0, lastEnd)
    if match.lowerBound - start > size {
      start = max(lastEnd, wordStart(at: match.lowerBound - size / 2))
    }
    let limit = start + size
    var end = borders.last { $0 <= limit && $0 > match.lowerBound } ?? 0
    if end < match.upperBound {
      let sentenceEnd = borders.first { $0 >= match.upperBound } ?? bytes.count
      end = min(sentenceEnd, max(match.upperBound, wordEnd(at: limit)))
    }
    return min(start, match.lowerBound)..<max(end, match.upperBound)
  }

  private func wordStart(at place: Int) -> Int {
    var at = max(0, place)
    while at > 0, bytes[at - 1] > 0x20 { at -= 1 }
    return at
  }

  private func wordEnd(at place: Int) -> Int {
    var at = min(place, bytes.count)
    while at < bytes.count, bytes[at] > 0x20 { at += 1 }
    return at
  }

  /// What is shown where nothing matched.
  var beginning: String {
    let end = borders.last { $0 <= options.noMatchSize } ?? 0
    return text(0..<(end > 0 ? end : wordEnd(at: options.noMatchSize)), [])
  }

  /// A passage without the white space at its ends, its matches in tags.
  func text(_ range: Range<Int>, _ matches: [Range<Int>]) -> String {
    var start = range.lowerBound
    var end = range.upperBound
    if options.fragmentCount > 0 {
      while start < end, bytes[start] <= 0x20 { start += 1 }
      while end > start, bytes[end - 1] <= 0x20 { end -= 1 }
    }
    var text = ""
    var at = start
    for match in matches where match.lowerBound >= at && match.upperBound <= end {
      text += piece(at..<match.lowerBound)
      text += options.preTag + piece(match) + options.postTag
      at = match.upperBound
    }
    return text + piece(at..<max(at, end))
  }

  private func piece(_ range: Range<Int>) -> String {
    let text = String(decoding: bytes[range], as: UTF8.self)
    guard options.escapesHTML else { return text }
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#x27;"
      case "/": escaped += "&#x2F;"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
