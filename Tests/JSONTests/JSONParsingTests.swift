import Testing

@testable import JSON

@Suite struct Parsing {
  @Test func orderDuplicatesAndNumberTextAreKept() throws {
    let source = #"{"b":1.50,"a":-0,"b":123456789012345678901234567890,"c":[1E400,[],{}]}"#
    let value = try JSONValue.parse(source)
    #expect(value.object?.map(\.name) == ["b", "a", "b", "c"])
    #expect(value["b"]?.number == "123456789012345678901234567890")
    #expect(value["b"]?.int64 == nil)
    #expect(value["c"]?[0]?.double == nil)
    #expect(value.serialized() == source)
  }

  @Test func escapesAreResolved() throws {
    let value = try JSONValue.parse(#"["\"\\\/\b\f\n\r\t","\u00e9\u20AC\ud83d\ude00","\u0000x"]"#)
    #expect(value[0]?.string == "\"\\/\u{8}\u{c}\n\r\t")
    #expect(value[1]?.string == "é€😀")
    #expect(value[2]?.string == "\0x")
  }

  @Test(arguments: [
    ("", JSONError.Reason.empty), ("  \n", .empty), ("[1,", .truncated), ("{", .truncated),
    (#"{"a""#, .truncated), (#"{"a":"#, .truncated), (#""abc"#, .truncated),
    ("[1] 2", .trailingContent), ("1 1", .trailingContent), ("{}}", .trailingContent),
    ("[1,]", .unexpectedCharacter), (#"{"a":1,}"#, .unexpectedCharacter),
    ("{1:2}", .unexpectedCharacter), ("[1 2]", .unexpectedCharacter), ("]", .unexpectedCharacter),
    ("tru", .unexpectedCharacter), ("nulll", .unexpectedCharacter), ("[}", .unexpectedCharacter),
    ("{]", .unexpectedCharacter), (":", .unexpectedCharacter), ("NaN", .unexpectedCharacter),
    (#"{"a" 1}"#, .unexpectedCharacter), (#"["a":1]"#, .unexpectedCharacter),
    ("01", .malformedNumber), ("-", .malformedNumber), ("1.", .malformedNumber),
    ("1e", .malformedNumber), ("0x1", .malformedNumber), ("1\"a\"", .malformedNumber),
    (#""\x""#, .malformedString), (#""\u12g4""#, .malformedString),
    (#""\ud800""#, .malformedString), (#""\ud800\u0041""#, .malformedString),
    (#""\udc00""#, .malformedString), ("\"a\nb\"", .malformedString),
    (#""\u12""#, .malformedString),
  ])
  func malformedTextIsATypedError(source: String, reason: JSONError.Reason) {
    let error = #expect(throws: JSONError.self) { try JSONValue.parse(source) }
    #expect(error?.reason == reason, "\(source)")
  }

  @Test func invalidUTF8IsATypedError() {
    for inside: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80]] {
      let bytes = [0x22] + inside + [0x22]
      let error = #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
      #expect(error?.reason == .invalidUTF8)
    }
  }

  @Test func aHundredThousandLevelsAreAnErrorAndAThousandAreNot() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    let error = #expect(throws: JSONError.self) { try JSONValue.parse(nested(100_000)) }
    #expect(error?.reason == .tooDeep)
    #expect(try JSONValue.parse(nested(1024)).serialized() == nested(1024))
    let objects = String(repeating: #"{"a":"#, count: 100_000)
    #expect(throws: JSONError.self) { try JSONValue.parse(objects) }
  }

  @Test func anErrorTellsItsPlace() {
    #expect(throws: JSONError(.unexpectedCharacter, offset: 4)) { try JSONValue.parse("[1, x]") }
  }

  @Test func aViewReadsFieldsWithoutCopying() throws {
    var parser = JSONParser()
    let bytes = Array(#"{"id":"r1","stars":4.5,"useful":-3,"ok":true,"no":null,"t":[1,"x"]}"#.utf8)
    try bytes.withUnsafeBytes { bytes in
      let view = try parser.parse(bytes)
      #expect(view.kind == .object && view.count == 6)
      #expect(view.member("id")?.string == "r1")
      #expect(view.member("stars")?.double == 4.5)
      #expect(view.member("useful")?.int64 == -3)
      #expect(view.member("ok")?.bool == true)
      #expect(view.member("no")?.isNull == true)
      #expect(view.member("absent") == nil)
      var kinds: [JSONView.Kind] = []
      view.member("t")?.forEachElement { kinds.append($0.kind) }
      #expect(kinds == [.number, .string])
    }
  }

  @Test(arguments: [
    ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
    ("9223372036854775808", nil), ("-9223372036854775809", nil), ("99999999999999999999", nil),
    ("1.0", nil), ("1e2", nil), ("0", 0), ("-0", 0),
  ])
  func integersFitOrAreNil(source: String, expected: Int64?) throws {
    #expect(try JSONValue.parse(source).int64 == expected)
  }
}

@Suite struct UTF8Validity {
  @Test func overLongFormsSurrogatesAndCutsAreInvalidAtAnyLength() {
    let wrong: [[UInt8]] = [
      [0x80], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
      [0xc3], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80],
    ]
    for length in [0, 1, 7, 8, 15, 63, 64, 200] {
      let padding = [UInt8](repeating: UInt8(ascii: "x"), count: length)
      #expect((padding + Array("é€😀".utf8)).withUnsafeBytes { UTF8.isValid($0) })
      #expect(padding.withUnsafeBytes { UTF8.isValid($0) })
      for bytes in wrong {
        #expect(!(padding + bytes).withUnsafeBytes { UTF8.isValid($0) })
        #expect(!(bytes + padding).withUnsafeBytes { UTF8.isValid($0) })
      }
    }
  }
}
