import Testing

@testable import Telemetry

@Suite("Recent figures") struct WindowTests {
  private let start = ContinuousClock.now

  @Test("are of the last half minute to a minute") func lasting() {
    let window = Window(now: start)
    window.note(2, now: start + .seconds(10))
    window.note(4, now: start + .seconds(20))
    let early = window.read(now: start + .seconds(20))
    #expect((early.count, early.mean, early.largest) == (2, 3, 4) && early.rate == 0.3)
    window.note(6, now: start + .seconds(40))
    let both = window.read(now: start + .seconds(40))
    #expect((both.count, both.mean, both.largest) == (3, 4, 6) && both.rate == 0.3)
    let later = window.read(now: start + .seconds(70))
    #expect((later.count, later.sum, later.seconds) == (1, 6, 40))
  }

  @Test("are nothing after a long silence") func silence() {
    let window = Window(now: start)
    window.note(2, now: start)
    let reading = window.read(now: start + .seconds(95))
    #expect((reading.count, reading.sum, reading.largest, reading.rate) == (0, 0, 0, 0))
    #expect(reading.seconds == 35)
  }

  @Test("stand beside the totals under Kafka Connect's names") func exposition() {
    let metrics = Metrics()
    let labels: KeyValuePairs = ["connector": "c", "task": "0"]
    metrics.counter(.recordsSent, ["connector": "c"]).add(3)
    metrics.window(.bulkTime, labels).note(0.25)
    metrics.window(.commits, labels).note(1)
    metrics.window(.commits, labels).note(0)
    let text = metrics.exposition()
    for line in [
      "opine_records_sent_total{connector=\"c\"} 3",
      "kafka_connect_sink_task_metrics_sink_record_send_total{connector=\"c\"} 3",
      "kafka_connect_sink_task_metrics_put_batch_avg_time_ms{connector=\"c\",task=\"0\"} 250.0",
      "# TYPE kafka_connect_connector_task_metrics_offset_commit_success_percentage gauge",
      "kafka_connect_connector_task_metrics_offset_commit_failure_percentage{connector=\"c\",task=\"0\"} 0.5",
    ] {
      #expect(text.split(separator: "\n").contains(line[...]), "\(line)")
    }
  }
}
