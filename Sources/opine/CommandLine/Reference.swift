import Connect
import ESSink
import SearchServer
import Telemetry

/// The references in docs/, made from the tables in the code; a test keeps the files equal.
enum Reference {
  /// By the name of the file.
  static var files: [(name: String, text: String)] {
    [
      ("cli.md", commands), ("configuration.md", configuration), ("metrics.md", metrics),
      ("embedded-elasticsearch.md", SearchServer.capabilities),
    ]
  }

  private static let origin = "<!-- Made by `make docs` from the tables in the code. -->\n"

  private static var commands: String {
    var text = origin + "\n# The command line\n\nopine COMMAND [options]\n"
    for group in commandGroups {
      text += "\n## \(group.title)\n"
      for command in group.commands { text += section(command) }
    }
    text += "\n## Options of every command\n\n" + table(Option.everywhere)
    text += "\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n"
    for code in ExitCode.allCases { text += "| \(code.rawValue) | \(code.meaning) |\n" }
    return text
  }

  private static func section(_ command: Command) -> String {
    let options = command.options.isEmpty ? "" : "\n" + table(command.options)
    return """

      ### opine \(command.name)

      \(command.summary)

          \(command.usage)

      Example: `\(command.example)`
      \(options)
      """
  }

  private static func table(_ options: [Option]) -> String {
    let rows = options.map { option in
      let short = option.short.map { "-\($0), " } ?? ""
      let standard = option.standard.map { "`\(cell($0))`" } ?? ""
      return "| `\(short)\(cell(option.usage))` | \(cell(option.explanation)) | \(standard) |\n"
    }
    return "| option | meaning | default |\n| --- | --- | --- |\n" + rows.joined()
  }

  private static var configuration: String {
    var options: [Option] = []
    for option in Option.everywhere + allCommands.flatMap(\.options)
    where !options.contains(where: { $0.name == option.name }) {
      options.append(option)
    }
    let rows = options.filter { $0 != .help }.sorted { $0.name < $1.name }.map { option in
      let users = allCommands.filter { command in
        command.options.contains { $0.name == option.name }
      }
      let names = users.isEmpty ? "all" : users.map(\.name).joined(separator: ", ")
      return "| `\(option.name)` | `\(option.environment)` | \(cell(names)) |\n"
    }
    return origin + """

      # Configuration

      A value is taken from the flag (`--kafka`), else the environment (`OPINE_KAFKA`), else the file
      `opine.yaml` (another by `--config FILE`), else the default. An unknown key in the file is an error.
      `${env:NAME}` and `${file:PATH}` in the file's values stand for secrets that live elsewhere. A key
      `kafka.NAME` hands NAME to librdkafka. `opine config` prints every value in force and where it comes
      from, secrets masked.

      | key in opine.yaml | environment | commands |
      | --- | --- | --- |
      \(rows.joined())
      ### How the registry and Elasticsearch are reached

      Keys of `opine.yaml` for every command and stage that talks to them, `opine run`'s own sink included; a
      connector of `opine connect` has the properties in its own JSON.

      | key in opine.yaml | property of a connector | meaning |
      | --- | --- | --- |
      \(services)
      ## Properties of a connector

      What stands in a connector's JSON. Names, types and meaning are those of Kafka Connect and of
      Confluent's Elasticsearch sink; a default that differs says why. Properties that nothing here obeys are
      warned of by name when the connector starts.
      \(connector)
      """
  }

  private static var services: String {
    ServiceSection.all.flatMap(\.properties).map { key, property in
      "| `\(key)` | `\(property.name)` | \(cell(property.explanation)) |\n"
    }.joined()
  }

  private static var connector: String {
    var groups: [String] = []
    for key in SinkSettings.keys where !groups.contains(key.group) { groups.append(key.group) }
    return groups.map { group in
      let rows = SinkSettings.keys.filter { $0.group == group }.map { key in
        let standard =
          key.standard == .required
          ? "required" : key.defaultText.flatMap { $0.isEmpty ? nil : "`\(cell($0))`" } ?? ""
        let choices =
          key.choices.isEmpty ? key.kind.rawValue.lowercased() : key.choices.joined(separator: ", ")
        return "| `\(key.name)` | \(choices) | \(standard) | \(cell(key.explanation)) |\n"
      }
      return """

        ### \(group)

        | property | values | default | meaning |
        | --- | --- | --- | --- |
        \(rows.joined())
        """
    }.joined()
  }

  private static var metrics: String {
    let rows = Metric.allCases.map { metric in
      let also = metric.connectName.map { " Also `\($0)`." } ?? ""
      return
        "| `\(metric.rawValue)` | \(metric.isCounter ? "counter" : "gauge") | \(cell(metric.help))\(also) |\n"
    }
    let recent = Recent.allCases.flatMap(\.figures).map { figure in
      "| `\(figure.name)` | \(cell(figure.help)) |\n"
    }
    return origin + """

      # Metrics

      Prometheus's text format at `/metrics` of a stage's --listen address.

      | name | kind | meaning |
      | --- | --- | --- |
      \(rows.joined())
      Over the last half minute to a minute, as Kafka Connect tells them:

      | name | meaning |
      | --- | --- |
      \(recent.joined())
      """
  }

  /// Text inside a cell of a Markdown table.
  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
