import Bytes
import Connect
import JSON
import Kafka

/// One bulk request: its body, and what it takes to send single actions of it again or to dead-letter
/// their records. Filled while open, then read only. Belongs to the worker's thread; only `body`, once
/// `close` made it shared, is read by another.
final class Bulk {
  struct Item {
    /// Where the action's lines end in the body.
    var bodyEnd: Int
    var batch: Int32
    var record: Int32
    /// What a conflict means depends on both.
    var versioned: Bool
    var idIsPlace: Bool
    /// Hash of the id, where ids are guarded; else 0.
    var id: UInt64
  }

  let number: Int
  let destination: Int
  let openedAt: Duration
  private var body: ByteBuffer
  private(set) var shared: SharedBytes?
  private var zipped: SharedBytes?
  private(set) var items: [Item] = []
  private(set) var batches: [RecordBatch] = []
  /// Runs of items that share a slice, in item order.
  private(set) var slices: [(key: SliceKey, count: Int)] = []
  /// Ids that are in it, where writes of one id may share a bulk.
  var ids: Set<UInt64> = []
  /// Times it was sent without a usable answer.
  var attempts = 0
  var sentAt: Duration = .zero

  init(number: Int, destination: Int, openedAt: Duration, capacity: Int) {
    self.number = number
    self.destination = destination
    self.openedAt = openedAt
    body = ByteBuffer(capacity: capacity)
  }

  var count: Int { items.count }
  private(set) var bytes = 0

  /// Appends one action; `write` puts its lines into the body, and what it throws leaves no trace.
  func append(
    batch: Int32, record: Int, id: UInt64, versioned: Bool, idIsPlace: Bool,
    _ write: (inout ByteBuffer) throws(RecordFault) -> Void
  ) throws(RecordFault) {
    do throws(RecordFault) {
      try write(&body)
    } catch {
      body.truncate(to: bytes)
      throw error
    }
    bytes = body.count
    items.append(
      Item(
        bodyEnd: bytes, batch: batch, record: Int32(record), versioned: versioned,
        idIsPlace: idIsPlace, id: id))
  }

  /// Each guarded id once.
  var guardedIDs: [UInt64] {
    ids.isEmpty ? items.lazy.map(\.id).filter { $0 != 0 } : Array(ids)
  }

  /// The number by which items name their batch.
  func add(batch: RecordBatch) -> Int32 {
    if batches.last !== batch { batches.append(batch) }
    return Int32(batches.count - 1)
  }

  /// The last `count` items are records of this slice.
  func add(slice: SliceKey, count: Int) {
    if count > 0 { slices.append((slice, count)) }
  }

  /// No more is appended; answers with the body to send.
  func close() -> SharedBytes {
    if let shared { return shared }
    var taken = ByteBuffer(capacity: 0)
    swap(&taken, &body)
    let made = SharedBytes(taken)
    shared = made
    return made
  }

  /// The body compressed, once for all its tries; as it is where that fails.
  func compressed() -> SharedBytes {
    let plain = close()
    if let zipped { return zipped }
    let made = plain.withUnsafeBytes { Gzip.compress($0) } ?? plain
    zipped = made
    return made
  }

  /// What stands in an item's action line (`_id`, `routing`), read from the body.
  func action(_ index: Int) -> JSONValue? {
    let start = index == 0 ? 0 : items[index - 1].bodyEnd
    return close().withUnsafeBytes { all in
      let lines = UnsafeRawBufferPointer(rebasing: all[start..<items[index].bodyEnd])
      let line = lines.prefix { $0 != UInt8(ascii: "\n") }
      let parsed = try? JSONValue.parse(UnsafeRawBufferPointer(rebasing: line))
      return parsed?.object?.first?.value
    }
  }

  /// The record behind an item.
  func record(_ index: Int) -> Record { batches[Int(items[index].batch)][Int(items[index].record)] }

  func source(_ index: Int) -> RecordBatch { batches[Int(items[index].batch)] }

  /// A bulk of some of this one's actions, each with the slice named beside it.
  func part(
    number: Int, now: Duration, _ chosen: [(index: Int, slice: SliceKey)]
  ) -> Bulk {
    let part = Bulk(
      number: number, destination: destination, openedAt: now,
      capacity: chosen.count * max(64, bytes / max(count, 1)))
    part.attempts = attempts
    if !ids.isEmpty { part.ids = Set(chosen.lazy.map { [items] in items[$0.index].id }) }
    let body = close()
    for (index, slice) in chosen {
      let item = items[index]
      let start = index == 0 ? 0 : items[index - 1].bodyEnd
      let batch = part.add(batch: batches[Int(item.batch)])
      body.withUnsafeBytes { all in
        part.copy(UnsafeRawBufferPointer(rebasing: all[start..<item.bodyEnd]), item, batch)
      }
      part.add(slice: slice, count: 1)
    }
    return part
  }

  private func copy(_ lines: UnsafeRawBufferPointer, _ item: Item, _ batch: Int32) {
    body.append(lines)
    bytes += lines.count
    items.append(
      Item(
        bodyEnd: bytes, batch: batch, record: item.record, versioned: item.versioned,
        idIsPlace: item.idIsPlace, id: item.id))
  }

  func touches(_ sources: Set<TopicPartition>) -> Bool {
    slices.contains { sources.contains($0.key.source) }
  }

  func belongsOnly(to sources: Set<TopicPartition>) -> Bool {
    slices.allSatisfy { sources.contains($0.key.source) }
  }
}
