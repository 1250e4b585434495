import Foundation
import HTTPServer
import JSON
import Synchronization

/// Answers requests one after the other: one lock around the node, so that a bulk is seen whole or
/// not at all.
final class SearchService: Sendable {
  typealias Answerer =
    @Sendable (SearchNode, APIRequest) throws(SearchProblem) -> APIAnswer

  /// `@unchecked Sendable` because the node is only touched under the lock.
  private struct Locked: @unchecked Sendable { let node: SearchNode }

  private let locked: Mutex<Locked>

  init(
    folder: String,
    now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
  ) throws(SearchProblem) {
    locked = Mutex(Locked(node: try SearchNode(folder: folder, now: now)))
  }

  /// The answer to a request that has a route.
  func respond(
    _ request: HTTPServerRequest, parameters known: Set<String>, _ answer: Answerer
  ) -> HTTPServerResponse {
    let started = ContinuousClock.now
    do throws(SearchProblem) {
      try Self.check(request, known)
      let request = try APIRequest(request)
      let result = locked.withLock { locked in
        do throws(SearchProblem) {
          return Result<APIAnswer, SearchProblem>.success(try answer(locked.node, request))
        } catch {
          return .failure(error)
        }
      }
      return Self.response(try result.get(), request.http, took: ContinuousClock.now - started)
    } catch {
      return Self.response(error, request)
    }
  }

  /// Parameters that every endpoint takes.
  private static let common: Set = ["pretty", "human", "error_trace", "filter_path", "format"]

  private static func check(
    _ request: HTTPServerRequest, _ known: Set<String>
  ) throws(SearchProblem) {
    let unknown = request.query.items.map(\.name).filter {
      !known.contains($0) && !common.contains($0)
    }
    guard !unknown.isEmpty else { return }
    let list = Set(unknown).sorted().map { "[\($0)]" }.joined(separator: ", ")
    throw .illegal(
      "request [\(request.path)] contains unrecognized parameter\(unknown.count > 1 ? "s" : ""): "
        + list)
  }

  // MARK: Responses

  private static func response(
    _ answer: APIAnswer, _ request: HTTPServerRequest, took: Duration
  ) -> HTTPServerResponse {
    var body = answer.body
    if answer.contentType == nil { body = shaped(body, request, took) }
    return HTTPServerResponse(
      status: answer.status, headers: headers(request, answer.contentType), body: body)
  }

  static func response(
    _ problem: SearchProblem, _ request: HTTPServerRequest
  ) -> HTTPServerResponse {
    var headers = headers(request, nil)
    if let feature = problem.unsupportedFeature {
      headers.append(("X-Embedded-Unsupported", feature))
    }
    let isPretty = request.query.bool("pretty") == true
    return HTTPServerResponse(
      status: problem.status, headers: headers,
      body: Array(problem.json.serialized(pretty: isPretty).utf8))
  }

  private static func headers(
    _ request: HTTPServerRequest, _ contentType: String?
  ) -> [(name: String, value: String)] {
    // Official clients refuse a server without this.
    var type = contentType ?? "application/json"
    let accept = request.first(named: "accept") ?? ""
    if contentType == nil,
      let version = ["8", "9"].first(where: {
        accept.contains("compatible-with=\($0)")
      })
    {
      type = "application/vnd.elasticsearch+json;compatible-with=\(version)"
    }
    return [("X-Elastic-Product", "Elasticsearch"), ("Content-Type", type)]
  }

  /// Fills in `took`, and does what `pretty` and `filter_path` ask.
  private static func shaped(
    _ body: [UInt8], _ request: HTTPServerRequest, _ took: Duration
  ) -> [UInt8] {
    var body = body
    let milliseconds =
      took.components.seconds * 1000 + took.components.attoseconds / 1_000_000_000_000_000
    if milliseconds > 0 { fill(milliseconds, in: &body) }
    let filter = request.query["filter_path"]
    let isPretty = request.query.bool("pretty") == true
    guard filter != nil || isPretty, var json = try? JSONValue.parse(body) else { return body }
    if let filter { json = FilterPath(filter).apply(json) }
    return Array((json.serialized(pretty: isPretty) + (isPretty ? "\n" : "")).utf8)
  }

  /// `took` stands near the front, as 0 until now.
  private static func fill(_ milliseconds: Int64, in body: inout [UInt8]) {
    let mark = Array("\"took\":0".utf8)
    let limit = min(body.count - mark.count, 40)
    guard limit > 0,
      let place = (0..<limit).first(where: { body[$0..<($0 + mark.count)].elementsEqual(mark) })
    else { return }
    let digit = place + mark.count - 1
    body.replaceSubrange(digit...digit, with: Array(String(milliseconds).utf8))
  }
}
