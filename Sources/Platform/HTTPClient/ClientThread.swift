import CCurl
import Foundation
import Synchronization

/// The one thread that owns curl's handles, and the inbox by which others reach it.
///
/// `@unchecked Sendable` because `multi` is used by the thread alone, except `curl_multi_wakeup`,
/// which its manual page allows from any thread, and which is called under the inbox's lock while
/// the handle is known to be alive.
final class ClientThread: @unchecked Sendable {
  struct Submission {
    let id: UInt64
    let request: HTTPRequest
    let completion: Transfer.Completion
  }

  private struct Inbox {
    var submissions: [Submission] = []
    var cancellations: [UInt64] = []
    var lastID: UInt64 = 0
    var isStopping = false
    var isClosed = false
  }

  /// Idle handles kept for reuse.
  private static let maximumIdleTransfers = 16

  private static let initializedCurl: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

  private let configuration: HTTPClientConfiguration
  private let multi: UnsafeMutableRawPointer?
  private let inbox = Mutex(Inbox())
  private let ended = DispatchSemaphore(value: 0)
  private let identity = Mutex<ObjectIdentifier?>(nil)

  init(_ configuration: HTTPClientConfiguration) {
    self.configuration = configuration
    multi = Self.initializedCurl ? curl_multi_init() : nil
    guard let multi else { return }
    let perHost = configuration.maximumConnectionsPerHost
    opine_curl_multi_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, perHost)
    opine_curl_multi_long(multi, CURLMOPT_MAXCONNECTS, max(perHost, 16))
    let thread = Thread { [self] in run() }
    thread.name = "opine-http"
    thread.stackSize = 512 << 10
    thread.start()
  }

  /// Queues a request; after `stop` its completion is called at once with `.shutDown`.
  func submit(_ request: HTTPRequest, _ completion: @escaping Transfer.Completion) -> UInt64 {
    let id: UInt64? = inbox.withLock { inbox in
      guard let multi, !inbox.isStopping else { return nil }
      inbox.lastID += 1
      let id = inbox.lastID
      inbox.submissions.append(Submission(id: id, request: request, completion: completion))
      curl_multi_wakeup(multi)
      return id
    }
    if let id { return id }
    completion(.failure(Self.shutDownError(request.url)))
    return 0
  }

  func cancel(_ id: UInt64) {
    inbox.withLock { inbox in
      guard let multi, !inbox.isClosed, id != 0 else { return }
      inbox.cancellations.append(id)
      curl_multi_wakeup(multi)
    }
  }

  /// Ends the thread and waits for it, unless called on it.
  func stop() {
    guard let multi else { return }
    inbox.withLock { inbox in
      inbox.isStopping = true
      if !inbox.isClosed { curl_multi_wakeup(multi) }
    }
    if identity.withLock({ $0 }) == ObjectIdentifier(Thread.current) { return }
    ended.wait()
    ended.signal()  // for the next caller
  }

  private static func shutDownError(_ url: String) -> HTTPError {
    HTTPError(
      code: .shutDown, address: HTTPError.address(of: url), message: "the client was shut down")
  }

  // MARK: On the thread

  private func run() {
    guard let multi else { return }
    identity.withLock { $0 = ObjectIdentifier(Thread.current) }
    var running: [UInt64: Transfer] = [:]
    var ids: [UnsafeMutableRawPointer: UInt64] = [:]
    var idle: [Transfer] = []
    while true {
      let (submissions, cancellations, isStopping) = inbox.withLock { inbox in
        defer {
          inbox.submissions.removeAll(keepingCapacity: true)
          inbox.cancellations.removeAll(keepingCapacity: true)
        }
        return (inbox.submissions, inbox.cancellations, inbox.isStopping)
      }
      for submission in submissions {
        guard let transfer = begin(submission, idle.popLast(), multi) else { continue }
        running[submission.id] = transfer
        ids[transfer.handle] = submission.id
      }
      for id in cancellations {
        guard let transfer = running.removeValue(forKey: id) else { continue }
        ids[transfer.handle] = nil
        abandon(transfer, transfer.error(.cancelled, "cancelled"), multi)
      }
      if isStopping { break }
      var count: Int32 = 0
      curl_multi_perform(multi, &count)
      while let message = curl_multi_info_read(multi, &count) {
        guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
          let id = ids.removeValue(forKey: handle), let transfer = running.removeValue(forKey: id)
        else { continue }
        let result = opine_curl_result(message)
        curl_multi_remove_handle(multi, handle)
        let completion = transfer.completion
        let outcome = transfer.finish(result)
        if idle.count < Self.maximumIdleTransfers { idle.append(transfer) }
        completion(outcome)
      }
      curl_multi_poll(multi, nil, 0, 60_000, nil)
    }
    for transfer in running.values {
      abandon(transfer, transfer.error(.shutDown, "the client was shut down"), multi)
    }
    running = [:]
    idle = []
    close(multi)
  }

  private func begin(
    _ submission: Submission, _ idle: Transfer?, _ multi: UnsafeMutableRawPointer
  ) -> Transfer? {
    guard let transfer = idle ?? Transfer() else {
      let address = HTTPError.address(of: submission.request.url)
      submission.completion(
        .failure(HTTPError(code: .other, address: address, message: "out of memory")))
      return nil
    }
    let refusal = transfer.prepare(
      submission.request, id: submission.id, configuration: configuration,
      completion: submission.completion)
    if let refusal {
      transfer.release()
      submission.completion(.failure(refusal))
      return nil
    }
    let code = curl_multi_add_handle(multi, transfer.handle)
    guard code == CURLM_OK else {
      let error = transfer.error(.other, String(cString: curl_multi_strerror(code)))
      transfer.release()
      submission.completion(.failure(error))
      return nil
    }
    return transfer
  }

  private func abandon(
    _ transfer: Transfer, _ error: HTTPError, _ multi: UnsafeMutableRawPointer
  ) {
    curl_multi_remove_handle(multi, transfer.handle)
    let completion = transfer.completion
    transfer.release()
    completion(.failure(error))
  }

  private func close(_ multi: UnsafeMutableRawPointer) {
    let late = inbox.withLock { inbox in
      inbox.isClosed = true
      defer { inbox.submissions = [] }
      return inbox.submissions
    }
    for submission in late {
      submission.completion(.failure(Self.shutDownError(submission.request.url)))
    }
    curl_multi_cleanup(multi)
    identity.withLock { $0 = nil }
    ended.signal()
  }
}
