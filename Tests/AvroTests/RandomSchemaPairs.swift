import JSON
import Scheduling

/// Random valid schemas, and what became of them after some edits.
struct RandomSchemaPairs {
  var generator: SeededGenerator
  private var count = 0
  /// Names that are defined already, in documents that may use one twice.
  private var names: [String] = []
  private var reuses = false

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  /// A writer's schema, a reader's made from it, and whether a named type is used more than once.
  mutating func pair() -> (writer: JSONValue, reader: JSONValue, reuses: Bool) {
    count = 0
    names = []
    reuses = below(3) == 0
    let writer = below(4) == 0 ? schema(depth: 0) : record(depth: 0)
    return (writer, edited(writer, depth: 0), reuses)
  }

  mutating func below(_ limit: Int) -> Int { Int(generator.next() % UInt64(limit)) }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  private static let primitives = [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
  ]

  private mutating func schema(depth: Int, inUnion: Bool = false) -> JSONValue {
    if reuses, !names.isEmpty, !inUnion, below(5) == 0 { return .string(pick(names)) }
    switch below(depth > 3 ? 4 : 10) {
    case 0...3: return .string(pick(Self.primitives))
    case 4: return ["type": "array", "items": schema(depth: depth + 1)]
    case 5: return ["type": "map", "values": schema(depth: depth + 1)]
    case 6: return inUnion ? "int" : union(depth: depth)
    case 7: return enumeration()
    case 8: return ["type": "fixed", "name": .string(name()), "size": .int(below(5))]
    default: return record(depth: depth)
    }
  }

  private mutating func name() -> String {
    count += 1
    let name = "N\(count)"
    names.append(name)
    return name
  }

  private mutating func enumeration() -> JSONValue {
    var members: [JSONMember] = [
      JSONMember("type", "enum"), JSONMember("name", .string(name())),
      JSONMember("symbols", pick([["A", "B"], ["A", "B", "C"], ["C", "A"], ["B", "D"]])),
    ]
    if below(3) == 0, let symbol = members[2].value[0] {
      members.append(JSONMember("default", symbol))
    }
    return .object(members)
  }

  private mutating func record(depth: Int) -> JSONValue {
    // A name of a type that is not complete yet is used by union branches alone, so that values end.
    let own = "R\(count)"
    count += 1
    var fields: [JSONValue] = []
    for index in 0..<below(5) {
      let isRecursive = below(12) == 0
      let type: JSONValue = isRecursive ? ["null", .string(own)] : schema(depth: depth + 1)
      fields.append(["name": .string("f\(index)"), "type": type])
    }
    names.append(own)
    return ["type": "record", "name": .string(own), "fields": .array(fields)]
  }

  private mutating func union(depth: Int) -> JSONValue {
    var branches: [JSONValue] = []
    var kinds: Set<String> = []
    for _ in 0..<1 + below(4) {
      let known = names.count
      let branch = schema(depth: depth + 1, inUnion: true)
      if kinds.insert(Self.kind(branch)).inserted {
        branches.append(branch)
      } else {
        // What is defined in it is defined nowhere.
        names.removeSubrange(known...)
      }
    }
    return .array(branches)
  }

  /// What may be in a union once.
  private static func kind(_ schema: JSONValue) -> String {
    if let name = schema["name"]?.string { return name }
    return schema.string ?? schema["type"]?.string ?? "union"
  }

  // MARK: - Edits

  private mutating func edited(_ schema: JSONValue, depth: Int) -> JSONValue {
    if below(14) == 0, let text = schema.string, Self.primitives.contains(text) {
      return .string(pick(Self.primitives))
    }
    if case .array(let branches) = schema { return editedUnion(branches, depth: depth) }
    guard let members = schema.object else { return wrapped(schema) }
    let parts = members.map { member -> JSONMember in
      switch member.name {
      case "items", "values": JSONMember(member.name, edited(member.value, depth: depth + 1))
      case "size": JSONMember("size", below(12) == 0 ? .int(below(5)) : member.value)
      case "symbols": JSONMember("symbols", below(4) == 0 ? editedSymbols(member) : member.value)
      case "fields": JSONMember("fields", .array(editedFields(member.value.array ?? [])))
      default: member
      }
    }
    return wrapped(renamed(withoutDefault(parts)))
  }

  /// A default that is not among the symbols any more would be no valid schema.
  private func withoutDefault(_ members: [JSONMember]) -> [JSONMember] {
    let schema = JSONValue.object(members)
    guard let symbols = schema["symbols"]?.array else { return members }
    return members.filter { $0.name != "default" || symbols.contains($0.value) }
  }

  private mutating func wrapped(_ schema: JSONValue) -> JSONValue {
    guard below(12) == 0 else { return schema }
    return schema == "null" ? ["null", "string"] : ["null", schema]
  }

  /// Another name, with or without an alias for the old one. Recursive types keep theirs.
  private mutating func renamed(_ members: [JSONMember]) -> JSONValue {
    let schema = JSONValue.object(members)
    guard let name = schema["name"]?.string, schema["type"] != "record", !reuses, below(16) == 0
    else { return schema }
    var changed = members.map { $0.name == "name" ? JSONMember("name", .string("X" + name)) : $0 }
    if below(2) == 0 { changed.append(JSONMember("aliases", [.string(name)])) }
    return .object(changed)
  }

  private mutating func editedSymbols(_ member: JSONMember) -> JSONValue {
    pick([["B", "A"], ["A"], ["A", "B", "C", "D"], member.value])
  }

  private mutating func editedUnion(_ branches: [JSONValue], depth: Int) -> JSONValue {
    var changed: [JSONValue] = []
    var kinds: Set<String> = []
    for branch in branches where reuses || below(10) != 0 {
      let new = edited(branch, depth: depth + 1)
      if new.array == nil, kinds.insert(Self.kind(new)).inserted { changed.append(new) }
    }
    if below(6) == 0 {
      let extra = pick(Self.primitives)
      if kinds.insert(extra).inserted { changed.insert(.string(extra), at: 0) }
    }
    if changed.count == 1, below(3) == 0 { return changed[0] }
    return .array(changed)
  }

  private mutating func editedFields(_ fields: [JSONValue]) -> [JSONValue] {
    var changed: [JSONValue] = []
    for field in fields where reuses || below(12) != 0 {
      guard let name = field["name"]?.string, let type = field["type"] else { continue }
      var new: [JSONMember] = [
        JSONMember("name", .string(name)), JSONMember("type", edited(type, depth: 1)),
      ]
      if below(10) == 0 {
        new[0] = JSONMember("name", .string("g" + name))
        if below(2) == 0 { new.append(JSONMember("aliases", [.string(name)])) }
      }
      changed.append(.object(new))
    }
    if below(4) == 0 { changed.insert(added(), at: below(changed.count + 1)) }
    return changed
  }

  private mutating func added() -> JSONValue {
    switch below(6) {
    case 0: ["name": "new", "type": "int"]
    case 1: ["name": "new", "type": "long", "default": 7]
    case 2: ["name": "new", "type": ["null", "string"], "default": .null]
    case 3: ["name": "new", "type": ["type": "array", "items": "int"], "default": [1, 2]]
    case 4: ["name": "new", "type": "bytes", "default": "\u{e9}\u{1}"]
    default: ["name": "new", "type": ["null", "string"]]
    }
  }
}
