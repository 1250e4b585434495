import Testing

@testable import Enrich

@Suite struct TextFeaturesTests {
  let extractor = TextFeatures(bits: 20)

  func features(_ text: String) -> [UInt32] {
    var text = text
    return text.withUTF8 { Array(extractor.find(in: UnsafeRawBufferPointer($0)).features) }
  }

  func words(_ text: String) -> Int {
    var text = text
    return text.withUTF8 { extractor.find(in: UnsafeRawBufferPointer($0)).wordCount }
  }

  @Test func threeWordsHaveSixFeatures() {
    #expect(features("good old food").count == 6)
    #expect(words("good old food") == 3)
    #expect(features("").isEmpty)
    #expect(features(" .,-' ").isEmpty)
  }

  @Test func caseAndLongRunsOfALetterMakeNoDifference() {
    #expect(features("SOOOOO Good") == features("soo good"))
    #expect(features("so good") != features("soo good"))
    #expect(features("1000") != features("100"))
  }

  @Test func punctuationEndsASegment() {
    #expect(features("good. food").count == 2)
    for stop in [".", ",", ";", ":", "(", ")", "\"", "\n", "–", "—", "…", "“", "”"] {
      #expect(features("good \(stop) food") == features("good. food"), "\(stop)")
    }
    #expect(features("good-food") == features("good food"))
  }

  @Test func eachFeatureCountsOnce() {
    #expect(features("good. good. good") == features("good"))
  }

  @Test func exclamationsAreWordsOfThreeLengths() {
    #expect(features("!") != features("!!"))
    #expect(features("!!!") == features("!!!!!!!"))
    #expect(features("!") != features("?"))
    #expect(features("wow! yes").count == 3)
    #expect(words("wow! yes") == 2)
  }

  @Test func curlyApostrophesAreStraightOnes() {
    #expect(features("it’s 'fine'") == features("it's fine"))
    #expect(features("don‘t") == features("don't"))
    #expect(features("it's").count == 1)
  }

  @Test func threeWordsBehindANegationAreTheirOwnOpposites() {
    let plain = Set(features("one two three four"))
    let negated = Set(features("not one two three four"))
    // Three unigrams went; the pairs and triples of the plain words stay.
    #expect(plain.subtracting(negated).count == 3)
    #expect(Set(features("not. one two three four")).isSuperset(of: plain))
    for word in ["no", "isn't", "ISN’T", "dont", "hardly"] {
      #expect(plain.subtracting(features("\(word) one two three four")).count == 3, "\(word)")
    }
  }

  @Test func otherScriptsAndBrokenBytesAreWords() {
    #expect(words("очень вкусно") == 2)
    #expect(words("👍") == 1)
    #expect(words("‰") == 1)
    let broken: [UInt8] = [0xe2, 0x80, 0x20, 0xe2, 0xff]
    broken.withUnsafeBytes { #expect(extractor.find(in: $0).wordCount == 2) }
  }

  @Test func onlyTheTextDecides() {
    let first = features("The food was not good, but it's cheap!")
    _ = features("Something else in between. " + String(repeating: "a b c d ", count: 100))
    #expect(features("The food was not good, but it's cheap!") == first)
  }
}
