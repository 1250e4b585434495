import Connect
import ESSink
import Foundation
import HTTPClient
import Testing

@testable import opine

/// How words become options and arguments.
@Suite struct OptionTests {
  static let command = Command(
    "taste", "for tests", arguments: "FILE …", argumentCount: 0...2,
    options: [
      .kafka, .json, Option("count", .number(1...10), "N", standard: "3", short: "n", "how many"),
      Option("wait", .duration, "TIME", standard: "2s", "how long"),
      Option("label", .text, "TEXT", "which"),
    ], example: "opine taste"
  ) { _ in .done }

  static func read(_ words: String..., environment: [String: String] = [:]) throws -> Invocation {
    try Invocation(command, words, environment: environment)
  }

  private func option(_ name: String) throws -> opine.Option {
    try #require(Self.command.options.first { $0.name == name })
  }

  @Test func aValueStandsBehindASpaceOrAnEqualsSign() throws {
    #expect(try Self.read("--kafka", "a:1").text(.kafka) == "a:1")
    #expect(try Self.read("--kafka=a:1").text(.kafka) == "a:1")
    #expect(try Self.read("--label=a=b").text(option("label")) == "a=b")
    #expect(try Self.read("--label=").optional(option("label")) == "")
    #expect(try Self.read("-n", "7").number(option("count")) == 7)
  }

  @Test func aFlagIsOffOnOrExplicitlyOff() throws {
    #expect(try Self.read().flag(.json) == false)
    #expect(try Self.read("--json").flag(.json))
    #expect(try Self.read("--json=false").flag(.json) == false)
    #expect(try Self.read("--json", "--no-json").flag(.json) == false)
    #expect(try Self.read("--no-json", environment: ["OPINE_JSON": "true"]).flag(.json) == false)
  }

  @Test func whatFollowsTwoDashesIsAnArgument() throws {
    let invocation = try Self.read("a", "--json", "--", "--kafka")
    #expect(invocation.arguments == ["a", "--kafka"])
    #expect(invocation.flag(.json))
    #expect(try Self.read("-").arguments == ["-"])
  }

  @Test(
    arguments: [
      (["--kafak", "x"], "unknown option --kafak; did you mean --kafka?"),
      (["--zzzzzz"], "unknown option --zzzzzz"),
      (["--no-kafka"], "unknown option --no-kafka"),
      (["--kafka"], "--kafka needs HOST:PORT,…"),
      (["--json=perhaps"], "--json is true or false, not perhaps"),
      (["--count", "11"], "--count must be a whole number from 1 to 10"),
      (["--count", "x"], "--count must be a whole number from 1 to 10"),
      (["--wait", "5 days"], "--wait must be a time as 500ms, 10s or 2m"),
      (["a", "b", "c"], "opine taste does not take: c"),
    ])
  func whatIsNotUnderstoodIsAUsageErrorThatSaysWhy(words: [String], what: String) throws {
    let error = try #require(throws: CommandError.self) {
      try Invocation(Self.command, words, environment: [:])
    }
    #expect(error.exit == .usage)
    #expect(error.exit.rawValue == 64)
    #expect(error.what.hasPrefix(what))
    #expect(error.next == "opine taste --help")
  }

  @Test func aWrongChoiceNeverPassesForTheDefault() throws {
    let enrich = try #require(allCommands.first { $0.name == "enrich" })
    let error = try #require(throws: CommandError.self) {
      try Invocation(enrich, [], environment: ["OPINE_ON_GAP": "jump"])
    }
    #expect(error.what == "--on-gap is one of halt, continue, not jump")
    let good = try Invocation(enrich, [], environment: ["OPINE_ON_GAP": "continue"])
    #expect(good.text(.onGap) == "continue")
  }

  @Test func timesHaveUnits() {
    #expect(parseDuration("500ms") == .milliseconds(500))
    #expect(parseDuration("10s") == .seconds(10))
    #expect(parseDuration("1.5") == .milliseconds(1500))
    #expect(parseDuration("2m") == .seconds(120))
    #expect(parseDuration("1h") == .seconds(3600))
    for text in ["", "s", "-1s", "1d", "1 s"] { #expect(parseDuration(text) == nil) }
  }
}

/// Where a value comes from: flag, environment, file, default.
@Suite struct SourceTests {
  /// Writes the text to a file for as long as the body runs.
  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  @Test func theFlagWinsOverTheEnvironmentTheFileAndTheDefault() throws {
    try withFile("kafka: file:1\n") { path in
      let environment = ["OPINE_KAFKA": "environment:1"]
      let all = try OptionTests.read(
        "--kafka", "flag:1", "--config", path, environment: environment)
      #expect(all.text(.kafka) == "flag:1")
      let two = try OptionTests.read("--config", path, environment: environment)
      #expect(two.text(.kafka) == "environment:1")
      #expect(try OptionTests.read("--config", path).text(.kafka) == "file:1")
      #expect(try OptionTests.read().text(.kafka) == "127.0.0.1:9092")
      let named = try OptionTests.read(environment: ["OPINE_CONFIG": path])
      #expect(named.text(.kafka) == "file:1")
    }
  }

  @Test func theFilesKafkaPropertiesPassThroughAndSecretsAreResolved() throws {
    let text = "kafka.sasl.password: ${env:SECRET}\nkafka.client.id: me\n"
    try withFile(text) { path in
      let found = try OptionTests.read("--config", path, environment: ["SECRET": "s3"])
      #expect(found.kafkaProperties["sasl.password"] == "s3")
      #expect(found.kafkaProperties["client.id"] == "me")
      #expect(found.kafkaProperties["bootstrap.servers"] == "127.0.0.1:9092")
    }
  }

  @Test func theFileSaysHowTheRegistryAndElasticsearchAreReached() throws {
    let text = """
      registry.basic.auth.user.info: me:${env:SECRET}
      elasticsearch:
        api.key: ${env:SECRET}
        ssl.truststore.location: /ca.pem
      """
    try withFile(text) { path in
      let found = try OptionTests.read("--config", path, environment: ["SECRET": "s3"])
      #expect(found.registry.credentials == .basic(user: "me", password: "s3"))
      #expect(found.registry.urls == ["http://127.0.0.1:8081"])
      #expect(found.elasticsearch.credentials == .apiKey("s3"))
      #expect(found.elasticsearch.tls.trustedFile == "/ca.pem")
      // The sink of `opine run` gets the same, by its own names.
      let sink = try SinkSettings(
        try ConnectorFile.builtIn(found)
          .merging([
            "connection.url": "https://e", "value.converter.schema.registry.url": "http://r",
          ]) { $1 })
      #expect(sink.connection.tls.trustedFile == "/ca.pem")
      #expect(sink.connection.credentials == .apiKey("s3"))
      let registry = try ConverterSettings(sink.properties).registry
      #expect(registry.credentials == .basic(user: "me", password: "s3"))
      let shown = ConfigCommand.inForce(found)
      #expect(!shown.contains { $0.value.contains("s3") })
      #expect(shown.contains { $0.name == "registry.basic.auth.user.info" })
    }
  }

  @Test(arguments: [
    "kafak: a:1\n", "kafka: [\n", "kafka: ${env:NOT_THERE}\n", "registry.user: me\n",
    "registry.basic.auth.user.info: me\n", "elasticsearch.username: me\n",
    "elasticsearch.ssl.truststore.location: /a\nelasticsearch.ssl.truststore.type: JKS\n",
  ])
  func aFileThatIsWrongIsAnErrorThatNamesThePlace(text: String) throws {
    try withFile(text) { path in
      let error = try #require(throws: CommandError.self) {
        try OptionTests.read("--config", path)
      }
      #expect(error.exit == .usage)
      #expect(error.next == "mend \(path)")
    }
  }

  @Test func aFileThatIsNamedMustBeThere() {
    #expect(throws: CommandError.self) { try OptionTests.read("--config", "/no/such/file") }
  }

  @Test func aNumberOfTheEnvironmentIsCheckedToo() throws {
    let count = try #require(OptionTests.command.options.first { $0.name == "count" })
    let found = try OptionTests.read(environment: ["OPINE_COUNT": "many"])
    #expect(throws: CommandError.self) { try found.number(count) }
  }
}
