import JSON

/// Settings of indices: kept and shown; those that would change an answer are refused.
enum IndexSettings {
  /// Nested or dotted settings as flat names without `index.`, values as texts.
  static func flat(_ json: JSONValue?) -> [String: String] {
    var flat: [String: String] = [:]
    func add(_ json: JSONValue, _ path: String) {
      if let members = json.object {
        for member in members {
          add(member.value, path.isEmpty ? member.name : "\(path).\(member.name)")
        }
      } else {
        let name = path.hasPrefix("index.") ? String(path.dropFirst(6)) : path
        flat[name] = json.string ?? json.number ?? json.bool.map { "\($0)" } ?? json.serialized()
      }
    }
    if let json { add(json, "") }
    return flat
  }

  /// Names whose value changes no answer of this server.
  private static let known: Set = [
    "number_of_shards", "number_of_replicas", "refresh_interval", "gc_deletes", "codec",
    "auto_expand_replicas", "max_result_window", "mapping.total_fields.limit", "hidden",
    "translog.durability", "translog.sync_interval", "translog.flush_threshold_size",
    "routing.allocation.include._tier_preference", "lifecycle.name", "version.created", "priority",
    "unassigned.node_left.delayed_timeout", "merge.scheduler.max_thread_count",
    "query.default_field",
    "uuid", "creation_date", "provided_name",
  ]

  static func checked(_ json: JSONValue?) throws(SearchProblem) -> [String: String] {
    let settings = flat(json)
    for name in settings.keys.sorted() where !known.contains(name) {
      if name.hasPrefix("analysis.") {
        throw .unsupported(
          "settings.analysis",
          "analyzers here: \(Analyzer.Name.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      throw .unsupported("settings.\(name)")
    }
    for name in ["number_of_shards", "number_of_replicas"] {
      if let text = settings[name],
        Int(text).map({ $0 < (name == "number_of_shards" ? 1 : 0) }) ?? true
      {
        throw .illegal("Failed to parse value [\(text)] for setting [index.\(name)]")
      }
    }
    return settings
  }

  static func json(_ settings: [String: String]) -> JSONValue {
    .object(settings.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) })
  }

  /// Nested under `index`, as `GET _settings` shows them.
  static func shown(_ index: SearchIndex) -> JSONValue {
    var settings = flat(index.settings)
    settings["number_of_shards"] = settings["number_of_shards"] ?? "1"
    settings["number_of_replicas"] = settings["number_of_replicas"] ?? "1"
    settings["uuid"] = index.uuid
    settings["provided_name"] = index.name
    settings["creation_date"] = String(index.createdAt)
    settings["version.created"] = "8536000"
    var nested = JSONValue.object([])
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
      var one = JSONValue.string(value)
      for part in name.split(separator: ".").reversed() {
        one = .object([JSONMember(String(part), one)])
      }
      nested = JSONMerge.merged(nested, one)
    }
    return ["index": nested]
  }

  static func number(_ name: String, of index: SearchIndex, default standard: Int) -> Int {
    index.settings[name]?.string.flatMap { Int($0) } ?? standard
  }
}

/// Laying one JSON object over another.
enum JSONMerge {
  /// Objects are merged member by member; anything else, and a field's own mapping, is replaced.
  static func merged(_ base: JSONValue, _ over: JSONValue) -> JSONValue {
    guard case .object(let low) = base, case .object(let high) = over, over["type"]?.string == nil
    else { return over }
    var members = low
    for member in high {
      if let place = members.firstIndex(where: { $0.name == member.name }) {
        members[place] = JSONMember(member.name, merged(members[place].value, member.value))
      } else {
        members.append(member)
      }
    }
    return .object(members)
  }

  /// As `_update` merges: every object member by member.
  static func deepMerged(_ base: JSONValue, _ over: JSONValue) -> JSONValue {
    guard case .object(var members) = base, case .object(let high) = over else { return over }
    for member in high {
      if let place = members.firstIndex(where: { $0.name == member.name }) {
        members[place] = JSONMember(
          member.name, deepMerged(members[place].value, member.value))
      } else {
        members.append(member)
      }
    }
    return .object(members)
  }
}
