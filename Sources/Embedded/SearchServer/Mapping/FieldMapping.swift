import JSON

/// How one field is indexed. An object holds fields; a leaf may hold multi-fields.
struct FieldMapping: Sendable, Equatable {
  var type: FieldType
  /// Dotted, from the document's root.
  var path: String
  /// The number of the leaf's column in the index's file; -1 for objects.
  var slot = -1
  /// Parameters as they were given, without `properties` and `fields`: what `_mapping` shows.
  var parameters: [JSONMember] = []

  var analyzer = Analyzer(.standard)
  var searchAnalyzer = Analyzer(.standard)
  var ignoreAbove: Int?
  var format = DateFormat.standard
  var nullValue: JSONValue?
  var coerces = true
  var ignoresMalformed = false
  var isIndexed = true
  var hasNorms = true
  var hasFrequencies = true

  var dynamic: DynamicMapping?
  var isEnabled = true
  /// Fields of an object, or multi-fields of a leaf, by name.
  var children: [String: FieldMapping] = [:]

  init(type: FieldType, path: String) {
    self.type = type
    self.path = path
    if type == .keyword { hasNorms = false; hasFrequencies = false }
  }

  var isObject: Bool { type == .object }

  /// What `GET _mapping` shows of it, in alphabetical order as Elasticsearch does.
  var json: JSONValue {
    var members = parameters
    if isObject {
      if !children.isEmpty { members.append(JSONMember("properties", childrenJSON)) }
      if children.isEmpty { members.insert(JSONMember("type", "object"), at: 0) }
    } else {
      members.insert(JSONMember("type", .string(type.rawValue)), at: 0)
      if !children.isEmpty { members.append(JSONMember("fields", childrenJSON)) }
    }
    return .object(members)
  }

  var childrenJSON: JSONValue {
    .object(
      children.sorted { $0.key < $1.key }.map { JSONMember($0.key, $0.value.json) })
  }

  /// Calls `body` with every leaf and multi-field below, and with itself where it is a leaf.
  func forEachLeaf(_ body: (FieldMapping) -> Void) {
    if !isObject { body(self) }
    for child in children.values { child.forEachLeaf(body) }
  }
}
