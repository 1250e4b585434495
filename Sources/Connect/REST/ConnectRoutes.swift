import HTTPServer
import JSON

/// One answer before it is bytes.
struct ConnectAnswer: Sendable {
  let status: Int
  /// Nil: no body.
  let json: JSONValue?
  var headers: [(name: String, value: String)] = []

  init(_ json: JSONValue) { self.init(status: 200, json) }

  init(status: Int, _ json: JSONValue? = nil) {
    self.status = status
    self.json = json
  }
}

/// The table of the worker's addresses.
extension ConnectService {
  private typealias Answerer = @Sendable (HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer

  /// All calls that write or ask others run in the server's pool.
  public func routes() -> HTTPRouter {
    var routes = HTTPRouter { request, refusal in
      if Self.isAmbiguous(request.path) { return Self.ambiguous }
      return HTTPServerResponse(
        status: refusal.status,
        body: Array(ConnectProblem(refusal.status, refusal.message).json.serialized().utf8))
    }
    var methods: [String: [String]] = [:]
    func on(
      _ method: String, _ template: String, slow: Bool = false, _ answer: @escaping Answerer
    ) {
      methods[template, default: []].append(method)
      routes.on(method, template, slow: slow) { [herder] request in
        Self.respond(request, herder, answer)
      }
    }
    let name = "/connectors/{name}"
    on("GET", "/", slow: true) { self.root($0) }
    on("GET", "/connectors") { self.connectors($0) }
    on("POST", "/connectors", slow: true, create)
    on("GET", name, connector)
    on("DELETE", name, slow: true, delete)
    on("GET", "\(name)/config", config)
    on("PUT", "\(name)/config", slow: true, setConfig)
    on("PATCH", "\(name)/config", slow: true, patchConfig)
    on("GET", "\(name)/status", status)
    on("PUT", "\(name)/pause", slow: true, target(.paused, status: 202))
    on("PUT", "\(name)/resume", slow: true, target(.running, status: 202))
    on("PUT", "\(name)/stop", slow: true, target(.stopped, status: 204))
    on("POST", "\(name)/restart", slow: true, restart)
    on("GET", "\(name)/tasks", tasks)
    on("GET", "\(name)/tasks/{task}/status", taskStatus)
    on("POST", "\(name)/tasks/{task}/restart", slow: true, restartTask)
    on("GET", "\(name)/topics") { self.topics($0) }
    on("PUT", "\(name)/topics/reset") { self.resetTopics($0) }
    on("GET", "\(name)/offsets", slow: true, offsets)
    on("PATCH", "\(name)/offsets", slow: true, patchOffsets)
    on("DELETE", "\(name)/offsets", slow: true, deleteOffsets)
    on("GET", "/connector-plugins") { self.pluginList($0) }
    on("GET", "/connector-plugins/{plugin}/config", pluginConfig)
    on("PUT", "/connector-plugins/{plugin}/config/validate", slow: true, validate)
    on("GET", "/admin/loggers") { _ in self.loggers.all }
    on("GET", "/admin/loggers/{logger}", loggers.level)
    on("PUT", "/admin/loggers/{logger}", loggers.setLevel)
    for (template, methods) in methods {
      let head = methods.contains("GET") ? ["HEAD"] : []
      let allowed = (head + methods + ["OPTIONS"]).joined(separator: ", ")
      routes.on("OPTIONS", template) { _ in
        var answer = HTTPServerResponse(contentType: "text/plain", text: allowed)
        answer.headers.append(("Allow", allowed))
        return answer
      }
    }
    return routes
  }

  private static func respond(
    _ request: HTTPServerRequest, _ herder: Herder, _ answer: Answerer
  ) -> HTTPServerResponse {
    if isAmbiguous(request.path) { return ambiguous }
    if let refusal = mediaProblem(request) { return refusal }
    guard herder.isReady || request.path == "/" else {
      return json(503, ConnectProblem(503, "The worker still reads its configurations").json)
    }
    do throws(ConnectProblem) {
      let answer = try answer(request)
      guard let body = answer.json else {
        return HTTPServerResponse(status: answer.status, headers: answer.headers)
      }
      var response = json(answer.status, body)
      response.headers += answer.headers
      return response
    } catch {
      // A path that only looked like one of ours is answered like any other unknown one.
      return error == .notFound
        ? HTTPServerResponse(status: 404, body: Array(error.json.serialized().utf8))
        : json(error.status, error.json)
    }
  }

  private static func json(_ status: Int, _ body: JSONValue) -> HTTPServerResponse {
    HTTPServerResponse(
      status: status, headers: [("Content-Type", "application/json")],
      body: Array(body.serialized().utf8))
  }

  /// JSON only, both ways: 415 and 406, without a content type, as Kafka Connect has it.
  private static func mediaProblem(_ request: HTTPServerRequest) -> HTTPServerResponse? {
    func type(_ text: Substring) -> String {
      ConfigText.trimmed(text.prefix { $0 != ";" }).lowercased()
    }
    let content = type((request.first(named: "content-type") ?? "")[...])
    if !request.body.isEmpty, content != "application/json" {
      return refused(415, "HTTP 415 Unsupported Media Type")
    }
    guard let accept = request.first(named: "accept"), !accept.isEmpty else { return nil }
    let accepted = accept.split(separator: ",").map(type)
    let ours = ["application/json", "application/*", "*/*", "*"]
    return accepted.contains(where: ours.contains) ? nil : refused(406, "HTTP 406 Not Acceptable")
  }

  private static func refused(_ status: Int, _ message: String) -> HTTPServerResponse {
    HTTPServerResponse(
      status: status, body: Array(ConnectProblem(status, message).json.serialized().utf8))
  }

  /// What a proxy might read as another path (`%2F`, `%5C`, `%25`, `..`, `//`) names no connector.
  private static func isAmbiguous(_ path: String) -> Bool {
    let lower = path.lowercased()
    return ["%2f", "%5c", "%25", "//", "/../", "/./"].contains(where: lower.contains)
      || lower.hasSuffix("/..")
  }

  private static let ambiguous = json(400, ConnectProblem(400, "The path is ambiguous").json)
}
