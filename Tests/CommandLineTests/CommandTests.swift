import Testing

@testable import opine

/// The table of commands: help, slips of the finger, exit codes.
@Suite struct CommandTests {
  @Test(arguments: allCommands.map(\.name))
  func helpShowsEveryOptionAndAnExampleThatParses(name: String) throws {
    let command = try #require(allCommands.first { $0.name == name })
    let help = Help.of(command)
    for option in command.options + opine.Option.everywhere {
      #expect(help.contains("--\(option.name)"))
      #expect(help.contains(option.explanation))
    }
    #expect(help.contains("example: \(command.example)"))
    // Of a pipe the part that is ours; the shell's redirections are not for us.
    let ours = command.example.split(separator: "|").first { $0.contains("opine ") } ?? ""
    var words = ours.split(separator: " ").map(String.init)
    if let redirection = words.firstIndex(where: { ["<", ">"].contains($0) }) {
      words.removeSubrange(redirection...)
    }
    let start = words.firstIndex(of: "opine") ?? 0
    #expect(Array(words[start...].prefix(command.path.count + 1)) == ["opine"] + command.path)
    let rest = Array(words[start...].dropFirst(command.path.count + 1))
    #expect(throws: Never.self) { try Invocation(command, rest, environment: [:]) }
  }

  @Test func theOverviewNamesEveryCommandOnce() {
    let text = Help.overview(commandGroups)
    for command in allCommands { #expect(text.contains("  \(command.name) ")) }
    #expect(Set(allCommands.map(\.name)).count == allCommands.count)
  }

  @Test func anOptionMeansTheSameEverywhere() {
    for command in allCommands {
      let names = command.options.map(\.name)
      #expect(Set(names).count == names.count, "\(command.name) has an option twice")
    }
  }

  @Test func aSlipOfTheFingerFindsItsCommand() {
    #expect(nearest("enrihc", allCommands.map(\.name)) == "enrich")
    #expect(nearest("ingest fil", allCommands.map(\.name)) == "ingest file")
    #expect(nearest("zzzzzzzzz", allCommands.map(\.name)) == nil)
  }

  @Test(
    arguments: [
      (["enrihc"], ExitCode.usage), (["enrich", "--nothing"], .usage), (["enrich", "x"], .usage),
      (["ingest", "file"], .usage), (["enrich", "--log-level", "loud"], .usage),
      (["enrich", "--on-gap", "jump"], .usage), (["--help"], .done), ([], .done),
      (["enrich", "--help"], .done), (["--version"], .done),
    ])
  func theExitCodeTellsUsageFromSuccess(words: [String], code: ExitCode) async {
    #expect(await Opine.run(words) == code)
  }
}
