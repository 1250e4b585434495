import Foundation
import JSON
import Testing

@testable import Avro

/// fastavro, answering JSON lines.
enum Fastavro {
  /// A Python that has fastavro, by OPINE_TEST_FASTAVRO; unset, its suite is skipped.
  static let python = ProcessInfo.processInfo.environment["OPINE_TEST_FASTAVRO"]
  static let reason: Comment = "OPINE_TEST_FASTAVRO names no Python with fastavro"

  static func answers(_ questions: [JSONValue]) throws -> [JSONValue] {
    let script = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "fastavro_oracle.py").path
    return try AvroOracle.answers(questions, of: python ?? "", [script])
  }
}

/// fastavro reads as we do, but for what is named here:
///
/// - It refuses schemas that do not fit before it meets a value, an empty array's items for one.
/// - It takes the first branch that fits by promotion, where we look for the same type first, as Java does: the
///   same number or text comes out in another type, or rounded to a float.
/// - Bytes that are read as a string where a union has both may be no UTF-8: refused there.
/// - Defaults it gives as they stand in the schema: bytes as text, records without their own fields' defaults.
/// - A reader's empty union is no schema to it: it reads what was written. Those are left out here.
@Suite(.enabled(if: Fastavro.python != nil, Fastavro.reason))
struct FastavroOracle {
  @Test func canonicalTextMeansWhatTheSchemaMeant() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("canonicalTextMeansWhatTheSchemaMeant seed \(seed)")
    var random = RandomSchemaPairs(seed: seed)
    let schemas = (0..<AvroOracle.cases).map { _ in random.pair().writer }
    func question(_ text: String) -> JSONValue { ["op": "canonical", "schema": .string(text)] }
    let theirs = try Fastavro.answers(schemas.map { question($0.serialized()) })
    let ours = try Fastavro.answers(
      schemas.map { question(try AvroSchema.parse($0).canonicalText) })
    for (schema, (before, after)) in zip(schemas, zip(theirs, ours)) {
      #expect(before["ok"] == true && before == after, "seed \(seed), \(schema.serialized())")
    }
  }

  @Test func resolvedValuesAgreeWithFastavro() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("resolvedValuesAgreeWithFastavro seed \(seed)")
    var random = RandomSchemaPairs(seed: seed)
    var cases: [ResolutionCase] = []
    while cases.count < AvroOracle.cases {
      if let each = try ResolutionCase(&random) { cases.append(each) }
    }
    var counts: [String: Int] = [:]
    for (each, answer) in zip(cases, try Fastavro.answers(cases.map(\.question))) {
      let verdict = each.compared(with: answer)
      counts[verdict.rawValue, default: 0] += 1
      #expect(
        verdict != .differs,
        "seed \(seed): \(each.question.serialized()) \(answer.serialized()) \(each.ours)")
    }
    print("resolvedValuesAgreeWithFastavro \(counts)")
    #expect(counts["same", default: 0] > cases.count / 4, "\(counts)")
    #expect(counts["bothRefuse", default: 0] > cases.count / 50, "\(counts)")
  }
}

/// One payload, read by both.
private struct ResolutionCase {
  enum Verdict: String { case same, bothRefuse, refusedEarly, textFirst, differs }

  let writer: AvroSchema
  let reader: AvroSchema
  let ours: Result<AvroValue, AvroDecodingError>
  let question: JSONValue

  /// Nil where an edit left the reader no valid schema.
  init?(_ random: inout RandomSchemaPairs) throws {
    let pair = random.pair()
    guard let reader = try? AvroSchema.parse(pair.reader), !Self.hasEmptyUnion(pair.reader) else {
      return nil
    }
    self.reader = reader
    writer = try AvroSchema.parse(pair.writer)
    var values = RandomAvro(writer, seed: random.generator.next())
    let payload = try AvroValueCoder(writer).encode(values.value(writer))
    let decoder = try AvroResolvingDecoder(writer: writer, reader: reader)
    ours = Result { () throws(AvroDecodingError) in try decoder.decode(payload) }
    question = [
      "op": "decode", "reader": .string(pair.reader.serialized()),
      "writer": .string(pair.writer.serialized()),
      "bytes": .string(Data(payload).base64EncodedString()),
    ]
  }

  private static func hasEmptyUnion(_ schema: JSONValue) -> Bool {
    if let branches = schema.array {
      return branches.isEmpty || branches.contains(where: hasEmptyUnion)
    }
    let inner = [schema["type"], schema["items"], schema["values"]].compactMap(\.self)
    return inner.contains(where: hasEmptyUnion)
      || (schema["fields"]?.array ?? []).contains(where: hasEmptyUnion)
  }

  func compared(with answer: JSONValue) -> Verdict {
    let refuses = answer["ok"] != true
    switch ours {
    case .failure: return refuses ? .bothRefuse : .differs
    case .success(let value):
      if answer["error"]?.string?.hasPrefix("UnicodeDecodeError") == true { return .textFirst }
      if refuses {
        return reader.incompatibilities(asReaderOf: writer).isEmpty ? .differs : .refusedEarly
      }
      guard let theirs = answer["value"], answer["left"] == 0 else { return .differs }
      return isSame(value, reader, theirs) ? .same : .differs
    }
  }

  private func isSame(_ value: AvroValue, _ schema: AvroSchema, _ theirs: JSONValue) -> Bool {
    switch (value, schema.shape) {
    case (_, .reference(let name)):
      return reader.definitions[name].map { isSame(value, $0, theirs) } ?? false
    case (.null, _): return theirs.isNull
    case (.boolean(let bool), _): return theirs.bool == bool
    case (.int(let number), _): return theirs.double == Double(number)
    case (.long(let number), _): return theirs.double == Double(number)
    case (.float(let number), _): return theirs.double.map { Float($0) } == number
    case (.double(let number), _): return theirs.double == number
    case (.string(let text), _): return theirs.string == text || bytes(theirs) == Array(text.utf8)
    case (.bytes(let given), _), (.fixed(let given), _):
      return bytes(theirs) == given || characters(theirs) == given
    case (.enumeration(let symbol), .enumeration(let symbols)):
      return theirs.string == symbols.symbols[symbol]
    case (.array(let values), .array(let items)):
      return theirs.array?.count == values.count
        && zip(values, theirs.array ?? []).allSatisfy { isSame($0, items, $1) }
    case (.map(let entries), .map(let inner)):
      return entries.allSatisfy { entry in
        member(entry.key, theirs).map { isSame(entry.value, inner, $0) } ?? false
      }
    case (.union(let branch, let inner), .union(let branches)):
      return isSame(inner, branches[branch], theirs)
    case (.record(let values), .record(let record)):
      return zip(values, record.fields).allSatisfy { value, field in
        member(field.name, theirs).map { isSame(value, field.schema, $0) } ?? false
      }
    default: return false
    }
  }

  private func member(_ name: String, _ theirs: JSONValue) -> JSONValue? {
    theirs["members"]?.array?.last { $0[0]?.string == name }?[1]
  }

  /// A default's bytes, which it gives as the characters that they are in the schema.
  private func characters(_ theirs: JSONValue) -> [UInt8]? {
    theirs.string.map { $0.unicodeScalars.map { UInt8(clamping: $0.value) } }
  }

  private func bytes(_ theirs: JSONValue) -> [UInt8]? {
    if let encoded = theirs["bytes"]?.string { return Data(base64Encoded: encoded).map(Array.init) }
    return theirs.string.map { Array($0.utf8) }
  }
}
