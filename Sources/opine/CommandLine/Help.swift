/// The texts of `--help`, made from the table of commands.
enum Help {
  static func overview(_ groups: [CommandGroup]) -> String {
    let width = groups.flatMap(\.commands).map(\.name.count).max() ?? 0
    let parts = groups.map { group in
      let rows = group.commands.map { "  " + $0.name.padding(to: width + 2) + $0.summary }
      return Terminal.styled(group.title, .bold) + "\n" + rows.joined(separator: "\n")
    }
    return """
      opine turns a stream of reviews into sentiment-scored, searchable documents in
      Elasticsearch, and can prove that none was lost.

      usage: opine COMMAND [options]

      \(parts.joined(separator: "\n\n"))

      opine COMMAND --help shows a command's options and an example.
      """
  }

  static func of(_ command: Command) -> String {
    let options = command.options + Option.everywhere
    let names = options.map { option in
      (option.short.map { "-\($0), " } ?? "    ") + option.usage
    }
    let width = names.map(\.count).max() ?? 0
    let rows = zip(options, names).map { option, name in
      let standard = option.standard.map { " (default \($0))" } ?? ""
      return "  " + name.padding(to: width + 2) + option.explanation + standard
    }
    return """
      opine \(command.name): \(command.summary)

      usage: \(command.usage)

      \(rows.joined(separator: "\n"))

      example: \(command.example)
      """
  }
}
