/// What a client knows of schemas: found ones for ever, missing ones for a while, and who waits.
///
/// A value without clock or I/O; the time is an argument.
struct SchemaCache {
  typealias Completion = @Sendable (Result<RegisteredSchema, RegistryError>) -> Void

  enum Step {
    /// Known; nothing to ask.
    case known(Result<RegisteredSchema, RegistryError>)
    /// Nobody has asked yet: ask.
    case ask
    /// Somebody asks already; the completion waits with theirs.
    case wait
  }

  let maximumCount: Int
  /// How long a schema that is not there, or not usable, is not asked for again.
  let missingPeriod: Duration

  private var schemas: [SchemaKey: RegisteredSchema] = [:]
  private var order: [SchemaKey] = []
  private var missing: [SchemaKey: (error: RegistryError, until: ContinuousClock.Instant)] = [:]
  private var waiting: [SchemaKey: [Completion]] = [:]

  init(maximumCount: Int = 1000, missingPeriod: Duration = .seconds(30)) {
    self.maximumCount = maximumCount
    self.missingPeriod = missingPeriod
  }

  var count: Int { schemas.count }

  func known(_ key: SchemaKey) -> RegisteredSchema? { schemas[key] }

  mutating func want(
    _ key: SchemaKey, now: ContinuousClock.Instant, _ completion: @escaping Completion
  ) -> Step {
    if let schema = schemas[key] { return .known(.success(schema)) }
    if let entry = missing[key] {
      if now < entry.until { return .known(.failure(entry.error)) }
      missing[key] = nil
    }
    let isFirst = waiting[key] == nil
    waiting[key, default: []].append(completion)
    return isFirst ? .ask : .wait
  }

  /// Takes an answer; returns what every waiter gets, and the waiters.
  ///
  /// System faults are not remembered: the next one to want the schema asks again.
  mutating func answer(
    _ key: SchemaKey, _ result: Result<RegisteredSchema, RegistryError>,
    now: ContinuousClock.Instant
  ) -> [Completion] {
    switch result {
    case .success(let schema): keep(schema, key)
    case .failure(let error) where error.code == .notFound || error.code == .unusable:
      if missing.count >= maximumCount { missing = [:] }
      missing[key] = (error, now + missingPeriod)
    case .failure: break
    }
    return waiting.removeValue(forKey: key) ?? []
  }

  /// Forgets that a schema was not there: it has just been registered.
  mutating func forgetMissing(_ key: SchemaKey) { missing[key] = nil }

  /// The oldest goes first; a hot one that goes is asked for once more.
  private mutating func keep(_ schema: RegisteredSchema, _ key: SchemaKey) {
    if schemas.updateValue(schema, forKey: key) == nil { order.append(key) }
    if order.count > maximumCount { schemas[order.removeFirst()] = nil }
  }
}
