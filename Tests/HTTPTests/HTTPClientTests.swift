import Bytes
import Foundation
import Synchronization
import Testing

@testable import HTTPClient

private func client(_ change: (inout HTTPClientConfiguration) -> Void = { _ in }) -> HTTPClient {
  // Long: under a sanitizer a test may wait its turn for a minute.
  var configuration = HTTPClientConfiguration(timeout: .seconds(120))
  change(&configuration)
  return HTTPClient(configuration: configuration)
}

/// Answers every request of a connection with the same text.
private func always(_ answer: String) throws -> RawServer {
  try RawServer { connection, _ in
    while connection.readRequest() != nil { connection.write(answer) }
  }
}

@Suite struct HTTPClientTests {
  @Test func anAnswerHasStatusLowerCasedHeadersAndBody() async throws {
    let server = try always("HTTP/1.1 503 No\r\nX-Thing:  a b \r\nContent-Length: 2\r\n\r\nhi")
    defer { server.stop() }
    let response = try await client().send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/"))
    #expect(response.status == 503 && !response.isSuccess)
    #expect(response.first(named: "x-thing") == "a b")
    #expect(response.text == "hi")
  }

  @Test(arguments: [HTTPMethod.get, .post, .put, .delete, .patch])
  func theBodyAndMethodArriveAsGiven(method: HTTPMethod) async throws {
    let seen = Mutex<[String]>([])
    let server = try RawServer { connection, _ in
      while let request = connection.readRequest() {
        seen.withLock { $0.append(request) }
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      }
    }
    defer { server.stop() }
    let client = client()
    let url = "http://127.0.0.1:\(server.port)/x?y=%20"
    var buffer = ByteBuffer()
    buffer.append(utf8: "shared")
    _ = try await client.send(HTTPRequest(method, url, body: .shared(SharedBytes(buffer))))
    _ = try await client.send(HTTPRequest(method, url, body: .bytes(Array("bytes".utf8))))
    _ = try await client.send(HTTPRequest(method, url))
    let requests = seen.withLock { $0 }
    #expect(
      requests.map { $0.hasPrefix("\(method.rawValue) /x?y=%20 HTTP/1.1\r\n") }
        == [true, true, true])
    #expect(requests[0].hasSuffix("\r\n\r\nshared") && requests[1].hasSuffix("\r\n\r\nbytes"))
    #expect(requests[2].hasSuffix("\r\n\r\n"))
    let all = requests.joined().lowercased()
    #expect(!all.contains("content-type") && !all.contains("expect:"))
    #expect(all.contains("user-agent: opine/0.1"))
    #expect(server.connections == 1)
  }

  @Test func credentialsAreSentAndNeverPrinted() async throws {
    let seen = Mutex<[String]>([])
    let server = try RawServer { connection, _ in
      while let request = connection.readRequest() {
        seen.withLock { $0.append(request) }
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      }
    }
    defer { server.stop() }
    let client = client()
    for credentials: HTTPCredentials in [
      .basic(user: "u", password: "p"), .bearer(token: "tok"), .apiKey("key"),
    ] {
      let url = "http://127.0.0.1:\(server.port)/"
      _ = try await client.send(HTTPRequest(.get, url, credentials: credentials))
      var dumped = ""
      dump(credentials, to: &dumped)
      #expect(!"\(credentials)\(dumped)".contains("tok") && !dumped.contains("password: \"p"))
    }
    let lines = seen.withLock { $0 }
    #expect(lines[0].contains("Authorization: Basic dTpw\r\n"))
    #expect(lines[1].contains("Authorization: Bearer tok\r\n"))
    #expect(lines[2].contains("Authorization: ApiKey key\r\n"))
  }

  @Test func aConnectionThatTheServerClosedMeanwhileIsReplaced() async throws {
    let server = try RawServer { connection, _ in
      guard connection.readRequest() != nil else { return }
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")  // and closes
    }
    defer { server.stop() }
    let client = client()
    for _ in 0..<5 {
      let request = HTTPRequest(.post, "http://127.0.0.1:\(server.port)/", body: .bytes([1]))
      #expect(try await client.send(request).status == 200)
    }
    #expect(server.connections == 5)
  }

  @Test func aConnectionCutMidwayIsRetriableAndNamesTheAddress() async throws {
    let server = try RawServer { connection, _ in
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
    }
    defer { server.stop() }
    let url = "http://user:secret@127.0.0.1:\(server.port)/path"
    let error = await #expect(throws: HTTPError.self) {
      try await client().send(HTTPRequest(.get, url))
    }
    #expect(error?.code == .cut && error?.isRetriable == true)
    #expect(error?.address == "127.0.0.1:\(server.port)")
    #expect(error?.description.contains("secret") == false)
  }

  @Test func silenceEndsAfterTheTimeout() async throws {
    let server = try RawServer { connection, _ in _ = connection.readToEnd() }
    defer { server.stop() }
    var request = HTTPRequest(.get, "http://127.0.0.1:\(server.port)/")
    request.timeout = .milliseconds(100)
    let error = await #expect(throws: HTTPError.self) { try await client().send(request) }
    #expect(error?.code == .timeout && error?.isRetriable == true)
  }

  @Test func aRefusedConnectionIsRetriable() async throws {
    let server = try always("")
    server.stop()
    let error = await #expect(throws: HTTPError.self) {
      try await client().send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/"))
    }
    #expect(error?.code == .connectFailed && error?.isRetriable == true)
  }

  @Test func anAnswerBeyondTheLimitIsRefused() async throws {
    let server = try always("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789")
    defer { server.stop() }
    let small = client { $0.maximumResponseBytes = 8 }
    let error = await #expect(throws: HTTPError.self) {
      try await small.send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/"))
    }
    #expect(error?.code == .responseTooLarge && error?.isRetriable == false)
  }

  @Test(arguments: ["", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "http://a\0b/"])
  func aURLThatCannotBeUsedIsInvalid(url: String) async throws {
    let error = await #expect(throws: HTTPError.self) {
      try await client().send(HTTPRequest(.get, url))
    }
    #expect(error?.code == .invalidURL)
  }

  @Test func aHeaderCannotSmuggleAnother() async throws {
    let request = HTTPRequest(.get, "http://127.0.0.1:1/", headers: [("a", "b\r\nc: d")])
    let error = await #expect(throws: HTTPError.self) { try await client().send(request) }
    #expect(error?.code == .invalidHeader)
  }

  @Test func aRedirectIsFollowedOnlyWhenAskedAndWithoutCredentials() async throws {
    let server = try RawServer { connection, _ in
      while let request = connection.readRequest() {
        connection.write(
          request.hasPrefix("GET /there")
            ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            : "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
      }
    }
    defer { server.stop() }
    let client = client()
    var request = HTTPRequest(.get, "http://127.0.0.1:\(server.port)/here")
    #expect(try await client.send(request).status == 302)
    request.followsRedirects = true
    #expect(try await client.send(request).status == 200)
    request.credentials = .bearer(token: "t")
    #expect(try await client.send(request).status == 302)
  }

  @Test func shutdownEndsWhatRunsAndWhatComesAfter() async throws {
    let server = try RawServer { connection, _ in _ = connection.readToEnd() }
    defer { server.stop() }
    let client = client()
    let request = HTTPRequest(.get, "http://127.0.0.1:\(server.port)/")
    async let running = #expect(throws: HTTPError.self) { try await client.send(request) }
    while server.connections == 0 { await Task.yield() }
    client.shutdown()
    client.shutdown()
    #expect(await running?.code == .shutDown)
    #expect(throws: HTTPError.self) { try client.sendBlocking(request) }
  }

  @Test func cancellingTheTaskEndsTheRequest() async throws {
    let server = try RawServer { connection, _ in _ = connection.readToEnd() }
    defer { server.stop() }
    let client = client()
    let task = Task { try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/")) }
    while server.connections == 0 { await Task.yield() }
    task.cancel()
    let error = await #expect(throws: HTTPError.self) { try await task.value }
    #expect(error?.code == .cancelled)
  }

  @Test func aClientCanBeDroppedInItsOwnCompletion() async throws {
    let server = try always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    defer { server.stop() }
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      let held = Mutex<HTTPClient?>(client())
      let boxed = Held(held)
      boxed.client.withLock { $0 }?.start(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/")) {
        _ in
        boxed.client.withLock { $0 = nil }
        done.resume()
      }
    }
  }
}

private final class Held: Sendable {
  let client: Mutex<HTTPClient?>
  init(_ client: consuming Mutex<HTTPClient?>) { self.client = client }
}
