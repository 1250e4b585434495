import Reviews
import Testing

@testable import Enrich

@Suite struct LinearModelTests {
  @Test func theBuiltInModelTellsGoodFromBad() throws {
    let model = try LinearModel.builtIn()
    #expect(model.name == ModelName(id: "linear", version: "1"))
    #expect(model.score("Great food and friendly staff, we loved it!").label == .positive)
    #expect(model.score("Terrible service. The worst meal I ever had.").label == .negative)
    #expect(model.score("The food was not good.").label == .negative)
  }

  @Test(arguments: ["", " ", "...", "Delivered on Tuesday.", "Table for two.", "Стол"])
  func aTextThatSaysNothingIsNeutral(text: String) throws {
    let sentiment = try LinearModel.builtIn().score(text)
    #expect(sentiment.label == .neutral)
    #expect(abs(sentiment.score) < 0.35)
  }

  @Test func aTextWithoutFeaturesScoresExactlyZero() throws {
    let sentiment = try LinearModel.builtIn().score(" - ")
    #expect(sentiment.score == 0)
    #expect(sentiment.pNegative == sentiment.pPositive)
    #expect(sentiment.wordCount == 0)
  }

  @Test func probabilitiesAddToOneAndTheLabelIsTheLargest() throws {
    let model = try LinearModel.builtIn()
    for text in [
      "", "good", "bad", "ok", "not bad at all", "It was ok, but the wait was long.",
      String(repeating: "perfect wonderful excellent. ", count: 50),
      String(repeating: "awful, horrible! worst. ", count: 50),
    ] {
      let it = model.score(text)
      #expect(abs(it.pNegative + it.pNeutral + it.pPositive - 1) < 1e-12)
      #expect(it.confidence == max(it.pNegative, it.pNeutral, it.pPositive), "\(text)")
      #expect(abs(it.score - (it.pPositive - it.pNegative)) < 1e-12)
      #expect((-1...1).contains(it.score))
    }
  }

  @Test func extremeWeightsStayFinite() {
    let weights = LinearWeights(
      bits: 10, scale: 1e30, band: 20, version: "x", weights: Array(repeating: 127, count: 1024))
    let sentiment = LinearModel(weights).score("one two three")
    #expect(sentiment.pPositive.isFinite && sentiment.pNegative.isFinite)
    #expect(sentiment.label == .positive)
  }

  // MARK: - The file

  static let small = LinearWeights(
    bits: 10, scale: 0.5, band: 0.25, version: "test 1", weights: (0..<1024).map { Int8($0 % 128) })

  static func read(_ bytes: [UInt8]) throws(ModelFileError) -> LinearWeights {
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(ModelFileError) in try LinearWeights(reading: raw) }
    }
    return try result.get()
  }

  @Test func aModelComesBackFromItsFile() throws {
    #expect(try Self.read(Self.small.serialized()) == Self.small)
  }

  @Test func brokenFilesAreRefusedWithTheirReason() {
    let good = Self.small.serialized()
    func changed(_ offset: Int, _ byte: UInt8) -> [UInt8] {
      var bytes = good
      bytes[offset] = byte
      return bytes
    }
    #expect(throws: ModelFileError.notAModel) { try Self.read([]) }
    #expect(throws: ModelFileError.notAModel) { try Self.read(Array(good.prefix(47))) }
    #expect(throws: ModelFileError.notAModel) { try Self.read(changed(0, 0)) }
    #expect(throws: ModelFileError.unknownFormat(2)) { try Self.read(changed(8, 2)) }
    #expect(throws: ModelFileError.badHeader("size")) { try Self.read(changed(12, 63)) }
    #expect(throws: ModelFileError.wrongSize(expected: 1072, actual: 1071)) {
      try Self.read(Array(good.dropLast()))
    }
    #expect(throws: ModelFileError.wrongSize(expected: 1072, actual: 1073)) {
      try Self.read(good + [0])
    }
    #expect(throws: ModelFileError.damaged) { try Self.read(changed(18, 9)) }
    #expect(throws: ModelFileError.damaged) { try Self.read(changed(1000, 200)) }
    let endless = LinearWeights(
      bits: 10, scale: .infinity, band: 0, version: "", weights: Self.small.weights)
    #expect(throws: ModelFileError.badHeader("scale")) { try Self.read(endless.serialized()) }
    let wide = LinearWeights(
      bits: 10, scale: 1, band: -1, version: "", weights: Self.small.weights)
    #expect(throws: ModelFileError.badHeader("band")) { try Self.read(wide.serialized()) }
  }

  @Test func aFileThatIsNotThereIsUnreadable() {
    #expect(throws: ModelFileError.self) { try LinearWeights(file: "/nowhere/linear.model") }
  }
}
