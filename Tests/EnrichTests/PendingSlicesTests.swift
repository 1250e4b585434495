import Connect
import Kafka
import Testing

@testable import Enrich

@Suite struct PendingSlicesTests {
  static let source = TopicPartition("raw", 0)
  static let other = TopicPartition("raw", 1)

  /// Pending slices of batches that are just numbers.
  final class Case {
    var pending = PendingSlices<Int>()

    func add(
      _ count: Int, at first: Int64 = 0, source: TopicPartition = PendingSlicesTests.source
    ) -> PendingSlices<Int>.Slice {
      let key = SliceKey(source: source, epoch: 1, first: first)
      let slice = pending.make(0, key, from: 0, to: count)
      pending.add(slice, to: count)
      return slice
    }

    func find(_ slice: PendingSlices<Int>.Slice, _ index: Int) -> Int? {
      pending.find(slice.token(index)).flatMap { $0.slice === slice ? $0.index : nil }
    }

    func finish(_ slice: PendingSlices<Int>.Slice, _ index: Int) -> Bool {
      pending.finish(slice, index)
    }

    func settled() -> [Int64: Int] {
      var counts: [Int64: Int] = [:]
      pending.takeSettled { counts[$0.first, default: 0] += $1 }
      return counts
    }

    /// Everything that is to be produced again, as slice number * 100 + index.
    func resendAll() -> [Int] {
      var all: [Int] = []
      while let (slice, index) = pending.nextToResend() {
        all.append(slice.number * 100 + index)
        pending.resent(slice, index)
      }
      return all
    }
  }

  @Test func reportsAreToldOncePerSlice() {
    let it = Case()
    let first = it.add(3, at: 0)
    let second = it.add(2, at: 10)
    for index in [2, 0] { it.pending.delivered(first, index) }
    it.pending.delivered(second, 1)
    #expect(it.settled() == [0: 2, 10: 1])
    #expect(it.settled().isEmpty)
    it.pending.delivered(first, 1)
    it.pending.delivered(second, 0)
    #expect(it.settled() == [0: 1, 10: 1])
    #expect(it.pending.isEmpty)
    #expect(!it.pending.isBusy([Self.source]))
  }

  @Test func aSecondDeliveryIsNotTold() {
    let it = Case()
    let slice = it.add(2)
    it.pending.delivered(slice, 0)
    it.pending.delivered(slice, 0)
    #expect(it.settled() == [0: 1])
  }

  @Test func tokensFindTheirRecordUntilItsSliceIsDone() {
    let it = Case()
    let slice = it.add(70)
    #expect(slice.token(69) != 0)
    #expect(it.find(slice, 69) == 69)
    for index in 0..<70 { it.pending.delivered(slice, index) }
    #expect(it.find(slice, 69) == nil)
    #expect(it.settled() == [0: 70])
  }

  @Test func everythingBehindAFailedRecordIsProducedAgainDeliveredOrNot() {
    let it = Case()
    let first = it.add(2)
    let second = it.add(3, at: 10)
    let third = it.add(2, at: 20)
    let elsewhere = it.add(2, at: 0, source: Self.other)
    it.pending.delivered(first, 0)
    it.pending.delivered(first, 1)
    it.pending.delivered(second, 2)
    it.pending.delivered(third, 0)
    it.pending.delivered(third, 1)
    it.pending.failed(second, 1)
    it.pending.delivered(elsewhere, 0)
    #expect(it.pending.restarts.count == 1)
    #expect(it.resendAll() == [201, 202, 300, 301])
    #expect(it.pending.restarts.isEmpty)
    _ = it.settled()
    it.pending.delivered(second, 0)
    it.pending.delivered(second, 1)
    #expect(it.settled() == [10: 2])
    #expect(!it.pending.isBusy([Self.source]))
    #expect(it.pending.isBusy([Self.other]))
  }

  @Test func theRestOfABatchIsProducedAgainFromItsOwnBeginning() {
    let it = Case()
    let first = it.add(2)
    let key = SliceKey(source: Self.source, epoch: 1, first: 2)
    let rest = it.pending.make(0, key, from: 2, to: 5)
    it.pending.add(rest, to: 4)
    it.pending.failed(first, 1)
    #expect(it.resendAll() == [101, 202, 203])
  }

  @Test func theEarliestFailureDecidesWhereProducingBegins() {
    let it = Case()
    let slice = it.add(5)
    it.pending.failed(slice, 3)
    it.pending.failed(slice, 1)
    it.pending.failed(slice, 4)
    let (_, index) = it.pending.nextToResend()!
    #expect(index == 1)
    it.pending.resent(slice, 1)
    // A report of an earlier copy comes in between.
    it.pending.failed(slice, 0)
    #expect(it.resendAll() == [100, 101, 102, 103, 104])
  }

  @Test func withoutProducerAllWithoutReportIsProducedAgain() {
    let it = Case()
    let first = it.add(3)
    _ = it.add(1, at: 10)
    it.pending.delivered(first, 0)
    _ = it.settled()
    it.pending.failedAll()
    #expect(it.resendAll() == [101, 102, 200])
  }

  @Test func deadLettersAreNotToldAndNotWaitedFor() {
    let it = Case()
    let key = SliceKey(source: Self.source, epoch: 1, first: 0)
    let slice = it.pending.make(0, key, from: 0, to: 3)
    #expect(it.finish(slice, 1))
    #expect(!it.finish(slice, 1))
    it.pending.add(slice, to: 3)
    it.pending.delivered(slice, 0)
    #expect(it.finish(slice, 2))
    #expect(it.settled() == [0: 1])
    #expect(it.pending.isEmpty)
  }

  @Test func aSliceOfDeadLettersAloneIsNotPending() {
    let it = Case()
    let key = SliceKey(source: Self.source, epoch: 1, first: 0)
    let slice = it.pending.make(0, key, from: 0, to: 2)
    _ = it.pending.finish(slice, 0)
    it.pending.add(slice, to: 1)
    #expect(it.pending.isEmpty)
  }

  @Test func whatIsForgottenIsNeitherFoundNorProducedAgain() {
    let it = Case()
    let slice = it.add(2)
    let kept = it.add(2, at: 0, source: Self.other)
    it.pending.delivered(slice, 0)
    it.pending.failed(slice, 1)
    it.pending.forget([Self.source])
    #expect(it.find(slice, 1) == nil)
    #expect(it.settled().isEmpty)
    #expect(it.resendAll().isEmpty)
    #expect(it.find(kept, 1) == 1)
  }
}
