import Avro
import Bytes
import Scheduling

/// Decodes `count` mutated payloads with every decoder, by a flat and by a recursive schema.
///
/// False where one took more than a millisecond of CPU each of four times, or the process grew by
/// more than 50 MB; a crash speaks for itself. The seed in the first line repeats the run.
func fuzzAvro(count: Int, seed: UInt64) -> Bool {
  print("fuzz: \(count) payloads, seed \(seed)")
  do {
    let review = try AvroSchema.parse(SampleReview.schema)
    let complex = try AvroSchema.parse(complexSchema)
    var targets = [
      try FuzzTarget(review, Array(SampleReview.payloads(40))),
      try FuzzTarget(complex, complexPayloads(AvroValueCoder(complex))),
    ]
    var generator = SeededGenerator(seed: seed)
    var tally = FuzzTally()
    for round in 0..<1000 {
      let payload = targets[round % 2].mutated(&generator)
      targets[round % 2].run(payload, withTree: true, &tally)
    }
    let before = peakMegabytes()
    tally = FuzzTally()
    for round in 0..<count {
      let payload = targets[round & 1].mutated(&generator)
      var slowest = 1.0
      // Interrupts are charged to the thread they hit: slow is what is slow again.
      for _ in 0..<4 {
        let start = threadSeconds()
        targets[round & 1].run(payload, withTree: round & 63 == 0, &tally)
        slowest = min(slowest, threadSeconds() - start)
        if slowest < 1e-3 { break }
        tally.retried += 1
      }
      tally.maximum = max(tally.maximum, slowest)
      if slowest >= 1e-3 { tally.slow += 1 }
    }
    let growth = peakMegabytes() - before
    print(
      "  accepted \(tally.accepted), refused \(tally.refused), slow \(tally.slow)",
      "(measured again \(tally.retried)),",
      "longest \(Int(tally.maximum * 1e6)) µs, peak memory grew \(Int(growth)) MB")
    return tally.slow == 0 && growth < 50
  } catch {
    print("failed: \(error)")
    return false
  }
}

private struct FuzzTally {
  var accepted = 0
  var refused = 0
  var slow = 0
  var retried = 0
  var maximum = 0.0
}

/// One schema with its decoders.
private struct FuzzTarget {
  let payloads: [[UInt8]]
  let transcoder: JSONTranscoder
  let fields: FieldDecoder
  let skipping: FieldDecoder
  let coder: AvroValueCoder
  var values: [AvroFieldValue] = []
  var nothing: [AvroFieldValue] = []

  init(_ schema: AvroSchema, _ payloads: [[UInt8]]) throws {
    self.payloads = payloads
    transcoder = try JSONTranscoder(writer: schema)
    fields = try FieldDecoder(writer: schema, fields: schema.fields.map(\.name))
    skipping = try FieldDecoder(writer: schema, fields: [])
    coder = try AvroValueCoder(schema)
  }

  mutating func run(_ payload: [UInt8], withTree: Bool, _ tally: inout FuzzTally) {
    var buffer = ByteBuffer(capacity: 4096)
    payload.withUnsafeBytes { bytes in
      do {
        try transcoder.append(bytes, to: &buffer)
        tally.accepted += 1
      } catch {
        tally.refused += 1
      }
      try? fields.decode(bytes, into: &values)
      try? skipping.decode(bytes, into: &nothing)
      if withTree { _ = try? coder.decode(bytes) }
    }
  }

  /// A payload with one to four faults, now and then one without.
  func mutated(_ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = payloads[generator.below(payloads.count)]
    for _ in 0..<generator.below(5) where !bytes.isEmpty {
      let place = generator.below(bytes.count)
      switch generator.below(7) {
      case 0: bytes[place] = UInt8(generator.below(256))
      case 1: bytes[place] ^= 1 << UInt8(generator.below(8))
      case 2: bytes.removeSubrange(place...)
      case 3: bytes.insert(contentsOf: hugeLong.prefix(generator.below(11)), at: place)
      case 4: bytes.insert(contentsOf: bytes[place...].prefix(32), at: place)
      case 5: bytes.removeSubrange(place..<min(place + generator.below(9), bytes.count))
      default: bytes[place] = edges[generator.below(edges.count)]
      }
    }
    return bytes
  }
}

private let hugeLong: [UInt8] = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
private let edges: [UInt8] = [0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff]

extension SeededGenerator {
  fileprivate mutating func below(_ limit: Int) -> Int {
    Int(truncatingIfNeeded: next() >> 1) % limit
  }
}

private let complexSchema = """
  {"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]},
  {"name":"kids","type":{"type":"array","items":"Node"}},
  {"name":"tags","type":{"type":"map","values":["null","string","double",
    {"type":"array","items":"long"}]}},
  {"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A","B"]}},
  {"name":"hash","type":{"type":"fixed","name":"Hash","size":4}},{"name":"raw","type":"bytes"},
  {"name":"day","type":{"type":"int","logicalType":"date"}},
  {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
  {"name":"none","type":{"type":"array","items":"null"}}]}
  """

private func complexPayloads(_ coder: AvroValueCoder) throws -> [[UInt8]] {
  func node(_ depth: Int, next: AvroValue) -> AvroValue {
    let kid = depth > 0 ? [node(depth - 1, next: .union(0, .null))] : []
    return .record([
      next, .array(kid + kid),
      .map([
        AvroEntry("a", .union(1, .string("é\n"))), AvroEntry("b", .union(2, .double(1.5))),
        AvroEntry("c", .union(3, .array([.long(1), .long(-70_000)]))),
      ]),
      .enumeration(1), .fixed([1, 2, 3, 4]), .bytes([9, 9]), .int(19_000),
      .bytes([0xff, 0x00, 0x01]), .array([.null, .null]),
    ])
  }
  return try (0..<3).map { depth in
    let tail = node(0, next: .union(0, .null))
    return try coder.encode(node(depth, next: .union(1, tail)))
  }
}
