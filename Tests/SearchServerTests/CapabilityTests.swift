import JSON
import Testing

@testable import SearchServer

@Suite struct CapabilityTests {
  @Test func whatIsNotListedIsRefusedByName() throws {
    let node = try TestSearchServer()
    try node.makeReviews()
    try node.call(.put, "/r/_doc/1", #"{"text":"a review","stars":1}"#)
    for query in QueryParser.refused.sorted() {
      let answer = try node.search("r", #"{"query":{"\#(query)":{"text":"review"}}}"#)
      #expect(answer.status == 400)
      #expect(answer.json["error"]?["feature"]?.string == "query.\(query)")
    }
    for aggregation in Aggregation.refused.sorted() {
      let answer = try node.search(
        "r", #"{"aggs":{"a":{"\#(aggregation)":{"field":"stars"}}}}"#)
      #expect(answer.status == 400)
      #expect(answer.json["error"]?["feature"]?.string == "aggs.\(aggregation)")
    }
    for key in SearchRequest.refused.sorted() {
      let answer = try node.search("r", #"{"\#(key)":{"a":1}}"#)
      #expect(answer.json["error"]?["feature"]?.string == "search.\(key)", "\(answer.text)")
    }
    let nonsense = try node.search("r", #"{"query":{"nonsense":{}}}"#)
    #expect(nonsense.errorType == "parsing_exception")
    #expect(try node.search("r", #"{"nonsense":1}"#).errorType == "parsing_exception")
    #expect(
      try node.search("r", #"{"aggs":{"a":{"nonsense":{}}}}"#).errorType == "parsing_exception")
  }

  @Test(arguments: [
    #"{"query":{"match":{"text":{"query":"x","fuzziness":"AUTO"}}}}"#,
    #"{"query":{"match_phrase":{"text":{"query":"x y","slop":2}}}}"#,
    #"{"query":{"range":{"text":{"gte":"a"}}}}"#,
    #"{"query":{"query_string":{"query":"text:revew~1"}}}"#,
    #"{"query":{"query_string":{"query":"text:/re.*/"}}}"#,
    #"{"query":{"terms":{"label":{"index":"x","id":"1","path":"y"}}}}"#,
    #"{"sort":{"_script":{}}}"#,
    #"{"highlight":{"type":"fvh","fields":{"text":{}}}}"#,
    #"{"aggs":{"a":{"terms":{"field":"label","include":"ne.*"}}}}"#,
    #"{"aggs":{"a":{"avg":{"script":"1"}}}}"#,
  ])
  func anOptionThatWouldChangeTheAnswerIsRefused(body: String) throws {
    let node = try TestSearchServer()
    try node.makeReviews()
    let answer = try node.search("r", body)
    #expect(answer.status == 400)
    #expect(answer.errorType == "unsupported_in_embedded_exception", "\(answer.text)")
  }
}
