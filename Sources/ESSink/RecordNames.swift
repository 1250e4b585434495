import Connect
import JSON
import Kafka

/// The names that a record's content may decide: index, routing, pipeline, and a data stream's timestamp.
struct RecordNames {
  private let index: NameTemplate
  private let routing: NameTemplate?
  private let pipeline: NameTemplate?
  private let timestampFields: [String]
  /// Every record of a topic goes to the same resource.
  let isFixed: Bool

  init(_ settings: SinkSettings) throws(ConfigError) {
    func template(_ text: String, _ key: ConfigKey) throws(ConfigError) -> NameTemplate {
      guard let made = NameTemplate(text) else {
        throw ConfigError([
          ConfigProblem(
            key.name,
            "there are ${topic}, ${key}, ${field:a.b}, ${header:NAME}, ${timestamp:yyyy-MM}")
        ])
      }
      return made
    }
    func optional(_ text: String?, _ key: ConfigKey) throws(ConfigError) -> NameTemplate? {
      guard let text else { return nil }
      return try template(text, key)
    }
    index = try template(settings.indexFormat, SinkKey.indexFormat)
    routing = try optional(settings.routing, SinkKey.routing)
    pipeline = try optional(settings.pipeline, SinkKey.pipeline)
    timestampFields = settings.timestampFields
    isFixed = index.isOfTopicAlone || !settings.resources.isEmpty || settings.dataStream != nil
  }

  var hasExtras: Bool { routing != nil || pipeline != nil }

  /// Whether records must be looked into, so that the direct way can't be taken.
  var needsRecords: Bool { !isFixed || hasExtras || !timestampFields.isEmpty }

  func resource(of topic: String, _ settings: SinkSettings) -> String {
    let isNamed = !settings.resources.isEmpty || settings.dataStream != nil
    return isNamed
      ? settings.resource(of: topic) : IndexName.of(topic: index.text(ofTopic: topic))
  }

  /// Nil where the record lacks what the name asks for.
  func indexName(of record: ConnectRecord) -> String? { index.text(of: record)?.lowercased() }

  func extras(of record: ConnectRecord) throws(RecordFault) -> ActionExtras {
    func text(_ template: NameTemplate?, _ what: String) throws(RecordFault) -> String? {
      guard let template else { return nil }
      guard let text = template.text(of: record) else {
        throw RecordFault(
          stage: .task, kind: what, reason: "the record lacks what \(what) asks for")
      }
      return text
    }
    return ActionExtras(
      routing: try text(routing, "routing"), pipeline: try text(pipeline, "pipeline"))
  }

  /// What becomes `@timestamp`; nil leaves the document as it is, for Elasticsearch to judge.
  func streamTimestamp(_ made: ConnectRecord?, _ record: Record) -> JSONValue? {
    guard timestampFields.isEmpty else {
      return timestampFields.lazy.compactMap { made?.field($0) }.first { !$0.isNull }
    }
    return (made.map(\.timestamp) ?? record.timestamp).map { .number(String($0)) }
  }
}
