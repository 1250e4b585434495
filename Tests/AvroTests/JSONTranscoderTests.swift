import Bytes
import JSON
import Testing

@testable import Avro

/// The JSON of a payload, or the error.
private func json(
  _ schema: String, _ payload: [UInt8], omitNulls: Bool = false
) throws -> String {
  let transcoder = try JSONTranscoder(
    writer: AvroSchema.parse(schema), options: .init(omitNulls: omitNulls))
  var buffer = ByteBuffer()
  try payload.withUnsafeBytes { try transcoder.append($0, to: &buffer) }
  return String(decoding: buffer.toArray(), as: UTF8.self)
}

private func fault(_ schema: String, _ payload: [UInt8]) throws -> AvroDecodingError? {
  let transcoder = try JSONTranscoder(writer: AvroSchema.parse(schema))
  let coder = try AvroValueCoder(AvroSchema.parse(schema))
  var buffer = ByteBuffer()
  do {
    try payload.withUnsafeBytes { try transcoder.append($0, to: &buffer) }
    return nil
  } catch let error as AvroDecodingError {
    // All decoders agree, except about what only JSON cannot say.
    if error.reason != .notRepresentable {
      #expect(throws: error) { try coder.decode(payload) }
    }
    return error
  }
}

private func long(_ value: Int64) -> [UInt8] {
  var buffer = ByteBuffer()
  buffer.appendAvro(long: value)
  return buffer.toArray()
}

private func logical(_ type: String, _ name: String, _ rest: String = "") -> String {
  #"{"type":"\#(type)","logicalType":"\#(name)"\#(rest)}"#
}

private let decimal = logical("bytes", "decimal", #","precision":9,"scale":2"#)

@Suite struct Transcripts {
  @Test(
    arguments: [
      (#""null""#, [], "null"), (#""boolean""#, [1], "true"), (#""boolean""#, [0], "false"),
      (#""int""#, [3], "-2"), (#""long""#, long(.min), "-9223372036854775808"),
      (#""float""#, [0, 0, 0xc0, 0x3f], "1.5"),
      (#""double""#, [0, 0, 0, 0, 0, 0, 0x12, 0x40], "4.5"),
      (#""string""#, [6, 0x61, 0x22, 0x0a], #""a\"\n""#), (#""bytes""#, [4, 1, 2], #""AQI=""#),
      (#"{"type":"fixed","name":"F","size":2}"#, [1, 2], #""AQI=""#),
      (#"{"type":"enum","name":"E","symbols":["A","B"]}"#, [2], #""B""#),
      (#"["null","string"]"#, [2, 2, 0x61], #""a""#), (#"["null","string"]"#, [0], "null"),
      (#"{"type":"array","items":"int"}"#, [0], "[]"),
      (#"{"type":"array","items":"int"}"#, [4, 2, 4, 2, 6, 0], "[1,2,3]"),
      (#"{"type":"array","items":"int"}"#, [3, 4, 2, 4, 0], "[1,2]"),
      (#"{"type":"map","values":"int"}"#, [2, 2, 0x61, 2, 0], #"{"a":1}"#),
      (#"{"type":"record","name":"R","fields":[]}"#, [], "{}"),
      (logical("int", "date"), long(0), #""1970-01-01""#),
      (logical("int", "date"), long(19782), #""2024-02-29""#),
      (logical("int", "date"), long(-1), #""1969-12-31""#),
      (logical("int", "date"), long(-719_528), #""0000-01-01""#),
      (logical("int", "date"), long(2_932_896), #""9999-12-31""#),
      (logical("int", "time-millis"), long(5), "5"),
      (logical("long", "time-micros"), long(5999), "5"),
      (logical("long", "timestamp-millis"), long(1_700_000_000_123), "1700000000123"),
      (logical("long", "timestamp-micros"), long(-1), "-1"),
      (logical("long", "local-timestamp-micros"), long(2000), "2"),
      (decimal, [4, 0x04, 0xe2], #""12.50""#), (decimal, [2, 0xff], #""-0.01""#),
      (decimal, [0], #""0.00""#), (decimal, [4, 0xff, 0x00], #""-2.56""#),
      (decimal, [2, 0x80], #""-1.28""#), (decimal, [6, 0, 0, 5], #""0.05""#),
      (
        logical("bytes", "decimal", #","precision":30"#), [18, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        #""18446744073709551616""#
      ),
      (logical("string", "uuid"), [2, 0x61], #""a""#),
    ] as [(String, [UInt8], String)])
  func eachTypeHasItsText(schema: String, payload: [UInt8], expected: String) throws {
    #expect(try json(schema, payload) == expected)
  }

  @Test func nullFieldsAreWrittenOrLeftOut() throws {
    let schema =
      #"{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]},"#
      + #"{"name":"b","type":["int","null"]},{"name":"c","type":"null"}]}"#
    #expect(try json(schema, [0, 0, 2]) == #"{"a":null,"b":1,"c":null}"#)
    #expect(try json(schema, [0, 0, 2], omitNulls: true) == #"{"b":1}"#)
    #expect(try json(schema, [0, 2], omitNulls: true) == "{}")
  }

  @Test func aFieldIsCapturedInTheSamePass() throws {
    let schema =
      #"{"type":"record","name":"R","fields":[{"name":"a","type":"string"},"#
      + #"{"name":"v","type":["null","long"]},{"name":"i","type":"int"}]}"#
    let payload: [UInt8] = [0, 2] + long(77) + long(-5)
    func captured(_ name: String, _ payload: [UInt8]) throws -> Int64? {
      let transcoder = try JSONTranscoder(writer: AvroSchema.parse(schema), capturing: name)
      var buffer = ByteBuffer()
      var value: Int64? = 1
      try payload.withUnsafeBytes { try transcoder.append($0, to: &buffer, captured: &value) }
      #expect(try JSONValue.parse(buffer.toArray())["i"] == -5)
      return value
    }
    #expect(try captured("v", payload) == 77)
    #expect(try captured("i", payload) == -5)
    #expect(try captured("a", payload) == nil)
    #expect(try captured("absent", payload) == nil)
    #expect(try captured("v", [0, 0] + long(-5)) == nil)
  }
}

@Suite struct Limits {
  typealias Reason = AvroDecodingError.Reason
  static let nulls = #"{"type":"array","items":"null"}"#

  @Test(
    arguments: [
      (#""string""#, [6, 0x61], .truncated), (#""string""#, long(.max), .truncated),
      (#""string""#, [1], .negativeLength), (#""bytes""#, long(.min), .negativeLength),
      (#""string""#, [2, 0xff], .invalidUTF8), (#""int""#, [], .truncated),
      (#""int""#, long(Int64(Int32.max) + 1), .integerOverflow),
      (#""long""#, [UInt8](repeating: 0xff, count: 10), .integerOverflow),
      (#""long""#, [UInt8](repeating: 0x80, count: 10) + [1], .integerOverflow),
      (#""long""#, [0x80], .truncated), (#""long""#, [0, 0], .trailingBytes),
      (#""boolean""#, [2], .invalidBoolean), (#""double""#, [0, 0], .truncated),
      (#""double""#, [0, 0, 0, 0, 0, 0, 0xf0, 0x7f], .notRepresentable),
      (#""float""#, [0, 0, 0xc0, 0x7f], .notRepresentable),
      (logical("int", "date"), long(2_932_897), .notRepresentable),
      (#"{"type":"enum","name":"E","symbols":["A","B"]}"#, [4], .unknownSymbol),
      (#"{"type":"enum","name":"E","symbols":["A","B"]}"#, [1], .unknownSymbol),
      (#"{"type":"enum","name":"E","symbols":[]}"#, [0], .unknownSymbol),
      (#"["null"]"#, [2], .unknownBranch), ("[]", [0], .unknownBranch),
      (nulls, long(100_000_000), .tooManyEmptyValues), (nulls, long(.max), .tooManyEmptyValues),
      (nulls, long(.min) + [0], .integerOverflow),
      (#"{"type":"array","items":"int"}"#, [3, 8, 2, 4, 0], .truncated),
      (#"{"type":"array","items":"int"}"#, [3, 5, 2, 4, 0], .negativeLength),
      (#"{"type":"array","items":"int"}"#, [3, 2, 2, 4, 0], .blockSizeMismatch),
      (#"{"type":"map","values":"int"}"#, [2, 1, 2, 0], .negativeLength),
      (#"{"type":"fixed","name":"F","size":2147483647}"#, [1], .truncated),
      (
        #"{"type":"array","items":{"type":"fixed","name":"F","size":0}}"#, long(1 << 40),
        .tooManyEmptyValues
      ),
      (#"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#, [], .tooDeep),
    ] as [(String, [UInt8], Reason)])
  func eachLimitIsATypedError(schema: String, payload: [UInt8], reason: Reason) throws {
    #expect(try fault(schema, payload)?.reason == reason)
  }

  @Test func aThousandNullsAreFineInASmallPayload() throws {
    #expect(try json(Self.nulls, long(1000) + [0]).count == 5001)
  }

  @Test func depthIsLimitedTo64() throws {
    let list =
      #"{"type":"record","name":"L","fields":[{"name":"n","type":["null","L"]}]}"#
    #expect(try fault(list, [UInt8](repeating: 2, count: 63) + [0]) == nil)
    #expect(try fault(list, [UInt8](repeating: 2, count: 64) + [0])?.reason == .tooDeep)
    #expect(try fault(list, [UInt8](repeating: 2, count: 100_000))?.reason == .tooDeep)
  }

  @Test func schemasThatMultiplyWithoutBytesAreStopped() throws {
    var schema = #"{"type":"record","name":"R0","fields":[]}"#
    for level in 1...60 {
      schema =
        #"{"type":"record","name":"R\#(level)","fields":[{"name":"a","type":\#(schema)},"#
        + #"{"name":"b","type":"R\#(level - 1)"}]}"#
    }
    #expect(try fault(schema, [])?.reason == .tooManyEmptyValues)
  }

  @Test func theErrorNamesFieldAndOffset() throws {
    let schema =
      #"{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":"#
      + #"{"type":"record","name":"S","fields":[{"name":"term","type":"string"},"#
      + #"{"name":"m","type":{"type":"map","values":"boolean"}}]}}}]}"#
    let error = try fault(schema, [4, 0, 0, 0, 2, 2, 0x6b, 9])
    #expect(error == AvroDecodingError(path: "a[1].m[\"k\"]", offset: 8, reason: .invalidBoolean))
    #expect(try fault(schema, [2, 2, 0x80])?.path == "a[0].term")
    #expect(try fault(schema, [0, 0])?.path == "")
  }
}

@Suite struct NamedFields {
  private func decode(_ schema: String, _ fields: [String], _ payload: [UInt8]) throws -> [String] {
    let decoder = try FieldDecoder(writer: AvroSchema.parse(schema), fields: fields)
    var values: [AvroFieldValue] = []
    return try payload.withUnsafeBytes { payload in
      try decoder.decode(payload, into: &values)
      return values.map { value in
        switch value {
        case .string(let bytes): "string \(String(decoding: bytes, as: UTF8.self))"
        case .bytes(let bytes): "bytes \(bytes.count)"
        case .other(let bytes): "other \(Array(bytes))"
        default: "\(value)"
        }
      }
    }
  }

  private let schema =
    #"{"type":"record","name":"R","fields":[{"name":"s","type":"string"},"#
    + #"{"name":"n","type":["null","long"]},"#
    + #"{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},"#
    + #"{"name":"a","type":{"type":"array","items":"int"}},{"name":"d","type":"double"}]}"#

  @Test func fieldsComeInTheOrderAskedFor() throws {
    let payload: [UInt8] = [2, 0x78, 2, 10, 2, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]
    let values = try decode(schema, ["d", "a", "absent", "e", "n", "s"], payload)
    #expect(
      values == ["double(1.0)", "other [2, 4, 0]", "absent", "string B", "long(5)", "string x"])
  }

  @Test func fieldsNotAskedForAreCheckedToo() throws {
    let payload: [UInt8] = [2, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let error = #expect(throws: AvroDecodingError.self) { try decode(schema, ["n"], payload) }
    #expect(error == AvroDecodingError(path: "s", offset: 2, reason: .invalidUTF8))
  }

  @Test func onlyRecordsHaveFields() {
    #expect(throws: AvroSchemaError.self) {
      try FieldDecoder(writer: AvroSchema.parse(#""int""#), fields: ["a"])
    }
  }
}
