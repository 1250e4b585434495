import Bytes
import Foundation

/// One line without its end; longer ones than the limit carry their beginning only.
struct Line {
  let bytes: UnsafeRawBufferPointer
  /// From 1.
  let number: Int
  let isTooLong: Bool

  /// Nothing but white space.
  var isBlank: Bool { bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d } }
}

/// Cuts pieces of bytes into lines, with bounded memory.
struct LineSplitter: ~Copyable {
  static let standardLimit = 16 << 20
  /// Of a line that is too long only so much is kept.
  private static let keptOfLong = 64 << 10

  private let limit: Int
  private var pending = ByteBuffer(capacity: 4096)
  private var isTooLong = false
  private var number = 0

  init(limit: Int = Self.standardLimit) { self.limit = limit }

  /// `handle` answers whether to go on; so does this.
  mutating func feed(
    _ piece: UnsafeRawBufferPointer, _ handle: (Line) throws(IngestError) -> Bool
  ) throws(IngestError) -> Bool {
    guard let base = piece.baseAddress else { return true }
    var start = 0
    while start < piece.count {
      guard let found = memchr(base + start, 10, piece.count - start) else {
        keep(UnsafeRawBufferPointer(rebasing: piece[start...]))
        return true
      }
      let end = UnsafeRawPointer(found) - base
      let part = UnsafeRawBufferPointer(rebasing: piece[start..<end])
      start = end + 1
      if pending.isEmpty && !isTooLong && part.count <= limit {
        number += 1
        let line = Line(bytes: part, number: number, isTooLong: false)
        guard try handle(line) else { return false }
      } else {
        keep(part)
        guard try flush(handle) else { return false }
      }
    }
    return true
  }

  /// Hands over a last line that has no end.
  mutating func finish(_ handle: (Line) throws(IngestError) -> Bool) throws(IngestError) {
    if !pending.isEmpty || isTooLong { _ = try flush(handle) }
  }

  private mutating func keep(_ part: UnsafeRawBufferPointer) {
    if !isTooLong && pending.count + part.count > limit {
      isTooLong = true
      let room = max(0, Self.keptOfLong - pending.count)
      pending.append(UnsafeRawBufferPointer(rebasing: part.prefix(room)))
      pending.truncate(to: min(pending.count, Self.keptOfLong))
    } else if !isTooLong {
      pending.append(part)
    }
  }

  private mutating func flush(
    _ handle: (Line) throws(IngestError) -> Bool
  ) throws(IngestError) -> Bool {
    number += 1
    let (number, isTooLong) = (number, isTooLong)
    let goesOn = try pending.withUnsafeBytes { (bytes) throws(IngestError) in
      try handle(Line(bytes: bytes, number: number, isTooLong: isTooLong))
    }
    pending.removeAll()
    self.isTooLong = false
    return goesOn
  }
}

/// Reads the lines of a file or of standard input (`-`), plain or gzip by its first bytes.
struct LineReader: ~Copyable {
  private let descriptor: Int32
  private let name: String

  init(_ name: String) throws(IngestError) {
    self.name = name
    descriptor = name == "-" ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw IngestError.file(name, String(cString: strerror(errno))) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Until the end, or until `handle` answers false.
  func forEach(_ handle: (Line) throws(IngestError) -> Bool) throws(IngestError) {
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { chunk.deallocate() }
    var splitter = LineSplitter()
    // Two bytes tell gzip; a pipe may give one of them alone.
    var count = try fill(chunk, from: 0)
    if count == 1 { count += try fill(chunk, from: 1) }
    guard GzipDecoder.isGzip(UnsafeRawBufferPointer(rebasing: chunk[..<count])) else {
      while count > 0 {
        let piece = UnsafeRawBufferPointer(rebasing: chunk[..<count])
        guard try splitter.feed(piece, handle) else { return }
        count = try fill(chunk, from: 0)
      }
      return try splitter.finish(handle)
    }
    var decoder = try unpacking { () throws(GzipError) in try GzipDecoder(pieceSize: 256 << 10) }
    while count > 0 {
      var input = UnsafeRawBufferPointer(rebasing: chunk[..<count])
      while let piece = try next(&decoder, &input) {
        guard try splitter.feed(piece, handle) else { return }
      }
      count = try fill(chunk, from: 0)
    }
    do throws(GzipError) { try decoder.finish() } catch { throw fault(error) }
    try splitter.finish(handle)
  }

  private func next(
    _ decoder: inout GzipDecoder, _ input: inout UnsafeRawBufferPointer
  ) throws(IngestError) -> UnsafeRawBufferPointer? {
    do throws(GzipError) { return try decoder.next(&input) } catch { throw fault(error) }
  }

  private func unpacking(
    _ make: () throws(GzipError) -> GzipDecoder
  ) throws(IngestError) -> GzipDecoder {
    do throws(GzipError) { return try make() } catch { throw fault(error) }
  }

  private func fault(_ error: GzipError) -> IngestError { .file(name, "gzip: \(error)") }

  private func fill(
    _ chunk: UnsafeMutableRawBufferPointer, from start: Int
  ) throws(IngestError) -> Int {
    while true {
      let count = read(descriptor, chunk.baseAddress.map { $0 + start }, chunk.count - start)
      if count >= 0 { return count }
      if errno != EINTR { throw .file(name, String(cString: strerror(errno))) }
    }
  }
}
