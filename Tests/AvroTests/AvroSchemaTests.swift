import JSON
import Testing

@testable import Avro

private func record(_ fields: String, _ rest: String = "") -> String {
  #"{"type":"record","name":"R","fields":[\#(fields)]\#(rest)}"#
}

@Suite struct SchemaParsing {
  @Test(arguments: [
    record(#"{"name":"a","type":"int"},{"name":"a","type":"int"}"#),
    #"{"type":"enum","name":"E","symbols":["A","A"]}"#,
    #"{"type":"enum","name":"E","symbols":["A-b"]}"#,
    #"{"type":"enum","name":"E","symbols":["A"],"default":"B"}"#,
    #"["int","int"]"#,
    #"["int",{"type":"int","logicalType":"date"}]"#,
    #"[{"type":"map","values":"int"},{"type":"map","values":"long"}]"#,
    #"["int",["null","string"]]"#,
    record(#"{"name":"a","type":{"type":"fixed","name":"R","size":1}}"#),
    #"{"type":"record","name":"int","fields":[]}"#,
    #"{"type":"record","name":"1a","fields":[]}"#,
    #"{"type":"record","name":"R","namespace":"a-bad.ns","fields":[]}"#,
    #"{"type":"record","name":"R","namespace":"a..b","fields":[]}"#,
    #"{"type":"record","name":"R."}"#, #"{"type":"record","fields":[]}"#,
    #"{"type":"record","name":"R"}"#,
    #"{"type":"fixed","name":"F","size":-1}"#, #"{"type":"fixed","name":"F","size":"3"}"#,
    #"{"type":"fixed","name":"F","size":3.5}"#, #"{"type":"fixed","name":"F","size":2147483648}"#,
    record(#"{"name":"a","type":"int","order":"up"}"#),
    record(#"{"name":"a","type":"int","aliases":"x"}"#),
    record(#"{"name":"a","type":"int","default":"x"}"#),
    record(#"{"name":"a","type":"int","default":1e3}"#),
    record(#"{"name":"a","type":"int","default":3000000000}"#),
    record(#"{"name":"a","type":"string","default":null}"#),
    record(#"{"name":"a","type":"unknown"}"#), record(#"{"name":"a"}"#), record("3"),
    record("", #","aliases":["a-b"]"#),
    #"{"type":{"type":"int"}}"#, #"{"type":["null","int"]}"#, #"{"type":"a.b"}"#,
    #"{"type":"array"}"#, #"{"type":"map","values":3}"#, "int", "null", "3", "", #""int" x"#,
  ])
  func whatJavaRefusesIsRefused(text: String) {
    #expect(throws: AvroSchemaError.self) { try AvroSchema.parse(text) }
  }

  @Test(arguments: [
    record(""), #"{"type":"fixed","name":"F","size":0}"#, "[]",
    #"{"type":"enum","name":"E","symbols":[]}"#, #"{"type":"bytes","logicalType":"decimal"}"#,
    record(#"{"name":"a","type":["null","int"],"default":5}"#),
    record(#"{"name":"a","type":"float","default":"NaN"}"#),
    record(#"{"name":"a","type":"R"}"#), #"{"type":"record","name":"n.null","fields":[]}"#,
    record(#"{"name":"a","type":["null","R"],"order":"IGNORE"}"#),
    #"{"type":"error","name":"R","fields":[]}"#,
    // A name without a dot is looked up in the namespace around it, then without one.
    "[" + record("") + #",{"type":"record","name":"n.S","fields":[{"name":"g","type":"R"}]}]"#,
  ])
  func whatJavaAcceptsIsAccepted(text: String) throws {
    let schema = try AvroSchema.parse(text)
    #expect(try AvroSchema.parse(schema.canonicalText) == schema)
  }

  @Test func anErrorPointsAtItsPlace() {
    let text = record(#"{"name":"a","type":{"type":"map","values":["int","nope"]}}"#)
    #expect(
      throws: AvroSchemaError(path: "/fields/0/type/values/1", reason: "unknown type \"nope\"")
    ) {
      try AvroSchema.parse(text)
    }
  }

  @Test func deepSchemasAreAnError() {
    let text =
      String(repeating: #"{"type":"array","items":"#, count: 500) + #""int""#
      + String(repeating: "}", count: 500)
    #expect(throws: AvroSchemaError.self) { try AvroSchema.parse(text) }
  }

  @Test(arguments: [
    (#"{"type":"int"}"#, #""int""#),
    (
      #"{ "name":"com.x.R", "fields":[], "type":"record", "x":1, "doc":"d" }"#,
      #"{"type":"record","name":"R","namespace":"com.x","doc":"d","fields":[],"x":1}"#
    ),
    (
      #"{"type":"int","x":[1.50,1e3,1e7,0.00001,12345678901234567890123,-0.0,1e400]}"#,
      #"{"type":"int","x":[1.5,1000.0,1.0E7,1.0E-5,12345678901234567890123,-0.0,"Infinity"]}"#
    ),
    (#"{"type":"string","s":"\u00ff\/\u001f"}"#, #"{"type":"string","s":"ÿ/\u001F"}"#),
    (#"{"type":"int","type":"long"}"#, #""long""#),
    (
      #"{"type":"enum","name":"n.E","symbols":["A"],"aliases":["x","n.y","o.z"]}"#,
      #"{"type":"enum","name":"E","namespace":"n","symbols":["A"],"aliases":["x","y","o.z"]}"#
    ),
  ])
  func canonicalTextIsTheRegistrys(text: String, expected: String) throws {
    #expect(try AvroSchema.parse(text).canonicalText == expected)
  }

  @Test func typesOfOtherSchemasAreReferredToAndInlined() throws {
    let money = try AvroSchema.parse(#"{"type":"fixed","name":"shop.Money","size":8}"#)
    let text =
      #"{"type":"record","name":"shop.Order","fields":[{"name":"a","type":"Money"},"#
      + #"{"name":"b","type":"Money"}]}"#
    #expect(throws: AvroSchemaError.self) { try AvroSchema.parse(text) }
    let order = try AvroSchema.parse(text, references: [money])
    #expect(order.canonicalText.contains(#""type":"Money""#))
    #expect(throws: AvroSchemaError.self) { try JSONTranscoder(writer: order) }
    let whole = try order.inlining([money])
    _ = try JSONTranscoder(writer: whole)
    #expect(try AvroSchema.parse(whole.canonicalText) == whole)
  }

  /// Each of them is shallow; decoders and comparers would go as deep as all of them together.
  @Test func schemasInsideEachOtherHaveALimitTogether() throws {
    var known: [AvroSchema] = []
    for number in 0..<300 {
      let inner = number == 0 ? "\"int\"" : "\"R\(number - 1)\""
      let nested = (0..<20).reduce(inner) { text, _ in #"{"type":"array","items":\#(text)}"# }
      let text =
        #"{"type":"record","name":"R\#(number)","fields":[{"name":"f","type":\#(nested)}]}"#
      known.append(try AvroSchema.parse(text, references: known))
    }
    let shallow = try known[2].inlining(known)
    _ = try JSONTranscoder(writer: shallow)
    let error = #expect(throws: AvroSchemaError.self) { try known[299].inlining(known) }
    #expect(error?.reason == "more than 128 levels")
  }

  @Test func logicalTypesThatDoNotFitAreIgnored() throws {
    let fixed = #"{"type":"fixed","name":"F","size":3,"logicalType":"decimal","precision":9}"#
    #expect(try AvroSchema.parse(fixed).logicalType == nil)
    let bytes = #"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#
    #expect(try AvroSchema.parse(bytes).logicalType == .decimal(precision: 9, scale: 2))
    #expect(try AvroSchema.parse(#"{"type":"int","logicalType":"uuid"}"#).logicalType == nil)
  }
}
