import JSON

/// A piece of a query string.
enum QueryStringToken: Equatable {
  case and, or, not, plus, minus, open, close
  case field(String)
  case word(String)
  case phrase(String)
  case pattern(String)
  case range(RangeText)
  case boost(Float)

  struct RangeText: Equatable {
    var lower: String?
    var upper: String?
    var includesLower = true
    var includesUpper = true

    func query(_ field: String) -> RangeQuery {
      var query = RangeQuery(field: field)
      query.lower = lower.map { .init(value: .string($0), isInclusive: includesLower) }
      query.upper = upper.map { .init(value: .string($0), isInclusive: includesUpper) }
      return query
    }
  }

  static func read(_ text: String) throws(SearchProblem) -> [QueryStringToken] {
    var reader = Reader(characters: Array(text), text: text)
    return try reader.run()
  }

  private struct Reader {
    let characters: [Character]
    let text: String
    var at = 0
    var tokens: [QueryStringToken] = []

    func failed() -> SearchProblem {
      SearchProblem(
        400, "query_shard_exception", "Failed to parse query [\(text)]",
        cause: ["type": "parse_exception", "reason": .string("Cannot parse '\(text)'")])
    }

    mutating func run() throws(SearchProblem) -> [QueryStringToken] {
      while at < characters.count {
        let character = characters[at]
        switch character {
        case _ where character.isWhitespace: at += 1
        case "(": push(.open)
        case ")": push(.close)
        case "+": push(.plus)
        case "-", "!": push(.minus)
        case "^": try boost()
        case "\"": try phrase()
        case "[", "{": try range()
        case ">", "<": comparison()
        case "/": throw SearchProblem.unsupported("query.query_string regexp")
        default: try word()
        }
      }
      return tokens
    }

    mutating func push(_ token: QueryStringToken) {
      tokens.append(token)
      at += 1
    }

    mutating func boost() throws(SearchProblem) {
      at += 1
      let digits = String(characters[at...].prefix { $0.isNumber || $0 == "." })
      guard let boost = Float(digits) else { throw failed() }
      at += digits.count
      tokens.append(.boost(boost))
    }

    mutating func phrase() throws(SearchProblem) {
      at += 1
      var phrase = ""
      while at < characters.count, characters[at] != "\"" {
        if characters[at] == "\\", at + 1 < characters.count { at += 1 }
        phrase.append(characters[at])
        at += 1
      }
      guard at < characters.count else { throw failed() }
      push(.phrase(phrase))
      if at < characters.count, characters[at] == "~" {
        throw .unsupported("query.query_string phrase slop")
      }
    }

    mutating func range() throws(SearchProblem) {
      let open = characters[at]
      guard let close = characters[at...].firstIndex(where: { $0 == "]" || $0 == "}" }) else {
        throw failed()
      }
      let words = String(characters[(at + 1)..<close]).split(separator: " ")
      guard words.count == 3, words[1] == "TO" else { throw failed() }
      func bound(_ word: Substring) -> String? {
        word == "*" ? nil : word.filter { $0 != "\"" && $0 != "\\" }
      }
      tokens.append(
        .range(
          RangeText(
            lower: bound(words[0]), upper: bound(words[2]), includesLower: open == "[",
            includesUpper: characters[close] == "]")))
      at = close + 1
    }

    /// `>=10` behind a field.
    mutating func comparison() {
      let isLower = characters[at] == ">"
      at += 1
      var isInclusive = false
      if at < characters.count, characters[at] == "=" {
        isInclusive = true
        at += 1
      }
      let bound = String(characters[at...].prefix { !$0.isWhitespace && $0 != ")" })
      at += bound.count
      var range = RangeText()
      if isLower { range.lower = bound } else { range.upper = bound }
      range.includesLower = isInclusive
      range.includesUpper = isInclusive
      tokens.append(.range(range))
    }

    mutating func word() throws(SearchProblem) {
      var word = ""
      var pattern = ""
      var isPattern = false
      while at < characters.count {
        let character = characters[at]
        if character == "\\", at + 1 < characters.count {
          word.append(characters[at + 1])
          pattern += "\\\(characters[at + 1])"
          at += 2
          continue
        }
        if character == ":" {
          at += 1
          tokens.append(.field(word))
          return
        }
        if character == "~" { throw .unsupported("query.query_string fuzziness") }
        if character.isWhitespace || "()^\"[]{}".contains(character) { break }
        if character == "*" || character == "?" { isPattern = true }
        word.append(character)
        pattern.append(character)
        at += 1
      }
      guard !word.isEmpty else { throw failed() }
      switch word {
      case "AND", "&&": tokens.append(.and)
      case "OR", "||": tokens.append(.or)
      case "NOT": tokens.append(.not)
      default:
        let isExists = tokens.last == .field("_exists_")
        tokens.append(isPattern || isExists ? .pattern(pattern) : .word(word))
      }
    }
  }
}
