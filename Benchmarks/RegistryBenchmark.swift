import Foundation
import HTTPClient
import RegistryServer
import SchemaRegistry

/// The local registry over real sockets, and the client's memory.
func benchmarkRegistry() {
  let folder = NSTemporaryDirectory() + "opine-bench-\(UUID().uuidString)"
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let begin = ContinuousClock.now
  guard let server = try? RegistryServer(dataDirectory: folder, listen: "127.0.0.1:0"),
    let first = Connection(port: server.port)
  else { return print("the registry can't be started") }
  defer { server.stop() }
  _ = first.exchange(request(registering: 0))
  print("first registration answered   \((ContinuousClock.now - begin) / .milliseconds(1)) ms")
  lookups(first)
  registrations(server.port)
  clientMemory(server.port)
}

/// Pipelined requests on one connection; the server's CPU is the process's without this thread's.
private func lookups(_ connection: Connection) {
  let get = "GET /schemas/ids/1 HTTP/1.1\r\nHost: a\r\n\r\n"
  let length = connection.exchange(get)
  let (count, batch) = (200_000, 50)
  let many = Array(String(repeating: get, count: batch).utf8)
  let (all, own) = (processSeconds(), threadSeconds())
  for _ in 0..<count / batch {
    connection.write(many)
    connection.read(length * batch)
  }
  let seconds = processSeconds() - all - (threadSeconds() - own)
  print("look-ups by id                \(Int(Double(count) / seconds)) /s/core")
}

/// Every answer after its fsync; eight clients at once.
private func registrations(_ port: Int) {
  let (clients, each) = (8, 500)
  let begin = ContinuousClock.now
  DispatchQueue.concurrentPerform(iterations: clients) { client in
    guard let connection = Connection(port: port) else { return }
    for number in 0..<each {
      _ = connection.exchange(request(registering: 1 + client * each + number))
    }
  }
  let seconds = (ContinuousClock.now - begin) / .seconds(1)
  print("durable registrations         \(Int(Double(clients * each) / seconds)) /s (wall clock)")
}

private func clientMemory(_ port: Int) {
  let http = HTTPClient()
  defer { http.shutdown() }
  let client = RegistryClient(urls: ["http://127.0.0.1:\(port)"], http: http)
  let done = DispatchSemaphore(value: 0)
  client.fetch(id: 1) { _ in done.signal() }
  done.wait()
  let count = 1_000_000
  var found = 0
  let begin = threadSeconds()
  for _ in 0..<count where client.cached(id: 1) != nil { found += 1 }
  let seconds = threadSeconds() - begin
  print("client, known id              \(Int(seconds / Double(found) * 1e9)) ns")
}

private func request(registering number: Int) -> String {
  let body = #"{"schema":"{\"type\":\"fixed\",\"name\":\"F\#(number)\",\"size\":4}"}"#
  return "POST /subjects/s\(number)/versions HTTP/1.1\r\nHost: a\r\nContent-Length: "
    + "\(body.utf8.count)\r\n\r\n\(body)"
}

/// A blocking socket: little CPU of its own.
private final class Connection {
  private let socket: Int32

  init?(port: Int) {
    socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { return nil }
  }

  deinit { close(socket) }

  func write(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { send(socket, $0.baseAddress! + sent, $0.count - sent, 0) }
      guard count > 0 else { return }
      sent += count
    }
  }

  func read(_ length: Int) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var left = length
    while left > 0 {
      let count = recv(socket, &buffer, min(left, buffer.count), 0)
      guard count > 0 else { return }
      left -= count
    }
  }

  /// One request; answers with the length of the response, head and body.
  func exchange(_ request: String) -> Int {
    write(Array(request.utf8))
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { return text.count }
      text += buffer[..<count]
      let answer = String(decoding: text, as: UTF8.self)
      guard let end = answer.range(of: "\r\n\r\n"),
        let field = answer.range(of: "content-length: ", options: .caseInsensitive),
        let length = Int(answer[field.upperBound...].prefix { $0.isNumber })
      else { continue }
      let total = answer[..<end.upperBound].utf8.count + length
      if text.count >= total { return total }
    }
  }
}
