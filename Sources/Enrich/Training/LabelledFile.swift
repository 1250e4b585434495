import Bytes
import Foundation
import JSON

/// Why labelled rows can't be read.
public enum LabelledFileError: Error, Sendable, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// A line, counted from 1, has no text or no label of -1, 0 or 1.
  case badLine(path: String, line: Int)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path) can't be read: \(reason)"
    case .badLine(let path, let line):
      "\(path):\(line) is no labelled row: expected a text with a label of -1, 0 or 1"
    }
  }
}

/// A file of texts with labels: JSON lines with `label`, `text` and perhaps `domain`, or
/// `label<TAB>text`; as it is, or packed by gzip or xz.
public struct LabelledFile: Sendable {
  /// A row; the text is valid during the call that it is given to.
  public struct Row {
    public let text: UnsafeRawBufferPointer
    /// -1, 0 or 1.
    public let label: Int
    /// What kind of text it is; the file's name up to the first dot where the row says nothing.
    public let domain: String
  }

  public let path: String

  public init(_ path: String) { self.path = path }

  private var isTabSeparated: Bool { path.contains(".tsv") }

  /// Hands over every row in the file's order; empty lines are passed over.
  public func forEachRow(_ body: (Row) -> Void) throws(LabelledFileError) {
    let content = try unpacked()
    let domain = String(URL(filePath: path).lastPathComponent.prefix { $0 != "." })
    var parser = JSONParser()
    var number = 0
    var start = 0
    while start < content.count {
      let end = content[start...].firstIndex(of: UInt8(ascii: "\n")) ?? content.count
      defer { start = end + 1 }
      number += 1
      if end == start { continue }
      let found = content.withUnsafeBytes { bytes in
        let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        return isTabSeparated
          ? Self.separated(line, domain, body) : Self.parsed(line, domain, &parser, body)
      }
      guard found else { throw .badLine(path: path, line: number) }
    }
  }

  private static func separated(
    _ line: UnsafeRawBufferPointer, _ domain: String, _ body: (Row) -> Void
  ) -> Bool {
    guard let tab = line.firstIndex(of: UInt8(ascii: "\t")),
      let label = Int(String(decoding: line[..<tab], as: UTF8.self)), (-1...1).contains(label)
    else { return false }
    let text = UnsafeRawBufferPointer(rebasing: line[(tab + 1)...])
    body(Row(text: text, label: label, domain: domain))
    return true
  }

  private static func parsed(
    _ line: UnsafeRawBufferPointer, _ domain: String, _ parser: inout JSONParser,
    _ body: (Row) -> Void
  ) -> Bool {
    guard let view = try? parser.parse(line), let text = view.member("text")?.stringBytes,
      let label = view.member("label")?.int64, (-1...1).contains(label)
    else { return false }
    let domain = view.member("domain")?.string ?? domain
    body(Row(text: text, label: Int(label), domain: domain))
    return true
  }

  // MARK: - Unpacking

  private func unpacked() throws(LabelledFileError) -> [UInt8] {
    do {
      if path.hasSuffix(".xz") { return try xzUnpacked() }
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      return bytes.withUnsafeBytes(GzipDecoder.isGzip) ? try gzipUnpacked(bytes) : bytes
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }

  private func gzipUnpacked(_ packed: [UInt8]) throws -> [UInt8] {
    var decoder = try GzipDecoder()
    var content: [UInt8] = []
    try packed.withUnsafeBytes { bytes in
      var input = bytes
      while let piece = try decoder.next(&input) { content.append(contentsOf: piece) }
    }
    try decoder.finish()
    return content
  }

  /// By the program `xz`, which only training needs.
  private func xzUnpacked() throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["xz", "-dc", "--", path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let content = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw LabelledFileError.unreadable(
        path: path, reason: "xz ended with \(process.terminationStatus)")
    }
    return [UInt8](content)
  }
}
