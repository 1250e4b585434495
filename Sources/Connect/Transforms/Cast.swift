import JSON
import Kafka

/// Gives fields, or the whole, another type: `spec=field:int32,other:string` or `spec=float64`.
struct Cast: Transform {
  private enum Target: String {
    case int8, int16, int32, int64, float32, float64, boolean, string

    var bounds: ClosedRange<Int64>? {
      switch self {
      case .int8: -128...127
      case .int16: -32_768...32_767
      case .int32: Int64(Int32.min)...Int64(Int32.max)
      case .int64: Int64.min...Int64.max
      default: nil
      }
    }
  }

  private let side: RecordSide
  private var fields: [String: Target] = [:]
  private var whole: Target?

  init(_ side: RecordSide, _ read: inout TransformProperties) {
    self.side = side
    _ = read.optional("replace.null.with.default")
    for entry in ConfigText.list(read.text("spec")) {
      let parts = entry.split(separator: ":").map(String.init)
      guard let target = parts.last.flatMap(Target.init), parts.count < 3 else {
        read.fail(
          "spec", "the types are int8, int16, int32, int64, float32, float64, boolean, string")
        continue
      }
      if parts.count == 1 { whole = target } else { fields[parts[0]] = target }
    }
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard let value = side.read(record) else { return record }
    if let whole { return side.writing(try cast(value, whole), to: record) }
    guard let members = try side.members(of: record, "Cast") else { return record }
    let made = try members.map { member throws(RecordFault) in
      guard let target = fields[member.name] else { return member }
      return JSONMember(member.name, try cast(member.value, target))
    }
    return side.writing(.object(made), to: record)
  }

  private func cast(_ value: JSONValue, _ target: Target) throws(RecordFault) -> JSONValue {
    if value.isNull { return .null }
    guard let text = value.plainText else { throw fault(target) }
    switch target {
    case .string: return .string(text)
    case .boolean:
      if let number = value.double { return .bool(number != 0) }
      return .bool(text.lowercased() == "true")
    case .float32, .float64:
      let number = value.bool.map { $0 ? 1.0 : 0.0 } ?? Double(text)
      guard let number, number.isFinite else { throw fault(target) }
      return .number(target == .float32 ? String(Float(number)) : String(number))
    case .int8, .int16, .int32, .int64:
      let whole =
        value.bool.map { $0 ? 1 : 0 } ?? Int64(text)
        ?? Double(text).flatMap { Int64(exactly: $0.rounded(.towardZero)) }
      guard let whole, target.bounds?.contains(whole) == true else { throw fault(target) }
      return .number(String(whole))
    }
  }

  private func fault(_ target: Target) -> RecordFault {
    RecordFault(
      stage: .transformation, kind: "Cast", reason: "a value can't become \(target.rawValue)")
  }
}
