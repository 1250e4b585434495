import Bytes
import CMappings
import Foundation
import HTTPClient
import SearchServer

/// Prints what the embedded search costs: loading reviews by `_bulk`, and searches over all of them.
///
/// Server and client are this one process; CPU is that of all its threads.
func benchmarkSearch(count: Int) {
  let folder = NSTemporaryDirectory() + "opine-search-benchmark-\(getpid())"
  defer { try? FileManager.default.removeItem(atPath: folder) }
  do {
    let server = try SearchServer(dataFolder: folder, listen: "127.0.0.1:0")
    defer { server.stop() }
    let client = SearchClient(port: server.port)
    try client.call(
      .put, "/_index_template/reviews", String(cString: opine_reviews_template()))
    try client.call(.put, "/reviews-000001", "{}")
    let bodies = stride(from: 0, to: count, by: 1000).map { start in
      bulk(start..<min(start + 1000, count))
    }
    let begun = (wall: ContinuousClock.now, cpu: processSeconds())
    for body in bodies { try client.call(.post, "/_bulk", body) }
    let wall = (ContinuousClock.now - begun.wall) / .seconds(1)
    let cpu = processSeconds() - begun.cpu
    print(
      "_bulk, \(count) reviews: \(Int(Double(count) / cpu)) a CPU second, "
        + "\(Int(Double(count) / wall)) a second")
    try searches(client)
    print("\(Int(peakMegabytes())) MB resident at most")
  } catch {
    print("\(error)")
    exitWithFailure()
  }
}

/// A hundred searches as people and dashboards send them: words, filters, orders, counts.
private func searches(_ client: SearchClient) throws {
  let words = ["service", "great food", "terrible", "perfect waiter", "not good", "room", "clean"]
  var times: [Double] = []
  for number in 0..<100 {
    let text = words[number % words.count]
    let body =
      switch number % 4 {
      case 0, 1: #"{"query":{"match":{"text":"\#(text)"}},"highlight":{"fields":{"text":{}}}}"#
      case 2:
        #"{"query":{"bool":{"must":{"match":{"text":"\#(text)"}},"filter":{"range":"#
          + #"{"stars":{"lte":2}}}}},"sort":[{"created_at":"desc"},"review_id"]}"#
      default:
        #"{"size":0,"query":{"match":{"text":"\#(text)"}},"aggs":{"label":{"terms":"#
          + #"{"field":"sentiment_label"},"aggs":{"score":{"avg":{"field":"sentiment_score"}}}}}}"#
      }
    let begun = ContinuousClock.now
    try client.call(.post, "/reviews-000001/_search", body)
    times.append((ContinuousClock.now - begun) / .milliseconds(1))
  }
  times.sort()
  let shown = [50, 90, 99].map { "p\($0) \(Double(Int(times[$0] * 10)) / 10) ms" }
  print("100 searches: " + shown.joined(separator: ", "))
}

private func bulk(_ numbers: Range<Int>) -> String {
  var body = ""
  for number in numbers {
    let text = String(
      decoding: SyntheticText.review(number: number, length: 200 + number % 400), as: UTF8.self)
    let label = ["NEGATIVE", "NEUTRAL", "POSITIVE"][number % 3]
    body += #"{"index":{"_index":"reviews-000001","_id":"r\#(number)"}}"# + "\n"
    body += #"{"review_id":"r\#(number)","business_id":"b\#(number % 500)","text":"\#(text)","#
    body += #""stars":\#(number % 5 + 1),"created_at":\#(1_500_000_000_000 + number * 60_000),"#
    body += #""sentiment_label":"\#(label)","sentiment_score":\#(Double(number % 200) / 100 - 1)}"#
    body += "\n"
  }
  return body
}

private struct SearchClient {
  struct Refused: Error { let answer: String }

  private let http = HTTPClient()
  private let url: String

  init(port: Int) { url = "http://127.0.0.1:\(port)" }

  func call(_ method: HTTPMethod, _ path: String, _ body: String) throws {
    let request = HTTPRequest(
      method, url + path, headers: [("Content-Type", "application/json")],
      body: .bytes(Array(body.utf8)), timeout: .seconds(60))
    let response = try http.sendBlocking(request)
    guard response.status < 300 else {
      throw Refused(answer: String(decoding: response.body.prefix(500), as: UTF8.self))
    }
  }
}
