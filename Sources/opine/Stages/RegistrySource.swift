import Connect
import Enrich
import Reviews
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

/// How enrich asks for the id of the schema that it writes with: one attempt.
///
/// Of that one, not of the subject's newest: what others have added since is not in the bytes.
func scoredSchemaSource(_ client: RegistryClient) -> ScoredSchemaSource {
  { done in
    let own = RegistryCall.lookup(
      subject: PipelineParts.scoredSubject, schema: ReviewSchemas.scoredReview)
    client.perform(own) { result in
      switch result {
      case .success(let version): done(.success(Int32(version.id)))
      case .failure(let error) where error.isSystemFault: done(.failure(.unavailable("\(error)")))
      case .failure: done(.failure(.unknown))
      }
    }
  }
}
