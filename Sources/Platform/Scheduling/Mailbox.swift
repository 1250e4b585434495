import Synchronization

/// What other threads have to say to the one thread that reads it.
///
/// `post` may be called from any thread and wakes the reader; `drain` is the reader's.
public final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let wake: @Sendable () -> Void

  /// `wake` must be callable from any thread and must not block.
  public init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  public func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    wake()
  }

  /// All messages posted since the last call, in order.
  public func drain() -> [Message] {
    messages.withLock { waiting in
      defer { waiting.removeAll(keepingCapacity: true) }
      return waiting
    }
  }
}
