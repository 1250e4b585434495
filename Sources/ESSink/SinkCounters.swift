import Connect
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
  private let records: Counter
  private let recordRate: Window
  private let times: Window

  init(connector: String, task: Int, metrics: Metrics) {
    self.connector = connector
    self.metrics = metrics
    limit = metrics.gauge(.inFlightLimit, ["connector": connector])
    bytes = metrics.counter(.bulkBytes, ["connector": connector])
    requests = metrics.counter(.bulks, ["connector": connector, "result": "sent"])
    records = metrics.counter(.recordsSent, ["connector": connector])
    let labels: KeyValuePairs = ["connector": connector, "task": String(task)]
    recordRate = metrics.window(.recordsSent, labels)
    times = metrics.window(.bulkTime, labels)
    replays = metrics.counter(.conflicts, ["connector": connector, "explained": "replay"])
    superseded = metrics.counter(.conflicts, ["connector": connector, "explained": "superseded"])
    unexplained = metrics.counter(.conflicts, ["connector": connector, "explained": "no"])
  }

  /// Records that go to Elasticsearch for the first time.
  func begun(_ count: Int) {
    records.add(count)
    recordRate.note(Double(count))
  }

  /// A bulk's answer, or its failure.
  func answered(after time: Duration) { times.note(time.seconds) }

  func sent(bytes count: Int) {
    bytes.add(count)
    requests.add()
  }

  /// A bulk without a usable answer, or actions to be sent again.
  func retried(_ reason: String, _ count: Int) {
    metrics.counter(.retries, ["connector": connector, "reason": reason]).add(count)
  }
}
