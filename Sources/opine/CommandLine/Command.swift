/// One command: what `--help` says of it, what it takes, and what it does.
struct Command: Sendable {
  /// `["schemas", "register"]`
  let path: [String]
  let summary: String
  /// As shown after the name: `FILE`, `[TEXT]`, `FILE …`
  let arguments: String
  let argumentCount: ClosedRange<Int>
  let options: [Option]
  let example: String
  /// Answers with the exit code.
  let run: @Sendable (Invocation) async throws -> ExitCode

  init(
    _ path: String, _ summary: String, arguments: String = "",
    argumentCount: ClosedRange<Int> = 0...0, options: [Option], example: String,
    run: @escaping @Sendable (Invocation) async throws -> ExitCode
  ) {
    self.path = path.split(separator: " ").map(String.init)
    self.summary = summary
    self.arguments = arguments
    self.argumentCount = argumentCount
    self.options = options
    self.example = example
    self.run = run
  }

  var name: String { path.joined(separator: " ") }

  var usage: String {
    "opine \(name)" + (arguments.isEmpty ? "" : " \(arguments)") + " [options]"
  }
}

/// Commands that belong together, as `--help` and docs/cli.md show them.
struct CommandGroup: Sendable {
  let title: String
  let commands: [Command]
}

/// What a process says by its end.
enum ExitCode: Int32, Sendable, CaseIterable {
  case done = 0
  case failed = 1
  case rejectedRecords = 2
  case notFoundOrUnbalanced = 3
  case gap = 4
  case unreachable = 5
  case usage = 64

  var meaning: String {
    switch self {
    case .done: "done"
    case .failed: "failed; the message says what to do"
    case .rejectedRecords: "finished, but some records were rejected"
    case .notFoundOrUnbalanced: "nothing found, or the books do not balance"
    case .gap: "a retention gap: offsets that the broker no longer has"
    case .unreachable: "a service can't be reached"
    case .usage: "the command line was not understood"
    }
  }
}

/// An error as a person reads it: what, why, and what to do next.
struct CommandError: Error, Sendable {
  let exit: ExitCode
  let what: String
  let why: String
  let next: String

  init(_ exit: ExitCode, _ what: String, why: String, next: String) {
    self.exit = exit
    self.what = what
    self.why = why
    self.next = next
  }

  static func usage(_ what: String, _ command: Command?) -> CommandError {
    let name = command.map { " \($0.name)" } ?? ""
    return CommandError(
      .usage, what, why: "the command line was not understood", next: "opine\(name) --help")
  }
}
