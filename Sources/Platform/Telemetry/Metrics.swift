import Synchronization

/// A number that only grows. Made once, then counted on from any thread.
public final class Counter: Sendable {
  private let value = Atomic<Int64>(0)
  public init() {}
  @inline(__always) public func add(_ amount: Int = 1) {
    value.wrappingAdd(Int64(amount), ordering: .relaxed)
  }
  public var current: Int64 { value.load(ordering: .relaxed) }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
  private let value = Atomic<Int64>(0)
  public init() {}
  public func set(_ amount: Int64) { value.store(amount, ordering: .relaxed) }
  public var current: Int64 { value.load(ordering: .relaxed) }
}

/// Every metric of the product: name, kind and meaning, declared once.
///
/// Names follow `opine_noun_unit[_total]`, units are base units (seconds, bytes).
public enum Metric: String, Sendable, CaseIterable {
  case recordsRead = "opine_records_read_total"
  case recordsSent = "opine_records_sent_total"
  case recordsSettled = "opine_records_settled_total"
  case recordsSkipped = "opine_records_skipped_total"
  case recordsGap = "opine_records_gap_total"
  case bytesUnsettled = "opine_unsettled_bytes"
  case recordsUnsettled = "opine_unsettled_records"
  case lag = "opine_lag_records"
  case lagSeconds = "opine_lag_seconds"
  case holds = "opine_holds"
  case holdsBegun = "opine_holds_begun_total"
  case commits = "opine_commits_total"
  case bulks = "opine_bulk_requests_total"
  case bulkBytes = "opine_bulk_bytes_total"
  case retries = "opine_retries_total"
  case conflicts = "opine_version_conflicts_total"
  case inFlightLimit = "opine_bulk_in_flight_limit"
  case partitions = "opine_assigned_partitions"
  case deadLetters = "opine_dead_letters_total"
  case deadLetterRequests = "opine_dead_letter_requests_total"
  case deadLetterFailures = "opine_dead_letter_failures_total"
  case tasksFailed = "opine_tasks_failed"

  public var isCounter: Bool { rawValue.hasSuffix("_total") }

  /// The name under which dashboards of Kafka Connect know the same number (its JMX attributes, as the usual
  /// exporter spells them); it is told under both.
  public var connectName: String? {
    switch self {
    case .recordsRead: "kafka_connect_sink_task_metrics_sink_record_read_total"
    case .recordsUnsettled: "kafka_connect_sink_task_metrics_sink_record_active_count"
    case .partitions: "kafka_connect_sink_task_metrics_partition_count"
    case .recordsSkipped: "kafka_connect_task_error_metrics_total_records_skipped"
    case .retries: "kafka_connect_task_error_metrics_total_retries"
    case .recordsSent: "kafka_connect_sink_task_metrics_sink_record_send_total"
    case .deadLetterRequests: "kafka_connect_task_error_metrics_deadletterqueue_produce_requests"
    case .deadLetterFailures: "kafka_connect_task_error_metrics_deadletterqueue_produce_failures"
    default: nil
    }
  }

  public var help: String {
    switch self {
    case .recordsRead: "Records read from Kafka."
    case .recordsSent: "Records put into bulks."
    case .recordsSettled: "Records that reached their end, by outcome."
    case .recordsSkipped: "Records left out by a rule of the configuration, by what met it."
    case .recordsGap: "Offsets that the broker no longer had when they were to be read."
    case .bytesUnsettled: "Bytes of records read and not yet settled."
    case .recordsUnsettled: "Records read and not yet settled."
    case .lag: "Log end minus committed offset, over the assigned partitions."
    case .lagSeconds: "Age of the record read last, by its Kafka timestamp; 0 where nothing waits."
    case .holds: "Holds in force."
    case .holdsBegun: "Holds begun, by name."
    case .commits: "Offset commits, by result."
    case .bulks: "Bulk requests sent, by result."
    case .bulkBytes: "Bytes of bulk bodies sent."
    case .retries: "Bulk actions sent again, by reason."
    case .conflicts: "Version conflicts, by what explained them."
    case .inFlightLimit: "Bulk requests that may be in flight at once, adapted to the answers."
    case .partitions: "Partitions assigned now."
    case .deadLetters: "Dead letters acknowledged by the broker, by stage."
    case .deadLetterRequests: "Dead letters given to the producer, repetitions included."
    case .deadLetterFailures: "Dead letters that the broker refused; they are sent again."
    case .tasksFailed: "Tasks that stopped and need a person."
    }
  }
}

/// The process's metrics: handles are made once and kept; reading gives Prometheus's text format.
public final class Metrics: Sendable {
  private struct Series: Hashable, Sendable {
    let metric: Metric
    let labels: String
  }
  private struct State: Sendable {
    var counters: [Series: Counter] = [:]
    var gauges: [Series: Gauge] = [:]
    var windows: [Recent: [String: Window]] = [:]
  }
  private let state = Mutex(State())

  public init() {}

  /// The counter of one label set. Label values must be few: never ids, URLs or error texts.
  public func counter(_ metric: Metric, _ labels: KeyValuePairs<String, String> = [:]) -> Counter {
    let series = Series(metric: metric, labels: Self.text(labels))
    return state.withLock { state in
      if let known = state.counters[series] { return known }
      let counter = Counter()
      state.counters[series] = counter
      return counter
    }
  }

  public func gauge(_ metric: Metric, _ labels: KeyValuePairs<String, String> = [:]) -> Gauge {
    let series = Series(metric: metric, labels: Self.text(labels))
    return state.withLock { state in
      if let known = state.gauges[series] { return known }
      let gauge = Gauge()
      state.gauges[series] = gauge
      return gauge
    }
  }

  public func window(_ recent: Recent, _ labels: KeyValuePairs<String, String>) -> Window {
    let labels = Self.text(labels)
    return state.withLock { state in
      if let known = state.windows[recent]?[labels] { return known }
      let window = Window()
      state.windows[recent, default: [:]][labels] = window
      return window
    }
  }

  /// Prometheus text exposition, version 0.0.4.
  public func exposition() -> String {
    let (counters, gauges, windows) = state.withLock { ($0.counters, $0.gauges, $0.windows) }
    var values: [Metric: [(String, Int64)]] = [:]
    for (series, counter) in counters {
      values[series.metric, default: []].append((series.labels, counter.current))
    }
    for (series, gauge) in gauges {
      values[series.metric, default: []].append((series.labels, gauge.current))
    }
    var text = ""
    for metric in Metric.allCases {
      guard let rows = values[metric] else { continue }
      for name in [metric.rawValue, metric.connectName].compactMap({ $0 }) {
        text += Self.head(name, metric.isCounter ? "counter" : "gauge", metric.help)
        for (labels, value) in rows.sorted(by: { $0.0 < $1.0 }) {
          text += "\(name)\(labels) \(value)\n"
        }
      }
    }
    for (recent, rows) in Recent.allCases.compactMap({ r in windows[r].map { (r, $0) } }) {
      let readings = rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value.read()) }
      for figure in recent.figures {
        text += Self.head(figure.name, "gauge", figure.help)
        for (labels, reading) in readings {
          text += "\(figure.name)\(labels) \(figure.value(reading))\n"
        }
      }
    }
    return text
  }

  private static func head(_ name: String, _ kind: String, _ help: String) -> String {
    "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
  }

  private static func text(_ labels: KeyValuePairs<String, String>) -> String {
    if labels.isEmpty { return "" }
    let pairs = labels.map { name, value in
      let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        .replacing("\n", with: "\\n")
      return "\(name)=\"\(escaped)\""
    }
    return "{" + pairs.joined(separator: ",") + "}"
  }
}
