import Connect
import Foundation

/// What properties mean together: rules over several of them, as Confluent's validator has them, and ours.
enum SinkRules {
  static func check(_ read: inout ConfigReading) {
    topics(&read)
    guard read.problems.isEmpty else { return }
    ConnectionSettings.check(&read)
    ids(&read)
    versions(&read)
    external(&read)
    streams(&read)
    batching(&read)
    converters(&read)
  }

  private static func converters(_ read: inout ConfigReading) {
    let problems = ConverterSettings.validate(read.properties)
    for problem in problems + TransformChain.validate(read.properties) {
      read.fail(problem.property, problem.problem)
    }
    for key in [SinkKey.indexFormat, SinkKey.routing, SinkKey.pipeline]
    where NameTemplate(read.text(key)) == nil {
      read.fail(
        key, "there are ${topic}, ${key}, ${field:a.b}, ${header:NAME}, ${timestamp:yyyy-MM}")
    }
  }

  private static func topics(_ read: inout ConfigReading) {
    let (topics, regex) = (ConnectorKey.topics, ConnectorKey.topicsRegex)
    let names = read.list(topics)
    let pattern = read.optional(regex)
    if names.isEmpty == (pattern == nil) {
      read.fail([topics, regex], "exactly one of topics and topics.regex must be given")
    }
    if Set(names).count != names.count { read.fail(topics, "a topic is there twice") }
    let letters = read.optional(ConnectorKey.deadLetterTopic)
    if let letters, names.contains(letters) {
      read.fail(ConnectorKey.deadLetterTopic, "must not be one of the topics")
    }
    guard let pattern else { return }
    guard let expression = try? NSRegularExpression(pattern: "^(?:\(pattern))$") else {
      return read.fail(regex, "is no regular expression")
    }
    if let letters,
      expression.firstMatch(in: letters, range: NSRange(letters.startIndex..., in: letters)) != nil
    {
      read.fail(ConnectorKey.deadLetterTopic, "must not match topics.regex")
    }
  }

  static func connection(_ read: inout ConfigReading) {
    let user = read.optional(SinkKey.username) != nil
    if user != (read.optional(SinkKey.password) != nil) {
      read.fail([SinkKey.username, SinkKey.password], "both must be given, or neither")
    }
    let ways = [SinkKey.username, SinkKey.apiKey, SinkKey.bearerToken].filter {
      read.optional($0) != nil
    }
    if ways.count > 1 { read.fail(ways, "only one way to authenticate can be used") }
    let proxyUser = read.optional(SinkKey.proxyUsername) != nil
    if proxyUser != (read.optional(SinkKey.proxyPassword) != nil) {
      read.fail([SinkKey.proxyUsername, SinkKey.proxyPassword], "both must be given, or neither")
    }
    if proxyUser && read.optional(SinkKey.proxyHost) == nil {
      read.fail(SinkKey.proxyHost, "is needed with proxy.username")
    }
    for name in SinkKey.kerberos where !(read.properties[name] ?? "").isEmpty {
      read.fail(
        name,
        "Kerberos is not supported: use basic authentication, an API key or a client certificate")
    }
  }

  static func security(_ read: inout ConfigReading) {
    let given = read.properties.keys.filter { $0.hasPrefix(SinkKey.tls.prefix) }
    let isTLS = read.text(SinkKey.protocolName).uppercased() == "SSL"
    if isTLS && given.isEmpty {
      read.fail(SinkKey.protocolName, "SSL needs at least one elastic.https. property")
    }
    if !isTLS {
      for name in given.sorted() { read.fail(name, "needs elastic.security.protocol=SSL") }
    }
    SinkKey.tls.check(&read)
  }

  private static func ids(_ read: inout ConfigReading) {
    for (all, some) in [
      (SinkKey.keyIgnore, SinkKey.topicKeyIgnore),
      (SinkKey.schemaIgnore, SinkKey.topicSchemaIgnore),
    ] where read.flag(all) && !read.list(some).isEmpty {
      read.fail([all, some], "\(some.name) says nothing where \(all.name) is true")
    }
  }

  private static func versions(_ read: inout ConfigReading) {
    switch versionSource(read) {
    case .field where read.optional(SinkKey.versionField) == nil:
      read.fail(SinkKey.versionField, "is needed with version.source=field")
    case .header where read.optional(SinkKey.versionHeader) == nil:
      read.fail(SinkKey.versionHeader, "is needed with version.source=header")
    default: break
    }
  }

  private static func external(_ read: inout ConfigReading) {
    let usage = read.choice(SinkKey.resourceUsage, ExternalResource.disabled)
    let map = resources(read)
    if (usage == .disabled) != map.isEmpty {
      return read.fail(
        [SinkKey.resourceUsage, SinkKey.resourceMap], "both must be given, or neither")
    }
    guard usage != .disabled else { return }
    let topics = Set(read.list(ConnectorKey.topics))
    if read.optional(ConnectorKey.topicsRegex) == nil, topics != Set(map.keys) {
      let left = topics.symmetricDifference(map.keys).sorted().joined(separator: ", ")
      read.fail(SinkKey.resourceMap, "must have every one of the topics and no other: \(left)")
    }
    if dataStream(read) != nil {
      read.fail(
        [SinkKey.resourceMap, SinkKey.streamDataset, SinkKey.streamType],
        "data.stream.* and the map exclude each other")
    }
  }

  private static func streams(_ read: inout ConfigReading) {
    let type = streamType(read)
    if (type != nil) != (read.optional(SinkKey.streamDataset) != nil) {
      return read.fail(
        [SinkKey.streamType, SinkKey.streamDataset], "both must be given, or neither")
    }
    let usage = read.choice(SinkKey.resourceUsage, ExternalResource.disabled)
    guard type != nil || usage.isDataStream else {
      if !read.list(SinkKey.streamTimestamp).isEmpty {
        read.fail(SinkKey.streamTimestamp, "is for data streams only")
      }
      return
    }
    if read.choice(SinkKey.writeMethod, WriteMethod.insert) == .upsert {
      read.fail(SinkKey.writeMethod, "documents of a data stream can't be updated: INSERT")
    }
    if read.choice(SinkKey.nullValues, NullValues.fail) == .delete {
      read.fail(SinkKey.nullValues, "documents of a data stream can't be deleted: IGNORE or FAIL")
    }
  }

  private static func batching(_ read: inout ConfigReading) {
    if read.int(SinkKey.linger) > read.int(SinkKey.flushTimeout) {
      read.fail(
        [SinkKey.linger, SinkKey.flushTimeout], "linger.ms must not be over flush.timeout.ms")
    }
    let (size, number) = (read.int(SinkKey.batchSize), read.int(SinkKey.inFlight))
    if read.int(SinkKey.bufferedRecords) < size * number {
      read.fail(
        [SinkKey.bufferedRecords, SinkKey.batchSize, SinkKey.inFlight],
        "max.buffered.records must be at least batch.size times max.in.flight.requests")
    }
  }

  // MARK: - Values made of several properties

  static func versionSource(_ read: ConfigReading) -> VersionSource {
    // A drop-in: naming the header is all that Confluent's sink asks for.
    let standard: VersionSource = read.optional(SinkKey.versionHeader) == nil ? .offset : .header
    return read.has(SinkKey.versionSource) ? read.choice(SinkKey.versionSource, standard) : standard
  }

  static func retryLimit(_ read: ConfigReading) -> RetryLimit {
    if !read.flag(SinkKey.retryUnlimited) { return .count(read.int(SinkKey.maxRetries)) }
    let limit = read.int(SinkKey.retryTimeout)
    return limit < 0 ? .unlimited : .time(.milliseconds(limit))
  }

  static func resources(_ read: ConfigReading) -> [String: String] {
    var map: [String: String] = [:]
    for entry in read.list(SinkKey.resourceMap) {
      let parts = entry.split(separator: ":", maxSplits: 1).map(ConfigText.trimmed)
      if parts.count == 2 { map[parts[0]] = parts[1] }
    }
    return map
  }

  private static func streamType(_ read: ConfigReading) -> String? {
    read.optional(SinkKey.streamType).flatMap { $0.lowercased() == "none" ? nil : $0 }
  }

  static func dataStream(_ read: ConfigReading) -> DataStreamSettings? {
    guard let type = streamType(read), let dataset = read.optional(SinkKey.streamDataset) else {
      return nil
    }
    return DataStreamSettings(
      type: type, dataset: dataset, namespace: read.text(SinkKey.streamNamespace))
  }

  static func deadLetters(_ read: ConfigReading) -> DeadLetterSettings? {
    read.optional(ConnectorKey.deadLetterTopic).map { topic in
      DeadLetterSettings(
        topic: topic, contextHeaders: read.flag(ConnectorKey.deadLetterHeaders),
        replication: read.has(ConnectorKey.deadLetterReplication)
          ? Int32(clamping: read.int(ConnectorKey.deadLetterReplication)) : -1)
    }
  }

  static func warnings(_ read: ConfigReading) -> [ConfigProblem] {
    var found = read.unknown(prefixes: ConnectorKey.prefixes).map { name in
      if let advice = SinkKey.removed[name] { return ConfigProblem(name, advice) }
      if SinkKey.ofTheJVM.contains(name) {
        return ConfigProblem(name, "only a JVM understands it; it does nothing here")
      }
      return ConfigProblem(name, "is not known and does nothing")
    }
    let shared = Dictionary(grouping: resources(read), by: \.value).filter { $0.value.count > 1 }
    if versionSource(read) == .offset, !read.flag(SinkKey.keyIgnore) {
      for (resource, topics) in shared.sorted(by: { $0.key < $1.key }) {
        let names = topics.map(\.key).sorted().joined(separator: ", ")
        found.append(
          ConfigProblem(
            SinkKey.resourceMap.name,
            "\(names) share \(resource): offsets of several topics do not order writes of one key; "
              + "version.source=timestamp does"))
      }
    }
    return found
  }
}

extension FaultPolicy {
  init(_ read: ConfigReading) {
    self.init()
    tolerance = read.choice(ConnectorKey.tolerance, .none)
    malformed = read.choice(SinkKey.malformed, .fail)
    dropsInvalid = read.flag(SinkKey.dropInvalid)
    logsErrors = read.flag(ConnectorKey.logErrors)
  }
}
