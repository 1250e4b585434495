import Bytes

/// Turns a text into the features of the linear model: hashed 1-, 2- and 3-grams of its words.
///
/// Words are runs of ASCII letters (lower-cased; of one more than twice in a row two are kept),
/// digits, bytes of other scripts, and apostrophes inside. Punctuation ends a segment, which no
/// n-gram crosses; a run of `!` and `?` is a word of its own. Behind a negation the next three
/// words of its segment count as their own opposites. Each feature counts once for a text, and is the low
/// bits of a 64-bit FNV-1a hash through murmur's finaliser. Changing any of this needs new weights.
///
/// Allocates only when made. Belongs to one thread.
final class TextFeatures {
  /// What a text has: its distinct features in order of appearance, valid until the next text.
  struct Found {
    let features: UnsafeBufferPointer<UInt32>
    let wordCount: Int
  }

  private let mask: UInt64
  /// One bit a feature: whether the text has it already.
  private let seen: UnsafeMutablePointer<UInt64>
  /// Room for every feature there is, so that it can't overflow; pages are only used when written.
  private let features: UnsafeMutablePointer<UInt32>
  private let seenCount: Int
  private var count = 0

  /// Features are below 2 to the `bits`, which is at least 6.
  init(bits: Int) {
    mask = (1 << UInt64(bits)) - 1
    seenCount = 1 << (bits - 6)
    seen = .allocate(capacity: seenCount)
    seen.initialize(repeating: 0, count: seenCount)
    features = .allocate(capacity: 1 << bits)
  }

  deinit {
    seen.deallocate()
    features.deallocate()
  }

  func find(in text: UnsafeRawBufferPointer) -> Found {
    let wordCount = read(text) { _, _, _ in }
    return Found(
      features: UnsafeBufferPointer(start: features, count: count), wordCount: wordCount)
  }

  /// Like `find`, and tells of each word or run of marks where it stands, in bytes, and which features
  /// came with it: its own, that with the word before, that with the two before.
  func trace(
    in text: UnsafeRawBufferPointer,
    _ note: (_ range: Range<Int>, _ features: [(feature: UInt32, words: Int)]) -> Void
  ) -> Found {
    let wordCount = read(text) { range, first, new in
      var place = first
      var found: [(feature: UInt32, words: Int)] = []
      for (words, isNew) in [(1, new.word), (2, new.pair), (3, new.triple)] where isNew {
        found.append((features[place], words))
        place += 1
      }
      note(range, found)
    }
    return Found(
      features: UnsafeBufferPointer(start: features, count: count), wordCount: wordCount)
  }

  /// Which features of a word the text did not have yet.
  private struct New {
    var word = false
    var pair = false
    var triple = false
  }

  /// Fills `features`; `note` gets each word's range, its first feature's place, and which are new.
  @inline(__always)
  private func read(
    _ text: UnsafeRawBufferPointer, _ note: (Range<Int>, Int, New) -> Void
  ) -> Int {
    for index in 0..<count { seen[Int(features[index] &>> 6)] = 0 }
    count = 0
    var segment = Segment()
    var reader = WordReader(text)
    var wordCount = 0
    while true {
      let first = count
      switch reader.next() {
      case .word(let hash, let negates):
        wordCount &+= 1
        note(reader.range, first, add(hash, negates, to: &segment))
      case .exclamation(let hash):
        note(reader.range, first, New(word: add(hash)))
        segment = Segment()
      case .segmentEnd: segment = Segment()
      case .end: return wordCount
      }
    }
  }

  /// The last words of the segment, and how many of the next ones are negated.
  private struct Segment {
    var last: UInt64 = 0
    var lastPair: UInt64 = 0
    var length = 0
    var negated = 0
  }

  @inline(__always)
  private func add(_ hash: UInt64, _ negates: Bool, to segment: inout Segment) -> New {
    var new = New()
    if negates {
      new.word = add(hash)
      segment.negated = 3
    } else if segment.negated > 0 {
      new.word = add(hash ^ 0x6e6f_745f_6e6f_745f)
      segment.negated &-= 1
    } else {
      new.word = add(hash)
    }
    if segment.length > 0 {
      let pair = Self.joined(segment.last, hash)
      new.pair = add(pair)
      if segment.length > 1 { new.triple = add(Self.joined(segment.lastPair, hash)) }
      segment.lastPair = pair
    }
    segment.last = hash
    segment.length &+= 1
    return new
  }

  @inline(__always)
  private static func joined(_ left: UInt64, _ right: UInt64) -> UInt64 {
    (left &* 0x9e37_79b9_7f4a_7c15) &+ right
  }

  @inline(__always)
  private func add(_ hash: UInt64) -> Bool {
    let feature = Hash64.mixed(hash) & mask
    let word = Int(feature &>> 6)
    let bit: UInt64 = 1 &<< (feature & 63)
    let before = seen[word]
    // Written in any case and counted only where new: no branch to mispredict.
    features[count] = UInt32(truncatingIfNeeded: feature)
    let isNew = before & bit == 0
    count &+= isNew ? 1 : 0
    seen[word] = before | bit
    return isNew
  }
}
