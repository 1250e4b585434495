import Foundation
import Kafka

/// `consumer.override.*` and `producer.override.*` of a connector: the Java clients' names as librdkafka
/// takes them.
///
/// What librdkafka calls the same passes; what neither knows is warned of by name and left out, so that no
/// configuration can keep a client from starting.
public struct ClientOverrides: Sendable {
  public enum Client: String, Sendable {
    case consumer
    case producer

    public var prefix: String { "\(rawValue).override." }
  }

  /// By librdkafka's names.
  public private(set) var properties: KafkaProperties = [:]
  /// `group.id`, where it is given: not librdkafka's alone to know.
  public private(set) var group: String?
  /// `auto.offset.reset=latest`: a group without commits starts at the end of the log.
  public private(set) var startsAtEnd = false
  public private(set) var problems: [ConfigProblem] = []
  public private(set) var warnings: [ConfigProblem] = []

  private let client: Client

  /// - Parameter connector: all properties of a connector.
  public init(_ client: Client, of connector: [String: String]) {
    self.client = client
    let prefix = client.prefix
    for (name, value) in connector.sorted(by: { $0.key < $1.key }) where name.hasPrefix(prefix) {
      read(String(name.dropFirst(prefix.count)), value)
    }
    files(connector)
  }

  /// Java's names that mean the same as another one of librdkafka's.
  private static let renamed = [
    "max.partition.fetch.bytes": "fetch.message.max.bytes",
    "fetch.max.wait.ms": "fetch.wait.max.ms",
    "receive.buffer.bytes": "socket.receive.buffer.bytes",
    "send.buffer.bytes": "socket.send.buffer.bytes",
    "request.timeout.ms": "socket.timeout.ms",
    "max.request.size": "message.max.bytes",
    "ssl.truststore.certificates": "ssl.ca.pem",
    "ssl.keystore.certificate.chain": "ssl.certificate.pem",
    "ssl.keystore.key": "ssl.key.pem",
  ]

  /// Names that Java's clients have and that change nothing here: why.
  private static let needless = [
    "max.poll.records": "a task reads as much as buffer.bytes has room for",
    "default.api.timeout.ms": "calls have time limits of their own",
    "enable.auto.commit": "only what is settled is committed",
    "auto.commit.interval.ms": "only what is settled is committed",
    "key.deserializer": "the connector's key.converter reads keys",
    "value.deserializer": "the connector's value.converter reads values",
    "key.serializer": "dead letters keep their bytes",
    "value.serializer": "dead letters keep their bytes",
    "transactional.id": "dead letters are not written in transactions",
    "interceptor.classes": "only a JVM runs them",
    "metric.reporters": "only a JVM runs them; /metrics has the figures",
  ]

  private static let assignors = [
    "RangeAssignor": "range", "RoundRobinAssignor": "roundrobin",
    "CooperativeStickyAssignor": "cooperative-sticky",
  ]

  private mutating func read(_ name: String, _ value: String) {
    switch name {
    case "group.id" where client == .consumer: group = value
    case "auto.offset.reset" where client == .consumer: start(value)
    case "partition.assignment.strategy": assignor(value)
    case "sasl.jaas.config": login(value)
    case "buffer.memory":
      if let bytes = Int(value), bytes > 0 {
        set("queue.buffering.max.kbytes", String(max(1, bytes / 1024)), as: name)
      } else {
        fail(name, "not a number of bytes")
      }
    case "ssl.endpoint.identification.algorithm":
      set(name, value.isEmpty ? "none" : value, as: name)
    case _ where name.hasPrefix("ssl.truststore.") && name != "ssl.truststore.certificates",
      "ssl.keystore.type", "ssl.keystore.location", "ssl.keystore.password":
      break  // read together by `files`
    default:
      if let reason = Self.needless[name] { return warn(name, "does nothing here: \(reason)") }
      set(Self.renamed[name] ?? name, value, as: name)
    }
  }

  private mutating func set(_ name: String, _ value: String, as given: String) {
    switch PropertyCheck(name, value) {
    case .accepted: properties[name] = value
    case .unknown: warn(given, "is not known and does nothing")
    case .refused: fail(given, "librdkafka takes no such value for \(name)")
    }
  }

  private mutating func start(_ value: String) {
    switch value.lowercased() {
    case "earliest": break
    case "latest": startsAtEnd = true
    default: fail("auto.offset.reset", "must be earliest or latest; gaps are the matter of on.gap")
    }
  }

  private mutating func assignor(_ value: String) {
    let names = ConfigText.list(value).map { name in
      Self.assignors[name.split(separator: ".").last.map(String.init) ?? name] ?? name
    }
    set(
      "partition.assignment.strategy", names.joined(separator: ","),
      as: "partition.assignment.strategy")
  }

  /// `…LoginModule required username="u" password="p";`
  private mutating func login(_ value: String) {
    let modules = ["PlainLoginModule", "ScramLoginModule"]
    guard modules.contains(where: value.contains), let user = Self.option("username", in: value),
      let password = Self.option("password", in: value)
    else {
      return fail(
        "sasl.jaas.config", "only PlainLoginModule and ScramLoginModule with username and password")
    }
    set("sasl.username", user, as: "sasl.jaas.config")
    set("sasl.password", password, as: "sasl.jaas.config")
  }

  /// The quoted value of a JAAS option, where `\"` and `\\` are escapes.
  private static func option(_ name: String, in text: String) -> String? {
    guard let start = text.range(of: name + "=\"")?.upperBound else { return nil }
    var value = ""
    var isEscaped = false
    for character in text[start...] {
      if isEscaped {
        value.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        return value
      } else {
        value.append(character)
      }
    }
    return nil
  }

  /// Stores of keys: PEM files, and PKCS12 for the client's own.
  private mutating func files(_ connector: [String: String]) {
    func given(_ name: String) -> String? { connector[client.prefix + name] }
    if let path = given("ssl.truststore.location") {
      if given("ssl.truststore.type")?.uppercased() == "PEM" || path.hasSuffix(".pem") {
        set("ssl.ca.location", path, as: "ssl.truststore.location")
      } else {
        fail(
          "ssl.truststore.location", "only PEM can be read: export the certificates to a PEM file")
      }
    }
    guard let path = given("ssl.keystore.location") else { return }
    switch given("ssl.keystore.type")?.uppercased() {
    case "PEM":
      set("ssl.certificate.location", path, as: "ssl.keystore.location")
      set("ssl.key.location", path, as: "ssl.keystore.location")
    case "PKCS12":
      set("ssl.keystore.location", path, as: "ssl.keystore.location")
      if let password = given("ssl.keystore.password") {
        set("ssl.keystore.password", password, as: "ssl.keystore.password")
      }
    default: fail("ssl.keystore.type", "JKS can't be read: convert it to PKCS12 or PEM")
    }
  }

  private mutating func fail(_ name: String, _ problem: String) {
    problems.append(ConfigProblem(client.prefix + name, problem))
  }

  private mutating func warn(_ name: String, _ problem: String) {
    warnings.append(ConfigProblem(client.prefix + name, problem))
  }
}
