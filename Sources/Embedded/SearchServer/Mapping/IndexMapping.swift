import JSON

/// The mapping of one index: its fields as a tree, and each one's column.
struct IndexMapping: Sendable, Equatable {
  /// `index.mapping.total_fields.limit`, as Elasticsearch has it by default.
  static let maximumFields = 1000

  private(set) var root = FieldMapping(type: .object, path: "")
  /// Columns by path; a path keeps its number for ever.
  private(set) var slots: [String: Int] = [:]
  /// Leaves and multi-fields by path.
  private(set) var leaves: [String: FieldMapping] = [:]

  init() {}

  /// - Parameter slots: of an index that exists.
  init(_ json: JSONValue, slots: [String: Int] = [:]) throws(SearchProblem) {
    self.slots = slots
    try merge(json)
  }

  /// Adds fields and changes parameters; throws, unchanged, where a field would change its type.
  mutating func merge(_ json: JSONValue) throws(SearchProblem) {
    // Parsed into a copy, so that a problem in the middle leaves no half.
    final class Slots { var numbers: [String: Int] = [:] }
    let given = Slots()
    given.numbers = slots
    let parser = MappingParser { path in
      if let slot = given.numbers[path] { return slot }
      let slot = given.numbers.count
      given.numbers[path] = slot
      return slot
    }
    var root = try parser.object(json, into: root, isRoot: true)
    root.path = ""
    try adopt(root, given.numbers)
  }

  /// Adds one field that a document brought.
  mutating func add(
    dynamic json: JSONValue, at path: [String]
  ) throws(SearchProblem) {
    var nested = json
    for name in path.reversed() {
      nested = .object([
        JSONMember("properties", .object([JSONMember(name, nested)]))
      ])
    }
    try merge(nested)
  }

  private mutating func adopt(
    _ root: FieldMapping, _ slots: [String: Int]
  ) throws(SearchProblem) {
    guard slots.count <= Self.maximumFields else {
      throw .illegal(
        "Limit of total fields [\(Self.maximumFields)] has been exceeded")
    }
    self.root = root
    self.slots = slots
    leaves = [:]
    root.forEachLeaf { leaves[$0.path] = $0 }
  }

  /// What `GET _mapping` shows.
  var json: JSONValue { root.parameters.isEmpty && root.children.isEmpty ? .object([]) : rootJSON }

  private var rootJSON: JSONValue {
    var members = root.parameters.map { member in
      // Elasticsearch shows `dynamic` as a text.
      member.name == "dynamic"
        ? JSONMember("dynamic", .string(root.dynamic?.rawValue ?? "true")) : member
    }
    if !root.children.isEmpty { members.append(JSONMember("properties", root.childrenJSON)) }
    return .object(members)
  }

  var slotsJSON: JSONValue {
    .object(slots.sorted { $0.value < $1.value }.map { JSONMember($0.key, .int($0.value)) })
  }

  var detectsDates: Bool {
    root.parameters.last { $0.name == "date_detection" }?.value.bool != false
  }

  /// Leaves whose path matches a pattern with `*`.
  func leaves(matching pattern: String) -> [FieldMapping] {
    if !pattern.utf8.contains(UInt8(ascii: "*")) { return leaves[pattern].map { [$0] } ?? [] }
    return leaves.values.filter { Wildcard.matches($0.path, pattern) }.sorted { $0.path < $1.path }
  }
}

/// Patterns in which `*` stands for any run of characters.
enum Wildcard {
  static func matches(_ text: String, _ pattern: String) -> Bool {
    if !pattern.utf8.contains(UInt8(ascii: "*")) { return text == pattern }
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    var rest = text[...]
    for (index, part) in parts.enumerated() {
      if index == 0 {
        guard rest.hasPrefix(part) else { return false }
        rest = rest.dropFirst(part.count)
      } else if index == parts.count - 1 {
        return rest.hasSuffix(part)
      } else if let found = part.isEmpty
        ? rest.startIndex..<rest.startIndex : rest.firstRange(of: part)
      {
        rest = rest[found.upperBound...]
      } else {
        return false
      }
    }
    return true
  }
}
