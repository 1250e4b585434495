import JSON
import Testing

@testable import SearchServer

/// Nothing that a client sends ends the server.
@Suite struct HostileTests {
  let node: TestSearchServer

  init() throws {
    node = try TestSearchServer()
    try node.makeReviews()
    let document =
      #"{"text":"some text. More","stars":2147483647,"big":9223372036854775807,"score":3.4e38,"at":253402300799999}"#
    try node.call(.put, "/r/_doc/1?version=9223372036854775807&version_type=external", document)
    try node.call(.put, "/r/_doc/2", #"{"at":-999999999999999999,"big":-9223372036854775807}"#)
  }

  @Test(arguments: [
    #"{"from":9223372036854775807,"size":9223372036854775807}"#,
    #"{"query":{"range":{"stars":{"gte":"nan","lt":"inf"}}}}"#,
    #"{"query":{"range":{"big":{"gt":9223372036854775807}}}}"#,
    #"{"query":{"range":{"big":{"lt":-9223372036854775808}}}}"#,
    #"{"query":{"range":{"at":{"gte":"now+9999999999y/y"}}}}"#,
    #"{"query":{"range":{"at":{"gte":"now+9999999y+9999999y+9999999y/M"}}}}"#,
    #"{"query":{"range":{"at":{"gte":999999999999999999,"lte":"999999999999999999||+1y/y"}}}}"#,
    #"{"query":{"range":{"at":{"gte":"1","format":"yyyyyyyyyyyyyyyyyyyyyyyy"}}}}"#,
    #"{"query":{"match":{"text":{"query":"a b","minimum_should_match":"9223372036854775807%"}}}}"#,
    #"{"query":{"match":{"text":{"query":"a b","minimum_should_match":"-9223372036854775808"}}}}"#,
    #"{"query":{"match":{"text":"text"}},"highlight":{"fields":{"text":{"fragment_size":9223372036854775807,"number_of_fragments":-5,"no_match_size":-1}}}}"#,
    #"{"sort":["big"],"search_after":[1e300]}"#,
    #"{"sort":["at"],"search_after":["x"]}"#,
    #"{"aggs":{"a":{"histogram":{"field":"big","interval":1e-300}}}}"#,
    #"{"aggs":{"a":{"histogram":{"field":"score","interval":1e-10,"min_doc_count":1}}}}"#,
    #"{"aggs":{"a":{"date_histogram":{"field":"at","calendar_interval":"day"}}}}"#,
    #"{"aggs":{"a":{"date_histogram":{"field":"at","calendar_interval":"year","min_doc_count":1,"extended_bounds":{"min":-9223372036854775808,"max":9223372036854775807}}}}}"#,
    #"{"aggs":{"a":{"stats":{"field":"at"}}}}"#,
    #"{"aggs":{"a":{"percentiles":{"field":"big","percents":[1e300]}}}}"#,
    #"{"query":{"query_string":{"query":"((((((((((("}}}"#,
    #"{"query":{"query_string":{"query":"stars:>= \\"}}}"#,
    #"{"query":{"wildcard":{"label":"**************?*************"}}}"#,
  ])
  func aSearchIsAnsweredOrRefused(body: String) throws {
    let answer = try node.search("r", body)
    #expect([200, 400].contains(answer.status), "\(answer.text)")
    #expect(try node.call(.get, "/r/_count").json["count"] == 2)
  }

  @Test(arguments: [
    "/r/_search?sort=:", "/_cat/indices?s=:", "/_cat/indices?h=", "/r/_search?from=99999999999",
    "/r/_search?q=%22", "/r/_search?scroll=99999999999d", "/_alias/*,-*", "/,/_search",
    "/r/_doc/1?_source_includes=,", "/r/_search?filter_path=,-", "/r/_search?track_total_hits=x",
  ])
  func anAddressIsAnsweredOrRefused(path: String) throws {
    let answer = try node.call(.get, path)
    #expect((200..<500).contains(answer.status), "\(answer.text)")
  }

  @Test func aWriteIsAnsweredOrRefused() throws {
    // The version is the highest there is.
    #expect(try node.call(.put, "/r/_doc/1", "{}").status == 200)
    let deep = String(repeating: #"{"a":"#, count: 900) + "1" + String(repeating: "}", count: 900)
    #expect(try node.call(.put, "/deep/_doc/1", deep).status == 400)
    let wide = (0..<1100).map { #""f\#($0)":1"# }.joined(separator: ",")
    #expect(try node.call(.put, "/deep/_doc/1", "{\(wide)}").status == 400)
    let stars = String(repeating: "*a", count: 30)
    try node.call(.put, "/_index_template/x", #"{"index_patterns":["\#(stars)"]}"#)
    #expect(
      try node.call(.put, "/_index_template/y", #"{"index_patterns":["\#(stars)b"]}"#).status
        == 400)
  }
}
