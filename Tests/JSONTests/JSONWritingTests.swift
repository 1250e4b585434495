import Bytes
import Scheduling
import Testing

@testable import JSON

private func text(_ body: (inout ByteBuffer) -> Void) -> String {
  var buffer = ByteBuffer()
  body(&buffer)
  return String(decoding: buffer.toArray(), as: UTF8.self)
}

@Suite struct Writing {
  @Test func onlyWhatMustBeIsEscaped() {
    let mixed = text { $0.appendJSONString("a\"b\\c/é\u{7f}\u{2028}") }
    #expect(mixed == "\"a\\\"b\\\\c/é\u{7f}\u{2028}\"")
    let controls = text { $0.appendJSONString("\n\r\t\u{8}\u{c}\u{1}\u{1f}") }
    #expect(controls == #""\n\r\t\b\f\u0001\u001F""#)
  }

  @Test func everyByteAtEveryPlaceIsEscapedRight() throws {
    for length in 1...20 {
      for place in 0..<length {
        for byte in UInt8(0)..<128 {
          var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: length)
          bytes[place] = byte
          let string = String(decoding: bytes, as: UTF8.self)
          let written = text { $0.appendJSONString(string) }
          let plain = byte >= 0x20 && byte != 0x22 && byte != 0x5c
          #expect(plain == (written == "\"\(string)\""))
          if !plain { #expect(try JSONValue.parse(written).string == string) }
        }
      }
    }
  }

  @Test(arguments: [
    (5.0, "5.0"), (-0.0, "-0.0"), (4.5, "4.5"), (-3.25, "-3.25"), (0.1, "0.1"),
    (0.000001, "0.000001"), (1e-7, "1e-07"), (1e300, "1e+300"), (123456.789, "123456.789"),
    (0.1 + 0.2, "0.30000000000000004"), (Double.leastNonzeroMagnitude, "5e-324"),
    (999_999_999.999999, "999999999.999999"),
  ])
  func doublesAreShort(number: Double, expected: String) {
    let written = text { $0.appendJSON(number) }
    #expect(written == expected)
  }

  @Test func infinitiesAndNaNAreReported() {
    var buffer = ByteBuffer()
    for number in [Double.nan, .infinity, -.infinity] {
      let written = buffer.appendJSON(number)
      #expect(!written)
    }
    let written = buffer.appendJSON(Float.nan)
    #expect(!written)
    let count = buffer.count
    #expect(count == 0)
  }

  @Test func randomDoublesReadBackTheSame() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for round in 0..<20_000 {
      var number = Double(bitPattern: generator.next())
      if round % 2 == 0 {
        number = Double(Int.random(in: -99_999...99_999, using: &generator)) / 1e4
      }
      guard number.isFinite else { continue }
      let written = text { $0.appendJSON(number) }
      let read = try JSONValue.parse(written).double
      #expect(read == number, "seed \(seed) wrote \(written)")
      #expect(written.count <= number.description.count + 3, "seed \(seed) wrote \(written)")
    }
  }

  @Test func prettyTextIsIndented() throws {
    let value: JSONValue = ["a": [1, 2], "b": [:], "c": []]
    let expected = "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}"
    #expect(value.serialized(pretty: true) == expected)
    #expect(try JSONValue.parse(expected) == value)
  }

  @Test func randomValuesRoundTrip() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let value = randomValue(&generator, depth: 4)
      #expect(try JSONValue.parse(value.serialized()) == value, "seed \(seed)")
      #expect(try JSONValue.parse(value.serialized(pretty: true)) == value, "seed \(seed)")
    }
  }

  @Test func mutatedTextNeverCrashes() {
    let seed = UInt64.random(in: 0 ... .max)
    print("mutatedTextNeverCrashes seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      var bytes = Array(randomValue(&generator, depth: 3).serialized().utf8)
      for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[place] = Array(#"{}[]",:\0e"#.utf8).randomElement(using: &generator) ?? 0
        case 2: bytes.removeSubrange(place...)
        default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
        }
      }
      guard let value = try? JSONValue.parse(bytes) else { continue }
      #expect((try? JSONValue.parse(value.serialized())) == value, "seed \(seed)")
    }
  }

  private func randomValue(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
    case 0: return .null
    case 1: return .bool(.random(using: &generator))
    case 2: return .number(String(Int64(bitPattern: generator.next())))
    case 3: return .number((Double(Int32(truncatingIfNeeded: generator.next())) / 64).description)
    case 4: return .string(randomString(&generator))
    case 5:
      let count = Int(generator.next() % 5)
      return .array((0..<count).map { _ in randomValue(&generator, depth: depth - 1) })
    default:
      return .object(
        (0..<Int(generator.next() % 5)).map { _ in
          JSONMember(randomString(&generator), randomValue(&generator, depth: depth - 1))
        })
    }
  }

  private func randomString(_ generator: inout SeededGenerator) -> String {
    let pieces = ["a", "\"", "\\", "\n", "\u{1}", "é", "😀", "word ", "\u{0}", "}", "[", "/"]
    return (0..<Int(generator.next() % 12)).map { _ in
      pieces[Int(generator.next() % UInt64(pieces.count))]
    }.joined()
  }
}
