import Connect
import HTTPClient
import JSON
import SchemaRegistry
import Telemetry

/// `opine connect`: the sink worker.
enum ConnectCommand {
  static let command = Command(
    "connect", "the sink: topics to Elasticsearch", arguments: "[FILE.json …]",
    argumentCount: 0...64,
    options: [.kafka, .registry, .elasticsearch, .data, .once],
    example: "opine connect mappings/connect/reviews-elasticsearch.json"
  ) { invocation in
    let stage = Stage(health: Health(), metrics: Metrics())
    var workers: [Worker] = []
    for path in invocation.arguments {
      let connector = try SinkConnector(try ConnectorFile.read(path, invocation))
      workers += connector.workers(
        kafka: invocation.kafkaProperties, dataDirectory: invocation.text(.data),
        once: invocation.flag(.once), stage: stage,
        schemas: temporarySource(invocation.text(.registry)))
    }
    return try await stage.run(workers)
  }
}

func temporarySource(_ url: String) -> SchemaSource {
  let http = HTTPClient()
  return { id, done in
    http.start(HTTPRequest(.get, "\(url)/schemas/ids/\(id)")) { result in
      switch result {
      case .success(let response):
        if response.status == 200, let text = (try? JSONValue.parse(response.body))?["schema"]?.string {
          done(.success(text))
        } else if response.status == 404 {
          done(.failure(.unknown))
        } else {
          done(.failure(.unavailable("status \(response.status)")))
        }
      case .failure(let error): done(.failure(.unavailable("\(error)")))
      }
    }
  }
}
