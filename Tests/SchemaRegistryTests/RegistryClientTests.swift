import Avro
import Bytes
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Synchronization
import Testing

@testable import SchemaRegistry

/// A registry that answers what the test says, and counts.
private final class Scripted: Sendable {
  private let server: HTTPServer
  private let requests = Requests()
  let http = HTTPClient()

  init(_ answer: @escaping @Sendable (String, Int) -> (status: Int, body: String)) throws {
    // A router without routes refuses everything, which it does here by asking the script.
    let routes = HTTPRouter { [requests] request, _ in
      let number = requests.add(request.path)
      let (status, body) = answer(request.path, number)
      return HTTPServerResponse(status: status, contentType: "application/json", text: body)
    }
    server = try HTTPServer(listen: "127.0.0.1:0", routes: routes)
  }

  var url: String { "http://127.0.0.1:\(server.port)" }
  var paths: [String] { requests.paths.withLock { $0 } }

  private final class Requests: Sendable {
    let paths = Mutex<[String]>([])
    func add(_ path: String) -> Int {
      paths.withLock {
        $0.append(path)
        return $0.count
      }
    }
  }
}

/// A clock that stands until it is moved.
private final class TestClock: Sendable {
  private let instant = Mutex(ContinuousClock().now)
  var now: ContinuousClock.Instant { instant.withLock { $0 } }
  func advance(by duration: Duration) { instant.withLock { $0 += duration } }
}

private func fetched(
  _ client: RegistryClient, _ id: Int
) async -> Result<RegisteredSchema, RegistryError> {
  await withCheckedContinuation { continuation in
    client.fetch(id: id) { continuation.resume(returning: $0) }
  }
}

private func code(_ result: Result<RegisteredSchema, RegistryError>) -> RegistryError.Code? {
  if case .failure(let error) = result { error.code } else { nil }
}

/// An answer whose schema uses a type of version 1 of another subject.
private func referring(_ schema: String, to name: String, subject: String) -> String {
  let reference = SchemaReference(name: name, subject: subject, version: 1)
  return JSONValue.object([
    JSONMember("schema", .string(schema)), JSONMember("references", [reference.json]),
  ]).serialized()
}

@Suite struct RegistryClientTests {
  @Test func aSchemaRegisteredIsFetchedOnceAndThenKnown() async throws {
    let registry = try Fixture()
    let client = registry.client()
    let made = try await client.send(.register(subject: "a-value", schema: Fixture.reviewV1))
    #expect(made.id == 1 && made.version == 1 && made.guid == Fixture.reviewV1GUID)
    #expect(client.cached(id: 1) == nil)
    let schema = try await fetched(client, 1).get()
    #expect(schema.text == Fixture.reviewV1 && schema.schema.fullName == "Review")
    #expect(client.cached(id: 1) === schema)
    let byGUID = try await client.schema(.guid(Fixture.reviewV1GUID))
    #expect(byGUID.text == schema.text)
    registry.server.stop()
    #expect(try await fetched(client, 1).get() === schema)
  }

  @Test func callsReadWhatTheRegistryHas() async throws {
    let registry = try Fixture()
    try await registry.registerReviews()
    let client = registry.client()
    #expect(try await client.send(.subjects) == ["a", "b"])
    #expect(try await client.send(.versions(subject: "a")) == [1, 2])
    #expect(try await client.send(.latest(subject: "a")).text == Fixture.reviewV2)
    #expect(try await client.send(.version(1, subject: "a")).id == 1)
    #expect(try await client.send(.lookup(subject: "b", schema: Fixture.reviewV1)).version == 1)
    #expect(try client.sendBlocking(.compatibilityLevel) == "BACKWARD")
    let odd = try await client.send(.register(subject: "s/ash é", schema: #""int""#))
    #expect(odd.subject == "s/ash é")
    #expect(try client.sendBlocking(.subjects) == ["a", "b", "s/ash é"])
  }

  @Test func theErrorsOfARegistryAreToldApart() async throws {
    let registry = try Fixture()
    let client = registry.client()
    let noSubject = await #expect(throws: RegistryError.self) {
      try await client.send(.latest(subject: "zz"))
    }
    #expect(noSubject?.code == .notFound && noSubject?.errorCode == 40401)
    let invalid = #expect(throws: RegistryError.self) {
      try client.sendBlocking(.register(subject: "a", schema: "{}"))
    }
    #expect(invalid?.code == .invalid && invalid?.isRetriable == false)
    let missing = await fetched(client, 999)
    #expect(code(missing) == .notFound)
    let closed = try Fixture(token: "t")
    let denied = await #expect(throws: RegistryError.self) {
      try await closed.client().send(.subjects)
    }
    #expect(denied?.code == .unauthorized && denied?.isSystemFault == true)
    let withToken = RegistryClient(
      urls: ["http://me:t@127.0.0.1:\(closed.server.port)/"], http: closed.http)
    #expect(try await withToken.send(.subjects) == [])
  }

  @Test(arguments: [
    (404, #"{"error_code":404,"message":"HTTP 404 Not Found"}"#),
    (404, "<html>not here</html>"), (404, #"{"error_code":40401,"message":"no subject"}"#),
    (500, "{}"), (503, ""), (429, ""), (200, "<html>hello</html>"), (200, "{}"), (302, ""),
    (400, "bad"), (408, ""),
  ])
  func whatSaysNothingAboutTheSchemaIsTheSystemsFault(status: Int, body: String) async throws {
    let registry = try Scripted { _, _ in (status, body) }
    let client = RegistryClient(urls: [registry.url], http: registry.http, retries: .none)
    for _ in 0..<2 {
      guard case .failure(let error) = await fetched(client, 7) else {
        Issue.record("a schema from \(body)")
        return
      }
      #expect(error.isSystemFault)
    }
    #expect(registry.paths.count == 2)  // not remembered
  }

  /// Answers as Confluent's registries of versions 5 to 8 and Karapace 5 give them.
  @Test func registriesOfOtherMakesAndAgesAreUnderstood() async throws {
    let registry = try Scripted { path, _ in
      switch path {
      case "/subjects/old/versions": (200, #"{"id":7}"#)
      case "/subjects/new/versions":
        (200, #"{"id":8,"version":2,"guid":"0-1","schemaType":"AVRO","schema":"\"int\"","ts":1}"#)
      case "/subjects/refused-5/versions":
        (409, #"{"error_code":409,"message":"Schema being registered is incompatible"}"#)
      case "/subjects/refused-8/versions":
        (409, #"{"error_code":40901,"message":"Schema being registered is incompatible; details"}"#)
      case "/schemas/ids/7": (200, #"{"schema":"\"int\""}"#)
      case "/schemas/ids/8": (200, #"{"schema":"syntax = \"proto3\";","schemaType":"PROTOBUF"}"#)
      case "/schemas/ids/9": (404, #"{"error_code":40403,"message":"Schema not found"}"#)
      case "/config": (200, #"{"compatibilityLevel":"BACKWARD","normalize":false,"alias":null}"#)
      default: (404, #"{"error_code":404,"message":"HTTP 404 Not Found"}"#)
      }
    }
    let client = RegistryClient(urls: [registry.url], http: registry.http, retries: .none)
    let old = try await client.send(.register(subject: "old", schema: "\"int\""))
    #expect((old.id, old.version, old.text) == (7, nil, nil) && old.subject == "old")
    let new = try await client.send(.register(subject: "new", schema: "\"int\""))
    #expect(new.id == 8 && new.version == 2 && new.text == "\"int\"")
    for subject in ["refused-5", "refused-8"] {
      let refused = await #expect(throws: RegistryError.self) {
        try await client.send(.register(subject: subject, schema: "\"int\""))
      }
      #expect(refused?.code == .incompatible && refused?.isRetriable == false)
    }
    #expect(try await fetched(client, 7).get().schema.shape == .int)
    #expect(code(await fetched(client, 8)) == .unusable)
    #expect(code(await fetched(client, 9)) == .notFound)
    #expect(try await client.send(.compatibilityLevel) == "BACKWARD")
  }

  @Test func aMissingSchemaIsAskedForAgainOnlyAfterAWhile() async throws {
    let registry = try Scripted { _, _ in
      (404, #"{"error_code":40403,"message":"Schema 7 not found"}"#)
    }
    let clock = TestClock()
    let client = RegistryClient(urls: [registry.url], http: registry.http, now: { clock.now })
    for _ in 0..<5 { #expect(code(await fetched(client, 7)) == .notFound) }
    #expect(registry.paths == ["/schemas/ids/7"])
    clock.advance(by: .seconds(31))
    #expect(code(await fetched(client, 7)) == .notFound)
    #expect(registry.paths.count == 2)
  }

  @Test func manyThatWantOneSchemaMakeOneRequest() async throws {
    let gate = DispatchSemaphore(value: 0)
    let registry = try Scripted { _, _ in
      gate.wait()
      return (200, #"{"schema":"\"int\""}"#)
    }
    let client = RegistryClient(urls: [registry.url], http: registry.http)
    let got = Mutex(0)
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      for _ in 0..<100 {
        client.fetch(id: 3) { result in
          if (try? result.get()) != nil,
            got.withLock({
              $0 += 1; return $0 == 100
            })
          {
            done.resume()
          }
        }
      }
      gate.signal()
    }
    #expect(registry.paths == ["/schemas/ids/3"])
  }

  @Test func aSchemaThatIsNoAvroIsUnusable() async throws {
    let registry = try Scripted { path, _ in
      path.hasSuffix("1")
        ? (200, #"{"schema":"{}","schemaType":"JSON"}"#) : (200, #"{"schema":"{\"type\":\"x\"}"}"#)
    }
    let client = RegistryClient(urls: [registry.url], http: registry.http)
    #expect(code(await fetched(client, 1)) == .unusable)
    #expect(code(await fetched(client, 2)) == .unusable)
  }

  @Test func referencesAreFetchedAndPutIn() async throws {
    let registry = try Scripted { path, _ in
      switch path {
      case "/schemas/ids/1":
        (200, referring(#"{"type":"array","items":"x.R"}"#, to: "x.R", subject: "r"))
      case "/subjects/r/versions/1":
        (
          200,
          referring(
            #"{"type":"record","name":"x.R","fields":[{"name":"e","type":"x.E"}]}"#,
            to: "x.E", subject: "e")
        )
      case "/subjects/e/versions/1":
        (200, Fixture.body(#"{"type":"enum","name":"x.E","symbols":["A"]}"#))
      default: (404, "")
      }
    }
    let client = RegistryClient(urls: [registry.url], http: registry.http)
    let schema = try await fetched(client, 1).get()
    #expect(schema.schema.definitions.count == 2)
    #expect(schema.schema.canonicalText.contains(#""symbols":["A"]"#))
  }

  @Test func referencesInACircleEnd() async throws {
    let registry = try Scripted { _, _ in
      (200, #"{"schema":"\"x.R\"","references":[{"name":"x.R","subject":"r","version":1}]}"#)
    }
    let client = RegistryClient(urls: [registry.url], http: registry.http)
    #expect(code(await fetched(client, 1)) == .unusable)
  }

  @Test func aCallIsRepeatedWhileTheTroublePasses() async throws {
    let registry = try Scripted { _, number in number < 3 ? (503, "") : (200, "[]") }
    let retries = RegistryClient.Retries(count: 3, base: .milliseconds(1))
    let client = RegistryClient(urls: [registry.url], http: registry.http, retries: retries)
    #expect(try await client.send(.subjects) == [])
    #expect(registry.paths.count == 3)
    let dead = try Scripted { _, _ in (503, "") }
    let other = RegistryClient(urls: [dead.url], http: dead.http, retries: retries)
    #expect(throws: RegistryError.self) { try other.sendBlocking(.subjects) }
    #expect(dead.paths.count == 4)
  }

  @Test func noRepetitionBeginsAfterTheDeadline() async throws {
    let dead = try Scripted { _, _ in (503, "") }
    let retries = RegistryClient.Retries(count: 3, base: .milliseconds(1), deadline: .seconds(30))
    let clock = Mutex(ContinuousClock.now)
    let client = RegistryClient(
      urls: [dead.url], http: dead.http, retries: retries,
      now: {
        clock.withLock { now in
          now += .seconds(20)
          return now
        }
      })
    await #expect(throws: RegistryError.self) { try await client.send(.subjects) }
    #expect(dead.paths.count == 2)
    #expect(throws: RegistryError.self) { try client.sendBlocking(.subjects) }
    #expect(dead.paths.count == 4)
  }

  @Test func theNextURLIsAskedWhenOneCannotBeReached() async throws {
    let down = try Fixture()
    let downURL = down.url
    down.server.stop()
    let up = try Scripted { path, _ in path == "/subjects" ? (200, "[]") : (422, "{}") }
    let client = RegistryClient(urls: [downURL, up.url], http: up.http, retries: .none)
    #expect(try await client.send(.subjects) == [])
    #expect(try await client.send(.subjects) == [])
    let refusing = try Scripted { _, _ in (422, #"{"error_code":42201,"message":"no"}"#) }
    let never = try Scripted { _, _ in (200, "[]") }
    let strict = RegistryClient(urls: [refusing.url, never.url], http: up.http, retries: .none)
    await #expect(throws: RegistryError.self) { try await strict.send(.subjects) }
    #expect(never.paths.isEmpty)
  }
}

@Suite struct RegistryEndpointTests {
  @Test func userInformationIsTakenOutOfTheURL() {
    let endpoint = RegistryEndpoint("https://me:p%40ss:x@host:8081/base//", credentials: nil)
    #expect(endpoint.url == "https://host:8081/base")
    #expect(endpoint.credentials == .basic(user: "me", password: "p@ss:x"))
    let given = RegistryEndpoint("http://me@host/a@b", credentials: .bearer(token: "t"))
    #expect(given.url == "http://host/a@b" && given.credentials == .bearer(token: "t"))
    #expect(RegistryEndpoint("http://host/a@b", credentials: nil).credentials == nil)
  }
}

@Suite struct SchemaCacheTests {
  @Test func theMemoryIsBounded() throws {
    var cache = SchemaCache(maximumCount: 10)
    let now = ContinuousClock().now
    for id in 0..<25 {
      let schema = RegisteredSchema(
        id: id, guid: nil, text: "\"int\"", schema: try AvroSchema.parse("\"int\""))
      #expect(cache.answer(.id(id), .success(schema), now: now).isEmpty)
    }
    #expect(cache.count == 10)
    #expect(cache.known(.id(14)) == nil && cache.known(.id(15)) != nil)
  }
}

@Suite struct WireFormatTests {
  private func parse(_ bytes: [UInt8]) -> Result<WireFormat.Frame, WireFormatError> {
    bytes.withUnsafeBytes { bytes in
      do throws(WireFormatError) { return .success(try WireFormat.parse(bytes)) } catch {
        return .failure(error)
      }
    }
  }

  @Test func theIdIsFourBytesBigEndian() throws {
    var buffer = ByteBuffer()
    WireFormat.appendHeader(id: 0x0102_0304, to: &buffer)
    #expect(buffer.toArray() == [0, 1, 2, 3, 4])
    let frame = try parse(buffer.toArray() + [9]).get()
    #expect(frame.schema == .id(0x0102_0304) && frame.payloadOffset == 5)
    #expect(try parse([0, 0xff, 0xff, 0xff, 0xff]).get().schema == .id(0xffff_ffff))
  }

  @Test func whatIsNotFramedIsNamed() {
    #expect(parse([]) == .failure(.empty))
    #expect(parse([123, 34]) == .failure(.wrongMagic(123)))
    #expect(parse([0, 0, 0, 0]) == .failure(.truncated(count: 4)))
    #expect(parse([1] + [UInt8](repeating: 0, count: 15)) == .failure(.truncated(count: 16)))
  }

  @Test func aGUIDTravelsInAHeader() throws {
    let header = try #require(WireFormat.headerValue(guid: Fixture.reviewV1GUID))
    #expect(header.count == 17 && header[0] == 1)
    #expect(try parse(header).get().schema == .guid(Fixture.reviewV1GUID))
    #expect(WireFormat.headerValue(guid: "nope") == nil)
  }

  @Test func aTopicNamesItsSubjects() {
    #expect(SubjectName.topicName("reviews.raw", .value) == "reviews.raw-value")
    #expect(SubjectName.topicName("reviews.raw", .key) == "reviews.raw-key")
    #expect(SubjectName.recordName("opine.Review") == "opine.Review")
    #expect(SubjectName.topicRecordName("t", "opine.Review") == "t-opine.Review")
  }
}
