/// The texts of `--help`, made from the table of commands.
enum Help {
  static func overview(_ commands: [Command]) -> String {
    let width = commands.map(\.name.count).max() ?? 0
    let rows = commands.map { command in
      "  " + command.name.padding(to: width + 2) + command.summary
    }
    return """
      opine turns a stream of reviews into sentiment-scored, searchable documents in
      Elasticsearch, and can prove that none was lost.

      usage: opine COMMAND [options]

      \(rows.joined(separator: "\n"))

      opine COMMAND --help shows a command's options and an example.
      """
  }

  static func of(_ command: Command) -> String {
    let options = command.options + Option.everywhere
    let names = options.map { option in
      "--\(option.name)" + (option.placeholder.isEmpty ? "" : " \(option.placeholder)")
    }
    let width = names.map(\.count).max() ?? 0
    let rows = zip(options, names).map { option, name in
      let standard = option.standard.map { " (default \($0))" } ?? ""
      return "  " + name.padding(to: width + 2) + option.explanation + standard
    }
    return """
      opine \(command.name): \(command.summary)

      usage: opine \(command.name) \(command.arguments)

      \(rows.joined(separator: "\n"))

      example: \(command.example)
      """
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
