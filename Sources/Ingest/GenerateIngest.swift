import Foundation
import Reviews

/// How many of each kind were generated.
public struct GeneratedCounts: Sendable, Equatable {
  public var new = 0
  public var duplicates = 0
  public var updates = 0
  public var deletes = 0
  /// Lines that went to the dead letters.
  public var badLines = 0
  public var broken = 0
  public var longIDs = 0

  public init() {}

  public var total: Int {
    new + duplicates + updates + deletes + badLines + broken + longIDs
  }

  mutating func note(_ made: Generated) {
    switch made {
    case .new: new += 1
    case .duplicate: duplicates += 1
    case .update: updates += 1
    case .delete: deletes += 1
    case .badLine: badLines += 1
    case .broken: broken += 1
    case .longID: longIDs += 1
    }
  }
}

/// `opine ingest generate`: a synthetic stream to the raw topic.
public final class GenerateIngest {
  private let writer: RawWriter
  private let stop: StopRequest
  private var generator: ReviewGenerator
  private var parser = LineParser()
  private var token = 0

  public private(set) var counts = GeneratedCounts()
  /// Called with the number of records so far.
  public var onProgress: (Int) -> Void = { _ in }

  public init(
    _ target: IngestTarget, generator: ReviewGenerator, stop: StopRequest
  ) throws(IngestError) {
    writer = try RawWriter(target, stop: stop)
    self.generator = generator
    self.stop = stop
  }

  /// Records that the broker has acknowledged.
  public var delivered: Int { writer.counts.delivered }

  /// Runs until `count` records (nil: for ever) or until it is stopped, then flushes.
  ///
  /// - Parameter rate: records a second; 0 is as many as go.
  public func run(rate: Int, count: Int?) throws(IngestError) {
    let start = ContinuousClock.now
    while !stop.isStopped, count.map({ token < $0 }) ?? true {
      if rate > 0 { try pace(start + .seconds(Double(token) / Double(rate))) }
      if stop.isStopped { break }
      let made = generator.next(now: currentMilliseconds())
      try write(made)
      counts.note(made)
      token += 1
      if token % 64 == 0 || rate > 0 {
        try writer.poll()
        onProgress(token)
      }
    }
    try writer.flush { onProgress(token) }
  }

  /// Waits for the moment of the next record, in pieces, so that a stop is seen.
  private func pace(_ due: ContinuousClock.Instant) throws(IngestError) {
    while !stop.isStopped {
      let left = due - .now
      if left <= .zero { return }
      Thread.sleep(forTimeInterval: min(left, .milliseconds(100)) / .seconds(1))
      try writer.poll()
    }
  }

  private func write(_ made: Generated) throws(IngestError) {
    switch made {
    case .new(let review), .duplicate(let review), .update(let review), .longID(let review):
      _ = try writer.write(review, token: token)
    case .broken(let review): try writer.writeBroken(review, token: token)
    case .delete(let id): try writer.writeTombstone(id, token: token)
    case .badLine(let text):
      try withBytes(Array(text.utf8)) { (bytes) throws(IngestError) in
        let fault = parser.parse(bytes, now: currentMilliseconds()) { _ in }
        try writer.reject(
          bytes, key: fault?.key, reason: fault?.reason ?? "generated as poison",
          source: "generate", number: token + 1, token: token)
      }
    }
  }
}
