import Avro
import Foundation
import HTTPClient
import JSON
import RegistryServer
import Reviews
import SchemaRegistry
import Testing

@testable import opine

/// `opine schemas …` as a program of its own, against a real registry and real files.
final class SchemaTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "opine-schemas-\(UUID().uuidString)")
  private let server: RegistryServer

  init() throws {
    server = try RegistryServer(
      dataDirectory: folder.appending(path: "registry").path, listen: "127.0.0.1:0")
  }

  deinit {
    server.stop()
    try? FileManager.default.removeItem(at: folder)
  }

  private func file(_ name: String, _ text: String) throws -> String {
    let url = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    return url.path
  }

  private func review(_ fields: String) -> String {
    #"{"type":"record","name":"Review","namespace":"t","fields":[\#(fields)]}"#
  }

  private static let id = #"{"name":"id","type":"string"}"#

  private func run(_ arguments: String...) async throws -> Program.Ended {
    let words = ["schemas"] + arguments
    let isElsewhere = words.contains("--registry")
    let place = ["--registry", "http://127.0.0.1:\(server.port)"]
    return try await Program.run(words + (isElsewhere ? [] : place))
  }

  @Test("check tells path, both types, why and the fix, and ends with 1")
  func checkExplains() async throws {
    let old = try file("old.avsc", review(Self.id + #",{"name":"stars","type":"int"}"#))
    let new = try file(
      "new.avsc", review(Self.id + #",{"name":"stars","type":"string"},{"name":"x","type":"int"}"#))
    let bad = try await run("check", new, old)
    #expect(bad.code == 1)
    for part in [
      "may not follow", "Review.stars", "old  int", "new  string", "int is no string",
      "Review.x", "add a \"default\"",
    ] { #expect(bad.output.contains(part), "\(part) is not in \(bad.output)") }
    let good = try await run("check", new, old, "--level", "none")
    #expect(good.code == 0 && good.output.contains("may follow"))
    let forward = try await run("check", new, old, "--level", "forward", "--format", "json")
    let report = try #require(forward.json.first)
    #expect(report["compatible"] == false && report["level"] == "FORWARD")
    #expect(report["problems"]?[0]?["code"] == "TYPE_MISMATCH")
    #expect(report["problems"]?[0]?["direction"] == "forward")
    #expect(report["problems"]?[0]?["location"] == "/fields/1/type")
    let github = try await run("check", new, old, "--format", "github")
    #expect(github.lines.allSatisfy { $0.hasPrefix("::error file=\(new),title=") })
    let sarif = try await run("check", new, old, "--format", "sarif")
    #expect(sarif.json.first?["runs"]?[0]?["results"]?.array?.count == 2)
    #expect(try await run("check", new, old, "--format", "nope").code == 64)
    #expect(try await run("check", new, old, "--level", "nope").code == 64)
  }

  @Test("check reads folders and git revisions, and asks the registry for subject and level")
  func checkSources() async throws {
    let first = try file("history/1.avsc", review(Self.id))
    _ = try file("history/2.avsc", review(""))
    let new = try file("new.avsc", review(#"{"name":"id","type":"int","default":0}"#))
    let history = folder.appending(path: "history").path
    #expect(try await run("check", new, history).code == 0)
    let all = try await run("check", new, history, "--level", "backward_transitive")
    #expect(all.code == 1 && all.output.contains("1.avsc"))
    #expect(try await run("register", "s", first).code == 0)
    let against = try await run("check", new, "s")
    #expect(against.code == 1 && against.output.contains("s@1 (BACKWARD)"))
    #expect(try await run("config", "s", "--level", "none").output == "NONE\n")
    #expect(try await run("check", new, "s").code == 0)
    #expect(try await run("check", new, "s@9").code == 3)
    #expect(try await run("check", new, "zz", "--registry", "http://127.0.0.1:1").code == 5)
    let git = Process()
    git.executableURL = URL(filePath: "/bin/sh")
    git.arguments = [
      "-c",
      "cd '\(history)' && git init -q . && git add . && git -c user.name=t -c user.email=t@t "
        + "commit -qm x && printf '%s' '\(review(#"{"name":"id","type":"int"}"#))' > 1.avsc",
    ]
    try git.run()
    git.waitUntilExit()
    try #require(git.terminationStatus == 0)
    let changed = try await run("check", first, "git:HEAD")
    #expect(changed.code == 1 && changed.output.contains("at HEAD"))
  }

  @Test("a dry run registers nothing and says what would happen")
  func dryRun() async throws {
    let old = try file("old.avsc", review(Self.id))
    let bad = try file("bad.avsc", review(Self.id + #",{"name":"x","type":"int"}"#))
    let new = try await run("register", "s", old, "--dry-run")
    #expect(new.code == 0 && new.output == "s would get version 1\n", "\(new)")
    #expect(try await run("versions", "s").code == 3)
    #expect(try await run("register", "s", old).output == "s version 1 has id 1\n")
    let same = try await run("register", "s", old, "--dry-run")
    #expect(same.output == "s version 1 is this schema, id 1\n")
    let refused = try await run("register", "s", bad, "--dry-run")
    #expect(refused.code == 1 && refused.output.contains("READER_FIELD_MISSING_DEFAULT_VALUE"))
    #expect(try await run("register", "s", bad).code == 1)
    #expect(try await run("versions", "s", "--json").json.count == 1)
  }

  @Test("delete asks, shows what is used, and goes for good only when told")
  func deletion() async throws {
    let old = try file("old.avsc", review(Self.id))
    _ = try await run("register", "s", old)
    let asking = try await run("delete", "s")
    #expect(asking.code == 64 && asking.errors.contains("--yes"))
    #expect(try await run("delete", "s", "--yes").output == "s: deleted [1]\n")
    let versions = try await run("versions", "s", "--json")
    #expect(versions.json.first?["deleted"] == true)
    let gone = try await run("delete", "s", "--permanent", "--yes")
    #expect(gone.output == "s: deleted [1] for good\n", "\(gone.errors)")
    #expect(try await run("versions", "s").code == 3)
    _ = try await run("register", "s", old)
    #expect(try await run("delete", "s", "--permanent", "--yes").code == 0)
    #expect(try await run("delete", "s", "--yes").code == 3)
  }

  @Test("config and mode are shown and set")
  func settings() async throws {
    #expect(try await run("config").output == "BACKWARD\n")
    #expect(try await run("config", "s", "--level", "full").output == "FULL\n")
    #expect(try await run("config", "s", "--unset").output == "BACKWARD\n")
    #expect(try await run("mode").output == "READWRITE\n")
    #expect(try await run("mode", "s", "readonly").output == "READONLY\n")
    let refused = try await run("register", "s", try file("a.avsc", "\"int\""))
    #expect(refused.code == 1 && refused.errors.contains("read-only"))
  }

  @Test("diff names every change, and those that no level sees")
  func diff() async throws {
    let old = try file(
      "old.avsc",
      review(Self.id + #",{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}"#))
    let new = try file(
      "new.avsc",
      review(
        #"{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},"#
          + #"{"name":"lang","type":["null","string"],"default":null}"#))
    let lines = try await run("diff", old, new).lines
    #expect(lines.contains("- Review.id  field  string"))
    #expect(lines.contains("+ Review.lang  field  [null, string]"))
    #expect(lines.contains { $0.hasPrefix("~ Review.at  logical type") })
    let check = try await run("check", new, old)
    #expect(check.code == 0 && check.output.contains("warning: Review.at"))
    #expect(try await run("check", new, old, "--strict").code == 1)
  }

  @Test("lint warns of what people regret, and fails only where told")
  func lint() async throws {
    let path = try file(
      "a.avsc",
      #"{"type":"record","name":"A","fields":[{"name":"a","type":["null","string"]}]}"#)
    let found = try await run("lint", path, "--json")
    let rules = found.json.compactMap { $0["rule"]?.string }
    #expect(found.code == 0 && rules == ["namespace-missing", "nullable-without-default"])
    #expect(try await run("lint", path, "--strict").code == 1)
  }

  @Test("evolve prints a schema that check accepts")
  func evolve() async throws {
    let old = try file("old.avsc", review(Self.id))
    let new = try file("new.avsc", review(Self.id + #",{"name":"x","type":"int"}"#))
    let proposal = try await run("evolve", new, old)
    #expect(proposal.code == 0 && proposal.errors.contains("Review.x"), "\(proposal)")
    #expect(try await run("check", try file("next.avsc", proposal.output), old).code == 0)
    let kept = try await run("evolve", old, new, "--level", "forward")
    #expect(kept.code == 0 && kept.errors.contains("Review.x comes back"))
    let path = try file("kept.avsc", kept.output)
    #expect(try await run("check", path, new, "--level", "forward").code == 0)
    let four = try file("four.avsc", #"{"type":"fixed","name":"F","size":4}"#)
    let eight = try file("eight.avsc", #"{"type":"fixed","name":"F","size":8}"#)
    let other = try await run("evolve", four, eight)
    #expect(other.code == 1 && other.errors.contains("left:"))
  }

  @Test("an export moves to another registry with its ids")
  func transfer() async throws {
    _ = try await run("register", "other", try file("int.avsc", "\"int\""))
    _ = try await run("register", "s", try file("a.avsc", review(Self.id)))
    _ = try await run("register", "s", try file("b.avsc", review("")))
    let export = try await run("export", "s")
    #expect(export.json.map { $0["id"] } == [2, 3])
    let target = try RegistryServer(
      dataDirectory: folder.appending(path: "target").path, listen: "127.0.0.1:0")
    defer { target.stop() }
    let place = "http://127.0.0.1:\(target.port)"
    let path = try file("export.jsonl", export.output)
    #expect(try await run("import", path, "--dry-run", "--registry", place).lines.count == 2)
    let done = try await run("import", path, "--registry", place)
    #expect(done.code == 0 && done.output == "2 versions of 1 subjects\n", "\(done.errors)")
    let versions = try await run("versions", "s", "--json", "--registry", place)
    #expect(versions.json.map { $0["id"] } == [2, 3])
    #expect(try await run("mode", "s", "--registry", place).output == "READWRITE\n")
    // A second time the ids are there already; the subject must not stay in IMPORT.
    let again = try await run("import", path, "--registry", place)
    #expect(again.code == 1 && again.errors.contains("existing subjects"))
    let taken = try file(
      "taken.jsonl", #"{"subject":"z","version":1,"id":2,"schema":"\"long\""}"#)
    #expect(try await run("import", taken, "--registry", place).code == 1)
    #expect(try await run("mode", "z", "--registry", place).output == "READWRITE\n")
  }

  @Test("stages get schemas that stand alone, whatever they refer to")
  func schemasWithReferencesReachTheStages() async throws {
    let client = RegistryClient(urls: ["http://127.0.0.1:\(server.port)"], http: HTTPClient())
    let user = #"{"type":"record","name":"User","namespace":"u","fields":[]}"#
    _ = try await client.send(.register(subject: "user", schema: user))
    let made = try await client.send(
      .register(
        subject: "holder", schema: review(#"{"name":"user","type":"u.User"}"#),
        references: [SchemaReference(name: "u.User", subject: "user", version: 1)]))
    let text = try await withCheckedThrowingContinuation { continuation in
      schemaSource(client)(.id(made.id)) { continuation.resume(with: $0) }
    }
    #expect(try AvroSchema.parse(text).definitions.count == 2)
  }

  @Test("what a registry has answered is there after kill -9, and its ids go on")
  func killedRegistry() async throws {
    let data = folder.appending(path: "killed").path
    func serve() async throws -> (program: Program, place: String) {
      let program = try Program(["registry", "serve", "--listen", "127.0.0.1:0", "--data", data])
      let ready = try #require(try await program.lines(1).first)
      return (program, String(ready.dropFirst("ready ".count)))
    }
    let (first, place) = try await serve()
    let (old, new) = (try file("old.avsc", review(Self.id)), try file("new.avsc", review("")))
    for path in [old, new] {
      #expect(try await run("register", "s", path, "--registry", place).code == 0)
    }
    _ = try await run("config", "s", "--level", "full", "--registry", place)
    let before = try await run("export", "--registry", place).output
    first.signal(SIGKILL)
    _ = try await first.end()
    let (second, again) = try await serve()
    #expect(try await run("export", "--registry", again).output == before)
    #expect(try await run("config", "s", "--registry", again).output == "FULL\n")
    let int = try file("int.avsc", "\"int\"")
    let third = try await run("register", "t", int, "--registry", again)
    #expect(third.output == "t version 1 has id 3\n")
    second.signal(SIGTERM)
    #expect(try await second.end().code == 0)
  }

  @Test(
    "search finds subjects, types, fields, symbols and docs, and ends with 3 where there are none")
  func search() async throws {
    let path = try file(
      "shop.avsc",
      review(
        Self.id + #",{"name":"shop","doc":"Where it was BOUGHT","type":["null",{"type":"enum","#
          + #""name":"Kind","symbols":["CAFE","BAR"]}]}"#))
    #expect(try await run("register", "shops-value", path).code == 0)
    let found = try await run("search", "shop", "--json")
    #expect(found.json.map { $0["path"]?.string } == ["", "Review.shop"])
    #expect(found.json.last?["type"]?.string?.contains("Kind") == true)
    #expect(try await run("search", "bought").output.contains("Review.shop"))
    #expect(try await run("search", "cafe", "--json").json.map { $0["type"]?.string } == ["enum"])
    #expect(try await run("search", "nowhere").code == 3)
  }

  @Test("enrich writes with its own schema, whatever newer version the subject has")
  func scoredSchemaIsOurs() async throws {
    let client = RegistryClient(urls: [server.url], http: HTTPClient(), retries: .none)
    func id(_ text: String) async throws -> Int {
      try await client.send(.register(subject: "reviews.scored-value", schema: text)).id
    }
    func found() async -> Int32? {
      await withCheckedContinuation { continuation in
        scoredSchemaSource(client)({ continuation.resume(returning: try? $0.get()) })
      }
    }
    #expect(await found() == nil)
    let ours = try await id(ReviewSchemas.scoredReview)
    let evolved = ReviewSchemas.scoredReview.replacing(
      #""fields": ["#, with: #""fields": [{"name": "mood", "type": "string", "default": ""},"#,
      maxReplacements: 1)
    #expect(try await id(evolved) != ours)
    #expect(await found() == Int32(ours))
  }

  @Test("encode and decode are each other's way back, in Avro's JSON")
  func values() async throws {
    let path = try file(
      "r.avsc", review(Self.id + #",{"name":"stars","type":["null","int"],"default":null}"#))
    #expect(try await run("register", "r-value", path).code == 0)
    let json = try file("value.json", #"{"id":"é","stars":{"int":4}}"#)
    let message = folder.appending(path: "message.bin")
    let words = ["schemas", "encode", "r-value", json, "--registry", server.url]
    let encoded = try await Program.run(words)
    #expect(encoded.code == 0)
    // 0, the id in four bytes, the text, the second branch, 4.
    let bytes: [UInt8] = [0, 0, 0, 0, 1, 4, 0xc3, 0xa9, 2, 8]
    try Data(bytes).write(to: message)
    #expect(Data(encoded.output.utf8) == Data(bytes))
    let decoded = try await run("decode", message.path)
    #expect(decoded.lines == [#"{"id":"é","stars":{"int":4}}"#])
    let wrong = try file("wrong.json", #"{"id":"a","stars":4}"#)
    let refused = try await run("encode", "r-value", wrong)
    #expect(refused.code == 1 && refused.errors.contains(#"stars must be null or {"int": …}"#))
    try Data([0, 0, 0, 0, 1, 4]).write(to: message)
    let cut = try await run("decode", message.path)
    #expect(cut.code == 1 && cut.errors.contains("truncated"))
    try Data([7]).write(to: message)
    #expect(try await run("decode", message.path).errors.contains("no schema id"))
  }
}
