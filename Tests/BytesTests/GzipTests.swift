import CZlib
import Testing

@testable import Bytes

/// Packs bytes as one gzip member.
private func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count + 200)
  return input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      deflate(&stream, Z_FINISH)
      return Array(output.prefix(Int(stream.total_out)))
    }
  }
}

/// Unpacks in chunks of input, checking the limit on pieces.
private func unpack(
  _ packed: [UInt8], chunk: Int, pieceSize: Int
) throws(GzipError) -> [UInt8] {
  var decoder = try GzipDecoder(pieceSize: pieceSize)
  var output: [UInt8] = []
  for start in stride(from: 0, to: packed.count, by: chunk) {
    let part = Array(packed[start..<min(start + chunk, packed.count)])
    try part.withUnsafeBufferPointer { bytes throws(GzipError) in
      var input = UnsafeRawBufferPointer(bytes)
      while let piece = try decoder.next(&input) {
        #expect(piece.count <= pieceSize)
        output += Array(piece)
      }
    }
  }
  try decoder.finish()
  return output
}

@Suite struct Gzip {
  let text = Array(String(repeating: "a review of coffee; ", count: 5000).utf8)

  @Test(arguments: [1, 7, 4096, 1_000_000], [1, 100, 65_536])
  func anyChunkAndPieceSizeGivesTheSameBytes(chunk: Int, pieceSize: Int) throws {
    let short = Array(text.prefix(3000))
    #expect(try unpack(gzip(short), chunk: chunk, pieceSize: pieceSize) == short)
  }

  @Test func membersBehindOneAnotherAreOneStream() throws {
    let packed = gzip(text) + gzip([]) + gzip([1, 2]) + [0, 0, 0]
    #expect(try unpack(packed, chunk: 10, pieceSize: 512) == text + [1, 2])
  }

  @Test func truncationIsAnError() {
    let packed = gzip(text)
    for count in [0, 1, 9, 30, packed.count - 1] {
      #expect(throws: GzipError.truncated) {
        try unpack(Array(packed.prefix(count)), chunk: 100, pieceSize: 512)
      }
    }
  }

  @Test func corruptionAndTrailingGarbageAreErrors() {
    var packed = gzip(text)
    packed[packed.count - 6] ^= 0xff
    #expect(throws: GzipError.corrupt) { try unpack(packed, chunk: 100, pieceSize: 512) }
    let garbage = gzip(text) + [7, 7, 7]
    #expect(throws: GzipError.corrupt) { try unpack(garbage, chunk: 100, pieceSize: 512) }
    #expect(throws: GzipError.corrupt) {
      try unpack(Array("plain text".utf8), chunk: 100, pieceSize: 512)
    }
  }

  @Test func theMagicIsRecognised() {
    #expect(gzip([]).withUnsafeBytes { GzipDecoder.isGzip($0) })
    #expect(!Array("{}".utf8).withUnsafeBytes { GzipDecoder.isGzip($0) })
    #expect(![UInt8]([0x1f]).withUnsafeBytes { GzipDecoder.isGzip($0) })
  }
}
