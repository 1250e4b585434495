import Foundation
import HTTPClient
import Testing

@testable import HTTPServer

/// A certificate for 127.0.0.1 that signs itself, and its key, in a folder of the test's own.
private final class Certificate {
  let folder: String
  var chain: String { folder + "/chain.pem" }
  var key: String { folder + "/key.pem" }

  init() throws {
    folder = NSTemporaryDirectory() + "opine-tls-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let openssl = Process()
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    openssl.arguments = [
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", chain,
      "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
    ]
    (openssl.standardOutput, openssl.standardError) = (Pipe(), Pipe())
    try openssl.run()
    openssl.waitUntilExit()
    try #require(openssl.terminationStatus == 0)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

private func server(_ certificate: ServedCertificate, token: String? = nil) throws -> HTTPServer {
  var options = HTTPServerOptions(token: token)
  options.certificate = certificate
  var routes = HTTPRouter()
  routes.on("GET", "/") { _ in HTTPServerResponse(contentType: "text/plain", text: "root") }
  routes.on("POST", "/slow", slow: true) { HTTPServerResponse(body: $0.body) }
  return try HTTPServer(listen: "127.0.0.1:0", options: options, routes: routes)
}

private func client(trusting file: String? = nil) -> HTTPClient {
  var configuration = HTTPClientConfiguration(timeout: .seconds(10))
  configuration.caFile = file
  return HTTPClient(configuration: configuration)
}

@Suite("A server with a certificate") struct TLSTests {
  @Test("answers those who trust it, and slow routes too") func answers() async throws {
    let certificate = try Certificate()
    let server = try server(.init(chainFile: certificate.chain, keyFile: certificate.key))
    defer { server.stop() }
    #expect(server.url == "https://127.0.0.1:\(server.port)")
    let client = client(trusting: certificate.chain)
    #expect(try await client.send(HTTPRequest(.get, server.url + "/")).text == "root")
    let body = [UInt8](repeating: 7, count: 300_000)
    let answer = try await client.send(
      HTTPRequest(.post, server.url + "/slow", body: .bytes(body)))
    #expect(answer.status == 200 && answer.body == body)
  }

  @Test("is refused by those who do not trust it, and answers nothing in plain text")
  func refused() async throws {
    let certificate = try Certificate()
    let server = try server(.init(chainFile: certificate.chain, keyFile: certificate.key))
    defer { server.stop() }
    let stranger = await #expect(throws: HTTPError.self) {
      try await client().send(HTTPRequest(.get, server.url + "/"))
    }
    #expect(stranger?.code == .tls)
    await #expect(throws: HTTPError.self) {
      try await client().send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/"))
    }
  }

  @Test("asks for the token all the same") func token() async throws {
    let certificate = try Certificate()
    let served = try ServedCertificate(chainFile: certificate.chain, keyFile: certificate.key)
    let server = try server(served, token: "secret")
    defer { server.stop() }
    let client = client(trusting: certificate.chain)
    #expect(try await client.send(HTTPRequest(.get, server.url + "/")).status == 401)
    let known = HTTPRequest(.get, server.url + "/", credentials: .bearer(token: "secret"))
    #expect(try await client.send(known).status == 200)
  }

  @Test("does not start without both, or with what do not belong together")
  func unusable() throws {
    let (one, other) = (try Certificate(), try Certificate())
    func code(_ chain: String, _ key: String) -> HTTPServerError.Code? {
      let error = #expect(throws: HTTPServerError.self) {
        _ = try server(ServedCertificate(chainFile: chain, keyFile: key))
      }
      return error?.code
    }
    #expect(code(one.chain, one.folder + "/none.pem") == .certificateRefused)
    #expect(code(one.key, one.key) == .certificateRefused)
    #expect(code(one.chain, other.key) == .certificateRefused)
  }
}
