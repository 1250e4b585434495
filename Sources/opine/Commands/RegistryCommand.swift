import Foundation
import RegistryServer

/// `opine registry serve`: a schema registry of one process and one file.
enum RegistryCommand {
  static let listen = Option(
    "listen", .text, "HOST:PORT", standard: "127.0.0.1:8081", "address to answer at")

  static let serve = Command(
    "registry serve", "the local schema registry",
    options: [listen, .data, Serving.token, Serving.certificate, Serving.key],
    example: "opine registry serve --listen 127.0.0.1:8081 --data registry-data"
  ) { invocation in
    let options = try Serving.options(invocation)
    let (stops, stop) = AsyncStream.makeStream(of: Void.self)
    let signals = Signals { stop.finish() }
    let server: RegistryServer
    do throws(RegistryServerError) {
      server = try RegistryServer(
        dataDirectory: invocation.text(.data), listen: invocation.text(listen), options: options)
    } catch {
      let what = "the registry can't be started"
      if let listening = error.listening { throw Serving.refused(listening, what) }
      throw CommandError(.failed, what, why: error.message, next: "choose another --data DIR")
    }
    Terminal.print("ready \(server.url)")
    for await _ in stops {}
    server.stop()
    withExtendedLifetime(signals) {}
    return .done
  }
}
