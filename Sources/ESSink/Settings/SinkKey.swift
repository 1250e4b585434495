import Connect

/// The properties of the Elasticsearch sink: Confluent's names, types and, where it does no harm, defaults;
/// and ours, which that sink does not have. The one table that parses, validates, answers REST and is
/// printed as docs/connectors.md.
public enum SinkKey {
  public static let all = ConnectorKey.all + connection + tls.all + writing

  /// Properties that others obey, or once did, and nothing here does: name and what to do instead. They are
  /// warned of by name, never obeyed in silence.
  static let removed = [
    "type.name": "Elasticsearch has no types any more: leave it out",
    "auto.create.indices.at.start": "an index is made at its first document: leave it out",
    "log.sensitive.data": "what is in a record is never logged: leave it out",
    "taskId": "tasks are numbered by themselves: leave it out",
    "topic.index.map": "use topic.to.external.resource.mapping with external.resource.usage",
  ]

  /// Names that only a JVM understands.
  static let ofTheJVM = [
    "elastic.https.ssl.provider", "elastic.https.ssl.engine.factory.class",
    "elastic.https.ssl.keymanager.algorithm", "elastic.https.ssl.trustmanager.algorithm",
    "elastic.https.ssl.secure.random.implementation", "elastic.https.ssl.protocol",
    "elastic.https.ssl.enabled.protocols", "elastic.https.ssl.cipher.suites",
  ]

  static let kerberos = ["kerberos.user.principal", "kerberos.keytab.path"]
}
