import Foundation

/// The built `opine` as a child process, its output in a file.
///
/// By posix_spawn: Foundation's Process leaks, and the address sanitizer says so.
struct Child {
  /// Beside this test's own executable.
  private static let executable = URL(fileURLWithPath: CommandLine.arguments[0])
    .deletingLastPathComponent().appending(path: "opine").path

  let pid: pid_t
  private let output: String

  /// Starts it with a configuration file that says nothing, and its data in the folder.
  init(_ words: [String], folder: String) throws {
    output = folder + "/output"
    let configuration = folder + "/opine.yaml"
    try "# nothing\n".write(toFile: configuration, atomically: true, encoding: .utf8)
    let words = words + ["--config", configuration, "--data", folder]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // This thread is one of the pool's, which block signals; the child's must not.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments = ([Self.executable] + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    // At its end a sanitized child looks for leaks for seconds: this process is what is judged.
    let inherited = ProcessInfo.processInfo.environment.merging(
      ["ASAN_OPTIONS": "detect_leaks=0"]) { $1 }
    var environment = inherited.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for variable in environment { free(variable) } }
    var started: pid_t = 0
    let code = posix_spawn(
      &started, Self.executable, &actions, &attributes, &arguments, &environment)
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
    pid = started
  }

  /// The lines of standard output and standard error so far.
  var lines: [Substring] {
    let file = open(output, O_RDONLY)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = max(read(file, &bytes, bytes.count), 0)
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
  }

  /// Sends the signal and waits for the end, on a thread of its own. Answers with the exit code, or 128
  /// and the signal that ended it, and with how long that took. Cancelling the task kills the child.
  func end(by signal: Int32) async -> (code: Int32, took: Duration) {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let asked = ContinuousClock.now
        kill(pid, signal)
        Thread {
          var status: Int32 = 0
          while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
          let ended = status & 0x7f
          let code = ended == 0 ? (status >> 8) & 0xff : 128 + ended
          continuation.resume(returning: (code, ContinuousClock.now - asked))
        }.start()
      }
    } onCancel: {
      kill(pid, SIGKILL)
    }
  }
}
