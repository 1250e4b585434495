extension AvroSchema {
  /// Why this schema cannot read everything that `writer` wrote; empty where it can.
  ///
  /// The rules are those of Avro for Java: names compare without namespaces, logical types play no
  /// part. It differs from Java in three places. Each problem has its true location, where Java
  /// repeats the first one for a pair of types that is met again. An enum field without a default
  /// of its own is told as that, not as an enum that cannot be a record. Where a field has its own
  /// name and an alias in the writer, its own name is taken; Java throws.
  public func incompatibilities(asReaderOf writer: AvroSchema) -> [AvroIncompatibility] {
    var checker = AvroCompatibilityChecker(
      readerTypes: definitions, writerTypes: writer.definitions)
    return checker.check(self, writer, depth: 0)
  }
}

/// Compares two trees. A value without state beyond what it has compared already.
private struct AvroCompatibilityChecker {
  /// Problems told of one pair of types; far more than anyone reads, and it bounds the work that
  /// types inside types inside types can ask for.
  private static let maximumProblems = 1000
  /// Levels of types inside types, by way of references too; threads of pools have small stacks.
  private static let maximumDepth = AvroSchema.maximumDepth

  /// Types and fields compared, all in all; unions of many types multiply.
  private static let maximumComparisons = 500_000

  private struct Pair: Hashable {
    let reader: AvroName
    let writer: AvroName
  }

  let readerTypes: [AvroName: AvroSchema]
  let writerTypes: [AvroName: AvroSchema]
  /// What was found of two named types, with steps from there; empty while they are compared, as
  /// recursive types fit until something else shows that they don't.
  private var known: [Pair: [AvroIncompatibility]] = [:]

  private var comparisons = 0

  init(readerTypes: [AvroName: AvroSchema], writerTypes: [AvroName: AvroSchema]) {
    self.readerTypes = readerTypes
    self.writerTypes = writerTypes
  }

  mutating func check(
    _ reader: AvroSchema, _ writer: AvroSchema, depth: Int
  ) -> [AvroIncompatibility] {
    let reader = Self.resolve(reader, readerTypes)
    let writer = Self.resolve(writer, writerTypes)
    comparisons += 1 + reader.fields.count + writer.fields.count
    guard depth < Self.maximumDepth, comparisons < Self.maximumComparisons else {
      return [mismatch(reader, writer)]
    }
    guard let readerName = reader.definedName, let writerName = writer.definedName else {
      return compare(reader, writer, depth: depth)
    }
    let pair = Pair(reader: readerName, writer: writerName)
    if let found = known[pair] { return found }
    known[pair] = []
    let found = compare(reader, writer, depth: depth)
    known[pair] = found
    return found
  }

  private static func resolve(
    _ schema: AvroSchema, _ types: [AvroName: AvroSchema]
  ) -> AvroSchema {
    if case .reference(let name) = schema.shape { types[name] ?? schema } else { schema }
  }

  private mutating func compare(
    _ reader: AvroSchema, _ writer: AvroSchema, depth: Int
  ) -> [AvroIncompatibility] {
    switch (reader.shape, writer.shape) {
    case (.union(let branches), .union(let written)):
      var problems: [AvroIncompatibility] = []
      for (index, branch) in written.enumerated() {
        let step = AvroIncompatibility.Step.branch(index, ofOptional: false)
        problems += lacking(reader, branches, branch, depth: depth).map { problem in
          var moved = problem
          moved.steps = [step]  // of the writer's union; the causes stay the reader's
          return moved
        }
      }
      return problems
    case (_, .union(let written)):
      let isOptional = written.contains { $0.shape == .null }
      var problems: [AvroIncompatibility] = []
      for (index, branch) in written.enumerated() {
        let step = AvroIncompatibility.Step.branch(index, ofOptional: isOptional)
        problems += inner(reader, branch, [step], depth)
      }
      return problems
    case (.union(let branches), _): return lacking(reader, branches, writer, depth: depth)
    case (.array(let mine), .array(let theirs)): return inner(mine, theirs, [.items], depth)
    case (.map(let mine), .map(let theirs)): return inner(mine, theirs, [.values], depth)
    case (.fixed(let mine), .fixed(let theirs)):
      let problems = names(reader, writer, mine.name, mine.aliases)
      if mine.size == theirs.size { return problems }
      let detail = "expected: \(theirs.size), found: \(mine.size)"
      return problems + [problem(.fixedSizeMismatch, [.size], detail, reader, writer)]
    case (.enumeration(let mine), .enumeration(let theirs)):
      let missing = Set(theirs.symbols).subtracting(mine.symbols).sorted()
      let problems = names(reader, writer, mine.name, mine.aliases)
      if missing.isEmpty || mine.defaultSymbol != nil { return problems }
      let detail = "[\(missing.joined(separator: ", "))]"
      return problems + [problem(.missingEnumSymbols, [.symbols], detail, reader, writer)]
    case (.record(let mine), .record(let theirs)):
      return names(reader, writer, mine.name, mine.aliases)
        + fields(mine, theirs, writer, depth: depth)
    default:
      return AvroPromotion.reads(reader.shape, writer.shape) ? [] : [mismatch(reader, writer)]
    }
  }

  private mutating func fields(
    _ reader: AvroRecord, _ writer: AvroRecord, _ writerSchema: AvroSchema, depth: Int
  ) -> [AvroIncompatibility] {
    let written = Dictionary(writer.fields.map { ($0.name, $0) }) { first, _ in first }
    var problems: [AvroIncompatibility] = []
    for (index, field) in reader.fields.enumerated() {
      let step = AvroIncompatibility.Step.field(index, name: field.name)
      if let source = ([field.name] + field.aliases).lazy.compactMap({ written[$0] }).first {
        problems += inner(field.schema, source.schema, [step, .type], depth)
      } else if field.defaultValue == nil {
        let type = Self.resolve(field.schema, readerTypes)
        problems.append(problem(.missingDefault, [step], field.name, type, writerSchema))
      }
      if problems.count > Self.maximumProblems { break }
    }
    return problems
  }

  /// What is said where no branch of a reader's union can take what was written.
  private mutating func lacking(
    _ reader: AvroSchema, _ branches: [AvroSchema], _ writer: AvroSchema, depth: Int
  ) -> [AvroIncompatibility] {
    var nearest: [AvroIncompatibility]?
    for (index, branch) in branches.enumerated() where comparisons < Self.maximumComparisons {
      let found = check(branch, writer, depth: depth + 1)
      if found.isEmpty { return [] }
      let isKin = found.first.map { $0.kind != .typeMismatch || !$0.steps.isEmpty } ?? false
      if isKin, found.count < nearest?.count ?? .max {
        let isOptional = branches.contains { $0.shape == .null }
        nearest = found.map { prefixed($0, [.branch(index, ofOptional: isOptional)]) }
      }
    }
    let writer = Self.resolve(writer, writerTypes)
    let detail = "reader union lacking writer type: \(Self.javaName(writer))"
    var problem = problem(.missingUnionBranch, [], detail, reader, writer)
    problem.causes = nearest ?? []
    return [problem]
  }

  private mutating func inner(
    _ reader: AvroSchema, _ writer: AvroSchema, _ steps: [AvroIncompatibility.Step], _ depth: Int
  ) -> [AvroIncompatibility] {
    check(reader, writer, depth: depth + 1).prefix(Self.maximumProblems)
      .map { prefixed($0, steps) }
  }

  private func prefixed(
    _ problem: AvroIncompatibility, _ steps: [AvroIncompatibility.Step]
  ) -> AvroIncompatibility {
    var moved = problem
    moved.steps = steps + problem.steps
    moved.causes = problem.causes.map { prefixed($0, steps) }
    return moved
  }

  private func names(
    _ reader: AvroSchema, _ writer: AvroSchema, _ name: AvroName, _ aliases: [AvroName]
  ) -> [AvroIncompatibility] {
    guard let written = writer.definedName, written.name != name.name,
      !aliases.contains(written)
    else { return [] }
    return [problem(.nameMismatch, [.name], "expected: \(written.fullName)", reader, writer)]
  }

  private func mismatch(_ reader: AvroSchema, _ writer: AvroSchema) -> AvroIncompatibility {
    let detail =
      "reader type: \(Self.javaName(reader)) not compatible with "
      + "writer type: \(Self.javaName(writer))"
    return problem(.typeMismatch, [], detail, reader, writer)
  }

  private func problem(
    _ kind: AvroIncompatibility.Kind, _ steps: [AvroIncompatibility.Step], _ detail: String,
    _ reader: AvroSchema, _ writer: AvroSchema
  ) -> AvroIncompatibility {
    AvroIncompatibility(kind: kind, steps: steps, detail: detail, reader: reader, writer: writer)
  }

  private static func javaName(_ schema: AvroSchema) -> String {
    if case .record = schema.shape { "RECORD" } else { schema.typeName.uppercased() }
  }
}

/// Which plain types a reader takes in place of another.
enum AvroPromotion {
  /// The same plain type, or one that holds every value of the writer's.
  static func reads(_ reader: AvroSchema.Shape, _ writer: AvroSchema.Shape) -> Bool {
    switch (reader, writer) {
    case (.null, .null), (.boolean, .boolean), (.int, .int), (.long, .long), (.float, .float),
      (.double, .double), (.bytes, .bytes), (.string, .string), (.long, .int), (.float, .int),
      (.float, .long), (.double, .int), (.double, .long), (.double, .float), (.bytes, .string),
      (.string, .bytes):
      true
    default: false
    }
  }
}
