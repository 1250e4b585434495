import Connect
import Elasticsearch
import Foundation
import HTTPClient
import JSON
import Kafka
import Telemetry

/// What a version conflict means where versions are offsets: a stored version below the partition's end is
/// our own history (a replay, or a later record of the key); one beyond it cannot be, and is never silent.
extension ESSinkTask {
  func check(_ bulk: Bulk, _ now: Duration) {
    enlist(bulk)
    conflicts.insert(bulk.number)
    ask(bulk)
  }

  private func ask(_ bulk: Bulk) {
    var docs: [JSONValue] = []
    for index in 0..<bulk.count {
      let action = bulk.action(index)
      var members = [JSONMember("_id", action?["_id"] ?? "")]
      if let routing = action?["routing"] { members.append(JSONMember("routing", routing)) }
      docs.append(.object(members))
    }
    let body = JSONValue.object([JSONMember("docs", .array(docs))]).serialized()
    let resource = destinations[bulk.destination].resource
    let number = bulk.number
    let request = client.request(
      .post, "/\(Self.escaped(resource))/_mget?_source=false", body: .bytes(Array(body.utf8)),
      timeout: settings.connection.readTimeout, node: node)
    ask(request) { .stored(number, $0) }
  }

  func takeStored(_ number: Int, _ result: Result<HTTPResponse, HTTPError>, _ now: Duration) {
    guard conflicts.remove(number) != nil, let bulk = bulks[number] else { return }
    guard case .success(let response) = result, response.status == 200,
      let docs = (try? JSONValue.parse(response.body))?["docs"]?.array, docs.count == bulk.count
    else {
      // Not known: the actions are sent again and conflict again when Elasticsearch answers.
      resolve(
        bulk, Array(repeating: .again, count: bulk.count), waitFor: .seconds(1), now)
      return
    }
    let target = destinations[bulk.destination]
    let since = target.conflictHold?.since
    target.conflictHold = nil
    var fates: [Fate] = []
    var ends: [TopicPartition: Int64?] = [:]
    for (index, doc) in docs.enumerated() {
      fates.append(fate(of: bulk, index, stored: doc["_version"]?.int64, since: since, &ends))
    }
    resolve(bulk, fates, waitFor: .seconds(5), now)
  }

  private func fate(
    of bulk: Bulk, _ index: Int, stored: Int64?, since: Double?,
    _ ends: inout [TopicPartition: Int64?]
  ) -> Fate {
    let record = bulk.record(index)
    let source = bulk.source(index).source
    guard let stored else {
      counters.replays.add()
      return .settled(.alreadyWritten)
    }
    // Asked of the broker once for all of an answer: a replay conflicts by the thousand.
    let end = ends[source] ?? context.partitionEnd(source)
    ends[source] = .some(end)
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
      target.conflictHold = Hold(
        name: "version conflict in \(target.resource)", reason: reason + advice,
        since: since ?? Date.now.timeIntervalSince1970, nextTry: nil)
      return .again
    }
  }
}
