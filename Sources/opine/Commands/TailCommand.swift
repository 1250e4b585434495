import Ingest
import Kafka

/// `opine tail`: scored reviews as they come, a line each.
enum TailCommand {
  static let fromStart = Option(flag: "from-start", "begin with what the topic has already")
  static let limit = Option(
    "limit", .number(0...10_000), "N", standard: "0", short: "n",
    "end after so many reviews; 0: when stopped")
  private static let topic = PipelineParts.scored

  static let command = Command(
    "tail", "follow scored reviews as they come",
    options: [.kafka, .registry, fromStart, SearchCommand.label, limit, .json],
    example: "opine tail --label negative"
  ) { invocation in
    try await onThread {
      do { return try follow(invocation) } catch let error as KafkaError {
        throw unreachable(error, "\(topic) can't be followed")
      }
    }
  }

  /// Reads the partitions that the topic has now, by hand: no group is joined, nothing is committed.
  private static func follow(_ invocation: Invocation) throws -> ExitCode {
    var printer = TailPrinter(
      schemas: SchemaReading(registryClient(invocation), for: "\(topic) can't be read"),
      label: try SearchCommand.labelOption(invocation),
      limit: try invocation.number(limit), json: invocation.flag(.json))
    let isFromStart = invocation.flag(fromStart)
    let bounds = try TopicBounds(topic, invocation.kafkaProperties).bounds
    var properties = invocation.kafkaProperties
    // librdkafka wants a group's name even where none is joined.
    properties["group.id"] = "opine-tail"
    let consumer = try Consumer(properties)
    try consumer.assignAlone(bounds.mapValues { isFromStart ? $0.low : $0.high })
    let stop = StopRequest()
    let waker = consumer.waker
    let signals = Signals {
      stop.stop()
      waker.wake()
    }
    defer { withExtendedLifetime(signals) {} }
    Terminal.say(
      "following \(topic) at \(invocation.text(.kafka)) from "
        + (isFromStart ? "its beginning" : "now on") + "; Ctrl-C ends")
    while !stop.isStopped, !printer.isDone {
      var failure: (any Error)?
      consumer.poll(maximumRecords: 1000, milliseconds: 1000) { event in
        guard failure == nil else { return }
        do { try handle(event, consumer, &printer, stop) } catch { failure = error }
      }
      if let failure { throw failure }
    }
    return .done
  }

  private static func handle(
    _ event: ConsumerEvent, _ consumer: borrowing Consumer, _ printer: inout TailPrinter,
    _ stop: StopRequest
  ) throws {
    switch event {
    case .records(let batch):
      for index in 0..<batch.count where !printer.isDone && !stop.isStopped {
        try printer.show(batch[index], of: batch.source)
      }
    case .offsetOutOfRange(let source, let offset):
      let low = try consumer.watermarks(source).low
      Terminal.say("\(source): offset \(offset) is gone; going on at \(low)")
      try consumer.assignAlone([source: low])
    case .error(let error):
      if !error.isRetriable { throw error }
      printer.sayOnce("waiting: \(error.reason)")
    case .assigned, .revoked, .committed, .endOfPartition: break
    }
  }
}
