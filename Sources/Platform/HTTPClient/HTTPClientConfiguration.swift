/// How one `HTTPClient` connects; fixed for its life.
public struct HTTPClientConfiguration: Sendable {
  /// TCP and TLS together, name lookup included.
  public var connectTimeout: Duration = .seconds(2)
  /// A whole request, waiting for a free connection included, where the request names none.
  public var timeout: Duration = .seconds(60)
  /// PEM file of the certificate authorities to trust instead of the system's.
  public var caFile: String?
  /// The same as PEM text; counts before the file.
  public var caText: String?
  /// PEM files of the client's own certificate and its key.
  public var clientCertificate: String?
  public var clientKey: String?
  /// Both as PEM texts; count before the files.
  public var clientCertificateText: String?
  public var clientKeyText: String?
  /// `clientCertificate` is PKCS12 with the key in it.
  public var clientIsPKCS12 = false
  /// Of the key, or of the PKCS12 file.
  public var clientKeyPassword: String?
  /// The server's certificate must be for the name in the URL. Switch off for tests only.
  public var verifyHost = true
  /// The server's certificate must be signed by a trusted authority. Switch off for tests only.
  public var verifyPeer = true
  /// URL of an HTTP proxy. nil goes straight to the server, whatever the environment says.
  public var proxy: String?
  /// `user:password` at the proxy.
  public var proxyUser: String?
  /// Further requests to the same host wait, in order.
  public var maximumConnectionsPerHost = 8
  /// A longer answer fails with `responseTooLarge`.
  public var maximumResponseBytes = 64 << 20
  public var userAgent = "opine/0.1"

  public init() {}

  public init(connectTimeout: Duration = .seconds(2), timeout: Duration) {
    self.connectTimeout = connectTimeout
    self.timeout = timeout
  }
}

extension Duration {
  /// Whole milliseconds, at least 1 for anything above zero, as curl's options want them.
  var milliseconds: Int {
    let (seconds, attoseconds) = components
    let whole = Int(clamping: seconds).multipliedReportingOverflow(by: 1000)
    if whole.overflow { return Int(Int32.max) }
    let total = whole.partialValue + Int(attoseconds / 1_000_000_000_000_000)
    return min(max(total, self > .zero ? 1 : 0), Int(Int32.max))
  }
}
