import Foundation

/// Runs what blocks on a thread of its own, none of Swift's shared pool.
func onThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    let thread = Thread { continuation.resume(with: Swift.Result(catching: body)) }
    thread.stackSize = 8 << 20
    thread.start()
  }
}
