import Avro
import Connect
import Foundation
import Kafka
import Reviews
import Scheduling
import SchemaRegistry
import Telemetry

/// Settings of enriching, beside those of its worker.
public struct EnrichSettings: Sendable {
  /// Where scored reviews go.
  public var topic = "reviews.scored"
  /// Tells the registry's id of `ReviewSchemas.scoredReview`.
  public var scoredSchema: ScoredSchemaSource
  /// Properties of the producer, over the defaults of `Producer`.
  public var producer: KafkaProperties
  /// How long a schema id may be unknown to the registry before that is the record's fault.
  public var unknownSchemaGrace: Duration = .seconds(30)

  public init(scoredSchema: @escaping ScoredSchemaSource, producer: KafkaProperties) {
    self.scoredSchema = scoredSchema
    self.producer = producer
  }
}

/// Scores raw reviews and produces them again; a record is settled by its delivery report.
///
/// Where records are not delivered, nothing new is taken: they are produced again, in their order
/// and with all that came behind them, for as long as it takes. Belongs to the worker's thread.
public final class EnrichTask: RecordTask {
  typealias Slice = PendingSlices<RecordBatch>.Slice

  private enum Produced {
    case done
    case faulty(RecordFault)
    /// Nothing can be produced now; worth trying again then.
    case wait(until: Duration)
  }

  private let settings: EnrichSettings
  private let context: WorkerContext
  private let model: any SentimentModel
  private let scoredSchema: ScoredSchema
  /// Nil until the scored schema's id is known.
  private var scorer: RecordScorer?
  private let schemas: WriterSchemas<ReviewDecoder>
  private let retries: Counter
  private let log = Log("enrich")
  private var pending = PendingSlices<RecordBatch>()
  private var producer: Producer?
  private var hold: Hold?
  private var retryAt: Duration = .zero
  private var backoff = Backoff(base: .milliseconds(200), cap: .seconds(10))
  private var random = SystemRandomNumberGenerator()
  /// When a report came, or something was produced with none open.
  private var lastProgress: Duration = .zero
  /// Whether records wait at the worker that `put` did not take.
  private var hasStopped = false

  public init(
    settings: EnrichSettings, context: WorkerContext, model: some SentimentModel,
    schemaSource: @escaping SchemaSource
  ) {
    self.settings = settings
    self.context = context
    self.model = model
    scoredSchema = ScoredSchema(waker: context.waker, source: settings.scoredSchema)
    schemas = WriterSchemas(
      grace: settings.unknownSchemaGrace, waker: context.waker,
      source: context.effects.gated(schemaSource)
    ) { text in
      try ReviewDecoder(writer: try AvroSchema.parse(text))
    }
    retries = context.metrics.counter(
      .retries, ["connector": context.connector, "reason": "kafka"])
  }

  // MARK: - Taking records

  public func put(_ batch: RecordBatch, from index: Int, slice key: SliceKey) -> PutStop? {
    if !pending.restarts.isEmpty || context.now < retryAt {
      return stop(index, key, until: max(retryAt, context.now + .milliseconds(100)))
    }
    if pending.isEmpty { lastProgress = context.now }
    let slice = pending.make(batch, key, from: index, to: batch.count)
    let scoredAt = Self.wallMilliseconds
    for at in index..<batch.count {
      switch produce(slice, at, scoredAt: scoredAt) {
      case .done: continue
      case .faulty(let fault): deadLetter(slice, at, fault)
      case .wait(let until):
        guard at > index else { return stop(at, key, until: until) }
        add(slice, to: at)
        let rest = context.cut(key, at: batch[at].offset, before: at - index)
        return stop(at, rest, until: until)
      }
    }
    add(slice, to: batch.count)
    return nil
  }

  private func stop(_ index: Int, _ rest: SliceKey, until: Duration) -> PutStop {
    hasStopped = true
    return PutStop(index: index, slice: rest, retryAt: until)
  }

  private func add(_ slice: Slice, to end: Int) {
    pending.add(slice, to: end)
    // The producer may have been lost meanwhile, with what it was given of this slice.
    if producer == nil { pending.failedAll() }
  }

  private func mayProceed() {
    if hasStopped { context.mayProceed = true }
    hasStopped = false
  }

  private func deadLetter(_ slice: Slice, _ index: Int, _ fault: RecordFault) {
    guard pending.finish(slice, index) else { return }
    context.deadLetter(slice.batch, index, slice: slice.key, fault)
  }

  private func produce(_ slice: Slice, _ index: Int, scoredAt: Int64) -> Produced {
    let record = slice.batch[index]
    guard let key = record.key, !key.isEmpty else {
      return .faulty(
        RecordFault(stage: .keyConverter, kind: "key", reason: "the record has no key"))
    }
    do throws(RecordFault) {
      guard let value = record.value else {
        let headers = try Self.tombstoneHeaders(record)
        return try send(key, nil, headers, slice.token(index))
      }
      let frame = try WireHeader.read(value, of: record)
      let decoder: ReviewDecoder
      switch schemas.lookup(frame.schema, now: context.now) {
      case .ready(let plan): decoder = plan
      case .wait(let until): return .wait(until: until)
      case .fault(let fault): throw fault
      }
      guard let scorer else { return .wait(until: context.now + .seconds(1)) }
      let source = RawCoordinates(
        topic: slice.key.source.topic, partition: record.partition, offset: record.offset,
        schemaID: Self.number(of: frame.schema))
      let payload = UnsafeRawBufferPointer(rebasing: value.dropFirst(frame.payloadOffset))
      var result = Result<Produced, RecordFault>.success(.done)
      try scorer.score(payload, decoder: decoder, source: source, scoredAt: scoredAt) { scored in
        result = Result { () throws(RecordFault) in
          try send(key, scored, [], slice.token(index))
        }
      }
      return try result.get()
    } catch {
      return .faulty(error)
    }
  }

  /// A schema that is named by its GUID has no number here: -1.
  private static func number(of schema: SchemaKey) -> Int32 {
    if case .id(let id) = schema { Int32(truncatingIfNeeded: id) } else { -1 }
  }

  /// What the index needs to delete the document, and `verify` to find the record.
  private static func tombstoneHeaders(_ record: Record) throws(RecordFault) -> [RecordHeader] {
    guard let timestamp = record.timestamp, timestamp >= 0 else {
      throw RecordFault(
        stage: .valueConverter, kind: "timestamp",
        reason: "the tombstone has no timestamp since 1970 to be its version")
    }
    return [
      RecordHeader("opine.doc_version", text: String(timestamp)),
      RecordHeader("opine.source.partition", text: String(record.partition)),
      RecordHeader("opine.source.offset", text: String(record.offset)),
    ]
  }

  private func send(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?, _ headers: [RecordHeader],
    _ token: Int
  ) throws(RecordFault) -> Produced {
    do throws(KafkaError) {
      if producer == nil { producer = try Producer(settings.producer, waking: context.waker) }
      try context.effects.broker(.destination) { () throws(KafkaError) in
        try producer?.produce(
          topic: settings.topic, key: key, value: value, headers: headers, token: token)
      }
      return .done
    } catch {
      if error.isMessageTooLarge { throw Self.tooLarge }
      // The queue is full: reports make room, and say so.
      if error.code == "_QUEUE_FULL" { return .wait(until: context.now + .milliseconds(50)) }
      if error.isFatal { loseProducer() }
      delay(error)
      return .wait(until: retryAt)
    }
  }

  private static let tooLarge = RecordFault(
    stage: .task, kind: "too_large",
    reason: "the scored review is larger than the producer or the topic allows")

  private static var wallMilliseconds: Int64 { Int64(Date.now.timeIntervalSince1970 * 1000) }

  // MARK: - Delivery reports

  public func advance(now: Duration) {
    takeReports(waiting: 0)
    if schemas.advance(now: now) { mayProceed() }
    if scorer == nil { prepareScorer(now) }
    resend(now)
  }

  private func prepareScorer(_ now: Duration) {
    do throws(TaskFailure) {
      guard try scoredSchema.advance(now: now), let id = scoredSchema.id else { return }
      scorer = RecordScorer(model: model, scoredSchemaID: id)
      mayProceed()
    } catch {
      context.fail(error)
    }
  }

  public func flush() {
    // The worker has dropped what waited.
    hasStopped = false
    resend(context.now)
  }

  public func waitForProgress(milliseconds: Int) {
    takeReports(waiting: Int32(clamping: milliseconds))
  }

  private func takeReports(waiting milliseconds: Int32) {
    var refused: KafkaError?
    var tooLarge: [Int] = []
    var count = 0
    let fatal = producer?.poll(milliseconds: milliseconds) { delivery in
      count += 1
      guard let (slice, index) = pending.find(delivery.token) else { return }
      guard let error = delivery.error else { return pending.delivered(slice, index) }
      if error.isMessageTooLarge {
        tooLarge.append(delivery.token)
      } else {
        refused = error
        pending.failed(slice, index)
        retries.add()
      }
    }
    pending.takeSettled { slice, count in context.settle(slice, count: count, .written) }
    for token in tooLarge {
      if let (slice, index) = pending.find(token) { deadLetter(slice, index, Self.tooLarge) }
    }
    if count > 0 {
      lastProgress = context.now
      if pending.restarts.isEmpty { mayProceed() }
    }
    if let error = fatal ?? refused {
      if fatal != nil || error.isFatal { loseProducer() }
      delay(error)
    } else if count > 0 && pending.restarts.isEmpty {
      relax()
    }
  }

  /// A new one is made for the next record.
  private func loseProducer() {
    producer = nil
    pending.failedAll()
  }

  private func delay(_ error: KafkaError) {
    let wait = backoff.next(using: &random)
    retryAt = context.now + wait
    let wall = Date.now.timeIntervalSince1970
    if hold == nil {
      log.warning(
        "Scored reviews are not delivered; they are produced again.",
        [
          .topic: settings.topic, .reason: error.description,
        ])
    }
    hold = Hold(
      name: "kafka", reason: "\(settings.topic): \(error.reason) (\(error.code))",
      since: hold?.since ?? wall, nextTry: wall + wait.seconds)
  }

  private func relax() {
    backoff.reset()
    hold = nil
  }

  /// Produces again what was not delivered, and what came behind it.
  private func resend(_ now: Duration) {
    guard !pending.restarts.isEmpty, now >= retryAt else { return }
    let scoredAt = Self.wallMilliseconds
    while let (slice, index) = pending.nextToResend() {
      switch produce(slice, index, scoredAt: scoredAt) {
      case .done: break
      case .faulty(let fault): deadLetter(slice, index, fault)
      case .wait: return
      }
      pending.resent(slice, index)
    }
    mayProceed()
  }

  // MARK: - Partitions going away

  public func forget(_ sources: Set<TopicPartition>) {
    hasStopped = false
    pending.forget(sources)
  }

  public func isBusy(_ sources: Set<TopicPartition>) -> Bool { pending.isBusy(sources) }

  public var canDrain: Bool { hold == nil && slowHold == nil }

  public var deadline: Duration? {
    [scoredSchema.deadline, pending.restarts.isEmpty ? nil : retryAt].compactMap { $0 }.min()
  }

  public var holds: [Hold] {
    [hold ?? slowHold, scoredSchema.hold ?? schemas.hold].compactMap { $0 }
  }

  /// A broker that is away sends no report: the producer waits, and nothing else would tell.
  private var slowHold: Hold? {
    let waited = context.now - lastProgress
    guard !pending.isEmpty, waited > .seconds(5) else { return nil }
    return Hold(
      name: "kafka", reason: "no delivery report from \(settings.topic) for \(waited.seconds) s",
      since: Date.now.timeIntervalSince1970 - waited.seconds, nextTry: nil)
  }

  public func close() { producer = nil }
}
