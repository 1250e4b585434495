import JSON

/// `filter_path`: which parts of an answer are wanted. `*` is one level, `**` any number, a leading
/// `-` leaves out.
struct FilterPath {
  private enum Segment {
    case name(String)
    case pattern(String)
    case anyDepth

    init(_ text: Substring) {
      self =
        text == "**"
        ? .anyDepth
        : text.utf8.contains(UInt8(ascii: "*")) ? .pattern(String(text)) : .name(String(text))
    }

    func matches(_ name: String) -> Bool {
      switch self {
      case .name(let own): own == name
      case .pattern("*"), .anyDepth: true
      case .pattern(let pattern): Wildcard.matches(name, pattern)
      }
    }

    var isAnyDepth: Bool { if case .anyDepth = self { true } else { false } }
  }

  private let includes: [[Segment]]
  private let excludes: [[Segment]]

  init(_ text: String) {
    let paths = text.split(separator: ",")
    func segments(_ path: Substring) -> [Segment] { path.split(separator: ".").map { Segment($0) } }
    includes = paths.filter { $0.first != "-" }.map(segments)
    excludes = paths.filter { $0.first == "-" }.map { segments($0.dropFirst()) }
  }

  func apply(_ json: JSONValue) -> JSONValue {
    var json = json
    if !includes.isEmpty { json = Self.including(json, includes.map { $0[...] }) ?? .object([]) }
    if !excludes.isEmpty { json = Self.excluding(json, excludes.map { $0[...] }) ?? .object([]) }
    return json
  }

  private typealias Path = ArraySlice<Segment>

  /// What is left of each path behind a member; nil in place of a path that ends there.
  private static func behind(_ name: String, _ paths: [Path]) -> [Path?] {
    paths.flatMap { path -> [Path?] in
      guard let first = path.first else { return [nil] }
      if first.isAnyDepth {
        let rest = path.dropFirst()
        return [path] + behind(name, [rest]) + (rest.isEmpty ? [nil] : [])
      }
      guard first.matches(name) else { return [] }
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
