import Dispatch
import Foundation

/// Calls `onStop` at the first SIGTERM or SIGINT; a second one ends the process at once.
///
/// Keep the value: the signals are watched while it lives.
final class Signals {
  private var sources: [any DispatchSourceSignal] = []

  init(onStop: @escaping @Sendable () -> Void) {
    for number in [SIGTERM, SIGINT] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        onStop()
        signal(number, SIG_DFL)
      }
      source.resume()
      sources.append(source)
    }
  }
}
