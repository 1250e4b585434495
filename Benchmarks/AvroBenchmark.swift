import Avro
import Bytes

/// A review as it lies in Kafka, about 590 bytes.
enum SampleReview {
  static let schema = """
    {"type":"record","name":"Review","namespace":"opine","fields":[
    {"name":"review_id","type":"string"},{"name":"source","type":"string","default":""},
    {"name":"user_id","type":["null","string"],"default":null},
    {"name":"business_id","type":["null","string"],"default":null},
    {"name":"title","type":["null","string"],"default":null},{"name":"text","type":"string"},
    {"name":"language","type":["null","string"],"default":null},
    {"name":"stars","type":["null","double"],"default":null},
    {"name":"useful","type":"int","default":0},{"name":"funny","type":"int","default":0},
    {"name":"cool","type":"int","default":0},
    {"name":"created_at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"updated_at","type":["null",{"type":"long","logicalType":"timestamp-millis"}],
      "default":null},
    {"name":"ingested_at","type":{"type":"long","logicalType":"timestamp-millis"}}]}
    """

  static let sentence = "The coffee was great, but \"fresh\" it wasn't; we'd come again. "

  static func append(to buffer: inout ByteBuffer, text: String, number: Int) {
    buffer.appendAvro(utf8: "KU_O5udG6zpxOg-\(1_000_000 + number)")
    buffer.appendAvro(utf8: "yelp")
    for value in ["mh_-eMZ6K5RLWhZyISBhwA", "XQfwVwDr-v0ZS3_CbbE5Xw"] {
      buffer.appendAvro(long: 1)
      buffer.appendAvro(utf8: value)
    }
    buffer.appendAvro(long: 0)
    buffer.appendAvro(utf8: text)
    buffer.appendAvro(long: 1)
    buffer.appendAvro(utf8: "en")
    buffer.appendAvro(long: 1)
    buffer.appendAvro(double: Double(number % 9) / 2 + 1)
    for value in [number % 20, 0, number % 3] { buffer.appendAvro(int: Int32(value)) }
    buffer.appendAvro(long: 1_530_000_000_000 + Int64(number))
    buffer.appendAvro(long: 0)
    buffer.appendAvro(long: 1_700_000_000_000)
  }

  /// Reviews of lengths around the mean, one in ten with letters beyond ASCII.
  static func payloads(_ count: Int) -> [[UInt8]] {
    (0..<count).map { number in
      let text = String(repeating: sentence, count: 4 + number % 8)
      var buffer = ByteBuffer()
      append(
        to: &buffer, text: number % 10 == 0 ? text + "Café Müller – très bon" : text, number: number
      )
      return buffer.toArray()
    }
  }
}

/// Prints how many reviews a second one core transcodes, reads and encodes.
func benchmarkAvro() {
  let payloads = SampleReview.payloads(20_000)
  let bytes = payloads.reduce(0) { $0 + $1.count } / payloads.count
  print("reviews of \(bytes) bytes on average; CPU time of one thread, median of 3")
  do {
    let schema = try AvroSchema.parse(SampleReview.schema)
    try benchmarkTranscoder(schema, payloads, bytes)
    let fields = try FieldDecoder(writer: schema, fields: schema.fields.map(\.name))
    let two = try FieldDecoder(writer: schema, fields: ["review_id", "text"])
    for (name, decoder) in [("14 fields by name", fields), ("2 fields by name", two)] {
      var values: [AvroFieldValue] = []
      measure(name, count: payloads.count, bytes: bytes) {
        for payload in payloads {
          payload.withUnsafeBytes { try? decoder.decode($0, into: &values) }
        }
      }
    }
    let coder = try AvroValueCoder(schema)
    measure("to a tree", count: payloads.count, bytes: bytes) {
      for payload in payloads { _ = try? coder.decode(payload) }
    }
  } catch {
    print("failed: \(error)")
  }
  var buffer = ByteBuffer(capacity: 16 << 20)
  let text = String(repeating: SampleReview.sentence, count: 7)
  measure("encode by hand", count: 20_000, bytes: bytes) {
    buffer.removeAll()
    for number in 0..<20_000 { SampleReview.append(to: &buffer, text: text, number: number) }
  }
}

private func benchmarkTranscoder(
  _ schema: AvroSchema, _ payloads: [[UInt8]], _ bytes: Int
) throws {
  for omitNulls in [false, true] {
    let transcoder = try JSONTranscoder(
      writer: schema, options: .init(omitNulls: omitNulls), capturing: "ingested_at")
    var buffer = ByteBuffer(capacity: 32 << 20)
    var captured: Int64?
    let name = omitNulls ? "to JSON, nulls left out" : "to JSON"
    measure(name, count: payloads.count, bytes: bytes) {
      buffer.removeAll()
      for payload in payloads {
        payload.withUnsafeBytes { try? transcoder.append($0, to: &buffer, captured: &captured) }
      }
    }
  }
}
