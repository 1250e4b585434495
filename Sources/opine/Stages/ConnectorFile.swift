import CMappings
import Configuration
import Foundation
import JSON

/// Reads connector configurations: `{"name": …, "config": {…}}`, or flat with `name` among the rest.
enum ConnectorFile {
  /// The product's own sink, with what the configuration file says about reaching its services.
  static func builtIn(_ invocation: Invocation) throws -> [String: String] {
    let text = String(cString: opine_reviews_connector())
    let name = "reviews-elasticsearch.json"
    return try resolve(try parse(Array(text.utf8), name), name, invocation)
      .merging(invocation.serviceProperties) { $1 }
  }

  /// With secrets in their places.
  static func read(_ path: String, _ invocation: Invocation) throws -> [String: String] {
    try resolve(try raw(path), path, invocation)
  }

  /// As it stands in the file.
  static func raw(_ path: String) throws -> [String: String] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError(
        .failed, "the connector can't be started", why: "\(path) can't be read",
        next: "give the path of a connector's JSON file")
    }
    return try parse([UInt8](data), path)
  }

  private static func refuse(_ name: String, _ why: String) -> CommandError {
    CommandError(
      .failed, "the connector can't be started", why: "\(name): \(why)", next: "mend \(name)")
  }

  private static func resolve(
    _ raw: [String: String], _ name: String, _ invocation: Invocation
  ) throws -> [String: String] {
    var properties = raw
    for (key, value) in raw {
      do throws(ConfigurationError) {
        properties[key] = try Placeholders.secrets(
          in: value, environment: invocation.resolvedEnvironment)
      } catch {
        throw refuse(name, "\(key): \(error.reason)")
      }
    }
    return properties
  }

  private static func parse(_ bytes: [UInt8], _ name: String) throws -> [String: String] {
    let root: JSONValue
    do throws(JSONError) { root = try JSONValue.parse(bytes) } catch {
      throw refuse(name, error.description)
    }
    guard let members = (root["config"] ?? root).object else {
      throw refuse(name, "it is not an object")
    }
    var properties: [String: String] = [:]
    if let name = root["name"]?.string { properties["name"] = name }
    for member in members {
      guard
        let value = member.value.string ?? member.value.number
          ?? member.value.bool.map(String.init)
      else { throw refuse(name, "\(member.name) must be a text, a number or true or false") }
      properties[member.name] = value
    }
    return properties
  }
}
