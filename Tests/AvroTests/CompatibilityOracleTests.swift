import JSON
import Testing

@testable import Avro

@Suite(.enabled(if: AvroOracle.path != nil, AvroOracle.reason))
struct CompatibilityOracle {
  @Test func verdictsReasonsAndPlacesAgreeWithJava() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("verdictsReasonsAndPlacesAgreeWithJava seed \(seed)")
    var random = RandomSchemaPairs(seed: seed)
    let pairs = (0..<AvroOracle.cases).map { _ in random.pair() }
    let answers = try AvroOracle.answers(
      pairs.map {
        ["op": "compatible", "reader": Self.text($0.reader), "writer": Self.text($0.writer)]
      })
    var verdicts: [Bool: Int] = [:]
    var kinds: Set<String> = []
    var refused = 0
    for (pair, answer) in zip(pairs, answers) {
      let comment: Comment =
        "seed \(seed): reader \(pair.reader.serialized()) writer \(pair.writer.serialized())"
      guard answer["ok"] == true, let reader = try? AvroSchema.parse(pair.reader) else {
        // An edit left a use of a type without its definition.
        let ours = try? AvroSchema.parse(pair.reader)
        #expect(ours == nil && answer["ok"] == false, comment)
        refused += 1
        continue
      }
      let ours = reader.incompatibilities(asReaderOf: try AvroSchema.parse(pair.writer))
      #expect(ours.isEmpty == (answer["compatible"] == true), comment)
      verdicts[ours.isEmpty, default: 0] += 1
      kinds.formUnion(ours.map(\.kind.rawValue))
      let theirs = (answer["incompatibilities"]?.array ?? []).map { Self.words($0, pair.reuses) }
      let mine = ours.map { problem in
        Self.javaWords(problem) + (pair.reuses ? "" : " \(Self.javaPlace(problem))")
      }
      #expect(Set(mine) == Set(theirs), comment)
      if !pair.reuses { #expect(mine == theirs, comment) }
    }
    #expect(refused < pairs.count / 5)
    // A test that never meets one side of the question shows nothing.
    #expect(verdicts[true, default: 0] > pairs.count / 10, "\(verdicts)")
    #expect(verdicts[false, default: 0] > pairs.count / 10, "\(verdicts)")
    #expect(kinds.count == AvroIncompatibility.Kind.allCases.count, "\(kinds)")
  }

  private static func text(_ schema: JSONValue) -> JSONValue { .string(schema.serialized()) }

  /// Java repeats the first place of a pair of types that it meets again, so where types are used
  /// twice its places say little.
  private static func words(_ problem: JSONValue, _ reuses: Bool) -> String {
    let type = problem["type"]?.string ?? ""
    let message = problem["message"]?.string ?? ""
    return "\(type) \(message)" + (reuses ? "" : " \(problem["location"]?.string ?? "")")
  }

  /// Of an enum field that has no default, but whose type has one, Java says that the enum is not
  /// the writer's record.
  private static func isEnumWithDefault(_ problem: AvroIncompatibility) -> Bool {
    guard problem.kind == .missingDefault, case .enumeration(let symbols) = problem.reader.shape
    else { return false }
    return symbols.defaultSymbol != nil
  }

  private static func javaWords(_ problem: AvroIncompatibility) -> String {
    isEnumWithDefault(problem)
      ? "TYPE_MISMATCH reader type: ENUM not compatible with writer type: RECORD"
      : "\(problem.kind.rawValue) \(problem.detail)"
  }

  private static func javaPlace(_ problem: AvroIncompatibility) -> String {
    problem.location + (isEnumWithDefault(problem) ? "/type" : "")
  }
}
