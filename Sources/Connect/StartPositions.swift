import Kafka

/// What to do about offsets that the broker no longer has and that were never read.
public enum GapPolicy: String, Sendable, CaseIterable {
  /// Stop by name, so that a person decides.
  case halt
  /// Count the gap and go on after it.
  case pass = "continue"
}

/// Offsets that a stage will never read.
public struct Gap: Sendable, Equatable, CustomStringConvertible {
  public enum Cause: String, Sendable {
    case belowLogStart = "the broker deleted them before they were read"
    case beyondLogEnd = "the commit lies beyond the log's end: the topic was made anew"
    case commitGone = "the group's commit is gone: the topic was made anew, or the commit expired"
  }
  public let source: TopicPartition
  /// First offset of the gap.
  public let from: Int64
  /// The offset after the gap.
  public let to: Int64
  public let cause: Cause

  public var description: String { "\(source): offsets \(from) to \(to - 1): \(cause.rawValue)" }

  /// Records at most lost in the gap; 0 where that cannot be known.
  public var count: Int64 { max(0, to - from) }
}

/// Where reading of a partition starts, and what is missing before it. Pure.
///
/// A commit inside the log's bounds is the start. Without a commit the start is the log's beginning, and
/// it is a gap only where an earlier run remembers a commit. A commit that a person set (`wanted`) is no
/// gap wherever it lies: reading starts at the nearest offset that the log has. `atEnd`: without commit and
/// memory the start is the log's end.
public func startPosition(
  of source: TopicPartition, committed: Int64?, remembered: Int64?, bounds: Watermarks,
  wanted: Int64? = nil, atEnd: Bool = false
) -> (position: Int64, gap: Gap?) {
  if let committed {
    if committed == wanted { return (min(max(committed, bounds.low), bounds.high), nil) }
    if committed < bounds.low {
      return (
        bounds.low, Gap(source: source, from: committed, to: bounds.low, cause: .belowLogStart)
      )
    }
    if committed > bounds.high {
      return (
        bounds.low, Gap(source: source, from: bounds.high, to: committed, cause: .beyondLogEnd)
      )
    }
    return (committed, nil)
  }
  if let remembered, remembered > bounds.low {
    return (
      bounds.low, Gap(source: source, from: bounds.low, to: remembered, cause: .commitGone)
    )
  }
  return (atEnd && remembered == nil ? bounds.high : bounds.low, nil)
}
