import CSimdJSON

/// One value of a parsed document, read without allocating.
///
/// Valid until its parser parses again, and while the parsed bytes live.
public struct JSONView {
  public enum Kind: Sendable { case null, bool, number, string, array, object }

  @usableFromInline let text: UnsafePointer<UInt8>
  @usableFromInline let strings: UnsafePointer<UInt8>
  @usableFromInline let entries: UnsafePointer<opine_json_entry>
  @usableFromInline let entry: UnsafePointer<opine_json_entry>

  @inlinable init(
    text: UnsafePointer<UInt8>, strings: UnsafePointer<UInt8>,
    entries: UnsafePointer<opine_json_entry>, entry: UnsafePointer<opine_json_entry>
  ) {
    self.text = text
    self.strings = strings
    self.entries = entries
    self.entry = entry
  }

  @inlinable func view(_ entry: UnsafePointer<opine_json_entry>) -> JSONView {
    JSONView(text: text, strings: strings, entries: entries, entry: entry)
  }

  @inlinable public var kind: Kind {
    switch entry.pointee.kind {
    case 0: .null
    case 1, 2: .bool
    case 3: .number
    case 4, 5: .string
    case 6: .array
    default: .object
    }
  }

  @inlinable public var isNull: Bool { entry.pointee.kind == 0 }

  /// Nil where the value is neither true nor false.
  @inlinable public var bool: Bool? {
    switch entry.pointee.kind {
    case 1: false
    case 2: true
    default: nil
    }
  }

  /// A string's UTF-8 without escapes; nil for other kinds.
  @inlinable public var stringBytes: UnsafeRawBufferPointer? {
    let start = Int(entry.pointee.start)
    let count = Int(entry.pointee.count)
    switch entry.pointee.kind {
    case 4: return UnsafeRawBufferPointer(start: text + start, count: count)
    case 5: return UnsafeRawBufferPointer(start: strings + start, count: count)
    default: return nil
    }
  }

  /// A string as a Swift string; nil for other kinds.
  public var string: String? { stringBytes.map { String(decoding: $0, as: UTF8.self) } }

  /// A number's text as it was written; nil for other kinds.
  @inlinable public var numberBytes: UnsafeRawBufferPointer? {
    guard entry.pointee.kind == 3 else { return nil }
    return UnsafeRawBufferPointer(
      start: text + Int(entry.pointee.start), count: Int(entry.pointee.count))
  }

  /// A number without fraction or exponent that fits; nil otherwise.
  @inlinable public var int64: Int64? { numberBytes.flatMap(JSONNumber.int64) }

  /// A number as the nearest double; nil for other kinds and beyond a double's range.
  @inlinable public var double: Double? { numberBytes.flatMap(JSONNumber.double) }

  /// Elements of an array or members of an object; 0 for other kinds.
  @inlinable public var count: Int { entry.pointee.kind >= 6 ? Int(entry.pointee.count) : 0 }

  /// Calls `body` for each member of an object in the order of the text; none for other kinds.
  @inlinable public func forEachMember<Failure: Error>(
    _ body: (_ key: UnsafeRawBufferPointer, _ value: JSONView) throws(Failure) -> Void
  ) throws(Failure) {
    guard entry.pointee.kind == 7 else { return }
    var key = entry + 1
    for _ in 0..<entry.pointee.count {
      let value = key + 1
      if let bytes = view(key).stringBytes { try body(bytes, view(value)) }
      key = entries + Int(value.pointee.next)
    }
  }

  /// Calls `body` for each element of an array; none for other kinds.
  @inlinable public func forEachElement<Failure: Error>(
    _ body: (JSONView) throws(Failure) -> Void
  ) throws(Failure) {
    guard entry.pointee.kind == 6 else { return }
    var element = entry + 1
    for _ in 0..<entry.pointee.count {
      try body(view(element))
      element = entries + Int(element.pointee.next)
    }
  }

  /// The last member of that name, as most parsers choose; nil where there is none.
  @inlinable public func member(_ name: StaticString) -> JSONView? {
    var found: JSONView?
    forEachMember { key, value in if key == name { found = value } }
    return found
  }

  /// A copy that owns its text.
  public var value: JSONValue {
    switch kind {
    case .null: return .null
    case .bool: return .bool(bool ?? false)
    case .number:
      return .number(numberBytes.map { String(decoding: $0, as: UTF8.self) } ?? "0")
    case .string: return .string(string ?? "")
    case .array:
      var elements: [JSONValue] = []
      elements.reserveCapacity(count)
      forEachElement { elements.append($0.value) }
      return .array(elements)
    case .object:
      var members: [JSONMember] = []
      members.reserveCapacity(count)
      forEachMember { key, value in
        members.append(JSONMember(String(decoding: key, as: UTF8.self), value.value))
      }
      return .object(members)
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether these are the bytes of a literal.
  @inlinable public static func == (bytes: UnsafeRawBufferPointer, text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    let start = text.utf8Start
    for index in 0..<bytes.count where bytes[index] != start[index] { return false }
    return true
  }
}
