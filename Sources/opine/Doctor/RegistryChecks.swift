import SchemaRegistry

/// Looks at the schema registry and whether its subjects hold the program's schemas.
struct RegistryChecks {
  private let registry: RegistryClient
  private let address: String

  init(_ invocation: Invocation) {
    registry = registryClient(invocation)
    address = invocation.text(.registry)
  }

  func findings() async -> [Finding] {
    do throws(RegistryError) {
      _ = try await registry.send(.subjects)
    } catch {
      let next =
        error.code == .unauthorized
        ? "--registry http://USER:PASSWORD@HOST:PORT"
        : "opine registry serve, or say where it is: --registry URL"
      return [Finding("registry", error: error, next: next)]
    }
    var findings = [Finding("registry", .ok, "answers at \(address)")]
    for (subject, text) in PipelineParts.schemas {
      findings.append(await self.subject(subject, text))
    }
    return findings
  }

  private func subject(_ name: String, _ text: String) async -> Finding {
    let part = "subject \(name)"
    do throws(RegistryError) {
      let own = try await registry.send(.lookup(subject: name, schema: text))
      let newest = try await registry.send(.latest(subject: name))
      if own.id == newest.id {
        return Finding(part, .ok, "id \(own.id), the schema of this program")
      }
      return Finding(
        part, .warn,
        "version \(newest.version ?? 0) is newer than this program's version \(own.version ?? 0)",
        next: "opine schemas get \(name) shows it; upgrade opine if the version is not yours")
    } catch {
      guard error.code == .notFound else {
        return Finding(part, error: error, next: "opine status")
      }
      return Finding(part, .fail, "this program's schema is not registered", next: "opine apply")
    }
  }
}
