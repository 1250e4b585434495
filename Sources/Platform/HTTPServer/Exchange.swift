import CMicrohttpd
import Synchronization

/// One request while it arrives and until it is answered.
///
/// `@unchecked Sendable` because it has one user at a time: the daemon's thread, or the pool's
/// thread while the connection is suspended.
final class Exchange: @unchecked Sendable {
  /// How many are alive; tests see by it that each one is given back.
  static let alive = Atomic<Int>(0)

  private let target: String
  var request = HTTPServerRequest(method: "", path: "")
  var route: HTTPRouter.Route?
  var response: HTTPServerResponse?
  var hasBegun = false
  private(set) var isTooLarge = false

  /// - Parameter target: path and query, as sent.
  init(target: String) {
    self.target = target
    Self.alive.add(1, ordering: .relaxed)
  }

  deinit { Self.alive.subtract(1, ordering: .relaxed) }

  /// Takes over what the request line and the headers say.
  func begin(method: String, connection: OpaquePointer) {
    hasBegun = true
    let path = target.prefix { $0 != "?" }
    request.method = method
    request.path = String(path)
    request.query = HTTPQuery(String(target.dropFirst(path.count + 1)))
    let context = Unmanaged.passUnretained(self).toOpaque()
    MHD_get_connection_values(connection, MHD_ValueKind.HEADER_KIND, collectHeader, context)
  }

  /// What makes the end of the message ambiguous (RFC 9112 §6.3): refused, as a proxy in front
  /// might see another end than we do.
  var framingProblem: String? {
    let lengths = Set(request.headers.filter { $0.name == "content-length" }.map(\.value))
    let codings = request.headers.filter { $0.name == "transfer-encoding" }
    if !codings.isEmpty && !lengths.isEmpty { return "Content-Length and Transfer-Encoding" }
    if lengths.count > 1 { return "different Content-Lengths" }
    if codings.count > 1 || codings.contains(where: { $0.value.lowercased() != "chunked" }) {
      return "Transfer-Encoding other than chunked"
    }
    if let length = lengths.first, !length.utf8.allSatisfy({ (48...57).contains($0) }) {
      return "Content-Length"
    }
    return nil
  }

  var announcedBytes: Int {
    request.first(named: "content-length").map { Int($0) ?? .max } ?? 0
  }

  func append(_ bytes: UnsafeRawBufferPointer, maximum: Int) {
    guard !isTooLarge, request.body.count + bytes.count <= maximum else {
      isTooLarge = true
      request.body = []
      return
    }
    request.body.append(contentsOf: bytes)
  }
}

private func collectHeader(
  _ context: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ name: UnsafePointer<CChar>?,
  _ value: UnsafePointer<CChar>?
) -> MHD_Result {
  guard let context, let name else { return .NO }
  let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
  let text = value.map { String(cString: $0) } ?? ""
  exchange.request.headers.append((String(cString: name).lowercased(), text))
  return .YES
}
