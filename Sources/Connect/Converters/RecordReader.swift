import Avro
import Bytes
import JSON
import Kafka
import SchemaRegistry
import Scheduling
import Telemetry

/// Reads a task's records by the connector's converters and transforms.
///
/// There are two ways: where no transform looks at them, Avro and plain JSON go straight from the payload to
/// the document's bytes; all else becomes a `ConnectRecord`. Both write the same documents. Belongs to the
/// worker's thread.
public final class RecordReader {
  /// A value that goes straight to its document; valid while its record is.
  public enum Payload {
    case avro(WriterPlan, UnsafeRawBufferPointer)
    /// Checked: one JSON object.
    case json(UnsafeRawBufferPointer)
  }

  public enum Reading {
    /// A schema is not known yet; worth asking again then.
    case wait(until: Duration)
    /// A transform left it out.
    case filtered
    case direct(Payload)
    case record(ConnectRecord)
  }

  public enum Key {
    case wait(until: Duration)
    /// An id's UTF-8, valid while the record is and until the next call.
    case id(UnsafeRawBufferPointer)
  }

  private let converters: ConverterSettings
  private let transforms: TransformChain
  private let schemas: WriterSchemas<WriterPlan>
  private let options: JSONTranscoder.Options
  private var parser = JSONParser()
  private var scratch = ByteBuffer(capacity: 4096)
  private var idText = ByteBuffer(capacity: 64)
  /// Whether records go straight from payload to document.
  public let isDirect: Bool

  /// `captured`: the top-level field whose whole number `JSONTranscoder` tells on the direct way.
  /// `needsRecords`: the task looks into values, so the direct way is not for it.
  public init(
    converters: ConverterSettings, transforms: TransformChain, options: JSONTranscoder.Options,
    capturing captured: String?, needsRecords: Bool, grace: Duration, waker: Waker,
    source: @escaping SchemaSource
  ) {
    self.converters = converters
    self.transforms = transforms
    self.options = options
    let plain = converters.value == .avro || converters.value == .json(schemas: false)
    isDirect = transforms.isEmpty && plain && !needsRecords
    schemas = WriterSchemas(grace: grace, waker: waker, source: source) { text in
      try WriterPlan(text, options: options, capturing: captured)
    }
  }

  /// The registry does not answer.
  public var hold: Hold? { schemas.hold }

  /// Takes the registry's answers; true where records that wait may go on.
  public func advance(now: Duration) -> Bool { schemas.advance(now: now) }

  /// Reads a record. Tombstones become records of their own only where a transform may want them.
  public func read(
    _ record: Record, from source: TopicPartition, now: Duration
  ) throws(RecordFault) -> Reading {
    if isDirect, let value = record.value { return try direct(value, record, now) }
    return try tree(record, source, now)
  }

  private func direct(
    _ value: UnsafeRawBufferPointer, _ record: Record, _ now: Duration
  ) throws(RecordFault) -> Reading {
    guard converters.value == .avro else {
      guard try json(value, .valueConverter).kind == .object else { throw Self.noObject }
      return .direct(.json(value))
    }
    let frame = try WireHeader.read(value, of: record)
    switch schemas.lookup(frame.schema, now: now) {
    case .wait(let until): return .wait(until: until)
    case .fault(let fault): throw fault
    case .ready(let plan):
      let payload = UnsafeRawBufferPointer(rebasing: value.dropFirst(frame.payloadOffset))
      return .direct(.avro(plan, payload))
    }
  }

  /// The fault of a value that makes no document.
  public static let noObject = RecordFault(
    stage: .task, kind: "value", reason: "the value is no object, so it makes no document")

  private func json(
    _ bytes: UnsafeRawBufferPointer, _ stage: DeadLetterStage
  ) throws(RecordFault) -> JSONView {
    do throws(JSONError) { return try parser.parse(bytes) } catch {
      throw RecordFault(stage: stage, kind: "json", reason: "it is no JSON: \(error.description)")
    }
  }

  // MARK: - Keys

  /// What the key of a record that no transform touched makes of an id.
  public func id(of record: Record, now: Duration) throws(RecordFault) -> Key {
    guard let key = record.key, !key.isEmpty else { throw DocumentID.missing }
    if converters.key == .string {
      guard UTF8.isValid(key) else {
        throw RecordFault(stage: .keyConverter, kind: "key", reason: "the key is not UTF-8")
      }
      return .id(key)
    }
    switch try part(key, of: record, converters.key, .key, now) {
    case .wait(let until): return .wait(until: until)
    case .value(let value, _):
      idText.removeAll()
      idText.append(utf8: try DocumentID.text(of: value))
      return .id(idText.withUnsafeBytes { $0 })
    }
  }

  // MARK: - Trees

  private enum Part {
    case wait(until: Duration)
    case value(JSONValue, ConnectSchema?)
  }

  private func tree(
    _ record: Record, _ source: TopicPartition, _ now: Duration
  ) throws(RecordFault) -> Reading {
    var made = ConnectRecord(
      topic: source.topic, source: source, offset: record.offset, timestamp: record.timestamp,
      key: nil, value: nil, headers: record.headers)
    if let key = record.key {
      switch try part(key, of: record, converters.key, .key, now) {
      case .wait(let until): return .wait(until: until)
      case .value(let value, _): made.key = value.isNull ? nil : value
      }
    }
    if let value = record.value {
      switch try part(value, of: record, converters.value, .value, now) {
      case .wait(let until): return .wait(until: until)
      case .value(let value, let schema):
        made.value = value.isNull ? nil : value
        made.schema = schema
      }
    }
    guard let kept = try transforms.apply(made) else { return .filtered }
    return .record(kept)
  }

  private func part(
    _ bytes: UnsafeRawBufferPointer, of record: Record, _ converter: Converter,
    _ side: SubjectName.Side, _ now: Duration
  ) throws(RecordFault) -> Part {
    let stage: DeadLetterStage = side == .key ? .keyConverter : .valueConverter
    switch converter {
    case .avro: return try avro(bytes, record, side, stage, now)
    case .json(let schemas):
      let value = try json(bytes, stage).value
      guard schemas, !value.isNull else { return .value(value, nil) }
      return try enveloped(value, stage)
    default: return .value(try converter.plainValue(bytes, stage), nil)
    }
  }

  private func avro(
    _ bytes: UnsafeRawBufferPointer, _ record: Record, _ side: SubjectName.Side,
    _ stage: DeadLetterStage, _ now: Duration
  ) throws(RecordFault) -> Part {
    let frame = try WireHeader.read(bytes, of: record, side)
    let plan: WriterPlan
    switch schemas.lookup(frame.schema, now: now) {
    case .wait(let until): return .wait(until: until)
    case .fault(let fault): throw fault
    case .ready(let found): plan = found
    }
    scratch.removeAll()
    do throws(AvroDecodingError) {
      let payload = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(frame.payloadOffset))
      try plan.transcoder.append(payload, to: &scratch)
    } catch {
      throw RecordFault(stage: stage, kind: "avro", reason: error.description)
    }
    // What the direct way would have sent, as a tree.
    let text = scratch.toArray()
    let result = text.withUnsafeBytes { bytes in
      Result { () throws(RecordFault) in try json(bytes, stage).value }
    }
    return .value(try result.get(), plan.schema)
  }

  private func enveloped(_ value: JSONValue, _ stage: DeadLetterStage) throws(RecordFault) -> Part {
    guard let payload = value["payload"], let schema = value["schema"], value.object?.count == 2
    else {
      throw RecordFault(
        stage: stage, kind: "json",
        reason: "it is no {\"schema\": …, \"payload\": …}; schemas.enable=false reads plain JSON")
    }
    if schema.isNull { return .value(payload, nil) }
    guard let known = ConnectSchema(envelope: schema) else {
      throw RecordFault(stage: stage, kind: "json", reason: "its schema can't be read")
    }
    return .value(
      try EnvelopeDocument(options: options, stage: stage).value(payload, known), known)
  }
}

/// The id that a key makes.
public enum DocumentID {
  public static let missing = RecordFault(
    stage: .task, kind: "key", reason: "the key is null or empty, an id is needed")

  /// Texts and whole numbers make one; anything else is the record's fault.
  public static func text(of key: JSONValue?) throws(RecordFault) -> String {
    guard let key else { throw missing }
    if let text = key.string {
      guard !text.isEmpty else { throw missing }
      return text
    }
    if let number = key.number, key.int64 != nil { return number }
    throw RecordFault(
      stage: .task, kind: "key", reason: "the key is neither text nor a whole number")
  }
}
