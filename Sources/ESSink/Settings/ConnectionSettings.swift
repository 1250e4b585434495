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

  /// The properties that say so.
  public static let keys = SinkKey.connection + SinkKey.tls.all

  /// Rules over several of them.
  public static func check(_ read: inout ConfigReading) {
    SinkRules.connection(&read)
    SinkRules.security(&read)
  }

  /// - Parameter urls: instead of those that the properties name.
  public init(_ read: ConfigReading, urls: [String]? = nil) {
    self.urls = urls ?? read.list(SinkKey.url)
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
    tls = TLSSettings(read, SinkKey.tls)
  }
}

extension ConnectionSettings {
  /// A client of one's own.
  ///
  /// - Parameter connections: to one address at most.
  public func client(connections: Int = 8) -> ElasticsearchClient {
    var configuration = HTTPClientConfiguration(
      connectTimeout: connectTimeout, timeout: readTimeout)
    configuration.maximumConnectionsPerHost = connections
    configuration.proxy = proxy
    configuration.proxyUser = proxyUser
    tls.apply(to: &configuration)
    return ElasticsearchClient(
      urls: urls, http: HTTPClient(configuration: configuration), credentials: credentials,
      headers: headers)
  }
}

extension SinkSettings {
  /// A client of the task's own.
  public func client() -> ElasticsearchClient { connection.client(connections: inFlight + 2) }
}
