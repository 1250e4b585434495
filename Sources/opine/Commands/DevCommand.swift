import DevStack
import Elasticsearch
import Foundation
import HTTPClient
import SchemaRegistry

/// `opine dev`: Kafka, registry and Elasticsearch for one laptop, in one process.
enum DevCommand {
  static let topics = ["reviews.raw", "reviews.scored", "reviews.dlq"]
  static let portShift = Option(
    "port-shift", .number(0...50_000), "N", standard: "0",
    "added to the ports 8081 (registry) and 9200 (Elasticsearch)")

  static let command = Command(
    "dev", "an embedded Kafka, registry and Elasticsearch for this machine",
    options: [.data, portShift, ApplyCommand.partitions], example: "opine dev --data opine-data"
  ) { invocation in
    let shift = try invocation.number(portShift)
    let (stops, stop) = AsyncStream.makeStream(of: Void.self)
    let signals = Signals { stop.finish() }
    var settings = DevStackSettings(
      data: absolute(invocation.text(.data)), topics: topics,
      statePath: DevState.path(ProcessInfo.processInfo.environment))
    settings.registry = "127.0.0.1:\(8081 + shift)"
    settings.elasticsearch = "127.0.0.1:\(9200 + shift)"
    settings.partitions = Int32(try invocation.number(ApplyCommand.partitions))
    let stack = try start(settings)
    defer { stack.stop() }
    try await prepare(stack.state)
    Terminal.print(banner(stack))
    Terminal.print(
      "ready kafka=\(stack.state.kafka) registry=\(stack.state.registry) "
        + "elasticsearch=\(stack.state.elasticsearch)")
    for await _ in stops {}
    withExtendedLifetime(signals) {}
    return .done
  }

  static func start(_ settings: DevStackSettings) throws -> DevStack {
    do throws(DevStackError) {
      return try DevStack(settings)
    } catch {
      let next =
        switch error.code {
        case .address: "another --port-shift N"
        case .storage: "another --data DIR"
        case .running: "stop the other one, or use it: opine status"
        case .kafka: "opine dev once more"
        }
      throw CommandError(
        .failed, "the embedded stack can't be started", why: error.description, next: next)
    }
  }

  /// What `opine apply` does on a real stack; the topics are there already.
  static func prepare(_ state: DevState) async throws {
    let http = HTTPClient()
    defer { http.shutdown() }
    try await ApplyCommand.makeMissing(
      registry: RegistryClient(urls: [state.registry], http: http),
      elasticsearch: ElasticsearchClient(urls: [state.elasticsearch], http: http))
  }

  static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  private static func banner(_ stack: DevStack) -> String {
    let state = stack.state
    let rows = [
      ["Kafka (mock)", state.kafka, "in memory: topics end with this process"],
      ["registry", state.registry, "kept in \(state.data)"],
      ["Elasticsearch (subset)", state.elasticsearch, "kept in \(state.data)"],
    ]
    let gone =
      stack.hadTopics
      ? "\nThe topics of the last run are gone; its documents and schemas are here.\n" : ""
    return """
      opine dev: the whole pipeline on this machine, for trying it out. Not for production:
      one mock broker, 5 MiB a partition, no transactions, no admin API, no second machine.
      \(gone)
      \(Terminal.table(["PART", "ADDRESS", "WHAT LASTS"], rows))

      Other terminals find it by themselves:  opine run
                                              opine ingest generate --count 1000
                                              opine search "cold food"
      Ctrl-C stops it.

      """
  }
}

extension DevState {
  /// What became of a stack that no longer runs; empty where there was none.
  static var epitaph: String {
    let path = path(ProcessInfo.processInfo.environment)
    guard let (state, isRunning) = read(path: path), !isRunning else { return "" }
    return """
        note: opine dev does not run any more. Its topics are gone with it; documents and schemas are
        in \(state.data). Start it again: opine dev --data \(state.data)
      """
  }
}
