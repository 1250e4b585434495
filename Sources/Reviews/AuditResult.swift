/// A place in the raw topic.
public struct AuditPlace: Hashable, Sendable, Comparable {
  public var partition: Int32
  public var offset: Int64

  public init(partition: Int32, offset: Int64) {
    self.partition = partition
    self.offset = offset
  }

  public static func < (left: Self, right: Self) -> Bool {
    (left.partition, left.offset) < (right.partition, right.offset)
  }
}

/// A raw record, as far as the audit asks; the key is borrowed for the call.
public struct AuditRecord {
  public enum Content: Sendable, Equatable {
    case review(docVersion: Int64)
    /// Its version is the record's Kafka timestamp.
    case tombstone(docVersion: Int64)
    /// Not a review: it ought to be a dead letter.
    case unreadable
  }

  public var key: UnsafeRawBufferPointer?
  public var place: AuditPlace
  public var content: Content

  public init(key: UnsafeRawBufferPointer?, place: AuditPlace, content: Content) {
    self.key = key
    self.place = place
    self.content = content
  }
}

/// A document of the index, as far as the audit asks.
public struct AuditDocument: Sendable, Equatable {
  /// Nil where the document has none.
  public var docVersion: Int64?
  /// `source_partition` and `source_offset`; nil where it lacks one of them.
  public var place: AuditPlace?

  public init(docVersion: Int64?, place: AuditPlace?) {
    self.docVersion = docVersion
    self.place = place
  }
}

/// Something that is not as raw asks for.
public struct AuditSuspect: Sendable, Equatable, Comparable {
  public enum Reason: String, Sendable, Comparable {
    /// There is no document.
    case missing
    /// The document is older than the expected one.
    case stale
    /// There is a document where none is expected, or without coordinates.
    case extra
    /// The raw record can't be read, and no dead letter names it.
    case unreadable

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  public let reason: Reason
  /// The document's id; nil where there is none: the record at `place` has it as its key.
  public let id: String?
  /// The raw record that is expected; nil where raw has none.
  public let place: AuditPlace?

  public static func < (left: Self, right: Self) -> Bool {
    let first = (left.reason, left.id ?? "", left.place ?? AuditPlace(partition: -1, offset: -1))
    let second = (
      right.reason, right.id ?? "", right.place ?? AuditPlace(partition: -1, offset: -1)
    )
    return first < second
  }
}

/// What `opine verify` found.
public struct AuditResult: Sendable, Equatable {
  /// Distinct keys in raw.
  public var input = 0
  /// Documents in the index.
  public var indexed = 0
  public var deadLetters = 0
  public var missing = 0
  public var extra = 0
  public var stale = 0
  /// Raw records not committed in time; the audit's caller knows.
  public var pending = 0
  /// Documents from offsets that raw does not have, and that nothing in raw disproves.
  public var outside = 0
  /// Documents older in time than a deletion that came before them: accepted.
  public var revived = 0
  /// Documents of records that a dead letter names: the letter was replayed since. Accepted.
  public var replayed = 0
  /// Some of those counted in missing, extra and stale.
  public var suspects: [AuditSuspect] = []

  public init() {}

  /// Whether everything is where raw asks for it.
  public var isBalanced: Bool { missing == 0 && extra == 0 && stale == 0 && pending == 0 }
}
