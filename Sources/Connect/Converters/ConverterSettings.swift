/// The converters that a connector's properties name.
public struct ConverterSettings: Sendable {
  public let key: Converter
  public let value: Converter
  /// The value's registry, or the key's where only that has one.
  public let registry: RegistrySettings

  /// What stands where a property is not given: this worker's own converters.
  public static let standardKey = "org.apache.kafka.connect.storage.StringConverter"
  public static let standardValue = "io.confluent.connect.avro.AvroConverter"

  public static let keyRegistry = registry("key.converter.")
  public static let valueRegistry = registry("value.converter.")

  private static func registry(_ prefix: String) -> RegistryKeys {
    RegistryKeys(prefix: prefix, tls: prefix + "schema.registry.")
  }

  public init(_ properties: [String: String]) throws(ConfigError) {
    let problems = Self.validate(properties)
    if !problems.isEmpty { throw ConfigError(problems) }
    let read = ConfigReading(Self.valueRegistry.all + Self.keyRegistry.all, properties)
    key = Self.converter("key.converter", Self.standardKey, read) ?? .string
    value = Self.converter("value.converter", Self.standardValue, read) ?? .avro
    let ofValue = RegistrySettings(read, Self.valueRegistry)
    registry = ofValue.urls.isEmpty ? RegistrySettings(read, Self.keyRegistry) : ofValue
  }

  /// What is wrong with the converters, by property.
  public static func validate(_ properties: [String: String]) -> [ConfigProblem] {
    var problems: [ConfigProblem] = []
    for (name, standard, registry) in [
      ("key.converter", standardKey, keyRegistry),
      ("value.converter", standardValue, valueRegistry),
    ] {
      var read = ConfigReading(registry.all, properties)
      guard let converter = converter(name, standard, read) else {
        let known = Converter.names.joined(separator: ", ")
        problems.append(
          ConfigProblem(
            name,
            "Invalid value \(properties[name] ?? "") for configuration \(name): there are \(known)")
        )
        continue
      }
      guard converter == .avro else { continue }
      registry.check(&read)
      if read.list(registry.url).isEmpty {
        read.fail(
          registry.url, "Missing required configuration \"schema.registry.url\" of AvroConverter")
      }
      problems += read.problems
    }
    return problems
  }

  private static func converter(
    _ name: String, _ standard: String, _ read: ConfigReading
  ) -> Converter? {
    let given = ConfigText.trimmed(read.properties[name] ?? "")
    return Converter(
      class: given.isEmpty ? standard : given, properties: read.prefixed(name + "."))
  }
}
