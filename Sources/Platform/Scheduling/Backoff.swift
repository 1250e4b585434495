/// How long to wait before the next try: exponential with full jitter, between a floor and a cap.
///
/// A value without a clock: the caller adds the delay to its own now. Wait before try k (1, 2, …) is
/// uniform in `[base·2ᵏ⁻¹ / 2, base·2ᵏ⁻¹]`, capped; half of it is kept as a floor so that a herd spreads
/// out but no try is immediate.
public struct Backoff: Sendable, Equatable {
  public let base: Duration
  public let cap: Duration
  /// Tries that have failed in a row.
  public private(set) var failures = 0

  public init(base: Duration, cap: Duration) {
    self.base = base
    self.cap = cap
  }

  /// The delay after one more failure.
  public mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
    failures += 1
    let doubled = base * (1 << min(failures - 1, 20))
    let top = min(doubled, cap)
    return top / 2 + (top / 2) * Double.random(in: 0...1, using: &random)
  }

  public mutating func reset() { failures = 0 }
}

/// SplitMix64: a small seeded generator, so that random choices can be repeated from a printed seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
