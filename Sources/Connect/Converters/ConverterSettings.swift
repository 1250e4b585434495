/// The converters that a connector's properties name.
public struct ConverterSettings: Sendable {
  public let key: Converter
  public let value: Converter
  /// Addresses of the value's registry, or the key's where only that has one.
  public let registryURLs: [String]

  /// What stands where a property is not given: this worker's own converters.
  public static let standardKey = "org.apache.kafka.connect.storage.StringConverter"
  public static let standardValue = "io.confluent.connect.avro.AvroConverter"

  public init(_ properties: [String: String]) throws(ConfigError) {
    let problems = Self.validate(properties)
    if !problems.isEmpty { throw ConfigError(problems) }
    let read = ConfigReading([], properties)
    key = Self.converter("key.converter", Self.standardKey, read) ?? .string
    value = Self.converter("value.converter", Self.standardValue, read) ?? .avro
    registryURLs =
      ["value.converter.", "key.converter."].lazy.map { prefix in
        ConfigText.list(properties[prefix + "schema.registry.url"] ?? "")
      }.first { !$0.isEmpty } ?? []
  }

  /// What is wrong with the converters, by property.
  public static func validate(_ properties: [String: String]) -> [ConfigProblem] {
    let read = ConfigReading([], properties)
    var problems: [ConfigProblem] = []
    for (name, standard) in [("key.converter", standardKey), ("value.converter", standardValue)] {
      guard let converter = converter(name, standard, read) else {
        let known = Converter.names.joined(separator: ", ")
        problems.append(
          ConfigProblem(
            name,
            "Invalid value \(properties[name] ?? "") for configuration \(name): there are \(known)")
        )
        continue
      }
      let url = "\(name).schema.registry.url"
      if converter == .avro, ConfigText.list(properties[url] ?? "").isEmpty {
        problems.append(
          ConfigProblem(
            url, "Missing required configuration \"schema.registry.url\" of AvroConverter"))
      }
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
