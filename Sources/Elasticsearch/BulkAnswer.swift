import Bytes
import JSON

/// What Elasticsearch said of one action of a bulk.
public struct BulkItem: Sendable, Equatable {
  public let status: Int
  /// `error.type`; nil where there is no error object.
  public let errorType: String?
  /// `error.reason`; may quote the document, so it belongs into a dead letter, never into a log.
  public let reason: String?
  /// The document went to a data stream's failure store instead of its index.
  public let failureStore: Bool

  public init(
    status: Int, errorType: String? = nil, reason: String? = nil, failureStore: Bool = false
  ) {
    self.status = status
    self.errorType = errorType
    self.reason = reason
    self.failureStore = failureStore
  }
}

/// The answer to a bulk that was received with status 200.
public enum BulkAnswer: Sendable, Equatable {
  /// Every action was applied.
  case allWritten
  /// One result for each action, in order.
  case items([BulkItem])
  /// The answer does not match the request item by item: nothing is known of any action.
  case unreadable(String)

  /// Parameter that keeps answers small and is what `read` needs.
  public static let filter =
    "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.failure_store"

  /// Reads the answer to a bulk of `count` actions.
  ///
  /// Where the answer says that there are no errors, statuses are only counted.
  public static func read(_ body: [UInt8], count: Int) -> BulkAnswer {
    body.withUnsafeBytes { bytes in
      let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(64))
      if occurrences(of: "\"errors\":false", in: head) == 1,
        occurrences(of: "failure_store", in: bytes) == 0, bytes.last == UInt8(ascii: "}"),
        occurrences(of: "\"status\":", in: bytes) == count
      {
        return .allWritten
      }
      return readItems(bytes, count: count)
    }
  }

  private static func readItems(_ bytes: UnsafeRawBufferPointer, count: Int) -> BulkAnswer {
    let answer: JSONValue
    do throws(JSONError) { answer = try JSONValue.parse(bytes) } catch {
      return .unreadable("the answer is not JSON (\(bytes.count) bytes)")
    }
    guard let rows = answer["items"]?.array else { return .unreadable("the answer has no items") }
    guard rows.count == count else {
      return .unreadable("the answer has \(rows.count) items for \(count) actions")
    }
    var items: [BulkItem] = []
    items.reserveCapacity(count)
    for row in rows {
      guard let item = row.object?.first?.value, let status = item["status"]?.int64 else {
        return .unreadable("an item of the answer has no status")
      }
      let store = item["failure_store"]?.string
      items.append(
        BulkItem(
          status: Int(status), errorType: item["error"]?["type"]?.string,
          reason: item["error"]?["reason"]?.string,
          failureStore: store == "used" || store == "failed"))
    }
    return .items(items)
  }

  private static func occurrences(
    of word: StaticString, in bytes: UnsafeRawBufferPointer
  ) -> Int {
    guard let base = bytes.baseAddress, bytes.count >= word.utf8CodeUnitCount else { return 0 }
    let length = word.utf8CodeUnitCount
    let first = word.utf8Start[0]
    let text = base.assumingMemoryBound(to: UInt8.self)
    var found = 0
    var at = 0
    let end = bytes.count - length
    while at <= end {
      if text[at] == first {
        var same = 1
        while same < length && text[at + same] == word.utf8Start[same] { same += 1 }
        if same == length {
          found += 1
          at += length
          continue
        }
      }
      at += 1
    }
    return found
  }
}

/// What follows from an item's result.
public enum ItemVerdict: Sendable, Equatable {
  /// Applied, or a delete of what is not there.
  case written
  /// The stored version is not below ours.
  case conflict
  /// The document can never be indexed; `detail` may quote it.
  case recordFault(String, detail: String? = nil)
  /// The cluster is busy or in trouble; the same action may succeed later.
  case retry(String)
  /// The index is in a state that a person or the cluster must change; the same action may succeed then.
  case hold(String)

  /// Decided by status and `error.type`, as observed on Elasticsearch 8 and 9 and OpenSearch 2.
  public static func of(_ item: BulkItem) -> ItemVerdict {
    let type = item.errorType ?? ""
    switch item.status {
    case 200..<300:
      return item.failureStore ? .recordFault("went to the failure store") : .written
    case 404:
      // A delete of a missing document has no error object.
      return item.errorType == nil ? .written : .hold("\(type) (404)")
    case 409: return .conflict
    case 429: return type == "cluster_block_exception" ? .hold("\(type) (429)") : .retry("429")
    case 500...: return .retry("\(type) (\(item.status))")
    case 400 where !stateOfTheIndex(type, item.reason):
      return .recordFault(type, detail: item.reason)
    default: return .hold("\(type) (\(item.status))")
    }
  }

  /// 400s that are not the document's: closed index, bad index name; `illegal_argument_exception` covers a
  /// missing pipeline and an alias without write index, but on OpenSearch also an over-long keyword, which
  /// only its text tells apart.
  private static func stateOfTheIndex(_ type: String, _ reason: String?) -> Bool {
    switch type {
    case "index_closed_exception", "invalid_index_name_exception": true
    case "illegal_argument_exception": reason?.contains("immense term") != true
    default: false
    }
  }
}
