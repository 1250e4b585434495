import JSON

/// Reads the `mappings` of a request, strictly: a parameter that would change results and is not
/// done here is refused by name.
struct MappingParser {
  /// Gives a new leaf its column.
  var nextSlot: (String) -> Int

  /// `index.mapping.depth.limit`, as Elasticsearch has it by default.
  private static let maximumDepth = 20

  /// Parameters without effect on any answer here.
  static let ignored: Set = [
    "store", "doc_values", "eager_global_ordinals", "split_queries_on_whitespace", "meta",
    "index_phrases", "term_vector", "fielddata_frequency_filter",
  ]

  func object(
    _ json: JSONValue, into existing: FieldMapping, isRoot: Bool
  ) throws(SearchProblem) -> FieldMapping {
    guard let members = json.object else {
      throw failed("Expected map for property [properties] on field [\(existing.path)]")
    }
    var mapping = existing
    for member in members {
      switch member.name {
      case "properties": try addProperties(member.value, to: &mapping)
      case "dynamic":
        let text = member.value.string ?? member.value.bool.map { "\($0)" } ?? ""
        guard let dynamic = DynamicMapping(rawValue: text) else {
          if text == "runtime" { throw SearchProblem.unsupported("mapping.dynamic.runtime") }
          throw failed("Failed to parse value [\(text)] as only [true], [false], [strict] are")
        }
        mapping.dynamic = dynamic
        set(member, in: &mapping)
      case "enabled":
        mapping.isEnabled = try flag(member)
        set(member, in: &mapping)
      case "type" where !isRoot && member.value.string == "object": break
      case "_meta" where isRoot, "date_detection" where isRoot, "numeric_detection" where isRoot:
        if member.name == "numeric_detection", try flag(member) {
          throw SearchProblem.unsupported("mapping.numeric_detection")
        }
        set(member, in: &mapping)
      case "_source" where isRoot:
        guard member.value["enabled"]?.bool != false, member.value["includes"] == nil,
          member.value["excludes"] == nil
        else { throw SearchProblem.unsupported("mapping._source") }
      case "_routing" where isRoot:
        guard member.value["required"]?.bool != true else {
          throw SearchProblem.unsupported("mapping._routing.required")
        }
      case "dynamic_templates", "runtime", "_field_names", "_data_stream_timestamp", "subobjects",
        "_size":
        if member.value.array?.isEmpty == true || member.value.object?.isEmpty == true { break }
        throw SearchProblem.unsupported("mapping.\(member.name)")
      default:
        throw failed(
          isRoot
            ? "Root mapping definition has unsupported parameters:  [\(member.name) : "
              + "\(member.value.serialized())]"
            : "unknown parameter [\(member.name)] on mapper [\(existing.path)] of type [object]")
      }
    }
    return mapping
  }

  private func addProperties(
    _ json: JSONValue, to mapping: inout FieldMapping
  ) throws(SearchProblem) {
    guard let members = json.object else {
      throw failed("Expected map for property [properties] on field [\(mapping.path)]")
    }
    for member in members {
      // A dotted name is a path through objects.
      let names = member.name.split(separator: ".", omittingEmptySubsequences: false).map(
        String.init)
      guard !names.contains("") else { throw failed("field name cannot be an empty string") }
      try add(names[...], member.value, to: &mapping)
    }
  }

  private func add(
    _ names: ArraySlice<String>, _ json: JSONValue, to mapping: inout FieldMapping
  ) throws(SearchProblem) {
    guard let name = names.first else { return }
    let path = mapping.path.isEmpty ? name : "\(mapping.path).\(name)"
    let existing = mapping.children[name]
    if names.count > 1 {
      var child = existing ?? FieldMapping(type: .object, path: path)
      try add(names.dropFirst(), json, to: &child)
      mapping.children[name] = child
      return
    }
    mapping.children[name] = try field(json, path, existing)
  }

  private func field(
    _ json: JSONValue, _ path: String, _ existing: FieldMapping?
  ) throws(SearchProblem) -> FieldMapping {
    guard path.utf8.count(where: { $0 == UInt8(ascii: ".") }) < Self.maximumDepth else {
      throw .illegal("Limit of mapping depth [\(Self.maximumDepth)] has been exceeded")
    }
    guard json.object != nil else {
      throw failed("Expected map for property [fields] on field [\(path)] but got something else")
    }
    let typeName = json["type"]?.string ?? (json["properties"] != nil ? "object" : nil)
    guard let typeName = typeName ?? (json["enabled"] != nil ? "object" : nil) else {
      if existing?.isObject == true || json.object?.isEmpty == true {
        return try object(
          json, into: existing ?? FieldMapping(type: .object, path: path), isRoot: false)
      }
      throw failed("No type specified for field [\(path)]")
    }
    guard let type = FieldType(rawValue: typeName) else {
      throw SearchProblem.unsupported(
        "mapping.type.\(typeName)",
        "types here: \(FieldType.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    if let existing, existing.type != type {
      throw .illegal(
        "mapper [\(path)] cannot be changed from type [\(existing.type.rawValue)] to "
          + "[\(type.rawValue)]")
    }
    if type == .object {
      return try object(
        json, into: existing ?? FieldMapping(type: .object, path: path), isRoot: false)
    }
    return try leaf(json, type, path, existing)
  }

  private func leaf(
    _ json: JSONValue, _ type: FieldType, _ path: String, _ existing: FieldMapping?
  ) throws(SearchProblem) -> FieldMapping {
    var mapping = FieldMapping(type: type, path: path)
    mapping.children = existing?.children ?? [:]
    for member in json.object ?? [] where !["type", "fields"].contains(member.name) {
      if Self.ignored.contains(member.name) {
        mapping.parameters.append(member)
        continue
      }
      try LeafParameters.apply(member, to: &mapping)
      mapping.parameters.append(member)
    }
    if json["search_analyzer"] == nil { mapping.searchAnalyzer = mapping.analyzer }
    if let existing, existing.analyzer != mapping.analyzer {
      throw .illegal(
        "Mapper for [\(path)] conflicts with existing mapper:\n\tCannot update parameter "
          + "[analyzer] from [\(existing.analyzer.name)] to [\(mapping.analyzer.name)]")
    }
    mapping.slot = existing?.slot ?? nextSlot(path)
    for member in json["fields"]?.object ?? [] {
      let childPath = "\(path).\(member.name)"
      mapping.children[member.name] = try field(
        member.value, childPath, existing?.children[member.name])
    }
    return mapping
  }

  private func set(_ member: JSONMember, in mapping: inout FieldMapping) {
    mapping.parameters.removeAll { $0.name == member.name }
    mapping.parameters.append(member)
  }

  private func flag(_ member: JSONMember) throws(SearchProblem) -> Bool {
    if let flag = member.value.bool { return flag }
    if let text = member.value.string, let flag = Bool(text) { return flag }
    throw failed("Failed to parse value of [\(member.name)] as only [true] or [false] are allowed.")
  }

  private func failed(_ reason: String) -> SearchProblem {
    SearchProblem(
      400, "mapper_parsing_exception", "Failed to parse mapping: \(reason)",
      cause: ["type": "mapper_parsing_exception", "reason": .string(reason)])
  }
}
