/// The part of a URL behind `?`: its text, and its names and values, percent-decoded.
///
/// `+` stays a plus sign: API clients send `%20` for a space, and a `+` in a search means a plus.
public struct HTTPQuery: Sendable {
  /// As sent.
  public let text: String
  /// In order. The value of `?pretty` is nil, that of `?pretty=` is empty.
  public let items: [(name: String, value: String?)]

  /// Malformed percent-encoding is kept as it is.
  public init(_ text: String) {
    self.text = text
    items =
      text.isEmpty
      ? []
      : text.split(separator: "&").map { item in
        let name = item.prefix { $0 != "=" }
        let value = item.dropFirst(name.count + 1)
        return (Self.decoded(name), name.count == item.count ? nil : Self.decoded(value))
      }
  }

  private static func decoded(_ text: Substring) -> String {
    PercentEncoding.decode(text) ?? String(text)
  }

  public func contains(_ name: String) -> Bool { items.contains { $0.name == name } }

  /// The first value of that name; nil where the name is absent or stands without a value.
  public subscript(name: String) -> String? {
    items.first { $0.name == name }?.value
  }

  /// A boolean in any case; `?name` and `?name=` mean true; nil where absent or something else.
  public func bool(_ name: String) -> Bool? {
    guard let item = items.first(where: { $0.name == name }) else { return nil }
    switch (item.value ?? "").lowercased() {
    case "", "true": return true
    case "false": return false
    default: return nil
    }
  }

  /// A decimal number; nil where absent or something else.
  public func int(_ name: String) -> Int? { self[name].flatMap { Int($0) } }
}

/// Percent-encoding of URLs (RFC 3986 §2.1).
public enum PercentEncoding {
  /// nil for `%` without two hexadecimal digits, and for what then is no UTF-8.
  public static func decode(_ text: Substring) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
