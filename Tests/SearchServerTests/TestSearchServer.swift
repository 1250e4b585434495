import Bytes
import Foundation
import HTTPClient
import JSON

@testable import SearchServer

/// A server on a free port with a folder of its own, asked over real HTTP.
final class TestSearchServer {
  let folder: String
  private(set) var server: SearchServer
  let http = HTTPClient()

  init() throws {
    folder = NSTemporaryDirectory() + "opine-search-" + UUID().uuidString
    server = try SearchServer(dataFolder: folder, listen: "127.0.0.1:0")
  }

  deinit {
    server.stop()
    http.shutdown()
    try? FileManager.default.removeItem(atPath: folder)
  }

  var url: String { "http://127.0.0.1:\(server.port)" }

  func restart() throws {
    server.stop()
    server = try SearchServer(dataFolder: folder, listen: "127.0.0.1:0")
  }

  struct Answer {
    let status: Int
    let json: JSONValue
    let text: String

    var errorType: String? { json["error"]?["type"]?.string }
    var reason: String? { json["error"]?["reason"]?.string ?? json["error"]?.string }
    var hits: [JSONValue] { json["hits"]?["hits"]?.array ?? [] }
    var ids: [String] { hits.compactMap { $0["_id"]?.string } }
    var total: Int64? { json["hits"]?["total"]?["value"]?.int64 }
    var items: [JSONValue] {
      (json["items"]?.array ?? []).compactMap { $0.object?.first?.value }
    }
  }

  @discardableResult
  func call(
    _ method: HTTPMethod, _ path: String, _ body: String? = nil,
    type: String = "application/json"
  ) throws -> Answer {
    let request = HTTPRequest(
      method, url + path, headers: body == nil ? [] : [("Content-Type", type)],
      body: body.map { .bytes(Array($0.utf8)) } ?? .none)
    let response = try http.sendBlocking(request)
    return Answer(
      status: response.status, json: (try? JSONValue.parse(response.body)) ?? .null,
      text: String(decoding: response.body, as: UTF8.self))
  }

  /// Lines of a bulk, each ended.
  func bulk(_ lines: [String], path: String = "/_bulk") throws -> Answer {
    try call(
      .post, path, lines.map { $0 + "\n" }.joined(), type: "application/x-ndjson")
  }

  func search(_ index: String, _ body: String) throws -> Answer {
    try call(.post, "/\(index)/_search", body)
  }

  /// An index of reviews with a strict mapping.
  func makeReviews() throws {
    try call(
      .put, "/r",
      """
      {"settings":{"number_of_replicas":0},"mappings":{"dynamic":"strict","properties":{
        "text":{"type":"text","analyzer":"english","fields":{"raw":{"type":"keyword"}}},
        "title":{"type":"text","analyzer":"english"},"label":{"type":"keyword"},"score":{"type":"float"},
        "stars":{"type":"integer"},"at":{"type":"date"},"ok":{"type":"boolean"},
        "tags":{"type":"keyword"},"big":{"type":"long"}}}}
      """)
  }
}
