import Foundation
import Synchronization

/// One thread that an actor lives on, so that it may block in a C call without holding up the shared pool.
///
/// Jobs run in the order in which they were enqueued. The thread ends after `stop()`, once the jobs
/// enqueued before it are done; jobs enqueued later run on the caller's thread, so that no continuation
/// is lost at shutdown.
///
/// `@unchecked Sendable` because `jobs` and `stopped` are only touched under `condition`.
public final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
  private let condition = NSCondition()
  private var jobs: [UnownedJob] = []
  private var stopped = false

  public init(name: String, stackBytes: Int = 1 << 20) {
    let thread = Thread { [self] in loop() }
    thread.name = name
    thread.stackSize = stackBytes
    thread.start()
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.lock()
    let late = stopped
    if !late {
      jobs.append(job)
      condition.signal()
    }
    condition.unlock()
    if late { job.runSynchronously(on: asUnownedSerialExecutor()) }
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  public func stop() {
    condition.lock()
    stopped = true
    condition.signal()
    condition.unlock()
  }

  private func loop() {
    while true {
      condition.lock()
      while jobs.isEmpty && !stopped { condition.wait() }
      let ready = jobs
      jobs.removeAll()
      let done = stopped && ready.isEmpty
      condition.unlock()
      if done { return }
      for job in ready { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }
  }
}
