import JSON
import Kafka

/// Debezium's unwrap: the row after a change instead of the whole event; a deletion becomes a tombstone.
struct ExtractNewRecordState: Transform {
  private enum Deletions: String { case tombstone, drop, rewrite, none }

  private let deletions: Deletions
  private let dropsTombstones: Bool
  private let added: [String]
  private let prefix: String

  init?(_ read: inout TransformProperties) {
    // Debezium 2.5's name, else the two older ones.
    let mode = read.optional("delete.tombstone.handling.mode")
    let older = read.optional("delete.handling.mode")
    dropsTombstones = read.flag("drop.tombstones", false) || mode == "drop"
    switch (mode ?? older ?? "tombstone").lowercased() {
    case "tombstone": deletions = .tombstone
    case "drop": deletions = .drop
    case "rewrite", "rewrite-with-tombstone": deletions = .rewrite
    case "none": deletions = .none
    default:
      read.fail(
        "delete.tombstone.handling.mode", "must be drop, tombstone, rewrite, rewrite-with-tombstone"
      )
      return nil
    }
    added = read.list("add.fields")
    prefix = read.optional("add.fields.prefix") ?? "__"
  }

  func apply(_ record: ConnectRecord) throws(RecordFault) -> ConnectRecord? {
    guard let event = record.value else { return dropsTombstones ? nil : record }
    // What is no change event passes, as Debezium lets heartbeats and schema changes pass.
    guard event["op"] != nil, let after = event["after"] else { return record }
    var record = record
    record.schema = record.schema?.fields.first { $0.name == "after" }?.schema
    if var members = after.object {
      members += extras(event)
      if deletions == .rewrite { members.append(JSONMember("__deleted", "false")) }
      record.value = .object(members)
      return record
    }
    switch deletions {
    case .drop: return nil
    case .tombstone, .none: record.value = nil
    case .rewrite:
      guard let before = event["before"]?.object else { return nil }
      record.value = .object(before + extras(event) + [JSONMember("__deleted", "true")])
    }
    return record
  }

  private func extras(_ event: JSONValue) -> [JSONMember] {
    added.map { path in
      let name = prefix + path.replacing(".", with: "_")
      return JSONMember(name, event.at(path) ?? event["source"]?.at(path) ?? .null)
    }
  }
}
