import Bytes
import HTTPClient
import JSON

/// Why a request to Elasticsearch did not do what was asked.
public struct ElasticsearchError: Error, Sendable, CustomStringConvertible {
  /// HTTP status; nil where there was no answer.
  public let status: Int?
  /// `error.type`, where the answer had one.
  public let type: String?
  /// What was asked, with the index; never a body.
  public let operation: String
  public let reason: String

  public var isUnreachable: Bool { status == nil }

  public init(status: Int?, type: String? = nil, operation: String, reason: String) {
    self.status = status
    self.type = type
    self.operation = operation
    self.reason = reason
  }

  public var description: String {
    let status = status.map { " (HTTP \($0))" } ?? ""
    return "Elasticsearch: \(operation): \(reason)\(status)"
  }
}

/// Talks to one Elasticsearch or OpenSearch cluster; several addresses are tried in turn.
public final class ElasticsearchClient: Sendable {
  public let urls: [String]
  public let http: HTTPClient
  private let credentials: HTTPCredentials?
  private let headers: [(name: String, value: String)]

  /// `urls`: `http://host:port`, a path prefix is kept; at least one.
  /// `headers` go with every request.
  public init(
    urls: [String], http: HTTPClient, credentials: HTTPCredentials? = nil,
    headers: [(name: String, value: String)] = []
  ) {
    self.headers = headers
    self.urls = urls.map { url in
      var url = url.contains("://") ? url : "http://\(url)"
      while url.hasSuffix("/") { url.removeLast() }
      return url
    }
    self.http = http
    self.credentials = credentials
  }

  /// A request to `path` (with its leading `/` and query) at the address number `node`, counted round.
  public func request(
    _ method: HTTPMethod, _ path: String, body: HTTPBody = .none, ndjson: Bool = false,
    timeout: Duration? = nil, node: Int = 0
  ) -> HTTPRequest {
    var headers = headers
    if case .none = body {
    } else {
      headers.append(("Content-Type", ndjson ? "application/x-ndjson" : "application/json"))
    }
    return HTTPRequest(
      method, urls[node % urls.count] + path, headers: headers, body: body, timeout: timeout,
      credentials: credentials)
  }

  /// Asks and waits; for commands. Any status of 400 or more is an error.
  @discardableResult
  public func call(
    _ method: HTTPMethod, _ path: String, _ json: JSONValue? = nil, operation: String
  ) throws(ElasticsearchError) -> JSONValue {
    let response = try exchange(method, path, json, operation: operation)
    return (try? JSONValue.parse(response.body)) ?? .null
  }

  /// As `call`, with the whole answer.
  public func exchange(
    _ method: HTTPMethod, _ path: String, _ json: JSONValue? = nil, operation: String
  ) throws(ElasticsearchError) -> HTTPResponse {
    let body = json.map { HTTPBody.bytes(Array($0.serialized().utf8)) } ?? .none
    var last: HTTPError?
    for node in urls.indices {
      let response: HTTPResponse
      do throws(HTTPError) {
        response = try http.sendBlocking(request(method, path, body: body, node: node))
      } catch {
        last = error
        continue
      }
      if response.status < 400 { return response }
      throw Self.refused(response.status, try? JSONValue.parse(response.body), operation)
    }
    throw ElasticsearchError(
      status: nil, operation: operation, reason: last?.description ?? "no address")
  }

  /// Whether the path exists (HEAD).
  public func exists(_ path: String, operation: String) throws(ElasticsearchError) -> Bool {
    do throws(ElasticsearchError) {
      try call(.head, path, operation: operation)
      return true
    } catch {
      if error.status == 404 { return false }
      throw error
    }
  }

  static func refused(
    _ status: Int, _ answer: JSONValue?, _ operation: String
  ) -> ElasticsearchError {
    let error = answer?["error"]
    return ElasticsearchError(
      status: status, type: error?["type"]?.string, operation: operation,
      reason: error?["reason"]?.string ?? error?.string ?? "refused")
  }
}
