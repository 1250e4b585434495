import Foundation

/// The certificate that a server shows: read once, when it starts.
public struct ServedCertificate: Sendable {
  /// PEM: the server's own certificate, then those that signed it.
  let chain: String
  /// PEM, without a password.
  let key: String

  /// - Parameters:
  ///   - chainFile: PEM; the server's own certificate first.
  ///   - keyFile: PEM; of that certificate, without a password.
  public init(chainFile: String, keyFile: String) throws(HTTPServerError) {
    chain = try Self.read(chainFile, "CERTIFICATE")
    key = try Self.read(keyFile, "PRIVATE KEY")
  }

  private static func read(_ path: String, _ what: String) throws(HTTPServerError) -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw HTTPServerError(.certificateRefused, path, "the file can't be read")
    }
    let text = String(decoding: data, as: UTF8.self)
    guard text.contains("\(what)-----") else {
      throw HTTPServerError(.certificateRefused, path, "the file has no PEM \(what)")
    }
    return text
  }
}
