import Testing

@testable import Connect

@Suite struct OffsetTrackerTests {
  @Test func positionIsTheEndOfTheSettledPrefix() {
    var tracker = OffsetTracker(position: 5)
    expect(tracker.arrive(first: 5, last: 9, count: 5), is: true)
    expect(tracker.arrive(first: 10, last: 12, count: 3), is: true)
    expect(tracker.settle(first: 10, count: 3), is: true)
    #expect(tracker.position == 5)
    expect(tracker.settle(first: 5, count: 4), is: true)
    #expect(tracker.position == 5)
    expect(tracker.settle(first: 5, count: 1), is: true)
    #expect(tracker.position == 13)
  }

  @Test func holesInTheOffsetsDoNotHoldTheCommit() {
    var tracker = OffsetTracker(position: 0)
    expect(tracker.arrive(first: 3, last: 90, count: 4), is: true)
    expect(tracker.arrive(first: 200, last: 200, count: 1), is: true)
    expect(tracker.settle(first: 3, count: 4), is: true)
    #expect(tracker.position == 91)
    expect(tracker.settle(first: 200, count: 1), is: true)
    #expect(tracker.position == 201)
  }

  @Test func theEndOfThePartitionIsCommittedPastControlRecords() {
    var tracker = OffsetTracker(position: 0)
    expect(tracker.arrive(first: 0, last: 1, count: 2), is: true)
    tracker.reach(4)
    #expect(tracker.position == 0)
    expect(tracker.settle(first: 0, count: 2), is: true)
    #expect(tracker.position == 4)
    tracker.reach(6)
    #expect(tracker.position == 6)
  }

  @Test func oneOpenRecordInTheMiddleHoldsExactlyThere() {
    var tracker = OffsetTracker(position: 0)
    expect(tracker.arrive(first: 0, last: 8, count: 5), is: true)
    expect(tracker.split(first: 0, at: 3, before: 2), is: true)
    expect(tracker.split(first: 3, at: 6, before: 1), is: true)
    expect(tracker.settle(first: 0, count: 2), is: true)
    expect(tracker.settle(first: 6, count: 2), is: true)
    #expect(tracker.position == 3)
    expect(tracker.settle(first: 3, count: 1), is: true)
    #expect(tracker.position == 9)
  }

  @Test func aSecondOutcomeIsRefused() {
    var tracker = OffsetTracker(position: 0)
    expect(tracker.arrive(first: 0, last: 4, count: 5), is: true)
    expect(tracker.settle(first: 0, count: 5), is: true)
    expect(tracker.settle(first: 0, count: 1), is: false)
    #expect(tracker.position == 5)
  }

  @Test func aRecordThatComesAgainIsNotTaken() {
    var tracker = OffsetTracker(position: 0)
    expect(tracker.arrive(first: 0, last: 4, count: 5), is: true)
    expect(tracker.arrive(first: 3, last: 9, count: 7), is: false)
    #expect(tracker.unsettled == 5)
  }
}
