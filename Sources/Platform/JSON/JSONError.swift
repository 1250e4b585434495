/// Why bytes are not a JSON document, and where parsing stopped.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: String, Sendable {
    /// There is nothing but white space.
    case empty
    /// The document ends in the middle.
    case truncated
    /// A character that cannot stand there.
    case unexpectedCharacter
    /// A control character, an unknown escape or half of a surrogate pair.
    case malformedString
    case malformedNumber
    case invalidUTF8
    /// More than `JSONParser.maximumDepth` containers inside each other.
    case tooDeep
    /// Something follows the document.
    case trailingContent
    /// 4 GB or more.
    case tooLarge
    case outOfMemory
  }

  public let reason: Reason

  /// Offset in bytes; 0 where the fault was found before positions are known.
  public let offset: Int

  public init(_ reason: Reason, offset: Int = 0) {
    self.reason = reason
    self.offset = offset
  }

  public var description: String { "invalid JSON at byte \(offset): \(reason.rawValue)" }
}
