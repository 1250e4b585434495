import Avro
import JSON

/// An incompatibility as a person needs it: where, what was and what is, why it breaks, the fix.
struct ProblemText: Sendable {
  let problem: CompatibilityProblem
  /// The name that dotted paths begin with.
  let root: String

  /// What matters most: inside a union the problem of the nearest branch.
  private var cause: AvroIncompatibility { problem.cause.causes.first ?? problem.cause }

  var path: String { cause.dottedPath(from: root) }
  private var isBackward: Bool { problem.direction == .backward }
  private var readerText: String {
    cause.fieldName == nil ? cause.reader.typeText : "\(cause.reader.typeText), no default"
  }
  private var writerText: String {
    cause.fieldName == nil ? cause.writer.typeText : "(no such field)"
  }
  var old: String { isBackward ? writerText : readerText }
  var new: String { isBackward ? readerText : writerText }

  var why: String {
    let who =
      isBackward
      ? "readers with the new schema can't read old records"
      : "readers still on the old schema can't read new records"
    switch cause.kind {
    case .missingDefault:
      return "\(who): they have no \(cause.detail), and nothing to put in its place"
    case .typeMismatch:
      return "\(who): \(cause.writer.typeText) is no \(cause.reader.typeText)"
    case .missingEnumSymbols:
      return "\(who): the symbols \(cause.detail) are unknown to them"
    case .missingUnionBranch:
      return "\(who): \(Self.lacking(cause)) is no branch of their union"
    case .fixedSizeMismatch, .nameMismatch: return "\(who): \(cause.detail)"
    }
  }

  private static func lacking(_ cause: AvroIncompatibility) -> String {
    if case .branch(let index, _)? = cause.steps.last,
      case .union(let branches) = cause.writer.shape
    {
      return branches[index].typeText
    }
    return cause.writer.typeText
  }

  var fix: String { isBackward ? backwardFix : forwardFix }

  private var backwardFix: String {
    switch cause.kind {
    case .missingDefault:
      if let old = renamedFrom {
        return "add a \"default\", or \"aliases\": [\"\(old)\"] if it is \(old) under a new name"
      }
      return "add a \"default\"" + (isNullable ? ": null" : "")
    case .typeMismatch:
      if cause.writer.shape == .null { return "keep null in the union" }
      return "keep \(cause.writer.typeText), or add a field of another name with a default"
    case .missingEnumSymbols: return "keep the symbols, or give the enum a \"default\""
    case .missingUnionBranch: return "keep \(Self.lacking(cause)) in the union"
    case .fixedSizeMismatch: return "keep the size, or add a field of another name with a default"
    case .nameMismatch:
      return "add \"aliases\": [\"\(cause.writer.fullName)\"]"
    }
  }

  private var forwardFix: String {
    switch cause.kind {
    case .missingDefault:
      return "keep the field \(cause.detail): old readers have no default for it"
    case .typeMismatch: return "keep \(cause.reader.typeText), or add a field of another name"
    case .missingEnumSymbols:
      return
        "write the symbols only when every reader has them, or give the enum a \"default\" first"
    case .missingUnionBranch: return "add the branch only when every reader has it"
    case .fixedSizeMismatch, .nameMismatch: return "keep it as it was"
    }
  }

  private var isNullable: Bool {
    if case .union(let branches) = cause.reader.shape {
      branches.first?.shape == .null
    } else {
      false
    }
  }

  /// A field of the same type that stood in the same place.
  private var renamedFrom: String? {
    guard case .field(let index, let name)? = cause.steps.last,
      cause.writer.fields.indices.contains(index)
    else { return nil }
    let field = cause.writer.fields[index]
    return field.name != name && field.schema.shape == cause.reader.shape ? field.name : nil
  }

  var text: String {
    """
      \(Terminal.styled(path, .bold))
        old  \(old)
        new  \(new)
        why  \(why)
        fix  \(fix)
    """
  }

  var json: JSONValue {
    [
      "code": .string(problem.cause.kind.rawValue), "path": .string(path),
      "location": .string(problem.cause.location),
      "direction": .string(problem.direction.rawValue), "old": .string(old), "new": .string(new),
      "reader": .string(readerText), "writer": .string(writerText), "why": .string(why),
      "hint": .string(fix),
    ]
  }
}
