import Foundation
import Synchronization

/// What is written for people: colour only on a terminal, tables, a line of progress.
enum Terminal {
  static let isInteractive = isatty(STDOUT_FILENO) == 1
  static let hasProgress = isatty(STDERR_FILENO) == 1
  private static let hasColour =
    isInteractive && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

  enum Style: String {
    case bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36"
  }

  static func styled(_ text: String, _ style: Style) -> String {
    hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// To standard output.
  static func print(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  /// To standard error: what is not the result.
  static func say(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  private static let lostReader = Atomic<Bool>(false)

  /// Nobody reads standard output any more, as after `opine … | head`.
  static var hasLostReader: Bool { lostReader.load(ordering: .relaxed) }

  static func write(_ text: String, to file: Int32) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0), to: file) }
  }

  /// Writes all of it. What nobody reads is thrown away: a stage goes on without its terminal.
  static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty, let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress {
      let count = Foundation.write(file, start, rest.count)
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count < 0 && errno == EAGAIN {
        var ready = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, -1)
      } else if errno != EINTR {
        if file == STDOUT_FILENO { lostReader.store(true, ordering: .relaxed) }
        return
      }
    }
  }

  /// Columns as wide as their widest cell; the last one is cut so that a line has 100 columns.
  static func table(_ header: [String], _ rows: [[String]]) -> String {
    var widths = header.map(\.count)
    for row in rows {
      for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
    }
    func line(_ cells: [String]) -> String {
      var text = ""
      for (column, cell) in cells.enumerated() {
        let last = column == cells.count - 1
        text +=
          last ? cell : cell.padding(toLength: widths[column] + 2, withPad: " ", startingAt: 0)
      }
      return String(text.prefix(100))
    }
    return ([styled(line(header), .dim)] + rows.map(line)).joined(separator: "\n")
  }

  /// Columns of the terminal; 100 where there is none.
  static var columns: Int {
    var size = winsize()
    guard isInteractive, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return 100
    }
    return Int(size.ws_col)
  }

  /// Somebody else's text on one line: a control character, which could steer the terminal, is a space.
  static func plain(_ text: String) -> String {
    var plain = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      plain.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return String(plain)
  }

  /// The beginning that fits into so many columns, with `…` where something is cut off.
  static func cut(_ text: String, to columns: Int) -> String {
    var left = columns
    for (index, character) in zip(text.indices, text) {
      let width = isWide(character) ? 2 : 1
      let isLast = text.index(after: index) == text.endIndex
      if width > left || (width == left && !isLast) { return text[..<index] + "…" }
      left -= width
    }
    return text
  }

  /// Emoji and the scripts of East Asia take two columns (Unicode's East Asian Width).
  private static func isWide(_ character: Character) -> Bool {
    guard let first = character.unicodeScalars.first else { return false }
    switch first.value {
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6:
      return true
    default: return first.properties.isEmojiPresentation
    }
  }

  static func grouped(_ number: Int) -> String {
    let digits = String(abs(number))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + text
  }
}

/// One line on standard error that is written over: count, rate, time left. Silent without a terminal.
struct Progress {
  private let what: String
  private let total: Int?
  private let start = ContinuousClock.now
  private var shownAt: ContinuousClock.Instant?

  init(_ what: String, total: Int? = nil) {
    self.what = what
    self.total = total
  }

  mutating func show(_ count: Int) {
    guard Terminal.hasProgress else { return }
    let now = ContinuousClock.now
    guard now - start > .seconds(1), shownAt.map({ now - $0 > .milliseconds(200) }) ?? true else {
      return
    }
    shownAt = now
    let rate = Double(count) / max(0.001, (now - start) / .seconds(1))
    var line = "\(what) \(Terminal.grouped(count))  \(Terminal.grouped(Int(rate)))/s"
    if let total, rate > 0 {
      line += "  \(count * 100 / max(total, 1)) %  \(Int(Double(total - count) / rate)) s left"
    }
    Terminal.write("\r\u{1B}[K\(line)", to: STDERR_FILENO)
  }

  func end() {
    if shownAt != nil { Terminal.write("\r\u{1B}[K", to: STDERR_FILENO) }
  }
}

extension String {
  func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

extension Invocation {
  /// Asks the person before something is changed; `--yes` answers for them.
  ///
  /// Throws a usage error where there is nobody to ask.
  func confirms(_ question: String) throws -> Bool {
    if flag(.yes) { return true }
    guard isatty(STDIN_FILENO) == 1, Terminal.isInteractive else {
      let other = command.options.contains(.dryRun) == true ? " or --dry-run" : ""
      throw CommandError.usage("without a terminal to ask on, say --yes\(other)", command)
    }
    Terminal.write("\(question) [y/N] ", to: STDERR_FILENO)
    return ["y", "yes"].contains(readLine()?.lowercased())
  }
}
