import Avro
import Foundation
import HTTPClient
import JSON
import Synchronization

/// Asks a schema registry; safe to share, remembers schemas for ever.
///
/// With several URLs a request goes to the one that answered last; where that one cannot be reached
/// or answers 5xx, to the next, each once. Credentials in a URL (`http://user:password@host`) are
/// taken out of it and used where `credentials` is nil.
public final class RegistryClient: Sendable {
  /// How calls by `send` and `sendBlocking` are repeated when the error is retriable.
  public struct Retries: Sendable {
    public var count: Int
    /// The first wait is random below this, the next below its double, …
    public var base: Duration
    public var cap: Duration
    /// No repetition begins so long after the first attempt did.
    public var deadline: Duration

    public init(
      count: Int = 3, base: Duration = .seconds(1), cap: Duration = .seconds(20),
      deadline: Duration = .seconds(60)
    ) {
      self.count = count
      self.base = base
      self.cap = cap
      self.deadline = deadline
    }

    public static let none = Retries(count: 0)

    func wait(after attempt: Int) -> Duration {
      min(base * (1 << min(attempt, 20)), cap) * Double.random(in: 0...1)
    }

    /// The wait before the next attempt; nil where there is none.
    func next(after attempt: Int, _ error: RegistryError, elapsed: Duration) -> Duration? {
      guard error.isRetriable, attempt < count else { return nil }
      let wait = wait(after: attempt)
      return elapsed + wait < deadline ? wait : nil
    }
  }

  private static let contentType = "application/vnd.schemaregistry.v1+json"
  /// References of references of a schema, all in all; more are refused as unusable.
  private static let maximumReferences = 200

  private let endpoints: [RegistryEndpoint]
  private let http: HTTPClient
  private let timeout: Duration
  private let retries: Retries
  private let now: @Sendable () -> ContinuousClock.Instant
  private let cache: Mutex<SchemaCache>
  private let preferred = Atomic<Int>(0)

  /// - Parameters:
  ///   - timeout: of one request to one URL.
  ///   - now: the clock of the memory for missing schemas (30 s).
  public init(
    urls: [String], http: HTTPClient, credentials: HTTPCredentials? = nil,
    timeout: Duration = .seconds(5), retries: Retries = Retries(),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock().now }
  ) {
    endpoints = urls.map { RegistryEndpoint($0, credentials: credentials) }
    self.http = http
    self.timeout = timeout
    self.retries = retries
    self.now = now
    cache = Mutex(SchemaCache())
  }

  // MARK: Schemas by id

  /// The schema of an id if it is known here already; takes a short lock, asks nobody.
  public func cached(id: Int) -> RegisteredSchema? { cached(.id(id)) }

  public func cached(_ key: SchemaKey) -> RegisteredSchema? { cache.withLock { $0.known(key) } }

  /// Gets a schema: from memory, in which case `completion` runs before this returns, or from the
  /// registry by one attempt, in which case it runs on the HTTP client's thread and must be brief.
  ///
  /// Any number of callers that want the same schema make one request. `notFound` and `unusable`
  /// are remembered for 30 s; to hold and ask again after a system fault is the caller's part.
  public func fetch(
    id: Int, completion: @escaping @Sendable (Result<RegisteredSchema, RegistryError>) -> Void
  ) {
    fetch(.id(id), completion: completion)
  }

  /// Like `fetch(id:completion:)`, also by GUID.
  public func fetch(
    _ key: SchemaKey,
    completion: @escaping @Sendable (Result<RegisteredSchema, RegistryError>) -> Void
  ) {
    let now = now()
    switch cache.withLock({ $0.want(key, now: now, completion) }) {
    case .known(let result): completion(result)
    case .wait: break
    case .ask:
      perform(.schema(key)) { [self] result in
        switch result {
        case .failure(let error): answer(key, .failure(Self.about(key, error)))
        case .success(let found):
          resolve(found.references[...], known: [], budget: Self.maximumReferences) {
            [self] result in
            answer(key, Self.parsed(key, found, result))
          }
        }
      }
    }
  }

  /// `fetch` for tasks, repeated as `send` is.
  public func schema(_ key: SchemaKey) async throws(RegistryError) -> RegisteredSchema {
    try await repeated { completion in self.fetch(key, completion: completion) }
  }

  private func answer(_ key: SchemaKey, _ result: Result<RegisteredSchema, RegistryError>) {
    let now = now()
    let waiting = cache.withLock { $0.answer(key, result, now: now) }
    for completion in waiting { completion(result) }
  }

  /// By id or GUID only "schema not found" is about the schema; any other 404 is the system's.
  private static func about(_ key: SchemaKey, _ error: RegistryError) -> RegistryError {
    guard error.code == .notFound, error.errorCode != 40403 else { return error }
    return RegistryError(
      .unavailable, "asked for \(key): \(error.message)", errorCode: error.errorCode,
      isRetriable: false)
  }

  private static func parsed(
    _ key: SchemaKey, _ answer: SchemaAnswer, _ references: Result<[AvroSchema], RegistryError>
  ) -> Result<RegisteredSchema, RegistryError> {
    references.flatMap { references in
      do {
        let schema = try AvroSchema.parse(answer.text, references: references)
        let id: Int? = if case .id(let id) = key { id } else { nil }
        return .success(
          RegisteredSchema(
            id: id, guid: answer.guid, text: answer.text,
            schema: references.isEmpty ? schema : try schema.inlining(references)))
      } catch {
        return .failure(RegistryError(.unusable, "\(key): \(error)"))
      }
    }
  }

  /// Gets and parses references depth first, one after the other. `known` grows by each.
  private func resolve(
    _ references: ArraySlice<SchemaReference>, known: [AvroSchema], budget: Int,
    _ completion: @escaping @Sendable (Result<[AvroSchema], RegistryError>) -> Void
  ) {
    guard let reference = references.first else { return completion(.success(known)) }
    guard budget > 0 else {
      return completion(.failure(RegistryError(.unusable, "too many references, or a circle")))
    }
    perform(.target(of: reference)) { [self] result in
      switch result {
      case .failure(let error):
        // The registry lists the reference and then has it not: the system's trouble.
        let text =
          "reference to \(reference.subject) version \(reference.version): \(error.message)"
        completion(
          .failure(error.code == .notFound ? RegistryError(.unavailable, text) : error))
      case .success(let found):
        let inner = found.references[...]
        resolve(inner, known: known, budget: budget - references.count) { [self] result in
          do {
            let known = try result.get()
            let schema = try AvroSchema.parse(found.text, references: known)
            let rest = references.dropFirst()
            resolve(rest, known: known + [schema], budget: budget - 1, completion)
          } catch let error as RegistryError {
            completion(.failure(error))
          } catch {
            completion(.failure(RegistryError(.unusable, "\(reference.subject): \(error)")))
          }
        }
      }
    }
  }

  // MARK: Other calls

  /// Performs a call, repeating it while the error is retriable.
  public func send<Answer>(_ call: RegistryCall<Answer>) async throws(RegistryError) -> Answer {
    let answer = try await repeated { completion in self.perform(call, completion: completion) }
    noteRegistered(answer)
    return answer
  }

  /// `send` for commands: blocks the calling thread, which must be none of Swift's shared pool.
  public func sendBlocking<Answer>(_ call: RegistryCall<Answer>) throws(RegistryError) -> Answer {
    let begun = now()
    var attempt = 0
    while true {
      let arrived = DispatchSemaphore(value: 0)
      let slot = AnswerSlot<Answer>()
      perform(call) { result in
        slot.set(result)
        arrived.signal()
      }
      arrived.wait()
      do {
        let answer = try slot.get()
        noteRegistered(answer)
        return answer
      } catch {
        guard let wait = retries.next(after: attempt, error, elapsed: now() - begun) else {
          throw error
        }
        Thread.sleep(forTimeInterval: wait / .seconds(1))
        attempt += 1
      }
    }
  }

  private func repeated<Answer: Sendable>(
    _ start: (@escaping @Sendable (Result<Answer, RegistryError>) -> Void) -> Void
  ) async throws(RegistryError) -> Answer {
    let begun = now()
    var attempt = 0
    while true {
      let result = await withCheckedContinuation { continuation in
        start { continuation.resume(returning: $0) }
      }
      guard case .failure(let error) = result,
        let wait = retries.next(after: attempt, error, elapsed: now() - begun),
        (try? await Task.sleep(for: wait)) != nil
      else { return try result.get() }
      attempt += 1
    }
  }

  private func noteRegistered(_ answer: some Sendable) {
    guard let version = answer as? SubjectVersion else { return }
    cache.withLock { cache in
      cache.forgetMissing(.id(version.id))
      if let guid = version.guid { cache.forgetMissing(.guid(guid)) }
    }
  }

  /// One attempt: every URL once, beginning with the one that answered last. `completion` runs on the HTTP
  /// client's thread and must be brief.
  public func perform<Answer>(
    _ call: RegistryCall<Answer>,
    completion: @escaping @Sendable (Result<Answer, RegistryError>) -> Void
  ) {
    guard !endpoints.isEmpty else {
      return completion(.failure(RegistryError(.invalid, "no registry URL")))
    }
    let first = preferred.load(ordering: .relaxed)
    attempt(call, at: first, left: endpoints.count - 1, completion)
  }

  private func attempt<Answer>(
    _ call: RegistryCall<Answer>, at index: Int, left: Int,
    _ completion: @escaping @Sendable (Result<Answer, RegistryError>) -> Void
  ) {
    http.start(request(call, endpoints[index])) { [self] result in
      let outcome = Self.outcome(call, result)
      let failsOver =
        switch result {
        case .failure(let error): error.code != .shutDown
        case .success(let response): response.status >= 500 && response.status != 501
        }
      if failsOver && left > 0 {
        return attempt(call, at: (index + 1) % endpoints.count, left: left - 1, completion)
      }
      if !failsOver { preferred.store(index, ordering: .relaxed) }
      completion(outcome)
    }
  }

  private static func outcome<Answer>(
    _ call: RegistryCall<Answer>, _ result: Result<HTTPResponse, HTTPError>
  ) -> Result<Answer, RegistryError> {
    switch result {
    case .failure(let error): return .failure(RegistryError(error))
    case .success(let response) where !response.isSuccess:
      return .failure(RegistryError(response))
    case .success(let response):
      guard let json = try? JSONValue.parse(response.body) else {
        return .failure(.unreadable("no JSON"))
      }
      do { return .success(try call.read(json)) } catch { return .failure(error) }
    }
  }

  private func request<Answer>(
    _ call: RegistryCall<Answer>, _ endpoint: RegistryEndpoint
  ) -> HTTPRequest {
    var request = HTTPRequest(
      call.method, endpoint.url + call.target,
      headers: [("Accept", "\(Self.contentType), application/json")], timeout: timeout,
      credentials: endpoint.credentials)
    if let body = call.body {
      request.headers.append(("Content-Type", Self.contentType))
      request.body = .bytes(Array(body.serialized().utf8))
    }
    return request
  }
}

/// One result, handed from the HTTP client's thread to a thread that waits.
private final class AnswerSlot<Answer: Sendable>: Sendable {
  private let result = Mutex<Result<Answer, RegistryError>>(
    .failure(RegistryError(.unavailable, "no answer", isRetriable: false)))

  func set(_ value: Result<Answer, RegistryError>) { result.withLock { $0 = value } }

  func get() throws(RegistryError) -> Answer { try result.withLock { $0 }.get() }
}
