import JSON
import Kafka

/// Which part of a record a transform works on.
enum RecordSide: Sendable {
  case key, value

  func read(_ record: ConnectRecord) -> JSONValue? { self == .key ? record.key : record.value }

  func writing(_ value: JSONValue?, to record: ConnectRecord) -> ConnectRecord {
    var record = record
    let kept = value.flatMap { $0.isNull ? nil : $0 }
    if self == .key { record.key = kept } else { record.value = kept }
    return record
  }

  /// The part as an object; nil where there is none, which most transforms pass on as it is.
  func members(
    of record: ConnectRecord, _ transform: String
  ) throws(RecordFault) -> [JSONMember]? {
    guard let value = read(record) else { return nil }
    guard let members = value.object else {
      throw RecordFault(
        stage: .transformation, kind: transform,
        reason: "\(transform) needs an object in the \(self == .key ? "key" : "value")")
    }
    return members
  }
}

/// The value of one field instead of the whole.
struct ExtractField: Transform {
  private let side: RecordSide
  private let field: String

  init(_ side: RecordSide, _ read: inout TransformProperties) {
    self.side = side
    field = read.text("field")
    _ = read.optional("field.syntax.version")
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard try side.members(of: record, "ExtractField") != nil else { return record }
    return side.writing(side.read(record)?.at(field), to: record)
  }
}

/// An object of some of the value's fields as the key.
struct ValueToKey: Transform {
  private let fields: [String]

  init(_ read: inout TransformProperties) {
    fields = read.list("fields")
    if fields.isEmpty { read.fail("fields", "must name at least one") }
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard let members = try RecordSide.value.members(of: record, "ValueToKey") else {
      return record
    }
    let key = fields.map { name in
      JSONMember(name, members.last { $0.name == name }?.value ?? .null)
    }
    return RecordSide.key.writing(.object(key), to: record)
  }
}

/// Adds a text, or where and when the record was.
struct InsertField: Transform {
  private let side: RecordSide
  private var statics: (field: String, value: String)?
  private var topic, partition, offset, timestamp: String?

  init(_ side: RecordSide, _ read: inout TransformProperties) {
    self.side = side
    // A trailing ! or ? says that the field must or may be there; here it is either way.
    func name(_ text: String?) -> String? {
      text.map { "!?".contains($0.last ?? " ") ? String($0.dropLast()) : $0 }
    }
    topic = name(read.optional("topic.field"))
    partition = name(read.optional("partition.field"))
    offset = name(read.optional("offset.field"))
    timestamp = name(read.optional("timestamp.field"))
    let field = name(read.optional("static.field"))
    let value = read.optional("static.value")
    if let field, let value { statics = (field, value) }
    if (field == nil) != (value == nil) {
      read.fail("static.field", "static.field and static.value need each other")
    }
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard var members = try side.members(of: record, "InsertField") else { return record }
    func set(_ name: String?, _ value: JSONValue) {
      guard let name else { return }
      members.removeAll { $0.name == name }
      members.append(JSONMember(name, value))
    }
    set(topic, .string(record.topic))
    set(partition, .int(Int(record.source.partition)))
    set(offset, .number(String(record.offset)))
    set(timestamp, record.timestamp.map { .number(String($0)) } ?? .null)
    if let statics { set(statics.field, .string(statics.value)) }
    return side.writing(.object(members), to: record)
  }
}

/// Keeps, drops and renames fields.
struct ReplaceField: Transform {
  private let side: RecordSide
  private let included: Set<String>
  private let excluded: Set<String>
  private var renames: [String: String] = [:]

  init(_ side: RecordSide, _ read: inout TransformProperties) {
    self.side = side
    included = Set(read.list("include") + read.list("whitelist"))
    excluded = Set(read.list("exclude") + read.list("blacklist"))
    for entry in read.list("renames") {
      let parts = entry.split(separator: ":").map(String.init)
      if parts.count == 2 {
        renames[parts[0]] = parts[1]
      } else {
        read.fail("renames", "each must be old:new")
      }
    }
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard let members = try side.members(of: record, "ReplaceField") else { return record }
    let kept = members.filter {
      !excluded.contains($0.name) && (included.isEmpty || included.contains($0.name))
    }
    let named = kept.map { JSONMember(renames[$0.name] ?? $0.name, $0.value) }
    return side.writing(.object(named), to: record)
  }
}

/// Empties fields, or puts a text in their place.
struct MaskField: Transform {
  private let side: RecordSide
  private let fields: Set<String>
  private let replacement: String?

  init(_ side: RecordSide, _ read: inout TransformProperties) {
    self.side = side
    fields = Set(read.list("fields"))
    replacement = read.optional("replacement")
    if fields.isEmpty { read.fail("fields", "must name at least one") }
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard let members = try side.members(of: record, "MaskField") else { return record }
    let masked = members.map { member in
      fields.contains(member.name) ? JSONMember(member.name, mask(member.value)) : member
    }
    return side.writing(.object(masked), to: record)
  }

  private func mask(_ value: JSONValue) -> JSONValue {
    switch value {
    case .null: .null
    case .bool: .bool(false)
    case .number: .number(replacement.flatMap { Double($0) == nil ? nil : $0 } ?? "0")
    case .string: .string(replacement ?? "")
    case .array: .array([])
    case .object: .object([])
    }
  }
}

/// Puts the whole under one field.
struct HoistField: Transform {
  private let side: RecordSide
  private let field: String

  init(_ side: RecordSide, _ read: inout TransformProperties) {
    self.side = side
    field = read.text("field")
  }

  func apply(_ record: ConnectRecord) -> ConnectRecord? {
    side.writing(.object([JSONMember(field, side.read(record) ?? .null)]), to: record)
  }
}

/// Objects inside objects become fields with joined names.
struct Flatten: Transform {
  private let side: RecordSide
  private let delimiter: String

  init(_ side: RecordSide, _ read: inout TransformProperties) {
    self.side = side
    delimiter = read.optional("delimiter") ?? "."
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard let members = try side.members(of: record, "Flatten") else { return record }
    return side.writing(.object(flat(members, "")), to: record)
  }

  private func flat(_ members: [JSONMember], _ prefix: String) -> [JSONMember] {
    members.flatMap { member in
      let name = prefix + member.name
      guard let inner = member.value.object else { return [JSONMember(name, member.value)] }
      return flat(inner, name + delimiter)
    }
  }
}
