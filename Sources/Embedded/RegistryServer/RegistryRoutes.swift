import HTTPServer
import JSON

/// The table of the registry's addresses.
extension RegistryService {
  private typealias Answerer =
    @Sendable (HTTPServerRequest) throws(RegistryProblem) -> JSONValue

  func routes() -> HTTPRouter {
    var routes = HTTPRouter { request, refusal in
      Self.problem(RegistryProblem(refusal.status, refusal.message), request)
    }
    func on(
      _ method: String, _ template: String, slow: Bool = false, _ answer: @escaping Answerer
    ) {
      routes.on(method, template, slow: slow) { request in
        switch Result(catching: { () throws(RegistryProblem) in try answer(request) }) {
        case .success(let json): Self.respond(Array(json.serialized().utf8), request)
        case .failure(let problem): Self.problem(problem, request)
        }
      }
    }
    func constant(_ template: String, _ json: JSONValue) {
      on("GET", template) { _ in json }
    }

    on("GET", "/subjects", subjects)
    on("POST", "/subjects/{subject}", lookup)
    on("DELETE", "/subjects/{subject}", slow: true, deleteSubject)
    on("GET", "/subjects/{subject}/metadata", metadata)
    on("GET", "/subjects/{subject}/versions", versions)
    on("POST", "/subjects/{subject}/versions", slow: true, register)
    on("GET", "/subjects/{subject}/versions/{version}", version)
    on("DELETE", "/subjects/{subject}/versions/{version}", slow: true, deleteVersion)
    on("GET", "/subjects/{subject}/versions/{version}/referencedby", referencedBy)
    on("POST", "/compatibility/subjects/{subject}/versions", slow: true, compatibility)
    on("POST", "/compatibility/subjects/{subject}/versions/{version}", slow: true, compatibility)
    on("GET", "/schemas", slow: true, allSchemas)
    on("GET", "/schemas/ids/{id}/versions", schemaVersions)
    on("GET", "/schemas/ids/{id}/subjects", schemaSubjects)
    on("GET", "/schemas/guids/{guid}", schemaByGUID)
    on("GET", "/schemas/guids/{guid}/ids", idsByGUID)
    for subject in ["", "/{subject}"] {
      on("GET", "/config\(subject)", config)
      on("PUT", "/config\(subject)", slow: true, setConfig)
      on("DELETE", "/config\(subject)", slow: true, deleteConfig)
      on("GET", "/mode\(subject)", mode)
      on("PUT", "/mode\(subject)", slow: true, setMode)
      on("DELETE", "/mode\(subject)", slow: true, deleteMode)
    }
    constant("/", .object([]))
    constant("/schemas/types", ["AVRO"])
    constant("/contexts", ["."])
    // Serializers ask here first; an empty list means "use the topic's name".
    constant("/associations/resources/{namespace}/{name}", [])
    constant("/v1/metadata/id", ["id": "", "scope": ["path": [], "clusters": .object([])]])
    constant("/v1/metadata/version", ["version": "opine", "commitId": ""])
    constant("/health/live", .object([]))
    constant("/_health", .object([]))
    constant("/master_available", ["master_available": true])

    addTexts(&routes)
    return routes
  }

  /// The answers that are no JSON values: bare schema texts, and the one that is kept ready.
  private func addTexts(_ routes: inout HTTPRouter) {
    let bodies: [(String, @Sendable (HTTPServerRequest) throws(RegistryProblem) -> [UInt8])] = [
      ("/schemas/ids/{id}", { request throws(RegistryProblem) in try self.schema(request) }),
      (
        "/schemas/ids/{id}/schema",
        { request throws(RegistryProblem) in Array(try self.schemaText(request).utf8) }
      ),
      (
        "/subjects/{subject}/versions/{version}/schema",
        { request throws(RegistryProblem) in Array(try self.versionText(request).utf8) }
      ),
    ]
    for (template, body) in bodies {
      routes.on("GET", template) { request in
        switch Result(catching: { () throws(RegistryProblem) in try body(request) }) {
        case .success(let bytes): Self.respond(bytes, request)
        case .failure(let problem): Self.problem(problem, request)
        }
      }
    }
  }

  // MARK: Answers

  private static let ownType = "application/vnd.schemaregistry.v1+json"

  private static func respond(
    _ body: [UInt8], _ request: HTTPServerRequest, status: Int = 200
  ) -> HTTPServerResponse {
    let accept = request.first(named: "accept") ?? ""
    let isPlain = accept.hasPrefix("application/json") && !accept.contains("schemaregistry")
    return HTTPServerResponse(
      status: status,
      headers: [
        ("Content-Type", isPlain ? "application/json" : ownType),
        ("Cache-Control", "no-cache, no-store, must-revalidate"),
      ], body: body)
  }

  private static func problem(
    _ problem: RegistryProblem, _ request: HTTPServerRequest
  ) -> HTTPServerResponse {
    respond(Array(problem.json.serialized().utf8), request, status: problem.status)
  }
}
