import JSON

extension AvroSchema {
  /// The schema with types of other schemas defined where they are first used, so that it
  /// stands alone: what decoders need, and what registries call `resolved`.
  public func inlining(_ references: [AvroSchema]) -> AvroSchema {
    var foreign: [AvroName: AvroSchema] = [:]
    for schema in references {
      foreign.merge(schema.definitions) { first, _ in first }
    }
    var inlining = AvroInlining(foreign: foreign, defined: Set(definitions.keys))
    return inlining.inlined(self)
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

  mutating func inlined(_ schema: AvroSchema) -> AvroSchema {
    // Before the shape, which marks the name as defined.
    let properties = properties(of: schema)
    return AvroSchema(shape(of: schema), properties: properties)
  }

  /// A definition that takes a reference's place brings its own properties.
  private func properties(of schema: AvroSchema) -> [JSONMember] {
    guard case .reference(let name) = schema.shape, !defined.contains(name) else {
      return schema.properties
    }
    return foreign[name]?.properties ?? []
  }

  private mutating func shape(of schema: AvroSchema) -> AvroSchema.Shape {
    switch schema.shape {
    case .reference(let name):
      guard let definition = foreign[name], defined.insert(name).inserted else {
        return schema.shape
      }
      inForeign += 1
      defer { inForeign -= 1 }
      return shape(ofDefinition: definition)
    default:
      // A definition inside a foreign one, whose name was needed and inlined before.
      if let name = schema.definedName, inForeign > 0, !defined.insert(name).inserted {
        return .reference(name)
      }
      return shape(ofDefinition: schema)
    }
  }

  private mutating func shape(ofDefinition schema: AvroSchema) -> AvroSchema.Shape {
    switch schema.shape {
    case .array(let items): return .array(inlined(items))
    case .map(let values): return .map(inlined(values))
    case .union(let branches): return .union(branches.map { inlined($0) })
    case .record(let record):
      let fields = record.fields.map { field in
        AvroField(
          name: field.name, schema: inlined(field.schema), doc: field.doc,
          defaultValue: field.defaultValue, order: field.order, aliases: field.aliases,
          properties: field.properties)
      }
      return .record(
        AvroRecord(
          name: record.name, isError: record.isError, doc: record.doc, fields: fields,
          aliases: record.aliases))
    default: return schema.shape
    }
  }
}
