import JSON

/// What the server does and refuses: read from the tables by which it answers, so that it is true.
enum Capabilities {
  private static let parameters = [
    "text": "analyzer, search_analyzer, fields, norms, index, index_options (docs, positions)",
    "keyword": "ignore_above, null_value, fields, index",
    "numbers": "coerce, ignore_malformed, null_value, fields, index",
    "date": "format, ignore_malformed, null_value, fields, index",
    "boolean": "ignore_malformed, null_value, fields, index",
    "object": "properties, dynamic (true, false, strict), enabled",
    "the whole mapping": "dynamic, date_detection, _meta",
  ]

  /// Where an answer may differ from Elasticsearch's; everything else is the same or refused.
  private static let differences = [
    "Writes are found at once: `refresh` is accepted and does nothing.",
    "Each index has one shard; `number_of_shards` and `number_of_replicas` are kept and shown, and "
      + "replicas make the status yellow, as on any cluster of one node.",
    "`routing` is kept and shown, but does not place documents: a get with another routing finds "
      + "them too.",
    "Deletions are remembered for ever, so that a late write with a lower external version always "
      + "conflicts; Elasticsearch forgets them after `index.gc_deletes`.",
    "Scores count no deleted documents; Elasticsearch counts them until segments merge.",
    "`cardinality` and `percentiles` are exact; Elasticsearch estimates beyond some thousands.",
    "Highlighting ends sentences by simpler rules, so that fragments may begin and end elsewhere.",
    "Hits have no `_ignored`.",
    "Parsing errors have the same type and status, but no `[line:column]` in front.",
    "A `long` may not be the lowest of all, -9223372036854775808.",
    "One `text` term of a `prefix`, `wildcard` or `match_phrase_prefix` is compared without "
      + "expansion limits except the 50 of `match_phrase_prefix`.",
  ]

  static var endpoints: [String] {
    Endpoint.all.flatMap { endpoint in
      endpoint.paths.map { "\(endpoint.methods.joined(separator: ", ")) \($0)" }
    }
  }

  static var json: JSONValue {
    func list(_ names: [String]) -> JSONValue { .array(names.map { .string($0) }) }
    return [
      "version": .string(ClusterAPI.version), "endpoints": list(endpoints),
      "queries": list(QueryParser.queries.map(\.name)), "aggregations": list(Aggregation.names),
      "mapping_types": list(FieldType.allCases.map(\.rawValue)),
      "analyzers": list(Analyzer.Name.allCases.map(\.rawValue)),
      "search_body": list(SearchRequest.bodyKeys),
    ]
  }

  static var markdown: String {
    func code(_ names: some Sequence<String>) -> String {
      names.map { "`\($0)`" }.joined(separator: ", ")
    }
    var text = """
      # The embedded search server

      What `opine dev` runs instead of Elasticsearch: a part of the REST API of Elasticsearch \
      \(ClusterAPI.version), on SQLite. This page is generated from the tables by which the server \
      answers.

      Anything else is refused: unknown addresses, parameters and keys as Elasticsearch refuses \
      them, and what only this server cannot do with status 400, the type \
      `unsupported_in_embedded_exception`, the feature's name in `error.feature`, and the header \
      `X-Embedded-Unsupported`. `GET /_embedded/capabilities` tells the same as JSON.

      A write that was answered is on the disk. A bulk is seen as a whole or not at all.

      ## Endpoints

      | method | path | parameters |
      | --- | --- | --- |

      """
    for endpoint in Endpoint.all {
      for path in endpoint.paths {
        text += "| \(endpoint.methods.joined(separator: ", ")) | `\(path)` | "
        text += endpoint.parameters.sorted().joined(separator: ", ") + " |\n"
      }
    }
    text += """

      Everywhere: `pretty`, `human`, `error_trace`, `filter_path`, `format`. HEAD is answered where \
      GET is. Bodies may be gzip. `application/json`, `application/x-ndjson` and the types of the \
      clients of 8 and 9 are understood.

      ## Queries

      \(code(QueryParser.queries.map(\.name))), and `q=` in the URL.

      Refused: \(code(QueryParser.refused.sorted())); `fuzziness`, `_name`, a `slop` above 0.

      ## The body of a search

      \(code(SearchRequest.bodyKeys)).

      Refused: \(code(SearchRequest.refused.sorted())).

      ## Aggregations

      \(code(Aggregation.names)), inside each other to any depth.

      Refused: \(code(Aggregation.refused.sorted())); scripts anywhere.

      ## Mappings

      Types: \(code(FieldType.allCases.map(\.rawValue))).

      Analyzers: \(code(Analyzer.Name.allCases.map(\.rawValue))).

      | of | parameters |
      | --- | --- |

      """
    for (name, list) in parameters.sorted(by: { $0.key < $1.key }) {
      text += "| \(name) | \(list) |\n"
    }
    text += "\nAccepted without effect: \(code(MappingParser.ignored.sorted())).\n"
    text += "\n## Where answers differ\n\n"
    for difference in differences { text += "- \(difference)\n" }
    return text
  }
}

extension SearchServer {
  /// What the server does and refuses, as the text of `docs/embedded-elasticsearch.md`.
  public static var capabilities: String { Capabilities.markdown }
}
