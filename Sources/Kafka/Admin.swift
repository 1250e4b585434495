import CRdKafka

/// A topic to be made.
public struct NewTopic: Sendable, Equatable {
  public let name: String
  public let partitions: Int32
  public let replication: Int32
  public let settings: [String: String]

  public init(
    _ name: String, partitions: Int32, replication: Int32, settings: [String: String] = [:]
  ) {
    self.name = name
    self.partitions = partitions
    self.replication = replication
    self.settings = settings
  }
}

/// Questions to the cluster, and the making of topics. Every call blocks up to its timeout.
public struct Admin: ~Copyable {
  let client: ClientHandle

  public init(_ properties: KafkaProperties) throws(KafkaError) {
    let defaults = ["allow.auto.create.topics": "false", "client.id": "opine"]
    client = try ClientHandle(RD_KAFKA_PRODUCER, defaults.merging(properties) { $1 }, events: 0)
  }

  /// The cluster's id; nil where it can't be had in time.
  public func clusterID(timeoutMilliseconds: Int32 = 5000) -> String? {
    guard let text = rd_kafka_clusterid(client.raw, timeoutMilliseconds) else { return nil }
    defer { rd_kafka_mem_free(client.raw, text) }
    return String(cString: text)
  }

  /// The number of partitions of each topic that exists (of all, where `topics` is nil).
  public func partitionCounts(
    timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) -> [String: Int32] {
    var found: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(client.raw, 1, nil, &found, timeoutMilliseconds)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else {
      throw KafkaError(code, "read the cluster's metadata")
    }
    defer { rd_kafka_metadata_destroy(found) }
    var counts: [String: Int32] = [:]
    for index in 0..<Int(found.pointee.topic_cnt) {
      let topic = found.pointee.topics[index]
      if topic.err == RD_KAFKA_RESP_ERR_NO_ERROR {
        counts[String(cString: topic.topic)] = topic.partition_cnt
      }
    }
    return counts
  }

  /// The number of brokers, which bounds the replication factor.
  public func brokerCount(timeoutMilliseconds: Int32 = 5000) throws(KafkaError) -> Int {
    var found: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(client.raw, 0, nil, &found, timeoutMilliseconds)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else {
      throw KafkaError(code, "read the cluster's metadata")
    }
    defer { rd_kafka_metadata_destroy(found) }
    return Int(found.pointee.broker_cnt)
  }

  public func watermarks(
    _ place: TopicPartition, timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) -> Watermarks {
    try queryWatermarks(client.raw, place, timeoutMilliseconds)
  }

  /// The topic's settings in force, by Kafka's names (`cleanup.policy`); a secret one is left out.
  ///
  /// Throws `_TIMED_OUT` or `_UNSUPPORTED_FEATURE` where the cluster takes no such question, as the mock
  /// cluster.
  public func settings(
    topic: String, timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) -> [String: String] {
    let operation = "read the settings of \(topic)"
    guard let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic),
      let options = rd_kafka_AdminOptions_new(client.raw, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)
    else { throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, operation) }
    defer { rd_kafka_AdminOptions_destroy(options) }
    defer { rd_kafka_ConfigResource_destroy(resource) }
    var reason = [CChar](repeating: 0, count: 512)
    rd_kafka_AdminOptions_set_request_timeout(
      options, timeoutMilliseconds, &reason, reason.count)
    let queue = EventQueue(consuming: rd_kafka_queue_new(client.raw))
    var list: [OpaquePointer?] = [resource]
    rd_kafka_DescribeConfigs(client.raw, &list, 1, options, queue.raw)
    guard let event = rd_kafka_queue_poll(queue.raw, timeoutMilliseconds + 500) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, operation)
    }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    var count = 0
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR,
      let result = rd_kafka_event_DescribeConfigs_result(event),
      let resources = rd_kafka_DescribeConfigs_result_resources(result, &count), count > 0,
      let found = resources[0]
    else { throw KafkaError(code, operation) }
    let refused = rd_kafka_ConfigResource_error(found)
    guard refused == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(refused, operation) }
    return Self.entries(found)
  }

  private static func entries(_ resource: OpaquePointer) -> [String: String] {
    var count = 0
    guard let entries = rd_kafka_ConfigResource_configs(resource, &count) else { return [:] }
    var settings: [String: String] = [:]
    for index in 0..<count {
      guard let entry = entries[index], let name = rd_kafka_ConfigEntry_name(entry),
        let value = rd_kafka_ConfigEntry_value(entry)
      else { continue }
      settings[String(cString: name)] = String(cString: value)
    }
    return settings
  }

  /// Makes the topic; one that exists already is left as it is.
  public func create(_ topic: NewTopic, timeoutMilliseconds: Int32 = 15000) throws(KafkaError) {
    var reason = [CChar](repeating: 0, count: 512)
    guard
      let wanted = rd_kafka_NewTopic_new(
        topic.name, topic.partitions, topic.replication, &reason, reason.count)
    else { throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, "describe topic \(topic.name)") }
    defer { rd_kafka_NewTopic_destroy(wanted) }
    for (name, value) in topic.settings { rd_kafka_NewTopic_set_config(wanted, name, value) }
    let queue = EventQueue(consuming: rd_kafka_queue_new(client.raw))
    var list: [OpaquePointer?] = [wanted]
    rd_kafka_CreateTopics(client.raw, &list, 1, nil, queue.raw)
    guard let event = rd_kafka_queue_poll(queue.raw, timeoutMilliseconds) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "make topic \(topic.name)")
    }
    defer { rd_kafka_event_destroy(event) }
    var code = rd_kafka_event_error(event)
    var count = 0
    if let result = rd_kafka_event_CreateTopics_result(event),
      let topics = rd_kafka_CreateTopics_result_topics(result, &count), count > 0
    {
      code = rd_kafka_topic_result_error(topics[0])
    }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS {
      throw KafkaError(code, "make topic \(topic.name)")
    }
  }
}
