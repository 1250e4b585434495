import Bytes
import JSON
import Kafka
import SchemaRegistry

/// Prints the records of `reviews.scored` that are wanted, until there were enough.
struct TailPrinter: ~Copyable {
  private let schemas: SchemaReading
  private let label: String?
  private let limit: Int
  private let json: Bool
  private var buffer = ByteBuffer()
  private var shown = 0
  private var said: String?

  /// `label`: a symbol, or all; `limit` 0: without end.
  init(schemas: SchemaReading, label: String?, limit: Int, json: Bool) {
    self.schemas = schemas
    self.label = label
    self.limit = limit
    self.json = json
  }

  /// Enough was shown, or nobody reads it any more.
  var isDone: Bool { (limit > 0 && shown >= limit) || Terminal.hasLostReader }

  /// To standard error, unless it was the last thing said.
  mutating func sayOnce(_ text: String) {
    if said != text { Terminal.say(text) }
    said = text
  }

  /// Throws where the registry can't be asked; a record that can't be read is told and passed over.
  mutating func show(_ record: Record, of source: TopicPartition) throws {
    said = nil
    guard let value = record.value else { return showDeletion(record) }
    guard let review = try decoded(value, record) else {
      return Terminal.say("\(source)@\(record.offset): no scored review")
    }
    if let label, review["sentiment_label"]?.string != label { return }
    shown += 1
    if json {
      Terminal.print(review.serialized())
    } else {
      Terminal.print(ReviewLine(review).line(columns: Terminal.columns))
    }
  }

  private mutating func showDeletion(_ record: Record) {
    guard label == nil, let key = record.key else { return }
    shown += 1
    let id = String(decoding: key, as: UTF8.self)
    if json {
      Terminal.print(
        JSONValue.object([
          JSONMember("review_id", .string(id)), JSONMember("deleted", .bool(true)),
        ]).serialized())
    } else {
      Terminal.print(Terminal.styled("deleted  \(Terminal.plain(id))", .dim))
    }
  }

  private mutating func decoded(
    _ value: UnsafeRawBufferPointer, _ record: Record
  ) throws -> JSONValue? {
    guard let (schema, payload) = Self.framed(value, record),
      let transcoder = try schemas.transcoder(schema)
    else { return nil }
    buffer.removeAll()
    guard (try? transcoder.append(payload, to: &buffer)) != nil else { return nil }
    let review = buffer.withUnsafeBytes { try? JSONValue.parse($0) }
    return review?["sentiment_label"] == nil ? nil : review
  }

  /// The schema stands in a header, else before the payload.
  private static func framed(
    _ value: UnsafeRawBufferPointer, _ record: Record
  ) -> (SchemaKey, UnsafeRawBufferPointer)? {
    let header = record.headerBytes(WireFormat.valueSchemaHeader)
    if let frame = header.flatMap({ try? WireFormat.parse($0) }) {
      return (frame.schema, value)
    }
    guard let frame = try? WireFormat.parse(value) else { return nil }
    return (frame.schema, UnsafeRawBufferPointer(rebasing: value[frame.payloadOffset...]))
  }
}
