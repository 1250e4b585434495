import Avro
import JSON
import SchemaRegistry

/// `opine schemas check`: may this schema follow those?
enum SchemaCheckCommand {
  static let level = Option(
    "level", .text, "LEVEL", "NONE, BACKWARD, FORWARD, FULL or one of the three with _TRANSITIVE")
  static let format = Option(
    "format", .choice(["text", "json", "github", "sarif"]), "FORMAT", standard: "text",
    "how the answer is written: text, json, github or sarif")
  static let strict = Option(flag: "strict", "warnings fail too")

  static let command = Command(
    "schemas check", "whether a schema may follow others", arguments: "NEW AGAINST …",
    argumentCount: 2...64, options: [.registry, level, format, strict],
    example: "opine schemas check review.avsc reviews.raw-value --level FULL"
  ) { invocation in
    let file = invocation.arguments[0]
    let style = CheckReport.Style(rawValue: invocation.text(format)) ?? .text
    let new = try SchemaSources.file(file)
    let sources = SchemaSources(invocation)
    var history: [NamedSchema] = []
    for source in invocation.arguments.dropFirst() {
      history += try await sources.history(source, of: file)
    }
    let level = try await wantedLevel(invocation)
    var report = CheckReport(file: file, level: level)
    let root = new.schema.definedName?.name ?? new.schema.typeName
    if let conflict = level.conflict(of: new.schema, after: history.map(\.schema)) {
      report.against = history[conflict.index].name
      report.problems = conflict.problems.map { ProblemText(problem: $0, root: root) }
    }
    if let newest = history.last {
      report.warnings = newest.schema.differences(to: new.schema).filter(\.changesMeaning)
    }
    report.comparedWith = (level.isTransitive ? history : history.suffix(1)).map(\.name)
    Terminal.print(report.rendered(style))
    let fails = !report.problems.isEmpty || (invocation.flag(strict) && !report.warnings.isEmpty)
    return fails ? .failed : .done
  }

  /// The level that is given; else the subject's, where there is one; else BACKWARD.
  static func wantedLevel(_ invocation: Invocation) async throws -> CompatibilityLevel {
    if let name = invocation.optional(level) {
      guard let level = CompatibilityLevel(name: name) else {
        throw CommandError.usage("--level: \(level.explanation)", invocation.command)
      }
      return level
    }
    let subjects = invocation.arguments.dropFirst().filter(SchemaSources.isSubject)
    guard let subject = subjects.first?.split(separator: "@").first else { return .backward }
    do throws(RegistryError) {
      return try await registryClient(invocation).send(.level(subject: String(subject)))
    } catch {
      throw unreachable(error, "the level of \(subject) can't be read")
    }
  }
}

/// What a check found, in the forms that people and machines read.
struct CheckReport {
  enum Style: String { case text, json, github, sarif }

  let file: String
  let level: CompatibilityLevel
  /// The earlier schema that forbids the new one.
  var against: String?
  var comparedWith: [String] = []
  var problems: [ProblemText] = []
  /// What no level forbids, and which yet changes what records mean.
  var warnings: [AvroDifference] = []

  init(file: String, level: CompatibilityLevel) {
    self.file = file
    self.level = level
  }

  func rendered(_ style: Style) -> String {
    switch style {
    case .text: text
    case .json: json.serialized()
    case .github: github
    case .sarif: sarif.serialized()
    }
  }

  private var text: String {
    var lines: [String] = []
    if let against {
      lines.append("\(file) may not follow \(against) (\(level.rawValue))")
      for problem in problems { lines += ["", problem.text] }
    } else {
      lines.append(
        "\(file) may follow \(comparedWith.joined(separator: ", ")) (\(level.rawValue))")
    }
    for warning in warnings {
      lines += ["", "warning: " + Self.sentence(warning)]
    }
    return lines.joined(separator: "\n")
  }

  static func sentence(_ warning: AvroDifference) -> String {
    "\(warning.path): \(warning.part) \(warning.kind.rawValue), from \(warning.old ?? "none") to "
      + "\(warning.new ?? "none"): every level allows it, and the same bytes mean something else"
  }

  private var json: JSONValue {
    [
      "file": .string(file), "level": .string(level.rawValue),
      "compatible": .bool(problems.isEmpty), "against": against.map { .string($0) } ?? .null,
      "problems": .array(problems.map(\.json)),
      "warnings": .array(
        warnings.map { ["path": .string($0.path), "message": .string(Self.sentence($0))] }),
    ]
  }

  /// Workflow commands
  /// (<https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>).
  private var github: String {
    func escaped(_ text: String) -> String {
      text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }
    let errors = problems.map { problem in
      "::error file=\(file),title=\(problem.problem.cause.kind.rawValue)::"
        + escaped("\(problem.path): \(problem.why). Fix: \(problem.fix)")
    }
    let notes = warnings.map { "::warning file=\(file)::" + escaped(Self.sentence($0)) }
    return (errors + notes).joined(separator: "\n")
  }

  /// SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).
  private var sarif: JSONValue {
    func result(_ rule: String, _ level: String, _ message: String) -> JSONValue {
      [
        "ruleId": .string(rule), "level": .string(level), "message": ["text": .string(message)],
        "locations": [["physicalLocation": ["artifactLocation": ["uri": .string(file)]]]],
      ]
    }
    let results =
      problems.map { problem in
        result(
          problem.problem.cause.kind.rawValue, "error",
          "\(problem.path): \(problem.why). Fix: \(problem.fix)")
      } + warnings.map { result("MEANING_CHANGED", "warning", Self.sentence($0)) }
    return [
      "version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      "runs": [["tool": ["driver": ["name": "opine"]], "results": .array(results)]],
    ]
  }
}
