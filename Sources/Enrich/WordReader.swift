import Bytes

/// Reads a text's words as hashes, from left to right; see `TextFeatures` for what a word is.
struct WordReader {
  enum Item {
    case word(UInt64, negates: Bool)
    /// A run of `!` and `?`, of which length 3 stands for all beyond; ends the segment.
    case exclamation(UInt64)
    case segmentEnd
    case end
  }

  private let bytes: UnsafeRawBufferPointer
  private let folding = ByteClass.table
  private var at = 0
  private var start = 0

  /// Where the last word or run of marks stood, in bytes.
  var range: Range<Int> { start..<at }

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  @inline(__always)
  mutating func next() -> Item {
    while at < bytes.count {
      switch byteClass(at) {
      case ByteClass.space, ByteClass.apostrophe: at &+= 1
      case ByteClass.stop:
        at &+= 1
        return .segmentEnd
      case ByteClass.exclamation: return exclamation()
      case ByteClass.e2:
        switch punctuation(at) {
        case ByteClass.apostrophe: at &+= 3
        case ByteClass.stop:
          at &+= 3
          return .segmentEnd
        default: return word()
        }
      default: return word()
      }
    }
    return .end
  }

  @inline(__always) private func byteClass(_ index: Int) -> UInt8 { folding[Int(bytes[index])] }

  private mutating func exclamation() -> Item {
    var hash = Self.fnvStart
    var length = 0
    start = at
    while at < bytes.count, byteClass(at) == ByteClass.exclamation {
      if length < 3 { hash = Self.fnv(hash, bytes[at]) }
      length &+= 1
      at &+= 1
    }
    return .exclamation(hash)
  }

  @inline(__always)
  private mutating func word() -> Item {
    var hash = Self.fnvStart
    start = at
    // The last four bytes, of which three tell a letter's run and the end on n't.
    var tail: UInt32 = 0
    while at < bytes.count {
      var byte = byteClass(at)
      var width = 1
      if byte < ByteClass.firstOfWords {
        if byte == ByteClass.e2 {
          byte = punctuation(at)
          width = byte == 0xe2 ? 1 : 3
        }
        if byte == ByteClass.apostrophe {
          // Inside a word only.
          guard at &+ width < bytes.count, byteClass(at &+ width) >= ByteClass.firstOfWords else {
            break
          }
          byte = UInt8(ascii: "'")
        } else if byte != 0xe2 {
          break
        }
      }
      at &+= width
      let run = UInt32(byte) &* 0x0101
      if tail & 0xffff == run && byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") { continue }
      tail = tail &<< 8 | UInt32(byte)
      hash = Self.fnv(hash, byte)
    }
    let negates = tail & 0xff_ffff == 0x6e_2774 || Negations.shared.contains(hash)
    return .word(hash, negates: negates)
  }

  /// What begins at an E2 byte: a curly apostrophe, a dash or other stop, or part of a word.
  private func punctuation(_ index: Int) -> UInt8 {
    guard index &+ 2 < bytes.count, bytes[index &+ 1] == 0x80 else { return 0xe2 }
    switch bytes[index &+ 2] {
    case 0x98, 0x99: return ByteClass.apostrophe
    case 0x93, 0x94, 0xa6, 0x9c, 0x9d: return ByteClass.stop
    default: return 0xe2
    }
  }

  static let fnvStart: UInt64 = 0xcbf2_9ce4_8422_2325
  @inline(__always) static func fnv(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }
}

/// For each byte its lower case in a word, or below `firstOfWords` what else it is.
enum ByteClass {
  static let space: UInt8 = 0
  /// May begin punctuation of the General Punctuation block.
  static let e2: UInt8 = 1
  static let apostrophe: UInt8 = 2
  static let stop: UInt8 = 3
  static let exclamation: UInt8 = 4
  static let firstOfWords = UInt8(ascii: "'")

  /// Never freed, and never written after it was made.
  nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    table.initialize(repeating: space, count: 256)
    for byte in UInt8(ascii: "a")...UInt8(ascii: "z") {
      table[Int(byte)] = byte
      table[Int(byte - 32)] = byte
    }
    for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { table[Int(byte)] = byte }
    for byte in 0x80...0xff { table[byte] = UInt8(byte) }
    for byte in ".,;:()\"\n".utf8 { table[Int(byte)] = stop }
    for byte in "!?".utf8 { table[Int(byte)] = exclamation }
    table[Int(UInt8(ascii: "'"))] = apostrophe
    table[0xe2] = e2
    return UnsafePointer(table)
  }()
}

/// The words behind which meaning turns round, beside all that end on n't.
struct Negations: Sendable {
  static let shared = Negations()

  private let hashes: [UInt64]
  /// Bit n is set where the low six bits of some hash are n: most words are none by this alone.
  private let filter: UInt64

  private init() {
    let words = [
      "not", "no", "nor", "never", "none", "nothing", "nobody", "neither", "without", "cannot",
      "hardly", "barely", "dont", "cant", "wont", "aint",
    ]
    hashes = words.map { word in word.utf8.reduce(WordReader.fnvStart, WordReader.fnv) }
    filter = hashes.reduce(0) { $0 | 1 << ($1 & 63) }
  }

  @inline(__always) func contains(_ hash: UInt64) -> Bool {
    filter &>> (hash & 63) & 1 != 0 && hashes.contains(hash)
  }
}
