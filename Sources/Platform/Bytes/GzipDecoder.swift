import CZlib

public enum GzipError: Error, Equatable, Sendable {
  /// Not gzip, a wrong checksum, or something else behind the last member.
  case corrupt
  /// The input ended inside a member.
  case truncated
  case outOfMemory
}

/// Unpacks gzip (RFC 1952) piece by piece: members behind one another are one stream, and no
/// piece is larger than `pieceSize`, whatever the input claims to unpack to.
///
///     while let piece = try decoder.next(&input) { … }   // for each chunk of input
///     try decoder.finish()
///
/// `@unchecked Sendable` because the memory has exactly one owner, which the compiler tracks.
public struct GzipDecoder: ~Copyable, @unchecked Sendable {
  private enum Place { case start, member, betweenMembers }

  /// On the heap, because zlib's state refers back to it.
  private let stream: UnsafeMutablePointer<z_stream>
  private let piece: UnsafeMutableRawBufferPointer
  private var place = Place.start

  /// A decoder whose pieces are at most `pieceSize` bytes.
  public init(pieceSize: Int = 65_536) throws(GzipError) {
    precondition(pieceSize > 0, "pieceSize must be positive")
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard opine_inflate_init_gzip(stream) == Z_OK else {
      stream.deallocate()
      throw .outOfMemory
    }
    self.stream = stream
    piece = .allocate(byteCount: min(pieceSize, Int(Int32.max)), alignment: 1)
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    piece.deallocate()
  }

  /// Whether a file that begins so is gzip.
  public static func isGzip(_ prefix: UnsafeRawBufferPointer) -> Bool {
    prefix.count >= 2 && prefix[0] == 0x1f && prefix[1] == 0x8b
  }

  /// Unpacks the next piece, moving `input` behind what was used; nil once all of it is used.
  ///
  /// The piece is valid until the next call.
  public mutating func next(
    _ input: inout UnsafeRawBufferPointer
  ) throws(GzipError) -> UnsafeRawBufferPointer? {
    while try startMember(&input) {
      let given = min(input.count, Int(Int32.max))
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: input.bindMemory(to: UInt8.self).baseAddress)
      stream.pointee.avail_in = UInt32(given)
      stream.pointee.next_out = piece.bindMemory(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(piece.count)
      let status = inflate(stream, Z_NO_FLUSH)
      let used = given - Int(stream.pointee.avail_in)
      let written = piece.count - Int(stream.pointee.avail_out)
      input = UnsafeRawBufferPointer(rebasing: input[used...])
      switch status {
      case Z_STREAM_END: place = .betweenMembers
      case Z_OK: break
      case Z_BUF_ERROR: if used == 0 && written == 0 { return nil }
      case Z_MEM_ERROR: throw .outOfMemory
      default: throw .corrupt
      }
      if written > 0 { return UnsafeRawBufferPointer(rebasing: piece[..<written]) }
    }
    return nil
  }

  /// Whether there is something to unpack: input, or output that did not fit the last piece.
  private mutating func startMember(
    _ input: inout UnsafeRawBufferPointer
  ) throws(GzipError) -> Bool {
    switch place {
    case .member:
      return !input.isEmpty || stream.pointee.avail_out == 0
    case .start:
      if !input.isEmpty { place = .member }
    case .betweenMembers:
      // Zeros behind a member are padding, as of tapes.
      while input.first == 0 { input = UnsafeRawBufferPointer(rebasing: input.dropFirst()) }
      if input.isEmpty { return false }
      guard inflateReset(stream) == Z_OK else { throw .corrupt }
      place = .member
    }
    return !input.isEmpty
  }

  /// To be called when there is no more input: throws `truncated` inside a member.
  public func finish() throws(GzipError) {
    if place != .betweenMembers { throw .truncated }
  }
}
