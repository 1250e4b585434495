import Foundation
import JSON
import Testing

/// Avro for Java, answering JSON lines.
enum AvroOracle {
  /// The command, by OPINE_TEST_AVRO_ORACLE; unset, the suites that ask it are skipped.
  static let path = ProcessInfo.processInfo.environment["OPINE_TEST_AVRO_ORACLE"]
  static let reason: Comment = "OPINE_TEST_AVRO_ORACLE names no oracle"

  /// Random cases of a differential test: by OPINE_TEST_CASES, else a share of what a release needs.
  static let cases =
    ProcessInfo.processInfo.environment["OPINE_TEST_CASES"].flatMap { Int($0) } ?? 2000

  /// One answer for each question, in one run of the oracle.
  static func answers(_ questions: [JSONValue]) throws -> [JSONValue] {
    try answers(questions, of: path ?? "", [])
  }

  /// As above, of a command that speaks the same.
  static func answers(
    _ questions: [JSONValue], of command: String, _ arguments: [String]
  ) throws -> [JSONValue] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command)
    process.arguments = arguments
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // From another thread, since the answers fill the other pipe meanwhile.
    let writer = input.fileHandleForWriting
    Thread.detachNewThread {
      let lines = questions.map { $0.serialized() + "\n" }
      try? writer.write(contentsOf: Data(lines.joined().utf8))
      try? writer.close()
    }
    let answers = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let parsed = try answers.split(separator: UInt8(ascii: "\n")).map {
      try JSONValue.parse(Array($0))
    }
    try #require(parsed.count == questions.count)
    return parsed
  }
}
