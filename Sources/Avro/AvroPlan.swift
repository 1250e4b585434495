import Bytes
import JSON

/// One type of a compiled schema.
struct AvroNode {
  enum Operation: UInt8 {
    case null, boolean, int, long, float, double, bytes, string
    case record, enumeration, fixed, array, map, union
    case date, microseconds, decimalBytes, decimalFixed
  }

  var operation: Operation
  /// First entry in the plan's `fields` (record), `symbols` (enum) or `branches` (union); the
  /// items' or values' node; the scale of a decimal.
  var first = 0
  /// Fields, symbols, branches; the size of a fixed.
  var count = 0
  /// The branch of a union that is null, or -1.
  var nullBranch = -1
}

/// A schema compiled to flat arrays, so that decoding follows indexes instead of a tree.
///
/// `@unchecked Sendable` because nothing is written after `init`.
final class AvroPlan: @unchecked Sendable {
  struct Field {
    var node: Int
    /// `,"name":`, in `text`.
    var prefix: Range<Int>
  }

  let nodes: UnsafeBufferPointer<AvroNode>
  let fields: UnsafeBufferPointer<Field>
  let fieldNames: [String]
  let branches: UnsafeBufferPointer<Int>
  /// Places of quoted symbols in `text`.
  let symbols: UnsafeBufferPointer<Range<Int>>
  /// What the ranges refer to, with 32 bytes to spare at its end.
  let text: UnsafeRawBufferPointer
  let root: Int

  /// Compiles a schema; it must define every type that it uses.
  init(_ schema: AvroSchema) throws(AvroSchemaError) {
    var builder = AvroPlanBuilder(definitions: schema.definitions)
    root = try builder.node(for: schema)
    nodes = Self.copy(builder.nodes)
    fields = Self.copy(builder.fields)
    fieldNames = builder.fieldNames
    branches = Self.copy(builder.branches)
    symbols = Self.copy(builder.symbols)
    text = UnsafeRawBufferPointer(Self.copy(builder.text + [UInt8](repeating: 0, count: 32)))
  }

  deinit {
    nodes.deallocate()
    fields.deallocate()
    branches.deallocate()
    symbols.deallocate()
    text.deallocate()
  }

  private static func copy<Element>(
    _ elements: [Element]
  ) -> UnsafeBufferPointer<Element> {
    let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = memory.initialize(from: elements)
    return UnsafeBufferPointer(memory)
  }

  @inline(__always) func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: text[range])
  }

  /// The quoted JSON text of a symbol.
  func quotedSymbol(_ node: AvroNode, _ index: Int) -> UnsafeRawBufferPointer {
    bytes(symbols[node.first + index])
  }

  /// A symbol's text. Names need no escapes, so it is what is between the quotes.
  func symbol(_ node: AvroNode, _ index: Int) -> UnsafeRawBufferPointer {
    let quoted = symbols[node.first + index]
    return bytes(quoted.lowerBound + 1..<quoted.upperBound - 1)
  }
}

/// Turns a schema into the arrays of a plan.
private struct AvroPlanBuilder {
  var nodes: [AvroNode] = []
  var fields: [AvroPlan.Field] = []
  var fieldNames: [String] = []
  var branches: [Int] = []
  var symbols: [Range<Int>] = []
  var text: [UInt8] = []
  let definitions: [AvroName: AvroSchema]
  private var compiled: [AvroName: Int] = [:]

  init(definitions: [AvroName: AvroSchema]) { self.definitions = definitions }

  mutating func node(for schema: AvroSchema) throws(AvroSchemaError) -> Int {
    if case .reference(let name) = schema.shape {
      guard let definition = definitions[name] else {
        throw AvroSchemaError(path: "", reason: "type \(name) is not defined in the schema")
      }
      return try node(for: definition)
    }
    if let name = schema.definedName, let known = compiled[name] { return known }
    let index = nodes.count
    nodes.append(AvroNode(operation: .null))
    if let name = schema.definedName { compiled[name] = index }
    nodes[index] = try compile(schema)
    return index
  }

  private mutating func compile(_ schema: AvroSchema) throws(AvroSchemaError) -> AvroNode {
    switch schema.shape {
    case .null, .reference: return AvroNode(operation: .null)
    case .boolean: return AvroNode(operation: .boolean)
    case .int: return AvroNode(operation: schema.logicalType == .date ? .date : .int)
    case .long: return AvroNode(operation: isMicroseconds(schema) ? .microseconds : .long)
    case .float: return AvroNode(operation: .float)
    case .double: return AvroNode(operation: .double)
    case .string: return AvroNode(operation: .string)
    case .bytes:
      guard case .decimal(_, let scale)? = schema.logicalType else {
        return AvroNode(operation: .bytes)
      }
      return AvroNode(operation: .decimalBytes, first: scale)
    case .fixed(let fixed):
      guard case .decimal(_, let scale)? = schema.logicalType else {
        return AvroNode(operation: .fixed, count: fixed.size)
      }
      return AvroNode(operation: .decimalFixed, first: scale, count: fixed.size)
    case .array(let items): return AvroNode(operation: .array, first: try node(for: items))
    case .map(let values): return AvroNode(operation: .map, first: try node(for: values))
    case .enumeration(let symbols): return compile(symbols)
    case .union(let branches): return try compile(union: branches)
    case .record(let record): return try compile(record)
    }
  }

  private func isMicroseconds(_ schema: AvroSchema) -> Bool {
    switch schema.logicalType {
    case .timestampMicros, .localTimestampMicros, .timeMicros: true
    default: false
    }
  }

  private mutating func compile(_ symbols: AvroEnum) -> AvroNode {
    let first = self.symbols.count
    for symbol in symbols.symbols { self.symbols.append(add("\"\(symbol)\"")) }
    return AvroNode(operation: .enumeration, first: first, count: symbols.symbols.count)
  }

  private mutating func compile(union: [AvroSchema]) throws(AvroSchemaError) -> AvroNode {
    var compiled: [Int] = []
    for branch in union { compiled.append(try node(for: branch)) }
    let first = branches.count
    branches += compiled
    return AvroNode(
      operation: .union, first: first, count: union.count,
      nullBranch: union.firstIndex { $0.shape == .null } ?? -1)
  }

  private mutating func compile(_ record: AvroRecord) throws(AvroSchemaError) -> AvroNode {
    var compiled: [AvroPlan.Field] = []
    for field in record.fields {
      compiled.append(
        AvroPlan.Field(node: try node(for: field.schema), prefix: add(",\"\(field.name)\":")))
    }
    let first = fields.count
    fields += compiled
    fieldNames += record.fields.map(\.name)
    return AvroNode(operation: .record, first: first, count: record.fields.count)
  }

  private mutating func add(_ piece: String) -> Range<Int> {
    let start = text.count
    text += Array(piece.utf8)
    return start..<text.count
  }
}
