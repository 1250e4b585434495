import Foundation
import RegistryServer

/// `opine registry serve`: a schema registry of one process and one file.
enum RegistryCommand {
  static let listen = Option(
    "listen", .text, "HOST:PORT", standard: "127.0.0.1:8081", "address to answer at")
  static let token = Option("token", .text, "TOKEN", "asked of every request")

  static let serve = Command(
    "registry serve", "the local schema registry", options: [listen, .data, token],
    example: "opine registry serve --listen 127.0.0.1:8081 --data registry-data"
  ) { invocation in
    let address = invocation.text(listen)
    let (stops, stop) = AsyncStream.makeStream(of: Void.self)
    let signals = Signals { stop.finish() }
    let server: RegistryServer
    do throws(RegistryServerError) {
      server = try RegistryServer(
        dataDirectory: invocation.text(.data), listen: address,
        token: invocation.optional(token))
    } catch {
      let isAddress = error.code == .listening
      throw CommandError(
        .failed, "the registry can't be started", why: error.description,
        next: isAddress ? "choose another --listen HOST:PORT" : "choose another --data DIR")
    }
    let host = address.lastIndex(of: ":").map { String(address[..<$0]) } ?? address
    Terminal.print("ready http://\(host):\(server.port)")
    for await _ in stops {}
    server.stop()
    withExtendedLifetime(signals) {}
    return .done
  }
}
