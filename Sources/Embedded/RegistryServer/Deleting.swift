import SQLite

extension RegistryDatabase {
  /// Deletes a subject's live versions softly, or, once all are, every version for good.
  func delete(subject: String, permanently: Bool) throws(RegistryProblem) -> [Int] {
    let all = try versions(of: subject, .deletedToo)
    guard !all.isEmpty else { throw .noSubject(subject) }
    try requireDeletable(subject)
    let live = all.filter { !$0.isDeleted }
    if permanently && !live.isEmpty {
      throw RegistryProblem(
        40405,
        "Subject '\(subject)' was not deleted first before being permanently deleted")
    }
    if !permanently && live.isEmpty {
      throw RegistryProblem(
        40404,
        "Subject '\(subject)' was soft deleted.Set permanent=true to delete permanently")
    }
    let doomed = permanently ? all : live
    for version in doomed { try requireUnused(version, permanently: permanently) }
    for version in doomed { try delete(version, permanently: permanently) }
    return doomed.map(\.version)
  }

  /// - Parameter number: nil for the newest live one.
  func delete(
    version number: Int?, of subject: String, permanently: Bool
  ) throws(RegistryProblem) -> Int {
    guard try hasVersions(subject, .deletedToo) else { throw .noSubject(subject) }
    try requireDeletable(subject)
    let deletion: Deletion = number == nil && !permanently ? .live : .deletedToo
    guard let version = try version(number, of: subject, deletion) else {
      throw .noVersion(number ?? -1)
    }
    let name = "Subject '\(subject)' Version \(version.version)"
    if permanently && !version.isDeleted {
      throw RegistryProblem(
        40407, "\(name) was not deleted first before being permanently deleted")
    }
    if !permanently && version.isDeleted {
      throw RegistryProblem(
        40406, "\(name) was soft deleted.Set permanent=true to delete permanently")
    }
    try requireUnused(version, permanently: permanently)
    try delete(version, permanently: permanently)
    return version.version
  }

  private func requireDeletable(_ subject: String) throws(RegistryProblem) {
    if try mode(of: subject).isReadOnly { throw .readOnly(subject) }
  }

  private func requireUnused(
    _ version: StoredVersion, permanently: Bool
  ) throws(RegistryProblem) {
    let used = try referrers(
      to: version.subject, version: version.version, permanently ? .deletedToo : .live)
    guard used.isEmpty else {
      throw RegistryProblem(
        42206,
        "One or more references exist to the schema {magic=1,keytype=SCHEMA,"
          + "subject=\(version.subject),version=\(version.version)}.")
    }
  }

  private func delete(_ version: StoredVersion, permanently: Bool) throws(RegistryProblem) {
    guard permanently else {
      try run(
        "UPDATE versions SET deleted = 1 WHERE subject = ? AND version = ?",
        .text(version.subject), .integer(Int64(version.version)))
      return
    }
    try remove(version)
    if try !hasVersions(version.subject, .deletedToo) {
      try run("DELETE FROM settings WHERE subject = ?", .text(version.subject))
    }
  }
}
