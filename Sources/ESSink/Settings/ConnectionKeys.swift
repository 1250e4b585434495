import Connect
import Foundation

/// How to reach Elasticsearch: addresses, credentials, TLS, proxy.
extension SinkKey {
  private static let group = "Connection"

  static let url = ConfigKey(
    "connection.url", .list, .required, importance: .high, group: group,
    "Comma-separated addresses of Elasticsearch or OpenSearch, tried in order; http:// where no scheme is "
      + "given. A path prefix is kept.",
    check: { text in
      let urls = ConfigText.list(text)
      if urls.isEmpty { return "at least one address is needed" }
      let bad = urls.first { url in
        let parts = URLComponents(string: url.contains("://") ? url : "http://\(url)")
        return parts?.host?.isEmpty != false || !["http", "https"].contains(parts?.scheme ?? "")
      }
      return bad == nil ? nil : "an address is no http or https URL"
    })
  static let username = ConfigKey(
    "connection.username", .string, .null, group: group, "User of HTTP basic authentication.")
  static let password = ConfigKey(
    "connection.password", .password, .null, group: group, "Password of that user.")
  static let apiKey = ConfigKey(
    "connection.api.key", .password, .null, group: group,
    "API key in its base64 form; sent as Authorization: ApiKey.")
  static let bearerToken = ConfigKey(
    "connection.bearer.token", .password, .null, group: group,
    "Token sent as Authorization: Bearer.")
  static let headers = ConfigKey(
    "connection.headers", .list, .value(""), importance: .low, group: group,
    "Further request headers, as Name:value, comma-separated.",
    check: { text in
      ConfigText.list(text).allSatisfy { $0.split(separator: ":", maxSplits: 1).count == 2 }
        ? nil : "each entry must be Name:value"
    })
  static let compression = ConfigKey(
    "connection.compression", .boolean, .value("false"), importance: .low, group: group,
    "Sends bulk bodies gzip-compressed and asks for compressed answers.")
  static let connectTimeout = ConfigKey(
    "connection.timeout.ms", .int, .value("1000"), importance: .low, group: group,
    "Time for a connection to come up, TLS included.", range: 1...43_200_000)
  static let readTimeout = ConfigKey(
    "read.timeout.ms", .int, .value("30000"), importance: .low, group: group,
    "Time for a whole request. Confluent's default of 3000 is short for bulks.",
    range: 1...604_800_000)
  static let idleTime = ConfigKey(
    "max.connection.idle.time.ms", .int, .value("60000"), importance: .low, group: group,
    "A connection idle for longer is not used again; -1: no limit.", range: -1...86_400_000)

  static let proxyHost = ConfigKey(
    "proxy.host", .string, .value(""), importance: .low, group: "Proxy", "Host of an HTTP proxy.")
  static let proxyPort = ConfigKey(
    "proxy.port", .int, .value("8080"), importance: .low, group: "Proxy", "Its port.",
    range: 1...65535)
  static let proxyUsername = ConfigKey(
    "proxy.username", .string, .value(""), importance: .low, group: "Proxy", "User at the proxy.")
  static let proxyPassword = ConfigKey(
    "proxy.password", .password, .null, importance: .low, group: "Proxy", "Password there.")

  static let protocolName = ConfigKey(
    "elastic.security.protocol", .string, .value("PLAINTEXT"), group: "Security",
    "SSL where the elastic.https.* properties apply. An https:// address is TLS either way.",
    choices: ["PLAINTEXT", "SSL"])
  static let tls = TLSKeys(prefix: "elastic.https.", group: "Security")

  static let connection = [
    url, username, password, apiKey, bearerToken, headers, compression, connectTimeout, readTimeout,
    idleTime, proxyHost, proxyPort, proxyUsername, proxyPassword, protocolName,
  ]
}
