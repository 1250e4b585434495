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
  /// By which this machine reaches it.
  public var url: String { server.url }

  /// Opens or makes the registry in a directory, which is made if need be, and listens.
  ///
  /// - Parameters:
  ///   - listen: `HOST:PORT`; port 0 = any free one.
  ///   - options: token and certificate; limits are the registry's own.
  public init(
    dataDirectory: String, listen: String = "127.0.0.1:8081",
    options: HTTPServerOptions = HTTPServerOptions()
  ) throws(RegistryServerError) {
    do {
      try FileManager.default.createDirectory(
        atPath: dataDirectory, withIntermediateDirectories: true)
      let store = try RegistryStore(directory: dataDirectory)
      var options = options
      options.maximumBodyBytes = 4 << 20
      // Registrations that wait for the disk together share one wait.
      options.slowThreads = 8
      server = try HTTPServer(
        listen: listen, options: options, routes: RegistryService(store).routes())
    } catch let error as HTTPServerError {
      throw RegistryServerError(message: error.description, listening: error)
    } catch let error as SQLiteError {
      throw RegistryServerError(message: "\(dataDirectory)/registry.db: \(error.description)")
    } catch {
      throw RegistryServerError(message: "\(dataDirectory): \(error.localizedDescription)")
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
    /// The address is taken, not this machine's, or needs a token; or the certificate can't be used.
    case listening
  }

  public let message: String
  /// What the server said where it could not listen.
  public let listening: HTTPServerError?
  public var code: Code { listening == nil ? .storage : .listening }

  init(message: String, listening: HTTPServerError? = nil) {
    self.message = message
    self.listening = listening
  }

  public var description: String { message }
}
