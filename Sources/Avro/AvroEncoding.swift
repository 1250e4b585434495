import Bytes

/// Avro's binary encoding, for encoders written by hand in the order of a record's fields.
extension ByteBuffer {
  /// A long, or the index of a union's branch or an enum's symbol: zigzag, 7 bits a byte.
  @inlinable public mutating func appendAvro(long value: Int64) {
    var rest = UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
    appendUnchecked(room: 10) { bytes in
      var written = 0
      while rest >= 0x80 {
        bytes[written] = UInt8(truncatingIfNeeded: rest) | 0x80
        written &+= 1
        rest &>>= 7
      }
      bytes[written] = UInt8(truncatingIfNeeded: rest)
      return written &+ 1
    }
  }

  @inlinable public mutating func appendAvro(int value: Int32) { appendAvro(long: Int64(value)) }

  @inlinable public mutating func appendAvro(boolean value: Bool) { append(value ? 1 : 0) }

  @inlinable public mutating func appendAvro(float value: Float) {
    let bits = value.bitPattern.littleEndian
    appendUnchecked(room: 4) { bytes in
      UnsafeMutableRawPointer(bytes).storeBytes(of: bits, as: UInt32.self)
      return 4
    }
  }

  @inlinable public mutating func appendAvro(double value: Double) {
    let bits = value.bitPattern.littleEndian
    appendUnchecked(room: 8) { bytes in
      UnsafeMutableRawPointer(bytes).storeBytes(of: bits, as: UInt64.self)
      return 8
    }
  }

  /// Bytes, or a string's well-formed UTF-8, with their length in front.
  @inlinable public mutating func appendAvro(bytes: UnsafeRawBufferPointer) {
    appendAvro(long: Int64(bytes.count))
    append(bytes)
  }

  /// A string.
  public mutating func appendAvro(utf8 text: String) {
    var text = text
    text.withUTF8 { appendAvro(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// A string that is part of the program.
  @inlinable public mutating func appendAvro(utf8 text: StaticString) {
    appendAvro(
      bytes: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// A string's well-formed UTF-8; the same bytes as `bytes:`.
  @inlinable public mutating func appendAvro(utf8 bytes: UnsafeRawBufferPointer) {
    appendAvro(bytes: bytes)
  }
}
