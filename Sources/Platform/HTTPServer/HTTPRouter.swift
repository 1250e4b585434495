/// Which function answers which method and path.
///
/// A template is literal segments and parameters: `/subjects/{subject}/versions/{version}`.
/// Segments are percent-decoded after splitting, so a parameter may hold a slash. A literal beats a
/// parameter; one slash at the end is ignored. HEAD is answered by the GET route, without the body.
public struct HTTPRouter: Sendable {
  public typealias Handler = @Sendable (HTTPServerRequest) -> HTTPServerResponse

  struct Route: Sendable {
    let parameterNames: [String]
    let isSlow: Bool
    let handler: Handler
  }

  enum Match {
    case route(Route, parameters: [String: String])
    case refused(HTTPRefusal)
  }

  private final class Node: Sendable {
    let literals: [String: Node]
    let parameter: Node?
    let routes: [String: Route]

    init(literals: [String: Node], parameter: Node?, routes: [String: Route]) {
      self.literals = literals
      self.parameter = parameter
      self.routes = routes
    }

    func adding(
      _ segments: ArraySlice<Substring>, method: String, route: Route
    ) -> Node {
      var (literals, parameter, routes) = (literals, parameter, routes)
      if let segment = segments.first {
        let isParameter = segment.hasPrefix("{") && segment.hasSuffix("}")
        let child = (isParameter ? parameter : literals[String(segment)]) ?? .empty
        let grown = child.adding(segments.dropFirst(), method: method, route: route)
        if isParameter { parameter = grown } else { literals[String(segment)] = grown }
      } else {
        routes[method] = route
      }
      return Node(literals: literals, parameter: parameter, routes: routes)
    }

    static let empty = Node(literals: [:], parameter: nil, routes: [:])

    /// The node of a path and the values on the way; the first that has any route.
    func find(_ segments: ArraySlice<String>, _ values: inout [String]) -> Node? {
      guard let segment = segments.first else { return routes.isEmpty ? nil : self }
      let rest = segments.dropFirst()
      if let found = literals[segment]?.find(rest, &values) { return found }
      guard let parameter, !segment.isEmpty else { return nil }
      values.append(segment)
      if let found = parameter.find(rest, &values) { return found }
      values.removeLast()
      return nil
    }
  }

  private var root = Node.empty
  private let refuse: @Sendable (HTTPServerRequest, HTTPRefusal) -> HTTPServerResponse

  /// - Parameter refuse: makes the answer where there is no handler to make it. Its status should
  ///   be the refusal's. For refusals that come before the body, the request's body is empty.
  public init(
    refuse: @escaping @Sendable (HTTPServerRequest, HTTPRefusal) -> HTTPServerResponse =
      HTTPRouter.plainRefusal
  ) {
    self.refuse = refuse
  }

  /// The refusal's message as plain text.
  public static let plainRefusal: @Sendable (HTTPServerRequest, HTTPRefusal) -> HTTPServerResponse =
    { _, refusal in
      HTTPServerResponse(
        status: refusal.status, contentType: "text/plain; charset=utf-8",
        text: refusal.message + "\n")
    }

  /// Adds a route; a second one for the same method and template replaces the first.
  ///
  /// - Parameter slow: runs the handler in the server's pool. Others run on the one thread that
  ///   serves all connections, and must return within a millisecond or so.
  public mutating func on(
    _ method: String, _ template: String, slow: Bool = false, _ handler: @escaping Handler
  ) {
    let segments = Self.segments(template[...])
    let names = segments.filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
      .map { String($0.dropFirst().dropLast()) }
    let route = Route(parameterNames: names, isSlow: slow, handler: handler)
    root = root.adding(segments[...], method: method, route: route)
  }

  /// The route of a request, or why there is none.
  func match(method: String, path: String) -> Match {
    var segments: [String] = []
    for segment in Self.segments(path[...]) {
      guard let decoded = PercentEncoding.decode(segment) else {
        return .refused(.malformed("percent-encoding in the path"))
      }
      segments.append(decoded)
    }
    var values: [String] = []
    guard let node = root.find(segments[...], &values) else { return .refused(.notFound) }
    guard let route = node.routes[method] ?? (method == "HEAD" ? node.routes["GET"] : nil) else {
      return .refused(.methodNotAllowed(allowed: node.routes.keys.sorted()))
    }
    let parameters = Dictionary(zip(route.parameterNames, values)) { _, last in last }
    return .route(route, parameters: parameters)
  }

  /// The answer of a refusal, with the headers that HTTP demands.
  func response(to request: HTTPServerRequest, refused refusal: HTTPRefusal) -> HTTPServerResponse {
    var response = refuse(request, refusal)
    switch refusal {
    case .methodNotAllowed(let allowed):
      response.headers.append(("Allow", allowed.joined(separator: ", ")))
    case .unauthorized:
      response.headers.append(("WWW-Authenticate", "Basic realm=\"opine\", charset=\"UTF-8\""))
      response.headers.append(("WWW-Authenticate", "Bearer"))
    case .overloaded:
      response.headers.append(("Retry-After", "1"))
    case .malformed, .notFound, .bodyTooLarge: break
    }
    return response
  }

  private static func segments(_ path: Substring) -> [Substring] {
    var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    if segments.last?.isEmpty == true { segments.removeLast() }
    return Array(segments)
  }
}
