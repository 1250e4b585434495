import CRdKafka

/// Keeps a producer from making a mock cluster trim what a group has not read yet.
///
/// A real cluster is never asked. Until the cluster is known only a little is let through, so that the
/// queue can't fill with more than a mock could keep.
struct RetentionGuard: ~Copyable {
  /// The group that reads a topic; others are not guarded.
  static let readers = [
    "reviews.raw": "opine-enrich", "reviews.scored": "connect-reviews-elasticsearch",
  ]
  /// Of what a partition retains this much may be unread: compressed it is less, but a batch is trimmed
  /// whole, and nothing tells how the next one compresses.
  private static let limit = MockCluster.retainedBytes * 3 / 5
  private static let limitRecords = Int64(MockCluster.retainedBatches * 4 / 5)
  /// What a record costs beside its key and value.
  private static let overhead = 70
  private static let creditWhileUnknown = 1 << 20

  private enum State { case unknown, real, mock }

  /// How much may still be produced to a topic, and what its records have cost so far.
  private struct Account {
    var credit = 0
    var bytes = 0
    var records = 0
    var askAgain = ContinuousClock.now

    var mean: Int { records == 0 ? 512 : max(1, bytes / records) }
  }

  private let properties: KafkaProperties
  private var state = State.unknown
  private var early = 0
  private var accounts: [String: Account] = [:]
  private var probes: [String: LagProbe] = [:]

  init(_ properties: KafkaProperties) { self.properties = properties }

  private static let unread =
    "the mock cluster keeps no more of what is not read yet: start `opine run`"
  private static let silent = "the cluster has not answered yet"

  /// Why the client may not produce a record of so many bytes to the topic now; nil where it may. Asks only
  /// when all that it produced before is on the broker, so that the log's end tells all.
  mutating func refusal(_ topic: String, _ count: Int, client: OpaquePointer) -> String? {
    switch state {
    case .real: return nil
    case .unknown:
      if let id = rd_kafka_clusterid(client, 0) {
        state = MockCluster.isMock(clusterID: String(cString: id)) ? .mock : .real
        rd_kafka_mem_free(client, id)
        return refusal(topic, count, client: client)
      }
      early += count + Self.overhead
      return early < Self.creditWhileUnknown ? nil : Self.silent
    case .mock:
      guard let group = Self.readers[topic] else { return nil }
      var account = accounts[topic] ?? Account()
      defer { accounts[topic] = account }
      let cost = count + Self.overhead
      if account.credit < cost {
        guard .now >= account.askAgain, rd_kafka_outq_len(client) == 0 else { return Self.unread }
        account.credit = credit(topic, group, mean: account.mean)
        account.askAgain = .now + .milliseconds(20)
        // A record larger than all that may be unread still has to pass once all is read.
        if account.credit < cost && account.credit < Self.limit { return Self.unread }
      }
      account.credit -= cost
      account.bytes += cost
      account.records += 1
      return nil
    }
  }

  /// Room in the fullest partition, since all that comes may go there; 0 where the broker does not answer.
  private mutating func credit(_ topic: String, _ group: String, mean: Int) -> Int {
    do throws(KafkaError) {
      let probe: LagProbe
      if let known = probes[topic] {
        probe = known
      } else {
        probe = try LagProbe(topic, group, properties)
      }
      probes[topic] = probe
      let unread = try probe.mostUnread()
      let bytes = Self.limit - Int(unread) * mean
      return max(0, min(bytes, Int(Self.limitRecords - unread) * mean))
    } catch {
      probes[topic] = nil
      return 0
    }
  }
}

/// Asks how far a group is behind, without joining it.
private final class LagProbe {
  private let admin: Admin
  private let reader: Consumer
  private let partitions: [TopicPartition]

  init(_ topic: String, _ group: String, _ properties: KafkaProperties) throws(KafkaError) {
    admin = try Admin(properties)
    reader = try Consumer(properties.merging(["group.id": group]) { $1 })
    let count = try admin.partitionCounts(timeoutMilliseconds: 1000)[topic] ?? 0
    partitions = (0..<count).map { TopicPartition(topic, $0) }
  }

  /// Records of the partition in which the most are unread.
  func mostUnread() throws(KafkaError) -> Int64 {
    let committed = try reader.committed(partitions, timeoutMilliseconds: 1000)
    var most: Int64 = 0
    for partition in partitions {
      let bounds = try admin.watermarks(partition, timeoutMilliseconds: 1000)
      most = max(most, bounds.high - max(committed[partition] ?? 0, bounds.low))
    }
    return most
  }
}
