import Avro

/// What is made once of a writer's Avro schema: how its payloads become documents, and what they hold.
public final class WriterPlan: Sendable {
  public let transcoder: JSONTranscoder
  public let schema: ConnectSchema

  /// `captured` is a top-level field whose whole number the transcoder tells.
  init(
    _ text: String, options: JSONTranscoder.Options, capturing captured: String?
  ) throws(AvroSchemaError) {
    let parsed = try AvroSchema.parse(text)
    transcoder = try JSONTranscoder(writer: parsed, options: options, capturing: captured)
    schema = ConnectSchema(parsed)
  }
}
