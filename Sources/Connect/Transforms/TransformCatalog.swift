/// The transforms by their classes' simple names: Kafka Connect's own, and Debezium's unwrap.
enum TransformCatalog {
  static let names = [
    "RegexRouter", "TimestampRouter", "ExtractField", "ValueToKey", "InsertField", "ReplaceField",
    "MaskField", "HoistField", "Flatten", "Cast", "Filter", "InsertHeader", "DropHeaders",
    "ExtractNewRecordState",
  ]

  /// Nil, with the reason told, where the properties name none.
  static func make(_ read: inout TransformProperties) -> (any Transform)? {
    let (name, isKey) = read.type()
    let sided = [
      "ExtractField", "InsertField", "ReplaceField", "MaskField", "HoistField", "Flatten", "Cast",
    ]
    if sided.contains(name), isKey == nil {
      read.fail("type", "needs $Key or $Value behind \(name)")
      return nil
    }
    let side = isKey == true ? RecordSide.key : .value
    switch name {
    case "RegexRouter": return RegexRouter(&read)
    case "TimestampRouter": return TimestampRouter(&read)
    case "ExtractField": return ExtractField(side, &read)
    case "ValueToKey": return ValueToKey(&read)
    case "InsertField": return InsertField(side, &read)
    case "ReplaceField": return ReplaceField(side, &read)
    case "MaskField": return MaskField(side, &read)
    case "HoistField": return HoistField(side, &read)
    case "Flatten": return Flatten(side, &read)
    case "Cast": return Cast(side, &read)
    case "Filter": return Filter()
    case "InsertHeader": return InsertHeader(&read)
    case "DropHeaders": return DropHeaders(&read)
    case "ExtractNewRecordState": return ExtractNewRecordState(&read)
    default:
      if read.problems.isEmpty {
        read.fail("type", "there are \(names.joined(separator: ", "))")
      }
      return nil
    }
  }
}
