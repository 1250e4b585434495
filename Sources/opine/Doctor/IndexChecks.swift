import CMappings
import Elasticsearch
import JSON

/// Looks at the index that the sink writes to: its mapping, its blocks, its health.
struct IndexChecks {
  private let index: String
  private let client: ElasticsearchClient
  private let address: String

  init(_ index: String, _ client: ElasticsearchClient, _ address: String) {
    self.index = index
    self.client = client
    self.address = address
  }

  func findings() -> [Finding] {
    [
      ask("mapping of \(index)", "/\(index)/_mapping") { part, answer in
        Self.mapping(part, index, answer[index]?["mappings"] ?? .null, address)
      },
      ask("blocks of \(index)", "/\(index)/_settings") { part, answer in
        Self.blocks(part, index, answer[index]?["settings"] ?? .null, address)
      },
      ask("shards of \(index)", "/_cluster/health/\(index)") { part, answer in
        Self.health(part, answer["status"]?.string, address)
      },
    ]
  }

  /// A question that the server does not know is none of its faults.
  private func ask(
    _ part: String, _ path: String, _ judge: (String, JSONValue) -> Finding
  ) -> Finding {
    do throws(ElasticsearchError) {
      return judge(part, try client.call(.get, path, operation: "read the \(part)"))
    } catch {
      if let status = error.status, [400, 404, 405, 501].contains(status) {
        return .cantBeAsked(part)
      }
      return Finding(part, error: error, next: "opine status")
    }
  }

  static func mapping(
    _ part: String, _ index: String, _ mappings: JSONValue, _ address: String
  ) -> Finding {
    let differences = MappingDifferences(of: mappings)
    if differences.isNone { return Finding(part, .ok, "has all fields") }
    if !differences.otherType.isEmpty {
      return Finding(
        part, .fail,
        "\(differences.otherType.joined(separator: ", ")) of another type: "
          + "the index was not made from the template",
        next: "make the next index with the template, copy into it (_reindex), move the alias")
    }
    let fields = JSONValue.object([JSONMember("properties", .object(differences.missing))])
    return Finding(
      part, .warn, "lacks \(differences.names)",
      next: "curl -X PUT \(address)/\(index)/_mapping -H 'Content-Type: application/json' "
        + "-d '\(fields.serialized())'")
  }

  /// Any `index.blocks.*` that is on; settings come nested, values as text.
  static func blocks(
    _ part: String, _ index: String, _ settings: JSONValue, _ address: String
  ) -> Finding {
    let blocks = (settings["index"]?["blocks"]?.object ?? []).filter {
      $0.value == "true" || $0.value == true
    }.map(\.name)
    guard let block = blocks.first else { return Finding(part, .ok, "none") }
    let reason =
      block == "read_only_allow_delete"
      ? "the disk has passed its flood-stage watermark, writes are refused: free space first"
      : "index.blocks.\(block) is on"
    return Finding(
      part, .fail, reason,
      next: "curl -X PUT \(address)/\(index)/_settings -H 'Content-Type: application/json' "
        + #"-d '{"index.blocks.\#(block)":null}'"#)
  }

  static func health(_ part: String, _ status: String?, _ address: String) -> Finding {
    switch status {
    case "green", "yellow": Finding(part, .ok, status ?? "")
    case "red":
      Finding(
        part, .fail, "a primary shard is missing: searches and writes fail",
        next: "curl '\(address)/_cluster/allocation/explain?pretty' says why")
    default: .cantBeAsked(part)
    }
  }
}

/// Where a mapping is not that of the program's template; fields beyond it do not matter.
struct MappingDifferences {
  private(set) var missing: [JSONMember] = []
  private(set) var otherType: [String] = []

  init(of mappings: JSONValue) {
    let template = try? JSONValue.parse(String(cString: opine_reviews_template()))
    let wanted = template?["template"]?["mappings"]?["properties"]?.object ?? []
    for field in wanted {
      guard let found = mappings["properties"]?[field.name] else {
        missing.append(field)
        continue
      }
      // Elasticsearch leaves the type of an object out.
      let type = found["type"]?.string ?? "object"
      if type != field.value["type"]?.string { otherType.append(field.name) }
    }
  }

  var isNone: Bool { missing.isEmpty && otherType.isEmpty }

  /// The first few names, and how many more there are.
  var names: String {
    let all = missing.map(\.name) + otherType
    let more = all.count > 4 ? " and \(all.count - 4) more" : ""
    return all.prefix(4).joined(separator: ", ") + more
  }
}
