import Connect

/// Text with placeholders that a record fills: `${topic}`, `${key}`, `${field:a.b}`, `${header:NAME}`,
/// `${timestamp:yyyy-MM}` (UTC, Java's pattern letters).
struct NameTemplate: Sendable {
  enum Part: Sendable {
    case text(String)
    case topic, key
    case field(String)
    case header(String)
    case timestamp(TimestampPattern)
  }

  let parts: [Part]

  /// Nil where a placeholder is not known or not closed.
  init?(_ text: String) {
    var parts: [Part] = []
    var rest = text[...]
    while let start = rest.range(of: "${") {
      if start.lowerBound > rest.startIndex {
        parts.append(.text(String(rest[..<start.lowerBound])))
      }
      guard let end = rest[start.upperBound...].firstIndex(of: "}"),
        let part = Self.part(String(rest[start.upperBound..<end]))
      else { return nil }
      parts.append(part)
      rest = rest[rest.index(after: end)...]
    }
    if !rest.isEmpty { parts.append(.text(String(rest))) }
    self.parts = parts
  }

  private static func part(_ text: String) -> Part? {
    let pieces = text.split(separator: ":", maxSplits: 1).map(String.init)
    switch (pieces.first ?? "", pieces.count > 1 ? pieces[1] : nil) {
    case ("topic", nil): return .topic
    case ("key", nil): return .key
    case ("field", let path?): return .field(path)
    case ("header", let name?): return .header(name)
    case ("timestamp", let format?): return TimestampPattern(format).map { .timestamp($0) }
    default: return nil
    }
  }

  /// Whether every record of a topic gives the same.
  var isOfTopicAlone: Bool {
    parts.allSatisfy {
      switch $0 {
      case .text, .topic: true
      default: false
      }
    }
  }

  /// The text for a record; nil where it lacks something that is asked for.
  func text(of record: ConnectRecord) -> String? {
    var text = ""
    for part in parts {
      let piece: String? =
        switch part {
        case .text(let text): text
        case .topic: record.topic
        case .key: record.key?.plainText
        case .field(let path): record.field(path)?.plainText
        case .header(let name): record.header(name)
        case .timestamp(let pattern): record.timestamp.map(pattern.text)
        }
      guard let piece else { return nil }
      text += piece
    }
    return text
  }

  func text(ofTopic topic: String) -> String {
    parts.map { part in
      if case .text(let text) = part { text } else { topic }
    }.joined()
  }
}

/// What makes a legal index name.
enum IndexName {
  /// Confluent's: lower case, at most 255 bytes, without a leading `-`, `_` or `+` (all of them, where theirs
  /// drops one and leaves an illegal name).
  static func of(topic: String) -> String {
    let name = topic.lowercased().drop { "-_+".contains($0) }
    switch name {
    case ".": return "dot"
    case "..": return "dotdot"
    default: return String(decoding: name.utf8.prefix(255), as: UTF8.self)
    }
  }

  /// Why Elasticsearch would refuse it; nil where it would not.
  static func problem(_ name: String) -> String? {
    if name.isEmpty || name == "." || name == ".." { return "it is empty" }
    if name.utf8.count > 255 { return "it has over 255 bytes" }
    if name != name.lowercased() { return "it is not in lower case" }
    if "-_+".contains(name.first ?? " ") { return "it begins with -, _ or +" }
    let bad = Set("\\/*?\"<>| ,#:")
    return name.contains(where: bad.contains) ? "it has one of \\/*?\"<>| ,#:" : nil
  }
}
