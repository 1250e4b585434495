import Avro

/// A schema that is parsed, with what it refers to, and how it is kept.
struct ResolvedSchema: Sendable {
  let content: SchemaContent
  /// With the types of references defined in it: stands alone.
  let schema: AvroSchema
}

extension RegistryDatabase {
  /// References of references of a schema, all in all.
  private static let maximumReferences = 200

  /// Parses what was sent, against what is here.
  ///
  /// - Parameter deletion: `live` for a new schema, which may not use what is deleted.
  func resolve(
    _ request: SchemaRequest, normalize: Bool, _ deletion: Deletion
  ) throws(RegistryProblem) -> ResolvedSchema {
    var references: [StoredReference] = []
    for reference in request.references {
      let target = try self.target(of: reference, deletion)
      references.append(
        StoredReference(
          name: reference.name, subject: reference.subject, version: target.version))
    }
    if normalize {
      references = Array(Set(references.map(\.name)).sorted()).compactMap { name in
        references.first { $0.name == name }
      }
    }
    var budget = Self.maximumReferences
    let foreign = try schemas(of: references, deletion, &budget)
    do {
      let parsed = try AvroSchema.parse(request.text, references: foreign)
      let kept = normalize ? parsed.normalized : parsed
      let content = SchemaContent(
        text: kept.canonicalText, references: references, metadata: request.metadata,
        ruleSet: request.ruleSet)
      return ResolvedSchema(
        content: content, schema: foreign.isEmpty ? parsed : try parsed.inlining(foreign))
    } catch {
      throw .invalidSchema("Invalid schema of type AVRO, details: \(error)")
    }
  }

  /// A stored schema, whose targets may have been deleted softly since.
  func resolved(_ content: SchemaContent) throws(RegistryProblem) -> AvroSchema {
    var budget = Self.maximumReferences
    let foreign = try schemas(of: content.references, .deletedToo, &budget)
    do {
      let parsed = try AvroSchema.parse(content.text, references: foreign)
      return foreign.isEmpty ? parsed : try parsed.inlining(foreign)
    } catch {
      throw RegistryProblem(50001, "A stored schema cannot be read: \(error)")
    }
  }

  private func target(
    of reference: StoredReference, _ deletion: Deletion
  ) throws(RegistryProblem) -> StoredVersion {
    let wanted = reference.version == -1 ? nil : reference.version
    guard let target = try version(wanted, of: reference.subject, deletion) else {
      throw .invalidSchema(
        "No schema reference found for subject \"\(reference.subject)\" and version "
          + "\(reference.version)")
    }
    return target
  }

  /// The schemas of references, depth first; of two that define a name the first one counts.
  private func schemas(
    of references: [StoredReference], _ deletion: Deletion, _ budget: inout Int
  ) throws(RegistryProblem) -> [AvroSchema] {
    var known: [AvroSchema] = []
    for reference in references {
      budget -= 1
      guard budget >= 0 else {
        throw .invalidSchema("More than \(Self.maximumReferences) references of references")
      }
      let content = try target(of: reference, deletion).content
      // What a reference uses itself may be deleted: it was registered when it was not.
      known += try schemas(of: content.references, .deletedToo, &budget)
      do {
        known.append(try AvroSchema.parse(content.text, references: known))
      } catch {
        throw .invalidSchema(
          "The reference to \(reference.subject) version \(reference.version) cannot be used: "
            + error.description)
      }
    }
    return known
  }
}
