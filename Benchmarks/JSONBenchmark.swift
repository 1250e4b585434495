import Bytes
import Ingest
import JSON

/// Prints how many lines of reviews a second one core parses, their nine fields read.
func benchmarkJSON() {
  let lines = (0..<20_000).map { number in line(number) }
  let bytes = lines.reduce(0) { $0 + $1.count } / lines.count
  print("lines of \(bytes) bytes on average; CPU time of one thread, median of 3")
  var parser = JSONParser()
  var sum = 0
  measure("parse, 9 fields read", count: lines.count, bytes: bytes) {
    for line in lines {
      line.withUnsafeBytes { bytes in
        guard let view = try? parser.parse(bytes) else { return }
        view.forEachMember { key, value in sum &+= read(key, value) }
      }
    }
  }
  var reader = LineParser()
  var avro = ByteBuffer(capacity: 4096)
  measure("line to Avro value", count: lines.count, bytes: bytes) {
    for line in lines {
      line.withUnsafeBytes { bytes in
        avro.removeAll()
        let fault = reader.parse(bytes, now: 1_731_001_351_000) { $0.encode(into: &avro) }
        sum &+= fault == nil ? avro.count : 0
      }
    }
  }
  measure("parse only", count: lines.count, bytes: bytes) {
    for line in lines { line.withUnsafeBytes { sum &+= (try? parser.parse($0))?.count ?? 0 } }
  }
  measure("parse to a tree", count: lines.count, bytes: bytes) {
    for line in lines { sum &+= (try? JSONValue.parse(line))?.object?.count ?? 0 }
  }
  let text = Array(String(repeating: SampleReview.sentence, count: 10).utf8)
  var buffer = ByteBuffer(capacity: 1 << 16)
  measure("write a string", count: 20_000, bytes: text.count) {
    for _ in 0..<20_000 {
      buffer.removeAll()
      text.withUnsafeBytes { buffer.appendJSONString($0) }
    }
  }
  measure("write a double", count: 200_000, bytes: 8) {
    for number in 0..<200_000 {
      if number & 1023 == 0 { buffer.removeAll() }
      buffer.appendJSON(Double(number) / 1e4)
    }
  }
  print("checksum \(sum)")
}

private func read(_ key: UnsafeRawBufferPointer, _ value: JSONView) -> Int {
  if let text = value.stringBytes { return key.count &+ text.count }
  if let integer = value.int64 { return Int(truncatingIfNeeded: integer) }
  return value.double.map { Int($0) } ?? 0
}

private func line(_ number: Int) -> [UInt8] {
  let text = String(repeating: SampleReview.sentence, count: 6 + number % 8)
  let review: JSONValue = [
    "review_id": .string("KU_O5udG6zpxOg-\(1_000_000 + number)"),
    "user_id": "mh_-eMZ6K5RLWhZyISBhwA", "business_id": "XQfwVwDr-v0ZS3_CbbE5Xw",
    "stars": .number("\(number % 5 + 1).0"), "useful": .int(number % 20), "funny": 0, "cool": 1,
    "text": .string(number % 10 == 0 ? text + "Café Müller" : text),
    "date": "2018-07-07 22:09:11",
  ]
  return Array(review.serialized().utf8)
}
