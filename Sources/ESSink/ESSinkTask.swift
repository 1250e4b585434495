import Bytes
import Connect
import Elasticsearch
import Foundation
import HTTPClient
import Kafka
import Scheduling
import Telemetry

/// The Elasticsearch sink's unit of work: turns records into bulk actions, sends them, and settles each
/// record by what Elasticsearch said of its action.
///
/// Belongs to the worker's thread; answers come through a mailbox.
public final class ESSinkTask: RecordTask {
  enum Answer: Sendable {
    case bulk(Int, Result<HTTPResponse, HTTPError>)
    case stored(Int, Result<HTTPResponse, HTTPError>)
    /// Of a step in the life of a destination's index.
    case life(Int, IndexLife.Request, Result<HTTPResponse, HTTPError>)
  }

  /// A record that waits for an earlier write of its id.
  struct Waiting {
    let batch: RecordBatch
    let index: Int
    let slice: SliceKey
  }

  let settings: SinkSettings
  let context: WorkerContext
  let client: ElasticsearchClient
  let reader: RecordReader
  let answers: Mailbox<Answer>
  let counters: SinkCounters
  let log = Log("sink")
  let names: RecordNames
  var destinations: [Destination] = []
  var byResource: [String: Int] = [:]
  var rules: [String: TopicRules] = [:]
  var bulks: [Int: Bulk] = [:]
  var schedule: BulkSchedule
  var hold: Hold?
  /// Since when nothing has succeeded, while something is tried again.
  var troubleSince: Duration?
  /// Steps of indices' lives that failed since the last success.
  var failedSteps = 0
  /// The address that answered last.
  var node = 0
  /// Ids of writes that are not answered, where ids are guarded, and what waits behind them.
  var idsInFlight: Set<UInt64> = []
  var waiting: [UInt64: [Waiting]] = [:]
  /// Bulks of conflicts that wait for the stored versions.
  var conflicts: Set<Int> = []
  /// Records in bulks that are not answered.
  private var heldRecords = 0
  private var stoppedForRecords = false
  private var nextNumber = 1
  private var flushing = false
  let path: String
  var random = SystemRandomNumberGenerator()
  var idText = ByteBuffer(capacity: 256)
  /// Rules of the topic that the last batch came from.
  var lastBatch: (source: TopicPartition, rules: TopicRules)?
  /// The first bulks are small: what a worker that is killed often has done gets committed.
  private var rampedBatch = 250

  public init(
    settings: SinkSettings, context: WorkerContext, client: ElasticsearchClient,
    schemaSource: @escaping SchemaSource
  ) throws(ConfigError) {
    self.settings = settings
    self.context = context
    self.client = client
    counters = SinkCounters(
      connector: settings.name, task: context.taskNumber, metrics: context.metrics)
    let waker = context.waker
    answers = Mailbox { waker.wake() }
    names = try RecordNames(settings)
    let converters = try ConverterSettings(settings.properties)
    reader = RecordReader(
      converters: converters, transforms: try TransformChain(settings.properties),
      options: settings.documentOptions,
      capturing: settings.versionSource == .field ? settings.versionField : nil,
      needsRecords: settings.looksIntoValues(converters.value) || names.needsRecords,
      grace: settings.unknownSchemaGrace, waker: waker,
      source: context.effects.gated(schemaSource))
    schedule = BulkSchedule(
      maximum: settings.inFlight,
      backoff: Backoff(base: settings.retryBackoff, cap: .seconds(5)))
    let alias = settings.externalResource == .indexAlias ? "&require_alias=true" : ""
    path = "/_bulk?\(BulkAnswer.filter)\(alias)"
  }

  // MARK: - Taking records

  public func put(_ batch: RecordBatch, from index: Int, slice: SliceKey) -> PutStop? {
    var run = Run(batch: batch, start: index, slice: slice)
    for at in index..<batch.count {
      if let until = mustWait() {
        run.end(before: at, context)
        return PutStop(index: at, slice: run.slice, retryAt: until)
      }
      do throws(RecordFault) {
        switch try draft(batch, at) {
        case .ready(let draft):
          if let full = destinations[draft.place].open, isFull(full) {
            run.end(before: at, context)
            closeOpen(destinations[draft.place])
          }
          if let until = isOverfull(draft.place) {
            run.end(before: at, context)
            return PutStop(index: at, slice: run.slice, retryAt: until)
          }
          let bulk = open(draft.place)
          if mustFollow(draft, in: bulk) {
            let waits = Waiting(batch: batch, index: at, slice: run.single(at, context))
            waiting[draft.hash, default: []].append(waits)
            continue
          }
          run.enter(bulk, at: at, context)
          try write(draft, batch, at, to: bulk)
        case .skipped(let reason): context.skip(run.single(at, context), reason: reason)
        case .wait(let until):
          run.end(before: at, context)
          return PutStop(index: at, slice: run.slice, retryAt: until)
        }
      } catch {
        setAside(batch, at, slice: run.single(at, context), error)
      }
    }
    run.end(before: batch.count, context)
    return nil
  }

  /// Records are bounded by number only where the configuration says so.
  private func mustWait() -> Duration? {
    guard let most = settings.bufferedRecords, heldRecords >= most else { return nil }
    stoppedForRecords = true
    // What is open would else wait for more, which does not come.
    for target in destinations { closeOpen(target) }
    send()
    return context.now + .seconds(1)
  }

  /// A held index must not take the room of the others: its partitions stop first.
  private func isOverfull(_ place: Int) -> Duration? {
    let target = destinations[place]
    guard target.indexHold != nil, target.waitingBytes > settings.bufferBytes / 4 else {
      return nil
    }
    return max(target.indexRetryAt, context.now + .milliseconds(100))
  }

  // MARK: - Bulks

  func open(_ place: Int) -> Bulk {
    let target = destinations[place]
    if let open = target.open { return open }
    // Names that records decide may be many: then bodies begin small, and few are open at once.
    if !names.isFixed, destinations.count(where: { $0.open != nil }) >= 64 {
      for other in destinations { closeOpen(other) }
    }
    let room = names.isFixed ? min(settings.bulkBytes, settings.batchSize * 1024) / 4 : 16_384
    let bulk = begin(place, capacity: room)
    target.open = bulk
    return bulk
  }

  func openReleased(_ place: Int) -> Bulk {
    if let open = destinations[place].released { return open }
    let bulk = begin(place, capacity: 4096)
    destinations[place].released = bulk
    return bulk
  }

  private func begin(_ place: Int, capacity: Int) -> Bulk {
    Bulk(number: number(), destination: place, openedAt: context.now, capacity: capacity)
  }

  func isFull(_ bulk: Bulk) -> Bool {
    bulk.bytes >= settings.bulkBytes || bulk.count >= min(rampedBatch, settings.batchSize)
  }

  func closeOpen(_ target: Destination) {
    guard let bulk = target.open.take(), bulk.count > 0 else { return }
    counters.begun(bulk.count)
    enlist(bulk)
    schedule.add(bulk.number)
  }

  func closeReleased(_ target: Destination) {
    guard let bulk = target.released.take(), bulk.count > 0 else { return }
    enlist(bulk)
    schedule.addAgain(bulk.number)
  }

  func number() -> Int {
    defer { nextNumber += 1 }
    return nextNumber
  }

  /// Counts the bulk's memory until it leaves `bulks`.
  func enlist(_ bulk: Bulk) {
    bulks[bulk.number] = bulk
    context.budget.take(bulk.bytes)
    heldRecords += bulk.count
    destinations[bulk.destination].waitingBytes += bulk.bytes
  }

  func retire(_ bulk: Bulk) {
    guard bulks.removeValue(forKey: bulk.number) != nil else { return }
    context.budget.give(bulk.bytes)
    heldRecords -= bulk.count
    destinations[bulk.destination].waitingBytes -= bulk.bytes
    if stoppedForRecords {
      stoppedForRecords = false
      context.mayProceed = true
    }
  }

  /// A bulk was written: the next may be larger.
  func grow() { rampedBatch = min(settings.batchSize, rampedBatch * 2) }

  public func flush() {
    flushing = true
    for target in destinations {
      closeOpen(target)
      closeReleased(target)
    }
    send()
  }

  public func advance(now: Duration) {
    for answer in answers.drain() {
      switch answer {
      case .bulk(let number, let result): take(number, result, now)
      case .stored(let number, let result): takeStored(number, result, now)
      case .life(let place, let request, let result): takeLife(place, request, result, now)
      }
    }
    if reader.advance(now: now) { context.mayProceed = true }
    for target in destinations {
      guard let bulk = target.open, bulk.count > 0 else { continue }
      if flushing || now - bulk.openedAt >= settings.linger { closeOpen(target) }
    }
    for target in destinations { closeReleased(target) }
    flushing = false
    send()
  }

  func send() {
    let now = context.now
    while let number = schedule.next(
      now: now, isOpen: { number in bulks[number].map { mayGo($0, now) } ?? true })
    {
      guard let bulk = bulks[number] else { continue }
      let compresses = settings.connection.compresses
      let body = compresses ? bulk.compressed() : bulk.close()
      bulk.sentAt = now
      destinations[bulk.destination].inFlight += 1
      counters.sent(bytes: body.count)
      var request = client.request(
        .post, path, body: .shared(body), ndjson: true, timeout: settings.connection.readTimeout,
        node: node)
      if compresses {
        request.headers.append(("Content-Encoding", "gzip"))
        request.acceptsCompression = true
      }
      ask(request) { .bulk(number, $0) }
    }
    counters.limit.set(Int64(schedule.limit))
  }

  /// Every request goes through here; its answer comes to the mailbox.
  func ask(
    _ request: HTTPRequest,
    _ answer: @escaping @Sendable (Result<HTTPResponse, HTTPError>) -> Answer
  ) {
    context.effects.start(
      .destination, failing: HTTPError(code: .cut, address: client.urls[0], message: "injected"),
      { [answers] result in answers.post(answer(result)) }
    ) { client.http.start(request, completion: $0) }
  }

  /// Whether the bulk's destination takes documents now; begins what its index needs first.
  private func mayGo(_ bulk: Bulk, _ now: Duration) -> Bool {
    let target = destinations[bulk.destination]
    if target.isOpen(now) {
      // A held destination is asked with one bulk.
      return target.indexHold == nil || target.inFlight == 0
    }
    if target.indexHold == nil || now >= target.indexRetryAt { step(bulk.destination, now) }
    return false
  }

  public func waitForProgress(milliseconds: Int) { answers.wait(milliseconds: milliseconds) }

  public func close() { client.http.shutdown() }
}

/// Consecutive records of a batch that go into one bulk and share a slice.
private struct Run {
  let batch: RecordBatch
  private var start: Int
  private(set) var slice: SliceKey
  private var bulk: Bulk?

  init(batch: RecordBatch, start: Int, slice: SliceKey) {
    self.batch = batch
    self.start = start
    self.slice = slice
  }

  /// The record goes into that bulk.
  mutating func enter(_ bulk: Bulk, at index: Int, _ context: WorkerContext) {
    if self.bulk === bulk { return }
    end(before: index, context)
    self.bulk = bulk
  }

  /// Gives the bulk the records before `next`.
  mutating func end(before next: Int, _ context: WorkerContext) {
    guard next > start else { return }
    bulk?.add(slice: slice, count: next - start)
    if next < batch.count {
      slice = context.cut(slice, at: batch[next].offset, before: next - start)
    }
    start = next
  }

  /// Cuts record `index` out as a slice of its own.
  mutating func single(_ index: Int, _ context: WorkerContext) -> SliceKey {
    end(before: index, context)
    let own = slice
    if index + 1 < batch.count {
      slice = context.cut(own, at: batch[index + 1].offset, before: 1)
    }
    start = index + 1
    return own
  }
}
