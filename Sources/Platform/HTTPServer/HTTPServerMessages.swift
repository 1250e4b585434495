/// One request, complete: its body has arrived.
public struct HTTPServerRequest: Sendable {
  /// As sent, upper case by convention: `GET`.
  public var method: String
  /// As sent, percent-encoded, without the query.
  public var path: String
  public var query: HTTPQuery
  /// In order, names in lower case.
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]
  /// What the route's template named, percent-decoded.
  public var parameters: [String: String]

  public init(
    method: String, path: String, query: HTTPQuery = HTTPQuery(""),
    headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    parameters: [String: String] = [:]
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.parameters = parameters
  }

  /// The first value of a header; `name` in lower case.
  public func first(named name: String) -> String? {
    headers.first { $0.name == name }?.value
  }

  /// A parameter of the route's template; empty where the template has none of that name.
  public subscript(name: String) -> String { parameters[name] ?? "" }
}

/// One answer. `Content-Length`, `Date` and `Connection` are added on the way out.
public struct HTTPServerResponse: Sendable {
  public var status: Int
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(
    status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A text body with its content type.
  public init(status: Int = 200, contentType: String, text: String) {
    self.init(
      status: status, headers: [(name: "Content-Type", value: contentType)], body: Array(text.utf8))
  }
}

/// Why a request reached no handler; the router's `refuse` turns it into an answer.
public enum HTTPRefusal: Sendable, Equatable {
  /// Malformed in the way that the text says, for example two different Content-Lengths. 400.
  case malformed(String)
  /// No token, or a wrong one. 401.
  case unauthorized
  /// No route has this path. 404.
  case notFound
  /// The path exists, for these methods. 405.
  case methodNotAllowed(allowed: [String])
  /// The body is larger than the server takes. 413.
  case bodyTooLarge(maximumBytes: Int)
  /// Too many slow requests wait, or the server is stopping. 503.
  case overloaded

  public var status: Int {
    switch self {
    case .malformed: 400
    case .unauthorized: 401
    case .notFound: 404
    case .methodNotAllowed: 405
    case .bodyTooLarge: 413
    case .overloaded: 503
    }
  }

  /// One line for people.
  public var message: String {
    switch self {
    case .malformed(let reason): "Bad request: \(reason)"
    case .unauthorized: "Unauthorized"
    case .notFound: "HTTP 404 Not Found"
    case .methodNotAllowed: "HTTP 405 Method Not Allowed"
    case .bodyTooLarge(let bytes): "The body is larger than \(bytes) bytes"
    case .overloaded: "The server is busy or stopping; try again"
    }
  }
}
