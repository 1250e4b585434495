import Foundation
import HTTPServer
import JSON

/// A search server of one process and one folder, with a documented part of Elasticsearch's API.
///
/// What is written is on the disk before it is answered, and is found by the next search. What is
/// not done here is refused by name, in Elasticsearch's error shape; `capabilities` lists what is.
public final class SearchServer: Sendable {
  private let server: HTTPServer

  /// The port listened on, also where 0 was asked for.
  public var port: Int { server.port }

  /// Opens or makes the indices of a folder, which is made if need be, and listens.
  ///
  /// - Parameters:
  ///   - listen: `HOST:PORT`; port 0 = any free one.
  ///   - token: required of every request where set, and where other machines can reach it.
  public init(
    dataFolder: String, listen: String = "127.0.0.1:9200", token: String? = nil
  ) throws(SearchServerError) {
    do {
      try FileManager.default.createDirectory(
        atPath: dataFolder, withIntermediateDirectories: true)
      let service = try SearchService(folder: dataFolder)
      var options = HTTPServerOptions(token: token)
      options.maximumBodyBytes = APIRequest.maximumBytes
      server = try HTTPServer(listen: listen, options: options, routes: service.routes())
    } catch let error as HTTPServerError {
      throw SearchServerError(code: .listening, message: error.description)
    } catch let error as SearchProblem {
      throw SearchServerError(code: .storage, message: "\(dataFolder): \(error.reason)")
    } catch {
      throw SearchServerError(
        code: .storage, message: "\(dataFolder): \(error.localizedDescription)")
    }
  }

  /// Finishes what runs, closes the connections and joins the threads. Safe to call twice.
  public func stop() { server.stop() }
}

/// Why a search server could not be started.
public struct SearchServerError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: String, Sendable {
    /// The folder or a file in it cannot be used.
    case storage
    /// The address is taken, not this machine's, or needs a token.
    case listening
  }

  public let code: Code
  public let message: String

  public var description: String { message }
}
