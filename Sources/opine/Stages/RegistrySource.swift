import Connect
import HTTPClient
import SchemaRegistry

/// A client of the registry for a stage that runs for long.
func registryClient(_ urls: String, http: HTTPClient) -> RegistryClient {
  RegistryClient(
    urls: urls.split(separator: ",").map(String.init), http: http, retries: .none)
}

/// For the requests of a stage to its registry.
func registryHTTP() -> HTTPClient {
  HTTPClient(
    configuration: HTTPClientConfiguration(connectTimeout: .seconds(2), timeout: .seconds(5)))
}

/// How workers ask the registry: one attempt, and whose fault a refusal is.
func schemaSource(_ client: RegistryClient) -> SchemaSource {
  { id, done in
    client.fetch(id: Int(id)) { result in
      switch result {
      case .success(let schema): done(.success(schema.text))
      case .failure(let error) where error.isSystemFault: done(.failure(.unavailable("\(error)")))
      case .failure: done(.failure(.unknown))
      }
    }
  }
}
