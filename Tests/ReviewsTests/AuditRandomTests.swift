import Reviews
import Scheduling
import Testing

/// Random histories, judged by the audit and by a model that keeps everything.
@Suite struct AuditRandomTests {
  struct Raw {
    let key: Int
    let place: AuditPlace
    let version: Int64
    let isTombstone: Bool
  }

  static let ranges: Audit.Ranges = [0: 3..<40, 1: 0..<40]

  /// The rules, word by word, over lists.
  static func naive(
    _ raw: [Raw], _ letters: Set<AuditPlace>, _ documents: [Int: (Int64, AuditPlace)]
  ) -> [Int] {
    var missing = 0, stale = 0, extra = 0, outside = 0, revived = 0
    for key in Set(raw.map(\.key)).union(documents.keys) {
      let newest = raw.filter { $0.key == key && !letters.contains($0.place) }
        .max { ($0.version, $0.place.offset) < ($1.version, $1.place.offset) }
      guard let (version, place) = documents[key] else {
        if let newest, !newest.isTombstone { missing += 1 }
        continue
      }
      let isInRaw = ranges[place.partition]!.contains(place.offset)
      let isBelow = newest.map { (version, place.offset) < ($0.version, $0.place.offset) } ?? false
      if let newest, newest.isTombstone, isBelow {
        if place.offset < newest.place.offset {
          extra += 1
        } else if isInRaw {
          revived += 1
        } else {
          outside += 1
        }
      } else if isBelow {
        stale += 1
      } else if !isInRaw {
        outside += 1
      } else if newest == nil || newest!.isTombstone {
        extra += 1
      }
    }
    let input = Set(raw.map(\.key)).count
    return [input, documents.count, missing, stale, extra, outside, revived]
  }

  @Test func agreesWithTheNaiveModelOnRandomHistories() {
    let seed = UInt64.random(in: 0 ... .max)
    for round in 0..<400 {
      var random = SeededGenerator(seed: seed &+ UInt64(round))
      let keys = Int.random(in: 1...12, using: &random)
      var raw: [Raw] = []
      var letters: Set<AuditPlace> = []
      for (partition, range) in Self.ranges.sorted(by: { $0.key < $1.key }) {
        for offset in range where Bool.random(using: &random) {
          // A key keeps to its partition.
          let key = Int.random(in: 0..<keys, using: &random) * 2 + Int(partition)
          let place = AuditPlace(partition: partition, offset: offset)
          raw.append(
            Raw(
              key: key, place: place, version: .random(in: 0...9, using: &random),
              isTombstone: Int.random(in: 0..<4, using: &random) == 0))
          if Int.random(in: 0..<6, using: &random) == 0 { letters.insert(place) }
        }
      }
      var documents: [Int: (Int64, AuditPlace)] = [:]
      for key in 0..<(keys * 2) where Int.random(in: 0..<4, using: &random) > 0 {
        let own = raw.filter { $0.key == key }.randomElement(using: &random)
        let place = AuditPlace(
          partition: Int32(key % 2), offset: .random(in: 0..<45, using: &random))
        documents[key] =
          own.map { ($0.version, $0.place) } ?? (.random(in: 0...9, using: &random), place)
      }
      var it = AuditTests.Case()
      it.audit = Audit(ranges: Self.ranges)
      for place in letters { it.audit.add(letter: place) }
      for each in raw {
        let content: AuditRecord.Content =
          each.isTombstone
          ? .tombstone(docVersion: each.version) : .review(docVersion: each.version)
        it.add("key-\(each.key)", each.place.offset, each.place.partition, content)
      }
      for (key, (version, place)) in documents {
        it.document("key-\(key)", place.offset, version, partition: place.partition)
      }
      #expect(it.counts == Self.naive(raw, letters, documents), "seed \(seed) round \(round)")
    }
  }
}
