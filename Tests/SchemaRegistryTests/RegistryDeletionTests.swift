import JSON
import Testing

/// Deletion, references, normalization and what belongs to a schema's identity.
@Suite struct RegistryDeletionTests {
  let registry: Fixture

  init() throws { registry = try Fixture() }

  private func delete(
    _ path: String
  ) async throws -> (status: Int, body: JSONValue, text: String) {
    try await registry.request(.delete, path)
  }

  @Test func deletionIsSoftFirstAndForGoodSecond() async throws {  // 50 to 58
    try await registry.registerReviews()
    expect(
      try await delete("/subjects/a?permanent=true"), 404, 40405,
      "Subject 'a' was not deleted first before being permanently deleted")
    expect(try await delete("/subjects/a/versions/2?permanent=true"), 404, 40407)
    #expect(try await delete("/subjects/a/versions/2").text == "2")
    expect(
      try await delete("/subjects/a/versions/2"), 404, 40406,
      "Subject 'a' Version 2 was soft deleted.Set permanent=true to delete permanently")
    #expect(try await registry.get("/subjects/a/versions").text == "[1]")
    #expect(try await registry.get("/subjects/a/versions?deleted=true").text == "[1,2]")
    #expect(try await registry.get("/subjects/a/versions?deletedOnly=true").text == "[2]")
    #expect(try await registry.get("/subjects/a/versions?deletedAsNegative=true").text == "[1,-2]")
    expect(try await registry.get("/subjects/a/versions/2"), 404, 40402)
    let hidden = try await registry.get("/subjects/a/versions/2?deleted=true")
    #expect(hidden.body["deleted"] == true && hidden.body["id"] == 2)
    #expect(try await registry.get("/schemas/ids/2").status == 200)
    let again = try await registry.register("a", Fixture.reviewV2)
    #expect(again.body["version"] == 3 && again.body["id"] == 2)
    #expect(try await registry.get("/subjects/a/versions?deleted=true").text == "[1,3]")
    #expect(try await delete("/subjects/a").text == "[1,3]")
    expect(
      try await delete("/subjects/a"), 404, 40404,
      "Subject 'a' was soft deleted.Set permanent=true to delete permanently")
    #expect(try await registry.get("/subjects").text == #"["b"]"#)
    #expect(try await registry.get("/subjects?deletedOnly=true").text == #"["a"]"#)
    #expect(try await registry.get("/subjects?deleted=true").text == #"["a","b"]"#)
    #expect(try await registry.post("/subjects/a?deleted=true", Fixture.reviewV1).status == 200)
    expect(try await registry.post("/subjects/a", Fixture.reviewV1), 404, 40401)
    #expect(try await delete("/subjects/a?permanent=true").text == "[1,3]")
    expect(try await registry.get("/schemas/ids/2"), 404, 40403)
    expect(try await delete("/subjects/a"), 404, 40401)
    let fresh = try await registry.register("a", Fixture.reviewV2)
    #expect(fresh.body["version"] == 1 && fresh.body["id"] == 2)
    #expect(try await registry.register("c", #""int""#).body["id"] == 3)
  }

  @Test func settingsSurviveASoftDeletionOnly() async throws {
    _ = try await registry.register("a", Fixture.reviewV1)
    _ = try await registry.request(.put, "/config/a", #"{"compatibility":"FULL"}"#)
    _ = try await delete("/subjects/a")
    #expect(try await registry.get("/config/a").status == 200)
    _ = try await delete("/subjects/a?permanent=true")
    expect(try await registry.get("/config/a"), 404, 40408)
  }

  @Test func deletingTheLatestNamesItsNumber() async throws {
    try await registry.registerReviews()
    #expect(try await delete("/subjects/a/versions/latest").text == "2")
    #expect(try await delete("/subjects/a/versions/-1").text == "1")
    expect(try await delete("/subjects/a/versions/latest"), 404, 40402)
    expect(try await delete("/subjects/zz/versions/1"), 404, 40401)
    expect(try await delete("/subjects/zz"), 404, 40401)
  }

  private static let user = #"{"type":"record","name":"User","namespace":"u","fields":[]}"#
  private static let holder =
    #"{"type":"record","name":"Holder","fields":[{"name":"user","type":"u.User"}]}"#

  private func body(_ schema: String, version: Int) -> String {
    JSONValue.object([
      JSONMember("schema", .string(schema)),
      JSONMember(
        "references",
        [["name": "u.User", "subject": "user", "version": .int(version)]]),
    ]).serialized()
  }

  @Test func aSchemaUsesTypesOfOthersByReference() async throws {  // 47 to 49
    _ = try await registry.register("user", Self.user)
    let path = "/subjects/holder/versions"
    let made = try await registry.request(.post, path, body(Self.holder, version: -1))
    #expect(made.body["id"] == 2 && made.body["schema"]?.string == Self.holder, "\(made.text)")
    #expect(made.body["references"]?[0]?["version"] == 1)
    #expect(try await registry.get("/subjects/user/versions/1/referencedby").text == "[2]")
    let resolved = try await registry.get("/schemas/ids/2?format=resolved")
    let inlined = resolved.body["schema"]?.string ?? ""
    #expect(inlined.contains(#""name":"User""#))
    #expect(try await registry.post("/subjects/holder", inlined).body["id"] == 2)
    let refused = try await registry.request(.post, path, body(Self.holder, version: 9))
    expect(
      refused, 422, 42201,
      #"No schema reference found for subject "user" and version 9"#)
    let used =
      "One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=user,version=1}."
    expect(try await delete("/subjects/user"), 422, 42206, used)
    expect(try await delete("/subjects/user/versions/1"), 422, 42206, used)
    _ = try await delete("/subjects/holder")
    #expect(try await delete("/subjects/user").text == "[1]")
    expect(try await delete("/subjects/user?permanent=true"), 422, 42206, used)
    let other = Self.holder.replacing("Holder", with: "Other")
    let gone = try await registry.request(
      .post, "/subjects/other/versions", body(other, version: 1))
    expect(gone, 422, 42201)
    #expect(try await registry.get("/schemas/ids/2").status == 200)
  }

  @Test func normalizingMakesOneSchemaOfTwoSpellings() async throws {
    func decimal(_ properties: String) -> String {
      #"{"type":"bytes","logicalType":"decimal",\#(properties)}"#
    }
    let (first, second) = (
      decimal(#""precision":4,"scale":2"#), decimal(#""scale":2,"precision":4"#)
    )
    let path = "/subjects/d/versions"
    #expect(try await registry.post(path, first).body["id"] == 1)
    #expect(try await registry.post(path, second).body["id"] == 2)
    #expect(try await registry.post(path + "?normalize=True", second).body["id"] == 1)
    #expect(try await registry.post("/subjects/d?normalize=true", second).body["id"] == 1)
    _ = try await registry.request(.put, "/config/d", #"{"normalize":true}"#)
    #expect(try await registry.post(path, second).body["id"] == 1)
  }

  @Test func metadataAndRulesArePartOfTheIdentityAndComeBack() async throws {
    let path = "/subjects/m/versions"
    _ = try await registry.register("m", #""int""#)
    let body = #"{"schema":"\"int\"","metadata":{"properties":{"owner":"me"}},"ruleSet":{}}"#
    let made = try await registry.request(.post, path, body)
    #expect(made.body["id"] == 2 && made.body["version"] == 2)
    let read = try await registry.get("/schemas/ids/2")
    #expect(read.body["metadata"]?["properties"]?["owner"] == "me" && read.body["ruleSet"] == [:])
    let found = try await registry.get("/subjects/m/metadata?key=owner&value=me")
    #expect(found.body["version"] == 2)
    expect(try await registry.get("/subjects/m/metadata?key=owner&value=you"), 404, 40403)
    #expect(try await registry.request(.post, path, body).body["id"] == 2)
  }

  @Test func allSchemasAreListedAndPaged() async throws {
    try await registry.registerReviews()
    let all = try await registry.get("/schemas")
    #expect(all.body.array?.count == 3)
    let newest = try await registry.get("/schemas?latestOnly=true&subjectPrefix=a")
    #expect(newest.body.array?.count == 1 && newest.body[0]?["version"] == 2)
    #expect(try await registry.get("/schemas?offset=1&limit=1").body[0]?["version"] == 2)
  }
}
