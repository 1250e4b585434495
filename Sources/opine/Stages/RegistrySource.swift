import Connect
import Enrich
import SchemaRegistry

/// How workers ask the registry: one attempt, and whose fault a refusal is.
func schemaSource(_ client: RegistryClient) -> SchemaSource {
  { key, done in
    client.fetch(key) { result in
      switch result {
      // Not as registered: types of other schemas must be in it.
      case .success(let schema): done(.success(schema.schema.canonicalText))
      case .failure(let error) where error.isSystemFault: done(.failure(.unavailable("\(error)")))
      case .failure: done(.failure(.unknown))
      }
    }
  }
}

/// How enrich asks for the id of the scored schema: one attempt.
func scoredSchemaSource(_ client: RegistryClient) -> ScoredSchemaSource {
  { done in
    client.perform(.latest(subject: "reviews.scored-value")) { result in
      switch result {
      case .success(let version): done(.success(Int32(version.id)))
      case .failure(let error) where error.isSystemFault: done(.failure(.unavailable("\(error)")))
      case .failure: done(.failure(.unknown))
      }
    }
  }
}
