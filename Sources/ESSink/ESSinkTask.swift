import Avro
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
  /// Where documents of one topic go.
  final class Destination {
    let resource: String
    let writer: ActionWriter
    var open: Bulk?
    /// Records that waited for an earlier write of their id. They are the oldest of all, and nothing behind
    /// them is committed: their bulk goes before those that are ready, not behind all that is buffered.
    var released: Bulk?
    /// Of the index, named by its state; nil while it takes documents.
    var indexHold: Hold?
    var indexRetryAt: Duration?
    var backoff: Backoff

    init(resource: String, writer: ActionWriter, backoff: Backoff) {
      self.resource = resource
      self.writer = writer
      self.backoff = backoff
    }
  }

  enum Answer: Sendable {
    case bulk(Int, Result<HTTPResponse, HTTPError>)
    case stored(Int, Result<HTTPResponse, HTTPError>)
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
  let schemas: WriterSchemas<JSONTranscoder>
  let answers: Mailbox<Answer>
  let counters: SinkCounters
  let log = Log("sink")
  var destinations: [Destination] = []
  private var byTopic: [String: Int] = [:]
  var bulks: [Int: Bulk] = [:]
  var schedule: BulkSchedule
  var hold: Hold?
  /// Ids of writes that are not answered, where ids are guarded, and what waits behind them.
  private var idsInFlight: Set<UInt64> = []
  var waiting: [UInt64: [Waiting]] = [:]
  var conflicts: [Int: ConflictCheck] = [:]
  private var nextNumber = 1
  private var flushing = false
  private let path: String
  var random = SystemRandomNumberGenerator()

  public init(
    settings: SinkSettings, context: WorkerContext, client: ElasticsearchClient,
    schemaSource: @escaping SchemaSource
  ) {
    self.settings = settings
    self.context = context
    self.client = client
    counters = SinkCounters(connector: settings.name, metrics: context.metrics)
    let waker = context.waker
    answers = Mailbox { waker.wake() }
    let captured = settings.versionSource == .field ? settings.versionField : nil
    schemas = WriterSchemas(
      grace: settings.unknownSchemaGrace, waker: waker, source: schemaSource
    ) { text in
      try JSONTranscoder(
        writer: try AvroSchema.parse(text), options: .init(omitNulls: false), capturing: captured)
    }
    schedule = BulkSchedule(
      maximum: settings.inFlight,
      backoff: Backoff(base: settings.retryBackoff, cap: .seconds(5)))
    let alias = settings.requireAlias ? "&require_alias=true" : ""
    path = "/_bulk?\(BulkAnswer.filter)\(alias)"
  }

  // MARK: - Taking records

  public func put(_ batch: RecordBatch, from index: Int, slice: SliceKey) -> PutStop? {
    let place = destination(of: batch.source.topic)
    let target = destinations[place]
    var bulk = open(place)
    var batchNumber = bulk.add(batch: batch)
    var slice = slice
    var runStart = index
    let end = batch.count

    /// Closes the run of records that went into the bulk before `next`.
    func endRun(before next: Int) {
      guard next > runStart else { return }
      bulk.add(slice: slice, count: next - runStart)
      if next < end { slice = context.cut(slice, at: batch[next].offset, before: next - runStart) }
      runStart = next
    }
    /// Cuts record `index` out as a slice of its own.
    func single(_ index: Int) -> SliceKey {
      endRun(before: index)
      let own = slice
      if index + 1 < end { slice = context.cut(own, at: batch[index + 1].offset, before: 1) }
      runStart = index + 1
      return own
    }

    for at in index..<end {
      if isFull(bulk) {
        endRun(before: at)
        closeOpen(target)
        bulk = open(place)
        batchNumber = bulk.add(batch: batch)
      }
      let record = batch[at]
      do throws(RecordFault) {
        switch try append(record, at, batchNumber, to: bulk, target) {
        case .appended: continue
        case .skipped: context.skip(single(at), reason: "null_value")
        case .waits(let id):
          let waits = Waiting(batch: batch, index: at, slice: single(at))
          waiting[id, default: []].append(waits)
        case .needsSchema(let until):
          endRun(before: at)
          return PutStop(index: at, slice: slice, retryAt: until)
        }
      } catch {
        setAside(batch, at, slice: single(at), error)
      }
    }
    endRun(before: end)
    return nil
  }

  private enum Appended {
    case appended
    case skipped
    case waits(UInt64)
    case needsSchema(Duration)
  }

  private func append(
    _ record: Record, _ index: Int, _ batch: Int32, to bulk: Bulk, _ target: Destination
  ) throws(RecordFault) -> Appended {
    guard let value = record.value else {
      switch settings.nullValues {
      case .ignore: return .skipped
      case .fail:
        throw RecordFault(
          stage: .task, kind: "null", reason: "the value is null and behavior.on.null.values=fail")
      case .delete: return try appendDelete(record, index, batch, to: bulk, target)
      }
    }
    let id = try ActionWriter.id(of: record.key)
    let schema = try WireHeader.schemaID(of: value)
    let transcoder: JSONTranscoder
    switch schemas.lookup(schema, now: context.now) {
    case .ready(let plan): transcoder = plan
    case .wait(let until): return .needsSchema(until)
    case .fault(let fault): throw fault
    }
    let hash = settings.guardsIDs ? Hash64.fnv1a(id) : 0
    if settings.guardsIDs && idsInFlight.contains(hash) { return .waits(hash) }
    let payload = UnsafeRawBufferPointer(rebasing: value.dropFirst(WireHeader.count))
    try bulk.append(batch: batch, record: index, isDelete: false, id: hash) {
      body throws(RecordFault) in
      try target.writer.appendIndex(id: id, to: &body) { body throws(RecordFault) in
        var captured: Int64?
        do throws(AvroDecodingError) {
          try transcoder.append(payload, to: &body, captured: &captured)
        } catch {
          throw RecordFault(stage: .valueConverter, kind: "avro", reason: error.description)
        }
        return try version(of: record, captured: captured)
      }
    }
    if settings.guardsIDs { idsInFlight.insert(hash) }
    return .appended
  }

  private func appendDelete(
    _ record: Record, _ index: Int, _ batch: Int32, to bulk: Bulk, _ target: Destination
  ) throws(RecordFault) -> Appended {
    guard let key = record.key, !key.isEmpty else { return .skipped }
    let id = try ActionWriter.id(of: key)
    let hash = Hash64.fnv1a(id)
    if idsInFlight.contains(hash) { return .waits(hash) }
    try bulk.append(batch: batch, record: index, isDelete: true, id: hash) {
      body throws(RecordFault) in
      try target.writer.appendDelete(
        id: id, version: try version(of: record, captured: nil), to: &body)
    }
    idsInFlight.insert(hash)
    return .appended
  }

  private func version(of record: Record, captured: Int64?) throws(RecordFault) -> Int64? {
    switch settings.versionSource {
    case .offset: return try Self.offsetVersion(of: record)
    case .timestamp: return record.timestamp
    case .none: return nil
    case .field where record.value != nil: return captured
    case .field, .header:
      // A deletion has no fields: its version comes in a header.
      let name = settings.versionHeader
      guard let text = record.headers.last(where: { $0.name == name })?.text else { return nil }
      guard let number = Int64(text) else {
        throw RecordFault(
          stage: .task, kind: "version", reason: "the header \(name) is not a whole number")
      }
      return number
    }
  }

  /// The record's offset; of a replayed dead letter the one that it had at first.
  static func offsetVersion(of record: Record) throws(RecordFault) -> Int64 {
    guard let text = record.header(DeadLetterHeaders.replayedVersion) else { return record.offset }
    guard let number = Int64(text), (0...record.offset).contains(number) else {
      throw RecordFault(
        stage: .task, kind: "version",
        reason: "the header \(DeadLetterHeaders.replayedVersion) is no earlier offset")
    }
    return number
  }

  // MARK: - Bulks

  private func destination(of topic: String) -> Int {
    if let known = byTopic[topic] { return known }
    let resource = settings.resource(of: topic)
    destinations.append(
      Destination(
        resource: resource,
        writer: ActionWriter(resource: resource, source: settings.versionSource),
        backoff: Backoff(base: .milliseconds(500), cap: .seconds(10))))
    byTopic[topic] = destinations.count - 1
    return destinations.count - 1
  }

  private func open(_ place: Int) -> Bulk {
    if let open = destinations[place].open { return open }
    let bulk = begin(place, capacity: min(settings.bulkBytes, settings.batchSize * 1024) / 4)
    destinations[place].open = bulk
    return bulk
  }

  private func openReleased(_ place: Int) -> Bulk {
    if let open = destinations[place].released { return open }
    let bulk = begin(place, capacity: 4096)
    destinations[place].released = bulk
    return bulk
  }

  private func begin(_ place: Int, capacity: Int) -> Bulk {
    Bulk(number: number(), destination: place, openedAt: context.now, capacity: capacity)
  }

  private func isFull(_ bulk: Bulk) -> Bool {
    bulk.bytes >= settings.bulkBytes || bulk.count >= settings.batchSize
  }

  private func closeOpen(_ target: Destination) {
    guard let bulk = target.open.take(), bulk.count > 0 else { return }
    enlist(bulk)
    schedule.add(bulk.number)
  }

  private func closeReleased(_ target: Destination) {
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
  }

  func retire(_ bulk: Bulk) {
    guard bulks.removeValue(forKey: bulk.number) != nil else { return }
    context.budget.give(bulk.bytes)
  }

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
      }
    }
    if schemas.advance(now: now) { context.mayProceed = true }
    for target in destinations {
      guard let bulk = target.open, bulk.count > 0 else { continue }
      if flushing || now - bulk.openedAt >= settings.linger { closeOpen(target) }
    }
    for target in destinations { closeReleased(target) }
    flushing = false
    send()
  }

  private func send() {
    while let number = schedule.next(now: context.now) {
      guard let bulk = bulks[number] else { continue }
      let body = bulk.close()
      bulk.sentAt = context.now
      counters.sent(bytes: body.count)
      let request = client.request(
        .post, path, body: .shared(body), ndjson: true, timeout: settings.connection.readTimeout,
        node: bulk.attempts)
      client.http.start(request) { [answers] result in answers.post(.bulk(number, result)) }
    }
    counters.limit.set(Int64(schedule.limit))
  }

  // MARK: - Ids in flight

  /// The item's id may be written again; what waited for it comes next.
  func release(_ id: UInt64) {
    guard id != 0 else { return }
    idsInFlight.remove(id)
    // One that can't be written (its own fault) puts nothing in flight: then the one behind it is next.
    while !idsInFlight.contains(id), var queue = waiting.removeValue(forKey: id) {
      let next = queue.removeFirst()
      if !queue.isEmpty { waiting[id] = queue }
      put(single: next)
    }
  }

  /// Puts one record whose slice is its own.
  private func put(single next: Waiting) {
    let place = destination(of: next.batch.source.topic)
    let target = destinations[place]
    let bulk = openReleased(place)
    let number = bulk.add(batch: next.batch)
    do throws(RecordFault) {
      switch try append(next.batch[next.index], next.index, number, to: bulk, target) {
      case .appended: bulk.add(slice: next.slice, count: 1)
      case .skipped: context.skip(next.slice, reason: "null_value")
      case .waits(let id): waiting[id, default: []].insert(next, at: 0)
      case .needsSchema:
        // It was known when the record came, and what is known stays.
        context.fail(
          TaskFailure(.defect, "defect in opine: \(next.slice.source): a schema is lost"))
      }
    } catch {
      setAside(next.batch, next.index, slice: next.slice, error)
    }
    if isFull(bulk) { closeReleased(target) }
  }

  public func waitForProgress(milliseconds: Int) { answers.wait(milliseconds: milliseconds) }

  public func close() { client.http.shutdown() }
}
