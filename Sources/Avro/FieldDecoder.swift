/// A top-level field of a record as it was written, its bytes borrowed from the payload.
///
/// Valid while the payload is; an enum's symbol while the decoder is.
public enum AvroFieldValue {
  /// The writer's schema has no such field: the reader's default applies.
  case absent
  case null
  case boolean(Bool)
  /// An int or a long, whatever its logical type.
  case long(Int64)
  /// A float or a double.
  case double(Double)
  /// UTF-8, checked; of an enum its symbol.
  case string(UnsafeRawBufferPointer)
  /// Bytes or a fixed.
  case bytes(UnsafeRawBufferPointer)
  /// The encoded bytes of a record, array or map, checked.
  case other(UnsafeRawBufferPointer)
}

/// Reads the fields one names from records of any schema; fields that are not asked for are
/// passed over, but checked. A union yields the value of its branch.
public struct FieldDecoder: Sendable {
  private let plan: AvroPlan

  /// For each field of the writer the place in the result, or -1.
  private let places: [Int]

  /// What the result has in each place before decoding.
  private let fieldCount: Int

  /// A decoder of records; the writer's schema must be a record that defines all its types.
  ///
  /// - Parameter reader: where given, its fields are also found by their aliases.
  public init(
    writer: AvroSchema, reader: AvroSchema? = nil, fields: [String]
  ) throws(AvroSchemaError) {
    guard case .record(let record) = writer.shape else {
      throw AvroSchemaError(path: "", reason: "\(writer.typeName) is not a record")
    }
    plan = try AvroPlan(writer)
    let written = Set(record.fields.map(\.name))
    let sources = fields.map { name in
      let aliases = reader?.fields.first { $0.name == name }?.aliases ?? []
      return ([name] + aliases).first(where: written.contains)
    }
    places = record.fields.map { field in sources.firstIndex(of: field.name) ?? -1 }
    fieldCount = fields.count
  }

  /// Decodes one record; `values` then holds one value for each of the fields asked for.
  ///
  /// Where it throws, `values` holds what was read before the fault.
  public func decode(
    _ payload: UnsafeRawBufferPointer, into values: inout [AvroFieldValue]
  ) throws(AvroDecodingError) {
    if values.count != fieldCount {
      values = Array(repeating: .absent, count: fieldCount)
    } else {
      for index in values.indices { values[index] = .absent }
    }
    var reader = AvroReader(payload)
    do throws(AvroReader.Fault) {
      try decode(&reader, into: &values)
    } catch {
      throw reader.error(error)
    }
  }

  private func decode(
    _ reader: inout AvroReader, into values: inout [AvroFieldValue]
  ) throws(AvroReader.Fault) {
    let first = plan.nodes[plan.root].first
    for (index, place) in places.enumerated() {
      let node = plan.fields[first &+ index].node
      do throws(AvroReader.Fault) {
        if place >= 0 {
          values[place] = try value(node, &reader)
        } else {
          try reader.skip(plan, node, depth: 1)
        }
      } catch {
        reader.path.append(.field(plan.fieldNames[first &+ index]))
        throw error
      }
    }
    try reader.expectEnd()
  }

  private func value(
    _ index: Int, _ reader: inout AvroReader
  ) throws(AvroReader.Fault) -> AvroFieldValue {
    let node = plan.nodes[index]
    switch node.operation {
    case .null:
      try reader.countEmptyValue()
      return .null
    case .boolean: return .boolean(try reader.boolean())
    case .int, .date: return .long(Int64(try reader.int()))
    case .long, .microseconds: return .long(try reader.long())
    case .float: return .double(Double(try reader.float()))
    case .double: return .double(try reader.double())
    case .string: return .string(try reader.string())
    case .bytes, .decimalBytes: return .bytes(try reader.bytes())
    case .fixed, .decimalFixed:
      if node.count == 0 { try reader.countEmptyValue() }
      return .bytes(try reader.take(node.count))
    case .enumeration:
      let symbol = try reader.index(below: node.count, else: .unknownSymbol)
      return .string(plan.symbol(node, symbol))
    case .union:
      let branch = try reader.index(below: node.count, else: .unknownBranch)
      if branch == node.nullBranch { return .null }
      return try value(plan.branches[node.first &+ branch], &reader)
    case .record, .array, .map:
      let start = reader.offset
      try reader.skip(plan, index, depth: 1)
      return .other(
        UnsafeRawBufferPointer(start: reader.base + start, count: reader.offset &- start))
    }
  }
}
