import Bytes

/// Why a container file can't be read on.
public struct AvroContainerError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Equatable, Sendable {
    /// The file ends inside its header or a block.
    case truncated
    /// The header is no map of texts, or larger than 16 MiB.
    case invalidHeader
    case noSchema
    case invalidSchema(String)
    /// Neither `null` nor `deflate`.
    case unknownCodec(String)
    /// A negative count or size.
    case invalidBlock
    /// A block, stored or unpacked, is larger than 64 MiB.
    case blockTooLarge
    /// The 16 bytes behind a block are not those of the header: what came before is not what it says it is.
    case syncMarkerMismatch
    /// A block is no deflate data.
    case corruptBlock
    /// A record is not of the file's schema.
    case record(AvroDecodingError)
  }

  public let reason: Reason
  /// From 1; 0 is the header.
  public let block: Int
  /// Where that block, or the header, begins in the file.
  public let offset: Int

  public var description: String {
    let place = block == 0 ? "header" : "block \(block) at byte \(offset)"
    let what =
      switch reason {
      case .truncated: "the file ends inside it"
      case .invalidHeader: "it is none of an Avro container file, or too large"
      case .noSchema: "it has no avro.schema"
      case .invalidSchema(let why): "its schema can't be used: \(why)"
      case .unknownCodec(let name):
        "codec \(name) can't be read: write the file with deflate, or without compression"
      case .invalidBlock: "its count or its size is negative"
      case .blockTooLarge: "it is larger than \(AvroContainerReader.maximumBlock >> 20) MiB"
      case .syncMarkerMismatch: "its sync marker is not the file's"
      case .corruptBlock: "it is no deflate data"
      case .record(let error): "\(error)"
      }
    return "Avro container file, \(place): \(what)"
  }
}

/// Reads the records of object container files from bytes that come piece by piece.
///
///     while let record = try reader.next(&input) { … }   // for each piece of input
///     try reader.finish()
///
/// Never holds more than one block, 64 MiB at most, and its unpacked form. Any bytes give records or a typed
/// error. (<https://avro.apache.org/docs/1.12.0/specification/#object-container-files>)
public struct AvroContainerReader: ~Copyable {
  public struct Record {
    /// In the file, from 1.
    public let number: Int
    /// One value of the file's schema; valid until the next call.
    public let bytes: UnsafeRawBufferPointer
  }

  static let maximumBlock = 64 << 20
  private static let maximumHeader = 16 << 20
  static let magic: [UInt8] = Array("Obj\u{1}".utf8)
  static let markerLength = 16

  private enum Codec: String { case null, deflate }

  private struct Header {
    let schema: AvroSchema
    let plan: AvroPlan
    let codec: Codec
    let marker: [UInt8]
  }

  private var header: Header?
  /// What of the file is not used yet; begins where the header or a block does, `offset` in the file.
  private var pending = ByteBuffer(capacity: 64 << 10)
  private var offset = 0
  /// Bytes of `pending` that are needed before it is worth looking again.
  private var wanted = 0
  private var unpacked = ByteBuffer()
  /// The block whose records are being read.
  private var records: AvroReader?
  private var recordsLeft: Int64 = 0
  private var blockEnd = 0
  private var block = 0
  private var number = 0

  public init() {}

  /// Whether a file that begins so is a container file.
  public static func isContainer(_ prefix: UnsafeRawBufferPointer) -> Bool {
    prefix.starts(with: magic)
  }

  /// The schema that the records were written with; nil before the first record.
  public var schema: AvroSchema? { header?.schema }

  /// The next record, moving `input` behind what was used; nil once all of it is used.
  public mutating func next(
    _ input: inout UnsafeRawBufferPointer
  ) throws(AvroContainerError) -> Record? {
    while true {
      if let record = try nextOfBlock() { return record }
      let isReady = header == nil ? try readHeader() : try readBlock()
      if isReady { continue }
      if input.isEmpty { return nil }
      // No more than is needed, so that a piece of many blocks is not copied over and over.
      let room = max(wanted - pending.count, 4096)
      pending.append(UnsafeRawBufferPointer(rebasing: input.prefix(room)))
      input = UnsafeRawBufferPointer(rebasing: input.dropFirst(room))
    }
  }

  /// To be called when there is no more input: throws `truncated` inside the header or a block.
  public func finish() throws(AvroContainerError) {
    guard header != nil, pending.isEmpty else { throw error(.truncated) }
  }

  private func error(_ reason: AvroContainerError.Reason) -> AvroContainerError {
    AvroContainerError(reason: reason, block: header == nil ? 0 : block + 1, offset: offset)
  }

  // MARK: - Header

  private mutating func readHeader() throws(AvroContainerError) -> Bool {
    guard pending.count >= max(wanted, Self.magic.count) else { return false }
    let read: (entries: [String: [UInt8]], marker: [UInt8], length: Int)
    do throws(AvroReader.Fault) {
      read = try pending.withUnsafeBytes { bytes throws(AvroReader.Fault) in
        guard Self.isContainer(bytes) else { throw .notResolvable }
        var reader = AvroReader(UnsafeRawBufferPointer(rebasing: bytes[Self.magic.count...]))
        var entries: [String: [UInt8]] = [:]
        try reader.blocks { reader, _ throws(AvroReader.Fault) in
          let key = String(decoding: try reader.string(), as: UTF8.self)
          entries[key] = Array(try reader.bytes())
        }
        let marker = Array(try reader.take(Self.markerLength))
        return (entries, marker, Self.magic.count + reader.offset)
      }
    } catch {
      // More of it may come; the longer it is, the rarer it is looked at.
      guard error == .truncated, pending.count < Self.maximumHeader else {
        throw self.error(.invalidHeader)
      }
      wanted = pending.count * 2
      return false
    }
    header = try header(read.entries, read.marker)
    consume(read.length)
    return true
  }

  private func header(
    _ entries: [String: [UInt8]], _ marker: [UInt8]
  ) throws(AvroContainerError) -> Header {
    let name = entries["avro.codec"].map { String(decoding: $0, as: UTF8.self) } ?? "null"
    guard let codec = Codec(rawValue: name) else {
      throw error(.unknownCodec(String(name.prefix(40))))
    }
    guard let text = entries["avro.schema"] else { throw error(.noSchema) }
    do throws(AvroSchemaError) {
      let schema = try AvroSchema.parse(String(decoding: text, as: UTF8.self))
      return Header(schema: schema, plan: try AvroPlan(schema), codec: codec, marker: marker)
    } catch {
      throw self.error(.invalidSchema(error.description))
    }
  }

  private mutating func consume(_ count: Int) {
    pending.removeFirst(count)
    offset += count
    wanted = 0
  }

  // MARK: - Blocks

  private mutating func readBlock() throws(AvroContainerError) -> Bool {
    guard let header, records == nil, !pending.isEmpty, pending.count >= wanted else {
      return false
    }
    let sizes: (count: Int64, stored: Int, start: Int)?
    do throws(AvroReader.Fault) {
      sizes = try pending.withUnsafeBytes { bytes throws(AvroReader.Fault) in
        var reader = AvroReader(bytes)
        let (count, stored) = (try reader.long(), try reader.long())
        guard count >= 0, stored >= 0 else { throw .negativeLength }
        guard stored <= Int64(Self.maximumBlock) else { return nil }
        return (count, Int(stored), reader.offset)
      }
    } catch {
      guard error == .truncated else { throw self.error(.invalidBlock) }
      wanted = pending.count + 1
      return false
    }
    guard let sizes else { throw error(.blockTooLarge) }
    let dataEnd = sizes.start + sizes.stored
    wanted = dataEnd + Self.markerLength
    guard pending.count >= wanted else { return false }
    let all = pending.withUnsafeBytes { $0 }
    guard all[dataEnd..<wanted].elementsEqual(header.marker) else {
      throw error(.syncMarkerMismatch)
    }
    let stored = UnsafeRawBufferPointer(rebasing: all[sizes.start..<dataEnd])
    records = AvroReader(try plain(stored, header.codec))
    recordsLeft = sizes.count
    blockEnd = wanted
    return true
  }

  /// Valid until the next block.
  private mutating func plain(
    _ stored: UnsafeRawBufferPointer, _ codec: Codec
  ) throws(AvroContainerError) -> UnsafeRawBufferPointer {
    guard codec == .deflate else { return stored }
    unpacked.removeAll()
    do throws(Inflate.Failure) {
      try Inflate.append(stored, to: &unpacked, limit: Self.maximumBlock)
    } catch {
      throw self.error(error == .corrupt ? .corruptBlock : .blockTooLarge)
    }
    return unpacked.withUnsafeBytes { $0 }
  }

  private mutating func nextOfBlock() throws(AvroContainerError) -> Record? {
    guard var reader = records, let plan = header?.plan else { return nil }
    do throws(AvroReader.Fault) {
      if recordsLeft == 0 {
        try reader.expectEnd()
        records = nil
        block += 1
        consume(blockEnd)
        return nil
      }
      let start = reader.offset
      try reader.skip(plan, plan.root, depth: 0)
      records = reader
      recordsLeft -= 1
      number += 1
      return Record(
        number: number,
        bytes: UnsafeRawBufferPointer(start: reader.base + start, count: reader.offset - start))
    } catch {
      throw self.error(.record(reader.error(error)))
    }
  }
}
