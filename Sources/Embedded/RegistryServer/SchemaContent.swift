import Bytes
import JSON

/// A schema that another one uses by name, always with a real version.
struct StoredReference: Sendable, Equatable {
  let name: String
  let subject: String
  let version: Int

  var json: JSONValue {
    ["name": .string(name), "subject": .string(subject), "version": .int(version)]
  }
}

/// A schema as its identity sees it: the canonical text and what hangs on it, and the hash that
/// stands for all of it.
struct SchemaContent: Sendable, Equatable {
  let text: String
  let references: [StoredReference]
  /// As they were sent; part of the identity, without a meaning here.
  let metadata: JSONValue?
  let ruleSet: JSONValue?
  /// MD5 as a UUID; Confluent's GUID, but for schemas with metadata or rules, whose bytes it hashes
  /// in a way of its own.
  let guid: String

  init(
    text: String, references: [StoredReference] = [], metadata: JSONValue? = nil,
    ruleSet: JSONValue? = nil
  ) {
    self.text = text
    self.references = references
    self.metadata = metadata
    self.ruleSet = ruleSet
    var bytes = Array(text.utf8)
    for reference in references {
      bytes += Array(reference.name.utf8) + Array(reference.subject.utf8)
      withUnsafeBytes(of: UInt32(clamping: reference.version).bigEndian) { bytes += $0 }
    }
    for part in [metadata, ruleSet] {
      if let part { bytes += [1] + Array(part.serialized().utf8) }
    }
    var guid = Hex.encode(Digest.md5(bytes))
    for place in [20, 16, 12, 8] {
      guid.insert("-", at: guid.index(guid.startIndex, offsetBy: place))
    }
    self.guid = guid
  }

  /// From the columns of a row; `extras` is empty or a JSON object.
  init(text: String, extras: String) {
    guard !extras.isEmpty, let json = try? JSONValue.parse(extras) else {
      self.init(text: text)
      return
    }
    let references = (json["references"]?.array ?? []).compactMap { StoredReference($0) }
    self.init(
      text: text, references: references, metadata: json["metadata"], ruleSet: json["ruleSet"])
  }

  /// What the row keeps beside the text.
  var extras: String {
    let members = extraMembers
    return members.isEmpty ? "" : JSONValue.object(members).serialized()
  }

  /// `references`, `metadata`, `ruleSet`, where there are any.
  var extraMembers: [JSONMember] {
    var members: [JSONMember] = []
    if !references.isEmpty {
      members.append(JSONMember("references", .array(references.map(\.json))))
    }
    if let metadata { members.append(JSONMember("metadata", metadata)) }
    if let ruleSet { members.append(JSONMember("ruleSet", ruleSet)) }
    return members
  }
}

extension StoredReference {
  init?(_ json: JSONValue) {
    guard let name = json["name"]?.string, let subject = json["subject"]?.string,
      let version = json["version"]?.int64
    else { return nil }
    self.init(name: name, subject: subject, version: Int(clamping: version))
  }
}

/// One version of one subject, with its schema.
struct StoredVersion: Sendable, Equatable {
  let subject: String
  let version: Int
  let id: Int
  let isDeleted: Bool
  let content: SchemaContent
}
