import Foundation
import Scheduling

/// Runs what blocks on a thread of its own: the shared pool has a thread for each core, and every other
/// test waits for them.
public func onThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Swift.Result(catching: body)) }.start()
  }
}

/// Where tests run that block all the time: one thread beside the shared pool.
@globalActor public actor BlockingTests {
  public static let shared = BlockingTests()

  private nonisolated let executor = ThreadExecutor(name: "blocking tests")

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }
}
