import Bytes

/// The comparison of `opine verify`: what raw asks for against what the index has.
///
/// A pure function over three streams, fed piece by piece: first all dead letters, then all raw
/// records in the order of their offsets within each partition, then all documents. Of each key it
/// keeps one small entry, under the key's 64-bit hash. A document may be added again, as when a
/// suspect is read anew: the last word on a key counts.
///
/// Expected of a key is its newest raw record by (doc_version, arrival) that no dead letter names;
/// a tombstone expects no document. A record that a letter names has one only if it was replayed.
public struct Audit: Sendable {
  /// Where raw begins and ends now, by partition: what lies outside can't be judged by raw alone.
  public typealias Ranges = [Int32: Range<Int64>]

  private struct Entry {
    /// Of the newest record; of no use without one.
    var docVersion: Int64 = .min
    var offset: Int64 = -1
    var partition: Int32 = -1
    var expects = Expectation.nothing
    var verdict = Verdict.noDocument
    /// Whether raw has a record of the key: else only the index knows it.
    var isInput = false
    var isDeletedLater = false
  }

  private enum Expectation: UInt8 { case nothing, deletion, document }
  private enum Verdict: UInt8 { case noDocument, right, stale, extra, outside, revived }

  private let ranges: Ranges
  private let suspectLimit: Int
  private var entries: [UInt64: Entry] = [:]
  private var letters: Set<AuditPlace> = []
  private var letterCount = 0
  /// Records that can't be read, and no letter speaks of.
  private var unread: Set<AuditPlace> = []
  /// Documents of records that a letter names, and records of which a replay was seen.
  private var lettered: [UInt64: AuditPlace] = [:]
  private var replays: Set<AuditPlace> = []
  /// The ids of some documents that are not as expected.
  private var suspectIDs: [UInt64: String] = [:]

  /// At most `suspectLimit` suspects are named; all are counted.
  public init(ranges: Ranges, suspectLimit: Int = 100) {
    self.ranges = ranges
    self.suspectLimit = suspectLimit
  }

  // MARK: - The three streams

  /// Takes a dead letter; `place` is the raw record that it names, nil where it names none (as a
  /// line that never became a record). A letter of `reviews.scored` names by its record's content.
  public mutating func add(letter place: AuditPlace?) {
    letterCount += 1
    guard let place else { return }
    letters.insert(place)
    unread.remove(place)
  }

  /// Takes a raw record. An empty key is no key.
  public mutating func add(raw record: AuditRecord) {
    let hash = record.key.flatMap { $0.isEmpty ? nil : Self.hash($0) }
    if let hash { entries[hash, default: Entry()].isInput = true }
    if letters.contains(record.place) { return }
    let docVersion: Int64
    let expects: Expectation
    switch record.content {
    case .unreadable:
      unread.insert(record.place)
      return
    case .review(let version): (docVersion, expects) = (version, .document)
    case .tombstone(let version): (docVersion, expects) = (version, .deletion)
    }
    guard let hash else {
      unread.insert(record.place)
      return
    }
    update(hash) { entry in
      guard entry.expects == .nothing || docVersion >= entry.docVersion else { return }
      entry.docVersion = docVersion
      entry.offset = record.place.offset
      entry.partition = record.place.partition
      entry.expects = expects
    }
  }

  /// Takes the key of a deletion that came after the records of this audit: it may have taken the document.
  public mutating func add(laterDeletion key: UnsafeRawBufferPointer) {
    entries[Self.hash(key)]?.isDeletedLater = true
  }

  /// Takes a document of the index, or what reading it again found; nil of an id that is not there.
  public mutating func add(document: AuditDocument?, id: UnsafeRawBufferPointer) {
    let hash = Self.hash(id)
    suspectIDs[hash] = nil
    lettered[hash] = nil
    guard let document else {
      update(hash) { $0.verdict = .noDocument }
      return
    }
    let verdict = judge(document, entries[hash])
    lettered[hash] =
      verdict == .extra ? document.place.flatMap { letters.contains($0) ? $0 : nil } : nil
    entries[hash, default: Entry()].verdict = verdict
    if verdict == .stale || verdict == .extra, suspectIDs.count < suspectLimit {
      suspectIDs[hash] = String(decoding: id, as: UTF8.self)
    }
  }

  /// Whether replays need to be looked for: the index has documents of records that letters name.
  public var asksForReplays: Bool { !lettered.isEmpty }

  /// Takes a record that `opine dlq replay` sent again; `place` is its raw record. Its document is no extra.
  public mutating func add(replay place: AuditPlace) { replays.insert(place) }

  private mutating func update(_ hash: UInt64, _ body: (inout Entry) -> Void) {
    body(&entries[hash, default: Entry()])
  }

  private func judge(_ document: AuditDocument, _ entry: Entry?) -> Verdict {
    guard let docVersion = document.docVersion, let place = document.place else { return .extra }
    let isInRaw = ranges[place.partition]?.contains(place.offset) == true
    let entry = entry ?? Entry()
    let isBelow = (docVersion, place.offset) < (entry.docVersion, entry.offset)
    switch entry.expects {
    case .document where isBelow: return .stale
    case .deletion where isBelow:
      // The index forgets deletions after a while; what is older and came later may be back.
      let cameLater = place.partition == entry.partition && place.offset > entry.offset
      return cameLater ? (isInRaw ? .revived : .outside) : .extra
    case .document: return isInRaw ? .right : .outside
    case .deletion, .nothing: return isInRaw ? .extra : .outside
    }
  }

  private static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    Hash64.mixed(Hash64.fnv1a(key))
  }

  // MARK: - The judgement

  /// What the streams given so far amount to.
  public var result: AuditResult {
    var result = AuditResult()
    result.deadLetters = letterCount
    result.missing = unread.count
    var suspects: [AuditSuspect] = unread.sorted().prefix(suspectLimit).map {
      AuditSuspect(reason: .unreadable, id: nil, place: $0)
    }
    for (hash, entry) in entries {
      if entry.isInput { result.input += 1 }
      if entry.verdict != .noDocument { result.indexed += 1 }
      let reason: AuditSuspect.Reason
      switch entry.verdict {
      case .noDocument:
        guard entry.expects == .document, !entry.isDeletedLater else { continue }
        result.missing += 1
        reason = .missing
      case .right: continue
      case .outside:
        result.outside += 1
        continue
      case .revived:
        result.revived += 1
        continue
      case .stale:
        result.stale += 1
        reason = .stale
      case .extra:
        if let place = lettered[hash], replays.contains(place) {
          result.replayed += 1
          continue
        }
        result.extra += 1
        reason = .extra
      }
      // A document can be read again only by its id.
      guard suspects.count < suspectLimit, reason == .missing || suspectIDs[hash] != nil else {
        continue
      }
      let place =
        entry.expects == .nothing
        ? nil : AuditPlace(partition: entry.partition, offset: entry.offset)
      suspects.append(AuditSuspect(reason: reason, id: suspectIDs[hash], place: place))
    }
    result.suspects = suspects.sorted()
    return result
  }
}
