import JSON

/// What to do with each type of a writer's schema so that a value of the reader's comes out,
/// compiled to one array: recursive types are indexes into it.
struct AvroResolution: Sendable {
  enum Primitive: Sendable { case null, boolean, int, long, float, double, bytes, string }

  indirect enum Action: Sendable {
    /// Reads the one, gives the other; they differ in promotions only.
    case primitive(Primitive, as: Primitive)
    case fixed(Int)
    /// The reader's symbol for each of the writer's; -1 where it has none.
    case enumeration([Int])
    case array(Int)
    case map(Int)
    case record(Record)
    /// What to do for each branch that the writer may have chosen.
    case writerUnion([Int])
    /// The value goes into that branch of the reader's union.
    case readerUnion(branch: Int, Int)
    /// A value that comes here has no place in the reader's schema.
    case fail
  }

  struct Record: Sendable {
    /// The writer's fields in their order, and the reader's place for each; nil = passed over.
    var fields: [(name: String, action: Int, place: Int?)] = []
    /// One for each of the reader's fields; those without a default are read.
    var defaults: [AvroValue?] = []
  }

  private(set) var actions: [Action] = []
  private(set) var root = 0

  /// Both schemas must define every type that they use.
  init(writer: AvroSchema, reader: AvroSchema) throws(AvroSchemaError) {
    var builder = Builder(readerTypes: reader.definitions, writerTypes: writer.definitions)
    root = try builder.action(writer, reader, depth: 0)
    actions = builder.actions
  }
}

private struct Builder {
  private struct Pair: Hashable {
    let writer: AvroName
    let reader: AvroName
    let isSkipped: Bool
  }

  let readerTypes: [AvroName: AvroSchema]
  let writerTypes: [AvroName: AvroSchema]
  var actions: [AvroResolution.Action] = []
  private var compiled: [Pair: Int] = [:]
  /// Inside a field that the reader does not want, where the writer's types are both sides.
  private var isSkipping = false

  init(readerTypes: [AvroName: AvroSchema], writerTypes: [AvroName: AvroSchema]) {
    self.readerTypes = readerTypes
    self.writerTypes = writerTypes
  }

  private func resolve(
    _ schema: AvroSchema, _ types: [AvroName: AvroSchema]
  ) throws(AvroSchemaError) -> AvroSchema {
    guard case .reference(let name) = schema.shape else { return schema }
    guard let found = types[name] else {
      throw AvroSchemaError(path: "", reason: "type \(name) is not defined in the schema")
    }
    return found
  }

  mutating func action(
    _ writer: AvroSchema, _ reader: AvroSchema, depth: Int
  ) throws(AvroSchemaError) -> Int {
    guard depth < AvroSchema.maximumDepth else {
      throw AvroSchemaError(path: "", reason: "more than \(AvroSchema.maximumDepth) levels")
    }
    let writer = try resolve(writer, writerTypes)
    let reader = try resolve(reader, isSkipping ? writerTypes : readerTypes)
    var pair: Pair?
    if let mine = writer.definedName, let theirs = reader.definedName {
      let named = Pair(writer: mine, reader: theirs, isSkipped: isSkipping)
      if let known = compiled[named] { return known }
      pair = named
    }
    let index = actions.count
    actions.append(.fail)
    if let pair { compiled[pair] = index }
    actions[index] = try compile(writer, reader, depth: depth)
    return index
  }

  private mutating func compile(
    _ writer: AvroSchema, _ reader: AvroSchema, depth: Int
  ) throws(AvroSchemaError) -> AvroResolution.Action {
    switch (writer.shape, reader.shape) {
    case (.union(let branches), _):
      var inner: [Int] = []
      for branch in branches { inner.append(try action(branch, reader, depth: depth + 1)) }
      return .writerUnion(inner)
    case (_, .union(let branches)):
      guard let branch = try branch(for: writer, in: branches, depth: depth) else { return .fail }
      return .readerUnion(branch: branch, try action(writer, branches[branch], depth: depth + 1))
    case (.array(let mine), .array(let theirs)):
      return .array(try action(mine, theirs, depth: depth + 1))
    case (.map(let mine), .map(let theirs)):
      return .map(try action(mine, theirs, depth: depth + 1))
    case (.fixed(let mine), .fixed(let theirs)):
      let fits = mine.size == theirs.size && Self.named(theirs.name, theirs.aliases, mine.name)
      return fits ? .fixed(mine.size) : .fail
    case (.enumeration(let mine), .enumeration(let theirs)):
      guard Self.named(theirs.name, theirs.aliases, mine.name) else { return .fail }
      let standard = theirs.defaultSymbol.flatMap { theirs.symbols.firstIndex(of: $0) } ?? -1
      return .enumeration(mine.symbols.map { theirs.symbols.firstIndex(of: $0) ?? standard })
    case (.record(let mine), .record(let theirs)):
      return try record(mine, theirs, depth: depth)
    default:
      guard AvroPromotion.reads(reader.shape, writer.shape),
        let from = Self.primitive(writer), let to = Self.primitive(reader)
      else { return .fail }
      return .primitive(from, as: to)
    }
  }

  /// Names compare without namespaces, aliases with.
  private static func named(_ reader: AvroName, _ aliases: [AvroName], _ writer: AvroName) -> Bool {
    reader.name == writer.name || aliases.contains(writer)
  }

  private mutating func record(
    _ writer: AvroRecord, _ reader: AvroRecord, depth: Int
  ) throws(AvroSchemaError) -> AvroResolution.Action {
    var record = AvroResolution.Record()
    var places: [String: Int] = [:]
    for (place, field) in reader.fields.enumerated() {
      let source = ([field.name] + field.aliases).first { name in
        writer.fields.contains { $0.name == name }
      }
      if let source {
        places[source] = places[source] ?? place
        if places[source] == place {
          record.defaults.append(nil)
          continue
        }
      }
      let types = isSkipping ? writerTypes : readerTypes
      guard let json = field.defaultValue,
        let value = AvroDefault.value(json, for: field.schema, types: types)
      else { return .fail }
      record.defaults.append(value)
    }
    for field in writer.fields {
      let place = places[field.name]
      let wasSkipping = isSkipping
      if place == nil { isSkipping = true }
      defer { isSkipping = wasSkipping }
      let target = place.map { reader.fields[$0].schema } ?? field.schema
      record.fields.append(
        (field.name, try action(field.schema, target, depth: depth + 1), place))
    }
    return .record(record)
  }

  /// The same type by name, else a record that fits, else the first promotion.
  private mutating func branch(
    for writer: AvroSchema, in branches: [AvroSchema], depth: Int
  ) throws(AvroSchemaError) -> Int? {
    var fitting: Int?
    for (index, branch) in branches.enumerated() {
      let branch = try resolve(branch, isSkipping ? writerTypes : readerTypes)
      switch (writer.shape, branch.shape) {
      case (.enumeration(let mine), .enumeration(let theirs)):
        if Self.named(theirs.name, theirs.aliases, mine.name) { return index }
      case (.fixed(let mine), .fixed(let theirs)):
        if Self.named(theirs.name, theirs.aliases, mine.name) { return index }
      case (.record(let mine), .record(let theirs)):
        if Self.named(theirs.name, theirs.aliases, mine.name) { return index }
        guard fitting == nil else { continue }
        let record = try action(writer, branch, depth: depth + 1)
        if fits(record) { fitting = index }
      default: if writer.typeName == branch.typeName { return index }
      }
    }
    return fitting
      ?? branches.firstIndex { AvroPromotion.reads($0.shape, writer.shape) }
  }

  private func fits(_ record: Int) -> Bool {
    guard case .record(let record) = actions[record] else { return false }
    return record.fields.allSatisfy { field in
      if case .fail = actions[field.action] { false } else { true }
    }
  }

  private static func primitive(_ schema: AvroSchema) -> AvroResolution.Primitive? {
    switch schema.shape {
    case .null: .null
    case .boolean: .boolean
    case .int: .int
    case .long: .long
    case .float: .float
    case .double: .double
    case .bytes: .bytes
    case .string: .string
    default: nil
    }
  }
}
