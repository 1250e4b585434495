/// Where configurations, target states and deliberate changes of offsets live.
///
/// A change reaches the herder only out of the store: that of this process too, and those of others where
/// the store is shared. So all that share it do the same, and the last writer wins.
public protocol ConfigStore: Sendable {
  /// Hands over all that is kept, then every change as it comes, in one order, one at a time; returns once
  /// what was kept at the call is handed over. Waits as long as it takes; `stop` ends the waiting.
  func start(_ deliver: @escaping @Sendable (ConfigChange) -> Void) throws(ConfigStoreError)

  /// Returns once the change is durable and was delivered here. After an error it may still come.
  func write(_ change: ConfigChange) throws(ConfigStoreError)

  /// Delivers nothing any more.
  func stop()
}

/// Why a configuration could not be read or kept.
public struct ConfigStoreError: Error, Sendable, CustomStringConvertible {
  /// What was tried, where, and what to do next.
  public let reason: String

  public init(_ reason: String) { self.reason = reason }

  public var description: String { reason }
}
