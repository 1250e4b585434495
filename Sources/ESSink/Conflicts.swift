import Connect
import Elasticsearch
import Foundation
import HTTPClient
import JSON
import Kafka
import Telemetry

/// Conflicts of offset versions that wait for the stored versions.
struct ConflictCheck {
  let bulk: Bulk
  var retryAt: Duration
}

/// What a version conflict means where versions are offsets: a stored version below the partition's end is
/// our own history (a replay, or a later record of the key); one beyond it cannot be, and is never silent.
extension ESSinkTask {
  func check(_ bulk: Bulk, _ now: Duration) {
    enlist(bulk)
    conflicts[bulk.number] = ConflictCheck(bulk: bulk, retryAt: now)
    ask(bulk)
  }

  private func ask(_ bulk: Bulk) {
    var ids: [JSONValue] = []
    for index in 0..<bulk.count {
      let key = bulk.record(index).key.map { String(decoding: $0, as: UTF8.self) } ?? ""
      ids.append(.string(key))
    }
    let body = JSONValue.object([JSONMember("ids", .array(ids))]).serialized()
    let resource = destinations[bulk.destination].resource
    let number = bulk.number
    let request = client.request(
      .post, "/\(resource)/_mget?_source=false", body: .bytes(Array(body.utf8)),
      timeout: settings.connection.readTimeout)
    client.http.start(request) { [answers] result in answers.post(.stored(number, result)) }
  }

  func takeStored(_ number: Int, _ result: Result<HTTPResponse, HTTPError>, _ now: Duration) {
    guard let check = conflicts.removeValue(forKey: number) else { return }
    let bulk = check.bulk
    guard case .success(let response) = result, response.status == 200,
      let docs = (try? JSONValue.parse(response.body))?["docs"]?.array, docs.count == bulk.count
    else {
      // Not known: the actions are sent again and conflict again when Elasticsearch answers.
      resolve(
        bulk, Array(repeating: .again, count: bulk.count), waitFor: .seconds(1), now)
      return
    }
    var fates: [Fate] = []
    for (index, doc) in docs.enumerated() {
      fates.append(fate(of: bulk, index, stored: doc["_version"]?.int64, now))
    }
    resolve(bulk, fates, waitFor: .seconds(5), now)
  }

  private func fate(of bulk: Bulk, _ index: Int, stored: Int64?, _ now: Duration) -> Fate {
    let record = bulk.record(index)
    let source = bulk.source(index).source
    guard let stored else {
      counters.replays.add()
      return .settled(.alreadyWritten)
    }
    let end = context.partitionEnd(source)
    // It was sent, so it has a version.
    let sent = (try? Self.offsetVersion(of: record)) ?? record.offset
    if stored >= sent, let end, stored < end {
      counters.replays.add()
      return .settled(.alreadyWritten)
    }
    counters.unexplained.add()
    let target = destinations[bulk.destination]
    let place = "\(source) offset \(record.offset)"
    let reason =
      "\(place): the index holds version \(stored), the partition ends at \(end ?? -1): "
      + "the topic was made anew, or something else writes this index"
    switch settings.unexplained {
    case .ignore: return .settled(.alreadyWritten)
    case .report:
      return .faulty(RecordFault(stage: .task, kind: "conflict", reason: reason))
    case .hold:
      let advice =
        ". Ways out: version.conflict.unexplained=report or ignore, another index, "
        + "or version.source=timestamp"
      target.indexHold = Hold(
        name: "version conflict in \(target.resource)", reason: reason + advice,
        since: target.indexHold?.since ?? Date.now.timeIntervalSince1970, nextTry: nil)
      return .again
    }
  }
}
