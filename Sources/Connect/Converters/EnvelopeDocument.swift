import Avro
import Bytes
import Foundation
import JSON
import Kafka

/// Turns the payload of a JsonConverter's envelope into the document's form: logical types and maps as
/// `JSONTranscoder` writes them.
struct EnvelopeDocument {
  let options: JSONTranscoder.Options
  let stage: DeadLetterStage

  func value(_ payload: JSONValue, _ schema: ConnectSchema) throws(RecordFault) -> JSONValue {
    if payload.isNull { return schema.standard ?? .null }
    switch (schema.kind, payload) {
    case (.decimal(let scale), .string(let text)): return try decimal(text, scale)
    case (.date, .number): return try date(payload)
    case (.record(let fields), .object): return try record(payload, fields)
    case (.array(let items), .array(let elements)):
      return .array(try elements.map { element throws(RecordFault) in try value(element, items) })
    case (.map(let keys, let values), .object(let members)):
      let entries = try members.map { member throws(RecordFault) in
        (JSONValue.string(member.name), try value(member.value, values))
      }
      return map(entries, areObjects: keys.kind == .string)
    case (.map(let keys, let values), .array(let pairs)):
      let entries = try pairs.map { pair throws(RecordFault) in
        guard let key = pair[0], let inner = pair[1] else { throw wrong("a map's entry") }
        return (try value(key, keys), try value(inner, values))
      }
      return map(entries, areObjects: false)
    case (.record, _), (.array, _), (.map, _): throw wrong("a value")
    default: return payload
    }
  }

  private func wrong(_ what: String) -> RecordFault {
    RecordFault(stage: stage, kind: "json", reason: "\(what) does not fit its schema")
  }

  private func record(
    _ payload: JSONValue, _ fields: [ConnectSchema.Field]
  ) throws(RecordFault) -> JSONValue {
    var members: [JSONMember] = []
    for field in fields {
      let inner = try value(payload[field.name] ?? .null, field.schema)
      if inner.isNull && options.omitNulls { continue }
      members.append(JSONMember(field.name, inner))
    }
    return .object(members)
  }

  private func map(_ entries: [(JSONValue, JSONValue)], areObjects: Bool) -> JSONValue {
    if areObjects && !options.mapsAsEntries {
      return .object(entries.map { JSONMember($0.0.string ?? "", $0.1) })
    }
    return .array(entries.map { ["key": $0.0, "value": $0.1] })
  }

  private func decimal(_ text: String, _ scale: Int) throws(RecordFault) -> JSONValue {
    if options.decimals == .base64 { return .string(text) }
    guard let bytes = Data(base64Encoded: text) else { throw wrong("a decimal") }
    var buffer = ByteBuffer()
    let fits = bytes.withUnsafeBytes { buffer.appendJSONDecimal($0, scale: scale, quoted: false) }
    guard fits else { throw wrong("a decimal") }
    let digits = String(decoding: buffer.toArray(), as: UTF8.self)
    return options.decimals == .number ? .number(digits) : .string(digits)
  }

  private func date(_ payload: JSONValue) throws(RecordFault) -> JSONValue {
    var buffer = ByteBuffer()
    guard let days = payload.int64.flatMap({ Int32(exactly: $0) }),
      buffer.appendJSONDate(days: days)
    else { throw wrong("a date") }
    return .string(String(decoding: buffer.toArray().dropFirst().dropLast(), as: UTF8.self))
  }
}
