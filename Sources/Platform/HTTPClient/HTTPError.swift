import CCurl

/// Why there is no answer to a request. A status like 503 is an answer, not an error.
///
/// Says where the request went (host and port), never the path, credentials or bodies.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: String, Sendable {
    /// Name not found, connection refused, proxy unreachable: nothing was sent.
    case connectFailed
    /// Not answered in time; the server may have acted on it.
    case timeout
    /// The TLS handshake or a certificate was refused: nothing was sent.
    case tls
    case responseTooLarge
    /// The connection ended before the answer did; the server may have acted on the request.
    case cut
    case invalidURL
    /// A header holds a line break or NUL; nothing was sent.
    case invalidHeader
    /// The caller's task was cancelled; the server may have acted on the request.
    case cancelled
    /// The client was shut down before the answer came.
    case shutDown
    case other
  }

  public let code: Code
  /// `host:port`, or as much of it as could be read from the URL.
  public let address: String
  /// curl's own words (<https://curl.se/libcurl/c/libcurl-errors.html>).
  public let message: String
  /// The same request may succeed later, as far as the transport goes.
  public let isRetriable: Bool

  public init(code: Code, address: String, message: String, isRetriable: Bool? = nil) {
    self.code = code
    self.address = address
    self.message = message
    self.isRetriable = isRetriable ?? [.connectFailed, .timeout, .cut].contains(code)
  }

  public var description: String { "HTTP \(code.rawValue) at \(address): \(message)" }
}

extension HTTPError {
  /// Classifies curl's result. `connected` says whether a connection had been made.
  init(curl result: CURLcode, text: String, url: String, connected: Bool) {
    let code: Code
    var retriable: Bool?
    switch result {
    case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY,
      CURLE_PROXY:
      code = .connectFailed
    case CURLE_OPERATION_TIMEDOUT:
      code = .timeout
    case CURLE_SSL_CONNECT_ERROR:
      // A server that restarts in the middle of a handshake ends here too.
      (code, retriable) = (.tls, true)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED,
      CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CLIENTCERT,
      CURLE_USE_SSL_FAILED:
      code = .tls
    case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
      code = .cut
    case CURLE_URL_MALFORMAT:
      code = .invalidURL
    case CURLE_UNSUPPORTED_PROTOCOL where !connected:
      code = .invalidURL
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
      (code, retriable) = (.other, true)  // not HTTP: a proxy or a port that is being taken over
    default:
      code = .other
    }
    self.init(
      code: code, address: Self.address(of: url),
      message: text.isEmpty ? String(cString: curl_easy_strerror(result)) : text,
      isRetriable: retriable)
  }

  /// `host:port` of a URL, without user information; `?` where it cannot be read.
  static func address(of url: String) -> String {
    guard let parsed = curl_url() else { return "?" }
    defer { curl_url_cleanup(parsed) }
    guard curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK else { return "?" }
    func part(_ name: CURLUPart, _ flags: Int32) -> String? {
      var text: UnsafeMutablePointer<CChar>?
      guard curl_url_get(parsed, name, &text, UInt32(flags)) == CURLUE_OK, let text else {
        return nil
      }
      defer { curl_free(text) }
      return String(cString: text)
    }
    return "\(part(CURLUPART_HOST, 0) ?? "?"):\(part(CURLUPART_PORT, CURLU_DEFAULT_PORT) ?? "?")"
  }
}
