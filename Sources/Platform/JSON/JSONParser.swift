import CSimdJSON

/// A JSON parser whose memory is reused from one document to the next.
///
/// RFC 8259, strictly: UTF-8 is checked, half a surrogate pair is an error, so is anything behind
/// the document. Object members keep their order and their duplicates, numbers keep their text.
public struct JSONParser: ~Copyable {
  /// Containers inside each other that are still parsed.
  public static let maximumDepth = 1024

  private let handle: OpaquePointer?

  public init() { handle = opine_json_parser_new() }

  deinit { opine_json_parser_free(handle) }

  /// Parses one document. The view is valid until the next call and while `bytes` are.
  public mutating func parse(
    _ bytes: UnsafeRawBufferPointer
  ) throws(JSONError) -> JSONView {
    guard let handle else { throw JSONError(.outOfMemory) }
    let text = bytes.bindMemory(to: UInt8.self).baseAddress
    let result = opine_json_parse(handle, text, bytes.count)
    guard result.status == OPINE_JSON_OK, let text, let entries = result.entries else {
      throw JSONError(reason(of: result.status), offset: Int(result.offset))
    }
    return JSONView(
      text: text, strings: result.strings ?? text, entries: entries, entry: entries)
  }

  private func reason(of status: Int32) -> JSONError.Reason {
    switch Int(status) {
    case OPINE_JSON_EMPTY: .empty
    case OPINE_JSON_TRUNCATED: .truncated
    case OPINE_JSON_BAD_STRING: .malformedString
    case OPINE_JSON_BAD_NUMBER: .malformedNumber
    case OPINE_JSON_BAD_UTF8: .invalidUTF8
    case OPINE_JSON_TOO_DEEP: .tooDeep
    case OPINE_JSON_TRAILING: .trailingContent
    case OPINE_JSON_TOO_LARGE: .tooLarge
    case OPINE_JSON_NO_MEMORY: .outOfMemory
    default: .unexpectedCharacter
    }
  }
}
