import Foundation
import HTTPClient

/// One address of a registry, and who asks there.
struct RegistryEndpoint: Sendable, Equatable {
  /// Without user information and without a slash at its end; safe to print.
  let url: String
  let credentials: HTTPCredentials?

  /// Takes `user:password@` out of the URL, percent-decoded; used where `credentials` is nil.
  init(_ text: String, credentials: HTTPCredentials?) {
    var text = text[...]
    while text.hasSuffix("/") { text.removeLast() }
    guard let scheme = text.range(of: "://"),
      let at = text[scheme.upperBound...].prefix(while: { $0 != "/" && $0 != "?" })
        .lastIndex(of: "@")
    else {
      url = String(text)
      self.credentials = credentials
      return
    }
    let parts = text[scheme.upperBound..<at]
      .split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      .map { $0.removingPercentEncoding ?? String($0) }
    url = String(text[..<scheme.upperBound] + text[text.index(after: at)...])
    self.credentials =
      credentials ?? .basic(user: parts[0], password: parts.count > 1 ? parts[1] : "")
  }
}
