import JSON
import Kafka
import Testing

@testable import Connect

/// Converters by the names that users write, and what they make of bytes.
@Suite struct ConverterTests {
  private func value(_ converter: Converter, _ bytes: [UInt8]) throws(RecordFault) -> JSONValue {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(RecordFault) in try converter.plainValue(bytes, .valueConverter) }
    }
    return try result.get()
  }

  @Test func classesAreFoundByFullAndSimpleNames() {
    #expect(Converter(class: "org.apache.kafka.connect.storage.StringConverter") == .string)
    #expect(Converter(class: "AvroConverter") == .avro)
    #expect(Converter(class: "Json") == .json(schemas: true))
    #expect(
      Converter(class: "JsonConverter", properties: ["schemas.enable": "false"])
        == .json(schemas: false))
    #expect(Converter(class: "ProtobufConverter") == nil)
  }

  @Test func anUnknownConverterIsNamedWithThoseThatThereAre() {
    let problems = ConverterSettings.validate(["value.converter": "x.ProtobufConverter"])
    #expect(problems.map(\.property) == ["value.converter"])
    #expect(problems.first?.problem.contains("JsonConverter") == true)
    let avro = ConverterSettings.validate([:])
    #expect(avro.map(\.property) == ["value.converter.schema.registry.url"])
  }

  @Test func numbersAreBigEndianAndOfTheirWidth() throws {
    #expect(try value(.integer(bytes: 8), [0, 0, 0, 0, 0, 0, 1, 2]) == 258)
    #expect(try value(.integer(bytes: 4), [0xff, 0xff, 0xff, 0xfe]) == -2)
    #expect(try value(.integer(bytes: 2), [0x80, 0]) == -32768)
    #expect(try value(.double, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]) == .number("1.5"))
    #expect(try value(.float, [0x3f, 0, 0, 0]) == .number("0.5"))
    #expect(try value(.boolean, [1]) == true)
    #expect(throws: RecordFault.self) { try value(.integer(bytes: 4), [1]) }
    #expect(throws: RecordFault.self) { try value(.double, [0x7f, 0xf0, 0, 0, 0, 0, 0, 0]) }
    #expect(throws: RecordFault.self) { try value(.boolean, [2]) }
  }

  @Test func textsAreUTF8AndBytesAreBase64() throws {
    #expect(try value(.string, Array("é".utf8)) == "é")
    #expect(throws: RecordFault.self) { try value(.string, [0xff]) }
    #expect(try value(.bytes, [0, 0xff]) == "AP8=")
  }

  @Test func idsAreTextsAndWholeNumbers() throws {
    #expect(try DocumentID.text(of: "k") == "k")
    #expect(try DocumentID.text(of: 42) == "42")
    for key: JSONValue? in [nil, "", true, .number("1.5"), [:], []] {
      #expect(throws: RecordFault.self) { try DocumentID.text(of: key) }
    }
  }

  @Test func anEnvelopesPayloadBecomesADocumentByItsSchema() throws {
    let schema: JSONValue = [
      "type": "struct",
      "fields": [
        ["field": "n", "type": "int32"], ["field": "s", "type": "string", "default": "none"],
        ["field": "d", "type": "int32", "name": "org.apache.kafka.connect.data.Date"],
        [
          "field": "dec", "type": "bytes", "name": "org.apache.kafka.connect.data.Decimal",
          "parameters": ["scale": "2"],
        ],
        ["field": "m", "type": "map", "keys": ["type": "int32"], "values": ["type": "string"]],
      ],
    ]
    let known = try #require(ConnectSchema(envelope: schema))
    let payload: JSONValue = [
      "n": 1, "s": .null, "d": 18_761, "dec": "Ag==", "m": [[1, "a"]],
    ]
    let document = try EnvelopeDocument(options: .init(), stage: .valueConverter).value(
      payload, known)
    #expect(
      document == [
        "n": 1, "s": "none", "d": "2021-05-14", "dec": "0.02", "m": [["key": 1, "value": "a"]],
      ])
    #expect(ConnectSchema(envelope: ["type": "colour"]) == nil)
  }
}
