import Connect
import JSON

/// What an index that is ours to make still needs before documents may go there, as a value without I/O: to
/// be there, and to have the fields of the schemas that were met.
///
/// An index with a mapping of somebody else's is never touched; one that this sink made gets the fields of
/// each new schema (`_meta.opine` tells it is ours).
struct IndexLife: Sendable {
  enum Request: Sendable, Equatable {
    case exists
    case create(JSONValue)
    case mapping
    case extend(JSONValue)
  }

  enum Progress: Sendable, Equatable {
    /// Documents may go there, or another step is to be asked for.
    case goesOn
    /// The reason is worth a warning; documents may go there and are judged one by one.
    case warned(String)
    /// Not answered, or refused for now: ask again later.
    case failed(String)
  }

  private enum State: Sendable, Equatable { case unknown, missing, present, ready }

  private let connector: String
  private var state = State.unknown
  private var isOurs: Bool?
  /// Schemas that were met, and those whose fields are not in the mapping yet.
  private var met: [ConnectSchema] = []
  private var wanted: [ConnectSchema] = []
  private var confirmedAt: Duration?
  /// An index is looked at again after this long: one that was deleted would else be made anew by
  /// Elasticsearch itself, with a mapping of its own guess.
  private static let confidence = Duration.milliseconds(100)
  private let checksAgain: Bool

  init(connector: String, checksAgain: Bool) {
    self.connector = connector
    self.checksAgain = checksAgain
  }

  /// Documents of that schema come.
  mutating func want(_ schema: ConnectSchema) {
    // Transforms may make schemas without end; what is beyond is left to Elasticsearch.
    guard !met.contains(schema), met.count < 100 else { return }
    met.append(schema)
    if isOurs != false { wanted.append(schema) }
  }

  /// The index is not there any more: it is made again with all that it had.
  mutating func lost() {
    state = .unknown
    isOurs = nil
    confirmedAt = nil
    wanted = met
  }

  func needsStep(_ now: Duration) -> Bool { request(now) != nil }

  /// What to ask next; nil: documents may go there.
  func request(_ now: Duration) -> Request? {
    switch state {
    case .unknown: return .exists
    case .missing: return .create(creation)
    case .present: return wanted.isEmpty ? nil : .mapping
    case .ready:
      if !wanted.isEmpty { return isOurs == true ? .extend(fields) : .mapping }
      let isOld = confirmedAt.map { now - $0 > Self.confidence } ?? true
      return checksAgain && isOld ? .exists : nil
    }
  }

  private var fields: JSONValue {
    .object([
      JSONMember("_meta", ["opine": ["connector": .string(connector)]]),
      JSONMember("properties", SchemaMapping.properties(of: wanted)),
    ])
  }

  private var creation: JSONValue { wanted.isEmpty ? [:] : ["mappings": fields] }

  /// Takes the answer.
  mutating func answered(
    _ request: Request, status: Int, body: JSONValue?, now: Duration
  ) -> Progress {
    let type = body?["error"]?["type"]?.string
    let told = "\(type ?? "") (\(status)) \(body?["error"]?["reason"]?.string ?? "")"
    switch (request, status) {
    case (.exists, 200), (.exists, 403):
      confirmedAt = now
      if state == .unknown { state = wanted.isEmpty ? .ready : .present }
    case (.exists, 404):
      if state == .ready { lost() }
      state = .missing
    case (.create, 200..<300):
      if !wanted.isEmpty { isOurs = true }
      wanted = []
      (state, confirmedAt) = (.ready, now)
    case (.create, 400) where type == "resource_already_exists_exception":
      state = .present
    case (.create, 400), (.create, 403):
      wanted = []
      (state, confirmedAt) = (.ready, now)
      return .warned("the index can't be created: \(told)")
    case (.mapping, 200):
      let mappings = body?.object?.first?.value["mappings"]
      let ours = mappings?["_meta"]?["opine"] != nil
      let isEmpty = mappings?["properties"]?.object?.isEmpty ?? true
      isOurs = ours || isEmpty
      if isOurs == false { wanted = [] }
      (state, confirmedAt) = (.ready, now)
    case (.mapping, 404): state = .unknown
    case (.extend, 200):
      wanted = []
      confirmedAt = now
    case (.extend, 404): lost()
    case (.extend, 400), (.extend, 403), (.mapping, 403):
      wanted = []
      (state, confirmedAt) = (.ready, now)
      return .warned("the mapping can't be extended: \(told)")
    default: return .failed(told)
    }
    return .goesOn
  }
}
