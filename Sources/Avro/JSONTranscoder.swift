import Bytes
import JSON

/// Turns Avro payloads into JSON, byte to byte, by a plan compiled once from the writer's schema.
///
/// | Avro | JSON |
/// | --- | --- |
/// | null, boolean, int, long, string | themselves |
/// | float, double | the shortest number that reads back the same |
/// | bytes, fixed | base64 in a string |
/// | enum | its symbol |
/// | union | the value of its branch, without the branch's name |
/// | array, map, record | array, object, object |
/// | date | `"YYYY-MM-DD"` |
/// | timestamp-…, local-timestamp-… | milliseconds since 1970, rounded down |
/// | time-… | milliseconds since midnight, rounded down |
/// | decimal | its digits in a string, `"-12.50"`, unless the options say otherwise |
/// | uuid | itself, a string |
public struct JSONTranscoder: Sendable {
  public struct Options: Sendable {
    /// How decimals are written: `"-12.50"`, `-12.50`, or base64 of the unscaled bytes.
    public enum Decimals: Sendable { case text, number, base64 }

    /// Leaves out record fields that are null, instead of writing `null`.
    public var omitNulls: Bool
    /// Writes maps as arrays of `{"key": …, "value": …}`.
    public var mapsAsEntries = false
    public var decimals = Decimals.text

    public init(omitNulls: Bool = false) { self.omitNulls = omitNulls }
  }

  let plan: AvroPlan
  let omitNulls: Bool
  private let mapsAsEntries: Bool
  private let decimals: Options.Decimals

  /// The top-level field to capture, counted in the plan, or -1.
  private let captured: Int

  /// A transcoder; `writer` must define every type that it uses.
  ///
  /// `field` is a top-level field whose value the capturing `append` yields.
  public init(
    writer: AvroSchema, options: Options = Options(), capturing field: String? = nil
  ) throws(AvroSchemaError) {
    plan = try AvroPlan(writer)
    omitNulls = options.omitNulls
    mapsAsEntries = options.mapsAsEntries
    decimals = options.decimals
    if let field, let index = writer.fields.firstIndex(where: { $0.name == field }) {
      captured = plan.nodes[plan.root].first + index
    } else {
      captured = -1
    }
  }

  /// Appends the JSON text of one payload, which must be one value and nothing more.
  ///
  /// Where it throws, part of the text may have been appended: truncate the buffer.
  public func append(
    _ payload: UnsafeRawBufferPointer, to buffer: inout ByteBuffer
  ) throws(AvroDecodingError) {
    var ignored: Int64?
    try append(payload, to: &buffer, capture: -1, &ignored)
  }

  /// As `append(_:to:)`; also yields the captured field's value, nil where the writer's schema
  /// has no such field, it is null, or no int or long.
  public func append(
    _ payload: UnsafeRawBufferPointer, to buffer: inout ByteBuffer,
    captured value: inout Int64?
  ) throws(AvroDecodingError) {
    value = nil
    try append(payload, to: &buffer, capture: captured, &value)
  }

  private func append(
    _ payload: UnsafeRawBufferPointer, to buffer: inout ByteBuffer, capture: Int,
    _ value: inout Int64?
  ) throws(AvroDecodingError) {
    buffer.reserve(payload.count &* 2 &+ 64)
    var reader = AvroReader(payload)
    do throws(AvroReader.Fault) {
      let root = plan.nodes[plan.root]
      if root.operation == .record {
        try record(root, &reader, &buffer, depth: 0, capture: capture, &value)
      } else {
        try self.value(plan.root, &reader, &buffer, depth: 0)
      }
      try reader.expectEnd()
    } catch {
      throw reader.error(error)
    }
  }
}

extension JSONTranscoder {
  typealias Fault = AvroReader.Fault

  private func value(
    _ index: Int, _ reader: inout AvroReader, _ buffer: inout ByteBuffer, depth: Int
  ) throws(Fault) {
    let node = plan.nodes[index]
    switch node.operation {
    case .string: buffer.appendJSONString(try reader.string())
    case .int: buffer.append(decimal: Int64(try reader.int()))
    case .long: buffer.append(decimal: try reader.long())
    case .double: if !buffer.appendJSON(try reader.double()) { throw .notRepresentable }
    case .boolean: try reader.boolean() ? buffer.append("true") : buffer.append("false")
    case .enumeration:
      let symbol = try reader.index(below: node.count, else: .unknownSymbol)
      buffer.append(plan.quotedSymbol(node, symbol))
    case .union:
      let branch = try reader.index(below: node.count, else: .unknownBranch)
      if branch == node.nullBranch { return buffer.append("null") }
      try value(plan.branches[node.first &+ branch], &reader, &buffer, depth: depth)
    case .record:
      var ignored: Int64?
      try record(node, &reader, &buffer, depth: depth, capture: -1, &ignored)
    case .array: try array(node, &reader, &buffer, depth: depth)
    case .map: try map(node, &reader, &buffer, depth: depth)
    case .null, .float, .bytes, .fixed, .date, .microseconds, .decimalBytes, .decimalFixed:
      try rarer(node, &reader, &buffer)
    }
  }

  private func rarer(
    _ node: AvroNode, _ reader: inout AvroReader, _ buffer: inout ByteBuffer
  ) throws(Fault) {
    switch node.operation {
    case .float: if !buffer.appendJSON(try reader.float()) { throw .notRepresentable }
    case .bytes: buffer.appendJSONBase64(try reader.bytes())
    case .fixed:
      if node.count == 0 { try reader.countEmptyValue() }
      buffer.appendJSONBase64(try reader.take(node.count))
    case .date: if !buffer.appendJSONDate(days: try reader.int()) { throw .notRepresentable }
    case .microseconds:
      let (quotient, remainder) = try reader.long().quotientAndRemainder(dividingBy: 1000)
      buffer.append(decimal: remainder < 0 ? quotient - 1 : quotient)
    case .decimalBytes:
      try decimal(try reader.bytes(), node, &buffer)
    case .decimalFixed:
      if node.count == 0 { try reader.countEmptyValue() }
      try decimal(try reader.take(node.count), node, &buffer)
    default:
      try reader.countEmptyValue()
      buffer.append("null")
    }
  }

  private func decimal(
    _ bytes: UnsafeRawBufferPointer, _ node: AvroNode, _ buffer: inout ByteBuffer
  ) throws(Fault) {
    if decimals == .base64 { return buffer.appendJSONBase64(bytes) }
    let quotes = decimals == .text
    if !buffer.appendJSONDecimal(bytes, scale: node.first, quoted: quotes) {
      throw .notRepresentable
    }
  }

  /// Each field begins with a comma; the first one then becomes the brace.
  private func record(
    _ node: AvroNode, _ reader: inout AvroReader, _ buffer: inout ByteBuffer, depth: Int,
    capture: Int, _ captured: inout Int64?
  ) throws(Fault) {
    guard depth < AvroReader.maximumDepth else { throw .tooDeep }
    if node.count == 0 { try reader.countEmptyValue() }
    let start = buffer.count
    for index in node.first..<node.first &+ node.count {
      do throws(Fault) {
        if index == capture { captured = integer(plan.fields[index].node, reader) }
        try field(index, &reader, &buffer, depth: depth &+ 1)
      } catch {
        reader.path.append(.field(plan.fieldNames[index]))
        throw error
      }
    }
    if buffer.count == start {
      buffer.append("{}")
    } else {
      buffer.overwrite(at: start, with: UInt8(ascii: "{"))
      buffer.append(UInt8(ascii: "}"))
    }
  }

  @inline(__always) private func field(
    _ index: Int, _ reader: inout AvroReader, _ buffer: inout ByteBuffer, depth: Int
  ) throws(Fault) {
    let field = plan.fields[index]
    var index = field.node
    let node = plan.nodes[index]
    var isNull = false
    if node.operation == .union {
      let branch = try reader.index(below: node.count, else: .unknownBranch)
      isNull = branch == node.nullBranch
      index = plan.branches[node.first &+ branch]
    } else if node.operation == .null {
      try reader.countEmptyValue()
      isNull = true
    }
    if isNull && omitNulls { return }
    buffer.append(plan.bytes(field.prefix))
    if isNull { return buffer.append("null") }
    try value(index, &reader, &buffer, depth: depth)
  }

  /// The integer that lies ahead, if one does; the reader is a copy, so nothing is consumed.
  private func integer(_ index: Int, _ reader: consuming AvroReader) -> Int64? {
    do throws(Fault) {
      var node = plan.nodes[index]
      if node.operation == .union {
        let branch = try reader.index(below: node.count, else: .unknownBranch)
        node = plan.nodes[plan.branches[node.first &+ branch]]
      }
      switch node.operation {
      case .int, .date, .long, .microseconds: return try reader.long()
      default: return nil
      }
    } catch {
      return nil
    }
  }

  private func array(
    _ node: AvroNode, _ reader: inout AvroReader, _ buffer: inout ByteBuffer, depth: Int
  ) throws(Fault) {
    guard depth < AvroReader.maximumDepth else { throw .tooDeep }
    buffer.append(UInt8(ascii: "["))
    try reader.blocks { reader, index throws(Fault) in
      if index > 0 { buffer.append(UInt8(ascii: ",")) }
      do throws(Fault) {
        try value(node.first, &reader, &buffer, depth: depth &+ 1)
      } catch {
        reader.path.append(.item(index))
        throw error
      }
    }
    buffer.append(UInt8(ascii: "]"))
  }

  private func map(
    _ node: AvroNode, _ reader: inout AvroReader, _ buffer: inout ByteBuffer, depth: Int
  ) throws(Fault) {
    guard depth < AvroReader.maximumDepth else { throw .tooDeep }
    let entries = mapsAsEntries
    buffer.append(UInt8(ascii: entries ? "[" : "{"))
    try reader.blocks { reader, index throws(Fault) in
      if index > 0 { buffer.append(UInt8(ascii: ",")) }
      let key = try reader.string()
      if entries { buffer.append("{\"key\":") }
      buffer.appendJSONString(key)
      buffer.append(entries ? ",\"value\":" : ":")
      do throws(Fault) {
        try value(node.first, &reader, &buffer, depth: depth &+ 1)
      } catch {
        reader.path.append(.key(String(decoding: key, as: UTF8.self)))
        throw error
      }
      if entries { buffer.append(UInt8(ascii: "}")) }
    }
    buffer.append(UInt8(ascii: entries ? "]" : "}"))
  }
}
