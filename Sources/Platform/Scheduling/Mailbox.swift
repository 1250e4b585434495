import Foundation

/// What other threads have to say to the one thread that reads it.
///
/// `post` may be called from any thread and wakes the reader; the rest is the reader's.
///
/// `@unchecked Sendable` because `messages` is only touched under `condition`.
public final class Mailbox<Message: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var messages: [Message] = []
  private let wake: @Sendable () -> Void

  /// `wake` must be callable from any thread and must not block.
  public init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  public func post(_ message: Message) {
    condition.lock()
    messages.append(message)
    condition.signal()
    condition.unlock()
    wake()
  }

  /// All messages posted since the last call, in order.
  public func drain() -> [Message] {
    condition.lock()
    defer { condition.unlock() }
    if messages.isEmpty { return [] }
    defer { messages.removeAll(keepingCapacity: true) }
    return messages
  }

  /// Waits until a message is there, at most `milliseconds`.
  public func wait(milliseconds: Int) {
    let limit = Date(timeIntervalSinceNow: Double(milliseconds) / 1000)
    condition.lock()
    while messages.isEmpty, condition.wait(until: limit) {}
    condition.unlock()
  }
}
