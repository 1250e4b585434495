import Bytes
import Elasticsearch
import Foundation
import HTTPClient
import JSON
import Testing

@testable import SearchServer

/// What opine's own commands and its sink send, as they send it.
@Suite struct ProductTests {
  private static let template = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "mappings/elasticsearch/reviews-template.json")

  let node: TestSearchServer
  let client: ElasticsearchClient

  init() throws {
    node = try TestSearchServer()
    client = ElasticsearchClient(urls: [node.url], http: node.http)
    let template = try JSONValue.parse(String(contentsOf: Self.template, encoding: .utf8))
    #expect(try !client.exists("/_index_template/reviews", operation: "look"))
    try client.call(.put, "/_index_template/reviews", template, operation: "put template")
    #expect(try !client.exists("/_alias/reviews", operation: "look"))
    #expect(try !client.exists("/reviews-000001", operation: "look"))
    try client.call(
      .put, "/reviews-000001", ["aliases": ["reviews": ["is_write_index": true]]],
      operation: "make index")
    #expect(try client.exists("/_index_template/reviews", operation: "look"))
    #expect(try client.exists("/_alias/reviews", operation: "look"))
  }

  private func bulk(_ lines: [String]) throws -> BulkAnswer {
    let body = lines.map { $0 + "\n" }.joined()
    let response = try node.http.sendBlocking(
      client.request(
        .post, "/_bulk?require_alias=true&\(BulkAnswer.filter)", body: .bytes(Array(body.utf8)),
        ndjson: true))
    #expect(response.status == 200)
    return BulkAnswer.read(
      response.body,
      count: lines.filter { $0.hasPrefix(#"{"index""#) || $0.hasPrefix(#"{"delete""#) }.count)
  }

  /// The sink leaves room for the version before it knows it.
  private func action(_ id: String, _ version: Int) -> String {
    let digits = String(version)
    let room = String(repeating: " ", count: 19 - digits.count)
    return
      #"{"index":{"_index":"reviews","_id":"\#(id)","version":\#(room)\#(digits),"version_type":"external_gte"}}"#
  }

  private func review(_ id: Int, _ text: String, _ label: String) -> [String] {
    [
      action("r\(id)", 1000 + id),
      #"{"review_id":"r\#(id)","text":"\#(text)","title":null,"business_id":"b","stars":\#(id % 5).5,"#
        + #""created_at":\#(1_400_000_000_000 + id),"sentiment_label":"\#(label)","sentiment_score":-0.5,"#
        + #""explanation":[{"term":"good","weight":1.5},{"term":"food","weight":-0.5}],"topics":[],"#
        + #""source_partition":\#(id % 4),"source_offset":\#(id),"doc_version":\#(1000 + id)}"#,
    ]
  }

  @Test func theSinksBulksAreReadAsItReadsThem() throws {
    let lines = review(1, "The food was good", "POSITIVE") + review(2, "Never again", "NEGATIVE")
    #expect(try bulk(lines) == .allWritten)
    #expect(try bulk(lines) == .allWritten)
    let late = try bulk([action("r1", 5), "{}", #"{"delete":{"_index":"reviews","_id":"none"}}"#])
    guard case .items(let items) = late else {
      Issue.record("\(late)")
      return
    }
    #expect(items.map { ItemVerdict.of($0) } == [.conflict, .written])
    let wrong = try bulk([action("r9", 5), #"{"stars":"many"}"#])
    guard case .items(let faults) = wrong, case .recordFault = ItemVerdict.of(faults[0]) else {
      Issue.record("\(wrong)")
      return
    }
  }

  @Test func searchCommandsRequestsFindReviews() throws {
    _ = try bulk(
      review(1, "The food was good. Really good food!", "POSITIVE")
        + review(2, "Bad food", "NEGATIVE") + review(3, "A place", "NEUTRAL"))
    for order in ReviewSearch.Order.allCases {
      let search = ReviewSearch(
        text: "foods", label: "positive", stars: 1...2, business: "b", since: "2014-01-01",
        until: "now", order: order)
      let answer = try client.call(
        .post, "/reviews/_search", search.body, operation: "search reviews")
      #expect(answer["hits"]?["total"]?["value"] == 1)
      let hit = answer["hits"]?["hits"]?[0]
      #expect(hit?["_id"] == "r1")
      #expect(
        hit?["highlight"]?["text"]
          == ["The \u{1}food\u{2} was good. Really good \u{1}food\u{2}!"])
    }
    let all = try client.call(
      .post, "/reviews/_search", ReviewSearch(text: "", order: .oldest).body, operation: "search")
    #expect(
      all["hits"]?["hits"]?.array?.map { $0["_id"]?.string } == ["r1", "r2", "r3"])
    #expect(
      try client.call(.get, "/reviews/_count", operation: "count")["count"] == 3)
  }

  @Test func theAuditReadsEveryDocument() throws {
    _ = try bulk((0..<2500).flatMap { review($0, "text \($0)", "NEUTRAL") })
    try client.call(.post, "/reviews/_refresh", operation: "refresh")
    let fields: JSONValue = ["doc_version", "source_partition", "source_offset"]
    var answer = try client.call(
      .post, "/reviews/_search?scroll=5m",
      ["size": 1000, "sort": ["_doc"], "_source": fields, "query": ["match_all": [:]]],
      operation: "read")
    var offsets: Set<Int64> = []
    while let hits = answer["hits"]?["hits"]?.array, !hits.isEmpty {
      #expect(answer["_shards"]?["failed"] == 0)
      for hit in hits {
        #expect(hit["_source"]?.object?.count == 3)
        if let offset = hit["_source"]?["source_offset"]?.int64 { offsets.insert(offset) }
      }
      answer = try client.call(
        .post, "/_search/scroll", ["scroll": "5m", "scroll_id": answer["_scroll_id"] ?? .null],
        operation: "read on")
    }
    #expect(offsets.count == 2500)
    try client.call(
      .delete, "/_search/scroll", ["scroll_id": answer["_scroll_id"] ?? .null], operation: "close")
    #expect(try client.call(.get, "/_alias/reviews", operation: "look").object?.count == 1)
    let reread = try client.call(
      .post, "/reviews/_mget?realtime=true",
      ["docs": [["_id": "r7", "_source": fields], ["_id": "none", "_source": fields]]],
      operation: "reread")
    #expect(reread["docs"]?[0]?["_source"]?["doc_version"] == 1007)
    #expect(reread["docs"]?[1]?["found"] == false)
  }
}
