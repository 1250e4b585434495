import Foundation
import HTTPClient
import Synchronization
import Testing

@testable import HTTPServer

private func text(_ text: String) -> HTTPServerResponse {
  HTTPServerResponse(contentType: "text/plain", text: text)
}

/// A server on a free port with routes that show what arrived.
private func server(
  _ change: (inout HTTPServerOptions) -> Void = { _ in },
  routes more: (inout HTTPRouter) -> Void = { _ in }
) throws -> HTTPServer {
  var options = HTTPServerOptions()
  change(&options)
  var routes = HTTPRouter()
  routes.on("GET", "/") { _ in text("root") }
  routes.on("GET", "/subjects/{subject}/versions/{version}") { request in
    text("\(request["subject"])|\(request["version"])")
  }
  routes.on("GET", "/subjects/{name}/versions/latest") { text("latest of \($0["name"])") }
  routes.on("GET", "/query") { request in
    text(request.query.items.map { "\($0.name)=\($0.value ?? "nil")" }.joined(separator: ";"))
  }
  routes.on("POST", "/echo") { request in
    HTTPServerResponse(
      headers: [("X-Kind", request.first(named: "content-type") ?? "none")], body: request.body)
  }
  routes.on("DELETE", "/echo") { text("deleted \($0.body.count)") }
  more(&routes)
  return try HTTPServer(listen: "127.0.0.1:0", options: options, routes: routes)
}

@Suite struct HTTPServerTests {
  let client = HTTPClient(configuration: HTTPClientConfiguration(timeout: .seconds(10)))

  func get(_ server: HTTPServer, _ path: String) async throws -> HTTPResponse {
    try await client.send(HTTPRequest(.get, "http://127.0.0.1:\(server.port)\(path)"))
  }

  @Test func routesMatchBySegmentsAndDecodeThemAfterSplitting() async throws {
    let server = try server()
    defer { server.stop() }
    #expect(try await get(server, "/").text == "root")
    #expect(try await get(server, "/subjects/s%2Fash%20%C3%A9/versions/3").text == "s/ash é|3")
    #expect(try await get(server, "/subjects/a/versions/3/").text == "a|3")
    #expect(try await get(server, "/subjects/a/versions/latest").text == "latest of a")
    #expect(try await get(server, "/subjects//versions/3").status == 404)
    #expect(try await get(server, "/subjects/a/versions").status == 404)
    #expect(try await get(server, "/subjects/%zz/versions/3").status == 400)
    #expect(try await get(server, "/subjects/%ff/versions/3").status == 400)
  }

  @Test func aQueryKeepsPlusSignsAndTellsAbsentFromEmpty() async throws {
    let server = try server()
    defer { server.stop() }
    let path = "/query?pretty&x=&q=c%2B%2B+a%20b&x=2&bad=%z"
    #expect(try await get(server, path).text == "pretty=nil;x=;q=c+++a b;x=2;bad=%z")
    let query = HTTPQuery("a=True&b=FALSE&c&d=no&n=-1")
    #expect(query.bool("a") == true && query.bool("b") == false && query.bool("c") == true)
    #expect(query.bool("d") == nil && query.bool("e") == nil && query.int("n") == -1)
  }

  @Test func aPathWithoutRouteIs404AndAnotherMethodIs405WithAllow() async throws {
    let server = try server()
    defer { server.stop() }
    #expect(try await get(server, "/nope").status == 404)
    let response = try await get(server, "/echo")
    #expect(response.status == 405 && response.first(named: "allow") == "DELETE, POST")
  }

  @Test func headIsAnsweredByGetWithoutABody() async throws {
    let server = try server()
    defer { server.stop() }
    let url = "http://127.0.0.1:\(server.port)/"
    let response = try await client.send(HTTPRequest(.head, url))
    #expect(response.status == 200 && response.body.isEmpty)
    #expect(response.first(named: "content-length") == "4")
  }

  @Test func largeAndEmptyBodiesArriveWhole() async throws {
    let server = try server()
    defer { server.stop() }
    let url = "http://127.0.0.1:\(server.port)/echo"
    for size in [0, 1, 70_000, 5 << 20] {
      let body = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      let headers = [(name: "Content-Type", value: "a/b")]
      let response = try await client.send(
        HTTPRequest(.post, url, headers: headers, body: .bytes(body)))
      #expect(response.body == body && response.first(named: "x-kind") == "a/b")
    }
    let deleted = try await client.send(HTTPRequest(.delete, url, body: .bytes([1, 2])))
    #expect(deleted.text == "deleted 2")
  }

  @Test func aBodyBeyondTheLimitIs413HoweverItIsSent() async throws {
    let server = try server { $0.maximumBodyBytes = 10 }
    defer { server.stop() }
    let announced = try exchange(
      port: server.port, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
    #expect(announced.hasPrefix("HTTP/1.1 413"))
    let chunked = try exchange(
      port: server.port,
      "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "b\r\n01234567890\r\n0\r\n\r\n")
    #expect(chunked.hasPrefix("HTTP/1.1 413"))
    let fits = try exchange(
      port: server.port,
      "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "a\r\n0123456789\r\n0\r\n\r\n")
    #expect(fits.hasPrefix("HTTP/1.1 200") && fits.hasSuffix("0123456789"))
  }

  @Test(arguments: [
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "Content-Length: -1\r\n\r\n",
    "Content-Length: +1\r\n\r\na",
  ])
  func ambiguousFramingIsRefusedAndTheConnectionClosed(rest: String) throws {
    let server = try server()
    defer { server.stop() }
    let smuggled = "GET /query?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    let answer = try exchange(
      port: server.port, "POST /echo HTTP/1.1\r\nHost: x\r\n\(rest)\(smuggled)")
    #expect(answer.hasPrefix("HTTP/1.1 400"))
    #expect(!answer.contains("smuggled=nil"))
  }

  @Test func aRequestWithoutHostIsRefused() throws {
    let server = try server()
    defer { server.stop() }
    let answer = try exchange(port: server.port, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 400"))
  }

  @Test func nothingIsKeptOfRequestsThatNeverEnd() throws {
    let server = try server()
    let before = Exchange.alive.load(ordering: .relaxed)
    for number in 0..<300 {
      let broken = [
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      ]
      _ = try exchange(port: server.port, broken[number % broken.count])
    }
    server.stop()
    // Other tests run beside this one and have a few of their own.
    #expect(Exchange.alive.load(ordering: .relaxed) - before < 50)
  }

  @Test func aTokenIsAskedForInEitherScheme() async throws {
    let server = try server { $0.token = "s3cret" }
    defer { server.stop() }
    let url = "http://127.0.0.1:\(server.port)/"
    func status(_ credentials: HTTPCredentials?) async throws -> Int {
      try await client.send(HTTPRequest(.get, url, credentials: credentials)).status
    }
    #expect(try await status(nil) == 401)
    #expect(try await status(.bearer(token: "s3cret")) == 200)
    #expect(try await status(.bearer(token: "s3creT")) == 401)
    #expect(try await status(.basic(user: "anyone", password: "s3cret")) == 200)
    #expect(try await status(.basic(user: "s3cret", password: "")) == 401)
    #expect(try await status(.apiKey("s3cret")) == 401)
  }

  @Test(arguments: ["0.0.0.0:0", "[::]:0"])
  func withoutATokenItListensToThisMachineOnly(listen: String) throws {
    let error = #expect(throws: HTTPServerError.self) {
      try HTTPServer(listen: listen, routes: HTTPRouter())
    }
    #expect(error?.code == .tokenRequired)
  }

  @Test func aTakenPortAndANonsenseAddressAreErrorsOfTheirOwn() throws {
    let server = try server()
    defer { server.stop() }
    let taken = #expect(throws: HTTPServerError.self) {
      try HTTPServer(listen: "127.0.0.1:\(server.port)", routes: HTTPRouter())
    }
    #expect(taken?.code == .addressInUse)
    for nonsense in ["", "8081", ":8081", "127.0.0.1:x", "127.0.0.1:70000"] {
      let error = #expect(throws: HTTPServerError.self) {
        try HTTPServer(listen: nonsense, routes: HTTPRouter())
      }
      #expect(error?.code == .invalidAddress)
    }
  }

  @Test func aSlowRouteHoldsUpNobody() async throws {
    let gate = DispatchSemaphore(value: 0)
    let server = try server(routes: { routes in
      routes.on("GET", "/slow", slow: true) { _ in
        gate.wait()
        return text("slow")
      }
    })
    defer { server.stop() }
    async let first = get(server, "/slow")
    async let second = get(server, "/slow")
    #expect(try await get(server, "/").text == "root")
    gate.signal()
    gate.signal()
    #expect(try await first.text == "slow")
    #expect(try await second.text == "slow")
  }

  @Test func slowRequestsBeyondTheQueueAreRefused() async throws {
    let gate = DispatchSemaphore(value: 0)
    let entered = DispatchSemaphore(value: 0)
    let server = try server(
      {
        $0.slowThreads = 1
        $0.maximumQueuedSlow = 0
      },
      routes: { routes in
        routes.on("GET", "/slow", slow: true) { _ in
          entered.signal()
          gate.wait()
          return text("slow")
        }
      })
    defer { server.stop() }
    let response = try await get(server, "/slow")
    #expect(response.status == 503 && response.first(named: "retry-after") == "1")
  }

  @Test func stoppingFinishesSlowRequestsAndJoins() async throws {
    let entered = Atomic<Bool>(false)
    let gate = DispatchSemaphore(value: 0)
    let server = try server(routes: { routes in
      routes.on("GET", "/slow", slow: true) { _ in
        entered.store(true, ordering: .sequentiallyConsistent)
        gate.wait()
        return text("slow")
      }
    })
    let client = client
    let running = Task {
      try await client.send(
        HTTPRequest(.get, "http://127.0.0.1:\(server.port)/slow")
      ).status
    }
    while !entered.load(ordering: .sequentiallyConsistent) { await Task.yield() }
    gate.signal()
    server.stop()
    server.stop()
    // Either the answer went out before the connections were closed, or the connection was cut.
    if case .success(let status) = await running.result { #expect(status == 200) }
    #expect(throws: HTTPError.self) {
      try client.sendBlocking(HTTPRequest(.get, "http://127.0.0.1:\(server.port)/"))
    }
  }
}

@Suite struct RefusalTests {
  @Test func refusalsCanBeMadeInTheCallersFormat() async throws {
    var routes = HTTPRouter { _, refusal in
      HTTPServerResponse(
        status: refusal.status, contentType: "application/json",
        text: #"{"error_code":\#(refusal.status)}"#)
    }
    routes.on("GET", "/here") { _ in text("here") }
    let server = try HTTPServer(listen: "127.0.0.1:0", routes: routes)
    defer { server.stop() }
    let client = HTTPClient()
    let base = "http://127.0.0.1:\(server.port)"
    let missing = try await client.send(HTTPRequest(.get, base + "/nope"))
    #expect(missing.status == 404 && missing.text == #"{"error_code":404}"#)
    let method = try await client.send(HTTPRequest(.put, base + "/here"))
    #expect(method.status == 405 && method.text == #"{"error_code":405}"#)
  }
}
