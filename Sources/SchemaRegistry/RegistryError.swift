import HTTPClient
import JSON

/// What a registry refused, or why it could not be asked.
///
/// Of the errors that a fetch ends with, only `notFound` and `unusable` say something about the
/// schema; the rest is the system's trouble and no reason to set a record aside (`isSystemFault`).
public struct RegistryError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: String, Sendable {
    /// The registry knows no such subject, version or schema; `errorCode` says which.
    case notFound
    /// Unreachable, too slow, 429, 5xx, or an answer that is none of a registry's.
    case unavailable
    /// 401 or 403.
    case unauthorized
    /// A new schema that earlier ones of the subject do not allow.
    case incompatible
    /// The request's own fault: an invalid schema, subject, version, level or URL.
    case invalid
    /// The schema exists, but is no Avro, or no valid Avro.
    case unusable
  }

  public let code: Code
  /// The registry's number, such as 40403; nil where no registry spoke.
  public let errorCode: Int?
  public let message: String
  /// The same request may succeed a little later.
  public let isRetriable: Bool

  public init(
    _ code: Code, _ message: String, errorCode: Int? = nil, isRetriable: Bool? = nil
  ) {
    self.code = code
    self.message = message
    self.errorCode = errorCode
    self.isRetriable = isRetriable ?? (code == .unavailable)
  }

  /// The registry, the network or the credentials are at fault, not what was asked for.
  public var isSystemFault: Bool { code == .unavailable || code == .unauthorized }

  public var description: String {
    let number = errorCode.map { " (\($0))" } ?? ""
    return "schema registry: \(code.rawValue)\(number): \(message)"
  }

  /// A success that does not say what it should: some other server, most likely.
  static func unreadable(_ what: String) -> RegistryError {
    RegistryError(.unavailable, "unreadable answer: \(what)", isRetriable: false)
  }

  init(_ error: HTTPError) {
    switch error.code {
    case .invalidURL, .invalidHeader:
      self.init(.invalid, error.description)
    case .connectFailed, .timeout, .tls, .responseTooLarge, .cut, .cancelled, .shutDown, .other:
      self.init(.unavailable, error.description, isRetriable: error.isRetriable)
    }
  }

  /// Classifies an answer that is no success, by its numbers alone.
  init(_ response: HTTPResponse) {
    let json = try? JSONValue.parse(response.body)
    let errorCode = (json?["error_code"]?.int64).map { Int($0) }
    let message = (json?["message"]?.string ?? "HTTP \(response.status)").prefix(2000)
    let code: Code
    switch (response.status, errorCode) {
    case (401, _), (403, _): code = .unauthorized
    // A 404 without a registry's own number is a wrong path, a proxy, another server.
    case (404, .some(40401...40499)): code = .notFound
    case (409, _): code = .incompatible
    case (422, _), (400, .some): code = .invalid
    default: code = .unavailable
    }
    let transient =
      response.status == 408 || response.status == 429
      || (response.status >= 500 && response.status != 501)
    self.init(
      code, String(message), errorCode: errorCode,
      isRetriable: code == .unavailable && transient)
  }
}
