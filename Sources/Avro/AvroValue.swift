import Bytes

/// A decoded value as a tree: for tools and tests, not per record.
///
/// Logical types are left as the type below them.
public indirect enum AvroValue: Sendable, Equatable {
  case null
  case boolean(Bool)
  case int(Int32)
  case long(Int64)
  case float(Float)
  case double(Double)
  case bytes([UInt8])
  case string(String)
  case fixed([UInt8])
  /// The symbol's place in the schema.
  case enumeration(Int)
  case array([AvroValue])
  /// In the order of the payload, duplicates included.
  case map([AvroEntry])
  /// The place of the branch in the schema, and its value.
  case union(Int, AvroValue)
  /// The fields in the schema's order.
  case record([AvroValue])
}

/// One entry of a map.
public struct AvroEntry: Sendable, Equatable {
  public let key: String
  public let value: AvroValue

  public init(_ key: String, _ value: AvroValue) {
    self.key = key
    self.value = value
  }
}

/// A value that does not fit the schema it should be encoded with.
public struct AvroEncodingError: Error, Equatable, Sendable {
  /// The type that was expected where another value stood.
  public let expected: String
}

/// Decodes and encodes trees by one schema.
public struct AvroValueCoder: Sendable {
  private typealias Fault = AvroReader.Fault
  private let plan: AvroPlan

  /// A coder; the schema must define every type that it uses.
  public init(_ schema: AvroSchema) throws(AvroSchemaError) { plan = try AvroPlan(schema) }

  /// Decodes one value, which must take up the whole payload.
  public func decode(_ payload: [UInt8]) throws(AvroDecodingError) -> AvroValue {
    try payload.withUnsafeBufferPointer { bytes throws(AvroDecodingError) in
      try decode(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Decodes one value, which must take up the whole payload.
  public func decode(
    _ payload: UnsafeRawBufferPointer
  ) throws(AvroDecodingError) -> AvroValue {
    var reader = AvroReader(payload)
    do throws(Fault) {
      let value = try value(plan.root, &reader, depth: 0)
      try reader.expectEnd()
      return value
    } catch {
      throw reader.error(error)
    }
  }

  private func value(
    _ index: Int, _ reader: inout AvroReader, depth: Int
  ) throws(Fault) -> AvroValue {
    let node = plan.nodes[index]
    switch node.operation {
    case .null:
      try reader.countEmptyValue()
      return .null
    case .boolean: return .boolean(try reader.boolean())
    case .int, .date: return .int(try reader.int())
    case .long, .microseconds: return .long(try reader.long())
    case .float: return .float(try reader.float())
    case .double: return .double(try reader.double())
    case .bytes, .decimalBytes: return .bytes(Array(try reader.bytes()))
    case .string: return .string(String(decoding: try reader.string(), as: UTF8.self))
    case .fixed, .decimalFixed:
      if node.count == 0 { try reader.countEmptyValue() }
      return .fixed(Array(try reader.take(node.count)))
    case .enumeration:
      return .enumeration(try reader.index(below: node.count, else: .unknownSymbol))
    case .union:
      let branch = try reader.index(below: node.count, else: .unknownBranch)
      if branch == node.nullBranch { return .union(branch, .null) }
      return .union(
        branch, try value(plan.branches[node.first + branch], &reader, depth: depth))
    case .record, .array, .map: return try container(node, &reader, depth: depth)
    }
  }

  private func container(
    _ node: AvroNode, _ reader: inout AvroReader, depth: Int
  ) throws(Fault) -> AvroValue {
    guard depth < AvroReader.maximumDepth else { throw .tooDeep }
    func inner(
      _ index: Int, _ reader: inout AvroReader, _ part: AvroReader.PathPart
    ) throws(Fault) -> AvroValue {
      do throws(Fault) {
        return try value(index, &reader, depth: depth + 1)
      } catch {
        reader.path.append(part)
        throw error
      }
    }
    switch node.operation {
    case .record:
      if node.count == 0 { try reader.countEmptyValue() }
      var values: [AvroValue] = []
      for field in node.first..<node.first + node.count {
        let name = plan.fieldNames[field]
        values.append(try inner(plan.fields[field].node, &reader, .field(name)))
      }
      return .record(values)
    case .array:
      var items: [AvroValue] = []
      try reader.blocks { reader, index throws(Fault) in
        items.append(try inner(node.first, &reader, .item(index)))
      }
      return .array(items)
    default:
      var entries: [AvroEntry] = []
      try reader.blocks { reader, _ throws(Fault) in
        let key = String(decoding: try reader.string(), as: UTF8.self)
        entries.append(AvroEntry(key, try inner(node.first, &reader, .key(key))))
      }
      return .map(entries)
    }
  }

  /// The value's payload: arrays and maps in one block without a byte size.
  public func encode(_ value: AvroValue) throws(AvroEncodingError) -> [UInt8] {
    var buffer = ByteBuffer()
    try append(value, to: &buffer)
    return buffer.toArray()
  }

  /// Appends the value's payload; where it throws, part of it may have been appended.
  public func append(
    _ value: AvroValue, to buffer: inout ByteBuffer
  ) throws(AvroEncodingError) {
    try append(value, plan.root, &buffer)
  }

  private func append(
    _ value: AvroValue, _ index: Int, _ buffer: inout ByteBuffer
  ) throws(AvroEncodingError) {
    let node = plan.nodes[index]
    switch (node.operation, value) {
    case (.null, .null): break
    case (.boolean, .boolean(let bool)): buffer.appendAvro(boolean: bool)
    case (.int, .int(let int)), (.date, .int(let int)): buffer.appendAvro(int: int)
    case (.long, .long(let long)), (.microseconds, .long(let long)): buffer.appendAvro(long: long)
    case (.float, .float(let float)): buffer.appendAvro(float: float)
    case (.double, .double(let double)): buffer.appendAvro(double: double)
    case (.bytes, .bytes(let bytes)), (.decimalBytes, .bytes(let bytes)):
      buffer.appendAvro(long: Int64(bytes.count))
      buffer.append(bytes)
    case (.string, .string(let text)): buffer.appendAvro(utf8: text)
    case (.fixed, .fixed(let bytes)) where bytes.count == node.count: buffer.append(bytes)
    case (.decimalFixed, .fixed(let bytes)) where bytes.count == node.count: buffer.append(bytes)
    case (.enumeration, .enumeration(let symbol)) where (0..<node.count).contains(symbol):
      buffer.appendAvro(long: Int64(symbol))
    case (.union, .union(let branch, let inner)) where (0..<node.count).contains(branch):
      buffer.appendAvro(long: Int64(branch))
      try append(inner, plan.branches[node.first + branch], &buffer)
    case (.record, .record(let values)) where values.count == node.count:
      for (offset, value) in values.enumerated() {
        try append(value, plan.fields[node.first + offset].node, &buffer)
      }
    case (.array, .array(let items)):
      if !items.isEmpty { buffer.appendAvro(long: Int64(items.count)) }
      for item in items { try append(item, node.first, &buffer) }
      buffer.appendAvro(long: 0)
    case (.map, .map(let entries)):
      if !entries.isEmpty { buffer.appendAvro(long: Int64(entries.count)) }
      for entry in entries {
        buffer.appendAvro(utf8: entry.key)
        try append(entry.value, node.first, &buffer)
      }
      buffer.appendAvro(long: 0)
    default: throw AvroEncodingError(expected: "\(node.operation)")
    }
  }
}
