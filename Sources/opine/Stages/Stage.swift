import Connect
import Foundation
import Telemetry

/// What works until it is stopped: its workers side by side, and the health and metrics they tell.
struct Stage: Sendable {
  let health = Health()
  let metrics = Metrics()

  /// Runs a stage from its first moment on under the signals: SIGTERM or SIGINT cancels the body's task,
  /// which ends its waiting for services and stops its workers; that is a good end.
  static func run(
    _ body: @escaping @Sendable (Stage) async throws -> ExitCode
  ) async throws -> ExitCode {
    let (stops, stop) = AsyncStream.makeStream(of: Void.self)
    let signals = Signals { stop.finish() }
    defer { withExtendedLifetime(signals) {} }
    return try await withThrowingTaskGroup(of: ExitCode?.self) { group in
      group.addTask {
        do { return try await body(Stage()) } catch is CancellationError { return .done }
      }
      group.addTask {
        for await _ in stops {}
        return nil
      }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let code = ended { return code }
        group.cancelAll()
      }
      return .done
    }
  }

  /// Runs workers until all have ended; when the task is cancelled, they drain, commit and end.
  /// The first failure decides the exit code; one worker's failure does not stop the others.
  func run(_ workers: [Worker]) async throws -> ExitCode {
    let failures = await withTaskCancellationHandler {
      await withTaskGroup(of: TaskFailure?.self) { group in
        for worker in workers { group.addTask { await worker.run() } }
        return await group.reduce(into: [TaskFailure]()) { all, failure in
          if let failure { all.append(failure) }
        }
      }
    } onCancel: {
      for worker in workers { worker.stop() }
    }
    guard let failure = failures.first else { return .done }
    throw CommandError(
      failure.kind == .gap ? .gap : .failed, "a task stopped", why: failure.reason,
      next: failure.kind == .missing ? "opine apply" : "opine status shows the rest")
  }
}
