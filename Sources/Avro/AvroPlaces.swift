/// A place in a schema that a person may look for.
public struct AvroPlace: Sendable, Equatable {
  /// Dotted, from the schema's own name on: `Review.author.zip`, `Review.tags[]`.
  public let path: String
  /// The type that stands there, or of a symbol its enum.
  public let type: String
  public let doc: String?
  /// What it is called there: the field's name and aliases, or the type's, and an enum's symbols.
  public let names: [String]
}

extension AvroSchema {
  /// Every named type, once where it is defined, and every field.
  public var places: [AvroPlace] {
    var found: [AvroPlace] = []
    collect(&found, definedName?.name ?? typeName)
    return found
  }

  private func collect(_ found: inout [AvroPlace], _ path: String) {
    switch shape {
    case .record(let record):
      found.append(
        AvroPlace(
          path: path, type: "record", doc: record.doc,
          names: [record.name.fullName] + record.aliases.map(\.fullName)))
      for field in record.fields {
        let place = "\(path).\(field.name)"
        found.append(
          AvroPlace(
            path: place, type: field.schema.typeText, doc: field.doc,
            names: [field.name] + field.aliases))
        field.schema.collect(&found, place)
      }
    case .enumeration(let symbols):
      found.append(
        AvroPlace(
          path: path, type: "enum", doc: symbols.doc,
          names: [symbols.name.fullName] + symbols.aliases.map(\.fullName) + symbols.symbols))
    case .fixed(let fixed):
      found.append(
        AvroPlace(
          path: path, type: "fixed", doc: nil,
          names: [fixed.name.fullName] + fixed.aliases.map(\.fullName)))
    case .array(let items): items.collect(&found, path + "[]")
    case .map(let values): values.collect(&found, path + "{}")
    case .union(let branches): for branch in branches { branch.collect(&found, path) }
    default: break
    }
  }
}
