import Elasticsearch
import Kafka
import SchemaRegistry

/// What is wrong with a service, by the error that asking it ended with.
struct ServiceProblem {
  let text: String
  /// It does not answer; else it answers, but not as it should.
  let isUnreachable: Bool

  init(_ error: any Error) {
    switch error {
    case let error as KafkaError: (text, isUnreachable) = (error.description, error.isRetriable)
    case let error as RegistryError:
      (text, isUnreachable) = (error.description, error.code == .unavailable)
    case let error as ElasticsearchError:
      (text, isUnreachable) = (error.description, error.isUnreachable)
    case let error as CommandError:
      (text, isUnreachable) = ("\(error.what): \(error.next)", error.exit == .unreachable)
    default: (text, isUnreachable) = ("\(error)", false)
    }
  }
}
