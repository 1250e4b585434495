/// How much a new schema of a subject may differ from the earlier ones.
public enum CompatibilityLevel: String, Sendable, CaseIterable {
  case none = "NONE"
  case backward = "BACKWARD"
  case backwardTransitive = "BACKWARD_TRANSITIVE"
  case forward = "FORWARD"
  case forwardTransitive = "FORWARD_TRANSITIVE"
  case full = "FULL"
  case fullTransitive = "FULL_TRANSITIVE"

  /// Any case of letters, as registries take it.
  public init?(name: String) { self.init(rawValue: name.uppercased()) }

  /// Readers with the new schema must read what the old one wrote.
  public var checksBackward: Bool {
    switch self {
    case .backward, .backwardTransitive, .full, .fullTransitive: true
    case .none, .forward, .forwardTransitive: false
    }
  }

  /// Readers with the old schema must read what the new one writes.
  public var checksForward: Bool {
    switch self {
    case .forward, .forwardTransitive, .full, .fullTransitive: true
    case .none, .backward, .backwardTransitive: false
    }
  }

  /// Against every earlier schema, not only the newest.
  public var isTransitive: Bool {
    switch self {
    case .backwardTransitive, .forwardTransitive, .fullTransitive: true
    case .none, .backward, .forward, .full: false
    }
  }

  /// What this level forbids about a new schema after an old one.
  public func problems(of new: AvroSchema, after old: AvroSchema) -> [CompatibilityProblem] {
    var problems: [CompatibilityProblem] = []
    if checksBackward {
      problems += new.incompatibilities(asReaderOf: old)
        .map { CompatibilityProblem(direction: .backward, cause: $0) }
    }
    if checksForward {
      problems += old.incompatibilities(asReaderOf: new)
        .map { CompatibilityProblem(direction: .forward, cause: $0) }
    }
    return problems
  }

  /// The first of the earlier schemas that forbids a new one, and why; nil where none does.
  ///
  /// - Parameter earlier: oldest first.
  public func conflict(
    of new: AvroSchema, after earlier: [AvroSchema]
  ) -> (index: Int, problems: [CompatibilityProblem])? {
    for (index, old) in earlier.enumerated().reversed().prefix(isTransitive ? .max : 1) {
      let problems = problems(of: new, after: old)
      if !problems.isEmpty { return (index, problems) }
    }
    return nil
  }
}

/// An incompatibility, and which side it breaks.
public struct CompatibilityProblem: Sendable, Equatable {
  public enum Direction: String, Sendable {
    /// The new schema cannot read what the old one wrote.
    case backward
    /// The old schema cannot read what the new one writes.
    case forward
  }

  public let direction: Direction
  public let cause: AvroIncompatibility
}
