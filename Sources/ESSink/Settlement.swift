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
    switch result {
    case .failure(let error): holdAll(bulk, "\(error)", "unreachable", now)
    case .success(let response):
      switch response.status {
      case 200: read(bulk, response.body, now)
      case 413: split(bulk, "the document is over the server's limit", now)
      case 400: split(bulk, "the request was refused (400 \(errorType(response)))", now)
      default:
        let type = errorType(response)
        holdAll(bulk, "a bulk was answered \(response.status) \(type)", "status", now)
      }
    }
  }

  private func errorType(_ response: HTTPResponse) -> String {
    let answer = try? JSONValue.parse(response.body)
    return answer?["error"]?["type"]?.string ?? ""
  }

  private func read(_ bulk: Bulk, _ body: [UInt8], _ now: Duration) {
    switch BulkAnswer.read(body, count: bulk.count) {
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
    let target = destinations[bulk.destination]
    target.indexHold = nil
    target.backoff.reset()
  }

  private func finish(_ bulk: Bulk) {
    retire(bulk)
    if settings.guardsIDs { for item in bulk.items { release(item.id) } }
  }

  private func settle(_ bulk: Bulk, _ items: [BulkItem], _ now: Duration) {
    var pressure: String?
    var held: String?
    var fates: [Fate] = []
    fates.reserveCapacity(items.count)
    for item in items {
      switch ItemVerdict.of(item) {
      case .written: fates.append(.settled(.written))
      case .conflict where settings.versionSource == .offset: fates.append(.conflict)
      case .conflict where settings.versionSource == .none: fates.append(.again)
      case .conflict:
        counters.superseded.add()
        fates.append(.settled(.alreadyWritten))
      case .recordFault(let reason, let detail):
        let fault = RecordFault(stage: .task, kind: "document", reason: reason, detail: detail)
        fates.append(.faulty(fault))
      case .retry(let reason):
        pressure = reason
        fates.append(.again)
      case .hold(let reason):
        held = reason
        fates.append(.again)
      }
    }
    if held == nil && pressure == nil { succeeded(bulk) } else { schedule.pressed(bulk.number) }
    resolve(bulk, fates, waitFor: delay(bulk, pressure: pressure, held: held, now), now)
  }

  /// How long actions that are sent again wait; begins or goes on with a hold of the index.
  private func delay(
    _ bulk: Bulk, pressure: String?, held: String?, _ now: Duration
  ) -> Duration {
    let target = destinations[bulk.destination]
    guard pressure != nil || held != nil else { return .zero }
    let wait = target.backoff.next(using: &random)
    let wall = Date.now.timeIntervalSince1970
    target.indexHold = Hold(
      name: "index \(target.resource)", reason: held ?? "busy: \(pressure ?? "")",
      since: target.indexHold?.since ?? wall, nextTry: wall + wait.seconds)
    counters.retried(held == nil ? "pressure" : "index", 1)
    return wait
  }

  /// Gives every item its fate: runs of settled ones by slice, the others one by one.
  func resolve(_ bulk: Bulk, _ fates: [Fate], waitFor: Duration, _ now: Duration) {
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
          if settings.guardsIDs { released += bulk.items[start..<stop].map(\.id) }
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
    for id in released { release(id) }
  }

  /// Nothing is known of the bulk, or nothing works: it is sent again, alone at first, for ever.
  private func holdAll(_ bulk: Bulk, _ reason: String, _ kind: String, _ now: Duration) {
    bulk.attempts += 1
    counters.retried(kind, bulk.count)
    let until = schedule.hold(after: bulk.number, now: now, using: &random)
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
    let half = all.count / 2
    // The later half first, as each comes before all others.
    for chosen in [Array(all[half...]), Array(all[..<half])] {
      let part = bulk.part(number: number(), now: now, chosen)
      enlist(part)
      schedule.addAgain(part.number)
    }
    retire(bulk)
  }
}
