import HTTPServer
import JSON

/// Which members of a document an answer shows.
struct SourceFilter: Equatable {
  private var isWanted = true
  private var includes: [String] = []
  private var excludes: [String] = []

  /// Everything, as it was sent.
  static let all = SourceFilter()
  private init() {}

  /// The document as it is stored may be copied into the answer.
  var isWhole: Bool { isWanted && includes.isEmpty && excludes.isEmpty }
  var isNone: Bool { !isWanted }

  /// `true`, `false`, `"a.*"`, a list, or `includes` and `excludes`.
  init(_ json: JSONValue) throws(SearchProblem) {
    switch json {
    case .bool(let flag): isWanted = flag
    case .string(let pattern): includes = [pattern]
    case .array(let patterns): includes = patterns.compactMap(\.string)
    case .object(let members):
      for member in members {
        let patterns =
          member.value.array?.compactMap(\.string) ?? member.value.string.map { [$0] } ?? []
        switch member.name {
        case "includes", "include": includes = patterns
        case "excludes", "exclude": excludes = patterns
        default: throw .parsing("Unknown key for a VALUE_STRING in [\(member.name)].")
        }
      }
    default: throw .parsing("Expected one of [VALUE_BOOLEAN, START_OBJECT] but found another value")
    }
  }

  /// From `_source`, `_source_includes` and `_source_excludes` of a URL.
  init(parameters query: HTTPQuery) throws(SearchProblem) {
    func list(_ name: String) -> [String] {
      (query[name] ?? "").split(separator: ",").map(String.init)
    }
    if query.contains("_source") {
      if let flag = query.bool("_source") { isWanted = flag } else { includes = list("_source") }
    }
    includes += list("_source_includes")
    excludes = list("_source_excludes")
  }

  /// nil where the document is not wanted.
  func apply(_ source: JSONValue) -> JSONValue? {
    if !isWanted { return nil }
    if isWhole { return source }
    return filtered(source, "", isIncluded: includes.isEmpty) ?? .object([])
  }

  private func filtered(_ json: JSONValue, _ path: String, isIncluded: Bool) -> JSONValue? {
    switch json {
    case .object(let members):
      if members.isEmpty { return isIncluded ? json : nil }
      let kept = members.compactMap { member -> JSONMember? in
        let full = path.isEmpty ? member.name : "\(path).\(member.name)"
        if excludes.contains(where: { Wildcard.matches(full, $0) }) { return nil }
        let included = isIncluded || includes.contains { Wildcard.matches(full, $0) }
        return filtered(member.value, full, isIncluded: included).map {
          JSONMember(member.name, $0)
        }
      }
      return kept.isEmpty && !isIncluded ? nil : .object(kept)
    case .array(let elements):
      if isIncluded, excludes.isEmpty { return json }
      let kept = elements.compactMap { filtered($0, path, isIncluded: isIncluded) }
      return kept.isEmpty && !isIncluded ? nil : .array(kept)
    default: return isIncluded ? json : nil
    }
  }
}
