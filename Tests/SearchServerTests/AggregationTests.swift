import JSON
import Testing

@testable import SearchServer

@Suite struct AggregationTests {
  let node: TestSearchServer

  init() throws {
    node = try TestSearchServer()
    try node.makeReviews()
    let reviews = [
      #"{"label":"n","stars":1,"score":-0.05,"at":"2024-03-31T00:30:00Z","ok":true,"tags":["a","b"]}"#,
      #"{"label":"n","stars":2,"score":-0.15,"at":"2024-03-31T23:30:00Z","tags":["a"]}"#,
      #"{"label":"p","stars":5,"score":0.25,"at":"2024-06-01T12:00:00Z","ok":false}"#,
      #"{"stars":4,"score":0.05,"at":"2024-06-30T22:30:00Z","ok":false}"#,
    ]
    _ = try node.bulk(
      reviews.enumerated().flatMap { [#"{"index":{"_index":"r","_id":"\#($0)"}}"#, $1] })
  }

  private func run(_ aggregation: String) throws -> JSONValue {
    let answer = try node.search("r", #"{"size":0,"aggs":{"a":\#(aggregation)}}"#)
    #expect(answer.status == 200, "\(answer.text)")
    return answer.json["aggregations"]?["a"] ?? .null
  }

  private func keysAndCounts(_ aggregation: String) throws -> [String] {
    try (run(aggregation)["buckets"]?.array ?? []).map { bucket in
      let key = bucket["key_as_string"]?.string ?? bucket["key"]?.string ?? bucket["key"]?.number
      return "\(key ?? "?"):\(bucket["doc_count"]?.number ?? "?")"
    }
  }

  @Test func termsCountDocumentsForEachValue() throws {
    #expect(try keysAndCounts(#"{"terms":{"field":"label"}}"#) == ["n:2", "p:1"])
    #expect(
      try keysAndCounts(#"{"terms":{"field":"label","missing":"?","order":{"_key":"desc"}}}"#)
        == ["p:1", "n:2", "?:1"])
    #expect(try keysAndCounts(#"{"terms":{"field":"tags"}}"#) == ["a:2", "b:1"])
    #expect(try keysAndCounts(#"{"terms":{"field":"ok"}}"#) == ["false:2", "true:1"])
    #expect(try keysAndCounts(#"{"terms":{"field":"label","exclude":["n"]}}"#) == ["p:1"])
    let limited = try run(#"{"terms":{"field":"stars","size":1}}"#)
    #expect(limited["sum_other_doc_count"] == 3)
    #expect(limited["buckets"]?[0]?["key"] == 1)
  }

  @Test func termsAreOrderedByWhatIsInThem() throws {
    let aggregation =
      #"{"terms":{"field":"label","order":{"m":"desc"}},"aggs":{"m":{"avg":{"field":"stars"}}}}"#
    #expect(try keysAndCounts(aggregation) == ["p:1", "n:2"])
    #expect(try run(aggregation)["buckets"]?[1]?["m"]?["value"]?.double == 1.5)
  }

  @Test func histogramsReachBelowZero() throws {
    #expect(
      try keysAndCounts(#"{"histogram":{"field":"stars","interval":2}}"#)
        == ["0.0:1", "2.0:1", "4.0:2"])
    #expect(
      try keysAndCounts(#"{"histogram":{"field":"score","interval":0.1,"min_doc_count":1}}"#)
        .first == "-0.2:1")
    #expect(
      try keysAndCounts(
        #"{"histogram":{"field":"stars","interval":5,"extended_bounds":{"min":0,"max":12}}}"#)
        == ["0.0:3", "5.0:1", "10.0:0"])
  }

  @Test func monthsBeginWhereTheZoneSays() throws {
    #expect(
      try keysAndCounts(
        #"{"date_histogram":{"field":"at","calendar_interval":"month","time_zone":"Europe/Berlin","format":"yyyy-MM"}}"#
      ) == ["2024-03:1", "2024-04:1", "2024-05:0", "2024-06:1", "2024-07:1"])
    #expect(
      try keysAndCounts(
        #"{"date_histogram":{"field":"at","calendar_interval":"1w","min_doc_count":1}}"#)
        == [
          "2024-03-25T00:00:00.000Z:2", "2024-05-27T00:00:00.000Z:1",
          "2024-06-24T00:00:00.000Z:1",
        ])
  }

  @Test func rangesLeaveOutTheirUpperEnd() throws {
    #expect(
      try keysAndCounts(
        #"{"range":{"field":"stars","ranges":[{"to":2},{"from":2,"to":5},{"from":5,"key":"top"}]}}"#
      )
        == ["*-2.0:1", "2.0-5.0:2", "top:1"])
  }

  @Test func filtersHaveNames() throws {
    let found = try run(
      #"{"filters":{"filters":{"bad":{"range":{"stars":{"lte":2}}},"tagged":{"exists":{"field":"tags"}}}}}"#
    )
    #expect(found["buckets"]?["bad"]?["doc_count"] == 2)
    #expect(found["buckets"]?["tagged"]?["doc_count"] == 2)
    #expect(try run(#"{"filter":{"term":{"label":"n"}}}"#)["doc_count"] == 2)
    #expect(try run(#"{"missing":{"field":"label"}}"#)["doc_count"] == 1)
  }

  @Test func figuresOfNothingAreNull() throws {
    let stats = try run(#"{"stats":{"field":"stars"}}"#)
    #expect(
      stats == [
        "count": 4, "min": .number("1.0"), "max": .number("5.0"), "avg": .number("3.0"),
        "sum": .number("12.0"),
      ])
    #expect(try run(#"{"avg":{"field":"big"}}"#) == ["value": .null])
    #expect(try run(#"{"sum":{"field":"big"}}"#) == ["value": .number("0.0")])
    #expect(try run(#"{"cardinality":{"field":"label"}}"#) == ["value": 2])
    #expect(try run(#"{"value_count":{"field":"tags"}}"#) == ["value": 3])
  }

  @Test func percentilesLieBetweenNeighbours() throws {
    let values = [1, 51, 101, 151]
    _ = try node.bulk(
      values.flatMap { [#"{"index":{"_index":"q","_id":"\#($0)"}}"#, #"{"v":\#($0)}"#] })
    let answer = try node.search(
      "q", #"{"size":0,"aggs":{"a":{"percentiles":{"field":"v","percents":[25,50,75]}}}}"#)
    #expect(
      answer.json["aggregations"]?["a"]?["values"]
        == ["25.0": .number("38.5"), "50.0": .number("76.0"), "75.0": .number("113.5")])
  }
}
