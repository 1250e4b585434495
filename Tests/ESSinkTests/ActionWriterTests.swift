import Bytes
import JSON
import Kafka
import Testing

@testable import ESSink

@Suite struct ActionWriterTests {
  private func lines(
    _ source: VersionSource, id: String, version: Int64?
  ) throws(RecordFault) -> String {
    let writer = ActionWriter(resource: "reviews", kind: .index, source: source)
    var body = ByteBuffer()
    var fault: RecordFault?
    let bytes = Array(id.utf8)
    bytes.withUnsafeBytes { key in
      do throws(RecordFault) {
        try writer.appendWrite(
          id: try ActionWriter.checked(key), versioned: source != .none, extras: nil, to: &body
        ) { body in
          body.append("{}")
          return version
        }
      } catch {
        fault = error
      }
    }
    if let fault { throw fault }
    return String(decoding: body.toArray(), as: UTF8.self)
  }

  @Test func theVersionKnownLastStandsInTheActionLine() throws {
    let text = try lines(.field, id: "a\"b", version: 1_700_000_000_123)
    let parts = text.split(separator: "\n")
    #expect(parts.count == 2)
    let action = try JSONValue.parse(String(parts[0]))["index"]
    #expect(action?["_id"]?.string == "a\"b")
    #expect(action?["version"]?.int64 == 1_700_000_000_123)
    #expect(action?["version_type"]?.string == "external_gte")
  }

  @Test(arguments: [Int64(0), 7, Int64.max])
  func everyVersionFits(version: Int64) throws {
    let text = try lines(.offset, id: "k", version: version)
    let action = try JSONValue.parse(String(text.split(separator: "\n")[0]))["index"]
    #expect(action?["version"]?.int64 == version)
    #expect(action?["version_type"]?.string == "external")
  }

  @Test func withoutVersionsNoneIsSent() throws {
    let text = try lines(.none, id: "k", version: nil)
    #expect(text == "{\"index\":{\"_index\":\"reviews\",\"_id\":\"k\"}}\n{}\n")
  }

  @Test func aNegativeOrAbsentVersionIsTheRecordsFault() {
    #expect(throws: RecordFault.self) { try lines(.field, id: "k", version: -1) }
    #expect(throws: RecordFault.self) { try lines(.field, id: "k", version: nil) }
  }

  @Test func anIdThatElasticsearchRefusesIsTheRecordsFault() {
    #expect(throws: RecordFault.self) {
      try lines(.offset, id: String(repeating: "x", count: 513), version: 1)
    }
  }
}
