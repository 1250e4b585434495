import Reviews
import Scheduling

/// Shares of what is not a new review, in percent; together no more than 100.
public struct GeneratorShares: Sendable, Equatable {
  public var poison = 0
  public var duplicate = 0
  public var update = 0
  public var delete = 0

  public init(poison: Int = 0, duplicate: Int = 0, update: Int = 0, delete: Int = 0) {
    self.poison = poison
    self.duplicate = duplicate
    self.update = update
    self.delete = delete
  }

  public var sum: Int { poison + duplicate + update + delete }
}

/// One step of a generated stream.
public enum Generated: Sendable, Equatable {
  case new(Review)
  /// A record that was there before, byte for byte.
  case duplicate(Review)
  case update(Review)
  /// A tombstone.
  case delete(String)
  /// A line that ingest refuses.
  case badLine(String)
  /// A record to be cut short, so that it can't be decoded.
  case broken(Review)
  /// A valid review whose id is too long for Elasticsearch.
  case longID(Review)
}

/// Makes synthetic reviews; the same seed and times make the same ones.
///
/// All times are before 2025, so that `ingested_at` never decides about versions.
public struct ReviewGenerator: Sendable {
  private static let firstDate: Int64 = 1_420_070_400_000  // 2015
  private static let lastDate: Int64 = 1_672_531_200_000  // 2023
  private static let limit: Int64 = 1_735_689_600_000  // 2025
  private static let month: Int64 = 30 * 86_400_000
  /// Ids that may still be updated or deleted; older ones are forgotten.
  private static let remembered = 20_000
  private static let recentRecords = 64
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  private struct Known: Sendable {
    let review: Review
    var newest: Int64
    var times: Set<Int64>
  }

  private var random: SeededGenerator
  private let shares: GeneratorShares
  private let businesses: [String]
  private var untouched: [Known] = []
  private var edited: [Known] = []
  private var recent: [Review] = []
  private var poisoned = 0

  public init(seed: UInt64, shares: GeneratorShares = GeneratorShares()) {
    var random = SeededGenerator(seed: seed)
    businesses = (0..<50).map { _ in Self.id(&random) }
    self.random = random
    self.shares = shares
  }

  /// - Parameter now: becomes `ingested_at`.
  public mutating func next(now: Int64) -> Generated {
    var draw = Int.random(in: 0..<100, using: &random)
    if draw < shares.poison { return poison(now) }
    draw -= shares.poison
    if draw < shares.duplicate, let review = recent.randomElement(using: &random) {
      return .duplicate(review)
    }
    draw -= shares.duplicate
    if draw < shares.update, draw >= 0, let review = update(now) {
      remember(review)
      return .update(review)
    }
    draw -= shares.update
    if draw < shares.delete, draw >= 0, let id = delete() { return .delete(id) }
    let review = fresh(now)
    let time = review.times.createdAt
    Self.add(Known(review: review, newest: time, times: [time]), to: &untouched, &random)
    remember(review)
    return .new(review)
  }

  private mutating func fresh(_ now: Int64) -> Review {
    let created = Int64.random(in: Self.firstDate..<Self.lastDate, using: &random) / 1000 * 1000
    let id = Self.id(&random)
    let user = Self.id(&random)
    let business = businesses.randomElement(using: &random)
    var review = Review(
      reviewID: id, source: "generate", userID: user, businessID: business, text: "",
      language: "en", useful: Int32.random(in: 0...9, using: &random),
      funny: Int32.random(in: 0...3, using: &random),
      cool: Int32.random(in: 0...5, using: &random),
      times: ReviewTimes(createdAt: created, ingestedAt: now))
    write(&review)
    return review
  }

  /// Stars, and a text that agrees with them.
  private mutating func write(_ review: inout Review) {
    let stars = [1, 1, 2, 3, 4, 4, 5, 5, 5].randomElement(using: &random) ?? 5
    let count = Int.random(in: 2...4, using: &random)
    let said = Phrases.table(stars: stars).shuffled(using: &random).prefix(count)
    let subject = Phrases.subjects.randomElement(using: &random) ?? ""
    review.stars = Double(stars)
    review.text = ([subject] + said).joined(separator: " ")
  }

  /// A later version, or a third of the time one older than the newest; never with a time again.
  private mutating func update(_ now: Int64) -> Review? {
    let isEarlier = Int.random(in: 0..<3, using: &random) == 0
    if isEarlier, let index = edited.indices.randomElement(using: &random) {
      let known = edited[index]
      let range = (known.review.times.createdAt + 1)..<known.newest
      if !range.isEmpty {
        let time = Int64.random(in: range, using: &random)
        if edited[index].times.insert(time).inserted {
          return version(of: known.review, time, now)
        }
      }
    }
    let total = untouched.count + edited.count
    guard total > 0 else { return nil }
    let choice = Int.random(in: 0..<total, using: &random)
    var known = Self.take(choice, &untouched, &edited)
    let step = min(Self.month, (Self.limit - known.newest) / 4)
    guard step > 1 else { return nil }
    known.newest += Int64.random(in: 1...step, using: &random)
    known.times.insert(known.newest)
    Self.add(known, to: &edited, &random)
    return version(of: known.review, known.newest, now)
  }

  private mutating func version(of review: Review, _ time: Int64, _ now: Int64) -> Review {
    var review = review
    write(&review)
    review.times.updatedAt = time
    review.times.ingestedAt = now
    return review
  }

  private mutating func delete() -> String? {
    let total = untouched.count + edited.count
    guard total > 0 else { return nil }
    let choice = Int.random(in: 0..<total, using: &random)
    let id = Self.take(choice, &untouched, &edited).review.reviewID
    recent.removeAll { $0.reviewID == id }
    return id
  }

  private mutating func poison(_ now: Int64) -> Generated {
    poisoned += 1
    var review = fresh(now)
    switch poisoned % 3 {
    case 1: return .badLine(badLine(review.reviewID))
    case 2: return .broken(review)
    default:
      review.reviewID = (0..<27).map { _ in Self.id(&random) }.joined() + "long-i"
      return .longID(review)
    }
  }

  private mutating func badLine(_ id: String) -> String {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: #"{"review_id":"\#(id)","stars":4,"text":"cut off in the mid"#
    case 1: #"{"stars":5,"text":"A review without an id.","date":"2018-07-07"}"#
    case 2: #"{"review_id":"\#(id)","text":"No such day.","date":"2018-02-30"}"#
    case 3: #"{"review_id":"\#(id)","stars":11,"text":"Goes to eleven.","date":"2018-07-07"}"#
    default: #"{"review_id":"\#(id)","stars":3,"date":"2018-07-07"}"#
    }
  }

  private mutating func remember(_ review: Review) {
    if recent.count < Self.recentRecords { return recent.append(review) }
    recent[Int.random(in: 0..<recent.count, using: &random)] = review
  }

  private static func take(
    _ choice: Int, _ first: inout [Known], _ second: inout [Known]
  ) -> Known {
    if choice < first.count {
      first.swapAt(choice, first.count - 1)
      return first.removeLast()
    }
    second.swapAt(choice - first.count, second.count - 1)
    return second.removeLast()
  }

  private static func add(_ known: Known, to list: inout [Known], _ random: inout SeededGenerator) {
    if list.count < remembered { return list.append(known) }
    list[Int.random(in: 0..<list.count, using: &random)] = known
  }

  private static func id(_ random: inout SeededGenerator) -> String {
    let bytes = (0..<22).map { _ in alphabet[Int(random.next() & 63)] }
    return String(decoding: bytes, as: UTF8.self)
  }
}
