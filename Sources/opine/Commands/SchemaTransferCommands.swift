import Foundation
import JSON
import SchemaRegistry

/// `opine schemas export|import`: a registry's subjects as lines of JSON, ids and versions kept.
enum SchemaTransferCommands {
  static let export = Command(
    "schemas export", "subjects with ids and versions, as JSON lines", arguments: "[SUBJECT …]",
    argumentCount: 0...1000, options: [.registry],
    example: "opine schemas export > schemas.jsonl"
  ) { invocation in
    let given = invocation.arguments
    let subjects = given.isEmpty ? try await SchemaCommands.ask(invocation, .subjects) : given
    for subject in subjects {
      for number in try await SchemaCommands.ask(invocation, .versions(subject: subject)) {
        let version = try await SchemaCommands.ask(
          invocation, .version(number, subject: subject))
        let line: JSONValue = [
          "subject": .string(subject), "version": .int(number), "id": .int(version.id),
          "schemaType": .string(version.schemaType), "schema": .string(version.text ?? ""),
          "references": .array(version.references.map(\.json)),
        ]
        Terminal.print(line.serialized())
      }
    }
    return .done
  }

  static let load = Command(
    "schemas import", "register what `schemas export` wrote, with the same ids",
    arguments: "FILE", argumentCount: 1...1, options: [.registry, .dryRun],
    example: "opine schemas import schemas.jsonl"
  ) { invocation in
    let path = invocation.arguments[0]
    Terminal.say("registry \(invocation.text(.registry))")
    let entries = try entries(path)
    // Targets of references come first, whatever their subject's name.
    let subjects = entries.map(\.subject).reduce(into: [String]()) { list, subject in
      if list.last != subject && !list.contains(subject) { list.append(subject) }
    }
    if invocation.flag(.dryRun) {
      for entry in entries {
        Terminal.print("\(entry.subject) version \(entry.version ?? 0) has id \(entry.id)")
      }
      return .done
    }
    var former: [String: String?] = [:]
    var fault: (any Error)?
    do {
      for subject in subjects {
        let mode = try await ownMode(invocation, subject)
        _ = try await SchemaCommands.ask(invocation, .setMode("IMPORT", subject: subject))
        former[subject] = .some(mode)
      }
      for entry in sorted(entries) {
        let call = RegistryCall.importing(
          subject: entry.subject, version: entry.version ?? 0, id: entry.id,
          schema: entry.text ?? "", references: entry.references)
        _ = try await SchemaCommands.ask(invocation, call)
      }
    } catch { fault = error }
    // However it ended: nobody can register in a subject that is left in IMPORT.
    for (subject, mode) in former {
      let call =
        mode.map { .setMode($0, subject: subject) } ?? RegistryCall.unsetMode(subject: subject)
      _ = try await SchemaCommands.ask(invocation, call)
    }
    if let fault { throw fault }
    Terminal.print("\(entries.count) versions of \(subjects.count) subjects")
    return .done
  }

  private static func ownMode(
    _ invocation: Invocation, _ subject: String
  ) async throws -> String? {
    do throws(RegistryError) {
      return try await registryClient(invocation).send(.mode(subject: subject, isOwn: true))
    } catch  where error.code == .notFound {
      return nil
    } catch {
      throw unreachable(error, "the mode of \(subject) can't be read")
    }
  }

  private static func entries(_ path: String) throws -> [SubjectVersion] {
    try SchemaSources.text(path).split(separator: "\n").enumerated().map { number, line in
      do {
        return try SubjectVersion(export: JSONValue.parse(String(line)))
      } catch {
        throw CommandError(
          .failed, "\(path) line \(number + 1) is no exported schema",
          why: "it needs subject, version, id and schema", next: "opine schemas export")
      }
    }
  }

  /// In an order in which every reference finds its target; what is in a circle comes last.
  private static func sorted(_ entries: [SubjectVersion]) -> [SubjectVersion] {
    var left = entries
    var done: [SubjectVersion] = []
    func isThere(_ reference: SchemaReference) -> Bool {
      let isComing = left.contains {
        $0.subject == reference.subject && $0.version == reference.version
      }
      return !isComing
    }
    while let next = left.firstIndex(where: { $0.references.allSatisfy(isThere) }) {
      done.append(left.remove(at: next))
    }
    return done + left
  }
}
