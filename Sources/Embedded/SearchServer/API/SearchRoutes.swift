import HTTPServer
import JSON

/// The table of the server's addresses, and the parameters that each one takes.
extension SearchService {
  func routes() -> HTTPRouter {
    var routes = HTTPRouter { request, refusal in Self.refuse(request, refusal) }
    for endpoint in Endpoint.all {
      for method in endpoint.methods {
        for path in endpoint.paths {
          routes.on(method, path, slow: true) { [self] request in
            respond(request, parameters: endpoint.parameters, endpoint.answer)
          }
        }
      }
    }
    return routes
  }

  private static func refuse(
    _ request: HTTPServerRequest, _ refusal: HTTPRefusal
  ) -> HTTPServerResponse {
    let uri = request.path + (request.query.text.isEmpty ? "" : "?\(request.query.text)")
    switch refusal {
    case .notFound:
      return response(
        flat(400, "no handler found for uri [\(uri)] and method [\(request.method)]"), request)
    case .methodNotAllowed(let allowed):
      return response(
        flat(
          405,
          "Incorrect HTTP method for uri [\(uri)] and method [\(request.method)], allowed: "
            + "[\(allowed.joined(separator: ", "))]"), request)
    case .bodyTooLarge:
      return HTTPServerResponse(status: 413, headers: [("X-Elastic-Product", "Elasticsearch")])
    case .overloaded:
      return response(
        SearchProblem(429, "es_rejected_execution_exception", refusal.message), request)
    case .unauthorized:
      return response(SearchProblem(401, "security_exception", refusal.message), request)
    case .malformed:
      return response(SearchProblem(400, "illegal_argument_exception", refusal.message), request)
    }
  }

  private static func flat(_ status: Int, _ text: String) -> SearchProblem {
    var problem = SearchProblem(status, "", text)
    problem.isFlat = true
    return problem
  }
}

/// One endpoint of the API.
struct Endpoint: Sendable {
  let methods: [String]
  let paths: [String]
  let parameters: Set<String>
  let answer: SearchService.Answerer

  init(
    _ methods: String, _ paths: String, _ parameters: String = "",
    _ answer: @escaping SearchService.Answerer
  ) {
    func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
    self.methods = words(methods)
    self.paths = words(paths)
    self.parameters = Set(words(parameters))
    self.answer = answer
  }

  static let all = documents + searches + indices + cluster

  private static let choosing = "ignore_unavailable allow_no_indices expand_wildcards "
  private static let waiting = "timeout master_timeout wait_for_active_shards "

  private static let documents = [
    Endpoint(
      "POST PUT", "/_bulk /{index}/_bulk",
      "refresh require_alias pipeline routing timeout wait_for_active_shards _source "
        + "_source_includes _source_excludes list_executed_pipelines", DocumentAPI.bulk),
    Endpoint(
      "PUT POST", "/{index}/_doc/{id}",
      "refresh routing version version_type op_type if_seq_no if_primary_term require_alias "
        + waiting, DocumentAPI.put),
    Endpoint(
      "POST", "/{index}/_doc", "refresh routing op_type require_alias " + waiting, DocumentAPI.put),
    Endpoint(
      "PUT POST", "/{index}/_create/{id}",
      "refresh routing version version_type require_alias "
        + waiting, DocumentAPI.create),
    Endpoint(
      "GET", "/{index}/_doc/{id}",
      "routing preference realtime refresh _source _source_includes _source_excludes",
      DocumentAPI.get),
    Endpoint(
      "GET", "/{index}/_source/{id}",
      "routing preference realtime refresh _source _source_includes _source_excludes",
      DocumentAPI.source),
    Endpoint(
      "DELETE", "/{index}/_doc/{id}",
      "refresh routing version version_type if_seq_no if_primary_term " + waiting,
      DocumentAPI.delete),
    Endpoint(
      "POST", "/{index}/_update/{id}",
      "refresh routing retry_on_conflict if_seq_no if_primary_term _source " + waiting,
      DocumentAPI.update),
    Endpoint(
      "GET POST", "/_mget /{index}/_mget",
      "routing preference realtime refresh _source _source_includes _source_excludes",
      DocumentAPI.multiGet),
  ]

  private static let searches = [
    Endpoint(
      "GET POST", "/_search /{index}/_search",
      choosing + "q df default_operator lenient analyze_wildcard analyzer from size sort scroll "
        + "track_total_hits track_scores version seq_no_primary_term _source _source_includes "
        + "_source_excludes preference routing request_cache search_type typed_keys timeout "
        + "batched_reduce_size max_concurrent_shard_requests pre_filter_shard_size "
        + "ccs_minimize_roundtrips allow_partial_search_results ignore_throttled",
      SearchAPI.search),
    Endpoint(
      "GET POST", "/_count /{index}/_count",
      choosing + "q df default_operator lenient analyze_wildcard preference routing",
      SearchAPI.count),
    Endpoint(
      "GET POST", "/_msearch /{index}/_msearch",
      choosing + "max_concurrent_searches max_concurrent_shard_requests search_type typed_keys",
      SearchAPI.multiSearch),
    Endpoint("GET POST", "/_search/scroll", "scroll scroll_id", SearchAPI.scroll),
    Endpoint("DELETE", "/_search/scroll /_search/scroll/{id}", "", SearchAPI.clearScroll),
  ]

  private static let indices = [
    Endpoint("PUT", "/{index}", waiting, IndexAPI.create),
    Endpoint("DELETE", "/{index}", choosing + waiting, IndexAPI.delete),
    Endpoint(
      "GET", "/{index}", choosing + "local flat_settings include_defaults features " + waiting,
      IndexAPI.get),
    Endpoint(
      "GET", "/_mapping /{index}/_mapping", choosing + "local " + waiting, IndexAPI.mapping),
    Endpoint("PUT POST", "/{index}/_mapping", choosing + waiting, IndexAPI.putMapping),
    Endpoint(
      "GET", "/_settings /{index}/_settings", choosing + "local include_defaults " + waiting,
      IndexAPI.settings),
    Endpoint("PUT", "/_settings /{index}/_settings", choosing + waiting, IndexAPI.putSettings),
    Endpoint(
      "GET POST", "/_refresh /{index}/_refresh /_flush /{index}/_flush",
      choosing
        + "force wait_if_ongoing", IndexAPI.refresh),
    Endpoint(
      "POST", "/_forcemerge /{index}/_forcemerge",
      choosing
        + "max_num_segments flush only_expunge_deletes wait_for_completion", IndexAPI.forceMerge),
    Endpoint(
      "GET", "/_alias /_alias/{name} /{index}/_alias /{index}/_alias/{name}", choosing + "local",
      IndexAPI.getAlias),
    Endpoint(
      "PUT POST", "/{index}/_alias/{name} /{index}/_aliases/{name}", waiting, IndexAPI.putAlias),
    Endpoint(
      "DELETE", "/{index}/_alias/{name} /{index}/_aliases/{name}", waiting, IndexAPI.deleteAlias),
    Endpoint("POST", "/_aliases", waiting, IndexAPI.aliases),
    Endpoint(
      "PUT POST", "/_index_template/{name}", "create cause " + waiting,
      IndexAPI.putTemplate(.index)),
    Endpoint(
      "GET", "/_index_template /_index_template/{name}", "local flat_settings " + waiting,
      IndexAPI.getTemplate(.index)),
    Endpoint(
      "DELETE", "/_index_template/{name}", waiting, IndexAPI.deleteTemplate(.index)),
    Endpoint(
      "PUT POST", "/_component_template/{name}", "create cause " + waiting,
      IndexAPI.putTemplate(.component)),
    Endpoint(
      "GET", "/_component_template /_component_template/{name}", "local flat_settings " + waiting,
      IndexAPI.getTemplate(.component)),
    Endpoint(
      "DELETE", "/_component_template/{name}", waiting, IndexAPI.deleteTemplate(.component)),
  ]

  private static let cluster = [
    Endpoint("GET", "/_embedded/capabilities") { _, _ in APIAnswer(Capabilities.json) },
    Endpoint("GET", "/") { node, request in ClusterAPI.root(node, request) },
    Endpoint(
      "GET", "/_cluster/health /_cluster/health/{index}",
      choosing + "level local wait_for_status wait_for_nodes wait_for_no_relocating_shards "
        + "wait_for_no_initializing_shards wait_for_events " + waiting, ClusterAPI.health),
    Endpoint(
      "GET", "/_stats /{index}/_stats /_stats/{metric} /{index}/_stats/{metric}",
      choosing + "level fields forbid_closed_indices", ClusterAPI.stats),
    Endpoint("GET", "/_cat/indices /_cat/indices/{index}", choosing + cat, ClusterAPI.catIndices),
    Endpoint("GET", "/_cat/health", cat + "ts", ClusterAPI.catHealth),
    Endpoint("GET", "/_cat/count /_cat/count/{index}", cat, ClusterAPI.catCount),
    Endpoint("GET", "/_cat/aliases", choosing + cat, ClusterAPI.catAliases),
    Endpoint("GET POST", "/_analyze /{index}/_analyze", "", ClusterAPI.analyze),
  ]

  private static let cat = "v h s help bytes time local health pri master_timeout "
}
