import Foundation
import JSON

/// Shows where a document's texts answer a query: sentences with the words in tags.
struct Highlighter {
  let request: HighlightRequest
  let query: Query
  let index: SearchIndex

  /// A run of matched text, in bytes.
  private struct Span {
    var range: Range<Int>
    let term: String
  }

  /// The fragments of each field that has any.
  func fragments(_ source: JSONValue) throws(SearchProblem) -> [JSONMember] {
    var found: [JSONMember] = []
    for (pattern, options) in request.fields {
      for leaf in index.mapping.leaves(matching: pattern)
      where leaf.type == .text || leaf.type == .keyword {
        if found.contains(where: { $0.name == leaf.path }) { continue }
        let fragments = fragments(of: leaf, source, options)
        if !fragments.isEmpty {
          found.append(JSONMember(leaf.path, .array(fragments.map { .string($0) })))
        }
      }
    }
    return found
  }

  private func fragments(
    of leaf: FieldMapping, _ source: JSONValue, _ options: HighlightRequest.Options
  ) -> [String] {
    let analyzer = leaf.type == .text ? leaf.analyzer : Analyzer(.keyword)
    let targets = HighlightTarget.targets(
      of: query, field: options.requiresFieldMatch ? leaf.path : nil,
      analyzer: leaf.type == .text ? leaf.searchAnalyzer : analyzer, mapping: index.mapping)
    var passages: [(score: Double, place: Int, text: String)] = []
    let texts = Self.texts(at: leaf.path[...], in: source, mapping: index.mapping)
    for text in targets.isEmpty ? [] : texts {
      let spans = Self.spans(of: targets, in: text, analyzer)
      if spans.isEmpty { continue }
      let writer = PassageWriter(text: text, options: options)
      if options.fragmentCount == 0 {
        let whole = 0..<text.utf8.count
        passages.append((1, passages.count, writer.text(whole, spans.map(\.range))))
        continue
      }
      for passage in Self.passages(spans, writer) {
        passages.append((passage.score, passages.count, passage.text))
      }
    }
    if passages.isEmpty {
      guard options.noMatchSize > 0, let text = texts.first else { return [] }
      return [PassageWriter(text: text, options: options).beginning]
    }
    if options.fragmentCount > 0 {
      // The best ones, shown in the order of the text unless asked otherwise.
      passages.sort { ($1.score, $0.place) < ($0.score, $1.place) }
      passages = Array(passages.prefix(options.fragmentCount))
      if !options.ordersByScore { passages.sort { $0.place < $1.place } }
    }
    return passages.map(\.text)
  }

  /// The strings of a field; those of a multi-field are its parent's.
  private static func texts(
    at path: Substring, in source: JSONValue, mapping: IndexMapping
  ) -> [String] {
    let found = strings(at: path, in: source)
    if !found.isEmpty { return found }
    guard let dot = path.lastIndex(of: ".") else { return [] }
    let parent = path[..<dot]
    return mapping.leaves[String(parent)] == nil ? [] : strings(at: parent, in: source)
  }

  private static func strings(at path: Substring, in json: JSONValue) -> [String] {
    if path.isEmpty {
      if let elements = json.array { return elements.flatMap { strings(at: path, in: $0) } }
      return json.string.map { [$0] } ?? []
    }
    if let elements = json.array { return elements.flatMap { strings(at: path, in: $0) } }
    return (json.object ?? []).flatMap { member -> [String] in
      if path == member.name { return strings(at: "", in: member.value) }
      guard path.hasPrefix(member.name + ".") else { return [] }
      return strings(at: path.dropFirst(member.name.count + 1), in: member.value)
    }
  }

  private static func spans(
    of targets: [HighlightTarget], in text: String, _ analyzer: Analyzer
  ) -> [Span] {
    let terms = analyzer.terms(of: text)
    var words: Set<String> = []
    var spans: [Span] = []
    var byPosition: [Int: AnalyzedTerm] = [:]
    for target in targets {
      switch target {
      case .term(let word): words.insert(word)
      case .pattern(let pattern):
        for term in terms where pattern.matches(term.text) { words.insert(term.text) }
      case .phrase(let phrase):
        if byPosition.isEmpty { for term in terms { byPosition[term.position] = term } }
        for start in terms where start.text == phrase[0].text {
          let found = phrase.map { byPosition[start.position + $0.position - phrase[0].position] }
          guard zip(found, phrase).allSatisfy({ $0?.text == $1.text }),
            let last = found.last??.range
          else { continue }
          spans.append(
            Span(range: start.range.lowerBound..<last.upperBound, term: phrase[0].text))
        }
      }
    }
    for term in terms where words.contains(term.text) {
      spans.append(Span(range: term.range, term: term.text))
    }
    spans.sort { $0.range.lowerBound < $1.range.lowerBound }
    return spans.reduce(into: []) { merged, span in
      if let last = merged.last, last.range.upperBound > span.range.lowerBound {
        merged[merged.count - 1].range =
          last.range.lowerBound..<max(last.range.upperBound, span.range.upperBound)
      } else {
        merged.append(span)
      }
    }
  }

  /// Groups matches into passages, and scores them as Lucene's `PassageScorer` does.
  private static func passages(
    _ spans: [Span], _ writer: PassageWriter
  ) -> [(score: Double, text: String)] {
    var totals: [String: Int] = [:]
    for span in spans { totals[span.term, default: 0] += 1 }
    var passages: [(score: Double, text: String)] = []
    var place = 0
    var lastEnd = 0
    while place < spans.count {
      let range = writer.passage(around: spans[place].range, after: lastEnd)
      lastEnd = range.upperBound
      var inside: [Span] = []
      while place < spans.count, spans[place].range.lowerBound < range.upperBound {
        inside.append(spans[place])
        place += 1
      }
      let pivot = 87.0
      var counts: [String: Int] = [:]
      for span in inside { counts[span.term, default: 0] += 1 }
      var score = 0.0
      for (term, count) in counts {
        let documents = 1 + Double(writer.count) / pivot
        let weight = 2.2 * log(1 + (documents + 0.5) / (Double(totals[term] ?? 1) + 0.5))
        let norm = 1.2 * (0.25 + 0.75 * (Double(range.count) / pivot))
        score += weight * Double(count) / (Double(count) + norm)
      }
      score *= 1 + 1 / log(pivot + Double(range.lowerBound))
      passages.append((score, writer.text(range, inside.map(\.range))))
    }
    return passages
  }
}
