import Foundation
import JSON

/// `opine doctor`: looks at every service and says what is wrong and which command mends it.
enum DoctorCommand {
  static let command = Command(
    "doctor", "what is wrong with any service, and the command that mends it",
    options: [.kafka, .registry, .elasticsearch, .data, VerifyCommand.connector, .json],
    example: "opine doctor"
  ) { invocation in
    var findings = KafkaChecks(invocation).findings()
    findings += await RegistryChecks(invocation).findings()
    findings += ElasticsearchChecks(invocation).findings()
    findings.append(dataFolder(invocation.text(.data)))
    if invocation.flag(.json) {
      let answer: JSONValue = [
        "ok": .bool(findings.exit == .done), "checks": .array(findings.map(\.json)),
      ]
      Terminal.print(answer.serialized())
      return findings.exit
    }
    let width = findings.map(\.part.count).max() ?? 0
    for finding in findings { Terminal.print(finding.line(width: width)) }
    func count(_ states: Set<Finding.State>) -> Int { findings.count { states.contains($0.state) } }
    Terminal.print(
      Terminal.styled(
        "\(count([.ok])) ok, \(count([.warn])) warnings, \(count([.fail, .unreachable])) failed",
        .dim))
    return findings.exit
  }

  /// A folder that is not there yet is made by the first stage, if its parent can be written.
  static func dataFolder(_ path: String) -> Finding {
    let part = "data folder"
    let next = "--data DIR names a folder that you can write"
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard isFolder.boolValue else { return Finding(part, .fail, "\(path) is a file", next: next) }
      guard access(path, W_OK | X_OK) == 0 else {
        return Finding(part, .fail, "\(path) can't be written", next: next)
      }
      return Finding(part, .ok, "\(path) can be written")
    }
    var parent = URL(filePath: path).standardizedFileURL.deletingLastPathComponent()
    while parent.path != "/", !FileManager.default.fileExists(atPath: parent.path) {
      parent.deleteLastPathComponent()
    }
    guard access(parent.path, W_OK | X_OK) == 0 else {
      return Finding(part, .fail, "\(path) can't be made in \(parent.path)", next: next)
    }
    return Finding(part, .ok, "\(path) will be made when it is needed")
  }
}
