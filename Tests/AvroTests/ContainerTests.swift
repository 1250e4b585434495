import Bytes
import Foundation
import JSON
import Testing

@testable import Avro

/// A container file of those payloads as libavro writes it.
private func file(_ schema: String, _ payloads: [[UInt8]]) throws -> [UInt8] {
  let path = NSTemporaryDirectory() + "opine-\(UUID().uuidString).avro"
  defer { unlink(path) }
  var writer = try AvroContainerWriter(path: path, schema: schema)
  for payload in payloads {
    #expect(try payload.withUnsafeBytes { try writer.append($0) })
  }
  try writer.close()
  return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// One of the parts given, uncompressed: what a file may look like that nobody's library wrote.
private func file(
  metadata: [(String, String)], blocks: [(count: Int64, data: [UInt8])] = [],
  marker: [UInt8] = Array(0..<16), lastMarker: [UInt8]? = nil
) -> [UInt8] {
  var buffer = ByteBuffer()
  buffer.append("Obj\u{1}")
  buffer.appendAvro(long: Int64(metadata.count))
  for (key, value) in metadata {
    buffer.appendAvro(utf8: key)
    buffer.appendAvro(utf8: value)
  }
  buffer.appendAvro(long: 0)
  buffer.append(marker)
  for (index, block) in blocks.enumerated() {
    buffer.appendAvro(long: block.count)
    buffer.appendAvro(long: Int64(block.data.count))
    buffer.append(block.data)
    buffer.append(index == blocks.count - 1 ? lastMarker ?? marker : marker)
  }
  return buffer.toArray()
}

/// The records in a file that comes in pieces of that many bytes.
private func records(
  _ bytes: [UInt8], pieces: Int = .max
) throws(AvroContainerError) -> [[UInt8]] {
  var reader = AvroContainerReader()
  var found: [[UInt8]] = []
  var at = 0
  while at < bytes.count {
    let end = min(bytes.count, pieces == .max ? bytes.count : at + pieces)
    let result = bytes[at..<end].withUnsafeBytes { piece in
      Result { () throws(AvroContainerError) in
        var input = piece
        while let record = try reader.next(&input) {
          found.append(Array(record.bytes))
          guard record.number == found.count else { break }
        }
      }
    }
    try result.get()
    at = end
  }
  try reader.finish()
  return found
}

private func reason(_ bytes: [UInt8]) -> AvroContainerError.Reason? {
  do throws(AvroContainerError) {
    _ = try records(bytes)
    return nil
  } catch {
    return error.reason
  }
}

private let numbers = [("avro.schema", "\"long\"")]

@Suite("Container files") struct ContainerTests {
  @Test("that libavro wrote are read record by record, however they come in pieces")
  func writtenByLibavro() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("writtenByLibavro seed \(seed)")
    let schema = try AvroSchema.parse(TestSchemas.complex)
    let coder = try AvroValueCoder(schema)
    var random = RandomAvro(schema, seed: seed)
    let payloads = try (0..<400).map { _ in try coder.encode(random.value(schema)) }
    let bytes = try file(TestSchemas.complex, payloads)
    for pieces in [1, 7, 4096, .max] {
      #expect(try records(bytes, pieces: pieces) == payloads, "seed \(seed), pieces of \(pieces)")
    }
  }

  @Test("of many blocks, also of large records, come out whole") func large() throws {
    let payloads = (0..<60).map { number in
      var buffer = ByteBuffer()
      buffer.appendAvro(utf8: String(repeating: "\(number) ", count: 60_000))
      return buffer.toArray()
    }
    let bytes = try file("\"string\"", payloads)
    #expect(try records(bytes, pieces: 65_536) == payloads)
  }

  @Test("may be empty, have empty blocks, and other entries in the header") func unusual() throws {
    #expect(try records(file(metadata: numbers + [("made.by", "hand")])) == [])
    let blocks: [(Int64, [UInt8])] = [(0, []), (3, [2, 4, 6]), (0, []), (1, [8])]
    let bytes = file(metadata: numbers + [("avro.codec", "null")], blocks: blocks)
    #expect(try records(bytes) == [[2], [4], [6], [8]])
  }

  @Test("that can't be read say why") func refused() {
    #expect(reason(Array("Obj\u{2}....".utf8)) == .invalidHeader)
    #expect(reason(file(metadata: [])) == .noSchema)
    #expect(reason(file(metadata: numbers + [("avro.codec", "snappy")])) == .unknownCodec("snappy"))
    if case .invalidSchema? = reason(file(metadata: [("avro.schema", "{\"type\":")])) {
    } else {
      Issue.record("a schema that is none is taken")
    }
    let wrong = [UInt8](repeating: 9, count: 16)
    #expect(
      reason(file(metadata: numbers, blocks: [(1, [2])], lastMarker: wrong)) == .syncMarkerMismatch)
    #expect(reason(file(metadata: numbers, blocks: [(-1, [2])])) == .invalidBlock)
    let deflated = numbers + [("avro.codec", "deflate")]
    #expect(reason(file(metadata: deflated, blocks: [(1, [0xff, 0xff])])) == .corruptBlock)
    // Fewer records than the block has, and more.
    for count: Int64 in [1, 3] {
      if case .record? = reason(file(metadata: numbers, blocks: [(count, [2, 4])])) {
      } else {
        Issue.record("a block of two is taken for one of \(count)")
      }
    }
  }

  @Test("can't claim more than they hold: records of no bytes, a block of no end, a bomb")
  func limits() throws {
    let empty = "{\"type\":\"record\",\"name\":\"E\",\"fields\":[]}"
    let many = file(metadata: [("avro.schema", empty)], blocks: [(1 << 60, [])])
    if case .record(let error)? = reason(many) {
      #expect(error.reason == .tooManyEmptyValues)
    } else {
      Issue.record("records of no bytes are read for ever")
    }

    var endless = file(metadata: numbers)
    var size = ByteBuffer()
    size.appendAvro(long: 1)
    size.appendAvro(long: 1 << 40)
    endless += size.toArray()
    #expect(reason(endless) == .blockTooLarge)

    let zeros = [UInt8](repeating: 0, count: AvroContainerReader.maximumBlock + 1)
    let bomb = try deflated(zeros)
    #expect(bomb.count < 400_000)
    let deflate = [("avro.schema", "\"bytes\""), ("avro.codec", "deflate")]
    #expect(reason(file(metadata: deflate, blocks: [(1, bomb)])) == .blockTooLarge)
  }

  /// A gzip member without its header of 10 and its trailer of 8 bytes.
  private func deflated(_ bytes: [UInt8]) throws -> [UInt8] {
    let member = try #require(bytes.withUnsafeBytes { Gzip.compress($0) })
    return member.withUnsafeBytes { Array($0.dropFirst(10).dropLast(8)) }
  }

  @Test("cut off anywhere give their whole blocks, then say that they are cut off") func cut()
    throws
  {
    let blocks: [(Int64, [UInt8])] = [(3, [2, 4, 6]), (1, [8])]
    let bytes = file(metadata: numbers, blocks: blocks)
    let header = file(metadata: numbers).count
    let first = file(metadata: numbers, blocks: [blocks[0]]).count
    for end in 1..<bytes.count {
      let part = Array(bytes[..<end])
      if end == header || end == first {
        #expect(throws: Never.self) { try records(part) }
      } else {
        #expect(reason(part) == .truncated, "cut at \(end)")
      }
    }
  }

  @Test("with faults give records or an error, in any pieces") func mutated() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("mutated containers seed \(seed)")
    let schema = try AvroSchema.parse(TestSchemas.review)
    let coder = try AvroValueCoder(schema)
    var random = RandomAvro(schema, seed: seed)
    let payloads = try (0..<5).map { _ in try coder.encode(random.value(schema)) }
    let whole = [
      try file(TestSchemas.review, payloads),
      file(
        metadata: [("avro.schema", TestSchemas.review)],
        blocks: payloads.map { (1, $0) }),
    ]
    for round in 0..<4000 {
      let bytes = random.mutated(whole[round % 2])
      _ = try? records(bytes, pieces: 1 + random.below(200))
    }
  }
}
