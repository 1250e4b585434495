import Synchronization

/// The topics that a connector's records came from. From any thread.
public final class ActiveTopics: Sendable {
  private let topics = Mutex<Set<String>>([])

  public init() {}

  func insert(_ topic: String) {
    topics.withLock { topics in
      if !topics.contains(topic) { topics.insert(topic) }
    }
  }

  /// Sorted by name.
  public var all: [String] { topics.withLock { $0.sorted() } }

  /// Forgets all; those that records still come from are noted again.
  public func reset() { topics.withLock { $0 = [] } }
}

/// The active topics of every connector, from this process's start on.
public final class TopicsByConnector: Sendable {
  private let topics = Mutex<[String: ActiveTopics]>([:])

  public init() {}

  public subscript(connector: String) -> ActiveTopics {
    topics.withLock { topics in
      if let known = topics[connector] { return known }
      let new = ActiveTopics()
      topics[connector] = new
      return new
    }
  }

  func remove(_ connector: String) { _ = topics.withLock { $0.removeValue(forKey: connector) } }
}
