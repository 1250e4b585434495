import Foundation
import JSON
import Testing

@testable import Avro

@Suite("Avro's JSON encoding") struct AvroJSONTests {
  private static let schema = """
    {"type":"record","name":"R","namespace":"n","fields":[
    {"name":"s","type":["null","string",{"type":"enum","name":"E","symbols":["A","B"]}]},
    {"name":"b","type":"bytes"},{"name":"f","type":{"type":"fixed","name":"F","size":2}},
    {"name":"m","type":{"type":"map","values":{"type":"array","items":"long"}}},
    {"name":"d","type":"double"},{"name":"next","type":["null","R"]}]}
    """

  private func coder() throws -> AvroJSONCoder { AvroJSONCoder(try AvroSchema.parse(Self.schema)) }

  @Test("names the branch of a union, and shows bytes as characters") func both() throws {
    let text =
      #"{"s":{"n.E":"B"},"b":"\u00ff\u0000a","f":"xy","m":{"k":[1,-2]},"d":1.5,"next":"#
      + #"{"n.R":{"s":null,"b":"","f":"\u0001\u0002","m":{},"d":"NaN","next":null}}}"#
    let json = try JSONValue.parse(text)
    let value = try coder().value(of: json)
    guard case .record(let fields) = value else {
      Issue.record("no record")
      return
    }
    #expect(fields[0] == .union(2, .enumeration(1)))
    #expect(fields[1] == .bytes([0xff, 0, 0x61]))
    #expect(try coder().json(of: value) == json)
  }

  @Test(
    "says what should stand where",
    arguments: [
      ("[]", "the value must be an object"),
      (#"{"s":null}"#, "b must be there"),
      (#"{"s":"plain"}"#, #"s must be null or {"string": …} or {"n.E": …}"#),
      (#"{"s":{"n.E":"C"}}"#, "s must be one of A, B"),
      (#"{"s":null,"b":"\u0100"}"#, "b must be a string of characters up to U+00FF"),
      (#"{"s":null,"b":"","f":"xyz"}"#, "f must be a string of 2 characters up to U+00FF"),
      (#"{"s":null,"b":"","f":"xy","m":{"k":[1,"2"]}}"#, #"m["k"][1] must be a long"#),
      (#"{"s":null,"other":1}"#, "other must be left out: n.R has no such field"),
    ])
  func refused(text: String, what: String) throws {
    let json = try JSONValue.parse(text)
    let error = #expect(throws: AvroJSONError.self) { try coder().value(of: json) }
    #expect(error?.description == what)
  }

  @Test("of a recursive type ends at 64 levels") func depth() throws {
    var json: JSONValue = .null
    for _ in 0..<200 {
      json = ["n.R": ["s": .null, "b": "", "f": "xy", "m": [:], "d": 1, "next": json]]
    }
    let whole = try #require(json["n.R"])
    let error = #expect(throws: AvroJSONError.self) { try coder().value(of: whole) }
    #expect(error?.expected == "less deep")
  }
}

@Suite(.enabled(if: AvroOracle.path != nil, AvroOracle.reason))
struct AvroJSONOracle {
  @Test func javaReadsWhatIsWrittenHere() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("javaReadsWhatIsWrittenHere seed \(seed)")
    var random = RandomSchemaPairs(seed: seed)
    var coders: [AvroValueCoder] = []
    var values: [AvroValue] = []
    var questions: [JSONValue] = []
    for _ in 0..<AvroOracle.cases {
      let document = random.pair().writer
      let schema = try AvroSchema.parse(document)
      var made = RandomAvro(schema, seed: random.generator.next())
      values.append(made.value(schema))
      coders.append(try AvroValueCoder(schema))
      let json = AvroJSONCoder(schema).json(of: values[values.count - 1]).serialized()
      let read = try AvroJSONCoder(schema).value(of: JSONValue.parse(json))
      #expect(read == values.last, "seed \(seed), \(json)")
      questions.append([
        "op": "encode", "schema": .string(document.serialized()), "json": .string(json),
      ])
    }
    for (index, answer) in try AvroOracle.answers(questions).enumerated() {
      let bytes = answer["bytes"]?.string.flatMap { Data(base64Encoded: $0) }.map(Array.init)
      let theirs = bytes.flatMap { try? coders[index].decode($0) }
      let comment: Comment =
        "seed \(seed): \(questions[index].serialized()) \(answer.serialized())"
      #expect(theirs?.ordered == values[index].ordered, comment)
    }
  }
}
