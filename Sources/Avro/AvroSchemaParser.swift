import JSON

extension AvroSchema {
  /// Parses a schema's JSON text, as strictly as Avro for Java.
  ///
  /// `references` are schemas whose named types this one may use without defining them.
  public static func parse(
    _ text: String, references: [AvroSchema] = []
  ) throws(AvroSchemaError) -> AvroSchema {
    let json: JSONValue
    do {
      json = try JSONValue.parse(text)
    } catch {
      throw AvroSchemaError(path: "", reason: error.description)
    }
    return try parse(json, references: references)
  }

  /// Parses a schema that is part of another JSON document.
  public static func parse(
    _ json: JSONValue, references: [AvroSchema] = []
  ) throws(AvroSchemaError) -> AvroSchema {
    var parser = AvroSchemaParser()
    for schema in references {
      for (name, definition) in schema.definitions where parser.types[name] == nil {
        parser.types[name] = definition
      }
    }
    return try parser.schema(json, "", enclosing: "", depth: 0)
  }
}

/// One pass over a schema's JSON.
struct AvroSchemaParser {
  /// Types that are complete, by name.
  var types: [AvroName: AvroSchema] = [:]

  /// Names whose definition has begun.
  private var begun: Set<AvroName> = []

  mutating func schema(
    _ json: JSONValue, _ path: String, enclosing: String, depth: Int
  ) throws(AvroSchemaError) -> AvroSchema {
    guard depth < AvroSchema.maximumDepth else {
      throw AvroSchemaError(path: path, reason: "more than \(AvroSchema.maximumDepth) levels")
    }
    switch json {
    case .string(let name):
      return try named(name, path, enclosing: enclosing)
    case .array(let branches):
      return try union(branches, path, enclosing: enclosing, depth: depth)
    case .object(let members):
      return try object(
        AvroSchemaObject(members, path), enclosing: enclosing, depth: depth)
    default:
      throw AvroSchemaError(path: path, reason: "a schema is a string, an object or an array")
    }
  }

  private func named(
    _ text: String, _ path: String, enclosing: String
  ) throws(AvroSchemaError) -> AvroSchema {
    if let primitive = Self.primitive(text) { return AvroSchema(primitive) }
    for name in [AvroName(text, enclosing: enclosing), AvroName(text)]
    where begun.contains(name) || types[name] != nil {
      return AvroSchema(.reference(name))
    }
    throw AvroSchemaError(path: path, reason: "unknown type \"\(text)\"")
  }

  static func primitive(_ name: String) -> AvroSchema.Shape? {
    switch name {
    case "null": .null
    case "boolean": .boolean
    case "int": .int
    case "long": .long
    case "float": .float
    case "double": .double
    case "bytes": .bytes
    case "string": .string
    default: nil
    }
  }

  private mutating func union(
    _ branches: [JSONValue], _ path: String, enclosing: String, depth: Int
  ) throws(AvroSchemaError) -> AvroSchema {
    var parsed: [AvroSchema] = []
    var seen: Set<String> = []
    for (index, branch) in branches.enumerated() {
      let place = "\(path)/\(index)"
      let schema = try schema(branch, place, enclosing: enclosing, depth: depth + 1)
      if case .union = schema.shape {
        throw AvroSchemaError(path: place, reason: "a union directly inside a union")
      }
      guard seen.insert(schema.fullName).inserted else {
        throw AvroSchemaError(path: place, reason: "\(schema.fullName) is twice in the union")
      }
      parsed.append(schema)
    }
    return AvroSchema(.union(parsed))
  }

  private mutating func object(
    _ object: AvroSchemaObject, enclosing: String, depth: Int
  ) throws(AvroSchemaError) -> AvroSchema {
    guard let type = object["type"]?.string else {
      throw object.error("\"type\" is missing or not a string")
    }
    let shape: AvroSchema.Shape
    var reserved = AvroSchemaObject.reserved
    switch type {
    case "record", "error":
      shape = try record(object, isError: type == "error", enclosing: enclosing, depth: depth)
    case "enum":
      shape = .enumeration(try enumeration(object, enclosing: enclosing))
      reserved.insert("default")
    case "fixed":
      let name = try begin(object, enclosing: enclosing)
      shape = .fixed(
        AvroFixed(
          name: name, doc: object["doc"]?.string, size: try size(object),
          aliases: try object.typeAliases(of: name)))
    case "array":
      shape = .array(try inner(object, "items", enclosing: enclosing, depth: depth))
    case "map":
      shape = .map(try inner(object, "values", enclosing: enclosing, depth: depth))
    default:
      guard let primitive = Self.primitive(type) else {
        return try named(type, object.path + "/type", enclosing: enclosing)
      }
      shape = primitive
    }
    let schema = AvroSchema(
      shape, properties: object.members.filter { !reserved.contains($0.name) })
    if let name = schema.definedName { types[name] = schema }
    return schema
  }

  private mutating func inner(
    _ object: AvroSchemaObject, _ key: String, enclosing: String, depth: Int
  ) throws(AvroSchemaError) -> AvroSchema {
    guard let json = object[key] else { throw object.error("\"\(key)\" is missing") }
    return try schema(json, "\(object.path)/\(key)", enclosing: enclosing, depth: depth + 1)
  }

  /// Checks and claims the name of a definition.
  private mutating func begin(
    _ object: AvroSchemaObject, enclosing: String
  ) throws(AvroSchemaError) -> AvroName {
    guard let text = object["name"]?.string else { throw object.error("\"name\" is missing") }
    let name = AvroName(text, enclosing: object["namespace"]?.string ?? enclosing)
    guard name.isValid else {
      throw object.error("\"\(name.fullName)\" is not a valid name", at: "name")
    }
    if name.namespace.isEmpty && AvroName.primitives.contains(name.name) {
      throw object.error("\"\(name.name)\" is a primitive type's name", at: "name")
    }
    guard types[name] == nil, begun.insert(name).inserted else {
      throw object.error("\(name.fullName) is defined twice", at: "name")
    }
    return name
  }

  private mutating func record(
    _ object: AvroSchemaObject, isError: Bool, enclosing: String, depth: Int
  ) throws(AvroSchemaError) -> AvroSchema.Shape {
    let name = try begin(object, enclosing: enclosing)
    guard let list = object["fields"]?.array else {
      throw object.error("\"fields\" is missing or not an array")
    }
    var fields: [AvroField] = []
    var seen: Set<String> = []
    for (index, json) in list.enumerated() {
      let place = "\(object.path)/fields/\(index)"
      guard case .object(let members) = json else {
        throw AvroSchemaError(path: place, reason: "a field is an object")
      }
      let field = try field(
        AvroSchemaObject(members, place), enclosing: name.namespace, depth: depth)
      guard seen.insert(field.name).inserted else {
        throw AvroSchemaError(path: place + "/name", reason: "field \(field.name) is there twice")
      }
      fields.append(field)
    }
    return .record(
      AvroRecord(
        name: name, isError: isError, doc: object["doc"]?.string, fields: fields,
        aliases: try object.typeAliases(of: name)))
  }

  private mutating func field(
    _ object: AvroSchemaObject, enclosing: String, depth: Int
  ) throws(AvroSchemaError) -> AvroField {
    guard let name = object["name"]?.string else { throw object.error("\"name\" is missing") }
    guard AvroName.isValid(name) else {
      throw object.error("\"\(name)\" is not a valid name", at: "name")
    }
    let schema = try inner(object, "type", enclosing: enclosing, depth: depth)
    var order = AvroField.Order.ascending
    if let given = object["order"] {
      guard let known = given.string.flatMap({ AvroField.Order(rawValue: $0.lowercased()) }) else {
        throw object.error("\"order\" is ascending, descending or ignore", at: "order")
      }
      order = known
    }
    let defaultValue = try object["default"].map { value throws(AvroSchemaError) in
      let value = AvroDefault.normalized(value, for: schema)
      guard AvroDefault.isValid(value, for: schema, types: types) else {
        throw object.error("the default does not fit the type \(schema.fullName)", at: "default")
      }
      return value
    }
    return AvroField(
      name: name, schema: schema, doc: object["doc"]?.string, defaultValue: defaultValue,
      order: order, aliases: try object.aliases(),
      properties: object.members.filter { !AvroSchemaObject.reservedInFields.contains($0.name) })
  }

  private mutating func enumeration(
    _ object: AvroSchemaObject, enclosing: String
  ) throws(AvroSchemaError) -> AvroEnum {
    let name = try begin(object, enclosing: enclosing)
    guard let list = object["symbols"]?.array else {
      throw object.error("\"symbols\" is missing or not an array")
    }
    var symbols: [String] = []
    var seen: Set<String> = []
    for (index, json) in list.enumerated() {
      guard let symbol = json.string, AvroName.isValid(symbol) else {
        throw object.error("not a valid symbol", at: "symbols/\(index)")
      }
      guard seen.insert(symbol).inserted else {
        throw object.error("symbol \(symbol) is there twice", at: "symbols/\(index)")
      }
      symbols.append(symbol)
    }
    let defaultSymbol = object["default"]?.string
    if let defaultSymbol, !seen.contains(defaultSymbol) {
      throw object.error("the default is not among the symbols", at: "default")
    }
    return AvroEnum(
      name: name, doc: object["doc"]?.string, symbols: symbols, defaultSymbol: defaultSymbol,
      aliases: try object.typeAliases(of: name))
  }

  private func size(_ object: AvroSchemaObject) throws(AvroSchemaError) -> Int {
    guard let size = object["size"]?.int64, size >= 0, size <= Int64(Int32.max) else {
      throw object.error("\"size\" is not an integer from 0 to 2147483647", at: "size")
    }
    return Int(size)
  }
}
