/// Reads values that were written with one schema as values of another one: fields in another
/// order, defaults, aliases, promotions, symbols by name, branches by type.
///
/// As Avro for Java does it, where a value without a place in the reader's schema is an error only
/// when it comes. It differs in three places: of a fixed and an enum only the unqualified name must
/// agree, as the format says; bytes that are read as a string must be UTF-8; and where the writer
/// has a field's name and its alias the name is taken.
public struct AvroResolvingDecoder: Sendable {
  private typealias Fault = AvroReader.Fault
  private let resolution: AvroResolution

  /// Both schemas must define every type that they use.
  public init(writer: AvroSchema, reader: AvroSchema) throws(AvroSchemaError) {
    resolution = try AvroResolution(writer: writer, reader: reader)
  }

  /// Decodes one value, which must take up the whole payload; the result fits the reader's schema.
  public func decode(_ payload: UnsafeRawBufferPointer) throws(AvroDecodingError) -> AvroValue {
    var reader = AvroReader(payload)
    do throws(Fault) {
      let value = try value(resolution.root, &reader, depth: 0)
      try reader.expectEnd()
      return value
    } catch {
      throw reader.error(error)
    }
  }

  /// Decodes one value, which must take up the whole payload.
  public func decode(_ payload: [UInt8]) throws(AvroDecodingError) -> AvroValue {
    try payload.withUnsafeBufferPointer { bytes throws(AvroDecodingError) in
      try decode(UnsafeRawBufferPointer(bytes))
    }
  }

  private func value(
    _ index: Int, _ reader: inout AvroReader, depth: Int
  ) throws(Fault) -> AvroValue {
    switch resolution.actions[index] {
    case .primitive(let from, let to): return try primitive(from, to, &reader)
    case .fixed(let size):
      if size == 0 { try reader.countEmptyValue() }
      return .fixed(Array(try reader.take(size)))
    case .enumeration(let symbols):
      let symbol = symbols[try reader.index(below: symbols.count, else: .unknownSymbol)]
      guard symbol >= 0 else { throw .notResolvable }
      return .enumeration(symbol)
    case .writerUnion(let branches):
      let branch = try reader.index(below: branches.count, else: .unknownBranch)
      return try value(branches[branch], &reader, depth: depth)
    case .readerUnion(let branch, let inner):
      return .union(branch, try value(inner, &reader, depth: depth))
    case .fail: throw .notResolvable
    case .array, .map, .record:
      guard depth < AvroReader.maximumDepth else { throw .tooDeep }
      return try container(resolution.actions[index], &reader, depth: depth + 1)
    }
  }

  private func container(
    _ action: AvroResolution.Action, _ reader: inout AvroReader, depth: Int
  ) throws(Fault) -> AvroValue {
    switch action {
    case .array(let inner):
      var items: [AvroValue] = []
      try reader.blocks { reader, index throws(Fault) in
        items.append(try part(inner, &reader, depth, .item(index)))
      }
      return .array(items)
    case .map(let inner):
      var entries: [AvroEntry] = []
      try reader.blocks { reader, _ throws(Fault) in
        let key = String(decoding: try reader.string(), as: UTF8.self)
        entries.append(AvroEntry(key, try part(inner, &reader, depth, .key(key))))
      }
      return .map(entries)
    case .record(let record):
      if record.fields.isEmpty { try reader.countEmptyValue() }
      var values = record.defaults.map { $0 ?? .null }
      for field in record.fields {
        let value = try part(field.action, &reader, depth, .field(field.name))
        if let place = field.place { values[place] = value }
      }
      return .record(values)
    default: throw .notResolvable
    }
  }

  private func part(
    _ index: Int, _ reader: inout AvroReader, _ depth: Int, _ part: AvroReader.PathPart
  ) throws(Fault) -> AvroValue {
    do throws(Fault) {
      return try value(index, &reader, depth: depth)
    } catch {
      reader.path.append(part)
      throw error
    }
  }

  private func primitive(
    _ from: AvroResolution.Primitive, _ to: AvroResolution.Primitive, _ reader: inout AvroReader
  ) throws(Fault) -> AvroValue {
    switch from {
    case .null:
      try reader.countEmptyValue()
      return .null
    case .boolean: return .boolean(try reader.boolean())
    case .int: return Self.number(try reader.int(), to)
    case .long: return Self.number(try reader.long(), to)
    case .float:
      let number = try reader.float()
      return to == .float ? .float(number) : .double(Double(number))
    case .double: return .double(try reader.double())
    case .bytes:
      if to == .bytes { return .bytes(Array(try reader.bytes())) }
      return .string(String(decoding: try reader.string(), as: UTF8.self))
    case .string:
      let text = try reader.string()
      return to == .bytes ? .bytes(Array(text)) : .string(String(decoding: text, as: UTF8.self))
    }
  }

  private static func number(
    _ number: some FixedWidthInteger, _ to: AvroResolution.Primitive
  ) -> AvroValue {
    switch to {
    case .int: .int(Int32(truncatingIfNeeded: number))
    case .float: .float(Float(number))
    case .double: .double(Double(number))
    default: .long(Int64(truncatingIfNeeded: number))
    }
  }
}
