import Synchronization

/// What Kafka Connect tells of the last half minute to a minute: rates, means, maxima.
///
/// Told under Connect's names alone, for dashboards that know them; who asks Prometheus itself makes the same of
/// the totals. (`org.apache.kafka.connect.runtime.ConnectMetricsRegistry`)
public enum Recent: Sendable, CaseIterable {
  /// Records, noted by batch.
  case recordsRead
  case recordsSent
  /// Seconds of one bulk request, from sending it to its answer.
  case bulkTime
  /// Seconds of one commit.
  case commitTime
  /// 1 for a commit that the broker took, else 0.
  case commits

  /// One figure of a reading.
  public struct Figure: Sendable {
    public let name: String
    public let help: String
    let value: @Sendable (Window.Reading) -> Double

    init(
      _ name: String, _ help: String, _ value: @escaping @Sendable (Window.Reading) -> Double
    ) {
      self.name = "kafka_connect_\(name)"
      self.help = help
      self.value = value
    }
  }

  public var figures: [Figure] {
    switch self {
    case .recordsRead:
      [
        Figure("sink_task_metrics_sink_record_read_rate", "Records read a second.") { $0.rate }
      ]
    case .recordsSent:
      [
        Figure("sink_task_metrics_sink_record_send_rate", "Records a second put into bulks.") {
          $0.rate
        }
      ]
    case .bulkTime:
      [
        Figure(
          "sink_task_metrics_put_batch_avg_time_ms", "Mean time of a bulk until its answer."
        ) { $0.mean * 1000 },
        Figure("sink_task_metrics_put_batch_max_time_ms", "The longest of them.") {
          $0.largest * 1000
        },
      ]
    case .commitTime:
      [
        Figure(
          "connector_task_metrics_offset_commit_avg_time_ms", "Mean time of an offset commit."
        ) { $0.mean * 1000 },
        Figure("connector_task_metrics_offset_commit_max_time_ms", "The longest of them.") {
          $0.largest * 1000
        },
      ]
    case .commits:
      [
        Figure(
          "connector_task_metrics_offset_commit_success_percentage",
          "The part of the offset commits that the broker took, from 0 to 1."
        ) { $0.mean },
        Figure(
          "connector_task_metrics_offset_commit_failure_percentage",
          "The part that it did not take."
        ) { $0.count == 0 ? 0 : 1 - $0.mean },
      ]
    }
  }
}

/// Amounts of the last half minute to a minute. Safe to share; meant for batches, not for single records.
public final class Window: Sendable {
  /// What was noted, and over which time.
  public struct Reading: Sendable, Equatable {
    var seconds = 0.0
    var count = 0
    var sum = 0.0
    /// 0 where nothing was noted.
    var largest = 0.0

    var rate: Double { seconds > 0 ? sum / seconds : 0 }
    var mean: Double { count > 0 ? sum / Double(count) : 0 }

    mutating func add(_ other: Reading) {
      count += other.count
      sum += other.sum
      largest = max(largest, other.largest)
    }
  }

  private struct State: Sendable {
    var began: ContinuousClock.Instant
    var current = Reading()
    /// The half minute before, whole; nil where there was none.
    var before: Reading?
  }

  private static let length = Duration.seconds(30)
  private let state: Mutex<State>

  public init(now: ContinuousClock.Instant = .now) { state = Mutex(State(began: now)) }

  public func note(_ amount: Double, now: ContinuousClock.Instant = .now) {
    state.withLock { state in
      Self.turn(&state, now)
      state.current.add(Reading(count: 1, sum: amount, largest: amount))
    }
  }

  public func read(now: ContinuousClock.Instant = .now) -> Reading {
    state.withLock { state in
      Self.turn(&state, now)
      var reading = state.before ?? Reading()
      reading.add(state.current)
      reading.seconds =
        (now - state.began) / .seconds(1) + (state.before == nil ? 0 : Self.length / .seconds(1))
      return reading
    }
  }

  private static func turn(_ state: inout State, _ now: ContinuousClock.Instant) {
    let halves = Int((now - state.began) / length)
    guard halves > 0 else { return }
    state.before = halves == 1 ? state.current : Reading()
    state.current = Reading()
    state.began += length * halves
  }
}
