import Testing

@testable import Avro

@Suite struct CompatibilityTests {
  private func schema(_ text: String) throws -> AvroSchema { try AvroSchema.parse(text) }

  private func record(_ fields: String) throws -> AvroSchema {
    try schema(#"{"type":"record","name":"R","fields":[\#(fields)]}"#)
  }

  @Test func aNewFieldNeedsADefaultForReadersOnly() throws {
    let old = try record(#"{"name":"id","type":"string"}"#)
    let new = try record(#"{"name":"id","type":"string"},{"name":"x","type":"int"}"#)
    let found = new.incompatibilities(asReaderOf: old)
    #expect(found.map(\.kind) == [.missingDefault])
    #expect(found.first?.location == "/fields/1" && found.first?.fieldName == "x")
    #expect(old.incompatibilities(asReaderOf: new).isEmpty)
    #expect(CompatibilityLevel.backward.problems(of: new, after: old).count == 1)
    #expect(CompatibilityLevel.forward.problems(of: new, after: old).isEmpty)
    #expect(CompatibilityLevel.full.problems(of: new, after: old).map(\.direction) == [.backward])
    #expect(CompatibilityLevel.full.problems(of: old, after: new).map(\.direction) == [.forward])
    #expect(CompatibilityLevel.none.problems(of: new, after: old).isEmpty)
  }

  @Test func onlyTransitiveLevelsLookBehindTheNewestVersion() throws {
    let first = try record(#"{"name":"a","type":"string"}"#)
    let second = try record(#"{"name":"b","type":"int","default":1}"#)
    let third = try record(#"{"name":"a","type":"int","default":1}"#)
    #expect(CompatibilityLevel.backward.conflict(of: third, after: [first, second]) == nil)
    let conflict = CompatibilityLevel.backwardTransitive.conflict(
      of: third, after: [first, second])
    #expect(conflict?.index == 0 && conflict?.problems.count == 1)
    #expect(CompatibilityLevel.none.conflict(of: third, after: [first]) == nil)
  }

  @Test func aUnionThatLacksABranchTellsWhatIsWrongWithTheNearestOne() throws {
    let old = try record(
      #"{"name":"who","type":["null",{"type":"record","name":"A","fields":["#
        + #"{"name":"zip","type":"string"}]}]}"#)
    let new = try record(
      #"{"name":"who","type":["null",{"type":"record","name":"A","fields":["#
        + #"{"name":"zip","type":"int"}]}]}"#)
    let found = try #require(new.incompatibilities(asReaderOf: old).first)
    #expect(found.kind == .missingUnionBranch && found.location == "/fields/0/type/1")
    #expect(found.detail == "reader union lacking writer type: RECORD")
    #expect(found.causes.map(\.kind) == [.typeMismatch])
    #expect(found.causes.first?.dottedPath(from: "R") == "R.who?.zip")
  }

  @Test func theSamePairOfTypesIsToldAtEachPlace() throws {
    func twice(_ type: String) throws -> AvroSchema {
      try record(
        #"{"name":"a","type":{"type":"record","name":"X","fields":["#
          + #"{"name":"q","type":"\#(type)"}]}},{"name":"b","type":{"type":"array","items":"X"}}"#)
    }
    let found = try twice("int").incompatibilities(asReaderOf: try twice("string"))
    #expect(found.map { $0.dottedPath(from: "R") } == ["R.a.q", "R.b[].q"])
    #expect(
      found.map(\.location) == [
        "/fields/0/type/fields/0/type", "/fields/1/type/items/fields/0/type",
      ])
  }

  @Test func typesThatNestWithoutEndAreRefusedInsteadOfCrashing() throws {
    // Short texts, deep types: each record uses the one before twice, and the two schemas meet at
    // the last record first.
    func chain(_ prefix: String, _ leaf: String) throws -> AvroSchema {
      var fields: [String] = []
      for level in 0..<2000 {
        let inner = level == 0 ? leaf : "C\(level - 1)"
        fields.append(
          #"{"name":"\#(prefix)\#(level)","default":null,"type":["null",{"type":"record","#
            + #""name":"C\#(level)","fields":[{"name":"a","type":"\#(inner)"},"#
            + #"{"name":"b","type":"\#(inner)"}]}]}"#)
      }
      fields.append(#"{"name":"last","type":"C1999"}"#)
      return try record(fields.joined(separator: ","))
    }
    let (writer, reader) = (try chain("w", "string"), try chain("r", "int"))
    #expect(!reader.incompatibilities(asReaderOf: writer).isEmpty)
  }

  @Test func unionsOfManyTypesAreGivenUpInsteadOfComparedForHours() throws {
    func many(_ prefix: String) throws -> AvroSchema {
      let names = (0..<1500).map { #"{"type":"fixed","name":"\#(prefix)\#($0)","size":1}"# }
      return try schema("[\(names.joined(separator: ","))]")
    }
    let (reader, writer) = (try many("A"), try many("B"))
    let begun = ContinuousClock.now
    #expect(reader.incompatibilities(asReaderOf: writer).count == 1500)
    #expect(ContinuousClock.now - begun < .seconds(60))
  }

  @Test func levelsAreReadInAnyCase() {
    #expect(CompatibilityLevel(name: "full_transitive") == .fullTransitive)
    #expect(CompatibilityLevel(name: "nope") == nil)
  }
}
