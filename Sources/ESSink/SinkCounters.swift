import Telemetry

/// The sink's metrics, made once.
struct SinkCounters {
  let limit: Gauge
  let replays: Counter
  let superseded: Counter
  let unexplained: Counter
  private let connector: String
  private let metrics: Metrics
  private let bytes: Counter
  private let requests: Counter

  init(connector: String, metrics: Metrics) {
    self.connector = connector
    self.metrics = metrics
    limit = metrics.gauge(.inFlightLimit, ["connector": connector])
    bytes = metrics.counter(.bulkBytes, ["connector": connector])
    requests = metrics.counter(.bulks, ["connector": connector, "result": "sent"])
    replays = metrics.counter(.conflicts, ["connector": connector, "explained": "replay"])
    superseded = metrics.counter(.conflicts, ["connector": connector, "explained": "superseded"])
    unexplained = metrics.counter(.conflicts, ["connector": connector, "explained": "no"])
  }

  func sent(bytes count: Int) {
    bytes.add(count)
    requests.add()
  }

  /// A bulk without a usable answer, or actions to be sent again.
  func retried(_ reason: String, _ count: Int) {
    metrics.counter(.retries, ["connector": connector, "reason": reason]).add(count)
  }
}
