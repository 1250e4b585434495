import Scheduling

@testable import Avro

/// Random values of a schema.
struct RandomAvro {
  var generator: SeededGenerator
  let definitions: [AvroName: AvroSchema]

  init(_ schema: AvroSchema, seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    definitions = schema.definitions
  }

  mutating func value(_ schema: AvroSchema, depth: Int = 0) -> AvroValue {
    let few = depth > 5 ? 0 : below(4)
    switch schema.shape {
    case .null: return .null
    case .boolean: return .boolean(below(2) == 1)
    case .int: return .int(Int32(truncatingIfNeeded: sized()))
    case .long: return .long(sized())
    case .float: return .float(Float(Int32(truncatingIfNeeded: sized())) / 8)
    case .double: return .double(Double(Int32(truncatingIfNeeded: sized())) / 1000)
    case .bytes: return .bytes((0..<below(9)).map { _ in UInt8(below(256)) })
    case .string: return .string(text())
    case .fixed(let fixed): return .fixed((0..<fixed.size).map { _ in UInt8(below(256)) })
    case .enumeration(let symbols): return .enumeration(below(symbols.symbols.count))
    case .array(let items): return .array((0..<few).map { _ in value(items, depth: depth + 1) })
    case .map(let values):
      return .map((0..<few).map { AvroEntry("\($0)" + text(), value(values, depth: depth + 1)) })
    case .union(let branches):
      let branch = depth > 5 ? 0 : below(branches.count)
      return .union(branch, value(branches[branch], depth: depth + 1))
    case .record(let record):
      return .record(record.fields.map { value($0.schema, depth: depth + 1) })
    case .reference(let name):
      return definitions[name].map { value($0, depth: depth + 1) } ?? .null
    }
  }

  mutating func below(_ limit: Int) -> Int { Int(generator.next() % UInt64(limit)) }

  /// Numbers of all lengths.
  private mutating func sized() -> Int64 { Int64(bitPattern: generator.next()) >> Int64(below(64)) }

  private mutating func text() -> String {
    let pieces = ["a", "é", "😀", "word ", "\"", "\\", "\n", "longer run of letters "]
    return (0..<below(8)).map { _ in pieces[below(pieces.count)] }.joined()
  }

  /// The payload with one to four faults.
  mutating func mutated(_ payload: [UInt8]) -> [UInt8] {
    var bytes = payload
    for _ in 0...below(4) where !bytes.isEmpty {
      let place = below(bytes.count)
      switch below(6) {
      case 0: bytes[place] = UInt8(below(256))
      case 1: bytes[place] ^= 1 << UInt8(below(8))
      case 2: bytes.removeSubrange(place...)
      case 3: bytes.insert(contentsOf: [0xff, 0xff, 0xff, 0xff, 0x7f].prefix(below(6)), at: place)
      case 4: bytes.insert(contentsOf: bytes[place...].prefix(16), at: below(bytes.count))
      default: bytes[place] = [0, 1, 2, 0x7f, 0x80, 0xff][below(6)]
      }
    }
    return bytes
  }
}
