import Foundation
import Testing

/// The habits of this code base, as tests: size, imports, and words that must not be there.
@Suite struct TidyTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func swiftFiles(_ folder: String) -> [(path: String, text: String)] {
    let base = root.appending(path: folder)
    let all = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? [])
      .filter { $0.pathExtension == "swift" }
      .compactMap { url in
        (try? String(contentsOf: url, encoding: .utf8)).map {
          (String(url.path.dropFirst(root.path.count + 1)), $0)
        }
      }
  }

  @Test func sourceFilesStayUnderFourHundredLines() {
    for file in Self.swiftFiles("Sources") {
      let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 401, "\(file.path) has \(lines) lines")
    }
  }

  @Test func nothingTrapsOnWhatOthersSend() {
    for file in Self.swiftFiles("Sources") {
      for word in ["try!", "fatalError(", "preconditionFailure("] {
        #expect(!file.text.contains(word), "\(file.path) has \(word)")
      }
    }
  }

  @Test func promisesToTheCompilerSayWhy() {
    for file in Self.swiftFiles("Sources") {
      let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
      for (number, line) in lines.enumerated()
      where line.contains("@unchecked Sendable") && !line.contains("///") {
        let around = lines[max(0, number - 8)...min(lines.count - 1, number + 1)]
        let said = around.contains { $0.lowercased().contains("because") }
        #expect(said, "\(file.path):\(number + 1) says no because")
      }
    }
  }

  @Test func eachCLibraryIsImportedByOneTarget() {
    let owners = [
      "CRdKafka": "Sources/Kafka/", "CCurl": "Sources/Platform/HTTPClient/",
      "CMicrohttpd": "Sources/Platform/HTTPServer/", "CSQLite": "Sources/Platform/SQLite/",
      "CYAML": "Sources/Platform/Configuration/", "CZlib": "Sources/Platform/Bytes/",
      "CCrypto": "Sources/Platform/Bytes/", "CSimdJSON": "Sources/Platform/JSON/",
      "CModel": "Sources/Enrich/", "CMappings": "Sources/opine/", "CAvro": "Sources/Avro/",
    ]
    for file in Self.swiftFiles("Sources") {
      for (library, owner) in owners where file.text.contains("import \(library)\n") {
        #expect(file.path.hasPrefix(owner), "\(file.path) imports \(library)")
      }
    }
  }

  @Test func theStagesDoNotImportEachOther() {
    let stages = ["Ingest", "Enrich", "ESSink"]
    for stage in stages {
      for file in Self.swiftFiles("Sources/\(stage)") {
        for other in stages where other != stage {
          #expect(!file.text.contains("import \(other)\n"), "\(file.path) imports \(other)")
        }
      }
    }
  }

  @Test func theSinkKnowsNoReviews() {
    for file in Self.swiftFiles("Sources/ESSink") + Self.swiftFiles("Sources/Connect") {
      #expect(!file.text.contains("import Reviews\n"), "\(file.path) imports Reviews")
    }
  }

  @Test func everyTestThatTheSinksCasesNameIsThere() throws {
    let table = try String(
      contentsOf: Self.root.appending(path: "docs/sink-cases.md"), encoding: .utf8)
    let base = Self.root.appending(path: "Tests")
    let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
    let sources = (files?.allObjects as? [URL] ?? [])
      .filter { ["swift", "py"].contains($0.pathExtension) }
      .compactMap { try? String(contentsOf: $0, encoding: .utf8) }.joined()
    let rows = table.split(separator: "\n").filter { $0.hasPrefix("| ") }
    // Every second piece between backticks is a name.
    let names = rows.flatMap { row in
      row.split(separator: "`", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
    #expect(names.count > 80)
    for name in names where !name.hasPrefix("case_…") {
      let isThere = sources.contains(name)
      #expect(isThere, "no test is called \(name)")
    }
  }
}
