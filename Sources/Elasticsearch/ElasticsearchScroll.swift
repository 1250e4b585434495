import HTTPClient
import JSON

extension ElasticsearchClient {
  /// Reads everything that a search finds, as it was when this began, page by page.
  ///
  /// - Parameters:
  ///   - body: of the search; `size` is the length of a page, sorted by `_doc` it is fastest.
  ///   - keep: how long the server keeps the search between pages, as `5m`.
  ///   - handle: gets the hits of each page.
  /// An answer that not every shard gave is an error.
  public func scroll<Failure: Error>(
    _ index: String, _ body: JSONValue, keep: String = "5m", operation: String,
    _ handle: ([JSONValue]) throws(Failure) -> Void
  ) throws(ScrollError<Failure>) {
    var scroll: String?
    defer { if let scroll { close(scroll) } }
    var answer = try page("/\(index)/_search?scroll=\(keep)", body, operation, Failure.self)
    while true {
      scroll = answer["_scroll_id"]?.string ?? scroll
      let hits = answer["hits"]?["hits"]?.array ?? []
      guard !hits.isEmpty, let scroll else { return }
      do throws(Failure) { try handle(hits) } catch { throw .handling(error) }
      let next: JSONValue = ["scroll": .string(keep), "scroll_id": .string(scroll)]
      answer = try page("/_search/scroll", next, operation, Failure.self)
    }
  }

  private func page<Failure: Error>(
    _ path: String, _ body: JSONValue, _ operation: String, _: Failure.Type
  ) throws(ScrollError<Failure>) -> JSONValue {
    let answer: JSONValue
    do throws(ElasticsearchError) {
      answer = try call(.post, path, body, operation: operation)
    } catch {
      throw .asking(error)
    }
    if (answer["_shards"]?["failed"]?.int64 ?? 0) > 0 || answer["timed_out"]?.bool == true {
      throw .asking(
        ElasticsearchError(status: 503, operation: operation, reason: "not every shard answered"))
    }
    return answer
  }

  /// Best effort: what stays open ends by itself.
  private func close(_ scroll: String) {
    _ = try? call(
      .delete, "/_search/scroll", ["scroll_id": .string(scroll)], operation: "close the scroll")
  }
}

/// What ended a scroll: the server, or who took the pages.
public enum ScrollError<Failure: Error>: Error {
  case asking(ElasticsearchError)
  case handling(Failure)
}

extension ScrollError where Failure == Never {
  public var error: ElasticsearchError {
    switch self {
    case .asking(let error): error
    }
  }
}
