import CMicrohttpd

/// What a daemon's callbacks do: check, collect, route, answer. All on the daemon's thread, except
/// the handlers of slow routes.
final class Service: Sendable {
  let pool: SlowPool
  private let router: HTTPRouter
  private let token: AccessToken?
  private let maximumBodyBytes: Int

  init(_ options: HTTPServerOptions, _ router: HTTPRouter) {
    pool = SlowPool(threads: options.slowThreads, maximumQueued: options.maximumQueuedSlow)
    self.router = router
    token = options.token.map { AccessToken($0) }
    maximumBodyBytes = options.maximumBodyBytes
  }

  /// Looks at the headers. Answering here, before the body, makes libmicrohttpd close the
  /// connection afterwards, so what follows is never taken for another request.
  func begin(_ exchange: Exchange, on connection: OpaquePointer) -> MHD_Result {
    let request = exchange.request
    var refusal: HTTPRefusal?
    if let problem = exchange.framingProblem {
      refusal = .malformed(problem)
    } else if let token, !token.accepts(authorization: request.first(named: "authorization")) {
      refusal = .unauthorized
    } else if exchange.announcedBytes > maximumBodyBytes {
      refusal = .bodyTooLarge(maximumBytes: maximumBodyBytes)
    }
    guard let refusal else { return .YES }
    var response = router.response(to: request, refused: refusal)
    response.headers.append(("Connection", "close"))
    return send(response, on: connection)
  }

  func receive(_ bytes: UnsafeRawBufferPointer, for exchange: Exchange) {
    exchange.append(bytes, maximum: maximumBodyBytes)
  }

  /// Called once the body is complete, and again when a slow handler is done.
  func answer(_ exchange: Exchange, on connection: OpaquePointer) -> MHD_Result {
    if let response = exchange.response { return send(response, on: connection) }
    if exchange.isTooLarge {
      return refuse(exchange, .bodyTooLarge(maximumBytes: maximumBodyBytes), on: connection)
    }
    switch router.match(method: exchange.request.method, path: exchange.request.path) {
    case .refused(let refusal):
      return refuse(exchange, refusal, on: connection)
    case .route(let route, let parameters):
      exchange.request.parameters = parameters
      guard route.isSlow else { return send(route.handler(exchange.request), on: connection) }
      run(route, exchange, SuspendedConnection(pointer: connection))
      return .YES
    }
  }

  private func run(
    _ route: HTTPRouter.Route, _ exchange: Exchange, _ connection: SuspendedConnection
  ) {
    MHD_suspend_connection(connection.pointer)
    let isQueued = pool.submit {
      exchange.response = route.handler(exchange.request)
      MHD_resume_connection(connection.pointer)
    }
    if !isQueued {
      exchange.response = router.response(to: exchange.request, refused: .overloaded)
      MHD_resume_connection(connection.pointer)
    }
  }

  private func refuse(
    _ exchange: Exchange, _ refusal: HTTPRefusal, on connection: OpaquePointer
  ) -> MHD_Result {
    send(router.response(to: exchange.request, refused: refusal), on: connection)
  }

  private func send(_ response: HTTPServerResponse, on connection: OpaquePointer) -> MHD_Result {
    let made = response.body.withUnsafeBytes { opine_mhd_response($0.baseAddress, $0.count) }
    guard let made else { return .NO }
    defer { MHD_destroy_response(made) }  // the connection holds its own reference
    for (name, value) in response.headers { MHD_add_response_header(made, name, value) }
    return MHD_queue_response(connection, UInt32(clamping: response.status), made)
  }
}

/// A connection that waits for a slow handler.
///
/// `@unchecked Sendable` because a suspended connection is touched by nobody but the one thread
/// that resumes it, which libmicrohttpd allows from any thread.
private struct SuspendedConnection: @unchecked Sendable {
  let pointer: OpaquePointer
}
