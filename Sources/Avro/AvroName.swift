/// The name of a record, enum or fixed type.
public struct AvroName: Sendable, Hashable, CustomStringConvertible {
  /// The last part, without dots.
  public let name: String

  /// Dotted; empty for the null namespace.
  public let namespace: String

  /// A dot in `name` decides the namespace; without one it is `enclosing`.
  public init(_ name: String, enclosing: String = "") {
    if let dot = name.lastIndex(of: ".") {
      self.name = String(name[name.index(after: dot)...])
      namespace = String(name[..<dot])
    } else {
      self.name = name
      namespace = enclosing
    }
  }

  public var fullName: String { namespace.isEmpty ? name : "\(namespace).\(name)" }

  public var description: String { fullName }

  /// How the type is referred to inside a namespace.
  func reference(in enclosing: String) -> String {
    let short = namespace == enclosing && !Self.typeNames.contains(name)
    return short ? name : fullName
  }

  static let primitives: Set<String> = [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
  ]

  private static let typeNames = primitives.union([
    "record", "enum", "array", "map", "union", "fixed",
  ])

  /// `[A-Za-z_][A-Za-z0-9_]*`
  static func isValid(_ part: some StringProtocol) -> Bool {
    guard let first = part.utf8.first, !isDigit(first) else { return false }
    return part.utf8.allSatisfy { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "_") }
  }

  /// Whether the last part and each part of the namespace are valid names.
  var isValid: Bool {
    guard Self.isValid(name) else { return false }
    if namespace.isEmpty { return true }
    return namespace.split(separator: ".", omittingEmptySubsequences: false)
      .allSatisfy { Self.isValid($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }
  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
}
