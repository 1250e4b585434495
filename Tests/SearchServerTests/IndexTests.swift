import JSON
import Testing

@testable import SearchServer

@Suite struct IndexTests {
  let node: TestSearchServer

  init() throws { node = try TestSearchServer() }

  @Test func everyAnswerNamesTheProduct() throws {
    let response = try node.http.sendBlocking(.init(.get, node.url + "/"))
    let product = response.headers.first { $0.name.lowercased() == "x-elastic-product" }
    #expect(product?.value == "Elasticsearch")
    let json = try JSONValue.parse(response.body)
    #expect(json["tagline"] == "You Know, for Search")
    #expect(json["version"]?["number"]?.string?.hasPrefix("8.") == true)
  }

  @Test func refusalsHaveElasticsearchsShapes() throws {
    try node.makeReviews()
    let nowhere = try node.call(.get, "/a/b/c?x=1")
    #expect(nowhere.status == 400)
    #expect(nowhere.reason == "no handler found for uri [/a/b/c?x=1] and method [GET]")
    let method = try node.call(.delete, "/r/_doc")
    #expect(method.status == 405)
    #expect(method.reason?.contains("allowed: [POST]") == true)
    let parameter = try node.call(.get, "/r/_search?sizes=3")
    #expect(
      parameter.reason == "request [/r/_search] contains unrecognized parameter: [sizes]")
    let missing = try node.call(.get, "/missing/_search")
    #expect(missing.status == 404)
    #expect(missing.json["error"]?["root_cause"]?[0]?["index"] == "missing")
    #expect(try node.call(.get, "/missing/_search?ignore_unavailable=true").total == 0)
    #expect(try node.call(.put, "/r").errorType == "resource_already_exists_exception")
    #expect(try node.call(.put, "/Bad").errorType == "invalid_index_name_exception")
    #expect(try node.call(.post, "/_bulk", "x", type: "text/plain").status == 406)
  }

  @Test func mappingsGrowWithDocuments() throws {
    let document =
      #"{"a":{"b":1},"s":"hello","d":"2024-01-01","x":[1.5,2],"t":true,"e":[],"n":null,"p.q":2}"#
    #expect(try node.call(.put, "/dyn/_doc/1", document).status == 201)
    let mapping = try node.call(.get, "/dyn/_mapping").json["dyn"]?["mappings"]?["properties"]
    #expect(
      mapping == [
        "a": ["properties": ["b": ["type": "long"]]], "d": ["type": "date"],
        "p": ["properties": ["q": ["type": "long"]]],
        "s": ["type": "text", "fields": ["keyword": ["type": "keyword", "ignore_above": 256]]],
        "t": ["type": "boolean"], "x": ["type": "float"],
      ])
    try node.restart()
    #expect(try node.call(.get, "/dyn/_search?q=s.keyword:hello").total == 1)
    #expect(try node.call(.get, "/dyn/_search?q=p.q:2").total == 1)
  }

  @Test func aTypeCannotChange() throws {
    try node.makeReviews()
    let change = try node.call(.put, "/r/_mapping", #"{"properties":{"stars":{"type":"text"}}}"#)
    #expect(change.status == 400)
    #expect(change.reason == "mapper [stars] cannot be changed from type [integer] to [text]")
    let growth = try node.call(.put, "/r/_mapping", #"{"properties":{"new":{"type":"date"}}}"#)
    #expect(growth.json["acknowledged"] == true)
  }

  @Test func anAnswerIsRefusedRatherThanGuessed() throws {
    for (body, feature) in [
      (#"{"mappings":{"properties":{"g":{"type":"geo_point"}}}}"#, "mapping.type.geo_point"),
      (
        #"{"mappings":{"properties":{"g":{"type":"text","analyzer":"french"}}}}"#, "analyzer.french"
      ),
      (#"{"mappings":{"properties":{"g":{"type":"text","copy_to":"h"}}}}"#, "mapping.copy_to"),
      (#"{"settings":{"analysis":{"analyzer":{}},"index.analysis.x":"y"}}"#, "settings.analysis"),
    ] {
      let answer = try node.call(.put, "/x", body)
      #expect(answer.status == 400)
      #expect(answer.errorType == "unsupported_in_embedded_exception", "\(answer.text)")
      #expect(answer.json["error"]?["feature"]?.string == feature)
    }
  }

  @Test func templatesAreComposedForNewIndices() throws {
    try node.call(
      .put, "/_component_template/c",
      #"{"template":{"settings":{"number_of_replicas":0},"mappings":{"properties":{"k":{"type":"keyword"}}}}}"#
    )
    let put = try node.call(
      .put, "/_index_template/t",
      #"{"index_patterns":"r-*","composed_of":["c"],"priority":5,"template":{"mappings":{"properties":{"n":{"type":"long"}}},"aliases":{"all":{}}}}"#
    )
    #expect(put.json["acknowledged"] == true)
    #expect(
      try node.bulk([#"{"index":{"_index":"r-2024","_id":"1"}}"#, #"{"k":"x"}"#]).json["errors"]
        == false)
    let made = try node.call(.get, "/r-2024").json["r-2024"]
    #expect(made?["mappings"]?["properties"]?["k"]?["type"] == "keyword")
    #expect(made?["mappings"]?["properties"]?["n"]?["type"] == "long")
    #expect(made?["settings"]?["index"]?["number_of_replicas"] == "0")
    #expect(try node.call(.get, "/all/_search").total == 1)
    let rival = try node.call(
      .put, "/_index_template/u", #"{"index_patterns":["r-2*"],"priority":5}"#)
    #expect(rival.status == 400)
    #expect(try node.call(.head, "/_index_template/t").status == 200)
    #expect(try node.call(.head, "/_index_template/none").status == 404)
  }

  @Test func aliasesAreSwappedAtOnce() throws {
    for name in ["v1", "v2"] {
      try node.call(.put, "/\(name)", #"{"settings":{"number_of_replicas":0}}"#)
    }
    try node.call(
      .post, "/_aliases",
      #"{"actions":[{"add":{"index":"v1","alias":"a"}},{"add":{"index":"v2","alias":"a","is_write_index":true}}]}"#
    )
    #expect(try node.call(.put, "/a/_doc/1", "{}").json["_index"] == "v2")
    let swap = try node.call(
      .post, "/_aliases",
      #"{"actions":[{"remove":{"index":"v2","alias":"a"}},{"add":{"index":"v1","alias":"a"}}]}"#)
    #expect(swap.status == 200)
    #expect(try node.call(.put, "/a/_doc/2", "{}").json["_index"] == "v1")
    try node.restart()
    #expect(try node.call(.get, "/_alias/a").json == ["v1": ["aliases": ["a": [:]]]])
    #expect(try node.call(.get, "/_alias/none").status == 404)
    #expect(try node.call(.delete, "/a").status == 400)
    #expect(try node.call(.delete, "/v1").status == 200)
    #expect(try node.call(.get, "/_alias/a").status == 404)
  }

  @Test func tablesAreForPeopleAndPrograms() throws {
    try node.makeReviews()
    try node.call(.put, "/r/_doc/1", "{}")
    let text = try node.call(.get, "/_cat/indices?v&h=index,docs.count,health").text
    #expect(text == "index docs.count health\nr     1          green \n")
    let json = try node.call(.get, "/_cat/indices?format=json&h=index,docs.count").json
    #expect(json == [["index": "r", "docs.count": "1"]])
    #expect(try node.call(.get, "/_cluster/health").json["status"] == "green")
    try node.call(.put, "/replicated")
    let wait = try node.call(.get, "/_cluster/health?wait_for_status=green&timeout=1s")
    #expect(wait.status == 408)
    let stats = try node.call(.get, "/r/_stats").json["indices"]?["r"]?["primaries"]
    #expect(stats?["docs"]?["count"] == 1)
    #expect(stats?["indexing"]?["index_total"] == 1)
  }

  @Test func filterPathKeepsWhatIsAskedFor() throws {
    try node.makeReviews()
    try node.call(.put, "/r/_doc/1", #"{"stars":1}"#)
    #expect(
      try node.call(.get, "/r/_search?filter_path=hits.hits._id").json
        == ["hits": ["hits": [["_id": "1"]]]])
    #expect(
      try node.call(.get, "/r/_search?filter_path=hits,-hits.hits._source,-hits.total").json
        == [
          "hits": [
            "max_score": .number("1.0"),
            "hits": [["_index": "r", "_id": "1", "_score": .number("1.0")]],
          ]
        ])
  }

  @Test func analyzeShowsTheTerms() throws {
    let answer = try node.call(
      .post, "/_analyze", #"{"analyzer":"english","text":"Déjà running"}"#)
    #expect(
      answer.json["tokens"]?.array?.map { $0["token"]?.string } == ["déjà", "run"])
    #expect(answer.json["tokens"]?[1]?["start_offset"] == 5)
  }
}
