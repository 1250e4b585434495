import Foundation

/// The secret that a server asks for; never printed.
struct AccessToken: Sendable {
  private let token: [UInt8]

  init(_ token: String) { self.token = Array(token.utf8) }

  /// Accepts `Bearer TOKEN`, and `Basic` where the password, or `user:password`, is the token.
  func accepts(authorization: String?) -> Bool {
    guard let authorization, let space = authorization.firstIndex(of: " ") else { return false }
    let value = authorization[authorization.index(after: space)...]
    switch authorization[..<space].lowercased() {
    case "bearer": return isToken(value.utf8)
    case "basic":
      guard let pair = Data(base64Encoded: String(value)) else { return false }
      let password = pair.drop { $0 != UInt8(ascii: ":") }.dropFirst()
      let matches = (isToken(pair), isToken(password))
      return matches.0 || matches.1
    default: return false
    }
  }

  /// Takes the same time wherever the first difference is.
  private func isToken(_ bytes: some Collection<UInt8>) -> Bool {
    guard bytes.count == token.count else { return false }
    return zip(bytes, token).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
