import CMappings
import Foundation
import Ingest
import JSON
import Testing

/// `samples/reviews.jsonl`, as demo and newcomers meet it.
struct SampleReviewsTests {
  static let path = URL(filePath: #filePath)
    .appending(path: "../../../samples/reviews.jsonl").standardized.path

  private static func lines() throws -> [JSONValue] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      try JSONValue.parse(String($0))
    }
  }

  @Test("the program holds the file byte for byte")
  func embedded() throws {
    let file = try Data(contentsOf: URL(filePath: Self.path))
    let held = Data(bytes: opine_sample_reviews(), count: opine_sample_reviews_size())
    #expect(held == file)
  }

  @Test("ingest accepts every line, and the times order the versions of a review")
  func ingestible() throws {
    var parser = LineParser()
    var versions: [String: [Int64]] = [:]
    let file = try Data(contentsOf: URL(filePath: Self.path))
    for line in file.split(separator: UInt8(ascii: "\n")) {
      let fault = Array(line).withUnsafeBytes { bytes in
        parser.parse(bytes, now: 1_800_000_000_000) { review in
          let id = String(decoding: review.reviewID, as: UTF8.self)
          versions[id, default: []].append(review.docVersion)
        }
      }
      #expect(fault == nil, "\(String(decoding: line.prefix(20), as: UTF8.self))")
    }
    #expect(versions.count >= 220)
    let updated = versions.values.filter { $0.count > 1 }
    #expect(updated.count >= 3)
    #expect(updated.allSatisfy { $0 == $0.sorted() && Set($0).count == $0.count })
    let times = versions.values.joined()
    #expect(times.allSatisfy { (1_700_000_000_000...1_760_000_000_000).contains($0) })
  }

  @Test("labels, stars, languages and lengths are as varied as the README says")
  func varied() throws {
    let lines = try Self.lines()
    func count(_ isSo: (JSONValue) -> Bool) -> Int { lines.count(where: isSo) }
    func label(_ line: JSONValue) -> Int64 { line["label"]?.int64 ?? 9 }
    func stars(_ line: JSONValue) -> Double { line["stars"]?.double ?? 0 }
    func text(_ line: JSONValue) -> String { line["text"]?.string ?? "" }
    #expect(Set(lines.map(text)).count == lines.count)
    #expect(lines.allSatisfy { (-1...1).contains(label($0)) })
    #expect(count { label($0) == -1 && stars($0) >= 4 } >= 12)
    #expect(count { label($0) == 1 && stars($0) <= 2 } >= 12)
    #expect(count { $0["language"]?.string != "en" } >= 12)
    #expect(count { text($0).count >= 2000 } >= 3)
    #expect(count { text($0).count <= 12 } >= 3)
    #expect(count { label($0) == 0 } >= 40)
    let coldFood = count { line in
      let words = text(line).lowercased()
      return label(line) == -1 && words.contains("cold") && words.contains("food")
    }
    #expect(coldFood >= 5)
    #expect(Set(lines.compactMap { $0["business_id"]?.string }).count >= 14)
  }
}
