import Reviews
import Testing

@Suite struct AuditTests {
  /// An audit with all offsets from 0 to 99 of partitions 0 and 1, and short ways to feed it.
  struct Case {
    var audit = Audit(ranges: [0: 0..<100, 1: 0..<100])

    mutating func review(_ key: String?, _ offset: Int64, _ version: Int64, partition: Int32 = 0) {
      add(key, offset, partition, .review(docVersion: version))
    }
    mutating func tombstone(_ key: String, _ offset: Int64, _ version: Int64) {
      add(key, offset, 0, .tombstone(docVersion: version))
    }
    mutating func add(
      _ key: String?, _ offset: Int64, _ partition: Int32, _ content: AuditRecord.Content
    ) {
      let place = AuditPlace(partition: partition, offset: offset)
      guard var key else { return audit.add(raw: .init(key: nil, place: place, content: content)) }
      key.withUTF8 { bytes in
        audit.add(raw: .init(key: UnsafeRawBufferPointer(bytes), place: place, content: content))
      }
    }
    mutating func letter(_ offset: Int64) {
      audit.add(letter: AuditPlace(partition: 0, offset: offset))
    }
    mutating func laterDeletion(_ key: String) {
      var key = key
      key.withUTF8 { audit.add(laterDeletion: UnsafeRawBufferPointer($0)) }
    }
    mutating func document(
      _ id: String, _ offset: Int64?, _ version: Int64?, partition: Int32 = 0
    ) {
      let place = offset.map { AuditPlace(partition: partition, offset: $0) }
      put(id, AuditDocument(docVersion: version, place: place))
    }
    mutating func put(_ id: String, _ document: AuditDocument?) {
      var id = id
      id.withUTF8 { audit.add(document: document, id: UnsafeRawBufferPointer($0)) }
    }
    var result: AuditResult { audit.result }
    /// input, indexed, missing, stale, extra, outside, revived
    var counts: [Int] {
      let it = audit.result
      return [it.input, it.indexed, it.missing, it.stale, it.extra, it.outside, it.revived]
    }
  }

  @Test func nothingIsBalanced() {
    #expect(Case().result.isBalanced)
    #expect(Case().counts == [0, 0, 0, 0, 0, 0, 0])
  }

  @Test func aDeletionThatCameDuringTheAuditExcusesAMissingDocument() {
    var it = Case()
    it.review("a", 1, 10)
    it.review("b", 2, 10)
    it.laterDeletion("a")
    it.laterDeletion("c")
    #expect(it.result.suspects.map(\.place) == [AuditPlace(partition: 0, offset: 2)])
    #expect(it.counts == [2, 0, 1, 0, 0, 0, 0])
  }

  @Test func theDocumentOfALetterIsExtraUnlessItWasReplayed() {
    var it = Case()
    it.letter(1)
    it.letter(2)
    it.review("alone", 1, 10)
    it.review("never", 2, 10)
    it.document("alone", 1, 10)
    #expect(it.result.extra == 1)
    #expect(it.audit.asksForReplays)
    it.audit.add(replay: AuditPlace(partition: 0, offset: 1))
    #expect(it.result.extra == 0)
    #expect(it.result.replayed == 1)
    #expect(it.result.isBalanced)
  }

  @Test func everyKeyWithItsNewestDocumentIsBalanced() {
    var it = Case()
    it.review("a", 1, 10)
    it.review("b", 2, 10)
    it.review("a", 3, 20)
    it.document("a", 3, 20)
    it.document("b", 2, 10)
    #expect(it.counts == [2, 2, 0, 0, 0, 0, 0])
    #expect(it.result.isBalanced)
  }

  @Test func aKeyWithoutDocumentIsMissingAndItsRecordNamed() {
    var it = Case()
    it.review("a", 7, 10, partition: 1)
    #expect(it.counts == [1, 0, 1, 0, 0, 0, 0])
    #expect(!it.result.isBalanced)
    let place = AuditPlace(partition: 1, offset: 7)
    #expect(it.result.suspects.map(\.reason) == [.missing])
    #expect(it.result.suspects.first?.place == place)
  }

  @Test func theNewestIsByVersionThenByArrival() {
    var it = Case()
    it.review("a", 1, 30)
    it.review("a", 2, 20)
    it.review("b", 3, 20)
    it.review("b", 4, 20)
    it.document("a", 1, 30)
    it.document("b", 3, 20)
    #expect(it.counts == [2, 2, 0, 1, 0, 0, 0])
    #expect(it.result.suspects.first?.id == "b")
    #expect(it.result.suspects.first?.place?.offset == 4)
  }

  @Test func aRecordNamedByALetterIsNotExpected() {
    var it = Case()
    it.letter(2)
    it.letter(3)
    it.audit.add(letter: nil)
    it.review("a", 1, 10)
    it.review("a", 2, 20)
    it.review("b", 3, 20)
    it.document("a", 1, 10)
    #expect(it.counts == [2, 1, 0, 0, 0, 0, 0])
    #expect(it.result.deadLetters == 3)
  }

  @Test func aDocumentOfADeadLetterIsExtra() {
    var it = Case()
    it.letter(3)
    it.review("b", 3, 20)
    it.document("b", 3, 20)
    #expect(it.counts == [1, 1, 0, 0, 1, 0, 0])
  }

  @Test func whatCannotBeReadIsMissingUnlessALetterNamesIt() {
    var it = Case()
    it.letter(1)
    it.add("a", 1, 0, .unreadable)
    it.add("b", 2, 0, .unreadable)
    it.add(nil, 3, 0, .review(docVersion: 3))
    it.add("", 4, 0, .review(docVersion: 3))
    #expect(it.counts == [2, 0, 3, 0, 0, 0, 0])
    #expect(it.result.suspects.map(\.reason) == [.unreadable, .unreadable, .unreadable])
    for offset: Int64 in 2...4 { it.letter(offset) }
    #expect(it.result.isBalanced)
  }

  @Test func aNewestTombstoneExpectsNoDocument() {
    var it = Case()
    it.review("a", 1, 10)
    it.tombstone("a", 2, 20)
    #expect(it.result.isBalanced)
    it.document("a", 1, 10)
    #expect(it.counts == [1, 1, 0, 0, 1, 0, 0])
  }

  @Test func aReviewNewerThanTheTombstoneIsExpected() {
    var it = Case()
    it.tombstone("a", 1, 20)
    it.review("a", 2, 30)
    it.review("b", 3, 50)
    it.tombstone("b", 4, 40)
    #expect(it.counts == [2, 0, 2, 0, 0, 0, 0])
    it.document("a", 2, 30)
    it.document("b", 3, 50)
    #expect(it.result.isBalanced)
  }

  @Test func anOlderReviewThatCameAfterTheDeletionMayBeThereOrNot() {
    var it = Case()
    it.tombstone("a", 1, 20)
    it.review("a", 2, 10)
    #expect(it.counts == [1, 0, 0, 0, 0, 0, 0])
    it.document("a", 2, 10)
    #expect(it.counts == [1, 1, 0, 0, 0, 0, 1])
    #expect(it.result.isBalanced)
  }

  @Test func aDeletionOfTheSameTimeThatCameLaterWins() {
    var it = Case()
    it.review("a", 1, 10)
    it.tombstone("a", 2, 10)
    it.document("a", 1, 10)
    #expect(it.counts == [1, 1, 0, 0, 1, 0, 0])
  }

  @Test func aDocumentFromOffsetsThatRawHasNoMoreIsOutside() {
    var it = Case()
    it.audit = Audit(ranges: [0: 50..<100])
    it.document("old", 10, 5)
    it.document("beyond", 100, 5)
    it.document("elsewhere", 60, 5, partition: 7)
    it.review("edited", 60, 5)
    it.document("edited", 10, 9)
    #expect(it.counts == [1, 4, 0, 0, 0, 4, 0])
    #expect(it.result.isBalanced)
  }

  @Test func whatIsOutsideButOlderThanRawKnowsIsJudged() {
    var it = Case()
    it.audit = Audit(ranges: [0: 50..<100])
    it.review("a", 60, 9)
    it.tombstone("b", 61, 9)
    it.document("a", 10, 5)
    it.document("b", 11, 5)
    #expect(it.counts == [2, 2, 0, 1, 1, 0, 0])
  }

  @Test func aDocumentWithoutRecordOrCoordinatesIsExtra() {
    var it = Case()
    it.review("a", 1, 10)
    it.document("a", nil, 10)
    it.document("b", 5, 10)
    it.document("c", 5, nil)
    #expect(it.counts == [1, 3, 0, 0, 3, 0, 0])
    #expect(it.result.suspects.map(\.id) == ["a", "b", "c"])
  }

  @Test func aSuspectReadAgainCountsAsFoundThen() {
    var it = Case()
    it.review("a", 1, 10)
    it.review("a", 2, 20)
    it.document("a", 1, 10)
    it.document("b", 5, 10)
    #expect(it.counts == [1, 2, 0, 1, 1, 0, 0])
    it.document("a", 2, 20)
    it.put("b", nil)
    #expect(it.counts == [1, 1, 0, 0, 0, 0, 0])
    it.put("a", nil)
    #expect(it.counts == [1, 0, 1, 0, 0, 0, 0])
  }

  @Test func onlySoManySuspectsAreNamedButAllCounted() {
    var it = Case()
    it.audit = Audit(ranges: [0: 0..<100], suspectLimit: 3)
    for offset: Int64 in 0..<50 { it.review("k\(offset)", offset, 1) }
    #expect(it.result.missing == 50)
    #expect(it.result.suspects.count == 3)
  }

  @Test func pendingRecordsUnbalance() {
    var result = Case().result
    result.pending = 1
    #expect(!result.isBalanced)
  }
}
