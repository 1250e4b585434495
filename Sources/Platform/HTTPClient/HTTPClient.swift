import Foundation
import Synchronization

/// Sends HTTP/1.1 requests over kept-alive connections, all from one thread of its own.
///
/// Any number of requests may be in flight; connections per host are bounded by the configuration.
/// A kept connection that the server has closed meanwhile is replaced by curl and the request is
/// sent anew, if no byte of an answer had come, whatever its method: use requests that may be
/// repeated (`_id` with a version, register), which is all this pipeline sends.
///
/// Redirects are followed only where a request asks for it and carries no credentials.
/// Not retried here otherwise; `HTTPError.isRetriable` says whether a caller may.
public final class HTTPClient: Sendable {
  private let thread: ClientThread

  public init(configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
    thread = ClientThread(configuration)
  }

  deinit { thread.stop() }

  /// Sends a request without waiting. `completion` runs exactly once, on the client's thread, and
  /// holds up every other request while it runs: hand the result on, at once.
  /// After `shutdown` it runs on the caller's thread, with `.shutDown`.
  public func start(
    _ request: HTTPRequest,
    completion: @escaping @Sendable (Result<HTTPResponse, HTTPError>) -> Void
  ) {
    _ = thread.submit(request, completion)
  }

  /// Sends a request and suspends until its answer. Cancelling the task ends it with `.cancelled`.
  public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    let ticket = Mutex<(id: UInt64, isCancelled: Bool)>((0, false))
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let id = thread.submit(request) { continuation.resume(returning: $0) }
        let isCancelled = ticket.withLock { ticket in
          ticket.id = id
          return ticket.isCancelled
        }
        if isCancelled { thread.cancel(id) }
      }
    } onCancel: {
      let id = ticket.withLock { ticket in
        ticket.isCancelled = true
        return ticket.id
      }
      thread.cancel(id)
    }
    return try result.get()
  }

  /// Sends a request and blocks the calling thread until its answer. For commands that end and for
  /// threads of one's own; never from a completion, nor from a task of Swift's shared pool.
  public func sendBlocking(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
    let answer = Answer()
    start(request) { answer.set($0) }
    return try answer.wait().get()
  }

  /// Ends every request with `.shutDown` and joins the thread. Safe to call twice.
  public func shutdown() { thread.stop() }
}

/// One result, handed from the client's thread to a thread that waits.
private final class Answer: Sendable {
  private let result = Mutex<Result<HTTPResponse, HTTPError>?>(nil)
  private let arrived = DispatchSemaphore(value: 0)

  func set(_ value: Result<HTTPResponse, HTTPError>) {
    result.withLock { $0 = value }
    arrived.signal()
  }

  func wait() -> Result<HTTPResponse, HTTPError> {
    arrived.wait()
    let none = HTTPError(code: .other, address: "?", message: "no result")
    return result.withLock { $0 } ?? .failure(none)
  }
}
