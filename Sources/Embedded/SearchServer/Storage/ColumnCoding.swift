import Foundation
import SQLite

/// How a column's values lie in SQLite: one value as itself, several as a blob.
enum ColumnCoding {
  static func bind(
    _ value: ColumnValue, to statement: SQLiteStatement, at index: Int
  ) throws(SQLiteError) {
    switch value {
    case .none: try statement.bindNull(at: index)
    case .integer(let number): try statement.bind(number, at: index)
    case .length(let number): try statement.bind(Int64(number), at: index)
    case .real(let number): try statement.bind(number, at: index)
    case .keyword(let text): try statement.bind(text, at: index)
    case .many(let values): try statement.bind(encode(values), at: index)
    }
  }

  /// Each value: a tag, then eight bytes (little-endian) or a length and UTF-8.
  private static func encode(_ values: [ColumnValue]) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ word: UInt64) {
      withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for value in values {
      switch value {
      case .integer(let number):
        bytes.append(0)
        append(UInt64(bitPattern: number))
      case .real(let number):
        bytes.append(1)
        append(number.bitPattern)
      case .keyword(let text):
        bytes.append(2)
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
      case .none, .length, .many: break
      }
    }
    return bytes
  }

  static func decode(_ bytes: UnsafeRawBufferPointer, _ body: (ColumnValue) -> Void) {
    var at = 0
    while at + 9 <= bytes.count {
      let tag = bytes[at]
      let word = UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: at + 1, as: UInt64.self))
      at += 9
      switch tag {
      case 0: body(.integer(Int64(bitPattern: word)))
      case 1: body(.real(Double(bitPattern: word)))
      default:
        let end = min(bytes.count, at + Int(clamping: word))
        body(.keyword(String(decoding: bytes[at..<end], as: UTF8.self)))
        at = end
      }
    }
  }
}
