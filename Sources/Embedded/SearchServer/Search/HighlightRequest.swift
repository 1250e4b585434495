import JSON

/// What is to be highlighted, and how.
struct HighlightRequest {
  struct Options {
    var preTag = "<em>"
    var postTag = "</em>"
    /// In characters.
    var fragmentSize = 100
    /// 0: the whole value.
    var fragmentCount = 5
    var requiresFieldMatch = true
    var ordersByScore = false
    var escapesHTML = false
    var noMatchSize = 0
  }

  /// Names or patterns, with each one's options.
  private(set) var fields: [(pattern: String, options: Options)] = []

  init(_ json: JSONValue) throws(SearchProblem) {
    var options = Options()
    for member in json.object ?? [] where member.name != "fields" {
      try Self.read(member, into: &options)
    }
    let fields = json["fields"]?.array?.flatMap { $0.object ?? [] } ?? json["fields"]?.object ?? []
    for field in fields {
      var own = options
      for member in field.value.object ?? [] { try Self.read(member, into: &own) }
      self.fields.append((field.name, own))
    }
  }

  private static func read(
    _ member: JSONMember, into options: inout Options
  ) throws(SearchProblem) {
    let value = member.value
    func number(_ json: JSONValue, _ standard: Int) -> Int {
      json.int64.map { Int(min(max($0, 0), 1 << 30)) } ?? standard
    }
    switch member.name {
    case "pre_tags": options.preTag = value.array?.first?.string ?? value.string ?? options.preTag
    case "post_tags":
      options.postTag = value.array?.first?.string ?? value.string ?? options.postTag
    case "fragment_size": options.fragmentSize = number(value, 100)
    case "number_of_fragments": options.fragmentCount = number(value, 5)
    case "require_field_match": options.requiresFieldMatch = value.bool ?? true
    case "order": options.ordersByScore = value.string == "score"
    case "encoder": options.escapesHTML = value.string == "html"
    case "no_match_size": options.noMatchSize = number(value, 0)
    case "type":
      guard ["unified", "plain"].contains(value.string) else {
        throw .unsupported("highlight.type.\(value.string ?? "")", "unified")
      }
    case "boundary_scanner":
      guard value.string == "sentence" else {
        throw .unsupported("highlight.boundary_scanner.\(value.string ?? "")", "sentence")
      }
    case "boundary_scanner_locale", "max_analyzed_offset", "phrase_limit", "force_source": break
    case "tags_schema", "highlight_query", "matched_fields", "fragmenter", "boundary_chars",
      "boundary_max_scan", "fragment_offset", "options":
      throw .unsupported("highlight.\(member.name)")
    default: throw .contentParse("[highlight] unknown field [\(member.name)]")
    }
  }
}

/// What of a query can be seen in a field's text.
enum HighlightTarget {
  case term(String)
  case phrase([AnalyzedTerm])
  case pattern(TermPattern)

  /// - Parameter field: only what was asked of it; nil: of any field.
  static func targets(
    of query: Query, field: String?, analyzer: Analyzer, mapping: IndexMapping
  ) -> [HighlightTarget] {
    func isWanted(_ name: String) -> Bool {
      guard let field else { return true }
      return Wildcard.matches(field, name)
    }
    func targets(of match: MatchQuery) -> [HighlightTarget] {
      let terms = (match.analyzer ?? analyzer).terms(of: match.text)
      if !match.isPhrase || terms.count == 1 {
        return terms.map {
          match.endsInPrefix ? .pattern(TermPattern(prefix: $0.text)) : .term($0.text)
        }
      }
      return [.phrase(terms)]
    }
    func all(_ queries: [Query]) -> [HighlightTarget] {
      queries.flatMap {
        self.targets(of: $0, field: field, analyzer: analyzer, mapping: mapping)
      }
    }
    switch query {
    case .match(let match): return isWanted(match.field) ? targets(of: match) : []
    case .multiMatch(let multi):
      let isAsked = multi.fields.isEmpty || multi.fields.contains { isWanted($0.name) }
      return isAsked ? targets(of: multi.match) : []
    case .term(let name, let value, _, _):
      return isWanted(name) ? [.term(value.string ?? value.number ?? "")] : []
    case .terms(let name, let values, _):
      return isWanted(name) ? values.map { .term($0.string ?? $0.number ?? "") } : []
    case .wildcard(let name, let pattern, _): return isWanted(name) ? [.pattern(pattern)] : []
    case .bool(let bool): return all(bool.must + bool.should + bool.filter)
    case .constant(let query, _): return all([query])
    case .disMax(let queries, _, _): return all(queries)
    case .all, .none, .range, .exists, .ids: return []
    }
  }
}
