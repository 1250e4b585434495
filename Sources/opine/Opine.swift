import CMalloc
import DevStack
import Foundation
import Telemetry

@main
struct Opine {
  static let version = "0.1.0"

  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    opine_limit_malloc_arenas(2)
    let code = await run(Array(CommandLine.arguments.dropFirst()))
    fflush(nil)
    exit(code.rawValue)
  }

  static func run(_ words: [String]) async -> ExitCode {
    do {
      guard let command = find(words) else { return try unknown(words) }
      let environment = ProcessInfo.processInfo.environment
      let invocation = try Invocation(
        command, Array(words.dropFirst(command.path.count)), environment: environment,
        dev: DevState.running(environment))
      if invocation.flag(.help) {
        Terminal.print(Help.of(command))
        return .done
      }
      let levels = LogLevel.allCases.filter { "\($0)" == invocation.text(.logLevel) }
      if let level = levels.first { Log.setLevel(level) }
      return try await command.run(invocation)
    } catch let error as CommandError {
      Terminal.say(Terminal.styled("opine: \(error.what)", .bold))
      Terminal.say("  why:  \(error.why)")
      Terminal.say("  next: \(error.next)")
      if error.exit == .unreachable { Terminal.say(DevState.epitaph) }
      return error.exit
    } catch {
      Terminal.say("opine: \(error)")
      return .failed
    }
  }

  static func find(_ words: [String]) -> Command? {
    allCommands.filter { words.starts(with: $0.path) }.max { $0.path.count < $1.path.count }
  }

  private static func unknown(_ words: [String]) throws -> ExitCode {
    guard let first = words.first, !["help", "--help", "-h"].contains(first) else {
      Terminal.print(Help.overview(commandGroups))
      return .done
    }
    if ["--version", "version"].contains(first) {
      Terminal.print("opine \(version)")
      return .done
    }
    let near = nearest(words.prefix(2).joined(separator: " "), allCommands.map(\.name))
    let hint = near.map { "; did you mean opine \($0)?" } ?? ""
    throw CommandError.usage("there is no command \(first)\(hint)", nil)
  }
}
