import Foundation
import HTTPServer
import JSON
import Kafka

/// Offsets of a connector: the commits of its consumer group.
extension ConnectService {
  /// How long a change waits for the group to be empty: a session that nobody ended takes so long to end.
  private static let groupPatience = 15.0

  func offsets(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let name = request["name"]
    let group = consumerGroup(name, try config(of: name))
    let found: [TopicPartition: Int64]
    do throws(KafkaError) { found = try admin(name).groupOffsets(group) } catch {
      throw ConnectProblem(500, "The offsets of \(name) can't be read: \(error)")
    }
    let list = found.sorted { $0.key < $1.key }.map { source, offset -> JSONValue in
      [
        "partition": [
          "kafka_topic": .string(source.topic), "kafka_partition": .int(Int(source.partition)),
        ],
        "offset": ["kafka_offset": .int(Int(offset))],
      ]
    }
    return ConnectAnswer(["offsets": .array(list)])
  }

  /// Sets commits, or takes them away where `offset` is null. Only of a stopped connector.
  func patchOffsets(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let body = try ConfigBody.parse(request.body)
    guard body.object != nil else { throw .body("it must be an object") }
    guard let entries = body["offsets"]?.array, !entries.isEmpty else {
      throw ConnectProblem(
        400, "Partitions / offsets need to be provided for an alter offsets request")
    }
    let name = request["name"]
    let group = try stoppedGroup(name)
    var wanted: [TopicPartition: Int64?] = [:]
    for entry in entries {
      let (source, offset) = try Self.read(entry)
      wanted[source] = .some(offset)
    }
    try change(name, group, wanted)
    return ConnectAnswer([
      "message": "The offsets for this connector have been altered successfully"
    ])
  }

  func deleteOffsets(_ request: HTTPServerRequest) throws(ConnectProblem) -> ConnectAnswer {
    let name = request["name"]
    let group = try stoppedGroup(name)
    let known: [TopicPartition: Int64]
    do throws(KafkaError) { known = try admin(name).groupOffsets(group) } catch {
      throw ConnectProblem(500, "The offsets of \(name) can't be read: \(error)")
    }
    try change(name, group, known.mapValues { _ in nil })
    return ConnectAnswer([
      "message": "The offsets for this connector have been reset successfully"
    ])
  }

  private func stoppedGroup(_ name: String) throws(ConnectProblem) -> String {
    let config = try config(of: name)
    guard herder.target(of: name) == .stopped else {
      throw ConnectProblem(
        400,
        "Connectors must be in the STOPPED state before their offsets can be modified: "
          + "PUT /connectors/\(name)/stop")
    }
    return consumerGroup(name, config)
  }

  /// With what the connector says of its own about brokers and security.
  private func admin(_ name: String) throws(KafkaError) -> Admin {
    let config = herder.config(of: name) ?? [:]
    let properties = (try? herder.resolved(config, name: name).get()) ?? config
    let own = ClientOverrides(.consumer, of: properties).properties
    return try Admin(herder.settings.kafka.merging(own) { $1 })
  }

  // MARK: - The body

  private static func read(
    _ entry: JSONValue
  ) throws(ConnectProblem) -> (TopicPartition, Int64?) {
    guard let place = entry["partition"], place.object != nil else {
      throw ConnectProblem(
        400, "The partition for a sink connector offset cannot be null or missing")
    }
    guard let topic = place["kafka_topic"]?.string, let partition = place["kafka_partition"] else {
      throw ConnectProblem(
        400,
        "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'"
      )
    }
    guard let number = integer(partition), let partition = Int32(exactly: number) else {
      throw ConnectProblem(
        400, "A Kafka partition in the provided offsets can't be read: it must be an integer")
    }
    let source = TopicPartition(topic, partition)
    guard let offset = entry["offset"], !offset.isNull else { return (source, nil) }
    guard let value = offset["kafka_offset"] else {
      throw ConnectProblem(
        400,
        "The offset for a sink connector should either be null or contain the key 'kafka_offset'"
      )
    }
    guard let position = integer(value) else {
      throw ConnectProblem(
        400, "A Kafka offset in the provided offsets can't be read: it must be an integer")
    }
    return (source, position)
  }

  /// A number, or the text of one.
  private static func integer(_ json: JSONValue) -> Int64? {
    json.int64 ?? json.string.flatMap { Int64($0) }
  }

  // MARK: - The change

  private func change(
    _ name: String, _ group: String, _ wanted: [TopicPartition: Int64?]
  ) throws(ConnectProblem) {
    guard !wanted.isEmpty else { return }
    let counts: [String: Int32]
    do throws(KafkaError) { counts = try admin(name).partitionCounts() } catch {
      throw ConnectProblem(500, "The topics of \(name) can't be read: \(error)")
    }
    for (source, offset) in wanted {
      guard let count = counts[source.topic], (0..<count).contains(source.partition) else {
        throw ConnectProblem(500, "\(source) does not exist; nothing was changed")
      }
      if let offset, offset < 0 {
        throw ConnectProblem(500, "\(source): offset \(offset) is negative; nothing was changed")
      }
    }
    let deadline = ContinuousClock.now + .seconds(Self.groupPatience)
    guard herder.waitUntilIdle(name, seconds: Self.groupPatience) else {
      throw ConnectProblem(500, "Tasks of \(name) are still ending; try again")
    }
    do throws(KafkaError) { try apply(wanted, group, try admin(name), until: deadline) } catch {
      throw ConnectProblem(500, "The offsets of \(name) can't be changed: \(error)")
    }
    let id = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    try write(.offsetsChanged(name, OffsetChange(id: id, offsets: wanted)))
  }

  /// A group refuses while it has members: those of other workers, or one that was killed.
  private func apply(
    _ wanted: [TopicPartition: Int64?], _ group: String, _ admin: borrowing Admin,
    until deadline: ContinuousClock.Instant
  ) throws(KafkaError) {
    let set = wanted.compactMapValues { $0 }
    let taken = wanted.filter { $0.value == nil }.map(\.key).sorted()
    while true {
      do throws(KafkaError) {
        if !set.isEmpty { try admin.setGroupOffsets(group, set) }
        if !taken.isEmpty { try takeAway(taken, group, admin) }
        return
      } catch {
        guard error.hasGroupMembers, ContinuousClock.now < deadline else { throw error }
      }
      // Nobody tells when a group becomes empty.
      Thread.sleep(forTimeInterval: 0.2)
    }
  }

  /// A mock cluster can't take commits away: they are set to where reading starts without one.
  private func takeAway(
    _ places: [TopicPartition], _ group: String, _ admin: borrowing Admin
  ) throws(KafkaError) {
    do throws(KafkaError) { try admin.deleteGroupOffsets(group, places) } catch {
      guard error.code == "_UNSUPPORTED_FEATURE" else { throw error }
      var starts: [TopicPartition: Int64] = [:]
      for place in places { starts[place] = try admin.watermarks(place).low }
      try admin.setGroupOffsets(group, starts)
    }
  }
}

extension KafkaError {
  /// The group's members keep its offsets from being changed.
  fileprivate var hasGroupMembers: Bool {
    ["UNKNOWN_MEMBER_ID", "NON_EMPTY_GROUP", "GROUP_SUBSCRIBED_TO_TOPIC", "REBALANCE_IN_PROGRESS"]
      .contains(code)
  }
}
