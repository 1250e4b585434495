/// Micro-benchmarks, by name: `Benchmarks avro`.
@main
struct Benchmarks {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "avro": benchmarkAvro()
    case "json": benchmarkJSON()
    case "model": benchmarkModel()
    case "enrich": benchmarkEnrich()
    case "search":
      benchmarkSearch(count: option("--count", in: arguments).flatMap { Int($0) } ?? 100_000)
    case "registry": benchmarkRegistry()
    case "train" where arguments.count > 2:
      trainModel(output: arguments[1], files: Array(arguments[2...]))
    case "eval" where arguments.count > 2:
      evaluateModel(arguments[1], files: Array(arguments[2...]))
    case "fuzz":
      let count = option("--count", in: arguments).flatMap { Int($0) } ?? 1_000_000
      let seed = option("--seed", in: arguments).flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
      if !fuzzAvro(count: count, seed: seed) { exitWithFailure() }
    default:
      print(
        "usage: Benchmarks avro | json | model | enrich | registry | search [--count N]"
          + " | fuzz [--count N] [--seed N]")
      print("       Benchmarks train MODEL FILE… | eval MODEL|builtin FILE…")
    }
  }

  /// The argument behind an option's name.
  private static func option(_ name: String, in arguments: [String]) -> String? {
    guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else {
      return nil
    }
    return arguments[place + 1]
  }
}
