import Foundation
import JSON

/// `opine config`: every value in force, and where it came from.
enum ConfigCommand {
  static let command = Command(
    "config", "every setting in force, and where it comes from",
    options: [.kafka, .registry, .elasticsearch, .data, .json], example: "opine config"
  ) { invocation in
    let settings = inForce(invocation)
    if invocation.flag(.json) {
      for setting in settings {
        let line: JSONValue = [
          "name": .string(setting.name), "value": .string(setting.value),
          "from": .string(setting.origin),
        ]
        Terminal.print(line.serialized())
      }
    } else {
      let rows = settings.map { [$0.name, $0.origin, $0.value] }
      Terminal.print(Terminal.table(["SETTING", "FROM", "VALUE"], rows))
    }
    return .done
  }

  private static let hidden = "********"

  struct Setting: Equatable {
    let name: String
    let value: String
    let origin: String
  }

  /// Settings that are set somewhere, and the shared ones with their defaults.
  static func inForce(_ invocation: Invocation) -> [Setting] {
    var options = invocation.command.options + Option.everywhere
    for option in allCommands.flatMap(\.options)
    where !options.contains(where: { $0.name == option.name }) {
      options.append(option)
    }
    let always = Set((invocation.command.options + Option.everywhere).map(\.name))
    var settings = options.compactMap { option -> Setting? in
      guard let (value, origin) = invocation.lookUp(option) else { return nil }
      if origin == .standard && !always.contains(option.name) { return nil }
      let from =
        switch origin {
        case .flag: "--\(option.name)"
        case .environment: option.environment
        case .file: invocation.text(.config)
        case .dev: "opine dev"
        case .standard: "default"
        }
      return Setting(name: option.name, value: masked(value, option.name), origin: from)
    }
    for (key, property) in ServiceSection.all.flatMap(\.properties) {
      guard let value = invocation.file[key] else { continue }
      settings.append(
        Setting(
          name: key, value: property.kind == .password ? hidden : masked(value, key),
          origin: invocation.text(.config)))
    }
    for (key, value) in invocation.kafkaProperties.sorted(by: { $0.key < $1.key })
    where key != "bootstrap.servers" {
      let name = "kafka.\(key)"
      settings.append(
        Setting(name: name, value: masked(value, name), origin: invocation.text(.config)))
    }
    return settings
  }

  /// Secrets are never printed, nor the password inside a URL.
  static func masked(_ value: String, _ name: String) -> String {
    let secret = ["password", "secret", "token", "api.key", "api-key", "sasl.jaas"]
    if secret.contains(where: name.lowercased().contains) { return hidden }
    return value.replacing(/:\/\/[^\/@]*@/, with: "://********@")
  }
}
