import JSON

/// A query as it was asked, before any index is looked at.
indirect enum Query: Sendable, Equatable {
  case all(boost: Float)
  case none
  case match(MatchQuery)
  case multiMatch(MultiMatchQuery)
  case term(field: String, value: JSONValue, ignoresCase: Bool, boost: Float)
  case terms(field: String, values: [JSONValue], boost: Float)
  case range(RangeQuery)
  case exists(field: String, boost: Float)
  case ids([String], boost: Float)
  /// `*` any run, `?` one character; a prefix ends in `*` alone.
  case wildcard(field: String, pattern: TermPattern, boost: Float)
  case bool(BoolQuery)
  case constant(Query, boost: Float)
  case disMax([Query], tieBreaker: Float, boost: Float)
}

struct MatchQuery: Sendable, Equatable {
  var field: String
  var text: String
  var isPhrase = false
  /// The last word is a prefix.
  var endsInPrefix = false
  var needsAll = false
  var minimumShouldMatch: String?
  var slop = 0
  var zeroTermsMatchAll = false
  var analyzer: Analyzer?
  var isLenient = false
  /// Of a query string: without terms (stop words alone) it is as if it had not been written.
  var isOptionalText = false
  var boost: Float = 1
}

struct MultiMatchQuery: Sendable, Equatable {
  enum Kind: String, Sendable {
    case bestFields = "best_fields"
    case mostFields = "most_fields"
    case crossFields = "cross_fields"
    case phrase
    case phrasePrefix = "phrase_prefix"
  }

  /// Names and patterns, with boosts; none: every field that can be searched.
  var fields: [(name: String, boost: Float)]
  var kind = Kind.bestFields
  var tieBreaker: Float?
  /// The text, operator and the rest; its field is not used.
  var match: MatchQuery

  static func == (left: Self, right: Self) -> Bool {
    left.kind == right.kind && left.tieBreaker == right.tieBreaker && left.match == right.match
      && left.fields.count == right.fields.count
      && zip(left.fields, right.fields).allSatisfy { $0 == $1 }
  }
}

struct RangeQuery: Sendable, Equatable {
  struct Bound: Sendable, Equatable {
    var value: JSONValue
    var isInclusive: Bool
  }

  var field: String
  var lower: Bound?
  var upper: Bound?
  var format: String?
  var zone: String?
  var boost: Float = 1
}

struct BoolQuery: Sendable, Equatable {
  var must: [Query] = []
  var should: [Query] = []
  var filter: [Query] = []
  var mustNot: [Query] = []
  var minimumShouldMatch: String?
  /// Of a query string: clauses without terms are left out.
  var dropsEmptyTexts = false
  var boost: Float = 1
}

/// A pattern for terms.
struct TermPattern: Sendable, Equatable {
  enum Piece: Sendable, Equatable {
    case text(Character)
    case one
    case any
  }

  let pieces: [Piece]
  let ignoresCase: Bool

  init(prefix: String, ignoresCase: Bool = false) {
    pieces = prefix.map { .text($0) } + [.any]
    self.ignoresCase = ignoresCase
  }

  /// A backslash takes the next character literally.
  init(wildcard: String, ignoresCase: Bool = false) {
    var pieces: [Piece] = []
    var isEscaped = false
    for character in wildcard {
      if isEscaped {
        pieces.append(.text(character))
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        pieces.append(character == "*" ? .any : character == "?" ? .one : .text(character))
      }
    }
    self.pieces = pieces
    self.ignoresCase = ignoresCase
  }

  /// What every term that fits begins with.
  var prefix: String {
    if ignoresCase { return "" }
    var text = ""
    for piece in pieces {
      guard case .text(let character) = piece else { break }
      text.append(character)
    }
    return text
  }

  func matches(_ term: String) -> Bool {
    let characters = Array(ignoresCase ? term.lowercased() : term)
    // Greedy with one place to go back to: enough for `*`.
    var (at, piece) = (0, 0)
    var (star, mark) = (-1, 0)
    while at < characters.count {
      if piece < pieces.count, fits(pieces[piece], characters[at]) {
        at += 1
        piece += 1
      } else if piece < pieces.count, pieces[piece] == .any {
        star = piece
        mark = at
        piece += 1
      } else if star >= 0 {
        piece = star + 1
        mark += 1
        at = mark
      } else {
        return false
      }
    }
    return pieces[piece...].allSatisfy { $0 == .any }
  }

  private func fits(_ piece: Piece, _ character: Character) -> Bool {
    switch piece {
    case .text(let wanted):
      wanted == character || ignoresCase && wanted.lowercased() == String(character)
    case .one: true
    case .any: false
    }
  }
}
