import Avro
import Bytes
import Foundation

/// One line without its end, or one record of an Avro file as such a line.
struct Line {
  let bytes: UnsafeRawBufferPointer
  /// From 1.
  let number: Int
  /// Why it can't be read: then its bytes are its beginning, or the record as it lay in the file.
  var fault: String?

  /// Nothing but white space.
  var isBlank: Bool { bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d } }
}

/// Cuts pieces of bytes into lines, with bounded memory.
struct LineSplitter: ~Copyable {
  static let standardLimit = 16 << 20
  /// Of a line that is too long only so much is kept.
  private static let keptOfLong = 64 << 10
  static let tooLong = "the line is too long"

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
        let line = Line(bytes: part, number: number)
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
      let fault = isTooLong ? Self.tooLong : nil
      return try handle(Line(bytes: bytes, number: number, fault: fault))
    }
    pending.removeAll()
    self.isTooLong = false
    return goesOn
  }
}

/// Reads the lines of a file or of standard input (`-`), plain or gzip, or the records of an Avro container
/// file; its first bytes tell which.
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
    // Four bytes tell; a pipe may give them one by one.
    var count = 0
    while count < 4 {
      let more = try fill(chunk, from: count)
      if more == 0 { break }
      count += more
    }
    if AvroContainerReader.isContainer(UnsafeRawBufferPointer(rebasing: chunk[..<count])) {
      return try records(chunk, count, handle)
    }
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

  /// Hands over each record as the line that JSON would have for it, so that one parser knows reviews.
  private func records(
    _ chunk: UnsafeMutableRawBufferPointer, _ first: Int,
    _ handle: (Line) throws(IngestError) -> Bool
  ) throws(IngestError) {
    var reader = AvroContainerReader()
    var text = ByteBuffer(capacity: 4096)
    var transcoder: JSONTranscoder?
    var count = first
    do {
      while count > 0 {
        var input = UnsafeRawBufferPointer(rebasing: chunk[..<count])
        while let record = try reader.next(&input) {
          if transcoder == nil, let schema = reader.schema {
            transcoder = try JSONTranscoder(writer: schema)
          }
          guard try pass(record, transcoder, &text, handle) else { return }
        }
        count = try fill(chunk, from: 0)
      }
      try reader.finish()
    } catch let error as IngestError {
      throw error
    } catch {
      throw .file(name, "\(error)")
    }
  }

  private func pass(
    _ record: AvroContainerReader.Record, _ transcoder: JSONTranscoder?,
    _ text: inout ByteBuffer, _ handle: (Line) throws(IngestError) -> Bool
  ) throws(IngestError) -> Bool {
    text.removeAll()
    do throws(AvroDecodingError) {
      try transcoder?.append(record.bytes, to: &text)
    } catch {
      let fault = "JSON has no such record: \(error)"
      return try handle(Line(bytes: record.bytes, number: record.number, fault: fault))
    }
    return try text.withUnsafeBytes { bytes throws(IngestError) in
      try handle(Line(bytes: bytes, number: record.number))
    }
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
