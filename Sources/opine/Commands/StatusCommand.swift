import Elasticsearch
import HTTPClient
import JSON
import Kafka
import SchemaRegistry

/// `opine status`: what is reachable, how far each stage is behind, and what holds it.
enum StatusCommand {
  static let enrichURL = Option(
    "enrich-url", .text, "URL", standard: "http://127.0.0.1:8084", "where enrich tells its health")
  static let connectURL = Option(
    "connect-url", .text, "URL", standard: "http://127.0.0.1:8083",
    "where the sink tells its health")

  static let command = Command(
    "status", "lag, health and reach of every part",
    options: [
      .kafka, .registry, .elasticsearch, enrichURL, connectURL, VerifyCommand.connector, .json,
    ],
    example: "opine status --json"
  ) { invocation in
    var report = StatusReport()
    report.kafka(invocation)
    await report.registry(invocation)
    report.elasticsearch(invocation)
    let http = HTTPClient(
      configuration: HTTPClientConfiguration(connectTimeout: .seconds(1), timeout: .seconds(3)))
    defer { http.shutdown() }
    report.health("enrich", invocation.text(enrichURL), http)
    report.health("connect", invocation.text(connectURL), http)
    if invocation.flag(.json) {
      Terminal.print(report.json.serialized())
    } else {
      report.show()
    }
    return report.exit
  }
}

/// What `opine status` has found so far.
private struct StatusReport {
  private struct Service {
    let name: String
    let url: String
    /// Nil where it answered as it should.
    let problem: String?
    let isUnreachable: Bool
  }

  private struct Lag {
    let stage: String
    let group: String
    let topic: String
    let records: Int
  }

  private struct TaskState {
    let stage: String
    let name: String
    let status: String
    let holds: [JSONValue]
  }

  private struct StageState {
    let name: String
    /// Nil where nothing answers at its address.
    let status: String?
  }

  private var services: [Service] = []
  private var lags: [Lag] = []
  private var stages: [StageState] = []
  private var tasks: [TaskState] = []
  private var deadLetters: Int?
  private var documents: Int?

  // MARK: - Asking

  mutating func kafka(_ invocation: Invocation) {
    let properties = invocation.kafkaProperties
    do {
      for (stage, group, topic) in PipelineParts.groups(invocation) {
        let topicBounds = try TopicBounds(topic, properties)
        let partitions = topicBounds.bounds.keys.sorted()
        let committed = try committedOffsets(group: group, partitions, properties)
        lags.append(
          Lag(stage: stage, group: group, topic: topic, records: topicBounds.pending(committed)))
      }
      deadLetters = try TopicBounds(PipelineParts.deadLetters, properties).count
      note("kafka", invocation.text(.kafka), nil)
    } catch {
      note("kafka", invocation.text(.kafka), error)
    }
  }

  mutating func registry(_ invocation: Invocation) async {
    do throws(RegistryError) {
      _ = try await registryClient(invocation).send(.subjects)
      note("registry", invocation.text(.registry), nil)
    } catch {
      note("registry", invocation.text(.registry), error)
    }
  }

  mutating func elasticsearch(_ invocation: Invocation) {
    let client = opine.elasticsearch(invocation)
    defer { client.http.shutdown() }
    do throws(ElasticsearchError) {
      let answer = try client.call(.get, "/reviews/_count", operation: "count reviews")
      documents = (answer["count"]?.int64).map { Int($0) }
      note("elasticsearch", invocation.text(.elasticsearch), nil)
    } catch {
      note("elasticsearch", invocation.text(.elasticsearch), error)
    }
  }

  private mutating func note(_ name: String, _ url: String, _ error: (any Error)?) {
    let problem = error.map { ServiceProblem($0) }
    services.append(
      Service(
        name: name, url: url, problem: problem?.text, isUnreachable: problem?.isUnreachable ?? false
      ))
  }

  /// A stage that does not answer is told as such, and is no failure: it may run elsewhere.
  mutating func health(_ stage: String, _ url: String, _ http: HTTPClient) {
    guard let response = try? http.sendBlocking(HTTPRequest(.get, "\(url)/health")),
      let answer = try? JSONValue.parse(response.body), let status = answer["status"]?.string
    else {
      stages.append(StageState(name: stage, status: nil))
      return
    }
    stages.append(StageState(name: stage, status: status))
    for task in answer["tasks"]?.array ?? [] {
      tasks.append(
        TaskState(
          stage: stage, name: task["name"]?.string ?? "?", status: task["status"]?.string ?? "?",
          holds: task["holds"]?.array ?? []))
    }
  }

  // MARK: - Telling

  var exit: ExitCode {
    if services.contains(where: \.isUnreachable) { return .unreachable }
    let isWell =
      services.allSatisfy { $0.problem == nil }
      && stages.allSatisfy { $0.status == nil || $0.status == "healthy" }
    return isWell ? .done : .failed
  }

  var json: JSONValue {
    let services = services.map { each -> JSONValue in
      [
        "name": .string(each.name), "url": .string(each.url),
        "reachable": .bool(!each.isUnreachable),
        "problem": each.problem.map { .string($0) } ?? .null,
      ]
    }
    let lags = lags.map { each -> JSONValue in
      [
        "stage": .string(each.stage), "group": .string(each.group), "topic": .string(each.topic),
        "lag": .int(each.records),
      ]
    }
    let stages = stages.map { stage -> JSONValue in
      let tasks = tasks.filter { $0.stage == stage.name }.map { task -> JSONValue in
        [
          "name": .string(task.name), "status": .string(task.status), "holds": .array(task.holds),
        ]
      }
      return [
        "name": .string(stage.name), "status": stage.status.map { .string($0) } ?? .null,
        "tasks": .array(tasks),
      ]
    }
    return [
      "ok": .bool(exit == .done), "services": .array(services), "lag": .array(lags),
      "dead_letters": deadLetters.map { .int($0) } ?? .null,
      "documents": documents.map { .int($0) } ?? .null, "stages": .array(stages),
    ]
  }

  func show() {
    let services = services.map { [$0.name, $0.url, $0.problem ?? "ok"] }
    Terminal.print(Terminal.table(["SERVICE", "ADDRESS", "STATE"], services))
    let lags = lags.map { [$0.stage, Terminal.grouped($0.records), $0.topic, $0.group] }
    Terminal.print("\n" + Terminal.table(["STAGE", "BEHIND BY", "TOPIC", "GROUP"], lags))
    // `opine run` tells of both stages at one address.
    let silent = stages.filter { stage in
      stage.status == nil && !tasks.contains { $0.name == stage.name }
    }
    let states = silent.map { [$0.name, "-", "does not answer"] }
    let each = tasks.map { task in
      [task.stage, task.name, ([task.status] + task.holds.map(text)).joined(separator: "; ")]
    }
    Terminal.print("\n" + Terminal.table(["STAGE", "TASK", "HEALTH"], states + each))
    func count(_ number: Int?) -> String { number.map(Terminal.grouped) ?? "?" }
    Terminal.print("\n\(count(documents)) documents, \(count(deadLetters)) dead letters")
  }

  private func text(_ hold: JSONValue) -> String {
    "held by \(hold["name"]?.string ?? "?"): \(hold["reason"]?.string ?? "?")"
  }
}
