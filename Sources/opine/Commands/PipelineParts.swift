import Reviews
import SchemaRegistry

/// The names of what the pipeline consists of, beside its processes.
enum PipelineParts {
  static let raw = "reviews.raw"
  static let scored = "reviews.scored"
  static let deadLetters = "reviews.dlq"
  static let topics = [raw, scored, deadLetters]

  /// The settings that `apply` gives a topic.
  static let topicSettings = ["cleanup.policy": "delete"]

  static let scoredSubject = SubjectName.topicName(scored, .value)

  /// The schemas of the values, by subject.
  static let schemas = [
    (subject: SubjectName.topicName(raw, .value), text: ReviewSchemas.review),
    (subject: scoredSubject, text: ReviewSchemas.scoredReview),
  ]

  /// The stages' consumer groups and what they read.
  static func groups(
    _ invocation: Invocation
  ) -> [(stage: String, group: String, topic: String)] {
    [
      ("enrich", "opine-enrich", raw),
      ("connect", "connect-\(invocation.text(VerifyCommand.connector))", scored),
    ]
  }
}
