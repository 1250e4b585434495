import HTTPClient

/// The `ssl.*` properties of Kafka's clients under a prefix: whom to trust, and what to show of oneself.
///
/// Stores are PEM files, or PKCS12 for the client's own; texts are PEM. JKS is refused by name.
/// (<https://kafka.apache.org/documentation/#producerconfigs_ssl.truststore.location>)
public struct TLSKeys: Sendable {
  /// What stands before `ssl.`, with its dot.
  public let prefix: String
  let truststore: ConfigKey
  let truststoreType: ConfigKey
  let truststorePassword: ConfigKey
  let truststoreCertificates: ConfigKey
  let keystore: ConfigKey
  let keystoreType: ConfigKey
  let keystorePassword: ConfigKey
  let keystoreKey: ConfigKey
  let keystoreChain: ConfigKey
  let keyPassword: ConfigKey
  let identification: ConfigKey

  public init(prefix: String, group: String) {
    func key(
      _ name: String, _ explanation: String, kind: ConfigKey.Kind = .string,
      standard: ConfigKey.Standard = .null, choices: [String] = []
    ) -> ConfigKey {
      ConfigKey(prefix + name, kind, standard, group: group, explanation, choices: choices)
    }
    let stores = ["PEM", "JKS", "PKCS12"]
    self.prefix = prefix
    truststore = key("ssl.truststore.location", "PEM file of trusted authorities.")
    truststoreType = key(
      "ssl.truststore.type", "PEM. JKS can't be read: export its certificates to PEM.",
      standard: .value("PEM"), choices: stores)
    truststorePassword = key(
      "ssl.truststore.password", "Accepted; PEM has none.", kind: .password)
    truststoreCertificates = key(
      "ssl.truststore.certificates", "Trusted authorities as PEM text.", kind: .password)
    keystore = key(
      "ssl.keystore.location", "PEM or PKCS12 file of the client's certificate and key.")
    keystoreType = key(
      "ssl.keystore.type", "PEM or PKCS12. JKS can't be read.", standard: .value("PEM"),
      choices: stores)
    keystorePassword = key(
      "ssl.keystore.password", "Password of a PKCS12 file.", kind: .password)
    keystoreKey = key("ssl.keystore.key", "The client's key as PEM text.", kind: .password)
    keystoreChain = key(
      "ssl.keystore.certificate.chain", "The client's certificate as PEM text.", kind: .password)
    keyPassword = key("ssl.key.password", "Password of the client's key.", kind: .password)
    identification = key(
      "ssl.endpoint.identification.algorithm",
      "https: the certificate must be for the host's name; empty: any name passes.",
      standard: .value("https"))
  }

  public var all: [ConfigKey] {
    [
      truststore, truststoreType, truststorePassword, truststoreCertificates, keystore,
      keystoreType, keystorePassword, keystoreKey, keystoreChain, keyPassword, identification,
    ]
  }

  /// Rules over several of them.
  public func check(_ read: inout ConfigReading) {
    if read.optional(truststore) != nil, read.text(truststoreType).uppercased() != "PEM" {
      read.fail(truststoreType, "only PEM can be read: export the certificates to a PEM file")
    }
    if read.optional(keystore) != nil, read.text(keystoreType).uppercased() == "JKS" {
      read.fail(keystoreType, "JKS can't be read: convert it to PKCS12 or PEM")
    }
    if (read.optional(keystoreChain) != nil) != (read.optional(keystoreKey) != nil) {
      read.fail([keystoreChain, keystoreKey], "both must be given, or neither")
    }
  }
}

/// What the properties of `TLSKeys` say, for one client.
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

  public init(_ read: ConfigReading, _ keys: TLSKeys) {
    trustedFile = read.optional(keys.truststore)
    trustedText = read.optional(keys.truststoreCertificates)
    identityFile = read.optional(keys.keystore)
    identityIsPKCS12 = read.text(keys.keystoreType).uppercased() == "PKCS12"
    identityCertificate = read.optional(keys.keystoreChain)
    identityKey = read.optional(keys.keystoreKey)
    identityPassword = read.optional(keys.keyPassword) ?? read.optional(keys.keystorePassword)
    verifiesHost = !read.text(keys.identification).isEmpty
  }

  public func apply(to configuration: inout HTTPClientConfiguration) {
    configuration.caFile = trustedFile
    configuration.caText = trustedText
    configuration.clientCertificate = identityFile
    // A PEM file has both.
    configuration.clientKey = identityIsPKCS12 ? nil : identityFile
    configuration.clientIsPKCS12 = identityIsPKCS12
    configuration.clientCertificateText = identityCertificate
    configuration.clientKeyText = identityKey
    configuration.clientKeyPassword = identityPassword
    configuration.verifyHost = verifiesHost
  }
}
