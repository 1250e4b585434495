import Bytes
import CAvro
import JSON
import Testing

@testable import Avro

private func reencoded(_ schema: String, _ payload: [UInt8]) -> [UInt8]? {
  var text = schema
  var output = [CChar](repeating: 0, count: payload.count + 1024)
  let written = text.withUTF8 { text in
    text.withMemoryRebound(to: CChar.self) { text in
      payload.withUnsafeBytes { payload in
        opine_avro_reencode(
          text.baseAddress, text.count, payload.bindMemory(to: CChar.self).baseAddress,
          payload.count, &output, output.count)
      }
    }
  }
  return written < 0 ? nil : output.prefix(Int(written)).map { UInt8(bitPattern: $0) }
}

@Suite struct RandomPayloads {
  @Test(arguments: [TestSchemas.review, TestSchemas.complex])
  func valuesRoundTripAndLibavroAgrees(text: String) throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("valuesRoundTripAndLibavroAgrees seed \(seed)")
    let schema = try AvroSchema.parse(text)
    let coder = try AvroValueCoder(schema)
    let transcoder = try JSONTranscoder(writer: schema)
    var random = RandomAvro(schema, seed: seed)
    var buffer = ByteBuffer()
    for _ in 0..<500 {
      let value = random.value(schema)
      let payload = try coder.encode(value)
      #expect(try coder.decode(payload) == value, "seed \(seed)")
      #expect(reencoded(text, payload) == payload, "seed \(seed)")
      buffer.removeAll()
      try payload.withUnsafeBytes { try transcoder.append($0, to: &buffer) }
      let members = try JSONValue.parse(buffer.toArray()).object
      #expect(members?.map(\.name) == schema.fields.map(\.name), "seed \(seed)")
    }
  }

  @Test(arguments: [TestSchemas.review, TestSchemas.complex])
  func mutatedPayloadsGiveAValueOrAnErrorInAllDecoders(text: String) throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("mutatedPayloadsGiveAValueOrAnErrorInAllDecoders seed \(seed)")
    let schema = try AvroSchema.parse(text)
    let coder = try AvroValueCoder(schema)
    let transcoder = try JSONTranscoder(writer: schema)
    let fields = try FieldDecoder(writer: schema, fields: schema.fields.map(\.name))
    let skipping = try FieldDecoder(writer: schema, fields: [])
    var random = RandomAvro(schema, seed: seed)
    var buffer = ByteBuffer()
    var values: [AvroFieldValue] = []
    for _ in 0..<10_000 {
      let payload = random.mutated(try coder.encode(random.value(schema)))
      buffer.removeAll()
      payload.withUnsafeBytes { payload in
        let decoded = Result { try coder.decode(payload) }
        let written = Result { try transcoder.append(payload, to: &buffer) }
        let read = Result { try fields.decode(payload, into: &values) }
        let skipped = Result { try skipping.decode(payload, into: &values) }
        #expect(fault(decoded.map { _ in }) == fault(read), "seed \(seed)")
        #expect(fault(decoded.map { _ in }) == fault(skipped), "seed \(seed)")
        if let error = fault(written), error.reason == .notRepresentable { return }
        #expect(fault(decoded.map { _ in }) == fault(written), "seed \(seed)")
        if case .success = written {
          #expect((try? JSONValue.parse(buffer.toArray())) != nil, "seed \(seed)")
        }
      }
    }
  }

  private func fault(_ result: Result<Void, any Error>) -> AvroDecodingError? {
    if case .failure(let error) = result { error as? AvroDecodingError } else { nil }
  }
}
