import Avro
import JSON
import SchemaRegistry

/// `opine schemas diff|lint`: what a schema says, without asking whether it may.
enum SchemaReviewCommands {
  static let diff = Command(
    "schemas diff", "what differs between two schemas", arguments: "OLD NEW",
    argumentCount: 2...2, options: [.registry, .json],
    example: "opine schemas diff reviews.raw-value@1 mappings/avro/review.avsc"
  ) { invocation in
    let sources = SchemaSources(invocation)
    let old = try await sources.newest(invocation.arguments[0])
    let new = try await sources.newest(invocation.arguments[1])
    let found = old.schema.differences(to: new.schema)
    if invocation.flag(.json) {
      for each in found {
        let line: JSONValue = [
          "kind": .string(each.kind.rawValue), "path": .string(each.path),
          "part": .string(each.part), "old": each.old.map { .string($0) } ?? .null,
          "new": each.new.map { .string($0) } ?? .null,
          "changesMeaning": .bool(each.changesMeaning),
        ]
        Terminal.print(line.serialized())
      }
      return .done
    }
    Terminal.print("\(old.name) → \(new.name)")
    if found.isEmpty { Terminal.print("no difference") }
    for each in found { Terminal.print(line(each)) }
    return .done
  }

  private static func line(_ difference: AvroDifference) -> String {
    let place = "\(difference.path)  \(difference.part)"
    switch difference.kind {
    case .added: return Terminal.styled("+ \(place)  \(difference.new ?? "")", .green)
    case .removed: return Terminal.styled("- \(place)  \(difference.old ?? "")", .red)
    case .changed, .reordered:
      let note = difference.changesMeaning ? "  (the same bytes mean something else)" : ""
      return Terminal.styled(
        "~ \(place)  \(difference.old ?? "none") → \(difference.new ?? "none")\(note)", .yellow)
    }
  }

  static let lint = Command(
    "schemas lint", "what people regret in schemas", arguments: "SCHEMA …",
    argumentCount: 1...64, options: [.registry, SchemaCheckCommand.strict, .json],
    example: "opine schemas lint mappings/avro/review.avsc"
  ) { invocation in
    let sources = SchemaSources(invocation)
    var count = 0
    for source in invocation.arguments {
      let named = try await sources.newest(source)
      for finding in named.schema.lint() {
        count += 1
        if invocation.flag(.json) {
          let line: JSONValue = [
            "schema": .string(named.name), "rule": .string(finding.rule.rawValue),
            "path": .string(finding.path), "message": .string(finding.message),
          ]
          Terminal.print(line.serialized())
        } else {
          Terminal.print(
            "\(named.name): \(Terminal.styled(finding.path, .bold)) \(finding.message) "
              + Terminal.styled("[\(finding.rule.rawValue)]", .dim))
        }
      }
    }
    if !invocation.flag(.json) {
      Terminal.say(count == 0 ? "nothing to say" : "\(count) warnings")
    }
    return count > 0 && invocation.flag(SchemaCheckCommand.strict) ? .failed : .done
  }

  static let evolve = Command(
    "schemas evolve", "propose the smallest edit that lets a schema follow another",
    arguments: "NEW OLD", argumentCount: 2...2,
    options: [.registry, SchemaCheckCommand.level],
    example: "opine schemas evolve review.avsc reviews.raw-value > review-2.avsc"
  ) { invocation in
    let file = invocation.arguments[0]
    let text = try SchemaSources.text(file)
    let old = try await SchemaSources(invocation).newest(invocation.arguments[1])
    let level = try await SchemaCheckCommand.wantedLevel(invocation)
    let evolution: AvroEvolution
    do {
      evolution = try AvroEvolution(JSONValue.parse(text), after: old.schema, level: level)
    } catch {
      throw CommandError(
        .failed, "\(file) is no valid schema", why: "\(error)", next: "mend the schema")
    }
    for edit in evolution.edits { Terminal.say("\(edit.path) \(edit.change)") }
    Terminal.print(evolution.json.serialized(pretty: true))
    let root = old.schema.definedName?.name ?? old.schema.typeName
    for problem in evolution.left {
      let text = ProblemText(problem: problem, root: root)
      Terminal.say("left: \(text.path): \(text.why). Fix: \(text.fix)")
    }
    return evolution.left.isEmpty ? .done : .failed
  }
}
