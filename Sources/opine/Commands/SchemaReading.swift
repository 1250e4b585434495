import Avro
import Dispatch
import Reviews
import SchemaRegistry
import Synchronization

/// Writer schemas from the registry, for a thread that waits for them.
final class SchemaReading {
  private let registry: RegistryClient
  private let purpose: String
  private var decoders: [SchemaKey: ReviewDecoder?] = [:]
  private var coordinates: [SchemaKey: FieldDecoder?] = [:]
  private var transcoders: [SchemaKey: JSONTranscoder?] = [:]

  /// `purpose` says what fails where the registry can't be asked, as "the audit could not be made".
  init(_ registry: RegistryClient, for purpose: String) {
    self.registry = registry
    self.purpose = purpose
  }

  /// Nil where the schema does not exist or is not a review's.
  func decoder(_ key: SchemaKey) throws -> ReviewDecoder? {
    if let known = decoders[key] { return known }
    let made = try schema(key).flatMap { try? ReviewDecoder(writer: $0.schema) }
    decoders[key] = .some(made)
    return made
  }

  /// Reads `source_partition` and `source_offset`.
  func coordinates(_ key: SchemaKey) throws -> FieldDecoder? {
    if let known = coordinates[key] { return known }
    let made = try schema(key).flatMap {
      try? FieldDecoder(writer: $0.schema, fields: ["source_partition", "source_offset"])
    }
    coordinates[key] = .some(made)
    return made
  }

  /// Turns values into JSON, whatever they hold.
  func transcoder(_ key: SchemaKey) throws -> JSONTranscoder? {
    if let known = transcoders[key] { return known }
    let made = try schema(key).flatMap { try? JSONTranscoder(writer: $0.schema) }
    transcoders[key] = .some(made)
    return made
  }

  private func schema(_ key: SchemaKey) throws -> RegisteredSchema? {
    for attempt in 0... {
      switch fetch(key) {
      case .success(let schema): return schema
      case .failure(let error):
        if !error.isSystemFault { return nil }
        if attempt == 2 || !error.isRetriable {
          throw unreachable(error, purpose)
        }
      }
    }
    return nil
  }

  private func fetch(_ key: SchemaKey) -> Result<RegisteredSchema, RegistryError> {
    let arrived = DispatchSemaphore(value: 0)
    let slot = AnswerSlot()
    registry.fetch(key) { result in
      slot.answer.withLock { $0 = result }
      arrived.signal()
    }
    arrived.wait()
    return slot.answer.withLock { $0 }
      ?? .failure(RegistryError(.unavailable, "no answer", isRetriable: false))
  }

  private final class AnswerSlot: Sendable {
    let answer = Mutex<Result<RegisteredSchema, RegistryError>?>(nil)
  }
}
