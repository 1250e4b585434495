import Bytes
import JSON

extension AvroSchema {
  /// The text that registries store, hash and return: no white space, members in a fixed order,
  /// names split into name and namespace, everything else kept.
  ///
  /// Not the specification's "parsing canonical form", which drops docs and defaults.
  public var canonicalText: String {
    var buffer = ByteBuffer()
    buffer.appendCanonical(self, enclosing: "")
    return buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

extension ByteBuffer {
  fileprivate mutating func appendCanonical(_ schema: AvroSchema, enclosing: String) {
    switch schema.shape {
    case .reference(let name):
      appendJSONString(name.reference(in: enclosing))
    case .union(let branches):
      append("[")
      for (index, branch) in branches.enumerated() {
        if index > 0 { append(",") }
        appendCanonical(branch, enclosing: enclosing)
      }
      append("]")
    case .record(let record):
      appendType(schema)
      appendNames(record.name, doc: record.doc, enclosing: enclosing)
      append(",\"fields\":[")
      for (index, field) in record.fields.enumerated() {
        if index > 0 { append(",") }
        appendCanonical(field, enclosing: record.name.namespace)
      }
      append("]")
      appendEnd(schema.properties, aliases: record.aliases, of: record.name)
    case .enumeration(let symbols):
      appendType(schema)
      appendNames(symbols.name, doc: symbols.doc, enclosing: enclosing)
      append(",\"symbols\":")
      appendCanonical(.array(symbols.symbols.map { .string($0) }))
      if let symbol = symbols.defaultSymbol { appendMember("default", .string(symbol)) }
      appendEnd(schema.properties, aliases: symbols.aliases, of: symbols.name)
    case .fixed(let fixed):
      appendType(schema)
      appendNames(fixed.name, doc: fixed.doc, enclosing: enclosing)
      appendMember("size", .int(fixed.size))
      appendEnd(schema.properties, aliases: fixed.aliases, of: fixed.name)
    case .array(let items):
      appendType(schema)
      append(",\"items\":")
      appendCanonical(items, enclosing: enclosing)
      appendEnd(schema.properties)
    case .map(let values):
      appendType(schema)
      append(",\"values\":")
      appendCanonical(values, enclosing: enclosing)
      appendEnd(schema.properties)
    default:
      if schema.properties.isEmpty { return appendJSONString(schema.typeName) }
      appendType(schema)
      appendEnd(schema.properties)
    }
  }

  private mutating func appendCanonical(_ field: AvroField, enclosing: String) {
    append("{\"name\":")
    appendJSONString(field.name)
    append(",\"type\":")
    appendCanonical(field.schema, enclosing: enclosing)
    if let doc = field.doc { appendMember("doc", .string(doc)) }
    if let value = field.defaultValue { appendMember("default", value) }
    if field.order != .ascending { appendMember("order", .string(field.order.rawValue)) }
    if !field.aliases.isEmpty {
      appendMember("aliases", .array(field.aliases.map { .string($0) }))
    }
    appendEnd(field.properties)
  }

  private mutating func appendType(_ schema: AvroSchema) {
    append("{\"type\":")
    appendJSONString(schema.typeName)
  }

  private mutating func appendNames(_ name: AvroName, doc: String?, enclosing: String) {
    appendMember("name", .string(name.name))
    if name.namespace != enclosing { appendMember("namespace", .string(name.namespace)) }
    if let doc { appendMember("doc", .string(doc)) }
  }

  private mutating func appendEnd(
    _ properties: [JSONMember], aliases: [AvroName] = [], of name: AvroName? = nil
  ) {
    for property in properties { appendMember(property.name, property.value) }
    if let name, !aliases.isEmpty {
      let texts = aliases.map { JSONValue.string($0.reference(in: name.namespace)) }
      appendMember("aliases", .array(texts))
    }
    append("}")
  }

  private mutating func appendMember(_ name: String, _ value: JSONValue) {
    append(",")
    appendJSONString(name)
    append(":")
    appendCanonical(value)
  }

  /// A JSON value with its numbers as Java writes them.
  private mutating func appendCanonical(_ value: JSONValue) {
    switch value {
    case .number(let text):
      append(utf8: JavaNumber.text(of: text))
    case .array(let elements):
      append("[")
      for (index, element) in elements.enumerated() {
        if index > 0 { append(",") }
        appendCanonical(element)
      }
      append("]")
    case .object(let members):
      append("{")
      for (index, member) in AvroSchemaObject(members, "").members.enumerated() {
        if index > 0 { append(",") }
        appendJSONString(member.name)
        append(":")
        appendCanonical(member.value)
      }
      append("}")
    default:
      appendJSON(value)
    }
  }
}
