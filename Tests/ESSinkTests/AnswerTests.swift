import Elasticsearch
import Testing

@Suite struct AnswerTests {
  private func read(_ text: String, _ count: Int) -> BulkAnswer {
    BulkAnswer.read(Array(text.utf8), count: count)
  }

  @Test func anAnswerWithoutErrorsIsCountedNotParsed() {
    let text = #"{"errors":false,"items":[{"index":{"status":201}},{"delete":{"status":200}}]}"#
    #expect(read(text, 2) == .allWritten)
  }

  @Test func anAnswerWithTooFewItemsSettlesNothing() {
    let text = #"{"errors":false,"items":[{"index":{"status":201}}]}"#
    guard case .unreadable = read(text, 2) else {
      Issue.record("two actions, one item")
      return
    }
  }

  @Test func aCutAnswerSettlesNothing() {
    let text = #"{"errors":false,"items":[{"index":{"status":201}},{"index":{"status":201"#
    guard case .unreadable = read(text, 2) else {
      Issue.record("the answer is cut")
      return
    }
  }

  @Test func theFailureStoreIsNotTheIndex() {
    let text =
      #"{"errors":false,"items":[{"create":{"status":201,"failure_store":"used"}}]}"#
    guard case .items(let items) = read(text, 1) else {
      Issue.record("expected items")
      return
    }
    #expect(ItemVerdict.of(items[0]) == .recordFault("went to the failure store"))
  }

  @Test(arguments: [
    (BulkItem(status: 201), ItemVerdict.written),
    (BulkItem(status: 404), .written),
    (BulkItem(status: 409, errorType: "version_conflict_engine_exception"), .conflict),
    (BulkItem(status: 429, errorType: "es_rejected_execution_exception"), .retry("429")),
    (
      BulkItem(status: 429, errorType: "cluster_block_exception"),
      .hold("cluster_block_exception (429)")
    ),
    (
      BulkItem(status: 403, errorType: "cluster_block_exception"),
      .hold("cluster_block_exception (403)")
    ),
    (
      BulkItem(status: 404, errorType: "index_not_found_exception"),
      .hold("index_not_found_exception (404)")
    ),
    (
      BulkItem(status: 400, errorType: "index_closed_exception"),
      .hold("index_closed_exception (400)")
    ),
    (
      BulkItem(status: 400, errorType: "document_parsing_exception", reason: "no date"),
      .recordFault("document_parsing_exception", detail: "no date")
    ),
    (BulkItem(status: 503, errorType: "x"), .retry("x (503)")),
  ])
  func theFaultIsToldByStatusAndType(item: BulkItem, verdict: ItemVerdict) {
    #expect(ItemVerdict.of(item) == verdict)
  }
}
