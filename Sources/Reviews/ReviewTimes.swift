/// The times of a review, in milliseconds since 1970, UTC.
public struct ReviewTimes: Sendable, Equatable {
  /// When it was written; `ingestedAt` where the source has no date.
  public var createdAt: Int64
  /// When it was last edited.
  public var updatedAt: Int64?
  /// When it was read from its source.
  public var ingestedAt: Int64

  public init(createdAt: Int64, updatedAt: Int64? = nil, ingestedAt: Int64) {
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.ingestedAt = ingestedAt
  }

  /// What orders the versions of one review: of two the higher wins, of equals the later arrival.
  ///
  /// No later than `ingestedAt`, so that a date in the future can't shut out all later edits.
  @inlinable public var docVersion: Int64 { min(updatedAt ?? createdAt, ingestedAt) }

  /// Whether a time is before 1970, which no version may be: the record's fault.
  @inlinable public var isBefore1970: Bool {
    createdAt < 0 || ingestedAt < 0 || (updatedAt ?? 0) < 0
  }
}
