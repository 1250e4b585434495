import Avro
import Foundation
import SchemaRegistry

/// A schema, and how it is called in messages.
struct NamedSchema: Sendable {
  let name: String
  let schema: AvroSchema
}

/// Where the schemas of `check`, `diff` and `lint` come from.
///
/// `FILE.avsc`, `FOLDER` (its .avsc files by name are a history, oldest first), `git:REVISION` (the
/// same file as it was), `SUBJECT` (all its versions), `SUBJECT@VERSION`.
struct SchemaSources {
  let invocation: Invocation
  private let client: RegistryClient

  init(_ invocation: Invocation) {
    self.invocation = invocation
    client = registryClient(invocation)
  }

  /// - Parameter file: the new schema's file, for `git:`.
  func history(_ source: String, of file: String? = nil) async throws -> [NamedSchema] {
    var isFolder: ObjCBool = false
    if source.hasPrefix("git:") {
      guard let file else {
        throw CommandError.usage("git: needs a file to compare with", invocation.command)
      }
      let revision = String(source.dropFirst("git:".count))
      return [try parse(try Self.git(revision, file), "\(file) at \(revision)")]
    }
    guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
      if source.hasSuffix(".avsc") || source.contains("/") {
        throw CommandError(
          .failed, "\(source) can't be read", why: "there is no such file",
          next: "name a file, a folder, git:REVISION, SUBJECT or SUBJECT@VERSION")
      }
      return try await subject(source)
    }
    guard isFolder.boolValue else { return [try Self.file(source)] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? []
    let files = names.filter { $0.hasSuffix(".avsc") }.sorted()
    guard !files.isEmpty else {
      throw CommandError(
        .failed, "\(source) has no history", why: "no .avsc files are in it",
        next: "name another folder")
    }
    return try files.map { try Self.file("\(source)/\($0)") }
  }

  /// The one schema of a source, its newest where it is a history.
  func newest(_ source: String) async throws -> NamedSchema {
    let history = try await history(source)
    guard let last = history.last else {
      throw CommandError(
        .notFoundOrUnbalanced, "\(source) has no schema", why: "nothing is registered there",
        next: "opine schemas list")
    }
    return last
  }

  /// Whether a source is asked of the registry.
  static func isSubject(_ source: String) -> Bool {
    !source.hasPrefix("git:") && !source.hasSuffix(".avsc")
      && !FileManager.default.fileExists(atPath: source)
  }

  static func text(_ path: String) throws -> String {
    do { return try String(contentsOf: URL(filePath: path), encoding: .utf8) } catch {
      throw CommandError(
        .failed, "\(path) can't be read", why: error.localizedDescription,
        next: "name a schema file")
    }
  }

  static func file(_ path: String) throws -> NamedSchema { try parse(try text(path), path) }

  private static func parse(_ text: String, _ name: String) throws -> NamedSchema {
    do throws(AvroSchemaError) {
      return NamedSchema(name: name, schema: try AvroSchema.parse(text))
    } catch {
      throw CommandError(
        .failed, "\(name) is no valid schema", why: error.description, next: "mend the schema")
    }
  }

  private func parse(_ text: String, _ name: String) throws -> NamedSchema {
    try Self.parse(text, name)
  }

  private func subject(_ source: String) async throws -> [NamedSchema] {
    let parts = source.split(separator: "@", maxSplits: 1).map(String.init)
    let subject = parts[0]
    do throws(RegistryError) {
      var versions: [SubjectVersion] = []
      if parts.count == 1 {
        for number in try await client.send(.versions(subject: subject)) {
          versions.append(try await client.send(.version(number, subject: subject)))
        }
      } else if let number = Int(parts[1]) {
        versions = [try await client.send(.version(number, subject: subject))]
      } else {
        versions = [try await client.send(.latest(subject: subject))]
      }
      var schemas: [NamedSchema] = []
      for version in versions {
        let schema = try await client.schema(.id(version.id)).schema
        schemas.append(NamedSchema(name: "\(subject)@\(version.version ?? 0)", schema: schema))
      }
      return schemas
    } catch {
      throw unreachable(error, "\(source) can't be read from the registry")
    }
  }

  private static func git(_ revision: String, _ file: String) throws -> String {
    let process = Process()
    let output = Pipe()
    let url = URL(filePath: file)
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "git", "-C", url.deletingLastPathComponent().path, "show",
      "\(revision):./\(url.lastPathComponent)",
    ]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
      let data = try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      if process.terminationStatus == 0 { return String(decoding: data, as: UTF8.self) }
    } catch {}
    throw CommandError(
      .failed, "\(file) can't be read at \(revision)", why: "git show does not have it",
      next: "git log -- \(file)")
  }
}
