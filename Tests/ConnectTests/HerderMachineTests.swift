import Scheduling
import Testing

@testable import Connect

private typealias Run = HerderMachine.Run

/// Transcripts of the herder's decisions: what comes in, what is to be done, what a status shows.
@Suite struct HerderMachineTests {
  private func run(_ task: Int, _ number: Int) -> HerderMachine.Action {
    .start(Run(connector: "c", task: task, number: number))
  }

  private func stop(_ task: Int, _ number: Int, leaving: Bool) -> HerderMachine.Action {
    .stop(Run(connector: "c", task: task, number: number), leaving: leaving)
  }

  private func states(_ machine: HerderMachine) -> String {
    guard let status = machine.status(of: "c") else { return "none" }
    let tasks = status.tasks.map { $0.state.rawValue.prefix(4) }
    return ([status.state.rawValue.prefix(4)] + tasks).joined(separator: " ")
  }

  private func running(_ tasks: Int = 2) -> HerderMachine {
    var machine = HerderMachine()
    _ = machine.configured("c", ["v": "1"], .tasks(tasks))
    return machine
  }

  @Test func aConnectorStartsAllItsTasks() {
    var machine = HerderMachine()
    expect(machine.configured("c", [:], .tasks(2)), is: [run(0, 3), run(1, 4)])
    #expect(states(machine) == "RUNN RUNN RUNN")
    #expect(machine.names == ["c"])
  }

  @Test func anotherConfigurationStopsTheTasksBeforeItStartsTheirSuccessors() {
    var machine = running()
    expect(
      machine.configured("c", ["v": "2"], .tasks(1)),
      is: [stop(0, 3, leaving: false), stop(1, 4, leaving: true)])
    #expect(states(machine) == "RUNN UNAS")
    expect(machine.ended(Run(connector: "c", task: 0, number: 3), nil), is: [run(0, 6)])
    expect(machine.ended(Run(connector: "c", task: 1, number: 4), nil), is: [])
    #expect(states(machine) == "RUNN RUNN")
  }

  @Test func theSameConfigurationDisturbsNobody() {
    var machine = running()
    expect(machine.configured("c", ["v": "1"], .tasks(2)), is: [])
  }

  @Test func aFailedTaskStaysFailedAndTheOthersGoOn() {
    var machine = running()
    expect(machine.ended(Run(connector: "c", task: 1, number: 4), "at t-0 offset 7"), is: [])
    #expect(states(machine) == "RUNN RUNN FAIL")
    #expect(machine.status(of: "c")?.tasks[1].trace == "at t-0 offset 7")
    expect(machine.targeted("c", .paused), is: [stop(0, 3, leaving: true)])
    #expect(states(machine) == "PAUS PAUS FAIL")
    expect(machine.ended(Run(connector: "c", task: 0, number: 3), nil), is: [])
    expect(machine.targeted("c", .running), is: [run(0, 5)])
    #expect(states(machine) == "RUNN RUNN FAIL")
  }

  @Test func aConfigurationSentAgainRevivesOnlyWhatFailed() {
    var machine = running()
    _ = machine.ended(Run(connector: "c", task: 1, number: 4), "x")
    expect(machine.configured("c", ["v": "1"], .tasks(2)), is: [run(1, 6)])
  }

  @Test func aTaskThatEndsUnaskedIsFailed() {
    var machine = running(1)
    expect(machine.ended(Run(connector: "c", task: 0, number: 2), nil), is: [])
    #expect(states(machine) == "RUNN FAIL")
  }

  @Test func aRestartOfTheConnectorAloneTouchesNoTask() {
    var machine = running()
    let request = RestartRequest(includeTasks: false, onlyFailed: false)
    expect(machine.restart("c", request), is: [])
    #expect(states(machine) == "RUNN RUNN RUNN")
  }

  @Test func aRestartWithTasksShowsThemRestartingUntilTheyRunAgain() {
    var machine = running()
    let request = RestartRequest(includeTasks: true, onlyFailed: false)
    expect(
      machine.restart("c", request), is: [stop(0, 3, leaving: false), stop(1, 4, leaving: false)])
    #expect(states(machine) == "RUNN REST REST")
    expect(machine.ended(Run(connector: "c", task: 0, number: 3), "late"), is: [run(0, 7)])
    #expect(states(machine) == "RUNN RUNN REST")
  }

  @Test func aRestartOfFailedTasksLeavesTheOthersAlone() {
    var machine = running()
    let request = RestartRequest(includeTasks: true, onlyFailed: true)
    expect(machine.restart("c", request), is: [])
    _ = machine.ended(Run(connector: "c", task: 0, number: 3), "x")
    expect(machine.restart("c", request), is: [run(0, 6)])
  }

  @Test func oneTaskCanBeRestarted() {
    var machine = running()
    expect(machine.restartTask("c", 1), is: .restarted([stop(1, 4, leaving: false)]))
    expect(machine.restartTask("c", 2), is: .unknownTask)
    expect(machine.restartTask("d", 0), is: .unknownConnector)
  }

  @Test func aStoppedConnectorHasNoTasksAndItsGroupNoMember() {
    var machine = running()
    expect(
      machine.targeted("c", .stopped), is: [stop(0, 3, leaving: true), stop(1, 4, leaving: true)])
    #expect(states(machine) == "STOP")
    #expect(!machine.isIdle("c"))
    expect(machine.restartTask("c", 0), is: .stopped)
    _ = machine.ended(Run(connector: "c", task: 0, number: 3), nil)
    _ = machine.ended(Run(connector: "c", task: 1, number: 4), nil)
    #expect(machine.isIdle("c"))
    expect(machine.targeted("c", .stopped), is: [])
  }

  @Test func whatIsOnItsWayOutForARestartIsToldToLeaveWhenTheConnectorIsStopped() {
    var machine = running(1)
    let request = RestartRequest(includeTasks: true, onlyFailed: false)
    expect(machine.restart("c", request), is: [stop(0, 2, leaving: false)])
    expect(machine.targeted("c", .stopped), is: [stop(0, 2, leaving: true)])
    expect(machine.targeted("c", .running), is: [])
    expect(machine.ended(Run(connector: "c", task: 0, number: 2), nil), is: [run(0, 5)])
  }

  @Test func aConnectorMadePausedOrStoppedHasNoTasksUntilItIsResumed() {
    for target in [TargetState.paused, .stopped] {
      var machine = HerderMachine()
      expect(machine.targeted("c", target), is: [])
      expect(machine.configured("c", [:], .tasks(1)), is: [])
      expect(machine.restartTask("c", 0), is: .unknownTask)
      expect(machine.targeted("c", .paused), is: [])
      #expect(states(machine) == "PAUS")
      expect(machine.targeted("c", .running).count, is: 1)
      #expect(states(machine) == "RUNN RUNN")
    }
  }

  @Test func aNewConfigurationOfAPausedConnectorStartsNothing() {
    var machine = running(1)
    _ = machine.targeted("c", .paused)
    _ = machine.ended(Run(connector: "c", task: 0, number: 2), nil)
    expect(machine.configured("c", ["v": "2"], .tasks(2)), is: [])
    #expect(states(machine) == "PAUS PAUS PAUS")
  }

  @Test func aConfigurationThatCannotBeUsedFailsTheConnector() {
    var machine = running(1)
    expect(machine.configured("c", [:], .broken("no topics")), is: [stop(0, 2, leaving: true)])
    #expect(states(machine) == "FAIL")
    #expect(machine.status(of: "c")?.trace == "no topics")
  }

  @Test func aDeletedConnectorEndsAndANewOneOfItsNameWaitsForThat() {
    var machine = running(1)
    _ = machine.targeted("c", .paused)
    _ = machine.targeted("c", .running)
    expect(machine.removed("c"), is: [])
    #expect(states(machine) == "none")
    expect(machine.configured("c", ["v": "3"], .tasks(1)), is: [])
    #expect(states(machine) == "RUNN UNAS")
    expect(machine.ended(Run(connector: "c", task: 0, number: 2), nil).count, is: 1)
    #expect(states(machine) == "RUNN RUNN")
  }

  @Test func theWishOfADeletedConnectorIsForgotten() {
    var machine = running(1)
    _ = machine.targeted("c", .paused)
    _ = machine.removed("c")
    _ = machine.ended(Run(connector: "c", task: 0, number: 2), nil)
    expect(machine.configured("c", [:], .tasks(1)).count, is: 1)
  }

  @Test func shuttingDownStopsAllAndStartsNothing() {
    var machine = running(1)
    expect(machine.shutDown(), is: [stop(0, 2, leaving: false)])
    expect(machine.ended(Run(connector: "c", task: 0, number: 2), nil), is: [])
    expect(machine.configured("d", [:], .tasks(1)), is: [])
  }

  /// Whatever is asked in whatever order: never two runs of one task, and once all runs that were told to
  /// stop have ended, what runs is what is wanted.
  @Test func noTaskRunsTwiceInTenThousandSchedules() {
    let base = UInt64.random(in: 0...UInt64.max)
    for number in 0..<10_000 {
      var schedule = HerderSchedule(seed: base &+ UInt64(number))
      if let fault = schedule.play() {
        Issue.record("seed \(base &+ UInt64(number)): \(fault)")
        return
      }
    }
  }
}

/// One random schedule of wishes and ends.
private struct HerderSchedule {
  private var random: SeededGenerator
  private var machine = HerderMachine()
  private var alive: [String: Run] = [:]
  private var told: Set<Run> = []

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func play() -> String? {
    for _ in 0..<60 {
      let name = Bool.random(using: &random) ? "a" : "b"
      if let fault = perform(step(name)) { return fault }
    }
    while let run = told.first(where: { alive["\($0.connector) \($0.task)"] == $0 }) {
      if let fault = perform(end(run)) { return fault }
    }
    for name in machine.names {
      for task in machine.status(of: name)?.tasks ?? [] where task.state != .failed {
        let isAlive = alive["\(name) \(task.number)"] != nil
        if isAlive != (task.state == .running) { return "\(name) \(task): alive \(isAlive)" }
      }
    }
    return nil
  }

  private mutating func step(_ name: String) -> [HerderMachine.Action] {
    switch Int.random(in: 0..<10, using: &random) {
    case 0, 1:
      let count = Int.random(in: 1...3, using: &random)
      let config = ["v": String(Int.random(in: 0...1, using: &random))]
      return machine.configured(name, config, count == 3 ? .broken("x") : .tasks(count))
    case 2, 3:
      let target = TargetState.allCases.randomElement(using: &random) ?? .running
      return machine.targeted(name, target)
    case 4:
      let request = RestartRequest(
        includeTasks: true, onlyFailed: Bool.random(using: &random))
      return machine.restart(name, request)
    case 5:
      let restart = machine.restartTask(name, Int.random(in: 0...1, using: &random))
      guard case .restarted(let actions) = restart else { return [] }
      return actions
    case 6: return Int.random(in: 0..<4, using: &random) == 0 ? machine.removed(name) : []
    default:
      let runs = alive.values.sorted { $0.number < $1.number }
      return runs.randomElement(using: &random).map { end($0) } ?? []
    }
  }

  private mutating func end(_ run: Run) -> [HerderMachine.Action] {
    alive["\(run.connector) \(run.task)"] = nil
    return machine.ended(run, Bool.random(using: &random) ? "failed" : nil)
  }

  private mutating func perform(_ actions: [HerderMachine.Action]) -> String? {
    for action in actions {
      switch action {
      case .start(let run):
        if let other = alive.updateValue(run, forKey: "\(run.connector) \(run.task)") {
          return "\(run) starts beside \(other)"
        }
      case .stop(let run, _):
        guard alive["\(run.connector) \(run.task)"] == run else { return "\(run) is not there" }
        told.insert(run)
      }
    }
    return nil
  }
}
