/// Shell completions, made from the table of commands.
enum Completions {
  enum Shell: String {
    case bash, zsh, fish
  }

  static func script(for shell: Shell, _ commands: [Command]) -> String {
    switch shell {
    case .bash: bash(commands)
    case .zsh: "autoload -U bashcompinit && bashcompinit\n" + bash(commands)
    case .fish: fish(commands)
    }
  }

  /// First words of commands, or of those that begin with the words before.
  private static func next(_ path: [String], _ commands: [Command]) -> [String] {
    var words: [String] = []
    for command in commands where command.path.starts(with: path) && command.path.count > path.count
    {
      let word = command.path[path.count]
      if !words.contains(word) { words.append(word) }
    }
    return words
  }

  private static func bash(_ commands: [Command]) -> String {
    var cases: [String] = []
    let parents = Set(commands.filter { $0.path.count > 1 }.map { $0.path[0] })
    for parent in parents.sorted() {
      cases.append(
        "    \"\(parent)\") words=\"\(next([parent], commands).joined(separator: " "))\" ;;")
    }
    for command in commands {
      let options = (command.options + Option.everywhere).map { "--\($0.name)" }
      let pattern = command.path.count == 1 ? "\"\(command.name)\"*" : "\"\(command.name)\""
      cases.append("    \(pattern)) words=\"\(options.joined(separator: " "))\" ;;")
    }
    return """
      _opine() {
        local word="${COMP_WORDS[COMP_CWORD]}" words=""
        local path="${COMP_WORDS[1]}"
        [ "$COMP_CWORD" -gt 2 ] && case "${COMP_WORDS[2]}" in -*) ;; *) path="$path ${COMP_WORDS[2]}" ;; esac
        if [ "$COMP_CWORD" -eq 1 ]; then
          words="\(next([], commands).joined(separator: " "))"
        else case "$path" in
      \(cases.joined(separator: "\n"))
        esac; fi
        COMPREPLY=($(compgen -W "$words" -- "$word"))
        [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$word"))
      }
      complete -o filenames -F _opine opine
      """
  }

  private static func fish(_ commands: [Command]) -> String {
    func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "\\'") + "'" }
    var lines: [String] = []
    for command in commands {
      let parents = command.path.dropLast().joined(separator: " ")
      let condition =
        parents.isEmpty ? "__fish_use_subcommand" : "__fish_seen_subcommand_from \(parents)"
      if command.path.count > 1 {
        lines.append("complete -c opine -n __fish_use_subcommand -a \(parents)")
      }
      lines.append(
        "complete -c opine -n \(quoted(condition)) -a \(command.path.last ?? "") "
          + "-d \(quoted(command.summary))")
      for option in command.options + Option.everywhere {
        let last = command.path.last ?? ""
        lines.append(
          "complete -c opine -n \(quoted("__fish_seen_subcommand_from \(last)")) "
            + "-l \(option.name)\(option.kind == .flag ? "" : " -r") "
            + "-d \(quoted(option.explanation))")
      }
    }
    return lines.joined(separator: "\n")
  }
}
