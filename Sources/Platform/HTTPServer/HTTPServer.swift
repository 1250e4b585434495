import CMicrohttpd
import Foundation
import Synchronization

/// What a server accepts; fixed for its life.
public struct HTTPServerOptions: Sendable {
  /// A larger body is answered with 413.
  public var maximumBodyBytes = 16 << 20
  /// Request line and headers together; beyond it the library answers 414 or 431 by itself.
  public var maximumHeaderBytes = 128 << 10
  /// A connection on which nothing moves for so long is closed. Whole seconds.
  public var idleTimeout: Duration = .seconds(60)
  public var maximumConnections = 1000
  /// Threads for slow routes.
  public var slowThreads = 2
  /// Slow requests that may wait; further ones are answered with 503.
  public var maximumQueuedSlow = 256
  /// Required of every request where set: as a bearer token, or as the password of basic
  /// authentication.
  public var token: String?
  /// Serves HTTPS with it, and HTTPS only; nil: plain HTTP.
  public var certificate: ServedCertificate?

  public init(token: String? = nil) { self.token = token }
}

/// One HTTP/1.1 server on one address, on one thread of libmicrohttpd.
///
/// Handlers are plain functions from request to response. Those of slow routes run in a small pool
/// while their connection is suspended, so that they hold up nobody.
/// It refuses to listen where other machines could reach it unless a token is set.
public final class HTTPServer: Sendable {
  private let service: Service
  private let daemon: Mutex<DaemonHandle?>
  /// The port listened on, also where 0 was asked for.
  public let port: Int
  public let address: ListenAddress
  private let scheme: String

  /// By which this machine reaches it; a name in a certificate may be another.
  public var url: String {
    let host = ["0.0.0.0", "::"].contains(address.host) ? "127.0.0.1" : address.host
    return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }

  /// Listens at once; the first request may come before this returns.
  public init(
    listen: String, options: HTTPServerOptions = HTTPServerOptions(), routes: HTTPRouter
  ) throws(HTTPServerError) {
    let address = try ListenAddress(listen)
    let resolved = try address.resolve()
    guard resolved.isLoopback || options.token?.isEmpty == false else {
      throw HTTPServerError(
        .tokenRequired, address.description, "other machines could reach it, so it needs a token")
    }
    self.address = address
    service = Service(options, routes)
    scheme = options.certificate == nil ? "http" : "https"
    let handle = DaemonHandle.start(service, options, resolved.bytes, isIPv6: resolved.isIPv6)
    guard let handle else { throw Self.error(errno, address, options) }
    port = Int(opine_mhd_port(handle.pointer))
    daemon = Mutex(handle)
  }

  private static func error(
    _ number: Int32, _ address: ListenAddress, _ options: HTTPServerOptions
  ) -> HTTPServerError {
    if number == 0, options.certificate != nil {
      return HTTPServerError(
        .certificateRefused, address.description,
        "the certificate and its key do not belong together, or can't be used")
    }
    let code: HTTPServerError.Code = number == EADDRINUSE ? .addressInUse : .addressRefused
    return HTTPServerError(code, address.description, String(cString: strerror(number)))
  }

  deinit { stop() }

  /// Stops listening, finishes the slow requests that wait, closes every connection and joins the
  /// threads. Safe to call twice; never call it from a handler.
  public func stop() {
    daemon.withLock { daemon in
      guard let handle = daemon.take() else { return }
      // Every suspended connection must be resumed before the daemon may be stopped.
      service.pool.stop()
      MHD_stop_daemon(handle.pointer)
    }
  }
}

/// A running daemon.
///
/// `@unchecked Sendable` because libmicrohttpd's calls on a daemon may come from any thread.
private struct DaemonHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  static func start(
    _ service: Service, _ options: HTTPServerOptions, _ address: [UInt8], isIPv6: Bool
  ) -> DaemonHandle? {
    let seconds = options.idleTimeout.components.seconds
    var start = opine_mhd_start()
    return address.withUnsafeBytes { bytes in
      start.address = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
      start.is_ipv6 = isIPv6 ? 1 : 0
      start.handler = handle
      start.opened = opened
      start.completed = completed
      // The server keeps the service alive until the daemon has stopped.
      start.context = Unmanaged.passUnretained(service).toOpaque()
      start.header_bytes = options.maximumHeaderBytes
      start.idle_seconds = UInt32(clamping: max(seconds, 1))
      start.connections = UInt32(clamping: options.maximumConnections)
      guard let certificate = options.certificate else {
        return opine_mhd_start(&start).map { DaemonHandle(pointer: $0) }
      }
      return certificate.chain.withCString { chain in
        certificate.key.withCString { key in
          (start.certificate, start.key) = (chain, key)
          return opine_mhd_start(&start).map { DaemonHandle(pointer: $0) }
        }
      }
    }
  }
}

// MARK: libmicrohttpd's callbacks, on its thread

private func opened(
  _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _: OpaquePointer?
) -> UnsafeMutableRawPointer? {
  let exchange = Exchange(target: target.map { String(cString: $0) } ?? "/")
  return Unmanaged.passRetained(exchange).toOpaque()  // released by `completed`
}

private func completed(
  _: UnsafeMutableRawPointer?, _: OpaquePointer?,
  _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _: MHD_RequestTerminationCode
) {
  guard let pointer = state?.pointee else { return }
  Unmanaged<Exchange>.fromOpaque(pointer).release()
  state?.pointee = nil
}

private func handle(
  _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _: UnsafePointer<CChar>?,
  _ method: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?, _ upload: UnsafePointer<CChar>?,
  _ uploadSize: UnsafeMutablePointer<Int>?,
  _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
  guard let context, let connection, let method, let uploadSize, let pointer = state?.pointee else {
    return .NO
  }
  let service = Unmanaged<Service>.fromOpaque(context).takeUnretainedValue()
  let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
  if !exchange.hasBegun {
    exchange.begin(method: String(cString: method), connection: connection)
    return service.begin(exchange, on: connection)
  }
  if uploadSize.pointee > 0 {
    let bytes = UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee)
    service.receive(bytes, for: exchange)
    uploadSize.pointee = 0
    return .YES
  }
  return service.answer(exchange, on: connection)
}
