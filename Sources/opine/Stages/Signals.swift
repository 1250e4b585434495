import Dispatch
import Foundation
import Synchronization

/// Calls `onStop` at the first SIGTERM or SIGINT; a second one ends the process at once.
///
/// Keep the value: `onStop` is called while it lives. Several may live at once, and all are called.
final class Signals: Sendable {
  private let number: Int

  init(onStop: @escaping @Sendable () -> Void) {
    number = SignalWatch.process.add(onStop)
  }

  deinit { SignalWatch.process.remove(number) }
}

/// Watches both signals for the whole process, from the first wish on.
///
/// Once only: Dispatch puts a handler of its own on a signal that it watches, and whoever sets the signal
/// to be ignored a second time takes that handler away.
private final class SignalWatch: @unchecked Sendable {  // because `sources` is only set in `init`
  static let process = SignalWatch()

  private struct State {
    var next = 0
    var handlers: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())
  private var sources: [any DispatchSourceSignal] = []

  private init() {
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in
        for handler in state.withLock({ Array($0.handlers.values) }) { handler() }
        signal(number, SIG_DFL)
      }
      source.resume()
      sources.append(source)
    }
  }

  func add(_ handler: @escaping @Sendable () -> Void) -> Int {
    state.withLock { state in
      state.next += 1
      state.handlers[state.next] = handler
      return state.next
    }
  }

  func remove(_ number: Int) { state.withLock { $0.handlers[number] = nil } }
}
