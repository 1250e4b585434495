import CRdKafka

/// The commits of a consumer group, as an operator reads and changes them (KIP-88, KIP-396).
///
/// A group that has members refuses changes: `UNKNOWN_MEMBER_ID` for new offsets,
/// `GROUP_SUBSCRIBED_TO_TOPIC` for deleting. Every call blocks up to its timeout.
extension Admin {
  /// Everything that the group has committed; empty for a group that nobody knows.
  public func groupOffsets(
    _ group: String, timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    guard let id = clusterID(timeoutMilliseconds: timeoutMilliseconds),
      MockCluster.isMock(clusterID: id)
    else { return try groupOffsets(group, nil, timeoutMilliseconds) }
    // A mock knows no "all".
    var places: [TopicPartition] = []
    for (topic, count) in try partitionCounts(timeoutMilliseconds: timeoutMilliseconds) {
      places += (0..<count).map { TopicPartition(topic, $0) }
    }
    let list = PartitionList(places)
    return places.isEmpty ? [:] : try groupOffsets(group, list.raw, timeoutMilliseconds)
  }

  private func groupOffsets(
    _ group: String, _ places: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
    _ timeoutMilliseconds: Int32
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    let operation = "read the offsets of group \(group)"
    let wanted = try made(rd_kafka_ListConsumerGroupOffsets_new(group, places), operation)
    defer { rd_kafka_ListConsumerGroupOffsets_destroy(wanted) }
    var list: [OpaquePointer?] = [wanted]
    var offsets: [TopicPartition: Int64] = [:]
    try call(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, operation, timeoutMilliseconds) {
      client, options, queue in
      rd_kafka_ListConsumerGroupOffsets(client, &list, 1, options, queue)
    } read: { event throws(KafkaError) in
      var count = 0
      let result = rd_kafka_event_ListConsumerGroupOffsets_result(event)
      let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count)
      for each in try Self.partitions(groups, count, operation) where each.offset >= 0 {
        offsets[each.partition] = each.offset
      }
    }
    return offsets
  }

  /// Commits for a group without members. Offsets are not compared with the log; the partitions must exist.
  public func setGroupOffsets(
    _ group: String, _ offsets: [TopicPartition: Int64], timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) {
    let operation = "set offsets of group \(group)"
    let partitions = PartitionList(offsets)
    let wanted = try made(rd_kafka_AlterConsumerGroupOffsets_new(group, partitions.raw), operation)
    defer { rd_kafka_AlterConsumerGroupOffsets_destroy(wanted) }
    var list: [OpaquePointer?] = [wanted]
    try call(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, operation, timeoutMilliseconds) {
      client, options, queue in
      rd_kafka_AlterConsumerGroupOffsets(client, &list, 1, options, queue)
    } read: { event throws(KafkaError) in
      var count = 0
      let result = rd_kafka_event_AlterConsumerGroupOffsets_result(event)
      let groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &count)
      _ = try Self.partitions(groups, count, operation)
    }
  }

  /// Takes commits away from a group without members; those that are not there are no error.
  ///
  /// Throws `_UNSUPPORTED_FEATURE` on the mock cluster, which is not asked: librdkafka 2.0.2 ends the process
  /// (`rd_kafka_enq_once_del_source_return`) where a coordinator does not know the call. Kafka does since 2.4.
  public func deleteGroupOffsets(
    _ group: String, _ places: [TopicPartition], timeoutMilliseconds: Int32 = 5000
  ) throws(KafkaError) {
    let operation = "delete offsets of group \(group)"
    guard let id = clusterID(timeoutMilliseconds: timeoutMilliseconds) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, operation)
    }
    if MockCluster.isMock(clusterID: id) {
      throw KafkaError(RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, operation)
    }
    let partitions = PartitionList(places)
    let wanted = try made(
      rd_kafka_DeleteConsumerGroupOffsets_new(group, partitions.raw), operation)
    defer { rd_kafka_DeleteConsumerGroupOffsets_destroy(wanted) }
    var list: [OpaquePointer?] = [wanted]
    try call(RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS, operation, timeoutMilliseconds) {
      client, options, queue in
      rd_kafka_DeleteConsumerGroupOffsets(client, &list, 1, options, queue)
    } read: { event throws(KafkaError) in
      var count = 0
      let result = rd_kafka_event_DeleteConsumerGroupOffsets_result(event)
      let groups = rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, &count)
      _ = try Self.partitions(groups, count, operation)
    }
  }

  private func made(
    _ request: OpaquePointer?, _ operation: String
  ) throws(KafkaError) -> OpaquePointer {
    guard let request else { throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, operation) }
    return request
  }

  /// Sends one admin request and waits for its answer.
  private func call(
    _ kind: rd_kafka_admin_op_t, _ operation: String, _ milliseconds: Int32,
    send: (OpaquePointer, OpaquePointer, OpaquePointer) -> Void,
    read: (OpaquePointer) throws(KafkaError) -> Void
  ) throws(KafkaError) {
    guard let options = rd_kafka_AdminOptions_new(client.raw, kind) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, operation)
    }
    defer { rd_kafka_AdminOptions_destroy(options) }
    var reason = [CChar](repeating: 0, count: 512)
    rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, &reason, reason.count)
    let queue = EventQueue(consuming: rd_kafka_queue_new(client.raw))
    send(client.raw, options, queue.raw)
    guard let event = rd_kafka_queue_poll(queue.raw, milliseconds + 500) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, operation)
    }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      let text = rd_kafka_event_error_string(event).map { String(cString: $0) }
      throw KafkaError(code, operation, reason: text)
    }
    try read(event)
  }

  /// The partitions of the one group that was asked about; the first refusal is thrown, with its partition.
  private static func partitions(
    _ groups: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ operation: String
  ) throws(KafkaError) -> [PartitionOffset] {
    guard let groups, count > 0, let group = groups[0] else {
      throw KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, operation)
    }
    if let error = rd_kafka_group_result_error(group) {
      throw KafkaError(rd_kafka_error_code(error), operation)
    }
    let found = PartitionList.read(rd_kafka_group_result_partitions(group))
    if let refused = found.first(where: { $0.error != RD_KAFKA_RESP_ERR_NO_ERROR }) {
      throw KafkaError(refused.error, "\(operation) in \(refused.partition)")
    }
    return found
  }
}
