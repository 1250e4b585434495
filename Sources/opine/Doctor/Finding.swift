import JSON

/// What `opine doctor` says of one thing that it looked at.
struct Finding: Sendable, Equatable {
  enum State: String, Sendable, CaseIterable {
    case ok, warn, fail
    /// It does not answer; nothing behind it was looked at.
    case unreachable
    /// The question can't be asked here.
    case unknown
  }

  /// What was looked at: `kafka`, `topic reviews.raw`.
  let part: String
  let state: State
  /// How it is, or what is wrong.
  let detail: String
  /// The command that mends it; empty where nothing is to be done.
  let next: String

  init(_ part: String, _ state: State, _ detail: String, next: String = "") {
    self.part = part
    self.state = state
    self.detail = detail
    self.next = next
  }

  /// The finding that asking a service ended with an error.
  init(_ part: String, error: any Error, next: String) {
    let problem = ServiceProblem(error)
    self.init(part, problem.isUnreachable ? .unreachable : .fail, problem.text, next: next)
  }

  static func cantBeAsked(_ part: String) -> Finding {
    Finding(part, .unknown, "can't be asked here")
  }

  var json: JSONValue {
    [
      "part": .string(part), "state": .string(state.rawValue), "detail": .string(detail),
      "next": next.isEmpty ? .null : .string(next),
    ]
  }

  /// One line; `width` is that of the widest part.
  func line(width: Int) -> String {
    let (word, style): (String, Terminal.Style) =
      switch state {
      case .ok: ("ok", .green)
      case .warn: ("warn", .yellow)
      case .fail, .unreachable: ("fail", .red)
      case .unknown: ("-", .dim)
      }
    let mending = next.isEmpty ? "" : "; next: " + Terminal.styled(next, .bold)
    return Terminal.styled(word.padding(to: 4), style) + "  \(part.padding(to: width))  "
      + Terminal.plain(detail) + mending
  }
}

extension [Finding] {
  /// A warning alone is no failure.
  var exit: ExitCode {
    if contains(where: { $0.state == .unreachable }) { return .unreachable }
    return contains { $0.state == .fail } ? .failed : .done
  }
}
