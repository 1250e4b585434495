import JSON

/// `filter_path`: which parts of an answer are wanted. `*` is one level, `**` any number, a leading
/// `-` leaves out.
struct FilterPath {
  private let includes: [[Substring]]
  private let excludes: [[Substring]]

  init(_ text: String) {
    let paths = text.split(separator: ",")
    includes = paths.filter { !$0.hasPrefix("-") }.map { $0.split(separator: ".") }
    excludes = paths.filter { $0.hasPrefix("-") }.map { $0.dropFirst().split(separator: ".") }
  }

  func apply(_ json: JSONValue) -> JSONValue {
    var json = json
    if !includes.isEmpty { json = Self.including(json, includes.map { $0[...] }) ?? .object([]) }
    if !excludes.isEmpty { json = Self.excluding(json, excludes.map { $0[...] }) ?? .object([]) }
    return json
  }

  private typealias Path = ArraySlice<Substring>

  /// What is left of each path behind a member; nil in place of a path that ends there.
  private static func behind(_ name: String, _ paths: [Path]) -> [Path?] {
    paths.flatMap { path -> [Path?] in
      guard let first = path.first else { return [nil] }
      if first == "**" {
        let rest = path.dropFirst()
        return [path] + behind(name, [rest]) + (rest.isEmpty ? [nil] : [])
      }
      guard Wildcard.matches(name, String(first)) else { return [] }
      return path.count == 1 ? [nil] : [path.dropFirst()]
    }
  }

  private static func including(_ json: JSONValue, _ paths: [Path]) -> JSONValue? {
    switch json {
    case .object(let members):
      let kept = members.compactMap { member -> JSONMember? in
        let rest = behind(member.name, paths)
        if rest.contains(where: { $0 == nil }) { return member }
        let open = rest.compactMap { $0 }
        if open.isEmpty { return nil }
        return including(member.value, open).map { JSONMember(member.name, $0) }
      }
      return kept.isEmpty ? nil : .object(kept)
    case .array(let elements):
      let kept = elements.compactMap { including($0, paths) }
      return kept.isEmpty ? nil : .array(kept)
    default: return nil
    }
  }

  private static func excluding(_ json: JSONValue, _ paths: [Path]) -> JSONValue? {
    switch json {
    case .object(let members):
      let kept = members.compactMap { member -> JSONMember? in
        let rest = behind(member.name, paths)
        if rest.contains(where: { $0 == nil }) { return nil }
        let open = rest.compactMap { $0 }
        if open.isEmpty { return member }
        return excluding(member.value, open).map { JSONMember(member.name, $0) }
      }
      return kept.isEmpty && !members.isEmpty ? nil : .object(kept)
    case .array(let elements):
      return .array(elements.compactMap { excluding($0, paths) })
    default: return json
    }
  }
}
