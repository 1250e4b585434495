import Foundation
import Testing

/// SIGTERM ends a stage well from its first moment on: the built executable, asked to wait for servers
/// that are not there.
@Suite(.timeLimit(.minutes(3))) struct SignalTests {
  /// How many times longer than a plain program a sanitized one may take; `make sanitize` says.
  private static let patience =
    ProcessInfo.processInfo.environment["OPINE_TEST_PATIENCE"].flatMap { Int($0) } ?? 1

  /// Listens at a free port and answers nobody.
  private func silentListener() throws -> (socket: Int32, port: UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listens = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
      guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return false
      }
      return bind(listener, base, length) == 0 && listen(listener, 16) == 0
        && getsockname(listener, base, &length) == 0
    }
    try #require(listens)
    return (listener, UInt16(bigEndian: address.sin_port))
  }

  /// Runs the words until it is time, sends SIGTERM, and answers with how the process ended.
  private func end(
    _ words: [String], when comment: Comment, _ isTime: (Child) -> Bool
  ) async throws -> Int32 {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let child = try Child(words + ["--listen", "127.0.0.1:0"], folder: folder)
    do {
      try await eventually(comment) { isTime(child) }
    } catch {
      _ = await child.end(by: SIGKILL)
      throw error
    }
    let (code, took) = await child.end(by: SIGTERM)
    // A request to a registry may take 5 s, a drain 4: neither is waited for here.
    #expect(took < .seconds(4) * Self.patience)
    return code
  }

  /// Runs the words until a line of output begins so.
  private func end(_ words: [String], after start: String) async throws -> Int32 {
    try await end(words, when: "it says: \(start)") { child in
      child.lines.contains { $0.hasPrefix(start) }
    }
  }

  @Test(arguments: ["enrich", "run"])
  func aStageThatWaitsForTheRegistryEndsWell(command: String) async throws {
    let words = [command, "--kafka", "127.0.0.1:1", "--registry", "http://127.0.0.1:1"]
    #expect(try await end(words, after: "ready \(command)") == 0)
  }

  @Test func aRequestToASilentRegistryIsGivenUpAtOnce() async throws {
    let (listener, port) = try silentListener()
    defer { close(listener) }
    let words = ["enrich", "--kafka", "127.0.0.1:1", "--registry", "http://127.0.0.1:\(port)"]
    let code = try await end(words, when: "the registry is asked") { _ in
      var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      return poll(&waiting, 1, 0) == 1
    }
    #expect(code == 0)
  }

  @Test func aSinkWithoutABrokerEndsWell() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    let text = """
      {"name": "s", "topics": "t", "connection.url": "http://127.0.0.1:1",
       "connector.class": "ElasticsearchSink", "value.converter.schema.registry.url": "http://127.0.0.1:1"}
      """
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    #expect(
      try await end(["connect", file, "--kafka", "127.0.0.1:1"], after: "ready connect") == 0)
  }

  /// Waits until the condition holds; after half a minute the test has failed.
  private func eventually(_ comment: Comment, _ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while !condition() {
      try #require(ContinuousClock.now < deadline, comment)
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
