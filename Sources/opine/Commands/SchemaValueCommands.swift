import Avro
import Bytes
import Foundation
import JSON
import SchemaRegistry

/// `opine schemas decode|encode`: messages as they are in Kafka, and Avro's JSON encoding of them.
enum SchemaValueCommands {
  static let decode = Command(
    "schemas decode", "a message with its schema id, as Avro's JSON", arguments: "FILE",
    argumentCount: 1...1, options: [.registry],
    example: "opine schemas decode message.bin"
  ) { invocation in
    let message = try bytes(invocation.arguments[0])
    let parsed = message.withUnsafeBytes { bytes in
      Result { () throws(WireFormatError) in try WireFormat.parse(bytes) }
    }
    let frame: WireFormat.Frame
    do throws(WireFormatError) { frame = try parsed.get() } catch {
      throw refuse("the message can't be decoded", error.description, messages)
    }
    let schema = try await schema(frame.schema, invocation)
    let coder = try AvroValueCoder(schema)
    let value: AvroValue
    do throws(AvroDecodingError) {
      value = try coder.decode(Array(message[frame.payloadOffset...]))
    } catch {
      throw refuse("the message can't be decoded", "\(frame.schema): \(error)", messages)
    }
    Terminal.print(AvroJSONCoder(schema).json(of: value).serialized())
    return .done
  }

  static let encode = Command(
    "schemas encode", "Avro's JSON to a message with a subject's newest schema",
    arguments: "SUBJECT FILE", argumentCount: 2...2, options: [.registry],
    example: "opine schemas encode reviews.raw-value review.json > message.bin"
  ) { invocation in
    let given = try bytes(invocation.arguments[1])
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue.parse(given) } catch {
      throw refuse("the value can't be encoded", error.description, values)
    }
    let newest = try await SchemaCommands.ask(invocation, .latest(subject: invocation.arguments[0]))
    let schema = try await schema(.id(newest.id), invocation)
    let value: AvroValue
    do throws(AvroJSONError) { value = try AvroJSONCoder(schema).value(of: json) } catch {
      throw refuse("the value can't be encoded", error.description, values)
    }
    var message = ByteBuffer()
    WireFormat.appendHeader(id: newest.id, to: &message)
    try AvroValueCoder(schema).append(value, to: &message)
    // Bytes are nothing for a terminal.
    if isatty(STDOUT_FILENO) == 1 {
      Terminal.print(Hex.encode(message.toArray()))
    } else {
      try FileHandle.standardOutput.write(contentsOf: message.toArray())
    }
    return .done
  }

  private static let messages =
    "give the bytes as they are in Kafka: 0, four bytes of schema id, the value"
  private static let values = "a value of a union is {\"string\": …}: see `opine schemas decode`"

  private static func schema(
    _ key: SchemaKey, _ invocation: Invocation
  ) async throws -> AvroSchema {
    do throws(RegistryError) {
      return try await registryClient(invocation).schema(key).schema
    } catch {
      throw unreachable(error, "the schema of \(key) can't be had")
    }
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    guard
      let data = path == "-"
        ? try FileHandle.standardInput.readToEnd() ?? Data()
        : FileManager.default.contents(atPath: path)
    else {
      throw refuse(
        "\(path) can't be read", "there is no such file, or it is not yours", "- is standard input")
    }
    return Array(data)
  }

  private static func refuse(_ what: String, _ why: String, _ next: String) -> CommandError {
    CommandError(.failed, what, why: why, next: next)
  }
}
