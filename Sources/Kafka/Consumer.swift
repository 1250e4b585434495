import CRdKafka

/// What a poll brought.
public enum ConsumerEvent {
  case records(RecordBatch)
  /// The group gives these partitions; the group waits until `assign` answers.
  case assigned([TopicPartition])
  /// The group asks these back; it waits until `unassign` answers. `lost`: already somebody else's.
  case revoked([TopicPartition], lost: Bool)
  /// Everything up to `next` was read: the log ends there for now.
  case endOfPartition(TopicPartition, next: Int64)
  /// The offset to read is not in the log any more, or not yet.
  case offsetOutOfRange(TopicPartition, offset: Int64)
  case committed([TopicPartition: Int64], KafkaError?)
  case error(KafkaError)
}

/// A consumer of one group in event mode: everything that happens comes out of `poll`, on the caller's
/// thread, and a rebalance waits for the caller's answer.
///
/// Not thread-safe: it belongs to one thread or actor. `waker` may be used from anywhere.
public struct Consumer: ~Copyable {
  let client: SharedClient
  private let queue: EventQueue
  public let waker: Waker

  /// What the product needs whatever else is configured: no offset is stored or committed by itself, a
  /// missing offset is an error and never a silent jump, and the end of a partition is told.
  private static let fixed: KafkaProperties = [
    "enable.auto.commit": "false", "enable.auto.offset.store": "false",
    "auto.offset.reset": "error", "enable.partition.eof": "true",
  ]
  private static let defaults: KafkaProperties = [
    "partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": "10000",
    "heartbeat.interval.ms": "2000", "queued.max.messages.kbytes": "8192",
    "fetch.message.max.bytes": "1048576", "fetch.wait.max.ms": "100",
    "fetch.error.backoff.ms": "100", "reconnect.backoff.max.ms": "1000",
    "max.poll.interval.ms": "300000", "socket.timeout.ms": "10000",
    "topic.metadata.refresh.interval.ms": "10000",
    "allow.auto.create.topics": "false", "client.id": "opine",
  ]

  public init(_ properties: KafkaProperties) throws(KafkaError) {
    var all = Self.defaults.merging(properties) { $1 }
    all.merge(Self.fixed) { $1 }
    let events =
      RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR
      | RD_KAFKA_EVENT_FETCH
    let made = try ClientHandle(RD_KAFKA_CONSUMER, all, events: events)
    rd_kafka_poll_set_consumer(made.raw)
    guard let consumerQueue = rd_kafka_queue_get_consumer(made.raw),
      let reference = rd_kafka_queue_get_consumer(made.raw)
    else { throw KafkaError(RD_KAFKA_RESP_ERR__STATE, "get the consumer's queue") }
    client = SharedClient(made)
    queue = EventQueue(consuming: consumerQueue)
    waker = Waker(consuming: reference)
  }

  public func subscribe(_ topics: [String]) throws(KafkaError) {
    let list = PartitionList(topics: topics)
    client.membership.hasSubscribed = true
    try check(
      rd_kafka_subscribe(client.raw, list.raw), "subscribe to \(topics.joined(separator: ","))")
  }

  /// Waits up to `milliseconds` for something to happen, then takes what is there without waiting.
  ///
  /// Records come as one batch per run of one partition, at most `maximumRecords` in all, in the order
  /// in which the broker's answers came. Ends early when `waker` is used.
  public func poll(
    maximumRecords: Int, milliseconds: Int32, _ handle: (ConsumerEvent) -> Void
  ) {
    var run: RecordBatch?
    var left = maximumRecords
    var wait = milliseconds
    while left > 0, let event = rd_kafka_queue_poll(queue.raw, wait) {
      wait = 0
      if rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH {
        guard let message = rd_kafka_event_message_next(event) else {
          rd_kafka_event_destroy(event)
          continue
        }
        left -= 1
        if let open = run, open.source.partition == message.pointee.partition,
          open.handle == message.pointee.rkt
        {
          open.append(event: event, message)
          continue
        }
        if let open = run { handle(.records(open)) }
        let topic = String(cString: rd_kafka_topic_name(message.pointee.rkt))
        let next = RecordBatch(
          source: TopicPartition(topic, message.pointee.partition), capacity: min(left + 1, 512),
          of: client)
        next.append(event: event, message)
        run = next
        continue
      }
      if let open = run { handle(.records(open)) }
      run = nil
      if let told = Self.read(event, client) { handle(told) }
      rd_kafka_event_destroy(event)
    }
    if let open = run { handle(.records(open)) }
  }

  private static func read(
    _ event: OpaquePointer, _ client: SharedClient
  ) -> ConsumerEvent? {
    let error = rd_kafka_event_error(event)
    switch rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_REBALANCE:
      let list = PartitionList.read(rd_kafka_event_topic_partition_list(event)).map(\.partition)
      if error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
        client.membership.wasAssigned = true
        return .assigned(list)
      }
      return .revoked(list, lost: rd_kafka_assignment_lost(client.raw) != 0)
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      var offsets: [TopicPartition: Int64] = [:]
      var failed = error
      for each in PartitionList.read(rd_kafka_event_topic_partition_list(event))
      where each.offset >= 0 {
        offsets[each.partition] = each.offset
        if each.error != RD_KAFKA_RESP_ERR_NO_ERROR { failed = each.error }
      }
      let failure =
        failed == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(failed, "commit offsets")
      return .committed(offsets, failure)
    case RD_KAFKA_EVENT_ERROR:
      return readError(event, error, client.raw)
    default:
      return nil
    }
  }

  private static func readError(
    _ event: OpaquePointer, _ code: rd_kafka_resp_err_t, _ client: OpaquePointer
  ) -> ConsumerEvent {
    if let raw = rd_kafka_event_topic_partition(event) {
      defer { rd_kafka_topic_partition_destroy(raw) }
      let place = PartitionOffset(raw.pointee)
      if code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
        return .endOfPartition(place.partition, next: place.offset)
      }
      if code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
        || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE
      {
        return .offsetOutOfRange(place.partition, offset: place.offset)
      }
      let reason = rd_kafka_event_error_string(event).map { String(cString: $0) }
      return .error(KafkaError(code, "read \(place.partition)", reason: reason))
    }
    let reason = rd_kafka_event_error_string(event).map { String(cString: $0) }
    if code == RD_KAFKA_RESP_ERR__FATAL {
      var text = [CChar](repeating: 0, count: 512)
      let inner = rd_kafka_fatal_error(client, &text, text.count)
      return .error(KafkaError(inner, "consume (fatal)", reason: reason))
    }
    return .error(KafkaError(code, "consume", reason: reason))
  }

  /// Answers `assigned`: reading starts at these offsets.
  public func assign(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
    let list = PartitionList(offsets)
    if isCooperative {
      try check(rd_kafka_incremental_assign(client.raw, list.raw), "assign")
    } else {
      try check(rd_kafka_assign(client.raw, list.raw), "assign")
    }
  }

  /// Takes these partitions by hand, outside any group.
  public func assignAlone(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
    let list = PartitionList(offsets)
    try check(rd_kafka_assign(client.raw, list.raw), "assign")
  }

  /// Answers `revoked`.
  public func unassign(_ partitions: [TopicPartition]) throws(KafkaError) {
    let list = PartitionList(partitions)
    if isCooperative {
      try check(rd_kafka_incremental_unassign(client.raw, list.raw), "unassign")
    } else {
      try check(rd_kafka_assign(client.raw, nil), "unassign")
    }
  }

  private var isCooperative: Bool {
    rd_kafka_rebalance_protocol(client.raw).map { String(cString: $0) } == "COOPERATIVE"
  }

  public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
    let list = PartitionList(partitions)
    try check(rd_kafka_pause_partitions(client.raw, list.raw), "pause")
  }

  public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
    let list = PartitionList(partitions)
    try check(rd_kafka_resume_partitions(client.raw, list.raw), "resume")
  }

  /// Sends offsets to the group; the answer comes as `committed` out of `poll`.
  public func commit(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
    let list = PartitionList(offsets)
    try check(
      rd_kafka_commit_queue(client.raw, list.raw, queue.raw, nil, nil), "commit offsets")
  }

  /// Sends offsets and waits for the group's answer.
  public func commitAndWait(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
    let list = PartitionList(offsets)
    try check(rd_kafka_commit(client.raw, list.raw, 0), "commit offsets")
  }

  /// The group's committed offsets; partitions without one are absent. Asks the broker; blocks.
  public func committed(
    _ partitions: [TopicPartition], timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    let list = PartitionList(partitions)
    try check(
      rd_kafka_committed(client.raw, list.raw, timeoutMilliseconds), "read committed offsets")
    var offsets: [TopicPartition: Int64] = [:]
    for each in PartitionList.read(list.raw) where each.offset >= 0 {
      offsets[each.partition] = each.offset
    }
    return offsets
  }

  /// Asks the broker for the log's bounds; blocks.
  public func watermarks(
    _ place: TopicPartition, timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) -> Watermarks {
    try queryWatermarks(client.raw, place, timeoutMilliseconds)
  }

  /// Whether a broker answers; blocks up to the time.
  public func ping(timeoutMilliseconds: Int32) throws(KafkaError) {
    try Kafka.ping(client.raw, timeoutMilliseconds)
  }

  /// The log's bounds as the last answers of the broker told them; asks nobody. Nil before the first.
  public func knownWatermarks(_ place: TopicPartition) -> Watermarks? {
    var low: Int64 = -1
    var high: Int64 = -1
    let code = rd_kafka_get_watermark_offsets(
      client.raw, place.topic, place.partition, &low, &high)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0 else { return nil }
    return Watermarks(low: max(low, 0), high: high)
  }

  /// The cluster's id; nil where it can't be had in time. Blocks.
  public func clusterID(timeoutMilliseconds: Int32 = 5000) -> String? {
    guard let text = rd_kafka_clusterid(client.raw, timeoutMilliseconds) else { return nil }
    defer { rd_kafka_mem_free(client.raw, text) }
    return String(cString: text)
  }

  /// The topic's number of partitions. Asks the broker; blocks.
  public func partitionCount(
    of topic: String, timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) -> Int {
    let operation = "count the partitions of \(topic)"
    guard let handle = rd_kafka_topic_new(client.raw, topic, nil) else {
      throw KafkaError(rd_kafka_last_error(), operation)
    }
    defer { rd_kafka_topic_destroy(handle) }
    var found: UnsafePointer<rd_kafka_metadata>?
    try check(
      rd_kafka_metadata(client.raw, 0, handle, &found, timeoutMilliseconds), operation)
    guard let found else { throw KafkaError(RD_KAFKA_RESP_ERR__PARTIAL, operation) }
    defer { rd_kafka_metadata_destroy(found) }
    guard found.pointee.topic_cnt == 1 else {
      throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, operation)
    }
    try check(found.pointee.topics[0].err, operation)
    return Int(found.pointee.topics[0].partition_cnt)
  }

  /// Goes on reading at another offset of an assigned partition, also after `offsetOutOfRange`.
  ///
  /// librdkafka stops a partition whose offset is gone and then refuses to seek in it (`_STATE`), so such
  /// a partition is taken anew; the group does not notice.
  public func seek(_ place: TopicPartition, to offset: Int64) throws(KafkaError) {
    let operation = "seek in \(place) to \(offset)"
    let list = PartitionList([place: offset])
    try check(rd_kafka_seek_partitions(client.raw, list.raw, 5000), operation)
    // What a partition refuses stands in the list alone.
    guard let refused = PartitionList.read(list.raw).first?.error else { return }
    guard refused == RD_KAFKA_RESP_ERR__STATE else { return try check(refused, operation) }
    let anew = PartitionList([place: offset])
    try check(rd_kafka_incremental_unassign(client.raw, anew.raw), operation)
    try check(rd_kafka_incremental_assign(client.raw, anew.raw), operation)
  }

  /// Gives the group's partitions back and tells the group so, which also a static member does here and not
  /// in `close`: afterwards the group has this member no more. Blocks at most about `milliseconds`.
  public func leave(milliseconds: Int64) {
    let hasPartitions = isAssigned
    guard rd_kafka_unsubscribe(client.raw) == RD_KAFKA_RESP_ERR_NO_ERROR, hasPartitions else {
      return
    }
    let clock = ContinuousClock()
    let deadline = clock.now + .milliseconds(milliseconds)
    while isAssigned, clock.now < deadline {
      giveUpNext()
    }
  }

  /// Answers whatever the group says by having nothing: it waits for the answer, and `close` with it.
  private func giveUpNext() {
    guard let event = rd_kafka_queue_poll(queue.raw, 50) else { return }
    switch Self.read(event, client) {
    case .assigned: try? assign([:])
    case .revoked(let places, _): try? unassign(places)
    default: break
    }
    rd_kafka_event_destroy(event)
  }

  private var isAssigned: Bool {
    var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    guard rd_kafka_assignment(client.raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
      return false
    }
    defer { rd_kafka_topic_partition_list_destroy(list) }
    return list.pointee.cnt > 0
  }

  /// Leaves the group (a static member keeps its place) and serves the last rebalance; blocks at most
  /// about `milliseconds`. Nothing is committed here.
  public func close(milliseconds: Int64) {
    if let error = rd_kafka_consumer_close_queue(client.raw, queue.raw) {
      rd_kafka_error_destroy(error)
      return
    }
    let clock = ContinuousClock()
    let deadline = clock.now + .milliseconds(milliseconds)
    while rd_kafka_consumer_closed(client.raw) == 0, clock.now < deadline {
      giveUpNext()
    }
  }

  private func check(_ code: rd_kafka_resp_err_t, _ operation: String) throws(KafkaError) {
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, operation) }
  }

  /// The incremental calls answer with an error object.
  private func check(_ error: OpaquePointer?, _ operation: String) throws(KafkaError) {
    if let error { throw KafkaError(consuming: error, operation) }
  }
}

/// Whether a broker answers within the time.
func ping(_ client: OpaquePointer, _ timeout: Int32) throws(KafkaError) {
  var found: UnsafePointer<rd_kafka_metadata>?
  let code = rd_kafka_metadata(client, 0, nil, &found, timeout)
  if let found { rd_kafka_metadata_destroy(found) }
  guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, "reach a broker") }
}

/// Asks first whether a broker answers: librdkafka 2.0.2's query keeps to its time limit only while it
/// looks for the leader, then waits for the request, which a broker that is down holds up for a minute.
func queryWatermarks(
  _ client: OpaquePointer, _ place: TopicPartition, _ timeout: Int32
) throws(KafkaError) -> Watermarks {
  try ping(client, timeout)
  var low: Int64 = 0
  var high: Int64 = 0
  let code = rd_kafka_query_watermark_offsets(
    client, place.topic, place.partition, &low, &high, timeout)
  guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
    throw KafkaError(code, "read the bounds of \(place)")
  }
  return Watermarks(low: low, high: high)
}
