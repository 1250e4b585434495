import JSON

/// The parameters of a leaf's mapping.
enum LeafParameters {
  static func apply(
    _ member: JSONMember, to mapping: inout FieldMapping
  ) throws(SearchProblem) {
    let type = mapping.type
    switch (member.name, type) {
    case ("analyzer", .text): mapping.analyzer = try analyzer(member, mapping)
    case ("search_analyzer", .text), ("search_quote_analyzer", .text):
      let found = try analyzer(member, mapping)
      guard member.name == "search_analyzer" || found == mapping.analyzer else {
        throw SearchProblem.unsupported("mapping.search_quote_analyzer")
      }
      mapping.searchAnalyzer = found
    case ("norms", .text), ("norms", .keyword):
      mapping.hasNorms = try flag(member, mapping)
      if type == .keyword, mapping.hasNorms { throw unsupported(member) }
    case ("index_options", .text):
      switch member.value.string {
      case "positions", "offsets": break
      case "docs": mapping.hasFrequencies = false
      default: throw unsupported(member)
      }
    case ("index_options", .keyword):
      guard member.value.string == "docs" else { throw unsupported(member) }
    case ("fielddata", .text), ("time_series_dimension", _):
      if try flag(member, mapping) { throw unsupported(member) }
    case ("position_increment_gap", .text):
      guard member.value.int64 == 100 else { throw unsupported(member) }
    case ("similarity", .text):
      guard member.value.string == "BM25" else { throw unsupported(member) }
    case ("ignore_above", .keyword):
      guard let limit = member.value.int64, limit >= 0 else {
        throw invalid(member, mapping)
      }
      mapping.ignoreAbove = Int(limit)
    case ("format", .date):
      guard let name = member.value.string, let format = DateFormat(name) else {
        throw SearchProblem.unsupported("mapping.format.\(member.value.string ?? "")")
      }
      mapping.format = format
    case ("null_value", _) where type != .text:
      mapping.nullValue = member.value.isNull ? nil : member.value
    case ("coerce", _) where type.isNumber: mapping.coerces = try flag(member, mapping)
    case ("ignore_malformed", _) where type.isNumber || type == .date || type == .boolean:
      mapping.ignoresMalformed = try flag(member, mapping)
    case ("index", _): mapping.isIndexed = try flag(member, mapping)
    case ("copy_to", _), ("script", _), ("normalizer", .keyword), ("on_script_error", _),
      ("boost", _), ("index_prefixes", .text), ("locale", .date), ("time_series_metric", _):
      throw unsupported(member)
    default:
      throw SearchProblem(
        400, "mapper_parsing_exception",
        "unknown parameter [\(member.name)] on mapper [\(mapping.path)] of type "
          + "[\(type.rawValue)]")
    }
  }

  private static func analyzer(
    _ member: JSONMember, _ mapping: FieldMapping
  ) throws(SearchProblem) -> Analyzer {
    let name = member.value.string ?? ""
    guard let analyzer = Analyzer(named: name) else {
      throw .unsupported(
        "analyzer.\(name)",
        "analyzers here: \(Analyzer.Name.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return analyzer
  }

  private static func flag(
    _ member: JSONMember, _ mapping: FieldMapping
  ) throws(SearchProblem) -> Bool {
    if let flag = member.value.bool { return flag }
    if let text = member.value.string, let flag = Bool(text) { return flag }
    throw invalid(member, mapping)
  }

  private static func invalid(_ member: JSONMember, _ mapping: FieldMapping) -> SearchProblem {
    SearchProblem(
      400, "mapper_parsing_exception",
      "Failed to parse mapping: Failed to parse value of [\(member.name)] on field "
        + "[\(mapping.path)]")
  }

  private static func unsupported(_ member: JSONMember) -> SearchProblem {
    .unsupported("mapping.\(member.name)")
  }
}
