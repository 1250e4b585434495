import Testing

@testable import SearchServer

/// The terms are those that Lucene's analyzers gave for the same texts.
@Suite struct AnalyzerTests {
  private func terms(_ analyzer: Analyzer.Name, _ text: String) -> String {
    Analyzer(analyzer).terms(of: text).map(\.text).joined(separator: "|")
  }

  @Test(arguments: [
    ("can't O'Neil's don’t wi-fi", "can't|o'neil's|don’t|wi|fi"),
    ("1,000.50 $9.99 100% 4/5 10:30am v2.0", "1,000.50|9.99|100|4|5|10|30am|v2.0"),
    ("end.Next foo.bar U.S.A. AT&T C++", "end.next|foo.bar|u.s.a|at|t|c"),
    ("https://x.com/a?b=1 #fail foo_bar", "https|x.com|a|b|1|fail|foo_bar"),
    ("naïve ÜBER straße", "naïve|über|straße"),
    ("😀😀 👍🏽 ❤️ ok", "😀|😀|👍🏽|❤️|ok"),
    ("日本語テキスト 한국어", "日|本|語|テキスト|한국어"),
    ("__ _a_ ... --", "_a_"), ("", ""), ("great!", "great"), ("a.", "a"), ("it.'s", "it|s"),
    ("\u{1F1E9}\u{1F1EA} 👨‍👩‍👧 ©", "\u{1F1E9}\u{1F1EA}|👨‍👩‍👧|©"),
    ("™s ★ ® # 1 *", "™|s|★|®|1"),
  ])
  func standardFindsWordsAsLuceneDoes(text: String, expected: String) {
    #expect(terms(.standard, text) == expected)
  }

  @Test func englishStripsStopsAndStemsAndKeepsTheGaps() {
    let found = Analyzer(.english).terms(of: "it's its the movies' quality of it")
    #expect(found.map(\.text) == ["it", "movi", "qualiti"])
    #expect(found.map(\.position) == [1, 3, 4])
  }

  @Test(arguments: [
    ("caresses", "caress"), ("ponies", "poni"), ("cats", "cat"), ("agreed", "agre"),
    ("plastered", "plaster"), ("motoring", "motor"), ("conflated", "conflat"),
    ("hopping", "hop"), ("falling", "fall"), ("filing", "file"), ("happy", "happi"),
    ("relational", "relat"), ("conditional", "condit"), ("vietnamization", "vietnam"),
    ("electriciti", "electr"), ("hopefulness", "hope"), ("adoption", "adopt"),
    ("replacement", "replac"), ("probate", "probat"), ("controlling", "control"), ("roll", "roll"),
    ("sky", "sky"), ("generalizations", "gener"), ("oscillators", "oscil"), ("running", "run"),
  ])
  func englishStemsAsInPortersPaper(word: String, stem: String) {
    #expect(terms(.english, word) == stem)
  }

  @Test func otherAnalyzersSplitAsTheirNamesSay() {
    #expect(terms(.simple, "It's 3 O'Clock") == "it|s|o|clock")
    #expect(terms(.whitespace, " It's 3\tO'Clock ") == "It's|3|O'Clock")
    #expect(terms(.keyword, "It's 3") == "It's 3")
    #expect(terms(.stop, "The Cat and IT") == "cat")
  }

  @Test func rangesAreBytesOfTheText() {
    let text = "Café déjà-vu"
    let found = Analyzer(.standard).terms(of: text)
    let utf8 = Array(text.utf8)
    #expect(
      found.map { String(decoding: utf8[$0.range], as: UTF8.self) } == ["Café", "déjà", "vu"])
  }

  @Test func anOverlongWordIsCutAt255Characters() {
    let found = Analyzer(.standard).terms(of: String(repeating: "x", count: 300))
    #expect(found.map(\.text.count) == [255, 45])
  }
}
