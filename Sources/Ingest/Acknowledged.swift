/// Which of consecutive numbers are done, and up to where all are.
struct Acknowledged {
  /// All below it are done.
  private(set) var prefix: Int
  private var later: Set<Int> = []

  init(prefix: Int) { self.prefix = prefix }

  mutating func note(_ number: Int) {
    guard number == prefix else {
      if number > prefix { later.insert(number) }
      return
    }
    prefix += 1
    while !later.isEmpty, later.remove(prefix) != nil { prefix += 1 }
  }
}
