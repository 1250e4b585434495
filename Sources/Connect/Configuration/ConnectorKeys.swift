/// The properties that every sink connector has: Kafka Connect's own, with its names and defaults
/// (`ConnectorConfig`, `SinkConnectorConfig`).
public enum ConnectorKey {
  private static let common = "Common"
  private static let errors = "Error Handling"

  public static let name = ConfigKey(
    "name", .string, .required, importance: .high, group: common,
    "Name of the connector, unique in its cluster. The consumer group is connect-NAME.",
    check: { $0.isEmpty ? "String must be non-empty" : nil })
  public static let connectorClass = ConfigKey(
    "connector.class", .class, .required, importance: .high, group: common,
    "Class of the connector; Confluent's name of the Elasticsearch sink, in full or simple, is understood."
  )
  public static let tasksMax = ConfigKey(
    "tasks.max", .int, .value("1"), importance: .high, group: common,
    "Tasks of the connector: each has a thread and a consumer of its own.", range: 1...1000)
  public static let topics = ConfigKey(
    "topics", .list, .value(""), importance: .high, group: common,
    "Comma-separated topics to read. Either this or topics.regex.")
  public static let topicsRegex = ConfigKey(
    "topics.regex", .string, .value(""), importance: .high, group: common,
    "Regular expression that the whole name of a topic must match. Either this or topics.")
  public static let keyConverter = ConfigKey(
    "key.converter", .class, .null, group: common,
    "Converter of record keys. Default: the worker's, StringConverter.")
  public static let valueConverter = ConfigKey(
    "value.converter", .class, .null, group: common,
    "Converter of record values. Default: the worker's, AvroConverter with its registry.")
  public static let headerConverter = ConfigKey(
    "header.converter", .class, .null, importance: .low, group: common,
    "Converter of record headers. Accepted; header values are read as UTF-8 text.")
  public static let transforms = ConfigKey(
    "transforms", .list, .value(""), importance: .low, group: "Transforms",
    "Aliases of the transforms to apply, in order; transforms.ALIAS.type names each one's class.")
  public static let predicates = ConfigKey(
    "predicates", .list, .value(""), importance: .low, group: "Predicates",
    "Aliases of the predicates that transforms may name.")
  public static let tolerance = ConfigKey(
    "errors.tolerance", .string, .value("none"), group: errors,
    "none: a record that can't be converted or transformed stops its task. all: it becomes a dead letter.",
    choices: ["none", "all"])
  public static let retryTimeout = ConfigKey(
    "errors.retry.timeout", .long, .value("0"), group: errors,
    "Accepted. What may succeed later (registry, broker, Elasticsearch away) is tried for ever.")
  public static let retryDelayMax = ConfigKey(
    "errors.retry.delay.max.ms", .long, .value("60000"), group: errors,
    "Accepted. Delays between tries are bounded by 10 s.")
  public static let logErrors = ConfigKey(
    "errors.log.enable", .boolean, .value("false"), group: errors,
    "Whether each record that is set aside is logged, by its coordinates.")
  public static let logMessages = ConfigKey(
    "errors.log.include.messages", .boolean, .value("false"), group: errors,
    "Accepted. Topic, partition and offset are always logged, what is in a record never.")
  public static let deadLetterTopic = ConfigKey(
    "errors.deadletterqueue.topic.name", .string, .value(""), group: errors,
    "Topic for records that can never succeed; empty: they are skipped where a policy sets them aside."
  )
  public static let deadLetterReplication = ConfigKey(
    "errors.deadletterqueue.topic.replication.factor", .int, .value("3"), group: errors,
    "Replication factor of the dead letter topic where it has to be created; not given: the broker's default.",
    range: 1...32767)
  public static let deadLetterHeaders = ConfigKey(
    "errors.deadletterqueue.context.headers.enable", .boolean, .value("true"), group: errors,
    "Whether dead letters carry the __connect.errors.* headers. Kafka Connect's default is false.")
  public static let configReload = ConfigKey(
    "config.action.reload", .string, .value("restart"), importance: .low, group: common,
    "Accepted. Secrets are read anew when the connector or a task is restarted.",
    choices: ["none", "restart"])
  public static let onGap = ConfigKey(
    "on.gap", .string, .value("halt"), group: errors,
    "Offsets that the broker deleted before they were read: halt stops the task by name, continue counts "
      + "them and goes on.",
    choices: ["halt", "continue"])
  public static let unknownSchemaGrace = ConfigKey(
    "unknown.schema.grace.ms", .int, .value("10000"), group: errors,
    "How long records wait for a schema id that the registry does not know; then it is the record's fault.",
    range: 0...86_400_000)
  public static let bufferBytes = ConfigKey(
    "buffer.bytes", .long, .value("20971520"), group: common,
    "Bytes of records that a task holds unsettled at most; then it stops reading.",
    range: (1 << 20)...(1 << 40))

  public static let all = [
    name, connectorClass, tasksMax, topics, topicsRegex, keyConverter, valueConverter,
    headerConverter, transforms, predicates, tolerance, retryTimeout, retryDelayMax, logErrors,
    logMessages, deadLetterTopic, deadLetterReplication, deadLetterHeaders, configReload, onGap,
    unknownSchemaGrace, bufferBytes,
  ]

  /// Beginnings of names that belong to converters, transforms and clients.
  public static let prefixes = [
    "key.converter.", "value.converter.", "header.converter.", "transforms.", "predicates.",
    "consumer.override.", "producer.override.", "admin.override.",
  ]
}
