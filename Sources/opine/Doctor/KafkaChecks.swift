import Kafka

/// Looks at brokers, topics, the stages' groups and the dead letters.
struct KafkaChecks {
  /// Records behind which a group may be while it works, without a warning.
  static let unremarkableLag = 10_000
  private static let timeout: Int32 = 3000
  /// A mock cluster lets the question for settings run into this.
  private static let settingsTimeout: Int32 = 1000

  private let kafka: KafkaProperties
  private let address: String
  private let groups: [(stage: String, group: String, topic: String)]

  init(_ invocation: Invocation) {
    kafka = invocation.kafkaProperties
    address = invocation.text(.kafka)
    groups = PipelineParts.groups(invocation)
  }

  func findings() -> [Finding] {
    let present: [String: Int32]
    do throws(KafkaError) {
      present = try Admin(kafka).partitionCounts(timeoutMilliseconds: Self.timeout)
    } catch {
      return [
        Finding(
          "kafka", error: error, next: "start Kafka, or say where it is: --kafka HOST:PORT")
      ]
    }
    var findings = [Finding("kafka", .ok, "answers at \(address)")]
    var askable = true
    for topic in PipelineParts.topics {
      findings.append(self.topic(topic, partitions: present[topic], &askable))
    }
    for (stage, group, topic) in groups where present[topic] != nil {
      findings.append(self.group(group, of: stage, reading: topic))
    }
    if present[PipelineParts.deadLetters] != nil { findings.append(deadLetters()) }
    return findings
  }

  // MARK: - Topics

  /// `askable` becomes false where the cluster does not tell settings: the others are not asked for then.
  private func topic(
    _ name: String, partitions: Int32?, _ askable: inout Bool
  ) -> Finding {
    let part = "topic \(name)"
    guard let partitions else { return Finding(part, .fail, "is missing", next: "opine apply") }
    guard askable else {
      return Finding(part, .ok, "\(partitions) partitions; settings can't be asked here")
    }
    do throws(KafkaError) {
      let settings = try Admin(kafka).settings(
        topic: name, timeoutMilliseconds: Self.settingsTimeout)
      return Self.judge(topic: name, partitions: partitions, settings: settings, address)
    } catch {
      guard error.isRetriable || error.code == "_UNSUPPORTED_FEATURE" else {
        return Finding(part, error: error, next: "opine status")
      }
      askable = false
      return Finding(part, .ok, "\(partitions) partitions; settings can't be asked here")
    }
  }

  static func judge(
    topic: String, partitions: Int32, settings: [String: String], _ address: String
  ) -> Finding {
    let wrong = PipelineParts.topicSettings.sorted { $0.key < $1.key }.filter { name, wanted in
      settings[name].map { $0 != wanted } ?? false
    }
    if let (name, wanted) = wrong.first {
      return Finding(
        "topic \(topic)", .fail,
        "\(name)=\(settings[name] ?? ""), should be \(wanted): "
          + "compaction keeps the last arrival, not the newest version",
        next: "kafka-configs.sh --bootstrap-server \(address) --alter --entity-type topics "
          + "--entity-name \(topic) --add-config \(name)=\(wanted)")
    }
    let told = PipelineParts.topicSettings.map { "\($0.key)=\($0.value)" }.sorted()
    return Finding(
      "topic \(topic)", .ok, "\(partitions) partitions, " + told.joined(separator: ", "))
  }

  // MARK: - Groups

  private func group(_ group: String, of stage: String, reading topic: String) -> Finding {
    do {
      let bounds = try TopicBounds(topic, kafka).bounds
      let committed = try committedOffsets(
        group: group, bounds.keys.sorted(), kafka, timeoutMilliseconds: Self.timeout)
      return Self.judge(group: group, of: stage, bounds, committed)
    } catch let error as KafkaError where error.isRetriable {
      return .cantBeAsked("group \(group)")
    } catch {
      return Finding("group \(group)", error: error, next: "opine status")
    }
  }

  static func judge(
    group: String, of stage: String, _ bounds: [TopicPartition: Watermarks],
    _ committed: [TopicPartition: Int64]
  ) -> Finding {
    let part = "group \(group)"
    let goOn = "opine verify shows what is missing; opine \(stage) --on-gap continue goes on"
    for (place, marks) in bounds.sorted(by: { $0.key < $1.key }) {
      guard let next = committed[place] else { continue }
      if next < marks.low {
        return Finding(
          part, .fail,
          "\(place): \(Terminal.grouped(Int(marks.low - next))) records were deleted "
            + "before they were read", next: goOn)
      }
      if next > marks.high {
        return Finding(
          part, .fail,
          "\(place): committed \(next), the log ends at \(marks.high): the topic was made anew",
          next: goOn)
      }
    }
    let lag = bounds.reduce(0) { sum, each in
      sum + Int(each.value.high - (committed[each.key] ?? each.value.low))
    }
    let behind = "\(Terminal.grouped(lag)) records behind"
    if committed.isEmpty, lag > 0 {
      return Finding(part, .warn, "has committed nothing, \(behind)", next: "opine run")
    }
    if lag > unremarkableLag { return Finding(part, .warn, behind, next: "opine status") }
    return Finding(part, .ok, behind)
  }

  private func deadLetters() -> Finding {
    do {
      let count = try TopicBounds(PipelineParts.deadLetters, kafka).count
      if count == 0 { return Finding("dead letters", .ok, "none") }
      return Finding(
        "dead letters", .warn, "\(Terminal.grouped(count)) records could not be indexed",
        next: "opine dlq list")
    } catch {
      return Finding("dead letters", error: error, next: "opine status")
    }
  }
}
