import JSON
import Testing

@testable import SearchServer

@Suite struct SearchTests {
  let node: TestSearchServer

  init() throws {
    node = try TestSearchServer()
    try node.makeReviews()
    let answer = try node.bulk(
      [
        (
          "1",
          #"{"text":"The battery died after one day. I can't recommend it.","title":"Bad battery","label":"negative","score":-0.9,"stars":1,"at":"2024-05-31T23:59:59.999Z","tags":["power","price"],"ok":true}"#
        ),
        (
          "2",
          #"{"text":"Running well, the battery life is great","title":"Great","label":"positive","score":0.8,"stars":5,"at":"2024-05-01T10:00:00Z","tags":["power"],"ok":false}"#
        ),
        (
          "3",
          #"{"text":["It died.","After that nothing"],"label":"neutral","score":0.0,"stars":3,"at":"2024-04-30T22:30:00Z"}"#
        ),
        (
          "4",
          #"{"text":"3.5 stars, foo_bar 👍 日本","label":"positive","score":0.5,"stars":4,"at":1700000000000}"#
        ),
      ].flatMap { [#"{"index":{"_index":"r","_id":"\#($0.0)"}}"#, $0.1] })
    #expect(answer.json["errors"] == false)
  }

  private func ids(_ query: String) throws -> [String] {
    let answer = try node.search(
      "r", #"{"query":\#(query),"sort":["_doc"]}"#)
    #expect(answer.status == 200, "\(answer.text)")
    return answer.ids
  }

  @Test(arguments: [
    (#"{"match":{"text":"dies"}}"#, ["1", "3"]),
    (#"{"match":{"text":{"query":"battery great","operator":"and"}}}"#, ["2"]),
    (#"{"match":{"text":{"query":"battery great died","minimum_should_match":2}}}"#, ["1", "2"]),
    (#"{"match":{"text":"the"}}"#, []),
    (#"{"match":{"text":{"query":"the","zero_terms_query":"all"}}}"#, ["1", "2", "3", "4"]),
    (#"{"match":{"text":"run"}}"#, ["2"]),
    (#"{"match_phrase":{"text":"battery died"}}"#, ["1"]),
    (#"{"match_phrase":{"text":"died battery"}}"#, []),
    (#"{"match_phrase":{"text":"died after"}}"#, ["1"]),
    (#"{"match_phrase":{"text":"died after the one"}}"#, []),
    (#"{"match":{"text":"can't"}}"#, ["1"]),
    (#"{"match":{"text":"3.5"}}"#, ["4"]),
    (#"{"match":{"text":"foo_bar"}}"#, ["4"]),
    (#"{"match":{"text":"👍"}}"#, ["4"]),
    (#"{"match":{"text":"日"}}"#, ["4"]),
    (#"{"multi_match":{"query":"bad life","fields":["text","title"]}}"#, ["1", "2"]),
    (
      #"{"multi_match":{"query":"bad died","fields":["text","title"],"type":"cross_fields","operator":"and"}}"#,
      ["1"]
    ),
    (#"{"term":{"text":"Battery"}}"#, []),
    (#"{"term":{"label":"negative"}}"#, ["1"]),
    (#"{"term":{"label":{"value":"NEGATIVE","case_insensitive":true}}}"#, ["1"]),
    (#"{"terms":{"stars":[1,5]}}"#, ["1", "2"]),
    (#"{"term":{"ok":true}}"#, ["1"]),
    (#"{"term":{"tags":"price"}}"#, ["1"]),
    (#"{"range":{"stars":{"gte":3,"lt":5}}}"#, ["3", "4"]),
    (#"{"range":{"stars":{"gt":"3.5"}}}"#, ["2", "4"]),
    (#"{"range":{"score":{"lte":0}}}"#, ["1", "3"]),
    (#"{"range":{"label":{"gte":"neutral"}}}"#, ["2", "3", "4"]),
    (#"{"range":{"at":{"gt":"2024-05-01"}}}"#, ["1"]),
    (#"{"range":{"at":{"gte":"2024-05-01","time_zone":"+02:00"}}}"#, ["1", "2", "3"]),
    (#"{"range":{"at":{"lt":1700000000001}}}"#, ["4"]),
    (#"{"range":{"at":{"gte":"2024-05-15||/M","lte":"2024-05-15||/M"}}}"#, ["1", "2"]),
    (#"{"exists":{"field":"title"}}"#, ["1", "2"]),
    (#"{"ids":{"values":["3","none","1"]}}"#, ["1", "3"]),
    (#"{"prefix":{"label":"ne"}}"#, ["1", "3"]),
    (#"{"prefix":{"text":"bat"}}"#, ["1", "2"]),
    (#"{"wildcard":{"label":"*u?ral"}}"#, ["3"]),
    (#"{"bool":{"must_not":[{"term":{"label":"positive"}}]}}"#, ["1", "3"]),
    (#"{"bool":{}}"#, ["1", "2", "3", "4"]),
    (#"{"bool":{"filter":{"term":{"stars":1}},"should":{"term":{"stars":5}}}}"#, ["1"]),
    (
      #"{"bool":{"should":[{"term":{"stars":1}},{"term":{"label":"negative"}},{"term":{"stars":5}}],"minimum_should_match":2}}"#,
      ["1"]
    ),
    (#"{"match":{"unmapped":"x"}}"#, []),
    (#"{"match_none":{}}"#, []),
    (
      #"{"query_string":{"query":"label:negative AND (battery OR \"died after\") -refund stars:[1 TO 2]","default_field":"text"}}"#,
      ["1"]
    ),
    (#"{"query_string":{"query":"text:batt* AND NOT stars:>=4"}}"#, ["1"]),
    (#"{"query_string":{"query":"_exists_:title"}}"#, ["1", "2"]),
  ])
  func aQueryFindsWhatItSays(query: String, expected: [String]) throws {
    #expect(try ids(query) == expected)
  }

  @Test func scoresAreLucenes() throws {
    // Computed by hand: N = 4, n = 2, average length 22 / 4, k1 = 1.2, b = 0.75, times k1 + 1.
    let answer = try node.search("r", #"{"query":{"match":{"text":"battery"}}}"#)
    #expect(answer.ids == ["2", "1"])
    let idf = 0.6931472
    for (hit, length) in zip(answer.hits, [5.0, 8.0]) {
      let lengths = [8.0, 5.0, 3.0, 6.0]
      let average = lengths.reduce(0, +) / 4
      let expected = 2.2 * idf / (1 + 1.2 * (0.25 + 0.75 * length / average))
      let score = try #require(hit["_score"]?.double)
      #expect(abs(score - expected) < 1e-4, "\(score), not \(expected)")
    }
    let filtered = try node.search(
      "r",
      #"{"query":{"bool":{"must":{"match":{"text":"battery"}},"filter":{"term":{"stars":5}}}}}"#)
    #expect(filtered.hits[0]["_score"] == answer.hits[0]["_score"])
    let constant = try node.search(
      "r", #"{"query":{"constant_score":{"filter":{"term":{"stars":5}},"boost":1.5}}}"#)
    #expect(constant.json["hits"]?["max_score"]?.double == 1.5)
  }

  @Test func pagesFollowEachOther() throws {
    var lines: [String] = []
    for id in 0..<60 {
      lines += [
        #"{"index":{"_index":"p","_id":"\#(id)"}}"#, #"{"k":"\#(100 + id)","n":\#(id % 3)}"#,
      ]
    }
    try node.call(
      .put, "/p", #"{"mappings":{"properties":{"k":{"type":"keyword"},"n":{"type":"long"}}}}"#)
    _ = try node.bulk(lines)
    var seen: [String] = []
    var after = ""
    while true {
      let page = try node.search(
        "p", #"{"size":7,"sort":[{"n":"desc"},{"k":"asc"}]\#(after)}"#)
      if page.hits.isEmpty { break }
      seen += page.ids
      let last = try #require(page.hits.last?["sort"])
      after = #","search_after":\#(last.serialized())"#
    }
    let expected = [2, 1, 0].flatMap { n in (0..<60).filter { $0 % 3 == n }.map(String.init) }
    #expect(seen == expected)
    let second = try node.search("p", #"{"from":7,"size":7,"sort":[{"n":"desc"},{"k":"asc"}]}"#)
    #expect(second.ids == Array(expected[7..<14]))
  }

  @Test func aScrollShowsWhatWasThere() throws {
    var page = try node.call(
      .post, "/r/_search?scroll=1m", #"{"size":3,"sort":["_doc"],"query":{"match_all":{}}}"#)
    #expect(page.ids == ["1", "2", "3"])
    _ = try node.call(.put, "/r/_doc/4", #"{"stars":1}"#)
    _ = try node.call(.delete, "/r/_doc/3")
    let id = try #require(page.json["_scroll_id"]?.string)
    page = try node.call(.post, "/_search/scroll", #"{"scroll":"1m","scroll_id":"\#(id)"}"#)
    #expect(page.ids == ["4"])
    #expect(page.total == 4)
    #expect(page.hits[0]["_source"]?["stars"] == 4)
    page = try node.call(.post, "/_search/scroll", #"{"scroll":"1m","scroll_id":"\#(id)"}"#)
    #expect(page.ids.isEmpty)
    let closed = try node.call(.delete, "/_search/scroll", #"{"scroll_id":"\#(id)"}"#)
    #expect(closed.json["num_freed"] == 1)
    let gone = try node.call(.post, "/_search/scroll", #"{"scroll_id":"\#(id)"}"#)
    #expect(gone.status == 404)
    #expect(gone.json["error"]?["root_cause"]?[0]?["type"] == "search_context_missing_exception")
  }

  @Test func totalsAreCountedAsFarAsAsked() throws {
    #expect(
      try node.search("r", #"{"track_total_hits":2}"#).json["hits"]?["total"]
        == ["value": 2, "relation": "gte"])
    #expect(try node.search("r", #"{"track_total_hits":false}"#).json["hits"]?["total"] == nil)
    #expect(try node.search("r", #"{"min_score":1.1}"#).total == 0)
  }

  @Test(arguments: [
    (#"{"sort":"text"}"#, "illegal_argument_exception", "Fielddata is disabled"),
    (#"{"sort":"nothing"}"#, "query_shard_exception", "No mapping found for [nothing]"),
    (#"{"sort":"_id"}"#, "illegal_argument_exception", "Fielddata access on the _id field"),
    (#"{"from":9995,"size":10}"#, "illegal_argument_exception", "Result window is too large"),
    (#"{"aggs":{"a":{"terms":{"field":"text"}}}}"#, "illegal_argument_exception", "Fielddata"),
    (#"{"query":{"term":{"stars":"abc"}}}"#, "query_shard_exception", "For input string"),
  ])
  func aShardsProblemIsWrapped(body: String, type: String, reason: String) throws {
    let answer = try node.search("r", body)
    #expect(answer.status == 400)
    #expect(answer.errorType == "search_phase_execution_exception", "\(answer.text)")
    let cause = answer.json["error"]?["failed_shards"]?[0]?["reason"]
    #expect(cause?["type"]?.string == type)
    #expect(cause?["reason"]?.string?.contains(reason) == true)
  }

  @Test func sourcesAreFiltered() throws {
    func source(_ filter: String) throws -> JSONValue? {
      try node.search("r", #"{"query":{"ids":{"values":["2"]}},"_source":\#(filter)}"#)
        .hits.first?["_source"]
    }
    #expect(try source("false") == nil)
    #expect(try source(#"["st*","tags"]"#) == ["stars": 5, "tags": ["power"]])
    #expect(
      try source(#"{"excludes":["t*","at","label","score"]}"#) == ["stars": 5, "ok": false])
  }

  @Test func highlightsShowTheWordsAsTheyStand() throws {
    func highlight(_ query: String, _ options: String) throws -> JSONValue? {
      try node.search("r", #"{"query":\#(query),"highlight":{\#(options)}}"#)
        .hits.first?["highlight"]
    }
    #expect(
      try highlight(#"{"match":{"text":"dying runs"}}"#, #""fields":{"text":{}}"#)
        == ["text": ["<em>Running</em> well, the battery life is great"]])
    #expect(
      try highlight(
        #"{"match":{"text":"recommended"}}"#,
        #""pre_tags":["["],"post_tags":["]"],"fields":{"text":{"fragment_size":20}}"#)
        == ["text": ["I can't [recommend] it."]])
    #expect(
      try highlight(
        #"{"match_phrase":{"text":"battery died"}}"#,
        #""fields":{"text":{"number_of_fragments":0},"title":{}}"#)
        == ["text": ["The <em>battery died</em> after one day. I can't recommend it."]])
    #expect(
      try highlight(#"{"match":{"text":"dies"}}"#, #""fields":{"text":{}}"#)
        == ["text": ["It <em>died</em>."]])
    #expect(try highlight(#"{"term":{"stars":1}}"#, #""fields":{"text":{}}"#) == nil)
  }

  @Test func oneSearchOfSeveralMayFail() throws {
    let answer = try node.call(
      .post, "/_msearch",
      """
      {"index":"r"}
      {"size":0}
      {"index":"missing"}
      {}
      {"index":"r"}
      {"query":{"fuzzy":{"text":"x"}}}

      """, type: "application/x-ndjson")
    #expect(
      answer.json["responses"]?.array?.map { $0["status"]?.int64 } == [200, 404, 400])
  }
}
