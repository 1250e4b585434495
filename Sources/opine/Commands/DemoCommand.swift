import CMappings
import Connect
import DevStack
import Foundation
import JSON
import Telemetry

/// `opine demo`: the whole pipeline on embedded parts, with the sample reviews, told as it happens.
///
/// Every step is a command that a person could type; the demo only types it.
enum DemoCommand {
  static let data = Option("data", .text, "DIR", "keep the data here; else it is gone at the end")

  static let command = Command(
    "demo", "the whole pipeline with sample reviews, without Docker or account",
    options: [.once, data], example: "opine demo --once"
  ) { invocation in
    let (stops, stop) = AsyncStream.makeStream(of: Void.self)
    let signals = Signals { stop.finish() }
    defer { withExtendedLifetime(signals) {} }
    let isOnce = invocation.flag(.once) || !Terminal.isInteractive
    let kept = invocation.optional(data).map(DevCommand.absolute)
    let folder = kept ?? NSTemporaryDirectory() + "opine-demo-\(getpid())"
    defer { if kept == nil { try? FileManager.default.removeItem(atPath: folder) } }
    var settings = DevStackSettings(
      data: folder, topics: DevCommand.topics,
      // A demo that ends by itself is found by nobody, and disturbs no `opine dev`.
      statePath: isOnce
        ? "\(folder)/dev.json" : DevState.path(ProcessInfo.processInfo.environment))
    settings.registry = "127.0.0.1:0"
    settings.elasticsearch = "127.0.0.1:0"
    let demo = Demo(stack: try DevCommand.start(settings))
    defer { demo.stack.stop() }
    let isWell = try await demo.play()
    if !isOnce {
      Terminal.print(
        "\nThe stack stays up: try these in another terminal. Ctrl-C ends it.")
      for await _ in stops {}
    }
    try await demo.end()
    return isWell ? .done : .failed
  }
}

/// One showing.
private final class Demo {
  let stack: DevStack
  private let began = ContinuousClock.now
  private var workers: [Worker] = []
  private var running: Task<ExitCode, any Error>?

  init(stack: DevStack) { self.stack = stack }

  /// True where the books balance and every search found what it must.
  func play() async throws -> Bool {
    try await DevCommand.prepare(stack.state)
    say(
      "1. An embedded Kafka, schema registry and Elasticsearch are up; schemas and index are made.")
    let samples = "\(stack.state.data)/reviews.jsonl"
    try samplesText().write(to: URL(filePath: samples))
    var codes = [try await run("ingest", "file", samples)]
    say(
      "2. The reviews are in Kafka as Avro. Two stages take them on: enrich scores, the sink indexes."
    )
    try startStages()
    codes.append(try await run("verify", "--wait", "60s"))
    let seconds = (ContinuousClock.now - began).seconds
    say(
      "3. Every review that went in is in the index or has a dead letter: verify compared them all, "
        + String(format: "%.1f s after the start.", seconds))
    codes.append(try await run("stats", "--by", "label"))
    say("4. Two searches. People who complain about cold food, whatever stars they gave:")
    codes.append(try await run("search", "cold food", "--label", "negative", "-n", "2"))
    say("And reviews whose stars say one thing and whose words another:")
    codes.append(try await run("search", "--disagree", "-n", "2"))
    say("5. Who has the unhappiest guests?")
    codes.append(try await run("stats", "--by", "business", "--sort", "negative", "-n", "3"))
    next()
    return codes.allSatisfy { $0 == .done }
  }

  /// Stops the stages, which commit what is settled.
  func end() async throws {
    for worker in workers { worker.stop() }
    _ = try await running?.value
  }

  private func startStages() throws {
    let stage = Stage()
    let invocation = try invocation(StageCommands.run, [])
    workers = [try EnrichStage.worker(invocation, stage: stage)]
    workers += try StageCommands.sink(ConnectorFile.builtIn(invocation), invocation, stage)
    let workers = workers
    running = Task { try await stage.run(workers) }
    Terminal.print(Terminal.styled("$ opine run &", .cyan) + "\n")
  }

  private func run(_ words: String...) async throws -> ExitCode {
    guard let command = Opine.find(words) else {
      throw CommandError.usage("there is no command \(words.joined(separator: " "))", nil)
    }
    let shown = words.map { $0.contains(" ") ? "\"\($0)\"" : $0 }.joined(separator: " ")
    Terminal.print(Terminal.styled("$ opine \(shown)", .cyan))
    let code = try await command.run(
      try invocation(command, Array(words.dropFirst(command.path.count))))
    Terminal.print("")
    return code
  }

  /// Nothing of the user's environment or opine.yaml leads the demo elsewhere.
  private func invocation(_ command: Command, _ words: [String]) throws -> Invocation {
    try Invocation(
      command, words, environment: [Option.config.environment: ""], dev: stack.state)
  }

  private func samplesText() -> Data {
    Data(bytes: opine_sample_reviews(), count: opine_sample_reviews_size())
  }

  private func say(_ text: String) { Terminal.print(Terminal.styled(text, .bold) + "\n") }

  private func next() {
    Terminal.print(
      """
      What to try next:
        opine dev                                the same stack, to play with
        opine ingest file your_reviews.jsonl.gz  your own reviews, in Yelp's format
        opine search "waited" --explain          why a review got its score
        opine tail                               scored reviews as they come
        opine verify                             at any time: is anything lost?
      """)
  }
}
