import Foundation

/// Lucene's BM25 (k1 = 1.2, b = 0.75) as Elasticsearch uses it, with the factor k1 + 1, in single
/// precision and with lengths as coarse as Lucene stores them.
struct BM25 {
  private static let k1: Float = 1.2
  private static let b: Float = 0.75

  /// Documents that have the field.
  let documentCount: Int
  private let inverses: [Float]

  /// - Parameter totalLength: terms of the field in all documents.
  init(documentCount: Int, totalLength: Int, hasNorms: Bool = true) {
    self.documentCount = documentCount
    let average = documentCount == 0 ? 1 : Float(Double(totalLength) / Double(documentCount))
    inverses = (0..<256).map { byte in
      let length = Float(hasNorms ? SmallFloat.length(UInt8(byte)) : 1)
      return 1 / (Self.k1 * ((1 - Self.b) + Self.b * length / average))
    }
  }

  func idf(_ documentFrequency: Int) -> Float {
    let count = Double(documentCount)
    let frequency = Double(documentFrequency)
    return Float(log(1 + (count - frequency + 0.5) / (frequency + 0.5)))
  }

  /// The highest score that a term can give.
  func weight(idf: Float, boost: Float) -> Float { boost * (1 + Self.k1) * idf }

  /// - Parameter norm: the field's length in the document, as `SmallFloat.norm` makes it.
  func score(weight: Float, count: Float, norm: UInt8) -> Float {
    weight - weight / (1 + count * inverses[Int(norm)])
  }
}

/// Lucene's one-byte lengths: exact up to 40, then four significant bits (`SmallFloat.intToByte4`).
enum SmallFloat {
  private static let exactCount = 255 - Int(coarse(UInt64(Int32.max)))

  static func norm(_ length: Int32) -> UInt8 {
    let length = Int(max(length, 0))
    if length < exactCount { return UInt8(length) }
    return UInt8(exactCount) + coarse(UInt64(length - exactCount))
  }

  static func length(_ norm: UInt8) -> Int {
    let norm = Int(norm)
    if norm < exactCount { return norm }
    let value = norm - exactCount
    let shift = (value >> 3) - 1
    return exactCount + (shift < 0 ? value & 7 : (value & 7 | 8) << shift)
  }

  private static func coarse(_ value: UInt64) -> UInt8 {
    let bits = 64 - value.leadingZeroBitCount
    if bits < 4 { return UInt8(value) }
    let shift = bits - 4
    return UInt8(value >> UInt64(shift) & 7) | UInt8(shift + 1) << 3
  }
}
