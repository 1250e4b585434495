import Avro
import Connect
import JSON
import Testing

@testable import ESSink

/// What an index that is ours still needs, as transcripts.
@Suite struct IndexLifeTests {
  private static func schema(_ fields: String...) throws -> ConnectSchema {
    let list = fields.map { "{\"name\":\"\($0)\",\"type\":\"int\"}" }.joined(separator: ",")
    return ConnectSchema(
      try AvroSchema.parse("{\"type\":\"record\",\"name\":\"R\",\"fields\":[\(list)]}"))
  }

  /// Answers what is asked until documents may go; the requests in their order.
  private func settle(
    _ life: inout IndexLife, now: Duration = .zero,
    _ answer: (IndexLife.Request) -> (Int, JSONValue)
  ) -> [String] {
    var asked: [String] = []
    while let request = life.request(now), asked.count < 10 {
      switch request {
      case .exists: asked.append("exists")
      case .create(let body):
        asked.append("create \(body["mappings"]?["properties"]?.serialized() ?? "")")
      case .mapping: asked.append("mapping")
      case .extend(let body): asked.append("extend \(body["properties"]?.serialized() ?? "")")
      }
      let (status, body) = answer(request)
      _ = life.answered(request, status: status, body: body, now: now)
    }
    return asked
  }

  @Test func aMissingIndexIsMadeWithTheMapping() throws {
    var life = IndexLife(connector: "c", checksAgain: true)
    life.want(try Self.schema("n"))
    let asked = settle(&life) { $0 == .exists ? (404, [:]) : (200, [:]) }
    #expect(asked == ["exists", "create {\"n\":{\"type\":\"integer\"}}"])
  }

  @Test func aNewSchemaExtendsAMappingOfOurs() throws {
    var life = IndexLife(connector: "c", checksAgain: false)
    life.want(try Self.schema("n"))
    _ = settle(&life) { $0 == .exists ? (404, [:]) : (200, [:]) }
    life.want(try Self.schema("n", "more"))
    let asked = settle(&life) { _ in (200, [:]) }
    #expect(asked == ["extend {\"n\":{\"type\":\"integer\"},\"more\":{\"type\":\"integer\"}}"])
    life.want(try Self.schema("n", "more"))
    #expect(life.request(.zero) == nil)
  }

  @Test func aMappingOfSomebodyElseIsLeftAlone() throws {
    var life = IndexLife(connector: "c", checksAgain: false)
    life.want(try Self.schema("n"))
    let theirs: JSONValue = ["i": ["mappings": ["properties": ["x": ["type": "text"]]]]]
    #expect(settle(&life) { $0 == .mapping ? (200, theirs) : (200, [:]) } == ["exists", "mapping"])
    life.want(try Self.schema("other"))
    #expect(life.request(.zero) == nil)
  }

  @Test func oursIsKnownAgainByItsMeta() throws {
    var life = IndexLife(connector: "c", checksAgain: false)
    life.want(try Self.schema("n"))
    let ours: JSONValue = [
      "i": [
        "mappings": ["_meta": ["opine": ["connector": "c"]], "properties": ["x": ["type": "text"]]]
      ]
    ]
    let asked = settle(&life) { $0 == .mapping ? (200, ours) : (200, [:]) }
    #expect(asked.last == "extend {\"n\":{\"type\":\"integer\"}}")
  }

  @Test func anIndexThatWentAwayIsMadeAgainWithAllItHad() throws {
    var life = IndexLife(connector: "c", checksAgain: true)
    life.want(try Self.schema("n"))
    _ = settle(&life) { $0 == .exists ? (404, [:]) : (200, [:]) }
    #expect(life.request(.milliseconds(50)) == nil)
    let asked = settle(&life, now: .seconds(1)) { $0 == .exists ? (404, [:]) : (200, [:]) }
    #expect(asked == ["exists", "create {\"n\":{\"type\":\"integer\"}}"])
  }

  @Test func whoMayNotLookOrCreateStillWrites() throws {
    var life = IndexLife(connector: "c", checksAgain: false)
    #expect(settle(&life) { _ in (403, [:]) } == ["exists"])
    var other = IndexLife(connector: "c", checksAgain: false)
    #expect(settle(&other) { $0 == .exists ? (404, [:]) : (403, [:]) } == ["exists", "create "])
  }

  @Test func troubleIsAskedAgain() {
    var life = IndexLife(connector: "c", checksAgain: false)
    let progress = life.answered(.exists, status: 503, body: nil, now: .zero)
    #expect(progress == .failed(" (503) "))
    #expect(life.request(.zero) == .exists)
  }

  @Test func everyTypeHasItsMapping() throws {
    let text = """
      {"type":"record","name":"R","fields":[
        {"name":"l","type":"long","default":3},{"name":"f","type":["null","float"],"default":null},
        {"name":"s","type":"string","default":"x"},{"name":"b","type":{"type":"fixed","name":"F","size":2}},
        {"name":"day","type":{"type":"int","logicalType":"date"}},
        {"name":"dec","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}},
        {"name":"u","type":["string","int"]},{"name":"m","type":{"type":"map","values":"int"}},
        {"name":"in","type":{"type":"record","name":"In","fields":[{"name":"x","type":"boolean"}]}},
        {"name":"list","type":{"type":"array","items":"double"}}]}
      """
    let schema = ConnectSchema(try AvroSchema.parse(text))
    let keyword: JSONValue = ["keyword": ["type": "keyword", "ignore_above": 256]]
    #expect(
      SchemaMapping.properties(of: [schema]) == [
        "l": ["type": "long", "null_value": 3], "f": ["type": "float"],
        "s": ["type": "text", "fields": keyword], "b": ["type": "binary"],
        "day": ["type": "date", "format": "strict_date||epoch_millis"],
        "dec": ["type": "double"], "in": ["properties": ["x": ["type": "boolean"]]],
        "list": ["type": "double"],
      ])
  }
}
