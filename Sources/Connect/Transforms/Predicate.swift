import Foundation

/// Says of which records a transform is applied (KIP-585).
enum Predicate: Sendable {
  case topicMatches(Pattern)
  case hasHeader(String)
  case isTombstone

  /// Nil, with the reason told, where the properties name none.
  init?(_ read: inout TransformProperties) {
    switch read.type().name {
    case "TopicNameMatches":
      guard let pattern = Pattern(read.text("pattern")) else {
        read.fail("pattern", "is no regular expression")
        return nil
      }
      self = .topicMatches(pattern)
    case "HasHeaderKey": self = .hasHeader(read.text("name"))
    case "RecordIsTombstone": self = .isTombstone
    default:
      read.fail("type", "there are TopicNameMatches, HasHeaderKey, RecordIsTombstone")
      return nil
    }
  }

  func holds(_ record: ConnectRecord) -> Bool {
    switch self {
    case .topicMatches(let pattern): pattern.matchesWhole(record.topic)
    case .hasHeader(let name): record.headers.contains { $0.name == name }
    case .isTombstone: record.value == nil
    }
  }
}

/// A regular expression as Java and ICU understand it.
struct Pattern: @unchecked Sendable {  // because NSRegularExpression is immutable
  private let expression: NSRegularExpression

  /// Nil where it is none.
  init?(_ text: String) {
    guard let made = try? NSRegularExpression(pattern: "^(?:\(text))$") else { return nil }
    expression = made
  }

  private func whole(_ text: String) -> NSTextCheckingResult? {
    expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text))
  }

  func matchesWhole(_ text: String) -> Bool { whole(text) != nil }

  /// The text with `$1`… of the replacement filled in, where all of it matches; else nil.
  func replacingWhole(_ text: String, with replacement: String) -> String? {
    whole(text).map { found in
      expression.replacementString(for: found, in: text, offset: 0, template: replacement)
    }
  }
}
