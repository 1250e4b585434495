/// A growable run of bytes with one owner: what documents, bulk bodies and Avro payloads are
/// built in.
///
/// Appending never allocates while `count + appended ≤ capacity`; beyond that the capacity doubles.
/// Not copyable, so a body of megabytes is never copied by accident; a consumer takes it over or
/// borrows it.
///
/// `@unchecked Sendable` because the memory has exactly one owner, which the compiler tracks.
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  @usableFromInline var end: Int
  @usableFromInline var room: Int

  /// Bytes written so far.
  @inlinable public var count: Int { end }
  @inlinable public var capacity: Int { room }

  /// An empty buffer with room for `capacity` bytes (at least 64).
  public init(capacity: Int = 256) {
    room = max(capacity, 64)
    base = .allocate(capacity: room)
    end = 0
  }

  deinit { base.deallocate() }

  public var isEmpty: Bool { count == 0 }

  /// Makes room for `extra` more bytes.
  @inlinable public mutating func reserve(_ extra: Int) {
    if count &+ extra > capacity { grow(extra) }
  }

  @usableFromInline mutating func grow(_ extra: Int) {
    let wanted = max(capacity &* 2, count + extra)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
    room = wanted
  }

  @inlinable public mutating func append(_ byte: UInt8) {
    reserve(1)
    base[count] = byte
    advance(1)
  }

  @inlinable public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
    reserve(bytes.count)
    UnsafeMutableRawPointer(base + count).copyMemory(from: source, byteCount: bytes.count)
    advance(bytes.count)
  }

  @inlinable public mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }

  @inlinable public mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// The string's UTF-8, without a terminator.
  public mutating func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// The decimal digits of a number, with `-` in front where it is negative.
  @inlinable public mutating func append(decimal number: Int64) {
    reserve(20)
    var magnitude = number.magnitude
    if number < 0 {
      base[count] = UInt8(ascii: "-")
      advance(1)
    }
    var digits = 1
    var limit: UInt64 = 10
    while digits < 20 && magnitude >= limit {
      digits += 1
      let (next, overflow) = limit.multipliedReportingOverflow(by: 10)
      if overflow { break }
      limit = next
    }
    var at = count + digits
    repeat {
      at -= 1
      let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: 10)
      base[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remainder)
      magnitude = quotient
    } while magnitude > 0
    advance(digits)
  }

  /// Drops everything from `count` on; used to take back a half-written document.
  public mutating func truncate(to count: Int) {
    precondition(count <= self.count, "truncate(to:) beyond the end")
    end = count
  }

  public mutating func removeAll() { end = 0 }

  /// Drops bytes at the beginning; the others move to the front.
  public mutating func removeFirst(_ dropped: Int) {
    precondition(dropped >= 0 && dropped <= count, "removeFirst(_:) beyond the end")
    UnsafeMutableRawPointer(base).copyMemory(from: base + dropped, byteCount: count - dropped)
    end -= dropped
  }

  /// Overwrites bytes already written, at `offset`; for a length or version known only later.
  @inlinable public mutating func overwrite(at offset: Int, with byte: UInt8) {
    precondition(offset < count)
    base[offset] = byte
  }

  /// Lets `body` write up to `room` bytes at the end; it returns how many it wrote.
  @inlinable public mutating func appendUnchecked(
    room: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int
  ) {
    reserve(room)
    advance(body(base + count))
  }

  /// Moves the end over bytes that were written behind it.
  @inlinable mutating func advance(_ written: Int) { end &+= written }

  /// The bytes, valid for the call.
  @inlinable public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  public func toArray() -> [UInt8] {
    withUnsafeBytes { Array($0) }
  }
}
