import Foundation
import HTTPServer
import JSON
import Testing

@testable import opine

/// The built program, run as a process of its own: what it prints and how it ends. Waiting for it blocks
/// threads of its own, none of Swift's pool, on which the other tests run.
///
/// `@unchecked Sendable` because a test uses it from one task, one call after the other.
final class Program: @unchecked Sendable {
  /// The executable beside the tests.
  static let path: URL = {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/",
      !FileManager.default.isExecutableFile(atPath: folder.appending(path: "opine").path)
    { folder.deleteLastPathComponent() }
    return folder.appending(path: "opine")
  }()

  private let process = Process()
  private let output = Pipe()
  private let errors = Pipe()

  struct Ended {
    let code: Int32
    let output: String
    let errors: String
    var lines: [String] { output.split(separator: "\n").map(String.init) }
    var json: [JSONValue] { lines.compactMap { try? JSONValue.parse($0) } }
  }

  init(_ arguments: [String], input: String? = nil) throws {
    process.executableURL = Self.path
    process.arguments = arguments
    // Nothing of the developer's own: no OPINE_ variables, no opine.yaml.
    process.environment = ["HOME": NSTemporaryDirectory()]
    process.currentDirectoryURL = URL(filePath: "/")
    process.standardOutput = output
    process.standardError = errors
    let typed = Pipe()
    process.standardInput = typed
    try process.run()
    // From another thread: the program may answer before it has read all.
    DispatchQueue.global().async {
      try? typed.fileHandleForWriting.write(contentsOf: Data((input ?? "").utf8))
      try? typed.fileHandleForWriting.close()
    }
  }

  /// Asks it to stop, as Ctrl-C and an init system do.
  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Reads standard output until so many lines are there or it ends.
  func lines(_ count: Int) async throws -> [String] {
    try await onThread { [output] in
      var data = Data()
      while data.count(where: { $0 == 10 }) < count {
        let more = output.fileHandleForReading.availableData
        if more.isEmpty { break }
        data.append(more)
      }
      return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
  }

  /// Reads standard error until it has the text or ends; says whether it had it.
  func says(_ text: String) async throws -> Bool {
    try await onThread { [errors] in
      var data = Data()
      while !String(decoding: data, as: UTF8.self).contains(text) {
        let more = errors.fileHandleForReading.availableData
        if more.isEmpty { return false }
        data.append(more)
      }
      return true
    }
  }

  /// Nobody reads what it prints from now on.
  func stopReading() throws { try output.fileHandleForReading.close() }

  func end() async throws -> Ended { try await onThread { self.waited() } }

  private func waited() -> Ended {
    let text = (try? output.fileHandleForReading.readToEnd()) ?? nil
    let said = (try? errors.fileHandleForReading.readToEnd()) ?? nil
    process.waitUntilExit()
    let code =
      process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
    return Ended(
      code: code, output: String(decoding: text ?? Data(), as: UTF8.self),
      errors: String(decoding: said ?? Data(), as: UTF8.self))
  }

  static func run(_ arguments: [String], input: String? = nil) async throws -> Ended {
    try await Program(arguments, input: input).end()
  }
}

/// A server that answers as a test says: by method and path, the same each time. It differs from
/// Elasticsearch and the registry in that it knows nothing; a path without an answer is a 404.
final class Answers {
  private let server: HTTPServer
  let url: String

  init(_ answers: [(method: String, path: String, status: Int, body: JSONValue)]) throws {
    var routes = HTTPRouter()
    for answer in answers {
      let text = answer.body.serialized()
      routes.on(answer.method, answer.path) { _ in
        HTTPServerResponse(
          status: answer.status, contentType: "application/json", text: text)
      }
    }
    server = try HTTPServer(listen: "127.0.0.1:0", routes: routes)
    url = "http://127.0.0.1:\(server.port)"
  }
}
