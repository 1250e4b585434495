import Avro
import Bytes
import Reviews

/// The schema that reviews are written with.
public struct IngestSchema: Sendable {
  /// The registry's id of it.
  public let id: Int
  /// From the program's own encoding to it; nil where it is the program's own.
  private let conversion: (resolver: AvroResolvingDecoder, coder: AvroValueCoder)?

  /// The program's own schema.
  public init(id: Int) {
    self.id = id
    conversion = nil
  }

  /// Another one, which every review is converted to: slower, by a tree for each.
  ///
  /// Throws where it can't read what the program's own schema writes, with the first reason.
  public init(id: Int, _ schema: AvroSchema) throws(AvroSchemaError) {
    self.id = id
    let own = try AvroSchema.parse(ReviewSchemas.review)
    if schema == own {
      conversion = nil
      return
    }
    if let problem = schema.incompatibilities(asReaderOf: own).first {
      throw AvroSchemaError(
        path: problem.location, reason: "it can't read reviews: \(problem.detail)")
    }
    conversion = (
      try AvroResolvingDecoder(writer: own, reader: schema), try AvroValueCoder(schema)
    )
  }

  /// Replaces the payload at the buffer's end.
  func convert(_ buffer: inout ByteBuffer, from start: Int) throws(IngestError) {
    guard let conversion else { return }
    do {
      let value = try conversion.resolver.decode(Array(buffer.toArray()[start...]))
      buffer.truncate(to: start)
      try conversion.coder.append(value, to: &buffer)
    } catch {
      throw .schema("\(error)")
    }
  }
}
