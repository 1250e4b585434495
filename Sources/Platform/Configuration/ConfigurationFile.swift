import CYAML
import Foundation

/// Why a configuration can't be used; the text names the place, never a secret's value.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
  public var description: String { reason }
}

/// Reads `opine.yaml`: nested keys become one key with dots, a list becomes its entries with commas.
public enum ConfigurationFile {
  public static func read(path: String) throws(ConfigurationError) -> [String: String] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError("\(path) can't be read")
    }
    return try parse([UInt8](data), name: path)
  }

  public static func parse(
    _ bytes: [UInt8], name: String
  ) throws(ConfigurationError) -> [String: String] {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) != 0 else { throw ConfigurationError("no memory") }
    defer { yaml_parser_delete(&parser) }
    var document = yaml_document_t()
    let loaded = bytes.withUnsafeBufferPointer { input in
      yaml_parser_set_input_string(&parser, input.baseAddress, input.count)
      return yaml_parser_load(&parser, &document)
    }
    guard loaded != 0 else {
      let problem = parser.problem.map { String(cString: $0) } ?? "not YAML"
      throw ConfigurationError("\(name) line \(parser.problem_mark.line + 1): \(problem)")
    }
    defer { yaml_document_delete(&document) }
    guard let root = yaml_document_get_root_node(&document) else { return [:] }
    var values: [String: String] = [:]
    try collect(root, &document, prefix: "", name, &values)
    return values
  }

  private static func collect(
    _ node: UnsafeMutablePointer<yaml_node_t>, _ document: inout yaml_document_t, prefix: String,
    _ name: String, _ values: inout [String: String]
  ) throws(ConfigurationError) {
    guard node.pointee.type == YAML_MAPPING_NODE else {
      values[prefix] = try text(node, &document, prefix, name)
      return
    }
    let pairs = node.pointee.data.mapping.pairs
    var pair = pairs.start
    while let at = pair, at < pairs.top {
      pair = at + 1
      guard let key = yaml_document_get_node(&document, at.pointee.key),
        let value = yaml_document_get_node(&document, at.pointee.value)
      else { continue }
      let part = try text(key, &document, prefix, name)
      let path = prefix.isEmpty ? part : "\(prefix).\(part)"
      try collect(value, &document, prefix: path, name, &values)
    }
  }

  private static func text(
    _ node: UnsafeMutablePointer<yaml_node_t>, _ document: inout yaml_document_t, _ key: String,
    _ name: String
  ) throws(ConfigurationError) -> String {
    switch node.pointee.type {
    case YAML_SCALAR_NODE:
      let scalar = node.pointee.data.scalar
      return String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
    case YAML_SEQUENCE_NODE:
      var entries: [String] = []
      let items = node.pointee.data.sequence.items
      var item = items.start
      while let at = item, at < items.top {
        item = at + 1
        guard let entry = yaml_document_get_node(&document, at.pointee) else { continue }
        entries.append(try text(entry, &document, key, name))
      }
      return entries.joined(separator: ",")
    default:
      let line = node.pointee.start_mark.line + 1
      throw ConfigurationError("\(name) line \(line): \(key) must be a text, a number or a list")
    }
  }
}
