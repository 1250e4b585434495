import Scheduling
import Testing

@testable import ESSink

@Suite struct BulkScheduleTests {
  private func schedule(maximum: Int = 5) -> BulkSchedule {
    BulkSchedule(
      maximum: maximum, backoff: Backoff(base: .milliseconds(100), cap: .seconds(5)))
  }

  @Test func bulksAreSentInOrderUpToTheLimit() {
    var schedule = schedule(maximum: 2)
    for bulk in 1...3 { schedule.add(bulk) }
    let sent = [schedule.next(now: .zero), schedule.next(now: .zero), schedule.next(now: .zero)]
    #expect(sent == [1, 2, nil])
    schedule.succeeded(1)
    let third = schedule.next(now: .zero)
    #expect(third == 3)
  }

  @Test func goodAnswersRaiseTheLimitAndPressureHalvesIt() {
    var schedule = schedule()
    for bulk in 1...40 {
      schedule.add(bulk)
      let sent = schedule.next(now: .zero)
      #expect(sent == bulk)
      schedule.succeeded(bulk)
    }
    #expect(schedule.limit == 5)
    schedule.pressed(40)
    #expect(schedule.limit == 2.5)
  }

  @Test func whileHeldOneProbeAtATimeIsSentAndTheOldestBulkFirst() {
    var schedule = schedule()
    var random = SeededGenerator(seed: 1)
    for bulk in 1...3 { schedule.add(bulk) }
    let first = schedule.next(now: .zero)
    #expect(first == 1)
    let until = schedule.hold(after: 1, now: .zero, using: &random)
    schedule.addAgain(1)
    let early = schedule.next(now: .zero)
    #expect(early == nil)
    let probe = schedule.next(now: until)
    let second = schedule.next(now: until)
    #expect(probe == 1)
    #expect(second == nil)
    schedule.succeeded(1)
    let after = schedule.next(now: until)
    #expect(after == 2)
  }

  @Test func actionsUnderPressureWaitTheirTime() {
    var schedule = schedule()
    schedule.add(9, at: .seconds(2))
    #expect(schedule.deadline == .seconds(2))
    let early = schedule.next(now: .seconds(1))
    let due = schedule.next(now: .seconds(2))
    #expect(early == nil)
    #expect(due == 9)
  }
}
