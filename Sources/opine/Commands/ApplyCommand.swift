import CMappings
import Elasticsearch
import Foundation
import JSON
import Kafka
import SchemaRegistry

/// `opine apply`: creates what is missing, after showing what that is; never deletes or changes.
enum ApplyCommand {
  static let partitions = Option(
    "partitions", .number(1...1000), "N", standard: "4", "partitions of a new topic")
  static let replication = Option(
    "replication", .number(1...100), "N", standard: "1", "copies of a new topic")

  /// One thing that ought to be there, and how it is made.
  private struct Item {
    let what: String
    let name: String
    let isPresent: Bool
    let make: () async throws -> Void
  }

  static let command = Command(
    "apply", "create what is missing: schemas, topics, index",
    options: [.kafka, .registry, .elasticsearch, .yes, .dryRun, partitions, replication],
    example: "opine apply --yes"
  ) { invocation in
    Terminal.say(
      "Kafka \(invocation.text(.kafka)), registry \(invocation.text(.registry)), "
        + "Elasticsearch \(invocation.text(.elasticsearch))")
    let registry = registryClient(invocation)
    let client = elasticsearch(invocation)
    defer { client.http.shutdown() }
    let items =
      try await subjects(registry) + topics(invocation) + index(client)
    Terminal.print(
      Terminal.table(
        ["WHAT", "NAME", "STATE"],
        items.map { [$0.what, $0.name, $0.isPresent ? "present" : "missing"] }))
    let missing = items.filter { !$0.isPresent }
    if missing.isEmpty {
      Terminal.print("nothing to do")
      return .done
    }
    if invocation.flag(.dryRun) { return .done }
    guard try invocation.confirms("create these \(missing.count)?") else {
      Terminal.say("nothing was changed")
      return .failed
    }
    for item in missing {
      try await item.make()
      Terminal.print("created \(item.what) \(item.name)")
    }
    return .done
  }

  /// Schemas, template and index, with nobody asked.
  static func makeMissing(
    registry: RegistryClient, elasticsearch: ElasticsearchClient
  ) async throws {
    for item in try await subjects(registry) + index(elasticsearch) where !item.isPresent {
      try await item.make()
    }
  }

  // MARK: - What ought to be there

  private static func subjects(_ registry: RegistryClient) async throws -> [Item] {
    var items: [Item] = []
    for (subject, schema) in PipelineParts.schemas {
      let isPresent: Bool
      do throws(RegistryError) {
        _ = try await registry.send(.lookup(subject: subject, schema: schema))
        isPresent = true
      } catch {
        guard error.code == .notFound else { throw unreachable(error, "the plan can't be made") }
        isPresent = false
      }
      items.append(
        Item(what: "schema", name: subject, isPresent: isPresent) {
          do throws(RegistryError) {
            _ = try await registry.send(.register(subject: subject, schema: schema))
          } catch {
            throw unreachable(error, "schema \(subject) was not registered")
          }
        })
    }
    return items
  }

  private static func topics(_ invocation: Invocation) throws -> [Item] {
    let partitions = Int32(try invocation.number(partitions))
    let replication = Int32(try invocation.number(replication))
    let kafka = invocation.kafkaProperties
    let present: [String: Int32]
    do throws(KafkaError) {
      present = try Admin(kafka).partitionCounts()
    } catch {
      throw unreachable(error, "the plan can't be made")
    }
    return PipelineParts.topics.map { name in
      Item(what: "topic", name: name, isPresent: present[name] != nil) {
        do throws(KafkaError) {
          try Admin(kafka).create(
            NewTopic(
              name, partitions: partitions, replication: replication,
              settings: PipelineParts.topicSettings))
        } catch {
          throw unreachable(error, "topic \(name) was not made")
        }
      }
    }
  }

  private static func index(_ client: ElasticsearchClient) throws -> [Item] {
    let template = "/_index_template/reviews"
    do throws(ElasticsearchError) {
      return [
        Item(
          what: "template", name: "reviews",
          isPresent: try client.exists(template, operation: "look for template reviews")
        ) {
          let body = try JSONValue.parse(String(cString: opine_reviews_template()))
          try made("template reviews") { () throws(ElasticsearchError) in
            try client.call(.put, template, body, operation: "put template reviews")
          }
        },
        Item(
          what: "alias", name: "reviews -> reviews-000001",
          isPresent: try client.exists("/_alias/reviews", operation: "look for alias reviews")
        ) {
          try made("index reviews-000001") { () throws(ElasticsearchError) in
            try makeIndex(client)
          }
        },
      ]
    } catch {
      throw unreachable(error, "the plan can't be made")
    }
  }

  private static func makeIndex(_ client: ElasticsearchClient) throws(ElasticsearchError) {
    let name = "reviews-000001"
    if try client.exists("/\(name)", operation: "look for index \(name)") {
      let add: JSONValue = ["index": .string(name), "alias": "reviews", "is_write_index": true]
      try client.call(
        .post, "/_aliases", ["actions": [["add": add]]], operation: "add alias reviews")
    } else {
      try client.call(
        .put, "/\(name)", ["aliases": ["reviews": ["is_write_index": true]]],
        operation: "make index \(name)")
    }
  }

  private static func made(
    _ what: String, _ body: () throws(ElasticsearchError) -> Void
  ) throws {
    do throws(ElasticsearchError) { try body() } catch {
      throw unreachable(error, "\(what) was not made")
    }
  }
}
