import Foundation
import Synchronization

/// A server of bare sockets on 127.0.0.1 for answers no well-behaved server gives: cut connections,
/// silence, garbage. `serve` gets each accepted connection, one after the other on one thread, with
/// its number from 0; the socket is closed when it returns.
final class RawServer: Sendable {
  let port: Int
  private let listener: Int32
  private let accepted = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)

  var connections: Int { accepted.load(ordering: .sequentiallyConsistent) }

  init(_ serve: @escaping @Sendable (Connection, Int) -> Void) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
      guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return false
      }
      return bind(listener, base, length) == 0 && listen(listener, 16) == 0
        && getsockname(listener, base, &length) == 0
    }
    guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread { [self] in
      while true {
        let socket = accept(listener, nil, nil)
        guard socket >= 0 else {
          guard isStopping.load(ordering: .sequentiallyConsistent) else { continue }
          // Here and nowhere else: the number may belong to another test's listener at once.
          close(listener)
          return
        }
        let (number, _) = accepted.add(1, ordering: .sequentiallyConsistent)
        serve(Connection(socket: socket), number)
        close(socket)
      }
    }.start()
  }

  /// Accepts no more; call it once.
  func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    shutdown(listener, Int32(SHUT_RDWR))
  }

  struct Connection: Sendable {
    let socket: Int32

    /// Reads to the end of a header block and of the body that Content-Length announces.
    /// nil when the peer has closed.
    func readRequest() -> String? {
      var text = ""
      var byte: UInt8 = 0
      while !text.hasSuffix("\r\n\r\n") {
        guard recv(socket, &byte, 1, 0) == 1 else { return nil }
        text.unicodeScalars.append(Unicode.Scalar(byte))
      }
      let length = text.lowercased().split(separator: "\r\n")
        .first { $0.hasPrefix("content-length:") }
        .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
      for _ in 0..<(length ?? 0) {
        guard recv(socket, &byte, 1, 0) == 1 else { return nil }
        text.unicodeScalars.append(Unicode.Scalar(byte))
      }
      return text
    }

    func write(_ text: String) {
      let bytes = Array(text.utf8)
      _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Everything until the peer closes.
    func readToEnd() -> String {
      var text = ""
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { return text }
        text += String(decoding: buffer[..<count], as: UTF8.self)
      }
    }
  }
}

/// Speaks raw bytes to a server: what no client library would send.
func exchange(port: Int, _ text: String) throws -> String {
  let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(socket) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  address.sin_port = in_port_t(port).bigEndian
  let connected = withUnsafeBytes(of: &address) { bytes -> Bool in
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
    return connect(socket, base, socklen_t(bytes.count)) == 0
  }
  guard connected else { throw POSIXError(.ECONNREFUSED) }
  let connection = RawServer.Connection(socket: socket)
  connection.write(text)
  return connection.readToEnd()
}
