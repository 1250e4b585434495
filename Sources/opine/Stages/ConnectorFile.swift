import CMappings
import Configuration
import Foundation
import JSON

/// Reads connector configurations: `{"name": …, "config": {…}}`, or flat with `name` among the rest.
enum ConnectorFile {
  /// The product's own sink.
  static func builtIn(_ invocation: Invocation) throws -> [String: String] {
    let text = String(cString: opine_reviews_connector())
    return try parse(Array(text.utf8), "reviews-elasticsearch.json", invocation)
  }

  static func read(_ path: String, _ invocation: Invocation) throws -> [String: String] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError(
        .failed, "the connector can't be started", why: "\(path) can't be read",
        next: "give the path of a connector's JSON file")
    }
    return try parse([UInt8](data), path, invocation)
  }

  private static func parse(
    _ bytes: [UInt8], _ name: String, _ invocation: Invocation
  ) throws -> [String: String] {
    func refuse(_ why: String) -> CommandError {
      CommandError(
        .failed, "the connector can't be started", why: "\(name): \(why)", next: "mend \(name)")
    }
    let root: JSONValue
    do throws(JSONError) { root = try JSONValue.parse(bytes) } catch {
      throw refuse(error.description)
    }
    guard let members = (root["config"] ?? root).object else { throw refuse("it is not an object") }
    var properties: [String: String] = [:]
    if let name = root["name"]?.string { properties["name"] = name }
    for member in members {
      guard
        let value = member.value.string ?? member.value.number
          ?? member.value.bool.map(String.init)
      else { throw refuse("\(member.name) must be a text, a number or true or false") }
      do throws(ConfigurationError) {
        properties[member.name] = try Placeholders.resolve(
          value, environment: invocation.resolvedEnvironment)
      } catch {
        throw refuse("\(member.name): \(error.reason)")
      }
    }
    return properties
  }
}
