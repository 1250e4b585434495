import Avro
import Bytes
import Elasticsearch
import Foundation
import JSON
import Reviews

/// `opine export`: scored reviews as a file that other tools read.
enum ExportCommand {
  static let format = Option(
    "format", .choice(["avro", "jsonl"]), "FORMAT", standard: "jsonl",
    "jsonl: a document a line; avro: a container file")
  static let output = Option(
    "output", .text, "FILE", standard: "-", short: "o",
    "where to write; there only once it is whole. - is standard output")

  static let command = Command(
    "export", "scored reviews to a file", arguments: "[TEXT]", argumentCount: 0...16,
    options: [
      .elasticsearch, format, output, SearchCommand.label, SearchCommand.stars,
      SearchCommand.business, SearchCommand.since, SearchCommand.until,
    ],
    example: "opine export --format avro --output reviews.avro --label negative"
  ) { invocation in try await onThread { try run(invocation) } }

  private static func run(_ invocation: Invocation) throws -> ExitCode {
    let search = try SearchCommand.selection(invocation)
    let isAvro = invocation.text(format) == "avro"
    let path = invocation.text(output)
    if isAvro, path == "-", isatty(STDOUT_FILENO) == 1 {
      throw CommandError.usage(
        "an Avro file is nothing for a terminal: --output FILE", invocation.command)
    }
    let client = elasticsearch(invocation)
    defer { client.http.shutdown() }
    let file = try ExportFile(path, isAvro: isAvro)
    var progress = Progress("exported")
    let body: JSONValue = ["size": 1000, "sort": ["_doc"], "query": search.query]
    do throws(ScrollError<CommandError>) {
      try client.scroll("reviews", body, operation: "read reviews") {
        hits throws(CommandError) in
        for hit in hits { try file.add(hit) }
        progress.show(file.count)
      }
    } catch {
      progress.end()
      switch error {
      case .asking(let error): throw unreachable(error, "the reviews can't be read")
      case .handling(let error): throw error
      }
    }
    progress.end()
    try file.finish()
    return summary(file.count, file.left)
  }

  private static func summary(_ count: Int, _ left: [String]) -> ExitCode {
    Terminal.say("exported \(Terminal.grouped(count)) reviews")
    guard !left.isEmpty else { return count == 0 ? .notFoundOrUnbalanced : .done }
    let some = left.prefix(3).joined(separator: ", ") + (left.count > 3 ? ", …" : "")
    Terminal.say("left out \(Terminal.grouped(left.count)) that are no scored reviews: \(some)")
    return .rejectedRecords
  }
}

/// The file that an export makes: beside its place until it is whole, gone where it does not become so.
final class ExportFile {
  private let path: String
  private let draft: String
  private var lines: UnsafeMutablePointer<FILE>?
  private var avro: AvroContainerWriter?
  private var buffer = ByteBuffer(capacity: 4096)
  private let schema: AvroSchema
  private let coder: AvroValueCoder
  private(set) var count = 0
  /// Ids of documents that the file's format has no place for.
  private(set) var left: [String] = []

  init(_ path: String, isAvro: Bool) throws {
    self.path = path
    schema = try AvroSchema.parse(ReviewSchemas.scoredReview)
    coder = try AvroValueCoder(schema)
    let place = path == "-" ? NSTemporaryDirectory() + "opine-export" : path
    draft = "\(place).part-\(getpid())"
    if isAvro {
      do throws(AvroContainerWriter.Failure) {
        avro = try AvroContainerWriter(path: draft, schema: ReviewSchemas.scoredReview)
      } catch {
        unlink(draft)
        throw Self.failure(path, error.description)
      }
    } else {
      lines = path == "-" ? fdopen(dup(STDOUT_FILENO), "wb") : fopen(draft, "wb")
      if lines == nil { throw Self.failure(path, Self.systemWords()) }
    }
  }

  deinit {
    if let lines { fclose(lines) }
    unlink(draft)
  }

  func add(_ hit: JSONValue) throws(CommandError) {
    guard let document = hit["_source"] else { return }
    let isWritten = lines == nil ? try addRecord(document) : try addLine(document)
    if isWritten { count += 1 } else { left.append(hit["_id"]?.string ?? "?") }
  }

  private func addLine(_ document: JSONValue) throws(CommandError) -> Bool {
    buffer.removeAll()
    buffer.appendJSON(document)
    buffer.append(UInt8(ascii: "\n"))
    let written = buffer.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, lines) }
    guard written == buffer.count else { throw Self.failure(path, Self.systemWords()) }
    return true
  }

  private func addRecord(_ document: JSONValue) throws(CommandError) -> Bool {
    guard let value = AvroValue(json: document, for: schema) else { return false }
    buffer.removeAll()
    do throws(AvroEncodingError) { try coder.append(value, to: &buffer) } catch { return false }
    do throws(AvroContainerWriter.Failure) {
      return try buffer.withUnsafeBytes { bytes throws(AvroContainerWriter.Failure) in
        try avro?.append(bytes) ?? false
      }
    } catch {
      throw Self.failure(path, error.description)
    }
  }

  /// Puts the file where it belongs.
  func finish() throws(CommandError) {
    let isAvro = lines == nil
    do throws(AvroContainerWriter.Failure) { try avro?.close() } catch {
      throw Self.failure(path, error.description)
    }
    if let open = lines.take(), fclose(open) != 0 {
      throw Self.failure(path, Self.systemWords())
    }
    if path != "-" {
      if rename(draft, path) != 0 { throw Self.failure(path, Self.systemWords()) }
    } else if isAvro {
      try copyToOutput()
    }
  }

  private func copyToOutput() throws(CommandError) {
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: draft))
      while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
        try FileHandle.standardOutput.write(contentsOf: piece)
      }
    } catch {
      throw Self.failure(path, error.localizedDescription)
    }
  }

  private static func systemWords() -> String { String(cString: strerror(errno)) }

  private static func failure(_ path: String, _ why: String) -> CommandError {
    CommandError(
      .failed, "the export can't be written",
      why: "\(path == "-" ? "standard output" : path): \(why)",
      next: "another --output FILE, on a disk with room")
  }
}
