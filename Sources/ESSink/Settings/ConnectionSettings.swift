import Connect
import Elasticsearch
import HTTPClient

/// How a task reaches Elasticsearch.
public struct ConnectionSettings: Sendable {
  public let urls: [String]
  public let credentials: HTTPCredentials?
  public let headers: [(name: String, value: String)]
  public let compresses: Bool
  public let connectTimeout: Duration
  public let readTimeout: Duration
  /// `http://host:port`; nil: none.
  public let proxy: String?
  public let proxyUser: String?
  public let tls: TLSSettings

  init(_ read: ConfigReading) {
    urls = read.list(SinkKey.url)
    if let user = read.optional(SinkKey.username) {
      credentials = .basic(user: user, password: read.text(SinkKey.password))
    } else if let key = read.optional(SinkKey.apiKey) {
      credentials = .apiKey(key)
    } else if let token = read.optional(SinkKey.bearerToken) {
      credentials = .bearer(token: token)
    } else {
      credentials = nil
    }
    headers = read.list(SinkKey.headers).compactMap { entry in
      let parts = entry.split(separator: ":", maxSplits: 1).map(ConfigText.trimmed)
      return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
    compresses = read.flag(SinkKey.compression)
    connectTimeout = read.milliseconds(SinkKey.connectTimeout)
    readTimeout = read.milliseconds(SinkKey.readTimeout)
    proxy = read.optional(SinkKey.proxyHost).map { host in
      "http://\(host):\(read.int(SinkKey.proxyPort))"
    }
    proxyUser = read.optional(SinkKey.proxyUsername).map { user in
      "\(user):\(read.text(SinkKey.proxyPassword))"
    }
    tls = TLSSettings(read)
  }
}

extension SinkSettings {
  /// A client of the task's own.
  public func client() -> ElasticsearchClient {
    var configuration = HTTPClientConfiguration()
    configuration.connectTimeout = connection.connectTimeout
    configuration.timeout = connection.readTimeout
    configuration.maximumConnectionsPerHost = inFlight + 2
    configuration.proxy = connection.proxy
    configuration.proxyUser = connection.proxyUser
    let tls = connection.tls
    configuration.caFile = tls.trustedFile
    configuration.caText = tls.trustedText
    configuration.clientCertificate = tls.identityFile
    // A PEM file has both.
    configuration.clientKey = tls.identityIsPKCS12 ? nil : tls.identityFile
    configuration.clientIsPKCS12 = tls.identityIsPKCS12
    configuration.clientCertificateText = tls.identityCertificate
    configuration.clientKeyText = tls.identityKey
    configuration.clientKeyPassword = tls.identityPassword
    configuration.verifyHost = tls.verifiesHost
    return ElasticsearchClient(
      urls: connection.urls, http: HTTPClient(configuration: configuration),
      credentials: connection.credentials, headers: connection.headers)
  }
}

/// The elastic.https.* properties. Texts and files are PEM, the key store may be PKCS12.
public struct TLSSettings: Sendable {
  public let trustedFile: String?
  public let trustedText: String?
  public let identityFile: String?
  /// Whether `identityFile` is PKCS12 instead of PEM.
  public let identityIsPKCS12: Bool
  public let identityCertificate: String?
  public let identityKey: String?
  public let identityPassword: String?
  public let verifiesHost: Bool

  init(_ read: ConfigReading) {
    trustedFile = read.optional(SinkKey.truststore)
    trustedText = read.optional(SinkKey.truststoreCertificates)
    identityFile = read.optional(SinkKey.keystore)
    identityIsPKCS12 = read.text(SinkKey.keystoreType).uppercased() == "PKCS12"
    identityCertificate = read.optional(SinkKey.keystoreChain)
    identityKey = read.optional(SinkKey.keystoreKey)
    identityPassword =
      read.optional(SinkKey.keyPassword) ?? read.optional(SinkKey.keystorePassword)
    verifiesHost = !read.text(SinkKey.identification).isEmpty
  }
}
