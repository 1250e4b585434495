import Foundation
import Kafka
import RegistryServer
import SearchServer

/// Addresses and folder of an embedded stack.
public struct DevStackSettings: Sendable {
  /// Registry and documents live here; made if need be.
  public var data: String
  /// Address of the registry; port 0 = any free one.
  public var registry = "127.0.0.1:8081"
  /// Address of the Elasticsearch subset.
  public var elasticsearch = "127.0.0.1:9200"
  public var topics: [String]
  public var partitions: Int32 = 4
  /// Where other commands look for the stack.
  public var statePath: String

  public init(data: String, topics: [String], statePath: String) {
    self.data = data
    self.topics = topics
    self.statePath = statePath
  }
}

/// A mock Kafka, the local registry and the Elasticsearch subset in this process, over real sockets.
///
/// Schemas and documents are on the disk before they are acknowledged. The topics are in memory: they end
/// with the process, and keep only some megabytes a partition (`MockCluster`).
public final class DevStack {
  private let kafka: MockCluster
  private let registry: RegistryServer
  private let search: SearchServer
  private let file: DevStateFile
  public let state: DevState
  /// Whether an earlier stack on this folder had topics that are gone now.
  public let hadTopics: Bool

  public init(_ settings: DevStackSettings) throws(DevStackError) {
    file = try DevStateFile(path: settings.statePath)
    hadTopics = FileManager.default.fileExists(atPath: "\(settings.data)/search")
    do throws(RegistryServerError) {
      registry = try RegistryServer(
        dataDirectory: "\(settings.data)/registry", listen: settings.registry)
    } catch {
      throw DevStackError(error.code == .listening ? .address : .storage, "registry: \(error)")
    }
    do throws(SearchServerError) {
      search = try SearchServer(
        dataFolder: "\(settings.data)/search", listen: settings.elasticsearch)
    } catch {
      throw DevStackError(error.code == .listening ? .address : .storage, "search: \(error)")
    }
    do throws(KafkaError) {
      let cluster = try MockCluster()
      for topic in settings.topics {
        try cluster.create(topic, partitions: settings.partitions)
      }
      kafka = cluster
    } catch {
      throw DevStackError(.kafka, error.description)
    }
    state = DevState(
      kafka: kafka.address, registry: "http://127.0.0.1:\(registry.port)",
      elasticsearch: "http://127.0.0.1:\(search.port)", data: settings.data,
      startedAt: Int64(Date.now.timeIntervalSince1970 * 1000))
    // What stages remember of topics that ended with another process would only mislead them.
    try? FileManager.default.removeItem(atPath: state.stageData)
    try file.write(state)
  }

  /// Finishes what runs and closes the connections; the topics end with this value.
  public func stop() {
    search.stop()
    registry.stop()
  }
}

/// Why an embedded stack could not be started.
public struct DevStackError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: Sendable {
    /// A file or folder can't be used.
    case storage
    /// An address is taken.
    case address
    /// Another stack of this user runs.
    case running
    case kafka
  }

  public let code: Code
  public let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
