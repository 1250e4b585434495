import JSON

/// Takes a document apart by a mapping, which grows where it is dynamic.
///
/// Throws Elasticsearch's `document_parsing_exception` and its relatives; then the mapping in it
/// must be thrown away, as it may have grown for a document that is not stored.
struct DocumentParser {
  private(set) var mapping: IndexMapping
  private(set) var document: ParsedDocument
  private let id: String

  init(mapping: IndexMapping, id: String) {
    self.mapping = mapping
    self.id = id
    document = ParsedDocument(slotCount: mapping.slots.count)
  }

  mutating func parse(_ json: JSONView) throws(SearchProblem) {
    guard json.kind == .object else {
      throw SearchProblem(
        400, "document_parsing_exception", "failed to parse: expected an object",
        cause: ["type": "not_x_content_exception", "reason": "not an object"])
    }
    try object(json, mapping.root, mapping.root.dynamic ?? .yes)
  }

  private mutating func object(
    _ json: JSONView, _ field: FieldMapping, _ dynamic: DynamicMapping
  ) throws(SearchProblem) {
    guard field.isEnabled else { return }
    try json.forEachMember { key, value throws(SearchProblem) in
      let name = String(decoding: key, as: UTF8.self)
      if let child = field.children[name] {
        try self.value(value, child, child.dynamic ?? dynamic)
      } else {
        try unknown(value, name, field, dynamic)
      }
    }
  }

  private mutating func value(
    _ json: JSONView, _ field: FieldMapping, _ dynamic: DynamicMapping
  ) throws(SearchProblem) {
    switch json.kind {
    case .null:
      if let substitute = field.nullValue { try leaf(substitute, field) }
    case .array:
      try json.forEachElement { element throws(SearchProblem) in
        try value(element, field, dynamic)
      }
    case .object:
      guard field.isObject else {
        throw failed(field, preview: "{...}", "Cannot parse object as a value")
      }
      try object(json, field, dynamic)
    default:
      if field.isObject {
        guard field.isEnabled else { return }
        throw SearchProblem(
          400, "document_parsing_exception",
          "object mapping for [\(field.path)] tried to parse field [\(field.path)] as object, "
            + "but found a concrete value")
      }
      try leaf(json, field)
    }
  }

  // MARK: Members without a mapping

  private mutating func unknown(
    _ json: JSONView, _ name: String, _ parent: FieldMapping, _ dynamic: DynamicMapping
  ) throws(SearchProblem) {
    if name.utf8.contains(UInt8(ascii: ".")),
      dynamic != .strict || parent.children[String(name.prefix { $0 != "." })] != nil
    {
      return try dotted(json, name, parent, dynamic)
    }
    let path = parent.path.isEmpty ? name : "\(parent.path).\(name)"
    // An earlier element of an array may have brought it.
    if let field = field(at: path) { return try value(json, field, field.dynamic ?? dynamic) }
    switch dynamic {
    case .no: return
    case .strict:
      throw SearchProblem(
        400, "strict_dynamic_mapping_exception",
        "mapping set to strict, dynamic introduction of [\(name)] within "
          + "[\(parent.path.isEmpty ? "_doc" : parent.path)] is not allowed")
    case .yes: break
    }
    guard Self.hasValue(json) else { return }
    try mapping.add(dynamic: guess(json), at: path.split(separator: ".").map(String.init))
    guard let field = field(at: path) else { return }
    try value(json, field, dynamic)
  }

  /// `a.b: 1` means the same as `a: {b: 1}`.
  private mutating func dotted(
    _ json: JSONView, _ name: String, _ parent: FieldMapping, _ dynamic: DynamicMapping
  ) throws(SearchProblem) {
    let head = String(name.prefix { $0 != "." })
    let tail = String(name.dropFirst(head.count + 1))
    guard !head.isEmpty, !tail.isEmpty else {
      throw SearchProblem(
        400, "document_parsing_exception",
        "field name starting or ending with a [.] makes object resolution ambiguous: [\(name)]")
    }
    let path = parent.path.isEmpty ? head : "\(parent.path).\(head)"
    if field(at: path) == nil {
      guard dynamic == .yes else { return }
      try mapping.add(
        dynamic: ["type": "object"], at: path.split(separator: ".").map(String.init))
    }
    guard let child = field(at: path), child.isObject, child.isEnabled else { return }
    if let leaf = child.children[tail] {
      try value(json, leaf, leaf.dynamic ?? child.dynamic ?? dynamic)
    } else {
      try unknown(json, tail, child, child.dynamic ?? dynamic)
    }
  }

  private func field(at path: String) -> FieldMapping? {
    var field = mapping.root
    for name in path.split(separator: ".") {
      guard let child = field.children[String(name)] else { return nil }
      field = child
    }
    return field
  }

  /// Whether there is anything that a field could be made for: not in null, nor in `[]`.
  private static func hasValue(_ json: JSONView) -> Bool {
    switch json.kind {
    case .null: return false
    case .array:
      var found = false
      json.forEachElement { if hasValue($0) { found = true } }
      return found
    default: return true
    }
  }

  /// The mapping that a value gets; an array by its first one.
  private func guess(_ json: JSONView) -> JSONValue {
    switch json.kind {
    case .bool: return ["type": "boolean"]
    case .number: return json.int64 == nil ? ["type": "float"] : ["type": "long"]
    case .array:
      var first: JSONValue?
      json.forEachElement { element in
        if first == nil, Self.hasValue(element) { first = guess(element) }
      }
      return first ?? ["type": "object"]
    case .object: return ["type": "object"]
    default:
      if mapping.detectsDates, let text = json.string, text.count >= 10,
        DateFormat.detected.parse(text) != nil
      {
        return ["type": "date"]
      }
      return ["type": "text", "fields": ["keyword": ["type": "keyword", "ignore_above": 256]]]
    }
  }

  // MARK: Leaves

  private mutating func leaf(_ json: JSONView, _ field: FieldMapping) throws(SearchProblem) {
    for child in field.children.values { try leaf(json, child) }
    if let bytes = json.stringBytes {
      switch field.type {
      case .text:
        if field.isIndexed { document.addText(bytes, field.analyzer, slot: field.slot) }
        return
      case .keyword: return try keyword(String(decoding: bytes, as: UTF8.self), field)
      default: break
      }
    }
    try leaf(json.value, field)
  }

  private mutating func leaf(_ json: JSONValue, _ field: FieldMapping) throws(SearchProblem) {
    let text = json.string ?? json.number ?? json.bool.map { "\($0)" } ?? ""
    switch field.type {
    case .text:
      guard field.isIndexed else { return }
      var text = text
      text.withUTF8 {
        document.addText(UnsafeRawBufferPointer($0), field.analyzer, slot: field.slot)
      }
    case .keyword: try keyword(text, field)
    default:
      do throws(SearchProblem) {
        if let value = try FieldValues.value(of: json, field) {
          document.add(value, slot: field.slot)
        }
      } catch {
        if field.ignoresMalformed { return }
        throw failed(field, preview: text, error.reason, error.type)
      }
    }
  }

  private mutating func keyword(_ text: String, _ field: FieldMapping) throws(SearchProblem) {
    // Elasticsearch counts Java's characters.
    if let limit = field.ignoreAbove, text.utf8.count > limit, text.utf16.count > limit { return }
    guard text.utf8.count <= 32_766 else {
      throw SearchProblem(
        400, "document_parsing_exception",
        "failed to parse: Document contains at least one immense term in field=\"\(field.path)\" "
          + "(whose UTF8 encoding is longer than the max length 32766)",
        cause: [
          "type": "max_bytes_length_exceeded_exception",
          "reason": .string("bytes can be at most 32766 in length; got \(text.utf8.count)"),
        ])
    }
    document.add(.keyword(text), slot: field.slot)
  }

  private func failed(
    _ field: FieldMapping, preview: String, _ reason: String, _ type: String? = nil
  ) -> SearchProblem {
    SearchProblem(
      400, "document_parsing_exception",
      "failed to parse field [\(field.path)] of type [\(field.type.rawValue)] in document with id "
        + "'\(id)'. Preview of field's value: '\(preview.prefix(50))'",
      cause: [
        "type": .string(type ?? "illegal_argument_exception"), "reason": .string(reason),
      ])
  }
}
