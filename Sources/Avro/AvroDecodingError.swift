/// Why bytes are not a value of their writer's schema.
public struct AvroDecodingError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: String, Sendable, Error {
    /// The payload ends inside a value, or a length goes beyond its end.
    case truncated
    /// Bytes are left behind the value.
    case trailingBytes
    /// A variable-length integer of more than 10 bytes or 64 bits; an int of more than 32.
    case integerOverflow
    case negativeLength
    case invalidBoolean
    case invalidUTF8
    /// An enum's index without a symbol.
    case unknownSymbol
    /// A union's index without a branch.
    case unknownBranch
    /// A block's byte size does not match its items.
    case blockSizeMismatch
    /// More values that take no bytes than a payload may hold.
    case tooManyEmptyValues
    /// More than 64 containers inside each other.
    case tooDeep
    /// The reader's schema has no place for what the writer wrote: a symbol, a branch, a type.
    case notResolvable
    /// JSON has no such value: NaN, infinities, years beyond 9999, decimals above 128 bytes.
    case notRepresentable
  }

  /// The field inside the record, `explanation[3].term`; empty for the whole.
  public let path: String

  /// Where reading stopped, in bytes from the payload's start.
  public let offset: Int

  public let reason: Reason

  public init(path: String, offset: Int, reason: Reason) {
    self.path = path
    self.offset = offset
    self.reason = reason
  }

  public var description: String {
    "invalid Avro in \(path.isEmpty ? "the value" : path) at byte \(offset): \(reason.rawValue)"
  }
}
