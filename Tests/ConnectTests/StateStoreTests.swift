import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Connect

@Suite struct StateStoreTests {
  @Test func severalStagesMayOpenOneNewFolderAtOnce() throws {
    for _ in 0..<10 {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let faults = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 8) { number in
        do {
          let store = try StateStore(directory: folder)
          try store.setFact("opened by \(number)", "yes")
        } catch {
          faults.withLock { $0.append("\(error)") }
        }
      }
      #expect(faults.withLock { $0 } == [])
    }
  }

  @Test func aCommitIsRememberedByGroupTopicAndPartition() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = try StateStore(directory: folder)
    try store.setCommitted(group: "g", topic: "t", partition: 1, position: 41)
    try store.setCommitted(group: "g", topic: "t", partition: 1, position: 42)
    #expect(try StateStore(directory: folder).committed(group: "g", topic: "t", partition: 1) == 42)
    #expect(try store.committed(group: "g", topic: "t", partition: 2) == nil)
  }

  @Test func aMemberKeepsItsIDOverRestartsAndNobodyElseGetsItMeanwhile() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var claim = MemberClaim(directory: folder, name: "sink-0")
    let id = try #require(claim?.id)
    #expect(id.count == 16)
    #expect(MemberClaim(directory: folder, name: "sink-0") == nil)
    #expect(try #require(MemberClaim(directory: folder, name: "sink-1")).id != id)
    claim = nil
    #expect(MemberClaim(directory: folder, name: "sink-0")?.id == id)
  }
}
