import HTTPServer

/// What may protect a port that a command serves: a token, and a certificate for HTTPS.
enum Serving {
  static let token = Option("token", .text, "TOKEN", "asked of every request")
  static let certificate = Option(
    "tls-certificate", .text, "FILE", "serve HTTPS with this certificate (PEM, with its chain)")
  static let key = Option(
    "tls-key", .text, "FILE", "its key (PEM); default: in the certificate's file")

  static func options(_ invocation: Invocation) throws -> HTTPServerOptions {
    var options = HTTPServerOptions(token: invocation.optional(token))
    guard let chain = invocation.optional(certificate), !chain.isEmpty else { return options }
    do throws(HTTPServerError) {
      options.certificate = try ServedCertificate(
        chainFile: chain, keyFile: invocation.optional(key) ?? chain)
    } catch {
      throw refused(error, "HTTPS can't be served")
    }
    return options
  }

  static func refused(_ error: HTTPServerError, _ what: String) -> CommandError {
    let next =
      switch error.code {
      case .tokenRequired: "give --token TOKEN or OPINE_TOKEN, or --listen 127.0.0.1:PORT"
      case .certificateRefused:
        "--tls-certificate FILE and --tls-key FILE: PEM, the key without a password"
      case .invalidAddress, .addressInUse, .addressRefused: "another --listen HOST:PORT"
      }
    return CommandError(.failed, what, why: error.description, next: next)
  }
}
