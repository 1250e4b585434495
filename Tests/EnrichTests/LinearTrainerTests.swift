import Foundation
import Reviews
import Testing

@testable import Enrich

@Suite struct LinearTrainerTests {
  /// Made-up rows whose words tell their label.
  static func rows(_ count: Int) -> [(text: String, label: Int)] {
    let good = ["lovely", "superb", "tasty", "kind", "clean"]
    let bad = ["nasty", "stale", "rude", "dirty", "cold"]
    return (0..<count).map { number in
      let label = [1, -1, 1, -1, 0][number % 5]
      let first = label >= 0 ? good[number / 5 % 5] : bad[number / 5 % 5]
      let second = label > 0 ? good[number / 7 % 5] : bad[number / 7 % 5]
      return ("the room was \(first) and the meal \(second) on day \(number % 31)", label)
    }
  }

  static func trained(_ count: Int, seed: UInt64 = 1) -> LinearWeights {
    var settings = TrainingSettings()
    settings.bits = 14
    settings.seed = seed
    var trainer = LinearTrainer(settings)
    for row in rows(count) {
      var text = row.text
      text.withUTF8 { trainer.add(UnsafeRawBufferPointer($0), label: row.label, domain: "d") }
    }
    return trainer.train().weights
  }

  @Test func theSameRowsGiveTheSameFile() {
    #expect(Self.trained(500).serialized() == Self.trained(500).serialized())
  }

  @Test func learnsWhatTheWordsTell() {
    let model = LinearModel(Self.trained(1000))
    #expect(model.score("a lovely and superb place").label == .positive)
    #expect(model.score("rude and dirty").label == .negative)
    #expect(model.score("the room on day 3").label == .neutral)
    #expect(model.weights.band > 0)
  }

  @Test func withoutRowsAModelIsNeutral() {
    let model = LinearModel(LinearTrainer().train().weights)
    #expect(model.score("great").score == 0)
  }

  @Test func rowsAreReadFromEveryFormat() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "opine-rows-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let json = """
      {"label": 1, "domain": "shop", "text": "good"}

      {"label": -1, "text": "bad\\nthing", "stars": 1}
      {"label": 0, "text": "so so"}
      """
    let lines = folder.appending(path: "mine.jsonl")
    try json.write(to: lines, atomically: true, encoding: .utf8)
    #expect(
      try Self.read(lines.path) == ["shop 1 good", "mine -1 bad\nthing", "mine 0 so so"])

    let table = folder.appending(path: "table.v1.tsv")
    try "1\tgood\n-1\tbad\ttab\n".write(to: table, atomically: true, encoding: .utf8)
    #expect(try Self.read(table.path) == ["table 1 good", "table -1 bad\ttab"])

    for packer in ["gzip", "xz"] {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [packer, "-k", lines.path]
      try process.run()
      process.waitUntilExit()
    }
    #expect(try Self.read(lines.path + ".gz") == Self.read(lines.path))
    #expect(try Self.read(lines.path + ".xz") == Self.read(lines.path))
  }

  private static func read(_ path: String) throws -> [String] {
    var rows: [String] = []
    try LabelledFile(path).forEachRow { row in
      rows.append("\(row.domain) \(row.label) \(String(decoding: row.text, as: UTF8.self))")
    }
    return rows
  }

  @Test func aBadLineIsNamedByItsNumber() throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "opine-\(UInt64.random(in: 0 ... .max)).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    for bad in [#"{"text":"a"}"#, #"{"text":"a","label":2}"#, #"{"label":1}"#, "x"] {
      try "{\"text\":\"a\",\"label\":1}\n\(bad)".write(
        toFile: path, atomically: true, encoding: .utf8)
      #expect(throws: LabelledFileError.badLine(path: path, line: 2)) { try Self.read(path) }
    }
    #expect(throws: LabelledFileError.self) { try Self.read("/nowhere.jsonl") }
  }

  @Test func evaluationCountsLabelsAndSigns() throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "opine-\(UInt64.random(in: 0 ... .max)).tsv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "1\tyes\n1\tno\n-1\tno\n0\tnone\n".write(toFile: path, atomically: true, encoding: .utf8)
    let found = try ModelEvaluation.run(Fake(), on: [LabelledFile(path)])
    #expect(found.rows == 4)
    #expect(found.accuracy == 0.75)
    #expect(abs(found.binaryAccuracy - 2.0 / 3) < 1e-12)
    // F1: positive 2/3, negative 2/3, neutral 1.
    #expect(abs(found.macroF1 - 7.0 / 9) < 1e-12)
  }

  private final class Fake: SentimentModel {
    let name = ModelName(id: "fake", version: "0")
    func score(_ text: UnsafeRawBufferPointer) -> Sentiment {
      let score = text.count == 3 ? 1.0 : text.count == 2 ? -1 : 0
      return Sentiment(
        label: score > 0 ? .positive : score < 0 ? .negative : .neutral, score: score,
        pNegative: 0, pNeutral: 0, pPositive: 1, wordCount: 1)
    }
  }
}
