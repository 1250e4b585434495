/// One option of the command line: its name, and where else its value may come from.
///
/// The only place where an option is described: parsing, `--help`, the environment and `opine.yaml` all
/// read it. Order of sources: flag, environment, file, default.
struct Option: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case flag
    case text
    /// One of these.
    case choice([String])
    case number(ClosedRange<Int>)
    /// Seconds, or with a unit: `500ms`, `10s`, `2m`.
    case duration
  }

  /// Without the dashes; also the key in `opine.yaml`.
  let name: String
  let kind: Kind
  /// What stands for the value in `--help`.
  let placeholder: String
  let standard: String?
  /// `n` for `-n`.
  let short: Character?
  let explanation: String

  init(
    _ name: String, _ kind: Kind, _ placeholder: String, standard: String? = nil,
    short: Character? = nil, _ explanation: String
  ) {
    self.name = name
    self.kind = kind
    self.placeholder = placeholder
    self.standard = standard
    self.short = short
    self.explanation = explanation
  }

  init(flag name: String, _ explanation: String) {
    self.init(name, .flag, "", explanation)
  }

  /// `--limit N`, as help and references show it.
  var usage: String { "--\(name)" + (placeholder.isEmpty ? "" : " \(placeholder)") }

  /// `OPINE_…`
  var environment: String { "OPINE_" + name.uppercased().replacing("-", with: "_") }
}

/// Options that many commands share.
extension Option {
  static let kafka = Option(
    "kafka", .text, "HOST:PORT,…", standard: "127.0.0.1:9092", "Kafka brokers")
  static let registry = Option(
    "registry", .text, "URL", standard: "http://127.0.0.1:8081", "schema registry")
  static let elasticsearch = Option(
    "elasticsearch", .text, "URL", standard: "http://127.0.0.1:9200", "Elasticsearch")
  static let data = Option(
    "data", .text, "DIR", standard: "opine-data", "folder for checkpoints and what was committed")
  static let json = Option(flag: "json", "print JSON for machines")
  static let once = Option(flag: "once", "go to the end of what is there now, then exit")
  static let onGap = Option(
    "on-gap", .choice(["halt", "continue"]), "halt|continue", standard: "halt",
    "what to do about offsets that are gone")
  static let yes = Option(flag: "yes", "ask nothing")
  static let dryRun = Option(flag: "dry-run", "show the plan, change nothing")
  static let logLevel = Option(
    "log-level", .choice(["debug", "info", "notice", "warning", "error"]), "LEVEL",
    standard: "notice", "debug, info, notice, warning or error")
  static let config = Option(
    "config", .text, "FILE", standard: "opine.yaml",
    "configuration file; \"\" for none")
  static let help = Option("help", .flag, "", short: "h", "show this")

  /// Understood by every command.
  static let everywhere: [Option] = [.logLevel, .config, .help]
}
