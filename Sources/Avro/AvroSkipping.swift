extension AvroReader {
  /// Passes over a value, checking it as if it were decoded.
  mutating func skip(_ plan: AvroPlan, _ index: Int, depth: Int) throws(Fault) {
    let node = plan.nodes[index]
    switch node.operation {
    case .null: try countEmptyValue()
    case .boolean: _ = try boolean()
    case .int, .date: _ = try int()
    case .long, .microseconds: _ = try long()
    case .float: _ = try take(4)
    case .double: _ = try take(8)
    case .bytes, .decimalBytes: _ = try bytes()
    case .string: _ = try string()
    case .enumeration: _ = try self.index(below: node.count, else: .unknownSymbol)
    case .fixed, .decimalFixed:
      if node.count == 0 { try countEmptyValue() }
      _ = try take(node.count)
    case .union:
      let branch = try self.index(below: node.count, else: .unknownBranch)
      if branch != node.nullBranch {
        try skip(plan, plan.branches[node.first &+ branch], depth: depth)
      }
    case .record:
      guard depth < Self.maximumDepth else { throw .tooDeep }
      if node.count == 0 { try countEmptyValue() }
      for field in node.first..<node.first &+ node.count {
        do throws(Fault) {
          try skip(plan, plan.fields[field].node, depth: depth &+ 1)
        } catch {
          path.append(.field(plan.fieldNames[field]))
          throw error
        }
      }
    case .array: try skipItems(plan, node, depth: depth)
    case .map: try skipEntries(plan, node, depth: depth)
    }
  }

  private mutating func skipItems(
    _ plan: AvroPlan, _ node: AvroNode, depth: Int
  ) throws(Fault) {
    guard depth < Self.maximumDepth else { throw .tooDeep }
    try blocks { reader, index throws(Fault) in
      do throws(Fault) {
        try reader.skip(plan, node.first, depth: depth &+ 1)
      } catch {
        reader.path.append(.item(index))
        throw error
      }
    }
  }

  private mutating func skipEntries(
    _ plan: AvroPlan, _ node: AvroNode, depth: Int
  ) throws(Fault) {
    guard depth < Self.maximumDepth else { throw .tooDeep }
    try blocks { reader, _ throws(Fault) in
      let key = try reader.string()
      do throws(Fault) {
        try reader.skip(plan, node.first, depth: depth &+ 1)
      } catch {
        reader.path.append(.key(String(decoding: key, as: UTF8.self)))
        throw error
      }
    }
  }
}
