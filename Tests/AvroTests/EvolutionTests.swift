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
    let gone = try evolve(record(""), after: plain, level: .forward)
    #expect(gone.edits.isEmpty && gone.left.map(\.cause.kind) == [.missingDefault])
    let fixed = try evolve(
      #"{"type":"fixed","name":"F","size":4}"#, after: #"{"type":"fixed","name":"F","size":8}"#)
    #expect(fixed.left.map(\.cause.kind) == [.fixedSizeMismatch])
  }
}
