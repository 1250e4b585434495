import JSON
import Testing

@testable import Avro

@Suite struct EvolutionTests {
  private func record(_ fields: String, name: String = "R") -> String {
    #"{"type":"record","name":"\#(name)","fields":[\#(fields)]}"#
  }

  private func evolve(
    _ new: String, after old: String, level: CompatibilityLevel = .backward
  ) throws -> AvroEvolution {
    try AvroEvolution(JSONValue.parse(new), after: AvroSchema.parse(old), level: level)
  }

  @Test func eachProblemIsMendedByItsSmallestEdit() throws {
    let old = record(
      #"{"name":"k","type":{"type":"enum","name":"K","symbols":["A","B"]}},"#
        + #"{"name":"n","type":"string"}"#, name: "Old")
    let new = record(
      #"{"name":"k","type":{"type":"enum","name":"K","symbols":["B"]}},"#
        + #"{"name":"n","type":"int"},{"name":"x","type":"long"}"#)
    let evolution = try evolve(new, after: old)
    #expect(evolution.left.isEmpty && evolution.edits.count == 4)
    #expect(Set(evolution.edits.map(\.path)) == ["R", "R.k", "R.n", "R.x"])
    let edited = try AvroSchema.parse(evolution.json)
    #expect(edited.incompatibilities(asReaderOf: try AvroSchema.parse(old)).isEmpty)
    #expect(evolution.json["fields"]?[2]?["default"] == .null)
    #expect(evolution.json["fields"]?[1]?["type"] == ["int", "string"])
    #expect(evolution.json["aliases"] == ["Old"])
  }

  @Test func aUnionGetsTheBranchThatItLost() throws {
    let evolution = try evolve(
      record(#"{"name":"n","type":"int"}"#), after: record(#"{"name":"n","type":["null","int"]}"#))
    #expect(evolution.json["fields"]?[0]?["type"] == ["null", "int"])
    #expect(evolution.left.isEmpty)
  }

  @Test func whatIsCompatibleStaysAsItIsAndWhatCannotBeMendedIsTold() throws {
    let plain = record(#"{"name":"n","type":"int"}"#)
    let same = try evolve(plain, after: plain, level: .full)
    #expect(same.edits.isEmpty && same.left.isEmpty)
    #expect(same.json == (try JSONValue.parse(plain)))
    let fixed = try evolve(
      #"{"type":"fixed","name":"F","size":4}"#, after: #"{"type":"fixed","name":"F","size":8}"#)
    #expect(fixed.left.map(\.cause.kind) == [.fixedSizeMismatch])
  }

  @Test func whatOldReadersNeedComesBack() throws {
    let old = record(
      #"{"name":"n","type":"int"},{"name":"k","type":{"type":"enum","name":"K","symbols":["A"]}},"#
        + #"{"name":"list","type":{"type":"array","items":"int"}},{"name":"o","type":["null","int"]}"#
    )
    let new = record(
      #"{"name":"list","type":{"type":"array","items":"string"}},"#
        + #"{"name":"k","type":{"type":"enum","name":"K","symbols":["A","B"]}},"#
        + #"{"name":"o","type":["null","string"]},{"name":"x","type":"long"}"#)
    for level in [CompatibilityLevel.forward, .full] {
      let evolution = try evolve(new, after: old, level: level)
      #expect(evolution.left.isEmpty, "\(evolution.left)")
      let edited = try AvroSchema.parse(evolution.json)
      #expect(try level.problems(of: edited, after: AvroSchema.parse(old)).isEmpty)
      #expect(edited.fields.map(\.name) == ["n", "list", "k", "o", "x"])
      #expect(edited.fields[1].schema.typeText == "array<int>")
      #expect(edited.fields[2].schema.typeText == "enum K {A}")
      #expect(edited.fields[3].schema.typeText == "[null, int]")
    }
    let full = try evolve(new, after: old, level: .full)
    #expect(full.edits.contains(AvroEdit(path: "R.n", change: "comes back: old readers need it")))
    #expect(full.edits.contains(AvroEdit(path: "R.x", change: "may be null, with default null")))
  }

  /// Whatever was done to a schema, what is proposed is compatible or says what is left.
  @Test func aProposalFitsOrSaysWhatIsLeft() throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("aProposalFitsOrSaysWhatIsLeft seed \(seed)")
    var random = RandomSchemaPairs(seed: seed)
    var mended = 0
    for _ in 0..<1500 {
      let pair = random.pair()
      guard (try? AvroSchema.parse(pair.reader)) != nil else { continue }
      let old = try AvroSchema.parse(pair.writer)
      let level = [CompatibilityLevel.backward, .forward, .full][random.below(3)]
      let evolution = try AvroEvolution(pair.reader, after: old, level: level)
      let problems = level.problems(of: try AvroSchema.parse(evolution.json), after: old)
      #expect(problems == evolution.left, "seed \(seed), \(pair.reader.serialized())")
      if problems.isEmpty && !evolution.edits.isEmpty { mended += 1 }
    }
    #expect(mended > 100)
  }
}
