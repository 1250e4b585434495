import Configuration
import Connect
import ESSink

/// The sections `registry.…` and `elasticsearch.…` of `opine.yaml`: how the two are reached, beside their
/// addresses.
///
/// Each key stands for one property of a connector, with the same values, so that what was tried out in the
/// one place works in the other.
struct ServiceSection: Sendable {
  /// `registry` or `elasticsearch`; also the option that holds the addresses.
  let name: String
  /// The property that each key of the section stands for, in the order of docs/configuration.md.
  let properties: [(key: String, property: ConfigKey)]
  /// Rules over several properties.
  private let check: @Sendable (inout ConfigReading) -> Void

  private init(
    _ name: String, _ keys: [ConfigKey], without left: Set<String>, prefixes: [String],
    check: @escaping @Sendable (inout ConfigReading) -> Void
  ) {
    self.name = name
    self.check = check
    properties = keys.filter { !left.contains($0.name) }.map { key in
      let prefix = prefixes.first { key.name.hasPrefix($0) } ?? ""
      return ("\(name).\(key.name.dropFirst(prefix.count))", key)
    }
  }

  static let registry = ServiceSection(
    "registry", ConverterSettings.valueRegistry.all,
    without: [
      "value.converter.schema.registry.url",
      "value.converter.schema.registry.basic.auth.user.info",
    ],
    prefixes: ["value.converter.schema.registry.", "value.converter."],
    check: { ConverterSettings.valueRegistry.check(&$0) })

  static let elasticsearch = ServiceSection(
    "elasticsearch", ConnectionSettings.keys,
    without: ["connection.url", "elastic.security.protocol"],
    prefixes: ["connection.", "elastic.https."],
    check: { ConnectionSettings.check(&$0) })

  static let all = [registry, elasticsearch]

  /// What the file says, by the connector's names.
  func connectorProperties(_ file: [String: String]) -> [String: String] {
    var found: [String: String] = [:]
    for (key, property) in properties { found[property.name] = file[key] }
    if found.keys.contains(where: { $0.hasPrefix("elastic.https.") }) {
      found["elastic.security.protocol"] = "SSL"
    }
    return found
  }

  func reading(_ file: [String: String]) -> ConfigReading {
    ConfigReading(properties.map(\.property), connectorProperties(file))
  }

  /// The first value that can't be used, told by the file's key.
  func problem(_ file: [String: String]) -> String? {
    var read = reading(file)
    check(&read)
    return read.problems.first.map { problem in
      properties.reduce("\(problem)") { $0.replacing($1.property.name, with: $1.key) }
    }
  }
}

extension Invocation {
  /// How the registry is reached.
  var registry: RegistrySettings {
    RegistrySettings(
      ServiceSection.registry.reading(file), ConverterSettings.valueRegistry,
      urls: ConfigText.list(text(.registry)))
  }

  /// How Elasticsearch is reached.
  var elasticsearch: ConnectionSettings {
    ConnectionSettings(
      ServiceSection.elasticsearch.reading(file), urls: ConfigText.list(text(.elasticsearch)))
  }

  /// Both, as properties of the product's own sink.
  var serviceProperties: [String: String] {
    ServiceSection.all.reduce(into: [:]) { all, section in
      all.merge(section.connectorProperties(file)) { $1 }
    }
  }
}
