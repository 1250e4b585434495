/// A complete answer, whatever its status.
public struct HTTPResponse: Sendable {
  public var status: Int
  /// In order, names in lower case, values trimmed.
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public var isSuccess: Bool { (200..<300).contains(status) }

  /// The first value of a header; `name` in lower case.
  public func first(named name: String) -> String? {
    headers.first { $0.name == name }?.value
  }

  /// The body as UTF-8, malformed bytes replaced.
  public var text: String { String(decoding: body, as: UTF8.self) }
}
