import JSON

extension AvroSchema {
  /// The schema with types of other schemas defined where they are first used, so that it
  /// stands alone: what decoders need, and what registries call `resolved`.
  ///
  /// Throws where the types of many schemas inside each other make more than `maximumDepth` levels, as parsing
  /// does of one.
  public func inlining(_ references: [AvroSchema]) throws(AvroSchemaError) -> AvroSchema {
    var foreign: [AvroName: AvroSchema] = [:]
    for schema in references {
      foreign.merge(schema.definitions) { first, _ in first }
    }
    var inlining = AvroInlining(foreign: foreign, defined: Set(definitions.keys))
    return try inlining.inlined(self, depth: 0)
  }
}

private struct AvroInlining {
  let foreign: [AvroName: AvroSchema]
  var defined: Set<AvroName>

  /// How many foreign definitions are being copied around the present place.
  private var inForeign = 0

  init(foreign: [AvroName: AvroSchema], defined: Set<AvroName>) {
    self.foreign = foreign
    self.defined = defined
  }

  mutating func inlined(
    _ schema: AvroSchema, depth: Int
  ) throws(AvroSchemaError) -> AvroSchema {
    guard depth < AvroSchema.maximumDepth else {
      throw AvroSchemaError(path: "", reason: "more than \(AvroSchema.maximumDepth) levels")
    }
    // Before the shape, which marks the name as defined.
    let properties = properties(of: schema)
    return AvroSchema(try shape(of: schema, depth), properties: properties)
  }

  /// A definition that takes a reference's place brings its own properties.
  private func properties(of schema: AvroSchema) -> [JSONMember] {
    guard case .reference(let name) = schema.shape, !defined.contains(name) else {
      return schema.properties
    }
    return foreign[name]?.properties ?? []
  }

  private mutating func shape(
    of schema: AvroSchema, _ depth: Int
  ) throws(AvroSchemaError) -> AvroSchema.Shape {
    switch schema.shape {
    case .reference(let name):
      guard let definition = foreign[name], defined.insert(name).inserted else {
        return schema.shape
      }
      inForeign += 1
      defer { inForeign -= 1 }
      return try shape(ofDefinition: definition, depth + 1)
    default:
      // A definition inside a foreign one, whose name was needed and inlined before.
      if let name = schema.definedName, inForeign > 0, !defined.insert(name).inserted {
        return .reference(name)
      }
      return try shape(ofDefinition: schema, depth + 1)
    }
  }

  private mutating func shape(
    ofDefinition schema: AvroSchema, _ depth: Int
  ) throws(AvroSchemaError) -> AvroSchema.Shape {
    switch schema.shape {
    case .array(let items): return .array(try inlined(items, depth: depth))
    case .map(let values): return .map(try inlined(values, depth: depth))
    case .union(let branches):
      var whole: [AvroSchema] = []
      for branch in branches { whole.append(try inlined(branch, depth: depth)) }
      return .union(whole)
    case .record(let record):
      var fields: [AvroField] = []
      for field in record.fields {
        fields.append(
          AvroField(
            name: field.name, schema: try inlined(field.schema, depth: depth), doc: field.doc,
            defaultValue: field.defaultValue, order: field.order, aliases: field.aliases,
            properties: field.properties))
      }
      return .record(
        AvroRecord(
          name: record.name, isError: record.isError, doc: record.doc, fields: fields,
          aliases: record.aliases))
    default: return schema.shape
    }
  }
}
