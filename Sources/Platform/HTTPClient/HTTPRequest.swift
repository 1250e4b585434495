import Bytes

public enum HTTPMethod: String, Sendable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case delete = "DELETE"
  case patch = "PATCH"
}

/// What a request carries.
public enum HTTPBody: Sendable {
  case none
  /// Copied once by curl; for small bodies.
  case bytes([UInt8])
  /// Not copied; kept alive until the request's completion. For bulk bodies.
  case shared(SharedBytes)
}

/// Who is asking. Never printed: every description masks the secret.
public enum HTTPCredentials: Sendable, Equatable, CustomStringConvertible,
  CustomDebugStringConvertible, CustomReflectable
{
  case basic(user: String, password: String)
  /// `Authorization: Bearer …`
  case bearer(token: String)
  /// `Authorization: ApiKey …`, Elasticsearch's; the base64 form.
  case apiKey(String)

  public var description: String {
    switch self {
    case .basic(let user, _): "basic(\(user), ***)"
    case .bearer: "bearer(***)"
    case .apiKey: "apiKey(***)"
    }
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// One request. Its headers are sent as given; `Content-Type` is sent only if it is among them.
public struct HTTPRequest: Sendable {
  public var method: HTTPMethod
  /// Absolute, `http://` or `https://`, already percent-encoded.
  public var url: String
  public var headers: [(name: String, value: String)]
  public var body: HTTPBody
  /// Overrides the configuration's, waiting for a free connection included.
  public var timeout: Duration?
  public var credentials: HTTPCredentials?
  /// Follows up to 5 redirects to http(s); ignored where the request has credentials.
  public var followsRedirects = false
  /// Asks for gzip and the other encodings that curl can undo, and undoes them.
  public var acceptsCompression = false

  public init(
    _ method: HTTPMethod, _ url: String, headers: [(name: String, value: String)] = [],
    body: HTTPBody = .none, timeout: Duration? = nil, credentials: HTTPCredentials? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.credentials = credentials
  }
}
