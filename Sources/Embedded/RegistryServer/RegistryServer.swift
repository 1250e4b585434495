import Foundation
import HTTPServer
import SQLite

/// A schema registry of one process and one file, with the REST API of Confluent's.
///
/// Avro only, and one context. What is registered is on the disk before it is answered. Accepted and
/// kept without a meaning here: metadata and rules of schemas, other members of configurations.
public final class RegistryServer: Sendable {
  private let server: HTTPServer

  /// The port listened on, also where 0 was asked for.
  public var port: Int { server.port }

  /// Opens or makes the registry in a directory, which is made if need be, and listens.
  ///
  /// - Parameters:
  ///   - listen: `HOST:PORT`; port 0 = any free one.
  ///   - token: required of every request where set, and where other machines can reach it.
  public init(
    dataDirectory: String, listen: String = "127.0.0.1:8081", token: String? = nil
  ) throws(RegistryServerError) {
    do {
      try FileManager.default.createDirectory(
        atPath: dataDirectory, withIntermediateDirectories: true)
      let store = try RegistryStore(directory: dataDirectory)
      var options = HTTPServerOptions(token: token)
      options.maximumBodyBytes = 4 << 20
      // Registrations that wait for the disk together share one wait.
      options.slowThreads = 8
      server = try HTTPServer(
        listen: listen, options: options, routes: RegistryService(store).routes())
    } catch let error as HTTPServerError {
      throw RegistryServerError(code: .listening, message: error.description)
    } catch let error as SQLiteError {
      throw RegistryServerError(
        code: .storage, message: "\(dataDirectory)/registry.db: \(error.description)")
    } catch {
      throw RegistryServerError(
        code: .storage, message: "\(dataDirectory): \(error.localizedDescription)")
    }
  }

  /// Finishes what runs, closes the connections and joins the threads. Safe to call twice.
  public func stop() { server.stop() }
}

/// Why a registry could not be started.
public struct RegistryServerError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: String, Sendable {
    /// The directory or the file in it cannot be used.
    case storage
    /// The address is taken, not this machine's, or needs a token.
    case listening
  }

  public let code: Code
  public let message: String

  public var description: String { message }
}
