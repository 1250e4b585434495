import JSON
import Kafka
import Testing

@testable import Connect

/// Single message transforms as Kafka Connect documents them.
@Suite struct TransformTests {
  private func record(
    _ value: JSONValue?, key: JSONValue? = nil, topic: String = "orders", timestamp: Int64? = 0,
    headers: [RecordHeader] = []
  ) -> ConnectRecord {
    ConnectRecord(
      topic: topic, source: TopicPartition("orders", 3), offset: 42, timestamp: timestamp, key: key,
      value: value, headers: headers)
  }

  /// One transform named `t` of the class, with its properties.
  private func chain(_ type: String, _ properties: [String: String] = [:]) throws -> TransformChain
  {
    var all = [
      "transforms": "t", "transforms.t.type": "org.apache.kafka.connect.transforms.\(type)",
    ]
    for (name, value) in properties {
      all[name.hasPrefix("predicates") ? name : "transforms.t.\(name)"] = value
    }
    return try TransformChain(all)
  }

  @Test func aRouterRenamesTopicsThatMatchWhole() throws {
    let router = try chain("RegexRouter", ["regex": "(.*)-(\\d+)", "replacement": "$2.$1"])
    #expect(try router.apply(record([:], topic: "logs-7"))?.topic == "7.logs")
    #expect(try router.apply(record([:], topic: "logs-7x"))?.topic == "logs-7x")
  }

  @Test func aRouterPutsTheTimeIntoTheTopic() throws {
    let router = try chain(
      "TimestampRouter",
      ["topic.format": "${topic}.${timestamp}", "timestamp.format": "yyyy-MM-dd'T'HH"])
    // 2024-02-29 13:05 UTC
    let made = try router.apply(record([:], timestamp: 1_709_211_900_000))
    #expect(made?.topic == "orders.2024-02-29T13")
    #expect(made?.source.topic == "orders")
  }

  @Test func fieldsAreExtractedInsertedReplacedMaskedAndHoisted() throws {
    let value: JSONValue = ["id": 7, "name": "x", "in": ["a": 1]]
    #expect(try chain("ExtractField$Value", ["field": "name"]).apply(record(value))?.value == "x")
    #expect(try chain("ExtractField$Key", ["field": "id"]).apply(record([:], key: value))?.key == 7)
    #expect(
      try chain("ValueToKey", ["fields": "id,none"]).apply(record(value))?.key
        == ["id": 7, "none": nil as JSONValue? ?? .null])
    let inserted = try chain(
      "InsertField$Value",
      [
        "static.field": "s", "static.value": "v", "topic.field": "t", "partition.field": "p",
        "offset.field": "o!", "timestamp.field": "at?",
      ]
    ).apply(record([:], timestamp: 5))
    #expect(inserted?.value == ["t": "orders", "p": 3, "o": 42, "at": 5, "s": "v"])
    #expect(
      try chain("ReplaceField$Value", ["exclude": "in", "renames": "id:number"]).apply(
        record(value))?
        .value == ["number": 7, "name": "x"])
    #expect(
      try chain("ReplaceField$Value", ["whitelist": "id"]).apply(record(value))?.value == ["id": 7])
    #expect(
      try chain("MaskField$Value", ["fields": "id,name"]).apply(record(value))?.value
        == ["id": 0, "name": "", "in": ["a": 1]])
    #expect(
      try chain("HoistField$Value", ["field": "all"]).apply(record("text"))?.value == [
        "all": "text"
      ])
    #expect(
      try chain("Flatten$Value", ["delimiter": "_"]).apply(record(["a": ["b": ["c": 1]], "d": 2]))?
        .value == ["a_b_c": 1, "d": 2])
  }

  @Test func valuesAreCastOrRefused() throws {
    let cast = try chain("Cast$Value", ["spec": "a:int32,b:string,c:boolean,d:float64"])
    let made = try cast.apply(record(["a": "12", "b": 5, "c": "TRUE", "d": "0.5", "e": 1]))
    #expect(made?.value == ["a": 12, "b": "5", "c": true, "d": .number("0.5"), "e": 1])
    #expect(throws: RecordFault.self) { try cast.apply(record(["a": "twelve"])) }
    let small = try chain("Cast$Value", ["spec": "int8"])
    #expect(throws: RecordFault.self) { try small.apply(record(128)) }
  }

  @Test func tombstonesPassFieldTransforms() throws {
    let made = try chain("InsertField$Value", ["topic.field": "t"]).apply(record(nil))
    #expect(made != nil)
    #expect(made?.value == nil)
  }

  @Test func aFieldOfWhatIsNoObjectIsTheRecordsFault() throws {
    let error = #expect(throws: RecordFault.self) {
      try chain("InsertField$Value", ["topic.field": "t"]).apply(record("text"))
    }
    #expect(error?.stage == .transformation)
  }

  @Test func aPredicateSaysOfWhichRecords() throws {
    func filter(_ predicate: [String: String], negate: Bool) throws -> TransformChain {
      var all = ["predicate": "p", "negate": String(negate), "predicates": "p"]
      for (name, value) in predicate { all["predicates.p.\(name)"] = value }
      return try chain("Filter", all)
    }
    let tombstones = ["type": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone"]
    #expect(try filter(tombstones, negate: false).apply(record(nil)) == nil)
    #expect(try filter(tombstones, negate: false).apply(record([:])) != nil)
    #expect(try filter(tombstones, negate: true).apply(record([:])) == nil)
    let header = ["type": "HasHeaderKey", "name": "h"]
    let with = record([:], headers: [RecordHeader("h", text: "1")])
    #expect(try filter(header, negate: false).apply(with) == nil)
    let topic = ["type": "TopicNameMatches", "pattern": "ord.*"]
    #expect(try filter(topic, negate: true).apply(record([:])) != nil)
    #expect(try filter(topic, negate: true).apply(record([:], topic: "x")) == nil)
  }

  @Test func aChangeEventIsUnwrapped() throws {
    let unwrap = try TransformChain([
      "transforms": "t", "transforms.t.type": "io.debezium.transforms.ExtractNewRecordState",
      "transforms.t.add.fields": "op,source.ts_ms",
    ])
    let change: JSONValue = [
      "op": "u", "before": ["id": 1, "v": "old"], "after": ["id": 1, "v": "new"],
      "source": ["ts_ms": 9],
    ]
    #expect(
      try unwrap.apply(record(change))?.value
        == ["id": 1, "v": "new", "__op": "u", "__source_ts_ms": 9])
    let deletion: JSONValue = ["op": "d", "before": ["id": 1], "after": .null]
    let gone = try unwrap.apply(record(deletion, key: 1))
    #expect(gone?.key == 1)
    #expect(gone?.value == nil)
    #expect(try unwrap.apply(record(["heartbeat": 1]))?.value == ["heartbeat": 1])
  }

  @Test func everyWrongPropertyIsNamed() {
    let problems = TransformChain.validate([
      "transforms": "a,b,c", "transforms.a.type": "RegexRouter", "transforms.a.regex": "(",
      "transforms.a.replacement": "x", "transforms.b.type": "com.example.Own",
      "transforms.c.type": "InsertField$Value", "transforms.c.colour": "red",
      "transforms.c.predicate": "p",
    ])
    #expect(
      Set(problems.map(\.property)) == [
        "transforms.a.regex", "transforms.b.type", "transforms.c.colour", "transforms.c.predicate",
      ])
  }
}
