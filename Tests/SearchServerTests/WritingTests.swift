import JSON
import Testing

@testable import SearchServer

@Suite struct WritingTests {
  let node: TestSearchServer

  init() throws {
    node = try TestSearchServer()
    try node.makeReviews()
  }

  private func external(_ action: String, _ id: String, _ version: Int, gte: Bool = false) -> String
  {
    #"{"\#(action)":{"_index":"r","_id":"\#(id)","version":  \#(version),"version_type":"external\#(gte ? "_gte" : "")"}}"#
  }

  @Test func aBulkAnswersEachActionInOrder() throws {
    let lines = [
      #"{"index":{"_index":"r","_id":"1"}}"#, #"{"stars":1}"#,
      #"{"create":{"_index":"r","_id":"2"}}"#, #"{"stars":2}"#,
      #"{"update":{"_index":"r","_id":"1"}}"#, #"{"doc":{"label":"x"}}"#,
      #"{"delete":{"_index":"r","_id":"2"}}"#,
    ]
    let first = try node.bulk(lines)
    #expect(first.status == 200)
    #expect(first.json["errors"] == false)
    #expect(first.items.map { $0["status"]?.int64 } == [201, 201, 200, 200])
    #expect(first.items.map { $0["_seq_no"]?.int64 } == [0, 1, 2, 3])
    #expect(first.items.map { $0["_version"]?.int64 } == [1, 1, 2, 2])
    let document = try node.call(.get, "/r/_doc/1")
    #expect(document.json["_source"] == ["stars": 1, "label": "x"])
    #expect(try node.call(.get, "/r/_doc/2").status == 404)
  }

  @Test func createOfWhatIsThereIsAConflict() throws {
    let lines = [#"{"create":{"_index":"r","_id":"1"}}"#, "{}"]
    _ = try node.bulk(lines)
    let again = try node.bulk(lines)
    #expect(again.json["errors"] == true)
    #expect(again.items[0]["status"] == 409)
    #expect(again.items[0]["error"]?["type"] == "version_conflict_engine_exception")
    #expect(
      again.items[0]["error"]?["reason"]
        == "[1]: version conflict, document already exists (current version [1])")
  }

  @Test func externalVersionsOnlyGrowAndOutliveDeletes() throws {
    func status(_ action: String, _ version: Int, gte: Bool = false) throws -> Int64? {
      let body = action == "delete" ? [] : ["{}"]
      return try node.bulk([external(action, "1", version, gte: gte)] + body).items[0]["status"]?
        .int64
    }
    #expect(try status("index", 5) == 201)
    #expect(try status("index", 5) == 409)
    #expect(try status("index", 4) == 409)
    #expect(try status("index", 5, gte: true) == 200)
    #expect(try status("index", 6) == 200)
    #expect(try status("delete", 7) == 200)
    #expect(try status("index", 6) == 409)
    try node.restart()
    #expect(try status("index", 7) == 409)
    #expect(try status("index", 8) == 201)
    #expect(try node.call(.get, "/r/_doc/1").json["_version"] == 8)
  }

  @Test func aDeleteOfNothingIsNoError() throws {
    let answer = try node.bulk([#"{"delete":{"_index":"r","_id":"none"}}"#])
    #expect(answer.json["errors"] == false)
    #expect(answer.items[0]["status"] == 404)
    #expect(answer.items[0]["result"] == "not_found")
  }

  @Test func aDocumentThatDoesNotFitFailsAlone() throws {
    let answer = try node.bulk([
      #"{"index":{"_index":"r","_id":"1"}}"#, #"{"stars":1}"#,
      #"{"index":{"_index":"r","_id":"2"}}"#, #"{"stars":"abc"}"#,
      #"{"index":{"_index":"r","_id":"3"}}"#, #"{"unknown":1}"#,
      #"{"index":{"_index":"r","_id":"4"}}"#, #"{"stars":"#,
      #"{"index":{"_index":"r","_id":""}}"#, #"{}"#,
      #"{"index":{"_index":"r","_id":"5"}}"#, #"{"stars":"5","big":5.9}"#,
    ])
    #expect(answer.items.map { $0["status"]?.int64 } == [201, 400, 400, 400, 400, 201])
    #expect(
      answer.items.dropFirst().prefix(4).map { $0["error"]?["type"]?.string } == [
        "document_parsing_exception", "strict_dynamic_mapping_exception",
        "document_parsing_exception", "illegal_argument_exception",
      ])
    let found = try node.search(
      "r", #"{"query":{"bool":{"filter":[{"term":{"stars":5}},{"term":{"big":5}}]}}}"#)
    #expect(found.ids == ["5"])
    #expect(found.hits[0]["_source"] == ["stars": "5", "big": .number("5.9")])
  }

  @Test(arguments: [
    ("{}", "Malformed action/metadata line [1]"),
    (#"{"index":{"_index":"r","foo":1}}"#, "unknown parameter [foo]"),
    (#"{"update":{"_index":"r","_id":"1","version":1,"version_type":"external"}}"#, "versioning"),
    (#"{"create":{"_index":"r","_id":"1","version":1,"version_type":"external"}}"#, "create"),
    (#"{"index":{"_index":"r","_id":"1","version":1}}"#, "internal versioning"),
    (#"{"index":{"_id":"1"}}"#, "index is missing"),
    (#"{"index":{"_index":"r","_id":"1","pipeline":"p"}}"#, "bulk.pipeline"),
  ])
  func aMalformedActionRefusesTheWholeBulk(line: String, reason: String) throws {
    let answer = try node.bulk([#"{"index":{"_index":"r","_id":"0"}}"#, "{}", line, "{}"])
    #expect(answer.status == 400)
    // The faulty line is the third.
    let expected = reason.replacing("[1]", with: "[3]")
    #expect(answer.reason?.contains(expected) == true, "\(answer.text)")
    #expect(try node.call(.get, "/r/_count").json["count"] == 0)
  }

  @Test func aBulkEndsWithANewline() throws {
    let answer = try node.call(.post, "/_bulk", #"{"delete":{"_index":"r","_id":"1"}}"#)
    #expect(answer.status == 400)
    #expect(answer.reason == "The bulk request must be terminated by a newline [\\n]")
  }

  @Test func anAliasIsRequiredWhereAskedFor() throws {
    let lines = [#"{"index":{"_index":"plain","_id":"1"}}"#, "{}"]
    let answer = try node.bulk(lines, path: "/_bulk?require_alias=true")
    #expect(answer.items[0]["status"] == 404)
    #expect(answer.items[0]["error"]?["type"] == "index_not_found_exception")
    #expect(try node.call(.get, "/plain").status == 404)
  }

  @Test func whatWasAnsweredIsThereAfterAKill() throws {
    var lines: [String] = []
    for id in 0..<500 {
      lines += [
        external("index", "\(id)", 1), #"{"text":"review number \#(id)","stars":\#(id % 5)}"#,
      ]
    }
    #expect(try node.bulk(lines).json["errors"] == false)
    // A second server on the same files sees what the first has not closed.
    let other = try SearchServer(dataFolder: node.folder, listen: "127.0.0.1:0")
    defer { other.stop() }
    let response = try node.http.sendBlocking(
      .init(.get, "http://127.0.0.1:\(other.port)/r/_search?q=text:reviewing&size=0"))
    let json = try JSONValue.parse(response.body)
    #expect(json["hits"]?["total"]?["value"] == 500)
  }

  @Test func aReplacedDocumentIsFoundByItsNewWordsOnly() throws {
    for text in ["first words here", "second words there"] {
      _ = try node.bulk([
        #"{"index":{"_index":"r","_id":"1"}}"#, #"{"text":"\#(text)","tags":["a","b"]}"#,
      ])
    }
    #expect(try node.search("r", #"{"query":{"match":{"text":"first"}}}"#).total == 0)
    #expect(try node.search("r", #"{"query":{"match":{"text":"second"}}}"#).total == 1)
    #expect(try node.search("r", #"{"query":{"match":{"text":"words"}}}"#).total == 1)
    #expect(try node.search("r", #"{"query":{"term":{"tags":"b"}}}"#).total == 1)
    #expect(try node.call(.get, "/r/_count").json["count"] == 1)
  }

  @Test func updatesMergeAndKnowNoops() throws {
    _ = try node.call(.put, "/r/_doc/1", #"{"label":"a","stars":1}"#)
    let noop = try node.call(.post, "/r/_update/1", #"{"doc":{"label":"a"}}"#)
    #expect(noop.json["result"] == "noop")
    #expect(noop.json["_version"] == 1)
    #expect(try node.call(.post, "/r/_update/2", #"{"doc":{"label":"a"}}"#).status == 404)
    let upsert = try node.call(
      .post, "/r/_update/2", #"{"doc":{"label":"a"},"doc_as_upsert":true}"#)
    #expect(upsert.json["result"] == "created")
    let stale = try node.call(.put, "/r/_doc/1?if_seq_no=7&if_primary_term=1", "{}")
    #expect(stale.status == 409)
  }

  @Test(arguments: ["a/b", "a b", "100%", "👍", String(repeating: "x", count: 512)])
  func anIdIsAnyText(id: String) throws {
    let path = id.addingPercentEncodingForPath
    #expect(try node.call(.put, "/r/_doc/\(path)", "{}").status == 201)
    #expect(try node.call(.get, "/r/_doc/\(path)").json["_id"]?.string == id)
    #expect(try node.call(.delete, "/r/_doc/\(path)").status == 200)
  }

  @Test func anIdHasAtMost512Bytes() throws {
    let id = String(repeating: "x", count: 513)
    #expect(try node.call(.put, "/r/_doc/\(id)", "{}").status == 400)
  }

  @Test func theSourceIsReturnedAsItWasSent() throws {
    try node.call(.put, "/free", #"{"mappings":{"dynamic":false}}"#)
    let text = #"{"z":9007199254740993,"a":1e-7,"u":"\u0000","e":{"o":{}},"l":72057594037927936}"#
    try node.call(.put, "/free/_doc/1", text)
    #expect(try node.call(.get, "/free/_source/1").json == JSONValue.parse(text))
    #expect(try node.search("free", "{}").text.contains(#""_source":\#(text)"#))
  }
}

extension String {
  fileprivate var addingPercentEncodingForPath: String {
    utf8.map { byte in
      byte < 0x80 && (Character(UnicodeScalar(byte)).isLetter || byte &- 48 < 10)
        ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}
