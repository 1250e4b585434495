import HTTPServer
import JSON
import SQLite

/// A refusal in Elasticsearch's words, which clients tell apart by status and type.
struct SearchProblem: Error, Sendable, Equatable {
  var status: Int
  var type: String
  var reason: String
  /// Members behind the reason, such as `index`.
  var details: [JSONMember] = []
  var cause: JSONValue?
  /// Found while a shard searched, which Elasticsearch wraps: the index's name.
  var shardIndex: String?
  /// A bare text instead of the object, as Elasticsearch has it where no handler was found.
  var isFlat = false

  init(
    _ status: Int, _ type: String, _ reason: String, _ details: [JSONMember] = [],
    cause: JSONValue? = nil
  ) {
    self.status = status
    self.type = type
    self.reason = reason
    self.details = details
    self.cause = cause
  }

  init(_ error: SQLiteError) {
    self.init(
      error.isDiskFull ? 429 : 500, error.isDiskFull ? "cluster_block_exception" : "i_o_exception",
      "the index's file: \(error.description)")
  }

  /// The `error` object of an item of a bulk.
  var item: JSONValue {
    .object(
      [JSONMember("type", .string(type)), JSONMember("reason", .string(reason))] + details
        + (cause.map { [JSONMember("caused_by", $0)] } ?? []))
  }

  /// The body of the answer.
  var json: JSONValue {
    if isFlat {
      // Where no handler was found the answer is the text alone.
      return status == 400
        ? ["error": .string(reason)] : ["error": .string(reason), "status": .int(status)]
    }
    let root: JSONValue = .object(
      [JSONMember("type", .string(type)), JSONMember("reason", .string(reason))] + details)
    guard let shardIndex else {
      guard case .object(let members) = item else { return item }
      return [
        "error": .object([JSONMember("root_cause", .array([root]))] + members),
        "status": .int(status),
      ]
    }
    let shard: JSONValue = [
      "shard": 0, "index": .string(shardIndex), "node": "opine", "reason": item,
    ]
    return [
      "error": [
        "root_cause": .array([root]), "type": "search_phase_execution_exception",
        "reason": "all shards failed", "phase": "query", "grouped": true,
        "failed_shards": .array([shard]),
      ], "status": .int(status),
    ]
  }

  // MARK: Common ones

  static func illegal(_ reason: String) -> Self { Self(400, "illegal_argument_exception", reason) }
  static func parsing(_ reason: String) -> Self { Self(400, "parsing_exception", reason) }
  static func contentParse(_ reason: String) -> Self {
    Self(400, "x_content_parse_exception", reason)
  }
  static func validation(_ reason: String) -> Self {
    Self(400, "action_request_validation_exception", "Validation Failed: 1: \(reason);")
  }
  static let bodyRequired = Self(400, "parse_exception", "request body is required")

  static func noIndex(_ name: String) -> Self {
    Self(
      404, "index_not_found_exception", "no such index [\(name)]",
      [
        JSONMember("resource.type", "index_or_alias"), JSONMember("resource.id", .string(name)),
        JSONMember("index_uuid", "_na_"), JSONMember("index", .string(name)),
      ])
  }

  /// Something of Elasticsearch's that this server does not do, named, with what does work.
  static func unsupported(_ feature: String, _ instead: String = "") -> Self {
    var problem = Self(
      400, "unsupported_in_embedded_exception",
      "the embedded server does not support [\(feature)]\(instead.isEmpty ? "" : "; \(instead)")")
    problem.details = [JSONMember("feature", .string(feature))]
    return problem
  }

  /// The named feature, where this says that one is not supported.
  var unsupportedFeature: String? {
    type == "unsupported_in_embedded_exception"
      ? details.first { $0.name == "feature" }?.value.string : nil
  }

  /// The same, as found while searching an index.
  func onShard(of index: String) -> Self {
    var problem = self
    guard unsupportedFeature == nil, shardIndex == nil else { return self }
    problem.shardIndex = index
    if type == "query_shard_exception" {
      problem.details.append(JSONMember("index", .string(index)))
    }
    return problem
  }
}

/// Runs storage work; what SQLite refuses becomes a problem of the request.
@discardableResult
func storing<Answer>(
  _ body: () throws(SQLiteError) -> Answer
) throws(SearchProblem) -> Answer {
  do throws(SQLiteError) { return try body() } catch { throw SearchProblem(error) }
}
