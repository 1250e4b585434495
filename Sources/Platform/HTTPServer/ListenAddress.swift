import Foundation

/// Where a server listens: an address and a port, read from `HOST:PORT` or `[IPv6]:PORT`.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
  public let host: String
  /// 0 = any free one.
  public let port: Int

  public init(_ text: String) throws(HTTPServerError) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { throw HTTPServerError(.invalidAddress, text, "expected HOST:PORT") }
    var host = String(text[..<colon])
    if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty else { throw HTTPServerError(.invalidAddress, text, "no host") }
    self.host = host
    self.port = Int(port)
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// The socket address, its family, and whether only this machine can reach it.
  func resolve() throws(HTTPServerError) -> (bytes: [UInt8], isIPv6: Bool, isLoopback: Bool) {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE
    hints.ai_family = host.contains(":") ? AF_INET6 : AF_INET
    #if canImport(Darwin)
      hints.ai_socktype = SOCK_STREAM
    #else
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    defer { list.map { freeaddrinfo($0) } }
    guard code == 0, let found = list?.pointee, let address = found.ai_addr else {
      throw HTTPServerError(.invalidAddress, description, String(cString: gai_strerror(code)))
    }
    let bytes = [UInt8](
      UnsafeRawBufferPointer(start: address, count: Int(found.ai_addrlen)))
    // sockaddr_in holds the address in bytes 4-7, sockaddr_in6 in bytes 8-23.
    let isIPv6 = found.ai_family == AF_INET6
    let isLoopback =
      isIPv6
      ? bytes[8..<24].elementsEqual([UInt8](repeating: 0, count: 15) + [1])
      : bytes[4] == 127
    return (bytes, isIPv6, isLoopback)
  }
}

/// Why a server could not be started.
public struct HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: String, Sendable {
    case invalidAddress
    /// Other machines could reach it, and no token was given.
    case tokenRequired
    /// Another program listens there.
    case addressInUse
    /// The address is none of this machine's, or the port is privileged.
    case addressRefused
    /// The certificate or its key can't be read or used; `address` may be a file's path.
    case certificateRefused
  }

  public let code: Code
  public let address: String
  public let message: String

  init(_ code: Code, _ address: String, _ message: String) {
    self.code = code
    self.address = address
    self.message = message
  }

  public var description: String {
    code == .certificateRefused
      ? "\(address): \(message)" : "cannot listen on \(address): \(message)"
  }
}
