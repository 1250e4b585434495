import Avro
import Foundation
import JSON
import SchemaRegistry

/// `opine schemas versions|config|mode|delete`: what a registry's keeper does.
enum SchemaAdminCommands {
  static let unset = Option(flag: "unset", "take the subject's own level away")
  static let force = Option(flag: "force", "IMPORT even where there are schemas")
  static let permanent = Option(
    flag: "permanent", "for good: records with these schema ids can't be read any more")
  static let wanted = Option("version", .text, "N|latest", "only this version")

  static let versions = Command(
    "schemas versions", "the versions of a subject", arguments: "SUBJECT", argumentCount: 1...1,
    options: [.registry, .json], example: "opine schemas versions reviews.raw-value"
  ) { invocation in
    let subject = invocation.arguments[0]
    var rows: [[String]] = []
    for number in try await ask(invocation, .versionsWithDeleted(subject: subject)) {
      let isDeleted = number < 0
      guard !isDeleted else {
        rows.append([String(-number), "", "deleted", ""])
        continue
      }
      let version = try await ask(invocation, .version(number, subject: subject))
      let users = try await ask(invocation, .referencedBy(version: number, of: subject))
      rows.append([
        String(number), String(version.id), "live",
        users.map(String.init).joined(separator: ", "),
      ])
    }
    if invocation.flag(.json) {
      for row in rows {
        let line: JSONValue = [
          "version": .number(row[0]), "id": row[1].isEmpty ? .null : .number(row[1]),
          "deleted": .bool(row[2] == "deleted"),
          "referencedBy": .array(
            row[3].isEmpty
              ? []
              : row[3].split(separator: ", ").map {
                .number(String($0))
              }),
        ]
        Terminal.print(line.serialized())
      }
    } else {
      Terminal.print(Terminal.table(["VERSION", "ID", "STATE", "USED BY IDS"], rows))
    }
    return .done
  }

  static let config = Command(
    "schemas config", "show or set the compatibility level", arguments: "[SUBJECT]",
    argumentCount: 0...1, options: [.registry, SchemaCheckCommand.level, unset, .json],
    example: "opine schemas config reviews.raw-value --level FULL"
  ) { invocation in
    let subject = invocation.arguments.first
    let level: CompatibilityLevel
    if let name = invocation.optional(SchemaCheckCommand.level) {
      guard let wanted = CompatibilityLevel(name: name) else {
        throw CommandError.usage(
          "--level: \(SchemaCheckCommand.level.explanation)", invocation.command)
      }
      Terminal.say("registry \(invocation.text(.registry))")
      level = try await ask(invocation, .setLevel(wanted, subject: subject))
    } else if invocation.flag(unset) {
      Terminal.say("registry \(invocation.text(.registry))")
      _ = try await ask(invocation, .unsetLevel(subject: subject))
      level = try await ask(invocation, .level(subject: subject))
    } else {
      level = try await ask(invocation, .level(subject: subject))
    }
    show(invocation, "level", level.rawValue)
    return .done
  }

  static let mode = Command(
    "schemas mode", "show or set what may be done: READWRITE, READONLY, IMPORT",
    arguments: "[SUBJECT [MODE]]", argumentCount: 0...2, options: [.registry, force, .json],
    example: "opine schemas mode reviews.raw-value READONLY"
  ) { invocation in
    let subject = invocation.arguments.first.flatMap { $0.isEmpty ? nil : $0 }
    guard invocation.arguments.count == 2 else {
      show(invocation, "mode", try await ask(invocation, .mode(subject: subject)))
      return .done
    }
    Terminal.say("registry \(invocation.text(.registry))")
    let call = RegistryCall.setMode(
      invocation.arguments[1].uppercased(), subject: subject, force: invocation.flag(force))
    show(invocation, "mode", try await ask(invocation, call))
    return .done
  }

  private static func show(_ invocation: Invocation, _ name: String, _ value: String) {
    Terminal.print(
      invocation.flag(.json)
        ? JSONValue.object([JSONMember(name, .string(value))]).serialized() : value)
  }

  static let delete = Command(
    "schemas delete", "delete a subject or one version, softly unless told otherwise",
    arguments: "SUBJECT", argumentCount: 1...1,
    options: [.registry, wanted, permanent, .yes, .json],
    example: "opine schemas delete reviews.raw-value --version 2"
  ) { invocation in
    let subject = invocation.arguments[0]
    Terminal.say("registry \(invocation.text(.registry))")
    let known = try await ask(invocation, .versionsWithDeleted(subject: subject))
    let chosen = try chosen(invocation, known)
    let live = chosen.filter { $0 > 0 }
    for number in live {
      let version = try await ask(invocation, .version(number, subject: subject))
      let users = try await ask(invocation, .referencedBy(version: number, of: subject))
      let used = users.isEmpty ? "" : ", used by the schemas \(users)"
      Terminal.say("  version \(number), id \(version.id)\(used)")
    }
    for number in chosen where number < 0 { Terminal.say("  version \(-number), deleted softly") }
    let isPermanent = invocation.flag(permanent)
    guard try agreed(invocation, isPermanent) else { return .failed }
    let isWhole = invocation.optional(wanted) == nil
    if isWhole {
      if !live.isEmpty {
        _ = try await ask(invocation, .delete(subject: subject, permanently: false))
      }
      if isPermanent {
        _ = try await ask(invocation, .delete(subject: subject, permanently: true))
      }
    } else {
      for step in [false, true] where step ? isPermanent : !live.isEmpty {
        for number in chosen {
          _ = try await ask(
            invocation, .delete(version: abs(number), of: subject, permanently: step))
        }
      }
    }
    let numbers = chosen.map { abs($0) }
    if invocation.flag(.json) {
      let answer: JSONValue = [
        "subject": .string(subject), "versions": .array(numbers.map { .int($0) }),
        "permanent": .bool(isPermanent),
      ]
      Terminal.print(answer.serialized())
    } else {
      Terminal.print("\(subject): deleted \(numbers)" + (isPermanent ? " for good" : ""))
    }
    return .done
  }

  /// Versions to delete; without --permanent the live ones.
  private static func chosen(_ invocation: Invocation, _ known: [Int]) throws -> [Int] {
    let possible = invocation.flag(permanent) ? known : known.filter { $0 > 0 }
    guard let text = invocation.optional(wanted) else { return possible }
    let number = text == "latest" ? known.filter { $0 > 0 }.last : Int(text)
    guard let number, let found = possible.first(where: { abs($0) == number }) else {
      throw CommandError(
        .notFoundOrUnbalanced, "there is no version \(text) to delete",
        why: "the subject has \(possible.map { abs($0) })", next: "opine schemas versions SUBJECT")
    }
    return [found]
  }

  private static func agreed(_ invocation: Invocation, _ isPermanent: Bool) throws -> Bool {
    try invocation.confirms(
      isPermanent
        ? "Delete for good? Records with these ids can't be read any more"
        : "Delete? The schemas stay readable by id")
  }

  private static func ask<Answer>(
    _ invocation: Invocation, _ call: RegistryCall<Answer>
  ) async throws -> Answer {
    try await SchemaCommands.ask(invocation, call)
  }
}
