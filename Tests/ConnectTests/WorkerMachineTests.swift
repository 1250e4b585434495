import Kafka
import Testing

@testable import Connect

private let p0 = TopicPartition("t", 0)
private let p1 = TopicPartition("t", 1)

@Suite struct WorkerMachineTests {
  @Test func commitsOnlyWhatIsSettledAndOnceAtATime() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0])
    let slice = try required(machine.arrived(p0, first: 0, last: 9, count: 10))
    expect(machine.advance(now: .seconds(5)) { _ in true }, is: [])
    expect(machine.settled(slice, count: 10), is: [])
    expect(machine.advance(now: .seconds(6)) { _ in true }, is: [.commit([p0: 10])])
    expect(machine.advance(now: .seconds(60)) { _ in true }, is: [])
    machine.committed([p0: 10], succeeded: false)
    expect(machine.advance(now: .seconds(61)) { _ in true }, is: [.commit([p0: 10])])
    machine.committed([p0: 10], succeeded: true)
    expect(machine.advance(now: .seconds(70)) { _ in true }, is: [])
    #expect(machine.committed(of: p0) == 10)
  }

  @Test func itIsBehindWhereALogGoesOnThatIsNotLeftAlone() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0, p1: 0])
    _ = machine.arrived(p0, first: 0, last: 9, count: 10)
    let ends: [TopicPartition: Int64] = [p0: 10, p1: 5]
    #expect(machine.isBehind(not: []) { ends[$0] })
    #expect(!machine.isBehind(not: [p1]) { ends[$0] })
    machine.reachedEnd(p1, next: 5)
    #expect(!machine.isBehind(not: []) { ends[$0] })
    #expect(!machine.isBehind(not: []) { _ in nil })
  }

  @Test func aRevokedPartitionIsDrainedCommittedAndThenGivenBack() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0, p1: 0])
    let slice = try required(machine.arrived(p0, first: 0, last: 1, count: 2))
    expect(machine.revoked([p0], lost: false, now: .seconds(1)), is: [.drain([p0])])
    expect(machine.arrived(p0, first: 2, last: 3, count: 2) == nil, is: true)
    expect(machine.arrived(p1, first: 0, last: 3, count: 4) == nil, is: false)
    expect(machine.advance(now: .seconds(2)) { _ in true }, is: [])
    expect(machine.settled(slice, count: 2), is: [])
    expect(
      machine.advance(now: .seconds(2)) { _ in false },
      is: [.forget([p0]), .giveBack([p0], commit: [p0: 2])])
    #expect(machine.assigned == [p1])
  }

  @Test func aRevokeGivesUpAtItsDeadlineAndCommitsWhatIsSettled() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 7])
    let slice = try required(machine.arrived(p0, first: 7, last: 9, count: 3))
    expect(machine.split(slice, at: 8, before: 1), is: [])
    expect(machine.settled(slice, count: 1), is: [])
    expect(machine.revoked([p0], lost: false, now: .seconds(1)), is: [.drain([p0])])
    expect(
      machine.advance(now: .seconds(5)) { _ in true },
      is: [.forget([p0]), .giveBack([p0], commit: [p0: 8])])
  }

  @Test func aLostPartitionCommitsNothing() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0])
    let slice = try required(machine.arrived(p0, first: 0, last: 1, count: 2))
    expect(machine.settled(slice, count: 2), is: [])
    expect(
      machine.revoked([p0], lost: true, now: .seconds(1)), is: [.forget([p0]), .unassign([p0])])
    expect(machine.advance(now: .seconds(9)) { _ in false }, is: [])
  }

  @Test func aLateAcknowledgementOfAnOlderAssignmentMovesNothing() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0])
    let old = try required(machine.arrived(p0, first: 0, last: 1, count: 2))
    _ = machine.revoked([p0], lost: true, now: .zero)
    machine.assigned([p0: 0])
    let new = try required(machine.arrived(p0, first: 0, last: 1, count: 2))
    expect(machine.settled(old, count: 2), is: [])
    #expect(machine.position(of: p0) == 0)
    expect(machine.settled(new, count: 2), is: [])
    #expect(machine.position(of: p0) == 2)
  }

  @Test func aRecordWithTwoOutcomesFailsTheTaskBeforeItsOffsetIsCommitted() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0])
    let slice = try required(machine.arrived(p0, first: 0, last: 0, count: 1))
    expect(machine.settled(slice, count: 1), is: [])
    let actions = machine.settled(slice, count: 1)
    #expect(actions.count == 1)
    if case .fail = actions.first {} else { Issue.record("expected a failure, got \(actions)") }
  }

  @Test func onceEndsWhenAllBelowTheEndsIsSettled() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0, p1: 4])
    machine.setEnds([p0: 3, p1: 4])
    expect(machine.advance(now: .zero) { _ in false }, is: [])
    let slice = try required(machine.arrived(p0, first: 0, last: 2, count: 3))
    expect(machine.advance(now: .zero) { _ in true }, is: [])
    expect(machine.settled(slice, count: 3), is: [])
    expect(machine.advance(now: .zero) { _ in false }, is: [.commit([p0: 3])])
    expect(machine.advance(now: .zero) { _ in false }, is: [])
    machine.committed([p0: 3], succeeded: true)
    expect(machine.advance(now: .zero) { _ in false }, is: [.finish(commit: [:])])
  }

  @Test func onceDoesNotEndBeforeItsLastCommitIsTaken() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0])
    machine.setEnds([p0: 1])
    let slice = try required(machine.arrived(p0, first: 0, last: 0, count: 1))
    expect(machine.settled(slice, count: 1), is: [])
    expect(machine.advance(now: .zero) { _ in false }, is: [.commit([p0: 1])])
    machine.committed([:], succeeded: false)
    expect(machine.advance(now: .milliseconds(999)) { _ in false }, is: [])
    expect(machine.advance(now: .seconds(1)) { _ in false }, is: [.commit([p0: 1])])
    machine.committed([p0: 1], succeeded: true)
    expect(machine.advance(now: .seconds(1)) { _ in false }, is: [.finish(commit: [:])])
  }

  @Test func stopDrainsCommitsAndFinishes() throws {
    var machine = WorkerMachine()
    machine.assigned([p0: 0])
    let slice = try required(machine.arrived(p0, first: 0, last: 2, count: 3))
    expect(machine.stop(now: .seconds(1)), is: [.drain([p0])])
    expect(machine.stop(now: .seconds(1)), is: [])
    expect(machine.settled(slice, count: 3), is: [])
    expect(
      machine.advance(now: .seconds(2)) { _ in false },
      is: [.forget([p0]), .finish(commit: [p0: 3])])
  }
}
