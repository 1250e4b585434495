/// Where a write's version comes from.
public enum VersionSource: String, Sendable, CaseIterable {
  /// The Kafka offset, strictly greater wins.
  case offset
  /// The record's Kafka timestamp, greater or equal wins.
  case timestamp
  /// A number in a header (`external.version.header`), greater or equal wins.
  case header
  /// A number in the record's value (`version.field`), greater or equal wins.
  case field
  /// No version is sent.
  case none
}

/// What happens to a record with a null value.
public enum NullValues: String, Sendable, CaseIterable {
  case ignore, delete, fail
}

/// What happens on a version conflict that the history of the topic cannot explain.
public enum UnexplainedConflict: String, Sendable, CaseIterable {
  case hold, report, ignore
}

/// Whether a document is replaced or merged into.
public enum WriteMethod: String, Sendable, CaseIterable {
  case insert, upsert
}

/// How a decimal stands in a document.
public enum DecimalFormat: String, Sendable, CaseIterable {
  case string, number, base64
}

/// What the resources of `topic.to.external.resource.mapping` are.
public enum ExternalResource: String, Sendable, CaseIterable {
  case disabled
  case index
  case dataStream = "datastream"
  case indexAlias = "alias_index"
  case dataStreamAlias = "alias_datastream"

  public var isDataStream: Bool { self == .dataStream || self == .dataStreamAlias }
}

/// How long what fails without being a record's fault is tried again.
public enum RetryLimit: Sendable, Equatable {
  case unlimited
  /// Confluent's: after so many tries beyond the first the task fails.
  case count(Int)
  /// The task fails when nothing has succeeded for so long.
  case time(Duration)
}

/// The data stream TYPE-DATASET-NAMESPACE of `data.stream.*`.
public struct DataStreamSettings: Sendable {
  public let type: String
  public let dataset: String
  /// May hold `${topic}`.
  public let namespace: String

  /// Elasticsearch's name of the stream for a topic: the namespace in lower case, at most 100 characters.
  public func name(of topic: String) -> String {
    let space = namespace.replacing("${topic}", with: topic.lowercased()).prefix(100)
    return "\(type)-\(dataset)-\(space)".lowercased()
  }
}
