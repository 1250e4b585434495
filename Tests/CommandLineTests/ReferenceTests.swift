import Foundation
import Testing

@testable import opine

/// What is made from the table of commands.
struct ReferenceTests {
  @Test("docs/ holds what `make docs` makes", arguments: Reference.files.map(\.name))
  func docsAreFresh(name: String) throws {
    let folder = URL(filePath: #filePath).appending(path: "../../../docs").standardized
    let committed = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    let made = Reference.files.first { $0.name == name }?.text
    #expect(committed == made, "run `make docs`")
  }

  @Test("every option of a name has one short form and one kind everywhere")
  func optionsAgree() {
    var known: [String: Option] = [:]
    for option in Option.everywhere + allCommands.flatMap(\.options) {
      if let other = known[option.name] {
        #expect(other.short == option.short && other.placeholder == option.placeholder)
      }
      known[option.name] = option
    }
  }

  @Test("bash completes commands, their second words and their options")
  func bash() throws {
    let script = Completions.script(for: .bash, allCommands)
    func complete(_ words: [String]) throws -> [String] {
      let process = Process()
      process.executableURL = URL(filePath: "/bin/bash")
      let line = words.map { "'\($0)'" }.joined(separator: " ")
      process.arguments = [
        "-c",
        script
          + "\nCOMP_WORDS=(opine \(line)); COMP_CWORD=\(words.count); _opine; echo ${COMPREPLY[@]}",
      ]
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let data = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(
        String.init)
    }
    #expect(try complete(["sea"]) == ["search"])
    #expect(try complete(["schemas", "re"]) == ["register"])
    #expect(try complete(["search", "--lab"]) == ["--label"])
    #expect(try complete(["ingest", "file", "--from"]) == ["--from-start"])
  }

  @Test("secrets are masked, also inside a URL")
  func masks() {
    #expect(ConfigCommand.masked("hunter2", "kafka.sasl.password") == "********")
    #expect(
      ConfigCommand.masked("https://me:hunter2@es:9200", "elasticsearch")
        == "https://********@es:9200")
    #expect(ConfigCommand.masked("opine.yaml", "config") == "opine.yaml")
  }
}
