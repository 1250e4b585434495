import Foundation
import HTTPClient
import JSON
import RegistryServer
import Testing

/// The acceptance cases of Confluent's API, through real sockets.
@Suite struct RegistryServerTests {
  let registry: Fixture

  init() throws { registry = try Fixture() }

  @Test func theSameContentKeepsItsIdAcrossSpellingsAndSubjects() async throws {
    #expect(try await registry.get("/subjects").text == "[]")
    let first = try await registry.register("a", Fixture.reviewV1)
    #expect(first.status == 200 && first.body["id"] == 1 && first.body["version"] == 1)
    #expect(first.body["guid"]?.string == Fixture.reviewV1GUID)
    #expect(first.body["schemaType"] == "AVRO")
    #expect(first.body["schema"]?.string == Fixture.reviewV1)
    let pretty = try JSONValue.parse(Fixture.reviewV1).serialized(pretty: true)
    let again = try await registry.register("a", pretty)
    #expect(again.body["id"] == 1 && again.body["version"] == 1)
    let elsewhere = try await registry.register("b", Fixture.reviewV1)
    #expect(elsewhere.body["id"] == 1 && elsewhere.body["version"] == 1)
    let next = try await registry.register("a", Fixture.reviewV2)
    #expect(next.body["id"] == 2 && next.body["version"] == 2)
    let old = try await registry.register("a", Fixture.reviewV1)
    #expect(old.body["id"] == 1 && old.body["version"] == 1)
  }

  @Test func versionsAreReadByNumberAndAsLatest() async throws {
    try await registry.registerReviews()
    #expect(try await registry.get("/subjects/a/versions").text == "[1,2]")
    for latest in ["latest", "LATEST", "-1", "2"] {
      let answer = try await registry.get("/subjects/a/versions/\(latest)")
      #expect(answer.status == 200 && answer.body["version"] == 2 && answer.body["id"] == 2)
      #expect(answer.body["subject"] == "a")
    }
    let text = try await registry.get("/subjects/a/versions/1/schema")
    #expect(text.status == 200 && text.text == Fixture.reviewV1)
    let missing = try await registry.get("/subjects/a/versions/99")
    expect(missing, 404, 40402, "Version 99 not found.")
    expect(try await registry.get("/subjects/zz/versions/1"), 404, 40401)
    let noSubject = try await registry.get("/subjects/zz/versions")
    expect(noSubject, 404, 40401, "Subject 'zz' not found.")
    for nonsense in ["0", "-2", "abc", "2147483648"] {
      expect(try await registry.get("/subjects/a/versions/\(nonsense)"), 422, 42202)
    }
    #expect(try await registry.get("/subjects/a/versions/1/referencedby").text == "[]")
  }

  @Test func schemasAreReadByIdAndByGUID() async throws {
    try await registry.registerReviews()
    for _ in 0..<2 {  // the second from memory
      let answer = try await registry.get("/schemas/ids/1")
      #expect(answer.status == 200 && answer.body["schema"]?.string == Fixture.reviewV1)
    }
    let missing = try await registry.get("/schemas/ids/999")
    expect(missing, 404, 40403, "Schema 999 not found")
    #expect(try await registry.get("/schemas/ids/1/schema").text == Fixture.reviewV1)
    let versions = try await registry.get("/schemas/ids/1/versions")
    #expect(versions.text == #"[{"subject":"a","version":1},{"subject":"b","version":1}]"#)
    #expect(try await registry.get("/schemas/ids/1/subjects").text == #"["a","b"]"#)
    expect(try await registry.get("/schemas/ids/999/versions"), 404, 40403)
    expect(try await registry.get("/schemas/ids/999/subjects"), 404, 40403)
    let named = try await registry.get("/schemas/ids/1?subject=b&fetchMaxId=true")
    #expect(named.body["subject"] == "b" && named.body["version"] == 1)
    #expect(named.body["maxId"] == 2)
    let byGUID = try await registry.get("/schemas/guids/\(Fixture.reviewV1GUID)")
    #expect(byGUID.body["schema"]?.string == Fixture.reviewV1)
    let ids = try await registry.get("/schemas/guids/\(Fixture.reviewV1GUID)/ids")
    #expect(ids.text == #"[{"context":".","id":1}]"#)
    expect(try await registry.get("/schemas/guids/nope"), 404, 40403)
    #expect(try await registry.get("/schemas/types").text == #"["AVRO"]"#)
  }

  @Test func aLookupFindsOnlyWhatTheSubjectHas() async throws {
    try await registry.registerReviews()
    let found = try await registry.request(.post, "/subjects/a", Fixture.body(Fixture.reviewV1))
    #expect(found.status == 200 && found.body["subject"] == "a")
    #expect(found.body["version"] == 1 && found.body["id"] == 1)
    let other = try await registry.request(.post, "/subjects/a", Fixture.body(#""int""#))
    expect(other, 404, 40403, "Schema not found")
    let noSubject = try await registry.request(
      .post, "/subjects/zz", Fixture.body(Fixture.reviewV1))
    expect(noSubject, 404, 40401)
    expect(try await registry.request(.post, "/subjects/a", #"{"schema":""}"#), 404, 40403)
  }

  @Test func whatIsNoSchemaIsRefusedAndLeavesNothing() async throws {
    let path = "/subjects/a/versions"
    expect(try await registry.register("a", #"{"type":"nope"}"#), 422, 42201)
    let otherType = #"{"schema":"{}","schemaType":"XYZ"}"#
    let refused = try await registry.request(.post, path, otherType)
    expect(refused, 422, 42201, "Invalid schema type XYZ")
    expect(try await registry.request(.post, path, "{}"), 422, 42201, "Empty schema")
    expect(try await registry.request(.post, path, "xx"), 400, 400)
    expect(try await registry.request(.post, path, "null"), 422, 422)
    expect(try await registry.request(.post, path), 422, 422)
    let newline = try await registry.register("%0Abad", #""int""#)
    expect(newline, 422, 42208)
    #expect(try await registry.get("/subjects").text == "[]")
  }

  @Test func aSubjectMayHoldASlash() async throws {
    #expect(try await registry.register("s%2Fash", #""int""#).status == 200)
    #expect(try await registry.get("/subjects").text == #"["s/ash"]"#)
    #expect(try await registry.get("/subjects/s%2Fash/versions").text == "[1]")
    #expect(try await registry.get("/subjects?subjectPrefix=:*:s/").text == #"["s/ash"]"#)
    #expect(try await registry.get("/subjects?subjectPrefix=t").text == "[]")
  }

  @Test func listsArePagedAndForgiveUnknownParameters() async throws {
    for subject in ["c", "a", "b"] { _ = try await registry.register(subject, #""int""#) }
    let all = try await registry.get("/subjects?deleted=False&deleted_only=false&limit=-1")
    #expect(all.text == #"["a","b","c"]"#)
    #expect(try await registry.get("/subjects?offset=1&limit=1").text == #"["b"]"#)
  }

  @Test func aVersionGivenIsACompareAndSet() async throws {
    func body(_ version: Int, _ schema: String) -> String {
      let members = [
        JSONMember("schema", .string(schema)), JSONMember("version", .int(version)),
      ]
      return JSONValue.object(members).serialized()
    }
    let path = "/subjects/a/versions"
    expect(try await registry.request(.post, path, body(2, #""int""#)), 422, 42201)
    #expect(try await registry.request(.post, path, body(1, #""int""#)).status == 200)
    #expect(try await registry.request(.post, path, body(-1, #""long""#)).body["version"] == 2)
    let withID = #"{"schema":"\"float\"","id":77}"#
    expect(try await registry.request(.post, path, withID), 422, 42205)
  }

  @Test func theEdgesAnswerAsConfluentsDo() async throws {
    #expect(try await registry.get("/contexts").text == #"["."]"#)
    #expect(try await registry.get("/").text == "{}")
    expect(try await registry.get("/nope"), 404, 404, "HTTP 404 Not Found")
    expect(try await registry.request(.put, "/subjects"), 405, 405)
    let association = "/associations/resources/-/t?resourceType=topic&associationType=value"
    #expect(try await registry.get(association).text == "[]")
    let types = try await registry.http.send(HTTPRequest(.get, registry.url + "/nope"))
    #expect(
      types.first(named: "content-type") == "application/vnd.schemaregistry.v1+json")
    let plain = try await registry.http.send(
      HTTPRequest(.get, registry.url + "/subjects", headers: [("Accept", "application/json")]))
    #expect(plain.first(named: "content-type") == "application/json")
  }

  @Test func theGUIDIsConfluentsHash() async throws {
    let int = try await registry.register("i", #"{"type":"int"}"#)
    #expect(int.body["guid"] == "ef524ea1-b91e-7317-3d93-8ade36c1db32")
    let string = try await registry.register("s", #""string""#)
    #expect(string.body["guid"] == "095d71cf-1255-6b9d-5e33-0ad575b3df5d")
  }

  @Test func aTokenIsAskedForWhereSet() async throws {
    let closed = try Fixture(token: "t")
    expect(try await closed.get("/subjects"), 401, 401)
    let error = #expect(throws: RegistryServerError.self) {
      try RegistryServer(dataDirectory: closed.directory.path, listen: "0.0.0.0:0")
    }
    #expect(error?.code == .listening)
  }
}

/// What is answered is on the disk.
@Suite struct RegistryDurabilityTests {
  /// The files as kill -9 leaves them: copied beneath a running server.
  private func crashed(_ registry: Fixture) throws -> TemporaryDirectory {
    let copy = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: registry.directory.path)
    where !name.hasSuffix("-shm") {
      try FileManager.default.copyItem(
        atPath: registry.directory.path + "/" + name, toPath: copy.path + "/" + name)
    }
    return copy
  }

  @Test func everythingAnsweredIsThereAfterACrash() async throws {
    let registry = try Fixture()
    try await registry.registerReviews()
    let paths = [
      "/subjects", "/subjects/a/versions", "/subjects/a/versions/latest", "/schemas/ids/1",
      "/schemas/ids/2", "/schemas/ids/1/versions", "/schemas/guids/\(Fixture.reviewV1GUID)",
    ]
    let reopened = try Fixture(crashed(registry))
    for path in paths {
      #expect(try await reopened.get(path).text == registry.get(path).text)
    }
    #expect(try await reopened.register("c", #""int""#).body["id"] == 3)
  }

  @Test func anIdIsNeverGivenOutTwiceAcrossRestarts() async throws {
    let directory = TemporaryDirectory()
    var seen: Set<Int64> = []
    for round in 0..<4 {
      let registry = try Fixture(directory)
      _ = try await registry.request(.put, "/config", #"{"compatibility":"NONE"}"#)
      for number in 0..<3 {
        let schema = #"{"type":"fixed","name":"F","size":\#(round * 3 + number)}"#
        let id = try await registry.register("s\(number)", schema).body["id"]?.int64
        #expect(seen.insert(try #require(id)).inserted)
      }
      registry.server.stop()
    }
    #expect(seen == Set(1...12))
  }

  @Test func oneSchemaRegisteredManyTimesAtOnceHasOneId() async throws {
    let registry = try Fixture()
    let answers = try await withThrowingTaskGroup(of: [Int64].self) { group in
      for number in 0..<32 {
        group.addTask {
          let answer = try await registry.register("s\(number % 8)", Fixture.reviewV1)
          return [answer.body["id"]?.int64 ?? -1, answer.body["version"]?.int64 ?? -1]
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.count == 32 && Set(answers) == [[1, 1]])
  }

  @Test func ofRegistrationsAtOnceOnlyTheRefusedOnesAreUndone() async throws {
    let registry = try Fixture()
    _ = try await registry.register("a", Fixture.reviewV2)
    let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
      for number in 0..<40 {
        group.addTask {
          let bad = try await registry.register("a", Fixture.reviewBad)
          let good = try await registry.register(
            "s\(number)", #"{"type":"fixed","name":"F\#(number)","size":1}"#)
          return [bad.status, good.status]
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(statuses) == [[409, 200]])
    #expect(try await registry.get("/subjects/a/versions").text == "[1]")
    #expect(try await registry.get("/schemas").body.array?.count == 41)
    let ids = try await registry.get("/schemas").body.array?.compactMap { $0["id"]?.int64 }
    #expect(Set(ids ?? []) == Set(1...41))
  }
}
