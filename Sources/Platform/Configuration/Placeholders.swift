import Foundation

/// Puts secrets in: `${env:NAME}`, `${file:PATH}` (the file's content without the last newline) and
/// `${file:PATH:KEY}` (the value of a line `KEY=VALUE` of the file).
public enum Placeholders {
  /// Any other `${…}` is refused. `environment` stands for the process's, so that defaults can be added.
  public static func resolve(
    _ text: String, environment: [String: String]
  ) throws(ConfigurationError) -> String {
    try resolve(text, environment, leavingOthers: false)
  }

  /// Leaves every other `${…}` as it is: it may be a template of somebody else's, as `${topic}`.
  public static func secrets(
    in text: String, environment: [String: String]
  ) throws(ConfigurationError) -> String {
    try resolve(text, environment, leavingOthers: true)
  }

  private static func resolve(
    _ text: String, _ environment: [String: String], leavingOthers: Bool
  ) throws(ConfigurationError) -> String {
    var result = ""
    var rest = text[...]
    while let start = rest.range(of: "${") {
      result += rest[..<start.lowerBound]
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
        if leavingOthers { return result + rest[start.lowerBound...] }
        throw ConfigurationError("a ${ without its }")
      }
      let name = String(rest[start.upperBound..<end])
      if let secret = try value(of: name, environment) {
        result += secret
      } else if leavingOthers {
        result += rest[start.lowerBound...end]
      } else {
        throw ConfigurationError("${\(name)}: use ${env:NAME} or ${file:PATH}")
      }
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  /// Nil where it is no secret's name.
  private static func value(
    of name: String, _ environment: [String: String]
  ) throws(ConfigurationError) -> String? {
    let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return nil }
    switch parts[0] {
    case "env":
      guard let value = environment[parts[1]] else {
        throw ConfigurationError("the environment has no \(parts[1])")
      }
      return value
    case "file": return try content(of: parts[1])
    default: return nil
    }
  }

  private static func content(of place: String) throws(ConfigurationError) -> String {
    if let content = try? String(contentsOfFile: place, encoding: .utf8) {
      return content.hasSuffix("\n") ? String(content.dropLast()) : content
    }
    guard let colon = place.lastIndex(of: ":") else {
      throw ConfigurationError("\(place) can't be read")
    }
    let (path, key) = (String(place[..<colon]), String(place[place.index(after: colon)...]))
    guard let content = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw ConfigurationError("\(path) can't be read")
    }
    for line in content.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, trimmed(pair[0]) == key else { continue }
      return trimmed(pair[1])
    }
    throw ConfigurationError("\(path) has no line \(key)=…")
  }

  private static func trimmed(_ text: Substring) -> String {
    text.trimmingCharacters(in: .whitespaces)
  }
}
