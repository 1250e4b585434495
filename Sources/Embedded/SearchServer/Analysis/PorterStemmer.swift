/// The stemmer of Martin Porter's paper "An algorithm for suffix stripping" (1980), in the form of
/// his reference program, which Lucene's `PorterStemFilter` follows.
struct PorterStemmer {
  /// Shortens an English word, given in lower case UTF-8, to its stem.
  static func stem(_ term: inout [UInt8]) {
    guard term.count > 2 else { return }
    if term.allSatisfy({ $0 < 0x80 }) {
      var stemmer = PorterStemmer(word: term)
      stemmer.run()
      term = stemmer.word
      return
    }
    // Endings are ASCII: other letters stand for themselves, one place each, as consonants.
    let scalars = Array(String(decoding: term, as: UTF8.self).unicodeScalars)
    guard scalars.count > 2 else { return }
    var stemmer = PorterStemmer(word: scalars.map { $0.isASCII ? UInt8($0.value) : 0xff })
    stemmer.run()
    var stem = String.UnicodeScalarView()
    for (place, byte) in stemmer.word.enumerated() {
      stem.append(byte == 0xff ? scalars[place] : Unicode.Scalar(byte))
    }
    term = Array(String(stem).utf8)
  }

  private var word: [UInt8]
  /// Length of what stands before the ending last looked for.
  private var stemLength = 0

  private init(word: [UInt8]) { self.word = word }

  private mutating func run() {
    step1ab()
    if word.count > 1 {
      step1c()
      step2()
      step3()
      step4()
      step5()
    }
  }

  // MARK: What a word is made of

  private func isConsonant(_ place: Int) -> Bool {
    switch word[place] {
    case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"),
      UInt8(ascii: "u"):
      return false
    case UInt8(ascii: "y"): return place == 0 || !isConsonant(place - 1)
    default: return true
    }
  }

  /// How often a consonant follows a vowel in the stem: the paper's m.
  private var measure: Int {
    var count = 0
    var afterVowel = false
    for place in 0..<stemLength {
      if isConsonant(place) {
        if afterVowel { count += 1 }
        afterVowel = false
      } else {
        afterVowel = true
      }
    }
    return count
  }

  private var stemHasVowel: Bool { (0..<stemLength).contains { !isConsonant($0) } }

  private func endsInDouble(_ end: Int) -> Bool {
    end >= 1 && word[end] == word[end - 1] && isConsonant(end)
  }

  /// Consonant, vowel, consonant up to `end`, the last not w, x or y: as in hop, not in snow.
  private func isShort(_ end: Int) -> Bool {
    guard end >= 2, isConsonant(end), !isConsonant(end - 1), isConsonant(end - 2) else {
      return false
    }
    return ![UInt8(ascii: "w"), UInt8(ascii: "x"), UInt8(ascii: "y")].contains(word[end])
  }

  // MARK: Endings

  private mutating func ends(_ suffix: StaticString) -> Bool {
    let count = suffix.utf8CodeUnitCount
    // Most endings differ in their last letter.
    guard word.count >= count, word[word.count - 1] == suffix.utf8Start[count - 1] else {
      return false
    }
    let start = word.count - count
    for index in 0..<count - 1 where word[start + index] != suffix.utf8Start[index] { return false }
    stemLength = start
    return true
  }

  private mutating func setEnding(_ text: StaticString) {
    word.removeLast(word.count - stemLength)
    word.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Replaces the first ending that fits, if the stem is long enough.
  private mutating func replace(_ rules: [(StaticString, StaticString)]) {
    for (suffix, ending) in rules where ends(suffix) {
      if measure > 0 { setEnding(ending) }
      return
    }
  }

  // MARK: Steps

  private mutating func step1ab() {
    if word.last == UInt8(ascii: "s") {
      if ends("sses") {
        word.removeLast(2)
      } else if ends("ies") {
        setEnding("i")
      } else if word.count >= 2, word[word.count - 2] != UInt8(ascii: "s") {
        word.removeLast()
      }
    }
    if ends("eed") {
      if measure > 0 { word.removeLast() }
    } else if (ends("ed") || ends("ing")) && stemHasVowel {
      word.removeLast(word.count - stemLength)
      if ends("at") {
        word.append(UInt8(ascii: "e"))
      } else if ends("bl") || ends("iz") {
        word.append(UInt8(ascii: "e"))
      } else if endsInDouble(word.count - 1) {
        let last = word[word.count - 1]
        if ![UInt8(ascii: "l"), UInt8(ascii: "s"), UInt8(ascii: "z")].contains(last) {
          word.removeLast()
        }
      } else {
        stemLength = word.count
        if measure == 1 && isShort(word.count - 1) { word.append(UInt8(ascii: "e")) }
      }
    }
  }

  private mutating func step1c() {
    if ends("y") && stemHasVowel { word[word.count - 1] = UInt8(ascii: "i") }
  }

  private static let rules2: [(StaticString, StaticString)] = [
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
    ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
    ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
    ("logi", "log"),
  ]
  private static let rules3: [(StaticString, StaticString)] = [
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"),
    ("ful", ""), ("ness", ""),
  ]
  private static let endings4: [StaticString] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
  ]

  private mutating func step2() {
    // Every ending has one of these letters as its last.
    switch word[word.count - 1] {
    case UInt8(ascii: "l"), UInt8(ascii: "i"), UInt8(ascii: "r"), UInt8(ascii: "n"),
      UInt8(ascii: "m"), UInt8(ascii: "s"):
      break
    default: return
    }
    replace(Self.rules2)
  }

  private mutating func step3() { replace(Self.rules3) }

  private mutating func step4() {
    for ending in Self.endings4 where ends(ending) {
      if ending.utf8CodeUnitCount == 3, ends("ion") {
        guard stemLength > 0 else { return }
        let before = word[stemLength - 1]
        guard before == UInt8(ascii: "s") || before == UInt8(ascii: "t") else { return }
      }
      if measure > 1 { word.removeLast(word.count - stemLength) }
      return
    }
  }

  private mutating func step5() {
    if word.last == UInt8(ascii: "e") {
      stemLength = word.count - 1
      let measure = measure
      if measure > 1 || measure == 1 && !isShort(word.count - 2) { word.removeLast() }
    }
    stemLength = word.count - 1
    if word.last == UInt8(ascii: "l"), endsInDouble(word.count - 1) {
      stemLength = word.count
      if measure > 1 { word.removeLast() }
    }
  }
}
