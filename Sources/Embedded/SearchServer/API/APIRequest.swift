import Bytes
import HTTPServer
import JSON

/// A request as the API's functions see it: body unpacked, parameters checked.
struct APIRequest {
  let http: HTTPServerRequest
  let body: [UInt8]

  var query: HTTPQuery { http.query }

  /// Largest body, unpacked, in bytes: `http.max_content_length` of Elasticsearch.
  static let maximumBytes = 100 << 20

  init(_ http: HTTPServerRequest) throws(SearchProblem) {
    self.http = http
    try Self.checkMediaTypes(http)
    switch http.first(named: "content-encoding")?.lowercased() {
    case nil, "identity": body = http.body
    case "gzip": body = try Self.unpacked(http.body)
    case let encoding?:
      throw SearchProblem(
        415, "unsupported_media_type_exception", "Content-Encoding [\(encoding)] is not supported")
    }
  }

  private static func unpacked(_ packed: [UInt8]) throws(SearchProblem) -> [UInt8] {
    do throws(GzipError) {
      var decoder = try GzipDecoder(pieceSize: 1 << 18)
      var unpacked: [UInt8] = []
      let isTooLarge = try packed.withUnsafeBufferPointer { buffer throws(GzipError) in
        var input = UnsafeRawBufferPointer(buffer)
        while let piece = try decoder.next(&input) {
          if unpacked.count + piece.count > maximumBytes { return true }
          unpacked.append(contentsOf: piece)
        }
        try decoder.finish()
        return false
      }
      guard !isTooLarge else { throw GzipError.outOfMemory }
      return unpacked
    } catch {
      if error == .outOfMemory {
        throw SearchProblem(
          413, "content_too_long_exception", "the body is larger than \(maximumBytes) bytes")
      }
      throw SearchProblem(400, "parse_exception", "the body is no gzip: \(error)")
    }
  }

  /// Plain JSON, newline-delimited JSON, and the versioned types of the clients of 8 and 9.
  private static func checkMediaTypes(_ http: HTTPServerRequest) throws(SearchProblem) {
    for name in ["content-type", "accept"] {
      guard let header = http.first(named: name), header.contains("vnd.elasticsearch+") else {
        continue
      }
      let version = header.split(separator: "compatible-with=").dropFirst().first?.prefix {
        $0.isNumber
      }
      guard let version, !["8", "9"].contains(version) else { continue }
      throw SearchProblem(
        400, "media_type_header_exception",
        "Invalid media-type value on headers [\(name == "accept" ? "Accept" : "Content-Type")]",
        cause: [
          "type": "status_exception",
          "reason": .string(
            "A compatible version is required, found [\(version)], supported: 8, 9"),
        ])
    }
    if http.body.isEmpty { return }
    let type = http.first(named: "content-type") ?? ""
    let bare = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    let known = [
      "application/json", "application/x-ndjson", "application/vnd.elasticsearch+json",
      "application/vnd.elasticsearch+x-ndjson",
    ]
    if !known.contains(bare) {
      var problem = SearchProblem(
        406, "", "Content-Type header [\(type)] is not supported")
      problem.isFlat = true
      throw problem
    }
  }

  /// A path's parameter.
  subscript(name: String) -> String { http[name] }

  /// The body as JSON; nil where it is empty.
  func json() throws(SearchProblem) -> JSONValue? {
    if body.isEmpty { return nil }
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue.parse(body) } catch {
      throw .contentParse(error.description)
    }
    guard json.object != nil else {
      throw .parsing("Expected [START_OBJECT] but found another value")
    }
    return json
  }

  func requiredJSON() throws(SearchProblem) -> JSONValue {
    guard let json = try json() else { throw .bodyRequired }
    return json
  }

  func flag(_ name: String, default standard: Bool = false) throws(SearchProblem) -> Bool {
    guard query.contains(name) else { return standard }
    guard let flag = query.bool(name) else {
      throw .illegal(
        "Failed to parse value [\(query[name] ?? "")] as only [true] or [false] are allowed.")
    }
    return flag
  }

  func int(_ name: String) throws(SearchProblem) -> Int? {
    guard let text = query[name] else { return nil }
    guard let number = Int(text) else {
      throw .illegal("Failed to parse int parameter [\(name)] with value [\(text)]")
    }
    return number
  }

  /// Whether a write's answer says that it was refreshed: not for `wait_for`.
  var forcesRefresh: Bool { query.contains("refresh") && query.bool("refresh") == true }
}

/// What the API answers.
struct APIAnswer {
  var status = 200
  var body: [UInt8]
  /// nil: JSON.
  var contentType: String?

  init(_ json: JSONValue, status: Int = 200) {
    self.init(bytes: Array(json.serialized().utf8), status: status)
  }

  /// - Parameter bytes: JSON's text.
  init(bytes: [UInt8], status: Int = 200) {
    body = bytes
    self.status = status
  }

  init(text: String) {
    body = Array(text.utf8)
    contentType = "text/plain; charset=UTF-8"
  }

  static let acknowledged = APIAnswer(["acknowledged": true])
}
