import Foundation
import JSON

/// Where the parts of a running `opine dev` are; how every other command finds them.
public struct DevState: Sendable, Equatable {
  public let kafka: String
  public let registry: String
  public let elasticsearch: String
  /// The folder of its data; stages keep theirs in it too.
  public let data: String
  /// When its topics began; milliseconds since 1970.
  public let startedAt: Int64

  /// Where stages keep what they remember of its topics.
  public var stageData: String { "\(data)/stages" }

  /// The stack that runs now; nil where none does.
  public static func running(_ environment: [String: String]) -> DevState? {
    guard let (state, isRunning) = read(path: path(environment)), isRunning else { return nil }
    return state
  }

  /// `$OPINE_DEV_STATE`, else `opine/dev.json` in `$XDG_STATE_HOME` or `~/.local/state`.
  public static func path(_ environment: [String: String]) -> String {
    if let path = environment["OPINE_DEV_STATE"], !path.isEmpty { return path }
    let home = environment["HOME"] ?? NSHomeDirectory()
    let base = environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
    return (base ?? "\(home)/.local/state") + "/opine/dev.json"
  }

  /// What the file says, and whether the process that wrote it is alive; nil where there is none.
  ///
  /// The process holds a lock on the file, which ends with it however it ends: no process id that another
  /// program may have by now.
  public static func read(path: String) -> (state: DevState, isRunning: Bool)? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let isRunning = flock(descriptor, LOCK_SH | LOCK_NB) != 0
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    guard let data = try? file.readToEnd(), let value = try? JSONValue.parse([UInt8](data)),
      let state = DevState(value)
    else { return nil }
    return (state, isRunning)
  }

  public init(
    kafka: String, registry: String, elasticsearch: String, data: String, startedAt: Int64
  ) {
    self.kafka = kafka
    self.registry = registry
    self.elasticsearch = elasticsearch
    self.data = data
    self.startedAt = startedAt
  }

  private init?(_ value: JSONValue) {
    guard let kafka = value["kafka"]?.string, let registry = value["registry"]?.string,
      let elasticsearch = value["elasticsearch"]?.string, let data = value["data"]?.string,
      let startedAt = value["started_at"]?.int64
    else { return nil }
    self.init(
      kafka: kafka, registry: registry, elasticsearch: elasticsearch, data: data,
      startedAt: startedAt)
  }

  var json: JSONValue {
    [
      "kafka": .string(kafka), "registry": .string(registry),
      "elasticsearch": .string(elasticsearch), "data": .string(data),
      "started_at": .int(Int(startedAt)),
    ]
  }
}

/// The state file while its stack runs: locked, and removed at the end.
struct DevStateFile: ~Copyable {
  private let descriptor: Int32
  private let path: String
  /// False where another process has the lock: then the file is its.
  private var isOurs = false

  /// Takes the file; throws where another `opine dev` has it.
  init(path: String) throws(DevStackError) {
    let folder = (path as NSString).deletingLastPathComponent
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    self.path = path
    descriptor = opened
    guard opened >= 0 else {
      throw DevStackError(.storage, "\(path): \(String(cString: strerror(errno)))")
    }
    isOurs = flock(opened, LOCK_EX | LOCK_NB) == 0
    guard isOurs else { throw DevStackError(.running, "another opine dev runs: \(path)") }
  }

  /// Replaces what the file says.
  func write(_ state: DevState) throws(DevStackError) {
    let bytes = Array((state.json.serialized() + "\n").utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
    else { throw DevStackError(.storage, "\(path): \(String(cString: strerror(errno)))") }
  }

  deinit {
    if isOurs { unlink(path) }
    if descriptor >= 0 { close(descriptor) }
  }
}
