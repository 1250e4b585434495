import Connect
import Elasticsearch
import Foundation
import HTTPClient
import JSON
import Kafka
import Scheduling
import Telemetry

/// From an answer to outcomes: what each status means, and what is sent again.
extension ESSinkTask {
  /// What happens to one item of an answered bulk.
  enum Fate {
    case settled(RecordOutcome)
    case faulty(RecordFault)
    case again
    case conflict
  }

  func take(_ number: Int, _ result: Result<HTTPResponse, HTTPError>, _ now: Duration) {
    guard let bulk = bulks[number] else { return }
    destinations[bulk.destination].inFlight -= 1
    counters.answered(after: now - bulk.sentAt)
    switch result {
    case .failure(let error):
      node += 1
      holdAll(bulk, "\(error)", "unreachable", now)
    case .success(let response):
      switch response.status {
      case 200: read(bulk, response, now)
      case 413: split(bulk, "the document is over the server's limit", now)
      case 400: split(bulk, "the request was refused (400 \(errorType(response)))", now)
      default:
        let type = errorType(response)
        holdAll(
          bulk, "a bulk was answered \(response.status) \(type)", "status",
          atLeast: retryAfter(response), now)
      }
    }
  }

  /// What the server asks for; at most a minute.
  private func retryAfter(_ response: HTTPResponse) -> Duration {
    let text = response.first(named: "retry-after") ?? ""
    return Int(text).map { .seconds(max(0, min(60, $0))) } ?? .zero
  }

  private func errorType(_ response: HTTPResponse) -> String {
    let answer = try? JSONValue.parse(response.body)
    return answer?["error"]?["type"]?.string ?? ""
  }

  private func read(_ bulk: Bulk, _ response: HTTPResponse, _ now: Duration) {
    switch BulkAnswer.read(response.body, count: bulk.count) {
    case .unreadable(let reason): holdAll(bulk, reason, "unreadable", now)
    case .allWritten:
      succeeded(bulk)
      for (slice, count) in bulk.slices { context.settle(slice, count: count, .written) }
      finish(bulk)
    case .items(let items): settle(bulk, items, now)
    }
  }

  private func succeeded(_ bulk: Bulk) {
    schedule.succeeded(bulk.number)
    hold = nil
    troubleSince = nil
    failedSteps = 0
    grow()
    let target = destinations[bulk.destination]
    target.indexHold = nil
    target.backoff.reset()
  }

  private func finish(_ bulk: Bulk) {
    retire(bulk)
    release(bulk.guardedIDs)
  }

  private func settle(_ bulk: Bulk, _ items: [BulkItem], _ now: Duration) {
    var pressure: String?
    var held: String?
    var fates: [Fate] = []
    fates.reserveCapacity(items.count)
    for (index, item) in items.enumerated() {
      switch ItemVerdict.of(item) {
      case .written: fates.append(.settled(.written))
      case .conflict: fates.append(conflict(bulk, index, &pressure))
      case .recordFault(let reason, let detail):
        let fault = RecordFault(stage: .task, kind: "document", reason: reason, detail: detail)
        fates.append(.faulty(fault))
      case .retry(let reason):
        pressure = reason
        fates.append(.again)
      case .hold(let reason):
        held = reason
        if item.errorType == "index_not_found_exception" {
          destinations[bulk.destination].life?.lost()
        }
        fates.append(.again)
      }
    }
    if pressure != nil {
      schedule.pressed(bulk.number)
    } else if held != nil {
      schedule.answered(bulk.number)
    } else {
      succeeded(bulk)
    }
    resolve(bulk, fates, waitFor: delay(bulk, pressure: pressure, held: held, now), now)
  }

  /// What a version conflict means, by what was sent.
  private func conflict(_ bulk: Bulk, _ index: Int, _ pressure: inout String?) -> Fate {
    let item = bulk.items[index]
    if settings.writeKind == .create {
      // An id made of the record's place is there only if this record was written before.
      if item.idIsPlace {
        counters.replays.add()
        return .settled(.alreadyWritten)
      }
      return .faulty(
        RecordFault(
          stage: .task, kind: "document",
          reason: "the data stream has a document with this id (409)"))
    }
    guard item.versioned else {
      // Another writer came between; the server gave up after its own retries.
      pressure = "409"
      return .again
    }
    if settings.versionSource == .offset { return .conflict }
    counters.superseded.add()
    return .settled(.alreadyWritten)
  }

  /// How long actions that are sent again wait; begins or goes on with a hold of the index.
  private func delay(
    _ bulk: Bulk, pressure: String?, held: String?, _ now: Duration
  ) -> Duration {
    guard pressure != nil || held != nil else { return .zero }
    let reason = held ?? "busy: \(pressure ?? "")"
    trouble(now)
    counters.retried(held == nil ? "pressure" : "index", 1)
    bulk.attempts += 1
    checkLimit(tries: bulk.attempts, reason, now)
    return holdOf(destinations[bulk.destination], reason, now)
  }

  /// Gives every item its fate: runs of settled ones by slice, the others one by one.
  func resolve(_ bulk: Bulk, _ given: [Fate], waitFor: Duration, _ now: Duration) {
    var fates = given
    keepOrder(bulk, &fates)
    var again: [(index: Int, slice: SliceKey)] = []
    var conflicting: [(index: Int, slice: SliceKey)] = []
    var released: [UInt64] = []
    var first = 0
    for (key, count) in bulk.slices {
      var slice = key
      var start = first
      let end = first + count
      while start < end {
        var stop = start + 1
        if case .settled(let outcome) = fates[start] {
          while stop < end, case .settled(outcome) = fates[stop] { stop += 1 }
        }
        let own = slice
        if stop < end {
          slice = context.cut(own, at: bulk.record(stop).offset, before: stop - start)
        }
        switch fates[start] {
        case .settled(let outcome): context.settle(own, count: stop - start, outcome)
        case .faulty(let fault):
          let item = bulk.items[start]
          setAside(bulk.source(start), Int(item.record), slice: own, fault)
        case .again: again.append((start, own))
        case .conflict: conflicting.append((start, own))
        }
        switch fates[start] {
        case .settled, .faulty:
          released += bulk.items[start..<stop].lazy.map(\.id).filter { $0 != 0 }
        case .again, .conflict: break
        }
        start = stop
      }
      first = end
    }
    if !again.isEmpty {
      let part = bulk.part(number: number(), now: now, again)
      enlist(part)
      schedule.add(part.number, at: now + waitFor)
    }
    if !conflicting.isEmpty { check(bulk.part(number: number(), now: now, conflicting), now) }
    retire(bulk)
    // What is sent again keeps its id in flight.
    let kept = bulk.ids.isEmpty ? [] : Set((again + conflicting).map { bulk.items[$0.index].id })
    release(released.filter { !kept.contains($0) })
  }

  /// Nothing is known of the bulk, or nothing works: it is sent again, alone at first, for ever.
  private func holdAll(
    _ bulk: Bulk, _ reason: String, _ kind: String, atLeast: Duration = .zero, _ now: Duration
  ) {
    bulk.attempts += 1
    trouble(now)
    counters.retried(kind, bulk.count)
    checkLimit(tries: bulk.attempts, reason, now)
    // Another address may answer at once.
    let isLast = bulk.attempts % client.urls.count == 0
    let until = schedule.hold(
      after: bulk.number, now: now, atLeast: atLeast, waits: isLast || kind != "unreachable",
      using: &random)
    schedule.addAgain(bulk.number)
    let wall = Date.now.timeIntervalSince1970
    hold = Hold(
      name: "elasticsearch", reason: reason, since: hold?.since ?? wall,
      nextTry: wall + (until - now).seconds)
  }

  /// The whole request was refused for what is in it: halve it until the guilty document stands alone.
  private func split(_ bulk: Bulk, _ reason: String, _ now: Duration) {
    schedule.pressed(bulk.number)
    guard bulk.count > 1 else {
      let fault = RecordFault(stage: .task, kind: "document", reason: reason)
      resolve(bulk, [.faulty(fault)], waitFor: .zero, now)
      return
    }
    counters.retried("split", bulk.count)
    if split(chained: bulk, now) { return }
    let all = singles(of: bulk)
    let half = all.count / 2
    // The later half first, as each comes before all others.
    for chosen in [Array(all[half...]), Array(all[..<half])] {
      let part = bulk.part(number: number(), now: now, chosen)
      enlist(part)
      schedule.addAgain(part.number)
    }
    retire(bulk)
  }

  /// A bulk with several writes of an id can't be halved, as its halves would race: all but the first of
  /// each id wait for it again. False where no id is there twice.
  private func split(chained bulk: Bulk, _ now: Duration) -> Bool {
    var seen: Set<UInt64> = []
    let repeated = (0..<bulk.count).filter { index in
      let id = bulk.items[index].id
      return id != 0 && !seen.insert(id).inserted
    }
    guard !repeated.isEmpty else { return false }
    let later = Set(repeated)
    var first: [(index: Int, slice: SliceKey)] = []
    var back: [UInt64: [Waiting]] = [:]
    for (index, slice) in singles(of: bulk) {
      let item = bulk.items[index]
      if later.contains(index) {
        back[item.id, default: []].append(
          Waiting(batch: bulk.source(index), index: Int(item.record), slice: slice))
      } else {
        first.append((index, slice))
      }
    }
    for (id, records) in back { waiting[id] = records + (waiting[id] ?? []) }
    let part = bulk.part(number: number(), now: now, first)
    enlist(part)
    schedule.addAgain(part.number)
    retire(bulk)
    return true
  }

  /// Each item as a slice of its own.
  private func singles(of bulk: Bulk) -> [(index: Int, slice: SliceKey)] {
    var all: [(index: Int, slice: SliceKey)] = []
    var first = 0
    for (key, count) in bulk.slices {
      var slice = key
      for index in first..<(first + count) {
        let own = slice
        if index + 1 < first + count {
          slice = context.cut(own, at: bulk.record(index + 1).offset, before: 1)
        }
        all.append((index, own))
      }
      first += count
    }
    return all
  }
}
