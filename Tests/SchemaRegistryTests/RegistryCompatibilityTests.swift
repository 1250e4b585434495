import JSON
import Testing

/// Compatibility, levels and modes through real sockets; the numbers are those of the cases that
/// registries are measured by.
@Suite struct RegistryCompatibilityTests {
  let registry: Fixture

  init() throws { registry = try Fixture() }

  @Test func anIncompatibleSchemaIsRefusedWithTypePlaceAndVersion() async throws {  // 7, 8
    try await registry.registerReviews()
    let bad = try await registry.register("a", Fixture.reviewBad)
    expect(bad, 409, 40901)
    let message = bad.body["message"]?.string ?? ""
    for part in [
      "TYPE_MISMATCH", "/fields/1/type", "oldSchemaVersion: 2", "compatibility: 'BACKWARD'",
      "reader type: STRING not compatible with writer type: INT", #"subject "a""#,
    ] {
      #expect(message.contains(part), "\(part) is not in \(message)")
    }
    let required = try await registry.register("a", Fixture.reviewRequired)
    expect(required, 409, 40901)
    let text = required.body["message"]?.string ?? ""
    #expect(text.contains("READER_FIELD_MISSING_DEFAULT_VALUE") && text.contains("/fields/2"))
    #expect(try await registry.get("/subjects/a/versions").text == "[1,2]")
    let forced = try await registry.post(
      "/subjects/a/versions?force=true", Fixture.reviewRequired)
    #expect(forced.status == 200)
  }

  @Test func aCheckAnswersWithoutStoringAnything() async throws {  // 9 to 14
    try await registry.registerReviews()
    let path = "/compatibility/subjects/a/versions"
    let plain = try await registry.post(path + "/latest", Fixture.reviewBad)
    #expect(plain.text == #"{"is_compatible":false}"#)
    let verbose = try await registry.post(path + "/latest?verbose=true", Fixture.reviewBad)
    #expect(verbose.body["is_compatible"] == false && verbose.body["messages"]?[3] != nil)
    let good = try await registry.post(path + "/latest?verbose=True", Fixture.reviewV2)
    #expect(good.text == #"{"is_compatible":true,"messages":[]}"#)
    let unknown = try await registry.post(
      "/compatibility/subjects/zz/versions/latest", Fixture.reviewV1)
    #expect(unknown.text == #"{"is_compatible":true}"#)
    expect(try await registry.post(path + "/99", Fixture.reviewV1), 404, 40402)
    expect(try await registry.post(path + "/abc", Fixture.reviewV1), 422, 42202)
    #expect(try await registry.post(path, Fixture.reviewBad).body["is_compatible"] == false)
    #expect(try await registry.post(path + "/1", Fixture.reviewV2).body["is_compatible"] == true)
    #expect(try await registry.get("/schemas/ids/3").status == 404)
  }

  @Test func transitiveLevelsCompareWithEveryVersion() async throws {
    func record(_ fields: String) -> String {
      #"{"type":"record","name":"R","fields":[\#(fields)]}"#
    }
    _ = try await registry.register("t", record(#"{"name":"a","type":"string"}"#))
    _ = try await registry.register("t", record(""))
    let third = record(#"{"name":"a","type":"int","default":1}"#)
    let path = "/compatibility/subjects/t/versions"
    #expect(try await registry.post(path, third).body["is_compatible"] == true)
    let level = #"{"compatibility":"BACKWARD_TRANSITIVE"}"#
    _ = try await registry.request(.put, "/config/t", level)
    let answer = try await registry.post(path + "?verbose=true", third)
    #expect(answer.body["is_compatible"] == false && answer.text.contains("oldSchemaVersion: 1"))
    expect(try await registry.register("t", third), 409, 40901)
    _ = try await registry.request(.put, "/config/t", #"{"compatibility":"none"}"#)
    #expect(try await registry.register("t", third).status == 200)
  }

  @Test func forwardAsksTheOtherWayRound() async throws {
    _ = try await registry.register("f", Fixture.reviewV1)
    _ = try await registry.request(.put, "/config/f", #"{"compatibility":"FORWARD"}"#)
    #expect(try await registry.register("f", Fixture.reviewRequired).status == 200)
    let refused = try await registry.register(
      "f", #"{"type":"record","name":"Review","fields":[]}"#)
    expect(refused, 409, 40901)
    let text = refused.body["message"]?.string ?? ""
    #expect(text.contains("in the old schema has no default value and is missing in the new"))
  }

  @Test func levelsAreSetForOneSubjectAndForAll() async throws {  // 37 to 41
    #expect(try await registry.get("/config").text == #"{"compatibilityLevel":"BACKWARD"}"#)
    _ = try await registry.register("a", Fixture.reviewV1)
    expect(
      try await registry.get("/config/a"), 404, 40408,
      "Subject 'a' does not have subject-level compatibility configured")
    let global = try await registry.get("/config/a?defaultToGlobal=true")
    #expect(global.text == #"{"compatibilityLevel":"BACKWARD"}"#)
    let full = try await registry.request(.put, "/config/a", #"{"compatibility":"full"}"#)
    #expect(full.text == #"{"compatibility":"FULL"}"#)
    #expect(try await registry.get("/config/a").text == #"{"compatibilityLevel":"FULL"}"#)
    expect(try await registry.request(.put, "/config", #"{"compatibility":"NOPE"}"#), 422, 42203)
    let read = try await registry.request(.put, "/config/a", "{}")
    #expect(read.text == #"{"compatibility":"FULL"}"#)
    let more = try await registry.request(.put, "/config/a", #"{"normalize":true}"#)
    #expect(more.text == #"{"compatibility":"FULL","normalize":true}"#)
    let less = try await registry.request(.put, "/config/a", #"{"normalize":null}"#)
    #expect(less.text == #"{"compatibility":"FULL"}"#)
    let gone = try await registry.request(.delete, "/config/a")
    #expect(gone.text == #"{"compatibilityLevel":"FULL"}"#)
    expect(try await registry.request(.delete, "/config/a"), 404, 40401)
  }

  @Test func aReadOnlySubjectOnlyAnswers() async throws {  // 42 to 45
    try await registry.registerReviews()
    #expect(try await registry.get("/mode").text == #"{"mode":"READWRITE"}"#)
    expect(try await registry.get("/mode/a"), 404, 40409)
    let set = try await registry.request(.put, "/mode/a", #"{"mode":"readonly"}"#)
    #expect(set.text == #"{"mode":"READONLY"}"#)
    let refused = try await registry.register("a", #""int""#)
    expect(refused, 422, 42205, "Subject a in context  is in read-only mode")
    #expect(try await registry.register("a", Fixture.reviewV1).body["id"] == 1)
    expect(try await registry.request(.delete, "/subjects/a"), 422, 42205)
    expect(
      try await registry.request(.put, "/config/a", #"{"compatibility":"NONE"}"#), 422, 42205)
    #expect(try await registry.register("b", Fixture.reviewV2).status == 200)
    expect(try await registry.request(.put, "/mode", #"{"mode":"XX"}"#), 422, 42204)
    let deleted = try await registry.request(.delete, "/mode/a")
    #expect(deleted.text == #"{"mode":"READONLY"}"#)
    expect(try await registry.request(.delete, "/mode/a"), 404, 40401)
    _ = try await registry.request(.put, "/mode", #"{"mode":"READONLY_OVERRIDE"}"#)
    expect(try await registry.register("b", #""int""#), 422, 42205)
    #expect(try await registry.get("/mode/b?defaultToGlobal=true").text.contains("OVERRIDE"))
  }

  @Test func importKeepsGivenIdsAndNeverGivesThemOutAgain() async throws {  // 46
    let given = #"{"schema":"\"int\"","id":77,"version":5}"#
    let path = "/subjects/i/versions"
    expect(try await registry.request(.post, path, given), 422, 42205)
    _ = try await registry.request(.put, "/mode/i", #"{"mode":"IMPORT"}"#)
    let imported = try await registry.request(.post, path, given)
    #expect(imported.body["id"] == 77 && imported.body["version"] == 5, "\(imported.text)")
    expect(try await registry.register("i", #""long""#), 422, 42205)
    let overwrite = #"{"schema":"\"long\"","id":77,"version":6}"#
    expect(
      try await registry.request(.post, path, overwrite), 422, 42205,
      "Overwrite new schema with id 77 in context  is not permitted.")
    #expect(try await registry.register("other", #""long""#).body["id"] == 78)
    let late = try await registry.request(.put, "/mode/other", #"{"mode":"IMPORT"}"#)
    expect(late, 422, 42205, "Cannot import since found existing subjects")
    let forced = try await registry.request(.put, "/mode/other?force=true", #"{"mode":"IMPORT"}"#)
    #expect(forced.status == 200)
  }
}
