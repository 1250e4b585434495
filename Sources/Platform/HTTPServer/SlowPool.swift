import Foundation

/// A few threads for handlers that take longer than the daemon's thread may.
///
/// `@unchecked Sendable` because `jobs` and the counters are only touched under `condition`'s lock.
final class SlowPool: @unchecked Sendable {
  private let condition = NSCondition()
  private let maximumQueued: Int
  private let maximumThreads: Int
  private var jobs: [@Sendable () -> Void] = []
  private var threads = 0
  private var idle = 0
  private var isStopping = false

  init(threads: Int, maximumQueued: Int) {
    maximumThreads = max(threads, 1)
    self.maximumQueued = maximumQueued
  }

  /// Queues a job; false where the queue is full or the pool stops. Threads start when needed.
  func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
    condition.withLock {
      guard !isStopping, jobs.count < maximumQueued else { return false }
      jobs.append(job)
      if idle < jobs.count && threads < maximumThreads {
        threads += 1
        let thread = Thread { [self] in run() }
        thread.name = "opine-slow"
        thread.start()
      }
      condition.broadcast()
      return true
    }
  }

  /// Lets the queued jobs finish and waits for the threads to end.
  func stop() {
    condition.lock()
    isStopping = true
    condition.broadcast()
    while threads > 0 { condition.wait() }
    condition.unlock()
  }

  private func run() {
    while let job = next() { job() }
    condition.withLock {
      threads -= 1
      condition.broadcast()
    }
  }

  private func next() -> (@Sendable () -> Void)? {
    condition.lock()
    defer { condition.unlock() }
    idle += 1
    defer { idle -= 1 }
    while jobs.isEmpty {
      if isStopping { return nil }
      condition.wait()
    }
    return jobs.removeFirst()
  }
}
