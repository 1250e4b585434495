import Bytes
import CModel
import Foundation

/// Why a file is not a linear model of this program.
public enum ModelFileError: Error, Sendable, Equatable, CustomStringConvertible {
  case unreadable(String)
  case notAModel
  case unknownFormat(UInt32)
  case wrongSize(expected: Int, actual: Int)
  /// A number in the header is out of its range.
  case badHeader(String)
  /// The checksum does not match: the file was damaged.
  case damaged

  public var description: String {
    switch self {
    case .unreadable(let reason): "the model can't be read: \(reason)"
    case .notAModel: "the file is no linear model"
    case .unknownFormat(let number): "the model has format \(number), this program knows 1"
    case .wrongSize(let expected, let actual):
      "the model has \(actual) bytes, its header says \(expected)"
    case .badHeader(let field): "the model's \(field) is out of range"
    case .damaged: "the model's checksum does not match its content"
    }
  }
}

/// What a linear model has learnt: one signed byte a feature, and two numbers.
///
/// As a file, little-endian: 8 bytes magic, format and bits (UInt32), scale and band (Float32),
/// 16 bytes ASCII version with zeros behind, FNV-1a 64 of all before and behind itself, then 2 to
/// the bits weights.
public struct LinearWeights: Sendable, Equatable {
  static let headerCount = 48
  private static let magic = Array("opine-lm".utf8)
  private static let format: UInt32 = 1

  /// Features are below 2 to this.
  public let bits: Int
  /// A weight of 1 is this much of the sum.
  public let scale: Float
  /// Half the width of the neutral band, in logits.
  public let band: Float
  /// Names the training; ASCII, at most 16 characters.
  public let version: String
  /// 2 to the `bits`.
  public let weights: [Int8]

  public init(bits: Int, scale: Float, band: Float, version: String, weights: [Int8]) {
    precondition(weights.count == 1 << bits, "there is one weight for each feature")
    self.bits = bits
    self.scale = scale
    self.band = band
    self.version = version
    self.weights = weights
  }

  /// The model in the program.
  public static func builtIn() throws(ModelFileError) -> LinearWeights {
    let start = UnsafeRawPointer(opine_linear_model_bytes())
    return try LinearWeights(
      reading: UnsafeRawBufferPointer(start: start, count: opine_linear_model_size()))
  }

  /// The model in a file.
  public init(file path: String) throws(ModelFileError) {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      throw .unreadable(error.localizedDescription)
    }
    let bytes = [UInt8](data)
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(ModelFileError) in try LinearWeights(reading: raw) }
    }
    self = try result.get()
  }

  /// Reads a file's content, and checks all of it.
  public init(reading bytes: UnsafeRawBufferPointer) throws(ModelFileError) {
    guard bytes.count >= Self.headerCount, bytes.prefix(8).elementsEqual(Self.magic) else {
      throw .notAModel
    }
    func number(_ offset: Int) -> UInt32 {
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    guard number(8) == Self.format else { throw .unknownFormat(number(8)) }
    guard (10...24).contains(number(12)) else { throw .badHeader("size") }
    bits = Int(number(12))
    let expected = Self.headerCount + 1 << bits
    guard bytes.count == expected else {
      throw .wrongSize(expected: expected, actual: bytes.count)
    }
    let stored = bytes.loadUnaligned(fromByteOffset: 40, as: UInt64.self)
    guard UInt64(littleEndian: stored) == Self.checksum(bytes) else { throw .damaged }
    scale = Float(bitPattern: number(16))
    band = Float(bitPattern: number(20))
    guard scale.isFinite, scale > 0 else { throw .badHeader("scale") }
    guard band.isFinite, (0...20).contains(band) else { throw .badHeader("band") }
    version = String(decoding: bytes[24..<40].prefix { $0 != 0 }, as: UTF8.self)
    weights = Array(bytes.dropFirst(Self.headerCount).lazy.map { Int8(bitPattern: $0) })
  }

  /// The content of the file.
  public func serialized() -> [UInt8] {
    var bytes = Self.magic
    func append(_ number: UInt32) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    append(Self.format)
    append(UInt32(bits))
    append(scale.bitPattern)
    append(band.bitPattern)
    bytes += version.utf8.prefix(16)
    bytes += Array(repeating: 0, count: Self.headerCount - bytes.count)
    bytes += weights.lazy.map { UInt8(bitPattern: $0) }
    let sum = bytes.withUnsafeBytes { Self.checksum($0) }
    withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(40..<48, with: $0) }
    return bytes
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let before = Hash64.fnv1a(UnsafeRawBufferPointer(rebasing: bytes[..<40]))
    return Hash64.fnv1a(UnsafeRawBufferPointer(rebasing: bytes[headerCount...]), from: before)
  }
}
