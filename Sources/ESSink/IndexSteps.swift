import Connect
import Elasticsearch
import Foundation
import HTTPClient
import JSON
import Kafka
import Telemetry

/// Carries out what a destination's index still needs, one request at a time, without waiting for answers.
extension ESSinkTask {
  func step(_ place: Int, _ now: Duration) {
    let target = destinations[place]
    guard !target.isAsking, let request = target.life?.request(now) else { return }
    target.isAsking = true
    let name = Self.escaped(target.resource)
    let (method, path, body): (HTTPMethod, String, JSONValue?) =
      switch request {
      case .exists: (.head, "/\(name)", nil)
      case .create(let body): (.put, "/\(name)", body)
      case .mapping: (.get, "/\(name)/_mapping", nil)
      case .extend(let body): (.put, "/\(name)/_mapping", body)
      }
    let asked = client.request(
      method, path, body: body.map { .bytes(Array($0.serialized().utf8)) } ?? .none,
      timeout: settings.connection.readTimeout, node: node)
    ask(asked) { .life(place, request, $0) }
  }

  func takeLife(
    _ place: Int, _ request: IndexLife.Request, _ result: Result<HTTPResponse, HTTPError>,
    _ now: Duration
  ) {
    let target = destinations[place]
    target.isAsking = false
    let progress: IndexLife.Progress
    switch result {
    case .failure(let error):
      node += 1
      progress = .failed("\(error)")
    case .success(let response):
      let body = try? JSONValue.parse(response.body)
      progress =
        target.life?.answered(request, status: response.status, body: body, now: now) ?? .goesOn
    }
    switch progress {
    case .goesOn: lift(target)
    case .warned(let reason):
      lift(target)
      log.warning(
        "Not as asked for.", [.connector: settings.name, .index: target.resource, .reason: reason])
    case .failed(let reason):
      trouble(now)
      holdIndex(target, reason, now)
      counters.retried("index", 1)
      checkLimit(tries: Int.max, reason, now)
    }
  }

  /// A hold that a step of the index's life began ends with it.
  private func lift(_ target: Destination) {
    guard target.isHeldForLife else { return }
    target.isHeldForLife = false
    target.indexHold = nil
  }

  private func holdIndex(_ target: Destination, _ reason: String, _ now: Duration) {
    target.isHeldForLife = true
    holdOf(target, reason, now)
  }

  /// Begins or goes on with a hold of one index; answers with the wait.
  @discardableResult
  func holdOf(
    _ target: Destination, _ reason: String, name: String? = nil, atLeast: Duration = .zero,
    _ now: Duration
  ) -> Duration {
    let wait = max(atLeast, target.backoff.next(using: &random))
    let wall = Date.now.timeIntervalSince1970
    target.indexRetryAt = now + wait
    target.indexHold = Hold(
      name: name ?? "index \(target.resource)", reason: reason,
      since: target.indexHold?.since ?? wall, nextTry: wall + wait.seconds)
    return wait
  }

  /// A name as it may stand in a path.
  static func escaped(_ name: String) -> String {
    name.addingPercentEncoding(
      withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-_.")))
      ?? name
  }
}

/// How long what fails without being a record's fault is tried.
extension ESSinkTask {
  func trouble(_ now: Duration) { troubleSince = troubleSince ?? now }

  /// Fails the task where the configuration bounds the tries. `tries`: how often the same was sent in vain.
  func checkLimit(tries: Int, _ reason: String, _ now: Duration) {
    switch settings.retryLimit {
    case .unlimited: return
    case .count(let most):
      // A step of an index's life counts by time alone: it fails as often as its bulk would.
      let count = tries == Int.max ? lifeTries() : tries
      guard count > most else { return }
      fail("\(count) tries failed, max.retries is \(most)", reason)
    case .time(let limit):
      guard let since = troubleSince, now - since >= limit else { return }
      fail("nothing has succeeded for \(Int((now - since).seconds)) s (retry.timeout.ms)", reason)
    }
  }

  private func lifeTries() -> Int {
    failedSteps += 1
    return failedSteps
  }

  private func fail(_ limit: String, _ reason: String) {
    context.fail(
      TaskFailure(
        .destination,
        "\(limit): \(reason). Nothing past it is committed: restart the connector when it is mended, or set "
          + "retry.unlimited=true"))
  }
}
