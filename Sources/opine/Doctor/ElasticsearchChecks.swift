import CMappings
import Elasticsearch
import Foundation
import JSON

/// Looks at Elasticsearch: version, clock, template, alias, and the index that is written to.
struct ElasticsearchChecks {
  static let tolerance = 5.0

  private let invocation: Invocation
  private let address: String

  init(_ invocation: Invocation) {
    self.invocation = invocation
    address = invocation.text(.elasticsearch).split(separator: ",").first.map(String.init) ?? ""
  }

  func findings() -> [Finding] {
    let client = elasticsearch(invocation)
    defer { client.http.shutdown() }
    var findings: [Finding] = []
    do throws(ElasticsearchError) {
      let begin = Date.now.timeIntervalSince1970
      let answer = try client.exchange(.get, "/", operation: "ask for the version")
      let own = (begin + Date.now.timeIntervalSince1970) / 2
      findings.append(
        Self.version((try? JSONValue.parse(answer.body)) ?? .null, address))
      let header = answer.first(named: "date").flatMap(Self.seconds(httpDate:))
      findings.append(clock(header.map { $0 - own }, client))
    } catch {
      let next =
        [401, 403].contains(error.status)
        ? "--elasticsearch http://USER:PASSWORD@HOST:PORT"
        : "start Elasticsearch, or say where it is: --elasticsearch URL"
      return [Finding("elasticsearch", error: error, next: next)]
    }
    findings.append(template(client))
    return findings + alias(client)
  }

  // MARK: - The server

  static func version(_ answer: JSONValue, _ address: String) -> Finding {
    let version = answer["version"]?["number"]?.string ?? "?"
    let isOpenSearch = answer["version"]?["distribution"]?.string == "opensearch"
    let name = isOpenSearch ? "OpenSearch" : "Elasticsearch"
    let major = Int(version.prefix { $0.isNumber }) ?? 0
    let detail = "\(name) \(version) at \(address)"
    if major >= (isOpenSearch ? 2 : 8) { return Finding("elasticsearch", .ok, detail) }
    return Finding(
      "elasticsearch", .warn, "\(detail), which opine is not tested with",
      next: "upgrade to Elasticsearch 8 or OpenSearch 2")
  }

  /// Elasticsearch itself sends no `Date`; a proxy may. Else a node's own time is asked for.
  private func clock(_ difference: Double?, _ client: ElasticsearchClient) -> Finding {
    if let difference { return Self.clock(difference) }
    let path = "/_nodes/_local/stats/os?filter_path=nodes.*.timestamp"
    let begin = Date.now.timeIntervalSince1970
    let answer = try? client.call(.get, path, operation: "ask for the time")
    let own = (begin + Date.now.timeIntervalSince1970) / 2
    guard let time = answer?["nodes"]?.object?.first?.value["timestamp"]?.int64 else {
      return .cantBeAsked("clock")
    }
    return Self.clock(Double(time) / 1000 - own)
  }

  /// `difference`: Elasticsearch's time less ours, in seconds.
  static func clock(_ difference: Double) -> Finding {
    let seconds = String(format: "%.1f s", difference.magnitude)
    if difference.magnitude <= tolerance { return Finding("clock", .ok, "within \(seconds)") }
    return Finding(
      "clock", .warn,
      "Elasticsearch is \(seconds) \(difference > 0 ? "ahead of" : "behind") this machine",
      next: "timedatectl set-ntp true on both")
  }

  /// RFC 9110 §5.6.7, as `Tue, 15 Nov 1994 08:12:31 GMT`.
  static func seconds(httpDate text: String) -> Double? {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "GMT")
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return format.date(from: text)?.timeIntervalSince1970
  }

  // MARK: - Template and alias

  private func template(_ client: ElasticsearchClient) -> Finding {
    let part = "template reviews"
    do throws(ElasticsearchError) {
      let answer = try client.call(
        .get, "/_index_template/reviews", operation: "read template reviews")
      let found = answer["index_templates"]?[0]?["index_template"]?["template"]
      let differences = MappingDifferences(of: found?["mappings"] ?? .null)
      if differences.isNone { return Finding(part, .ok, "the mapping of this program") }
      return Finding(
        part, .warn, "differs from this program's in \(differences.names)",
        next: "curl -X DELETE \(address)/_index_template/reviews; opine apply")
    } catch {
      guard error.status == 404 else { return Finding(part, error: error, next: "opine status") }
      return Finding(part, .fail, "is missing", next: "opine apply")
    }
  }

  private func alias(_ client: ElasticsearchClient) -> [Finding] {
    do throws(ElasticsearchError) {
      let answer = try client.call(.get, "/_alias/reviews", operation: "read alias reviews")
      let (finding, index) = Self.alias(answer, address)
      guard let index else { return [finding] }
      return [finding] + IndexChecks(index, client, address).findings()
    } catch {
      guard error.status == 404 else {
        return [Finding("alias reviews", error: error, next: "opine status")]
      }
      return [Finding("alias reviews", .fail, "is missing", next: "opine apply")]
    }
  }

  /// Also names the index that is written to, if there is exactly one.
  static func alias(_ answer: JSONValue, _ address: String) -> (Finding, index: String?) {
    let indices = (answer.object ?? []).map { member in
      (member.name, member.value["aliases"]?["reviews"]?["is_write_index"]?.bool)
    }
    let marked = indices.filter { $0.1 == true }.map(\.0)
    // Without any mark a single index takes the writes.
    let writable = marked.isEmpty && indices.count == 1 && indices[0].1 == nil
    let names = writable ? [indices[0].0] : marked
    if let index = names.first, names.count == 1 {
      return (Finding("alias reviews", .ok, "writes to \(index)"), index)
    }
    let newest = indices.map(\.0).max() ?? "reviews-000001"
    let add = #"{"add":{"index":"\#(newest)","alias":"reviews","is_write_index":true}}"#
    return (
      Finding(
        "alias reviews", .fail, "has no write index among \(indices.count)",
        next: "curl -X POST \(address)/_aliases -H 'Content-Type: application/json' "
          + #"-d '{"actions":[\#(add)]}'"#), nil
    )
  }
}
