import Foundation

/// What is made from the table of commands: references for docs/, and completions for shells.
enum ReferenceCommands {
  static let completions = Command(
    "completions", "completions for a shell", arguments: "bash|zsh|fish", argumentCount: 1...1,
    options: [], example: "opine completions bash > /etc/bash_completion.d/opine"
  ) { invocation in
    guard let shell = Completions.Shell(rawValue: invocation.arguments[0]) else {
      throw CommandError.usage("the shells are bash, zsh and fish", invocation.command)
    }
    Terminal.print(Completions.script(for: shell, allCommands))
    return .done
  }

  static let docs = Command(
    "docs", "write the references that docs/ holds", arguments: "DIR", argumentCount: 1...1,
    options: [], example: "opine docs docs"
  ) { invocation in
    for (name, text) in Reference.files {
      let path = "\(invocation.arguments[0])/\(name)"
      do {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
      } catch {
        throw CommandError(
          .failed, "\(path) can't be written", why: error.localizedDescription,
          next: "give a folder that can be written")
      }
    }
    return .done
  }
}
