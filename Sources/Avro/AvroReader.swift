import JSON

/// A place in a payload. Reads check every length against the bytes that are left.
struct AvroReader {
  typealias Fault = AvroDecodingError.Reason

  /// Containers inside each other that are still decoded.
  static let maximumDepth = 64

  /// Values without bytes that any payload may hold, on top of one for each of its bytes.
  static let emptyValues = 1000

  let base: UnsafeRawPointer
  let count: Int
  var offset = 0
  private var emptyValuesLeft: Int

  /// Where a fault lies; filled from the inside out while a fault is thrown, so that it costs
  /// nothing otherwise.
  var path: [PathPart] = []

  enum PathPart {
    case field(String)
    case item(Int)
    case key(String)
  }

  init(_ payload: UnsafeRawBufferPointer) {
    // An empty buffer may have no address; none is read from then.
    base = payload.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
    count = payload.count
    emptyValuesLeft = payload.count + Self.emptyValues
  }

  var remaining: Int { count &- offset }

  @inline(__always) mutating func byte() throws(Fault) -> UInt8 {
    guard offset < count else { throw .truncated }
    let byte = base.load(fromByteOffset: offset, as: UInt8.self)
    offset &+= 1
    return byte
  }

  /// A zigzag variable-length integer of at most 64 bits.
  @inline(__always) mutating func long() throws(Fault) -> Int64 {
    let first = try byte()
    if first < 0x80 { return Self.zigzag(UInt64(first)) }
    return try longer(UInt64(first & 0x7f))
  }

  @inline(never) private mutating func longer(_ first: UInt64) throws(Fault) -> Int64 {
    var value = first
    var shift: UInt64 = 7
    while true {
      let next = try byte()
      if shift == 63 && next > 1 { throw .integerOverflow }
      value |= UInt64(next & 0x7f) &<< shift
      if next < 0x80 { return Self.zigzag(value) }
      shift &+= 7
    }
  }

  @inline(__always) private static func zigzag(_ value: UInt64) -> Int64 {
    Int64(bitPattern: (value &>> 1) ^ (0 &- (value & 1)))
  }

  @inline(__always) mutating func int() throws(Fault) -> Int32 {
    let value = try long()
    guard let int = Int32(exactly: value) else { throw .integerOverflow }
    return int
  }

  mutating func boolean() throws(Fault) -> Bool {
    switch try byte() {
    case 0: return false
    case 1: return true
    default: throw .invalidBoolean
    }
  }

  mutating func float() throws(Fault) -> Float {
    guard remaining >= 4 else { throw .truncated }
    let bits = base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    offset &+= 4
    return Float(bitPattern: UInt32(littleEndian: bits))
  }

  @inline(__always) mutating func double() throws(Fault) -> Double {
    guard remaining >= 8 else { throw .truncated }
    let bits = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    offset &+= 8
    return Double(bitPattern: UInt64(littleEndian: bits))
  }

  /// That many bytes, borrowed from the payload.
  @inline(__always) mutating func take(_ length: Int) throws(Fault) -> UnsafeRawBufferPointer {
    guard length <= remaining else { throw .truncated }
    defer { offset &+= length }
    return UnsafeRawBufferPointer(start: base + offset, count: length)
  }

  /// A length and that many bytes.
  @inline(__always) mutating func bytes() throws(Fault) -> UnsafeRawBufferPointer {
    let length = try long()
    guard length >= 0 else { throw .negativeLength }
    return try take(Int(length))
  }

  /// A string's bytes, checked to be UTF-8.
  @inline(__always) mutating func string() throws(Fault) -> UnsafeRawBufferPointer {
    let text = try bytes()
    guard UTF8.isValid(text) else { throw .invalidUTF8 }
    return text
  }

  @inline(__always) mutating func index(
    below limit: Int, else fault: Fault
  ) throws(Fault) -> Int {
    let index = try long()
    guard index >= 0, index < Int64(limit) else { throw fault }
    return Int(index)
  }

  /// Accounts for a value that took no bytes, of which a few could otherwise claim billions.
  @inline(__always) mutating func countEmptyValue() throws(Fault) {
    emptyValuesLeft &-= 1
    guard emptyValuesLeft >= 0 else { throw .tooManyEmptyValues }
  }

  /// Reads the blocks of an array or map; `item` reads one item, given its number.
  @inline(__always) mutating func blocks(
    _ item: (inout AvroReader, Int) throws(Fault) -> Void
  ) throws(Fault) {
    var index = 0
    while true {
      var left = try long()
      if left == 0 { return }
      var end: Int?
      if left < 0 {
        guard left > Int64.min else { throw .integerOverflow }
        left = -left
        let size = try long()
        guard size >= 0 else { throw .negativeLength }
        guard size <= Int64(remaining) else { throw .truncated }
        end = offset &+ Int(size)
      }
      while left > 0 {
        try item(&self, index)
        index &+= 1
        left &-= 1
      }
      if let end, end != offset { throw .blockSizeMismatch }
    }
  }

  func expectEnd() throws(Fault) {
    guard offset == count else { throw .trailingBytes }
  }

  /// The error for a fault that was thrown by this reader.
  func error(_ fault: Fault) -> AvroDecodingError {
    var text = ""
    for part in path.reversed() {
      switch part {
      case .field(let name): text += text.isEmpty ? name : ".\(name)"
      case .item(let index): text += "[\(index)]"
      case .key(let key): text += "[\"\(key)\"]"
      }
    }
    return AvroDecodingError(path: text, offset: offset, reason: fault)
  }
}
