import Enrich
import Foundation
import Reviews

/// Prints how many texts a second one core scores: made-up reviews of 629 characters on average.
func benchmarkModel() {
  guard let model = try? LinearModel.builtIn() else {
    print("the program has no model")
    exitWithFailure()
  }
  let texts = (0..<6_000).map { SyntheticText.review(number: $0, length: 329 + $0 % 601) }
  let bytes = texts.reduce(0) { $0 + $1.count } / texts.count
  print("texts of \(bytes) bytes on average; CPU time of one thread, median of 3")
  var sum = 0.0
  measure("linear model", count: texts.count, bytes: bytes) {
    for text in texts { text.withUnsafeBytes { sum += model.score($0).score } }
  }
  print("checksum \(sum)")
}

/// Trains a model, or measures one, with the files named; for work on the model itself.
func trainModel(output: String, files: [String]) {
  do {
    let start = threadSeconds()
    var trainer = LinearTrainer()
    for file in files { try trainer.add(LabelledFile(file)) }
    print("read in \(threadSeconds() - start) s")
    let (weights, report) = trainer.train()
    try Data(weights.serialized()).write(to: URL(filePath: output))
    print("\(report)")
    print("scale \(weights.scale) band \(weights.band)")
    print("trained in \(threadSeconds() - start) s of CPU, \(peakMegabytes()) MB at most")
  } catch {
    print("\(error)")
    exitWithFailure()
  }
}

/// Prints how a model agrees with each of the files.
func evaluateModel(_ path: String, files: [String]) {
  do {
    let model = LinearModel(
      path == "builtin" ? try LinearWeights.builtIn() : try LinearWeights(file: path))
    for file in files {
      let found = try ModelEvaluation.run(model, on: [LabelledFile(file)])
      print(
        URL(filePath: file).lastPathComponent, found.rows, "accuracy", found.accuracy, "macro_f1",
        found.macroF1, "binary", found.binaryAccuracy, "binary_f1", found.binaryMacroF1)
    }
  } catch {
    print("\(error)")
    exitWithFailure()
  }
}

/// Texts with the statistics that matter for speed: words of common lengths, few repeated.
enum SyntheticText {
  private static let syllables = [
    "the", "pla", "ser", "vice", "was", "go", "od", "ter", "ri", "ble", "food", "sta", "ff", "wait",
    "no", "ti", "me", "ro", "om", "cle", "an", "great", "per", "fect", "bad", "ly", "not", "in",
    "is",
  ]

  static func review(number: Int, length: Int) -> [UInt8] {
    var state = UInt64(number) &* 0x9e37_79b9_7f4a_7c15 &+ 1
    func next(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
    var text: [UInt8] = []
    while text.count < length {
      for _ in 0...next(3) { text += syllables[next(syllables.count)].utf8 }
      text += (next(9) == 0 ? ". " : " ").utf8
    }
    return Array(text.prefix(length))
  }
}
