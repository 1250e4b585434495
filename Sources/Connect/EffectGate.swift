import Kafka
import SQLite

/// What a worker does to the world outside its memory.
public enum Effect: String, Sendable, CaseIterable {
  /// Subscribe, take or give back partitions, pause, go on, seek.
  case group
  /// Ask for commits, log bounds and partition counts.
  case positions
  case commit
  /// Give a letter to the broker.
  case deadLetter
  /// A request to where the records go.
  case destination
  /// Ask a registry for a schema.
  case schema
  /// Read or write the data folder.
  case memory
}

/// The one gate through which a worker's effects leave it, so that a test can make any single one fail; all
/// but questions whose missing answer changes nothing, as whether a broker is there.
///
/// Open in production. A refused effect is not carried out; a lost one is, and its answer never comes: for
/// the worker both failed, and it must not matter which.
public struct EffectGate: Sendable {
  public enum Fate: Sendable { case carriedOut, refused, lost }

  public static let open = EffectGate(decide: nil)

  private let decide: (@Sendable (Effect) -> Fate)?

  /// Asked once for each effect, from any thread.
  public init(_ decide: @escaping @Sendable (Effect) -> Fate) { self.init(decide: decide) }
  private init(decide: (@Sendable (Effect) -> Fate)?) { self.decide = decide }

  private func fate(of effect: Effect) -> Fate { decide?(effect) ?? .carriedOut }

  /// Carries the effect out, or fails with `error` as the gate says.
  func perform<Result, Failure: Error>(
    _ effect: Effect, failing error: @autoclosure () -> Failure,
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let fate = fate(of: effect)
    if fate == .refused { throw error() }
    let result = try body()
    if fate == .lost { throw error() }
    return result
  }

  /// As `perform`, for what is asked of a broker.
  public func broker<Result>(
    _ effect: Effect, _ body: () throws(KafkaError) -> Result
  ) throws(KafkaError) -> Result {
    try perform(effect, failing: KafkaError.unreachable("\(effect.rawValue) (injected)"), body)
  }

  /// As `perform`, for an effect whose answer comes later, on any thread.
  public func start<Success, Failure: Error>(
    _ effect: Effect, failing error: @autoclosure () -> Failure,
    _ answer: @escaping @Sendable (Result<Success, Failure>) -> Void,
    _ body: (@escaping @Sendable (Result<Success, Failure>) -> Void) -> Void
  ) {
    switch fate(of: effect) {
    case .carriedOut: body(answer)
    case .refused: answer(.failure(error()))
    case .lost:
      let error = error()
      body { _ in answer(.failure(error)) }
    }
  }

  /// The source, with each question to it as one effect.
  public func gated(_ source: @escaping SchemaSource) -> SchemaSource {
    { key, answer in
      start(.schema, failing: SchemaLookupError.unavailable("injected"), answer) { source(key, $0) }
    }
  }
}

extension SQLiteError {
  /// What a gate makes of an effect on the data folder.
  static var injected: SQLiteError {
    SQLiteError(code: 10, operation: "step", message: "disk I/O error (injected)")
  }
}
