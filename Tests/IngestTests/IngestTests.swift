import Avro
import Bytes
import Foundation
import Reviews
import Testing

@testable import Ingest

private let now: Int64 = 1_700_000_000_000

private func parse(_ line: String) -> (review: Review?, fault: LineFault?) {
  var parser = LineParser()
  var review: Review?
  let bytes = Array(line.utf8)
  let fault = bytes.withUnsafeBytes { parser.parse($0, now: now) { review = $0.owned } }
  return (review, fault)
}

@Suite("Lines") struct LineTests {
  @Test("all fields of a line") func allFields() throws {
    let line = #"""
      {"review_id":"r1","user_id":"u1","business_id":"b1","stars":4.0,"useful":3,"funny":1,
      "cool":-1,"text":"Caf\u00e9\n\"good\"","date":"2018-07-07 22:09:11","title":"T",
      "language":"en","updated_at":"2019-01-01","source":"yelp","other":{"text":"no"}}
      """#
    let expected = Review(
      reviewID: "r1", source: "yelp", userID: "u1", businessID: "b1", title: "T",
      text: "Café\n\"good\"", language: "en", stars: 4, useful: 3, funny: 1, cool: -1,
      times: ReviewTimes(
        createdAt: 1_531_001_351_000, updatedAt: 1_546_300_800_000, ingestedAt: now))
    #expect(parse(line).review == expected)
  }

  @Test(
    "six forms of a date",
    arguments: [
      ("2018-07-07", 1_530_921_600_000), ("2018-07-07 22:09", 1_531_001_340_000),
      ("2018-07-07T22:09:11.123Z", 1_531_001_351_123),
      ("2018-07-07T22:09:11+02:00", 1_530_994_151_000), ("7/7/2018", 1_530_921_600_000),
      ("7/7/2018 22:09", 1_531_001_340_000),
    ] as [(String, Int64)])
  func dates(text: String, time: Int64) {
    let read = parse(#"{"review_id":"r","text":"t","date":"\#(text)"}"#)
    #expect(read.fault == nil)
    #expect(read.review?.times.createdAt == time)
  }

  @Test("without a date it was written when it was read") func noDate() {
    let times = parse(#"{"review_id":"r","text":"t","date":null}"#).review?.times
    #expect(times == ReviewTimes(createdAt: now, ingestedAt: now))
  }

  @Test(
    "what is refused",
    arguments: [
      (#"{"text":"t"}"#, "no review_id", nil),
      (#"{"review_id":"","text":"t"}"#, "review_id is no text or is empty", nil),
      (#"{"review_id":7,"text":"t"}"#, "review_id is no text or is empty", nil),
      (#"["r"]"#, "no JSON object", nil),
      (#"{"review_id":"r"}"#, "no text", "r"),
      (#"{"review_id":"r","text":7}"#, "text is no text", "r"),
      (#"{"review_id":"r","text":"t","date":"2/30/2018"}"#, "date is no date", "r"),
      (#"{"review_id":"r","text":"t","date":"1969-12-31"}"#, "date is before 1970", "r"),
      (#"{"review_id":"r","text":"t","updated_at":"x"}"#, "updated_at is no date", "r"),
      (#"{"review_id":"r","text":"t","stars":0}"#, "stars is not from 1 to 5", "r"),
      (#"{"review_id":"r","text":"t","stars":"4"}"#, "stars is no number", "r"),
      (#"{"review_id":"r","text":"t","useful":1.5}"#, "useful is no whole number", "r"),
    ] as [(String, String, String?)])
  func refused(line: String, reason: String, key: String?) {
    let fault = parse(line).fault
    #expect(fault == LineFault(reason: reason, key: key.map { Array($0.utf8) }))
  }

  @Test("bad JSON is refused") func badJSON() {
    #expect(parse(#"{"review_id":"r""#).fault?.reason.hasPrefix("invalid JSON") == true)
  }

  @Test("lines over the limit are marked, the next ones are whole", arguments: 1...9)
  func splitting(step: Int) throws {
    let text = Array("ab\n\nlonger\ncd\r\nend".utf8)
    var splitter = LineSplitter(limit: 5)
    var seen: [String] = []
    let note = { (line: Line) throws(IngestError) -> Bool in
      let text = line.fault != nil ? "…" : String(decoding: line.bytes, as: UTF8.self)
      seen.append("\(line.number)\(text)")
      return true
    }
    for start in stride(from: 0, to: text.count, by: step) {
      _ = try withBytes(Array(text[start..<min(start + step, text.count)])) {
        (piece) throws(IngestError) in try splitter.feed(piece, note)
      }
    }
    try splitter.finish(note)
    #expect(seen == ["1ab", "2", "3…", "4cd\r", "5end"])
  }

  @Test("the acknowledged prefix has no holes") func acknowledged() {
    var done = Acknowledged(prefix: 2)
    done.note(3)
    done.note(5)
    #expect(done.prefix == 2)
    done.note(2)
    #expect(done.prefix == 4)
    done.note(4)
    #expect(done.prefix == 6)
  }
}

@Suite("Generator") struct GeneratorTests {
  private let shares = GeneratorShares(poison: 6, duplicate: 5, update: 30, delete: 10)

  private func stream(_ seed: UInt64, _ count: Int) -> [Generated] {
    var generator = ReviewGenerator(seed: seed, shares: shares)
    return (0..<count).map { generator.next(now: now + Int64($0)) }
  }

  @Test("a seed makes one stream") func seeds() {
    #expect(stream(7, 2000) == stream(7, 2000))
    #expect(stream(7, 10) != stream(8, 10))
  }

  @Test("versions have times of their own, and nothing follows a deletion") func versions() {
    var times: [String: Set<Int64>] = [:]
    var newest: [String: Int64] = [:]
    var deleted: Set<String> = []
    var seen: Set<String> = []
    var updates = 0
    var earlier = 0
    for made in stream(3, 20_000) {
      switch made {
      case .new(let review):
        #expect(review.reviewID.utf8.count == 22)
        #expect(times.updateValue([review.docVersion], forKey: review.reviewID) == nil)
        newest[review.reviewID] = review.docVersion
        seen.insert("\(review)")
      case .update(let review):
        #expect(!deleted.contains(review.reviewID))
        #expect(review.docVersion < review.times.ingestedAt)
        #expect(times[review.reviewID]?.insert(review.docVersion).inserted == true)
        updates += 1
        if review.docVersion < newest[review.reviewID] ?? 0 { earlier += 1 }
        newest[review.reviewID] = max(review.docVersion, newest[review.reviewID] ?? 0)
        seen.insert("\(review)")
      case .duplicate(let review):
        #expect(!deleted.contains(review.reviewID))
        #expect(seen.contains("\(review)"))
      case .delete(let id):
        #expect(times[id] != nil)
        #expect(deleted.insert(id).inserted)
      case .badLine(let line): #expect(parse(line).fault != nil)
      case .broken(let review): #expect(times[review.reviewID] == nil)
      case .longID(let review): #expect(review.reviewID.utf8.count == 600)
      }
    }
    #expect(updates > 5000)
    #expect((0.28...0.38).contains(Double(earlier) / Double(updates)))
  }
}

@Suite("Avro files") struct AvroFileTests {
  private static let schema = """
    {"type":"record","name":"r","fields":[{"name":"review_id","type":"string"},
    {"name":"text","type":"string"},{"name":"stars","type":["null","float","double"]},
    {"name":"created_at","type":{"type":"long","logicalType":"timestamp-micros"}}]}
    """

  /// The lines that a file of these records is read as.
  private func lines(_ values: [AvroValue]) throws -> [(text: String, number: Int, fault: String?)]
  {
    let path = NSTemporaryDirectory() + "opine-\(UUID().uuidString)"
    defer { unlink(path) }
    let coder = try AvroValueCoder(AvroSchema.parse(Self.schema))
    var writer = try AvroContainerWriter(path: path, schema: Self.schema)
    for value in values {
      _ = try coder.encode(value).withUnsafeBytes { try writer.append($0) }
    }
    try writer.close()
    var found: [(String, Int, String?)] = []
    try LineReader(path).forEach { line throws(IngestError) in
      found.append((String(decoding: line.bytes, as: UTF8.self), line.number, line.fault))
      return true
    }
    return found
  }

  private func record(_ id: String, _ stars: Double) -> AvroValue {
    .record([.string(id), .string("good"), .union(2, .double(stars)), .long(1_500_000_000_123_456)])
  }

  @Test("are read as the lines that their records would be") func records() throws {
    let found = try lines([record("a", 4), record("b", 2)])
    #expect(found.map(\.number) == [1, 2] && found.allSatisfy { $0.fault == nil })
    let read = parse(found[1].text).review
    #expect(read?.reviewID == "b" && read?.stars == 2)
    #expect(read?.times.createdAt == 1_500_000_000_123)
  }

  @Test("may hold what JSON has not: that record is named, the next one is read")
  func notRepresentable() throws {
    let found = try lines([record("a", .nan), record("b", 2)])
    #expect(found[0].fault?.contains("stars") == true && found[1].fault == nil)
  }

  @Test("that are cut off say so after their records") func cut() throws {
    let path = NSTemporaryDirectory() + "opine-\(UUID().uuidString)"
    defer { unlink(path) }
    try Data("Obj\u{1}".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: IngestError.self) {
      try LineReader(path).forEach { _ throws(IngestError) in true }
    }
  }

  @Test("times of lines may be milliseconds, as documents have them") func milliseconds() {
    let review = parse(
      #"{"review_id":"r","text":"t","created_at":1500000000123,"updated_at":1500000000456}"#
    ).review
    #expect(review?.times.createdAt == 1_500_000_000_123)
    #expect(review?.times.updatedAt == 1_500_000_000_456)
    #expect(
      parse(#"{"review_id":"r","text":"t","created_at":1.5}"#).fault?.reason
        == "created_at is no date")
  }
}

@Suite("The schema that reviews are written with") struct IngestSchemaTests {
  private func converted(_ schema: AvroSchema) throws -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append(Array("head".utf8))
    let times = ReviewTimes(createdAt: 1, ingestedAt: 2)
    Review(reviewID: "r", text: "t", stars: 4, times: times).encode(into: &buffer)
    try IngestSchema(id: 7, schema).convert(&buffer, from: 4)
    #expect(buffer.toArray().starts(with: Array("head".utf8)))
    return Array(buffer.toArray()[4...])
  }

  @Test("may be a newer one: its fields in its order, those that are new with their defaults")
  func newer() throws {
    let newer = try AvroSchema.parse(
      ReviewSchemas.review.replacing(
        #""fields": ["#, with: #""fields": [{"name":"mood","type":"string","default":"?"},"#))
    let decoder = try ReviewDecoder(writer: newer)
    let bytes = try converted(newer)
    #expect(bytes[..<2] == [2, UInt8(ascii: "?")])
    let review = try bytes.withUnsafeBytes { bytes in
      var scratch = ReviewDecoder.Scratch()
      return try decoder.decode(bytes, using: &scratch).owned
    }
    #expect(review.reviewID == "r" && review.stars == 4)
  }

  @Test("must be able to read a review") func unreadable() throws {
    let other = try AvroSchema.parse(
      ReviewSchemas.review.replacing(
        #"{"name": "text", "type": "string""#, with: #"{"name": "text", "type": "int""#))
    #expect(throws: AvroSchemaError.self) { try IngestSchema(id: 7, other) }
  }
}
