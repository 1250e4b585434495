import CRdKafka

/// librdkafka's mock cluster of one broker in this process: a Kafka for tests and for a laptop.
///
/// Other processes of this machine may connect. It differs from Kafka: the log is in memory and ends with
/// the process, the port is a free one, there is no admin API (topics are made here), no transactions, and
/// a partition keeps only `retainedBytes` of compressed batches or `retainedBatches` of them
/// (rdkafka_mock.c); a `Producer` holds back before what a known group has not read is trimmed.
public struct MockCluster: ~Copyable {
  static let retainedBytes = 5 << 20
  static let retainedBatches = 100_000

  private let client: ClientHandle
  private let cluster: OpaquePointer
  /// `HOST:PORT` for `bootstrap.servers`.
  public let address: String

  public init() throws(KafkaError) {
    let made = try ClientHandle(RD_KAFKA_PRODUCER, ["client.id": "opine-mock"], events: 0)
    guard let cluster = rd_kafka_mock_cluster_new(made.raw, 1),
      let servers = rd_kafka_mock_cluster_bootstraps(cluster)
    else { throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, "start a mock cluster") }
    client = made
    self.cluster = cluster
    address = String(cString: servers)
  }

  deinit { rd_kafka_mock_cluster_destroy(cluster) }

  /// A topic that exists already is left as it is.
  public func create(_ topic: String, partitions: Int32) throws(KafkaError) {
    let code = rd_kafka_mock_topic_create(cluster, topic, partitions, 1)
    if code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS {
      throw KafkaError(code, "make topic \(topic)")
    }
  }

  /// Whether a cluster of that id is a mock.
  public static func isMock(clusterID: String) -> Bool { clusterID.hasPrefix("mockCluster") }
}
