import Foundation
import Kafka

/// Milliseconds since 1970.
func currentMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

/// `opine ingest file`: the lines of files to the raw topic, what is no review to the dead letters.
public final class FileIngest {
  private let writer: RawWriter
  private let cluster: String
  private let checkpoints: Checkpoints?
  private let stop: StopRequest
  private var parser = LineParser()
  private var storedAt = ContinuousClock.now

  /// Called with the number of lines read, every few hundred lines.
  public var onProgress: (Int) -> Void = { _ in }
  /// Called where an earlier run had delivered lines: the file, and how many.
  public var onSkip: (String, Int) -> Void = { _, _ in }
  /// Called where an earlier run read a file of that name, but another one or to another cluster.
  public var onAfresh: (String) -> Void = { _ in }

  private var read = 0

  /// - Parameters:
  ///   - cluster: the cluster's id, which checkpoints belong to.
  ///   - checkpoints: nil to keep none.
  public init(
    _ target: IngestTarget, cluster: String, checkpoints: Checkpoints?, stop: StopRequest
  ) throws(IngestError) {
    writer = try RawWriter(target, stop: stop)
    self.cluster = cluster
    self.checkpoints = checkpoints
    self.stop = stop
  }

  public var counts: IngestCounts { writer.counts }

  /// Where a file's checkpoint is kept.
  private struct Place {
    let path: String
    let identity: FileIdentity
  }

  /// Reads one file to its end (`-` is standard input) and waits until the broker has all of it.
  ///
  /// - Parameter fromStart: whether to send again what an earlier run had delivered.
  public func run(file name: String, fromStart: Bool) throws(IngestError) {
    let place = place(of: name)
    var done = 0
    if let place, let checkpoints, !fromStart {
      done = try checkpoints.lines(
        cluster: cluster, topic: IngestTarget.topic, path: place.path, identity: place.identity)
    }
    if done > 0 {
      onSkip(name, done)
    } else if let place, try checkpoints?.knows(path: place.path) == true {
      onAfresh(name)
    }
    let reader = try LineReader(name)
    writer.begin(at: done)
    let skipped = done
    do throws(IngestError) {
      try reader.forEach { (line) throws(IngestError) in
        if stop.isStopped { return false }
        read += 1
        if line.number <= skipped {
          writer.counts.skipped += 1
        } else {
          try take(line, source: name == "-" ? "stdin" : name)
        }
        if read % 256 == 0 {
          onProgress(read)
          try writer.poll()
          try store(place)
        }
        return true
      }
      try writer.flush { () throws(IngestError) in
        onProgress(read)
        try store(place)
      }
    } catch {
      // What was read before the fault still goes out, unless Kafka is the fault.
      if case .file = error { try writer.flush { () throws(IngestError) in try store(place) } }
      try? store(place, atOnce: true)
      throw error
    }
    try store(place, atOnce: true)
    writer.counts.isStopped = writer.counts.isStopped || stop.isStopped
  }

  private func place(of name: String) -> Place? {
    guard name != "-", checkpoints != nil else { return nil }
    let path = URL(fileURLWithPath: name).standardizedFileURL.resolvingSymlinksInPath().path
    return FileIdentity(path: path).map { Place(path: path, identity: $0) }
  }

  private func take(_ line: Line, source: String) throws(IngestError) {
    // Lines count from 1, tokens from 0.
    let token = line.number - 1
    if let fault = line.fault {
      return try reject(line, LineFault(reason: fault, key: nil), source)
    }
    if line.isBlank { return writer.pass(token) }
    var isSent = true
    var key: [UInt8]?
    let writer = writer
    let fault = try parser.parse(line.bytes, now: currentMilliseconds()) {
      (review) throws(IngestError) in
      isSent = try writer.write(review, token: token)
      if !isSent { key = Array(review.reviewID) }
    }
    if let fault {
      try reject(line, fault, source)
    } else if !isSent {
      try reject(line, LineFault(reason: "the review is too large for Kafka", key: key), source)
    } else {
      writer.counts.ingested += 1
    }
  }

  private func reject(_ line: Line, _ fault: LineFault, _ source: String) throws(IngestError) {
    try writer.reject(
      line.bytes, key: fault.key, reason: fault.reason, source: source, number: line.number,
      token: line.number - 1)
  }

  /// Keeps what is acknowledged, about once a second.
  private func store(_ place: Place?, atOnce: Bool = false) throws(IngestError) {
    guard let place, let checkpoints, writer.prefix > 0 else { return }
    let now = ContinuousClock.now
    guard atOnce || now - storedAt > .seconds(1) else { return }
    storedAt = now
    try checkpoints.store(
      cluster: cluster, topic: IngestTarget.topic, path: place.path, identity: place.identity,
      lines: writer.prefix)
  }
}
