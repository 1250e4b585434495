import Avro
import Foundation
import JSON
import SchemaRegistry

/// `opine schemas search`: where in the registry something is.
enum SchemaSearchCommand {
  static let command = Command(
    "schemas search", "subjects, types, fields and docs that have a text", arguments: "TEXT",
    argumentCount: 1...1, options: [.registry, .json],
    example: "opine schemas search business"
  ) { invocation in
    let text = invocation.arguments[0]
    var hits: [Hit] = []
    for subject in try await SchemaCommands.ask(invocation, .subjects) {
      let newest = try await SchemaCommands.ask(invocation, .latest(subject: subject))
      hits += Self.hits(text, in: newest)
    }
    if invocation.flag(.json) {
      for hit in hits { Terminal.print(hit.json.serialized()) }
    } else if hits.isEmpty {
      Terminal.say("nothing in the newest versions has “\(Terminal.plain(text))”")
    } else {
      let rows = hits.map { [$0.subject, String($0.version), $0.path, $0.what] }
      Terminal.print(
        Terminal.table(
          ["SUBJECT", "VERSION", "PLACE", "TYPE"], rows.map { $0.map(Terminal.plain) }))
    }
    return hits.isEmpty ? .notFoundOrUnbalanced : .done
  }

  struct Hit: Equatable {
    let subject: String
    let version: Int
    /// Empty where the subject itself has the text.
    let path: String
    let what: String
    let doc: String?

    var json: JSONValue {
      [
        "subject": .string(subject), "version": .int(version), "path": .string(path),
        "type": .string(what), "doc": doc.map { .string($0) } ?? .null,
      ]
    }
  }

  /// Upper and lower case are the same; of a schema that can't be read only the subject is looked at.
  static func hits(_ text: String, in newest: SubjectVersion) -> [Hit] {
    func has(_ words: String?) -> Bool { words?.localizedCaseInsensitiveContains(text) == true }
    func hit(_ path: String, _ what: String, _ doc: String?) -> Hit {
      Hit(
        subject: newest.subject, version: newest.version ?? 0, path: path, what: what, doc: doc)
    }
    var found = has(newest.subject) ? [hit("", newest.schemaType, nil)] : []
    // Types of references are not needed to see what is in it.
    guard let schema = newest.text.flatMap({ try? AvroSchema.parse($0) }) else { return found }
    for place in schema.places where place.names.contains(where: has) || has(place.doc) {
      found.append(hit(place.path, place.type, place.doc))
    }
    return found
  }
}
