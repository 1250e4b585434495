import Configuration
import DevStack
import Foundation

/// A command with its arguments and the values of its options, wherever they came from.
struct Invocation: Sendable {
  let command: Command
  let arguments: [String]
  private let flags: [String: String]
  private let environment: [String: String]
  /// What the configuration file says, secrets in their places.
  let file: [String: String]
  private var discovered: [String: String]
  /// The embedded stack, where it is the Kafka in use.
  private(set) var dev: DevState?

  /// - Parameter dev: the embedded stack that runs on this machine, if one does.
  ///
  /// Understands `--name value`, `--name=value`, `--no-name`, `-n value` for options with a short form, `--`.
  init(
    _ command: Command, _ words: [String], environment: [String: String],
    dev: DevState? = nil
  ) throws {
    self.command = command
    self.environment = environment
    let options = command.options + Option.everywhere
    var flags: [String: String] = [:]
    var arguments: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        arguments += rest
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        arguments.append(word)
        continue
      }
      let (option, value) = try Self.read(word, &rest, options, command)
      flags[option.name] = value
    }
    if flags["help"] == nil, !command.argumentCount.contains(arguments.count) {
      throw CommandError.usage(
        arguments.count < command.argumentCount.lowerBound
          ? "opine \(command.name) needs \(command.arguments)"
          : "opine \(command.name) does not take: \(arguments.last ?? "")", command)
    }
    self.flags = flags
    self.arguments = arguments
    file = try Self.file(flags, environment)
    discovered = [:]
    if let dev { use(dev) }
    // Where a choice comes from does not matter: a wrong one must not pass for the default.
    for option in options {
      if case .choice = option.kind, let value = optional(option) {
        try Self.check(value, option, command)
      }
    }
  }

  private mutating func use(_ dev: DevState) {
    discovered = [
      Option.kafka.name: dev.kafka, Option.registry.name: dev.registry,
      Option.elasticsearch.name: dev.elasticsearch,
    ]
    // Only who works with its Kafka keeps what belongs to it.
    guard command.options.contains(.kafka), text(.kafka) == dev.kafka else { return }
    discovered[Option.data.name] = dev.stageData
    self.dev = dev
  }

  private static func read(
    _ word: String, _ rest: inout ArraySlice<String>, _ options: [Option], _ command: Command
  ) throws -> (Option, String) {
    var name = String(word.drop { $0 == "-" })
    if !word.hasPrefix("--"), name.count == 1,
      let option = options.first(where: { $0.short == name.first })
    {
      name = option.name
    }
    var given: String?
    if let equals = name.firstIndex(of: "=") {
      given = String(name[name.index(after: equals)...])
      name = String(name[..<equals])
    }
    if let option = options.first(where: { $0.name == name }) {
      if option.kind == .flag {
        guard given == nil || ["true", "false"].contains(given) else {
          throw CommandError.usage("--\(name) is true or false, not \(given ?? "")", command)
        }
        return (option, given ?? "true")
      }
      guard let value = given ?? rest.popFirst() else {
        throw CommandError.usage("--\(name) needs \(option.placeholder)", command)
      }
      try check(value, option, command)
      return (option, value)
    }
    if given == nil,
      let option = options.first(where: { $0.kind == .flag && "no-\($0.name)" == name })
    {
      return (option, "false")
    }
    let near = nearest(name, options.map(\.name))
    let hint = near.map { "; did you mean --\($0)?" } ?? ""
    throw CommandError.usage("unknown option \(word)\(hint)", command)
  }

  private static func check(_ value: String, _ option: Option, _ command: Command?) throws {
    switch option.kind {
    case .number(let range):
      guard let number = Int(value), range.contains(number) else {
        throw CommandError.usage(
          "--\(option.name) must be a whole number from \(range.lowerBound) to \(range.upperBound)",
          command)
      }
    case .duration:
      guard parseDuration(value) != nil else {
        throw CommandError.usage("--\(option.name) must be a time as 500ms, 10s or 2m", command)
      }
    case .choice(let choices):
      guard choices.contains(value) else {
        throw CommandError.usage(
          "--\(option.name) is one of \(choices.joined(separator: ", ")), not \(value)", command)
      }
    case .text, .flag: break
    }
  }

  private static func file(
    _ flags: [String: String], _ environment: [String: String]
  ) throws -> [String: String] {
    let named = flags["config"] ?? environment[Option.config.environment]
    if named == "" { return [:] }
    let path = named ?? Option.config.standard ?? ""
    guard named != nil || FileManager.default.fileExists(atPath: path) else { return [:] }
    do throws(ConfigurationError) {
      let values = try ConfigurationFile.read(path: path)
      let known = Set(
        allCommands.flatMap(\.options).map(\.name) + Option.everywhere.map(\.name)
          + ServiceSection.all.flatMap(\.properties).map(\.key))
      if let wrong = values.keys.sorted().first(where: {
        !known.contains($0) && !$0.hasPrefix("kafka.")
      }) {
        throw ConfigurationError("\(path): unknown key \(wrong)")
      }
      var resolved: [String: String] = [:]
      for (key, value) in values {
        resolved[key] = try Placeholders.resolve(value, environment: environment)
      }
      if let problem = ServiceSection.all.lazy.compactMap({ $0.problem(resolved) }).first {
        throw ConfigurationError("\(path): \(problem)")
      }
      return resolved
    } catch {
      throw CommandError(
        .usage, "the configuration can't be used", why: error.reason, next: "mend \(path)")
    }
  }

  // MARK: - Values

  /// Where a value came from, in the order in which they are asked.
  enum Origin: Sendable, Equatable {
    case flag, environment, file, dev, standard
  }

  /// The default is the one that this command declares: two commands may share an option's name.
  func lookUp(_ option: Option) -> (value: String, origin: Origin)? {
    if let value = flags[option.name] { return (value, .flag) }
    if let value = environment[option.environment] { return (value, .environment) }
    if let value = file[option.name] { return (value, .file) }
    if let value = discovered[option.name] { return (value, .dev) }
    let declared = command.options.first { $0.name == option.name } ?? option
    return declared.standard.map { ($0, .standard) }
  }

  func optional(_ option: Option) -> String? { lookUp(option)?.value }

  func text(_ option: Option) -> String { optional(option) ?? "" }

  func flag(_ option: Option) -> Bool { optional(option).map { $0 != "false" } ?? false }

  func number(_ option: Option) throws -> Int {
    let value = text(option)
    try Self.check(value, option, command)
    return Int(value) ?? 0
  }

  func duration(_ option: Option) throws -> Duration {
    let value = text(option)
    try Self.check(value, option, command)
    return parseDuration(value) ?? .zero
  }

  /// The environment, with the addresses that are in force under their names.
  var resolvedEnvironment: [String: String] {
    var all = environment
    for option in [Option.kafka, .registry, .elasticsearch] {
      all[option.environment] = text(option)
    }
    return all
  }

  /// A mock cluster takes a killed member's partitions away only when its session ends.
  private static let shortSession = [
    "session.timeout.ms": "3000", "heartbeat.interval.ms": "500",
  ]

  /// Properties for librdkafka: the brokers, and every `kafka.<name>` of the file.
  var kafkaProperties: [String: String] {
    var properties = dev == nil ? [:] : Self.shortSession
    properties["bootstrap.servers"] = text(.kafka)
    for (key, value) in file where key.hasPrefix("kafka.") {
      properties[String(key.dropFirst("kafka.".count))] = value
    }
    return properties
  }
}

/// `500ms`, `10s`, `2m`, `1h`, or plain seconds.
func parseDuration(_ text: String) -> Duration? {
  let digits = text.prefix { $0.isNumber || $0 == "." }
  guard let number = Double(digits), number >= 0, number < 1e9 else { return nil }
  switch text[digits.endIndex...] {
  case "ms": return .seconds(number / 1000)
  case "", "s": return .seconds(number)
  case "m": return .seconds(number * 60)
  case "h": return .seconds(number * 3600)
  default: return nil
  }
}

/// The candidate with the fewest edits, if it is near enough to be a slip of the finger.
func nearest(_ word: String, _ candidates: [String]) -> String? {
  func distance(_ left: [Character], _ right: [Character]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let cost = a == b ? diagonal : diagonal + 1
        diagonal = row[j + 1]
        row[j + 1] = min(cost, row[j] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
  return candidates.map { ($0, distance(Array(word), Array($0))) }
    .filter { $0.1 <= (word.count < 4 ? 1 : max(2, word.count / 3)) }.min { $0.1 < $1.1 }?.0
}
