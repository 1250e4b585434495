import Foundation
import HTTPClient
import HTTPServer
import JSON
import RegistryServer
import SchemaRegistry
import Testing

/// A directory of its own, removed at the end.
final class TemporaryDirectory: Sendable {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("opine-registry-\(UUID().uuidString)").path

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A real registry on a free port, and raw requests to it.
final class Fixture: Sendable {
  static let reviewV1 =
    #"{"type":"record","name":"Review","fields":[{"name":"id","type":"string"},"#
    + #"{"name":"stars","type":"int"}]}"#
  static let reviewV2 =
    #"{"type":"record","name":"Review","fields":[{"name":"id","type":"string"},"#
    + #"{"name":"stars","type":"int"},{"name":"lang","type":["null","string"],"default":null}]}"#
  /// V1 with stars as text, which V2 cannot read.
  static let reviewBad = reviewV1.replacing("int", with: "string")
  /// V1 with a field that has no default.
  static let reviewRequired = reviewV1.replacing("]}", with: #",{"name":"x","type":"int"}]}"#)
  static let reviewV1GUID = "e81050cd-2e7a-8af1-34e5-6c83743fc98b"

  let directory: TemporaryDirectory
  let server: RegistryServer
  let http = HTTPClient()

  init(_ directory: TemporaryDirectory = TemporaryDirectory(), token: String? = nil) throws {
    self.directory = directory
    server = try RegistryServer(
      dataDirectory: directory.path, listen: "127.0.0.1:0", options: HTTPServerOptions(token: token)
    )
  }

  deinit {
    server.stop()
    http.shutdown()
  }

  var url: String { "http://127.0.0.1:\(server.port)" }

  func client(retries: RegistryClient.Retries = .none) -> RegistryClient {
    RegistryClient(urls: [url], http: http, retries: retries)
  }

  func request(
    _ method: HTTPMethod, _ path: String, _ body: String? = nil
  ) async throws -> (status: Int, body: JSONValue, text: String) {
    let body = body.map { HTTPBody.bytes(Array($0.utf8)) } ?? .none
    let response = try await http.send(HTTPRequest(method, url + path, body: body))
    return (response.status, (try? JSONValue.parse(response.body)) ?? .null, response.text)
  }

  func get(_ path: String) async throws -> (status: Int, body: JSONValue, text: String) {
    try await request(.get, path)
  }

  func post(_ path: String, _ schema: String) async throws -> (
    status: Int, body: JSONValue, text: String
  ) {
    try await request(.post, path, Self.body(schema))
  }

  func register(
    _ subject: String, _ schema: String
  ) async throws -> (status: Int, body: JSONValue, text: String) {
    try await request(.post, "/subjects/\(subject)/versions", Self.body(schema))
  }

  /// Cases 2 to 5: two subjects, two schemas.
  func registerReviews() async throws {
    _ = try await register("a", Self.reviewV1)
    _ = try await register("b", Self.reviewV1)
    _ = try await register("a", Self.reviewV2)
  }

  static func body(_ schema: String) -> String {
    JSONValue.object([JSONMember("schema", .string(schema))]).serialized()
  }
}

/// An answer that is an error of the registry's.
func expect(
  _ answer: (status: Int, body: JSONValue, text: String), _ status: Int, _ code: Int,
  _ message: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
  #expect(answer.body["error_code"] == .int(code), sourceLocation: sourceLocation)
  if let message {
    #expect(answer.body["message"]?.string == message, sourceLocation: sourceLocation)
  }
}
