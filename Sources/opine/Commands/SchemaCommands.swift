import JSON
import SchemaRegistry

/// `opine schemas …`: what the registry holds.
enum SchemaCommands {
  static let version = Option(
    "version", .text, "N|latest", standard: "latest", "which version of the subject")

  /// Two spellings of one schema are one schema.
  static let normalize = Option(
    "normalize", .flag, "", standard: "true", "order what has no meaning in its order")

  static let register = Command(
    "schemas register", "register a schema under a subject", arguments: "SUBJECT FILE",
    argumentCount: 2...2, options: [.registry, normalize, .dryRun, .json],
    example: "opine schemas register reviews.raw-value mappings/avro/review.avsc"
  ) { invocation in
    let (subject, path) = (invocation.arguments[0], invocation.arguments[1])
    Terminal.say("registry \(invocation.text(.registry))")
    let text = try SchemaSources.text(path)
    let normalize = invocation.flag(normalize)
    if invocation.flag(.dryRun) {
      return try await rehearse(invocation, subject, path, normalize: normalize)
    }
    let answer: SubjectVersion
    do throws(RegistryError) {
      answer = try await registryClient(invocation).send(
        .register(subject: subject, schema: text, normalize: normalize))
    } catch {
      guard error.code == .incompatible else { throw unreachable(error, "it was not registered") }
      // The server's answer repeats both schemas; the check tells what breaks, for whom, and the fix.
      throw CommandError(
        .failed, "\(subject) refused the schema",
        why: "readers or writers of an earlier version could not work with it",
        next: "opine schemas check \(path) \(subject)")
    }
    if invocation.flag(.json) {
      Terminal.print(json(answer, text: nil).serialized())
    } else {
      let number = answer.version.map { " version \($0)" } ?? ""
      Terminal.print("\(subject)\(number) has id \(answer.id)")
    }
    return .done
  }

  /// Everything that a registration would find out, without one.
  private static func rehearse(
    _ invocation: Invocation, _ subject: String, _ path: String, normalize: Bool
  ) async throws -> ExitCode {
    let named = try SchemaSources.file(path)
    let text = try SchemaSources.text(path)
    for finding in named.schema.lint() {
      Terminal.say("warning: \(finding.path) \(finding.message) [\(finding.rule.rawValue)]")
    }
    let client = registryClient(invocation)
    var known: SubjectVersion?
    var next = 1
    do throws(RegistryError) {
      known = try await client.send(
        .lookup(subject: subject, schema: text, normalize: normalize))
    } catch  where error.code != .notFound {
      throw unreachable(error, "the registry can't say")
    } catch {}
    do throws(RegistryError) {
      let all = try await client.send(.versionsWithDeleted(subject: subject))
      next = (all.map { abs($0) }.max() ?? 0) + 1
    } catch  where error.code != .notFound {
      throw unreachable(error, "the registry can't say")
    } catch {}
    if let known {
      Terminal.print("\(subject) version \(known.version ?? 0) is this schema, id \(known.id)")
      return .done
    }
    let verdict = try await ask(
      invocation, .compatibility(subject: subject, schema: text, normalize: normalize))
    if verdict.isCompatible {
      Terminal.print("\(subject) would get version \(next)")
      return .done
    }
    Terminal.print("\(subject) would refuse it:")
    for message in verdict.messages where message.contains("errorType") {
      Terminal.print("  " + Terminal.plain(message))
    }
    Terminal.say("opine schemas check \(path) \(subject) explains it")
    return .failed
  }

  static let list = Command(
    "schemas list", "subjects and their newest versions", options: [.registry, .json],
    example: "opine schemas list"
  ) { invocation in
    var found: [SubjectVersion] = []
    for subject in try await ask(invocation, .subjects) {
      found.append(try await ask(invocation, .latest(subject: subject)))
    }
    if invocation.flag(.json) {
      for each in found { Terminal.print(json(each, text: nil).serialized()) }
    } else {
      let rows = found.map { each in
        [each.subject, each.version.map(String.init) ?? "?", String(each.id), each.schemaType]
      }
      Terminal.print(Terminal.table(["SUBJECT", "VERSION", "ID", "TYPE"], rows))
    }
    return .done
  }

  static let get = Command(
    "schemas get", "one schema's text", arguments: "SUBJECT", argumentCount: 1...1,
    options: [.registry, version, .json], example: "opine schemas get reviews.raw-value --version 1"
  ) { invocation in
    let subject = invocation.arguments[0]
    let wanted = invocation.text(version)
    let call: RegistryCall<SubjectVersion>
    if wanted == "latest" {
      call = .latest(subject: subject)
    } else if let number = Int(wanted), number > 0 {
      call = .version(number, subject: subject)
    } else {
      throw CommandError.usage("--version is a number from 1, or latest", invocation.command)
    }
    let answer = try await ask(invocation, call)
    let text = answer.text ?? ""
    if invocation.flag(.json) {
      Terminal.print(json(answer, text: text).serialized())
    } else {
      Terminal.print((try? JSONValue.parse(text))?.serialized(pretty: true) ?? text)
    }
    return .done
  }

  static func ask<Answer>(
    _ invocation: Invocation, _ call: RegistryCall<Answer>
  ) async throws -> Answer {
    do throws(RegistryError) {
      return try await registryClient(invocation).send(call)
    } catch {
      throw unreachable(error, "the registry did not do it")
    }
  }

  private static func json(_ answer: SubjectVersion, text: String?) -> JSONValue {
    var members = [
      JSONMember("subject", .string(answer.subject)),
      JSONMember("version", answer.version.map { .int($0) } ?? .null),
      JSONMember("id", .int(answer.id)), JSONMember("schemaType", .string(answer.schemaType)),
    ]
    if let text { members.append(JSONMember("schema", .string(text))) }
    return .object(members)
  }
}

/// A client for commands that end: one repetition, short limits.
func registryClient(_ invocation: Invocation) -> RegistryClient {
  invocation.registry.client(
    timeout: .seconds(10), retries: .init(count: 1, base: .milliseconds(300)))
}

func unreachable(_ error: RegistryError, _ what: String) -> CommandError {
  switch error.code {
  case .unavailable:
    CommandError(
      .unreachable, what, why: error.description,
      next: "start the registry (opine registry serve), or say where and how it is reached: "
        + "--registry URL, registry.* in opine.yaml")
  case .notFound:
    CommandError(.notFoundOrUnbalanced, what, why: error.description, next: "opine schemas list")
  case .unauthorized:
    CommandError(
      .failed, what, why: error.description,
      next: "registry.basic.auth.user.info or registry.bearer.auth.token in opine.yaml, or "
        + "--registry http://USER:PASSWORD@HOST:PORT")
  case .incompatible, .invalid, .unusable:
    CommandError(.failed, what, why: error.description, next: "mend the schema")
  }
}
