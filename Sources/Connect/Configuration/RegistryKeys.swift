import HTTPClient
import SchemaRegistry

/// The properties of Confluent's schema registry client: addresses, credentials, TLS, proxy.
///
/// A converter has them under its own prefix: `value.converter.schema.registry.url`,
/// `value.converter.basic.auth.user.info`, `value.converter.schema.registry.ssl.truststore.location`.
/// (<https://docs.confluent.io/platform/current/schema-registry/security/index.html>)
public struct RegistryKeys: Sendable {
  let url: ConfigKey
  let source: ConfigKey
  let userInfo: ConfigKey
  /// The name that the converters of old versions used; still everywhere.
  let oldUserInfo: ConfigKey
  let bearerSource: ConfigKey
  let bearerToken: ConfigKey
  let proxyHost: ConfigKey
  let proxyPort: ConfigKey
  let tls: TLSKeys

  /// - Parameters:
  ///   - prefix: stands before each name, with its dot.
  ///   - tls: stands before `ssl.`.
  public init(prefix: String, tls: String) {
    let group = "Schema registry"
    url = ConfigKey(
      prefix + "schema.registry.url", .list, .value(""), importance: .high, group: group,
      "Comma-separated addresses, asked in order; http://user:password@host is understood.")
    source = ConfigKey(
      prefix + "basic.auth.credentials.source", .string, .value("URL"), group: group,
      "USER_INFO: basic.auth.user.info; URL: what stands in the address.",
      choices: ["URL", "USER_INFO", "SASL_INHERIT"])
    userInfo = ConfigKey(
      prefix + "basic.auth.user.info", .password, .null, group: group,
      "user:password of HTTP basic authentication.", check: Self.checkUserInfo)
    oldUserInfo = ConfigKey(
      prefix + "schema.registry.basic.auth.user.info", .password, .null, group: group,
      "The same under its older name.", check: Self.checkUserInfo)
    bearerSource = ConfigKey(
      prefix + "bearer.auth.credentials.source", .string, .value("STATIC_TOKEN"), group: group,
      "STATIC_TOKEN: bearer.auth.token.",
      choices: ["STATIC_TOKEN", "OAUTHBEARER", "SASL_OAUTHBEARER_INHERIT", "CUSTOM"])
    bearerToken = ConfigKey(
      prefix + "bearer.auth.token", .password, .null, group: group,
      "Token sent as Authorization: Bearer.")
    proxyHost = ConfigKey(
      prefix + "proxy.host", .string, .value(""), importance: .low, group: group,
      "Host of an HTTP proxy.")
    proxyPort = ConfigKey(
      prefix + "proxy.port", .int, .value("8080"), importance: .low, group: group, "Its port.",
      range: 1...65535)
    self.tls = TLSKeys(prefix: tls, group: group)
  }

  private static let checkUserInfo: @Sendable (String) -> String? = { text in
    text.isEmpty || text.contains(":") ? nil : "it must be user:password"
  }

  public var all: [ConfigKey] {
    [url, source, userInfo, oldUserInfo, bearerSource, bearerToken, proxyHost, proxyPort] + tls.all
  }

  /// Rules over several of them.
  public func check(_ read: inout ConfigReading) {
    let given = [userInfo, oldUserInfo].filter { read.optional($0) != nil }
    switch read.text(source).uppercased() {
    case "SASL_INHERIT":
      read.fail(source, "SASL_INHERIT is not supported: USER_INFO with \(userInfo.name)")
    case "USER_INFO" where given.isEmpty:
      read.fail(userInfo, "is needed with \(source.name)=USER_INFO")
    default: break
    }
    if read.has(bearerSource) {
      switch read.text(bearerSource).uppercased() {
      case "STATIC_TOKEN" where read.optional(bearerToken) == nil:
        read.fail(bearerToken, "is needed with \(bearerSource.name)=STATIC_TOKEN")
      case "STATIC_TOKEN": break
      case let other:
        read.fail(
          bearerSource, "\(other) is not supported: STATIC_TOKEN with \(bearerToken.name)")
      }
    }
    if !given.isEmpty, read.optional(bearerToken) != nil {
      read.fail(given + [bearerToken], "only one way to authenticate can be used")
    }
    tls.check(&read)
  }
}

/// How to reach a schema registry.
public struct RegistrySettings: Sendable {
  public let urls: [String]
  /// Of the properties; credentials inside an address are the client's part.
  public let credentials: HTTPCredentials?
  private let proxy: String?
  private let tls: TLSSettings

  /// - Parameter urls: instead of those that the properties name.
  public init(_ read: ConfigReading, _ keys: RegistryKeys, urls: [String]? = nil) {
    self.urls = urls ?? read.list(keys.url)
    if let info = read.optional(keys.userInfo) ?? read.optional(keys.oldUserInfo) {
      let parts = info.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        .map(String.init)
      credentials = .basic(user: parts[0], password: parts.count > 1 ? parts[1] : "")
    } else {
      credentials = read.optional(keys.bearerToken).map { .bearer(token: $0) }
    }
    proxy = read.optional(keys.proxyHost).map { "http://\($0):\(read.int(keys.proxyPort))" }
    tls = TLSSettings(read, keys.tls)
  }

  /// A client of one's own.
  ///
  /// - Parameter timeout: of one request to one address.
  public func client(
    timeout: Duration = .seconds(5), retries: RegistryClient.Retries = .init()
  ) -> RegistryClient {
    var configuration = HTTPClientConfiguration(connectTimeout: .seconds(2), timeout: timeout)
    configuration.proxy = proxy
    tls.apply(to: &configuration)
    return RegistryClient(
      urls: urls, http: HTTPClient(configuration: configuration), credentials: credentials,
      timeout: timeout, retries: retries)
  }
}
