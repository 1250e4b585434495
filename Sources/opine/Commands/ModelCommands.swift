import Bytes
import Enrich
import Foundation
import JSON
import Reviews

/// `opine score`, `eval` and `train`: the model by itself.
enum ModelCommands {
  static let model = Option("model", .text, "FILE", "a model of your own, from opine train")
  static let out = Option("out", .text, "FILE", "where the model is written")

  static let score = Command(
    "score", "standard input's texts to labels", options: [model, SearchCommand.explain],
    example: "echo 'The soup was cold.' | opine score"
  ) { invocation in
    let model = try load(invocation)
    var scorer = LineScorer(model, explains: invocation.flag(SearchCommand.explain))
    var lines = InputLines()
    let limit = isatty(STDIN_FILENO) == 1 || Terminal.isInteractive ? 0 : 1 << 16
    while !Terminal.hasLostReader, lines.next({ scorer.add($0) }) { scorer.flush(over: limit) }
    scorer.flush(over: 0)
    return .done
  }

  static let eval = Command(
    "eval", "measure the model against labelled rows", arguments: "FILE …",
    argumentCount: 1...64, options: [model, .json], example: "opine eval reviews.jsonl --json"
  ) { invocation in
    let model = try load(invocation)
    let rows: [(name: String, result: ModelEvaluation)]
    let total: ModelEvaluation
    do throws(LabelledFileError) {
      let files = invocation.arguments.map(LabelledFile.init)
      var found: [(name: String, result: ModelEvaluation)] = []
      for file in files {
        found.append((file.path, try ModelEvaluation.run(model, on: [file])))
      }
      total = files.count == 1 ? found[0].result : try ModelEvaluation.run(model, on: files)
      rows = found
    } catch {
      throw bad(error)
    }
    if invocation.flag(.json) {
      var members = ModelCommands.members(total)
      if rows.count > 1 {
        let files = rows.map { row in
          JSONValue.object(
            [JSONMember("file", .string(row.name))] + ModelCommands.members(row.result))
        }
        members.append(JSONMember("files", .array(files)))
      }
      Terminal.print(JSONValue.object(members).serialized())
      return .done
    }
    let all = rows.count > 1 ? rows + [("all", total)] : rows
    Terminal.print(
      Terminal.table(
        ["ROWS", "ACCURACY", "BINARY", "MACRO F1", "FILE"],
        all.map { name, result in
          [Terminal.grouped(result.rows)]
            + [result.accuracy, result.binaryAccuracy, result.macroF1].map {
              String(format: "%.4f", $0)
            } + [name]
        }))
    return .done
  }

  static let train = Command(
    "train", "a model from labelled rows", arguments: "FILE …", argumentCount: 1...64,
    options: [out], example: "opine train reviews.jsonl --out linear.model"
  ) { invocation in
    guard let path = invocation.optional(out) else {
      throw CommandError.usage("say where to write the model: --out FILE", invocation.command)
    }
    var trainer = LinearTrainer()
    do throws(LabelledFileError) {
      for file in invocation.arguments { try trainer.add(LabelledFile(file)) }
    } catch {
      throw bad(error)
    }
    let (weights, report) = trainer.train()
    let bytes = weights.serialized()
    do {
      try Data(bytes).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw CommandError(
        .failed, "\(path) can't be written", why: error.localizedDescription,
        next: "choose another --out FILE")
    }
    Terminal.print(
      "\(path): \(bytes.count) bytes from \(Terminal.grouped(report.rows)) rows, "
        + "\(Terminal.grouped(report.neutralRows)) of them neutral, in \(report.rounds) rounds")
    return .done
  }

  private static func load(_ invocation: Invocation) throws -> LinearModel {
    guard let path = invocation.optional(model) else { return try builtIn() }
    return try usable { () throws(ModelFileError) in LinearModel(try LinearWeights(file: path)) }
  }

  /// The model in the program.
  static func builtIn() throws -> LinearModel {
    try usable { () throws(ModelFileError) in try LinearModel.builtIn() }
  }

  private static func usable(
    _ make: () throws(ModelFileError) -> LinearModel
  ) throws -> LinearModel {
    do throws(ModelFileError) { return try make() } catch {
      throw CommandError(
        .failed, "the model can't be used", why: error.description,
        next: "leave --model out, or make one with opine train")
    }
  }

  private static func bad(_ error: LabelledFileError) -> CommandError {
    CommandError(
      .failed, "the labelled rows can't be read", why: error.description, next: "mend the file")
  }

  private static func members(_ result: ModelEvaluation) -> [JSONMember] {
    let measures = [
      ("accuracy", result.accuracy), ("binary_accuracy", result.binaryAccuracy),
      ("macro_f1", result.macroF1),
    ]
    return [JSONMember("rows", .int(result.rows))]
      + measures.map { JSONMember($0.0, .number($0.1.description)) }
  }
}

/// Scores lines into one buffer of JSON lines; nothing is allocated for a line.
private struct LineScorer: ~Copyable {
  private let model: LinearModel
  private let explains: Bool
  private var parser = JSONParser()
  private var output = ByteBuffer()

  /// `explains`: with the words that made the score, for which it allocates.
  init(_ model: LinearModel, explains: Bool) {
    self.model = model
    self.explains = explains
  }

  /// A line that is a JSON object with a `text` is scored by that, any other by itself.
  mutating func add(_ line: UnsafeRawBufferPointer) {
    var text = line
    if line.first == UInt8(ascii: "{"), let view = try? parser.parse(line),
      let member = view.member("text")?.stringBytes
    {
      text = member
    }
    let sentiment = model.score(text)
    output.append("{\"label\":\"")
    output.append(sentiment.label.symbol)
    output.append("\",\"score\":")
    output.appendJSON(sentiment.score)
    output.append(",\"confidence\":")
    output.appendJSON(sentiment.confidence)
    if explains {
      output.append(",\"explanation\":")
      output.appendJSON(ExplainedText(String(decoding: text, as: UTF8.self), model).json)
    }
    output.append("}\n")
  }

  mutating func flush(over limit: Int) {
    guard output.count > limit else { return }
    output.withUnsafeBytes { Terminal.write($0, to: STDOUT_FILENO) }
    output.removeAll()
  }
}

/// The lines of standard input, without their ends; the memory of one is the next one's.
private struct InputLines: ~Copyable {
  private var line: UnsafeMutablePointer<CChar>?
  private var capacity = 0
  private let input = fdopen(STDIN_FILENO, "r")

  init() {}

  deinit { free(line) }

  /// False at the end of input. Empty lines are handed over too: one line out for one line in.
  mutating func next(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
    guard let input else { return false }
    var count = getline(&line, &capacity, input)
    guard count >= 0, let line else { return false }
    while count > 0, [10, 13].contains(line[count - 1]) { count -= 1 }
    body(UnsafeRawBufferPointer(start: line, count: count))
    return true
  }
}
