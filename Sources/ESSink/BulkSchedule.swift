import Scheduling

/// Which bulk is sent when: order, how many may be in flight, and waiting after trouble. A value without
/// clock or I/O.
///
/// The number in flight adapts: one more for each round of good answers up to `maximum`, half after
/// pressure (429, 503, a timeout). After a failure that concerns all of a destination nothing is sent but
/// one probe at a time, with backoff, for ever.
struct BulkSchedule: Sendable {
  private let maximum: Int
  private(set) var limit: Double
  private(set) var inFlight: Set<Int> = []
  /// Bulks to send, oldest first; those that were sent before come first.
  private var ready: [Int] = []
  /// Bulks that wait for a time of their own (single actions under pressure).
  private var later: [(bulk: Int, at: Duration)] = []
  private var backoff: Backoff
  private(set) var heldUntil: Duration?

  init(maximum: Int, backoff: Backoff) {
    self.maximum = maximum
    self.backoff = backoff
    limit = Double(min(2, maximum))
  }

  mutating func add(_ bulk: Int) { ready.append(bulk) }

  /// Sends it again, before younger ones, as soon as the hold allows.
  mutating func addAgain(_ bulk: Int) { ready.insert(bulk, at: 0) }

  /// Sends it again, not before the time.
  mutating func add(_ bulk: Int, at time: Duration) { later.append((bulk, time)) }

  var waiting: [Int] { ready + later.map(\.bulk) }
  var isEmpty: Bool { ready.isEmpty && later.isEmpty && inFlight.isEmpty }

  mutating func remove(_ bulk: Int) {
    ready.removeAll { $0 == bulk }
    later.removeAll { $0.bulk == bulk }
  }

  /// The next bulk to send now, of those whose destination is open; it counts as in flight from here on.
  mutating func next(now: Duration, isOpen: (Int) -> Bool = { _ in true }) -> Int? {
    while let index = later.firstIndex(where: { $0.at <= now }) {
      ready.insert(later.remove(at: index).bulk, at: 0)
    }
    if ready.isEmpty { return nil }
    if let heldUntil {
      guard inFlight.isEmpty, now >= heldUntil else { return nil }
    } else if inFlight.count >= Int(limit) {
      return nil
    }
    guard let place = ready.firstIndex(where: isOpen) else { return nil }
    let chosen = ready.remove(at: place)
    inFlight.insert(chosen)
    return chosen
  }

  /// Answered; nothing follows for others.
  mutating func answered(_ bulk: Int) { inFlight.remove(bulk) }

  mutating func succeeded(_ bulk: Int) {
    inFlight.remove(bulk)
    heldUntil = nil
    backoff.reset()
    limit = min(Double(maximum), limit + 1 / limit)
  }

  /// Answered, with some actions refused for want of capacity.
  mutating func pressed(_ bulk: Int) {
    inFlight.remove(bulk)
    limit = max(1, limit / 2)
  }

  /// Nothing of the destination works now: wait, unless another address may be asked at once, then probe.
  /// Answers with the next try's time.
  mutating func hold(
    after bulk: Int, now: Duration, atLeast: Duration = .zero, waits: Bool = true,
    using random: inout some RandomNumberGenerator
  ) -> Duration {
    inFlight.remove(bulk)
    limit = max(1, limit / 2)
    let until = waits ? now + max(atLeast, backoff.next(using: &random)) : now
    heldUntil = until
    return until
  }

  var deadline: Duration? {
    let held = ready.isEmpty ? nil : heldUntil
    return [held, later.map(\.at).min()].compactMap { $0 }.min()
  }
}
